package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entente"
	"entente/admin"
	"entente/outgoing"
	"entente/transport"
)

// TransportConfig is the mail service towards other organizations.
type TransportConfig struct {
	Send        []SendConnectorConfig    `yaml:"send_connectors,omitempty" doc:"By which smart hosts mail leaves. Without any, mail to others comes back to its sender."`
	Receive     []ReceiveConnectorConfig `yaml:"receive_connectors,omitempty" doc:"Who may bring mail to this node, and how. Without any, none comes in. Mail is taken for accepted domains alone."`
	Keep        time.Duration            `yaml:"keep,omitempty" doc:"How long a message is tried before its sender hears that it did not arrive. Default 48h, at most 168h."`
	Warn        time.Duration            `yaml:"warn,omitempty" doc:"After how long the sender hears that it has not arrived yet. Default 4h."`
	Retry       time.Duration            `yaml:"retry,omitempty" doc:"The longest time between two tries. The first is a minute, then twice as long each time. Default 30m."`
	AutoForward bool                     `yaml:"auto_forward,omitempty" doc:"Let what rules send on leave the organization. Default false: whoever gets into a mailbox would have all its mail."`
	OwnSenders  string                   `yaml:"own_senders,omitempty" doc:"What becomes of mail from outside that says it is from an accepted domain: mark shows its sender as unverified, answers nothing and believes nothing that it says of meetings; refuse; allow, where servers of this organization's own bring it. Default mark."`
}

// SendConnectorConfig is a way out.
type SendConnectorConfig struct {
	Name          string             `yaml:"name" doc:"For records, metrics and the queue."`
	AddressSpaces []string           `yaml:"address_spaces,omitempty" doc:"Domains it leads to: fabrikam.example, *.fabrikam.example for those below, or * for all. The closest of several connectors has a domain. Default *."`
	SmartHosts    []string           `yaml:"smart_hosts" doc:"HOST:PORT of the servers that take the mail. The first that answers gets it; the others are for when it does not."`
	Security      string             `yaml:"security,omitempty" doc:"starttls: no mail passes without; tls, from the first byte (port 465); none, for smart hosts on loopback. Default starttls, and none where all are on loopback."`
	CAFiles       []string           `yaml:"ca_files,omitempty" doc:"PEM files of the CAs by which the smart hosts are known. Default: the system's."`
	Certificate   *CertificateConfig `yaml:"certificate,omitempty" doc:"Client certificate for smart hosts that know this server by one."`
	User          string             `yaml:"user,omitempty" doc:"Name for AUTH PLAIN or LOGIN."`
	SecretFile    string             `yaml:"secret_file,omitempty" doc:"File with the secret of user, mode 0400 or 0600."`
	MaxSize       int                `yaml:"max_size,omitempty" doc:"Bytes of a message. Default 26214400."`
}

// ReceiveConnectorConfig is a way in.
type ReceiveConnectorConfig struct {
	Name          string   `yaml:"name" doc:"For records and metrics."`
	Listen        string   `yaml:"listen" doc:"Address such as 127.0.0.1:2525, or the absolute path of a Unix socket. Who may write to its folder may bring mail."`
	Protocol      string   `yaml:"protocol,omitempty" doc:"smtp, or lmtp for a mail server in front, which then hears of each recipient. Default smtp, and lmtp at a Unix socket."`
	Networks      []string `yaml:"networks,omitempty" doc:"Networks of the servers that bring mail, such as 10.1.2.3/32. Others are told nothing. Default: loopback."`
	RequireTLS    bool     `yaml:"require_tls,omitempty" doc:"Take mail after STARTTLS alone. Default false."`
	User          string   `yaml:"user,omitempty" doc:"Name that whoever brings mail has to prove by AUTH PLAIN or LOGIN, over TLS or loopback."`
	SecretFile    string   `yaml:"secret_file,omitempty" doc:"File with the secret of user, mode 0400 or 0600."`
	MaxSize       int      `yaml:"max_size,omitempty" doc:"Bytes of a message. Default 26214400."`
	MaxRecipients int      `yaml:"max_recipients,omitempty" doc:"Recipients of a message. Default 500."`
	Connections   int      `yaml:"connections,omitempty" doc:"Connections at once. Default 100."`
}

