package mailbox

import (
	"context"
	"errors"

	"entente"
	"entente/access"
	"entente/db"
)

// KindFor returns what kind of mailbox an account of a kind has.
func KindFor(k access.AccountKind) Kind {
	switch k {
	case access.KindRoom, access.KindEquipment:
		return Room
	case access.KindShared:
		return Shared
	}
	return User
}

// expect makes a mailbox that the directory speaks of and that was never made
// here: accounts come from other directories too, and by nodes that do not hold
// the database. Each mailbox is looked for once by each process; what was removed
// by another node meanwhile shows as a folder that was not found.
func (s *Store) expect(ctx context.Context, d *db.DB, database string, id entente.MailboxID) error {
	if s.expected == nil {
		return nil
	}
	if _, known := s.there.Load(id); known {
		return nil
	}
	err := tell(d.View(ctx, func(tx *db.Tx) error {
		var n int
		return tx.QueryRow(`SELECT 1 FROM mailbox WHERE mailbox_id = $1`, id[:]).Scan(&n)
	}))
	if errors.Is(err, db.ErrNoRows) {
		m, ok := s.expected(id)
		if !ok || m.Database != database {
			return nil
		}
		var taken *entente.Error
		if err = tell(s.Create(ctx, m)); errors.As(err, &taken) && taken.Reason == MailboxExists {
			err = nil // another request was first
		}
	}
	if err == nil {
		s.there.Store(id, struct{}{})
	}
	return err
}
