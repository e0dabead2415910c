package server

import (
	"context"

	"entente/availability"
	"entente/outgoing"
	"entente/partner"
)

// openPartners makes what asks other organizations when their people are free.
func (s *Server) openPartners(ctx context.Context) error {
	if err := s.main.Migrate(ctx, partner.Schema()); err != nil {
		return err
	}
	c := partner.Config{
		DB: s.main, Ring: s.ring, Federation: s.Federation, Snapshot: s.Directory.Snapshot,
		HTTP: s.abroad.HTTPClient(outgoing.Partner), Autodiscover: s.abroad.HTTPClient(outgoing.Autodiscover),
		Audit: s.Audit, Now: s.options.Now, Log: s.log,
	}
	if s.dns != nil {
		c.Names = s.dns
	}
	var err error
	if s.partners, err = partner.Open(ctx, c); err == nil {
		s.onClose(s.partners.Close)
	}
	return err
}

// remotes are the ways to ask about people who are not here: a relay, which is
// an agreement about few, before partners.
func (s *Server) remotes() availability.Remotes {
	if s.relay == nil {
		return availability.Remotes{s.partners}
	}
	return availability.Remotes{s.relay, s.partners}
}
