package admin

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/partner"
)

// Partners is what asks other organizations, as the verbs need it.
type Partners interface {
	// Information looks for another organization and asks what it says of itself.
	Information(ctx context.Context, q partner.Question) (*partner.Information, error)
	// Try asks under a relationship, step by step, in an account's name.
	Try(ctx context.Context, relationship string, as access.Principal, about entente.SMTPAddress) (*partner.Trial, error)
	Status() []partner.Status
	AddressSpaces() []partner.AddressSpace
	AddAddressSpace(ctx context.Context, s partner.AddressSpace, method string, secret entente.Secret) error
	RemoveAddressSpace(ctx context.Context, d entente.Domain) error
	AvailabilityConfig() partner.AvailabilityConfig
	SetAvailabilityConfig(ctx context.Context, set partner.AvailabilityConfig) error
}

// HopInfo is one step on the way to another organization.
type HopInfo struct {
	Name   string `json:"name"`
	Result string `json:"result"`
	Took   string `json:"took,omitempty"`
	Text   string `json:"text,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

func hopInfos(all []partner.Hop) []HopInfo {
	list := make([]HopInfo, 0, len(all))
	for _, h := range all {
		i := HopInfo{Name: h.Name, Result: h.Result, Text: h.Text, Remedy: h.Remedy}
		if h.Took > 0 {
			i.Took = h.Took.Round(10 * time.Microsecond).String()
		}
		list = append(list, i)
	}
	return list
}

// FederationInformation asks what another organization says of itself.
type FederationInformation struct {
	Domain           string   `json:"domain" arg:"" help:"One of its domains."`
	Force            bool     `json:"force,omitempty" help:"Follow redirects, and take records that lead out of the domain. A certificate for another name is never taken."`
	TrustedHostnames []string `json:"trusted_hostnames,omitempty" help:"Hosts to which both may lead." placeholder:"HOST"`
	Bypass           bool     `json:"bypass_additional_domain_validation,omitempty" name:"bypass-additional-domain-validation" help:"Take the domains it names as they are. Otherwise each is asked by itself whether it is of the same organization."`
}

// OrganizationFound is what another organization says of itself, and how it was
// found.
type OrganizationFound struct {
	Domain          string    `json:"domain"`
	Found           bool      `json:"found"`
	ApplicationURI  string    `json:"application_uri,omitempty"`
	Domains         []string  `json:"domains,omitempty"`
	AutodiscoverEPR string    `json:"autodiscover_epr,omitempty"`
	TokenIssuers    []string  `json:"token_issuers,omitempty"`
	Keys            []string  `json:"keys,omitempty"`
	Hops            []HopInfo `json:"hops"`
}

// FederationInformation looks for another organization. Get-FederationInformation.
func (a *API) FederationInformation(ctx context.Context, q FederationInformation) (OrganizationFound, error) {
	d, err := entente.ParseDomain(q.Domain)
	if err != nil {
		return OrganizationFound{}, err
	}
	i, err := a.Partners.Information(ctx, partner.Question{Domain: d, Force: q.Force, Trusted: q.TrustedHostnames, Bypass: q.Bypass})
	if err != nil {
		return OrganizationFound{}, err
	}
	out := OrganizationFound{
		Domain: q.Domain, Found: i.Found, ApplicationURI: i.ApplicationURI, AutodiscoverEPR: i.AutodiscoverEPR,
		TokenIssuers: i.TokenIssuers, Keys: i.Keys, Hops: hopInfos(i.Hops),
	}
	for _, d := range i.Domains {
		out.Domains = append(out.Domains, string(d))
	}
	return out, nil
}

// fromInformation completes a request for a relationship by what the other
// organization says of itself. What the request says itself stays.
func (a *API) fromInformation(ctx context.Context, q *CreateRelationship) error {
	found, err := a.FederationInformation(ctx, FederationInformation{Domain: q.FromInformation, TrustedHostnames: q.TrustedHostnames})
	if err != nil {
		return err
	}
	if !found.Found {
		text := "nobody says anything of itself for " + q.FromInformation
		for _, h := range found.Hops {
			if h.Result == partner.Failure {
				text += "; " + h.Name + ": " + h.Text
			}
		}
		return entente.Errorf(entente.NotFound, "%s", text)
	}
	if len(q.Domains) == 0 {
		q.Domains = found.Domains
	}
	if q.ApplicationURI == "" {
		q.ApplicationURI = found.ApplicationURI
	}
	if q.AutodiscoverEPR == "" && q.SharingEPR == "" {
		q.AutodiscoverEPR = found.AutodiscoverEPR
	}
	if q.Keys == nil {
		q.Keys = found.Keys
	}
	return nil
}

// TestRelationship asks for a trial of an organization relationship.
type TestRelationship struct {
	RelationshipName
	User  string `json:"user" help:"Account here in whose name to ask; it is recorded as such." required:"" placeholder:"ACCOUNT"`
	About string `json:"about,omitempty" help:"Address there whose calendar to look at." placeholder:"ADDRESS"`
}

// RelationshipTested is what came of a trial.
type RelationshipTested struct {
	Relationship string    `json:"relationship"`
	OK           bool      `json:"ok"`
	Closing      string    `json:"closing"`
	Hops         []HopInfo `json:"hops"`
}

// TestRelationship asks another organization when somebody is free, and shows
// each step on the way. Test-OrganizationRelationship.
func (a *API) TestRelationship(ctx context.Context, q TestRelationship) (RelationshipTested, error) {
	who, err := a.account(ctx, q.User)
	if err != nil {
		return RelationshipTested{}, err
	}
	var about entente.SMTPAddress
	if q.About != "" {
		if about, err = entente.ParseSMTPAddress(q.About); err != nil {
			return RelationshipTested{}, err
		}
	}
	var t *partner.Trial
	err = a.recorded(ctx, "relationship.test", []string{q.Name, string(who.UPN), string(about)}, func() error {
		t, err = a.Partners.Try(ctx, q.Name, who.Principal, about)
		return err
	})
	if err != nil {
		return RelationshipTested{}, err
	}
	return RelationshipTested{t.Relationship, t.OK, t.Closing, hopInfos(t.Hops)}, nil
}

// PartnerStatus is how asking one partner stands, on this node.
type PartnerStatus struct {
	Partner  string `json:"partner"`
	State    string `json:"state"` // closed, open or half-open: of its circuit breaker
	Failures int    `json:"failures"`
	Until    string `json:"until,omitempty"`
	Tokens   int    `json:"tokens"`
	Place    string `json:"place,omitempty"`
	Problem  string `json:"problem,omitempty"` // what went wrong last
	At       string `json:"at,omitempty"`
}

// RelationshipStatus shows how asking each partner stands on this node.
func (a *API) RelationshipStatus(context.Context, Nothing) ([]PartnerStatus, error) {
	list := []PartnerStatus{}
	for _, s := range a.Partners.Status() {
		list = append(list, PartnerStatus{
			Partner: s.Way, State: string(s.State), Failures: s.Failures, Until: stamp(s.Until),
			Tokens: s.Tokens, Place: s.Place, Problem: s.Problem, At: stamp(s.At),
		})
	}
	return list, nil
}

// AddressSpaceInfo is an availability address space. Its password is not shown.
type AddressSpaceInfo struct {
	Domain  string `json:"domain"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	Scheme  string `json:"scheme"`
	Account string `json:"account,omitempty"`
}

