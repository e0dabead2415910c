package publish

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/outgoing"
)

const password = "a good one"

// An authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// issue signs a certificate for a server with names, or for a client without.
func (a *authority) issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore = serial, time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if len(template.DNSNames) == 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) server(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return a.issue(t, &x509.Certificate{DNSNames: names})
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// A world has an organization, a gateway's authority, and what was recorded.
type world struct {
	t         testing.TB
	public    *authority
	internal  *authority
	directory *directory.Directory
	db        *db.DB
	audit     *audit.Log
	people    map[string]access.Principal
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, public: newAuthority(t, "Public"), internal: newAuthority(t, "Internal"), db: dbtest.SQLite(t), people: map[string]access.Principal{}}
	var err error
	w.directory, err = directory.Open(t.Context(), directory.Config{DB: w.db, Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := w.directory.HashPassword(t.Context(), entente.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	err = w.directory.Update(t.Context(), func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		for _, name := range []string{"anna", "boris", "carla"} {
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(name + "@contoso.example"), Mail: entente.SMTPAddress(name + "@contoso.example")},
				Name:      name, Kind: access.KindUser, Enabled: true, LogonName: name,
			}}
			if err := errors.Join(c.CreateAccount(&a), c.SetPassword(a.SID, hash)); err != nil {
				return err
			}
			w.people[name] = a.Principal
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.Migrate(t.Context(), audit.Schema()); err != nil {
		t.Fatal(err)
	}
	w.audit, err = audit.Open(t.Context(), audit.Config{DB: w.db, Node: "gw", Signer: newSigner(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.audit.Close)
	return w
}

// basic signs people in by password.
func (w *world) basic() authn.Methods {
	return authn.Methods{&authn.Basic{Directory: w.directory, Realm: "contoso", Secure: func(r *http.Request) bool { return r.TLS != nil }}}
}

// inside starts a server of the internal site.
func (w *world) inside(h http.HandlerFunc, http2 bool) *url.URL {
	w.t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.internal.server(w.t, "cas.contoso.example")}}
	s.StartTLS()
	w.t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// config is a gateway's with one listener that asks for passwords, and passes
// them on to a server inside for all below /x/.
func (w *world) config(inside ...*url.URL) Config {
	return Config{
		Listeners: []Listener{{
			Name: "internet", Address: "127.0.0.1:0", Auth: []ClientAuth{WithBasic}, Methods: w.basic(),
			Certificates: []tls.Certificate{w.public.server(w.t, "mail.contoso.example")},
		}},
		Rules: []Rule{{
			Name: "x", Listener: "internet", Names: []string{"mail.contoso.example"}, Paths: []string{"/x/"},
			Site: "cas.contoso.example", Inside: inside, Delegation: DelegateBasic, Roots: w.internal.pool(),
		}},
		Snapshot: w.directory.Snapshot,
		Dialer: outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Published: {
			Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AtOnce: 30_000, PerHost: 30_000,
		}}, nil),
		Audit: w.audit,
	}
}

// A running gateway.
type running struct {
	*Gateway
	bound *Bound
	world *world
	stop  func() error
}

func (w *world) start(c Config) *running {
	w.t.Helper()
	g, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := g.Listen(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, 5*time.Second) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	w.t.Cleanup(func() {
		if err := stop(); err != nil {
			w.t.Error(err)
		}
	})
	return &running{g, b, w, stop}
}

// client returns a client that finds every name at a listener of the gateway.
func (r *running) client(listener string, certificates ...tls.Certificate) *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, r.bound.Addr(listener).String())
		},
		TLSClientConfig:     &tls.Config{RootCAs: r.world.public.pool(), Certificates: certificates},
		MaxIdleConnsPerHost: 100,
	}
	r.world.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// raw opens a TLS connection to a listener.
func (r *running) raw(listener, name string, next ...string) *tls.Conn {
	r.world.t.Helper()
	c, err := tls.Dial("tcp", r.bound.Addr(listener).String(), &tls.Config{RootCAs: r.world.public.pool(), ServerName: name, NextProtos: next})
	if err != nil {
		r.world.t.Fatal(err)
	}
	r.world.t.Cleanup(func() { c.Close() })
	return c
}

// handshake tries to connect under a name.
func (r *running) handshake(name string) (*tls.Conn, error) {
	return tls.Dial("tcp", r.bound.Addr("internet").String(), &tls.Config{InsecureSkipVerify: true, ServerName: name})
}

// annas is what Anna's Authorization says after Basic.
var annas = base64.StdEncoding.EncodeToString([]byte("anna@contoso.example:" + password))

func disable(t testing.TB, w *world, name string) {
	t.Helper()
	a, ok := w.directory.Snapshot().FindSID(w.people[name].SID)
	if !ok {
		t.Fatal(name)
	}
	err := w.directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetAccount(a.SID, func(a *directory.Account) error { a.Enabled = false; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
}

func certificateTemplate(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}}
}

