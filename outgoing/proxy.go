package outgoing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// A Proxy is an HTTP proxy that connects for us (CONNECT, RFC 9110 9.3.6). What
// it is asked to connect to is TLS between us and the other side: it sees names
// and no content. It prints as its address; the credentials never.
type Proxy struct {
	address string // host:port
	url     *url.URL
}

// ParseProxy reads http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@
// before the host where the proxy wants to know who comes.
func ParseProxy(s string) (*Proxy, error) {
	u, err := url.Parse(s)
	// The error of url.Parse shows the text, and the password in it.
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("a proxy is http://HOST:PORT or https://HOST:PORT, USER:PASSWORD@ before the host if it wants them")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &Proxy{net.JoinHostPort(strings.ToLower(u.Hostname()), port), u}, nil
}

// String returns the address without credentials.
func (p *Proxy) String() string { return p.url.Scheme + "://" + p.address }

// GoString is String, so that %#v shows no more.
func (p *Proxy) GoString() string { return p.String() }

// of is what http.Transport asks for.
func (p *Proxy) of(*http.Request) (*url.URL, error) { return p.url, nil }

// dial connects to the proxy itself, which the configuration named and which may
// be anywhere.
func (p *purpose) dialProxy(ctx context.Context, d *Dialer, network string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(p.rule.Proxy.address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	addrs, err := d.lookup(ctx, network, host)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	release, err := p.budget.take(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("too many connections for %s to the proxy: %w", p.name, err)
	}
	c, err := connect(ctx, network, addrs, port, nil)
	if err != nil {
		release()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return counted(c, release), nil
}

// mayProxy holds a target against the rule before the proxy is asked for it, as
// far as it can be known here where that is: an address must be one that may be
// reached, and so must every address that the name has here. Which one the proxy
// finds for a name that is not known here, it alone knows: keeping it from what
// only it can reach is the business of its own rules.
func (p *purpose) mayProxy(ctx context.Context, d *Dialer, u *url.URL) error {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if !p.mayReach(host) {
		return fmt.Errorf("%w: %s is not a host for %s", ErrRefused, host, p.name)
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return fmt.Errorf("%w: %s is the proxy itself", ErrRefused, host)
	}
	ctx, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	addrs, err := d.lookup(ctx, "tcp", host)
	if err != nil {
		var unknown *net.DNSError
		if errors.As(err, &unknown) {
			return nil
		}
		return err
	}
	for _, a := range addrs {
		if !p.allows(a) {
			return fmt.Errorf("%w: %s has the address %s, which %s may not reach", ErrRefused, host, netip.Addr(a), p.name)
		}
	}
	return nil
}
