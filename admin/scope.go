package admin

import (
	"context"
	"slices"

	"entente"
	"entente/access"
	"entente/directory"
)

// ScopeInfo is a management scope.
type ScopeInfo struct {
	Name      string `json:"name"`
	Filter    string `json:"filter"`
	Exclusive bool   `json:"exclusive"`
}

// ListScopes lists the management scopes.
func (a *API) ListScopes(ctx context.Context, _ Nothing) ([]ScopeInfo, error) {
	all, err := a.Directory.Scopes(ctx)
	list := make([]ScopeInfo, 0, len(all))
	for _, s := range all {
		list = append(list, ScopeInfo(s))
	}
	return list, err
}

// ScopeName names a management scope.
type ScopeName struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
}

// CreateScope asks for a management scope.
type CreateScope struct {
	ScopeName
	Filter    string `json:"filter" help:"Recipient filter: \"Department -eq 'Sales'\", \"CustomAttribute1 -like 'vip*' -or Title -eq 'Board'\"." required:""`
	Exclusive bool   `json:"exclusive,omitempty" help:"Keep everyone without an exclusive scope away from these recipients."`
}

// CreateScope makes a management scope.
func (a *API) CreateScope(ctx context.Context, q CreateScope) (ScopeInfo, error) {
	s := access.ManagementScope{Name: q.Name, Filter: q.Filter, Exclusive: q.Exclusive}
	err := a.change(ctx, "scope.create", []string{q.Name, q.Filter}, func(c *directory.Change) error { return c.CreateScope(s) })
	return ScopeInfo(s), err
}

// SetScope asks for another filter.
type SetScope struct {
	ScopeName
	Filter string `json:"filter" help:"Recipient filter." required:""`
}

// SetScope changes whom a management scope holds. Whether it is exclusive
// cannot be changed, as in Exchange: assignments rely on it.
func (a *API) SetScope(ctx context.Context, q SetScope) (Done, error) {
	err := a.change(ctx, "scope.set", []string{q.Name, q.Filter}, func(c *directory.Change) error {
		return c.SetScope(q.Name, func(s *access.ManagementScope) error {
			s.Filter = q.Filter
			return nil
		})
	})
	return Done{"the scope " + q.Name + " was changed"}, err
}

// RemoveScope removes a management scope that nothing is about.
func (a *API) RemoveScope(ctx context.Context, q ScopeName) (Done, error) {
	err := a.change(ctx, "scope.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveScope(q.Name) })
	return Done{"the scope " + q.Name + " was removed"}, err
}

// ScopePolicyInfo is the client access policy of the recipients in a scope.
type ScopePolicyInfo struct {
	Scope    string `json:"scope"`
	Priority int    `json:"priority"`
	ClientPolicy
}

// ListScopePolicies lists client access policies of scopes, the one that
// decides first first.
func (a *API) ListScopePolicies(ctx context.Context, _ Nothing) ([]ScopePolicyInfo, error) {
	all, err := a.Directory.ScopePolicies(ctx)
	list := make([]ScopePolicyInfo, 0, len(all))
	for i := range all {
		list = append(list, ScopePolicyInfo{all[i].Scope, all[i].Priority, clientPolicy(&all[i].Policy)})
	}
	return list, err
}

// SetScopePolicy asks for a change of access by EWS for the recipients in a
// scope. What is empty stays.
type SetScopePolicy struct {
	Scope    string `json:"scope" arg:"" help:"The management scope."`
	Priority *int   `json:"priority,omitempty" help:"Which of several policies decides: the one with the lowest number. A new policy has 0."`
	SetPolicy
}

// SetScopePolicy changes access by EWS for the recipients in a scope: more
// specific than what is set for everyone, less than what is set for a mailbox.
func (a *API) SetScopePolicy(ctx context.Context, q SetScopePolicy) (PolicyDone, error) {
	if q.empty() && q.Priority == nil {
		return PolicyDone{}, entente.Errorf(entente.Invalid, "say what to set")
	}
	all, err := a.Directory.ScopePolicies(ctx)
	if err != nil {
		return PolicyDone{}, err
	}
	next, err := q.among(all)
	if err != nil {
		return PolicyDone{}, err
	}
	answer, err := a.rehearsed(ctx, &q.SetPolicy, access.Delta{Policies: next, SetPolicies: true})
	if err != nil || q.DryRun {
		return answer, err
	}
	answer.Done = "the policy of the scope " + q.Scope + " was changed"
	return answer, a.change(ctx, "policy.set", []string{q.Scope}, func(c *directory.Change) error {
		p, _, err := c.ScopePolicy(q.Scope)
		if err != nil {
			return err
		}
		if err := q.set(&p); err != nil {
			return err
		}
		return c.SetScopePolicy(p)
	})
}

func (q *SetScopePolicy) set(p *access.ScopePolicy) error {
	p.Scope = q.Scope
	if q.Priority != nil {
		p.Priority = *q.Priority
	}
	return q.apply(&p.Policy)
}

// among returns all policies of scopes as they would be.
func (q *SetScopePolicy) among(all []access.ScopePolicy) ([]access.ScopePolicy, error) {
	next := slices.Clone(all)
	i := slices.IndexFunc(next, func(p access.ScopePolicy) bool { return p.Scope == q.Scope })
	if i < 0 {
		i, next = len(next), append(next, access.ScopePolicy{})
	}
	return next, q.set(&next[i])
}

// RemoveScopePolicy takes the policy from a scope.
func (a *API) RemoveScopePolicy(ctx context.Context, q ScopeName) (Done, error) {
	err := a.change(ctx, "policy.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveScopePolicy(q.Name) })
	return Done{"the scope " + q.Name + " has no policy any more"}, err
}

// EffectiveSetting is a setting of client access that holds for a mailbox, and
// where it comes from.
type EffectiveSetting struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	Origin  string `json:"origin"`
}

// EffectivePolicy shows what holds for a mailbox, as the gate finds it: its own
// settings before those of its scopes, and these before the organization's.
func (a *API) EffectivePolicy(ctx context.Context, q AccountName) ([]EffectiveSetting, error) {
	x, err := a.account(ctx, q.Account)
	list := []EffectiveSetting{}
	if err != nil {
		return nil, err
	}
	for _, s := range a.Directory.Snapshot().EffectivePolicy(x.SID) {
		e := EffectiveSetting{s.Setting, s.Value, s.Origin}
		if e.Origin == "" {
			e.Value, e.Origin = "unset", "nowhere"
		}
		list = append(list, e)
	}
	return list, nil
}
