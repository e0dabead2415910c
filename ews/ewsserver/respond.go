package ewsserver

import (
	"time"

	"entente/access"
	"entente/calendar"
	"entente/delivery"
	"entente/ews"
	"entente/mailbox"
)

// respond does what a response object says: AcceptItem, ReplyToItem and so on.
// [MS-OXWSMTGS] 3.1.4.2, [MS-OXWSCORE] 2.2.4.
func (c *call) respond(req *ews.CreateItem, in *ews.Item) ([]ews.Item, error) {
	if in.Kind == ews.KindSuppressReadReceipt {
		return nil, nil // no receipt is ever sent without being asked for
	}
	ref, err := c.reference(in)
	if err != nil {
		return nil, err
	}
	switch in.Kind {
	case ews.KindAcceptItem:
		return c.answerMeeting(req, in, ref, calendar.Accepted)
	case ews.KindTentativelyAcceptItem:
		return c.answerMeeting(req, in, ref, calendar.TentativelyAccepted)
	case ews.KindDeclineItem:
		return c.answerMeeting(req, in, ref, calendar.Declined)
	case ews.KindCancelCalendarItem:
		return nil, c.cancelCalendarItem(req, in, ref)
	case ews.KindAcceptSharingInvitation:
		return nil, c.acceptSharing(ref)
	case ews.KindRemoveItem:
		return nil, c.removeItem(ref)
	case ews.KindReplyToItem, ews.KindReplyAllToItem, ews.KindForwardItem:
		return c.reply(req, in, ref)
	}
	return nil, notYet(in.Kind.Element())
}

// reference opens the item that a response object is about, and reads it whole.
func (c *call) reference(in *ews.Item) (*referenceItem, error) {
	x, _ := in.Get(ews.FieldReferenceItemId)
	id, ok := x.(*ews.ItemID)
	if !ok || id == nil {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The response names no item."}
	}
	ref, err := c.item(id)
	if err != nil {
		return nil, err
	}
	if err := c.whole(&ref, access.EditAny); err != nil {
		return nil, err
	}
	out := &referenceItem{itemRef: ref}
	day, occurrence, err := c.day(&ref)
	if err != nil {
		return nil, err
	}
	if occurrence {
		out.day = &day
		entry, err := ref.view.Occurrence(c.ctx, ref.id, day, mailbox.AllParts)
		out.it, out.instance = entry.Item, entry.OriginalStart
		return out, err
	}
	out.it, err = delivery.Load(c.ctx, ref.view, ref.id)
	if err == nil {
		err = stale(&ref, out.it)
	}
	return out, err
}

// A referenceItem is what a response is about.
type referenceItem struct {
	itemRef
	it       *mailbox.Item
	day      *calendar.Date // of an occurrence
	instance time.Time
}

// noteOf is what somebody writes with a response; nil for nothing.
func noteOf(in *ews.Item) *mailbox.Body {
	for _, f := range [...]ews.Field{ews.FieldNewBodyContent, ews.FieldBody} {
		x, _ := in.Get(f)
		b, ok := x.(*ews.Body)
		switch {
		case !ok || b == nil || b.Text == "":
		case b.BodyType == ews.BodyHTML:
			return &mailbox.Body{HTML: []byte(b.Text)}
		default:
			return &mailbox.Body{Text: []byte(b.Text)}
		}
	}
	return nil
}

// answerMeeting accepts or declines. The answer has the calendar's item, if it
// has one then.
func (c *call) answerMeeting(req *ews.CreateItem, in *ews.Item, ref *referenceItem, r calendar.Response) ([]ews.Item, error) {
	if req.MessageDisposition == "" {
		return nil, &ews.Fault{Code: ews.ErrorMessageDispositionRequired}
	}
	d, err := c.principalDesk(ref, req.MessageDisposition == ews.SendAndSaveCopy)
	if err != nil {
		return nil, err
	}
	it, err := c.h.Courier.Respond(c.ctx, d, delivery.Answer{
		To: ref.it, Instance: ref.instance, Response: r, Note: noteOf(in),
		Send: req.MessageDisposition != ews.SaveOnly,
		Save: req.MessageDisposition == ews.SendAndSaveCopy,
	})
	if err != nil {
		return nil, answerFault(err, r)
	}
	if it == nil {
		return nil, nil
	}
	return c.made(d.View, it), nil
}

// answerFault gives the code that goes with the answer that was tried: clients
// tell them apart.
func answerFault(err error, r calendar.Response) error {
	pick := func(accept, tentative, decline ews.ResponseCode) error {
		switch r {
		case calendar.Declined:
			return &ews.Fault{Code: decline}
		case calendar.TentativelyAccepted:
			return &ews.Fault{Code: tentative}
		}
		return &ews.Fault{Code: accept}
	}
	switch {
	case isReason(err, delivery.IsOrganizer):
		return pick(ews.ErrorCalendarIsOrganizerForAccept, ews.ErrorCalendarIsOrganizerForTentative, ews.ErrorCalendarIsOrganizerForDecline)
	case isReason(err, delivery.MeetingCancelled):
		return pick(ews.ErrorCalendarIsCancelledForAccept, ews.ErrorCalendarIsCancelledForTentative, ews.ErrorCalendarIsCancelledForDecline)
	case isReason(err, delivery.NotMeeting):
		return pick(ews.ErrorInvalidItemForOperationAcceptItem, ews.ErrorInvalidItemForOperationTentative, ews.ErrorInvalidItemForOperationDeclineItem)
	}
	return err
}

// cancelCalendarItem calls a meeting off, tells its attendees and removes it.
func (c *call) cancelCalendarItem(req *ews.CreateItem, in *ews.Item, ref *referenceItem) error {
	if !mailbox.IsAppointment(ref.it.Class) {
		return &ews.Fault{Code: ews.ErrorInvalidItemForOperationCancelItem, Text: "Only a calendar item can be called off."}
	}
	if flags, _ := ref.it.Props.Int(mailbox.PidLidAppointmentStateFlags); flags&stateReceived != 0 {
		return &ews.Fault{Code: ews.ErrorCalendarIsNotOrganizer}
	}
	if err := c.mayRemove(&ref.itemRef, ref.it, ref.day != nil); err != nil {
		return err
	}
	if err := c.cancelMeeting(ref.view, ref.id, ref.day, noteOf(in), req.MessageDisposition == ews.SendAndSaveCopy); err != nil {
		return err
	}
	if ref.day != nil {
		_, err := ref.view.DeleteOccurrence(c.ctx, ref.id, *ref.day, 0)
		return err
	}
	return firstError(ref.view.DeleteItems(c.ctx, []mailbox.ItemID{ref.id}, mailbox.MoveToDeletedItems))
}

// removeItem takes a meeting that was called off out of the calendar, and the
// message about that out of the Inbox.
func (c *call) removeItem(ref *referenceItem) error {
	d, err := c.principalDesk(ref, false)
	if err != nil {
		return err
	}
	return c.h.Courier.Remove(c.ctx, d, ref.it)
}
