package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
	"entente/directory/ldap"
	"entente/relay"
	"entente/transport"
)

// remote is a command that asks the server for the verb of the same name. The
// request's fields are its arguments and flags.
type remote[Q, A any] struct {
	Request Q    `embed:""`
	JSON    bool `name:"json" help:"Answer in JSON."`
}

// Run asks and prints the answer.
func (c *remote[Q, A]) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	return ask[A](t, k, socket, c.Request, c.JSON)
}

func ask[A any](t *terminal, k *kong.Context, socket adminFlag, request any, asJSON bool) error {
	verb := k.Selected()
	return put[A](t, socket, verb.Parent.Name, verb.Name, request, asJSON)
}

// put asks for a verb and prints the answer.
func put[A any](t *terminal, socket adminFlag, noun, name string, request any, asJSON bool) error {
	var answer A
	if err := adminclient.New(string(socket)).Call(t.ctx, noun, name, request, &answer); err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(t.out)
		e.SetIndent("", "  ")
		return e.Encode(answer)
	}
	return show(t.out, answer)
}

// done is a command whose answer is one line.
type done[Q any] = remote[Q, admin.Done]

// nouns are the objects, each with its verbs.
type nouns struct {
	Organization  organizationCmd  `cmd:"" group:"objects" help:"What is set for everyone."`
	Domain        domainCmd        `cmd:"" group:"objects" help:"Accepted domains."`
	Account       accountCmd       `cmd:"" group:"objects" help:"People, shared mailboxes, equipment."`
	Realm         realmCmd         `cmd:"" group:"objects" help:"Other forests, whose accounts may own mailboxes here."`
	Group         groupCmd         `cmd:"" group:"objects" help:"Groups of accounts and groups; room lists."`
	Database      databaseCmd      `cmd:"" group:"objects" help:"Mailbox databases."`
	Mailbox       mailboxCmd       `cmd:"" group:"objects" help:"Mailboxes."`
	Room          roomCmd          `cmd:"" group:"objects" help:"Rooms."`
	Service       serviceCmd       `cmd:"" group:"objects" help:"Service accounts and their tokens."`
	Administrator administratorCmd `cmd:"" name:"administrator" group:"objects" help:"Who may administer."`
	Assignment    assignmentCmd    `cmd:"" group:"objects" help:"Who may act as whom: impersonation."`
	Scope         scopeCmd         `cmd:"" group:"objects" help:"Management scopes: named sets of recipients."`
	Policy        policyCmd        `cmd:"" group:"objects" help:"Client access policies of management scopes."`
	Permission    permissionCmd    `cmd:"" group:"objects" help:"Rights on whole mailboxes."`
	Grant         grantCmd         `cmd:"" group:"objects" help:"Grants on single items: named fields, for a time."`
	Folder        folderCmd        `cmd:"" group:"objects" help:"Folders and who may do what in them."`
	Calendar      calendarCmd      `cmd:"" group:"objects" help:"Calendars that are published to everybody."`
	Federation    federationCmd    `cmd:"" group:"objects" help:"The federation trust: broker, domains, certificates."`
	Relationship  relationshipCmd  `cmd:"" group:"objects" help:"Organization relationships: what is shown to others, and how they are asked."`
	AddressSpace  addressSpaceCmd  `cmd:"" name:"address-space" group:"objects" help:"Organizations that are asked about free/busy without a broker."`
	SharingPolicy sharingPolicyCmd `cmd:"" group:"objects" help:"What people may share of their own with other organizations."`
	Client        clientCmd        `cmd:"" group:"objects" help:"Client programs that were seen."`
	Device        deviceCmd        `cmd:"" group:"objects" help:"Mobile devices: what they may do, and their wipes."`
	Throttling    throttlingCmd    `cmd:"" group:"objects" help:"How much callers may ask of the server: throttling policies."`
	Import        importCmd        `cmd:"" group:"objects" help:"Import accounts, groups and calendars."`
	Apply         applyCmd         `cmd:"" group:"objects" help:"Make the organization as a YAML file describes it; shows the plan first."`
	Audit         auditCmd         `cmd:"" group:"objects" help:"The audit log."`
	Server        serverCmd        `cmd:"" group:"objects" help:"Servers on which clients call, and where they stand."`

	DeviceAccessRule deviceRuleCmd     `cmd:"" name:"device-access-rule" group:"objects" help:"What is done with mobile devices of a kind."`
	DeviceSettings   deviceSettingsCmd `cmd:"" name:"device-settings" group:"objects" help:"What is set of all mobile devices."`
	MobilePolicy     mobilePolicyCmd   `cmd:"" name:"mobile-device-mailbox-policy" group:"objects" help:"What mobile devices are asked to keep to."`

	VirtualDirectory virtualDirectoryCmd `cmd:"" name:"virtual-directory" group:"objects" help:"What servers offer by each protocol: methods to sign in by, addresses inside and outside."`

	LDAP      ldapCmd      `cmd:"" name:"ldap" group:"objects" help:"The directory that accounts and groups come from."`
	Publish   publishCmd   `cmd:"" group:"objects" help:"The gateway that publishes servers inside."`
	Tickets   ticketsCmd   `cmd:"" group:"objects" help:"Kerberos tickets in the name of users."`
	Rule      ruleCmd      `cmd:"" group:"objects" help:"Rules by which the gateway publishes servers inside: what they do, and why one does not work."`
	Queue     queueCmd     `cmd:"" group:"objects" help:"Mail to other organizations that waits."`
	Connector connectorCmd `cmd:"" group:"objects" help:"By which servers mail leaves and comes."`
	Relay     relayCmd     `cmd:"" group:"objects" help:"The relay between groups of limited trust."`
	Broker    brokerCmd    `cmd:"" group:"objects" help:"The trust broker, where this server is one."`
	Node      nodeCmd      `cmd:"" group:"objects" help:"The nodes that serve the organization."`
	Explain   explainCmd   `cmd:"" group:"objects" help:"Why something was allowed or refused."`
	WhoCan    whoCan       `cmd:"" name:"who-can" group:"objects" help:"Tell who may do something: entente who-can read anna@contoso.example --folder calendar."`
	WhatCan   whatCan      `cmd:"" name:"what-can" group:"objects" help:"Tell what somebody may do."`
}

