package mailbox

import (
	"cmp"
	"container/list"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// busyBytes is about how much memory the calendars kept for look-up take.
const busyBytes = 24 << 20

// lookBack is how far before a window the single appointments may begin that
// are looked at; the few that are longer are kept apart. In ticks.
const lookBack = 14 * 24 * 3600 * 1e7

// A busyCache keeps what calendars say of time, so that the question who is
// free when costs the same however many appointments there were and will be.
// It holds the calendars asked for last, and is right without being told of
// changes: each answer starts with the folder's last change number, read in
// the transaction of the question, and what has changed since is read anew.
type busyCache struct {
	mu    sync.Mutex
	limit int
	size  int
	byKey map[busyKey]*list.Element
	used  *list.List // of *busyIndex, the latest first
	own   map[watchKey]*busyIndex
}

type busyKey struct {
	database string
	mailbox  entente.MailboxID
	folder   FolderID
}

func newBusyCache(limit int) *busyCache {
	return &busyCache{limit: limit, byKey: map[busyKey]*list.Element{}, used: list.New(), own: map[watchKey]*busyIndex{}}
}

// index returns the calendar's index, an empty one if it is not kept.
func (c *busyCache) index(k busyKey) *busyIndex {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[k]; ok {
		c.used.MoveToFront(el)
		return el.Value.(*busyIndex)
	}
	x := &busyIndex{key: k}
	c.byKey[k] = c.used.PushFront(x)
	return x
}

// calendarOf returns the index of a mailbox's own calendar, if it is kept and
// was asked for before.
func (c *busyCache) calendarOf(k watchKey) *busyIndex {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.own[k]
	if x != nil {
		c.used.MoveToFront(c.byKey[x.key])
	}
	return x
}

// isOwn notes that an index is that of a mailbox's own calendar.
func (c *busyCache) isOwn(k watchKey, x *busyIndex) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[x.key]; ok && el.Value == x {
		c.own[k] = x
	}
}

// written is told of every commit in a mailbox.
func (c *busyCache) written(database string, id entente.MailboxID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.own[watchKey{database, id}]; x != nil {
		x.writes.Add(1)
	}
}

// resized takes in that an index has grown or shrunk, and lets go of those
// that were not used for the longest time. The latest stays, whatever its size.
func (c *busyCache) resized(x *busyIndex, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[x.key]
	if !ok || el.Value != x {
		return // let go of meanwhile
	}
	c.size += size - x.counted
	x.counted = size
	for c.size > c.limit && c.used.Len() > 1 {
		last := c.used.Back()
		old := last.Value.(*busyIndex)
		c.used.Remove(last)
		delete(c.byKey, old.key)
		if own := (watchKey{old.key.database, old.key.mailbox}); c.own[own] == old {
			delete(c.own, own)
		}
		c.size -= old.counted
	}
}

// A busyIndex is one calendar.
type busyIndex struct {
	key     busyKey
	counted int // bytes, as the cache counted them; under its lock

	// writes counts the commits in the mailbox since the index is known as that
	// of its calendar. While it is what it was when the state was read, and no
	// other process writes to the database, the state needs no look at it.
	writes atomic.Uint64

	mu      sync.Mutex
	seen    uint64 // writes before table was read; valid with known
	known   bool
	table   access.FolderTable
	loaded  bool
	replica uint64
	change  uint64 // the folder's change number it is right for

	singles []busySingle // by start
	long    []busySingle // longer than lookBack
	series  []busySeries
	scratch []calendar.Occurrence // of visit
}

// A busySingle is an appointment that takes place once.
type busySingle struct {
	start, end        int64 // ticks
	id                ItemID
	status            calendar.BusyStatus
	flags             busyFlags
	subject, location string
}

// A busySeries is a series, without bodies and people.
type busySeries struct {
	id         ItemID
	change     uint64 // change number of the item
	flags      busyFlags
	start, end int64 // ticks between which all of it lies
	size       int
	event      *calendar.Event
}

type busyFlags uint8

const (
	busyPrivate busyFlags = 1 << iota
	busyMeeting
	busyReminder
)

// folderState is what a question about a calendar begins with.
type folderState struct {
	folder                     FolderID
	change, forgotten, replica uint64
}

// refresh brings the index up to the state that the transaction sees; the lock
// is held. One that is ahead stays: what it says has been true meanwhile.
func (x *busyIndex) refresh(tx *db.Tx, key []byte, s folderState, zones *calendar.Zones) (changed bool, err error) {
	same := x.loaded && x.replica == s.replica
	if same && x.change >= s.change {
		return false, nil
	}
	var items []busyItem
	var gone []ItemID
	if same && x.change >= s.forgotten {
		items, err = busyItems(tx.Query(busySince, key, s.folder, x.change))
		if err == nil {
			gone, err = itemIDs(tx.Query(busyGone, key, s.folder, x.change))
		}
	} else {
		items, err = busyItems(tx.Query(busyAll, key, s.folder))
	}
	if err != nil {
		return false, err
	}
	if !same || x.change < s.forgotten {
		x.singles, x.long, x.series = nil, nil, nil
	} else {
		x.remove(items, gone)
	}
	x.loaded, x.replica, x.change = true, s.replica, s.change
	x.insert(items, zones)
	return true, nil
}

