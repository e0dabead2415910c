package easserver

import (
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// times reads when the event is: start, end, whole days, zone and recurrence mean
// nothing one by one.
func (x *eventEdit) times() {
	before := *x.e
	x.flag(wbxml.CalendarAllDayEvent, func(b bool) { x.e.AllDay = b })
	start, end := x.time(wbxml.CalendarStartTime), x.time(wbxml.CalendarEndTime)
	if x.err != nil {
		return
	}
	told := x.zones(start)
	x.spans(start, end, told, before.AllDay)
	if x.single || x.err != nil {
		return
	}
	x.series(&before)
}

// time reads an element with a time; one that is empty is as none.
func (x *eventEdit) time(tag wbxml.Tag) *time.Time {
	s := x.in.Get(tag)
	if s == "" {
		return nil
	}
	t, err := parseEventTime(s)
	if err != nil {
		x.fail(err)
		return nil
	}
	return &t
}

// zones finds out in which zone the event is, and whether the phone said so.
func (x *eventEdit) zones(start *time.Time) bool {
	s := x.in.Get(wbxml.CalendarTimezone)
	if x.single || x.o != nil && (s == "" || s == x.zone) {
		return s != ""
	}
	at := x.s.Now()
	if start != nil {
		at = *start
	}
	z, told := x.readZone(x.in, x.e.Zone, at)
	if told {
		x.told = z
	}
	if z.IsZero() {
		z = calendar.UTC()
	}
	if x.o == nil || told {
		if z.ID != x.e.Zone.ID || z.Definition != nil {
			x.e.EndZone = calendar.Zone{}
		}
		x.e.Zone = z
	}
	return told
}

// spans sets start and end.
func (x *eventEdit) spans(start, end *time.Time, told, wasAllDay bool) {
	e := x.e
	if x.o == nil {
		x.defaults(&start, &end)
	}
	length := e.End.Sub(e.Start)
	if x.o == nil {
		length = 0
	}
	whole := e.AllDay && (x.o == nil || !wasAllDay)
	if start != nil && !x.same(*start, false, wasAllDay) {
		whole = e.AllDay
		e.Start = x.instantOf(*start, told, false)
		if end == nil { // the length stays
			e.End = e.Start.Add(length)
		}
	}
	if end != nil && !x.same(*end, true, wasAllDay) {
		whole = e.AllDay
		e.End = x.instantOf(*end, told, true)
	}
	if whole {
		wholeDays(e)
	}
	switch {
	case e.End.Before(e.Start):
		x.fail(entente.Errorf(entente.Invalid, "the event ends before it starts").Because(mailbox.EventInvalid))
	case e.End.Sub(e.Start) > maxEvent:
		x.fail(entente.Errorf(entente.Invalid, "the event is longer than five years").Because(mailbox.EventInvalid))
	}
}

// same reports whether a time is what the phone was shown.
func (x *eventEdit) same(t time.Time, end, wasAllDay bool) bool {
	if x.shown == nil || x.e.AllDay != wasAllDay || x.e.Zone.ID != x.had.ID {
		return false
	}
	was := x.shown.Start
	if end {
		was = x.shown.End
	}
	return x.instant(was, wasAllDay, x.shown.Zone).Equal(t)
}

// defaults gives a new event the times that it lacks. [MS-ASCAL] 3.2.4.4
func (x *eventEdit) defaults(start, end **time.Time) {
	const half = 30 * time.Minute
	now := x.s.Now().UTC()
	rounded := now.Truncate(half)
	if rounded.Before(now) {
		rounded = rounded.Add(half)
	}
	switch {
	case *start == nil && *end == nil && x.e.AllDay:
		d, _ := x.e.Zone.Wall(now)
		*start, *end = new(x.e.Zone.Midnight(d)), new(x.e.Zone.Midnight(d+1))
	case *start == nil && *end == nil:
		*start, *end = &rounded, new(rounded.Add(half))
	case *start == nil:
		*start = &rounded
	case *end == nil:
		*end = new((*start).Add(half))
	}
}

// instantOf is the instant that a phone means. One that repeats is expanded by the
// phone with the rules of one year, so it is its wall clock that counts.
func (x *eventEdit) instantOf(t time.Time, told, end bool) time.Time {
	z := x.e.Zone
	if x.e.AllDay {
		return z.Midnight(x.dayOf(t, told, end))
	}
	if x.single || x.e.Recurrence == nil && x.in.Child(wbxml.CalendarRecurrence) == nil {
		return t
	}
	rules := x.h.zones.of(z, max(x.s.Now().Year(), t.Year())).zone
	return z.At(rules.Wall(t))
}

// dayOf is the day that a time of an all-day event is meant for. From 16.0 on it is
// that of the date that is written. Before, it is local midnight; what is next to
// one was computed by other rules than ours, and a day must not shift for an hour.
func (x *eventEdit) dayOf(t time.Time, told, end bool) calendar.Date {
	utc, clock := calendar.UTC().Wall(t)
	midnight := clock == 0
	if midnight && x.at(activesync.V160) {
		return utc
	}
	d, clock := x.e.Zone.Wall(t)
	switch {
	case clock == 0:
		return d
	case midnight:
		return utc
	}
	late, early := 21*time.Hour, 3*time.Hour
	if !told && x.e.Zone.Windows() == "UTC" {
		// Of a phone whose zone nobody knows, the nearest midnight is its own.
		late, early = 12*time.Hour, 12*time.Hour
	}
	if !end && clock >= late || end && clock > early {
		return d + 1
	}
	return d
}

// wholeDays stretches an event to midnights of its zone, and to a day at least.
func wholeDays(e *calendar.Event) {
	first, _ := e.Zone.Wall(e.Start)
	last, clock := e.Zone.Wall(e.End)
	if clock > 0 || last == first {
		last++
	}
	e.Start, e.End = e.Zone.Midnight(first), e.Zone.Midnight(last)
}

// series reads the recurrence and, of versions before 16.0, the exceptions.
// before is the event before its times were read.
func (x *eventEdit) series(before *calendar.Event) {
	e := x.e
	el, gone := x.container(wbxml.CalendarRecurrence)
	if gone {
		e.Recurrence, e.Exceptions, e.Deleted = nil, nil, nil
		return
	}
	changed := e.Recurrence != nil && timesDiffer(e, before)
	if el != nil {
		r, err := x.rule(el, before)
		if err != nil {
			x.fail(err)
			return
		}
		if r != nil {
			e.Recurrence, changed = r, true
		}
	}
	if e.Recurrence == nil {
		return
	}
	old := e.Exceptions
	if changed {
		// There is no saying which new day an old exception is for. [MS-ASCAL]
		// 2.2.2.22
		e.Exceptions, e.Deleted = nil, nil
		if el == nil || e.Recurrence == before.Recurrence {
			moveSeries(e, before)
		}
		alignSeries(e)
	}
	x.exceptions(old)
}

// timesDiffer reports whether a change moves a series.
func timesDiffer(e, before *calendar.Event) bool {
	return !e.Start.Equal(before.Start) || !e.End.Equal(before.End) || e.AllDay != before.AllDay || e.Zone.ID != before.Zone.ID
}

// rule reads the recurrence; nil if it is the one that was shown.
func (x *eventEdit) rule(in *wbxml.Element, before *calendar.Event) (*calendar.Recurrence, error) {
	e := x.e
	start, clock := e.Zone.Wall(e.Start)
	r, err := calendarRecurrence().read(in, start, func(t time.Time) calendar.Date { return x.lastDay(t, clock) })
	if err != nil || before.Recurrence == nil {
		return r, err
	}
	if !in.Has(wbxml.CalendarFirstDayOfWeek) && r.Pattern == before.Recurrence.Pattern {
		r.FirstDayOfWeek = before.Recurrence.FirstDayOfWeek // for which older versions have no word
	}
	was, _ := before.Zone.Wall(before.Start)
	same := *r
	if start == was {
		same.Start = before.Recurrence.Start
	}
	if same.Range == calendar.EndDate && before.Recurrence.Range == calendar.EndDate && same.End == max(before.Recurrence.End, start) {
		same.End = before.Recurrence.End
	}
	if start == was && sameRule(&same, before.Recurrence) {
		return nil, nil
	}
	return r, nil
}

// lastDay is the day that Until names, which is one of the series. Phones write
// when the last occurrence starts, or the end of its day, or its date and no time.
func (x *eventEdit) lastDay(t time.Time, start time.Duration) calendar.Date {
	rules := x.h.zones.of(x.e.Zone, max(x.s.Now().Year(), x.e.Start.Year())).zone
	d, clock := rules.Wall(t)
	utc, utcClock := calendar.UTC().Wall(t)
	switch {
	case x.floats(x.e.AllDay), clock != start && (utcClock == 0 || utcClock == 24*time.Hour-time.Second):
		return utc
	}
	return d
}

// moveSeries moves the beginning of a series by the days its start was moved.
func moveSeries(e, before *calendar.Event) {
	was, _ := before.Zone.Wall(before.Start)
	is, _ := e.Zone.Wall(e.Start)
	if is == was {
		return
	}
	r := *e.Recurrence
	r.Start += is - was
	if r.Range == calendar.EndDate && r.End < r.Start {
		r.End = r.Start
	}
	if _, ok := r.Begin(); ok {
		e.Recurrence = &r
	}
}

// alignSeries has the event begin on the first day of its pattern.
func alignSeries(e *calendar.Event) {
	first, ok := e.Recurrence.Begin()
	if !ok {
		return
	}
	on, clock := e.Zone.Wall(e.Start)
	endDay, endClock := e.Zone.Wall(e.End)
	e.Start, e.End = e.Zone.At(first, clock), e.Zone.At(first+(endDay-on), endClock)
}
