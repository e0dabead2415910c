package strictxml

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// An Encoder appends XML to a buffer. It knows nothing of namespaces: names
// are written as given, and those given are constants of ours. Values are
// escaped, so that nothing in them can become markup.
type Encoder struct {
	buf  []byte
	open bool // the last start tag has no > yet
}

// NewEncoder returns an Encoder that appends to buf.
func NewEncoder(buf []byte) *Encoder { return &Encoder{buf: buf} }

// Reset begins anew, appending to buf.
func (e *Encoder) Reset(buf []byte) { *e = Encoder{buf: buf} }

// Bytes returns what was written. A start tag without content is closed first.
func (e *Encoder) Bytes() []byte {
	e.content()
	return e.buf
}

// Len returns the length of what was written.
func (e *Encoder) Len() int { return len(e.buf) }

// Declaration writes the XML declaration, as Exchange does.
func (e *Encoder) Declaration() {
	e.buf = append(e.buf, `<?xml version="1.0" encoding="utf-8"?>`...)
}

// Start writes a start tag, open for Attr.
func (e *Encoder) Start(qname string) {
	e.content()
	e.buf = append(append(e.buf, '<'), qname...)
	e.open = true
}

// End writes an end tag, or makes the start tag an empty-element tag if
// nothing was written since.
func (e *Encoder) End(qname string) {
	if e.open {
		e.open = false
		e.buf = append(e.buf, "/>"...)
		return
	}
	e.buf = append(append(append(e.buf, "</"...), qname...), '>')
}

// content closes a start tag that is open for attributes.
func (e *Encoder) content() {
	if e.open {
		e.open = false
		e.buf = append(e.buf, '>')
	}
}

// Attr writes an attribute of the start tag just begun.
func (e *Encoder) Attr(name, value string) {
	e.attr(name)
	e.buf = appendEscaped(e.buf, value, encodesAttr)
	e.buf = append(e.buf, '"')
}

// AttrBool writes true or false.
func (e *Encoder) AttrBool(name string, v bool) {
	e.attr(name)
	e.buf = append(strconv.AppendBool(e.buf, v), '"')
}

// AttrInt writes a decimal number.
func (e *Encoder) AttrInt(name string, v int64) {
	e.attr(name)
	e.buf = append(strconv.AppendInt(e.buf, v, 10), '"')
}

func (e *Encoder) attr(name string) {
	e.buf = append(append(append(e.buf, ' '), name...), `="`...)
}

// Text writes character data. Characters that XML 1.0 cannot carry, not even
// as references, and bytes that are not UTF-8 become U+FFFD.
func (e *Encoder) Text(s string) {
	if s == "" {
		return
	}
	e.content()
	e.buf = appendEscaped(e.buf, s, encodesText)
}

// Raw writes bytes that are XML already.
func (e *Encoder) Raw(b []byte) {
	if len(b) > 0 {
		e.content()
		e.buf = append(e.buf, b...)
	}
}

// Elem writes an element with text.
func (e *Encoder) Elem(qname, text string) {
	e.Start(qname)
	e.Text(text)
	e.End(qname)
}

// ElemBool writes true or false.
func (e *Encoder) ElemBool(qname string, v bool) {
	e.begin(qname)
	e.buf = strconv.AppendBool(e.buf, v)
	e.End(qname)
}

// ElemInt writes a decimal number.
func (e *Encoder) ElemInt(qname string, v int64) {
	e.begin(qname)
	e.buf = strconv.AppendInt(e.buf, v, 10)
	e.End(qname)
}

// ElemFloat writes an xs:double.
func (e *Encoder) ElemFloat(qname string, v float64) {
	e.begin(qname)
	switch {
	case math.IsInf(v, 1): // XML Schema part 2, 3.2.5.1: not Go's spelling
		e.buf = append(e.buf, "INF"...)
	case math.IsInf(v, -1):
		e.buf = append(e.buf, "-INF"...)
	default:
		e.buf = strconv.AppendFloat(e.buf, v, 'f', -1, 64)
	}
	e.End(qname)
}

// ElemTime writes an xs:dateTime in UTC with whole seconds, as Exchange does.
func (e *Encoder) ElemTime(qname string, v time.Time) {
	e.begin(qname)
	e.buf = v.UTC().AppendFormat(e.buf, "2006-01-02T15:04:05Z")
	e.End(qname)
}

// ElemBase64 writes an xs:base64Binary.
func (e *Encoder) ElemBase64(qname string, b []byte) {
	e.Start(qname)
	if len(b) > 0 {
		e.content()
		e.buf = base64.StdEncoding.AppendEncode(e.buf, b)
	}
	e.End(qname)
}

func (e *Encoder) begin(qname string) {
	e.Start(qname)
	e.content()
}

// appendEscaped appends s, escaping what is not in a class of bytes.
func appendEscaped(buf []byte, s string, plain uint8) []byte {
	run := 0
	for i := 0; i < len(s); {
		if class[s[i]]&plain != 0 {
			i++
			continue
		}
		c, n := utf8.DecodeRuneInString(s[i:])
		if with := escape(c, n); with != "" {
			buf = append(append(buf, s[run:i]...), with...)
			run = i + n
		}
		i += n
	}
	return append(buf, s[run:]...)
}

// escape returns what is written for a character, or "" for itself. A carriage
// return, and tabs and line feeds in attributes, survive only as references.
func escape(c rune, n int) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\t':
		return "&#x9;"
	case '\n':
		return "&#xA;"
	case '\r':
		return "&#xD;"
	case utf8.RuneError:
		if n > 1 {
			return ""
		}
		return "\uFFFD"
	}
	if isChar(c) {
		return ""
	}
	return "\uFFFD"
}
