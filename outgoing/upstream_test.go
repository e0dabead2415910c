package outgoing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A binding server says on each connection whom it served there first.
type bindingServer struct {
	*httptest.Server
	mu    sync.Mutex
	first map[string]string // by connection
}

func newBindingServer(t *testing.T, http2 bool) *bindingServer {
	b := &bindingServer{first: map[string]string{}}
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := b.first[r.RemoteAddr]; !ok {
			b.first[r.RemoteAddr] = r.Header.Get("User")
		}
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, b.first[r.RemoteAddr])
	}))
	b.EnableHTTP2 = http2
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}

func loopbackDialer() *Dialer {
	return New(map[Purpose]Rule{Published: {
		Allow:  []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		AtOnce: 1024, PerHost: 1024,
	}}, nil)
}

func (b *bindingServer) config() UpstreamConfig {
	roots := x509.NewCertPool()
	roots.AddCert(b.Certificate())
	return UpstreamConfig{TLS: &tls.Config{RootCAs: roots}, Site: "example.com"}
}

func askAs(t *testing.T, u *Upstream, pool, address, user string) string {
	t.Helper()
	r := &http.Request{Method: "GET", URL: &url.URL{Path: "/x"}, Host: "cas.contoso.example", Header: http.Header{"User": {user}}}
	resp, err := u.RoundTrip(pool, address, false, r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPoolsShareNoConnection(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		b := newBindingServer(t, proto == "HTTP/2.0")
		c := b.config()
		c.HTTP2 = proto == "HTTP/2.0"
		u := loopbackDialer().Upstream(Published, c)
		t.Cleanup(u.Close)
		address := b.Listener.Addr().String()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				user := fmt.Sprint("user", i%4)
				for range 100 {
					want := proto + " cas.contoso.example " + user
					if got := askAs(t, u, user, address, user); got != want {
						t.Errorf("%q, want %q", got, want)
						return
					}
				}
			})
		}
		all.Wait()
		b.mu.Lock()
		if n := len(b.first); n < 4 || n > 64 {
			t.Errorf("%s: %d connections for 800 requests of 4 users", proto, n)
		}
		b.mu.Unlock()
		// One pool is one connection's worth of identity, whoever asks: so the
		// test above can fail.
		if got := askAs(t, u, "user0", address, "somebody"); !strings.HasSuffix(got, "user0") {
			t.Errorf("a pool's connection was not used again: %s", got)
		}
	}
}

func TestUpstreamChecksWhoAnswers(t *testing.T) {
	b := newBindingServer(t, false)
	address := b.Listener.Addr().String()
	test := func(what string, d *Dialer, c UpstreamConfig, ok bool) {
		t.Helper()
		u := d.Upstream(Published, c)
		defer u.Close()
		if err := u.Reach(t.Context(), address); (err == nil) != ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	test("as it should be", loopbackDialer(), b.config(), true)
	unknown := b.config()
	unknown.TLS = nil
	test("an authority that is not known", loopbackDialer(), unknown, false)
	other := b.config()
	other.Site = "cas.contoso.example"
	test("another name", loopbackDialer(), other, false)
	byAddress := b.config()
	byAddress.Site = ""
	test("the address", loopbackDialer(), byAddress, true)
	test("no rule for it", New(nil, nil), b.config(), false)
	test("a rule that does not reach it", New(map[Purpose]Rule{Published: {}}, nil), b.config(), false)
}

func TestPoolHosts(t *testing.T) {
	for _, address := range []string{"cas.contoso.example:443", "10.1.2.3:8443", "[fd00::1]:443"} {
		got, err := poolAddress(poolHost("somebody", address))
		if err != nil || got != address {
			t.Errorf("%s: %s %v", address, got, err)
		}
		if poolHost("a", address) == poolHost("b", address) {
			t.Error("two pools have one host")
		}
	}
	if _, err := poolAddress("cas.contoso.example:443"); !errors.Is(err, ErrRefused) {
		t.Error("a host of no pool was taken for one")
	}
	_, err := loopbackDialer().Upstream(Published, UpstreamConfig{}).one.DialContext(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", "1"))
	if !errors.Is(err, ErrRefused) {
		t.Error("a connection without TLS")
	}
}
