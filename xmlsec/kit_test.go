package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
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

// delegation is a token as a broker issues it: holder-of-key, with the proof key
// wrapped for the target.
func delegation(b testing.TB, to *x509.Certificate) string {
	b.Helper()
	k, err := EncryptKey(bytes.Repeat([]byte{7}, 32), to, Modern)
	if err != nil {
		b.Fatal(err)
	}
	return replace(b, assertion, "</saml:Subject>", `<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</saml:ConfirmationMethod>`+
		`<ds:KeyInfo xmlns:ds="`+SpaceSignature+`">`+string(k)+`</ds:KeyInfo></saml:SubjectConfirmation></saml:Subject>`+
		strings.Repeat(`<saml:Attribute AttributeName="RequestorDomain" AttributeNamespace="http://schemas.xmlsoap.org/ws/2006/12/authorization/claims"><saml:AttributeValue>contoso.example</saml:AttributeValue></saml:Attribute>`, 4))
}

// fixed are keys that stay, for what was signed once and is kept in testdata.
func fixed(t testing.TB, name string) (Signer, Decrypter) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	cert, rest := pem.Decode(text)
	key, _ := pem.Decode(rest)
	c, err := x509.ParseCertificate(cert.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{c, k.(*rsa.PrivateKey)}, Decrypter{c, k.(*rsa.PrivateKey)}
}

// A forgery is a document whose signature is right, over what its maker says,
// and which is refused for its shape alone: the hostile cases would prove nothing
// if a wrong digest were what refuses them.
type forgery struct {
	digested string                   // what the reference digests, if not the document
	info     func(s string) string    // changes SignedInfo before it is signed
	method   string                   // of the signature, if not RSA-SHA-256
	hash     crypto.Hash              // of it
	digest   string                   // likewise
	value    func(info []byte) []byte // signs, if not the signer
	keyInfo  string                   // instead of the signer's subject key identifier
	extra    string                   // after KeyInfo
}

// signature returns the Signature element for a document.
func (f forgery) signature(t testing.TB, doc string, by Signer) string {
	t.Helper()
	if f.digested == "" {
		f.digested = doc
	}
	r := strictxml.NewReader([]byte(f.digested), strictxml.Limits{Bytes: 1 << 24, Depth: 1000, Attributes: 1000, Elements: 100_000})
	if !r.Root() {
		t.Fatal(r.Err())
	}
	c, err := Canonical(nil, r)
	if err != nil {
		t.Fatalf("%v: %.300s", err, f.digested)
	}
	if f.method == "" {
		f.method, f.hash = algRSASHA256, crypto.SHA256
	}
	digest, hash := algSHA256, crypto.SHA256
	if f.digest == algSHA1 {
		digest, hash = algSHA1, crypto.SHA1
	}
	info := string(appendInfo(f.method, digest, hash, []Part{{"_5d1bb6a0", c}}, algEnveloped, algExclusive))
	if f.info != nil {
		changed := f.info(info)
		if changed == info {
			t.Fatal("the forgery changes nothing")
		}
		info = changed
	}
	r = strictxml.NewReader([]byte(info), Limits())
	if !r.Root() {
		t.Fatalf("%v: %s", r.Err(), info)
	}
	canonical, err := Canonical(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	var value []byte
	if f.value != nil {
		value = f.value(canonical)
	} else if value, err = by.sign(canonical, f.hash); err != nil {
		t.Fatal(err)
	}
	sig := string(appendSignature(nil, []byte(signedInfo+info[strings.Index(info, ">")+1:]), value, func(e *strictxml.Encoder) {
		if f.keyInfo == "" {
			appendKeyInfo(e, by.Certificate)
		}
		e.Raw([]byte(f.keyInfo + f.extra))
	}))
	return sig
}

// put puts a piece before the end of a document.
func put(doc, piece string) string {
	i := strings.LastIndex(doc, "</")
	return doc[:i] + piece + doc[i:]
}
