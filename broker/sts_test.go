package broker

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/federation/wstrust"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// An rst is a request for a token, before it is signed.
type rst struct {
	wstrust.Request
	assertion wstrust.Assertion
	message   wssecurity.Message
	by        xmlsec.Signer // the message
	vouches   xmlsec.Signer // the assertion
	profile   xmlsec.Profile
}

// rst is what an organization asks about one of its own.
func (o *org) rst(target *org) *rst {
	now := o.w.Now()
	subject := token.Subject{Immutable: "JBSWY3DP@" + o.uri(), Mails: []entente.SMTPAddress{entente.SMTPAddress("anna@" + string(o.domain))}}
	return &rst{
		Request:   wstrust.Request{Target: target.uri(), Requestor: o.uri(), Offer: token.FreeBusy},
		assertion: wstrust.Assertion{ID: token.NewID(), Issuer: o.uri(), Audience: o.w.Issuer, Subject: subject, Issued: now, NotBefore: now, NotAfter: now.Add(5 * time.Minute)},
		message: wssecurity.Message{
			Version: soap.V12, To: o.w.URL + brokerapi.PathSTS, Created: now, Expires: now.Add(5 * time.Minute),
			Parts: wssecurity.Timestamp | wssecurity.To | wssecurity.Action | wssecurity.Body,
		},
		by: o.signer, vouches: o.signer, profile: xmlsec.Modern,
	}
}

// write signs the request.
func (r *rst) write(t testing.TB) []byte {
	t.Helper()
	var err error
	if r.OnBehalfOf, err = r.assertion.Sign(r.vouches, r.profile); err != nil {
		t.Fatal(err)
	}
	if r.message.Action == "" {
		r.message.Action = r.Version.RequestAction()
	}
	r.message.Body = func(e *strictxml.Encoder) { wstrust.AppendRequest(e, &r.Request) }
	doc, err := wssecurity.Certify(&r.message, r.by, r.profile)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func (w *world) sts(from string, document []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, brokerapi.PathSTS, bytes.NewReader(document))
	r.RemoteAddr = from
	r.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a
}

// fault holds that a document is refused with one of our codes.
func (w *world) fault(document []byte, want string) {
	w.t.Helper()
	a := w.sts("192.0.2.1:4711", document)
	_, err := wstrust.Open(a.Body.Bytes())
	var f *wstrust.Refused
	switch {
	case want == "" && err == nil:
	case !errors.As(err, &f):
		w.t.Errorf("got %v, want %q: %s", err, want, a.Body)
	case f.Own != want || f.Code != trustCode(want) || a.Code < 400 || f.Text == "":
		w.t.Errorf("got %d %+v, want %q", a.Code, f, want)
	}
}

// TestSTS has tokens asked for in each version and each way of making the key.
func TestSTS(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		opened := func(change func(*rst)) {
			t.Helper()
			q := a.rst(b)
			change(q)
			got := w.sts(a.address, q.write(t))
			if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "application/soap+xml") {
				t.Fatalf("%d: %s", got.Code, got.Body)
			}
			response, err := wstrust.Open(got.Body.Bytes())
			if err != nil {
				t.Fatalf("%v: %s", err, got.Body)
			}
			if m, err := wssecurity.Open(got.Body.Bytes()); err != nil || m.Action != q.Version.ResponseAction() {
				t.Errorf("message: %+v, %v", m, err)
			}
			o := b.opener()
			o.Profile = xmlsec.Compat
			tok, err := o.SAML(response.Token, w.Now())
			if err != nil {
				t.Fatal(err)
			}
			key, err := response.Key(q.Entropy, []xmlsec.Decrypter{{Certificate: a.signer.Certificate, Key: a.signer.Key.(crypto.Decrypter)}}, xmlsec.Compat)
			if err != nil || !bytes.Equal(key, tok.Proof) || (len(key) == 32) == q.Bearer {
				t.Errorf("proof keys %x and %x, %v", key, tok.Proof, err)
			}
			if tok.Requestor != a.uri() || tok.App != a.id || tok.Audience != b.uri() || tok.Offer != q.Offer || tok.Holder != "" ||
				tok.Subject.Immutable != "JBSWY3DP@"+a.uri() || len(tok.Subject.Mails) != 1 || !tok.NotAfter.Equal(w.Now().Add(q.Offer.Lifetime())) ||
				!response.Expires.Equal(tok.NotAfter) || response.Reference != tok.ID || response.Target != b.uri() {
				t.Errorf("token: %+v, response: %+v", tok, response)
			}
			if _, err := a.opener().SAML(response.Token, w.Now()); err == nil {
				t.Error("who asked can read it")
			}
		}
		opened(func(*rst) {})
		opened(func(q *rst) { q.Version = wstrust.V13 })
		opened(func(q *rst) { q.Entropy = randomBytes(32) })
		opened(func(q *rst) { q.Version, q.Entropy = wstrust.V13, randomBytes(32) })
		opened(func(q *rst) { q.Bearer = true })
		opened(func(q *rst) { q.Offer = token.Autodiscover })
		opened(func(q *rst) { q.assertion.Audience = "" })
		opened(func(q *rst) { q.message.Created = q.message.Created.Add(-4 * time.Minute) })
		r := w.actions("broker.IssueToken")
		if len(r) != 8 || !r[0].Allowed || r[0].As.Mail != "anna@contoso.example" || string(r[0].By.UPN) != string(a.id) || r[0].Targets[0] != b.uri() ||
			r[0].Evidence != "certificate "+fingerprint(a.signer.Certificate.Raw) {
			t.Errorf("%d recorded: %+v", len(r), r[0])
		}
	})
}

