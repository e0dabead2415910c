package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/kerberos"
	"entente/outgoing"
	"entente/publish"
)

// PublishConfig makes this server a gateway that publishes servers inside.
type PublishConfig struct {
	Only      bool                    `yaml:"only,omitempty" doc:"This server is a gateway and serves no organization of its own to clients: what listen and tls say is not used, and mailboxes are elsewhere. It has its own state, audit log and copy of the directory (ldap). Default false."`
	Listeners []PublishListenerConfig `yaml:"listeners" doc:"Where clients connect, and how they sign in there."`
	Rules     []PublishRuleConfig     `yaml:"rules" doc:"What is published, and how servers inside are told who is calling."`
	Networks  []string                `yaml:"networks,omitempty" doc:"Networks in which servers inside may be although they are not public. Default: the private ones, and the addresses that stand in inside."`
	Limits    PublishLimitsConfig     `yaml:"limits,omitempty" doc:"Limits that may need to differ from the defaults."`
}

// PublishListenerConfig is an address with what clients must prove there.
type PublishListenerConfig struct {
	Name         string              `yaml:"name" doc:"By which rules name it."`
	Address      string              `yaml:"address" doc:"Such as :443."`
	Certificates []CertificateConfig `yaml:"certificates" doc:"Certificate and key files (PEM). Each public name must be in one of them; clients that ask for any other name get none."`
	Auth         []string            `yaml:"auth" doc:"How clients sign in: certificate, negotiate, basic, several of them, or none."`
	Authorities  []AuthorityConfig   `yaml:"authorities,omitempty" doc:"The CAs whose client certificates count, with auth certificate."`
	Networks     []string            `yaml:"networks,omitempty" doc:"Networks in which lists and responders of the authorities may be although they are not public. Default: the private ones, and the addresses that stand in crl and ocsp."`
	Hints        bool                `yaml:"hints,omitempty" doc:"Name the authorities of client certificates in the handshake, so that clients with several choose by it. Default false."`
	MinTLS       string              `yaml:"min_tls,omitempty" doc:"1.2 or 1.3. Default 1.2."`
	HTTP2        *bool               `yaml:"http2,omitempty" doc:"Offer HTTP/2. Default: true, but false where a rule publishes ActiveSync, whose clients expect HTTP/1.1."`
}

// PublishRuleConfig publishes paths of an internal site.
type PublishRuleConfig struct {
	Name        string        `yaml:"name" doc:"By which records and reports name it."`
	Listener    string        `yaml:"listener" doc:"Name of the listener."`
	Names       []string      `yaml:"names" doc:"Public host names."`
	Preset      string        `yaml:"preset,omitempty" doc:"The paths of a protocol: ews, activesync, autodiscover, or exchange for all three; federation for those of WS-Security, at which nobody signs in."`
	Paths       []string      `yaml:"paths,omitempty" doc:"Further paths; with a final slash all that is below, such as /owa/. Which of two rules publishes a path must not depend on their order: the same one twice is refused."`
	Site        string        `yaml:"site,omitempty" doc:"Name of the internal site, which its certificate must have. Default: the host of the first of inside."`
	Inside      []string      `yaml:"inside" doc:"Servers of the internal site in the order in which they are tried: https://HOST or https://HOST:PORT."`
	SPN         string        `yaml:"spn,omitempty" doc:"Service principal name of the internal site. Default: HTTP/ and its name."`
	Delegation  string        `yaml:"delegation,omitempty" doc:"How the inside is told who is calling. none passes nothing on; pass-through has the server inside sign clients in; basic passes name and password on; kerberos gets a ticket in the user's name, whatever he signed in with; kerberos-only does so with his own ticket as evidence. Default none."`
	Shared      bool          `yaml:"shared,omitempty" doc:"Requests of different users share connections to the inside. Only for servers that ask who is calling on every request. Default false."`
	Enforce     bool          `yaml:"enforce,omitempty" doc:"Apply the organization's application and impersonation policies here, for servers inside that are not ours. Default false."`
	Impersonate string        `yaml:"impersonate,omitempty" doc:"With enforce, what becomes of EWS requests in another's name: pass, translate (delegate as whom it names), or refuse. Default pass."`
	Poll        time.Duration `yaml:"poll,omitempty" doc:"Longest silence of a server inside. Default 30m."`
	CAFiles     []string      `yaml:"ca_files,omitempty" doc:"PEM files with the CAs that the inside's certificates come from. Default: those of the system."`
	Health      string        `yaml:"health,omitempty" doc:"Path that a healthy server answers with less than 400. Default: one that takes a TLS connection is healthy."`
}

