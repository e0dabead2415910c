package partner

import (
	"net"
	"net/http"
	"strconv"
	"testing"

	"entente/access"
	"entente/availability"
	"entente/federation/token"
)

// discoverable leaves where fabrikam is to Autodiscover.
func (p *pair) discoverable() {
	p.Helper()
	p.relate(func(r *access.Relationship) { r.TargetSharingEPR = "" })
	port, _ := strconv.Atoi(p.fabrikam.port)
	p.names.srv["_autodiscover._tcp.fabrikam.example"] = []net.SRV{{Target: "mail.fabrikam.example.", Port: uint16(port)}}
}

// TestDiscovers finds a partner by its SRV record and remembers where it is.
func TestDiscovers(t *testing.T) {
	p := newPair(t)
	p.discoverable()
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	p.wants(p.ask(amy)[amy], "")
	if n := p.fabrikam.requests.Load(); n != 3 {
		t.Errorf("%d requests", n)
	}
	if p.broker.offers[token.Autodiscover] != 1 || p.broker.offers[token.FreeBusy] != 1 {
		t.Errorf("tokens %v", p.broker.offers)
	}
	if s := p.Status()[0]; s.Place != "https://mail.fabrikam.example:"+p.fabrikam.port+"/EWS/Exchange.asmx" || s.Tokens != 2 {
		t.Errorf("%+v", s)
	}
	p.clock.pass(placeLife)
	p.wants(p.ask(amy)[amy], "")
	if n := p.fabrikam.requests.Load(); n != 5 {
		t.Errorf("%d requests after an hour", n)
	}
	// It is looked for at once where the relationship says something else.
	p.relate(func(r *access.Relationship) {
		r.TargetAutodiscoverEPR = "https://mail.fabrikam.example:" + p.fabrikam.port + "/autodiscover/autodiscover.svc/WSSecurity"
	})
	p.wants(p.ask(amy)[amy], "")
	if n := p.fabrikam.requests.Load(); n != 7 {
		t.Errorf("%d requests after a change", n)
	}
}

// TestNotFound has the ways in which a partner is not found.
func TestNotFound(t *testing.T) {
	const amy = "amy@fabrikam.example"
	test := func(what, reason, text string, f func(*pair)) {
		t.Helper()
		p := newPair(t)
		p.discoverable()
		f(p)
		a := p.ask(amy)[amy]
		p.wants(a, availabilityReason(reason))
		if a.Err == nil || !contains(a.Err, text) {
			t.Errorf("%s: %v", what, a.Err)
		}
		for _, path := range []string{"/EWS/Exchange.asmx/WSSecurity"} {
			if p.fabrikam.last != nil && p.fabrikam.last.URL.Path == path {
				t.Errorf("%s: it was asked", what)
			}
		}
	}
	user := func(inner string) func(*pair) {
		return func(p *pair) {
			p.fabrikam.settings = func([]string) string { return "<UserResponse>" + inner + "</UserResponse>" }
		}
	}
	const failed, sentence = "partner-autodiscover-failed", "Autodiscover failed for email address amy@fabrikam.example."
	test("nowhere", "relationship-unusable", "can't be used", func(p *pair) {
		clear(p.names.srv)
		p.names.gone["autodiscover.fabrikam.example"] = true
	})
	test("down", failed, sentence, func(p *pair) { clear(p.names.srv) })
	test("elsewhere", "relationship-unusable", "can't be used", func(p *pair) {
		p.names.gone["autodiscover.fabrikam.example"] = true
		p.names.srv["_autodiscover._tcp.fabrikam.example"][0].Target = "mail.attacker.example."
	})
	test("an unknown user", failed, sentence, user("<ErrorCode>InvalidUser</ErrorCode>"))
	test("a redirect", failed, sentence, user("<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget>https://attacker.example/</RedirectTarget>"))
	url := func(s string) func(*pair) {
		return user("<ErrorCode>NoError</ErrorCode><UserSettings><UserSetting><Name>ExternalEwsUrl</Name><Value>" + s + "</Value></UserSetting></UserSettings>")
	}
	test("plain HTTP", failed, sentence, url("http://mail.fabrikam.example/EWS/Exchange.asmx"))
	test("credentials", failed, sentence, url("https://u:p@mail.fabrikam.example/EWS/Exchange.asmx"))
	test("no answer", failed, sentence, user(""))
	test("HTTP redirect", failed, sentence, func(p *pair) {
		p.fabrikam.before = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://mail.fabrikam.example/", http.StatusFound)
			return true
		}
	})
	test("an EPR that is none", "relationship-unusable", "can't be used", func(p *pair) {
		p.relate(func(r *access.Relationship) { r.TargetAutodiscoverEPR = "http://mail.fabrikam.example/" })
	})
	test("an EPR nobody is at", failed, sentence, func(p *pair) {
		p.names.gone["gone.fabrikam.example"] = true
		p.relate(func(r *access.Relationship) {
			r.TargetAutodiscoverEPR = "https://gone.fabrikam.example/autodiscover/autodiscover.svc"
		})
	})
}

// TestMoved: where a partner was found is forgotten when nobody is there.
func TestMoved(t *testing.T) {
	p := newPair(t)
	p.discoverable()
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	p.places.all["relationship fabrikam"] = placed{
		url: "https://mail.fabrikam.example:" + p.fabrikam.port + "/old", under: p.places.all["relationship fabrikam"].under, until: p.clock.Now().Add(placeLife),
	}
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
	p.wants(p.ask(amy)[amy], "")
}

func TestSecured(t *testing.T) {
	test := func(in string, possession bool, want string) {
		t.Helper()
		if got := secured(in, possession); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	test("https://x/EWS/Exchange.asmx", false, "https://x/EWS/Exchange.asmx/WSSecurity")
	test("https://x/EWS/Exchange.asmx/wssecurity", true, "https://x/EWS/Exchange.asmx/WSSecurity/SymmetricKey")
	test("https://x/EWS/Exchange.asmx/WSSecurity/SymmetricKey", false, "https://x/EWS/Exchange.asmx/WSSecurity")
	test("https://x/EWS/Exchange.asmx/wssecurity/x509cert", false, "https://x/EWS/Exchange.asmx/WSSecurity")
	test("https://x/EWS/Exchange.asmx/", false, "https://x/EWS/Exchange.asmx/WSSecurity")
}

func TestCheckURL(t *testing.T) {
	test := func(s string, ok bool) {
		t.Helper()
		if err := checkURL(s); (err == nil) != ok {
			t.Errorf("%s: %v", s, err)
		}
	}
	test("https://mail.fabrikam.example/EWS/Exchange.asmx", true)
	test("http://mail.fabrikam.example/EWS/Exchange.asmx", false)
	test("https://u@mail.fabrikam.example/", false)
	test("https://mail.fabrikam.example/?a", false)
	test("https://mail.fabrikam.example/#a", false)
	test("https:mail.fabrikam.example", false)
	test("/EWS", false)
	test("", false)
	test("https://a b/", false)
}

// FuzzSettings: whatever Autodiscover answers, what is taken from it is an
// address over TLS, or nothing.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response><UserResponses><UserResponse><UserSettings><UserSetting><Name>ExternalEwsUrl</Name><Value>https://x.example/</Value></UserSetting></UserSettings></UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := readSettings(b, 200)
		if err == nil && checkURL(found) != nil {
			t.Errorf("%q", found)
		}
	})
}
