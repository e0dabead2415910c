package ewsserver

import (
	"slices"

	"entente/ews"
	"entente/mailbox"
)

// An itemShape is what of items a request wants, once for all of them.
type itemShape struct {
	h     *Handler
	base  ews.DefaultShapeName
	list  bool // FindItem and its like: no GetOnly properties
	body  bodyWish
	extra []ews.Field // asked for by name
	// entries are single entries of dictionaries that were asked for.
	entries []ews.Value
	ext     []*ews.ExtendedFieldURI
	tags    []mailbox.Prop // of ext, in the mailbox tagged
	tagged  *mailbox.View

	fields [32][]ews.Field // by kind, made when the kind is met first
	parts  mailbox.Parts
}

// itemShape reads a shape. list leaves out what FindItem never returns.
func (c *call) itemShape(s *ews.ItemResponseShape, list bool) (*itemShape, error) {
	shape := &itemShape{h: c.h, base: s.BaseShape, list: list, body: bodyWish{kind: s.BodyType}}
	if s.MaximumBodySize != nil {
		shape.body.max = *s.MaximumBodySize
	}
	if s.IncludeMimeContent {
		shape.extra = append(shape.extra, ews.FieldMimeContent)
	}
	for i := range s.AdditionalProperties {
		if err := shape.include(&s.AdditionalProperties[i]); err != nil {
			return nil, err
		}
	}
	shape.parts = shape.needs()
	return shape, nil
}

// include adds a property that was asked for by name.
func (s *itemShape) include(p *ews.PathToElement) error {
	switch {
	case p.FieldURI != nil:
		f, ok := ews.FieldByURI(string(p.FieldURI.FieldURI))
		if !ok {
			return &ews.Fault{Code: ews.ErrorSchemaValidation, Text: "The request failed schema validation: there is no property " + string(p.FieldURI.FieldURI) + "."}
		}
		if !slices.Contains(s.extra, f) {
			s.extra = append(s.extra, f)
		}
	case p.IndexedFieldURI != nil:
		f, ok := ews.FieldByIndexedURI(string(p.IndexedFieldURI.FieldURI))
		if !ok {
			return &ews.Fault{Code: ews.ErrorSchemaValidation, Text: "The request failed schema validation: there is no property " + string(p.IndexedFieldURI.FieldURI) + "."}
		}
		s.entries = append(s.entries, ews.Value{Field: f, Indexed: p.IndexedFieldURI.FieldIndex})
	case p.ExtendedFieldURI != nil:
		s.ext = append(s.ext, p.ExtendedFieldURI)
	}
	return nil
}

// needs are the parts of items that some property of the shape is in. The kind
// of an item is not known before it is read, so those of all kinds count; the
// default shape has a body for messages only, which is worth one look.
func (s *itemShape) needs() mailbox.Parts {
	var parts mailbox.Parts
	for k := ews.KindItem; k.IsItem(); k++ {
		for _, f := range s.h.shapes[shapeKey{s.base, k, s.list}] {
			parts |= s.h.field(f).parts
		}
	}
	for _, f := range s.extra {
		if !s.list || !f.GetOnly() {
			parts |= s.h.field(f).parts
		}
	}
	for i := range s.entries {
		parts |= s.h.field(s.entries[i].Field.Container()).parts
	}
	return parts
}

// of returns the properties of a kind in schema order.
func (s *itemShape) of(k ews.Kind) []ews.Field {
	if s.fields[k] != nil {
		return s.fields[k]
	}
	if len(s.extra) == 0 {
		s.fields[k] = s.h.shapes[shapeKey{s.base, k, s.list}]
		if s.fields[k] != nil {
			return s.fields[k]
		}
	}
	base := s.h.shapes[shapeKey{s.base, k, s.list}]
	wanted := make([]ews.Field, 0, len(base)+len(s.extra))
	wanted = append(wanted, base...)
	for _, f := range s.extra {
		if k.Has(f) && !slices.Contains(base, f) && !(s.list && f.GetOnly()) {
			wanted = append(wanted, f)
		}
	}
	if len(s.extra) > 0 {
		sortFields(k, wanted)
	}
	s.fields[k] = wanted
	return wanted
}

