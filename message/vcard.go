package message

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"

	"entente"
)

// A Card is a contact as a vCard has it: RFC 2426 (3.0), RFC 6350 (4.0), and
// the 2.1 that old phones and Outlook write. It holds what Exchange keeps of a
// contact; other properties are not kept, since the card's bytes are.
type Card struct {
	UID           string
	FormattedName string // FN
	Name          CardName
	Nickname      string
	Organization  string
	Department    string // the second component of ORG
	Title         string
	Role          string
	Emails        []CardValue
	Phones        []CardValue
	IMs           []CardValue
	URLs          []CardValue
	Addresses     []CardAddress
	Birthday      string // as written, 1985-04-12 or 19850412; --0412 where no year is known
	Anniversary   string
	Note          string // lines end in LF
	Categories    []string
	Revision      time.Time
	Photo         []byte // JPEG or PNG, when it is inside the card
}

// A CardName is the N property, RFC 6350 6.2.2.
type CardName struct{ Family, Given, Middle, Prefix, Suffix string }

// A CardValue is a property that may be there several times; Types says for
// what, lower case: work, home, cell, fax, pref.
type CardValue struct {
	Types []string
	Value string
}

// Is reports whether the value is of a type.
func (v CardValue) Is(kind string) bool { return hasType(v.Types, kind) }

// A CardAddress is an ADR property, RFC 6350 6.3.1. Exchange has one street of
// several lines, where LF ends a line.
type CardAddress struct {
	Types                                                                  []string
	POBox, Extended, Street, Locality, Region, PostalCode, CountryOrRegion string
}

// Is reports whether the address is of a type.
func (a CardAddress) Is(kind string) bool { return hasType(a.Types, kind) }

func hasType(types []string, kind string) bool {
	for _, t := range types {
		if t == kind {
			return true
		}
	}
	return false
}

// Limits of ParseCard. A photo of half a megabyte fits, as CardDAV clients send.
const (
	maxCard       = 2 << 20
	maxProperties = 1000
)

// A property is one content line: [group.]NAME;params:value.
type property struct {
	name   string // upper case
	params map[string][]string
	value  string // as written
}

// ParseCard reads the first vCard in raw. It fails with an *entente.Error for
// what is none (Invalid) or too large (TooLarge), and skips lines it cannot
// read inside of one.
func ParseCard(raw []byte) (*Card, error) {
	if len(raw) > maxCard {
		return nil, entente.Errorf(entente.TooLarge, "the vCard is larger than %d bytes", maxCard)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	c := &Card{}
	begun := false
	for n := 0; len(raw) > 0; n++ {
		if n > maxProperties {
			return nil, entente.Errorf(entente.TooLarge, "the vCard has more than %d properties", maxProperties)
		}
		var p property
		var ok bool
		p, raw, ok = cutProperty(raw)
		word := strings.ToUpper(strings.TrimSpace(p.value))
		switch {
		case !ok:
		case p.name == "BEGIN" && word == "VCARD":
			begun = true
		case p.name == "END" && word == "VCARD" && begun:
			return c, nil
		case begun:
			c.set(p)
		}
	}
	if !begun {
		return nil, entente.Errorf(entente.Invalid, "not a vCard")
	}
	return c, nil
}

// cutProperty takes one content line with its continuations, RFC 6350 3.2.
func cutProperty(b []byte) (p property, rest []byte, ok bool) {
	line, rest := cutLine(b)
	if len(rest) > 0 && isSpace(rest[0]) {
		line = bytes.Clone(line)
	}
	for len(rest) > 0 && isSpace(rest[0]) {
		var more []byte
		more, rest = cutLine(rest[1:])
		line = append(line, more...)
	}
	head, value, found := cutUnquoted(string(line), ':')
	if !found {
		return p, rest, false
	}
	p.parameters(head)
	if p.is("ENCODING", "quoted-printable") {
		// vCard 2.1 continues these by the soft breaks of the encoding.
		joined := []byte(value)
		for bytes.HasSuffix(joined, []byte("=")) && len(rest) > 0 {
			var more []byte
			more, rest = cutLine(rest)
			joined = append(joined[:len(joined)-1], more...)
		}
		value = string(decodeQuotedPrintable(joined))
	}
	p.value = decodeCharset(first(p.params["CHARSET"]), []byte(value))
	return p, rest, p.name != ""
}

// parameters reads what stands before the colon. Those of 2.1 may lack a name:
// TEL;WORK;FAX.
func (p *property) parameters(head string) {
	name, rest, more := cutUnquoted(head, ';')
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:] // the group
	}
	p.name = strings.ToUpper(strings.TrimSpace(name))
	p.params = map[string][]string{}
	for more {
		var param string
		param, rest, more = cutUnquoted(rest, ';')
		key, values, named := strings.Cut(param, "=")
		key = strings.ToUpper(strings.TrimSpace(key))
		switch {
		case !named && (key == "QUOTED-PRINTABLE" || key == "BASE64"):
			key, values = "ENCODING", key
		case !named:
			key, values = "TYPE", key
		}
		for v := range strings.SplitSeq(values, ",") {
			if v = strings.Trim(v, "\" "); v != "" && len(p.params) < 32 {
				p.params[key] = append(p.params[key], Clean(v))
			}
		}
	}
}

