package partner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/availability"
	"entente/federation"
	"entente/federation/token"
)

// A mint is a broker that issues nothing real, for what is kept of tokens.
type mint struct {
	*broker
	wait time.Duration
}

func (m *mint) Ask(ctx context.Context, who token.Subject, target string, offer token.Offer) (*federation.Granted, error) {
	m.mu.Lock()
	m.asked++
	n, err, wait := m.asked, m.err, m.wait
	m.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &federation.Granted{JWT: strconv.Itoa(n), Target: target, Offer: offer, Expires: time.Now().Add(offer.Lifetime())}, err
}

func newMint(wait time.Duration) (*Client, *mint) {
	m := &mint{&broker{signer: p256(), trust: &federation.Trust{Enabled: true, AppID: "A"}}, wait}
	c := &Client{Config: Config{Federation: m, Now: time.Now}}
	c.tokens.client, c.places.client = c, c
	return c, m
}

func person(n int) token.Subject {
	return token.Subject{Immutable: fmt.Sprintf("p%d@%s", n, contosoURI), Mails: []entente.SMTPAddress{"p@contoso.example"}}
}

// TestTokens follows a token through its life.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, m := newMint(time.Second)
		get := func(want string) {
			t.Helper()
			h, err := c.tokens.get(t.Context(), person(1), fabrikamURI, token.FreeBusy)
			if err != nil || h.JWT != want {
				t.Errorf("got %+v, %v, want %s", h, err, want)
			}
		}
		// However many ask at once, the broker is asked once.
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { get("1") })
		}
		all.Wait()
		time.Sleep(29 * time.Minute)
		get("1")
		time.Sleep(2 * time.Minute)
		get("1") // and it is renewed meanwhile, by one question
		get("1")
		time.Sleep(2 * time.Second)
		get("2")
		if m.count() != 2 {
			t.Errorf("asked %d times", m.count())
		}
		// For another offer, target or person it is another one.
		for _, other := range []func() (*held, error){
			func() (*held, error) { return c.tokens.get(t.Context(), person(1), fabrikamURI, token.Autodiscover) },
			func() (*held, error) { return c.tokens.get(t.Context(), person(1), "other", token.FreeBusy) },
			func() (*held, error) { return c.tokens.get(t.Context(), person(2), fabrikamURI, token.FreeBusy) },
			func() (*held, error) {
				who := person(1)
				who.Mails = append(who.Mails, "new@contoso.example")
				return c.tokens.get(t.Context(), who, fabrikamURI, token.FreeBusy)
			},
		} {
			if h, err := other(); err != nil || h.JWT == "2" {
				t.Errorf("%+v, %v", h, err)
			}
		}
		// A change of the trust ends all of them.
		m.set(func(b *broker) { b.trust = &federation.Trust{Enabled: true, AppID: "B"} })
		get("7")
		// One that was asked for under another trust is not kept.
		c.tokens.mu.Lock()
		newest := c.tokens.order.Front().Value.(*kept).held
		c.tokens.mu.Unlock()
		c.tokens.drop(person(1), fabrikamURI, token.FreeBusy, newest)
		go func() { get("8") }()
		time.Sleep(time.Second / 2)
		m.set(func(b *broker) { b.trust = &federation.Trust{Enabled: true, AppID: "C"} })
		go func() { get("9") }()
		time.Sleep(3 * time.Second / 4)
		if n := c.tokens.count(); len(n) != 0 {
			t.Errorf("kept of another trust: %v", n)
		}
		time.Sleep(time.Second)
		get("9")
		c.running.Wait()
	})
}

// TestImpatient: who goes away does not take the question with him.
func TestImpatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, m := newMint(2 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.tokens.get(ctx, person(1), fabrikamURI, token.FreeBusy); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if h, err := c.tokens.get(t.Context(), person(1), fabrikamURI, token.FreeBusy); err != nil || h.JWT != "1" || m.count() != 1 {
			t.Errorf("%+v, %v", h, err)
		}
		c.running.Wait()
	})
}

// TestBrokerBreaker: while the broker is away it is asked now and then, however
// many want tokens, and a hang costs nobody else his time.
func TestBrokerBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, m := newMint(time.Hour) // it hangs
		began := time.Now()
		for i := range 100 {
			if _, err := c.tokens.get(t.Context(), person(i), fabrikamURI, token.FreeBusy); err == nil {
				t.Fatal("a token")
			}
		}
		if took := time.Since(began); took > brokerTime+time.Second || m.count() != 1 {
			t.Errorf("%v, asked %d times", took, m.count())
		}
		m.set(func(*broker) { m.wait = 0 })
		time.Sleep(firstPause)
		if _, err := c.tokens.get(t.Context(), person(1), fabrikamURI, token.FreeBusy); err != nil {
			t.Error(err)
		}
		// A token that is kept is used while its renewal fails.
		m.set(func(b *broker) { b.err = errors.New("connection refused") })
		for range 55 {
			time.Sleep(time.Minute)
			if _, err := c.tokens.get(t.Context(), person(1), fabrikamURI, token.FreeBusy); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(5 * time.Minute)
		_, err := c.tokens.get(t.Context(), person(1), fabrikamURI, token.FreeBusy)
		var e *entente.Error
		if err == nil || errors.As(err, &e) && e.Reason != availability.NoDelegationToken {
			t.Errorf("%v", err)
		}
		c.running.Wait()
	})
}

// TestTokensBounded: the tokens used longest ago go when there are too many.
func TestTokensBounded(t *testing.T) {
	c, _ := newMint(0)
	c.tokens.follow(c.mark())
	for i := range maxTokens + 100 {
		c.tokens.keep(keyOf(person(i), fabrikamURI, token.FreeBusy), &held{Granted: &federation.Granted{Target: fabrikamURI}})
	}
	if n := c.tokens.count()[fabrikamURI]; n != maxTokens || c.tokens.order.Len() != maxTokens {
		t.Errorf("%d", n)
	}
	if c.tokens.all[keyOf(person(99), fabrikamURI, token.FreeBusy)] != nil || c.tokens.all[keyOf(person(100), fabrikamURI, token.FreeBusy)] == nil {
		t.Error("the wrong ones went")
	}
}

// TestBreakerAlone follows a breaker through its states.
func TestBreakerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{}
		fail := func(hung bool) { b.failed(time.Now(), errors.New("x"), hung) }
		allowed := func(want bool) {
			t.Helper()
			if b.allow(time.Now()) != want {
				t.Errorf("allowed is %t after %d failures", !want, b.failures)
			}
		}
		fail(false)
		fail(false)
		allowed(true)
		b.succeeded()
		fail(false)
		fail(false)
		allowed(true)
		fail(false)
		allowed(false)
		time.Sleep(firstPause)
		allowed(true)
		allowed(false) // one question alone
		b.unsure()
		allowed(true)
		time.Sleep(AskTime + 2*time.Second)
		allowed(true) // who was to tell has gone
		fail(false)
		time.Sleep(2*firstPause - time.Second)
		allowed(false)
		time.Sleep(time.Second)
		allowed(true)
		b.succeeded()
		allowed(true)
		allowed(true)
		fail(true)
		allowed(false)
		for range 10 {
			time.Sleep(longestPause)
			allowed(true)
			fail(false)
		}
		time.Sleep(longestPause)
		allowed(true)
	})
}
