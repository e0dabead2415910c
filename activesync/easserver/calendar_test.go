package easserver

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// call returns a call of somebody's phone, as a command gets it.
func (h *house) call(who string, v activesync.Version) *call {
	h.Helper()
	a, ok := h.door.Directory.Snapshot().FindSID(h.sids[who])
	if !ok {
		h.Fatalf("there is no %s", who)
	}
	c := &call{
		h: h.handler, s: h.door.Local(a.Principal, "test"), ctx: context.WithoutCancel(h.Context()),
		line: activesync.RequestLine{Version: v, DeviceID: "phone" + who}, out: wbxml.NewWriter(nil),
	}
	var err error
	c.view, err = c.s.Mailbox(c.ctx, h.boxes[who])
	h.must(err)
	return c
}

// appData is an ApplicationData with what write writes.
func appData(tb testing.TB, write func(w *wbxml.Writer)) *wbxml.Element {
	tb.Helper()
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncApplicationData)
	write(w)
	w.End()
	e, err := wbxml.Parse(w.Bytes(), wbxml.DefaultLimits())
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// fields writes elements with texts in pairs: tag, text.
func fields(pairs ...any) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		for i := 0; i < len(pairs); i += 2 {
			if inner, ok := pairs[i+1].(func(w *wbxml.Writer)); ok {
				w.Start(pairs[i].(wbxml.Tag))
				inner(w)
				w.End()
				continue
			}
			w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
		}
	}
}

