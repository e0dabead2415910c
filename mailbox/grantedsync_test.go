package mailbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
)

// A follower of grants keeps what a client would have: subjects by item and day.
type grantee struct {
	*house
	folder FolderID
	point  SyncPoint
	has    map[SeenItem]string
	page   int // changes a page
}

// sync follows to the end and says what came: created, updated, deleted.
func (g *grantee) sync() string {
	g.Helper()
	var n [5]int
	for {
		changes, err := g.ben().Changes(context.Background(), g.folder, g.point, g.page)
		g.must(err)
		for _, c := range changes.List {
			n[c.Kind]++
			k := SeenItem{ID: c.ID, Day: c.Day, One: c.One}
			if _, had := g.has[k]; had != (c.Kind != Created) {
				g.Fatalf("%+v, and the client has it: %v", c, had)
			}
			if c.Kind == Deleted {
				delete(g.has, k)
				continue
			}
			it := c.Item
			if it == nil { // by a right on the folder
				it, err = g.ben().Item(context.Background(), c.ID, AllParts)
				g.must(err)
			}
			g.has[k] = shown(it)
		}
		if g.point, err = ParseSyncPoint(changes.Next.Append(nil)); err != nil {
			g.Fatal(err)
		}
		if changes.Last {
			return fmt.Sprint(n[Created], n[Updated], n[Deleted])
		}
	}
}

func TestGrantedChanges(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		var items []*Item
		for i := range 5 {
			items = append(items, h.appoint(cal, single(fmt.Sprint("talk ", i), march3.Add(time.Duration(i)*time.Hour), time.Hour)))
		}
		series := h.appoint(cal, weekly(t))
		day := calendar.NewDate(2026, 3, 9)
		rename := func(it *Item, to string) {
			t.Helper()
			_, err := h.anna().UpdateItem(ctx, it.ID, 0, 0, func(it *Item) error { it.Props.SetString(PidTagSubject, to); return nil })
			h.must(err)
		}
		grant := func(f access.Fields, keys ...access.ItemKey) { h.grants(access.ItemGrant{Items: keys, Read: f}) }
		g := &grantee{house: h, folder: cal, has: map[SeenItem]string{}, page: 2}
		test := func(name, want string) {
			t.Helper()
			if got := g.sync(); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		subject, both := access.FieldSubject, access.FieldSubject|access.FieldTime
		grant(subject, key(items[0]), key(items[1]), key(series, day))
		test("at first", "3 0 0")
		test("nothing", "0 0 0")
		rename(items[4], "not his business")
		h.appoint(cal, single("new", march3, time.Hour))
		test("others change", "0 0 0")
		rename(items[0], "his business")
		test("his changes", "0 1 0")
		_, err := h.anna().UpdateOccurrence(ctx, series.ID, calendar.NewDate(2026, 3, 16), 0, 0, func(it *Item) error {
			it.Props.SetString(PidTagSubject, "another day")
			return nil
		})
		h.must(err)
		test("another day of the series", "0 0 0")
		grant(subject, key(items[0]), key(items[1]), key(items[2]), key(series, day))
		test("a new grant", "1 0 0")
		grant(subject, key(items[1]), key(items[2]))
		test("the end of two", "0 0 2")
		grant(both, key(items[1]), key(items[2]))
		test("more is shown", "0 2 0")
		_, err = h.anna().DeleteItems(ctx, []ItemID{items[1].ID}, HardDelete)
		h.must(err)
		test("deleted", "0 0 1")

		// A right on the folder, and its end: nothing is there twice, or left.
		h.grant(cal, "ben", access.LevelReviewer)
		test("the whole folder", "6 0 1")
		h.grant(cal, "ben", 0)
		_, err = h.ben().Changes(ctx, cal, g.point, 10)
		h.fails(err, SyncStateInvalid)
		g.point, g.has = SyncPoint{}, map[SeenItem]string{}
		test("begins again", "1 0 0")

		// States of others, and of another time.
		for _, p := range []SyncPoint{
			{Limited: true, Replica: g.point.Replica + 1, Folder: cal},
			{Limited: true, Replica: g.point.Replica, Folder: cal + 1},
		} {
			_, err = h.ben().Changes(ctx, cal, p, 10)
			h.fails(err, SyncStateInvalid)
		}
		h.grants()
		_, err = h.ben().Changes(ctx, cal, g.point, 10)
		h.fails(err, FolderNotFound)
	})
}

