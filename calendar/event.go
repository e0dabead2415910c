package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// An Event is an appointment, a meeting or a series of them, as a calendar
// keeps it and as iCalendar carries it.
//
// Start and End are instants. Of a series they are those of its first
// occurrence, and what counts is what they show on the clock of Zone: that and
// the zone's id is what to store, so that the instants can be derived anew when
// a government changes the rules.
//
// An all-day event runs from midnight to midnight in its own Zone, as Exchange
// keeps it: a viewer in another zone sees it shifted. The date it is meant for
// is DateOf(e.Start.In(e.Zone.Location())).
type Event struct {
	UID       string
	Subject   string
	Location  string
	Start     time.Time
	End       time.Time
	AllDay    bool
	Zone      Zone // in which Start is meant, and the whole of a series
	EndZone   Zone // in which End is shown; zero means Zone
	Status    BusyStatus
	Cancelled bool // the organizer has called it off

	Sensitivity Sensitivity
	Priority    Priority
	Categories  []string
	Body        string // plain text
	BodyHTML    string
	URL         string

	ReminderSet     bool
	ReminderMinutes int // before the start

	Recurrence *Recurrence
	Exceptions []Exception // in order of Original
	Deleted    []Date      // in order: occurrences that do not take place

	Organizer Attendee // Address empty: no meeting
	Attendees []Attendee
	Response  Response // the owner's own

	Method   string // REQUEST, REPLY, CANCEL, PUBLISH … of the iCalendar object it came in
	Sequence int
	Stamp    time.Time // DTSTAMP, of a reply when it was given
	Created  time.Time
	Modified time.Time

	// Instance is set when the event is one changed occurrence of a series
	// that came without it: the start of the occurrence it replaces.
	// RFC 5545 3.8.4.4
	Instance time.Time

	// Approximated marks an occurrence that stands by itself although its UID
	// once named a series, because no Exchange pattern expresses that series.
	Approximated bool

	Extra []Property // X- and other properties nobody here understands
}

// An Exception is an occurrence that differs from its series.
type Exception struct {
	Original Date // the day the pattern has for it, in the series' zone
	Start    time.Time
	End      time.Time

	// Changed says which of the fields below replace those of the series.
	Changed Fields

	Subject         string
	Location        string
	AllDay          bool
	Status          BusyStatus
	Cancelled       bool
	Sensitivity     Sensitivity
	Priority        Priority
	Categories      []string
	Body, BodyHTML  string
	URL             string
	ReminderSet     bool
	ReminderMinutes int
	Organizer       Attendee
	Attendees       []Attendee
	Response        Response
	Sequence        int
	Stamp           time.Time
	Extra           []Property
}

// Fields is a set of what an exception may change.
type Fields uint32

// The fields, by the names they have in Event.
const (
	SubjectField Fields = 1 << iota
	LocationField
	AllDayField
	StatusField
	CancelledField
	SensitivityField
	PriorityField
	CategoriesField
	BodyField // Body and BodyHTML
	URLField
	ReminderField // ReminderSet and ReminderMinutes
	AttendeesField
	ResponseField
	ExtraField
)

// A Sensitivity says who else should see it. [MS-OXWSCDATA] SensitivityChoicesType
type Sensitivity uint8

// The sensitivities.
const (
	Normal Sensitivity = iota
	Personal
	Private
	Confidential
)

var sensitivityNames = [...]string{"Normal", "Personal", "Private", "Confidential"}

// String returns the name EWS uses.
func (s Sensitivity) String() string { return name(sensitivityNames[:], int(s)) }

// A Priority is what EWS calls Importance.
type Priority uint8

// The priorities; the zero value is the ordinary one.
const (
	NormalPriority Priority = iota
	LowPriority
	HighPriority
)

var priorityNames = [...]string{"Normal", "Low", "High"}

// String returns the name EWS uses for Importance.
func (p Priority) String() string { return name(priorityNames[:], int(p)) }

// An Attendee is somebody or something invited.
type Attendee struct {
	Name         string
	Address      string // SMTP address, without mailto:
	Role         Role
	Response     Response
	ResponseTime time.Time
	RSVP         bool // asked to answer
}

// A Role is how much an attendee is needed.
type Role uint8

// The roles.
const (
	Required Role = iota
	Optional
	Resource
)

var roleNames = [...]string{"Required", "Optional", "Resource"}

// String returns the name EWS uses.
func (r Role) String() string { return name(roleNames[:], int(r)) }

// A Response is what an attendee, or the owner of a calendar, has answered.
// [MS-OXWSCDATA] ResponseTypeType
type Response uint8

// The responses. Organizer is the answer of who need not answer.
const (
	UnknownResponse Response = iota
	OrganizerResponse
	TentativelyAccepted
	Accepted
	Declined
	NoResponse
)

var responseNames = [...]string{"Unknown", "Organizer", "Tentative", "Accept", "Decline", "NoResponseReceived"}

// String returns the name EWS uses.
func (r Response) String() string { return name(responseNames[:], int(r)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprint(i)
}

// A Property is a content line of iCalendar kept as it came.
// RFC 5545 3.1
type Property struct {
	Name   string  // in capitals
	Params []Param // in their order
	Value  string  // raw: escapes not undone
}

// A Param is a parameter of a Property.
type Param struct{ Name, Value string }

// Meeting reports whether others are invited, or the owner was.
func (e *Event) Meeting() bool { return len(e.Attendees) > 0 }

// Exception returns the exception of the day, nil if there is none.
func (e *Event) Exception(d Date) *Exception {
	i, ok := slices.BinarySearchFunc(e.Exceptions, d, func(x Exception, d Date) int {
		return cmp.Compare(x.Original, d)
	})
	if !ok {
		return nil
	}
	return &e.Exceptions[i]
}

// IsDeleted reports whether the occurrence of the day was deleted.
func (e *Event) IsDeleted(d Date) bool {
	_, ok := slices.BinarySearch(e.Deleted, d)
	return ok
}

// Delete strikes out the occurrence of the day, and its exception.
func (e *Event) Delete(d Date) {
	e.Exceptions = slices.DeleteFunc(e.Exceptions, func(x Exception) bool { return x.Original == d })
	if i, ok := slices.BinarySearch(e.Deleted, d); !ok {
		e.Deleted = slices.Insert(e.Deleted, i, d)
	}
}

// SetException puts an exception in the place of its occurrence. Whoever
// changes a deleted occurrence brings it back.
func (e *Event) SetException(x Exception) {
	if i, ok := slices.BinarySearch(e.Deleted, x.Original); ok {
		e.Deleted = slices.Delete(e.Deleted, i, i+1)
	}
	i, ok := slices.BinarySearchFunc(e.Exceptions, x.Original, func(x Exception, d Date) int {
		return cmp.Compare(x.Original, d)
	})
	if ok {
		e.Exceptions[i] = x
		return
	}
	e.Exceptions = slices.Insert(e.Exceptions, i, x)
}

// Sort brings Exceptions and Deleted into the order that look-ups rely on.
func (e *Event) Sort() {
	slices.SortFunc(e.Exceptions, func(a, b Exception) int { return cmp.Compare(a.Original, b.Original) })
	slices.Sort(e.Deleted)
}

// Check reports what makes the event unusable, if anything.
func (e *Event) Check() error {
	if e.End.Before(e.Start) {
		return fmt.Errorf("calendar: event ends before it starts")
	}
	if e.Recurrence == nil {
		return nil
	}
	return e.Recurrence.Check()
}
