package connections

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A garage is a TLS server whose requests for /wait are parked, and answered when
// the test says so.
type garage struct {
	*testing.T
	lot      *Lot
	strange  *Strangers
	address  string
	server   *http.Server
	parked   chan *Parked
	refused  chan struct{} // could not be parked
	gone     chan bool
	accepted int
	mu       sync.Mutex
}

func newGarage(t *testing.T, idle time.Duration) *garage {
	g := &garage{
		T: t, lot: NewLot(idle), strange: &Strangers{Limit: 50}, parked: make(chan *Parked, 100),
		refused: make(chan struct{}, 100), gone: make(chan bool, 100),
	}
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = raw.Addr().String()
	// The certificate of httptest, whose names do not matter here.
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	conf := &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	cert.Close()
	g.server = &http.Server{
		Handler: http.HandlerFunc(g.serve), ConnContext: g.lot.Context,
		ConnState: func(_ net.Conn, s http.ConnState) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if s == http.StateNew {
				g.accepted++
			}
		},
	}
	go g.server.Serve(g.lot.Listen(tls.NewListener(g.strange.Listen(raw), conf)))
	t.Cleanup(func() {
		g.lot.Abandon()
		g.server.Close()
	})
	return g
}

func (g *garage) serve(w http.ResponseWriter, r *http.Request) {
	SignedIn(r)
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Door", "passed")
	if r.URL.Path != "/wait" {
		fmt.Fprintf(w, "%s at once, TLS %t", body, r.TLS != nil)
		return
	}
	p, ok := Park(w, r, func(lost bool) { g.gone <- lost })
	if !ok {
		g.refused <- struct{}{}
		http.Error(w, "not parked", http.StatusServiceUnavailable)
		return
	}
	g.parked <- p
}

// A caller has one connection.
type caller struct {
	*testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (g *garage) call() *caller {
	g.Helper()
	c, err := tls.Dial("tcp", g.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { c.Close() })
	return &caller{g.T, c, bufio.NewReader(c)}
}

func (c *caller) send(path, body string) {
	c.Helper()
	if _, err := fmt.Fprintf(c.conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body); err != nil {
		c.Fatal(err)
	}
}

// read reads one answer.
func (c *caller) read() (*http.Response, string) {
	c.Helper()
	a, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.Fatal(err)
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		c.Fatal(err)
	}
	return a, string(b)
}

