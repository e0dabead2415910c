package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// EnableMailbox gives an account a mailbox in a database and returns its id.
// What keeps mail makes it there. Conflict if it has one.
func (c *Change) EnableMailbox(sid entente.SID, database string) (id entente.MailboxID, err error) {
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_database WHERE name = $1`, database).Scan(&n); err != nil {
		return id, err
	}
	if n == 0 {
		return id, entente.Errorf(entente.NotFound, "there is no database %q", database).Because(NoSuchDatabase)
	}
	id, err = NewMailboxID()
	if err != nil {
		return id, err
	}
	return id, c.SetAccount(sid, func(a *Account) error {
		if !a.Mailbox.IsZero() {
			return entente.Errorf(entente.Conflict, "the account has a mailbox")
		}
		a.Mailbox, a.Database = id, database
		return nil
	})
}

// DisableMailbox takes an account's mailbox from it, and forgets what was
// granted on the mailbox. Its content stays where it is.
func (c *Change) DisableMailbox(sid entente.SID) (id entente.MailboxID, err error) {
	err = c.SetAccount(sid, func(a *Account) error {
		if a.Mailbox.IsZero() {
			return entente.Errorf(entente.NotFound, "the account has no mailbox")
		}
		id, a.Mailbox, a.Database = a.Mailbox, entente.MailboxID{}, ""
		return nil
	})
	if err != nil {
		return id, err
	}
	return id, c.forgetMailbox(id)
}

// NewMailboxID makes a random id, RFC 9562 5.4.
func NewMailboxID() (id entente.MailboxID, err error) {
	_, err = rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id, err
}

// mailboxRights are those that can be granted on a whole mailbox.
const mailboxRights = access.FullAccess | access.SendAs | access.SendOnBehalf | access.ReadPrivate

// delegateRights are those of them that come with being a delegate.
const delegateRights = access.SendOnBehalf | access.ReadPrivate

// SetDelegate gives and takes of SendOnBehalf and ReadPrivate, which are what a
// delegate holds on a mailbox as a whole; other rights he was granted stay.
func (c *Change) SetDelegate(id entente.MailboxID, to entente.SID, give, take access.Rights) error {
	if (give|take)&^delegateRights != 0 {
		return entente.Errorf(entente.Invalid, "the rights of a delegate are %s", delegateRights)
	}
	p := access.MailboxPermission{Mailbox: id, To: to}
	rows, err := c.tx.Query(`SELECT rights FROM directory_permission WHERE mailbox_id = $1 AND to_sid = $2 AND deny = $3`, id, to, false)
	if err := each(rows, err, func() error { return nil }, &p.Rights); err != nil {
		return err
	}
	if give != 0 {
		if err := c.known(to, false); err != nil {
			return err
		}
	}
	p.Rights = p.Rights&^take | give
	return c.SetMailboxPermission(p)
}

// SetMailboxPermission grants or denies rights on a mailbox, in place of what
// was granted (or denied) to the same account or group before. No rights
// removes that.
func (c *Change) SetMailboxPermission(p access.MailboxPermission) error {
	if p.Rights&^mailboxRights != 0 {
		return entente.Errorf(entente.Invalid, "the rights on a mailbox are %s", mailboxRights)
	}
	if _, err := entente.ParseSID(string(p.To)); err != nil {
		return err
	}
	if p.Rights == 0 {
		_, err := write(c, permissionUnit(p.Mailbox), c.tx.Exec,
			`DELETE FROM directory_permission WHERE mailbox_id = $1 AND to_sid = $2 AND deny = $3`, p.To, p.Deny)
		return err
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_account WHERE mailbox_id = $1`, p.Mailbox).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return entente.Errorf(entente.NotFound, "there is no such mailbox")
	}
	_, err := write(c, permissionUnit(p.Mailbox), c.tx.Exec,
		`INSERT INTO directory_permission (mailbox_id, to_sid, deny, rights) VALUES ($1, $2, $3, $4)
		ON CONFLICT (mailbox_id, to_sid, deny) DO UPDATE SET rights = $4`, p.To, p.Deny, p.Rights)
	return err
}

