package easserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/clientaccess"
	"entente/connections"
	"entente/directory"
	"entente/mailbox"
)

// A station is a house behind a TLS listener with a lot, as it is in a server.
type station struct {
	*house
	lot    *connections.Lot
	url    string
	client *http.Client
}

func (h *house) listen() *station {
	h.Helper()
	return h.listenAt("")
}

// listenAt listens at an address, at any if it is empty.
func (h *house) listenAt(address string) *station {
	h.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	conf := &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	cert.Close()
	raw, err := net.Listen("tcp", address)
	h.must(err)
	lot := connections.NewLot(time.Minute)
	srv := &http.Server{Handler: h.guarded, ConnContext: lot.Context}
	go srv.Serve(lot.Listen(tls.NewListener(raw, conf)))
	st := &station{
		house: h, lot: lot, url: "https://" + raw.Addr().String(),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}},
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.Context()))
	var door sync.WaitGroup
	door.Go(func() { h.door.Run(ctx) })
	h.Cleanup(func() {
		cancel()
		door.Wait()
		lot.Abandon()
		srv.Close()
		st.client.CloseIdleConnections()
	})
	return st
}

// post sends a phone's request over TLS.
func (st *station) post(ctx context.Context, p *phone, cmd activesync.Command, body []byte) *http.Response {
	st.Helper()
	a, err := st.try(ctx, p, cmd, body)
	st.must(err)
	return a
}

func (st *station) try(ctx context.Context, p *phone, cmd activesync.Command, body []byte) (*http.Response, error) {
	st.Helper()
	in := p.request(cmd, contentType, body)
	r, err := http.NewRequestWithContext(ctx, in.Method, st.url+in.URL.RequestURI(), in.Body)
	st.must(err)
	r.Header, r.ContentLength = in.Header, in.ContentLength
	return st.client.Do(r)
}

// park sends a Ping by a connection of its own, which takes no goroutine here.
func (st *station) park(p *phone) {
	st.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(st.url, "https://"), &tls.Config{InsecureSkipVerify: true})
	st.must(err)
	st.Cleanup(func() { c.Close() })
	st.must(p.request(activesync.Ping, "", nil).Write(c))
}

// goroutines are those of the process.
func goroutines() int { return runtime.NumGoroutine() }

func unlimitedStreams(p *clientaccess.ThrottlingPolicy) error {
	p.EwsMaxStreamingConnections = clientaccess.Unlimited
	return nil
}

// A bell is a command that waits until the test rings or something happens, and
// then answers with what it knows.
type bell struct {
	waits  chan struct{} // told of each that begins to wait
	looked atomic.Int64
	rings  atomic.Bool
	lost   chan bool
	until  time.Duration
}

// bell makes Ping such a command.
func (h *house) bell() *bell {
	b := &bell{waits: make(chan struct{}, 1000), lost: make(chan bool, 100), until: time.Hour}
	h.handler.commands[activesync.Ping] = command{waits: true, serve: func(c *call) error {
		c.answer.held = &held{
			until: c.s.Now().Add(b.until),
			look: func(c *call, timeUp bool) (bool, error) {
				b.looked.Add(1)
				if !timeUp && !b.rings.Load() {
					return false, nil
				}
				c.out.Start(wbxml.PingPing)
				c.out.Int(wbxml.PingStatus, 1)
				c.out.End()
				return true, nil
			},
			gone: func(_ time.Duration, lost bool) { b.lost <- lost },
		}
		b.waits <- struct{}{}
		return nil
	}}
	return b
}

// settled waits until as many requests wait as are said, whatever it takes.
func (h *house) settled(n int) {
	h.Helper()
	h.until(func() bool {
		h.handler.waiting.mu.Lock()
		defer h.handler.waiting.mu.Unlock()
		return len(h.handler.waiting.all) == n
	})
}

// until waits for what other goroutines do.
func (h *house) until(done func() bool) {
	h.Helper()
	for !done() {
		select {
		case <-h.Context().Done():
			h.Fatal("it did not happen")
		case <-time.After(time.Millisecond):
		}
	}
}

