package mailbox

import (
	"context"

	"entente"
	"entente/db"
)

// A handle is a database whose trouble is told in words that an asker may read
// and that his client understands: come again later. Without it a database
// that is away looks like a fault of ours, which clients do not repeat.
type handle struct{ *db.DB }

// View is db.DB.View.
func (h handle) View(ctx context.Context, f func(*db.Tx) error) error {
	return tell(h.DB.View(ctx, f))
}

// Update is db.DB.Update.
func (h handle) Update(ctx context.Context, f func(*db.Tx) error) error {
	return tell(h.DB.Update(ctx, f))
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
