package hop

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRelayOfNews: what another node streams may be long in coming, over either
// HTTP.
func TestRelayOfNews(t *testing.T) {
	for _, http2 := range [...]bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			p := new(http.Protocols)
			p.SetHTTP1(!http2)
			p.SetUnencryptedHTTP2(http2)
			hs := &http.Server{Protocols: p, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				in, out := io.Pipe()
				go func() {
					for range 3 {
						_, _ = io.WriteString(out, "news ")
						time.Sleep(5 * time.Minute)
					}
					_ = out.Close()
				}()
				Relay(w, &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: in, ContentLength: -1})
			})}
			served := make(chan error, 1)
			go func() { served <- hs.Serve(&oneListener{conn: far, done: make(chan struct{})}) }()
			c := &http.Transport{Protocols: p, DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
			resp, err := (&http.Client{Transport: c}).Get("http://node.contoso.example/")
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if string(got) != "news news news " || err != nil {
				t.Errorf("HTTP/2 %t: %q %v", http2, got, err)
			}
			_ = resp.Body.Close()
			c.CloseIdleConnections()
			_ = hs.Close()
			<-served
		})
	}
}

// A oneListener has one connection.
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
