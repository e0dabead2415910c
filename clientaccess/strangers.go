package clientaccess

import (
	"net"
	"net/http"
	"sync"
)

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
