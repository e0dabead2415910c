package calendar

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// A TimeZoneInformation is a zone as ActiveSync carries it: the rules of one
// year, and two names. Servers and some clients put the Windows id into the first
// of them; others leave both empty. [MS-ASDTYPE] 2.7.6
type TimeZoneInformation struct {
	SerializableTimeZone
	StandardName, DaylightName string
}

const (
	timeZoneInformationLen = 172
	zoneNameLen            = 32 // UTF-16 code units
)

// InformationOf writes the rules that a zone has in one year. Its name is the
// Windows id, or what the zone is called if it has none.
func InformationOf(z Zone, year int) TimeZoneInformation {
	t := TimeZoneInformation{SerializableTimeZone: SerializableOf(z, year), StandardName: z.Windows()}
	switch {
	case t.StandardName != "":
		t.DaylightName = ZoneDisplay(t.StandardName) // as Exchange fills it
	case z.Definition != nil && z.ID == CustomZoneID:
		t.StandardName = z.Definition.Name
	default:
		t.StandardName = z.ID
	}
	t.StandardName, t.DaylightName = cutName(t.StandardName), cutName(t.DaylightName)
	return t
}

// cutName is as much of a name as there is room for.
func cutName(s string) string {
	u := utf16.Encode([]rune(s))
	return zoneName(u[:min(len(u), zoneNameLen)])
}

func zoneName(u []uint16) string {
	for i, c := range u {
		if c == 0 {
			u = u[:i]
			break
		}
	}
	return string(utf16.Decode(u))
}

// AppendBinary writes the 172 bytes. It does not fail.
func (t *TimeZoneInformation) AppendBinary(b []byte) ([]byte, error) {
	b = appendMinutes(b, t.Bias)
	b = appendName(b, t.StandardName)
	b = t.StandardTime.appendSystemTime(b)
	b = appendName(b, t.DaylightName)
	return t.DaylightTime.appendSystemTime(b), nil
}

func appendMinutes(b []byte, d time.Duration) []byte {
	return binary.LittleEndian.AppendUint32(b, uint32(int32(d/time.Minute)))
}

