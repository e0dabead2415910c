package delivery

import (
	"context"
	"errors"
	"slices"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// Elsewhere brings messages to mailboxes that other nodes of this organization
// have.
type Elsewhere interface {
	// Holder returns the node that has the mailboxes of a database, "" if that is
	// this one.
	Holder(database string) string
	// Keep takes a message in keeping. Once it has returned nil the message lies in
	// each of the mailboxes once, whatever becomes of either node, or its sender
	// hears that it does not.
	Keep(ctx context.Context, o Poster, c *Consignment) error
}

// A Consignment is a message for mailboxes of one database.
type Consignment struct {
	Database string
	To       []entente.MailboxID
	Sender   entente.SMTPAddress // who hears if it does not arrive; "" for nobody
	Item     []byte              // as mailbox.Pack writes it
	// Ready is a copy made for its one recipient, which is put in as it is.
	Ready bool
	// Arrival, if set, is the name of the delivery, of which this is one try.
	Arrival string
}

// far reports whether another node has the mailboxes of a database.
func (c *Courier) far(database string) bool {
	return c.Elsewhere != nil && c.Elsewhere.Holder(database) != ""
}

// part takes those out of a list whose mailboxes other nodes have, by database.
func (c *Courier) part(people []recipient) (near []recipient, far map[string][]recipient) {
	if c.Elsewhere == nil {
		return people, nil
	}
	for i := range people {
		p := &people[i]
		if !c.far(p.account.Database) {
			near = append(near, *p)
			continue
		}
		if far == nil {
			far = map[string][]recipient{}
		}
		far[p.account.Database] = append(far[p.account.Database], *p)
	}
	return near, far
}

// consign hands a letter over for those whose mailboxes other nodes have, and
// returns who gets nothing.
func (c *Courier) consign(ctx context.Context, o Poster, l *letter, far map[string][]recipient) (failed []failure) {
	if len(far) == 0 {
		return nil
	}
	packed, err := l.pack(ctx, l.item)
	for database, people := range far {
		x := &Consignment{Database: database, Item: packed, Arrival: l.item.Arrival}
		if !l.quiet && !Automatic(l.item) {
			x.Sender, _ = entente.ParseSMTPAddress(sender(l.item).SMTP)
		}
		for i := range people {
			x.To = append(x.To, people[i].account.Mailbox)
		}
		one := err
		if one == nil {
			one = c.Elsewhere.Keep(ctx, o, x)
		}
		if one != nil {
			for i := range people {
				failed = append(failed, failure{people[i].asked, statusOf(one), one})
			}
		}
	}
	return failed
}

func (l *letter) pack(ctx context.Context, it *mailbox.Item) ([]byte, error) {
	if l.packed != nil {
		return nil, entente.Errorf(entente.Internal, "a message that came from another node goes on to a third")
	}
	return mailbox.Pack(ctx, it, l.from)
}

// put delivers a copy that was made for its recipient, here or elsewhere.
func (c *Courier) put(ctx context.Context, o Poster, l *letter, to *access.Account, it *mailbox.Item) error {
	if !c.far(to.Database) {
		_, err := o.Deliver(ctx, to.Mailbox, it)
		return err
	}
	packed, err := l.pack(ctx, it)
	if err != nil {
		return err
	}
	return c.Elsewhere.Keep(ctx, o, &Consignment{
		Database: to.Database, To: []entente.MailboxID{to.Mailbox}, Item: packed, Ready: true, Arrival: it.Arrival,
	})
}

// Receive puts a consignment into mailboxes of this node, and has these do what
// they do by themselves. arrival names it: tried again under that name it puts
// nothing in twice. The errors are one for each of to.
func (c *Courier) Receive(ctx context.Context, o Poster, x *Consignment, to []access.Account, arrival string) []error {
	errs := make([]error, len(to))
	p, err := mailbox.Unpack(x.Item)
	if err != nil {
		for i := range errs {
			errs[i] = entente.Errorf(entente.Invalid, "the message cannot be read: %v", err)
		}
		return errs
	}
	p.Item.Arrival = arrival
	l := &letter{item: p.Item, packed: p}
	for i := range to {
		errs[i] = c.receive(ctx, o, l, x.Ready, &to[i])
	}
	return errs
}

func (c *Courier) receive(ctx context.Context, o Poster, l *letter, ready bool, to *access.Account) error {
	if ready {
		it := *l.item
		it.Props = l.item.Props.Clone()
		it.Attachments = slices.Clone(l.item.Attachments)
		if err := l.translate(ctx, o, to.Mailbox, &it); err != nil {
			return err
		}
		_, err := o.Deliver(ctx, to.Mailbox, &it)
		return err
	}
	r := &recipient{account: directory.Account{Account: *to}}
	r.name(l.item.Recipients)
	fresh, err := l.copyFor(ctx, o, r)
	if err == nil {
		_, err = o.Deliver(ctx, to.Mailbox, fresh)
	}
	if err == nil {
		c.attend(ctx, delivered{r, fresh, l.item.Attachments})
	}
	return err
}

// Returned tells the sender of a consignment that it did not get to some.
func (c *Courier) Returned(ctx context.Context, o Poster, x *Consignment, to []entente.SMTPAddress, errs []error) error {
	if x.Sender == "" {
		return nil
	}
	p, err := mailbox.Unpack(x.Item)
	if err != nil {
		return err
	}
	failed := make([]failure, len(to))
	for i := range to {
		failed[i] = failure{mailbox.Recipient{Address: string(to[i])}, statusOf(errs[i]), errs[i]}
	}
	p.Item.Arrival = x.Arrival
	return c.report(ctx, o, &letter{item: p.Item}, failed)
}

// Final reports whether what kept a message out of a mailbox will keep it out the
// next time too.
func Final(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind != entente.Unavailable && e.Kind != entente.Internal
}
