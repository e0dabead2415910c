package mailbox

import (
	"context"
	"fmt"
	"slices"

	"entente"
	"entente/access"
	"entente/db"
)

// CreateItem puts an item into a folder: class, properties, body, MIME,
// recipients and attachments (their Content or Embedded). It fills in what the
// store decides: ID, Folder, Change, Article, Creator, Created unless it is set,
// Modified, Size, and the attachments' ids.
//
// Under one name, Item.Arrival, it makes one item, however often it is asked to:
// what it returns is then the item that was made first, wherever it lies by now
// and with its properties; Change is 0 if it is gone.
//
// It needs Create; an associated item needs FolderOwner too.
func (v *View) CreateItem(ctx context.Context, folder FolderID, it *Item) error {
	if err := v.encoded(it.Attachments); err != nil {
		return err
	}
	var out *Item
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		t, err := v.table(tx, folder)
		if err != nil {
			return err
		}
		want := access.Create
		if it.Associated {
			want |= access.FolderOwner
		}
		if err := v.want(tx, &t, want); err != nil {
			return err
		}
		if it.Arrival != "" {
			if out, err = v.made(tx, folder, it.Arrival); out != nil || err != nil {
				return err
			}
		}
		fresh := *it
		fresh.Creator = v.subject().SID
		out = &fresh
		if err := v.insert(tx, folder, out); err != nil || it.Arrival == "" {
			return err
		}
		return v.noteArrival(tx, it.Arrival, out.ID)
	})
	if err != nil {
		return err
	}
	*it = *out
	return nil
}