// asWritten is how a class writes an item.
func (c *call) asWritten(tb testing.TB, k class, it *mailbox.Item) *wbxml.Element {
	tb.Helper()
	it, err := c.view.Item(c.ctx, it.ID, k.parts(&options{}))
	if err != nil {
		tb.Fatal(err)
	}
	c.out.Reset(nil)
	c.out.Start(wbxml.AirSyncApplicationData)
	if err := k.write(c, it, &options{}); err != nil {
		tb.Fatal(err)
	}
	c.out.End()
	e, err := wbxml.Parse(append([]byte(nil), c.out.Bytes()...), wbxml.DefaultLimits())
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// folderOf is a folder as a class gets it.
func (c *call) folderOf(tb testing.TB, name mailbox.DistinguishedName) *mailbox.Folder {
	tb.Helper()
	f, err := c.view.FolderByName(c.ctx, name)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// add adds an event from a phone.
func (c *call) add(tb testing.TB, arrival string, in *wbxml.Element) *mailbox.Item {
	tb.Helper()
	it, _, err := calendarClass{}.create(c, c.folderOf(tb, mailbox.Calendar), in, arrival)
	if err != nil {
		tb.Fatal(err)
	}
	return it
}

// edit changes an event from a phone.
func (c *call) edit(tb testing.TB, it *mailbox.Item, in *wbxml.Element, o options) *mailbox.Item {
	tb.Helper()
	it, _, err := calendarClass{}.change(c, it, in, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return it
}

// event is the event that an item is, as EWS shows it.
func (c *call) event(tb testing.TB, it *mailbox.Item) *calendar.Event {
	tb.Helper()
	it, err := c.view.Item(c.ctx, it.ID, eventParts)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := c.view.Event(it)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// put puts an event into a calendar as EWS does.
func (c *call) put(tb testing.TB, e *calendar.Event) *mailbox.Item {
	tb.Helper()
	it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts}
	if err := it.SetEvent(e, eventParts); err != nil {
		tb.Fatal(err)
	}
	if err := c.view.CreateItem(c.ctx, c.folderOf(tb, mailbox.Calendar).ID, it); err != nil {
		tb.Fatal(err)
	}
	return it
}

func zoneOf(tb testing.TB, id string) calendar.Zone {
	tb.Helper()
	z, err := calendar.LoadZone(id)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

// blob is a zone as phones write it.
func blob(tb testing.TB, id string) string {
	tb.Helper()
	info := calendar.InformationOf(zoneOf(tb, id), 2026)
	return zoneBlob(&info)
}

// bareBlob is one without names, as iOS writes it.
func bareBlob(tb testing.TB, id string) string {
	tb.Helper()
	info := calendar.InformationOf(zoneOf(tb, id), 2026)
	info.StandardName, info.DaylightName = "", ""
	return zoneBlob(&info)
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestRecurrencesOfPhones(t *testing.T) {
	start := calendar.NewDate(2026, time.December, 7) // a Monday
	type list = []any
	for name, tc := range map[string]struct {
		in   list
		want calendar.Recurrence
		bad  bool
	}{
		"daily":           {in: list{wbxml.CalendarType, "0"}, want: calendar.Recurrence{Pattern: calendar.Daily, Interval: 1}},
		"every third day": {in: list{wbxml.CalendarType, "0", wbxml.CalendarInterval, "3"}, want: calendar.Recurrence{Pattern: calendar.Daily, Interval: 3}},
		"every weekday, as days": {
			in:   list{wbxml.CalendarType, "0", wbxml.CalendarDayOfWeek, "62"},
			want: calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.WorkDays},
		},
		"weekly on two days": {
			in:   list{wbxml.CalendarType, "1", wbxml.CalendarDayOfWeek, "34", wbxml.CalendarInterval, "2", wbxml.CalendarFirstDayOfWeek, "1"},
			want: calendar.Recurrence{Pattern: calendar.Weekly, Interval: 2, Days: calendar.OnMonday | calendar.OnFriday, FirstDayOfWeek: time.Monday},
		},
		"weekly on no day is on that of the start": {
			in: list{wbxml.CalendarType, "1"}, want: calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday},
		},
		"monthly": {
			in: list{wbxml.CalendarType, "2", wbxml.CalendarDayOfMonth, "31"}, want: calendar.Recurrence{Pattern: calendar.AbsoluteMonthly, Interval: 1, DayOfMonth: 31},
		},
		"on the last Friday": {
			in:   list{wbxml.CalendarType, "3", wbxml.CalendarWeekOfMonth, "5", wbxml.CalendarDayOfWeek, "32"},
			want: calendar.Recurrence{Pattern: calendar.RelativeMonthly, Interval: 1, Days: calendar.OnFriday, DayOfWeekIndex: calendar.Last},
		},
		"on the last day of the month": {
			in:   list{wbxml.CalendarType, "3", wbxml.CalendarDayOfWeek, "127"},
			want: calendar.Recurrence{Pattern: calendar.RelativeMonthly, Interval: 1, Days: calendar.EveryDay, DayOfWeekIndex: calendar.Last},
		},
		"yearly": {
			in:   list{wbxml.CalendarType, "5", wbxml.CalendarDayOfMonth, "29", wbxml.CalendarMonthOfYear, "2"},
			want: calendar.Recurrence{Pattern: calendar.AbsoluteYearly, Interval: 1, DayOfMonth: 29, Month: time.February},
		},
		"on the second Sunday of May": {
			in:   list{wbxml.CalendarType, "6", wbxml.CalendarWeekOfMonth, "2", wbxml.CalendarDayOfWeek, "1", wbxml.CalendarMonthOfYear, "5"},
			want: calendar.Recurrence{Pattern: calendar.RelativeYearly, Interval: 1, Days: calendar.OnSunday, DayOfWeekIndex: calendar.Second, Month: time.May},
		},
		"ten times": {
			in:   list{wbxml.CalendarType, "0", wbxml.CalendarOccurrences, "10"},
			want: calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Range: calendar.Numbered, Count: 10},
		},
		"until a day": {
			in:   list{wbxml.CalendarType, "0", wbxml.CalendarUntil, "20261224T080000Z"},
			want: calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Range: calendar.EndDate, End: calendar.NewDate(2026, 12, 24)},
		},
		"until a day and ten times is until the day": {
			in:   list{wbxml.CalendarType, "0", wbxml.CalendarUntil, "20261224T080000Z", wbxml.CalendarOccurrences, "10"},
			want: calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Range: calendar.EndDate, End: calendar.NewDate(2026, 12, 24)},
		},
		"in the calendar of Thailand, whose months are ours": {
			in:   list{wbxml.CalendarType, "2", wbxml.CalendarDayOfMonth, "1", wbxml.CalendarCalendarType, "7"},
			want: calendar.Recurrence{Pattern: calendar.AbsoluteMonthly, Interval: 1, DayOfMonth: 1},
		},
		"weeks are the same by the moon": {
			in: list{wbxml.CalendarType, "1", wbxml.CalendarCalendarType, "6"}, want: calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday},
		},
		"months of the moon":      {in: list{wbxml.CalendarType, "2", wbxml.CalendarDayOfMonth, "1", wbxml.CalendarCalendarType, "8"}, bad: true},
		"a leap month":            {in: list{wbxml.CalendarType, "5", wbxml.CalendarDayOfMonth, "1", wbxml.CalendarIsLeapMonth, "1"}, bad: true},
		"of no type":              {in: list{wbxml.CalendarInterval, "1"}, bad: true},
		"of type 4":               {in: list{wbxml.CalendarType, "4"}, bad: true},
		"every thousandth day":    {in: list{wbxml.CalendarType, "0", wbxml.CalendarInterval, "1000"}, bad: true},
		"on the thirty-second":    {in: list{wbxml.CalendarType, "2", wbxml.CalendarDayOfMonth, "32"}, bad: true},
		"on the third of no days": {in: list{wbxml.CalendarType, "3", wbxml.CalendarWeekOfMonth, "3"}, bad: true},
		"until no time":           {in: list{wbxml.CalendarType, "0", wbxml.CalendarUntil, "tomorrow"}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			in := appData(t, fields(tc.in...))
			got, err := calendarRecurrence().read(in, start, calendar.DateOf)
			if tc.bad {
				if err == nil {
					t.Fatalf("read as %+v", got)
				}
				return
			}
			tc.want.Start = start
			if err != nil || *got != tc.want {
				t.Fatalf("%+v, %v, want %+v", got, err, tc.want)
			}
			// What is written is read as the same.
			w := wbxml.NewWriter(nil)
			w.Start(wbxml.CalendarRecurrence)
			year, month, d := got.End.Civil()
			calendarRecurrence().write(w, got, compact(time.Date(year, month, d, 8, 0, 0, 0, time.UTC)), func(activesync.Version) bool { return true })
			w.End()
			back, err := wbxml.Parse(w.Bytes(), wbxml.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			again, err := calendarRecurrence().read(back, start, calendar.DateOf)
			if err != nil || !sameRule(again, got) {
				t.Errorf("%s is read as %+v, %v", dump(back), again, err)
			}
		})
	}
}

