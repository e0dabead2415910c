package clientcert

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"
)

const ocspURL = "http://ocsp.contoso.example"

// A responder answers questions about certificates.
type responder struct {
	t      testing.TB
	issuer *ca
	by     *ca // who signs; nil for the issuer
	cert   *x509.Certificate
	status map[string]int // by serial number; good if not there
	change func(*ocsp.Response)
	now    func() time.Time
}

func (r *responder) answer(question []byte) ([]byte, error) {
	q, err := ocsp.ParseRequest(question)
	if err != nil {
		r.t.Error(err)
		return nil, err
	}
	now := start
	if r.now != nil {
		now = r.now()
	}
	a := ocsp.Response{
		Status: r.status[q.SerialNumber.String()], SerialNumber: q.SerialNumber, ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour),
		RevokedAt: now.Add(-time.Hour), IssuerHash: crypto.SHA1,
	}
	if r.change != nil {
		r.change(&a)
	}
	cert, key := r.issuer.cert, r.issuer.key
	if r.by != nil {
		cert, key = r.by.cert, r.by.key
	}
	if r.cert != nil {
		cert, a.Certificate = r.cert, r.cert
	}
	return ocsp.CreateResponse(r.issuer.cert, cert, a, key)
}

func TestOCSP(t *testing.T) {
	w := newWorld(t)
	w.authority.Revocation = Revocation{OCSP: ocspURL}
	sid := withSID(own + "-1001")
	good, bad, unheard := w.ca.issue(sid), w.ca.issue(sid), w.ca.issue(sid)
	status := map[string]int{bad.SerialNumber.String(): ocsp.Revoked, unheard.SerialNumber.String(): ocsp.Unknown}
	const yes, gone, open = "anna sid-extension", "certificate-revoked", "certificate-unconfirmed"
	test := func(what string, f func([]byte) ([]byte, error), want ...string) {
		t.Helper()
		for _, soft := range []bool{false, true} {
			w.authority.Soft = soft
			w.serve(ocspURL, f)
			j := w.judge()
			for i, leaf := range []*x509.Certificate{good, bad, unheard} {
				expect := want[min(i, len(want)-1)]
				if soft && expect == open {
					expect = yes
				}
				if got := whose(t, j, leaf); got != expect {
					t.Errorf("%s, soft %t, %d: %s, want %s", what, soft, i, got, expect)
				}
			}
		}
	}
	r := &responder{t: t, issuer: w.ca, status: status}
	test("the issuer", r.answer, yes, gone, gone)
	changed := func(f func(*ocsp.Response)) func([]byte) ([]byte, error) {
		return (&responder{t: t, issuer: w.ca, status: status, change: f}).answer
	}
	test("out of date", changed(func(a *ocsp.Response) { a.NextUpdate = start.Add(-time.Second) }), open)
	test("of a time to come", changed(func(a *ocsp.Response) { a.ThisUpdate = start.Add(time.Hour) }), open)
	test("no end", changed(func(a *ocsp.Response) { a.NextUpdate = time.Time{} }), yes, gone, gone)
	test("no end, and old", changed(func(a *ocsp.Response) { a.ThisUpdate, a.NextUpdate = start.Add(-time.Hour), time.Time{} }), open)
	test("about another", changed(func(a *ocsp.Response) { a.SerialNumber = w.ca.cert.SerialNumber }), open)
	test("nobody there", nil, open)
	test("an error", func([]byte) ([]byte, error) { return nil, errors.New("no") }, open)
	test("try later", says(ocsp.TryLaterErrorResponse), open)
	test("nonsense", says([]byte("<html>")), open)
	test("too long", says(make([]byte, maxOCSP+1)), open)

	// Whoever answers in the issuer's stead must have its word for it.
	delegated := func(change ...func(*x509.Certificate)) func([]byte) ([]byte, error) {
		key := newKey(t)
		change = append([]func(*x509.Certificate){func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		}}, change...)
		cert := w.ca.issueFor(key.Public(), change...)
		return (&responder{t: t, issuer: w.ca, by: &ca{cert: cert, key: key}, cert: cert, status: status}).answer
	}
	test("a delegated responder", delegated(), yes, gone, gone)
	test("one for other things", delegated(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), open)
	test("one that has ended", delegated(func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), open)
	rogue := newCA(t, "Contoso CA", nil)
	test("another of the issuer's name", (&responder{t: t, issuer: w.ca, by: rogue, status: status}).answer, open)
	key := newKey(t)
	cert := rogue.issueFor(key.Public(), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	test("its delegate", (&responder{t: t, issuer: w.ca, by: &ca{cert: cert, key: key}, cert: cert, status: status}).answer, open)
}

