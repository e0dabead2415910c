package main

import (
	"cmp"
	"encoding/base64"
	"time"

	"entente/activesync/easclient"
	"entente/activesync/wbxml"
	"entente/calendar"
)

// compact is the form of times in calendars. [MS-ASDTYPE] 2.7.2
const compact = "20060102T150405Z"

// nextOf returns the appointment that is next of a calendar item: itself, or of a
// series the first that has not ended; ok is false if all is over.
func nextOf(it *easclient.Item, now time.Time) (a phoneAppointment, ok bool) {
	start, err := time.Parse(compact, it.Get(wbxml.CalendarStartTime))
	end, err2 := time.Parse(compact, it.Get(wbxml.CalendarEndTime))
	if err != nil || err2 != nil {
		return a, false
	}
	a = phoneAppointment{
		Start: start, End: end, Subject: it.Get(wbxml.CalendarSubject),
		Location: cmp.Or(it.Data.Child(wbxml.AirSyncBaseLocation).Get(wbxml.AirSyncBaseDisplayName), it.Get(wbxml.CalendarLocation)),
	}
	rule := it.Data.Child(wbxml.CalendarRecurrence)
	if rule == nil {
		return a, end.After(now)
	}
	a.Repeats = true
	return nextOfSeries(a, rule, it, now)
}

// nextOfSeries walks along a series from today on, and along what was changed and
// deleted of it.
func nextOfSeries(a phoneAppointment, rule *wbxml.Element, it *easclient.Item, now time.Time) (phoneAppointment, bool) {
	zone := zoneOf(it)
	begins := a.Start.In(zone)
	r := recurrenceOf(rule, calendar.DateOf(begins))
	if r.Check() != nil {
		return a, false
	}
	long := a.End.Sub(a.Start)
	var next *phoneAppointment
	take := func(o phoneAppointment) {
		if o.End.After(now) && (next == nil || o.Start.Before(next.Start)) {
			next = &o
		}
	}
	other := exceptionsOf(it, a, take)
	c := r.From(max(calendar.DateOf(now.In(zone).Add(-long))-1, r.Start))
	for range 1000 {
		day, ok := c.Next()
		if !ok {
			break
		}
		y, m, d := day.Civil()
		start := time.Date(y, m, d, begins.Hour(), begins.Minute(), begins.Second(), 0, zone).UTC()
		if other[start.Unix()] || !start.Add(long).After(now) {
			continue
		}
		o := a
		o.Start, o.End = start, start.Add(long)
		take(o)
		break
	}
	if next == nil {
		return a, false
	}
	return *next, true
}

// exceptionsOf returns the starts of the occurrences that are not as the rule says,
// and gives take those that are otherwise.
func exceptionsOf(it *easclient.Item, a phoneAppointment, take func(phoneAppointment)) map[int64]bool {
	other := map[int64]bool{}
	for e := range it.Data.Child(wbxml.CalendarExceptions).All(wbxml.CalendarException) {
		was, err := time.Parse(compact, e.Get(wbxml.CalendarExceptionStartTime))
		if err != nil {
			was, err = time.Parse("2006-01-02T15:04:05.000Z", e.Get(wbxml.AirSyncBaseInstanceId))
		}
		if err != nil {
			continue
		}
		other[was.Unix()] = true
		if e.Get(wbxml.CalendarDeleted) == "1" {
			continue
		}
		o := a
		o.Start, o.End = was, was.Add(a.End.Sub(a.Start))
		if t, err := time.Parse(compact, e.Get(wbxml.CalendarStartTime)); err == nil {
			o.Start = t
		}
		if t, err := time.Parse(compact, e.Get(wbxml.CalendarEndTime)); err == nil {
			o.End = t
		}
		o.Subject = cmp.Or(e.Get(wbxml.CalendarSubject), a.Subject)
		take(o)
	}
	return other
}

// zoneOf is the zone of a series; UTC if it has none that is known.
func zoneOf(it *easclient.Item) *time.Location {
	b, err := base64.StdEncoding.DecodeString(it.Get(wbxml.CalendarTimezone))
	var info calendar.TimeZoneInformation
	if err != nil || info.UnmarshalBinary(b) != nil {
		return time.UTC
	}
	if z, ok := new(calendar.Zones).Find(&info, nil); ok {
		return z.Location()
	}
	return time.UTC
}

// recurrenceOf reads a rule. [MS-ASCAL] 2.2.2.37
func recurrenceOf(e *wbxml.Element, start calendar.Date) *calendar.Recurrence {
	r := &calendar.Recurrence{
		Interval: max(1, number(e, wbxml.CalendarInterval)), Start: start,
		Days: calendar.Weekdays(number(e, wbxml.CalendarDayOfWeek)) & calendar.EveryDay, DayOfMonth: number(e, wbxml.CalendarDayOfMonth),
		DayOfWeekIndex: calendar.DayOfWeekIndex(number(e, wbxml.CalendarWeekOfMonth)), Month: time.Month(number(e, wbxml.CalendarMonthOfYear)),
		FirstDayOfWeek: time.Weekday(number(e, wbxml.CalendarFirstDayOfWeek)),
	}
	switch e.Get(wbxml.CalendarType) {
	case "0":
		if r.Pattern = calendar.Daily; r.Days != 0 {
			r.Pattern = calendar.Weekly
		}
	case "1":
		r.Pattern = calendar.Weekly
	case "2":
		r.Pattern = calendar.AbsoluteMonthly
	case "3":
		r.Pattern = calendar.RelativeMonthly
	case "5":
		r.Pattern = calendar.AbsoluteYearly
	case "6":
		r.Pattern = calendar.RelativeYearly
	}
	if n := number(e, wbxml.CalendarOccurrences); n > 0 {
		r.Range, r.Count = calendar.Numbered, n
	} else if until, err := time.Parse(compact, e.Get(wbxml.CalendarUntil)); err == nil {
		r.Range, r.End = calendar.EndDate, calendar.DateOf(until)
	}
	return r
}
