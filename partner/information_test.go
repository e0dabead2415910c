package partner

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/federation"
)

// inform asks for what fabrikam says of itself, found by its SRV record.
func (p *pair) inform(q Question) *Information {
	p.Helper()
	i, err := p.Information(p.Context(), q)
	if err != nil {
		p.Fatal(err)
	}
	return i
}

// hop finds a hop by how its name begins.
func hop(all []Hop, name string) Hop {
	i := slices.IndexFunc(all, func(h Hop) bool { return strings.HasPrefix(h.Name, name) })
	if i < 0 {
		return Hop{Result: "none"}
	}
	return all[i]
}

// TestInformation finds an organization by its domain and shows each step.
func TestInformation(t *testing.T) {
	p := newPair(t)
	p.discoverable()
	next, current, before := p256(), p256(), p256()
	p.fabrikam.peer = peerOf(t, fabrikamURI, start.Add(30*time.Minute), next, current, before)
	p.fabrikam.says = func(d string) (string, []string) {
		return "NoError", []string{d, "fab.example", "stolen.example", "alien.example"}
	}
	port, _ := strconv.Atoi(p.fabrikam.port)
	p.names.srv["_autodiscover._tcp.fab.example"] = []net.SRV{{Target: "mail.fabrikam.example.", Port: uint16(port)}}
	p.names.srv["_autodiscover._tcp.alien.example"] = p.names.srv["_autodiscover._tcp.fab.example"]
	i := p.inform(Question{Domain: "fabrikam.example"})
	if !i.Found || i.ApplicationURI != fabrikamURI || i.TokenIssuers[0] != issuerURI || i.AutodiscoverEPR != "https://mail.fabrikam.example:"+p.fabrikam.port+"/autodiscover/autodiscover.svc/WSSecurity" {
		t.Errorf("%+v", i)
	}
	if want := []entente.Domain{"fabrikam.example", "fab.example"}; !slices.Equal(i.Domains, want) {
		t.Errorf("domains %v", i.Domains)
	}
	if want := []string{thumbprint(next), thumbprint(current), thumbprint(before)}; !slices.Equal(i.Keys, want) {
		t.Errorf("keys %v", i.Keys)
	}
	for name, want := range map[string]string{
		"GetFederationInformation: https://autodiscover.": Skipped,
		"DNS: SRV _autodiscover":                          Success, "TLS: mail.fabrikam.example": Success, "GetFederationInformation: https://mail.fabrikam.example": Success,
		"keys": Success, "domain fab.example": Success, "domain stolen.example": Failure,
		"domain alien.example": Failure,
	} {
		if h := hop(i.Hops, name); h.Result != want || want == Failure && h.Remedy == "" {
			t.Errorf("%s: %+v", name, h)
		}
	}
	if i = p.inform(Question{Domain: "fabrikam.example", Bypass: true}); len(i.Domains) != 4 {
		t.Errorf("domains %v", i.Domains)
	}
	p.fabrikam.set(func(f *fabrikam) { f.peer = nil })
	if i = p.inform(Question{Domain: "fabrikam.example"}); i.Keys != nil || hop(i.Hops, "keys").Result != Skipped {
		t.Errorf("%+v", i)
	}
	p.fabrikam.set(func(f *fabrikam) { f.peer = peerOf(t, "other", start, current) })
	if i = p.inform(Question{Domain: "fabrikam.example"}); i.Keys != nil || hop(i.Hops, "keys").Result != Failure {
		t.Errorf("%+v", i)
	}
	p.fabrikam.set(func(f *fabrikam) { f.says = func(string) (string, []string) { return "NotFederated", nil } })
	if i = p.inform(Question{Domain: "fabrikam.example"}); i.Found || !strings.Contains(i.Hops[len(i.Hops)-1].Text, "NotFederated") {
		t.Errorf("%+v", i)
	}
	if _, err := p.Information(t.Context(), Question{Domain: "a b"}); err == nil {
		t.Error("no domain")
	}
}

