package delivery

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// Known reports whether mail from outside can be for an address: somebody here has
// it, or a group.
func (c *Courier) Known(ctx context.Context, dir *directory.Directory, to entente.SMTPAddress) (bool, error) {
	people, err := c.behind(ctx, dir, to)
	if kindOf(err) == entente.NotFound {
		return false, nil
	}
	return len(people) > 0, err
}

// behind returns who gets what is for an address of this organization.
func (c *Courier) behind(ctx context.Context, dir *directory.Directory, to entente.SMTPAddress) ([]directory.Account, error) {
	if a, ok := dir.Snapshot().FindSMTP(string(to)); ok {
		if a.Mailbox.IsZero() {
			return nil, unknown()
		}
		return []directory.Account{{Account: a}}, nil
	}
	people, err := dir.Recipients(ctx, to, MaxRecipients)
	if err != nil {
		return nil, err
	}
	some := people[:0]
	for i := range people {
		if !people[i].Mailbox.IsZero() {
			some = append(some, people[i])
		}
	}
	return some, nil
}

func unknown() error {
	return entente.Errorf(entente.NotFound, "there is nobody with this address").Because(mailbox.MailboxNotFound)
}

// Arrive puts a message from outside into the mailboxes behind addresses, each
// once, and has these do what they do by themselves. arrival names the delivery:
// tried again under that name it puts nothing in twice.
//
// The errors are one for each address. That a member of a group does not get it for
// good is no failure of the group's; that one may get it later is, so that it is
// tried again.
func (c *Courier) Arrive(ctx context.Context, o Poster, it *mailbox.Item, to []entente.SMTPAddress, arrival string) []error {
	errs := make([]error, len(to))
	var all []access.Account
	at := map[entente.MailboxID]int{}
	reach := make([][]int, len(to))
	direct := make([]bool, len(to))
	for i, a := range to {
		people, err := c.behind(ctx, o.Directory(), a)
		if err != nil || len(people) == 0 {
			if errs[i] = err; err == nil {
				errs[i] = unknown()
			}
			continue
		}
		_, direct[i] = o.Directory().Snapshot().FindSMTP(string(a))
		for j := range people {
			box := people[j].Mailbox
			if _, ok := at[box]; !ok {
				at[box] = len(all)
				all = append(all, people[j].Account)
			}
			reach[i] = append(reach[i], at[box])
		}
	}
	if len(all) == 0 {
		return errs
	}
	for n, err := range c.Accept(ctx, o, it, all, arrival) {
		if err == nil {
			continue
		}
		if Final(err) {
			c.failed(err)
		}
		for i := range to {
			for _, m := range reach[i] {
				if m == n && (direct[i] || !Final(err)) {
					errs[i] = err
				}
			}
		}
	}
	return errs
}

// Bounce tells whoever sent a message from outside what has become of it, once under
// the name arrival: along its reverse path, and not by whom it says it is from.
func (c *Courier) Bounce(ctx context.Context, o Poster, raw []byte, of []Result, arrival string) error {
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return err
	}
	if mechanical(it) {
		return nil
	}
	it.Arrival = arrival
	return c.giveBack(ctx, o, &letter{item: it}, of)
}

// Unverified makes an item one whose sender is not believed: everybody who looks at
// it sees that, nothing is answered, and no calendar is kept by what it says of a
// meeting.
func Unverified(it *mailbox.Item) {
	for _, p := range [...]struct{ name, smtp mailbox.Prop }{
		{mailbox.PidTagSenderName, mailbox.PidTagSenderSMTPAddress},
		{mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP},
	} {
		name := it.Props.String(p.name)
		if name == "" {
			name = it.Props.String(p.smtp)
		}
		it.Props.SetString(p.name, name+" (unverified)")
	}
	if IsMeetingMessage(it.Class) {
		it.Class = "IPM.Note"
	}
	silence(&it.Props)
}
