package access

import (
	"encoding/hex"
	"slices"
	"strings"
)

// A Name is a distinguished name in one form, as it is compared: types by their
// short names or as OIDs, values in lower case with single spaces, relative names
// from the widest to the narrowest, as Active Directory's authorities have them
// encoded.
type Name string

// A NameAttribute is one attribute of a relative distinguished name.
type NameAttribute struct {
	Type  string // OID in dots
	Value string
}

// nameTypes are the types of attributes by OID, with the name that Windows writes
// first. [MS-WCCE] 2.2.2.7, CertNameToStr; RFC 4514 3.
var nameTypes = [...]struct {
	oid   string
	rank  int // how wide: a country holds organizations, they hold units
	names []string
}{
	{"2.5.4.6", 0, []string{"C"}},
	{"0.9.2342.19200300.100.1.25", 0, []string{"DC"}},
	{"2.5.4.8", 1, []string{"S", "ST"}},
	{"2.5.4.7", 2, []string{"L"}},
	{"2.5.4.17", 2, []string{"PostalCode"}},
	{"2.5.4.9", 2, []string{"STREET", "StreetAddress"}},
	{"2.5.4.10", 3, []string{"O"}},
	{"2.5.4.11", 4, []string{"OU"}},
	{"2.5.4.12", 5, []string{"T", "Title"}},
	{"2.5.4.3", 5, []string{"CN"}},
	{"2.5.4.42", 5, []string{"G", "GN", "GivenName"}},
	{"2.5.4.43", 5, []string{"I", "Initials"}},
	{"2.5.4.4", 5, []string{"SN", "Surname"}},
	{"2.5.4.5", 5, []string{"SERIALNUMBER"}},
	{"2.5.4.13", 5, []string{"Description"}},
	{"0.9.2342.19200300.100.1.1", 5, []string{"UID"}},
	{"1.2.840.113549.1.9.1", 5, []string{"E", "EMAIL", "EMAILADDRESS"}},
}

const otherRank = 5

// CanonicalName makes a Name of relative names in the order in which they are
// encoded, or in the reverse.
//
// Both orders are written by hand, for the text form has them from the narrowest
// (RFC 4514 2.1) and Active Directory from the widest. So two authorities whose
// names are each other's reverse have one Name. That costs nothing: whose
// certificates count is said by their keys.
func CanonicalName(relative [][]NameAttribute) Name {
	texts := make([]string, 0, len(relative))
	var ranks []int
	for _, r := range relative {
		if len(r) == 0 {
			continue
		}
		rank := otherRank
		attributes := make([]string, len(r))
		for i, a := range r {
			name, n := typeName(a.Type)
			rank = min(rank, n)
			attributes[i] = name + "=" + canonicalValue(a.Value)
		}
		slices.Sort(attributes) // a set has no order
		texts, ranks = append(texts, strings.Join(attributes, "+")), append(ranks, rank)
	}
	if n := len(ranks); n > 1 && ranks[0] > ranks[n-1] {
		slices.Reverse(texts)
	}
	return Name(strings.Join(texts, ","))
}

func typeName(oid string) (string, int) {
	for i := range nameTypes {
		if t := &nameTypes[i]; t.oid == oid {
			return t.names[0], t.rank
		}
	}
	return "OID." + oid, otherRank
}

func typeOID(name string) (string, bool) {
	for i := range nameTypes {
		for _, n := range nameTypes[i].names {
			if strings.EqualFold(n, name) {
				return nameTypes[i].oid, true
			}
		}
	}
	if hasPrefixFold(name, "OID.") {
		name = name[len("OID."):]
	}
	if name == "" || name[0] < '0' || name[0] > '2' || strings.Trim(name, "0123456789.") != "" ||
		strings.Contains(name, "..") || strings.HasSuffix(name, ".") || !strings.Contains(name, ".") {
		return "", false
	}
	return name, true
}

