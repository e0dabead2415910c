package mailbox

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"entente"
)

// Reasons of refused searches.
const (
	RestrictionInvalid    entente.Reason = "restriction-invalid"     // no property, or one that cannot be compared so
	RestrictionTooComplex entente.Reason = "restriction-too-complex" // more than MaxRestrictionNodes
	ValueInvalid          entente.Reason = "value-invalid"           // a constant that is no value of the property's type
)

// MaxRestrictionNodes bounds a restriction: what Exchange takes too.
const MaxRestrictionNodes = 255

// A RestrictionOp says what a Restriction asks.
type RestrictionOp uint8

// The questions. [MS-OXWSSRCH] 2.2.4.30
const (
	And            RestrictionOp = iota + 1 // all of Of
	Or                                      // one of Of
	Not                                     // not the only one of Of
	Exists                                  // the item has Prop
	Equal                                   // Prop with Value, or with Other
	NotEqual                                //
	Less                                    //
	LessOrEqual                             //
	Greater                                 //
	GreaterOrEqual                          //
	Contains                                // the text Prop holds Value.Text
	Excludes                                // none of the bits of Value.Int is set in Prop
)

// A ContainsMode says what part of a text must be found. [MS-OXWSSRCH] 2.2.3.5
type ContainsMode uint8

// The modes.
const (
	FullString ContainsMode = iota
	Prefixed
	Substring
	PrefixOnWords // each word of the constant begins a word of the text, in its order
	ExactPhrase   // whole words, side by side
)

// A Comparison is a set of differences that do not count. Equal and its like
// compare text without case, as MAPI does. [MS-OXWSSRCH] 2.2.3.4
type Comparison uint8

// What may differ. Exact is none of them; Loose is all.
const (
	Exact            Comparison = 0
	IgnoreCase       Comparison = 1
	IgnoreNonSpacing Comparison = 2 // accents
	Loose            Comparison = 3
)

// A Restriction is a condition on items or folders: one node of a tree.
//
// An item that lacks a property is unequal to everything, and neither less nor
// greater; none of its bits is set. Of a list, one element that fits is enough.
type Restriction struct {
	Op    RestrictionOp
	Of    []Restriction // And, Or, Not
	Prop  Prop
	Other Prop  // of a comparison of two properties, else 0
	Value Value // of a comparison with a constant

	Mode       ContainsMode // Contains
	Comparison Comparison   // Contains
}

// A Value is a constant to compare with, in the form of the property's type:
// Int for integers, booleans (0, 1) and times (Ticks), Float for floating point
// numbers, Text for text, bytes and GUIDs.
type Value struct {
	Int   int64
	Float float64
	Text  string
}

// ParseValue reads a constant as EWS writes values of the type: numbers also in
// hex, xs:dateTime, base64 for bytes. A type of lists takes one element. The
// error has the reason ValueInvalid.
func ParseValue(typ uint16, s string) (Value, error) {
	var v Value
	var err error
	trimmed := strings.TrimSpace(s)
	switch typ &^ TypeMultiple {
	case TypeBoolean:
		var b bool
		if b, err = parseBool(trimmed); b {
			v.Int = 1
		}
	case TypeTime:
		v.Int, err = parseTicks(trimmed)
	case TypeGUID:
		var g GUID
		g, err = ParseGUID(trimmed)
		v.Text = string(g[:])
	case TypeBinary:
		var b []byte
		b, err = base64.StdEncoding.DecodeString(trimmed)
		v.Text = string(b)
	case TypeString:
		v.Text = s
	default:
		switch shapeOf(typ &^ TypeMultiple) {
		case shapeInteger:
			v.Int, err = strconv.ParseInt(trimmed, 0, 64)
		case shapeFloat:
			v.Float, err = strconv.ParseFloat(trimmed, 64)
		default:
			err = strconv.ErrSyntax
		}
	}
	if err != nil {
		return Value{}, &entente.Error{Kind: entente.Invalid, Reason: ValueInvalid, Text: "not a value of the property's type", Err: err}
	}
	return v, nil
}

