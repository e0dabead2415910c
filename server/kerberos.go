package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"entente"
	"entente/authn"
	"entente/connections"
	"entente/kerberos"
	"entente/outgoing"
)

// KerberosConfig is a realm's service: what tickets are accepted, and by which
// account others are asked for.
type KerberosConfig struct {
	Realm    string   `yaml:"realm" doc:"The realm of this server's account, such as CONTOSO.EXAMPLE."`
	Keytab   string   `yaml:"keytab" doc:"File with the keys of the account, mode 0400 or 0600. It is read again when it changes."`
	Services []string `yaml:"services,omitempty" doc:"Service principals whose tickets are accepted, such as HTTP/mail.contoso.example. Default: all that the keytab has keys of; name them where the keys are an account's, as in Active Directory."`
	Account  string   `yaml:"account,omitempty" doc:"The account that gets tickets in the name of users, by constrained delegation: a sAMAccountName such as svc-mail$, or NAME@REALM. Default: none."`
	Bindings string   `yaml:"channel_bindings,omitempty" doc:"What clients must say about the TLS channel (Extended Protection): none, allow, which checks what they say, or require, which refuses who says nothing. Default allow; behind a proxy that ends TLS it is none."`

	Realms []KerberosRealmConfig `yaml:"realms,omitempty" doc:"The realms whose people may sign in. Default: the realm above, with PAC."`

	AllowRC4  bool     `yaml:"allow_rc4,omitempty" doc:"Also take and ask for tickets with RC4 keys, which are weak. Default false: AES only."`
	Networks  []string `yaml:"networks,omitempty" doc:"Networks in which KDCs may be although they are not public. Default: the private ones, and the addresses that stand in kdcs."`
	Resolvers []string `yaml:"resolvers,omitempty" doc:"DNS servers, as ADDRESS or ADDRESS:PORT, by which KDCs are found. Default: those of the system."`
}

// KerberosRealmConfig is a realm whose people may sign in.
type KerberosRealmConfig struct {
	Name   string   `yaml:"name" doc:"As in CONTOSO.EXAMPLE."`
	PAC    string   `yaml:"pac,omitempty" doc:"required, as in Active Directory: a ticket counts for the account with the SID in its PAC. none: it counts for the account that has its name. Default required."`
	KDCs   []string `yaml:"kdcs,omitempty" doc:"KDCs of the realm, as HOST or HOST:PORT, in order. Default: what DNS has under _kerberos._tcp.REALM."`
	Domain string   `yaml:"domain,omitempty" doc:"With pac: none, what stands after the @ in the UPNs of the realm's people here."`
}

// Values of channel_bindings.
const (
	bindingsNone    = "none"
	bindingsAllow   = "allow"
	bindingsRequire = "require"
)

func (c *KerberosConfig) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !validRealm(c.Realm) {
		bad("realm: %q is no realm such as CONTOSO.EXAMPLE", c.Realm)
	}
	if c.Keytab == "" {
		bad("keytab: name the file with the keys of the account")
	}
	if c.Account != "" {
		if _, err := kerberos.ParsePrincipal(c.Account, c.Realm); err != nil {
			bad("account: %w", err)
		}
	}
	for _, s := range c.Services {
		if service, host, ok := strings.Cut(s, "/"); !ok || service == "" || host == "" || strings.ContainsAny(s, "@ ") {
			bad("services: %q is no service principal such as HTTP/mail.contoso.example", s)
		}
	}
	if !oneOf(cmp.Or(c.Bindings, bindingsAllow), bindingsNone, bindingsAllow, bindingsRequire) {
		bad("channel_bindings: %q is none of none, allow, require", c.Bindings)
	}
	if _, err := networks(c.Networks); err != nil {
		bad("networks: %w", err)
	}
	seen := map[string]bool{}
	for _, r := range c.Realms {
		if name := strings.ToUpper(r.Name); seen[name] {
			bad("realms: %s is there twice", r.Name)
		} else {
			seen[name] = true
		}
		if err := r.check(); err != nil {
			bad("realms: %s: %w", r.Name, err)
		}
	}
	return errors.Join(errs...)
}

func (r *KerberosRealmConfig) check() error {
	if !validRealm(r.Name) {
		return fmt.Errorf("%q is no realm such as CONTOSO.EXAMPLE", r.Name)
	}
	switch kerberos.PACMode(r.PAC) {
	case "", kerberos.PACRequired:
		if r.Domain != "" {
			return errors.New("domain: accounts of a realm with PAC are found by SID; a name says nothing of them")
		}
	case kerberos.PACNone:
		if _, err := entente.ParseDomain(r.Domain); err != nil {
			return errors.New("domain: name what stands after the @ in the UPNs of its people")
		}
	default:
		return fmt.Errorf("pac: %q is neither required nor none", r.PAC)
	}
	return nil
}

func validRealm(s string) bool {
	_, err := entente.ParseDomain(s)
	return err == nil && s != ""
}

// realms returns those whose people may sign in.
func (c *KerberosConfig) realms() []KerberosRealmConfig {
	if len(c.Realms) == 0 {
		return []KerberosRealmConfig{{Name: c.Realm}}
	}
	return c.Realms
}

// kdcs returns the addresses that are set for a realm.
func (c *KerberosConfig) kdcs(realm string) []string {
	for _, r := range c.Realms {
		if strings.EqualFold(r.Name, realm) {
			return r.KDCs
		}
	}
	return nil
}

