package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"

	"entente/admin/adminhttp"
)

// listenAdmin opens the administration socket, which only this user may
// connect to, and the loopback address for metrics if there is one.
func (l *Listening) listenAdmin(ctx context.Context) error {
	s := l.server
	var lc net.ListenConfig
	path := s.config.Admin.Socket
	if err := removeStale(path); err != nil {
		return err
	}
	n, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen for administrators: %w", err)
	}
	l.admin = append(l.admin, n)
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	if s.config.Admin.Metrics == "" {
		return nil
	}
	m, err := lc.Listen(ctx, "tcp", s.config.Admin.Metrics)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	l.metrics = m
	return nil
}

// removeStale takes away the socket of a server that did not end in order. One
// that still answers is left, and the start stops.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s is in the way and not a socket", path)
	}
	return os.Remove(path)
}

// adminHandler serves the administration API, metrics and, if switched on,
// profiles, on the socket only.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.Handle("POST /v1/", adminhttp.Handler(s.Admin, s.log, administrator))
	if s.config.Admin.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}
