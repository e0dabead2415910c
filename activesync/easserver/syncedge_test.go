package easserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// TestSyncVersions takes every version through a first synchronization, an estimate,
// a change from each side and a filter.
func TestSyncVersions(t *testing.T) {
	for _, v := range activesync.Versions() {
		t.Run(v.String(), func(t *testing.T) {
			h := open(t)
			now := time.Now()
			h.make("anna", mailbox.Inbox, letter("new", now))
			h.make("anna", mailbox.Inbox, letter("old", now.AddDate(0, 0, -9)))
			h.make("anna", mailbox.Contacts, contact("one"))
			p := h.phone("anna", v)
			p.tree()
			in, people := p.copyOf(mailbox.Inbox), p.copyOf(mailbox.Contacts)
			count := func(want string, write func(w *wbxml.Writer)) {
				t.Helper()
				a := p.send(activesync.GetItemEstimate, func(w *wbxml.Writer) {
					w.Start(wbxml.GetItemEstimateGetItemEstimate)
					w.Start(wbxml.GetItemEstimateCollections)
					w.Start(wbxml.GetItemEstimateCollection)
					write(w)
					w.End()
					w.End()
					w.End()
				})
				r := a.ok().Child(wbxml.GetItemEstimateResponse)
				if got := r.Get(wbxml.GetItemEstimateStatus) + " " + r.Child(wbxml.GetItemEstimateCollection).Get(wbxml.GetItemEstimateEstimate); got != want {
					t.Errorf("estimated %s, want %s", got, want)
				}
			}
			of := func(folder mailbox.FolderID, key string) func(w *wbxml.Writer) {
				return func(w *wbxml.Writer) {
					if v < activesync.V140 { // the filter stands alone, before the key
						w.Text(wbxml.GetItemEstimateClass, "Email")
						w.Text(wbxml.GetItemEstimateCollectionId, folderID(folder))
						w.Int(wbxml.AirSyncFilterType, 3)
						w.Text(wbxml.AirSyncSyncKey, key)
						return
					}
					w.Text(wbxml.AirSyncSyncKey, key)
					w.Text(wbxml.GetItemEstimateCollectionId, folderID(folder))
					filtered(3)(w)
				}
			}
			count("1 1", of(in.folder, in.key))
			count("4 ", of(in.folder, "12345"))
			count("3 ", of(in.folder, "0"))
			count("3 ", of(h.folder("anna", mailbox.Drafts), "5"))
			count("2 ", func(w *wbxml.Writer) {
				w.Text(wbxml.AirSyncSyncKey, in.key)
				w.Text(wbxml.GetItemEstimateCollectionId, "RI")
			})
			in.pull(filtered(3))
			in.has("new")
			in.all()
			people.all()
			people.has("one")
			a := people.ask(withCommands(func(w *wbxml.Writer) {
				addContact("c", "two")(w)
				w.Start(wbxml.AirSyncFetch)
				w.Text(wbxml.AirSyncServerId, people.id("one"))
				w.End()
			}))
			if got := people.responses(a); len(got) != 2 || got[0] != "Add c 1" || got[1] != "Fetch "+people.id("one")+" 1" {
				t.Errorf("responses %v", got)
			}
			people.take(a)
			in.pull(withCommands(func(w *wbxml.Writer) {
				w.Start(wbxml.AirSyncChange)
				w.Text(wbxml.AirSyncServerId, in.id("new"))
				w.Start(wbxml.AirSyncApplicationData)
				w.Bool(wbxml.EmailRead, true)
				w.End()
				w.End()
			}))
			if !h.item("anna", number(t, in.id("new"))).Read {
				t.Error("it was not read")
			}
			if got := in.pull(nil); got != "nothing" {
				t.Error(got)
			}
		})
	}
}

