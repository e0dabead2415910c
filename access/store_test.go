package access

import (
	"fmt"
	"slices"
	"testing"
)

// TestClaims: a name that several claim finds nobody, until one is left.
func TestClaims(t *testing.T) {
	test := func(name string, c claims, account int32, all ...int32) {
		t.Helper()
		if c.account() != account || !slices.Equal(c.all(), all) {
			t.Errorf("%s: finds %d, claimed by %v", name, c.account(), c.all())
		}
	}
	var none claims
	two := none.with(0).with(5)
	test("nobody", none, -1)
	test("the first", none.with(0), 0, 0)
	test("another", none.with(5), 5, 5)
	test("twice the same", none.with(5).with(5), 5, 5)
	test("two", two, -1, 0, 5)
	test("two, one again", two.with(5), -1, 0, 5)
	test("three", two.with(7), -1, 0, 5, 7)
	test("one of two left", two.without(0), 5, 5)
	test("the other", two.without(5), 0, 0)
	test("neither", two.without(5).without(0), -1)
	test("who did not claim goes", two.without(9), -1, 0, 5)
	test("nobody of nobody", none.without(0), -1)
	test("two as before", two, -1, 0, 5)
	if two.without(0).without(5) != none {
		t.Error("a name that nobody claims any more is not as one that nobody did")
	}
	two.all()[0] = 9
	test("what was returned is the caller's own", two, -1, 0, 5)
}

// TestAllStops: who has seen enough of a vector or table is shown no more, and
// never what is gone.
func TestAllStops(t *testing.T) {
	e := &edit{}
	var v vector[int]
	m := newTable[int, int](e, 0)
	for i := range 5 {
		v.add(e, &i)
		m.set(e, i, i)
	}
	v.set(e, 1, nil)
	m.drop(e, 1)
	test := func(most int, want ...int32) {
		t.Helper()
		var got []int32
		for i, x := range v.all() {
			if got = append(got, i); int(i) != *x || len(got) == most {
				break
			}
		}
		n := 0
		for k, x := range m.all() {
			if n++; k != x || n == most {
				break
			}
		}
		if !slices.Equal(got, want) || n != len(want) {
			t.Errorf("at most %d: %v, and %d of the table", most, got, n)
		}
	}
	test(1, 0)
	test(2, 0, 2)
	test(4, 0, 2, 3, 4)
	test(9, 0, 2, 3, 4)
}

// TestShards: a table has as many as its keys need, from the start or by
// growing; what it holds stays in it, and what another edit made is not touched.
func TestShards(t *testing.T) {
	test := func(n, want int) {
		t.Helper()
		if m := newTable[int, int](&edit{}, n); len(m.shards) != want {
			t.Errorf("%d keys: %d shards, not %d", n, len(m.shards), want)
		}
	}
	test(0, 1)
	test(shardSize, 1)
	test(shardSize+1, 2)
	test(2*shardSize, 2)
	test(2*shardSize+1, 4)
	e := &edit{}
	m := newTable[string, int](e, 0)
	holds := func(m *table[string, int], n, shards int) {
		t.Helper()
		if m.n != n || len(m.shards) != shards {
			t.Fatalf("%d keys in %d shards, not %d in %d", m.n, len(m.shards), n, shards)
		}
		for i := range n {
			if x, ok := m.get(fmt.Sprint(i)); !ok || x != i {
				t.Fatal(i, x, ok)
			}
		}
		if _, ok := m.get("x"); ok {
			t.Fatal("what was never put is there")
		}
	}
	for i := range 4 * shardSize {
		m.set(e, fmt.Sprint(i), i)
	}
	holds(&m, 4*shardSize, 1)
	m.set(e, "0", 0) // again
	m.drop(e, "x")   // what is not there
	holds(&m, 4*shardSize, 1)
	old := m
	m.set(&edit{}, fmt.Sprint(4*shardSize), 4*shardSize)
	holds(&m, 4*shardSize+1, 16)
	holds(&old, 4*shardSize, 1)
	m.drop(&edit{}, fmt.Sprint(4*shardSize))
	holds(&m, 4*shardSize, 16)
}
