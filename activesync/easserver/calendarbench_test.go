package easserver

import (
	"fmt"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// BenchmarkCalendar500 writes 500 events, of which one in ten is a weekly series
// and one in five has attendees, as an initial Sync does: the class alone.
func BenchmarkCalendar500(b *testing.B) {
	h := open(b)
	c := h.call("anna", activesync.V161)
	o := &options{bodies: []bodyPreference{{kind: plainBody, truncate: 500}}}
	folder := c.folderOf(b, mailbox.Calendar)
	z := zoneOf(b, "Europe/Berlin")
	var items []*mailbox.Item
	for n := range 500 {
		day := calendar.NewDate(2026, time.January, 1) + calendar.Date(n)
		e := &calendar.Event{
			UID: fmt.Sprintf("bench-%d", n), Subject: fmt.Sprintf("Event %d", n), Location: "Room 1", Zone: z, Start: z.At(day, 9*time.Hour), End: z.At(day, 10*time.Hour),
			Status: calendar.StatusBusy, ReminderSet: true, ReminderMinutes: 15, Body: "Some lines of text about what is to be talked about.\n", Categories: []string{"Blue"},
		}
		if n%10 == 0 {
			e.Recurrence = &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.On(day.Weekday()), Start: day}
		}
		if n%5 == 0 {
			e.Organizer = calendar.Attendee{Name: "Anna Ek", Address: address("anna")}
			for _, who := range [...]string{"ben", "carla", "dora"} {
				e.Attendees = append(e.Attendees, calendar.Attendee{Name: who, Address: address(who), RSVP: true})
			}
		}
		it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts}
		h.must(it.SetEvent(e, eventParts))
		h.must(c.view.CreateItem(c.ctx, folder.ID, it))
		it, err := c.view.Item(c.ctx, it.ID, calendarClass{}.parts(o))
		h.must(err)
		items = append(items, it)
	}
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		c.out.Reset(c.out.Bytes()[:0])
		for _, it := range items {
			c.out.Start(wbxml.AirSyncApplicationData)
			if err := (calendarClass{}).write(c, it, o); err != nil {
				b.Fatal(err)
			}
			c.out.End()
		}
		size = c.out.Len()
	}
	b.ReportMetric(float64(size)/float64(len(items)), "B/event")
}
