package strictxml

// A table numbers strings. Few are found by comparing, many by a map, so that
// a document which declares thousands costs no more for each of its names.
type table struct {
	list  []string
	index map[string]int32 // nil while the list is short
}

const shortTable = 12

// find returns the number of s, or -1.
func (t *table) find(s string) int32 {
	if t.index != nil {
		if i, ok := t.index[s]; ok {
			return i
		}
		return -1
	}
	for i, v := range t.list {
		if v == s {
			return int32(i)
		}
	}
	return -1
}

// number returns the number of s, giving it one if it has none.
func (t *table) number(s string) int32 {
	i := t.find(s)
	if i >= 0 {
		return i
	}
	i = int32(len(t.list))
	t.list = append(t.list, s)
	switch {
	case t.index != nil:
		t.index[s] = i
	case len(t.list) > shortTable:
		t.index = map[string]int32{}
		for i, v := range t.list {
			t.index[v] = int32(i)
		}
	}
	return i
}

// Numbers that every scope has.
const (
	noSpace = iota // of URIs: no namespace
	spaceXML
	spaceXMLNS
)

// Prefixes have numbers too: 0 is the default namespace, 1 xml, 2 xmlns.

const undeclared = -1

// A scope knows which prefix means which namespace at one place of a document.
// Names are compared by the number of their URI: two prefixes of one namespace
// give one number, and long URIs are compared only where they are declared.
type scope struct {
	prefixes table
	uris     table
	force    []int32 // by prefix: URI in force
	undo     []binding
}

// A binding is a declaration of an open element, with what it covered up.
type binding struct{ prefix, before int32 }

// declare puts a declaration into force.
func (s *scope) declare(prefix, uri string) {
	p, u := s.prefixes.number(prefix), s.uris.number(uri)
	if int(p) == len(s.force) {
		s.force = append(s.force, undeclared)
	}
	s.undo = append(s.undo, binding{p, s.force[p]})
	s.force[p] = u
}

// leave takes back all declarations after the first n.
func (s *scope) leave(n int) {
	for i := len(s.undo) - 1; i >= n; i-- {
		s.force[s.undo[i].prefix] = s.undo[i].before
	}
	s.undo = s.undo[:n]
}

// lookup returns the number of the URI a prefix stands for, or undeclared.
func (s *scope) lookup(prefix string) int32 {
	if p := s.prefixes.find(prefix); p >= 0 {
		return s.force[p]
	}
	return undeclared
}
