package kit

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"entente/server"
)

// Inside runs a server in the test's own process until the test ends, for tests
// that look into it. Of the Process only Address, CA and Client are of use.
func Inside(tb testing.TB, o Options) (*server.Server, *Process) {
	tb.Helper()
	if o.State == "" {
		o.State = filepath.Join(tb.TempDir(), "state")
	}
	s, p, err := inside(tb, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s, p
}

func inside(tb testing.TB, o Options) (*server.Server, *Process, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	s, err := server.New(ctx, Config(o), server.Options{
		Organization: organization,
		Log:          slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	fail := func(err error) (*server.Server, *Process, error) {
		cancel()
		return nil, nil, errors.Join(err, s.Close())
	}
	if err := fill(ctx, s, o); err != nil {
		return fail(err)
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return fail(err)
	}
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		return fail(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			tb.Error(err)
		}
	})
	return s, &Process{Address: l.Addr().String(), CA: string(ca), Options: o}, nil
}
