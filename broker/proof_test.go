package broker

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
)

// state returns what the broker says of a domain, and that it is what is wanted.
func (o *org) state(verb string, d entente.Domain, want brokerapi.DomainState) brokerapi.DomainInfo {
	o.w.t.Helper()
	var i brokerapi.DomainInfo
	o.must(verb, brokerapi.DomainName{Domain: d}, &i)
	if i.State != want {
		o.w.t.Errorf("%s is %s: %s", d, i.State, i.Problem)
	}
	return i
}

// TestProof has records that prove, and those that do not.
func TestProof(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.newOrg("contoso.example")
	o.register()
	i := o.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending)
	stranger := w.newOrg("fabrikam.example")
	stranger.register()
	const at, scoped = "contoso.example", "_entente-federation.contoso.example"
	test := func(name string, want bool, records ...string) {
		t.Helper()
		w.dns.forget(at)
		w.dns.forget(scoped)
		w.dns.set(name, records...)
		var d *domain
		a, d, _, err := w.claim(t.Context(), "contoso.example", o.id)
		if err != nil {
			t.Fatal(err)
		}
		f := w.lookFor(t.Context(), "contoso.example", accepts(a, d, w.Now()))
		if (f.verdict == present) != want || f.verdict == unknown || !want && f.problem == "" {
			t.Errorf("%s %q: %+v", name, records, f)
		}
	}
	nonce := i.Scoped[strings.Index(i.Scoped, "nonce=")+6 : strings.Index(i.Scoped, "; exp")]
	test(at, true, i.Proof)
	test(scoped, true, i.Proof)
	test(scoped, true, i.Scoped)
	test(scoped, true, "v=1; app="+string(o.id)+"; nonce="+nonce)
	test(scoped, true, "something", i.Scoped)
	test(scoped, true, "v=1; app="+string(o.id)+"; nonce="+nonce+"; exp=2026-11-28")

	test(at, false)
	test(at, false, i.Scoped) // only under its label
	test(scoped, false, "v=1; app="+string(o.id)+"; nonce="+nonce+"; exp=2026-11-27")
	test(scoped, false, "v=1; app="+string(stranger.id)+"; nonce="+nonce)
	test(scoped, false, "v=1; app="+string(o.id)+"; nonce="+nonce+"0")
	test(scoped, false, "v=1; app="+string(o.id)+"; recover="+nonce)
	test(at, false, i.Proof+" ")
	test(at, false, strings.ToLower(i.Proof))
	test(at, false, brokerapi.DomainProof(stranger.id, "contoso.example", stranger.signer.Certificate))
	test(at, false, brokerapi.DomainProof(o.id, "fabrikam.example", o.signer.Certificate))
	test(at, false, brokerapi.DomainProof(o.id, "contoso.example", stranger.signer.Certificate))
	test("_entente-federation.example", false, i.Scoped)
	test("*.contoso.example", true, i.Scoped)
	w.dns.set("*.contoso.example")

	// The proof of the certificate that is next is as good, so that the record can
	// be changed before.
	next := newCertificate(t, w.Now(), nil)
	o.must(brokerapi.UpdateAppIDCertificate, brokerapi.NewCertificate{Certificate: next.Certificate.Raw}, nil)
	test(at, true, brokerapi.DomainProof(o.id, "contoso.example", next.Certificate))
	test(at, true, i.Proof)
}

// TestResolversMustAgree has one of those who are asked say otherwise, or nothing.
func TestResolversMustAgree(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.newOrg("contoso.example")
	o.register()
	scoped := "_entente-federation.contoso.example"
	i := o.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending)
	pending := func(why string) {
		t.Helper()
		i := o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Pending)
		if !strings.Contains(i.Problem, why) {
			t.Errorf("problem: %s", i.Problem)
		}
	}
	w.other.set(scoped, i.Scoped) // it alone is deceived
	pending("do not agree")
	w.dns.set(scoped, i.Scoped)
	w.other.set(scoped, "something")
	pending("do not agree")
	w.other.set(scoped, i.Scoped)
	w.other.silence(true)
	pending("did not answer")
	w.dns.silence(true)
	pending("did not answer")
	w.dns.silence(false)
	w.other.silence(false)
	o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Active)

	// A lying authority is one that is asked; one that cannot be found is not held
	// against anybody.
	w.dns.hide()
	o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Active)
	if i := o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Active); i.Problem != "" {
		t.Errorf("problem: %s", i.Problem)
	}
}