// rule says where KDCs may be: they are inside, as a rule.
func (c *KerberosConfig) rule() (outgoing.Rule, error) {
	allow, err := networks(c.Networks)
	if err != nil {
		return outgoing.Rule{}, err
	}
	if len(c.Networks) == 0 {
		allow = privateNetworks()
	}
	for _, r := range c.Realms {
		for _, k := range r.KDCs {
			if a, ok := literal(k); ok {
				allow = append(allow, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return outgoing.Rule{Allow: allow, AtOnce: 128, PerHost: 64}, nil
}

// literal returns the address in HOST or HOST:PORT, if it is one and no name.
func literal(s string) (netip.Addr, bool) {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr(), true
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// privateNetworks are those that no router of the Internet knows.
func privateNetworks() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// kerberosEnds are both ends of Negotiate at this server; each is nil if it is
// not set.
type kerberosEnds struct {
	accept   *kerberos.Acceptor
	delegate *kerberos.Delegator
}

// acceptor verifies tickets for this server; nil if it takes none.
func (s *Server) acceptor() *kerberos.Acceptor { return s.kerberos.accept }

// delegator gets tickets in the name of users; nil if no account may.
func (s *Server) delegator() *kerberos.Delegator { return s.kerberos.delegate }

// openKerberos reads the keytab and makes both ends. It needs nothing but the
// configuration: a gateway has no more.
func (s *Server) openKerberos(context.Context) error {
	c := s.config.Kerberos
	if c == nil {
		return nil
	}
	file, err := openKeytab(c.Keytab, s.log)
	if err != nil {
		return err
	}
	if c.Account == "" && !c.serves(file.get()) {
		s.log.Warn("the keytab has no key for HTTP: nobody can sign in by a ticket unless kerberos.services names what it is for", "file", c.Keytab)
	}
	modes := map[string]kerberos.PACMode{}
	for _, r := range c.realms() {
		modes[r.Name] = cmp.Or(kerberos.PACMode(r.PAC), kerberos.PACRequired)
	}
	s.kerberos.accept, err = kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: file.get, PAC: modes, Services: c.Services, Now: s.options.Now, AllowRC4: c.AllowRC4,
	})
	if err != nil || c.Account == "" {
		return err
	}
	return s.openDelegator(c, file)
}

// serves reports whether there is a service that clients of HTTP get tickets for.
func (c *KerberosConfig) serves(k *kerberos.Keytab) bool {
	return len(c.Services) > 0 || slices.ContainsFunc(k.Entries(), func(e kerberos.KeytabEntry) bool {
		return strings.HasPrefix(strings.ToUpper(e.Principal.Name), "HTTP/")
	})
}

func (s *Server) openDelegator(c *KerberosConfig, file *keytabFile) error {
	self, err := kerberos.ParsePrincipal(c.Account, c.Realm)
	if err != nil {
		return err
	}
	rule, err := c.rule()
	if err != nil {
		return err
	}
	names, err := outgoing.NewDNS(outgoing.DNSConfig{Servers: c.Resolvers})
	if err != nil {
		s.log.Warn("KDCs cannot be found by DNS", "err", err)
	}
	var resolver outgoing.Resolver // the system's, which knows the hosts file too
	if len(c.Resolvers) > 0 {
		resolver = names
	}
	dialer := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.KDC: rule}, resolver)
	s.kerberos.delegate, err = kerberos.NewDelegator(kerberos.DelegatorConfig{
		Self: self, Keytab: file.get, KDCs: c.kdcs(self.Realm), Lookup: lookupKDCs(names),
		Dial: dialer.DialFunc(outgoing.KDC), Now: s.options.Now, AllowRC4: c.AllowRC4,
		Told: func(event string, err error) {
			if s.complaints.fresh("kdc\x00"+event, s.options.Now()) {
				s.log.Warn("kerberos", "event", event, "err", err)
			}
		},
	})
	return err
}

// lookupKDCs finds the KDCs of a realm by DNS, RFC 4120 7.2.3.2.
func lookupKDCs(names *outgoing.DNS) func(context.Context, string) ([]string, error) {
	return func(ctx context.Context, realm string) ([]string, error) {
		if names == nil {
			return nil, errors.New("there are no name servers")
		}
		return names.Services(ctx, "_kerberos._tcp."+strings.ToLower(realm))
	}
}

// bound reports whether tickets are held against the channel they come by.
func (s *Server) bound() bool {
	return s.acceptor() != nil && s.config.Kerberos.Bindings != bindingsNone
}

// negotiateMethod takes tickets, if this server has a keytab.
func (s *Server) negotiateMethod() authn.Methods {
	c := s.config.Kerberos
	if c == nil || s.acceptor() == nil {
		return nil
	}
	var realms []authn.NegotiateRealm
	for _, r := range c.realms() {
		realms = append(realms, authn.NegotiateRealm{
			Name: r.Name, PAC: cmp.Or(kerberos.PACMode(r.PAC), kerberos.PACRequired), Domain: entente.Domain(strings.ToLower(r.Domain)),
		})
	}
	conf := authn.NegotiateConfig{
		Directory: s.Directory, Acceptor: s.acceptor(), Realms: realms, Secure: secure,
		Required: c.Bindings == bindingsRequire, Channel: s.nodes.Node.Channel,
		Refused: func(client string, reason entente.Reason, why string) {
			// Strangers choose the words, and neither the reason nor who is proven.
			if s.complaints.fresh("ticket\x00"+client+"\x00"+string(reason), s.options.Now()) {
				s.log.Warn("a ticket is turned away", "client", client, "why", why)
			}
		},
	}
	if s.bound() {
		conf.EndPoint = connections.EndPoint
	}
	return authn.Methods{authn.NewNegotiate(conf)}
}
