package access

import (
	"fmt"
	"slices"

	"entente"
)

// domain is that of the caller with a delegation token.
func (w *situation) domain() entente.Domain { return w.x.Caller.Mail.Domain() }

// relations are the relationships that name his domain. Of more than one none
// counts.
func (w *situation) relations() []*Relationship {
	var all []*Relationship
	for i := range w.f.Relationships {
		if r := &w.f.Relationships[i]; slices.Contains(r.Domains, w.domain()) {
			all = append(all, r)
		}
	}
	return all
}

// giveForeign proposes what could be shown to somebody of another organization.
func (w *situation) giveForeign() []Change {
	var c []Change
	if box := w.owner(); box == nil {
		c = w.giveMailbox()
	}
	all := w.relations()
	for _, r := range all {
		if len(all) > 1 {
			c = append(c, w.unname(r))
			continue
		}
		c = append(c, w.mendRelation(r)...)
	}
	switch w.x.Foreign.Offer {
	case OfferFreeBusy:
		if len(all) == 0 {
			c = append(c, w.relate()...)
		}
		if t := w.x.Folder; t != nil {
			e := Entry{Who: Default, Rights: w.x.Want & LevelFreeBusyDetails}
			if old := t.special(Default); old != nil {
				e.Rights |= old.Rights
			}
			c = append(c, w.entry(e, everybody))
		}
	case OfferSharingRead:
		c = append(c, w.share()...)
		c = append(c, w.giveItem()...)
	}
	return c
}

// relation is a change of a relationship.
func relation(r *Relationship, does, key, options string, rank int, edit func(*Relationship)) Change {
	name := r.Name
	return Change{
		Does: does, Command: command("relationship set %s ", name) + options, key: key + " relationship " + name, rank: rank,
		edit: func(f *Facts, _ *Supposition) {
			f.Relationships = slices.Clone(f.Relationships)
			for i := range f.Relationships {
				if f.Relationships[i].Name == name {
					edit(&f.Relationships[i])
				}
			}
		},
	}
}

// unname takes the domain from one of several relationships that name it.
func (w *situation) unname(r *Relationship) Change {
	d := w.domain()
	return relation(r, fmt.Sprintf("Take the domain %s out of the organization relationship %s.", d, r.Name), "unname", command("--remove-domains %s", string(d)), mendsFact,
		func(r *Relationship) {
			r.Domains = slices.DeleteFunc(slices.Clone(r.Domains), func(x entente.Domain) bool { return x == d })
		})
}

// level is what would have to be shown for what is asked.
func (w *situation) level() FreeBusyLevel {
	if w.x.Want&FreeBusyDetailed != 0 {
		return LimitedDetails
	}
	return AvailabilityOnly
}

// relate makes a relationship.
func (w *situation) relate() []Change {
	f := w.x.Foreign
	if f.Organization == "" || w.domain() == "" {
		return nil
	}
	r := Relationship{
		Name: string(w.domain()), Domains: []entente.Domain{w.domain()}, Enabled: true, FreeBusy: true, FreeBusyLevel: w.level(),
		TargetApplicationURI: f.Organization,
	}
	return []Change{{
		Does: fmt.Sprintf("Make an organization relationship with %s that shows %s.", w.domain(), r.FreeBusyLevel),
		Command: command("relationship create %s --domains %s --application-uri %s --free-busy on --free-busy-level %s",
			r.Name, r.Name, bounded(f.Organization), r.FreeBusyLevel.String()),
		key: "relate", rank: everybody, edit: with(relationships, r),
	}}
}

func relationships(f *Facts) *[]Relationship { return &f.Relationships }

