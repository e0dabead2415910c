package calendar

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A Zone is a time zone as somebody named it. The zero Zone is UTC.
//
// ID is kept as it was sent, a Windows id ("W. Europe Standard Time") or one of
// IANA ("Europe/Berlin"), or whatever a client calls its own definition; that
// and the wall clock are what a series is stored with.
type Zone struct {
	ID string
	// Definition is what a client sent to go with an id that means nothing to
	// us; nil where the id says it all.
	Definition *TimeZoneDefinition

	loc *time.Location
}

// UTC is Coordinated Universal Time.
func UTC() Zone { return Zone{ID: "UTC", loc: time.UTC} }

// LoadZone finds a zone by its Windows or IANA id, of either in any case. It
// reads the zone's rules each time: keep the Zone, or a [Zones].
//
// Only names that the published tables know are looked up, so that what a
// client sends never names a file. "Local" is therefore unknown, too.
func LoadZone(id string) (Zone, error) {
	name, ok := locationName(id)
	if !ok {
		return Zone{}, &UnknownZoneError{ID: id}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return Zone{}, fmt.Errorf("calendar: load rules of zone %q: %w", id, err)
	}
	return Zone{ID: id, loc: loc}, nil
}

// locationName is the IANA name for an id, and whether the id is known.
func locationName(id string) (string, bool) {
	if strings.EqualFold(id, "UTC") || id == "Z" {
		return "UTC", true
	}
	if i, ok := findWindows(id); ok {
		return windowsTable[i].iana, true
	}
	if i, ok := findIANA(id); ok {
		return ianaTable[i].name, true
	}
	return "", false
}

// NewZone makes a zone of a location that has been found some other way.
func NewZone(id string, loc *time.Location) Zone { return Zone{ID: id, loc: loc} }

// An UnknownZoneError says that a time zone has no meaning here.
type UnknownZoneError struct{ ID string }

// Error names the zone, as far as it is fit to be read.
func (e *UnknownZoneError) Error() string {
	return fmt.Sprintf("calendar: unknown time zone %.80q", e.ID)
}

// IsZero reports whether no zone was named at all.
func (z Zone) IsZero() bool { return z.ID == "" && z.loc == nil }

// Location returns the rules, never nil.
func (z Zone) Location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// Windows returns the Windows id of the zone, or "" if there is none.
func (z Zone) Windows() string { return WindowsID(z.ID) }

// IANA returns the IANA id of the zone in today's spelling, or "" if there is
// none.
func (z Zone) IANA() string { return IANAID(z.ID) }

// At returns the instant at which the wall clock of the zone shows the given
// time of the day, counted from its midnight as if no day had more or fewer
// than 24 hours; clock may be negative or beyond a day.
//
// A time that occurs twice is the first of the two. RFC 5545 3.3.5
//
// A time that does not occur is moved forward by the length of the gap, 02:30
// to 03:30: it is read with the offset before the gap, as RFC 5545 3.3.5 has
// it for a single time. RFC 5545 3.3.10 would drop such an occurrence from a
// series. Exchange does not, and so neither do we: its Numbered ranges and
// instance indexes count days, and a missing one would shift all others.
func (z Zone) At(d Date, clock time.Duration) time.Time {
	w := wall{loc: z.Location()}
	return w.at(int64(d)*daySeconds + int64(clock/time.Second)).Add(clock % time.Second)
}

// Wall returns the day and the time of day the wall clock of the zone shows.
func (z Zone) Wall(t time.Time) (Date, time.Duration) {
	s := wallSeconds(t.In(z.Location()))
	d := floorDiv(s, daySeconds)
	return Date(d), time.Duration(s-d*daySeconds)*time.Second + time.Duration(t.Nanosecond())
}

// Midnight returns the first instant of the day in the zone.
func (z Zone) Midnight(d Date) time.Time { return z.At(d, 0) }

// wall turns wall clocks into instants, remembering the offset in force, so
// that the days of a window between two changes of the clock cost a few
// additions. It is valid for one location.
type wall struct {
	loc    *time.Location
	offset int64
	// instants between which offset holds with a day to spare at either end,
	// so that no change of the clock can be near
	from, to int64
}

// at returns the instant for seconds on the wall since 1970.
func (w *wall) at(seconds int64) time.Time {
	return time.Unix(w.unix(seconds), 0).In(w.loc)
}

func (w *wall) unix(seconds int64) int64 {
	if u := seconds - w.offset; u >= w.from && u < w.to {
		return u
	}
	w.remember(time.Unix(seconds, 0).In(w.loc))
	if u := seconds - w.offset; u >= w.from && u < w.to {
		return u
	}
	// The offsets a day before and a day after are those on either side of
	// the change.
	before := offsetAt(w.loc, seconds-daySeconds)
	after := offsetAt(w.loc, seconds+daySeconds)
	u := seconds - before
	if offsetAt(w.loc, u) == before {
		return u // no change, or before it, or the first of two
	}
	if v := seconds - after; offsetAt(w.loc, v) == after {
		return v
	}
	return u // in the gap
}

func (w *wall) remember(t time.Time) {
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	w.offset, w.from, w.to = int64(offset), math.MinInt64, math.MaxInt64
	if !start.IsZero() {
		w.from = start.Unix() + daySeconds
	}
	if !end.IsZero() {
		w.to = end.Unix() - daySeconds
	}
}

func offsetAt(loc *time.Location, unix int64) int64 {
	_, off := time.Unix(unix, 0).In(loc).Zone()
	return int64(off)
}
