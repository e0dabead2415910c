package easserver

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// A full state, for what reads states.
func someState() *syncState {
	s := newSyncState(activesync.Calendar, options{
		filter: 4, conflict: 1, mimeTrunc: 8, bodies: []bodyPreference{{kind: 1, truncate: 512, preview: 9}, {kind: 4, truncate: -1, allOrNone: true}},
		partBodies: []bodyPreference{{kind: 2, truncate: 7}}, rights: true, supported: map[wbxml.Tag]bool{wbxml.CalendarSubject: true},
	})
	next := s.stands[0].clone()
	next.begun, next.scanning, next.all, next.wide = true, true, true, true
	next.point = mailbox.SyncPoint{Replica: 7, Folder: 9, Base: 100, BaseArticle: 3}
	next.scan = mailbox.SyncPoint{Replica: 7, Folder: 9}
	next.have, next.lowest, next.swept = mailbox.Place{Received: 12345, ID: 6}, 5, 77
	next.present, next.unsent = []mailbox.ItemID{3, 8, 200}, []mailbox.ItemID{9}
	next.learn(8, 120, knownNew)
	next.learn(4, 2, knownGone)
	next.owed = []owed{{8, mailbox.Updated}}
	next.digests = []digest{{8, 1 << 31}}
	next.adds, next.wrote = []added{{1 << 40, 3, 8}}, []written{{8, 120}}
	s.answered(s.serial, next)
	s.answered(s.stands[0].key, next.clone())
	return s
}

func TestSyncState(t *testing.T) {
	s := someState()
	b := s.appendState(nil)
	got, err := parseState(b)
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", s) {
		t.Fatalf("%v\n%+v\n%+v", err, got, s)
	}
	for i := range b {
		if _, err := parseState(b[:i]); err == nil {
			t.Errorf("its first %d bytes are a state", i)
		}
	}
	if _, err := parseState(append(slices.Clone(b), 0)); err == nil {
		t.Error("with something after it, it is one")
	}
}

// TestSyncStateSize: what is kept of a folder of mail does not grow with it.
func TestSyncStateSize(t *testing.T) {
	h := open(t)
	h.letters(600)
	c := h.copyAll("anna", mailbox.Inbox)
	if n := len(c.state().appendState(nil)); n > 300 {
		t.Errorf("%d bytes for 600 mails", n)
	}
}

func FuzzSyncState(f *testing.F) {
	f.Add(someState().appendState(nil))
	f.Add(newSyncState(activesync.Email, defaultOptions()).appendState(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		again, err := parseState(s.appendState(nil))
		if err != nil || !bytes.Equal(again.appendState(nil), s.appendState(nil)) {
			t.Errorf("%v of %x", err, b)
		}
	})
}

func FuzzHierarchyState(f *testing.F) {
	s := newHierarchyState()
	s.answered(0, hierarchyStand{folders: []keptFolder{{3, 1}, {9, 2}}})
	s.answered(s.serial, hierarchyStand{folders: []keptFolder{{3, 1}}})
	f.Add(s.appendState(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseHierarchy(b)
		if err != nil {
			return
		}
		if again, err := parseHierarchy(s.appendState(nil)); err != nil || !bytes.Equal(again.appendState(nil), s.appendState(nil)) {
			t.Errorf("%v of %x", err, b)
		}
	})
}

func FuzzCachedSync(f *testing.F) {
	r := syncRequest{window: 5, collections: []syncCollection{{name: "7", folder: 7, key: "12", getChanges: true, window: 3}}}
	f.Add(r.appendCached(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := parseCached(b)
		if r == nil {
			return
		}
		if again := parseCached(r.appendCached(nil)); again == nil || !again.sameCached(r.appendCached(nil)) {
			t.Errorf("%x", b)
		}
	})
}

