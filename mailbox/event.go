package mailbox

import (
	"slices"
	"strings"
	"time"

	"entente"
	"entente/calendar"
)

// EventInvalid is the reason of an event that cannot be kept: its end comes
// before its start, or its recurrence makes no sense.
const EventInvalid entente.Reason = "event-invalid"

// Properties of events that MAPI has no simple form for. They are not in
// wellKnown: no client names them.
const (
	propZone           Prop = 0x81F0001F // the zone's id, as it was sent
	propZoneDefinition Prop = 0x81F10102 // JSON, where the id alone means nothing
	propEndZone        Prop = 0x81F2001F
	propSeries         Prop = 0x81F30102 // recurrence and exceptions, JSON: seriesRecord
	propEventMore      Prop = 0x81F40102 // JSON: eventMore
)

// Bits of PidLidAppointmentStateFlags, [MS-OXOCAL] 2.2.1.10.
const (
	stateMeeting   = 1
	stateReceived  = 2
	stateCancelled = 4
)

// eventProps are what SetEvent sets or removes.
var eventProps = [...]Prop{
	PidTagSubject, PidTagNormalizedSubject, PidTagSubjectPrefix, PidLidLocation, PidLidAppointmentStartWhole,
	PidLidAppointmentEndWhole, PidLidCommonStart, PidLidCommonEnd, PidTagStartDate, PidTagEndDate, PidLidAppointmentDuration,
	PidLidAppointmentSubType, PidLidBusyStatus, PidTagSensitivity, PidLidPrivate, PidTagImportance, PidNameKeywords,
	PidLidReminderSet, PidLidReminderDelta, PidLidReminderTime, PidLidReminderSignalTime, PidLidRecurring, PidLidIsRecurring,
	PidLidRecurrenceType, PidLidClipStart, PidLidClipEnd, PidLidAppointmentSequence, PidLidOwnerCriticalChange,
	PidLidExceptionReplaceTime, PidLidTimeZoneDescription, propZone, propZoneDefinition, propEndZone, propSeries, propEventMore,
}

// Event returns the appointment that an item is: one without a start is none,
// and an error with the reason EventInvalid. Body and attendees are those of the
// parts that were read. The zones of the event come from zones.
func (it *Item) Event(zones *calendar.Zones) (*calendar.Event, error) {
	ps := &it.Props
	e := &calendar.Event{
		UID:         ps.String(PidNameCalendarUID),
		Subject:     ps.String(PidTagSubject),
		Location:    ps.String(PidLidLocation),
		AllDay:      ps.Bool(PidLidAppointmentSubType),
		Status:      calendar.StatusBusy,
		Categories:  ps.Strings(PidNameKeywords),
		ReminderSet: ps.Bool(PidLidReminderSet),
		Created:     it.Created,
		Modified:    it.Modified,
	}
	if e.UID == "" {
		e.UID = UIDOf(ps.Bytes(PidLidGlobalObjectID))
	}
	var ok bool
	if e.Start, ok = ps.Time(PidLidAppointmentStartWhole); !ok {
		if e.Start, ok = ps.Time(PidTagStartDate); !ok {
			return nil, noEvent("the item has no start")
		}
	}
	if e.End, ok = ps.Time(PidLidAppointmentEndWhole); !ok {
		if e.End, ok = ps.Time(PidTagEndDate); !ok {
			e.End = e.Start
		}
	}
	if e.End.Before(e.Start) {
		e.End = e.Start
	}
	it.eventNumbers(e)
	it.eventPeople(e)
	if it.Body != nil {
		e.Body, e.BodyHTML = string(it.Body.Text), string(it.Body.HTML)
	}
	if err := it.eventZones(e, zones); err != nil {
		return nil, err
	}
	if err := decodeMore(ps.Bytes(propEventMore), e); err != nil {
		return nil, err
	}
	return e, decodeSeries(ps.Bytes(propSeries), e)
}

func noEvent(text string) error {
	return entente.Errorf(entente.Invalid, "not an event: %s", text).Because(EventInvalid)
}

