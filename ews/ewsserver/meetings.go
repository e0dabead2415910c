package ewsserver

import (
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/delivery"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
	"entente/message"
)

// codeOfMeeting maps the reasons of delivery and meetings.
func codeOfMeeting(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case delivery.NoRecipients:
		return ews.ErrorInvalidRecipients, true
	case delivery.TooManyRecipients:
		return ews.ErrorMessageSizeExceeded, true
	case delivery.NotOrganizer:
		return ews.ErrorCalendarIsNotOrganizer, true
	case delivery.IsOrganizer:
		return ews.ErrorCalendarIsOrganizerForAccept, true
	case delivery.MeetingCancelled:
		return ews.ErrorCalendarIsCancelledForAccept, true
	case delivery.MeetingOutOfDate:
		return ews.ErrorCalendarMeetingRequestIsOutOfDate, true
	case delivery.NotMeeting:
		return ews.ErrorInvalidItemForOperationAcceptItem, true
	}
	return "", false
}

func notYet(what string) error {
	return &ews.Fault{Code: ews.ErrorInvalidOperation, Text: what + " is not available on this server."}
}

// desk is a mailbox from which the caller may write about meetings: his own, or
// one whose owner lets him send for him. It is asked for before anything is
// changed: what cannot be told to others must not be done. save says that copies
// are to be kept, which then must be possible.
func (c *call) desk(v *mailbox.View, save bool) (*delivery.Desk, error) {
	if c.h.Courier == nil {
		return nil, notYet("Sending messages")
	}
	owner, ok := c.s.Snapshot().FindMailbox(v.Mailbox())
	if !ok {
		return nil, entente.Errorf(entente.NotFound, "the mailbox belongs to nobody").Because(access.NonExistentMailbox)
	}
	d := &delivery.Desk{Poster: c.s, View: v, Owner: message.Address{Name: owner.Name, SMTP: string(owner.Mail)}}
	d.Sender = d.Owner
	if self := c.subject(); self.SID != owner.SID && c.s.May(owner.Mailbox, access.SendAs) != nil {
		if c.s.May(owner.Mailbox, access.SendOnBehalf) != nil {
			return nil, sendAsDenied()
		}
		d.Sender = message.Address{Name: self.Name, SMTP: string(self.Mail)}
	}
	return d, c.keepSent(d, save)
}

// keepSent finds out where copies of what is sent are kept: with who sends, as
// in Exchange, or for want of a mailbox of his own with the owner.
func (c *call) keepSent(d *delivery.Desk, save bool) error {
	d.Sent = d.View
	far := false
	if self := c.subject(); !self.Mailbox.IsZero() && self.Mailbox != d.View.Mailbox() {
		var err error
		if d.Sent, err = c.s.Own(c.ctx); isReason(err, directory.NotHere) {
			d.Sent, far, err = d.View, true, nil // on another node
		}
		if err != nil {
			return err
		}
	}
	if !save || doesAll(d.Sent) {
		return nil
	}
	f, err := d.Sent.FolderByName(c.ctx, mailbox.SentItems)
	if err == nil {
		err = c.mayCreateIn(&folderRef{view: d.Sent, folder: f})
	}
	if far && err != nil && c.ctx.Err() == nil {
		d.Unkept = true // a delegate for calendars: that he may act is what counts
		return nil
	}
	return err
}

// principal is the mailbox for which a message about a meeting came: that in
// which it lies, or, of a delegate's copy, that of whom it was sent to.
// [MS-OXODLGT] 3.2.4.3
func (c *call) principal(v *mailbox.View, it *mailbox.Item) (*mailbox.View, error) {
	by, of := it.Props.String(mailbox.PidTagReceivedByAddress), it.Props.String(mailbox.PidTagReceivedRepresentingAddress)
	if !delivery.IsMeetingMessage(it.Class) || of == "" || strings.EqualFold(by, of) {
		return v, nil
	}
	a, ok := c.s.Snapshot().FindSMTP(of)
	if !ok || a.Mailbox.IsZero() || a.Mailbox == v.Mailbox() {
		return v, nil
	}
	return c.s.Mailbox(c.ctx, a.Mailbox)
}

