package ewsserver

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// attendees are people invited.
func attendees(who ...string) []ews.Attendee {
	var out []ews.Attendee
	for _, w := range who {
		out = append(out, ews.Attendee{Mailbox: ews.Mailbox{EmailAddress: address(w)}})
	}
	return out
}

// tomorrow is a time in the future, so that meetings are not over.
func tomorrow(hour int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(time.Duration(hour) * time.Hour)
}

func meeting(subject string, start time.Time, pairs ...any) ews.Item {
	return item(ews.KindCalendarItem, append([]any{ews.FieldSubject, subject, ews.FieldStart, start, ews.FieldEnd, start.Add(time.Hour)}, pairs...)...)
}

// invite makes a meeting of Anna's and returns its id.
func (h *house) invite(it ews.Item) *ews.ItemID {
	h.Helper()
	resp := &ews.CreateItemResponse{}
	h.ask("anna", &ews.CreateItem{SendMeetingInvitations: ews.SendToAllAndSaveCopy, Items: []ews.Item{it}}, resp)
	m := &resp.ResponseMessages[0]
	if m.ResponseCode != ews.NoError {
		h.Fatalf("%s %s", m.ResponseCode, m.MessageText)
	}
	id, _ := m.Items[0].Get(ews.FieldItemId)
	return id.(*ews.ItemID)
}

// list reads somebody's folder whole.
func (h *house) list(who string, folder mailbox.DistinguishedName) (*mailbox.View, []*mailbox.Item) {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	v := h.owner(who)
	f, err := v.FolderByName(ctx, folder)
	h.must(err)
	page, err := v.Find(ctx, mailbox.Query{Folder: f.ID, Parts: mailbox.AllParts})
	h.must(err)
	return v, page.Items
}

// one expects exactly one item in a folder.
func (h *house) one(who string, folder mailbox.DistinguishedName) *mailbox.Item {
	h.Helper()
	_, items := h.list(who, folder)
	if len(items) != 1 {
		var subjects []string
		for _, it := range items {
			subjects = append(subjects, it.Class+" "+it.Props.String(mailbox.PidTagSubject))
		}
		h.Fatalf("%d items in %s of %s: %s", len(items), folder, who, strings.Join(subjects, ", "))
	}
	return items[0]
}

func (h *house) none(who string, folder mailbox.DistinguishedName) {
	h.Helper()
	if _, items := h.list(who, folder); len(items) != 0 {
		h.Errorf("%d items in %s of %s, first %s", len(items), folder, who, items[0].Props.String(mailbox.PidTagSubject))
	}
}

// event is the one appointment in somebody's calendar.
func (h *house) event(who string) *calendar.Event {
	h.Helper()
	it := h.one(who, mailbox.Calendar)
	e, err := h.owner(who).Event(it)
	h.must(err)
	return e
}

func (h *house) id(who string, it *mailbox.Item) *ews.ItemID { return itemID(h.boxes[who], it) }

// respond sends a response object about an item.
func (h *house) respond(who string, k ews.Kind, id *ews.ItemID, pairs ...any) reply {
	h.Helper()
	return h.post(who, xmlOf(&ews.CreateItem{
		MessageDisposition: ews.SendAndSaveCopy,
		Items:              []ews.Item{item(k, append([]any{ews.FieldReferenceItemId, id}, pairs...)...)},
	}))
}

func (h *house) status(e *calendar.Event, who string) calendar.Response {
	h.Helper()
	for _, a := range e.Attendees {
		if strings.EqualFold(a.Address, address(who)) {
			return a.Response
		}
	}
	h.Fatalf("%s is not invited: %v", who, e.Attendees)
	return 0
}

