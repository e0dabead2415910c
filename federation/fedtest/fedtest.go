// Package fedtest has a federation for tests: a broker, an organization that
// trusts it, and partners who ask that organization. Keys, tokens and signatures
// are real ones; there is no network, and no DNS.
package fedtest

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/federation"
	"entente/federation/brokerapi"
	"entente/federation/httpsig"
	"entente/federation/jose"
	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// Names of the broker and of the organization.
const (
	Issuer = "urn:federation:entente:broker.example"
	Prefix = "FYDIBOHF25SPDLT."
)

// A World is an organization's side of its trust, as authn and autodiscover know
// it, and the broker.
type World struct {
	testing.TB
	Now    func() time.Time
	Broker token.Issuer
	URI    string // application URI of the organization

	// Reports are told that a token's key is not known, while there is room.
	Reports chan struct{}

	mu     sync.Mutex
	trust  *federation.Trust
	opener *token.Opener
	agree  *ecdh.PrivateKey
	signer *ecdsa.PrivateKey
}

// New returns the world of an organization, with federated domains of which the
// first is its account namespace.
func New(tb testing.TB, now func() time.Time, domains ...entente.Domain) *World {
	tb.Helper()
	w := &World{TB: tb, Now: now, URI: Prefix + string(domains[0]), signer: P256(tb), Reports: make(chan struct{}, 100)}
	w.Broker = token.Issuer{URI: Issuer, RSA: brokerKey(), P256: P256(tb)}
	var err error
	if w.agree, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		tb.Fatal(err)
	}
	t := &federation.Trust{
		Name: "Entente", Broker: "https://broker.example", Issuer: Issuer, STS: "https://broker.example/sts",
		AppID: "00A1B2C3D4E5F607", ApplicationURI: w.URI, AccountNamespace: domains[0], DefaultDomain: domains[0],
		Enabled: true, RequireProof: true,
	}
	for _, d := range domains {
		t.Domains = append(t.Domains, federation.Domain{Name: d, State: brokerapi.Active})
	}
	w.Set(t)
	return w
}

// Set puts another trust in force; nil for none.
func (w *World) Set(t *federation.Trust) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trust, w.opener = t, nil
	if t == nil || !t.Enabled {
		return
	}
	ours := organizationKey()
	w.opener = &token.Opener{
		Issuer: Issuer, Audience: w.URI, Profile: xmlsec.Compat,
		RSA: []*x509.Certificate{w.Broker.RSA.Certificate}, P256: []*ecdsa.PublicKey{w.Broker.P256.Public().(*ecdsa.PublicKey)},
		Open: []xmlsec.Decrypter{{Certificate: ours.Certificate, Key: ours.Key.(*rsa.PrivateKey)}}, OpenP256: []token.Agreement{w.agree},
	}
}

// Change changes a copy of the trust and puts it in force.
func (w *World) Change(f func(*federation.Trust)) {
	w.Helper()
	t := *w.Trust()
	f(&t)
	w.Set(&t)
}

// Trust returns what is set.
func (w *World) Trust() *federation.Trust {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trust
}

// Opener opens tokens for the organization.
func (w *World) Opener() *token.Opener {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opener
}

// Unknown tells Reports.
func (w *World) Unknown(context.Context) {
	select {
	case w.Reports <- struct{}{}:
	default:
	}
}

// Peer returns what the organization says of itself.
func (w *World) Peer() *federation.Peer {
	k, err := jose.KeyOf(&w.signer.PublicKey)
	if err != nil {
		w.Fatal(err)
	}
	return &federation.Peer{ApplicationURI: w.URI, Keys: []federation.PeerKey{{Key: k, From: w.Now().UTC()}}}
}

// A Partner is another organization that trusts the same broker.
type Partner struct {
	*World
	URI    string
	Domain entente.Domain
	Key    *ecdsa.PrivateKey // with which it signs
	KeyID  string
}

// Partner returns another organization.
func (w *World) Partner(domain entente.Domain) *Partner {
	w.Helper()
	p := &Partner{World: w, URI: Prefix + string(domain), Domain: domain, Key: P256(w)}
	k, err := jose.KeyOf(&p.Key.PublicKey)
	if err != nil {
		w.Fatal(err)
	}
	p.KeyID = k.Thumbprint()
	return p
}