// ListAddressSpaces lists the availability address spaces. Get-AvailabilityAddressSpace.
func (a *API) ListAddressSpaces(context.Context, Nothing) ([]AddressSpaceInfo, error) {
	list := []AddressSpaceInfo{}
	for _, s := range a.Partners.AddressSpaces() {
		list = append(list, AddressSpaceInfo{string(s.Domain), partner.OrgWideFB, s.URL, s.Scheme, s.Account})
	}
	return list, nil
}

// AddressSpaceName names an availability address space.
type AddressSpaceName struct {
	Domain string `json:"domain" arg:"" help:"The other organization's domain."`
}

// AddAddressSpace asks for an availability address space.
type AddAddressSpace struct {
	AddressSpaceName
	URL     string `json:"url" help:"The other organization's EWS: its password is sent nowhere else, and so not looked for by Autodiscover." required:"" placeholder:"https://HOST/EWS/Exchange.asmx"`
	Method  string `json:"method,omitempty" help:"OrgWideFB, the one there is: a service account asks, and is shown what everybody there is shown." placeholder:"OrgWideFB"`
	Account string `json:"account,omitempty" help:"The service account there, DOMAIN\\USER or user@domain; without one, the secret is a bearer token." placeholder:"ACCOUNT"`
	Secret  string `json:"secret" kong:"-"`
}

