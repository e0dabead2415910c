package ewsserver

import (
	"time"

	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// An eventEdit collects what says when an appointment is: start, end, zone and
// recurrence mean nothing one by one, and come in any order.
type eventEdit struct {
	start, end    *time.Time
	allDay        *bool
	zone, endZone *calendar.Zone
	recurrence    *calendar.Recurrence
	single        bool // the recurrence is taken away
	uid           string
}

// maxDuration is the longest appointment. [MS-OXWSMTGS]
// ErrorCalendarDurationIsTooLong: five years.
const maxDuration = 1825 * 24 * time.Hour

// finishEvent makes the item the appointment that all of its properties
// together describe.
func (e *itemEdit) finishEvent() error {
	if e.create {
		e.defaultTimes()
	}
	parts := e.it.Parts & (mailbox.PartBody | mailbox.PartRecipients)
	ev, err := e.view.Event(e.it)
	if err != nil {
		return err
	}
	before := *ev
	if err := e.setTimes(ev); err != nil {
		return err
	}
	e.setSeries(ev, &before)
	if e.event.uid != "" {
		ev.UID = e.event.uid
	}
	if ev.UID == "" {
		ev.UID = newUID()
	}
	if e.create {
		e.it.Props.SetInt(mailbox.PidLidResponseStatus, 1) // the owner organizes it
		ev.Response = calendar.OrganizerResponse
		ev.Sequence = 0
	}
	return e.it.SetEvent(ev, parts)
}

// defaultTimes gives a new appointment that says nothing else the next half
// hour, as Exchange does.
func (e *itemEdit) defaultTimes() {
	ps := &e.it.Props
	if ps.Has(mailbox.PidLidAppointmentStartWhole) { // from MimeContent
		return
	}
	start := e.c.s.Now().UTC().Truncate(30 * time.Minute).Add(30 * time.Minute)
	length := 30 * time.Minute
	switch {
	case e.event.start != nil:
		start = e.instant(*e.event.start)
	case e.event.end != nil:
		start = e.instant(*e.event.end).Add(-length)
	}
	ps.SetTime(mailbox.PidLidAppointmentStartWhole, start)
	ps.SetTime(mailbox.PidLidAppointmentEndWhole, start.Add(length))
}

// setTimes applies times and zones. A time without offset is meant in the zone
// that comes with it, else in that of the request; whole days begin at midnight
// there.
func (e *itemEdit) setTimes(ev *calendar.Event) error {
	x := &e.event
	if x.zone != nil {
		ev.Zone = *x.zone
	}
	if x.endZone != nil {
		ev.EndZone = *x.endZone
	}
	if ev.Zone.IsZero() && e.create {
		ev.Zone = e.c.contextZone()
	}
	loc := e.c.zone
	if x.zone != nil || !e.create && !ev.Zone.IsZero() && e.c.header.TimeZoneContext == nil {
		loc = ev.Zone.Location()
	}
	length := ev.End.Sub(ev.Start)
	if x.start != nil {
		ev.Start = e.c.instant(*x.start, loc)
		if x.end == nil { // the length stays
			ev.End = ev.Start.Add(length)
		}
	}
	if x.end != nil {
		ev.End = e.c.instant(*x.end, loc)
	}
	if x.allDay != nil {
		ev.AllDay = *x.allDay
	}
	if ev.End.Before(ev.Start) {
		return &ews.Fault{Code: ews.ErrorCalendarEndDateIsEarlierThanStartDate}
	}
	if ev.AllDay && (x.allDay != nil || x.start != nil || x.end != nil) {
		wholeDays(ev)
	}
	if ev.End.Sub(ev.Start) > maxDuration {
		return &ews.Fault{Code: ews.ErrorCalendarDurationIsTooLong}
	}
	return nil
}

// wholeDays stretches an event to midnights of its zone.
func wholeDays(ev *calendar.Event) {
	first, _ := ev.Zone.Wall(ev.Start)
	last, clock := ev.Zone.Wall(ev.End)
	if clock > 0 || last == first {
		last++
	}
	ev.Start, ev.End = ev.Zone.Midnight(first), ev.Zone.Midnight(last)
}

// setSeries applies a recurrence. A series whose pattern or times change loses
// what was different about single occurrences, as in Exchange: there is no
// saying which new day an old exception is for.
func (e *itemEdit) setSeries(ev, before *calendar.Event) {
	x := &e.event
	switch {
	case x.single:
		ev.Recurrence, ev.Exceptions, ev.Deleted = nil, nil, nil
		return
	case x.recurrence != nil:
		ev.Recurrence, ev.Exceptions, ev.Deleted = x.recurrence, nil, nil
	case ev.Recurrence == nil:
		return
	case ev.Start.Equal(before.Start) && ev.End.Equal(before.End) && ev.AllDay == before.AllDay && ev.Zone.ID == before.Zone.ID:
		return
	default:
		moveSeries(ev, before)
	}
	// The first occurrence is on the first day of the pattern, at the time of
	// the start; where it ends follows from the length.
	day, ok := ev.Recurrence.Begin()
	if !ok {
		return
	}
	on, clock := ev.Zone.Wall(ev.Start)
	endDay, endClock := ev.Zone.Wall(ev.End)
	ev.Start = ev.Zone.At(day, clock)
	ev.End = ev.Zone.At(day+(endDay-on), endClock)
}

// moveSeries moves the beginning of a series by the days its start was moved.
func moveSeries(ev, before *calendar.Event) {
	ev.Exceptions, ev.Deleted = nil, nil
	was, _ := before.Zone.Wall(before.Start)
	is, _ := ev.Zone.Wall(ev.Start)
	if is == was {
		return
	}
	r := *ev.Recurrence
	r.Start += is - was
	if r.Range == calendar.EndDate && r.End < r.Start {
		r.End = r.Start
	}
	if _, ok := r.Begin(); ok {
		ev.Recurrence = &r
	}
}
