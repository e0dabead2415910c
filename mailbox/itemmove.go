package mailbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// A DeleteMode says what becomes of what is deleted. [MS-OXWSCDATA] 2.2.5.7
// DisposalType
type DeleteMode uint8

// The modes.
const (
	HardDelete         DeleteMode = iota // it is gone
	SoftDelete                           // it goes to Recoverable Items
	MoveToDeletedItems                   // and from there to Recoverable Items
)

// A Moved is what became of one of several items that were moved, copied or
// deleted.
type Moved struct {
	ID     ItemID // the new id; 0 if the item is gone, or with an error
	Change uint64
	Err    error // of this item alone: *entente.Error
}

// each runs a change of several items, some in a transaction, with a result for
// each in their order.
func (v *View) each(ctx context.Context, ids []ItemID, one func(tx *db.Tx, r *reader, id ItemID) (ItemID, uint64, error)) ([]Moved, error) {
	results := make([]Moved, len(ids))
	at := 0
	for some := range slices.Chunk(ids, chunk) {
		err := v.db.Update(ctx, func(tx *db.Tx) error {
			r := reader{v: v, tx: tx}
			for i, id := range some {
				next, change, err := one(tx, &r, id)
				if err != nil && !answer(err) {
					return err
				}
				results[at+i] = Moved{next, change, err}
			}
			v.changed(tx)
			return nil
		})
		if err != nil {
			return nil, err
		}
		at += len(some)
	}
	return results, nil
}

// MoveItems moves items to another folder of the mailbox; they get new ids
// there. It needs Create there, and the right to delete them here.
func (v *View) MoveItems(ctx context.Context, ids []ItemID, to FolderID) ([]Moved, error) {
	return v.each(ctx, ids, func(tx *db.Tx, r *reader, id ItemID) (ItemID, uint64, error) {
		if err := v.mayCreate(tx, to); err != nil {
			return 0, 0, err
		}
		it, err := v.removable(r, id)
		if err != nil {
			return 0, 0, err
		}
		return v.move(tx, it, to)
	})
}

// CopyItems copies items to a folder, which may be their own. It needs Create
// there.
func (v *View) CopyItems(ctx context.Context, ids []ItemID, to FolderID) ([]Moved, error) {
	return v.each(ctx, ids, func(tx *db.Tx, r *reader, id ItemID) (ItemID, uint64, error) {
		if err := v.mayCreate(tx, to); err != nil {
			return 0, 0, err
		}
		it, _, err := r.whole(id, 0, access.ReadAny)
		if err != nil {
			return 0, 0, err
		}
		return v.copy(tx, it, to)
	})
}

// DeleteItems deletes items. It needs DeleteAny, or DeleteOwned for items that
// the caller created; none on Deleted Items, where what is deleted goes on the
// owner's behalf. What lies in Deleted Items already goes to Recoverable Items,
// and what lies there is gone.
func (v *View) DeleteItems(ctx context.Context, ids []ItemID, mode DeleteMode) ([]Moved, error) {
	return v.each(ctx, ids, func(tx *db.Tx, r *reader, id ItemID) (ItemID, uint64, error) {
		it, err := v.removable(r, id)
		if err != nil {
			return 0, 0, err
		}
		return v.dispose(tx, it, mode)
	})
}

func (v *View) mayCreate(tx *db.Tx, folder FolderID) error {
	t, err := v.table(tx, folder)
	if err != nil {
		return err
	}
	return v.want(tx, &t, access.Create)
}

// removable returns an item that the caller may read and delete.
func (v *View) removable(r *reader, id ItemID) (*Item, error) {
	it, t, err := r.whole(id, 0, access.DeleteAny)
	if err != nil {
		return nil, err
	}
	return it, v.alter(r.tx, &t, string(it.Creator), access.DeleteAny, access.DeleteOwned)
}

// dispose deletes one item; rights were asked for.
func (v *View) dispose(tx *db.Tx, it *Item, mode DeleteMode) (ItemID, uint64, error) {
	to, err := v.bin(tx, it.Folder, mode)
	if err != nil {
		return 0, 0, err
	}
	if to == 0 {
		number, err := v.remove(tx, it)
		return 0, number, err
	}
	return v.move(tx, it, to)
}

