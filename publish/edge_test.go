package publish

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHeadersOfRequests holds what clients may tell the inside, a line a field.
// (threats E2)
func TestHeadersOfRequests(t *testing.T) {
	w := newWorld(t)
	seen := make(chan http.Header, 1)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }, false)
	g := w.start(w.config(inside))
	conn := g.raw("internet", "mail.contoso.example")
	in := bufio.NewReader(conn)
	test := func(field, name, want string) {
		t.Helper()
		fmt.Fprintf(conn, "GET /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\n%s\r\n\r\n", annas, field)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %s", field, resp.Status)
		}
		// What is one name to a CGI is one name here.
		var got []string
		for k, v := range <-seen {
			if strings.EqualFold(strings.ReplaceAll(k, "_", "-"), name) {
				got = append(got, v...)
			}
		}
		if fmt.Sprint(strings.Join(got, "|")) != want {
			t.Errorf("%s: inside is told %q, want %q", field, got, want)
		}
	}
	dropped := func(name string) { t.Helper(); test(name+": evil", name, "") }

	test("X-Forwarded-For: 10.0.0.1", "X-Forwarded-For", "127.0.0.1")
	test("X-Forwarded-Host: evil", "X-Forwarded-Host", "mail.contoso.example")
	test("X-Forwarded-Proto: http", "X-Forwarded-Proto", "https")
	test("X-Forwarded-Server: evil", "X-Forwarded-Server", "")
	test("X_Forwarded_For: 10.0.0.1", "X-Forwarded-For", "127.0.0.1")
	test("x-forwarded-for: 10.0.0.1\r\nX-FORWARDED-FOR: 10.0.0.2", "X-Forwarded-For", "127.0.0.1")
	for _, name := range []string{
		"Forwarded", "Via", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-CommonAccessToken", "X-IsFromCafe", "X-SourceCafeServer", "X-BEResource", "X-Rps-CAT",
		"X-Entente-Budget", "X-Entente-Anything", "Proxy-Authorization", "Proxy-Connection", "Proxy", "Proxy-Anything", "X-Original-URL", "X-Rewrite-URL",
		"X-HTTP-Method-Override", "X-Remote-User", "Remote_User", "X-SSL-Client-Cert", "SSL-Client-Verify", "X-Arr-ClientCert", "X-MS-Client-Principal",
		"Keep-Alive", "Expect", "HTTP2-Settings", "Trailer",
	} {
		if name == "Expect" {
			test("Expect: 100-continue", name, "")
			continue
		}
		dropped(name)
	}
	test("Connection: X-Secret\r\nX-Secret: evil", "X-Secret", "")
	test("Connection: keep-alive, Authorization, x-secret\r\nX-Secret: evil", "X-Secret", "")
	test("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Upgrade", "")
	test("Te: gzip", "Te", "")
	test("Te: trailers", "Te", "trailers")
	test("Cookie: X-BEResource=Administrator@evil:444/; a=b", "Cookie", "a=b")
	test("Cookie: a=b; x-anonresource-backend = evil;SecurityToken=x; c=d", "Cookie", "a=b; c=d")
	test("Cookie: x-beresource=evil", "Cookie", "")
	test("Cookie: X-BackEndCookie=evil\r\nCookie: e=f", "Cookie", "e=f")
	test("Accept-Language: de", "Accept-Language", "de")
	test("X-AnchorMailbox: anna@contoso.example", "X-Anchormailbox", "anna@contoso.example")
	test("MS-ASProtocolVersion: 14.1", "Ms-Asprotocolversion", "14.1")
	test("User-Agent: Apple-iPhone/1.0", "User-Agent", "Apple-iPhone/1.0")
	test("X-Nothing: 1", "User-Agent", "")
	test("Accept-Encoding: br", "Accept-Encoding", "br")
	test("X-Nothing: 1", "Accept-Encoding", "")
}

