package connections

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStrangersAreLimited(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := new(Strangers)
	l := s.Listen(raw)
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
	SignedIn((&http.Request{}).WithContext(Context(context.Background(), first)))
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
				Paced(w, r)
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
