package easserver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// respond sends a MeetingResponse of one request.
func (p *phone) respond(id string, response string, more ...any) *wbxml.Element {
	p.Helper()
	root := p.send(activesync.MeetingResponse, fields(wbxml.MeetingResponseMeetingResponse, fields(wbxml.MeetingResponseRequest, func(w *wbxml.Writer) {
		w.Text(wbxml.MeetingResponseUserResponse, response)
		folder, _, _ := strings.Cut(id, ":")
		w.Text(wbxml.MeetingResponseCollectionId, folder)
		w.Text(wbxml.MeetingResponseRequestId, id)
		fields(more...)(w)
	}))).ok()
	return root.Child(wbxml.MeetingResponseResult)
}

// invited is the id of the request that Ben has from Anna.
func (h *house) invited(write func(w *wbxml.Writer)) (string, *mailbox.Item) {
	h.Helper()
	it := h.call("anna", activesync.V161).add(h.TB, "", appData(h.TB, write))
	got := h.inbox("ben")
	return itemID(got.Folder, got.ID), it
}

// TestMeetingResponses accepts, tentatively and firmly, and declines, in each
// version: the calendar has the answer, the request is away, and the organizer
// hears of it from the server since 16.0, and never twice.
func TestMeetingResponses(t *testing.T) {
	for response, want := range map[string]calendar.Response{"1": calendar.Accepted, "2": calendar.TentativelyAccepted, "3": calendar.Declined} {
		for _, v := range activesync.Versions() {
			t.Run(want.String()+" "+v.String(), func(t *testing.T) {
				h := open(t)
				id, made := h.invited(invitation("Plan", "ben"))
				p := h.phone("ben", v)
				more := []any{}
				if v >= activesync.V160 {
					more = append(more, wbxml.MeetingResponseSendResponse, fields(wbxml.AirSyncBaseBody, fields(wbxml.AirSyncBaseType, "1", wbxml.AirSyncBaseData, "With pleasure.")))
				}
				first := ""
				for n := range 3 { // the answer was lost, and the phone asks again
					got := p.respond(id, response, more...)
					if got.Get(wbxml.MeetingResponseStatus) != "1" || got.Get(wbxml.MeetingResponseRequestId) != id {
						t.Fatalf("try %d: %s", n, dump(got))
					}
					if n == 0 {
						first = got.Get(wbxml.MeetingResponseCalendarId)
					} else if again := got.Get(wbxml.MeetingResponseCalendarId); again != first {
						t.Errorf("try %d: %q, was %q", n, again, first)
					}
				}
				events := h.calendarOf("ben")
				if want == calendar.Declined {
					if len(events) != 0 || first != "" {
						t.Errorf("%d events, and %q", len(events), first)
					}
				} else {
					if len(events) != 1 || itemID(events[0].Folder, events[0].ID) != first {
						t.Fatalf("%d events, and %q", len(events), first)
					}
					if e, err := h.view("ben").Event(events[0]); err != nil || e.Response != want {
						t.Errorf("%v, %v", e.Response, err)
					}
				}
				if got := h.mails("ben"); len(got) != 0 {
					t.Errorf("Ben still has %v", got)
				}
				mails := h.mails("anna")
				if v < activesync.V160 {
					if len(mails) != 0 {
						t.Errorf("Anna has %v, which the phone sends itself", mails)
					}
					return
				}
				if len(mails) != 1 || !strings.HasPrefix(mails[0], "Resp.") {
					t.Fatalf("Anna has %v", mails)
				}
				if body := h.item("anna", h.inbox("anna").ID).Body; body == nil || !strings.Contains(string(body.Text), "With pleasure.") {
					t.Errorf("the answer says %v", body)
				}
				if e := h.call("anna", v).event(t, made); e.Attendees[0].Response != want {
					t.Errorf("Anna's calendar has %v", e.Attendees[0].Response)
				}
			})
		}
	}
}

