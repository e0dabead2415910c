// Package soap reads and writes SOAP envelopes and faults: SOAP 1.1 as Exchange
// Web Services, Autodiscover and their clients speak it, and SOAP 1.2.
//
// It knows envelopes, not services. It neither looks at SOAPAction, which no
// EWS client relies on, nor at HTTP: what a fault means for the status line is
// the business of the room that answers (500 for SOAP 1.1, 6.2; the EWS Managed
// API parses a fault only then).
//
//	m, err := soap.Open(body, limits)       // err is a *soap.Fault
//	…
//	ok, err := m.ReadHeader(types, "ExchangeImpersonation", imp.decode)
//	err = m.MustUnderstand(known...)
//	switch m.Operation().Local {
//	case "GetItem":
//		err = m.Read(req.decode)
//	}
//
// Nothing may be done for a request before Read has returned: only then is the
// whole envelope known to be well-formed, with one operation in it.
package soap

import (
	"slices"

	"entente/strictxml"
)

// A Version is a version of SOAP.
type Version uint8

const (
	V11 Version = iota // https://www.w3.org/TR/2000/NOTE-SOAP-20000508/
	V12                // https://www.w3.org/TR/soap12-part1/
)

// The namespaces of envelopes.
const (
	Namespace11 = "http://schemas.xmlsoap.org/soap/envelope/"
	Namespace12 = "http://www.w3.org/2003/05/soap-envelope"
)

// Namespace returns the namespace of the version's envelope.
func (v Version) Namespace() string {
	if v == V12 {
		return Namespace12
	}
	return Namespace11
}

// maxBlocks is the number of header blocks a message may have. Clients send
// three or four, WS-Security with addressing about eight.
const maxBlocks = 32

// A Message is an envelope that is being read.
type Message struct {
	Version Version
	Blocks  []Block           // of the Header, in order
	Body    *strictxml.Reader // at the start tag of the Body's first child
	name    strictxml.Name
	header  *strictxml.Reader
}

// A Block is a header block. At most one block of a name is for one actor:
// where there could be two, two readers could each believe another.
type Block struct {
	Name           strictxml.Name
	Actor          string // the role of SOAP 1.2
	MustUnderstand bool
	r              *strictxml.Reader
}

// Open reads an envelope up to the first child of its Body. The error is a
// *Fault.
func Open(body []byte, max strictxml.Limits) (*Message, error) {
	m := &Message{Body: strictxml.NewReader(body, max)}
	if f := m.open(); f != nil {
		f.Version = m.Version
		return nil, f
	}
	return m, nil
}

func (m *Message) open() *Fault {
	r := m.Body
	if !r.Root() {
		return m.refuse("The request is empty.")
	}
	switch r.Name() {
	case strictxml.Name{Space: Namespace11, Local: "Envelope"}:
		m.Version = V11
	case strictxml.Name{Space: Namespace12, Local: "Envelope"}:
		m.Version = V12
	default:
		return notEnvelope(r.Name())
	}
	more := r.Child()
	if more && r.Name() == m.in("Header") {
		m.header = r.Fork()
		if f := m.readBlocks(); f != nil {
			return f
		}
		more = r.Child()
	}
	if !more || r.Name() != m.in("Body") {
		return m.refuse("The envelope has no Body where it should be.")
	}
	if !r.Child() {
		return m.refuse("The Body is empty.")
	}
	m.name = r.Name()
	return nil
}

// notEnvelope tells an envelope of an unknown version from other XML.
// SOAP 1.1 4.1.2.
func notEnvelope(n strictxml.Name) *Fault {
	if n.Local == "Envelope" {
		return &Fault{Code: code(VersionMismatch), String: "The envelope is in a namespace that is neither of SOAP 1.1 nor of SOAP 1.2."}
	}
	return &Fault{Code: code(Client), String: "The request is not a SOAP envelope."}
}

