package calendar

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A shift is a change of the offset at an instant.
type shift struct {
	at     int64 // Unix time
	offset int   // seconds east of Greenwich, from then on
	dst    bool
}

// maxShifts bounds a zone: two a year over five hundred years.
const maxShifts = 1000

// tzif writes the zone as the file format the standard library reads, which
// makes of rules somebody sent an ordinary *time.Location. RFC 8536
//
// Before the first shift the offset is base; after the last one the POSIX rule
// in footer holds, if there is one.
func tzif(id string, base int, shifts []shift, footer string) (*time.Location, error) {
	if len(shifts) > maxShifts {
		return nil, fmt.Errorf("calendar: zone %.80q changes its clocks more than %d times", id, maxShifts)
	}
	slices.SortStableFunc(shifts, func(a, b shift) int { return int(min(max(a.at-b.at, -1), 1)) })
	types, index := localTimes(base, shifts)
	if len(types) > 255 {
		return nil, fmt.Errorf("calendar: zone %.80q has more than 255 offsets", id)
	}
	const names = "LMT\x00DST\x00"
	// The first block is for readers of 32 bits, and empty but for one type.
	b := appendHeader(nil, 0, 1, 1)
	b = append(b, 0, 0, 0, 0, 0, 0, 0)
	b = appendHeader(b, len(shifts), len(types), len(names))
	for _, s := range shifts {
		b = binary.BigEndian.AppendUint64(b, uint64(s.at))
	}
	b = append(b, index...)
	for _, l := range types {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(l.offset)))
		if l.dst {
			b = append(b, 1, 4)
		} else {
			b = append(b, 0, 0)
		}
	}
	b = append(append(b, names...), '\n')
	b = append(append(b, footer...), '\n')
	loc, err := time.LoadLocationFromTZData(id, b)
	if err != nil {
		return nil, fmt.Errorf("calendar: rules of zone %.80q: %w", id, err)
	}
	return loc, nil
}

// localTimes lists the distinct offsets, base first, and which of them each
// shift leads to.
func localTimes(base int, shifts []shift) (types []shift, index []byte) {
	types = []shift{{offset: base}}
	for _, s := range shifts {
		i := slices.IndexFunc(types, func(l shift) bool { return l.offset == s.offset && l.dst == s.dst })
		if i < 0 {
			i = len(types)
			types = append(types, s)
		}
		index = append(index, byte(i))
	}
	return types, index
}

func appendHeader(b []byte, shifts, types, chars int) []byte {
	b = append(b, "TZif2"...)
	b = append(b, make([]byte, 15)...)
	for _, n := range []int{0, 0, 0, shifts, types, chars} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// A yearly is a change of the clock that comes back each year.
type yearly struct {
	month      time.Month
	day        int // of the month, if occurrence is 0
	weekday    time.Weekday
	occurrence int           // 1 to 4, or -1 for the last
	clock      time.Duration // local time before the change; may be negative or beyond a day
	offset     int           // seconds east, from then on
	dst        bool
}

// in returns the local time of the change in the year, in seconds of a clock
// that hung in Greenwich.
func (y yearly) in(year int) int64 {
	month := year*12 + int(y.month) - 1
	var d Date
	switch {
	case y.occurrence == -1:
		d = relative(month, On(y.weekday), Last)
	case y.occurrence > 0:
		d = relative(month, On(y.weekday), DayOfWeekIndex(y.occurrence))
	default:
		d = monthStart(month) + Date(min(y.day, monthLen(month))-1)
	}
	return int64(d)*daySeconds + int64(y.clock/time.Second)
}

// posix writes a pair of yearly changes as a TZ string, or a single offset;
// false where the format has no words for it. POSIX.1-2017 8.3
func posix(offset int, round []yearly) (string, bool) {
	if len(round) == 0 {
		return "<LMT>" + posixTime(-offset), true
	}
	if len(round) != 2 || round[0].dst == round[1].dst {
		return "", false
	}
	dst, std := round[0], round[1]
	if std.dst {
		dst, std = std, dst
	}
	toDST, ok1 := dst.posix()
	toStd, ok2 := std.posix()
	return "<LMT>" + posixTime(-std.offset) + "<DST>" + posixTime(-dst.offset) + "," + toDST + "," + toStd, ok1 && ok2
}

func (y yearly) posix() (string, bool) {
	week := y.occurrence
	if week == -1 {
		week = 5
	}
	at := "/" + posixTime(int(y.clock/time.Second))
	if y.occurrence != 0 {
		return fmt.Sprintf("M%d.%d.%d", y.month, week, y.weekday) + at, true
	}
	if y.month == time.February && y.day > 28 {
		return "", false
	}
	// J counts the days of a year that is not a leap year.
	n := time.Date(2001, y.month, y.day, 0, 0, 0, 0, time.UTC).YearDay()
	return fmt.Sprintf("J%d", n) + at, true
}

// posixTime writes seconds as hours, minutes and seconds.
func posixTime(seconds int) string {
	var b strings.Builder
	if seconds < 0 {
		b.WriteByte('-')
		seconds = -seconds
	}
	fmt.Fprintf(&b, "%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	return b.String()
}
