package access

import (
	"maps"
	"slices"

	"entente"
)

// addGroup enters a group and its members.
func (c *change) addGroup(g *Group) {
	n := c.numbered(g.SID)
	if n < 0 {
		return
	}
	copied := *g
	c.editNode(n).group = &copied
	c.member(n) // it has groups above it now
	for _, m := range g.Members {
		c.hold(n, m, true)
	}
	if m := c.numbered(g.Master); m >= 0 {
		x := c.editNode(m)
		x.linked = append(x.linked, n)
	}
	c.rescope = c.rescope || c.filtersNameGroups()
}

// dropGroup takes a group away. Those that hold it still name it.
func (c *change) dropGroup(sid entente.SID) {
	n := c.number(sid)
	if n < 0 || c.nodes.get(n).group == nil {
		return
	}
	g := c.nodes.get(n).group
	x := c.editNode(n)
	x.group, x.above = nil, nil
	for _, m := range g.Members {
		c.hold(n, m, false)
	}
	if m := c.numbered(g.Master); m >= 0 {
		x := c.editNode(m)
		x.linked = slices.DeleteFunc(x.linked, func(other int32) bool { return other == n })
	}
	c.rescope = c.rescope || c.filtersNameGroups()
}

// replaceGroup puts a group in the place of one with the same SID, and touches
// the members that differ. Lists that differ in a few places are the rule.
func (c *change) replaceGroup(g *Group) {
	n := c.number(g.SID)
	if n < 0 || c.nodes.get(n).group == nil {
		c.addGroup(g)
		return
	}
	old := c.nodes.get(n).group
	if old.Master != g.Master || old.Name != g.Name || old.Mail != g.Mail {
		c.dropGroup(g.SID)
		c.addGroup(g)
		return
	}
	was, is := old.Members, g.Members
	for len(was) > 0 && len(is) > 0 && was[0] == is[0] {
		was, is = was[1:], is[1:]
	}
	for len(was) > 0 && len(is) > 0 && was[len(was)-1] == is[len(is)-1] {
		was, is = was[:len(was)-1], is[:len(is)-1]
	}
	copied := *g
	c.editNode(n).group = &copied
	for _, m := range was {
		c.hold(n, m, false)
	}
	for _, m := range is {
		c.hold(n, m, true)
	}
}

// hold enters that a group holds a member, or one such entry less.
func (c *change) hold(group int32, member entente.SID, add bool) {
	m := c.numbered(member)
	if m < 0 {
		return
	}
	x := c.editNode(m)
	if add {
		x.holders = append(x.holders, group)
	} else if i := slices.Index(x.holders, group); i >= 0 {
		x.holders = slices.Delete(x.holders, i, i+1)
	}
	c.member(m)
}

// member notes that a number is in other groups than before.
func (c *change) member(n int32) {
	if c.everything {
		return
	}
	if c.members == nil {
		c.members = map[int32]bool{}
	}
	c.members[n] = true
}

// gatherLater notes that an account is to be gathered again.
func (c *change) gatherLater(i int32) {
	if c.everything {
		return
	}
	if c.stale == nil {
		c.stale = map[int32]bool{}
	}
	c.stale[i] = true
}

// settle gathers what depends on what has been put and dropped.
func (c *change) settle() {
	if c.everything {
		c.settleAll()
		return
	}
	// Whoever is in a group that is in another is in that one too: all below
	// changes with what is above.
	todo := slices.Collect(maps.Keys(c.members))
	for n := 0; n < len(todo); n++ {
		x := c.nodes.get(todo[n])
		for _, i := range x.claims.all() {
			c.gatherLater(i)
		}
		if x.group == nil {
			continue
		}
		for _, sid := range x.group.Members {
			if m := c.number(sid); m >= 0 && !c.members[m] {
				c.members[m] = true
				todo = append(todo, m)
			}
		}
	}
	seen := map[int32]bool{}
	for _, n := range todo {
		if c.nodes.get(n).group != nil {
			c.editNode(n).above = c.climb(n, seen)
		}
	}
	c.settleScopes()
	for i := range c.stale {
		if old := c.accounts.get(i); old != nil {
			a := &account{Account: old.Account}
			c.gather(a)
			c.accounts.set(c.edit, i, a)
		}
	}
}

func (c *change) settleAll() {
	seen := map[int32]bool{}
	for n, x := range c.nodes.all() {
		if x.group != nil {
			x.above = c.climb(n, seen)
		}
	}
	c.settleScopes()
	for _, a := range c.accounts.all() {
		c.gather(a)
	}
	for _, b := range c.boxes.all() {
		slices.SortFunc(b.grants, compareGrants)
	}
}

// climb finds a group and all that hold it, each once, however often the groups
// hold each other. seen is scratch.
func (c *change) climb(n int32, seen map[int32]bool) []int32 {
	clear(seen)
	seen[n] = true
	above := []int32{n}
	for i := 0; i < len(above); i++ {
		for _, h := range c.nodes.get(above[i]).holders {
			if !seen[h] {
				seen[h] = true
				above = append(above, h)
			}
		}
	}
	return slices.Clip(above)
}

// gather finds out what concerns an account: the numbers it has, the groups it
// is in, the scopes that hold over it.
func (c *change) gather(a *account) {
	for k, sid := range [...]entente.SID{a.SID, a.Master} {
		a.self[k] = -1
		n := c.number(sid)
		if n < 0 || c.nodes.get(n).claims.account() < 0 {
			continue // a SID that two accounts claim is nobody's
		}
		a.self[k] = n
		for _, h := range c.nodes.get(n).holders {
			a.groups = append(a.groups, c.nodes.get(h).above...)
		}
	}
	slices.Sort(a.groups)
	a.groups = slices.Clip(slices.Compact(a.groups))
	a.scopes = c.scopesOver(a)
}
