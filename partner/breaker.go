package partner

import (
	"sync"
	"time"
)

// When a breaker opens, and for how long.
const (
	maxFailures  = 3 // one after the other; a single hang is enough
	firstPause   = 5 * time.Second
	longestPause = time.Minute
)

// A breaker keeps a partner that does not answer from costing everybody the time
// it takes to find that out. After failures it is open: nothing is asked. When
// its pause is over one question is let through, which closes it or opens it
// for twice as long. The zero breaker is closed. It is safe for concurrent use.
type breaker struct {
	mu       sync.Mutex
	failures int
	pause    time.Duration
	until    time.Time // open until then; zero while closed
	probing  time.Time // since when a question is under way that will tell
	last     error
	at       time.Time // of last
}

// allow reports whether something may be asked now. Whoever is allowed says what
// came of it, by succeeded, failed or neither: then it was not the other side.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return true
	}
	// Who was to find out may have gone without a word.
	if now.Before(b.until) || !b.probing.IsZero() && now.Sub(b.probing) < AskTime+time.Second {
		return false
	}
	b.probing = now
	return true
}

func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.pause, b.until, b.probing = 0, 0, time.Time{}, time.Time{}
}

// unsure is told of a question of which nothing was learnt.
func (b *breaker) unsure() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = time.Time{}
}

// failed counts a failure of the other side. hung is one that took all the time
// there was.
func (b *breaker) failed(now time.Time, err error, hung bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.last, b.at = err, now
	if b.failures < maxFailures && !hung && b.until.IsZero() {
		return
	}
	if !b.until.IsZero() && now.Before(b.until) {
		return // others that were under way when it opened
	}
	b.pause = min(max(2*b.pause, firstPause), longestPause)
	b.until, b.probing = now.Add(b.pause), time.Time{}
}

// problem returns what went wrong last.
func (b *breaker) problem() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// A State is how a breaker stands.
type State string

// The states.
const (
	StateClosed   State = "closed"    // asked as usual
	StateOpen     State = "open"      // not asked
	StateHalfOpen State = "half-open" // the next question tells
)

// state returns how it stands, until when it is open, and what went wrong last
// and when.
func (b *breaker) state(now time.Time) (s State, failures int, until, at time.Time, last error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.until.IsZero():
		s = StateClosed
	case now.Before(b.until):
		s = StateOpen
	default:
		s = StateHalfOpen
	}
	return s, b.failures, b.until, b.at, b.last
}

// breakers has one for each partner.
type breakers struct {
	mu  sync.Mutex
	all map[string]*breaker
}

func (b *breakers) of(key string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]*breaker{}
	}
	if b.all[key] == nil {
		b.all[key] = &breaker{}
	}
	return b.all[key]
}
