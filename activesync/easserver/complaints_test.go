package easserver

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// What people complain about whose phones synchronize with open servers; each
// complaint is a test.

// Complaint 2: "Gmail sends FolderSync with key 0 at every pull to refresh, and the
// server drops what it kept and sends all mail again."
func TestComplaint02FolderSyncAnewKeepsCollections(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.letters(20)
		p := h.phone("anna", activesync.V161)
		before := p.tree()
		c := p.copyOf(mailbox.Inbox)
		c.all()
		had := maps.Clone(c.items)
		for range 5 {
			again := p.tree()
			if fmt.Sprint(again.folders) != fmt.Sprint(before.folders) || again.key != before.key {
				t.Error("the folders have other ids, or another key")
			}
			if got := c.pull(nil); got != "nothing" {
				t.Fatalf("after FolderSync with key 0 the inbox is told %s", got)
			}
		}
		h.make("anna", mailbox.Inbox, letter("new", time.Now()))
		if got := c.pull(nil); got != "+1 ~0 -0 s0" {
			t.Error(got)
		}
		for id := range had {
			if c.items[id] != had[id] {
				t.Errorf("%s is another", id)
			}
		}
	})
}

// Complaint 4: "On mobile networks an answer is lost, the keys no longer match, and
// everything is synchronized from the beginning, every week." Every second answer
// is lost here, and the phone goes on all the same.
func TestComplaint04LostAnswers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := rand.New(rand.NewPCG(4, 4))
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		c.each = windowed(3)
		var theirs []mailbox.ItemID
		mine := 0
		for step := range 120 {
			var do []func(w *wbxml.Writer)
			switch r.IntN(5) {
			case 0:
				theirs = append(theirs, h.make("anna", mailbox.Contacts, contact(fmt.Sprintf("their%d", step))))
			case 1:
				if len(theirs) > 0 {
					h.rename("anna", theirs[r.IntN(len(theirs))], fmt.Sprintf("renamed%d", step))
				}
			case 2:
				if len(theirs) > 0 {
					i := r.IntN(len(theirs))
					h.destroy("anna", theirs[i])
					theirs = slices.Delete(theirs, i, i+1)
				}
			case 3:
				mine++
				do = append(do, addContact(fmt.Sprint("c", mine), fmt.Sprint("mine", mine)))
			}
			more := func(w *wbxml.Writer) {
				if len(do) > 0 {
					withCommands(do[0])(w)
				}
			}
			for r.IntN(2) == 0 {
				c.ask(more) // lost
			}
			a := c.ask(more)
			if a.ok() != nil {
				x := a.collection(c.folder)
				if x.Get(wbxml.AirSyncStatus) != "1" {
					t.Fatalf("step %d: %s", step, dump(x))
				}
				for e := range x.Child(wbxml.AirSyncResponses).All(wbxml.AirSyncAdd) {
					c.items[e.Get(wbxml.AirSyncServerId)] = fmt.Sprintf("<A>mine%d</A>", mine)
				}
			}
			c.take(a)
		}
		c.all()
		if len(c.items) != len(theirs)+mine || h.count("anna", mailbox.Contacts) != len(theirs)+mine {
			t.Errorf("the phone has %d, the mailbox %d, and there are %d", len(c.items), h.count("anna", mailbox.Contacts), len(theirs)+mine)
		}
		for id, data := range c.items {
			name := h.item("anna", number(t, id)).Props.String(mailbox.PidTagGivenName)
			if !strings.Contains(data, ">"+name+"<") {
				t.Errorf("%s is %s and says %s", id, name, data)
			}
		}
	})
}

// poisoned is a class that cannot write what has a word in its subject.
type poisoned struct {
	class
	word atomic.Pointer[string]
}

func (p *poisoned) write(c *call, it *mailbox.Item, o *options) error {
	if w := p.word.Load(); w != nil && strings.Contains(it.Props.String(mailbox.PidTagSubject), *w) {
		c.out.Start(wbxml.AirSyncBaseBody)
		c.out.Text(wbxml.AirSyncBaseData, "a part of it")
		return errors.New("something is wrong with this one")
	}
	return p.class.write(c, it, o)
}

// Complaint 5: "One bad item blocks a folder, and nothing in it is ever synchronized
// again." It is left out, the others come, and once it is well it comes too.
func TestComplaint05PoisonItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		bad := &poisoned{class: h.handler.classes[activesync.Email]}
		word := "bad"
		bad.word.Store(&word)
		h.handler.classes[activesync.Email] = bad
		now := time.Now()
		h.make("anna", mailbox.Inbox, letter("one", now))
		id := h.make("anna", mailbox.Inbox, letter("bad", now))
		h.make("anna", mailbox.Inbox, letter("two", now))
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Inbox)
		c.each = windowed(1)
		c.all()
		c.has("one", "two")
		h.make("anna", mailbox.Inbox, letter("three", now))
		h.make("anna", mailbox.Inbox, letter("as bad", now))
		c.all()
		c.has("one", "two", "three")
		for range 3 {
			if got := c.pull(nil); got != "nothing" {
				t.Errorf("it comes to no rest: %s", got)
			}
		}
		bad.word.Store(nil)
		h.edit("anna", id, func(it *mailbox.Item) { it.Props.SetString(mailbox.PidTagSubject, "mended") })
		if got := c.pull(nil); got != "+1 ~0 -0 s0" {
			t.Error(got)
		}
		c.has("one", "two", "three", "mended")
	})
}

