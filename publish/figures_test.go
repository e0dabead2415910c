package publish

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/kerberos/kdctest"
)

// Figures of the gateway. What is measured runs in a process of its own, which is
// this test binary again, so that the CPU time and the memory of one side are not
// those of all.

// A part is one process of a measurement.
type part struct {
	Part     string // gateway, plain, inside
	HTTP2    bool
	Inside   string // HOST:PORT
	InsideCA []byte
	People   []byte // certificate of the clients' authority
	Realm    kdctest.Realm
	SIDs     map[string]string
}

type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
	ca      []byte
}

type usage struct {
	CPU        time.Duration
	RSS        int
	Goroutines int
}

func startPart(b *testing.B, p part) *process {
	b.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	r := &process{cmd: exec.CommandContext(b.Context(), self, "-test.run=^TestPartOfFigures$", "-test.timeout=0")}
	r.cmd.Env = append(os.Environ(), "ENTENTE_FIGURES="+string(text))
	r.cmd.Stderr = os.Stderr
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.in.Close(); _, _ = io.Copy(io.Discard, out); _ = r.cmd.Wait() })
	r.out = bufio.NewReader(out)
	var ca string
	if _, err := fmt.Fscanln(r.out, &r.address, &ca); err != nil {
		b.Fatal("a part does not start: ", err)
	}
	if r.ca, err = base64.StdEncoding.DecodeString(ca); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *process) usage(b *testing.B) (u usage) {
	b.Helper()
	fmt.Fprintln(r.in, "usage")
	line, err := r.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &u); err != nil {
		b.Fatal(err)
	}
	return u
}

// TestPartOfFigures is a process of a benchmark; it is none by itself.
func TestPartOfFigures(t *testing.T) {
	text := os.Getenv("ENTENTE_FIGURES")
	if text == "" {
		return
	}
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	address, ca := map[string]func(*testing.T, *part) (string, []byte){"gateway": gatewayPart, "plain": plainPart, "inside": insidePart}[p.Part](t, &p)
	fmt.Println(address, base64.StdEncoding.EncodeToString(ca))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		debug.FreeOSMemory()
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		one := usage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), Goroutines: runtime.NumGoroutine()}
		statm, _ := os.ReadFile("/proc/self/statm")
		var size int
		fmt.Sscan(string(statm), &size, &one.RSS)
		one.RSS *= os.Getpagesize()
		line, _ := json.Marshal(one)
		fmt.Println(string(line))
	}
	os.Exit(0)
}

const kilobyte = 1 << 10

func insidePart(t *testing.T, p *part) (string, []byte) {
	a := newAuthority(t, "Internal")
	body := bytes.Repeat([]byte("x"), kilobyte)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/wait") {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write(body)
	}))
	s.EnableHTTP2 = p.HTTP2
	s.TLS = &tls.Config{Certificates: []tls.Certificate{a.server(t, "cas.contoso.example")}}
	s.StartTLS()
	return s.Listener.Addr().String(), a.cert.Raw
}

func pool(t *testing.T, der []byte) (*x509.CertPool, *x509.Certificate) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AddCert(c)
	return p, c
}

func gatewayPart(t *testing.T, p *part) (string, []byte) {
	w := &realmWorld{world: newWorld(t), realm: &p.Realm, logged: &logBuffer{}}
	err := w.directory.Update(t.Context(), func(c *directory.Change) error {
		for name, sid := range p.SIDs {
			realm := access.Realm{Name: p.Realm.Name, DomainSID: entente.SID(sid[:strings.LastIndexByte(sid, '-')])}
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{SID: entente.SID(sid), UPN: entente.UPN(name + "@contoso.example")}, Name: name, Kind: access.KindUser, Enabled: true, LogonName: name,
			}}
			if err := errors.Join(c.SetRealm(realm), c.CreateAccount(&a)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.delegator = w.newDelegator("gw")
	conf := w.kcd(&url.URL{Scheme: "https", Host: p.Inside})
	conf.Log = nil
	roots, _ := pool(t, p.InsideCA)
	_, people := pool(t, p.People)
	l := &conf.Listeners[0]
	l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, w.judge(&authority{cert: people}), w.certificates(&authority{cert: people})
	conf.Rules[0].Roots = roots
	conf.Limits = Limits{Strangers: 1 << 20, PerUser: 1 << 20}
	g := w.start(conf)
	return g.bound.Addr("internet").String(), w.public.cert.Raw
}

// plainPart is what Go's own reverse proxy costs, with client certificates and
// without finding out whose they are.
func plainPart(t *testing.T, p *part) (string, []byte) {
	public := newAuthority(t, "Public")
	roots, _ := pool(t, p.InsideCA)
	people, _ := pool(t, p.People)
	inside := &url.URL{Scheme: "https", Host: p.Inside}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(inside); r.SetXForwarded() },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "cas.contoso.example"}, MaxIdleConnsPerHost: 1000, ForceAttemptHTTP2: p.HTTP2,
		},
	}
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{public.server(t, "mail.contoso.example")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: people}
	go http.Serve(tls.NewListener(n, conf), proxy)
	return n.Addr().String(), public.cert.Raw
}

