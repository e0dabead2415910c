package wbxml

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// AppendXML appends an element as XML, in the namespaces of the published schemas.
// It is for people, tests and schemas: opaque bytes are text where they can be, and
// base64 where not, so that reading it back does not give the same document.
func AppendXML(dst []byte, e *Element) []byte { return appendXML(dst, e, -1) }

func appendXML(dst []byte, e *Element, page int) []byte {
	if e == nil {
		return dst
	}
	name := e.Tag.Name()
	if name == "" {
		name = fmt.Sprintf("token%02X", e.Tag.Token())
	}
	dst = append(append(dst, '<'), name...)
	if here := int(e.Tag.Page()); here != page {
		space := e.Tag.Namespace()
		if space == "" {
			space = fmt.Sprintf("page%d", here)
		}
		dst = append(append(append(dst, ` xmlns="`...), space...), '"')
		page = here
	}
	if e.first == nil && len(e.Content) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	if e.Opaque && !clean(e.Content) {
		dst = base64.StdEncoding.AppendEncode(dst, e.Content)
	} else {
		dst = appendEscaped(dst, e.Content)
	}
	for c := range e.Children() {
		dst = appendXML(dst, c, page)
	}
	return append(append(append(dst, "</"...), name...), '>')
}

// appendEscaped writes a text. What XML cannot have becomes U+FFFD, so that one
// sees where it was. CR is a reference, for readers make it LF. XML 1.0, 2.11
func appendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		n := cleanRune(text)
		switch {
		case n == 0:
			dst = utf8.AppendRune(dst, utf8.RuneError)
			_, n = utf8.DecodeRune(text)
		case text[0] == '&':
			dst = append(dst, "&amp;"...)
		case text[0] == '<':
			dst = append(dst, "&lt;"...)
		case text[0] == '>':
			dst = append(dst, "&gt;"...)
		case text[0] == '\r':
			dst = append(dst, "&#13;"...)
		default:
			dst = append(dst, text[:n]...)
		}
		text = text[n:]
	}
	return dst
}
