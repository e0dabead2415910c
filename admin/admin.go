// Package admin is what administrators may do, as Go methods: one for each
// verb, with a struct for what is asked and one for what is answered. JSON over
// HTTP and the command line are faces of it and add nothing.
//
// Each change of the directory commits together with its record, under the
// administrator's name; what is changed elsewhere is recorded before it is made.
// The package keeps nothing itself; directory and mailbox do.
package admin

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/device"
	"entente/directory"
	"entente/federation"
	"entente/mailbox"
)

// Config is what an API administers.
type Config struct {
	Directory *directory.Directory
	Mailboxes *mailbox.Store
	Door      *clientaccess.Door
	Audit     AuditLog
	Relay     Relay
	Mail      Mail
	Broker    Broker  // nil if this server is none
	LDAP      LDAP    // nil if accounts come from no other directory
	Gateway   Gateway // nil if nothing is published
	// Devices keeps what is known of mobile devices.
	Devices *device.Store
	Tickets Tickets // nil if none are had in the name of users
	Rules   Rules   // nil if nothing is published
	// Federation is this organization's side of its federation trust.
	Federation *federation.Service
	Publisher  Publisher
	Inviter    Inviter
	Partners   Partners
	// Certificates judges client certificates; nil where there is no listener.
	Certificates Certificates
	Now          func() time.Time
	Nodes        Nodes // nil where there is no way to others
	// Node is the node this is, as the directory has it.
	Node string
	// Assigned, if set, is told of every new assignment and who made it: the right
	// to act as others is what intruders give themselves.
	Assigned func(by string, a AssignmentInfo)
}

// An AuditLog is what the verbs need of the audit log.
type AuditLog interface {
	Append(ctx context.Context, records ...audit.Record) error
	// Note makes what leaves a record in the transaction of a change of the
	// directory, and Flush waits for what was left so to be in the log.
	Note(r audit.Record) audit.Note
	Flush(ctx context.Context) error
	Search(ctx context.Context, f audit.Filter) ([]audit.Record, error)
	// Follow waits for new records behind a position.
	Follow(ctx context.Context, f audit.Filter, from audit.Position) ([]audit.Record, audit.Position, error)
	// Verify checks the logs of all nodes, or of one, against their keys and, if
	// that is not empty, checkpoints kept elsewhere.
	Verify(ctx context.Context, node, kept string) ([]audit.Report, error)
	// Entries returns a part of a node's log, this one's if none is named, and its
	// last checkpoint.
	Entries(ctx context.Context, node string, from uint64, limit int) (of, checkpoint string, all []audit.Entry, err error)
	Nodes(ctx context.Context) ([]string, error)
	Erase(ctx context.Context, x audit.Erasure, by audit.Record) (int, error)
	// Given returns what stands of rights on whole mailboxes that were given by
	// those who acted for others; SettleGiven says that one is undone, or kept.
	Given(ctx context.Context) ([]audit.Given, error)
	SettleGiven(id int64, kept bool) audit.Note
	// LastUses returns when assignments and item grants were last used, by id.
	LastUses(ctx context.Context) (map[string]time.Time, error)
	// Checkpoint returns this node's last signed checkpoint, "" if there is
	// none yet.
	Checkpoint(ctx context.Context) (string, error)
}

// An API is the verbs in the hands of one administrator.
type API struct {
	Config
	who     Administrator
	written *bool // a record of the verb's failure is; nil outside of a verb
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

// change makes changes to the directory. The record of them commits in the same
// transaction: neither is there without the other. f may set elements of targets
// that are not known before. What failed is recorded too.
func (a *API) change(ctx context.Context, action string, targets []string, f func(*directory.Change) error) error {
	r, err := a.record(action, targets)
	if err != nil {
		return err
	}
	err = a.Directory.Update(ctx, func(c *directory.Change) error {
		if err := f(c); err != nil {
			return err
		}
		return c.Also(a.Audit.Note(r))
	})
	if err != nil {
		return a.failed(ctx, r, err)
	}
	// The change stands and its record with it. Waiting only lets the next look
	// into the log find it there.
	wait, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = a.Audit.Flush(wait)
	return nil
}

// flushTime is how long a command waits to see its record in the log.
const flushTime = 2 * time.Second

// recorded does what is not, or not only, in the directory, after it was
// recorded: what could not be is not done, and what then failed gets a second
// record.
func (a *API) recorded(ctx context.Context, action string, targets []string, f func() error) error {
	r, err := a.record(action, targets)
	if err != nil {
		return err
	}
	if err := a.Audit.Append(ctx, r); err != nil {
		return err
	}
	if err := f(); err != nil {
		return a.failed(ctx, r, err)
	}
	return nil
}

func (a *API) record(action string, targets []string) (audit.Record, error) {
	if a.who.SID == "" && a.who.UPN == "" {
		return audit.Record{}, entente.Errorf(entente.Denied, "nobody asks for this change")
	}
	snapshot, hash := a.Directory.State()
	return audit.Record{
		Kind: audit.Admin, As: a.who.Principal, By: a.who.Principal,
		Method: a.who.Method, Evidence: a.who.Evidence, Address: a.who.Address,
		Action: "admin." + action, Targets: targets, Allowed: true,
		Snapshot: snapshot.Generation(), SnapshotHash: hash,
	}, nil
}

// failed records that something was not done, and why. What is returned is the
// error to answer with.
func (a *API) failed(ctx context.Context, r audit.Record, err error) error {
	if a.written != nil {
		*a.written = true
	}
	r.Code, r.Allowed = codeOf(err), !isKind(err, entente.Denied)
	return errors.Join(err, a.Audit.Append(context.WithoutCancel(ctx), r))
}

// refused records that a verb was refused before it came to change anything.
func (a *API) refused(ctx context.Context, action string, err error) error {
	if !isKind(err, entente.Denied) || *a.written {
		return err
	}
	r, e := a.record(action, nil)
	if e != nil {
		return err // nobody asks, and the face of the verbs says so
	}
	return a.failed(ctx, r, err)
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

func asError(err error) (*entente.Error, bool) {
	var e *entente.Error
	return e, errors.As(err, &e)
}

// isKind reports whether err is of a kind. No error is of none.
func isKind(err error, k entente.Kind) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == k
}