// TestLeadsAway: neither a record nor a redirect leads out of the domain unasked,
// and nothing leads to what is not https.
func TestLeadsAway(t *testing.T) {
	p := newPair(t)
	p.discoverable()
	p.names.srv["_autodiscover._tcp.elsewhere.example"] = p.names.srv["_autodiscover._tcp.fabrikam.example"]
	if i := p.inform(Question{Domain: "elsewhere.example"}); i.Found || !strings.Contains(hop(i.Hops, "SRV").Text, "none of the organization's domains") {
		t.Errorf("%+v", i)
	}
	for _, q := range []Question{{Domain: "elsewhere.example", Force: true}, {Domain: "elsewhere.example", Trusted: []string{"Mail.fabrikam.example"}}} {
		if i := p.inform(q); !i.Found {
			t.Errorf("%+v: %+v", q, i)
		}
	}
	to := "https://localhost:" + p.fabrikam.port + "/autodiscover/autodiscover.svc"
	p.fabrikam.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.Host, "localhost") {
			return false
		}
		http.Redirect(w, r, to, http.StatusFound)
		return true
	}
	if i := p.inform(Question{Domain: "fabrikam.example"}); i.Found || hop(i.Hops, "redirect").Result != Failure {
		t.Errorf("%+v", i)
	}
	if i := p.inform(Question{Domain: "fabrikam.example", Trusted: []string{"localhost"}}); !i.Found || hop(i.Hops, "redirect").Result != Success {
		t.Errorf("%+v", i)
	}
	p.fabrikam.set(func(*fabrikam) { to = "http://localhost/" })
	if i := p.inform(Question{Domain: "fabrikam.example", Force: true}); i.Found || !strings.Contains(hop(i.Hops, "redirect").Text, "not https") {
		t.Errorf("%+v", i)
	}
}

// TestKeysFollowed: what a pinned key signed for is pinned in its place, and
// nothing else is.
func TestKeysFollowed(t *testing.T) {
	p := newPair(t)
	var pinned []string
	p.Pin = func(_ context.Context, name string, _, keys []string, _ string) error {
		if name != "fabrikam" {
			t.Errorf("pinned for %s", name)
		}
		pinned = keys
		p.relate(func(r *access.Relationship) { r.Keys = keys })
		return nil
	}
	first, second, third := p256(), p256(), p256()
	p.relate(func(r *access.Relationship) { r.Keys = []string{thumbprint(first)} })
	say := func(peer *federation.Peer) {
		pinned = nil
		p.fabrikam.set(func(f *fabrikam) { f.peer = peer })
		p.clock.pass(followEvery)
		p.followKeys(t.Context())
	}
	say(peerOf(t, fabrikamURI, start, first))
	if pinned != nil || p.following.trouble("fabrikam") != "" {
		t.Errorf("%v, %s", pinned, p.following.trouble("fabrikam"))
	}
	say(peerOf(t, fabrikamURI, start, second, first))
	if !slices.Equal(pinned, []string{thumbprint(second), thumbprint(first)}) {
		t.Errorf("%v", pinned)
	}
	say(peerOf(t, fabrikamURI, start, third)) // nobody signed for it
	if pinned != nil || !strings.Contains(p.following.trouble("fabrikam"), "none of the pinned keys") || !strings.Contains(p.Status()[0].Problem, "none of the pinned keys") {
		t.Errorf("%v, %s, %+v", pinned, p.following.trouble("fabrikam"), p.Status())
	}
	say(peerOf(t, "FYDIBOHF25SPDLT.other.example", start, third, second))
	if pinned != nil || !strings.Contains(p.following.trouble("fabrikam"), "is now FYDIBOHF25SPDLT.other.example") {
		t.Errorf("%v, %s", pinned, p.following.trouble("fabrikam"))
	}
	// A request that was refused for its key has it looked at, not more often than
	// makes sense.
	p.fabrikam.set(func(f *fabrikam) { f.peer = peerOf(t, fabrikamURI, start, third, second) })
	p.Refused(fabrikamURI)
	p.running.Wait()
	if pinned != nil {
		t.Error("looked at twice at once")
	}
	p.clock.pass(followAgain)
	p.Refused("FYDIBOHF25SPDLT.other.example")
	p.Refused(fabrikamURI)
	p.running.Wait()
	if !slices.Equal(pinned, []string{thumbprint(third), thumbprint(second)}) || p.following.trouble("fabrikam") != "" {
		t.Errorf("%v, %s", pinned, p.following.trouble("fabrikam"))
	}
}

// FuzzAnnounced: whatever a stranger answers, what is taken from it can be shown
// and kept.
func FuzzAnnounced(f *testing.F) {
	f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetFederationInformationResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response><ErrorCode>NoError</ErrorCode><ApplicationUri>x</ApplicationUri><Domains><Domain>a.example</Domain></Domains><TokenIssuers><TokenIssuer><Endpoint>e</Endpoint><Uri>u</Uri></TokenIssuer></TokenIssuers></Response></GetFederationInformationResponseMessage></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readAnnounced(b, 200)
		if err == nil && (a.uri == "" || strings.ContainsAny(a.uri, "\n\x00") || len(a.domains) > maxDomains) {
			t.Errorf("%+v", a)
		}
	})
}

