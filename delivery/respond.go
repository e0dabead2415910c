package delivery

import (
	"context"
	"time"

	"entente"
	"entente/calendar"
	"entente/mailbox"
)

// An Answer is what somebody says to a meeting.
type Answer struct {
	// To is the request, or the meeting in the calendar; of an occurrence, as
	// View.Occurrence returns it. With AllParts.
	To *mailbox.Item
	// Instance is set for one occurrence: when it would start if nobody had
	// changed it.
	Instance time.Time
	Response calendar.Response // Accepted, TentativelyAccepted or Declined
	Note     *mailbox.Body     // to the organizer; nil for none
	Send     bool              // tells the organizer, if he wants to know
	Save     bool              // a copy in Sent Items
	// Proposed is the time that is proposed instead; zero for none.
	// [MS-OXOCAL] 3.1.4.8.4
	Proposed calendar.Interval
}

// Respond answers a meeting for the desk's owner: the calendar gets the answer,
// a request that was answered goes to Deleted Items, and so does what was
// declined. It returns the item of the calendar, nil if it has none now.
func (c *Courier) Respond(ctx context.Context, d *Desk, a Answer) (*mailbox.Item, error) {
	m, err := d.matter(ctx, &a)
	if err != nil {
		return nil, err
	}
	out, err := m.answer(ctx, &a)
	if err != nil {
		return nil, err
	}
	if IsRequest(a.To.Class) {
		if err := d.putAway(ctx, a.To.ID); err != nil {
			return out, err
		}
	}
	wanted := !a.To.Props.Has(mailbox.PidTagResponseRequested) || a.To.Props.Bool(mailbox.PidTagResponseRequested)
	if !a.Send || !wanted {
		return out, nil
	}
	return out, c.answer(ctx, d, m.event, subjectOf(a.To, m.event), &a)
}

// matter finds out what an answer is about.
func (d *Desk) matter(ctx context.Context, a *Answer) (*matter, error) {
	request := IsRequest(a.To.Class)
	if !request && !mailbox.IsAppointment(a.To.Class) {
		return nil, errNotMeeting()
	}
	e, err := d.View.Event(a.To)
	switch {
	case err != nil:
		return nil, err
	case e.Organizer.Address == "":
		return nil, errNotMeeting()
	case !received(a.To):
		return nil, entente.Errorf(entente.Invalid, "the organizer does not answer his own meeting").Because(IsOrganizer)
	case e.Cancelled:
		return nil, entente.Errorf(entente.Invalid, "the meeting has been called off").Because(MeetingCancelled)
	}
	m := &matter{Desk: d, event: e, item: a.To, known: a.To, attachments: a.To.Attachments}
	if !a.Instance.IsZero() {
		e.Instance = a.Instance
		m.known, err = d.View.Item(ctx, a.To.ID, mailbox.PartBody|mailbox.PartRecipients)
		return m, err
	}
	if request {
		m.known, err = d.find(ctx, e.UID)
	}
	return m, err
}

// answer brings the calendar up to an answer.
func (m *matter) answer(ctx context.Context, a *Answer) (*mailbox.Item, error) {
	if m.known == nil {
		if a.Response == calendar.Declined {
			return nil, nil
		}
		return m.create(ctx, a.Response)
	}
	known, err := m.View.Event(m.known)
	if err != nil {
		return nil, err
	}
	if IsRequest(a.To.Class) {
		if m.foreign() {
			return nil, errNotMeeting()
		}
		if m.outdated(known) {
			return nil, entente.Errorf(entente.Conflict, "a newer request for the meeting has come").Because(MeetingOutOfDate)
		}
	}
	if a.Response == calendar.Declined {
		return nil, m.remove(ctx, known)
	}
	now := m.Poster.Now()
	return m.change(ctx, known, func(e *calendar.Event, it *mailbox.Item) {
		if IsRequest(a.To.Class) {
			m.apply(e)
		}
		e.Response, e.Status = a.Response, status(a.Response, m.intended())
		it.Props.SetTime(mailbox.PidLidAppointmentReplyTime, now)
	})
}

// responseForm returns the class and the prefix of an answer.
func responseForm(r calendar.Response) (class, prefix string, ok bool) {
	switch r {
	case calendar.Accepted:
		return classResponse + "Pos", "Accepted: ", true
	case calendar.TentativelyAccepted:
		return classResponse + "Tent", "Tentative: ", true
	case calendar.Declined:
		return classResponse + "Neg", "Declined: ", true
	}
	return "", "", false
}

// answer tells the organizer.
func (c *Courier) answer(ctx context.Context, d *Desk, e *calendar.Event, subject string, a *Answer) error {
	r := a.Response
	class, prefix, ok := responseForm(r)
	if !ok {
		return errNotMeeting()
	}
	reply := *e
	reply.Subject, reply.Method, reply.ReminderSet = subject, "REPLY", false
	reply.Organizer = calendar.Attendee{} // whom the message is from is set by Sign
	reply.Attendees = []calendar.Attendee{{Name: d.Owner.Name, Address: d.Owner.SMTP, Response: r}}
	reply.Response = r
	reply.Body, reply.BodyHTML = "", ""
	setNote(&reply, a.Note)
	n := &notice{
		class: class, prefix: prefix, event: reply, intended: status(r, e.Status),
		to:       []calendar.Attendee{{Name: e.Organizer.Name, Address: e.Organizer.Address}},
		proposed: a.Proposed,
	}
	if !a.Proposed.Start.IsZero() {
		n.prefix = "New Time Proposed: "
	}
	return c.post(ctx, d, n, a.Save)
}

// Remove takes a meeting that was called off out of the calendar, by the message
// that says so, and puts that away too.
func (c *Courier) Remove(ctx context.Context, d *Desk, cancellation *mailbox.Item) error {
	if hasClass(cancellation.Class, classResponse) || !IsMeetingMessage(cancellation.Class) {
		return errNotMeeting()
	}
	e, err := d.View.Event(cancellation)
	if err != nil {
		return err
	}
	m := &matter{Desk: d, event: e, item: cancellation}
	if m.known, err = d.find(ctx, e.UID); err != nil {
		return err
	}
	if m.known != nil && !m.foreign() {
		known, err := d.View.Event(m.known)
		if err == nil {
			err = m.remove(ctx, known)
		}
		if err != nil {
			return err
		}
	}
	return d.putAway(ctx, cancellation.ID)
}
