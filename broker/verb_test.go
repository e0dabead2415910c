package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

// TestStrangersHearTheSame: whether an organization is there, whose certificate
// signed, and whether a signature is right, is one answer to who is not known.
func TestStrangersHearTheSame(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Source = 1000 })
	o, other := w.join("contoso.example"), w.join("fabrikam.example")
	stranger := w.newOrg("adatum.example")
	want := ""
	test := func(id entente.AppID, by *org, verb string, body any) {
		t.Helper()
		e := o.envelope(verb, body)
		e.App = id
		jws, err := brokerapi.Sign(e, by.signerOf(verb))
		if err != nil {
			t.Fatal(err)
		}
		a := w.post("203.0.113.9:1", brokerapi.PathVerbs+verb, string(jws))
		got := fmt.Sprint(a.Code, a.Header(), a.Body)
		if want == "" {
			want = got
		}
		if got != want || a.Code != http.StatusUnauthorized {
			t.Errorf("%s: %s, want %s", verb, got, want)
		}
	}
	name := brokerapi.DomainName{Domain: "contoso.example"}
	for _, verb := range []string{brokerapi.GetDomainInfo, brokerapi.ReserveDomain, brokerapi.ReleaseDomain, brokerapi.CheckDomain} {
		test(o.id, stranger, verb, name)
		test(o.id, other, verb, name)
		test("7FFFFFFFFFFFFFFF", stranger, verb, name)
		test("7FFFFFFFFFFFFFFF", o, verb, name)
		test("", o, verb, name)
		test(other.id, o, verb, name)
	}
	test(o.id, stranger, brokerapi.IssueToken, o.wants(other))
	test(o.id, other, brokerapi.IssueToken, o.wants(other))
	test("7FFFFFFFFFFFFFFF", o, brokerapi.IssueToken, o.wants(other))
	recover := func(id entente.AppID, key string, d entente.Domain) {
		t.Helper()
		c := newCertificate(t, w.Now(), nil)
		test(id, &org{signer: c}, brokerapi.Recover, brokerapi.Recovery{AdminKey: key, Domain: d, Certificate: c.Certificate.Raw})
	}
	recover(o.id, other.adminKey, "contoso.example")
	recover(other.id, o.adminKey, "contoso.example")
	recover(o.id, o.adminKey, "fabrikam.example")
	recover(o.id, o.adminKey, "nobody.example")
	recover(o.id, o.adminKey, "")
	recover(o.id, "", "contoso.example")
	recover("7FFFFFFFFFFFFFFF", o.adminKey, "contoso.example")
	recover("", o.adminKey, "contoso.example")

	// And none of it is a record of its own.
	w.countStrangers()
	r := w.actions("broker.request")
	if len(r) != 1 || r[0].Count < 30 || r[0].Address != "203.0.113.9" {
		t.Errorf("recorded: %+v", r)
	}
	for _, verb := range []string{brokerapi.GetDomainInfo, brokerapi.Recover} {
		if r := w.actions("broker." + verb); len(r) != 0 {
			t.Errorf("recorded: %+v", r)
		}
	}
}

