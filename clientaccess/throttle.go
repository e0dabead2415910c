package clientaccess

import (
	"errors"
	"hash/maphash"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"entente"
)

// Reasons of what a budget does not allow.
const (
	Busy                 entente.Reason = "busy"
	TooManySubscriptions entente.Reason = "too-many-subscriptions"
	TooManyStreams       entente.Reason = "too-many-streams"
)

// A busyError is a refusal that ends by itself: it knows when.
type busyError struct {
	error
	wait time.Duration
}

func (b *busyError) Unwrap() error { return b.error }

func busy(wait time.Duration, format string, args ...any) error {
	return &busyError{entente.Errorf(entente.Unavailable, format, args...).Because(Busy), wait}
}

// anotherTime is how long to wait where nobody knows: for a database that is
// away.
const anotherTime = 5 * time.Second

// BackOff returns how long a caller who was refused with err should wait, in
// whole milliseconds and never 0: when a place or the budget is expected to be
// there again.
func BackOff(err error) time.Duration {
	var b *busyError
	if !errors.As(err, &b) {
		return anotherTime
	}
	return max((b.wait + time.Millisecond - 1).Truncate(time.Millisecond), time.Millisecond)
}

// RetryAfter is a wait as the Retry-After header says it, in whole seconds, RFC
// 9110 10.2.3.
func RetryAfter(wait time.Duration) string {
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// A budgetKey names whom a request is charged to: who calls, for whom. An
// application that serves many users has a budget for each; with no subject it
// is the one for all of them together.
type budgetKey struct{ caller, subject entente.SID }

// A budget is what somebody has left. It is guarded by its shard.
type budget struct {
	home     *shard
	policy   ThrottlingPolicy
	balance  float64   // of server time, in milliseconds, at the time at
	at       time.Time // monotonic, as all times here
	busy     int64
	begun    time.Duration // sum of when those under way began, after the throttle's start
	mean     time.Duration // time of a request, smoothed; 0 before the first
	promised time.Time     // the last place given out to those who wait
	watching int64
	streams  int64
}

// A throttle keeps the budgets. Those that are full are forgotten, so that the
// memory it takes goes with who is active and not with who ever was.
type throttle struct {
	start  time.Time
	seed   maphash.Seed
	mean   atomic.Int64 // time of anybody's request, in nanoseconds
	shards [64]shard    // so that callers seldom wait for each other
}

type shard struct {
	mu      sync.Mutex
	budgets map[budgetKey]*budget
	sweepAt int // how many there may be before the full ones are looked for
}

// sweepFrom is the fewest budgets of a shard among which full ones are looked
// for.
const sweepFrom = 64

func newThrottle(now time.Time) *throttle {
	t := &throttle{start: now, seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].budgets, t.shards[i].sweepAt = map[budgetKey]*budget{}, sweepFrom
	}
	return t
}

// budget returns the budget of a key, full if it is new, with its shard locked.
func (t *throttle) budget(k budgetKey, p *ThrottlingPolicy, now time.Time) *budget {
	s := &t.shards[maphash.Comparable(t.seed, k)%uint64(len(t.shards))]
	s.mu.Lock()
	b := s.budgets[k]
	if b == nil {
		if len(s.budgets) >= s.sweepAt {
			s.sweep(now)
		}
		b = &budget{home: s, policy: *p, balance: float64(p.EwsMaxBurst), at: now}
		s.budgets[k] = b
	}
	if b.policy != *p {
		// Another policy begins with a full budget: who was given more need not
		// wait for it.
		b.policy, b.balance, b.at = *p, float64(p.EwsMaxBurst), now
	}
	b.recharge(now)
	return b
}

// sweep forgets the budgets that say nothing: nobody holds them and they are
// full.
func (s *shard) sweep(now time.Time) {
	for k, b := range s.budgets {
		b.recharge(now)
		if b.busy+b.watching+b.streams == 0 && (b.balance >= float64(b.policy.EwsMaxBurst) || !b.policy.metered()) {
			delete(s.budgets, k)
		}
	}
	s.sweepAt = max(sweepFrom, 2*len(s.budgets))
}

func (t *throttle) sweep(now time.Time) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.sweep(now)
		s.mu.Unlock()
	}
}

const hourMilliseconds = float64(time.Hour / time.Millisecond)

func (b *budget) recharge(now time.Time) {
	if since := now.Sub(b.at); since > 0 {
		back := float64(since) / float64(time.Millisecond) * float64(b.policy.EwsRechargeRate) / hourMilliseconds
		b.balance, b.at = min(b.balance+back, float64(b.policy.EwsMaxBurst)), now
	}
}

// A place is what a request holds of its two budgets while it is under way.
type place struct {
	own, all *budget
	since    time.Time
}

// enter takes a place in both budgets or in none. In either case it tells what
// is left of the caller's own.
func (t *throttle) enter(k budgetKey, p *policies, now time.Time) (place, left, error) {
	own := t.budget(k, &p.own, now)
	err := t.take(own, now)
	l := own.left()
	own.home.mu.Unlock()
	if err != nil {
		return place{}, l, err
	}
	all := t.budget(budgetKey{caller: k.caller}, &p.all, now)
	err = t.take(all, now)
	all.home.mu.Unlock()
	if err != nil {
		own.home.mu.Lock()
		own.give(now.Sub(t.start))
		own.home.mu.Unlock()
		return place{}, l, err
	}
	return place{own, all, now}, l, nil
}

