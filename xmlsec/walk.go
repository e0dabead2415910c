package xmlsec

import (
	"encoding/base64"
	"strings"

	"entente/strictxml"
)

// A walk reads elements of a fixed shape, in which comments and CDATA sections
// have no place. The first surprise ends it: then nothing has children or text
// any more, and ok is false.
type walk struct {
	r   *strictxml.Reader
	bad bool
}

func walkOf(b []byte) *walk { return &walk{r: strictxml.NewReader(b, Limits())} }

func (w *walk) refuse() { w.bad = true }

func (w *walk) ok() bool { return !w.bad && w.r.Err() == nil }

// next reads a token, and refuses all kinds that are not expected anywhere.
func (w *walk) next() (t strictxml.Token, ok bool) {
	if w.bad {
		return t, false
	}
	t, err := w.r.Next()
	if err != nil || t.Kind == strictxml.Comment || t.Kind == strictxml.CDATA {
		w.refuse()
		return t, false
	}
	return t, true
}

// root moves to the document element, which must be of that name.
func (w *walk) root(space, local string) bool {
	t, ok := w.next()
	if !ok || t.Kind != strictxml.StartElement || !w.is(space, local) {
		w.refuse()
		return false
	}
	return true
}

// end reports whether the document is over, and was as expected.
func (w *walk) end() bool { return w.ok() && atEnd(w.r) }

// is reports whether the current element has that name.
func (w *walk) is(space, local string) bool {
	n := w.r.Name()
	return !w.bad && n.Space == space && n.Local == local
}

// child moves to the next child; false at the end of the current element.
func (w *walk) child() bool {
	for {
		t, ok := w.next()
		switch {
		case !ok || t.Kind == strictxml.EndElement:
			return false
		case t.Kind == strictxml.StartElement:
			return true
		case strings.Trim(t.Text, " \t\r\n") != "":
			w.refuse()
			return false
		}
	}
}

// must moves to the next child, which must be of that name.
func (w *walk) must(space, local string) bool {
	if !w.child() || !w.is(space, local) {
		w.refuse()
	}
	return !w.bad
}

// done consumes the end of the current element, which has no more children.
func (w *walk) done() bool {
	if w.child() {
		w.refuse()
	}
	return w.ok()
}

// text consumes the current element, which has nothing but text.
func (w *walk) text() string {
	text := ""
	for {
		t, ok := w.next()
		switch {
		case !ok:
			return ""
		case t.Kind == strictxml.EndElement:
			return text
		case t.Kind == strictxml.CharData:
			text += t.Text // once: nothing can stand between two pieces
		default:
			w.refuse()
			return ""
		}
	}
}

// binary consumes the current element, which has base64.
func (w *walk) binary() []byte {
	b, ok := decode64(w.text())
	if !ok {
		w.refuse()
	}
	return b
}

// only refuses attributes of the current element but those without namespace
// that are named.
func (w *walk) only(names ...string) {
attributes:
	for _, a := range w.r.Attrs() {
		if _, ok := a.Declares(); ok {
			continue
		}
		for _, n := range names {
			if a.Name.Space == "" && a.Name.Local == n {
				continue attributes
			}
		}
		w.refuse()
		return
	}
}

// algorithm returns the one attribute that the elements of methods have.
func (w *walk) algorithm() string {
	w.only("Algorithm")
	alg, _ := w.r.Attr("Algorithm")
	return alg
}

// decode64 decodes base64 with white space in it, strictly otherwise: one
// value has one encoding but for that. Nothing is no value.
func decode64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Map(func(c rune) rune {
			switch c {
			case ' ', '\t', '\r', '\n':
				return -1
			}
			return c
		}, s)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) > 0
}
