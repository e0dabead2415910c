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
	err := s.look(ctx, d, id)
	if errors.Is(err, db.ErrNoRows) {
		m, ok := s.expected(id)
		if !ok || m.Database != database {
			return nil
		}
		err = s.make(ctx, d, m)
	}
	if err == nil {
		s.there.Store(id, struct{}{})
	}
	return err
}

// look is db.ErrNoRows if a mailbox is not in a database.
func (s *Store) look(ctx context.Context, d *db.DB, id entente.MailboxID) error {
	return tell(d.View(ctx, func(tx *db.Tx) error {
		var n int
		return tx.QueryRow(`SELECT 1 FROM mailbox WHERE mailbox_id = $1`, id[:]).Scan(&n)
	}))
}

// make makes an expected mailbox, one at a time: a conflict with what is under way
// in this process would be told before that can be read.
func (s *Store) make(ctx context.Context, d *db.DB, m NewMailbox) error {
	s.making.Lock()
	defer s.making.Unlock()
	if err := s.look(ctx, d, m.ID); !errors.Is(err, db.ErrNoRows) {
		return err
	}
	err := tell(s.Create(ctx, m))
	var taken *entente.Error
	if errors.As(err, &taken) && taken.Reason == MailboxExists {
		return nil // another process was first
	}
	return err
}
