package token

import (
	"crypto"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"entente/xmlsec"
)

// A token comes back as it went, in every suite that is issued, whichever
// certificate it is for and from.
func TestSAML(t *testing.T) {
	k := keys(t)
	o := k.opener()
	o.Profile = xmlsec.Legacy
	o.RSA = append([]*x509.Certificate{k.askingRSA.Certificate}, o.RSA...)
	o.Open = append([]xmlsec.Decrypter{{Certificate: k.otherRSA.Certificate, Key: k.otherRSA.Key.(crypto.Decrypter)}}, o.Open...)
	for _, p := range []xmlsec.Profile{xmlsec.Modern, xmlsec.Compat, xmlsec.Legacy} {
		for _, signer := range []xmlsec.Signer{k.issuerRSA, k.askingRSA} {
			for _, to := range []*x509.Certificate{k.targetRSA.Certificate, k.otherRSA.Certificate} {
				for _, secret := range [][]byte{nil, proof} {
					i := k.issues()
					i.RSA = signer
					want := sampleSAML()
					want.Proof = secret
					text, err := i.SAML(want, to, p)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(string(text), `Id="Assertion0"`) || strings.Contains(string(text), "contoso") {
						t.Errorf("got %s", text)
					}
					got, err := o.SAML(text, at)
					if err != nil || strings.Join(describe(got), "\n") != strings.Join(describe(want), "\n") {
						t.Errorf("%v: got %+v, %v", p, got, err)
					}
				}
			}
		}
	}
}

// Each profile opens what it has, and no more.
func TestProfiles(t *testing.T) {
	k := keys(t)
	for issued := xmlsec.Modern; issued <= xmlsec.Legacy; issued++ {
		text, err := k.issues().SAML(sampleSAML(), k.targetRSA.Certificate, issued)
		if err != nil {
			t.Fatal(err)
		}
		for p := xmlsec.Profile(0); p <= xmlsec.Legacy; p++ {
			o := k.opener()
			o.Profile = p
			if _, err := o.SAML(text, at); (err == nil) != (p >= issued) || err != nil && !errors.Is(err, ErrRefused) {
				t.Errorf("issued with %v, opened with %v: %v", issued, p, err)
			}
		}
	}
	if _, err := k.issues().SAML(sampleSAML(), k.targetRSA.Certificate, 0); err == nil {
		t.Error("issued with no profile")
	}
}

// A token of another broker is none of this one, though we trust both: key sets
// are not merged (CVE-2026-49283).
func TestIssuersApart(t *testing.T) {
	k := keys(t)
	other := k.opener()
	other.Issuer, other.RSA = "urn:federation:other.example", []*x509.Certificate{k.otherRSA.Certificate}
	i := &Issuer{URI: "urn:federation:other.example", RSA: k.otherRSA}
	named := sampleSAML()
	named.Issuer = i.URI
	good, err := i.SAML(named, k.targetRSA.Certificate, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.SAML(good, at); err != nil {
		t.Errorf("refused: %v", err)
	}
	if _, err := k.opener().SAML(good, at); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
	// It says to be the first broker, and signs with its own key.
	i.URI = brokerURI
	forged, err := i.SAML(sampleSAML(), k.targetRSA.Certificate, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Opener{k.opener(), other} {
		if got, err := o.SAML(forged, at); !errors.Is(err, ErrRefused) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestNoOpenerSAML(t *testing.T) {
	k := keys(t)
	text := []byte(forgeGoodSAML(t, k))
	test := func(what string, change func(*Opener)) {
		t.Helper()
		o := k.opener()
		change(o)
		if got, err := o.SAML(text, at); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	test("nothing", func(o *Opener) { *o = Opener{} })
	test("no audience", func(o *Opener) { o.Audience = "" })
	test("no issuer", func(o *Opener) { o.Issuer = "" })
	test("no certificates of the issuer", func(o *Opener) { o.RSA = nil })
	test("no keys of ours", func(o *Opener) { o.Open = nil })
}

// FuzzSAML: whatever an issuer signs, and whatever is in place of what is signed
// or encrypted, is refused or is a whole token.
func FuzzSAML(f *testing.F) {
	k := keys(f)
	o := k.opener()
	f.Add(sampleAssertion, forgeGoodSAML(f, k))
	for _, v := range []string{"saml:Advice", "ds:Object", "saml:Subject"} {
		f.Add(strings.Replace(sampleAssertion, "saml:Conditions", v, 2), "<a/>")
	}
	f.Fuzz(func(t *testing.T, assertion, encrypted string) {
		j := forgeSAML(k)
		j.assertion = assertion
		texts := []string{encrypted}
		if doc, err := xmlsec.Sign([]byte(assertion), samlShape, k.issuerRSA, xmlsec.Modern); err == nil {
			sealed, err := xmlsec.Encrypt(doc, "Assertion0", k.targetRSA.Certificate, xmlsec.Modern)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(sealed))
		}
		for _, text := range texts {
			got, err := o.SAML([]byte(text), at)
			switch {
			case err != nil && (got != nil || !errors.Is(err, ErrRefused)):
				t.Fatalf("%+v, %v", got, err)
			case err == nil && (got.valid() != nil || got.Issuer != brokerURI || got.Audience != askedURI || got.Holder != "" || !got.live(at)):
				t.Fatalf("accepted: %+v", got)
			}
		}
	})
}
