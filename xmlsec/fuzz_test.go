package xmlsec

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"entente/strictxml"
)

// FuzzCanonical holds that a canonical form is its own canonical form, and says
// what the document says.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(assertion))
	f.Add([]byte(`<a xmlns="urn:d" xmlns:b="urn:b" b:x='1' xml:lang="en"><b xmlns="" y="&#9;&lt;">&amp;x</b><b:c/></a>`))
	f.Add([]byte("\uFEFF<?xml version='1.0'?>\r\n<p:a xmlns:p='urn:p'><p:a xmlns:p='urn:q'>\r]</p:a></p:a>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := canonical(string(in), "")
		if err != nil {
			return
		}
		again, err := canonical(once, "")
		if err != nil || again != once {
			t.Errorf("the form of %q is %q, and of that %q, %v", in, once, again, err)
		}
		if a, b := said(t, in), said(t, []byte(once)); a != b {
			t.Errorf("%q says\n%s\nand its form %q\n%s", in, a, once, b)
		}
	})
}

// said writes what a document says whatever its prefixes and quotes are.
func said(t *testing.T, doc []byte) string {
	var b strings.Builder
	r := strictxml.NewReader(doc, Limits())
	for depth := 0; ; {
		k, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch k.Kind {
		case strictxml.StartElement:
			depth++
			attrs := map[string]string{}
			for _, a := range k.Attrs {
				if _, ok := a.Declares(); !ok {
					attrs[a.Name.String()] = a.Value
				}
			}
			b.WriteString("<" + k.Name.String())
			for _, n := range slices.Sorted(maps.Keys(attrs)) {
				fmt.Fprintf(&b, " %s=%q", n, attrs[n])
			}
			b.WriteString(">")
		case strictxml.EndElement:
			b.WriteString("</>")
			if depth--; depth == 0 {
				return b.String()
			}
		default:
			b.WriteString(k.Text)
		}
	}
}

// FuzzVerify holds that nothing is verified but what was signed.
func FuzzVerify(f *testing.F) {
	by, _ := fixed(f, "broker")
	evil, _ := fixed(f, "organization")
	trusted := []*x509.Certificate{by.Certificate}
	good := sign(f, assertion, by, Modern)
	signature := forgery{}.signature(f, assertion, by)
	for _, s := range []string{
		good, sign(f, assertion, by, Legacy), sign(f, assertion, evil, Modern), assertion, first(good),
		put(strings.Replace(assertion, "chris", "amy", 1), strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+assertion+"</ds:Object></ds:Signature>", 1)),
		put(assertion, strings.Replace(signature, "<ds:KeyInfo>", "<ds:KeyInfo><ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>", 1)),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, p := range []Profile{Modern, Legacy} {
			var w work
			v, err := verify(in, saml, trusted, p, &w)
			if w.verify != 1 {
				t.Errorf("%d signatures were verified", w.verify)
			}
			if err == nil && string(v.Content) != assertion {
				t.Errorf("verified %q", v.Content)
			}
			if err != nil && (err != ErrRefused || v != nil) {
				t.Errorf("%v, %v", v, err)
			}
		}
	})
}

// FuzzDecrypt holds that no EncryptedData, whatever it holds, brings out more
// than it has, or makes the key do more than once; and that what comes out and is
// verified was signed.
func FuzzDecrypt(f *testing.F) {
	by, _ := fixed(f, "broker")
	_, to := fixed(f, "organization")
	signed := []byte(sign(f, assertion, by, Modern))
	secret := make([]byte, 32)
	x, err := EncryptSecret(signed, secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x)
	for _, p := range []Profile{Modern, Compat, Legacy} {
		x, err := Encrypt(signed, "Assertion0", to.Certificate, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(x)
		k, err := EncryptKey(make([]byte, 32), to.Certificate, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var w work
		plain, err := decrypt(in, []Decrypter{to}, Legacy, &w)
		if w.unwrap > 1 || w.open > w.unwrap || w.unpad > w.open {
			t.Errorf("took %+v", w)
		}
		if err != nil {
			if err != ErrRefused || plain != nil {
				t.Errorf("%v, %v", plain, err)
			}
		} else {
			if len(plain) > len(in) || w.open != 1 {
				t.Errorf("%d bytes from %d, by %+v", len(plain), len(in), w)
			}
			if v, err := Verify(plain, saml, []*x509.Certificate{by.Certificate}, Legacy); err == nil && string(v.Content) != assertion {
				t.Errorf("verified %q", v.Content)
			}
		}
		if plain, err := DecryptSecret(in, secret); err == nil && string(plain) != string(signed) {
			t.Errorf("by the secret: %q", plain)
		}
		if k, err := DecryptKey(in, []Decrypter{to}, Legacy); err == nil && len(k) < minSecret {
			t.Errorf("a key of %x", k)
		}
	})
}
