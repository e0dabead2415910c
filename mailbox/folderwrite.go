package mailbox

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// A NewFolder says what to create. Class IPF.Note is taken if it has none;
// Permissions are the parent's if nil.
type NewFolder struct {
	Name        string
	Class       string
	Hidden      bool
	Props       Props
	Permissions []access.Entry
}

// folderRow is a folder as its row has it.
type folderRow struct {
	id, parent           int64
	distinguished, class string
	name                 string
	hidden               bool
	change, created      int64
	permissions, props   []byte
}

func insertFolder(tx *db.Tx, key []byte, f folderRow) error {
	if f.props == nil {
		var none Props
		f.props = none.Append(nil)
	}
	e := execs{}
	e.do(tx.Exec(`INSERT INTO folder (mailbox_id, folder_id, parent_id, distinguished, class, name, name_key, hidden,
			change_number, created, modified, permissions, props)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)`,
		key, f.id, f.parent, f.distinguished, f.class, f.name, nameKey(f.name), number01(f.hidden),
		f.change, f.created, f.permissions, f.props))
	e.do(tx.Exec(`INSERT INTO folder_content (mailbox_id, folder_id, article, total, unread, associated, size, change_number, modified, forgotten)
		VALUES ($1, $2, 0, 0, 0, 0, 0, $3, $4, 0)`, key, f.id, f.change, f.created))
	return e.err
}

// parentFor returns a folder in which the caller may create another, and that
// is not too deep for one of some height.
func (v *View) parentFor(tx *db.Tx, id FolderID, height int) (*Folder, error) {
	parent, err := v.folder(tx, id)
	if err != nil {
		return nil, noParent(err)
	}
	if err := v.want(tx, &parent.Table, access.CreateSubFolder); err != nil {
		return nil, noParent(err)
	}
	above, err := v.ancestors(tx, id)
	if err == nil && len(above)+height > v.s.limits.FolderDepth {
		err = entente.Errorf(entente.TooLarge, "folders are nested too deeply").Because(FolderDepth)
	}
	return parent, err
}

func noParent(err error) error {
	if is(err, FolderNotFound) {
		return entente.Errorf(entente.NotFound, "the parent folder was not found").Because(ParentNotFound)
	}
	return err
}

// free refuses a name that another folder beside it has.
func (v *View) free(tx *db.Tx, parent FolderID, name string, but FolderID) error {
	taken, err := v.taken(tx, parent, name)
	if err == nil && taken != 0 && taken != but {
		return entente.Errorf(entente.Conflict, "a folder of this name exists already").Because(FolderExists)
	}
	return err
}

func (v *View) taken(tx *db.Tx, parent FolderID, name string) (FolderID, error) {
	var id FolderID
	err := tx.QueryRow(`SELECT folder_id FROM folder WHERE mailbox_id = $1 AND parent_id = $2 AND name_key = $3`,
		v.key, parent, nameKey(name)).Scan(&id)
	if err == db.ErrNoRows {
		return 0, nil
	}
	return id, err
}

// unused finds a name that no folder there has, by a number after the name.
func (v *View) unused(tx *db.Tx, parent FolderID, name string) (string, error) {
	for n := 1; n <= 1000; n++ {
		try := name
		if n > 1 {
			try = name + " " + strconv.Itoa(n)
		}
		if taken, err := v.taken(tx, parent, try); err != nil || taken == 0 {
			return try, err
		}
	}
	return "", entente.Errorf(entente.Conflict, "too many folders of this name").Because(FolderExists)
}

