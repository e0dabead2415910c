package httpsig

import (
	"crypto/ecdsa"
	"encoding/json"
	"strings"

	"entente/federation/jose"
)

// Names of the header fields of a signed request. With KeyField the request
// brings the public key along, as a JWK: who is asked may know no more of it than
// its thumbprint, which a relationship pins or a token names.
const (
	DigestField    = "Content-Digest"
	InputField     = "Signature-Input"
	SignatureField = "Signature"
	KeyField       = "Entente-Key"
)

// maxKey bounds a KeyField: a JWK on P-256 has about 130 characters.
const maxKey = 256

// FormatKey returns a key as KeyField has it.
func FormatKey(k jose.Key) string {
	b, _ := json.Marshal(k) // four texts: it never fails
	return string(b)
}

// ParseKey reads a KeyField: a JWK with the members that FormatKey writes and no
// others. That the key may speak for anybody is proven by nothing but its
// thumbprint, for which the caller knows whose it is.
func ParseKey(field string) (*ecdsa.PublicKey, string, error) {
	if len(field) > maxKey {
		return nil, "", ErrRefused
	}
	d := json.NewDecoder(strings.NewReader(field))
	d.DisallowUnknownFields()
	var k jose.Key
	// A member written twice, or in other letters, or something behind: it would
	// be no longer what FormatKey writes.
	if d.Decode(&k) != nil || FormatKey(k) != field {
		return nil, "", ErrRefused
	}
	public, err := k.ECDSA()
	if err != nil {
		return nil, "", ErrRefused
	}
	return public, k.Thumbprint(), nil
}