// MailboxPermissions returns what is granted on a mailbox.
func (d *Directory) MailboxPermissions(ctx context.Context, id entente.MailboxID) (all []access.MailboxPermission, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		p := access.MailboxPermission{Mailbox: id}
		rows, err := tx.Query(`SELECT to_sid, rights, deny FROM directory_permission WHERE mailbox_id = $1 ORDER BY to_sid, deny`, id)
		return each(rows, err, func() error {
			all = append(all, p)
			return nil
		}, &p.To, &p.Rights, &p.Deny)
	})
	return all, err
}

// An Assignment is access.Assignment with where it comes from.
type Assignment struct {
	access.Assignment
	Created   time.Time
	CreatedBy entente.SID // the administrator
}

const assignmentColumns = `SELECT id, assignee, rights, server, scope_kind, scope_name, gate, allow_disabled,
	not_before, not_after, enabled, deny, created, created_by FROM directory_assignment`

// eachAssignment runs f for every assignment; over is each or what does its
// work.
func eachAssignment(over over, rows *db.Rows, err error, f func(Assignment)) error {
	var a Assignment
	var from, until, created *int64
	return over(rows, err, func() error {
		n := a
		n.NotBefore, n.NotAfter, n.Created = fromUnix(from), fromUnix(until), fromUnix(created)
		f(n)
		return nil
	}, &a.ID, &a.Assignee, &a.Rights, &a.Server, &a.Scope.Kind, &a.Scope.Name, &a.Gate, &a.AllowDisabled,
		&from, &until, &a.Enabled, &a.Deny, &created, &a.CreatedBy)
}

// Assignments returns all assignments by id.
func (d *Directory) Assignments(ctx context.Context) (all []Assignment, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(assignmentColumns + ` ORDER BY id`)
		return eachAssignment(each, rows, err, func(a Assignment) { all = append(all, a) })
	})
	return all, err
}

// CreateAssignment adds an assignment; an empty ID is given a random one. Times
// are kept in whole seconds.
//
// Errors: Invalid for one that says nothing, or that names an unknown assignee
// or scope: a typing error must not become a grant that waits for its object.
func (c *Change) CreateAssignment(a *Assignment) error {
	if a.ID == "" {
		a.ID = strings.ToLower(rand.Text()[:16])
	}
	if err := c.checkAssignment(&a.Assignment); err != nil {
		return err
	}
	a.Created = c.now.UTC().Truncate(time.Second)
	n, err := write(c, assignmentUnit(a.ID), c.tx.Exec, `INSERT INTO directory_assignment (id, assignee, rights, server, scope_kind, scope_name, gate,
		allow_disabled, not_before, not_after, enabled, deny, created, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING`,
		a.Assignee, a.Rights, a.Server, a.Scope.Kind, a.Scope.Name, a.Gate, a.AllowDisabled,
		unix(a.NotBefore), unix(a.NotAfter), a.Enabled, a.Deny, a.Created.Unix(), a.CreatedBy)
	if err == nil && n == 0 {
		return entente.Errorf(entente.Conflict, "there is an assignment %q", a.ID)
	}
	return err
}

// SetAssignment changes an assignment: f is given it as it is. Its ID and
// origin stay.
func (c *Change) SetAssignment(id string, f func(*access.Assignment) error) error {
	var found *Assignment
	rows, err := c.tx.Query(assignmentColumns+` WHERE id = $1`, id)
	if err := eachAssignment(each, rows, err, func(a Assignment) { found = &a }); err != nil {
		return err
	}
	if found == nil {
		return missed(0, nil, "assignment", id)
	}
	a := &found.Assignment
	if err := f(a); err != nil {
		return err
	}
	a.ID = id
	if err := c.checkAssignment(a); err != nil {
		return err
	}
	_, err = write(c, assignmentUnit(id), c.tx.Exec, `UPDATE directory_assignment SET assignee = $2, rights = $3, server = $4, scope_kind = $5,
		scope_name = $6, gate = $7, allow_disabled = $8, not_before = $9, not_after = $10, enabled = $11, deny = $12 WHERE id = $1`,
		a.Assignee, a.Rights, a.Server, a.Scope.Kind, a.Scope.Name, a.Gate, a.AllowDisabled,
		unix(a.NotBefore), unix(a.NotAfter), a.Enabled, a.Deny)
	return err
}