// FuzzSyncDocument sends documents of any kind to Sync and to the commands of
// folders: there is always an answer.
func FuzzSyncDocument(f *testing.F) {
	h := open(f)
	h.make("anna", mailbox.Contacts, contact("one"))
	p := h.phone("anna", activesync.V161)
	c := p.copyOf(mailbox.Contacts)
	f.Add(uint8(0), syncBody(c.folder, "0", 5))
	f.Add(uint8(0), syncBody(c.folder, c.key, 5))
	f.Add(uint8(0), document161(func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, c.key)
		w.Text(wbxml.AirSyncCollectionId, folderID(c.folder))
		w.Empty(wbxml.AirSyncGetChanges)
		filtered(3)(w)
		withCommands(func(w *wbxml.Writer) {
			addContact("x", "y")(w)
			changeContact(itemID(c.folder, 29), "z")(w)
			deleteItems(itemID(c.folder, 30))(w)
		})(w)
		w.End()
		w.End()
		w.End()
	}))
	f.Add(uint8(0), document161(func(w *wbxml.Writer) { w.Start(wbxml.AirSyncSync); w.Empty(wbxml.AirSyncPartial); w.End() }))
	f.Add(uint8(1), folderSyncBody("0"))
	f.Add(uint8(2), document161(func(w *wbxml.Writer) {
		w.Start(wbxml.FolderHierarchyFolderCreate)
		w.Text(wbxml.FolderHierarchySyncKey, "1")
		w.Text(wbxml.FolderHierarchyParentId, "0")
		w.Text(wbxml.FolderHierarchyDisplayName, "n")
		w.Text(wbxml.FolderHierarchyType, "12")
		w.End()
	}))
	f.Add(uint8(5), document161(func(w *wbxml.Writer) {
		w.Start(wbxml.MoveMoveItems)
		w.Start(wbxml.MoveMove)
		w.Text(wbxml.MoveSrcMsgId, itemID(c.folder, 29))
		w.Text(wbxml.MoveSrcFldId, folderID(c.folder))
		w.Text(wbxml.MoveDstFldId, "16")
		w.End()
		w.End()
	}))
	all := [...]activesync.Command{
		activesync.Sync, activesync.FolderSync, activesync.FolderCreate, activesync.FolderUpdate, activesync.FolderDelete,
		activesync.MoveItems, activesync.GetItemEstimate,
	}
	f.Fuzz(func(t *testing.T, n uint8, doc []byte) {
		if bytes.Contains(doc, []byte{0x24 | 0x40}) || bytes.Contains(doc, []byte{0x29 | 0x40}) {
			return // it might wait
		}
		h.TB = t
		w := httptest.NewRecorder()
		h.guarded.ServeHTTP(w, p.request(all[int(n)%len(all)], contentType, doc))
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge:
		default:
			t.Fatalf("HTTP %d: %s", w.Code, w.Body)
		}
		if w.Body.Len() > 0 && w.Header().Get("Content-Type") == contentType {
			if _, err := wbxml.Parse(w.Body.Bytes(), wbxml.Limits{Depth: 64, Elements: 1 << 22}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzSyncSteps has a phone, a lossy network and somebody else work on one folder:
// whatever they do, nothing is there twice, and in the end both have the same.
func FuzzSyncSteps(f *testing.F) {
	h := open(f)
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte("0CC0C")) // a round that an answer cut is followed by the next one
	f.Add([]byte("\x00\x08\x10\x02\x0a\x03\x00\x08\x05\x06\x07\x01\x04\x0c\x14"))
	f.Add(bytes.Repeat([]byte{0, 3, 9, 2, 17, 6, 4, 7, 12, 1}, 4))
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 60 {
			return
		}
		h.TB = t
		ctx := context.Background()
		folder := h.makeFolder("anna", h.folder("anna", mailbox.Contacts), mailbox.NewFolder{Name: "f", Class: "IPF.Contact"})
		p := h.phone("anna", activesync.V161)
		defer func() {
			h.must(h.view("anna").DeleteFolder(ctx, folder, mailbox.HardDelete))
			a, _ := h.door.Directory.Snapshot().FindSID(h.sids["anna"])
			h.must(h.view("anna").ForgetClient(ctx, "eas "+string(a.SID)+" "+p.id))
		}()
		c := p.copyOfFolder(folder)
		c.each = windowed(2)
		walk(h, c, steps)
		for range 20 {
			if c.pull(nil); c.key == "0" {
				c.begin(nil)
				c.more = true
			}
			if !c.more {
				break
			}
		}
		page, err := h.view("anna").Find(ctx, mailbox.Query{Folder: folder})
		h.must(err)
		seen := map[string]bool{}
		for _, it := range page.Items {
			name := it.Props.String(mailbox.PidTagGivenName)
			if strings.HasPrefix(name, "add") && seen[name] {
				t.Errorf("%s is there twice after %x", name, steps)
			}
			seen[name] = true
			if data := c.items[itemID(folder, it.ID)]; !strings.Contains(data, ">"+name+"<") {
				t.Errorf("%s is %q on the phone after %x", name, data, steps)
			}
		}
		if len(page.Items) != len(c.items) {
			t.Errorf("the phone has %v, and there are %d, after %x", c.items, len(page.Items), steps)
		}
	})
}