// TestSyncWide: a phone for which the list of what passes its filter would grow too
// long gets everything.
func TestSyncWide(t *testing.T) {
	h := open(t)
	now := time.Now()
	h.make("anna", mailbox.Calendar, event("past", now.AddDate(-1, 0, 0)))
	h.make("anna", mailbox.Calendar, event("today", now))
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Calendar)
	c.each = filtered(4)
	c.all()
	c.has("today")
	s := c.state()
	st := &s.stands[len(s.stands)-1]
	for i := len(st.present); i < maxPresent; i++ {
		st.present = append(st.present, mailbox.ItemID(1<<40+i))
	}
	a, _ := h.door.Directory.Snapshot().FindSID(h.sids["anna"])
	h.must(h.view("anna").SetClientState(context.WithoutCancel(t.Context()), "eas "+string(a.SID)+" "+c.phone.id,
		mailbox.ClientState{Name: stateName(c.folder), Value: s.appendState(nil)}))
	h.make("anna", mailbox.Calendar, event("tomorrow", now.AddDate(0, 0, 1)))
	c.all()
	c.all()
	if data := fmt.Sprint(c.items); !strings.Contains(data, ">past<") || !strings.Contains(data, ">tomorrow<") || len(c.items) != 3 {
		t.Errorf("the phone has %v", c.items)
	}
	s = c.state()
	if st := s.stands[len(s.stands)-1]; !st.all || len(st.present) > 0 {
		t.Error("a list is kept all the same")
	}
}

// TestSyncAtOnce: a phone asks the same several times at once.
func TestSyncAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		c.all()
		add := withCommands(addContact("c", "one"))
		var all sync.WaitGroup
		var mu sync.Mutex
		var ids, keys []string
		for range 8 {
			all.Go(func() {
				x := c.ask(add).collection(c.folder)
				mu.Lock()
				defer mu.Unlock()
				ids = append(ids, x.Path(wbxml.AirSyncResponses, wbxml.AirSyncAdd).Get(wbxml.AirSyncServerId))
				keys = append(keys, x.Get(wbxml.AirSyncSyncKey))
			})
		}
		all.Wait()
		slices.Sort(ids)
		slices.Sort(keys)
		if len(slices.Compact(ids)) != 1 || len(slices.Compact(keys)) != 8 || h.count("anna", mailbox.Contacts) != 1 {
			t.Errorf("ids %v, keys %v", ids, keys)
		}
		if n := len(c.state().stands); n != 1+maxAhead {
			t.Errorf("%d stands are kept", n)
		}
		if len(h.handler.turns.phones) != 0 {
			t.Error("turns are left")
		}
	})
}

// TestSyncUploads: of a phone that writes and never asks for anything, what it knows
// ahead of its point does not grow, and later it is told of what others did alone.
func TestSyncUploads(t *testing.T) {
	h := open(t)
	c := h.copyAll("anna", mailbox.Contacts)
	for i := range 30 {
		if i == 20 {
			h.make("anna", mailbox.Contacts, contact("theirs"))
		}
		a := c.ask(func(w *wbxml.Writer) {
			w.Text(wbxml.AirSyncGetChanges, "0")
			withCommands(addContact(fmt.Sprint(i), fmt.Sprint("mine", i)))(w)
		})
		if a.collection(c.folder).Has(wbxml.AirSyncCommands) {
			t.Fatal("it is told what it did not ask")
		}
		c.take(a)
		s := c.state()
		if n := len(s.stands[len(s.stands)-1].known); i < 20 && n > 0 || n > 11 {
			t.Fatalf("after %d, %d are known", i, n)
		}
	}
	if got := c.pull(nil); got != "+1 ~0 -0 s0" {
		t.Error(got)
	}
	c.has("theirs")
}

// TestSyncPoisonFiltered: an event that could not be written comes as an Add once it
// can be.
func TestSyncPoisonFiltered(t *testing.T) {
	h := open(t)
	bad := &poisoned{class: h.handler.classes[activesync.Calendar]}
	word := "bad"
	bad.word.Store(&word)
	h.handler.classes[activesync.Calendar] = bad
	id := h.make("anna", mailbox.Calendar, event("bad", time.Now()))
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Calendar)
	c.each = filtered(4)
	c.all()
	c.has()
	bad.word.Store(nil)
	h.edit("anna", id, func(it *mailbox.Item) { it.Props.SetString(mailbox.PidTagSubject, "well") })
	c.all()
	c.has("well")
}