func (it *Item) eventNumbers(e *calendar.Event) {
	ps := &it.Props
	number := func(p Prop, limit int64, set func(int64)) {
		if n, ok := ps.Int(p); ok && n >= 0 && n <= limit {
			set(n)
		}
	}
	number(PidLidBusyStatus, int64(calendar.StatusWorkingElsewhere), func(n int64) { e.Status = calendar.BusyStatus(n) })
	number(PidTagSensitivity, int64(calendar.Confidential), func(n int64) { e.Sensitivity = calendar.Sensitivity(n) })
	if e.Sensitivity == calendar.Normal && ps.Bool(PidLidPrivate) {
		e.Sensitivity = calendar.Private
	}
	number(PidTagImportance, 2, func(n int64) { e.Priority = importances[n] })
	number(PidLidResponseStatus, int64(calendar.NoResponse), func(n int64) { e.Response = calendar.Response(n) })
	number(PidLidReminderDelta, 1<<31, func(n int64) { e.ReminderMinutes = int(n) })
	number(PidLidAppointmentSequence, 1<<31, func(n int64) { e.Sequence = int(n) })
	number(PidLidAppointmentStateFlags, 1<<31, func(n int64) { e.Cancelled = n&stateCancelled != 0 })
	e.Stamp, _ = ps.Time(PidLidOwnerCriticalChange)
	e.Instance, _ = ps.Time(PidLidExceptionReplaceTime)
}

// importances are those of PidTagImportance, [MS-OXCMSG] 2.2.1.11.
var importances = [...]calendar.Priority{calendar.LowPriority, calendar.NormalPriority, calendar.HighPriority}

// eventPeople sets who is invited, and by whom.
func (it *Item) eventPeople(e *calendar.Event) {
	ps := &it.Props
	asked := !ps.Has(PidTagResponseRequested) || ps.Bool(PidTagResponseRequested)
	for i := range it.Recipients {
		r := &it.Recipients[i]
		if r.Organizer || r.Kind < Required || r.Kind > Resource {
			continue
		}
		e.Attendees = append(e.Attendees, calendar.Attendee{
			Name: r.Name, Address: r.Address, Role: calendar.Role(r.Kind - Required),
			Response: calendar.Response(min(r.Response, uint8(calendar.NoResponse))), ResponseTime: r.ResponseTime, RSVP: asked,
		})
	}
	if flags, _ := ps.Int(PidLidAppointmentStateFlags); flags&stateMeeting == 0 && len(e.Attendees) == 0 {
		return
	}
	e.Organizer = calendar.Attendee{Name: ps.String(PidTagSentRepresentingName), Address: ps.String(PidTagSentRepresentingSMTP)}
	if e.Organizer.Address == "" {
		e.Organizer.Address = ps.String(PidTagSentRepresentingAddress)
	}
}

// SetEvent makes an item the appointment: its class if it has none, and all
// properties that Event reads. Of the parts named, PartBody and PartRecipients,
// it sets body and attendees; the others stay as they are, since an item whose
// parts were not read has an event without them.
//
// The organizer is set if the event has one. Who has no right to change the
// organizer's meeting, and whether a change drops the exceptions of a series, is
// for the caller to decide.
func (it *Item) SetEvent(e *calendar.Event, parts Parts) error {
	if err := e.Check(); err != nil {
		return &entente.Error{Kind: entente.Invalid, Reason: EventInvalid, Text: "the event is not valid", Err: err}
	}
	if e.Recurrence != nil && e.Recurrence.Pattern.Regenerating() {
		return noEvent("only tasks regenerate")
	}
	if it.Class == "" {
		it.Class = "IPM.Appointment"
	}
	it.Props.Delete(eventProps[:]...)
	it.setTimes(e)
	it.setNumbers(e)
	it.setZones(e)
	it.setID(e.UID)
	text := func(p Prop, s string) {
		if s != "" {
			it.Props.SetString(p, s)
		}
	}
	text(PidTagSubject, e.Subject)
	text(PidLidLocation, e.Location)
	if len(e.Categories) > 0 {
		it.Props.SetStrings(PidNameKeywords, e.Categories)
	}
	if b := encodeMore(e); b != nil {
		it.Props.SetBytes(propEventMore, b)
	}
	if e.Recurrence != nil {
		it.setSeries(e)
	}
	it.setParts(e, parts)
	it.setState(e)
	return nil
}

