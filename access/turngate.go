package access

import (
	"fmt"
	"slices"
	"strings"
)

// A level is where client access settings are made: for everyone, for a scope,
// for a mailbox.
type level struct {
	name    string // in sentences
	command string // that sets it, up to the options
	rank    int
	policy  ClientPolicy
	put     func(ClientPolicy) func(*Facts, *Supposition)
}

// levels are all that may have a say on whose gate is passed.
func (w *situation) levels() []level {
	var all []level
	if a := w.subject(); a != nil {
		p := ClientPolicy{}
		if a.Policy != nil {
			p = *a.Policy
		}
		all = append(all, level{"the mailbox of " + a.called(), command("account set %s", a.called()), thisAccount, p, func(p ClientPolicy) func(*Facts, *Supposition) {
			return editAccount(a.SID, func(a *Account) { a.Policy = &p })
		}})
	}
	for i, sp := range w.f.Policies {
		all = append(all, level{"the scope " + sp.Scope, command("policy set %s", sp.Scope), everybody, sp.Policy, func(p ClientPolicy) func(*Facts, *Supposition) {
			return func(f *Facts, _ *Supposition) {
				f.Policies = slices.Clone(f.Policies)
				f.Policies[i].Policy = p
			}
		}})
	}
	return append(all, level{"the organization", "organization set", everybody + 1, w.f.Organization.Policy, func(p ClientPolicy) func(*Facts, *Supposition) {
		return func(f *Facts, _ *Supposition) { f.Organization.Policy = p }
	}})
}

// set is a change of one setting of a level. options are empty where no command
// sets it.
func (l *level) set(what, options string, edit func(*ClientPolicy)) Change {
	p := l.policy
	edit(&p)
	c := Change{
		Does: fmt.Sprintf("Set %s for %s.", what, l.name), key: "policy " + l.name + " " + what, rank: l.rank, edit: l.put(p),
	}
	if options != "" {
		c.Command = l.command + " " + options
	}
	return c
}

// clientSetting is the setting of its own that a well-known client has.
func clientSetting(agent string) (name, option string, of func(*ClientPolicy) *Setting) {
	switch classify(agent) {
	case outlook:
		return "EwsAllowOutlook", "--ews-allow-outlook", func(p *ClientPolicy) *Setting { return &p.EwsAllowOutlook }
	case macOutlook:
		return "EwsAllowMacOutlook", "--ews-allow-mac-outlook", func(p *ClientPolicy) *Setting { return &p.EwsAllowMacOutlook }
	case entourage:
		return "EwsAllowEntourage", "--ews-allow-entourage", func(p *ClientPolicy) *Setting { return &p.EwsAllowEntourage }
	}
	return "", "", nil
}

// openGate proposes settings, on every level, that could let the client in.
func (w *situation) openGate() []Change {
	if w.x.Protocol == gateActiveSync {
		return append(w.activeSyncGate(On), w.bypassGate()...)
	}
	var c []Change
	agent := w.x.UserAgent
	name, option, of := clientSetting(agent)
	for _, l := range w.levels() {
		if l.policy.EwsEnabled != On {
			c = append(c, l.set("EwsEnabled to true", "--ews-enabled on", func(p *ClientPolicy) { p.EwsEnabled = On }))
		}
		if l.policy.EwsEnabled != Unset {
			c = append(c, l.set("EwsEnabled to null", "--ews-enabled unset", func(p *ClientPolicy) { p.EwsEnabled = Unset }))
		}
		if of != nil && *of(&l.policy) != On {
			c = append(c, l.set(name+" to true", option+" on", func(p *ClientPolicy) { *of(p) = On }))
		}
		c = append(c, l.openList(agent)...)
		c = append(c, l.openApplications(w.x.Application)...)
	}
	if w.f.Organization.Precedence == Strict {
		c = append(c, Change{
			Does: "Let what a mailbox sets prevail over the organization (precedence classic).", Command: "organization set --precedence classic",
			key: "classic", rank: everybody + 1, edit: func(f *Facts, _ *Supposition) { f.Organization.Precedence = Classic },
		})
	}
	return append(c, w.bypassGate()...)
}

// bypassGate proposes that an assignment be asked nothing at the gate.
func (w *situation) bypassGate() []Change {
	var c []Change
	for i := range w.f.Assignments {
		if a := &w.f.Assignments[i]; a.Gate == GateOwner && !isNew(a) && w.concerns(a.Assignee, w.caller()) && w.target() != nil {
			id := a.ID
			c = append(c, Change{
				Does: fmt.Sprintf("Let requests under the assignment %s pass whatever the mailbox's gate says.", id),
				key:  "gate " + id, rank: thisAccount, edit: editAssignment(id, func(a *Assignment) { a.Gate = GateBypass }),
			})
		}
	}
	return c
}

