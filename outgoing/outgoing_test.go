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
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// names is a resolver whose names change with each question.
type names struct {
	mu    sync.Mutex
	asked int
	turns [][]string
}

func (n *names) LookupNetIP(_ context.Context, _, _ string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []netip.Addr
	for _, s := range n.turns[min(n.asked, len(n.turns)-1)] {
		all = append(all, netip.MustParseAddr(s))
	}
	n.asked++
	return all, nil
}

func TestPublic(t *testing.T) {
	test := func(address string, want bool) {
		t.Helper()
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: public is %t", address, got)
		}
	}
	test("8.8.8.8", true)
	test("100.63.255.255", true)
	test("100.128.0.0", true)
	test("172.32.0.1", true)
	test("2620:fe::fe", true)
	test("2a00:1450:4001::1", true)

	test("0.0.0.0", false)
	test("0.1.2.3", false)
	test("10.1.2.3", false)
	test("100.64.0.1", false)
	test("100.127.255.255", false)
	test("127.0.0.1", false)
	test("127.255.255.254", false)
	test("169.254.169.254", false)
	test("172.16.0.1", false)
	test("172.31.255.255", false)
	test("192.0.0.170", false)
	test("192.168.1.1", false)
	test("198.19.0.1", false)
	test("203.0.113.7", false)
	test("224.0.0.251", false)
	test("255.255.255.255", false)

	test("::", false)
	test("::1", false)
	test("::ffff:8.8.8.8", false)
	test("::ffff:127.0.0.1", false)
	test("::127.0.0.1", false)
	test("64:ff9b::8.8.8.8", false)
	test("64:ff9b::127.0.0.1", false)
	test("64:ff9b:1::10.0.0.1", false)
	test("fc00::1", false)
	test("fd12:3456::1", false)
	test("fe80::1", false)
	test("fe80::1%eth0", false)
	test("fec0::1", false)
	test("ff02::1", false)
	test("2001::1", false)
	test("2001:db8::1", false)
	test("2002:7f00:1::1", false)
	test("3fff::1", false)
}

// canary is a listener that counts its visitors.
func canary(t *testing.T) (port string, visits *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	visits = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			visits.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, visits
}

func TestDialRefuses(t *testing.T) {
	port, visits := canary(t)
	test := func(r Rule, network, address string, turns ...string) {
		t.Helper()
		d := New(map[Purpose]Rule{Push: r}, &names{turns: [][]string{turns}})
		c, err := d.Dial(t.Context(), Push, network, address)
		if err == nil {
			_ = c.Close()
		}
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s %s: got error %v", network, address, err)
		}
	}
	ten := netip.MustParsePrefix("10.0.0.0/8")
	test(Rule{}, "tcp", "127.0.0.1:"+port)
	test(Rule{}, "tcp", "[::1]:"+port)
	test(Rule{}, "tcp", "[::ffff:127.0.0.1]:"+port)
	test(Rule{}, "tcp", "[64:ff9b::7f00:1]:"+port)
	test(Rule{}, "tcp", "name.example:"+port, "127.0.0.1")
	test(Rule{}, "tcp", "name.example:"+port, "127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "fe80::1%lo")
	test(Rule{Allow: []netip.Prefix{ten}}, "tcp", "name.example:"+port, "127.0.0.1")
	test(Rule{Allow: []netip.Prefix{ten}}, "tcp", "[::ffff:10.0.0.1]:"+port)
	test(Rule{}, "tcp", "127.1:"+port, "127.0.0.1")
	test(Rule{}, "tcp", "2130706433:"+port, "127.0.0.1")
	test(Rule{}, "tcp", "0x7f000001:"+port, "127.0.0.1")
	test(Rule{}, "tcp", ":"+port, "127.0.0.1")
	test(Rule{Hosts: []string{"other.example"}}, "tcp", "name.example:443", "8.8.8.8")
	test(Rule{Hosts: []string{".example"}}, "tcp", "badexample:443", "8.8.8.8")
	test(Rule{}, "unix", "/run/postgresql/.s.PGSQL.5432")
	test(Rule{Sockets: []string{"/run/postgresql"}}, "unix", "/run/postgresql/../docker.sock")
	test(Rule{}, "ip4:icmp", "name.example:1", "8.8.8.8")

	d := New(nil, nil)
	if _, err := d.Dial(t.Context(), LDAP, "tcp", "127.0.0.1:"+port); !errors.Is(err, ErrRefused) {
		t.Errorf("purpose without a rule: %v", err)
	}
	if visits.Load() != 0 {
		t.Errorf("the canary had %d visits", visits.Load())
	}
}