// TestRequestsThatAreNot has requests of a known organization that are not what
// was meant, or not now, or again.
func TestRequestsThatAreNot(t *testing.T) {
	each(t, func(w *world) {
		o := w.join("contoso.example")
		test := func(change func(*brokerapi.Envelope), want string) {
			t.Helper()
			e := o.envelope(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "contoso.example"})
			change(e)
			p := o.send(brokerapi.GetDomainInfo, e, o.signerOf(""), nil)
			if got := ""; p != nil && p.Code != want || p == nil && want != got {
				t.Errorf("got %+v, want %q", p, want)
			}
		}
		test(func(*brokerapi.Envelope) {}, "")
		test(func(e *brokerapi.Envelope) { e.Verb = brokerapi.ReleaseDomain }, brokerapi.InvalidRequest)
		test(func(e *brokerapi.Envelope) { e.Audience = "urn:federation:other" }, brokerapi.InvalidRequest)
		test(func(e *brokerapi.Envelope) { e.ID = "" }, brokerapi.InvalidRequest)
		test(func(e *brokerapi.Envelope) { e.Issued += 300 }, "")
		test(func(e *brokerapi.Envelope) { e.Issued -= 300 }, "")
		test(func(e *brokerapi.Envelope) { e.Issued += 301 }, brokerapi.RequestExpired)
		test(func(e *brokerapi.Envelope) { e.Issued -= 301 }, brokerapi.RequestExpired)
		test(func(e *brokerapi.Envelope) { e.ID = "once" }, "")
		test(func(e *brokerapi.Envelope) { e.ID = "once" }, brokerapi.RequestRepeated)
		test(func(e *brokerapi.Envelope) { e.Body = json.RawMessage(`{"domain":"contoso.example","x":1}`) }, brokerapi.InvalidRequest)
		test(func(e *brokerapi.Envelope) { e.Body = json.RawMessage(`{}`) }, brokerapi.InvalidRequest)
		test(func(e *brokerapi.Envelope) { e.Body = json.RawMessage(`[]`) }, brokerapi.InvalidRequest)

		// A token is not issued twice to one request.
		b := w.join("fabrikam.example")
		e := o.envelope(brokerapi.IssueToken, o.wants(b))
		if p := o.send(brokerapi.IssueToken, e, o.signerOf(brokerapi.IssueToken), nil); p != nil {
			t.Errorf("first: %+v", p)
		}
		if p := o.send(brokerapi.IssueToken, e, o.signerOf(brokerapi.IssueToken), nil); p == nil || p.Code != brokerapi.RequestRepeated {
			t.Errorf("again: %+v", p)
		}
		// The memory of a request ends when its time has.
		w.clock.pass(11 * time.Minute)
		w.Tick(t.Context())
		if p := o.send(brokerapi.IssueToken, e, o.signerOf(brokerapi.IssueToken), nil); p == nil || p.Code != brokerapi.RequestExpired {
			t.Errorf("much later: %+v", p)
		}
		// The other kind of key is no key for a verb.
		e = o.envelope(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "contoso.example"})
		if p := o.send(brokerapi.GetDomainInfo, e, brokerapi.Signer{Key: o.signing}, nil); p == nil || p.Code != brokerapi.AccessDenied {
			t.Errorf("managed by the P-256 key: %+v", p)
		}
		e = o.envelope(brokerapi.IssueToken, o.wants(b))
		if p := o.send(brokerapi.IssueToken, e, o.signerOf(""), nil); p == nil || p.Code != brokerapi.AccessDenied {
			t.Errorf("token by the certificate: %+v", p)
		}
	})
}

// TestHTTP is what is no request at all.
func TestHTTP(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Source = 1000 })
	test := func(method, path, body string, want int) {
		t.Helper()
		a := httptest.NewRecorder()
		w.mux.ServeHTTP(a, httptest.NewRequest(method, path, strings.NewReader(body)))
		if a.Code != want {
			t.Errorf("%s %s: %d", method, path, a.Code)
		}
	}
	test("GET", "/v1/CreateAppId", "", 405)
	test("POST", "/v1/CreateAppId", "", 400)
	test("POST", "/v1/CreateAppId", "{}", 400)
	test("POST", "/v1/CreateAppId", "a.b.c", 400)
	test("POST", "/v1/CreateAppId", strings.Repeat("a", brokerapi.MaxMessage+2), 400)
	test("POST", "/v1/createappid", "", 404)
	test("POST", "/v1/CreateAppId/", "", 404)
	test("POST", "/v1/", "", 404)
	test("POST", "/v1/metadata", "", 405)
	test("GET", "/v1/metadata", "", 200)
	test("HEAD", "/v1/metadata", "", 200)
	test("GET", "/FederationMetadata/2006-12/FederationMetadata.xml", "", 200)
	test("DELETE", "/FederationMetadata/2006-12/FederationMetadata.xml", "", 405)
}

