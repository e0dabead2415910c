package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"

	"entente/server"
)

// Main is what TestMain calls. In the process that Start began it serves and
// does not return.
func Main(m *testing.M) {
	text := os.Getenv(environment)
	if text == "" {
		os.Exit(m.Run())
	}
	var o Options
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = serve(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kit:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs the server until standard input ends, which it does when the
// test process is gone, however it went.
func serve(o Options) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	s, err := server.New(ctx, Config(o), server.Options{
		Organization: organization,
		Log:          slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := fill(ctx, s, o); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready{l.Addr().String(), string(ca)}); err != nil {
		return err
	}
	if o.Profile != "" {
		stop, err := profile(o.Profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	return l.Serve(ctx)
}

// profile writes a processor profile of what happens until stop is called.
func profile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// Config is the configuration of the server that Start runs.
func Config(o Options) server.Config {
	return server.Config{
		Name:     Host,
		State:    o.State,
		Database: o.Database,
		Listen:   server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:    server.AdminConfig{Socket: filepath.Join(o.State, "admin.sock"), Pprof: true},
	}.WithDefaults()
}
