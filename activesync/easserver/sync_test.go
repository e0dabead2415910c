package easserver

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

func TestSyncContacts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.make("anna", mailbox.Contacts, contact("one"))
		h.make("anna", mailbox.Contacts, contact("two"))
		p := h.phone("anna", activesync.V161)
		c := p.copyOf(mailbox.Contacts)
		test := func(got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		test(c.pull(nil), "+2 ~0 -0 s0")
		c.has("one", "two")
		test(c.pull(nil), "nothing")
		h.rename("anna", one, "uno")
		three := h.make("anna", mailbox.Contacts, contact("three"))
		test(c.pull(nil), "+1 ~1 -0 s0")
		c.has("uno", "two", "three")
		h.destroy("anna", three)
		test(c.pull(nil), "+0 ~0 -1 s0")

		// What the phone does itself it is not told.
		a := c.ask(withCommands(addContact("a", "four")))
		if got := c.responses(a); !slices.Equal(got, []string{"Add a 1"}) {
			t.Errorf("responses %v", got)
		}
		id := a.collection(c.folder).Path(wbxml.AirSyncResponses, wbxml.AirSyncAdd).Get(wbxml.AirSyncServerId)
		test(c.take(a), "+0 ~0 -0 s0")
		c.items[id] = "<FirstName>four</FirstName>"
		test(c.pull(nil), "nothing")
		a = c.ask(withCommands(changeContact(id, "vier")))
		if got := c.responses(a); got != nil {
			t.Errorf("responses %v", got)
		}
		test(c.take(a), "+0 ~0 -0 s0")
		test(c.pull(nil), "nothing")
		if got := h.item("anna", number(t, id)).Props.String(mailbox.PidTagGivenName); got != "vier" {
			t.Errorf("the contact is %s", got)
		}
		test(c.pull(withCommands(deleteItems(id))), "+0 ~0 -0 s0")
		delete(c.items, id)
		test(c.pull(nil), "nothing")
		c.has("uno", "two")
		if h.count("anna", mailbox.Contacts) != 2 || h.count("anna", mailbox.DeletedItems) != 1 {
			t.Error("the contact is not where deleted ones go")
		}
	})
}

func TestSyncMail(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := time.Now()
		var ids []mailbox.ItemID
		for _, s := range names("m", 7) {
			ids = append(ids, h.make("anna", mailbox.Inbox, letter(s, now.Add(-time.Hour+time.Duration(len(ids))*time.Minute))))
		}
		c := h.phone("anna", activesync.V141).copyOf(mailbox.Inbox)
		test := func(got, want string, more bool) {
			t.Helper()
			if got != want || c.more != more {
				t.Errorf("%s, more %v; want %s", got, c.more, want)
			}
		}
		if n := c.estimate(); n != "7" {
			t.Errorf("estimated %s", n)
		}
		test(c.pull(windowed(3)), "+3 ~0 -0 s0", true)
		c.has("m6", "m5", "m4") // the latest first
		// While the first synchronization goes on, what is new comes first, and what
		// happens to mail that is still to come is no matter.
		h.make("anna", mailbox.Inbox, letter("new", now))
		h.edit("anna", ids[0], func(it *mailbox.Item) { it.Read = true })
		h.edit("anna", ids[5], func(it *mailbox.Item) { it.Read = true })
		h.destroy("anna", ids[1])
		if n := c.estimate(); n != "5" {
			t.Errorf("estimated %s", n)
		}
		test(c.pull(windowed(3)), "+2 ~1 -0 s0", true)
		c.has("new", "m6", "m5", "m4", "m3")
		test(c.pull(windowed(3)), "+2 ~0 -0 s0", false)
		c.has("new", "m6", "m5", "m4", "m3", "m2", "m0")
		if !strings.Contains(c.items[c.id("m5")], "<Read>1<") || !strings.Contains(c.items[c.id("m0")], "<Read>1<") {
			t.Error("mail that was read is not")
		}
		test(c.pull(nil), "nothing", false)
		h.edit("anna", ids[6], func(it *mailbox.Item) { it.Read = true })
		a := c.ask(nil)
		data := a.collection(c.folder).Path(wbxml.AirSyncCommands, wbxml.AirSyncChange, wbxml.AirSyncApplicationData)
		if dump(data) != "<ApplicationData><Read>1</Read></ApplicationData>" {
			t.Errorf("a message that was read is told by %s", dump(data))
		}
		test(c.take(a), "+0 ~1 -0 s0", false)
		// Something that is no mail is left out.
		h.make("anna", mailbox.Inbox, contact("stray"))
		test(c.pull(nil), "nothing", false)
	})
}