// RemoveAssignment removes an assignment.
func (c *Change) RemoveAssignment(id string) error {
	n, err := write(c, assignmentUnit(id), c.tx.Exec, `DELETE FROM directory_assignment WHERE id = $1`)
	return missed(n, err, "assignment", id)
}

func (c *Change) checkAssignment(a *access.Assignment) error {
	if err := checkTexts(a.ID, a.Server, a.Scope.Name); err != nil {
		return err
	}
	switch {
	case a.Rights == 0 || a.Rights&^access.ApplicationImpersonation != 0:
		return entente.Errorf(entente.Invalid, "the rights of an assignment are %s", access.ApplicationImpersonation)
	case a.Rights&access.MayImpersonate == 0 && a.Scope != (access.Scope{}):
		return entente.Errorf(entente.Invalid, "a scope is for the right to impersonate somebody")
	case a.Gate != access.GateOwner && a.Gate != access.GateBypass:
		return entente.Errorf(entente.Invalid, "not a gate")
	case !a.NotAfter.IsZero() && !a.NotBefore.Before(a.NotAfter):
		return entente.Errorf(entente.Invalid, "the assignment ends before it begins")
	}
	if err := c.known(a.Assignee, true); err != nil {
		return err
	}
	if a.Rights&access.MayImpersonate == 0 {
		return nil
	}
	return c.checkScope(a.Scope)
}

func (c *Change) checkScope(s access.Scope) error {
	switch s.Kind {
	case access.ScopeAll:
		if s.Name != "" {
			return entente.Errorf(entente.Invalid, "the scope of all has no name")
		}
		return nil
	case access.ScopeAccount:
		_, err := accountBySID(c.tx, entente.SID(s.Name))
		return err
	case access.ScopeGroup:
		_, err := groupBySID(c.tx, entente.SID(s.Name))
		return err
	case access.ScopeManagement:
		_, err := scopeByName(c.tx, s.Name)
		return err
	case access.ScopeDatabase:
		var n int64
		err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_database WHERE name = $1`, s.Name).Scan(&n)
		return missed(n, err, "database", s.Name)
	}
	return entente.Errorf(entente.Invalid, "an assignment needs a scope")
}

// known makes sure that an account, or a group if it may be one, exists.
func (c *Change) known(sid entente.SID, group bool) error {
	_, err := accountBySID(c.tx, sid)
	var e *entente.Error
	if group && errors.As(err, &e) && e.Kind == entente.NotFound {
		_, err = groupBySID(c.tx, sid)
	}
	return err
}

// Administrators returns the accounts and groups that may administer.
func (d *Directory) Administrators(ctx context.Context) (all []entente.SID, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var sid entente.SID
		rows, err := tx.Query(`SELECT sid FROM directory_administrator ORDER BY sid`)
		return each(rows, err, func() error {
			all = append(all, sid)
			return nil
		}, &sid)
	})
	return all, err
}

// AddAdministrator lets an account, or all in a group, administer. It takes
// from them any right to impersonate.
func (c *Change) AddAdministrator(sid entente.SID) error {
	if err := c.known(sid, true); err != nil {
		return err
	}
	_, err := write(c, administratorUnit(sid), c.tx.Exec,
		`INSERT INTO directory_administrator (sid) VALUES ($1) ON CONFLICT (sid) DO NOTHING`)
	return err
}

// RemoveAdministrator is the opposite of AddAdministrator.
func (c *Change) RemoveAdministrator(sid entente.SID) error {
	n, err := write(c, administratorUnit(sid), c.tx.Exec, `DELETE FROM directory_administrator WHERE sid = $1`)
	return missed(n, err, "administrator", string(sid))
}
