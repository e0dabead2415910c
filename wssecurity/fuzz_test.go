package wssecurity

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"

	"entente/strictxml"
	"entente/xmlsec"
)

// fixed is a key that stays, so that messages of the corpus keep their
// signatures.
func fixed(t testing.TB) xmlsec.Signer {
	t.Helper()
	text, err := os.ReadFile("testdata/organization.pem")
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
	return xmlsec.Signer{Certificate: c, Key: k.(*rsa.PrivateKey)}
}

// FuzzOpen holds that a message which is vouched for says what was signed, in
// each part that the proof has, and that what is read of it is well-formed.
func FuzzOpen(f *testing.F) {
	by := fixed(f)
	m := request(all)
	m.ID = "urn:uuid:64f95d31-e078-4f2e-8bb2-d8e6e183a1f0"
	certified, err := Certify(m, by, xmlsec.Modern)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(certified)
	m.Token = tokenOf(f, by.Certificate)
	possessed, err := Possess(m, secret, xmlsec.Compat)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(possessed)
	f.Add([]byte(managed(f, m.Token)))
	bearer, err := Bear(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bearer)
	original, err := Open(certified)
	if err != nil {
		f.Fatal(err)
	}
	want, err := original.Certified([]*x509.Certificate{by.Certificate}, all, xmlsec.Modern)
	if err != nil {
		f.Fatal(err)
	}
	const ours, managedTo = "https://broker.example/sts", "https://mail.fabrikam.example/EWS/Exchange.asmx/wssecurity/symmetrickey"
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := Open(in)
		if err != nil {
			if err != xmlsec.ErrRefused || r != nil {
				t.Errorf("%v, %v", r, err)
			}
			return
		}
		if r.Token != nil {
			x := strictxml.NewReader(r.Token, xmlsec.Limits())
			if !x.Root() || x.Name() != (strictxml.Name{Space: xmlsec.SpaceEncryption, Local: "EncryptedData"}) {
				t.Errorf("a token that does not stand alone: %q", r.Token)
			}
		}
		proof, err := r.Certified([]*x509.Certificate{by.Certificate}, 0, xmlsec.Modern)
		if err != nil {
			proof, err = r.Possessed(secret, 0, xmlsec.Compat)
		}
		if err != nil {
			return
		}
		if proof.Parts&Timestamp != 0 && (!r.Created.Equal(noon) || !r.Expires.Equal(original.Expires)) {
			t.Errorf("vouched for %v to %v", r.Created, r.Expires)
		}
		if proof.Parts&To != 0 && r.To != ours && r.To != managedTo {
			t.Errorf("vouched for To %q", r.To)
		}
		if proof.Parts&Action != 0 && r.Action != actionIssue {
			t.Errorf("vouched for Action %q", r.Action)
		}
		if proof.Parts&Body != 0 && !bytes.Equal(proof.Body, want.Body) {
			t.Errorf("vouched for %s", proof.Body)
		}
	})
}
