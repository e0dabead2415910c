package broker

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"entente"
	"entente/audit"
	"entente/db"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/federation/token"
	"entente/keys"
	"entente/outgoing"
	"entente/xmlsec"
)

// A world is a broker, the DNS it asks, and a clock.
type world struct {
	*Broker
	t     testing.TB
	clock *clock
	dns   *nameServer // what both resolvers and the authority say
	other *nameServer // the second resolver, if it is to say something else
	mux   *http.ServeMux
	told  []Notice
	mu    sync.Mutex
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// each runs a test with a broker on each database.
func each(t *testing.T, f func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(open(t, d, func(*Config) {})) })
}

func open(t testing.TB, d *db.DB, change func(*Config)) *world {
	t.Helper()
	w := &world{
		t: t, clock: &clock{now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)},
		dns: &nameServer{said: map[string][]string{}, zones: true}, other: nil,
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := keys.Schema()
	must(err)
	must(d.Migrate(t.Context(), m))
	must(d.Migrate(t.Context(), audit.Schema()))
	files, err := keys.OpenFiles(filepath.Join(t.TempDir(), "keys"))
	must(err)
	t.Cleanup(func() { _ = files.Close() })
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	log, err := audit.Open(t.Context(), audit.Config{DB: d, Node: "broker", Signer: signer, Now: w.clock.Now})
	must(err)
	t.Cleanup(log.Close)

	// The authority is asked on a port of its own, at an address that DNS names.
	authority := serveDNS(t, w.dns)
	w.other = &nameServer{like: w.dns}
	names, err := outgoing.NewDNS(outgoing.DNSConfig{
		Servers: []string{authority, serveDNS(t, w.other)},
		Port:    netip.MustParseAddrPort(authority).Port(),
		Allow:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	must(err)
	c := Config{
		DB: d, Audit: log, Issuer: "urn:federation:entente:broker.example", URL: "https://broker.example", DNS: names, Now: w.clock.Now,
		Ring: keys.New(keys.Config{DB: d, Organization: "broker", Files: files, Now: w.clock.Now}),
		Told: func(_ context.Context, n Notice) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, n)
		},
	}
	change(&c)
	w.Broker, err = Open(t.Context(), c)
	must(err)
	w.mux = http.NewServeMux()
	for path, h := range w.Routes() {
		w.mux.Handle(path, h)
	}
	return w
}

// notices returns what contacts were told since it was last asked.
func (w *world) notices() (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.told {
		all = append(all, fmt.Sprintf("%s %s: %s", n.Contact, n.Domain, n.Text))
	}
	w.told = nil
	return all
}

