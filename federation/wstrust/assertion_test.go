package wstrust

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

	"entente"
	"entente/federation/saml"
	"entente/federation/token"
	"entente/xmlsec"
)

// signers are made once: contoso and somebody else.
var signers = sync.OnceValue(func() (all [2]xmlsec.Signer) {
	for i := range all {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "Federation"}, SubjectKeyId: []byte{byte(i), 2, 3, 4},
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
		all[i] = xmlsec.Signer{Certificate: c, Key: key}
	}
	return all
})

func says() *Assertion {
	return &Assertion{
		ID: "_0123456789abcdef", Issuer: "FYDIBOHF25SPDLT.contoso.example", Audience: "urn:federation:broker.example",
		Subject: subject(), Issued: at, NotBefore: at, NotAfter: at.Add(5 * time.Minute),
	}
}

// An assertion comes back as it went, alone and within a request.
func TestAssertion(t *testing.T) {
	contoso := signers()[0]
	for _, change := range []func(*Assertion){
		func(*Assertion) {},
		func(a *Assertion) { a.Audience = "" },
		func(a *Assertion) { a.Subject.Mails = append(a.Subject.Mails, "c@contoso.example") },
		func(a *Assertion) { a.NotAfter = at.Add(time.Hour) },
	} {
		want := says()
		change(want)
		text, err := want.Sign(contoso, xmlsec.Modern)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := OpenAssertion(text, []*x509.Certificate{contoso.Certificate}, xmlsec.Modern, at)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
			r := request(Feb2005)
			r.OnBehalfOf = text
			back, err := read(strings.Replace(write(r), "<t:OnBehalfOf>", "<t:OnBehalfOf>\n  ", 1))
			if err != nil {
				t.Fatal(err)
			}
			text = back.OnBehalfOf
		}
	}
}

func TestAssertionRefused(t *testing.T) {
	contoso, other := signers()[0], signers()[1]
	test := func(what string, change func(*Assertion), by xmlsec.Signer, edit func(string) string, now time.Time) {
		t.Helper()
		a := says()
		change(a)
		text, err := a.Sign(by, xmlsec.Modern)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenAssertion([]byte(edit(string(text))), []*x509.Certificate{contoso.Certificate}, xmlsec.Modern, now); !errors.Is(err, xmlsec.ErrRefused) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	same, as := func(*Assertion) {}, func(s string) string { return s }
	test("another signer", same, other, as, at)
	test("a changed address", same, contoso, func(s string) string { return strings.Replace(s, "chris@", "ceo@", 1) }, at)
	test("no signature", same, contoso, func(s string) string {
		return s[:strings.Index(s, "<ds:Signature")] + s[strings.Index(s, "</ds:Signature>")+len("</ds:Signature>"):]
	}, at)
	test("nothing", same, contoso, func(string) string { return "" }, at)
	test("too early", same, contoso, as, at.Add(-token.MaxSkew-time.Second))
	test("too late", same, contoso, as, at.Add(5*time.Minute+token.MaxSkew))
	test("more than an hour", func(a *Assertion) { a.NotAfter = at.Add(time.Hour + time.Second) }, contoso, as, at)
	test("no time at all", func(a *Assertion) { a.NotAfter = at }, contoso, as, at)
	test("issued later", func(a *Assertion) { a.Issued = at.Add(token.MaxSkew + time.Second) }, contoso, as, at)
	test("nobody", func(a *Assertion) { a.Subject.Immutable = "" }, contoso, as, at)
	test("no namespace", func(a *Assertion) { a.Subject.Immutable = "chris" }, contoso, as, at)
	test("no address", func(a *Assertion) { a.Subject.Mails = nil }, contoso, as, at)
	test("no valid address", func(a *Assertion) { a.Subject.Mails = []entente.SMTPAddress{"contoso.example"} }, contoso, as, at)
}

// What another form of assertion says is not heard.
func TestAssertionForms(t *testing.T) {
	contoso := signers()[0]
	test := func(what string, want bool, change func(*saml.Assertion)) {
		t.Helper()
		s := &saml.Assertion{
			ID: "_0123456789abcdef", Issuer: "FYDIBOHF25SPDLT.contoso.example", Issued: at.Add(-time.Hour), NotBefore: at, NotAfter: at.Add(time.Minute),
			Subject: subject().Immutable, Format: saml.FormatUPN,
			Attributes: []saml.Attribute{{Space: token.SpaceClaims, Name: token.ClaimMail, Values: []string{"chris@contoso.example"}}},
		}
		change(s)
		text, err := s.Sign(contoso, xmlsec.Modern)
		if err != nil {
			t.Fatal(err)
		}
		now := at.Add(-token.MaxSkew)
		if what == "early" {
			now = now.Add(-1)
		}
		_, err = OpenAssertion(text, []*x509.Certificate{contoso.Certificate}, xmlsec.Modern, now)
		if (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	test("not confirmed", true, func(*saml.Assertion) {})
	test("early", false, func(*saml.Assertion) {})
	test("of a bearer", true, func(a *saml.Assertion) { a.Method = saml.Bearer })
	test("with more attributes", true, func(a *saml.Assertion) {
		a.Attributes = append(a.Attributes, saml.Attribute{Space: "urn:x", Name: "x", Values: []string{"y"}})
	})
	test("of the holder of a key", false, func(a *saml.Assertion) {
		a.Method, a.Key = saml.HolderOfKey, []byte(`<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"></xenc:EncryptedKey>`)
	})
	test("of a name of another kind", false, func(a *saml.Assertion) { a.Format = "http://schemas.xmlsoap.org/claims/EmailAddress" })
	test("with addresses under another name", false, func(a *saml.Assertion) { a.Attributes[0].Name = "Mail" })
}

// Addresses in other letters are the same: Exchange writes them as they were
// typed.
func TestAssertionCase(t *testing.T) {
	contoso := signers()[0]
	a := says()
	a.Subject.Mails = []entente.SMTPAddress{"Chris@Contoso.example"}
	text, err := a.Sign(contoso, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenAssertion(text, []*x509.Certificate{contoso.Certificate}, xmlsec.Modern, at)
	if err != nil || !reflect.DeepEqual(got.Subject, subject()) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzAssertion: what is signed is refused, or says something whole.
func FuzzAssertion(f *testing.F) {
	contoso := signers()[0]
	text, err := says().Sign(contoso, xmlsec.Modern)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := OpenAssertion(text, []*x509.Certificate{contoso.Certificate}, xmlsec.Modern, at)
		if err != nil && !errors.Is(err, xmlsec.ErrRefused) || err == nil && !got.Subject.Valid() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
