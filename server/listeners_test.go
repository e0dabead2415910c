package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
)

// A running server, its client, and what its organization is called.
type running struct {
	*Server
	client *http.Client
	url    string
}

// start serves an organization of one on loopback until the test ends.
func start(t testing.TB, c Config) *running {
	t.Helper()
	return startWith(t, c, Options{Organization: "contoso"})
}

func startWith(t testing.TB, c Config, o Options) *running {
	t.Helper()
	c.Listen.HTTPS = "127.0.0.1:0"
	s, err := New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(errors.Join(err, s.Close()))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: c.Name}}
	t.Cleanup(transport.CloseIdleConnections)
	return &running{s, &http.Client{Transport: transport, Timeout: time.Minute}, "https://" + l.Addr().String()}
}

// person makes somebody with a mailbox.
func (r *running) person(t *testing.T, upn, password string) {
	t.Helper()
	api := r.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	ctx := t.Context()
	_, domain, _ := strings.Cut(upn, "@")
	var errs []error
	_, err := api.AddDomain(ctx, admin.DomainName{Name: domain})
	errs = append(errs, err)
	_, err = api.AddDatabase(ctx, admin.AddDatabase{Name: "staff"})
	errs = append(errs, err)
	_, err = api.CreateAccount(ctx, admin.CreateAccount{UPN: upn, Database: "staff"})
	errs = append(errs, err)
	_, err = api.SetPassword(ctx, admin.SetPassword{AccountName: admin.AccountName{Account: upn}, Password: password})
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
}

const inbox = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body><m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>`

// ask posts to Exchange.asmx and returns status and answer.
func (r *running) ask(t *testing.T, path, user, password string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(inbox))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "text/xml")
	if user != "" {
		q.SetBasicAuth(user, password)
	}
	w, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(text)
}

// TestThreeInOneProcess: organizations in one process know nothing of each
// other.
func TestThreeInOneProcess(t *testing.T) {
	var all []*running
	for _, domain := range []string{"contoso.example", "fabrikam.example", "tailspin.example"} {
		c := conf(t, "sqlite:entente.db")
		c.Name = "mail." + domain
		r := start(t, c)
		r.person(t, "anna@"+domain, "correct horse "+domain)
		all = append(all, r)
	}
	test := func(at, from int, want int) {
		t.Helper()
		domain := strings.TrimPrefix(all[from].config.Name, "mail.")
		if status, text := all[at].ask(t, "/EWS/Exchange.asmx", "anna@"+domain, "correct horse "+domain); status != want {
			t.Errorf("%s at %s: %d %s", domain, all[at].config.Name, status, text)
		}
	}
	for at := range all {
		for from := range all {
			want := http.StatusUnauthorized
			if at == from {
				want = http.StatusOK
			}
			test(at, from, want)
		}
	}
}

// TestPaths: what is spelled plainly is found in any case; everything else is
// not there.
func TestPaths(t *testing.T) {
	r := start(t, conf(t, "sqlite:entente.db"))
	test := func(path string, want int) {
		t.Helper()
		if status, _ := r.ask(t, path, "", ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	test("/EWS/Exchange.asmx", 401)
	test("/ews/exchange.asmx", 401)
	test("/EWS/Exchange.asmx/", 404)
	test("/EWS//Exchange.asmx", 404)
	test("/EWS/%45xchange.asmx", 404)
	test("/autodiscover/../EWS/Exchange.asmx", 404)
	test("/autodiscover/autodiscover.json/..%2f..%2fEWS/Exchange.asmx", 404)
	test("/EWS/Exchange.asmx;x", 404)
	test("/metrics", 404)
	test("/debug/pprof/", 404)
	test("/v1/account/list", 404)
	test("/healthz", 200)
	test("/readyz", 200)
}

// TestProxy: the plain listener serves the named proxies alone, and believes
// the last address that they add.
func TestProxy(t *testing.T) {
	c := conf(t, "sqlite:entente.db")
	c.Listen.Proxies = []string{"10.0.0.1", "192.0.2.0/24"}
	s := &Server{config: c}
	test := func(peer, forwardedFor, proto string, status int, source string, overTLS bool) {
		t.Helper()
		h, err := s.behindProxy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if host, _, _ := net.SplitHostPort(r.RemoteAddr); host != source || secure(r) != overTLS {
				t.Errorf("from %s, TLS %t; want %s, %t", r.RemoteAddr, secure(r), source, overTLS)
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		if forwardedFor != "" {
			r.Header.Set("X-Forwarded-For", forwardedFor)
		}
		if proto != "" {
			r.Header.Set("X-Forwarded-Proto", proto)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d, want %d", peer, w.Code, status)
		}
	}
	test("10.0.0.1:1", "198.51.100.7", "https", 200, "198.51.100.7", true)
	test("10.0.0.1:1", "198.51.100.7", "", 200, "198.51.100.7", false)
	test("10.0.0.1:1", "203.0.113.1, 198.51.100.7", "https", 200, "198.51.100.7", true)
	test("[::ffff:10.0.0.1]:1", "", "https", 200, "::ffff:10.0.0.1", true)
	test("192.0.2.200:1", "garbage", "http", 200, "192.0.2.200", false)
	test("198.51.100.7:1", "10.0.0.1", "https", 403, "", false)
}

// TestState: a state that others could have read, or that the demo made, is
// not served.
func TestState(t *testing.T) {
	test := func(want string, f func(state string) error) {
		t.Helper()
		c := conf(t, "sqlite:entente.db")
		if err := errors.Join(os.MkdirAll(c.State, 0o700), f(c.State)); err != nil {
			t.Fatal(err)
		}
		s, err := New(t.Context(), c, Options{Organization: "contoso"})
		if err == nil {
			err = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	test("others could read it", func(state string) error { return os.Chmod(state, 0o750) })
	test("made by entente demo", func(state string) error {
		return os.WriteFile(filepath.Join(state, demoStamp), nil, 0o600)
	})
}

// TestCertificates: a client that knows nothing of ECDSA is served too.
func TestCertificates(t *testing.T) {
	r := start(t, conf(t, "sqlite:entente.db"))
	test := func(suite uint16, want x509.PublicKeyAlgorithm) {
		t.Helper()
		conf := r.client.Transport.(*http.Transport).TLSClientConfig.Clone()
		conf.MaxVersion, conf.CipherSuites = tls.VersionTLS12, []uint16{suite}
		c, err := (&tls.Dialer{Config: conf}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.(*tls.Conn).ConnectionState().PeerCertificates[0].PublicKeyAlgorithm; got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	test(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, x509.ECDSA)
	test(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, x509.RSA)
}