// PublishLimitsConfig bounds what clients can take.
type PublishLimitsConfig struct {
	Connections int           `yaml:"connections,omitempty" doc:"Connections of one source on which nobody has signed in. Default 100."`
	PerUser     int           `yaml:"per_user,omitempty" doc:"Requests of one user at once. Default 100."`
	Body        int           `yaml:"body,omitempty" doc:"Bytes of a request's body. Default 37748736 (36 MiB)."`
	HeaderTime  time.Duration `yaml:"header_time,omitempty" doc:"How long a request's header may take to come. Default 10s."`
	Inside      int           `yaml:"inside,omitempty" doc:"Connections to servers inside, in all. Default 32768."`
}

func (c *Config) publishOnly() bool { return c.Publish != nil && c.Publish.Only }

// check reports everything that is wrong: with the texts, and with how listeners
// and rules go together.
func (c *PublishConfig) check(whole *Config) error {
	var errs []error
	if len(c.Listeners) == 0 || len(c.Rules) == 0 {
		errs = append(errs, errors.New("listeners, rules: there is nothing to publish without both"))
	}
	listeners, err := c.listeners(nil)
	errs = append(errs, err)
	rules, err := c.rules(nil)
	errs = append(errs, err, publish.Check(listeners, rules))
	if _, err := networks(c.Networks); err != nil {
		errs = append(errs, fmt.Errorf("networks: %w", err))
	}
	for i := range c.Rules {
		d := publish.Delegation(c.Rules[i].Delegation)
		if (d == publish.KCD || d == publish.KCDKerberosOnly) && (whole.Kerberos == nil || whole.Kerberos.Account == "") {
			errs = append(errs, fmt.Errorf("rule %s: delegation: %s needs an account that may delegate: set kerberos.account", c.Rules[i].Name, d))
		}
	}
	for i := range c.Listeners {
		for _, a := range c.Listeners[i].Auth {
			if publish.ClientAuth(a) == publish.WithNegotiate && whole.Kerberos == nil {
				errs = append(errs, fmt.Errorf("listener %s: auth: negotiate needs a keytab: set kerberos", c.Listeners[i].Name))
			}
		}
	}
	if l := c.Limits; l.Connections < 0 || l.PerUser < 0 || l.Body < 0 || l.HeaderTime < 0 || l.Inside < 0 {
		errs = append(errs, errors.New("limits: none is less than nothing"))
	}
	return errors.Join(errs...)
}

// listeners reads the listeners' texts; with a server also its files.
func (c *PublishConfig) listeners(s *Server) (all []publish.Listener, err error) {
	var errs []error
	for i := range c.Listeners {
		l, err := c.listener(&c.Listeners[i], s)
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", c.Listeners[i].Name, err))
		}
		all = append(all, l)
	}
	return all, errors.Join(errs...)
}

