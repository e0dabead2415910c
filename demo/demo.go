// Package demo runs an organization on loopback, complete with people,
// calendars, mail and applications that act for some of them, to play with and
// to test against; and beside it the server of a secure group, reached by a
// relay.
//
// It is the real server with made-up content. Nothing in it is for
// production: its passwords are printed, so its state is marked, and serve
// refuses a marked state.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"entente"
	"entente/server"
)

// The organization's names. example is reserved for documentation (RFC 2606).
const (
	organization = "contoso"
	domain       = "contoso.example"
	hostname     = "mail.contoso.example"
	database     = "mailboxes"
)

// Options are the flags of entente demo.
type Options struct {
	State         string // empty: a temporary folder, removed at the end
	Listen        string
	Imports       []Import
	Deterministic bool
	Describe      string // file to write when ready
	Program       string // how this program is called, for the commands to try
	Out, Log      io.Writer
}

// An Import is an iCalendar file for somebody's calendar.
type Import struct{ File, User string }

// A Target is what a program in this process needs to use the demo.
type Target struct {
	EWS      string
	CA       string // file
	Users    []string
	Password string
}

// Run makes the organization, says what runs where, serves it until ctx ends,
// and cleans up.
func Run(ctx context.Context, o Options) error { return serve(ctx, o, nil) }

// Serve makes the organization, serves it while f runs, and cleans up.
func Serve(ctx context.Context, o Options, f func(Target) error) error { return serve(ctx, o, f) }

func serve(ctx context.Context, o Options, f func(Target) error) (err error) {
	if err := loopback(o.Listen); err != nil {
		return err
	}
	started := time.Now()
	if o.State == "" {
		dir, err := os.MkdirTemp("", "entente-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.State = dir
	}
	if o.State, err = filepath.Abs(o.State); err != nil {
		return err
	}
	both, err := relayed(ctx, o)
	if err != nil {
		return fmt.Errorf("make the relay's keys: %w", err)
	}
	s, err := server.New(ctx, both.outer, server.Options{
		Organization: organization, Demo: true,
		Log: slog.New(slog.NewTextHandler(o.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	// First the organization: the certificate carries the names of its domain.
	c := newCompany(s, o)
	if err := c.make(ctx); err != nil {
		return fmt.Errorf("make %s: %w", organization, err)
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	inner, closeInner, err := c.listenVault(ctx, both.inner, l.RelayAddr().String())
	if err != nil {
		return errors.Join(fmt.Errorf("make %s: %w", vault, err), l.Abandon())
	}
	defer func() { err = errors.Join(err, closeInner()) }()
	if err := c.ready(started); err != nil {
		return errors.Join(err, inner.Abandon(), l.Abandon())
	}
	return during(ctx, inner, func(ctx context.Context) error {
		if f == nil {
			return l.Serve(ctx)
		}
		return during(ctx, l, func(context.Context) error { return f(c.target()) })
	})
}

// listenVault opens the server inside, which is not served yet.
func (c *company) listenVault(ctx context.Context, config server.Config, outer string) (*server.Listening, func() error, error) {
	s, err := openVault(ctx, config, outer, c.o)
	if err != nil {
		return nil, nil, err
	}
	c.vault = s
	// The days that may be asked about are counted from today, whatever day the
	// rest of the demo was made on.
	if err := fillVault(ctx, s, c.password, time.Now()); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return l, s.Close, nil
}

// ready says what runs where.
func (c *company) ready(started time.Time) error {
	if c.o.Describe != "" {
		if err := c.describe(c.o.Describe); err != nil {
			return err
		}
	}
	c.print(c.o.Out, time.Since(started))
	return nil
}

// during serves while f runs; f ends when its context does, which it does if
// serving ends.
func during(ctx context.Context, l *server.Listening, f func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		err := l.Serve(ctx)
		stop()
		served <- err
	}()
	err := f(ctx)
	stop()
	return errors.Join(err, <-served)
}

func (c *company) target() Target {
	t := Target{EWS: c.s.EWSURL(), CA: c.s.CAFile(), Password: c.password}
	for i := range people {
		t.Users = append(t.Users, string(c.accounts[i].UPN))
	}
	return t
}

func config(o Options) server.Config {
	c := server.Config{
		Name:     hostname,
		State:    o.State,
		Database: "sqlite:entente.db",
		Listen:   server.ListenConfig{HTTPS: o.Listen},
		Admin:    server.AdminConfig{Socket: filepath.Join(o.State, "admin.sock")},
	}
	return c.WithDefaults()
}

// loopback refuses addresses that others can reach: the demo's passwords are
// known.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return entente.Errorf(entente.Invalid, "--listen %s is not ADDRESS:PORT", address)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return entente.Errorf(entente.Invalid, "--listen %s is not a loopback address; the demo's passwords are known, so it stays on 127.0.0.1", address)
	}
	return nil
}
