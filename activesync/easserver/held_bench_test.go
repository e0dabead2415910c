package easserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/access"
	"entente/activesync"
	"entente/device"
	"entente/directory"
	"entente/mailbox"

	"entente"
)

// What a held Ping costs: memory, and how soon it is answered after a change, while
// others ask. Both ends in one process share its files and its memory, so the
// figures of a server are taken with the phones in another one:
//
//	ENTENTE_HELD=20000 ENTENTE_HELD_LISTEN=127.0.0.1:4430 go test ./activesync/easserver -run '^$' -bench HeldPings -benchtime 1x -timeout 1h
//	ENTENTE_HELD=20000 ENTENTE_HELD_DIAL=127.0.0.1:4430 go test ./activesync/easserver -run HeldPhones -timeout 1h
const (
	heldCount  = "ENTENTE_HELD"
	heldListen = "ENTENTE_HELD_LISTEN"
	heldDial   = "ENTENTE_HELD_DIAL"
)

// woken are the phones whose wake-up is measured, each with a mailbox that it has
// synchronized.
const woken = 40

// heldPhone is the i-th phone, of an account that has as many as it may.
func heldPhone(h *house, i int) *phone {
	p := h.phone("held"+strconv.Itoa(i/device.PerAccount), activesync.V161)
	p.id = "held" + strconv.Itoa(i)
	return p
}

// heldPing is what they send: three folders, as phones do.
func heldPing(h *house) []byte { return pingBytes(pingOf("3540", "5", "9", "10")) }

func heldNumber() int {
	n, err := strconv.Atoi(os.Getenv(heldCount))
	if err != nil {
		n = 1000
	}
	return n
}

// TestHeldPhones are the phones of BenchmarkHeldPings, in a process of their own.
func TestHeldPhones(t *testing.T) {
	address := os.Getenv(heldDial)
	if address == "" {
		t.Skip(heldDial + " does not say where the server is")
	}
	hold(t, &house{TB: t}, address, heldNumber())
	<-t.Context().Done()
}

// hold opens connections that wait, and returns when all do.
func hold(tb testing.TB, h *house, address string, n int) {
	tb.Helper()
	body, next := heldPing(h), make(chan int)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range next {
				c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
				if err != nil {
					tb.Errorf("phone %d: %v", i, err)
					return
				}
				tb.Cleanup(func() { c.Close() })
				p := heldPhone(h, i)
				if i%device.PerAccount == 0 {
					p.signIn(c)
				}
				if err := p.request(activesync.Ping, contentType, body).Write(c); err != nil {
					tb.Errorf("phone %d: %v", i, err)
				}
			}
		})
	}
	// The first of each account first, so that it has signed in when the others come.
	for first := range 2 {
		for i := range n {
			if (i%device.PerAccount == 0) == (first == 0) {
				next <- i
			}
		}
	}
	close(next)
	all.Wait()
}

// signIn has the password of an account looked at once, which takes its time: those
// who come later are known.
func (p *phone) signIn(c net.Conn) {
	p.Helper()
	in := bufio.NewReader(c)
	for {
		r := p.request(activesync.Ping, "", nil)
		r.Method = http.MethodOptions
		p.must(r.Write(c))
		a, err := http.ReadResponse(in, nil)
		p.must(err)
		_, _ = io.Copy(io.Discard, a.Body)
		if a.StatusCode != http.StatusServiceUnavailable {
			return
		}
	}
}

// BenchmarkHeldPings holds Pings and reports kB each (of resident memory after a
// collection), the time from a change to the answer that tells of it, and the time
// of an OPTIONS meanwhile.
func BenchmarkHeldPings(b *testing.B) {
	h := open(b)
	n := heldNumber()
	h.crowd((n + device.PerAccount - 1) / device.PerAccount)
	h.must(h.door.SetThrottlingPolicy(b.Context(), "", unlimitedStreams))
	st := h.listenAt(os.Getenv(heldListen))
	address := strings.TrimPrefix(st.url, "https://")
	phones := make([]*heldWire, woken)
	for i := range phones {
		phones[i] = h.wire(address, []string{"anna", "ben", "carla", "dora"}[i%4], i)
	}
	before := resident(b)
	if os.Getenv(heldListen) == "" {
		hold(b, h, address, n)
	}
	h.until(func() bool { return st.lot.Waiting() >= n })
	kept := resident(b) - before
	var wake, ask []time.Duration
	for b.Loop() {
		for round := range 10 {
			for _, p := range phones {
				wake = append(wake, p.wakes(round))
			}
			ask = append(ask, h.asks(st, 20)...)
		}
	}
	b.ReportMetric(float64(kept)/1024/float64(n), "kB/ping")
	b.ReportMetric(float64(runtime.NumGoroutine())/float64(n), "goroutines/ping")
	report(b, wake, "wake")
	report(b, ask, "options")
}

