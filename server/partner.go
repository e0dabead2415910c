package server

import (
	"context"
	"slices"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/authn"
	"entente/availability"
	"entente/directory"
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
		Audit: s.Audit, Pin: s.pin, Now: s.options.Now, Log: s.log,
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

// pin puts a partner's keys in the place of those that signed for them, and
// records that it did. What an administrator changed meanwhile stays.
func (s *Server) pin(ctx context.Context, relationship string, from, to []string, why string) error {
	rec := audit.Record{
		Kind: audit.System, Method: access.Local, Action: "relationship.keys", Allowed: true,
		Targets: append([]string{relationship, why}, to...),
	}
	return s.Directory.Update(ctx, func(c *directory.Change) error {
		err := c.SetRelationship(relationship, func(r *access.Relationship) error {
			if !slices.Equal(r.Keys, from) {
				return entente.Errorf(entente.Conflict, "the pinned keys were changed meanwhile")
			}
			r.Keys = to
			return nil
		})
		if err != nil {
			return err
		}
		return c.Also(s.Audit.Note(rec))
	})
}

// partnersAdmin is what asks partners as administrators see it.
type partnersAdmin struct{ *partner.Client }

// Try implements admin.Partners.
func (p partnersAdmin) Try(ctx context.Context, relationship string, as access.Principal, about entente.SMTPAddress) (*partner.Trial, error) {
	return p.Client.Try(ctx, relationship, authn.Local(as, "relationship test"), about)
}

var _ admin.Partners = partnersAdmin{}
