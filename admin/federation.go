package admin

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/federation"
	"entente/federation/brokerapi"
)

// federated is the organization's side of its trust.
func (a *API) federated() (*federation.Service, error) {
	if a.Federation == nil {
		return nil, entente.Errorf(entente.Unavailable, "this server knows no federation")
	}
	return a.Federation, nil
}

// trusting records a change of the trust and makes it.
func (a *API) trusting(ctx context.Context, action string, targets []string, f func(*federation.Service) error) error {
	s, err := a.federated()
	if err != nil {
		return err
	}
	return a.recorded(ctx, "federation."+action, targets, func() error { return f(s) })
}

// FederationInfo is the federation trust, and the organization's identifier in
// it.
type FederationInfo struct {
	Name             string             `json:"name"`
	Broker           string             `json:"broker"`
	Issuer           string             `json:"issuer"`
	STS              string             `json:"sts"`
	Metadata         string             `json:"metadata"`
	Sequence         uint64             `json:"sequence"`
	AppID            string             `json:"app_id"`
	ApplicationURI   string             `json:"application_uri,omitempty"`
	AccountNamespace string             `json:"account_namespace,omitempty"` // without its prefix
	DefaultDomain    string             `json:"default_domain,omitempty"`
	Enabled          bool               `json:"enabled"`
	Contact          string             `json:"contact,omitempty"`
	RequireProof     bool               `json:"require_proof"`
	Legacy           bool               `json:"legacy"`
	Altered          bool               `json:"altered"`
	SigningKey       string             `json:"signing_key,omitempty"` // its thumbprint, for partners to pin
	Rollover         string             `json:"rollover"`              // on, or off
	RolloverDays     int                `json:"rollover_days"`
	Domains          []FederatedDomain  `json:"domains"`
	Certificates     []CertificateInfo  `json:"certificates"`
	BrokerKeys       []BrokerKeyInfo    `json:"broker_certificates"`
	Pending          []string           `json:"pending_domains,omitempty"`
	PendingNamespace string             `json:"pending_namespace,omitempty"`
	Changes          []FederationChange `json:"changes,omitempty"`
}

