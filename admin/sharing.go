package admin

import (
	"context"

	"entente/access"
	"entente/directory"
)

// SharingPolicyInfo is what people may share of their own with others.
type SharingPolicyInfo struct {
	Name    string   `json:"name"`
	Enabled bool     `json:"enabled"`
	Default bool     `json:"default"`
	Rules   []string `json:"rules"`
}

// ListSharingPolicies lists the sharing policies.
func (a *API) ListSharingPolicies(ctx context.Context, _ Nothing) ([]SharingPolicyInfo, error) {
	all, err := a.Directory.SharingPolicies(ctx)
	list := make([]SharingPolicyInfo, 0, len(all))
	for i := range all {
		list = append(list, sharingPolicyInfo(&all[i]))
	}
	return list, err
}

func sharingPolicyInfo(p *access.SharingPolicy) SharingPolicyInfo {
	i := SharingPolicyInfo{Name: p.Name, Enabled: p.Enabled, Default: p.Default}
	for _, r := range p.Rules {
		i.Rules = append(i.Rules, r.String())
	}
	return i
}

// SharingPolicyName names a sharing policy.
type SharingPolicyName struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
}

// CreateSharingPolicy asks for a sharing policy.
type CreateSharingPolicy struct {
	SharingPolicyName
	Rules   []string `json:"rules" help:"With whom, and what: 'fabrikam.example: CalendarSharingFreeBusyDetail, ContactsSharing'; '*' is any federated organization, 'Anonymous' publishing for everyone. The actions are CalendarSharingFreeBusySimple, CalendarSharingFreeBusyDetail, CalendarSharingFreeBusyReviewer, ContactsSharing." required:"" sep:"none" placeholder:"RULE"`
	Default bool     `json:"default,omitempty" help:"Make it the policy of mailboxes that have none of their own."`
	Enabled string   `json:"enabled,omitempty" help:"on or off; a new one is on." placeholder:"on|off"`
}

// CreateSharingPolicy makes a sharing policy. New-SharingPolicy.
func (a *API) CreateSharingPolicy(ctx context.Context, q CreateSharingPolicy) (SharingPolicyInfo, error) {
	p := access.SharingPolicy{Name: q.Name, Enabled: true, Default: q.Default}
	if err := applySharing(&p, q.Rules, q.Enabled); err != nil {
		return SharingPolicyInfo{}, err
	}
	err := a.change(ctx, "sharing-policy.create", append([]string{q.Name}, q.Rules...), func(c *directory.Change) error {
		return c.CreateSharingPolicy(p)
	})
	return sharingPolicyInfo(&p), err
}

// SetSharingPolicy asks for a change of a sharing policy. What is empty stays.
type SetSharingPolicy struct {
	SharingPolicyName
	NewName string   `json:"new_name,omitempty" help:"Another name."`
	Rules   []string `json:"rules,omitempty" help:"With whom, and what, in place of all there are." sep:"none" placeholder:"RULE"`
	Enabled string   `json:"enabled,omitempty" help:"on or off: with a disabled one nothing is shared, and what was is no longer shown." placeholder:"on|off"`
}

// SetSharingPolicy changes a sharing policy. It is in force at once, also for
// what was shared before.
func (a *API) SetSharingPolicy(ctx context.Context, q SetSharingPolicy) (Done, error) {
	var probe access.SharingPolicy
	if err := applySharing(&probe, q.Rules, q.Enabled); err != nil {
		return Done{}, err
	}
	err := a.change(ctx, "sharing-policy.set", append([]string{q.Name}, q.Rules...), func(c *directory.Change) error {
		return c.SetSharingPolicy(q.Name, func(p *access.SharingPolicy) error {
			if q.NewName != "" {
				p.Name = q.NewName
			}
			return applySharing(p, q.Rules, q.Enabled)
		})
	})
	return Done{"the sharing policy " + q.Name + " was changed"}, err
}

func applySharing(p *access.SharingPolicy, rules []string, enabled string) error {
	if len(rules) > 0 {
		p.Rules = nil
		for _, text := range rules {
			r, err := access.ParseSharingRule(text)
			if err != nil {
				return err
			}
			p.Rules = append(p.Rules, r)
		}
	}
	return setSwitch(&p.Enabled, enabled, "")
}

// DefaultSharingPolicy makes a policy that of mailboxes that have none of their
// own.
func (a *API) DefaultSharingPolicy(ctx context.Context, q SharingPolicyName) (Done, error) {
	err := a.change(ctx, "sharing-policy.default", []string{q.Name}, func(c *directory.Change) error {
		return c.SetSharingPolicy(q.Name, func(p *access.SharingPolicy) error {
			p.Default = true
			return nil
		})
	})
	return Done{"mailboxes without a sharing policy of their own go by " + q.Name}, err
}

// AssignSharingPolicy asks to give a mailbox a sharing policy.
type AssignSharingPolicy struct {
	AccountName
	Policy string `json:"policy" help:"The policy; none is the default one again." required:""`
}

// AssignSharingPolicy has what a mailbox' owner shares go by a sharing policy:
// Set-Mailbox -SharingPolicy.
func (a *API) AssignSharingPolicy(ctx context.Context, q AssignSharingPolicy) (Done, error) {
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	policy := q.Policy
	if policy == nobody {
		policy = ""
	}
	err = a.change(ctx, "sharing-policy.assign", []string{string(x.UPN), q.Policy}, func(c *directory.Change) error {
		return c.SetAccount(x.SID, func(x *directory.Account) error {
			x.SharingPolicy = policy
			return nil
		})
	})
	if policy == "" {
		return Done{string(x.UPN) + " goes by the default sharing policy"}, err
	}
	return Done{string(x.UPN) + " goes by the sharing policy " + policy}, err
}

// RemoveSharingPolicy removes a sharing policy that no mailbox has.
func (a *API) RemoveSharingPolicy(ctx context.Context, q SharingPolicyName) (Done, error) {
	err := a.change(ctx, "sharing-policy.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveSharingPolicy(q.Name) })
	return Done{"the sharing policy " + q.Name + " was removed"}, err
}
