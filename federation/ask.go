package federation

import (
	"context"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

// A Granted is a delegation token in this organization's hands.
type Granted struct {
	JWT     string // or
	SAML    []byte // an EncryptedData element,
	Proof   []byte // with the secret that goes with it
	Target  string
	Offer   token.Offer
	Expires time.Time
	Holder  string // thumbprint of our key with which a JWT must be presented: see SignerOf
}

// Ask asks the broker for a token: a JWT if the target has keys for it, SAML if
// not. Nothing is kept. Errors have the reasons above.
func (s *Service) Ask(ctx context.Context, who token.Subject, target string, offer token.Offer) (*Granted, error) {
	v, u, err := s.asking(who, target)
	if err != nil {
		return nil, err
	}
	g, err := s.askJWT(ctx, v, u, who, target, offer)
	if refusedAs(err, brokerapi.NeedsSAML) {
		return s.askSAML(ctx, v, u, who, target, offer)
	}
	return g, err
}

// AskSAML asks for a token in the form that Exchange has, whatever keys the
// target has: one that is handed on with something else under its secret, as in
// a sharing invitation.
func (s *Service) AskSAML(ctx context.Context, who token.Subject, target string, offer token.Offer) (*Granted, error) {
	v, u, err := s.asking(who, target)
	if err != nil {
		return nil, err
	}
	return s.askSAML(ctx, v, u, who, target, offer)
}

// asking is what a token is asked for with, if one can be.
func (s *Service) asking(who token.Subject, target string) (*view, *usable, error) {
	v := s.view.Load()
	switch {
	case v.trust == nil || !v.trust.Enabled || v.trust.ApplicationURI == "":
		return nil, nil, noTrust()
	case len(who.Mails) == 0 || who.Immutable == "":
		return nil, nil, entente.Errorf(entente.Denied, "none of the user's addresses is in a federated domain").Because(NoFederatedProxy)
	case target == "":
		return nil, nil, entente.Errorf(entente.Invalid, "a token is for an organization").Because(Misconfigured)
	}
	u := v.current()
	if u == nil {
		return nil, nil, entente.Errorf(entente.Unavailable, "this node cannot use the key of the certificate in use").Because(NodeLacksKey)
	}
	return v, u, nil
}

// askJWT asks for a token in the form that is between our own servers, in the
// name of the key that will present it.
func (s *Service) askJWT(ctx context.Context, v *view, u *usable, who token.Subject, target string, offer token.Offer) (*Granted, error) {
	request := brokerapi.TokenRequest{Target: target, Offer: offer, Immutable: who.Immutable, Mails: who.Mails}
	var a brokerapi.TokenIssued
	by := u
	err := s.call(ctx, v.document.speaking(by), brokerapi.IssueToken, request, &a)
	for _, other := range v.others(s.Now()) {
		if !refusedAs(err, brokerapi.AccessDenied) || other.speaker == nil {
			break
		}
		by = other
		err = s.call(ctx, v.document.speaking(by), brokerapi.IssueToken, request, &a)
	}
	if err != nil {
		return nil, s.misconfigured(err)
	}
	if a.JWT == "" || !a.Expires.After(s.Now()) {
		return nil, unavailable(v.trust.Broker, nil)
	}
	return &Granted{JWT: a.JWT, Target: target, Offer: offer, Expires: a.Expires, Holder: by.Signing.Key.Thumbprint()}, nil
}

// speaking addresses requests of the trust, signed by the organization's own key
// of a generation.
func (d *document) speaking(u *usable) envelope {
	return envelope{d.Broker, d.Issuer, d.AppID, brokerapi.Signer{Key: u.speaker}}
}

// misconfigured tells a refusal that says our own side is not in order from one
// that is about this token.
func (s *Service) misconfigured(err error) error {
	e, ok := asError(err)
	if !ok || !refusedAs(err, brokerapi.AccessDenied, brokerapi.NotActive, brokerapi.RequestExpired, brokerapi.SubjectRefused) {
		return err
	}
	x := *e
	switch {
	case refusedAs(err, brokerapi.SubjectRefused):
		x.Reason = NoFederatedProxy
	default:
		x.Reason = Misconfigured
	}
	return &x
}
