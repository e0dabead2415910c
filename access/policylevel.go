package access

import (
	"slices"
	"strings"
	"time"

	"entente"
)

// A setting of client access can be made on three levels: the mailbox, a
// management scope, the organization. The most specific that says anything of
// it decides, and what it says replaces what the others do: lists are never
// merged.

// scopePolicy is a ScopePolicy with the number of its scope.
type scopePolicy struct {
	ScopePolicy
	scope int32
	facts *levelFacts
}

// levelFacts name the settings of one level, for steps. They are made when the
// settings are, since decisions allocate nothing.
type levelFacts struct {
	origin                         string
	on, onOverOff, off, final      string
	allowList, blockList, appIDs   string
	outlook, macOutlook, entourage string
	activeSyncOn, activeSyncOff    string
	disabled                       entente.Reason
}

func factsOf(origin string, disabled entente.Reason) *levelFacts {
	return &levelFacts{
		origin: origin, disabled: disabled,
		on:         origin + ": EwsEnabled on",
		onOverOff:  origin + ": EwsEnabled on, organization: off",
		off:        origin + ": EwsEnabled off",
		final:      origin + ": EwsEnabled off, which is final",
		allowList:  origin + ": EwsAllowList",
		blockList:  origin + ": EwsBlockList",
		appIDs:     origin + ": EwsAllowedAppIDs",
		outlook:    origin + ": EwsAllowOutlook",
		macOutlook: origin + ": EwsAllowMacOutlook",
		entourage:  origin + ": EwsAllowEntourage",

		activeSyncOn:  origin + ": ActiveSyncEnabled on",
		activeSyncOff: origin + ": ActiveSyncEnabled off",
	}
}

var (
	mailboxFacts      = factsOf("mailbox", EwsDisabledByMailbox)
	organizationFacts = factsOf("organization", EwsDisabledByOrganization)
)

// level finds the policy that decides a setting of an account: the most specific
// that says anything of it. Both are nil if none does.
func (s *Snapshot) level(a *account, says func(*ClientPolicy) bool) (*ClientPolicy, *levelFacts) {
	if p, f := s.ownLevel(a, says); p != nil {
		return p, f
	}
	if says(&s.organization.Policy) {
		return &s.organization.Policy, organizationFacts
	}
	return nil, nil
}

// ownLevel is level without the organization's.
func (s *Snapshot) ownLevel(a *account, says func(*ClientPolicy) bool) (*ClientPolicy, *levelFacts) {
	if a.Policy != nil && says(a.Policy) {
		return a.Policy, mailboxFacts
	}
	if len(a.scopes) == 0 {
		return nil, nil
	}
	for i := range s.policies {
		if p := &s.policies[i]; a.under(p.scope) && says(&p.Policy) {
			return &p.Policy, p.facts
		}
	}
	return nil, nil
}

func saysEnabled(p *ClientPolicy) bool { return p.EwsEnabled != Unset }
func saysApplication(p *ClientPolicy) bool {
	return p.EwsApplicationAccessPolicy != NoApplicationPolicy
}
func saysActiveSync(p *ClientPolicy) bool { return p.ActiveSyncEnabled != Unset }
func saysAppIDs(p *ClientPolicy) bool     { return len(p.EwsAllowedAppIDs) > 0 }

// enabled applies EwsEnabled; the reason is empty if access is allowed.
func (s *Snapshot) enabled(a *account, by Precedence) (fact string, reason entente.Reason) {
	off := s.organization.Policy.EwsEnabled == Off
	if off && by == Strict {
		return organizationFacts.final, EwsDisabledByOrganization
	}
	p, f := s.ownLevel(a, saysEnabled)
	switch {
	case p != nil && p.EwsEnabled == Off:
		if off {
			return organizationFacts.off, EwsDisabledByOrganization
		}
		return f.off, f.disabled
	case p != nil && off:
		return f.onOverOff, ""
	case off:
		return organizationFacts.off, EwsDisabledByOrganization
	}
	return "EwsEnabled on or unset", ""
}

// activeSync applies ActiveSyncEnabled.
func (s *Snapshot) activeSync(a *account) (fact string, on bool) {
	switch p, f := s.level(a, saysActiveSync); {
	case p == nil:
		return "ActiveSyncEnabled unset", true
	case p.ActiveSyncEnabled == Off:
		return f.activeSyncOff, false
	default:
		return f.activeSyncOn, true
	}
}

// applicationID applies EwsAllowedAppIDs, which has an effect while EwsEnabled
// is on, not while it is unset.
func (s *Snapshot) applicationID(a *account, id ApplicationID) (fact string, reason entente.Reason) {
	on, _ := s.level(a, saysEnabled)
	p, f := s.level(a, saysAppIDs)
	switch {
	case p == nil:
		return "no EwsAllowedAppIDs", ""
	case on == nil || on.EwsEnabled != On:
		return "EwsAllowedAppIDs without EwsEnabled on", ""
	}
	for _, known := range p.EwsAllowedAppIDs {
		if id != "" && strings.EqualFold(string(known), string(id)) {
			return f.appIDs, ""
		}
	}
	return f.appIDs, ApplicationIDNotListed
}

// application decides on the client. A well-known one has a setting of its own
// and is on no list. Any other is looked up in the list of the level that
// decides.
func (s *Snapshot) application(a *account, agent string) (fact string, reason entente.Reason) {
	if k := classify(agent); k != otherClient {
		p, f := s.level(a, func(p *ClientPolicy) bool { return p.allows(k) != Unset })
		switch {
		case p == nil:
			return k.unset(), ""
		case p.allows(k) == Off:
			return f.client(k), ClientNotAllowed
		}
		return f.client(k), ""
	}
	p, f := s.level(a, saysApplication)
	if p == nil {
		return "no EwsApplicationAccessPolicy", ""
	}
	if p.EwsApplicationAccessPolicy == EnforceBlockList {
		if matchesAny(p.EwsBlockList, agent) {
			return f.blockList, ApplicationBlocked
		}
		return f.blockList, ""
	}
	// EnforceAllowList, and whatever else the setting may have come to hold.
	if matchesAny(p.EwsAllowList, agent) {
		return f.allowList, ""
	}
	return f.allowList, ApplicationNotListed
}

