package httpsig

import (
	"encoding/base64"
	"strconv"
	"strings"

	"entente/federation/jose"
)

// label names our signature among others there might be: RFC 9421 4.1. There
// is no other.
const label = "sig="

// params are the parameters of a signature, with the one choice there is among
// what is covered: RFC 9421 2.3.
type params struct {
	authorization bool
	created       int64
	keyID         string
}

// The texts around what differs from one signature to the next.
const (
	covered       = `("@method" "@authority" "@path" "content-digest"`
	coversToken   = ` "authorization"`
	beforeCreated = `);created=`
	beforeKeyID   = `;keyid="`
	afterKeyID    = `";alg="ecdsa-p256-sha256";tag="entente-federation"`
)

// String is the inner list with its parameters, which stands both in the field
// and in the base.
func (p params) String() string {
	b := make([]byte, 0, maxInput)
	b = append(b, covered...)
	if p.authorization {
		b = append(b, coversToken...)
	}
	b = strconv.AppendInt(append(b, beforeCreated...), p.created, 10)
	b = append(append(b, beforeKeyID...), p.keyID...)
	return string(append(b, afterKeyID...))
}

// parseInput reads a Signature-Input field. Structured fields (RFC 8941) could
// spell the same list in many ways; the one that String writes is read.
func parseInput(field string) (p params, ok bool) {
	if len(field) > maxInput {
		return params{}, false
	}
	rest, ok := strings.CutPrefix(field, label+covered)
	if !ok {
		return params{}, false
	}
	if rest, ok = strings.CutPrefix(rest, coversToken); ok {
		p.authorization = true
	}
	if rest, ok = strings.CutPrefix(rest, beforeCreated); !ok {
		return params{}, false
	}
	created, rest, ok := strings.Cut(rest, beforeKeyID)
	if !ok || len(created) > 12 {
		return params{}, false
	}
	n, err := strconv.ParseUint(created, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != created {
		return params{}, false
	}
	p.created = int64(n)
	if p.keyID, ok = strings.CutSuffix(rest, afterKeyID); !ok || !validKeyID(p.keyID) {
		return params{}, false
	}
	return p, true
}

// validKeyID: base64url, as thumbprints are.
func validKeyID(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxKeyID
}

// parseSignature reads a Signature field: RFC 9421 4.2.
func parseSignature(field string) ([]byte, bool) {
	if len(field) > maxSignature {
		return nil, false
	}
	text, ok := strings.CutPrefix(field, label+":")
	if !ok {
		return nil, false
	}
	if text, ok = strings.CutSuffix(text, ":"); !ok || len(text) != base64.StdEncoding.EncodedLen(jose.SignatureSize) {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) == jose.SignatureSize
}
