// Package wstrust reads and writes what passes between an organization and the
// broker when a delegation token is asked for: RequestSecurityToken, its
// response, and the faults. It knows the wire, not whom to believe.
//
// Spec: WS-Trust February 2005 and 1.3, [MS-OXWSLVID] 3.3.4.1
package wstrust

import (
	"time"

	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// A Version is a namespace of WS-Trust.
type Version uint8

const (
	Feb2005 Version = iota // http://schemas.xmlsoap.org/ws/2005/02/trust, which Exchange speaks
	V13                    // http://docs.oasis-open.org/ws-sx/ws-trust/200512
)

// A Request is a RequestSecurityToken for a delegation token.
type Request struct {
	Version   Version
	Target    string // application URI: AppliesTo
	Requestor string // application URI: AdditionalContext
	Offer     token.Offer
	// OnBehalfOf is an assertion of the requesting organization's own, signed with
	// its certificate, that says for whom the token is; see Assertion.
	OnBehalfOf []byte
	Entropy    []byte // the client's, nil if the broker is to make the key alone
}

// An Assertion is what the requesting organization says of its user.
type Assertion struct {
	Issuer    string // its application URI
	Subject   token.Subject
	Issued    time.Time
	NotBefore time.Time
	NotAfter  time.Time
}

// A Response is a RequestSecurityTokenResponse.
type Response struct {
	Version   Version
	Target    string
	Token     []byte // EncryptedData
	Created   time.Time
	Expires   time.Time
	Proof     []byte // an EncryptedKey element for the requester; nil with Entropy
	Entropy   []byte // the broker's: the key is P_SHA1 of both
	Reference string // id of the assertion inside
}

// AppendRequest writes the request.
func AppendRequest(e *strictxml.Encoder, r *Request) {}

// ReadRequest reads a request at whose start tag the Reader stands.
func ReadRequest(r *strictxml.Reader) (*Request, error) { return nil, xmlsec.ErrRefused }

// Fault codes of WS-Trust 11, each with the stable code of ours that stands in
// the detail.
const (
	FailedAuthentication = "FailedAuthentication"
	InvalidRequest       = "InvalidRequest"
	RequestFailed        = "RequestFailed"
	InvalidSecurityToken = "InvalidSecurityToken"
	InvalidScope         = "InvalidScope"
	ExpiredData          = "ExpiredData"
)

// Fault returns a SOAP fault in the form the broker gives it.
func Fault(v Version, code, own, text string) *soap.Fault { return &soap.Fault{String: text} }
