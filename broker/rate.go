package broker

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"entente/audit"
)

// rates are buckets that hold a minute's worth, by whom they are of.
type rates struct {
	mu sync.Mutex
	of map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds what sources that come once can take of memory.
const maxBuckets = 100_000

// take takes one from a bucket. If there is none left it says after what time
// there will be one.
func (r *rates) take(key string, perMinute int, now time.Time) (after time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]*bucket{}
	}
	x := r.of[key]
	if x == nil {
		if len(r.of) >= maxBuckets {
			r.clear(now)
		}
		if len(r.of) >= maxBuckets {
			return time.Minute, false
		}
		x = &bucket{left: float64(perMinute), at: now}
		r.of[key] = x
	}
	each := time.Minute / time.Duration(max(perMinute, 1))
	if passed := now.Sub(x.at); passed > 0 {
		x.left = min(x.left+float64(passed)/float64(each), float64(perMinute))
		x.at = now
	}
	if x.left < 1 {
		return time.Duration((1 - x.left) * float64(each)), false
	}
	x.left--
	return 0, true
}

// giveBack puts one back that was taken of somebody who has become known.
func (r *rates) giveBack(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.of[key]; x != nil {
		x.left++
	}
}

// clear forgets buckets that are full again.
func (r *rates) clear(now time.Time) {
	for key, x := range r.of {
		if now.Sub(x.at) >= time.Minute {
			delete(r.of, key)
		}
	}
}

// strangers counts refusals of those nobody knows, so that a flood of them is
// one record a minute for each source and not a flood of records.
type strangers struct {
	mu sync.Mutex
	by map[string]int
}

const maxStrangers = 10_000

func (s *strangers) count(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]int{}
	}
	if _, ok := s.by[source]; !ok && len(s.by) >= maxStrangers {
		source = "others"
	}
	s.by[source]++
}

func (b *Broker) countStrangers() {
	b.unseen.mu.Lock()
	by := b.unseen.by
	b.unseen.by = nil
	b.unseen.mu.Unlock()
	for source, n := range by {
		b.Audit.AppendLater(audit.Record{Kind: audit.Stranger, Action: "broker.request", Address: source, Count: n, Code: "AccessDenied"})
	}
	b.rates.mu.Lock()
	defer b.rates.mu.Unlock()
	b.rates.clear(b.Now())
}

// sourceOf is the network that a request came from: an IPv4 address, or the /64
// of an IPv6 one, within which an address costs nothing.
func sourceOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := a.Addr().Unmap().WithZone("")
	if ip.Is6() {
		p, err := ip.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return ip.String()
}
