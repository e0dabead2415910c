package mailbox

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// Reasons of refused questions about calendars.
const (
	CalendarRange     entente.Reason = "calendar-range"     // the window ends before it begins
	CalendarRangeLong entente.Reason = "calendar-too-long"  // more than MaxCalendarDays
	CalendarTooMany   entente.Reason = "calendar-too-many"  // more appointments than one answer holds
	NoFreeBusy        entente.Reason = "no-free-busy"       // the caller may not know when the owner is busy
	NotRecurring      entente.Reason = "not-recurring"      // the item is no series
	OccurrenceAbsent  entente.Reason = "no-such-occurrence" // the series has none on that day
	OccurrenceDeleted entente.Reason = "occurrence-deleted"
)

// MaxCalendarDays bounds the window of one question, as Exchange does: two
// years. [MS-OXWSSRCH] 3.1.4.1.4.2
const MaxCalendarDays = 732

// A BusyLevel is how much of a calendar its owner shows the caller.
// [MS-OXWAVLS] 2.2.4.13 FreeBusyViewType
type BusyLevel uint8

// The levels.
const (
	BusyNothing BusyLevel = iota
	BusyTimes             // when the owner is busy, and how
	BusyDetails           // and with what
)

// Busy returns what the owner's calendar holds within a window, in order of the
// starts and not cut to it, and how much the caller may know: the Detail of each
// stretch is nil below BusyDetails. Of private appointments only those with
// ReadPrivate see more than that they are. ID in the Detail is the number of the
// item in decimal.
//
// It needs FreeBusySimple, or what shows more, on the calendar; without it the
// error has the reason NoFreeBusy. The calendar is kept in memory, so that the
// cost does not depend on its size.
func (v *View) Busy(ctx context.Context, window calendar.Interval) ([]calendar.Busy, BusyLevel, error) {
	return v.busy(ctx, window, BusyDetails)
}

// BusyTimes is Busy for who wants no details, whatever he may know.
func (v *View) BusyTimes(ctx context.Context, window calendar.Interval) ([]calendar.Busy, BusyLevel, error) {
	return v.busy(ctx, window, BusyTimes)
}

func (v *View) busy(ctx context.Context, window calendar.Interval, want BusyLevel) ([]calendar.Busy, BusyLevel, error) {
	var busy []calendar.Busy
	level, err := v.own(ctx, window, func(x *busyIndex, level BusyLevel, private bool) error {
		busy = make([]calendar.Busy, 0, 32)
		return x.visit(window, calendar.MaxOccurrences, func(h *busyHit) {
			busy = append(busy, h.busy(min(level, want), private))
		})
	})
	if err != nil {
		return nil, BusyNothing, err
	}
	slices.SortStableFunc(busy, func(a, b calendar.Busy) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End))
	})
	return busy, level, nil
}

// MergeBusy enters what the owner's calendar holds within a window into the
// digits of a merged view, as calendar.MergeInto does, and returns how much the
// caller may know. It costs a few microseconds.
func (v *View) MergeBusy(ctx context.Context, digits []byte, window calendar.Interval, slot time.Duration) (BusyLevel, error) {
	return v.own(ctx, window, func(x *busyIndex, _ BusyLevel, _ bool) error {
		return x.merge(digits, window, slot, calendar.MaxOccurrences) // entering twice changes nothing
	})
}

