// Package admin is what administrators may do, as Go methods: one for each
// verb, with a struct for what is asked and one for what is answered. JSON over
// HTTP and the command line are faces of it and add nothing.
//
// Each change is in the audit log, under the administrator's name, before it
// is made. The package keeps nothing itself; directory and mailbox do.
package admin

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/directory"
	"entente/mailbox"
)

// Config is what an API administers.
type Config struct {
	Directory *directory.Directory
	Mailboxes *mailbox.Store
	Door      *clientaccess.Door
	Audit     AuditLog
	Now       func() time.Time
}

// An AuditLog is what the verbs need of the audit log.
type AuditLog interface {
	Append(ctx context.Context, r audit.Record) error
	Search(ctx context.Context, f audit.Filter) ([]audit.Record, error)
	// Verify checks this node's log against its key and, if it is not empty, a
	// checkpoint kept elsewhere. Other nodes' keys are theirs.
	Verify(ctx context.Context, known string) (audit.Report, error)
	// Checkpoint returns this node's last signed checkpoint, "" if there is
	// none yet.
	Checkpoint(ctx context.Context) (string, error)
}

// An API is the verbs in the hands of one administrator.
type API struct {
	Config
	who Administrator
}

// An Administrator is who asks, as the face proved it.
type Administrator struct {
	access.Principal
	Method   access.Method
	Evidence string // what proved it: the peer of a socket
	Address  string
}

// New returns the verbs in nobody's hands; As gives them to somebody.
func New(c Config) *API { return &API{Config: c} }

// As returns the API for one administrator, whose name its changes carry.
func (a *API) As(who Administrator) *API { return &API{Config: a.Config, who: who} }

// change makes changes to the directory that are recorded first: what could
// not be recorded is not done, and what then failed gets a second record.
func (a *API) change(ctx context.Context, action string, targets []string, f func(*directory.Change) error) error {
	return a.recorded(ctx, action, targets, func() error { return a.Directory.Update(ctx, f) })
}

// recorded is change for what is not, or not only, in the directory.
func (a *API) recorded(ctx context.Context, action string, targets []string, f func() error) error {
	if a.who.SID == "" && a.who.UPN == "" {
		return entente.Errorf(entente.Denied, "nobody asks for this change")
	}
	r := audit.Record{
		Kind: audit.Admin, As: a.who.Principal, By: a.who.Principal,
		Method: a.who.Method, Evidence: a.who.Evidence, Address: a.who.Address,
		Action: "admin." + action, Targets: targets, Allowed: true,
	}
	if err := a.Audit.Append(ctx, r); err != nil {
		return err
	}
	err := f()
	if err == nil {
		return nil
	}
	r.Code = codeOf(err)
	return errors.Join(err, a.Audit.Append(context.WithoutCancel(ctx), r))
}

// codeOf is how a failed change is marked in the log.
func codeOf(err error) string {
	var e *entente.Error
	switch {
	case !errors.As(err, &e):
		return "internal"
	case e.Reason != "":
		return string(e.Reason)
	}
	return [...]string{"internal", "invalid", "denied", "not-found", "conflict", "unavailable", "too-large"}[e.Kind]
}

// A Nothing is asked by verbs that need no details.
type Nothing struct{}

// A Done is the answer of a verb that has nothing to show: one line that says
// what happened.
type Done struct {
	Done string `json:"done"`
}

// account finds an account by UPN, address or SID.
func (a *API) account(ctx context.Context, name string) (*directory.Account, error) {
	if name == "" {
		return nil, entente.Errorf(entente.Invalid, "an account is needed: a user principal name, an address or a SID")
	}
	acc, err := a.Directory.Lookup(ctx, name)
	if isKind(err, entente.NotFound) {
		return nil, entente.Errorf(entente.NotFound, "there is no account %s", name).Because(directory.NoSuchAccount)
	}
	return acc, err
}

// group finds a group by address or SID.
func (a *API) group(ctx context.Context, name string) (*directory.Group, error) {
	if sid, err := entente.ParseSID(name); err == nil {
		return a.Directory.Group(ctx, sid)
	}
	address, err := entente.ParseSMTPAddress(name)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "%q is neither the address nor the SID of a group", name)
	}
	g, err := a.Directory.GroupByAddress(ctx, address)
	if isKind(err, entente.NotFound) {
		return nil, entente.Errorf(entente.NotFound, "there is no group %s", name).Because(directory.NoSuchGroup)
	}
	if err != nil {
		return nil, err
	}
	return a.Directory.Group(ctx, g.SID)
}

// grantee finds an account or else a group: whoever rights are given to.
func (a *API) grantee(ctx context.Context, name string) (entente.SID, error) {
	acc, err := a.account(ctx, name)
	if err == nil {
		return acc.SID, nil
	}
	if !isKind(err, entente.NotFound) {
		return "", err
	}
	g, err := a.group(ctx, name)
	if err != nil {
		return "", entente.Errorf(entente.NotFound, "there is neither an account nor a group %s", name)
	}
	return g.SID, nil
}

// nameOf is how lists show a SID: by name where one is known.
func (a *API) nameOf(ctx context.Context, sid entente.SID) string {
	if acc, ok := a.Directory.Snapshot().FindSID(sid); ok {
		return string(acc.UPN)
	}
	if g, err := a.Directory.Group(ctx, sid); err == nil {
		if g.Mail != "" {
			return string(g.Mail)
		}
		return g.Name
	}
	return string(sid)
}

// isKind reports whether err is of a kind. No error is of none.
func isKind(err error, k entente.Kind) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == k
}