func TestCreateAppRefuses(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Source = 1000; c.Limits.Requests = 1000 })
	o := w.newOrg("contoso.example")
	test := func(want string, change func(*brokerapi.NewApp)) {
		t.Helper()
		a := o.newApp()
		change(&a)
		o.refused(brokerapi.CreateAppID, a, want)
	}
	test(brokerapi.InvalidURI, func(a *brokerapi.NewApp) { a.URI = "http://contoso.example" })
	test(brokerapi.InvalidURI, func(a *brokerapi.NewApp) { a.URI = "contoso.example" })
	test(brokerapi.InvalidURI, func(a *brokerapi.NewApp) { a.URI = uriPrefix })
	test(brokerapi.InvalidURI, func(a *brokerapi.NewApp) { a.URI = uriPrefix + strings.Repeat("a", 25) + ".example" })
	test(brokerapi.InvalidRequest, func(a *brokerapi.NewApp) { a.Contact = "nobody" })
	test(brokerapi.InvalidCertificate, func(a *brokerapi.NewApp) { a.Signing = brokerapi.Key{} })
	test(brokerapi.InvalidCertificate, func(a *brokerapi.NewApp) { a.Encryption.Crv = "P-384" })
	test(brokerapi.InvalidCertificate, func(a *brokerapi.NewApp) { a.Certificate = nil })
	test(brokerapi.InvalidCertificate, func(a *brokerapi.NewApp) { a.Certificate = a.Certificate[1:] })
	test(brokerapi.AccessDenied, func(a *brokerapi.NewApp) { a.Certificate = newCertificate(t, w.Now(), nil).Certificate.Raw })

	certificate := func(want string, change func(*x509.Certificate)) {
		t.Helper()
		o.signer = newCertificate(t, w.Now(), change)
		p := o.ask(brokerapi.CreateAppID, o.newApp(), nil)
		if p == nil || p.Code != brokerapi.InvalidCertificate || !strings.Contains(p.Text, want) {
			t.Errorf("want %q, got %+v", want, p)
		}
	}
	certificate("subject key identifier", func(c *x509.Certificate) { c.SubjectKeyId = nil })
	certificate("client authentication", func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	certificate("client authentication", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	certificate("has expired", func(c *x509.Certificate) { c.NotAfter = w.Now() })
	certificate("not valid yet", func(c *x509.Certificate) { c.NotBefore = w.Now().Add(time.Hour) })
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, der := range [][]byte{certify(t, w.Now(), small, nil).Certificate.Raw, certify(t, w.Now(), elliptical, nil).Certificate.Raw} {
		if _, err := checkCertificate(der, w.Now()); err == nil || !strings.Contains(err.Error(), "2048 to 4096") {
			t.Errorf("certificate: %v", err)
		}
	}
	e := o.envelope(brokerapi.CreateAppID, w.newOrg("contoso.example").newApp())
	e.App = "0000000060000EB9"
	o.signer = newCertificate(t, w.Now(), nil)
	a := o.newApp()
	e.Body, _ = json.Marshal(a)
	if p := o.send(brokerapi.CreateAppID, e, o.signerOf(""), nil); p == nil || p.Code != brokerapi.InvalidRequest {
		t.Errorf("with an AppID: %+v", p)
	}
	// Who has no P-256 keys is taken, and gets SAML.
	a = o.newApp()
	a.Signing, a.Encryption = brokerapi.Key{}, brokerapi.Key{}
	var made brokerapi.AppCreated
	o.must(brokerapi.CreateAppID, a, &made)
	o.id = made.AppID
	o.prove("contoso.example")
	b := w.join("fabrikam.example")
	b.refused(brokerapi.IssueToken, b.wants(o), brokerapi.NeedsSAML)
	o.refused(brokerapi.IssueToken, o.wants(b), brokerapi.AccessDenied)
}

func TestTokensRefused(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	pending := w.newOrg("adatum.example")
	pending.register()
	test := func(want string, change func(*brokerapi.TokenRequest)) {
		t.Helper()
		q := a.wants(b)
		change(&q)
		a.refused(brokerapi.IssueToken, q, want)
	}
	test(brokerapi.UnknownOffer, func(q *brokerapi.TokenRequest) { q.Offer = token.MailboxMove })
	test(brokerapi.UnknownOffer, func(q *brokerapi.TokenRequest) { q.Offer = "" })
	test(brokerapi.UnknownTarget, func(q *brokerapi.TokenRequest) { q.Target = uriPrefix + "nobody.example" })
	test(brokerapi.UnknownTarget, func(q *brokerapi.TokenRequest) { q.Target = pending.uri() })
	test(brokerapi.UnknownTarget, func(q *brokerapi.TokenRequest) { q.Target = "fabrikam.example" })
	test(brokerapi.UnknownTarget, func(q *brokerapi.TokenRequest) { q.Target = "" })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = []entente.SMTPAddress{"amy@fabrikam.example"} })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = append(q.Mails, "amy@fabrikam.example") })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = []entente.SMTPAddress{"anna@eu.contoso.example"} })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = []entente.SMTPAddress{"Anna@contoso.example"} })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = []entente.SMTPAddress{"contoso.example"} })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Mails = []entente.SMTPAddress{} })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) {
		for range maxMails {
			q.Mails = append(q.Mails, q.Mails[0])
		}
	})
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Immutable = "@" + a.uri() })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Immutable = "a b@" + a.uri() })
	test(brokerapi.NotActive, func(q *brokerapi.TokenRequest) { q.Immutable = "JBSWY3DP@" + b.uri() })
	test(brokerapi.SubjectRefused, func(q *brokerapi.TokenRequest) { q.Immutable = "JBSWY3DP" })
	for _, offer := range []token.Offer{token.FreeBusy, token.SharingRead, token.InviteMessage, token.Autodiscover} {
		q := a.wants(b)
		q.Offer = offer
		var issued brokerapi.TokenIssued
		a.must(brokerapi.IssueToken, q, &issued)
		if got, err := b.opener().JWT(issued.JWT, w.Now()); err != nil || got.Offer != offer || !got.NotAfter.Equal(w.Now().Add(offer.Lifetime())) {
			t.Errorf("%s: %+v, %v", offer, got, err)
		}
	}
	if lastOffer != token.InviteMessage.Lifetime() {
		t.Error("keys are not kept as long as the longest token holds")
	}
}

