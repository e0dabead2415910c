package wstrust

import (
	"crypto/x509"
	"time"

	"entente"
	"entente/federation/saml"
	"entente/federation/token"
	"entente/xmlsec"
)

// An Assertion is what the requesting organization says of its user. It is
// signed and not encrypted: it goes to the broker alone.
type Assertion struct {
	ID        string // of token.NewID
	Issuer    string // its application URI
	Audience  string // the broker's issuer URI; Exchange may leave it out
	Subject   token.Subject
	Issued    time.Time
	NotBefore time.Time
	NotAfter  time.Time
}

// maxLife is the longest that such an assertion holds. It is made for one
// request; an hour is more than any clock is wrong.
const maxLife = time.Hour

// Sign returns the assertion as Request.OnBehalfOf has it.
func (a *Assertion) Sign(by xmlsec.Signer, p xmlsec.Profile) ([]byte, error) {
	mails := make([]string, len(a.Subject.Mails))
	for i, m := range a.Subject.Mails {
		mails[i] = string(m)
	}
	s := &saml.Assertion{
		ID: a.ID, Issuer: a.Issuer, Issued: a.Issued, NotBefore: a.NotBefore, NotAfter: a.NotAfter, Audience: a.Audience,
		Subject: a.Subject.Immutable, Format: saml.FormatUPN, Method: saml.SenderVouches,
		Attributes: []saml.Attribute{{Space: token.SpaceClaims, Name: token.ClaimMail, Values: mails}},
	}
	return s.Sign(by, p)
}

// OpenAssertion reads an assertion that one of the certificates signed, which
// are the requesting organization's. Whether the organization is the one that it
// names, and may speak for these addresses, is for the broker to say. The error
// is xmlsec.ErrRefused.
func OpenAssertion(document []byte, trusted []*x509.Certificate, p xmlsec.Profile, now time.Time) (*Assertion, error) {
	s, _, err := saml.Verify(document, trusted, p)
	if err != nil {
		return nil, xmlsec.ErrRefused
	}
	a := &Assertion{
		ID: s.ID, Issuer: s.Issuer, Audience: s.Audience, Subject: token.Subject{Immutable: s.Subject},
		Issued: s.Issued, NotBefore: s.NotBefore, NotAfter: s.NotAfter,
	}
	for _, v := range s.Values(token.SpaceClaims, token.ClaimMail) {
		m, err := entente.ParseSMTPAddress(v)
		if err != nil {
			return nil, xmlsec.ErrRefused
		}
		a.Subject.Mails = append(a.Subject.Mails, m)
	}
	life := a.NotAfter.Sub(a.NotBefore)
	if s.Format != saml.FormatUPN || s.Method == saml.HolderOfKey || !a.Subject.Valid() || life <= 0 || life > maxLife ||
		now.Before(a.NotBefore.Add(-token.MaxSkew)) || !now.Before(a.NotAfter.Add(token.MaxSkew)) || a.Issued.After(now.Add(token.MaxSkew)) {
		return nil, xmlsec.ErrRefused
	}
	return a, nil
}
