package clientcert

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// forMailOnly makes somebody's certificate one for mail.
func forMailOnly(c *x509.Certificate) {
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
}

func purpose(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = u }
}

func usage(u x509.KeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.KeyUsage = u }
}

func ending(d time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotAfter = start.Add(d) }
}

func TestMail(t *testing.T) {
	w := newWorld(t)
	below := newCA(t, "Fabrikam CA", w.ca)
	ended := newCA(t, "Old CA", w.ca, ending(-time.Hour))
	web := newCA(t, "Web CA", w.ca, purpose(x509.ExtKeyUsageServerAuth))
	fake := newCA(t, "Contoso CA", nil) // of the same name, and another key
	other := newCA(t, "Other CA", nil)
	person := newCA(t, "Person", w.ca, func(c *x509.Certificate) { c.IsCA = false })
	noPath := newCA(t, "Short CA", w.ca, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	under := newCA(t, "Under CA", noPath)
	all := []*x509.Certificate{below.cert, ended.cert, web.cert, fake.cert, other.cert, person.cert, noPath.cert, under.cert}
	j := w.judge()
	for _, x := range [...]struct {
		name string
		leaf *x509.Certificate
		with []*x509.Certificate
		want MailVerdict
	}{
		{"of the authority", w.ca.issue(forMailOnly), nil, MailGood},
		{"for anything", w.ca.issue(purpose(x509.ExtKeyUsageAny)), nil, MailGood},
		{"for nothing in particular", w.ca.issue(purpose()), nil, MailGood},
		{"to encrypt", w.ca.issue(forMailOnly, usage(x509.KeyUsageKeyEncipherment)), nil, MailGood},
		{"of one below that came along", below.issue(forMailOnly), all, MailGood},
		{"of one below that did not", below.issue(forMailOnly), nil, MailUntrusted},
		{"of another", other.issue(forMailOnly), nil, MailUntrusted},
		{"of another that came along", other.issue(forMailOnly), all, MailUntrusted},
		{"in the authority's name", fake.issue(forMailOnly), nil, MailSignature},
		{"in the authority's name, which came along", fake.issue(forMailOnly), all, MailUntrusted},
		{"to sign in", w.ca.issue(), nil, MailPurpose},
		{"to sign lists", w.ca.issue(forMailOnly, usage(x509.KeyUsageCRLSign)), nil, MailPurpose},
		{"ended", w.ca.issue(forMailOnly, ending(-time.Minute)), nil, MailTime},
		{"to begin", w.ca.issue(forMailOnly, func(c *x509.Certificate) { c.NotBefore = start.Add(time.Hour) }), nil, MailTime},
		{"of one that ended", ended.issue(forMailOnly), all, MailChainTime},
		{"of one for the web", web.issue(forMailOnly), all, MailChainPurpose},
		{"of a person", person.issue(forMailOnly), all, MailUntrusted},
		{"too far below", under.issue(forMailOnly), all, MailChain},
		{"a CA", below.cert, nil, MailMalformed},
		{"a short key", w.ca.issueFor(smallRSA(t), forMailOnly), nil, MailMalformed},
		{"beside a crowd", w.ca.issue(forMailOnly), make([]*x509.Certificate, maxBetween+1), MailMalformed},
	} {
		if got := j.Mail(t.Context(), x.leaf, x.with, true); got != x.want {
			t.Errorf("%s: %d, want %d", x.name, got, x.want)
		}
	}
}

// What the lists say counts, and where they say nothing, it is the asker's choice.
func TestMailRevoked(t *testing.T) {
	w := newWorld(t)
	below := newCA(t, "Fabrikam CA", w.ca, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(8) })
	w.authority.Revocation = Revocation{CRLs: []string{crlURL}, Soft: true}
	good, bad := w.ca.issue(forMailOnly), w.ca.issue(forMailOnly)
	held := below.issue(forMailOnly)
	with := []*x509.Certificate{below.cert}
	j := w.judge()
	ask := func(name string, leaf *x509.Certificate, hard bool, want MailVerdict) {
		t.Helper()
		if got := j.Mail(t.Context(), leaf, with, hard); got != want {
			t.Errorf("%s, hard %v: %d, want %d", name, hard, got, want)
		}
	}
	ask("no list", good, true, MailUnconfirmed)
	ask("no list", good, false, MailGood)
	w.serve(crlURL, says(w.ca.list(nil, bad)))
	j.Refresh(t.Context())
	ask("good", good, true, MailGood)
	ask("revoked", bad, true, MailRevoked)
	ask("revoked", bad, false, MailRevoked)
	ask("of one whose list is not known", held, true, MailUnconfirmed)
	ask("of one whose list is not known", held, false, MailGood)
	w.serve(crlURL, says(w.ca.list(func(l *x509.RevocationList) { l.ThisUpdate = start }, below.cert)))
	j.Refresh(t.Context())
	ask("of a revoked one", held, true, MailChainRevoked)
	ask("of a revoked one", held, false, MailChainRevoked)
	w.pass(48 * time.Hour)
	ask("an old list", good, true, MailUnconfirmed)
	ask("an old list", good, false, MailGood)
}
