package directory

import "maps"

// layers is a map that never changes: a large one, and a small one of what has
// changed since. A change copies the small one only.
type layers[K comparable, V any] struct {
	base map[K]V
	top  map[K]layer[V]
}

type layer[V any] struct {
	value V
	gone  bool
}

// maxLayer is how much is copied with every change before it is made part of
// the base, which costs a copy of all.
const maxLayer = 1024

func (l layers[K, V]) get(k K) (v V, ok bool) {
	if t, changed := l.top[k]; changed {
		return t.value, !t.gone
	}
	v, ok = l.base[k]
	return v, ok
}

// with returns the map with changes made.
func (l layers[K, V]) with(changes map[K]layer[V]) layers[K, V] {
	if len(changes) == 0 {
		return l
	}
	if len(l.top)+len(changes) <= maxLayer {
		top := make(map[K]layer[V], len(l.top)+len(changes))
		maps.Copy(top, l.top)
		maps.Copy(top, changes)
		return layers[K, V]{l.base, top}
	}
	base := make(map[K]V, len(l.base)+len(changes))
	maps.Copy(base, l.base)
	for _, m := range [...]map[K]layer[V]{l.top, changes} {
		for k, t := range m {
			if t.gone {
				delete(base, k)
			} else {
				base[k] = t.value
			}
		}
	}
	return layers[K, V]{base: base}
}
