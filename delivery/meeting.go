package delivery

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente/calendar"
	"entente/mailbox"
	"entente/message"
)

// Classes of messages about meetings, [MS-OXOCAL] 2.2.5 to 2.2.9.
const (
	classRequest  = "IPM.Schedule.Meeting.Request"
	classCanceled = "IPM.Schedule.Meeting.Canceled"
	classResponse = "IPM.Schedule.Meeting.Resp."
	classCalendar = "IPM.Appointment"
)

// Bits of PidLidAppointmentStateFlags, [MS-OXOCAL] 2.2.1.10.
const (
	stateMeeting  = 1
	stateReceived = 2
	stateCanceled = 4
)

// Values of PidLidMeetingType, [MS-OXOCAL] 2.2.6.5: what a request is.
const (
	meetingNew    = 0x00001
	meetingFull   = 0x10000 // an update that has to be answered anew
	meetingInform = 0x20000 // one that has not
)

const canceledPrefix = "Canceled: "

// IsMeetingMessage reports whether an item of the class is a message about a
// meeting.
func IsMeetingMessage(class string) bool { return hasClass(class, "ipm.schedule.meeting.") }

// IsRequest reports whether an item of the class asks somebody to a meeting.
func IsRequest(class string) bool { return strings.EqualFold(class, classRequest) }

func hasClass(class, prefix string) bool {
	return len(class) > len(prefix) && strings.EqualFold(class[:len(prefix)], prefix)
}

// A Desk is where meetings are kept: a mailbox, whose owner organizes or
// attends them, and who sits at it.
type Desk struct {
	Poster Poster
	View   *mailbox.View
	Owner  message.Address // of the mailbox
	Sender message.Address // who acts; the owner, or somebody on his behalf
	// Inbox is the mailbox in which the message lies that is dealt with: a
	// delegate's own, for his copy. Sent is where copies of what is sent are
	// kept: with who acts. Nil is View.
	Inbox, Sent *mailbox.View
	// Unkept says that there is no place for copies: the mailbox of who acts is
	// another node's, and the owner's is not his to write in.
	Unkept bool
}

// putAway puts a message that has been dealt with into Deleted Items.
func (d *Desk) putAway(ctx context.Context, id mailbox.ItemID) error {
	v := d.View
	if d.Inbox != nil {
		v = d.Inbox
	}
	moved, err := v.DeleteItems(ctx, []mailbox.ItemID{id}, mailbox.MoveToDeletedItems)
	if err == nil {
		err = moved[0].Err
	}
	return err
}

// keep keeps a copy of what was sent.
func (d *Desk) keep(ctx context.Context, it *mailbox.Item) error {
	if d.Unkept {
		return nil
	}
	v := d.View
	if d.Sent != nil && d.Sent.Mailbox() != d.View.Mailbox() {
		var err error
		if it.Props, err = d.Sent.Translate(ctx, d.View, it.Props); err != nil {
			return err
		}
		v = d.Sent
	}
	folder, err := v.FolderByName(ctx, mailbox.SentItems)
	if err != nil {
		return err
	}
	it.Read = true
	return v.CreateItem(ctx, folder.ID, it)
}

// Organize makes an appointment one of the desk's owner before it is stored: it
// gets a UID that recognizes it everywhere, and, if it has attendees, its
// organizer. sent says that they will be told.
func Organize(it *mailbox.Item, owner message.Address, sent bool, at time.Time) {
	if it.Props.String(mailbox.PidNameCalendarUID) == "" && !it.Props.Has(mailbox.PidLidGlobalObjectID) {
		uid := newUID(at)
		id := mailbox.GlobalObjectID(uid)
		it.Props.SetString(mailbox.PidNameCalendarUID, uid)
		it.Props.SetBytes(mailbox.PidLidGlobalObjectID, id)
		it.Props.SetBytes(mailbox.PidLidCleanGlobalObjectID, id)
	}
	if !slices.ContainsFunc(it.Recipients, isAttendee) {
		return
	}
	setPerson(&it.Props, owner, mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingAddressType,
		mailbox.PidTagSentRepresentingAddress, mailbox.PidTagSentRepresentingSMTP)
	flags, _ := it.Props.Int(mailbox.PidLidAppointmentStateFlags)
	it.Props.SetInt(mailbox.PidLidAppointmentStateFlags, flags&^stateReceived|stateMeeting)
	it.Props.SetInt(mailbox.PidLidResponseStatus, int64(calendar.OrganizerResponse))
	it.Props.SetTime(mailbox.PidLidOwnerCriticalChange, at)
	if !it.Props.Has(mailbox.PidTagResponseRequested) {
		it.Props.SetBool(mailbox.PidTagResponseRequested, true)
	}
	if sent {
		it.Props.SetBool(mailbox.PidLidFInvited, true)
	}
}