type organizationCmd struct {
	Show remote[admin.Nothing, admin.OrganizationInfo]   `cmd:"" help:"Show what is set for everyone."`
	Set  remote[admin.SetOrganization, admin.PolicyDone] `cmd:"" help:"Change what is set for everyone."`

	Confirm done[admin.Nothing] `cmd:"" help:"Take the directory for right as it is, after its tables were altered by SQL and looked at."`
}

type domainCmd struct {
	List    remote[admin.Nothing, []admin.DomainInfo] `cmd:"" help:"List the accepted domains."`
	Add     done[admin.DomainName]                    `cmd:"" help:"Accept mail for a domain."`
	Default done[admin.DomainName]                    `cmd:"" help:"Have new addresses made in a domain."`
	Remove  done[admin.DomainName]                    `cmd:"" help:"Stop accepting a domain nobody has an address in."`
}

type accountCmd struct {
	List     remote[admin.ListAccounts, []admin.AccountInfo] `cmd:"" help:"List accounts."`
	Show     remote[admin.AccountName, admin.AccountDetails] `cmd:"" help:"Show an account."`
	Create   remote[admin.CreateAccount, admin.AccountInfo]  `cmd:"" help:"Create an account, and its mailbox if a database is named."`
	Set      remote[admin.SetAccount, admin.PolicyDone]      `cmd:"" help:"Change an account."`
	Password passwordCmd                                     `cmd:"" help:"Give an account a password, made here and shown once unless --stdin gives one."`
	Remove   done[admin.AccountName]                         `cmd:"" help:"Remove an account and all that was granted to it; its mail stays."`
	Link     done[admin.LinkAccount]                         `cmd:"" help:"Make a mailbox a linked one, of an account in another forest."`
	Unlink   done[admin.AccountName]                         `cmd:"" help:"Take a linked mailbox from its owner in another forest, from the next request on."`
	Linked   remote[admin.Nothing, []admin.LinkedInfo]       `cmd:"" help:"List the linked mailboxes."`

	Identities     remote[admin.AccountName, []admin.IdentityInfo] `cmd:"" help:"List what says which certificates an account is."`
	AddIdentity    done[admin.AccountIdentity]                     `cmd:"" name:"add-identity" help:"Have whoever holds a certificate sign in as an account."`
	RemoveIdentity done[admin.AccountIdentity]                     `cmd:"" name:"remove-identity" help:"Have a certificate be an account's no more, from the next request on."`
	Certificate    explainCertificate                              `cmd:"" help:"Say whose a client certificate is and why, or what would make it somebody's."`
}

type realmCmd struct {
	List   remote[admin.Nothing, []admin.RealmInfo] `cmd:"" help:"List the other forests whose word about their own accounts counts."`
	Add    done[admin.AddRealm]                     `cmd:"" help:"Have another forest's word about its own accounts and groups count."`
	Remove done[admin.RealmName]                    `cmd:"" help:"Have another forest's word count for nothing any more."`
}