func TestHeadersOfAnswers(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["WWW-Authenticate"] = []string{"Negotiate", `Basic realm="inside"`}
		h.Set("Proxy-Authenticate", "Basic")
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "hop")
		h.Set("Alt-Svc", `h3=":443"`)
		h.Set("X-FEServer", "CAS01")
		h.Set("Set-Cookie", "a=b")
		h.Set("MS-Server-ActiveSync", "15.2")
		h.Set("request-id", "theirs")
		if r.URL.Path == "/x/refused" {
			w.WriteHeader(401)
		}
	}, false)
	c := w.config(inside)
	c.Listeners = append(c.Listeners, Listener{Name: "open", Address: "127.0.0.1:0", Auth: []ClientAuth{NoAuth}, Certificates: c.Listeners[0].Certificates})
	c.Rules = append(c.Rules, c.Rules[0])
	c.Rules[1].Name, c.Rules[1].Listener, c.Rules[1].Delegation = "through", "open", PassThrough
	g := w.start(c)
	ask := func(listener, path string) *http.Response {
		t.Helper()
		r, _ := http.NewRequest("GET", "https://mail.contoso.example"+path, nil)
		r.SetBasicAuth("anna@contoso.example", password)
		resp, err := g.client(listener).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	resp := ask("internet", "/x/")
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate", "X-Hop", "Alt-Svc", "X-FEServer"} {
		if v := resp.Header.Values(name); len(v) > 0 {
			t.Errorf("%s: %q went out", name, v)
		}
	}
	for name, want := range map[string]string{"Set-Cookie": "a=b", "MS-Server-ActiveSync": "15.2", "request-id": "theirs"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if resp := ask("internet", "/x/refused"); resp.StatusCode != 502 || resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("refused inside: %s %v", resp.Status, resp.Header)
	}
	if got := ask("open", "/x/refused").Header.Values("WWW-Authenticate"); len(got) != 2 {
		t.Errorf("what passes through is asked for by the inside: %q", got)
	}
}

// TestOneRequestIsOneInside counts the requests that arrive inside for what goes
// over a raw socket. (threats E3)
func TestOneRequestIsOneInside(t *testing.T) {
	w := newWorld(t)
	var came atomic.Int64
	var paths sync.Map
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) {
		paths.Store(r.URL.Path, true)
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			came.Add(1)
		}
	}, false)
	g := w.start(w.config(inside))
	const smuggled = "GET /x/smuggled HTTP/1.1\r\nHost: mail.contoso.example\r\n\r\n"
	test := func(what, head, body string, want int64) {
		t.Helper()
		came.Store(0)
		conn := g.raw("internet", "mail.contoso.example")
		head = strings.ReplaceAll(head, "\n", "\r\n")
		// The last request is a stranger's, and after it the connection ends.
		const last = "GET /x/last HTTP/1.1\r\nHost: mail.contoso.example\r\nConnection: close\r\n\r\n"
		fmt.Fprintf(conn, "POST /x/first HTTP/1.1\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\n%s\r\n%s%s", annas, head, body, last)
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		answers := int64(0)
		for in := bufio.NewReader(conn); ; {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			if resp.StatusCode == 200 {
				answers++
			}
		}
		if came.Load() != want || answers != want {
			t.Errorf("%s: %d came inside and %d were answered, want %d", what, came.Load(), answers, want)
		}
		if _, ok := paths.Load("/x/smuggled"); ok {
			t.Errorf("%s: a request was smuggled", what)
		}
	}
	chunked := "0\r\n\r\n"
	test("plain", "Content-Length: 5\n", "hello", 1)
	test("chunked", "Transfer-Encoding: chunked\n", "5\r\nhello\r\n"+chunked, 1)
	// What follows has no credentials of its own, and is a stranger's.
	test("length and chunks", fmt.Sprintf("Content-Length: %d\nTransfer-Encoding: chunked\n", len(chunked)+len(smuggled)), chunked+smuggled, 1)
	test("chunks and length", "Transfer-Encoding: chunked\nContent-Length: 6\n", chunked+smuggled, 1)
	test("two lengths", "Content-Length: 5\nContent-Length: 6\n", "hello"+smuggled, 0)
	test("odd length", "Content-Length: +5\n", "hello"+smuggled, 0)
	test("a list of lengths", "Content-Length: 5, 5\n", "hello"+smuggled, 0)
	test("odd coding", "Transfer-Encoding: xchunked\n", chunked+smuggled, 0)
	test("coding twice", "Transfer-Encoding: chunked\nTransfer-Encoding: identity\n", chunked+smuggled, 0)
	test("a list of codings", "Transfer-Encoding: chunked, identity\n", chunked+smuggled, 0)
	test("a space in the name", "Transfer-Encoding : chunked\n", chunked+smuggled, 0)
	test("a tab before it", "Transfer-Encoding:\tchunked\n", "5\r\nhello\r\n"+chunked, 1)
	test("a folded line", "X-A: b\n Transfer-Encoding: chunked\nContent-Length: 0\n", smuggled, 1)
	test("odd chunk size", "Transfer-Encoding: chunked\n", "0x5\r\nhello\r\n"+chunked+smuggled, 0)
	test("a bare LF in chunks", "Transfer-Encoding: chunked\n", "5\nhello\n0\n\n"+smuggled, 0)
	test("bytes after a chunk", "Transfer-Encoding: chunked\n", "5\r\nhelloXX\r\n"+chunked+smuggled, 0)
	test("Expect and a body", "Expect: 100-continue\nContent-Length: 5\n", "hello", 1)
	test("another Expect", "Expect: 200-ok\nContent-Length: 5\n", "hello", 0)
	test("two hosts", "Host: cas.contoso.example\n", "", 0)
}

