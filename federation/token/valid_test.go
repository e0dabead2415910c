package token

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/xmlsec"
)

// Each rule of what a token may say, at its edge.
func TestValid(t *testing.T) {
	test := func(what string, want bool, change func(*Token)) {
		t.Helper()
		token := sample()
		change(token)
		if err := token.valid(); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	id := func(s string) func(*Token) { return func(t *Token) { t.ID = s } }
	test("as it is", true, func(*Token) {})
	test("an id of all there is", true, id("_azAZ09-.xxxxxxx"))
	test("an id of sixteen", true, id("a123456789abcdef"))
	test("an id of fifteen", false, id("a123456789abcde"))
	test("an id of 128", true, id(strings.Repeat("a", 128)))
	test("an id of 129", false, id(strings.Repeat("a", 129)))
	for _, c := range []string{"{", "@", "[", "`", "/", ":", "é", " "} {
		test("an id with "+c, false, id("_0123456789abcde"+c))
	}
	for _, c := range []string{"-", ".", "0"} {
		test("an id that begins with "+c, false, id(c+"0123456789abcdef"))
	}
	test("a requestor of 256", true, func(t *Token) { t.Requestor = strings.Repeat("r", 256) })
	test("a requestor of 257", false, func(t *Token) { t.Requestor = strings.Repeat("r", 257) })
	for _, c := range []string{" ", "\x7f", "\"", "\\", "<", ">", "\n", "é"} {
		test("a requestor with "+c, false, func(t *Token) { t.Requestor = "urn:" + c })
	}
	test("an AppID of G", false, func(t *Token) { t.App = "G000000060000EB9" })
	test("an AppID of F", true, func(t *Token) { t.App = "FFFFFFFFFFFFFFFF" })
	test("an AppID of 17", false, func(t *Token) { t.App += "0" })
	for n, want := range map[int]bool{0: false, 15: false, 16: true, 32: true, 64: true, 65: false} {
		test("a proof key", want, func(t *Token) { t.Holder, t.Proof = "", make([]byte, n) })
	}
	test("a holder of 42", false, func(t *Token) { t.Holder = t.Holder[:42] })
	test("a holder in base64", false, func(t *Token) { t.Holder = "+" + t.Holder[1:] })

	test("an hour", true, func(t *Token) { t.NotAfter = at.Add(time.Hour) })
	test("an hour and a bit", false, func(t *Token) { t.NotAfter = at.Add(time.Hour + 1) })
	test("a second", true, func(t *Token) { t.NotAfter = at.Add(time.Second) })
	test("no time", false, func(t *Token) { t.NotAfter = at })
	test("issued at its end", true, func(t *Token) { t.Issued = t.NotAfter })
	test("issued after its end", false, func(t *Token) { t.Issued = t.NotAfter.Add(time.Second) })
	test("from the beginning of 1970", false, func(t *Token) { t.Issued, t.NotBefore, t.NotAfter = time.Unix(0, 0), time.Unix(0, 0), time.Unix(60, 0) })
	test("from a second later", true, func(t *Token) { t.Issued, t.NotBefore, t.NotAfter = time.Unix(0, 0), time.Unix(1, 0), time.Unix(60, 0) })

	immutable := func(s string) func(*Token) { return func(t *Token) { t.Subject.Immutable = s } }
	test("a short immutable id", true, immutable("a@b"))
	test("an immutable id without a name", false, immutable("@b"))
	test("an immutable id without a namespace", false, immutable("a@"))
	test("an immutable id of a name alone", false, immutable("a"))
	test("an immutable id of two namespaces", false, immutable("a@b@c"))
	test("an immutable id of 320", true, immutable(strings.Repeat("a", 318)+"@b"))
	test("an immutable id of 321", false, immutable(strings.Repeat("a", 319)+"@b"))
	test("a domain in capitals", false, func(t *Token) { t.Domains[1] = "Sales.contoso.example" })
	test("a domain with a final dot", false, func(t *Token) { t.Domains = append(t.Domains, "eu.contoso.example.") })
	test("a domain with a space", false, func(t *Token) { t.Domains = append(t.Domains, "contoso. example") })
	test("256 domains", true, func(t *Token) { t.Domains = append(t.Domains, make256()...)[:256] })
	test("257 domains", false, func(t *Token) { t.Domains = append(t.Domains, make256()...)[:257] })
	mails := func(n int) func(*Token) {
		return func(t *Token) {
			t.Subject.Mails = nil
			for range n {
				t.Subject.Mails = append(t.Subject.Mails, "chris@contoso.example")
			}
		}
	}
	test("16 addresses", true, mails(16))
	test("17 addresses", false, mails(17))
	test("an address of another's beside one's own", false, func(t *Token) { t.Subject.Mails = append(t.Subject.Mails, "amy@fabrikam.example") })
}

func make256() (list []entente.Domain) {
	for range 256 {
		list = append(list, "contoso.example")
	}
	return list
}

// The time of a token, with clocks that differ by five minutes: from when it
// begins, though it was issued long before, until before it ends.
func TestLive(t *testing.T) {
	token := sample()
	token.Issued = at.Add(-time.Hour)
	test := func(now time.Time, want bool) {
		t.Helper()
		if got := token.live(now); got != want {
			t.Errorf("%s: %t", now, got)
		}
	}
	test(at.Add(-MaxSkew-1), false)
	test(at.Add(-MaxSkew), true)
	test(at, true)
	test(at.Add(time.Hour+MaxSkew-1), true)
	test(at.Add(time.Hour+MaxSkew), false)
	token.Issued = at.Add(time.Minute)
	test(at.Add(time.Minute-MaxSkew-1), false)
	test(at.Add(time.Minute-MaxSkew), true)
}

func TestOffers(t *testing.T) {
	for offer, want := range map[Offer]time.Duration{
		FreeBusy: time.Hour, SharingRead: time.Hour, InviteMessage: 360 * time.Hour, Autodiscover: 8 * time.Hour, MailboxMove: 0, "": 0, "MSExchange.Everything": 0,
	} {
		if got := offer.Lifetime(); got != want {
			t.Errorf("%s: %s", offer, got)
		}
	}
}

// Nothing is issued with keys that do not do, and nothing looks as if.
func TestKeysThatDoNotDo(t *testing.T) {
	k := keys(t)
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []*ecdh.PublicKey{nil, x.PublicKey()} {
		if text, err := k.issues().JWT(sample(), to); err == nil {
			t.Errorf("issued to %v: %s", to, text)
		}
	}
	i := k.issues()
	i.P256 = k.issuerRSA.Key
	if text, err := i.JWT(sample(), k.agreement().PublicKey()); err == nil {
		t.Errorf("issued with an RSA key: %s", text)
	}
	unnamed := *k.targetRSA.Certificate
	unnamed.SubjectKeyId = nil
	for _, secret := range [][]byte{nil, proof} {
		token := sampleSAML()
		token.Proof = secret
		for _, to := range []*x509.Certificate{nil, &unnamed} {
			if text, err := k.issues().SAML(token, to, xmlsec.Modern); err == nil {
				t.Errorf("issued to %v: %s", to, text)
			}
		}
		i := k.issues()
		i.RSA.Key = k.otherRSA.Key
		if text, err := i.SAML(token, k.targetRSA.Certificate, xmlsec.Modern); err == nil {
			t.Errorf("issued with a key that is not the certificate's: %s", text)
		}
	}
}

// What is not encrypted for us says nothing of its issuer's keys.
func TestNotForUs(t *testing.T) {
	k := keys(t)
	f := forgeSAML(k)
	f.to = k.otherRSA.Certificate
	for _, text := range []string{f.make(t), "<a/>", ""} {
		if _, err := k.opener().SAML([]byte(text), at); !errors.Is(err, ErrRefused) || errors.Is(err, ErrUnknownKey) {
			t.Errorf("got %v", err)
		}
	}
	// And what its keys signed, and says too little, says nothing of them either.
	f = forgeSAML(k)
	f.assertion = replace(f.assertion, `MinorVersion="1"`, `MinorVersion="0"`)
	if _, err := k.opener().SAML([]byte(f.make(t)), at); !errors.Is(err, ErrRefused) || errors.Is(err, ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

// Two tokens of the same words have nothing in common that shows.
func TestFresh(t *testing.T) {
	k := keys(t)
	seen := map[string]bool{}
	for range 50 {
		text, err := k.issues().JWT(sample(), k.agreement().PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(text, ".") {
			if i != 1 && seen[part] {
				t.Errorf("part %d came twice: %s", i, part)
			}
			seen[part] = true
		}
	}
}
