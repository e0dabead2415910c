package cmdlet

import (
	"slices"
	"strings"

	"entente"
	"entente/admin"
)

// Rights on whole mailboxes under Exchange's names and under those of our verbs.
var mailboxRights = map[string]string{"FullAccess": "full-access", "SendAs": "send-as", "SendOnBehalf": "send-on-behalf", "ReadPrivate": "read-private"}

// Mailbox is what Get-Mailbox shows.
type Mailbox struct {
	Name                 string   `json:"Name"`
	UserPrincipalName    string   `json:"UserPrincipalName"`
	PrimarySmtpAddress   string   `json:"PrimarySmtpAddress"`
	Database             string   `json:"Database"`
	RecipientTypeDetails string   `json:"RecipientTypeDetails"`
	GrantSendOnBehalfTo  []string `json:"GrantSendOnBehalfTo,omitempty"`
	SharingPolicy        string   `json:"SharingPolicy,omitempty"`
}

// MailboxPermission is a row of Get-MailboxPermission and Get-RecipientPermission.
type MailboxPermission struct {
	Identity     string `json:"Identity"`
	User         string `json:"User"`
	AccessRights string `json:"AccessRights"`
	Deny         bool   `json:"Deny"`
}

var (
	theMailbox = Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The mailbox: user principal name, address or SID."}
	someUser   = Parameter{Name: "User", Mandatory: true, Help: "Account or group."}
)

func mailboxCmdlets() []Cmdlet {
	permission := func(name, synopsis, verbs string, run func(*call) (any, error)) Cmdlet {
		return Cmdlet{
			Name: name, Synopsis: synopsis, Verbs: verbs, run: run,
			Parameters: []Parameter{
				theMailbox, someUser,
				{Name: "AccessRights", Kind: Enums, Values: []string{"FullAccess"}, Mandatory: true, Help: "Which right."},
				{Name: "Deny", Kind: Switch, Help: "Deny instead of grant."},
				{Name: "InheritanceType", Help: "Taken; rights on a mailbox hold for all of it."},
				{Name: "AutoMapping", Kind: Bool, Help: "Taken; clients find shared mailboxes themselves."},
			},
		}
	}
	recipient := func(name, synopsis, verbs string, run func(*call) (any, error)) Cmdlet {
		return Cmdlet{
			Name: name, Synopsis: synopsis, Verbs: verbs, run: run,
			Parameters: []Parameter{
				theMailbox,
				{Name: "Trustee", Mandatory: true, Help: "Account or group."},
				{Name: "AccessRights", Kind: Enums, Values: []string{"SendAs"}, Mandatory: true, Help: "Which right."},
			},
		}
	}
	return []Cmdlet{
		{
			Name: "Get-Mailbox", Synopsis: "Show mailboxes.", Verbs: "account show, account list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "The mailbox; without it, all."},
				{Name: "ResultSize", Help: "At most so many; Unlimited is 10,000."},
			},
			run: getMailbox,
		},
		{
			Name: "Set-Mailbox", Synopsis: "Change who may send on a mailbox's behalf, and what its owner may share.", Verbs: "permission grant, permission revoke, sharing-policy assign",
			Parameters: []Parameter{
				theMailbox,
				{Name: "GrantSendOnBehalfTo", Kind: List, Changes: true, Help: "Accounts and groups, in place of those there are."},
				{Name: "SharingPolicy", Help: "What its owner may share with other organizations; $null is the default policy."},
			},
			run: setMailbox,
		},
		{
			Name: "Set-User", Synopsis: "Link a mailbox to an account in another forest, or end that.", Verbs: "account link, account unlink",
			Parameters: []Parameter{theMailbox, {Name: "LinkedMasterAccount", Mandatory: true, Help: "SID of that account; $null ends the link."}},
			run:        setUser,
		},
		{
			Name: "Enable-Mailbox", Synopsis: "Give an account a mailbox.", Verbs: "mailbox enable",
			Parameters: []Parameter{theMailbox, {Name: "Database", Mandatory: true, Help: "The mailbox database."}},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "mailbox", "enable", admin.EnableMailbox{AccountName: admin.AccountName{Account: c.Text("Identity")}, Database: c.Text("Database")})
				return nil, err
			},
		},
		{
			Name: "Disable-Mailbox", Synopsis: "Take an account's mailbox from it; its content stays.", Verbs: "mailbox disable",
			Parameters: []Parameter{theMailbox},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "mailbox", "disable", admin.AccountName{Account: c.Text("Identity")})
				return nil, err
			},
		},
		{
			Name: "Get-MailboxPermission", Synopsis: "Show who may do what with a mailbox as a whole.", Verbs: "permission list",
			Parameters: []Parameter{theMailbox, {Name: "User", Help: "Only this account's or group's."}},
			run:        func(c *call) (any, error) { return c.permissions("FullAccess", "User") },
		},
		permission("Add-MailboxPermission", "Grant or deny full access to a mailbox.", "permission grant",
			func(c *call) (any, error) { return c.permit("User", c.list("AccessRights")) }),
		permission("Remove-MailboxPermission", "Take full access, or its denial, back.", "permission revoke, permission grant",
			func(c *call) (any, error) { return nil, c.withdraw("User", c.list("AccessRights")) }),
		{
			Name: "Get-RecipientPermission", Synopsis: "Show who may send as a mailbox.", Verbs: "permission list",
			Parameters: []Parameter{theMailbox, {Name: "Trustee", Help: "Only this account's or group's."}},
			run:        func(c *call) (any, error) { return c.permissions("SendAs", "Trustee") },
		},
		recipient("Add-RecipientPermission", "Let somebody send as a mailbox.", "permission grant",
			func(c *call) (any, error) { return c.permit("Trustee", c.list("AccessRights")) }),
		recipient("Remove-RecipientPermission", "Stop somebody from sending as a mailbox.", "permission revoke, permission grant",
			func(c *call) (any, error) { return nil, c.withdraw("Trustee", c.list("AccessRights")) }),
	}
}

