// Package oracle holds the decision engine against a second formulation of its
// rules, as policies of Cedar (github.com/cedar-policy/cedar-go), which other
// people's engine evaluates. It has tests only.
//
// What of the rules is an order of stages, or of distances, is asked stage by
// stage and distance by distance; within each, permits, forbids, membership and
// conditions are Cedar's.
package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"entente"
	"entente/access"
)

// An oracle is a world as Cedar sees it.
type oracle struct {
	t        testing.TB
	facts    *access.Facts
	policies *cedar.PolicySet
	entities cedar.EntityMap
	text     strings.Builder
}

// say adds a policy.
func (o *oracle) say(format string, args ...any) { fmt.Fprintf(&o.text, format+"\n", args...) }

func newOracle(t testing.TB, w *world) *oracle {
	t.Helper()
	o := &oracle{t: t, facts: &w.facts, entities: cedar.EntityMap{}}
	o.addEntities(w)
	o.callers()
	for i := range w.facts.Assignments {
		o.assignment(&w.facts.Assignments[i])
	}
	o.gates()
	for i := range w.facts.Accounts {
		o.mailbox(&w.facts.Accounts[i])
	}
	for i := range w.folders {
		o.folder(&w.folders[i])
	}
	for i := range w.facts.ItemGrants {
		o.itemGrant(&w.facts.ItemGrants[i])
	}
	policies, err := cedar.NewPolicySetFromBytes("world", []byte(o.text.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, o.text.String())
	}
	o.policies = policies
	return o
}

func uid(kind, name string) cedar.EntityUID {
	return cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(name))
}

// asks puts one question to Cedar. An error of a policy is one of ours.
func (o *oracle) asks(principal cedar.EntityUID, action string, resource cedar.EntityUID, context cedar.RecordMap) bool {
	o.t.Helper()
	decision, d := cedar.Authorize(o.policies, o.entities, cedar.Request{
		Principal: principal, Action: uid("Action", action), Resource: resource, Context: cedar.NewRecord(context),
	})
	if len(d.Errors) > 0 {
		o.t.Fatalf("%v", d.Errors)
	}
	return decision == cedar.Allow
}

func who(sid entente.SID) cedar.EntityUID { return uid("Principal", string(sid)) }

func literal(u cedar.EntityUID) string { return fmt.Sprintf("%s::%q", u.Type, string(u.ID)) }

func setting(s access.Setting) cedar.String { return cedar.String([]string{"unset", "on", "off"}[s]) }

// addEntities makes accounts members of groups and groups of groups, and gives
// accounts the attributes that conditions look at.
func (o *oracle) addEntities(w *world) {
	parents := map[entente.SID][]cedar.EntityUID{}
	for _, g := range w.facts.Groups {
		for _, m := range g.Members {
			parents[m] = append(parents[m], who(g.SID))
		}
	}
	put := func(u cedar.EntityUID, attributes cedar.RecordMap, in ...cedar.EntityUID) {
		o.entities[u] = cedar.Entity{UID: u, Parents: cedar.NewEntityUIDSet(in...), Attributes: cedar.NewRecord(attributes)}
	}
	for _, g := range w.facts.Groups {
		put(who(g.SID), nil, parents[g.SID]...)
	}
	for i := range w.facts.Accounts {
		a := &w.facts.Accounts[i]
		p := a.Policy
		if p == nil {
			p = &access.ClientPolicy{}
		}
		put(who(a.SID), cedar.RecordMap{
			"enabled": cedar.Boolean(a.Enabled), "nobody": cedar.Boolean(a.Kind == access.KindRoom || a.Kind == access.KindShared),
			"database": cedar.String(a.Database), "department": cedar.String(department(a)),
			"ews": setting(p.EwsEnabled), "outlook": setting(p.EwsAllowOutlook), "mac": setting(p.EwsAllowMacOutlook),
		}, parents[a.SID]...)
		put(uid("Mailbox", a.Mailbox.String()), cedar.RecordMap{"owner": who(a.SID)})
		for content := range 2 {
			series := itemUID(a.Mailbox, uint64(content+1), 0)
			put(series, nil)
			for _, day := range days() {
				put(itemUID(a.Mailbox, uint64(content+1), day), nil, series)
			}
		}
	}
}