const (
	busyColumns = `SELECT item_id, change_number, flags, start_time, end_time, props FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND `
	busyAll     = busyColumns + `start_time <> 0 AND flags % 2 = 0`
	busySince   = busyColumns + `change_number > $3`
	busyGone    = `SELECT item_id FROM tombstone WHERE mailbox_id = $1 AND folder_id = $2 AND change_number > $3`
)

// A busyItem is an item as far as the index looks at it.
type busyItem struct {
	id         ItemID
	change     uint64
	flags      itemFlags
	start, end int64
	got        [len(busyWant)]value
	props      []byte // of a series
}

// busyWant are the properties an index is made of, in rising order; got holds
// them in the same.
var busyWant = [...]Prop{
	PidTagSubject, PidLidReminderSet, PidLidBusyStatus, PidLidLocation, PidLidAppointmentStateFlags, propSeries,
}

const (
	gotSubject = iota
	gotReminder
	gotStatus
	gotLocation
	gotState
	gotSeries
)

func busyItems(rows *db.Rows, err error) ([]busyItem, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []busyItem
	for rows.Next() {
		var it busyItem
		var flags int64
		var props []byte
		if err := rows.Scan(&it.id, &it.change, &flags, &it.start, &it.end, &props); err != nil {
			return nil, err
		}
		it.flags = itemFlags(flags)
		if err := pick(props, busyWant[:], it.got[:]); err != nil {
			continue // verify tells of it; the rest of the calendar still counts
		}
		if it.got[gotSeries].prop != 0 {
			it.props = props
		}
		items = append(items, it)
	}
	return items, rows.Err()
}

// remove forgets items that changed or are gone.
func (x *busyIndex) remove(items []busyItem, gone []ItemID) {
	out := make(map[ItemID]bool, len(items)+len(gone))
	for i := range items {
		out[items[i].id] = true
	}
	for _, id := range gone {
		out[id] = true
	}
	x.singles = slices.DeleteFunc(x.singles, func(s busySingle) bool { return out[s.id] })
	x.long = slices.DeleteFunc(x.long, func(s busySingle) bool { return out[s.id] })
	x.series = slices.DeleteFunc(x.series, func(s busySeries) bool { return out[s.id] })
}

func (x *busyIndex) insert(items []busyItem, zones *calendar.Zones) {
	for i := range items {
		it := &items[i]
		if it.start == 0 || it.flags&flagAssociated != 0 {
			continue
		}
		if it.props != nil {
			if s, ok := seriesOf(it, zones); ok {
				x.series = append(x.series, s)
			}
			continue
		}
		s := singleOf(it)
		if s.end-s.start > lookBack {
			x.long = append(x.long, s)
		} else {
			x.singles = append(x.singles, s)
		}
	}
	slices.SortFunc(x.singles, func(a, b busySingle) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id))
	})
}

func flagsOf(it *busyItem) busyFlags {
	var f busyFlags
	if it.flags&flagPrivate != 0 {
		f |= busyPrivate
	}
	if it.got[gotState].num&stateMeeting != 0 {
		f |= busyMeeting
	}
	if it.got[gotReminder].num != 0 {
		f |= busyReminder
	}
	return f
}

func singleOf(it *busyItem) busySingle {
	status := it.got[gotStatus]
	if status.prop == 0 || status.num < 0 || status.num > int64(calendar.StatusWorkingElsewhere) {
		status.num = int64(calendar.StatusBusy)
	}
	// Cloned, since they are pieces of the whole record.
	return busySingle{
		start: it.start, end: it.end, id: it.id, status: calendar.BusyStatus(status.num), flags: flagsOf(it),
		subject: strings.Clone(it.got[gotSubject].text), location: strings.Clone(it.got[gotLocation].text),
	}
}

// seriesOf is false for a series that cannot be read: it takes no time, as far
// as anybody can say.
func seriesOf(it *busyItem, zones *calendar.Zones) (busySeries, bool) {
	props, err := ParseProps(it.props)
	if err != nil {
		return busySeries{}, false
	}
	e, err := (&Item{Props: props}).Event(zones)
	if err != nil || e.Recurrence == nil {
		return busySeries{}, false
	}
	e.Body, e.BodyHTML, e.Attendees, e.Extra, e.Categories = "", "", nil, nil, nil
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		x.Body, x.BodyHTML, x.Attendees, x.Extra, x.Categories = "", "", nil, nil, nil
	}
	e.UID, e.Subject, e.Location = "", strings.Clone(e.Subject), strings.Clone(e.Location)
	extent := extentOf(e)
	return busySeries{
		id: it.id, change: it.change, flags: flagsOf(it), start: Ticks(extent.Start), end: Ticks(extent.End), event: e,
		size: 1000 + 500*len(e.Exceptions) + 4*len(e.Deleted) + len(e.Subject) + len(e.Location),
	}, true
}

