package kerberos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entente"
)

// A source gives tickets of an hour after a second, or what it is told to.
type source struct {
	mu    sync.Mutex
	asked int
	fail  error
}

func (s *source) fetch(context.Context) (*Ticket, error) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked++; s.fail != nil {
		return nil, s.fail
	}
	return &Ticket{Client: Principal{Name: fmt.Sprint(s.asked)}, End: time.Now().Add(time.Hour)}, nil
}

func (s *source) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

var (
	denied = entente.Errorf(entente.Denied, "no").Because(ClientRevoked)
	away   = entente.Errorf(entente.Unavailable, "away").Because(KDCUnreachable)
	anna   = ticketKey{user: "anna", realm: "CONTOSO.EXAMPLE", sid: "S-1-5-21-1-2-3-1000", service: "HTTP/a"}
)

// TestTicketCache goes through the life of kept tickets on a clock of its own.
func TestTicketCache(t *testing.T) {
	type world struct {
		*ticketCache
		*source
		get func() (string, error) // the ticket's number
	}
	cases := []struct {
		name string
		f    func(t *testing.T, w world)
	}{
		{"kept until its last quarter", func(t *testing.T, w world) {
			for range 44 {
				if n, err := w.get(); n != "1" || err != nil {
					t.Fatal(n, err)
				}
				time.Sleep(time.Minute)
			}
		}},
		{"renewed while the old one is given", func(t *testing.T, w world) {
			_, _ = w.get()
			time.Sleep(55 * time.Minute)
			if n, err := w.get(); n != "1" || err != nil {
				t.Error(n, err)
			}
			time.Sleep(2 * time.Second)
			if n, err := w.get(); n != "2" || err != nil {
				t.Error(n, err)
			}
		}},
		{"given although it cannot be renewed, and asked for again later", func(t *testing.T, w world) {
			_, _ = w.get()
			w.set(away)
			time.Sleep(55 * time.Minute)
			for range 9 {
				if n, err := w.get(); n != "1" || err != nil {
					t.Error(n, err)
				}
				time.Sleep(4 * time.Second)
			}
			if w.count() != 3 {
				t.Errorf("asked %d times", w.count())
			}
			w.set(nil)
			time.Sleep(30 * time.Second)
			_, _ = w.get()
			time.Sleep(2 * time.Second)
			if n, err := w.get(); n != "4" || err != nil {
				t.Error(n, err)
			}
		}},
		{"not given any more once the realm says no", func(t *testing.T, w world) {
			_, _ = w.get()
			w.set(denied)
			time.Sleep(55 * time.Minute)
			_, _ = w.get()
			time.Sleep(2 * time.Second)
			if n, err := w.get(); !errors.Is(err, denied) {
				t.Error(n, err)
			}
		}},
		{"not given at its end", func(t *testing.T, w world) {
			_, _ = w.get()
			time.Sleep(time.Hour - 29*time.Second)
			if n, err := w.get(); n != "2" || err != nil {
				t.Error(n, err)
			}
		}},
		{"a refusal stands for ten seconds", func(t *testing.T, w world) {
			w.set(denied)
			for range 9 {
				if _, err := w.get(); !errors.Is(err, denied) {
					t.Error(err)
				}
				time.Sleep(time.Second)
			}
			if w.count() != 1 {
				t.Errorf("asked %d times", w.count())
			}
			w.set(nil)
			time.Sleep(time.Second)
			if n, err := w.get(); n != "2" || err != nil {
				t.Error(n, err)
			}
		}},
		{"an outage stands for nobody", func(t *testing.T, w world) {
			w.set(away)
			for i := range 3 {
				if _, err := w.get(); !errors.Is(err, away) || w.count() != i+1 || len(w.entries) != 0 {
					t.Error(err, w.count(), len(w.entries))
				}
			}
		}},
		{"who stops waiting stops for himself", func(t *testing.T, w world) {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := w.ticketCache.get(ctx, anna, w.source.fetch)
				var e *entente.Error
				if !errors.As(err, &e) || e.Kind != entente.Unavailable || !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
			synctest.Wait()
			wg.Go(func() {
				if n, err := w.get(); n != "1" || err != nil {
					t.Error(n, err)
				}
			})
			synctest.Wait()
			cancel()
			wg.Wait()
		}},
		{"what is forgotten while it is fetched is not kept", func(t *testing.T, w world) {
			go func() {
				time.Sleep(time.Second / 2)
				w.forget(User{SID: anna.sid})
			}()
			if n, err := w.get(); n != "1" || err != nil {
				t.Error(n, err)
			}
			if n, err := w.get(); n != "2" || err != nil {
				t.Error(n, err)
			}
		}},
		{"not given at its end, though it was to be asked for later", func(t *testing.T, w world) {
			_, _ = w.get()
			w.set(away)
			time.Sleep(59 * time.Minute)
			if n, err := w.get(); n != "1" || err != nil {
				t.Error(n, err)
			}
			time.Sleep(31 * time.Second)
			if n, err := w.get(); !errors.Is(err, away) || len(w.entries) != 1 {
				t.Error(n, err, len(w.entries))
			}
			time.Sleep(30 * time.Second) // it has ended, and nothing is left of it
			if n, err := w.get(); !errors.Is(err, away) || len(w.entries) != 0 {
				t.Error(n, err, len(w.entries))
			}
		}},
		{"refusals are forgotten too", func(t *testing.T, w world) {
			w.set(denied)
			_, _ = w.get()
			w.forget(User{Name: "Anna", Realm: "contoso.example"})
			_, _ = w.get()
			if w.count() != 2 {
				t.Errorf("asked %d times", w.count())
			}
		}},
		{"the one used longest ago makes room", func(t *testing.T, w world) {
			for i := range 10 {
				k := anna
				k.service = entente.SPN(fmt.Sprint(i))
				_, _ = w.get()
				if _, err := w.ticketCache.get(t.Context(), k, w.source.fetch); err != nil {
					t.Error(err)
				}
			}
			if w.count() != 11 || len(w.entries) != w.max || w.order.Len() != w.max {
				t.Errorf("asked %d times, %d kept, %d in order", w.count(), len(w.entries), w.order.Len())
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(source)
				cache := newTicketCache(4, 10*time.Second, time.Now)
				c.f(t, world{cache, s, func() (string, error) {
					ticket, err := cache.get(t.Context(), anna, s.fetch)
					if err != nil {
						return "", err
					}
					return ticket.Client.Name, nil
				}})
			})
		})
	}
}

