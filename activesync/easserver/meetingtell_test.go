package easserver

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// invitation is a meeting of Anna's tomorrow, to which people are invited.
func invitation(subject string, who ...string) func(w *wbxml.Writer) {
	tomorrow := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	return func(w *wbxml.Writer) {
		fields(
			wbxml.CalendarSubject, subject, wbxml.CalendarStartTime, compact(tomorrow), wbxml.CalendarEndTime, compact(tomorrow.Add(time.Hour)),
			wbxml.CalendarMeetingStatus, "1",
		)(w)
		attendees(who...)(w)
	}
}

func attendees(who ...string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.CalendarAttendees)
		for _, one := range who {
			fields(wbxml.CalendarAttendee, fields(wbxml.CalendarEmail, address(one), wbxml.CalendarName, one, wbxml.CalendarAttendeeType, "1"))(w)
		}
		w.End()
	}
}

// mails are the classes of what lies in somebody's Inbox, the oldest first, and
// whether it is of a meeting.
func (h *house) mails(who string) []string {
	h.Helper()
	v := h.view(who)
	page, err := v.Find(h.Context(), mailbox.Query{Folder: h.folder(who, mailbox.Inbox), Paging: mailbox.Paging{Max: 100}})
	h.must(err)
	slices.SortFunc(page.Items, func(a, b *mailbox.Item) int { return int(a.ID) - int(b.ID) })
	var list []string
	for _, it := range page.Items {
		list = append(list, strings.TrimPrefix(it.Class, "IPM.Schedule.Meeting."))
	}
	return list
}

// inbox is the newest thing in somebody's Inbox.
func (h *house) inbox(who string) *mailbox.Item {
	h.Helper()
	page, err := h.view(who).Find(h.Context(), mailbox.Query{Folder: h.folder(who, mailbox.Inbox), Paging: mailbox.Paging{Max: 100}})
	h.must(err)
	if len(page.Items) == 0 {
		h.Fatalf("%s has no mail", who)
	}
	newest := page.Items[0]
	for _, it := range page.Items {
		if it.ID > newest.ID {
			newest = it
		}
	}
	return newest
}

// calendarOf are the events of somebody's calendar.
func (h *house) calendarOf(who string) []*mailbox.Item {
	h.Helper()
	page, err := h.view(who).Find(h.Context(), mailbox.Query{Folder: h.folder(who, mailbox.Calendar), Parts: eventParts, Paging: mailbox.Paging{Max: 100}})
	h.must(err)
	return page.Items
}

