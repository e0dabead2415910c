package mailbox

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// truth is what can be said of a condition before all parts of an item were
// read: most items are ruled out by what their row says.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// A source gives the values that conditions and sorts look at.
type source interface {
	// lookup returns a value, and yes if there is one; unknown if it is in a
	// part that was not read.
	lookup(p Prop) (value, truth)
}

// holds evaluates the condition.
func (c *condition) holds(s source) truth {
	switch c.op {
	case And:
		t := yes
		for i := range c.of {
			if t = min(t, c.of[i].holds(s)); t == no {
				break
			}
		}
		return t
	case Or:
		t := no
		for i := range c.of {
			if t = max(t, c.of[i].holds(s)); t == yes {
				break
			}
		}
		return t
	case Not:
		return yes - c.of[0].holds(s)
	}
	v, known := s.lookup(c.prop)
	if known == unknown {
		return unknown
	}
	switch c.op {
	case Exists:
		return known
	case Contains:
		return truthOf(known == yes && c.contains(v))
	case Excludes:
		return truthOf(known == no || v.num&c.constant.num == 0)
	}
	right, rightKnown := c.constant, yes
	if c.other != 0 {
		if right, rightKnown = s.lookup(c.other); rightKnown == unknown {
			return unknown
		}
		right = folded(right)
	}
	if known == no || rightKnown == no {
		return truthOf(c.op == NotEqual && known != rightKnown)
	}
	return truthOf(c.compares(v, right))
}

// compares reports whether the value, or one element of the list, stands to
// the right side as asked.
func (c *condition) compares(v, right value) bool {
	if !v.prop.Multiple() {
		return stands(c.op, compareValues(folded(v), right))
	}
	op := c.op
	if op == NotEqual {
		op = Equal // of a list: no element is equal
	}
	one := false
	for e := range singles(v) {
		if stands(op, compareValues(folded(e), right)) {
			one = true
			break
		}
	}
	return one != (c.op == NotEqual)
}

func stands(op RestrictionOp, order int) bool {
	switch op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessOrEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

// singles ranges over the elements of a list as values of the single type.
func singles(v value) func(yield func(value) bool) {
	one := v.prop &^ Prop(TypeMultiple)
	return func(yield func(value) bool) {
		switch shapeOf(one.Type()) {
		case shapeInteger, shapeFloat:
			for _, n := range words(v.text) {
				if !yield(value{prop: one, num: n}) {
					return
				}
			}
		case shapeGUID:
			for s := v.text; len(s) >= 16; s = s[16:] {
				if !yield(value{prop: one, text: s[:16]}) {
					return
				}
			}
		default:
			for _, s := range elements(v.text) {
				if !yield(value{prop: one, text: s}) {
					return
				}
			}
		}
	}
}

// folded is a value as it is compared and sorted: text without case.
func folded(v value) value {
	if v.prop.Type() == TypeString {
		v.text = strings.ToLower(v.text)
	}
	return v
}

// compareValues orders two folded values of one shape.
func compareValues(a, b value) int {
	switch shapeOf(a.prop.Type()) {
	case shapeInteger:
		return cmp.Compare(a.num, b.num)
	case shapeFloat:
		return cmp.Compare(math.Float64frombits(uint64(a.num)), math.Float64frombits(uint64(b.num)))
	}
	return strings.Compare(a.text, b.text)
}

func (c *condition) contains(v value) bool {
	if !v.prop.Multiple() {
		return c.found(fold(v.text, c.folding))
	}
	for e := range singles(v) {
		if c.found(fold(e.text, c.folding)) {
			return true
		}
	}
	return false
}

func (c *condition) found(text string) bool {
	needle := c.constant.text
	switch c.mode {
	case FullString:
		return text == needle
	case Prefixed:
		return strings.HasPrefix(text, needle)
	case Substring:
		return strings.Contains(text, needle)
	case ExactPhrase:
		return phrase(text, needle)
	}
	at := 0
	for _, w := range wordsOf(text) {
		if at < len(c.words) && strings.HasPrefix(w, c.words[at]) {
			at++
		}
	}
	return at == len(c.words)
}

// phrase looks for the needle where words begin and end.
func phrase(text, needle string) bool {
	if needle == "" {
		return true
	}
	for from := 0; ; {
		i := strings.Index(text[from:], needle)
		if i < 0 {
			return false
		}
		i += from
		before, after := []rune(text[max(0, i-4):i]), []rune(text[i+len(needle):min(len(text), i+len(needle)+4)])
		if (len(before) == 0 || !inWord(before[len(before)-1])) && (len(after) == 0 || !inWord(after[0])) {
			return true
		}
		from = i + 1
	}
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !inWord(r) })
}

// fold takes out of a text what a comparison ignores.
func fold(s string, c Comparison) string {
	if c&IgnoreNonSpacing != 0 && !ascii(s) {
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFKD.String(s))
	}
	if c&IgnoreCase != 0 {
		s = strings.ToLower(s)
	}
	return s
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// pick finds some properties in an encoded record without decoding the rest.
// want is in rising order, and out as long as it; a tag that is missing leaves
// a value without a tag.
func pick(b []byte, want []Prop, out []value) error {
	clear(out)
	if len(b) == 0 || len(want) == 0 {
		return nil
	}
	s := string(b)
	if s[0] != propsVersion {
		return errProps
	}
	s = s[1:]
	last, at := Prop(0), 0
	for s != "" {
		v, rest, ok := parseValue(s, last)
		if !ok {
			return errProps
		}
		last, s = v.prop, rest
		for at < len(want) && want[at] < v.prop {
			at++
		}
		if at == len(want) {
			return nil
		}
		if want[at] == v.prop {
			out[at] = v
		}
	}
	return nil
}

func picked(want []Prop, got []value, p Prop) (value, truth) {
	i, ok := slices.BinarySearch(want, p)
	if !ok || got[i].prop == 0 {
		return defaultOf(p)
	}
	return got[i], yes
}
