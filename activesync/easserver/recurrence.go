package easserver

import (
	"strconv"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
)

// Values of Type. [MS-ASCAL] 2.2.2.45
const (
	everyDays         = 0
	everyWeeks        = 1
	everyMonths       = 2
	everyMonthsOnNth  = 3
	everyYears        = 5
	everyYearsOnNth   = 6
	gregorian         = 1 // of CalendarType
	lastDayOfTheMonth = 127
)

// recurrenceTags are the elements of a Recurrence, which calendars, tasks and
// meeting requests each have in a code page of their own.
type recurrenceTags struct {
	typ, interval, until, occurrences, weekOfMonth, dayOfMonth, dayOfWeek, monthOfYear wbxml.Tag
	calendarType, leapMonth, firstDay                                                  wbxml.Tag
}

func calendarRecurrence() *recurrenceTags {
	return &recurrenceTags{
		wbxml.CalendarType, wbxml.CalendarInterval, wbxml.CalendarUntil, wbxml.CalendarOccurrences, wbxml.CalendarWeekOfMonth,
		wbxml.CalendarDayOfMonth, wbxml.CalendarDayOfWeek, wbxml.CalendarMonthOfYear,
		wbxml.CalendarCalendarType, wbxml.CalendarIsLeapMonth, wbxml.CalendarFirstDayOfWeek,
	}
}

func emailRecurrence() *recurrenceTags {
	return &recurrenceTags{
		wbxml.EmailType, wbxml.EmailInterval, wbxml.EmailUntil, wbxml.EmailOccurrences, wbxml.EmailWeekOfMonth,
		wbxml.EmailDayOfMonth, wbxml.EmailDayOfWeek, wbxml.EmailMonthOfYear,
		wbxml.Email2CalendarType, wbxml.Email2IsLeapMonth, wbxml.Email2FirstDayOfWeek,
	}
}

func taskRecurrence() *recurrenceTags {
	return &recurrenceTags{
		wbxml.TasksType, wbxml.TasksInterval, wbxml.TasksUntil, wbxml.TasksOccurrences, wbxml.TasksWeekOfMonth,
		wbxml.TasksDayOfMonth, wbxml.TasksDayOfWeek, wbxml.TasksMonthOfYear,
		wbxml.TasksCalendarType, wbxml.TasksIsLeapMonth, wbxml.TasksFirstDayOfWeek,
	}
}

// write writes the elements of a recurrence, in the order that [MS-ASEMAIL] 2.2.2.60
// wants and the others allow. until is the text of Until, of a series that ends on
// a day.
func (t *recurrenceTags) write(w *wbxml.Writer, r *calendar.Recurrence, until string, at func(activesync.Version) bool) {
	typ := int64(everyDays)
	switch r.Pattern {
	case calendar.Weekly, calendar.WeeklyRegeneration:
		typ = everyWeeks
	case calendar.AbsoluteMonthly, calendar.MonthlyRegeneration:
		typ = everyMonths
	case calendar.RelativeMonthly:
		typ = everyMonthsOnNth
	case calendar.AbsoluteYearly, calendar.YearlyRegeneration:
		typ = everyYears
	case calendar.RelativeYearly:
		typ = everyYearsOnNth
	}
	w.Int(t.typ, typ)
	w.Int(t.interval, int64(max(r.Interval, 1)))
	switch r.Range {
	case calendar.EndDate:
		w.Text(t.until, until)
	case calendar.Numbered:
		w.Int(t.occurrences, int64(min(r.Count, 1<<16-1)))
	}
	relative := typ == everyMonthsOnNth || typ == everyYearsOnNth
	if relative {
		w.Int(t.weekOfMonth, int64(r.DayOfWeekIndex))
	}
	if r.Pattern.Regenerating() {
		return // as long after it was done: on no day of the calendar
	}
	if typ == everyMonths || typ == everyYears {
		w.Int(t.dayOfMonth, int64(max(r.DayOfMonth, 1)))
	}
	if relative || typ == everyWeeks && r.Days != 0 {
		w.Int(t.dayOfWeek, int64(r.Days)) // the bits are those of Weekdays
	}
	if typ == everyYears || typ == everyYearsOnNth {
		w.Int(t.monthOfYear, int64(max(r.Month, time.January)))
	}
	if typ >= everyMonths && at(activesync.V140) {
		w.Int(t.calendarType, gregorian)
	}
	if typ == everyWeeks && at(activesync.V141) {
		w.Int(t.firstDay, int64(r.FirstDayOfWeek))
	}
}

// A recurrenceReader reads the elements of a recurrence.
type recurrenceReader struct {
	*recurrenceTags
	in  *wbxml.Element
	err error
}

// number reads an element with a number in a range; one that is not there, or is
// empty, is otherwise.
func (x *recurrenceReader) number(tag wbxml.Tag, from, to, otherwise int) int {
	s := x.in.Get(tag)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if (err != nil || n < from || n > to) && x.err == nil {
		x.err = badRecurrence("%s is %.20q", tag.Name(), s)
	}
	return n
}

