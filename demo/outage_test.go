package demo

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/server"
)

// alone takes the sockets of the server at a URL out of the world, which then
// serves the others, and returns what starts it on them, or anew, and stops it.
func alone(t *testing.T, w *world, s *server.Server, at string) (start, stop func()) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	i := slices.IndexFunc(w.sockets, func(l *server.Listening) bool { return strings.HasSuffix(l.Addr().String(), ":"+port) })
	sockets := w.sockets[i]
	w.sockets = slices.Delete(w.sockets, i, i+1)
	var cancel context.CancelFunc
	var ended chan error
	start = func() {
		t.Helper()
		if sockets == nil {
			if sockets, err = s.Listen(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, c := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel, ended = c, make(chan error, 1)
		go func(l *server.Listening) { ended <- l.Serve(ctx) }(sockets)
		sockets = nil
	}
	stop = func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	return start, stop
}

// TestBrokerDown: while the broker is down, people ask on with the tokens there
// are; when these have expired, they are told so clearly; when it is back, nobody
// need do anything.
func TestBrokerDown(t *testing.T) {
	c := new(clock)
	w := newWorld(t, c.now)
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	start, stop := alone(t, w, w.broker, w.brokerURL)
	start()
	err := w.run(t.Context(), func(Target) error {
		anna := newClient(t, w.contoso.s, string(address("anna")), w.contoso.password)
		ask := func(when, code string) string {
			t.Helper()
			got, err := anna.free(t.Context(), c.now(), "ben@"+fabrikamDomain)
			if err != nil || len(got.codes) != 1 || got.codes[0] != code {
				t.Errorf("%s: %v, %v", when, got.codes, err)
			}
			return got.raw
		}
		ask("the broker is up", "NoError")
		stop()
		for range 5 {
			ask("with the token there is", "NoError")
			c.pass(10 * time.Minute)
		}
		c.pass(15 * time.Minute)
		if said := ask("the token has expired", "ErrorProxyRequestProcessingFailed"); !strings.Contains(said, "roker") {
			t.Errorf("it does not say what is away: %s", said)
		}
		start()
		c.pass(10 * time.Minute)
		ask("the broker is back", "NoError")
		return nil
	})
	stop()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPartnerDown: a server that is down spoils the answers about its own people
// and no others, and is not taken for a database of ours.
func TestPartnerDown(t *testing.T) {
	w := newWorld(t, nil)
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	start, stop := alone(t, w, w.fabrikam, w.fabrikam.EWSURL())
	start()
	err := w.run(t.Context(), func(Target) error {
		anna := newClient(t, w.contoso.s, string(address("anna")), w.contoso.password)
		ask := func(when string, codes ...string) {
			t.Helper()
			got, err := anna.free(t.Context(), time.Now(), "amy@"+fabrikamDomain, string(address("ben")))
			if err != nil || !slices.Equal(got.codes, codes) {
				t.Errorf("%s: %v, %v: %s", when, got.codes, err, got.raw)
			}
		}
		ask("it is up", "NoError", "NoError")
		stop()
		ask("it is down", "ErrorProxyRequestProcessingFailed", "NoError")
		ask("it is still down", "ErrorAutoDiscoverFailed", "NoError")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
