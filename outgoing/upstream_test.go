package outgoing

import (
	"bufio"
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

// TestServersThatWantHTTP11 has a server offer HTTP/2 and refuse it for each
// request, as IIS does where Windows authentication is on.
func TestServersThatWantHTTP11(t *testing.T) {
	b := newBindingServer(t, false)
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	var refused atomic.Int64
	go func() {
		for {
			c, err := raw.Accept()
			if err != nil {
				return
			}
			go func() {
				conn := tls.Server(c, &tls.Config{Certificates: b.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
				defer conn.Close()
				if conn.Handshake() != nil {
					return
				}
				if conn.ConnectionState().NegotiatedProtocol == "h2" {
					refuseStreams(conn, &refused)
					return
				}
				in := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					text, _ := io.ReadAll(r.Body)
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
				}
			}()
		}
	}()
	c := b.config()
	c.HTTP2 = true
	u := loopbackDialer().Upstream(Published, c)
	t.Cleanup(u.Close)
	for _, body := range []string{"one", "two"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "https://x/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := u.RoundTrip("anna", raw.Addr().String(), false, r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(text) != body {
			t.Errorf("%q %v, want %q", text, err, body)
		}
	}
	if refused.Load() != 1 {
		t.Errorf("HTTP/2 was refused %d times", refused.Load())
	}
}

// refuseStreams resets each stream with HTTP_1_1_REQUIRED, RFC 9113 7. The frames
// are written by hand: no server of Go's says so.
func refuseStreams(conn net.Conn, refused *atomic.Int64) {
	preface := make([]byte, 24)
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	_, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		switch {
		case head[3] == 4 && head[4]&1 == 0:
			_, _ = conn.Write([]byte{0, 0, 0, 4, 1, 0, 0, 0, 0}) // SETTINGS, acknowledged
		case head[3] == 1: // HEADERS
			refused.Add(1)
			_, _ = conn.Write(append([]byte{0, 0, 4, 3, 0}, append(head[5:9:9], 0, 0, 0, 0xd)...)) // RST_STREAM
		}
	}
}