// clients are people with certificates, and their authority.
func clients(b *testing.B, r *kdctest.Realm) (cards []tls.Certificate, people *authority, sids map[string]string) {
	people, sids = newAuthority(b, "People"), map[string]string{}
	w := &world{t: b, people: map[string]access.Principal{}}
	for i := range 16 {
		name := fmt.Sprintf("u%02d", i+1)
		sids[name] = r.SID(b, name)
		w.people[name] = access.Principal{SID: entente.SID(sids[name])}
		cards = append(cards, w.card(people, name))
	}
	return cards, people, sids
}

// BenchmarkRequests is the CPU time of a request of 1 kB on a connection that is
// kept, at 16 clients with certificates: at the gateway with tickets that are
// kept, and at Go's reverse proxy.
func BenchmarkRequests(b *testing.B) {
	r := kdctest.Samba(b)
	cards, people, sids := clients(b, r)
	for _, http2 := range []bool{false, true} {
		inside := startPart(b, part{Part: "inside", HTTP2: http2})
		for _, name := range []string{"gateway", "plain"} {
			p := part{Part: name, HTTP2: http2, Inside: inside.address, InsideCA: inside.ca, People: people.cert.Raw, Realm: realmOf(r), SIDs: sids}
			front := startPart(b, p)
			b.Run(fmt.Sprintf("%s/http2=%v", name, http2), func(b *testing.B) {
				var conns []*tls.Conn
				for i := range cards {
					conns = append(conns, dialPart(b, front, &cards[i]))
				}
				ask := func(n int64) {
					var left atomic.Int64
					left.Store(n)
					var all sync.WaitGroup
					for _, c := range conns {
						all.Go(func() {
							in := bufio.NewReader(c)
							for left.Add(-1) >= 0 {
								if err := askPart(c, in); err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					all.Wait()
				}
				ask(320) // tickets are there, and connections
				before := front.usage(b)
				insideBefore := inside.usage(b)
				b.ResetTimer()
				ask(int64(b.N))
				b.StopTimer()
				b.ReportMetric(float64((front.usage(b).CPU-before.CPU).Microseconds())/float64(b.N), "front-µs/op")
				b.ReportMetric(float64((inside.usage(b).CPU-insideBefore.CPU).Microseconds())/float64(b.N), "inside-µs/op")
			})
		}
	}
}

// BenchmarkIdlePolls is the memory of the gateway for each client that waits for
// news: what it has of the client and of the server inside.
func BenchmarkIdlePolls(b *testing.B) {
	const polls = 9_000 // two files each, of the 20,000 that a process may have open on many machines
	r := kdctest.Samba(b)
	cards, people, sids := clients(b, r)
	for _, http2 := range []bool{false, true} {
		b.Run(fmt.Sprintf("http2=%v", http2), func(b *testing.B) {
			for range b.N {
				inside := startPart(b, part{Part: "inside", HTTP2: http2})
				front := startPart(b, part{Part: "gateway", HTTP2: http2, Inside: inside.address, InsideCA: inside.ca, People: people.cert.Raw, Realm: realmOf(r), SIDs: sids})
				first := dialPart(b, front, &cards[0])
				if err := askPart(first, bufio.NewReader(first)); err != nil {
					b.Fatal(err)
				}
				before := front.usage(b)
				var all sync.WaitGroup
				for w := range 32 {
					all.Go(func() {
						for i := w; i < polls; i += 32 {
							c := dialPart(b, front, &cards[i%len(cards)])
							fmt.Fprintf(c, "POST /x/wait HTTP/1.1\r\nHost: mail.contoso.example\r\nContent-Length: 200\r\n\r\n%s", strings.Repeat("p", 200))
						}
					})
				}
				all.Wait()
				after := front.usage(b)
				for deadline := time.Now().Add(time.Minute); after.Goroutines < 2*polls && time.Now().Before(deadline); {
					after = front.usage(b)
				}
				b.ReportMetric(float64(after.RSS-before.RSS)/polls/1000, "kB/poll")
				b.ReportMetric(float64(after.Goroutines-before.Goroutines)/polls, "goroutines/poll")
			}
		})
	}
}

func realmOf(r *kdctest.Realm) kdctest.Realm {
	return kdctest.Realm{Name: r.Name, Domain: r.Domain, KDC: r.KDC, Keytab: r.Keytab, LDAP: r.LDAP}
}

func dialPart(b *testing.B, front *process, card *tls.Certificate) *tls.Conn {
	b.Helper()
	c, err := x509.ParseCertificate(front.ca)
	if err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	conn, err := tls.Dial("tcp", front.address, &tls.Config{RootCAs: roots, ServerName: "mail.contoso.example", Certificates: []tls.Certificate{*card}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

func askPart(c *tls.Conn, in *bufio.Reader) error {
	if _, err := io.WriteString(c, "GET /x/ HTTP/1.1\r\nHost: mail.contoso.example\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != 200 || n != kilobyte {
		return fmt.Errorf("%s, %d bytes", resp.Status, n)
	}
	return err
}
