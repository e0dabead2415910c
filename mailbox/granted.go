package mailbox

import (
	"cmp"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// Item grants open single items to somebody whom their folder gives nothing. To
// him the mailbox is those items, as far as their fields are granted, and the
// folders they lie in. They are looked up by their own keys, never by looking
// through a folder, so that what else there is costs no time and shows in none.

// grants returns what grants open to the caller in this mailbox, in the order of
// the keys; nil for who may do all.
func (v *View) grants() []access.Granted {
	if !v.full && !v.grantsRead {
		v.grantsRead, v.granted = true, v.permit.Granted()
	}
	return v.granted
}

// HasGrants reports whether item grants open anything to the caller.
func (v *View) HasGrants() bool { return len(v.grants()) > 0 }

// limited reports whether a folder shows the caller nothing but what is granted
// item by item.
func (v *View) limited(t *access.FolderTable) bool {
	return v.HasGrants() && !v.permit.FolderRights(t).Has(access.ReadAny)
}

// keysOf are the keys by which an item, or occurrences of it, are granted.
func (v *View) keysOf(content uint64) []access.Granted {
	all := v.grants()
	from, _ := slices.BinarySearchFunc(all, content, func(g access.Granted, c uint64) int { return cmp.Compare(g.Key.Content, c) })
	to := from
	for to < len(all) && all[to].Key.Content == content {
		to++
	}
	return all[from:to]
}

// grantOf is what is granted of an item as a whole, with day 0, or of one of its
// occurrences: what is granted of all of them counts for each.
func (v *View) grantOf(content uint64, day int32) (access.Granted, bool) {
	out := access.Granted{Key: access.ItemKey{Content: content, Day: day}}
	for _, g := range v.keysOf(content) {
		if g.Key.Day == 0 || g.Key.Day == day {
			out.Read |= g.Read
			out.Write |= g.Write
			out.By = append(out.By, g.By...)
		}
	}
	return out, len(out.By) > 0
}

// mayKnow asks which fields of an item the caller may read; none if he may not
// know of it. Each is asked for once a request.
func (v *View) mayKnow(t *access.FolderTable, content uint64, day int32) access.Fields {
	if _, ok := v.grantOf(content, day); !ok {
		return 0
	}
	on := access.ItemOf(v.id, t.Folder, access.ItemKey{Content: content, Day: day})
	if f, ok := v.asked[on]; ok {
		return f
	}
	f, err := v.permit.Item(t, on.Item, access.ReadItem)
	if err != nil {
		f = 0
	}
	if v.asked == nil {
		v.asked = map[access.Object]access.Fields{}
	}
	v.asked[on] = f
	return f
}

// keyDay is a day as item keys have it: 20260531. There is no day 0.
func keyDay(d calendar.Date) int32 {
	year, month, day := d.Civil()
	return int32(year*10000 + int(month)*100 + day)
}

// dateOf is the day of a key; false for one that is no day.
func dateOf(day int32) (calendar.Date, bool) {
	t := calendar.NewDate(int(day/10000), time.Month(day/100%100), int(day%100))
	return t, day > 0 && keyDay(t) == day
}

const (
	grantedUnmoved = itemColumns + ` FROM item i WHERE i.mailbox_id = $1 AND i.content_id = i.item_id AND i.item_id IN
		($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
	grantedMoved = itemColumns + ` FROM item i WHERE i.mailbox_id = $1 AND i.content_id <> i.item_id AND i.content_id IN
		($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
)

// grantedRows reads what is granted as it is kept, by folder, in the order of the
// ids: once a transaction, of which nothing that was granted is changed before
// everything was asked.
func (v *View) grantedRows(tx *db.Tx) (map[FolderID][]*Item, error) {
	if v.rowsOf == tx {
		return v.rows, nil
	}
	rows, err := v.readGranted(tx)
	if err == nil {
		v.rowsOf, v.rows = tx, rows
	}
	return rows, err
}

func (v *View) readGranted(tx *db.Tx) (map[FolderID][]*Item, error) {
	var contents []uint64
	for _, g := range v.grants() {
		contents = append(contents, g.Key.Content)
	}
	contents = slices.Compact(contents) // keys are in order
	byFolder := map[FolderID][]*Item{}
	args := make([]any, several+1)
	args[0] = v.key
	for some := range slices.Chunk(contents, several) {
		for i := range several {
			args[i+1] = some[min(i, len(some)-1)]
		}
		if err := scanInto(byFolder)(tx.Query(grantedUnmoved, args...)); err != nil {
			return nil, err
		}
		if err := scanInto(byFolder)(tx.Query(grantedMoved, args...)); err != nil {
			return nil, err
		}
	}
	for _, list := range byFolder {
		slices.SortFunc(list, func(a, b *Item) int { return cmp.Compare(a.ID, b.ID) })
	}
	return byFolder, nil
}

func scanInto(byFolder map[FolderID][]*Item) func(*db.Rows, error) error {
	return func(rows *db.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			it, err := scanItem(rows)
			if err != nil {
				return err
			}
			byFolder[it.Folder] = append(byFolder[it.Folder], it)
		}
		return rows.Err()
	}
}

// grantedIn returns what is granted in a folder, as the caller may know it: items,
// and occurrences of series of which nothing else is granted.
func (v *View) grantedIn(tx *db.Tx, t *access.FolderTable, parts Parts) ([]*Item, error) {
	rows, err := v.grantedRows(tx)
	if err != nil {
		return nil, err
	}
	return v.known(tx, t, rows[FolderID(t.Folder)], parts)
}

// known makes of items in a folder what the caller may know of them.
func (v *View) known(tx *db.Tx, t *access.FolderTable, rows []*Item, parts Parts) ([]*Item, error) {
	var list []*Item
	for _, it := range rows {
		if f := v.mayKnow(t, it.contentID, 0); f != 0 {
			if err := v.loadKnown(tx, it, f); err != nil {
				return nil, err
			}
			list = append(list, v.mask(it, f, parts))
			continue
		}
		for _, g := range v.keysOf(it.contentID) {
			day, ok := dateOf(g.Key.Day)
			if !ok {
				continue
			}
			one, err := v.alone(tx, t, it, day, parts)
			if err != nil {
				if answer(err) {
					continue // it does not take place
				}
				return nil, err
			}
			list = append(list, one)
		}
	}
	return list, nil
}

// loadKnown reads the parts of an item that somebody who knows some fields can
// see.
func (v *View) loadKnown(tx *db.Tx, it *Item, f access.Fields) error {
	return v.load(tx, it, partsIn(f)&^it.Parts)
}

// partsIn are the parts that hold something of the fields.
func partsIn(f access.Fields) (parts Parts) {
	if f&access.FieldBody != 0 {
		parts |= PartBody
	}
	if f&access.FieldAttendees != 0 {
		parts |= PartRecipients
	}
	return parts
}

// alone is one occurrence for somebody who knows it and not its series.
func (v *View) alone(tx *db.Tx, t *access.FolderTable, it *Item, day calendar.Date, parts Parts) (*Item, error) {
	f := v.mayKnow(t, it.contentID, keyDay(day))
	if f == 0 {
		return nil, noItem()
	}
	if err := v.loadKnown(tx, it, f); err != nil {
		return nil, err
	}
	_, one, err := v.occurrence(it, day)
	if err != nil {
		return nil, noItem()
	}
	one.Item.Props.Delete(seriesProps[:]...)
	one.Item.day = &day
	return v.mask(one.Item, f, parts), nil
}

// A glimpse is what somebody knows of a folder by what is granted in it.
type glimpse struct {
	rights        access.Rights // ReadItem if anything is granted, EditItem if anything may be changed
	total, unread int
}

// glimpse sums up what of some items in a folder the caller may know, without
// reading what they hold.
func (v *View) glimpse(t *access.FolderTable, rows []*Item) (g glimpse) {
	add := func(it *Item, day int32, f access.Fields) {
		g.rights |= access.ReadItem
		if granted, _ := v.grantOf(it.contentID, day); granted.Write != 0 {
			g.rights |= access.EditItem
		}
		if it.Associated {
			return
		}
		if g.total++; !it.Read && f.Has(access.FieldOther) {
			g.unread++
		}
	}
	for _, it := range rows {
		if f := v.mayKnow(t, it.contentID, 0); f != 0 {
			add(it, 0, f)
			continue
		}
		for _, k := range v.keysOf(it.contentID) {
			day, ok := dateOf(k.Key.Day)
			if !ok {
				continue
			}
			f := v.mayKnow(t, it.contentID, k.Key.Day)
			if _, _, err := v.occurrence(it, day); err == nil && f != 0 {
				add(it, k.Key.Day, f)
			}
		}
	}
	return g
}

// knows reports what the caller may do in a folder because of what is granted in
// it, 0 if nothing is; the two that hold all the others are known with those, so
// that clients find their way. There is nothing in these that he could see.
func (v *View) knows(tx *db.Tx, t *access.FolderTable) (access.Rights, error) {
	if !v.limited(t) {
		return 0, nil
	}
	rows, err := v.grantedRows(tx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if g := v.glimpse(t, rows[FolderID(t.Folder)]); g.rights != 0 {
		return g.rights, nil
	}
	for _, name := range [...]DistinguishedName{Root, MsgFolderRoot} {
		id, err := v.distinguishedID(tx, name)
		if err != nil {
			return 0, err
		}
		if id == FolderID(t.Folder) {
			return v.leads(tx, rows)
		}
	}
	return 0, nil
}

// leads is what the caller may do in a folder that leads to what is granted to
// him: know that it is there, if there is any such thing.
func (v *View) leads(tx *db.Tx, rows map[FolderID][]*Item) (access.Rights, error) {
	for id, items := range rows {
		t, err := v.table(tx, id)
		if err != nil {
			return 0, err
		}
		if !v.permit.FolderRights(&t).Has(access.ReadAny) && v.glimpse(&t, items).rights != 0 {
			return access.FolderVisible, nil
		}
	}
	return 0, nil
}

// limit makes a folder what somebody may know of it because of what is granted in
// it. Who may know more of the folder has it as it is.
func (v *View) limit(f *Folder, g glimpse) {
	if seen(v.permit.FolderRights(&f.Table)) != 0 {
		f.Rights |= g.rights
		return
	}
	if g.rights == 0 {
		g.rights = access.FolderVisible // it leads to what is granted
	}
	*f = Folder{
		ID: f.ID, Parent: f.Parent, Distinguished: f.Distinguished, Class: f.Class, Name: f.Name, Hidden: f.Hidden, Change: 1,
		Children: f.Children, Total: g.total, Unread: g.unread, Table: f.Table, Rights: g.rights, limited: true,
	}
}

// limitAll is limit for all folders of the mailbox; those that stay hidden have
// no rights.
func (v *View) limitAll(tx *db.Tx, all []*Folder) error {
	if !v.HasGrants() {
		return nil
	}
	rows, err := v.grantedRows(tx)
	if err != nil {
		return err
	}
	some := false
	for _, f := range all {
		if len(rows[f.ID]) == 0 || v.permit.FolderRights(&f.Table).Has(access.ReadAny) {
			continue
		}
		if g := v.glimpse(&f.Table, rows[f.ID]); g.rights != 0 {
			v.limit(f, g)
			some = true
		}
	}
	for _, f := range all {
		if some && f.Rights == 0 && (f.Distinguished == Root || f.Distinguished == MsgFolderRoot) {
			v.limit(f, glimpse{})
		}
	}
	return nil
}

// refuse asks for a right that is missing, so that the refusal is on record, and
// says that what is known may not be had so.
func (v *View) refuse(t *access.FolderTable, r access.Rights) error {
	_, err := v.permit.Folder(t, r)
	return &entente.Error{Kind: entente.Denied, Reason: Denial(r), Text: "what was granted does not allow this", Err: err}
}