// TestMeetingMailOfNewPhones has the server write to attendees for what a phone of
// 16.0 and later does: once for what they can see, and for nothing else.
func TestMeetingMailOfNewPhones(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.call("anna", activesync.V161)
		want := func(step string, ben, carla []string) {
			t.Helper()
			if got := h.mails("ben"); !slices.Equal(got, ben) {
				t.Errorf("%s: Ben has %v, want %v", step, got, ben)
			}
			if got := h.mails("carla"); !slices.Equal(got, carla) {
				t.Errorf("%s: Carla has %v, want %v", step, got, carla)
			}
		}
		add := appData(t, invitation("Plan", "ben"))
		it := c.add(t, "eas request 1", add)
		want("a meeting", []string{"Request"}, nil)
		// The answer was lost, and the phone asks again, and again.
		for range 3 {
			if again := c.add(t, "eas request 1", add); again.ID != it.ID {
				t.Fatalf("made twice: %d and %d", it.ID, again.ID)
			}
		}
		want("the same request again", []string{"Request"}, nil)

		// What is sent back as it was shown, what is the owner's own, and a phone that
		// writes what there is.
		c.edit(t, it, c.asWritten(t, calendarClass{}, it), options{})
		c.edit(t, it, appData(t, fields(wbxml.CalendarReminder, "15", wbxml.CalendarBusyStatus, "3", wbxml.CalendarCategories, fields(wbxml.CalendarCategory, "Blue"))), options{})
		c.edit(t, it, appData(t, invitation("Plan", "ben")), options{})
		want("nothing that Ben can see", []string{"Request"}, nil)
		number := c.event(t, it).Sequence

		c.edit(t, it, appData(t, fields(wbxml.AirSyncBaseLocation, fields(wbxml.AirSyncBaseDisplayName, "Hall"))), options{})
		want("another place", []string{"Request", "Request"}, nil)
		moved := appData(t, fields(wbxml.CalendarEndTime, compact(c.event(t, it).End.Add(time.Hour))))
		c.edit(t, it, moved, options{})
		want("another end", []string{"Request", "Request", "Request"}, nil)
		if e := c.event(t, it); e.Sequence <= number {
			t.Errorf("sequence %d after %d", e.Sequence, number)
		}
		for range 5 {
			c.edit(t, it, moved, options{}) // asked again and again
		}
		want("the same change again", []string{"Request", "Request", "Request"}, nil)

		c.edit(t, it, appData(t, attendees("ben", "carla")), options{})
		want("one more is invited", []string{"Request", "Request", "Request"}, []string{"Request"})
		c.edit(t, it, appData(t, attendees("carla")), options{})
		want("Ben is not invited any more", []string{"Request", "Request", "Request", "Canceled"}, []string{"Request"})

		h.must(calendarClass{}.remove(c, it, nil, mailbox.MoveToDeletedItems))
		want("it is called off", []string{"Request", "Request", "Request", "Canceled"}, []string{"Request", "Canceled"})
	})
}

// TestMeetingMailOfOldPhones has the server send nothing for what a phone before
// 16.0 does, which writes to attendees itself.
func TestMeetingMailOfOldPhones(t *testing.T) {
	h := open(t)
	for _, v := range [...]activesync.Version{activesync.V121, activesync.V140, activesync.V141} {
		c := h.call("anna", v)
		it := c.add(t, "", appData(t, func(w *wbxml.Writer) {
			invitation("Plan", "ben", "carla")(w)
			w.Text(wbxml.CalendarUID, "old "+v.String())
		}))
		e := c.event(t, it)
		if len(e.Attendees) != 2 || e.Organizer.Address != address("anna") || e.UID != "old "+v.String() {
			t.Errorf("%s: %+v", v, e)
		}
		c.edit(t, it, appData(t, fields(wbxml.CalendarLocation, "Hall")), options{})
		h.must(calendarClass{}.remove(c, it, nil, mailbox.MoveToDeletedItems))
		if got := append(h.mails("ben"), h.mails("carla")...); len(got) > 0 {
			t.Errorf("%s: %v was sent", v, got)
		}
	}
}

// TestMeetingsOfAnOlderPhone has a phone of 16.1 call off what one of 14.1 has
// invited to.
func TestMeetingsOfAnOlderPhone(t *testing.T) {
	h := open(t)
	it := h.call("anna", activesync.V141).add(t, "", appData(t, func(w *wbxml.Writer) {
		invitation("Plan", "ben")(w)
		w.Text(wbxml.CalendarUID, "older")
	}))
	h.must(calendarClass{}.remove(h.call("anna", activesync.V161), it, nil, mailbox.MoveToDeletedItems))
	if got := h.mails("ben"); !slices.Equal(got, []string{"Canceled"}) {
		t.Errorf("Ben has %v", got)
	}
}

// TestMeetingMailIsBounded has a phone change a meeting without end.
func TestMeetingMailIsBounded(t *testing.T) {
	h := open(t)
	now := time.Now()
	h.now = func() time.Time { return now }
	it := h.call("anna", activesync.V161).add(t, "", appData(t, invitation("Plan", "ben")))
	for n := range 40 {
		c := h.call("anna", activesync.V161)
		c.edit(t, it, appData(t, fields(wbxml.CalendarSubject, "Plan "+string(rune('A'+n%2)))), options{})
	}
	if got := len(h.mails("ben")); got != maxRounds {
		t.Errorf("%d messages within an hour, want %d", got, maxRounds)
	}
	if got := h.call("anna", activesync.V161).event(t, it).Subject; got != "Plan B" {
		t.Errorf("the change was not made: %q", got)
	}
	now = now.Add(61 * time.Minute)
	h.call("anna", activesync.V161).edit(t, it, appData(t, fields(wbxml.CalendarSubject, "Plan C")), options{})
	if got := len(h.mails("ben")); got != maxRounds+1 {
		t.Errorf("%d messages after an hour, want %d", got, maxRounds+1)
	}
}

