package brokerapi

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"entente/federation/jose"
)

func certified(t testing.TB) Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), SubjectKeyId: []byte("0123456789abcdef")},
		&x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{key, c}
}

func p256(t testing.TB) Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{Key: key}
}

func (s Signer) p256() *ecdsa.PublicKey { return s.Key.Public().(*ecdsa.PublicKey) }

func jwk(t testing.TB, k *ecdsa.PublicKey) Key {
	t.Helper()
	key, err := jose.KeyOf(k)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func envelope() *Envelope {
	return &Envelope{
		Verb: ReserveDomain, Audience: "urn:federation:entente:broker.example", Issued: 1_800_000_000,
		ID: "4f1c", App: "0000000060000EB9", Body: json.RawMessage(`{"domain":"contoso.example"}`),
	}
}

func TestRequestIsWhatWasSigned(t *testing.T) {
	a, b, c := certified(t), p256(t), p256(t)
	byA, err := Sign(envelope(), a)
	if err != nil {
		t.Fatal(err)
	}
	u, err := Read(byA)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Claimed(); got.App != "0000000060000EB9" || !u.ByCertificate() {
		t.Errorf("claims %+v", got)
	}
	if e, err := u.Verify(certified(t).Certificate, a.Certificate); err != nil || e.Verb != ReserveDomain || string(e.Body) != `{"domain":"contoso.example"}` {
		t.Errorf("verified: %+v, %v", e, err)
	}
	if _, err := u.Verify(certified(t).Certificate); err != ErrRefused {
		t.Errorf("with another certificate: %v", err)
	}
	if _, err := u.VerifyKey(b.p256()); err != ErrRefused {
		t.Errorf("as one by a P-256 key: %v", err)
	}

	byB, err := Sign(envelope(), b)
	if err != nil {
		t.Fatal(err)
	}
	if u, err = Read(byB); err != nil {
		t.Fatal(err)
	}
	if e, err := u.VerifyKey(c.p256(), b.p256()); err != nil || e.ID != "4f1c" || u.ByCertificate() {
		t.Errorf("verified: %+v, %v", e, err)
	}
	if _, err := u.VerifyKey(c.p256()); err != ErrRefused {
		t.Errorf("with another key: %v", err)
	}
	if _, err := u.Verify(a.Certificate); err != ErrRefused {
		t.Errorf("as one by a certificate: %v", err)
	}
	if _, err := u.VerifyKey(); err != ErrRefused {
		t.Errorf("with no key: %v", err)
	}
}

// TestRefused has every message that is not in the one form.
func TestRefused(t *testing.T) {
	s := p256(t)
	e, h := base64.RawURLEncoding, header{Algorithm: es256, Type: typeRequest}
	h.Key = jwk(t, s.p256()).Thumbprint()
	head, _ := json.Marshal(h)
	body, _ := json.Marshal(envelope())
	// signed makes a message of any two texts, whose signature is good.
	signed := func(head, body string) string {
		input := e.EncodeToString([]byte(head)) + "." + e.EncodeToString([]byte(body))
		sig, err := jose.Sign(s.Key, []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + e.EncodeToString(sig)
	}
	test := func(jws string, want bool) {
		t.Helper()
		u, err := Read([]byte(jws))
		if err == nil {
			_, err = u.VerifyKey(s.p256())
		}
		if (err == nil) != want || err != nil && err != ErrRefused {
			t.Errorf("%.120s: %v", jws, err)
		}
	}
	with := func(old, new string) string { return strings.Replace(string(head), old, new, 1) }
	say := func(old, new string) string { return strings.Replace(string(body), old, new, 1) }
	good := signed(string(head), string(body))
	test(good, true)

	test("", false)
	test("..", false)
	test(good+".", false)
	test(good+"=", false)
	test(good+"\n", false)
	test(" "+good, false)
	test(strings.Replace(good, ".", ".\r\n", 1), false)
	test(good[:len(good)-2], false)
	test(good[:strings.LastIndexByte(good, '.')+1], false)
	test(good[:strings.LastIndexByte(good, '.')+1]+e.EncodeToString(make([]byte, 64)), false)
	test(good[:len(good)-1]+string(good[len(good)-1]+1), false) // bits left over, or other bits

	test(signed(with("ES256", "none"), string(body)), false)
	test(signed(with("ES256", "HS256"), string(body)), false)
	test(signed(with("ES256", "RS256"), string(body)), false)
	test(signed(with("ES256", "es256"), string(body)), false)
	test(signed(with(typeRequest, typeMetadata), string(body)), false)
	test(signed(with(`"kid"`, `"KID"`), string(body)), false)
	test(signed(with(`"kid":"`, `"kid":"x`), string(body)), false)
	test(signed(with(`{`, `{"b64":false,"crit":["b64"],`), string(body)), false)
	test(signed(with(`{`, `{"jwk":{},`), string(body)), false)
	test(signed(with(`{`, `{"alg":"none",`), string(body)), false)
	test(signed(with(`}`, `,"alg":"ES256"}`), string(body)), false)
	test(signed(with(`"kid"`, `"x5t#S256":"a","kid"`), string(body)), false)
	test(signed(with(`{`, `{ `), string(body)), false)
	test(signed(string(head)+" ", string(body)), false)
	test(signed("null", string(body)), false)

	test(signed(string(head), say(`"verb"`, `"Verb"`)), false)
	test(signed(string(head), say(`{`, `{"verb":"ReleaseDomain",`)), false)
	test(signed(string(head), say(`{`, `{"more":1,`)), false)
	test(signed(string(head), say(`"jti"`, `"jti" `)), false)
	test(signed(string(head), say(`1800000000`, `1.8e9`)), false)
	test(signed(string(head), say(`"app":"0000000060000EB9"`, `"app":""`)), false)
	test(signed(string(head), string(body)+"{}"), false)
	test(signed(string(head), "null"), false)
	test(signed(string(head), ""), false)
	test(signed(string(head), say("4f1c", strings.Repeat("a", MaxMessage))), false)
	if _, err := Sign(&Envelope{ID: strings.Repeat("a", MaxMessage)}, s); err == nil {
		t.Error("a message beyond the limit was written")
	}
}

func TestMetadata(t *testing.T) {
	now, next, other := p256(t), p256(t), p256(t)
	m := &Metadata{
		Issuer: "urn:federation:entente:broker.example", STS: "https://broker.example/sts", Sequence: 7, Refresh: time.Hour,
		Keys: []PublishedKeys{
			{Certificate: []byte{1}, P256: jwk(t, now.p256()), From: time.Unix(1, 0).UTC()},
			{Certificate: []byte{2}, P256: jwk(t, next.p256()), From: time.Unix(2, 0).UTC()},
		},
	}
	jws, err := SignMetadata(m, now)
	if err != nil {
		t.Fatal(err)
	}
	test := func(jws []byte, want bool, known ...*ecdsa.PublicKey) {
		t.Helper()
		got, err := ReadMetadata(jws, known...)
		if (err == nil) != want || err != nil && err != ErrRefused {
			t.Errorf("got error %v", err)
		}
		if err == nil && (got.Sequence != 7 || len(got.Keys) != 2 || !got.Keys[0].From.Equal(m.Keys[0].From)) {
			t.Errorf("got %+v", got)
		}
	}
	test(jws, true)
	test(jws, true, now.p256())
	test(jws, true, other.p256(), now.p256())
	test(jws, false, other.p256())
	test(jws, false, next.p256())

	// Signed by a key that is only the second one it names.
	jws, _ = SignMetadata(m, next)
	test(jws, false)
	test(jws, true, next.p256())

	m.Keys[0].P256.Y = m.Keys[0].P256.X // no point of the curve
	jws, _ = SignMetadata(m, now)
	test(jws, false)
	m.Keys = nil
	jws, _ = SignMetadata(m, now)
	test(jws, false)
	request, _ := Sign(envelope(), now)
	test(request, false, now.p256())
	if _, err := Read(jws); err != ErrRefused {
		t.Errorf("metadata read as a request: %v", err)
	}
}

func TestSignersThatAreNone(t *testing.T) {
	r := certified(t)
	if _, err := Sign(envelope(), Signer{Key: r.Key}); err == nil {
		t.Error("an RSA key without certificate signed")
	}
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sign(envelope(), Signer{Key: k}); err == nil {
		t.Error("a P-384 key signed")
	}
}

// FuzzRead holds that nothing is read in two ways, and that what is changed is
// not verified.
func FuzzRead(f *testing.F) {
	a, b := certified(f), p256(f)
	var good [][]byte
	for _, s := range []Signer{a, b} {
		jws, err := Sign(envelope(), s)
		if err != nil {
			f.Fatal(err)
		}
		good = append(good, jws)
		f.Add(jws)
	}
	f.Add([]byte("e30.e30."))
	f.Fuzz(func(t *testing.T, jws []byte) {
		u, err := Read(jws)
		if err != nil {
			if err != ErrRefused {
				t.Fatalf("error %v", err)
			}
			return
		}
		_, err1 := u.Verify(a.Certificate)
		_, err2 := u.VerifyKey(b.p256())
		if (err1 == nil || err2 == nil) && !bytes.Equal(jws, good[0]) && !bytes.Equal(jws, good[1]) {
			t.Fatalf("verified what nobody signed: %s", jws)
		}
	})
}
