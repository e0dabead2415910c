// Package jose has the small part of JOSE that federation needs: keys on P-256
// as JWKs with their thumbprints, and signatures by ES256.
//
// There is one curve, one algorithm, and nothing that a message could choose.
//
// Spec: RFC 7517 (JWK), RFC 7518 (JWA), RFC 7638 (thumbprints)
package jose

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
)

// SignatureSize is the length of a signature: r and s, 32 bytes each.
const SignatureSize = 64

// coordinate is the length of a coordinate of P-256.
const coordinate = 32

// Sign signs a message by ES256: ECDSA on P-256 with SHA-256, as r||s.
// RFC 7518 3.4; RFC 9421 3.3.4 has the same.
func Sign(key crypto.Signer, message []byte) ([]byte, error) {
	if p, ok := key.Public().(*ecdsa.PublicKey); !ok || p.Curve != elliptic.P256() {
		return nil, errors.New("the signing key is not on P-256")
	}
	digest := sha256.Sum256(message)
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign by ES256: %w", err)
	}
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &pair); err != nil || len(rest) > 0 {
		return nil, errors.New("sign by ES256: the key gave no ECDSA signature")
	}
	if pair.R.Sign() <= 0 || pair.S.Sign() <= 0 || pair.R.BitLen() > 8*coordinate || pair.S.BitLen() > 8*coordinate {
		return nil, errors.New("sign by ES256: the key gave a signature of another curve")
	}
	signature := make([]byte, SignatureSize)
	pair.R.FillBytes(signature[:coordinate])
	pair.S.FillBytes(signature[coordinate:])
	return signature, nil
}

// Verify checks a signature by ES256.
func Verify(key *ecdsa.PublicKey, message, signature []byte) bool {
	if len(signature) != SignatureSize || key == nil || key.Curve != elliptic.P256() {
		return false
	}
	digest := sha256.Sum256(message)
	r := new(big.Int).SetBytes(signature[:coordinate])
	s := new(big.Int).SetBytes(signature[coordinate:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// A Key is a public P-256 key as a JWK: RFC 7517, RFC 7518 6.2.1. What else a
// JWK may say is not said.
type Key struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

var errKey = errors.New("not a key on P-256")

// KeyOf returns a public key as a JWK: an *ecdsa.PublicKey or an
// *ecdh.PublicKey, on P-256.
func KeyOf(public crypto.PublicKey) (Key, error) {
	var point []byte
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		if p == nil || p.Curve != elliptic.P256() {
			return Key{}, errKey
		}
		b, err := p.Bytes()
		if err != nil {
			return Key{}, errKey
		}
		point = b
	case *ecdh.PublicKey:
		if p == nil || p.Curve() != ecdh.P256() {
			return Key{}, errKey
		}
		point = p.Bytes()
	default:
		return Key{}, errKey
	}
	// SEC 1 2.3.3: 4, x, y
	x, y := point[1:1+coordinate], point[1+coordinate:]
	return Key{
		Kty: "EC", Crv: "P-256",
		X: base64.RawURLEncoding.EncodeToString(x),
		Y: base64.RawURLEncoding.EncodeToString(y),
	}, nil
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// ECDSA returns the key for checking signatures.
func (k Key) ECDSA() (*ecdsa.PublicKey, error) {
	point, err := k.point()
	if err != nil {
		return nil, err
	}
	p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, errKey
	}
	return p, nil
}

// ECDH returns the key for agreeing on secrets.
func (k Key) ECDH() (*ecdh.PublicKey, error) {
	point, err := k.point()
	if err != nil {
		return nil, err
	}
	p, err := ecdh.P256().NewPublicKey(point) // it is on the curve, or refused
	if err != nil {
		return nil, errKey
	}
	return p, nil
}

// Thumbprint names the key: RFC 7638 3 by SHA-256. It is the same whether the
// key signs or agrees. It is empty for what is no key by its form; whether it is
// on the curve, ECDSA and ECDH say.
func (k Key) Thumbprint() string {
	if _, err := k.point(); err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// point returns the key's point uncompressed. Coordinates have one spelling:
// RFC 7518 6.2.1.2 wants the full length, and a thumbprint is of the text.
func (k Key) point() ([]byte, error) {
	if k.Kty != "EC" || k.Crv != "P-256" {
		return nil, errKey
	}
	point := make([]byte, 1, 1+2*coordinate)
	point[0] = 4
	for _, text := range [...]string{k.X, k.Y} {
		b, err := Decode(text)
		if err != nil || len(b) != coordinate {
			return nil, errKey
		}
		point = append(point, b...)
	}
	return point, nil
}

// Decode reads base64url as JOSE has it, without padding (RFC 7515 2), in its
// one spelling: no line ends, and no bits left over at the end.
func Decode(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || base64.RawURLEncoding.EncodedLen(len(b)) != len(s) {
		return nil, errors.New("not base64url")
	}
	return b, nil
}
