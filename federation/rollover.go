package federation

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/keys"
)

const day = 24 * time.Hour

// When certificates are replaced. A rollover begins well before the certificate
// ends, so that an administrator who must help has weeks for it; the broker is
// told a week before the change, in which partners see the signing key that
// comes.
const (
	defaultAhead = 60 * day
	leastAhead   = day
	mostAhead    = 2 * 365 * day
	mostNotice   = 7 * day
	leastNotice  = 10 * time.Minute

	// spread is how long nodes are given to take note of a new certificate, before
	// one that has not is said to lack it.
	spread = 5 * time.Minute

	// keepPrevious is how long a certificate opens tokens after another took its
	// place: as long as the longest-lived token, and clocks that differ both ways.
	keepPrevious = 15*day + 2*token.MaxSkew

	// maxPrevious bounds how many wait for that at a time.
	maxPrevious = 4
)

func (r *rollover) ahead() time.Duration {
	if r.Ahead == 0 {
		return defaultAhead
	}
	return r.Ahead
}

// before is how long before its end a certificate is replaced. One that does not
// last long is replaced in the middle of its life, and not again and again.
func (r *rollover) before(c *x509.Certificate) time.Duration {
	return min(r.ahead(), c.NotAfter.Sub(c.NotBefore)/2)
}

// tendEvery is how often a node looks whether something is to be done.
const tendEvery = 5 * time.Second

// tend does what is due: it is called again and again on every node, and each of
// its steps is one that two nodes may take at once, or one after the other has
// died in its middle.
func (s *Service) tend(ctx context.Context) {
	s.refreshDue(ctx)
	s.tending.Lock()
	defer s.tending.Unlock()
	for _, step := range []func(context.Context) error{s.wipe, s.renew, s.announceNext, s.announceCurrent, s.changeOver} {
		if ctx.Err() != nil || s.Altered() {
			return
		}
		if err := step(ctx); err != nil {
			s.hurt(ctx, err)
		}
	}
}

// hurt writes down what keeps the next certificate from being used, and says so
// when that changes.
func (s *Service) hurt(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	text := told(err)
	first := false
	e := s.change(ctx, func(d *document) error {
		first = false
		g := d.Next
		if g == nil {
			g = d.Current
		}
		if g == nil || g.Hurts == text {
			return errSame
		}
		g.Hurts, first = text, true
		return nil
	})
	s.Log.Warn("federation: rollover", "err", err, "also", e)
	if first && e == nil {
		s.noted(ctx, "rollover", "The rollover of the federation certificate waits: "+text)
	}
	s.failed = s.Now()
}

// waits reports whether what failed is not tried again yet.
func (s *Service) waits() bool {
	return !s.failed.IsZero() && s.Now().Sub(s.failed).Abs() < againAfter
}

// renew makes a next certificate when the current one's time runs out.
func (s *Service) renew(ctx context.Context) error {
	v := s.view.Load()
	d := v.document
	if !d.exists() || d.Next != nil || d.Rollover.Off || s.waits() {
		return nil
	}
	c, err := d.Current.x509()
	if err != nil || c.NotAfter.Sub(s.Now()) > d.Rollover.before(c) {
		return err
	}
	u := v.current()
	if u == nil {
		return nil // another node can; if none can, Test-FederationTrust says it
	}
	life := c.NotAfter.Sub(c.NotBefore) - clockTolerance
	n := NewCertificate{CommonName: c.Subject.CommonName, Domains: c.DNSNames, Life: min(max(life, 2*day), lifetime)}
	if n.check() != nil { // it was imported, and has names we would not write
		n = NewCertificate{}
	}
	st, err := s.makeStored(ctx, n)
	if err != nil {
		return err
	}
	g, err := s.generation(ctx, st, u)
	if err != nil {
		return err
	}
	made := false
	err = s.change(ctx, func(d *document) error {
		made = false
		if !d.exists() || d.Next != nil || d.Rollover.Off || d.Current.thumbprint() != u.thumbprint() {
			return errSame // another node was first
		}
		d.Next, made = g, true
		return nil
	})
	if err != nil || !made {
		return s.alsoForget(ctx, g, err)
	}
	s.noted(ctx, "rollover", fmt.Sprintf("The federation certificate %s ends on %s. A new one was made, %s.",
		u.thumbprint(), c.NotAfter.UTC().Format(time.DateOnly), g.thumbprint()))
	return nil
}

func (s *Service) alsoForget(ctx context.Context, g *generation, err error) error {
	if e := s.forget(ctx, g); err == nil {
		err = e
	}
	return err
}

