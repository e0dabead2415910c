package mailbox

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"entente/calendar"
)

func zone(tb testing.TB, id string) calendar.Zone {
	tb.Helper()
	z, err := calendar.LoadZone(id)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

// at is a wall clock time of a zone.
func at(tb testing.TB, z calendar.Zone, s string) time.Time {
	tb.Helper()
	t, err := wallTime(s + ":00").time(z)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// weekly is a series on Mondays at nine in Berlin, from 2 March 2026 on, over
// the change to summer time.
func weekly(tb testing.TB) *calendar.Event {
	berlin := zone(tb, "W. Europe Standard Time")
	start := at(tb, berlin, "2026-03-02T09:00")
	return &calendar.Event{
		UID: "series-1@contoso.example", Subject: "Planning", Location: "Room 1", Zone: berlin,
		Start: start, End: start.Add(time.Hour), Status: calendar.StatusBusy, Priority: calendar.HighPriority,
		Categories: []string{"Red"}, ReminderSet: true, ReminderMinutes: 15, Body: "what we do", Response: calendar.OrganizerResponse,
		Organizer: calendar.Attendee{Name: "Anna", Address: "anna@contoso.example"},
		Attendees: []calendar.Attendee{
			{Name: "Ben", Address: "ben@contoso.example", Response: calendar.Accepted, ResponseTime: start.Add(-48 * time.Hour).UTC(), RSVP: true},
			{Name: "Beamer", Address: "beamer@contoso.example", Role: calendar.Resource, RSVP: true},
		},
		Recurrence: &calendar.Recurrence{
			Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday, FirstDayOfWeek: time.Monday,
			Start: calendar.NewDate(2026, 3, 2), Range: calendar.Numbered, Count: 8,
		},
	}
}

func TestEventOfItem(t *testing.T) {
	var zones calendar.Zones
	test := func(name string, e *calendar.Event) {
		t.Helper()
		var it Item
		if err := it.SetEvent(e, PartBody|PartRecipients); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := it.Event(&zones)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := *e
		for _, ev := range []*calendar.Event{&want, got} {
			ev.Start, ev.End = ev.Start.UTC(), ev.End.UTC()
			for i := range ev.Exceptions {
				x := &ev.Exceptions[i]
				x.Start, x.End = x.Start.UTC(), x.End.UTC()
			}
			if l := ev.Zone.Location().String(); l != want.Zone.Location().String() || ev.Zone.ID != want.Zone.ID {
				t.Errorf("%s: zone %s %s", name, ev.Zone.ID, l)
			}
			if ev.EndZone.ID != want.EndZone.ID {
				t.Errorf("%s: end zone %s", name, ev.EndZone.ID)
			}
		}
		got.Zone, got.EndZone = want.Zone, want.EndZone
		if !reflect.DeepEqual(&want, got) {
			t.Errorf("%s:\n%+v\n%+v", name, &want, got)
		}
	}
	series := weekly(t)
	test("series", series)

	changed := weekly(t)
	changed.Delete(calendar.NewDate(2026, 3, 9))
	changed.SetException(calendar.Exception{
		Original: calendar.NewDate(2026, 3, 16), Start: at(t, changed.Zone, "2026-03-17T10:00"), End: at(t, changed.Zone, "2026-03-17T11:30"),
		Changed: calendar.SubjectField | calendar.StatusField | calendar.AttendeesField | calendar.ReminderField, Subject: "Moved",
		Status: calendar.StatusOOF, Attendees: []calendar.Attendee{{Address: "carla@contoso.example", Role: calendar.Optional, RSVP: true}},
		Organizer: changed.Organizer,
	})
	test("exceptions", changed)

	night := weekly(t) // an exception in the hour that the clocks show twice
	night.Recurrence.Count = 50
	second := time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC) // 02:30 for the second time
	night.SetException(calendar.Exception{Original: calendar.NewDate(2026, 10, 26), Start: second, End: second.Add(time.Hour)})
	test("second of two hours", night)

	tokyo, york := zone(t, "Tokyo Standard Time"), zone(t, "America/New_York")
	flight := &calendar.Event{
		UID: "x", Subject: "Flight", Zone: tokyo, EndZone: york, Start: at(t, tokyo, "2026-05-01T10:00"),
		End: at(t, york, "2026-05-01T10:30"), Status: calendar.StatusOOF, Sensitivity: calendar.Private, URL: "https://contoso.example/",
		Extra: []calendar.Property{{Name: "X-SEAT", Value: "12A"}}, Approximated: true, Cancelled: true, Sequence: 3,
		Stamp: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Instance: time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC),
		BodyHTML: "<p>bring a coat", Body: "bring a coat",
	}
	test("single", flight)

	custom := zone(t, "Asia/Kathmandu")
	definition := calendar.DefinitionOf(custom, 2026, 2026)
	definition.ID = "Our office"
	own, err := definition.Zone()
	if err != nil {
		t.Fatal(err)
	}
	office := &calendar.Event{UID: "y", Zone: own, Start: at(t, own, "2026-05-01T10:00"), End: at(t, own, "2026-05-01T11:00"), Status: calendar.StatusFree}
	var it Item
	if err := it.SetEvent(office, 0); err != nil {
		t.Fatal(err)
	}
	got, err := it.Event(&zones)
	if err != nil || got.Zone.ID != "Our office" || got.Zone.Definition == nil || !got.Start.Equal(office.Start) {
		t.Errorf("zone of its own: %+v, %v", got, err)
	}
	if d, clock := got.Zone.Wall(got.Start); d != calendar.NewDate(2026, 5, 1) || clock != 10*time.Hour {
		t.Errorf("it shows %v %v", d, clock)
	}
}

