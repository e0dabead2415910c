package ewsserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"entente/access"
	"entente/ews"
	"entente/federation/fedtest"
	"entente/federation/token"
	"entente/soap"
)

// The same question about the same calendar of a week, by one of our own and by
// somebody of another organization whose token was opened before: what its own
// server does to sign a request is not counted. Each run has a reception of its
// own: what was signed is remembered, and that there is room for is bounded.
func BenchmarkFederatedAvailability(b *testing.B) {
	h, people := benchHouse(b, 1)
	x := abroadOf(h)
	body := freeBusyOf("DetailedMerged", "2026-03-02T00:00:00", "2026-03-09T00:00:00", people...)
	h.share(people[0], access.Entry{Who: access.Default, Rights: access.LevelFreeBusyDetails})
	b.Run("local", func(b *testing.B) {
		request := func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, host+"/EWS/Exchange.asmx", strings.NewReader(envelopeOf("", body)))
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
			h.authorize(r, "anna")
			return r
		}
		x.bench(b, request)
	})
	b.Run("JWT", func(b *testing.B) {
		jwt := x.fabrikam.JWT(x.fabrikam.Claims("fay", token.FreeBusy))
		x.bench(b, func() *http.Request { return signed(x.fabrikam, jwt, envelopeOf("", body)) })
	})
	b.Run("SAML", func(b *testing.B) {
		claims := x.fabrikam.Claims("fay", token.FreeBusy)
		claims.Proof = x.fabrikam.Secret()
		data := x.fabrikam.SAML(claims)
		x.bench(b, func() *http.Request {
			r, _ := possessed(x.fabrikam, data, claims.Proof, body)
			return r
		})
	})
	b.Run("SAML, pinned", func(b *testing.B) {
		claims := x.woodgrove.Claims("wim", token.FreeBusy)
		claims.Proof = x.woodgrove.Secret()
		data := x.woodgrove.SAML(claims)
		x.bench(b, func() *http.Request {
			r, text := possessed(x.woodgrove, data, claims.Proof, body)
			x.woodgrove.Sign(r, text)
			return r
		})
	})
}

// possessed is a request with a SAML token, signed with its secret.
func possessed(p *fedtest.Partner, data, secret []byte, body string) (r *http.Request, text []byte) {
	m := p.Message(host+keyPath, ews.NSMessages+"/GetUserAvailabilityRequest", data, body)
	m.Declare = []soap.Namespace{{Prefix: "t", URI: ews.NSTypes}, {Prefix: "m", URI: ews.NSMessages}}
	text = p.Possess(m, secret)
	r = httptest.NewRequest(http.MethodPost, host+keyPath, bytes.NewReader(text))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return r, text
}

// bench serves requests over one connection, without TLS: it tells what processor
// time one takes, with the server's reading and writing and the audit log, and so
// little of a client that one who writes bytes takes. What a partner does to make
// a request is done while the clock stands still.
func (x *abroad) bench(b *testing.B, request func() *http.Request) {
	x.receive()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	x.must(err)
	server := &http.Server{Handler: x}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	x.must(err)
	defer conn.Close()
	back := bufio.NewReader(conn)

	const batch = 500
	var ready [][]byte
	var used, since time.Duration
	b.ReportAllocs()
	for i := range b.N {
		if i%batch == 0 {
			b.StopTimer()
			if i > 0 {
				used += processorTime(b) - since
			}
			ready = ready[:0]
			for range min(batch, b.N-i) {
				ready = append(ready, wire(b, request()))
			}
			since = processorTime(b)
			b.StartTimer()
		}
		_, err := conn.Write(ready[i%batch])
		x.must(err)
		resp, err := http.ReadResponse(back, nil)
		x.must(err)
		_, err = io.Copy(io.Discard, resp.Body)
		x.must(err)
		if resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status)
		}
	}
	used += processorTime(b) - since
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
}

// wire is a request as it is sent.
func wire(tb testing.TB, r *http.Request) []byte {
	tb.Helper()
	var b bytes.Buffer
	body, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Fatal(err)
	}
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.URL.Path, r.Host, len(body))
	_ = r.Header.Write(&b)
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
