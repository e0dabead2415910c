package easserver

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// What phones have been known to do with meeting mail: send an invitation again
// with every synchronization, for days, as long as somebody has not answered;
// change a meeting into what it was; accept twice and tell everybody. So mail goes
// out for a change that attendees can see and for no other, once for each, decided
// and noted in the transaction that makes the change; and no meeting sends more
// than a few rounds an hour, whatever a phone does.

// meetingRounds notes on a meeting when its attendees were written to.
const meetingRounds mailbox.Prop = 0x81FD0102

// maxRounds is how often within an hour the attendees of one meeting are written
// to.
const maxRounds = 10

// takeRound notes a round of mail on an item, and reports whether there may be one.
func takeRound(it *mailbox.Item, now time.Time) bool {
	var at []int64
	if b := it.Props.Bytes(meetingRounds); b != nil {
		_ = json.Unmarshal(b, &at) // what cannot be read bounds nothing, and is written anew
	}
	since := mailbox.Ticks(now.Add(-time.Hour))
	at = slices.DeleteFunc(at, func(t int64) bool { return t < since })
	if len(at) >= maxRounds {
		return false
	}
	b, _ := json.Marshal(append(at, mailbox.Ticks(now))) // nothing in it can fail
	it.Props.SetBytes(meetingRounds, b)
	return true
}

// desk is the mailbox from which the caller may write about meetings: his own, or
// that of somebody who lets him send for him. It is asked for before anything is
// changed: what cannot be told to others must not be done.
func (c *call) desk() (*delivery.Desk, error) {
	if c.h.Courier == nil {
		return nil, entente.Errorf(entente.Unavailable, "messages cannot be sent here")
	}
	owner, ok := c.s.Snapshot().FindMailbox(c.view.Mailbox())
	if !ok {
		return nil, entente.Errorf(entente.NotFound, "the mailbox belongs to nobody").Because(access.NonExistentMailbox)
	}
	d := &delivery.Desk{
		Poster: c.s, View: c.view, Sent: c.view, Owner: message.Address{Name: owner.Name, SMTP: string(owner.Mail)},
	}
	d.Sender = d.Owner
	self := c.s.Caller().Subject()
	if self.SID == owner.SID {
		return d, nil
	}
	if c.s.May(owner.Mailbox, access.SendAs) != nil {
		if err := c.s.May(owner.Mailbox, access.SendOnBehalf); err != nil {
			return nil, err
		}
		if a, ok := c.s.Snapshot().FindSID(self.SID); ok {
			d.Sender = message.Address{Name: a.Name, SMTP: string(a.Mail)}
		}
	}
	return d, nil
}

// concerns reports whether a change of an event is one that attendees see: of what
// is the owner's own, such as reminder, categories and how it counts for others,
// nobody is told.
func concerns(before, after *calendar.Event) bool {
	switch {
	case !before.Start.Equal(after.Start), !before.End.Equal(after.End), before.AllDay != after.AllDay,
		before.Subject != after.Subject, before.Location != after.Location, before.Cancelled != after.Cancelled,
		(before.Recurrence == nil) != (after.Recurrence == nil):
		return true
	case after.Recurrence != nil && !sameRule(before.Recurrence, after.Recurrence):
		return true
	case !sameText(before.Body, after.Body) || !sameText(before.BodyHTML, after.BodyHTML):
		return true
	}
	return !sameExceptions(before, after) || !samePeople(before.Attendees, after.Attendees)
}

// samePeople compares who is invited, and as what.
func samePeople(a, b []calendar.Attendee) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !slices.ContainsFunc(b, func(o calendar.Attendee) bool { return sameAddress(a[i].Address, o.Address) && a[i].Role == o.Role }) {
			return false
		}
	}
	return true
}

