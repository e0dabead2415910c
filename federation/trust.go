package federation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/keys"
)

// A NewTrust is what a trust is made of.
type NewTrust struct {
	Name        string
	Broker      string              // its https address, or that of its metadata document
	Thumbprint  string              // of a certificate that is at hand; "": one is made
	Domain      entente.Domain      // the organization's first: the broker is told of the account namespace it would make
	Contact     entente.SMTPAddress // whom the broker tells of a domain that lost its proof
	Provisioned *Provisioned        // what the broker has already; nil: it is asked for an AppID
}

// Provisioned is what a broker gave this organization before. All of it is
// needed.
type Provisioned struct {
	AppID          entente.AppID
	ApplicationURI string
	AdminKey       entente.Secret
}

// A Created trust. The AdminKey is shown this once: with it and a record in DNS
// the trust is recovered when its certificate is lost. It is kept sealed, too.
type Created struct {
	AppID    entente.AppID
	AdminKey entente.Secret
}

const maxName = 64

// CreateTrust makes the organization's trust in a broker: certificates are
// exchanged, and the organization gets its AppID.
func (s *Service) CreateTrust(ctx context.Context, n NewTrust) (Created, error) {
	var c Created
	v := s.view.Load()
	switch {
	case v.altered:
		return c, tellAltered()
	case v.trust != nil:
		return c, entente.Errorf(entente.Conflict, "There is a federation trust already, %s. An organization has one.", v.trust.Name)
	case n.Name == "" || len(n.Name) > maxName || strings.ContainsFunc(n.Name, func(r rune) bool { return r < ' ' }):
		return c, entente.Errorf(entente.Invalid, "a trust has a name of at most %d characters", maxName)
	}
	broker, err := brokerURL(n.Broker)
	if err != nil {
		return c, err
	}
	d := &document{Name: n.Name, Broker: broker, Metadata: broker + brokerapi.PathFederationMetadata, Contact: n.Contact, RequireProof: true}
	if n.Provisioned == nil {
		if n.Domain == "" || n.Contact == "" {
			return c, entente.Errorf(entente.Invalid, "The broker needs a domain of the organization's, and the address of a contact.")
		}
		if err := checkLength(n.Domain); err != nil {
			return c, err
		}
		d.Registered = n.Domain
	}
	if err := n.Provisioned.into(d); err != nil {
		return c, err
	}
	m, err := s.askMetadata(ctx, broker, nil)
	if err != nil {
		return c, err
	}
	if err := d.take(m, s.Now()); err != nil {
		return c, err
	}
	st, err := s.pick(ctx, n.Thumbprint)
	if err != nil {
		return c, err
	}
	if d.Current, err = s.generation(ctx, st, nil); err != nil {
		return c, err
	}
	if c, err = s.register(ctx, d, n.Provisioned); err != nil {
		return c, err
	}
	text := fmt.Sprintf("A federation trust with %s was made; the AppID is %s.", d.Issuer, d.AppID)
	err = s.change(ctx, func(now *document) error {
		if now.exists() {
			return entente.Errorf(entente.Conflict, "a federation trust was made meanwhile")
		}
		made := *d
		made.Store = slices.DeleteFunc(now.Store, func(x stored) bool { return x.Key == st.Key })
		made.notice(text, s.Now())
		*now = made
		return nil
	})
	if err == nil {
		s.tellPartners(ctx, text)
	}
	return c, err
}

// into writes down what the broker has already.
func (p *Provisioned) into(d *document) error {
	if p == nil {
		return nil
	}
	if p.AppID == "" || p.AdminKey.Empty() || p.ApplicationURI == "" {
		return entente.Errorf(entente.Invalid, "A trust that is provisioned elsewhere needs its application identifier, its application URI and its administrator provisioning id together.")
	}
	name, err := namespaceDomain(p.ApplicationURI)
	if err != nil {
		return err
	}
	d.AppID, d.AccountNamespace, d.DefaultDomain, d.Enabled = p.AppID, name, name, true
	return nil
}

// namespaceDomain reads an account namespace, FYDIBOHF25SPDLT.<domain>, or the
// domain alone.
func namespaceDomain(text string) (entente.Domain, error) {
	if len(text) > len(namespacePrefix) && strings.EqualFold(text[:len(namespacePrefix)], namespacePrefix) {
		text = text[len(namespacePrefix):]
	}
	name, err := entente.ParseDomain(text)
	if err != nil {
		return "", entente.Errorf(entente.Invalid, "%q is no account namespace: a domain name is needed", text)
	}
	return name, checkLength(name)
}

// pick finds a certificate that is kept, and makes one if none is named. It keeps
// the rules.
func (s *Service) pick(ctx context.Context, thumb string) (stored, error) {
	if thumb == "" {
		return s.makeStored(ctx, NewCertificate{})
	}
	st, ok := s.stored(thumb)
	if !ok {
		return st, noCertificate(thumb)
	}
	checks, err := s.CertificateChecks(ctx, thumb)
	if err != nil {
		return st, err
	}
	return st, errRules(thumb, checks)
}

