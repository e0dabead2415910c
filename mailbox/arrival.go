package mailbox

import (
	"context"
	"errors"
	"time"

	"entente/db"
)

// arrivalKept is how long a delivery, or what was made under a name, is
// recognized when it is tried again. Who
// tries for longer gives up first.
const arrivalKept = 14 * 24 * time.Hour

// arrived returns the item that an earlier try of a delivery put in, 0 if this
// is the first.
func (v *View) arrived(tx *db.Tx, name string) (ItemID, error) {
	var id ItemID
	err := tx.QueryRow(`SELECT item_id FROM arrival WHERE mailbox_id = $1 AND name = $2`, v.key, name).Scan(&id)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// made returns the item that was made first under a name, nil if none was. It may
// have been moved since, and so have another id; one that is gone, or no longer
// there for the caller, has the id it had and no change number.
func (v *View) made(tx *db.Tx, folder FolderID, name string) (*Item, error) {
	first, err := v.arrived(tx, name)
	if first == 0 || err != nil {
		return nil, err
	}
	id := first
	err = tx.QueryRow(`SELECT item_id FROM item WHERE mailbox_id = $1 AND content_id = $2 AND content_id <> item_id`, v.key, first).Scan(&id)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, err
	}
	r := reader{v: v, tx: tx}
	it, _, err := r.get(id, 0)
	switch {
	case err == nil:
		it.Arrival, it.Found = name, true
		return it, nil
	case !answer(err):
		return nil, err
	}
	return &Item{ID: first, Folder: folder, Arrival: name, Found: true}, nil
}

// noteArrival notes a delivery in the transaction that makes it, and forgets those
// that nobody tries any more.
func (v *View) noteArrival(tx *db.Tx, name string, id ItemID) error {
	now := v.s.now()
	e := execs{}
	e.do(tx.Exec(`DELETE FROM arrival WHERE mailbox_id = $1 AND at < $2`, v.key, Ticks(now.Add(-arrivalKept))))
	e.do(tx.Exec(`INSERT INTO arrival (mailbox_id, name, item_id, at) VALUES ($1, $2, $3, $4)`, v.key, name, id, Ticks(now)))
	return e.err
}

// Once reports whether nothing has been done under a name yet, and notes that it is
// now: what a mailbox does by itself, such as an answer, it does once. Only its owner
// does anything by itself.
func (v *View) Once(ctx context.Context, name string) (first bool, err error) {
	now := v.s.now()
	err = v.db.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM arrival WHERE mailbox_id = $1 AND at < $2`, v.key, Ticks(now.Add(-arrivalKept))); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO arrival (mailbox_id, name, item_id, at) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING`, v.key, name, Ticks(now))
		first = n == 1
		return err
	})
	return first, err
}
