package calendar

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// parse reads one object, in the name of an owner in Berlin.
func parse(t *testing.T, lines string) *ICalendar {
	t.Helper()
	c, err := ParseICalendar([]byte("BEGIN:VCALENDAR\nVERSION:2.0\n"+lines+"\nEND:VCALENDAR\n"), ImportOptions{Zone: zone(t, "Europe/Berlin")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// one reads a VEVENT that becomes one event.
func one(t *testing.T, lines string) Event {
	t.Helper()
	c := parse(t, "BEGIN:VEVENT\nUID:1\n"+lines+"\nEND:VEVENT")
	if len(c.Events) != 1 || len(c.Problems) > 0 {
		t.Fatalf("%d events, %v", len(c.Events), c.Problems)
	}
	return c.Events[0]
}

// starts are the occurrences of a year from the event's start.
func starts(t *testing.T, e *Event) (list []string) {
	t.Helper()
	occ, err := e.AppendOccurrences(nil, Interval{e.Start, e.Start.AddDate(1, 0, 0)}, 400)
	if err != nil && err != ErrTooMany {
		t.Fatal(err)
	}
	for _, o := range occ {
		list = append(list, o.Start.Format("2006-01-02T15:04Z07:00"))
	}
	return list
}

const berlinRules = `BEGIN:VTIMEZONE
TZID:(UTC+01:00) Amsterdam\, Berlin\, Bern\, Rom
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`

// TestZonesOfExporters is how the programs of the world name a zone.
func TestZonesOfExporters(t *testing.T) {
	test := func(name, before, start, want string) {
		t.Helper()
		c := parse(t, before+"BEGIN:VEVENT\nUID:1\n"+start+"\nEND:VEVENT")
		if len(c.Events) != 1 {
			t.Fatal(name, c.Problems)
		}
		if got := c.Events[0].Start.Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	const summer = "2024-07-01T09:00:00+02:00"
	test("google", "", "DTSTART;TZID=Europe/Berlin:20240701T090000", summer)
	test("exchange without rules", "", "DTSTART;TZID=W. Europe Standard Time:20240701T090000", summer)
	test("quoted", "", `DTSTART;TZID="W. Europe Standard Time":20240701T090000`, summer)
	test("evolution", "", "DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Berlin:20240701T090000", summer)
	test("mozilla", "", "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20240701T090000", summer)
	test("utc", "", "DTSTART:20240701T070000Z", "2024-07-01T07:00:00Z")
	test("floating", "", "DTSTART:20240701T090000", summer)
	test("calendar's own", "X-WR-TIMEZONE:America/New_York\n", "DTSTART:20240701T090000", "2024-07-01T09:00:00-04:00")
	outlook := strings.ReplaceAll(berlinRules, `\,`, ",")
	test("outlook", outlook, `DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin, Bern, Rom":20240701T090000`, summer)

	c := parse(t, "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Middle Earth:20240701T090000\nEND:VEVENT")
	if len(c.Events) != 0 || len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Error(), "Middle Earth") {
		t.Errorf("an unknown zone: %v", c.Problems)
	}
}

// TestForeignZone keeps the rules of a zone nobody else has, in a form that
// can be stored and made a zone of again.
func TestForeignZone(t *testing.T) {
	rules := strings.NewReplacer("+0200", "+0417", "+0100", "+0317", "-1SU", "2TU").Replace(berlinRules)
	c := parse(t, strings.ReplaceAll(rules, `\,`, "")+"BEGIN:VEVENT\nUID:1\nDTSTART;TZID=\"(UTC+01:00) Amsterdam Berlin Bern Rom\":20240701T090000\nEND:VEVENT")
	if len(c.Events) != 1 {
		t.Fatal(c.Problems)
	}
	z := c.Events[0].Zone
	if got := c.Events[0].Start.Format(time.RFC3339); got != "2024-07-01T09:00:00+04:17" || z.Definition == nil {
		t.Fatal(got, z.Definition)
	}
	back, err := z.Definition.Zone()
	if err != nil || back.ID != z.ID || !sameRules(z.Location(), back.Location(), 1991, 2040) {
		t.Errorf("%v: %+v", err, back)
	}
}

// TestOverrideOfSingle: the changed occurrence of a series that had to be taken
// apart goes to its place, too.
func TestOverrideOfSingle(t *testing.T) {
	const rule = "BEGIN:VEVENT\nUID:1\nDTSTART:20240101T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=4\nEXDATE:20240205T090000Z\nEND:VEVENT\n"
	c := parse(t, rule+"BEGIN:VEVENT\nUID:1\nSUMMARY:moved\nRECURRENCE-ID:20240115T090000Z\nDTSTART:20240116T090000Z\nEND:VEVENT")
	var got []string
	for _, e := range c.Events {
		got = append(got, e.UID+e.Subject+e.Start.Format(" 02.01."))
	}
	if want := []string{"1/2024-01-01 01.01.", "1/2024-01-15moved 16.01.", "1/2024-02-19 19.02."}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestImportedEvent(t *testing.T) {
	e := one(t, `SUMMARY:Lunch\, long
DTSTAMP:20240101T000000Z
DTSTART;TZID=Europe/Berlin:20240701T120000
DURATION:PT1H30M
LOCATION:Caf
 é\; upstairs
DESCRIPTION:first\nsecond C:\\x
X-ALT-DESC;FMTTYPE=text/html:<p>first</p>
ORGANIZER;CN="Müller, Anna":MAILTO:anna@contoso.example
ATTENDEE;CN=Bob;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE;RSVP=TRUE:mailto:bob@contoso.example
ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION:mailto:room1@contoso.example
CATEGORIES:Blue,Red\, dark
CATEGORIES:Green
CLASS:PRIVATE
PRIORITY:1
SEQUENCE:3
X-MICROSOFT-CDO-BUSYSTATUS:OOF
X-FUNNY;A=b:kept
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT1H
END:VALARM`)
	want := Event{
		UID: "1", Subject: "Lunch, long", Location: "Café; upstairs", Body: "first\nsecond C:\\x", BodyHTML: "<p>first</p>",
		Start: e.Start, End: e.Start.Add(90 * time.Minute), Zone: e.Zone, EndZone: e.Zone,
		Stamp: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Status: StatusOOF, Sensitivity: Private, Priority: HighPriority, Sequence: 3,
		Organizer: Attendee{Name: "Müller, Anna", Address: "anna@contoso.example"},
		Attendees: []Attendee{
			{Name: "Bob", Address: "bob@contoso.example", Role: Optional, Response: TentativelyAccepted, RSVP: true},
			{Address: "room1@contoso.example", Role: Resource, Response: NoResponse},
		},
		Categories: []string{"Blue", "Red, dark", "Green"}, ReminderSet: true, ReminderMinutes: 60,
		Extra: []Property{{"X-FUNNY", []Param{{"A", "b"}}, "kept"}},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("\n got %+v\nwant %+v", e, want)
	}
}

func TestAllDay(t *testing.T) {
	test := func(lines, start, end string) {
		t.Helper()
		e := one(t, lines)
		if got := e.Start.Format(time.RFC3339) + " " + e.End.Format(time.RFC3339); !e.AllDay || got != start+" "+end {
			t.Errorf("%s: %v %s", lines, e.AllDay, got)
		}
	}
	const first, second = "2024-07-01T00:00:00+02:00", "2024-07-02T00:00:00+02:00"
	test("DTSTART;VALUE=DATE:20240701\nDTEND;VALUE=DATE:20240702", first, second)
	test("DTSTART;VALUE=DATE:20240701", first, second)
	test("DTSTART;VALUE=DATE:20240701\nDTEND;VALUE=DATE:20240701", first, second)
	test("DTSTART;VALUE=DATE:20240701\nDURATION:P1D", first, second)
	test("DTSTART:20240701\nDTEND:20240702", first, second)
	test("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\nDTSTART;TZID=Europe/Berlin:20240701T000000\nDTEND;TZID=Europe/Berlin:20240702T000000", first, second)
	// The day on which the clocks change has 23 hours.
	test("DTSTART;VALUE=DATE:20240331\nDTEND;VALUE=DATE:20240401", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00")
}

func TestImportedSeries(t *testing.T) {
	test := func(lines string, want ...string) {
		t.Helper()
		c := parse(t, "BEGIN:VEVENT\nUID:1\n"+lines+"\nEND:VEVENT")
		var got []string
		for i := range c.Events {
			got = append(got, starts(t, &c.Events[i])...)
		}
		slices.Sort(got)
		if len(got) > len(want) {
			got = got[:len(want)]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v\n%v", lines, got, want, c.Problems)
		}
	}
	const nine = "DTSTART;TZID=Europe/Berlin:20240101T090000\nDTEND;TZID=Europe/Berlin:20240101T100000\n"
	test(nine+"RRULE:FREQ=WEEKLY;COUNT=2", "2024-01-01T09:00+01:00", "2024-01-08T09:00+01:00")
	test(nine+"RRULE:FREQ=WEEKLY;UNTIL=20240108T080000Z", "2024-01-01T09:00+01:00", "2024-01-08T09:00+01:00")
	test(nine+"RRULE:FREQ=WEEKLY;UNTIL=20240108T075959Z", "2024-01-01T09:00+01:00")
	test(nine+"RRULE:FREQ=WEEKLY;UNTIL=20240108", "2024-01-01T09:00+01:00", "2024-01-08T09:00+01:00")
	test(nine+"RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20240102T090000", "2024-01-01T09:00+01:00", "2024-01-03T09:00+01:00")
	test(nine+"RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20240102T080000Z,20240103T080000Z", "2024-01-01T09:00+01:00")
	test(nine+"RRULE:FREQ=DAILY;COUNT=1\nRDATE;TZID=Europe/Berlin:20240201T090000", "2024-01-01T09:00+01:00", "2024-02-01T09:00+01:00")
	test(nine+"RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=6", "2024-01-01T09:00+01:00", "2024-01-02T09:00+01:00", "2024-01-03T09:00+01:00", "2024-01-04T09:00+01:00", "2024-01-05T09:00+01:00", "2024-01-08T09:00+01:00")
	// No pattern has two days of a month: single events.
	test(nine+"RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=3", "2024-01-01T09:00+01:00", "2024-01-15T09:00+01:00", "2024-02-05T09:00+01:00")
	// A start its own rule does not have is an occurrence all the same.
	test(nine+"RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2024-01-01T09:00+01:00", "2024-01-02T09:00+01:00", "2024-01-09T09:00+01:00")
	// Through the change of the clocks, at the same time on the wall.
	test("DTSTART;TZID=Europe/Berlin:20240324T090000\nRRULE:FREQ=WEEKLY;COUNT=2", "2024-03-24T09:00+01:00", "2024-03-31T09:00+02:00")
}

// TestBombs are rules that would come back too often, or for too long. M1
func TestBombs(t *testing.T) {
	refused := func(rule string) {
		t.Helper()
		c := parse(t, "BEGIN:VEVENT\nUID:1\nDTSTART:20240101T090000Z\nRRULE:"+rule+"\nEND:VEVENT")
		if len(c.Events) != 0 || len(c.Problems) != 1 {
			t.Errorf("%s: %d events, %v", rule, len(c.Events), c.Problems)
		}
	}
	refused("FREQ=SECONDLY")
	refused("FREQ=MINUTELY;COUNT=1000000000")
	refused("FREQ=HOURLY")
	refused("FREQ=DAILY;BYHOUR=9,10")
	refused("FREQ=DAILY;COUNT=99999999999")
	refused("FREQ=FORTNIGHTLY")
	c := parse(t, "BEGIN:VEVENT\nUID:1\nDTSTART:20240101T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE;COUNT=1000000000\nEND:VEVENT")
	if len(c.Events) != MaxApproximated || len(c.Problems) != 1 {
		t.Errorf("%d events, %v", len(c.Events), c.Problems)
	}
}

// TestCostlyFiles are small files that could ask for much work.
func TestCostlyFiles(t *testing.T) {
	test := func(lines string) {
		t.Helper()
		if c := parse(t, lines); len(c.Events) > maxImported {
			t.Errorf("%d events", len(c.Events))
		}
	}
	event := func(n int, lines string) string {
		return strings.Repeat("BEGIN:VEVENT\nUID:1\nDTSTART:20240101T090000Z\n"+lines+"\nEND:VEVENT\n", n)
	}
	dates := "20240102T090000Z" + strings.Repeat(",20240103T090000Z", maxImportDates-1)
	test(event(50, "EXDATE:"+dates+"\nRDATE:"+dates+"\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU"))
	test(event(3000, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31;BYDAY=MO"))
	test(strings.Repeat(berlinRules, 2000) + event(2000, "DTEND;TZID=nowhere:20240101T090000"))
}

func TestOverrides(t *testing.T) {
	const series = "BEGIN:VEVENT\nUID:1\nSUMMARY:daily\nDTSTART;TZID=Europe/Berlin:20240101T090000\nDTEND;TZID=Europe/Berlin:20240101T100000\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
	moved := "BEGIN:VEVENT\nUID:1\nSUMMARY:moved\nRECURRENCE-ID:20240102T080000Z\nDTSTART;TZID=Europe/Berlin:20240102T150000\nDTEND;TZID=Europe/Berlin:20240102T160000\nEND:VEVENT\n"
	c := parse(t, moved+series) // in whatever order they come
	if len(c.Events) != 1 || len(c.Events[0].Exceptions) != 1 {
		t.Fatalf("%+v", c.Events)
	}
	e := &c.Events[0]
	if x := e.Exceptions[0]; x.Original != day("2024-01-02") || x.Changed != SubjectField {
		t.Errorf("%+v", x)
	}
	if got := starts(t, e)[:3]; !slices.Equal(got, []string{"2024-01-01T09:00+01:00", "2024-01-02T15:00+01:00", "2024-01-03T09:00+01:00"}) {
		t.Error(got)
	}
	if o, ok := e.OccurrenceOn(day("2024-01-02")); !ok || e.At(o).Subject != "moved" || e.At(o).Instance.Format("15:04") != "09:00" {
		t.Errorf("%+v", o)
	}
	c = parse(t, series+strings.ReplaceAll(moved, "SUMMARY", "STATUS:CANCELLED\nSUMMARY"))
	if !c.Events[0].IsDeleted(day("2024-01-02")) || len(c.Events[0].Exceptions) != 0 {
		t.Errorf("cancelled: %+v", c.Events[0])
	}
	// An answer to one occurrence comes without its series.
	c = parse(t, "METHOD:REPLY\n"+moved)
	if c.Method != "REPLY" || len(c.Events) != 1 || c.Events[0].Instance.Format(time.RFC3339) != "2024-01-02T08:00:00Z" {
		t.Errorf("%+v", c.Events)
	}
}

func TestMalformed(t *testing.T) {
	bad := func(data string) {
		t.Helper()
		if c, err := ParseICalendar([]byte(data), ImportOptions{}); err == nil {
			t.Errorf("%.60q becomes %+v", data, c)
		}
	}
	bad("")
	bad("hello")
	bad("BEGIN:VCALENDAR\n")
	bad("BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR\n")
	bad("END:VCALENDAR\n")
	bad(strings.Repeat("BEGIN:VCALENDAR\n", 20))
	bad("BEGIN:VCALENDAR\nX:" + strings.Repeat("a", maxICalLine) + "\nEND:VCALENDAR\n")
	problem := func(lines string) {
		t.Helper()
		if c := parse(t, "BEGIN:VEVENT\nUID:1\n"+lines+"\nEND:VEVENT"); len(c.Events) != 0 || len(c.Problems) != 1 {
			t.Errorf("%s: %+v", lines, c)
		}
	}
	problem("SUMMARY:no start")
	problem("DTSTART:20241301T000000")
	problem("DTSTART:00010101T000000Z")
	problem("DTSTART:20240102T000000Z\nDTEND:20240101T000000Z") // ends before it starts
	problem("DTSTART:20240102T000000Z\nDURATION:P")
	problem("DTSTART:20240102T000000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY")
}

// randomEvent draws an event whose every field survives iCalendar.
func randomEvent(t *testing.T, r *rand.Rand) Event {
	z := zone(t, []string{"W. Europe Standard Time", "America/New_York", "Australia/Sydney", "UTC", "Asia/Kolkata"}[r.IntN(5)])
	rec := randomRecurrence(r)
	begin, ok := rec.Begin()
	for !ok {
		rec = randomRecurrence(r)
		begin, ok = rec.Begin()
	}
	e := Event{
		UID: "uid-1", Subject: "a, b; \"c\"\n" + strings.Repeat("ü", r.IntN(80)), Location: "x\\y", Body: strings.Repeat("long line ", r.IntN(30)),
		Zone: z, EndZone: z, Status: BusyStatus(r.IntN(5)), Sensitivity: Sensitivity(r.IntN(4)), Priority: Priority(r.IntN(3)),
		Sequence: r.IntN(5), Stamp: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), ReminderSet: r.IntN(2) == 0,
		Organizer:  Attendee{Name: "An \"A\", ^n", Address: "an@contoso.example"},
		Attendees:  []Attendee{{Address: "b@contoso.example", Role: Role(r.IntN(3)), Response: Response(2 + r.IntN(4)), RSVP: true}},
		Categories: []string{"Red, dark"},
	}
	if e.ReminderSet {
		e.ReminderMinutes = r.IntN(100)
	}
	e.Start = z.At(begin, time.Duration(5+r.IntN(12))*time.Hour)
	e.End = e.Start.Add(time.Duration(r.IntN(5)) * time.Hour / 2)
	if r.IntN(2) == 0 {
		return e
	}
	rec.Start = begin
	if rec.Pattern == Weekly && rec.Range == Numbered && rec.Interval > 1 {
		rec.Range = NoEnd // the first week may be a short one
	}
	e.Recurrence = &rec
	if d, ok := rec.At(2); ok {
		e.Delete(d)
	}
	if d, ok := rec.At(3); ok {
		at := e.OriginalTime(d)
		e.SetException(Exception{Original: d, Start: at.Start.Add(time.Hour), End: at.End.Add(time.Hour), Changed: SubjectField, Subject: "moved"})
	}
	return e
}

// TestRoundTrip exports and imports what means the same afterwards.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var zones Zones
	for range 400 {
		e := randomEvent(t, r)
		data := AppendICalendar(nil, &ICalendar{Method: "REQUEST", Events: []Event{e}})
		for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("line of %d octets: %q", len(line), line)
			}
		}
		c, err := ParseICalendar(data, ImportOptions{Zone: UTC(), Zones: &zones})
		if err != nil || len(c.Events) != 1 || len(c.Problems) > 0 {
			t.Fatalf("%v %+v\n%s", err, c, data)
		}
		compareEvents(t, &c.Events[0], &e, string(data))
	}
}

func compareEvents(t *testing.T, got, want *Event, data string) {
	t.Helper()
	window := Interval{want.Start.AddDate(-1, 0, 0), want.Start.AddDate(4, 0, 0)}
	a, err1 := got.AppendOccurrences(nil, window, 0)
	b, err2 := want.AppendOccurrences(nil, window, 0)
	if err1 != err2 || len(a) != len(b) {
		t.Fatalf("%d occurrences, want %d\n%s", len(a), len(b), data)
	}
	for i := range a {
		one, two := got.At(a[i]), want.At(b[i])
		if a[i].Original != b[i].Original || !one.Start.Equal(two.Start) || !one.End.Equal(two.End) || one.Subject != two.Subject {
			t.Fatalf("occurrence %d is %v, want %v\n%s", i, a[i], b[i], data)
		}
	}
	if same := sameFields(got, want); same != allFields {
		t.Fatalf("fields %b differ:\n got %+v\nwant %+v\n%s", allFields&^same, got, want, data)
	}
	if got.Sequence != want.Sequence || !got.Stamp.Equal(want.Stamp) || got.Zone.ID != want.Zone.ID {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}

// TestVTimezoneRoundTrip writes the rules of zones out under a name nobody
// knows and reads them back.
func TestVTimezoneRoundTrip(t *testing.T) {
	for _, id := range oracleZones {
		z := zone(t, id)
		if !named(z) {
			continue
		}
		foreign := NewZone("Foreign", z.Location())
		data := append(appendVTimezone([]byte("BEGIN:VCALENDAR\r\n"), foreign, 2000, 2040), "END:VCALENDAR\r\n"...)
		top, err := parseComponents(data)
		if err != nil {
			t.Fatal(err)
		}
		loc, err := vtimezoneLocation("Foreign", top[0].children[0])
		if err != nil {
			t.Fatal(id, err)
		}
		if !sameRules(z.Location(), loc, 2001, 2040) {
			t.Errorf("%s does not come back: %s\n%s", id, firstDifference(z.Location(), loc, 2001, 2040), data)
		}
	}
}

// TestLineInjection checks that an address is never a way to write lines.
func TestLineInjection(t *testing.T) {
	at := time.Date(2024, 1, 1, 9, 0, 0, 0, time.UTC)
	e := Event{UID: "1\r\nX-A:b", URL: "x\nX-A:b", Organizer: Attendee{Address: "a@b\r\nX-A:b", Name: "n\r\nX-A:b"}, Start: at, End: at, Zone: UTC()}
	if data := string(AppendICalendar(nil, &ICalendar{Events: []Event{e}})); strings.Contains(data, "\nX-A") {
		t.Error(data)
	}
}

// TestFilesOfOthers reads the files that come with Debian's python3-icalendar:
// what it takes for a calendar must be one here, and survive going out and in.
func TestFilesOfOthers(t *testing.T) {
	files, _ := filepath.Glob("/usr/lib/python3/dist-packages/icalendar/tests/*.ics")
	if len(files) == 0 {
		t.Skip("package python3-icalendar is not installed")
	}
	good := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseICalendar(data, ImportOptions{Zone: UTC()})
		if err != nil {
			t.Logf("%s: %v", filepath.Base(f), err)
			continue
		}
		good++
		for _, p := range c.Problems {
			t.Logf("%s: %v", filepath.Base(f), p)
		}
		out := AppendICalendar(nil, c)
		back, err := ParseICalendar(out, ImportOptions{Zone: UTC()})
		if err != nil || len(back.Events) != len(c.Events) {
			t.Errorf("%s: %v, %d events of %d come back", filepath.Base(f), err, len(back.Events), len(c.Events))
			continue
		}
		for i := range c.Events {
			if same := sameFields(&back.Events[i], &c.Events[i]); same != allFields || !back.Events[i].Start.Equal(c.Events[i].Start) {
				t.Errorf("%s: event %d comes back as\n%+v, was\n%+v", filepath.Base(f), i, back.Events[i], c.Events[i])
			}
		}
	}
	if good*10 < len(files)*7 {
		t.Errorf("%d of %d files are understood", good, len(files))
	}
}

func FuzzICalendar(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20240101T090000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5\r\nEXDATE:20240102T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	f.Add([]byte("BEGIN:VCALENDAR\n" + berlinRules + "BEGIN:VEVENT\nUID:2\nDTSTART;TZID=x:20240101\nDURATION:P1W\nRRULE:FREQ=YEARLY;BYDAY=1MO,-2FR;BYMONTH=3\nRDATE:20250101\nEND:VEVENT\nEND:VCALENDAR"))
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20240101\nDTSTART;VALUE=DATE:20240101\nX-Y;Z=\"a;b\":c\\,d\n e\nBEGIN:VALARM\nTRIGGER;RELATED=END:-P1DT2H\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR"))
	var zones Zones
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseICalendar(data, ImportOptions{Zones: &zones})
		if err != nil {
			return
		}
		for i := range c.Events {
			if err := c.Events[i].Check(); err != nil {
				t.Fatalf("imported what does not pass: %v", err)
			}
		}
		back, err := ParseICalendar(AppendICalendar(nil, c), ImportOptions{Zones: &zones})
		if err != nil {
			t.Fatalf("cannot read what we wrote: %v", err)
		}
		if len(back.Events) < len(c.Events) {
			t.Fatalf("%d events become %d: %v", len(c.Events), len(back.Events), back.Problems)
		}
	})
}
