package outgoing

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// UpstreamConfig says how the servers of one internal site are asked.
type UpstreamConfig struct {
	// TLS is copied: whose word the site's certificate rests on.
	TLS *tls.Config
	// Site is the name the certificate must be for, whatever the address; empty
	// for the host of each address.
	Site string
	// HTTP2 is offered beside HTTP/1.1.
	HTTP2 bool
	// Idle is how many connections without a request are kept in all, PerPool how
	// many of one pool, and IdleTime for how long. Default 2,048, 2 and 90 s.
	Idle, PerPool int
	IdleTime      time.Duration
}

// An Upstream passes requests on to servers inside, in the name of many: each
// request belongs to a pool, and a connection that was opened for one pool never
// carries a request of another. A server that takes who spoke first on a
// connection for who speaks is right about it. (threats E5)
//
// The pools are the transport's own. It keeps connections by the host they are
// to, and each pool has host names that are nobody else's: the first label names
// the pool, the rest is where the connection goes.
type Upstream struct {
	dialer  *Dialer
	purpose Purpose
	config  UpstreamConfig
	one     *http.Transport // HTTP/1.1
	two     *http.Transport // both; nil if HTTP/2 is not offered
	onlyOne sync.Map        // addresses that refused HTTP/2
}

const (
	defaultUpstreamIdle = 2048
	defaultUpstreamPool = 2
	defaultUpstreamKept = 90 * time.Second
	// upstreamBuffer is for one direction of one connection. Ten thousand of them
	// wait for news at once.
	upstreamBuffer = 2 << 10
)

// Upstream returns what asks the servers of a site. With a purpose that has no
// rule every request fails.
func (d *Dialer) Upstream(name Purpose, c UpstreamConfig) *Upstream {
	if c.TLS == nil {
		c.TLS = &tls.Config{}
	}
	c.TLS = c.TLS.Clone()
	c.TLS.MinVersion = max(c.TLS.MinVersion, tls.VersionTLS12)
	if c.Idle <= 0 {
		c.Idle = defaultUpstreamIdle
	}
	if c.PerPool <= 0 {
		c.PerPool = defaultUpstreamPool
	}
	if c.IdleTime <= 0 {
		c.IdleTime = defaultUpstreamKept
	}
	u := &Upstream{dialer: d, purpose: name, config: c}
	u.one = u.transport(false)
	if c.HTTP2 {
		u.two = u.transport(true)
	}
	return u
}

func (u *Upstream) transport(http2 bool) *http.Transport {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(http2)
	next := []string{"http/1.1"}
	if http2 {
		next = []string{"h2", "http/1.1"}
	}
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			address, err := poolAddress(address)
			if err != nil {
				return nil, err
			}
			return u.dial(ctx, network, address, next)
		},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("%w: servers inside are asked over TLS", ErrRefused)
		},
		Protocols:              p,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: aliveAfter, PingTimeout: aliveLimit},
		DisableCompression:     true, // what was sent is what is passed on
		MaxIdleConns:           u.config.Idle,
		MaxIdleConnsPerHost:    u.config.PerPool,
		IdleConnTimeout:        u.config.IdleTime,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         upstreamBuffer,
		WriteBufferSize:        upstreamBuffer,
	}
}

// dial opens a connection to a server and has it prove itself.
func (u *Upstream) dial(ctx context.Context, network, address string, next []string) (net.Conn, error) {
	raw, err := u.dialer.Dial(ctx, u.purpose, network, address)
	if err != nil {
		return nil, err
	}
	c := u.config.TLS.Clone()
	if c.ServerName = u.config.Site; c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(address)
	}
	c.NextProtos = next
	ctx, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	return conn, nil
}

// RoundTrip sends a request to a server at HOST:PORT over a connection of the
// pool, and returns its answer as it comes: nothing is followed, unpacked or
// bounded in time, which is for the context to do. The request's URL says the
// path, its Host what the server is called.
//
// upgrade is for requests to change the protocol, which HTTP/2 does not have.
func (u *Upstream) RoundTrip(pool, address string, upgrade bool, r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "https", poolHost(pool, address)
	if _, one := u.onlyOne.Load(address); u.two == nil || upgrade || one {
		return u.one.RoundTrip(r)
	}
	resp, err := u.two.RoundTrip(r)
	if err == nil || !wantsOne(err) {
		return resp, err
	}
	u.onlyOne.Store(address, true)
	switch {
	case r.Body == nil || r.Body == http.NoBody:
	case r.GetBody == nil:
		return nil, err
	default:
		r = r.Clone(r.Context())
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return u.one.RoundTrip(r)
}

// wantsOne reports whether a server refuses HTTP/2 for what was asked, having done
// nothing: IIS does where Windows authentication is on. RFC 9113 7.
func wantsOne(err error) bool { return strings.Contains(err.Error(), "HTTP_1_1_REQUIRED") }

// Reach connects to a server and has it prove itself, and hangs up.
func (u *Upstream) Reach(ctx context.Context, address string) error {
	c, err := u.dial(ctx, "tcp", address, []string{"http/1.1"})
	if err != nil {
		return err
	}
	return c.Close()
}

// Close hangs up on all that nobody is using.
func (u *Upstream) Close() {
	u.one.CloseIdleConnections()
	if u.two != nil {
		u.two.CloseIdleConnections()
	}
}

// poolHost is the host name of a pool's connections to an address.
func poolHost(pool, address string) string {
	sum := sha256.Sum256([]byte(pool))
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "" // no URL has such a host
	}
	return net.JoinHostPort(hex.EncodeToString(sum[:16])+"."+host, port)
}

// poolAddress is where the connections of a poolHost go.
func poolAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	label, host, ok := strings.Cut(host, ".")
	if !ok || len(label) != 32 {
		return "", fmt.Errorf("%w: a connection of no pool", ErrRefused)
	}
	return net.JoinHostPort(host, port), nil
}