// TestSyncLost: an answer is lost and the request repeated, again and again; with
// the same ids, nothing twice.
func TestSyncLost(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.make("anna", mailbox.Contacts, contact("one"))
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		c.all()
		request := withCommands(func(w *wbxml.Writer) {
			addContact("a", "two")(w)
			changeContact(c.id("one"), "uno")(w)
		})
		h.make("anna", mailbox.Contacts, contact("three"))
		first := c.ask(request)
		c.ask(request)
		h.make("anna", mailbox.Contacts, contact("four"))
		third := c.ask(request)
		serverID := func(a *reply) string {
			return a.collection(c.folder).Path(wbxml.AirSyncResponses, wbxml.AirSyncAdd).Get(wbxml.AirSyncServerId)
		}
		if serverID(first) != serverID(third) || serverID(first) == "" {
			t.Errorf("added as %s and as %s", serverID(first), serverID(third))
		}
		if got := c.take(third); got != "+2 ~0 -0 s0" {
			t.Errorf("repeated: %s", got)
		}
		c.items[serverID(third)] = "<FirstName>two</FirstName>"
		if got := c.pull(nil); got != "nothing" {
			t.Errorf("after it %s", got)
		}
		if n := h.count("anna", mailbox.Contacts); n != 4 {
			t.Errorf("%d contacts", n)
		}
	})
}

// TestSyncEitherAnswer: of two answers to one key the phone got the first, which
// was on its way when it asked again.
func TestSyncEitherAnswer(t *testing.T) {
	h := open(t)
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
	c.all()
	h.make("anna", mailbox.Contacts, contact("one"))
	first := c.ask(nil)
	h.make("anna", mailbox.Contacts, contact("two"))
	c.ask(nil)
	c.take(first)
	c.has("one")
	if got := c.pull(nil); got != "+1 ~0 -0 s0" {
		t.Error(got)
	}
	c.has("one", "two")
}

// TestSyncAddAgain: under keys that follow one another and after a new beginning a
// ClientId names what says the same, and something else names another.
func TestSyncAddAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		add := func(client, name string) string {
			t.Helper()
			a := c.ask(withCommands(addContact(client, name)))
			x := a.collection(c.folder)
			c.key = x.Get(wbxml.AirSyncSyncKey)
			return x.Path(wbxml.AirSyncResponses, wbxml.AirSyncAdd).Get(wbxml.AirSyncServerId)
		}
		first := add("1", "one")
		c.begin(nil)
		if again := add("1", "one"); again != first {
			t.Errorf("one is %s and %s", first, again)
		}
		if other := add("1", "two"); other == first {
			t.Error("two is one")
		}
		// Edited while the answer was lost, it is the same.
		key := c.key
		draft := add("3", "three")
		c.key = key
		if again := add("3", "drei"); again != draft || h.item("anna", number(t, draft)).Props.String(mailbox.PidTagGivenName) != "drei" {
			t.Errorf("three is %s and %s", draft, again)
		}
		// What was deleted meanwhile is added nowhere, and goes from the phone.
		h.destroy("anna", number(t, first))
		c.begin(nil)
		a := c.ask(withCommands(addContact("1", "one")))
		if got := c.responses(a); !slices.Equal(got, []string{"Add 1 1"}) {
			t.Errorf("responses %v", got)
		}
		c.items = map[string]string{}
		if got := c.take(a); got != "+2 ~0 -1 s0" {
			t.Errorf("what was deleted: %s", got)
		}
		if n := h.count("anna", mailbox.Contacts); n != 2 {
			t.Errorf("%d contacts", n)
		}
	})
}

// TestSyncConflict changes one contact at both ends.
func TestSyncConflict(t *testing.T) {
	h := open(t)
	id := h.make("anna", mailbox.Contacts, contact("one"))
	for _, c := range [...]struct {
		conflict   int64
		want, name string
	}{{1, "[Change ID 7]", "server1"}, {0, "[]", "phone0"}} {
		p := h.copyAll("anna", mailbox.Contacts)
		name := "server" + string('0'+rune(c.conflict))
		h.rename("anna", id, name)
		a := p.ask(func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncOptions)
			w.Int(wbxml.AirSyncConflict, c.conflict)
			w.End()
			withCommands(changeContact(itemID(p.folder, id), "phone"+string('0'+rune(c.conflict))))(w)
		})
		got := strings.ReplaceAll(strings.Join(p.responses(a), " "), itemID(p.folder, id), "ID")
		if "["+got+"]" != c.want {
			t.Errorf("conflict %d: %s", c.conflict, got)
		}
		p.take(a)
		if got := h.item("anna", id).Props.String(mailbox.PidTagGivenName); got != c.name {
			t.Errorf("the contact is %s", got)
		}
		if c.conflict == 1 {
			p.has(c.name)
		}
	}
}

