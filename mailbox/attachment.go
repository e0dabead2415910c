package mailbox

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// An Attachment is something that hangs on an item: a file, or another item.
type Attachment struct {
	ID              uint32 // unique in its item, never given out twice there
	Name            string
	ContentType     string
	ContentID       string
	ContentLocation string
	Size            int64
	Inline          bool // shown in the body
	Item            bool // an item: View.AttachmentItem reads it
	Modified        time.Time

	// Content and Embedded are what is to be stored, by CreateItem and
	// AddAttachments, the second for items. They are never filled in.
	Content  []byte
	Embedded *Item

	dataID uint64
}

// piece is how much of an attachment is one row: what a reader holds in memory
// at a time.
const piece = 256 << 10

// clean makes a text from outside one that can be kept.
func clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

func attachments(tx *db.Tx, key []byte, contentID uint64) ([]Attachment, error) {
	rows, err := tx.Query(`SELECT attachment_id, data_id, name, content_type, mime_content_id, content_location, size, inline, is_item, modified
		FROM attachment WHERE mailbox_id = $1 AND content_id = $2 ORDER BY attachment_id`, key, contentID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Attachment
	for rows.Next() {
		var a Attachment
		var inline, item, modified int64
		err := rows.Scan(&a.ID, &a.dataID, &a.Name, &a.ContentType, &a.ContentID, &a.ContentLocation, &a.Size, &inline, &item, &modified)
		if err != nil {
			return nil, err
		}
		a.Inline, a.Item, a.Modified = inline != 0, item != 0, TimeOf(modified)
		list = append(list, a)
	}
	return list, rows.Err()
}

// encoded fills in the content of attached items, and checks the limits.
func (v *View) encoded(list []Attachment) error {
	if len(list) > v.s.limits.Attachments {
		return entente.Errorf(entente.TooLarge, "an item takes %d attachments at most", v.s.limits.Attachments).Because(AttachmentLimit)
	}
	for i := range list {
		a := &list[i]
		if a.Embedded == nil {
			a.Size = int64(len(a.Content))
			continue
		}
		b, err := appendItem(nil, a.Embedded, v.s.limits.Nesting)
		if err != nil {
			return err
		}
		a.Item, a.Content, a.Size = true, b, int64(len(b))
	}
	return nil
}

// attach stores attachments of an item, numbered from after on. Bytes are kept
// under the number of the change and the attachment's own, which is unique in
// the mailbox since only one change has the number.
func (v *View) attach(tx *db.Tx, it *Item, list []Attachment, number uint64) error {
	now := Ticks(v.s.now())
	for i := range list {
		a := &list[i]
		it.lastAttachment++
		a.ID, a.dataID = it.lastAttachment, number<<16|uint64(i)
		if a.Modified.IsZero() {
			a.Modified = TimeOf(now)
		}
		_, err := tx.Exec(`INSERT INTO attachment (mailbox_id, content_id, attachment_id, data_id, name, content_type,
				mime_content_id, content_location, size, inline, is_item, modified)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			v.key, it.contentID, a.ID, a.dataID, clean(a.Name, 1024), clean(a.ContentType, 255), clean(a.ContentID, 1024),
			clean(a.ContentLocation, 2048), a.Size, number01(a.Inline), number01(a.Item), Ticks(a.Modified))
		if err != nil {
			return err
		}
		n := 0
		for part := range slices.Chunk(a.Content, piece) {
			if _, err := tx.Exec(`INSERT INTO attachment_data (mailbox_id, data_id, piece, bytes) VALUES ($1, $2, $3, $4)`,
				v.key, a.dataID, n, part); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

func number01(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// AttachmentContent returns an attachment and its bytes, which are read from
// the database piece by piece as they are asked for. An attachment deleted
// meanwhile ends in an error with the reason AttachmentNotFound.
func (v *View) AttachmentContent(ctx context.Context, item ItemID, id uint32) (Attachment, io.Reader, error) {
	var a Attachment
	err := v.db.View(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		it, _, err := r.whole(item, PartAttachments, access.ReadAny)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(it.Attachments, func(a Attachment) bool { return a.ID == id })
		if i < 0 {
			return noAttachment()
		}
		a = it.Attachments[i]
		return nil
	})
	if err != nil {
		return Attachment{}, nil, err
	}
	return a, &contentReader{ctx: ctx, v: v, data: a.dataID, left: a.Size}, nil
}

// AttachmentItem returns an attachment that is an item. Its attachments carry
// their content; it has neither id nor folder.
func (v *View) AttachmentItem(ctx context.Context, item ItemID, id uint32) (Attachment, *Item, error) {
	a, r, err := v.AttachmentContent(ctx, item, id)
	if err != nil {
		return a, nil, err
	}
	if !a.Item {
		return a, nil, entente.Errorf(entente.Invalid, "the attachment is not an item").Because(AttachmentNotFound)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return a, nil, err
	}
	it, err := parseItem(b, v.s.limits.Nesting)
	return a, it, err
}

type contentReader struct {
	ctx  context.Context
	v    *View
	data uint64
	next int
	have []byte
	left int64
}

func (r *contentReader) Read(p []byte) (int, error) {
	if len(r.have) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		if err := r.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.have)
	r.have, r.left = r.have[n:], r.left-int64(n)
	return n, nil
}

func (r *contentReader) fetch() error {
	err := r.v.db.View(r.ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT bytes FROM attachment_data WHERE mailbox_id = $1 AND data_id = $2 AND piece = $3`,
			r.v.key, r.data, r.next).Scan(&r.have)
	})
	r.next++
	if err == db.ErrNoRows || err == nil && (len(r.have) == 0 || int64(len(r.have)) > r.left) {
		return noAttachment()
	}
	return err
}

