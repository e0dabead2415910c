package easserver

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
)

// Statuses of MeetingResponse. [MS-ASCMD] 2.2.3.177.9
const invalidMeeting activesync.Status = 2

// maxAnswers bounds the meetings that one request answers.
const maxAnswers = 100

// meetingResponse answers meetings for the phone's user. [MS-ASCMD] 2.2.1.11
func (c *call) meetingResponse() error {
	n := 0
	for range c.body.All(wbxml.MeetingResponseRequest) {
		n++
	}
	if n == 0 || n > maxAnswers {
		return &statusError{activesync.InvalidContent, "a MeetingResponse of " + strconv.Itoa(n) + " requests"}
	}
	c.out.Start(wbxml.MeetingResponseMeetingResponse)
	for in := range c.body.All(wbxml.MeetingResponseRequest) {
		a := meetingAnswer{call: c, in: in}
		status, err := a.status(a.answer())
		if err != nil {
			return err
		}
		a.write(status)
	}
	c.out.End()
	return nil
}

// A meetingAnswer is one Request on its way.
type meetingAnswer struct {
	*call
	in       *wbxml.Element
	id       string // RequestId or LongId
	instance string
	response calendar.Response
	calendar string // CalendarId, of what was not declined
}

// refusal is an answer that cannot be given, with the status that says why.
type refusal activesync.Status

// Error implements error.
func (r refusal) Error() string { return "the meeting cannot be answered: " + strconv.Itoa(int(r)) }

// status turns what came of an answer into its status. What is wrong with the
// mailbox or the server as a whole is an error of the command.
func (a *meetingAnswer) status(err error) (activesync.Status, error) {
	var r refusal
	var known *entente.Error
	switch {
	case err == nil:
		return activesync.OK, nil
	case errors.As(err, &r):
		return activesync.Status(r), nil
	case errors.As(err, &known) && known.Kind != entente.Internal && known.Kind != entente.Unavailable:
		return invalidMeeting, nil
	}
	return 0, err
}

func (a *meetingAnswer) write(s activesync.Status) {
	if s != activesync.OK {
		a.fail(strconv.Itoa(int(s)))
	}
	w := a.out
	w.Start(wbxml.MeetingResponseResult)
	if id := a.in.Get(wbxml.MeetingResponseRequestId); id != "" {
		w.Text(wbxml.MeetingResponseRequestId, cutAt(id, 64))
	}
	w.Int(wbxml.MeetingResponseStatus, int64(s))
	if s == activesync.OK && a.calendar != "" {
		w.Text(wbxml.MeetingResponseCalendarId, a.calendar)
	}
	w.End()
}

// answer gives the answer. One that was given before, of which the phone did not
// hear, is given no second time.
func (a *meetingAnswer) answer() error {
	item, err := a.read()
	if err != nil {
		return err
	}
	known, said := a.remembered()
	it, err := delivery.Load(a.ctx, a.view, item)
	if err != nil {
		if said && isKind(err, entente.NotFound) {
			a.calendar = known.Calendar
			return nil
		}
		return err
	}
	folder, _, _ := parseItemID(a.id)
	if it.Folder != folder || a.delegated(it) {
		return refusal(invalidMeeting)
	}
	to, at, err := a.occurrence(it)
	if err != nil {
		return err
	}
	if said && a.stands(to) {
		a.calendar = known.Calendar
		return nil
	}
	return a.give(to, at)
}

// read reads what is answered, and how.
func (a *meetingAnswer) read() (mailbox.ItemID, error) {
	switch a.in.Get(wbxml.MeetingResponseUserResponse) {
	case "1":
		a.response = calendar.Accepted
	case "2":
		a.response = calendar.TentativelyAccepted
	case "3":
		a.response = calendar.Declined
	default:
		return 0, refusal(invalidMeeting)
	}
	request, long := a.in.Get(wbxml.MeetingResponseRequestId), a.in.Get(wbxml.SearchLongId)
	if (request == "") == (long == "") {
		return 0, refusal(invalidMeeting)
	}
	a.id = request + long
	folder, item, ok := parseItemID(a.id)
	if collection := a.in.Get(wbxml.MeetingResponseCollectionId); !ok || request != "" && collection != folderID(folder) {
		return 0, refusal(invalidMeeting)
	}
	a.instance = a.in.Get(wbxml.MeetingResponseInstanceId)
	if a.in.Has(wbxml.MeetingResponseInstanceId) && (a.instance == "" || !a.at(activesync.V141)) {
		return 0, refusal(invalidMeeting)
	}
	return item, nil
}

// delegated reports whether a message came to a delegate: it is about the calendar
// of somebody else, and not to be answered from a phone. [MS-ASCMD] 3.1.5.6.1
func (a *meetingAnswer) delegated(it *mailbox.Item) bool {
	by, of := it.Props.String(mailbox.PidTagReceivedByAddress), it.Props.String(mailbox.PidTagReceivedRepresentingAddress)
	return delivery.IsMeetingMessage(it.Class) && of != "" && !strings.EqualFold(by, of)
}

