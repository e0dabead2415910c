package strictxml

import (
	"strings"
)

// cooked reads character data up to '<', or an attribute value up to its
// quote, and returns it as an application sees it, with the place of stop.
// What needs no replacement is not copied.
func (r *Reader) cooked(i int, stop byte) (string, int, bool) {
	doc, ordinary := r.doc, uint8(inValue)
	if stop == '<' {
		ordinary = inText
	}
	var buf []byte
	run := i // what is not yet in buf begins here
	for {
		for i < len(doc) && class[doc[i]]&ordinary != 0 {
			i++
		}
		if i == len(doc) {
			return "", i, r.malformed(i, "unexpected end of document")
		}
		if doc[i] == stop {
			break
		}
		with, n, ok := r.replacement(i, stop != '<')
		if !ok {
			return "", i, false
		}
		if with != doc[i:i+n] {
			buf = append(append(buf, doc[run:i]...), with...)
			run = i + n
		}
		i += n
	}
	if buf == nil {
		return doc[run:i], i, true
	}
	return string(append(buf, doc[run:i]...)), i, true
}

// replacement looks at a byte out of the ordinary and says what stands for how
// many bytes there. XML 1.0 2.11, 3.3.3.
func (r *Reader) replacement(i int, value bool) (with string, n int, ok bool) {
	switch c := r.doc[i]; c {
	case '&':
		return r.reference(i)
	case '\r', '\n', '\t':
		n = 1
		if strings.HasPrefix(r.doc[i:], "\r\n") {
			n = 2
		}
		if value {
			return " ", n, true
		}
		return "\n", n, true
	case '"', '\'':
		return r.doc[i : i+1], 1, true
	case '<':
		return "", 0, r.malformed(i, "< in an attribute value")
	case ']':
		if strings.HasPrefix(r.doc[i:], "]]>") {
			return "", 0, r.malformed(i, "]]> in character data")
		}
		return "]", 1, true
	case 0xEF:
		if !noncharacter(r.doc[i:]) {
			return r.doc[i : i+3], 3, true
		}
	}
	return "", 0, r.malformed(i, "character outside XML 1.0")
}

// reference reads a reference. There are five entities, since nothing can
// declare more. XML 1.0 4.1, 4.6.
func (r *Reader) reference(i int) (with string, n int, ok bool) {
	rest := r.doc[i+1:]
	if strings.HasPrefix(rest, "#") {
		return r.characterReference(i)
	}
	for _, e := range [...]struct{ name, text string }{
		{"amp;", "&"}, {"lt;", "<"}, {"gt;", ">"}, {"quot;", `"`}, {"apos;", "'"},
	} {
		if strings.HasPrefix(rest, e.name) {
			return e.text, 1 + len(e.name), true
		}
	}
	return "", 0, r.malformed(i, "unknown entity")
}

func (r *Reader) characterReference(i int) (with string, n int, ok bool) {
	doc, j, base := r.doc, i+2, rune(10)
	if j < len(doc) && doc[j] == 'x' { // not X
		j, base = j+1, 16
	}
	c, digits := rune(0), j
	for ; j < len(doc); j++ {
		d := digit(doc[j])
		if d >= base {
			break
		}
		// Any number of leading zeros is legal, so the value is held down
		// rather than the length.
		c = min(c*base+d, 0x110000)
	}
	if j == digits || j == len(doc) || doc[j] != ';' {
		return "", 0, r.malformed(i, "ill-formed character reference")
	}
	if !isChar(c) {
		return "", 0, r.malformed(i, "reference to a character outside XML 1.0")
	}
	return string(c), j + 1 - i, true
}

func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return 16
}

// literal returns the content of CDATA or of a comment, from i to before j:
// only line ends are replaced there.
func (r *Reader) literal(i, j int) (string, bool) {
	s, returns := r.doc[i:j], false
	for k := 0; k < len(s); k++ {
		switch c := s[k]; {
		case class[c]&inLiteral != 0:
		case c == '\r':
			returns = true
		case c == 0xEF && !noncharacter(s[k:]):
		default:
			return "", r.malformed(i+k, "character outside XML 1.0")
		}
	}
	if !returns {
		return s, true
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), true
}