// AddAttachments hangs attachments on an item and returns it with all of them,
// the new ones last, their ids set. It needs the right to edit the item.
func (v *View) AddAttachments(ctx context.Context, item ItemID, ifChange uint64, list []Attachment) (*Item, error) {
	list = slices.Clone(list)
	if err := v.encoded(list); err != nil {
		return nil, err
	}
	return v.changeAttachments(ctx, item, ifChange, func(tx *db.Tx, it *Item, number uint64) (int64, error) {
		if len(it.Attachments)+len(list) > v.s.limits.Attachments {
			return 0, entente.Errorf(entente.TooLarge, "an item takes %d attachments at most", v.s.limits.Attachments).Because(AttachmentLimit)
		}
		fresh := slices.Clone(list)
		if err := v.attach(tx, it, fresh, number); err != nil {
			return 0, err
		}
		more := int64(0)
		for _, a := range fresh {
			more += a.Size
			a.Content, a.Embedded = nil, nil
			it.Attachments = append(it.Attachments, a)
		}
		return more, nil
	})
}

// DeleteAttachments removes attachments of an item and returns it with those
// that remain. One that is not there is an error, and nothing is removed.
func (v *View) DeleteAttachments(ctx context.Context, item ItemID, ifChange uint64, ids []uint32) (*Item, error) {
	return v.changeAttachments(ctx, item, ifChange, func(tx *db.Tx, it *Item, _ uint64) (int64, error) {
		less := int64(0)
		for _, id := range ids {
			i := slices.IndexFunc(it.Attachments, func(a Attachment) bool { return a.ID == id })
			if i < 0 {
				return 0, noAttachment()
			}
			a := it.Attachments[i]
			less -= a.Size
			it.Attachments = slices.Delete(it.Attachments, i, i+1)
			e := execs{}
			e.do(tx.Exec(`DELETE FROM attachment_data WHERE mailbox_id = $1 AND data_id = $2`, v.key, a.dataID))
			e.do(tx.Exec(`DELETE FROM attachment WHERE mailbox_id = $1 AND content_id = $2 AND attachment_id = $3`, v.key, it.contentID, id))
			if e.err != nil {
				return 0, e.err
			}
		}
		return less, nil
	})
}

// changeAttachments runs a change of attachments, which returns by how much the
// item grew.
func (v *View) changeAttachments(ctx context.Context, id ItemID, ifChange uint64, change func(*db.Tx, *Item, uint64) (int64, error)) (*Item, error) {
	var it *Item
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		var t access.FolderTable
		var err error
		if it, t, err = r.whole(id, PartAttachments, access.EditAny); err != nil {
			return err
		}
		if err := v.alter(tx, &t, string(it.Creator), access.EditAny, access.EditOwned); err != nil {
			return err
		}
		if err := unchanged(it, ifChange); err != nil {
			return err
		}
		number, err := v.numbers(tx, 1, 0)
		if err != nil {
			return err
		}
		more, err := change(tx, it, number)
		if err != nil {
			return err
		}
		rec, err := v.record(it)
		if err != nil {
			return err
		}
		return v.storeChange(tx, it, rec, number, true, more)
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}
