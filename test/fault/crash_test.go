package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/admin"
	"entente/admin/adminclient"
	"entente/audit"
	"entente/server"
	"entente/test/kit"
)

// TestCrash kills the server again and again while people write by EWS: what
// was acknowledged is there afterwards, what was not is there wholly or not at
// all, and the databases and the audit log hold together.
func TestCrash(t *testing.T) {
	each(t, func(t *testing.T, o kit.Options) {
		o.People = crowd
		l := newLoad()
		interrupted := 0
		for round := range crashes() {
			if l.crash(t, o) {
				interrupted++
			}
			if t.Failed() {
				t.Fatalf("after %d crashes", round+1)
			}
		}
		t.Logf("%d crashes, %d of them interrupted at least %d writes; %d writes acknowledged, %d recorded from their notes", crashes(), interrupted, flight, l.acknowledged.Load(), l.aborted)
		if 2*interrupted < crashes() {
			t.Errorf("only %d of %d crashes interrupted a write", interrupted, crashes())
		}
	})
}

const (
	crowd   = 8               // mailboxes
	writers = 24              // each with one write under way at any time
	flight  = 16              // writes that must be under way for a crash to count
	longest = 250             // milliseconds of writing before a crash
	room    = 15              // items a writer keeps before it rather deletes
	most    = 2 * time.Minute // for a crash with everything that belongs to it
)

// A load is writers and what they know to be true. A writer's entries are
// touched by its own goroutine, and between crashes by the test's.
type load struct {
	writers      [writers]writer
	acknowledged atomic.Int64
	underWay     atomic.Int64
	seed         uint64
	settled      int64 // writes that took place without an answer
	read         uint64
	aborted      int             // records of writes whose end nobody saw
	records      map[string]bool // of writes, by request and mailbox
}

// A writer writes into one person's mailbox.
type writer struct {
	name    int
	person  int
	next    int
	entries map[string]*entry // by key
	pending *change           // sent, and not answered
}

// An entry is an item as the server acknowledged it.
type entry struct {
	id, changeKey string
	version       int
	deleted       bool
}

// A change is a write that was sent.
type change struct {
	kind string // create, update, delete
	key  string
}

func newLoad() *load {
	l := &load{records: map[string]bool{}}
	for i := range l.writers {
		l.writers[i] = writer{name: i, person: i % crowd, entries: map[string]*entry{}}
	}
	return l
}

// crash starts the server, compares what it has with what was acknowledged,
// writes, kills, and verifies. It reports whether enough writes were cut off.
func (l *load) crash(t *testing.T, o kit.Options) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	p := kit.Start(t, o)
	c := client(t, p)
	l.compare(ctx, t, c)
	l.recorded(ctx, t, o)
	var all sync.WaitGroup
	var killed atomic.Bool
	l.seed++
	for i := range l.writers {
		w := &l.writers[i]
		r := rand.New(rand.NewPCG(l.seed, uint64(i)))
		all.Go(func() {
			for !killed.Load() {
				if err := l.write(ctx, c, w, r); err != nil {
					var no *kit.Refusal
					if errors.As(err, &no) || !killed.Load() {
						t.Errorf("writer %d, %v: %v", w.name, *w.pending, err)
					}
					return
				}
			}
		})
	}
	// The moment of the crash is chance, and repeatable only as that.
	time.Sleep(time.Duration(1+rand.IntN(longest)) * time.Millisecond)
	killed.Store(true)
	under := l.underWay.Load()
	p.Kill()
	all.Wait()
	cut := 0
	for i := range l.writers {
		if l.writers[i].pending != nil {
			cut++
		}
	}
	verify(ctx, t, o)
	return under >= flight && cut > 0
}

// write makes one write and, when it is acknowledged, remembers it.
func (l *load) write(ctx context.Context, c *kit.Client, w *writer, r *rand.Rand) error {
	p, request := w.choose(r)
	w.pending = &p
	l.underWay.Add(1)
	body, err := c.Call(ctx, kit.Address(w.person), request)
	l.underWay.Add(-1)
	if err != nil {
		return err
	}
	l.acknowledged.Add(1)
	w.pending = nil
	switch p.kind {
	case "delete":
		w.entries[p.key].deleted = true
		return nil
	case "create":
		w.entries[p.key] = new(entry)
	case "update":
		w.entries[p.key].version++
	}
	ids, keys := kit.Values(body, "ItemId", "Id"), kit.Values(body, "ItemId", "ChangeKey")
	if len(ids) != 1 || len(keys) != 1 {
		w.pending = &p
		return fmt.Errorf("an acknowledgement without an id: %s", body)
	}
	w.entries[p.key].id, w.entries[p.key].changeKey = ids[0], keys[0]
	return nil
}

// choose decides what to write next.
func (w *writer) choose(r *rand.Rand) (change, string) {
	var mine []string
	for key, e := range w.entries {
		if !e.deleted {
			mine = append(mine, key)
		}
	}
	n := r.IntN(100)
	if len(mine) == 0 || len(mine) < room && n < 50 {
		w.next++
		kind := "m"
		if w.next%2 == 0 {
			kind = "a"
		}
		key := fmt.Sprintf("%s%d.%d", kind, w.name, w.next)
		if kind == "a" {
			return change{"create", key}, kit.CreateAppointment(subject(key, 0), kit.Monday().Add(time.Duration(w.next)*time.Hour))
		}
		return change{"create", key}, kit.CreateMessage("inbox", subject(key, 0), "Agenda: "+subject(key, 0))
	}
	key := mine[r.IntN(len(mine))]
	e := w.entries[key]
	if len(mine) >= room || n > 80 {
		return change{"delete", key}, kit.DeleteItem(e.id)
	}
	return change{"update", key}, kit.SetSubject(e.id, e.changeKey, kindOf(key), subject(key, e.version+1))
}