// bin is the folder that something deleted from a folder goes to, 0 if it is
// to be gone.
func (v *View) bin(tx *db.Tx, from FolderID, mode DeleteMode) (FolderID, error) {
	if mode == HardDelete {
		return 0, nil
	}
	above, err := v.ancestors(tx, from)
	if err != nil {
		return 0, err
	}
	recoverable, err := v.distinguishedID(tx, RecoverableItemsRoot)
	if err != nil || slices.Contains(above, recoverable) {
		return 0, err
	}
	deleted, err := v.distinguishedID(tx, DeletedItems)
	if err != nil {
		return 0, err
	}
	if mode == MoveToDeletedItems && !slices.Contains(above, deleted) {
		return deleted, nil
	}
	return v.distinguishedID(tx, RecoverableItemsDeletions)
}

// ancestors are a folder and those it lies in, up to the root.
func (v *View) ancestors(tx *db.Tx, id FolderID) ([]FolderID, error) {
	var list []FolderID
	for id != 0 {
		list = append(list, id)
		if len(list) > 4*v.s.limits.FolderDepth {
			return nil, fmt.Errorf("folder %d lies in itself", id)
		}
		var parent FolderID
		err := tx.QueryRow(`SELECT parent_id FROM folder WHERE mailbox_id = $1 AND folder_id = $2`, v.key, id).Scan(&parent)
		if err == db.ErrNoRows {
			return nil, noFolder()
		}
		if err != nil {
			return nil, err
		}
		id = parent
	}
	return list, nil
}

// move gives an item a new id in another folder. Its large parts stay where
// they are. A move to where it lies changes nothing.
func (v *View) move(tx *db.Tx, it *Item, to FolderID) (ItemID, uint64, error) {
	if it.Folder == to {
		return it.ID, it.Change, nil
	}
	number, err := v.numbers(tx, 1, 0)
	if err != nil {
		return 0, 0, err
	}
	article, err := v.arrive(tx, to, number, tally(it, 1))
	if err != nil {
		return 0, 0, err
	}
	if err := v.depart(tx, it, number); err != nil {
		return 0, 0, err
	}
	_, err = tx.Exec(`UPDATE item SET item_id = $3, folder_id = $4, change_number = $3, content_change = $3, article = $5
		WHERE mailbox_id = $1 AND item_id = $2`, v.key, it.ID, number, to, article)
	return ItemID(number), number, err
}

