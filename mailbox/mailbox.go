// Package mailbox keeps what people keep: folders and the items in them, their
// changes, and who may see them.
//
// A mailbox is reached only through a View, a View is opened only with an
// access.Permit, and every call of a View asks the permission table of the
// folder concerned. What a caller may not read does not exist for him.
//
// Items are property bags named by MAPI property tags, because EWS, ActiveSync,
// restrictions and exports all name the same properties; bodies, MIME and
// attachments are kept beside them. Numbers given out in a mailbox (ids, change
// numbers) come from one counter of that mailbox and are never given out twice.
//
// The package knows no protocol. It does not send, does not look at the
// directory, and does not decide who may do what: access does, with the tables
// kept here.
package mailbox

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

//go:embed schema/*.sql
var schema embed.FS

// A Config is what a Store needs. Databases is required.
type Config struct {
	// Databases returns the handle of a mailbox database by its name. It is
	// asked at every Open and keeps the handles itself.
	Databases func(name string) (*db.DB, error)
	// Now tells the time of creations and changes; time.Now if nil.
	Now func() time.Time
	// Expected says what a mailbox is to be that is opened and was never made;
	// false if there is none to be. Nil is never.
	Expected func(entente.MailboxID) (NewMailbox, bool)
	// Limits bound what may be stored; zero fields have the defaults.
	Limits Limits
	// Node names this process in the notes it leaves of what it writes.
	Node string
	// Poll is how often watched mailboxes are looked up in databases that other
	// processes write to as well; 5 s if zero.
	Poll time.Duration
}

// Limits bound what a mailbox may hold.
type Limits struct {
	Item           int64 // bytes of an item with everything in it; 36 MiB
	Props          int   // bytes of an item's properties, encoded; 1 MiB
	Recipients     int   // 5,000
	Attachments    int   // an item; 500
	Nesting        int   // of items attached to items; 8
	Folders        int   // a mailbox; 10,000
	FolderDepth    int   // 100
	Permissions    int   // entries in a folder's table; 1,000
	NamedProps     int   // a mailbox; 16,384
	Tombstones     int   // deletions kept a folder; 20,000
	Configurations int   // bytes of one user configuration; 1 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(n *int, d int) {
		if *n == 0 {
			*n = d
		}
	}
	if l.Item == 0 {
		l.Item = 36 << 20
	}
	set(&l.Props, 1<<20)
	set(&l.Recipients, 5000)
	set(&l.Attachments, 500)
	set(&l.Nesting, 8)
	set(&l.Folders, 10_000)
	set(&l.FolderDepth, 100)
	set(&l.Permissions, 1000)
	set(&l.NamedProps, 16384)
	set(&l.Tombstones, 20_000)
	set(&l.Configurations, 1<<20)
	return l
}

// A Store holds the mailboxes of an organization, in all its databases. It is
// safe for concurrent use.
type Store struct {
	databases func(string) (*db.DB, error)
	expected  func(entente.MailboxID) (NewMailbox, bool)
	there     sync.Map // of entente.MailboxID: mailboxes that were found
	making    sync.Mutex
	now       func() time.Time
	limits    Limits
	watch     *watcher
	known     knownProps
	named     *namedCache
	zones     *calendar.Zones
	busy      *busyCache
	outbox    *outbox
}

// New makes a Store. Close it.
func New(c Config) *Store {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Poll == 0 {
		c.Poll = 5 * time.Second
	}
	return &Store{
		databases: c.Databases,
		expected:  c.Expected,
		now:       c.Now,
		limits:    c.Limits.withDefaults(),
		watch:     newWatcher(c.Databases, c.Poll),
		known:     newKnownProps(),
		named:     newNamedCache(),
		zones:     new(calendar.Zones),
		busy:      newBusyCache(busyBytes),
		outbox:    newOutbox(&c),
	}
}

// Close ends all watching and takes away the notes that are settled. The databases stay open: they are not the store's.
func (s *Store) Close() error {
	s.watch.close()
	s.outbox.close()
	return nil
}

// Migrate brings the tables of a database up to date.
func (s *Store) Migrate(ctx context.Context, database string) error {
	d, err := s.databases(database)
	if err != nil {
		return err
	}
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	return d.Migrate(ctx, db.Migration{Room: "mailbox", FS: files})
}

// A Kind says whom a mailbox is for.
type Kind uint8

// Kinds of mailboxes.
const (
	User Kind = iota
	Room
	Shared
)

// A NewMailbox says what to create.
type NewMailbox struct {
	ID       entente.MailboxID
	Database string
	Owner    access.Principal
	Address  entente.SMTPAddress
	Name     string // of the owner, for messages to people
	Kind     Kind
	Quota    Quota
}