// Complaint 6: "A subscribed calendar looks changed whenever it is read, and the
// phone synchronizes every few seconds." Writing what is there already is no change,
// and a change that the phone cannot see is told once at most.
func TestComplaint06ChangedAtEveryPoll(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.make("anna", mailbox.Calendar, event("subscribed", time.Now()))
		p := h.phone("anna", activesync.V161)
		c := p.copyOf(mailbox.Calendar)
		c.all()
		told := 0
		for poll := range 10 {
			h.edit("anna", id, func(it *mailbox.Item) { it.Props.SetString(mailbox.PidTagSubject, "subscribed") })
			if changed, _, err := pendingOf(t, p, c.folder); err != nil || len(changed) > 0 {
				t.Fatalf("writing the same wakes the phone: %v %v", changed, err)
			}
			// Something nobody sees.
			h.edit("anna", id, func(it *mailbox.Item) { it.Props.SetInt(mailbox.PidTagIconIndex, int64(poll)) })
			if got := c.pull(nil); got != "nothing" {
				told++
			}
		}
		if told > 1 {
			t.Errorf("told %d times of what is the same", told)
		}
		c.has("subscribed")
	})
}

// Complaint 7: "Entries are there twice after the phone tried again." It tries five
// times, under the same key and from the beginning.
func TestComplaint07Duplicates(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		c.all()
		ids := map[string]bool{}
		add := withCommands(func(w *wbxml.Writer) {
			addContact("c1", "one")(w)
			addContact("c2", "two")(w)
		})
		for range 5 {
			for e := range c.ask(add).collection(c.folder).Child(wbxml.AirSyncResponses).All(wbxml.AirSyncAdd) {
				if e.Get(wbxml.AirSyncStatus) != "1" {
					t.Error(dump(e))
				}
				ids[e.Get(wbxml.AirSyncServerId)] = true
			}
		}
		c.begin(nil)
		for e := range c.ask(add).collection(c.folder).Child(wbxml.AirSyncResponses).All(wbxml.AirSyncAdd) {
			ids[e.Get(wbxml.AirSyncServerId)] = true
		}
		if len(ids) != 2 || h.count("anna", mailbox.Contacts) != 2 {
			t.Errorf("%d ids, %d contacts", len(ids), h.count("anna", mailbox.Contacts))
		}
		tr := h.phone("anna", activesync.V161).tree()
		had := len(tr.folders)
		key := tr.key
		for range 3 {
			tr.key = key
			if s, _ := tr.create("0", "Projects", activesync.UserMail); s != "1" {
				t.Errorf("status %s", s)
			}
		}
		if tr.pull(); len(tr.folders) != had {
			t.Errorf("%d folders, had %d", len(tr.folders), had)
		}
	})
}

// Complaint 14: "Big mailboxes and messages exhaust the server's memory, and a phone
// tries in vain for ever." 60 mails of a megabyte are asked for in one window: each
// answer is bounded, each gets on, and what is held meanwhile is no more than a few
// of them.
func TestComplaint14BigMessages(t *testing.T) {
	h := open(t)
	const size, n = 1 << 20, 60
	big := strings.Repeat("0123456789abcde\n", size/16)
	for i := range n {
		it := letter(fmt.Sprintf("big%d", i), time.Now().Add(-time.Duration(i)*time.Minute))
		it.Body = &mailbox.Body{Text: []byte(big)}
		h.make("anna", mailbox.Inbox, it)
	}
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Inbox)
	c.each = windowed(512)
	answers := 0
	for more := true; more; answers++ {
		a := c.ask(nil)
		if len(a.raw) > maxAnswer+3*size {
			t.Errorf("an answer of %d bytes", len(a.raw))
		}
		c.take(a)
		more = c.more
		for id := range c.items {
			c.items[id] = "" // the phone has a disk
		}
	}
	if len(c.items) != n || answers < n/4 || answers > n+2 {
		t.Errorf("%d mails in %d answers", len(c.items), answers)
	}
	// All of them changed at once: more than one answer has room for, none lost.
	before := heap()
	for id := range c.items {
		h.edit("anna", number(t, id), func(it *mailbox.Item) { it.Props.SetString(mailbox.PidTagSubject, "changed") })
	}
	changed := 0
	for more := true; more; more = c.more {
		var a, b, d, s int
		if _, err := fmt.Sscanf(c.pull(nil), "+%d ~%d -%d s%d", &a, &b, &d, &s); err != nil {
			t.Fatal(err)
		}
		changed += b
		for id := range c.items {
			c.items[id] = ""
		}
	}
	if changed != n {
		t.Errorf("%d of %d changes", changed, n)
	}
	if held := heap() - before; held > 16<<20 {
		t.Errorf("%d bytes are held afterwards", held)
	}
}