// depart records that an item left its folder.
func (v *View) depart(tx *db.Tx, it *Item, number uint64) error {
	if err := v.count(tx, it.Folder, number, tally(it, -1)); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO tombstone (mailbox_id, folder_id, change_number, item_id, flags) VALUES ($1, $2, $3, $4, $5)`,
		v.key, it.Folder, number, it.ID, it.flags); err != nil {
		return err
	}
	if number%64 == 0 { // about every so often is enough to keep them bounded
		return v.forget(tx, it.Folder)
	}
	return nil
}

// forget drops the oldest deletions of a folder that has too many, and
// remembers how far back they now reach.
func (v *View) forget(tx *db.Tx, folder FolderID) error {
	var upTo uint64
	err := tx.QueryRow(`SELECT change_number FROM tombstone WHERE mailbox_id = $1 AND folder_id = $2
		ORDER BY change_number DESC LIMIT 1 OFFSET $3`, v.key, folder, v.s.limits.Tombstones).Scan(&upTo)
	if err == db.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	e := execs{}
	e.do(tx.Exec(`DELETE FROM tombstone WHERE mailbox_id = $1 AND folder_id = $2 AND change_number <= $3`, v.key, folder, upTo))
	e.do(tx.Exec(`UPDATE folder_content SET forgotten = $3 WHERE mailbox_id = $1 AND folder_id = $2`, v.key, folder, upTo))
	return e.err
}

// remove deletes an item with all it has.
func (v *View) remove(tx *db.Tx, it *Item) (uint64, error) {
	number, err := v.numbers(tx, 1, -it.Size)
	if err != nil {
		return 0, err
	}
	if err := v.depart(tx, it, number); err != nil {
		return 0, err
	}
	e := execs{}
	e.do(tx.Exec(`DELETE FROM item WHERE mailbox_id = $1 AND item_id = $2`, v.key, it.ID))
	e.do(tx.Exec(`DELETE FROM item_content WHERE mailbox_id = $1 AND content_id = $2`, v.key, it.contentID))
	if it.lastAttachment > 0 {
		e.do(tx.Exec(`DELETE FROM attachment_data WHERE mailbox_id = $1 AND data_id IN
			(SELECT data_id FROM attachment WHERE mailbox_id = $1 AND content_id = $2)`, v.key, it.contentID))
		e.do(tx.Exec(`DELETE FROM attachment WHERE mailbox_id = $1 AND content_id = $2`, v.key, it.contentID))
	}
	return number, e.err
}

// copy makes a second item of one, with large parts of its own.
func (v *View) copy(tx *db.Tx, it *Item, to FolderID) (ItemID, uint64, error) {
	number, err := v.numbers(tx, 1, it.Size)
	if err != nil {
		return 0, 0, err
	}
	article, err := v.arrive(tx, to, number, tally(it, 1))
	if err != nil {
		return 0, 0, err
	}
	e := execs{}
	e.do(tx.Exec(`INSERT INTO item (mailbox_id, item_id, folder_id, content_id, change_number, content_change, article, flags,
			class, creator, created, modified, size, attachments, received, start_time, end_time, subject_key, props)
		SELECT mailbox_id, $3, $4, $3, $3, $3, $5, flags, class, $6, created, modified, size, attachments,
			received, start_time, end_time, subject_key, props FROM item WHERE mailbox_id = $1 AND item_id = $2`,
		v.key, it.ID, number, to, article, string(v.subject().SID)))
	e.do(tx.Exec(`INSERT INTO item_content (mailbox_id, content_id, body_text, body_html, mime, recipients)
		SELECT mailbox_id, $3, body_text, body_html, mime, recipients FROM item_content WHERE mailbox_id = $1 AND content_id = $2`,
		v.key, it.contentID, number))
	e.do(tx.Exec(`INSERT INTO item_copy (mailbox_id, item_id, old_item, old_folder) VALUES ($1, $2, $3, $4)`,
		v.key, number, it.ID, it.Folder))
	if number%64 == 0 { // like forget
		e.do(tx.Exec(`DELETE FROM item_copy WHERE mailbox_id = $1 AND item_id < $2`, v.key, int64(number)-int64(v.s.limits.Tombstones)))
	}
	if e.err != nil || it.lastAttachment == 0 {
		return ItemID(number), number, e.err
	}
	return ItemID(number), number, v.copyAttachments(tx, it.contentID, number)
}

func (v *View) copyAttachments(tx *db.Tx, from, to uint64) error {
	list, err := attachments(tx, v.key, from)
	if err != nil {
		return err
	}
	for i := range list {
		a, data := &list[i], to<<16|uint64(i)
		e := execs{}
		e.do(tx.Exec(`INSERT INTO attachment (mailbox_id, content_id, attachment_id, data_id, name, content_type,
				mime_content_id, content_location, size, inline, is_item, modified)
			SELECT mailbox_id, $4, attachment_id, $5, name, content_type, mime_content_id, content_location, size, inline, is_item, modified
			FROM attachment WHERE mailbox_id = $1 AND content_id = $2 AND attachment_id = $3`, v.key, from, a.ID, to, data))
		e.do(tx.Exec(`INSERT INTO attachment_data (mailbox_id, data_id, piece, bytes)
			SELECT mailbox_id, $3, piece, bytes FROM attachment_data WHERE mailbox_id = $1 AND data_id = $2`, v.key, a.dataID, data))
		if e.err != nil {
			return e.err
		}
	}
	return nil
}

// Purge removes what Recoverable Items has that was not changed since a time:
// maintenance, which needs no permit. It returns how many items are gone.
func (s *Store) Purge(ctx context.Context, database string, id entente.MailboxID, before time.Time) (int, error) {
	d, err := s.databases(database)
	if err != nil {
		return 0, err
	}
	v := &View{s: s, db: handle{DB: d}, database: database, id: id, key: id[:], full: true}
	gone := 0
	for {
		n := 0
		err := d.Update(ctx, func(tx *db.Tx) error {
			var err error
			n, err = v.purgeSome(tx, before)
			return err
		})
		if err != nil {
			return gone, err
		}
		if gone += n; n < chunk {
			return gone, nil
		}
	}
}

func (v *View) purgeSome(tx *db.Tx, before time.Time) (int, error) {
	from, err := v.distinguishedID(tx, RecoverableItemsDeletions)
	if err != nil {
		return 0, err
	}
	ids, err := itemIDs(tx.Query(`SELECT item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND modified < $3
		ORDER BY article LIMIT $4`, v.key, from, Ticks(before), chunk))
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		it, _, err := v.item(tx, id)
		if err != nil {
			return 0, err
		}
		if _, err := v.remove(tx, it); err != nil {
			return 0, err
		}
	}
	v.changed(tx)
	return len(ids), nil
}
