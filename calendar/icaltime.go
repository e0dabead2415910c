package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The two forms of a DATE-TIME, as layouts. RFC 5545 3.3.5
const (
	icalLocal = "20060102T150405"
	icalUTC   = "20060102T150405Z"
	icalDate  = "20060102"
)

// A wallTime is a DATE or DATE-TIME as it is written.
type wallTime struct {
	date     Date
	clock    time.Duration
	dateOnly bool
	utc      bool
}

// parseWall reads a DATE or DATE-TIME value.
func parseWall(s string) (wallTime, error) {
	s = strings.TrimSpace(s)
	layout := icalLocal
	switch len(s) {
	case len(icalDate):
		layout = icalDate
	case len(icalUTC):
		layout = icalUTC
	case len("20060102T1504"): // seconds left out
		layout = "20060102T1504"
	}
	t, err := time.Parse(layout, strings.ToUpper(s))
	if err != nil {
		return wallTime{}, fmt.Errorf("calendar: not a date or time: %.40q", s)
	}
	d := DateOf(t)
	if d < minDate || d > maxDate {
		return wallTime{}, fmt.Errorf("calendar: %.40q is not in the years 1601 to 4500", s)
	}
	w := wallTime{date: d, dateOnly: layout == icalDate, utc: layout == icalUTC}
	w.clock = time.Duration(t.Unix()-int64(d)*daySeconds) * time.Second
	return w, nil
}

// seconds is the time on a clock that hangs in Greenwich.
func (w wallTime) seconds() int64 { return int64(w.date)*daySeconds + int64(w.clock/time.Second) }

// in returns the instant, read in the zone unless it is UTC by itself.
func (w wallTime) in(z Zone) time.Time {
	if w.utc {
		return UTC().At(w.date, w.clock)
	}
	return z.At(w.date, w.clock)
}

// parseDuration reads a DURATION: whole days, which are days on the calendar,
// and the rest. RFC 5545 3.3.6
func parseDuration(s string) (days int, rest time.Duration, err error) {
	bad := fmt.Errorf("calendar: not a duration: %.40q", s)
	v := strings.ToUpper(strings.TrimSpace(s))
	sign := 1
	if v != "" && (v[0] == '-' || v[0] == '+') {
		if v[0] == '-' {
			sign = -1
		}
		v = v[1:]
	}
	v, ok := strings.CutPrefix(v, "P")
	if !ok || v == "" {
		return 0, 0, bad
	}
	units := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	for v != "" {
		if v[0] == 'T' {
			v = v[1:]
			continue
		}
		i := strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 || i > 7 {
			return 0, 0, bad
		}
		n, _ := strconv.Atoi(v[:i])
		switch unit := v[i]; {
		case unit == 'W':
			days += 7 * n
		case unit == 'D':
			days += n
		case units[unit] != 0:
			rest += time.Duration(n) * units[unit]
		default:
			return 0, 0, bad
		}
		v = v[i+1:]
	}
	return sign * days, time.Duration(sign) * rest, nil
}