func TestDomainsThatNobodyHas(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.newOrg("contoso.example")
	o.register()
	test := func(d entente.Domain, want string) {
		t.Helper()
		o.refused(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: d}, want)
	}
	test("example", brokerapi.InvalidDomain)
	test("com", brokerapi.InvalidDomain)
	test("co.uk", brokerapi.InvalidDomain)
	test("github.io", brokerapi.InvalidDomain)
	test("localhost", brokerapi.InvalidDomain)
	test("", brokerapi.InvalidDomain)
	test("Contoso.example", brokerapi.InvalidDomain)
	test("contoso.example.", brokerapi.InvalidDomain)
	test("contoso .example", brokerapi.InvalidDomain)
	test("bücher.example", brokerapi.InvalidDomain)
	test("*.contoso.example", brokerapi.InvalidDomain)
	o.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.co.uk"}, nil)
	for _, verb := range []string{brokerapi.CheckDomain, brokerapi.GetDomainInfo, brokerapi.ReleaseDomain} {
		o.refused(verb, brokerapi.DomainName{Domain: "fabrikam.example"}, brokerapi.NoSuchDomain)
	}
}

// TestSuspension has a proof go and come back, while its neighbour stays.
func TestSuspension(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		w.notices()
		scoped := "_entente-federation.contoso.example"
		record := w.dns.said[scoped+"."]
		day := func() {
			w.clock.pass(daytime + time.Hour)
			w.Tick(t.Context())
		}
		heard := func(want ...string) {
			t.Helper()
			got := w.notices()
			if len(got) != len(want) {
				t.Errorf("told: %q", got)
				return
			}
			for i := range want {
				if !strings.HasPrefix(got[i], "admin@contoso.example contoso.example: ") || !strings.Contains(got[i], want[i]) {
					t.Errorf("told: %q", got[i])
				}
			}
		}
		day()
		heard()

		// Silence for a week is nothing.
		w.dns.silence(true)
		for range 7 {
			day()
		}
		if i := a.state(brokerapi.GetDomainInfo, "contoso.example", brokerapi.Active); !strings.Contains(i.Problem, "did not answer") {
			t.Errorf("problem: %s", i.Problem)
		}
		heard()
		w.dns.silence(false)

		w.dns.set(scoped)
		day()
		heard("within three days")
		day()
		day()
		a.must(brokerapi.IssueToken, a.wants(b), nil)
		heard()
		day()
		heard("no tokens are issued")
		a.state(brokerapi.GetDomainInfo, "contoso.example", brokerapi.Suspended)
		b.state(brokerapi.GetDomainInfo, "fabrikam.example", brokerapi.Active)
		a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.NotActive)
		b.refused(brokerapi.IssueToken, b.wants(a), brokerapi.UnknownTarget)
		if r := w.actions("broker.domain.suspend"); len(r) != 1 || r[0].Allowed || !slices.Equal(r[0].Targets, []string{string(a.id), "contoso.example"}) {
			t.Errorf("recorded: %+v", r)
		}

		w.dns.set(scoped, record...)
		day()
		heard("is proven and active")
		a.must(brokerapi.IssueToken, a.wants(b), nil)

		// Gone for ninety days, it is nobody's.
		w.dns.set(scoped)
		for range 95 {
			day()
		}
		heard("within three days", "no tokens are issued", "is released")
		a.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "contoso.example"}, brokerapi.NoSuchDomain)
	})
}

