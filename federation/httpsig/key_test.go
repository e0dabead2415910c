package httpsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"entente/federation/jose"
)

func someKey(tb testing.TB) (jose.Key, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	k, err := jose.KeyOf(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	return k, key
}

// A key has one spelling: of two, each could be another key to somebody.
func TestParseKey(t *testing.T) {
	k, key := someKey(t)
	field := FormatKey(k)
	public, thumbprint, err := ParseKey(field)
	if err != nil || !public.Equal(&key.PublicKey) || thumbprint != k.Thumbprint() {
		t.Fatalf("%v %q %v", public, thumbprint, err)
	}
	off := k
	off.Y = off.X // a point that is not on the curve
	for what, field := range map[string]string{
		"nothing":        "",
		"no key":         "{}",
		"null":           "null",
		"spaces":         strings.Replace(field, ",", ", ", 1),
		"a line end":     field + "\n",
		"more behind":    field + "{}",
		"a member more":  strings.Replace(field, "{", `{"alg":"ES256",`, 1),
		"a member twice": strings.Replace(field, "{", `{"kty":"EC",`, 1),
		"other letters":  strings.Replace(field, `"kty"`, `"KTY"`, 1),
		"another order":  `{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`,
		"another curve":  strings.Replace(field, "P-256", "P-384", 1),
		"a private key":  strings.Replace(field, "}", `,"d":"AA"}`, 1),
		"off the curve":  FormatKey(off),
		"too long":       field + strings.Repeat(" ", maxKey),
	} {
		if public, _, err := ParseKey(field); err == nil || public != nil {
			t.Errorf("%s: %v", what, public)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	k, _ := someKey(f)
	f.Add(FormatKey(k))
	f.Add(`{"kty":"EC","crv":"P-256","x":"","y":""}`)
	f.Fuzz(func(t *testing.T, field string) {
		public, thumbprint, err := ParseKey(field)
		if (public == nil) == (err == nil) || (thumbprint == "") == (err == nil) {
			t.Fatalf("%v %q %v", public, thumbprint, err)
		}
		if err != nil {
			return
		}
		k, err := jose.KeyOf(public)
		if err != nil || FormatKey(k) != field || k.Thumbprint() != thumbprint {
			t.Fatalf("%s is read as %s, %v", field, FormatKey(k), err)
		}
	})
}
