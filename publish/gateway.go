package publish

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/access"
	"entente/connections"
	"entente/outgoing"
	"entente/route"
)

// A Gateway publishes. Make it with New, and have Run run beside it.
type Gateway struct {
	Config
	listeners  []*listener
	rules      []*rule
	strangers  connections.Strangers
	present    present
	unknown    unknown
	records    *records
	complaints complaints
	buffers    sync.Pool
	quiet      *log.Logger // for what strangers do to net/http
	running    sync.WaitGroup
}

// A listener is a Listener at work.
type listener struct {
	Listener
	gateway *Gateway
	face    atomic.Pointer[face]
	paths   map[string]*route.Table[target] // by public name
}

// An upstream asks servers inside: *outgoing.Upstream.
type upstream interface {
	RoundTrip(pool, address string, upgrade bool, r *http.Request) (*http.Response, error)
	Reach(ctx context.Context, address string) error
	Close()
}

// A rule is a Rule at work.
type rule struct {
	Rule
	site     string // as hostName has it
	host     string // of the Host field
	service  entente.SPN
	servers  []*server
	upstream upstream
	requests atomic.Int64
	refusals atomic.Int64
}

func (r *rule) count(reason entente.Reason) {
	r.requests.Add(1)
	if reason != "" {
		r.refusals.Add(1)
	}
}

// Defaults.
const (
	defaultPerUser = 100
	defaultBody    = 36 << 20
	defaultHeader  = 10 * time.Second
	defaultWrite   = 30 * time.Second
	defaultPoll    = 30 * time.Minute
	defaultMaxAge  = 5 * time.Minute
)

