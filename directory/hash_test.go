package directory

import "testing"

// The hash of what decisions are made on is the same on every node that decides
// on the same, and another after every change.
func TestStateHash(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		one := o.open()
		snapshot, first := one.State()
		if len(first) != 2*stateHash || snapshot.Generation() != one.Snapshot().Generation() {
			t.Fatalf("hash %q of generation %d", first, snapshot.Generation())
		}
		if _, other := o.open().State(); other != first {
			t.Errorf("another node has %s, this one %s", other, first)
		}
		if err := one.Update(t.Context(), func(c *Change) error { return c.AddDomain("hash.example") }); err != nil {
			t.Fatal(err)
		}
		_, second := one.State()
		if second == first || second == "" {
			t.Errorf("%s after a change", second)
		}
		if _, other := o.open().State(); other != second {
			t.Errorf("another node has %s, this one %s", other, second)
		}
	})
}