// take takes a place in one budget, if there is one.
func (t *throttle) take(b *budget, now time.Time) error {
	if most := b.policy.EwsMaxConcurrency; most != Unlimited && b.busy >= most {
		return busy(t.turn(b, now), "more than %d requests at once for this caller and user", most)
	}
	if b.policy.metered() && b.balance <= -float64(b.policy.EwsCutoffBalance) {
		missing := -float64(b.policy.EwsCutoffBalance) - b.balance
		// One millisecond more than to the cutoff itself, at which it is refused.
		wait := (missing + 1) * hourMilliseconds / float64(max(b.policy.EwsRechargeRate, 1))
		return busy(time.Duration(wait)*time.Millisecond, "this caller has used the server time it may use for this user")
	}
	b.busy++
	b.begun += now.Sub(t.start)
	return nil
}

// Guesses about requests, before any was measured, and the longest wait that
// those who find no place are asked for.
const (
	firstGuess  = 100 * time.Millisecond
	longestTurn = 30 * time.Second
)

// turn is when somebody who found no place can expect one. A place comes free
// about as often as requests take time, divided by how many are under way; who
// is refused meanwhile gets the next one, so that they do not all come back at
// once.
func (t *throttle) turn(b *budget, now time.Time) time.Duration {
	mean := b.mean
	if mean == 0 {
		mean = time.Duration(t.mean.Load())
	}
	if mean == 0 {
		mean = firstGuess
	}
	// Requests that take longer than usual will not end sooner for that.
	n := time.Duration(max(b.busy, 1))
	mean = max(mean, now.Sub(t.start)-b.begun/n)
	if b.promised.Before(now) {
		b.promised = now
	}
	b.promised = b.promised.Add(max(mean/n, time.Millisecond))
	if wait := b.promised.Sub(now); wait <= longestTurn {
		return wait
	}
	b.promised = now.Add(longestTurn)
	return longestTurn
}

func (b *budget) give(began time.Duration) {
	b.busy--
	b.begun -= began
}

// leave gives a place back and charges for the time it was held.
func (t *throttle) leave(p place, now time.Time) {
	took := max(now.Sub(p.since), 0)
	t.mean.Store(int64(smoothed(time.Duration(t.mean.Load()), took)))
	for _, b := range [...]*budget{p.own, p.all} {
		b.home.mu.Lock()
		b.recharge(now)
		b.give(p.since.Sub(t.start))
		b.balance -= float64(took) / float64(time.Millisecond)
		b.mean = smoothed(b.mean, took)
		b.home.mu.Unlock()
	}
}

// smoothed follows a mean of about the last eight.
func smoothed(mean, one time.Duration) time.Duration {
	if mean == 0 {
		return max(one, 1)
	}
	return max(mean+(one-mean)/8, 1)
}

// charge takes server time from two budgets without a place: for what is done
// on a connection that waits.
func (t *throttle) charge(p place, took time.Duration, now time.Time) {
	for _, b := range [...]*budget{p.own, p.all} {
		b.home.mu.Lock()
		b.recharge(now)
		b.balance -= float64(took) / float64(time.Millisecond)
		b.home.mu.Unlock()
	}
}

// left is what a budget had left when a request came.
type left struct {
	policy                           ThrottlingPolicy
	busy, balance, watching, streams int64
}

func (b *budget) left() left {
	return left{b.policy, b.busy, int64(b.balance), b.watching, b.streams}
}

// String is what is left and what there is, as the answer's header says it.
func (l *left) String() string {
	b := make([]byte, 0, 128)
	b = appendLeft(b, "concurrency=", l.policy.EwsMaxConcurrency-l.busy, l.policy.EwsMaxConcurrency)
	burst := l.policy.EwsMaxBurst
	if !l.policy.metered() {
		burst = Unlimited
	}
	b = appendLeft(b, ", balance=", l.balance, burst)
	b = appendLeft(b, ", subscriptions=", l.policy.EwsMaxSubscriptions-l.watching, l.policy.EwsMaxSubscriptions)
	b = appendLeft(b, ", streams=", l.policy.EwsMaxStreamingConnections-l.streams, l.policy.EwsMaxStreamingConnections)
	return string(b)
}

func appendLeft(b []byte, what string, left, of int64) []byte {
	b = append(b, what...)
	if of == Unlimited {
		return append(b, "unlimited"...)
	}
	b = strconv.AppendInt(b, left, 10)
	b = append(b, '/')
	return strconv.AppendInt(b, of, 10)
}

// hold counts one subscription or streaming connection more or, with n -1, one
// less, if the policy allows it.
func (t *throttle) hold(k budgetKey, p *policies, of func(*budget) (count *int64, most int64), reason entente.Reason, now time.Time) (release func(), err error) {
	b := t.budget(k, &p.own, now)
	defer b.home.mu.Unlock()
	count, most := of(b)
	if most != Unlimited && *count >= most {
		return nil, entente.Errorf(entente.Unavailable, "more than %d at once for this caller and user", most).Because(reason)
	}
	*count++
	return sync.OnceFunc(func() {
		b.home.mu.Lock()
		defer b.home.mu.Unlock()
		*count--
	}), nil
}

func subscriptions(b *budget) (*int64, int64) { return &b.watching, b.policy.EwsMaxSubscriptions }
func streams(b *budget) (*int64, int64)       { return &b.streams, b.policy.EwsMaxStreamingConnections }
