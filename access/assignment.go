package access

import (
	"strings"
	"time"

	"entente"
)

// weigh finds the assignment that decides whether an account holds a right at
// a server: Impersonate, or MayImpersonate over an account or a database. The
// nearest scope at which anything is said decides, and there a denial
// outweighs grants: the canonical order of Windows' access control entries.
func (s *Snapshot) weigh(who *account, right Rights, over *account, database, server string, at time.Time) verdict {
	v := verdict{right: right, over: over, database: database, server: server, at: at, distance: farthest}
	v.consider(s, who.assigned)
	for _, g := range who.groups {
		v.consider(s, s.assigned[g])
	}
	return v
}

// A verdict is the outcome so far of weighing assignments.
type verdict struct {
	right    Rights
	over     *account
	database string
	server   string // empty for any
	at       time.Time

	by       *Assignment
	distance int
}

const farthest = 1 << 8

func (v *verdict) allows() bool { return v.by != nil && !v.by.Deny }

func (v *verdict) id() string {
	if v.by == nil {
		return ""
	}
	return v.by.ID
}

func (v *verdict) consider(s *Snapshot, list []*Assignment) {
	for _, a := range list {
		n := v.reach(s, a)
		if n < v.distance || n == v.distance && a.Deny && n != farthest {
			v.by, v.distance = a, n
		}
	}
}

// reach says how near the assignment speaks of what is asked; farthest if it
// does not.
func (v *verdict) reach(s *Snapshot, a *Assignment) int {
	if !a.Enabled || a.Rights&v.right == 0 || !a.inForce(v.at) || !v.atServer(a) {
		return farthest
	}
	if v.right == Impersonate {
		if a.Server != "" {
			return 0
		}
		return 1
	}
	if v.over == nil {
		if a.Scope.Kind == ScopeAll || a.Scope.Kind == ScopeDatabase && strings.EqualFold(a.Scope.Name, v.database) {
			return int(a.Scope.Kind)
		}
		return farthest
	}
	if !s.within(v.over, a.Scope) {
		return farthest
	}
	// A grant that is not meant for disabled accounts says nothing of them; a
	// denial holds for all.
	if !a.Deny && !a.AllowDisabled && !v.over.Enabled && !v.over.standsForNobody() {
		return farthest
	}
	return int(a.Scope.Kind)
}

// atServer reports whether the assignment holds at the server. When any server
// will do, a denial at one of them does not count.
func (v *verdict) atServer(a *Assignment) bool {
	if a.Server == "" {
		return true
	}
	if v.server == "" {
		return !a.Deny
	}
	return strings.EqualFold(a.Server, v.server)
}

// inForce reports whether t is within the assignment's time.
func (a *Assignment) inForce(t time.Time) bool {
	return inForce(a.NotBefore, a.NotAfter, t, a.Deny)
}

// inForce reports whether t is within bounds. Without a time to compare, a
// bounded grant is not in force and a bounded denial is.
func inForce(from, until, t time.Time, deny bool) bool {
	bounded := !from.IsZero() || !until.IsZero()
	if bounded && t.IsZero() {
		return deny
	}
	return !t.Before(from) && (until.IsZero() || t.Before(until))
}

// within reports whether an account is in a scope.
func (s *Snapshot) within(a *account, scope Scope) bool {
	switch scope.Kind {
	case ScopeAccount:
		return scope.Name != "" && (string(a.SID) == scope.Name || string(a.Master) == scope.Name)
	case ScopeGroup:
		return a.in(s.group(entente.SID(scope.Name)))
	case ScopeDatabase:
		return a.Database != "" && strings.EqualFold(a.Database, scope.Name)
	case ScopeAll:
		return true
	}
	return false
}
