package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"entente"
	"entente/ews/ewsclient"
	"entente/federation"
	"entente/outgoing"
)

// FederationConfig says how this server reaches the broker and partners. What
// the trust is, and with whom there are relationships, is kept in the directory
// and set by `entente federation` and `entente relationship`.
type FederationConfig struct {
	ExternalURL string   `yaml:"external_url,omitempty" doc:"Where partners reach this organization, such as https://mail.contoso.example: of this server, or of a published one that answers for a site which is not. Default: https and the name of this server."`
	Resolvers   []string `yaml:"resolvers,omitempty" doc:"DNS servers, as ADDRESS or ADDRESS:PORT, by which the broker and partners are found. Default: those of the system."`
	CAFiles     []string `yaml:"ca_files,omitempty" doc:"PEM files with CAs that are trusted for the broker and partners, beside those of the system."`
	Allow       []string `yaml:"allow,omitempty" doc:"Networks in which the broker or a partner may be although they are not public, such as 10.1.0.0/16."`
	Proxy       string   `yaml:"proxy,omitempty" doc:"HTTP proxy for requests to the broker and partners, such as http://proxy.contoso.example:3128, or http://USER:PASSWORD@… where it wants to know who comes. It must itself be kept from what only it can reach: this server checks what the names of partners mean here, and not what they mean to the proxy."`

	Revocation []RevocationConfig `yaml:"revocation_lists,omitempty" doc:"Lists of what CAs have revoked, for federation certificates that come from a CA."`
}

func (c *FederationConfig) check() error {
	var errs []error
	for i := range c.Revocation {
		errs = append(errs, c.Revocation[i].check())
	}
	if c.ExternalURL != "" {
		if u, err := url.Parse(c.ExternalURL); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			errs = append(errs, fmt.Errorf("external_url: %q is not https://HOST or https://HOST:PORT", c.ExternalURL))
		}
	}
	if c.Proxy != "" {
		if _, err := outgoing.ParseProxy(c.Proxy); err != nil {
			errs = append(errs, fmt.Errorf("proxy: %w", err))
		}
	}
	if len(c.Resolvers) > 0 {
		if _, err := outgoing.NewDNS(outgoing.DNSConfig{Servers: c.Resolvers}); err != nil {
			errs = append(errs, fmt.Errorf("resolvers: %w", err))
		}
	}
	_, err := networks(c.Allow)
	return errors.Join(append(errs, err)...)
}

// roots are the CAs by which the broker and partners are known.
func (c *FederationConfig) roots() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	return pool, addCAs(pool, c.CAFiles)
}

// addCAs adds the certificates in PEM files to those that are trusted.
func addCAs(pool *x509.CertPool, files []string) error {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !pool.AppendCertsFromPEM(text) {
			return fmt.Errorf("%s has no certificate in it", file)
		}
	}
	return nil
}

// rules say what asking the broker and partners may reach: public
// addresses, and the networks of the configuration.
func (c *FederationConfig) rules() (map[outgoing.Purpose]outgoing.Rule, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	networks, err := networks(c.Allow)
	if err != nil {
		return nil, err
	}
	rule := outgoing.Rule{Allow: networks, TLS: &tls.Config{RootCAs: roots}}
	if c.Proxy != "" {
		if rule.Proxy, err = outgoing.ParseProxy(c.Proxy); err != nil {
			return nil, err
		}
	}
	// A partner that is asked often is not connected to for each question.
	asking := rule
	asking.PerHost, asking.AtOnce, asking.Body = 32, 256, ewsclient.MaxAnswer
	asking.Idle, asking.IdleTime = 16, 90*time.Second
	return map[outgoing.Purpose]outgoing.Rule{
		outgoing.Broker: rule, outgoing.Partner: asking, outgoing.Autodiscover: rule,
	}, nil
}

// openFederation opens this organization's side of its federation trust.
func (s *Server) openFederation(ctx context.Context) error {
	c := s.config.Federation
	if c == nil {
		c = &FederationConfig{}
	}
	rules, err := c.rules()
	if err != nil {
		return err
	}
	// A server that has no partners starts without name servers too.
	if s.dns, err = outgoing.NewDNS(outgoing.DNSConfig{Servers: c.Resolvers}); err != nil {
		s.log.Warn("partners cannot be found by DNS", "err", err)
	}
	var resolver outgoing.Resolver // the system's, which knows the hosts file too
	if len(c.Resolvers) > 0 {
		resolver = s.dns
	}
	s.abroad = outgoing.New(rules, resolver)
	lists, err := c.revocationLists()
	if err != nil {
		return err
	}
	s.Federation, err = federation.Open(ctx, federation.Config{
		DB: s.main, Ring: s.ring, Node: s.config.Name, HTTP: s.abroad.HTTPClient(outgoing.Broker),
		Now: s.options.Now, Log: s.log, Live: s.liveNodes,
		RevocationLists: lists,
		Noted:           s.noted, Changed: s.partnersTold,
		Accepted: func(_ context.Context, d entente.Domain) (bool, error) { return s.Directory.Accepted(d), nil },
	})
	return err
}

// liveNodes are the nodes that serve this organization now.
func (s *Server) liveNodes(ctx context.Context) ([]string, error) {
	nodes, err := s.Directory.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range nodes {
		if !nodes[i].Down {
			names = append(names, nodes[i].Name)
		}
	}
	return names, nil
}

// Tick does at once what this server's federation, broker and mail service do every
// few seconds, for those who have moved its clock.
func (s *Server) Tick(ctx context.Context) {
	if s.mail != nil {
		if err := s.mail.SendDue(ctx); err != nil {
			s.log.Error("transport: send", "err", err)
		}
	}
	if s.Broker != nil {
		s.Broker.Tick(ctx)
	}
	s.Federation.Tick(ctx)
	s.partners.Tick(ctx)
}