// canonicalValue is a value as caseIgnoreMatch compares it, RFC 4518 2, with
// everything escaped that parts a name.
func canonicalValue(v string) string {
	v = strings.Join(strings.Fields(strings.ToLower(v)), " ")
	var b strings.Builder
	for _, r := range v {
		if strings.ContainsRune(`,+"\<>;=`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// maxRelative is how many relative names a name may have.
const maxRelative = 64

// ParseName reads a distinguished name in text, as RFC 4514 and as Windows
// writes it (quotes around values, doubled within).
func ParseName(s string) (Name, error) {
	p := nameParser{rest: s}
	var relative [][]NameAttribute
	for {
		a, err := p.attribute()
		if err != nil {
			return "", err
		}
		if len(relative) > 0 && p.joined {
			relative[len(relative)-1] = append(relative[len(relative)-1], a)
		} else {
			relative = append(relative, []NameAttribute{a})
		}
		if len(relative) > maxRelative {
			return "", badIdentity("a name has too many parts")
		}
		if p.rest == "" {
			if p.parted {
				return "", badIdentity("a name ends where another part should follow")
			}
			return CanonicalName(relative), nil
		}
		p.joined = p.plus
	}
}

type nameParser struct {
	rest   string
	joined bool // the attribute belongs to the relative name before it
	plus   bool // it was followed by a plus
	parted bool // it was followed by any separator
}

// attribute reads one, and the separator behind it.
func (p *nameParser) attribute() (a NameAttribute, err error) {
	name, rest, ok := strings.Cut(p.rest, "=")
	oid, known := typeOID(strings.TrimSpace(name))
	if !ok || !known {
		return a, badIdentity("a name is made of parts such as CN=value")
	}
	a.Type = oid
	p.rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(p.rest, `"`) {
		a.Value, ok = p.quoted()
	} else {
		a.Value, ok = p.plain()
	}
	if !ok || !printable(a.Value) {
		return a, badIdentity("a name has a quote that is not closed, or an escape that is none")
	}
	p.rest = strings.TrimLeft(p.rest, " ")
	p.plus, p.parted = false, false
	if p.rest == "" {
		return a, nil
	}
	sep := p.rest[0]
	if sep != ',' && sep != ';' && sep != '+' {
		return a, badIdentity("the parts of a name are parted by commas")
	}
	p.plus, p.parted = sep == '+', true
	p.rest = p.rest[1:]
	return a, nil
}

// quoted reads a value in quotes.
func (p *nameParser) quoted() (string, bool) {
	var b []byte
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"' && i+1 < len(p.rest) && p.rest[i+1] == '"':
			b = append(b, '"')
			i++
		case c == '"':
			p.rest = p.rest[i+1:]
			return string(b), true
		case c == '\\':
			n := escape(&b, p.rest[i+1:])
			if n == 0 {
				return "", false
			}
			i += n
		default:
			b = append(b, c)
		}
	}
	return "", false
}

// plain reads a value up to a separator.
func (p *nameParser) plain() (string, bool) {
	var b []byte
	kept := 0 // how much of b ends in no space that may be taken off
	i := 0
	for ; i < len(p.rest) && !strings.ContainsRune(",;+", rune(p.rest[i])); i++ {
		switch c := p.rest[i]; c {
		case '"':
			return "", false
		case '\\':
			n := escape(&b, p.rest[i+1:])
			if n == 0 {
				return "", false
			}
			i += n
			kept = len(b)
		default:
			b = append(b, c)
			if c != ' ' {
				kept = len(b)
			}
		}
	}
	p.rest = p.rest[i:]
	return string(b[:kept]), true
}

// escape reads what follows a backslash: two hexadecimal digits, or the character
// itself. It returns how much that was.
func escape(b *[]byte, s string) int {
	if s == "" {
		return 0
	}
	if len(s) >= 2 {
		if x, err := hex.DecodeString(s[:2]); err == nil {
			*b = append(*b, x...)
			return 2
		}
	}
	*b = append(*b, s[0])
	return 1
}
