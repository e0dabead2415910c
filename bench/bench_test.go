// Package bench measures the server as its clients meet it: a whole server in
// a process of its own, on one core, asked by EWS over TLS connections that
// are kept alive. What is reported as cpu-µs/op is the processor time of the
// server process alone, user and system, garbage collection included, by
// request; the clients' work is in another process and not in it.
//
//	go test -bench . ./bench                       # the figures of doc/performance.md
//	ENTENTE_BENCH_PROFILE=cpu.out go test -bench EWS/GetItem ./bench
//	ENTENTE_BENCH_MAILBOXES=50000 go test -bench Mailboxes ./bench
//
// Users and windows vary from request to request, and one request in a hundred
// is a write to the folder that is read, so that no answer can be kept from
// the one before. Nothing here fails for being slow.
package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/test/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }

// Users is how many people ask, and items how many each folder holds.
const (
	users = 100
	items = 1000
	known = 20 // items of each inbox whose ids are known
)

// A bench is a running server and what its requests need.
type bench struct {
	*kit.Process
	client *kit.Client
	ids    []string // items of the inboxes, by user
	count  atomic.Int64
}

// start starts a server on one core, full unless o says otherwise.
func start(b *testing.B, o kit.Options) *bench {
	b.Helper()
	if o.Procs == 0 {
		o.Procs = 1
	}
	o.Profile = os.Getenv("ENTENTE_BENCH_PROFILE")
	s := &bench{Process: kit.Start(b, o)}
	var err error
	if s.client, err = s.Process.Client(); err != nil {
		b.Fatal(err)
	}
	return s
}

// full is everybody with full folders. Filling takes a minute; a folder named
// in ENTENTE_BENCH_STATE is filled once and used again.
func full() kit.Options {
	return kit.Options{State: os.Getenv("ENTENTE_BENCH_STATE"), People: users, Mails: items, Events: items}
}

// A request is what is asked, and as whom.
type request struct{ who, body string }

// ask sends one request in an envelope and insists on success.
func (s *bench) ask(ctx context.Context, q request) error {
	_, err := s.client.Call(ctx, q.who, q.body)
	return err
}

// run measures requests made by next: one after the other, or from several
// connections at once.
func (s *bench) run(b *testing.B, at int, next func(*rand.Rand) request) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	var failed sync.Map
	b.ResetTimer()
	before, began := s.CPU(), time.Now()
	var all sync.WaitGroup
	for worker := range at {
		all.Go(func() {
			r := rand.New(rand.NewPCG(2, uint64(worker)))
			for left.Add(-1) >= 0 {
				if err := s.ask(b.Context(), next(r)); err != nil {
					failed.Store(err.Error(), true)
					return
				}
			}
		})
	}
	all.Wait()
	cpu := s.CPU() - before
	b.ReportMetric(float64(cpu.Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "req/s")
	failed.Range(func(k, _ any) bool { b.Error(k); return false })
}

// mixed adds the writes: one in a hundred, by the same user.
func (s *bench) mixed(write func(user int, n int64) string, read func(user int, r *rand.Rand) string) func(*rand.Rand) request {
	return func(r *rand.Rand) request {
		u := r.IntN(s.Options.People)
		if r.IntN(100) == 0 {
			return request{kit.Address(u), write(u, s.count.Add(1))}
		}
		return request{kit.Address(u), read(u, r)}
	}
}

func newMail(_ int, n int64) string {
	return kit.CreateMessage("inbox", "New "+strconv.FormatInt(n, 10), "What has come in between.")
}

func newAppointment(_ int, n int64) string {
	return kit.CreateAppointment("New "+strconv.FormatInt(n, 10), kit.Monday().Add(time.Duration(n%2000)*time.Hour))
}

// learn finds the ids of some items of every inbox.
func (s *bench) learn(b *testing.B) {
	b.Helper()
	for u := range s.Options.People {
		body, err := s.client.Call(b.Context(), kit.Address(u), kit.FindIDs("inbox", u%(s.Options.Mails-known+1), known))
		if err != nil {
			b.Fatal(err)
		}
		s.ids = append(s.ids, kit.Values(body, "ItemId", "Id")...)
	}
}

// warm signs everybody in, opens connections, and has every calendar asked
// for once: what is measured is a server that has been running for a while.
func (s *bench) warm(b *testing.B) {
	b.Helper()
	for u := range s.Options.People {
		q := request{kit.Address(u), kit.Availability(kit.MergedOnly, kit.Monday(), 7, kit.Address(u))}
		if err := s.ask(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}

// window is two weeks or one somewhere in the year around Monday.
func window(r *rand.Rand) time.Time { return kit.Monday().AddDate(0, 0, r.IntN(360)-180) }

// some returns n different people.
func some(r *rand.Rand, n int) []string {
	var all []string
	for _, u := range r.Perm(users)[:n] {
		all = append(all, kit.Address(u))
	}
	return all
}

// What the benchmarks ask.

func (s *bench) getFolder(int, *rand.Rand) string { return kit.GetFolder("inbox") }

func (s *bench) getItem(u int, r *rand.Rand) string { return kit.GetItem(s.ids[u*known+r.IntN(known)]) }

func (s *bench) findItem(int, *rand.Rand) string {
	return kit.FindItem("inbox", s.Options.Mails/2, 50)
}

func (s *bench) sync(int, *rand.Rand) string { return kit.SyncFolderItems("inbox", "") }

func (s *bench) freeBusy(_ int, r *rand.Rand) string {
	return kit.Availability(kit.Detailed, window(r), 7, kit.Address(r.IntN(s.Options.People)))
}

// BenchmarkEWS has the figures of the foundation.
func BenchmarkEWS(b *testing.B) {
	s := start(b, full())
	s.learn(b)
	s.warm(b)
	b.Run("healthz", func(b *testing.B) { s.runHealth(b) })
	b.Run("GetFolder", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.getFolder)) })
	b.Run("GetItem", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.getItem)) })
	b.Run("FindItem50", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.findItem)) })
	b.Run("CreateItem32", func(b *testing.B) {
		s.run(b, 32, func(r *rand.Rand) request {
			u := r.IntN(s.Options.People)
			return request{kit.Address(u), newAppointment(u, s.count.Add(1))}
		})
	})
	b.Run("SyncFolderItems512", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.sync)) })
	b.Run("Availability7days", func(b *testing.B) { s.run(b, 1, s.mixed(newAppointment, s.freeBusy)) })
	b.Run("Availability20x14", func(b *testing.B) {
		s.run(b, 1, s.mixed(newAppointment, func(_ int, r *rand.Rand) string {
			return kit.Availability(kit.Detailed, window(r), 14, some(r, 20)...)
		}))
	})
	b.Run("Availability100x14merged", func(b *testing.B) {
		s.run(b, 1, s.mixed(newAppointment, func(_ int, r *rand.Rand) string {
			return kit.Availability(kit.MergedOnly, window(r), 14, some(r, 100)...)
		}))
	})
}

// runHealth measures what a request costs that does nothing: HTTP and TLS.
func (s *bench) runHealth(b *testing.B) {
	b.Helper()
	before := s.CPU()
	for b.Loop() {
		resp, err := s.client.HTTP.Get("https://" + s.Address + "/healthz")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	b.ReportMetric(float64((s.CPU()-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}
