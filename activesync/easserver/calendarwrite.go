package easserver

import (
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// maxShownExceptions is how many exceptions of a series the schema has room for:
// the latest are shown.
const maxShownExceptions = 1000

// write implements class. [MS-ASCAL] 2.2.2
func (calendarClass) write(c *call, it *mailbox.Item, o *options) error {
	e, err := c.view.Event(it)
	if err != nil {
		return err
	}
	x := eventWriter{call: c, w: c.out, it: it, e: e}
	x.shown, x.zone = c.onPhone(e)
	x.when()
	x.what()
	x.who()
	if e.Recurrence != nil {
		x.series(o)
	}
	if c.at(activesync.V160) {
		writeAttachments(c, it)
	}
	return writeBody(c, it, o)
}

// An eventWriter writes one appointment.
type eventWriter struct {
	*call
	w     *wbxml.Writer
	it    *mailbox.Item
	e     *calendar.Event
	shown *calendar.Event // as the phone is to see it, see onPhone
	zone  string
}

// dayTimeOf writes a day as the versions from 16.0 on have those of all-day events:
// midnight, wherever that is. [MS-ASCAL] 2.2.2.42
func dayTimeOf(d calendar.Date) time.Time {
	year, month, n := d.Civil()
	return time.Date(year, month, n, 0, 0, 0, 0, time.UTC)
}

// floats reports whether an all-day event is of days, not of instants.
func (c *call) floats(allDay bool) bool { return allDay && c.at(activesync.V160) }

// instant is how a time of an event is written.
func (c *call) instant(t time.Time, allDay bool, z calendar.Zone) time.Time {
	if c.floats(allDay) {
		d, _ := z.Wall(t)
		return dayTimeOf(d)
	}
	return t
}

func (x *eventWriter) when() {
	e := x.shown
	if !x.floats(e.AllDay) {
		x.w.Text(wbxml.CalendarTimezone, x.zone)
	}
	x.w.Bool(wbxml.CalendarAllDayEvent, e.AllDay)
	writeCompact(x.w, wbxml.CalendarDtStamp, x.stamp())
	writeCompact(x.w, wbxml.CalendarStartTime, x.instant(e.Start, e.AllDay, e.Zone))
	writeCompact(x.w, wbxml.CalendarEndTime, x.instant(e.End, e.AllDay, e.Zone))
}

func (x *eventWriter) stamp() time.Time {
	if !x.e.Stamp.IsZero() {
		return x.e.Stamp
	}
	return x.it.Modified
}

func (x *eventWriter) what() {
	e := x.e
	x.w.Text(wbxml.CalendarSubject, e.Subject)
	if e.UID != "" {
		x.w.Text(wbxml.CalendarUID, shownUID(e.UID))
	}
	x.location(e.Location, placeOf(x.it))
	x.w.Int(wbxml.CalendarSensitivity, int64(e.Sensitivity))
	x.w.Int(wbxml.CalendarBusyStatus, int64(shownBusy(e.Status)))
	if e.ReminderSet {
		x.w.Int(wbxml.CalendarReminder, int64(e.ReminderMinutes))
	}
	x.categories(e.Categories)
}

func (x *eventWriter) location(name string, more place) {
	switch {
	case x.at(activesync.V160):
		writeLocation(x.w, name, more)
	case name != "":
		x.w.Text(wbxml.CalendarLocation, name)
	}
}

// shownBusy is a status as the schema has it: who works elsewhere can be met.
// [MS-ASCAL] 2.2.2.9
func shownBusy(s calendar.BusyStatus) calendar.BusyStatus {
	switch {
	case s == calendar.StatusWorkingElsewhere:
		return calendar.StatusFree
	case s > calendar.StatusWorkingElsewhere:
		return calendar.StatusBusy
	}
	return s
}

// maxEventCategories is what the schema has room for.
const maxEventCategories = 300

func (x *eventWriter) categories(list []string) {
	if len(list) == 0 {
		return
	}
	x.w.Start(wbxml.CalendarCategories)
	for _, s := range list[:min(len(list), maxEventCategories)] {
		x.w.Text(wbxml.CalendarCategory, s)
	}
	x.w.End()
}

// othersMeeting reports whether the item is somebody else's meeting.
func othersMeeting(it *mailbox.Item) bool {
	flags, _ := it.Props.Int(mailbox.PidLidAppointmentStateFlags)
	return flags&stateReceived != 0
}

// meetingStatus is what an event is to the owner of its calendar. [MS-ASCAL]
// 2.2.2.28
func meetingStatus(e *calendar.Event, received bool) int64 {
	if e.Organizer.Address == "" && !e.Meeting() {
		return 0
	}
	n := int64(stateMeeting)
	if received {
		n |= stateReceived
	}
	if e.Cancelled {
		n |= stateCancelled
	}
	return n
}

func (x *eventWriter) who() {
	e, ps := x.e, &x.it.Props
	status := meetingStatus(e, othersMeeting(x.it))
	x.w.Int(wbxml.CalendarMeetingStatus, status)
	if status == 0 {
		if x.at(activesync.V140) {
			x.w.Int(wbxml.CalendarResponseType, 0)
		}
		return
	}
	if e.Organizer.Address != "" {
		name := e.Organizer.Name
		if name == "" {
			name = e.Organizer.Address
		}
		x.w.Text(wbxml.CalendarOrganizerName, name)
		x.w.Text(wbxml.CalendarOrganizerEmail, e.Organizer.Address)
	}
	x.attendees(e.Attendees)
	if !x.at(activesync.V140) {
		return
	}
	x.w.Bool(wbxml.CalendarResponseRequested, responseRequested(ps))
	if ps.Bool(mailbox.PidLidAppointmentNotAllowPropose) {
		x.w.Bool(wbxml.CalendarDisallowNewTimeProposal, true)
	}
	if t, ok := ps.Time(mailbox.PidLidAppointmentReplyTime); ok {
		writeCompact(x.w, wbxml.CalendarAppointmentReplyTime, t)
	}
	x.w.Int(wbxml.CalendarResponseType, int64(x.response(e.Response)))
	if x.at(activesync.V141) {
		x.links(ps.String(mailbox.PidLidNetShowURL))
	}
}

// response is the owner's own answer, which of an organizer is that he is.
func (x *eventWriter) response(r calendar.Response) calendar.Response {
	if !othersMeeting(x.it) {
		return calendar.OrganizerResponse
	}
	if r == calendar.UnknownResponse || r == calendar.OrganizerResponse {
		return calendar.NoResponse
	}
	return r
}

// links writes where a meeting takes place on line. [MS-ASCAL] 2.2.2.33, 2.2.2.34
func (x *eventWriter) links(url string) {
	switch scheme, _, _ := strings.Cut(url, ":"); strings.ToLower(scheme) {
	case "conf", "sip", "sips":
		x.w.Text(wbxml.CalendarOnlineMeetingConfLink, url)
	case "https", "http":
		x.w.Text(wbxml.CalendarOnlineMeetingExternalLink, url)
	}
}

func (x *eventWriter) attendees(list []calendar.Attendee) {
	if len(list) == 0 {
		return
	}
	x.w.Start(wbxml.CalendarAttendees)
	for i := range list {
		a := &list[i]
		x.w.Start(wbxml.CalendarAttendee)
		x.w.Text(wbxml.CalendarEmail, a.Address)
		name := a.Name
		if name == "" {
			name = a.Address
		}
		x.w.Text(wbxml.CalendarName, name)
		x.w.Int(wbxml.CalendarAttendeeStatus, attendeeStatus(a.Response))
		x.w.Int(wbxml.CalendarAttendeeType, int64(a.Role)+1)
		x.w.End()
	}
	x.w.End()
}

// attendeeStatus is what an attendee has answered. [MS-ASCAL] 2.2.2.5
func attendeeStatus(r calendar.Response) int64 {
	if r < calendar.TentativelyAccepted || r > calendar.NoResponse {
		return 0
	}
	return int64(r)
}

// untilOf is the text of Until: when the last occurrence that may be would start.
// [MS-ASCAL] 2.2.2.47
func untilOf(e *calendar.Event, floats bool) string {
	if e.Recurrence.Range != calendar.EndDate {
		return ""
	}
	if floats {
		return compact(dayTimeOf(e.Recurrence.End))
	}
	return compact(e.OriginalTime(e.Recurrence.End).Start)
}

func (x *eventWriter) series(o *options) {
	x.w.Start(wbxml.CalendarRecurrence)
	calendarRecurrence().write(x.w, x.e.Recurrence, untilOf(x.shown, x.floats(x.e.AllDay)), x.at)
	x.w.End()
	changed, deleted := x.e.Exceptions, x.e.Deleted
	if len(changed)+len(deleted) == 0 {
		return
	}
	deleted = deleted[max(0, len(deleted)-maxShownExceptions/2):]
	changed = changed[max(0, len(changed)-(maxShownExceptions-len(deleted))):]
	x.w.Start(wbxml.CalendarExceptions)
	for i, j := 0, 0; i < len(changed) || j < len(deleted); {
		x.w.Start(wbxml.CalendarException)
		if j < len(deleted) && (i == len(changed) || deleted[j] < changed[i].Original) {
			x.w.Bool(wbxml.CalendarDeleted, true)
			x.instanceID(deleted[j])
			j++
		} else {
			x.instanceID(changed[i].Original)
			x.exception(&changed[i], o)
			i++
		}
		x.w.End()
	}
	x.w.End()
}

// instanceID names an occurrence: by when it would start if nobody had changed it.
// [MS-ASCAL] 2.2.2.23, [MS-ASAIRS] 2.2.2.25
func (x *eventWriter) instanceID(d calendar.Date) {
	tag := wbxml.CalendarExceptionStartTime
	if x.at(activesync.V160) {
		tag = wbxml.AirSyncBaseInstanceId
	}
	writeCompact(x.w, tag, x.instanceTime(d))
}

func (x *eventWriter) instanceTime(d calendar.Date) time.Time {
	if x.floats(x.e.AllDay) {
		return dayTimeOf(d)
	}
	return x.shown.OriginalTime(d).Start
}

// exception writes what makes an occurrence differ from its series. [MS-ASCAL]
// 2.2.2.21
func (x *eventWriter) exception(c *calendar.Exception, o *options) {
	has := func(f calendar.Fields) bool { return c.Changed&f != 0 }
	allDay := x.e.AllDay
	if has(calendar.AllDayField) {
		allDay = c.AllDay
	}
	if has(calendar.SubjectField) {
		x.w.Text(wbxml.CalendarSubject, c.Subject)
	}
	writeCompact(x.w, wbxml.CalendarStartTime, x.instant(c.Start, allDay, x.e.Zone))
	writeCompact(x.w, wbxml.CalendarEndTime, x.instant(c.End, allDay, x.e.Zone))
	if has(calendar.AllDayField) {
		x.w.Bool(wbxml.CalendarAllDayEvent, c.AllDay)
	}
	if has(calendar.LocationField) {
		x.exceptionLocation(c.Location)
	}
	if has(calendar.CategoriesField) {
		x.exceptionCategories(c.Categories)
	}
	if has(calendar.SensitivityField) {
		x.w.Int(wbxml.CalendarSensitivity, int64(c.Sensitivity))
	}
	if has(calendar.StatusField) {
		x.w.Int(wbxml.CalendarBusyStatus, int64(shownBusy(c.Status)))
	}
	switch {
	case has(calendar.ReminderField) && c.ReminderSet:
		x.w.Int(wbxml.CalendarReminder, int64(c.ReminderMinutes))
	case has(calendar.ReminderField):
		x.w.Empty(wbxml.CalendarReminder)
	}
	stamp := c.Stamp
	if stamp.IsZero() {
		stamp = x.stamp()
	}
	writeCompact(x.w, wbxml.CalendarDtStamp, stamp)
	x.exceptionMeeting(c)
	if has(calendar.BodyField) {
		body := &mailbox.Item{ID: x.it.ID, Folder: x.it.Folder, Class: x.it.Class, Parts: mailbox.PartBody, Body: &mailbox.Body{}}
		if c.Body != "" {
			body.Body.Text = []byte(c.Body)
		}
		if c.BodyHTML != "" {
			body.Body.HTML = []byte(c.BodyHTML)
		}
		writeExceptionBody(x.call, body, o)
	}
}

// exceptionLocation says, too, that an occurrence has no place where its series
// has one.
func (x *eventWriter) exceptionLocation(name string) {
	if x.at(activesync.V160) {
		writeLocation(x.w, name, nil)
		return
	}
	x.w.Text(wbxml.CalendarLocation, name)
}

func (x *eventWriter) exceptionCategories(list []string) {
	if len(list) == 0 {
		x.w.Empty(wbxml.CalendarCategories)
		return
	}
	x.categories(list)
}

// exceptionMeeting writes of a meeting what the versions since 14.0 say of its
// occurrences.
func (x *eventWriter) exceptionMeeting(c *calendar.Exception) {
	if c.Changed&(calendar.CancelledField|calendar.AttendeesField|calendar.ResponseField) == 0 {
		return
	}
	at := x.e.At(calendar.Occurrence{Interval: calendar.Interval{Start: c.Start, End: c.End}, Original: c.Original, Exception: c})
	if c.Changed&(calendar.CancelledField|calendar.AttendeesField) != 0 {
		x.w.Int(wbxml.CalendarMeetingStatus, meetingStatus(&at, othersMeeting(x.it)))
	}
	if !x.at(activesync.V140) {
		return
	}
	if c.Changed&calendar.AttendeesField != 0 {
		x.attendees(c.Attendees)
	}
	if c.Changed&calendar.ResponseField != 0 {
		x.w.Int(wbxml.CalendarResponseType, int64(x.response(c.Response)))
	}
}

// writeExceptionBody writes the body of one occurrence, beside which nothing else
// may say what it is kept as.
func writeExceptionBody(c *call, it *mailbox.Item, o *options) {
	b := bodySource{c: c, it: it, o: o, text: it.Body.Text, html: it.Body.HTML}
	if p, data, err := b.choose(); err == nil && p.kind != mimeBody {
		b.write(p, data)
	}
}