// An event without its parts leaves them alone.
func TestSetEventLeavesWhatItDoesNotName(t *testing.T) {
	it := mail("x")
	it.Parts = AllParts
	it.Props.SetInt(PidTagIconIndex, 7)
	if err := it.SetEvent(&calendar.Event{Start: time.Unix(0, 0), End: time.Unix(60, 0)}, 0); err != nil {
		t.Fatal(err)
	}
	if it.Body == nil || len(it.Recipients) != 2 || !it.Props.Has(PidTagIconIndex) || it.Class != "IPM.Note" {
		t.Errorf("%+v", it)
	}
}

func TestEventRefused(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	test := func(change func(e *calendar.Event)) {
		t.Helper()
		e := weekly(t)
		change(e)
		h.fails(new(Item).SetEvent(e, 0), EventInvalid)
	}
	test(func(e *calendar.Event) { e.End = e.Start.Add(-time.Second) })
	test(func(e *calendar.Event) { e.Recurrence.Days = 0 })
	test(func(e *calendar.Event) { e.Recurrence.Pattern = calendar.DailyRegeneration })
	_, err := mail("x").Event(h.store.Zones())
	h.fails(err, EventInvalid)
}

func TestGlobalObjectID(t *testing.T) {
	// As Outlook makes them, [MS-OXCICAL] 2.1.3.1.1.20.26: the date of the
	// instance is no part of the clean form.
	outlook := "040000008200E00074C5B7101A82E00800000000B0A9A5C3C3D3C701000000000000000010000000" + "A1B2C3D4E5F60718293A4B5C6D7E8F90"
	b := GlobalObjectID(outlook)
	if got := hex.EncodeToString(b); got != "040000008200e00074c5b7101a82e00800000000b0a9a5c3c3d3c701000000000000000010000000a1b2c3d4e5f60718293a4b5c6d7e8f90" {
		t.Error(got)
	}
	if got := UIDOf(b); got != outlook {
		t.Error(got)
	}
	instance := bytes.Clone(b)
	copy(instance[16:], []byte{7, 0xE4, 3, 2})
	if got := UIDOf(instance); got != outlook {
		t.Error(got)
	}
	test := func(uid string) {
		t.Helper()
		b := GlobalObjectID(uid)
		if got := UIDOf(b); got != uid || !bytes.HasPrefix(b, goidHead) {
			t.Errorf("%q: %q %x", uid, got, b)
		}
	}
	test("{81412D3C-2A24-4E9D-B20E-11F7BBE92799}")
	test("series-1@contoso.example")
	if UIDOf(nil) != "" || UIDOf(b[:30]) != "" {
		t.Error("a UID of nothing")
	}
}

