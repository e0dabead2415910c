package server

import (
	"crypto/tls"

	"entente/authn"
)

// nodeMethod takes what other nodes of the organization pass on. The domain
// SID stands for the organization: names can be the same.
func (s *Server) nodeMethod() *authn.Node {
	return &authn.Node{
		Directory:    s.Directory,
		Organization: string(s.Directory.Snapshot().Organization().DomainSID),
		Self:         s.config.Name,
		Now:          s.options.Now,
		Refused:      func(node, why string) { s.log.Warn("node refused", "node", node, "why", why) },
	}
}

// nodeChannels has the listener serve channels of nodes beside clients.
func (s *Server) nodeChannels(public *tls.Config) (*tls.Config, error) {
	signer, err := s.ring.NodeSigner()
	if err != nil {
		return nil, err
	}
	t := &authn.NodeTLS{Directory: s.Directory, Signer: signer, Now: s.options.Now}
	return t.Server(public)
}
