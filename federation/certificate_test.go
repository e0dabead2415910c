package federation

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"entente"
	"entente/db/dbtest"
)

// A ca issues certificates.
type ca struct {
	t    *testing.T
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newCA(t *testing.T, now time.Time) *ca {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(3650 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	return &ca{t, key, parsed}
}

func (c *ca) issue(public crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	c.t.Helper()
	x := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "Federation"}, SubjectKeyId: []byte{1, 2, 3, 4},
		NotBefore: c.cert.NotBefore, NotAfter: c.cert.NotBefore.Add(365 * day),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	change(x)
	der, err := x509.CreateCertificate(rand.Reader, x, c.cert, public, c.key)
	must(c.t, err)
	parsed, err := x509.ParseCertificate(der)
	must(c.t, err)
	return parsed
}

// TestRules holds each rule, by a certificate that breaks it and no other.
func TestRules(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	now := o.clock.Now()
	c := newCA(t, now)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	none := func(*x509.Certificate) {}
	test := func(name string, x *x509.Certificate, has bool, breaks ...string) {
		t.Helper()
		var failed []string
		for _, c := range o.rules(t.Context(), x, has) {
			if c.Text == "" || !strings.HasSuffix(c.Text, ".") || c.Result == Failed && c.Remedy == "" {
				t.Errorf("%s: %s says %q %q", name, c.Name, c.Text, c.Remedy)
			}
			if c.Result == Failed {
				failed = append(failed, c.Name)
			}
		}
		if strings.Join(failed, " ") != strings.Join(breaks, " ") {
			t.Errorf("%s breaks %q", name, failed)
		}
	}
	test("one of a CA", c.issue(key.Public(), none), true)
	test("a short key", c.issue(small.Public(), none), true, "RSAKey")
	test("another kind of key", c.issue(curve.Public(), none), true, "RSAKey")
	test("no subject key identifier", c.issue(key.Public(), func(x *x509.Certificate) { x.SubjectKeyId = nil }), true, "SubjectKeyIdentifier")
	test("no client authentication", c.issue(key.Public(), func(x *x509.Certificate) { x.ExtKeyUsage = x.ExtKeyUsage[:1] }), true, "EnhancedKeyUsage")
	test("no usages", c.issue(key.Public(), func(x *x509.Certificate) { x.ExtKeyUsage = nil }), true, "EnhancedKeyUsage")
	test("not valid yet", c.issue(key.Public(), func(x *x509.Certificate) { x.NotBefore = now.Add(time.Second) }), true, "Validity")
	test("valid from now", c.issue(key.Public(), func(x *x509.Certificate) { x.NotBefore = now }), true)
	test("expired", c.issue(key.Public(), func(x *x509.Certificate) { x.NotAfter = now }), true, "Validity")
	test("no key at hand", c.issue(key.Public(), none), false, "PrivateKey", "ExportablePrivateKey")
	curveCA := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "EC"}, IsCA: true, BasicConstraintsValid: true, NotBefore: now, NotAfter: now.Add(day)}
	x := &x509.Certificate{
		SerialNumber: big.NewInt(2), SubjectKeyId: []byte{1}, NotBefore: now, NotAfter: now.Add(day), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, x, curveCA, key.Public(), curve)
	must(t, err)
	ecdsaSigned, err := x509.ParseCertificate(der)
	must(t, err)
	test("not signed by RSA", ecdsaSigned, true, "RSASignature")

	thumb, err := o.MakeCertificate(t.Context(), NewCertificate{})
	must(t, err)
	checks, err := o.CertificateChecks(t.Context(), thumb)
	must(t, err)
	results := map[Result]int{}
	for _, c := range checks {
		results[c.Result]++
	}
	if results[Passed] != 9 || results[NotApplicable] != 1 || len(checks) != 10 {
		t.Errorf("our own: %+v", checks)
	}
	if _, err := o.CertificateChecks(t.Context(), "none"); reason(err) != BadCertificate {
		t.Error(err)
	}
	for name, n := range map[string]NewCertificate{
		"too long a name":        {CommonName: strings.Repeat("x", 65)},
		"no domain":              {Domains: []string{"a b"}},
		"too long a time":        {Life: 11 * 365 * day},
		"too short a time":       {Life: time.Hour},
		"too long an identifier": {SubjectKeyIdentifier: make([]byte, 33)},
	} {
		if _, err := o.MakeCertificate(t.Context(), n); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestRevoked holds that a certificate is looked for in its CA's configured list,
// and nowhere else.
func TestRevoked(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	now := o.clock.Now()
	c, other := newCA(t, now), newCA(t, now)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	x := c.issue(key.Public(), func(x *x509.Certificate) { x.CRLDistributionPoints = []string{"https://canary.example/list"} })
	list := func(by *ca, next time.Time, serials ...int64) string {
		l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: next}
		for _, n := range serials {
			l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(n), RevocationTime: now})
		}
		der, err := x509.CreateRevocationList(rand.Reader, l, by.cert, by.key)
		must(t, err)
		return string(der)
	}
	test := func(name string, want Result, status int, answer string) {
		t.Helper()
		o.HTTP = &http.Client{Transport: says{status, answer}}
		if got := o.revocation(t.Context(), x); got.Result != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	test("no list is configured", NotChecked, 500, "")
	o.RevocationLists = []RevocationList{{other.cert, "https://crl.example/other"}}
	test("another CA's is", NotChecked, 500, "")
	o.RevocationLists = append(o.RevocationLists, RevocationList{c.cert, "https://crl.example/ca"})
	tomorrow := now.Add(day)
	test("an empty list", Passed, 200, list(c, tomorrow))
	test("others are in it", Passed, 200, list(c, tomorrow, 1, 2))
	test("it is in it", Failed, 200, list(c, tomorrow, 1, 4711))
	test("in PEM", Failed, 200, string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte(list(c, tomorrow, 4711))})))
	test("another's list", Failed, 200, list(other, tomorrow))
	test("an old list", Failed, 200, list(c, now.Add(-time.Minute)))
	test("no list", Failed, 200, "x")
	test("no answer", Failed, 404, "")
	test("no end", Failed, 200, strings.Repeat("x", maxCRL+1))
}

