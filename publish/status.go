package publish

import (
	"slices"
	"strings"
	"time"

	"entente"
)

// A Status is how the gateway stands.
type Status struct {
	Listeners []ListenerStatus `json:"listeners"`
	Rules     []RuleStatus     `json:"rules"`
	Requests  int              `json:"requests"` // under way
	// Fresh is as of when accounts are known; zero where they are our own.
	Fresh time.Time `json:"fresh,omitzero"`
}

// A ListenerStatus is how a listener is set.
type ListenerStatus struct {
	Name         string   `json:"name"`
	Address      string   `json:"address"`
	Auth         []string `json:"auth"`
	Names        []string `json:"names"`
	Certificates []string `json:"certificates"` // until when each is good
}

// A RuleStatus is how a rule stands.
type RuleStatus struct {
	Name       string         `json:"name"`
	Listener   string         `json:"listener"`
	Delegation Delegation     `json:"delegation"`
	SPN        entente.SPN    `json:"spn,omitempty"`
	Requests   int64          `json:"requests"` // since the start
	Refused    int64          `json:"refused"`
	Servers    []ServerStatus `json:"servers"`
}

// A ServerStatus is what is known of a server inside.
type ServerStatus struct {
	Address string    `json:"address"`
	Down    bool      `json:"down"`
	Since   time.Time `json:"since,omitzero"`
	Error   string    `json:"error,omitempty"`
}

// String says it for people.
func (s ServerStatus) String() string {
	if !s.Down {
		return s.Address + " up"
	}
	return s.Address + " down since " + s.Since.UTC().Format(time.RFC3339) + ": " + s.Error
}

// Status shows how the gateway stands.
func (g *Gateway) Status() Status {
	s := Status{Listeners: []ListenerStatus{}, Rules: []RuleStatus{}}
	for _, l := range g.listeners {
		one := ListenerStatus{Name: l.Name, Address: l.Address}
		for _, a := range l.Auth {
			one.Auth = append(one.Auth, string(a))
		}
		for n := range l.paths {
			one.Names = append(one.Names, n)
		}
		slices.Sort(one.Names)
		for _, c := range l.face.Load().all {
			one.Certificates = append(one.Certificates, c.Leaf.NotAfter.UTC().Format(time.RFC3339)+" "+strings.Join(c.Leaf.DNSNames, ","))
		}
		s.Listeners = append(s.Listeners, one)
	}
	for _, r := range g.rules {
		one := RuleStatus{Name: r.Name, Listener: r.Listener, Delegation: r.Delegation, Requests: r.requests.Load(), Refused: r.refusals.Load()}
		if r.Delegation == KCD || r.Delegation == KCDKerberosOnly {
			one.SPN = r.service
		}
		for _, v := range r.servers {
			one.Servers = append(one.Servers, v.status())
		}
		s.Rules = append(s.Rules, one)
	}
	g.present.mu.Lock()
	s.Requests = len(g.present.all)
	g.present.mu.Unlock()
	if g.Fresh != nil {
		s.Fresh = g.Fresh()
	}
	return s
}

func (s *server) status() ServerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := ServerStatus{Address: s.address, Down: s.down, Since: s.since}
	if s.err != nil {
		v.Error = s.err.Error()
	}
	return v
}
