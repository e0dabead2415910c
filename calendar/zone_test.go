package calendar

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func zone(t testing.TB, id string) Zone {
	t.Helper()
	z, err := LoadZone(id)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestZoneNames(t *testing.T) {
	test := func(id, windows, iana string) {
		t.Helper()
		if z := zone(t, id); z.Windows() != windows || z.IANA() != iana {
			t.Errorf("%s is %q and %q, want %q and %q", id, z.Windows(), z.IANA(), windows, iana)
		}
	}
	test("W. Europe Standard Time", "W. Europe Standard Time", "Europe/Berlin")
	test("w. europe standard time", "W. Europe Standard Time", "Europe/Berlin")
	test("Europe/Vienna", "W. Europe Standard Time", "Europe/Vienna")
	test("Asia/Kolkata", "India Standard Time", "Asia/Kolkata")
	test("Asia/Calcutta", "India Standard Time", "Asia/Kolkata")
	test("Europe/Kyiv", "FLE Standard Time", "Europe/Kyiv")
	test("Europe/Kiev", "FLE Standard Time", "Europe/Kyiv")
	test("US/Eastern", "Eastern Standard Time", "America/New_York")
	test("Asia/Ho_Chi_Minh", "SE Asia Standard Time", "Asia/Ho_Chi_Minh")
	test("UTC", "UTC", "UTC")
	test("Etc/UTC", "UTC", "UTC")

	bad := func(id string) {
		t.Helper()
		var unknown *UnknownZoneError
		if _, err := LoadZone(id); !errors.As(err, &unknown) || unknown.ID != id {
			t.Errorf("%q: %v", id, err)
		}
	}
	bad("")
	bad("Local")
	bad("../../etc/passwd")
	bad("Middle Earth Standard Time")
	bad("Europe/Berlin\x00")
}

// TestAllZones loads every zone of the tables, whose order look-ups rely on.
func TestAllZones(t *testing.T) {
	var zones Zones
	for i, w := range WindowsZones() {
		if z, err := zones.Load(w.ID); err != nil || z.Windows() != w.ID || WindowsID(w.IANA) != w.ID {
			t.Errorf("%s: %v, %q, %q", w.ID, err, z.Windows(), WindowsID(w.IANA))
		}
		if i > 0 && compareFold(windowsTable[i-1].id, w.ID) >= 0 {
			t.Errorf("%s is out of order", w.ID)
		}
	}
	for i, r := range ianaTable {
		if _, err := zones.Load(r.name); err != nil {
			t.Error(err)
		}
		if i > 0 && compareFold(ianaTable[i-1].name, r.name) >= 0 {
			t.Errorf("%s is out of order", r.name)
		}
	}
}

// TestClockChanges is the two decisions, in both hemispheres.
func TestClockChanges(t *testing.T) {
	test := func(id, date string, clock time.Duration, want string) {
		t.Helper()
		got := zone(t, id).At(day(date), clock).Format("2006-01-02T15:04:05Z07:00")
		if got != want {
			t.Errorf("%s %s %v is %s, want %s", id, date, clock, got, want)
		}
	}
	const half = 2*time.Hour + 30*time.Minute
	test("Europe/Berlin", "2024-03-31", half, "2024-03-31T03:30:00+02:00")
	test("Europe/Berlin", "2024-03-31", 2*time.Hour, "2024-03-31T03:00:00+02:00")
	test("Europe/Berlin", "2024-03-31", 3*time.Hour, "2024-03-31T03:00:00+02:00")
	test("Europe/Berlin", "2024-10-27", half, "2024-10-27T02:30:00+02:00")
	test("Europe/Berlin", "2024-10-27", 3*time.Hour, "2024-10-27T03:00:00+01:00")
	test("Europe/Berlin", "2024-10-27", 25*time.Hour, "2024-10-28T01:00:00+01:00")
	test("Australia/Sydney", "2024-10-06", half, "2024-10-06T03:30:00+11:00")
	test("Australia/Sydney", "2024-04-07", half, "2024-04-07T02:30:00+11:00")
	test("Australia/Lord_Howe", "2024-04-07", 105*time.Minute, "2024-04-07T01:45:00+11:00")
	test("America/Sao_Paulo", "2018-11-04", 0, "2018-11-04T01:00:00-02:00")
	test("Pacific/Apia", "2011-12-30", 12*time.Hour, "2011-12-31T12:00:00+14:00")
	test("UTC", "2024-03-31", -time.Hour, "2024-03-30T23:00:00Z")
}

// TestWall goes through every hour of some years and back.
func TestWall(t *testing.T) {
	for _, id := range oracleZones {
		z := zone(t, id)
		for at := time.Date(2023, 1, 1, 0, 15, 0, 0, time.UTC); at.Year() < 2025; at = at.Add(30 * time.Minute) {
			back := z.At(z.Wall(at))
			if d := at.Sub(back); d != 0 && d != time.Hour && d != 30*time.Minute {
				t.Fatalf("%s: %v comes back as %v", id, at, back)
			}
			if back.After(at) {
				t.Fatalf("%s: %v is the second of two", id, back)
			}
		}
	}
}

// TestDefinitions spells out every zone and makes a location of the
// definition: it must agree with the tables to the second.
func TestDefinitions(t *testing.T) {
	const from, to = 1990, 2040
	for _, r := range ianaTable {
		if r.name != r.today {
			continue
		}
		z := zone(t, r.name)
		d := DefinitionOf(z, from, to)
		d.ID = "made of its rules"
		back, err := d.Zone()
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		if !sameRules(z.Location(), back.Location(), from+1, to) {
			t.Errorf("%s does not come back: %s", r.name, firstDifference(z.Location(), back.Location(), from+1, to))
		}
	}
}

func firstDifference(a, b *time.Location, from, to int) string {
	for at := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() <= to; at = at.Add(time.Hour) {
		if offsetAt(a, at.Unix()) != offsetAt(b, at.Unix()) {
			return at.In(a).String() + " " + at.In(b).String()
		}
	}
	return "only within an hour"
}

// TestDefinitionForGood is what GetServerTimeZones sends for a zone with plain
// rules: two periods, one group.
func TestDefinitionForGood(t *testing.T) {
	d := DefinitionOf(zone(t, "Europe/Berlin"), 2000, 2030)
	if d.ID != "W. Europe Standard Time" || len(d.Periods) != 2 || len(d.Groups) != 1 || len(d.Transitions) != 1 {
		t.Fatalf("%+v", d)
	}
	toSummer := d.Groups[0].Transitions[0]
	if toSummer.Month != time.March || toSummer.DayOfWeek != time.Sunday || toSummer.Occurrence != -1 || toSummer.TimeOffset != 2*time.Hour {
		t.Errorf("%+v", toSummer)
	}
	if d := DefinitionOf(zone(t, "US/Eastern"), 2000, 2030); len(d.Groups) != 2 || len(d.Transitions) != 2 {
		t.Errorf("%+v", d)
	}
	if d := DefinitionOf(UTC(), 2000, 2030); len(d.Groups) != 1 || len(d.Periods) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestRecognize(t *testing.T) {
	var zones Zones
	test := func(id string, same ...string) {
		t.Helper()
		d := DefinitionOf(zone(t, id), 2020, 2030)
		d.ID = ""
		z, err := d.Zone()
		if err != nil {
			t.Fatal(err)
		}
		if z.ID != CustomZoneID || z.Definition != d {
			t.Errorf("%s: %+v", id, z)
		}
		if got, ok := zones.Recognize(z.Location()); !ok || !slices.Contains(same, got) {
			t.Errorf("%s is recognized as %q", id, got)
		}
	}
	test("Europe/Berlin", "Central Europe Standard Time")
	test("America/New_York", "Eastern Standard Time", "US Eastern Standard Time")
	test("Australia/Sydney", "AUS Eastern Standard Time")
	test("Asia/Kolkata", "India Standard Time")
}

func TestSerializable(t *testing.T) {
	test := func(id string) {
		t.Helper()
		z := zone(t, id)
		s := SerializableOf(z, 2024)
		back, err := s.Zone()
		if err != nil {
			t.Fatal(id, err)
		}
		if !sameRules(z.Location(), back.Location(), 2024, 2024) {
			t.Errorf("%s does not come back: %+v", id, s)
		}
	}
	for _, id := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC", "Europe/Dublin", "America/Santiago"} {
		test(id)
	}
}

// TestBadDefinitions are refused with an error that says what is wrong.
func TestBadDefinitions(t *testing.T) {
	bad := func(d TimeZoneDefinition) {
		t.Helper()
		if z, err := d.Zone(); err == nil {
			t.Errorf("%+v becomes %v", d, z)
		}
	}
	std := TimeZonePeriod{ID: "std", Bias: -time.Hour}
	group := func(ts ...TimeZoneTransition) TimeZoneDefinition {
		return TimeZoneDefinition{ID: "x", Periods: []TimeZonePeriod{std}, Groups: []TransitionsGroup{{ID: "0", Transitions: ts}}, Transitions: []TimeZoneTransition{{ToGroup: true, To: "0"}}}
	}
	bad(TimeZoneDefinition{})
	bad(TimeZoneDefinition{ID: "Middle Earth Standard Time"})
	bad(TimeZoneDefinition{ID: "x", Periods: []TimeZonePeriod{{ID: "std", Bias: 25 * time.Hour}}})
	bad(TimeZoneDefinition{ID: "x", Periods: []TimeZonePeriod{std, std}})
	bad(TimeZoneDefinition{ID: "x", Periods: []TimeZonePeriod{std}, Transitions: []TimeZoneTransition{{To: "other"}}})
	bad(TimeZoneDefinition{ID: "x", Periods: make([]TimeZonePeriod, maxPeriods+1)})
	bad(group())
	bad(group(TimeZoneTransition{To: "other"}))
	bad(group(TimeZoneTransition{Kind: RecurringDayTransition, To: "std", Month: 13, Occurrence: 1}))
	bad(group(TimeZoneTransition{Kind: RecurringDayTransition, To: "std", Month: 3, Occurrence: 6}))
	bad(group(TimeZoneTransition{Kind: RecurringDateTransition, To: "std", Month: 3, Day: 32}))
	bad(group(TimeZoneTransition{Kind: AbsoluteDateTransition, To: "std"}))
}

func FuzzDefinition(f *testing.F) {
	f.Add(int64(-3600), int64(-7200), 3, 0, -1, int64(7200), 10, 0, -1, int64(10800), int64(0), uint8(2))
	f.Add(int64(-36000), int64(-39600), 10, 0, 1, int64(7200), 4, 0, 1, int64(10800), int64(1<<30), uint8(2))
	f.Add(int64(0), int64(0), 1, 6, 4, int64(-86400), 1, 6, 4, int64(86400), int64(-1<<40), uint8(3))
	f.Fuzz(func(t *testing.T, std, dlt int64, m1, w1, o1 int, c1 int64, m2, w2, o2 int, c2, from int64, kind uint8) {
		d := TimeZoneDefinition{ID: "fuzzed"}
		d.Periods = []TimeZonePeriod{{ID: "s", Name: "Standard", Bias: time.Duration(std) * time.Second}, {ID: "d", Name: "Daylight", Bias: time.Duration(dlt) * time.Second}}
		k := TransitionKind(kind % 4)
		round := []TimeZoneTransition{
			{Kind: k, To: "d", TimeOffset: time.Duration(c1) * time.Second, Month: time.Month(m1), DayOfWeek: time.Weekday(w1), Occurrence: o1, Day: o1},
			{Kind: k, To: "s", TimeOffset: time.Duration(c2) * time.Second, Month: time.Month(m2), DayOfWeek: time.Weekday(w2), Occurrence: o2, Day: o2},
		}
		d.Groups = []TransitionsGroup{{ID: "0", Transitions: round[1:]}, {ID: "1", Transitions: round}}
		d.Transitions = []TimeZoneTransition{{ToGroup: true, To: "0"}, {Kind: AbsoluteDateTransition, ToGroup: true, To: "1", DateTime: time.Unix(from, 0).UTC()}}
		z, err := d.Zone()
		if err != nil {
			return
		}
		for year := 1900; year < 2200; year += 7 {
			at := z.At(NewDate(year, time.Month(1+year%12), 1), 12*time.Hour)
			if _, offset := at.Zone(); time.Duration(offset).Abs()*time.Second > maxBias {
				t.Fatalf("%v has an offset of %d seconds", at, offset)
			}
		}
	})
}
