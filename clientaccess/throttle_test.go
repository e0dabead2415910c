package clientaccess

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/audit"
	"entente/db/dbtest"
)

// A ledger has budgets and a clock.
type ledger struct {
	*testing.T
	*throttle
	now time.Time
	p   *policies
}

func newLedger(t *testing.T, p ThrottlingPolicy) *ledger {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	return &ledger{t, newThrottle(now), now, p.compile()}
}

func (l *ledger) in(k budgetKey) (place, left, error) { return l.enter(k, l.p, l.now) }

func (l *ledger) must(k budgetKey) place {
	l.Helper()
	p, _, err := l.in(k)
	if err != nil {
		l.Fatal(err)
	}
	return p
}

// works holds a place for some time.
func (l *ledger) works(k budgetKey, took time.Duration) {
	l.Helper()
	p := l.must(k)
	l.now = l.now.Add(took)
	l.leave(p, l.now)
}

// taken is how many places are taken by requests.
func (t *throttle) taken() (n int64) {
	for i := range t.shards {
		for k, b := range t.shards[i].budgets {
			if k.subject != "" {
				n += b.busy
			}
		}
	}
	return n
}

func (t *throttle) count() (n int) {
	for i := range t.shards {
		n += len(t.shards[i].budgets)
	}
	return n
}

var (
	annaHerself = budgetKey{"S-1", "S-1"}
	crmAsAnna   = budgetKey{"S-9", "S-1"}
	crmAsBen    = budgetKey{"S-9", "S-2"}
)

func TestTwentyEighthRequestAtOnce(t *testing.T) {
	l := newLedger(t, DefaultThrottling())
	l.works(annaHerself, 270*time.Millisecond)
	var places []place
	for range 27 {
		places = append(places, l.must(annaHerself))
	}
	_, left, err := l.in(annaHerself)
	if !isReason(err, Busy) {
		t.Fatalf("the 28th: %v", err)
	}
	if !strings.HasPrefix(left.String(), "concurrency=0/27, balance=") {
		t.Errorf("left: %s", &left)
	}
	// Requests take 270 ms, 27 are under way: one ends every 10 ms, and each who
	// waits has his own turn.
	for want := 10 * time.Millisecond; want <= 50*time.Millisecond; want += 10 * time.Millisecond {
		if got := BackOff(err); got != want {
			t.Errorf("back off %v, want %v", got, want)
		}
		_, _, err = l.in(annaHerself)
	}
	l.must(crmAsAnna) // another caller for the same user
	l.leave(places[0], l.now)
	l.must(annaHerself)
	if _, _, err := l.in(annaHerself); !isReason(err, Busy) {
		t.Errorf("one more: %v", err)
	}
}

// Who waits for requests that take longer than any before is not told that they
// will end at once.
func TestBackOffGrowsWithWhatIsUnderWay(t *testing.T) {
	p := DefaultThrottling()
	p.EwsMaxConcurrency = 2
	l := newLedger(t, p)
	l.works(annaHerself, 4*time.Millisecond)
	l.must(annaHerself)
	l.must(annaHerself)
	l.now = l.now.Add(10 * time.Second)
	if _, _, err := l.in(annaHerself); BackOff(err) != 5*time.Second {
		t.Errorf("back off %v", BackOff(err))
	}
	for range 100 {
		if _, _, err := l.in(annaHerself); BackOff(err) > longestTurn {
			t.Fatalf("back off %v", BackOff(err))
		}
	}
}

func TestBalance(t *testing.T) {
	// A second of burst, a second below it, and a quarter of the time comes back.
	l := newLedger(t, ThrottlingPolicy{
		EwsMaxConcurrency: Unlimited, EwsMaxBurst: 1000, EwsRechargeRate: 900_000, EwsCutoffBalance: 1000,
		EwsMaxSubscriptions: 1, EwsMaxStreamingConnections: 1,
	})
	left := func(want string) {
		t.Helper()
		p, left, err := l.in(annaHerself)
		if err != nil {
			t.Fatal(err)
		}
		l.leave(p, l.now)
		if got := left.String(); !strings.Contains(got, "balance="+want+"/1000,") {
			t.Errorf("left %s, want %s", got, want)
		}
	}
	left("1000")
	l.works(annaHerself, 800*time.Millisecond)
	left("200")
	l.now = l.now.Add(400 * time.Millisecond)
	left("300")
	l.works(annaHerself, 1600*time.Millisecond) // of which 400 come back meanwhile
	left("-900")
	l.works(annaHerself, 400*time.Millisecond)
	_, _, err := l.in(annaHerself)
	if !isReason(err, Busy) {
		t.Fatalf("below the cutoff: %v", err)
	}
	// 200 ms are missing, and one to be above: 4 ms for each.
	wait := BackOff(err)
	if wait != 804*time.Millisecond {
		t.Errorf("back off %v", wait)
	}
	l.now = l.now.Add(wait - 5*time.Millisecond)
	if _, _, err := l.in(annaHerself); err == nil {
		t.Error("came in before it was told to")
	}
	l.now = l.now.Add(5 * time.Millisecond)
	l.works(annaHerself, 0)
	l.now = l.now.Add(time.Hour)
	left("1000")
}

