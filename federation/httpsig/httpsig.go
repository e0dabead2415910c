// Package httpsig signs a request between two of our own servers with the
// asking organization's own key: method, authority, path, the token it carries,
// the content and the time. A broker that is not honest can issue tokens in an
// organization's name, and cannot do this.
//
// It is no general implementation of HTTP message signatures: there is one
// shape, and its text is compared rather than read. A signature that covers
// less, or is spelled otherwise, is none.
//
//	Content-Digest: sha-256=:…:
//	Signature-Input: sig=("@method" "@authority" "@path" "content-digest" "authorization");created=…;keyid="…";alg="ecdsa-p256-sha256";tag="entente-federation"
//	Signature: sig=:…:
//
// Spec: RFC 9421 (HTTP Message Signatures), RFC 9530 (Digest Fields)
package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente/federation/jose"
)

// ErrRefused is what every signature that is not accepted gives.
var ErrRefused = errors.New("the request is not signed as it must be")

// A Request is what is signed of an HTTP request. A query is not among it, and
// nothing that is asked this way has one.
type Request struct {
	Method        string
	Authority     string // host and port; the case of letters, and port 443, make no difference
	Path          string // as the request line has it, escapes included
	Authorization string // the header's one value, "" if there is none
	Body          []byte
}

// Fields are the header fields of a signature.
type Fields struct {
	ContentDigest  string // RFC 9530 2: sha-256
	SignatureInput string
	Signature      string
}

// Longest forms.
const (
	maxText      = 1024 // method, authority and path
	maxToken     = 64 << 10
	maxKeyID     = 64
	maxInput     = 512
	maxSignature = 128
)

// Sign signs by ecdsa-p256-sha256. keyID is the key's thumbprint (RFC 7638).
func Sign(r *Request, key crypto.Signer, keyID string, created time.Time) (Fields, error) {
	if !r.valid() {
		return Fields{}, errors.New("the request cannot be signed: it has a query, or what no header may have")
	}
	if !validKeyID(keyID) || created.Unix() < 0 {
		return Fields{}, fmt.Errorf("key id %q is no thumbprint, or the time is before 1970", keyID)
	}
	p := params{authorization: r.Authorization != "", created: created.Unix(), keyID: keyID}
	digest := contentDigest(r.Body)
	signature, err := jose.Sign(key, r.base(digest, p))
	if err != nil {
		return Fields{}, err
	}
	return Fields{
		ContentDigest:  digest,
		SignatureInput: label + p.String(),
		Signature:      label + ":" + base64.StdEncoding.EncodeToString(signature) + ":",
	}, nil
}

// KeyID returns which key a request says it is signed with; nothing is proven
// by that. It is empty if the request does not say it in the way that is read.
func KeyID(f Fields) string {
	p, _ := parseInput(f.SignatureInput)
	return p.keyID
}

// Once returns what no two signatures have in common, for who remembers which
// ones were seen; "" if there is no signature. It is the half r of the
// signature: whoever saw one can make a second of it, with n-s in place of s,
// and r stays.
func Once(f Fields) string {
	s, ok := parseSignature(f.Signature)
	if !ok {
		return ""
	}
	return string(s[:jose.SignatureSize/2])
}

// Verify checks a signature, not older than skew and not younger. The error is
// ErrRefused.
func Verify(r *Request, f Fields, key *ecdsa.PublicKey, now time.Time, skew time.Duration) error {
	p, ok := parseInput(f.SignatureInput)
	if !ok || !r.valid() {
		return ErrRefused
	}
	// RFC 9421 3.2.1: what must be covered is for the verifier to say. A token
	// that came along unsigned would be anybody's.
	if p.authorization != (r.Authorization != "") {
		return ErrRefused
	}
	if age := now.Sub(time.Unix(p.created, 0)); age > skew || age < -skew {
		return ErrRefused
	}
	signature, ok := parseSignature(f.Signature)
	if !ok || f.ContentDigest != contentDigest(r.Body) {
		return ErrRefused
	}
	if !jose.Verify(key, r.base(f.ContentDigest, p), signature) {
		return ErrRefused
	}
	return nil
}

// contentDigest is RFC 9530 2 with one algorithm.
func contentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// base is what is signed: RFC 9421 2.5, with the values of 2.2 and 2.1.
func (r *Request) base(digest string, p params) []byte {
	b := make([]byte, 0, 512+len(r.Path)+len(r.Authorization))
	line := func(component, value string) {
		b = append(append(append(append(b, component...), ": "...), value...), '\n')
	}
	line(`"@method"`, r.Method)
	line(`"@authority"`, strings.TrimSuffix(strings.ToLower(r.Authority), ":443")) // RFC 9421 2.2.3
	line(`"@path"`, r.Path)
	line(`"content-digest"`, digest)
	if r.Authorization != "" {
		line(`"authorization"`, strings.Trim(r.Authorization, " ")) // RFC 9421 2.1
	}
	// The last line has no line end.
	return append(append(b, `"@signature-params": `...), p.String()...)
}

// valid reports whether the parts of a request are such that each is one line
// of the base: what has line ends could say the lines after it as well.
func (r *Request) valid() bool {
	within := func(s string, most int, low byte, not string) bool {
		for i := range len(s) {
			if s[i] < low || s[i] >= 0x7f || strings.IndexByte(not, s[i]) >= 0 {
				return false
			}
		}
		return s != "" && len(s) <= most
	}
	return within(r.Method, maxText, 'A', "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") &&
		within(r.Authority, maxText, '!', "/?#@\\\"") &&
		within(r.Path, maxText, '!', "?#\\\"") && r.Path[0] == '/' &&
		(r.Authorization == "" || within(r.Authorization, maxToken, ' ', ""))
}
