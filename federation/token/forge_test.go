package token

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/jose"
	"entente/xmlsec"
)

// kit is where the vectors are that any implementation can use.
const kit = "../../test/kit/token"

// The parties of all tests: contoso asks fabrikam, the broker vouches.
const (
	brokerURI  = "urn:federation:broker.example"
	askingURI  = "FYDIBOHF25SPDLT.contoso.example"
	askedURI   = "FYDIBOHF25SPDLT.fabrikam.example"
	holderName = "oKu8Yuy0zfcBHpA72wZpoYFZMuPQBHDxltfCN9jr6-8"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// keyring has the keys of the parties. They are in the kit, for everybody to
// see and for nothing else.
type keyring struct {
	issuer    *ecdsa.PrivateKey // the broker's
	target    *ecdsa.PrivateKey // fabrikam's, for agreeing
	stranger  *ecdsa.PrivateKey
	issuerRSA xmlsec.Signer
	targetRSA xmlsec.Signer
	askingRSA xmlsec.Signer // contoso's
	otherRSA  xmlsec.Signer
}

func keys(t testing.TB) *keyring {
	t.Helper()
	return &keyring{
		issuer: readKey[*ecdsa.PrivateKey](t, "issuer-p256"), target: readKey[*ecdsa.PrivateKey](t, "target-p256"), stranger: readKey[*ecdsa.PrivateKey](t, "stranger-p256"),
		issuerRSA: readSigner(t, "issuer-rsa"), targetRSA: readSigner(t, "target-rsa"), askingRSA: readSigner(t, "asking-rsa"), otherRSA: readSigner(t, "stranger-rsa"),
	}
}

func readPEM(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(kit, "keys", name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

func readKey[K any](t testing.TB, name string) K {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(readPEM(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return key.(K)
}

func readSigner(t testing.TB, name string) xmlsec.Signer {
	t.Helper()
	c, err := x509.ParseCertificate(readPEM(t, name+"-certificate"))
	if err != nil {
		t.Fatal(err)
	}
	return xmlsec.Signer{Certificate: c, Key: readKey[*rsa.PrivateKey](t, name)}
}

func (k *keyring) agreement() *ecdh.PrivateKey {
	a, _ := k.target.ECDH()
	return a
}

func (k *keyring) issues() *Issuer {
	return &Issuer{URI: brokerURI, RSA: k.issuerRSA, P256: k.issuer}
}

func (k *keyring) opener() *Opener {
	return &Opener{
		Issuer: brokerURI, Audience: askedURI, Profile: xmlsec.Compat,
		RSA: []*x509.Certificate{k.issuerRSA.Certificate}, P256: []*ecdsa.PublicKey{&k.issuer.PublicKey},
		Open:     []xmlsec.Decrypter{{Certificate: k.targetRSA.Certificate, Key: k.targetRSA.Key.(crypto.Decrypter)}},
		OpenP256: []Agreement{k.agreement()},
	}
}

// sample is a token as the broker makes it.
func sample() *Token {
	return &Token{
		ID: "_0123456789abcdef", Issuer: brokerURI, Audience: askedURI, Requestor: askingURI,
		Subject: Subject{
			Immutable: "mfrggzdfmztwq2lknnwg23tpob@" + askingURI,
			Mails:     []entente.SMTPAddress{"chris@contoso.example", "chris@sales.contoso.example"},
		},
		App: "0000000060000EB9", Domains: []entente.Domain{"contoso.example", "sales.contoso.example"},
		Offer: FreeBusy, Issued: at, NotBefore: at, NotAfter: at.Add(time.Hour), Holder: holderName,
	}
}

// A forged is a JWT that is made by hand, part by part, so that each part can
// be wrong.
type forged struct {
	k       *keyring
	header  string // of the JWS
	payload string
	signer  *ecdsa.PrivateKey
	inner   func(jws string) string
	outer   string // header of the JWE
	to      *ecdh.PublicKey
	text    func([]byte) []byte // what is encrypted
	compact func(string) string
}

func thumbprint(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	k, err := jose.KeyOf(public)
	if err != nil {
		t.Fatal(err)
	}
	return k.Thumbprint()
}

const samplePayload = `{"iss":"urn:federation:broker.example","aud":"FYDIBOHF25SPDLT.fabrikam.example","sub":"mfrggzdfmztwq2lknnwg23tpob@FYDIBOHF25SPDLT.contoso.example","jti":"_0123456789abcdef","iat":1772442000,"nbf":1772442000,"exp":1772445600,` +
	`"mails":["chris@contoso.example","chris@sales.contoso.example"],"azp":"FYDIBOHF25SPDLT.contoso.example","app":"0000000060000EB9","domains":["contoso.example","sales.contoso.example"],"offer":"MSExchange.SharingCalendarFreeBusy","cnf":{"jkt":"` + holderName + `"}}`

func forge(t testing.TB, k *keyring) *forged {
	t.Helper()
	same := func(s string) string { return s }
	return &forged{
		k: k, signer: k.issuer, to: k.agreement().PublicKey(), inner: same, compact: same,
		header:  `{"alg":"ES256","kid":"` + thumbprint(t, &k.issuer.PublicKey) + `","typ":"entente-delegation+jwt"}`,
		payload: samplePayload,
		outer:   `{"alg":"ECDH-ES","enc":"A256GCM","typ":"entente-delegation+jwt","cty":"JWT","kid":"` + thumbprint(t, &k.target.PublicKey) + `","epk":EPK}`,
		text:    func(b []byte) []byte { return b },
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (f *forged) String() string {
	input := b64([]byte(f.header)) + "." + b64([]byte(f.payload))
	signature, err := jose.Sign(f.signer, []byte(input))
	if err != nil {
		panic(err)
	}
	jws := f.inner(input + "." + b64(signature))

	ephemeral, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	epk, _ := jose.KeyOf(ephemeral.PublicKey())
	secret, err := ephemeral.ECDH(f.to)
	if err != nil {
		panic(err)
	}
	gcm, err := contentCipher(secret)
	if err != nil {
		panic(err)
	}
	header := b64([]byte(strings.Replace(f.outer, "EPK", `{"kty":"EC","crv":"P-256","x":"`+epk.X+`","y":"`+epk.Y+`"}`, 1)))
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	sealed := gcm.Seal(nil, nonce, f.text([]byte(jws)), []byte(header))
	n := len(sealed) - tagSize
	return f.compact(header + ".." + b64(nonce) + "." + b64(sealed[:n]) + "." + b64(sealed[n:]))
}

// newKey makes a key that no party knows.
func newKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}
