package access

import (
	"hash/maphash"
	"iter"
	"maps"
)

// A snapshot never changes, and the next one shares with it all that is the
// same. What is kept in vectors and tables is shared piece by piece: who makes
// a new snapshot copies the pieces he changes, and those alone.

// An edit is the making of one snapshot. A piece that it made itself it may
// change in place: nobody else has seen it yet.
type edit struct{ _ byte } // not empty, so that two edits are never the same

// chunkSize is how many elements of a vector are copied to change one.
const chunkSize = 256

// A vector is a list of pointers, in chunks.
type vector[T any] struct {
	owner  *edit // who made chunks
	chunks []*chunk[T]
	n      int32
}

type chunk[T any] struct {
	owner *edit
	at    [chunkSize]*T
}

func (v *vector[T]) get(i int32) *T {
	if i < 0 || i >= v.n {
		return nil
	}
	return v.chunks[i/chunkSize].at[i%chunkSize]
}

func (v *vector[T]) set(e *edit, i int32, x *T) {
	v.own(e)
	c := v.chunks[i/chunkSize]
	if c.owner != e {
		c = &chunk[T]{e, c.at}
		v.chunks[i/chunkSize] = c
	}
	c.at[i%chunkSize] = x
}

// add puts x at the end and returns its number.
func (v *vector[T]) add(e *edit, x *T) int32 {
	v.own(e)
	i := v.n
	v.n++
	if int(i)/chunkSize == len(v.chunks) {
		v.chunks = append(v.chunks, &chunk[T]{owner: e})
	}
	v.set(e, i, x)
	return i
}

func (v *vector[T]) own(e *edit) {
	if v.owner != e {
		v.owner, v.chunks = e, append(make([]*chunk[T], 0, len(v.chunks)+1), v.chunks...)
	}
}

// all are the elements that are not nil, with their numbers.
func (v *vector[T]) all() iter.Seq2[int32, *T] {
	return func(yield func(int32, *T) bool) {
		for i := range v.n {
			if x := v.get(i); x != nil && !yield(i, x) {
				return
			}
		}
	}
}

// shardSize is about how many keys of a table are copied to change one.
const shardSize = 256

// A table is a map, in shards.
type table[K comparable, V any] struct {
	owner  *edit // who made shards
	seed   maphash.Seed
	shards []*shard[K, V] // a power of two of them
	n      int
}

type shard[K comparable, V any] struct {
	owner *edit
	m     map[K]V
}

// newTable makes a table for about n keys.
func newTable[K comparable, V any](e *edit, n int) table[K, V] {
	shards := 1
	for shards*shardSize < n {
		shards *= 2
	}
	t := table[K, V]{owner: e, seed: maphash.MakeSeed(), shards: make([]*shard[K, V], shards)}
	for i := range t.shards {
		t.shards[i] = &shard[K, V]{e, make(map[K]V, n/shards)}
	}
	return t
}

func (t *table[K, V]) shard(k K) int {
	if len(t.shards) == 1 {
		return 0
	}
	return int(maphash.Comparable(t.seed, k) & uint64(len(t.shards)-1))
}

func (t *table[K, V]) get(k K) (v V, ok bool) {
	v, ok = t.shards[t.shard(k)].m[k]
	return v, ok
}

func (t *table[K, V]) set(e *edit, k K, v V) {
	m := t.own(e, k)
	before := len(m)
	m[k] = v
	t.n += len(m) - before
	if t.n > 4*shardSize*len(t.shards) {
		t.grow(e)
	}
}

func (t *table[K, V]) drop(e *edit, k K) {
	m := t.own(e, k)
	before := len(m)
	delete(m, k)
	t.n += len(m) - before
}

// own returns the map k belongs in, for changing.
func (t *table[K, V]) own(e *edit, k K) map[K]V {
	if t.owner != e {
		t.owner, t.shards = e, append([]*shard[K, V](nil), t.shards...)
	}
	i := t.shard(k)
	if t.shards[i].owner != e {
		t.shards[i] = &shard[K, V]{e, maps.Clone(t.shards[i].m)}
	}
	return t.shards[i].m
}

func (t *table[K, V]) grow(e *edit) {
	wider := newTable[K, V](e, 2*t.n)
	for k, v := range t.all() {
		wider.shards[wider.shard(k)].m[k] = v
	}
	wider.n = t.n
	*t = wider
}

func (t *table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, s := range t.shards {
			for k, v := range s.m {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// claims are the numbers of the accounts that claim a name. A name that two
// accounts claim finds neither: to guess would be to give one of them the
// other's mail.
type claims struct {
	one  int32 // the number plus one; 0 if nobody
	more *[]int32
}

// account returns the number of the one account that claims the name, -1 if
// none does or several do.
func (c claims) account() int32 {
	if c.more != nil {
		return -1
	}
	return c.one - 1
}

// with adds a claim, once for each account.
func (c claims) with(i int32) claims {
	all := c.all()
	for _, other := range all {
		if other == i {
			return c
		}
	}
	return claimed(append(all, i))
}

func (c claims) without(i int32) claims {
	var rest []int32
	for _, other := range c.all() {
		if other != i {
			rest = append(rest, other)
		}
	}
	return claimed(rest)
}

func claimed(by []int32) claims {
	switch len(by) {
	case 0:
		return claims{}
	case 1:
		return claims{one: by[0] + 1}
	}
	return claims{by[0] + 1, &by}
}

// all returns the accounts in a slice of the caller's own.
func (c claims) all() []int32 {
	switch {
	case c.more != nil:
		return append([]int32(nil), *c.more...)
	case c.one != 0:
		return []int32{c.one - 1}
	}
	return nil
}
