package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"entente/connections"
	"entente/publish"
)

// Limits of threat model section 7.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeader         = 128 << 10
	maxStreams        = 100
)

// A Listening is a server that has its sockets; Serve answers on them.
type Listening struct {
	server  *Server
	https   net.Listener
	plain   net.Listener
	admin   []net.Listener
	metrics net.Listener
	relay   net.Listener
	mail    []net.Listener // of the receive connectors, in their order
	http    []*http.Server

	published *publish.Bound // nil without a gateway
}

// Addr is the address of the HTTPS listener, with the port that was chosen if
// the configuration left it open.
func (l *Listening) Addr() net.Addr {
	if l.https == nil { // a gateway alone
		return nil
	}
	return l.https.Addr()
}

// httpServer is an http.Server with the limits every listener has.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:         protocols(),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ConnContext:       connections.Context,
	}
}

func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// secure reports whether a request came over TLS, or through a
// trusted proxy that says it did.
func secure(r *http.Request) bool {
	return r.TLS != nil || r.Context().Value(secureKey{}) != nil
}

// secureKey marks the context of a request that a trusted proxy received
// over TLS.
type secureKey struct{}

// behindProxy believes the forwarding headers of the named proxies and turns
// everybody else away: the plain listener is for them alone.
func (s *Server) behindProxy(next http.Handler) (http.Handler, error) {
	trusted, err := s.config.proxies()
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !contains(trusted, peer.Addr().Unmap()) {
			http.Error(w, "this address is for the proxy", http.StatusForbidden)
			return
		}
		if client, ok := lastForwarded(r.Header); ok {
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		if strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
			r = r.WithContext(context.WithValue(r.Context(), secureKey{}, true))
		}
		next.ServeHTTP(w, r)
	}), nil
}

func contains(nets []netip.Prefix, a netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// lastForwarded is the address the proxy itself saw: the last one of
// X-Forwarded-For. What stands before it, the client may have written.
func lastForwarded(h http.Header) (netip.Addr, bool) {
	values := h.Values("X-Forwarded-For")
	if len(values) == 0 {
		return netip.Addr{}, false
	}
	list := strings.Split(values[len(values)-1], ",")
	a, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1]))
	return a.Unmap(), err == nil
}

// Listen opens all sockets, so that a port in use is said before anything is
// promised. Serve must follow.
func (s *Server) Listen(ctx context.Context) (*Listening, error) {
	l := &Listening{server: s}
	fail := func(err error) (*Listening, error) { return nil, errors.Join(err, l.close()) }
	if !s.config.publishOnly() {
		if err := l.listenHTTPS(ctx); err != nil {
			return fail(err)
		}
	}
	if s.config.Listen.HTTP != "" {
		var lc net.ListenConfig
		var err error
		if l.plain, err = lc.Listen(ctx, "tcp", s.config.Listen.HTTP); err != nil {
			return fail(fmt.Errorf("listen for proxies: %w", err))
		}
	}
	if err := l.listenAdmin(ctx); err != nil {
		return fail(err)
	}
	if err := l.listenRelay(ctx); err != nil {
		return fail(err)
	}
	if err := l.listenTransport(ctx); err != nil {
		return fail(err)
	}
	if err := l.listenPublish(ctx); err != nil {
		return fail(err)
	}
	return l, nil
}

// listenHTTPS opens the listener of an organization's clients.
func (l *Listening) listenHTTPS(ctx context.Context) error {
	s := l.server
	var lc net.ListenConfig
	raw, err := lc.Listen(ctx, "tcp", s.config.Listen.HTTPS)
	if err != nil {
		return fmt.Errorf("listen for HTTPS: %w", err)
	}
	if s.options.Demo && !raw.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return errors.Join(errors.New("the demo listens on loopback only: its passwords are known"), raw.Close())
	}
	s.listenPort(raw.Addr())
	if err := s.register(ctx); err != nil { // with the port that there is now
		return errors.Join(err, raw.Close())
	}
	conf, err := s.tlsConfig(ctx)
	if err == nil {
		if s.bound() {
			conf = connections.Noting(conf)
		}
		conf, err = s.nodeChannels(s.askCertificates(conf))
	}
	if err != nil {
		return errors.Join(err, raw.Close())
	}
	s.lot = connections.NewLot(idleTimeout)
	l.https = s.lot.Listen(tls.NewListener(s.strangers.Listen(raw), conf))
	hs := s.httpServer(s.Handler())
	hs.ConnContext = s.lot.Context
	l.http = append(l.http, hs)
	return nil
}

func (l *Listening) close() error {
	var errs []error
	if l.published != nil {
		errs = append(errs, l.published.Close())
	}
	if l.server.lot != nil {
		l.server.lot.Abandon()
	}
	for _, n := range slices.Concat([]net.Listener{l.https, l.plain, l.metrics, l.relay}, l.admin, l.mail) {
		if n != nil {
			errs = append(errs, n.Close())
		}
	}
	return errors.Join(errs...)
}

// Serve answers until ctx ends, then lets the requests under way finish within
// the shutdown time-out.
func (l *Listening) Serve(ctx context.Context) error {
	s := l.server
	failed := make(chan error, 6)
	channels, hangUp := context.WithCancel(ctx)
	defer hangUp()
	serve := func(hs *http.Server, n net.Listener) {
		s.running.Go(func() {
			if err := hs.Serve(n); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	if l.https != nil {
		serve(l.http[0], l.https)
	}
	l.serveRelay(channels, failed)
	l.serveTransport(channels, failed)
	l.servePublish(channels, failed)
	if l.plain != nil {
		h, err := s.behindProxy(s.Handler())
		if err != nil {
			return errors.Join(err, l.close())
		}
		hs := s.httpServer(h)
		l.http = append(l.http, hs)
		serve(hs, l.plain)
	}
	for _, n := range l.admin {
		hs := s.httpServer(s.adminHandler())
		hs.ConnContext = withPeer
		l.http = append(l.http, hs)
		serve(hs, n)
	}
	if l.metrics != nil {
		hs := s.httpServer(s.metrics.handler())
		l.http = append(l.http, hs)
		serve(hs, l.metrics)
	}
	if l.https != nil {
		s.log.Info("serving", "name", s.config.Name, "https", l.https.Addr().String(), "ews", s.EWSURL())
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, l.shutdown())
}

func (l *Listening) shutdown() error {
	l.server.Door.End() // those who wait for news would wait longer than we do
	ctx, cancel := context.WithTimeout(context.Background(), l.server.config.Limits.ShutdownTimeout)
	defer cancel()
	if l.server.lot != nil {
		l.server.lot.Close(ctx)
	}
	var errs []error
	for _, hs := range l.http {
		if err := hs.Shutdown(ctx); err != nil {
			errs = append(errs, hs.Close())
		}
	}
	return errors.Join(errs...)
}

// Abandon closes the sockets of a Listening that will not serve.
func (l *Listening) Abandon() error { return l.close() }