func department(a *access.Account) string {
	if a.Attributes == nil {
		return ""
	}
	return a.Attributes.Department
}

func itemUID(box entente.MailboxID, content uint64, day int32) cedar.EntityUID {
	return uid("Item", fmt.Sprint(box, "/", content, "/", day))
}

// callers: who is disabled may not come, who administers may not act as anybody.
func (o *oracle) callers() {
	o.say(`permit (principal, action == Action::"come", resource) when { principal.enabled };`)
	for _, sid := range o.facts.Administrators {
		o.say(`permit (principal in %s, action == Action::"administer", resource);`, literal(who(sid)))
	}
}

// distances are the order in which kinds of scope decide.
func distances() []access.ScopeKind {
	return []access.ScopeKind{access.ScopeAccount, access.ScopeGroup, access.ScopeManagement, access.ScopeDatabase, access.ScopeAll}
}

// assignment: a grant permits, a denial forbids, at its distance; both speak
// there, so that what is farther is not heard.
func (o *oracle) assignment(a *access.Assignment) {
	conditions := []string{"true"}
	if a.Server != "" {
		conditions = append(conditions, fmt.Sprintf("context.server == %q", a.Server))
	}
	if !a.NotBefore.IsZero() {
		conditions = append(conditions, fmt.Sprintf("context.at >= %d", a.NotBefore.Unix()))
	}
	if !a.NotAfter.IsZero() {
		conditions = append(conditions, fmt.Sprintf("context.at < %d", a.NotAfter.Unix()))
	}
	if !a.Enabled {
		return
	}
	effect := "permit"
	if a.Deny {
		effect = "forbid"
	}
	head := func(effect, action string) {
		o.say(`%s (principal in %s, action == Action::%q, resource) when { %s };`, effect, literal(who(a.Assignee)), action, strings.Join(conditions, " && "))
	}
	if a.Rights&access.Impersonate != 0 {
		n := "everywhere"
		if a.Server != "" {
			n = "here"
		}
		head(effect, "call "+n)
		head("permit", "speak call "+n)
	}
	if a.Rights&access.MayImpersonate == 0 || !slices.Contains(distances(), a.Scope.Kind) {
		return
	}
	conditions = append(conditions, o.over(a))
	n := fmt.Sprint(a.Scope.Kind)
	head(effect, "act "+n)
	head("permit", "speak act "+n)
	if !a.Deny && a.Gate == access.GateBypass {
		head("permit", "bypass "+n)
	}
}

// over is the condition that the account acted as is one the assignment is about.
func (o *oracle) over(a *access.Assignment) string {
	within := "true"
	exclusive := false
	switch a.Scope.Kind {
	case access.ScopeAccount:
		within = "resource == " + literal(who(entente.SID(a.Scope.Name)))
	case access.ScopeGroup:
		within = "resource in " + literal(who(entente.SID(a.Scope.Name)))
	case access.ScopeDatabase:
		within = fmt.Sprintf("resource.database == %q", a.Scope.Name)
	case access.ScopeManagement:
		s := o.scope(a.Scope.Name)
		within, exclusive = inScope("resource", s), s.Exclusive
	}
	if a.Deny {
		return within
	}
	if !a.AllowDisabled {
		within += " && (resource.enabled || resource.nobody)"
	}
	for i := range o.facts.Scopes {
		if s := &o.facts.Scopes[i]; s.Exclusive && !exclusive {
			within += " && !(" + inScope("resource", s) + ")"
		}
	}
	return within
}

func (o *oracle) scope(name string) *access.ManagementScope {
	i := slices.IndexFunc(o.facts.Scopes, func(s access.ManagementScope) bool { return s.Name == name })
	return &o.facts.Scopes[i]
}

// inScope writes a filter of ours as a condition of Cedar: the filters of these
// worlds are all Department -eq 'X'.
func inScope(of string, s *access.ManagementScope) string {
	return fmt.Sprintf("%s.department == %q", of, strings.Split(s.Filter, "'")[1])
}

