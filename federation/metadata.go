package federation

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"entente"
	"entente/federation/brokerapi"
)

// The broker's metadata are asked for again at the hint they give, in bounds,
// and after a failure sooner.
const (
	leastRefresh  = time.Minute
	mostRefresh   = 24 * time.Hour
	againAfter    = time.Minute      // what failed is tried again
	unknownEvery  = 10 * time.Second // an unknown key makes us look at most so often
	maxBrokerKeys = 6
)

// askMetadata asks a broker what it says of itself. known are the keys it is
// known by; without any, the connection vouches for it.
func (s *Service) askMetadata(ctx context.Context, broker string, known []*ecdsa.PublicKey) (*brokerapi.Metadata, error) {
	status, text, err := s.fetch(ctx, http.MethodGet, broker+brokerapi.PathMetadata, "", nil)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, unavailable(broker, fmt.Errorf("metadata: status %d", status))
	}
	m, err := brokerapi.ReadMetadata(text, known...)
	if err != nil {
		return nil, entente.Errorf(entente.Denied, "The broker's metadata are not signed by a key it is known by. "+
			"If it has changed all its keys since this server saw them last, have them trusted anew: entente federation refresh --anew.").Because(BrokerRefused)
	}
	return m, checkMetadata(m)
}

// checkMetadata refuses metadata that no trust could rest on.
func checkMetadata(m *brokerapi.Metadata) error {
	bad := func(format string, args ...any) error {
		return entente.Errorf(entente.Denied, "The broker's metadata cannot be used: %s", fmt.Sprintf(format, args...)).Because(BrokerRefused)
	}
	if m.Issuer == "" || len(m.Issuer) > 255 {
		return bad("they name no issuer")
	}
	if u, err := url.Parse(m.STS); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return bad("the token issuer is not at an https address")
	}
	if len(m.Keys) == 0 || len(m.Keys) > maxBrokerKeys {
		return bad("they have %d keys", len(m.Keys))
	}
	for _, k := range m.Keys {
		c, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return bad("a certificate cannot be read")
		}
		public, ok := c.PublicKey.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < leastRSA || len(c.SubjectKeyId) == 0 {
			return bad("a certificate is not RSA of %d bits with a subject key identifier", leastRSA)
		}
		if _, err := k.P256.ECDSA(); err != nil {
			return bad("a key is not on P-256")
		}
	}
	return nil
}

// take writes metadata down. Key sets are of one issuer and are never merged with
// another's, nor with what the same one said before: what it no longer names does
// not hold any more.
func (d *document) take(m *brokerapi.Metadata, now time.Time) error {
	if d.Issuer != "" && m.Issuer != d.Issuer {
		return entente.Errorf(entente.Denied, "The broker calls itself %s now, and this trust is with %s.", clean(m.Issuer, 255), d.Issuer).Because(BrokerRefused)
	}
	if m.Sequence < d.Sequence {
		return entente.Errorf(entente.Denied, "The broker's metadata are older than those this server has: %d, not %d.", m.Sequence, d.Sequence).Because(BrokerRefused)
	}
	if m.Sequence == d.Sequence && d.Sequence > 0 && !reflect.DeepEqual(m.Keys, d.BrokerKeys) {
		return entente.Errorf(entente.Denied, "The broker says two things under one number, %d.", m.Sequence).Because(BrokerRefused)
	}
	d.Issuer, d.STS, d.Sequence, d.BrokerKeys = m.Issuer, m.STS, m.Sequence, m.Keys
	d.Refresh, d.Refreshed, d.Trouble = min(max(m.Refresh, leastRefresh), mostRefresh), now.UTC(), ""
	return nil
}

// knownKeys are the broker's keys for checking its metadata: also one that does
// not sign yet, and not one whose time is over.
func (d *document) knownKeys(now time.Time) (known []*ecdsa.PublicKey) {
	for _, k := range d.BrokerKeys {
		if !k.Until.IsZero() && !now.Before(k.Until) {
			continue
		}
		if p, err := k.P256.ECDSA(); err == nil {
			known = append(known, p)
		}
	}
	return known
}

// Refresh asks for the broker's metadata now. With anew its keys are trusted as
// the connection vouches for them, as when the trust was made.
func (s *Service) Refresh(ctx context.Context, anew bool) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	return s.refresh(ctx, anew)
}

func (s *Service) refresh(ctx context.Context, anew bool) error {
	d := s.view.Load().document
	if !d.exists() {
		return noTrust()
	}
	s.asked = s.Now()
	known := d.knownKeys(s.asked)
	if len(known) == 0 && !anew {
		return entente.Errorf(entente.Denied, "No key by which the broker is known holds any more; have its keys trusted anew: entente federation refresh --anew.").Because(BrokerRefused)
	}
	if anew {
		known = nil
	}
	m, err := s.askMetadata(ctx, d.Broker, known)
	if err == nil {
		err = s.change(ctx, func(d *document) error { return d.take(m, s.Now()) })
	}
	if err != nil {
		s.trouble(ctx, err)
	}
	return err
}

// Move has the broker asked at another address. It must be the same broker: known
// by its keys, under its name.
func (s *Service) Move(ctx context.Context, address string) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	d := s.view.Load().document
	if !d.exists() {
		return noTrust()
	}
	broker, err := brokerURL(address)
	if err != nil {
		return err
	}
	m, err := s.askMetadata(ctx, broker, d.knownKeys(s.Now()))
	if err != nil {
		return err
	}
	return s.change(ctx, func(d *document) error {
		d.Broker, d.Metadata = broker, broker+brokerapi.PathFederationMetadata
		return d.take(m, s.Now())
	})
}

// trouble writes down that the broker cannot be looked at, once.
func (s *Service) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	text := told(err)
	first := false
	e := s.change(ctx, func(d *document) error {
		if first = d.Trouble != text; !first {
			return errSame
		}
		d.Trouble = text
		return nil
	})
	if first && e == nil {
		s.noted(ctx, "metadata", text)
	}
	s.Log.Warn("federation: the broker's metadata", "err", err)
}

// Unknown is told that a token was signed by a key that is not known: the
// broker's metadata are looked at again, not more often than once in ten
// seconds. It returns when that is done, so that the token may be tried again.
func (s *Service) Unknown(ctx context.Context) {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	if s.view.Load().trust == nil || s.Now().Sub(s.asked).Abs() < unknownEvery {
		return
	}
	_ = s.refresh(ctx, false) // it was logged, and the token stays refused
}

// refreshDue looks at the broker when its hint says so.
func (s *Service) refreshDue(ctx context.Context) {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	d, now := s.view.Load().document, s.Now()
	if !d.exists() || now.Sub(d.Refreshed) < d.Refresh || now.Sub(s.asked).Abs() < againAfter {
		return
	}
	if s.refresh(ctx, false) == nil {
		s.refreshDomains(ctx)
	}
}

// told is what may be shown of an error.
func told(err error) string {
	if e, ok := asError(err); ok {
		return e.Text
	}
	return "internal error; see the log"
}