func FuzzLimitedPoint(f *testing.F) {
	p := SyncPoint{Limited: true, Replica: 7, Folder: 9, Associated: true, Seen: []SeenItem{
		{ID: 3, Mark: 1}, {ID: 3, One: true, Day: -4, Mark: 2}, {ID: 3, One: true, Day: 20000, Mark: 2}, {ID: 1 << 40, Mark: 1<<32 - 1},
	}}
	f.Add(p.Append(nil))
	f.Add([]byte{limitedVersion, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseSyncPoint(b)
		if err != nil {
			return
		}
		back, err := ParseSyncPoint(p.Append(nil))
		if err != nil || back.Limited != p.Limited || !slices.Equal(back.Seen, p.Seen) || back.Folder != p.Folder {
			t.Fatalf("%+v\n%+v %v", p, back, err)
		}
	})
}

// A grantee sees the same by every way, whatever is granted and whatever changes:
// by lists, by synchronization, item by item, and as it should be.
func TestGrantedModel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		cal := h.folder(h.anna(), Calendar)
		var items []*Item
		for i := range 12 {
			it := dressed(fmt.Sprint("talk", i))
			if i%3 == 0 {
				it = &Item{}
				h.must(it.SetEvent(weekly(t), PartBody|PartRecipients))
			}
			h.must(h.anna().CreateItem(ctx, cal, it))
			items = append(items, it)
		}
		days := []calendar.Date{calendar.NewDate(2026, 3, 2), calendar.NewDate(2026, 3, 9), calendar.NewDate(2026, 3, 16)}
		g := &grantee{house: h, folder: cal, has: map[SeenItem]string{}, page: 3}
		for round := range 25 {
			grants := h.someGrants(r, items, days)
			h.grants(grants...)
			h.someEdits(r, items, days)
			want := h.model(grants, items, days)
			if len(want) == 0 {
				_, err := h.ben().Changes(ctx, cal, g.point, 10)
				h.fails(err, FolderNotFound)
				continue
			}
			p, err := h.ben().Find(ctx, Query{Folder: cal, Parts: AllParts})
			h.must(err)
			found := map[SeenItem]string{}
			for _, it := range p.Items {
				found[it.seen(0)] = shown(it)
			}
			g.sync()
			if p.Total != len(want) || !maps.Equal(found, want) || !maps.Equal(g.has, want) {
				t.Fatalf("round %d: found\n%v\nsynchronized\n%v", round, unlike(found, want), unlike(g.has, want))
			}
			for k, text := range want {
				one := h.openOne(k)
				if got := shown(one); got != text {
					t.Fatalf("round %d: opened\n%s\nwant\n%s", round, got, text)
				}
			}
		}
	})
}

// unlike is where two views differ.
func unlike(got, want map[SeenItem]string) string {
	var b strings.Builder
	for k := range want {
		if got[k] != want[k] {
			fmt.Fprintf(&b, "%v:\n%s\nwant\n%s", k, got[k], want[k])
		}
	}
	for k := range got {
		if want[k] == "" {
			fmt.Fprintf(&b, "%v:\n%s\nwant nothing\n", k, got[k])
		}
	}
	return b.String()
}

// openOne opens an item, or an occurrence, as Ben.
func (h *house) openOne(k SeenItem) *Item {
	h.Helper()
	if !k.One {
		it, err := h.ben().Item(context.Background(), k.ID, AllParts)
		h.must(err)
		return it
	}
	c, err := h.ben().Occurrence(context.Background(), k.ID, k.Day, AllParts)
	h.must(err)
	return c.Item
}

func (h *house) someGrants(r *rand.Rand, items []*Item, days []calendar.Date) []access.ItemGrant {
	var grants []access.ItemGrant
	for range r.IntN(4) {
		g := access.ItemGrant{Read: access.Fields(r.IntN(int(access.AllFields) + 1))}
		for range r.IntN(4) {
			if it := items[r.IntN(len(items))]; r.IntN(3) == 0 {
				g.Items = append(g.Items, key(it, days[r.IntN(len(days))]))
			} else {
				g.Items = append(g.Items, key(it))
			}
		}
		grants = append(grants, g)
	}
	return grants
}

// someEdits are changes by the owner.
func (h *house) someEdits(r *rand.Rand, items []*Item, days []calendar.Date) {
	h.Helper()
	for range r.IntN(4) {
		it := items[r.IntN(len(items))]
		text := fmt.Sprint("changed", r.IntN(1000))
		edit := func(it *Item) error {
			switch r.IntN(3) {
			case 0:
				it.Props.SetString(PidTagSubject, text)
			case 1:
				it.Props.SetString(PidLidLocation, text)
			default:
				it.Body, it.Parts = &Body{Text: []byte(text)}, it.Parts|PartBody
			}
			return nil
		}
		if it.Props.Has(propSeries) && r.IntN(2) == 0 {
			_, err := h.anna().UpdateOccurrence(context.Background(), it.ID, days[r.IntN(len(days))], 0, PartBody|PartRecipients, edit)
			h.must(err)
			continue
		}
		_, err := h.anna().UpdateItem(context.Background(), it.ID, 0, PartBody|PartRecipients, edit)
		h.must(err)
	}
}

