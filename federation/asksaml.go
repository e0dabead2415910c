package federation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/federation/wstrust"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

const (
	requestLife = 5 * time.Minute
	entropySize = 32
)

// askSAML asks for a token in the form that Exchange has, at the broker's token
// issuer: [MS-OXWSLVID] 3.3.4.1, WS-Trust February 2005. Of the proof key each
// side gives a part, so that none alone makes a weak one.
func (s *Service) askSAML(ctx context.Context, v *view, u *usable, who token.Subject, target string, offer token.Offer) (*Granted, error) {
	entropy := make([]byte, entropySize)
	_, _ = rand.Read(entropy) // never fails, by its documentation
	g, err := s.issue(ctx, v, u, entropy, who, target, offer)
	for _, other := range v.others(s.Now()) {
		if !refusedAs(err, brokerapi.AccessDenied) || other.key == nil {
			break
		}
		g, err = s.issue(ctx, v, other, entropy, who, target, offer)
	}
	if err != nil {
		return nil, s.misconfigured(err)
	}
	return g, nil
}

// issue asks for the token once, signed by the certificate of a generation.
func (s *Service) issue(ctx context.Context, v *view, u *usable, entropy []byte, who token.Subject, target string, offer token.Offer) (*Granted, error) {
	document, err := v.request(u, entropy, who, target, offer, s.Now().UTC())
	if err != nil {
		return nil, err
	}
	content := fmt.Sprintf("application/soap+xml; charset=utf-8; action=%q", wstrust.Feb2005.RequestAction())
	status, answer, err := s.fetch(ctx, http.MethodPost, v.trust.STS, content, document)
	if err != nil {
		return nil, err
	}
	r, err := wstrust.Open(answer)
	var f *wstrust.Refused
	switch {
	case errors.As(err, &f) && f.Own != "":
		return nil, refused(brokerapi.Problem{Code: f.Own, Text: f.Text})
	case errors.As(err, &f):
		return nil, refused(brokerapi.Problem{Code: f.Code, Text: f.Text})
	case err != nil || status != http.StatusOK:
		return nil, unavailable(v.trust.STS, fmt.Errorf("status %d: %w", status, err))
	}
	if r.Target != target || !r.Expires.After(s.Now()) {
		return nil, unavailable(v.trust.STS, errors.New("the token is for another organization, or over"))
	}
	var open []xmlsec.Decrypter
	for i := range v.usable {
		if x := &v.usable[i]; x.key != nil {
			open = append(open, xmlsec.Decrypter{Certificate: x.certificate, Key: x.key})
		}
	}
	g := &Granted{SAML: r.Token, Target: target, Offer: offer, Expires: r.Expires}
	if g.Proof, err = r.Key(entropy, open, xmlsec.Compat); err != nil {
		return nil, unavailable(v.trust.STS, errors.New("the proof key does not open"))
	}
	return g, nil
}

// request writes what is asked for: signed by the certificate, for somebody of
// whom an assertion of this organization's own says who he is.
func (v *view) request(u *usable, entropy []byte, who token.Subject, target string, offer token.Offer, now time.Time) ([]byte, error) {
	by := xmlsec.Signer{Certificate: u.certificate, Key: u.key}
	a := wstrust.Assertion{
		ID: token.NewID(), Issuer: v.trust.ApplicationURI, Audience: v.trust.Issuer, Subject: who,
		Issued: now, NotBefore: now, NotAfter: now.Add(requestLife),
	}
	says, err := a.Sign(by, xmlsec.Compat)
	if err != nil {
		return nil, err
	}
	q := wstrust.Request{
		Version: wstrust.Feb2005, Target: target, Requestor: v.trust.ApplicationURI, Offer: offer, OnBehalfOf: says, Entropy: entropy,
	}
	return wssecurity.Certify(&wssecurity.Message{
		Version: soap.V12, To: v.trust.STS, Action: wstrust.Feb2005.RequestAction(), Created: now, Expires: now.Add(requestLife),
		Body:  func(e *strictxml.Encoder) { wstrust.AppendRequest(e, &q) },
		Parts: wssecurity.Timestamp | wssecurity.To | wssecurity.Action | wssecurity.Body,
	}, by, xmlsec.Compat)
}