func (c *PublishConfig) listener(from *PublishListenerConfig, s *Server) (publish.Listener, error) {
	l := publish.Listener{Name: from.Name, Address: from.Address, Hints: from.Hints, HTTP2: c.http2(from)}
	var errs []error
	for _, a := range from.Auth {
		l.Auth = append(l.Auth, publish.ClientAuth(a))
	}
	if _, _, err := net.SplitHostPort(from.Address); err != nil {
		errs = append(errs, fmt.Errorf("address: %q is not HOST:PORT or :PORT", from.Address))
	}
	switch from.MinTLS {
	case "", "1.2":
		l.MinTLS = tls.VersionTLS12
	case "1.3":
		l.MinTLS = tls.VersionTLS13
	default:
		errs = append(errs, fmt.Errorf("min_tls: %q is neither 1.2 nor 1.3", from.MinTLS))
	}
	if len(from.Certificates) == 0 {
		errs = append(errs, errors.New("certificates: name at least one, with its key"))
	}
	clients := &ClientsConfig{Authorities: from.Authorities, Networks: from.Networks}
	if len(from.Authorities) > 0 {
		errs = append(errs, clients.check())
		l.Judge = new(clientcert.Judge) // in whose place the real one comes
	}
	if s == nil {
		return l, errors.Join(errs...)
	}
	pairs, err := loadPairs(from.Certificates)
	if err != nil {
		return l, err
	}
	l.Certificates = pairs
	if l.Judge != nil {
		if l.Judge, err = s.judge(clients, s.Directory.Snapshot); err != nil {
			return l, err
		}
	}
	l.Methods, err = s.publishMethods(&l)
	return l, errors.Join(append(errs, err)...)
}

// renewEvery is how soon certificates that were replaced on disk are shown.
const renewEvery = time.Minute

// renewCertificates has the gateway's listeners show what lies on disk. Files that
// cannot be used change nothing: half of a pair may have been written so far.
func (s *Server) renewCertificates(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.renewNow()
	}
}

func (s *Server) renewNow() {
	for i := range s.config.Publish.Listeners {
		l := &s.config.Publish.Listeners[i]
		pairs, err := loadPairs(l.Certificates)
		if err == nil {
			err = s.Gateway.Renew(l.Name, pairs)
		}
		if err != nil && s.complaints.fresh("certificates\x00"+l.Name, s.options.Now()) {
			s.log.Warn("publish: certificates on disk cannot be used", "listener", l.Name, "err", err)
		}
	}
}

// http2 reports whether a listener offers HTTP/2: unless it is said, not where
// ActiveSync is published.
func (c *PublishConfig) http2(l *PublishListenerConfig) bool {
	if l.HTTP2 != nil {
		return *l.HTTP2
	}
	for _, r := range c.Rules {
		if p := publish.Preset(r.Preset); r.Listener == l.Name && (p == publish.ActiveSync || p == publish.Exchange) {
			return false
		}
	}
	return true
}

// publishMethods are those by which clients sign in at a listener: what looks at
// the Authorization header first.
func (s *Server) publishMethods(l *publish.Listener) (all authn.Methods, err error) {
	has := func(a publish.ClientAuth) bool { return slices.Contains(l.Auth, a) }
	if has(publish.WithNegotiate) {
		if all = s.negotiateMethod(); all == nil {
			return nil, errors.New("auth: negotiate needs a keytab: set kerberos")
		}
	}
	if has(publish.WithBasic) {
		all = append(all, &authn.Basic{Directory: s.Directory, Realm: s.config.Name, Secure: secure})
	}
	if has(publish.WithCertificate) && l.Judge != nil {
		all = append(all, s.methodOf(l.Judge)...)
	}
	return all, nil
}

// rules reads the rules' texts; with a server also their files.
func (c *PublishConfig) rules(s *Server) (all []publish.Rule, err error) {
	var errs []error
	for i := range c.Rules {
		r, err := c.Rules[i].rule(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", c.Rules[i].Name, err))
		}
		all = append(all, r)
	}
	return all, errors.Join(errs...)
}

func (c *PublishRuleConfig) rule(s *Server) (publish.Rule, error) {
	r := publish.Rule{
		Name: c.Name, Listener: c.Listener, Names: c.Names, Preset: publish.Preset(c.Preset), Paths: c.Paths,
		Site: c.Site, SPN: entente.SPN(c.SPN), Delegation: publish.Delegation(c.Delegation), Shared: c.Shared,
		Enforce: c.Enforce, Impersonate: publish.Impersonation(c.Impersonate), Poll: c.Poll, Health: c.Health,
	}
	var errs []error
	for _, text := range c.Inside {
		u, err := url.Parse(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("inside: %q is no URL", text))
			continue
		}
		r.Inside = append(r.Inside, u)
	}
	if s != nil {
		var err error
		if r.Roots, err = poolOf(c.CAFiles); err != nil {
			errs = append(errs, fmt.Errorf("ca_files: %w", err))
		}
	}
	return r, errors.Join(errs...)
}

