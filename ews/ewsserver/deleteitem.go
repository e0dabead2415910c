package ewsserver

import (
	"time"

	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// deleteItem answers DeleteItem. [MS-OXWSCORE] 3.1.4.3
func (c *call) deleteItem(req *ews.DeleteItem) (*ews.DeleteItemResponse, error) {
	resp := &ews.DeleteItemResponse{ResponseMessages: make([]ews.DeleteItemResponseMessage, len(req.ItemIDs))}
	for i := range req.ItemIDs {
		m := ews.Success()
		if err := c.deleteOne(req, &req.ItemIDs[i]); err != nil {
			m = c.fail(err)
		}
		resp.ResponseMessages[i].ResponseMessage = m
	}
	return resp, nil
}

// deleteMode is where deleted things go.
func deleteMode(d ews.Disposal) mailbox.DeleteMode {
	switch d {
	case ews.HardDelete:
		return mailbox.HardDelete
	case ews.SoftDelete:
		return mailbox.SoftDelete
	}
	return mailbox.MoveToDeletedItems
}

func (c *call) deleteOne(req *ews.DeleteItem, id *ews.BaseItemID) error {
	ref, err := c.baseItem(id)
	if err != nil {
		return err
	}
	if len(ref.attachments) > 0 {
		return &ews.Fault{Code: ews.ErrorCannotDeleteObject}
	}
	if err := c.whole(&ref, access.DeleteAny); err != nil {
		return err
	}
	it, err := ref.view.Item(c.ctx, ref.id, mailbox.PartRecipients)
	if err != nil {
		return err
	}
	switch kindOf(it.Class) {
	case ews.KindCalendarItem:
		return c.deleteAppointment(req, &ref, it)
	case ews.KindTask:
		return c.deleteTask(req, &ref, it)
	}
	return firstError(ref.view.DeleteItems(c.ctx, []mailbox.ItemID{ref.id}, deleteMode(req.DeleteType)))
}

func (c *call) deleteAppointment(req *ews.DeleteItem, ref *itemRef, it *mailbox.Item) error {
	if req.SendMeetingCancellations == "" {
		return &ews.Fault{Code: ews.ErrorSendMeetingCancellationsRequired}
	}
	day, occurrence, err := c.day(ref)
	if err != nil {
		return err
	}
	var which *calendar.Date
	if occurrence {
		which = &day
	}
	if req.SendMeetingCancellations != ews.SendToNone {
		if err := c.mayRemove(ref, it, occurrence); err != nil {
			return err
		}
		if err := c.callOff(ref.view, it, which, req.SendMeetingCancellations); err != nil {
			return err
		}
	}
	if !occurrence {
		return firstError(ref.view.DeleteItems(c.ctx, []mailbox.ItemID{ref.id}, deleteMode(req.DeleteType)))
	}
	_, err = ref.view.DeleteOccurrence(c.ctx, ref.id, day, 0)
	return err
}

// deleteTask deletes a task, or of a recurring one what is due now: it is then
// due again at its next time, and gone after the last.
func (c *call) deleteTask(req *ews.DeleteItem, ref *itemRef, it *mailbox.Item) error {
	if req.AffectedTaskOccurrences == "" {
		return &ews.Fault{Code: ews.ErrorAffectedTaskOccurrencesRequired}
	}
	if req.AffectedTaskOccurrences == ews.SpecifiedOccurrenceOnly && it.Props.Bool(mailbox.PidLidTaskFRecurring) {
		due, next, ok := nextTask(it)
		if ok {
			_, err := ref.view.UpdateItem(c.ctx, ref.id, 0, 0, func(it *mailbox.Item) error {
				if start, ok := it.Props.Time(mailbox.PidLidTaskStartDate); ok {
					it.Props.SetTime(mailbox.PidLidTaskStartDate, start.Add(next.Sub(due)))
				}
				it.Props.SetTime(mailbox.PidLidTaskDueDate, next)
				return nil
			})
			return err
		}
	}
	return firstError(ref.view.DeleteItems(c.ctx, []mailbox.ItemID{ref.id}, deleteMode(req.DeleteType)))
}

// nextTask is when a recurring task is due, and when it is due after that.
func nextTask(it *mailbox.Item) (due, next time.Time, ok bool) {
	due, ok = it.Props.Time(mailbox.PidLidTaskDueDate)
	r, err := it.TaskRecurrence()
	if !ok || err != nil || r == nil || r.Pattern.Regenerating() {
		return due, next, false
	}
	days := r.From(calendar.DateOf(due) + 1)
	day, ok := days.Next()
	if !ok {
		return due, next, false
	}
	year, month, d := day.Civil()
	return due, time.Date(year, month, d, due.Hour(), due.Minute(), due.Second(), 0, time.UTC), true
}