func report(b *testing.B, of []time.Duration, what string) {
	slices.Sort(of)
	b.ReportMetric(float64(of[len(of)/2].Microseconds())/1000, what+"-p50-ms")
	b.ReportMetric(float64(of[len(of)*99/100].Microseconds())/1000, what+"-p99-ms")
}

// resident is the memory of this process after a collection, in bytes.
func resident(tb testing.TB) int64 {
	tb.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		tb.Skip("there is no /proc here")
	}
	defer f.Close()
	var size, pages int64
	if _, err := fmt.Fscan(f, &size, &pages); err != nil {
		tb.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// crowd makes accounts with mailboxes.
func (h *house) crowd(n int) {
	h.Helper()
	hash := oneHash(h, h.door.Directory)
	h.change(func(c *directory.Change) error {
		for i := range n {
			alias := "held" + strconv.Itoa(i)
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(address(alias)), Mail: entente.SMTPAddress(address(alias))},
				Name:      alias, Kind: access.KindUser, Enabled: true,
			}}
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			id, err := c.EnableMailbox(a.SID, "first")
			if err := errors.Join(err, c.SetPassword(a.SID, hash)); err != nil {
				return err
			}
			h.sids[alias], h.boxes[alias] = a.SID, id
		}
		return nil
	})
	for i := range n {
		id := h.boxes["held"+strconv.Itoa(i)]
		a, _ := h.door.Directory.Snapshot().FindMailbox(id)
		h.must(h.store.Create(context.WithoutCancel(h.Context()), mailbox.NewMailbox{ID: id, Database: "first", Owner: a.Principal, Address: a.Mail, Name: a.Name}))
	}
}

// A heldWire is a phone with a connection of its own.
type heldWire struct {
	*phone
	conn  net.Conn
	in    *bufio.Reader
	inbox *copied
}

func (h *house) wire(address, who string, i int) *heldWire {
	h.Helper()
	p := h.phone(who, activesync.V161)
	p.id = "woken" + strconv.Itoa(i)
	p.folderSync("0")
	x := &heldWire{phone: p, inbox: p.copyOf(mailbox.Inbox)}
	x.inbox.all()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	h.must(err)
	h.Cleanup(func() { c.Close() })
	x.conn, x.in = c, bufio.NewReader(c)
	return x
}

// wakes has the phone wait, puts a message into its mailbox and returns how long it
// took until the phone knew.
func (x *heldWire) wakes(int) time.Duration {
	x.Helper()
	x.inbox.all()
	waiting := func() int {
		x.handler.waiting.mu.Lock()
		defer x.handler.waiting.mu.Unlock()
		return len(x.handler.waiting.all)
	}
	had := waiting()
	x.must(x.request(activesync.Ping, contentType, pingBytes(pingOf("3540", folderID(x.folder(x.who, mailbox.Inbox))))).Write(x.conn))
	x.until(func() bool { return waiting() > had })
	view, inbox := x.view(x.who), x.folder(x.who, mailbox.Inbox)
	begun := time.Now()
	x.must(view.CreateItem(context.Background(), inbox, plainNote()))
	a, err := http.ReadResponse(x.in, nil)
	x.must(err)
	_, err = io.Copy(io.Discard, a.Body)
	x.must(err)
	return time.Since(begun)
}

// asks measures OPTIONS.
func (h *house) asks(st *station, n int) (took []time.Duration) {
	for range n {
		r, err := http.NewRequestWithContext(h.Context(), http.MethodOptions, st.url+"/Microsoft-Server-ActiveSync", nil)
		h.must(err)
		r.SetBasicAuth(address("emil"), password)
		begun := time.Now()
		a, err := st.client.Do(r)
		h.must(err)
		_, _ = io.Copy(io.Discard, a.Body)
		a.Body.Close()
		took = append(took, time.Since(begun))
	}
	return took
}
