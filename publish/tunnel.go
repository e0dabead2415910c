package publish

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// upgradeOf returns the protocol a request wants to change to, if that is one
// that is passed on. WebSocket alone is: HTTP/2 without TLS (h2c) would be a way
// around everything that is checked here of a request. RFC 9110 7.8.
func upgradeOf(r *http.Request) string {
	if r.ProtoMajor != 1 || r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return ""
	}
	for _, n := range connectionNamed(r.Header) {
		if n == "Upgrade" {
			return "websocket"
		}
	}
	return ""
}

// tunnel carries a connection whose protocol has changed, both ways, until one
// side ends it, both are silent for as long as a poll may last, or the user would
// not be let in any more.
func (g *Gateway) tunnel(ctx context.Context, p *Passage, resp *http.Response) error {
	inside, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || !strings.EqualFold(resp.Header.Get("Upgrade"), upgradeOf(p.In)) || upgradeOf(p.In) == "" {
		return errors.New("the server inside changes the protocol unasked")
	}
	h := http.Header{}
	p.outward(h, resp.Header)
	h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{upgradeOf(p.In)}
	client, buffered, err := http.NewResponseController(p.w).Hijack()
	if err != nil {
		return err
	}
	defer client.Close()
	p.status, p.sent = resp.StatusCode, true
	_ = client.SetDeadline(time.Time{}) // those of the request
	head := &http.Response{StatusCode: resp.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: h}
	if err := errors.Join(head.Write(buffered), buffered.Flush()); err != nil {
		return nil
	}
	done := context.AfterFunc(ctx, func() { _ = client.Close(); _ = inside.Close() })
	defer done()
	t := &tunnelled{client, time.AfterFunc(p.rule.Poll, func() { _ = client.Close(); _ = inside.Close() }), p.rule.Poll}
	defer t.silence.Stop()
	back := make(chan struct{})
	go func() {
		defer close(back)
		defer client.Close()
		t.carry(deadlined{client, g.Limits.Write}, inside)
	}()
	// What the client said before it was answered is in the buffer.
	t.carry(inside, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), client))
	_ = inside.Close()
	<-back
	return nil
}

type tunnelled struct {
	client  net.Conn
	silence *time.Timer
	poll    time.Duration
}

func (t *tunnelled) carry(to io.Writer, from io.Reader) {
	b := make([]byte, smallCopy)
	for {
		n, err := from.Read(b)
		if n > 0 {
			t.silence.Reset(t.poll)
			if _, werr := to.Write(b[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// deadlined gives each write its time.
type deadlined struct {
	net.Conn
	patience time.Duration
}

func (d deadlined) Write(p []byte) (int, error) {
	_ = d.SetWriteDeadline(time.Now().Add(d.patience))
	return d.Conn.Write(p)
}
