package outgoing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// What DNS may tell, beside an answer. Each stands in a *net.DNSError, so that a
// DNS is as good as a *net.Resolver to who knows that one. No answer at all, a
// time-out, is none of these: it says nothing about the name.
var (
	ErrNoName      = errors.New("there is no such name")        // NXDOMAIN, RFC 8020
	ErrNoData      = errors.New("the name has no such records") // RFC 2308 2.2
	ErrServFail    = errors.New("the name server did not say")  // SERVFAIL, REFUSED and what else is no answer
	ErrAliases     = errors.New("too many aliases, or they go round in a circle")
	ErrNoAuthority = errors.New("no authoritative server could be asked")
)

// Limits of questions.
const (
	dnsTime    = 5 * time.Second // for an answer, by whichever server
	dnsTry     = 2 * time.Second // for one server
	dnsAliases = 3               // CNAMEs
	dnsSize    = 4 << 10         // octets of an answer
	dnsUDPSize = 1232            // octets of one by UDP: no fragments, which others could replace
	dnsPort    = "53"
	resolvConf = "/etc/resolv.conf"
	maxServers = 8 // of each kind
	strayLimit = 64
)

// DNSConfig says whom a DNS asks.
type DNSConfig struct {
	// Servers are the resolvers: addresses, with or without a port. If there are
	// none they are those of /etc/resolv.conf.
	Servers []string
	// Port is where authoritative servers are asked; 0 is 53.
	Port uint16
	// Allow lists networks in which authoritative servers may be asked although
	// they are not public. Servers need not be listed.
	Allow []netip.Prefix
}

// A DNS asks name servers: by UDP and, when an answer was cut short, by TCP. It
// is a Resolver, keeps nothing, and is safe for concurrent use. It reads no
// hosts file.
type DNS struct {
	dialer    *Dialer
	servers   []string // host:port
	port      string
	recursive bool
}

// NewDNS makes a DNS.
func NewDNS(c DNSConfig) (*DNS, error) {
	d := &DNS{port: dnsPort, recursive: true}
	if c.Port != 0 {
		d.port = strconv.Itoa(int(c.Port))
	}
	given := c.Servers
	if len(given) == 0 {
		system, err := dns.ClientConfigFromFile(resolvConf)
		if err != nil {
			return nil, fmt.Errorf("name servers: %w", err)
		}
		for _, s := range system.Servers {
			given = append(given, net.JoinHostPort(s, system.Port))
		}
	}
	if len(given) == 0 || len(given) > maxServers {
		return nil, fmt.Errorf("name servers: there are %d, it takes one to %d", len(given), maxServers)
	}
	rule := Rule{Allow: slices.Clone(c.Allow), AtOnce: 256, PerHost: 64}
	for _, s := range given {
		a, err := serverAddress(s)
		if err != nil {
			return nil, err
		}
		d.servers = append(d.servers, a.String())
		rule.Allow = append(rule.Allow, netip.PrefixFrom(a.Addr(), a.Addr().BitLen()))
	}
	d.dialer = New(map[Purpose]Rule{Lookup: rule}, nil)
	return d, nil
}

func serverAddress(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a.WithZone(""), 53), nil
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("name server %q: it is an address, or address:port", s)
	}
	return netip.AddrPortFrom(a.Addr().WithZone(""), a.Port()), nil
}

// Each returns, for every server, a DNS that asks that one alone.
func (d *DNS) Each() []*DNS {
	var all []*DNS
	for _, s := range d.servers {
		one := *d
		one.servers = []string{s}
		all = append(all, &one)
	}
	return all
}

// An Answer is what was asked for.
type Answer struct {
	Name    string // of the records, when aliases have been followed; in lower case, with a final dot
	Records []dns.RR
}

// Ask asks for records of one type. Aliases are followed.
func (d *DNS) Ask(ctx context.Context, name string, kind uint16) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	a, err := d.follow(ctx, name, func(at string) (*dns.Msg, error) { return d.exchange(ctx, at, kind) }, kind)
	return a, told(name, err)
}

