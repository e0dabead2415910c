package easserver

import (
	"slices"

	"entente/activesync/wbxml"
	"entente/mailbox"
)

// scanAtOnce is how many items of a calendar or task list are looked through for a
// filter at once.
const scanAtOnce = 256

// filter brings what the phone has, which is up to date, to what its filter is to
// let through by now.
func (y *collectionSync) filter() error {
	st := &y.st
	switch {
	case y.full() && y.mail():
		return y.mailLeft()
	case y.mail():
		return y.filterMail()
	case st.point.Limited:
		return nil
	}
	if st.wide { // since just now, perhaps
		y.o.filter = filterNone
	}
	cut := cutOf(y.o.filter, y.s.Now())
	if !st.scanning && st.filter != y.o.filter {
		st.scanning, st.scan, st.filter, st.swept, y.moved = true, mailbox.SyncPoint{}, y.o.filter, cut, true
	}
	switch {
	case st.scanning && y.full():
		y.more = true
	case st.scanning:
		return y.scanAll()
	case cut > st.swept:
		return y.sweep(cut)
	}
	return nil
}

// target is the place from which on the phone is to have mail.
func (y *collectionSync) target() mailbox.Place {
	if y.st.point.Limited {
		return mailbox.Place{}
	}
	return mailbox.Place{Received: cutOf(y.o.filter, y.s.Now())}
}

// mailLeft finds out whether mail is to be told that there was no room for.
func (y *collectionSync) mailLeft() error {
	st, target := &y.st, y.target()
	if st.have == target {
		return nil
	}
	from, before := target, st.have
	if st.have.Before(target) {
		from, before = st.have, target
	}
	list, err := y.view.Received(y.ctx, y.in.folder, from, before, st.point.Base, true, 1)
	y.more = len(list) > 0
	return err
}

// filterMail tells mail that the phone is to have and has not, the latest first,
// or takes from it what has become too old.
func (y *collectionSync) filterMail() error {
	st, target := &y.st, y.target()
	switch {
	case st.have == target:
		return nil
	case st.have.Before(target):
		return y.expire(target)
	}
	y.moved = true
	for {
		n := y.room + 1
		list, err := y.view.Received(y.ctx, y.in.folder, target, st.have, st.point.Base, true, n)
		if err != nil {
			return err
		}
		if err := y.tellReceived(list); err != nil || y.more {
			return err
		}
		if len(list) < n { // of those some are of other classes, or gone
			break
		}
	}
	st.have = target
	return y.settle()
}

// tellReceived tells of mail that the phone has not got, until there is no more room.
func (y *collectionSync) tellReceived(list []mailbox.Place) error {
	st := &y.st
	feed := y.newFeed()
	feed.parts = y.class.parts(&y.o)
	for _, p := range list {
		feed.ids = append(feed.ids, p.ID)
	}
	for _, p := range list {
		if y.full() {
			y.more = true
			return nil
		}
		it, err := feed.next(p.ID)
		if err != nil {
			return err
		}
		st.have = p
		if k := st.find(p.ID); it == nil || it.Folder != y.in.folder || k != nil && k.what&knownNew != 0 || !y.class.shown(it) {
			continue
		}
		y.tell(verbAdd, &mailbox.Change{Kind: mailbox.Created, ID: p.ID}, it)
	}
	return nil
}

// expire takes mail from the phone that has become older than its filter.
func (y *collectionSync) expire(target mailbox.Place) error {
	st := &y.st
	y.moved = true
	for {
		n := y.room + 1
		list, err := y.view.Received(y.ctx, y.in.folder, st.have, target, st.point.Base, false, n)
		if err != nil {
			return err
		}
		for _, p := range list {
			if y.full() {
				y.more = true
				return nil
			}
			st.have = mailbox.Place{Received: p.Received, ID: p.ID + 1}
			if p.ID >= st.lowest {
				y.tellGone(wbxml.AirSyncSoftDelete, itemID(y.in.folder, p.ID))
				st.forget(p.ID)
			}
		}
		if len(list) < n { // of those the phone has not all
			break
		}
	}
	st.have = target
	return nil
}

// scanAll goes through a folder for a filter that is another.
func (y *collectionSync) scanAll() error {
	st := &y.st
	y.moved = true
	for range maxPages {
		if y.full() || len(st.owed) > 0 {
			break
		}
		page, err := y.view.Changes(y.ctx, y.in.folder, st.scan, min(scanAtOnce, y.room))
		if err != nil {
			return err
		}
		if err := y.scanSome(page.List); err != nil {
			return err
		}
		if st.scan = page.Next; !page.Last {
			continue
		}
		st.scanning, st.scan = false, mailbox.SyncPoint{}
		if st.all = st.filter == filterNone; st.all {
			st.present = nil
		}
		break
	}
	y.more = st.scanning || len(st.owed) > 0
	return nil
}

// scanSome holds items against the filter: those that pass the phone gets if it has
// them not, the others it loses if it has them.
func (y *collectionSync) scanSome(list []mailbox.Change) error {
	st, cut := &y.st, cutOf(y.st.filter, y.s.Now())
	ids := make([]mailbox.ItemID, 0, len(list))
	for i := range list {
		if y.class.shown(&mailbox.Item{Class: list[i].Class}) {
			ids = append(ids, list[i].ID)
		}
	}
	items, err := y.view.Items(y.ctx, ids, 0)
	if err != nil {
		return err
	}
	feed := y.newFeed()
	feed.parts = y.class.parts(&y.o)
	for i, r := range items {
		if r.Err != nil || r.Item.Folder != y.in.folder {
			continue
		}
		_, present := st.holds(ids[i])
		had := present || st.all && uint64(ids[i]) <= st.point.Base
		switch pass := passes(st.filter, cut, r.Item); {
		case pass && had:
			y.enter(ids[i])
		case pass:
			feed.ids = append(feed.ids, ids[i])
		case had:
			y.tell(verbSoftDelete, &mailbox.Change{ID: ids[i]}, nil)
		}
	}
	for _, id := range slices.Clone(feed.ids) {
		if y.heavy() {
			st.owed = append(st.owed, owed{id, mailbox.Created})
			continue
		}
		it, err := feed.next(id)
		if err != nil {
			return err
		}
		if it != nil {
			y.tell(verbAdd, &mailbox.Change{Kind: mailbox.Created, ID: id}, it)
		}
	}
	return nil
}

// sweep takes from the phone what has come to lie before its filter since the last
// time: once a day, for that is how often a filter moves.
func (y *collectionSync) sweep(cut int64) error {
	st := &y.st
	for some := range slices.Chunk(slices.Clone(st.present), scanAtOnce) {
		list, err := y.view.Items(y.ctx, some, 0)
		if err != nil {
			return err
		}
		for i, r := range list {
			if r.Err != nil || passes(st.filter, cut, r.Item) {
				continue
			}
			if y.full() {
				y.more = true
				return nil
			}
			y.tell(verbSoftDelete, &mailbox.Change{ID: some[i]}, nil)
			st.forget(some[i])
		}
	}
	st.swept, y.moved = cut, true
	return nil
}
