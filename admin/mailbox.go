package admin

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/directory"
	"entente/mailbox"
)

// DatabaseInfo is a mailbox database.
type DatabaseInfo struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Node string `json:"node,omitempty"` // that holds it; empty if every node opens it
}

// ListDatabases lists mailbox databases.
func (a *API) ListDatabases(ctx context.Context, _ Nothing) ([]DatabaseInfo, error) {
	all, err := a.Directory.Databases(ctx)
	list := make([]DatabaseInfo, 0, len(all))
	for _, d := range all {
		list = append(list, DatabaseInfo{d.Name, d.URL, d.Node})
	}
	return list, err
}

// AddDatabase asks for a mailbox database.
type AddDatabase struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
	URL  string `json:"url,omitempty" help:"sqlite:FILE (relative to the state folder) or a postgres:// URL without a password. Default sqlite:NAME.db."`
	Node string `json:"node,omitempty" help:"The node that holds it, to which the others pass requests on. Default: of a file this node; of PostgreSQL none, every node opens it." placeholder:"NAME"`
}

// AddDatabase adds a mailbox database and makes its tables.
func (a *API) AddDatabase(ctx context.Context, q AddDatabase) (Done, error) {
	if q.URL == "" {
		q.URL = "sqlite:" + q.Name + ".db"
	}
	if q.Node == "" && strings.HasPrefix(q.URL, "sqlite:") {
		q.Node = a.Node
	}
	if err := a.checkNode(ctx, q.Node); err != nil {
		return Done{}, err
	}
	err := a.change(ctx, "database.add", []string{q.Name}, func(c *directory.Change) error {
		return c.SetDatabase(directory.Database{Name: q.Name, URL: q.URL, Node: q.Node})
	})
	if err == nil && (q.Node == "" || q.Node == a.Node) {
		err = a.Mailboxes.Migrate(ctx, q.Name) // another node does so when it first opens it
	}
	return Done{"mailboxes may be kept in " + q.Name}, err
}

// checkNode refuses a node that nobody knows: a word that is spelled wrong would
// have mailboxes be nowhere.
func (a *API) checkNode(ctx context.Context, node string) error {
	if node == "" || node == a.Node {
		return nil
	}
	nodes, err := a.Directory.Nodes(ctx)
	if err == nil && !slices.ContainsFunc(nodes, func(n directory.Node) bool { return n.ID == node }) {
		err = entente.Errorf(entente.NotFound, "there is no node %q; entente node list names them", node)
	}
	return err
}

// MoveDatabase asks for a mailbox database to be another node's.
type MoveDatabase struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
	Node string `json:"node" required:"" help:"The node that holds it from now on; none for a PostgreSQL database that every node is to open." placeholder:"NAME"`
}

// MoveDatabase says which node holds a mailbox database. Its content stays where
// it is: a file must be brought to the other node's state by whoever moves it.
func (a *API) MoveDatabase(ctx context.Context, q MoveDatabase) (Done, error) {
	all, err := a.Directory.Databases(ctx)
	if err != nil {
		return Done{}, err
	}
	i := slices.IndexFunc(all, func(d directory.Database) bool { return d.Name == q.Name })
	if i < 0 {
		return Done{}, entente.Errorf(entente.NotFound, "there is no database %q", q.Name)
	}
	d := all[i]
	if d.Node = q.Node; q.Node == "none" {
		if d.Node = ""; strings.HasPrefix(d.URL, "sqlite:") {
			return Done{}, entente.Errorf(entente.Invalid, "a file is one node's: name the node that has it")
		}
	}
	if err := a.checkNode(ctx, d.Node); err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "database.move", []string{q.Name, q.Node}, func(c *directory.Change) error { return c.SetDatabase(d) })
	if d.Node == "" {
		return Done{"every node opens " + q.Name}, err
	}
	return Done{q.Name + " is held by " + d.Node}, err
}

// here refuses a database that another node holds, for work that opens it.
func (a *API) here(database string) error {
	if holder := a.Directory.Holder(database); holder != "" && holder != a.Node {
		return entente.Errorf(entente.Unavailable, "the mailbox database %q is held by %s: do this there", database, holder).Because(directory.NotHere)
	}
	return nil
}

// opens makes sure, before anything is changed, that mailboxes can be in a
// database. In one that another node holds it makes them when they are first
// opened.
func (a *API) opens(ctx context.Context, database string) error {
	if holder := a.Directory.Holder(database); holder != a.Node {
		return nil
	}
	return a.Mailboxes.Migrate(ctx, database)
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
	if x.Mailbox.IsZero() || a.here(x.Database) != nil {
		return nil
	}
	if err := a.Mailboxes.Migrate(ctx, x.Database); err != nil {
		return err
	}
	err := a.Mailboxes.Create(ctx, mailbox.NewMailbox{
		ID: x.Mailbox, Database: x.Database, Owner: x.Principal, Address: x.Mail, Name: x.Name, Kind: mailbox.KindFor(x.Kind),
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
	if err := a.opens(ctx, q.Database); err != nil {
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
