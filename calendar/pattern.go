package calendar

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// A Pattern is one of the ways in which Exchange lets things come back.
// [MS-OXWSCDATA] RecurrencePatternTypes, TaskRecurrencePatternTypes
type Pattern uint8

// The patterns. The regenerating ones are for tasks: the next one starts when
// the last is completed, so they are kept and never expanded.
const (
	Daily Pattern = iota + 1
	Weekly
	AbsoluteMonthly
	RelativeMonthly
	AbsoluteYearly
	RelativeYearly
	DailyRegeneration
	WeeklyRegeneration
	MonthlyRegeneration
	YearlyRegeneration
)

var patternNames = [...]string{
	"", "DailyRecurrence", "WeeklyRecurrence", "AbsoluteMonthlyRecurrence", "RelativeMonthlyRecurrence",
	"AbsoluteYearlyRecurrence", "RelativeYearlyRecurrence",
	"DailyRegeneration", "WeeklyRegeneration", "MonthlyRegeneration", "YearlyRegeneration",
}

// String returns the name of the EWS element.
func (p Pattern) String() string {
	if int(p) < len(patternNames) {
		return patternNames[p]
	}
	return fmt.Sprintf("Pattern(%d)", uint8(p))
}

// Regenerating reports whether the pattern is one for tasks only.
func (p Pattern) Regenerating() bool { return p >= DailyRegeneration }

// Weekdays is a set of days of the week, bit 0 for Sunday.
type Weekdays uint8

// The single days, and the sets that EWS has names for.
const (
	OnSunday Weekdays = 1 << iota
	OnMonday
	OnTuesday
	OnWednesday
	OnThursday
	OnFriday
	OnSaturday

	EveryDay   Weekdays = 0x7f
	WorkDays            = OnMonday | OnTuesday | OnWednesday | OnThursday | OnFriday
	WeekendDay          = OnSaturday | OnSunday
)

// On returns the set of one day.
func On(d time.Weekday) Weekdays { return 1 << (uint(d) % 7) }

// Has reports whether the day is in the set.
func (w Weekdays) Has(d time.Weekday) bool { return w&On(d) != 0 }

// Len is the number of days in the set.
func (w Weekdays) Len() int { return bits.OnesCount8(uint8(w & EveryDay)) }

// String returns the days as EWS lists them, separated by spaces. It uses the
// names Day, Weekday and WeekendDay for those sets, which DaysOfWeekType
// allows too.
func (w Weekdays) String() string {
	switch w {
	case EveryDay:
		return "Day"
	case WorkDays:
		return "Weekday"
	case WeekendDay:
		return "WeekendDay"
	}
	return w.Names()
}

// Names returns the days one by one, "Monday Friday", never the names of sets.
func (w Weekdays) Names() string {
	var names []string
	for d := time.Sunday; d <= time.Saturday; d++ {
		if w.Has(d) {
			names = append(names, d.String())
		}
	}
	return strings.Join(names, " ")
}

// ParseWeekdays reads a list of EWS day names separated by spaces.
// [MS-OXWSCDATA] DaysOfWeekType, DayOfWeekType
func ParseWeekdays(s string) (Weekdays, error) {
	var w Weekdays
	for name := range strings.FieldsSeq(s) {
		one, err := parseDayName(name)
		if err != nil {
			return 0, err
		}
		w |= one
	}
	if w == 0 {
		return 0, fmt.Errorf("calendar: no day of the week")
	}
	return w, nil
}

func parseDayName(name string) (Weekdays, error) {
	switch name {
	case "Day":
		return EveryDay, nil
	case "Weekday":
		return WorkDays, nil
	case "WeekendDay":
		return WeekendDay, nil
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if d.String() == name {
			return On(d), nil
		}
	}
	return 0, fmt.Errorf("calendar: unknown day of the week %q", name)
}

// A DayOfWeekIndex says which of the matching days of a month is meant.
type DayOfWeekIndex uint8

// The indexes. [MS-OXWSCDATA] DayOfWeekIndexType
const (
	First DayOfWeekIndex = iota + 1
	Second
	Third
	Fourth
	Last
)

var indexNames = [...]string{"", "First", "Second", "Third", "Fourth", "Last"}

// String returns the name EWS uses.
func (i DayOfWeekIndex) String() string {
	if int(i) < len(indexNames) {
		return indexNames[i]
	}
	return fmt.Sprintf("DayOfWeekIndex(%d)", uint8(i))
}

// ParseDayOfWeekIndex reads the name EWS uses.
func ParseDayOfWeekIndex(s string) (DayOfWeekIndex, error) {
	for i, n := range indexNames {
		if i > 0 && n == s {
			return DayOfWeekIndex(i), nil
		}
	}
	return 0, fmt.Errorf("calendar: unknown index of a day %q", s)
}
