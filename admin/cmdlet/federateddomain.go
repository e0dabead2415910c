package cmdlet

import (
	"strings"

	"entente"
	"entente/admin"
)

// namespacePrefix comes before the domain in an account namespace.
const namespacePrefix = "FYDIBOHF25SPDLT."

func federatedDomainCmdlets() []Cmdlet {
	identity := Parameter{Name: "Identity", Help: "Taken; an organization has one identifier."}
	domain := Parameter{Name: "DomainName", First: true, Mandatory: true, Help: "The domain."}
	return []Cmdlet{
		{
			Name: "Get-FederatedOrganizationIdentifier", Synopsis: "Show what names the organization to its partners, and its federated domains.", Verbs: "federation show, federation domains",
			Parameters: []Parameter{identity, {Name: "IncludeExtendedDomainInfo", Kind: Switch, Help: "Ask the broker about each domain."}},
			run:        getOrganizationIdentifier,
		},
		{
			Name: "Set-FederatedOrganizationIdentifier", Synopsis: "Name the organization, and switch federation on and off.", Verbs: "federation namespace, federation set, federation switch-on, federation switch-off",
			Parameters: []Parameter{
				identity,
				{Name: "AccountNamespace", Help: "The domain of the account namespace; FYDIBOHF25SPDLT. is put before it. At most 32 characters."},
				{Name: "DelegationFederationTrust", Help: "The trust's name."},
				{Name: "DefaultDomain", Help: "A federated domain."},
				{Name: "Enabled", Kind: Bool, Help: "$false stops all federation; relationships stay, and do nothing."},
				{Name: "OrganizationContact", Help: "Address of who looks after federation; $null is nobody."},
			},
			run: setOrganizationIdentifier,
		},
		{
			Name: "Add-FederatedDomain", Synopsis: "Federate an accepted domain.", Verbs: "federation add-domain",
			Parameters: []Parameter{domain, identity},
			run: func(c *call) (any, error) {
				return nil, proven(do[admin.FederatedDomain](c, "federation", "add-domain", admin.DomainName{Name: c.Text("DomainName")}))
			},
		},
		{
			Name: "Remove-FederatedDomain", Synopsis: "End the federation of a domain; the account namespace's is the last.", Verbs: "federation remove-domain",
			Parameters: []Parameter{domain, identity, {Name: "Force", Kind: Switch, Help: "Remove it here although the broker refuses."}},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "federation", "remove-domain", admin.RemoveFederatedDomain{
					DomainName: admin.DomainName{Name: c.Text("DomainName")}, Force: c.Is("Force"),
				})
				return nil, err
			},
		},
		{
			Name: "Get-FederatedDomainProof", Synopsis: "Show the TXT records that prove whose a domain is; one of them is enough.", Verbs: "federation proof",
			Parameters: []Parameter{domain, {Name: "Thumbprint", Help: "The proof for this certificate only."}},
			run: func(c *call) (any, error) {
				all, err := get[[]admin.DomainProof](c, "federation", "proof", admin.FederatedDomainProof{
					DomainName: admin.DomainName{Name: c.Text("DomainName")}, Thumbprint: c.Text("Thumbprint"),
				})
				list := make([]DomainProof, 0, len(all))
				for _, p := range all {
					list = append(list, DomainProof{p.Record, p.Thumbprint, p.Proof})
				}
				return list, err
			},
		},
		{
			Name: "Get-PendingFederatedDomain", Synopsis: "Show what is to be federated once its records are in DNS.", Verbs: "federation show",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				i, err := get[admin.FederationInfo](c, "federation", "show", admin.Nothing{})
				return PendingFederatedDomain{i.PendingNamespace, i.Pending}, err
			},
		},
		{
			Name: "Set-PendingFederatedDomain", Synopsis: "Note what is to be federated once its records are in DNS.", Verbs: "federation pending",
			Parameters: []Parameter{
				identity,
				{Name: "PendingAccountNamespace", Help: "The domain; $null is none."},
				{Name: "PendingDomains", Kind: List, Help: "The domains; $null is none."},
			},
			run: func(c *call) (any, error) {
				q := admin.PendFederatedDomains{Namespace: c.Text("PendingAccountNamespace"), Domains: emptied(c.list("PendingDomains"))}
				if c.Has("PendingAccountNamespace") && q.Namespace == "" {
					q.Namespace = "none"
				}
				_, err := do[admin.Done](c, "federation", "pending", q)
				return nil, err
			},
		},
	}
}

// proven is the documented error for a domain whose proof is not in DNS.
func proven(d admin.FederatedDomain, err error) error {
	if err != nil || d.State == "" { // nothing was asked for, with -WhatIf
		return err
	}
	return d.Proven()
}

// namespace makes a domain the account namespace, with its prefix before it or
// without.
func (c *call) namespace(text string) error {
	if len(text) > len(namespacePrefix) && strings.EqualFold(text[:len(namespacePrefix)], namespacePrefix) {
		text = text[len(namespacePrefix):]
	}
	return proven(do[admin.FederatedDomain](c, "federation", "namespace", admin.DomainName{Name: text}))
}

func getOrganizationIdentifier(c *call) (any, error) {
	i, err := get[admin.FederationInfo](c, "federation", "show", admin.Nothing{})
	if isNotFound(err) {
		return nil, entente.Errorf(entente.NotFound, "No Federation trust is configured for this organization or no domain is federated as the account namespace.")
	}
	o := FederatedOrganizationIdentifier{
		AccountNamespace: i.ApplicationURI, Domains: []string{}, DefaultDomain: i.DefaultDomain, DelegationTrustLink: i.Name,
		Enabled: i.Enabled, OrganizationContact: i.Contact,
	}
	for _, d := range i.Domains {
		if d.State != "Pending" {
			o.Domains = append(o.Domains, d.Domain)
		}
	}
	if err == nil && c.Is("IncludeExtendedDomainInfo") {
		o.Extended, err = get[[]admin.FederatedDomain](c, "federation", "domains", admin.FederatedDomains{Ask: true})
	}
	return o, err
}

func setOrganizationIdentifier(c *call) (any, error) {
	if name := c.Text("DelegationFederationTrust"); name != "" {
		i, err := get[admin.FederationInfo](c, "federation", "show", admin.Nothing{})
		if isNotFound(err) || err == nil && !strings.EqualFold(name, i.Name) {
			return nil, notFound(name)
		}
		if err != nil {
			return nil, err
		}
	}
	if c.Has("AccountNamespace") {
		if err := c.namespace(c.Text("AccountNamespace")); err != nil {
			return nil, err
		}
	}
	q := admin.SetFederation{DefaultDomain: c.Text("DefaultDomain"), Contact: c.Text("OrganizationContact")}
	if c.Has("OrganizationContact") && q.Contact == "" {
		q.Contact = "none"
	}
	if q != (admin.SetFederation{}) {
		if _, err := do[admin.Done](c, "federation", "set", q); err != nil {
			return nil, err
		}
	}
	if !c.Has("Enabled") {
		return nil, nil
	}
	verb := "switch-off"
	if c.Is("Enabled") {
		verb = "switch-on"
	}
	_, err := do[admin.Done](c, "federation", verb, admin.Nothing{})
	return nil, err
}
