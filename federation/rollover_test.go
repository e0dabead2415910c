package federation

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/federation/token"
	"entente/keys"
)

// short gives an organization a trust whose certificate ends soon.
func (w *world) short(life time.Duration) *org {
	w.t.Helper()
	o := w.joinedBy(NewCertificate{Life: life}, "contoso.example", "contoso.test")
	return o
}

// asks has a ask about b: whatever goes on, that does not fail.
func asks(t *testing.T, a, b *org) {
	t.Helper()
	g, err := a.Ask(t.Context(), a.anna(t), b.Trust().ApplicationURI, token.FreeBusy)
	if err != nil {
		t.Fatalf("on %s: no token: %v", a.clock.Now(), err)
	}
	x := b.open(t, g)
	if x.Holder != g.Holder {
		t.Fatal("the token names another key")
	}
	if _, err := a.SignerOf(g.Holder); err != nil {
		t.Fatal("the token cannot be presented:", err)
	}
}

// TestRollover goes through a rollover that nobody helps, with two nodes and a
// broker whose keys roll too, and asks for tokens all the time.
func TestRollover(t *testing.T) {
	w := newWorld(t)
	a, b := w.short(60*day), w.joinedBy(NewCertificate{Life: 56 * day}, "fabrikam.example")
	second := a.node("node2", a.dir)
	a.live = []string{"node1", "node2"}
	ctx := t.Context()
	first := a.Trust().Current.Thumbprint
	_, pinned, err := a.Signer()
	must(t, err)
	var early *Granted // a token that is opened much later
	phases := []string{"current"}
	issuer := len(a.Trust().BrokerKeys)
	broker := a.Trust().BrokerKeys[0].P256
	for range 70 * 3 {
		w.clock.pass(8 * time.Hour)
		w.Tick(ctx)
		for _, s := range []*Service{a.Service, second, b.Service} {
			must(t, s.load(ctx))
			s.tend(ctx)
		}
		must(t, a.load(ctx))
		asks(t, a, b)
		g, err := b.Ask(ctx, b.bob(t), a.Trust().ApplicationURI, token.FreeBusy)
		must(t, err)
		a.open(t, g)
		if second.Opener() == nil || len(second.Opener().Open) != len(a.Opener().Open) {
			t.Fatal("the nodes have different keys")
		}
		phase := "current"
		x := a.Trust()
		switch {
		case x.Next != nil:
			phase = "next"
		case x.Previous != nil:
			phase = "previous"
		}
		if phases[len(phases)-1] != phase {
			phases = append(phases, phase)
			if phase == "previous" {
				early = nil
			}
		}
		if phase == "next" && early == nil {
			early, err = b.Ask(ctx, b.bob(t), x.ApplicationURI, token.InviteMessage)
			must(t, err)
		}
		if early != nil && w.clock.Now().Before(early.Expires) {
			a.open(t, early)
		}
		if !slices.Contains(Succession([]string{pinned}, a.Peer()), a.Peer().Keys[0].Key.Thumbprint()) {
			t.Fatal("a partner that pinned the first key loses the organization")
		}
		if phase == "current" && x.Current.Thumbprint != first {
			break
		}
	}
	if got := strings.Join(phases, " "); got != "current next previous current" {
		t.Errorf("it went through %s", got)
	}
	if x := a.Trust(); x.Current.Thumbprint == first || len(x.BrokerKeys) < issuer {
		t.Error("the certificate is the first one still")
	}
	if b.Trust().Current == nil || broker == a.Trust().BrokerKeys[0].P256 && w.clock.Now().Sub(newClock().Now()) > 90*day {
		t.Error("the broker's keys are the first ones still")
	}
	for p, want := range map[keys.Purpose]int{keys.FederationCertificate: 1, keys.FederationAgreement: 1, keys.FederationSigning: 1} {
		w.clock.pass(2 * sweepEvery)
		must(t, a.sweep(ctx))
		if all, err := a.Ring.Named(ctx, p); err != nil || len(all) != want {
			t.Errorf("%d keys of %s are left: %v", len(all), p, err)
		}
	}
	for _, what := range []string{"A new one was made", "The broker knows the next", "is in use now", "its keys were wiped"} {
		n := 0
		for _, text := range a.notes {
			if strings.Contains(text, what) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q was told %d times", what, n)
		}
	}
}

// step lets time go by, by the hour; leap, by the half day.
func (w *world) step(d time.Duration, all ...*Service) { w.by(time.Hour, d, all) }
func (w *world) leap(d time.Duration, all ...*Service) { w.by(12*time.Hour, d, all) }

