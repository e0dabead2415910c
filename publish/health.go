package publish

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A server is one of the servers inside of a rule.
type server struct {
	address string // HOST:PORT
	host    string

	mu    sync.Mutex
	down  bool
	since time.Time
	err   error
}

func newServer(u *url.URL) *server {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return &server{address: net.JoinHostPort(u.Hostname(), port), host: hostName(u.Hostname())}
}

// inOrder returns the servers to try: those that are well in the order of the
// rule, and then the others, since what is known of them may be old.
func (r *rule) inOrder() []*server {
	if len(r.servers) == 1 {
		return r.servers
	}
	well, ill := make([]*server, 0, len(r.servers)), []*server(nil)
	for _, s := range r.servers {
		if s.isDown() {
			ill = append(ill, s)
		} else {
			well = append(well, s)
		}
	}
	return append(well, ill...)
}

func (s *server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// failed notes that a server was not reached.
func (s *server) failed(err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		s.down, s.since = true, now
	}
	s.err = err
}

// answered notes that it was.
func (s *server) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.err, s.since = false, nil, time.Time{}
}

const (
	healthEvery = 10 * time.Second
	healthTime  = 5 * time.Second
)

// watch looks after the servers of a rule until ctx ends: after those that are
// down, and where the rule says by what one knows a healthy one, after all.
func (g *Gateway) watch(ctx context.Context, r *rule) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var all sync.WaitGroup
		for _, s := range r.servers {
			if r.Health != "" || s.isDown() {
				all.Go(func() { g.look(ctx, r, s) })
			}
		}
		all.Wait()
	}
}

// look finds out whether a server is well, and says when that changes.
func (g *Gateway) look(ctx context.Context, r *rule, s *server) {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	was := s.isDown()
	err := r.examine(ctx, s)
	if ctx.Err() == context.Canceled {
		return
	}
	if err != nil {
		s.failed(err, g.Now())
	} else {
		s.answered()
	}
	if is := err != nil; is != was {
		g.Log.Warn("publish: a server inside", "rule", r.Name, "server", s.address, "well", !is, "err", err)
	}
}

func (r *rule) examine(ctx context.Context, s *server) error {
	if r.Health == "" {
		return r.upstream.Reach(ctx, s.address)
	}
	req := (&http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: r.Health}, Host: r.host, Header: http.Header{"User-Agent": {"entente"}}, Body: http.NoBody,
	}).WithContext(ctx)
	resp, err := r.upstream.RoundTrip("health", s.address, false, req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s", r.Health, resp.Status)
	}
	return nil
}