func TestQuotas(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) {
		c.Limits = Limits{Apps: 4, Domains: 2, URIs: 2, Tokens: 3, Requests: 30, Source: 5, NewApps: 2}
	})
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	c := w.newOrg("adatum.example")
	c.refused(brokerapi.CreateAppID, c.newApp(), brokerapi.QuotaExceeded) // the third from there
	w.clock.pass(time.Minute)
	c.address = "[2001:db8::1]:1"
	c.register()
	c.id, c.address = "", "192.0.2.77:1"
	c.register()
	c.id, c.address = "", "192.0.2.78:1"
	c.refused(brokerapi.CreateAppID, c.newApp(), brokerapi.QuotaExceeded) // the fifth at all
	a.prove("eu.contoso.example")
	a.refused(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "us.contoso.example"}, brokerapi.QuotaExceeded)
	a.must(brokerapi.AddURI, brokerapi.ApplicationURI{URI: uriPrefix + "eu.contoso.example"}, nil)
	a.must(brokerapi.AddURI, brokerapi.ApplicationURI{URI: uriPrefix + "eu.contoso.example"}, nil) // it is there
	a.refused(brokerapi.AddURI, brokerapi.ApplicationURI{URI: uriPrefix + "us.contoso.example"}, brokerapi.NoSuchDomain)
	a.must(brokerapi.ReleaseDomain, brokerapi.DomainName{Domain: "eu.contoso.example"}, nil)
	a.prove("us.contoso.example")
	a.refused(brokerapi.AddURI, brokerapi.ApplicationURI{URI: uriPrefix + "us.contoso.example"}, brokerapi.QuotaExceeded)

	for range 3 {
		a.must(brokerapi.IssueToken, a.wants(b), nil)
	}
	a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.TooManyRequests)
	b.must(brokerapi.IssueToken, b.wants(a), nil) // another's are not used up
	w.clock.pass(20 * time.Second)
	a.must(brokerapi.IssueToken, a.wants(b), nil)
	a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.TooManyRequests)

	// Strangers of one source use up what there is of it, and nobody else's.
	var last *httptest.ResponseRecorder
	for range 6 {
		last = w.post("203.0.113.1:1", "/v1/GetDomainInfo", "x")
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") != "12" {
		t.Errorf("%d, %v", last.Code, last.Header())
	}
	if a := w.post("203.0.113.2:1", "/v1/GetDomainInfo", "x"); a.Code != http.StatusBadRequest {
		t.Errorf("another source: %d", a.Code)
	}
	for i := range 6 {
		last = w.post(fmt.Sprintf("[2001:db8:1:2::%d]:1", i), "/v1/GetDomainInfo", "x")
	}
	if last.Code != http.StatusTooManyRequests {
		t.Errorf("a network of IPv6: %d", last.Code)
	}
}

