package mailbox

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// A GrantedChange is a change of an item by somebody who may change some fields
// of it.
type GrantedChange struct {
	Item ItemID
	Day  *calendar.Date // one occurrence of the series; nil for the item
	// IfChange is the Change of the limited item that the change was made of; 0
	// for any.
	IfChange uint64
	Parts    Parts // to read
	// Sets are the fields that the caller names, whatever he sets them to: that he
	// names one he may not know is refused whether it would change or not, for the
	// answer would tell what it is.
	Sets access.Fields
}

// UpdateGranted changes an item, or one occurrence of a series, that a grant opens
// to the caller. fn gets it whole, so that nothing of what is hidden is lost; what
// it makes different must be granted, all of it, or nothing is written. Item is
// then as the caller may know it.
//
// Whether the item was read, its class, and its attachments are not to be changed
// so. Errors have the reasons of access.Permit.Change, StaleChangeKey, and those of
// Occurrence and SetEvent.
func (v *View) UpdateGranted(ctx context.Context, c GrantedChange, fn func(*Item) error) (CalendarItem, error) {
	var out CalendarItem
	err := v.db.Update(ctx, func(tx *db.Tx) error {
		r := reader{v: v, tx: tx}
		it, t, limited, err := r.look(c.Item)
		if err != nil {
			return err
		}
		w := grantedWrite{v: v, tx: tx, t: &t, c: &c, fn: fn, limited: limited}
		out, err = w.write(it)
		return err
	})
	return out, err
}

// A grantedWrite is one such change under way.
type grantedWrite struct {
	v       *View
	tx      *db.Tx
	t       *access.FolderTable
	c       *GrantedChange
	fn      func(*Item) error
	limited bool // the caller reads by grants too, and not by a right on the folder
	grant   access.Granted
}

func (w *grantedWrite) write(it *Item) (CalendarItem, error) {
	v := w.v
	before, err := w.known(it)
	if err != nil {
		return before, err
	}
	if err := w.allowed(it, before.Item); err != nil {
		return CalendarItem{}, err
	}
	if err := unchanged(before.Item, w.c.IfChange); err != nil {
		return CalendarItem{}, err
	}
	if err := v.load(w.tx, it, w.c.Parts&^it.Parts); err != nil {
		return CalendarItem{}, err
	}
	it.keep(w.c.Parts)
	change := w.whole
	if w.c.Day != nil {
		change = w.occurrence
	}
	if err := v.update(w.tx, it, change); err != nil {
		return CalendarItem{}, err
	}
	return w.known(it)
}

// known is what is changed as the caller knows it.
func (w *grantedWrite) known(it *Item) (CalendarItem, error) {
	if !w.limited {
		if w.c.Day == nil {
			return CalendarItem{Item: it}, nil
		}
		_, one, err := w.v.occurrence(it, *w.c.Day)
		return one, err
	}
	if w.c.Day != nil {
		return w.v.occurrenceFor(w.tx, w.t, it, *w.c.Day, AllParts)
	}
	f := w.v.mayKnow(w.t, it.contentID, 0)
	if f == 0 {
		return CalendarItem{}, noItem()
	}
	if err := w.v.loadKnown(w.tx, it, f); err != nil {
		return CalendarItem{}, err
	}
	return CalendarItem{Item: w.v.mask(it, f, AllParts)}, nil
}

// allowed asks whether the caller may change anything of the item, and whether he
// may know what he names.
func (w *grantedWrite) allowed(it, known *Item) error {
	day := int32(0)
	if w.c.Day != nil {
		day = keyDay(*w.c.Day)
	}
	w.grant, _ = w.v.grantOf(it.contentID, day)
	if w.grant.Write == 0 {
		return w.v.refuse(w.t, access.EditAny)
	}
	if hidden := w.c.Sets &^ known.shows; w.limited && hidden != 0 {
		return w.ask(access.ItemChange{Fields: hidden})
	}
	return nil
}