// chain is the value of a setting on the nearest level that has one: the
// mailbox's, those of the scopes it is in by their priority, and last.
func (o *oracle) chain(attribute string, of func(*access.ClientPolicy) access.Setting, last string) string {
	text := fmt.Sprintf("(if principal.%s != \"unset\" then principal.%s else ", attribute, attribute)
	tail := ")"
	for _, p := range o.scopePolicies() {
		if v := of(&p.Policy); v != access.Unset {
			text += fmt.Sprintf("if %s then %q else ", inScope("principal", o.scope(p.Scope)), string(setting(v)))
		}
	}
	return text + last + tail
}

func (o *oracle) scopePolicies() []access.ScopePolicy {
	return slices.SortedFunc(slices.Values(o.facts.Policies), func(a, b access.ScopePolicy) int { return a.Priority - b.Priority })
}

// gates: everyone may enter whom nothing forbids to.
func (o *oracle) gates() {
	org := &o.facts.Organization
	for _, protocol := range []string{"ews", "rest", "activesync"} {
		o.say(`permit (principal, action == Action::"enter %s", resource);`, protocol)
	}
	ews := func(p *access.ClientPolicy) access.Setting { return p.EwsEnabled }
	own := o.chain("ews", ews, `"unset"`)
	forbid := func(protocols, condition string) {
		o.say(`forbid (principal, action in [%s], resource) when { %s };`, protocols, condition)
	}
	const soap, both = `Action::"enter ews"`, `Action::"enter ews", Action::"enter rest"`
	forbid(soap, own+` == "off"`)
	if org.Policy.EwsEnabled == access.Off {
		forbid(soap, own+` != "on"`)
		if org.Precedence == access.Strict {
			forbid(soap, "true")
		}
	}
	outlook := o.chain("outlook", func(p *access.ClientPolicy) access.Setting { return p.EwsAllowOutlook }, fmt.Sprintf("%q", string(setting(org.Policy.EwsAllowOutlook))))
	mac := o.chain("mac", func(p *access.ClientPolicy) access.Setting { return p.EwsAllowMacOutlook }, fmt.Sprintf("%q", string(setting(org.Policy.EwsAllowMacOutlook))))
	forbid(both, `context.client == "outlook" && `+outlook+` == "off"`)
	forbid(both, `context.client == "mac" && `+mac+` == "off"`)
	forbid(both, `context.client == "other" && !(`+o.levels(admitted)+`)`)
	on := o.chain("ews", ews, fmt.Sprintf("%q", string(setting(org.Policy.EwsEnabled))))
	forbid(soap, on+` == "on" && !(`+o.levels(identified)+`)`)
}

// levels is a condition of the nearest level that says anything of it; where
// none does, it holds.
func (o *oracle) levels(condition func(*access.ClientPolicy) string) string {
	text := ""
	add := func(level string, p *access.ClientPolicy) {
		if c := condition(p); c != "" {
			text += "if " + level + " then (" + c + ") else "
		}
	}
	for i := range o.facts.Accounts {
		if a := &o.facts.Accounts[i]; a.Policy != nil {
			add("principal == "+literal(who(a.SID)), a.Policy)
		}
	}
	for _, p := range o.scopePolicies() {
		add(inScope("principal", o.scope(p.Scope)), &p.Policy)
	}
	add("true", &o.facts.Organization.Policy)
	return text + "true"
}

// admitted is what a policy says of an application; "" if nothing.
func admitted(p *access.ClientPolicy) string {
	any := func(patterns []string) string {
		text := "false"
		for _, x := range patterns {
			text += fmt.Sprintf(" || context.agent like %q", strings.ToLower(x))
		}
		return text
	}
	switch p.EwsApplicationAccessPolicy {
	case access.EnforceAllowList:
		return any(p.EwsAllowList)
	case access.EnforceBlockList:
		return "!(" + any(p.EwsBlockList) + ")"
	}
	return ""
}

func identified(p *access.ClientPolicy) string {
	if len(p.EwsAllowedAppIDs) == 0 {
		return ""
	}
	text := "false"
	for _, id := range p.EwsAllowedAppIDs {
		text += fmt.Sprintf(" || context.app == %q", string(id))
	}
	return text
}
