package message

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// decodeTransfer undoes a Content-Transfer-Encoding, RFC 2045 6. Unknown ones
// are taken as no encoding, as RFC 2045 6.4 allows nothing better.
func decodeTransfer(encoding string, b []byte) []byte {
	switch encoding {
	case "base64":
		return decodeBase64(b)
	case "quoted-printable":
		return decodeQuotedPrintable(b)
	}
	return b
}

// transferEncoding reads the field's value: some write comments or blanks.
func transferEncoding(v string) string {
	v, _, _ = strings.Cut(v, "(")
	v, _, _ = strings.Cut(v, ";")
	return strings.ToLower(strings.TrimSpace(v))
}

// decodeBase64 decodes what is base64 in b and skips the rest, RFC 2045 6.8.
// Padding ends a run and not the text: list servers glue footers to bodies,
// and some mailers encode in pieces.
func decodeBase64(b []byte) []byte {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	if n, err := base64.StdEncoding.Decode(out, b); err == nil { // skips CR and LF itself
		return out[:n]
	}
	out = out[:0]
	var quantum uint32
	bits := 0
	for _, c := range b {
		v := base64Value(c)
		switch {
		case c == '=':
			quantum, bits = 0, 0
		case v < 64:
			quantum, bits = quantum<<6|uint32(v), bits+6
			if bits >= 8 {
				bits -= 8
				out = append(out, byte(quantum>>bits))
			}
		}
	}
	return out
}

func base64Value(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-': // the URL alphabet is met too
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return 64
}

// decodeQuotedPrintable undoes RFC 2045 6.7; a broken escape stays as it is.
func decodeQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		line, rest, hasEnd := bytes.Cut(b, []byte("\n"))
		b = rest
		crlf := bytes.HasSuffix(line, []byte("\r"))
		line = bytes.TrimRight(line, " \t\r") // 6.7 (3): blanks at the end came on the way
		soft := bytes.HasSuffix(line, []byte("="))
		out = appendUnquoted(out, bytes.TrimSuffix(line, []byte("=")))
		switch {
		case soft || !hasEnd:
		case crlf:
			out = append(out, '\r', '\n')
		default:
			out = append(out, '\n')
		}
	}
	return out
}

func appendUnquoted(out, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			return append(out, line...)
		}
		out, line = append(out, line[:i]...), line[i:]
		if len(line) < 3 || !isHex(line[1]) || !isHex(line[2]) {
			out, line = append(out, '='), line[1:]
			continue
		}
		out, line = append(out, unhex(line[1])<<4|unhex(line[2])), line[3:]
	}
}

// appendQuotedPrintable encodes text whose line ends are CRLF, in lines of at
// most 76 characters. A text that does not end its last line is ended by a
// soft break, so that the decoder gives back exactly what went in.
func appendQuotedPrintable(out, text []byte) []byte {
	width := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			out, width, i = append(out, '\r', '\n'), 0, i+1
			continue
		}
		plain := c > ' ' && c < 0x7f && c != '=' || isSpace(c) && i+1 < len(text) && text[i+1] != '\r'
		// A dot first in its line would be doubled by SMTP, and "From " changed
		// by mbox stores; encoded, both arrive on every way.
		if width == 0 && (c == '.' || c == 'F' && bytes.HasPrefix(text[i:], []byte("From "))) {
			plain = false
		}
		n := 3
		if plain {
			n = 1
		}
		if width+n > 75 {
			out, width = append(out, "=\r\n"...), 0
		}
		if plain {
			out = append(out, c)
		} else {
			out = append(out, '=', upperHex[c>>4], upperHex[c&15])
		}
		width += n
	}
	if width > 0 {
		out = append(out, "=\r\n"...)
	}
	return out
}

// appendBase64 encodes in lines of 76 characters, the last one ended too.
func appendBase64(out, data []byte) []byte {
	const line = 57 // bytes that make 76 characters
	for len(data) > 0 {
		n := min(line, len(data))
		out = base64.StdEncoding.AppendEncode(out, data[:n])
		out, data = append(out, '\r', '\n'), data[n:]
	}
	return out
}

// crlf gives text the line ends of the canonical form, RFC 2049 4.
func crlf(s string) string {
	if !strings.Contains(s, "\n") && !strings.Contains(s, "\r") {
		return s
	}
	var out strings.Builder
	out.Grow(len(s) + len(s)/32)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\r' && i+1 < len(s) && s[i+1] == '\n':
		case c == '\r', c == '\n':
			out.WriteString("\r\n")
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
