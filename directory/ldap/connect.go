package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"entente"
)

// Times of a server that does not answer: how long it is not asked, at first and
// at most, while others do.
const (
	firstRest = 5 * time.Second
	longRest  = time.Minute
	// refusedRest is how long nobody binds with a password of ours that was
	// refused: the directory may lock the account that we read it with.
	refusedRest = 5 * time.Minute

	defaultTimeout = 20 * time.Second // of one exchange
	idleTime       = time.Minute
	maxIdle        = 4
)

// A server is one of those that hold the same directory.
type server struct {
	name    string // as configured
	host    string // to be in its certificate
	address string
	tls     bool // from the first byte; else StartTLS

	mu       sync.Mutex
	failures int
	rest     time.Time // not asked before, unless nobody else answers
	problem  string
	answered time.Time
}

// parseServer reads ldaps://HOST[:PORT] or ldap://HOST[:PORT].
func parseServer(text string) (*server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, entente.Errorf(entente.Invalid, "%q is neither ldaps://HOST nor ldap://HOST, with or without :PORT", text)
	}
	s := &server{name: text, host: u.Hostname()}
	port := u.Port()
	switch u.Scheme {
	case "ldaps":
		s.tls = true
		if port == "" {
			port = "636"
		}
	case "ldap":
		if port == "" {
			port = "389"
		}
	default:
		return nil, entente.Errorf(entente.Invalid, "%q is neither ldaps://HOST nor ldap://HOST, with or without :PORT", text)
	}
	s.address = net.JoinHostPort(s.host, port)
	return s, nil
}

// resting reports whether a server had better be left alone.
func (s *server) resting(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.rest)
}

func (s *server) failed(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := min(firstRest<<min(s.failures, 6), longRest)
	s.failures++
	s.rest, s.problem = now.Add(rest), err.Error()
}

func (s *server) succeeded(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.rest, s.problem, s.answered = 0, time.Time{}, "", now
}

// A connection is one over TLS to a server. One asks over it at a time.
type connection struct {
	*goldap.Conn
	server *server
	raw    net.Conn
	frames *framed
	idle   time.Time // since when
}

// close ends a connection without waiting for anybody.
func (c *connection) close() {
	_ = c.raw.Close() // first: a server that reads nothing holds up what follows
	_ = c.Conn.Close()
}

// within runs one exchange that ctx may end: go-ldap's own do not know of one.
// After an error the connection is not used again unless the server said it.
func (c *connection) within(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	c.frames.taken.Store(0)
	err := f()
	if !stop() && ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.server.name, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.server.name, err)
	}
	return nil
}

// dial opens a connection to one server, over TLS. A server that cannot is
// none: there is no way without.
func (c *Client) dial(ctx context.Context, s *server) (*connection, error) {
	raw, err := c.Dial(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if !s.tls {
		if err := startTLS(raw); err != nil {
			_ = raw.Close()
			return nil, because(ctx, err)
		}
	}
	config := &tls.Config{}
	if c.TLS != nil {
		config = c.TLS.Clone()
	}
	config.ServerName, config.MinVersion = s.host, max(config.MinVersion, tls.VersionTLS12)
	over := tls.Client(raw, config)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, because(ctx, err)
	}
	frames := newFramed(over, c.answer)
	l := goldap.NewConn(frames, true)
	l.Start()
	return &connection{Conn: l, server: s, raw: raw, frames: frames}, nil
}

// because prefers the reason for which a connection was closed.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// startTLSRequest asks for TLS. RFC 4511 4.14.1.
const startTLSRequest = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + "1.3.6.1.4.1.1466.20037"

// startTLS has the server begin with TLS. The answer is read to its last byte
// and not further: what somebody on the way appends to it is then taken for TLS
// and ends the handshake, and never for an answer to what we ask later.
func startTLS(raw net.Conn) error {
	if err := raw.SetDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	if _, err := raw.Write([]byte(startTLSRequest)); err != nil {
		return err
	}
	b, err := readMessage(raw)
	if err != nil {
		return err
	}
	p, err := ber.DecodePacketErr(b)
	if err != nil {
		return err
	}
	if len(p.Children) < 2 || p.Children[1].Tag != goldap.ApplicationExtendedResponse {
		return errNotLDAP
	}
	if err := goldap.GetLDAPError(p); err != nil {
		return fmt.Errorf("the server does not begin with TLS: %w", err)
	}
	return raw.SetDeadline(time.Time{})
}