// announceNext tells the broker of the next certificate: once every node can use
// it, of one that the rollover made, with the time from which it is used; at
// once, and without a time, of one that an administrator chose.
func (s *Service) announceNext(ctx context.Context) error {
	v := s.view.Load()
	d := v.document
	if !d.exists() || d.Next == nil || !d.Next.Told.IsZero() || s.waits() {
		return nil
	}
	thumb := d.Next.thumbprint()
	if v.current() == nil {
		return nil
	}
	if d.Next.By == "" {
		if err := s.everywhere(ctx, thumb); err != nil {
			if s.Now().Sub(d.Next.Since) < spread {
				return nil
			}
			return err
		}
		if err := s.appoint(ctx, thumb); err != nil {
			return err
		}
	}
	d = s.view.Load().document
	if d.Next == nil || d.Next.thumbprint() != thumb || !d.Next.Told.IsZero() || d.Next.By == "" && d.Next.From.IsZero() {
		return nil // another node was first
	}
	if err := s.manage(ctx, brokerapi.UpdateAppIDCertificate, d.Next.announce(d.Next.From), nil); err != nil {
		return err
	}
	told := false
	err := s.change(ctx, func(d *document) error {
		told = false
		if d.Next == nil || d.Next.thumbprint() != thumb || !d.Next.Told.IsZero() {
			return errSame
		}
		d.Next.Told, d.Next.Hurts, told = s.Now().UTC(), "", true
		return nil
	})
	if err == nil && told && !d.Next.From.IsZero() {
		s.noted(ctx, "rollover", fmt.Sprintf("The broker knows the next federation certificate, %s, which is used from %s on.",
			thumb, d.Next.From.Format(time.RFC3339)))
	}
	return err
}

// appoint says from when the next certificate is used. It is written down before
// the broker is told, so that it is told one time however often.
func (s *Service) appoint(ctx context.Context, thumb string) error {
	return s.change(ctx, func(d *document) error {
		now := s.Now().UTC().Truncate(time.Second)
		if d.Next == nil || d.Next.thumbprint() != thumb || !d.Next.Told.IsZero() || d.Next.From.After(now) {
			return errSame
		}
		c, err := d.Current.x509()
		if err != nil {
			return err
		}
		// The certificate that ends soon leaves less time.
		notice := min(max(c.NotAfter.Sub(now)/8, leastNotice), mostNotice)
		d.Next.From = now.Add(notice)
		return nil
	})
}

// announceCurrent tells the broker the keys that came with the certificate in use,
// where it did not take them when the trust was made.
func (s *Service) announceCurrent(ctx context.Context) error {
	v := s.view.Load()
	d := v.document
	if !d.exists() || d.Current.From.IsZero() || !d.Current.Told.IsZero() || s.waits() {
		return nil
	}
	u := v.current()
	if u == nil {
		return nil
	}
	if err := s.manage(ctx, brokerapi.UpdateAppIDCertificate, d.Current.announce(d.Current.From), nil); err != nil {
		return err
	}
	return s.change(ctx, func(d *document) error {
		if d.Current.thumbprint() != u.thumbprint() {
			return errSame
		}
		d.Current.Told, d.Current.Hurts = s.Now().UTC(), ""
		return nil
	})
}

// changeOver makes the next certificate the current one when its time has come.
// The broker does the same at that time; this node waits until it has for certain,
// since who comes too early has a certificate that is not in use, and who comes
// late has one that was. It is not held up by a node that has lost
// the key since: the broker would not wait.
func (s *Service) changeOver(ctx context.Context) error {
	d := s.view.Load().document
	if !d.exists() || d.Next == nil || d.Next.From.IsZero() || d.Next.Told.IsZero() || s.Now().Before(d.Next.From.Add(token.MaxSkew)) {
		return nil
	}
	return s.turn(ctx, d.Next.thumbprint())
}

// turn makes the next certificate the current one.
func (s *Service) turn(ctx context.Context, thumb string) error {
	text := ""
	err := s.change(ctx, func(d *document) error {
		text = ""
		if d.Next == nil || d.Next.thumbprint() != thumb {
			return errSame // another node was first
		}
		now := s.Now().UTC().Truncate(time.Second)
		text = fmt.Sprintf("The federation certificate %s is in use now. The one before it, %s, opens tokens until %s.",
			thumb, d.Current.thumbprint(), now.Add(keepPrevious).Format(time.RFC3339))
		next := d.Next
		d.Next = nil
		d.succeed(next, now)
		return nil
	})
	if err == nil && text != "" {
		s.noted(ctx, "rollover", text)
	}
	return err
}

// succeed makes a generation the current one, and the current one a previous one.
func (d *document) succeed(g *generation, now time.Time) {
	old := *d.Current
	old.Since, old.Until, old.Hurts = now, now.Add(keepPrevious), ""
	d.Previous = slices.Insert(d.Previous, 0, old)
	if len(d.Previous) > maxPrevious { // its keys are swept
		d.Past = append([]PeerKey{d.Previous[maxPrevious].Signing}, d.Past...)
		d.Past = d.Past[:min(len(d.Past), maxPeerKeys)]
		d.Previous = d.Previous[:maxPrevious]
	}
	g.Since, g.Hurts, g.By = now, "", ""
	d.Current = g
}

