// Package brokertest runs a trust broker, as it is, with the DNS it looks into,
// for tests of those who deal with one.
package brokertest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"entente/audit"
	"entente/broker"
	"entente/db/dbtest"
	"entente/keys"
	"entente/outgoing"
)

// A Broker is one on loopback. Its certificate is of a CA that Client trusts.
type Broker struct {
	*broker.Broker
	URL    string
	Client *http.Client
	Zone   *Zone
	Down   atomic.Bool // it answers nothing that could be understood
	Asked  atomic.Int64
}

// A Zone is a name server that is the authority for everything, and knows TXT
// records.
type Zone struct {
	mu  sync.Mutex
	txt map[string][]string
}

// Set puts TXT records at a name, in the place of those that were there.
func (z *Zone) Set(name string, texts ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.txt[dns.Fqdn(name)] = texts
}

// ServeDNS answers a question.
func (z *Zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = true
	if q.Question[0].Qtype == dns.TypeTXT {
		for _, text := range z.txt[strings.ToLower(q.Question[0].Name)] {
			m.Answer = append(m.Answer, &dns.TXT{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}, Txt: []string{text},
			})
		}
	}
	_ = w.WriteMsg(m) // who asked has gone
}

// Open starts a broker that goes by a clock, and runs nothing by itself: Tick
// does what is due.
func Open(t *testing.T, now func() time.Time) *Broker {
	t.Helper()
	b := &Broker{Zone: &Zone{txt: map[string][]string{}}}
	server := httptest.NewUnstartedServer(b)
	server.StartTLS()
	t.Cleanup(server.Close)
	b.URL, b.Client = server.URL, server.Client()

	d := dbtest.SQLite(t)
	m, err := keys.Schema()
	must(t, err)
	must(t, d.Migrate(t.Context(), m))
	must(t, d.Migrate(t.Context(), audit.Schema()))
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	log, err := audit.Open(t.Context(), audit.Config{DB: d, Node: "broker", Signer: signer, Now: time.Now})
	must(t, err)
	t.Cleanup(log.Close)
	f, err := keys.OpenFiles(filepath.Join(t.TempDir(), "keys"))
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	resolver, err := outgoing.NewDNS(outgoing.DNSConfig{Servers: []string{serve(t, b.Zone)}})
	must(t, err)
	b.Broker, err = broker.Open(t.Context(), broker.Config{
		DB: d, Audit: log, Issuer: "urn:federation:broker.example", URL: server.URL, DNS: resolver, OneResolver: true, NoAuthority: true,
		Ring: keys.New(keys.Config{DB: d, Organization: "broker", Files: f, Now: now}), Now: now,
		Told:   func(context.Context, broker.Notice) {},
		Limits: broker.Limits{Requests: 1e6, Tokens: 1e6, Source: 1e6, NewApps: 100},
	})
	must(t, err)
	return b
}

func (b *Broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.Asked.Add(1)
	h, ok := b.Routes()[r.URL.Path]
	if b.Down.Load() || !ok {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	h.ServeHTTP(w, r)
}

// serve starts a name server on a port that UDP and TCP both have.
func serve(t *testing.T, h dns.Handler) string {
	t.Helper()
	for range 20 {
		p, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		l, err := net.Listen("tcp", p.LocalAddr().String())
		if err != nil {
			_ = p.Close()
			continue
		}
		for _, s := range []*dns.Server{{PacketConn: p, Handler: h}, {Listener: l, Handler: h}} {
			started := make(chan struct{})
			s.NotifyStartedFunc = func() { close(started) }
			go func() { _ = s.ActivateAndServe() }()
			<-started
			t.Cleanup(func() { _ = s.Shutdown() })
		}
		return p.LocalAddr().String()
	}
	t.Fatal("no port is free for both")
	return ""
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