func TestOldProtocolsAndOddTargets(t *testing.T) {
	w := newWorld(t)
	var came atomic.Int64
	inside := w.inside(func(http.ResponseWriter, *http.Request) { came.Add(1) }, false)
	g := w.start(w.config(inside))
	test := func(line string, want int) {
		t.Helper()
		conn := g.raw("internet", "mail.contoso.example")
		fmt.Fprintf(conn, "%s\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\nConnection: close\r\n\r\n", line, annas)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", line, resp.Status, want)
		}
	}
	test("GET /x/ HTTP/1.1", 200)
	test("GET https://mail.contoso.example/x/ HTTP/1.1", 200)
	test("GET https://cas.contoso.example/x/ HTTP/1.1", 421) // the target's host counts, RFC 9112 3.2.2
	test("GET /x/ HTTP/1.0", 505)
	test("TRACE /x/ HTTP/1.1", 405)
	test("CONNECT cas.contoso.example:443 HTTP/1.1", 421)
	test("OPTIONS * HTTP/1.1", 404)
	test("GET /x/%2e%2e/y HTTP/1.1", 404)
	test("GET /x/a%2fb HTTP/1.1", 404)
	test("GET /y HTTP/1.1", 404)
	test("GET /x/?a=\x80 HTTP/1.1", 400)
	if came.Load() != 2 {
		t.Errorf("%d came inside", came.Load())
	}
}