// TestForget is whose tickets are forgotten.
func TestForget(t *testing.T) {
	const c, f = "CONTOSO.EXAMPLE", "FABRIKAM.EXAMPLE"
	kept := []ticketKey{
		{user: "anna", realm: c, sid: "S-1-1"},
		{user: "anna", realm: f, sid: "S-1-2"},
		{user: "bert", realm: c, sid: "S-1-3"},
		{user: "bert", realm: c, sid: "S-1-3", evidence: [32]byte{1}},
		{user: "carl", realm: f},
		{service: "HTTP/own"},
	}
	cases := []struct {
		user User
		left int
	}{
		{User{}, 0},
		{User{Name: "anna", Realm: c}, 5},
		{User{Name: "ANNA", Realm: "contoso.example"}, 5},
		{User{Name: "anna"}, 4},
		{User{Name: "bert", Realm: c}, 4},
		{User{Name: "bert", Realm: f}, 6},
		{User{SID: "S-1-2"}, 5},
		{User{SID: "S-1-3", Name: "bert", Realm: c}, 4},
		{User{SID: "S-1-3"}, 4},
		{User{SID: "S-1-9"}, 6},
		{User{Realm: c}, 6}, // says nobody
		{User{Name: "dora", Realm: c, SID: "S-1-9"}, 6},
	}
	for _, tc := range cases {
		cache := newTicketCache(10, time.Second, time.Now)
		for _, k := range kept {
			cache.entry(k)
		}
		if cache.forget(tc.user); len(cache.entries) != tc.left || cache.order.Len() != tc.left {
			t.Errorf("%+v: %d left, want %d", tc.user, len(cache.entries), tc.left)
		}
	}
}
