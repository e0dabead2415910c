package kerberos

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"entente"
)

// replayCache knows the authenticators that have been accepted, for as long as
// they would be again. RFC 4120 3.2.3
//
// It keeps 64 bits of a hash of each, in buckets by the time that the
// authenticator says, so that what has run out is dropped a bucket at a time.
// Two that fall together by chance, one in 10^12 at three million, cost a
// client another try. A cache that is full refuses: to forget would be to
// accept again.
type replayCache struct {
	skew  time.Duration
	width time.Duration // of a bucket
	limit int           // of a shard
	shard [replayShards]replayShard
}

type replayShard struct {
	mu      sync.Mutex
	buckets map[int64]map[uint64]struct{}
	n       int
	// floor is the first bucket that was not dropped: a clock that goes back does
	// not open the others again.
	floor int64
	_     [64]byte // a cache line between two locks
}

const (
	replayShards = 64
	// maxReplay is 13,000 a second over five minutes; kept, they take some 140 MB.
	maxReplay = 4 << 20
)

func newReplayCache(skew time.Duration, limit int) *replayCache {
	c := &replayCache{skew: skew, width: max(skew/16, time.Second), limit: max(limit/replayShards, 1)}
	for i := range c.shard {
		c.shard[i].buckets = map[int64]map[uint64]struct{}{}
	}
	return c
}

// once remembers an authenticator. It is one step: of many who bring the same
// one, one is let through. It goes by the ciphertext and nothing else: all that
// stands around it, the name of the service too, is open to be changed by who
// shows it again.
func (c *replayCache) once(cipher []byte, made, now time.Time) error {
	sum := sha256.Sum256(cipher)
	id, s := binary.BigEndian.Uint64(sum[:]), &c.shard[sum[8]%replayShards]
	at, floor := c.bucket(made), c.bucket(now.Add(-c.skew))
	s.mu.Lock()
	defer s.mu.Unlock()
	if floor > s.floor {
		s.floor = floor
		for b, m := range s.buckets {
			if b < floor {
				s.n -= len(m)
				delete(s.buckets, b)
			}
		}
	}
	m := s.buckets[at]
	if _, seen := m[id]; seen {
		return refuse(Replayed, "the token was shown before")
	}
	if at < s.floor {
		return refuse(Replayed, "the token is of a time that the clock here has left behind")
	}
	if s.n >= c.limit {
		return &entente.Error{
			Kind: entente.Unavailable, Reason: ReplayFull, Text: "too many are signing in",
			Err: fmt.Errorf("%d tokens of the last %v are known here, and no more can be", c.limit*replayShards, 2*c.skew),
		}
	}
	if m == nil {
		m = map[uint64]struct{}{}
		s.buckets[at] = m
	}
	m[id] = struct{}{}
	s.n++
	return nil
}

func (c *replayCache) bucket(t time.Time) int64 { return t.UnixNano() / int64(c.width) }