// TestRebinding has a name mean an allowed address when it is first asked for
// and the canary's ever after.
func TestRebinding(t *testing.T) {
	port, visits := canary(t)
	n := &names{turns: [][]string{{"127.0.0.2"}, {"127.0.0.1"}}}
	d := New(map[Purpose]Rule{Push: {Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}}, n)
	_, err := d.Dial(t.Context(), Push, "tcp", "name.example:"+port)
	if err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("nobody listens at the first address, and yet: %v", err)
	}
	if n.asked != 1 {
		t.Errorf("one connection asked %d times", n.asked)
	}
	if _, err := d.Dial(t.Context(), Push, "tcp", "name.example:"+port); !errors.Is(err, ErrRefused) {
		t.Errorf("second address: %v", err)
	}
	if visits.Load() != 0 {
		t.Errorf("the canary had %d visits", visits.Load())
	}
	// Whatever a resolver says, the socket itself is looked at.
	p := d.purposes[Push]
	if err := p.control(t.Context(), "tcp4", "127.0.0.1:"+port, nil); !errors.Is(err, ErrRefused) {
		t.Errorf("socket to the canary: %v", err)
	}
}

func TestDialAllows(t *testing.T) {
	port, _ := canary(t)
	d := New(map[Purpose]Rule{LDAP: {
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Hosts: []string{".corp.example"},
	}}, &names{turns: [][]string{{"10.9.9.9", "127.0.0.1"}}})
	c, err := d.Dial(t.Context(), LDAP, "tcp", "DC1.corp.example.:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(3, 2)
		take := func(host string) (func(), error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return b.take(ctx, host)
		}
		first, _ := take("a")
		_, _ = take("a")
		if _, err := take("a"); err == nil {
			t.Error("a third connection to one host")
		}
		_, _ = take("b")
		if _, err := take("c"); err == nil {
			t.Error("a fourth connection")
		}
		first()
		first() // closing twice gives one place back
		release, err := take("c")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := take("d"); err == nil {
			t.Error("a fourth connection after one was closed")
		}
		release()
		if len(b.hosts) != 2 {
			t.Errorf("%d hosts are remembered", len(b.hosts))
		}
	})
}

func client(t *testing.T, h http.Handler, change func(*Rule)) (*http.Client, *httptest.Server) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	r := Rule{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, TLS: &tls.Config{RootCAs: roots}}
	if change != nil {
		change(&r)
	}
	c := New(map[Purpose]Rule{Partner: r}, nil).HTTPClient(Partner)
	t.Cleanup(c.CloseIdleConnections)
	return c, s
}

func TestHTTPClient(t *testing.T) {
	var proxied atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)

	var cookies atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		_, _ = io.WriteString(w, "ok")
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("/size", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.RawQuery, &n)
		w.(http.Flusher).Flush() // no Content-Length
		_, _ = io.WriteString(w, strings.Repeat("x", n))
	})
	mux.HandleFunc("/announced", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1001))
	})
	c, s := client(t, mux, func(r *Rule) { r.Body = 1000 })
	test := func(url string, status int, want error) {
		t.Helper()
		a, err := c.Get(url)
		if err == nil {
			_, err = io.ReadAll(a.Body)
			_ = a.Body.Close()
			if a.StatusCode != status {
				t.Errorf("%s: status %d", url, a.StatusCode)
			}
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want %v", url, err, want)
		}
	}
	test(s.URL+"/", 200, nil)
	test(s.URL+"/", 200, nil)
	test(s.URL+"/away", 302, nil)
	test(s.URL+"/size?1000", 200, nil)
	test(s.URL+"/size?1001", 200, ErrTooLarge)
	test(s.URL+"/announced", 200, ErrTooLarge)
	test(strings.Replace(s.URL, "https", "http", 1), 0, ErrRefused)
	test(strings.Replace(s.URL, "//", "//user:password@", 1), 0, ErrRefused)
	if cookies.Load() != 0 || proxied.Load() != 0 {
		t.Errorf("%d cookies, %d requests by proxy", cookies.Load(), proxied.Load())
	}
	if _, err := New(nil, nil).HTTPClient(Push).Get(s.URL); !errors.Is(err, ErrRefused) {
		t.Errorf("client without a rule: %v", err)
	}
}

func TestHTTPTotal(t *testing.T) {
	held := make(chan struct{})
	c, s := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "slowly")
		w.(http.Flusher).Flush()
		<-held
	}), func(r *Rule) { r.Total = 200 * time.Millisecond })
	defer close(held)
	a, err := c.Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(a.Body)
		_ = a.Body.Close()
	}
	var u *url.Error
	var n net.Error
	if !(errors.As(err, &u) && u.Timeout()) && !(errors.As(err, &n) && n.Timeout()) {
		t.Errorf("an answer without end: %v", err)
	}
}
