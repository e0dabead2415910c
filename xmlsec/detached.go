package xmlsec

import (
	"crypto/subtle"
	"crypto/x509"

	"entente/strictxml"
)

// SignParts returns a Signature over parts of a message, with a certificate's
// key.
func SignParts(parts []Part, by Signer, p Profile) ([]byte, error) {
	if !p.known() {
		return nil, errProfile
	}
	if err := by.check(); err != nil {
		return nil, err
	}
	method, _, digest := p.writes()
	info, err := partsInfo(parts, method, digest, p)
	if err != nil {
		return nil, err
	}
	value, err := by.sign(info, p.signature(method))
	if err != nil {
		return nil, err
	}
	return appendSignature(nil, info, value, func(e *strictxml.Encoder) { appendKeyInfo(e, by.Certificate) }), nil
}

// MACParts returns a Signature over parts of a message, with the secret of a
// token that the message carries under an id.
func MACParts(parts []Part, token string, secret []byte, p Profile) ([]byte, error) {
	if !p.known() {
		return nil, errProfile
	}
	if len(secret) < minSecret {
		return nil, errSecret
	}
	_, method, digest := p.writes()
	info, err := partsInfo(parts, method, digest, p)
	if err != nil || !isID(token) {
		return nil, errShape
	}
	value := macOf(p.mac(method), secret, info)
	return appendSignature(nil, info, value, func(e *strictxml.Encoder) { appendTokenInfo(e, token) }), nil
}

func partsInfo(parts []Part, method, digest string, p Profile) ([]byte, error) {
	if len(parts) == 0 || len(parts) > maxReferences {
		return nil, errShape
	}
	for _, part := range parts {
		if !isID(part.ID) {
			return nil, errShape
		}
	}
	return appendInfo(method, digest, p.digest(digest), parts, algExclusive), nil
}

// A Detached is a signature over parts of a message that has been read. Nothing
// it says is proven before Certified or Possessed returned without error.
type Detached struct{ s signature }

// ReadDetached reads the Signature at whose start tag r stands, and consumes it.
// No two of its references name the same part. The error is ErrRefused.
func ReadDetached(r *strictxml.Reader) (*Detached, error) {
	d := new(Detached)
	if r.Name() != (strictxml.Name{Space: SpaceSignature, Local: "Signature"}) || !d.s.read(r, &ids{}) {
		return nil, ErrRefused
	}
	for i := range d.s.references {
		for j := range i {
			if d.s.references[i].id == d.s.references[j].id {
				return nil, ErrRefused
			}
		}
	}
	return d, nil
}

// Value returns the value of the signature.
func (d *Detached) Value() []byte { return d.s.value }

// IDs returns the ids of the parts that are said to be signed.
func (d *Detached) IDs() []string {
	all := make([]string, 0, len(d.s.references))
	for i := range d.s.references {
		all = append(all, d.s.references[i].id)
	}
	return all
}

// Token returns the id of the token in the same message that KeyInfo refers to,
// "" if it names the key otherwise.
func (d *Detached) Token() string { return d.s.key.token }

// Certified returns the trusted certificate whose key signed. Parts are all
// those whose ids IDs returned. If KeyInfo refers to a token, that is the
// certificate as it came (DER); as everything in KeyInfo it only selects. The
// error is ErrRefused.
func (d *Detached) Certified(parts []Part, token []byte, trusted []*x509.Certificate, p Profile) (*x509.Certificate, error) {
	s := d.s
	if s.key.token != "" {
		s.key.certificate = token // names nothing if there is none
	}
	fits := d.covers(parts, p)
	by := s.certified(trusted, p, new(work))
	if by == nil || !fits {
		return nil, ErrRefused
	}
	return by, nil
}

// Possessed checks that a secret signed. The error is ErrRefused.
func (d *Detached) Possessed(parts []Part, secret []byte, p Profile) error {
	h := p.mac(d.s.method)
	if h == 0 || len(secret) < minSecret || d.s.key.token == "" && d.s.key.assertion == "" {
		return ErrRefused
	}
	fits := d.covers(parts, p)
	if subtle.ConstantTimeCompare(macOf(h, secret, d.s.info), d.s.value) != 1 || !fits {
		return ErrRefused
	}
	return nil
}

// covers reports whether every reference has its part, and that its digest.
func (d *Detached) covers(parts []Part, p Profile) bool {
references:
	for i := range d.s.references {
		ref := &d.s.references[i]
		for _, part := range parts {
			if part.ID == ref.id && ref.detached() && ref.covers(part.Canonical, p) {
				continue references
			}
		}
		return false
	}
	return true
}