// own calls f with the index of the mailbox's own calendar, locked, and with how
// much of it the caller may know. It may call f again, if the transaction has
// to be repeated.
//
// Where no other process writes, a calendar asked for before is answered from
// memory alone: its permission table and its state are those last read, as long
// as nothing was committed in the mailbox since before they were.
func (v *View) own(ctx context.Context, window calendar.Interval, f func(x *busyIndex, level BusyLevel, private bool) error) (level BusyLevel, err error) {
	if err := checkWindow(window); err != nil {
		return BusyNothing, err
	}
	key := watchKey{v.database, v.id}
	x := v.s.busy.calendarOf(key)
	var before uint64
	if x != nil {
		if t, ok := x.current(); ok && !v.db.Shared() {
			level, private, err := v.busyLevel(&t)
			if err != nil {
				return BusyNothing, err
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			return level, f(x, level, private)
		}
		before = x.writes.Load() // before the transaction: what is committed later counts as unseen
	}
	err = v.db.View(ctx, func(tx *db.Tx) error {
		t, state, err := calendarState(tx.QueryRow(ownCalendar, v.key))
		if err != nil {
			return err
		}
		var private bool
		if level, private, err = v.busyLevel(&t); err != nil {
			return err
		}
		now, err := v.fresh(tx, state)
		if err != nil {
			return err
		}
		defer now.mu.Unlock()
		if now == x {
			x.table, x.seen, x.known = t, before, true
		} else {
			v.s.busy.isOwn(key, now)
		}
		return f(now, level, private)
	})
	return level, err
}

// current returns the calendar's permission table if nothing was written since
// it was read.
func (x *busyIndex) current() (access.FolderTable, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.table, x.known && x.loaded && x.seen == x.writes.Load()
}

func checkWindow(w calendar.Interval) error {
	if !w.Start.Before(w.End) {
		return entente.Errorf(entente.Invalid, "the time ends before it begins").Because(CalendarRange)
	}
	if w.Duration() > MaxCalendarDays*24*time.Hour {
		return entente.Errorf(entente.Invalid, "at most %d days may be asked for", MaxCalendarDays).Because(CalendarRangeLong)
	}
	return nil
}

// busyLevel asks for the most that the table gives.
func (v *View) busyLevel(t *access.FolderTable) (level BusyLevel, private bool, err error) {
	rights := v.permit.FolderRights(t)
	level, want := BusyTimes, access.FreeBusySimple
	switch {
	case rights.Has(access.FreeBusyDetailed):
		level, want = BusyDetails, access.FreeBusyDetailed
	case rights.Has(access.ReadAny):
		level, want = BusyDetails, access.ReadAny
	}
	if _, err := v.permit.Folder(t, want); err != nil {
		return BusyNothing, false, &entente.Error{Kind: entente.Denied, Reason: NoFreeBusy, Text: "free/busy information is not available", Err: err}
	}
	return level, rights.Has(access.ReadPrivate), nil
}

const (
	calendarColumns = `SELECT f.folder_id, f.class, f.permissions, c.change_number, c.forgotten, m.replica FROM folder f
		JOIN folder_content c ON c.mailbox_id = f.mailbox_id AND c.folder_id = f.folder_id
		JOIN mailbox m ON m.mailbox_id = f.mailbox_id WHERE f.mailbox_id = $1 AND `
	ownCalendar  = calendarColumns + `f.distinguished = 'calendar' AND f.distinguished <> ''`
	calendarByID = calendarColumns + `f.folder_id = $2`
)

func calendarState(r scanner) (access.FolderTable, folderState, error) {
	var t access.FolderTable
	var s folderState
	var permissions []byte
	err := r.Scan(&s.folder, &t.Class, &permissions, &s.change, &s.forgotten, &s.replica)
	if err == db.ErrNoRows {
		return t, s, noFolder()
	}
	if err == nil {
		t.Entries, err = parsePermissions(permissions)
	}
	t.Folder = uint64(s.folder)
	return t, s, err
}

// hits returns what a calendar holds within a window.
func (v *View) hits(tx *db.Tx, s folderState, window calendar.Interval, limit int) ([]busyHit, error) {
	x, err := v.fresh(tx, s)
	if err != nil {
		return nil, err
	}
	defer x.mu.Unlock()
	return x.within(window, limit)
}

// fresh returns the index of a calendar in the state that the transaction sees,
// locked.
func (v *View) fresh(tx *db.Tx, s folderState) (*busyIndex, error) {
	x := v.s.busy.index(busyKey{v.database, v.id, s.folder})
	x.mu.Lock()
	changed, err := x.refresh(tx, v.key, s, v.s.zones)
	if err != nil {
		x.mu.Unlock()
		return nil, err
	}
	if changed {
		v.s.busy.resized(x, x.bytes())
	}
	return x, nil
}

// status is how the hit counts for others.
func (h *busyHit) status() calendar.BusyStatus {
	if h.single != nil {
		return h.single.status
	}
	return h.event.Busy(h.occurrence).Status
}

// busy is a hit as others see it.
func (h *busyHit) busy(level BusyLevel, private bool) calendar.Busy {
	b := calendar.Busy{Interval: h.Interval, Status: h.status()}
	if level < BusyDetails {
		return b
	}
	d := calendar.BusyDetail{Meeting: h.flags&busyMeeting != 0, ReminderSet: h.flags&busyReminder != 0, Private: h.private()}
	if h.single != nil {
		d.Subject, d.Location = h.single.subject, h.single.location
	} else {
		d.Subject, d.Location = h.event.Subject, h.event.Location
		d.Recurring, d.Exception = true, h.occurrence.Exception != nil
		h.exception(&d)
	}
	if d.Private && !private {
		d.Subject, d.Location = "", ""
	} else {
		d.ID = strconv.FormatUint(uint64(h.id), 10)
	}
	b.Detail = &d
	return b
}

// exception applies what an exception changes of the details.
func (h *busyHit) exception(d *calendar.BusyDetail) {
	x := h.occurrence.Exception
	if x == nil {
		return
	}
	if x.Changed&calendar.SubjectField != 0 {
		d.Subject = x.Subject
	}
	if x.Changed&calendar.LocationField != 0 {
		d.Location = x.Location
	}
	if x.Changed&calendar.ReminderField != 0 {
		d.ReminderSet = x.ReminderSet
	}
}

// private reports whether only those with ReadPrivate see it.
func (h *busyHit) private() bool {
	x := h.occurrence.Exception
	return h.flags&busyPrivate != 0 || x != nil && x.Changed&calendar.SensitivityField != 0 && x.Sensitivity == calendar.Private
}
