package mailbox

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"entente/access"
)

// A client follows a folder as a sync protocol's client does, and objects to
// being told what makes no sense.
type client struct {
	h      *house
	who    string
	folder FolderID
	point  SyncPoint
	limit  int
	has    map[ItemID]uint64 // and its change number
	told   []ChangeKind
	exact  bool // object to creations of what it has
}

func (c *client) follow() {
	c.h.Helper()
	c.told = nil
	for range 1000 {
		b := c.point.Append(nil)
		p, err := ParseSyncPoint(b)
		c.h.must(err)
		page, err := c.h.open(c.who, annas).Changes(c.h.Context(), c.folder, p, c.limit)
		c.h.must(err)
		if len(page.List) > c.limit {
			c.h.Fatalf("a page of %d, asked for %d", len(page.List), c.limit)
		}
		for _, ch := range page.List {
			c.take(ch)
		}
		c.point = page.Next
		if page.Last {
			return
		}
	}
	c.h.Fatal("no end of pages")
}

func (c *client) take(ch Change) {
	c.h.Helper()
	c.told = append(c.told, ch.Kind)
	_, has := c.has[ch.ID]
	switch {
	case ch.Kind == Deleted:
		delete(c.has, ch.ID)
		return
	case ch.Kind == Created && has && c.exact:
		c.h.Fatalf("item %d was created twice", ch.ID)
	case ch.Kind != Created && !has:
		c.h.Fatalf("item %d was changed (%d) before it was created", ch.ID, ch.Kind)
	}
	c.has[ch.ID] = ch.Change
}

// there is what the folder holds.
func (h *house) there(folder FolderID, private bool) map[ItemID]uint64 {
	h.Helper()
	there := map[ItemID]uint64{}
	var zero SyncPoint
	page, err := h.anna().Changes(h.Context(), folder, zero, 1<<20)
	h.must(err)
	for _, ch := range page.List {
		it, err := h.anna().Item(h.Context(), ch.ID, 0)
		h.must(err)
		if private || !it.Private() {
			there[ch.ID] = it.Change
		}
	}
	return there
}

func TestChangesByKind(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		c := &client{h: h, who: "anna", folder: inbox, limit: 100, has: map[ItemID]uint64{}, exact: true}
		step := func(want ...ChangeKind) {
			t.Helper()
			c.follow()
			if !slices.Equal(c.told, want) {
				t.Errorf("told %v, want %v", c.told, want)
			}
		}
		update := func(id ItemID, f func(*Item)) {
			t.Helper()
			_, err := v.UpdateItem(ctx, id, 0, 0, func(it *Item) error { f(it); return nil })
			h.must(err)
		}
		a, b := h.put(v, inbox, "a"), h.put(v, inbox, "b")
		step(Created, Created)
		step()
		update(a.ID, func(it *Item) { it.Read = true })
		step(ReadFlag)
		update(a.ID, func(it *Item) { it.Props.SetString(PidTagSubject, "A") })
		update(a.ID, func(it *Item) { it.Read = false })
		step(Updated)
		_, err := v.DeleteItems(ctx, []ItemID{b.ID}, MoveToDeletedItems)
		h.must(err)
		step(Deleted)
		fleeting := h.put(v, inbox, "fleeting")
		_, err = v.DeleteItems(ctx, []ItemID{fleeting.ID}, HardDelete)
		h.must(err)
		step()
		fresh := h.put(v, inbox, "fresh")
		update(fresh.ID, func(it *Item) { it.Read = true })
		step(Created)
		hidden := &Item{Class: "IPM.Configuration.X", Associated: true}
		h.must(v.CreateItem(ctx, inbox, hidden))
		step()
		all, err := v.Changes(ctx, inbox, SyncPoint{Associated: true}, 100)
		h.must(err)
		if len(all.List) != 3 {
			t.Errorf("with associated items: %v", all.List)
		}
	})
}

// TestChangesUnderWay changes a folder at random between the pages of two
// clients and looks whether each ends with what is there.
func TestChangesUnderWay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox, other := h.folder(v, Inbox), h.folder(v, Drafts)
		h.grant(inbox, "ben", access.LevelReviewer)
		r := rand.New(rand.NewPCG(1, 2))
		clients := []*client{
			{h: h, who: "anna", folder: inbox, limit: 2, has: map[ItemID]uint64{}, exact: true},
			{h: h, who: "anna", folder: inbox, limit: 7, has: map[ItemID]uint64{}, exact: true},
			{h: h, who: "ben", folder: inbox, limit: 3, has: map[ItemID]uint64{}},
		}
		var ids []ItemID
		act := func() {
			switch n := r.IntN(10); {
			case n < 4 || len(ids) == 0:
				ids = append(ids, h.put(v, inbox, fmt.Sprint(len(ids))).ID)
			case n < 7:
				id := ids[r.IntN(len(ids))]
				_, err := v.UpdateItem(ctx, id, 0, 0, func(it *Item) error {
					switch r.IntN(3) {
					case 0:
						it.Read = !it.Read
					case 1:
						it.Props.SetString(PidTagSubject, fmt.Sprint(r.Int()))
					case 2:
						s, _ := it.Props.Int(PidTagSensitivity)
						it.Props.SetInt(PidTagSensitivity, 2-s)
					}
					return nil
				})
				h.must(err)
			default:
				i, to := r.IntN(len(ids)), []FolderID{inbox, other}[r.IntN(2)]
				moved, err := v.MoveItems(ctx, []ItemID{ids[i]}, to)
				h.must(err)
				if n == 9 {
					_, err := v.DeleteItems(ctx, []ItemID{moved[0].ID}, HardDelete)
					h.must(err)
					ids = slices.Delete(ids, i, i+1)
					return
				}
				ids[i] = moved[0].ID
			}
		}
		for range 12 {
			for range r.IntN(12) {
				act()
			}
			for _, c := range clients { // some pages, with changes between them
				for range r.IntN(3) {
					page, err := h.open(c.who, annas).Changes(ctx, inbox, c.point, c.limit)
					h.must(err)
					for _, ch := range page.List {
						c.take(ch)
					}
					c.point = page.Next
					act()
				}
			}
		}
		for _, c := range clients {
			c.follow()
			c.follow() // what changed during the last round
			if want := h.there(inbox, c.who == "anna"); !maps.Equal(c.has, want) {
				t.Errorf("%s with pages of %d has %v, there is %v", c.who, c.limit, c.has, want)
			}
		}
	})
}

