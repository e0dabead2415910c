package easserver

import (
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// maxEvent is the longest appointment: five years, as by EWS.
const maxEvent = 1825 * 24 * time.Hour

// An eventEdit does to an event what ApplicationData, or an Exception in it, says.
type eventEdit struct {
	*call
	in *wbxml.Element
	o  *options // nil for a new event
	it *mailbox.Item
	e  *calendar.Event
	// shown is the event as the phone was shown it, and zone the time zone's text:
	// who sends back what he was shown changes nothing. Nil of a new event.
	shown *calendar.Event
	zone  string
	// single says that one occurrence of a series is changed.
	single bool
	// had is the event's zone before, and told the one that the phone named.
	had, told calendar.Zone
	err       error
}

// editOf begins to change an item.
func (c *call) editOf(it *mailbox.Item, in *wbxml.Element, o *options) (*eventEdit, error) {
	e, err := c.view.Event(it)
	if err != nil {
		return nil, err
	}
	x := &eventEdit{call: c, in: in, o: o, it: it, e: e, had: e.Zone}
	x.shown, x.zone = c.onPhone(e)
	return x, nil
}

// named returns an element that is there. An element that the phone knows, as it
// said by Supported, and leaves out of a change is gone, which an empty one says
// too. In 16.0 and later, what is left out stays. [MS-ASCMD] 2.2.3.179
func (x *eventEdit) named(tag wbxml.Tag) (el *wbxml.Element, gone bool) {
	if el = x.in.Child(tag); el != nil {
		return el, false
	}
	ghosted := x.o == nil || x.single || x.at(activesync.V160) || !x.o.supported[tag]
	return nil, !ghosted
}

// container is named for elements that hold others: an empty one is as gone.
func (x *eventEdit) container(tag wbxml.Tag) (el *wbxml.Element, gone bool) {
	el, gone = x.named(tag)
	if el != nil {
		for range el.Children() {
			return el, false
		}
		return nil, true
	}
	return nil, gone
}

func (x *eventEdit) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

func badValue(tag wbxml.Tag, s string) error {
	return entente.Errorf(entente.Invalid, "%s cannot be %.40q", tag.Name(), s)
}

// number reads an element with a number in a range.
func (x *eventEdit) number(tag wbxml.Tag, to int, set func(n int)) {
	el, gone := x.named(tag)
	s := el.Text()
	if el == nil && !gone || el != nil && s == "" && tag != wbxml.CalendarReminder {
		return // an empty number says nothing
	}
	if s == "" {
		set(0)
		return
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > to {
		x.fail(badValue(tag, s))
		return
	}
	set(n)
}

// flag reads an element with 1 or 0.
func (x *eventEdit) flag(tag wbxml.Tag, set func(bool)) {
	el, gone := x.named(tag)
	if el == nil && !gone {
		return
	}
	switch el.Text() {
	case "1", "true":
		set(true)
	case "", "0", "false":
		set(false)
	default:
		x.fail(badValue(tag, el.Text()))
	}
}

// apply does it. The event is then to be set in the item.
func (x *eventEdit) apply() error {
	x.texts()
	x.marks()
	x.body()
	x.people()
	x.times()
	return x.err
}

func (x *eventEdit) texts() {
	if el, gone := x.named(wbxml.CalendarSubject); el != nil || gone {
		x.e.Subject = cutAt(el.Text(), maxText)
	}
	x.location()
	if el, gone := x.container(wbxml.CalendarCategories); el != nil || gone {
		x.e.Categories = nil
		for one := range el.All(wbxml.CalendarCategory) {
			if s := one.Text(); s != "" && len(x.e.Categories) < maxEventCategories {
				x.e.Categories = append(x.e.Categories, cutAt(s, 255))
			}
		}
	}
}

// location reads the place: text in the older versions, an element with parts in
// the newer ones. Either is taken of both.
func (x *eventEdit) location() {
	if el := x.in.Child(wbxml.AirSyncBaseLocation); el != nil {
		name, more := readPlace(el)
		x.e.Location = name
		if !x.single {
			setPlace(x.it, name, more)
		}
		return
	}
	if el, gone := x.named(wbxml.CalendarLocation); el != nil || gone {
		x.e.Location = cutAt(el.Text(), maxText)
	}
}

func (x *eventEdit) marks() {
	x.number(wbxml.CalendarBusyStatus, int(calendar.StatusWorkingElsewhere), func(n int) {
		if s := calendar.BusyStatus(n); x.o == nil || s != shownBusy(x.e.Status) {
			x.e.Status = s
		}
	})
	x.number(wbxml.CalendarSensitivity, int(calendar.Confidential), func(n int) { x.e.Sensitivity = calendar.Sensitivity(n) })
	el, gone := x.named(wbxml.CalendarReminder)
	switch {
	case el == nil && !gone:
	case el.Text() == "":
		x.e.ReminderSet, x.e.ReminderMinutes = false, 0
	default:
		x.number(wbxml.CalendarReminder, 1<<31-1, func(n int) { x.e.ReminderSet, x.e.ReminderMinutes = true, n })
	}
}

// body reads the text. A phone that was shown a page as plain text, or plain text as
// a page, and sends back what it was shown does not mean to change one into the
// other.
func (x *eventEdit) body() {
	b, err := readBody(x.in)
	if err != nil {
		x.fail(err)
		return
	}
	if b == nil || shownText(b, x.e) {
		return
	}
	x.e.Body, x.e.BodyHTML = string(b.Text), string(b.HTML)
}

// shownText reports whether a body is that of the event in its other form.
func shownText(b *mailbox.Body, e *calendar.Event) bool {
	switch {
	case b.HTML == nil && e.Body == "" && e.BodyHTML != "":
		return sameText(string(b.Text), message.HTMLToText(e.BodyHTML))
	case b.HTML != nil && e.BodyHTML == "" && e.Body != "":
		return sameText(string(b.HTML), message.TextToHTML(e.Body))
	}
	return false
}

func sameText(a, b string) bool {
	fields := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return fields(a) == fields(b)
}

// people reads who is invited. Of somebody else's meeting that is not for the
// phone to say.
func (x *eventEdit) people() {
	if othersMeeting(x.it) && x.o != nil {
		return
	}
	asked := len(x.e.Attendees) == 0
	for i := range x.e.Attendees {
		asked = asked || x.e.Attendees[i].RSVP
	}
	x.flag(wbxml.CalendarResponseRequested, func(b bool) { asked = b })
	if !x.single {
		x.flag(wbxml.CalendarDisallowNewTimeProposal, func(b bool) { x.it.Props.SetBool(mailbox.PidLidAppointmentNotAllowPropose, b) })
	}
	x.number(wbxml.CalendarMeetingStatus, 15, func(n int) { x.e.Cancelled = n&stateCancelled != 0 })
	if el, gone := x.container(wbxml.CalendarAttendees); el != nil || gone {
		x.attendees(el)
	}
	for i := range x.e.Attendees {
		x.e.Attendees[i].RSVP = asked
	}
}

// attendees reads the list. What somebody has answered is his to say: the answers
// of those who are on it already stay.
func (x *eventEdit) attendees(in *wbxml.Element) {
	before := x.e.Attendees
	x.e.Attendees = nil
	own := x.owner().SMTP
	for one := range in.All(wbxml.CalendarAttendee) {
		a, ok := readAttendee(one)
		if !ok || strings.EqualFold(a.Address, own) {
			continue // the organizer is on no list of his own
		}
		for i := range before {
			if strings.EqualFold(before[i].Address, a.Address) {
				a.Response, a.ResponseTime = before[i].Response, before[i].ResponseTime
				if a.Name == "" || a.Name == a.Address {
					a.Name = before[i].Name
				}
			}
		}
		if x.e.Attendees = append(x.e.Attendees, a); len(x.e.Attendees) > delivery.MaxRecipients {
			x.fail(entente.Errorf(entente.TooLarge, "a meeting has too many attendees"))
			return
		}
	}
}

func readAttendee(in *wbxml.Element) (calendar.Attendee, bool) {
	a := calendar.Attendee{Name: in.Get(wbxml.CalendarName), Address: strings.TrimSpace(in.Get(wbxml.CalendarEmail))}
	a.Address = strings.TrimPrefix(a.Address, "mailto:")
	if strings.ContainsAny(a.Address, "<\" ") { // with a name. [MS-ASDTYPE] 2.7.3
		if parsed, err := message.ParseAddress(a.Address); err == nil {
			a.Address = parsed.SMTP
			if a.Name == "" {
				a.Name = parsed.Name
			}
		}
	}
	if a.Name == "" {
		a.Name = a.Address
	}
	a.Name, a.Address = cutAt(a.Name, 1024), cutAt(a.Address, 1024)
	if n, err := strconv.Atoi(in.Get(wbxml.CalendarAttendeeType)); err == nil && n >= 1 && n <= 3 {
		a.Role = calendar.Role(n - 1)
	}
	if n, err := strconv.Atoi(in.Get(wbxml.CalendarAttendeeStatus)); err == nil && attendeeStatus(calendar.Response(n)) == int64(n) {
		a.Response = calendar.Response(n)
	}
	return a, a.Address != ""
}

// owner is whose calendar it is.
func (c *call) owner() message.Address {
	a, _ := c.s.Snapshot().FindMailbox(c.view.Mailbox())
	return message.Address{Name: a.Name, SMTP: string(a.Mail)}
}
