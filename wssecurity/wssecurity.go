// Package wssecurity writes and reads the Security header of SOAP messages: a
// timestamp, a token, and a signature over parts of the message.
//
// What is signed is returned as the bytes that were digested; a part that is not
// among them was not vouched for by anybody. Ids are resolved among the direct
// children of the Header, and the Body, only.
//
// Spec: Web Services Security: SOAP Message Security 1.1, X.509 Certificate Token
// Profile 1.1, SAML Token Profile 1.1; [MS-OXWSLVID] 3.3.4.1.1
package wssecurity

import (
	"crypto/x509"
	"errors"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// Namespaces of WS-Security and of what it rests on.
const (
	SpaceSecurity   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	SpaceUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	SpaceAddressing = "http://www.w3.org/2005/08/addressing"
)

// A Part is a part of a message that can be signed.
type Part uint8

const (
	Timestamp Part = 1 << iota
	To
	Action
	Body
)

// A Message is one that is written: addressed, with a timestamp, with a token
// in its Security header if there is one, and signed.
type Message struct {
	Version soap.Version
	Declare []soap.Namespace
	To      string
	Action  string
	ID      string // urn:uuid:…; made if empty
	Created time.Time
	Expires time.Time
	Token   []byte                   // an EncryptedData element, written as it is
	Header  func(*strictxml.Encoder) // further header blocks
	Body    func(*strictxml.Encoder) // its one child
	Parts   Part                     // what is signed
}

// Certify writes a message signed with a certificate's key, which its KeyInfo
// names by subject key identifier.
func Certify(m *Message, by xmlsec.Signer, p xmlsec.Profile) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Possess writes a message signed with the secret of the token it carries.
func Possess(m *Message, proof []byte, p xmlsec.Profile) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Bear writes a message that carries its token and is not signed.
func Bear(m *Message) ([]byte, error) { return nil, errors.ErrUnsupported }

// A Received is a message whose Security header has been read. Nothing in it is
// proven before Certified or Possessed returned.
type Received struct {
	Version soap.Version
	To      string
	Action  string
	ID      string
	Created time.Time // zero if there is no timestamp
	Expires time.Time
	Token   []byte // the EncryptedData element, as it came and able to stand alone; nil if there is none
	Signed  bool   // whether there is a signature
}

// A Proof is what a signature vouches for.
type Proof struct {
	Parts       Part
	Body        []byte            // the canonical Body element, if it is among the parts: what is to be read
	Certificate *x509.Certificate // that verified it, nil for a secret
	Signature   []byte            // its value, for who remembers what was seen
}

// Open reads a message. The error is xmlsec.ErrRefused.
func Open(document []byte) (*Received, error) { return nil, xmlsec.ErrRefused }

// Certified checks the message's signature against trusted certificates, and
// that it covers at least the parts that are needed. The error is
// xmlsec.ErrRefused.
func (r *Received) Certified(trusted []*x509.Certificate, need Part, p xmlsec.Profile) (*Proof, error) {
	return nil, xmlsec.ErrRefused
}

// Possessed checks that the message was signed with a secret, as far as is
// needed. The error is xmlsec.ErrRefused.
func (r *Received) Possessed(proof []byte, need Part, p xmlsec.Profile) (*Proof, error) {
	return nil, xmlsec.ErrRefused
}
