package partner

import (
	"testing"
	"time"

	"entente/access"
	"entente/availability"
	"entente/federation/token"
)

// TestAsks: somebody at contoso asks when people at fabrikam are free, with a
// token that fabrikam accepts and contoso's own signature.
func TestAsks(t *testing.T) {
	p := newPair(t)
	out := p.ask("amy@fabrikam.example", "bob@fab.example", "nobody@fabrikam.example")
	p.wants(out["amy@fabrikam.example"], "")
	p.wants(out["bob@fab.example"], "")
	p.wants(out["nobody@fabrikam.example"], availability.PartnerSays+"ErrorMailRecipientNotFound")
	a := out["amy@fabrikam.example"]
	if string(a.Merged) != "0200" || len(a.Busy) != 1 || a.Busy[0].Detail != nil || a.View != availability.FreeBusyMerged {
		t.Errorf("%s %+v", a.Merged, a)
	}
	if n := p.fabrikam.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	who := p.fabrikam.caller
	if who.Authenticated.Mail != anna.Mail || who.Foreign.Organization != contosoURI || who.Foreign.Key != thumbprint(p.broker.signer) {
		t.Errorf("fabrikam saw %+v, %+v", who, who.Foreign)
	}
	if agent := p.fabrikam.last.UserAgent(); agent != "Entente/CrossOrganization/contoso.example" {
		t.Errorf("User-Agent %s", agent)
	}
	rec := p.records.last()
	if rec.Action != Action || rec.As.Mail != anna.Mail || !rec.Allowed || len(rec.Targets) != 3 || rec.Via[0].How != "organization relationship fabrikam" ||
		rec.Steps[1].Fact != "JWT "+who.Evidence || rec.Request != p.fabrikam.last.Header.Get("client-request-id") {
		t.Errorf("recorded %+v; fabrikam's evidence is %s", rec, who.Evidence)
	}
	detailed := p.askAs(as(anna), availability.DetailedMerged, "amy@fabrikam.example")["amy@fabrikam.example"]
	if detailed.Busy[0].Detail == nil || detailed.Busy[0].Detail.Subject != "Budget" {
		t.Errorf("%+v", detailed.Busy)
	}
	if p.broker.count() != 1 {
		t.Errorf("the broker was asked %d times", p.broker.count())
	}
}

// TestSAML: a partner without a P-256 key is asked with an assertion, whose
// secret signs the message, and with contoso's own signature all the same.
func TestSAML(t *testing.T) {
	p := newPair(t)
	p.speakSAML()
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	if path := p.fabrikam.last.URL.Path; path != "/EWS/Exchange.asmx/WSSecurity/SymmetricKey" {
		t.Errorf("asked at %s", path)
	}
	if who := p.fabrikam.caller; who.Foreign.Key != thumbprint(p.broker.signer) || p.records.last().Steps[1].Fact != "SAML "+who.Evidence {
		t.Errorf("%+v, recorded %+v", who, p.records.last().Steps)
	}
	p.discoverable()
	p.clock.pass(time.Second) // the same message at the same time is one that was sent again
	p.wants(p.ask(amy)[amy], "")
	if p.broker.offers[token.Autodiscover] != 1 || p.fabrikam.refused.Load() != 0 {
		t.Errorf("%v, %d refused", p.broker.offers, p.fabrikam.refused.Load())
	}
}

// TestOwnSide has every documented outcome that this side finds.
func TestOwnSide(t *testing.T) {
	p := newPair(t)
	const amy = "amy@fabrikam.example"
	test := func(what string, want string, reason string, who *access.Caller, f func(*access.Relationship)) {
		t.Helper()
		before := p.facts.Relationships[0]
		p.relate(f)
		a := p.askAs(who, availability.FreeBusy, amy)[amy]
		p.wants(a, availabilityReason(reason))
		if a.Err == nil || a.Err.Error() == "" || want != "" && !contains(a.Err, want) {
			t.Errorf("%s: %v, want %s", what, a.Err, want)
		}
		if rec := p.records.last(); rec.Allowed || rec.Code != reason {
			t.Errorf("%s: recorded %+v", what, rec)
		}
		p.relate(func(r *access.Relationship) { *r = before })
	}
	same := func(*access.Relationship) {}
	test("disabled", "Configuration information for forest/domain fabrikam.example could not be found in Active Directory.", "relationship-missing", as(anna), func(r *access.Relationship) { r.Enabled = false })
	test("no free/busy", "", "relationship-without-free-busy", as(anna), func(r *access.Relationship) { r.FreeBusy = false })
	test("no application URI", "The organization relationship fabrikam can't be used. Please confirm that the organization relationship is configured correctly.", "relationship-unusable", as(anna), func(r *access.Relationship) { r.TargetApplicationURI = "" })
	test("no address in a federated domain", "", "asker-without-federated-proxy", as(kurt), same)
	test("nobody of ours", "", "asker-without-federated-proxy", as(access.Principal{SID: "S-1-5-21-1-1-1-9"}), same)
	test("of another organization", "", "relationship-organization", &access.Caller{Authenticated: access.Principal{Mail: "eve@tailspin.example"}, Method: access.Delegation}, same)
	p.broker.set(func(b *broker) { b.trust = nil })
	test("no trust", "No Federation trust is configured for this organization or no domain is federated as the account namespace.", "organization-not-federated", as(anna), same)
	if p.fabrikam.requests.Load() != 0 {
		t.Error("fabrikam was asked")
	}
	if out := p.ask("zoe@elsewhere.example"); len(out) != 0 || p.Partner("zoe@elsewhere.example") {
		t.Errorf("%v", out)
	}
}
