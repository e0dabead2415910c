package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"

	"entente"
)

// A Verb is one thing an administrator may do, for faces that serve all of
// them alike.
type Verb struct {
	Noun, Name string
	Help       string
	Request    reflect.Type // a struct
	// Call reads a request in JSON and carries it out for the API's
	// administrator.
	Call func(ctx context.Context, a *API, request []byte) (any, error)
}

// verb makes a Verb of a method.
func verb[Q, A any](noun, name, help string, f func(*API, context.Context, Q) (A, error)) Verb {
	return Verb{
		Noun: noun, Name: name, Help: help, Request: reflect.TypeFor[Q](),
		Call: func(ctx context.Context, a *API, request []byte) (any, error) {
			var q Q
			if err := decode(request, &q); err != nil {
				return nil, err
			}
			one := *a
			one.written = new(bool)
			answer, err := f(&one, ctx, q)
			return answer, one.refused(ctx, noun+"."+name, err)
		},
	}
}

// decode reads one JSON object strictly: a misspelt restriction must not
// become none. No object at all is the empty one.
func decode(request []byte, q any) error {
	if len(bytes.TrimSpace(request)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(request))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return entente.Errorf(entente.Invalid, "the request is not understood: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return entente.Errorf(entente.Invalid, "the request has something after its end")
	}
	return nil
}