// Claims are those of a token for somebody of the partner's, chris for
// chris@contoso.example, which holds for an hour from now.
func (p *Partner) Claims(name string, offer token.Offer) *token.Token {
	now := p.Now().Truncate(time.Second)
	sum := sha256.Sum256([]byte(name))
	return &token.Token{
		ID: token.NewID(), Issuer: Issuer, Audience: p.World.URI, Requestor: p.URI, App: "00F0E0D0C0B0A090",
		Subject: token.Subject{
			Immutable: fmt.Sprintf("%x@%s", sum[:10], p.URI),
			Mails:     []entente.SMTPAddress{entente.SMTPAddress(name + "@" + string(p.Domain))},
		},
		Domains: []entente.Domain{p.Domain}, Offer: offer,
		Issued: now, NotBefore: now, NotAfter: now.Add(min(offer.Lifetime(), time.Hour)),
	}
}

// JWT issues a token whose bearer must sign with the partner's key.
func (p *Partner) JWT(t *token.Token) string {
	p.Helper()
	if t.Holder == "" {
		t.Holder = p.KeyID
	}
	text, err := p.Broker.JWT(t, p.agree.PublicKey())
	if err != nil {
		p.Fatal(err)
	}
	return text
}

// SAML issues a token with the secret in the claims, if there is one.
func (p *Partner) SAML(t *token.Token) []byte {
	p.Helper()
	data, err := p.Broker.SAML(t, organizationKey().Certificate, xmlsec.Compat)
	if err != nil {
		p.Fatal(err)
	}
	return data
}

// Secret is the secret of a token with holder-of-key.
func (p *Partner) Secret() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

// Sign signs a request with the partner's key: RFC 9421.
func (p *Partner) Sign(r *http.Request, body []byte) { p.SignWith(r, body, p.Key) }

// SignWith signs a request with any key, which it brings along.
func (p *Partner) SignWith(r *http.Request, body []byte, key *ecdsa.PrivateKey) {
	p.Helper()
	k, err := jose.KeyOf(&key.PublicKey)
	if err != nil {
		p.Fatal(err)
	}
	f, err := httpsig.Sign(&httpsig.Request{
		Method: r.Method, Authority: strings.ToLower(r.Host), Path: r.URL.EscapedPath(),
		Authorization: r.Header.Get("Authorization"), Body: body,
	}, key, k.Thumbprint(), p.Now())
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set(httpsig.DigestField, f.ContentDigest)
	r.Header.Set(httpsig.InputField, f.SignatureInput)
	r.Header.Set(httpsig.SignatureField, f.Signature)
	r.Header.Set(httpsig.KeyField, httpsig.FormatKey(k))
}

// Message is a message to a URL with a token, the body's child being XML.
func (p *Partner) Message(to, action string, token []byte, body string) *wssecurity.Message {
	now := p.Now().UTC()
	return &wssecurity.Message{
		Version: soap.V11, To: to, Action: action, Created: now, Expires: now.Add(5 * time.Minute), Token: token,
		Parts: wssecurity.Timestamp | wssecurity.To,
		Body:  func(e *strictxml.Encoder) { e.Raw([]byte(body)) },
	}
}

// Possess writes a message signed with a secret.
func (p *Partner) Possess(m *wssecurity.Message, secret []byte) []byte {
	p.Helper()
	b, err := wssecurity.Possess(m, secret, xmlsec.Compat)
	if err != nil {
		p.Fatal(err)
	}
	return bytes.Clone(b)
}

// Bear writes a message that is not signed.
func (p *Partner) Bear(m *wssecurity.Message) []byte {
	p.Helper()
	b, err := wssecurity.Bear(m)
	if err != nil {
		p.Fatal(err)
	}
	return bytes.Clone(b)
}

// P256 makes a key.
func P256(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// Rogue is an issuer with the broker's name and other keys.
func Rogue(tb testing.TB) token.Issuer {
	tb.Helper()
	return token.Issuer{URI: Issuer, RSA: rogueKey(), P256: P256(tb)}
}

// Keys with certificates that signed themselves, made once for all tests of a
// process.
var (
	brokerKey       = sync.OnceValue(func() xmlsec.Signer { return makeRSA("broker.example") })
	organizationKey = sync.OnceValue(func() xmlsec.Signer { return makeRSA("Federation") })
	rogueKey        = sync.OnceValue(func() xmlsec.Signer { return makeRSA("broker.example") })
)

func makeRSA(name string) xmlsec.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	// For any clock that a test may have.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, SubjectKeyId: id,
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return xmlsec.Signer{Certificate: cert, Key: key}
}
