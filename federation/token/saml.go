package token

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/federation/saml"
	"entente/xmlsec"
)

// Attributes of delegation tokens. The first three are those that Exchange
// knows; the others are ours, and passed over by whoever does not know them.
const (
	SpaceClaims        = "http://schemas.xmlsoap.org/claims"
	SpaceAuthorization = "http://schemas.xmlsoap.org/ws/2006/12/authorization/claims"
	spaceIdentity      = "http://schemas.microsoft.com/ws/2006/04/identity/claims"
	spaceOurs          = "urn:entente:federation:claims"

	ClaimMail      = "EmailAddress"
	claimAction    = "action"
	claimRequestor = "RequestorDomain"
	claimApp       = "AppID"
	claimDomain    = "Domain"
)

// assertionID is the Id of the encrypted assertion: [MS-OXWSMSHR] has it so.
const assertionID = "Assertion0"

// SAML returns the token as an EncryptedData element for the target. It is
// signed first and then encrypted, and so is the proof key in it, a second time,
// for a target that hands the assertion on.
func (i *Issuer) SAML(t *Token, to *x509.Certificate, p xmlsec.Profile) ([]byte, error) {
	if err := i.check(t); err != nil {
		return nil, err
	}
	if t.Holder != "" {
		return nil, errors.New("a SAML token is not for the holder of a key that signs: its proof is a secret")
	}
	a := &saml.Assertion{
		ID: t.ID, Issuer: t.Issuer, Issued: t.Issued, NotBefore: t.NotBefore, NotAfter: t.NotAfter, Audience: t.Audience,
		Subject: t.Subject.Immutable, Format: saml.FormatUPN, Method: saml.Bearer,
		Attributes: []saml.Attribute{
			{Space: SpaceClaims, Name: ClaimMail, Values: texts(t.Subject.Mails)},
			{Space: SpaceAuthorization, Name: claimAction, Values: []string{string(t.Offer)}},
			{Space: spaceIdentity, Name: claimRequestor, Values: []string{t.Requestor}},
			{Space: spaceOurs, Name: claimApp, Values: []string{string(t.App)}},
			{Space: spaceOurs, Name: claimDomain, Values: texts(t.Domains)},
		},
	}
	if t.Proof != nil {
		key, err := xmlsec.EncryptKey(t.Proof, to, p)
		if err != nil {
			return nil, fmt.Errorf("encrypt a token's proof key: %w", err)
		}
		a.Method, a.Key = saml.HolderOfKey, key
	}
	document, err := a.Sign(i.RSA, p)
	if err != nil {
		return nil, fmt.Errorf("sign a token: %w", err)
	}
	sealed, err := xmlsec.Encrypt(document, assertionID, to, p)
	if err != nil {
		return nil, fmt.Errorf("encrypt a token: %w", err)
	}
	return sealed, nil
}

// SAML opens an EncryptedData element. The error is ErrRefused, or ErrUnknownKey
// which is one.
func (o *Opener) SAML(encrypted []byte, now time.Time) (*Token, error) {
	document, err := xmlsec.Decrypt(encrypted, o.Open, o.Profile)
	if err != nil {
		return nil, ErrRefused
	}
	a, signed, err := saml.Verify(document, o.RSA, o.Profile)
	switch {
	case signed == nil:
		// It may also be no assertion at all. That is not looked at: whoever could
		// tell would know what was encrypted.
		return nil, ErrUnknownKey
	case err != nil || now.Before(signed.Certificate.NotBefore) || now.After(signed.Certificate.NotAfter):
		return nil, ErrRefused
	}
	t, ok := tokenOf(a)
	if !ok {
		return nil, ErrRefused
	}
	if a.Method == saml.HolderOfKey {
		if t.Proof, err = xmlsec.DecryptKey(a.Key, o.Open, o.Profile); err != nil {
			return nil, ErrRefused
		}
	}
	if !o.accepts(t, now) {
		return nil, ErrRefused
	}
	return t, nil
}

// tokenOf reads an assertion by its form: each claim is there, once where it is
// one.
func tokenOf(a *saml.Assertion) (*Token, bool) {
	all := a.Format == saml.FormatUPN && (a.Method == saml.HolderOfKey || a.Method == saml.Bearer)
	one := func(space, name string) string {
		v := a.Values(space, name)
		if len(v) != 1 {
			all = false
			return ""
		}
		return v[0]
	}
	t := &Token{
		ID: a.ID, Issuer: a.Issuer, Audience: a.Audience,
		Subject:   Subject{Immutable: a.Subject},
		Requestor: one(spaceIdentity, claimRequestor),
		App:       entente.AppID(one(spaceOurs, claimApp)),
		Offer:     Offer(one(SpaceAuthorization, claimAction)),
		Issued:    a.Issued, NotBefore: a.NotBefore, NotAfter: a.NotAfter,
	}
	for _, m := range a.Values(SpaceClaims, ClaimMail) {
		t.Subject.Mails = append(t.Subject.Mails, entente.SMTPAddress(m))
	}
	for _, d := range a.Values(spaceOurs, claimDomain) {
		t.Domains = append(t.Domains, entente.Domain(d))
	}
	return t, all
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
