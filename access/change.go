package access

import (
	"cmp"
	"slices"
	"strings"

	"entente"
)

// Compile makes a Snapshot.
func Compile(f Facts) *Snapshot {
	e := &edit{}
	n := len(f.Accounts)
	c := change{Snapshot: &Snapshot{
		generation:   f.Generation,
		sids:         newTable[entente.SID, int32](e, n+len(f.Groups)),
		byUPN:        newTable[entente.UPN, claims](e, n),
		byPrimary:    newTable[entente.SMTPAddress, claims](e, n),
		bySMTP:       newTable[entente.SMTPAddress, claims](e, 3*n),
		boxes:        newTable[entente.MailboxID, *box](e, n),
		byIdentity:   newTable[string, claims](e, 0),
		assignments:  newTable[string, []*assignment](e, len(f.Assignments)),
		itemGrants:   newTable[string, []*ItemGrant](e, len(f.ItemGrants)),
		scopeNumbers: map[string]int32{},
	}, edit: e, everything: true}
	c.settings(&Delta{
		Organization:       &f.Organization,
		Servers:            f.Servers,
		SetServers:         true,
		Databases:          f.Databases,
		SetDatabases:       true,
		Realms:             f.Realms,
		SetRealms:          true,
		Administrators:     f.Administrators,
		SetAdministrators:  true,
		Relationships:      f.Relationships,
		SetRelationships:   true,
		SharingPolicies:    f.SharingPolicies,
		SetSharingPolicies: true,
		Devices:            &f.Devices,
		DeviceRules:        f.DeviceRules,
		SetDeviceRules:     true,
		MobilePolicies:     f.MobilePolicies,
		SetMobilePolicies:  true,
	})
	for i := range f.Groups {
		c.addGroup(&f.Groups[i])
	}
	for i := range f.Accounts {
		c.addAccount(&f.Accounts[i])
	}
	for i := range f.Permissions {
		p := &f.Permissions[i]
		b := c.editBox(p.Mailbox)
		b.permissions = append(b.permissions, c.permission(p))
	}
	for i := range f.Scopes {
		c.putScope(&f.Scopes[i])
	}
	c.setPolicies(f.Policies)
	for i := range f.Assignments {
		c.addAssignment(&f.Assignments[i])
	}
	for i := range f.ItemGrants {
		c.addItemGrant(&f.ItemGrants[i])
	}
	c.settle()
	return c.Snapshot
}

// With returns the snapshot that Compile would make of the facts after a change
// of them. It shares with s all that the change does not touch; s stays as it
// is.
func (s *Snapshot) With(d Delta) *Snapshot {
	next := *s
	c := change{Snapshot: &next, edit: &edit{}}
	if d.Generation != 0 {
		c.generation = d.Generation
	}
	c.settings(&d)
	for _, sid := range d.DropGroups {
		c.dropGroup(sid)
	}
	for i := range d.PutGroups {
		c.replaceGroup(&d.PutGroups[i])
	}
	for _, sid := range d.DropAccounts {
		c.dropAccount(sid)
	}
	for i := range d.PutAccounts {
		c.dropAccount(d.PutAccounts[i].SID)
		c.addAccount(&d.PutAccounts[i])
	}
	for id, all := range d.PutPermissions {
		b := c.editBox(id)
		b.permissions = make([]permission, len(all))
		for i := range all {
			b.permissions[i] = c.permission(&all[i])
		}
	}
	c.scopeChanges(&d)
	for _, id := range d.DropAssignments {
		c.dropAssignment(id)
	}
	for i := range d.PutAssignments {
		c.dropAssignment(d.PutAssignments[i].ID)
		c.addAssignment(&d.PutAssignments[i])
	}
	for _, id := range d.DropItemGrants {
		c.dropItemGrant(id)
	}
	for i := range d.PutItemGrants {
		c.dropItemGrant(d.PutItemGrants[i].ID)
		c.addItemGrant(&d.PutItemGrants[i])
	}
	c.settle()
	return c.Snapshot
}

// A change is the making of a snapshot: what is put and dropped goes into the
// tables at once, and settle gathers again what depends on it.
type change struct {
	*Snapshot
	edit *edit

	everything bool           // gather all accounts and groups
	members    map[int32]bool // numbers that are in other groups than before
	stale      map[int32]bool // accounts to gather again
	rescope    bool           // which scopes hold over whom is to be found again for all
}

