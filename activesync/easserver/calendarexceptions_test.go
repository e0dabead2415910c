package easserver

import (
	"slices"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// weekly is a series on Mondays at ten in Berlin, five times, over a change of the
// clock, of which one was moved, one deleted and one renamed.
func weekly(tb testing.TB) *calendar.Event {
	z := zoneOf(tb, "Europe/Berlin")
	first := calendar.NewDate(2027, time.March, 15)
	return &calendar.Event{
		UID: "weekly", Subject: "Round", Zone: z, Start: z.At(first, 10*time.Hour), End: z.At(first, 11*time.Hour), Status: calendar.StatusBusy,
		Response:   calendar.OrganizerResponse,
		Recurrence: &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday, Start: first, Range: calendar.Numbered, Count: 5},
		Deleted:    []calendar.Date{first + 7},
		Exceptions: []calendar.Exception{
			{Original: first + 14, Start: z.At(first+15, 14*time.Hour), End: z.At(first+15, 15*time.Hour)},
			{
				Original: first + 21, Start: z.At(first+21, 10*time.Hour), End: z.At(first+21, 11*time.Hour),
				Changed: calendar.SubjectField | calendar.BodyField, Subject: "Long round", Body: "bring cake",
			},
		},
	}
}

// TestOccurrencesAreShown has each version show what was moved, deleted and
// renamed, once each, and send it back.
func TestOccurrencesAreShown(t *testing.T) {
	h := open(t)
	for _, v := range activesync.Versions() {
		c := h.call("anna", v)
		it := c.put(t, weekly(t))
		got := c.asWritten(t, calendarClass{}, it)
		name := wbxml.CalendarExceptionStartTime
		if v >= activesync.V160 {
			name = wbxml.AirSyncBaseInstanceId
		}
		var seen []string
		for x := range got.Child(wbxml.CalendarExceptions).All(wbxml.CalendarException) {
			what := x.Get(name) + " " + x.Get(wbxml.CalendarDeleted) + " " + x.Get(wbxml.CalendarStartTime) + " " + x.Get(wbxml.CalendarSubject)
			if b := x.Child(wbxml.AirSyncBaseBody); b != nil {
				what += " " + b.Get(wbxml.AirSyncBaseData)
			}
			seen = append(seen, what)
		}
		// The clock changes on the 28th: ten in Berlin is nine before, and eight after.
		want := []string{
			"20270322T090000Z 1  ",
			"20270329T080000Z  20270330T120000Z ",
			"20270405T080000Z  20270405T080000Z Long round bring cake",
		}
		if !slices.Equal(seen, want) {
			t.Errorf("%s: %q", v, seen)
		}
		if changed := c.edit(t, it, got, options{}); changed.Change != it.Change {
			t.Errorf("%s: what was shown is a change", v)
		}
		// Added anew it is the same series, by the versions that say exceptions then.
		fresh := c.event(t, c.add(t, "", without(t, got, wbxml.CalendarUID)))
		was := weekly(t)
		if !slices.Equal(fresh.Deleted, was.Deleted) || len(fresh.Exceptions) != 2 || fresh.Exceptions[0].Original != was.Exceptions[0].Original ||
			!fresh.Exceptions[0].Start.Equal(was.Exceptions[0].Start) || fresh.Exceptions[1].Subject != "Long round" || fresh.Exceptions[1].Body != "bring cake" {
			t.Errorf("%s: added anew as %+v, deleted %v", v, fresh.Exceptions, fresh.Deleted)
		}
	}
}

