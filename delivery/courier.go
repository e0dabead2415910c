// Package delivery puts what people send where it belongs: messages into the
// mailboxes of this organization, meeting requests into calendars too, answers
// to meetings into the organizer's list of attendees.
//
// What is for mailboxes here is delivered at once, by the time Send returns; what
// is for people that a Route leads to is then in the route's keeping. What cannot
// be delivered, mail to other organizations among it if no route leads there,
// comes back to the sender as a non-delivery report. What mailboxes do by themselves (tentative
// appointments, a room's answer, out-of-office replies) is done here as well,
// each in a session of the mailbox's owner, which has its own audit record.
//
// Nothing automatic is answered automatically, whoever sent it: that is what
// ends every loop. RFC 3834 2.
//
// The package decides no right. Whoever calls it has made sure that the sender
// may send as whom the item names.
package delivery

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/directory"
	"entente/mailbox"
	"entente/message"
)

// Reasons of errors raised here, for the protocols' tables.
const (
	NoRecipients      entente.Reason = "no-recipients"
	TooManyRecipients entente.Reason = "too-many-recipients"
	NotOrganizer      entente.Reason = "not-organizer"    // only the organizer may call a meeting off
	IsOrganizer       entente.Reason = "is-organizer"     // the organizer cannot accept his own meeting
	NotMeeting        entente.Reason = "not-a-meeting"    // neither a request nor a meeting
	MeetingCancelled  entente.Reason = "meeting-canceled" // it has been called off
	MeetingOutOfDate  entente.Reason = "meeting-outdated" // a newer request has come
)

// MaxRecipients bounds one message, after its lists were expanded.
const MaxRecipients = 5000

// A Poster is one request's way to mailboxes: a session of the door.
type Poster interface {
	// Own opens the mailbox of whom the session acts for.
	Own(ctx context.Context) (*mailbox.View, error)
	// Mailbox opens any mailbox, to look up folders and names of properties.
	Mailbox(ctx context.Context, id entente.MailboxID) (*mailbox.View, error)
	// Deliver puts an item into the Inbox of a mailbox.
	Deliver(ctx context.Context, id entente.MailboxID, it *mailbox.Item) (mailbox.ItemID, error)
	Directory() *directory.Directory
	Now() time.Time
}

// An Attendant is a session for what a mailbox does by itself. It is recorded
// when it is finished, with a code that is empty for success.
type Attendant interface {
	Poster
	Finish(ctx context.Context, code string) error
}

// A Courier delivers. The zero Courier puts things into Inboxes and does no
// more. It is safe for concurrent use.
type Courier struct {
	// Attend returns a session for work on behalf of an account: keeping its
	// calendar, answering for it. The task names the work in the audit log.
	Attend func(account entente.SID, task string) Attendant
	// Routes lead to people whose mailboxes are not here: to each address the first
	// that leads there.
	Routes []Route
	// Elsewhere, if set, brings messages to mailboxes that other nodes have.
	Elsewhere Elsewhere
	// Failed, if set, is told what went wrong with automatic work, which is no
	// concern of the sender's. It must not block.
	Failed func(error)
}

// Send delivers an item to the To, Cc and Bcc recipients it has; see Load for
// one that lies in a mailbox already. from is the mailbox whose named
// properties the item has, nil if it has none.
//
// Recipients who cannot be reached are reported to the sender by mail, as they
// would be if the failure came later. Errors are about the message as a whole:
// NoRecipients, TooManyRecipients, or one of the sender's mailbox.
func (c *Courier) Send(ctx context.Context, o Poster, from *mailbox.View, it *mailbox.Item) error {
	return c.send(ctx, o, &letter{item: it, from: from, to: it.Recipients})
}

// A letter is an item on its way. Whom it goes to need not be all that it
// names: of an update, only some attendees may be told.
type letter struct {
	item *mailbox.Item
	from *mailbox.View
	to   []mailbox.Recipient
	// packed is how it came from another node; nil if it did not.
	packed *mailbox.Packed
	// quiet is a letter about which nobody is told if it cannot be delivered.
	quiet bool
}