// An application has a budget for each user, and one for all together that is
// larger.
func TestOverallBudget(t *testing.T) {
	p := DefaultThrottling()
	p.EwsMaxConcurrency = 2
	l := newLedger(t, p)
	for i := range 20 {
		l.must(budgetKey{"S-9", entente.SID(fmt.Sprint("S-", 100+i/2))})
	}
	if _, _, err := l.in(crmAsBen); !isReason(err, Busy) || BackOff(err) <= 0 {
		t.Errorf("the 21st for all users: %v", err)
	}
	if l.taken() != 20 {
		t.Error("a place was kept that was not given")
	}
	l.must(budgetKey{"S-8", "S-2"})
}

func TestFullBudgetsAreForgotten(t *testing.T) {
	l := newLedger(t, DefaultThrottling())
	held := l.must(annaHerself)
	for i := range 100_000 {
		l.works(budgetKey{"S-9", entente.SID(fmt.Sprint("S-", 100+i))}, time.Millisecond)
		l.now = l.now.Add(time.Millisecond)
	}
	if n := l.count(); n > 2*sweepFrom*len(l.shards) {
		t.Errorf("%d budgets are kept", n)
	}
	l.now = l.now.Add(24 * time.Hour)
	l.sweep(l.now)
	if n := l.count(); n != 2 { // Anna's, and that for all she asks
		t.Errorf("%d budgets are kept", n)
	}
	l.leave(held, l.now)
}

func TestUnlimited(t *testing.T) {
	l := newLedger(t, ThrottlingPolicy{Unlimited, Unlimited, Unlimited, Unlimited, Unlimited, Unlimited})
	for range 1000 {
		l.must(annaHerself)
	}
	_, left, err := l.in(annaHerself)
	if err != nil || left.String() != "concurrency=unlimited, balance=unlimited, subscriptions=unlimited, streams=unlimited" {
		t.Errorf("%v, left %s", err, &left)
	}
}