// TestOCSPAndLists: anything that says it was taken back does so; otherwise one
// is enough that says it was not.
func TestOCSPAndLists(t *testing.T) {
	w := newWorld(t)
	w.authority.Revocation = Revocation{OCSP: ocspURL, CRLs: []string{crlURL}}
	leaf := w.ca.issue(withSID(own + "-1001"))
	serial := leaf.SerialNumber.String()
	online := func(status int) func([]byte) ([]byte, error) {
		return (&responder{t: t, issuer: w.ca, status: map[string]int{serial: status}}).answer
	}
	test := func(want string, list, o func([]byte) ([]byte, error)) {
		t.Helper()
		w.serve(crlURL, list)
		w.serve(ocspURL, o)
		j := w.judge()
		j.Refresh(t.Context())
		if got := whose(t, j, leaf); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	clean, named := says(w.ca.list(nil)), says(w.ca.list(nil, leaf))
	test("anna sid-extension", clean, online(ocsp.Good))
	test("anna sid-extension", nil, online(ocsp.Good))
	test("anna sid-extension", clean, nil)
	test("anna sid-extension", clean, online(ocsp.Unknown))
	test("certificate-revoked", named, online(ocsp.Good))
	test("certificate-revoked", clean, online(ocsp.Revoked))
	test("certificate-revoked", nil, online(ocsp.Unknown))
	test("certificate-unconfirmed", nil, nil)
}

// TestOCSPIsKept: one question for all who ask at once, an answer for five
// minutes, and for as long as it holds if the responder is down.
func TestOCSPIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.now = time.Now()
		w.authority.Revocation = Revocation{OCSP: ocspURL}
		w.ca = newCA(t, "Contoso CA", nil, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = w.now.AddDate(-1, 0, 0), w.now.AddDate(1, 0, 0) })
		w.authority.Certificates = []*x509.Certificate{w.ca.cert}
		leaf := w.ca.issue(withSID(own+"-1001"), func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = w.now.AddDate(-1, 0, 0), w.now.AddDate(1, 0, 0)
		})
		r := &responder{t: t, issuer: w.ca, now: time.Now}
		slow := func(q []byte) ([]byte, error) {
			time.Sleep(time.Second)
			return r.answer(q)
		}
		w.serve(ocspURL, slow)
		j := w.judge()
		j.now, j.ocsp.now = time.Now, time.Now
		test := func(want string, visits int) {
			t.Helper()
			if got := whose(t, j, leaf); got != want || w.visits(ocspURL) != visits {
				t.Errorf("%s after %d questions, want %s after %d", got, w.visits(ocspURL), want, visits)
			}
		}
		// The first hangs up before the answer.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := j.Match(ctx, []*x509.Certificate{leaf}); err == nil {
			t.Error("an answer before it came")
		}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { test("anna sid-extension", 1) })
		}
		wg.Wait()
		time.Sleep(4 * time.Minute)
		test("anna sid-extension", 1)
		time.Sleep(2 * time.Minute)
		test("anna sid-extension", 2)

		w.serve(ocspURL, nil) // down
		time.Sleep(6 * time.Minute)
		test("anna sid-extension", 3)
		test("anna sid-extension", 3) // not asked again at once
		time.Sleep(time.Minute)
		test("anna sid-extension", 4)
		time.Sleep(time.Hour)
		test("certificate-unconfirmed", 5)
		r.status = map[string]int{leaf.SerialNumber.String(): ocsp.Revoked}
		w.serve(ocspURL, slow)
		time.Sleep(time.Minute)
		test("certificate-revoked", 6)
		test("certificate-revoked", 6)
		w.serve(ocspURL, nil) // down, for longer than what it said holds
		time.Sleep(24 * time.Hour)
		test("certificate-revoked", 7)
		j.authorities[0].Soft = true
		test("certificate-revoked", 7)
	})
}