// Verbs returns everything there is, in the order in which help shows it.
func Verbs() []Verb {
	return []Verb{
		verb("organization", "show", "Show what is set for everyone.", (*API).ShowOrganization),
		verb("organization", "set", "Change what is set for everyone.", (*API).SetOrganization),
		verb("organization", "confirm", "Take the directory for right as it is, after its tables were altered by SQL and looked at.", (*API).ConfirmOrganization),

		verb("domain", "list", "List the accepted domains.", (*API).ListDomains),
		verb("domain", "add", "Accept mail for a domain.", (*API).AddDomain),
		verb("domain", "default", "Have new addresses made in a domain.", (*API).DefaultDomain),
		verb("domain", "remove", "Stop accepting a domain nobody has an address in.", (*API).RemoveDomain),

		verb("account", "list", "List accounts.", (*API).ListAccounts),
		verb("account", "show", "Show an account.", (*API).ShowAccount),
		verb("account", "create", "Create an account, and its mailbox if a database is named.", (*API).CreateAccount),
		verb("account", "set", "Change an account.", (*API).SetAccount),
		verb("account", "password", "Give an account a password.", (*API).SetPassword),
		verb("account", "remove", "Remove an account and all that was granted to it; its mail stays.", (*API).RemoveAccount),

		verb("account", "identities", "List what says which certificates an account is.", (*API).ListIdentities),
		verb("account", "add-identity", "Have whoever holds a certificate sign in as an account.", (*API).AddIdentity),
		verb("account", "remove-identity", "Have a certificate be an account's no more, from the next request on.", (*API).RemoveIdentity),
		verb("account", "certificate", "Say whose a client certificate is and why, or what would make it somebody's.", (*API).ExplainCertificate),

		verb("account", "link", "Make a mailbox a linked one, of an account in another forest.", (*API).LinkAccount),
		verb("account", "unlink", "Take a linked mailbox from its owner in another forest, from the next request on.", (*API).UnlinkAccount),
		verb("account", "linked", "List the linked mailboxes.", (*API).ListLinked),

		verb("realm", "list", "List the other forests whose word about their own accounts counts.", (*API).ListRealms),
		verb("realm", "add", "Have another forest's word about its own accounts and groups count.", (*API).AddRealm),
		verb("realm", "remove", "Have another forest's word count for nothing any more.", (*API).RemoveRealm),

		verb("group", "list", "List groups.", (*API).ListGroups),
		verb("group", "show", "Show a group and its members.", (*API).ShowGroup),
		verb("group", "create", "Create a group.", (*API).CreateGroup),
		verb("group", "add", "Put accounts or groups into a group.", (*API).AddMembers),
		verb("group", "drop", "Take accounts or groups out of a group.", (*API).DropMembers),
		verb("group", "link", "Have a group hold whom another forest says its own group holds.", (*API).LinkGroup),
		verb("group", "unlink", "Have another forest's word about who is in a group count no more.", (*API).UnlinkGroup),
		verb("group", "remove", "Remove a group and all that was granted to it.", (*API).RemoveGroup),

		verb("database", "list", "List mailbox databases.", (*API).ListDatabases),
		verb("database", "add", "Add a mailbox database.", (*API).AddDatabase),
		verb("database", "move", "Say which node holds a mailbox database.", (*API).MoveDatabase),
		verb("database", "remove", "Remove a mailbox database without mailboxes.", (*API).RemoveDatabase),

		verb("mailbox", "show", "Show a mailbox and how full it is.", (*API).ShowMailbox),
		verb("mailbox", "enable", "Give an account a mailbox.", (*API).EnableMailbox),
		verb("mailbox", "disable", "Take an account's mailbox from it; its content stays in the database.", (*API).DisableMailbox),
		verb("mailbox", "quota", "Set how much a mailbox may hold.", (*API).SetQuota),

		verb("room", "list", "List rooms.", (*API).ListRooms),
		verb("room", "create", "Create a room with its calendar.", (*API).CreateRoom),

		verb("service", "create", "Create a service account: an application that signs in by itself.", (*API).CreateService),
		verb("service", "token", "Make a bearer token for a service account; it is shown this once.", (*API).CreateToken),
		verb("service", "tokens", "List the tokens of a service account.", (*API).ListTokens),
		verb("service", "revoke", "End a token.", (*API).RevokeToken),

		verb("administrator", "list", "List who may administer.", (*API).ListAdministrators),
		verb("administrator", "add", "Let an account or group administer; it may then impersonate nobody.", (*API).AddAdministrator),
		verb("administrator", "remove", "Stop an account or group from administering.", (*API).RemoveAdministrator),

		verb("assignment", "list", "List who may act as whom.", (*API).ListAssignments),
		verb("assignment", "create", "Let an application act as others (impersonation).", (*API).CreateAssignment),
		verb("assignment", "enable", "Let an assignment hold again.", (*API).EnableAssignment),
		verb("assignment", "disable", "Stop an assignment without forgetting it.", (*API).DisableAssignment),
		verb("assignment", "remove", "Remove an assignment, and list what was given to others under it.", (*API).RemoveAssignment),
		verb("assignment", "given", "List what was given to others under an assignment, also one that is gone.", (*API).AssignmentGiven),

		verb("scope", "list", "List the management scopes: named sets of recipients.", (*API).ListScopes),
		verb("scope", "create", "Make a management scope.", (*API).CreateScope),
		verb("scope", "set", "Change whom a management scope holds.", (*API).SetScope),
		verb("scope", "remove", "Remove a management scope that nothing is about.", (*API).RemoveScope),

		verb("policy", "list", "List the client access policies of management scopes.", (*API).ListScopePolicies),
		verb("policy", "set", "Change access by EWS for the recipients in a scope.", (*API).SetScopePolicy),
		verb("policy", "effective", "Show which client access settings hold for a mailbox, and where each comes from.", (*API).EffectivePolicy),
		verb("policy", "remove", "Take the policy from a scope.", (*API).RemoveScopePolicy),

		verb("permission", "list", "List what is granted on a mailbox as a whole.", (*API).ListPermissions),
		verb("permission", "grant", "Grant or deny rights on a mailbox as a whole.", (*API).GrantPermission),
		verb("permission", "revoke", "Take back what was granted or denied.", (*API).RevokePermission),

		verb("grant", "list", "List grants on single items.", (*API).ListGrants),
		verb("grant", "create", "Let somebody see, or change, named fields of single items and nothing else.", (*API).CreateGrant),
		verb("grant", "revoke", "Take a grant on single items back.", (*API).RevokeGrant),

		verb("folder", "list", "List the folders of a mailbox.", (*API).ListFolders),
		verb("folder", "permissions", "List who may do what in a folder.", (*API).ListFolderPermissions),
		verb("folder", "grant", "Grant rights in one folder.", (*API).GrantFolder),
		verb("folder", "revoke", "Take back what was granted in a folder.", (*API).RevokeFolder),

		verb("calendar", "show", "Show whether and how a calendar is published.", (*API).ShowCalendar),
		verb("calendar", "publish", "Publish a calendar to everybody who knows its address, or change how.", (*API).PublishCalendar),
		verb("calendar", "unpublish", "End the publication of a calendar.", (*API).UnpublishCalendar),
		verb("calendar", "invite", "Write the message that invites people of other organizations to a calendar.", (*API).InviteToCalendar),
		verb("calendar", "published", "List the published calendars.", (*API).ListPublished),

		verb("federation", "show", "Show the federation trust, its domains and its certificates.", (*API).ShowFederation),
		verb("federation", "create", "Make the federation trust with a broker.", (*API).CreateFederation),
		verb("federation", "set", "Change what is set of the federation trust.", (*API).SetFederation),
		verb("federation", "switch-on", "Have federation work again.", (*API).SwitchFederationOn),
		verb("federation", "switch-off", "Stop all federation at once; what is set stays.", (*API).SwitchFederationOff),
		verb("federation", "remove", "End the federation trust, once no domain is federated.", (*API).RemoveFederation),
		verb("federation", "confirm", "Take the federation trust for right as it is, after its table was altered by SQL and looked at.", (*API).ConfirmFederation),
		verb("federation", "test", "Try whether the federation trust works, down to a real token.", (*API).TestFederation),
		verb("federation", "refresh", "Read the broker's metadata now; it is done by itself.", (*API).RefreshFederation),
		verb("federation", "recover", "Replace a certificate that has expired or is lost, by the AdminKey and a record in DNS.", (*API).RecoverFederation),
		verb("federation", "namespace", "Make a domain the account namespace, which names the organization to its partners.", (*API).SetFederationNamespace),
		verb("federation", "domains", "List the federated domains, and those that wait for their proof.", (*API).ListFederatedDomains),
		verb("federation", "add-domain", "Federate an accepted domain.", (*API).AddFederatedDomain),
		verb("federation", "check-domain", "Have the broker look for a domain's proof now.", (*API).CheckFederatedDomain),
		verb("federation", "remove-domain", "End the federation of a domain; the account namespace's is the last.", (*API).RemoveFederatedDomain),
		verb("federation", "proof", "Show the records that prove whose a domain is.", (*API).ProveFederatedDomain),
		verb("federation", "pending", "Note what is to be federated once its records are in DNS.", (*API).PendFederatedDomains),
		verb("federation", "certificates", "List the trust's certificates, and those that could become its next one.", (*API).ListFederationCertificates),
		verb("federation", "check-certificate", "Check a certificate against the rules for federation.", (*API).CheckFederationCertificate),
		verb("federation", "test-certificates", "Tell which nodes can use which certificates.", (*API).TestFederationCertificates),
		verb("federation", "new-certificate", "Make a self-signed certificate.", (*API).NewFederationCertificate),
		verb("federation", "request-certificate", "Make a key and a request for a CA.", (*API).RequestFederationCertificate),
		verb("federation", "complete-certificate", "Keep the certificate that a CA made of a request.", (*API).CompleteFederationCertificate),
		verb("federation", "import-certificate", "Keep a certificate with its key, from PKCS #12 or PEM.", (*API).ImportFederationCertificate),
		verb("federation", "export-certificate", "Give a certificate out with its key, as PKCS #12; it is recorded.", (*API).ExportFederationCertificate),
		verb("federation", "remove-certificate", "Forget a certificate that is not the trust's, or a request.", (*API).RemoveFederationCertificate),
		verb("federation", "next-certificate", "Make a certificate the trust's next one; nothing uses it yet.", (*API).NextFederationCertificate),
		verb("federation", "publish", "Have the next certificate used; refused while a node lacks its key.", (*API).PublishFederationCertificate),

		verb("relationship", "list", "List the organization relationships.", (*API).ListRelationships),
		verb("relationship", "show", "Show an organization relationship.", (*API).ShowRelationship),
		verb("relationship", "create", "Agree to ask another organization about free/busy, and to answer it.", (*API).CreateRelationship),
		verb("relationship", "set", "Change an organization relationship, from the next request on.", (*API).SetRelationship),
		verb("relationship", "remove", "End an organization relationship.", (*API).RemoveRelationship),
		verb("relationship", "test", "Ask another organization when somebody is free, and show each step on the way.", (*API).TestRelationship),
		verb("relationship", "status", "Show how asking each partner stands on this node.", (*API).RelationshipStatus),
		verb("federation", "information", "Look for another organization and show what it says of itself, step by step.", (*API).FederationInformation),

		verb("address-space", "list", "List the availability address spaces: organizations that are asked without a broker.", (*API).ListAddressSpaces),
		verb("address-space", "add", "Have another organization asked without a broker, by a service account there.", (*API).AddAddressSpace),
		verb("address-space", "remove", "Stop asking another organization, and forget the password.", (*API).RemoveAddressSpace),
		verb("address-space", "config", "Show with which account others ask here.", (*API).ShowAvailabilityConfig),
		verb("address-space", "configure", "Note with which account another organization asks here.", (*API).SetAvailabilityConfig),

		verb("sharing-policy", "list", "List the sharing policies: what people may share with other organizations.", (*API).ListSharingPolicies),
		verb("sharing-policy", "create", "Make a sharing policy.", (*API).CreateSharingPolicy),
		verb("sharing-policy", "set", "Change a sharing policy, also for what was shared before.", (*API).SetSharingPolicy),
		verb("sharing-policy", "default", "Make a sharing policy that of mailboxes without one.", (*API).DefaultSharingPolicy),
		verb("sharing-policy", "assign", "Have a mailbox go by a sharing policy.", (*API).AssignSharingPolicy),
		verb("sharing-policy", "remove", "Remove a sharing policy that no mailbox has.", (*API).RemoveSharingPolicy),

		verb("client", "list", "List which client programs were seen, by account.", (*API).ListClients),

		verb("device", "list", "List mobile devices, and what each may do.", (*API).ListDevices),
		verb("device", "show", "Show a mobile device, what it may do, and why.", (*API).ShowDevice),
		verb("device", "allow", "Let a device synchronize with a mailbox, whatever rules and the organization's default say.", (*API).AllowDevice),
		verb("device", "block", "Keep a device from a mailbox.", (*API).BlockDevice),
		verb("device", "unblock", "Take a device off both lists of a mailbox, and end a block for its behaviour.", (*API).UnblockDevice),
		verb("device", "wipe", "Have a device wiped with its next request, or the account's data on it.", (*API).WipeDevice),
		verb("device", "cancel-wipe", "Take back a wipe that the device has not been told of.", (*API).CancelWipe),
		verb("device", "lost", "Treat a device as one in strange hands.", (*API).LoseDevice),
		verb("device", "remove", "End a partnership.", (*API).RemoveDevice),
		verb("device-access-rule", "list", "List the device access rules.", (*API).ListDeviceRules),
		verb("device-access-rule", "create", "Say what is done with devices of a kind.", (*API).CreateDeviceRule),
		verb("device-access-rule", "set", "Change what is done with devices of a kind.", (*API).SetDeviceRule),
		verb("device-access-rule", "remove", "Remove a device access rule.", (*API).RemoveDeviceRule),
		verb("device-settings", "show", "Show what is set of all mobile devices.", (*API).ShowDeviceSettings),
		verb("device-settings", "set", "Change what is set of all mobile devices.", (*API).SetDeviceSettings),
		verb("device-settings", "threshold", "Change how devices are blocked for their behaviour.", (*API).SetThreshold),
		verb("mobile-device-mailbox-policy", "list", "List the mobile device mailbox policies.", (*API).ListMobilePolicies),
		verb("mobile-device-mailbox-policy", "show", "Show all settings of a mobile device mailbox policy.", (*API).ShowMobilePolicy),
		verb("mobile-device-mailbox-policy", "create", "Make a mobile device mailbox policy.", (*API).CreateMobilePolicy),
		verb("mobile-device-mailbox-policy", "set", "Change a mobile device mailbox policy.", (*API).SetMobilePolicy),
		verb("mobile-device-mailbox-policy", "remove", "Remove a mobile device mailbox policy that no account has.", (*API).RemoveMobilePolicy),
		verb("mobile-device-mailbox-policy", "assign", "Have an account's devices keep to a policy.", (*API).AssignMobilePolicy),

		verb("throttling", "list", "List throttling policies, and who has them.", (*API).ListThrottling),
		verb("throttling", "set", "Make or change a throttling policy: how much one caller may ask for one user.", (*API).SetThrottling),
		verb("throttling", "remove", "Remove a throttling policy that no account has.", (*API).RemoveThrottling),
		verb("throttling", "assign", "Have an account go by a throttling policy.", (*API).AssignThrottling),

		verb("import", "csv", "Import accounts and groups from a CSV file.", (*API).ImportCSV),
		verb("import", "ldif", "Import accounts and groups from an LDIF file.", (*API).ImportLDIF),
		verb("import", "ics", "Import an iCalendar file into somebody's calendar.", (*API).ImportICS),

		verb("audit", "search", "Search the audit log, newest first.", (*API).SearchAudit),
		verb("audit", "tail", "Wait for new records of the audit log.", (*API).TailAudit),
		verb("audit", "verify", "Check that the audit logs of all nodes were not altered.", (*API).VerifyAudit),
		verb("audit", "entries", "Return a part of a node's audit log with what binds it into the tree.", (*API).AuditEntries),
		verb("audit", "nodes", "List the nodes that have an audit log.", (*API).AuditNodes),
		verb("audit", "erase", "Take personal data out of the audit log.", (*API).EraseAudit),
		verb("audit", "checkpoint", "Return the log's last signed checkpoint, to be kept elsewhere.", (*API).CheckpointAudit),

		verb("server", "list", "List the servers on which clients call.", (*API).ListServers),
		verb("server", "set", "Say where a server stands.", (*API).SetServer),
		verb("virtual-directory", "list", "List what servers offer by each protocol.", (*API).ListVirtualDirectories),
		verb("virtual-directory", "show", "Show what a server offers by a protocol, and why not more.", (*API).ShowVirtualDirectory),
		verb("virtual-directory", "set", "Change by which methods clients sign in at a protocol, and its addresses, from the next request on.", (*API).SetVirtualDirectory),

		verb("ldap", "status", "Show how keeping accounts like the other directory's stands: its servers, the last sync, how old that is.", (*API).LDAPStatus),
		verb("ldap", "sync", "Bring accounts and groups up to date now.", (*API).SyncLDAP),

		verb("publish", "status", "Show how the publishing gateway stands: listeners, rules, the servers inside, tickets that are kept.", (*API).PublishStatus),
		verb("tickets", "flush", "Forget the tickets that were got in the name of users, and what was refused.", (*API).FlushTickets),
		verb("rule", "list", "List the publishing rules, with what came by each.", (*API).ListRules),
		verb("rule", "show", "Show a publishing rule and how its servers are.", (*API).ShowRule),
		verb("rule", "test", "Go the way of a request by a rule, as somebody, and say what to set where it ends.", (*API).TestRule),
		verb("rule", "explain", "Say which rule takes a request, and why the others do not.", (*API).ExplainRule),

		verb("queue", "list", "List what mail to other organizations waits, by send connector.", (*API).ListQueue),
		verb("queue", "messages", "List the messages that wait, the oldest first.", (*API).ListMessages),
		verb("queue", "show", "Show a message that waits, for whom, and what was said of it.", (*API).ShowMessage),
		verb("queue", "retry", "Try messages now.", (*API).RetryQueue),
		verb("queue", "suspend", "Keep messages in the queue.", (*API).SuspendQueue),
		verb("queue", "resume", "Let suspended messages go on.", (*API).ResumeQueue),
		verb("queue", "remove", "Take a message out of the queue; its sender is told.", (*API).RemoveMessage),
		verb("connector", "list", "List the send and receive connectors of this node, as its configuration has them.", (*API).ListConnectors),
		verb("relay", "key", "Show the key of this side of a relay, for the other side to pin.", (*API).RelayKey),
		verb("relay", "status", "Show how the relay stands: channels, what waits, agreements, each other's audit logs.", (*API).RelayStatus),
		verb("relay", "test", "Ask the other side whether it answers, and when somebody inside is free.", (*API).TestRelay),
		verb("relay", "forget", "Follow the other side's audit log anew, after an alarm was looked into.", (*API).ForgetRelayAlarm),
		verb("broker", "show", "Show how the trust broker stands: its names, its keys and their dates.", (*API).ShowBroker),
		verb("broker", "apps", "List the organizations that are registered with the broker.", (*API).BrokerApps),
		verb("broker", "app", "Show an organization with its certificates, and its domains with their states.", (*API).BrokerApp),
		verb("broker", "suspend", "Have no tokens issued for an organization or a domain.", (*API).BrokerSuspend),
		verb("broker", "resume", "Have tokens issued again for what was suspended.", (*API).BrokerResume),
		verb("broker", "compat", "Accept of an organization what older software sends.", (*API).BrokerCompat),
		verb("broker", "check", "Look for the proofs of a domain now.", (*API).BrokerCheck),
		verb("broker", "rollover", "Make the broker's next keys now.", (*API).BrokerRollover),
		verb("node", "list", "List the nodes that serve the organization.", (*API).ListNodes),
		verb("node", "show", "Ask a node whether it answers, and tell what it holds and how requests get there.", (*API).ShowNode),
		verb("node", "wait", "Wait until every node decides by the last change.", (*API).WaitNode),
		verb("explain", "request", "Explain what was decided about a request, step by step.", (*API).ExplainRequest),
		verb("explain", "access", "Explain what would be decided about a request that nobody makes.", (*API).ExplainAccess),
		verb("explain", "who-can", "Tell who may do something.", (*API).WhoCan),
		verb("explain", "what-can", "Tell what somebody may do.", (*API).WhatCan),
		verb("organization", "apply", "Make the organization as a file describes it.", (*API).Apply),
	}
}