func TestHeldCounts(t *testing.T) {
	test := func(of func(*budget) (*int64, int64), most int, reason entente.Reason) {
		t.Helper()
		l := newLedger(t, DefaultThrottling())
		var releases []func()
		for range most {
			release, err := l.hold(annaHerself, l.p, of, reason, l.now)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
		if _, err := l.hold(annaHerself, l.p, of, reason, l.now); !isReason(err, reason) {
			t.Errorf("one more: %v", err)
		}
		releases[0]()
		releases[0]() // twice is once
		if _, err := l.hold(annaHerself, l.p, of, reason, l.now); err != nil {
			t.Error(err)
		}
		if _, err := l.hold(annaHerself, l.p, of, reason, l.now); !isReason(err, reason) {
			t.Errorf("one more: %v", err)
		}
		l.now = l.now.Add(time.Hour)
		l.sweep(l.now)
		if l.count() != 1 {
			t.Error("a budget was forgotten that counts something")
		}
	}
	test(subscriptions, 20, TooManySubscriptions)
	test(streams, 10, TooManyStreams)
}

// Who is impersonated is not charged for it, and the application is charged
// for each user apart.
func TestWhoIsCharged(t *testing.T) {
	o := open(t, func(c *Config) { c.Concurrency = 1 })
	enter := func(who string, h handlerFunc) {
		t.Helper()
		w := o.send(as(who), func(s *Session, w http.ResponseWriter, r *http.Request) {
			h(s, w, r)
			o.must(s.Conclude(r.Context(), ""))
		})
		if got := w.Header().Get(BudgetHeader); !strings.HasPrefix(got, "concurrency=0/1, ") {
			t.Errorf("%s has %s left", who, got)
		}
	}
	try := func(want entente.Reason) handlerFunc {
		return func(s *Session, _ http.ResponseWriter, _ *http.Request) {
			if err := s.Enter(); want != "" {
				o.because(err, want)
			} else if err != nil {
				t.Error(err)
			}
		}
	}
	enter("crm", o.impersonating("anna", func(s *Session, w http.ResponseWriter, r *http.Request) {
		try("")(s, w, r)
		enter("crm", o.impersonating("anna", try(Busy)))
		enter("anna", try(""))
		enter("crm", try(""))
	}))
	if got := o.records(audit.Filter{}); len(got) == 0 {
		t.Error("nothing recorded")
	}
}

func TestThrottlingPolicies(t *testing.T) {
	o := open(t, func(c *Config) { c.DB = dbtest.SQLite(t); c.Concurrency = 5 })
	o.must(o.DB.Migrate(t.Context(), Schema()))
	other := New(o.Config) // another node
	ctx := t.Context()
	of := func(d *Door, who string) ThrottlingPolicy { return d.throttling.Load().of(o.sids[who]).own }
	if of(o.Door, "anna").EwsMaxConcurrency != 5 {
		t.Errorf("by default %+v", of(o.Door, "anna"))
	}
	set := func(name string, f func(*ThrottlingPolicy)) error {
		return o.SetThrottlingPolicy(ctx, name, func(p *ThrottlingPolicy) error { f(p); return nil })
	}
	o.must(set(GlobalPolicy, func(p *ThrottlingPolicy) { p.EwsMaxSubscriptions = 3 }))
	o.must(set("Sync", func(p *ThrottlingPolicy) { p.EwsMaxConcurrency, p.EwsMaxBurst = 100, Unlimited }))
	o.must(o.AssignThrottlingPolicy(ctx, o.sids["crm"], "Sync"))
	for _, d := range []*Door{o.Door, other} {
		o.must(d.reload(ctx))
		if p := of(d, "crm"); p.EwsMaxConcurrency != 100 || p.EwsMaxBurst != Unlimited || p.EwsMaxSubscriptions != 3 {
			t.Errorf("the CRM's: %+v", p)
		}
		if p := of(d, "anna"); p.EwsMaxConcurrency != 5 || p.EwsMaxSubscriptions != 3 {
			t.Errorf("Anna's: %+v", p)
		}
	}
	kind := func(err error, want entente.Kind) {
		t.Helper()
		var e *entente.Error
		if !errors.As(err, &e) || e.Kind != want {
			t.Errorf("%v, want kind %d", err, want)
		}
	}
	kind(set("Sync", func(p *ThrottlingPolicy) { p.EwsMaxConcurrency = 0 }), entente.Invalid)
	kind(set("a\nb", func(*ThrottlingPolicy) {}), entente.Invalid)
	kind(o.AssignThrottlingPolicy(ctx, o.sids["anna"], "Sink"), entente.NotFound)
	kind(o.RemoveThrottlingPolicy(ctx, "Sync"), entente.Conflict)
	kind(o.RemoveThrottlingPolicy(ctx, "Sink"), entente.NotFound)
	o.must(o.AssignThrottlingPolicy(ctx, o.sids["crm"], GlobalPolicy))
	o.must(o.RemoveThrottlingPolicy(ctx, "Sync"))
	o.must(o.RemoveThrottlingPolicy(ctx, GlobalPolicy))
	if p := of(o.Door, "crm"); p.EwsMaxSubscriptions != 20 {
		t.Errorf("in the end %+v", p)
	}
}

func isReason(err error, r entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == r
}

// BenchmarkThrottle is what the budgets add to each request, with 64 of them at
// once on two processors.
func BenchmarkThrottle(b *testing.B) {
	p := DefaultThrottling()
	p.EwsMaxConcurrency = Unlimited
	compiled := p.compile()
	for _, users := range []int{1, 1000} {
		keys := make([]budgetKey, users)
		for i := range keys {
			const domain = "S-1-5-21-1004336348-1177238915-682003330-"
			keys[i] = budgetKey{domain + "512", entente.SID(fmt.Sprint(domain, 1000+i))}
		}
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			t := newThrottle(time.Now())
			b.ReportAllocs()
			b.SetParallelism(32)
			var next atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for i := int(next.Add(1)); pb.Next(); i++ {
					place, left, err := t.enter(keys[i%users], compiled, time.Now())
					if err != nil {
						b.Error(err)
						return
					}
					_ = left.String()
					t.leave(place, time.Now())
				}
			})
		})
	}
}

// BenchmarkDoor is the door's whole way of a request: authenticated from the
// cache, decided, throttled, remembered, and concluded without a record.
func BenchmarkDoor(b *testing.B) {
	o := open(b, func(c *Config) { c.DB = dbtest.SQLite(b); c.Concurrency = 1000 })
	o.must(o.DB.Migrate(b.Context(), Schema()))
	h := o.Guard(EWS, handlerFunc(func(s *Session, w http.ResponseWriter, r *http.Request) {
		if err := s.Enter(); err != nil {
			b.Error(err)
		}
		s.Operation("GetItem", false)
		if _, err := s.Own(r.Context()); err != nil {
			b.Error(err)
		}
		if err := s.Conclude(r.Context(), ""); err != nil {
			b.Error(err)
		}
	}))
	o.send(as("anna"), func(*Session, http.ResponseWriter, *http.Request) {}) // fills the cache
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", nil)
		r.RemoteAddr = peer + ":4711"
		r.Header.Set("Authorization", as("anna"))
		r.Header.Set("User-Agent", "exchangelib/5.6.0 (python-requests/2.32.3)")
		for pb.Next() {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}
