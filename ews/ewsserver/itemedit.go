package ewsserver

import (
	"errors"
	"slices"
	"strings"
	"time"

	"entente/ews"
	"entente/mailbox"
)

// An itemEdit is an item being made or changed: what the setters of the field
// table see.
type itemEdit struct {
	c      *call
	view   *mailbox.View
	it     *mailbox.Item
	kind   ews.Kind
	create bool
	// tags are those of the extended properties that are to be set. They are
	// found before: an item is changed within a transaction.
	tags map[*ews.ExtendedFieldURI]mailbox.Prop
	// invited are the attendees there were before.
	invited []mailbox.Recipient
	event   eventEdit
	task    taskEdit
	contact contactEdit
	// content says that the message is no longer what its bytes say.
	content bool
}

var errNotDeletable = errors.New("cannot be deleted")

// edit begins to change an item.
func (c *call) edit(v *mailbox.View, it *mailbox.Item, kind ews.Kind, tags map[*ews.ExtendedFieldURI]mailbox.Prop) *itemEdit {
	return &itemEdit{c: c, view: v, it: it, kind: kind, tags: tags, invited: slices.Clone(it.Recipients)}
}

// put sets a property.
func (e *itemEdit) put(v *ews.Value) error {
	if v.Field == ews.FieldExtendedProperty {
		return e.putExtended(v)
	}
	row := e.c.h.field(v.Field)
	if row.set == nil || !e.kind.Has(holder(v.Field)) {
		return invalidValue(v)
	}
	e.touch(v.Field)
	return row.set(e, v)
}

// holder is the property a kind has if it has v: the dictionary of an entry.
func holder(f ews.Field) ews.Field {
	if f.Indexed() {
		return f.Container()
	}
	return f
}

// add appends to a property.
func (e *itemEdit) add(v *ews.Value) error {
	row := e.c.h.field(v.Field)
	if row.add == nil || !e.kind.Has(v.Field) {
		return &propertyError{ews.ErrorInvalidPropertyAppend, pathOf(v)}
	}
	e.touch(v.Field)
	return row.add(e, v)
}

// remove deletes a property, or one entry.
func (e *itemEdit) remove(v *ews.Value) error {
	refuse := &propertyError{ews.ErrorInvalidPropertyDelete, pathOf(v)}
	if v.Field == ews.FieldExtendedProperty {
		if tag := e.tags[v.Ext]; tag != 0 {
			e.it.Props.Delete(tag)
		}
		return nil
	}
	row := e.c.h.field(v.Field)
	switch {
	case !e.kind.Has(holder(v.Field)), !v.Field.Settable():
		return refuse
	case row.set == nil: // we keep no such property: it is gone
		return nil
	}
	e.touch(v.Field)
	if row.clear == nil {
		e.it.Props.Delete(row.prop)
		return nil
	}
	if err := row.clear(e, v.Indexed); err != nil {
		if errors.Is(err, errNotDeletable) {
			return refuse
		}
		return err
	}
	return nil
}

// touch notes that a change concerns what the bytes of a message say: its text,
// its subject, and, of a message that is there already, its people. The bytes
// are then made anew; all else is kept beside them, and they stay as they came.
//
// exchangelib and others send importance, receipts and reminders with every
// MimeContent, and the people of a new message often stand beside its bytes,
// for the Bcc line that these do not have.
func (e *itemEdit) touch(f ews.Field) {
	switch f {
	case ews.FieldSubject, ews.FieldBody, ews.FieldAttachments:
		e.content = true
	case ews.FieldSender, ews.FieldFrom, ews.FieldToRecipients, ews.FieldCcRecipients, ews.FieldBccRecipients, ews.FieldReplyTo:
		e.content = e.content || !e.create
	}
}

// putExtended sets a MAPI property. Some say what fields of an item say: with
// these the item does what a client that knows only properties means.
func (e *itemEdit) putExtended(v *ews.Value) error {
	x, ok := v.V.(ews.ExtendedValue)
	tag := e.tags[v.Ext]
	if !ok || tag == 0 {
		return &propertyError{ews.ErrorInvalidExtendedProperty, pathOf(v)}
	}
	if err := setExtended(&e.it.Props, tag, v.Ext.PropertyType, x); err != nil {
		return &propertyError{ews.ErrorInvalidExtendedPropertyValue, pathOf(v)}
	}
	switch tag {
	case mailbox.PidTagMessageFlags:
		n, _ := e.it.Props.Int(tag)
		e.it.Read = n&1 != 0
	case mailbox.PidTagRead:
		e.it.Read = strings.EqualFold(x.Value, "true") || x.Value == "1"
	case mailbox.PidTagSubject:
		e.it.Props.SetString(mailbox.PidTagNormalizedSubject, normalizedSubject(x.Value))
	}
	return nil
}

// extendedTags finds the tags of all extended properties of some values, creating
// names that are new if asked to; else these have the tag 0.
func (c *call) extendedTags(v *mailbox.View, create bool, lists ...[]ews.Value) (map[*ews.ExtendedFieldURI]mailbox.Prop, error) {
	var uris []*ews.ExtendedFieldURI
	for _, values := range lists {
		for i := range values {
			if values[i].Ext != nil {
				uris = append(uris, values[i].Ext)
			}
		}
	}
	if uris == nil {
		return nil, nil
	}
	tags, err := c.props(v, uris, create)
	if err != nil {
		return nil, err
	}
	m := make(map[*ews.ExtendedFieldURI]mailbox.Prop, len(uris))
	for i, u := range uris {
		m[u] = tags[i]
	}
	return m, nil
}

// finish puts together what depends on several properties.
func (e *itemEdit) finish() error {
	if e.content && e.kind.Is(ews.KindMessage) && (!e.create || e.it.MIME != nil) {
		e.it.MIME = nil // made anew from the item when it is asked for
		e.it.Parts |= mailbox.PartMIME
	}
	if e.kind != ews.KindCalendarItem {
		e.finishReminder()
	}
	switch e.kind {
	case ews.KindCalendarItem:
		return e.finishEvent()
	case ews.KindTask:
		return e.finishTask()
	case ews.KindContact, ews.KindDistributionList:
		e.finishContact()
	}
	return nil
}

// finishReminder sets when a reminder is shown next: at the time itself, for
// what has no start to be reminded before.
func (e *itemEdit) finishReminder() {
	ps := &e.it.Props
	due, ok := ps.Time(mailbox.PidLidReminderTime)
	if ok && ps.Bool(mailbox.PidLidReminderSet) {
		ps.SetTime(mailbox.PidLidReminderSignalTime, due)
		return
	}
	ps.Delete(mailbox.PidLidReminderSignalTime)
}

// instant reads a time. Without a zone it is meant in that of the request.
func (e *itemEdit) instant(t time.Time) time.Time { return e.c.instant(t, e.c.zone) }

// instant is the instant of a time that may have come without a zone.
func (c *call) instant(t time.Time, loc *time.Location) time.Time {
	if !ews.Floating(t) {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc).UTC()
}

// sameMailbox compares addresses as they stand in recipient lists.
func sameMailbox(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