// openList puts a client on the allow list, or off the block list.
func (l *level) openList(agent string) []Change {
	p := &l.policy
	var c []Change
	switch p.EwsApplicationAccessPolicy {
	case EnforceAllowList:
		if agent != "" && !matchesAny(p.EwsAllowList, agent) {
			list := append(slices.Clip(p.EwsAllowList), agent)
			c = append(c, l.set(fmt.Sprintf("EwsAllowList with %q added", agent), patterns("--ews-allow-list", list), func(p *ClientPolicy) { p.EwsAllowList = list }))
		}
		c = append(c, l.set("EwsApplicationAccessPolicy to null", "--ews-application-access-policy none", func(p *ClientPolicy) { p.EwsApplicationAccessPolicy = "" }))
	case EnforceBlockList:
		rest := slices.DeleteFunc(slices.Clone(p.EwsBlockList), func(x string) bool { return matches(x, agent) })
		if len(rest) < len(p.EwsBlockList) {
			c = append(c, l.set(fmt.Sprintf("EwsBlockList without what matches %q", agent), patterns("--ews-block-list", rest), func(p *ClientPolicy) { p.EwsBlockList = rest }))
		}
		c = append(c, l.set("EwsApplicationAccessPolicy to null", "--ews-application-access-policy none", func(p *ClientPolicy) { p.EwsApplicationAccessPolicy = "" }))
	case NoApplicationPolicy:
		if agent != "" {
			c = append(c, l.set(fmt.Sprintf("an allow list of its own with %q", agent), "--ews-application-access-policy allow-list "+patterns("--ews-allow-list", []string{agent}),
				func(p *ClientPolicy) {
					p.EwsApplicationAccessPolicy, p.EwsAllowList = EnforceAllowList, []string{agent}
				}))
		}
	}
	return c
}

// patterns are the options of a list; no list is a single empty one.
func patterns(option string, list []string) string {
	if len(list) == 0 {
		return option + "=''"
	}
	var all []string
	for _, p := range list {
		all = append(all, command(option+"=%s", p))
	}
	return strings.Join(all, " ")
}

func (l *level) openApplications(id ApplicationID) []Change {
	p := &l.policy
	if len(p.EwsAllowedAppIDs) == 0 || slices.Contains(p.EwsAllowedAppIDs, id) {
		return nil
	}
	var c []Change
	if id != "" {
		list := append(slices.Clip(p.EwsAllowedAppIDs), id)
		c = append(c, l.set(fmt.Sprintf("EwsAllowedAppIDs with %q added", id), "", func(p *ClientPolicy) { p.EwsAllowedAppIDs = list }))
	}
	return append(c, l.set("EwsAllowedAppIDs to none", "", func(p *ClientPolicy) { p.EwsAllowedAppIDs = nil }))
}

// shutGate proposes settings, on every level, that could keep the client out.
func (w *situation) shutGate() []Change {
	switch w.x.Protocol {
	case "":
		return nil
	case gateActiveSync:
		return w.activeSyncGate(Off)
	}
	var c []Change
	agent := w.x.UserAgent
	name, option, of := clientSetting(agent)
	for _, l := range w.levels() {
		if l.policy.EwsEnabled != Off {
			c = append(c, l.set("EwsEnabled to false", "--ews-enabled off", func(p *ClientPolicy) { p.EwsEnabled = Off }))
		}
		if l.policy.EwsEnabled == On {
			c = append(c, l.set("EwsEnabled to null", "--ews-enabled unset", func(p *ClientPolicy) { p.EwsEnabled = Unset }))
		}
		if of != nil && *of(&l.policy) != Off {
			c = append(c, l.set(name+" to false", option+" off", func(p *ClientPolicy) { *of(p) = Off }))
		}
		if agent != "" {
			list := []string{agent}
			if l.policy.EwsApplicationAccessPolicy == EnforceBlockList {
				list = append(slices.Clone(l.policy.EwsBlockList), agent)
			}
			c = append(c, l.set(fmt.Sprintf("a block list with %q", agent), "--ews-application-access-policy block-list "+patterns("--ews-block-list", list),
				func(p *ClientPolicy) {
					p.EwsApplicationAccessPolicy, p.EwsBlockList = EnforceBlockList, list
				}))
		}
	}
	return c
}
