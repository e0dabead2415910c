package directory

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Shards are the map that the changes lead to, and earlier ones stay what they
// were.
func TestShards(t *testing.T) {
	const keys = 3 * shardCount
	r := rand.New(rand.NewPCG(1, 2))
	want := map[int]int{1: 1, 2: 2}
	for _, s := range []shards[int, int]{newShards(want), shards[int, int]{}.with(map[int]edit[int]{1: {value: 1}, 2: {value: 2}})} {
		want := maps.Clone(want)
		for step := range 100 {
			before, was := s, flat(s)
			changes := map[int]edit[int]{}
			for range r.IntN(60) {
				k := r.IntN(keys)
				if r.IntN(3) == 0 {
					changes[k] = edit[int]{gone: true}
					delete(want, k)
				} else {
					changes[k] = edit[int]{value: step}
					want[k] = step
				}
			}
			s = s.with(changes)
			if !reflect.DeepEqual(flat(s), want) || !reflect.DeepEqual(flat(before), was) {
				t.Fatalf("step %d leads elsewhere", step)
			}
			for k := range keys {
				v, ok := s.get(k)
				if w, has := want[k]; ok != has || ok && v != w {
					t.Fatalf("%d is %d, %t after step %d", k, v, ok, step)
				}
			}
		}
	}
	if _, ok := (shards[int, int]{}).get(1); ok {
		t.Error("something is in nothing")
	}
}

// BenchmarkShards is a change of three keys among those of a large directory.
func BenchmarkShards(b *testing.B) {
	m := map[uint64]uint64{}
	for i := range uint64(700_000) {
		m[i*0x9e3779b97f4a7c15] = i
	}
	s := newShards(m)
	start := processor()
	for i := range uint64(b.N) {
		s.with(map[uint64]edit[uint64]{i: {value: 1}, i + 1: {value: 1}, i + 2: {gone: true}})
	}
	perOperation(b, start)
}