func (w *world) by(part, d time.Duration, all []*Service) {
	w.t.Helper()
	for range d / part {
		w.clock.pass(part)
		w.Tick(w.t.Context())
		for _, s := range all {
			must(w.t, s.load(w.t.Context()))
			s.tend(w.t.Context())
		}
	}
}

// TestRolloverWaits holds what a rollover waits for: every node, the broker, the
// proofs; and that it says so once, and goes on by itself.
func TestRolloverWaits(t *testing.T) {
	cases := map[string]struct {
		text        string
		begin, help func(w *world, a *org)
	}{
		"a node lacks the key": {
			"node9 cannot use its key",
			func(_ *world, a *org) { a.live = []string{"node1", "node9"} },
			func(_ *world, a *org) { a.live = []string{"node1"} },
		},
		"the broker is down": {
			"does not answer",
			func(w *world, _ *org) { w.Down.Store(true) },
			func(w *world, _ *org) { w.Down.Store(false) },
		},
		"the proof is for one certificate": {
			"ProofFailed",
			func(w *world, a *org) {
				for _, d := range []entente.Domain{"contoso.example", "contoso.test"} {
					all, err := a.Proofs(d, a.Trust().Current.Thumbprint)
					must(w.t, err)
					w.Zone.Set("_entente-federation." + string(d))
					w.Zone.Set(string(d), all[0].Proof)
				}
			},
			func(w *world, a *org) {
				for _, d := range []entente.Domain{"contoso.example", "contoso.test"} {
					all, err := a.Proofs(d, "")
					must(w.t, err)
					var texts []string
					for _, p := range all {
						if p.Name == string(d) {
							texts = append(texts, p.Proof)
						}
					}
					w.Zone.Set(string(d), texts...)
				}
			},
		},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.short(12 * day)
			w.leap(5*day, a.Service)
			x.begin(w, a)
			w.step(2*day, a.Service)
			if next := a.Trust().Next; next == nil {
				t.Fatal("there is no next certificate")
			}
			c := a.Certificates()
			i := slices.IndexFunc(c, func(c CertificateInfo) bool { return c.Role == "Next" })
			if !strings.Contains(c[i].Hurts, x.text) || !c[i].Told.IsZero() {
				t.Errorf("it waits for %q", c[i].Hurts)
			}
			n := 0
			for _, text := range a.notes {
				if strings.Contains(text, "waits: ") {
					n++
				}
			}
			if n != 1 {
				t.Errorf("it was told %d times: %q", n, a.notes)
			}
			next := a.Trust().Next.Thumbprint
			x.help(w, a)
			w.step(2*day, a.Service)
			if a.Trust().Current.Thumbprint != next {
				t.Errorf("it does not go on: %+v", a.Certificates())
			}
		})
	}
}

// TestRolloverTogether has many nodes tend at once: each step is taken once.
func TestRolloverTogether(t *testing.T) {
	w := newWorld(t)
	a := w.short(12 * day)
	all := []*Service{a.Service}
	a.live = []string{"node1", "node2", "node3"}
	all = append(all, a.node("node2", a.dir), a.node("node3", a.dir))
	for range 8 * 6 {
		w.clock.pass(4 * time.Hour)
		var together sync.WaitGroup
		for _, s := range all {
			together.Go(func() {
				if err := s.load(t.Context()); err != nil {
					t.Error(err)
				}
				s.tend(t.Context())
			})
		}
		together.Wait()
	}
	must(t, a.load(t.Context()))
	if x := a.Trust(); x.Next != nil || x.Previous == nil {
		t.Fatalf("it is not over: %q", a.notes)
	}
	n := 0
	for _, text := range a.notes {
		if strings.Contains(text, "is in use now") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("it changed %d times: %q", n, a.notes)
	}
	// The broker went along: it knows the certificate that is in use.
	if _, err := a.DomainInfo(t.Context(), "contoso.example", true); err != nil {
		t.Error(err)
	}
}