// defaultInside is how many connections to servers inside there may be: phones
// that wait for news hold one each.
const defaultInside = 32768

// rule says where servers inside may be.
func (c *PublishConfig) rule() (outgoing.Rule, error) {
	allow, err := networks(c.Networks)
	if err != nil {
		return outgoing.Rule{}, err
	}
	if len(c.Networks) == 0 {
		allow = privateNetworks()
	}
	most := cmp.Or(c.Limits.Inside, defaultInside)
	rule := outgoing.Rule{Allow: allow, AtOnce: most, PerHost: most}
	for i := range c.Rules {
		for _, text := range c.Rules[i].Inside {
			u, err := url.Parse(text)
			if err != nil {
				return outgoing.Rule{}, err
			}
			rule.Hosts = append(rule.Hosts, strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")))
			if a, ok := literal(u.Hostname()); ok {
				rule.Allow = append(rule.Allow, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return rule, nil
}

// openPublish makes the gateway, if this server is one.
func (s *Server) openPublish(context.Context) error {
	c := s.config.Publish
	if c == nil {
		return nil
	}
	listeners, err := c.listeners(s)
	if err != nil {
		return err
	}
	for i := range listeners {
		if s.options.Demo && !loopback(listeners[i].Address) {
			return errors.New("the demo publishes on loopback only: its passwords are known")
		}
	}
	rules, err := c.rules(s)
	if err != nil {
		return err
	}
	way, err := c.rule()
	if err != nil {
		return err
	}
	conf := publish.Config{
		Listeners: listeners, Rules: rules,
		Limits: publish.Limits{
			Strangers: c.Limits.Connections, PerUser: c.Limits.PerUser, Body: int64(c.Limits.Body), Header: c.Limits.HeaderTime,
		},
		Snapshot: s.Directory.Snapshot, Enforcer: s.enforcer(),
		Dialer: outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Published: way}, nil),
		Audit:  s.Audit, Log: s.log, Now: s.options.Now, Observe: s.metrics.published,
	}
	if d := s.delegator(); d != nil {
		conf.Tickets, conf.Realm = d, s.config.Kerberos.Realm
		for _, r := range s.config.Kerberos.realms() {
			if strings.EqualFold(r.Name, conf.Realm) {
				conf.PAC = kerberos.PACMode(r.PAC)
			}
		}
	}
	if s.LDAP != nil {
		conf.Fresh, conf.MaxAge = s.LDAP.Fresh, s.config.LDAP.MaxAge
	}
	s.Gateway, err = publish.New(conf)
	return err
}

// listenPublish opens the gateway's listeners.
func (l *Listening) listenPublish(ctx context.Context) (err error) {
	if l.server.Gateway == nil {
		return nil
	}
	l.published, err = l.server.Gateway.Listen(ctx)
	return err
}

// servePublish publishes until ctx ends.
func (l *Listening) servePublish(ctx context.Context, failed chan<- error) {
	if l.published == nil {
		return
	}
	s := l.server
	s.background(ctx, s.renewCertificates)
	s.running.Go(func() {
		if err := l.published.Serve(ctx, s.config.Limits.ShutdownTimeout); err != nil {
			failed <- err
		}
	})
}

// Published returns the address of a listener of the gateway; nil if there is none.
func (l *Listening) Published(listener string) net.Addr {
	if l.published == nil {
		return nil
	}
	return l.published.Addr(listener)
}

// gatewayAdmin is the gateway as admin needs it; it is made after the verbs are.
type gatewayAdmin struct{ s *Server }

// Status implements admin.Gateway.
func (g gatewayAdmin) Status() publish.Status {
	if g.s.Gateway == nil {
		return publish.Status{}
	}
	return g.s.Gateway.Status()
}

// ticketsAdmin is the delegator as admin needs it.
type ticketsAdmin struct{ *kerberos.Delegator }

// Forget implements admin.Tickets.
func (t ticketsAdmin) Forget(sid entente.SID) { t.Flush(kerberos.User{SID: sid}) }