// TestAllDayEventsKeepTheirDay has each version write an all-day event, and read
// it: no day shifts, whoever is where.
func TestAllDayEventsKeepTheirDay(t *testing.T) {
	h := open(t)
	first, last := calendar.NewDate(2027, time.March, 27), calendar.NewDate(2027, time.March, 29) // clocks change in between
	for _, id := range []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kathmandu", "UTC"} {
		for _, v := range activesync.Versions() {
			c := h.call("anna", v)
			z := zoneOf(t, id)
			it := c.put(t, &calendar.Event{Subject: "Fair", Zone: z, Start: z.Midnight(first), End: z.Midnight(last), AllDay: true})
			got := c.asWritten(t, calendarClass{}, it)
			start, end := got.Get(wbxml.CalendarStartTime), got.Get(wbxml.CalendarEndTime)
			if v >= activesync.V160 {
				if start != "20270327T000000Z" || end != "20270329T000000Z" || got.Has(wbxml.CalendarTimezone) {
					t.Errorf("%s in %s: from %s to %s, zone %q", v, id, start, end, got.Get(wbxml.CalendarTimezone))
				}
			} else if start != compact(z.Midnight(first)) || end != compact(z.Midnight(last)) {
				t.Errorf("%s in %s: from %s to %s", v, id, start, end)
			}
			// The phone finds the day by the zone that is written beside it.
			if v < activesync.V160 {
				var info calendar.TimeZoneInformation
				b, _ := base64.StdEncoding.DecodeString(got.Get(wbxml.CalendarTimezone))
				h.must(info.UnmarshalBinary(b))
				own, err := info.SerializableTimeZone.Zone()
				h.must(err)
				if d, clock := own.Wall(z.Midnight(first)); d != first || clock != 0 {
					t.Errorf("%s in %s: a phone shows %v at %v", v, id, d, clock)
				}
			}
			// Sent back as it is, nothing has changed; added anew, it is on the same days.
			changed := c.edit(t, it, got, options{})
			if changed.Change != it.Change {
				t.Errorf("%s in %s: what was shown is a change", v, id)
			}
			fresh := c.add(t, "", without(t, got, wbxml.CalendarUID))
			e := c.event(t, fresh)
			d, clock := e.Zone.Wall(e.Start)
			until, clock2 := e.Zone.Wall(e.End)
			if d != first || until != last || clock != 0 || clock2 != 0 || !e.AllDay {
				t.Errorf("%s in %s: added anew from %v %v to %v %v in %q", v, id, d, clock, until, clock2, e.Zone.ID)
			}
		}
	}
}