// TestManual holds the steps an administrator takes, and in which order.
func TestManual(t *testing.T) {
	w := newWorld(t)
	a, b := w.joined("contoso.example"), w.joined("fabrikam.example")
	ctx := t.Context()
	must(t, a.Set(ctx, Settings{Automatic: new(bool)}))
	if err := a.Publish(ctx); err == nil {
		t.Error("nothing is published")
	}
	if err := a.SetNext(ctx, "0123"); reason(err) != BadCertificate || !strings.Contains(err.Error(), "cannot be found") {
		t.Error(err)
	}
	if err := a.SetNext(ctx, a.Trust().Current.Thumbprint); err == nil {
		t.Error("the current certificate is the next one")
	}
	one, err := a.MakeCertificate(ctx, NewCertificate{CommonName: "one"})
	must(t, err)
	two, err := a.MakeCertificate(ctx, NewCertificate{CommonName: "two"})
	must(t, err)
	must(t, a.SetNext(ctx, one))
	must(t, a.SetNext(ctx, two)) // he thinks better of it
	if a.Trust().Next.Thumbprint != two {
		t.Error("the next one is another")
	}
	w.step(30*time.Hour, a.Service)
	if a.Trust().Current.Thumbprint == two {
		t.Error("it was published by itself")
	}
	a.live = []string{"node1", "node2"}
	if err := a.Publish(ctx); reason(err) != NodeLacksKey || !strings.Contains(err.Error(), "node2") {
		t.Error(err)
	}
	a.live = []string{"node1"}
	before, err := b.Ask(ctx, b.bob(t), a.Trust().ApplicationURI, token.FreeBusy)
	must(t, err)
	must(t, a.Publish(ctx))
	if x := a.Trust(); x.Current.Thumbprint != two || x.Next != nil || x.Previous == nil {
		t.Error("it is not published")
	}
	a.open(t, before)
	asks(t, a, b)
	after, err := b.Ask(ctx, b.bob(t), a.Trust().ApplicationURI, token.FreeBusy)
	must(t, err)
	a.open(t, after)
	if err := a.Discard(ctx, two); err == nil {
		t.Error("the certificate in use is removed")
	}
	must(t, a.Discard(ctx, one))
}

// TestRecovery loses a certificate in each way, and gets the organization back.
func TestRecovery(t *testing.T) {
	lost := map[string]func(w *world, a *org){
		"expired": func(w *world, a *org) { w.leap(12*day, a.Service) },
		"wiped": func(w *world, a *org) {
			d := a.view.Load().document
			must(w.t, a.forget(w.t.Context(), d.Current))
			a.Service = a.node("node1", a.dir)
		},
	}
	for name, lose := range lost {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.joinedBy(NewCertificate{Life: 10 * day}, "contoso.example"), w.joined("fabrikam.example")
			ctx := t.Context()
			must(t, a.Set(ctx, Settings{Automatic: new(bool)}))
			old := a.Trust().Current.Thumbprint
			lose(w, a)
			if _, err := a.AddDomain(ctx, "contoso.test"); err == nil {
				t.Error("the organization can be managed without its certificate")
			}
			if err := a.RemoveDomain(ctx, "contoso.example", false); err == nil {
				t.Error("a domain is released without a certificate")
			}
			if _, err := a.Recover(ctx, "other.example", entente.Secret{}); err == nil {
				t.Error("it is recovered by a domain that is not its own")
			}
			if _, err := a.Recover(ctx, "contoso.example", entente.NewSecret("AAAA")); reason(err) != BrokerRefused {
				t.Error("another AdminKey does it:", err)
			}
			r, err := a.Recover(ctx, "contoso.example", entente.Secret{})
			must(t, err)
			if r.Done || r.Name != "_entente-federation.contoso.example" || !strings.Contains(r.Record, "recover=") {
				t.Fatalf("%+v", r)
			}
			again, err := a.Recover(ctx, "contoso.example", entente.Secret{})
			must(t, err)
			if again != r {
				t.Errorf("asked twice, the record is another: %+v", again)
			}
			info, err := a.DomainInfo(ctx, "contoso.example", false)
			must(t, err)
			w.Zone.Set(r.Name, info.Scoped, r.Record)
			done, err := a.Recover(ctx, "contoso.example", entente.Secret{})
			must(t, err)
			if !done.Done || a.Trust().Current.Thumbprint != done.Thumbprint || done.Thumbprint == old {
				t.Fatalf("%+v", done)
			}
			asks(t, a, b)
			g, err := b.Ask(ctx, b.bob(t), a.Trust().ApplicationURI, token.FreeBusy)
			must(t, err)
			a.open(t, g)
			if _, err := a.AddDomain(ctx, "contoso.test"); err != nil {
				t.Error("it cannot be managed:", err)
			}
			// What spoke for the organization before says who does now, unless it is lost too.
			peer := a.Peer()
			signed := peer.Keys[0].Signed != ""
			if signed != (name == "expired") {
				t.Errorf("the new key is signed by the old: %v", signed)
			}
		})
	}
}
