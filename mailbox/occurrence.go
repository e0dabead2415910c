package mailbox

import (
	"context"
	"slices"

	"entente"
	"entente/calendar"
)

// UpdateEvent changes an appointment or a series as a whole, with the parts
// asked for in the event. It is UpdateItem otherwise.
func (v *View) UpdateEvent(ctx context.Context, id ItemID, ifChange uint64, parts Parts, fn func(*calendar.Event) error) (*Item, error) {
	return v.UpdateItem(ctx, id, ifChange, parts, func(it *Item) error {
		e, err := it.Event(v.s.zones)
		if err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return err
		}
		return it.SetEvent(e, parts)
	})
}

// UpdateOccurrence changes one occurrence of a series: fn gets it as an item,
// with the parts asked for, and what an exception can change and fn did is kept
// as one. Attachments and other properties stay those of the series. Rights and
// ifChange are those of the series, as in UpdateItem; other errors are those of
// Occurrence and of SetEvent.
func (v *View) UpdateOccurrence(ctx context.Context, master ItemID, day calendar.Date, ifChange uint64, parts Parts, fn func(*Item) error) (CalendarItem, error) {
	var out CalendarItem
	it, err := v.UpdateItem(ctx, master, ifChange, parts, func(it *Item) error { return v.changeOccurrence(it, day, parts, fn) })
	if err != nil {
		return out, err
	}
	_, out, err = v.occurrence(it, day)
	return out, err
}

// changeOccurrence has fn change one occurrence of a series, and the series keep
// it.
func (v *View) changeOccurrence(it *Item, day calendar.Date, parts Parts, fn func(*Item) error) error {
	e, one, err := v.occurrence(it, day)
	if err != nil {
		return err
	}
	if err := fn(one.Item); err != nil {
		return err
	}
	changed, err := one.Item.Event(v.s.zones)
	if err != nil {
		return err
	}
	if err := changed.Check(); err != nil {
		return &entente.Error{Kind: entente.Invalid, Reason: EventInvalid, Text: "the occurrence is not valid", Err: err}
	}
	if len(e.Exceptions) >= maxExceptions {
		return entente.Errorf(entente.TooLarge, "the series has too many exceptions").Because(CalendarTooMany)
	}
	e.SetException(ExceptionOf(e, day, changed, parts))
	return it.SetEvent(e, 0)
}

// DeleteOccurrence strikes one occurrence out of a series. It needs the right to
// edit the series.
func (v *View) DeleteOccurrence(ctx context.Context, master ItemID, day calendar.Date, ifChange uint64) (*Item, error) {
	return v.UpdateItem(ctx, master, ifChange, 0, func(it *Item) error {
		e, _, err := v.occurrence(it, day)
		if err != nil {
			return err
		}
		if len(e.Deleted) >= maxExceptions {
			return entente.Errorf(entente.TooLarge, "the series has too many exceptions").Because(CalendarTooMany)
		}
		e.Delete(day)
		return it.SetEvent(e, 0)
	})
}

// ExceptionOf is what makes an occurrence differ from its series. Of parts that
// were not read nothing is said: what an earlier exception changed there stays.
func ExceptionOf(e *calendar.Event, day calendar.Date, c *calendar.Event, parts Parts) calendar.Exception {
	x := calendar.Exception{Original: day, Sequence: c.Sequence, Stamp: c.Stamp}
	if old := e.Exception(day); old != nil {
		const kept = calendar.BodyField | calendar.AttendeesField | calendar.ExtraField | calendar.ResponseField | calendar.URLField
		x = *old
		x.Changed &= kept
		x.Sequence, x.Stamp = c.Sequence, c.Stamp
	}
	x.Start, x.End = c.Start, c.End
	differs(&x, calendar.SubjectField, &x.Subject, c.Subject, e.Subject)
	differs(&x, calendar.LocationField, &x.Location, c.Location, e.Location)
	differs(&x, calendar.AllDayField, &x.AllDay, c.AllDay, e.AllDay)
	differs(&x, calendar.StatusField, &x.Status, c.Status, e.Status)
	differs(&x, calendar.CancelledField, &x.Cancelled, c.Cancelled, e.Cancelled)
	differs(&x, calendar.SensitivityField, &x.Sensitivity, c.Sensitivity, e.Sensitivity)
	differs(&x, calendar.PriorityField, &x.Priority, c.Priority, e.Priority)
	differs(&x, calendar.URLField, &x.URL, c.URL, e.URL)
	differs(&x, calendar.ResponseField, &x.Response, c.Response, e.Response)
	differs(&x, calendar.ReminderField, &x.ReminderSet, c.ReminderSet, e.ReminderSet)
	differs(&x, calendar.ReminderField, &x.ReminderMinutes, c.ReminderMinutes, e.ReminderMinutes)
	if x.Changed&calendar.ReminderField != 0 {
		x.ReminderSet, x.ReminderMinutes = c.ReminderSet, c.ReminderMinutes
	}
	if !slices.Equal(c.Categories, e.Categories) {
		x.Changed |= calendar.CategoriesField
		x.Categories = c.Categories
	}
	if parts&PartBody != 0 {
		x.Changed &^= calendar.BodyField
		if c.Body != e.Body || c.BodyHTML != e.BodyHTML {
			x.Changed |= calendar.BodyField
			x.Body, x.BodyHTML = c.Body, c.BodyHTML
		}
	}
	if parts&PartRecipients != 0 {
		x.Changed &^= calendar.AttendeesField
		if !slices.Equal(c.Attendees, e.Attendees) {
			x.Changed |= calendar.AttendeesField
			x.Organizer, x.Attendees = c.Organizer, c.Attendees
		}
	}
	return x
}

func differs[T comparable](x *calendar.Exception, f calendar.Fields, to *T, v, of T) {
	if v != of {
		x.Changed |= f
		*to = v
	}
}
