package mailbox

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// Limited reports whether the caller knows the item by an item grant alone: what
// is not granted of it is not there, and Change is a number made of what is.
func (it *Item) Limited() bool { return it.limited }

// Shows reports whether the caller may know all of some fields.
func (it *Item) Shows(f access.Fields) bool { return !it.limited || it.shows.Has(f) }

// Edits are the fields of the item that item grants let the caller change, whatever
// else he may do in its folder: see UpdateGranted.
func (it *Item) Edits() access.Fields { return it.edits }

// Day tells which occurrence of a series the item is, if it is shown alone, to
// somebody who knows nothing of the series. Its ID is then that of the series.
func (it *Item) Day() (calendar.Date, bool) {
	if it.day == nil {
		return 0, false
	}
	return *it.day, true
}

// tells reports whether a limited item answers for a property at all: beside the
// fields, for what every item has. Its size and its number in the folder would
// tell of what is hidden.
func (it *Item) tells(p Prop) bool {
	switch p {
	case PidTagMessageClass, PidTagHasAttachments:
		return true
	case PidTagCreationTime:
		return !it.Created.IsZero()
	case PidTagLastModificationTime:
		return !it.Modified.IsZero()
	case PidTagMessageSize, PidTagInternetArticleNumber, PidTagAttachLongFilename:
		return false
	}
	return it.shows.Has(FieldsOf(p))
}

// mask is an item as somebody may know it who is granted some of its fields. The
// parts those are in were read.
func (v *View) mask(it *Item, f access.Fields, parts Parts) *Item {
	day := int32(0)
	m := &Item{
		ID: it.ID, Folder: it.Folder, Associated: it.Associated, Class: it.Class, Created: it.Created, Modified: it.Modified,
		Read: true, limited: true, shows: f, day: it.day,
	}
	if m.day != nil {
		// When a series was made and changed is a matter of the series.
		m.Created, m.Modified = time.Time{}, time.Time{}
		day = keyDay(*m.day)
	}
	g, _ := v.grantOf(it.contentID, day)
	m.edits = g.Write & f
	if f.Has(access.FieldOther) {
		m.Read = it.Read
	}
	if f.Has(access.FieldImportance) {
		m.flags = it.flags & flagPrivate
	}
	for i := range it.Props.vals {
		if val := it.Props.vals[i]; f.Has(FieldsOf(val.prop)) {
			m.Props.vals = append(m.Props.vals, val) // which are in order
		}
	}
	m.Props.SetBool(PidTagHasAttachments, false)
	if m.Props.Has(propSeries) {
		v.maskSeries(m, it)
	}
	if f.Has(access.FieldBody) {
		m.Body = it.Body
	}
	if f.Has(access.FieldAttendees) {
		m.Recipients = it.Recipients
	}
	m.Change = m.mark()
	m.Parts = parts & AllParts
	if parts&PartBody == 0 {
		m.Body = nil
	}
	if parts&PartRecipients == 0 {
		m.Recipients = nil
	}
	return m
}

// maskSeries takes out of a series what its exceptions say about hidden fields.
func (v *View) maskSeries(m, it *Item) {
	e, err := it.Event(v.s.zones)
	if err != nil || e.Recurrence == nil {
		m.Props.Delete(seriesProps[:]...)
		return
	}
	masked := *e
	masked.Exceptions = nil
	for i := range e.Exceptions {
		// One that differs in what is hidden alone is an occurrence like others.
		if x := maskException(&e.Exceptions[i], m.shows); says(e, &x) {
			masked.Exceptions = append(masked.Exceptions, x)
		}
	}
	m.Props.SetBytes(propSeries, encodeSeries(&masked))
}

// says reports whether an exception says anything that its series does not.
func says(e *calendar.Event, x *calendar.Exception) bool {
	at := e.OriginalTime(x.Original)
	return x.Changed != 0 || !x.Start.Equal(at.Start) || !x.End.Equal(at.End)
}