// connect opens a connection bound as the account that reads, to the first
// server that answers.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	now := c.Now()
	c.mu.Lock()
	until := c.refusedUntil
	c.mu.Unlock()
	if now.Before(until) {
		return nil, entente.Errorf(entente.Unavailable, "the directory refused the password of %s; it is tried again at %s", c.BindDN, until.UTC().Format(time.TimeOnly))
	}
	return c.first(ctx, func(ctx context.Context, con *connection) error {
		err := con.within(ctx, func() error { return con.Bind(c.BindDN, c.Password.Reveal()) })
		if !goldap.IsErrorWithCode(err, goldap.LDAPResultInvalidCredentials) {
			return err
		}
		c.mu.Lock()
		c.refusedUntil = c.Now().Add(refusedRest)
		c.mu.Unlock()
		return &entente.Error{Kind: entente.Unavailable, Text: "the directory refuses the password of " + c.BindDN, Err: err}
	})
}

// first opens a connection to the first server for which ready says yes: those
// that answered when they were last asked, in their order, and then the others.
// An entente.Error of ready ends the search: it is no server's fault.
func (c *Client) first(ctx context.Context, ready func(context.Context, *connection) error) (*connection, error) {
	var all, late []*server
	for _, s := range c.servers {
		if s.resting(c.Now()) {
			late = append(late, s)
		} else {
			all = append(all, s)
		}
	}
	var errs []error
	all = append(all, late...)
	for i, s := range all {
		con, err := c.try(ctx, s, len(all)-i, ready)
		if err == nil {
			s.succeeded(c.Now())
			return con, nil
		}
		var told *entente.Error
		if errors.As(err, &told) {
			return nil, err
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, unavailable(ctx.Err()) // whoever asked does not wait
		}
		s.failed(c.Now(), err)
		errs = append(errs, err)
	}
	return nil, unavailable(errors.Join(errs...))
}

// try opens a connection to a server within its share of the time, where so many
// are still to be tried: one that stands still must not use up that of the
// others.
func (c *Client) try(ctx context.Context, s *server, left int, ready func(context.Context, *connection) error) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, c.share(ctx, left))
	defer cancel()
	con, err := c.dial(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := ready(ctx, con); err != nil {
		con.close()
		return nil, err
	}
	return con, nil
}

// share is one part of so many of the time there is, and no more than a question
// may take.
func (c *Client) share(ctx context.Context, parts int) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return c.Timeout
	}
	return min(c.Timeout, time.Until(deadline)/time.Duration(parts))
}

func unavailable(err error) error {
	var told *entente.Error
	if errors.As(err, &told) {
		return err
	}
	return &entente.Error{Kind: entente.Unavailable, Text: "no server of the directory answers", Err: err}
}

// A pool keeps connections for the next question.
type pool struct {
	mu   sync.Mutex
	idle []*connection
}

func (p *pool) take(now time.Time) *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		con := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if now.Sub(con.idle) < idleTime && !con.IsClosing() {
			return con
		}
		con.close()
	}
	return nil
}

func (p *pool) put(con *connection, now time.Time) {
	con.idle = now
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= maxIdle || con.IsClosing() {
		con.close()
		return
	}
	p.idle = append(p.idle, con)
}

// with runs a question over a connection of the pool, or one that open makes,
// within the time that one question may take. A connection that was kept may
// have been given up by the server meanwhile: then the question is asked again,
// over a new one.
func (c *Client) with(ctx context.Context, p *pool, open func(context.Context) (*connection, error), ask func(context.Context, *connection) error) error {
	for {
		con := p.take(c.Now())
		kept := con != nil
		if !kept {
			var err error
			if con, err = open(ctx); err != nil {
				return err
			}
		}
		parts := 1
		if kept {
			parts = 2 // it may have to be asked again
		}
		asked, cancel := context.WithTimeout(ctx, c.share(ctx, parts))
		err := ask(asked, con)
		cancel()
		var said *goldap.Error
		if err == nil || errors.As(err, &said) && said.ResultCode < goldap.ErrorNetwork {
			p.put(con, c.Now())
			return err
		}
		con.close()
		if errors.Is(ctx.Err(), context.Canceled) {
			return unavailable(ctx.Err())
		}
		if !kept || errors.Is(err, context.DeadlineExceeded) {
			con.server.failed(c.Now(), err)
		}
		if !kept || ctx.Err() != nil {
			return unavailable(err)
		}
	}
}

// Close ends the connections that are kept.
func (c *Client) Close() error {
	for _, p := range [...]*pool{&c.readers, &c.binders} {
		p.mu.Lock()
		for _, con := range p.idle {
			con.close()
		}
		p.idle = nil
		p.mu.Unlock()
	}
	return nil
}
