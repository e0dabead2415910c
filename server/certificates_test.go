package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
)

// A pki is an authority whose client certificates count, with its list.
type pki struct {
	t         *testing.T
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
	file, crl string
	next      int64
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &pki{t: t, key: key, next: 1}
	folder := t.TempDir()
	p.file, p.crl = filepath.Join(folder, "ca.pem"), filepath.Join(folder, "ca.crl")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "People CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1},
	}
	p.cert = p.sign(template, template, key)
	p.write(p.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
	p.revoke()
	return p
}

func (p *pki) sign(template, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	p.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// issue makes a client's certificate.
func (p *pki) issue() tls.Certificate {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.next++
	leaf := p.sign(&x509.Certificate{
		SerialNumber: big.NewInt(p.next), Subject: pkix.Name{CommonName: "Somebody"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, p.cert, key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func (p *pki) write(file string, b []byte) {
	p.t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// revoke writes the list anew.
func (p *pki) revoke(all ...tls.Certificate) {
	p.t.Helper()
	p.next++
	l := &x509.RevocationList{Number: big.NewInt(p.next), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	for _, c := range all {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.Leaf.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, p.cert, p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(p.crl, der)
}

// A certified server takes certificates of people.
type certified struct {
	*running
	t    *testing.T
	pki  *pki
	root *tls.Config
}

func newCertified(t *testing.T, change func(*Config)) *certified {
	t.Helper()
	p := newPKI(t)
	c := conf(t, "sqlite:entente.db")
	c.Audit.OwnerReads = true
	c.TLS.Clients = &ClientsConfig{Authorities: []AuthorityConfig{{Name: "people", Files: []string{p.file}, CRL: []string{p.crl}}}}
	if change != nil {
		change(&c)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	r := start(t, c)
	r.person(t, "anna@contoso.example", "correct horse")
	r.clients.Refresh(t.Context())
	return &certified{running: r, t: t, pki: p, root: r.client.Transport.(*http.Transport).TLSClientConfig}
}

func (c *certified) api() *admin.API {
	return c.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// claims has Anna claim a certificate by its issuer and serial number.
func (c *certified) claims(cert tls.Certificate) {
	c.t.Helper()
	serial := cert.Leaf.SerialNumber.Bytes()
	slices.Reverse(serial)
	if _, err := c.api().AddIdentity(c.t.Context(), admin.AccountIdentity{
		AccountName: admin.AccountName{Account: "anna@contoso.example"}, Identity: fmt.Sprintf("X509:<I>CN=People CA<SR>%x", serial),
	}); err != nil {
		c.t.Fatal(err)
	}
}

// with returns a client that holds certificates, and keeps its connections.
func (c *certified) with(all ...tls.Certificate) *http.Client {
	conf := c.root.Clone()
	conf.Certificates = all
	conf.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	transport := &http.Transport{TLSClientConfig: conf}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// post asks for the inbox and returns the status, 0 for none.
func (c *certified) post(client *http.Client, change func(*http.Request)) (int, *tls.ConnectionState) {
	q, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), http.MethodPost, c.url+"/EWS/Exchange.asmx", strings.NewReader(inbox))
	if err != nil {
		c.t.Error(err)
		return 0, nil
	}
	q.Header.Set("Content-Type", "text/xml")
	if change != nil {
		change(q)
	}
	w, err := client.Do(q)
	if err != nil {
		return 0, nil
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, w.Body)
	return w.StatusCode, w.TLS
}

func TestSignInByCertificate(t *testing.T) {
	c := newCertified(t, nil)
	mine, others := c.pki.issue(), c.pki.issue()
	c.claims(mine)
	test := func(what string, client *http.Client, want int, change func(*http.Request)) {
		t.Helper()
		if got, _ := c.post(client, change); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	password := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	me := c.with(mine)
	test("her certificate", me, 200, nil)
	test("nobody's", c.with(others), 401, nil)
	test("none", c.with(), 401, nil)
	test("none, and a password", c.with(), 200, password("anna@contoso.example", "correct horse"))
	test("a certificate, and a wrong password", me, 401, password("anna@contoso.example", "wrong"))
	test("nobody's, and a password", c.with(others), 200, password("anna@contoso.example", "correct horse"))
	stranger := newPKI(t).issue()
	refused := c.with()
	refused.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }
	test("another authority of the same name", refused, 0, nil)

	// The record says by which certificate, and how that came to be hers.
	all, err := c.Audit.Search(t.Context(), audit.Filter{Action: "ews.GetFolder"})
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	found := false
	for _, r := range all {
		if r.Method == access.Certificate {
			found = len(r.Evidence) == 64 && len(r.Via) == 1 && r.Via[0].How == fmt.Sprintf("certificate %02x of people by issuer-serial", mine.Leaf.SerialNumber) && r.By.UPN == "anna@contoso.example"
			if !found {
				t.Errorf("recorded as %+v", r)
			}
		}
	}
	if !found {
		t.Error("no record of a certificate")
	}

	// Nothing is resumed: a session would have passed no judge.
	for range 3 {
		me.CloseIdleConnections()
		if status, s := c.post(me, nil); status != 200 || s.DidResume {
			t.Errorf("%d, resumed %t", status, s != nil && s.DidResume)
		}
	}

	// A virtual directory that takes none has the listener ask for none, and
	// connections that showed one are not believed.
	if _, err := c.api().SetVirtualDirectory(t.Context(), admin.SetVirtualDirectory{VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: "ews"}, Certificate: "off"}); err != nil {
		t.Fatal(err)
	}
	test("switched off", me, 401, nil)
	for _, p := range []string{"activesync", "autodiscover"} {
		if _, err := c.api().SetVirtualDirectory(t.Context(), admin.SetVirtualDirectory{VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: p}, Certificate: "off"}); err != nil {
			t.Fatal(err)
		}
	}
	asked := false
	quiet := c.with()
	quiet.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		return &mine, nil
	}
	test("switched off everywhere", quiet, 401, nil)
	if asked {
		t.Error("asked for a certificate that nobody takes")
	}
}

// TestCertificateTakenBack: on connections that are kept, under load, no request
// that begins after an account was disabled or a certificate revoked is answered.
// (threats K4)
func TestCertificateTakenBack(t *testing.T) {
	c := newCertified(t, nil)
	mine := c.pki.issue()
	c.claims(mine)
	set := func(enabled string) {
		t.Helper()
		if _, err := c.api().SetAccount(t.Context(), admin.SetAccount{AccountName: admin.AccountName{Account: "anna@contoso.example"}, Enabled: enabled}); err != nil {
			t.Fatal(err)
		}
	}
	for what, take := range map[string]struct{ away, back func() }{
		"disabled": {func() { set("off") }, func() { set("on") }},
		"revoked": {func() { c.pki.revoke(mine); c.clients.Refresh(t.Context()) }, func() {
			time.Sleep(time.Second) // lists count in seconds
			c.pki.revoke()
			c.clients.Refresh(t.Context())
		}},
	} {
		var gone, stop atomic.Bool
		var before, after atomic.Int64
		var workers sync.WaitGroup
		for range 4 {
			client := c.with(mine)
			workers.Go(func() {
				for !stop.Load() {
					was := gone.Load()
					status, _ := c.post(client, nil)
					switch {
					case was && status != http.StatusUnauthorized:
						t.Errorf("%s: answered with %d afterwards", what, status)
						return
					case was:
						after.Add(1)
					case status == http.StatusOK:
						before.Add(1)
					}
				}
			})
		}
		await(t, func() bool { return before.Load() > 20 })
		take.away()
		gone.Store(true)
		await(t, func() bool { return after.Load() > 20 })
		stop.Store(true)
		workers.Wait()
		take.back()
		if status, _ := c.post(c.with(mine), nil); status != http.StatusOK {
			t.Errorf("%s: after it was given back: %d", what, status)
		}
	}
}

// await waits until something has come to be.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) || t.Failed() {
			t.Fatal("it did not come to be")
		}
	}
}

// TestCertificateInHeader: a certificate that a proxy, or anybody, writes into a
// header is nobody's.
func TestCertificateInHeader(t *testing.T) {
	c := newCertified(t, nil)
	mine := c.pki.issue()
	c.claims(mine)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mine.Leaf.Raw}))
	for _, h := range []string{"X-SSL-Client-Cert", "X-Client-Cert", "X-ARR-ClientCert", "Client-Cert", "X-Forwarded-Client-Cert", "X-MS-Proxy", "SSL_CLIENT_CERT"} {
		if status, _ := c.post(c.with(), func(r *http.Request) {
			r.Header[h] = []string{strings.ReplaceAll(text, "\n", " ")}
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
		}); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", h, status)
		}
	}
}

