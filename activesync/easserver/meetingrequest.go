package easserver

import (
	"encoding/base64"
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// Values of InstanceType. [MS-ASEMAIL] 2.2.2.39
const (
	singleMeeting   = 0
	recurringMaster = 1
	oneInstance     = 2
)

// Values of MeetingMessageType. [MS-ASEMAIL] 2.2.2.47
const (
	silentUpdate        = 0
	initialRequest      = 1
	fullUpdate          = 2
	informationalUpdate = 3
	outdatedRequest     = 4
	delegatorsCopy      = 5
	delegatedRequest    = 6
)

// Values of PidLidMeetingType, [MS-OXOCAL] 2.2.6.5.
const (
	meetingFull      = 0x00010000
	meetingInform    = 0x00020000
	meetingOutOfDate = 0x00080000
	meetingWantsCopy = 0x00100000
)

// hasMeetingRequest reports whether a message has a MeetingRequest element: those
// that ask to a meeting, those that call it off, which phones need to take it out
// of the calendar, and answers that propose another time.
func hasMeetingRequest(it *mailbox.Item) bool {
	return delivery.IsRequest(it.Class) || strings.EqualFold(it.Class, "IPM.Schedule.Meeting.Canceled") ||
		hasPrefixFold(it.Class, "IPM.Schedule.Meeting.Resp.") && it.Props.Bool(mailbox.PidLidAppointmentCounterProposal)
}

// writeMeetingRequest writes email:MeetingRequest of a message that asks to a
// meeting or calls it off; of others nothing. It needs no parts of the item. A
// message that says it is about a meeting and is not is shown as mail: nothing is
// written and nothing wrong. [MS-ASEMAIL] 2.2.2.48
func writeMeetingRequest(c *call, it *mailbox.Item) {
	if !hasMeetingRequest(it) || hasPrefixFold(it.Class, "IPM.Schedule.Meeting.Resp.") && !c.at(activesync.V161) {
		return
	}
	e, err := c.view.Event(it)
	if err != nil || e.UID == "" {
		return
	}
	w := meetingWriter{call: c, w: c.out, it: it, e: e}
	w.w.Start(wbxml.EmailMeetingRequest)
	w.when()
	w.who()
	w.repeats()
	w.marks()
	w.w.End()
}

// A meetingWriter writes a MeetingRequest. The order of its children is the
// schema's.
type meetingWriter struct {
	*call
	w  *wbxml.Writer
	it *mailbox.Item
	e  *calendar.Event
}

func (w *meetingWriter) when() {
	e := w.e
	w.w.Bool(wbxml.EmailAllDayEvent, e.AllDay)
	w.w.Text(wbxml.EmailStartTime, punctuated(e.Start))
	w.w.Text(wbxml.EmailDtStamp, punctuated(w.stamp()))
	w.w.Text(wbxml.EmailEndTime, punctuated(e.End))
	kind := int64(singleMeeting)
	switch {
	case e.Recurrence != nil:
		kind = recurringMaster
	case !e.Instance.IsZero():
		kind = oneInstance
	}
	w.w.Int(wbxml.EmailInstanceType, kind)
	switch {
	case w.at(activesync.V160):
		writeLocation(w.w, e.Location, nil)
	case e.Location != "":
		w.w.Text(wbxml.EmailLocation, e.Location)
	}
}

func (w *meetingWriter) stamp() time.Time {
	if !w.e.Stamp.IsZero() {
		return w.e.Stamp
	}
	return w.it.Modified
}

func (w *meetingWriter) who() {
	ps := &w.it.Props
	from := message.Address{Name: ps.String(mailbox.PidTagSentRepresentingName), SMTP: ps.String(mailbox.PidTagSentRepresentingSMTP)}
	if from.SMTP == "" {
		from.SMTP = ps.String(mailbox.PidTagSentRepresentingAddress)
	}
	if from.SMTP != "" {
		w.w.Text(wbxml.EmailOrganizer, from.String())
	}
	if !w.e.Instance.IsZero() {
		w.w.Text(wbxml.EmailRecurrenceId, punctuated(w.e.Instance))
	}
	// The reminder is in seconds here, and may not be longer than the schema's
	// number. [MS-ASEMAIL] 2.2.2.63
	if seconds := w.e.ReminderMinutes * 60; w.e.ReminderSet && seconds >= 0 && seconds < 1<<16 {
		w.w.Int(wbxml.EmailReminder, int64(seconds))
	}
	w.w.Bool(wbxml.EmailResponseRequested, delivery.IsRequest(w.it.Class) && responseRequested(&w.it.Props))
}

// responseRequested reports whether an organizer wants answers: unless he says
// otherwise, he does.
func responseRequested(ps *mailbox.Props) bool {
	return !ps.Has(mailbox.PidTagResponseRequested) || ps.Bool(mailbox.PidTagResponseRequested)
}

func (w *meetingWriter) repeats() {
	r := w.e.Recurrence
	if r == nil {
		return
	}
	w.w.Start(wbxml.EmailRecurrences)
	w.w.Start(wbxml.EmailRecurrence)
	emailRecurrence().write(w.w, r, untilOf(w.e, false), w.at)
	w.w.End()
	w.w.End()
}

func (w *meetingWriter) marks() {
	w.w.Int(wbxml.EmailSensitivity, int64(w.e.Sensitivity))
	busy := w.e.Status
	if n, ok := w.it.Props.Int(mailbox.PidLidIntendedBusyStatus); ok && n >= 0 && n <= int64(calendar.StatusWorkingElsewhere) {
		busy = calendar.BusyStatus(n)
	}
	w.w.Int(wbxml.EmailBusyStatus, int64(shownBusy(busy)))
	w.w.Text(wbxml.EmailTimeZone, w.zoneText(w.e.Zone, w.e.Start))
	if !w.at(activesync.V160) {
		w.w.Text(wbxml.EmailGlobalObjId, base64.StdEncoding.EncodeToString(w.globalObjectID()))
	}
	if w.at(activesync.V140) {
		w.w.Bool(wbxml.EmailDisallowNewTimeProposal, w.it.Props.Bool(mailbox.PidLidAppointmentNotAllowPropose))
	}
	if w.at(activesync.V141) {
		w.w.Int(wbxml.Email2MeetingMessageType, w.kind())
	}
	if w.at(activesync.V160) {
		w.w.Text(wbxml.CalendarUID, shownUID(w.e.UID))
	}
	if w.at(activesync.V161) {
		writeProposal(w.w, &w.it.Props)
	}
}

// globalObjectID is the meeting's id, that of the occurrence with its day in it.
// [MS-OXOCAL] 2.2.1.27
func (w *meetingWriter) globalObjectID() []byte {
	id := w.it.Props.Bytes(mailbox.PidLidGlobalObjectID)
	if len(id) < 20 {
		id = mailbox.GlobalObjectID(w.e.UID)
	}
	if w.e.Instance.IsZero() {
		return id
	}
	year, month, day := w.e.Instance.In(w.e.Zone.Location()).Date()
	id = append([]byte(nil), id...)
	id[16], id[17], id[18], id[19] = byte(year>>8), byte(year), byte(month), byte(day)
	return id
}

// kind says what the message is for. What came to a delegate cannot be answered
// from here. [MS-ASCMD] 3.1.5.6.1
func (w *meetingWriter) kind() int64 {
	ps := &w.it.Props
	by, of := ps.String(mailbox.PidTagReceivedByAddress), ps.String(mailbox.PidTagReceivedRepresentingAddress)
	n, _ := ps.Int(mailbox.PidLidMeetingType)
	switch {
	case of != "" && !strings.EqualFold(by, of):
		return delegatedRequest
	case !delivery.IsRequest(w.it.Class):
		return silentUpdate
	case n&meetingOutOfDate != 0:
		return outdatedRequest
	case n&meetingWantsCopy != 0:
		return delegatorsCopy
	case n&meetingFull != 0:
		return fullUpdate
	case n&meetingInform != 0:
		return informationalUpdate
	}
	return initialRequest
}

// writeProposal writes the time that an attendee proposes instead.
func writeProposal(w *wbxml.Writer, ps *mailbox.Props) {
	start, ok := ps.Time(mailbox.PidLidAppointmentProposedStartWhole)
	end, ok2 := ps.Time(mailbox.PidLidAppointmentProposedEndWhole)
	if ok && ok2 {
		writeCompact(w, wbxml.MeetingResponseProposedStartTime, start)
		writeCompact(w, wbxml.MeetingResponseProposedEndTime, end)
	}
}
