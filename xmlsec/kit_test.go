package xmlsec

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/strictxml"
)

// keys are made once for all tests of the room: two organizations and a broker.
var keys = sync.OnceValue(func() (all [3]*rsa.PrivateKey) {
	for i := range all {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = k
	}
	return all
})

// certificate makes a certificate as organizations have them, with a subject
// key identifier of 16 bytes.
func certificate(t testing.TB, n int, ski string) (Signer, Decrypter) {
	t.Helper()
	k := keys()[n]
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(int64(n + 1)), Subject: pkix.Name{CommonName: "Federation"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
		SubjectKeyId: []byte(ski), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, &x509.Certificate{SubjectKeyId: []byte(ski)}, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{c, k}, Decrypter{c, k}
}

const spaceSAML = "urn:oasis:names:tc:SAML:1.0:assertion"

var saml = Shape{Root: strictxml.Name{Space: spaceSAML, Local: "Assertion"}, ID: "AssertionID"}

// assertion is a token as a broker would make one, in canonical form.
const assertion = `<saml:Assertion xmlns:saml="` + spaceSAML + `" AssertionID="_5d1bb6a0" IssueInstant="2026-11-28T12:00:00Z"` +
	` Issuer="urn:federation:entente" MajorVersion="1" MinorVersion="1">` +
	`<saml:Conditions NotBefore="2026-11-28T12:00:00Z" NotOnOrAfter="2026-11-28T13:00:00Z"><saml:AudienceRestrictionCondition>` +
	`<saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>` +
	`<saml:AttributeStatement><saml:Subject><saml:NameIdentifier Format="http://schemas.xmlsoap.org/claims/UPN">` +
	`mfrggzdfmztwq2lk@FYDIBOHF25SPDLT.contoso.example</saml:NameIdentifier></saml:Subject>` +
	`<saml:Attribute AttributeName="EmailAddress" AttributeNamespace="http://schemas.xmlsoap.org/claims">` +
	`<saml:AttributeValue>chris@contoso.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`

func sign(t testing.TB, doc string, by Signer, p Profile) string {
	t.Helper()
	out, err := Sign([]byte(doc), saml, by, p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func replace(t testing.TB, s, old, with string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("no %q in %s", old, s)
	}
	return strings.Replace(s, old, with, 1)
}