// TestUpdateCertificate rolls an organization's keys over, while tokens are
// asked for and opened.
func TestUpdateCertificate(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		fresh := w.newOrg("fabrikam.example")
		next := brokerapi.NewCertificate{Certificate: fresh.signer.Certificate.Raw}
		signing, encryption := keyOf(t, fresh.signing.Public()), keyOf(t, fresh.encryption.PublicKey())
		next.Signing, next.Encryption = &signing, &encryption
		opens := func(o *org, want bool) {
			t.Helper()
			var issued brokerapi.TokenIssued
			a.must(brokerapi.IssueToken, a.wants(b), &issued)
			if _, err := o.opener().JWT(issued.JWT, w.Now()); (err == nil) != want {
				t.Errorf("opened: %v", err)
			}
		}
		b.must(brokerapi.UpdateAppIDCertificate, next, nil) // it is known, and not used
		opens(b, true)
		w.clock.pass(daytime)
		opens(b, true)
		next.From = w.Now().Add(time.Hour)
		b.must(brokerapi.UpdateAppIDCertificate, next, nil)
		w.clock.pass(time.Hour - time.Second)
		opens(b, true)
		w.clock.pass(time.Second)
		opens(b, false)
		opens(fresh, true)

		// For a while what is on its way by the former keys is taken; then tokens by
		// the former signing key until no token can be of that time.
		fresh.id = b.id
		name := brokerapi.DomainName{Domain: "fabrikam.example"}
		b.must(brokerapi.GetDomainInfo, name, nil)
		fresh.must(brokerapi.GetDomainInfo, name, nil)
		w.clock.pass(11 * time.Minute)
		b.refused(brokerapi.GetDomainInfo, name, brokerapi.AccessDenied)
		b.must(brokerapi.IssueToken, b.wants(a), nil)
		fresh.must(brokerapi.IssueToken, fresh.wants(a), nil)
		w.clock.pass(keptFor)
		b.refused(brokerapi.IssueToken, b.wants(a), brokerapi.AccessDenied)
		fresh.must(brokerapi.IssueToken, fresh.wants(a), nil)
		fresh.must(brokerapi.ReserveDomain, name, nil) // which writes what has become of the keys
		fresh.must(brokerapi.IssueToken, fresh.wants(a), nil)

		// Nobody uses a certificate for which a domain would not be proven: the scoped
		// record does for each, the other for its own.
		w.dns.set("_entente-federation.fabrikam.example", brokerapi.DomainProof(b.id, "fabrikam.example", fresh.signer.Certificate))
		third := newCertificate(t, w.Now(), nil).Certificate
		fresh.must(brokerapi.UpdateAppIDCertificate, brokerapi.NewCertificate{Certificate: third.Raw}, nil)
		use := brokerapi.NewCertificate{Certificate: third.Raw, From: w.Now().Add(time.Minute)}
		fresh.refused(brokerapi.UpdateAppIDCertificate, use, brokerapi.ProofFailed)
		w.dns.silence(true)
		fresh.refused(brokerapi.UpdateAppIDCertificate, use, brokerapi.ProofUnknown)
		w.dns.silence(false)
		w.dns.set("fabrikam.example", brokerapi.DomainProof(b.id, "fabrikam.example", third))
		fresh.must(brokerapi.UpdateAppIDCertificate, use, nil)
		use.From = third.NotAfter.Add(time.Hour)
		fresh.refused(brokerapi.UpdateAppIDCertificate, use, brokerapi.InvalidRequest)
	})
}