// follow asks for a name and for what it is an alias of.
func (d *DNS) follow(ctx context.Context, name string, ask func(string) (*dns.Msg, error), kind uint16) (*Answer, error) {
	at := strings.ToLower(dns.Fqdn(name))
	for aliases := 0; ; {
		m, err := ask(at)
		if err != nil {
			return nil, err
		}
		asked := at
		for aliases <= dnsAliases {
			next := alias(m.Answer, at)
			if next == "" || kind == dns.TypeCNAME {
				break
			}
			at = next
			aliases++
		}
		if aliases > dnsAliases {
			return nil, ErrAliases
		}
		if a := (&Answer{at, recordsOf(m.Answer, at, kind)}); len(a.Records) > 0 {
			return a, nil
		}
		switch {
		case m.Rcode == dns.RcodeNameError: // of the last name, RFC 6604 3
			return nil, ErrNoName
		case at == asked:
			return nil, ErrNoData
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func alias(answer []dns.RR, name string) string {
	for _, rr := range answer {
		if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, name) {
			return strings.ToLower(c.Target)
		}
	}
	return ""
}

func recordsOf(answer []dns.RR, name string, kind uint16) (all []dns.RR) {
	for _, rr := range answer {
		if h := rr.Header(); h.Rrtype == kind && h.Class == dns.ClassINET && strings.EqualFold(h.Name, name) {
			all = append(all, rr)
		}
	}
	return all
}

// told makes the error in which who knows net.Resolver finds himself.
func told(name string, err error) error {
	if err == nil {
		return nil
	}
	var e *net.DNSError
	if errors.As(err, &e) {
		return err
	}
	var n net.Error
	slow := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
	return &net.DNSError{
		UnwrapErr: err, Err: err.Error(), Name: strings.TrimSuffix(name, "."),
		IsTimeout: slow, IsTemporary: slow || errors.Is(err, ErrServFail),
		IsNotFound: errors.Is(err, ErrNoName) || errors.Is(err, ErrNoData),
	}
}

// TXT returns the texts of a name, each put together from its strings
// (RFC 1035 3.3.14, as RFC 7208 3.3 reads it).
func (d *DNS) TXT(ctx context.Context, name string) ([]string, error) {
	a, err := d.Ask(ctx, name, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	return a.Texts(), nil
}

// Texts returns what the TXT records of an answer say.
func (a *Answer) Texts() (all []string) {
	for _, rr := range a.Records {
		if t, ok := rr.(*dns.TXT); ok {
			all = append(all, strings.Join(t.Txt, ""))
		}
	}
	return all
}

// SRV returns where a service is (RFC 2782), in the order in which to try them.
func (d *DNS) SRV(ctx context.Context, name string) ([]net.SRV, error) {
	a, err := d.Ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	var all []net.SRV
	for _, rr := range a.Records {
		if s, ok := rr.(*dns.SRV); ok {
			all = append(all, net.SRV{Target: strings.ToLower(s.Target), Port: s.Port, Priority: s.Priority, Weight: s.Weight})
		}
	}
	slices.SortStableFunc(all, func(a, b net.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight))
	})
	return all, nil
}

// NS returns the name servers of a zone.
func (d *DNS) NS(ctx context.Context, zone string) ([]string, error) {
	a, err := d.Ask(ctx, zone, dns.TypeNS)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, rr := range a.Records {
		if n, ok := rr.(*dns.NS); ok {
			all = append(all, strings.ToLower(n.Ns))
		}
	}
	return all, nil
}

// LookupNetIP makes a DNS a Resolver. network is ip, ip4 or ip6.
func (d *DNS) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 6.3
		return loopback(network), nil
	}
	kinds := map[string][]uint16{"ip": {dns.TypeA, dns.TypeAAAA}, "ip4": {dns.TypeA}, "ip6": {dns.TypeAAAA}}[network]
	if kinds == nil {
		return nil, told(host, fmt.Errorf("network %q", network))
	}
	type part struct {
		addresses []netip.Addr
		err       error
	}
	parts := make(chan part, len(kinds))
	for _, kind := range kinds {
		go func() {
			a, err := d.Ask(ctx, host, kind)
			if err != nil {
				parts <- part{err: err}
				return
			}
			parts <- part{addresses: a.addresses()}
		}()
	}
	var all []netip.Addr
	var failed error
	for range kinds {
		p := <-parts
		all = append(all, p.addresses...)
		// That it is not known whether there are some says more than that there are none.
		if p.err != nil && (failed == nil || !errors.Is(p.err, ErrNoData)) {
			failed = p.err
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, failed
}

func loopback(network string) (all []netip.Addr) {
	if network != "ip6" {
		all = append(all, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	if network != "ip4" {
		all = append(all, netip.IPv6Loopback())
	}
	return all
}

func (a *Answer) addresses() (all []netip.Addr) {
	for _, rr := range a.Records {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A.To4()
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok {
			all = append(all, addr)
		}
	}
	return all
}
