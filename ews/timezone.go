package ews

import "time"

// A TimeZoneDefinition is a zone with its history: periods of constant bias,
// groups of the transitions of a year, and the transitions from one group to
// the next. Requests may name a zone by Id alone. [MS-OXWSGTZ].
type TimeZoneDefinition struct {
	ID                string             `ews:"Id,attr,omitempty"`
	Name              string             `ews:"Name,attr,omitempty"`
	Periods           []Period           `ews:"t:Periods>t:Period,omitempty,nonempty"`
	TransitionsGroups []TransitionsGroup `ews:"t:TransitionsGroups>t:TransitionsGroup,omitempty,nonempty"`
	Transitions       *TransitionsGroup  `ews:"t:Transitions"`
}

// A Period is a bias with a name; Bias is UTC minus local time.
type Period struct {
	Bias Duration `ews:"Bias,attr,omitempty"`
	Name string   `ews:"Name,attr,omitempty"`
	ID   string   `ews:"Id,attr,omitempty"`
}

// A TransitionsGroup is a list of transitions.
//
// ews:type ArrayOfTransitionsType
type TransitionsGroup struct {
	ID   string          `ews:"Id,attr,omitempty"`
	List []AnyTransition `ews:",inline"`
}

// An AnyTransition is one of the four kinds of transition.
//
// ews:choice
type AnyTransition struct {
	Transition    *Transition              `ews:"t:Transition"`
	AbsoluteDate  *AbsoluteDateTransition  `ews:"t:AbsoluteDateTransition"`
	RecurringDay  *RecurringDayTransition  `ews:"t:RecurringDayTransition"`
	RecurringDate *RecurringDateTransition `ews:"t:RecurringDateTransition"`
}

// A TransitionTargetKind says what a transition leads to. [MS-OXWSGTZ].
//
// ews:type TransitionTargetKindType
type TransitionTargetKind string

const (
	TransitionToPeriod TransitionTargetKind = "Period"
	TransitionToGroup  TransitionTargetKind = "Group"
)

// A TransitionTarget is the Id of a period or group.
type TransitionTarget struct {
	Kind TransitionTargetKind `ews:"Kind,attr"`
	ID   string               `ews:",text"`
}

// A Transition is in force from the beginning.
//
// ews:element Transition
type Transition struct {
	To TransitionTarget `ews:"t:To"`
}

// An AbsoluteDateTransition happens once; the time has no zone.
//
// ews:element AbsoluteDateTransition
type AbsoluteDateTransition struct {
	To       TransitionTarget `ews:"t:To"`
	DateTime time.Time        `ews:"t:DateTime"`
}

// A RecurringDayTransition happens every year at a weekday: the Occurrence-th
// of the month, counted from its end when negative.
//
// ews:element RecurringDayTransition
type RecurringDayTransition struct {
	To         TransitionTarget `ews:"t:To"`
	TimeOffset Duration         `ews:"t:TimeOffset"`
	Month      int              `ews:"t:Month"`
	DayOfWeek  DayOfWeek        `ews:"t:DayOfWeek"`
	Occurrence int              `ews:"t:Occurrence"`
}

// A RecurringDateTransition happens every year at a day of a month.
//
// ews:element RecurringDateTransition
type RecurringDateTransition struct {
	To         TransitionTarget `ews:"t:To"`
	TimeOffset Duration         `ews:"t:TimeOffset"`
	Month      int              `ews:"t:Month"`
	Day        int              `ews:"t:Day"`
}

// A TimeZone is the older way to say a zone, property MeetingTimeZone: one
// change to and from daylight saving time. [MS-OXWSMTGS].
//
// ews:type TimeZoneType
type TimeZone struct {
	TimeZoneName string      `ews:"TimeZoneName,attr,omitempty"`
	BaseOffset   Duration    `ews:"t:BaseOffset,omitempty"`
	Standard     *TimeChange `ews:"t:Standard"`
	Daylight     *TimeChange `ews:"t:Daylight"`
}

// A TimeChange is one change of a TimeZone.
type TimeChange struct {
	TimeZoneName string            `ews:"TimeZoneName,attr,omitempty"`
	Offset       Duration          `ews:"t:Offset"`
	Pattern      TimeChangePattern `ews:",inline,omitempty"`
	Time         TimeOfDay         `ews:"t:Time"`
}

// A TimeChangePattern is the day of a TimeChange.
//
// ews:choice
type TimeChangePattern struct {
	RelativeYearly *RelativeYearlyRecurrence `ews:"t:RelativeYearlyRecurrence"`
	AbsoluteDate   *Date                     `ews:"t:AbsoluteDate"`
}