// list returns a list as it was given.
func (c *call) list(name string) []string { return c.List(name, nil) }

// recipientTypes are Exchange's names of what an account stands for.
var recipientTypes = map[string]string{
	"user": "UserMailbox", "room": "RoomMailbox", "equipment": "EquipmentMailbox", "shared": "SharedMailbox", "service": "UserMailbox",
}

func getMailbox(c *call) (any, error) {
	if c.Has("Identity") {
		x, err := c.mailbox(c.Text("Identity"))
		if err != nil {
			return nil, err
		}
		m := mailboxOf(x.AccountInfo)
		m.SharingPolicy = x.SharingPolicy
		m.GrantSendOnBehalfTo, err = c.holders(x.UPN, "SendOnBehalf")
		return m, err
	}
	all, err := c.mailboxes()
	list := make([]Mailbox, 0, len(all))
	for _, x := range all {
		list = append(list, mailboxOf(x))
	}
	return list, err
}

func mailboxOf(x admin.AccountInfo) Mailbox {
	return Mailbox{Name: x.Name, UserPrincipalName: x.UPN, PrimarySmtpAddress: x.Mail, Database: x.Database, RecipientTypeDetails: recipientTypes[x.Kind]}
}

// holders returns to whom a right on a mailbox was granted.
func (c *call) holders(mailbox, right string) ([]string, error) {
	var list []string
	all, err := get[[]admin.PermissionInfo](c, "permission", "list", admin.AccountName{Account: mailbox})
	for _, p := range all {
		if !p.Deny && slices.Contains(strings.Split(p.Rights, ","), right) {
			list = append(list, p.To)
		}
	}
	return list, err
}