// without is a document without some elements.
func without(tb testing.TB, e *wbxml.Element, tags ...wbxml.Tag) *wbxml.Element {
	tb.Helper()
	return appData(tb, func(w *wbxml.Writer) {
		for c := range e.Children() {
			drop := false
			for _, tag := range tags {
				drop = drop || c.Tag == tag
			}
			if !drop {
				copyElement(w, c)
			}
		}
	})
}

func copyElement(w *wbxml.Writer, e *wbxml.Element) {
	inner := false
	for range e.Children() {
		inner = true
	}
	if !inner {
		w.Text(e.Tag, e.Text())
		return
	}
	w.Start(e.Tag)
	for c := range e.Children() {
		copyElement(w, c)
	}
	w.End()
}

// TestAllDayEventsOfPhones reads all-day events in the ways in which phones have
// been seen to write them.
func TestAllDayEventsOfPhones(t *testing.T) {
	h := open(t)
	want := calendar.NewDate(2027, time.January, 5)
	for name, tc := range map[string]struct {
		v          activesync.Version
		start, end string
		zone       string
		last       string // the zone that the phone named before
	}{
		"a date, since 16.0":                              {v: activesync.V161, start: "20270105T000000Z", end: "20270106T000000Z"},
		"a date, of a phone in Berlin":                    {v: activesync.V161, start: "20270105T000000Z", end: "20270106T000000Z", last: "Europe/Berlin"},
		"a date with a zone beside it":                    {v: activesync.V160, start: "20270105T000000Z", end: "20270106T000000Z", zone: blob(t, "America/New_York")},
		"local midnight, since 16.0":                      {v: activesync.V160, start: "20270104T230000Z", end: "20270105T230000Z", zone: blob(t, "Europe/Berlin")},
		"local midnight":                                  {v: activesync.V141, start: "20270104T230000Z", end: "20270105T230000Z", zone: blob(t, "Europe/Berlin")},
		"local midnight, west":                            {v: activesync.V141, start: "20270105T050000Z", end: "20270106T050000Z", zone: bareBlob(t, "America/New_York")},
		"a date where local midnight was asked for":       {v: activesync.V141, start: "20270105T000000Z", end: "20270106T000000Z", zone: blob(t, "Europe/Berlin")},
		"a date where local midnight was asked for, west": {v: activesync.V141, start: "20270105T000000Z", end: "20270106T000000Z", zone: blob(t, "America/New_York")},
		"local midnight by the wrong half of the year":    {v: activesync.V141, start: "20270104T220000Z", end: "20270105T220000Z", zone: blob(t, "Europe/Berlin")},
		"an all-zero zone":                                {v: activesync.V141, start: "20270104T230000Z", end: "20270105T230000Z", zone: base64.StdEncoding.EncodeToString(make([]byte, 172))},
		"an all-zero zone, and Berlin is known":           {v: activesync.V141, start: "20270104T230000Z", end: "20270105T230000Z", zone: base64.StdEncoding.EncodeToString(make([]byte, 172)), last: "Europe/Berlin"},
		"an all-zero zone, west":                          {v: activesync.V121, start: "20270105T080000Z", end: "20270106T080000Z", zone: base64.StdEncoding.EncodeToString(make([]byte, 172))},
		"no end":                                          {v: activesync.V161, start: "20270105T000000Z"},
		"an end at the start":                             {v: activesync.V161, start: "20270105T000000Z", end: "20270105T000000Z"},
		"an end a second short":                           {v: activesync.V141, start: "20270104T230000Z", end: "20270105T225959Z", zone: blob(t, "Europe/Berlin")},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.call("anna", tc.v)
			c.line.DeviceID = strings.ReplaceAll(name, " ", "")
			if tc.last != "" {
				c.noteZone(zoneOf(t, tc.last))
			}
			in := appData(t, func(w *wbxml.Writer) {
				if tc.zone != "" {
					w.Text(wbxml.CalendarTimezone, tc.zone)
				}
				fields(wbxml.CalendarAllDayEvent, "1", wbxml.CalendarSubject, name, wbxml.CalendarStartTime, tc.start)(w)
				if tc.end != "" {
					w.Text(wbxml.CalendarEndTime, tc.end)
				}
			})
			e := c.event(t, c.add(t, "", in))
			d, clock := e.Zone.Wall(e.Start)
			until, clock2 := e.Zone.Wall(e.End)
			if d != want || until != want+1 || clock != 0 || clock2 != 0 {
				t.Errorf("from %v %v to %v %v in %q", d, clock, until, clock2, e.Zone.ID)
			}
		})
	}
}