// walk does what bytes say. Each Add has a name of its own, so that one that is
// there twice shows.
func walk(h *house, c *copied, steps []byte) {
	h.Helper()
	ctx := context.Background()
	ids := func() []mailbox.ItemID {
		page, err := h.view("anna").Find(ctx, mailbox.Query{Folder: c.folder, Sort: []mailbox.SortKey{{Prop: mailbox.PidTagInternetArticleNumber}}})
		h.must(err)
		var list []mailbox.ItemID
		for _, it := range page.Items {
			list = append(list, it.ID)
		}
		return list
	}
	pick := func(b byte) (mailbox.ItemID, bool) {
		list := ids()
		if len(list) == 0 {
			return 0, false
		}
		return list[int(b)%len(list)], true
	}
	for n, b := range steps {
		id, some := pick(b >> 3)
		switch b % 8 {
		case 0: // the phone adds, and asks as often as the network loses the answer
			name := "add" + strconv.Itoa(n)
			more := withCommands(addContact(strconv.Itoa(n), name))
			for range b >> 6 {
				c.ask(more)
			}
			took(c, c.ask(more), "<A>"+name+"</A>")
		case 1: // it changes what it has, and the other does too
			if data := c.items[itemID(c.folder, id)]; some && data != "" {
				if b>>7 != 0 {
					h.rename("anna", id, "both"+strconv.Itoa(n))
				}
				name := "changed" + strconv.Itoa(n)
				more := withCommands(changeContact(itemID(c.folder, id), name))
				for range b >> 6 & 1 {
					c.ask(more)
				}
				c.items[itemID(c.folder, id)] = "<A>" + name + "</A>"
				took(c, c.ask(more), "")
			}
		case 2:
			if _, has := c.items[itemID(c.folder, id)]; some && has {
				more := withCommands(deleteItems(itemID(c.folder, id)))
				for range b >> 6 {
					c.ask(more)
				}
				delete(c.items, itemID(c.folder, id))
				took(c, c.ask(more), "")
			}
		case 3:
			it := contact("their" + strconv.Itoa(n))
			h.must(h.view("anna").CreateItem(ctx, c.folder, it))
		case 4:
			if some {
				h.rename("anna", id, "renamed"+strconv.Itoa(n))
			}
		case 5:
			if some {
				h.destroy("anna", id)
			}
		case 6: // an answer is lost
			c.ask(nil)
		case 7:
			took(c, c.ask(nil), "")
		}
	}
}

// took takes an answer in which what the phone added has a ServerId now.
func took(c *copied, a *reply, data string) {
	c.Helper()
	if a.ok() != nil {
		for e := range a.collection(c.folder).Child(wbxml.AirSyncResponses).All(wbxml.AirSyncAdd) {
			if e.Get(wbxml.AirSyncStatus) == "1" {
				c.items[e.Get(wbxml.AirSyncServerId)] = data
			}
		}
	}
	if c.take(a); c.key == "0" {
		c.begin(nil)
	}
}
