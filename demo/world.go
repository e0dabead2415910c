package demo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"entente/server"
)

// A world is all that the demo runs: contoso, the vault behind its relay, and
// fabrikam, with a trust broker between the two and a name server for them all.
type world struct {
	host
	started  time.Time
	names    *names
	contoso  *company
	fabrikam *server.Server
	broker   *server.Server

	brokerURL string
	// Where mail from outside is taken.
	mailAt, fabrikamMailAt string
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

// listen opens a server's sockets and, if it has domains, says in DNS where it is.
func (w *world) listen(ctx context.Context, s *server.Server, hostname string, domains ...string) (*server.Listening, error) {
	l, err := w.host.listen(ctx, s)
	if err != nil || len(domains) == 0 {
		return l, err
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	return l, w.names.announce(hostname, at, domains...)
}

// close closes what was opened, the last first.
func (w *world) close() error {
	err := w.host.close()
	if w.names != nil {
		err = errors.Join(err, w.names.close())
	}
	return err
}

// run serves everything while f runs, or until ctx ends.
func (w *world) run(ctx context.Context, f func(Target) error) error {
	return w.serve(ctx, func(ctx context.Context) error {
		if err := w.federate(ctx); err != nil {
			return err
		}
		return w.ready()
	}, func() error {
		if f == nil {
			return nil
		}
		return f(w.contoso.target())
	}, f == nil)
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