// TestNothingIsResumedWhereCertificatesCount: a session of one listener is none
// at another, and none at all where client certificates count. (threats E4)
func TestNothingIsResumedWhereCertificatesCount(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(http.ResponseWriter, *http.Request) {}, false)
	c := w.config(inside)
	people := newAuthority(t, "People")
	client := people.issue(t, certificateTemplate("anna"))
	others := newAuthority(t, "Others")
	c.Listeners = append(c.Listeners,
		Listener{Name: "second", Address: "127.0.0.1:0", Auth: []ClientAuth{WithBasic}, Methods: w.basic(), Certificates: c.Listeners[0].Certificates},
		Listener{Name: "certificates", Address: "127.0.0.1:0", Auth: []ClientAuth{WithCertificate}, Certificates: c.Listeners[0].Certificates, Methods: w.certificates(people), Judge: w.judge(people)},
	)
	for _, name := range []string{"second", "certificates"} {
		r := c.Rules[0]
		r.Name, r.Listener, r.Delegation = name, name, Block
		c.Rules = append(c.Rules, r)
	}
	g := w.start(c)
	resumed := func(cache tls.ClientSessionCache, listener string, version uint16) (resumed, ok bool) {
		t.Helper()
		conn, err := tls.Dial("tcp", g.bound.Addr(listener).String(), &tls.Config{
			RootCAs: w.public.pool(), ServerName: "mail.contoso.example", ClientSessionCache: cache, MinVersion: version, MaxVersion: version, Certificates: []tls.Certificate{client},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err) // and tickets have come
		}
		return conn.ConnectionState().DidResume, true
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		test := func(from, to string, want bool) {
			t.Helper()
			cache := tls.NewLRUClientSessionCache(10)
			if did, _ := resumed(cache, from, version); did {
				t.Fatal("resumed what never was")
			}
			if did, _ := resumed(cache, to, version); did != want {
				t.Errorf("%s, %s at %s: resumed %v", tls.VersionName(version), from, to, did)
			}
		}
		test("internet", "internet", true) // or the others would show nothing
		test("internet", "second", false)
		test("internet", "certificates", false)
		test("certificates", "certificates", false)
		test("certificates", "second", false)
	}
	// Whose certificate is of no authority here does not get past the handshake,
	// nor does who has none.
	for what, certificates := range map[string][]tls.Certificate{"none": nil, "others": {others.issue(t, certificateTemplate("anna"))}} {
		conn, err := tls.Dial("tcp", g.bound.Addr("certificates").String(), &tls.Config{RootCAs: w.public.pool(), ServerName: "mail.contoso.example", Certificates: certificates})
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
			conn.Close()
		}
		if err == nil {
			t.Errorf("%s: let in", what)
		}
	}
	old := &tls.Config{InsecureSkipVerify: true, ServerName: "mail.contoso.example", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", g.bound.Addr("internet").String(), old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestHintsNameAuthorities(t *testing.T) {
	w := newWorld(t)
	people := newAuthority(t, "People")
	for _, hints := range []bool{true, false} {
		c := w.config(w.inside(func(http.ResponseWriter, *http.Request) {}, false))
		c.Listeners[0].Auth, c.Listeners[0].Judge, c.Listeners[0].Hints = []ClientAuth{WithCertificate}, w.judge(people), hints
		c.Rules[0].Delegation = Block
		g := w.start(c)
		var named [][]byte
		conn, err := tls.Dial("tcp", g.bound.Addr("internet").String(), &tls.Config{
			RootCAs: w.public.pool(), ServerName: "mail.contoso.example",
			GetClientCertificate: func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) {
				named = i.AcceptableCAs
				return new(tls.Certificate), nil
			},
		})
		if err == nil {
			conn.Close()
		}
		if want := map[bool]int{true: 1}[hints]; len(named) != want || want == 1 && !bytes.Equal(named[0], people.cert.RawSubject) {
			t.Errorf("hints %v: %d are named", hints, len(named))
		}
	}
}

func TestWebSockets(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
			http.Error(w, "no upgrade", 400)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: yes\r\n\r\n")
		rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprintf(rw, "echo %s", line)
			rw.Flush()
		}
	}, true) // HTTP/2 is offered, and not used for this
	g := w.start(w.config(inside))
	conn := g.raw("internet", "mail.contoso.example")
	fmt.Fprintf(conn, "GET /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: abc\r\n\r\nearly\n", annas)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != "yes" {
		t.Fatal(resp, err)
	}
	say := func(s, want string) {
		t.Helper()
		if _, err := io.WriteString(conn, s); err != nil {
			t.Fatal(err)
		}
		if got, err := in.ReadString('\n'); err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	say("", "echo early\n")
	say("hello\n", "echo hello\n")
	say(strings.Repeat("x", 100_000)+"\n", "echo "+strings.Repeat("x", 100_000)+"\n")
	// Who is disabled speaks no more.
	disable(t, w, "anna")
	g.review(t.Context())
	if _, err := in.ReadByte(); err == nil {
		t.Error("the tunnel outlives the account")
	}
}

func TestPollsEndWithTheirRight(t *testing.T) {
	w := newWorld(t)
	came := make(chan bool)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) { came <- true; <-r.Context().Done() }, true)
	c := w.config(inside)
	var age atomic.Int64
	c.Fresh = func() time.Time { return time.Now().Add(-time.Duration(age.Load())) }
	g := w.start(c)
	poll := func() chan int {
		answered := make(chan int, 1)
		go func() {
			r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
			r.SetBasicAuth("boris@contoso.example", password)
			resp, err := g.client("internet").Do(r)
			if err != nil {
				answered <- 0
				return
			}
			resp.Body.Close()
			answered <- resp.StatusCode
		}()
		<-came
		return answered
	}
	p := poll()
	g.review(t.Context())
	disable(t, w, "boris")
	g.review(t.Context())
	if got := <-p; got != 403 {
		t.Errorf("a poll of somebody who is disabled: %d", got)
	}
	// What is known of accounts is too old to let anybody in.
	if status, _ := get(t, g.client("internet"), "/y", "anna"); status != 404 {
		t.Error(status)
	}
	age.Store(int64(6 * time.Minute))
	r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
	r.SetBasicAuth("anna@contoso.example", password)
	resp, err := g.client("internet").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}