// TestMeetingResponsesWithoutSendResponse has a phone of 16.1 answer and the
// organizer not be told.
func TestMeetingResponsesWithoutSendResponse(t *testing.T) {
	h := open(t)
	id, _ := h.invited(invitation("Plan", "ben"))
	p := h.phone("ben", activesync.V161)
	if got := p.respond(id, "1"); got.Get(wbxml.MeetingResponseStatus) != "1" || len(h.mails("anna")) != 0 {
		t.Errorf("%s; Anna has %v", dump(got), h.mails("anna"))
	}
	// The other way, from the calendar, and told.
	ev := h.calendarOf("ben")[0]
	got := p.respond(itemID(ev.Folder, ev.ID), "3", wbxml.MeetingResponseSendResponse, "")
	if got.Get(wbxml.MeetingResponseStatus) != "1" || len(h.calendarOf("ben")) != 0 || !slices.Equal(h.mails("anna"), []string{"Resp.Neg"}) {
		t.Errorf("%s; Anna has %v", dump(got), h.mails("anna"))
	}
}

// TestProposedTimes proposes another time, which the organizer's phone shows.
func TestProposedTimes(t *testing.T) {
	h := open(t)
	id, _ := h.invited(invitation("Plan", "ben"))
	p := h.phone("ben", activesync.V161)
	start := time.Now().UTC().Truncate(time.Hour).Add(48 * time.Hour)
	proposal := fields(wbxml.MeetingResponseProposedStartTime, compact(start), wbxml.MeetingResponseProposedEndTime, compact(start.Add(time.Hour)))
	if got := p.respond(id, "1", wbxml.MeetingResponseSendResponse, proposal); got.Get(wbxml.MeetingResponseStatus) != "2" {
		t.Errorf("accepted, and another time proposed: %s", dump(got))
	}
	if got := p.respond(id, "2", wbxml.MeetingResponseSendResponse, proposal); got.Get(wbxml.MeetingResponseStatus) != "1" {
		t.Fatal(dump(got))
	}
	c := h.call("anna", activesync.V161)
	answer := h.item("anna", h.inbox("anna").ID)
	got := appData(t, func(w *wbxml.Writer) { c.out = w; writeMeetingRequest(c, answer) }).Child(wbxml.EmailMeetingRequest)
	if got.Get(wbxml.MeetingResponseProposedStartTime) != compact(start) || got.Get(wbxml.MeetingResponseProposedEndTime) != compact(start.Add(time.Hour)) {
		t.Errorf("%s", dump(got))
	}
	old := h.call("anna", activesync.V160)
	if got := appData(t, func(w *wbxml.Writer) { old.out = w; writeMeetingRequest(old, answer) }); got.Has(wbxml.EmailMeetingRequest) {
		t.Errorf("16.0 is shown %s", dump(got))
	}
}