// TestSTSSuites: what is ours gets AES-GCM, what is Exchange's AES-CBC.
func TestSTSSuites(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	test := func(want string) {
		t.Helper()
		got := w.sts(a.address, a.rst(b).write(t))
		if n := strings.Count(got.Body.String(), want); got.Code != http.StatusOK || n == 0 {
			t.Errorf("%d, %d times: %s", got.Code, n, got.Body)
		}
	}
	test("http://www.w3.org/2009/xmlenc11#aes256-gcm")
	if err := w.SetCompat(t.Context(), b.id, "on", access.Principal{UPN: "root@broker.example"}); err != nil {
		t.Fatal(err)
	}
	test("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
}

// TestHostileRST has requests of organizations that are known, or pretend to be.
func TestHostileRST(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Source = 10_000 })
	a, b, c := w.join("contoso.example"), w.join("fabrikam.example"), w.join("adatum.example")
	pending := w.newOrg("tailspin.example")
	pending.register()
	test := func(want string, change func(*rst)) {
		t.Helper()
		q := a.rst(b)
		change(q)
		w.fault(q.write(t), want)
	}
	test("", func(*rst) {})

	// Who is not known hears one thing.
	test(brokerapi.AccessDenied, func(q *rst) { q.by = c.signer })
	test(brokerapi.AccessDenied, func(q *rst) { q.by = newCertificate(t, w.Now(), nil) })
	test(brokerapi.AccessDenied, func(q *rst) { q.Requestor = c.uri() })
	test(brokerapi.AccessDenied, func(q *rst) { q.Requestor = uriPrefix + "nobody.example" })
	test(brokerapi.AccessDenied, func(q *rst) { q.Requestor = "contoso.example" })
	test(brokerapi.AccessDenied, func(q *rst) { q.Requestor, q.by, q.vouches = pending.uri(), pending.signer, pending.signer })
	test(brokerapi.AccessDenied, func(q *rst) { q.message.Version = soap.V11 })
	test(brokerapi.AccessDenied, func(q *rst) { q.message.Action = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Cancel" })
	for _, missing := range []wssecurity.Part{wssecurity.Timestamp, wssecurity.To, wssecurity.Action, wssecurity.Body} {
		test(brokerapi.AccessDenied, func(q *rst) { q.message.Parts &^= missing })
	}

	// Time, place and version.
	at := func(d time.Duration) func(*rst) {
		return func(q *rst) { q.message.Created, q.message.Expires = w.Now().Add(d), w.Now().Add(d+5*time.Minute) }
	}
	test(brokerapi.RequestExpired, at(-301*time.Second))
	test(brokerapi.RequestExpired, at(-time.Hour))
	test(brokerapi.RequestExpired, at(301*time.Second))
	test("", at(-299*time.Second))
	test("", at(299*time.Second))
	test(brokerapi.RequestExpired, func(q *rst) { q.message.Expires = q.message.Created })
	test(brokerapi.AccessDenied, func(q *rst) { q.message.Created, q.message.Parts = time.Time{}, q.message.Parts&^wssecurity.Timestamp })
	test(brokerapi.InvalidRequest, func(q *rst) { q.message.To = "https://other.example/sts" })
	test(brokerapi.InvalidRequest, func(q *rst) { q.message.Action = wstrust.V13.RequestAction() })

	// For whom.
	test(brokerapi.SubjectRefused, func(q *rst) { q.vouches = c.signer })
	test(brokerapi.SubjectRefused, func(q *rst) { q.assertion.Issuer = c.uri() })
	test(brokerapi.SubjectRefused, func(q *rst) { q.assertion.Audience = "urn:federation:other" })
	test(brokerapi.SubjectRefused, func(q *rst) { q.assertion.Subject.Mails[0] = "amy@fabrikam.example" })
	test(brokerapi.SubjectRefused, func(q *rst) { q.assertion.Subject.Mails[0] = "anna@eu.contoso.example" })
	test(brokerapi.SubjectRefused, func(q *rst) {
		q.assertion.Subject.Mails = append(q.assertion.Subject.Mails, "amy@fabrikam.example")
	})
	test(brokerapi.SubjectRefused, func(q *rst) { q.assertion.Subject.Immutable = "JBSWY3DP@" + c.uri() })
	test(brokerapi.SubjectRefused, func(q *rst) {
		q.assertion.NotBefore, q.assertion.NotAfter = w.Now().Add(-time.Hour), w.Now().Add(-6*time.Minute)
	})

	// To whom, and for what.
	test(brokerapi.UnknownTarget, func(q *rst) { q.Target = uriPrefix + "nobody.example" })
	test(brokerapi.UnknownTarget, func(q *rst) { q.Target = pending.uri() })
	test(brokerapi.UnknownTarget, func(q *rst) { q.Target = "http://exchangecalendarsharing.com" })
	test(brokerapi.UnknownOffer, func(q *rst) { q.Offer = token.MailboxMove })
	test(brokerapi.UnknownOffer, func(q *rst) { q.Offer = "MSExchange.Other" })

	// Suspended, on either side.
	root := access.Principal{UPN: "root@broker.example"}
	for _, what := range []string{"fabrikam.example", string(b.id)} {
		if err := w.Suspend(t.Context(), what, true, root); err != nil {
			t.Fatal(err)
		}
		test(brokerapi.UnknownTarget, func(*rst) {})
		w.fault(b.rst(a).write(t), brokerapi.NotActive)
		if err := w.Suspend(t.Context(), what, false, root); err != nil {
			t.Fatal(err)
		}
	}

	// The same message twice.
	doc := a.rst(b).write(t)
	w.fault(doc, "")
	w.fault(doc, brokerapi.RequestRepeated)

	// Refusals of who is known are records, with what was asked.
	found := false
	for _, r := range w.actions("broker.IssueToken") {
		found = found || r.Code == brokerapi.UnknownTarget && !r.Allowed && r.As.Mail == "anna@contoso.example" && r.Targets[0] == uriPrefix+"nobody.example"
	}
	if !found {
		t.Error("a refusal is not recorded")
	}
}

// TestUnsignedBody: who may leave the body unsigned can have it swapped on the
// way, and so nobody may but who was named for it.
func TestUnsignedBody(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b, c := w.join("contoso.example"), w.join("fabrikam.example"), w.join("adatum.example")
	swapped := func(parts wssecurity.Part) []byte {
		q := a.rst(b)
		q.message.Parts = parts
		return bytes.Replace(q.write(t), []byte(b.uri()), []byte(c.uri()), 1)
	}
	const all = wssecurity.Timestamp | wssecurity.To | wssecurity.Action | wssecurity.Body
	const exchange = wssecurity.Timestamp | wssecurity.To
	w.fault(swapped(all), brokerapi.AccessDenied)
	w.fault(swapped(exchange), brokerapi.AccessDenied)
	set := func(to string) {
		t.Helper()
		if err := w.SetCompat(t.Context(), a.id, to, access.Principal{UPN: "root@broker.example"}); err != nil {
			t.Fatal(err)
		}
	}
	old := func() []byte {
		q := a.rst(b)
		q.message.Parts, q.profile = exchange, xmlsec.Legacy
		return q.write(t)
	}
	if !bytes.Contains(old(), []byte("rsa-sha1")) {
		t.Fatal("it is not signed as Exchange does")
	}
	set("on")
	w.fault(swapped(all), brokerapi.AccessDenied) // what is signed is held against it
	w.fault(swapped(exchange), "")                // which is why it is off
	w.fault(old(), brokerapi.AccessDenied)
	set("legacy")
	w.fault(old(), "")
	set("off")
	w.fault(swapped(exchange), brokerapi.AccessDenied)
	w.fault(old(), brokerapi.AccessDenied)
}

// TestStrangersAtSTS: what a stranger hears depends on nothing but the version
// he wrote.
func TestStrangersAtSTS(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Source = 10_000 })
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	stranger := newCertificate(t, w.Now(), nil)
	want := ""
	test := func(document []byte) {
		t.Helper()
		r := w.sts("203.0.113.9:1", document)
		got := fmt.Sprint(r.Code, r.Header(), r.Body)
		if want == "" {
			want = got
		}
		if got != want || r.Code != http.StatusBadRequest || strings.Contains(got, "contoso") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, d := range []string{"contoso.example", "nobody.example", "fabrikam.example", "public.example"} {
		q := a.rst(b)
		q.by, q.vouches, q.Requestor = stranger, stranger, uriPrefix+d
		test(q.write(t))
		q = a.rst(b)
		q.Requestor, q.Target = uriPrefix+"nobody.example", uriPrefix+d
		test(q.write(t))
	}
	good := a.rst(b).write(t)
	test(nil)
	test([]byte("<"))
	test([]byte("<a/>"))
	test(bytes.Replace(good, []byte("JBSWY3DP"), []byte("JBSWY3DQ"), 1))
	test(bytes.Replace(good, []byte("anna@"), []byte("alma@"), 1))
	test(bytes.Replace(good, []byte(b.uri()), []byte(a.uri()), 1))
	test(bytes.Replace(good, []byte("<wsa:To"), []byte("<wsa:Other/><wsa:To"), 1)[:len(good)-3])
	test(append(bytes.Clone(good), bytes.Repeat([]byte(" "), maxSTS)...))
	test(append([]byte("<!DOCTYPE a>"), good...))
	w.countStrangers()
	if r := w.actions("broker.request"); len(r) != 1 || r[0].Count < 16 {
		t.Errorf("recorded: %+v", r)
	}
	if r := w.actions("broker.IssueToken"); len(r) != 0 {
		t.Errorf("recorded: %+v", r)
	}
	w.fault(good, "")

	// What is no message to the STS at all.
	for _, kind := range []string{"text/xml", "application/json", ""} {
		r := httptest.NewRequest(http.MethodPost, brokerapi.PathSTS, bytes.NewReader(good))
		r.Header.Set("Content-Type", kind)
		got := httptest.NewRecorder()
		w.mux.ServeHTTP(got, r)
		if got.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d", kind, got.Code)
		}
	}
}

