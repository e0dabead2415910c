// Package token makes and opens delegation tokens: that somebody of one
// organization may ask another for one thing, for a time, vouched for by the
// broker both trust. It has two encodings of the same claims: SAML 1.1,
// encrypted XML, as Exchange has it, and a signed and encrypted JWT between our
// own servers.
//
// It knows keys as it is handed them, and no clock: who opens says what time it
// is. An opened token was meant for this organization, is in its time and was
// signed by this issuer; whether its bearer may use it is the business of who
// opened it.
package token

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/xmlsec"
)

// An Offer is what a token is for: the claim "action" of [MS-OXWSLVID].
type Offer string

// The offers. MailboxMove is known and not made.
const (
	FreeBusy      Offer = "MSExchange.SharingCalendarFreeBusy"
	SharingRead   Offer = "MSExchange.SharingRead"
	InviteMessage Offer = "MSExchange.SharingInviteMessage"
	Autodiscover  Offer = "MSExchange.Autodiscover"
	MailboxMove   Offer = "MSExchange.MailboxMove"
)

// Lifetime is how long tokens for the offer hold; 0 if none are issued.
func (o Offer) Lifetime() time.Duration {
	switch o {
	case FreeBusy, SharingRead:
		return time.Hour
	case InviteMessage:
		return 15 * 24 * time.Hour
	case Autodiscover:
		return 8 * time.Hour
	}
	return 0
}

// MaxSkew is how far clocks may differ.
const MaxSkew = 5 * time.Minute

// ErrRefused is what every token that is not accepted gives, whatever is wrong.
var ErrRefused = errors.New("the delegation token is not accepted")

// ErrUnknownKey is an ErrRefused: the token was encrypted for us, and no key
// that is known as the issuer's signed it. It may be time to look at the
// issuer's metadata again; that is done beside the answer and not before it,
// which is the same as for every other token and takes as long.
var ErrUnknownKey = fmt.Errorf("%w: none of the issuer's keys signed it", ErrRefused)

// A Token is what a delegation token says.
type Token struct {
	ID        string // of NewID
	Issuer    string // urn:federation:…, the broker
	Audience  string // application URI of the organization it is for
	Subject   Subject
	Requestor string           // application URI of the organization that asked for it
	App       entente.AppID    // and its AppID
	Domains   []entente.Domain // that the broker says are that organization's
	Offer     Offer
	Issued    time.Time
	NotBefore time.Time
	NotAfter  time.Time // not on or after
	// Proof is the secret that the bearer must prove to have, of a SAML token with
	// holder-of-key; nil of a bearer token.
	Proof []byte
	// Holder is the thumbprint (RFC 7638) of the key with which the bearer must
	// sign, of a JWT: the requesting organization's own.
	Holder string
}

// A Subject is the person a token speaks of. Immutable stays when addresses
// change, and is never given to another.
type Subject struct {
	Immutable string // …@<account namespace>
	Mails     []entente.SMTPAddress
}

// An Issuer is what a broker makes tokens with.
type Issuer struct {
	URI  string        // urn:federation:…
	RSA  xmlsec.Signer // of SAML tokens
	P256 crypto.Signer // of JWTs; its public key is *ecdsa.PublicKey
}

// An Opener opens tokens that are meant for one organization. Key sets of two
// issuers are never merged: an organization that trusts two has two Openers.
type Opener struct {
	Issuer   string
	Audience string
	Profile  xmlsec.Profile
	RSA      []*x509.Certificate // of the issuer: the current one and the previous
	P256     []*ecdsa.PublicKey  // likewise
	Open     []xmlsec.Decrypter  // ours: current, previous and, during a rollover, next
	OpenP256 []Agreement
}

// An Agreement is a private P-256 key that agrees on secrets and shows nothing
// else. *ecdh.PrivateKey is one.
type Agreement interface {
	PublicKey() *ecdh.PublicKey
	ECDH(remote *ecdh.PublicKey) ([]byte, error)
}
