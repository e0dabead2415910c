package mailbox

import (
	"entente"
	"entente/access"
	"entente/db"
)

// Items marked private are not there for those without ReadPrivate, whatever
// else they may do in a folder: they are neither shown, found, counted and
// synchronized, nor changed and deleted along with the rest.

// seesPrivate reports whether private items in a folder are there for the
// caller.
func (v *View) seesPrivate(t *access.FolderTable) bool {
	return v.full || v.permit.FolderRights(t).Has(access.ReadPrivate)
}

// hidden is the value of (flags / 2) % 2 that leaves an item out of what is done
// to all in a folder; 2, which none has, leaves out nothing.
func hidden(sees bool) int {
	if sees {
		return 2
	}
	return 1
}

// hidePrivate takes what the caller may not see out of the counts of folders.
func (v *View) hidePrivate(tx *db.Tx, list ...*Folder) error {
	for _, f := range list {
		if v.full || f.limited || f.Total == 0 || f.Rights.Has(access.ReadPrivate) {
			continue
		}
		var total, unread, size int64
		err := tx.QueryRow(`SELECT count(*), coalesce(sum(1 - (flags / 8) % 2), 0), coalesce(sum(size), 0) FROM item
			WHERE mailbox_id = $1 AND folder_id = $2 AND (flags / 2) % 2 = 1 AND flags % 2 = 0`, v.key, f.ID).Scan(&total, &unread, &size)
		if err != nil {
			return err
		}
		f.Total, f.Unread, f.Size = f.Total-int(total), f.Unread-int(unread), f.Size-size
	}
	return nil
}

// noPrivate refuses to destroy folders in which there are items that are not
// there for the caller. They stay in a folder that is only moved.
func (v *View) noPrivate(tx *db.Tx, tree []*Folder) error {
	for _, f := range tree {
		if v.seesPrivate(&f.Table) {
			continue
		}
		var some int
		err := tx.QueryRow(`SELECT count(*) FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND (flags / 2) % 2 = 1`, v.key, f.ID).Scan(&some)
		if err != nil {
			return err
		}
		if some > 0 {
			return entente.Errorf(entente.Denied, "the folder's permissions do not allow this").Because(DeniedDelete)
		}
	}
	return nil
}
