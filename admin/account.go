package admin

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
)

// AccountInfo is an account as lists show it.
type AccountInfo struct {
	UPN      string `json:"upn"`
	Mail     string `json:"mail"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Enabled  bool   `json:"enabled"`
	Database string `json:"database,omitempty"`
	SID      string `json:"sid"`
}

func accountInfo(x *directory.Account) AccountInfo {
	return AccountInfo{
		UPN: string(x.UPN), Mail: string(x.Mail), Name: x.Name, Kind: string(x.Kind),
		Enabled: x.Enabled, Database: x.Database, SID: string(x.SID),
	}
}

// ListAccounts asks for accounts in the order of their UPNs.
type ListAccounts struct {
	After string `json:"after,omitempty" help:"Begin after this UPN."`
	Limit int    `json:"limit,omitempty" help:"At most so many." default:"1000"`
	Kind  string `json:"kind,omitempty" help:"Only user, room, equipment, shared or service."`
}

// ListAccounts lists accounts.
func (a *API) ListAccounts(ctx context.Context, q ListAccounts) ([]AccountInfo, error) {
	list := []AccountInfo{}
	limit := bounded(q.Limit, 1000, 10_000)
	after := entente.UPN(strings.ToLower(q.After))
	for len(list) < limit {
		page, err := a.Directory.Accounts(ctx, after, 1000)
		if err != nil {
			return nil, err
		}
		for i := range page {
			after = page[i].UPN
			if (q.Kind == "" || string(page[i].Kind) == q.Kind) && len(list) < limit {
				list = append(list, accountInfo(&page[i]))
			}
		}
		if len(page) < 1000 {
			break
		}
	}
	return list, nil
}

func bounded(n, usual, most int) int {
	if n <= 0 {
		return usual
	}
	return min(n, most)
}

// AccountName names an account.
type AccountName struct {
	Account string `json:"account" arg:"" help:"User principal name, address or SID."`
}

// AccountDetails is everything about an account but its password.
type AccountDetails struct {
	AccountInfo
	Proxies []string `json:"proxies,omitempty"`
	Mailbox string   `json:"mailbox,omitempty"`
	Master  string   `json:"master,omitempty"`
	// LogonName is its sAMAccountName.
	LogonName string `json:"logon_name,omitempty"`
	ClientPolicy
	// SharingPolicy is the one that holds, its own or the default.
	SharingPolicy string `json:"sharing_policy,omitempty"`
	// MobilePolicy is likewise what its mobile devices are asked to keep to.
	MobilePolicy     string   `json:"mobile_device_mailbox_policy,omitempty"`
	AllowedDeviceIDs []string `json:"allowed_device_ids,omitempty"`
	BlockedDeviceIDs []string `json:"blocked_device_ids,omitempty"`
	Department       string   `json:"department,omitempty"`
	Title            string   `json:"title,omitempty"`
	Office           string   `json:"office,omitempty"`
	Hidden           bool     `json:"hidden"`
}

// ShowAccount shows an account.
func (a *API) ShowAccount(ctx context.Context, q AccountName) (AccountDetails, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return AccountDetails{}, err
	}
	d := AccountDetails{
		AccountInfo: accountInfo(x), Master: string(x.Master), LogonName: x.LogonName, ClientPolicy: clientPolicy(x.Policy),
		Department: x.Department, Title: x.Title, Office: x.Office, Hidden: x.Hidden,
	}
	for _, p := range x.Proxies {
		d.Proxies = append(d.Proxies, string(p))
	}
	if !x.Mailbox.IsZero() {
		d.Mailbox = x.Mailbox.String()
		if p, ok := a.Directory.Snapshot().SharingPolicyOf(x.SID); ok {
			d.SharingPolicy = p.Name
		}
		if p := a.Directory.Snapshot().MobilePolicyOf(x.SID); p != nil {
			d.MobilePolicy = p.Name
		}
		own := a.Directory.Snapshot().DeviceSettingsOf(x.SID)
		d.AllowedDeviceIDs, d.BlockedDeviceIDs = own.AllowedIDs, own.BlockedIDs
	}
	return d, nil
}

// CreateAccount asks for a new account. It has no password yet.
type CreateAccount struct {
	UPN        string   `json:"upn" arg:"" help:"User principal name."`
	Name       string   `json:"name,omitempty" help:"Display name."`
	Mail       string   `json:"mail,omitempty" help:"Primary SMTP address, if it is not the UPN."`
	Proxies    []string `json:"proxies,omitempty" help:"Further addresses."`
	Kind       string   `json:"kind,omitempty" help:"user, shared or equipment." default:"user"`
	Database   string   `json:"database,omitempty" help:"Mailbox database; without one there is no mailbox." xor:"home"`
	Guest      bool     `json:"guest,omitempty" help:"Somebody from elsewhere, without a mailbox or an address here: for grants on single items." xor:"home"`
	GivenName  string   `json:"given_name,omitempty" help:"Given name."`
	Surname    string   `json:"surname,omitempty" help:"Surname."`
	Title      string   `json:"title,omitempty" help:"Title."`
	Department string   `json:"department,omitempty" help:"Department."`
	Office     string   `json:"office,omitempty" help:"Office."`
	// New-Mailbox -LinkedMasterAccount
	LinkedMaster string `json:"linked_master,omitempty" help:"SID of the account in another forest that owns the mailbox; the account here is then a disabled placeholder."`
}

// CreateAccount creates an account, and its mailbox if a database is named.
func (a *API) CreateAccount(ctx context.Context, q CreateAccount) (AccountInfo, error) {
	kind := access.AccountKind(q.Kind)
	switch kind {
	case "":
		kind = access.KindUser
	case access.KindUser, access.KindShared, access.KindEquipment:
	default:
		return AccountInfo{}, entente.Errorf(entente.Invalid, "kind %q is none of user, shared, equipment; rooms and services have verbs of their own", q.Kind)
	}
	x, err := newAccount(q.UPN, q.Mail, q.Name, kind)
	if err != nil {
		return AccountInfo{}, err
	}
	if q.Guest {
		if q.Mail != "" || q.Database != "" || len(q.Proxies) > 0 {
			return AccountInfo{}, entente.Errorf(entente.Invalid, "a guest has neither an address nor a mailbox here")
		}
		x.Mail, x.Hidden = "", true
	}
	for _, p := range q.Proxies {
		m, err := entente.ParseSMTPAddress(p)
		if err != nil {
			return AccountInfo{}, err
		}
		x.Proxies = append(x.Proxies, m)
	}
	x.GivenName, x.Surname, x.Title, x.Department, x.Office = q.GivenName, q.Surname, q.Title, q.Department, q.Office
	if q.LinkedMaster != "" {
		if x.Master, err = a.master(q.LinkedMaster); err != nil {
			return AccountInfo{}, err
		}
		x.Enabled = false
	}
	return a.create(ctx, "account.create", x, q.Database)
}

// newAccount checks names. Shared mailboxes and resources are places nobody
// signs in as, so they are made disabled, as Exchange does.
func newAccount(upn, mail, name string, kind access.AccountKind) (*directory.Account, error) {
	u, err := entente.ParseUPN(upn)
	if err != nil {
		return nil, err
	}
	if mail == "" {
		mail = upn
	}
	m, err := entente.ParseSMTPAddress(mail)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name, _, _ = strings.Cut(upn, "@")
	}
	enabled := kind == access.KindUser || kind == access.KindService
	return &directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: u, Mail: m}, Name: name, Kind: kind, Enabled: enabled,
	}}, nil
}

// create adds an account and, if a database is named, makes its mailbox there.
func (a *API) create(ctx context.Context, action string, x *directory.Account, database string) (AccountInfo, error) {
	made := *x
	if err := a.opens(ctx, database); err != nil {
		return AccountInfo{}, err
	}
	err := a.change(ctx, action, []string{string(x.UPN)}, func(c *directory.Change) error {
		made = *x // the function may run again
		if err := c.CreateAccount(&made); err != nil {
			return err
		}
		if database == "" {
			return nil
		}
		id, err := c.EnableMailbox(made.SID, database)
		made.Mailbox, made.Database = id, database
		return err
	})
	if err == nil {
		err = a.makeMailbox(ctx, &made)
	}
	if err != nil {
		return AccountInfo{}, err
	}
	return accountInfo(&made), nil
}

// SetAccount asks for a change of an account. What is empty stays.
type SetAccount struct {
	AccountName
	Name    string `json:"name,omitempty" help:"Display name."`
	Mail    string `json:"mail,omitempty" help:"Primary SMTP address; the old one stays as a proxy."`
	Enabled string `json:"enabled,omitempty" help:"Whether it may sign in: on or off."`
	SetPolicy
	Hidden     string `json:"hidden,omitempty" help:"Hide it from address lists: on or off."`
	LogonName  string `json:"logon_name,omitempty" help:"Name by which a KDC knows it (sAMAccountName); none for none."`
	Title      string `json:"title,omitempty" help:"Title."`
	Department string `json:"department,omitempty" help:"Department."`
	Office     string `json:"office,omitempty" help:"Office."`
}

// SetAccount changes an account.
func (a *API) SetAccount(ctx context.Context, q SetAccount) (PolicyDone, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return PolicyDone{}, err
	}
	next := *x
	if err := q.set(&next); err != nil {
		return PolicyDone{}, err
	}
	answer, err := a.rehearsed(ctx, &q.SetPolicy, access.Delta{PutAccounts: []access.Account{next.Account}})
	if err != nil || q.DryRun {
		return answer, err
	}
	answer.Done = string(x.UPN) + " was changed"
	return answer, a.change(ctx, "account.set", []string{string(x.UPN)}, func(c *directory.Change) error {
		return c.SetAccount(x.SID, q.set)
	})
}

func (q *SetAccount) set(x *directory.Account) error {
	for _, f := range []struct {
		to *string
		v  string
	}{{&x.Name, q.Name}, {&x.Title, q.Title}, {&x.Department, q.Department}, {&x.Office, q.Office}} {
		if f.v != "" {
			*f.to = f.v
		}
	}
	switch q.LogonName {
	case "":
	case "none":
		x.LogonName = ""
	default:
		x.LogonName = q.LogonName
	}
	if q.Mail != "" {
		m, err := entente.ParseSMTPAddress(q.Mail)
		if err != nil {
			return err
		}
		if x.Mail != "" && x.Mail != m {
			x.Proxies = append(x.Proxies, x.Mail)
		}
		x.Mail = m
	}
	if err := setBool(&x.Enabled, q.Enabled); err != nil {
		return err
	}
	if err := setBool(&x.Hidden, q.Hidden); err != nil {
		return err
	}
	if q.SetPolicy.empty() {
		return nil
	}
	var p access.ClientPolicy
	if x.Policy != nil {
		p = *x.Policy // what a snapshot points to is not changed
	}
	x.Policy = &p
	return q.SetPolicy.apply(&p)
}

func setBool(b *bool, name string) error {
	switch name {
	case "":
	case "on":
		*b = true
	case "off":
		*b = false
	default:
		return entente.Errorf(entente.Invalid, "%q is neither on nor off", name)
	}
	return nil
}

// SetPassword asks for a password; an empty one has one made.
type SetPassword struct {
	AccountName
	Password string `json:"password,omitempty" kong:"-"`
}

// NewPassword is the answer: the password if it was made here, this once.
type NewPassword struct {
	Done     string `json:"done"`
	Password string `json:"password,omitempty"`
}

// minPassword is the shortest password taken, NIST SP 800-63B 5.1.1.
const minPassword = 8

// SetPassword gives an account a password.
func (a *API) SetPassword(ctx context.Context, q SetPassword) (NewPassword, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return NewPassword{}, err
	}
	var answer NewPassword
	switch {
	case q.Password == "":
		q.Password = randomPassword()
		answer.Password = q.Password
	case len(q.Password) < minPassword:
		return NewPassword{}, entente.Errorf(entente.Invalid, "the password has fewer than %d characters", minPassword)
	}
	hash, err := a.Directory.HashPassword(ctx, entente.NewSecret(q.Password))
	if err != nil {
		return NewPassword{}, err
	}
	err = a.change(ctx, "account.password", []string{string(x.UPN)}, func(c *directory.Change) error {
		return c.SetPassword(x.SID, hash)
	})
	if err != nil {
		return NewPassword{}, err
	}
	answer.Done = string(x.UPN) + " has a new password"
	return answer, nil
}

// randomPassword is 100 random bits, easy to type. crypto/rand does not fail.
func randomPassword() string {
	b := make([]byte, 13)
	_, _ = rand.Read(b)
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))[:20]
}

// RemoveAccount removes an account; its mail stays in the database.
func (a *API) RemoveAccount(ctx context.Context, q AccountName) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "account.remove", []string{string(x.UPN)}, func(c *directory.Change) error {
		return c.RemoveAccount(x.SID)
	})
	return Done{string(x.UPN) + " was removed"}, err
}