// actions returns what the audit log has of an action.
func (w *world) actions(action string) []audit.Record {
	w.t.Helper()
	if err := w.Audit.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.Audit.Search(w.t.Context(), audit.Filter{Action: action, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// An org is an organization with its keys.
type org struct {
	w          *world
	id         entente.AppID
	adminKey   string
	domain     entente.Domain
	signer     xmlsec.Signer
	signing    *ecdsa.PrivateKey
	encryption *ecdh.PrivateKey
	address    string
	sent       int
}

func (o *org) uri() string { return uriPrefix + string(o.domain) }

// newCertificate makes one that a broker takes, unless it is changed.
func newCertificate(t testing.TB, now time.Time, change func(*x509.Certificate)) xmlsec.Signer {
	t.Helper()
	return certify(t, now, pool.take(t), change)
}

// A keyPool hands out RSA keys that take long to make. They come round again,
// after more of them than any one test takes.
type keyPool struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
	next int
}

var pool keyPool

func (p *keyPool) take(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 24
	p.next++
	if len(p.keys) == most {
		return p.keys[p.next%most]
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.keys = append(p.keys, key)
	return key
}

func certify(t testing.TB, now time.Time, key crypto.Signer, change func(*x509.Certificate)) xmlsec.Signer {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	ski := sha1.Sum(spki)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.Unix()), Subject: pkix.Name{CommonName: "Federation"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(5 * 365 * daytime),
		SubjectKeyId: ski[:], ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return xmlsec.Signer{Certificate: parsed, Key: key}
}

// newOrg makes an organization that the broker does not know yet.
func (w *world) newOrg(d entente.Domain) *org {
	w.t.Helper()
	o := &org{w: w, domain: d, signer: newCertificate(w.t, w.Now(), nil), address: "192.0.2.1:4711"}
	var err error
	if o.signing, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		w.t.Fatal(err)
	}
	if o.encryption, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		w.t.Fatal(err)
	}
	return o
}

func keyOf(t testing.TB, public crypto.PublicKey) brokerapi.Key {
	t.Helper()
	k, err := jose.KeyOf(public)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// join registers an organization and proves its domain.
func (w *world) join(d entente.Domain) *org {
	w.t.Helper()
	o := w.newOrg(d)
	o.register()
	o.prove(d)
	return o
}

func (o *org) newApp() brokerapi.NewApp {
	return brokerapi.NewApp{
		Certificate: o.signer.Certificate.Raw, URI: o.uri(), Contact: "admin@" + string(o.domain),
		Signing: keyOf(o.w.t, o.signing.Public()), Encryption: keyOf(o.w.t, o.encryption.PublicKey()),
	}
}

func (o *org) register() {
	o.w.t.Helper()
	var a brokerapi.AppCreated
	o.must(brokerapi.CreateAppID, o.newApp(), &a)
	o.id, o.adminKey = a.AppID, a.AdminKey
}

// prove reserves a domain, puts the scoped record into DNS and has it checked.
func (o *org) prove(d entente.Domain) {
	o.w.t.Helper()
	var i brokerapi.DomainInfo
	o.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: d}, &i)
	o.w.dns.set(brokerapi.ScopedLabel+string(d), i.Scoped)
	o.must(brokerapi.CheckDomain, brokerapi.DomainName{Domain: d}, &i)
	if i.State != brokerapi.Active {
		o.w.t.Fatalf("%s is %s: %s", d, i.State, i.Problem)
	}
}

// envelope is the next request.
func (o *org) envelope(verb string, body any) *brokerapi.Envelope {
	o.w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		o.w.t.Fatal(err)
	}
	o.sent++
	return &brokerapi.Envelope{
		Verb: verb, Audience: o.w.Issuer, Issued: o.w.Now().Unix(), ID: fmt.Sprintf("%p-%d", o, o.sent), App: o.id, Body: text,
	}
}

func (o *org) signerOf(verb string) brokerapi.Signer {
	if verb == brokerapi.IssueToken {
		return brokerapi.Signer{Key: o.signing}
	}
	return brokerapi.Signer{Key: o.signer.Key, Certificate: o.signer.Certificate}
}

// ask sends a request and returns the problem, if there is one.
func (o *org) ask(verb string, body, into any) *brokerapi.Problem {
	o.w.t.Helper()
	return o.send(verb, o.envelope(verb, body), o.signerOf(verb), into)
}

func (o *org) send(verb string, e *brokerapi.Envelope, by brokerapi.Signer, into any) *brokerapi.Problem {
	o.w.t.Helper()
	jws, err := brokerapi.Sign(e, by)
	if err != nil {
		o.w.t.Fatal(err)
	}
	a := o.w.post(o.address, brokerapi.PathVerbs+verb, string(jws))
	if a.Code == http.StatusOK {
		if into != nil {
			if err := json.Unmarshal(a.Body.Bytes(), into); err != nil {
				o.w.t.Fatalf("%s: %v: %s", verb, err, a.Body)
			}
		}
		return nil
	}
	p := &brokerapi.Problem{}
	if err := json.Unmarshal(a.Body.Bytes(), p); err != nil {
		o.w.t.Fatalf("%s: %d: %s", verb, a.Code, a.Body)
	}
	return p
}

func (o *org) must(verb string, body, into any) {
	o.w.t.Helper()
	if p := o.ask(verb, body, into); p != nil {
		o.w.t.Fatalf("%s: %s: %s", verb, p.Code, p.Text)
	}
}

// refused holds that a request is refused with a code.
func (o *org) refused(verb string, body any, want string) {
	o.w.t.Helper()
	p := o.ask(verb, body, nil)
	if p == nil || p.Code != want || p.Text == "" {
		o.w.t.Errorf("%s: got %+v, want %s", verb, p, want)
	}
}

func (w *world) post(from, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = from
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a
}

func (w *world) get(path string) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, httptest.NewRequest(http.MethodGet, path, nil))
	return a
}

