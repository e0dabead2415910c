package access

import (
	"cmp"
	"slices"
	"strings"
)

// A Change is one fact more, one less, or one that is otherwise: a piece of what
// would turn an answer.
type Change struct {
	Does    string // a sentence for administrators
	Command string // that does it, without the program's name; empty if none does

	key  string // tells changes apart
	rank int    // how far it reaches beyond the request; near ones come first
	edit func(*Facts, *Supposition)
}

// How far a change reaches.
const (
	mendsFact   = iota // an existing fact is put right
	thisRequest        // concerns these two and this object
	thisObject         // concerns the object and others too
	thisAccount        // concerns everything somebody does
	everybody
)

// A Turning is what would turn an answer: from refused to allowed, or from
// allowed to refused.
type Turning struct {
	// Sets are the smallest sets of changes that do: no part of one does, and
	// none has more pieces than another. The nearest come first.
	Sets [][]Change
	Was  bool // the answer as it is
	// Size is up to how many pieces all sets were tried; Tried how many were.
	Size, Tried int
}

// Bounds of the search. Four pieces are an account, an assignment, a gate and a
// grant; beyond that an administrator has the steps.
const (
	maxPieces = 4
	maxTried  = 2_000
	maxSets   = 8
)

// Turn finds the smallest changes of facts, or of the folder's permission table,
// that would turn the answer to x. Each set was tried on the engine, and so was
// each part of it. None is found for what no fact decides: a name that is no
// address, the server's own work.
func Turn(f Facts, x Supposition) Turning {
	f = excerpt(f, &x)
	r := Compile(f).Suppose(x)
	t := turning{Turning: Turning{Was: r.Allowed()}, seen: map[string]bool{}, start: situation{f, x, r}}
	level := []pieces{{situation: t.start}}
	for size := 1; size <= maxPieces && len(level) > 0; size++ {
		next, whole := t.widen(level)
		if len(t.Sets) > 0 || !whole {
			break
		}
		t.Size, level = size, next
	}
	if len(t.Sets) > 0 {
		t.Size = len(t.Sets[0])
	}
	slices.SortStableFunc(t.Sets, func(a, b []Change) int { return cmp.Compare(reach(a), reach(b)) })
	t.Sets = t.Sets[:min(len(t.Sets), maxSets)]
	return t.Turning
}

func reach(set []Change) int {
	n := 0
	for i := range set {
		n += set[i].rank
	}
	return n
}

type turning struct {
	Turning
	start situation
	seen  map[string]bool
}

// A situation is the facts after some changes, and what they make of the request.
type situation struct {
	f Facts
	x Supposition
	r Supposed
}

// pieces are changes made one after the other, with the situation after them.
type pieces struct {
	set       []Change
	situation situation
}

// widen tries every set that has one piece more than those of a level. It tells
// whether it could try them all.
func (t *turning) widen(level []pieces) (next []pieces, whole bool) {
	for i := range level {
		for _, c := range level[i].situation.changes(t.Was) {
			p, fresh := t.with(&level[i], c)
			if !fresh {
				continue
			}
			if t.Tried == maxTried {
				return nil, false
			}
			t.Tried++
			p.situation = level[i].situation.after(c)
			if p.situation.r.Allowed() == t.Was {
				next = append(next, p)
				continue
			}
			t.found(p.set)
		}
	}
	return next, true
}

// with adds a piece, unless the set was tried already.
func (t *turning) with(p *pieces, c Change) (pieces, bool) {
	set := append(slices.Clone(p.set), c)
	keys := make([]string, len(set))
	for i := range set {
		keys[i] = set[i].key
	}
	slices.Sort(keys)
	if len(slices.Compact(slices.Clone(keys))) < len(keys) {
		return pieces{}, false
	}
	id := strings.Join(keys, "\x00")
	fresh := !t.seen[id]
	t.seen[id] = true
	return pieces{set: set}, fresh
}

// found keeps a set that turns the answer, or the part of it that does so alone:
// parts were not all tried before, since some changes come to mind only after
// others.
func (t *turning) found(set []Change) {
	all := 1<<len(set) - 1
	for size := 1; size < len(set); size++ {
		for bits := 1; bits < all; bits++ {
			var part []Change
			w := t.start
			for i := range set {
				if bits&(1<<i) != 0 {
					part = append(part, set[i])
					w = w.after(set[i])
				}
			}
			if len(part) == size && w.r.Allowed() != t.Was {
				set, all = part, 0
			}
		}
	}
	if len(t.Sets) > 0 && len(set) < len(t.Sets[0]) {
		t.Sets = nil
	}
	if len(t.Sets) == 0 || len(set) == len(t.Sets[0]) {
		t.Sets = append(t.Sets, set)
	}
}

// after makes a change in a copy of the situation.
func (w situation) after(c Change) situation {
	c.edit(&w.f, &w.x)
	w.r = Compile(w.f).Suppose(w.x)
	return w
}

// Apply makes the change in copies of the facts and the question.
func (c Change) Apply(f Facts, x Supposition) (Facts, Supposition) {
	c.edit(&f, &x)
	return f, x
}
