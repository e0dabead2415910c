package mailbox

import (
	"context"
	"slices"

	"entente/access"
	"entente/db"
)

// What clients need that keep a part of a folder, such as its latest month, and
// are not to be told of what they wrote themselves.

// Idle reports whether the point lies between two rounds: the client has all there
// was at Base.
func (p *SyncPoint) Idle() bool { return p.Phase == phaseIdle }

// Has reports whether a client at the point was told of an item as it is now.
func (p *SyncPoint) Has(it *Item) bool {
	switch {
	case p.Limited:
		return slices.Contains(p.Seen, it.seen(it.seenMark()))
	case it.Change <= p.Base:
		return true
	case it.Change > p.Horizon, p.Phase == phaseIdle, p.Phase == phasePrivate:
		return false
	case uint64(it.ID) > p.Base: // it came in this round
		return p.Phase == phaseChanged || uint64(it.Article) <= p.Position
	}
	return p.Phase == phaseChanged && it.Change <= p.Position
}

// SyncPoint returns the point at which a client has all of a folder, for who reads
// what there is in another way and follows from there. It needs ReadAny. Who
// follows what is granted to him item by item begins at the beginning: the point
// is then the zero one.
func (v *View) SyncPoint(ctx context.Context, folder FolderID) (SyncPoint, error) {
	var point SyncPoint
	err := v.db.View(ctx, func(tx *db.Tx) error {
		point = SyncPoint{}
		t, err := v.table(tx, folder)
		if err != nil {
			return err
		}
		if granted, err := v.knows(tx, &t); err != nil || granted.Has(access.ReadItem) {
			return err
		}
		if _, err := v.see(tx, &t); err != nil {
			return err
		}
		if err := v.want(tx, &t, access.ReadAny); err != nil {
			return err
		}
		p := pager{v: v, tx: tx, folder: folder, private: v.seesPrivate(&t)}
		if err := p.begin(); err != nil {
			return err
		}
		p.point.Phase, p.point.Position = phaseIdle, 0
		p.point.Base, p.point.BaseArticle = p.point.Horizon, p.point.HorizonArticle
		point = p.point
		return nil
	})
	return point, err
}

// A Place is an item's place in the order of arrival: when it was received, and
// among those of one moment its id.
type Place struct {
	Received int64 // ticks
	ID       ItemID
}

// Before reports whether p comes before q.
func (p Place) Before(q Place) bool {
	return p.Received < q.Received || p.Received == q.Received && p.ID < q.ID
}

// Place returns the item's place in the order of arrival.
func (it *Item) Place() Place {
	received, _, _ := it.times()
	return Place{received, it.ID}
}

// End is when the item ends, in ticks: an appointment or the last occurrence of
// a series; 0 for what has no times.
func (it *Item) End() int64 {
	_, _, end := it.times()
	return end
}

// Received returns places of items in a folder, at most limit: those from one
// place on and before another, of items that the mailbox had at a number; with
// down the latest first. It needs ReadAny; associated items are not among them, and
// private ones not for who may not see them.
func (v *View) Received(ctx context.Context, folder FolderID, from, before Place, upTo uint64, down bool, limit int) ([]Place, error) {
	var list []Place
	err := v.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		t, err := v.readable(tx, folder)
		if err != nil {
			return err
		}
		args := []any{v.key, folder, from.Received, from.ID, before.Received, before.ID, upTo, hidden(v.seesPrivate(t)), limit}
		if down {
			list, err = places(tx.Query(receivedDown, args...))
		} else {
			list, err = places(tx.Query(receivedUp, args...))
		}
		return err
	})
	return list, err
}

func places(rows *db.Rows, err error) ([]Place, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Place
	for rows.Next() {
		var p Place
		if err := rows.Scan(&p.Received, &p.ID); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// CountReceived counts the places that Received would return, up to limit.
func (v *View) CountReceived(ctx context.Context, folder FolderID, from, before Place, upTo uint64, limit int) (n int, err error) {
	err = v.db.View(ctx, func(tx *db.Tx) error {
		t, err := v.readable(tx, folder)
		if err != nil {
			return err
		}
		return tx.QueryRow(`SELECT count(*) FROM (`+receivedUp+`) x`, v.key, folder, from.Received, from.ID,
			before.Received, before.ID, upTo, hidden(v.seesPrivate(t)), limit).Scan(&n)
	})
	return n, err
}

// Both are answered by their index alone.
const (
	received = `SELECT received, item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2
		AND received >= $3 AND (received > $3 OR item_id >= $4) AND received <= $5 AND (received < $5 OR item_id < $6)
		AND item_id <= $7 AND flags % 2 = 0 AND (flags / 2) % 2 <> $8 `
	receivedUp   = received + `ORDER BY received, item_id LIMIT $9`
	receivedDown = received + `ORDER BY received DESC, item_id DESC LIMIT $9`
)

// readable returns the table of a folder whose items the caller may read.
func (v *View) readable(tx *db.Tx, folder FolderID) (*access.FolderTable, error) {
	t, err := v.table(tx, folder)
	if err != nil {
		return nil, err
	}
	if _, err := v.see(tx, &t); err != nil {
		return nil, err
	}
	return &t, v.want(tx, &t, access.ReadAny)
}

// ItemsWithin is Items of as many of the first ids as are together not larger
// than a number of bytes, and of one at least: what is read is held in memory,
// and an item may be large.
func (v *View) ItemsWithin(ctx context.Context, ids []ItemID, parts Parts, size int64) ([]Result, error) {
	var list []Result
	err := v.db.View(ctx, func(tx *db.Tx) error {
		r, left := reader{v: v, tx: tx}, size
		list = make([]Result, 0, len(ids))
		for _, id := range ids {
			it, _, limited, err := r.look(id)
			if err == nil {
				if left -= it.Size; left < 0 && len(list) > 0 {
					return nil
				}
				if limited {
					it, _, err = r.get(id, parts)
				} else {
					err = r.fill(it, parts)
				}
			}
			if err != nil {
				if !answer(err) {
					return err
				}
				it = nil
			}
			list = append(list, Result{it, err})
		}
		return nil
	})
	return list, err
}

// MovedTo returns the item that one which lay in a folder became when it was moved
// to another, if it is still there: who repeats a move, for he did not hear that it
// was made, is told what came of it.
func (v *View) MovedTo(ctx context.Context, from FolderID, id ItemID, to FolderID) (moved *Item, err error) {
	err = v.db.View(ctx, func(tx *db.Tx) error {
		moved = nil
		t, err := v.table(tx, from)
		if err != nil {
			return err
		}
		if err := v.want(tx, &t, access.ReadAny); err != nil {
			return noItem()
		}
		// A move has one number: that of the departure is the id at the new place.
		var now ItemID
		err = tx.QueryRow(`SELECT change_number FROM tombstone WHERE mailbox_id = $1 AND folder_id = $2 AND change_number > $3 AND item_id = $3`,
			v.key, from, id).Scan(&now)
		if err == db.ErrNoRows {
			return noItem()
		}
		if err != nil {
			return err
		}
		r := reader{v: v, tx: tx}
		if moved, _, err = r.get(now, 0); err == nil && moved.Folder != to {
			err = noItem()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return moved, nil
}
