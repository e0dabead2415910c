package calendar

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"
)

// everyZone is each zone that has a name, Windows' and IANA's.
func everyZone(t testing.TB) []Zone {
	t.Helper()
	var list []Zone
	add := func(id string) {
		z, err := LoadZone(id)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, z)
	}
	for _, w := range WindowsZones() {
		add(w.ID)
	}
	for i := range ianaTable {
		add(ianaTable[i].name)
	}
	return list
}

// carried is what comes back from a phone that keeps the bytes.
func carried(t testing.TB, in TimeZoneInformation) TimeZoneInformation {
	t.Helper()
	b, err := in.AppendBinary(nil)
	if err != nil || len(b) != 172 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var out TimeZoneInformation
	if err := out.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTimeZoneInformationEveryZone sends every zone to a phone and back.
func TestTimeZoneInformationEveryZone(t *testing.T) {
	var zones Zones
	const year = 2026
	for _, z := range everyZone(t) {
		sent := InformationOf(z, year)
		if sent.StandardName == "" {
			t.Errorf("%s is sent without a name", z.ID)
		}
		back := carried(t, sent)
		// A phone that keeps what it got, for an event that is known.
		if got, ok := zones.Find(&back, []int{year + 1}, z); !ok || got.ID != z.ID {
			t.Errorf("%s came back as %q for an event of its own", z.ID, got.ID)
		}
		// One that copies it into a new event: the name says what it is.
		got, ok := zones.Find(&back, []int{year + 1}, Zone{})
		if !ok || !sameRules(z.Location(), got.Location(), recognizeFrom, recognizeTo) && got.Windows() != z.Windows() {
			t.Errorf("%s came back as %q in a new event", z.ID, got.ID)
		}
		// One that keeps the rules alone, for an event that is known.
		bare := back
		bare.StandardName, bare.DaylightName = "", ""
		if got, _ := zones.Find(&bare, []int{year + 1, year}, z); got.ID != z.ID {
			t.Errorf("%s came back as %q from a phone that knows no names", z.ID, got.ID)
		}
		// And in a new event: whatever it is called, the clocks are the same that year.
		got, ok = zones.Find(&bare, []int{year}, Zone{})
		if !ok && bare != (TimeZoneInformation{}) {
			t.Errorf("the rules of %s mean nothing", z.ID)
		}
		if SerializableOf(got, year) != bare.SerializableTimeZone {
			t.Errorf("%s: the rules %+v came back as %q with %+v", z.ID, bare.SerializableTimeZone, got.ID, SerializableOf(got, year))
		}
	}
}

func TestTimeZoneInformationFind(t *testing.T) {
	berlin, newYork, reykjavik := zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Atlantic/Reykjavik")
	blob := func(id string) TimeZoneInformation { return InformationOf(zone(t, id), 2026) }
	with := func(in TimeZoneInformation, fn func(*TimeZoneInformation)) TimeZoneInformation {
		fn(&in)
		return in
	}
	noNames := func(t *TimeZoneInformation) { t.StandardName, t.DaylightName = "", "" }
	for name, tc := range map[string]struct {
		in     TimeZoneInformation
		likely []Zone
		want   string
		ok     bool
	}{
		"its own":                           {blob("Europe/Berlin"), []Zone{berlin}, "Europe/Berlin", true},
		"the Windows id of an IANA zone":    {blob("W. Europe Standard Time"), []Zone{berlin}, "Europe/Berlin", true},
		"another than the event had":        {blob("Tokyo Standard Time"), []Zone{berlin}, "Tokyo Standard Time", true},
		"rules alone, as iOS sends them":    {with(blob("Europe/Berlin"), noNames), nil, "Central Europe Standard Time", true},
		"rules alone, of the owner's zone":  {with(blob("Europe/Paris"), noNames), []Zone{{}, berlin}, "Europe/Berlin", true},
		"all zero, from servers that guess": {TimeZoneInformation{}, []Zone{berlin}, "Europe/Berlin", false},
		"all zero and nothing known":        {TimeZoneInformation{}, nil, "", false},
		"all zero, and the owner is there":  {TimeZoneInformation{}, []Zone{reykjavik}, "Atlantic/Reykjavik", false},
		"a name that nobody knows": {with(blob("Europe/Berlin"), func(t *TimeZoneInformation) {
			t.StandardName, t.DaylightName = "Mitteleuropäische Zeit", "Mitteleuropäische Sommerzeit"
		}), nil, "Central Europe Standard Time", true},
		"an abbreviation that IANA has for another zone": {with(blob("America/New_York"), func(t *TimeZoneInformation) {
			t.StandardName, t.DaylightName = "EST", "EDT"
		}), nil, "Eastern Standard Time", true},
		"Greenwich by its abbreviation": {TimeZoneInformation{StandardName: "UTC", DaylightName: "UTC"}, []Zone{berlin}, "UTC", true},
		"only the name for people": {with(blob("Europe/Berlin"), func(t *TimeZoneInformation) {
			t.StandardName = ""
		}), nil, "W. Europe Standard Time", true},
		"day and week in each other's place": {with(with(blob("America/New_York"), noNames), func(t *TimeZoneInformation) {
			*t = t.swapped()
		}), []Zone{newYork}, "America/New_York", true},
		"day and week in each other's place, unknown": {with(with(blob("Europe/Berlin"), noNames), func(t *TimeZoneInformation) {
			*t = t.swapped()
		}), nil, "Central Europe Standard Time", true},
		"a month that is none": {with(with(blob("Europe/Berlin"), noNames), func(t *TimeZoneInformation) {
			t.StandardTime.Month = 13
		}), []Zone{newYork}, "America/New_York", false},
		"garbage with a good name": {with(blob("Europe/Berlin"), func(t *TimeZoneInformation) {
			t.Bias, t.StandardTime.Month = 1<<40, 77
		}), nil, "W. Europe Standard Time", true},
		"rules that no zone has": {with(with(blob("Europe/Berlin"), noNames), func(t *TimeZoneInformation) {
			t.Bias -= 17 * time.Minute
		}), []Zone{berlin}, CustomZoneID, true},
	} {
		t.Run(name, func(t *testing.T) {
			var zones Zones
			in := carried(t, tc.in)
			got, ok := zones.Find(&in, []int{2026}, tc.likely...)
			if got.ID != tc.want || ok != tc.ok {
				t.Errorf("%q, %v, want %q, %v", got.ID, ok, tc.want, tc.ok)
			}
		})
	}
}

// TestTimeZoneInformationOfExchange reads what Exchange Online has written, and
// writes the same.
func TestTimeZoneInformationOfExchange(t *testing.T) {
	const captured = "xP///0MAZQBuAHQAcgBhAGwAIABFAHUAcgBvAHAAZQAgAFMAdABhAG4AZABhAHIAZAAgAFQAaQBtAGUAAAAAAAAAAAAAAAoAAAAFAAMAAAAAAAAAAAAAACgAVQBUAEMAKwAwADEAOgAwADAAKQAgAEIAZQBsAGcAcgBhAGQAZQAsACAAQgByAGEAdABpAHMAbABhAHYAYQAAAAMAAAAFAAIAAAAAAAAAxP///w=="
	b, err := base64.StdEncoding.DecodeString(captured)
	if err != nil {
		t.Fatal(err)
	}
	var in TimeZoneInformation
	if err := in.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if in.StandardName != "Central Europe Standard Time" || in.DaylightName != "(UTC+01:00) Belgrade, Bratislava" || in.Bias != -time.Hour {
		t.Errorf("%+v", in)
	}
	ours := InformationOf(zone(t, "Europe/Budapest"), 2026)
	if ours.SerializableTimeZone != in.SerializableTimeZone || ours.StandardName != in.StandardName {
		t.Errorf("%+v, Exchange has %+v", ours, in)
	}
}

func FuzzTimeZoneInformation(f *testing.F) {
	for _, id := range []string{"Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "UTC"} {
		z, err := LoadZone(id)
		if err != nil {
			f.Fatal(err)
		}
		in := InformationOf(z, 2026)
		b, _ := in.AppendBinary(nil)
		f.Add(b)
	}
	f.Add(make([]byte, 172))
	f.Add(bytes.Repeat([]byte{0xFF}, 172))
	berlin, err := LoadZone("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	var zones Zones
	f.Fuzz(func(t *testing.T, b []byte) {
		var in TimeZoneInformation
		if in.UnmarshalBinary(b) != nil {
			return
		}
		got, ok := zones.Find(&in, []int{2026}, berlin)
		if !ok && got.ID != berlin.ID {
			t.Fatalf("a zone %q that is no answer", got.ID)
		}
		// Whatever it is, it can be computed with and sent again.
		at := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC).In(got.Location())
		if _, offset := at.Zone(); offset < -25*3600*2 || offset > 25*3600*2 {
			t.Fatalf("an offset of %d seconds", offset)
		}
		out := InformationOf(got, 2026)
		if again, _ := out.AppendBinary(nil); len(again) != 172 {
			t.Fatalf("%d bytes", len(again))
		}
	})
}
