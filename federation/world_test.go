package federation

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

	"entente"
	"entente/audit"
	"entente/broker"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/keys"
	"entente/outgoing"
)

// A world is a broker, as it is, and the DNS it looks into, for organizations
// that go by the same clock.
type world struct {
	t      *testing.T
	clock  *clock
	zone   *zone
	server *httptest.Server
	broker *broker.Broker

	down  atomic.Bool // the broker answers nothing
	calls atomic.Int64
}

// A zone is a name server that is the authority for everything.
type zone struct {
	mu  sync.Mutex
	txt map[string][]string
}

func (z *zone) set(name string, texts ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.txt[dns.Fqdn(name)] = texts
}

func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
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

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), zone: &zone{txt: map[string][]string{}}}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		h, ok := w.broker.Routes()[r.URL.Path]
		if w.down.Load() || !ok {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		h.ServeHTTP(rw, r)
	}))
	w.server.StartTLS()
	t.Cleanup(w.server.Close)

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
	resolver, err := outgoing.NewDNS(outgoing.DNSConfig{Servers: []string{w.serveDNS()}})
	must(t, err)
	w.broker, err = broker.Open(t.Context(), broker.Config{
		DB: d, Audit: log, Issuer: "urn:federation:broker.example", URL: w.server.URL, DNS: resolver, OneResolver: true, NoAuthority: true,
		Ring: keys.New(keys.Config{DB: d, Organization: "broker", Files: f, Now: w.clock.Now}), Now: w.clock.Now,
		Told:   func(context.Context, broker.Notice) {},
		Limits: broker.Limits{Requests: 1e6, Tokens: 1e6, Source: 1e6, NewApps: 100},
	})
	must(t, err)
	return w
}

// serveDNS starts the name server on a port that UDP and TCP both have.
func (w *world) serveDNS() string {
	for range 20 {
		p, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(w.t, err)
		l, err := net.Listen("tcp", p.LocalAddr().String())
		if err != nil {
			_ = p.Close()
			continue
		}
		for _, s := range []*dns.Server{{PacketConn: p, Handler: w.zone}, {Listener: l, Handler: w.zone}} {
			started := make(chan struct{})
			s.NotifyStartedFunc = func() { close(started) }
			go func() { _ = s.ActivateAndServe() }()
			<-started
			w.t.Cleanup(func() { _ = s.Shutdown() })
		}
		return p.LocalAddr().String()
	}
	w.t.Fatal("no port is free for both")
	return ""
}

// org makes an organization that does not federate yet.
func (w *world) org() *org {
	return newOrgAt(w.t, dbtest.SQLite(w.t), w.clock, w.server.Client())
}

// joined makes one with a trust, a namespace and domains; the first names it.
func (w *world) joined(domains ...entente.Domain) *org {
	w.t.Helper()
	o := w.org()
	ctx := w.t.Context()
	_, err := o.CreateTrust(ctx, NewTrust{Name: "broker", Broker: w.server.URL, Domain: domains[0], Contact: "admin@" + entente.SMTPAddress(domains[0])})
	must(w.t, err)
	for i, d := range domains {
		add := func() (brokerapi.DomainInfo, error) { return o.AddDomain(ctx, d) }
		if i == 0 {
			add = func() (brokerapi.DomainInfo, error) { return o.SetNamespace(ctx, string(d)) }
		}
		info, err := add()
		must(w.t, err)
		if info.State != brokerapi.Pending {
			w.t.Fatalf("%s is %s without a proof", d, info.State)
		}
		w.zone.set(brokerapi.ScopedLabel+string(d), info.Scoped)
		info, err = o.CheckDomain(ctx, d)
		must(w.t, err)
		if info.State != brokerapi.Active {
			w.t.Fatalf("%s is %s with its proof: %s", d, info.State, info.Problem)
		}
	}
	return o
}
