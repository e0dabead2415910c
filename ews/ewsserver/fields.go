package ewsserver

import (
	"strings"
	"time"

	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// An itemField is how one property of EWS looks in a mailbox: a row of the
// table that reading, writing, restrictions and sorts share. A property
// without a row is one we do not keep: it is never sent, and setting it is an
// error that names it.
type itemField struct {
	// prop is the property that restrictions and sorts compare; 0 for what
	// cannot be compared.
	prop mailbox.Prop
	// parts are what get reads and set changes beside the properties.
	parts mailbox.Parts
	// get returns the value in the Go type of the field's type, nil for none.
	get func(*itemView) any
	// entries is get for dictionaries and lists: a value for each entry.
	entries func(*itemView, []ews.Value) []ews.Value
	// set puts what a client sent into an item; nil if that is not possible.
	set func(*itemEdit, *ews.Value) error
	// add is set for AppendToItemField; most properties have none.
	add func(*itemEdit, *ews.Value) error
	// clear removes the property, or the entry of the key; nil removes prop.
	clear func(*itemEdit, string) error
	// granted are the fields that somebody must be granted who knows the item by
	// an item grant alone: see grantedBy.
	granted access.Fields
	// words are the values of an enumeration in the order of the numbers that
	// prop has for them, for restrictions.
	words []string
}

// fieldCount is the size of the table: the last property there is, and one.
const fieldCount = int(ews.FieldMember) + 1

type row struct {
	f ews.Field
	itemField
}

// itemFields makes the table.
func itemFields() []itemField {
	table := make([]itemField, fieldCount)
	for _, rows := range [][]row{
		commonFields(), identityFields(), bodyFields(), stateFields(), messageFields(), recipientFields(),
		eventFields(), eventTimeFields(), seriesFields(), meetingFields(),
		contactFields(), contactEntryFields(), taskFields(), listFields(),
	} {
		for _, r := range rows {
			table[r.f] = r.itemField
			table[r.f].granted, _ = grantedBy(r.f, r.prop)
		}
	}
	return table
}

// field returns the row of a property, an empty one if it has none.
func (h *Handler) field(f ews.Field) *itemField {
	if int(f) >= len(h.fields) {
		return &itemField{}
	}
	return &h.fields[f]
}

// The simple rows: a property of ours for a property of theirs.

func textField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get: func(v *itemView) any {
			if !v.it.Props.Has(p) {
				return nil
			}
			return v.it.Props.String(p)
		},
		set: func(e *itemEdit, v *ews.Value) error {
			s, _ := v.V.(string)
			e.it.Props.SetString(p, s)
			return nil
		},
	}
}

func boolField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get:  func(v *itemView) any { return v.it.Props.Bool(p) },
		set: func(e *itemEdit, v *ews.Value) error {
			b, _ := v.V.(bool)
			e.it.Props.SetBool(p, b)
			return nil
		},
	}
}

func intField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get: func(v *itemView) any {
			if n, ok := v.it.Props.Int(p); ok {
				return n
			}
			return nil
		},
		set: func(e *itemEdit, v *ews.Value) error {
			n, _ := v.V.(int64)
			e.it.Props.SetInt(p, n)
			return nil
		},
	}
}

func timeField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get: func(v *itemView) any {
			if t, ok := v.it.Props.Time(p); ok && !t.IsZero() {
				return t
			}
			return nil
		},
		set: func(e *itemEdit, v *ews.Value) error {
			t, _ := v.V.(time.Time)
			e.it.Props.SetTime(p, e.instant(t))
			return nil
		},
	}
}

func textsField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get: func(v *itemView) any {
			if list := v.it.Props.Strings(p); len(list) > 0 {
				return list
			}
			return nil
		},
		set: func(e *itemEdit, v *ews.Value) error {
			list, _ := v.V.([]string)
			if len(list) == 0 {
				e.it.Props.Delete(p)
				return nil
			}
			e.it.Props.SetStrings(p, list)
			return nil
		},
		add: func(e *itemEdit, v *ews.Value) error {
			list, _ := v.V.([]string)
			e.it.Props.SetStrings(p, append(e.it.Props.Strings(p), list...))
			return nil
		},
	}
}

func bytesField(p mailbox.Prop) itemField {
	return itemField{
		prop: p,
		get: func(v *itemView) any {
			if b := v.it.Props.Bytes(p); b != nil {
				return b
			}
			return nil
		},
	}
}

// wordField is an enumeration kept as the number of its word. Without the
// property the word is that at def; with a number that has no word, too.
func wordField(p mailbox.Prop, def int, words ...string) itemField {
	return itemField{
		prop: p, words: words,
		get: func(v *itemView) any {
			n, ok := v.it.Props.Int(p)
			if !ok || n < 0 || n >= int64(len(words)) {
				return words[def]
			}
			return words[n]
		},
		set: func(e *itemEdit, v *ews.Value) error {
			word, _ := v.V.(string)
			for n, w := range words {
				if w == word {
					e.it.Props.SetInt(p, int64(n))
					return nil
				}
			}
			return invalidValue(v)
		},
	}
}

// readOnly takes the setter off a row.
func readOnly(f itemField) itemField {
	f.set, f.add = nil, nil
	return f
}

// flagField is a bit of PidTagMessageFlags. [MS-OXCMSG] 2.2.1.6
func flagField(bit int64) itemField {
	return itemField{get: func(v *itemView) any { return v.it.MessageFlags()&bit != 0 }}
}

// pathOf names a property as a request does, for errors about it.
func pathOf(v *ews.Value) ews.PathToElement {
	switch {
	case v.Ext != nil:
		return ews.PathToElement{ExtendedFieldURI: v.Ext}
	case v.Field.Indexed():
		return ews.PathToElement{IndexedFieldURI: &ews.IndexedFieldURI{
			FieldURI: ews.DictionaryURI(v.Field.URI()), FieldIndex: v.Indexed,
		}}
	}
	return ews.PathToElement{FieldURI: &ews.FieldURI{FieldURI: ews.UnindexedFieldURI(v.Field.URI())}}
}

// A propertyError is an error about one property, which the answer names.
type propertyError struct {
	code ews.ResponseCode
	path ews.PathToElement
}

func (e *propertyError) Error() string { return string(e.code) }

func invalidValue(v *ews.Value) error {
	return &propertyError{ews.ErrorInvalidPropertySet, pathOf(v)}
}

// weekdaySet are the days of a pattern; the classes of days count as theirs.
func weekdaySet(days ...ews.DayOfWeek) (calendar.Weekdays, bool) {
	var set calendar.Weekdays
	for _, d := range days {
		switch d {
		case ews.AnyDay:
			set |= calendar.EveryDay
		case ews.Weekday:
			set |= calendar.WorkDays
		case ews.WeekendDay:
			set |= calendar.WeekendDay
		default:
			w, ok := weekday(d)
			if !ok {
				return 0, false
			}
			set |= 1 << w
		}
	}
	return set, set != 0
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
