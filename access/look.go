package access

import (
	"cmp"
	"slices"

	"entente"
)

// What follows reads the facts a snapshot was made from, piece by piece. What is
// returned may point into the snapshot and must not be changed.

// FindGroup finds a group by its SID.
func (s *Snapshot) FindGroup(sid entente.SID) (Group, bool) {
	if x := s.nodes.get(s.number(sid)); x != nil && x.group != nil {
		return *x.group, true
	}
	return Group{}, false
}

// GroupsOf returns the groups an account is in, through others too.
func (s *Snapshot) GroupsOf(sid entente.SID) []Group {
	a := s.bySID(sid)
	if a == nil {
		return nil
	}
	var all []Group
	for _, n := range a.groups {
		all = append(all, *s.nodes.get(n).group)
	}
	return all
}

// PermissionsOn returns what has been granted on a mailbox as a whole.
func (s *Snapshot) PermissionsOn(id entente.MailboxID) []MailboxPermission {
	b, _ := s.boxes.get(id)
	if b == nil {
		return nil
	}
	var all []MailboxPermission
	for _, p := range b.permissions {
		all = append(all, MailboxPermission{id, entente.SID(s.sid(p.to)), p.rights, p.deny})
	}
	return all
}

// ItemGrantsOn returns what has been granted on items of a mailbox, in the order
// of IDs.
func (s *Snapshot) ItemGrantsOn(id entente.MailboxID) []ItemGrant {
	b, _ := s.boxes.get(id)
	if b == nil {
		return nil
	}
	var all []ItemGrant
	for _, g := range b.grants {
		all = append(all, *g.ItemGrant)
	}
	slices.SortFunc(all, func(a, b ItemGrant) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// FindAssignment finds an assignment by its ID.
func (s *Snapshot) FindAssignment(id string) (Assignment, bool) {
	if same, _ := s.assignments.get(id); len(same) > 0 {
		return same[0].Assignment, true
	}
	return Assignment{}, false
}

// FindItemGrant finds an item grant by its ID.
func (s *Snapshot) FindItemGrant(id string) (ItemGrant, bool) {
	if same, _ := s.itemGrants.get(id); len(same) > 0 {
		return *same[0], true
	}
	return ItemGrant{}, false
}

// AssignmentsOf returns the assignments to an account, itself or by a group it is
// in, in the order of IDs.
func (s *Snapshot) AssignmentsOf(sid entente.SID) []Assignment {
	a := s.bySID(sid)
	if a == nil {
		return nil
	}
	var all []Assignment
	p := party{account: a}
	for i := range p.numbers() {
		if x := s.nodes.get(p.number(i)); x != nil {
			for _, by := range x.assigned {
				all = append(all, by.Assignment)
			}
		}
	}
	slices.SortFunc(all, func(a, b Assignment) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Facts returns all of the facts, for those who change many of them or write
// them down. It takes time in proportion to their number.
func (s *Snapshot) Facts() Facts {
	f := Facts{
		Generation: s.generation, Organization: s.organization, Servers: s.servers, Databases: s.databases,
		Realms: s.realms, Administrators: s.administrators,
		Devices: s.devices, DeviceRules: s.deviceRuleList, MobilePolicies: s.mobilePolicyList,
	}
	for _, r := range s.relationships {
		f.Relationships = append(f.Relationships, r.Relationship)
	}
	for _, p := range s.sharing {
		f.SharingPolicies = append(f.SharingPolicies, *p)
	}
	for _, a := range s.accounts.all() {
		f.Accounts = append(f.Accounts, a.Account)
	}
	for _, x := range s.nodes.all() {
		if x.group != nil {
			f.Groups = append(f.Groups, *x.group)
		}
	}
	for id := range s.boxes.all() {
		f.Permissions = append(f.Permissions, s.PermissionsOn(id)...)
	}
	for _, m := range s.scopes {
		if m != nil {
			f.Scopes = append(f.Scopes, m.ManagementScope)
		}
	}
	for i := range s.policies {
		f.Policies = append(f.Policies, s.policies[i].ScopePolicy)
	}
	for _, same := range s.assignments.all() {
		for _, a := range same {
			f.Assignments = append(f.Assignments, a.Assignment)
		}
	}
	for _, same := range s.itemGrants.all() {
		for _, g := range same {
			f.ItemGrants = append(f.ItemGrants, *g)
		}
	}
	f.sort()
	return f
}

// sort puts in order what tables hold in none.
func (f *Facts) sort() {
	slices.SortStableFunc(f.Permissions, func(a, b MailboxPermission) int { return slices.Compare(a.Mailbox[:], b.Mailbox[:]) })
	slices.SortFunc(f.Assignments, func(a, b Assignment) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.ItemGrants, func(a, b ItemGrant) int { return cmp.Compare(a.ID, b.ID) })
}
