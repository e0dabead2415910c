package explain

import (
	"strings"

	"entente"
	"entente/access"
)

// maxRelations bounds what is said of other organizations.
const maxRelations = 5_000

type relationship struct {
	Name            string   `json:"name,omitzero"`
	Domains         []string `json:"domains,omitzero"`
	Enabled         *bool    `json:"enabled,omitzero"`
	FreeBusy        bool     `json:"free_busy,omitzero"`
	FreeBusyLevel   string   `json:"free_busy_level,omitzero"`
	FreeBusyScope   string   `json:"free_busy_scope,omitzero"`
	ApplicationURI  string   `json:"application_uri,omitzero"`
	AutodiscoverEPR string   `json:"autodiscover_epr,omitzero"`
	SharingEPR      string   `json:"sharing_epr,omitzero"`
	Keys            []string `json:"keys,omitzero"`
}

type sharingPolicy struct {
	Name    string   `json:"name,omitzero"`
	Enabled *bool    `json:"enabled,omitzero"`
	Default bool     `json:"default,omitzero"`
	Rules   []string `json:"rules,omitzero"`
}

// token is what a delegation token says of the person named by external.
type token struct {
	Organization string   `json:"organization,omitzero"`
	Domains      []string `json:"domains,omitzero"`
	Mails        []string `json:"mails,omitzero"`
	Offer        string   `json:"offer,omitzero"`
	Key          string   `json:"key,omitzero"`
}

// abroad reads what other organizations are shown.
func (b *builder) abroad() {
	f := &b.facts
	if len(b.q.Relationships)+len(b.q.SharingPolicies) > maxRelations {
		b.fail("there are more than %d relationships and sharing policies", maxRelations)
		return
	}
	for i := range b.q.Relationships {
		f.Relationships = append(f.Relationships, b.relationship(&b.q.Relationships[i]))
	}
	for i := range b.q.SharingPolicies {
		in := &b.q.SharingPolicies[i]
		p := access.SharingPolicy{Name: in.Name, Enabled: in.Enabled == nil || *in.Enabled, Default: in.Default}
		for _, text := range in.Rules {
			r, err := access.ParseSharingRule(text)
			if err != nil {
				b.failed(err)
			}
			p.Rules = append(p.Rules, r)
		}
		f.SharingPolicies = append(f.SharingPolicies, p)
	}
}

func (b *builder) relationship(in *relationship) access.Relationship {
	r := access.Relationship{
		Name: in.Name, Enabled: in.Enabled == nil || *in.Enabled, FreeBusy: in.FreeBusy, Domains: domains(in.Domains),
		TargetApplicationURI: in.ApplicationURI, TargetAutodiscoverEPR: in.AutodiscoverEPR, TargetSharingEPR: in.SharingEPR, Keys: in.Keys,
	}
	if in.FreeBusyLevel != "" {
		var err error
		if r.FreeBusyLevel, err = access.ParseFreeBusyLevel(in.FreeBusyLevel); err != nil {
			b.failed(err)
		}
	}
	if in.FreeBusyScope != "" {
		r.FreeBusyScope = b.sid(in.FreeBusyScope)
	}
	return r
}

func domains(names []string) []entente.Domain {
	var all []entente.Domain
	for _, n := range names {
		all = append(all, entente.Domain(strings.ToLower(n)))
	}
	return all
}

// foreign reads a token. What it does not say is as a partner's would be: the
// domain and address of its bearer, for free/busy.
func (b *builder) foreign(t *token, external string) *access.Foreign {
	mail := entente.SMTPAddress(strings.ToLower(external))
	f := &access.Foreign{Organization: t.Organization, Domains: domains(t.Domains), Offer: t.Offer, Key: t.Key, Mails: []entente.SMTPAddress{mail}}
	if external == "" {
		b.fail("a token is of somebody named by external")
	}
	if len(f.Domains) == 0 {
		f.Domains = []entente.Domain{mail.Domain()}
	}
	if len(t.Mails) > 0 {
		f.Mails = nil
		for _, m := range t.Mails {
			f.Mails = append(f.Mails, entente.SMTPAddress(strings.ToLower(m)))
		}
	}
	switch {
	case f.Offer == "":
		f.Offer = access.OfferFreeBusy
	case !strings.Contains(f.Offer, "."):
		f.Offer = "MSExchange." + f.Offer
	}
	return f
}

// relationship is a relationship in the words of questions.
func (w *writer) relationship(r *access.Relationship) relationship {
	out := relationship{
		Name: r.Name, Enabled: &r.Enabled, FreeBusy: r.FreeBusy, FreeBusyLevel: r.FreeBusyLevel.String(), ApplicationURI: r.TargetApplicationURI,
		AutodiscoverEPR: r.TargetAutodiscoverEPR, SharingEPR: r.TargetSharingEPR, Keys: r.Keys,
	}
	for _, d := range r.Domains {
		out.Domains = append(out.Domains, string(d))
	}
	if r.FreeBusyScope != "" {
		out.FreeBusyScope = w.name(r.FreeBusyScope)
	}
	return out
}

func (w *writer) sharingPolicy(p *access.SharingPolicy) sharingPolicy {
	out := sharingPolicy{Name: p.Name, Enabled: &p.Enabled, Default: p.Default}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, r.String())
	}
	return out
}

// relation says where in the question a relationship or sharing policy is.
func (b *builder) relation(s *access.Step, at func(string, int) string) string {
	if s.Rule == "sharing-policy" {
		for i := range b.facts.SharingPolicies {
			if b.facts.SharingPolicies[i].Name == s.Fact {
				return at("sharing_policies", i)
			}
		}
		return ""
	}
	for i := range b.facts.Relationships {
		if b.facts.Relationships[i].Name == s.Fact {
			return at("relationships", i)
		}
	}
	return ""
}
