package message

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// decodeWords decodes the encoded words of a field, RFC 2047, and turns what
// is left of eight-bit text into UTF-8.
//
// More than the RFC allows is read, because mailers do it: words inside quoted
// strings, with blanks in them, or with nothing between two. Neighbours in the
// same charset are joined before they are converted, since some mailers cut a
// character in half between them.
//
// The result is clean: an encoded line feed is no line feed any more, since
// whoever writes the value into another header could not tell.
func decodeWords(s string) string { return Clean(joinWords(s)) }

func joinWords(s string) string {
	if !strings.Contains(s, "=?") {
		return decodeCharset("", []byte(s))
	}
	var out strings.Builder
	var run []byte // decoded bytes of neighbouring words in one charset
	var charset string
	flush := func() {
		if len(run) > 0 {
			out.WriteString(decodeCharset(charset, run))
			run = nil
		}
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		cs, data, n, ok := encodedWord(s[i:])
		if !ok {
			flush()
			out.WriteString(decodeCharset("", []byte(s[:i+2])))
			s = s[i+2:]
			continue
		}
		// White space between two encoded words is theirs, not the text's.
		if between := s[:i]; len(run) == 0 || strings.Trim(between, " \t") != "" {
			flush()
			out.WriteString(decodeCharset("", []byte(between)))
		}
		if !strings.EqualFold(cs, charset) {
			flush()
		}
		run, charset, s = append(run, data...), cs, s[i+n:]
	}
	flush()
	out.WriteString(decodeCharset("", []byte(s)))
	return out.String()
}

// encodedWord decodes the =?charset?encoding?text?= at the start of s and says
// how long it is. A language after the charset, RFC 2231 5, is dropped.
func encodedWord(s string) (charset string, data []byte, n int, ok bool) {
	const longest = 4096 // 75 by RFC 2047 2; some mailers encode a subject whole
	window := s[:min(len(s), longest)]
	charset, rest, ok1 := strings.Cut(window[2:], "?")
	enc, rest, ok2 := strings.Cut(rest, "?")
	if !ok1 || !ok2 || len(enc) != 1 || charset == "" || len(charset) > 64 || strings.ContainsAny(charset, " \t\"") {
		return "", nil, 0, false
	}
	text, after, ok3 := strings.Cut(rest, "?=")
	if !ok3 {
		return "", nil, 0, false
	}
	charset, _, _ = strings.Cut(charset, "*")
	switch enc {
	case "B", "b":
		data = decodeBase64([]byte(text))
	case "Q", "q":
		data = decodeQ(text)
	default:
		return "", nil, 0, false
	}
	return charset, data, len(window) - len(after), true
}

// decodeQ undoes the Q encoding, RFC 2047 4.2. A broken escape stays as it is.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
			out = append(out, ' ')
		case c == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

// encodeText writes free text for an unstructured field: as it is when that is
// safe to read back, else as encoded words.
func encodeText(s string) string {
	if plainText(s) {
		return s
	}
	return encodeWords(s)
}

// plainText reports whether s may stand in a field as it is: printable ASCII
// that folding can break and no reader takes for encoded words.
func plainText(s string) bool {
	word := 0
	for _, c := range []byte(s) {
		if word++; c == ' ' {
			word = 0
		}
		if c < ' ' || c >= 0x7f || word > 200 {
			return false
		}
	}
	return !strings.Contains(s, "=?") && strings.Trim(s, " ") == s
}

// encodeWords writes s as encoded words of at most 75 characters (62, in fact), separated by
// blanks, each of whole characters: RFC 2047 5 (3). The shorter encoding wins.
func encodeWords(s string) string {
	const room = 62 - len("=?utf-8?q??=") // so that one fits beside "Subject: " in 76
	escaped := 0
	for _, c := range []byte(s) {
		if !qSafe(c) {
			escaped++
		}
	}
	cost, enc, write := qCost, "q", appendQ
	if len(s)+2*escaped > bCost(s) {
		cost, enc, write = bCost, "b", appendB
	}
	var out []byte
	for s != "" {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n > 0 && cost(s[:n+size]) > room {
				break
			}
			n += size
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = append(out, "=?utf-8?"+enc+"?"...)
		out = write(out, s[:n])
		out, s = append(out, "?="...), s[n:]
	}
	return string(out)
}

func bCost(s string) int { return base64.StdEncoding.EncodedLen(len(s)) }

func qCost(s string) (n int) {
	for _, c := range []byte(s) {
		if n++; !qSafe(c) {
			n += 2
		}
	}
	return n
}

func appendQ(out []byte, s string) []byte {
	for _, c := range []byte(s) {
		switch {
		case c == ' ':
			out = append(out, '_')
		case qSafe(c):
			out = append(out, c)
		default:
			out = append(out, '=', upperHex[c>>4], upperHex[c&15])
		}
	}
	return out
}

func appendB(out []byte, s string) []byte {
	return base64.StdEncoding.AppendEncode(out, []byte(s))
}

const upperHex = "0123456789ABCDEF"

// qSafe: what may stand for itself in a phrase, the strictest place for an
// encoded word, RFC 2047 5 (3). The blank becomes an underscore.
func qSafe(c byte) bool {
	return c == ' ' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		bytes.IndexByte([]byte("!*+-/"), c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