func setMailbox(c *call) (any, error) {
	x, err := c.mailbox(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	if !c.Has("GrantSendOnBehalfTo") && !c.Has("SharingPolicy") {
		return nil, entente.Errorf(entente.Invalid, "Set-Mailbox needs -GrantSendOnBehalfTo or -SharingPolicy")
	}
	if c.Has("SharingPolicy") {
		policy := c.Text("SharingPolicy")
		if policy == "" {
			policy = "none"
		}
		if _, err := do[admin.Done](c, "sharing-policy", "assign", admin.AssignSharingPolicy{AccountName: admin.AccountName{Account: x.UPN}, Policy: policy}); err != nil {
			return nil, err
		}
	}
	if !c.Has("GrantSendOnBehalfTo") {
		return nil, nil
	}
	now, err := c.holders(x.UPN, "SendOnBehalf")
	if err != nil {
		return nil, err
	}
	want := c.List("GrantSendOnBehalfTo", now)
	for _, who := range want {
		if err := c.setRights(x.UPN, who, false, func(r []string) []string { return with(r, "SendOnBehalf") }); err != nil {
			return nil, err
		}
	}
	for _, who := range now {
		if containsFold(want, who) {
			continue
		}
		if err := c.setRights(x.UPN, who, false, func(r []string) []string { return without(r, "SendOnBehalf") }); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func setUser(c *call) (any, error) {
	name := admin.AccountName{Account: c.Text("Identity")}
	var err error
	if master := c.Text("LinkedMasterAccount"); master != "" {
		_, err = do[admin.Done](c, "account", "link", admin.LinkAccount{AccountName: name, Master: master})
	} else {
		_, err = do[admin.Done](c, "account", "unlink", name)
	}
	return nil, err
}

// permissions shows entries with a right.
func (c *call) permissions(right, who string) (any, error) {
	x, err := c.mailbox(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	all, err := get[[]admin.PermissionInfo](c, "permission", "list", admin.AccountName{Account: x.UPN})
	list := []MailboxPermission{}
	for _, p := range all {
		if slices.Contains(strings.Split(p.Rights, ","), right) && (!c.Has(who) || strings.EqualFold(c.Text(who), p.To)) {
			list = append(list, MailboxPermission{x.UPN, p.To, right, p.Deny})
		}
	}
	return list, err
}

// permit adds rights to what somebody has on a mailbox.
func (c *call) permit(who string, rights []string) (any, error) {
	x, err := c.mailbox(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	err = c.setRights(x.UPN, c.Text(who), c.Is("Deny"), func(r []string) []string { return with(r, rights...) })
	if err != nil || c.planned != nil {
		return nil, err
	}
	return MailboxPermission{x.UPN, c.Text(who), strings.Join(rights, ","), c.Is("Deny")}, nil
}

// withdraw takes rights from what somebody has on a mailbox.
func (c *call) withdraw(who string, rights []string) error {
	x, err := c.mailbox(c.Text("Identity"))
	if err != nil {
		return err
	}
	return c.setRights(x.UPN, c.Text(who), c.Is("Deny"), func(r []string) []string { return without(r, rights...) })
}

// setRights changes what somebody has on a mailbox: our verb replaces it whole.
func (c *call) setRights(mailbox, who string, deny bool, change func([]string) []string) error {
	all, err := get[[]admin.PermissionInfo](c, "permission", "list", admin.AccountName{Account: mailbox})
	if err != nil {
		return err
	}
	var now []string
	for _, p := range all {
		if p.Deny == deny && strings.EqualFold(p.To, who) {
			now = strings.Split(p.Rights, ",")
		}
	}
	want := change(slices.Clone(now))
	name := admin.AccountName{Account: mailbox}
	if len(want) == 0 {
		_, err = do[admin.Done](c, "permission", "revoke", admin.RevokePermission{AccountName: name, To: who, Deny: deny})
		return err
	}
	for i, r := range want {
		want[i] = mailboxRights[r]
	}
	_, err = do[admin.Done](c, "permission", "grant", admin.GrantPermission{AccountName: name, To: who, Rights: want, Deny: deny})
	return err
}

func with(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func without(list []string, less ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return slices.Contains(less, s) })
}
