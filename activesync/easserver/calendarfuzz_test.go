package easserver

import (
	"errors"
	"math/rand/v2"
	"testing"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// FuzzCalendarData reads anything as an event: it is refused with an error that may
// be shown, or is an event that can be kept and shown again.
func FuzzCalendarData(f *testing.F) {
	h := open(f)
	r := rand.New(rand.NewPCG(3, 4))
	var calls []*call
	for n, v := range activesync.Versions() {
		c := h.call("anna", v)
		calls = append(calls, c)
		it := c.put(f, randomEvent(f, r, n))
		c.writtenWith(f, it, &options{})
		f.Add(uint8(n), append([]byte(nil), c.out.Bytes()...))
		c.out = wbxml.NewWriter(nil)
		it = c.put(f, weekly(f))
		c.writtenWith(f, it, &options{})
		f.Add(uint8(n), append([]byte(nil), c.out.Bytes()...))
	}
	f.Fuzz(func(t *testing.T, n uint8, doc []byte) {
		in, err := wbxml.Parse(doc, wbxml.DefaultLimits())
		if err != nil {
			return
		}
		c := calls[int(n)%len(calls)]
		it, _, _, err := c.newEvent(in)
		var known *entente.Error
		if err != nil {
			if !errors.As(err, &known) || known.Kind == entente.Internal {
				t.Fatal(err)
			}
			return
		}
		e, err := c.view.Event(it)
		if err != nil || e.Check() != nil {
			t.Fatalf("made an event that is none: %v, %v", err, e.Check())
		}
		it.Folder, it.ID = 1, 1
		c.out = wbxml.NewWriter(nil)
		c.out.Start(wbxml.AirSyncApplicationData)
		if err := (calendarClass{}).write(c, it, &options{}); err != nil {
			t.Fatal(err)
		}
		c.out.End()
		if _, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestCalendarAnswersFitTheSchemas synchronizes events and tasks of all kinds in
// each version; what is answered is compared with the published schemas.
func TestCalendarAnswersFitTheSchemas(t *testing.T) {
	h := open(t)
	r := rand.New(rand.NewPCG(5, 6))
	c := h.call("anna", activesync.V161)
	for n := range 60 {
		e := randomEvent(t, r, n)
		if n%3 == 0 {
			e.Organizer = calendar.Attendee{Name: "Anna Ek", Address: address("anna")}
			e.Attendees = []calendar.Attendee{
				{Name: "Ben", Address: address("ben"), Response: calendar.Accepted}, {Address: "room@contoso.example", Role: calendar.Resource, Response: calendar.OrganizerResponse},
			}
			for i := range e.Exceptions {
				e.Exceptions[i].Changed |= calendar.AttendeesField | calendar.CancelledField | calendar.ResponseField | calendar.SensitivityField | calendar.AllDayField
				e.Exceptions[i].Cancelled, e.Exceptions[i].Attendees, e.Exceptions[i].AllDay = true, e.Attendees[:1], e.AllDay
			}
		}
		c.put(t, e)
	}
	c.add(t, "", appData(t, fields(
		wbxml.CalendarSubject, "Far", wbxml.CalendarStartTime, "20270105T090000Z", wbxml.CalendarEndTime, "20270105T100000Z",
		wbxml.AirSyncBaseLocation, fields(wbxml.AirSyncBaseStreet, "Long Lane 1", wbxml.AirSyncBaseCity, "Town", wbxml.AirSyncBaseLatitude, "59.3", wbxml.AirSyncBaseLongitude, "18.1"),
		wbxml.AirSyncBaseAttachments, fields(wbxml.AirSyncBaseAdd, fields(
			wbxml.AirSyncBaseClientId, "a1", wbxml.AirSyncBaseContent, "aGVsbG8=", wbxml.AirSyncBaseContentType, "text/plain",
			wbxml.AirSyncBaseDisplayName, "plan.txt", wbxml.AirSyncBaseMethod, "1",
		)),
	)))
	c.addTask(t, appData(t, fields(
		wbxml.TasksSubject, "Report", wbxml.TasksDueDate, "2026-08-03T10:00:00.000Z", wbxml.TasksComplete, "1",
		wbxml.TasksRecurrence, fields(wbxml.TasksType, "3", wbxml.TasksWeekOfMonth, "5", wbxml.TasksDayOfWeek, "127", wbxml.TasksUntil, "2027-08-03T10:00:00.000Z"),
	)))
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		for folder, n := range map[mailbox.DistinguishedName]int{mailbox.Calendar: 61, mailbox.Tasks: 1} {
			got := p.copyOf(folder)
			if got.all(); len(got.items) != n {
				t.Errorf("%s: %d items, want %d", v, len(got.items), n)
			}
		}
	}
}