func parseBool(s string) (bool, error) { return strconv.ParseBool(strings.ToLower(s)) }

// parseTicks reads the forms of xs:dateTime and xs:date that clients send. A
// time without a zone is UTC, [MS-OXWSCDATA] 2.2.1.
func parseTicks(s string) (int64, error) {
	var err error
	for _, form := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02Z07:00", "2006-01-02"} {
		var t time.Time
		if t, err = time.Parse(form, s); err == nil {
			return Ticks(t), nil
		}
	}
	return 0, err
}

// A condition is a Restriction made ready: checked, its constants folded.
type condition struct {
	op          RestrictionOp
	of          []condition
	prop, other Prop
	constant    value
	mode        ContainsMode
	folding     Comparison
	words       []string // of PrefixOnWords
}

// A compiler makes conditions and notes what they look at.
type compiler struct {
	nodes int
	props []Prop
	parts Parts
}

func (c *compiler) compile(r *Restriction) (condition, error) {
	if c.nodes++; c.nodes > MaxRestrictionNodes {
		return condition{}, entente.Errorf(entente.Invalid, "a restriction takes %d expressions at most", MaxRestrictionNodes).Because(RestrictionTooComplex)
	}
	out := condition{op: r.Op, prop: r.Prop, other: r.Other, mode: r.Mode, folding: r.Comparison & Loose}
	switch r.Op {
	case And, Or, Not:
		if len(r.Of) == 0 || r.Op == Not && len(r.Of) != 1 {
			return out, badRestriction("a logical expression without operands")
		}
		for i := range r.Of {
			sub, err := c.compile(&r.Of[i])
			if err != nil {
				return out, err
			}
			out.of = append(out.of, sub)
		}
		return out, nil
	}
	return out, c.leaf(r, &out)
}

func (c *compiler) leaf(r *Restriction, out *condition) error {
	of := shapeOf(r.Prop.Type() &^ TypeMultiple)
	if !r.Prop.Valid() || of == shapeNone {
		return badRestriction("a property that cannot be searched")
	}
	c.need(r.Prop)
	switch r.Op {
	case Exists:
		return nil
	case Contains:
		if of != shapeText {
			return badRestriction("only text can be searched for text")
		}
		out.constant = value{prop: r.Prop, text: fold(r.Value.Text, out.folding)}
		if r.Mode > ExactPhrase {
			return badRestriction("not a containment mode")
		}
		if r.Mode == PrefixOnWords {
			out.words = wordsOf(out.constant.text)
		}
		return nil
	case Excludes:
		if of != shapeInteger {
			return badRestriction("only integers have bits")
		}
		out.constant.num = r.Value.Int
		return nil
	case Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual:
	default:
		return badRestriction("not a search expression")
	}
	if r.Other != 0 {
		if shapeOf(r.Other.Type()&^TypeMultiple) != of {
			return badRestriction("two properties that cannot be compared")
		}
		c.need(r.Other)
		return nil
	}
	out.constant = r.Value.of(r.Prop)
	return nil
}

// of is the constant as values of a property are compared.
func (v Value) of(p Prop) value {
	switch shapeOf(p.Type() &^ TypeMultiple) {
	case shapeInteger:
		return value{prop: p, num: v.Int}
	case shapeFloat:
		return value{prop: p, num: int64(math.Float64bits(v.Float))}
	case shapeText:
		return value{prop: p, text: strings.ToLower(v.Text)}
	}
	return value{prop: p, text: v.Text}
}

// need notes a property that the evaluation looks at.
func (c *compiler) need(p Prop) {
	if parts := partsOf(p); parts != 0 {
		c.parts |= parts
		return
	}
	if !inRow(p) {
		c.props = append(c.props, p)
	}
}

func badRestriction(text string) error {
	return entente.Errorf(entente.Invalid, "the restriction is not valid: %s", text).Because(RestrictionInvalid)
}