// mendRelation puts a relationship right.
func (w *situation) mendRelation(r *Relationship) []Change {
	f := w.x.Foreign
	var c []Change
	add := func(key, does, options string, rank int, edit func(*Relationship)) {
		c = append(c, relation(r, does, key, options, rank, edit))
	}
	if f.Organization != "" && r.TargetApplicationURI != f.Organization {
		add("name", fmt.Sprintf("Have the organization relationship %s name the organization %s.", r.Name, bounded(f.Organization)),
			command("--application-uri %s", bounded(f.Organization)), everybody, func(r *Relationship) { r.TargetApplicationURI = f.Organization })
	}
	if len(r.Keys) > 0 && !slices.Contains(r.Keys, f.Key) {
		if f.Key != "" {
			add("pin", fmt.Sprintf("Pin the key %s in the organization relationship %s.", bounded(f.Key), r.Name),
				command("--keys %s", bounded(f.Key)), everybody, func(r *Relationship) { r.Keys = append(slices.Clip(r.Keys), f.Key) })
		}
		add("unpin", fmt.Sprintf("Pin no keys in the organization relationship %s: the broker's word is then enough.", r.Name),
			"--keys ''", everybody+1, func(r *Relationship) { r.Keys = nil })
	}
	if f.Offer != OfferFreeBusy {
		return c // what is shared by people needs no relationship
	}
	if !r.Enabled {
		add("enable", fmt.Sprintf("Enable the organization relationship %s.", r.Name), "--enabled on", mendsFact, func(r *Relationship) { r.Enabled = true })
	}
	if !r.FreeBusy {
		add("free-busy", fmt.Sprintf("Turn free/busy on in the organization relationship %s.", r.Name), "--free-busy on", mendsFact, func(r *Relationship) { r.FreeBusy = true })
	}
	if level := w.level(); r.FreeBusyLevel < level {
		add("raise", fmt.Sprintf("Raise the level of the organization relationship %s to %s.", r.Name, level), "--free-busy-level "+level.String(), everybody,
			func(r *Relationship) { r.FreeBusyLevel = level })
	}
	if r.FreeBusyScope != "" {
		if box := w.owner(); box != nil {
			c = append(c, w.join(box, r.FreeBusyScope)...)
		}
		add("everybody", fmt.Sprintf("Have the organization relationship %s show everybody, and not only members of %s.", r.Name, w.name(r.FreeBusyScope)), "--free-busy-scope none", everybody,
			func(r *Relationship) { r.FreeBusyScope = "" })
	}
	return c
}

// policy is the sharing policy of the owner in the facts, nil if none holds.
func (w *situation) policy() *SharingPolicy {
	box := w.owner()
	if box == nil {
		return nil
	}
	p, _ := Compile(w.f).SharingPolicyOf(box.SID)
	return p
}

// action is what a policy must allow for a folder, and for what is asked there.
func (w *situation) action() SharingActions {
	switch t := w.x.Folder; {
	case t != nil && ofClass(t.Class, "IPF.Contact"):
		return ContactsSharing
	case w.x.Item != (ItemKey{}), w.x.Want&(ReadAny|ReadItem) != 0:
		return CalendarSharingFreeBusyReviewer
	case w.x.Want&FreeBusyDetailed != 0:
		return CalendarSharingFreeBusyDetail
	}
	return CalendarSharingFreeBusySimple
}

// share gives the caller an entry in the folder, and has the owner's policy let
// it count.
func (w *situation) share() []Change {
	t := w.x.Folder
	if t == nil {
		return nil
	}
	e := Entry{Who: ExternalUser, External: w.x.Caller.Mail, Rights: w.action().Rights(t.Class)}
	if w.x.Item == (ItemKey{}) {
		e.Rights |= w.x.Want & FolderRights
	}
	for i := range t.Entries {
		if x := &t.Entries[i]; x.Who == ExternalUser && x.External == e.External {
			e.Rights |= x.Rights
		}
	}
	c := []Change{w.entry(e, thisRequest)}
	box, p := w.owner(), w.policy()
	if box == nil {
		return c
	}
	for i := range w.f.SharingPolicies {
		c = append(c, w.goBy(box, &w.f.SharingPolicies[i])...)
	}
	switch {
	case p == nil && box.SharingPolicy != "":
		c = append(c, Change{
			Does:    fmt.Sprintf("Have the mailbox of %s go by the default sharing policy.", box.called()),
			Command: command("sharing-policy assign %s --policy none", box.called()), key: "policy of " + string(box.SID), rank: thisAccount,
			edit: editAccount(box.SID, func(a *Account) { a.SharingPolicy = "" }),
		})
	case p == nil && box.SharingPolicy == "" && !slices.ContainsFunc(w.f.SharingPolicies, func(p SharingPolicy) bool { return p.Default }):
		rule := SharingRule{string(w.domain()), w.action()}
		c = append(c, Change{
			Does:    fmt.Sprintf("Make a default sharing policy that allows '%s'.", rule),
			Command: command("sharing-policy create Default --default --rules %s", rule.String()), key: "policy", rank: everybody,
			edit: with(sharingPolicies, SharingPolicy{Name: "Default", Enabled: true, Default: true, Rules: []SharingRule{rule}}),
		})
	case p != nil:
		if !p.Enabled {
			c = append(c, w.sharing(p, fmt.Sprintf("Enable the sharing policy %s.", p.Name), "enable", "--enabled on", func(p *SharingPolicy) { p.Enabled = true }))
		}
		on := *p
		on.Enabled = true
		if allowed := on.Allows(w.domain(), true); allowed&w.action() == 0 {
			rule := SharingRule{string(w.domain()), allowed | w.action()}
			c = append(c, w.sharing(p, fmt.Sprintf("Have the sharing policy %s allow '%s'.", p.Name, rule), "allow", "", func(p *SharingPolicy) {
				p.Rules = append(slices.DeleteFunc(slices.Clone(p.Rules), func(r SharingRule) bool { return r.Domain == rule.Domain }), rule)
			}))
		}
	}
	return c
}

