package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"entente/federation/jose"
)

// A JWE here has one header: the key is agreed on directly with a P-256 key
// that is made for it (ECDH-ES), the content is encrypted by AES-256-GCM, and
// what is in it is a signed JWT. There is no compression, which tells of what it
// compresses, and no extension that would have to be understood.
//
// Spec: RFC 7516, RFC 7518 4.6 and 5.3
const (
	keyAgreement = "ECDH-ES"
	encryption   = "A256GCM"
	keySize      = 32
	nonceSize    = 12
	tagSize      = 16
)

// seal encrypts a text to a key, as a JWE in compact form (RFC 7516 7.1).
func seal(text []byte, to *ecdh.PublicKey) (string, error) {
	recipient, err := jose.KeyOf(to)
	if err != nil {
		return "", fmt.Errorf("encrypt a token: the target's key: %w", err)
	}
	ephemeral, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("encrypt a token: %w", err)
	}
	epk, err := jose.KeyOf(ephemeral.PublicKey())
	if err != nil {
		return "", fmt.Errorf("encrypt a token: %w", err)
	}
	secret, err := ephemeral.ECDH(to)
	if err != nil {
		return "", fmt.Errorf("encrypt a token: %w", err)
	}
	gcm, err := contentCipher(secret)
	if err != nil {
		return "", fmt.Errorf("encrypt a token: %w", err)
	}

	// Every value is of base64url, so that nothing needs escaping.
	header := `{"alg":"` + keyAgreement + `","cty":"JWT","enc":"` + encryption +
		`","epk":{"crv":"P-256","kty":"EC","x":"` + epk.X + `","y":"` + epk.Y +
		`"},"kid":"` + recipient.Thumbprint() + `","typ":"` + tokenType + `"}`

	enc := base64.RawURLEncoding
	b := make([]byte, 0, enc.EncodedLen(len(header))+enc.EncodedLen(nonceSize)+enc.EncodedLen(len(text))+enc.EncodedLen(tagSize)+4)
	b = enc.AppendEncode(b, []byte(header))
	aad := len(b)
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	sealed := gcm.Seal(nil, nonce, text, b)
	b = append(b[:aad], ".."...) // agreed on directly: no encrypted key between the dots
	b = enc.AppendEncode(b, nonce)
	b = enc.AppendEncode(append(b, '.'), sealed[:len(sealed)-tagSize])
	b = enc.AppendEncode(append(b, '.'), sealed[len(sealed)-tagSize:])
	return string(b), nil
}

// unseal opens a JWE with whichever key it names.
func unseal(compact string, keys []Agreement) ([]byte, bool) {
	parts := strings.Split(compact, ".")
	if len(parts) != 5 || parts[1] != "" {
		return nil, false
	}
	epk, kid, ok := parseHeader(parts[0])
	if !ok {
		return nil, false
	}
	nonce, err1 := jose.Decode(parts[2])
	sealed, err2 := jose.Decode(parts[3])
	tag, err3 := jose.Decode(parts[4])
	if err1 != nil || err2 != nil || err3 != nil || len(nonce) != nonceSize || len(tag) != tagSize {
		return nil, false
	}
	for _, k := range keys {
		if public, err := jose.KeyOf(k.PublicKey()); err != nil || public.Thumbprint() != kid {
			continue
		}
		secret, err := k.ECDH(epk)
		if err != nil {
			return nil, false
		}
		gcm, err := contentCipher(secret)
		if err != nil {
			return nil, false
		}
		text, err := gcm.Open(nil, nonce, append(sealed, tag...), []byte(parts[0]))
		return text, err == nil
	}
	return nil, false
}

// parseHeader reads a protected header. The key in it is on the curve: a point
// off it would have the secret key answer for a weaker one.
func parseHeader(part string) (epk *ecdh.PublicKey, kid string, ok bool) {
	text, err := jose.Decode(part)
	if err != nil {
		return nil, "", false
	}
	h, ok := parseObject(text)
	if !ok || !h.only("alg", "cty", "enc", "epk", "kid", "typ") ||
		h["alg"] != keyAgreement || h["enc"] != encryption || h["typ"] != tokenType || h["cty"] != "JWT" {
		return nil, "", false
	}
	k, ok := h["epk"].(object)
	if !ok || !k.only("kty", "crv", "x", "y") {
		return nil, "", false
	}
	var key jose.Key
	key.Kty, _ = k.text("kty")
	key.Crv, _ = k.text("crv")
	key.X, _ = k.text("x")
	key.Y, _ = k.text("y")
	if epk, err = key.ECDH(); err != nil {
		return nil, "", false
	}
	kid, ok = h.text("kid")
	return epk, kid, ok
}

// contentCipher makes the cipher of the content from what was agreed on.
func contentCipher(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(concatKDF(secret, encryption, "", "", keySize))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// concatKDF derives a key of at most one digest from an agreed secret: RFC 7518
// 4.6.2, after NIST SP 800-56A 5.8.1.
func concatKDF(secret []byte, algorithm, partyU, partyV string, size int) []byte {
	b := make([]byte, 0, 128)
	b = binary.BigEndian.AppendUint32(b, 1) // the only round
	b = append(b, secret...)
	for _, s := range [...]string{algorithm, partyU, partyV} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(8*size))
	sum := sha256.Sum256(b)
	return sum[:size]
}
