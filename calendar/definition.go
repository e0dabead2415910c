package calendar

import "time"

// A TimeZoneDefinition is a zone spelled out, as EWS clients send it and as
// GetServerTimeZones gives it. [MS-OXWSGTZ] TimeZoneDefinitionType
//
// Periods are the offsets the zone has. A TransitionsGroup is a year's round
// between them. Transitions say from when on which group, or single period, is
// in force; the first has no date and means "from the beginning".
type TimeZoneDefinition struct {
	ID, Name    string
	Periods     []TimeZonePeriod
	Groups      []TransitionsGroup
	Transitions []TimeZoneTransition
}

// A TimeZonePeriod is a stretch of the year with one offset.
// [MS-OXWSGTZ] PeriodType
type TimeZonePeriod struct {
	ID, Name string
	Bias     time.Duration // UTC less local time: PT-1H is -time.Hour, east of Greenwich
}

// A TransitionsGroup is a set of transitions that come back every year.
// [MS-OXWSGTZ] ArrayOfTransitionsType
type TransitionsGroup struct {
	ID          string
	Transitions []TimeZoneTransition
}

// A TransitionKind tells the four elements apart.
type TransitionKind uint8

// The kinds of transition, each named as its element is.
const (
	Transition              TransitionKind = iota // no date: always in force
	AbsoluteDateTransition                        // at DateTime, once
	RecurringDayTransition                        // Occurrence-th DayOfWeek of Month
	RecurringDateTransition                       // Day of Month
)

// A TimeZoneTransition is a change to a period or to a group.
// [MS-OXWSGTZ] TransitionType and those that extend it
type TimeZoneTransition struct {
	Kind    TransitionKind
	ToGroup bool   // the target is a group, else a period
	To      string // its id

	DateTime   time.Time     // AbsoluteDate: local time before the change, in UTC for want of a zone
	TimeOffset time.Duration // Recurring: local time of day before the change
	Month      time.Month    // Recurring
	Day        int           // RecurringDate
	DayOfWeek  time.Weekday  // RecurringDay
	Occurrence int           // RecurringDay: 1 to 4, or -1 for the last
}

// A SerializableTimeZone is the older, one-year form of a zone, of
// GetUserAvailability and working hours. [MS-OXWAVLS]
type SerializableTimeZone struct {
	Bias                       time.Duration // UTC less local time
	StandardTime, DaylightTime SerializableTimeZoneTime
}

// A SerializableTimeZoneTime is the yearly change to one of the two times.
// [MS-OXWAVLS] SerializableTimeZoneTime
type SerializableTimeZoneTime struct {
	Bias      time.Duration // added to that of the zone
	Time      time.Duration // local time of day before the change
	DayOrder  int           // 1 to 4, or 5 for the last; with Year the day of the month
	Month     time.Month    // 0: the zone does not change its clocks
	DayOfWeek time.Weekday
	Year      int // 0: every year
}
