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
	"crypto/x509"
	"errors"

	"entente/strictxml"
)

// ErrRefused is what every document from outside that is not accepted gives.
var ErrRefused = errors.New("the message is not secured as it must be")

// A Profile is a set of algorithms that are accepted, and of which the first of
// its kind is used. The zero Profile accepts none.
type Profile uint8

// The profiles. Each accepts what those before it do.
const (
	Modern Profile = iota + 1 // RSA-SHA-256, HMAC-SHA-256; AES-256-GCM; RSA-OAEP-MGF1P
	Compat                    // and AES-256-CBC; HMAC-SHA-1 for proof of possession, which Exchange's clients make
	Legacy                    // and RSA-SHA-1, Triple DES: off unless switched on by name
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

// Sign returns a document with an enveloped signature as the last child of its
// root. The document is ours: errors say what is wrong with it.
func Sign(document []byte, s Shape, by Signer, p Profile) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Verify checks the enveloped signature of a document against certificates that
// are trusted for it. The error is ErrRefused, whatever is wrong.
func Verify(document []byte, s Shape, trusted []*x509.Certificate, p Profile) (*Signed, error) {
	return nil, ErrRefused
}

// Encrypt returns an EncryptedData element of that Id which holds an element,
// for the holder of a certificate, named by its subject key identifier. With
// Modern it is AES-256-GCM, with Compat AES-256-CBC.
func Encrypt(element []byte, id string, to *x509.Certificate, p Profile) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Decrypt opens an EncryptedData element. What it holds proves nothing: until a
// signature inside it is verified, it is somebody's guess. The error is
// ErrRefused, and as slow as success.
func Decrypt(element []byte, keys []Decrypter, p Profile) ([]byte, error) { return nil, ErrRefused }

// EncryptKey returns an EncryptedKey element which holds a secret, for the
// holder of a certificate.
func EncryptKey(secret []byte, to *x509.Certificate, p Profile) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// DecryptKey opens an EncryptedKey element. The error is ErrRefused.
func DecryptKey(element []byte, keys []Decrypter, p Profile) ([]byte, error) {
	return nil, ErrRefused
}