// Create makes a mailbox with the folders every mailbox has. It needs no
// permit: whoever administers was asked before. An error has the reason
// MailboxExists if the id is taken.
func (s *Store) Create(ctx context.Context, m NewMailbox) error {
	d, err := s.databases(m.Database)
	if err != nil {
		return err
	}
	if m.ID.IsZero() {
		return entente.Errorf(entente.Invalid, "a mailbox needs an id")
	}
	now := Ticks(s.now())
	err = d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO mailbox (mailbox_id, owner_sid, owner_upn, address, name, kind, created,
				replica, counter, size, quota_warning, quota_send, quota_send_receive)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11)`,
			m.ID[:], string(m.Owner.SID), string(m.Owner.UPN), string(m.Address), m.Name, int(m.Kind), now,
			newReplica(), m.Quota.Warning, m.Quota.ProhibitSend, m.Quota.ProhibitSendReceive)
		if err != nil {
			return err
		}
		return createDistinguished(tx, m.ID[:], now)
	})
	if db.IsConflict(err) {
		return &entente.Error{Kind: entente.Conflict, Reason: MailboxExists, Text: "the mailbox exists already", Err: err}
	}
	return err
}

// newReplica is a random positive number: sync points carry it, and one made
// before a restore no longer fits.
func newReplica() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	return int64(binary.LittleEndian.Uint64(b[:])>>1 | 1)
}

// Remove deletes a mailbox with all that is in it.
func (s *Store) Remove(ctx context.Context, database string, id entente.MailboxID) error {
	d, err := s.databases(database)
	if err != nil {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM mailbox WHERE mailbox_id = $1`, id[:])
		if err != nil {
			return err
		}
		if n == 0 {
			return noMailbox()
		}
		if err := removeAll(tx, id[:]); err != nil {
			return err
		}
		tx.OnCommit(func() {
			s.there.Delete(id)
			s.committed(database, id)
		})
		return nil
	})
}

func removeAll(tx *db.Tx, key []byte) error {
	e := execs{}
	e.do(tx.Exec(`DELETE FROM folder WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM folder_content WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM item WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM item_content WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM attachment WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM attachment_data WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM tombstone WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM item_copy WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM arrival WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM named_property WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM provenance WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM mailbox_setting WHERE mailbox_id = $1`, key))
	e.do(tx.Exec(`DELETE FROM mailbox_client_state WHERE mailbox_id = $1`, key))
	return e.err
}

// execs keeps the first error of several statements. A transaction runs
// nothing after its first error, so going on is harmless.
type execs struct{ err error }

func (e *execs) do(_ int64, err error) {
	if e.err == nil {
		e.err = err
	}
}

// RenewReplicas gives every mailbox of a database a new replica number, so that
// no sync point from before is continued. It belongs after a restore: numbers
// that clients saw may be given out again for other things.
func (s *Store) RenewReplicas(ctx context.Context, database string) error {
	d, err := s.databases(database)
	if err != nil {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		// Differing between mailboxes does not matter; differing from before does.
		_, err := tx.Exec(`UPDATE mailbox SET replica = $1`, newReplica())
		return err
	})
}

// A View is a mailbox as one caller may see it, for one request. It holds no
// resources. It is not safe for concurrent use, because permits collect the
// decisions made with them.
type View struct {
	s        *Store
	db       handle
	database string
	id       entente.MailboxID
	key      []byte // id, as statements take it
	permit   access.Permit
	witness  Witness
	full     bool // the caller may do all, in all folders

	// What item grants open, and which of it was asked for: see grants.
	grantsRead bool
	granted    []access.Granted
	asked      map[access.Object]access.Fields
	rowsOf     *db.Tx // in which rows were read
	rows       map[FolderID][]*Item
}

// Open returns a mailbox as the permit allows it, which must be one for
// FolderLookup on this mailbox. One that is expected (Config.Expected) is made
// when it is first opened; one that does not exist shows at the first call, as a
// folder that was not found. What is written through the View, w is a witness of;
// without one nothing can be.
func (s *Store) Open(ctx context.Context, database string, id entente.MailboxID, p access.Permit, w Witness) (*View, error) {
	if !p.Covers(access.MailboxOf(id), access.FolderLookup) {
		return nil, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	d, err := s.databases(database)
	if err != nil {
		return nil, err
	}
	if err := s.expect(ctx, d, database, id); err != nil {
		return nil, err
	}
	v := &View{s: s, db: s.recorded(d, database, id, w), database: database, id: id, key: id[:], permit: p, witness: w}
	// A table that grants nothing tells who needs no grants: the owner, and who
	// has full access.
	v.full = p.FolderRights(&access.FolderTable{}).Has(access.ReadAny | access.FolderOwner)
	return v, nil
}

// Mailbox returns the id of the mailbox.
func (v *View) Mailbox() entente.MailboxID { return v.id }

// Permit returns the permit the view was opened with.
func (v *View) Permit() access.Permit { return v.permit }

// Limits returns what the store allows.
func (v *View) Limits() Limits { return v.s.limits }

func (v *View) subject() access.Principal {
	c := v.permit.Caller()
	return c.Subject()
}

// numbers gives out n numbers of the mailbox, and adds to its size. It returns
// the last of them. It is the first write of every change, so that on
// PostgreSQL changes of one mailbox follow one another.
func (v *View) numbers(tx *db.Tx, n int, size int64) (uint64, error) {
	var last uint64
	var now, quota int64
	err := tx.QueryRow(`UPDATE mailbox SET counter = counter + $2, size = size + $3 WHERE mailbox_id = $1
		RETURNING counter, size, quota_send_receive`, v.key, n, size).Scan(&last, &now, &quota)
	if err == db.ErrNoRows {
		return 0, noMailbox()
	}
	if err != nil {
		return 0, fmt.Errorf("allocate change number: %w", err)
	}
	if size > 0 && quota > 0 && now > quota {
		return 0, entente.Errorf(entente.TooLarge, "the mailbox is full").Because(QuotaExceeded)
	}
	return last, nil
}

// changed wakes who watches the mailbox, once the change is durable.
func (v *View) changed(tx *db.Tx) {
	tx.OnCommit(func() { v.s.committed(v.database, v.id) })
}

// committed is told of every durable change of a mailbox made here, before
// whoever made it knows that it is done.
func (s *Store) committed(database string, id entente.MailboxID) {
	s.busy.written(database, id)
	s.watch.changed(database, id)
}