// TestRecover: an expired certificate manages nothing; the AdminKey and a record
// that was not there before do.
func TestRecover(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		w.clock.pass(5*365*daytime - time.Hour)
		b.must(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "fabrikam.example"}, nil)
		w.clock.pass(2 * time.Hour)
		b.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "fabrikam.example"}, brokerapi.AccessDenied)
		w.notices()
		b.signer = newCertificate(t, w.Now(), nil)
		q := brokerapi.Recovery{AdminKey: b.adminKey, Domain: "fabrikam.example", Certificate: b.signer.Certificate.Raw}
		var s, s2, s3 brokerapi.RecoveryState
		b.must(brokerapi.Recover, q, &s)
		if s.Done || s.Record == "" || len(w.notices()) != 1 {
			t.Fatalf("first: %+v", s)
		}
		standing := w.dns.said["_entente-federation.fabrikam.example."]
		b.must(brokerapi.Recover, q, &s2)
		if s2.Done || s2.Record != s.Record {
			t.Errorf("with the standing record: %+v", s2)
		}
		w.dns.silence(true)
		b.refused(brokerapi.Recover, q, brokerapi.ProofUnknown)
		w.dns.silence(false)
		w.dns.set("_entente-federation.fabrikam.example", append([]string{s.Record}, standing...)...)

		// Another certificate begins anew: the record is not for it.
		thief := &org{w: w, id: b.id, signer: newCertificate(t, w.Now(), nil), address: "203.0.113.5:1"}
		var stolen brokerapi.RecoveryState
		thief.must(brokerapi.Recover, brokerapi.Recovery{AdminKey: b.adminKey, Domain: "fabrikam.example", Certificate: thief.signer.Certificate.Raw}, &stolen)
		if stolen.Done || stolen.Record == s.Record {
			t.Errorf("thief: %+v", stolen)
		}
		b.must(brokerapi.Recover, q, &s3)
		if s3.Done || s3.Record == s.Record {
			t.Errorf("after the thief: %+v", s3)
		}
		w.dns.set("_entente-federation.fabrikam.example", append([]string{s3.Record}, standing...)...)
		w.notices()
		b.must(brokerapi.Recover, q, &s)
		if got := w.notices(); !s.Done || len(got) != 1 || !strings.Contains(got[0], "was replaced") {
			t.Errorf("second: %+v, %q", s, got)
		}
		b.must(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "fabrikam.example"}, nil)
		thief.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "fabrikam.example"}, brokerapi.AccessDenied)
		if r := w.actions("broker.Recover"); len(r) < 4 {
			t.Errorf("recorded: %+v", r)
		}
		_ = a
	})
}

func TestAdminKeyIsNotKept(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	o := w.join("contoso.example")
	key, err := base64.StdEncoding.DecodeString(o.adminKey)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.app(t.Context(), o.id)
	if err != nil {
		t.Fatal(err)
	}
	keys, uris, err := a.texts()
	if err != nil || strings.Contains(keys+uris+a.contact+string(a.adminKey[:]), string(key)) || strings.Contains(keys, o.adminKey) {
		t.Errorf("it is in what is kept: %v", err)
	}
	for _, r := range w.actions("broker.CreateAppId") {
		if strings.Contains(string(r.Text()), o.adminKey) {
			t.Error("it is in the log")
		}
	}
}
