// Package outgoing is the only room that dials. It checks the address a name
// resolved to at the moment of the connection, and bounds time, number and
// size, so that nobody outside can have this server visit what only it can
// reach.
//
// It is not a client of anything: those who ask for a connection say what it
// is for, and the rule of that Purpose decides.
package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Purpose says what a connection is for.
type Purpose string

// The purposes of the house.
const (
	Database     Purpose = "database"     // PostgreSQL
	LDAP         Purpose = "ldap"         // the directory of an organization
	KDC          Purpose = "kdc"          // Kerberos
	SmartHost    Purpose = "smarthost"    // mail that leaves
	Autodiscover Purpose = "autodiscover" // where a partner's server is
	Partner      Purpose = "partner"      // asking it
	Broker       Purpose = "broker"       // the trust broker
	Push         Purpose = "push"         // notifications to listed listeners
	Revocation   Purpose = "revocation"   // CRLs and OCSP
	ACME         Purpose = "acme"         // server certificates
	Node         Purpose = "node"         // other nodes of this organization
	Published    Purpose = "published"    // servers inside that the gateway publishes
	Lookup       Purpose = "dns"          // name servers: a DNS has a rule of its own for them
)

// Defaults of a Rule, and how long a connection may take to open.
const (
	ConnectTime  = 5 * time.Second
	defaultTotal = 15 * time.Second
	defaultBody  = 1 << 20
	defaultOnce  = 64
	defaultHost  = 4
	defaultIdle  = 1
	defaultKept  = 10 * time.Second
	maxAddresses = 8
	maxHeader    = 64 << 10
)

// A Rule is what connections of one purpose may do. The zero Rule reaches any
// host at a public address, over TLS where it is HTTP.
type Rule struct {
	// Allow lists networks that may be reached although they are not public.
	// Special forms are listed in that form: ::ffff:10.0.0.0/104 is not 10/8.
	Allow []netip.Prefix

	// Hosts, when not empty, are the only names to be reached: "mail.example",
	// or ".example" for all below it.
	Hosts []string

	// Sockets are the directories whose Unix sockets may be reached.
	Sockets []string

	// PlainHTTP also allows http URLs.
	PlainHTTP bool

	// TLS, when not nil, is copied for HTTP clients: roots, client certificates.
	TLS *tls.Config

	// Proxy, when not nil, connects to HTTP servers in this one's stead.
	Proxy *Proxy

	Total   time.Duration // of an HTTP exchange with its body; default 15 s
	Body    int64         // bytes of an HTTP answer once unpacked; default 1 MiB
	AtOnce  int           // connections of this purpose; default 64
	PerHost int           // connections to one host; default 4
	// Idle is how many connections to one host are kept for the next request, and
	// IdleTime for how long; each holds its place in the budget. Default 1, 10 s.
	Idle     int
	IdleTime time.Duration
}

// A Resolver finds addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// ErrRefused is in every error that says a connection is not allowed.
var ErrRefused = errors.New("connection refused by rule")

// ErrTooLarge is what reading an answer beyond its rule's Body gives.
var ErrTooLarge = errors.New("answer too large")

// A Dialer opens connections to the world outside this process. It is safe for
// concurrent use.
type Dialer struct {
	resolver Resolver
	purposes map[Purpose]*purpose
}

type purpose struct {
	name   Purpose
	rule   Rule
	budget budget
	client *http.Client
}

// New makes a Dialer. A purpose that has no rule reaches nothing. A nil
// resolver is the system's.
func New(rules map[Purpose]Rule, r Resolver) *Dialer {
	if r == nil {
		r = &net.Resolver{}
	}
	d := &Dialer{resolver: r, purposes: map[Purpose]*purpose{}}
	for name, rule := range rules {
		p := &purpose{name: name, rule: rule.withDefaults()}
		p.budget = newBudget(p.rule.AtOnce, p.rule.PerHost)
		p.client = newClient(d, p)
		d.purposes[name] = p
	}
	return d
}

func (r Rule) withDefaults() Rule {
	if r.Total <= 0 {
		r.Total = defaultTotal
	}
	if r.Body <= 0 {
		r.Body = defaultBody
	}
	if r.AtOnce <= 0 {
		r.AtOnce = defaultOnce
	}
	if r.PerHost <= 0 {
		r.PerHost = defaultHost
	}
	if r.Proxy != nil {
		r.PerHost = r.AtOnce // they all go to the proxy
	}
	if r.Idle <= 0 {
		r.Idle = defaultIdle
	}
	if r.IdleTime <= 0 {
		r.IdleTime = defaultKept
	}
	return r
}

