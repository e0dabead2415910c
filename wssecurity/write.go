package wssecurity

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// Ids of the parts that are signed, as in [MS-OXWSLVID] 3.3.4.1.1.
const (
	idTimestamp = "_0"
	idTo        = "_1"
	idAction    = "_2"
	idBody      = "_3"
)

const anonymous = SpaceAddressing + "/anonymous"

var (
	errMessage = errors.New("wssecurity: the message has not the form that is to be secured")
	errPrefix  = errors.New("wssecurity: a prefix that the Security header needs is declared otherwise")
)

// Certify writes a message signed with a certificate's key, which its KeyInfo
// names by subject key identifier.
func Certify(m *Message, by xmlsec.Signer, p xmlsec.Profile) ([]byte, error) {
	return m.secure(func(parts []xmlsec.Part, _ string) ([]byte, error) {
		return xmlsec.SignParts(parts, by, p)
	})
}

// Possess writes a message signed with the secret of the token it carries.
func Possess(m *Message, proof []byte, p xmlsec.Profile) ([]byte, error) {
	return m.secure(func(parts []xmlsec.Part, token string) ([]byte, error) {
		return xmlsec.MACParts(parts, token, proof, p)
	})
}

// Bear writes a message that carries its token and is not signed.
func Bear(m *Message) ([]byte, error) {
	document, _, err := m.write(0)
	return document, err
}

// secure writes the message without its signature, reads it as its recipient
// will, signs what was read, and puts the signature where it belongs. Inserting
// it changes no part.
func (m *Message) secure(sign func(parts []xmlsec.Part, token string) ([]byte, error)) ([]byte, error) {
	document, at, err := m.write(m.Parts)
	if err != nil {
		return nil, err
	}
	s, ok := scan(document)
	if !ok {
		return nil, errMessage
	}
	var parts []xmlsec.Part
	for _, w := range []struct {
		part Part
		id   string
	}{{Timestamp, idTimestamp}, {To, idTo}, {Action, idAction}, {Body, idBody}} {
		if m.Parts&w.part == 0 {
			continue
		}
		part, what, ok := s.part(w.id)
		if !ok || what != w.part {
			return nil, errMessage
		}
		parts = append(parts, part)
	}
	signature, err := sign(parts, s.token.id)
	if err != nil {
		return nil, err
	}
	return slices.Insert(document, at, signature...), nil
}

// write writes the message with ids for the parts that will be signed, and says
// where the signature is to stand.
func (m *Message) write(signed Part) (document []byte, at int, err error) {
	declare, err := m.declarations()
	if err != nil {
		return nil, 0, err
	}
	e := strictxml.NewEncoder(make([]byte, 0, len(m.Token)+4096))
	id := func(part Part, id string) {
		if signed&part != 0 {
			e.Attr("wsu:Id", id)
		}
	}
	soap.Begin(e, m.Version, declare, func(e *strictxml.Encoder) {
		m.address(e, id)
		if m.Header != nil {
			m.Header(e)
		}
		e.Start("wsse:Security")
		e.Attr("s:mustUnderstand", "1")
		if !m.Created.IsZero() {
			e.Start("wsu:Timestamp")
			id(Timestamp, idTimestamp)
			// To 100 ns, as .NET has it: two messages of one second with the same
			// secret are not the same, which who remembers signatures would take
			// for one that was sent again.
			e.Elem("wsu:Created", m.Created.UTC().Format("2006-01-02T15:04:05.0000000Z"))
			e.ElemTime("wsu:Expires", m.Expires)
			e.End("wsu:Timestamp")
		}
		e.Raw(m.Token)
		at = len(e.Bytes()) // which closes the start tag
		e.End("wsse:Security")
	})
	id(Body, idBody) // the start tag of Body is still open
	if m.Body != nil {
		m.Body(e)
	}
	soap.End(e)
	return e.Bytes(), at, nil
}

// address writes the headers of WS-Addressing in the order of the EWS Managed
// API.
func (m *Message) address(e *strictxml.Encoder, id func(Part, string)) {
	must := func(qname string, part Part, name, text string) {
		e.Start(qname)
		e.Attr("s:mustUnderstand", "1")
		id(part, name)
		e.Text(text)
		e.End(qname)
	}
	must("wsa:Action", Action, idAction, m.Action)
	message := m.ID
	if message == "" {
		message = newID()
	}
	e.Elem("wsa:MessageID", message)
	e.Start("wsa:ReplyTo")
	e.Elem("wsa:Address", anonymous)
	e.End("wsa:ReplyTo")
	must("wsa:To", To, idTo, m.To)
}

// declarations returns what the root declares: what the caller does, and what
// the Security header needs.
func (m *Message) declarations() ([]soap.Namespace, error) {
	all := slices.Clone(m.Declare)
	for _, n := range []soap.Namespace{
		{Prefix: "wsa", URI: SpaceAddressing}, {Prefix: "wsse", URI: SpaceSecurity}, {Prefix: "wsu", URI: SpaceUtility},
	} {
		i := slices.IndexFunc(m.Declare, func(d soap.Namespace) bool { return d.Prefix == n.Prefix })
		switch {
		case i < 0:
			all = append(all, n)
		case m.Declare[i] != n:
			return nil, errPrefix
		}
	}
	return all, nil
}

// newID returns a fresh MessageID. RFC 9562 5.4.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
