package federation

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"entente/db"
	"entente/federation/token"
	"entente/keys"
	"entente/xmlsec"
)

// A view is what this node goes by: the document of one moment, with the keys
// that are at hand for it. It is never changed.
type view struct {
	version  uint64
	mark     []byte
	altered  bool
	document *document
	trust    *Trust // nil if there is none
	found    *Trust // what an altered row says, to be looked at
	usable   []usable
	at       time.Time
	missing  int // generations whose keys are not at hand
	opener   atomic.Pointer[openerUntil]
}

// usable is a generation whose keys are at hand. key is nil otherwise.
type usable struct {
	*generation
	certificate *x509.Certificate
	key         *keys.CertificateKey
	agreement   *keys.Agreement
	speaker     *keys.Signer
}

// openerUntil is an Opener, and when the keys it has are others.
type openerUntil struct {
	*token.Opener
	until time.Time // zero: never
}

// see makes a view of a document. A key that is not at hand is missing in it;
// when the database fails, nothing is said about keys.
func (s *Service) see(ctx context.Context, d *document) (*view, error) {
	v := &view{document: d, at: s.Now()}
	for _, g := range d.generations() {
		u, err := s.use(ctx, g)
		if err != nil {
			return nil, err
		}
		if u.key == nil || u.agreement == nil || u.speaker == nil {
			v.missing++
		}
		v.usable = append(v.usable, u)
	}
	if !d.exists() {
		return v, nil
	}
	var err error
	v.trust, err = d.trust()
	return v, err
}

// use finds the keys of a generation. One that does not open here, because this
// node has another master key, is as one that is not there.
func (s *Service) use(ctx context.Context, g *generation) (u usable, err error) {
	u.generation = g
	if u.certificate, err = g.x509(); err != nil {
		return u, err
	}
	if k, err := s.Ring.CertificateKey(ctx, g.Key); err == nil {
		u.key = &k
	} else if ctx.Err() != nil || db.IsUnavailable(err) {
		return u, err
	}
	if k, err := s.Ring.Agreement(ctx, g.Agreement); err == nil {
		u.agreement = &k
	}
	if k, err := s.Ring.Speaker(ctx, g.Speaker); err == nil {
		u.speaker = &k
	}
	return u, nil
}

// find returns the generation of a certificate, with its keys.
func (v *view) find(thumbprint string) *usable {
	i := slices.IndexFunc(v.usable, func(u usable) bool { return u.thumbprint() == thumbprint })
	if i < 0 {
		return nil
	}
	return &v.usable[i]
}

// current is the generation in use, nil if there is none or its keys are not at
// hand.
func (v *view) current() *usable {
	if v.document.Current == nil {
		return nil
	}
	u := v.find(v.document.Current.thumbprint())
	if u == nil || u.key == nil || u.agreement == nil || u.speaker == nil {
		return nil
	}
	return u
}

// trust is the document as others see it.
func (d *document) trust() (*Trust, error) {
	t := &Trust{
		Name: d.Name, Broker: d.Broker, Issuer: d.Issuer, STS: d.STS, Metadata: d.Metadata,
		AppID: d.AppID, ApplicationURI: d.applicationURI(), AccountNamespace: d.AccountNamespace,
		DefaultDomain: d.DefaultDomain, Enabled: d.Enabled, Contact: d.Contact,
		Sequence: d.Sequence, RequireProof: d.RequireProof, Legacy: d.Legacy,
	}
	for i := range d.Domains {
		t.Domains = append(t.Domains, Domain{d.Domains[i].Name, d.Domains[i].state()})
	}
	var errs []error
	role := func(g *generation) *Certificate {
		if g == nil {
			return nil
		}
		c, err := g.x509()
		errs = append(errs, err)
		return &Certificate{c, g.thumbprint(), g.Since, g.Until}
	}
	t.Current, t.Next = role(d.Current), role(d.Next)
	if len(d.Previous) > 0 {
		t.Previous = role(&d.Previous[0])
	}
	for _, k := range d.BrokerKeys {
		c, err := x509.ParseCertificate(k.Certificate)
		errs = append(errs, err)
		t.BrokerKeys = append(t.BrokerKeys, BrokerKeys{c, k.P256, k.From, k.Until})
	}
	slices.SortStableFunc(t.BrokerKeys, func(a, b BrokerKeys) int { return b.From.Compare(a.From) })
	return t, errors.Join(errs...)
}

// Opener opens tokens that are meant for this organization; nil if there is no
// trust or it is not enabled. It is made once for each change of the trust, and
// when one of the broker's keys begins or ends to hold.
func (s *Service) Opener() *token.Opener {
	v := s.view.Load()
	if v.trust == nil || !v.trust.Enabled || v.trust.ApplicationURI == "" {
		return nil
	}
	now := s.Now()
	o := v.opener.Load()
	if o == nil || !o.until.IsZero() && !now.Before(o.until) {
		o = v.open(now)
		v.opener.Store(o)
	}
	return o.Opener
}

// open makes the Opener of a moment. Keys of the broker hold from a little before
// they sign to a little after nothing signed with them holds: clocks differ.
func (v *view) open(now time.Time) *openerUntil {
	o := &openerUntil{Opener: &token.Opener{
		Issuer: v.trust.Issuer, Audience: v.trust.ApplicationURI, Profile: xmlsec.Compat,
	}}
	if v.trust.Legacy {
		o.Profile = xmlsec.Legacy
	}
	// turn is a moment at which the keys are others.
	turn := func(t time.Time) {
		if t.After(now) && (o.until.IsZero() || t.Before(o.until)) {
			o.until = t
		}
	}
	for _, k := range v.trust.BrokerKeys {
		from := k.From.Add(-token.MaxSkew)
		turn(from)
		until := k.Certificate.NotAfter
		if !k.Until.IsZero() {
			until = k.Until.Add(token.MaxSkew)
		}
		turn(until)
		if now.Before(from) || !now.Before(until) {
			continue
		}
		if p, err := k.P256.ECDSA(); err == nil {
			o.RSA, o.P256 = append(o.RSA, k.Certificate), append(o.P256, p)
		}
	}
	for i := range v.usable {
		u := &v.usable[i]
		if !u.Until.IsZero() {
			turn(u.Until)
			if !now.Before(u.Until) {
				continue
			}
		}
		if u.key != nil {
			o.Open = append(o.Open, xmlsec.Decrypter{Certificate: u.certificate, Key: u.key})
		}
		if u.agreement != nil {
			o.OpenP256 = append(o.OpenP256, u.agreement)
		}
	}
	return o
}
