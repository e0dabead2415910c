package easserver

import (
	"sync"
	"time"
)

// heartbeats know how long the networks of phones let a connection live. A phone
// that loses its connection while it waits, time and again, is told to wait less
// long: it would otherwise learn of its mail when it asks anew. What is known is of
// this process, and of no use to another.
type heartbeats struct {
	mu sync.Mutex
	of map[string]*heartbeat // by client
}

type heartbeat struct {
	losses   int           // in a row
	shortest time.Duration // after which it was lost
	bound    time.Duration // 0 for none
}

const (
	// manyLosses is how many in a row are no accident.
	manyLosses = 3
	// maxHeartbeats bounds the memory; beyond it somebody's is forgotten.
	maxHeartbeats = 10_000
)

// longest is the longest heartbeat a phone may ask for.
func (h *heartbeats) longest(client string) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.of[client]; b != nil && b.bound != 0 {
		return b.bound
	}
	return longestHeartbeat
}

// lost notes that a phone lost its connection while it waited.
func (h *heartbeats) lost(client string, after time.Duration) {
	if after < shortestHeartbeat {
		return // no shorter bound would have helped
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.of[client]
	if b == nil {
		if h.of == nil {
			h.of = map[string]*heartbeat{}
		}
		for other := range h.of {
			if len(h.of) < maxHeartbeats {
				break
			}
			delete(h.of, other)
		}
		b = &heartbeat{}
		h.of[client] = b
	}
	if b.losses == 0 || after < b.shortest {
		b.shortest = after
	}
	if b.losses++; b.losses >= manyLosses {
		b.losses = 0
		b.bound = max((b.shortest * 3 / 4).Truncate(time.Second), shortestHeartbeat)
	}
}

// lasted notes that a heartbeat came to its end. What is possible is tried
// out, slowly.
func (h *heartbeats) lasted(client string, d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.of[client]
	if b == nil {
		return
	}
	b.losses = 0
	if b.bound != 0 && d >= b.bound {
		b.bound = (b.bound * 9 / 8).Truncate(time.Second)
	}
	if b.bound == 0 || b.bound >= longestHeartbeat {
		delete(h.of, client)
	}
}