func plainNote() *mailbox.Item {
	return &mailbox.Item{Class: "IPM.Note"}
}

// TestHeld: a request waits for a change, whether its connection can be parked or
// not, and its connection goes on afterwards.
func TestHeld(t *testing.T) {
	h := open(t)
	b, st := h.bell(), h.listen()
	p := h.phone("anna", activesync.V161)
	ring := func() {
		b.rings.Store(true)
		h.make("anna", mailbox.Inbox, plainNote())
	}
	t.Run("parked", func(t *testing.T) {
		for range 3 {
			b.rings.Store(false)
			answered := make(chan *http.Response)
			go func() { answered <- st.post(t.Context(), p, activesync.Ping, nil) }()
			<-b.waits
			h.settled(1)
			if n := st.lot.Waiting(); n != 1 {
				t.Errorf("%d are parked", n)
			}
			h.make("ben", mailbox.Inbox, plainNote()) // somebody else's
			ring()
			a := <-answered
			body, _ := io.ReadAll(a.Body)
			a.Body.Close()
			if a.StatusCode != http.StatusOK || a.Header.Get("MS-Server-ActiveSync") == "" || a.Header.Get("Request-Id") == "" || len(a.Header["Content-Length"]) != 1 {
				t.Errorf("%v", a)
			}
			if root, err := wbxml.Parse(body, wbxml.DefaultLimits()); err != nil || root.Tag != wbxml.PingPing {
				t.Errorf("%x: %v", body, err)
			}
			h.settled(0)
		}
	})
	t.Run("in its handler", func(t *testing.T) {
		b.rings.Store(false)
		answered := make(chan *reply)
		go func() { answered <- p.send(activesync.Ping, nil) }()
		<-b.waits
		h.settled(1)
		ring()
		(<-answered).is(1)
		h.settled(0)
	})
	if left := h.streams("anna"); left != "10/10" {
		t.Errorf("streams: %s", left)
	}
}

// streams is what is left of somebody's streaming connections, and all there are.
func (h *house) streams(who string) string {
	h.Helper()
	_, left, _ := strings.Cut(h.raw(who, http.MethodOptions, "", nil).Header().Get(clientaccess.BudgetHeader), "streams=")
	return left
}

// TestHeldEnds: every way in which waiting ends.
func TestHeldEnds(t *testing.T) {
	test := func(name string, f func(t *testing.T, h *house, st *station, b *bell, answer <-chan *http.Response, hangUp func())) {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b, st := h.bell(), h.listen()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			answer := make(chan *http.Response, 1)
			go func() {
				a, err := st.try(ctx, h.phone("anna", activesync.V161), activesync.Ping, nil)
				if err == nil {
					a.Body.Close()
				}
				answer <- a
			}()
			<-b.waits
			h.settled(1)
			f(t, h, st, b, answer, cancel)
			h.settled(0)
			h.until(func() bool { return st.lot.Waiting() == 0 })
		})
	}
	status := func(t *testing.T, answer <-chan *http.Response, want int) *http.Response {
		t.Helper()
		a := <-answer
		if a == nil || a.StatusCode != want {
			t.Fatalf("%v, want HTTP %d", a, want)
		}
		return a
	}
	test("the phone goes", func(t *testing.T, _ *house, _ *station, b *bell, answer <-chan *http.Response, hangUp func()) {
		hangUp()
		<-answer
		if <-b.lost {
			t.Error("it is said to be lost")
		}
	})
	test("the server stops", func(t *testing.T, h *house, st *station, _ *bell, answer <-chan *http.Response, _ func()) {
		h.door.End()
		st.lot.Close(t.Context())
		status(t, answer, http.StatusOK) // with or without a word about the connection, which ends
	})
	test("the password is another", func(t *testing.T, h *house, _ *station, _ *bell, answer <-chan *http.Response, _ func()) {
		h.change(func(c *directory.Change) error {
			hash, err := h.door.Directory.HashPassword(t.Context(), entente.NewSecret("another long password"))
			return errors.Join(err, c.SetPassword(h.sids["anna"], hash))
		})
		if a := status(t, answer, http.StatusUnauthorized); a.Header.Get("WWW-Authenticate") == "" {
			t.Error("nothing says how to sign in")
		}
	})
	test("the account is disabled", func(t *testing.T, h *house, _ *station, _ *bell, answer <-chan *http.Response, _ func()) {
		h.change(func(c *directory.Change) error {
			return c.SetAccount(h.sids["anna"], func(a *directory.Account) error { a.Enabled = false; return nil })
		})
		status(t, answer, http.StatusUnauthorized)
	})
	test("the settings change, and not for it", func(t *testing.T, h *house, _ *station, b *bell, answer <-chan *http.Response, hangUp func()) {
		had := b.looked.Load()
		h.change(func(c *directory.Change) error { return c.AddDomain("more.example") })
		h.until(func() bool { return b.looked.Load() > had })
		hangUp()
		<-answer
	})
	test("the same phone asks again", func(t *testing.T, h *house, st *station, b *bell, answer <-chan *http.Response, hangUp func()) {
		ctx, cancel := context.WithCancel(t.Context())
		second := make(chan struct{})
		go func() {
			_, _ = st.try(ctx, h.phone("anna", activesync.V161), activesync.Ping, nil)
			close(second)
		}()
		<-b.waits
		status(t, answer, http.StatusOK)
		h.settled(1)
		cancel()
		<-second
	})
}