// FuzzPeer: likewise what is said of keys.
func FuzzPeer(f *testing.F) {
	f.Add(`{"application_uri":"x","keys":[]}`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := readPeer(strings.NewReader(s))
		if err == nil && (len(p.Keys) == 0 || len(toPin(p, time.Now())) == 0) {
			t.Errorf("%+v", p)
		}
	})
}

// TestTrial goes from hop to hop and names the one that is broken.
func TestTrial(t *testing.T) {
	test := func(what, broken, remedy string, about entente.SMTPAddress, f func(*pair)) {
		t.Helper()
		p := newPair(t)
		k := p256()
		p.fabrikam.peer = peerOf(t, fabrikamURI, start, k)
		p.relate(func(r *access.Relationship) { r.Keys = []string{thumbprint(k)} })
		p.clock.now = time.Now().UTC() // the other side's Date is the machine's
		p.broker.trust.BrokerKeys = []federation.BrokerKeys{{From: p.clock.now.Add(-time.Hour)}}
		f(p)
		tr, err := p.Try(t.Context(), "Fabrikam", as(anna), about)
		if err != nil {
			t.Fatal(err)
		}
		if tr.OK != (broken == "") {
			t.Errorf("%s: %+v", what, tr)
		}
		if broken == "" {
			if tr.Closing != "No Significant Issues to Report" {
				t.Errorf("%s: %s", what, tr.Closing)
			}
			return
		}
		last := tr.Hops[len(tr.Hops)-1]
		if h := hop(tr.Hops, broken); h.Result != Failure || h.Remedy == "" || !strings.Contains(h.Remedy, remedy) || !strings.HasPrefix(tr.Closing, broken+": ") {
			t.Errorf("%s: %+v, %+v", what, h, last)
		}
		if rec := p.records.last(); rec.Allowed {
			t.Errorf("%s: recorded %+v", what, rec)
		}
	}
	const amy = "amy@fabrikam.example"
	same := func(*pair) {}
	test("all is well", "", "", amy, same)
	test("nobody named", "", "", "", same)
	test("by discovery", "", "", amy, (*pair).discoverable)
	test("disabled", "configuration", "relationship set", amy, func(p *pair) { p.relate(func(r *access.Relationship) { r.Enabled = false }) })
	test("no trust", "federation trust", "federation enable", amy, func(p *pair) { p.broker.trust = nil })
	test("stale metadata", "broker metadata", "federation refresh", amy, func(p *pair) { p.broker.trust.BrokerKeys[0].Until = p.clock.now.Add(-time.Minute) })
	test("broker down", "token", "does not answer", amy, func(p *pair) {
		p.broker.err = entente.Errorf(entente.Unavailable, "connection refused").Because(federation.BrokerUnavailable)
	})
	test("broker refuses", "token", "application URI", amy, func(p *pair) {
		p.broker.err = entente.Errorf(entente.Denied, "unknown target").Because(federation.BrokerRefused)
	})
	test("not found", "discovery", "federation information", amy, func(p *pair) { p.discoverable(); clear(p.names.srv) })
	test("no such host", "DNS", "DNS", amy, func(p *pair) { p.names.gone["mail.fabrikam.example"] = true })
	test("wrong name", "TLS", "certificate", amy, func(p *pair) {
		p.relate(func(r *access.Relationship) {
			r.TargetSharingEPR = strings.Replace(r.TargetSharingEPR, "mail.", "www.", 1)
		})
	})
	test("clocks", "clock", "five minutes", amy, func(p *pair) { p.clock.pass(10 * time.Minute) })
	test("keys", "keys", "new trust", amy, func(p *pair) { p.fabrikam.peer = peerOf(p, fabrikamURI, start, p256()) })
	test("our key is not pinned there", "relationship at the other side", "pin one of our keys", amy, func(p *pair) { p.broker.signer = p256() })
	test("pre-authentication", "relationship at the other side", "pre-authentication", amy, func(p *pair) {
		p.fabrikam.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
	})
	test("nobody of that name", "calendar permission", "Nobody there", "nobody@fabrikam.example", same)
	p := newPair(t)
	if _, err := p.Try(t.Context(), "tailspin", as(anna), ""); err == nil {
		t.Error("no relationship")
	}
	if _, err := p.Try(t.Context(), "fabrikam", as(anna), "x@y.example"); err == nil {
		t.Error("another domain")
	}
	p.records.err = errors.New("away")
	if _, err := p.Try(t.Context(), "fabrikam", as(anna), amy); err == nil {
		t.Error("not recorded")
	}
}
