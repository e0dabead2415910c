package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"entente/test/kit"
)

// mailboxes is how many BenchmarkMailboxes makes at most. 50,000 take some
// minutes to make.
func mailboxes() int {
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_BENCH_MAILBOXES")); err == nil {
		return n
	}
	return 1000
}

// BenchmarkMailboxes asks the same of a small and of a large organization:
// what a request costs must not grow with the number of mailboxes.
func BenchmarkMailboxes(b *testing.B) {
	for _, n := range []int{10, mailboxes()} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := start(b, kit.Options{People: 10, Mails: 200, Events: 200, Others: n - 10})
			s.learn(b)
			s.warm(b)
			b.Run("GetFolder", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.getFolder)) })
			b.Run("GetItem", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.getItem)) })
			b.Run("FindItem50", func(b *testing.B) { s.run(b, 1, s.mixed(newMail, s.findItem)) })
			b.Run("Availability7days", func(b *testing.B) { s.run(b, 1, s.mixed(newAppointment, s.freeBusy)) })
		})
	}
}

// BenchmarkCalendarSize asks for the same week of calendars of a hundred and
// of ten thousand appointments.
func BenchmarkCalendarSize(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := start(b, kit.Options{People: 4, Mails: 1, Events: n})
			s.warm(b)
			s.run(b, 1, s.mixed(newAppointment, func(_ int, r *rand.Rand) string {
				return kit.Availability(kit.Detailed, kit.Monday().AddDate(0, 0, r.IntN(14)-7), 7, kit.Address(r.IntN(4)))
			}))
		})
	}
}

// BenchmarkConnections is a working day in short: 64 clients at once, each
// with its connection, asking everything, on two cores. It reports how long
// answers take and what the server occupies before and after.
func BenchmarkConnections(b *testing.B) {
	o := full()
	o.Procs = 2
	s := start(b, o)
	idle, _ := s.Memory()
	s.learn(b)
	s.warm(b)
	asks := []func(*rand.Rand) request{
		s.mixed(newMail, s.getFolder), s.mixed(newMail, s.getItem), s.mixed(newMail, s.findItem), s.mixed(newMail, s.sync),
		s.mixed(newAppointment, s.freeBusy), s.mixed(newAppointment, s.getFolder), s.mixed(newMail, s.getItem),
	}
	b.ResetTimer()
	took := s.clock(b, 64, func(r *rand.Rand) request { return asks[r.IntN(len(asks))](r) })
	if len(took) == 0 {
		b.Fatal("nothing was answered")
	}
	slices.Sort(took)
	at := func(part float64) float64 {
		return float64(took[int(part*float64(len(took)-1))].Microseconds()) / 1e3
	}
	now, peak := s.Memory()
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(idle>>20), "idle-MiB")
	b.ReportMetric(float64(now>>20), "after-MiB")
	b.ReportMetric(float64(peak>>20), "peak-MiB")
}

// clock sends b.N requests from so many clients and returns how long each
// answer took. An error fails the benchmark.
func (s *bench) clock(b *testing.B, clients int, next func(*rand.Rand) request) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	work := make(chan struct{})
	var all sync.WaitGroup
	for worker := range clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(worker)))
			var mine []time.Duration
			for range work {
				q, began := next(r), time.Now()
				if err := s.ask(context.WithoutCancel(b.Context()), q); err != nil {
					b.Error(fmt.Errorf("%s: %w", q.who, err))
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	return took
}