// TestOccurrencesOfOldPhones has the versions before 16.0 change exceptions, which
// they say all together.
func TestOccurrencesOfOldPhones(t *testing.T) {
	h := open(t)
	first := calendar.NewDate(2027, time.March, 15)
	moved := fields(wbxml.CalendarExceptionStartTime, "20270329T080000Z", wbxml.CalendarStartTime, "20270330T120000Z", wbxml.CalendarEndTime, "20270330T130000Z")
	deleted := fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270322T090000Z")
	renamed := fields(wbxml.CalendarExceptionStartTime, "20270405T080000Z", wbxml.CalendarSubject, "Long round")
	exceptions := func(list ...func(w *wbxml.Writer)) func(w *wbxml.Writer) {
		return func(w *wbxml.Writer) {
			w.Start(wbxml.CalendarExceptions)
			for _, one := range list {
				fields(wbxml.CalendarException, one)(w)
			}
			w.End()
		}
	}
	for name, tc := range map[string]struct {
		in      func(w *wbxml.Writer)
		deleted []calendar.Date
		changed []calendar.Date
		check   func(e *calendar.Event) bool
	}{
		"what is not said stays": {
			fields(wbxml.CalendarSubject, "Renamed"),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			func(e *calendar.Event) bool { return e.Subject == "Renamed" },
		},
		"one more is deleted": {
			exceptions(moved, deleted, renamed, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270412T080000Z")),
			[]calendar.Date{first + 7, first + 28},
			[]calendar.Date{first + 14, first + 21},
			nil,
		},
		"the moved one is deleted": {
			exceptions(deleted, renamed, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270329T080000Z")),
			[]calendar.Date{first + 7, first + 14},
			[]calendar.Date{first + 21},
			nil,
		},
		"the deleted one is back": {exceptions(moved, renamed), nil, []calendar.Date{first + 14, first + 21}, nil},
		"none is left":            {fields(wbxml.CalendarExceptions, ""), nil, nil, nil},
		"the moved one is moved again": {
			exceptions(deleted, renamed, fields(wbxml.CalendarExceptionStartTime, "20270329T080000Z", wbxml.CalendarStartTime, "20270401T120000Z", wbxml.CalendarEndTime, "20270401T123000Z")),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			func(e *calendar.Event) bool {
				return e.Exceptions[0].Start.Equal(at("2027-04-01T12:00:00Z")) && e.Exceptions[0].End.Equal(at("2027-04-01T12:30:00Z"))
			},
		},
		"the moved one is named by when it is": {
			exceptions(deleted, renamed, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270330T120000Z")),
			[]calendar.Date{first + 7, first + 14},
			[]calendar.Date{first + 21},
			nil,
		},
		"an hour off, by the wrong half of the year": {
			exceptions(deleted, renamed, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270329T090000Z")),
			[]calendar.Date{first + 7, first + 14},
			[]calendar.Date{first + 21},
			nil,
		},
		"the text that an exception does not name stays": {
			exceptions(moved, deleted, renamed),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			func(e *calendar.Event) bool {
				return e.Exceptions[1].Body == "bring cake" && e.Exceptions[1].Subject == "Long round"
			},
		},
		"the name is as the series' again": {
			exceptions(moved, deleted, fields(wbxml.CalendarExceptionStartTime, "20270405T080000Z", wbxml.CalendarStartTime, "20270405T080000Z")),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			func(e *calendar.Event) bool { return e.Exceptions[1].Changed&calendar.SubjectField == 0 },
		},
		"of no occurrence there is": {
			exceptions(moved, deleted, renamed, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270324T090000Z")),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			nil,
		},
		"the series is an hour later, and says its exceptions": {
			func(w *wbxml.Writer) {
				fields(wbxml.CalendarStartTime, "20270315T100000Z", wbxml.CalendarEndTime, "20270315T110000Z")(w)
				exceptions(fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270322T100000Z"))(w)
			},
			[]calendar.Date{first + 7},
			nil, func(e *calendar.Event) bool { return e.Start.Equal(at("2027-03-15T10:00:00Z")) },
		},
		"the series is an hour later, and says nothing of them": {
			fields(wbxml.CalendarStartTime, "20270315T100000Z", wbxml.CalendarEndTime, "20270315T110000Z"), nil, nil, nil,
		},
		"another place, no name": {
			exceptions(moved, deleted, fields(wbxml.CalendarExceptionStartTime, "20270405T080000Z", wbxml.CalendarLocation, "Garden", wbxml.CalendarReminder, "30", wbxml.CalendarBusyStatus, "3")),
			[]calendar.Date{first + 7},
			[]calendar.Date{first + 14, first + 21},
			func(e *calendar.Event) bool {
				x := e.Exceptions[1]
				return x.Location == "Garden" && x.ReminderSet && x.ReminderMinutes == 30 && x.Status == calendar.StatusOOF
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range [...]activesync.Version{activesync.V121, activesync.V140, activesync.V141} {
				c := h.call("anna", v)
				it := c.put(t, weekly(t))
				c.edit(t, it, appData(t, tc.in), options{})
				e := c.event(t, it)
				var changed []calendar.Date
				for _, x := range e.Exceptions {
					changed = append(changed, x.Original)
				}
				if !slices.Equal(e.Deleted, tc.deleted) || !slices.Equal(changed, tc.changed) || tc.check != nil && !tc.check(e) {
					t.Errorf("%s: deleted %v, changed %v: %+v", v, e.Deleted, changed, e.Exceptions)
				}
			}
		})
	}
}

// TestOccurrencesOfNewPhones has 16.0 and 16.1 change occurrences one by one.
func TestOccurrencesOfNewPhones(t *testing.T) {
	h := open(t)
	first := calendar.NewDate(2027, time.March, 15)
	for _, v := range [...]activesync.Version{activesync.V160, activesync.V161} {
		c := h.call("anna", v)
		k := calendarClass{}
		remove := func(it *mailbox.Item, instance string) error {
			return k.remove(c, it, appData(t, fields(wbxml.AirSyncBaseInstanceId, instance)), mailbox.SoftDelete)
		}
		it := c.put(t, weekly(t))

		// One is moved and named; the others stay.
		c.edit(t, it, appData(t, fields(wbxml.CalendarSubject, "Elsewhere", wbxml.CalendarStartTime, "20270413T060000Z", wbxml.CalendarEndTime, "20270413T070000Z")),
			options{instance: "20270412T080000Z"})
		e := c.event(t, it)
		x := e.Exception(first + 28)
		if x == nil || x.Subject != "Elsewhere" || !x.Start.Equal(at("2027-04-13T06:00:00Z")) || len(e.Exceptions) != 3 || e.Subject != "Round" {
			t.Fatalf("%s: %+v", v, e.Exceptions)
		}
		// It is named as before, whatever has become of it.
		c.edit(t, it, appData(t, fields(wbxml.CalendarReminder, "5")), options{instance: "20270412T080000Z"})
		x = c.event(t, it).Exception(first + 28)
		if x.Subject != "Elsewhere" || !x.ReminderSet || x.ReminderMinutes != 5 {
			t.Errorf("%s: %+v", v, x)
		}
		// It goes, and goes again without an error, and does not come back by a change.
		for range 2 {
			if err := remove(it, "20270412T080000Z"); err != nil {
				t.Fatalf("%s: %v", v, err)
			}
		}
		if e := c.event(t, it); !e.IsDeleted(first+28) || len(e.Exceptions) != 2 {
			t.Errorf("%s: deleted %v", v, e.Deleted)
		}
		if _, _, err := k.change(c, it, appData(t, fields(wbxml.CalendarSubject, "Back")), &options{instance: "20270412T080000Z"}); !isReason(err, mailbox.OccurrenceDeleted) {
			t.Errorf("%s: a deleted occurrence was changed: %v", v, err)
		}
		// What there is none of.
		for instance, reason := range map[string]any{"20270413T080000Z": mailbox.OccurrenceAbsent, "soon": badDateTime} {
			_, _, err := k.change(c, it, appData(t, fields(wbxml.CalendarSubject, "No")), &options{instance: instance})
			if err == nil || !isReason(err, mailbox.OccurrenceAbsent) && !isReason(err, badDateTime) {
				t.Errorf("%s: %s: %v, want %v", v, instance, err, reason)
			}
		}
		single := c.put(t, &calendar.Event{Subject: "Once", Start: at("2027-01-04T10:00:00Z"), End: at("2027-01-04T11:00:00Z")})
		if _, _, err := k.change(c, single, appData(t, fields(wbxml.CalendarSubject, "No")), &options{instance: "20270104T100000Z"}); !isReason(err, mailbox.NotRecurring) {
			t.Errorf("%s: an occurrence of a single event: %v", v, err)
		}
		// Exceptions in a change are not for these versions to say. [MS-ASCAL] 2.2.2.22
		c.edit(t, it, appData(t, fields(wbxml.CalendarExceptions, "")), options{})
		if e := c.event(t, it); len(e.Exceptions) != 2 || len(e.Deleted) != 2 {
			t.Errorf("%s: %v, %v", v, e.Exceptions, e.Deleted)
		}
		// Another time of the series has none.
		c.edit(t, it, appData(t, fields(wbxml.CalendarStartTime, "20270315T100000Z", wbxml.CalendarEndTime, "20270315T110000Z")), options{})
		if e := c.event(t, it); len(e.Exceptions) != 0 || len(e.Deleted) != 0 {
			t.Errorf("%s: %v, %v", v, e.Exceptions, e.Deleted)
		}
	}
}

// TestOccurrencesOfAllDaySeries names the occurrences of whole days.
func TestOccurrencesOfAllDaySeries(t *testing.T) {
	h := open(t)
	z := zoneOf(t, "America/New_York")
	first := calendar.NewDate(2027, time.March, 8)
	for _, v := range activesync.Versions() {
		c := h.call("anna", v)
		it := c.put(t, &calendar.Event{
			UID: "days", Subject: "Market", Zone: z, Start: z.Midnight(first), End: z.Midnight(first + 1), AllDay: true,
			Recurrence: &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday, Start: first, Range: calendar.EndDate, End: first + 28},
			Deleted:    []calendar.Date{first + 7},
		})
		got := c.asWritten(t, calendarClass{}, it)
		x := got.Path(wbxml.CalendarExceptions, wbxml.CalendarException)
		until := got.Child(wbxml.CalendarRecurrence).Get(wbxml.CalendarUntil)
		name, last := x.Get(wbxml.CalendarExceptionStartTime), "20270405T040000Z"
		want := "20270315T040000Z" // after the change of the clock
		if v >= activesync.V160 {
			name, want, last = x.Get(wbxml.AirSyncBaseInstanceId), "20270315T000000Z", "20270405T000000Z"
		}
		if name != want || until != last {
			t.Errorf("%s: deleted %s, until %s", v, name, until)
		}
		if v < activesync.V160 {
			continue
		}
		if err := (calendarClass{}).remove(c, it, appData(t, fields(wbxml.AirSyncBaseInstanceId, "20270322T000000Z")), mailbox.SoftDelete); err != nil {
			t.Fatal(err)
		}
		if e := c.event(t, it); !slices.Equal(e.Deleted, []calendar.Date{first + 7, first + 14}) {
			t.Errorf("%s: deleted %v", v, e.Deleted)
		}
	}
}

// TestOccurrencesThatTradePlaces moves an occurrence to where another would be: a
// time names what would start then if nobody had changed it.
func TestOccurrencesThatTradePlaces(t *testing.T) {
	h := open(t)
	first := calendar.NewDate(2027, time.March, 15)
	c := h.call("anna", activesync.V161)
	z := zoneOf(t, "Europe/Berlin")
	it := c.put(t, &calendar.Event{
		UID: "daily", Subject: "Daily", Zone: z, Start: z.At(first, 0), End: z.At(first, time.Hour),
		Recurrence: &calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Start: first, Range: calendar.Numbered, Count: 5},
	})
	second := compact(z.At(first+1, 0)) // which is the day before in Greenwich
	c.edit(t, it, appData(t, fields(wbxml.CalendarStartTime, second, wbxml.CalendarEndTime, compact(z.At(first+1, time.Hour)))), options{instance: compact(z.At(first, 0))})
	if err := (calendarClass{}).remove(c, it, appData(t, fields(wbxml.AirSyncBaseInstanceId, second)), mailbox.SoftDelete); err != nil {
		t.Fatal(err)
	}
	if e := c.event(t, it); !slices.Equal(e.Deleted, []calendar.Date{first + 1}) || len(e.Exceptions) != 1 || e.Exceptions[0].Original != first {
		t.Errorf("deleted %v, changed %+v", e.Deleted, e.Exceptions)
	}
}

// TestUntilIsInclusive reads the last day of a series in the ways in which phones
// write it.
func TestUntilIsInclusive(t *testing.T) {
	h := open(t)
	c := h.call("anna", activesync.V141)
	last := calendar.NewDate(2027, time.March, 19)
	for name, tc := range map[string]struct{ zone, start, end, until string }{
		"when the last one starts":     {"Europe/Berlin", "20270315T090000Z", "20270315T100000Z", "20270319T090000Z"},
		"the end of its day":           {"Europe/Berlin", "20270315T090000Z", "20270315T100000Z", "20270319T225959Z"},
		"its date alone":               {"Europe/Berlin", "20270315T090000Z", "20270315T100000Z", "20270319T000000Z"},
		"its date alone, west":         {"America/Los_Angeles", "20270315T160000Z", "20270315T170000Z", "20270319T000000Z"},
		"when the last starts, west":   {"America/Los_Angeles", "20270316T010000Z", "20270316T020000Z", "20270320T010000Z"},
		"when it starts, at midnight":  {"America/Los_Angeles", "20270316T000000Z", "20270316T010000Z", "20270320T000000Z"},
		"the last second of Greenwich": {"Asia/Tokyo", "20270315T010000Z", "20270315T020000Z", "20270319T235959Z"},
		"in the other form":            {"Europe/Berlin", "20270315T090000Z", "20270315T100000Z", "2027-03-19T09:00:00.000Z"},
	} {
		e := c.event(t, c.add(t, "", appData(t, fields(
			wbxml.CalendarTimezone, blob(t, tc.zone), wbxml.CalendarSubject, name, wbxml.CalendarStartTime, tc.start, wbxml.CalendarEndTime, tc.end,
			wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0", wbxml.CalendarUntil, tc.until),
		))))
		if e.Recurrence.End != last {
			t.Errorf("%s: until %v", name, e.Recurrence.End)
		}
		if n, _ := e.Recurrence.Len(); n != 5 {
			t.Errorf("%s: %d occurrences", name, n)
		}
	}
}
