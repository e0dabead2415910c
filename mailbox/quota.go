package mailbox

import (
	"context"

	"entente"
	"entente/access"
	"entente/db"
)

// A Quota says at how many bytes a mailbox is warned about, may not send, and
// may neither send nor receive. 0 is no quota. [MS-OXCSTOR] 2.2.2.1
type Quota struct{ Warning, ProhibitSend, ProhibitSendReceive int64 }

// A Usage is how much of its quota a mailbox uses.
type Usage struct {
	Size  int64 // bytes in all items, those in Recoverable Items too
	Quota Quota
}

// Usage returns how much the mailbox holds. It needs all rights on the root
// folder, as the owner has them.
func (v *View) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	err := v.db.View(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		var err error
		u, err = usage(tx, v.key)
		return err
	})
	return u, err
}

// MaySend returns an error with the reason QuotaExceeded if the mailbox is
// beyond its ProhibitSend quota. Whoever may send for the mailbox may ask.
func (v *View) MaySend(ctx context.Context) error {
	var u Usage
	err := v.db.View(ctx, func(tx *db.Tx) error {
		var err error
		u, err = usage(tx, v.key)
		return err
	})
	if err != nil {
		return err
	}
	if q := u.Quota.ProhibitSend; q > 0 && u.Size > q {
		return entente.Errorf(entente.TooLarge, "the mailbox is too full to send").Because(QuotaExceeded)
	}
	return nil
}

func usage(tx *db.Tx, key []byte) (Usage, error) {
	var u Usage
	err := tx.QueryRow(`SELECT size, quota_warning, quota_send, quota_send_receive FROM mailbox WHERE mailbox_id = $1`, key).
		Scan(&u.Size, &u.Quota.Warning, &u.Quota.ProhibitSend, &u.Quota.ProhibitSendReceive)
	if err == db.ErrNoRows {
		return u, noMailbox()
	}
	return u, err
}

// SetQuota changes a mailbox's quota. Administration was asked before.
func (s *Store) SetQuota(ctx context.Context, database string, id entente.MailboxID, q Quota) error {
	d, err := s.databases(database)
	if err != nil {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE mailbox SET quota_warning = $2, quota_send = $3, quota_send_receive = $4 WHERE mailbox_id = $1`,
			id[:], q.Warning, q.ProhibitSend, q.ProhibitSendReceive)
		if err == nil && n == 0 {
			err = noMailbox()
		}
		return err
	})
}

// ownerOnly asks for ownership of the root folder, which only the owner of the
// mailbox and who has full access to it hold: what is a matter of the mailbox
// as a whole has no table of its own.
func (v *View) ownerOnly(tx *db.Tx) error {
	var t access.FolderTable
	var permissions []byte
	err := tx.QueryRow(`SELECT folder_id, class, permissions FROM folder WHERE mailbox_id = $1 AND distinguished = $2 AND distinguished <> ''`,
		v.key, string(Root)).Scan(&t.Folder, &t.Class, &permissions)
	if err == db.ErrNoRows {
		return noFolder()
	}
	if err == nil {
		t.Entries, err = parsePermissions(permissions)
	}
	if err != nil {
		return err
	}
	return v.want(tx, &t, access.FolderOwner)
}
