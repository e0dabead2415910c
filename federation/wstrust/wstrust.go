// Package wstrust reads and writes what passes between an organization and the
// broker when a delegation token is asked for: RequestSecurityToken, its
// response, and the faults. It knows the wire, not whom to believe.
//
// A request says for whom by an assertion of the requesting organization's own.
// A response has the token, encrypted for the target, and the proof key that
// goes with it: encrypted for who asked, or to be computed of what both sides
// gave.
//
// Spec: WS-Trust February 2005 and 1.3, [MS-OXWSLVID] 3.3.4.1
package wstrust

import (
	"crypto/hmac"
	"crypto/sha1"
	"time"

	"entente/federation/saml"
	"entente/federation/token"
	"entente/xmlsec"
)

// A Version is a namespace of WS-Trust.
type Version uint8

const (
	Feb2005 Version = iota // http://schemas.xmlsoap.org/ws/2005/02/trust, which Exchange speaks
	V13                    // http://docs.oasis-open.org/ws-sx/ws-trust/200512
)

// Namespaces.
const (
	space2005          = "http://schemas.xmlsoap.org/ws/2005/02/trust"
	space13            = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	spacePolicy        = "http://schemas.xmlsoap.org/ws/2004/09/policy"
	spacePolicy15      = "http://www.w3.org/ns/ws-policy"
	spaceAddressing    = "http://www.w3.org/2005/08/addressing"
	spaceAuthorization = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
	spaceFaults        = "urn:entente:federation:faults"
)

// What requests and responses name.
const (
	tokenSAML11      = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
	tokenSAML11Older = saml.Space                                                  // before the profile named it
	noProofKey       = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey" // February 2005 has no name for it
	contextScope     = spaceAuthorization + "/ctx/requestor"                       // [MS-OXWSLVID]
	contextRequestor = "http://schemas.microsoft.com/wlid/requestor"               // likewise
	claimsDialect    = spaceAuthorization + "/authclaims"                          // likewise
	claimAction      = token.SpaceAuthorization + "/action"                        // the offer
	policyReference  = "EX_MBI_FED_SSL"                                            // likewise
	valueAssertionID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
)

// keySize is the length of a proof key in bits, the only one there is.
const keySize = 256

// Limits of what is read.
const (
	maxText    = 1024
	minEntropy = 16
	maxEntropy = 64
)

func (v Version) space() string {
	if v == V13 {
		return space13
	}
	return space2005
}

func (v Version) issue() string        { return v.space() + "/Issue" }
func (v Version) symmetricKey() string { return v.space() + "/SymmetricKey" }
func (v Version) computed() string     { return v.space() + "/CK/PSHA1" }
func (v Version) nonce() string        { return v.space() + "/Nonce" }

func (v Version) noKey() string {
	if v == V13 {
		return space13 + "/Bearer"
	}
	return noProofKey
}

// RequestAction is the WS-Addressing action of a request: WS-Trust 4.1.
func (v Version) RequestAction() string { return v.space() + "/RST/Issue" }

// ResponseAction is that of its response; 1.3 has collections of them.
func (v Version) ResponseAction() string {
	if v == V13 {
		return space13 + "/RSTRC/IssueFinal"
	}
	return space2005 + "/RSTR/Issue"
}

// FaultAction is that of a fault: WS-Addressing 1.0 SOAP Binding 6.
func FaultAction() string { return spaceAddressing + "/soap/fault" }

// VersionOf tells which version a request's action is of.
func VersionOf(action string) (v Version, ok bool) {
	for _, v := range [...]Version{Feb2005, V13} {
		if action == v.RequestAction() {
			return v, true
		}
	}
	return 0, false
}

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
	Bearer     bool   // for a token without a proof key
}

// A Response is a RequestSecurityTokenResponse.
type Response struct {
	Version   Version
	Target    string
	Token     []byte // EncryptedData
	Created   time.Time
	Expires   time.Time
	Proof     []byte // an EncryptedKey element for the requester; nil with Entropy
	Secret    []byte // the proof key in the clear, where Proof is not understood
	Entropy   []byte // the broker's: the key is P_SHA1 of both
	Reference string // id of the assertion inside
}

// Key returns the proof key of a response to a request, nil of a bearer token.
// The keys open an EncryptedKey, which may be for either of two certificates
// during a rollover.
func (r *Response) Key(client []byte, keys []xmlsec.Decrypter, p xmlsec.Profile) ([]byte, error) {
	switch {
	case r.Entropy != nil:
		if len(client) < minEntropy {
			return nil, xmlsec.ErrRefused
		}
		return ComputedKey(client, r.Entropy), nil
	case r.Proof != nil:
		return xmlsec.DecryptKey(r.Proof, keys, p)
	case r.Secret != nil:
		return r.Secret, nil
	}
	return nil, nil
}

// ComputedKey makes a proof key of what client and broker gave: P_SHA1 of RFC
// 2246 5, with the client's as the secret and the broker's as the seed. WS-Trust
// 4.4.4 of February 2005, 4.4.4 of 1.3.
func ComputedKey(client, broker []byte) []byte {
	mac := func(b []byte) []byte {
		m := hmac.New(sha1.New, client)
		m.Write(b)
		return m.Sum(nil)
	}
	var key []byte
	for a := mac(broker); len(key) < keySize/8; a = mac(a) {
		key = append(key, mac(append(a[:len(a):len(a)], broker...))...)
	}
	return key[:keySize/8]
}