// sameExceptions reports whether the occurrences take place as before, as far as
// the exceptions go.
func sameExceptions(a, b *calendar.Event) bool {
	if !slices.Equal(a.Deleted, b.Deleted) || len(a.Exceptions) != len(b.Exceptions) {
		return false
	}
	for i := range a.Exceptions {
		x, y := &a.Exceptions[i], &b.Exceptions[i]
		if x.Original != y.Original {
			return false
		}
		one := a.At(calendar.Occurrence{Interval: calendar.Interval{Start: x.Start, End: x.End}, Original: x.Original, Exception: x})
		other := b.At(calendar.Occurrence{Interval: calendar.Interval{Start: y.Start, End: y.End}, Original: y.Original, Exception: y})
		one.Attendees, other.Attendees = nil, nil
		if x.Changed&calendar.AttendeesField != 0 || y.Changed&calendar.AttendeesField != 0 {
			one.Attendees, other.Attendees = x.Attendees, y.Attendees
		}
		if concerns(&one, &other) {
			return false
		}
	}
	return true
}

// A telling is what is to be told of a change, decided while it is made. Nil is one
// of which the server tells nobody.
type telling struct {
	desk   *delivery.Desk
	err    error // why the caller may not write to anybody
	before *mailbox.Item
	event  calendar.Event // before
	due    bool
}

// mayTell looks, before a change, whether anybody will have to be told of it, and
// by whom.
func (c *call) mayTell(it *mailbox.Item) (*telling, error) {
	if !c.serverSends() || othersMeeting(it) {
		return nil, nil
	}
	d, err := c.desk()
	if err != nil && len(it.Recipients) > 0 {
		return nil, err
	}
	return &telling{desk: d, err: err}, nil
}

// able reports whether attendees can be written to.
func (t *telling) able() bool { return t != nil && t.desk != nil }

// begin keeps the item as it is before the change. It runs in the transaction, and
// perhaps more than once.
func (t *telling) begin(it *mailbox.Item, e *calendar.Event) {
	if t == nil {
		return
	}
	was := *it
	was.Props = it.Props.Clone()
	was.Recipients = slices.Clone(it.Recipients)
	t.before, t.event, t.due = &was, *e, false
	t.event.Attendees = slices.Clone(e.Attendees)
}

// decide decides whether attendees are to be told, and notes it on the item. Nobody
// is told of what is over. Who may not tell them may not make the change.
func (t *telling) decide(c *call, it *mailbox.Item, e *calendar.Event) error {
	if t == nil || len(t.event.Attendees)+len(e.Attendees) == 0 || !concerns(&t.event, e) {
		return nil
	}
	if e.Recurrence == nil && e.End.Before(c.s.Now()) && t.event.End.Before(c.s.Now()) {
		return nil
	}
	if t.err != nil {
		return t.err
	}
	if t.due = takeRound(it, c.s.Now()); !t.due {
		c.fail("MeetingMailBound")
	}
	return nil
}

// finish tells them. The item is then as it is after that. That some could not be
// told is reported to the organizer by mail; the change itself is made.
func (t *telling) finish(c *call, after *mailbox.Item, instance time.Time, d calendar.Date) (*mailbox.Item, error) {
	if t == nil || !t.due {
		return after, nil
	}
	return c.h.Courier.Update(c.ctx, t.desk, delivery.Revision{
		Before: t.before, After: after, Instance: instance, Day: d, Changed: true, Save: true,
	})
}

// invite asks the attendees of a new meeting to it, once: what was sent is noted
// before it goes.
func (c *call) invite(d *delivery.Desk, it *mailbox.Item) (*mailbox.Item, error) {
	first := false
	out, err := c.view.UpdateItem(c.ctx, it.ID, 0, mailbox.PartRecipients, func(it *mailbox.Item) error {
		if first = !it.Props.Bool(mailbox.PidLidFInvited); !first {
			return nil
		}
		delivery.Organize(it, d.Owner, true, c.s.Now())
		takeRound(it, c.s.Now())
		return nil
	})
	if err != nil || !first {
		return out, err
	}
	return out, c.h.Courier.Invite(c.ctx, d, out, true)
}

func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }
