package mailbox

import (
	"context"
	"slices"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// An ItemSelector says which items of a mailbox a grant is to be about, in one of
// three ways.
type ItemSelector struct {
	Item ItemID // the item with this id
	// UID is the one of an appointment, or its global object id in hex. One that
	// names an instance of a series names that occurrence.
	UID string
	// Label is a category: all items that have it now.
	Label string

	Day    *calendar.Date // with Item or UID: one occurrence of the series
	Folder FolderID       // with UID or Label: look in this folder alone; 0 in all
}

// ItemKeys returns the keys of what a selector names, in their order. It needs
// ReadAny on the folders concerned; what the caller may not see is not found. An
// error has the reason ItemNotFound if there is nothing.
func (v *View) ItemKeys(ctx context.Context, s ItemSelector) ([]access.ItemKey, error) {
	var keys []access.ItemKey
	err := v.db.View(ctx, func(tx *db.Tx) error {
		items, err := v.selected(tx, &s)
		if err != nil {
			return err
		}
		keys = nil
		for _, it := range items {
			key := access.ItemKey{Content: it.contentID}
			if s.Day != nil {
				if _, _, err := v.occurrence(it, *s.Day); err != nil {
					return err
				}
				key.Day = keyDay(*s.Day)
			}
			keys = append(keys, key)
		}
		return nil
	})
	if err == nil && len(keys) == 0 {
		err = noItem()
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, func(a, b access.ItemKey) int { return compareKeys(a, b) })
	return slices.Compact(keys), nil
}

// selected are the items a selector names.
func (v *View) selected(tx *db.Tx, s *ItemSelector) ([]*Item, error) {
	r := reader{v: v, tx: tx}
	if s.Item != 0 {
		it, _, err := r.whole(s.Item, 0, access.ReadAny)
		return []*Item{it}, err
	}
	where := Restriction{Op: Equal, Prop: PidNameKeywords, Value: Value{Text: s.Label}}
	if s.UID != "" {
		uid, day := instanceOf(s.UID)
		if day != nil && s.Day == nil {
			s.Day = day
		}
		where = Restriction{Op: Equal, Prop: PidNameCalendarUID, Value: Value{Text: uid}}
	} else if s.Label == "" {
		return nil, entente.Errorf(entente.Invalid, "a selector names an item, a UID or a label")
	}
	folders := []FolderID{s.Folder}
	if s.Folder == 0 {
		all, err := v.allFolders(tx)
		if err != nil {
			return nil, err
		}
		folders = nil
		for _, f := range all {
			if f.Rights.Has(access.ReadAny) {
				folders = append(folders, f.ID)
			}
		}
	}
	var list []*Item
	for _, id := range folders {
		items, err := v.allWhere(tx, id, &where)
		if err != nil {
			return nil, err
		}
		list = append(list, items...)
	}
	return list, nil
}

// allWhere returns all items of a folder for which a restriction holds.
func (v *View) allWhere(tx *db.Tx, folder FolderID, where *Restriction) ([]*Item, error) {
	q := Query{Folder: folder, Restrict: where, Sort: []SortKey{{Prop: PidTagInternetArticleNumber}}}
	var list []*Item
	for {
		f, err := newFinder(v, &q)
		if err != nil {
			return nil, err
		}
		_, rights, err := v.mayFind(tx, folder)
		if err != nil {
			return nil, err
		}
		if rights.Has(access.ReadItem) {
			return nil, noFolder() // grants are not passed on
		}
		f.tx, f.private = tx, rights.Has(access.ReadPrivate)
		page, err := f.find()
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			if it != nil {
				list = append(list, it)
			}
		}
		if page.Last {
			return list, nil
		}
		q.Offset = page.NextOffset
	}
}

func compareKeys(a, b access.ItemKey) int {
	if a.Content != b.Content {
		if a.Content < b.Content {
			return -1
		}
		return 1
	}
	return int(a.Day) - int(b.Day)
}