// New checks a configuration and makes its gateway. Nothing listens yet.
func New(c Config) (*Gateway, error) {
	if err := Check(c.Listeners, c.Rules); err != nil {
		return nil, err
	}
	c.defaults()
	g := &Gateway{
		Config: c, records: newRecords(), strangers: connections.Strangers{Limit: c.Limits.Strangers},
		present: present{all: map[*Passage]context.CancelCauseFunc{}, user: map[entente.SID]int{}},
		quiet:   slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	for i := range c.Rules {
		g.rules = append(g.rules, g.newRule(&c.Rules[i]))
	}
	var errs []error
	for i := range c.Listeners {
		l, err := g.newListener(&c.Listeners[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", c.Listeners[i].Name, err))
		}
		g.listeners = append(g.listeners, l)
	}
	return g, errors.Join(errs...)
}

func (c *Config) defaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxAge <= 0 {
		c.MaxAge = defaultMaxAge
	}
	if c.Limits.PerUser <= 0 {
		c.Limits.PerUser = defaultPerUser
	}
	if c.Limits.Body <= 0 {
		c.Limits.Body = defaultBody
	}
	if c.Limits.Header <= 0 {
		c.Limits.Header = defaultHeader
	}
	if c.Limits.Write <= 0 {
		c.Limits.Write = defaultWrite
	}
}

func (g *Gateway) newRule(c *Rule) *rule {
	r := &rule{Rule: *c, site: hostName(c.site()), host: c.site(), service: c.ServiceOf()}
	if r.Poll <= 0 {
		r.Poll = defaultPoll
	}
	if port := c.Inside[0].Port(); c.Site == "" && port != "" && port != "443" {
		r.host = net.JoinHostPort(r.host, port)
	}
	for _, u := range c.Inside {
		r.servers = append(r.servers, newServer(u))
	}
	u := outgoing.UpstreamConfig{Site: c.Site, HTTP2: true}
	if c.Roots != nil {
		u.TLS = &tls.Config{RootCAs: c.Roots}
	}
	if c.Shared {
		u.PerPool = sharedPool
	}
	r.upstream = g.Dialer.Upstream(outgoing.Published, u)
	return r
}

// opens reports whether a rule of the listener publishes paths at which nobody
// signs in.
func (l *listener) opens() bool {
	for _, r := range l.gateway.rules {
		if r.Listener == l.Name && r.opens() {
			return true
		}
	}
	return false
}

// sharedPool is how many connections are kept where all users share them.
const sharedPool = 256

func (g *Gateway) newListener(c *Listener) (*listener, error) {
	l := &listener{Listener: *c, gateway: g, paths: map[string]*route.Table[target]{}}
	if slices.Contains(l.Auth, NoAuth) || l.Methods == nil {
		l.Methods = nobody{}
	}
	for _, r := range g.rules {
		if r.Listener != c.Name {
			continue
		}
		for _, n := range r.Names {
			n = hostName(n)
			if l.paths[n] == nil {
				l.paths[n] = new(route.Table[target])
			}
			for _, p := range r.published() {
				l.paths[n].Add(p.path, target{r, p.open})
			}
		}
	}
	return l, l.show(c.Certificates)
}

// show has a listener show certificates from now on, if there is one for each of
// its names.
func (l *listener) show(certificates []tls.Certificate) error {
	f, err := newFace(certificates, slices.Sorted(maps.Keys(l.paths)))
	if err == nil {
		l.face.Store(f)
	}
	return err
}

// Renew has a listener show other certificates: those on disk are newer.
func (g *Gateway) Renew(name string, certificates []tls.Certificate) error {
	for _, l := range g.listeners {
		if l.Name == name {
			return l.show(certificates)
		}
	}
	return entente.Errorf(entente.NotFound, "there is no listener %s", name)
}

// nobody is the method of a listener that asks for nothing.
type nobody struct{}

// Authenticate implements Methods.
func (nobody) Authenticate(*http.Request, http.Header) (*access.Caller, error) { return nil, nil }

// Challenge implements Methods.
func (nobody) Challenge(http.Header) {}

// A Bound gateway has its sockets.
type Bound struct {
	gateway *Gateway
	raw     []net.Listener
	http    []*http.Server
}

// Listen opens all sockets. Serve must follow, or Close.
func (g *Gateway) Listen(ctx context.Context) (*Bound, error) {
	b := &Bound{gateway: g}
	var lc net.ListenConfig
	for _, l := range g.listeners {
		n, err := lc.Listen(ctx, "tcp", l.Address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listener %s: %w", l.Name, err), b.Close())
		}
		b.raw = append(b.raw, n)
	}
	return b, nil
}

// Addr returns where a listener listens; nil if there is none of that name.
func (b *Bound) Addr(name string) net.Addr {
	for i, l := range b.gateway.listeners {
		if l.Name == name {
			return b.raw[i].Addr()
		}
	}
	return nil
}

// Close closes the sockets of a gateway that does not serve.
func (b *Bound) Close() error {
	var errs []error
	for _, n := range b.raw {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}

// Serve answers until ctx ends, and then lets the requests under way end for as
// long as grace. Who waits for news would wait longer, and is hung up on.
func (b *Bound) Serve(ctx context.Context, grace time.Duration) error {
	failed := make(chan error, len(b.raw))
	background, stop := context.WithCancel(ctx)
	defer stop()
	b.gateway.running.Go(func() { b.gateway.run(background) })
	for i, l := range b.gateway.listeners {
		hs := l.server()
		b.http = append(b.http, hs)
		n := tls.NewListener(b.gateway.strangers.Listen(b.raw[i]), l.tlsConfig())
		b.gateway.Log.Info("publishing", "listener", l.Name, "address", b.raw[i].Addr().String())
		go func() {
			if err := hs.Serve(n); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop()
	return errors.Join(err, b.shutdown(grace))
}

func (b *Bound) shutdown(grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	b.gateway.present.end(b.gateway.Now())
	errs := make([]error, len(b.http))
	var all sync.WaitGroup
	for i, hs := range b.http { // none takes anything new while another one ends
		all.Go(func() {
			if hs.Shutdown(ctx) != nil {
				errs[i] = hs.Close()
			}
		})
	}
	all.Wait()
	b.gateway.present.end(b.gateway.Now().Add(time.Hour)) // tunnels, of which net/http knows nothing
	b.gateway.running.Wait()
	for _, r := range b.gateway.rules {
		r.upstream.Close()
	}
	return errors.Join(errs...)
}

// How often what is done beside requests is done.
const (
	reviewEvery = 5 * time.Second
	flushEvery  = time.Minute
)

// run does what is done beside requests, until ctx ends.
func (g *Gateway) run(ctx context.Context) {
	for _, r := range g.rules {
		g.running.Go(func() { g.watch(ctx, r) })
	}
	for _, l := range g.listeners {
		if l.Judge != nil {
			g.running.Go(func() { l.Judge.Run(ctx) })
		}
	}
	review, flush := time.NewTicker(reviewEvery), time.NewTicker(flushEvery)
	defer review.Stop()
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			g.flush()
			return
		case <-review.C:
			g.review(ctx)
		case <-flush.C:
			g.flush()
		}
	}
}

// connKey is the context key of a connection's number.
type connKey struct{}

// connContext numbers connections: those whose users are not known here have
// pools of their own to the inside.
func (g *Gateway) connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(connections.Context(ctx, c), connKey{}, newID())
}

func connID(r *http.Request) string {
	id, _ := r.Context().Value(connKey{}).(string)
	return id
}
