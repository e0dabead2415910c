package delivery

import (
	"context"
	"fmt"

	"entente/directory"
	"entente/mailbox"
)

// delegatedByRule is PidTagDelegatedByRule: a message that came to a delegate
// because it was sent to whom he acts for.
const delegatedByRule mailbox.Prop = 0x3FE3000B

// meetingCopy is mtgDelegateCopy of PidLidMeetingType: what the owner keeps for
// his information while a delegate answers. [MS-OXOCAL] 2.2.6.5
const meetingCopy = 0x100000

// keepMeeting does what the owner of a mailbox has done with messages about
// meetings: his calendar is kept, his delegates get copies.
func (c *Courier) keepMeeting(ctx context.Context, a Attendant, d delivered) error {
	if err := c.keepCalendar(ctx, a, d); err != nil {
		return err
	}
	return c.forward(ctx, a, d)
}

// forward gives delegates their copies of a message about a meeting of the
// owner's, and does with his own as he wants. What is private is nobody else's,
// whoever may see it once it lies in the calendar. [MS-OXODLGT]
//
// A copy goes into an Inbox and no further: no calendar is kept by it, nothing
// answers it, and delegates of a delegate get none, so that no ring of delegates
// makes one message many.
func (c *Courier) forward(ctx context.Context, a Attendant, d delivered) error {
	if d.isResource() || d.item.Private() {
		return nil
	}
	v, err := a.Own(ctx)
	if err != nil {
		return err
	}
	how, to, err := v.MeetingDelegates(ctx)
	if err != nil || len(to) == 0 {
		return err
	}
	l := &letter{item: withAttachments(d.item, d.attachments), from: v}
	given := 0
	for _, sid := range to {
		account, ok := a.Directory().Snapshot().FindSID(sid)
		if !ok || !account.Enabled && account.Master == "" || account.Mailbox.IsZero() || account.Mailbox == d.account.Mailbox {
			continue
		}
		if err := c.represent(ctx, a, l, d, directory.Account{Account: account}); err != nil {
			c.failed(fmt.Errorf("a copy for delegate %s: %w", sid, err))
			continue
		}
		given++
	}
	if given == 0 {
		return nil // nobody else has it: the owner keeps his as it is
	}
	return settle(ctx, v, d.item, how)
}

// withAttachments is an item that was delivered, with the content of what hangs
// on it.
func withAttachments(it *mailbox.Item, list []mailbox.Attachment) *mailbox.Item {
	whole := *it
	whole.Attachments = list
	return &whole
}

// represent delivers the copy of one delegate: received by him, for whom it was
// sent to.
func (c *Courier) represent(ctx context.Context, a Attendant, l *letter, d delivered, to directory.Account) error {
	fresh, err := l.copyFor(ctx, a, &recipient{account: to, far: c.far(to.Database)})
	if err != nil {
		return err
	}
	fresh.Props.SetBool(delegatedByRule, true)
	fresh.Props.SetString(mailbox.PidTagReceivedRepresentingName, d.account.Name)
	fresh.Props.SetString(mailbox.PidTagReceivedRepresentingAddress, string(d.account.Mail))
	return c.put(ctx, a, l, &to.Account, fresh)
}

// settle does with the owner's own message as he wants, now that others have it.
func settle(ctx context.Context, v *mailbox.View, it *mailbox.Item, how mailbox.MeetingDelivery) error {
	var err error
	switch {
	case how == mailbox.DelegatesOnly:
		var moved []mailbox.Moved
		if moved, err = v.DeleteItems(ctx, []mailbox.ItemID{it.ID}, mailbox.MoveToDeletedItems); err == nil {
			err = moved[0].Err
		}
	case how == mailbox.DelegatesAndInformation && IsRequest(it.Class):
		_, err = v.UpdateItem(ctx, it.ID, 0, 0, func(it *mailbox.Item) error {
			it.Props.SetInt(mailbox.PidLidMeetingType, meetingCopy)
			return nil
		})
	}
	if hasReason(err, mailbox.ItemNotFound) {
		return nil // his client was quicker
	}
	return err
}