// TestSTSThroughRollover: an organization's keys are replaced, and messages by
// the former certificate are good for as long as they may be on their way.
func TestSTSThroughRollover(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	fresh := w.newOrg("contoso.example")
	fresh.id = a.id
	a.must(brokerapi.UpdateAppIDCertificate, brokerapi.NewCertificate{Certificate: fresh.signer.Certificate.Raw}, nil)
	w.fault(fresh.rst(b).write(t), brokerapi.AccessDenied) // known, and not used yet
	a.must(brokerapi.UpdateAppIDCertificate, brokerapi.NewCertificate{Certificate: fresh.signer.Certificate.Raw, From: w.Now()}, nil)
	w.fault(fresh.rst(b).write(t), "")
	w.fault(a.rst(b).write(t), "")
	q := fresh.rst(b)
	q.vouches = a.signer // one node signs the one, another the other
	w.fault(q.write(t), "")
	w.clock.pass(keptFor)
	w.fault(fresh.rst(b).write(t), "")
	w.fault(a.rst(b).write(t), brokerapi.AccessDenied)
	w.clock.pass(5 * 365 * daytime)
	w.fault(fresh.rst(b).write(t), brokerapi.AccessDenied) // expired: it verifies nothing
}

// FuzzSTS holds that no document is taken for an organization's but one that it
// signed, and that all others are refused in one way. There is no database behind
// it, and the key is a constant: making one takes a fuzzing process a while.
func FuzzSTS(f *testing.F) {
	block, _ := pem.Decode([]byte(fuzzKey))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	signer := certify(f, now, key.(crypto.Signer), nil)
	a := &app{id: "0000000060000EB9", uris: []string{uriPrefix + "contoso.example"}, keys: appKeys{Current: keySet{Certificate: signer.Certificate.Raw}}}
	b := &Broker{Config: Config{Issuer: "urn:federation:broker.example", URL: "https://broker.example"}}
	b.ring.Store(&generations{all: []*generation{{number: 1, certificate: signer.Certificate}}})
	o := &org{w: &world{Broker: b, clock: &clock{now: now}}, domain: "contoso.example", signer: signer}
	b.Now = o.w.clock.Now
	for _, v := range []wstrust.Version{wstrust.Feb2005, wstrust.V13} {
		for _, who := range []entente.Domain{"contoso.example", "fabrikam.example"} {
			q := o.rst(&org{domain: "fabrikam.example"})
			q.Version, q.Requestor = v, uriPrefix+string(who)
			f.Add(q.write(f))
		}
	}
	f.Add([]byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		x := &exchange{b: b, now: now, find: func(_ context.Context, uri string) (*app, error) {
			if uri == a.uris[0] {
				return a, nil
			}
			return nil, nil
		}}
		q, _, proof, err := x.authenticate(t.Context(), document)
		if err != nil {
			if code(err) != brokerapi.AccessDenied {
				t.Fatalf("refused in another way: %v", err)
			}
			return
		}
		// What was signed says the same however it is written around it.
		if q.Requestor != a.uris[0] || proof.Body == nil || proof.Parts != wssecurity.Timestamp|wssecurity.To|wssecurity.Action|wssecurity.Body {
			t.Fatalf("taken for what it is not: %+v, %+v", q, proof)
		}
	})
}

