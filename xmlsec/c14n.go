package xmlsec

import (
	"io"
	"slices"
	"strings"

	"entente/strictxml"
)

// maxNamespaces is how many declarations may be in force at one place of the
// canonical form. Tokens have three, messages eight. It keeps the search for
// one short.
const maxNamespaces = 64

// Canonical appends the canonical form of the element at whose start tag r
// stands, and consumes it. Comments and CDATA sections are refused rather than
// left out or replaced: nobody whose messages are read here writes them, and
// programs differ about the text around them. The error is ErrRefused.
func Canonical(buf []byte, r *strictxml.Reader) ([]byte, error) {
	c := canonicalizer{buf: buf}
	if !c.element(r) {
		return nil, ErrRefused
	}
	return c.buf, nil
}

// A canonicalizer writes Exclusive XML Canonicalization 1.0 without comments
// and without an InclusiveNamespaces PrefixList.
//
// What an element inherits needs no gathering: the names of a token are already
// expanded, and exclusive form declares just those prefixes that a tag uses and
// that no tag around it in the output has declared so.
type canonicalizer struct {
	buf      []byte
	rendered []declaration // in force in the output, the innermost last
	marks    []int         // by open element, how many were in force around it
	attrs    []strictxml.Attr
	seen     *ids // nil if nobody asks
}

type declaration struct{ prefix, uri string }

// element writes the element at whose start tag r stands, and consumes it.
func (c *canonicalizer) element(r *strictxml.Reader) bool {
	t := r.Token()
	if t.Kind != strictxml.StartElement || !c.start(&t) {
		return false
	}
	for depth := 1; depth > 0; {
		t, err := r.Next()
		if err != nil || !c.token(&t) {
			return false
		}
		switch t.Kind {
		case strictxml.StartElement:
			depth++
		case strictxml.EndElement:
			depth--
		}
	}
	return true
}

// token writes one token of the inside of an element.
func (c *canonicalizer) token(t *strictxml.Token) bool {
	switch t.Kind {
	case strictxml.StartElement:
		return c.start(t)
	case strictxml.EndElement:
		c.end(t)
		return true
	case strictxml.CharData:
		c.buf = appendEscaped(c.buf, t.Text, &textEscapes)
		return true
	}
	return false
}

// start writes a start tag: first the declarations by prefix, then the
// attributes by namespace and local name. Exclusive XML Canonicalization 3,
// Canonical XML 1.0 2.2 and 2.3.
func (c *canonicalizer) start(t *strictxml.Token) bool {
	before := len(c.rendered)
	c.marks = append(c.marks, before)
	c.buf = append(c.buf, '<')
	c.name(t.Prefix, t.Name.Local)
	c.use(t.Prefix, t.Name.Space)
	c.attrs = c.attrs[:0]
	for i := range t.Attrs {
		a := &t.Attrs[i]
		if _, ok := a.Declares(); ok {
			continue
		}
		if a.Prefix != "" && a.Prefix != "xml" { // which every document has
			c.use(a.Prefix, a.Name.Space)
		}
		if c.seen != nil && !c.seen.add(a) {
			return false
		}
		c.attrs = append(c.attrs, *a)
	}
	if len(c.rendered) > maxNamespaces {
		return false
	}
	fresh := c.rendered[before:]
	slices.SortFunc(fresh, func(a, b declaration) int { return strings.Compare(a.prefix, b.prefix) })
	for _, d := range fresh {
		name := "xmlns"
		if d.prefix != "" {
			name = "xmlns:" + d.prefix
		}
		c.attribute("", name, d.uri)
	}
	slices.SortFunc(c.attrs, func(a, b strictxml.Attr) int {
		if n := strings.Compare(a.Name.Space, b.Name.Space); n != 0 {
			return n
		}
		return strings.Compare(a.Name.Local, b.Name.Local)
	})
	for i := range c.attrs {
		c.attribute(c.attrs[i].Prefix, c.attrs[i].Name.Local, c.attrs[i].Value)
	}
	c.buf = append(c.buf, '>')
	return true
}

// use declares a prefix unless it is declared so already. The default namespace
// is none until it is declared, and so is declared to be none only to take back
// another; a prefix always has a namespace.
func (c *canonicalizer) use(prefix, uri string) {
	in := ""
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if d := &c.rendered[i]; d.prefix == prefix {
			in = d.uri
			break
		}
	}
	if in != uri {
		c.rendered = append(c.rendered, declaration{prefix, uri})
	}
}

func (c *canonicalizer) end(t *strictxml.Token) {
	c.buf = append(c.buf, "</"...)
	c.name(t.Prefix, t.Name.Local)
	c.buf = append(c.buf, '>')
	last := len(c.marks) - 1
	c.rendered, c.marks = c.rendered[:c.marks[last]], c.marks[:last]
}

func (c *canonicalizer) name(prefix, local string) {
	if prefix != "" {
		c.buf = append(append(c.buf, prefix...), ':')
	}
	c.buf = append(c.buf, local...)
}

func (c *canonicalizer) attribute(prefix, local, value string) {
	c.buf = append(c.buf, ' ')
	c.name(prefix, local)
	c.buf = append(c.buf, `="`...)
	c.buf = appendEscaped(c.buf, value, &valueEscapes)
	c.buf = append(c.buf, '"')
}

// What is written for a byte; nothing for itself. Canonical XML 1.0 2.3.
var (
	textEscapes  = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	valueEscapes = [256]string{'&': "&amp;", '<': "&lt;", '"': "&quot;", '\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;"}
)

func appendEscaped(buf []byte, s string, with *[256]string) []byte {
	run := 0
	for i := range len(s) {
		if w := with[s[i]]; w != "" {
			buf = append(append(buf, s[run:i]...), w...)
			run = i + 1
		}
	}
	return append(buf, s[run:]...)
}

// ids are the identifiers that a document has given. An identifier that two
// elements share could be the one for who checks and the other for who reads.
type ids struct {
	attribute string // of the Shape
	list      []string
	index     map[string]bool // of the list, once it is long
}

// add reports whether an attribute is none that identifies, or has a new value.
func (s *ids) add(a *strictxml.Attr) bool {
	if !Identifies(a.Name) && (a.Name.Space != "" || a.Name.Local != s.attribute) {
		return true
	}
	if s.index != nil {
		if s.index[a.Value] {
			return false
		}
		s.index[a.Value] = true
		return true
	}
	if slices.Contains(s.list, a.Value) {
		return false
	}
	if s.list = append(s.list, a.Value); len(s.list) > 16 {
		s.index = map[string]bool{}
		for _, v := range s.list {
			s.index[v] = true
		}
	}
	return true
}

// Identifies reports whether programs know an attribute as an identifier,
// whatever the schema: those of XML Signature, SAML, WS-Security and xml:id.
func Identifies(n strictxml.Name) bool {
	switch n.Space {
	case "":
		switch n.Local {
		case "Id", "ID", "id", "AssertionID", "RequestID", "ResponseID":
			return true
		}
	case SpaceUtility:
		return n.Local == "Id"
	case strictxml.NamespaceXML:
		return n.Local == "id"
	}
	return false
}

// atEnd reports whether a document ends where r stands, with nothing but white
// space behind.
func atEnd(r *strictxml.Reader) bool {
	_, err := r.Next()
	return err == io.EOF
}
