package mailbox

import (
	"context"
	"fmt"
	"slices"

	"entente/access"
	"entente/db"
)

// CopyFolder copies a folder, with all in it that the caller may read, into
// another. It needs CreateSubFolder there. The folders are made first and the
// items follow some at a time, so an error may leave a part of them.
func (v *View) CopyFolder(ctx context.Context, id, to FolderID) (*Folder, error) {
	var copies map[FolderID]FolderID
	var top FolderID
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		copies, err = v.copyFolders(tx, id, to)
		top = copies[id]
		return err
	})
	if err != nil {
		return nil, err
	}
	for from, into := range copies {
		if err := v.copyItems(ctx, from, into); err != nil {
			return nil, fmt.Errorf("copy folder: %w", err)
		}
	}
	return v.Folder(ctx, top)
}

// copyFolders makes the folders and says which became which.
func (v *View) copyFolders(tx *db.Tx, id, to FolderID) (map[FolderID]FolderID, error) {
	tree, err := v.subtree(tx, id)
	if err != nil {
		return nil, err
	}
	if rights, err := v.see(tx, &tree[0].Table); err != nil {
		return nil, err
	} else if seen(v.permit.FolderRights(&tree[0].Table)) == 0 && rights != 0 {
		return nil, v.want(tx, &tree[0].Table, access.FolderVisible) // known by what is granted in it, and no more
	}
	in, err := v.parentFor(tx, to, height(tree))
	if err != nil {
		return nil, err
	}
	above, err := v.ancestors(tx, to)
	if err != nil {
		return nil, err
	}
	if slices.Contains(above, id) {
		return nil, intoItself()
	}
	if err := v.free(tx, to, tree[0].Name, 0); err != nil {
		return nil, err
	}
	copies := map[FolderID]FolderID{}
	for i, f := range tree {
		parent, ok := copies[f.Parent]
		if i == 0 {
			parent, ok = to, true
		}
		if !ok || seen(f.Rights) == 0 || f.limited {
			continue // not the caller's to see, nor what is in it
		}
		under := &Folder{ID: parent, Table: in.Table}
		if copies[f.ID], err = v.newFolder(tx, under, NewFolder{Name: f.Name, Class: f.Class, Hidden: f.Hidden, Props: f.Props}); err != nil {
			return nil, err
		}
	}
	return copies, nil
}

func (v *View) copyItems(ctx context.Context, from, to FolderID) error {
	after := uint32(0)
	for {
		n, last := 0, after // a transaction may run more than once
		err := v.db.Update(ctx, func(tx *db.Tx) error {
			t, err := v.table(tx, from)
			if err != nil {
				return err
			}
			if v.want(tx, &t, access.ReadAny) != nil {
				return nil // a folder of which only the name may be known
			}
			ids, err := itemIDs(tx.Query(`SELECT item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND article > $3
				ORDER BY article LIMIT $4`, v.key, from, after, chunk))
			if err != nil {
				return err
			}
			if n = len(ids); n == 0 {
				return nil
			}
			// Those that are not the caller's to see count, too, or a page of them
			// would come again for ever.
			if err := tx.QueryRow(`SELECT article FROM item WHERE mailbox_id = $1 AND item_id = $2`, v.key, ids[n-1]).Scan(&last); err != nil {
				return err
			}
			r := reader{v: v, tx: tx}
			for _, id := range ids {
				it, _, err := r.get(id, 0)
				if err != nil {
					if answer(err) {
						continue
					}
					return err
				}
				if _, _, err := v.copy(tx, it, to); err != nil {
					return err
				}
			}
			v.changed(tx)
			return nil
		})
		if err != nil || n < chunk {
			return err
		}
		after = last
	}
}