// fuzzKey is nobody's.
const fuzzKey = `-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDK51+S95KnWDRx
ATRvl8LxMWwOMDjqskNNHRrt9403sOteROffuBq0/E7U6cqK1lcJjRLhZtteN3wP
VOTpgnAwtkn0kZfK+a4qbrpaUwle86inE9okX+UyzgGG/va1BMV96vfNe8Ik/DWl
Iye0Xhn0usUYH5tchtDe09HxZQgMzGhekaC8eNzeapvhoipjpZItSbLlDinCgAz1
yuvyzWY7zUdPD4wza0JPT/aeHbPZSSOzYjQqUFvftaEQIEKqYaVN+FgVOKXEAnic
MOpddJYp3n/3ZsIxMjcKmBhdT9EDQkKU3ufwjd275hhgmPAQZ4ZcrIgzXPhuJhzt
fVg5QOHhAgMBAAECggEAGHHShlq0PNv4CWs7PXx7nGI3Yeg2WzQZvpcUkPnDdiOm
34cOplnAQfCpsKXv5FUZTEnGLgidwhaOKCyynV09FelINKI7ttTowizv34Tkep+B
QIu4Oqyg6MN/1Jsv7rQB9P8TVpqj05/c+KWpGWZC20SLDTJ1naqSTF4Zi2sAEsZw
Qi1+DPxtERg2BSgSfq68jwXLYYarx2UL85b274MCwikDra5e4cplgo8AM3P198kL
TFrQefHUiVb4ICx/1jC+Qhvrvtf4Kl10B/dnD7DSGbNo7k+4WJMO5NxUeNKsSB3u
PrZ+hBRIJmMLoxVtKXwq+ZZHrsnstJlMpELailwuqQKBgQD/MaZ0GVR5vnAKWHce
xyNsw6dGAbi5ETOLA/xUYT2gARsTlSZcbLe8FclwXOJ50SsFc0b905YL+hQdQTwA
sZPcFn+dYDwkRmvGPbZLOtvSXVbl41d/TbUCLEsRhaCs1wzye0Jr1XqQoRLwePUl
8RWwgECcjcvguLzg1FEC5lLOzQKBgQDLi3D6l53HeZ7vlaXxHPJbLbycR+TGVlL3
AVtXgB6XWwN17cEoYN264cl8oGOhBF9RtbgRCxcHHesBAcrizXvBkcw5gcANRheI
94EGPSvxKKUFnrrsLbWsUbzUGEA7s+j55b34i36NAY+A3u6ZT8QUvPqK+UfljHXC
N2A3pkR3ZQKBgGmjKu1aYu62l3ig4EacVpy6bS78nXP2m+iK8NQZIMJwUr4LesK9
ul0gg6+As7uLi4yJCLUf9jflAJiPnYAIAlYT9iW2ZY76m7iHaUPBDKgLPWKSdnDb
QPeyUCzjrPx/VPu3bGppB4CBPO7Qk2JuZvUWUii8Rc4zivRiz1os79BtAoGBAJFL
ooRfQlOoL5oamu/4l9AaX+63K0mhSWvk3g0h+bRVVa0S4LUwIFdM4YVDAJtqAZjU
POZ9ohyEcMKxQuCPie3tY3kRc8SF6jrtYn7Pn9RwDQxr+EargmnVlxNXlFKJ5J6u
LuOCv/1rxcJaYLuzwuaC193ogDgOAel3mglfeLQ5AoGBAN9/0wFpw9bnaA5Nbtxg
WqEQZMlzngxapelJSuUcxrnsq5WEmzUFBoBH4KxRkBM7PQSMYOFHWgXoea97nIfS
BYzNEEXyT8Nxc3FsxV6RQtqhUl3KI7mUTfTjwxObkF3hDgUSEbLHLD+vTu6ylqQJ
2yv5H+epKztadmZFASEn2QiT
-----END PRIVATE KEY-----`
