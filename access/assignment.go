package access

import (
	"strings"
	"time"

	"entente"
)

// weigh finds the assignment that decides whether somebody holds a right at a
// server: Impersonate, or MayImpersonate over an account or a database. The
// nearest scope at which anything is said decides, and there a denial
// outweighs grants: the canonical order of Windows' access control entries.
func (s *Snapshot) weigh(who *party, right Rights, over *account, database, server string, at time.Time) verdict {
	v := verdict{right: right, over: over, database: database, server: server, at: at, distance: farthest}
	if over != nil {
		v.exclusive = s.exclusiveOver(over)
	}
	for i := range who.numbers() {
		if x := s.nodes.get(who.number(i)); x != nil {
			v.consider(s, x.assigned)
		}
	}
	return v
}

// A verdict is the outcome so far of weighing assignments.
type verdict struct {
	right     Rights
	over      *account
	exclusive *scope // one that holds over the account
	database  string
	server    string // empty for any
	at        time.Time

	by       *assignment
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

func (v *verdict) consider(s *Snapshot, list []*assignment) {
	for _, a := range list {
		n := v.reach(s, a)
		if n < v.distance || n == v.distance && n != farthest && a.outweighs(v.by) {
			v.by, v.distance = a, n
		}
	}
}

// outweighs decides between assignments at the same distance. Among grants the
// one that asks for less of the gate counts, so that taking one away never
// opens anything.
func (a *assignment) outweighs(b *assignment) bool {
	if a.Deny != b.Deny {
		return a.Deny
	}
	if a.Gate != b.Gate {
		return a.Gate == GateBypass
	}
	return a.ID < b.ID
}

// reach says how near the assignment speaks of what is asked; farthest if it
// does not.
func (v *verdict) reach(s *Snapshot, a *assignment) int {
	if !a.Enabled || a.Rights&v.right == 0 || !a.inForce(v.at) || !v.atServer(&a.Assignment) {
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
			return a.Scope.Kind.distance()
		}
		return farthest
	}
	if !s.within(v.over, a) {
		return farthest
	}
	if !a.Deny && (v.exclusive != nil && !s.excepted(a) || !a.AllowDisabled && !v.over.Enabled && !v.over.standsForNobody()) {
		// Whom an exclusive scope holds over, only grants with an exclusive scope
		// reach; one that is not meant for disabled accounts says nothing of them.
		// A denial holds for all.
		return farthest
	}
	return a.Scope.Kind.distance()
}

// excepted reports whether the assignment's scope is exclusive.
func (s *Snapshot) excepted(a *assignment) bool {
	return a.scope >= 0 && s.scopes[a.scope] != nil && s.scopes[a.scope].Exclusive
}

// distance puts the kinds of scope in order; what is nearer decides first.
func (k ScopeKind) distance() int {
	switch k {
	case ScopeAccount:
		return 1
	case ScopeGroup:
		return 2
	case ScopeManagement:
		return 3
	case ScopeDatabase:
		return 4
	case ScopeAll:
		return 5
	}
	return farthest
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

// within reports whether an account is in the scope of an assignment. Of a
// management scope that is not there, or cannot be read, it is not known whom
// it is about: a grant is then about nobody, a denial about everybody.
func (s *Snapshot) within(a *account, by *assignment) bool {
	scope := by.Scope
	switch scope.Kind {
	case ScopeAccount:
		return scope.Name != "" && (string(a.SID) == scope.Name || string(a.Master) == scope.Name)
	case ScopeGroup:
		return a.in(s.number(entente.SID(scope.Name)))
	case ScopeManagement:
		m := s.scopes[by.scope]
		return a.under(by.scope) || by.Deny && (m == nil || m.err != nil)
	case ScopeDatabase:
		return a.Database != "" && strings.EqualFold(a.Database, scope.Name)
	case ScopeAll:
		return true
	}
	return false
}
