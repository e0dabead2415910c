package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entente/sharing"
)

func TestStrangersAreLimited(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &strangers{now: map[string]int{}}
	l := s.limit(raw)
	defer l.Close()
	accepted := make(chan net.Conn, 2*maxStrangers)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", raw.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var first net.Conn
	for i := range maxStrangers {
		dial()
		if c := <-accepted; i == 0 {
			first = c
		}
	}
	// One more is hung up on.
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Fatal("a connection beyond the limit was kept")
	}
	// Whoever signs in makes room.
	signedIn((&http.Request{}).WithContext(connContext(context.Background(), first)))
	dial()
	<-accepted
	// Closing what was known gives no second place.
	first.Close()
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Fatal("a place was given back twice")
	}
}

// A body that trickles is given up on; one that keeps the pace is not.
func TestPacedBody(t *testing.T) {
	test := func(every time.Duration, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			in, out := net.Pipe()
			var writer sync.WaitGroup
			defer writer.Wait()
			defer in.Close()
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				paced(w, r)
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					w.WriteHeader(http.StatusRequestTimeout)
				}
			})}
			go srv.Serve(&oneListener{conn: out, done: make(chan struct{})})
			defer srv.Close()
			writer.Go(func() {
				io.WriteString(in, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40960\r\nConnection: close\r\n\r\n")
				for range 40 {
					if _, err := io.WriteString(in, strings.Repeat("x", 1024)); err != nil {
						return
					}
					time.Sleep(every)
				}
			})
			resp, err := http.ReadResponse(bufio.NewReader(in), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.Status != want {
				t.Errorf("1 KiB every %v: %s, want %s", every, resp.Status, want)
			}
		})
	}
	test(500*time.Millisecond, "200 OK")
	test(2*time.Second, "408 Request Timeout")
}

type oneListener struct {
	conn net.Conn
	done chan struct{}
	once sync.Once
}

func (l *oneListener) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestLookupRefusesOddPaths(t *testing.T) {
	table := map[string]http.Handler{"/ews/exchange.asmx": http.NotFoundHandler(), sharing.Prefix: http.NotFoundHandler()}
	test := func(target string, want bool) {
		t.Helper()
		r := httptest.NewRequest("POST", "/", nil)
		u, err := url.Parse(target)
		if err != nil {
			return
		}
		r.URL = u
		if _, ok := lookup(table, r); ok != want {
			t.Errorf("%s: %v, want %v", target, ok, want)
		}
	}
	test("/EWS/Exchange.asmx", true)
	test("/ews/exchange.asmx", true)
	test("/ews/exchange.asmx/", false)
	test("/ews//exchange.asmx", false)
	test("/x/../ews/exchange.asmx", false)
	test("/ews/exchange.asmx;x", false)
	test("/ews%2fexchange.asmx", false)
	test("/ews/./exchange.asmx", false)
	test("/ews/exchange.asmx%00", false)
	// Addresses of published calendars are looked at by who serves them, if they
	// are spelled plainly but for the @.
	test("/owa/calendar/a@contoso.example/k/calendar.html", true)
	test("/OWA/calendar/a%40contoso.example/k/calendar.html", true)
	test("/owa/calendar/a%40contoso.example/%40/calendar.html", false)
	test("/owa/calendar/a%2fb/k/calendar.html", false)
	test("/owa/calendar/../../ews/exchange.asmx", false)
	test("/owa/calendar//k/calendar.html", false)
	test("/owa/calendar/a;b/k/calendar.html", false)
	test("/owa/calendar", false)
}
