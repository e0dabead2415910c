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
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// Namespaces of WS-Security and of what it rests on.
const (
	SpaceSecurity   = xmlsec.SpaceSecurity
	SpaceUtility    = xmlsec.SpaceUtility
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
	ID      string    // urn:uuid:…; made if empty
	Created time.Time // no timestamp if zero
	Expires time.Time
	Token   []byte                   // an EncryptedData element, written as it is
	Header  func(*strictxml.Encoder) // further header blocks
	Body    func(*strictxml.Encoder) // its one child
	Parts   Part                     // what is signed
}