func isAttendee(r mailbox.Recipient) bool {
	return !r.Organizer && r.Kind >= mailbox.Required && r.Kind <= mailbox.Resource
}

// newUID makes a UID in the form of Exchange's own: a global object id in hex.
// [MS-OXOCAL] 2.2.1.27
func newUID(at time.Time) string {
	ticks := mailbox.Ticks(at)
	var stamp [8]byte
	for i := range stamp {
		stamp[i] = byte(ticks >> (8 * i))
	}
	const head = "040000008200E00074C5B7101A82E008" + "00000000"
	return head + strings.ToUpper(hexOf(stamp[:])) + "0000000000000000" + "10000000" + strings.ToUpper(randomHex(16))
}

// A notice is one message about a meeting, to some of those concerned.
type notice struct {
	class, prefix string
	event         calendar.Event
	kind          int64 // PidLidMeetingType of a request
	intended      calendar.BusyStatus
	to            []calendar.Attendee
	attachments   []mailbox.Attachment
	proposed      calendar.Interval // of an answer: another time; zero for none
}

// post sends a notice and keeps a copy in Sent Items if asked to.
func (c *Courier) post(ctx context.Context, d *Desk, n *notice, save bool) error {
	if len(n.to) == 0 {
		return nil
	}
	it, err := n.item()
	if err != nil {
		return err
	}
	Sign(it, d.Sender, d.Owner, d.Poster.Now())
	l := letter{item: it, from: d.View, to: recipientsOf(n.to)}
	if err := c.send(ctx, d.Poster, &l); err != nil {
		return err
	}
	if !save {
		return nil
	}
	return d.keep(ctx, it)
}

func recipientsOf(list []calendar.Attendee) []mailbox.Recipient {
	out := make([]mailbox.Recipient, len(list))
	for i, a := range list {
		out[i] = mailbox.Recipient{Kind: mailbox.Required + mailbox.RecipientKind(min(a.Role, calendar.Resource)), Name: a.Name, Address: a.Address}
	}
	return out
}

// item writes the notice.
func (n *notice) item() (*mailbox.Item, error) {
	e := n.event
	e.Categories = nil
	if n.class == classRequest {
		e.Response = calendar.NoResponse
		e.Status = tentative(n.intended)
	}
	it := &mailbox.Item{Class: n.class, Parts: mailbox.AllParts, Attachments: slices.Clone(n.attachments)}
	if err := it.SetEvent(&e, mailbox.PartBody|mailbox.PartRecipients); err != nil {
		return nil, err
	}
	if hasClass(n.class, classResponse) {
		it.Recipients = recipientsOf(n.to)
	}
	ps := &it.Props
	ps.SetString(mailbox.PidTagSubject, n.prefix+e.Subject)
	ps.SetString(mailbox.PidTagSubjectPrefix, n.prefix)
	ps.SetString(mailbox.PidTagNormalizedSubject, e.Subject)
	ps.SetString(mailbox.PidTagConversationTopic, e.Subject)
	ps.SetString(mailbox.PidNameContentClass, "urn:content-classes:calendarmessage")
	ps.SetInt(mailbox.PidLidIntendedBusyStatus, int64(n.intended))
	flags := int64(stateMeeting | stateReceived)
	if e.Cancelled {
		flags |= stateCanceled
	}
	ps.SetInt(mailbox.PidLidAppointmentStateFlags, flags)
	if n.kind != 0 {
		ps.SetInt(mailbox.PidLidMeetingType, n.kind)
	}
	if !n.proposed.Start.IsZero() {
		ps.SetBool(mailbox.PidLidAppointmentCounterProposal, true)
		ps.SetTime(mailbox.PidLidAppointmentProposedStartWhole, n.proposed.Start)
		ps.SetTime(mailbox.PidLidAppointmentProposedEndWhole, n.proposed.End)
	}
	return it, nil
}