// bytes is about how much memory the index takes.
func (x *busyIndex) bytes() int {
	n := 400
	for _, singles := range [...][]busySingle{x.singles, x.long} {
		n += 72 * cap(singles)
		for i := range singles {
			n += len(singles[i].subject) + len(singles[i].location)
		}
	}
	for i := range x.series {
		n += x.series[i].size
	}
	return n
}

// A busyHit is one time at which something is in a calendar: a single
// appointment, or an occurrence of a series.
type busyHit struct {
	calendar.Interval
	id         ItemID
	change     uint64 // of the series
	flags      busyFlags
	single     *busySingle     // nil for an occurrence
	event      *calendar.Event // of which it is an occurrence
	occurrence calendar.Occurrence
}

// within returns what touches the window, in order of the starts. The lock is
// held; what hits point to does not change once it is in the index.
func (x *busyIndex) within(w calendar.Interval, limit int) ([]busyHit, error) {
	var hits []busyHit
	err := x.visit(w, limit, func(h *busyHit) {
		kept := *h
		if h.single != nil {
			single := *h.single // a copy, since the slice it is in changes
			kept.single = &single
		}
		hits = append(hits, kept)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(hits, func(a, b busyHit) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.id, b.id)) })
	return hits, nil
}

// visit calls f with what touches the window, in no order. The lock is held,
// and f must not keep the hit.
func (x *busyIndex) visit(w calendar.Interval, limit int, f func(*busyHit)) error {
	n := 0
	for s, at := range x.singlesIn(w) {
		n++
		f(&busyHit{Interval: at, id: s.id, flags: s.flags, single: s})
	}
	err := x.seriesIn(w, limit, func(s *busySeries, list []calendar.Occurrence) {
		n += len(list)
		for _, o := range list {
			f(&busyHit{Interval: o.Interval, id: s.id, change: s.change, flags: s.flags, event: s.event, occurrence: o})
		}
	})
	if err == nil && n > limit {
		err = tooManyEvents(calendar.ErrTooMany)
	}
	return err
}

// merge enters what touches the window into the digits of a merged view.
func (x *busyIndex) merge(digits []byte, w calendar.Interval, slot time.Duration, limit int) error {
	var one [1]calendar.Busy
	for s, at := range x.singlesIn(w) {
		one[0] = calendar.Busy{Interval: at, Status: s.status}
		calendar.MergeInto(digits, w, slot, one[:])
	}
	return x.seriesIn(w, limit, func(s *busySeries, list []calendar.Occurrence) {
		for _, o := range list {
			one[0] = calendar.Busy{Interval: o.Interval, Status: s.event.Busy(o).Status}
			calendar.MergeInto(digits, w, slot, one[:])
		}
	})
}

// singlesIn are the appointments that take place once and touch the window.
func (x *busyIndex) singlesIn(w calendar.Interval) iter.Seq2[*busySingle, calendar.Interval] {
	from, to := Ticks(w.Start), Ticks(w.End)
	byStart := func(s busySingle, t int64) int { return cmp.Compare(s.start, t) }
	first, _ := slices.BinarySearchFunc(x.singles, from-lookBack, byStart)
	last, _ := slices.BinarySearchFunc(x.singles, to+1, byStart)
	return func(yield func(*busySingle, calendar.Interval) bool) {
		for _, list := range [...][]busySingle{x.singles[first:max(first, last)], x.long} {
			for i := range list {
				s := &list[i]
				if s.end < from || s.start > to {
					continue
				}
				at := calendar.Interval{Start: TimeOf(s.start), End: TimeOf(s.end)}
				if at.Overlaps(w) && !yield(s, at) {
					return
				}
			}
		}
	}
}

// seriesIn calls f with the occurrences that each series has in the window.
func (x *busyIndex) seriesIn(w calendar.Interval, limit int, f func(*busySeries, []calendar.Occurrence)) error {
	from, to := Ticks(w.Start), Ticks(w.End)
	for i := range x.series {
		s := &x.series[i]
		if s.start > to || s.end < from {
			continue
		}
		var err error
		if x.scratch, err = s.event.AppendOccurrences(x.scratch[:0], w, limit); err != nil {
			return tooManyEvents(err)
		}
		f(s, x.scratch)
	}
	return nil
}

func tooManyEvents(err error) error {
	return &entente.Error{Kind: entente.TooLarge, Reason: CalendarTooMany, Text: "too many appointments in the time asked for", Err: err}
}
