package message

import (
	"bytes"
	"strings"
)

// Lines returns a message whose lines all end with CRLF, and which has neither of
// the two alone: RFC 5321 2.3.8 allows neither, and servers have disagreed about
// where a line ends before one. A message that is so already is returned as it is.
func Lines(raw []byte) []byte {
	n := 0
	for i, c := range raw {
		switch {
		case c == '\n' && (i == 0 || raw[i-1] != '\r'):
			n++
		case c == '\r' && (i+1 == len(raw) || raw[i+1] != '\n'):
			n++
		}
	}
	if n == 0 {
		return raw
	}
	out := make([]byte, 0, len(raw)+n)
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "\r\n")
		if i < 0 {
			return append(out, raw...)
		}
		out = append(append(out, raw[:i]...), "\r\n"...)
		if raw[i] == '\r' && i+1 < len(raw) && raw[i+1] == '\n' {
			i++
		}
		raw = raw[i+1:]
	}
	return out
}

// WithoutFields leaves fields out of a message's header, which an empty line ends,
// by their names in lower case, and lines that belong to none. A name that ends in
// "-" is the beginning of one. RFC 5322 2.2
func WithoutFields(raw []byte, names []string) []byte {
	out := make([]byte, 0, len(raw))
	// What is folded and follows no field would go on with one that is written before
	// it, and name one more sender.
	skip := true
	rest := raw
	for line := range bytes.Lines(raw) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		rest = rest[len(line):]
		if line[0] != ' ' && line[0] != '\t' { // a field begins; else it is folded
			name, _, _ := bytes.Cut(line, []byte(":"))
			skip = oneOfFields(string(bytes.TrimSpace(name)), names)
		}
		if !skip {
			out = append(out, line...)
		}
	}
	if len(out)+len(rest) == len(raw) {
		return raw // nothing was left out; bytes that were signed stay the same
	}
	return append(out, rest...)
}

func oneOfFields(name string, of []string) bool {
	name = strings.ToLower(name)
	for _, o := range of {
		if name == o || strings.HasSuffix(o, "-") && strings.HasPrefix(name, o) {
			return true
		}
	}
	return false
}