// allows returns the setting of a well-known client.
func (p *ClientPolicy) allows(k client) Setting {
	switch k {
	case outlook:
		return p.EwsAllowOutlook
	case macOutlook:
		return p.EwsAllowMacOutlook
	case entourage:
		return p.EwsAllowEntourage
	}
	return Unset
}

func (f *levelFacts) client(k client) string {
	switch k {
	case outlook:
		return f.outlook
	case macOutlook:
		return f.macOutlook
	}
	return f.entourage
}

// An EffectiveSetting is what holds for an account, and where it comes from.
type EffectiveSetting struct {
	Setting string // as in Set-CASMailbox
	Value   string // on, off, or the list; empty if it is unset everywhere
	Origin  string // "mailbox", "scope NAME", "organization"; empty if it is unset everywhere
}

// EffectivePolicy returns the settings of client access that hold for an
// account, as the gate finds them; nil if there is no such account.
func (s *Snapshot) EffectivePolicy(sid entente.SID) []EffectiveSetting {
	a := s.bySID(sid)
	if a == nil {
		return nil
	}
	all := []EffectiveSetting{s.effectiveEnabled(a)}
	one := func(setting string, says func(*ClientPolicy) bool, value func(*ClientPolicy) string) {
		e := EffectiveSetting{Setting: setting}
		if p, f := s.level(a, says); p != nil {
			e.Value, e.Origin = value(p), f.origin
		}
		all = append(all, e)
	}
	for _, k := range [...]client{outlook, macOutlook, entourage} {
		one(k.setting(), func(p *ClientPolicy) bool { return p.allows(k) != Unset },
			func(p *ClientPolicy) string { return p.allows(k).String() })
	}
	one("EwsApplicationAccessPolicy", saysApplication, func(p *ClientPolicy) string { return string(p.EwsApplicationAccessPolicy) })
	one("EwsAllowList", func(p *ClientPolicy) bool { return p.EwsApplicationAccessPolicy == EnforceAllowList },
		func(p *ClientPolicy) string { return strings.Join(p.EwsAllowList, ",") })
	one("EwsBlockList", func(p *ClientPolicy) bool { return p.EwsApplicationAccessPolicy == EnforceBlockList },
		func(p *ClientPolicy) string { return strings.Join(p.EwsBlockList, ",") })
	one("EwsAllowedAppIDs", saysAppIDs, func(p *ClientPolicy) string {
		var ids []string
		for _, id := range p.EwsAllowedAppIDs {
			ids = append(ids, string(id))
		}
		return strings.Join(ids, ",")
	})
	one("ActiveSyncEnabled", saysActiveSync, func(p *ClientPolicy) string { return p.ActiveSyncEnabled.String() })
	return onlyTheList(all)
}

// onlyTheList empties the list that the policy in force does not use: another
// level's list means nothing beside it.
func onlyTheList(all []EffectiveSetting) []EffectiveSetting {
	policy := all[slices.IndexFunc(all, func(e EffectiveSetting) bool { return e.Setting == "EwsApplicationAccessPolicy" })]
	for i := range all {
		e := &all[i]
		if e.Setting == "EwsAllowList" && policy.Value != string(EnforceAllowList) ||
			e.Setting == "EwsBlockList" && policy.Value != string(EnforceBlockList) {
			e.Value, e.Origin = "", ""
		}
	}
	return all
}

func (s *Snapshot) effectiveEnabled(a *account) EffectiveSetting {
	e := EffectiveSetting{Setting: "EwsEnabled"}
	if _, reason := s.enabled(a, s.organization.Precedence); reason == EwsDisabledByOrganization {
		e.Value, e.Origin = Off.String(), organizationFacts.origin
	} else if p, f := s.level(a, saysEnabled); p != nil {
		e.Value, e.Origin = p.EwsEnabled.String(), f.origin
	}
	return e
}

// String returns on, off, or nothing.
func (v Setting) String() string {
	switch v {
	case On:
		return "on"
	case Off:
		return "off"
	}
	return ""
}

// PrecedenceChanges returns the accounts that EwsEnabled lets in under one
// precedence and not under the other, in the order of their names.
func (s *Snapshot) PrecedenceChanges() []Account {
	var all []Account
	for _, a := range s.accounts.all() {
		_, classic := s.enabled(a, Classic)
		_, strict := s.enabled(a, Strict)
		if (classic == "") != (strict == "") {
			all = append(all, a.Account)
		}
	}
	slices.SortFunc(all, func(a, b Account) int {
		return strings.Compare(a.Name+"\x00"+string(a.SID), b.Name+"\x00"+string(b.SID))
	})
	return all
}

// Admits tells how the gate of a protocol would decide of an account that comes
// by itself with a client and an application: a dry run.
func (s *Snapshot) Admits(sid entente.SID, userAgent string, id ApplicationID, protocol string, at time.Time) Decision {
	c := &Caller{Method: Basic, UserAgent: userAgent, Application: id}
	if a := s.bySID(sid); a != nil {
		c.Authenticated = a.Principal
	}
	return s.Decide(Question{Caller: c, On: Object{Kind: OrganizationObject, Name: protocol}, Want: Enter, At: at})
}
