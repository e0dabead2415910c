// Package demo runs an organization on loopback, complete with people,
// calendars, mail and applications that act for some of them, to play with and
// to test against; beside it the server of a secure group, reached by a relay,
// and another organization, trusted through a broker.
//
// It is the real server with made-up content. Nothing in it is for
// production: its passwords are printed, so its state is marked, and serve
// refuses a marked state.
package demo

import (
	"context"
	"errors"
	"io"
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
	Kerberos      string // file that says where a realm is; then that is published, and nothing else runs
	Program       string // how this program is called, for the commands to try
	Out, Log      io.Writer

	// In tests: the clock of all servers, and how long the first certificates of the
	// federation hold; zero is as long as any.
	now  func() time.Time
	life time.Duration
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
	var d demonstration = &world{host: host{o: o}, started: time.Now()}
	if o.Kerberos != "" {
		r, err := readRealm(o.Kerberos)
		if err != nil {
			return err
		}
		d = &published{host: host{o: o}, forest: r, started: time.Now()}
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx); err != nil {
		return err
	}
	return d.run(ctx, f)
}

// A demonstration is what runs: the organizations, or what is published of a
// realm.
type demonstration interface {
	open(ctx context.Context) error
	run(ctx context.Context, f func(Target) error) error
	close() error
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
