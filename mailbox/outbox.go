package mailbox

import (
	"context"
	"sync"
	"time"

	"entente"
	"entente/db"
)

// A Witness makes the record of what a request writes. Nothing is written
// through a View without one: every transaction that changes a mailbox leaves
// the record in the mailbox's own database, and commits with it or not at all.
// The audit log lies in another database, and gets the record afterwards.
type Witness interface {
	// Note returns what is to be recorded of a write to a mailbox in a database
	// if nothing more becomes known, because the process dies. It may be called
	// again for the same write. Whoever was asked for a note calls Store.Settle
	// when the log has the record, or Abandon.
	Note(database string, id entente.MailboxID) Note
	// Origin says for whom and by what rights the request acts in a mailbox; acts
	// is false for the owner of the mailbox himself, and for this process.
	Origin(id entente.MailboxID) (o Origin, acts bool)
}

// A Note is the record of a request so far, in the log's own form, which is no
// business of this package.
type Note struct {
	Request string // its id
	Record  []byte
}

// A NoteID says where a note is.
type NoteID struct {
	Database string
	Mailbox  entente.MailboxID
	Request  string
}

// An Unsettled note is one whose request ended without the log having it, as
// far as is known.
type Unsettled struct {
	NoteID
	Record []byte
}

// errNoWitness is a mistake in the calling code.
func errNoWitness() error {
	return entente.Errorf(entente.Denied, "what is not recorded is not written").Because(Unrecorded)
}

// An outbox knows which notes are of requests under way, and takes away those
// whose record the log has, many at once.
type outbox struct {
	databases func(string) (*db.DB, error)
	node      string
	now       func() time.Time
	stop      chan struct{}
	wake      chan struct{}
	running   sync.WaitGroup
	closing   sync.Once

	mu      sync.Mutex
	live    map[NoteID]struct{}
	settled map[string][]NoteID // by database
	waiting int
}

// Settled notes are taken away so many or so long a time at once. A few more
// rows cost nothing; a commit for each would.
const (
	settleMany  = 256
	settleAfter = time.Second
)

func newOutbox(c *Config) *outbox {
	o := &outbox{
		databases: c.Databases, node: c.Node, now: c.Now,
		stop: make(chan struct{}), wake: make(chan struct{}, 1),
		live: map[NoteID]struct{}{}, settled: map[string][]NoteID{},
	}
	o.running.Go(o.run)
	return o
}

func (o *outbox) close() {
	o.closing.Do(func() { close(o.stop) })
	o.running.Wait()
}

// run takes settled notes away until the store is closed, and then the last.
func (o *outbox) run() {
	tick := time.NewTicker(settleAfter)
	defer tick.Stop()
	for {
		select {
		case <-o.stop:
			o.clear()
			return
		case <-o.wake:
		case <-tick.C:
		}
		o.clear()
	}
}

// clear takes away what is settled. What a database that is away keeps is found
// by Unsettled later, and told from what the log lacks by the log.
func (o *outbox) clear() {
	o.mu.Lock()
	settled := o.settled
	o.settled, o.waiting = map[string][]NoteID{}, 0
	o.mu.Unlock()
	for database, ids := range settled {
		d, err := o.databases(database)
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_ = d.Update(ctx, func(tx *db.Tx) error {
			for i := range ids {
				if _, err := tx.Exec(`DELETE FROM mailbox_outbox WHERE request = $1 AND mailbox_id = $2`,
					ids[i].Request, ids[i].Mailbox); err != nil {
					return err
				}
			}
			return nil
		})
		cancel()
	}
}

