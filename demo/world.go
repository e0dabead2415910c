package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"entente/server"
)

// A world is all that the demo runs: contoso, the vault behind its relay, and
// fabrikam, with a trust broker between the two and a name server for them all.
type world struct {
	o        Options
	started  time.Time
	names    *names
	contoso  *company
	fabrikam *server.Server
	broker   *server.Server

	brokerURL string
	mu        sync.Mutex
	servers   []*server.Server    // as they were made
	sockets   []*server.Listening // of those that do not serve yet
}

// open makes everything; nothing is served yet.
func (w *world) open(ctx context.Context) (err error) {
	if w.names, err = serveNames(); err != nil {
		return err
	}
	both, err := relayed(ctx, w.o)
	if err != nil {
		return fmt.Errorf("make the relay's keys: %w", err)
	}
	others, err := w.abroad(ctx, &both.outer)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	s, err := w.server(ctx, organization, both.outer)
	if err != nil {
		return err
	}
	w.contoso = newCompany(s, w.o)
	return errors.Join(together(
		func() error { return w.openContoso(ctx, both) },
		func() error { return w.openFabrikam(ctx, others.fabrikam) },
		func() error { return w.openBroker(ctx, others.broker) },
	)...)
}

// together does things at the same time.
func together(do ...func() error) []error {
	errs := make([]error, len(do))
	var all sync.WaitGroup
	for i, f := range do {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	return errs
}

// openContoso makes the organization before its sockets: the certificate carries
// the names of its domains.
func (w *world) openContoso(ctx context.Context, both pair) error {
	c := w.contoso
	if err := c.make(ctx); err != nil {
		return fmt.Errorf("make %s: %w", organization, err)
	}
	l, err := w.listen(ctx, c.s, hostname, contosoDomains()...)
	if err != nil {
		return err
	}
	both.inner.Relay.Peers[0].Connect = []string{l.RelayAddr().String()}
	if c.vault, err = w.server(ctx, vault, both.inner); err != nil {
		return err
	}
	// The days that may be asked about are counted from today, whatever day the
	// rest of the demo was made on.
	if err := fillVault(ctx, c.vault, c.password, time.Now()); err != nil {
		return fmt.Errorf("make %s: %w", vault, err)
	}
	_, err = w.listen(ctx, c.vault, vaultHostname)
	return err
}

func (w *world) openFabrikam(ctx context.Context, c server.Config) (err error) {
	if w.fabrikam, err = w.server(ctx, fabrikam, c); err != nil {
		return err
	}
	if err := fillFabrikam(ctx, w.fabrikam, w.contoso.password, time.Now()); err != nil {
		return fmt.Errorf("make %s: %w", fabrikam, err)
	}
	_, err = w.listen(ctx, w.fabrikam, fabrikamHostname, fabrikamDomains()...)
	return err
}

func (w *world) openBroker(ctx context.Context, c server.Config) (err error) {
	if w.broker, err = w.server(ctx, broker, c); err == nil {
		_, err = w.listen(ctx, w.broker, brokerHostname, brokerHostname)
	}
	return err
}

// server makes a server that is closed with the world.
func (w *world) server(ctx context.Context, organization string, c server.Config) (*server.Server, error) {
	s, err := server.New(ctx, c, server.Options{
		Organization: organization, Demo: true, Now: w.o.now,
		Log: slog.New(slog.NewTextHandler(w.o.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers = append(w.servers, s)
	return s, nil
}

// listen opens a server's sockets and, if it has domains, says in DNS where it is.
func (w *world) listen(ctx context.Context, s *server.Server, hostname string, domains ...string) (*server.Listening, error) {
	l, err := s.Listen(ctx)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sockets = append(w.sockets, l)
	if len(domains) == 0 {
		return l, nil
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	return l, w.names.announce(hostname, at, domains...)
}

// close closes what was opened, the last first.
func (w *world) close() error {
	var errs []error
	for _, l := range w.sockets {
		errs = append(errs, l.Abandon())
	}
	for i := len(w.servers) - 1; i >= 0; i-- {
		errs = append(errs, w.servers[i].Close())
	}
	if w.names != nil {
		errs = append(errs, w.names.close())
	}
	return errors.Join(errs...)
}

// run serves everything while f runs, or until ctx ends; if one of the servers
// ends, all do.
func (w *world) run(asked context.Context, f func(Target) error) error {
	ctx, stop := context.WithCancel(asked)
	defer stop()
	ended := make(chan error, len(w.sockets))
	n := len(w.sockets)
	for _, l := range w.sockets {
		go func() {
			err := l.Serve(ctx)
			stop()
			ended <- err
		}()
	}
	w.sockets = nil
	err := w.federate(ctx)
	if err == nil {
		err = w.ready()
	}
	if asked.Err() != nil {
		err = nil // told to stop before everything stood, which is no failure
	}
	switch {
	case err != nil:
	case f != nil:
		err = f(w.contoso.target())
	default:
		<-ctx.Done()
	}
	stop()
	errs := []error{err}
	for range n {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// ready says what runs where.
func (w *world) ready() error {
	if w.o.Describe != "" {
		if err := w.describe(w.o.Describe); err != nil {
			return err
		}
	}
	w.print(w.o.Out, time.Since(w.started))
	return nil
}