// sortFields puts properties in schema order.
func sortFields(k ews.Kind, fields []ews.Field) {
	it := ews.Item{Kind: k, Values: make([]ews.Value, len(fields))}
	for i, f := range fields {
		it.Values[i].Field = f
	}
	it.Sort()
	for i := range it.Values {
		fields[i] = it.Values[i].Field
	}
}

type shapeKey struct {
	base ews.DefaultShapeName
	kind ews.Kind
	list bool
}

// itemShapes are the base shapes of all kinds, without what has no row: they
// are the same for every request.
func itemShapes(fields []itemField) map[shapeKey][]ews.Field {
	m := map[shapeKey][]ews.Field{}
	for k := ews.KindItem; k.IsItem(); k++ {
		for base, all := range map[ews.DefaultShapeName][]ews.Field{
			ews.ShapeIDOnly:          {ews.FieldItemId},
			ews.ShapeDefault:         ews.DefaultFields(k),
			ews.ShapeAllProperties:   ews.AllFields(k),
			ews.ShapePcxPeopleSearch: {ews.FieldItemId},
		} {
			all = slices.DeleteFunc(slices.Clone(all), func(f ews.Field) bool {
				return fields[f].get == nil && fields[f].entries == nil
			})
			m[shapeKey{base, k, false}] = all
			m[shapeKey{base, k, true}] = slices.DeleteFunc(slices.Clone(all), ews.Field.GetOnly)
		}
	}
	return m
}

// properties tells the shape the mailbox its items are in, where extended
// properties get the tags they have there.
func (c *call) properties(s *itemShape, v *mailbox.View) error {
	if s.tagged == v || len(s.ext) == 0 {
		return nil
	}
	tags, err := c.props(v, s.ext, false)
	s.tags, s.tagged = tags, v
	return err
}

// newView begins a list of items of one mailbox in a shape.
func (c *call) newView(s *itemShape, v *mailbox.View) (*itemView, error) {
	return &itemView{c: c, view: v, body: s.body, list: s.list}, c.properties(s, v)
}

// show writes an entry of a mailbox in a shape.
func (v *itemView) show(s *itemShape, e mailbox.CalendarItem) ews.Item {
	v.reset(e)
	fields := s.of(v.kind)
	out := ews.Item{Kind: v.kind, Values: make([]ews.Value, 0, len(fields)+len(s.ext)+len(s.entries))}
	for _, f := range fields {
		row := s.h.field(f)
		if !v.shows(row) {
			continue
		}
		if row.entries != nil {
			out.Values = row.entries(v, out.Values)
			continue
		}
		if row.get == nil {
			continue
		}
		if x := row.get(v); x != nil {
			out.Values = append(out.Values, ews.Value{Field: f, V: x})
		}
	}
	if len(s.ext)+len(s.entries) > 0 {
		v.showNamed(s, &out)
	}
	return out
}

// showItem is show for an item that is no occurrence.
func (v *itemView) showItem(s *itemShape, it *mailbox.Item) ews.Item {
	return v.show(s, mailbox.CalendarItem{Item: it})
}

// showNamed adds extended properties and single entries of dictionaries.
func (v *itemView) showNamed(s *itemShape, out *ews.Item) {
	n := len(out.Values)
	var bag mailbox.Props
	for i, uri := range s.ext {
		tag := s.tags[i]
		if tag == 0 || !v.it.Lookup(&bag, tag) {
			continue
		}
		if x, ok := extendedValue(&bag, tag, uri.PropertyType); ok {
			out.Values = append(out.Values, ews.Value{Field: ews.FieldExtendedProperty, Ext: uri, V: x})
		}
	}
	for i := range s.entries {
		want := &s.entries[i]
		row := s.h.field(want.Field.Container())
		if row.entries == nil || !v.shows(row) || !v.kind.Has(want.Field.Container()) || slices.Contains(s.of(v.kind), want.Field.Container()) {
			continue
		}
		for _, x := range row.entries(v, nil) {
			if x.Field == want.Field && x.Indexed == want.Indexed {
				out.Values = append(out.Values, x)
			}
		}
	}
	if len(out.Values) > n {
		out.Sort()
	}
}
