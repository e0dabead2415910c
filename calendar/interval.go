package calendar

import "time"

// An Interval is a half-open span of time: Start belongs to it, End does not.
type Interval struct{ Start, End time.Time }

// Duration is the time from start to end, negative if they are the wrong way
// round.
func (i Interval) Duration() time.Duration { return i.End.Sub(i.Start) }

// Valid reports whether the interval ends no earlier than it starts.
func (i Interval) Valid() bool { return !i.End.Before(i.Start) }

// Overlaps reports whether the two share an instant. An interval without
// length, a reminder at ten o'clock, overlaps what contains its start.
func (i Interval) Overlaps(o Interval) bool {
	if !i.Valid() || !o.Valid() {
		return false
	}
	return (i.Start.Before(o.End) || i.Start.Equal(o.Start)) &&
		(o.Start.Before(i.End) || o.Start.Equal(i.Start))
}

// Contains reports whether t lies in the interval.
func (i Interval) Contains(t time.Time) bool { return !t.Before(i.Start) && t.Before(i.End) }

// Clip returns the part of the interval that lies in the window, and whether
// there is one.
func (i Interval) Clip(window Interval) (Interval, bool) {
	if !i.Overlaps(window) {
		return Interval{}, false
	}
	if i.Start.Before(window.Start) {
		i.Start = window.Start
	}
	if i.End.After(window.End) {
		i.End = window.End
	}
	return i, true
}
