package outgoing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// A tunnel is an HTTP proxy that connects whatever is asked for to one place.
type tunnel struct {
	*httptest.Server
	to   string
	mu   sync.Mutex
	asks []string
	user string // what it wants to see, "" for nothing
}

func newTunnel(t *testing.T, to string) *tunnel {
	p := &tunnel{to: to}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asks = append(p.asks, r.Method+" "+r.Host+" "+r.Header.Get("Authorization"))
	user := p.user
	p.mu.Unlock()
	if user != r.Header.Get("Proxy-Authorization") {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
	go func() { _, _ = io.Copy(here, there); _ = here.Close() }()
}

// TestProxy: requests go by the rule's proxy, with TLS to the other side, and
// what may not be reached is not asked of the proxy either.
func TestProxy(t *testing.T) {
	proxyAddress := ""
	var rule Rule
	_, s := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the other side sees the proxy's password")
		}
		_, _ = io.WriteString(w, "ok "+r.Host)
	}), func(r *Rule) { rule = *r })
	p := newTunnel(t, s.Listener.Addr().String())
	proxyAddress = p.Listener.Addr().String()
	rule.Allow = nil // but for the proxy, nothing on loopback may be reached
	rule.TLS.ServerName = "example.com"
	ask := func(target, proxy string, r Rule, turns ...string) (string, error) {
		t.Helper()
		var err error
		if r.Proxy, err = ParseProxy(proxy); err != nil {
			t.Fatal(err)
		}
		c := New(map[Purpose]Rule{Partner: r}, &byName{proxyAddress, turns}).HTTPClient(Partner)
		defer c.CloseIdleConnections()
		a, err := c.Get(target)
		if err != nil {
			return "", err
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		return string(b), err
	}
	// A name that is not known here, and one that is public.
	for _, turns := range [][]string{nil, {"8.8.8.8"}} {
		if got, err := ask("https://mail.fabrikam.example/", "http://"+proxyAddress, rule, turns...); err != nil || got != "ok mail.fabrikam.example" {
			t.Errorf("%s, %v", got, err)
		}
	}
	if len(p.asks) != 2 || p.asks[0] != "CONNECT mail.fabrikam.example:443 " {
		t.Errorf("%q", p.asks)
	}
	refused := func(target string, r Rule, turns ...string) {
		t.Helper()
		if _, err := ask(target, "http://"+proxyAddress, r, turns...); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", target, err)
		}
	}
	refused("https://127.0.0.1/", rule)
	refused("https://[::1]/", rule)
	refused("https://localhost/", rule)
	refused("https://2130706433/", rule)
	refused("https://mail.fabrikam.example/", rule, "10.0.0.1")
	refused("https://mail.fabrikam.example/", rule, "8.8.8.8", "10.0.0.1")
	refused("http://mail.fabrikam.example/", rule)
	only := rule
	only.Hosts = []string{".contoso.example"}
	refused("https://mail.fabrikam.example/", only)
	if len(p.asks) != 2 {
		t.Errorf("the proxy was asked: %q", p.asks)
	}
	p.user = "Basic c3ZjOnMzY3JldA=="
	if _, err := ask("https://mail.fabrikam.example/", "http://svc:s3cret@"+proxyAddress, rule); err != nil {
		t.Error(err)
	}
	p.user = "x"
	_, err := ask("https://mail.fabrikam.example/", "http://svc:s3cret@"+proxyAddress, rule)
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
	if p.Close(); true {
		if _, err := ask("https://mail.fabrikam.example/", "http://svc:s3cret@"+proxyAddress, rule); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}

// byName is a resolver that knows one name, or does not.
type byName struct {
	proxy string
	turns []string
}

func (b *byName) LookupNetIP(_ context.Context, _, host string) (all []netip.Addr, err error) {
	for _, s := range b.turns {
		all = append(all, netip.MustParseAddr(s))
	}
	if all == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return all, nil
}

func TestParseProxy(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		p, err := ParseProxy(in)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: %v", in, err)
			}
			return
		}
		if err != nil || p.String() != want {
			t.Errorf("%s: %v, %v", in, p, err)
			return
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "proxy", p, "rule", Rule{Proxy: p})
		for _, s := range []string{fmt.Sprint(p), fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p), fmt.Sprintf("%+v", Rule{Proxy: p}), log.String()} {
			if strings.Contains(s, "s3cret") {
				t.Errorf("it is shown: %s", s)
			}
		}
	}
	test("http://proxy.contoso.example:3128", "http://proxy.contoso.example:3128")
	test("http://proxy.contoso.example", "http://proxy.contoso.example:80")
	test("https://svc:s3cret@Proxy.contoso.example/", "https://proxy.contoso.example:443")
	test("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128")
	test("socks5://svc:s3cret@proxy", "")
	test("http://svc:s3cret@proxy/path", "")
	test("http://svc:s3cret@proxy?x", "")
	test("http://svc:s3cret%zz@proxy", "")
	test("proxy:3128", "")
	test("", "")
}

// TestKept: as many connections are kept as the rule says.
func TestKept(t *testing.T) {
	var opened sync.Map
	n := 0
	var mu sync.Mutex
	hold, in := make(chan struct{}), make(chan struct{})
	c, s := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, seen := opened.LoadOrStore(r.RemoteAddr, true); !seen {
			mu.Lock()
			n++
			mu.Unlock()
		}
		in <- struct{}{}
		<-hold
		_, _ = io.WriteString(w, "ok")
	}), func(r *Rule) { r.Idle = 4 })
	round := func() {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				a, err := c.Get(s.URL)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, a.Body)
				_ = a.Body.Close()
			})
		}
		for range 4 { // all are there before one is answered
			<-in
		}
		for range 4 {
			hold <- struct{}{}
		}
		all.Wait()
	}
	round()
	round()
	if n != 4 {
		t.Errorf("%d connections for two rounds of four", n)
	}
}