// fieldsOfException are the fields in which exceptions differ from their series.
var fieldsOfException = [...]struct {
	changed calendar.Fields
	fields  access.Fields
	clear   func(*calendar.Exception)
}{
	{calendar.SubjectField, access.FieldSubject, func(x *calendar.Exception) { x.Subject = "" }},
	{calendar.LocationField, access.FieldLocation, func(x *calendar.Exception) { x.Location = "" }},
	{calendar.AllDayField, access.FieldTime, func(x *calendar.Exception) { x.AllDay = false }},
	{calendar.StatusField, access.FieldShowAs, func(x *calendar.Exception) { x.Status = 0 }},
	{calendar.CancelledField, access.FieldAttendees, func(x *calendar.Exception) { x.Cancelled = false }},
	{calendar.SensitivityField, access.FieldImportance, func(x *calendar.Exception) { x.Sensitivity = 0 }},
	{calendar.PriorityField, access.FieldImportance, func(x *calendar.Exception) { x.Priority = 0 }},
	{calendar.CategoriesField, access.FieldCategories, func(x *calendar.Exception) { x.Categories = nil }},
	{calendar.BodyField, access.FieldBody, func(x *calendar.Exception) { x.Body, x.BodyHTML = "", "" }},
	{calendar.ReminderField, access.FieldReminder, func(x *calendar.Exception) { x.ReminderSet, x.ReminderMinutes = false, 0 }},
	{calendar.AttendeesField, access.FieldAttendees, func(x *calendar.Exception) {
		x.Organizer, x.Attendees = calendar.Attendee{}, nil
	}},
	{calendar.ResponseField, access.FieldAttendees, func(x *calendar.Exception) { x.Response = 0 }},
	{calendar.URLField, access.AllFields, func(x *calendar.Exception) { x.URL = "" }},
	{calendar.ExtraField, access.AllFields, func(x *calendar.Exception) { x.Extra = nil }},
}

func maskException(x *calendar.Exception, shows access.Fields) calendar.Exception {
	m := *x
	for i := range fieldsOfException {
		if f := &fieldsOfException[i]; !shows.Has(f.fields) {
			m.Changed &^= f.changed
			f.clear(&m)
		}
	}
	if !shows.Has(access.FieldOther) {
		m.Sequence, m.Stamp = 0, time.Time{}
	}
	return m
}

// mark is a number made of what is shown, another when that is another: the change
// number of a limited item. The true one would count what happens in the mailbox.
// It has 47 bits, since clients' change keys hold no more than 48.
func (it *Item) mark() uint64 {
	h := sha256.New()
	b := binary.AppendUvarint(nil, uint64(it.shows))
	b = binary.AppendUvarint(b, uint64(it.edits))
	b = binary.AppendUvarint(b, uint64(Ticks(it.Created)))
	b = binary.AppendUvarint(b, uint64(Ticks(it.Modified)))
	b = append(b, byte(number01(it.Read)))
	b = field(b, []byte(it.Class))
	b = field(b, it.Props.Append(nil))
	if it.Body != nil {
		b = field(field(b, it.Body.Text), it.Body.HTML)
	}
	h.Write(appendRecipients(b, it.Recipients))
	return binary.BigEndian.Uint64(h.Sum(nil))>>17 | 1
}

func field(b, text []byte) []byte { return append(binary.AppendUvarint(b, uint64(len(text))), text...) }

// occurrenceFor is one occurrence of a series as somebody may know it who is
// granted items alone.
func (v *View) occurrenceFor(tx *db.Tx, t *access.FolderTable, it *Item, day calendar.Date, parts Parts) (CalendarItem, error) {
	whole := v.mayKnow(t, it.contentID, 0)
	if !whole.Has(access.FieldTime) {
		if v.grantsDay(it.contentID, day) {
			one, err := v.alone(tx, t, it, day, parts)
			return CalendarItem{Item: one}, err
		}
		if whole != 0 {
			return CalendarItem{}, entente.Errorf(entente.Invalid, "the item is no series").Because(NotRecurring)
		}
		return CalendarItem{}, noItem()
	}
	f := v.mayKnow(t, it.contentID, keyDay(day))
	if err := v.loadKnown(tx, it, f); err != nil {
		return CalendarItem{}, err
	}
	e, out, err := v.occurrence(it, day)
	if err != nil {
		return CalendarItem{}, err
	}
	if x := e.Exception(day); x != nil {
		if shown := maskException(x, f); !says(e, &shown) {
			out.Kind = Occurrence
		}
	}
	out.Item = v.mask(out.Item, f, parts)
	return out, nil
}

// grantsDay reports whether a grant names one occurrence.
func (v *View) grantsDay(content uint64, day calendar.Date) bool {
	for _, g := range v.keysOf(content) {
		if g.Key.Day == keyDay(day) {
			return true
		}
	}
	return false
}
