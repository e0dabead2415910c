// Package calendar computes with time: recurrence, time zones, busy intervals,
// meeting suggestions and iCalendar.
//
// It is pure. It knows no mailbox, no database, no network and no clock: what
// "now" is, its callers say. Time zone rules come from [time.LoadLocation], so
// a program that must not depend on its machine's zoneinfo imports
// time/tzdata.
//
// Days are [Date], spans of time are [Interval], a series of appointments is an
// [Event] with a [Recurrence]. A series keeps the wall clock and the [Zone] it
// was sent with; instants are derived from them whenever they are asked for:
//
//	occ, err := event.AppendOccurrences(nil, window, 1000)
//
// Two questions that every zone raises twice a year are answered in one place,
// [Zone.At]: a wall clock time that occurs twice means the first of the two
// (RFC 5545 3.3.5), and one that does not occur is moved forward by the length
// of the gap, so that no occurrence of a series is ever lost.
package calendar