// TestPendingExpires: what is not proven in seven days is not reserved.
func TestPendingExpires(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b := w.newOrg("contoso.example"), w.newOrg("contoso.example")
	a.register()
	b.register()
	i := a.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending)
	b.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending) // nobody keeps it from anybody
	w.clock.pass(2 * time.Hour)
	w.Tick(t.Context())
	w.dns.set("_entente-federation.contoso.example", i.Scoped)
	w.clock.pass(2 * time.Hour)
	w.Tick(t.Context())
	a.state(brokerapi.GetDomainInfo, "contoso.example", brokerapi.Active) // by itself
	w.clock.pass(pendingFor)
	w.Tick(t.Context())
	w.Tick(t.Context())
	b.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "contoso.example"}, brokerapi.NoSuchDomain)
	if r := w.actions("broker.domain.expire"); len(r) != 1 {
		t.Errorf("recorded: %+v", r)
	}
}

// TestTakeOver: a domain that changed hands follows its proof, seven days late.
func TestTakeOver(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.join("contoso.example"), w.newOrg("contoso.example")
		b.register()
		scoped := "_entente-federation.contoso.example"
		mine, theirs := w.dns.said[scoped+"."], b.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending).Scoped
		take := func(want brokerapi.DomainState) {
			t.Helper()
			i := b.state(brokerapi.CheckDomain, "contoso.example", want)
			if want == brokerapi.Pending && !strings.Contains(i.Problem, "for another organization") {
				t.Errorf("problem: %s", i.Problem)
			}
		}
		w.dns.set(scoped, append([]string{theirs}, mine...)...)
		take(brokerapi.Pending) // both are there
		w.dns.set(scoped, theirs)
		take(brokerapi.Pending) // from now on it is gone
		w.clock.pass(takeOver - time.Hour)
		b.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)
		w.dns.set(scoped, append([]string{theirs}, mine...)...)
		take(brokerapi.Pending) // it came back: the time begins anew
		w.dns.set(scoped, theirs)
		w.clock.pass(2 * time.Hour)
		b.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)
		w.clock.pass(takeOver - time.Hour)
		take(brokerapi.Pending)
		b.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)
		w.notices()
		w.clock.pass(time.Hour)
		w.dns.silence(true) // not known is not gone, and not there
		b.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Pending)
		w.dns.silence(false)
		take(brokerapi.Active)
		a.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "contoso.example"}, brokerapi.NoSuchDomain)
		if got := w.notices(); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "proven by another organization") }) {
			t.Errorf("told: %q", got)
		}
		if r := w.actions("broker.domain.takeover"); len(r) != 1 || r[0].Targets[0] != string(a.id) {
			t.Errorf("recorded: %+v", r)
		}
		// The former owner's record alone gets it back only in the same way.
		a.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)
		a.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Pending)
	})
}

// TestRecordThatEnds: who wrote an end into his record hears in time, and is
// proposed one with a later end.
func TestRecordThatEnds(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.newOrg("contoso.example")
	o.signer = newCertificate(t, w.Now(), func(c *x509.Certificate) { c.NotAfter = w.Now().Add(20 * 365 * daytime) })
	o.register()
	scoped := "_entente-federation.contoso.example"
	i := o.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending)
	w.dns.set(scoped, i.Scoped)
	soon := func(want bool) brokerapi.DomainInfo {
		t.Helper()
		i := o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Active)
		if got := strings.Contains(i.Problem, "until 2031-11-27 only"); got != want {
			t.Errorf("problem: %q", i.Problem)
		}
		return i
	}
	if got := soon(false); got.Scoped != i.Scoped {
		t.Errorf("another record is proposed at once: %s", got.Scoped)
	}
	w.clock.pass(5*365*daytime - 61*daytime)
	if got := soon(false); !strings.HasSuffix(got.Scoped, "exp=2036-11-25") {
		t.Errorf("proposed: %s", got.Scoped)
	}
	w.clock.pass(2 * daytime)
	w.dns.set(scoped, i.Scoped, soon(true).Scoped)
	soon(false)
}

func TestWildcardIsNoted(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.newOrg("contoso.example")
	o.register()
	i := o.state(brokerapi.ReserveDomain, "contoso.example", brokerapi.Pending)
	w.dns.set("*.contoso.example", i.Scoped)
	o.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Active)
	_, d, _, err := w.claim(t.Context(), "contoso.example", o.id)
	if err != nil || !d.wildcard {
		t.Errorf("%+v, %v", d, err)
	}
}