// TestParked: a request is answered after its handler has returned, and the
// connection serves on: parked again, and answered at once, by net/http.
func TestParked(t *testing.T) {
	g := newGarage(t, time.Minute)
	c := g.call()
	for range 3 {
		c.send("/wait", "x")
		p := <-g.parked
		if n := g.lot.Waiting(); n != 1 {
			t.Errorf("%d wait", n)
		}
		if err := p.Answer(http.StatusOK, http.Header{"X-More": {"more"}}, []byte("later")); err != nil {
			t.Fatal(err)
		}
		a, body := c.read()
		if a.StatusCode != http.StatusOK || body != "later" || a.Header.Get("X-Door") != "passed" || a.Header.Get("X-More") != "more" || a.Header.Get("Date") == "" || a.Close {
			t.Errorf("%v %q", a, body)
		}
		if p.Answer(http.StatusOK, nil, nil) == nil {
			t.Error("answered twice")
		}
		c.send("/", "this")
		if _, body := c.read(); body != "this at once, TLS true" {
			t.Errorf("%q", body)
		}
	}
	if n := g.lot.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// TestParkedGone: who hangs up while he waits is noticed, however he does it.
func TestParkedGone(t *testing.T) {
	g := newGarage(t, time.Minute)
	for name, hangUp := range map[string]func(*caller){
		"with a good-bye":    func(c *caller) { c.conn.Close() },
		"without a good-bye": func(c *caller) { c.conn.(*tls.Conn).NetConn().Close() },
		"by a reset": func(c *caller) {
			raw := c.conn.(*tls.Conn).NetConn().(*net.TCPConn)
			raw.SetLinger(0)
			raw.Close()
		},
		"with nonsense": func(c *caller) { c.conn.(*tls.Conn).NetConn().Write([]byte(strings.Repeat("x", 100))) },
	} {
		c := g.call()
		c.send("/wait", "x")
		p := <-g.parked
		hangUp(c)
		if lost := <-g.gone; lost != (name == "by a reset" || name == "with nonsense") {
			t.Errorf("%s: lost %t", name, lost)
		}
		if p.Answer(http.StatusOK, nil, nil) == nil {
			t.Errorf("%s: answered", name)
		}
	}
	if n := g.lot.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// TestParkedMore: who asks on before he has his answer gets that one, and is told
// that there will be no other.
func TestParkedMore(t *testing.T) {
	g := newGarage(t, time.Minute)
	test := func(what string, send func(*caller)) {
		t.Helper()
		c := g.call()
		send(c)
		p := <-g.parked
		// It may come before or after the answer is under way: the answer is there in
		// any case, and says whether there will be another.
		if err := p.Answer(http.StatusOK, nil, []byte("later")); err != nil {
			t.Fatal(what, err)
		}
		a, body := c.read()
		if body != "later" {
			t.Errorf("%s: %q", what, body)
		}
		if !a.Close {
			if _, body := c.read(); body != "more at once, TLS true" {
				t.Errorf("%s: %q", what, body)
			}
		}
	}
	const more = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nmore"
	const first = "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
	test("in one record", func(c *caller) { io.WriteString(c.conn, first+more) })
	test("in two records", func(c *caller) { io.WriteString(c.conn, first); io.WriteString(c.conn, more) })
}

// TestParkedIdle: an answered connection without a next request is closed after a
// while.
func TestParkedIdle(t *testing.T) {
	g := newGarage(t, 10*time.Millisecond)
	c := g.call()
	c.send("/wait", "x")
	if err := (<-g.parked).Answer(http.StatusOK, nil, nil); err != nil {
		t.Fatal(err)
	}
	c.read()
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("something came")
	}
	g.lot.mu.Lock()
	defer g.lot.mu.Unlock()
	if len(g.lot.parked) != 0 {
		t.Errorf("%d parked", len(g.lot.parked))
	}
}

// TestLotClose: while the lot closes nothing new is parked, those who wait are
// answered and hung up on, and who is not answered in time is hung up on too.
func TestLotClose(t *testing.T) {
	g := newGarage(t, time.Minute)
	waits, stays, rests := g.call(), g.call(), g.call()
	rests.send("/wait", "x")
	if err := (<-g.parked).Answer(http.StatusOK, nil, nil); err != nil {
		t.Fatal(err)
	}
	rests.read()
	waits.send("/wait", "x")
	p := <-g.parked
	stays.send("/wait", "x")
	<-g.parked
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	go func() { g.lot.Close(ctx); close(closed) }()
	if _, err := rests.in.ReadByte(); err == nil {
		t.Error("something came")
	}
	late := g.call()
	late.send("/wait", "x")
	<-g.refused
	if err := p.Answer(http.StatusOK, nil, []byte("bye")); err != nil {
		t.Fatal(err)
	}
	if a, body := waits.read(); !a.Close || body != "bye" {
		t.Errorf("%v %q", a, body)
	}
	select {
	case <-closed:
		t.Error("one that waits was not waited for")
	default:
	}
	cancel()
	<-closed
	if _, err := stays.in.ReadByte(); err == nil {
		t.Error("something came")
	}
	g.lot.Close(t.Context()) // again
}

// TestParkedStrangers: a connection that comes back from the lot is known still,
// and one that is closed there is not counted.
func TestParkedStrangers(t *testing.T) {
	g := newGarage(t, time.Minute)
	for i := range 60 { // more than the limit
		c := g.call()
		c.send("/wait", "x")
		p := <-g.parked
		if i%2 == 0 {
			c.conn.Close()
			<-g.gone
			continue
		}
		if err := p.Answer(http.StatusOK, nil, nil); err != nil {
			t.Fatal(err)
		}
		c.read()
		c.send("/", "x")
		c.read()
	}
	g.strange.mu.Lock()
	defer g.strange.mu.Unlock()
	if len(g.strange.now) != 0 {
		t.Errorf("counted: %v", g.strange.now)
	}
}

// TestParkedMany parks, answers, hangs up and asks on at the same time.
func TestParkedMany(t *testing.T) {
	g := newGarage(t, time.Minute)
	var all sync.WaitGroup
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case p := <-g.parked:
				go p.Answer(http.StatusOK, nil, []byte("later"))
			case <-stop:
				return
			}
		}
	}()
	for i := range 10 {
		all.Go(func() {
			for j := range 8 {
				c := g.call()
				c.send("/wait", "x")
				if (i+j)%3 == 0 {
					c.conn.Close()
					continue
				}
				if _, body := c.read(); body != "later" {
					t.Errorf("%q", body)
				}
				c.send("/", "this")
				if _, body := c.read(); body != "this at once, TLS true" {
					t.Errorf("%q", body)
				}
				c.conn.Close()
			}
		})
	}
	all.Wait()
	close(stop)
}

// TestNotParked: where there is no lot, or the connection is not a request's alone,
// the handler waits itself.
func TestNotParked(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/wait", nil)
	if _, ok := Park(httptest.NewRecorder(), r, nil); ok {
		t.Error("parked without a lot")
	}
	l := NewLot(time.Minute)
	r = r.WithContext(l.Context(t.Context(), nil))
	if _, ok := Park(httptest.NewRecorder(), r, nil); ok || l.Waiting() != 0 {
		t.Error("parked what cannot be hijacked")
	}
	r.ProtoMajor = 2
	if _, ok := Park(httptest.NewRecorder(), r, nil); ok {
		t.Error("parked a stream")
	}
	l.Close(t.Context())
}