// wants is what an organization asks for about one of its own.
func (o *org) wants(target *org, mails ...entente.SMTPAddress) brokerapi.TokenRequest {
	if len(mails) == 0 {
		mails = []entente.SMTPAddress{entente.SMTPAddress("anna@" + string(o.domain))}
	}
	return brokerapi.TokenRequest{Target: target.uri(), Offer: token.FreeBusy, Immutable: "JBSWY3DP@" + o.uri(), Mails: mails}
}

// opener opens the tokens of an organization with what the metadata say now.
func (o *org) opener() *token.Opener {
	o.w.t.Helper()
	return o.openerOf(o.w.published())
}

func (w *world) published() *brokerapi.Metadata {
	w.t.Helper()
	m, err := brokerapi.ReadMetadata(w.get(brokerapi.PathMetadata).Body.Bytes())
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (o *org) openerOf(m *brokerapi.Metadata) *token.Opener {
	o.w.t.Helper()
	p := &token.Opener{
		Issuer: o.w.Issuer, Audience: o.uri(), Profile: xmlsec.Modern, OpenP256: []token.Agreement{o.encryption},
		Open: []xmlsec.Decrypter{{Certificate: o.signer.Certificate, Key: o.signer.Key.(crypto.Decrypter)}},
	}
	for _, k := range m.Keys {
		c, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			o.w.t.Fatal(err)
		}
		public, err := k.P256.ECDSA()
		if err != nil {
			o.w.t.Fatal(err)
		}
		p.RSA, p.P256 = append(p.RSA, c), append(p.P256, public)
	}
	return p
}

// A nameServer says what TXT records there are: as a resolver, and as the
// authority for every domain, if it is to be found.
type nameServer struct {
	mu     sync.Mutex
	said   map[string][]string
	like   *nameServer // says what that one says, until it is told otherwise
	silent bool        // answers with a failure
	zones  bool        // names itself as everybody's authority
}

func (n *nameServer) set(name string, texts ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.said == nil {
		n.said = map[string][]string{}
	}
	n.said[dns.Fqdn(name)] = texts
}

func (n *nameServer) forget(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.said, dns.Fqdn(name))
}

// hide has it name no authority any more.
func (n *nameServer) hide() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.zones = false
}

func (n *nameServer) authority() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.zones
}

func (n *nameServer) silence(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.silent = yes
}

func (n *nameServer) texts(name string) (all []string, ok, silent bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.silent {
		return nil, false, true
	}
	all, ok = n.said[name]
	if ok {
		return all, len(all) > 0, false
	}
	if i := strings.IndexByte(name, '.'); n.said["*"+name[i:]] != nil {
		return n.said["*"+name[i:]], true, false
	}
	if n.like != nil {
		return n.like.texts(name)
	}
	return nil, false, false
}

// ServeDNS answers one question.
func (n *nameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	name := strings.ToLower(q.Question[0].Name)
	rr := func(format string, args ...any) {
		r, err := dns.NewRR(fmt.Sprintf(format, args...))
		if err != nil {
			panic(err)
		}
		m.Answer = append(m.Answer, r)
	}
	all, ok, silent := n.texts(name)
	zones := n.authority()
	m.Authoritative = zones && !q.RecursionDesired
	switch {
	case silent:
		m.Rcode = dns.RcodeServerFailure
	case q.Question[0].Qtype == dns.TypeTXT && ok:
		for _, s := range all {
			rr("%s 60 IN TXT %q", name, s)
		}
	case q.Question[0].Qtype == dns.TypeNS && zones && dns.CountLabel(name) == 2:
		rr("%s 60 IN NS ns.%s", name, name)
	case q.Question[0].Qtype == dns.TypeA && zones && strings.HasPrefix(name, "ns."):
		rr("%s 60 IN A 127.0.0.1", name)
	case q.Question[0].Qtype == dns.TypeAAAA && strings.HasPrefix(name, "ns."):
	case !ok && strings.HasPrefix(name, "_"):
		m.Rcode = dns.RcodeNameError
	}
	_ = w.WriteMsg(m)
}

func serveDNS(t testing.TB, h dns.Handler) string {
	t.Helper()
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: p, Handler: h}
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() { _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return p.LocalAddr().String()
}
