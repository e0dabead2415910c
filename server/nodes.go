package server

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"

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

// nodeURL is where the other nodes reach this one. The port is that of the
// listener, or what is configured of it before it listens.
func (s *Server) nodeURL() string {
	host, port := s.config.Name, ""
	if u, err := url.Parse(s.config.URL); err == nil && u.Host != "" {
		host, port = u.Hostname(), u.Port()
	}
	if n := s.port.n.Load(); port == "" && n != 0 {
		port = strconv.FormatInt(n, 10)
	}
	if _, p, err := net.SplitHostPort(s.config.Listen.HTTPS); port == "" && err == nil && p != "0" {
		port = p
	}
	if port == "" || port == "443" {
		return (&url.URL{Scheme: "https", Host: strings.TrimSuffix(net.JoinHostPort(host, ""), ":")}).String()
	}
	return (&url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)}).String()
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
