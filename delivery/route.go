package delivery

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
	"entente/message"
)

// Reasons of what becomes of messages on a route.
const (
	Expired    entente.Reason = "delivery-expired" // it could not be delivered for too long
	NotInvited entente.Reason = "not-invited"      // an answer to what nobody asked
)

// A Route brings messages to people whose mailboxes are not of this
// organization: the relay is one.
type Route interface {
	// Leads reports whether mail to an address goes this way.
	Leads(to entente.SMTPAddress) bool
	// Carry takes a message in keeping. Once it has returned nil the message
	// arrives, or its sender hears that it does not. Kind Denied: it may not go
	// this way.
	Carry(ctx context.Context, p Parcel) error
}

// A Parcel is a message on its way along a route.
type Parcel struct {
	Sender message.Address // who did it
	From   message.Address // in whose name
	To     []entente.SMTPAddress
	Class  string
	// Automatic is a message of a program's: nobody hears if it does not arrive. RFC
	// 3834 3.3
	Automatic bool
	// AutoForwarded is one that a rule of its first recipient's sends on.
	AutoForwarded bool
	// Receipt asks for word when it has arrived. RFC 3461 4.1
	Receipt bool
	// Arrival, if set, names the sending, of which this is one try.
	Arrival string
	// Message is RFC 5322, with the calendar part by which others' programs
	// understand what is about a meeting.
	Message []byte
	// Answer is set if the message answers a meeting.
	Answer *MeetingAnswer
}

// A MeetingAnswer is all that an answer to a meeting says to a program.
type MeetingAnswer struct {
	UID      string
	Instance time.Time // the one occurrence that is answered; zero for the whole
	Sequence int
	Response calendar.Response
	At       time.Time
}

// routeTo returns the route that leads to an address, nil if none does.
func (c *Courier) routeTo(a entente.SMTPAddress) Route {
	for _, r := range c.Routes {
		if r.Leads(a) {
			return r
		}
	}
	return nil
}

// carry hands a letter to the routes. What cannot go by one of them has failed for
// all whom that one leads to.
func (c *Courier) carry(ctx context.Context, l *letter, to []mailbox.Recipient) (failed []failure) {
	for _, r := range c.Routes {
		var by, rest []mailbox.Recipient
		for i := range to {
			if a, err := entente.ParseSMTPAddress(to[i].Address); err == nil && r.Leads(a) {
				by = append(by, to[i])
			} else {
				rest = append(rest, to[i])
			}
		}
		to = rest
		if len(by) == 0 {
			continue
		}
		p, err := l.parcel(by)
		if err == nil {
			err = r.Carry(ctx, p)
		}
		for i := range by {
			if err != nil {
				failed = append(failed, failure{by[i], statusOf(err), err})
			}
		}
	}
	for i := range to { // a route was there when the address was looked up
		failed = append(failed, failure{asked: to[i], status: statusNoRoute})
	}
	return failed
}

// parcel writes a letter as a message of RFC 5322. Blind recipients stand in the
// envelope alone.
func (l *letter) parcel(to []mailbox.Recipient) (Parcel, error) {
	p := Parcel{
		Sender: sender(l.item), From: represented(l.item), Class: l.item.Class, Arrival: l.item.Arrival,
		Automatic: mechanical(l.item), AutoForwarded: l.item.Props.Bool(mailbox.PidTagAutoForwarded),
		Receipt: l.item.Props.Bool(mailbox.PidTagOriginatorDeliveryReport),
	}
	for _, r := range to {
		address, err := entente.ParseSMTPAddress(r.Address)
		if err != nil {
			return p, err
		}
		p.To = append(p.To, address)
	}
	raw, err := mailbox.ComposeMIME(l.item, mailbox.ComposeOptions{HideBcc: true})
	if err != nil {
		return p, err
	}
	if p.Message, err = outward(raw, l.item, &p); err != nil {
		return p, err
	}
	if hasClass(l.item.Class, classResponse) {
		p.Answer, err = answerOf(l.item)
	}
	return p, err
}

// represented is in whose name an item is sent.
func represented(it *mailbox.Item) message.Address {
	if a := it.Props.String(mailbox.PidTagSentRepresentingSMTP); a != "" {
		return message.Address{Name: it.Props.String(mailbox.PidTagSentRepresentingName), SMTP: a}
	}
	return sender(it)
}

func answerOf(it *mailbox.Item) (*MeetingAnswer, error) {
	e, err := it.Event(new(calendar.Zones))
	if err != nil {
		return nil, err
	}
	a := &MeetingAnswer{UID: e.UID, Instance: e.Instance, Sequence: e.Sequence, Response: responseOf(it.Class)}
	a.At, _ = it.Props.Time(mailbox.PidTagClientSubmitTime)
	return a, nil
}

// Accept puts a message that came along a route into mailboxes here, and has
// these do what they do by themselves. arrival names the delivery: tried again
// under that name it puts nothing in twice. The errors are one for each of to.
func (c *Courier) Accept(ctx context.Context, o Poster, it *mailbox.Item, to []access.Account, arrival string) []error {
	it.Arrival = arrival
	l := &letter{item: it}
	errs := make([]error, len(to))
	for i := range to {
		if c.far(to[i].Database) {
			failed := c.consign(ctx, o, l, map[string][]recipient{to[i].Database: {{account: directory.Account{Account: to[i]}}}})
			if len(failed) > 0 {
				errs[i] = failed[0].err
			}
			continue
		}
		r := &recipient{account: directory.Account{Account: to[i]}}
		r.name(it.Recipients)
		fresh, err := l.copyFor(ctx, o, r)
		if err == nil {
			_, err = o.Deliver(ctx, to[i].Mailbox, fresh)
		}
		if errs[i] = err; err == nil {
			c.attend(ctx, delivered{r, fresh, it.Attachments})
		}
	}
	return errs
}

