package mailbox

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"entente"
	"entente/access"
	"entente/db"
)

// A FolderID names a folder within its mailbox, for ever.
type FolderID uint64

// A Folder is a folder as the caller of a View may know it.
type Folder struct {
	ID            FolderID
	Parent        FolderID // 0 for the root
	Distinguished DistinguishedName
	Class         string // container class: IPF.Note, IPF.Appointment …
	Name          string
	Hidden        bool
	Change        uint64 // changes with the folder, not with its items
	Created       time.Time
	Modified      time.Time

	Total           int // items, without associated ones
	Unread          int
	Associated      int
	Children        int // folders in it that the caller may know
	Size            int64
	ContentChange   uint64 // the last change of its items
	ContentModified time.Time
	Article         uint32 // the last article number given out

	Props  Props
	Table  access.FolderTable // for owners; others must not be shown it
	Rights access.Rights      // all the caller may do in the folder

	limited bool // the caller knows of it by item grants alone
}

// Limited reports whether the caller knows of the folder by item grants alone:
// to him it is what they open in it, and a name.
func (f *Folder) Limited() bool { return f.limited }

// Calendar reports whether the folder keeps appointments.
func (f *Folder) Calendar() bool { return isCalendar(f.Class) }

// folderColumns are read by scanFolder. The count of children is that of all:
// visible corrects it for callers who may not see some.
const folderColumns = `SELECT f.folder_id, f.parent_id, f.distinguished, f.class, f.name, f.hidden, f.change_number,
	f.created, f.modified, f.permissions, f.props, c.total, c.unread, c.associated, c.size, c.change_number, c.modified, c.article,
	(SELECT count(*) FROM folder x WHERE x.mailbox_id = f.mailbox_id AND x.parent_id = f.folder_id)
	FROM folder f JOIN folder_content c ON c.mailbox_id = f.mailbox_id AND c.folder_id = f.folder_id `

// folderByName repeats the condition of the index, without which SQLite does not
// use it.
const folderByName = `WHERE f.mailbox_id = $1 AND f.distinguished = $2 AND f.distinguished <> ''`

type scanner interface{ Scan(dest ...any) error }

func scanFolder(r scanner) (*Folder, error) {
	var f Folder
	var hidden, created, modified, contentModified int64
	var permissions, props []byte
	var distinguished string
	err := r.Scan(&f.ID, &f.Parent, &distinguished, &f.Class, &f.Name, &hidden, &f.Change, &created, &modified, &permissions, &props,
		&f.Total, &f.Unread, &f.Associated, &f.Size, &f.ContentChange, &contentModified, &f.Article, &f.Children)
	if err == db.ErrNoRows {
		return nil, noFolder()
	}
	if err != nil {
		return nil, err
	}
	f.Distinguished, f.Hidden = DistinguishedName(distinguished), hidden != 0
	f.Created, f.Modified, f.ContentModified = TimeOf(created), TimeOf(modified), TimeOf(contentModified)
	if f.Props, err = ParseProps(props); err != nil {
		return nil, fmt.Errorf("folder %d: %w", f.ID, err)
	}
	f.Table = access.FolderTable{Folder: uint64(f.ID), Class: f.Class}
	if f.Table.Entries, err = parsePermissions(permissions); err != nil {
		return nil, fmt.Errorf("folder %d: %w", f.ID, err)
	}
	return &f, nil
}

// folder reads a folder without asking what the caller may do.
func (v *View) folder(tx *db.Tx, id FolderID) (*Folder, error) {
	return scanFolder(tx.QueryRow(folderColumns+`WHERE f.mailbox_id = $1 AND f.folder_id = $2`, v.key, id))
}

func (v *View) folderByName(tx *db.Tx, name DistinguishedName) (*Folder, error) {
	return scanFolder(tx.QueryRow(folderColumns+folderByName, v.key, string(name)))
}

// table reads a folder's permission table and no more.
func (v *View) table(tx *db.Tx, id FolderID) (access.FolderTable, error) {
	var permissions []byte
	t := access.FolderTable{Folder: uint64(id)}
	err := tx.QueryRow(`SELECT class, permissions FROM folder WHERE mailbox_id = $1 AND folder_id = $2`, v.key, id).Scan(&t.Class, &permissions)
	if err == db.ErrNoRows {
		return t, noFolder()
	}
	if err == nil {
		t.Entries, err = parsePermissions(permissions)
	}
	return t, err
}