func FuzzEvent(f *testing.F) {
	e := weekly(f)
	e.Delete(calendar.NewDate(2026, 3, 9))
	e.SetException(calendar.Exception{Original: calendar.NewDate(2026, 3, 16), Start: e.Start, End: e.End})
	f.Add(encodeSeries(e), encodeMore(&calendar.Event{URL: "x"}), "W. Europe Standard Time", []byte(nil), []byte(nil))
	f.Add([]byte(`{"v":1,"start":"2026-03-02T09:00:00","end":"x"}`), []byte(`{`), "Nowhere", []byte(`{}`), GlobalObjectID("x"))
	var zones calendar.Zones
	f.Fuzz(func(t *testing.T, series, more []byte, zone string, definition, id []byte) {
		var it Item
		it.Props.SetTime(PidLidAppointmentStartWhole, time.Unix(0, 0))
		it.Props.SetString(propZone, zone)
		it.Props.SetBytes(PidLidGlobalObjectID, id)
		for p, b := range map[Prop][]byte{propSeries: series, propEventMore: more, propZoneDefinition: definition} {
			if len(b) > 0 {
				it.Props.SetBytes(p, b)
			}
		}
		e, err := it.Event(&zones)
		if err != nil {
			return
		}
		// What was read can be kept, and reads the same.
		var again Item
		if err := again.SetEvent(e, AllParts); err != nil {
			return // regenerating patterns
		}
		e2, err := again.Event(&zones)
		if err != nil || !e2.Start.Equal(e.Start) || len(e2.Exceptions) != len(e.Exceptions) {
			t.Errorf("%+v\n%+v\n%v", e, e2, err)
		}
	})
}

func TestTaskRecurrence(t *testing.T) {
	test := func(r *calendar.Recurrence) {
		t.Helper()
		var it Item
		if err := it.SetTaskRecurrence(r); err != nil {
			t.Fatal(err)
		}
		got, err := it.TaskRecurrence()
		if err != nil || !reflect.DeepEqual(got, r) || it.Props.Bool(PidLidTaskFRecurring) != (r != nil) {
			t.Errorf("%+v: %+v, %v", r, got, err)
		}
	}
	test(nil)
	test(&calendar.Recurrence{Pattern: calendar.WeeklyRegeneration, Interval: 2, Start: calendar.NewDate(2026, 3, 2)})
	test(&calendar.Recurrence{
		Pattern: calendar.RelativeYearly, Days: calendar.OnFriday, DayOfWeekIndex: calendar.Last, Month: time.March,
		Start: calendar.NewDate(2026, 3, 2), Range: calendar.EndDate, End: calendar.NewDate(2030, 1, 1),
	})
	if err := new(Item).SetTaskRecurrence(&calendar.Recurrence{}); err == nil {
		t.Error("a recurrence of nothing was kept")
	}
	var it Item
	it.Props.SetBytes(propTaskRecurrence, []byte("{}"))
	if _, err := it.TaskRecurrence(); err == nil {
		t.Error("damage went unnoticed")
	}
}

// What verify is for: a series that nobody can read.
func TestVerifySeesDamagedSeries(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	v := h.anna()
	it := h.appoint(h.folder(v, Calendar), weekly(t))
	h.must(h.store.Verify(t.Context(), database))
	_, err := v.UpdateItem(t.Context(), it.ID, 0, 0, func(it *Item) error { it.Props.SetBytes(propSeries, []byte("{}")); return nil })
	h.must(err)
	if err := h.store.Verify(t.Context(), database); err == nil {
		t.Error("verify found nothing")
	}
	// The rest of the calendar is still there.
	h.appoint(h.folder(v, Calendar), single("x", time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), time.Hour))
	busy, _, err := v.Busy(t.Context(), window("2026-03-01", "2026-03-08"))
	h.must(err)
	if len(busy) != 1 {
		t.Errorf("%v", busy)
	}
}