func (s *Service) stored(thumb string) (stored, bool) {
	d := s.view.Load().document
	i := slices.IndexFunc(d.Store, func(x stored) bool { return x.Certificate != nil && thumbprint(x.Certificate) == thumb })
	if i < 0 {
		return stored{}, false
	}
	return d.Store[i], true
}

// register tells the broker of the organization, or of its keys if it knows the
// organization already.
func (s *Service) register(ctx context.Context, d *document, p *Provisioned) (c Created, err error) {
	u, err := s.use(ctx, d.Current)
	if err != nil {
		return c, err
	}
	if p != nil {
		// A certificate that the broker does not know is made known by Recover.
		d.Current.From = s.Now().UTC().Truncate(time.Second)
		err := s.call(ctx, d.to(&u), brokerapi.UpdateAppIDCertificate, d.Current.announce(d.Current.From), nil)
		switch e, _ := asError(err); {
		case err == nil:
			d.Current.Told = d.Current.From
		case e == nil || e.Reason != BrokerRefused:
			return c, err
		default:
			d.Current.Hurts = told(err)
		}
		return Created{p.AppID, p.AdminKey}, s.Ring.Keep(ctx, keys.FederationAdminKey, string(p.AppID), p.AdminKey)
	}
	var a brokerapi.AppCreated
	err = s.call(ctx, d.to(&u), brokerapi.CreateAppID, brokerapi.NewApp{
		URI:         namespaceOf(d.Registered),
		Certificate: d.Current.Certificate, Signing: d.Current.Signing.Key, Encryption: d.Current.Encryption, Contact: string(d.Contact),
	}, &a)
	if err != nil {
		return c, err
	}
	if !validAppID(a.AppID) || a.AdminKey == "" {
		return c, unavailable(d.Broker, fmt.Errorf("no AppID in the answer"))
	}
	d.AppID = a.AppID
	c = Created{a.AppID, entente.NewSecret(a.AdminKey)}
	return c, s.Ring.Keep(ctx, keys.FederationAdminKey, string(a.AppID), c.AdminKey)
}

// validAppID reports whether an AppID is 16 hexadecimal digits.
func validAppID(a entente.AppID) bool {
	return len(a) == 16 && strings.Trim(string(a), "0123456789ABCDEF") == ""
}

// announce is what the broker is told of a generation that is used from a time
// on; zero: not yet.
func (g *generation) announce(from time.Time) brokerapi.NewCertificate {
	n := brokerapi.NewCertificate{Certificate: g.Certificate, Encryption: &g.Encryption, Signing: &g.Signing.Key}
	if !from.IsZero() {
		n.From = from.UTC().Truncate(time.Second)
	}
	return n
}

// SetNamespace makes a domain the account namespace: what names the organization
// to its partners. It is set once; it goes with the last domain. The domain is
// federated with it; info says whether its proof was found. It need not be an
// accepted domain, but it must be the organization's: the broker wants its proof,
// so that nobody takes another's name.
func (s *Service) SetNamespace(ctx context.Context, namespace string) (info brokerapi.DomainInfo, err error) {
	v, _, err := s.managing()
	if err != nil {
		return info, err
	}
	name, err := namespaceDomain(namespace)
	if err != nil {
		return info, err
	}
	if now := v.document.AccountNamespace; now != "" && now != name {
		return info, entente.Errorf(entente.Conflict, "The account namespace is %s. Remove the federated domains, it last, to have another.", namespaceOf(now))
	}
	if info, err = s.reserve(ctx, name); err != nil {
		return info, err
	}
	d := v.document
	if d.AccountNamespace == name {
		return info, nil
	}
	if err := s.manage(ctx, brokerapi.AddURI, brokerapi.ApplicationURI{URI: namespaceOf(name)}, nil); err != nil {
		return info, err
	}
	if d.Registered != "" && d.Registered != name {
		// It was told of another when it was asked for an AppID.
		if err := s.manage(ctx, brokerapi.RemoveURI, brokerapi.ApplicationURI{URI: namespaceOf(d.Registered)}, nil); err != nil {
			return info, err
		}
	}
	text := fmt.Sprintf("The organization identifier is %s now.", namespaceOf(name))
	err = s.change(ctx, func(d *document) error {
		if d.AccountNamespace != "" {
			return errSame
		}
		d.AccountNamespace, d.PendingNamespace, d.Enabled, d.Registered = name, "", true, ""
		if d.DefaultDomain == "" {
			d.DefaultDomain = name
		}
		d.notice(text, s.Now())
		return nil
	})
	if err == nil {
		s.tellPartners(ctx, text)
	}
	return info, err
}

// Settings are what may be changed of a trust without asking the broker. nil
// stays as it is.
type Settings struct {
	Name          *string
	Enabled       *bool
	Contact       *entente.SMTPAddress
	DefaultDomain *entente.Domain
	RequireProof  *bool
	Legacy        *bool
	Automatic     *bool          // rollover
	Ahead         *time.Duration // of the end of the certificate, that it begins; 0: the default
	Pending       *[]entente.Domain
	PendingName   *entente.Domain
}