// TestOccurrencesAreToldAlone changes and deletes occurrences of a series to which
// somebody is invited.
func TestOccurrencesAreToldAlone(t *testing.T) {
	h := open(t)
	c := h.call("anna", activesync.V161)
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
	it := c.add(t, "", appData(t, func(w *wbxml.Writer) {
		fields(
			wbxml.CalendarTimezone, blob(t, "UTC"), wbxml.CalendarSubject, "Daily", wbxml.CalendarStartTime, compact(start),
			wbxml.CalendarEndTime, compact(start.Add(time.Hour)), wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0", wbxml.CalendarOccurrences, "5"),
		)(w)
		attendees("ben")(w)
	}))
	second := start.Add(24 * time.Hour)
	change := appData(t, fields(wbxml.CalendarStartTime, compact(second.Add(2*time.Hour)), wbxml.CalendarEndTime, compact(second.Add(3*time.Hour))))
	for range 3 {
		c.edit(t, it, change, options{instance: compact(second)})
	}
	if got := h.mails("ben"); !slices.Equal(got, []string{"Request", "Request"}) {
		t.Errorf("Ben has %v", got)
	}
	for range 2 {
		h.must(calendarClass{}.remove(c, it, appData(t, fields(wbxml.AirSyncBaseInstanceId, compact(start.Add(48*time.Hour)))), mailbox.SoftDelete))
	}
	if got := h.mails("ben"); !slices.Equal(got, []string{"Request", "Request", "Canceled"}) {
		t.Errorf("Ben has %v", got)
	}
	e, err := h.view("ben").Event(h.calendarOf("ben")[0])
	h.must(err)
	x := e.Exception(calendar.DateOf(second))
	if x == nil || !x.Start.Equal(second.Add(2*time.Hour)) {
		t.Errorf("Ben's calendar has %+v", e.Exceptions)
	}
}

// TestReceivedMeetingsTellNobody has an attendee change what is his own of a
// meeting, try to change what is not, and delete it.
func TestReceivedMeetingsTellNobody(t *testing.T) {
	h := open(t)
	h.call("anna", activesync.V161).add(t, "", appData(t, invitation("Plan", "ben", "carla")))
	for _, v := range [...]activesync.Version{activesync.V141, activesync.V161} {
		c := h.call("ben", v)
		it := h.calendarOf("ben")[0]
		c.edit(t, it, appData(t, func(w *wbxml.Writer) {
			fields(wbxml.CalendarReminder, "5", wbxml.CalendarSensitivity, "2")(w)
			attendees("emil")(w)
		}), options{})
		e := c.event(t, it)
		if !e.ReminderSet || e.Sensitivity != calendar.Private || len(e.Attendees) != 2 || e.Organizer.Address != address("anna") {
			t.Errorf("%s: %+v", v, e)
		}
	}
	h.must(calendarClass{}.remove(h.call("ben", activesync.V161), h.calendarOf("ben")[0], nil, mailbox.MoveToDeletedItems))
	if got := [...]int{len(h.mails("anna")), len(h.mails("carla")), len(h.mails("emil"))}; got != [...]int{0, 1, 0} {
		t.Errorf("Anna, Carla and Emil have %v messages", got)
	}
}

