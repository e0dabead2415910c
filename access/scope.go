package access

import (
	"slices"
	"strings"

	"entente"
)

// scope is a ManagementScope whose filter has been read.
type scope struct {
	ManagementScope
	filter *Filter
	groups map[*clause]int32 // that the filter names
	err    error             // why it cannot be known whom it holds over
}

// holdsOver reports whether the scope holds over an account. One that cannot be
// known to holds over nobody.
func (m *scope) holdsOver(a *account) bool {
	return m != nil && m.err == nil && m.filter.root.matches(a, m.groups)
}

// scopesOver are the numbers of the scopes that hold over an account whose
// groups are known.
func (s *Snapshot) scopesOver(a *account) []int32 {
	var all []int32
	for n, m := range s.scopes {
		if m.holdsOver(a) {
			all = append(all, int32(n))
		}
	}
	return all
}

// exclusiveOver returns an exclusive scope that holds over an account, nil if
// none does. One that cannot be read might hold over anybody, and so does.
func (s *Snapshot) exclusiveOver(a *account) *scope {
	if !s.exclusive {
		return nil
	}
	for n, m := range s.scopes {
		if m != nil && m.Exclusive && (m.err != nil || a.under(int32(n))) {
			return m
		}
	}
	return nil
}

// under reports whether the scope with a number holds over the account.
func (a *account) under(scope int32) bool {
	_, ok := slices.BinarySearch(a.scopes, scope)
	return ok
}

// settleScopes finds the groups that filters name, and the accounts over which
// other scopes hold than before.
func (c *change) settleScopes() {
	if !c.rescope {
		return
	}
	c.exclusive = false
	scopes := slices.Clone(c.scopes)
	for n, m := range scopes {
		if m == nil {
			continue
		}
		if m.filter != nil {
			scopes[n] = c.resolveGroups(m)
		}
		c.exclusive = c.exclusive || m.Exclusive
	}
	c.scopes = scopes
	if c.everything {
		return
	}
	for i, a := range c.accounts.all() {
		if !c.stale[i] && !slices.Equal(a.scopes, c.scopesOver(a)) {
			c.gatherLater(i)
		}
	}
}

// resolveGroups finds the groups that a scope's filter names.
func (c *change) resolveGroups(m *scope) *scope {
	named := m.filter.root.groupClauses()
	if len(named) == 0 {
		return m
	}
	found := &scope{ManagementScope: m.ManagementScope, filter: m.filter, groups: map[*clause]int32{}}
	for _, k := range named {
		n := c.groupCalled(k.value.text)
		if n < 0 {
			found.err = unknownGroup(k)
		}
		found.groups[k] = n
	}
	return found
}

// groupCalled finds a group by SID, else by address, else by name; -1 if there
// is none or more than one.
func (s *Snapshot) groupCalled(name string) int32 {
	if n := s.number(entente.SID(strings.ToUpper(name))); n >= 0 && s.nodes.get(n).group != nil {
		return n
	}
	for _, same := range [...]func(*Group) bool{
		func(g *Group) bool { return strings.EqualFold(string(g.Mail), name) },
		func(g *Group) bool { return strings.EqualFold(g.Name, name) },
	} {
		found := int32(-1)
		for n, x := range s.nodes.all() {
			if x.group == nil || !same(x.group) {
				continue
			}
			if found >= 0 {
				return -1
			}
			found = n
		}
		if found >= 0 {
			return found
		}
	}
	return -1
}

// filtersNameGroups reports whether a scope may hold over others when groups
// come, go or are renamed.
func (c *change) filtersNameGroups() bool {
	return slices.ContainsFunc(c.scopes, func(m *scope) bool {
		return m != nil && m.filter != nil && len(m.filter.root.groupClauses()) > 0
	})
}

// BrokenScopes returns the management scopes of which it cannot be known whom
// they hold over, with the reason. Grants with such a scope reach nobody;
// denials, and the exclusion by an exclusive one, reach everybody.
func (s *Snapshot) BrokenScopes() map[string]error {
	broken := map[string]error{}
	for _, m := range s.scopes {
		if m != nil && m.err != nil {
			broken[m.Name] = m.err
		}
	}
	return broken
}

// ScopesOver returns the names of the management scopes that hold over an
// account.
func (s *Snapshot) ScopesOver(sid entente.SID) []string {
	a := s.bySID(sid)
	if a == nil {
		return nil
	}
	var names []string
	for _, n := range a.scopes {
		names = append(names, s.scopes[n].Name)
	}
	slices.Sort(names)
	return names
}
