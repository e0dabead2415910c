package wssecurity

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

// A Received is a message whose Security header has been read. Nothing in it is
// proven before Certified or Possessed returned.
type Received struct {
	Version soap.Version
	To      string
	Action  string
	ID      string
	Created time.Time // zero if there is no timestamp
	Expires time.Time
	Token   []byte // the EncryptedData element, in canonical form, which stands alone; nil if there is none
	Signed  bool   // whether there is a signature

	parts       *scanned
	signature   *xmlsec.Detached
	certificate []byte // of the BinarySecurityToken, DER
}

// A Proof is what a signature vouches for.
type Proof struct {
	Parts       Part
	Body        []byte            // the canonical Body element, if it is among the parts: what is to be read
	Certificate *x509.Certificate // that verified it, nil for a secret
	Signature   []byte            // its value, for who remembers what was seen
}

// Open reads a message. The error is xmlsec.ErrRefused.
func Open(document []byte) (*Received, error) {
	parts, ok := scan(document)
	if !ok || !parts.secured {
		return nil, xmlsec.ErrRefused
	}
	r := &Received{Version: parts.version, parts: parts}
	if !r.addresses() || !r.timestamp() || !r.binaryToken() {
		return nil, xmlsec.ErrRefused
	}
	if parts.token.r != nil {
		if r.Token, ok = parts.token.canonical(); !ok {
			return nil, xmlsec.ErrRefused
		}
	}
	if parts.signature.r != nil {
		var err error
		if r.signature, err = xmlsec.ReadDetached(parts.signature.r.Fork()); err != nil {
			return nil, xmlsec.ErrRefused
		}
		r.Signed = true
	}
	return r, nil
}

// Certified checks the message's signature against trusted certificates, and
// that it covers at least the parts that are needed. The error is
// xmlsec.ErrRefused.
func (r *Received) Certified(trusted []*x509.Certificate, need Part, p xmlsec.Profile) (*Proof, error) {
	parts, proof, ok := r.vouched(need)
	if !ok {
		return nil, xmlsec.ErrRefused
	}
	var token []byte
	if r.signature.Token() == r.parts.certificate.id {
		token = r.certificate
	}
	var err error
	if proof.Certificate, err = r.signature.Certified(parts, token, trusted, p); err != nil {
		return nil, xmlsec.ErrRefused
	}
	return proof, nil
}

// Possessed checks that the message was signed with a secret, as far as is
// needed. The error is xmlsec.ErrRefused.
func (r *Received) Possessed(secret []byte, need Part, p xmlsec.Profile) (*Proof, error) {
	parts, proof, ok := r.vouched(need)
	if !ok || r.Token == nil {
		return nil, xmlsec.ErrRefused
	}
	// The secret is that of the one token of the message, whatever KeyInfo says;
	// but if it says another, somebody is confused.
	if id := r.signature.Token(); id != "" && id != r.parts.token.id {
		return nil, xmlsec.ErrRefused
	}
	if r.signature.Possessed(parts, secret, p) != nil {
		return nil, xmlsec.ErrRefused
	}
	return proof, nil
}

// vouched collects the parts that the signature names. All of them must be
// there, and those that are needed among them.
func (r *Received) vouched(need Part) (parts []xmlsec.Part, proof *Proof, ok bool) {
	if r.signature == nil {
		return nil, nil, false
	}
	proof = &Proof{Signature: r.signature.Value()}
	for _, id := range r.signature.IDs() {
		part, what, ok := r.parts.part(id)
		if !ok {
			return nil, nil, false
		}
		parts = append(parts, part)
		proof.Parts |= what
		if what == Body {
			proof.Body = part.Canonical
		}
	}
	return parts, proof, proof.Parts&need == need
}

// addresses reads To, Action and MessageID, each at most once.
func (r *Received) addresses() bool {
	var seen [3]bool
	for i := range r.parts.blocks {
		b := &r.parts.blocks[i]
		if b.name.Space != SpaceAddressing {
			continue
		}
		for j, f := range []struct {
			local string
			to    *string
		}{{"To", &r.To}, {"Action", &r.Action}, {"MessageID", &r.ID}} {
			if b.name.Local != f.local {
				continue
			}
			x, ok := b.read()
			if !ok || seen[j] {
				return false
			}
			seen[j], *f.to = true, strings.Trim(x.Text(), " \t\r\n")
			if x.Finish() != nil {
				return false
			}
		}
	}
	return true
}

// timestamp reads the Timestamp: Created and Expires, in this order, in UTC.
// SOAP Message Security 1.1 10.
func (r *Received) timestamp() bool {
	if r.parts.timestamp.r == nil {
		return true
	}
	x, ok := r.parts.timestamp.read()
	if !ok {
		return false
	}
	for _, f := range []struct {
		local string
		to    *time.Time
	}{{"Created", &r.Created}, {"Expires", &r.Expires}} {
		if !x.Child() || x.Name() != (strictxml.Name{Space: SpaceUtility, Local: f.local}) {
			return false
		}
		if *f.to, ok = instant(x.Text()); !ok {
			return false
		}
	}
	return !x.Child() && x.Finish() == nil
}

// instant reads an xs:dateTime in UTC, with or without a fraction, and nothing
// that time.Parse would take beyond that.
func instant(s string) (time.Time, bool) {
	const whole = "2006-01-02T15:04:05"
	if len(s) <= len(whole) || len(s) > len(whole)+len(".123456789Z") || s[len(whole)] != 'Z' && s[len(whole)] != '.' {
		return time.Time{}, false // also hours of one digit and fractions after a comma
	}
	t, err := time.Parse(whole+"Z", s)
	return t, err == nil
}

// binaryToken reads the certificate that the message brings, if it does.
// X.509 Certificate Token Profile 1.1 3.1.
func (r *Received) binaryToken() bool {
	const (
		x509v3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
		base   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
	)
	if r.parts.certificate.r == nil {
		return true
	}
	x, ok := r.parts.certificate.read()
	if !ok {
		return false
	}
	if v, _ := x.Attr("ValueType"); v != x509v3 {
		return false
	}
	if v, ok := x.Attr("EncodingType"); ok && v != base {
		return false
	}
	text := strings.Join(strings.Fields(x.Text()), "")
	var err error
	r.certificate, err = base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && len(r.certificate) > 0 && x.Finish() == nil
}

// read returns a Reader of the canonical form of a block, at its start tag. What
// a signature may vouch for is read from the bytes that are digested.
func (b *block) read() (*strictxml.Reader, bool) {
	c, ok := b.canonical()
	if !ok {
		return nil, false
	}
	x := strictxml.NewReader(c, xmlsec.Limits())
	return x, x.Root()
}
