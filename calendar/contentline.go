package calendar

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits of an iCalendar object. RFC 5545 names none.
const (
	maxICalBytes  = 36 << 20
	maxICalLine   = 4 << 20 // unfolded; a description may hold a whole page
	maxICalDepth  = 8
	maxICalParams = 64
	maxICalParts  = 100_000 // components
)

// A component is what stands between BEGIN and END. RFC 5545 3.6
type component struct {
	name     string
	props    []Property
	children []*component
}

// errNotICalendar is what a file gets that has no VCALENDAR in it.
var errNotICalendar = errors.New("calendar: not an iCalendar object")

// parseComponents reads content lines into components. It takes lines that end
// in LF alone, a byte order mark, and text before the first BEGIN, and passes
// over lines that are no content lines, as exporters produce them that forget
// to fold. Nesting it insists on.
func parseComponents(data []byte) ([]*component, error) {
	if len(data) > maxICalBytes {
		return nil, fmt.Errorf("calendar: iCalendar object of more than %d bytes", maxICalBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	root := &component{}
	stack := []*component{root}
	parts := 0
	for len(data) > 0 {
		var line []byte
		line, data = unfold(data)
		if len(line) > maxICalLine {
			return nil, fmt.Errorf("calendar: iCalendar line of more than %d bytes", maxICalLine)
		}
		p, ok := parseLine(line)
		if !ok {
			continue
		}
		top := stack[len(stack)-1]
		switch p.Name {
		case "BEGIN":
			if parts++; len(stack) > maxICalDepth || parts > maxICalParts {
				return nil, fmt.Errorf("calendar: iCalendar object with too many components, or too deep")
			}
			c := &component{name: strings.ToUpper(strings.TrimSpace(p.Value))}
			top.children = append(top.children, c)
			stack = append(stack, c)
		case "END":
			if len(stack) == 1 || top.name != strings.ToUpper(strings.TrimSpace(p.Value)) {
				return nil, fmt.Errorf("calendar: END:%.40s does not end %q", p.Value, top.name)
			}
			stack = stack[:len(stack)-1]
		default:
			top.props = append(top.props, p)
		}
	}
	if len(stack) > 1 {
		return nil, fmt.Errorf("calendar: iCalendar object ends inside of %s", stack[len(stack)-1].name)
	}
	return root.children, nil
}

// unfold takes one content line off the data. RFC 5545 3.1
func unfold(data []byte) (line, rest []byte) {
	folded := false
	for {
		i := bytes.IndexByte(data, '\n')
		part := data
		if i >= 0 {
			part, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		part = bytes.TrimSuffix(part, []byte{'\r'})
		if folded {
			line = append(line, part[1:]...)
		} else {
			line = part[:len(part):len(part)]
		}
		if len(data) == 0 || data[0] != ' ' && data[0] != '\t' {
			return line, data
		}
		folded = true
	}
}

// parseLine splits a content line: name *(";" param) ":" value.
func parseLine(line []byte) (Property, bool) {
	i := bytes.IndexAny(line, ":;")
	if i <= 0 || !isName(line[:i]) {
		return Property{}, false
	}
	p := Property{Name: strings.ToUpper(string(line[:i]))}
	for line[i] == ';' {
		if len(p.Params) == maxICalParams {
			return p, false
		}
		param, n := parseParam(line[i+1:])
		if n < 0 {
			return p, false
		}
		p.Params = append(p.Params, param)
		i += 1 + n
	}
	p.Value = string(line[i+1:])
	return p, true
}

// parseParam reads name=value up to the next ; or : outside of quotes, and
// returns how far it got, -1 if there is no end.
func parseParam(s []byte) (Param, int) {
	quoted := false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case (c == ';' || c == ':') && !quoted:
			name, value, _ := strings.Cut(string(s[:i]), "=")
			return Param{strings.ToUpper(name), unquote(value)}, i
		}
	}
	return Param{}, -1
}

// unquote undoes quotes and the carets of RFC 6868.
func unquote(s string) string {
	s = strings.ReplaceAll(s, `"`, "")
	if !strings.Contains(s, "^") {
		return s
	}
	return strings.NewReplacer("^n", "\n", "^'", `"`, "^^", "^").Replace(s)
}

func isName(s []byte) bool {
	for _, c := range s {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (lower(c) < 'a' || lower(c) > 'z') {
			return false
		}
	}
	return true
}

// get returns the first property of that name, nil if there is none.
func (c *component) get(name string) *Property {
	for i := range c.props {
		if c.props[i].Name == name {
			return &c.props[i]
		}
	}
	return nil
}

// value is the trimmed value of the first property of that name.
func (c *component) value(name string) string {
	if p := c.get(name); p != nil {
		return strings.TrimSpace(p.Value)
	}
	return ""
}

// Param returns the value of a parameter, "" if it is missing.
func (p *Property) Param(name string) string {
	for _, q := range p.Params {
		if q.Name == name {
			return q.Value
		}
	}
	return ""
}

// Text returns the value of a TEXT property, escapes undone. RFC 5545 3.3.11
func (p *Property) Text() string { return unescapeText(p.Value) }

func unescapeText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case ',', ';', '\\', ':', '"':
			b.WriteByte(s[i])
		default: // not an escape: a Windows path, say
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// splitText splits a list of TEXT at its commas, escapes undone.
func splitText(s string) []string {
	var list []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] == '\\' {
			i++
			continue
		}
		if i >= len(s) || s[i] == ',' {
			if v := strings.TrimSpace(unescapeText(s[start:min(i, len(s))])); v != "" {
				list = append(list, v)
			}
			start = i + 1
		}
	}
	return list
}

// appendLine writes a content line, folded at 75 octets and never inside of a
// character. RFC 5545 3.1
//
// A line break in a value that is not TEXT, an address or a URL somebody sent
// by another protocol, would be a way to write lines of one's own: it is
// dropped.
func appendLine(b []byte, p Property) []byte {
	line := append([]byte(nil), p.Name...)
	for _, q := range p.Params {
		line = append(append(append(line, ';'), q.Name...), '=')
		line = append(line, quote(q.Value)...)
	}
	line = append(append(line, ':'), p.Value...)
	line = slices.DeleteFunc(line, func(c byte) bool { return c == '\r' || c == '\n' || c == 0 })
	for room := 75; len(line) > room; room = 74 {
		cut := room
		for cut > room-4 && line[cut]&0xc0 == 0x80 {
			cut--
		}
		b = append(append(b, line[:cut]...), "\r\n "...)
		line = line[cut:]
	}
	return append(append(b, line...), "\r\n"...)
}

var paramEscapes = strings.NewReplacer("^", "^^", "\r\n", "^n", "\n", "^n", `"`, "^'")

func quote(s string) string {
	s = paramEscapes.Replace(s)
	if strings.ContainsAny(s, ",;: \t") {
		return `"` + s + `"`
	}
	return s
}

var textEscapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "")

func escapeText(s string) string { return textEscapes.Replace(s) }
