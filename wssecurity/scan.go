package wssecurity

import (
	"io"
	"strings"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// maxBlocks is how many children the Header may have, as in package soap.
const maxBlocks = 32

// maxInner bounds the children of the Security header before sort looks for the
// four it knows, each once.
const maxInner = 8

// A block is an element that can be signed or read: a child of the Header, of
// the Security header, or the Body.
type block struct {
	name strictxml.Name
	id   string // wsu:Id; Id for EncryptedData
	r    *strictxml.Reader
}

func (b *block) is(space, local string) bool {
	return b.name.Space == space && b.name.Local == local
}

// canonical returns the canonical form of the block.
func (b *block) canonical() ([]byte, bool) {
	c, err := xmlsec.Canonical(make([]byte, 0, 512), b.r.Fork())
	return c, err == nil
}

// A scanned is a message whose parts have been found.
type scanned struct {
	version  soap.Version
	blocks   []block // of the Header
	security []block // of the Security header
	body     block
	headed   bool
	secured  bool // there is a Security header

	timestamp, token, certificate, signature block // of the Security header
}

// sort names the children of the Security header, which are known, and each
// there once.
func (s *scanned) sort() bool {
	for i := range s.security {
		b := &s.security[i]
		var to *block
		switch {
		case b.is(SpaceUtility, "Timestamp"):
			to = &s.timestamp
		case b.is(xmlsec.SpaceEncryption, "EncryptedData"):
			to = &s.token
			b.id, _ = b.r.Attr("Id")
		case b.is(SpaceSecurity, "BinarySecurityToken"):
			to = &s.certificate
		case b.is(xmlsec.SpaceSignature, "Signature"):
			to = &s.signature
		}
		if to == nil || to.r != nil {
			return false
		}
		*to = *b
	}
	return true
}

// part returns the part with an id: a child of the Header, the Timestamp, or the
// Body. Nothing deeper is ever looked at, so what was signed cannot be moved to
// where it is not read.
func (s *scanned) part(id string) (p xmlsec.Part, what Part, ok bool) {
	b := s.find(id)
	if b == nil {
		return p, 0, false
	}
	p.ID = id
	p.Canonical, ok = b.canonical()
	switch {
	case b == &s.timestamp:
		what = Timestamp
	case b == &s.body:
		what = Body
	case b.is(SpaceAddressing, "To"):
		what = To
	case b.is(SpaceAddressing, "Action"):
		what = Action
	}
	return p, what, ok
}

func (s *scanned) find(id string) *block {
	if id == "" {
		return nil
	}
	for i := range s.blocks {
		if b := &s.blocks[i]; b.id == id {
			return b
		}
	}
	for _, b := range []*block{&s.timestamp, &s.body} {
		if b.id == id {
			return b
		}
	}
	return nil
}

// scan finds the parts of a message in one pass over all of it.
func scan(document []byte) (*scanned, bool) {
	s := &scanner{r: strictxml.NewReader(document, xmlsec.Limits())}
	for {
		t, err := s.r.Next()
		if err == io.EOF {
			return &s.scanned, s.body.r != nil && s.sort()
		}
		if err != nil || !s.token(&t) {
			return nil, false
		}
	}
}

// Depths of the structure.
const (
	atEnvelope = 1 + iota
	atHalf     // Header and Body
	atBlock    // children of the Header
	atInner    // children of the Security header
)

// A scanner is where a scan has got to.
type scanner struct {
	scanned
	r      *strictxml.Reader
	depth  int  // of open elements
	header bool // inside the Header
	inside bool // inside the Security header
	ids    ids
}

// token looks at one token. Outside the Body, which may be as its service likes
// it, there is nothing but elements and their text.
func (s *scanner) token(t *strictxml.Token) bool {
	switch t.Kind {
	case strictxml.StartElement:
		s.depth++
		return s.start(t) && s.ids.see(t.Attrs, s.inside)
	case strictxml.EndElement:
		s.depth--
		if s.depth < atBlock {
			s.inside = false
		}
		if s.depth < atHalf {
			s.header = false
		}
		return true
	case strictxml.CharData:
		structure := s.depth <= atHalf || s.inside && s.depth == atBlock
		return !structure || strings.Trim(t.Text, " \t\r\n") == ""
	}
	return s.depth >= atHalf && !s.header // comments, CDATA
}

// start looks at an element, and remembers it if it is of the structure.
func (s *scanner) start(t *strictxml.Token) bool {
	switch {
	case s.depth == atEnvelope:
		return s.envelope(t.Name)
	case s.depth == atHalf:
		return s.half(t.Name)
	case s.header && s.depth == atBlock:
		if t.Name.Space == SpaceSecurity && t.Name.Local == "Security" {
			if s.inside, s.secured = !s.secured, true; !s.inside || !s.ours() {
				return false // two, or one for somebody else
			}
		}
		s.blocks = append(s.blocks, s.block())
	case s.inside && s.depth == atInner:
		s.security = append(s.security, s.block())
	}
	return len(s.blocks) <= maxBlocks && len(s.security) <= maxInner
}

func (s *scanner) block() block {
	b := block{name: s.r.Name(), r: s.r.Fork()}
	b.id, _ = s.r.AttrNS(SpaceUtility, "Id")
	return b
}

func (s *scanner) envelope(n strictxml.Name) bool {
	switch n {
	case strictxml.Name{Space: soap.Namespace11, Local: "Envelope"}:
		s.version = soap.V11
	case strictxml.Name{Space: soap.Namespace12, Local: "Envelope"}:
		s.version = soap.V12
	default:
		return false
	}
	return true
}

// half looks at a child of the Envelope: a Header, then a Body, nothing else.
func (s *scanner) half(n strictxml.Name) bool {
	if n.Space != s.version.Namespace() || s.body.r != nil {
		return false
	}
	switch n.Local {
	case "Header":
		first := !s.headed
		s.headed, s.header = true, true
		return first
	case "Body":
		s.body = s.block()
		return true
	}
	return false
}

// ours reports whether the Security header is for the recipient of the message.
// SOAP 1.1 4.2.2, SOAP 1.2 5.2.2.
func (s *scanner) ours() bool {
	role := "actor"
	if s.version == soap.V12 {
		role = "role"
	}
	v, _ := s.r.AttrNS(s.version.Namespace(), role)
	return v == "" || v == soap.Namespace12+"/role/ultimateReceiver"
}

// ids are the identifiers of a message. Those that a signature could mean, wsu:Id
// anywhere and whatever identifies within the Security header, are firm: no other
// identifier of the message may equal one. The rest, such as the Id of an item in
// a request of EWS, may be as often as it likes.
type ids struct{ firm, loose map[string]bool }

func (s *ids) see(attrs []strictxml.Attr, inside bool) bool {
	for i := range attrs {
		a := &attrs[i]
		if !xmlsec.Identifies(a.Name) {
			continue
		}
		if s.firm == nil {
			s.firm, s.loose = map[string]bool{}, map[string]bool{}
		}
		if s.firm[a.Value] {
			return false
		}
		if !inside && a.Name.Space == "" {
			s.loose[a.Value] = true
			continue
		}
		if s.loose[a.Value] {
			return false
		}
		s.firm[a.Value] = true
	}
	return true
}
