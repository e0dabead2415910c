package ews

import (
	"strings"
	"time"

	"entente/strictxml"
)

// A DayOfWeek is a weekday, or a class of days in relative patterns.
// [MS-OXWSCDATA].
type DayOfWeek string

const (
	Sunday     DayOfWeek = "Sunday"
	Monday     DayOfWeek = "Monday"
	Tuesday    DayOfWeek = "Tuesday"
	Wednesday  DayOfWeek = "Wednesday"
	Thursday   DayOfWeek = "Thursday"
	Friday     DayOfWeek = "Friday"
	Saturday   DayOfWeek = "Saturday"
	AnyDay     DayOfWeek = "Day"
	Weekday    DayOfWeek = "Weekday"
	WeekendDay DayOfWeek = "WeekendDay"
)

// DaysOfWeek is a list of days in one element, separated by spaces.
//
// ews:list
type DaysOfWeek []DayOfWeek

// A DayOfWeekIndex counts weekdays in a month. [MS-OXWSCDATA].
type DayOfWeekIndex string

const (
	First  DayOfWeekIndex = "First"
	Second DayOfWeekIndex = "Second"
	Third  DayOfWeekIndex = "Third"
	Fourth DayOfWeekIndex = "Fourth"
	Last   DayOfWeekIndex = "Last"
)

// A Month is a month by its English name. [MS-OXWSCDATA].
//
// ews:type MonthNamesType
type Month string

const (
	January   Month = "January"
	February  Month = "February"
	March     Month = "March"
	April     Month = "April"
	May       Month = "May"
	June      Month = "June"
	July      Month = "July"
	August    Month = "August"
	September Month = "September"
	October   Month = "October"
	November  Month = "November"
	December  Month = "December"
)

// Number is the month of the standard library; 0 for what is no month.
func (m Month) Number() time.Month {
	for n := time.January; n <= time.December; n++ {
		if n.String() == string(m) {
			return n
		}
	}
	return 0
}

// A Date is a calendar day, yyyy-mm-dd. .NET clients send a zone behind it
// ("2026-03-01+01:00"), which is read and dropped: the day is what is meant.
//
// ews:manual xs:date
type Date string

// DateOf is the day of t on its own wall clock.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Time is the beginning of the day, floating (see Floating); the zero time for
// a Date that was not read from the wire and is none.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return FloatingTime(t)
}

func parseDate(r *strictxml.Reader, s string) Date {
	s = trim(s)
	for _, layout := range []string{time.DateOnly, "2006-01-02Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1 {
			return DateOf(t)
		}
	}
	invalid(r, "date", s)
	return ""
}

// A Duration is an xs:duration, such as -PT60M. DurationOf and Std convert.
//
// ews:manual xs:duration
type Duration string

// A TimeOfDay is an xs:time, hh:mm:ss.
//
// ews:manual xs:time
type TimeOfDay string

func parseTimeOfDay(r *strictxml.Reader, s string) TimeOfDay {
	s = trim(s)
	for _, layout := range []string{"15:04:05", "15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return TimeOfDay(t.Format("15:04:05"))
		}
	}
	invalid(r, "time", s)
	return ""
}

func parseDuration(r *strictxml.Reader, s string) Duration {
	if _, ok := Duration(trim(s)).Std(); !ok {
		invalid(r, "duration", s)
		return ""
	}
	return Duration(trim(s))
}

// DurationOf writes d in minutes and seconds.
func DurationOf(d time.Duration) Duration {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	text := "PT" + itoa(int64(d/time.Minute)) + "M"
	if s := d % time.Minute / time.Second; s != 0 {
		text += itoa(int64(s)) + "S"
	}
	return Duration(sign + text)
}

// Std converts what has no years and months: they have no fixed length, and no
// bias or offset is that long.
func (d Duration) Std() (time.Duration, bool) {
	s, negative := strings.CutPrefix(string(d), "-")
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	days, clock, _ := strings.Cut(s, "T")
	total, ok := sumUnits(days, "D", 24*time.Hour)
	if !ok {
		return 0, false
	}
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"H", time.Hour}, {"M", time.Minute}, {"S", time.Second}} {
		number, rest, found := strings.Cut(clock, unit.letter)
		if !found {
			continue
		}
		n, ok := sumUnits(number+unit.letter, unit.letter, unit.length)
		if !ok {
			return 0, false
		}
		total, clock = total+n, rest
	}
	if negative {
		total = -total
	}
	return total, clock == ""
}

// sumUnits reads "12H" with the unit H; nothing is 0. Numbers above 99999 are
// refused, so that sums cannot overflow.
func sumUnits(s, letter string, length time.Duration) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	number, rest, ok := strings.Cut(s, letter)
	if letter == "S" {
		number, _, _ = strings.Cut(number, ".")
	}
	if !ok || rest != "" || number == "" || len(number) > 5 || strings.Trim(number, "0123456789") != "" {
		return 0, false
	}
	n := time.Duration(0)
	for _, c := range []byte(number) {
		n = n*10 + time.Duration(c-'0')
	}
	return n * length, true
}

