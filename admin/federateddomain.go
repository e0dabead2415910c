package admin

import (
	"context"

	"entente"
	"entente/federation"
	"entente/federation/brokerapi"
)

// Proven is Exchange's error unless the domain's proof was found.
func (d *FederatedDomain) Proven() error {
	return federation.Proven(brokerapi.DomainInfo{Domain: entente.Domain(d.Domain), State: brokerapi.DomainState(d.State)})
}

// FederatedDomains asks for the federated domains.
type FederatedDomains struct {
	Ask bool `json:"ask,omitempty" help:"Ask the broker about each, rather than say what it said last."`
}

// ListFederatedDomains lists the federated domains, and those that wait for their
// proof.
func (a *API) ListFederatedDomains(ctx context.Context, q FederatedDomains) ([]FederatedDomain, error) {
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	t := s.Trust()
	if t == nil {
		return nil, entente.Errorf(entente.NotFound, "there is no federation trust").Because(federation.NotFederated)
	}
	list := []FederatedDomain{}
	for _, d := range t.Domains {
		info, err := s.DomainInfo(ctx, d.Name, q.Ask)
		if err != nil {
			return list, err
		}
		list = append(list, domainInfo(info))
	}
	return list, nil
}

// federate carries out a change to one federated domain.
func (a *API) federate(ctx context.Context, action, domain string, f func(*federation.Service, entente.Domain) (brokerapi.DomainInfo, error)) (FederatedDomain, error) {
	name, err := entente.ParseDomain(domain)
	if err != nil {
		return FederatedDomain{}, err
	}
	var info brokerapi.DomainInfo
	err = a.trusting(ctx, action, []string{string(name)}, func(s *federation.Service) (err error) {
		info, err = f(s, name)
		return err
	})
	return domainInfo(info), err
}

// SetFederationNamespace makes a domain the account namespace, which names the
// organization to its partners. The answer says which record its proof is, if that
// was not found.
func (a *API) SetFederationNamespace(ctx context.Context, q DomainName) (FederatedDomain, error) {
	return a.federate(ctx, "namespace", q.Name, func(s *federation.Service, name entente.Domain) (brokerapi.DomainInfo, error) {
		return s.SetNamespace(ctx, string(name))
	})
}

// AddFederatedDomain federates an accepted domain. The answer says which record
// its proof is, if that was not found.
func (a *API) AddFederatedDomain(ctx context.Context, q DomainName) (FederatedDomain, error) {
	return a.federate(ctx, "add-domain", q.Name, func(s *federation.Service, name entente.Domain) (brokerapi.DomainInfo, error) {
		return s.AddDomain(ctx, name)
	})
}

// CheckFederatedDomain has the broker look for a domain's proof now.
func (a *API) CheckFederatedDomain(ctx context.Context, q DomainName) (FederatedDomain, error) {
	return a.federate(ctx, "check-domain", q.Name, func(s *federation.Service, name entente.Domain) (brokerapi.DomainInfo, error) {
		return s.CheckDomain(ctx, name)
	})
}

// RemoveFederatedDomain asks for the end of a domain's federation.
type RemoveFederatedDomain struct {
	DomainName
	Force bool `json:"force,omitempty" help:"Remove it here although the broker refuses, or does not answer."`
}

// RemoveFederatedDomain ends the federation of a domain.
func (a *API) RemoveFederatedDomain(ctx context.Context, q RemoveFederatedDomain) (Done, error) {
	name, err := entente.ParseDomain(q.Name)
	if err != nil {
		return Done{}, err
	}
	err = a.trusting(ctx, "remove-domain", []string{string(name)}, func(s *federation.Service) error { return s.RemoveDomain(ctx, name, q.Force) })
	return Done{string(name) + " is no longer federated"}, err
}

// FederatedDomainProof asks for the proofs of a domain.
type FederatedDomainProof struct {
	DomainName
	Thumbprint string `json:"thumbprint,omitempty" help:"The proof for this certificate only." placeholder:"THUMBPRINT"`
}

// DomainProof is what stands in DNS to prove whose a domain is: one of these
// records is enough.
type DomainProof struct {
	Record     string `json:"record"` // name of the TXT record
	Proof      string `json:"proof"`  // its text
	Thumbprint string `json:"thumbprint,omitempty"`
	Role       string `json:"certificate"` // Any: it holds whatever the certificate is
}

// ProveFederatedDomain shows the proofs of a domain. Get-FederatedDomainProof.
func (a *API) ProveFederatedDomain(_ context.Context, q FederatedDomainProof) ([]DomainProof, error) {
	name, err := entente.ParseDomain(q.Name)
	if err != nil {
		return nil, err
	}
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	all, err := s.Proofs(name, upper(q.Thumbprint))
	list := make([]DomainProof, 0, len(all))
	for _, p := range all {
		list = append(list, DomainProof{p.Name, p.Proof, p.Thumbprint, p.Role})
	}
	return list, err
}

// PendFederatedDomains asks to note what is to be federated once its records are
// in DNS. What is empty stays; a single empty domain is none.
type PendFederatedDomains struct {
	Namespace string   `json:"namespace,omitempty" help:"The account namespace to be; none takes it away." placeholder:"DOMAIN"`
	Domains   []string `json:"domains,omitempty" help:"The domains to be; an empty one is none." placeholder:"DOMAIN"`
}

// PendFederatedDomains notes what is to be federated. Set-PendingFederatedDomain.
func (a *API) PendFederatedDomains(ctx context.Context, q PendFederatedDomains) (Done, error) {
	var c federation.Settings
	if q.Namespace != "" {
		var d entente.Domain
		if q.Namespace != "none" {
			var err error
			if d, err = entente.ParseDomain(q.Namespace); err != nil {
				return Done{}, err
			}
		}
		c.PendingName = &d
	}
	if q.Domains != nil {
		domains := []entente.Domain{}
		for _, text := range q.Domains {
			if text == "" {
				continue
			}
			d, err := entente.ParseDomain(text)
			if err != nil {
				return Done{}, err
			}
			domains = append(domains, d)
		}
		c.Pending = &domains
	}
	err := a.trusting(ctx, "pending", q.Domains, func(s *federation.Service) error { return s.Set(ctx, c) })
	return Done{"it is noted"}, err
}