// Dial connects for a purpose, or says why it may not. network is tcp, udp
// (their 4 and 6 forms too) or unix; address is as net.Dial takes it. The name
// is resolved once, and what it resolved to is what is checked and dialed.
//
// When the purpose has as many connections as it may, Dial waits until one is
// closed, for no longer than connecting may take.
func (d *Dialer) Dial(ctx context.Context, name Purpose, network, address string) (net.Conn, error) {
	p := d.purposes[name]
	if p == nil {
		return nil, fmt.Errorf("%w: nothing is set for %q", ErrRefused, name)
	}
	ctx, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	if network == "unix" {
		return p.dialSocket(ctx, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !p.mayReach(host) {
		return nil, fmt.Errorf("%w: %s is not a host for %s", ErrRefused, host, name)
	}
	addrs, err := d.lookup(ctx, network, host)
	if err != nil {
		return nil, err
	}
	if addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return !p.allows(a) }); len(addrs) == 0 {
		return nil, fmt.Errorf("%w: %s has no address that %s may reach", ErrRefused, host, name)
	}
	release, err := p.budget.take(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("too many connections for %s to %s: %w", name, host, err)
	}
	c, err := connect(ctx, network, addrs, port, p.control)
	if err != nil {
		release()
		return nil, err
	}
	return counted(c, release), nil
}

// DialFunc is Dial for one purpose, in the form that libraries ask for.
func (d *Dialer) DialFunc(name Purpose) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return d.Dial(ctx, name, network, address)
	}
}

func (p *purpose) dialSocket(ctx context.Context, path string) (net.Conn, error) {
	if !slices.Contains(p.rule.Sockets, filepath.Dir(path)) {
		return nil, fmt.Errorf("%w: no socket in %s for %s", ErrRefused, filepath.Dir(path), p.name)
	}
	release, err := p.budget.take(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("too many connections for %s to %s: %w", p.name, path, err)
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		release()
		return nil, err
	}
	return counted(c, release), nil
}

// lookup returns the addresses of a name, or the address that host is.
func (d *Dialer) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	family := "ip"
	switch network {
	case "tcp", "udp":
	case "tcp4", "udp4":
		family = "ip4"
	case "tcp6", "udp6":
		family = "ip6"
	default:
		return nil, fmt.Errorf("%w: network %q", ErrRefused, network)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	// Some resolvers take 127.1 or 0x7f000001 for addresses; no name ends so.
	if last := host[strings.LastIndexByte(host, '.')+1:]; last == "" || last[0] >= '0' && last[0] <= '9' {
		return nil, fmt.Errorf("%w: %q is no host name", ErrRefused, host)
	}
	addrs, err := d.resolver.LookupNetIP(ctx, family, host)
	if err != nil {
		return nil, err
	}
	return slices.Clone(addrs[:min(len(addrs), maxAddresses)]), nil
}

// connect tries the addresses in their order, giving each its share of time.
func connect(ctx context.Context, network string, addrs []netip.Addr, port string, control controlFunc) (net.Conn, error) {
	var first error
	for i, a := range addrs {
		deadline, _ := ctx.Deadline()
		share := time.Until(deadline) / time.Duration(len(addrs)-i)
		dialer := net.Dialer{Timeout: share, ControlContext: control}
		c, err := dialer.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

type controlFunc func(ctx context.Context, network, address string, c syscall.RawConn) error

// control looks at the address the socket is about to connect to: whatever
// happened before, this is the one.
func (p *purpose) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !p.allows(a.Addr()) {
		return fmt.Errorf("%w: %s", ErrRefused, address)
	}
	return nil
}

func (p *purpose) mayReach(host string) bool {
	if len(p.rule.Hosts) == 0 {
		return true
	}
	return slices.ContainsFunc(p.rule.Hosts, func(h string) bool {
		h = strings.ToLower(h)
		return host == h || h != "" && h[0] == '.' && strings.HasSuffix(host, h)
	})
}

func (p *purpose) allows(a netip.Addr) bool {
	if public(a) {
		return true
	}
	return slices.ContainsFunc(p.rule.Allow, func(n netip.Prefix) bool { return n.Contains(a) })
}
