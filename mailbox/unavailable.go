package mailbox

import (
	"context"

	"entente"
	"entente/db"
)

// A handle is a database whose trouble is told in words that an asker may read
// and that his client understands: come again later. Without it a database
// that is away looks like a fault of ours, which clients do not repeat.
//
// What is written through it is recorded in the same transaction, in this one
// place: code that changes a mailbox cannot forget to.
type handle struct {
	*db.DB
	note func(*db.Tx) error // nil for what is only read
}

// View is db.DB.View.
func (h handle) View(ctx context.Context, f func(*db.Tx) error) error {
	return tell(h.DB.View(ctx, f))
}

// Update is db.DB.Update, of f and the record of what it writes.
func (h handle) Update(ctx context.Context, f func(*db.Tx) error) error {
	if h.note == nil {
		return errNoWitness()
	}
	return tell(h.DB.Update(ctx, func(tx *db.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return h.note(tx)
	}))
}

// recorded returns a mailbox's database for one request.
func (s *Store) recorded(d *db.DB, database string, id entente.MailboxID, w Witness) handle {
	return handle{d, func(tx *db.Tx) error { return s.outbox.write(tx, w, database, id) }}
}

func tell(err error) error {
	switch {
	case err == nil:
		return nil
	case db.IsFull(err):
		return &entente.Error{Kind: entente.Unavailable, Text: "there is no room left to store anything", Err: err}
	case db.IsUnavailable(err):
		return &entente.Error{Kind: entente.Unavailable, Text: "the mailbox is not available at the moment", Err: err}
	}
	return err
}