// insert stores a new item. Rights were asked for, attachments encoded.
func (v *View) insert(tx *db.Tx, folder FolderID, it *Item) error {
	now := TimeOf(Ticks(v.s.now()))
	it.flags, it.lastAttachment = 0, 0
	it.Parts = AllParts
	it.Attachments = slices.Clone(it.Attachments) // the caller's keep their content, for the case of a repetition
	it.Folder, it.Modified = folder, now
	if it.Created.IsZero() {
		it.Created = now
	}
	rec, err := v.record(it)
	if err != nil {
		return err
	}
	c := contentOf(it)
	it.Size = int64(len(rec.props)) + c.size()
	for i := range it.Attachments {
		it.Size += it.Attachments[i].Size
	}
	if it.Size > v.s.limits.Item {
		return tooLarge()
	}
	number, err := v.numbers(tx, 1, it.Size)
	if err != nil {
		return err
	}
	it.ID, it.Change, it.contentChange, it.contentID = ItemID(number), number, number, number
	it.setFlags(rec.flags)
	if it.Article, err = v.arrive(tx, folder, number, tally(it, 1)); err != nil {
		return err
	}
	if err := v.insertContent(tx, number, &c); err != nil {
		return fmt.Errorf("create item: %w", err)
	}
	if err := v.attach(tx, it, it.Attachments, number); err != nil {
		return fmt.Errorf("create item: %w", err)
	}
	for i := range it.Attachments {
		it.Attachments[i].Content, it.Attachments[i].Embedded = nil, nil
	}
	_, err = tx.Exec(`INSERT INTO item (mailbox_id, item_id, folder_id, content_id, change_number, content_change, article, flags,
			class, creator, created, modified, size, attachments, received, start_time, end_time, subject_key, props)
		VALUES ($1, $2, $3, $2, $2, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		v.key, it.ID, folder, it.Article, rec.flags, rec.class, string(it.Creator), Ticks(it.Created), Ticks(it.Modified),
		it.Size, it.lastAttachment, rec.received, rec.start, rec.end, rec.subject, rec.props)
	v.changed(tx)
	return err
}

// counts are what items add to, or take from, their folder.
type counts struct{ total, unread, associated, size int64 }

// tally is what one item counts for, times n.
func tally(it *Item, n int64) counts {
	c := counts{size: n * it.Size}
	switch {
	case it.Associated:
		c.associated = n
	case it.Read:
		c.total = n
	default:
		c.total, c.unread = n, n
	}
	return c
}

// arrive counts an item into a folder and gives it an article number.
func (v *View) arrive(tx *db.Tx, folder FolderID, number uint64, c counts) (uint32, error) {
	var article uint32
	err := tx.QueryRow(`UPDATE folder_content SET article = article + 1, total = total + $3, unread = unread + $4,
			associated = associated + $5, size = size + $6, change_number = $7, modified = $8
		WHERE mailbox_id = $1 AND folder_id = $2 RETURNING article`,
		v.key, folder, c.total, c.unread, c.associated, c.size, number, Ticks(v.s.now())).Scan(&article)
	if err == db.ErrNoRows {
		return 0, noFolder()
	}
	return article, err
}

// count records a change in a folder.
func (v *View) count(tx *db.Tx, folder FolderID, number uint64, c counts) error {
	_, err := tx.Exec(`UPDATE folder_content SET total = total + $3, unread = unread + $4,
			associated = associated + $5, size = size + $6, change_number = $7, modified = $8
		WHERE mailbox_id = $1 AND folder_id = $2`,
		v.key, folder, c.total, c.unread, c.associated, c.size, number, Ticks(v.s.now()))
	return err
}

// UpdateItem changes an item. It reads the item with the parts asked for, has
// fn change it, and stores what differs; parts that fn adds to Item.Parts
// replace those that are kept, whether they were read or not. Attachments are
// changed by AddAttachments and DeleteAttachments instead. fn may run more than
// once; it replaces byte slices and does not write into them.
//
// If ifChange is not 0 and not the item's change number, nothing is changed and
// the error has the reason StaleChangeKey. If nothing differs, the item keeps
// its change number, so that nobody is told of a change that is none. It needs
// EditAny, or EditOwned for an item that the caller created.
func (v *View) UpdateItem(ctx context.Context, id ItemID, ifChange uint64, parts Parts, fn func(*Item) error) (*Item, error) {
	var it *Item
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		var t access.FolderTable
		var err error
		if it, t, err = r.whole(id, parts, access.EditAny); err != nil {
			return err
		}
		if err := v.alter(tx, &t, string(it.Creator), access.EditAny, access.EditOwned); err != nil {
			return err
		}
		if err := unchanged(it, ifChange); err != nil {
			return err
		}
		return v.update(tx, it, fn)
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

func (v *View) update(tx *db.Tx, it *Item, fn func(*Item) error) error {
	old := *it
	old.Props = it.Props.Clone()
	before := contentOf(it)
	if err := fn(it); err != nil {
		return err
	}
	it.ID, it.Folder, it.Change, it.Article, it.Size = old.ID, old.Folder, old.Change, old.Article, old.Size
	it.Associated, it.Creator, it.Created, it.Attachments = old.Associated, old.Creator, old.Created, old.Attachments
	if old.Parts&PartAttachments == 0 {
		it.Parts &^= PartAttachments
	}
	for _, p := range [...]Prop{PidTagHasAttachments, PidTagDisplayTo, PidTagDisplayCc, PidTagDisplayBcc} {
		it.Props.Copy(&old.Props, p) // record makes them anew where the parts are at hand
	}
	rec, err := v.record(it)
	if err != nil {
		return err
	}
	after := contentOf(it)
	differing := after.differing(&before)
	content := differing != 0 || it.Class != old.Class || !it.Props.Equal(&old.Props)
	if !content && it.Read == old.Read {
		return nil
	}
	number, err := v.numbers(tx, 1, 0)
	if err != nil {
		return err
	}
	grown, err := v.updateContent(tx, it.contentID, &after, differing)
	if err != nil {
		return fmt.Errorf("update item: %w", err)
	}
	grown += int64(len(rec.props)) - int64(len(old.Props.Append(nil)))
	return v.storeChange(tx, it, rec, number, content, grown)
}

// storeChange stores the row of a changed item that grew by some bytes. A
// change of content is more than one of the read flag.
func (v *View) storeChange(tx *db.Tx, it *Item, rec record, number uint64, content bool, grown int64) error {
	if grown > 0 && it.Size+grown > v.s.limits.Item {
		return tooLarge()
	}
	if grown != 0 {
		if _, err := v.numbers(tx, 0, grown); err != nil {
			return err
		}
	}
	was := *it
	was.setFlags(it.flags)
	it.setFlags(rec.flags)
	it.Change, it.Size = number, it.Size+grown
	if content {
		it.contentChange, it.Modified = number, TimeOf(Ticks(v.s.now()))
	}
	_, err := tx.Exec(`UPDATE item SET change_number = $3, content_change = $4, flags = $5, class = $6, modified = $7, size = $8,
			attachments = $9, received = $10, start_time = $11, end_time = $12, subject_key = $13, props = $14
		WHERE mailbox_id = $1 AND item_id = $2`,
		v.key, it.ID, it.Change, it.contentChange, rec.flags, rec.class, Ticks(it.Modified), it.Size,
		it.lastAttachment, rec.received, rec.start, rec.end, rec.subject, rec.props)
	if err != nil {
		return fmt.Errorf("update item: %w", err)
	}
	is, had := tally(it, 1), tally(&was, -1)
	v.changed(tx)
	return v.count(tx, it.Folder, number, counts{unread: is.unread + had.unread, size: grown})
}

// MarkAllRead sets or clears the read flag of every item in a folder. It needs
// EditAny, and leaves alone what the caller may not see. What it marks comes to
// sync clients as changes of the read flag.
func (v *View) MarkAllRead(ctx context.Context, folder FolderID, read bool) error {
	for {
		n := 0
		err := v.db.Update(ctx, func(tx *db.Tx) error {
			t, err := v.table(tx, folder)
			if err != nil {
				return err
			}
			if err := v.want(tx, &t, access.EditAny); err != nil {
				return err
			}
			n, err = v.markSome(tx, folder, read, v.seesPrivate(&t))
			return err
		})
		if err != nil || n < chunk {
			return err
		}
	}
}

// chunk is how many items one transaction changes: others wait behind it.
const chunk = 200

func (v *View) markSome(tx *db.Tx, folder FolderID, read, private bool) (int, error) {
	ids, err := itemIDs(tx.Query(`SELECT item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND flags % 2 = 0 AND (flags / 8) % 2 = $3
		AND (flags / 2) % 2 <> $4 ORDER BY article LIMIT $5`, v.key, folder, number01(!read), hidden(private), chunk))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	last, err := v.numbers(tx, len(ids), 0)
	if err != nil {
		return 0, err
	}
	first, by := last-uint64(len(ids))+1, int64(flagRead)
	if !read {
		by = -by
	}
	for i, id := range ids {
		if _, err := tx.Exec(`UPDATE item SET flags = flags + $3, change_number = $4 WHERE mailbox_id = $1 AND item_id = $2`,
			v.key, id, by, first+uint64(i)); err != nil {
			return 0, err
		}
	}
	unread := int64(len(ids))
	if read {
		unread = -unread
	}
	v.changed(tx)
	return len(ids), v.count(tx, folder, last, counts{unread: unread})
}

func itemIDs(rows *db.Rows, err error) ([]ItemID, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []ItemID
	for rows.Next() {
		var id ItemID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Deliver puts a message into the Inbox, at once. The permit is one for
// Deliver on the mailbox; it opens nothing else. The witness is the sender's
// request. A delivery that was made before, by the item's Arrival, is not made
// again: the id is then that of what came first, which its owner may have moved
// or deleted since.
func (s *Store) Deliver(ctx context.Context, database string, id entente.MailboxID, p access.Permit, w Witness, it *Item) (ItemID, error) {
	if !p.Covers(access.MailboxOf(id), access.Deliver) {
		return 0, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	d, err := s.databases(database)
	if err != nil {
		return 0, err
	}
	if err := s.expect(ctx, d, database, id); err != nil {
		return 0, err
	}
	v := &View{s: s, db: s.recorded(d, database, id, w), database: database, id: id, key: id[:], permit: p}
	if err := v.encoded(it.Attachments); err != nil {
		return 0, err
	}
	var out *Item
	var before ItemID
	err = v.db.Update(ctx, func(tx *db.Tx) error {
		inbox, err := v.distinguishedID(tx, Inbox)
		if err != nil {
			return noMailbox()
		}
		out = nil
		if it.Arrival != "" {
			if before, err = v.arrived(tx, it.Arrival); before != 0 || err != nil {
				return err
			}
		}
		fresh := *it
		fresh.Props = it.Props.Clone()
		fresh.Associated, fresh.Read = false, false
		fresh.Creator = "" // a sender does not own what he sent: EditOwned is not his
		if !fresh.Props.Has(PidTagMessageDeliveryTime) {
			fresh.Props.SetTime(PidTagMessageDeliveryTime, s.now())
		}
		out = &fresh
		if err := v.insert(tx, inbox, out); err != nil || it.Arrival == "" {
			return err
		}
		return v.noteArrival(tx, it.Arrival, out.ID)
	})
	switch {
	case err != nil:
		return 0, err
	case out == nil:
		return before, nil
	}
	*it = *out
	return out.ID, nil
}