func TestMeeting(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		start := tomorrow(9)
		h.invite(meeting("Budget", start, ews.FieldLocation, "Room 4", ews.FieldRequiredAttendees, attendees("ben"), ews.FieldOptionalAttendees, attendees("carla")))

		request := h.one("ben", mailbox.Inbox)
		if request.Class != "IPM.Schedule.Meeting.Request" || request.Read {
			t.Errorf("request is %s, read %v", request.Class, request.Read)
		}
		e := h.event("ben")
		if e.Subject != "Budget" || e.Location != "Room 4" || !e.Start.Equal(start) || e.Status != calendar.StatusTentative ||
			e.Response != calendar.NoResponse || e.Organizer.Address != address("anna") || len(e.Attendees) != 2 {
			t.Errorf("tentatively in the calendar: %+v", e)
		}
		h.one("anna", mailbox.SentItems)

		h.respond("ben", ews.KindAcceptItem, h.id("ben", request), ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "Gladly"}).code(ews.NoError)
		if e := h.event("ben"); e.Status != calendar.StatusBusy || e.Response != calendar.Accepted {
			t.Errorf("accepted: %s %s", e.Status, e.Response)
		}
		h.none("ben", mailbox.Inbox)
		answer := h.one("anna", mailbox.Inbox)
		if answer.Class != "IPM.Schedule.Meeting.Resp.Pos" || answer.Props.String(mailbox.PidTagSubject) != "Accepted: Budget" ||
			string(answer.Body.Text) != "Gladly" || answer.Props.String(mailbox.PidTagSentRepresentingSMTP) != address("ben") {
			t.Errorf("answer %s %q", answer.Class, answer.Props.String(mailbox.PidTagSubject))
		}
		h.respond("carla", ews.KindDeclineItem, h.id("carla", h.one("carla", mailbox.Inbox))).code(ews.NoError)
		h.none("carla", mailbox.Calendar)
		own := h.event("anna")
		if h.status(own, "ben") != calendar.Accepted || h.status(own, "carla") != calendar.Declined {
			t.Errorf("tracked: %+v", own.Attendees)
		}
		// What each of them is shown validates and reads back.
		got := h.get("anna", h.id("anna", h.one("anna", mailbox.Calendar)))
		if x, _ := got.Get(ews.FieldMyResponseType); x != string(ews.ResponseOrganizer) {
			t.Errorf("the organizer's own response is %v", x)
		}
		h.get("ben", h.id("ben", h.one("ben", mailbox.Calendar)))
		for _, it := range []*mailbox.Item{answer} {
			h.get("anna", h.id("anna", it), ews.FieldMimeContent)
		}
	})
}

func TestMeetingAnswersRefused(t *testing.T) {
	h := open(t)
	id := h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben")))
	test := func(want ews.ResponseCode, who string, k ews.Kind, id *ews.ItemID) {
		t.Helper()
		h.respond(who, k, id).code(want)
	}
	request := h.id("ben", h.one("ben", mailbox.Inbox))
	own := h.id("ben", h.one("ben", mailbox.Calendar))
	test(ews.ErrorCalendarIsOrganizerForAccept, "anna", ews.KindAcceptItem, id)
	test(ews.ErrorCalendarIsOrganizerForDecline, "anna", ews.KindDeclineItem, id)
	test(ews.ErrorCalendarIsNotOrganizer, "ben", ews.KindCancelCalendarItem, own)
	test(ews.ErrorInvalidItemForOperationCancelItem, "ben", ews.KindCancelCalendarItem, request)
	// Somebody else's request is none of Carla's business.
	test(ews.ErrorItemNotFound, "carla", ews.KindAcceptItem, request)
	h.none("anna", mailbox.Inbox)

	mail := h.create("ben", item(ews.KindMessage, ews.FieldSubject, "No meeting"))[0]
	test(ews.ErrorInvalidItemForOperationAcceptItem, "ben", ews.KindAcceptItem, mail)
}

func TestMeetingCalledOff(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben"), ews.FieldResources, attendees("room")))
		id := h.id("anna", h.one("anna", mailbox.Calendar))
		if e := h.event("room"); e.Response != calendar.Accepted || e.Status != calendar.StatusBusy {
			t.Errorf("the room has %s, %s", e.Response, e.Status)
		}
		if e := h.event("ben"); len(e.Attendees) != 2 {
			t.Errorf("Ben sees %+v", e.Attendees)
		}
		h.respond("anna", ews.KindCancelCalendarItem, id, ews.FieldNewBodyContent, &ews.Body{BodyType: ews.BodyText, Text: "Sorry"}).code(ews.NoError)
		h.none("anna", mailbox.Calendar)
		h.none("room", mailbox.Calendar)
		if e := h.event("ben"); !e.Cancelled || e.Subject != "Canceled: Budget" || e.Status != calendar.StatusFree {
			t.Errorf("in the calendar: %q, canceled %v, %s", e.Subject, e.Cancelled, e.Status)
		}
		_, inbox := h.list("ben", mailbox.Inbox)
		var cancellation *mailbox.Item
		for _, it := range inbox {
			if it.Class == "IPM.Schedule.Meeting.Canceled" {
				cancellation = it
			}
		}
		if cancellation == nil || string(cancellation.Body.Text) != "Sorry" {
			t.Fatalf("no cancellation with its note among %d messages", len(inbox))
		}
		h.respond("ben", ews.KindRemoveItem, h.id("ben", cancellation)).code(ews.NoError)
		h.none("ben", mailbox.Calendar)
	})
}

