package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Time limits of a conversation with a smart host. RFC 5321 4.5.3.2 allows more for
// commands; a host that takes longer is one to come back to.
const (
	commandTime = 2 * time.Minute
	blockTime   = 3 * time.Minute  // for a block of data
	answerTime  = 10 * time.Minute // after the last dot
	downTime    = time.Minute      // an unreachable host is asked last for as long
	perLink     = 100              // messages over one connection
)

// hosts remembers which smart hosts could not be reached lately.
type hosts struct {
	mu   sync.Mutex
	down map[string]time.Time
}

func (h *hosts) failed(host string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down == nil {
		h.down = map[string]time.Time{}
	}
	h.down[host] = now.Add(downTime)
}

func (h *hosts) answered(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.down, host)
}

// order returns a connector's hosts, those that were down lately last.
func (h *hosts) order(all []string, now time.Time) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var up, down []string
	for _, a := range all {
		if h.down[a].After(now) {
			down = append(down, a)
		} else {
			up = append(up, a)
		}
	}
	return append(up, down...)
}

// A link is a connection to a smart host, ready for messages.
type link struct {
	client *smtp.Client
	conn   *patient
	host   string
	size   int // the host's limit; 0 if it has not said one
	used   int
}

// links are the connections of one run over the queue.
type links struct {
	s    *Service
	open map[string]*link
}

func (s *Service) newLinks() *links { return &links{s, map[string]*link{}} }

func (l *links) close() {
	for key, k := range l.open {
		_ = k.conn.SetDeadline(time.Now().Add(5 * time.Second))
		_ = k.client.Quit()
		_ = k.client.Close()
		delete(l.open, key)
	}
}

// drop ends a connection that is of no more use.
func (l *links) drop(c *SendConnector, host string) {
	key := c.Name + " " + host
	if k := l.open[key]; k != nil {
		_ = k.client.Close()
		delete(l.open, key)
	}
}

// get returns a connection to a host, one that is open already if there is one.
func (l *links) get(ctx context.Context, c *SendConnector, host string) (*link, error) {
	key := c.Name + " " + host
	if k := l.open[key]; k != nil {
		k.used++
		if k.used < perLink && k.within(ctx, k.client.Reset) == nil {
			return k, nil
		}
		l.drop(c, host)
	}
	k, err := l.s.connect(ctx, c, host)
	if err == nil {
		l.open[key] = k
	}
	return k, err
}

// within has a call that knows no context end with one, by closing its connection.
func (k *link) within(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = k.conn.Close() })
	defer stop()
	err := f()
	if ctx.Err() != nil && err != nil {
		return context.Cause(ctx)
	}
	return err
}

// connect opens a connection, keeps it from others and proves who calls.
func (s *Service) connect(ctx context.Context, c *SendConnector, host string) (*link, error) {
	raw, err := s.Dial(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	k := &link{conn: &patient{raw}, host: host}
	err = k.within(ctx, func() error { return s.greet(ctx, k, c) })
	if err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	return k, nil
}

func (s *Service) greet(ctx context.Context, k *link, c *SendConnector) error {
	name, _, _ := net.SplitHostPort(k.host) // Check has read it
	conf := &tls.Config{}
	if c.TLS != nil {
		conf = c.TLS.Clone()
	}
	conf.ServerName, conf.MinVersion = name, tls.VersionTLS12
	if err := k.conn.SetDeadline(time.Now().Add(commandTime)); err != nil {
		return err
	}
	switch c.Security {
	case Implicit:
		t := tls.Client(k.conn, conf)
		if err := t.HandshakeContext(ctx); err != nil {
			return err
		}
		k.client = smtp.NewClient(t)
	case StartTLS:
		client, err := smtp.NewClientStartTLS(k.conn, conf)
		if err != nil {
			return err
		}
		k.client = client
	default:
		k.client = smtp.NewClient(k.conn)
	}
	k.client.CommandTimeout, k.client.SubmissionTimeout = commandTime, answerTime
	if err := k.client.Hello(s.Name); err != nil {
		return err
	}
	k.size, _ = k.client.MaxMessageSize()
	if c.User == "" {
		return nil
	}
	return authenticate(k.client, c)
}

// authenticate proves who calls, by the first of the mechanisms that both know.
func authenticate(client *smtp.Client, c *SendConnector) error {
	if _, secret := client.TLSConnectionState(); !secret && c.Security != Plain {
		return errors.New("the connection is not secret: no password is sent over it")
	}
	switch {
	case client.SupportsAuth(sasl.Plain):
		return authError(client.Auth(sasl.NewPlainClient("", c.User, c.Password.Reveal())))
	case client.SupportsAuth(sasl.Login):
		return authError(client.Auth(sasl.NewLoginClient(c.User, c.Password.Reveal())))
	}
	return errors.New("the smart host takes neither AUTH PLAIN nor AUTH LOGIN")
}

// authError does not repeat what the host says, which may be what it was told.
func authError(err error) error {
	var said *smtp.SMTPError
	if errors.As(err, &said) {
		return fmt.Errorf("the smart host does not take the name and secret (%d)", said.Code)
	}
	return err
}

// patient is a connection on which no block of data takes for ever: the library
// bounds commands and answers, and not what is written between.
type patient struct{ net.Conn }

func (p *patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(blockTime)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// hostName is a host without its port.
func hostName(host string) string {
	name, _, _ := net.SplitHostPort(host)
	return strings.Trim(name, "[]")
}
