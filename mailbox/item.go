package mailbox

import (
	"context"
	"fmt"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// An ItemID names an item within its mailbox. A move gives it another, as in
// Exchange; no id is ever given out twice.
type ItemID uint64

// Parts are the parts of an item that are not read with it unless asked for.
type Parts uint8

// The parts.
const (
	PartBody        Parts = 1 << iota // Body
	PartRecipients                    // Recipients
	PartAttachments                   // Attachments, without their content
	PartMIME                          // MIME

	AllParts = PartBody | PartRecipients | PartAttachments | PartMIME
)

// An Item is one thing in a folder.
//
// Its own fields, not Props, say its class, size, times and whether it was
// read; Props holds what lists show and what restrictions and sorts use.
type Item struct {
	ID         ItemID
	Folder     FolderID
	Change     uint64 // change number: another after every change
	Article    uint32 // PidTagInternetArticleNumber: unique in its folder and rising
	Associated bool   // in the folder's associated contents table
	Read       bool
	Class      string // message class: IPM.Note, IPM.Appointment …
	Creator    entente.SID
	Created    time.Time
	Modified   time.Time // not when only Read changed
	Size       int64     // bytes, with everything in it
	Props      Props
	// Arrival, if set, is the name of a delivery or of a creation: under one name
	// Deliver and CreateItem put one item into a mailbox, however often it is
	// tried. It is not kept with the item.
	Arrival string
	// Found says that CreateItem made nothing, for the item was made under its name
	// before: it is as it is by now.
	Found bool

	Parts       Parts // which of the following are filled in
	Body        *Body // nil if the item has none
	MIME        []byte
	Recipients  []Recipient
	Attachments []Attachment

	// What is known and may be changed of a limited item, and which occurrence
	// it is: see Limited.
	limited      bool
	shows, edits access.Fields
	day          *calendar.Date

	contentID      uint64
	contentChange  uint64
	flags          itemFlags
	lastAttachment uint32
}

// A Body is an item's text, in either form or both; nil is none of that form.
// Both are UTF-8.
type Body struct{ Text, HTML []byte }

// itemFlags are kept in a column so that sync pages need not read the row.
type itemFlags uint8

const (
	flagAssociated itemFlags = 1 << iota
	flagPrivate
	flagWasPrivate
	flagRead
)

// Private reports whether the item is shown only to those with ReadPrivate.
func (it *Item) Private() bool { return it.flags&flagPrivate != 0 }

// MessageFlags is PidTagMessageFlags with mfRead from Read. [MS-OXCMSG] 2.2.1.6
func (it *Item) MessageFlags() int64 {
	n, _ := it.Props.Int(PidTagMessageFlags)
	n &^= 1
	if it.Read {
		n |= 1
	}
	return n
}

// HasAttachments reports whether the item has any, inline ones included.
func (it *Item) HasAttachments() bool { return it.Props.Bool(PidTagHasAttachments) }

// itemColumns are read by scanItem. Those who add tables to the query alias
// item as i.
const itemColumns = `SELECT i.item_id, i.folder_id, i.content_id, i.change_number, i.content_change, i.article, i.flags,
	i.class, i.creator, i.created, i.modified, i.size, i.attachments, i.props`

// scanItem reads itemColumns, and after them more.
func scanItem(r scanner, more ...any) (*Item, error) {
	var it Item
	var flags, created, modified int64
	var props []byte
	var creator string
	dest := append(make([]any, 0, 20), &it.ID, &it.Folder, &it.contentID, &it.Change, &it.contentChange, &it.Article, &flags,
		&it.Class, &creator, &created, &modified, &it.Size, &it.lastAttachment, &props)
	if err := r.Scan(append(dest, more...)...); err != nil {
		if err == db.ErrNoRows {
			return nil, noItem()
		}
		return nil, err
	}
	it.setFlags(itemFlags(flags))
	it.Creator, it.Created, it.Modified = entente.SID(creator), TimeOf(created), TimeOf(modified)
	var err error
	if it.Props, err = ParseProps(props); err != nil {
		return nil, fmt.Errorf("item %d: %w", it.ID, err)
	}
	return &it, nil
}

func (it *Item) setFlags(f itemFlags) {
	it.flags, it.Associated, it.Read = f, f&flagAssociated != 0, f&flagRead != 0
}

// itemWithFolder reads an item and, at no further cost worth mentioning, the
// permission table of its folder: there is no cache that could be stale.
const itemWithFolder = itemColumns + `, f.class, f.permissions
	FROM item i JOIN folder f ON f.mailbox_id = i.mailbox_id AND f.folder_id = i.folder_id
	WHERE i.mailbox_id = $1 AND i.item_id = $2`

// item reads an item and its folder's table without asking for any right.
func (v *View) item(tx *db.Tx, id ItemID) (*Item, access.FolderTable, error) {
	var t access.FolderTable
	var permissions []byte
	it, err := scanItem(tx.QueryRow(itemWithFolder, v.key, id), &t.Class, &permissions)
	if err != nil {
		return nil, t, err
	}
	t.Folder = uint64(it.Folder)
	t.Entries, err = parsePermissions(permissions)
	return it, t, err
}

// A reader reads items for one caller and remembers the last folder's answer,
// since items asked for together mostly lie together. One transaction, one
// reader.
type reader struct {
	v       *View
	tx      *db.Tx
	folder  uint64
	rights  access.Rights
	limited bool // the folder gives no more than item grants do
	err     error
}

// look returns an item as it is kept, and whether the caller may know no more of
// it than grants give him.
func (r *reader) look(id ItemID) (it *Item, t access.FolderTable, limited bool, err error) {
	if it, t, err = r.v.item(r.tx, id); err != nil {
		return nil, t, false, err
	}
	if r.folder == 0 || r.folder != t.Folder {
		r.folder = t.Folder
		r.limited = r.v.limited(&t)
		if !r.limited {
			r.rights, r.err = r.v.read(r.tx, &t)
		}
	}
	switch {
	case r.limited && len(r.v.keysOf(it.contentID)) > 0:
		return it, t, true, nil
	case r.limited:
		_, _ = r.v.permit.Folder(&t, access.ReadAny) // refused, and so on record
		return nil, t, false, noItem()
	case r.err != nil:
		return nil, t, false, r.err
	case it.Private() && !r.rights.Has(access.ReadPrivate):
		return nil, t, false, noItem()
	}
	return it, t, false, nil
}

// get returns an item as the caller may read it.
func (r *reader) get(id ItemID, parts Parts) (*Item, access.FolderTable, error) {
	it, t, limited, err := r.look(id)
	if err != nil {
		return nil, t, err
	}
	if !limited {
		return it, t, r.fill(it, parts)
	}
	f := r.v.mayKnow(&t, it.contentID, 0)
	if f == 0 {
		return nil, t, noItem() // occurrences of it are granted, and not the series
	}
	if err := r.v.loadKnown(r.tx, it, f); err != nil {
		return nil, t, err
	}
	return r.v.mask(it, f, parts), t, nil
}

// fill completes an item that the caller may read by rights on its folder.
func (r *reader) fill(it *Item, parts Parts) error {
	if r.v.HasGrants() {
		g, _ := r.v.grantOf(it.contentID, 0)
		it.edits = g.Write
	}
	return r.v.load(r.tx, it, parts)
}

// whole returns an item for what cannot be done with granted fields of it: for a
// right that grants do not give, who knows it by one is refused.
func (r *reader) whole(id ItemID, parts Parts, right access.Rights) (*Item, access.FolderTable, error) {
	it, t, limited, err := r.look(id)
	if err != nil {
		return nil, t, err
	}
	if !limited {
		return it, t, r.v.load(r.tx, it, parts)
	}
	if r.v.mayKnow(&t, it.contentID, 0) == 0 {
		return nil, t, noItem()
	}
	return nil, t, r.v.refuse(&t, right)
}

// read asks to read the folder's items. Refusals say that there is no such
// item, since what the caller may not read does not exist for him.
func (v *View) read(tx *db.Tx, t *access.FolderTable) (access.Rights, error) {
	if err := v.want(tx, t, access.ReadAny); err != nil {
		return 0, noItem()
	}
	if v.full {
		return access.FolderRights | access.ReadPrivate, nil
	}
	return v.permit.FolderRights(t), nil
}

// load reads parts of an item.
func (v *View) load(tx *db.Tx, it *Item, parts Parts) error {
	if parts&(PartBody|PartRecipients|PartMIME) != 0 {
		if err := v.loadContent(tx, it, parts); err != nil {
			return fmt.Errorf("item %d: %w", it.ID, err)
		}
	}
	if parts&PartAttachments != 0 && it.lastAttachment > 0 {
		var err error
		if it.Attachments, err = attachments(tx, v.key, it.contentID); err != nil {
			return err
		}
	}
	it.Parts |= parts & AllParts
	return nil
}

func (v *View) loadContent(tx *db.Tx, it *Item, parts Parts) error {
	var text, html, recipients []byte
	var err error
	if parts&PartMIME != 0 {
		err = tx.QueryRow(`SELECT body_text, body_html, recipients, mime FROM item_content WHERE mailbox_id = $1 AND content_id = $2`,
			v.key, it.contentID).Scan(&text, &html, &recipients, &it.MIME)
	} else {
		err = tx.QueryRow(`SELECT body_text, body_html, recipients FROM item_content WHERE mailbox_id = $1 AND content_id = $2`,
			v.key, it.contentID).Scan(&text, &html, &recipients)
	}
	if err == db.ErrNoRows {
		return nil // an item of properties alone
	}
	if err != nil {
		return err
	}
	if parts&PartBody != 0 && (text != nil || html != nil) {
		it.Body = &Body{Text: text, HTML: html}
	}
	if parts&PartRecipients != 0 {
		it.Recipients, err = parseRecipients(recipients)
	}
	return err
}

// Item returns an item with the parts asked for.
func (v *View) Item(ctx context.Context, id ItemID, parts Parts) (*Item, error) {
	var it *Item
	err := v.db.View(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		var err error
		it, _, err = r.get(id, parts)
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// A Result is what became of one of several items.
type Result struct {
	Item *Item // nil with an error
	Err  error // of this item alone: *entente.Error
}

// Items returns items in the order of their ids, with an error for each that
// cannot be read. The error beside them is one that concerns all.
func (v *View) Items(ctx context.Context, ids []ItemID, parts Parts) ([]Result, error) {
	var list []Result
	err := v.db.View(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		list = make([]Result, 0, len(ids))
		for _, id := range ids {
			it, _, err := r.get(id, parts)
			if err != nil {
				if !answer(err) {
					return err
				}
				it = nil
			}
			list = append(list, Result{it, err})
		}
		return nil
	})
	return list, err
}
