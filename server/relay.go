package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/authn"
	"entente/keys"
	"entente/outgoing"
	"entente/relay"
)

// RelayConfig is one side of a relay.
type RelayConfig struct {
	Role       string                 `yaml:"role" doc:"inner, where the group is, which dials; or outer, which listens and asks."`
	Listen     string                 `yaml:"listen,omitempty" doc:"Address of the outer side's listener for the inner side, such as :8443. It speaks to pinned keys only."`
	Keep       time.Duration          `yaml:"keep,omitempty" doc:"How long a message is tried before its sender hears that it did not arrive. Default 48h, at most 168h."`
	Peers      []RelayPeerConfig      `yaml:"peers" doc:"The other side, or several."`
	Agreements []RelayAgreementConfig `yaml:"agreements" doc:"What passes. Each side has its own copy and goes by it; what is not in both does not pass."`
}

// RelayPeerConfig is the other side.
type RelayPeerConfig struct {
	Name    string   `yaml:"name" doc:"What this side calls the other: letters, digits, dots and dashes."`
	Connect []string `yaml:"connect,omitempty" doc:"On the inner side: host:port of each of the outer side's listeners."`
	Keys    []string `yaml:"keys" doc:"The keys of the other side, as entente relay key prints them there. Two while a key is replaced."`
}

// RelayAgreementConfig is one agreement.
type RelayAgreementConfig struct {
	Name       string        `yaml:"name" doc:"The same on both sides."`
	Peer       string        `yaml:"peer" doc:"Name of the peer it is with."`
	Operations []string      `yaml:"operations" doc:"Of GetUserAvailability (asking when members are free), DeliverMeeting (inviting them; their answers come back), DeliverMail (sending them other mail), SendMail (members sending mail out)."`
	Group      string        `yaml:"group,omitempty" doc:"On the inner side: address of the group it is about. Nobody else inside exists for the other side."`
	Members    []string      `yaml:"members,omitempty" doc:"On the outer side: addresses, or domains, of those inside. Who has a mailbox here is never looked for there."`
	Askers     []string      `yaml:"askers" doc:"Addresses, or domains, for whom the outer side may speak."`
	Level      string        `yaml:"level,omitempty" doc:"FreeBusyTimeOnly (default), or FreeBusyTimeAndSubjectAndLocation."`
	Behind     time.Duration `yaml:"behind,omitempty" doc:"How far back may be asked about. Default 168h."`
	Ahead      time.Duration `yaml:"ahead,omitempty" doc:"How far ahead may be asked about. Default 1488h (62 days)."`
	Rate       int           `yaml:"rate,omitempty" doc:"Questions and messages a minute. Default 60."`
}

// settings are the section as the relay takes it.
func (c *RelayConfig) settings() relay.Settings {
	s := relay.Settings{Role: relay.Role(c.Role), Keep: c.Keep}
	for _, p := range c.Peers {
		peer := relay.Peer{Name: p.Name, Connect: p.Connect}
		for _, k := range p.Keys {
			peer.Keys = append(peer.Keys, relay.Pin(k))
		}
		s.Peers = append(s.Peers, peer)
	}
	for _, a := range c.Agreements {
		agreement := relay.Agreement{
			Name: a.Name, Peer: a.Peer, Group: entente.SMTPAddress(strings.ToLower(a.Group)), Members: a.Members, Askers: a.Askers,
			Level: relay.Level(a.Level), Behind: a.Behind, Ahead: a.Ahead, Rate: a.Rate,
		}
		for _, o := range a.Operations {
			agreement.Operations = append(agreement.Operations, relay.Operation(o))
		}
		s.Agreements = append(s.Agreements, agreement)
	}
	return s
}