func TestPrivateItemsFollowRights(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		h.grant(inbox, "ben", access.LevelReviewer)
		secret := mail("secret")
		secret.Props.SetInt(PidTagSensitivity, 2)
		h.must(v.CreateItem(ctx, inbox, secret))
		h.put(v, inbox, "open")
		c := &client{h: h, who: "ben", folder: inbox, limit: 10, has: map[ItemID]uint64{}}
		c.follow()
		if len(c.has) != 1 {
			t.Errorf("Ben has %v", c.has)
		}
		c.point.Private = true // as if he had been shown it before
		c.has[secret.ID] = secret.Change
		c.follow()
		if len(c.has) != 1 || !slices.Equal(c.told, []ChangeKind{Deleted}) {
			t.Errorf("Ben has %v, was told %v", c.has, c.told)
		}
		a := &client{h: h, who: "anna", folder: inbox, limit: 10, has: map[ItemID]uint64{}, point: c.point}
		a.follow()
		if !slices.Equal(a.told, []ChangeKind{Created}) {
			t.Errorf("with new rights told %v", a.told)
		}
	})
}

func TestSyncPointsThatCannotBeContinued(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		h.put(v, inbox, "a")
		page, err := v.Changes(ctx, inbox, SyncPoint{}, 10)
		h.must(err)
		point := page.Next
		try := func(name string, change func(*SyncPoint)) {
			t.Helper()
			p := point
			change(&p)
			_, err := v.Changes(ctx, inbox, p, 10)
			if err == nil {
				t.Fatalf("%s was continued", name)
			}
			h.fails(err, SyncStateInvalid)
		}
		try("another folder", func(p *SyncPoint) { p.Folder = h.folder(v, Drafts) })
		try("another replica", func(p *SyncPoint) { p.Replica++ })
		try("the future", func(p *SyncPoint) { p.Base = 1 << 40 })
		try("a horizon in the future", func(p *SyncPoint) { p.Phase, p.Horizon = phaseChanged, 1<<40 })
		_, err = h.ben().Changes(ctx, inbox, point, 10)
		h.fails(err, FolderNotFound)
		h.must(h.store.RenewReplicas(ctx, database))
		try("a restored mailbox", func(*SyncPoint) {})
	})
}

func TestDeletionsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.store.limits.Tombstones = 10
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		page, err := v.Changes(ctx, inbox, SyncPoint{}, 10)
		h.must(err)
		for range 70 {
			it := h.put(v, inbox, "x")
			_, err := v.DeleteItems(ctx, []ItemID{it.ID}, HardDelete)
			h.must(err)
		}
		_, err = v.Changes(ctx, inbox, page.Next, 10)
		h.fails(err, SyncStateInvalid)
		_, err = v.Changes(ctx, inbox, SyncPoint{}, 10)
		h.must(err)
	})
}

func TestHierarchyChanges(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		inbox := h.folder(h.anna(), Inbox)
		points := map[string]HierarchyPoint{}
		test := func(who string, created, updated []string, deleted int) {
			t.Helper()
			p := points[who]
			p, err := ParseHierarchyPoint(p.Append(nil))
			h.must(err)
			c, err := h.open(who, annas).HierarchyChanges(ctx, 0, p)
			h.must(err)
			if !slices.Equal(names(c.Created), created) || !slices.Equal(names(c.Updated), updated) || len(c.Deleted) != deleted {
				t.Errorf("%s: created %v, updated %v, deleted %v", who, names(c.Created), names(c.Updated), c.Deleted)
			}
			points[who] = c.Next
		}
		first, err := h.anna().HierarchyChanges(ctx, 0, HierarchyPoint{})
		h.must(err)
		if n := len(first.Created); n != 20 {
			t.Errorf("%d folders: %v", n, names(first.Created))
		}
		points["anna"] = first.Next
		test("ben", nil, nil, 0)
		test("anna", nil, nil, 0)
		f, err := h.anna().CreateFolder(ctx, inbox, NewFolder{Name: "new"})
		h.must(err)
		h.put(h.anna(), f.ID, "content is no change of the tree")
		test("anna", []string{"new"}, nil, 0)
		h.grant(f.ID, "ben", access.LevelReviewer)
		test("anna", nil, []string{"new"}, 0)
		test("ben", []string{"new"}, nil, 0)
		_, err = h.anna().UpdateFolder(ctx, f.ID, 0, func(f *Folder) error { f.Name = "newer"; return nil })
		h.must(err)
		test("ben", nil, []string{"newer"}, 0)
		h.grant(f.ID, "ben", access.LevelNone)
		test("ben", nil, nil, 1)
		h.must(h.anna().DeleteFolder(ctx, f.ID, HardDelete))
		test("anna", nil, nil, 1)
		test("ben", nil, nil, 0)
	})
}
