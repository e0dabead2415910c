package wbxml

import (
	"encoding/binary"
	"unicode/utf8"
)

// clean reports whether a text is UTF-8 and has only characters of XML 1.0, 2.2.
// It looks at eight bytes at once as long as they are plain ASCII.
func clean(b []byte) bool {
	const high, ones = 0x8080808080808080, 0x0101010101010101
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		// A byte below 0x20 borrows into its high bit. Bytes above such a one may
		// be taken for one, which costs time but no truth.
		if (v|(v-0x20*ones))&high != 0 {
			n := cleanRunes(b[:8:len(b)])
			if n == 0 {
				return false
			}
			b = b[n:]
			continue
		}
		b = b[8:]
	}
	for len(b) > 0 {
		n := cleanRune(b)
		if n == 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// cleanRunes passes the characters that begin in b, whose capacity is the rest of
// the text; it returns how long they are, 0 if one of them is none.
func cleanRunes(b []byte) int {
	all := b[:cap(b)]
	i := 0
	for i < len(b) {
		n := cleanRune(all[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

// cleanRune returns the length of the first character, 0 if it is none of XML's.
func cleanRune(b []byte) int {
	if c := b[0]; c < utf8.RuneSelf {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return 0
		}
		return 1
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return n
}

// scrub leaves out what is not clean and returns how long the rest is.
func scrub(b []byte) int {
	n := 0
	for i := 0; i < len(b); {
		k := cleanRune(b[i:])
		n += copy(b[n:], b[i:i+k])
		i += max(k, 1)
	}
	return n
}