// copyAll is a complete copy of a phone's.
func (h *house) copyAll(who string, in mailbox.DistinguishedName) *copied {
	h.Helper()
	c := h.phone(who, activesync.V161).copyOf(in)
	c.all()
	return c
}

func TestSyncStatuses(t *testing.T) {
	h := open(t)
	c := h.copyAll("anna", mailbox.Contacts)
	status := func(a *reply) string {
		t.Helper()
		if s := a.ok().Get(wbxml.AirSyncStatus); s != "" {
			return s + " " + a.root.Get(wbxml.AirSyncLimit)
		}
		return a.root.Path(wbxml.AirSyncCollections, wbxml.AirSyncCollection).Get(wbxml.AirSyncStatus)
	}
	root := func(write func(w *wbxml.Writer)) *reply {
		return c.send(activesync.Sync, func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncSync)
			write(w)
			w.End()
		})
	}
	one := func(folder, key string, more func(w *wbxml.Writer)) func(w *wbxml.Writer) {
		return func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncCollections)
			w.Start(wbxml.AirSyncCollection)
			w.Text(wbxml.AirSyncSyncKey, key)
			w.Text(wbxml.AirSyncCollectionId, folder)
			if more != nil {
				more(w)
			}
			w.End()
			w.End()
		}
	}
	with := func(tag wbxml.Tag, n int64) func(w *wbxml.Writer) {
		return func(w *wbxml.Writer) {
			one(folderID(c.folder), c.key, nil)(w)
			w.Int(tag, n)
		}
	}
	id := folderID(c.folder)
	for name, x := range map[string]struct {
		want  string
		write func(w *wbxml.Writer)
	}{
		"a key that never was":  {"3", one(id, "1", nil)},
		"a key that is no key":  {"3", one(id, "{c3}7", nil)},
		"no such folder":        {"12", one("99999", "0", nil)},
		"no id of a folder":     {"12", one("RI", "0", nil)},
		"no folder for phones":  {"12", one(folderID(h.folder("anna", mailbox.SyncIssues)), "0", nil)},
		"changes with key 0":    {"4", one(id, "0", func(w *wbxml.Writer) { w.Empty(wbxml.AirSyncGetChanges) })},
		"commands with key 0":   {"4", one(id, "0", withCommands(addContact("x", "x")))},
		"an Add without a name": {"4", one(id, c.key, withCommands(addContact("", "x")))},
		"no collection":         {"4 ", func(w *wbxml.Writer) { w.Start(wbxml.AirSyncCollections); w.End() }},
		"nothing at all":        {"4 ", func(w *wbxml.Writer) {}},
		"a short wait":          {"14 1", with(wbxml.AirSyncWait, 0)},
		"a long wait":           {"14 59", with(wbxml.AirSyncWait, 60)},
		"a short heartbeat":     {"14 60", with(wbxml.AirSyncHeartbeatInterval, 59)},
		"a long heartbeat":      {"14 3540", with(wbxml.AirSyncHeartbeatInterval, 3541)},
		"both":                  {"4 ", func(w *wbxml.Writer) { with(wbxml.AirSyncWait, 1)(w); w.Int(wbxml.AirSyncHeartbeatInterval, 60) }},
		"too many": {"15 300", func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncCollections)
			for i := range 301 {
				w.Start(wbxml.AirSyncCollection)
				w.Text(wbxml.AirSyncSyncKey, "0")
				w.Text(wbxml.AirSyncCollectionId, folderID(mailbox.FolderID(i+1)))
				w.End()
			}
			w.End()
		}},
		"one twice": {"4 ", func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncCollections)
			for range 2 {
				w.Start(wbxml.AirSyncCollection)
				w.Text(wbxml.AirSyncSyncKey, "0")
				w.Text(wbxml.AirSyncCollectionId, id)
				w.End()
			}
			w.End()
		}},
	} {
		if got := status(root(x.write)); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	// Nothing of that has harmed the copy.
	if got := c.pull(nil); got != "nothing" {
		t.Error(got)
	}
	missing := itemID(c.folder, 99999)
	a := c.ask(withCommands(func(w *wbxml.Writer) {
		changeContact(missing, "x")(w)
		deleteItems(missing, "nonsense")(w)
		w.Start(wbxml.AirSyncFetch)
		w.Text(wbxml.AirSyncServerId, missing)
		w.End()
	}))
	if got := c.responses(a); !slices.Equal(got, []string{"Change " + missing + " 8", "Fetch " + missing + " 8"}) {
		t.Errorf("responses %v", got)
	}
}

