package ews

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"entente/strictxml"
)

// What the generated decoders and encoders stand on. A decoder reports what is
// wrong to its reader with Fail, reading stops, and DecodeRequest returns it:
// so the code of the decoders is the shape of the schema and nothing else.
//
// The decoders insist on names, namespaces, required and single elements and
// on the form of values. They do not insist on the order of elements: nothing
// depends on the refusal, and what we write is in order always.

func schemaError(text string) error { return &Fault{Code: ErrorSchemaValidation, Text: text} }

const badRequest = "The request failed schema validation: "

// unexpected refuses the element r stands on as a child of parent.
func unexpected(r *strictxml.Reader, parent string) {
	r.Fail(schemaError(badRequest + "The element '" + parent + "' has invalid child element '" + r.Name().Local + "'."))
}

// once refuses the second of what may occur once. bit is the place of the
// element, or of the choice it belongs to, in its parent.
func once(r *strictxml.Reader, seen *uint64, bit uint64) {
	if *seen&bit != 0 {
		r.Fail(schemaError(badRequest + "The element '" + r.Name().Local + "' is not allowed a second time."))
	}
	*seen |= bit
}

// missing refuses a parent for the first of its required children that is not
// there. names has the required ones at the place of their bits.
func missing(r *strictxml.Reader, seen uint64, parent string, names ...string) {
	if r.Err() != nil {
		return
	}
	for i, name := range names {
		if name != "" && seen&(1<<i) == 0 {
			r.Fail(schemaError(badRequest + "The element '" + parent + "' has incomplete content: '" + name + "' is missing."))
			return
		}
	}
}

func missingAttr(r *strictxml.Reader, parent, attr string) {
	r.Fail(schemaError(badRequest + "The required attribute '" + attr + "' of '" + parent + "' is missing."))
}

// invalid refuses a value. The value itself is shown only where it is short
// and plain: answers go to logs of the client.
func invalid(r *strictxml.Reader, typ, value string) {
	if len(value) > 64 {
		value = value[:64] + "…"
	}
	r.Fail(schemaError(badRequest + "The value '" + strings.ToValidUTF8(value, "\uFFFD") + "' is not valid for the type '" + typ + "'."))
}

type decoder[T any] interface {
	*T
	decodeXML(r *strictxml.Reader)
}

type choiceDecoder[T any] interface {
	*T
	decodeChoice(r *strictxml.Reader) bool
}

// decodeList reads the children local of the wrapper r stands on.
func decodeList[T any, P decoder[T]](r *strictxml.Reader, space, local string, nonempty bool) []T {
	parent := r.Name().Local
	list := []T{}
	for r.Child() {
		if r.Name() != (strictxml.Name{Space: space, Local: local}) {
			unexpected(r, parent)
			continue
		}
		var zero T
		list = append(list, zero)
		P(&list[len(list)-1]).decodeXML(r)
	}
	someOf(r, nonempty, len(list), parent, local)
	return list
}

// decodeScalars is decodeList for children with text only.
func decodeScalars[T any](r *strictxml.Reader, space, local string, nonempty bool, parse func(*strictxml.Reader, string) T) []T {
	parent := r.Name().Local
	list := []T{}
	for r.Child() {
		if r.Name() != (strictxml.Name{Space: space, Local: local}) {
			unexpected(r, parent)
			continue
		}
		list = append(list, parse(r, r.Text()))
	}
	someOf(r, nonempty, len(list), parent, local)
	return list
}

// decodeChoices is decodeList for children each of which is one of a choice.
func decodeChoices[T any, P choiceDecoder[T]](r *strictxml.Reader, parent string, nonempty bool) []T {
	list := []T{}
	for r.Child() {
		var zero T
		list = append(list, zero)
		if !P(&list[len(list)-1]).decodeChoice(r) {
			unexpected(r, parent)
		}
	}
	someOf(r, nonempty, len(list), parent, "a child")
	return list
}

// appendChoice reads the element r stands on as one more of a list of choices
// that stands among other children. It leaves the element if it is none.
func appendChoice[T any, P choiceDecoder[T]](r *strictxml.Reader, list *[]T) bool {
	var x T
	if !P(&x).decodeChoice(r) {
		return false
	}
	*list = append(*list, x)
	return true
}

// decodeOne reads the single choice inside the element r stands on.
func decodeOne[T any, P choiceDecoder[T]](r *strictxml.Reader, x P) {
	parent := r.Name().Local
	n := 0
	for r.Child() {
		if n++; n > 1 || !x.decodeChoice(r) {
			unexpected(r, parent)
		}
	}
	someOf(r, true, n, parent, "a child")
}

func someOf(r *strictxml.Reader, nonempty bool, n int, parent, local string) {
	if nonempty && n == 0 && r.Err() == nil {
		missing(r, 0, parent, local)
	}
}