// TestMeetingResponseStatuses answers what cannot be answered.
func TestMeetingResponseStatuses(t *testing.T) {
	h := open(t)
	id, made := h.invited(invitation("Plan", "ben"))
	single := h.calendarOf("ben")[0]
	mail := h.make("ben", mailbox.Inbox, &mailbox.Item{Class: "IPM.Note"})
	appointment := h.make("ben", mailbox.Calendar, func() *mailbox.Item {
		it := &mailbox.Item{Class: "IPM.Appointment"}
		h.must(it.SetEvent(&calendar.Event{Subject: "Alone", Start: at("2027-01-04T10:00:00Z"), End: at("2027-01-04T11:00:00Z")}, 0))
		return it
	}())
	inbox, cal := h.folder("ben", mailbox.Inbox), h.folder("ben", mailbox.Calendar)
	for name, tc := range map[string]struct {
		who, id, response string
		v                 activesync.Version
		more              []any
		want              string
	}{
		"no answer at all":               {"ben", id, "4", activesync.V161, nil, "2"},
		"a message":                      {"ben", itemID(inbox, mail), "1", activesync.V161, nil, "2"},
		"an appointment":                 {"ben", itemID(cal, appointment), "1", activesync.V161, nil, "2"},
		"what is not there":              {"ben", itemID(inbox, 1<<40), "1", activesync.V161, nil, "2"},
		"what lies elsewhere":            {"ben", itemID(cal, mail), "1", activesync.V161, nil, "2"},
		"an id of nothing":               {"ben", "nonsense", "1", activesync.V161, nil, "2"},
		"one's own meeting":              {"anna", itemID(made.Folder, made.ID), "1", activesync.V161, nil, "2"},
		"an occurrence of a message":     {"ben", id, "1", activesync.V161, []any{wbxml.MeetingResponseInstanceId, "2027-01-04T10:00:00.000Z"}, "2"},
		"an occurrence of a single one":  {"ben", itemID(cal, single.ID), "1", activesync.V161, []any{wbxml.MeetingResponseInstanceId, "2027-01-04T10:00:00.000Z"}, "146"},
		"an occurrence at no time":       {"ben", itemID(cal, single.ID), "1", activesync.V161, []any{wbxml.MeetingResponseInstanceId, "soon"}, "104"},
		"an occurrence before 14.1":      {"ben", itemID(cal, single.ID), "1", activesync.V140, []any{wbxml.MeetingResponseInstanceId, "2027-01-04T10:00:00.000Z"}, "2"},
		"an occurrence that is not said": {"ben", itemID(cal, single.ID), "1", activesync.V161, []any{wbxml.MeetingResponseInstanceId, ""}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := h.phone(tc.who, tc.v)
			if got := p.respond(tc.id, tc.response, tc.more...); got.Get(wbxml.MeetingResponseStatus) != tc.want {
				t.Errorf("%s, want %s", dump(got), tc.want)
			}
		})
	}
}

// TestMeetingResponseOfOneOccurrence declines one day of a series.
func TestMeetingResponseOfOneOccurrence(t *testing.T) {
	h := open(t)
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
	h.invited(func(w *wbxml.Writer) {
		fields(
			wbxml.CalendarTimezone, blob(t, "UTC"), wbxml.CalendarSubject, "Daily", wbxml.CalendarStartTime, compact(start),
			wbxml.CalendarEndTime, compact(start.Add(time.Hour)), wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0", wbxml.CalendarOccurrences, "5"),
		)(w)
		attendees("ben")(w)
	})
	p := h.phone("ben", activesync.V161)
	ev := h.calendarOf("ben")[0]
	got := p.respond(itemID(ev.Folder, ev.ID), "3", wbxml.MeetingResponseInstanceId, punctuated(start.Add(24*time.Hour)), wbxml.MeetingResponseSendResponse, "")
	if got.Get(wbxml.MeetingResponseStatus) != "1" {
		t.Fatal(dump(got))
	}
	e, err := h.view("ben").Event(h.calendarOf("ben")[0])
	h.must(err)
	if !slices.Equal(e.Deleted, []calendar.Date{calendar.DateOf(start) + 1}) || !slices.Equal(h.mails("anna"), []string{"Resp.Neg"}) {
		t.Errorf("deleted %v; Anna has %v", e.Deleted, h.mails("anna"))
	}
}

