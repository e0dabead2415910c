package jose

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"strings"
	"testing"
)

// rfc7515 is the key of RFC 7515 A.3.1, which RFC 9421 and RFC 7518 have in
// other places.
var rfc7515 = Key{
	Kty: "EC", Crv: "P-256",
	X: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
	Y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}

// The signature of RFC 7515 A.3.1.
func TestVectorJWS(t *testing.T) {
	const input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	signature, err := Decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
	if err != nil {
		t.Fatal(err)
	}
	key, err := rfc7515.ECDSA()
	if err != nil {
		t.Fatal(err)
	}
	if !Verify(key, []byte(input), signature) {
		t.Error("the signature of RFC 7515 A.3.1 is refused")
	}
	if Verify(key, []byte(input+"x"), signature) {
		t.Error("another text is accepted")
	}
}

// Thumbprints that others have published: RFC 9449 (DPoP) 6.1 says of the key
// in its figures which jkt it has.
func TestVectorThumbprint(t *testing.T) {
	k := Key{
		Kty: "EC", Crv: "P-256",
		X: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
		Y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
	}
	const want = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	if got := k.Thumbprint(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSign(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Often enough that r or s begins with a zero byte.
	for range 600 {
		signature, err := Sign(key, []byte("text"))
		if err != nil || len(signature) != SignatureSize {
			t.Fatalf("%d bytes, %v", len(signature), err)
		}
		if !Verify(&key.PublicKey, []byte("text"), signature) {
			t.Fatalf("not verified: %x", signature)
		}
	}
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	long, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []crypto.Signer{edwards, long} {
		if _, err := Sign(other, []byte("text")); err == nil {
			t.Errorf("signed with a %T that is not on P-256", other)
		}
	}
}

// A lying signer gives what is no signature of P-256; it does not go out.
func TestSignerThatLies(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long := new(big.Int).Lsh(big.NewInt(1), 256)
	test := func(what string, r, s *big.Int, more ...byte) {
		t.Helper()
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Sign(liar{key, append(der, more...)}, []byte("text")); err == nil {
			t.Errorf("%s: %x", what, got)
		}
	}
	one := big.NewInt(1)
	test("r of zero", new(big.Int), one)
	test("s of zero", one, new(big.Int))
	test("a negative r", big.NewInt(-1), one)
	test("a negative s", one, big.NewInt(-1))
	test("an r of 257 bits", long, one)
	test("an s of 257 bits", one, long)
	test("more behind", one, one, 0)
	if _, err := Sign(liar{key, []byte("no")}, nil); err == nil {
		t.Error("signed with what is no DER")
	}
	if got, err := Sign(liar{key, []byte{0x30, 6, 2, 1, 1, 2, 1, 2}}, nil); err != nil || got[31] != 1 || got[63] != 2 || got[0] != 0 {
		t.Errorf("got %x, %v", got, err)
	}
}

type liar struct {
	crypto.Signer
	says []byte
}

func (l liar) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return l.says, nil }

func TestVerifyRefuses(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good, err := Sign(key, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	order, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	test := func(what string, signature []byte) {
		t.Helper()
		if Verify(&key.PublicKey, []byte("text"), signature) {
			t.Errorf("%s is accepted", what)
		}
	}
	test("none", nil)
	test("a short one", good[:63])
	test("a long one", append(good[:64:64], 0))
	test("zeros, CVE-2022-21449", make([]byte, 64))
	test("r of zero", append(make([]byte, 32), good[32:]...))
	test("s of zero", append(good[:32:32], make([]byte, 32)...))
	test("r of the group's order", append(append([]byte{}, order...), good[32:]...))
	test("s of the group's order", append(good[:32:32], order...))
	test("halves exchanged", append(append([]byte{}, good[32:]...), good[:32]...))
	if Verify(&other.PublicKey, []byte("text"), good) {
		t.Error("another key is accepted")
	}
	if Verify(nil, []byte("text"), good) {
		t.Error("no key is accepted")
	}
}

func TestKeys(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := KeyOf(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := k.ECDSA(); err != nil || !back.Equal(&private.PublicKey) {
		t.Errorf("got %v, %v", back, err)
	}
	agree, err := private.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := k.ECDH(); err != nil || !back.Equal(agree.PublicKey()) {
		t.Errorf("got %v, %v", back, err)
	}
	if same, err := KeyOf(agree.PublicKey()); err != nil || same != k || same.Thumbprint() != k.Thumbprint() {
		t.Errorf("got %v, %v", same, err)
	}
	text, err := json.Marshal(k)
	var read Key
	if err != nil || json.Unmarshal(text, &read) != nil || read != k || read.IsZero() {
		t.Errorf("got %s, %v", text, err)
	}
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []crypto.PublicKey{nil, "key", x.PublicKey(), &long.PublicKey, (*ecdsa.PublicKey)(nil), (*ecdh.PublicKey)(nil)} {
		if _, err := KeyOf(p); err == nil {
			t.Errorf("%T is a key", p)
		}
	}
}

func TestKeysRefused(t *testing.T) {
	test := func(what string, change func(*Key)) {
		t.Helper()
		k := rfc7515
		change(&k)
		if _, err := k.ECDSA(); err == nil {
			t.Errorf("%s signs", what)
		}
		if _, err := k.ECDH(); err == nil {
			t.Errorf("%s agrees", what)
		}
		if formed := strings.HasPrefix(what, "a point"); (k.Thumbprint() != "") != formed {
			t.Errorf("%s has the thumbprint %q", what, k.Thumbprint())
		}
	}
	test("nothing", func(k *Key) { *k = Key{} })
	test("another type", func(k *Key) { k.Kty = "RSA" })
	test("another curve", func(k *Key) { k.Crv = "P-384" })
	test("a curve in lower case", func(k *Key) { k.Crv = "p-256" })
	test("a point off the curve", func(k *Key) { k.X, k.Y = k.Y, k.X })
	test("a point at zero", func(k *Key) { k.X, k.Y = strings.Repeat("A", 43), strings.Repeat("A", 43) })
	test("no y", func(k *Key) { k.Y = "" })
	test("a short x", func(k *Key) { k.X = k.X[:42] })
	test("a padded x", func(k *Key) { k.X += "=" })
	test("an x with a zero before it", func(k *Key) {
		b, _ := Decode(k.X)
		k.X = base64.RawURLEncoding.EncodeToString(append([]byte{0}, b...))
	})
	test("an x in base64", func(k *Key) { k.Y = strings.ReplaceAll(k.Y, "_", "/") })
	test("an x with bits left over", func(k *Key) { k.X = k.X[:42] + "V" })
	test("an x with a line end", func(k *Key) { k.X = k.X[:20] + "\n" + k.X[20:] })
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "AA", "AB", "A", "A===", "f83O\n", "f83O", "f+/O"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := Decode(s); err == nil && base64.RawURLEncoding.EncodeToString(b) != s {
			t.Errorf("%q is another spelling of %x", s, b)
		}
	})
}

func BenchmarkES256(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	text := make([]byte, 1024)
	signature, err := Sign(key, text)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := Sign(key, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if !Verify(&key.PublicKey, text, signature) {
				b.Fatal("refused")
			}
		}
	})
}