// TestImport holds which files with certificates are taken.
func TestImport(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	ctx, c := t.Context(), newCA(t, o.clock.Now())
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	x := c.issue(key.Public(), func(*x509.Certificate) {})
	text := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	other8, err := x509.MarshalPKCS8PrivateKey(another)
	must(t, err)
	curve8, err := x509.MarshalPKCS8PrivateKey(curve)
	must(t, err)
	p12, err := pkcs12.Modern2023.Encode(key, x, []*x509.Certificate{c.cert}, "a long secret")
	must(t, err)
	legacy, err := pkcs12.LegacyDES.Encode(key, x, nil, "a long secret")
	must(t, err)
	test := func(name, want string, file []byte, password string) {
		t.Helper()
		thumb, err := o.Import(ctx, file, entente.NewSecret(password))
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		if err != nil || thumb != Thumbprint(x) {
			t.Errorf("%s: %s %v", name, thumb, err)
			return
		}
		if err := o.Discard(ctx, thumb); err != nil {
			t.Error(err)
		}
	}
	test("PKCS #12", "", p12, "a long secret")
	test("PKCS #12 as Windows writes it", "", legacy, "a long secret")
	test("another password", "password does not open", p12, "another")
	test("PEM", "", append(text("CERTIFICATE", x.Raw), text("PRIVATE KEY", pkcs8)...), "")
	test("PEM, the key first, with the CA's behind it", "", bytes.Join([][]byte{text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), text("CERTIFICATE", x.Raw), text("CERTIFICATE", c.cert.Raw)}, nil), "")
	test("no key", "no RSA key", text("CERTIFICATE", x.Raw), "")
	test("another key", "private key is not at hand", append(text("CERTIFICATE", x.Raw), text("PRIVATE KEY", other8)...), "")
	test("a key on a curve", "no RSA key", append(text("CERTIFICATE", x.Raw), text("PRIVATE KEY", curve8)...), "")
	test("no certificate", "neither PKCS #12 nor PEM", text("PRIVATE KEY", pkcs8), "")
	test("broken PEM", "neither PKCS #12 nor PEM", append(text("CERTIFICATE", x.Raw[1:]), text("PRIVATE KEY", pkcs8)...), "")
	test("nothing", "neither PKCS #12 nor PEM", nil, "")
	test("no end", "at most", make([]byte, maxImport+1), "")
	test("a rule is broken", "Client authentication", append(text("CERTIFICATE", c.issue(key.Public(), func(x *x509.Certificate) { x.ExtKeyUsage = nil }).Raw), text("PRIVATE KEY", pkcs8)...), "")
	if _, err := o.Import(ctx, p12, entente.NewSecret("a long secret")); err != nil {
		t.Error(err)
	}
	test("twice", "kept already", p12, "a long secret")
	if all, err := o.Ring.Named(ctx, "federation-certificate"); err != nil || len(all) != 1 {
		t.Errorf("%d keys are left by files that were refused: %v", len(all), err)
	}
	out, err := o.Export(ctx, Thumbprint(x), entente.NewSecret("yet another secret"), "test")
	must(t, err)
	if k, y, err := pkcs12.Decode(out, "yet another secret"); err != nil || !key.Equal(k) || !y.Equal(x) {
		t.Error("it comes out as another", err)
	}
	if _, err := o.Export(ctx, Thumbprint(x), entente.NewSecret("short"), "test"); err == nil {
		t.Error("a short password is taken")
	}
}

