package directory

import (
	"hash/maphash"
	"maps"
)

// shards is a map that never changes, in parts: a change copies only those that
// it is about, so that one of a few keys costs much the same in a map of a
// million. The zero value is empty.
type shards[K comparable, V any] struct {
	seed  maphash.Seed
	parts *[shardCount]map[K]V
}

const shardCount = 1024

// An edit is what becomes of a key.
type edit[V any] struct {
	value V
	gone  bool
}

// newShards returns the map with the content of another.
func newShards[K comparable, V any](m map[K]V) shards[K, V] {
	s := shards[K, V]{maphash.MakeSeed(), new([shardCount]map[K]V)}
	for k, v := range m {
		i := s.part(k)
		if s.parts[i] == nil {
			s.parts[i] = make(map[K]V, len(m)/shardCount+1)
		}
		s.parts[i][k] = v
	}
	return s
}

func (s shards[K, V]) part(k K) uint64 { return maphash.Comparable(s.seed, k) % shardCount }

func (s shards[K, V]) get(k K) (v V, ok bool) {
	if s.parts == nil {
		return v, false
	}
	v, ok = s.parts[s.part(k)][k]
	return v, ok
}

// with returns the map with changes made.
func (s shards[K, V]) with(changes map[K]edit[V]) shards[K, V] {
	if len(changes) == 0 {
		return s
	}
	if s.parts == nil {
		s = newShards(map[K]V{})
	}
	parts := *s.parts
	var copied [shardCount]bool
	for k, e := range changes {
		i := s.part(k)
		if !copied[i] {
			copied[i] = true
			if parts[i] = maps.Clone(parts[i]); parts[i] == nil {
				parts[i] = map[K]V{}
			}
		}
		if e.gone {
			delete(parts[i], k)
		} else {
			parts[i][k] = e.value
		}
	}
	return shards[K, V]{s.seed, &parts}
}