// goBy has the mailbox go by another policy.
func (w *situation) goBy(box *Account, p *SharingPolicy) []Change {
	name := p.Name
	if now := w.policy(); now != nil && now.Name == name || box.SharingPolicy == name {
		return nil
	}
	return []Change{{
		Does:    fmt.Sprintf("Have the mailbox of %s go by the sharing policy %s.", box.called(), name),
		Command: command("sharing-policy assign %s --policy %s", box.called(), name), key: "policy of " + string(box.SID), rank: thisAccount,
		edit: editAccount(box.SID, func(a *Account) { a.SharingPolicy = name }),
	}}
}

// sharing is a change of a sharing policy.
func (w *situation) sharing(p *SharingPolicy, does, key, options string, edit func(*SharingPolicy)) Change {
	name := p.Name
	c := Change{
		Does: does, key: key + " policy " + name, rank: everybody,
		edit: func(f *Facts, _ *Supposition) {
			f.SharingPolicies = slices.Clone(f.SharingPolicies)
			for i := range f.SharingPolicies {
				if f.SharingPolicies[i].Name == name {
					edit(&f.SharingPolicies[i])
				}
			}
		},
	}
	if options != "" {
		c.Command = command("sharing-policy set %s ", name) + options
	}
	return c
}

func sharingPolicies(f *Facts) *[]SharingPolicy { return &f.SharingPolicies }

// withholdForeign takes away what somebody of another organization is shown.
func (w *situation) withholdForeign() []Change {
	var c []Change
	if w.x.Foreign.Offer == OfferFreeBusy {
		for _, r := range w.relations() {
			c = append(c, relation(r, fmt.Sprintf("Disable the organization relationship %s.", r.Name), "disable", "--enabled off", everybody,
				func(r *Relationship) { r.Enabled = false }))
			if lower := w.level() - 1; r.FreeBusyLevel > lower && w.x.Folder != nil {
				c = append(c, relation(r, fmt.Sprintf("Lower the level of the organization relationship %s to %s.", r.Name, lower), "lower", "--free-busy-level "+lower.String(), everybody,
					func(r *Relationship) { r.FreeBusyLevel = lower }))
			}
			if r.FreeBusy {
				c = append(c, relation(r, fmt.Sprintf("Turn free/busy off in the organization relationship %s.", r.Name), "free-busy", "--free-busy off", everybody,
					func(r *Relationship) { r.FreeBusy = false }))
			}
			if box := w.owner(); box != nil && r.FreeBusyScope != "" {
				c = append(c, w.leave(box, r.FreeBusyScope)...)
			}
		}
		return c
	}
	if p := w.policy(); p != nil && p.Enabled && w.x.Folder != nil {
		c = append(c, w.sharing(p, fmt.Sprintf("Disable the sharing policy %s.", p.Name), "disable", "--enabled off", func(p *SharingPolicy) { p.Enabled = false }))
	}
	return append(c, w.withholdItem()...)
}