// TestFloodsOfStrangers has one source hold all the connections it may, while
// people sign in from elsewhere and go on where they are.
func TestFloodsOfStrangers(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(http.ResponseWriter, *http.Request) {}, false)
	c := w.config(inside)
	c.Limits.Strangers = 20
	g := w.start(c)
	known := g.client("internet")
	if status, _ := get(t, known, "/x/", "anna"); status != 200 {
		t.Fatal(status)
	}
	var flood []net.Conn
	for range 60 {
		conn, err := net.Dial("tcp", g.bound.Addr("internet").String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		flood = append(flood, conn)
	}
	// The last of them are hung up on.
	_ = flood[59].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := flood[59].Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the sixtieth stranger: %v", err)
	}
	for range 10 {
		if status, _ := get(t, known, "/x/", "anna"); status != 200 {
			t.Fatal(status)
		}
	}
	elsewhere := g.client("internet")
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	elsewhere.Transport = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return from.DialContext(ctx, network, g.bound.Addr("internet").String())
		},
		TLSClientConfig: &tls.Config{RootCAs: w.public.pool()},
	}
	if status, _ := get(t, elsewhere, "/x/", "anna"); status != 200 {
		t.Fatal(status)
	}
}

func isTimeout(err error) bool {
	t, ok := err.(net.Error)
	return ok && t.Timeout()
}

func TestOneUserIsNotAll(t *testing.T) {
	w := newWorld(t)
	came, on := make(chan bool), make(chan bool)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/x/wait" {
			came <- true
			<-on
		}
	}, true)
	c := w.config(inside)
	c.Limits.PerUser = 3
	g := w.start(c)
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			if status, _ := get(t, g.client("internet"), "/x/wait", "anna"); status != 200 {
				t.Errorf("waited for %d", status)
			}
		})
		<-came
	}
	if status, _ := get(t, g.client("internet"), "/x/", "anna"); status != 503 {
		t.Errorf("the fourth at once: %d", status)
	}
	if status, _ := get(t, g.client("internet"), "/x/", "boris"); status != 200 {
		t.Errorf("somebody else: %d", status)
	}
	close(on)
	waiting.Wait()
	if status, _ := get(t, g.client("internet"), "/x/", "anna"); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	if len(g.present.all) != 0 || len(g.present.user) != 0 {
		t.Errorf("%d requests and %d users are left", len(g.present.all), len(g.present.user))
	}
}

func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t)
	var came atomic.Int64
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			came.Add(1)
		}
	}, false)
	c := w.config(inside)
	c.Limits.Body = 100_000
	g := w.start(c)
	test := func(size int, announced bool, want int) {
		t.Helper()
		var body io.Reader = bytes.NewReader(make([]byte, size))
		if !announced {
			body = io.MultiReader(body)
		}
		r, _ := http.NewRequest("POST", "https://mail.contoso.example/x/", body)
		r.SetBasicAuth("anna@contoso.example", password)
		r.Header.Set("Expect", "100-continue")
		resp, err := g.client("internet").Do(r)
		if err != nil {
			t.Errorf("%d, announced %v: %v", size, announced, err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d, announced %v: %s, want %d", size, announced, resp.Status, want)
		}
	}
	test(100_000, true, 200)
	test(100_000, false, 200)
	test(100_001, true, 413)
	test(100_001, false, 413)
	if came.Load() != 2 {
		t.Errorf("%d came whole", came.Load())
	}
}