// passwordCmd takes no password on the command line, where others see it.
type passwordCmd struct {
	admin.SetPassword
	Stdin bool `help:"Read the password from standard input, up to the end of the line."`
	JSON  bool `name:"json" help:"Answer in JSON."`
}

// Run asks for the new password.
func (c *passwordCmd) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	if c.Stdin {
		text, err := io.ReadAll(io.LimitReader(t.in, 1<<10))
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		c.Password = strings.TrimSuffix(line, "\r")
		if c.Password == "" {
			return entente.Errorf(entente.Invalid, "standard input has no password")
		}
	}
	return ask[admin.NewPassword](t, k, socket, c.SetPassword, c.JSON)
}

type groupCmd struct {
	List   remote[admin.Nothing, []admin.GroupInfo]    `cmd:"" help:"List groups."`
	Show   remote[admin.GroupName, admin.GroupDetails] `cmd:"" help:"Show a group and its members."`
	Create remote[admin.CreateGroup, admin.GroupInfo]  `cmd:"" help:"Create a group."`
	Add    done[admin.Members]                         `cmd:"" help:"Put accounts or groups into a group."`
	Drop   done[admin.Members]                         `cmd:"" help:"Take accounts or groups out of a group."`
	Link   done[admin.LinkGroup]                       `cmd:"" help:"Have a group hold whom another forest says its own group holds."`
	Unlink done[admin.GroupName]                       `cmd:"" help:"Have another forest's word about who is in a group count no more."`
	Remove done[admin.GroupName]                       `cmd:"" help:"Remove a group and all that was granted to it."`
}

type databaseCmd struct {
	List   remote[admin.Nothing, []admin.DatabaseInfo] `cmd:"" help:"List mailbox databases."`
	Add    done[admin.AddDatabase]                     `cmd:"" help:"Add a mailbox database."`
	Move   done[admin.MoveDatabase]                    `cmd:"" help:"Say which node holds a mailbox database, whose file was brought there."`
	Remove done[admin.DatabaseName]                    `cmd:"" help:"Remove a mailbox database without mailboxes."`
}

type mailboxCmd struct {
	Show    remote[admin.AccountName, admin.MailboxInfo] `cmd:"" help:"Show a mailbox and how full it is."`
	Enable  done[admin.EnableMailbox]                    `cmd:"" help:"Give an account a mailbox."`
	Disable done[admin.AccountName]                      `cmd:"" help:"Take an account's mailbox from it; its content stays in the database."`
	Quota   done[admin.SetQuota]                         `cmd:"" help:"Set how much a mailbox may hold."`
}

type roomCmd struct {
	List   remote[admin.ListRooms, []admin.RoomInfo]   `cmd:"" help:"List rooms."`
	Create remote[admin.CreateRoom, admin.AccountInfo] `cmd:"" help:"Create a room with its calendar."`
}

type serviceCmd struct {
	Create remote[admin.CreateService, admin.AccountInfo] `cmd:"" help:"Create a service account: an application that signs in by itself."`
	Token  remote[admin.CreateToken, admin.NewToken]      `cmd:"" help:"Make a bearer token for a service account; it is shown this once."`
	Tokens remote[admin.AccountName, []admin.TokenInfo]   `cmd:"" help:"List the tokens of a service account."`
	Revoke done[admin.ID]                                 `cmd:"" help:"End a token."`
}

type administratorCmd struct {
	List   remote[admin.Nothing, []admin.PrincipalInfo] `cmd:"" help:"List who may administer."`
	Add    done[admin.Grantee]                          `cmd:"" help:"Let an account or group administer; it may then impersonate nobody."`
	Remove done[admin.Grantee]                          `cmd:"" help:"Stop an account or group from administering."`
}

type assignmentCmd struct {
	List    remote[admin.Nothing, []admin.AssignmentInfo]        `cmd:"" help:"List who may act as whom."`
	Create  remote[admin.CreateAssignment, admin.AssignmentInfo] `cmd:"" help:"Let an application act as others (impersonation)."`
	Enable  done[admin.ID]                                       `cmd:"" help:"Let an assignment hold again."`
	Disable remote[admin.RemoveAssignment, admin.Withdrawn]      `cmd:"" help:"Stop an assignment without forgetting it, and list what was given to others under it."`
	Remove  remote[admin.RemoveAssignment, admin.Withdrawn]      `cmd:"" help:"Remove an assignment, and list what was given to others under it."`
	Given   remote[admin.GivenUnder, admin.Withdrawn]            `cmd:"" help:"List what was given to others under an assignment, also one that is gone; take it back or keep it."`
}