func appendName(b []byte, s string) []byte {
	u := utf16.Encode([]rune(s))
	for i := range zoneNameLen {
		c := uint16(0)
		if i < len(u) {
			c = u[i]
		}
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// appendSystemTime writes a SYSTEMTIME and the bias that follows it. [MS-DTYP]
// 2.3.13
func (t *SerializableTimeZoneTime) appendSystemTime(b []byte) []byte {
	clock := t.Time / time.Second
	for _, n := range [...]int{
		t.Year, int(t.Month), int(t.DayOfWeek), t.DayOrder, int(clock / 3600), int(clock / 60 % 60), int(clock % 60), 0,
	} {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	return appendMinutes(b, t.Bias)
}

// UnmarshalBinary reads the 172 bytes, whatever they mean: Zones.Find says that.
func (t *TimeZoneInformation) UnmarshalBinary(b []byte) error {
	if len(b) != timeZoneInformationLen {
		return fmt.Errorf("calendar: a time zone of %d bytes, not %d", len(b), timeZoneInformationLen)
	}
	t.Bias = minutes(b)
	t.StandardName, t.StandardTime = readName(b[4:]), readSystemTime(b[68:])
	t.DaylightName, t.DaylightTime = readName(b[88:]), readSystemTime(b[152:])
	return nil
}

func minutes(b []byte) time.Duration {
	return time.Duration(int32(binary.LittleEndian.Uint32(b))) * time.Minute
}

func readName(b []byte) string {
	var u [zoneNameLen]uint16
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return zoneName(u[:])
}

func readSystemTime(b []byte) SerializableTimeZoneTime {
	n := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	clock := time.Duration(n(4))*time.Hour + time.Duration(n(5))*time.Minute + time.Duration(n(6))*time.Second
	if n(7) == 999 { // Windows says the end of a day so
		clock += time.Second
	}
	return SerializableTimeZoneTime{
		Year: n(0), Month: time.Month(n(1)), DayOfWeek: time.Weekday(n(2)), DayOrder: n(3), Time: clock, Bias: minutes(b[16:]),
	}
}

// plausible reports whether the rules can be rules: what they say, where they say
// anything, is within bounds.
func (t *TimeZoneInformation) plausible() bool {
	if t.Bias < -maxBias || t.Bias > maxBias {
		return false
	}
	for _, x := range [...]*SerializableTimeZoneTime{&t.StandardTime, &t.DaylightTime} {
		switch {
		case t.StandardTime.Month == 0 || t.DaylightTime.Month == 0: // no change of the clock
		case x.Month < time.January || x.Month > time.December, x.DayOfWeek < time.Sunday || x.DayOfWeek > time.Saturday,
			x.Time < 0 || x.Time > maxBias, x.Bias < -maxBias || x.Bias > maxBias, x.DayOrder < 1,
			x.Year == 0 && x.DayOrder > 5, x.DayOrder > 31:
			return false
		}
	}
	return true
}

// swapped is the rules with the day of the week and the number of the week in
// each other's place, as some servers have written them.
func (t *TimeZoneInformation) swapped() TimeZoneInformation {
	s := *t
	for _, x := range [...]*SerializableTimeZoneTime{&s.StandardTime, &s.DaylightTime} {
		if x.Year == 0 && x.Month != 0 {
			x.DayOfWeek, x.DayOrder = time.Weekday(x.DayOrder), int(x.DayOfWeek)
		}
	}
	return s
}

// empty reports whether nothing is said at all, which some servers write for "I do
// not know".
func (t *TimeZoneInformation) empty() bool { return *t == TimeZoneInformation{} }

// Find finds the zone that is meant. likely are zones that it probably is, the
// likeliest first: that which an event has already, and its owner's. years are
// those whose rules may have been written. ok is false if there is no telling;
// the zone is then the likeliest, which may be none.
//
// A known name counts for more than the rules beside it, as it does in a
// TimeZoneDefinition. Many zones have the same rules, so of rules without a name
// those of a likely zone are that zone.
func (z *Zones) Find(t *TimeZoneInformation, years []int, likely ...Zone) (zone Zone, ok bool) {
	for _, l := range likely {
		if t.names(l) {
			return l, true
		}
	}
	if named, ok := z.byName(t, years); ok {
		return named, true
	}
	fallback := Zone{}
	for _, l := range likely {
		if !l.IsZero() {
			fallback = l
			break
		}
	}
	if t.empty() {
		return fallback, false
	}
	other := t.swapped()
	for _, r := range [...]*TimeZoneInformation{t, &other} {
		if !r.plausible() {
			continue
		}
		for _, l := range likely {
			if r.rules(l, years) {
				return l, true
			}
		}
		if own, err := r.SerializableTimeZone.Zone(); err == nil {
			if id, known := z.Recognize(own.Location()); known {
				if zone, err := z.Load(id); err == nil {
					return zone, true
				}
			}
		}
	}
	if !t.plausible() {
		return fallback, false
	}
	own, err := t.SerializableTimeZone.Zone()
	if err != nil {
		return fallback, false
	}
	if own.Definition != nil && t.StandardName != "" {
		own.Definition.Name = t.StandardName
	}
	return own, true
}

// names reports whether the zone is called what a likely one is called.
func (t *TimeZoneInformation) names(l Zone) bool {
	if l.IsZero() || t.StandardName == "" {
		return false
	}
	return strings.EqualFold(t.StandardName, cutName(l.ID)) || l.Windows() != "" && strings.EqualFold(t.StandardName, cutName(l.Windows()))
}

// rules reports whether a zone has the rules in one of some years.
func (t *TimeZoneInformation) rules(l Zone, years []int) bool {
	if l.IsZero() {
		return false
	}
	for _, y := range years {
		if t.SerializableTimeZone == SerializableOf(l, y) {
			return true
		}
	}
	return false
}

// byName finds a zone by the names that are written: a Windows id, one of IANA, or
// the beginning of what a Windows zone is called for people. An abbreviation such
// as EST names a zone of IANA, but phones in New York mean their own: of those the
// rules must be right, too.
func (z *Zones) byName(t *TimeZoneInformation, years []int) (Zone, bool) {
	for _, name := range [...]string{t.StandardName, t.DaylightName} {
		if len(name) < 3 {
			continue
		}
		if zone, err := z.Load(name); err == nil {
			_, windows := findWindows(name)
			if windows || strings.Contains(name, "/") || t.rules(zone, years) {
				return zone, true
			}
		}
		if strings.HasPrefix(name, "(") {
			for i := range windowsTable {
				if cutName(windowsTable[i].display) == name {
					zone, err := z.Load(windowsTable[i].id)
					return zone, err == nil
				}
			}
		}
	}
	return Zone{}, false
}
