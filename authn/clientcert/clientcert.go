// Package clientcert says whose a client certificate is.
//
// A certificate has names in it that its authority was asked for; who can ask
// for somebody else's name gets to be him where names are believed (what
// ESC1 and its like are). So by default only what the authority or the account
// itself says of the pair counts: the SID that Active Directory's authority
// writes in, or what stands in the account's altSecurityIdentities. KB5014754.
package clientcert

import (
	"context"
	"crypto/x509"
	"time"

	"entente"
	"entente/access"
)

// A Mapping is a way from a certificate to an account.
type Mapping string

// The strong ones are always looked at, SANURI where the authority is named
// for it; the weak ones where they are switched on.
const (
	SIDExtension Mapping = "sid-extension"   // 1.3.6.1.4.1.311.25.2, [MS-WCCE] 2.2.2.7.7.4
	IssuerSerial Mapping = "issuer-serial"   // X509:<I>…<SR>…
	KeyID        Mapping = "subject-key-id"  // X509:<SKI>…
	KeySHA1      Mapping = "sha1-public-key" // X509:<SHA1-PUKEY>…
	SANURI       Mapping = "san-uri"         // tag:microsoft.com,2022-09-14:sid:…
	UPN          Mapping = "upn"             // weak: otherName 1.3.6.1.4.1.311.20.2.3
	Mail         Mapping = "mail"            // weak: rfc822Name, X509:<RFC822>…
	Subject      Mapping = "subject"         // weak: X509:<S>…, X509:<I>…<S>…
)

// Weak reports whether whoever can choose the names in a certificate chooses
// whom the mapping makes him.
func (m Mapping) Weak() bool { return m == UPN || m == Mail || m == Subject }

// An Authority is a CA whose certificates sign people in.
type Authority struct {
	Certificates []*x509.Certificate // its own, and those between it and the leaves
	SANURI       bool                // its SAN URIs with SIDs count
	Weak         []Mapping           // weak mappings that count
	// Policies, if not empty, are OIDs of which a leaf must have one.
	Policies []string
	Revocation
}

// Revocation says how it is known that a certificate has been taken back.
type Revocation struct {
	CRLs []string // URLs, or files by an absolute path; never what a certificate names
	OCSP string   // URL of a responder
	// Soft accepts certificates of which it cannot be found out now. Default hard.
	Soft bool
}

// A Match is whose a certificate is, and why.
type Match struct {
	Account access.Account
	Mapping Mapping
	// Certificate names it in records: serial number and SHA-256.
	Serial, Evidence string
}

// A Judge finds the account of a verified chain and asks whether the
// certificate still holds. It is safe for concurrent use.
type Judge struct {
	Authorities []Authority
	Snapshot    func() *access.Snapshot
	// Fetch gets a list or asks a responder; it goes by outgoing.Revocation.
	Fetch func(ctx context.Context, url string, body []byte) ([]byte, error)
	Now   func() time.Time
}

// Match returns whose the leaf of a chain is. The TLS handshake has shown that
// the peer holds its key; the chain is verified here, for the time of the call.
// Errors: Denied, whatever is wrong, with a reason for the administrator;
// Unavailable if revocation cannot be found out and is hard.
func (j *Judge) Match(ctx context.Context, chain []*x509.Certificate) (Match, error) {
	return Match{}, entente.Errorf(entente.Denied, "certificates are not accepted")
}