// AddAddressSpace has another organization asked without a broker, by a service
// account it has given us. Add-AvailabilityAddressSpace.
func (a *API) AddAddressSpace(ctx context.Context, q AddAddressSpace) (Done, error) {
	d, err := entente.ParseDomain(q.Domain)
	if err != nil {
		return Done{}, err
	}
	s := partner.AddressSpace{Domain: d, URL: q.URL, Scheme: partner.Bearer, Account: q.Account}
	if q.Account != "" {
		s.Scheme = partner.Basic
	}
	method := q.Method
	if method == "" {
		method = partner.OrgWideFB
	}
	secret := entente.NewSecret(q.Secret)
	if err := partner.CheckSpace(&s, method, secret); err != nil {
		return Done{}, err
	}
	err = a.recorded(ctx, "address-space.add", []string{string(d), q.URL, q.Account}, func() error {
		return a.Partners.AddAddressSpace(ctx, s, method, secret)
	})
	return Done{"people of " + string(d) + " are asked about by a service account there"}, err
}

// RemoveAddressSpace stops asking another organization.
// Remove-AvailabilityAddressSpace.
func (a *API) RemoveAddressSpace(ctx context.Context, q AddressSpaceName) (Done, error) {
	d, err := entente.ParseDomain(q.Domain)
	if err != nil {
		return Done{}, err
	}
	err = a.recorded(ctx, "address-space.remove", []string{string(d)}, func() error { return a.Partners.RemoveAddressSpace(ctx, d) })
	return Done{"people of " + string(d) + " are not asked about any more, and the password is forgotten"}, err
}

// AvailabilityConfigInfo is with which account others ask here.
type AvailabilityConfigInfo struct {
	OrgWideAccount string `json:"org_wide_account,omitempty"`
}

// ShowAvailabilityConfig shows with which account others ask here.
// Get-AvailabilityConfig.
func (a *API) ShowAvailabilityConfig(context.Context, Nothing) (AvailabilityConfigInfo, error) {
	return AvailabilityConfigInfo{a.Partners.AvailabilityConfig().OrgWideAccount}, nil
}

// SetAvailabilityConfig notes with which account another organization asks here.
type SetAvailabilityConfig struct {
	OrgWideAccount string `json:"org_wide_account,omitempty" help:"Account here that was given to another organization, to ask with; none takes the note away." placeholder:"ACCOUNT"`
	PerUserAccount string `json:"per_user_account,omitempty" help:"Refused: each user asks in his own name under an organization relationship." placeholder:"ACCOUNT"`
}

// SetAvailabilityConfig notes with which account another organization asks here.
// Any account that signs in is shown what everybody is shown; the note is for
// administrators. Set-AvailabilityConfig.
func (a *API) SetAvailabilityConfig(ctx context.Context, q SetAvailabilityConfig) (Done, error) {
	if q.PerUserAccount != "" {
		return Done{}, entente.Errorf(entente.Invalid, "PerUserFB needs a trust between the two directories; make an organization relationship, under which each user asks in his own name")
	}
	set := partner.AvailabilityConfig{}
	if q.OrgWideAccount != nobody {
		who, err := a.account(ctx, q.OrgWideAccount)
		if err != nil {
			return Done{}, err
		}
		set.OrgWideAccount = string(who.UPN)
	}
	err := a.recorded(ctx, "address-space.config", []string{set.OrgWideAccount}, func() error { return a.Partners.SetAvailabilityConfig(ctx, set) })
	return Done{"the account with which others ask is noted"}, err
}
