package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// DatabaseInfo is a mailbox database.
type DatabaseInfo struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// ListDatabases lists mailbox databases.
func (a *API) ListDatabases(ctx context.Context, _ Nothing) ([]DatabaseInfo, error) {
	all, err := a.Directory.Databases(ctx)
	list := make([]DatabaseInfo, 0, len(all))
	for _, d := range all {
		list = append(list, DatabaseInfo{d.Name, d.URL})
	}
	return list, err
}

// AddDatabase asks for a mailbox database.
type AddDatabase struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
	URL  string `json:"url,omitempty" help:"sqlite:FILE (relative to the state folder) or a postgres:// URL without a password. Default sqlite:NAME.db."`
}

// AddDatabase adds a mailbox database and makes its tables.
func (a *API) AddDatabase(ctx context.Context, q AddDatabase) (Done, error) {
	if q.URL == "" {
		q.URL = "sqlite:" + q.Name + ".db"
	}
	err := a.change(ctx, "database.add", []string{q.Name}, func(c *directory.Change) error {
		return c.SetDatabase(directory.Database{Name: q.Name, URL: q.URL})
	})
	if err == nil {
		err = a.Mailboxes.Migrate(ctx, q.Name)
	}
	return Done{"mailboxes may be kept in " + q.Name}, err
}

// DatabaseName names a mailbox database.
type DatabaseName struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
}

// RemoveDatabase removes a mailbox database without mailboxes. Its file stays.
func (a *API) RemoveDatabase(ctx context.Context, q DatabaseName) (Done, error) {
	err := a.change(ctx, "database.remove", []string{q.Name}, func(c *directory.Change) error {
		return c.RemoveDatabase(q.Name)
	})
	return Done{q.Name + " was removed"}, err
}

// makeMailbox makes the mailbox that the directory speaks of; an account
// without one is left so.
func (a *API) makeMailbox(ctx context.Context, x *directory.Account) error {
	if x.Mailbox.IsZero() {
		return nil
	}
	kind := mailbox.User
	switch x.Kind {
	case access.KindRoom, access.KindEquipment:
		kind = mailbox.Room
	case access.KindShared:
		kind = mailbox.Shared
	}
	if err := a.Mailboxes.Migrate(ctx, x.Database); err != nil {
		return err
	}
	err := a.Mailboxes.Create(ctx, mailbox.NewMailbox{
		ID: x.Mailbox, Database: x.Database, Owner: x.Principal, Address: x.Mail, Name: x.Name, Kind: kind,
	})
	if isKind(err, entente.Conflict) { // an earlier attempt got this far
		return nil
	}
	return err
}

// EnableMailbox asks for a mailbox.
type EnableMailbox struct {
	AccountName
	Database string `json:"database" help:"Mailbox database." required:""`
}

// EnableMailbox gives an account a mailbox.
func (a *API) EnableMailbox(ctx context.Context, q EnableMailbox) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "mailbox.enable", []string{string(x.UPN)}, func(c *directory.Change) error {
		id, err := c.EnableMailbox(x.SID, q.Database)
		x.Mailbox, x.Database = id, q.Database
		return err
	})
	if err == nil {
		err = a.makeMailbox(ctx, x)
	}
	return Done{string(x.UPN) + " has a mailbox in " + q.Database}, err
}

// DisableMailbox takes an account's mailbox from it; its content stays.
func (a *API) DisableMailbox(ctx context.Context, q AccountName) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "mailbox.disable", []string{string(x.UPN)}, func(c *directory.Change) error {
		_, err := c.DisableMailbox(x.SID)
		return err
	})
	return Done{string(x.UPN) + " has no mailbox; what was in it stays in " + x.Database}, err
}

// MailboxInfo is a mailbox and how full it is, in bytes.
type MailboxInfo struct {
	Account  string `json:"account"`
	ID       string `json:"id"`
	Database string `json:"database"`
	Size     int64  `json:"size"`
	Warning  int64  `json:"issue_warning,omitempty"`
	Send     int64  `json:"prohibit_send,omitempty"`
	Receive  int64  `json:"prohibit_send_receive,omitempty"`
}

// ShowMailbox shows a mailbox. Its size is read on behalf of its owner, who is
// the one that may know, and that is recorded.
func (a *API) ShowMailbox(ctx context.Context, q AccountName) (i MailboxInfo, err error) {
	err = a.inMailbox(ctx, "mailbox.show", q.Account, false, func(v *mailbox.View, x *directory.Account) error {
		u, err := v.Usage(ctx)
		i = MailboxInfo{
			Account: string(x.UPN), ID: x.Mailbox.String(), Database: x.Database, Size: u.Size,
			Warning: u.Quota.Warning, Send: u.Quota.ProhibitSend, Receive: u.Quota.ProhibitSendReceive,
		}
		return err
	})
	return i, err
}

func (a *API) withMailbox(ctx context.Context, name string) (*directory.Account, error) {
	x, err := a.account(ctx, name)
	if err == nil && x.Mailbox.IsZero() {
		err = entente.Errorf(entente.NotFound, "%s has no mailbox", x.UPN)
	}
	return x, err
}

// SetQuota asks for a quota in bytes; 0 is none.
type SetQuota struct {
	AccountName
	Warning int64 `json:"issue_warning,omitempty" help:"Bytes at which the owner is warned (IssueWarningQuota)."`
	Send    int64 `json:"prohibit_send,omitempty" help:"Bytes at which nothing can be sent (ProhibitSendQuota)."`
	Receive int64 `json:"prohibit_send_receive,omitempty" help:"Bytes at which nothing is received either (ProhibitSendReceiveQuota)."`
}

// SetQuota sets how much a mailbox may hold.
func (a *API) SetQuota(ctx context.Context, q SetQuota) (Done, error) {
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	if q.Warning < 0 || q.Send < 0 || q.Receive < 0 {
		return Done{}, entente.Errorf(entente.Invalid, "a quota is a number of bytes, 0 for none")
	}
	err = a.recorded(ctx, "mailbox.quota", []string{string(x.UPN)}, func() error {
		return a.Mailboxes.SetQuota(ctx, x.Database, x.Mailbox, mailbox.Quota{
			Warning: q.Warning, ProhibitSend: q.Send, ProhibitSendReceive: q.Receive,
		})
	})
	return Done{string(x.UPN) + " has a new quota"}, err
}
