package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/strictxml"
	"entente/xmlsec"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// signer is made once for all tests.
var signer = sync.OnceValue(func() xmlsec.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Federation"}, SubjectKeyId: []byte("0123456789abcdef"),
		NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return xmlsec.Signer{Certificate: c, Key: key}
})

const encryptedKey = `<xenc:EncryptedKey xmlns:xenc="` + xmlsec.SpaceEncryption + `"></xenc:EncryptedKey>`

func sample() *Assertion {
	return &Assertion{
		ID: "_0123456789abcdef", Issuer: "urn:federation:broker.example", Issued: at, NotBefore: at, NotAfter: at.Add(time.Hour),
		Audience: "FYDIBOHF25SPDLT.fabrikam.example", Subject: "abc@FYDIBOHF25SPDLT.contoso.example", Format: FormatUPN, Method: Bearer,
		Attributes: []Attribute{
			{Space: "urn:a", Name: "One", Values: []string{"<1> & \"2\""}},
			{Space: "urn:a", Name: "Two", Values: []string{"x", "y"}},
			{Space: "urn:b", Name: "One", Values: []string{"z"}},
		},
	}
}

// What is signed comes back, whatever the texts have in them.
func TestRoundTrip(t *testing.T) {
	by := signer()
	test := func(what string, change func(*Assertion)) {
		t.Helper()
		want := sample()
		change(want)
		text, err := want.Sign(by, xmlsec.Modern)
		if err != nil {
			t.Fatal(err)
		}
		got, signed, err := Verify(text, []*x509.Certificate{by.Certificate}, xmlsec.Modern)
		if err != nil || !reflect.DeepEqual(got, want) || signed.Certificate != by.Certificate || strings.Contains(string(signed.Content), "Signature") {
			t.Errorf("%s: got %+v, %v, want %+v", what, got, err, want)
		}
	}
	test("as it is", func(*Assertion) {})
	test("for everybody", func(a *Assertion) { a.Audience = "" })
	test("not confirmed", func(a *Assertion) { a.Method = "" })
	test("vouched for", func(a *Assertion) { a.Method = SenderVouches })
	test("spaces and line ends in a value", func(a *Assertion) { a.Attributes[0].Values[0] = " a\n\tb\r" })
	key, err := xmlsec.EncryptKey([]byte("0123456789abcdef"), by.Certificate, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	r := strictxml.NewReader(key, xmlsec.Limits())
	r.Root()
	if key, err = xmlsec.Canonical(nil, r); err != nil {
		t.Fatal(err)
	}
	test("with a key", func(a *Assertion) { a.Method, a.Key = HolderOfKey, key })
	if got := sample().Values("urn:a", "Two"); len(got) != 2 || sample().Values("urn:b", "Two") != nil {
		t.Errorf("got %v", got)
	}
}

// The form that others read, to the letter.
func TestForm(t *testing.T) {
	a := sample()
	a.Attributes = a.Attributes[1:2]
	a.Method, a.Key = HolderOfKey, []byte(encryptedKey)
	e := strictxml.NewEncoder(nil)
	a.append(e)
	const name = `<saml:NameIdentifier Format="http://schemas.xmlsoap.org/claims/UPN">abc@FYDIBOHF25SPDLT.contoso.example</saml:NameIdentifier>`
	const want = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_0123456789abcdef" Issuer="urn:federation:broker.example" IssueInstant="2026-03-02T09:00:00Z">` +
		`<saml:Conditions NotBefore="2026-03-02T09:00:00Z" NotOnOrAfter="2026-03-02T10:00:00Z"><saml:AudienceRestrictionCondition><saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>` +
		`<saml:AttributeStatement><saml:Subject>` + name + `<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + encryptedKey + `</ds:KeyInfo></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Attribute AttributeName="Two" AttributeNamespace="urn:a"><saml:AttributeValue>x</saml:AttributeValue><saml:AttributeValue>y</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
		`<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:unspecified" AuthenticationInstant="2026-03-02T09:00:00Z"><saml:Subject>` + name + `</saml:Subject></saml:AuthenticationStatement></saml:Assertion>`
	if got := string(e.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A word in the wrong place is no assertion. What is signed and means too little
// is told from what nobody signed: its Signed is there.
func TestRefused(t *testing.T) {
	by := signer()
	e := strictxml.NewEncoder(nil)
	sample().append(e)
	text := string(e.Bytes())
	test := func(from, to string) {
		t.Helper()
		changed := strings.Replace(text, from, to, 1)
		if changed == text {
			t.Fatalf("%s is not there", from)
		}
		if got, ok := parse([]byte(changed)); ok {
			t.Errorf("%s: %+v", to, got)
		}
		document, err := xmlsec.Sign([]byte(changed), shape(), by, xmlsec.Modern)
		if err != nil {
			return // no XML, or no assertion
		}
		got, signed, err := Verify(document, []*x509.Certificate{by.Certificate}, xmlsec.Modern)
		if got != nil || signed == nil || !errors.Is(err, xmlsec.ErrRefused) {
			t.Errorf("%s: %+v, %v, %v", to, got, signed, err)
		}
	}
	test(`MajorVersion="1"`, `MajorVersion="2"`)
	test(` MinorVersion="1"`, ``)
	test(`Issuer="urn:federation:broker.example"`, `Issuer=""`)
	test(`Issuer="urn`, `Issuer="urn`+strings.Repeat("x", maxText))
	test(`IssueInstant="2026-03-02T09:00:00Z"`, `IssueInstant="2026-03-02"`)
	test(`NotBefore="2026-03-02T09:00:00Z"`, `NotBefore="1970-01-01T00:00:00Z"`)
	test(`NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-02-30T10:00:00Z"`)
	test(`NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-03-02T10:00:00.12345678Z"`)
	test(`<saml:Conditions `, `<saml:Advice/><saml:Conditions `)
	test(`<saml:Audience>`, `<saml:Audience/><saml:Audience>`)
	test(`<saml:AudienceRestrictionCondition>`, `<saml:DoNotCacheCondition/><saml:AudienceRestrictionCondition>`)
	test(`<saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience>`, ``)
	test(`<saml:Attribute `, `<saml:Evidence/><saml:Attribute `)
	test(`AttributeName="Two" AttributeNamespace="urn:a"`, `AttributeName="One" AttributeNamespace="urn:a"`)
	test(` AttributeNamespace="urn:b"`, ``)
	test(`<saml:AttributeValue>z</saml:AttributeValue>`, ``)
	test(`<saml:AttributeValue>z</saml:AttributeValue>`, `<saml:AttributeValue><saml:x/></saml:AttributeValue>`)
	test(`<saml:AttributeValue>z</saml:AttributeValue>`, `<saml:Value>z</saml:Value>`)
	test(`<saml:AttributeValue>z`, `<saml:AttributeValue>`+strings.Repeat("z", maxText+1))
	test(`cm:bearer`, `cm:artifact-01`)
	test(`<saml:SubjectConfirmation>`, `<saml:SubjectConfirmation><saml:SubjectConfirmationData/>`)
	test(`</saml:SubjectConfirmation>`, `<ds:KeyInfo xmlns:ds="`+xmlsec.SpaceSignature+`"/></saml:SubjectConfirmation>`)
	test(`cm:bearer</saml:ConfirmationMethod>`, `cm:bearer</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="`+xmlsec.SpaceSignature+`">`+encryptedKey+`</ds:KeyInfo>`)
	test(`cm:bearer</saml:ConfirmationMethod>`, `cm:holder-of-key</saml:ConfirmationMethod>`)
	test(`cm:bearer</saml:ConfirmationMethod>`, `cm:holder-of-key</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="`+xmlsec.SpaceSignature+`"/>`)
	test(`cm:bearer</saml:ConfirmationMethod>`, `cm:holder-of-key</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="`+xmlsec.SpaceSignature+`">`+encryptedKey+encryptedKey+`</ds:KeyInfo>`)
	test(`cm:bearer</saml:ConfirmationMethod>`, `cm:holder-of-key</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="`+xmlsec.SpaceSignature+`"><ds:KeyName>x</ds:KeyName></ds:KeyInfo>`)
	test(`2026-03-02T10:00:00Z`, `2026-03-02T10:00:00z`)
	test(`2026-03-02T10:00:00Z`, `2026-03-02T10:00:00+`)
	test(`</saml:NameIdentifier>`, `</saml:NameIdentifier><saml:NameIdentifier>x</saml:NameIdentifier>`)
	test(`</saml:AuthenticationStatement>`, `<saml:SubjectLocality/></saml:AuthenticationStatement>`)
	test(`</saml:Assertion>`, `<saml:AuthenticationStatement><saml:Subject><saml:NameIdentifier>abc@FYDIBOHF25SPDLT.contoso.example</saml:NameIdentifier></saml:Subject></saml:AuthenticationStatement></saml:Assertion>`)
	test(`</saml:Assertion>`, `x</saml:Assertion>`)
	test(`urn:oasis:names:tc:SAML:1.0:assertion`, `urn:oasis:names:tc:SAML:2.0:assertion`)
}

// An assertion of another is none, whatever it says.
func TestUnsigned(t *testing.T) {
	by := signer()
	text, err := sample().Sign(by, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	for _, trusted := range [][]*x509.Certificate{nil, {nil}} {
		if got, signed, err := Verify(text, trusted, xmlsec.Modern); got != nil || signed != nil || !errors.Is(err, xmlsec.ErrRefused) {
			t.Errorf("got %+v, %v, %v", got, signed, err)
		}
	}
	unnamed := sample()
	unnamed.ID = "0 is no id"
	if _, err := unnamed.Sign(by, xmlsec.Modern); err == nil {
		t.Error("signed under an id that is none")
	}
}

// FuzzParse: what is read can be written and read again, and is the same.
func FuzzParse(f *testing.F) {
	e := strictxml.NewEncoder(nil)
	sample().append(e)
	f.Add(e.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		r := strictxml.NewReader(text, xmlsec.Limits())
		if !r.Root() {
			return
		}
		canonical, err := xmlsec.Canonical(nil, r)
		if err != nil {
			return
		}
		a, ok := parse(canonical)
		if !ok {
			return
		}
		a.Issued, a.NotBefore, a.NotAfter = a.Issued.Truncate(time.Second), a.NotBefore.Truncate(time.Second), a.NotAfter.Truncate(time.Second)
		e := strictxml.NewEncoder(nil)
		a.append(e)
		again, ok := parse(e.Bytes())
		if !ok || a.Format != "" && !reflect.DeepEqual(again, a) {
			t.Errorf("%+v came back as %+v", a, again)
		}
	})
}