// TestEventsAreAddedOnce adds an event again in the ways in which phones do after
// they have lost an answer, or everything.
func TestEventsAreAddedOnce(t *testing.T) {
	h := open(t)
	in := func(more ...any) *wbxml.Element {
		return appData(t, fields(append([]any{
			wbxml.CalendarSubject, "Once", wbxml.CalendarStartTime, "20270105T090000Z", wbxml.CalendarEndTime, "20270105T100000Z",
		}, more...)...))
	}
	c := h.call("anna", activesync.V161)
	first := c.add(t, "eas 1", in(wbxml.CalendarClientUid, "abc"))
	if again := c.add(t, "eas 2", in(wbxml.CalendarClientUid, "abc")); again.ID != first.ID {
		t.Errorf("added twice under one ClientUid")
	}
	if other := c.add(t, "eas 3", in(wbxml.CalendarClientUid, "def")); other.ID == first.ID {
		t.Errorf("two events are one")
	}
	h.must(calendarClass{}.remove(c, first, nil, mailbox.HardDelete))
	if back := c.add(t, "eas 4", in(wbxml.CalendarClientUid, "abc")); back.ID == first.ID || back.Change == 0 {
		t.Errorf("an event that was deleted cannot be added again")
	}
	old := h.call("ben", activesync.V141)
	one := old.add(t, "eas 1", in(wbxml.CalendarUID, "uid-1"))
	two := old.add(t, "eas 2", in(wbxml.CalendarUID, "uid-1", wbxml.CalendarLocation, "Hall"))
	if one.ID != two.ID || old.event(t, two).Location != "Hall" || len(h.calendarOf("ben")) != 1 {
		t.Errorf("added twice under one UID")
	}
}

