package mailbox

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entente/access"
)

// TestCreateItemOnce makes one item several times under one name: at once, after
// it was moved and changed, after it is gone, and in a folder that the caller may
// put things into and not read.
func TestCreateItemOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox, drafts := h.folder(v, Inbox), h.folder(v, Drafts)
		create := func(v *View, name string) *Item {
			t.Helper()
			it := mail("once")
			it.Arrival = name
			h.must(v.CreateItem(ctx, inbox, it))
			return it
		}
		var ids [4]ItemID
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() { ids[i] = create(h.anna(), "n1").ID })
		}
		all.Wait()
		first := create(v, "n1")
		if slices.ContainsFunc(ids[:], func(id ItemID) bool { return id != first.ID }) || create(v, "n2").ID == first.ID {
			t.Errorf("made %v and %d", ids, first.ID)
		}
		moved, err := v.MoveItems(ctx, []ItemID{first.ID}, drafts)
		h.must(err)
		h.must(moved[0].Err)
		if it := create(v, "n1"); it.ID != moved[0].ID || it.Folder != drafts || it.Change != moved[0].Change || it.Props.String(PidTagSubject) != "once" {
			t.Errorf("after the move it is %+v", it)
		}
		_, err = v.DeleteItems(ctx, []ItemID{moved[0].ID}, HardDelete)
		h.must(err)
		if it := create(v, "n1"); it.ID != first.ID || it.Change != 0 {
			t.Errorf("once it is gone it is %+v", it)
		}
		h.grant(inbox, "ben", access.Create|access.FolderVisible)
		made := create(h.ben(), "n3")
		if again := create(h.ben(), "n3"); again.ID != made.ID || again.Change != 0 || again.Props.Len() != 0 {
			t.Errorf("Ben reads %+v", again)
		}
	})
}

func TestReceived(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox := h.folder(v, Inbox)
		day := func(n int) time.Time { return time.Date(2026, 2, n, 0, 0, 0, 0, time.UTC) }
		var places []Place
		put := func(n int, private bool) {
			it := mail(fmt.Sprint(n))
			it.Props.SetTime(PidTagMessageDeliveryTime, day(n))
			if private {
				it.Props.SetInt(PidTagSensitivity, 2)
			}
			h.must(v.CreateItem(ctx, inbox, it))
			if it.Place().Received != Ticks(day(n)) {
				t.Fatalf("received %d", it.Place().Received)
			}
			places = append(places, it.Place())
		}
		for _, n := range [...]int{3, 1, 2, 2, 2, 9} {
			put(n, n == 9)
		}
		sorted := slices.Clone(places)
		slices.SortFunc(sorted, func(a, b Place) int {
			if a.Before(b) {
				return -1
			}
			return 1
		})
		last := Place{1<<63 - 1, 0}
		get := func(v *View, from, before Place, upTo ItemID, down bool, limit int, want ...Place) {
			t.Helper()
			got, err := v.Received(ctx, inbox, from, before, uint64(upTo), down, limit)
			h.must(err)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			n, err := v.CountReceived(ctx, inbox, from, before, uint64(upTo), limit)
			if h.must(err); n != len(want) {
				t.Errorf("counted %d", n)
			}
		}
		get(v, Place{}, last, 1<<40, false, 10, sorted...)
		get(v, Place{}, last, places[0].ID, false, 10, places[0])
		get(v, sorted[2], sorted[4], 1<<40, false, 10, sorted[2], sorted[3])
		get(v, Place{Received: Ticks(day(2))}, last, 1<<40, true, 3, sorted[5], sorted[4], sorted[3])
		get(v, Place{Received: Ticks(day(2))}, sorted[3], 1<<40, true, 3, sorted[2], sorted[1])
		h.grant(inbox, "ben", access.ReadAny|access.FolderVisible)
		get(h.ben(), Place{}, last, 1<<40, false, 10, sorted[:5]...)
		_, err := h.ben().Received(ctx, h.folder(v, Drafts), Place{}, last, 1<<40, false, 10)
		h.fails(err, FolderNotFound)
		_, err = v.Received(ctx, 99999, Place{}, last, 1<<40, false, 10)
		h.fails(err, FolderNotFound)
	})
}

// TestSyncPointHas follows a folder and asks at every step of a round which items
// the client has as they are.
func TestSyncPointHas(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox := h.folder(v, Inbox)
		a, b := h.put(v, inbox, "a"), h.put(v, inbox, "b")
		point, err := v.SyncPoint(ctx, inbox)
		h.must(err)
		touch := func(it *Item) *Item {
			changed, err := v.UpdateItem(ctx, it.ID, 0, 0, func(it *Item) error { it.Read = !it.Read; return nil })
			h.must(err)
			return changed
		}
		has := func(it *Item, want bool) {
			t.Helper()
			if point.Has(it) != want {
				t.Errorf("at %+v of item %d changed at %d: %v", point, it.ID, it.Change, !want)
			}
		}
		next := func(limit int) {
			t.Helper()
			page, err := v.Changes(ctx, inbox, point, limit)
			h.must(err)
			point = page.Next
		}
		has(a, true)
		a, b = touch(a), touch(b)
		c := h.put(v, inbox, "c")
		d := h.put(v, inbox, "d")
		has(a, false)
		has(c, false)
		if !point.Idle() {
			t.Error("a round is under way")
		}
		next(1) // c
		has(c, true)
		has(d, false)
		has(a, false)
		next(2) // d, a
		has(d, true)
		has(a, true)
		has(b, false)
		has(touch(a), false)
		e := h.put(v, inbox, "e")
		has(e, false)
		next(2) // b
		has(b, true)
		if !point.Idle() {
			t.Error("the round is not over")
		}
		has(e, false)
		if got, err := v.SyncPoint(ctx, h.folder(v, Calendar)); err != nil || got.Base == 0 || got.Folder != h.folder(v, Calendar) {
			t.Errorf("%+v %v", got, err)
		}
		_, err = h.ben().SyncPoint(ctx, inbox)
		h.fails(err, FolderNotFound)
	})
}

func TestItemsWithin(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox := h.folder(v, Inbox)
		var ids []ItemID
		var sizes []int64
		for i := range 4 {
			it := h.put(v, inbox, fmt.Sprint(i))
			ids, sizes = append(ids, it.ID), append(sizes, it.Size)
		}
		ids = append(ids, 99999)
		for limit, want := range map[int64]int{0: 1, sizes[0]: 1, sizes[0] + sizes[1]: 2, 1 << 30: 5} {
			list, err := v.ItemsWithin(ctx, ids, PartBody, limit)
			h.must(err)
			if len(list) != want || list[0].Item.Body == nil {
				t.Errorf("within %d bytes %d items", limit, len(list))
			}
			if want == 5 {
				h.fails(list[4].Err, ItemNotFound)
			}
		}
	})
}

func TestMovedTo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox, drafts, sent := h.folder(v, Inbox), h.folder(v, Drafts), h.folder(v, SentItems)
		it := h.put(v, inbox, "moved")
		moved, err := v.MoveItems(ctx, []ItemID{it.ID}, drafts)
		h.must(err)
		if got, err := v.MovedTo(ctx, inbox, it.ID, drafts); err != nil || got.ID != moved[0].ID {
			t.Errorf("%+v %v", got, err)
		}
		for _, c := range [...]struct {
			v        *View
			from, to FolderID
		}{{v, inbox, sent}, {v, sent, drafts}, {h.ben(), inbox, drafts}} {
			_, err := c.v.MovedTo(ctx, c.from, it.ID, c.to)
			h.fails(err, ItemNotFound)
		}
		_, err = v.MoveItems(ctx, []ItemID{moved[0].ID}, sent)
		h.must(err)
		_, err = v.MovedTo(ctx, inbox, it.ID, drafts)
		h.fails(err, ItemNotFound)
	})
}
