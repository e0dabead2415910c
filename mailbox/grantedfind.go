package mailbox

import (
	"cmp"
	"slices"

	"entente/access"
	"entente/calendar"
	"entente/db"
)

// findGranted answers a Query from what is granted in the folder. Restrictions
// and sorts see what the caller sees, so that none of them can be used to ask for
// the rest.
func (f *finder) findGranted(t *access.FolderTable) (Page, error) {
	list, err := f.v.grantedIn(f.tx, t, AllParts)
	if err != nil {
		return Page{}, err
	}
	type found struct {
		it   *Item
		keys []value
		seek bool
	}
	var hits []found
	for _, it := range list {
		if it.Associated != f.q.Associated || f.where.op != 0 && f.where.holds(it) != yes {
			continue
		}
		h := found{it: it, seek: f.seek.op != 0 && f.seek.holds(it) == yes}
		for _, k := range f.order {
			h.keys = append(h.keys, it.sortKey(k))
		}
		hits = append(hits, h)
	}
	slices.SortFunc(hits, func(a, b found) int {
		if a.it.ID == b.it.ID { // occurrences of one series
			return cmp.Compare(*a.it.day, *b.it.day)
		}
		return f.compare(a.keys, b.keys, a.it.ID, b.it.ID)
	})
	f.hits = f.hits[:0]
	for _, h := range hits {
		f.hits = append(f.hits, hit{id: h.it.ID, seek: h.seek})
	}
	from, to := f.q.cut(len(hits))
	if f.q.Seek != nil {
		from, to = f.sought()
	}
	page := f.q.page(from, to, len(hits))
	for _, h := range hits[from:to] {
		h.it.keep(f.q.Parts)
		page.Items = append(page.Items, h.it)
	}
	return page, nil
}

// keep lets go of the parts that were not asked for.
func (it *Item) keep(parts Parts) {
	if it.Parts &= parts; it.Parts&PartBody == 0 {
		it.Body = nil
	}
	if it.Parts&PartRecipients == 0 {
		it.Recipients = nil
	}
}

// sortKey is what an item that was read is sorted by, as finder.key has it.
func (it *Item) sortKey(k SortKey) value {
	switch {
	case k.Prop == PidTagMessageDeliveryTime:
		received, _, _ := it.times()
		return value{prop: k.Prop, num: received}
	case bySubject(k):
		return value{prop: k.Prop, text: subjectKey(&it.Props)}
	}
	v, known := it.lookup(k.Prop)
	if known != yes {
		return value{}
	}
	v = folded(v)
	v.text = v.text[:min(len(v.text), maxSortText)]
	return v
}

// grantedView is CalendarView for somebody who is granted items alone. What shows
// no time is in no window.
func (v *View) grantedView(tx *db.Tx, t *access.FolderTable, window calendar.Interval, parts Parts) ([]CalendarItem, error) {
	rows, err := v.grantedRows(tx)
	if err != nil {
		return nil, err
	}
	type timed struct {
		CalendarItem
		start int64
	}
	var list []timed
	for _, it := range rows[FolderID(t.Folder)] {
		entries, err := v.entriesIn(tx, t, it, window, parts)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			start, _ := e.Item.Props.Time(PidLidAppointmentStartWhole)
			list = append(list, timed{e, Ticks(start)})
		}
	}
	slices.SortStableFunc(list, func(a, b timed) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.Item.ID, b.Item.ID))
	})
	out := make([]CalendarItem, 0, len(list))
	for _, e := range list {
		out = append(out, e.CalendarItem)
	}
	return out, nil
}

// entriesIn are the times within a window at which the caller may know that
// something granted takes place.
func (v *View) entriesIn(tx *db.Tx, t *access.FolderTable, it *Item, window calendar.Interval, parts Parts) ([]CalendarItem, error) {
	if !v.mayKnow(t, it.contentID, 0).Has(access.FieldTime) {
		return v.daysIn(tx, t, it, window, parts)
	}
	e, err := it.Event(v.s.zones)
	if err != nil || it.Associated {
		return nil, nil // no appointment
	}
	if e.Recurrence == nil {
		if !(calendar.Interval{Start: e.Start, End: e.End}).Overlaps(window) {
			return nil, nil
		}
		f := v.mayKnow(t, it.contentID, 0)
		if err := v.loadKnown(tx, it, f); err != nil {
			return nil, err
		}
		return []CalendarItem{{Item: v.mask(it, f, parts)}}, nil
	}
	occurrences, err := e.AppendOccurrences(nil, window, calendar.MaxOccurrences)
	if err != nil {
		return nil, tooManyEvents(err)
	}
	var list []CalendarItem
	for _, o := range occurrences {
		one, err := v.occurrenceFor(tx, t, it, o.Original, parts)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// daysIn are the occurrences that are granted one by one, those within a window
// that show their times.
func (v *View) daysIn(tx *db.Tx, t *access.FolderTable, it *Item, window calendar.Interval, parts Parts) ([]CalendarItem, error) {
	var list []CalendarItem
	for _, g := range v.keysOf(it.contentID) {
		day, ok := dateOf(g.Key.Day)
		if !ok {
			continue
		}
		one, err := v.alone(tx, t, it, day, parts)
		if err != nil {
			if answer(err) {
				continue
			}
			return nil, err
		}
		start, ok := one.Props.Time(PidLidAppointmentStartWhole)
		end, ok2 := one.Props.Time(PidLidAppointmentEndWhole)
		if ok && ok2 && (calendar.Interval{Start: start, End: end}).Overlaps(window) {
			list = append(list, CalendarItem{Item: one})
		}
	}
	return list, nil
}