// setTimes sets the start and the end under the names that clients ask by.
func (it *Item) setTimes(e *calendar.Event) {
	for _, p := range [...]Prop{PidLidAppointmentStartWhole, PidLidCommonStart, PidTagStartDate} {
		it.Props.SetTime(p, e.Start)
	}
	for _, p := range [...]Prop{PidLidAppointmentEndWhole, PidLidCommonEnd, PidTagEndDate} {
		it.Props.SetTime(p, e.End)
	}
	it.Props.SetInt(PidLidAppointmentDuration, int64(e.End.Sub(e.Start)/time.Minute))
	it.Props.SetBool(PidLidAppointmentSubType, e.AllDay)
	it.Props.SetBool(PidLidReminderSet, e.ReminderSet)
	it.Props.SetInt(PidLidReminderDelta, int64(e.ReminderMinutes))
	if e.ReminderSet {
		it.Props.SetTime(PidLidReminderTime, e.Start)
		it.Props.SetTime(PidLidReminderSignalTime, e.Start.Add(-time.Duration(e.ReminderMinutes)*time.Minute))
	}
	if !e.Instance.IsZero() {
		it.Props.SetTime(PidLidExceptionReplaceTime, e.Instance)
	}
	if !e.Stamp.IsZero() {
		it.Props.SetTime(PidLidOwnerCriticalChange, e.Stamp)
	}
}

func (it *Item) setNumbers(e *calendar.Event) {
	it.Props.SetInt(PidLidBusyStatus, int64(min(e.Status, calendar.StatusWorkingElsewhere)))
	it.Props.SetInt(PidTagSensitivity, int64(e.Sensitivity))
	it.Props.SetBool(PidLidPrivate, e.Sensitivity == calendar.Private)
	it.Props.SetInt(PidTagImportance, int64(slices.Index(importances[:], e.Priority)))
	it.Props.SetInt(PidLidAppointmentSequence, int64(e.Sequence))
	it.Props.SetInt(PidLidResponseStatus, int64(e.Response))
	it.Props.SetBool(PidLidRecurring, e.Recurrence != nil)
	it.Props.SetBool(PidLidIsRecurring, e.Recurrence != nil)
}

// setParts sets the body and the attendees.
func (it *Item) setParts(e *calendar.Event, parts Parts) {
	if parts&PartBody != 0 {
		it.Body = nil
		if e.Body != "" || e.BodyHTML != "" {
			it.Body = &Body{}
		}
		if e.Body != "" {
			it.Body.Text = []byte(e.Body)
		}
		if e.BodyHTML != "" {
			it.Body.HTML = []byte(e.BodyHTML)
		}
		it.Parts |= PartBody
	}
	if parts&PartRecipients == 0 {
		return
	}
	it.Recipients = slices.DeleteFunc(slices.Clone(it.Recipients), func(r Recipient) bool {
		return !r.Organizer && r.Kind >= Required && r.Kind <= Resource
	})
	asked := len(e.Attendees) == 0
	for _, a := range e.Attendees {
		it.Recipients = append(it.Recipients, Recipient{
			Kind: Required + RecipientKind(min(a.Role, calendar.Resource)), Name: a.Name, Address: a.Address,
			Response: uint8(a.Response), ResponseTime: a.ResponseTime,
		})
		asked = asked || a.RSVP
	}
	it.Props.SetBool(PidTagResponseRequested, asked)
	it.Parts |= PartRecipients
}