// FederatedDomain is a federated domain, or one that waits for its proof.
type FederatedDomain struct {
	Domain  string `json:"domain"`
	State   string `json:"state"`
	Scoped  string `json:"scoped,omitempty"` // TXT record at _entente-federation.DOMAIN
	Proof   string `json:"proof,omitempty"`  // or TXT record at DOMAIN
	Until   string `json:"until,omitempty"`
	Checked string `json:"checked,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// CertificateInfo is a certificate of the organization's.
type CertificateInfo struct {
	Thumbprint string `json:"thumbprint"`
	Role       string `json:"role"`
	Subject    string `json:"subject"`
	Issuer     string `json:"issuer"`
	NotBefore  string `json:"not_before"`
	NotAfter   string `json:"not_after"`
	Since      string `json:"since,omitempty"`
	From       string `json:"from,omitempty"`
	Until      string `json:"until,omitempty"`
	Waits      string `json:"waits,omitempty"` // what keeps a next one from being used
}

// BrokerKeyInfo is a certificate of the broker's.
type BrokerKeyInfo struct {
	Thumbprint string `json:"thumbprint"`
	From       string `json:"from"`
	Until      string `json:"until,omitempty"`
	NotAfter   string `json:"not_after"`
}

// FederationChange is a change that partners had to know of.
type FederationChange struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// ShowFederation shows the federation trust.
func (a *API) ShowFederation(context.Context, Nothing) (FederationInfo, error) {
	s, err := a.federated()
	if err != nil {
		return FederationInfo{}, err
	}
	i := FederationInfo{Altered: s.Altered(), Domains: []FederatedDomain{}, Certificates: certificates(s)}
	t := s.Trust()
	if i.Altered { // what stands in the table is shown, and nothing goes by it
		if t = s.Found(); t == nil {
			return i, nil
		}
	}
	if t == nil {
		return i, entente.Errorf(entente.NotFound, "there is no federation trust").Because(federation.NotFederated)
	}
	i.Name, i.Broker, i.Issuer, i.STS, i.Metadata, i.Sequence = t.Name, t.Broker, t.Issuer, t.STS, t.Metadata, t.Sequence
	i.AppID, i.ApplicationURI, i.AccountNamespace = string(t.AppID), t.ApplicationURI, string(t.AccountNamespace)
	i.DefaultDomain, i.Enabled, i.Contact = string(t.DefaultDomain), t.Enabled, string(t.Contact)
	i.RequireProof, i.Legacy = t.RequireProof, t.Legacy
	if _, id, err := s.Signer(); err == nil {
		i.SigningKey = id
	}
	settings := s.Rollover()
	i.Rollover, i.RolloverDays = onOff(!settings.Off), int(settings.Ahead/(24*time.Hour))
	for _, d := range t.Domains {
		info, err := s.DomainInfo(context.Background(), d.Name, false)
		if err != nil { // removed meanwhile, or altered
			info = brokerapi.DomainInfo{Domain: d.Name, State: d.State}
		}
		i.Domains = append(i.Domains, domainInfo(info))
	}
	for _, k := range t.BrokerKeys {
		i.BrokerKeys = append(i.BrokerKeys, BrokerKeyInfo{federation.Thumbprint(k.Certificate), stamp(k.From), stamp(k.Until), stamp(k.Certificate.NotAfter)})
	}
	namespace, pending := s.Pending()
	i.PendingNamespace = string(namespace)
	for _, d := range pending {
		i.Pending = append(i.Pending, string(d))
	}
	for _, n := range s.Notices() {
		i.Changes = append(i.Changes, FederationChange{stamp(n.At), n.Text})
	}
	return i, nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func domainInfo(d brokerapi.DomainInfo) FederatedDomain {
	return FederatedDomain{string(d.Domain), string(d.State), d.Scoped, d.Proof, stamp(d.Until), stamp(d.Checked), d.Problem}
}

func certificates(s *federation.Service) []CertificateInfo {
	all := []CertificateInfo{}
	for _, c := range s.Certificates() {
		all = append(all, CertificateInfo{
			c.Thumbprint, c.Role, c.Subject.String(), c.Certificate.Issuer.String(),
			stamp(c.NotBefore), stamp(c.NotAfter), stamp(c.Since), stamp(c.From), stamp(c.Until), c.Hurts,
		})
	}
	for _, r := range s.Requests() {
		all = append(all, CertificateInfo{Thumbprint: r.Key, Role: "Request", Since: stamp(r.Made)})
	}
	return all
}

// CreateFederation asks for a federation trust.
type CreateFederation struct {
	Name       string `json:"name" arg:"" help:"What it is called."`
	Broker     string `json:"broker" help:"https address of the broker, or of its federation metadata." required:"" placeholder:"URL"`
	Thumbprint string `json:"thumbprint,omitempty" help:"Certificate to make it with; a self-signed one is made if none is named." placeholder:"THUMBPRINT"`
	Domain     string `json:"domain,omitempty" help:"The domain that will name the organization; the default accepted domain if none is named." placeholder:"DOMAIN"`
	Contact    string `json:"contact,omitempty" help:"Whom the broker writes to; postmaster of that domain if nobody is named." placeholder:"ADDRESS"`

	AppID          string `json:"app_id,omitempty" help:"The AppID, if the broker has given one before; then the two below are needed too." placeholder:"APPID"`
	ApplicationURI string `json:"application_uri,omitempty" help:"The application URI that goes with it." placeholder:"URI"`
	AdminKey       string `json:"admin_key,omitempty" kong:"-"`
}

// FederationCreated is the answer. The AdminKey is shown this once.
type FederationCreated struct {
	AppID      string `json:"app_id"`
	AdminKey   string `json:"admin_key"`
	Thumbprint string `json:"thumbprint"`
	Note       string `json:"note"`
}

// CreateFederation makes the federation trust. New-FederationTrust.
func (a *API) CreateFederation(ctx context.Context, q CreateFederation) (FederationCreated, error) {
	var f FederationCreated
	n := federation.NewTrust{Name: q.Name, Broker: q.Broker, Thumbprint: strings.ToUpper(q.Thumbprint), Domain: a.Directory.DefaultDomain()}
	var err error
	if q.Domain != "" {
		if n.Domain, err = entente.ParseDomain(q.Domain); err != nil {
			return f, err
		}
	}
	if q.Contact == "" {
		q.Contact = "postmaster@" + string(n.Domain)
	}
	if n.Contact, err = entente.ParseSMTPAddress(q.Contact); err != nil {
		return f, err
	}
	if q.AppID != "" || q.ApplicationURI != "" || q.AdminKey != "" {
		n.Provisioned = &federation.Provisioned{AppID: entente.AppID(q.AppID), ApplicationURI: q.ApplicationURI, AdminKey: entente.NewSecret(q.AdminKey)}
	}
	err = a.trusting(ctx, "create", []string{q.Name, q.Broker}, func(s *federation.Service) error {
		c, err := s.CreateTrust(ctx, n)
		if err != nil {
			return err
		}
		f = FederationCreated{
			string(c.AppID), c.AdminKey.Reveal(), s.Trust().Current.Thumbprint,
			"Keep the AdminKey: with it the trust can be recovered when its certificate is lost. It is not shown again.",
		}
		return nil
	})
	return f, err
}

// SetFederation asks for a change of what is set of the trust. What is empty
// stays.
type SetFederation struct {
	Name          string `json:"name,omitempty" help:"What the trust is called."`
	Contact       string `json:"contact,omitempty" help:"Who looks after federation; none is nobody." placeholder:"ADDRESS"`
	DefaultDomain string `json:"default_domain,omitempty" help:"A federated domain." placeholder:"DOMAIN"`
	RequireProof  string `json:"require_proof,omitempty" help:"Whether a token that names a key is worth nothing without a signature by it: on or off." placeholder:"on|off"`
	Legacy        string `json:"legacy,omitempty" help:"Whether SHA-1 signatures and Triple DES are accepted: on or off." placeholder:"on|off"`
	Rollover      string `json:"rollover,omitempty" help:"Whether certificates are replaced by themselves: on or off." placeholder:"on|off"`
	Broker        string `json:"broker,omitempty" help:"Where the broker is now; it must be the same one." placeholder:"URL"`
	RolloverDays  *int   `json:"rollover_days,omitempty" help:"How many days before its end a certificate is replaced; 60 if it is 0."`
}

// SetFederation changes what is set of the trust.
func (a *API) SetFederation(ctx context.Context, q SetFederation) (Done, error) {
	c := federation.Settings{}
	if q.Name != "" {
		c.Name = &q.Name
	}
	if q.Contact != "" {
		var contact entente.SMTPAddress
		if q.Contact != "none" {
			var err error
			if contact, err = entente.ParseSMTPAddress(q.Contact); err != nil {
				return Done{}, err
			}
		}
		c.Contact = &contact
	}
	if q.DefaultDomain != "" {
		d, err := entente.ParseDomain(q.DefaultDomain)
		if err != nil {
			return Done{}, err
		}
		c.DefaultDomain = &d
	}
	for _, x := range []struct {
		text string
		to   **bool
	}{{q.RequireProof, &c.RequireProof}, {q.Legacy, &c.Legacy}, {q.Rollover, &c.Automatic}} {
		switch x.text {
		case "":
		case "on", "off":
			on := x.text == "on"
			*x.to = &on
		default:
			return Done{}, entente.Errorf(entente.Invalid, "%q is neither on nor off", x.text)
		}
	}
	if q.RolloverDays != nil {
		ahead := time.Duration(bounded(*q.RolloverDays, 0, 1<<15)) * 24 * time.Hour
		c.Ahead = &ahead
	}
	err := a.trusting(ctx, "set", nil, func(s *federation.Service) error {
		if q.Broker != "" {
			if err := s.Move(ctx, q.Broker); err != nil {
				return err
			}
		}
		return s.Set(ctx, c)
	})
	return Done{"the federation trust was changed"}, err
}

// SwitchFederationOn has federation work again.
func (a *API) SwitchFederationOn(ctx context.Context, _ Nothing) (Done, error) {
	return a.switchFederation(ctx, "switch-on", true)
}

// SwitchFederationOff stops all federation, on all nodes, at once.
func (a *API) SwitchFederationOff(ctx context.Context, _ Nothing) (Done, error) {
	return a.switchFederation(ctx, "switch-off", false)
}

func (a *API) switchFederation(ctx context.Context, action string, on bool) (Done, error) {
	err := a.trusting(ctx, action, nil, func(s *federation.Service) error { return s.Set(ctx, federation.Settings{Enabled: &on}) })
	return Done{"federation is switched " + onOff(on)}, err
}

// RemoveFederation ends the trust.
func (a *API) RemoveFederation(ctx context.Context, _ Nothing) (Done, error) {
	err := a.trusting(ctx, "remove", nil, func(s *federation.Service) error { return s.RemoveTrust(ctx) })
	return Done{"the federation trust is gone, and its keys are wiped"}, err
}

// ConfirmFederation has the trust taken for right as it is in its table.
func (a *API) ConfirmFederation(ctx context.Context, _ Nothing) (Done, error) {
	err := a.trusting(ctx, "confirm", nil, func(s *federation.Service) error { return s.Confirm(ctx) })
	return Done{"the federation trust is taken for right as it is"}, err
}

// RefreshFederation asks for the broker's metadata.
type RefreshFederation struct {
	Anew bool `json:"anew,omitempty" help:"Trust the broker's keys anew, on the word of its TLS certificate: when it has changed all of them since."`
}

// RefreshFederation reads the broker's metadata now.
func (a *API) RefreshFederation(ctx context.Context, q RefreshFederation) (Done, error) {
	err := a.trusting(ctx, "refresh", nil, func(s *federation.Service) error { return s.Refresh(ctx, q.Anew) })
	return Done{"the broker's metadata were read"}, err
}

// RecoverFederation asks for another certificate in place of one that is lost.
type RecoverFederation struct {
	Domain   string `json:"domain" arg:"" help:"A federated domain, at which a new record proves that you are you."`
	AdminKey string `json:"admin_key,omitempty" kong:"-"`
}

// FederationRecovered says how far a recovery has come.
type FederationRecovered struct {
	Done       string `json:"done"`
	Thumbprint string `json:"thumbprint"`
	Name       string `json:"name,omitempty"`
	Record     string `json:"record,omitempty"`
}

// RecoverFederation replaces a certificate that has expired or is lost.
func (a *API) RecoverFederation(ctx context.Context, q RecoverFederation) (FederationRecovered, error) {
	var f FederationRecovered
	name, err := entente.ParseDomain(q.Domain)
	if err != nil {
		return f, err
	}
	err = a.trusting(ctx, "recover", []string{string(name)}, func(s *federation.Service) error {
		r, err := s.Recover(ctx, name, entente.NewSecret(q.AdminKey))
		f = FederationRecovered{"the trust was recovered", r.Thumbprint, r.Name, r.Record}
		if !r.Done {
			f.Done = "put this TXT record into DNS, and ask again"
		}
		return err
	})
	return f, err
}

// TestFederation asks for a test of the trust.
type TestFederation struct {
	As string `json:"as,omitempty" help:"Account in whose name a token is asked for; it is recorded as such." placeholder:"ACCOUNT"`
}

// FederationTrial is one check of the test.
type FederationTrial struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Message string `json:"message"`
	Millis  int64  `json:"ms"`
}

// TestFederation tries whether the trust works. Test-FederationTrust.
func (a *API) TestFederation(ctx context.Context, q TestFederation) (list []FederationTrial, err error) {
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	run := func(f func() []federation.Trial) {
		for _, t := range f() {
			list = append(list, FederationTrial{t.ID, string(t.Type), t.Message, t.Took.Milliseconds()})
		}
	}
	if q.As == "" {
		run(func() []federation.Trial { return s.Test(ctx, nil) })
		return list, nil
	}
	x, err := a.account(ctx, q.As)
	if err != nil {
		return nil, err
	}
	who, err := s.Subject(x.Mailbox, append([]entente.SMTPAddress{x.Mail}, x.Proxies...))
	if err != nil && reasonOf(err) != federation.NotFederated {
		return nil, err
	}
	err = a.recorded(ctx, "federation.test", []string{string(x.UPN)}, func() error {
		run(func() []federation.Trial { return s.Test(ctx, &who) })
		return nil
	})
	return list, err
}

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// identifier reads a subject key identifier: hexadecimal, as Exchange has it of a
// GUID without its dashes.
func identifier(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "a subject key identifier is hexadecimal digits, two a byte")
	}
	return slices.Clip(b), nil
}