// model says what Ben should see, from the grants and what Anna sees.
func (h *house) model(grants []access.ItemGrant, items []*Item, days []calendar.Date) map[SeenItem]string {
	h.Helper()
	fields := func(k access.ItemKey) (f access.Fields) {
		for _, g := range grants {
			for _, on := range g.Items {
				if on.Content == k.Content && (on.Day == 0 || on.Day == k.Day) {
					f |= g.Read
				}
			}
		}
		return f
	}
	out := map[SeenItem]string{}
	for _, it := range items {
		whole, err := h.anna().Item(context.Background(), it.ID, AllParts)
		h.must(err)
		if f := fields(key(it)); f != 0 {
			out[SeenItem{ID: it.ID}] = h.visible(whole, f, false)
			continue
		}
		if !it.Props.Has(propSeries) {
			continue
		}
		for _, d := range days {
			if f := fields(key(it, d)); f != 0 {
				one, err := h.anna().Occurrence(context.Background(), it.ID, d, AllParts)
				h.must(err)
				out[SeenItem{ID: it.ID, Day: d, One: true}] = h.visible(one.Item, f, true)
			}
		}
	}
	return out
}

// visible is what an item shows of some fields, written down another way than
// mask does it: lines that are not granted are struck out of all there are.
func (h *house) visible(it *Item, f access.Fields, alone bool) string {
	c := *it
	c.Attachments, c.MIME, c.Size, c.Article = nil, nil, 0, 0
	c.Props = it.Props.Clone()
	c.Props.SetBool(PidTagHasAttachments, false)
	if !f.Has(access.FieldBody) {
		c.Body = nil
	}
	if !f.Has(access.FieldAttendees) {
		c.Recipients = nil
	}
	if e, err := it.Event(h.store.zones); err == nil && e.Recurrence != nil && !alone {
		var kept []calendar.Exception
		for _, x := range e.Exceptions {
			x = maskException(&x, f)
			if at := e.OriginalTime(x.Original); x.Changed != 0 || !at.Start.Equal(x.Start) || !at.End.Equal(x.End) {
				kept = append(kept, x)
			}
		}
		e.Exceptions = kept
		c.Props.SetBytes(propSeries, encodeSeries(e))
	}
	if alone {
		c.Props.Delete(seriesProps[:]...)
		c.Created, c.Modified = time.Time{}, time.Time{}
	}
	var out []string
	for line := range strings.Lines(shown(&c)) {
		var p Prop
		if n, _ := fmt.Sscanf(line, "0x%08X ", (*uint32)(&p)); n == 1 {
			always := p == PidTagMessageClass || p == PidTagHasAttachments || p == PidTagCreationTime && !alone || p == PidTagLastModificationTime && !alone
			if !always && (!f.Has(FieldsOf(p)) || p == PidTagMessageSize || p == PidTagInternetArticleNumber) {
				continue
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// Whatever is done with an item that is not granted, in a folder where others are,
// it is as if there were none; and nothing is changed.
func TestUngranted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		mine := dressed("granted")
		hers := dressed("hidden")
		hers.Attachments = []Attachment{{Name: "a", Content: []byte("b")}}
		for _, it := range []*Item{mine, hers} {
			h.must(h.anna().CreateItem(ctx, cal, it))
		}
		series := h.appoint(cal, weekly(t))
		sub, err := h.anna().CreateFolder(ctx, cal, NewFolder{Name: "sub"})
		h.must(err)
		own := h.folder(h.open("ben", bens), Inbox)
		day := calendar.NewDate(2026, 3, 9)
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(mine), key(series, calendar.NewDate(2026, 3, 16))}, Read: access.AllFields, Write: access.AllFields})
		before := counter(t, h)
		one := func(done []Moved, err error) error {
			if err != nil {
				return err
			}
			return done[0].Err
		}
		change := func(*Item) error { return nil }
		calls := map[string]func(v *View, id ItemID) error{
			"Item": func(v *View, id ItemID) error { _, err := v.Item(ctx, id, AllParts); return err },
			"Items": func(v *View, id ItemID) error {
				r, err := v.Items(ctx, []ItemID{id}, 0)
				return errors.Join(err, r[0].Err)
			},
			"Occurrence":       func(v *View, id ItemID) error { _, err := v.Occurrence(ctx, id, day, 0); return err },
			"OccurrenceDay":    func(v *View, id ItemID) error { _, err := v.OccurrenceDay(ctx, id, 1); return err },
			"UpdateItem":       func(v *View, id ItemID) error { _, err := v.UpdateItem(ctx, id, 0, 0, change); return err },
			"UpdateOccurrence": func(v *View, id ItemID) error { _, err := v.UpdateOccurrence(ctx, id, day, 0, 0, change); return err },
			"DeleteOccurrence": func(v *View, id ItemID) error { _, err := v.DeleteOccurrence(ctx, id, day, 0); return err },
			"UpdateGranted": func(v *View, id ItemID) error {
				_, err := v.UpdateGranted(ctx, GrantedChange{Item: id}, change)
				return err
			},
			"UpdateGranted day": func(v *View, id ItemID) error {
				_, err := v.UpdateGranted(ctx, GrantedChange{Item: id, Day: &day}, change)
				return err
			},
			"MoveItems":         func(v *View, id ItemID) error { return one(v.MoveItems(ctx, []ItemID{id}, own)) },
			"CopyItems":         func(v *View, id ItemID) error { return one(v.CopyItems(ctx, []ItemID{id}, own)) },
			"DeleteItems":       func(v *View, id ItemID) error { return one(v.DeleteItems(ctx, []ItemID{id}, HardDelete)) },
			"AttachmentContent": func(v *View, id ItemID) error { _, _, err := v.AttachmentContent(ctx, id, 1); return err },
			"AttachmentItem":    func(v *View, id ItemID) error { _, _, err := v.AttachmentItem(ctx, id, 1); return err },
			"AddAttachments":    func(v *View, id ItemID) error { _, err := v.AddAttachments(ctx, id, 0, []Attachment{{}}); return err },
			"DeleteAttachments": func(v *View, id ItemID) error { _, err := v.DeleteAttachments(ctx, id, 0, []uint32{1}); return err },
			"ItemKeys":          func(v *View, id ItemID) error { _, err := v.ItemKeys(ctx, ItemSelector{Item: id}); return err },
		}
		grantee := map[string]bool{"Item": true, "Items": true, "UpdateGranted": true, "Occurrence": true, "OccurrenceDay": true}
		for name, call := range calls {
			absent := call(h.ben(), 987654)
			for what, id := range map[string]ItemID{"hidden": hers.ID, "a series of which a day is granted": series.ID} {
				if err := call(h.ben(), id); err == nil || err.Error() != absent.Error() || !errorIs(err, entente.NotFound) {
					t.Errorf("%s of %s: %v, want %v", name, what, err, absent)
				}
			}
			// What is granted is known, and no more may be done with it.
			if err := call(h.ben(), mine.ID); !grantee[name] && !errorIs(err, entente.Denied) && !errorIs(err, entente.NotFound) && !errorIs(err, entente.Invalid) {
				t.Errorf("%s of what is granted: %v", name, err)
			}
		}
		folders := map[string]func(v *View, id FolderID) error{
			"CreateItem":   func(v *View, id FolderID) error { return v.CreateItem(ctx, id, mail("x")) },
			"CreateFolder": func(v *View, id FolderID) error { _, err := v.CreateFolder(ctx, id, NewFolder{Name: "x"}); return err },
			"UpdateFolder": func(v *View, id FolderID) error {
				_, err := v.UpdateFolder(ctx, id, 0, func(*Folder) error { return nil })
				return err
			},
			"CopyFolder":     func(v *View, id FolderID) error { _, err := v.CopyFolder(ctx, id, own); return err },
			"EmptyFolder":    func(v *View, id FolderID) error { return v.EmptyFolder(ctx, id, HardDelete, false) },
			"MarkAllRead":    func(v *View, id FolderID) error { return v.MarkAllRead(ctx, id, true) },
			"SetPermissions": func(v *View, id FolderID) error { _, err := v.SetPermissions(ctx, id, nil); return err },
			"configuration":  func(v *View, id FolderID) error { _, err := v.UserConfiguration(ctx, id, "x"); return err },
		}
		for name, call := range folders {
			if err := call(h.ben(), cal); !errorIs(err, entente.Denied) {
				t.Errorf("%s where something is granted: %v", name, err)
			}
			absent := call(h.ben(), 987654)
			if err := call(h.ben(), sub.ID); err == nil || err.Error() != absent.Error() || !errorIs(err, entente.NotFound) {
				t.Errorf("%s where nothing is: %v, want %v", name, err, absent)
			}
		}
		if after := counter(t, h); after != before {
			t.Errorf("the counter went from %d to %d", before, after)
		}
	})
}