// TestRoom: a room takes the first who asks, and answers the second by itself.
func TestRoom(t *testing.T) {
	h := open(t)
	h.invite(meeting("First", tomorrow(9), ews.FieldResources, attendees("room")))
	if answer := h.one("anna", mailbox.Inbox); answer.Class != "IPM.Schedule.Meeting.Resp.Pos" {
		t.Errorf("first: %s", answer.Class)
	}
	// Moved by less than its length, it is not in its own way.
	h.change("anna", ews.FieldStart, tomorrow(9).Add(15*time.Minute), ews.FieldEnd, tomorrow(10).Add(15*time.Minute))
	if e := h.event("room"); e.Response != calendar.Accepted || !e.Start.Equal(tomorrow(9).Add(15*time.Minute)) {
		t.Errorf("moved, the room has %+v", e)
	}
	resp := &ews.CreateItemResponse{}
	h.ask("carla", &ews.CreateItem{SendMeetingInvitations: ews.SendOnlyToAll, Items: []ews.Item{
		meeting("Second", tomorrow(9).Add(30*time.Minute), ews.FieldResources, attendees("room")),
	}}, resp)
	answer := h.one("carla", mailbox.Inbox)
	if answer.Class != "IPM.Schedule.Meeting.Resp.Neg" || !strings.Contains(string(answer.Body.Text), "conflict") {
		t.Errorf("second: %s %s", answer.Class, answer.Body.Text)
	}
	if e := h.event("room"); e.Subject != "First" {
		t.Errorf("the room is booked for %q", e.Subject)
	}
	if e := h.event("carla"); h.status(e, "room") != calendar.Declined {
		t.Errorf("Carla's list: %+v", e.Attendees)
	}
	// After it, the room is free.
	h.ask("carla", &ews.CreateItem{SendMeetingInvitations: ews.SendOnlyToAll, Items: []ews.Item{
		meeting("Third", tomorrow(10).Add(15*time.Minute), ews.FieldResources, attendees("room")),
	}}, resp)
	if _, items := h.list("room", mailbox.Calendar); len(items) != 2 {
		t.Errorf("%d bookings", len(items))
	}
}

// TestRoomRace: of many who ask for a room at once, one gets it.
func TestRoomRace(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var all sync.WaitGroup
		people := []string{"anna", "ben", "carla", "dora", "emil"}
		for _, who := range people {
			body := xmlOf(&ews.CreateItem{SendMeetingInvitations: ews.SendOnlyToAll, Items: []ews.Item{
				meeting("By "+who, tomorrow(9), ews.FieldResources, attendees("room")),
			}})
			all.Go(func() { h.post(who, body) })
		}
		all.Wait()
		e := h.event("room")
		for _, who := range people {
			want := "IPM.Schedule.Meeting.Resp.Neg"
			if e.Subject == "By "+who {
				want = "IPM.Schedule.Meeting.Resp.Pos"
			}
			if it := h.one(who, mailbox.Inbox); it.Class != want {
				t.Errorf("%s has %s, the room is booked %q", who, it.Class, e.Subject)
			}
		}
	})
}

