package brokerapi

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"entente/federation/jose"
)

// ErrRefused is what every signed message that is not accepted gives, whatever
// is wrong with it.
var ErrRefused = errors.New("the message is not signed as it must be")

// MaxMessage is how long a signed message may be.
const MaxMessage = 64 << 10

// What signed messages are (RFC 7515 4.1.9). A signature for one kind is none
// for another: the name is among what is signed.
const (
	typeRequest  = "entente-request+json"
	typeMetadata = "entente-metadata+json"
)

// A header is the protected header of a JWS (RFC 7515 4), in the one form that
// is written and read: a certificate's key signs by RS256 and is named by
// x5t#S256, a P-256 key by ES256 and is named by its thumbprint (RFC 7638). There
// is nothing to choose, so there is no alg of somebody else's choosing; jwk, jku,
// x5c, x5u, crit and the rest have no place.
type header struct {
	Algorithm  string `json:"alg"`
	Type       string `json:"typ"`
	Thumbprint string `json:"x5t#S256,omitempty"`
	Key        string `json:"kid,omitempty"`
}

const (
	rs256 = "RS256"
	es256 = "ES256"
)

// A Signer is a key that signs messages: the RSA key of a certificate, or a
// P-256 key alone.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate // nil of a P-256 key
}

// Sign returns a request, signed, as the body of POST /v1/VERB.
func Sign(e *Envelope, by Signer) ([]byte, error) { return sign(typeRequest, e, by) }

// SignMetadata returns the broker's metadata, signed.
func SignMetadata(m *Metadata, by Signer) ([]byte, error) { return sign(typeMetadata, m, by) }

func sign(kind string, payload any, by Signer) ([]byte, error) {
	h := header{Type: kind}
	switch public := by.Key.Public().(type) {
	case *rsa.PublicKey:
		if by.Certificate == nil {
			return nil, errors.New("an RSA key signs with its certificate")
		}
		h.Algorithm, h.Thumbprint = rs256, certificateThumbprint(by.Certificate)
	case *ecdsa.PublicKey:
		key, err := jose.KeyOf(public)
		if err != nil {
			return nil, err
		}
		h.Algorithm, h.Key = es256, key.Thumbprint()
	default:
		return nil, fmt.Errorf("messages are not signed with %T", public)
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("write signed message: %w", err)
	}
	b := base64.RawURLEncoding.AppendEncode(nil, head)
	b = base64.RawURLEncoding.AppendEncode(append(b, '.'), body)
	signature, err := h.sign(b, by.Key)
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	b = base64.RawURLEncoding.AppendEncode(append(b, '.'), signature)
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("a signed message of %d bytes is longer than %d", len(b), MaxMessage)
	}
	return b, nil
}

func (h *header) sign(input []byte, key crypto.Signer) ([]byte, error) {
	if h.Algorithm == es256 {
		return jose.Sign(key, input)
	}
	digest := sha256.Sum256(input)
	return key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// An Unverified is a signed message of which nothing is proven. Who reads it
// finds out whose it claims to be, and takes what it says from Verify.
type Unverified struct {
	header  header
	payload []byte
	input   []byte // what is signed
	sig     []byte

	envelope *Envelope // of a request
}

// Read reads a request. The error is ErrRefused.
func Read(jws []byte) (*Unverified, error) {
	u, err := split(jws, typeRequest)
	if err != nil {
		return nil, err
	}
	u.envelope = new(Envelope)
	if err := Decode(u.payload, u.envelope); err != nil {
		return nil, ErrRefused
	}
	return u, nil
}

// split takes a JWS in compact form apart (RFC 7515 7.1, 5.2).
func split(jws []byte, kind string) (*Unverified, error) {
	if len(jws) > MaxMessage {
		return nil, ErrRefused
	}
	parts := bytes.Split(jws, []byte{'.'})
	if len(parts) != 3 {
		return nil, ErrRefused
	}
	u := &Unverified{input: jws[:len(parts[0])+1+len(parts[1])]}
	head, err1 := jose.Decode(string(parts[0]))
	payload, err2 := jose.Decode(string(parts[1]))
	signature, err3 := jose.Decode(string(parts[2]))
	if errors.Join(err1, err2, err3) != nil || Decode(head, &u.header) != nil || u.header.Type != kind {
		return nil, ErrRefused
	}
	u.payload, u.sig = payload, signature
	switch h := &u.header; {
	case h.Algorithm == rs256 && h.Thumbprint != "" && h.Key == "":
	case h.Algorithm == es256 && h.Key != "" && h.Thumbprint == "":
	default:
		return nil, ErrRefused
	}
	return u, nil
}

// Decode reads JSON in the one spelling that Marshal has for a value of its
// type: every field there, none unknown, double or in other letters, nothing
// behind it. Two readers of such a text cannot read two things.
func Decode(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return ErrRefused
	}
	if again, err := json.Marshal(into); err != nil || !bytes.Equal(again, text) {
		return ErrRefused
	}
	return nil
}

