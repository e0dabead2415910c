package mailbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/db"
)

// A Watch tells that something in a mailbox changed. What changed, the waiter
// finds out by asking again, through the door: a Watch holds no permit and
// shows nothing. Close it.
type Watch struct {
	w    *watcher
	key  watchKey
	one  *watched
	call func() // nil for a watch that is waited on
}

// Generation is a number that is another after every change.
func (w *Watch) Generation() uint64 {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	return w.one.generation
}

// Changed returns a channel that is closed at the first change after the
// generation; one that is closed already if there was one, or if the store is
// closed.
//
//	g := w.Generation()
//	… look at the mailbox …
//	select {
//	case <-w.Changed(g):
//	case <-ctx.Done():
//	}
func (w *Watch) Changed(generation uint64) <-chan struct{} {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	if w.w.closed || w.one.generation != generation {
		c := make(chan struct{})
		close(c)
		return c
	}
	return w.one.changed
}

// Close ends the watch. Closing twice is harmless.
func (w *Watch) Close() {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	if w.one == nil || w.key == (watchKey{}) {
		return
	}
	if w.call != nil {
		w.one.calls = slices.DeleteFunc(w.one.calls, func(c *Watch) bool { return c == w })
	}
	if w.one.users--; w.one.users == 0 {
		delete(w.w.mailboxes, w.key)
	}
	w.key = watchKey{}
}

// Watch watches a mailbox. However many watch, and however many mailboxes, it
// takes one goroutine a database, and none where this process is the only one.
func (s *Store) Watch(database string, id entente.MailboxID) *Watch {
	return s.watch.add(watchKey{database, id}, nil)
}

// WatchFunc watches a mailbox for somebody who waits without a goroutine: call is
// called after each change, and when the store is closed. It must not block, and
// must not use the watch; it may be called once more while the watch is closed.
func (s *Store) WatchFunc(database string, id entente.MailboxID, call func()) *Watch {
	return s.watch.add(watchKey{database, id}, call)
}

type watchKey struct {
	database string
	id       entente.MailboxID
}

type watched struct {
	users      int
	generation uint64
	changed    chan struct{}
	calls      []*Watch // those that are called
	counter    uint64   // of the mailbox when last looked up; 0 before
	round      uint64   // in which it was looked up
}

// A watcher knows the mailboxes that are watched in this process. Changes made
// here wake at once; those made by other processes are found by looking the
// watched mailboxes' counters up, many in a query, at intervals, and at once
// when the database passes a hint. Hints may be lost; the look-up is what makes
// it right.
type watcher struct {
	databases func(string) (*db.DB, error)
	poll      time.Duration

	mu        sync.Mutex
	mailboxes map[watchKey]*watched
	followed  map[string]*follower
	closed    bool
	stop      context.CancelFunc
	ctx       context.Context
	running   sync.WaitGroup
}

// A follower looks for the changes of others in one database, and tells them of
// ours.
type follower struct {
	tell  chan entente.MailboxID
	round uint64 // of looking up all that is watched
}

const watchChannel = "entente_mailbox"

func newWatcher(databases func(string) (*db.DB, error), poll time.Duration) *watcher {
	w := &watcher{databases: databases, poll: poll, mailboxes: map[watchKey]*watched{}, followed: map[string]*follower{}}
	w.ctx, w.stop = context.WithCancel(context.Background())
	return w
}

func (w *watcher) close() {
	w.mu.Lock()
	w.closed = true
	for _, one := range w.mailboxes {
		close(one.changed)
		one.changed = make(chan struct{}) // nobody waits on it: Changed answers for closed stores
		one.tell()
	}
	w.mu.Unlock()
	w.stop()
	w.running.Wait()
}

func (w *watcher) add(k watchKey, call func()) *Watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.mailboxes[k]
	if one == nil {
		one = &watched{changed: make(chan struct{})}
		w.mailboxes[k] = one
	}
	one.users++
	w.follow(k.database)
	x := &Watch{w: w, key: k, one: one, call: call}
	if call != nil {
		one.calls = append(one.calls, x)
	}
	return x
}

