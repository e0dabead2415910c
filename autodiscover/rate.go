package autodiscover

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// A rate bounds what one source may ask without having signed in: a bucket a
// source, which fills again with time. The zero value is ready.
type rate struct {
	mu      sync.Mutex
	now     func() time.Time // nil for time.Now
	buckets map[netip.Prefix]*bucket
	swept   time.Time
	others  bucket // of sources beyond the limit, together
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	rateBurst  = 60
	rateMinute = 60
	maxSources = 10_000
	sweepEvery = 10 * time.Second
)

// allow takes one request of a source, a host or an IPv6 network, from its bucket.
func (l *rate) allow(remote string) bool {
	now := time.Now()
	if l.now != nil {
		now = l.now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(sourceOf(remote), now)
	b.fill(now)
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

func (l *rate) bucket(source netip.Prefix, now time.Time) *bucket {
	if b := l.buckets[source]; b != nil {
		return b
	}
	// Not for each of those who find no room: that would cost us more than them.
	if len(l.buckets) >= maxSources && now.Sub(l.swept) >= sweepEvery {
		l.sweep(now)
	}
	if len(l.buckets) >= maxSources {
		if l.others.at.IsZero() {
			l.others = bucket{rateBurst, now}
		}
		return &l.others
	}
	if l.buckets == nil {
		l.buckets = map[netip.Prefix]*bucket{}
	}
	b := &bucket{rateBurst, now}
	l.buckets[source] = b
	return b
}

// sweep forgets the buckets that are full: they say nothing.
func (l *rate) sweep(now time.Time) {
	l.swept = now
	for k, b := range l.buckets {
		if b.fill(now); b.left >= rateBurst {
			delete(l.buckets, k)
		}
	}
}

func (b *bucket) fill(now time.Time) {
	if since := now.Sub(b.at); since > 0 {
		b.left, b.at = min(b.left+since.Minutes()*rateMinute, rateBurst), now
	}
}

// sourceOf is whom an address counts for: an IPv4 host, or the /64 that one
// subscriber of IPv6 has.
func sourceOf(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the bits are right for the address
	return p
}
