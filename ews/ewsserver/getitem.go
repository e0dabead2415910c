package ewsserver

import (
	"time"

	"entente"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// getItem answers GetItem. [MS-OXWSCORE] 3.1.4.4
func (c *call) getItem(req *ews.GetItem) (*ews.GetItemResponse, error) {
	shape, err := c.itemShape(&req.ItemShape, false)
	if err != nil {
		return nil, err
	}
	resp := &ews.GetItemResponse{ResponseMessages: make([]ews.ItemInfoResponseMessage, len(req.ItemIDs))}
	for i := range req.ItemIDs {
		resp.ResponseMessages[i] = c.itemInfo(c.readItem(&req.ItemIDs[i], shape))
	}
	return resp, nil
}

func tooManyIDs() error {
	return &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The request names too many items."}
}

// itemInfo is the message about one item.
func (c *call) itemInfo(it ews.Item, err error) ews.ItemInfoResponseMessage {
	if err != nil {
		return ews.ItemInfoResponseMessage{ResponseMessage: c.fail(err)}
	}
	return ews.ItemInfoResponseMessage{ResponseMessage: ews.Success(), Items: []ews.Item{it}}
}

// readItem reads one item in a shape.
func (c *call) readItem(id *ews.BaseItemID, shape *itemShape) (ews.Item, error) {
	ref, err := c.baseItem(id)
	if err != nil {
		return ews.Item{}, err
	}
	entry, err := c.entry(&ref, shape.parts)
	if err != nil {
		return ews.Item{}, err
	}
	v, err := c.newView(shape, ref.view)
	if err != nil {
		return ews.Item{}, err
	}
	if len(ref.attachments) > 0 {
		v.root = ref.store
	}
	return v.show(shape, entry), nil
}

// entry reads what a reference names: an item, an occurrence of it, or an item
// attached to it.
func (c *call) entry(ref *itemRef, parts mailbox.Parts) (mailbox.CalendarItem, error) {
	if len(ref.attachments) > 0 {
		it, err := c.attachedItem(ref)
		return mailbox.CalendarItem{Item: it}, err
	}
	day, occurrence, err := c.day(ref)
	if err != nil {
		return mailbox.CalendarItem{}, err
	}
	if occurrence {
		return ref.view.Occurrence(c.ctx, ref.id, day, parts)
	}
	it, err := ref.view.Item(c.ctx, ref.id, parts)
	return mailbox.CalendarItem{Item: it}, err
}

// day is which occurrence of a series a reference names, if it names one.
func (c *call) day(ref *itemRef) (calendar.Date, bool, error) {
	if ref.index > 0 {
		day, err := ref.view.OccurrenceDay(c.ctx, ref.id, ref.index)
		return day, true, err
	}
	if ref.instance.IsZero() {
		return 0, false, nil
	}
	i := ref.instance
	return calendar.NewDate(int(i.Year), time.Month(i.Month), int(i.Day)), true, nil
}

// stale refuses a change key that is not the item's state.
func stale(ref *itemRef, it *mailbox.Item) error {
	if ref.change != 0 && ref.change != it.Change {
		return entente.Errorf(entente.Conflict, "%s", ews.ErrorIrresolvableConflict.Text()).Because(mailbox.StaleChangeKey)
	}
	return nil
}