// Set changes settings. When federation is disabled it stops on every node at
// once: no token is asked for, and none is opened.
func (s *Service) Set(ctx context.Context, c Settings) error {
	if s.view.Load().trust == nil && !s.Altered() {
		return noTrust()
	}
	text := ""
	err := s.change(ctx, func(d *document) error {
		text = ""
		if !d.exists() {
			return noTrust()
		}
		if c.Enabled != nil && *c.Enabled != d.Enabled {
			if *c.Enabled && d.AccountNamespace == "" {
				return noTrust()
			}
			d.Enabled = *c.Enabled
			text = fmt.Sprintf("Federation with %s is switched %s.", d.applicationURI(), map[bool]string{true: "on", false: "off"}[d.Enabled])
			d.notice(text, s.Now())
		}
		return c.into(d)
	})
	if err == nil && text != "" {
		s.tellPartners(ctx, text)
	}
	return err
}

func (c *Settings) into(d *document) error {
	if c.Name != nil {
		if *c.Name == "" || len(*c.Name) > maxName {
			return entente.Errorf(entente.Invalid, "a trust has a name of at most %d characters", maxName)
		}
		d.Name = *c.Name
	}
	if c.DefaultDomain != nil {
		if *c.DefaultDomain != "" && d.domain(*c.DefaultDomain) == nil {
			return noDomain(*c.DefaultDomain)
		}
		d.DefaultDomain = *c.DefaultDomain
	}
	if c.Ahead != nil {
		if *c.Ahead != 0 && (*c.Ahead < leastAhead || *c.Ahead > mostAhead) {
			return entente.Errorf(entente.Invalid, "a rollover begins %d to %d days before a certificate ends", leastAhead/day, mostAhead/day)
		}
		d.Rollover.Ahead = *c.Ahead
	}
	if c.Automatic != nil {
		d.Rollover.Off = !*c.Automatic
	}
	if c.Pending != nil {
		if len(*c.Pending) > maxDomains {
			return entente.Errorf(entente.TooLarge, "at most %d domains are federated", maxDomains)
		}
		d.Pending = *c.Pending
	}
	set(&d.PendingNamespace, c.PendingName)
	set(&d.Contact, c.Contact)
	set(&d.RequireProof, c.RequireProof)
	set(&d.Legacy, c.Legacy)
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// RemoveTrust ends the trust, once no domain is federated. Its keys are wiped:
// nothing that was encrypted to them opens any more.
func (s *Service) RemoveTrust(ctx context.Context) error {
	v := s.view.Load()
	if v.trust == nil && !v.altered {
		return noTrust()
	}
	err := s.change(ctx, func(d *document) error {
		if len(d.Domains) > 0 || d.AccountNamespace != "" {
			return entente.Errorf(entente.Conflict, "The federation trust has federated domains. Remove them first, the account namespace last.")
		}
		*d = document{Store: d.Store}
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for i := range v.usable {
		errs = append(errs, s.forget(ctx, v.usable[i].generation))
	}
	if v.document.AppID != "" {
		errs = append(errs, s.Ring.Forget(ctx, keys.FederationAdminKey, string(v.document.AppID)))
	}
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

// forget wipes the keys of a generation.
func (s *Service) forget(ctx context.Context, g *generation) error {
	for p, id := range map[keys.Purpose]string{
		keys.FederationCertificate: g.Key, keys.FederationAgreement: g.Agreement, keys.FederationSigning: g.Speaker,
	} {
		if err := s.Ring.Forget(ctx, p, id); err != nil {
			return err
		}
	}
	return nil
}

// notice remembers a change that partners must know of.
func (d *document) notice(text string, now time.Time) {
	d.Notices = append(d.Notices, Notice{now.UTC().Truncate(time.Second), text})
	d.Notices = d.Notices[max(0, len(d.Notices)-maxNotices):]
}

// Notices are the last changes that partners must know of, the newest last.
func (s *Service) Notices() []Notice { return s.view.Load().document.Notices }

func (s *Service) tellPartners(ctx context.Context, text string) {
	s.noted(ctx, "changed", text)
	if s.Changed != nil {
		s.Changed(ctx, text)
	}
}

// A Rollover says how certificates are replaced by themselves.
type Rollover struct {
	Off   bool
	Ahead time.Duration // of a certificate's end
}

// Rollover says how certificates are replaced.
func (s *Service) Rollover() Rollover {
	r := s.view.Load().document.Rollover
	return Rollover{r.Off, r.ahead()}
}

// Pending are the account namespace and the domains that an administrator noted
// while their records are on their way into DNS. Nothing comes of it by itself.
func (s *Service) Pending() (namespace entente.Domain, domains []entente.Domain) {
	d := s.view.Load().document
	return d.PendingNamespace, d.Pending
}
