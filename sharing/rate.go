package sharing

import (
	"net/netip"
	"sync"
	"time"
)

// What one source may ask for: some at once, and so many a minute after that.
// Calendar programs ask a few times an hour.
const (
	burst      = 60
	perMinute  = 30
	maxBuckets = 10_000
)

// rate bounds what strangers ask for, by source: an address, or the network of
// one of IPv6. It is safe for concurrent use.
type rate struct {
	mu sync.Mutex
	of map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take reports whether a source may ask once more.
func (r *rate) take(source string, now time.Time) bool {
	source = network(source)
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.of[source]
	if b == nil {
		if len(r.of) >= maxBuckets {
			r.sweep(now)
		}
		if len(r.of) >= maxBuckets {
			return false // a flood from everywhere: who is known goes on
		}
		b = &bucket{left: burst, at: now}
		r.of[source] = b
	}
	b.fill(now)
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(burst, b.left+passed.Minutes()*perMinute)
		b.at = now
	}
}

// sweep forgets sources that have all they may have.
func (r *rate) sweep(now time.Time) {
	for source, b := range r.of {
		if b.fill(now); b.left >= burst {
			delete(r.of, source)
		}
	}
}

// network is what a source is counted under: whoever has one address of IPv6 has
// a whole /64.
func network(source string) string {
	a, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}