func (p *property) is(param, value string) bool {
	for _, v := range p.params[param] {
		if strings.EqualFold(v, value) {
			return true
		}
	}
	return false
}

// cutUnquoted is strings.Cut that does not look between quotes.
func cutUnquoted(s string, sep byte) (before, after string, found bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// set keeps a property. Of one that a contact has once, the first one counts.
func (c *Card) set(p property) {
	once := func(field *string) {
		if *field == "" {
			*field = cardText(p.value)
		}
	}
	switch p.name {
	case "UID":
		once(&c.UID)
	case "FN":
		once(&c.FormattedName)
	case "NICKNAME":
		once(&c.Nickname)
	case "TITLE":
		once(&c.Title)
	case "ROLE":
		once(&c.Role)
	case "NOTE":
		once(&c.Note)
	case "BDAY":
		once(&c.Birthday)
	case "ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY":
		once(&c.Anniversary)
	case "REV":
		c.Revision = cardTime(p.value)
	default:
		c.setMany(p)
	}
}

func (c *Card) setMany(p property) {
	value := func() CardValue { return CardValue{Types: p.types(), Value: strings.TrimSpace(cardText(p.value))} }
	switch p.name {
	case "N":
		f := components(p.value, ';', 5)
		c.Name = CardName{f[0], f[1], f[2], f[3], f[4]}
	case "ORG":
		f := components(p.value, ';', 2)
		c.Organization, c.Department = f[0], f[1]
	case "EMAIL":
		c.Emails = append(c.Emails, trimScheme(value(), "mailto:"))
	case "TEL":
		c.Phones = append(c.Phones, trimScheme(value(), "tel:"))
	case "IMPP", "X-JABBER", "X-SKYPE", "X-AIM", "X-MSN", "X-ICQ", "X-YAHOO":
		c.IMs = append(c.IMs, value())
	case "URL":
		c.URLs = append(c.URLs, value())
	case "ADR":
		f := components(p.value, ';', 7)
		c.Addresses = append(c.Addresses, CardAddress{p.types(), f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	case "CATEGORIES":
		for _, k := range components(p.value, ',', 0) {
			if k = strings.TrimSpace(k); k != "" {
				c.Categories = append(c.Categories, k)
			}
		}
	case "PHOTO":
		c.Photo = photo(p)
	}
}

// types returns the TYPE values; 4.0 moved "pref" to a parameter of its own.
func (p *property) types() (types []string) {
	for _, t := range p.params["TYPE"] {
		types = append(types, strings.ToLower(t))
	}
	if first(p.params["PREF"]) == "1" && !hasType(types, "pref") {
		types = append(types, "pref")
	}
	return types
}

func trimScheme(v CardValue, scheme string) CardValue {
	if len(v.Value) > len(scheme) && equalFold(v.Value[:len(scheme)], scheme) {
		v.Value = v.Value[len(scheme):]
	}
	return v
}

// photo returns the bytes of an embedded picture; a URL is not followed.
func photo(p property) []byte {
	if _, data, ok := strings.Cut(p.value, ";base64,"); ok && strings.HasPrefix(p.value, "data:") {
		return decodeBase64([]byte(data))
	}
	if p.is("ENCODING", "b") || p.is("ENCODING", "base64") {
		return decodeBase64([]byte(p.value))
	}
	return nil
}

// components splits a structured value at the separators that are not escaped,
// into exactly n when n is not 0.
func components(s string, sep byte, n int) []string {
	var out []string
	start := 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] == '\\':
			i++
		case i == len(s) || s[i] == sep:
			out = append(out, cardText(s[start:i]))
			start = i + 1
		}
	}
	if start < len(s) { // it ended in a lone backslash
		out = append(out, cardText(s[start:]))
	}
	for len(out) < n {
		out = append(out, "")
	}
	if n > 0 {
		out = out[:n]
	}
	return out
}

