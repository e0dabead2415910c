package admin

import (
	"context"

	"entente"
	"entente/directory"
)

// DomainInfo is an accepted domain.
type DomainInfo struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
}

// ListDomains lists the accepted domains.
func (a *API) ListDomains(ctx context.Context, _ Nothing) ([]DomainInfo, error) {
	domains, err := a.Directory.Domains(ctx)
	list := make([]DomainInfo, 0, len(domains))
	for _, d := range domains {
		list = append(list, DomainInfo{string(d.Name), d.Default})
	}
	return list, err
}

// DomainName names a domain.
type DomainName struct {
	Name string `json:"name" arg:"" help:"DNS name of the domain."`
}

// domain carries out a change to one domain.
func (a *API) domain(ctx context.Context, verb, done string, q DomainName, f func(*directory.Change, entente.Domain) error) (Done, error) {
	name, err := entente.ParseDomain(q.Name)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "domain."+verb, []string{string(name)}, func(c *directory.Change) error { return f(c, name) })
	return Done{string(name) + " " + done}, err
}

// AddDomain accepts a domain. The first one is the default.
func (a *API) AddDomain(ctx context.Context, q DomainName) (Done, error) {
	return a.domain(ctx, "add", "is accepted", q, (*directory.Change).AddDomain)
}

// DefaultDomain has new addresses made in a domain.
func (a *API) DefaultDomain(ctx context.Context, q DomainName) (Done, error) {
	return a.domain(ctx, "default", "is the default domain", q, (*directory.Change).SetDefaultDomain)
}

// RemoveDomain stops accepting a domain.
func (a *API) RemoveDomain(ctx context.Context, q DomainName) (Done, error) {
	return a.domain(ctx, "remove", "is no longer accepted", q, (*directory.Change).RemoveDomain)
}