func (c *change) settings(d *Delta) {
	if d.Organization != nil {
		c.organization = *d.Organization
	}
	if d.SetServers {
		c.servers = d.Servers
	}
	if d.SetDatabases {
		c.databases = d.Databases
	}
	if d.SetRealms {
		c.realms = d.Realms
	}
	if d.SetRelationships {
		c.setRelationships(d.Relationships)
	}
	if d.SetSharingPolicies {
		c.setSharing(d.SharingPolicies)
	}
	if d.Devices != nil {
		c.setDevices(d.Devices)
	}
	if d.SetDeviceRules {
		c.setDeviceRules(d.DeviceRules)
	}
	if d.SetMobilePolicies {
		c.setMobilePolicies(d.MobilePolicies)
	}
	if d.SetAdministrators {
		c.administrators, c.admins = d.Administrators, nil
		for _, sid := range d.Administrators {
			if n := c.numbered(sid); n >= 0 {
				c.admins = append(c.admins, n)
			}
		}
	}
}

// numbered returns the number of a SID, and gives it one if it has none; -1 is
// that of the empty SID.
func (c *change) numbered(sid entente.SID) int32 {
	if sid == "" {
		return -1
	}
	n, ok := c.sids.get(sid)
	if !ok {
		n = c.nodes.add(c.edit, &node{owner: c.edit, sid: sid})
		c.sids.set(c.edit, sid, n)
	}
	return n
}

// editNode returns a node for changing.
func (c *change) editNode(n int32) *node {
	old := c.nodes.get(n)
	if old.owner == c.edit {
		return old
	}
	x := *old
	x.owner = c.edit
	x.holders, x.linked, x.assigned = slices.Clone(old.holders), slices.Clone(old.linked), slices.Clone(old.assigned)
	c.nodes.set(c.edit, n, &x)
	return &x
}

// editBox returns a mailbox for changing.
func (c *change) editBox(id entente.MailboxID) *box {
	old, _ := c.boxes.get(id)
	if old != nil && old.owner == c.edit {
		return old
	}
	x := &box{owner: c.edit}
	if old != nil {
		x.claims, x.permissions, x.grants = old.claims, slices.Clone(old.permissions), slices.Clone(old.grants)
	}
	c.boxes.set(c.edit, id, x)
	return x
}

func (c *change) permission(p *MailboxPermission) permission {
	return permission{c.numbered(p.To), p.Deny, p.Rights}
}

// addAccount enters an account under all its names.
func (c *change) addAccount(facts *Account) {
	a := &account{Account: *facts}
	var i int32
	if n := len(c.free); n > 0 {
		i = c.free[n-1]
		c.free = slices.Clone(c.free[:n-1])
		c.accounts.set(c.edit, i, a)
	} else {
		i = c.accounts.add(c.edit, a)
	}
	c.claim(facts, i, claims.with)
	c.gatherLater(i)
}

// dropAccount takes away the account with the SID as its own.
func (c *change) dropAccount(sid entente.SID) {
	n := c.number(sid)
	if n < 0 {
		return
	}
	for _, i := range c.nodes.get(n).claims.all() {
		a := c.accounts.get(i)
		if a.SID != sid {
			continue // it is the master of another
		}
		c.claim(&a.Account, i, claims.without)
		c.accounts.set(c.edit, i, nil)
		c.free = append(slices.Clone(c.free), i)
	}
}

// claim changes who claims the account's names.
func (c *change) claim(a *Account, i int32, by func(claims, int32) claims) {
	for _, sid := range [...]entente.SID{a.SID, a.Master} {
		if n := c.numbered(sid); n >= 0 {
			x := c.editNode(n)
			others := x.claims
			x.claims = by(x.claims, i)
			if !c.everything && others.account() != x.claims.account() {
				for _, other := range append(others.all(), x.claims.all()...) {
					c.gatherLater(other) // it has the SID alone now, or not any more
				}
			}
		}
	}
	claimName(c, &c.byUPN, a.UPN, i, by)
	claimName(c, &c.byPrimary, a.Mail, i, by)
	claimName(c, &c.bySMTP, a.Mail, i, by)
	for _, p := range a.Proxies {
		claimName(c, &c.bySMTP, p, i, by)
	}
	for _, identity := range a.Identities {
		claimName(c, &c.byIdentity, identity, i, by)
	}
	if !a.Mailbox.IsZero() {
		b := c.editBox(a.Mailbox)
		b.claims = by(b.claims, i)
	}
}

