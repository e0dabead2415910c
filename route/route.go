// Package route reads the paths of requests, in one way for all who listen.
//
// The gateway decides on a path and a server inside acts on it. If the two read
// it differently, what was checked is not what is done (ProxyShell,
// CVE-2021-34473). So there is one table here for both: what is not spelled
// plainly is refused rather than cleaned up, and what is passed on is the
// table's own spelling. (threats E1)
package route

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Table has a value for each path, and for all below some. Paths have no case:
// DavMail posts to /ews/exchange.asmx. The zero Table is empty.
type Table[T any] struct {
	exact map[string]entry[T]
	below []entry[T] // the longest first
}

type entry[T any] struct {
	spelling string // as it was added
	folded   string
	value    T
}

// maxPath bounds what is looked at: twice what IIS takes.
const maxPath = 8 << 10

// Add sets the value of a path, or with a final slash of everything below it.
// The last one of a path is in force.
func (t *Table[T]) Add(spelling string, value T) {
	e := entry[T]{spelling, fold(spelling), value}
	if strings.HasSuffix(spelling, "/") && spelling != "/" {
		t.below = slices.DeleteFunc(t.below, func(o entry[T]) bool { return o.folded == e.folded })
		t.below = append(t.below, e)
		slices.SortStableFunc(t.below, func(a, b entry[T]) int { return len(b.folded) - len(a.folded) })
		return
	}
	if t.exact == nil {
		t.exact = map[string]entry[T]{}
	}
	t.exact[e.folded] = e
}

// Find returns the value of a path as it stands in a request line, escaped, and
// how it is to be spelled from here on.
func (t *Table[T]) Find(escaped string) (value T, canonical string, ok bool) {
	if len(escaped) > maxPath {
		return value, "", false
	}
	folded := fold(escaped)
	if e, ok := t.exact[folded]; ok && Plain(folded) {
		return e.value, e.spelling, true
	}
	for _, e := range t.below {
		if !strings.HasPrefix(folded, e.folded) {
			continue
		}
		rest, ok := restOf(escaped[len(e.folded):])
		if !ok {
			return value, "", false
		}
		return e.value, e.spelling + rest, true
	}
	return value, "", false
}

// fold makes ASCII letters small ones, and no others: to Unicode the Kelvin sign
// is a k.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// Plain reports whether a path is spelled so that it reads in one way only.
func Plain(p string) bool {
	return !strings.ContainsAny(p, "%;\\\x00") && !strings.Contains(p, "//") && (p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/"))
}

// Valid reports whether a path can be added: it begins with a slash and is
// spelled plainly.
func Valid(p string) bool {
	for i := range len(p) {
		if p[i] <= ' ' || p[i] >= 0x7f || strings.IndexByte(`"#?<>^{}|`+"`", p[i]) >= 0 {
			return false
		}
	}
	return len(p) < maxPath && strings.HasPrefix(p, "/") && Plain(p)
}

// restOf reads what follows a prefix, and spells it anew: each octet that may
// stand for itself does, and each other one is escaped, in capitals. What could
// be read as something else is refused: an escaped slash or backslash, an escape
// of an escape, dot segments, empty ones, semicolons, and what Windows' file
// systems drop from the end of a name or take for something other than a name.
func restOf(escaped string) (string, bool) {
	if escaped == "" {
		return "", true
	}
	var b strings.Builder
	b.Grow(len(escaped))
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		plain, ok := unescape(s)
		if !ok || !soundSegment(plain, i == len(segments)-1) {
			return "", false
		}
		if i > 0 {
			b.WriteByte('/')
		}
		escape(&b, plain)
	}
	return b.String(), true
}

func soundSegment(s string, last bool) bool {
	if s == "" {
		return last // a final slash
	}
	if !utf8.ValidString(s) || s[len(s)-1] == '.' || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == '%' || c == ';' {
			return false
		}
	}
	return true
}

// unescape decodes a segment, RFC 3986 2.1.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, low := digit(s[i+1]), digit(s[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b = append(b, byte(high<<4|low))
		i += 2
	}
	return string(b), true
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// stands are the octets that stand for themselves in a segment, letters and
// digits aside: RFC 3986 3.3, pchar without the semicolon.
const stands = "-._~!$&'()*+,=:@"

func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(stands, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}