// TestMeetingRequestElement writes the request that is in an Inbox, as each
// version has it.
func TestMeetingRequestElement(t *testing.T) {
	h := open(t)
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
	anna := h.call("anna", activesync.V161)
	made := anna.add(t, "", appData(t, func(w *wbxml.Writer) {
		fields(
			wbxml.CalendarTimezone, blob(t, "Europe/Berlin"), wbxml.CalendarSubject, "Daily", wbxml.CalendarStartTime, compact(start),
			wbxml.CalendarEndTime, compact(start.Add(time.Hour)), wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "0", wbxml.CalendarOccurrences, "5"),
			wbxml.AirSyncBaseLocation, fields(wbxml.AirSyncBaseDisplayName, "Hall"), wbxml.CalendarReminder, "15", wbxml.CalendarBusyStatus, "3",
		)(w)
		attendees("ben")(w)
	}))
	it := h.inbox("ben")
	for _, v := range activesync.Versions() {
		c := h.call("ben", v)
		got := appData(t, func(w *wbxml.Writer) { c.out = w; writeMeetingRequest(c, it) }).Child(wbxml.EmailMeetingRequest)
		for tag, want := range map[wbxml.Tag]string{
			wbxml.EmailAllDayEvent: "0", wbxml.EmailStartTime: punctuated(start), wbxml.EmailEndTime: punctuated(start.Add(time.Hour)),
			wbxml.EmailInstanceType: "1", wbxml.EmailOrganizer: "Anna Ek <" + address("anna") + ">", wbxml.EmailReminder: "900",
			wbxml.EmailResponseRequested: "1", wbxml.EmailSensitivity: "0", wbxml.EmailBusyStatus: "3", wbxml.EmailTimeZone: blobOf(t, "Europe/Berlin", start),
		} {
			if got.Get(tag) != want {
				t.Errorf("%s: %s is %q, want %q", v, tag, got.Get(tag), want)
			}
		}
		r := got.Path(wbxml.EmailRecurrences, wbxml.EmailRecurrence)
		if r.Get(wbxml.EmailType) != "0" || r.Get(wbxml.EmailOccurrences) != "5" {
			t.Errorf("%s: %s", v, dump(r))
		}
		if got.Has(wbxml.EmailGlobalObjId) == (v >= activesync.V160) || got.Has(wbxml.CalendarUID) != (v >= activesync.V160) ||
			got.Has(wbxml.Email2MeetingMessageType) != (v >= activesync.V141) || v >= activesync.V141 && got.Get(wbxml.Email2MeetingMessageType) != "1" {
			t.Errorf("%s: %s", v, dump(got))
		}
		if place := got.Child(wbxml.AirSyncBaseLocation); v >= activesync.V160 && place.Get(wbxml.AirSyncBaseDisplayName) != "Hall" || v < activesync.V160 && got.Get(wbxml.EmailLocation) != "Hall" {
			t.Errorf("%s: %s", v, dump(got))
		}
	}
	// An update that moves it is a full one; one that does not, informs.
	kind := func() string {
		c := h.call("ben", activesync.V161)
		it := h.inbox("ben")
		return appData(t, func(w *wbxml.Writer) { c.out = w; writeMeetingRequest(c, it) }).Child(wbxml.EmailMeetingRequest).Get(wbxml.Email2MeetingMessageType)
	}
	anna.edit(t, made, appData(t, fields(wbxml.CalendarSubject, "Dayly")), options{})
	if got := kind(); got != "3" {
		t.Errorf("another subject is of kind %s", got)
	}
	anna.edit(t, made, appData(t, fields(wbxml.CalendarEndTime, compact(start.Add(2*time.Hour)))), options{})
	if got := kind(); got != "2" {
		t.Errorf("another end is of kind %s", got)
	}
	h.must(calendarClass{}.remove(anna, made, nil, mailbox.HardDelete))
	if got := kind(); got != "0" || h.inbox("ben").Class != "IPM.Schedule.Meeting.Canceled" {
		t.Errorf("a cancellation is of kind %s", got)
	}
	// A message that says it is about a meeting, and is not.
	c := h.call("ben", activesync.V161)
	broken := h.item("ben", h.make("ben", mailbox.Inbox, &mailbox.Item{Class: "IPM.Schedule.Meeting.Request"}))
	if got := appData(t, func(w *wbxml.Writer) { c.out = w; writeMeetingRequest(c, broken) }); got.Has(wbxml.EmailMeetingRequest) {
		t.Errorf("%s", dump(got))
	}
}

func blobOf(tb testing.TB, id string, at time.Time) string {
	tb.Helper()
	info := calendar.InformationOf(zoneOf(tb, id), at.Year())
	return zoneBlob(&info)
}
