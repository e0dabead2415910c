package device

import "time"

// maxCounted bounds of how many devices it is remembered how they behaved.
const maxCounted = 20_000

// counts are how often a device did something, each since a time.
type counts struct {
	of   map[string]count
	last uint64 // of what it asked for last
}

type count struct {
	since time.Time
	n     int
}

// Behaved counts that a device behaved in a way, and reports whether that was more
// often than a limit in a time. Each node counts for itself, and forgets with the
// process.
func (s *Store) Behaved(k Key, behaviour string, limit int, within time.Duration) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.counted(k).of
	c := x[behaviour]
	if now.Sub(c.since) >= within {
		c = count{since: now}
	}
	c.n++
	x[behaviour] = c
	if c.n <= limit {
		return false
	}
	delete(x, behaviour)
	return true
}

// Repeats reports whether a device asks for what it asked for just before, by a hash
// of it.
func (s *Store) Repeats(k Key, hash uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counted(k)
	same := c.last == hash
	c.last = hash
	return same
}

// counted returns a device's counts. The lock is held.
func (s *Store) counted(k Key) *counts {
	c := s.behaviour[k]
	if c == nil {
		if len(s.behaviour) >= maxCounted {
			clear(s.behaviour)
		}
		c = &counts{of: map[string]count{}}
		s.behaviour[k] = c
	}
	return c
}
