package federation

import (
	"context"
	"fmt"
	"time"

	"entente"
	"entente/federation/token"
)

// A Trial is one check of Test-FederationTrust.
type Trial struct {
	ID      string
	Type    TrialType
	Message string
	Took    time.Duration
}

// A TrialType says how a trial came out.
type TrialType string

// The types, as Exchange has them.
const (
	Success TrialType = "Success"
	Warning TrialType = "Warning"
	Error   TrialType = "Error"
)

// What is tried, in this order. The first that fails is where to begin.
const (
	tryConfiguration = "FederationTrustConfiguration"
	tryMetadata      = "FederationMetadata"
	trySTS           = "StsCertificate"
	trySTSPrevious   = "StsPreviousCertificate"
	tryOrganization  = "OrganizationCertificate"
	tryRequest       = "TokenRequest"
	tryValidation    = "TokenValidation"
)

// warnAhead is how long before the end of a certificate it is warned of.
const warnAhead = 30 * day

// Test tries whether the trust works: what is set, the broker, the certificates,
// and a real token for this organization itself, asked for in the name of who and
// opened. Without who it is in the name of nobody who has a mailbox.
func (s *Service) Test(ctx context.Context, who *token.Subject) []Trial {
	var all []Trial
	try := func(id, good string, f func() error) bool {
		start := time.Now()
		err := f()
		t := Trial{ID: id, Type: Success, Message: good, Took: time.Since(start)}
		if err != nil {
			t.Type, t.Message = Error, told(err)
			if e, ok := asError(err); ok && e.Reason == onlyWarning {
				t.Type = Warning
			}
		}
		all = append(all, t)
		return t.Type != Error
	}
	if !try(tryConfiguration, "The federation trust is configured, and a domain is federated.", s.testConfiguration) {
		if s.Trust() == nil {
			return all
		}
	}
	try(tryMetadata, "The broker's metadata were read.", func() error { return s.Refresh(ctx, false) })
	try(trySTS, "The broker's certificate in use is valid.", func() error { return s.testSTS(true) })
	try(trySTSPrevious, "The broker's other certificates are as they should be.", func() error { return s.testSTS(false) })
	try(tryOrganization, "The organization's certificate keeps the rules.", func() error { return s.testOrganization(ctx) })
	var g *Granted
	if try(tryRequest, "A delegation token was requested.", func() (err error) { g, err = s.testRequest(ctx, who); return err }) {
		try(tryValidation, "The delegation token was validated.", func() error { return s.testValidation(g) })
	}
	return all
}

// onlyWarning marks what a trial warns of.
const onlyWarning entente.Reason = "federation-warning"

func warn(format string, args ...any) error {
	return entente.Errorf(entente.Conflict, format, args...).Because(onlyWarning)
}

func (s *Service) testConfiguration() error {
	t := s.Trust()
	switch {
	case s.Altered():
		return tellAltered()
	case t == nil || t.AccountNamespace == "":
		return noTrust()
	case !t.Enabled:
		return entente.Errorf(entente.Conflict, "Federation is switched off: Set-FederatedOrganizationIdentifier -Enabled $true.")
	case !t.Federated(t.AccountNamespace):
		return entente.Errorf(entente.Conflict, "The domain of the account namespace, %s, is not proven at the broker: entente federation check-domain %s.", t.AccountNamespace, t.AccountNamespace)
	}
	for _, d := range t.Domains {
		if !t.Federated(d.Name) {
			return warn("The federated domain %s is %s at the broker: entente federation check-domain %s.", d.Name, d.State, d.Name)
		}
	}
	if t.Legacy {
		return warn("Algorithms that are known to be weak are accepted: entente federation set --legacy off.")
	}
	return nil
}

// testSTS looks at the broker's certificate in use, or at the others.
func (s *Service) testSTS(current bool) error {
	now, t := s.Now(), s.Trust()
	found := false
	for i, k := range t.BrokerKeys { // newest first
		inUse := !found && !now.Before(k.From)
		found = found || inUse
		if inUse != current {
			continue
		}
		over := !k.Until.IsZero() && !now.Before(k.Until)
		switch left := k.Certificate.NotAfter.Sub(now); {
		case left <= 0 && !over:
			return entente.Errorf(entente.Conflict, "The broker's certificate %s expired on %s.", thumbprint(k.Certificate.Raw), k.Certificate.NotAfter.UTC().Format(time.DateOnly))
		case current && left < warnAhead && i == 0:
			return warn("The broker's certificate %s expires on %s, and it names no next one.", thumbprint(k.Certificate.Raw), k.Certificate.NotAfter.UTC().Format(time.DateOnly))
		}
	}
	if current && !found {
		return entente.Errorf(entente.Conflict, "No certificate of the broker's is in use yet: look at the clock of this server.")
	}
	return nil
}

func (s *Service) testOrganization(ctx context.Context) error {
	t := s.Trust()
	if t.Current == nil {
		return noCertificate("")
	}
	checks, err := s.CertificateChecks(ctx, t.Current.Thumbprint)
	if err != nil {
		return err
	}
	if err := errRules(t.Current.Thumbprint, checks); err != nil {
		return err
	}
	if err := s.everywhere(ctx, t.Current.Thumbprint); err != nil {
		return err
	}
	d := s.view.Load().document
	if d.Next != nil && d.Next.Hurts != "" {
		return warn("The next certificate %s is not used yet: %s", d.Next.thumbprint(), d.Next.Hurts)
	}
	if left := t.Current.NotAfter.Sub(s.Now()); left < warnAhead && t.Next == nil {
		return warn("The certificate %s expires on %s, and there is no next one.", t.Current.Thumbprint, t.Current.NotAfter.UTC().Format(time.DateOnly))
	}
	return nil
}

func (s *Service) testRequest(ctx context.Context, who *token.Subject) (*Granted, error) {
	t := s.Trust()
	if who == nil {
		domain := t.DefaultDomain
		if !t.Federated(domain) {
			domain = t.AccountNamespace
		}
		x, err := s.Subject(entente.MailboxID{}, []entente.SMTPAddress{entente.SMTPAddress("federation-test@" + string(domain))})
		if err != nil {
			return nil, err
		}
		who = &x
	}
	return s.Ask(ctx, *who, t.ApplicationURI, token.FreeBusy)
}

func (s *Service) testValidation(g *Granted) error {
	o := s.Opener()
	if o == nil {
		return noTrust()
	}
	var x *token.Token
	var err error
	if g.JWT != "" {
		x, err = o.JWT(g.JWT, s.Now())
	} else {
		x, err = o.SAML(g.SAML, s.Now())
	}
	if err != nil {
		return entente.Errorf(entente.Conflict, "Failed to validate delegation token. Are the clocks right, and does every node have the keys? %s", fmt.Sprint(err))
	}
	if x.Audience != s.Trust().ApplicationURI || x.Requestor != s.Trust().ApplicationURI {
		return entente.Errorf(entente.Conflict, "The delegation token is not the one that was asked for.")
	}
	return nil
}
