package calendar

import "fmt"

// A BusyStatus is how a stretch of time counts for others.
// [MS-OXWAVLS] LegacyFreeBusyType; the numbers are the digits of
// MergedFreeBusy.
type BusyStatus uint8

// The statuses, in the order of their digits, which is not their order of
// precedence.
const (
	StatusFree BusyStatus = iota
	StatusTentative
	StatusBusy
	StatusOOF
	StatusWorkingElsewhere
	StatusNoData
)

var busyNames = [...]string{"Free", "Tentative", "Busy", "OOF", "WorkingElsewhere", "NoData"}

// String returns the name EWS uses.
func (s BusyStatus) String() string {
	if int(s) < len(busyNames) {
		return busyNames[s]
	}
	return fmt.Sprintf("BusyStatus(%d)", uint8(s))
}

// ParseBusyStatus reads the name EWS uses.
func ParseBusyStatus(name string) (BusyStatus, error) {
	for i, n := range busyNames {
		if n == name {
			return BusyStatus(i), nil
		}
	}
	return StatusFree, fmt.Errorf("calendar: unknown busy status %q", name)
}

// precedence orders the statuses for merging. Exchange gives OOF > Busy >
// Tentative > Free. Who works elsewhere may be met, and loses against all but
// Free; who is not known to be free is not free.
func (s BusyStatus) precedence() uint8 {
	if int(s) < len(busyWeights) {
		return busyWeights[s]
	}
	return 0
}

var busyWeights = [...]uint8{
	StatusFree: 0, StatusWorkingElsewhere: 1, StatusNoData: 2, StatusTentative: 3, StatusBusy: 4, StatusOOF: 5,
}

// Conflicts reports whether the status stands against a meeting: what is
// merely elsewhere or unknown does not. [MS-OXWAVLS] 3.1.4.1
func (s BusyStatus) Conflicts() bool {
	return s == StatusTentative || s == StatusBusy || s == StatusOOF
}

// A Busy is one stretch of somebody's calendar as others may see it.
// Detail is nil for those who may see no more than that.
type Busy struct {
	Interval
	Status BusyStatus
	Detail *BusyDetail
}

// A BusyDetail is what those with the right to it see of an appointment.
// [MS-OXWAVLS] CalendarEventDetails
type BusyDetail struct {
	ID                string // opaque, in the form of the store
	Subject, Location string
	Meeting           bool // has attendees
	Recurring         bool // an occurrence of a series
	Exception         bool // a changed occurrence
	ReminderSet       bool
	Private           bool
}
