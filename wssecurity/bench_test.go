package wssecurity

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"entente/xmlsec"
)

// BenchmarkPossessed is what a partner's request costs before its token is
// opened, and BenchmarkCertified what a request to the broker does, with its one
// RSA operation; BenchmarkBareRSA is that alone.
func BenchmarkPossessed(b *testing.B) {
	m := request(Timestamp | To)
	m.Token = tokenOf(b, signer(b, 0, "contoso-current1").Certificate)
	doc, err := Possess(m, secret, xmlsec.Modern)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Possessed(secret, Timestamp|To, xmlsec.Modern); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPossess(b *testing.B) {
	m := request(Timestamp | To)
	m.Token = tokenOf(b, signer(b, 0, "contoso-current1").Certificate)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Possess(m, secret, xmlsec.Modern); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCertified(b *testing.B) {
	by := signer(b, 0, "contoso-current1")
	doc, err := Certify(request(all), by, xmlsec.Modern)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Certified([]*x509.Certificate{by.Certificate}, all, xmlsec.Modern); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareRSA(b *testing.B) {
	by := signer(b, 0, "contoso-current1")
	digest := sha256.Sum256(nil)
	value, err := by.Key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(&keys()[0].PublicKey, crypto.SHA256, digest[:], value); err != nil {
			b.Fatal(err)
		}
	}
}