// CreateFolder makes a folder in another. It needs CreateSubFolder there; a
// caller who does not own the mailbox becomes the folder's owner.
func (v *View) CreateFolder(ctx context.Context, parent FolderID, n NewFolder) (*Folder, error) {
	if err := checkName(n.Name); err != nil {
		return nil, err
	}
	if err := checkClass(n.Class); err != nil {
		return nil, err
	}
	if n.Class == "" {
		n.Class = "IPF.Note"
	}
	if n.Permissions != nil {
		var err error
		if n.Permissions, err = v.checkPermissions(n.Permissions); err != nil {
			return nil, err
		}
		if err = v.mayShare(n.Class, nil, n.Permissions); err != nil {
			return nil, err
		}
	}
	var f *Folder
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		in, err := v.parentFor(tx, parent, 1)
		if err != nil {
			return err
		}
		if err := v.free(tx, parent, n.Name, 0); err != nil {
			return err
		}
		id, err := v.newFolder(tx, in, n)
		if err != nil {
			return err
		}
		if f, err = v.folder(tx, id); err != nil {
			return err
		}
		return v.show(tx, f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (v *View) newFolder(tx *db.Tx, in *Folder, n NewFolder) (FolderID, error) {
	var count int
	if err := tx.QueryRow(`SELECT count(*) FROM folder WHERE mailbox_id = $1`, v.key).Scan(&count); err != nil {
		return 0, err
	}
	if count >= v.s.limits.Folders {
		return 0, entente.Errorf(entente.TooLarge, "the mailbox has too many folders").Because(FolderLimit)
	}
	entries := n.Permissions
	if entries == nil {
		entries = in.Table.Entries
	}
	if me := v.subject().SID; !v.full && me != "" {
		entries = slices.DeleteFunc(slices.Clone(entries), func(e access.Entry) bool { return e.Who == access.Named && e.SID == me })
		entries = append(entries, access.Entry{SID: me, Rights: access.LevelOwner})
	}
	number, err := v.numbers(tx, 1, 0)
	if err != nil {
		return 0, err
	}
	v.changed(tx)
	if err := v.inherited(tx, number, in, entries); err != nil {
		return 0, err
	}
	return FolderID(number), insertFolder(tx, v.key, folderRow{
		id: int64(number), parent: int64(in.ID), class: n.Class, name: n.Name, hidden: n.Hidden, change: int64(number),
		created: Ticks(v.s.now()), permissions: appendPermissions(nil, entries), props: n.Props.Append(nil),
	})
}

// UpdateFolder changes a folder's Name, Class, Hidden, Props and permission table
// by fn, which may run more than once; the entries of the table are replaced, not
// written into. If ifChange is not 0 it must be the folder's change
// number. It needs FolderOwner; a folder that every mailbox has keeps its name.
func (v *View) UpdateFolder(ctx context.Context, id FolderID, ifChange uint64, fn func(*Folder) error) (*Folder, error) {
	var f *Folder
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		if f, err = v.folder(tx, id); err != nil {
			return err
		}
		if err := v.want(tx, &f.Table, access.FolderOwner); err != nil {
			return err
		}
		if ifChange != 0 && ifChange != f.Change {
			return entente.Errorf(entente.Conflict, "the folder was changed meanwhile").Because(StaleFolder)
		}
		return v.updateFolder(tx, f, fn)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (v *View) updateFolder(tx *db.Tx, f *Folder, fn func(*Folder) error) error {
	now := *f
	now.Props = f.Props.Clone()
	if err := fn(&now); err != nil {
		return err
	}
	if now.Name != f.Name {
		if f.Distinguished != "" {
			return fixedFolder()
		}
		if err := checkName(now.Name); err != nil {
			return err
		}
		if err := v.free(tx, f.Parent, now.Name, f.ID); err != nil {
			return err
		}
	}
	if err := checkClass(now.Class); err != nil {
		return err
	}
	if !strings.EqualFold(now.Class, f.Class) {
		if err := v.readOnly(f.Class, access.EditAny); err != nil {
			return err
		}
	}
	props := now.Props.Append(nil)
	if len(props) > v.s.limits.Props {
		return tooLarge()
	}
	if !slices.Equal(now.Table.Entries, f.Table.Entries) {
		entries, err := v.checkPermissions(now.Table.Entries)
		if err == nil {
			err = v.mayShare(now.Class, f.Table.Entries, entries)
		}
		if err != nil {
			return err
		}
		if f.Change, err = v.storePermissions(tx, f.ID, entries); err != nil {
			return err
		}
		f.Table.Entries, f.Table.Class = entries, now.Class
	}
	if now.Name != f.Name || now.Class != f.Class || now.Hidden != f.Hidden || !now.Props.Equal(&f.Props) {
		number, err := v.numbers(tx, 1, 0)
		if err != nil {
			return err
		}
		f.Change, f.Modified = number, TimeOf(Ticks(v.s.now()))
		if _, err := tx.Exec(`UPDATE folder SET name = $3, name_key = $4, class = $5, hidden = $6, props = $7, change_number = $8, modified = $9
			WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID, now.Name, nameKey(now.Name), now.Class, number01(now.Hidden),
			props, number, Ticks(f.Modified)); err != nil {
			return err
		}
		v.changed(tx)
	}
	f.Name, f.Class, f.Hidden, f.Props = now.Name, now.Class, now.Hidden, now.Props
	return v.show(tx, f)
}

// MoveFolder puts a folder, with all in it, into another. Ids stay. It needs
// FolderOwner on it and CreateSubFolder there.
func (v *View) MoveFolder(ctx context.Context, id, to FolderID) (*Folder, error) {
	var f *Folder
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		var err error
		if f, err = v.folder(tx, id); err != nil {
			return err
		}
		if err := v.want(tx, &f.Table, access.FolderOwner); err != nil {
			return err
		}
		tree, err := v.subtree(tx, id)
		if err != nil {
			return err
		}
		if _, err := v.parentFor(tx, to, height(tree)); err != nil {
			return err
		}
		if err := v.free(tx, to, f.Name, id); err != nil {
			return err
		}
		if err := v.moveFolder(tx, f, to, f.Name); err != nil {
			return err
		}
		return v.show(tx, f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// moveFolder moves a folder; the target was found to be fit.
func (v *View) moveFolder(tx *db.Tx, f *Folder, to FolderID, name string) error {
	if f.Distinguished != "" {
		return fixedFolder()
	}
	above, err := v.ancestors(tx, to)
	if err != nil {
		return err
	}
	if slices.Contains(above, f.ID) {
		return intoItself()
	}
	number, err := v.numbers(tx, 1, 0)
	if err != nil {
		return err
	}
	f.Parent, f.Name, f.Change = to, name, number
	v.changed(tx)
	_, err = tx.Exec(`UPDATE folder SET parent_id = $3, name = $4, name_key = $5, change_number = $6, modified = $7
		WHERE mailbox_id = $1 AND folder_id = $2`, v.key, f.ID, to, name, nameKey(name), number, Ticks(v.s.now()))
	return err
}

func intoItself() error {
	return entente.Errorf(entente.Invalid, "a folder cannot be put into itself").Because(FolderIntoItself)
}

// subtree is a folder and all below it, parents first, whoever may see them.
func (v *View) subtree(tx *db.Tx, id FolderID) ([]*Folder, error) {
	all, err := v.allFolders(tx)
	if err != nil {
		return nil, err
	}
	children := map[FolderID][]*Folder{}
	var list []*Folder
	for _, f := range all {
		children[f.Parent] = append(children[f.Parent], f)
		if f.ID == id {
			list = append(list, f)
		}
	}
	for i := 0; i < len(list) && len(list) <= len(all); i++ {
		list = append(list, children[list[i].ID]...)
	}
	if list == nil {
		return nil, noFolder()
	}
	return list, nil
}

// height is the number of levels of a tree that subtree returned.
func height(tree []*Folder) int {
	level, most := map[FolderID]int{}, 0
	for _, f := range tree {
		level[f.ID] = level[f.Parent] + 1
		most = max(most, level[f.ID])
	}
	return most
}
