package calendar

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// zoneFromTZID finds the zone a TZID means: by name, by the name at its end
// ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin"), by what the
// VTIMEZONE says it is called elsewhere, and last by the VTIMEZONE's rules.
// tz is nil where the object has none of that name.
func zoneFromTZID(id string, tz *component, zones *Zones) (Zone, error) {
	names := []string{strings.Trim(strings.TrimSpace(id), `"`)}
	for rest := names[0]; ; {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		names, rest = append(names, after), after
	}
	if tz != nil {
		names = append(names, tz.value("X-LIC-LOCATION"), tz.value("TZID-ALIAS-OF"))
	}
	for _, n := range names {
		if z, err := zones.Load(n); err == nil {
			return z, nil
		}
	}
	if tz == nil {
		return Zone{}, &UnknownZoneError{ID: id}
	}
	loc, err := vtimezoneLocation(names[0], tz)
	if err != nil {
		return Zone{}, err
	}
	if known, ok := zones.Recognize(loc); ok {
		return zones.Load(known)
	}
	z := NewZone(names[0], loc)
	z.Definition = DefinitionOf(z, 1990, 2040)
	return z, nil
}

// vtimezoneLocation makes a location of the observances of a VTIMEZONE.
// RFC 5545 3.6.5
func vtimezoneLocation(id string, tz *component) (*time.Location, error) {
	var shifts []shift
	first, base := int64(math.MaxInt64), 0
	for _, c := range tz.children {
		if c.name != "STANDARD" && c.name != "DAYLIGHT" {
			continue
		}
		from, err1 := parseOffset(c.value("TZOFFSETFROM"))
		to, err2 := parseOffset(c.value("TZOFFSETTO"))
		onsets, err3 := observance(c, from)
		for _, err := range []error{err1, err2, err3} {
			if err != nil {
				return nil, fmt.Errorf("calendar: time zone %.80q: %w", id, err)
			}
		}
		for _, o := range onsets {
			shifts = append(shifts, shift{o - int64(from), to, c.name == "DAYLIGHT"})
			if o < first {
				first, base = o, from
			}
		}
		if len(shifts) > maxShifts {
			break // tzif says so
		}
	}
	if len(shifts) == 0 {
		return nil, fmt.Errorf("calendar: time zone %.80q has no rules", id)
	}
	return tzif(id, base, shifts, "")
}

// observance returns the local times, in seconds, at which an observance
// begins: DTSTART, every RDATE, and what the rule adds.
func observance(c *component, from int) ([]int64, error) {
	w, err := parseWall(c.value("DTSTART"))
	if err != nil {
		return nil, err
	}
	onsets := []int64{w.seconds()}
	for _, p := range c.props {
		if p.Name != "RDATE" {
			continue
		}
		for v := range strings.SplitSeq(p.Value, ",") {
			r, err := parseWall(v)
			if err != nil || len(onsets) > maxShifts {
				return nil, fmt.Errorf("calendar: RDATE %.40q", v)
			}
			onsets = append(onsets, r.seconds())
		}
	}
	if text := c.value("RRULE"); text != "" {
		return observanceRule(onsets, w, text, from)
	}
	return onsets, nil
}

// observanceRule appends what the rule says until lastShiftYear. Outlook lets
// its rules begin in 1601; nothing before 1970 is asked for.
func observanceRule(onsets []int64, first wallTime, text string, from int) ([]int64, error) {
	r, err := parseRule(text)
	if err != nil {
		return nil, err
	}
	until := NewDate(lastShiftYear, time.December, 31)
	if u, err := parseWall(r.until); r.until != "" && err == nil {
		local := u.seconds()
		if u.utc {
			local += int64(from)
		}
		until = min(until, clampDate(floorDiv(local, daySeconds)))
	}
	start := first.date
	if y, m, d := start.Civil(); y < 1970 {
		start = NewDate(1970, m, min(d, 28))
	}
	rec, ok := r.recurrence(start)
	if !ok || rec.Pattern < AbsoluteMonthly || rec.Check() != nil {
		return nil, fmt.Errorf("calendar: a clock that changes by %.80q", text)
	}
	clock := int64(first.clock / time.Second)
	for cur := rec.From(start); len(onsets) <= maxShifts; {
		d, ok := cur.Next()
		if !ok || d > until {
			break
		}
		if d != first.date {
			onsets = append(onsets, int64(d)*daySeconds+clock)
		}
	}
	return onsets, nil
}

// parseOffset reads +hhmm or +hhmmss. RFC 5545 3.3.14
func parseOffset(s string) (int, error) {
	var h, m, sec int
	var sign byte
	n, _ := fmt.Sscanf(s, "%c%2d%2d%2d", &sign, &h, &m, &sec)
	if n < 3 || sign != '+' && sign != '-' || h > 23 || m > 59 || sec > 59 || h < 0 || m < 0 || sec < 0 {
		return 0, fmt.Errorf("calendar: offset %.20q", s)
	}
	offset := h*3600 + m*60 + sec
	if sign == '-' {
		offset = -offset
	}
	return offset, nil
}

func formatOffset(offset int) string {
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	s := fmt.Sprintf("%c%02d%02d", sign, offset/3600, offset/60%60)
	if offset%60 != 0 {
		s += fmt.Sprintf("%02d", offset%60)
	}
	return s
}

// appendVTimezone writes the rules of a zone for the years from and to; those
// of the last year hold on.
func appendVTimezone(b []byte, z Zone, from, to int) []byte {
	line := func(name, value string) { b = appendLine(b, Property{Name: name, Value: value}) }
	line("BEGIN", "VTIMEZONE")
	line("TZID", z.ID)
	if iana := z.IANA(); iana != "" {
		line("X-LIC-LOCATION", iana)
	}
	all := slices.Collect(runs(z.Location(), from-1, to))
	observed := func(name string, local int64, before, after int, rule string) {
		line("BEGIN", name)
		line("DTSTART", time.Unix(local, 0).UTC().Format(icalLocal))
		line("TZOFFSETFROM", formatOffset(before))
		line("TZOFFSETTO", formatOffset(after))
		if rule != "" {
			line("RRULE", rule)
		}
		line("END", name)
	}
	observed("STANDARD", 0, all[0].offset, all[0].offset, "")
	before := all[0].offset
	for i, r := range all {
		if start := r.offset; start != before { // a change at the turn of the year
			observed("STANDARD", int64(NewDate(r.from, 1, 1))*daySeconds, before, start, "")
			before = start
		}
		for _, y := range r.round {
			rule := y.rule()
			if i+1 < len(all) {
				rule += ";UNTIL=" + time.Unix(y.in(r.to)-int64(before), 0).UTC().Format(icalUTC)
			}
			observed(observanceName(y.dst), y.in(r.from), before, y.offset, rule)
			before = y.offset
		}
		for _, s := range r.odd {
			observed(observanceName(s.dst), s.at+int64(before), before, s.offset, "")
			before = s.offset
		}
	}
	line("END", "VTIMEZONE")
	return b
}

func observanceName(dst bool) string {
	if dst {
		return "DAYLIGHT"
	}
	return "STANDARD"
}

// rule writes the change as an RRULE without its end.
func (y yearly) rule() string {
	return fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", y.month, y.occurrence, ruleDayNames[y.weekday])
}