func claimName[K ~string](c *change, names *table[K, claims], name K, i int32, by func(claims, int32) claims) {
	if name == "" {
		return
	}
	old, _ := names.get(name)
	if x := by(old, i); x != (claims{}) {
		names.set(c.edit, name, x)
	} else {
		names.drop(c.edit, name)
	}
}

func (c *change) addAssignment(facts *Assignment) {
	a := &assignment{Assignment: *facts, scope: -1}
	if a.Scope.Kind == ScopeManagement {
		a.scope = c.scopeNumbered(a.Scope.Name)
	}
	if n := c.numbered(a.Assignee); n >= 0 {
		x := c.editNode(n)
		x.assigned = append(x.assigned, a)
	}
	same, _ := c.assignments.get(a.ID)
	c.assignments.set(c.edit, a.ID, append(slices.Clone(same), a))
}

func (c *change) dropAssignment(id string) {
	same, _ := c.assignments.get(id)
	for _, a := range same {
		if n := c.number(a.Assignee); n >= 0 {
			x := c.editNode(n)
			x.assigned = slices.DeleteFunc(x.assigned, func(other *assignment) bool { return other == a })
		}
	}
	c.assignments.drop(c.edit, id)
}

func (c *change) addItemGrant(g *ItemGrant) {
	copied := *g
	g = &copied
	b := c.editBox(g.Mailbox)
	b.grants = append(b.grants, itemGrant{g, c.numbered(g.To)})
	if !c.everything {
		slices.SortFunc(b.grants, compareGrants)
	}
	same, _ := c.itemGrants.get(g.ID)
	c.itemGrants.set(c.edit, g.ID, append(slices.Clone(same), g))
}

func (c *change) dropItemGrant(id string) {
	same, _ := c.itemGrants.get(id)
	for _, g := range same {
		b := c.editBox(g.Mailbox)
		b.grants = slices.DeleteFunc(b.grants, func(other itemGrant) bool { return other.ItemGrant == g })
	}
	c.itemGrants.drop(c.edit, id)
}

// putScope enters a management scope, or replaces the one of its name.
func (c *change) putScope(m *ManagementScope) {
	n := c.scopeNumbered(m.Name)
	if !c.everything {
		c.scopes = slices.Clone(c.scopes)
	}
	c.scopes[n] = compileScope(m)
	c.rescope = true
}

// scopeNumbered returns the number of a management scope's name, whether there
// is one or not.
func (c *change) scopeNumbered(name string) int32 {
	name = strings.ToLower(name)
	n, ok := c.scopeNumbers[name]
	if !ok {
		n = int32(len(c.scopes))
		numbers := make(map[string]int32, len(c.scopeNumbers)+1)
		for k, v := range c.scopeNumbers {
			numbers[k] = v
		}
		numbers[name] = n
		c.scopeNumbers, c.scopes = numbers, append(slices.Clip(c.scopes), nil)
	}
	return n
}

func (c *change) scopeChanges(d *Delta) {
	for _, name := range d.DropScopes {
		if n, ok := c.scopeNumbers[strings.ToLower(name)]; ok && c.scopes[n] != nil {
			c.scopes = slices.Clone(c.scopes)
			c.scopes[n], c.rescope = nil, true
		}
	}
	for i := range d.PutScopes {
		c.putScope(&d.PutScopes[i])
	}
	if d.SetPolicies {
		c.setPolicies(d.Policies)
	}
}

func (c *change) setPolicies(all []ScopePolicy) {
	c.policies = nil
	for _, p := range all {
		c.policies = append(c.policies, scopePolicy{p, c.scopeNumbered(p.Scope), factsOf("scope "+p.Scope, EwsDisabledByScope)})
	}
	slices.SortStableFunc(c.policies, func(a, b scopePolicy) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(strings.ToLower(a.Scope), strings.ToLower(b.Scope)))
	})
}
