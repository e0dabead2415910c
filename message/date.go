package message

import (
	"strconv"
	"strings"
	"time"
)

// dateLayout is how Compose writes a date, RFC 5322 3.3.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// parseDate reads a Date field, and returns the zero time for what is none:
// weekday or seconds may be missing, years may have two digits, zones may be
// names, and a comment may follow: RFC 5322 3.3 and 4.3. A zone that is
// missing or unknown counts as UTC.
func parseDate(s string) time.Time {
	s, _, _ = strings.Cut(s, "(")
	f := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
	if len(f) > 0 && (f[0][0] < '0' || f[0][0] > '9') {
		f = f[1:] // the weekday
	}
	if len(f) > 0 && strings.Count(f[0], "-") == 2 { // 02-Jan-2006
		f = append(strings.Split(f[0], "-"), f[1:]...)
	}
	if len(f) < 4 {
		return time.Time{}
	}
	day, err1 := strconv.Atoi(f[0])
	month := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(f[1][:min(3, len(f[1]))]))
	year, err2 := strconv.Atoi(f[2])
	clock, ok := parseClock(f[3])
	if err1 != nil || err2 != nil || !ok || month < 0 || month%3 != 0 || len(f[1]) < 3 || day < 1 || day > 31 {
		return time.Time{}
	}
	switch { // RFC 5322 4.3
	case year < 0:
		return time.Time{}
	case year < 50:
		year += 2000
	case year < 1000:
		year += 1900
	}
	if year < 1900 || year > 9999 { // what Compose writes, too
		return time.Time{}
	}
	zone := time.UTC
	if len(f) > 4 {
		zone = parseOffset(f[4])
	}
	return time.Date(year, time.Month(month/3+1), day, clock[0], clock[1], clock[2], 0, zone)
}

// parseClock reads 15:04:05 or 15:04; some write dots.
func parseClock(s string) (clock [3]int, ok bool) {
	parts := strings.Split(strings.ReplaceAll(s, ".", ":"), ":")
	if len(parts) < 2 || len(parts) > 3 {
		return clock, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > [3]int{23, 59, 60}[i] {
			return clock, false
		}
		clock[i] = n
	}
	return clock, true
}

// parseOffset reads +0100 or one of the zone names of RFC 5322 4.3. A military
// letter means nothing there, since it was once defined the wrong way round.
func parseOffset(s string) *time.Location {
	hours := 0
	switch strings.ToUpper(s) {
	case "EDT":
		hours = -4
	case "EST", "CDT":
		hours = -5
	case "CST", "MDT":
		hours = -6
	case "MST", "PDT":
		hours = -7
	case "PST":
		hours = -8
	}
	if hours != 0 {
		return time.FixedZone(strings.ToUpper(s), hours*3600)
	}
	digits := strings.ReplaceAll(s, ":", "")
	if len(digits) != 5 || digits[0] != '+' && digits[0] != '-' {
		return time.UTC
	}
	n, err := strconv.Atoi(digits[1:])
	if err != nil || n < 0 || n == 0 || n/100 > 23 || n%100 > 59 {
		return time.UTC
	}
	seconds := n/100*3600 + n%100*60
	if digits[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}