// wipe forgets the keys of previous certificates whose time is over, and those
// that no certificate has any more.
func (s *Service) wipe(ctx context.Context) error {
	now := s.Now()
	over := func(g generation) bool { return !now.Before(g.Until) }
	d := s.view.Load().document
	if !slices.ContainsFunc(d.Previous, over) {
		return s.sweep(ctx)
	}
	var gone []generation
	err := s.change(ctx, func(d *document) error {
		gone = nil
		for _, g := range d.Previous {
			if over(g) {
				gone = append(gone, g)
				d.Past = append([]PeerKey{g.Signing}, d.Past...)
			}
		}
		d.Past = d.Past[:min(len(d.Past), maxPeerKeys)]
		d.Previous = slices.DeleteFunc(d.Previous, over)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range gone {
		if err := s.forget(ctx, &gone[i]); err != nil {
			return err
		}
		s.noted(ctx, "rollover", fmt.Sprintf("The federation certificate %s is over; its keys were wiped.", gone[i].thumbprint()))
	}
	return nil
}

// sweepEvery is how often keys are looked for that no certificate has, because
// whoever made them stopped before he wrote them down; and how old they are.
const sweepEvery = day

func (s *Service) sweep(ctx context.Context) error {
	now := s.Now()
	if s.swept.IsZero() {
		s.swept = now
	}
	if now.Sub(s.swept).Abs() < sweepEvery {
		return nil
	}
	s.swept = now
	d := s.view.Load().document
	used := map[string]bool{}
	for _, g := range append(d.generations(), d.Recovery.Next) {
		if g != nil {
			used[g.Key], used[g.Agreement], used[g.Speaker] = true, true, true
		}
	}
	for _, st := range d.Store {
		used[st.Key] = true
	}
	for _, p := range []keys.Purpose{keys.FederationCertificate, keys.FederationAgreement, keys.FederationSigning} {
		all, err := s.Ring.Named(ctx, p)
		if err != nil {
			return err
		}
		for _, k := range all {
			if !used[k.ID] && now.Sub(k.Made) >= sweepEvery {
				if err := s.Ring.Forget(ctx, p, k.ID); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// SetNext makes a certificate that is kept the next one, and tells the broker of
// it. It is not used until it is published.
func (s *Service) SetNext(ctx context.Context, thumb string) error {
	v, u, err := s.managing()
	if err != nil {
		return err
	}
	if v.document.role(thumb) != "Previous" || v.find(thumb) != nil {
		return entente.Errorf(entente.Conflict, "The certificate %s is one of the trust's already.", thumb)
	}
	st, err := s.pick(ctx, thumb)
	if err != nil {
		return err
	}
	g, err := s.generation(ctx, st, u)
	if err != nil {
		return err
	}
	g.By = "administrator"
	var old *generation
	err = s.change(ctx, func(d *document) error {
		if d.Next != nil && !d.Next.From.IsZero() && !d.Next.Told.IsZero() {
			return entente.Errorf(entente.Conflict, "A rollover is under way: the broker goes over to the certificate %s at %s.",
				d.Next.thumbprint(), d.Next.From.Format(time.RFC3339))
		}
		old, d.Next = d.Next, g
		d.Store = slices.DeleteFunc(d.Store, func(x stored) bool { return x.Key == g.Key })
		if old != nil { // it may be chosen again
			d.Store = append(d.Store, stored{Certificate: old.Certificate, Key: old.Key, Made: s.Now()})
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.tending.Lock()
	defer s.tending.Unlock()
	s.failed = time.Time{}
	if err := s.announceNext(ctx); err != nil {
		s.hurt(ctx, err) // it is tried again; publishing tells the broker too
	}
	return nil
}

// Publish has the next certificate used from now on: refused while a running node
// lacks its key.
func (s *Service) Publish(ctx context.Context) error {
	v, _, err := s.managing()
	if err != nil {
		return err
	}
	next := v.document.Next
	if next == nil {
		return entente.Errorf(entente.Conflict, "There is no next certificate. Choose one: Set-FederationTrust -Thumbprint.")
	}
	thumb := next.thumbprint()
	checks, err := s.CertificateChecks(ctx, thumb)
	if err == nil {
		err = errRules(thumb, checks)
	}
	if err == nil {
		err = s.everywhere(ctx, thumb)
	}
	if err == nil {
		err = s.manage(ctx, brokerapi.UpdateAppIDCertificate, next.announce(s.Now()), nil)
	}
	if err != nil {
		return err
	}
	return s.turn(ctx, thumb)
}