// cardText undoes the escapes of RFC 6350 3.4 and cleans what is left, except
// for line ends, which become LF.
func cardText(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if i++; s[i] == 'n' || s[i] == 'N' {
				out.WriteByte('\n')
				continue
			}
			c = s[i]
		}
		if c != '\r' {
			out.WriteByte(c)
		}
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func cardTime(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"20060102T150405Z0700", time.RFC3339, "20060102T150405", "2006-01-02T15:04:05", "2006-01-02", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// ComposeCard writes a card as vCard 3.0, which every CardDAV client and
// Exchange itself read. It refuses, as Invalid, control characters in any
// field; LF is allowed and escaped.
func ComposeCard(c Card) ([]byte, error) {
	w := cardWriter{}
	w.line("BEGIN", nil, "VCARD")
	w.line("VERSION", nil, "3.0")
	w.text("UID", c.UID)
	w.line("FN", nil, w.escape(firstOf(c.FormattedName, strings.TrimSpace(c.Name.Given+" "+c.Name.Family), c.Organization, "-"))) // RFC 2426 3.1.1 demands one
	w.structured("N", nil, c.Name.Family, c.Name.Given, c.Name.Middle, c.Name.Prefix, c.Name.Suffix)
	w.text("NICKNAME", c.Nickname)
	if c.Organization != "" || c.Department != "" {
		w.structured("ORG", nil, c.Organization, c.Department)
	}
	w.text("TITLE", c.Title)
	w.text("ROLE", c.Role)
	w.values("EMAIL", c.Emails)
	w.values("TEL", c.Phones)
	w.values("IMPP", c.IMs)
	w.values("URL", c.URLs)
	for _, a := range c.Addresses {
		w.structured("ADR", a.Types, a.POBox, a.Extended, a.Street, a.Locality, a.Region, a.PostalCode, a.CountryOrRegion)
	}
	w.text("BDAY", c.Birthday)
	w.text("X-ANNIVERSARY", c.Anniversary)
	w.text("NOTE", c.Note)
	w.categories(c.Categories)
	if len(c.Photo) > 0 {
		w.line("PHOTO;ENCODING=b", nil, base64.StdEncoding.EncodeToString(c.Photo))
	}
	if !c.Revision.IsZero() {
		w.line("REV", nil, c.Revision.UTC().Format("20060102T150405Z"))
	}
	w.line("END", nil, "VCARD")
	if w.bad != "" {
		return nil, entente.Errorf(entente.Invalid, "the field %s cannot be written into a vCard", w.bad).Because(ReasonInvalidField)
	}
	return w.out, nil
}

// A cardWriter appends content lines; bad names the first that cannot be one.
type cardWriter struct {
	out  []byte
	name string
	bad  string
}

func (w *cardWriter) text(name, value string) {
	if w.name = name; value != "" {
		w.line(name, nil, w.escape(value))
	}
}

func (w *cardWriter) values(name string, list []CardValue) {
	for _, v := range list {
		w.name = name
		w.line(name, v.Types, w.escape(v.Value))
	}
}

func (w *cardWriter) structured(name string, types []string, parts ...string) {
	w.name = name
	for i := range parts {
		parts[i] = w.escape(parts[i])
	}
	w.line(name, types, strings.Join(parts, ";"))
}

func (w *cardWriter) categories(list []string) {
	w.name = "CATEGORIES"
	var escaped []string
	for _, k := range list {
		escaped = append(escaped, w.escape(k))
	}
	if len(escaped) > 0 {
		w.line("CATEGORIES", nil, strings.Join(escaped, ","))
	}
}

// escape writes text, RFC 2426 4. LF is the only control character there is a
// form for.
func (w *cardWriter) escape(s string) string {
	if !clean(strings.ReplaceAll(s, "\n", "")) && w.bad == "" {
		w.bad = w.name
	}
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`).Replace(s)
}

// line writes a content line, folded at 75 bytes and never inside a character.
func (w *cardWriter) line(name string, types []string, value string) {
	for _, t := range types {
		if !isToken(t) && w.bad == "" {
			w.bad = name
		}
	}
	if len(types) > 0 {
		name += ";TYPE=" + strings.ToUpper(strings.Join(types, ","))
	}
	line := name + ":" + value
	for width := 75; len(line) > width; width = 74 {
		n := width
		for n > 1 && line[n]&0xc0 == 0x80 {
			n--
		}
		w.out = append(append(w.out, line[:n]...), "\r\n "...)
		line = line[n:]
	}
	w.out = append(append(w.out, line...), "\r\n"...)
}