// settings are the section as the mail service takes it, without what lies in
// files.
func (c *TransportConfig) settings() (transport.Settings, error) {
	s := transport.Settings{
		Keep: c.Keep, Warn: c.Warn, Retry: c.Retry, AutoForward: c.AutoForward, OwnSenders: transport.OwnSenders(c.OwnSenders),
	}
	var errs []error
	for i := range c.Send {
		x := &c.Send[i]
		if (x.User == "") != (x.SecretFile == "") {
			errs = append(errs, fmt.Errorf("send connector %q: user and secret_file: both or neither", x.Name))
		}
		s.Send = append(s.Send, transport.SendConnector{
			Name: x.Name, AddressSpaces: x.AddressSpaces, SmartHosts: x.SmartHosts, Security: transport.Security(x.Security), MaxSize: int64(x.MaxSize),
		})
	}
	for i := range c.Receive {
		x := &c.Receive[i]
		nets, err := networks(x.Networks)
		if err != nil {
			errs = append(errs, fmt.Errorf("receive connector %q: networks: %w", x.Name, err))
		}
		if (x.User == "") != (x.SecretFile == "") {
			errs = append(errs, fmt.Errorf("receive connector %q: user and secret_file: both or neither", x.Name))
		}
		socket := strings.HasPrefix(x.Listen, "/")
		if x.Protocol != "" && x.Protocol != "smtp" && x.Protocol != "lmtp" {
			errs = append(errs, fmt.Errorf("receive connector %q: protocol: %q is neither smtp nor lmtp", x.Name, x.Protocol))
		}
		s.Receive = append(s.Receive, transport.ReceiveConnector{
			Name: x.Name, Listen: x.Listen, LMTP: x.Protocol == "lmtp" || x.Protocol == "" && socket, Networks: nets,
			MaxSize: int64(x.MaxSize), MaxTo: x.MaxRecipients, AtOnce: x.Connections,
		})
	}
	return s, errors.Join(errs...)
}

func (c *TransportConfig) check() error {
	s, err := c.settings()
	return errors.Join(err, s.Check())
}

// rule lets the mail service reach the smart hosts that the configuration names,
// wherever these are, and no others.
func (c *TransportConfig) rule() outgoing.Rule {
	rule := outgoing.Rule{Allow: anywhere(), PerHost: 16}
	for i := range c.Send {
		for _, address := range c.Send[i].SmartHosts {
			host, _, _ := net.SplitHostPort(address) // check has read it
			rule.Hosts = append(rule.Hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
		}
	}
	return rule
}

// openTransport makes this node's part of the mail service. The tables are there in
// any case, so that a backup does not depend on the configuration; a node without
// connectors leaves the queue to those that have some.
func (s *Server) openTransport(ctx context.Context) error {
	if err := s.main.Migrate(ctx, transport.Schema()); err != nil {
		return err
	}
	c := s.config.Transport
	if c == nil {
		return nil
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if err := s.readConnectors(ctx, &settings); err != nil {
		return err
	}
	seal, err := s.ring.ParcelSeal(ctx)
	if err != nil {
		return err
	}
	dialer := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.SmartHost: c.rule()}, nil)
	s.mail, err = transport.New(transport.Config{
		Settings: settings, Name: s.config.Name, DB: s.main, Seal: seal, Directory: s.Directory, Door: s.Door, Audit: s.Audit, Courier: s.post,
		Dial: dialer.DialFunc(outgoing.SmartHost), Log: s.log, Now: s.options.Now, Observe: s.metrics.mailed,
	})
	if err == nil && len(settings.Send) > 0 {
		s.post.Routes = append(s.post.Routes, s.mail)
	}
	return err
}

// readConnectors completes settings with the certificates and secrets that lie in
// files.
func (s *Server) readConnectors(ctx context.Context, settings *transport.Settings) error {
	c := s.config.Transport
	for i := range c.Send {
		from, to := &c.Send[i], &settings.Send[i]
		pool, err := poolOf(from.CAFiles)
		if err != nil {
			return err
		}
		to.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		if from.Certificate != nil {
			if to.TLS.Certificates, err = loadPairs([]CertificateConfig{*from.Certificate}); err != nil {
				return err
			}
		}
		if from.SecretFile == "" {
			continue
		}
		if to.Password, err = secretFile(from.SecretFile); err != nil {
			return err
		}
		to.User = from.User
	}
	for i := range c.Receive {
		from, to := &c.Receive[i], &settings.Receive[i]
		var err error
		if !strings.HasPrefix(from.Listen, "/") {
			if to.TLS, err = s.tlsConfig(ctx); err != nil {
				return err
			}
			to.TLS.NextProtos = nil
			to.RequireTLS = from.RequireTLS
		}
		if from.SecretFile == "" {
			continue
		}
		if to.Password, err = secretFile(from.SecretFile); err != nil {
			return err
		}
		to.User = from.User
	}
	return nil
}

