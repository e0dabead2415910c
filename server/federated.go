package server

import (
	"cmp"
	"strings"

	"entente/authn"
)

// delegationMethod finds out who comes to the WSSecurity paths.
func (s *Server) delegationMethod() *authn.Delegation {
	return authn.NewDelegation(authn.DelegationConfig{
		Trust: s.Federation, Directory: s.Directory, Hosts: s.publishedHosts, Secure: secure, Now: s.options.Now,
		Refused: func(organization, why string) {
			s.log.Warn("a partner's request is turned away", "organization", organization, "why", why)
			s.partners.Refused(organization) // it may sign with a newer key
		},
	})
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
