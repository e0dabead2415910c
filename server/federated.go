package server

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"entente/authn"
)

// delegationMethod finds out who comes to the WSSecurity paths.
func (s *Server) delegationMethod() *authn.Delegation {
	return authn.NewDelegation(authn.DelegationConfig{
		Trust: s.Federation, Directory: s.Directory, Hosts: s.publishedHosts, Secure: secure, Now: s.options.Now,
		Refused: func(organization, why string) {
			if s.complaints.fresh(organization+"\x00"+why, s.options.Now()) {
				s.log.Warn("a partner's request is turned away", "organization", organization, "why", why)
			}
			s.partners.Refused(organization) // it may sign with a newer key
		},
	})
}

// complaints are what was said of partners within the last minute: one that sends
// without end fills no log.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	complaintEvery = time.Minute
	maxComplaints  = 1000
)

// fresh reports whether a complaint is to be made now.
func (c *complaints) fresh(what string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.last[what]; ok && now.Sub(at).Abs() < complaintEvery {
		return false
	}
	if c.last == nil || len(c.last) >= maxComplaints {
		c.last = map[string]time.Time{}
	}
	c.last[what] = now
	return true
}

// externalURL is where partners reach this organization.
func (s *Server) externalURL() string {
	var c FederationConfig
	if s.config.Federation != nil {
		c = *s.config.Federation
	}
	return cmp.Or(c.ExternalURL, "https://"+s.publicHost())
}

// publishedHosts are the names under which partners may write to this server, in
// lower case and without the usual port.
func (s *Server) publishedHosts() []string {
	external := strings.TrimPrefix(strings.ToLower(s.externalURL()), "https://")
	return []string{strings.ToLower(s.publicHost()), strings.TrimSuffix(external, ":443")}
}
