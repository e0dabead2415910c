package strictxml

// Classes of bytes. The loops of the tokenizer run over bytes of one class and
// look closer only at what ends the run.
const (
	inText      = 1 << iota // nothing to do in character data
	inValue                 // nothing to do in an attribute value
	inName                  // may be in a name: letters, digits, - . _
	nameStart               // may begin a name: letters, _
	space                   // XML 1.0 2.3, S
	inLiteral               // nothing to do in CDATA and comments
	encodesText             // needs no escape in character data
	encodesAttr             // needs no escape in an attribute value
)

// class is never written. Bytes of 0x80 and above are ordinary, since the
// document is known to be UTF-8, but for 0xEF, which begins U+FFFE and U+FFFF.
var class = func() (t [256]uint8) {
	for i := range t {
		b := byte(i)
		letter := b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_'
		if letter {
			t[b] |= nameStart | inName
		}
		if b >= '0' && b <= '9' || b == '-' || b == '.' {
			t[b] |= inName
		}
		if b == ' ' || b == '\t' || b == '\n' || b == '\r' {
			t[b] |= space
		}
		if b >= 0x20 && b != 0xEF {
			t[b] |= inText | inValue | inLiteral
		}
		if b >= 0x20 && b < 0x80 {
			t[b] |= encodesText | encodesAttr
		}
	}
	clear := func(bits uint8, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] &^= bits
		}
	}
	t['\t'] |= inText | inLiteral | encodesText
	t['\n'] |= inText | inLiteral | encodesText
	clear(inText, "<&]")
	clear(inValue, `<&"'`)
	clear(encodesText, "<>&")
	clear(encodesAttr, `<>&"`)
	return t
}()

// isChar reports whether XML 1.0 can carry a character (2.2, Char).
func isChar(c rune) bool {
	switch {
	case c < 0x20:
		return c == '\t' || c == '\n' || c == '\r'
	case c <= 0xD7FF:
		return true
	}
	return c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 && c <= 0x10FFFF
}

// noncharacter reports whether U+FFFE or U+FFFF stands at the beginning of s,
// which begins with 0xEF.
func noncharacter(s string) bool {
	return len(s) >= 3 && s[1] == 0xBF && s[2] >= 0xBE
}

func isSpace(s string) bool {
	for i := range len(s) {
		if class[s[i]]&space == 0 {
			return false
		}
	}
	return true
}
