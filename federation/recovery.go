package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/keys"
)

// A Recovered says how far a recovery has come.
type Recovered struct {
	Done       bool
	Thumbprint string // of the new certificate
	Name       string // of the TXT record that must stand in DNS before it goes on
	Record     string // its text
}

// Recover replaces a certificate that has expired or is lost, with which nothing
// at the broker can be changed any more: by the AdminKey, and by a record with a
// new nonce at one federated domain. The first call says which record; the one
// after the record stands in DNS is done. Without an AdminKey the one that was
// kept is used; it is recovered from a node that has it.
func (s *Service) Recover(ctx context.Context, name entente.Domain, adminKey entente.Secret) (Recovered, error) {
	var r Recovered
	v := s.view.Load()
	switch {
	case v.altered:
		return r, tellAltered()
	case v.trust == nil:
		return r, noTrust()
	case v.document.domain(name) == nil && name != v.document.AccountNamespace:
		return r, noDomain(name)
	}
	if adminKey.Empty() {
		var err error
		if adminKey, err = s.Ring.Kept(ctx, keys.FederationAdminKey, string(v.document.AppID)); err != nil {
			if errors.Is(err, keys.ErrNone) {
				return r, entente.Errorf(entente.Invalid, "The AdminKey that was shown when the trust was made is needed.")
			}
			return r, err
		}
	}
	d, err := s.beginRecovery(ctx, v, name)
	if err != nil {
		return r, err
	}
	u, err := s.use(ctx, d.Recovery.Next)
	if err != nil {
		return r, err
	}
	if u.key == nil {
		return r, noCertificate(u.thumbprint())
	}
	var state brokerapi.RecoveryState
	err = s.call(ctx, d.to(&u), brokerapi.Recover, brokerapi.Recovery{
		AdminKey: adminKey.Reveal(), Domain: name, Certificate: u.Certificate, Signing: &u.Signing.Key, Encryption: &u.Encryption,
	}, &state)
	if err != nil {
		return r, err
	}
	r = Recovered{Done: state.Done, Thumbprint: u.thumbprint()}
	if !state.Done {
		r.Name, r.Record = brokerapi.ScopedLabel+string(name), state.Record
		return r, s.change(ctx, func(d *document) error {
			if d.Recovery.Next == nil || d.Recovery.Record == state.Record {
				return errSame
			}
			d.Recovery.Record = state.Record
			return nil
		})
	}
	return r, s.endRecovery(ctx, u.thumbprint(), adminKey)
}

// beginRecovery makes a certificate, unless one is waiting already: the record in
// DNS is for its recovery.
func (s *Service) beginRecovery(ctx context.Context, v *view, name entente.Domain) (*document, error) {
	if r := &v.document.Recovery; r.Next != nil && r.Domain == name {
		c, err := r.Next.x509()
		if err == nil && s.Now().Before(c.NotAfter) {
			return v.document, nil
		}
	}
	st, err := s.makeStored(ctx, NewCertificate{})
	if err != nil {
		return nil, err
	}
	// If the signing key is not lost too, it says who follows it.
	g, err := s.generation(ctx, st, v.find(v.document.Current.thumbprint()))
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(d *document) error {
		if !d.exists() {
			return noTrust()
		}
		d.Recovery = recovery{Next: g, Domain: name}
		return nil
	})
	return s.view.Load().document, err
}

// endRecovery puts the new certificate into use, as the broker did.
func (s *Service) endRecovery(ctx context.Context, thumb string, adminKey entente.Secret) error {
	if err := s.Ring.Keep(ctx, keys.FederationAdminKey, string(s.view.Load().document.AppID), adminKey); err != nil {
		return err
	}
	text := fmt.Sprintf("The federation trust was recovered: the certificate in use is %s.", thumb)
	done := false
	err := s.change(ctx, func(d *document) error {
		done = false
		g := d.Recovery.Next
		if g == nil || g.thumbprint() != thumb {
			return errSame
		}
		now := s.Now().UTC().Truncate(time.Second)
		d.Recovery, d.Next, done = recovery{}, nil, true
		d.succeed(g, now)
		g.From, g.Told = now, now
		d.notice(text, now)
		return nil
	})
	if err != nil || !done {
		return err
	}
	s.tellPartners(ctx, text)
	return nil
}