// tentative is how a meeting stands in a calendar until it is answered: one
// that takes no time does not begin to.
func tentative(intended calendar.BusyStatus) calendar.BusyStatus {
	if intended == calendar.StatusFree {
		return intended
	}
	return calendar.StatusTentative
}

// meetingOf reads the meeting that an item is, for its organizer.
func (d *Desk) meetingOf(it *mailbox.Item) (*calendar.Event, error) {
	e, err := d.View.Event(it)
	if err != nil {
		return nil, err
	}
	if e.Organizer.Address == "" {
		e.Organizer = calendar.Attendee{Name: d.Owner.Name, Address: d.Owner.SMTP}
	}
	return e, nil
}

// received reports whether a calendar item is somebody else's meeting.
func received(it *mailbox.Item) bool {
	flags, _ := it.Props.Int(mailbox.PidLidAppointmentStateFlags)
	return flags&stateReceived != 0
}

// Invite asks the attendees of a meeting that lies in the desk's calendar to it.
// Occurrences cannot be invited to by themselves before they are changed.
func (c *Courier) Invite(ctx context.Context, d *Desk, it *mailbox.Item, save bool) error {
	if it, err := Load(ctx, d.View, it.ID); err != nil || received(it) {
		return err
	} else if e, err := d.meetingOf(it); err != nil {
		return err
	} else {
		return c.post(ctx, d, d.request(e, it.Attachments, e.Attendees, meetingNew), save)
	}
}

func (d *Desk) request(e *calendar.Event, attachments []mailbox.Attachment, to []calendar.Attendee, kind int64) *notice {
	return &notice{class: classRequest, event: *e, kind: kind, intended: e.Status, to: to, attachments: attachments}
}

func (d *Desk) cancellation(e *calendar.Event, to []calendar.Attendee, note *mailbox.Body) *notice {
	called := *e
	called.Cancelled, called.Status = true, calendar.StatusFree
	called.ReminderSet = false
	setNote(&called, note)
	return &notice{class: classCanceled, prefix: canceledPrefix, event: called, intended: calendar.StatusFree, to: to}
}

// setNote puts what somebody writes about a meeting in the place of its own
// text.
func setNote(e *calendar.Event, note *mailbox.Body) {
	if note != nil {
		e.Body, e.BodyHTML = string(note.Text), string(note.HTML)
	}
}

// A Revision is a change of a meeting by its organizer.
type Revision struct {
	Before, After *mailbox.Item // with PartBody and PartRecipients
	// Instance is set for a change of one occurrence: when that would start if
	// nobody had changed it. Day is the occurrence's.
	Instance time.Time
	Day      calendar.Date
	// Changed tells only those whom the change concerns.
	Changed bool
	Save    bool // copies in Sent Items
}

// Update tells attendees of a change that has been stored: those who stay get
// an update, those who were taken out a cancellation. A change of the time or of
// the series has a new sequence number and has to be answered anew. It returns
// the calendar item as it is then.
func (c *Courier) Update(ctx context.Context, d *Desk, r Revision) (*mailbox.Item, error) {
	before, err := d.meetingOf(r.Before)
	if err != nil {
		return r.After, err
	}
	after, err := d.meetingOf(r.After)
	if err != nil || received(r.After) || len(before.Attendees)+len(after.Attendees) == 0 {
		return r.After, err
	}
	moved := moved(before, after)
	added := without(after.Attendees, before.Attendees)
	out, err := d.revise(ctx, &r, moved)
	if err != nil {
		return r.After, err
	}
	if after, err = d.meetingOf(out); err != nil {
		return out, err
	}
	loaded, err := Load(ctx, d.View, out.ID)
	if err != nil {
		return out, err
	}
	before.Instance, after.Instance = r.Instance, r.Instance
	if err := c.post(ctx, d, d.cancellation(before, without(before.Attendees, after.Attendees), nil), r.Save); err != nil {
		return out, err
	}
	told := without(after.Attendees, added)
	if r.Changed && !moved && sameMeeting(before, after) {
		told = nil
	}
	kind := int64(meetingInform)
	if moved {
		kind = meetingFull
	}
	if err := c.post(ctx, d, d.request(after, loaded.Attachments, told, kind), r.Save); err != nil {
		return out, err
	}
	return out, c.post(ctx, d, d.request(after, loaded.Attachments, added, meetingNew), r.Save)
}

