package message

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// decodeCharset converts text to UTF-8. What claims no charset, an unknown one
// or wrongly a Unicode one is taken for UTF-8 if it is that, and for
// Windows-1252 otherwise, which turns every byte into some character.
func decodeCharset(name string, b []byte) string {
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit", "8bit", "x-unknown":
		return guess(b)
	case "utf-7", "unicode-1-1-utf-7":
		return decodeUTF7(b)
	case "iso-8859-1", "latin1", "iso_8859-1":
		// WHATWG Encoding 4.2: what says Latin-1 and has bytes in 80–9F means this.
		return windows1252(b)
	case "windows-1252", "cp1252":
		return windows1252(b)
	case "ks_c_5601-1987", "ks_c_5601":
		name = "euc-kr"
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		return guess(b)
	}
	// A charset of two bytes a character grows by half in UTF-8, a single-byte
	// one threefold at most: what is read here is bounded by what was sent.
	out, err := io.ReadAll(r)
	if err != nil {
		return guess(b)
	}
	return strings.ToValidUTF8(string(out), "�")
}

func guess(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	if mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), "�")
	}
	return windows1252(b)
}

// windows1252 is written out because most of the mail that is not UTF-8 is in
// it, and for many short words a reader with its buffers costs too much.
func windows1252(b []byte) string {
	// 80–9F, where it differs from Latin-1; five are undefined.
	const upper = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"
	high := []rune(upper)
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for _, c := range b {
		switch {
		case c < 0x80:
			out.WriteByte(c)
		case c < 0xa0:
			out.WriteRune(high[c-0x80])
		default:
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}

// mostlyUTF8 reports whether b is damaged UTF-8 (cut off by a limit somewhere)
// rather than another charset: more good sequences than bad bytes.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > bad
}

// Clean makes s fit for a header field, a file name or a log line: control
// characters become blanks, broken UTF-8 becomes U+FFFD.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// clean reports whether Clean would leave s alone.
func clean(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return utf8.ValidString(s)
}
