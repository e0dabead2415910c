package mailbox

import (
	"context"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// A CalendarKind says what an entry of a calendar is. [MS-OXWSCDATA]
// CalendarItemTypeType
type CalendarKind uint8

// The kinds.
const (
	Single CalendarKind = iota
	Occurrence
	Exception // an occurrence that was changed
	RecurringMaster
)

// A CalendarItem is an entry of a calendar. Item is, of an occurrence, the
// series as it is at that time: its times, what its exception changes, and the
// ID and change number of the series; Item.Event gives a single event.
type CalendarItem struct {
	Item          *Item
	Kind          CalendarKind
	Original      calendar.Date // of an occurrence: its day in the series, which names it
	OriginalStart time.Time     // when it would start if nobody had changed it
}

// A CalendarPage is what a calendar holds within a window.
type CalendarPage struct {
	Items []CalendarItem
	Total int  // in the whole window
	Last  bool // nothing was left out
}

// CalendarView returns the single appointments and the occurrences of series in
// a folder that touch a window, in order of their starts: the first limit of
// them, 0 or more than MaxPage for MaxPage. It needs ReadAny; private ones come
// to those alone who may see them. [MS-OXWSSRCH] 2.2.4.9
//
// Errors have the reasons CalendarRange, CalendarRangeLong and CalendarTooMany,
// the last beyond calendar.MaxOccurrences.
func (v *View) CalendarView(ctx context.Context, folder FolderID, window calendar.Interval, limit int, parts Parts) (CalendarPage, error) {
	if err := checkWindow(window); err != nil {
		return CalendarPage{}, err
	}
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	var page CalendarPage
	err := v.db.View(ctx, func(tx *db.Tx) error {
		t, rights, err := v.mayFind(tx, folder)
		if err != nil {
			return err
		}
		if rights.Has(access.ReadItem) {
			list, err := v.grantedView(tx, &t, window, parts)
			page = CalendarPage{Items: list[:min(len(list), limit)], Total: len(list), Last: len(list) <= limit}
			return err
		}
		_, state, err := calendarState(tx.QueryRow(calendarByID, v.key, folder))
		if err != nil {
			return err
		}
		hits, err := v.hits(tx, state, window, calendar.MaxOccurrences)
		if err != nil {
			return err
		}
		if !rights.Has(access.ReadPrivate) {
			hits = slices.DeleteFunc(hits, func(h busyHit) bool { return h.private() })
		}
		page = CalendarPage{Total: len(hits), Last: len(hits) <= limit}
		page.Items, err = v.entries(tx, hits[:min(len(hits), limit)], parts)
		return err
	})
	return page, err
}

// entries reads the items of hits.
func (v *View) entries(tx *db.Tx, hits []busyHit, parts Parts) ([]CalendarItem, error) {
	ids := make([]ItemID, 0, len(hits))
	for i := range hits {
		ids = append(ids, hits[i].id)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	items, err := v.itemsByID(tx, ids, parts)
	if err != nil {
		return nil, err
	}
	series := map[ItemID]*calendar.Event{}
	entries := make([]CalendarItem, 0, len(hits))
	for i := range hits {
		h := &hits[i]
		at, _ := slices.BinarySearch(ids, h.id)
		it := items[at]
		if it == nil {
			continue // the index knew of a change that this transaction does not see
		}
		if h.single != nil {
			entries = append(entries, CalendarItem{Item: it})
			continue
		}
		if h.occurrence.Exception == nil && h.change == it.Change {
			// The index knows all that such an occurrence says by itself.
			entries = append(entries, occurrenceItem(it, h.event, h.occurrence))
			continue
		}
		e := series[h.id]
		if e == nil {
			if e, err = it.Event(v.s.zones); err != nil {
				return nil, err
			}
			series[h.id] = e
		}
		if o, ok := e.OccurrenceOn(h.occurrence.Original); ok {
			entries = append(entries, occurrenceItem(it, e, o))
		}
	}
	return entries, nil
}

// occurrenceItem is a series as it is at one occurrence.
func occurrenceItem(it *Item, e *calendar.Event, o calendar.Occurrence) CalendarItem {
	at := e.At(o)
	c := *it
	c.Props = it.Props.Clone()
	out := CalendarItem{Item: &c, Kind: Occurrence, Original: o.Original, OriginalStart: at.Instance}
	if o.Exception == nil {
		c.setTimes(&at)
	} else {
		out.Kind = Exception
		parts := it.Parts & (PartBody | PartRecipients)
		if at.Check() == nil {
			_ = c.SetEvent(&at, parts) // fails only for what Check finds
		}
	}
	c.Props.Delete(propSeries)
	c.Props.SetBool(PidLidRecurring, true)
	return out
}

// Event returns the appointment that an item of this store is: Item.Event with
// the zones of the store.
func (v *View) Event(it *Item) (*calendar.Event, error) { return it.Event(v.s.zones) }

// Zones returns the time zones of the store, which are read once.
func (s *Store) Zones() *calendar.Zones { return s.zones }

// KindOf says what an item of a calendar is: single or a series.
func KindOf(it *Item) CalendarKind {
	if it.Props.Has(propSeries) {
		return RecurringMaster
	}
	return Single
}

// Occurrence returns one occurrence of a series, by the day the pattern has for
// it. Errors have the reasons NotRecurring, OccurrenceAbsent and
// OccurrenceDeleted.
func (v *View) Occurrence(ctx context.Context, master ItemID, day calendar.Date, parts Parts) (CalendarItem, error) {
	var out CalendarItem
	err := v.db.View(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		it, t, limited, err := r.look(master)
		if err != nil {
			return err
		}
		if limited {
			out, err = v.occurrenceFor(tx, &t, it, day, parts)
			return err
		}
		if err := v.load(tx, it, parts); err != nil {
			return err
		}
		if _, out, err = v.occurrence(it, day); err == nil && v.HasGrants() {
			g, _ := v.grantOf(it.contentID, keyDay(day))
			out.Item.edits = g.Write
		}
		return err
	})
	return out, err
}

// OccurrenceDay returns the day of the occurrence with an InstanceIndex, counted
// from 1, deleted ones included. [MS-OXWSCORE] 2.2.4.32 OccurrenceItemIdType
func (v *View) OccurrenceDay(ctx context.Context, master ItemID, index int) (calendar.Date, error) {
	it, err := v.Item(ctx, master, 0)
	if err != nil {
		return 0, err
	}
	e, err := v.seriesEvent(it)
	if err != nil {
		return 0, err
	}
	day, ok := e.Recurrence.At(index)
	if !ok {
		return 0, entente.Errorf(entente.NotFound, "the series has no such occurrence").Because(OccurrenceAbsent)
	}
	return day, nil
}

func (v *View) seriesEvent(it *Item) (*calendar.Event, error) {
	e, err := it.Event(v.s.zones)
	if err != nil {
		return nil, err
	}
	if e.Recurrence == nil {
		return nil, entente.Errorf(entente.Invalid, "the item is no series").Because(NotRecurring)
	}
	return e, nil
}

func (v *View) occurrence(it *Item, day calendar.Date) (*calendar.Event, CalendarItem, error) {
	e, err := v.seriesEvent(it)
	if err != nil {
		return nil, CalendarItem{}, err
	}
	o, ok := e.OccurrenceOn(day)
	if !ok && e.IsDeleted(day) && e.Recurrence.Has(day) {
		return nil, CalendarItem{}, entente.Errorf(entente.NotFound, "the occurrence was deleted").Because(OccurrenceDeleted)
	}
	if !ok {
		return nil, CalendarItem{}, entente.Errorf(entente.NotFound, "the series has no such occurrence").Because(OccurrenceAbsent)
	}
	return e, occurrenceItem(it, e, o), nil
}