type scopeCmd struct {
	List   remote[admin.Nothing, []admin.ScopeInfo]   `cmd:"" help:"List the management scopes."`
	Create remote[admin.CreateScope, admin.ScopeInfo] `cmd:"" help:"Make a management scope."`
	Set    done[admin.SetScope]                       `cmd:"" help:"Change whom a management scope holds."`
	Remove done[admin.ScopeName]                      `cmd:"" help:"Remove a management scope that nothing is about."`
}

type policyCmd struct {
	List      remote[admin.Nothing, []admin.ScopePolicyInfo]      `cmd:"" help:"List the client access policies of management scopes."`
	Set       remote[admin.SetScopePolicy, admin.PolicyDone]      `cmd:"" help:"Change access by EWS for the recipients in a scope."`
	Effective remote[admin.AccountName, []admin.EffectiveSetting] `cmd:"" help:"Show which client access settings hold for a mailbox, and where each comes from."`
	Remove    done[admin.ScopeName]                               `cmd:"" help:"Take the policy from a scope."`
}

type permissionCmd struct {
	List   remote[admin.AccountName, []admin.PermissionInfo] `cmd:"" help:"List what is granted on a mailbox as a whole."`
	Grant  done[admin.GrantPermission]                       `cmd:"" help:"Grant or deny rights on a mailbox as a whole."`
	Revoke remote[admin.RevokePermission, admin.Withdrawn]   `cmd:"" help:"Take back what was granted or denied, and list what was given to others under it."`
}

type grantCmd struct {
	List   remote[admin.ListGrants, []admin.GrantInfo] `cmd:"" help:"List grants on single items."`
	Create remote[admin.CreateGrant, admin.GrantInfo]  `cmd:"" help:"Let somebody see, or change, named fields of single items and nothing else."`
	Revoke done[admin.ID]                              `cmd:"" help:"Take a grant on single items back."`
}

type folderCmd struct {
	List        remote[admin.AccountName, []admin.FolderInfo]          `cmd:"" help:"List the folders of a mailbox."`
	Permissions remote[admin.FolderName, []admin.FolderPermissionInfo] `cmd:"" help:"List who may do what in a folder."`
	Grant       done[admin.GrantFolder]                                `cmd:"" help:"Grant rights in one folder."`
	Revoke      done[admin.RevokeFolder]                               `cmd:"" help:"Take back what was granted in a folder."`
}

type clientCmd struct {
	List remote[admin.ListClients, []admin.ClientInfo] `cmd:"" help:"List which client programs were seen, by account: User-Agent, application id, and when."`
}

type throttlingCmd struct {
	List   remote[admin.Nothing, []admin.ThrottlingInfo] `cmd:"" help:"List throttling policies, and who has them."`
	Set    done[admin.SetThrottling]                     `cmd:"" help:"Make or change a throttling policy: how much one caller may ask for one user. Every limit is a number or unlimited."`
	Remove done[admin.ThrottlingName]                    `cmd:"" help:"Remove a throttling policy that no account has."`
	Assign done[admin.AssignThrottling]                  `cmd:"" help:"Have what an account asks for, for whomever, go by a throttling policy."`
}

type ldapCmd struct {
	Status remote[admin.Nothing, ldap.Status]       `cmd:"" help:"Show how keeping accounts like the other directory's stands: its servers, the last sync, how old that is."`
	Sync   remote[admin.SyncLDAP, admin.LDAPSynced] `cmd:"" help:"Bring accounts and groups up to date now."`
}

type publishCmd struct {
	Status remote[admin.Nothing, admin.PublishStatus] `cmd:"" help:"Show how the publishing gateway stands: listeners, rules, the servers inside, tickets that are kept."`
}

type ticketsCmd struct {
	Flush done[admin.FlushTickets] `cmd:"" help:"Forget the tickets that were got in the name of users, and what was refused."`
}

type queueCmd struct {
	List     remote[admin.ListQueue, []transport.Queue]      `cmd:"" help:"List what mail to other organizations waits, by send connector."`
	Messages remote[admin.ListMessages, []transport.Message] `cmd:"" help:"List the messages that wait, the oldest first."`
	Show     remote[admin.QueuedMessage, transport.Message]  `cmd:"" help:"Show a message that waits, for whom, and what was said of it."`
	Retry    done[admin.QueueSelection]                      `cmd:"" help:"Try messages now."`
	Suspend  done[admin.QueueSelection]                      `cmd:"" help:"Keep messages in the queue."`
	Resume   done[admin.QueueSelection]                      `cmd:"" help:"Let suspended messages go on."`
	Remove   done[admin.RemoveMessage]                       `cmd:"" help:"Take a message out of the queue; its sender is told."`
}

