package message

import (
	"strings"

	"entente"
)

// An Address is a mailbox as a header names it, RFC 5322 3.4. SMTP is what
// stood there, spelling and all, and may be no address at all: who delivers
// or compares asks entente.ParseSMTPAddress. It is empty for a mere name.
type Address struct{ Name, SMTP string }

// String gives the address as people read it: Anna Ek <anna@contoso.example>.
// For a header it is not fit, since the name is not encoded.
func (a Address) String() string {
	switch {
	case a.Name == "" || a.Name == a.SMTP:
		return a.SMTP
	case a.SMTP == "":
		return a.Name
	}
	return a.Name + " <" + a.SMTP + ">"
}

// ParseAddress reads exactly one address, with or without a name.
func ParseAddress(s string) (Address, error) {
	list := ParseAddressList(s)
	if len(list) != 1 || !strings.Contains(list[0].SMTP, "@") {
		return Address{}, entente.Errorf(entente.Invalid, "not an address")
	}
	return list[0], nil
}

// ParseAddressList reads the list of a To field. Groups give their members,
// comments that stand for a name (anna@contoso.example (Anna Ek)) the name;
// semicolons separate too, as in Outlook. It never fails: what has no address
// is a name alone. No name or address in the result has control characters.
func ParseAddressList(s string) []Address {
	p := addressParser{s: s}
	for p.pos < len(p.s) {
		p.step()
	}
	p.end()
	return p.list
}

// An addressParser collects the words of one mailbox until a separator.
type addressParser struct {
	s    string
	pos  int
	list []Address

	words   []string // of the name or of an address without brackets, with " " between
	quoted  bool     // one of them was quoted: no address without brackets
	glued   bool     // no blank since the last word
	angle   string   // what stood in <>
	inAngle bool     // there was a <>
	comment string
}

func (p *addressParser) step() {
	switch c := p.s[p.pos]; c {
	case ',', ';':
		p.end()
		p.pos++
	case ':': // what we took for a name was a group's
		if p.inAngle {
			p.end()
		}
		p.reset()
		p.pos++
	case '<':
		p.route()
	case '(':
		text := p.nested()
		if p.comment == "" {
			p.comment = text
		}
	case '"':
		// A quoted local part keeps its quotes: "a b"@example.com.
		text, raw := p.quotedString()
		if p.pos < len(p.s) && p.s[p.pos] == '@' {
			p.add(raw)
			return
		}
		p.quoted = true
		p.add(text)
	case ' ', '\t', '\r', '\n':
		p.glued = false
		p.pos++
	case '>', ')', '[', ']', '\\':
		if c == '[' { // a domain literal, user@[192.0.2.1]
			p.atom()
			return
		}
		p.pos++
	default:
		p.atom()
	}
}

// atom takes a run of characters that mean nothing here. A domain literal may
// hold colons.
func (p *addressParser) atom() {
	start := p.pos
	for literal := false; p.pos < len(p.s); p.pos++ {
		c := p.s[p.pos]
		if c == '[' {
			literal = true
		}
		if c == ']' {
			literal = false
			continue
		}
		if strings.IndexByte(" \t\r\n,;<>()\"", c) >= 0 || c == ':' && !literal || c == '\\' {
			break
		}
	}
	p.add(p.s[start:p.pos])
}

// add takes a word; what follows another one without a blank, around dots and
// @, is part of it: "a b"@example.com.
func (p *addressParser) add(word string) {
	if len(p.words) > 0 && !p.glued {
		p.words = append(p.words, " ")
	}
	p.words, p.glued = append(p.words, word), true
}

// route takes what stands in <>, without the obsolete route <@a,@b:user@c>.
func (p *addressParser) route() {
	rest := p.s[p.pos+1:]
	end := strings.IndexByte(rest, '>')
	if end < 0 {
		end = len(rest)
	}
	if p.inAngle {
		p.end() // a comma was forgotten
	}
	addr := strings.TrimSpace(rest[:end])
	if strings.HasPrefix(addr, "@") {
		if _, after, ok := strings.Cut(addr, ":"); ok {
			addr = after
		}
	}
	p.angle, p.inAngle = addr, true
	p.pos = min(p.pos+1+end+1, len(p.s))
	p.glued = false
}

// nested takes a comment with the comments in it.
func (p *addressParser) nested() string {
	start, depth := p.pos+1, 0
	for ; p.pos < len(p.s); p.pos++ {
		switch p.s[p.pos] {
		case '\\':
			p.pos++
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	text := p.s[start:max(start, min(p.pos, len(p.s)))]
	p.pos = min(p.pos+1, len(p.s))
	p.glued = false
	return unescape(text)
}

// quotedString returns the text between quotes and the whole as written.
func (p *addressParser) quotedString() (text, raw string) {
	start := p.pos
	for p.pos++; p.pos < len(p.s) && p.s[p.pos] != '"'; p.pos++ {
		if p.s[p.pos] == '\\' {
			p.pos++
		}
	}
	end := min(p.pos, len(p.s))
	p.pos = min(p.pos+1, len(p.s))
	return unescape(p.s[start+1 : end]), p.s[start:p.pos]
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// end finishes one mailbox.
func (p *addressParser) end() {
	defer p.reset()
	raw := strings.Join(p.words, "")
	name := strings.TrimSpace(decodeWords(raw))
	switch {
	case p.inAngle:
		p.take(name, p.angle)
	case len(p.words) == 0 && p.comment == "":
	case len(p.words) > 0 && !p.quoted && strings.Contains(raw, "@"):
		// No brackets: the address may have blanks around its dots and @.
		p.take("", strings.ReplaceAll(raw, " ", ""))
	default:
		p.take(name, "")
	}
}

func (p *addressParser) take(name, smtp string) {
	if name == "" {
		name = strings.TrimSpace(decodeWords(p.comment))
	}
	smtp = strings.TrimSpace(Clean(decodeCharset("", []byte(smtp))))
	if len(smtp) > 1 && smtp[0] == '\'' && smtp[len(smtp)-1] == '\'' {
		smtp = smtp[1 : len(smtp)-1] // Outlook: <'a@b'>
	}
	if name == "" && smtp == "" {
		return
	}
	p.list = append(p.list, Address{Name: name, SMTP: smtp})
}

func (p *addressParser) reset() {
	p.words, p.quoted, p.glued = nil, false, false
	p.angle, p.inAngle, p.comment = "", false, ""
}

// appendAddress writes an address for a header, RFC 5322 3.4 and RFC 2047.
func appendAddress(out []byte, a Address) []byte {
	if a.Name == "" {
		return append(append(append(out, '<'), a.SMTP...), '>')
	}
	out = append(out, phrase(a.Name)...)
	return append(append(append(out, " <"...), a.SMTP...), '>')
}

// phrase writes a display name: as words, in quotes, or as encoded words.
func phrase(s string) string {
	if !plainText(s) || len(s) > 200 {
		return encodeWords(s)
	}
	words := true
	for _, c := range []byte(s) {
		if c != ' ' && !isAtext(c) {
			words = false
		}
	}
	if words && !strings.Contains(s, "  ") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// isAtext: RFC 5322 3.2.3.
func isAtext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