func (c *RelayConfig) check() error {
	s := c.settings()
	errs := []error{s.Check()}
	if (s.Role == relay.Outer) != (c.Listen != "") {
		errs = append(errs, errors.New("listen: the outer side names where it listens, the inner side nothing"))
	}
	for _, p := range c.Peers {
		for _, address := range p.Connect {
			if _, _, err := net.SplitHostPort(address); err != nil {
				errs = append(errs, fmt.Errorf("peer %q: connect: %w", p.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

const purposeRelay outgoing.Purpose = "relay"

// relayRule lets the inner side reach the hosts that its configuration names,
// wherever these are, and no others.
func (c *RelayConfig) relayRule() outgoing.Rule {
	rule := outgoing.Rule{Allow: anywhere(), PerHost: 16}
	for _, p := range c.Peers {
		for _, address := range p.Connect {
			host, _, _ := net.SplitHostPort(address) // check has read it
			rule.Hosts = append(rule.Hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
		}
	}
	return rule
}

// openRelay makes this node's side of the relay, if it has one. The tables are
// there in any case, so that a backup does not depend on the configuration.
func (s *Server) openRelay(ctx context.Context) error {
	if err := s.main.Migrate(ctx, relay.Schema()); err != nil {
		return err
	}
	c := s.config.Relay
	if c == nil {
		return nil
	}
	signer, err := s.ring.RelaySigner()
	if err != nil {
		return err
	}
	checkpoints, err := s.ring.CheckpointSigner()
	if err != nil {
		return err
	}
	key, ok := checkpoints.Public().(ed25519.PublicKey)
	if !ok {
		return errors.New("the audit key is not Ed25519")
	}
	dialer := outgoing.New(map[outgoing.Purpose]outgoing.Rule{purposeRelay: c.relayRule()}, nil)
	s.relay, err = relay.New(relay.Config{
		Settings: c.settings(), Signer: signer, Node: s.config.Name, AuditKey: key,
		DB: s.main, Directory: s.Directory, Door: s.Door, Audit: s.Audit, Courier: s.post,
		Dial: dialer.DialFunc(purposeRelay), Log: s.log, Now: s.options.Now,
	})
	if err == nil {
		s.post.Routes = append(s.post.Routes, s.relay)
	}
	return err
}

// listenRelay opens the outer side's listener.
func (l *Listening) listenRelay(ctx context.Context) error {
	s := l.server
	if s.relay == nil || s.config.Relay.Listen == "" {
		return nil
	}
	if s.options.Demo && !loopback(s.config.Relay.Listen) {
		return errors.New("the demo's relay listens on loopback only")
	}
	var lc net.ListenConfig
	n, err := lc.Listen(ctx, "tcp", s.config.Relay.Listen)
	if err != nil {
		return fmt.Errorf("listen for the relay: %w", err)
	}
	l.relay = n
	return nil
}

// RelayAddr is the address of the relay's listener, nil if there is none.
func (l *Listening) RelayAddr() net.Addr {
	if l.relay == nil {
		return nil
	}
	return l.relay.Addr()
}

// serveRelay keeps the relay's channels until ctx ends.
func (l *Listening) serveRelay(ctx context.Context, failed chan<- error) {
	s := l.server
	if s.relay == nil {
		return
	}
	s.running.Go(func() { s.relay.Run(ctx) })
	if l.relay == nil {
		return
	}
	s.running.Go(func() {
		if err := s.relay.Serve(ctx, l.relay); err != nil {
			failed <- err
		}
	})
}

// relayAdmin is the relay as administrators see it.
type relayAdmin struct{ s *Server }

// Key implements admin.Relay: it makes the key if there is none, for both sides
// must have one before either can be configured.
func (r relayAdmin) Key() (string, error) {
	signer, err := r.s.ring.RelaySigner()
	if err != nil {
		return "", err
	}
	pin, err := relay.PinOf(signer.Public())
	return string(pin), err
}

func (r relayAdmin) running() (*relay.Relay, error) {
	if r.s.relay == nil {
		return nil, entente.Errorf(entente.NotFound, "this server is no side of a relay; see relay in its configuration")
	}
	return r.s.relay, nil
}

// Status implements admin.Relay.
func (r relayAdmin) Status(ctx context.Context) (relay.Status, error) {
	side, err := r.running()
	if err != nil {
		return relay.Status{}, err
	}
	return side.Status(ctx)
}

// Test implements admin.Relay.
func (r relayAdmin) Test(ctx context.Context, who entente.SMTPAddress, as access.Principal) ([]relay.Trial, error) {
	side, err := r.running()
	if err != nil {
		return nil, err
	}
	return side.Test(ctx, who, authn.Local(as, "relay test"))
}

// ForgetAlarm implements admin.Relay.
func (r relayAdmin) ForgetAlarm(ctx context.Context, peer string) error {
	side, err := r.running()
	if err != nil {
		return err
	}
	return side.ForgetAlarm(ctx, peer)
}

var _ admin.Relay = relayAdmin{}

// RelayKey returns the key that the other side of a relay pins, and makes it if
// there is none yet: each side's configuration names the other's key, so both
// are needed before either runs.
func RelayKey(ctx context.Context, c Config, o Options) (pin string, err error) {
	err = offline(ctx, c, o, func(s *Server) error {
		pin, err = relayAdmin{s}.Key()
		return err
	})
	return pin, err
}

// offline opens the state and the keys of a node that does not run.
func offline(ctx context.Context, c Config, o Options, f func(*Server) error) (err error) {
	s := &Server{config: c, options: o}
	if err := s.openState(ctx); err != nil {
		return err
	}
	if s.files, err = keys.OpenFiles(filepath.Join(c.State, "keys")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.files.Close()) }()
	s.ring = keys.New(keys.Config{Files: s.files, Now: time.Now})
	return f(s)
}
