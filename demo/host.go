package demo

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"

	"entente/server"
)

// A host runs several servers in this process, each with a state of its own.
type host struct {
	o       Options
	mu      sync.Mutex
	servers []*server.Server    // as they were made
	sockets []*server.Listening // of those that do not serve yet
}

// config is that of one of the smaller servers.
func (h *host) config(name, hostname string) server.Config {
	c := server.Config{
		Name: hostname, State: filepath.Join(h.o.State, name), Database: "sqlite:entente.db",
		Listen: server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:  server.AdminConfig{Socket: filepath.Join(h.o.State, name, "admin.sock")},
	}
	return c.WithDefaults()
}

// server makes a server that is closed with the host.
func (h *host) server(ctx context.Context, organization string, c server.Config) (*server.Server, error) {
	s, err := server.New(ctx, c, server.Options{
		Organization: organization, Demo: true, Now: h.o.now,
		Log: slog.New(slog.NewTextHandler(h.o.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.servers = append(h.servers, s)
	return s, nil
}

// listen opens a server's sockets.
func (h *host) listen(ctx context.Context, s *server.Server) (*server.Listening, error) {
	l, err := s.Listen(ctx)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets = append(h.sockets, l)
	return l, nil
}

// close closes what was opened, the last first.
func (h *host) close() error {
	var errs []error
	for _, l := range h.sockets {
		errs = append(errs, l.Abandon())
	}
	for i := len(h.servers) - 1; i >= 0; i-- {
		errs = append(errs, h.servers[i].Close())
	}
	return errors.Join(errs...)
}

// serve serves everything while f runs, once everything stands; with wait, until
// ctx ends. If one of the servers ends, all do.
func (h *host) serve(asked context.Context, stand func(context.Context) error, f func() error, wait bool) error {
	ctx, stop := context.WithCancel(asked)
	defer stop()
	n := len(h.sockets)
	ended := make(chan error, n)
	for _, l := range h.sockets {
		go func() {
			err := l.Serve(ctx)
			stop()
			ended <- err
		}()
	}
	h.sockets = nil
	err := stand(ctx)
	if asked.Err() != nil {
		err = nil // told to stop before everything stood, which is no failure
	}
	if err == nil {
		err = f()
	}
	if err == nil && wait {
		<-ctx.Done()
	}
	stop()
	errs := []error{err}
	for range n {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}