// follow starts looking for changes by others, where there can be others.
func (w *watcher) follow(database string) {
	if w.closed || w.followed[database] != nil {
		return
	}
	d, err := w.databases(database)
	if err != nil || !d.Shared() {
		// SQLite files have one process: nobody else changes them.
		return
	}
	f := &follower{tell: make(chan entente.MailboxID, 256)}
	w.followed[database] = f
	w.running.Go(func() { w.run(database, d, f) })
}

// changed wakes the watchers of a mailbox, and hints at the change to others.
func (w *watcher) changed(database string, id entente.MailboxID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake(w.mailboxes[watchKey{database, id}])
	if w.closed {
		return
	}
	w.follow(database) // also when nobody watches here: others may
	if f := w.followed[database]; f != nil {
		select {
		case f.tell <- id:
		default: // a hint that is lost is found by looking
		}
	}
}

func (w *watcher) wake(one *watched) {
	if one == nil || w.closed {
		return
	}
	one.generation++
	close(one.changed)
	one.changed = make(chan struct{})
	one.tell()
}

// tell calls those who wait to be called.
func (one *watched) tell() {
	for _, w := range one.calls {
		w.call()
	}
}

func (w *watcher) run(database string, d *db.DB, f *follower) {
	hints := d.Subscribe(w.ctx, watchChannel)
	tick := time.NewTicker(w.poll)
	defer tick.Stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case id := <-f.tell:
			// An error here costs others no more than the time to their next look.
			_ = d.Notify(w.ctx, watchChannel, id.String())
		case hint, ok := <-hints:
			if !ok {
				hints = nil
				continue
			}
			w.hinted(database, d, hint)
		case <-tick.C:
			w.look(database, d, w.some(database, f))
		}
	}
}

// atATime is how many mailboxes are looked up at an interval. Where more are watched
// it takes several: hints are what tells, and seldom lost, and thousands of phones
// are not to cost queries while nothing happens.
const atATime = 1024

// some returns those that are looked up next.
func (w *watcher) some(database string, f *follower) (ids []entente.MailboxID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.round == 0 {
		f.round = 1
	}
	for k, one := range w.mailboxes {
		if k.database != database || one.round == f.round {
			continue
		}
		if len(ids) == atATime {
			return ids
		}
		one.round = f.round
		ids = append(ids, k.id)
	}
	f.round++ // these were the last
	return ids
}

// hinted looks a mailbox up that somebody says has changed; an empty hint says
// that some were lost.
func (w *watcher) hinted(database string, d *db.DB, hint string) {
	id, err := entente.ParseMailboxID(hint)
	if err != nil {
		w.look(database, d, w.watchedIn(database))
		return
	}
	w.mu.Lock()
	_, ok := w.mailboxes[watchKey{database, id}]
	w.mu.Unlock()
	if ok {
		w.look(database, d, []entente.MailboxID{id})
	}
}

func (w *watcher) watchedIn(database string) []entente.MailboxID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []entente.MailboxID
	for k := range w.mailboxes {
		if k.database == database {
			ids = append(ids, k.id)
		}
	}
	return ids
}

// look compares the counters of mailboxes with those seen last. Errors are left
// to the next look: the waiters lose nothing but time.
func (w *watcher) look(database string, d *db.DB, ids []entente.MailboxID) {
	for some := range slices.Chunk(ids, lookAtOnce) {
		counters, err := lookUp(w.ctx, d, some)
		if err != nil {
			return
		}
		w.mu.Lock()
		for _, id := range some {
			one := w.mailboxes[watchKey{database, id}]
			if one == nil || one.counter == counters[id] {
				continue
			}
			// The first look also wakes: there may have been a change since the
			// watch began.
			one.counter = counters[id]
			w.wake(one)
		}
		w.mu.Unlock()
	}
}

const lookAtOnce = 16

func lookUp(ctx context.Context, d *db.DB, ids []entente.MailboxID) (map[entente.MailboxID]uint64, error) {
	args := make([]any, lookAtOnce)
	for i := range args {
		args[i] = ids[min(i, len(ids)-1)][:]
	}
	counters := map[entente.MailboxID]uint64{}
	err := d.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT mailbox_id, counter FROM mailbox WHERE mailbox_id IN
			($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id entente.MailboxID
			var counter uint64
			if err := rows.Scan(&id, &counter); err != nil {
				return err
			}
			counters[id] = counter
		}
		return rows.Err()
	})
	return counters, err
}