// listenTransport opens the sockets of the receive connectors.
func (l *Listening) listenTransport(ctx context.Context) error {
	s := l.server
	if s.mail == nil {
		return nil
	}
	for i := range s.mail.Receive {
		c := &s.mail.Receive[i]
		if s.options.Demo && !strings.HasPrefix(c.Listen, "/") && !loopback(c.Listen) {
			return errors.New("the demo takes mail on loopback only")
		}
		n, err := listenMail(ctx, c.Listen)
		if err != nil {
			return fmt.Errorf("listen for mail at %s: %w", c.Name, err)
		}
		l.mail = append(l.mail, n)
	}
	return nil
}

func listenMail(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if !strings.HasPrefix(address, "/") {
		return lc.Listen(ctx, "tcp", address)
	}
	if err := removeStale(address); err != nil {
		return nil, err
	}
	n, err := lc.Listen(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	// A mail server in front runs as somebody else. Who may come here, the folder says.
	if err := os.Chmod(filepath.Clean(address), 0o666); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// MailAddr is the address of the receive connector with a name, nil if there is none.
func (l *Listening) MailAddr(connector string) net.Addr {
	for i, n := range l.mail {
		if l.server.mail.Receive[i].Name == connector {
			return n.Addr()
		}
	}
	return nil
}

// serveTransport sends and takes mail until ctx ends.
func (l *Listening) serveTransport(ctx context.Context, failed chan<- error) {
	s := l.server
	if s.mail == nil {
		return
	}
	if len(s.mail.Send) > 0 {
		s.running.Go(func() { s.mail.Run(ctx) })
	}
	for i, n := range l.mail {
		s.running.Go(func() {
			if err := s.mail.Serve(ctx, &s.mail.Receive[i], n); err != nil {
				failed <- err
			}
		})
	}
}

// mailAdmin is the mail service as administrators see it.
type mailAdmin struct{ s *Server }

func (m mailAdmin) running() (*transport.Service, error) {
	if m.s.mail == nil {
		return nil, entente.Errorf(entente.NotFound, "this server neither sends nor takes mail of other organizations; see transport in its configuration")
	}
	return m.s.mail, nil
}

// Queues implements admin.Mail.
func (m mailAdmin) Queues(ctx context.Context) ([]transport.Queue, error) {
	service, err := m.running()
	if err != nil {
		return nil, err
	}
	return service.Queues(ctx)
}

// Messages implements admin.Mail.
func (m mailAdmin) Messages(ctx context.Context, which transport.Selection, most int) ([]transport.Message, error) {
	service, err := m.running()
	if err != nil {
		return nil, err
	}
	return service.Messages(ctx, which, most)
}

// RetryNow implements admin.Mail.
func (m mailAdmin) RetryNow(ctx context.Context, which transport.Selection) (int, error) {
	service, err := m.running()
	if err != nil {
		return 0, err
	}
	return service.RetryNow(ctx, which)
}

// Suspend implements admin.Mail.
func (m mailAdmin) Suspend(ctx context.Context, which transport.Selection, yes bool) (int, error) {
	service, err := m.running()
	if err != nil {
		return 0, err
	}
	return service.Suspend(ctx, which, yes)
}

// Remove implements admin.Mail.
func (m mailAdmin) Remove(ctx context.Context, id string, tell bool) error {
	service, err := m.running()
	if err != nil {
		return err
	}
	return service.Remove(ctx, id, tell)
}

// Connectors implements admin.Mail.
func (m mailAdmin) Connectors() ([]transport.ConnectorInfo, error) {
	service, err := m.running()
	if err != nil {
		return nil, err
	}
	return service.Connectors(), nil
}

var _ admin.Mail = mailAdmin{}
