package directory

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Layers are the map that the changes lead to, however many come at once, and
// earlier ones stay what they were.
func TestLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := map[int]int{1: 1, 2: 2}
	l := layers[int, int]{base: maps.Clone(want)}
	for step := range 200 {
		before, was := l, flat(l)
		changes := map[int]layer[int]{}
		for range 1 + r.IntN(40) {
			k := r.IntN(3 * maxLayer)
			if r.IntN(3) == 0 {
				changes[k] = layer[int]{gone: true}
				delete(want, k)
			} else {
				changes[k] = layer[int]{value: step}
				want[k] = step
			}
		}
		l = l.with(changes)
		if !reflect.DeepEqual(flat(l), want) || !reflect.DeepEqual(flat(before), was) {
			t.Fatalf("step %d leads elsewhere", step)
		}
		for k := range 3 * maxLayer {
			v, ok := l.get(k)
			if w, has := want[k]; ok != has || ok && v != w {
				t.Fatalf("%d is %d, %t after step %d", k, v, ok, step)
			}
		}
	}
	if len(l.base) < maxLayer/2 {
		t.Errorf("nothing was made part of the base: %d", len(l.base))
	}
}
