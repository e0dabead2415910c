package easserver

import (
	"encoding/base64"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
)

// TestSeriesDoNotDrift has a phone expand a weekly series of every zone, by the one
// year's rules that it is given, and change something else about it.
func TestSeriesDoNotDrift(t *testing.T) {
	h := open(t)
	v := activesync.V141
	c := h.call("anna", v)
	now := c.s.Now()
	for _, w := range calendar.WindowsZones() {
		z := zoneOf(t, w.IANA)
		first := calendar.NewDate(2012, time.January, 2) // rules have changed since
		e := &calendar.Event{
			UID: "drift " + w.ID, Subject: "Stand-up", Zone: z, Start: z.At(first, 9*time.Hour), End: z.At(first, 9*time.Hour+30*time.Minute), Status: calendar.StatusBusy,
			Recurrence: &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday, Start: first},
		}
		it := c.put(t, e)
		got := c.asWritten(t, calendarClass{}, it)
		phone := zoneOfBlob(t, got.Get(wbxml.CalendarTimezone))
		start, err := parseEventTime(got.Get(wbxml.CalendarStartTime))
		h.must(err)
		day, clock := phone.Wall(start)
		if day != first || clock != 9*time.Hour {
			t.Errorf("%s: a phone begins it on %v at %v", w.ID, day, clock)
		}
		// Every Monday of this year, at nine by the clock on the wall there. Where the
		// year has no round of changes, no blob of one year's rules can say more.
		year := now.Year()
		if info := calendar.SerializableOf(z, year); info.StandardTime.Month != 0 || steady(z, year) {
			for d := calendar.NewDate(year, time.January, 1); d < calendar.NewDate(year+1, time.January, 1); d++ {
				if d.Weekday() == time.Monday && !phone.At(d, 9*time.Hour).Equal(z.At(d, 9*time.Hour)) {
					t.Errorf("%s: on %v a phone shows %v, and it is at %v", w.ID, d, phone.At(d, 9*time.Hour).UTC(), z.At(d, 9*time.Hour).UTC())
					break
				}
			}
		}
		// The phone sends all of it back with another name, and knows no names of zones.
		in := appData(t, func(w *wbxml.Writer) {
			for el := range got.Children() {
				switch el.Tag {
				case wbxml.CalendarTimezone:
					w.Text(el.Tag, nameless(t, el.Text()))
				case wbxml.CalendarSubject:
					w.Text(el.Tag, "Stand up")
				default:
					copyElement(w, el)
				}
			}
		})
		c.edit(t, it, in, options{})
		after := c.event(t, it)
		if after.Zone.ID != z.ID || !after.Start.Equal(e.Start) || !after.End.Equal(e.End) || *after.Recurrence != *e.Recurrence || after.Subject != "Stand up" {
			t.Errorf("%s: came back in %q from %v, %+v", w.ID, after.Zone.ID, after.Start, after.Recurrence)
		}
	}
}

func steady(z calendar.Zone, year int) bool {
	at := time.Date(year, time.January, 1, 0, 0, 0, 0, z.Location())
	_, end := at.ZoneBounds()
	return end.IsZero() || end.Year() > year
}

func zoneOfBlob(tb testing.TB, s string) calendar.Zone {
	tb.Helper()
	info := infoOf(tb, s)
	z, err := info.SerializableTimeZone.Zone()
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func nameless(tb testing.TB, s string) string {
	tb.Helper()
	info := infoOf(tb, s)
	info.StandardName, info.DaylightName = "", ""
	return zoneBlob(&info)
}

// TestForeignSeriesOfPhones adds a series of another zone than the phone's user's:
// the zone is the series' own.
func TestForeignSeriesOfPhones(t *testing.T) {
	h := open(t)
	for _, tc := range []struct{ zone, text, want string }{
		{"America/New_York", blob(t, "America/New_York"), "Eastern Standard Time"},
		{"America/New_York", bareBlob(t, "America/New_York"), "Eastern Standard Time"},
		{"Asia/Kolkata", bareBlob(t, "Asia/Kolkata"), "India Standard Time"},
		{"Europe/Berlin", bareBlob(t, "Europe/Berlin"), "Europe/Berlin"}, // the phone's own, by the name it gave before
		{"Europe/Paris", bareBlob(t, "Europe/Paris"), "Europe/Berlin"},   // which cannot be told from it
		{"Europe/Paris", blob(t, "Europe/Paris"), "Romance Standard Time"},
	} {
		c := h.call("anna", activesync.V141)
		c.noteZone(zoneOf(t, "Europe/Berlin"))
		z := zoneOf(t, tc.zone)
		first := calendar.NewDate(2027, time.January, 4)
		e := c.event(t, c.add(t, "", appData(t, fields(
			wbxml.CalendarTimezone, tc.text, wbxml.CalendarSubject, tc.zone,
			wbxml.CalendarStartTime, compact(z.At(first, 9*time.Hour)), wbxml.CalendarEndTime, compact(z.At(first, 10*time.Hour)),
			wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "1", wbxml.CalendarDayOfWeek, "2"),
		))))
		if e.Zone.ID != tc.want {
			t.Errorf("%s is kept as %q", tc.zone, e.Zone.ID)
		}
		for week := calendar.Date(0); week < 52; week++ {
			o, ok := e.OccurrenceOn(first + 7*week)
			if !ok || !o.Start.Equal(z.At(first+7*week, 9*time.Hour)) {
				t.Errorf("%s: in week %d at %v", tc.zone, week, o.Start)
				break
			}
		}
	}
}

func infoOf(tb testing.TB, s string) calendar.TimeZoneInformation {
	tb.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	var info calendar.TimeZoneInformation
	if err := info.UnmarshalBinary(b); err != nil {
		tb.Fatal(err)
	}
	return info
}