// records returns what is in the audit log.
func (w *world) records() []audit.Record {
	w.t.Helper()
	all, err := w.audit.Search(w.t.Context(), audit.Filter{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// An upstreamFunc answers in the stead of servers inside, where time is not the
// clock's and there are no sockets.
type upstreamFunc func(r *http.Request) (*http.Response, error)

func (f upstreamFunc) RoundTrip(_, _ string, _ bool, r *http.Request) (*http.Response, error) {
	return f(r)
}
func (upstreamFunc) Reach(context.Context, string) error { return nil }
func (upstreamFunc) Close()                              {}

// silent passes a request on to a server that is silent for as long as its path
// says, and returns what the client got.
func silent(t *testing.T, public *authority, path string, http2 bool) (answer string) {
	t.Helper()
	g, err := New(Config{
		Listeners: []Listener{{Name: "l", Auth: []ClientAuth{NoAuth}, Certificates: []tls.Certificate{public.server(t, "mail.contoso.example")}}},
		Rules: []Rule{{
			Name: "r", Listener: "l", Names: []string{"mail.contoso.example"}, Paths: []string{"/x/"}, Delegation: PassThrough,
			Inside: []*url.URL{{Scheme: "https", Host: "cas.contoso.example"}},
		}},
		Snapshot: func() *access.Snapshot { return nil },
		Dialer:   outgoing.New(nil, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	wait := func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.rules[0].upstream = upstreamFunc(func(r *http.Request) (*http.Response, error) {
		in, out := io.Pipe()
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: in, ContentLength: -1}
		switch r.URL.Path {
		case "/x/drip":
			go func() {
				for range 6 {
					_ = wait(r.Context(), 29*time.Minute)
					_, _ = io.WriteString(out, ".")
				}
				out.Close()
			}()
		case "/x/stall":
			go func() {
				_, _ = io.WriteString(out, "begun")
				out.CloseWithError(wait(r.Context(), time.Hour))
			}()
		case "/x/late end":
			go func() {
				_, _ = io.WriteString(out, "news")
				_ = wait(r.Context(), 5*time.Minute)
				out.Close()
			}()
		default:
			d, err := time.ParseDuration(r.URL.Path[len("/x/"):])
			if err != nil {
				return nil, err
			}
			if err := wait(r.Context(), d); err != nil {
				return nil, err
			}
			go func() { _, _ = io.WriteString(out, "news"); out.Close() }()
		}
		return resp, nil
	})
	c := g.listeners[0].over(t, http2)
	resp, err := c.Get("http://mail.contoso.example" + path)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "cut"
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

// over returns a client of a listener over a connection without sockets and TLS,
// which is as if there were some.
func (l *listener) over(t *testing.T, http2 bool) *http.Client {
	in, out := net.Pipe()
	hs, p := l.server(), new(http.Protocols)
	p.SetHTTP1(!http2)
	p.SetUnencryptedHTTP2(http2)
	hs.Protocols = p
	hs.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{ServerName: "mail.contoso.example"}
		l.ServeHTTP(w, r)
	})
	one := &oneListener{conn: out, done: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(one) }()
	c := &http.Transport{Protocols: p, DialContext: func(context.Context, string, string) (net.Conn, error) { return in, nil }}
	t.Cleanup(func() {
		c.CloseIdleConnections()
		_ = hs.Close()
		<-served
	})
	return &http.Client{Transport: c}
}

// A oneListener has one connection.
type oneListener struct {
	conn net.Conn
	done chan struct{}
	once sync.Once
}

func (l *oneListener) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

// judge says whose certificates of authorities are.
func (w *world) judge(of ...*authority) *clientcert.Judge {
	w.t.Helper()
	var all []clientcert.Authority
	for _, a := range of {
		all = append(all, clientcert.Authority{
			Name: a.cert.Subject.CommonName, Certificates: []*x509.Certificate{a.cert}, Revocation: clientcert.Revocation{None: true},
		})
	}
	j, err := clientcert.New(clientcert.Config{Authorities: all, Snapshot: w.directory.Snapshot})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// certificates signs people in by certificate.
func (w *world) certificates(of ...*authority) authn.Methods {
	return authn.Methods{&authn.Certificate{Judge: w.judge(of...), Snapshot: w.directory.Snapshot}}
}

// sidExtension is what Active Directory's authority writes into a certificate of
// an account, [MS-WCCE] 2.2.2.7.7.4.
func sidExtension(t testing.TB, sid entente.SID) pkix.Extension {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2, 1})
			b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte(sid)) })
		})
	})
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}, Value: b.BytesOrPanic()}
}

// card is a certificate of somebody's, by his SID.
func (w *world) card(a *authority, name string) tls.Certificate {
	w.t.Helper()
	t := certificateTemplate(name)
	t.ExtraExtensions = []pkix.Extension{sidExtension(w.t, w.people[name].SID)}
	return a.issue(w.t, t)
}
