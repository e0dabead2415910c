package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads RFC 2152, which old Exchange servers wrote for Asian text:
// runs of unpadded base64 over UTF-16 between + and -. It is written here
// because no charset library we use has it, for good reasons that concern
// browsers and not mail archives.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	s := string(b)
	for s != "" {
		i := strings.IndexByte(s, '+')
		if i < 0 {
			break
		}
		out.WriteString(guess([]byte(s[:i])))
		s = s[i+1:]
		end := strings.IndexFunc(s, func(r rune) bool { return !isBase64(r) })
		if end < 0 {
			end = len(s)
		}
		run := s[:end]
		s = strings.TrimPrefix(s[end:], "-")
		if run == "" {
			out.WriteByte('+')
			continue
		}
		out.WriteString(utf16Text(run))
	}
	out.WriteString(guess([]byte(s)))
	return out.String()
}

func utf16Text(run string) string {
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	raw, err := base64.RawStdEncoding.DecodeString(run)
	if err != nil {
		return "+" + run
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	return string(utf16.Decode(units))
}

func isBase64(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+' || r == '/'
}
