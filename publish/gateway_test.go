package publish

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func newSigner(t testing.TB) ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// get asks for a path as somebody and returns the status and the body.
func get(t testing.TB, c *http.Client, path, who string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "https://mail.contoso.example"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, c, r, who)
}

func do(t testing.TB, c *http.Client, r *http.Request, who string) (int, string) {
	t.Helper()
	if who != "" {
		r.SetBasicAuth(who+"@contoso.example", password)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestRequestsGoInside(t *testing.T) {
	w := newWorld(t)
	for _, http2 := range []bool{false, true} {
		inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
			name, _, _ := r.BasicAuth()
			b, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %s %s %q %v", r.Proto, r.Method, r.Host, r.RequestURI, name, b, err)
		}, http2)
		g := w.start(w.config(inside))
		c := g.client("internet")
		proto := "HTTP/1.1"
		if http2 {
			proto = "HTTP/2.0"
		}
		test := func(method, path, body, want string) {
			t.Helper()
			r, err := http.NewRequest(method, "https://mail.contoso.example"+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			status, got := do(t, c, r, "anna")
			if want := proto + " " + method + " cas.contoso.example " + want; status != 200 || got != want {
				t.Errorf("%s %s: %d %s, want %s", method, path, status, got, want)
			}
		}
		test("GET", "/x/y?a=b", "", `/x/y?a=b anna@contoso.example "" <nil>`)
		test("POST", "/X/y%40z", "hello", `/x/y@z anna@contoso.example "hello" <nil>`)
		test("POST", "/x/?jAkJBAp2MTQ=", strings.Repeat("0123456789", 10_000), `/x/?jAkJBAp2MTQ= anna@contoso.example "`+strings.Repeat("0123456789", 10_000)+`" <nil>`)
		test("GET", "/x/?a=1;b=2&c=%zz&d=3", "", `/x/?d=3 anna@contoso.example "" <nil>`)
		test("OPTIONS", "/x/", "", `/x/ anna@contoso.example "" <nil>`)
	}
}

func TestStrangersLearnNothing(t *testing.T) {
	w := newWorld(t)
	asked := make(chan string, 100)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }, false)
	g := w.start(w.config(inside))
	c := g.client("internet")
	ask := func(who, pass string) string {
		t.Helper()
		r, err := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if who != "" {
			r.SetBasicAuth(who, pass)
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Header.Del("Date")
		resp.Header.Del("Request-Id")
		return fmt.Sprint(resp.StatusCode, resp.Header, string(b))
	}
	first := ask("", "")
	if !strings.HasPrefix(first, "401") || !strings.Contains(first, "Basic realm") {
		t.Fatal(first)
	}
	for _, who := range []string{"nobody@contoso.example", "anna@contoso.example", "boris@contoso.example"} {
		if got := ask(who, "wrong"); got != first {
			t.Errorf("%s: %s, want %s", who, got, first)
		}
	}
	disable(t, w, "boris")
	if got := ask("boris@contoso.example", password); got != first {
		t.Errorf("disabled: %s, want %s", got, first)
	}
	if len(asked) > 0 {
		t.Error("a stranger's request went inside")
	}
	if got := ask("anna@contoso.example", password); !strings.HasPrefix(got, "200") || len(asked) != 1 {
		t.Error(got)
	}
}

func TestHostsOfOneConnection(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Forwarded-Host")) }, false)
	c := w.config(inside)
	c.Rules[0].Names = []string{"mail.contoso.example", "sync.contoso.example", "other.contoso.example"}
	c.Listeners[0].Certificates = append(c.Listeners[0].Certificates[:0], w.public.server(t, "mail.contoso.example", "sync.contoso.example", "far.contoso.example"), w.public.server(t, "other.contoso.example"))
	g := w.start(c)
	test := func(sni, host string, want int) {
		t.Helper()
		conn := g.raw("internet", sni)
		fmt.Fprintf(conn, "GET /x/ HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n\r\n", host, annas)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("%s at %s: %s, want %d", host, sni, resp.Status, want)
		}
	}
	const mail, sync, other = "mail.contoso.example", "sync.contoso.example", "other.contoso.example"
	test(mail, mail, 200)
	test(mail, "MAIL.Contoso.example:8443", 200)
	test(mail, mail+".", 200)
	test(mail, sync, 200) // the same certificate
	test(other, other, 200)
	test(mail, other, 421)
	test(other, mail, 421)
	test(mail, "far.contoso.example", 421) // of the certificate, and not published
	test(mail, "cas.contoso.example", 421)
	test(mail, "127.0.0.1", 421)
	test(mail, "", 421)
	for _, name := range []string{"far.contoso.example", "cas.contoso.example", ""} {
		if conn, err := g.handshake(name); err == nil {
			conn.Close()
			t.Errorf("a handshake for %q", name)
		}
	}
}