// change sets properties, in pairs, of the one meeting somebody has, and tells
// all attendees.
func (h *house) change(who string, pairs ...any) {
	h.Helper()
	var changes []ews.ItemChangeDescription
	for i := 0; i < len(pairs); i += 2 {
		f := pairs[i].(ews.Field)
		changes = append(changes, ews.ItemChangeDescription{SetItemField: &ews.SetItemField{
			Path: ews.PathToElement{FieldURI: &ews.FieldURI{FieldURI: ews.UnindexedFieldURI(f.URI())}},
			Item: item(ews.KindCalendarItem, f, pairs[i+1]),
		}})
	}
	h.post(who, xmlOf(&ews.UpdateItem{
		ConflictResolution: ews.AlwaysOverwrite, MessageDisposition: ews.SaveOnly,
		SendMeetingInvitationsOrCancellations: ews.UpdateSendToAllAndSaveCopy,
		ItemChanges:                           []ews.ItemChange{{ID: ews.ItemChangeID{ItemID: h.id(who, h.one(who, mailbox.Calendar))}, Updates: changes}},
	})).code(ews.NoError)
}

// TestMeetingOutOfDate: who answers what no longer holds is told so, and an
// answer to it does not count.
func TestMeetingOutOfDate(t *testing.T) {
	h := open(t)
	h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben")))
	first := h.id("ben", h.one("ben", mailbox.Inbox))
	h.change("anna", ews.FieldLocation, "Hall")
	h.respond("ben", ews.KindAcceptItem, first).code(ews.ErrorCalendarMeetingRequestIsOutOfDate)
	h.change("anna", ews.FieldStart, tomorrow(11), ews.FieldEnd, tomorrow(12))
	h.respond("ben", ews.KindDeclineItem, first).code(ews.ErrorCalendarMeetingRequestIsOutOfDate)
	if e := h.event("ben"); e.Response != calendar.NoResponse {
		t.Errorf("%+v", e)
	}
	uid := h.event("anna").UID
	reply := func(who string, sequence string) {
		t.Helper()
		mime := "From: " + address(who) + "\r\nTo: anna@contoso.example\r\nSubject: Accepted\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: text/calendar; method=REPLY; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REPLY\r\n" +
			"BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20300101T000000Z\r\nDTSTART:20300101T000000Z\r\nDTEND:20300101T010000Z\r\nSEQUENCE:" + sequence +
			"\r\nORGANIZER:mailto:anna@contoso.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ben@contoso.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
		h.ask(who, &ews.CreateItem{MessageDisposition: ews.SendOnly, Items: []ews.Item{item(ews.KindMessage,
			ews.FieldMimeContent, &ews.MimeContent{Content: []byte(mime)})}}, &ews.CreateItemResponse{})
	}
	reply("ben", "0")
	reply("dora", "1") // not hers to give
	if e := h.event("anna"); h.status(e, "ben") != calendar.UnknownResponse || len(e.Attendees) != 1 {
		t.Errorf("counted: %+v", e.Attendees)
	}
	reply("ben", "1")
	if e := h.event("anna"); h.status(e, "ben") != calendar.Accepted {
		t.Errorf("not counted: %+v", e.Attendees)
	}
}

// TestMeetingAnswersEnd: an answer to a meeting is no mail to be answered.
func TestMeetingAnswersEnd(t *testing.T) {
	h := open(t)
	h.away("anna", ews.OofEnabled, "Anna is away")
	h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben")))
	h.respond("ben", ews.KindAcceptItem, h.id("ben", h.one("ben", mailbox.Inbox))).code(ews.NoError)
	h.one("anna", mailbox.Inbox)
	h.none("ben", mailbox.Inbox)
}

// TestMeetingMoved: a change of the time counts and asks anew, once; one of the
// text keeps the answers.
func TestMeetingMoved(t *testing.T) {
	h := open(t)
	h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben")))
	h.respond("ben", ews.KindAcceptItem, h.id("ben", h.one("ben", mailbox.Inbox))).code(ews.NoError)
	change := func(sequence int, pairs ...any) {
		t.Helper()
		h.change("anna", pairs...)
		if e := h.event("anna"); e.Sequence != sequence {
			t.Errorf("sequence %d, want %d", e.Sequence, sequence)
		}
	}
	change(0, ews.FieldLocation, "Hall")
	if e := h.event("ben"); e.Location != "Hall" || e.Response != calendar.Accepted || e.Status != calendar.StatusBusy {
		t.Errorf("after the text: %+v", e)
	}
	change(1, ews.FieldStart, tomorrow(11), ews.FieldEnd, tomorrow(12))
	if e := h.event("ben"); !e.Start.Equal(tomorrow(11)) || e.Response != calendar.NoResponse || e.Status != calendar.StatusTentative || e.Sequence != 1 {
		t.Errorf("after the move: %+v", e)
	}
	if e := h.event("anna"); h.status(e, "ben") != calendar.UnknownResponse {
		t.Errorf("the old answer still counts: %+v", e.Attendees)
	}
	// Taken out, Ben is told; Carla, who comes in, is invited.
	change(1, ews.FieldRequiredAttendees, attendees("carla"))
	if e := h.event("ben"); !e.Cancelled {
		t.Errorf("Ben still comes: %+v", e)
	}
	if e := h.event("carla"); e.Subject != "Budget" || !e.Start.Equal(tomorrow(11)) {
		t.Errorf("Carla has %+v", e)
	}
}

