package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/federation/token"
)

// The least recently used go first, and no more are kept than may be.
func TestOpenedLimit(t *testing.T) {
	c := &opened{limit: 3}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	o := &token.Opener{}
	n := 0
	open := func(raw string) {
		t.Helper()
		_, err := c.open(t.Context(), sha256.Sum256([]byte(raw)), o, now, func(*token.Opener, time.Time) (*token.Token, error) {
			n++
			return &token.Token{NotBefore: now, NotAfter: now.Add(time.Hour)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		raw    string
		opened int
	}{{"a", 1}, {"b", 2}, {"c", 3}, {"a", 3}, {"d", 4}, {"a", 4}, {"b", 5}, {"c", 6}, {"a", 6}, {"d", 7}} {
		if open(x.raw); n != x.opened {
			t.Errorf("after %s %d were opened, want %d", x.raw, n, x.opened)
		}
	}
	if len(c.kept) != 3 || c.recent.Len() != 3 {
		t.Errorf("%d and %d are kept", len(c.kept), c.recent.Len())
	}
}

// Tokens that are kept do not wait for those that are opened, however many these
// are; beyond the queue, others are told to come back.
func TestOpenedQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &opened{}
		now := time.Now()
		o := &token.Opener{}
		good := func(*token.Opener, time.Time) (*token.Token, error) {
			return &token.Token{NotBefore: now, NotAfter: now.Add(time.Hour)}, nil
		}
		if _, err := c.open(t.Context(), sha256.Sum256([]byte("known")), o, now, good); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		slow := func(*token.Opener, time.Time) (*token.Token, error) { <-release; return nil, token.ErrRefused }
		all := cap(c.slots) + cap(c.waiting)
		done := make(chan error, all)
		for range all {
			go func() {
				_, err := c.open(context.WithoutCancel(t.Context()), sha256.Sum256([]byte("stranger")), o, now, slow)
				done <- err
			}()
		}
		synctest.Wait()
		if _, err := c.open(t.Context(), sha256.Sum256([]byte("known")), o, now, slow); err != nil {
			t.Errorf("a known token waits: %v", err)
		}
		if _, err := c.open(t.Context(), sha256.Sum256([]byte("one more")), o, now, good); !full(err) {
			t.Errorf("beyond the queue: %v", err)
		}
		// Those in the queue are sent away when they have waited long enough.
		time.Sleep(openingWait)
		synctest.Wait()
		if len(done) != cap(c.waiting) {
			t.Errorf("%d of %d were sent away", len(done), cap(c.waiting))
		}
		for range cap(c.waiting) {
			if err := <-done; !full(err) {
				t.Error(err)
			}
		}
		close(release)
		for range cap(c.slots) {
			if err := <-done; !errors.Is(err, token.ErrRefused) {
				t.Error(err)
			}
		}
	})
}

func full(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == entente.Unavailable
}

// Where no more signatures can be remembered nobody is let in, and no partner
// takes the room of others.
func TestProofsRoom(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	p := &proofs{limit: 4, share: 3}
	test := func(organization, once string, want string) {
		t.Helper()
		err := p.first(organization, "id", []byte(once), now)
		got := "taken"
		switch {
		case full(err):
			got = "full"
		case err != nil:
			got = "seen"
		}
		if got != want {
			t.Errorf("%s of %s at %s: %s, want %s", once, organization, now.Format(time.TimeOnly), got, want)
		}
	}
	test("contoso", "1", "taken")
	test("contoso", "1", "seen")
	test("contoso", "2", "taken")
	test("contoso", "3", "taken")
	test("contoso", "4", "full")
	test("contoso", "3", "seen")
	test("woodgrove", "1", "taken")
	test("woodgrove", "2", "full")
	now = now.Add(proofTurn)
	test("contoso", "1", "seen")
	test("contoso", "4", "taken")
	now = now.Add(proofTurn)
	test("contoso", "1", "taken")
	test("contoso", "4", "seen")
}

// BenchmarkOpened is what finding a token that was opened costs, among few and
// among many.
func BenchmarkOpened(b *testing.B) {
	now := time.Now()
	o := &token.Opener{}
	for _, n := range [...]int{1, 100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			c := &opened{}
			all := make([]tokenHash, n)
			for i := range all {
				all[i] = sha256.Sum256([]byte(strconv.Itoa(i)))
				c.keep(all[i], o, &token.Token{NotBefore: now, NotAfter: now.Add(time.Hour)})
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if c.find(all[i%n], o, now) == nil {
					b.Fatal("it is not there")
				}
				i++
			}
		})
	}
}
