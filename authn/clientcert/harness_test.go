package clientcert

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"entente"
	"entente/access"
)

const (
	own     = "S-1-5-21-1-1-1"
	foreign = "S-1-5-21-8-8-8"
)

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A ca issues certificates for tests.
type ca struct {
	t    testing.TB
	cert *x509.Certificate
	key  crypto.Signer
	next int64
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func contosoName(cn string) pkix.Name {
	return pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: "example"},
		{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: "contoso"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: cn},
	}}
}

// newCA makes an authority; above is who has issued its certificate, nil for
// itself.
func newCA(t testing.TB, name string, above *ca, change ...func(*x509.Certificate)) *ca {
	t.Helper()
	c := &ca{t: t, key: newKey(t), next: 100}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: contosoName(name), NotBefore: start.AddDate(-5, 0, 0), NotAfter: start.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	for _, f := range change {
		f(template)
	}
	by, key := template, crypto.Signer(c.key)
	if above != nil {
		by, key = above.cert, above.key
	}
	c.cert = sign(t, template, by, c.key.Public(), key)
	return c
}

func sign(t testing.TB, template, by *x509.Certificate, public any, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, by, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue makes somebody's certificate.
func (c *ca) issue(change ...func(*x509.Certificate)) *x509.Certificate {
	c.t.Helper()
	return c.issueFor(newKey(c.t).Public(), change...)
}

func (c *ca) issueFor(public any, change ...func(*x509.Certificate)) *x509.Certificate {
	c.t.Helper()
	c.next++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.next), Subject: contosoName("Anna"), NotBefore: start.Add(-time.Hour), NotAfter: start.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SubjectKeyId: []byte{0xab, byte(c.next)},
	}
	for _, f := range change {
		f(template)
	}
	return sign(c.t, template, c.cert, public, c.key)
}

// with adds an extension.
func with(oid asn1.ObjectIdentifier, critical bool, value []byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

func build(f func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, f)
	return b.BytesOrPanic()
}

// other adds an otherName to general names.
func other(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, tag cbasn1.Tag, text string) {
	b.AddASN1(otherNameTag, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.Tag(0xa0), func(b *cryptobyte.Builder) {
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
		})
	})
}

func sidValue(sid string) []byte {
	return build(func(b *cryptobyte.Builder) { other(b, sidName, cbasn1.OCTET_STRING, sid) })
}

func withSID(sid string) func(*x509.Certificate) { return with(sidExtension, false, sidValue(sid)) }

// A san is what to put into a subject alternative name.
type san struct {
	upns, mails, uris []string
	critical          bool
}

func withSAN(s san) func(*x509.Certificate) {
	return with(sanOID, s.critical, build(func(b *cryptobyte.Builder) {
		for _, u := range s.upns {
			other(b, upnName, cbasn1.UTF8String, u)
		}
		for _, m := range s.mails {
			b.AddASN1(mailTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(m)) })
		}
		for _, u := range s.uris {
			b.AddASN1(uriTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(u)) })
		}
	}))
}

func withURI(sid string) func(*x509.Certificate) { return withSAN(san{uris: []string{sidTag + sid}}) }

// A world has an authority, people, and a clock that is set by hand.
type world struct {
	t         testing.TB
	ca        *ca
	authority Authority
	others    []Authority
	facts     access.Facts

	mu       sync.Mutex
	now      time.Time
	snapshot *access.Snapshot
	web      map[string]func(body []byte) ([]byte, error)
	visited  map[string]int
	noted    []string
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, ca: newCA(t, "Contoso CA", nil), now: start, web: map[string]func([]byte) ([]byte, error){}, visited: map[string]int{}}
	w.authority = Authority{Name: "contoso", Certificates: []*x509.Certificate{w.ca.cert}, Revocation: Revocation{None: true}}
	w.facts = access.Facts{
		Organization: access.Organization{DomainSID: own},
		Realms:       []access.Realm{{Name: "FOREST", DomainSID: foreign}},
		Accounts:     []access.Account{person("anna", 1001), person("bruno", 1002), person("off", 1003), person("linked", 1004), person("stray", 1005)},
	}
	w.facts.Accounts[2].Enabled = false
	w.facts.Accounts[3].Enabled, w.facts.Accounts[3].Master = false, foreign+"-2001"
	w.facts.Accounts[4].Enabled, w.facts.Accounts[4].Master = false, "S-1-5-21-9-9-9-1"
	w.settle()
	return w
}

func person(name string, rid int) access.Account {
	return access.Account{
		Principal: access.Principal{
			SID: entente.SID(own + "-" + big.NewInt(int64(rid)).String()),
			UPN: entente.UPN(name + "@contoso.example"), Mail: entente.SMTPAddress(name + "@contoso.example"),
		},
		Name: name, Kind: access.KindUser, Enabled: true, LogonName: name,
	}
}

// settle has the facts decide.
func (w *world) settle() {
	s := access.Compile(w.facts)
	w.mu.Lock()
	w.snapshot = s
	w.mu.Unlock()
}

// claims gives an account identities.
func (w *world) claims(name string, identities ...string) {
	w.t.Helper()
	accounts := append([]access.Account(nil), w.facts.Accounts...)
	for i := range accounts {
		if accounts[i].Name != name {
			continue
		}
		accounts[i].Identities = nil
		for _, s := range identities {
			c, err := access.ParseIdentity(s)
			if err != nil {
				w.t.Fatal(err)
			}
			accounts[i].Identities = append(accounts[i].Identities, c)
		}
	}
	w.facts.Accounts = accounts
	w.settle()
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) fetch(_ context.Context, u string, body []byte) ([]byte, error) {
	if _, err := url.Parse(u); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.visited[u]++
	f := w.web[u]
	w.mu.Unlock()
	if f == nil {
		return nil, errors.New("nobody is there")
	}
	return f(body)
}

func (w *world) serve(u string, f func(body []byte) ([]byte, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.web[u] = f
}

func (w *world) visits(u string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.visited[u]
}

func (w *world) judge() *Judge {
	w.t.Helper()
	j, err := New(Config{
		Authorities: append([]Authority{w.authority}, w.others...),
		Snapshot:    func() *access.Snapshot { w.mu.Lock(); defer w.mu.Unlock(); return w.snapshot },
		Fetch:       w.fetch,
		Noted: func(source string, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if err == nil {
				w.noted = append(w.noted, source+" well")
			} else {
				w.noted = append(w.noted, source+" "+err.Error())
			}
		},
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// whose tells the account a certificate is of, or the reason why it is nobody's.
func whose(t testing.TB, j *Judge, leaf *x509.Certificate, chain ...*x509.Certificate) string {
	t.Helper()
	m, err := j.Match(t.Context(), append([]*x509.Certificate{leaf}, chain...))
	if err == nil {
		return m.Account.Name + " " + string(m.Mapping)
	}
	var e *entente.Error
	if !errors.As(err, &e) || e.Reason == "" || e.Kind == entente.Denied && e.Text != "the certificate is not accepted" {
		t.Errorf("refused by %v, which is not what strangers are told", err)
		return ""
	}
	return string(e.Reason)
}

func smallRSA(t testing.TB) crypto.PublicKey {
	t.Helper()
	// A modulus of 1024 bits: nobody signs with it here.
	n := new(big.Int).Lsh(big.NewInt(1), 1023)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(643)), E: 65537}
}