// trim does the whiteSpace="collapse" of all XSD types but strings.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }

func parseString(_ *strictxml.Reader, s string) string { return s }

func parseBool(r *strictxml.Reader, s string) bool {
	switch trim(s) {
	case "true", "1":
		return true
	case "false", "0":
	default:
		invalid(r, "boolean", s)
	}
	return false
}

// parseInt reads xs:int and xs:long. In Go int is never wider on the wire than
// 32 bits, because the schema says xs:int.
func parseInt[T int | int32 | int64](r *strictxml.Reader, s string) T {
	bits := 32
	if _, long := any(T(0)).(int64); long {
		bits = 64
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(trim(s), "+"), 10, bits)
	if err != nil || strings.HasPrefix(trim(s), "+-") {
		invalid(r, "int", s)
		return 0
	}
	return T(n)
}

// parseFloat reads xs:double, whose lexical forms are fewer than Go's: no hex
// floats, no underscores, and INF and NaN spelt so.
func parseFloat(r *strictxml.Reader, s string) float64 {
	switch s = trim(s); s {
	case "INF", "+INF":
		return math.Inf(1)
	case "-INF":
		return math.Inf(-1)
	case "NaN":
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789.eE+-") != "" {
		invalid(r, "double", s)
		return 0
	}
	return f
}

func parseBase64(r *strictxml.Reader, s string) []byte {
	b, err := base64.StdEncoding.DecodeString(stripSpace(s))
	if err != nil {
		invalid(r, "base64Binary", s)
		return nil
	}
	return b
}

// stripSpace removes the line breaks base64 is often folded with.
func stripSpace(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return -1
		}
		return c
	}, s)
}

// appendBase64 writes the content of an element in pieces, so that a large
// message is not held a second time as text. Three bytes are four characters,
// hence no padding but in the last piece.
func appendBase64(e *strictxml.Encoder, b []byte) {
	var text [4096]byte
	const piece = len(text) / 4 * 3
	for len(b) > 0 {
		n := min(len(b), piece)
		e.Raw(base64.StdEncoding.AppendEncode(text[:0], b[:n]))
		b = b[n:]
	}
}

func formatBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// parseList reads an xs:list.
func parseList[T any](r *strictxml.Reader, s string, parse func(*strictxml.Reader, string) T) []T {
	list := []T{}
	for word := range strings.FieldsSeq(s) {
		list = append(list, parse(r, word))
	}
	return list
}

func joinList[T ~string](list []T) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(v))
	}
	return b.String()
}

// floating is the location of times that came without a zone. It is made once
// because there are thousands of such times in one answer about free/busy.
var floating = time.FixedZone("floating", 0)

// Floating reports whether t came without a zone, as xs:dateTime allows. Its
// wall clock then stands in UTC, and the request's TimeZoneContext, or the
// property beside it (StartTimeZone, the TimeZone of GetUserAvailability),
// says which zone is meant. [MS-OXWSCDATA].
func Floating(t time.Time) bool { return t.Location() == floating }

// FloatingTime makes a time without a zone from the wall clock of t: it is
// written without Z.
func FloatingTime(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), floating)
}

// parseTime reads xs:dateTime; also xs:date, which some clients send for days.
func parseTime(r *strictxml.Reader, s string) time.Time {
	s = trim(s)
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02Z07:00", "2006-01-02"} {
		t, err := time.Parse(layout, s)
		switch {
		case err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999:
		case strings.HasSuffix(layout, "Z07:00"):
			return t.UTC()
		default:
			return FloatingTime(t)
		}
	}
	invalid(r, "dateTime", s)
	return time.Time{}
}

func appendTime(e *strictxml.Encoder, qname string, t time.Time) {
	var room [len("-292277022399-01-01T00:00:00Z")]byte
	e.Start(qname)
	e.Raw(appendDateTime(room[:0], t))
	e.End(qname)
}

func formatTime(t time.Time) string { return string(appendDateTime(nil, t)) }

// appendDateTime writes an xs:dateTime: without a zone if t has none, in UTC
// otherwise. It does what AppendFormat would in a third of the time.
func appendDateTime(b []byte, t time.Time) []byte {
	if !Floating(t) {
		t = t.UTC()
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 1000 || year > 9999 {
		b = t.AppendFormat(b, "2006")
	} else {
		b = appendTwo(appendTwo(b, year/100), year%100)
	}
	b = appendTwo(append(b, '-'), int(month))
	b = appendTwo(append(b, '-'), day)
	b = appendTwo(append(b, 'T'), hour)
	b = appendTwo(append(b, ':'), minute)
	b = appendTwo(append(b, ':'), second)
	if Floating(t) {
		return b
	}
	return append(b, 'Z')
}

func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