// show makes a folder what the caller may know of it.
func (v *View) show(tx *db.Tx, f *Folder) error {
	rights, err := v.see(tx, &f.Table)
	if err != nil {
		return err
	}
	f.Rights = rights
	if v.limited(&f.Table) {
		rows, err := v.grantedRows(tx)
		if err != nil {
			return err
		}
		v.limit(f, v.glimpse(&f.Table, rows[f.ID]))
	}
	if err := v.hidePrivate(tx, f); err != nil {
		return err
	}
	if v.full || f.Children == 0 {
		return nil
	}
	children, err := v.below(tx, f.ID, false)
	f.Children = len(children)
	return err
}

// Folder returns a folder by its id.
func (v *View) Folder(ctx context.Context, id FolderID) (*Folder, error) {
	return v.oneFolder(ctx, func(tx *db.Tx) (*Folder, error) { return v.folder(tx, id) })
}

// FolderByName returns a folder that every mailbox has.
func (v *View) FolderByName(ctx context.Context, name DistinguishedName) (*Folder, error) {
	return v.oneFolder(ctx, func(tx *db.Tx) (*Folder, error) { return v.folderByName(tx, name) })
}

func (v *View) oneFolder(ctx context.Context, get func(*db.Tx) (*Folder, error)) (*Folder, error) {
	var f *Folder
	err := v.db.View(ctx, func(tx *db.Tx) error {
		var err error
		if f, err = get(tx); err != nil {
			return err
		}
		return v.show(tx, f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Folders returns the folders in a folder that the caller may know, in the order
// of their names; deep also those in them, each after its parent. Folders below
// one that is hidden from the caller are shown if he may know them.
func (v *View) Folders(ctx context.Context, parent FolderID, deep bool) ([]*Folder, error) {
	var list []*Folder
	err := v.db.View(ctx, func(tx *db.Tx) error {
		f, err := v.folder(tx, parent)
		if err != nil {
			return err
		}
		if _, err := v.see(tx, &f.Table); err != nil {
			return err
		}
		list, err = v.below(tx, parent, deep)
		return err
	})
	return list, err
}

// below lists visible folders under one, from a single query: a mailbox has
// few, and the tree is put together here.
func (v *View) below(tx *db.Tx, parent FolderID, deep bool) ([]*Folder, error) {
	all, err := v.allFolders(tx)
	if err != nil {
		return nil, err
	}
	children := map[FolderID][]*Folder{}
	for _, f := range all {
		children[f.Parent] = append(children[f.Parent], f)
	}
	var list []*Folder
	var walk func(id FolderID, depth int)
	walk = func(id FolderID, depth int) {
		for _, f := range children[id] {
			if f.Rights != 0 {
				list = append(list, f)
			}
			if deep && depth < 2*v.s.limits.FolderDepth {
				walk(f.ID, depth+1)
			}
		}
	}
	walk(parent, 0)
	return list, v.hidePrivate(tx, list...)
}

// allFolders returns every folder, ordered by name, with Rights 0 if the caller
// may not know it, and counts of the children he may know.
func (v *View) allFolders(tx *db.Tx) ([]*Folder, error) {
	rows, err := tx.Query(folderColumns+`WHERE f.mailbox_id = $1 ORDER BY f.name_key, f.folder_id`, v.key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*Folder
	visible := map[FolderID]int{}
	for rows.Next() {
		f, err := scanFolder(rows)
		if err != nil {
			return nil, err
		}
		if rights := v.permit.FolderRights(&f.Table); seen(rights) != 0 {
			f.Rights = rights
		}
		all = append(all, f)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	if err := v.limitAll(tx, all); err != nil {
		return nil, err
	}
	for _, f := range all {
		if f.Rights != 0 {
			visible[f.Parent]++
		}
	}
	for _, f := range all {
		f.Children = visible[f.ID]
	}
	return all, nil
}

// nameKey is what makes two names in a folder the same: Exchange compares
// without case.
func nameKey(name string) string { return strings.ToLower(name) }

const maxFolderName = 255 // characters, [MS-OXWSFOLD] DisplayName

// checkName refuses names that no client shows well, or that would not fit.
func checkName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxFolderName || !utf8.ValidString(name) || strings.TrimSpace(name) == "" ||
		strings.ContainsFunc(name, unicode.IsControl) {
		return entente.Errorf(entente.Invalid, "not a folder name").Because(FolderName)
	}
	return nil
}

// checkClass allows container classes: IPF, IPF.Note … and what Exchange's own
// hidden folders have.
func checkClass(class string) error {
	if len(class) > 255 || !utf8.ValidString(class) || strings.ContainsFunc(class, unicode.IsControl) {
		return entente.Errorf(entente.Invalid, "not a folder class").Because(FolderClass)
	}
	return nil
}