func badRecurrence(format string, args ...any) error {
	return entente.Errorf(entente.Invalid, "the recurrence is not valid: "+format, args...)
}

// read reads a recurrence that begins on a day. dayOf says which day an Until
// names. [MS-ASCAL] 2.2.2.37
func (t *recurrenceTags) read(in *wbxml.Element, start calendar.Date, dayOf func(time.Time) calendar.Date) (*calendar.Recurrence, error) {
	x := recurrenceReader{recurrenceTags: t, in: in}
	r := &calendar.Recurrence{Start: start, Interval: max(x.number(t.interval, 0, calendar.MaxInterval, 1), 1)}
	x.pattern(r)
	x.calendar(r)
	x.ends(r, dayOf)
	if x.err != nil {
		return nil, x.err
	}
	if err := r.Check(); err != nil {
		return nil, badRecurrence("%s", err)
	}
	if _, any := r.Begin(); !any {
		return nil, badRecurrence("it has no occurrence")
	}
	return r, nil
}

func (x *recurrenceReader) pattern(r *calendar.Recurrence) {
	_, month, day := r.Start.Civil()
	days := calendar.Weekdays(x.number(x.dayOfWeek, 1, lastDayOfTheMonth, 0))
	index := calendar.DayOfWeekIndex(x.number(x.weekOfMonth, 1, int(calendar.Last), 0))
	if index == 0 && days == lastDayOfTheMonth {
		index = calendar.Last
	}
	switch typ := x.number(x.typ, everyDays, everyYearsOnNth, -1); typ {
	case everyDays, everyWeeks:
		// Every weekday is said as days, too. What says no day means that of the
		// start.
		if r.Pattern = calendar.Daily; typ == everyDays && (days == 0 || days == calendar.EveryDay) {
			return
		}
		if r.Pattern, r.Days = calendar.Weekly, days; days == 0 {
			r.Days = calendar.On(r.Start.Weekday())
		}
		r.FirstDayOfWeek = time.Weekday(x.number(x.firstDay, 0, 6, 0))
	case everyMonths:
		r.Pattern, r.DayOfMonth = calendar.AbsoluteMonthly, x.number(x.dayOfMonth, 1, 31, day)
	case everyYears:
		r.Pattern, r.DayOfMonth = calendar.AbsoluteYearly, x.number(x.dayOfMonth, 1, 31, day)
		r.Month = time.Month(x.number(x.monthOfYear, 1, 12, int(month)))
	case everyMonthsOnNth:
		r.Pattern, r.Days, r.DayOfWeekIndex = calendar.RelativeMonthly, days, index
	case everyYearsOnNth:
		r.Pattern, r.Days, r.DayOfWeekIndex = calendar.RelativeYearly, days, index
		r.Month = time.Month(x.number(x.monthOfYear, 1, 12, int(month)))
	default:
		if x.err == nil {
			x.err = badRecurrence("it is of type %.20q", x.in.Get(x.typ))
		}
	}
}

// calendar refuses months and years of the moon, where they count: a series that
// came back on other days would be worse than none. Other calendars of the sun
// differ in names alone. [MS-ASCAL] 2.2.2.10
func (x *recurrenceReader) calendar(r *calendar.Recurrence) {
	kind := x.number(x.calendarType, 0, 23, 0)
	leap := x.number(x.leapMonth, 0, 1, 0)
	if r.Pattern == calendar.Daily || r.Pattern == calendar.Weekly || x.err != nil {
		return
	}
	switch kind {
	case 0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12: // default, Gregorian, and the eras of Japan, Taiwan, Korea and Thailand
		if leap == 0 {
			return
		}
	}
	x.err = badRecurrence("months of calendar type %d are not known here", kind)
}

// ends reads how it ends. A phone that says both means the day, as Exchange does.
func (x *recurrenceReader) ends(r *calendar.Recurrence, dayOf func(time.Time) calendar.Date) {
	if until := x.in.Get(x.until); until != "" {
		t, err := parseEventTime(until)
		if err != nil {
			x.err = err
			return
		}
		r.Range, r.End = calendar.EndDate, max(dayOf(t), r.Start)
		return
	}
	if n := x.number(x.occurrences, 0, 1<<16-1, 0); n > 0 {
		r.Range, r.Count = calendar.Numbered, n
	}
}

// sameRule reports whether two recurrences are shown to a phone alike. What a
// version has no word for does not count, so that a phone which sends back what
// it was shown changes nothing.
func sameRule(a, b *calendar.Recurrence) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	for _, r := range [...]*calendar.Recurrence{&x, &y} {
		r.SkipShort = false
		r.Interval = max(r.Interval, 1)
		switch r.Pattern {
		case calendar.Weekly:
			if r.Interval == 1 {
				r.FirstDayOfWeek = 0 // means nothing
			}
		default:
			r.FirstDayOfWeek = 0
		}
	}
	return x == y
}
