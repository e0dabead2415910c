package ewsserver

import (
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// What item operations ask of meetings.

// respond does what a response object says: AcceptItem, ReplyToItem and so on.
func (c *call) respond(_ *ews.CreateItem, in *ews.Item) ([]ews.Item, error) {
	return nil, notYet(in.Kind.Element())
}

// invite sends the invitations of a new meeting, which is saved.
func (c *call) invite(_ *mailbox.View, it *mailbox.Item, _ ews.CalendarItemCreateOrDeleteOperation) error {
	if len(it.Recipients) == 0 {
		return nil
	}
	return notYet("Sending meeting invitations")
}

// tellChange tells the attendees of a meeting that it was changed. day names
// the occurrence that was; nil means the whole.
func (c *call) tellChange(_ *mailbox.View, it *mailbox.Item, _ *calendar.Date, _ ews.CalendarItemUpdateOperation) error {
	if len(it.Recipients) == 0 {
		return nil
	}
	return notYet("Sending meeting updates")
}

// callOff tells the attendees of a meeting that is about to be deleted.
func (c *call) callOff(_ *mailbox.View, it *mailbox.Item, _ *calendar.Date, _ ews.CalendarItemCreateOrDeleteOperation) error {
	if len(it.Recipients) == 0 {
		return nil
	}
	return notYet("Sending cancellations")
}

func notYet(what string) error {
	return &ews.Fault{Code: ews.ErrorInvalidOperation, Text: what + " is not available on this server."}
}