// heap is what is held once everything unused was given back.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Complaint 15: "With calendar, contacts and mail in one Sync, items vanish." Three
// classes share a request and its window; each keeps its own key and its own items.
func TestComplaint15SeveralClasses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := time.Now()
		for i := range 7 {
			h.make("anna", mailbox.Inbox, letter(fmt.Sprint("mail", i), now))
			h.make("anna", mailbox.Contacts, contact(fmt.Sprint("contact", i)))
			h.make("anna", mailbox.Calendar, event(fmt.Sprint("event", i), now))
		}
		p := h.phone("anna", activesync.V161)
		copies := []*copied{p.copyOf(mailbox.Inbox), p.copyOf(mailbox.Contacts), p.copyOf(mailbox.Calendar)}
		all := func() *reply {
			return p.send(activesync.Sync, func(w *wbxml.Writer) {
				w.Start(wbxml.AirSyncSync)
				w.Start(wbxml.AirSyncCollections)
				for _, c := range copies {
					w.Start(wbxml.AirSyncCollection)
					w.Text(wbxml.AirSyncSyncKey, c.key)
					w.Text(wbxml.AirSyncCollectionId, folderID(c.folder))
					w.Int(wbxml.AirSyncWindowSize, 5)
					w.End()
				}
				w.End()
				w.Int(wbxml.AirSyncWindowSize, 8)
				w.End()
			})
		}
		for round := 0; ; round++ {
			a := all()
			if a.ok() == nil {
				break
			}
			if round == 20 {
				t.Fatal("it does not end")
			}
			n := 0
			for _, c := range copies {
				for x := range a.root.Child(wbxml.AirSyncCollections).All(wbxml.AirSyncCollection) {
					if x.Get(wbxml.AirSyncCollectionId) == folderID(c.folder) {
						before := len(c.items)
						c.take(a)
						n += len(c.items) - before
					}
				}
			}
			if n > 8 {
				t.Errorf("%d changes, and 8 were asked for", n)
			}
		}
		copies[0].has(names("mail", 7)...)
		copies[1].has(names("contact", 7)...)
		copies[2].has(names("event", 7)...)
	})
}

// Complaint 17: "Phones ask again and again, and the battery is empty." A phone that
// alternates Sync and GetItemEstimate where nothing changes has nothing written for
// it and is told nothing; one that waits is not answered before there is something.
func TestComplaint17RequestStorms(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	c := p.copyOf(mailbox.Contacts)
	c.all()
	c.pull(nil)
	before := c.state()
	for range 20 {
		if got, n := c.pull(nil), c.estimate(); got != "nothing" || n != "0" {
			t.Fatalf("told %s, estimated %s", got, n)
		}
	}
	if now := c.state(); now.serial != before.serial {
		t.Error("keys were given out for nothing")
	}
	answered := make(chan *reply)
	wait := func() {
		go func() {
			answered <- p.send(activesync.Sync, func(w *wbxml.Writer) {
				w.Start(wbxml.AirSyncSync)
				w.Start(wbxml.AirSyncCollections)
				w.Start(wbxml.AirSyncCollection)
				w.Text(wbxml.AirSyncSyncKey, c.key)
				w.Text(wbxml.AirSyncCollectionId, folderID(c.folder))
				w.End()
				w.End()
				w.Int(wbxml.AirSyncHeartbeatInterval, 600)
				w.End()
			})
		}()
		h.settled(1)
	}
	wait()
	h.make("anna", mailbox.Inbox, letter("another folder", time.Now()))
	h.make("anna", mailbox.Contacts, letter("no contact", time.Now()))
	select {
	case a := <-answered:
		t.Fatalf("answered with %s", dump(a.root))
	case <-time.After(300 * time.Millisecond): // longer than between two looks
	}
	h.make("anna", mailbox.Contacts, contact("one"))
	if got := c.take(<-answered); got != "+1 ~0 -0 s0" {
		t.Error(got)
	}
	h.settled(0)
	// An empty request goes on with what was asked last, and waits like it.
	wait()
	go func() { answered <- p.send(activesync.Sync, nil) }()
	if a := <-answered; a.ok() != nil {
		t.Errorf("the request that was given up is answered with %s", dump(a.root))
	}
	h.settled(1)
	h.make("anna", mailbox.Contacts, contact("two"))
	if got := c.take(<-answered); got != "+1 ~0 -0 s0" {
		t.Error(got)
	}
	h.settled(0)
}

// TestSyncWaitEnds: when the time is up the answer is an empty one.
func TestSyncWaitEnds(t *testing.T) {
	h := open(t)
	c := h.copyAll("anna", mailbox.Contacts)
	start := time.Now()
	var looks atomic.Int64
	h.now = func() time.Time { return start.Add(time.Duration(looks.Add(1)) * time.Minute) }
	a := c.send(activesync.Sync, func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, c.key)
		w.Text(wbxml.AirSyncCollectionId, folderID(c.folder))
		w.End()
		w.End()
		w.Int(wbxml.AirSyncWait, 1)
		w.End()
	})
	if a.ok() != nil {
		t.Errorf("%s", dump(a.root))
	}
	h.settled(0)
}