// write leaves the witness's note in the transaction of a write.
func (o *outbox) write(tx *db.Tx, w Witness, database string, id entente.MailboxID) error {
	if w == nil {
		return errNoWitness()
	}
	n := w.Note(database, id)
	if n.Request == "" || n.Record == nil {
		return errNoWitness()
	}
	_, err := tx.Exec(`INSERT INTO mailbox_outbox (request, mailbox_id, node, at, record) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (request, mailbox_id) DO UPDATE SET at = excluded.at, record = excluded.record`,
		n.Request, id, o.node, o.now().UnixMicro(), n.Record)
	if err != nil {
		return err
	}
	note := NoteID{database, id, n.Request}
	o.mu.Lock()
	o.live[note] = struct{}{} // before it can be seen by whoever looks for unsettled ones
	o.mu.Unlock()
	return nil
}

// Settle says that the log has the records of notes, which are no longer needed;
// of writes that failed there may be none.
func (s *Store) Settle(ids ...NoteID) {
	o := s.outbox
	o.mu.Lock()
	for _, id := range ids {
		delete(o.live, id)
		o.settled[id.Database] = append(o.settled[id.Database], id)
	}
	o.waiting += len(ids)
	full := o.waiting >= settleMany
	o.mu.Unlock()
	if full {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// Abandon says that the request of notes has ended and that the log has not got
// their records: Unsettled returns them.
func (s *Store) Abandon(ids ...NoteID) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	for _, id := range ids {
		delete(s.outbox.live, id)
	}
}

// Amend replaces the record of a note, by one that says how the request ended.
func (s *Store) Amend(ctx context.Context, id NoteID, record []byte) error {
	d, err := s.databases(id.Database)
	if err != nil {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE mailbox_outbox SET record = $3 WHERE request = $1 AND mailbox_id = $2`, id.Request, id.Mailbox, record)
		return err
	})
}

// unsettledAtOnce bounds one call of Unsettled.
const unsettledAtOnce = 1000

// Unsettled returns the notes in a database that this node left when it died or
// could not reach the log, oldest first; those of requests under way are not
// among them. There may be more than one call returns.
func (s *Store) Unsettled(ctx context.Context, database string) ([]Unsettled, error) {
	d, err := s.databases(database)
	if err != nil {
		return nil, err
	}
	var all []Unsettled
	err = d.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT request, mailbox_id, record FROM mailbox_outbox WHERE node = $1 ORDER BY at, request LIMIT $2`,
			s.outbox.node, unsettledAtOnce)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			u := Unsettled{NoteID: NoteID{Database: database}}
			if err := rows.Scan(&u.Request, &u.Mailbox, &u.Record); err != nil {
				return err
			}
			all = append(all, u)
		}
		return rows.Err()
	})
	return s.outbox.dead(all), err
}

// dead leaves out what belongs to requests under way, and what only waits to be
// taken away.
func (o *outbox) dead(all []Unsettled) []Unsettled {
	o.mu.Lock()
	defer o.mu.Unlock()
	settled := map[NoteID]bool{}
	for _, ids := range o.settled {
		for _, id := range ids {
			settled[id] = true
		}
	}
	var dead []Unsettled
	for i := range all {
		if _, live := o.live[all[i].NoteID]; !live && !settled[all[i].NoteID] {
			dead = append(dead, all[i])
		}
	}
	return dead
}

// Inherit makes the notes of a node that is gone this node's own, if their last
// write is older than before. Of several nodes that try, each note goes to one.
func (s *Store) Inherit(ctx context.Context, database, node string, before time.Time) error {
	d, err := s.databases(database)
	if err != nil || node == s.outbox.node {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE mailbox_outbox SET node = $1 WHERE node = $2 AND at < $3`, s.outbox.node, node, before.UnixMicro())
		return err
	})
}

// Writers returns the nodes that have notes in a database.
func (s *Store) Writers(ctx context.Context, database string) (nodes []string, err error) {
	d, err := s.databases(database)
	if err != nil {
		return nil, err
	}
	err = d.View(ctx, func(tx *db.Tx) error {
		nodes = nil
		rows, err := tx.Query(`SELECT DISTINCT node FROM mailbox_outbox ORDER BY node`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var node string
			if err := rows.Scan(&node); err != nil {
				return err
			}
			nodes = append(nodes, node)
		}
		return rows.Err()
	})
	return nodes, err
}