// ask asks whether a change is granted. A refusal names the fields it is about.
func (w *grantedWrite) ask(change access.ItemChange) error {
	err := w.v.permit.Change(w.t, w.grant.Key, change)
	if err == nil {
		return nil
	}
	names := func(f access.Fields) string { return strings.ReplaceAll(f.String(), ",", ", ") }
	out := &entente.Error{Kind: entente.Denied, Reason: access.FieldNotGranted, Err: err}
	var e *entente.Error
	if errors.As(err, &e) {
		out.Reason = e.Reason
	}
	switch missing := change.Fields &^ w.grant.Write; {
	case missing != 0:
		out.Text = "Access is denied. What was granted does not allow a change of " + names(missing) + "."
	case out.Reason == access.TimeNotGranted:
		out.Text = "Access is denied. What was granted does not allow these times (Time)."
	case out.Reason == access.LocationNotGranted:
		out.Text = "Access is denied. What was granted does not allow this location (Location)."
	default:
		out.Text = "Access is denied. No one grant allows a change of " + names(change.Fields) + " together."
	}
	return out
}

// whole changes the item as a whole.
func (w *grantedWrite) whole(it *Item) error {
	before := w.usual(it)
	if err := w.fn(it); err != nil {
		return err
	}
	return w.judge(before, w.usual(it))
}

// occurrence changes one occurrence, as UpdateOccurrence does.
func (w *grantedWrite) occurrence(it *Item) error {
	return w.v.changeOccurrence(it, *w.c.Day, w.c.Parts, func(one *Item) error {
		before := w.usual(one)
		if err := w.fn(one); err != nil {
			return err
		}
		return w.judge(before, w.usual(one))
	})
}

// usual is a copy of an item with everything in it written as this program writes
// it, so that two can be compared: what another wrote in other words, or left out
// since it is the usual, does not count as changed.
func (w *grantedWrite) usual(it *Item) *Item {
	c := *it
	c.Props = it.Props.Clone()
	if e, err := c.Event(w.v.s.zones); err == nil && IsAppointment(c.Class) {
		_ = c.SetEvent(e, c.Parts&(PartBody|PartRecipients)) // of what was kept, and so may be kept
	}
	return &c
}

// judge compares the item with what it was, and asks the grant.
func (w *grantedWrite) judge(before, after *Item) error {
	change := access.ItemChange{Fields: w.v.differing(before, after), Location: after.Props.String(PidLidLocation)}
	if after.Read != before.Read || after.Class != before.Class {
		return w.v.refuse(w.t, access.EditAny)
	}
	if change.Fields == 0 {
		return nil
	}
	if change.Fields.Has(access.FieldTime) {
		change.Start, change.End = w.v.stretch(after)
	}
	return w.ask(change)
}

// differing are the fields in which two states of an item differ.
func (v *View) differing(a, b *Item) (f access.Fields) {
	for _, p := range propsOf(a, b) {
		switch p {
		case PidTagLastModifierName, PidTagHasAttachments, PidTagDisplayTo, PidTagDisplayCc, PidTagDisplayBcc, PidLidTaskVersion:
			continue // kept up by the server, whatever is changed
		case propSeries:
			f |= v.seriesDiffering(a, b)
			continue
		}
		i, had := a.Props.find(p)
		j, has := b.Props.find(p)
		if had == has && (!had || a.Props.vals[i] == b.Props.vals[j]) {
			continue
		}
		switch p {
		case PidLidReminderTime, PidLidReminderSignalTime:
			continue // they follow from the start, and from what the reminder itself says
		}
		f |= FieldsOf(p)
	}
	ca, cb := contentOf(a), contentOf(b)
	differ := cb.differing(&ca)
	if differ&PartBody != 0 {
		f |= access.FieldBody
	}
	if differ&PartRecipients != 0 && !sameRecipients(a.Recipients, b.Recipients) {
		f |= access.FieldAttendees
	}
	// The bytes of a message are made anew when it changes.
	if differ&PartMIME != 0 && b.MIME != nil {
		f |= access.AllFields
	}
	return f
}