func TestBodiesStream(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
		w.WriteHeader(200)
		b := make([]byte, 100)
		for {
			n, err := r.Body.Read(b)
			if n > 0 {
				fmt.Fprintf(w, "<%s>", b[:n])
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}, true)
	g := w.start(w.config(inside))
	in, out := io.Pipe()
	r, err := http.NewRequest("POST", "https://mail.contoso.example/x/", in)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("anna@contoso.example", password)
	r.Header.Set("Content-Type", "text/plain")
	go out.Write([]byte("one"))
	resp, err := g.client("internet").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	read := func(want string) {
		t.Helper()
		b := make([]byte, len(want))
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != want {
			t.Fatalf("%q %v, want %q", b, err, want)
		}
	}
	read("<one>")
	out.Write([]byte("two"))
	read("<two>")
	out.Close()
	if b, err := io.ReadAll(resp.Body); len(b) > 0 || err != nil {
		t.Errorf("%q %v", b, err)
	}
}

func TestAnswersComeWhole(t *testing.T) {
	w := newWorld(t)
	big := strings.Repeat("0123456789abcdef", 1<<16)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/x/known":
			w.Header().Set("Content-Length", fmt.Sprint(len(big)))
			io.WriteString(w, big)
		case "/x/unknown":
			io.WriteString(w, big)
			http.NewResponseController(w).Flush()
		case "/x/cut":
			w.Header().Set("Content-Length", fmt.Sprint(len(big)))
			io.WriteString(w, big[:1000])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/x/cut-chunks":
			io.WriteString(w, big[:1000])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/x/trailers":
			w.Header().Set("Trailer", "Checksum")
			io.WriteString(w, "body")
			w.Header().Set("Checksum", "abc")
			w.Header().Set(http.TrailerPrefix+"Late", "yes")
		case "/x/hints":
			w.Header().Set("Link", "</a>; rel=preload")
			w.WriteHeader(103)
			w.Header().Del("Link")
			io.WriteString(w, "after")
		case "/x/empty":
			w.WriteHeader(204)
		case "/x/redirect":
			http.Redirect(w, r, "https://cas.contoso.example/x/there?y=z", http.StatusFound)
		case "/x/elsewhere":
			http.Redirect(w, r, "https://cas.contoso.example.evil.example/", http.StatusFound)
		}
	}, false)
	g := w.start(w.config(inside))
	c := g.client("internet")
	for _, path := range []string{"/x/known", "/x/unknown"} {
		if status, got := get(t, c, path, "anna"); status != 200 || got != big {
			t.Errorf("%s: %d, %d bytes", path, status, len(got))
		}
	}
	ask := func(path string) (*http.Response, string, error) {
		t.Helper()
		r, err := http.NewRequest("GET", "https://mail.contoso.example"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("anna@contoso.example", password)
		resp, err := c.Do(r)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return resp, string(b), err
	}
	for _, path := range []string{"/x/cut", "/x/cut-chunks"} {
		if _, _, err := ask(path); err == nil {
			t.Errorf("%s passed for a whole", path)
		}
	}
	resp, body, err := ask("/x/trailers")
	if err != nil || body != "body" || resp.Trailer.Get("Checksum") != "abc" || resp.Trailer.Get("Late") != "yes" {
		t.Errorf("%q %v, trailers %v", body, err, resp.Trailer)
	}
	if resp, body, err := ask("/x/hints"); err != nil || body != "after" || resp.Header.Get("Link") != "" {
		t.Errorf("%q %v %v", body, err, resp.Header)
	}
	if resp, _, err := ask("/x/empty"); err != nil || resp.StatusCode != 204 {
		t.Errorf("%v %v", resp, err)
	}
	if resp, _, err := ask("/x/redirect"); err != nil || resp.Header.Get("Location") != "https://mail.contoso.example/x/there?y=z" {
		t.Errorf("%v %v", resp.Header, err)
	}
	if resp, _, err := ask("/x/elsewhere"); err != nil || resp.Header.Get("Location") != "https://cas.contoso.example.evil.example/" {
		t.Errorf("%v %v", resp.Header, err)
	}
}

func TestClientsThatLeaveEndTheirRequest(t *testing.T) {
	w := newWorld(t)
	came, left := make(chan bool), make(chan bool)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) {
		came <- true
		<-r.Context().Done()
		left <- true
	}, true)
	g := w.start(w.config(inside))
	conn := g.raw("internet", "mail.contoso.example")
	fmt.Fprintf(conn, "POST /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\nContent-Length: 4\r\n\r\nbody", annas)
	<-came
	conn.Close()
	<-left
}

