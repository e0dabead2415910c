package mailbox

import (
	"context"

	"entente/access"
	"entente/db"
)

// Tree returns the folders below MsgFolderRoot that the caller may know, each after
// its parent, in the order of their names, without what is in them: for clients that
// look at the whole tree again and again and show no counts.
func (v *View) Tree(ctx context.Context) ([]*Folder, error) {
	var list []*Folder
	err := v.db.View(ctx, func(tx *db.Tx) error {
		all, err := v.outlines(tx)
		if err != nil {
			return err
		}
		top := FolderID(0)
		children := make(map[FolderID][]*Folder, len(all))
		for _, f := range all {
			children[f.Parent] = append(children[f.Parent], f)
			if f.Distinguished == MsgFolderRoot {
				top = f.ID
			}
		}
		if top == 0 {
			return noFolder()
		}
		list = make([]*Folder, 0, len(all))
		var walk func(id FolderID, depth int)
		walk = func(id FolderID, depth int) {
			for _, f := range children[id] {
				if f.Rights != 0 {
					list = append(list, f)
				}
				if depth < 2*v.s.limits.FolderDepth {
					walk(f.ID, depth+1)
				}
			}
		}
		walk(top, 0)
		return nil
	})
	return list, err
}

// outlines are all folders, with Rights 0 if the caller may not know them. Who may
// do all in all of them needs no tables.
func (v *View) outlines(tx *db.Tx) ([]*Folder, error) {
	if !v.full {
		return v.allFolders(tx)
	}
	rows, err := tx.Query(`SELECT folder_id, parent_id, distinguished, class, name, hidden, change_number FROM folder
		WHERE mailbox_id = $1 ORDER BY parent_id, name_key`, v.key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*Folder
	var block []Folder // the folders of every mailbox, and some more
	for rows.Next() {
		var hidden int64
		if len(block) == 0 {
			block = make([]Folder, len(distinguished)+4)
		}
		f := &block[0]
		block = block[1:]
		if err := rows.Scan(&f.ID, &f.Parent, &f.Distinguished, &f.Class, &f.Name, &hidden, &f.Change); err != nil {
			return nil, err
		}
		f.Hidden = hidden != 0
		f.Rights = v.permit.FolderRights(&access.FolderTable{Folder: uint64(f.ID), Class: f.Class})
		all = append(all, f)
	}
	return all, rows.Err()
}
