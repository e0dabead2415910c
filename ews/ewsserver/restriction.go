package ewsserver

import (
	"strconv"
	"strings"
	"time"

	"entente/ews"
	"entente/mailbox"
)

// A translator makes conditions of the store from those of requests, for one
// mailbox: named properties have other tags in another.
type translator struct {
	c       *call
	view    *mailbox.View
	folders bool // conditions on folders instead of items
}

// A subject is the property that a path of a request compares.
type subject struct {
	prop mailbox.Prop
	// words are the values of an enumeration, kept as their numbers.
	words []string
	// bit is that of a property which is one bit of prop.
	bit int64
}

// unknown reports whether it is a named property the mailbox has never seen,
// so that nothing in it has one.
func (c subject) unknown() bool { return c.prop == 0 }

// never and always are conditions that hold for nothing, and for everything.
func never() mailbox.Restriction {
	return mailbox.Restriction{Op: mailbox.Not, Of: []mailbox.Restriction{always()}}
}

func always() mailbox.Restriction {
	return mailbox.Restriction{Op: mailbox.Exists, Prop: mailbox.PidTagCreationTime}
}

// restriction translates the filter of a request. [MS-OXWSSRCH] 2.2.4.30
func (t *translator) restriction(e *ews.SearchExpression) (*mailbox.Restriction, error) {
	r, err := t.expression(e)
	return &r, err
}

func (t *translator) expression(e *ews.SearchExpression) (mailbox.Restriction, error) {
	switch {
	case e.And != nil:
		return t.all(mailbox.And, e.And)
	case e.Or != nil:
		return t.all(mailbox.Or, e.Or)
	case e.Not != nil:
		return t.all(mailbox.Not, []ews.SearchExpression{*e.Not})
	case e.Contains != nil:
		return t.contains(e.Contains)
	case e.Excludes != nil:
		return t.excludes(e.Excludes)
	case e.Exists != nil:
		return t.exists(e.Exists)
	}
	for _, two := range [...]struct {
		op mailbox.RestrictionOp
		x  *ews.TwoOperand
	}{
		{mailbox.Equal, e.IsEqualTo},
		{mailbox.NotEqual, e.IsNotEqualTo},
		{mailbox.Less, e.IsLessThan},
		{mailbox.LessOrEqual, e.IsLessThanOrEqualTo},
		{mailbox.Greater, e.IsGreaterThan},
		{mailbox.GreaterOrEqual, e.IsGreaterThanOrEqualTo},
	} {
		if two.x != nil {
			return t.comparison(two.op, two.x)
		}
	}
	return mailbox.Restriction{}, &ews.Fault{Code: ews.ErrorInvalidRestriction, Text: "The restriction is empty."}
}

