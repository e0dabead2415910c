package strictxml

import (
	"io"
	"unicode/utf8"
)

// rewriteChunk is how much of a rewritten document is written at once.
const rewriteChunk = 32 << 10

// Rewrite reads the whole document and writes to w what it has read: the same
// elements, attributes, declarations, prefixes and text, in one spelling. Whoever
// reads the result reads what this Reader read, however he would have read the
// original: what one judged is what the other gets.
//
// In UTF-8 without a byte order mark; with the same XML declaration always; text
// escaped and never in CDATA sections; without comments, so that text is not in
// two pieces; nothing before or behind the document element. The prefixes stay,
// since qualified names in text and attributes lean on them.
//
// An element for which omit, if it is set, reports true is left out with all
// that is in it; depth 1 is the document element, which stays. The error is w's, or
// the Reader's, after which what was written is to be thrown away.
func (r *Reader) Rewrite(w io.Writer, omit func(depth int, name Name) bool) error {
	e := NewEncoder(make([]byte, 0, rewriteChunk+rewriteChunk/4))
	e.Declaration()
	for depth := 0; ; {
		t, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch t.Kind {
		case StartElement:
			if depth > 0 && omit != nil && omit(depth+1, t.Name) {
				r.Skip()
				continue
			}
			depth++
			e.startTag(&t)
		case EndElement:
			depth--
			e.End(qualified(t.Prefix, t.Name.Local))
		case CharData, CDATA:
			if err := e.pieces(w, t.Text); err != nil {
				return err
			}
		}
		if err := e.flush(w, rewriteChunk); err != nil {
			return err
		}
	}
	e.content()
	return e.flush(w, 0)
}

// startTag writes a start tag as it was read.
func (e *Encoder) startTag(t *Token) {
	e.Start(qualified(t.Prefix, t.Name.Local))
	for i := range t.Attrs {
		a := &t.Attrs[i]
		e.Attr(qualified(a.Prefix, a.Name.Local), a.Value)
	}
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

// pieces writes a long text piece by piece, cut between characters.
func (e *Encoder) pieces(w io.Writer, text string) error {
	for len(text) > rewriteChunk {
		n := rewriteChunk
		for !utf8.RuneStart(text[n]) {
			n--
		}
		e.Text(text[:n])
		text = text[n:]
		if err := e.flush(w, rewriteChunk); err != nil {
			return err
		}
	}
	e.Text(text)
	return nil
}

// flush hands over what was written if it is more than least. A start tag may
// still be open.
func (e *Encoder) flush(w io.Writer, least int) error {
	if len(e.buf) <= least {
		return nil
	}
	_, err := w.Write(e.buf)
	e.buf = e.buf[:0]
	return err
}
