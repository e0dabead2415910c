package audit

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"entente/db"
	"entente/db/dbtest"
)

// TestFollow has another follow a log that grows by different steps, from every
// size to every later one at which it was signed.
func TestFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		key := testKey().Public().(ed25519.PublicKey)
		heads := []Head{{}}
		for _, n := range []int{1, 1, 1, 4, 1, 9, 16, 31} {
			fill(t, d, n) // a checkpoint is signed when the log is closed
			text, _, err := Extension(t.Context(), d, "n1", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, seen := range heads {
				text, path, err := Extension(t.Context(), d, "n1", seen.Size)
				if err != nil {
					t.Fatal(seen.Size, err)
				}
				if _, err := Follow(seen, "n1", key, text, path); err != nil {
					t.Errorf("from %d: %v", seen.Size, err)
				}
			}
			h, err := Follow(Head{}, "n1", key, text, nil)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, h)
		}
		if last := heads[len(heads)-1]; last.Size != 64 {
			t.Errorf("the last checkpoint speaks of %d records", last.Size)
		}
	})
}

// TestFollowRefuses: what was cut off, written anew or signed by another is no
// continuation.
func TestFollowRefuses(t *testing.T) {
	key := testKey().Public().(ed25519.PublicKey)
	long, short, other := dbtest.SQLite(t), dbtest.SQLite(t), dbtest.SQLite(t)
	fill(t, long, 5)
	text, _, err := Extension(t.Context(), long, "n1", 0)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := Follow(Head{}, "n1", key, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	test := func(what string, d *db.DB, node string, key ed25519.PublicKey, extended bool) {
		t.Helper()
		text, path, err := Extension(t.Context(), d, "n1", 0)
		if err == nil {
			if later, p, e := Extension(t.Context(), d, "n1", 5); e == nil {
				text, path = later, p
			}
			_, err = Follow(seen, node, key, text, path)
		}
		if err == nil || errors.Is(err, ErrNotExtended) != extended {
			t.Errorf("%s: %v", what, err)
		}
	}
	fill(t, short, 3)
	test("fewer records", short, "n1", key, true)
	fill(t, other, 5)
	test("as many others", other, "n1", key, true)
	fill(t, other, 2)
	test("others, and more", other, "n1", key, true)
	fill(t, long, 2)
	test("another log's name", long, "n2", key, false)
	test("another's key", long, "n1", ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32))).Public().(ed25519.PublicKey), false)
	if _, _, err := Extension(t.Context(), short, "n1", 5); !errors.Is(err, ErrNotExtended) {
		t.Errorf("a proof from what is not there: %v", err)
	}
}

func TestCosign(t *testing.T) {
	d := dbtest.SQLite(t)
	fill(t, d, 3)
	text, _, err := Extension(t.Context(), d, "n1", 0)
	if err != nil {
		t.Fatal(err)
	}
	witness := ed25519.NewKeyFromSeed([]byte(strings.Repeat("w", ed25519.SeedSize)))
	at := time.Unix(1_780_000_000, 0)
	both, err := Cosign(text, "relay.fabrikam.example", witness, at)
	if err != nil {
		t.Fatal(err)
	}
	test := func(what, text, name string, key ed25519.PrivateKey, want bool) {
		t.Helper()
		if when, ok := Cosigned(text, name, key.Public().(ed25519.PublicKey)); ok != want || ok && !when.Equal(at) {
			t.Errorf("%s: %v at %v", what, ok, when)
		}
	}
	test("as it was signed", both, "relay.fabrikam.example", witness, true)
	test("another name", both, "relay.contoso.example", witness, false)
	test("another key", both, "relay.fabrikam.example", testKey(), false)
	test("another checkpoint", strings.Replace(both, "\n3\n", "\n4\n", 1), "relay.fabrikam.example", witness, false)
	test("not signed", text, "relay.fabrikam.example", witness, false)
	// The log's own signature still holds beside it, and verify takes it.
	if _, err := verify(d, both); err != nil {
		t.Error(err)
	}
}