// TestRequest holds that a CA's answer finds its request.
func TestRequest(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	ctx, c := t.Context(), newCA(t, o.clock.Now())
	text, err := o.Request(ctx, NewCertificate{CommonName: "contoso", Domains: []string{"mail.contoso.example"}, SubjectKeyIdentifier: []byte{9, 9}})
	must(t, err)
	block, _ := pem.Decode(text)
	r, err := x509.ParseCertificateRequest(block.Bytes)
	must(t, err)
	must(t, r.CheckSignature())
	if r.Subject.CommonName != "contoso" || len(r.DNSNames) != 1 || len(r.Extensions) != 3 || len(o.Requests()) != 1 || !bytes.Equal(o.Requests()[0].PEM, text) {
		t.Errorf("%+v", r)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	for name, file := range map[string][]byte{
		"another key's":   c.issue(other.Public(), func(*x509.Certificate) {}).Raw,
		"no certificate":  []byte("x"),
		"one that breaks": c.issue(r.PublicKey, func(x *x509.Certificate) { x.SubjectKeyId = nil }).Raw,
		"no end":          make([]byte, maxImport+1),
	} {
		if _, err := o.Complete(ctx, file); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	x := c.issue(r.PublicKey, func(*x509.Certificate) {})
	thumb, err := o.Complete(ctx, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}))
	must(t, err)
	if len(o.Requests()) != 0 || thumb != Thumbprint(x) {
		t.Error("the request waits still")
	}
	if _, err := o.Complete(ctx, x.Raw); err == nil {
		t.Error("it is taken twice")
	}
	// A request can be given up.
	_, err = o.Request(ctx, NewCertificate{})
	must(t, err)
	must(t, o.Discard(ctx, o.Requests()[0].Key))
	for i := len(o.Certificates()); i < maxStored; i++ {
		must(t, o.store(ctx, stored{Certificate: x.Raw, Key: "k"}))
	}
	if _, err := o.MakeCertificate(ctx, NewCertificate{}); err == nil {
		t.Error("there is no end to certificates")
	}
}

func FuzzReadPair(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(2e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	p12, err := pkcs12.Modern2023.Encode(key, c, nil, "secret")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p12)
	f.Add(append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, file []byte) {
		private, c, err := readPair(file[:min(len(file), maxImport)], entente.NewSecret("secret"))
		if _, ok := asError(err); err != nil && !ok {
			t.Errorf("%v is no error to show", err)
		}
		if err == nil && (private == nil || c == nil) {
			t.Error("half of a pair")
		}
	})
}
