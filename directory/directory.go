// Package directory knows who exists and how the organization is set up:
// accepted domains, accounts, groups, servers, mailbox databases, and the
// rights granted on each of them.
//
// What requests are decided on is Snapshot: no request reads these tables to
// learn what it may do. Changes are made by Update, several verbs at a time:
//
//	err := d.Update(ctx, func(c *directory.Change) error {
//		if err := c.AddDomain("contoso.example"); err != nil {
//			return err
//		}
//		return c.CreateAccount(&anna)
//	})
//
// When Update returns, this node decides by the change; the others do within a
// second, as long as Run runs there.
//
// The package keeps no mail and makes no mailboxes: it says in which database
// one is. It does not decide who may call its verbs, and writes no audit
// record of them: admin does both.
package directory

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

//go:embed schema/*.sql
var files embed.FS

// Reasons of errors raised here, for the protocols' tables.
const (
	AccountExists   entente.Reason = "account-exists"
	AddressInUse    entente.Reason = "address-in-use"
	NotAccepted     entente.Reason = "domain-not-accepted"
	NoSuchAccount   entente.Reason = "no-such-account"
	NoSuchGroup     entente.Reason = "no-such-group"
	NoSuchDatabase  entente.Reason = "no-such-database"
	WrongCredential entente.Reason = "wrong-credential"
	SignInDelayed   entente.Reason = "sign-in-delayed"
	SignInBusy      entente.Reason = "sign-in-busy"
)

// Config is what a Directory needs.
type Config struct {
	DB *db.DB
	// Organization names the organization of a new database; one that exists
	// keeps its name.
	Organization string
	// Seal, if set, marks what is written here, so that what others write is
	// noticed. All processes of an organization have it, or none.
	Seal Seal
	// Failed, if set, is told of what went wrong in the background. It must
	// not block.
	Failed func(error)
}

// A Directory answers questions about one organization. It is safe for
// concurrent use.
type Directory struct {
	db        *db.DB
	seal      Seal     // nil if the tables are not marked
	keys      *sumKeys // made of it
	seed      maphash.Seed
	failed    func(error)
	now       atomic.Pointer[state]
	loading   sync.Mutex                    // one load at a time; newer states replace older ones
	self      atomic.Pointer[Node]          // what Run keeps registered
	installed atomic.Pointer[chan struct{}] // tells Run of a new state; nil if it does not run
	signIn    *signIn
	binder    atomic.Pointer[bound] // knows the passwords of other accounts; nil if nobody does
}

// state is what is known of one generation. It never changes.
type state struct {
	snapshot *access.Snapshot
	epochs   shards[entente.SID, int64] // of passwords
	members  shards[entente.SID, []entente.SID]
	domains  map[entente.Domain]bool
	standard entente.Domain    // the default accepted domain
	places   map[string]string // nodes by the database they hold
	sites    map[string]string // of servers
	virtual  map[string]VirtualDirectory
	tokens   shards[[32]byte, Token]
	hashes   shards[string, [32]byte] // of tokens, by id

	// In a sealed directory: the rows it was made from, and whether somebody
	// else wrote them.
	rows    ledger
	altered bool
	hash    string // of what decisions are made on; "" without a Seal

	replaced chan struct{} // closed when another state is in force
}

func newState() state {
	return state{
		domains:  map[entente.Domain]bool{},
		places:   map[string]string{},
		sites:    map[string]string{},
		virtual:  map[string]VirtualDirectory{},
		replaced: make(chan struct{}),
	}
}

// Schema returns the directory's tables.
func Schema() (db.Migration, error) {
	sub, err := fs.Sub(files, "schema")
	return db.Migration{Room: "directory", FS: sub}, err
}

// Open opens the directory in a database, bringing its tables up to date. In a
// new database it makes the organization, with a domain SID of its own.
func Open(ctx context.Context, c Config) (*Directory, error) {
	m, err := Schema()
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, m); err != nil {
		return nil, err
	}
	d := &Directory{
		db: c.DB, seal: c.Seal, seed: maphash.MakeSeed(), failed: c.Failed,
	}
	if d.seal != nil {
		d.keys = newSumKeys(d.seal)
	}
	if d.failed == nil {
		d.failed = func(error) {}
	}
	if d.signIn, err = newSignIn(); err != nil {
		return nil, err
	}
	if err := d.found(ctx, c.Organization); err != nil {
		return nil, fmt.Errorf("make organization: %w", err)
	}
	if err := d.markAgain(ctx); err != nil {
		return nil, fmt.Errorf("mark tables of an earlier version: %w", err)
	}
	if err := d.load(ctx, 0); err != nil {
		return nil, err
	}
	return d, nil
}

// firstRID is where Windows starts numbering accounts of a domain; below it
// are the well-known ones. [MS-DTYP] 2.4.2.4.
const firstRID = 1000

