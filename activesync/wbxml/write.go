package wbxml

import (
	"slices"
	"strconv"
)

// A Writer writes one document. Its methods do not fail: what is not well formed
// is a mistake of the program's.
type Writer struct {
	buf  []byte
	page uint8
	open int
}

// NewWriter returns a writer that appends a document to buf.
func NewWriter(buf []byte) *Writer {
	w := new(Writer)
	w.Reset(buf)
	return w
}

// Reset begins another document.
func (w *Writer) Reset(buf []byte) {
	// Version 1.3, no public identifier, UTF-8, no string table. [MS-ASWBXML] 2.1.2
	*w = Writer{buf: append(buf, 0x03, 0x01, 0x6A, 0x00)}
}

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.buf }

// Len returns how long it is.
func (w *Writer) Len() int { return len(w.buf) }

func (w *Writer) tag(t Tag, bits byte) {
	if p := t.Page(); p != w.page {
		w.buf = append(w.buf, tokenSwitchPage, p)
		w.page = p
	}
	w.buf = append(w.buf, t.Token()|bits)
}

// Start opens an element that has content.
func (w *Writer) Start(t Tag) { w.tag(t, hasContent); w.open++ }

// End closes the element opened last.
func (w *Writer) End() { w.buf = append(w.buf, tokenEnd); w.open-- }

// Empty writes an element without content.
func (w *Writer) Empty(t Tag) { w.tag(t, 0) }

// Text writes an element with a text; without one, an empty element. What XML
// cannot have (control characters, and NUL, which ends a text here) is left out:
// phones make XML of it, and would choke on one such mail for ever.
func (w *Writer) Text(t Tag, s string) { text(w, t, s) }

// TextBytes writes an element with a text.
func (w *Writer) TextBytes(t Tag, b []byte) { text(w, t, b) }

func text[T string | []byte](w *Writer, t Tag, s T) {
	if len(s) == 0 {
		w.Empty(t)
		return
	}
	w.tag(t, hasContent)
	w.buf = append(w.buf, tokenStrI)
	n := len(w.buf)
	w.buf = append(w.buf, s...)
	if !clean(w.buf[n:]) {
		w.buf = w.buf[:n+scrub(w.buf[n:])]
	}
	w.buf = append(w.buf, 0, tokenEnd)
}

// Int writes an element with a number.
func (w *Writer) Int(t Tag, n int64) {
	w.tag(t, hasContent)
	w.buf = append(w.buf, tokenStrI)
	w.buf = strconv.AppendInt(w.buf, n, 10)
	w.buf = append(w.buf, 0, tokenEnd)
}

// Bool writes an element with 1 or 0.
func (w *Writer) Bool(t Tag, b bool) {
	n := byte('0')
	if b {
		n = '1'
	}
	w.tag(t, hasContent)
	w.buf = append(w.buf, tokenStrI, n, 0, tokenEnd)
}

// Opaque writes an element with bytes as they are; without any, an empty element.
func (w *Writer) Opaque(t Tag, b []byte) {
	if len(b) == 0 {
		w.Empty(t)
		return
	}
	w.tag(t, hasContent)
	w.buf = append(w.buf, tokenOpaque)
	w.buf = appendMultiByte(w.buf, uint32(len(b)))
	w.buf = append(w.buf, b...)
	w.buf = append(w.buf, tokenEnd)
}

// Tree writes an element that was read, as it was read.
func (w *Writer) Tree(e *Element) {
	switch {
	case e == nil:
	case e.first != nil:
		w.Start(e.Tag)
		for c := range e.Children() {
			w.Tree(c)
		}
		w.End()
	case e.Opaque:
		w.Opaque(e.Tag, e.Content)
	case len(e.Content) == 0:
		w.Empty(e.Tag)
	default:
		w.tag(e.Tag, hasContent)
		w.buf = append(append(w.buf, tokenStrI), e.Content...)
		w.buf = append(w.buf, 0, tokenEnd)
	}
}

// appendMultiByte writes a mb_u_int32, [WBXML1.3] 5.1.
func appendMultiByte(b []byte, n uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			b = append(b, byte(n>>shift)|0x80)
		}
	}
	return append(b, byte(n&0x7F))
}

// A Mark is a place in a document, to which it can be taken back: of an item that
// could not be written nothing is left.
type Mark struct {
	n, open int
	page    uint8
}

// Mark returns the place of now.
func (w *Writer) Mark() Mark { return Mark{len(w.buf), w.open, w.page} }

// EmptyAt writes an element without content at a mark, before what was written
// since: whether there is one, is known later than where. The mark must be one at
// which the page is the element's.
func (w *Writer) EmptyAt(m Mark, t Tag) {
	if t.Page() != m.page {
		panic("wbxml: an element of another page than where it is to stand")
	}
	w.buf = slices.Insert(w.buf, m.n, t.Token())
}

// Back forgets all that was written since a mark.
func (w *Writer) Back(m Mark) { w.buf, w.open, w.page = w.buf[:m.n], m.open, m.page }