func propsOf(a, b *Item) []Prop {
	var all []Prop
	for p := range a.Props.All() {
		all = append(all, p)
	}
	for p := range b.Props.All() {
		all = append(all, p)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sameRecipients compares who is named, in which line and with which answer, in
// whatever order.
func sameRecipients(a, b []Recipient) bool {
	plain := func(list []Recipient) []Recipient {
		out := make([]Recipient, 0, len(list))
		for _, r := range list {
			out = append(out, Recipient{Kind: r.Kind, Address: strings.ToLower(r.Address), Response: r.Response, Organizer: r.Organizer})
		}
		slices.SortFunc(out, func(a, b Recipient) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Address, b.Address))
		})
		return out
	}
	return slices.Equal(plain(a), plain(b))
}

// seriesDiffering are the fields in which two states of a series differ, that of
// single occurrences included: an exception that is dropped takes with it all
// that it said.
func (v *View) seriesDiffering(a, b *Item) (f access.Fields) {
	ea, err := a.Event(v.s.zones)
	eb, err2 := b.Event(v.s.zones)
	if err != nil || err2 != nil {
		return access.AllFields
	}
	if !ea.Start.Equal(eb.Start) || !ea.End.Equal(eb.End) || !reflect.DeepEqual(ea.Recurrence, eb.Recurrence) ||
		!slices.Equal(ea.Deleted, eb.Deleted) {
		f |= access.FieldTime
	}
	days := map[calendar.Date]bool{}
	for _, e := range [...]*calendar.Event{ea, eb} {
		for i := range e.Exceptions {
			days[e.Exceptions[i].Original] = true
		}
	}
	for day := range days {
		f |= exceptionDiffering(ea.Exception(day), eb.Exception(day))
	}
	return f
}

func exceptionDiffering(a, b *calendar.Exception) (f access.Fields) {
	var none calendar.Exception
	if a == nil || b == nil {
		f |= access.FieldTime
	}
	if a = cmp.Or(a, &none); b == nil {
		b = &none
	}
	if !a.Start.Equal(b.Start) || !a.End.Equal(b.End) {
		f |= access.FieldTime
	}
	for i := range fieldsOfException {
		if !reflect.DeepEqual(onlyField(a, i), onlyField(b, i)) {
			f |= fieldsOfException[i].fields
		}
	}
	return f
}

// onlyField is what an exception says of one field.
func onlyField(x *calendar.Exception, field int) calendar.Exception {
	only := *x
	for i := range fieldsOfException {
		if i != field {
			fieldsOfException[i].clear(&only)
		}
	}
	only.Original, only.Start, only.End, only.Sequence, only.Stamp = 0, time.Time{}, time.Time{}, 0, time.Time{}
	only.Changed &= fieldsOfException[field].changed
	return only
}

// stretch is the time that an item takes: of a series, from the start of the first
// occurrence to the end of the last.
func (v *View) stretch(it *Item) (start, end time.Time) {
	e, err := it.Event(v.s.zones)
	if err != nil {
		start, _ = it.Props.Time(PidLidTaskStartDate)
		end, _ = it.Props.Time(PidLidTaskDueDate)
		return start, end
	}
	if start, end = e.Start, e.End; e.Recurrence == nil {
		return start, end
	}
	if first, ok := e.Recurrence.Begin(); ok {
		start = e.OriginalTime(first).Start
	}
	if last, ok := e.Recurrence.Finish(); ok {
		end = e.OriginalTime(last).End
	} else if _, ends := e.Recurrence.Len(); !ends {
		end = forever
	}
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		if x.Start.Before(start) {
			start = x.Start
		}
		if x.End.After(end) {
			end = x.End
		}
	}
	return start, end
}