// TestRecords: one record of who comes, one a minute of how often, and one of
// strangers by source.
func TestRecords(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(http.ResponseWriter, *http.Request) {}, false)
	g := w.start(w.config(inside))
	c := g.client("internet")
	for range 5 {
		get(t, c, "/x/", "anna")
	}
	for range 3 {
		get(t, c, "/x/", "nobody")
	}
	get(t, c, "/x/", "boris")
	g.flush()
	if err := w.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range w.records() {
		got = append(got, fmt.Sprintf("%s %s %s %s %v %d", r.Action, r.Kind, r.As, r.Method, r.Targets, r.Count))
	}
	slices.Sort(got)
	want := []string{
		"authn Stranger   [internet] 3",
		"publish.enter Owner anna@contoso.example basic [internet x] 0",
		"publish.enter Owner boris@contoso.example basic [internet x] 0",
		"publish.requests Owner anna@contoso.example basic [internet x] 5",
		"publish.requests Owner boris@contoso.example basic [internet x] 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// TestSilenceOfTheInside: half an hour is waited for an answer, and between its
// parts, and no longer.
func TestSilenceOfTheInside(t *testing.T) {
	public := newAuthority(t, "Public")
	test := func(path string, want string) {
		t.Helper()
		for _, http2 := range [...]bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				if got := silent(t, public, path, http2); got != want {
					t.Errorf("%s, HTTP/2 %t: %s, want %s", path, http2, got, want)
				}
			})
		}
	}
	test("/x/29m", "200 news")
	test("/x/31m", "504 Gateway Timeout\n")
	test("/x/drip", "200 ......")
	test("/x/stall", "cut")
	test("/x/late%20end", "200 news")
}

// TestClientsThatTakeNothing: who asks for much and reads none of it is hung up
// on, and what is inside is told.
func TestClientsThatTakeNothing(t *testing.T) {
	w := newWorld(t)
	left := make(chan bool)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1<<20)
		for range 1000 {
			if _, err := w.Write(b); err != nil {
				break
			}
		}
		left <- true
	}, false)
	c := w.config(inside)
	c.Limits.Write = 50 * time.Millisecond
	g := w.start(c)
	conn := g.raw("internet", "mail.contoso.example")
	fmt.Fprintf(conn, "GET /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\nAuthorization: Basic %s\r\n\r\n", annas)
	<-left
}

// TestPassThroughMakesRoom: whom the server inside lets in is no stranger to a
// listener that asks for nothing.
func TestPassThroughMakesRoom(t *testing.T) {
	w := newWorld(t)
	inside := w.inside(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && r.URL.Path != "/x/logon" {
			w.WriteHeader(401)
		}
	}, false)
	c := w.config(inside)
	c.Limits.Strangers = 2
	c.Listeners[0].Auth, c.Listeners[0].Methods = []ClientAuth{NoAuth}, nil
	c.Rules[0].Delegation = PassThrough
	g := w.start(c)
	var held []*http.Client
	for range 5 {
		one := g.client("internet")
		if status, _ := get(t, one, "/x/", "anna"); status != 200 {
			t.Fatal(status)
		}
		held = append(held, one)
	}
	for path, want := range map[string]int{"/x/": 401, "/x/logon": 200} { // what everybody gets makes nobody known
		one := g.client("internet")
		if status, _ := get(t, one, path, ""); status != want {
			t.Fatal(status)
		}
		held = append(held, one)
	}
	if _, err := g.client("internet").Get("https://mail.contoso.example/x/"); err == nil {
		t.Error("a third connection of nobody's")
	}
	for _, one := range held[:5] {
		if status, _ := get(t, one, "/x/", "anna"); status != 200 {
			t.Error(status)
		}
	}
}

// TestCertificatesAreRenewed shows new ones without a restart, and goes on with
// the old ones if the new ones do not fit.
func TestCertificatesAreRenewed(t *testing.T) {
	w := newWorld(t)
	g := w.start(w.config(w.inside(func(http.ResponseWriter, *http.Request) {}, false)))
	serial := func() string {
		t.Helper()
		return g.raw("internet", "mail.contoso.example").ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	if err := g.Renew("internet", []tls.Certificate{w.public.server(t, "other.contoso.example")}); err == nil {
		t.Error("a certificate for another name")
	}
	if serial() != first {
		t.Error("the old certificate is gone")
	}
	next := w.public.server(t, "mail.contoso.example")
	if err := g.Renew("internet", []tls.Certificate{next}); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != next.Leaf.SerialNumber.String() {
		t.Errorf("%s is shown, want %v", got, next.Leaf.SerialNumber)
	}
}