// A Recurrence is the rule of a series of appointments: a pattern and a range.
// [MS-OXWSCDATA].
type Recurrence struct {
	Pattern RecurrencePattern `ews:",inline"`
	Range   RecurrenceRange   `ews:",inline"`
}

// A TaskRecurrence is the rule of a recurring task, whose next instance may
// also be made some time after the last was done. [MS-OXWSTASK].
type TaskRecurrence struct {
	Pattern TaskRecurrencePattern `ews:",inline"`
	Range   RecurrenceRange       `ews:",inline"`
}

// A RecurrencePattern is one of the six patterns of appointments.
//
// ews:choice
type RecurrencePattern struct {
	RelativeYearly  *RelativeYearlyRecurrence  `ews:"t:RelativeYearlyRecurrence"`
	AbsoluteYearly  *AbsoluteYearlyRecurrence  `ews:"t:AbsoluteYearlyRecurrence"`
	RelativeMonthly *RelativeMonthlyRecurrence `ews:"t:RelativeMonthlyRecurrence"`
	AbsoluteMonthly *AbsoluteMonthlyRecurrence `ews:"t:AbsoluteMonthlyRecurrence"`
	Weekly          *WeeklyRecurrence          `ews:"t:WeeklyRecurrence"`
	Daily           *IntervalRecurrence        `ews:"t:DailyRecurrence"`
}

// A TaskRecurrencePattern is a pattern of appointments or a regeneration.
//
// ews:choice
type TaskRecurrencePattern struct {
	RecurrencePattern   `ews:",inline"`
	DailyRegeneration   *IntervalRecurrence `ews:"t:DailyRegeneration"`
	WeeklyRegeneration  *IntervalRecurrence `ews:"t:WeeklyRegeneration"`
	MonthlyRegeneration *IntervalRecurrence `ews:"t:MonthlyRegeneration"`
	YearlyRegeneration  *IntervalRecurrence `ews:"t:YearlyRegeneration"`
}

// A RelativeYearlyRecurrence: the last Thursday of May.
//
// ews:type RelativeYearlyRecurrencePatternType
type RelativeYearlyRecurrence struct {
	DaysOfWeek     DayOfWeek      `ews:"t:DaysOfWeek"`
	DayOfWeekIndex DayOfWeekIndex `ews:"t:DayOfWeekIndex"`
	Month          Month          `ews:"t:Month"`
}

// An AbsoluteYearlyRecurrence: the third of May.
//
// ews:type AbsoluteYearlyRecurrencePatternType
type AbsoluteYearlyRecurrence struct {
	DayOfMonth int   `ews:"t:DayOfMonth"`
	Month      Month `ews:"t:Month"`
}

// A RelativeMonthlyRecurrence: the last Thursday of every second month.
//
// ews:type RelativeMonthlyRecurrencePatternType
type RelativeMonthlyRecurrence struct {
	Interval       int            `ews:"t:Interval"`
	DaysOfWeek     DayOfWeek      `ews:"t:DaysOfWeek"`
	DayOfWeekIndex DayOfWeekIndex `ews:"t:DayOfWeekIndex"`
}

// An AbsoluteMonthlyRecurrence: the third of every second month.
//
// ews:type AbsoluteMonthlyRecurrencePatternType
type AbsoluteMonthlyRecurrence struct {
	Interval   int `ews:"t:Interval"`
	DayOfMonth int `ews:"t:DayOfMonth"`
}

// A WeeklyRecurrence: Monday and Friday of every second week.
//
// ews:type WeeklyRecurrencePatternType
type WeeklyRecurrence struct {
	Interval       int        `ews:"t:Interval"`
	DaysOfWeek     DaysOfWeek `ews:"t:DaysOfWeek"`
	FirstDayOfWeek DayOfWeek  `ews:"t:FirstDayOfWeek,omitempty"`
}

// An IntervalRecurrence: every second day; also the four regenerations.
//
// ews:type IntervalRecurrencePatternType
type IntervalRecurrence struct {
	Interval int `ews:"t:Interval"`
}

// A RecurrenceRange says when a series begins and ends.
//
// ews:choice
type RecurrenceRange struct {
	NoEnd    *NoEndRecurrence    `ews:"t:NoEndRecurrence"`
	EndDate  *EndDateRecurrence  `ews:"t:EndDateRecurrence"`
	Numbered *NumberedRecurrence `ews:"t:NumberedRecurrence"`
}

// NoEndRecurrence: for ever.
//
// ews:type NoEndRecurrenceRangeType
type NoEndRecurrence struct {
	StartDate Date `ews:"t:StartDate"`
}

// EndDateRecurrence: until a day, that day included.
//
// ews:type EndDateRecurrenceRangeType
type EndDateRecurrence struct {
	StartDate Date `ews:"t:StartDate"`
	EndDate   Date `ews:"t:EndDate"`
}

// NumberedRecurrence: a number of times.
//
// ews:type NumberedRecurrenceRangeType
type NumberedRecurrence struct {
	StartDate           Date `ews:"t:StartDate"`
	NumberOfOccurrences int  `ews:"t:NumberOfOccurrences"`
}