// TestEmptyContainersOfPhones adds what an iPhone and a desktop add-on have sent:
// elements that hold others, and hold none.
func TestEmptyContainersOfPhones(t *testing.T) {
	h := open(t)
	t.Run("an iPhone", func(t *testing.T) {
		c := h.call("anna", activesync.V161)
		it := c.add(t, "", appData(t, fields(
			wbxml.CalendarTimezone, bareBlob(t, "Europe/Vienna"), wbxml.CalendarAllDayEvent, "0", wbxml.CalendarBusyStatus, "2",
			wbxml.CalendarEndTime, "20240811T100000Z", wbxml.AirSyncBaseLocation, "", wbxml.CalendarReminder, "", wbxml.CalendarSensitivity, "0",
			wbxml.CalendarSubject, "Dentist", wbxml.CalendarStartTime, "20240811T080000Z",
			wbxml.CalendarClientUid, "DC4CA654023E452BAE98DE0D2407A8A80.32", wbxml.CalendarMeetingStatus, "0", wbxml.CalendarAttendees, "", wbxml.CalendarRecurrence, "",
		)))
		e := c.event(t, it)
		if e.Subject != "Dentist" || e.Recurrence != nil || e.Meeting() || e.ReminderSet || e.Location != "" || !e.Start.Equal(at("2024-08-11T08:00:00Z")) || e.UID == "" {
			t.Errorf("%+v", e)
		}
		if e.Zone.Windows() != "Central Europe Standard Time" {
			t.Errorf("in %q", e.Zone.ID)
		}
	})
	t.Run("a desktop add-on", func(t *testing.T) {
		c := h.call("anna", activesync.V140)
		it := c.add(t, "", appData(t, fields(
			wbxml.CalendarTimezone, base64.StdEncoding.EncodeToString(make([]byte, 172)), wbxml.CalendarAllDayEvent, "0",
			wbxml.AirSyncBaseBody, fields(wbxml.AirSyncBaseType, "1", wbxml.AirSyncBaseEstimatedDataSize, "0", wbxml.AirSyncBaseData, ""),
			wbxml.CalendarBusyStatus, "2", wbxml.CalendarDtStamp, "20260801T120000Z", wbxml.CalendarEndTime, "20261207T100000Z",
			wbxml.CalendarLocation, "Room 1", wbxml.CalendarSensitivity, "0", wbxml.CalendarSubject, "Weekly", wbxml.CalendarStartTime, "20261207T090000Z",
			wbxml.CalendarUID, "addon-8", wbxml.CalendarMeetingStatus, "0", wbxml.CalendarAttendees, "", wbxml.CalendarCategories, "",
			wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "1", wbxml.CalendarDayOfWeek, "2", wbxml.CalendarInterval, "1", wbxml.CalendarOccurrences, "5", wbxml.CalendarFirstDayOfWeek, "1"),
		)))
		e := c.event(t, it)
		if e.UID != "addon-8" || e.Recurrence == nil || e.Recurrence.Count != 5 || e.Recurrence.Days != calendar.OnMonday || e.Meeting() || len(e.Categories) > 0 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("what there was is gone", func(t *testing.T) {
		c := h.call("anna", activesync.V161)
		z := zoneOf(t, "Europe/Berlin")
		it := c.put(t, &calendar.Event{
			UID: "full", Subject: "Full", Location: "Hall", Zone: z, Start: at("2026-12-07T09:00:00Z"), End: at("2026-12-07T10:00:00Z"),
			Categories: []string{"Blue"}, ReminderSet: true, ReminderMinutes: 15,
			Recurrence: &calendar.Recurrence{Pattern: calendar.Daily, Start: calendar.NewDate(2026, 12, 7)},
		})
		c.edit(t, it, appData(t, fields(wbxml.CalendarRecurrence, "", wbxml.CalendarReminder, "", wbxml.CalendarCategories, "", wbxml.AirSyncBaseLocation, "")), options{})
		if e := c.event(t, it); e.Recurrence != nil || e.ReminderSet || len(e.Categories) > 0 || e.Location != "" || e.Subject != "Full" {
			t.Errorf("%+v", e)
		}
	})
}