// found makes the organization if there is none.
func (d *Directory) found(ctx context.Context, name string) error {
	sid, err := newDomainSID()
	if err != nil {
		return err
	}
	return d.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO directory_organization
			(id, name, domain_sid, next_rid, generation, precedence, policy)
			VALUES (1, $1, $2, $3, 1, 0, '') ON CONFLICT (id) DO NOTHING`, name, sid, firstRID)
		if err != nil || n == 0 || d.seal == nil {
			return err
		}
		// Only what is new is marked unseen: who takes this row away must not
		// have the others vouched for.
		r, rows, err := d.readAll(tx)
		if err != nil || len(r.facts.Accounts) > 0 || len(r.facts.Assignments) > 0 {
			return err
		}
		return d.marker().mark(tx, rows.total, r.facts.Generation)
	})
}

// newDomainSID makes a SID in the form of a Windows domain's: S-1-5-21 and
// three random numbers of 32 bits.
func newDomainSID() (entente.SID, error) {
	var b [12]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	n := func(i int) uint32 {
		return uint32(b[i])<<24 | uint32(b[i+1])<<16 | uint32(b[i+2])<<8 | uint32(b[i+3])
	}
	return entente.SID(fmt.Sprintf("S-1-5-21-%d-%d-%d", n(0), n(4), n(8))), nil
}

// Snapshot returns what decisions are made on: not older than the last change
// made through this Directory, and at most a second behind those of other
// nodes while Run runs.
func (d *Directory) Snapshot() *access.Snapshot { return d.now.Load().snapshot }

// Accepted reports whether mail for a domain belongs here.
func (d *Directory) Accepted(domain entente.Domain) bool { return d.now.Load().domains[domain] }

// DefaultDomain returns the domain new addresses are made in, "" if there is
// none yet.
func (d *Directory) DefaultDomain() entente.Domain { return d.now.Load().standard }

// A Change is a set of changes under way, committed together or not at all. It
// is of use within the function given to Update only.
type Change struct {
	tx         *db.Tx
	now        time.Time
	generation uint64 // that it makes

	touched []touched // in the order in which they were
	seen    map[unit]bool

	// In a sealed directory.
	marker  *marker
	before  ledger // the rows as they were marked
	vouched bool   // nothing was found that somebody else wrote
}

// Also does what belongs to the change and is another room's: it is committed
// with it or not at all. The record of the change is such a thing.
func (c *Change) Also(f func(*db.Tx) error) error { return f(c.tx) }

// Update makes changes in one transaction, and has this node decide by them
// before it returns. f may be run more than once, as for db.DB.Update.
//
// Errors: those of f; Conflict for what exists already; Unavailable.
func (d *Directory) Update(ctx context.Context, f func(*Change) error) error {
	generation, err := d.change(ctx, f)
	if err != nil {
		return tell(err)
	}
	if err := d.load(ctx, generation); err != nil {
		return tell(fmt.Errorf("the change is kept, but not yet in force: %w", err))
	}
	return nil
}

// change makes changes and tells the other nodes, but does not load them here.
func (d *Directory) change(ctx context.Context, f func(*Change) error) (generation uint64, err error) {
	return d.commit(ctx, func(c *Change) error {
		if err := d.begin(c); err != nil {
			return err
		}
		if err := f(c); err != nil {
			return err
		}
		return d.finish(c)
	})
}

// commit runs f in a transaction that makes a new generation.
func (d *Directory) commit(ctx context.Context, f func(*Change) error) (generation uint64, err error) {
	err = d.db.Update(ctx, func(tx *db.Tx) error {
		// The row is locked first, so that changes follow one another and
		// PostgreSQL need not repeat them.
		if err := tx.QueryRow(`UPDATE directory_organization SET generation = generation + 1
			WHERE id = 1 RETURNING generation`).Scan(&generation); err != nil {
			return err
		}
		return f(&Change{tx: tx, now: time.Now(), generation: generation})
	})
	if err != nil {
		return 0, err
	}
	// Only a hint: the others find out by themselves.
	if err := d.db.Notify(ctx, channel, ""); err != nil {
		d.failed(fmt.Errorf("notify nodes: %w", err))
	}
	return generation, nil
}

// tell turns the database's errors into what an asker may read.
func tell(err error) error {
	var e *entente.Error
	switch {
	case errors.As(err, &e):
		return err
	case db.IsConflict(err):
		return &entente.Error{Kind: entente.Conflict, Text: "it exists already", Err: err}
	case db.IsFull(err), db.IsUnavailable(err):
		return &entente.Error{Kind: entente.Unavailable, Text: "the directory is not available", Err: err}
	}
	return err
}

// channel is where nodes tell each other of changes.
const channel = "directory"
