package xmlsec

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"
)

func TestSignVerify(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	next, _ := certificate(t, 1, "broker-next-key1")
	for _, p := range []Profile{Modern, Compat, Legacy} {
		signed := sign(t, assertion, by, p)
		for _, trusted := range [][]*x509.Certificate{{by.Certificate}, {next.Certificate, by.Certificate}} {
			got, err := Verify([]byte(signed), saml, trusted, p)
			if err != nil {
				t.Fatalf("profile %d: %v", p, err)
			}
			if string(got.Content) != assertion { // which is canonical
				t.Errorf("profile %d: content %s", p, got.Content)
			}
			if got.Certificate != by.Certificate || len(got.Signature) != 256 {
				t.Errorf("profile %d: certificate or signature", p)
			}
		}
		if _, err := Verify([]byte(signed), saml, []*x509.Certificate{next.Certificate}, p); !errors.Is(err, ErrRefused) {
			t.Errorf("profile %d: verified by another's certificate: %v", p, err)
		}
		if _, err := Verify([]byte(signed), saml, nil, p); !errors.Is(err, ErrRefused) {
			t.Errorf("profile %d: verified by nobody: %v", p, err)
		}
	}
}

func TestEncryptDecrypt(t *testing.T) {
	_, to := certificate(t, 0, "contoso-current1")
	_, other := certificate(t, 1, "fabrikam-current")
	for _, p := range []Profile{Modern, Compat, Legacy} {
		for _, plain := range []string{"<a></a>", "<ab></ab>", assertion} {
			x, err := Encrypt([]byte(plain), "Assertion0", to.Certificate, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decrypt(x, []Decrypter{other, to}, p)
			if err != nil || string(got) != plain {
				t.Errorf("profile %d: %q, %v", p, got, err)
			}
			if _, err := Decrypt(x, []Decrypter{other}, p); !errors.Is(err, ErrRefused) {
				t.Errorf("profile %d: opened by another: %v", p, err)
			}
			for less := range p { // also the zero Profile
				if _, err := Decrypt(x, []Decrypter{to}, less); !errors.Is(err, ErrRefused) {
					t.Errorf("profile %d opened what %d wrote: %v", less, p, err)
				}
			}
		}
		secret := bytes.Repeat([]byte{7}, 32)
		k, err := EncryptKey(secret, to.Certificate, p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecryptKey(k, []Decrypter{other, to}, p); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("key %x, %v", got, err)
		}
		if _, err := DecryptKey(k, []Decrypter{other}, p); !errors.Is(err, ErrRefused) {
			t.Errorf("key opened by another: %v", err)
		}
	}
}
