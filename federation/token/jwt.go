package token

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/federation/jose"
)

// tokenType is what these JWTs are (RFC 8725 3.11): nothing else that the same
// key signs passes for one.
const tokenType = "entente-delegation+jwt"

// maxJWT bounds a token, which travels as a header: the longest claims that
// valid lets through are shorter.
const maxJWT = 48 << 10

// claims are those of RFC 7519 4.1, RFC 7800 3.1 and RFC 8693, and ours.
type claims struct {
	Issuer    string                `json:"iss"`
	Audience  string                `json:"aud"` // one; RFC 7519 4.1.3 would allow a list
	Subject   string                `json:"sub"` // the immutable id
	ID        string                `json:"jti"`
	Issued    int64                 `json:"iat"`
	NotBefore int64                 `json:"nbf"`
	Expires   int64                 `json:"exp"`
	Mails     []entente.SMTPAddress `json:"mails"`
	Requestor string                `json:"azp"` // the organization that asked for the token
	App       entente.AppID         `json:"app"`
	Domains   []entente.Domain      `json:"domains"`
	Offer     Offer                 `json:"offer"`
	Confirm   confirmation          `json:"cnf"`
}

type confirmation struct {
	Thumbprint string `json:"jkt"` // RFC 9449 6.1
}

// JWT returns the token as a JWE in compact form (RFC 7516; ECDH-ES, A256GCM)
// for the target's P-256 key, around a JWS by ES256 (RFC 7515).
func (i *Issuer) JWT(t *Token, to *ecdh.PublicKey) (string, error) {
	if err := i.check(t); err != nil {
		return "", err
	}
	if t.Holder == "" || t.Proof != nil {
		return "", errors.New("a JWT is for the holder of a key that signs, and has no other proof")
	}
	payload, err := json.Marshal(claims{
		Issuer: t.Issuer, Audience: t.Audience, Subject: t.Subject.Immutable, ID: t.ID,
		Issued: t.Issued.Unix(), NotBefore: t.NotBefore.Unix(), Expires: t.NotAfter.Unix(),
		Mails: t.Subject.Mails, Requestor: t.Requestor, App: t.App, Domains: t.Domains,
		Offer: t.Offer, Confirm: confirmation{t.Holder},
	})
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	key, err := jose.KeyOf(i.P256.Public())
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	// RFC 7515 7.1
	b := base64.RawURLEncoding.AppendEncode(nil, []byte(`{"alg":"ES256","kid":"`+key.Thumbprint()+`","typ":"`+tokenType+`"}`))
	b = base64.RawURLEncoding.AppendEncode(append(b, '.'), payload)
	signature, err := jose.Sign(i.P256, b)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	b = base64.RawURLEncoding.AppendEncode(append(b, '.'), signature)
	compact, err := seal(b, to)
	if err == nil && len(compact) > maxJWT {
		return "", fmt.Errorf("a token of %d bytes is longer than %d", len(compact), maxJWT)
	}
	return compact, err
}

// JWT opens a JWE. The error is ErrRefused, or ErrUnknownKey which is one.
func (o *Opener) JWT(compact string, now time.Time) (*Token, error) {
	if len(compact) > maxJWT {
		return nil, ErrRefused
	}
	jws, ok := unseal(compact, o.OpenP256)
	if !ok {
		return nil, ErrRefused
	}
	payload, err := o.verify(string(jws))
	if err != nil {
		return nil, err
	}
	c, ok := parseObject(payload)
	if !ok {
		return nil, ErrRefused
	}
	t, ok := parseClaims(c)
	if !ok || t.Holder == "" || !o.accepts(t, now) {
		return nil, ErrRefused
	}
	return t, nil
}

// verify returns the payload of a JWS that one of the issuer's keys signed: the
// one it names, by the one algorithm there is (RFC 8725 3.1).
func (o *Opener) verify(jws string) ([]byte, error) {
	header, rest, _ := strings.Cut(jws, ".")
	body, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") {
		return nil, ErrRefused
	}
	text, err1 := jose.Decode(header)
	payload, err2 := jose.Decode(body)
	raw, err3 := jose.Decode(signature)
	if err1 != nil || err2 != nil || err3 != nil {
		return nil, ErrRefused
	}
	h, ok := parseObject(text)
	if !ok || !h.only("alg", "kid", "typ") || h["alg"] != "ES256" || h["typ"] != tokenType {
		return nil, ErrRefused
	}
	for _, k := range o.P256 {
		if key, err := jose.KeyOf(k); err != nil || key.Thumbprint() != h["kid"] {
			continue
		}
		if !jose.Verify(k, []byte(jws[:len(header)+1+len(body)]), raw) {
			return nil, ErrRefused
		}
		return payload, nil
	}
	return nil, ErrUnknownKey
}

// parseClaims reads claims by their form. Claims that are not known are passed
// over: RFC 7519 4.
func parseClaims(c object) (*Token, bool) {
	all := true
	text := func(name string) string {
		s, ok := c.text(name)
		all = all && ok
		return s
	}
	at := func(name string) time.Time {
		n, ok := c.seconds(name)
		all = all && ok
		return time.Unix(n, 0).UTC()
	}
	t := &Token{
		ID: text("jti"), Issuer: text("iss"), Audience: text("aud"),
		Requestor: text("azp"), App: entente.AppID(text("app")), Offer: Offer(text("offer")),
		Issued: at("iat"), NotBefore: at("nbf"), NotAfter: at("exp"),
	}
	t.Subject.Immutable = text("sub")
	mails, ok1 := c.texts("mails")
	domains, ok2 := c.texts("domains")
	confirm, ok3 := c["cnf"].(object)
	if !all || !ok1 || !ok2 || !ok3 || !confirm.only("jkt") {
		return nil, false
	}
	t.Holder, all = confirm.text("jkt")
	for _, m := range mails {
		t.Subject.Mails = append(t.Subject.Mails, entente.SMTPAddress(m))
	}
	for _, d := range domains {
		t.Domains = append(t.Domains, entente.Domain(d))
	}
	return t, all
}
