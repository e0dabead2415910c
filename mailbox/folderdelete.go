package mailbox

import (
	"context"

	"entente/access"
	"entente/db"
)

// DeleteFolder deletes a folder with all in it: for good, to Recoverable Items,
// or to Deleted Items (from where it goes on to Recoverable Items). It needs
// FolderOwner on it and on all below. What every mailbox has stays.
func (v *View) DeleteFolder(ctx context.Context, id FolderID, mode DeleteMode) error {
	return v.db.Update(ctx, func(tx *db.Tx) error {
		f, err := v.folder(tx, id)
		if err != nil {
			return err
		}
		return v.deleteFolder(tx, f, mode)
	})
}

func (v *View) deleteFolder(tx *db.Tx, f *Folder, mode DeleteMode) error {
	tree, err := v.subtree(tx, f.ID)
	if err != nil {
		return err
	}
	for _, below := range tree {
		if err := v.want(tx, &below.Table, access.FolderOwner); err != nil {
			return err
		}
		if below.Distinguished != "" {
			return fixedFolder()
		}
	}
	to, err := v.bin(tx, f.Parent, mode)
	if err != nil {
		return err
	}
	if to == 0 {
		if err := v.noPrivate(tx, tree); err != nil {
			return err
		}
		return v.removeFolders(tx, tree)
	}
	name, err := v.unused(tx, to, f.Name)
	if err != nil {
		return err
	}
	return v.moveFolder(tx, f, to, name)
}

func (v *View) removeFolders(tx *db.Tx, tree []*Folder) error {
	size := int64(0)
	for _, f := range tree {
		size += f.Size
	}
	if _, err := v.numbers(tx, 1, -size); err != nil {
		return err
	}
	e := execs{}
	for _, f := range tree {
		e.do(tx.Exec(`DELETE FROM attachment_data WHERE mailbox_id = $1 AND data_id IN (SELECT a.data_id FROM attachment a
			JOIN item i ON i.mailbox_id = a.mailbox_id AND i.content_id = a.content_id WHERE i.mailbox_id = $1 AND i.folder_id = $2)`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM attachment WHERE mailbox_id = $1 AND content_id IN
			(SELECT content_id FROM item WHERE mailbox_id = $1 AND folder_id = $2)`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM item_content WHERE mailbox_id = $1 AND content_id IN
			(SELECT content_id FROM item WHERE mailbox_id = $1 AND folder_id = $2)`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM item WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM tombstone WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM folder_content WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID))
		e.do(tx.Exec(`DELETE FROM folder WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID))
	}
	v.changed(tx)
	return e.err
}

// EmptyFolder deletes what is in a folder; deep also the folders in it, for
// which it needs FolderOwner. It needs DeleteAny. Items go some at a time, so
// an error may leave a part of them.
func (v *View) EmptyFolder(ctx context.Context, id FolderID, mode DeleteMode, deep bool) error {
	for {
		n := 0
		err := v.db.Update(ctx, func(tx *db.Tx) error {
			t, err := v.table(tx, id)
			if err != nil {
				return err
			}
			if err := v.want(tx, &t, access.DeleteAny); err != nil {
				return err
			}
			n, err = v.emptySome(tx, &t, mode)
			v.changed(tx)
			return err
		})
		if err != nil {
			return err
		}
		if n < chunk {
			break
		}
	}
	if !deep {
		return nil
	}
	return v.db.Update(ctx, func(tx *db.Tx) error {
		tree, err := v.subtree(tx, id)
		if err != nil {
			return err
		}
		for _, f := range tree {
			if f.Parent != id {
				continue
			}
			if err := v.deleteFolder(tx, f, mode); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *View) emptySome(tx *db.Tx, t *access.FolderTable, mode DeleteMode) (int, error) {
	ids, err := itemIDs(tx.Query(`SELECT item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND flags % 2 = 0 AND (flags / 2) % 2 <> $3
		ORDER BY article LIMIT $4`, v.key, t.Folder, hidden(v.seesPrivate(t)), chunk))
	if err != nil {
		return 0, err
	}
	for _, item := range ids {
		it, _, err := v.item(tx, item)
		if err != nil {
			return 0, err
		}
		if _, _, err := v.dispose(tx, it, mode); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