func (c *Courier) send(ctx context.Context, o Poster, l *letter) error {
	if l.from != nil {
		if err := l.from.MaySend(ctx); err != nil {
			return err
		}
	}
	t, err := c.resolve(ctx, o.Directory(), l.to)
	if err != nil {
		return err
	}
	failed := t.failed
	people, far := c.part(t.people)
	if len(t.people) == 0 && len(failed) == 0 && len(t.abroad) == 0 {
		return entente.Errorf(entente.Invalid, "the message has no recipients").Because(NoRecipients)
	}
	var done []delivered
	for i := range people {
		fresh, err := l.copyFor(ctx, o, &people[i])
		if err == nil {
			_, err = o.Deliver(ctx, people[i].account.Mailbox, fresh)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed = append(failed, failure{people[i].asked, statusOf(err), err})
			continue
		}
		done = append(done, delivered{&people[i], fresh, l.item.Attachments})
	}
	failed = append(failed, c.consign(ctx, o, l, far)...)
	if len(t.abroad) > 0 {
		failed = append(failed, c.carry(ctx, l, t.abroad)...)
	}
	if len(failed) > 0 && !l.quiet && !Automatic(l.item) {
		c.failed(c.report(ctx, o, l, failed))
	}
	for _, d := range done {
		c.attend(ctx, d)
	}
	return nil
}

// delivered is an item that lies in somebody's Inbox.
type delivered struct {
	*recipient
	item        *mailbox.Item
	attachments []mailbox.Attachment // with their content
}

func (c *Courier) failed(err error) {
	if err != nil && c.Failed != nil {
		c.Failed(err)
	}
}

// Load reads an item with everything in it, as Send needs it.
func Load(ctx context.Context, v *mailbox.View, id mailbox.ItemID) (*mailbox.Item, error) {
	it, err := v.Item(ctx, id, mailbox.AllParts)
	if err != nil {
		return nil, err
	}
	for i := range it.Attachments {
		if err := load(ctx, v, id, &it.Attachments[i]); err != nil {
			return nil, err
		}
	}
	return it, nil
}

func load(ctx context.Context, v *mailbox.View, id mailbox.ItemID, a *mailbox.Attachment) error {
	if a.Item {
		_, embedded, err := v.AttachmentItem(ctx, id, a.ID)
		a.Embedded = embedded
		return err
	}
	_, content, err := v.AttachmentContent(ctx, id, a.ID)
	if err != nil {
		return err
	}
	a.Content, err = readAll(content, a.Size)
	return err
}

// Sign writes into an item who sends it, for whom, and when, with a message id
// of its own: what recipients see and what the copy in Sent Items keeps. What
// the item says of these is replaced, so that nobody sends as he likes.
func Sign(it *mailbox.Item, sender, from message.Address, at time.Time) {
	setPerson(&it.Props, sender, mailbox.PidTagSenderName, mailbox.PidTagSenderAddressType,
		mailbox.PidTagSenderAddress, mailbox.PidTagSenderSMTPAddress)
	setPerson(&it.Props, from, mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingAddressType,
		mailbox.PidTagSentRepresentingAddress, mailbox.PidTagSentRepresentingSMTP)
	it.Props.SetTime(mailbox.PidTagClientSubmitTime, at)
	if it.Props.String(mailbox.PidTagInternetMessageID) == "" {
		it.Props.SetString(mailbox.PidTagInternetMessageID, messageID(from.SMTP))
	}
	if !it.Props.Has(mailbox.PidTagConversationTopic) {
		it.Props.SetString(mailbox.PidTagConversationTopic, it.Props.String(mailbox.PidTagNormalizedSubject))
	}
	flags, _ := it.Props.Int(mailbox.PidTagMessageFlags)
	it.Props.SetInt(mailbox.PidTagMessageFlags, flags&^flagUnsent)
}

// flagUnsent is mfUnsent, [MS-OXCMSG] 2.2.1.6: a draft.
const flagUnsent = 0x8

func setPerson(ps *mailbox.Props, a message.Address, name, kind, address, smtp mailbox.Prop) {
	if a.Name == "" {
		a.Name = a.SMTP
	}
	ps.SetString(name, a.Name)
	ps.SetString(kind, "SMTP")
	ps.SetString(address, a.SMTP)
	ps.SetString(smtp, a.SMTP)
}

// sender is who sent an item: the one who did it, not the one in whose name.
func sender(it *mailbox.Item) message.Address {
	for _, p := range [...]struct{ smtp, name mailbox.Prop }{
		{mailbox.PidTagSenderSMTPAddress, mailbox.PidTagSenderName},
		{mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagSentRepresentingName},
	} {
		if a := it.Props.String(p.smtp); a != "" {
			return message.Address{Name: it.Props.String(p.name), SMTP: a}
		}
	}
	return message.Address{}
}

// kindOf returns the kind of an error; Internal for one that has none.
func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}

func hasReason(err error, r entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == r
}
