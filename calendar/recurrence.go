package calendar

import (
	"errors"
	"fmt"
	"time"
)

// Limits of a series. Interval is what Exchange accepts; the number of
// occurrences is what one question may yield.
const (
	MaxInterval    = 999
	MaxOccurrences = 10_000
)

// ErrTooMany is returned by an expansion that would yield more occurrences
// than it was allowed to.
var ErrTooMany = errors.New("calendar: too many occurrences")

// A RangeKind says how a series ends. [MS-OXWSCDATA] RecurrenceRangeTypes
type RangeKind uint8

// The ranges.
const (
	NoEnd    RangeKind = iota
	EndDate            // Recurrence.End is the last day on which one may start
	Numbered           // Recurrence.Count occurrences in all
)

// A Recurrence is a pattern and its range, in days of the zone of its event.
// The day is all it knows: the time of day is the event's, and no pattern has
// two occurrences a day.
//
// Which fields matter depends on the pattern:
//
//	Daily              Interval
//	Weekly             Interval, Days, FirstDayOfWeek
//	AbsoluteMonthly    Interval, DayOfMonth
//	RelativeMonthly    Interval, Days, DayOfWeekIndex
//	AbsoluteYearly     Interval, DayOfMonth, Month
//	RelativeYearly     Interval, Days, DayOfWeekIndex, Month
//	…Regeneration      Interval
//
// An Interval of 0 counts as 1. EWS has no interval for the yearly patterns;
// it comes from iCalendar and ActiveSync.
type Recurrence struct {
	Pattern        Pattern
	Interval       int
	Days           Weekdays // Relative…: one day, EveryDay, WorkDays or WeekendDay
	FirstDayOfWeek time.Weekday
	DayOfMonth     int // 1 to 31; beyond the end of a month it is the last day
	DayOfWeekIndex DayOfWeekIndex
	Month          time.Month

	// SkipShort leaves out the months that have no DayOfMonth, as RFC 5545
	// wants, where Exchange takes their last day. Only iCalendar says so.
	SkipShort bool

	Start Date // no occurrence before it; it need not be one itself
	Range RangeKind
	End   Date
	Count int
}

// Check reports what makes the recurrence unusable, if anything.
func (r *Recurrence) Check() error {
	switch {
	case r.Pattern < Daily || r.Pattern > YearlyRegeneration:
		return fmt.Errorf("calendar: unknown recurrence pattern %d", r.Pattern)
	case r.Interval < 0 || r.Interval > MaxInterval:
		return fmt.Errorf("calendar: recurrence interval %d is not between 1 and %d", r.Interval, MaxInterval)
	case r.Start < minDate || r.Start > maxDate:
		return fmt.Errorf("calendar: recurrence starts outside of the years 1601 to 4500")
	case r.Range > Numbered:
		return fmt.Errorf("calendar: unknown recurrence range %d", r.Range)
	case r.Range == EndDate && r.End < r.Start:
		return fmt.Errorf("calendar: recurrence ends on %v, before it starts on %v", r.End, r.Start)
	case r.Range == Numbered && r.Count < 1:
		return fmt.Errorf("calendar: recurrence of %d occurrences", r.Count)
	}
	return r.checkPattern()
}

func (r *Recurrence) checkPattern() error {
	switch r.Pattern {
	case Weekly:
		if r.Days&EveryDay == 0 || r.Days&^EveryDay != 0 {
			return fmt.Errorf("calendar: weekly recurrence on no day")
		}
		if r.FirstDayOfWeek < time.Sunday || r.FirstDayOfWeek > time.Saturday {
			return fmt.Errorf("calendar: unknown first day of the week %d", r.FirstDayOfWeek)
		}
	case AbsoluteMonthly, AbsoluteYearly:
		if r.DayOfMonth < 1 || r.DayOfMonth > 31 {
			return fmt.Errorf("calendar: no day %d in a month", r.DayOfMonth)
		}
	case RelativeMonthly, RelativeYearly:
		if r.DayOfWeekIndex < First || r.DayOfWeekIndex > Last {
			return fmt.Errorf("calendar: unknown index of a day %d", r.DayOfWeekIndex)
		}
		if r.Days.Len() != 1 && r.Days != EveryDay && r.Days != WorkDays && r.Days != WeekendDay {
			return fmt.Errorf("calendar: a relative recurrence cannot be on %v", r.Days)
		}
	}
	if r.Pattern == AbsoluteYearly || r.Pattern == RelativeYearly {
		if r.Month < time.January || r.Month > time.December {
			return fmt.Errorf("calendar: no month %d", r.Month)
		}
	}
	return nil
}

// Begin returns the first occurrence, and whether there is one.
func (r *Recurrence) Begin() (Date, bool) {
	c := r.From(r.Start)
	return c.Next()
}

// Finish returns the last occurrence; false means that there is none, either
// because the series has no end or because it is empty.
func (r *Recurrence) Finish() (Date, bool) {
	if r.Range == NoEnd {
		return 0, false
	}
	s := r.steps()
	for n := s.last; n >= s.first; n-- {
		if d, ok := s.date(n); ok {
			return d, true
		}
	}
	return 0, false
}

// Len returns the number of occurrences, deleted ones included; false means
// that the series has no end.
func (r *Recurrence) Len() (int, bool) {
	if r.Range == NoEnd {
		return 0, false
	}
	s := r.steps()
	return int(s.count(s.first, s.last+1)), true
}

// At returns the occurrence with that InstanceIndex, counted from 1, deleted
// ones included. [MS-OXWSCORE] OccurrenceItemId
func (r *Recurrence) At(index int) (Date, bool) {
	if index < 1 {
		return 0, false
	}
	s := r.steps()
	if !s.skip {
		if n := s.first + int64(index) - 1; n <= s.last {
			return s.date(n)
		}
		return 0, false
	}
	for n := s.first; n <= s.last; n++ {
		if d, ok := s.date(n); ok {
			if index--; index == 0 {
				return d, true
			}
		}
	}
	return 0, false
}

// Index returns the InstanceIndex of an occurrence, counted from 1; false
// means that the series has none on that day.
func (r *Recurrence) Index(d Date) (int, bool) {
	s := r.steps()
	n := s.from(d)
	if n > s.last {
		return 0, false
	}
	if got, ok := s.date(n); !ok || got != d {
		return 0, false
	}
	return int(s.count(s.first, n)) + 1, true
}

// Has reports whether the series has an occurrence on that day.
func (r *Recurrence) Has(d Date) bool {
	c := r.From(d)
	got, ok := c.Next()
	return ok && got == d
}

// From returns a cursor before the first occurrence on or after the day. It
// costs the same however old the series is.
func (r *Recurrence) From(d Date) Cursor {
	s := r.steps()
	return Cursor{steps: s, n: s.from(d)}
}

// A Cursor walks along the days of a series. It is a value: copying it keeps a
// place.
type Cursor struct {
	steps steps
	n     int64
}

// Next returns the next occurrence, false after the last.
func (c *Cursor) Next() (Date, bool) {
	for c.n <= c.steps.last {
		d, ok := c.steps.date(c.n)
		c.n++
		if ok {
			return d, true
		}
	}
	return 0, false
}
