package message

import "bytes"

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