// TestExplainCertificate: an administrator learns what a certificate would come
// to.
func TestExplainCertificate(t *testing.T) {
	c := newCertified(t, nil)
	mine := c.pki.issue()
	explain := func() admin.CertificateAnswer {
		t.Helper()
		a, err := c.api().ExplainCertificate(t.Context(), admin.ClientCertificate{Content: mine.Leaf.Raw})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := explain(); a.Accepted || a.Account != "" || len(a.Remedies) != 1 || !strings.Contains(a.Remedies[0], "add-identity ACCOUNT 'X509:<I>CN=people ca<SR>") {
		t.Errorf("%+v", a)
	}
	c.claims(mine)
	if a := explain(); !a.Accepted || a.Account != "anna@contoso.example" || a.Mapping != "issuer-serial" || a.Authority != "people" {
		t.Errorf("%+v", a)
	}
	all, err := c.metrics.registry.Gather()
	left := -1.0
	for _, f := range all {
		if f.GetName() == "entente_revocation_list_seconds_left" {
			left = f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	if err != nil || left < 60 || left > 3600 {
		t.Errorf("the list counts for %v seconds, %v", left, err)
	}
	c.pki.revoke(mine)
	c.clients.Refresh(t.Context())
	if a := explain(); a.Accepted || a.Account != "anna@contoso.example" || !strings.Contains(a.Why, "names it") {
		t.Errorf("%+v", a)
	}
}

// TestNodesBesideCertificates: channels of nodes pass a listener that asks people
// for certificates.
func TestNodesBesideCertificates(t *testing.T) {
	p := newPKI(t)
	f := newResourceForestWith(t, func(c *Config) {
		c.TLS.Clients = &ClientsConfig{Authorities: []AuthorityConfig{{Name: "people", Files: []string{p.file}, Revocation: "none"}}}
	})
	if text := f.ask(lenaSID, nil, ""); !strings.Contains(text, "ErrorCallerIsInvalidADAccount") {
		t.Errorf("a node's request is answered with %s", text)
	}
}

func TestClientsConfig(t *testing.T) {
	test := func(want string, change func(*ClientsConfig)) {
		t.Helper()
		c := ClientsConfig{Authorities: []AuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}, CRL: []string{"http://pki.contoso.example/ca.crl"}}}}
		change(&c)
		if err := c.check(); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	one := func(f func(a *AuthorityConfig)) func(*ClientsConfig) {
		return func(c *ClientsConfig) { f(&c.Authorities[0]) }
	}
	test("", func(*ClientsConfig) {})
	test("", one(func(a *AuthorityConfig) { a.CRL, a.Revocation = nil, "none" }))
	test("", one(func(a *AuthorityConfig) { a.CRL, a.OCSP, a.Revocation = nil, "http://ocsp.contoso.example", "soft" }))
	test("name a CA", func(c *ClientsConfig) { c.Authorities = nil })
	test("networks", func(c *ClientsConfig) { c.Networks = []string{"x"} })
	test("a name", one(func(a *AuthorityConfig) { a.Name = "" }))
	test("files", one(func(a *AuthorityConfig) { a.Files = nil }))
	test("weak", one(func(a *AuthorityConfig) { a.Weak = []string{"sid-extension"} }))
	test("crl or ocsp", one(func(a *AuthorityConfig) { a.CRL = nil }))
	test("neither a URL", one(func(a *AuthorityConfig) { a.CRL = []string{"ca.crl"} }))
	test("neither a URL", one(func(a *AuthorityConfig) { a.CRL = []string{"ldap://x/y"} }))
	test("no URL", one(func(a *AuthorityConfig) { a.OCSP = "http://user@x" }))
	test("without crl", one(func(a *AuthorityConfig) { a.Revocation = "none" }))
	test("none of hard", one(func(a *AuthorityConfig) { a.Revocation = "maybe" }))
}

func TestSMIMEConfig(t *testing.T) {
	for _, x := range [...]struct {
		c    SMIMEConfig
		want string
	}{
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}}}}, ""},
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}, CRL: []string{"http://pki.contoso.example/ca.crl"}}}}, ""},
		{SMIMEConfig{}, "smime: authorities: name a CA"},
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people"}}}, "smime: authorities: people: a name and files"},
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}, CRL: []string{"ca.crl"}}}}, "crl: \"ca.crl\" is neither"},
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}, OCSP: "x"}}}, "ocsp: \"x\" is no URL"},
		{SMIMEConfig{Authorities: []MailAuthorityConfig{{Name: "people", Files: []string{"/ca.pem"}}}, Networks: []string{"everywhere"}}, "smime: networks"},
	} {
		c := ActiveSyncConfig{SMIME: &x.c}
		if err := c.check(); (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%+v: %v, want %q", x.c, err, x.want)
		}
	}
}
