// Package xmlsec canonicalizes, signs, verifies, encrypts and decrypts XML, in
// the few fixed shapes that delegation tokens and the messages that carry them
// have.
//
// It is no general implementation of XML Signature: one shape is accepted, and
// what is read of a signed document is read from the canonical bytes that were
// digested, never from the document. Keys come from the caller and never from
// KeyInfo, which only selects among them. Every refusal of a document from
// outside is the same ErrRefused: which step failed would tell an attacker what
// to try next.
//
// Spec: https://www.w3.org/TR/xml-exc-c14n/, https://www.w3.org/TR/xmldsig-core1/,
// https://www.w3.org/TR/xmlenc-core1/
package xmlsec

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"entente/strictxml"
)

// ErrRefused is what every document from outside that is not accepted gives.
var ErrRefused = errors.New("the message is not secured as it must be")

// A Profile is a set of algorithms that are accepted. What is written is that
// which a profile adds of its kind, for it is chosen for a partner who reads no
// better. The zero Profile accepts and writes nothing.
type Profile uint8

// The profiles. Each accepts what those before it do.
const (
	Modern Profile = iota + 1 // RSA-SHA-256, HMAC-SHA-256; AES-256-GCM; RSA-OAEP-MGF1P
	Compat                    // and AES-256-CBC; HMAC-SHA-1 for proof of possession, which Exchange's clients make
	Legacy                    // and RSA-SHA-1, SHA-1 digests, Triple DES: off unless switched on by name
)

// Namespaces of what this package writes.
const (
	SpaceSignature  = "http://www.w3.org/2000/09/xmldsig#"
	SpaceEncryption = "http://www.w3.org/2001/04/xmlenc#"
	SpaceSecurity   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	SpaceUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
)

// A Signer is a key with the certificate that names it. The certificate must
// have a subject key identifier.
type Signer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// A Decrypter is a key with the certificate that names it.
type Decrypter struct {
	Certificate *x509.Certificate
	Key         crypto.Decrypter
}

// A Shape says what a signed document must be.
type Shape struct {
	Root strictxml.Name
	ID   string // the attribute without namespace that has the id, such as AssertionID
}

// A Signed is a verified document.
type Signed struct {
	Content     []byte            // the canonical bytes that were digested: without the signature
	Certificate *x509.Certificate // of the configured ones, that which verified it
	Signature   []byte            // its value, for who remembers what was seen
}

// Limits of documents that are verified or decrypted.
func Limits() strictxml.Limits {
	return strictxml.Limits{Bytes: 256 << 10, Depth: 64, Attributes: 64, Elements: 10_000}
}

// minKey is the least size of an RSA key in bytes that is believed, whoever
// configured it: 2048 bits.
const minKey = 256

// rsaKey returns the RSA key of a certificate, nil if it has none that is used
// here.
func rsaKey(c *x509.Certificate) *rsa.PublicKey {
	if c == nil {
		return nil
	}
	k, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || k.Size() < minKey {
		return nil
	}
	return k
}

var (
	errProfile = errors.New("xmlsec: no profile")
	errKey     = errors.New("xmlsec: the certificate has no RSA key of at least 2048 bits, or no subject key identifier")
	errPair    = errors.New("xmlsec: the key is not the certificate's")
	errShape   = errors.New("xmlsec: the document has not the shape that is to be signed")
	errSecret  = errors.New("xmlsec: the secret is too short")
)

// check says whether a signer can sign.
func (s Signer) check() error {
	k := rsaKey(s.Certificate)
	if k == nil || len(s.Certificate.SubjectKeyId) == 0 {
		return errKey
	}
	if s.Key == nil || !k.Equal(s.Key.Public()) {
		return errPair
	}
	return nil
}
