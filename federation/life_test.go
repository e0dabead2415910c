package federation

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/keys"
)

func (o *org) anna(t *testing.T) token.Subject {
	t.Helper()
	who, err := o.Subject(entente.MailboxID{1}, addresses("anna@contoso.example"))
	must(t, err)
	return who
}

func (o *org) bob(t *testing.T) token.Subject {
	t.Helper()
	who, err := o.Subject(entente.MailboxID{2}, addresses("bob@fabrikam.example"))
	must(t, err)
	return who
}

// open opens a token as the organization that was asked.
func (o *org) open(t *testing.T, g *Granted) *token.Token {
	t.Helper()
	var x *token.Token
	var err error
	if g.JWT != "" {
		x, err = o.Opener().JWT(g.JWT, o.clock.Now())
	} else {
		x, err = o.Opener().SAML(g.SAML, o.clock.Now())
	}
	if err != nil {
		t.Fatalf("the token does not open: %v", err)
	}
	return x
}

// TestLife goes with an organization from nothing to a token, and back.
func TestLife(t *testing.T) {
	w := newWorld(t)
	a, b := w.joined("contoso.example", "contoso.test"), w.joined("fabrikam.example")
	ctx := t.Context()
	x := a.Trust()
	if x.ApplicationURI != "FYDIBOHF25SPDLT.contoso.example" || !x.Enabled || !x.RequireProof || !validAppID(x.AppID) || x.DefaultDomain != "contoso.example" {
		t.Errorf("%+v", x)
	}
	g, err := a.Ask(ctx, a.anna(t), b.Trust().ApplicationURI, token.FreeBusy)
	must(t, err)
	said := b.open(t, g)
	_, id, err := a.Signer()
	must(t, err)
	if said.Requestor != x.ApplicationURI || said.Offer != token.FreeBusy || said.Holder != id || g.Holder != id || said.App != x.AppID {
		t.Errorf("%+v", said)
	}
	if _, err := a.Opener().JWT(g.JWT, w.clock.Now()); err == nil {
		t.Error("a token for another opens")
	}

	test := func(name string, want entente.Reason, who token.Subject, target string) {
		t.Helper()
		if _, err := a.Ask(ctx, who, target, token.FreeBusy); reason(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	anna := a.anna(t)
	test("nobody there", BrokerRefused, anna, "FYDIBOHF25SPDLT.nobody.example")
	test("no target", Misconfigured, anna, "")
	test("no address", NoFederatedProxy, token.Subject{Immutable: "x"}, b.Trust().ApplicationURI)
	test("another's address", NoFederatedProxy, token.Subject{Immutable: anna.Immutable, Mails: addresses("bob@fabrikam.example")}, b.Trust().ApplicationURI)

	off, on := false, true
	must(t, a.Set(ctx, Settings{Enabled: &off}))
	test("disabled", NotFederated, anna, b.Trust().ApplicationURI)
	if a.Opener() != nil {
		t.Error("a disabled organization opens tokens")
	}
	must(t, a.Set(ctx, Settings{Enabled: &on}))
	w.Down.Store(true)
	test("the broker is down", BrokerUnavailable, anna, b.Trust().ApplicationURI)
	w.Down.Store(false)

	// The account namespace goes last, and the trust after it.
	if err := a.RemoveTrust(ctx); err == nil || !strings.Contains(err.Error(), "federated domains") {
		t.Error(err)
	}
	if err := a.RemoveDomain(ctx, "contoso.example", false); err == nil || !strings.Contains(err.Error(), "account namespace") {
		t.Error(err)
	}
	must(t, a.RemoveDomain(ctx, "contoso.test", false))
	must(t, a.RemoveDomain(ctx, "contoso.example", false))
	test("no namespace", NotFederated, anna, b.Trust().ApplicationURI)
	must(t, a.RemoveTrust(ctx))
	if a.Trust() != nil {
		t.Error("the trust is there")
	}
	if all, err := a.Ring.Named(ctx, "federation-certificate"); err != nil || len(all) > 0 {
		t.Error("its keys are there", all, err)
	}
	var changed []string
	for _, n := range a.notes {
		if text, ok := strings.CutPrefix(n, "changed: "); ok {
			changed = append(changed, text)
		}
	}
	if len(changed) != 8 {
		t.Errorf("partners were told %d times: %q", len(changed), changed)
	}
}

// TestDomains holds what is said of domains that cannot be federated.
func TestDomains(t *testing.T) {
	w := newWorld(t)
	a := w.joined("contoso.example")
	ctx := t.Context()
	a.Accepted = nil
	long := entente.Domain(strings.Repeat("a", 25) + ".example")
	if _, err := a.AddDomain(ctx, long); err == nil || !strings.Contains(err.Error(), "at most 32") {
		t.Error(err)
	}
	info, err := a.AddDomain(ctx, "contoso.test")
	must(t, err)
	if err := Proven(info); reason(err) != ProofFailed || !strings.Contains(err.Error(), "contoso.test IN TXT hash-value") {
		t.Error(err)
	}
	if a.Trust().Federated("contoso.test") {
		t.Error("a domain without a proof is federated")
	}
	// The proof for the certificate, at the domain itself, does as well.
	proofs, err := a.Proofs("contoso.test", "")
	must(t, err)
	if len(proofs) != 2 || proofs[0].Name != "contoso.test" || len(proofs[0].Proof) != 88 || proofs[1].Name != "_entente-federation.contoso.test" {
		t.Fatalf("%+v", proofs)
	}
	w.Zone.Set("contoso.test", "v=spf1 -all", proofs[0].Proof)
	w.clock.pass(time.Minute)
	info, err = a.AddDomain(ctx, "contoso.test")
	must(t, err)
	if Proven(info) != nil || !a.Trust().Federated("contoso.test") {
		t.Error("a proven domain is not federated", info)
	}
	if _, err := a.Proofs("contoso.test", "NONE"); reason(err) != BadCertificate {
		t.Error(err)
	}
	if _, err := a.SetNamespace(ctx, "other.example"); err == nil {
		t.Error("the namespace is replaced")
	}
	if _, err := a.CheckDomain(ctx, "other.example"); err == nil {
		t.Error("a domain is checked that is not ours")
	}

	// What the broker cannot be told is removed here by force alone.
	w.Down.Store(true)
	if err := a.RemoveDomain(ctx, "contoso.test", false); reason(err) != BrokerUnavailable || !strings.Contains(err.Error(), "couldn't be released") {
		t.Error(err)
	}
	must(t, a.RemoveDomain(ctx, "contoso.test", true))
	if a.Trust().Federated("contoso.test") {
		t.Error("it is federated still")
	}
	w.Down.Store(false)

	// The broker suspends a domain whose proof is gone, and this is told.
	w.Zone.Set("_entente-federation.contoso.example")
	for range 5 {
		w.clock.pass(25 * time.Hour)
		w.Tick(ctx)
	}
	a.tend(ctx)
	if a.Trust().Federated("contoso.example") {
		t.Error("a suspended domain is federated")
	}
	if !strings.Contains(strings.Join(a.notes, "\n"), "contoso.example is Suspended now") {
		t.Errorf("nobody is told: %q", a.notes)
	}
	if info, err := a.DomainInfo(ctx, "contoso.example", true); err != nil || info.State != brokerapi.Suspended {
		t.Error(info, err)
	}
}

// TestTrials holds that a test names what is broken, and is content with what is
// not.
func TestTrials(t *testing.T) {
	w := newWorld(t)
	a := w.joinedBy(NewCertificate{Life: 100 * day}, "contoso.example")
	ctx := t.Context()
	real, on, off := a.HTTP, true, false
	test := func(name, broken, warned, text string, begin, end func()) {
		t.Helper()
		begin()
		var failed, warnings []string
		first := ""
		for _, x := range a.Test(ctx, nil) {
			switch x.Type {
			case Error:
				failed = append(failed, x.ID)
				if first == "" {
					first = x.Message
				}
			case Warning:
				warnings = append(warnings, x.ID)
				if first == "" {
					first = x.Message
				}
			}
			if x.Message == "" {
				t.Errorf("%s: %s says nothing", name, x.ID)
			}
		}
		if strings.Join(failed, " ") != broken || strings.Join(warnings, " ") != warned || !strings.Contains(first, text) {
			t.Errorf("%s: failed %q, warned %q: %s", name, failed, warnings, first)
		}
		end()
	}
	none := func() {}
	test("nothing is broken", "", "", "", none, none)
	test("switched off", "FederationTrustConfiguration TokenRequest", "", "switched off",
		func() { must(t, a.Set(ctx, Settings{Enabled: &off})) }, func() { must(t, a.Set(ctx, Settings{Enabled: &on})) })
	test("the broker is down", "FederationMetadata TokenRequest", "", "does not answer", func() { w.Down.Store(true) }, func() { w.Down.Store(false) })
	test("no DNS, no network", "FederationMetadata TokenRequest", "", "does not answer",
		func() { a.HTTP = &http.Client{Transport: says{http.StatusBadGateway, ""}} }, func() { a.HTTP = real })
	test("another node lacks the key", "OrganizationCertificate", "", "node2 cannot use its key",
		func() { a.live = []string{"node1", "node2"} }, func() { a.live = []string{"node1"} })
	test("weak algorithms", "", "FederationTrustConfiguration", "weak", func() { must(t, a.Set(ctx, Settings{Legacy: &on})) }, func() { must(t, a.Set(ctx, Settings{Legacy: &off})) })
	test("a domain waits", "", "FederationTrustConfiguration", "contoso.test is Pending", func() {
		_, err := a.AddDomain(ctx, "contoso.test")
		must(t, err)
	}, func() { must(t, a.RemoveDomain(ctx, "contoso.test", false)) })
	must(t, a.Set(ctx, Settings{Automatic: &off}))
	test("it ends soon", "", "OrganizationCertificate", "there is no next one", func() { w.leap(75*day, a.Service) }, none)
	test("it has ended", "OrganizationCertificate TokenRequest", "", "cannot be used for federation", func() { w.leap(26*day, a.Service) }, none)
}

// TestProvisioned makes a trust that the broker has already: by the certificate it
// knows, and by one it does not, which a recovery makes known.
func TestProvisioned(t *testing.T) {
	w := newWorld(t)
	a := w.joined("contoso.example")
	ctx := t.Context()
	key, err := a.Ring.Kept(ctx, keys.FederationAdminKey, string(a.Trust().AppID))
	must(t, err)
	p := &Provisioned{AppID: a.Trust().AppID, ApplicationURI: a.Trust().ApplicationURI, AdminKey: key}
	for name, x := range map[string]*Provisioned{
		"no key":    {AppID: p.AppID, ApplicationURI: p.ApplicationURI},
		"no URI":    {AppID: p.AppID, AdminKey: key},
		"no AppID":  {ApplicationURI: p.ApplicationURI, AdminKey: key},
		"no domain": {AppID: p.AppID, ApplicationURI: "urn:x", AdminKey: key},
	} {
		if _, err := w.org().CreateTrust(ctx, NewTrust{Name: "broker", Broker: w.URL, Provisioned: x}); err == nil {
			t.Errorf("%s is needed", name)
		}
	}
	file, err := a.Export(ctx, a.Trust().Current.Thumbprint, entente.NewSecret("a long secret"), "moving")
	must(t, err)
	same := w.org()
	thumb, err := same.Import(ctx, file, entente.NewSecret("a long secret"))
	must(t, err)
	_, err = same.CreateTrust(ctx, NewTrust{Name: "broker", Broker: w.URL, Thumbprint: thumb, Provisioned: p})
	must(t, err)
	if info, err := same.AddDomain(ctx, "contoso.example"); err != nil || info.State != brokerapi.Active {
		t.Fatal(info, err)
	}
	asks(t, same, same)

	lost := w.org()
	_, err = lost.CreateTrust(ctx, NewTrust{Name: "broker", Broker: w.URL, Provisioned: p})
	must(t, err)
	if _, err := lost.AddDomain(ctx, "contoso.example"); reason(err) != BrokerRefused {
		t.Error("a certificate that the broker does not know manages the organization:", err)
	}
	r, err := lost.Recover(ctx, "contoso.example", entente.Secret{})
	must(t, err)
	info, err := same.DomainInfo(ctx, "contoso.example", false)
	must(t, err)
	w.Zone.Set(r.Name, info.Scoped, r.Record)
	r, err = lost.Recover(ctx, "contoso.example", entente.Secret{})
	must(t, err)
	if !r.Done {
		t.Fatalf("%+v", r)
	}
	if info, err := lost.AddDomain(ctx, "contoso.example"); err != nil || info.State != brokerapi.Active {
		t.Fatal(info, err)
	}
	asks(t, lost, lost)
	if _, err := same.Ask(ctx, same.anna(t), lost.Trust().ApplicationURI, token.FreeBusy); err == nil {
		t.Error("what was lost is good for tokens still")
	}
}
