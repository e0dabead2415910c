package ews

import (
	"slices"

	"entente/strictxml"
)

// A Value is one property of an item or folder with its value.
type Value struct {
	Field Field
	// Ext names the property when Field is FieldExtendedProperty.
	Ext *ExtendedFieldURI
	// Indexed is the key of an entry when Field is Indexed: BusinessPhone,
	// EmailAddress1, Home, the name of a header field, the key of a member.
	Indexed string
	// V has the Go type that the comments at FieldType tell.
	V any
}

// An Item is a list of properties, as a client sent it or as it is sent to a
// client. What is not in the list was not said: which of an item's properties
// an answer has, the request's shape decides.
//
// Values stand in schema order; Sort puts them so.
//
// ews:manual AnyItem
type Item struct {
	Kind   Kind
	Values []Value
}

// A Folder is a list of properties like an Item.
//
// ews:manual AnyFolder
type Folder struct {
	Kind   Kind
	Values []Value
}

// Get returns the value of a property that is not indexed or extended.
func (it *Item) Get(f Field) (v any, ok bool) { return get(it.Values, f) }

// Get returns the value of a property that is not extended.
func (f *Folder) Get(field Field) (v any, ok bool) { return get(f.Values, field) }

// Add appends a property. The caller keeps the schema order, or calls Sort.
func (it *Item) Add(f Field, v any) { it.Values = append(it.Values, Value{Field: f, V: v}) }

// Add appends a property. The caller keeps the schema order, or calls Sort.
func (f *Folder) Add(field Field, v any) { f.Values = append(f.Values, Value{Field: field, V: v}) }

// Sort puts the values in schema order: clients that were generated from the
// schema (.NET) silently lose elements that stand in the wrong place. Values
// the kind does not have go first. Values that are in order already, the usual
// case, cost one look each.
func (it *Item) Sort() { sortValues(it.Kind, it.Values) }

// Sort puts the values in schema order.
func (f *Folder) Sort() { sortValues(f.Kind, f.Values) }

func sortValues(k Kind, values []Value) {
	if k >= numKinds {
		return
	}
	ranks := &fieldRanks[k]
	slices.SortStableFunc(values, func(a, b Value) int {
		return int(ranks[a.Field]) - int(ranks[b.Field])
	})
}

func get(values []Value, f Field) (any, bool) {
	for i := range values {
		if values[i].Field == f {
			return values[i].V, true
		}
	}
	return nil, false
}

// AppendItem writes an item as the element of its kind, such as t:Message.
func AppendItem(e *strictxml.Encoder, it *Item) { it.appendChoice(e) }

// AppendFolder writes a folder as the element of its kind.
func AppendFolder(e *strictxml.Encoder, f *Folder) { f.appendChoice(e) }

func (it *Item) appendChoice(e *strictxml.Encoder) {
	if it.Kind != KindNone {
		appendProperties(e, qnames[it.Kind], it.Kind, it.Values)
	}
}

func (f *Folder) appendChoice(e *strictxml.Encoder) {
	if f.Kind != KindNone {
		appendProperties(e, qnames[f.Kind], f.Kind, f.Values)
	}
}

// decodeXML reads an item where the schema has one kind of item only, such as
// the Contact of a name that was resolved.
func (it *Item) decodeXML(r *strictxml.Reader) {
	if !it.decodeChoice(r) {
		unexpected(r, r.Name().Local)
	}
}

func (it *Item) appendXML(e *strictxml.Encoder, qname string) {
	appendProperties(e, qname, it.Kind, it.Values)
}

func (f *Folder) decodeXML(r *strictxml.Reader) {
	if !f.decodeChoice(r) {
		unexpected(r, r.Name().Local)
	}
}

func (f *Folder) appendXML(e *strictxml.Encoder, qname string) {
	appendProperties(e, qname, f.Kind, f.Values)
}

// maxNesting is how deep items may lie in items. The depth is ours, the code
// that refuses more is Exchange's.
const maxNesting = 8

func (it *Item) decodeChoice(r *strictxml.Reader) bool {
	n := r.Name()
	k := kindOf(n.Local)
	if n.Space != NSTypes || !k.IsItem() && !k.IsResponseObject() {
		return false
	}
	it.Kind = k
	it.Values = decodeProperties(r, k)
	if it.nesting() > maxNesting {
		r.Fail(&Fault{Code: ErrorAttachmentNestLevelLimitExceeded})
	}
	return true
}

func (f *Folder) decodeChoice(r *strictxml.Reader) bool {
	n := r.Name()
	k := kindOf(n.Local)
	if n.Space != NSTypes || !k.IsFolder() {
		return false
	}
	f.Kind = k
	f.Values = decodeProperties(r, k)
	return true
}

// nesting counts the items that lie in each other, at most. It is asked on the
// way out of every level of reading, so it never sees much more than the limit.
func (it *Item) nesting() int {
	deepest := 0
	for i := range it.Values {
		switch v := it.Values[i].V.(type) {
		case []Attachment:
			for j := range v {
				if v[j].Item != nil {
					deepest = max(deepest, v[j].Item.Item.nesting()+1)
				}
			}
		case []Item:
			for j := range v {
				deepest = max(deepest, v[j].nesting()+1)
			}
		}
	}
	return deepest
}

// decodeProperties reads the children of the element r stands on.
func decodeProperties(r *strictxml.Reader, k Kind) []Value {
	var values []Value
	var seen [numFields/64 + 1]uint64
	for r.Child() {
		n := r.Name()
		f := fieldOf(k, n.Local)
		if f == FieldNone || n.Space != NSTypes {
			unexpected(r, k.Element())
			break
		}
		if f != FieldExtendedProperty {
			once(r, &seen[f/64], 1<<(f%64))
		}
		values = decodeProperty(r, k, f, values)
	}
	return values
}

// decodeProperty appends what the property element r stands on says: nothing,
// one value, or one for each entry.
func decodeProperty(r *strictxml.Reader, k Kind, f Field, values []Value) []Value {
	switch f.Type() {
	case TypeOther:
		r.Skip()
		return values
	case TypeExtendedProperty:
		return append(values, decodeExtended(r))
	case TypeInternetHeaders, TypeEmailAddresses, TypePhysicalAddresses,
		TypePhoneNumbers, TypeImAddresses, TypeMembers:
		return decodeEntries(r, f, values)
	}
	return append(values, Value{Field: f, V: decodeValue(r, k, f.Type())})
}

// appendProperties writes an element with the values as its children. Entries
// of one container must stand together: they share its element.
func appendProperties(e *strictxml.Encoder, qname string, k Kind, values []Value) {
	e.Start(qname)
	for i := 0; i < len(values); {
		row := &fieldTable[values[i].Field]
		switch {
		case row.flags&indexed != 0:
			n := 1
			for i+n < len(values) && values[i+n].Field.Container() == row.container {
				n++
			}
			appendEntries(e, row.container, values[i:i+n])
			i += n
			continue
		case row.typ == TypeExtendedProperty:
			appendExtended(e, &values[i])
		case row.typ != TypeOther:
			appendValue(e, k, fieldQNames[values[i].Field], values[i].V)
		}
		i++
	}
	e.End(qname)
}
