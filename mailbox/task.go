package mailbox

import (
	"encoding/json"

	"entente"
	"entente/calendar"
)

// propTaskRecurrence is the recurrence of a task, JSON: recurrenceRecord.
const propTaskRecurrence Prop = 0x81F60102

// TaskRecurrence returns the recurrence of a task, nil if it has none. Tasks do
// not take place: the next one is made when this one is completed.
func (it *Item) TaskRecurrence() (*calendar.Recurrence, error) {
	b := it.Props.Bytes(propTaskRecurrence)
	if b == nil {
		return it.taskSeries(), nil
	}
	var rec recurrenceRecord
	if err := json.Unmarshal(b, &rec); err != nil {
		return nil, errSeries
	}
	return rec.recurrence()
}

// taskSeries reads the form in which the recurrence was kept before there was
// another, nil if there is none or it makes no sense.
func (it *Item) taskSeries() *calendar.Recurrence {
	var r calendar.Recurrence
	b := it.Props.Bytes(propTaskSeries)
	if b == nil || json.Unmarshal(b, &r) != nil || r.Check() != nil {
		return nil
	}
	return &r
}

// SetTaskRecurrence sets the recurrence of a task; nil removes it.
func (it *Item) SetTaskRecurrence(r *calendar.Recurrence) error {
	it.Props.Delete(propTaskSeries)
	if r == nil {
		it.Props.Delete(propTaskRecurrence)
		it.Props.SetBool(PidLidTaskFRecurring, false)
		return nil
	}
	if err := r.Check(); err != nil {
		return &entente.Error{Kind: entente.Invalid, Reason: EventInvalid, Text: "the recurrence is not valid", Err: err}
	}
	b, err := json.Marshal(recordRecurrence(r))
	if err != nil {
		return err
	}
	it.Props.SetBytes(propTaskRecurrence, b)
	it.Props.SetBool(PidLidTaskFRecurring, true)
	return nil
}
