package clientaccess

import (
	"net"
	"net/http"
	"sync"
	"time"

	"entente"
)

// Busy is the reason of a request refused because of its budget.
const Busy entente.Reason = "busy"

// BackOff is how long a refused caller is asked to wait: requests are short,
// so a place is free soon.
const BackOff = 500 * time.Millisecond

// A budget is charged for a request: who calls, for whom. An application that
// serves many users has a budget for each.
type budget struct{ caller, subject entente.SID }

// throttle counts the requests under way of each budget.
type throttle struct {
	mu    sync.Mutex
	limit int
	busy  map[budget]int
}

func (t *throttle) enter(b budget) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[b] >= t.limit {
		return entente.Errorf(entente.Unavailable,
			"more than %d requests at once for this caller and user", t.limit).Because(Busy)
	}
	t.busy[b]++
	return nil
}

func (t *throttle) leave(b budget) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[b]--; t.busy[b] <= 0 {
		delete(t.busy, b)
	}
}

// strangers counts refused sign-ins by source. Sources beyond the limit are
// counted together, so that forged addresses cost no memory.
type strangers struct {
	mu      sync.Mutex
	refused map[string]int
}

const (
	maxSources   = 10_000
	otherSources = "others"
)

func (s *strangers) count(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.refused[source]; !known && len(s.refused) >= maxSources {
		source = otherSources
	}
	s.refused[source]++
}

func (s *strangers) take() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.refused
	s.refused = map[string]int{}
	return taken
}

func host(r *http.Request) string {
	h, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return h
}