// TestForgedMeetings: nobody moves or cancels another's
// meeting by a message that names it.
func TestForgedMeetings(t *testing.T) {
	h := open(t)
	h.invite(meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("ben")))
	uid := h.event("ben").UID
	forge := func(method, more string) {
		t.Helper()
		mime := "From: dora@contoso.example\r\nTo: ben@contoso.example\r\nSubject: Forged\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: text/calendar; method=" + method + "; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:" + method +
			"\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20300101T000000Z\r\nDTSTART:20300101T000000Z\r\nDTEND:20300101T010000Z\r\nSEQUENCE:9\r\n" +
			"SUMMARY:Forged\r\nORGANIZER:mailto:anna@contoso.example\r\n" + more + "END:VEVENT\r\nEND:VCALENDAR\r\n"
		h.ask("dora", &ews.CreateItem{MessageDisposition: ews.SendOnly, Items: []ews.Item{item(ews.KindMessage,
			ews.FieldMimeContent, &ews.MimeContent{Content: []byte(mime)})}}, &ews.CreateItemResponse{})
	}
	forge("REQUEST", "")
	forge("CANCEL", "STATUS:CANCELLED\r\n")
	if e := h.event("ben"); e.Subject != "Budget" || e.Cancelled || e.Sequence != 0 {
		t.Errorf("Ben's calendar has %+v", e)
	}
	if _, items := h.list("ben", mailbox.Inbox); len(items) != 3 {
		t.Errorf("%d messages, want all three", len(items))
	}
}

// TestSeriesMeeting: a series is one item for its attendees too.
func TestSeriesMeeting(t *testing.T) {
	h := open(t)
	start := tomorrow(9)
	h.invite(meeting("Weekly", start, ews.FieldRequiredAttendees, attendees("ben"), ews.FieldRecurrence, &ews.Recurrence{
		Pattern: ews.RecurrencePattern{Weekly: &ews.WeeklyRecurrence{Interval: 1, DaysOfWeek: ews.DaysOfWeek{ews.DayOfWeek(start.Weekday().String())}}},
		Range:   ews.RecurrenceRange{Numbered: &ews.NumberedRecurrence{StartDate: ews.DateOf(start), NumberOfOccurrences: 4}},
	}))
	e := h.event("ben")
	if e.Recurrence == nil || e.Recurrence.Count != 4 || e.Status != calendar.StatusTentative {
		t.Fatalf("%+v", e)
	}
	// One occurrence is called off.
	id := h.one("anna", mailbox.Calendar)
	days, err := e.AppendOccurrences(nil, calendar.Interval{Start: start, End: start.AddDate(0, 2, 0)}, 0)
	h.must(err)
	year, month, day := days[1].Original.Civil()
	occurrence := ews.StoreID{
		Mailbox: h.boxes["anna"], Folder: uint64(id.Folder), Item: uint64(id.ID),
		Instance: ews.InstanceDate{Year: uint16(year), Month: uint8(month), Day: uint8(day)},
	}
	h.respond("anna", ews.KindCancelCalendarItem, &ews.ItemID{ID: occurrence.String()}).code(ews.NoError)
	if own := h.event("anna"); len(own.Deleted) != 1 {
		t.Errorf("Anna's series lacks %v", own.Deleted)
	}
	e = h.event("ben")
	if x := e.Exception(days[1].Original); x == nil || !x.Cancelled || e.Cancelled {
		t.Errorf("Ben's series: %+v, %+v", x, e.Exceptions)
	}
}