// Claimed returns what an unverified request says, to find the keys with which
// to verify it, and for nothing else.
func (u *Unverified) Claimed() Envelope { return *u.envelope }

// ByCertificate reports whether the message says to be signed by a certificate's
// key, and not by a P-256 key.
func (u *Unverified) ByCertificate() bool { return u.header.Algorithm == rs256 }

// Verify returns what was signed, if one of the certificates did. The error is
// ErrRefused.
func (u *Unverified) Verify(trusted ...*x509.Certificate) (*Envelope, error) {
	if u.signedBy(trusted) == nil {
		return nil, ErrRefused
	}
	return u.envelope, nil
}

// VerifyKey returns what was signed, if one of the P-256 keys did. The error is
// ErrRefused.
func (u *Unverified) VerifyKey(trusted ...*ecdsa.PublicKey) (*Envelope, error) {
	if !u.signedByKey(trusted) {
		return nil, ErrRefused
	}
	return u.envelope, nil
}

func (u *Unverified) signedBy(trusted []*x509.Certificate) *x509.Certificate {
	digest := sha256.Sum256(u.input)
	i := slices.IndexFunc(trusted, func(c *x509.Certificate) bool {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		return ok && u.header.Algorithm == rs256 && u.header.Thumbprint == certificateThumbprint(c) &&
			rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], u.sig) == nil
	})
	if i < 0 {
		return nil
	}
	return trusted[i]
}

func (u *Unverified) signedByKey(trusted []*ecdsa.PublicKey) bool {
	return slices.ContainsFunc(trusted, func(k *ecdsa.PublicKey) bool {
		key, err := jose.KeyOf(k)
		return err == nil && u.header.Algorithm == es256 && u.header.Key == key.Thumbprint() && jose.Verify(k, u.input, u.sig)
	})
}

// ReadMetadata reads the broker's metadata, signed by one of the P-256 keys that
// are known to be the broker's. When none is known yet, the connection over which
// they came is all that vouches for them, and they must be signed by the first
// key they name. The error is ErrRefused.
func ReadMetadata(jws []byte, known ...*ecdsa.PublicKey) (*Metadata, error) {
	u, err := split(jws, typeMetadata)
	if err != nil {
		return nil, err
	}
	m := new(Metadata)
	if err := Decode(u.payload, m); err != nil {
		return nil, ErrRefused
	}
	if len(known) == 0 && len(m.Keys) > 0 {
		first, err := m.Keys[0].P256.ECDSA()
		if err != nil {
			return nil, ErrRefused
		}
		known = []*ecdsa.PublicKey{first}
	}
	if !u.signedByKey(known) {
		return nil, ErrRefused
	}
	return m, nil
}

// certificateThumbprint is x5t#S256, RFC 7515 4.1.8.
func certificateThumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
