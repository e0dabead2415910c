package token

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"entente"
)

func parseHex(s string) ([]byte, error) { return hex.DecodeString(s) }

// The key of RFC 7518 Appendix C.
func TestVectorConcatKDF(t *testing.T) {
	secret := []byte{158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196}
	got := concatKDF(secret, "A128GCM", "Alice", "Bob", 16)
	if want := []byte{86, 170, 141, 234, 248, 35, 109, 32, 92, 34, 40, 205, 113, 167, 16, 26}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A token comes back as it went, whichever of two keys it is for and from.
func TestJWT(t *testing.T) {
	k := keys(t)
	o := k.opener()
	next, issuer := newKey(), newKey()
	a, _ := next.ECDH()
	o.OpenP256 = append([]Agreement{a}, o.OpenP256...)
	o.P256 = append([]*ecdsa.PublicKey{&issuer.PublicKey}, o.P256...)
	for _, signer := range []*ecdsa.PrivateKey{k.issuer, issuer} {
		for _, to := range o.OpenP256 {
			i := k.issues()
			i.P256 = signer
			text, err := i.JWT(sample(), to.PublicKey())
			if err != nil {
				t.Fatal(err)
			}
			got, err := o.JWT(text, at)
			if err != nil || strings.Join(describe(got), "\n") != strings.Join(describe(sample()), "\n") {
				t.Errorf("got %+v, %v", got, err)
			}
		}
	}
}

// The longest token there can be is not too long for a header, and is opened.
func TestLongest(t *testing.T) {
	k := keys(t)
	long := sample()
	long.ID = "_" + strings.Repeat("a", maxID-1)
	long.Requestor = strings.Repeat("r", maxURI)
	long.Subject.Immutable = strings.Repeat("i", maxImmutable-2) + "@n"
	long.Domains, long.Subject.Mails = nil, nil
	for i := range maxDomains {
		d := entente.Domain(strings.Repeat("a", 61) + string(rune('a'+i/16)) + string(rune('a'+i%16)) + ".example")
		long.Domains = append(long.Domains, d)
		if i < maxMails {
			long.Subject.Mails = append(long.Subject.Mails, entente.SMTPAddress(strings.Repeat("m", 64)+"@"+string(d)))
		}
	}
	text, err := k.issues().JWT(long, k.agreement().PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.opener().JWT(text, at); err != nil || len(got.Domains) != maxDomains {
		t.Errorf("%d bytes: %v", len(text), err)
	}
	long.Domains = append(long.Domains, "contoso.example")
	if _, err := k.issues().JWT(long, k.agreement().PublicKey()); err == nil {
		t.Error("a token with more domains than are read is issued")
	}
}

// That a key is not known is told apart for ourselves: the issuer may have new
// ones.
func TestUnknownKey(t *testing.T) {
	k := keys(t)
	i := k.issues()
	i.P256 = newKey()
	text, err := i.JWT(sample(), k.agreement().PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.opener().JWT(text, at); !errors.Is(err, ErrUnknownKey) || !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
	if _, err := k.opener().JWT(forgeGood(t, k)+"A", at); errors.Is(err, ErrUnknownKey) {
		t.Errorf("got %v for a token that is none", err)
	}
}

// Whoever is asked for nobody's tokens opens none.
func TestNoOpener(t *testing.T) {
	k := keys(t)
	text := forgeGood(t, k)
	test := func(what string, change func(*Opener)) {
		t.Helper()
		o := k.opener()
		change(o)
		if got, err := o.JWT(text, at); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	test("nothing", func(o *Opener) { *o = Opener{} })
	test("no audience", func(o *Opener) { o.Audience = "" })
	test("no issuer", func(o *Opener) { o.Issuer = "" })
	test("no keys of the issuer", func(o *Opener) { o.P256 = nil })
	test("no keys of ours", func(o *Opener) { o.OpenP256 = nil })
}

// What would not be opened is not issued.
func TestNotIssued(t *testing.T) {
	k := keys(t)
	test := func(what string, change func(*Token)) {
		t.Helper()
		token := sample()
		change(token)
		if text, err := k.issues().JWT(token, k.agreement().PublicKey()); err == nil {
			t.Errorf("%s is issued: %s", what, text)
		}
		token = sample()
		token.Holder, token.Proof = "", []byte("0123456789abcdef0123456789abcdef")
		change(token)
		if text, err := k.issues().SAML(token, k.targetRSA.Certificate, 1); err == nil {
			t.Errorf("%s is issued: %s", what, text)
		}
	}
	test("nothing", func(t *Token) { *t = Token{} })
	test("a token of another issuer", func(t *Token) { t.Issuer = "urn:federation:other.example" })
	test("a token for nobody", func(t *Token) { t.Audience = "" })
	test("a token for MailboxMove", func(t *Token) { t.Offer = MailboxMove })
	test("a token for an hour and a second", func(t *Token) { t.NotAfter = at.Add(time.Hour + time.Second) })
	test("a token for no time", func(t *Token) { t.NotAfter = t.NotBefore })
	test("a token of nobody", func(t *Token) { t.Subject = Subject{} })
	test("a token with an address elsewhere", func(t *Token) { t.Subject.Mails = []entente.SMTPAddress{"a@fabrikam.example"} })
	test("a token with an address that is none", func(t *Token) { t.Subject.Mails = []entente.SMTPAddress{"contoso.example"} })
	test("a token without an id", func(t *Token) { t.ID = "" })
	test("a token with the id of a number", func(t *Token) { t.ID = "0123456789abcdef" })
	test("a token with both proofs", func(t *Token) { t.Holder, t.Proof = holderName, make([]byte, 32) })
	test("a token with a short proof", func(t *Token) { t.Holder, t.Proof = "", make([]byte, 15) })
	test("a token with a holder that is none", func(t *Token) { t.Holder = "contoso" })
	if _, err := k.issues().JWT(&Token{}, nil); err == nil {
		t.Error("a token for no key is issued")
	}
	bearer := sample()
	bearer.Holder = ""
	if _, err := k.issues().JWT(bearer, k.agreement().PublicKey()); err == nil {
		t.Error("a JWT for whoever bears it is issued")
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if !validID(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}

// FuzzJWT: whatever comes is refused or is a whole token; and so is whatever
// claims an issuer signs.
func FuzzJWT(f *testing.F) {
	k := keys(f)
	o := k.opener()
	f.Add(forgeGood(f, k), samplePayload, forge(f, k).outer)
	for _, v := range jwtVectors()[:8] {
		f.Add(v.make(f, k), samplePayload, `{"alg":"ECDH-ES","epk":EPK}`)
	}
	f.Fuzz(func(t *testing.T, compact, payload, outer string) {
		j := forge(t, k)
		j.payload = payload
		for _, text := range []string{compact, j.String()} {
			got, err := o.JWT(text, at)
			switch {
			case err != nil && (got != nil || !errors.Is(err, ErrRefused)):
				t.Fatalf("%+v, %v", got, err)
			case err == nil && (got.valid() != nil || got.Issuer != brokerURI || got.Audience != askedURI || got.Holder == "" || !got.live(at)):
				t.Fatalf("accepted: %+v", got)
			}
			if err == nil {
				if _, err := k.issues().JWT(got, k.agreement().PublicKey()); err != nil {
					t.Fatalf("opened and not issued: %v", err)
				}
			}
		}
		j.outer = outer
		_, _ = o.JWT(j.String(), at)
	})
}
