package admin

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"entente"
	"entente/access"
)

// DesiredRelationship is an organization relationship. What is not said stays.
type DesiredRelationship struct {
	Name            string   `yaml:"name"`
	Domains         []string `yaml:"domains"`
	Enabled         *bool    `yaml:"enabled"`
	FreeBusy        *bool    `yaml:"free_busy"`
	FreeBusyLevel   string   `yaml:"free_busy_level"`
	FreeBusyScope   string   `yaml:"free_busy_scope"`
	Contact         string   `yaml:"contact"`
	ApplicationURI  string   `yaml:"application_uri"`
	AutodiscoverEPR string   `yaml:"autodiscover_epr"`
	SharingEPR      string   `yaml:"sharing_epr"`
	OWAURL          string   `yaml:"owa_url"`
	Keys            []string `yaml:"keys"`
}

// DesiredSharingPolicy is a sharing policy; its rules are these and no others.
type DesiredSharingPolicy struct {
	Name    string   `yaml:"name"`
	Rules   []string `yaml:"rules"`
	Enabled *bool    `yaml:"enabled"`
	Default bool     `yaml:"default"`
}

// saidSwitch writes a truth as requests do; nil is not said.
func saidSwitch(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "on"
	}
	return "off"
}

func (x *DesiredRelationship) settings() RelationshipSettings {
	return RelationshipSettings{
		Enabled: saidSwitch(x.Enabled), FreeBusy: saidSwitch(x.FreeBusy), FreeBusyLevel: x.FreeBusyLevel, FreeBusyScope: x.FreeBusyScope,
		Contact: x.Contact, ApplicationURI: x.ApplicationURI, AutodiscoverEPR: x.AutodiscoverEPR, SharingEPR: x.SharingEPR, OWAURL: x.OWAURL, Keys: x.Keys,
	}
}

func (p *planner) relationships(ctx context.Context, d *Desired) error {
	have, err := p.a.Directory.Relationships(ctx)
	if err != nil {
		return err
	}
	for _, x := range d.Relationships {
		settings := x.settings()
		i := slices.IndexFunc(have, func(r access.Relationship) bool { return strings.EqualFold(r.Name, x.Name) })
		if i < 0 {
			p.add("make the organization relationship "+x.Name, do1(p.a.CreateRelationship, CreateRelationship{
				RelationshipName: RelationshipName{x.Name}, Domains: x.Domains, RelationshipSettings: settings,
			}))
			continue
		}
		same, err := p.sameRelationship(ctx, &have[i], &x, &settings)
		if err != nil {
			return prefixed("organization relationship "+x.Name, err)
		}
		if !same {
			p.add("change the organization relationship "+x.Name, do1(p.a.SetRelationship, SetRelationship{
				RelationshipName: RelationshipName{x.Name}, Domains: x.Domains, RelationshipSettings: settings,
			}))
		}
	}
	return nil
}

// sameRelationship reports whether a relationship is as it is desired. A group
// that an earlier step makes is not its scope yet.
func (p *planner) sameRelationship(ctx context.Context, have *access.Relationship, x *DesiredRelationship, settings *RelationshipSettings) (bool, error) {
	want := *have
	apply, err := p.a.relationshipChange(ctx, settings)
	if isKind(err, entente.NotFound) {
		return false, nil
	}
	if err == nil {
		err = apply(&want)
	}
	if err != nil {
		return false, err
	}
	if len(x.Domains) > 0 {
		if want.Domains, err = requestDomains(x.Domains); err != nil {
			return false, err
		}
		slices.Sort(want.Domains)
		want.Domains = slices.Compact(want.Domains)
	}
	return reflect.DeepEqual(want, *have) || len(want.Keys)+len(have.Keys) == 0 && sameButKeys(want, *have), nil
}

func sameButKeys(a, b access.Relationship) bool {
	a.Keys, b.Keys = nil, nil
	return reflect.DeepEqual(a, b)
}

func (p *planner) sharingPolicies(ctx context.Context, d *Desired) error {
	have, err := p.a.Directory.SharingPolicies(ctx)
	if err != nil {
		return err
	}
	for _, x := range d.SharingPolicies {
		i := slices.IndexFunc(have, func(h access.SharingPolicy) bool { return strings.EqualFold(h.Name, x.Name) })
		if i < 0 {
			p.add("make the sharing policy "+x.Name, do1(p.a.CreateSharingPolicy, CreateSharingPolicy{
				SharingPolicyName: SharingPolicyName{x.Name}, Rules: x.Rules, Default: x.Default, Enabled: saidSwitch(x.Enabled),
			}))
			continue
		}
		want := have[i]
		if err := applySharing(&want, x.Rules, saidSwitch(x.Enabled)); err != nil {
			return prefixed("sharing policy "+x.Name, err)
		}
		if !reflect.DeepEqual(want, have[i]) {
			p.add("change the sharing policy "+x.Name, do1(p.a.SetSharingPolicy, SetSharingPolicy{
				SharingPolicyName: SharingPolicyName{x.Name}, Rules: x.Rules, Enabled: saidSwitch(x.Enabled),
			}))
		}
		if x.Default && !have[i].Default {
			p.add("make "+x.Name+" the default sharing policy", do1(p.a.DefaultSharingPolicy, SharingPolicyName{x.Name}))
		}
	}
	for _, x := range d.Accounts {
		if x.SharingPolicy == "" {
			continue
		}
		account, err := p.a.account(ctx, x.UPN)
		if err != nil && !isKind(err, entente.NotFound) {
			return err
		}
		if err != nil || !strings.EqualFold(account.SharingPolicy, x.SharingPolicy) {
			p.add("have "+x.UPN+" go by the sharing policy "+x.SharingPolicy, do1(p.a.AssignSharingPolicy, AssignSharingPolicy{AccountName{x.UPN}, x.SharingPolicy}))
		}
	}
	return nil
}