func subject(key string, version int) string { return fmt.Sprintf("%s v%d", key, version) }

func kindOf(key string) string {
	if key[0] == 'a' {
		return "CalendarItem"
	}
	return "Message"
}

// found is what the server has of one key.
type found struct {
	id, changeKey string
	version       int
}

// compare reads everything back and holds it against what was acknowledged;
// what was under way is from now on what it has become.
func (l *load) compare(ctx context.Context, t *testing.T, c *kit.Client) {
	t.Helper()
	has := map[string]found{}
	for person := range crowd {
		for _, folder := range []string{"inbox", "calendar"} {
			readBack(ctx, t, c, person, folder, has)
		}
	}
	for i := range l.writers {
		w := &l.writers[i]
		if p := w.pending; p != nil {
			if w.settle(ctx, t, c, *p, has) {
				l.settled++
			}
			w.pending = nil
		}
		for key, e := range w.entries {
			f, ok := has[key]
			switch {
			case ok && e.deleted:
				t.Errorf("%s was deleted and is back", key)
			case !ok && !e.deleted:
				t.Errorf("%s was acknowledged and is lost", key)
			case ok && f.version != e.version:
				t.Errorf("%s: version %d was acknowledged, %d is there", key, e.version, f.version)
			}
			delete(has, key)
			if e.deleted {
				delete(w.entries, key) // once seen to be gone, it need not be looked for
			}
		}
	}
	for key := range has {
		t.Errorf("%s is there and nobody wrote it", key)
	}
}

// settle takes the server's word for a write that was never answered: done or
// not done, and if done then whole.
func (w *writer) settle(ctx context.Context, t *testing.T, c *kit.Client, p change, has map[string]found) (done bool) {
	t.Helper()
	f, ok := has[p.key]
	e := w.entries[p.key]
	switch {
	case p.kind == "create" && ok:
		done = true
		w.entries[p.key] = &entry{id: f.id, changeKey: f.changeKey, version: f.version}
		body, err := c.Call(ctx, kit.Address(w.person), kit.GetWhole(f.id))
		if err != nil || f.version != 0 || !strings.Contains(body, "Agenda: "+subject(p.key, 0)) {
			t.Errorf("%s is there in part: %v %s", p.key, err, body)
		}
	case p.kind == "delete" && !ok:
		done, e.deleted = true, true
	case p.kind == "update" && ok && f.version == e.version+1:
		done = true
		e.version++
	}
	if e != nil && ok {
		e.id, e.changeKey = f.id, f.changeKey
	}
	return done
}

// recorded reads on in the audit log: each write that took place has one record,
// and nothing else has. The server has told the log of what the crash cut off
// before it answers anything.
func (l *load) recorded(ctx context.Context, t *testing.T, o kit.Options) {
	t.Helper()
	client := adminclient.New(filepath.Join(o.State, "admin.sock"))
	for {
		var a admin.EntriesAnswer
		if err := client.Call(ctx, "audit", "entries", admin.AuditEntries{From: l.read}, &a); err != nil {
			t.Fatal(err)
		}
		for i := range a.Entries {
			r, err := audit.ParseRecord(a.Entries[i].Text)
			if err != nil {
				t.Fatal(err)
			}
			if r.Action != "ews.CreateItem" && r.Action != "ews.UpdateItem" && r.Action != "ews.DeleteItem" {
				continue
			}
			if r.Code == "Aborted" {
				l.aborted++
			}
			key := r.Request + " " + r.Mailbox
			if l.records[key] {
				t.Errorf("%s is recorded twice", key)
			}
			l.records[key] = true
		}
		if len(a.Entries) == 0 {
			break
		}
		l.read += uint64(len(a.Entries))
	}
	if writes := l.acknowledged.Load() + l.settled; int64(len(l.records)) != writes {
		t.Errorf("%d writes took place and %d are recorded", writes, len(l.records))
	}
}

// page is how many items are read at once.
const page = 500

func readBack(ctx context.Context, t *testing.T, c *kit.Client, person int, folder string, has map[string]found) {
	t.Helper()
	for offset := 0; ; offset += page {
		body, err := c.Call(ctx, kit.Address(person), kit.FindIDs(folder, offset, page))
		if err != nil {
			t.Fatal(err)
		}
		ids, keys, subjects := kit.Values(body, "ItemId", "Id"), kit.Values(body, "ItemId", "ChangeKey"), kit.Texts(body, "t:Subject")
		if len(ids) != len(subjects) || len(ids) != len(keys) {
			t.Fatalf("%d ids, %d change keys and %d subjects in %s", len(ids), len(keys), len(subjects), body)
		}
		for i, s := range subjects {
			var f found
			key, version, _ := strings.Cut(s, " v")
			if _, err := fmt.Sscan(version, &f.version); err != nil {
				t.Errorf("an item with the subject %q", s)
			}
			if _, twice := has[key]; twice {
				t.Errorf("%s is there twice", key)
			}
			f.id, f.changeKey = ids[i], keys[i]
			has[key] = f
		}
		if len(ids) < page {
			return
		}
	}
}

// verify does what entente verify does: databases, mailboxes, audit log.
func verify(ctx context.Context, t *testing.T, o kit.Options) {
	t.Helper()
	st, err := server.OpenStore(ctx, kit.Config(o))
	if err != nil {
		t.Error(err)
		return
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := st.Verify(ctx, "", func(string) {}); err != nil {
		t.Errorf("verify: %v", err)
	}
}