// name notes whether a message names the recipient by an address of his own.
func (r *recipient) name(all []mailbox.Recipient) {
	for _, n := range all {
		address := entente.SMTPAddress(strings.ToLower(n.Address))
		if address != r.account.Mail && !slices.Contains(r.account.Proxies, address) {
			continue
		}
		r.to = r.to || n.Kind == mailbox.To
		r.cc = r.cc || n.Kind == mailbox.Cc
	}
	r.named = r.to || r.cc
}

// Answered notes that somebody whose mailbox is not here has answered a meeting
// of an organizer's, and puts a message that says so into his Inbox. All its
// words are the organizer's own: of the answer comes what a MeetingAnswer holds.
// Only who was invited can answer. Errors: Denied with reason NotInvited.
func (c *Courier) Answered(ctx context.Context, organizer access.Account, by entente.SMTPAddress, a MeetingAnswer, arrival string) error {
	session := c.Attend(organizer.SID, "RelayedAnswer")
	err := c.answered(ctx, session, organizer, by, a, arrival)
	code := ""
	if err != nil {
		code = "ErrorInternalServerError"
		if hasReason(err, NotInvited) {
			code = "ErrorAccessDenied"
		}
	}
	if e := session.Finish(ctx, code); err == nil {
		err = e
	}
	return err
}

func (c *Courier) answered(ctx context.Context, o Attendant, organizer access.Account, by entente.SMTPAddress, a MeetingAnswer, arrival string) error {
	v, err := o.Own(ctx)
	if err != nil {
		return err
	}
	owner := message.Address{Name: organizer.Name, SMTP: string(organizer.Mail)}
	desk := &Desk{Poster: o, View: v, Owner: owner, Sender: owner}
	known, err := desk.find(ctx, a.UID)
	if err != nil {
		return err
	}
	if known == nil || received(known) {
		return notInvited()
	}
	e, err := desk.meetingOf(known)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(e.Attendees, func(x calendar.Attendee) bool { return strings.EqualFold(x.Address, string(by)) })
	class, prefix, ok := responseForm(a.Response)
	if i < 0 || !ok || a.Sequence > e.Sequence {
		return notInvited()
	}
	from := message.Address{Name: e.Attendees[i].Name, SMTP: e.Attendees[i].Address}
	it, err := answerItem(e, &e.Attendees[i], a, class, prefix)
	if err != nil {
		return err
	}
	Sign(it, from, from, a.At)
	it.Arrival = arrival
	r := &recipient{account: directory.Account{Account: organizer}, named: true, to: true}
	l := &letter{item: it}
	fresh, err := l.copyFor(ctx, o, r)
	if err != nil {
		return err
	}
	if _, err := o.Deliver(ctx, organizer.Mailbox, fresh); err != nil {
		return err
	}
	c.attend(ctx, delivered{r, fresh, nil})
	return nil
}

// answerItem writes an answer in the words of the meeting itself.
func answerItem(e *calendar.Event, by *calendar.Attendee, a MeetingAnswer, class, prefix string) (*mailbox.Item, error) {
	reply := *e
	reply.Method, reply.ReminderSet = "REPLY", false
	reply.Organizer = calendar.Attendee{}
	reply.Attendees = []calendar.Attendee{{Name: by.Name, Address: by.Address, Response: a.Response}}
	reply.Response, reply.Sequence = a.Response, a.Sequence
	reply.Body, reply.BodyHTML = "", ""
	if !a.Instance.IsZero() {
		reply.End = a.Instance.Add(e.End.Sub(e.Start))
		reply.Start, reply.Instance = a.Instance, a.Instance
		reply.Recurrence, reply.Exceptions, reply.Deleted = nil, nil, nil
	}
	n := notice{
		class: class, prefix: prefix, event: reply, intended: status(a.Response, e.Status),
		to: []calendar.Attendee{{Name: e.Organizer.Name, Address: e.Organizer.Address}},
	}
	return n.item()
}

func notInvited() error {
	return entente.Errorf(entente.Denied, "the answer is to no meeting that the attendee was asked to").Because(NotInvited)
}

// Undelivered tells the sender of a message on a route that it did not reach
// some of its recipients, once under the name arrival.
func (c *Courier) Undelivered(ctx context.Context, o Poster, raw []byte, to []entente.SMTPAddress, why error, arrival string) error {
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return err
	}
	if Automatic(it) {
		return nil
	}
	it.Arrival = arrival
	failed := make([]failure, len(to))
	for i := range to {
		failed[i] = failure{asked: mailbox.Recipient{Address: string(to[i])}, status: statusOf(why)}
	}
	return c.report(ctx, o, &letter{item: it}, failed)
}

// Report tells the sender of a message on a route what has become of it, once
// under the name arrival.
func (c *Courier) Report(ctx context.Context, o Poster, raw []byte, of []Result, arrival string) error {
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return err
	}
	if mechanical(it) {
		return nil
	}
	it.Arrival = arrival
	return c.tell(ctx, o, &letter{item: it}, of)
}
