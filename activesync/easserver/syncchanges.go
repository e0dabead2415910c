package easserver

import (
	"errors"
	"slices"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Bounds of the work for one collection of one request. What is not done by then
// is done for the next one: there is more.
const (
	readAtOnce  = 1 << 20 // bytes of items held at once
	itemsAtOnce = 64
	maxPages    = 64
)

// changes tells the phone what it has not got: first what an earlier answer had no
// room for, then what changed since, and then what its filter lets in or no longer
// does. So what is new comes before the rest of a first synchronization.
func (y *collectionSync) changes() error {
	if err := y.begin(); err != nil {
		return err
	}
	if err := y.tellOwed(); err != nil {
		return err
	}
	if len(y.st.owed) > 0 {
		y.more = true
		return nil
	}
	if err := y.followAll(); err != nil || !y.st.point.Idle() {
		return err
	}
	return y.filter()
}

// begin settles, when a phone asks for changes first, how its collection is
// followed. Mail is, with or without a filter, read by the time of its arrival, the
// latest first, and a calendar or task list with a filter is gone through;
// everything else is followed from its beginning.
func (y *collectionSync) begin() error {
	st := &y.st
	if st.begun {
		return nil
	}
	st.begun, st.filter, y.moved = true, y.o.filter, true
	if !y.mail() && y.o.filter == filterNone {
		st.all = true
		return nil
	}
	point, err := y.view.SyncPoint(y.ctx, y.in.folder)
	if err != nil {
		return err
	}
	if point.Replica == 0 { // followed by what is granted, which has no filter
		st.all, st.lowest, st.have = true, 0, mailbox.Place{}
		return nil
	}
	st.point = point
	if !y.mail() {
		st.scanning, st.swept = true, cutOf(y.o.filter, y.s.Now())
	}
	return nil
}

// followAll tells what changed since the phone's point. A round that an earlier
// answer began ends where it was cut then, and so another follows it.
func (y *collectionSync) followAll() error {
	for pages := 0; ; pages++ {
		begins := y.st.point.Idle()
		if y.full() || pages == maxPages {
			page, err := y.view.Changes(y.ctx, y.in.folder, y.st.point, 1)
			if y.more = len(page.List) > 0 || !page.Last; y.more || err != nil {
				return err
			}
			y.st.point = page.Next
			if begins {
				return y.settle()
			}
			continue
		}
		page, err := y.view.Changes(y.ctx, y.in.folder, y.st.point, y.room)
		if err != nil {
			return err
		}
		y.moved = y.moved || len(page.List) > 0 || page.Next.Phase != y.st.point.Phase
		y.st.point = page.Next
		if err := y.follow(page.List); err != nil {
			return err
		}
		if len(y.st.owed) > 0 {
			y.more = true
			return nil
		}
		if page.Last && begins {
			return y.settle()
		}
	}
}

// follow tells of a page of changes. What the answer has no room for is owed.
func (y *collectionSync) follow(list []mailbox.Change) error {
	verbs := make([]verb, len(list))
	whole, light := y.newFeed(), y.newFeed()
	whole.parts = y.class.parts(&y.o)
	for i := range list {
		switch verbs[i] = y.first(&list[i]); verbs[i] {
		case verbRead:
			whole.ids = append(whole.ids, list[i].ID)
		case verbLook:
			light.ids = append(light.ids, list[i].ID)
		case verbNone:
			y.passed(&list[i])
		}
	}
	for i := range list {
		e, v, it := &list[i], verbs[i], list[i].Item
		if v != verbNone && v != verbDelete && e.Item == nil && y.heavy() {
			y.st.owed = append(y.st.owed, owed{e.ID, e.Kind})
			continue
		}
		if it == nil && (v == verbRead || v == verbLook) {
			feed := whole
			if v == verbLook {
				feed = light
			}
			var err error
			if it, err = feed.next(e.ID); err != nil {
				return err
			}
			if it == nil {
				continue // it is gone meanwhile, of which the next round tells
			}
		}
		if v == verbRead || v == verbLook {
			v = y.judge(e, it)
		}
		y.tell(v, e, it)
	}
	return nil
}

// A verb is what becomes of a change.
type verb uint8

const (
	verbNone verb = iota
	verbRead      // the item is to be read first
	verbLook      // its properties are
	verbAdd
	verbChange
	verbFlag
	verbDelete
	verbSoftDelete
)

// first says what becomes of a change as far as it can be said without the item.
func (y *collectionSync) first(e *mailbox.Change) verb {
	if e.Item != nil {
		return verbRead
	}
	st, k := &y.st, y.st.find(e.ID)
	if e.Kind == mailbox.Deleted {
		if e.One {
			return verbDelete
		}
		_, present := st.holds(e.ID)
		switch {
		case k != nil && k.what&knownGone != 0:
			return verbNone
		case y.mail() && e.ID < st.lowest && k == nil, !y.mail() && !st.all && !present && k == nil:
			return verbNone
		}
		return verbDelete
	}
	switch {
	case k != nil && k.change == e.Change:
		return verbNone
	case !y.class.shown(&mailbox.Item{Class: e.Class}):
		return verbNone
	case e.Kind != mailbox.ReadFlag:
		return verbRead
	case !y.mail():
		return verbNone // there is no such flag
	case st.have.Received == 0 && !st.missing(e.ID):
		return verbFlag
	case e.ID < st.lowest:
		return verbNone
	}
	return verbLook
}

// passed forgets what the phone knew ahead of its point once the point has passed
// it. Of mail that is still to be gone through it is known until that is done.
func (y *collectionSync) passed(e *mailbox.Change) {
	k := y.st.find(e.ID)
	if k == nil || k.what&knownNew != 0 && y.gathering() {
		return
	}
	if e.Kind == mailbox.Deleted && k.what&knownGone != 0 || e.Kind != mailbox.Deleted && k.change == e.Change {
		y.st.unlearn(e.ID)
	}
}

// judge says what becomes of a change of an item.
func (y *collectionSync) judge(e *mailbox.Change, it *mailbox.Item) verb {
	st, k := &y.st, y.st.find(e.ID)
	if !y.class.shown(it) || it.Folder != y.in.folder {
		return verbNone
	}
	isNew := e.Kind == mailbox.Created && (k == nil || k.what&knownNew == 0)
	switch {
	case e.Item != nil || st.everything() && !y.mail():
	case y.mail():
		if it.Place().Before(st.have) && (k == nil || k.what&knownNew == 0) {
			return verbNone // it lies before the filter, or is still to come
		}
	default:
		_, present := st.holds(e.ID)
		switch {
		case !passes(st.filter, cutOf(st.filter, y.s.Now()), it):
			if present || st.all && e.Kind != mailbox.Created {
				return verbSoftDelete
			}
			return verbNone
		case present:
			isNew = false
		case e.Kind != mailbox.Created:
			isNew = !st.all
		}
	}
	switch {
	case isNew || st.missing(e.ID):
		return verbAdd
	case e.Kind == mailbox.ReadFlag:
		return verbFlag
	}
	return verbChange
}

// tell tells of one change.
func (y *collectionSync) tell(v verb, e *mailbox.Change, it *mailbox.Item) {
	switch v {
	case verbAdd:
		y.tellItem(wbxml.AirSyncAdd, it)
	case verbChange:
		y.tellItem(wbxml.AirSyncChange, it)
	case verbFlag:
		read := e.Read
		if it != nil {
			read = it.Read
		}
		y.tellFlag(e.ID, read)
	case verbDelete:
		y.tellGone(wbxml.AirSyncDelete, serverID(y.in.folder, e.ID, e.Day, e.One))
		y.st.unlearn(e.ID)
		y.st.sent(e.ID)
		y.st.leave(e.ID)
		return
	case verbSoftDelete:
		y.tellGone(wbxml.AirSyncSoftDelete, itemID(y.in.folder, e.ID))
		y.st.leave(e.ID)
		return
	}
	if it == nil || v == verbNone || e.Item != nil {
		return
	}
	if !y.mail() {
		y.enter(it.ID)
	}
	// What was read may be newer than the change. The next round is not to tell of
	// it again.
	if p := &y.st.point; it.Change > max(p.Base, p.Horizon) && len(y.st.known) < maxKnown && !y.st.missing(it.ID) {
		y.st.learn(it.ID, it.Change, 0)
	}
}

// enter notes that the phone has an item of a filtered collection. A phone for
// which the list grows too long gets everything, and the list is kept until it has.
func (y *collectionSync) enter(id mailbox.ItemID) {
	if len(y.st.present) >= maxPresent {
		y.st.wide = true
	}
	if len(y.st.present) < maxWide {
		y.st.enter(id)
	}
}

// settle forgets, once a round is over, what the phone knew ahead of it. An item
// that came by a command of its own and was in no page is gone again: the mailbox
// tells of no item that came and went between two rounds.
func (y *collectionSync) settle() error {
	st := &y.st
	var ids []mailbox.ItemID
	gathering := y.gathering()
	st.known = slices.DeleteFunc(st.known, func(k known) bool {
		switch {
		case k.what&knownNew != 0 && uint64(k.id) <= st.point.Base:
			if !gathering {
				ids = append(ids, k.id)
			}
			return !gathering
		case k.what&knownNew != 0:
			return false
		}
		return k.change <= st.point.Base
	})
	for some := range slices.Chunk(ids, itemsAtOnce) {
		y.moved = true
		list, err := y.view.Items(y.ctx, some, 0)
		if err != nil {
			return err
		}
		for i, r := range list {
			if r.Err != nil || r.Item.Folder != y.in.folder {
				y.tell(verbDelete, &mailbox.Change{Kind: mailbox.Deleted, ID: some[i]}, nil)
			}
		}
	}
	return nil
}

// tellOwed tells what an earlier answer had no room for.
func (y *collectionSync) tellOwed() error {
	owes := y.st.owed
	if len(owes) == 0 {
		return nil
	}
	feed := y.newFeed()
	feed.parts = y.class.parts(&y.o)
	for _, o := range owes {
		feed.ids = append(feed.ids, o.id)
	}
	for i, o := range owes {
		if y.full() {
			y.st.owed = owes[i:]
			return nil
		}
		it, err := feed.next(o.id)
		if err != nil {
			return err
		}
		if it != nil {
			e := &mailbox.Change{Kind: o.kind, ID: o.id, Change: it.Change, Class: it.Class}
			y.tell(y.judge(e, it), e, it)
		}
	}
	y.st.owed, y.moved = nil, true
	return nil
}

// A feed reads items one after the other, of which it holds no more than fit into
// readAtOnce.
type feed struct {
	*collectionSync
	parts mailbox.Parts
	ids   []mailbox.ItemID // those to come
	read  []mailbox.Result // of which the first were read
}

func (y *collectionSync) newFeed() *feed { return &feed{collectionSync: y} }

// next returns the next item, which is that with an id; nil if it is not there, or
// not for the caller.
func (f *feed) next(id mailbox.ItemID) (*mailbox.Item, error) {
	for f.ids[0] != id {
		f.pop()
	}
	if len(f.read) == 0 {
		var err error
		f.read, err = f.view.ItemsWithin(f.ctx, f.ids[:min(len(f.ids), itemsAtOnce)], f.parts, readAtOnce)
		if err != nil {
			return nil, err
		}
	}
	r := f.read[0]
	f.pop()
	var e *entente.Error
	if r.Err != nil && !errors.As(r.Err, &e) {
		return nil, r.Err
	}
	return r.Item, nil
}

func (f *feed) pop() {
	f.ids = f.ids[1:]
	if len(f.read) > 0 {
		f.read[0] = mailbox.Result{} // what was told is held no longer
		f.read = f.read[1:]
	}
}

// gathering reports whether mail that the phone is to have has not been gone
// through yet.
func (y *collectionSync) gathering() bool {
	return y.state.class == activesync.Email && y.target().Before(y.st.have)
}
