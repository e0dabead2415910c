package calendar

import (
	"slices"
	"time"
)

// An Occurrence is one time at which an event takes place.
type Occurrence struct {
	Interval
	// Original is the day the pattern has for it, and what identifies the
	// occurrence whatever becomes of it. Of a single event it is its day.
	Original  Date
	Exception *Exception // points into the event; nil if the occurrence is as the series has it
}

// AppendOccurrences appends the occurrences that overlap the window, in order
// of their start. More than limit of them is ErrTooMany; limit 0 stands for
// MaxOccurrences. A single event is its own one occurrence.
//
// The cost depends on the window and the number of exceptions, not on the age
// of the series, and nothing is allocated but what dst needs to grow.
//
// Each occurrence ends when the wall clock shows what it shows at the end of
// the first, as [MS-OXOCAL] stores it: a night shift is an hour
// shorter when the clocks go forward.
func (e *Event) AppendOccurrences(dst []Occurrence, window Interval, limit int) ([]Occurrence, error) {
	if limit <= 0 || limit > MaxOccurrences {
		limit = MaxOccurrences
	}
	if e.Recurrence == nil {
		own := Interval{e.Start, e.End}
		if own.Overlaps(window) {
			dst = append(dst, Occurrence{Interval: own, Original: DateOf(e.Start.In(e.Zone.Location()))})
		}
		return dst, nil
	}
	base := len(dst)
	dst, err := e.appendRegular(dst, window, limit)
	if err != nil || len(e.Exceptions) == 0 {
		return dst, err
	}
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		if at := (Interval{x.Start, x.End}); at.Overlaps(window) {
			dst = append(dst, Occurrence{Interval: at, Original: x.Original, Exception: x})
		}
	}
	if len(dst)-base > limit {
		return dst[:base+limit], ErrTooMany
	}
	slices.SortStableFunc(dst[base:], func(a, b Occurrence) int { return a.Start.Compare(b.Start) })
	return dst, nil
}

// appendRegular appends the occurrences that are as the series has them.
func (e *Event) appendRegular(dst []Occurrence, window Interval, limit int) ([]Occurrence, error) {
	loc := e.Zone.Location()
	s, w, in := e.span(), wall{loc: loc}, secondsOf(window)
	// Two days more at either end make up for offsets.
	c := e.Recurrence.From(clampDate(floorDiv(in.start-s.length, daySeconds) - 2))
	until := clampDate(floorDiv(in.end, daySeconds) + 2)
	for n := 0; ; {
		d, ok := c.Next()
		if !ok || d > until {
			return dst, nil
		}
		start, end := s.unix(&w, d)
		if !in.overlap(start, end) || e.replaced(d) {
			continue
		}
		if n++; n > limit {
			return dst, ErrTooMany
		}
		at := Interval{time.Unix(start, 0).In(loc), time.Unix(end, 0).In(loc)}
		dst = append(dst, Occurrence{Interval: at, Original: d})
	}
}

// seconds is a window in Unix time, start rounded up and end too, so that it
// holds the same whole seconds.
type seconds struct{ start, end int64 }

func secondsOf(i Interval) seconds {
	up := func(t time.Time) int64 {
		if t.Nanosecond() > 0 {
			return t.Unix() + 1
		}
		return t.Unix()
	}
	return seconds{up(i.Start), up(i.End)}
}

// overlap is [Interval.Overlaps] for whole seconds.
func (s seconds) overlap(start, end int64) bool {
	return (start < s.end || start == s.start) && (s.start < end || start == s.start)
}

// replaced reports whether the day's occurrence is deleted or an exception.
func (e *Event) replaced(d Date) bool {
	return len(e.Deleted) > 0 && e.IsDeleted(d) || len(e.Exceptions) > 0 && e.Exception(d) != nil
}