func TestServersThatAreDown(t *testing.T) {
	w := newWorld(t)
	answer := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s", s, b)
		}
	}
	first, second := w.inside(answer("first"), false), w.inside(answer("second"), false)
	gone := *first
	gone.Host = "127.0.0.1:1"
	g := w.start(w.config(&gone, second))
	c := g.client("internet")
	post := func(size int) string {
		t.Helper()
		r, err := http.NewRequest("POST", "https://mail.contoso.example/x/", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		status, body := do(t, c, r, "anna")
		return fmt.Sprint(status, " ", strings.TrimRight(body, "x"))
	}
	for _, size := range []int{0, 10, 200_000} {
		if got := post(size); got != "200 second " {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
	if s := g.Status(); !s.Rules[0].Servers[0].Down || s.Rules[0].Servers[1].Down || s.Rules[0].Requests != 3 {
		t.Errorf("%+v", s.Rules[0])
	}
	// It recovers by itself.
	s := g.rules[0].servers[0]
	s.address = first.Host
	g.look(t.Context(), g.rules[0], s)
	if got := post(10); got != "200 first " {
		t.Error(got)
	}
	// With none there is a time to come again, and nothing about the inside.
	for _, s := range g.rules[0].servers {
		s.address = "127.0.0.1:1"
	}
	r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
	r.SetBasicAuth("anna@contoso.example", password)
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}

func TestRulesThatFit(t *testing.T) {
	test := func(auth []ClientAuth, d Delegation, want string) {
		t.Helper()
		l := Listener{Name: "l", Auth: auth}
		r := Rule{Delegation: d}
		err := r.fits(&l)
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%v with %s: %s, want %s", auth, d, got, want)
		}
	}
	all := []Delegation{Block, PassThrough, DelegateBasic, KCD, KCDKerberosOnly}
	allowed := map[ClientAuth]string{
		WithCertificate: "none kerberos", WithNegotiate: "none kerberos kerberos-only", WithBasic: "none basic kerberos", NoAuth: "none pass-through",
	}
	for a, s := range allowed {
		for _, d := range all {
			want := "choose " + strings.ReplaceAll(s, " ", " or ")
			for _, ok := range strings.Fields(s) {
				if ok == string(d) {
					want = ""
				}
			}
			test([]ClientAuth{a}, d, want)
		}
	}
	test([]ClientAuth{WithCertificate, WithBasic}, KCD, "")
	test([]ClientAuth{WithCertificate, WithBasic}, DelegateBasic, "by certificate")
	test([]ClientAuth{WithCertificate, WithNegotiate}, KCDKerberosOnly, "by certificate")
	test([]ClientAuth{WithBasic}, "ntlm", "none of none")
	test([]ClientAuth{WithBasic}, "", "")
}

func TestGatewayStopsWithWaitingClients(t *testing.T) {
	w := newWorld(t)
	came := make(chan bool)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) { came <- true; <-r.Context().Done() }, false)
	c := w.config(inside)
	start := time.Now()
	c.Now = func() time.Time { return start }
	g := w.start(c)
	answered := make(chan int)
	go func() {
		r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
		r.SetBasicAuth("anna@contoso.example", password)
		resp, err := g.client("internet").Do(r)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-came
	g.present.end(start.Add(time.Minute))
	if got := <-answered; got != 503 {
		t.Errorf("answered %d", got)
	}
	if err := g.stop(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// TestHealth has a rule whose servers say by a path whether they are well.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	var ill atomic.Bool
	answer := func(name string, ill *atomic.Bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" && ill.Load() {
				w.WriteHeader(503)
			}
			io.WriteString(w, name)
		}
	}
	c := w.config(w.inside(answer("first", &ill), false), w.inside(answer("second", new(atomic.Bool)), false))
	c.Rules[0].Health = "/healthz"
	g := w.start(c)
	client := g.client("internet")
	test := func(want string) {
		t.Helper()
		for _, s := range g.rules[0].servers {
			g.look(t.Context(), g.rules[0], s)
		}
		if _, got := get(t, client, "/x/", "anna"); got != want {
			t.Errorf("%s answers, want %s", got, want)
		}
	}
	test("first")
	ill.Store(true)
	test("second")
	if s := g.Status().Rules[0].Servers[0]; !s.Down || !strings.Contains(s.Error, "/healthz answers 503") {
		t.Errorf("%+v", s)
	}
	ill.Store(false)
	test("first")
}