// TestBadEventsAreRefused has each kind of nonsense refused with an error that may
// be shown, and nothing made.
func TestBadEventsAreRefused(t *testing.T) {
	h := open(t)
	start, end := []any{wbxml.CalendarStartTime, "20270105T090000Z"}, []any{wbxml.CalendarEndTime, "20270105T100000Z"}
	both := append(slices.Clone(start), end...)
	for name, in := range map[string][]any{
		"it ends before it starts":        append(slices.Clone(start), wbxml.CalendarEndTime, "20270105T080000Z"),
		"it takes ten years":              append(slices.Clone(start), wbxml.CalendarEndTime, "20370105T080000Z"),
		"its start is no time":            append(slices.Clone(end), wbxml.CalendarStartTime, "soon"),
		"it is in the year 9999":          {wbxml.CalendarStartTime, "99990105T090000Z"},
		"a status that is none":           append(slices.Clone(both), wbxml.CalendarBusyStatus, "9"),
		"a sensitivity that is none":      append(slices.Clone(both), wbxml.CalendarSensitivity, "x"),
		"a reminder after it":             append(slices.Clone(both), wbxml.CalendarReminder, "-5"),
		"all day, perhaps":                append(slices.Clone(both), wbxml.CalendarAllDayEvent, "2"),
		"a recurrence of no type":         append(slices.Clone(both), wbxml.CalendarRecurrence, fields(wbxml.CalendarInterval, "1")),
		"an exception of no time":         append(slices.Clone(both), wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0"), wbxml.CalendarExceptions, fields(wbxml.CalendarException, fields(wbxml.CalendarDeleted, "1"))),
		"a body in RTF":                   append(slices.Clone(both), wbxml.AirSyncBaseBody, fields(wbxml.AirSyncBaseType, "3", wbxml.AirSyncBaseData, "xx")),
		"an exception that ends too soon": append(slices.Clone(both), wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0"), wbxml.CalendarExceptions, fields(wbxml.CalendarException, fields(wbxml.CalendarExceptionStartTime, "20270106T090000Z", wbxml.CalendarStartTime, "20270106T090000Z", wbxml.CalendarEndTime, "20270106T070000Z"))),
	} {
		for _, v := range [...]activesync.Version{activesync.V141, activesync.V161} {
			c := h.call("anna", v)
			_, _, err := calendarClass{}.create(c, c.folderOf(t, mailbox.Calendar), appData(t, fields(in...)), "")
			var known *entente.Error
			if !errors.As(err, &known) || known.Kind != entente.Invalid {
				t.Errorf("%s, %s: %v", name, v, err)
			}
		}
	}
	if n := len(h.calendarOf("anna")); n != 0 {
		t.Errorf("%d events were made", n)
	}
}

// requestMail is a message by which a phone asks people to a meeting.
func requestMail(method, place, stamp string, sequence int, who ...string) string {
	var to []string
	var lines strings.Builder
	for _, one := range who {
		to = append(to, address(one))
		lines.WriteString("ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:" + address(one) + "\r\n")
	}
	return "From: " + address("anna") + "\r\nTo: " + strings.Join(to, ", ") + "\r\nSubject: Plan\r\nMIME-Version: 1.0\r\n" +
		"Date: " + time.Now().Format(time.RFC1123Z) + "\r\nContent-Type: text/calendar; charset=utf-8; method=" + method + "\r\n\r\n" +
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//phone//EN\r\nMETHOD:" + method + "\r\nBEGIN:VEVENT\r\nUID:storm-1\r\n" +
		"DTSTAMP:" + stamp + "\r\nSEQUENCE:" + strconv.Itoa(sequence) + "\r\nDTSTART:20270105T090000Z\r\nDTEND:20270105T100000Z\r\nSUMMARY:Plan\r\n" +
		"LOCATION:" + place + "\r\nORGANIZER:mailto:" + address("anna") + "\r\n" + lines.String() + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

// TestInvitationsOfOldPhonesAreSentOnce has a phone send the same invitation with
// every synchronization, as long as somebody has not answered.
func TestInvitationsOfOldPhonesAreSentOnce(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V141)
	n := 0
	send := func(mime string) {
		t.Helper()
		n++
		a := p.send(activesync.SendMail, fields(wbxml.ComposeMailSendMail, func(w *wbxml.Writer) {
			w.Text(wbxml.ComposeMailClientId, "storm "+strconv.Itoa(n))
			w.Opaque(wbxml.ComposeMailMime, []byte(mime))
		}))
		if a.status != 200 || a.root != nil {
			t.Fatalf("HTTP %d: %s", a.status, dump(a.root))
		}
	}
	for step, tc := range []struct {
		mime       string
		ben, carla int
	}{
		{requestMail("REQUEST", "Hall", "20261201T100000Z", 0, "ben"), 1, 0},
		{requestMail("REQUEST", "Hall", "20261201T100000Z", 0, "ben"), 1, 0},
		{requestMail("REQUEST", "Hall", "20261201T100500Z", 1, "ben"), 1, 0},          // counted up for nothing
		{requestMail("REQUEST", "Hall", "20261201T101000Z", 2, "ben", "carla"), 1, 1}, // Carla is new
		{requestMail("REQUEST", "Garden", "20261201T102000Z", 3, "ben", "carla"), 2, 2},
		{requestMail("REQUEST", "Hall", "20261201T103000Z", 4, "ben", "carla"), 3, 3}, // and back again
		{requestMail("REQUEST", "Hall", "20261201T103000Z", 4, "ben", "carla"), 3, 3},
		{requestMail("CANCEL", "Hall", "20261201T104000Z", 5, "ben", "carla"), 4, 4},
		{requestMail("CANCEL", "Hall", "20261201T104000Z", 5, "ben", "carla"), 4, 4},
	} {
		send(tc.mime)
		if ben, carla := len(h.mails("ben")), len(h.mails("carla")); ben != tc.ben || carla != tc.carla {
			t.Fatalf("step %d: Ben has %v, Carla %v", step, h.mails("ben"), h.mails("carla"))
		}
	}
	// And without end, changing each time.
	for n := range 30 {
		send(requestMail("REQUEST", "Hall "+strconv.Itoa(n), "20261201T110000Z", 6+n, "dora"))
	}
	if got := len(h.mails("dora")); got != maxRounds-5 { // five went before
		t.Errorf("Dora has %d messages", got)
	}
}