// readBlocks reads the Header, which may be empty: DavMail sends that.
func (m *Message) readBlocks() *Fault {
	for m.Body.Child() {
		b := Block{Name: m.Body.Name(), r: m.Body.Fork()}
		if b.Name.Space == "" {
			return m.refuse("A header block is in no namespace.") // SOAP 1.1 4.2
		}
		if f := m.target(&b); f != nil {
			return f
		}
		if len(m.Blocks) == maxBlocks {
			return m.refuse("The envelope has too many header blocks.")
		}
		for _, o := range m.Blocks {
			if o.Name == b.Name && o.Actor == b.Actor {
				return m.refuse("The envelope has two header blocks of one name.")
			}
		}
		m.Blocks = append(m.Blocks, b)
		m.Body.Skip()
	}
	if m.Body.Err() != nil {
		return m.refuse("")
	}
	return nil
}

// target reads the attributes that say whom a block is for. SOAP 1.1 4.2.2 and
// 4.2.3, SOAP 1.2 5.2.2 and 5.2.3.
func (m *Message) target(b *Block) *Fault {
	r, role := m.Body, "actor"
	if m.Version == V12 {
		role = "role"
	}
	b.Actor, _ = r.AttrNS(m.Version.Namespace(), role)
	switch must, _ := r.AttrNS(m.Version.Namespace(), "mustUnderstand"); must {
	case "1", "true":
		b.MustUnderstand = true
	case "", "0", "false":
	default:
		return m.refuse("mustUnderstand is neither true nor false.")
	}
	switch b.Actor {
	case "http://schemas.xmlsoap.org/soap/actor/next",
		Namespace12 + "/role/next", Namespace12 + "/role/ultimateReceiver":
		b.Actor = "" // us
	}
	return nil
}

// Header returns a Reader at the start tag of the Header, nil if there is none,
// for a service that reads all of its blocks in one go.
func (m *Message) Header() *strictxml.Reader {
	if m.header == nil {
		return nil
	}
	return m.header.Fork()
}

// Operation returns the name of the Body's child, by which services dispatch.
func (m *Message) Operation() strictxml.Name { return m.name }

// ReadHeader decodes a header block that is meant for us, if there is one. The
// decoder consumes the element at whose start tag the Reader stands.
func (m *Message) ReadHeader(name strictxml.Name, decode func(*strictxml.Reader)) (found bool, err error) {
	for i := range m.Blocks {
		if b := &m.Blocks[i]; b.Name == name && b.Actor == "" {
			r := b.r.Fork()
			decode(r)
			return true, faultOf(r.Finish())
		}
	}
	return false, nil
}

// MustUnderstand returns a Fault if a block for us has to be understood and is
// not among the names given. Call it before Read. SOAP 1.1 4.2.3.
func (m *Message) MustUnderstand(understood ...strictxml.Name) error {
	for _, b := range m.Blocks {
		if b.MustUnderstand && b.Actor == "" && !slices.Contains(understood, b.Name) {
			return &Fault{Code: code(MustUnderstand), String: "A header block that must be understood is not: " + quote(b.Name.Local) + "."}
		}
	}
	return nil
}

// Read decodes the Body's child and reads the envelope to its end. The decoder
// consumes the element at whose start tag the Reader stands. The error is a
// *Fault, or what the decoder gave to the Reader's Fail.
func (m *Message) Read(decode func(*strictxml.Reader)) error {
	decode(m.Body)
	return m.Finish()
}

// Finish reads from behind the Body's child to the end of the document.
func (m *Message) Finish() error {
	r := m.Body
	if r.Child() {
		return m.refuse("The Body has more than one child.")
	}
	// SOAP 1.2 has nothing after the Body; SOAP 1.1 4 allows what we never saw.
	if r.Child() {
		return m.refuse("The envelope goes on after its Body.")
	}
	return faultOf(r.Finish())
}

func (m *Message) in(local string) strictxml.Name {
	return strictxml.Name{Space: m.Version.Namespace(), Local: local}
}

// refuse blames the client: for the XML, if that is at fault, or with a text.
func (m *Message) refuse(text string) *Fault {
	if f, ok := faultOf(m.Body.Err()).(*Fault); ok {
		return f
	}
	return &Fault{Code: code(Client), String: text}
}