func (t *translator) all(op mailbox.RestrictionOp, list []ews.SearchExpression) (mailbox.Restriction, error) {
	r := mailbox.Restriction{Op: op, Of: make([]mailbox.Restriction, len(list))}
	var err error
	for i := range list {
		if r.Of[i], err = t.expression(&list[i]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// resolve finds what a path compares.
func (t *translator) resolve(p *ews.PathToElement) (subject, error) {
	switch {
	case p.ExtendedFieldURI != nil:
		tags, err := t.c.props(t.view, []*ews.ExtendedFieldURI{p.ExtendedFieldURI}, false)
		if err != nil {
			return subject{}, err
		}
		return subject{prop: tags[0]}, nil
	case p.IndexedFieldURI != nil && !t.folders:
		f, _ := ews.FieldByIndexedURI(string(p.IndexedFieldURI.FieldURI))
		if prop := entryProp(f, p.IndexedFieldURI.FieldIndex); prop != 0 {
			return subject{prop: prop}, nil
		}
	case p.FieldURI != nil:
		if c, ok := t.field(string(p.FieldURI.FieldURI)); ok {
			return c, nil
		}
	}
	return subject{}, &propertyError{ews.ErrorUnsupportedPathForQuery, *p}
}

func (t *translator) field(uri string) (subject, bool) {
	f, ok := ews.FieldByURI(uri)
	if !ok {
		return subject{}, false
	}
	if t.folders {
		prop := folderProp(f)
		return subject{prop: prop}, prop != 0
	}
	if bit := messageFlag(f); bit != 0 {
		return subject{prop: mailbox.PidTagMessageFlags, bit: bit}, true
	}
	row := t.c.h.field(f)
	return subject{prop: row.prop, words: row.words}, row.prop != 0
}

// messageFlag is the bit of PidTagMessageFlags that a property is.
func messageFlag(f ews.Field) int64 {
	switch f {
	case ews.FieldIsSubmitted:
		return flagSubmitted
	case ews.FieldIsDraft:
		return flagUnsent
	case ews.FieldIsFromMe:
		return flagFromMe
	case ews.FieldIsResend:
		return flagResend
	case ews.FieldIsUnmodified:
		return flagUnmodified
	}
	return 0
}

func (t *translator) exists(e *ews.Exists) (mailbox.Restriction, error) {
	c, err := t.resolve(&e.Path)
	switch {
	case err != nil:
		return mailbox.Restriction{}, err
	case c.unknown():
		return never(), nil
	case c.bit != 0:
		return always(), nil
	}
	return mailbox.Restriction{Op: mailbox.Exists, Prop: c.prop}, nil
}

func (t *translator) excludes(e *ews.Excludes) (mailbox.Restriction, error) {
	mask, err := strconv.ParseInt(strings.TrimSpace(string(e.Bitmask.Value)), 0, 64)
	if err != nil {
		return mailbox.Restriction{}, &ews.Fault{Code: ews.ErrorInvalidExcludesRestriction}
	}
	c, err := t.resolve(&e.Path)
	switch {
	case err != nil:
		return mailbox.Restriction{}, err
	case c.unknown():
		return always(), nil
	}
	return mailbox.Restriction{Op: mailbox.Excludes, Prop: c.prop, Value: mailbox.Value{Int: mask}}, nil
}

func (t *translator) contains(e *ews.Contains) (mailbox.Restriction, error) {
	c, err := t.resolve(&e.Path)
	switch {
	case err != nil:
		return mailbox.Restriction{}, err
	case c.unknown():
		return never(), nil
	case c.prop.Type()&^mailbox.TypeMultiple != mailbox.TypeString && c.prop != mailbox.PidTagHTML:
		return mailbox.Restriction{}, &propertyError{ews.ErrorContainsFilterWrongType, e.Path}
	}
	return mailbox.Restriction{
		Op: mailbox.Contains, Prop: c.prop, Value: mailbox.Value{Text: e.Constant.Value},
		Mode: containsMode(e.ContainmentMode), Comparison: containsComparison(e.ContainmentComparison),
	}, nil
}

// containsMode without a mode is a full string, [MS-OXWSSRCH] 2.2.4.13.
func containsMode(m ews.ContainmentMode) mailbox.ContainsMode {
	switch m {
	case ews.ContainsPrefixed:
		return mailbox.Prefixed
	case ews.ContainsSubstring:
		return mailbox.Substring
	case ews.ContainsPrefixOnWords:
		return mailbox.PrefixOnWords
	case ews.ContainsExactPhrase:
		return mailbox.ExactPhrase
	}
	return mailbox.FullString
}

func containsComparison(c ews.ContainmentComparison) mailbox.Comparison {
	switch c {
	case ews.CompareIgnoreCase:
		return mailbox.IgnoreCase
	case ews.CompareIgnoreNonSpacing:
		return mailbox.IgnoreNonSpacing
	case "", ews.CompareExact:
		return mailbox.Exact
	}
	return mailbox.Loose
}

func (t *translator) comparison(op mailbox.RestrictionOp, x *ews.TwoOperand) (mailbox.Restriction, error) {
	c, err := t.resolve(&x.Path)
	if err != nil {
		return mailbox.Restriction{}, err
	}
	r := mailbox.Restriction{Op: op, Prop: c.prop}
	right := &x.FieldURIOrConstant
	if right.Constant == nil {
		other, err := t.resolve(&ews.PathToElement{
			FieldURI: right.FieldURI, IndexedFieldURI: right.IndexedFieldURI, ExtendedFieldURI: right.ExtendedFieldURI,
		})
		if err != nil {
			return r, err
		}
		if c.bit != 0 || other.bit != 0 {
			return r, &propertyError{ews.ErrorUnsupportedPathForQuery, x.Path}
		}
		if r.Other = other.prop; other.unknown() || c.unknown() {
			return withoutProperty(op), nil
		}
		return r, nil
	}
	switch {
	case c.unknown():
		return withoutProperty(op), nil
	case c.bit != 0:
		return flagIs(op, c.bit, right.Constant.Value, x.Path)
	}
	r.Value, err = t.constant(c, right.Constant.Value)
	if err != nil {
		return r, &propertyError{ews.ErrorInvalidValueForProperty, x.Path}
	}
	return r, nil
}

// withoutProperty is how things without a property compare: they are unequal
// to everything.
func withoutProperty(op mailbox.RestrictionOp) mailbox.Restriction {
	if op == mailbox.NotEqual {
		return always()
	}
	return never()
}

// flagIs compares a property that is one bit.
func flagIs(op mailbox.RestrictionOp, bit int64, text string, path ews.PathToElement) (mailbox.Restriction, error) {
	want, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || op != mailbox.Equal && op != mailbox.NotEqual {
		return mailbox.Restriction{}, &propertyError{ews.ErrorInvalidValueForProperty, path}
	}
	clear := mailbox.Restriction{Op: mailbox.Excludes, Prop: mailbox.PidTagMessageFlags, Value: mailbox.Value{Int: bit}}
	if want == (op == mailbox.Equal) {
		return mailbox.Restriction{Op: mailbox.Not, Of: []mailbox.Restriction{clear}}, nil
	}
	return clear, nil
}

// constant reads what a property is compared with. Words stand for their
// numbers; a time without a zone is meant in that of the request.
func (t *translator) constant(c subject, text string) (mailbox.Value, error) {
	for n, w := range c.words {
		if strings.EqualFold(w, strings.TrimSpace(text)) {
			return mailbox.Value{Int: int64(n)}, nil
		}
	}
	if c.prop.Type()&^mailbox.TypeMultiple == mailbox.TypeTime {
		for _, form := range [...]string{"2006-01-02T15:04:05.999999999", "2006-01-02"} {
			if at, err := time.ParseInLocation(form, strings.TrimSpace(text), t.c.zone); err == nil {
				return mailbox.Value{Int: mailbox.Ticks(at)}, nil
			}
		}
	}
	return mailbox.ParseValue(c.prop.Type(), text)
}

// order translates a sort order. Properties this mailbox has never seen sort
// nothing. [MS-OXWSSRCH] 2.2.4.16
func (t *translator) order(fields []ews.FieldOrder) ([]mailbox.SortKey, error) {
	keys := make([]mailbox.SortKey, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		c, err := t.resolve(&f.Path)
		if err != nil || c.bit != 0 || c.prop.Multiple() {
			return nil, &propertyError{ews.ErrorUnsupportedPathForSortGroup, f.Path}
		}
		if !c.unknown() {
			keys = append(keys, mailbox.SortKey{Prop: c.prop, Descending: f.Order == ews.SortDescending})
		}
	}
	return keys, nil
}
