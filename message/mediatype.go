package message

import (
	"strconv"
	"strings"
)

// A mediaType is a Content-Type or Content-Disposition: a lower-case value and
// parameters, RFC 2045 5.1 and RFC 2183.
type mediaType struct {
	value  string
	params map[string]string
}

// parseMediaType reads what can be read: parameters without quotes that hold
// blanks, doubled semicolons, encoded words where RFC 2231 wants its own form.
// Of a parameter that is repeated the first one counts.
func parseMediaType(s string) mediaType {
	value, rest, _ := strings.Cut(s, ";")
	value, _, _ = strings.Cut(value, "(")
	t := mediaType{value: strings.ToLower(Clean(strings.TrimSpace(value)))}
	const most = 64 // parameters; more is an attack
	raw := map[string]string{}
	for rest != "" && len(raw) < most {
		var name, val string
		name, val, rest = cutParameter(rest)
		if _, again := raw[name]; name != "" && !again {
			raw[name] = val
		}
	}
	t.params = joinParameters(raw)
	return t
}

// cutParameter takes one name=value off the front.
func cutParameter(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;")
	end := strings.IndexAny(s, "=;")
	if end < 0 {
		return "", "", ""
	}
	if s[end] == ';' {
		return "", "", s[end:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:end]))
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	p := addressParser{s: s}
	value, _ = p.quotedString()
	_, rest, _ = strings.Cut(s[p.pos:], ";")
	return name, value, rest
}

// joinParameters puts the pieces of RFC 2231 together: name*, name*0, name*1*.
// It wins over the plain form, which is then there for old readers only.
func joinParameters(raw map[string]string) map[string]string {
	out := make(map[string]string, len(raw))
	for name, v := range raw {
		base, _, continued := strings.Cut(name, "*")
		if !continued {
			if _, better := out[base]; !better {
				out[base] = decodeWords(v)
			}
			continue
		}
		if s, ok := extended(raw, base); ok {
			out[base] = s
		}
	}
	return out
}

// extended reads the pieces of one parameter: charset'language'text with
// percent escapes in the pieces whose name ends in a star.
func extended(raw map[string]string, base string) (string, bool) {
	if v, ok := raw[base+"*"]; ok {
		charset, text := cutCharset(v)
		return Clean(decodeCharset(charset, unpercent(text))), true
	}
	var data []byte
	var charset string
	for i := 0; ; i++ {
		name := base + "*" + strconv.Itoa(i)
		if v, ok := raw[name+"*"]; ok {
			if i == 0 {
				charset, v = cutCharset(v)
			}
			data = append(data, unpercent(v)...)
			continue
		}
		v, ok := raw[name]
		if !ok {
			return decodeWords(decodeCharset(charset, data)), i > 0
		}
		data = append(data, v...)
	}
}

func cutCharset(v string) (charset, text string) {
	parts := strings.SplitN(v, "'", 3)
	if len(parts) < 3 {
		return "", v
	}
	return parts[0], parts[2]
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// appendParameter writes ; name=value: as a token, quoted, or by RFC 2231 when
// it is long or not ASCII. Each piece is small enough to fold.
func appendParameter(out []byte, name, value string) []byte {
	const piece = 50
	simple, token := len(value) <= piece, value != ""
	for _, c := range []byte(value) {
		simple = simple && c >= ' ' && c < 0x7f
		token = token && isAtext(c) && c != '=' && c != '?' && c != '*' && c != '%' && c != '\''
	}
	switch {
	case simple && token:
		return append(out, "; "+name+"="+value...)
	case simple && !strings.Contains(value, "=?"):
		return append(out, "; "+name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`...)
	}
	text, n, width := "utf-8''", 0, 0
	flush := func(last bool) {
		number := "*" + strconv.Itoa(n)
		if n == 0 && last {
			number = "" // the form without numbers is understood more widely
		}
		out = append(out, "; "+name+number+"*="+text...)
		text, width, n = "", 0, n+1
	}
	for _, c := range []byte(value) {
		if width >= piece {
			flush(false)
		}
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_' {
			text, width = text+string(rune(c)), width+1
			continue
		}
		text, width = text+"%"+string(upperHex[c>>4])+string(upperHex[c&15]), width+3
	}
	flush(true)
	return out
}

// baseName returns a file name that names no folder, as whatever the sender's
// system was would see it, and that no header or log line trips over.
func baseName(s string) string {
	s = Clean(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.TrimSpace(s)
	if s == "." || s == ".." {
		return ""
	}
	return s
}