// principalDesk is the desk at which a message about a meeting is dealt with.
func (c *call) principalDesk(ref *referenceItem, save bool) (*delivery.Desk, error) {
	v, err := c.principal(ref.view, ref.it)
	if isReason(err, directory.NotHere) {
		return nil, &ews.Fault{
			Code: ews.ErrorMailboxStoreUnavailable,
			Text: "The mailbox for which this came is at another server than its delegate's: answer by the item in its calendar.",
		}
	}
	if err != nil {
		return nil, err
	}
	d, err := c.desk(v, save)
	if err != nil {
		return nil, err
	}
	d.Inbox = ref.view
	if !delivery.IsMeetingMessage(ref.it.Class) {
		return d, nil
	}
	return d, c.mayPutAway(&ref.itemRef, ref.it, 0) // it will be
}

// mayTell asks whether the caller may tell the attendees of a meeting that is
// about to be made, changed or deleted.
func (c *call) mayTell(v *mailbox.View, people int, save bool) error {
	if people == 0 {
		return nil
	}
	_, err := c.desk(v, save)
	return err
}

// invite sends the invitations of a new meeting, which is saved. The item is
// then as it is after that.
func (c *call) invite(v *mailbox.View, it *mailbox.Item, how ews.CalendarItemCreateOrDeleteOperation) error {
	if len(it.Recipients) == 0 || how == ews.SendToNone {
		return nil
	}
	d, err := c.desk(v, how == ews.SendToAllAndSaveCopy)
	if err != nil {
		return err
	}
	organized, err := v.UpdateItem(c.ctx, it.ID, 0, mailbox.PartRecipients, func(it *mailbox.Item) error {
		delivery.Organize(it, d.Owner, true, c.s.Now())
		return nil
	})
	if err != nil {
		return err
	}
	it.Change, it.Props, it.Modified = organized.Change, organized.Props, organized.Modified
	return c.h.Courier.Invite(c.ctx, d, it, how == ews.SendToAllAndSaveCopy)
}

// tellChange tells the attendees of a meeting that it was changed, before and
// after read with PartBody and PartRecipients. day names the occurrence that
// was; nil means the whole. after is then as it is after that.
func (c *call) tellChange(v *mailbox.View, before, after *mailbox.Item, day *calendar.Date, how ews.CalendarItemUpdateOperation) error {
	if how == "" || how == ews.UpdateSendToNone || len(before.Recipients)+len(after.Recipients) == 0 {
		return nil
	}
	save := how == ews.UpdateSendToAllAndSaveCopy || how == ews.UpdateSendToChangedAndSaveCopy
	d, err := c.desk(v, save)
	if err != nil {
		return err
	}
	r := delivery.Revision{
		Before: before, After: after,
		Changed: how == ews.UpdateSendOnlyToChanged || how == ews.UpdateSendToChangedAndSaveCopy,
		Save:    save,
	}
	if day != nil {
		r.Day = *day
		if r.Instance, err = c.instance(v, after.ID, *day); err != nil {
			return err
		}
	}
	out, err := c.h.Courier.Update(c.ctx, d, r)
	if err == nil {
		*after = *out
	}
	return err
}

// instance is when an occurrence would start if nobody had changed it.
func (c *call) instance(v *mailbox.View, series mailbox.ItemID, day calendar.Date) (time.Time, error) {
	it, err := v.Item(c.ctx, series, 0)
	if err != nil {
		return time.Time{}, err
	}
	e, err := v.Event(it)
	if err != nil {
		return time.Time{}, err
	}
	return e.OriginalTime(day).Start, nil
}

// callOff tells the attendees of a meeting that is about to be deleted. The item
// is read here, with all of it.
func (c *call) callOff(v *mailbox.View, it *mailbox.Item, day *calendar.Date, how ews.CalendarItemCreateOrDeleteOperation) error {
	if how == "" || how == ews.SendToNone || !mailbox.IsAppointment(it.Class) {
		return nil
	}
	return c.cancelMeeting(v, it.ID, day, nil, how == ews.SendToAllAndSaveCopy)
}

func (c *call) cancelMeeting(v *mailbox.View, id mailbox.ItemID, day *calendar.Date, note *mailbox.Body, save bool) error {
	const parts = mailbox.PartBody | mailbox.PartRecipients
	var it *mailbox.Item
	var instance time.Time
	var err error
	if day == nil {
		it, err = v.Item(c.ctx, id, parts)
	} else {
		var entry mailbox.CalendarItem
		entry, err = v.Occurrence(c.ctx, id, *day, parts)
		it, instance = entry.Item, entry.OriginalStart
	}
	if err != nil || len(it.Recipients) == 0 {
		return err
	}
	d, err := c.desk(v, save)
	if err != nil {
		return err
	}
	return c.h.Courier.Cancel(c.ctx, d, it, instance, note, save)
}
