package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"entente/audit"
	"entente/broker"
	"entente/db"
	"entente/keys"
	"entente/outgoing"
)

// BrokerConfig makes this server a trust broker, beside its organization or
// instead of one.
type BrokerConfig struct {
	Only        bool          `yaml:"only,omitempty" doc:"This server is a broker and serves no organization. Default false."`
	Issuer      string        `yaml:"issuer" doc:"The broker's name in its tokens: urn:federation:NAME. It never changes."`
	URL         string        `yaml:"url,omitempty" doc:"Where organizations reach the broker: https://HOST or https://HOST:PORT. Default: https and the name of this server."`
	Database    string        `yaml:"database,omitempty" doc:"The broker's own database: sqlite:FILE (relative to state) or a postgres:// URL. Default sqlite:broker.db."`
	Resolvers   []string      `yaml:"resolvers,omitempty" doc:"DNS servers by which proofs of domains are looked up; all must agree. Name two of different operators. Default: those of the system."`
	OneResolver bool          `yaml:"one_resolver,omitempty" doc:"One resolver's word is enough. Who deceives it gets domains that are not his. Default false."`
	NoAuthority bool          `yaml:"no_authority,omitempty" doc:"Do not ask a domain's own name servers as well, where these cannot be reached or answer otherwise. Default false."`
	DNSPort     uint16        `yaml:"dns_port,omitempty" doc:"Port at which a domain's own name servers are asked. Default 53."`
	Allow       []string      `yaml:"allow,omitempty" doc:"Networks in which name servers of domains may be although they are not public."`
	Refresh     time.Duration `yaml:"refresh,omitempty" doc:"How often organizations look at the broker's metadata. Default 1h."`
	KeyLife     time.Duration `yaml:"key_life,omitempty" doc:"How long a generation of the broker's keys signs before the next one takes over by itself. Default 2160h (90 days)."`
}

// brokerOwner is whose the keys in the broker's database are.
const brokerOwner = "broker"

func (c *BrokerConfig) check() error {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("issuer: name it, such as urn:federation:broker.example"))
	}
	if err := checkDatabase(c.database()); err != nil {
		errs = append(errs, fmt.Errorf("database: %w", err))
	}
	if _, err := networks(c.Allow); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *BrokerConfig) database() string {
	if c.Database == "" {
		return "sqlite:broker.db"
	}
	return c.Database
}

// openBrokerDatabase opens the broker's database and makes its tables.
func (s *Server) openBrokerDatabase(ctx context.Context) (*db.DB, error) {
	d, err := s.open(ctx, s.config.Broker.database())
	if err != nil {
		return nil, err
	}
	s.onClose(d.Close)
	sealed, err := keys.Schema()
	if err != nil {
		return nil, err
	}
	for _, m := range []db.Migration{sealed, audit.Schema(), broker.Schema()} {
		if err := d.Migrate(ctx, m); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// verifyBrokerLog checks the broker's own audit log.
func (s *Server) verifyBrokerLog(ctx context.Context, d *db.DB) ([]audit.Report, error) {
	ring := keys.New(keys.Config{DB: d, Organization: brokerOwner, Files: s.files, Now: s.options.Now})
	signer, err := ring.CheckpointSigner()
	if err != nil {
		return nil, err
	}
	key, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the audit key is not Ed25519")
	}
	seal, err := ring.AuditSeal(ctx)
	if err != nil {
		return nil, err
	}
	return audit.VerifyAll(ctx, d, seal, s.brokerNode(), key, "", "")
}

// brokerNode names this node's audit log of the broker.
func (s *Server) brokerNode() string { return s.config.Name + "/" + brokerOwner }

// openBroker opens the broker, if this server is one.
func (s *Server) openBroker(ctx context.Context) error {
	c := s.config.Broker
	if c == nil {
		return nil
	}
	d, err := s.openBrokerDatabase(ctx)
	if err != nil {
		return err
	}
	ring := keys.New(keys.Config{DB: d, Organization: brokerOwner, Files: s.files, Now: s.options.Now})
	signer, err := ring.CheckpointSigner()
	if err != nil {
		return err
	}
	seal, err := ring.AuditSeal(ctx)
	if err != nil {
		return err
	}
	log, err := audit.Open(ctx, audit.Config{
		DB: d, Node: s.brokerNode(), Signer: signer, Now: s.options.Now, Seal: seal,
		Failed: func(err error) { s.log.Error("broker's audit", "err", err) },
	})
	if err != nil {
		return err
	}
	s.onClose(func() error { log.Close(); return nil })
	allow, err := networks(c.Allow)
	if err != nil {
		return err
	}
	names, err := outgoing.NewDNS(outgoing.DNSConfig{Servers: c.Resolvers, Port: c.DNSPort, Allow: allow})
	if err != nil {
		return err
	}
	url := c.URL
	if url == "" {
		url = "https://" + s.config.Name
	}
	s.Broker, err = broker.Open(ctx, broker.Config{
		DB: d, Ring: ring, Audit: log, Issuer: c.Issuer, URL: url, DNS: names,
		OneResolver: c.OneResolver, NoAuthority: c.NoAuthority,
		Times: broker.Times{Refresh: c.Refresh, KeyLife: c.KeyLife},
		Now:   s.options.Now, Log: s.log,
		// It stands in both logs, and in what the organization's own server asks about
		// its domains, whether the contact can be written to or not.
		Told: func(ctx context.Context, n broker.Notice) {
			s.log.Info("broker: an organization should hear of this", "app", n.App, "contact", n.Contact, "domain", n.Domain, "text", n.Text)
			if err := s.write(ctx, n); err != nil {
				s.log.Warn("broker: the contact cannot be written to", "contact", n.Contact, "err", err)
			}
		},
	})
	return err
}

// brokerRoutes puts the broker's paths into the table of paths.
func (s *Server) brokerRoutes(table map[string]http.Handler) {
	if s.Broker == nil {
		return
	}
	for path, h := range s.Broker.Routes() {
		table[strings.ToLower(path)] = h // paths have no case here
	}
}

func networks(texts []string) (all []netip.Prefix, err error) {
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("allow: %q is not a network such as 10.1.0.0/16", s)
		}
		all = append(all, p)
	}
	return all, nil
}
