package clientcert

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fromOpenSSL reads a certificate that testdata/openssl/make.sh has made.
func fromOpenSSL(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "openssl", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOpenSSL: another's encodings, of certificates, lists and answers.
func TestOpenSSL(t *testing.T) {
	w := newWorld(t)
	w.now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	crl, err := filepath.Abs(filepath.Join("testdata", "openssl", "ca.crl"))
	if err != nil {
		t.Fatal(err)
	}
	w.authority.Certificates = []*x509.Certificate{fromOpenSSL(t, "ca.pem")}
	w.authority.Revocation = Revocation{CRLs: []string{crl}}
	test := func(name, want string) {
		t.Helper()
		j := w.judge()
		j.Refresh(t.Context())
		if got := whose(t, j, fromOpenSSL(t, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	test("sid.pem", "anna sid-extension")
	test("revoked.pem", "certificate-revoked")
	test("small.pem", "certificate-chain")
	test("sha1.pem", "certificate-chain")
	test("uri.pem", "certificate-unmapped")
	w.authority.SANURI = true
	test("uri.pem", "anna san-uri")
	test("plain.pem", "certificate-unmapped")
	serial := "D5C3B2A1" + strings.Repeat("00", 13) + "7F"
	for _, issuer := range []string{
		`C=DE,O="Contoso, Inc.",OU=Prüfung,CN="Contoso ""Root"" <CA>"`, // as CertNameToStr writes it
		`CN=Contoso \"Root\" \<CA\>,OU=Pr\C3\BCfung,O=Contoso\, Inc.,C=DE`,
	} {
		w.claims("bruno", "X509:<I>"+issuer+"<SR>"+serial)
		test("plain.pem", "bruno issuer-serial")
	}
	w.claims("bruno", "X509:<S>CN=Anna Müller,DC=contoso,DC=example")
	test("plain.pem", "certificate-unmapped")
	w.authority.Weak = []Mapping{Subject}
	test("plain.pem", "bruno subject")

	w.authority.Revocation = Revocation{OCSP: ocspURL}
	for name, want := range map[string]string{"sid": "anna sid-extension", "revoked": "certificate-revoked"} {
		der, err := os.ReadFile(filepath.Join("testdata", "openssl", name+".ocsp"))
		if err != nil {
			t.Fatal(err)
		}
		w.serve(ocspURL, says(der))
		test(name+".pem", want)
	}
}