// TestHeldTime: when its time is up, a request that waits is answered.
func TestHeldTime(t *testing.T) {
	h := open(t)
	b, st := h.bell(), h.listen()
	b.until = time.Millisecond
	if a := st.post(t.Context(), h.phone("anna", activesync.V161), activesync.Ping, nil); a.StatusCode != http.StatusOK {
		t.Errorf("%v", a)
	}
	h.settled(0)
}

// TestHeldLimit: a caller has as many that wait as the budget has streams, and no
// more; who is refused is told when to come again.
func TestHeldLimit(t *testing.T) {
	h := open(t)
	b, st := h.bell(), h.listen()
	ctx, cancel := context.WithCancel(t.Context())
	most := int(clientaccess.DefaultThrottling().EwsMaxStreamingConnections)
	for i := range most {
		p := h.phone("anna", activesync.V161)
		p.id += string(rune('A' + i))
		go func() { _, _ = st.try(ctx, p, activesync.Ping, nil) }()
		<-b.waits
	}
	h.settled(most)
	p := h.phone("anna", activesync.V161)
	a := st.post(t.Context(), p, activesync.Ping, nil)
	a.Body.Close()
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Header.Get("X-Ms-Asthrottle") == "" {
		t.Errorf("%v", a)
	}
	cancel()
	h.settled(0)
}

// TestHeldLate: what happens while a request is still at work, and was told to all
// who waited by then, is not missed by it.
func TestHeldLate(t *testing.T) {
	test := func(name string, meanwhile func(h *house), done func(h *house, b *bell, answer <-chan *http.Response)) {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b, st := h.bell(), h.listen()
			// All who waited have been told: nobody listens for more.
			h.handler.waiting.stop = make(chan struct{})
			bell := h.handler.commands[activesync.Ping].serve
			h.handler.commands[activesync.Ping] = command{waits: true, serve: func(c *call) error {
				meanwhile(h)
				return bell(c)
			}}
			ctx, cancel := context.WithCancel(t.Context())
			answer := make(chan *http.Response, 1)
			go func() {
				a, err := st.try(ctx, h.phone("anna", activesync.V161), activesync.Ping, nil)
				if err == nil {
					a.Body.Close()
				}
				answer <- a
			}()
			<-b.waits
			done(h, b, answer)
			cancel()
			h.settled(0)
		})
	}
	test("the server is to stop", func(h *house) { h.door.End() }, func(h *house, _ *bell, answer <-chan *http.Response) {
		if a := <-answer; a == nil || a.StatusCode != http.StatusOK {
			h.Errorf("%v", a)
		}
	})
	test("the settings are others", func(h *house) {
		h.change(func(c *directory.Change) error { return c.AddDomain("more.example") })
	}, func(h *house, b *bell, _ <-chan *http.Response) {
		h.until(func() bool { return b.looked.Load() > 0 })
	})
}