// TestSyncEmpty: a request without a body is the one before; what is partial has
// the rest from there.
func TestSyncEmpty(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V141)
	p.send(activesync.Sync, nil).is(13)
	partial := func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Empty(wbxml.AirSyncPartial)
		w.Int(wbxml.AirSyncWindowSize, 5)
		w.End()
	}
	p.send(activesync.Sync, partial).is(13)
	c := p.copyOf(mailbox.Contacts)
	c.all()
	if got := c.pull(windowed(2)); got != "nothing" {
		t.Fatal(got)
	}
	for range 2 {
		if a := p.send(activesync.Sync, nil); a.ok() != nil {
			t.Errorf("nothing changed: %s", dump(a.root))
		}
	}
	for _, s := range names("c", 3) {
		h.make("anna", mailbox.Contacts, contact(s))
	}
	p.send(activesync.Sync, nil) // its answer is lost
	if got := c.take(p.send(activesync.Sync, nil)); got != "+2 ~0 -0 s0" || !c.more {
		t.Errorf("the same request again: %s, %v", got, c.more)
	}
	c.all()
	c.has(names("c", 3)...)
	c.pull(nil)
	if a := p.send(activesync.Sync, partial); a.ok() != nil {
		t.Errorf("nothing changed: %s", dump(a.root))
	}
	// A request that changes something cannot be gone on with.
	c.take(c.ask(withCommands(addContact("x", "x"))))
	p.send(activesync.Sync, nil).is(13)
}

// TestSyncOptionsStay: what a phone said of a collection counts until it says
// something else.
func TestSyncOptionsStay(t *testing.T) {
	h := open(t)
	now := time.Now()
	h.make("anna", mailbox.Inbox, letter("old", now.AddDate(0, 0, -9)))
	h.make("anna", mailbox.Inbox, letter("new", now))
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Inbox)
	said := func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncOptions)
		w.Int(wbxml.AirSyncFilterType, 3)
		w.Start(wbxml.AirSyncBaseBodyPreference)
		w.Int(wbxml.AirSyncBaseType, 1)
		w.Int(wbxml.AirSyncBaseTruncationSize, 4)
		w.End()
		w.End()
	}
	c.pull(said)
	c.has("new")
	h.make("anna", mailbox.Inbox, letter("older", now.AddDate(0, 0, -8)))
	h.make("anna", mailbox.Inbox, letter("newer", now))
	c.pull(nil)
	c.has("new", "newer")
	for _, s := range [...]string{"new", "newer"} {
		if data := c.items[c.id(s)]; !strings.Contains(data, "text") || strings.Contains(data, "text of") {
			t.Errorf("the body is not cut: %s", data)
		}
	}
	// Other options replace all of them.
	c.pull(filtered(0))
	c.has("new", "newer", "old", "older")
	if data := c.items[c.id("old")]; !strings.Contains(data, "text of old") {
		t.Errorf("the body is cut: %s", data)
	}
}

// TestSyncRestored: after a restore every state is invalid, once.
func TestSyncRestored(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.make("anna", mailbox.Contacts, contact("one"))
		c := h.copyAll("anna", mailbox.Contacts)
		h.must(h.store.RenewReplicas(context.WithoutCancel(t.Context()), "first"))
		if got := c.pull(nil); got != "status 3" {
			t.Error(got)
		}
		c.begin(nil)
		c.all()
		c.has("one")
	})
}

// TestSyncTwoPhones: what one writes the other is told.
func TestSyncTwoPhones(t *testing.T) {
	h := open(t)
	a, b := h.phone("anna", activesync.V161), h.phone("anna", activesync.V161)
	b.id = "anotherphone"
	one, two := a.copyOf(mailbox.Contacts), b.copyOf(mailbox.Contacts)
	one.all()
	two.all()
	one.pull(withCommands(addContact("1", "one")))
	two.pull(withCommands(addContact("1", "two")))
	two.has("one")
	if got := one.pull(nil); got != "+1 ~0 -0 s0" {
		t.Error(got)
	}
	one.has("two")
}
