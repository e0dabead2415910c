// Package connections bounds what those who have not proven who they are can
// take of a listener: how many connections a source may hold, and how slowly a
// body may come. It does not know what is asked over them.
package connections

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxStrangers is how many connections one source may hold before any of its
// requests on them proved who is calling. Those of people who signed in are
// not counted, so an office behind one address is not shut out.
const maxStrangers = 100

// Strangers counts connections by source until they are known. The zero value
// is ready.
type Strangers struct {
	Limit int // connections of one source; 0 for 100

	mu  sync.Mutex
	now map[string]int
}

// Listen wraps a listener so that sources with too many unknown connections are
// hung up on, before TLS costs anything.
func (s *Strangers) Listen(n net.Listener) net.Listener { return &limited{n, s} }

type limited struct {
	net.Listener
	by *Strangers
}

// Accept returns the next connection whose source may have one more.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source, _, err := net.SplitHostPort(c.RemoteAddr().String())
		if err != nil {
			source = c.RemoteAddr().String()
		}
		if l.by.enter(source) {
			return &counted{Conn: c, by: l.by, source: source}, nil
		}
		_ = c.Close()
	}
}

func (s *Strangers) enter(source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.Limit
	if limit <= 0 {
		limit = maxStrangers
	}
	if s.now[source] >= limit {
		return false
	}
	if s.now == nil {
		s.now = map[string]int{}
	}
	s.now[source]++
	return true
}

func (s *Strangers) leave(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now[source]--; s.now[source] <= 0 {
		delete(s.now, source)
	}
}

// A counted connection counts until it is known or closed.
type counted struct {
	net.Conn
	by     *Strangers
	source string
	once   sync.Once
	served endPointNote
}

func (c *counted) known() { c.once.Do(func() { c.by.leave(c.source) }) }

// Close implements net.Conn.
func (c *counted) Close() error {
	c.known()
	return c.Conn.Close()
}

// connKey is the context key of a request's connection.
type connKey struct{}

// Context is http.Server.ConnContext: it lets requests find their connection, under TLS or not.
func Context(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// SignedIn is told of every request whose caller is proven: its connection is no
// stranger's any more.
func SignedIn(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*counted); ok {
		c.known()
	}
}

// Slowest body accepted: bytes a second, after a first allowance.
const (
	slowestBody   = 1 << 10
	bodyAllowance = 10 * time.Second
)

// pacedBody ends a request whose body comes more slowly than slowestBody: the
// deadline moves on only as bytes arrive.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	read    int64
}

// Paced gives the request's body a pace. It does nothing for requests without
// one.
func Paced(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	r.Body = &pacedBody{ReadCloser: r.Body, control: http.NewResponseController(w), start: time.Now()}
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	due := b.start.Add(bodyAllowance + time.Duration(b.read/slowestBody)*time.Second)
	if err := b.control.SetReadDeadline(due); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if errors.Is(err, io.EOF) {
		// The next request on this connection has its own time.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