type connectorCmd struct {
	List remote[admin.Nothing, []transport.ConnectorInfo] `cmd:"" help:"List the send and receive connectors of this node, as its configuration has them."`
}

type relayCmd struct {
	Key    remote[admin.Nothing, admin.RelayKey]  `cmd:"" help:"Show the key of this side of a relay, for the other side to pin."`
	Status remote[admin.Nothing, relay.Status]    `cmd:"" help:"Show how the relay stands: channels, what waits, agreements, each other's audit logs."`
	Test   remote[admin.TestRelay, []relay.Trial] `cmd:"" help:"Ask the other side whether it answers, and when somebody inside is free."`
	Forget done[admin.RelayPeer]                  `cmd:"" help:"Follow the other side's audit log anew, after an alarm was looked into."`
}

type nodeCmd struct {
	List remote[admin.Nothing, []admin.NodeInfo]  `cmd:"" help:"List the nodes that serve the organization."`
	Show remote[admin.NodeName, admin.NodeStatus] `cmd:"" help:"Ask a node whether it answers, and tell what it holds and how requests get there."`
	Wait remote[admin.WaitNode, admin.NodesLive]  `cmd:"" help:"Wait until every node decides by the last change."`
}

type explainCmd struct {
	Batch   explainBatch                                       `cmd:"" default:"withargs" help:"Answer questions from standard input, one JSON object a line (doc/explain-batch.md), with no server running; also: entente explain --batch."`
	Request remote[admin.RequestID, admin.RequestExplained]    `cmd:"" help:"Explain what was decided about a request, step by step."`
	Access  remote[admin.ExplainAccess, admin.AccessExplained] `cmd:"" help:"Explain what would be decided about a request that nobody makes."`
}

// maxFile bounds what is sent to be imported.
const maxFile = 32 << 20

// readFile reads a file to import; - is standard input.
func readFile(t *terminal, path string) (string, error) {
	in := t.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = entente.Errorf(entente.TooLarge, "%s is larger than %d MiB", path, maxFile>>20)
	}
	return string(b), err
}

type importCmd struct {
	CSV  importDirectory `cmd:"" name:"csv" help:"Import accounts and groups from a CSV file."`
	LDIF importDirectory `cmd:"" name:"ldif" help:"Import accounts and groups from an LDIF file."`
	ICS  importICS       `cmd:"" name:"ics" help:"Import an iCalendar file into somebody's calendar."`
}

type importDirectory struct {
	File string `arg:"" help:"The file; - is standard input."`
	admin.ImportDirectory
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run sends the file.
func (c *importDirectory) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.Content, err = readFile(t, c.File); err != nil {
		return err
	}
	return ask[admin.ImportAnswer](t, k, socket, c.ImportDirectory, c.JSON)
}

type importICS struct {
	File string `arg:"" help:"The file; - is standard input."`
	admin.ImportICS
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run sends the file.
func (c *importICS) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.Content, err = readFile(t, c.File); err != nil {
		return err
	}
	return ask[admin.EventsAnswer](t, k, socket, c.ImportICS, c.JSON)
}

type applyCmd struct {
	File string `short:"f" required:"" help:"The YAML file; - is standard input." placeholder:"ORG.yaml"`
	Yes  bool   `help:"Carry the plan out."`
	JSON bool   `name:"json" help:"Answer in JSON."`
}

// Run shows the plan and, if told so, carries it out.
func (c *applyCmd) Run(t *terminal, socket adminFlag) error {
	text, err := readFile(t, c.File)
	if err != nil {
		return err
	}
	var p admin.Plan
	q := admin.Apply{Content: text, Yes: c.Yes}
	if err := adminclient.New(string(socket)).Call(t.ctx, "organization", "apply", q, &p); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(p)
	}
	for _, s := range p.Steps {
		fmt.Fprintln(t.out, s)
	}
	switch {
	case len(p.Steps) == 0:
		fmt.Fprintln(t.out, "nothing to do")
	case p.Done:
		word := "steps"
		if len(p.Steps) == 1 {
			word = "step"
		}
		fmt.Fprintf(t.out, "done: %d %s\n", len(p.Steps), word)
	default:
		fmt.Fprintf(t.out, "planned: %d steps; --yes carries them out\n", len(p.Steps))
	}
	return nil
}