// setState sets whether it is a meeting, and whose.
func (it *Item) setState(e *calendar.Event) {
	flags, _ := it.Props.Int(PidLidAppointmentStateFlags)
	flags &^= stateCancelled
	if e.Cancelled {
		flags |= stateCancelled
	}
	if it.Parts&PartRecipients != 0 {
		flags &^= stateMeeting
	}
	if e.Meeting() || e.Organizer.Address != "" {
		flags |= stateMeeting
	}
	it.Props.SetInt(PidLidAppointmentStateFlags, flags)
	if e.Organizer.Address == "" {
		return
	}
	it.Props.SetString(PidTagSentRepresentingName, e.Organizer.Name)
	it.Props.SetString(PidTagSentRepresentingSMTP, e.Organizer.Address)
	it.Props.SetString(PidTagSentRepresentingAddress, e.Organizer.Address)
	it.Props.SetString(PidTagSentRepresentingAddressType, "SMTP")
}

// setSeries keeps the recurrence, and what of it other clients read.
func (it *Item) setSeries(e *calendar.Event) {
	it.Props.SetBytes(propSeries, encodeSeries(e))
	kinds := [...]int64{
		calendar.Daily: 1, calendar.Weekly: 2, calendar.AbsoluteMonthly: 3, calendar.RelativeMonthly: 3,
		calendar.AbsoluteYearly: 4, calendar.RelativeYearly: 4,
	} // [MS-OXOCAL] 2.2.1.45
	if i := int(e.Recurrence.Pattern); i < len(kinds) {
		it.Props.SetInt(PidLidRecurrenceType, kinds[i])
	}
	extent := extentOf(e)
	it.Props.SetTime(PidLidClipStart, extent.Start)
	it.Props.SetTime(PidLidClipEnd, extent.End)
}

// forever is the end of a series without one. [MS-OXOCAL] 2.2.1.18
var forever = time.Date(4500, 8, 31, 23, 59, 0, 0, time.UTC)

// extentOf is the stretch of time in which all occurrences lie, in whole days
// with two to spare at either end: governments move clocks, and what is indexed
// today must hold then.
func extentOf(e *calendar.Event) calendar.Interval {
	const spare = 48 * time.Hour
	out := calendar.Interval{Start: e.Start, End: forever}
	if first, ok := e.Recurrence.Begin(); ok {
		out.Start = e.OriginalTime(first).Start
	}
	if last, ok := e.Recurrence.Finish(); ok {
		out.End = e.OriginalTime(last).End
	} else if _, endless := e.Recurrence.Len(); endless {
		out.End = out.Start // an empty series
	}
	for i := range e.Exceptions {
		if x := &e.Exceptions[i]; x.Start.Before(out.Start) {
			out.Start = x.Start
		} else if x.End.After(out.End) {
			out.End = x.End
		}
	}
	out.Start = out.Start.UTC().Truncate(24 * time.Hour).Add(-spare)
	if out.End.Before(forever) {
		out.End = out.End.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + spare)
	}
	return out
}

// setID sets the UID and the two global object ids that stand for it.
func (it *Item) setID(uid string) {
	if uid == "" || uid == it.Props.String(PidNameCalendarUID) {
		return
	}
	uid = clean(uid, 1024)
	id := GlobalObjectID(uid)
	it.Props.SetString(PidNameCalendarUID, uid)
	it.Props.SetBytes(PidLidGlobalObjectID, id)
	it.Props.SetBytes(PidLidCleanGlobalObjectID, id)
}

// IsAppointment reports whether an item of the class lies in calendars, as
// against a message about one.
func IsAppointment(class string) bool {
	const c = "ipm.appointment"
	class = strings.ToLower(class)
	return class == c || strings.HasPrefix(class, c+".")
}

// damaged reports an event or a task that cannot be read, for Verify.
func (it *Item) damaged(zones *calendar.Zones) error {
	if it.Props.Has(propSeries) || it.Props.Has(propEventMore) || it.Props.Has(propZoneDefinition) {
		if _, err := it.Event(zones); err != nil {
			return err
		}
	}
	_, err := it.TaskRecurrence()
	return err
}