// revise counts the change and forgets the answers that it has made void.
func (d *Desk) revise(ctx context.Context, r *Revision, moved bool) (*mailbox.Item, error) {
	now := d.Poster.Now()
	change := func(e *calendar.Event) {
		e.Stamp = now
		e.Organizer = calendar.Attendee{Name: d.Owner.Name, Address: d.Owner.SMTP}
		if !moved {
			return
		}
		e.Sequence++
		for i := range e.Attendees {
			e.Attendees[i].Response, e.Attendees[i].ResponseTime = calendar.UnknownResponse, time.Time{}
		}
	}
	const parts = mailbox.PartBody | mailbox.PartRecipients
	if r.Instance.IsZero() {
		return d.View.UpdateItem(ctx, r.After.ID, 0, parts, func(it *mailbox.Item) error {
			it.Props.SetBool(mailbox.PidLidFInvited, true)
			it.Props.SetInt(mailbox.PidLidResponseStatus, int64(calendar.OrganizerResponse))
			return d.edit(it, change)
		})
	}
	out, err := d.View.UpdateOccurrence(ctx, r.After.ID, r.Day, 0, parts, func(it *mailbox.Item) error { return d.edit(it, change) })
	return out.Item, err
}

// edit changes the event that an item is.
func (d *Desk) edit(it *mailbox.Item, change func(*calendar.Event)) error {
	e, err := d.View.Event(it)
	if err != nil {
		return err
	}
	change(e)
	return it.SetEvent(e, it.Parts&(mailbox.PartBody|mailbox.PartRecipients))
}

// moved reports whether a change makes answers void: another time, or another
// series. [MS-OXOCAL] 3.1.4.6.2
func moved(a, b *calendar.Event) bool {
	switch {
	case !a.Start.Equal(b.Start), !a.End.Equal(b.End), a.AllDay != b.AllDay, (a.Recurrence == nil) != (b.Recurrence == nil):
		return true
	}
	return a.Recurrence != nil && *a.Recurrence != *b.Recurrence
}

// sameMeeting reports whether a change is one of the list of attendees only.
func sameMeeting(a, b *calendar.Event) bool {
	return a.Subject == b.Subject && a.Location == b.Location && a.Body == b.Body && a.BodyHTML == b.BodyHTML &&
		a.Status == b.Status && a.Sensitivity == b.Sensitivity && a.Priority == b.Priority
}

// without returns those of list who are not in other.
func without(list, other []calendar.Attendee) []calendar.Attendee {
	return slices.DeleteFunc(slices.Clone(list), func(a calendar.Attendee) bool {
		return slices.ContainsFunc(other, func(b calendar.Attendee) bool { return strings.EqualFold(a.Address, b.Address) })
	})
}

// Cancel tells the attendees of a meeting that it does not take place. What
// becomes of the calendar item is for the caller: it is asked before it goes. A
// meeting that has begun and ended is called off to nobody's use, and so, as in
// Exchange, to nobody. instance is set for one occurrence.
func (c *Courier) Cancel(ctx context.Context, d *Desk, it *mailbox.Item, instance time.Time, note *mailbox.Body, save bool) error {
	if received(it) {
		return nil
	}
	e, err := d.meetingOf(it)
	if err != nil || len(e.Attendees) == 0 {
		return err
	}
	e.Sequence++
	e.Stamp, e.Instance = d.Poster.Now(), instance
	if !instance.IsZero() {
		e.Recurrence, e.Exceptions, e.Deleted = nil, nil, nil
	}
	if e.Recurrence == nil && e.End.Before(d.Poster.Now()) {
		return nil
	}
	return c.post(ctx, d, d.cancellation(e, e.Attendees, note), save)
}