// OccurrenceOn returns the occurrence that the pattern has on the day, as its
// exception has it if there is one. It is false where the series has no
// occurrence or it was deleted.
func (e *Event) OccurrenceOn(d Date) (Occurrence, bool) {
	if e.Recurrence == nil || e.IsDeleted(d) || !e.Recurrence.Has(d) {
		return Occurrence{}, false
	}
	if x := e.Exception(d); x != nil {
		return Occurrence{Interval{x.Start, x.End}, d, x}, true
	}
	return Occurrence{Interval: e.OriginalTime(d), Original: d}, true
}

// OriginalTime returns when the occurrence of the day takes place if nothing
// has changed it: the OriginalStart of EWS, the RECURRENCE-ID of iCalendar.
func (e *Event) OriginalTime(d Date) Interval {
	w := wall{loc: e.Zone.Location()}
	return e.span().on(&w, d)
}

// At returns the event as it is at one occurrence: a copy with the
// occurrence's time and what its exception changes, without the series.
func (e *Event) At(o Occurrence) Event {
	c := *e
	c.Start, c.End = o.Start, o.End
	c.Recurrence, c.Exceptions, c.Deleted = nil, nil, nil
	if e.Recurrence != nil {
		c.Instance = e.OriginalTime(o.Original).Start
	}
	if o.Exception != nil {
		o.Exception.apply(&c)
	}
	return c
}

// Busy returns the occurrence as free/busy sees it.
func (e *Event) Busy(o Occurrence) Busy {
	b := Busy{Interval: o.Interval, Status: e.Status}
	if x := o.Exception; x != nil && x.Changed&StatusField != 0 {
		b.Status = x.Status
	}
	return b
}

func (x *Exception) apply(e *Event) {
	set(x, SubjectField, &e.Subject, x.Subject)
	set(x, LocationField, &e.Location, x.Location)
	set(x, AllDayField, &e.AllDay, x.AllDay)
	set(x, StatusField, &e.Status, x.Status)
	set(x, CancelledField, &e.Cancelled, x.Cancelled)
	set(x, SensitivityField, &e.Sensitivity, x.Sensitivity)
	set(x, PriorityField, &e.Priority, x.Priority)
	set(x, CategoriesField, &e.Categories, x.Categories)
	set(x, BodyField, &e.Body, x.Body)
	set(x, BodyField, &e.BodyHTML, x.BodyHTML)
	set(x, URLField, &e.URL, x.URL)
	set(x, ReminderField, &e.ReminderSet, x.ReminderSet)
	set(x, ReminderField, &e.ReminderMinutes, x.ReminderMinutes)
	set(x, AttendeesField, &e.Organizer, x.Organizer)
	set(x, AttendeesField, &e.Attendees, x.Attendees)
	set(x, ResponseField, &e.Response, x.Response)
	set(x, ExtraField, &e.Extra, x.Extra)
	if !x.Stamp.IsZero() {
		e.Sequence, e.Stamp = x.Sequence, x.Stamp
	}
}

func set[T any](x *Exception, f Fields, to *T, v T) {
	if x.Changed&f != 0 {
		*to = v
	}
}

// A span is the time of day an occurrence begins and ends at, on the wall.
type span struct {
	start  int64 // seconds after midnight of the occurrence's day
	length int64 // seconds on the wall
}

func (e *Event) span() span {
	loc := e.Zone.Location()
	start, end := wallSeconds(e.Start.In(loc)), wallSeconds(e.End.In(loc))
	into := start - floorDiv(start, daySeconds)*daySeconds
	return span{start: into, length: max(end-start, 0)}
}

func (s span) on(w *wall, d Date) Interval {
	start, end := s.unix(w, d)
	return Interval{time.Unix(start, 0).In(w.loc), time.Unix(end, 0).In(w.loc)}
}

// unix is the occurrence of the day in Unix time.
func (s span) unix(w *wall, d Date) (start, end int64) {
	at := int64(d)*daySeconds + s.start
	start = w.unix(at)
	// An end inside of a fold may seem to come first.
	return start, max(w.unix(at+s.length), start)
}

func clampDate(days int64) Date {
	return Date(min(max(days, int64(minDate)), int64(maxDate)))
}