// occurrence finds the one occurrence that is answered, if it is one.
// [MS-ASCMD] 2.2.3.92.1
func (a *meetingAnswer) occurrence(it *mailbox.Item) (*mailbox.Item, time.Time, error) {
	if a.instance == "" {
		return it, time.Time{}, nil
	}
	if !mailbox.IsAppointment(it.Class) {
		return nil, time.Time{}, refusal(invalidMeeting)
	}
	if _, err := parseEventTime(a.instance); err != nil {
		return nil, time.Time{}, refusal(activesync.InvalidDateTime)
	}
	d, _, err := a.instanceNamed(it, a.instance)
	if isReason(err, mailbox.NotRecurring) {
		return nil, time.Time{}, refusal(activesync.NoRecurrenceInCalendar)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	entry, err := a.view.Occurrence(a.ctx, it.ID, d, mailbox.AllParts)
	return entry.Item, entry.OriginalStart, err
}

// stands reports whether the calendar has the answer already.
func (a *meetingAnswer) stands(to *mailbox.Item) bool {
	if !mailbox.IsAppointment(to.Class) {
		return false
	}
	e, err := a.view.Event(to)
	return err == nil && e.Response == a.response
}

// give gives it: the calendar gets it, and from 16.0 on the organizer too, if the
// phone asks for that. Before, the phone writes to him itself.
func (a *meetingAnswer) give(to *mailbox.Item, at time.Time) error {
	d, err := a.desk()
	if err != nil {
		return err
	}
	answer := delivery.Answer{To: to, Instance: at, Response: a.response, Save: true}
	if send := a.in.Child(wbxml.MeetingResponseSendResponse); send != nil && a.serverSends() {
		answer.Send = true
		if answer.Note, err = readBody(send); err != nil {
			return refusal(invalidMeeting)
		}
		if answer.Proposed, err = a.proposal(send, to); err != nil {
			return err
		}
	}
	out, err := a.h.Courier.Respond(a.ctx, d, answer)
	if err != nil {
		return err
	}
	if out != nil && a.response != calendar.Declined {
		a.calendar = itemID(out.Folder, out.ID)
	}
	a.remember()
	return nil
}

// proposal reads the time that is proposed instead, which whoever accepts has no
// reason to, and an organizer may have ruled out. [MS-ASCMD] 2.2.3.136, 2.2.3.137
func (a *meetingAnswer) proposal(in *wbxml.Element, to *mailbox.Item) (calendar.Interval, error) {
	start, end := in.Get(wbxml.MeetingResponseProposedStartTime), in.Get(wbxml.MeetingResponseProposedEndTime)
	if start == "" && end == "" || !a.at(activesync.V161) {
		return calendar.Interval{}, nil
	}
	from, err := parseEventTime(start)
	until, err2 := parseEventTime(end)
	switch {
	case err != nil || err2 != nil:
		return calendar.Interval{}, refusal(activesync.InvalidDateTime)
	case !until.After(from), a.response == calendar.Accepted, to.Props.Bool(mailbox.PidLidAppointmentNotAllowPropose):
		return calendar.Interval{}, refusal(invalidMeeting)
	}
	return calendar.Interval{Start: from, End: until}, nil
}

// A givenAnswer is an answer that was given, so that it is given once: a request
// that was answered goes to Deleted Items, where it has another id.
type givenAnswer struct {
	Request  string            `json:"request"`
	Instance string            `json:"instance,omitempty"`
	Response calendar.Response `json:"response"`
	Calendar string            `json:"calendar,omitempty"`
}

// maxGiven is how many answers are remembered of a phone.
const maxGiven = 30

func (a *meetingAnswer) given() []givenAnswer {
	states, err := a.view.ClientState(a.ctx, a.client(), stateAnswers)
	var list []givenAnswer
	if err == nil && len(states) > 0 && len(states[0].Value) > 0 {
		_ = json.Unmarshal(states[0].Value, &list) // what cannot be read is as forgotten
	}
	return list
}

func (a *meetingAnswer) remembered() (givenAnswer, bool) {
	for _, g := range a.given() {
		if g.Request == a.id && g.Instance == a.instance {
			return g, g.Response == a.response
		}
	}
	return givenAnswer{}, false
}

func (a *meetingAnswer) remember() {
	list := []givenAnswer{{Request: cutAt(a.id, 64), Instance: cutAt(a.instance, 64), Response: a.response, Calendar: a.calendar}}
	for _, g := range a.given() {
		if (g.Request != a.id || g.Instance != a.instance) && len(list) < maxGiven {
			list = append(list, g)
		}
	}
	b, _ := json.Marshal(list) // nothing in it can fail
	// That it could not be kept costs a repetition its answer, and nothing else.
	_ = a.view.SetClientState(a.ctx, a.client(), mailbox.ClientState{Name: stateAnswers, Value: b})
}
