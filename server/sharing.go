package server

import (
	"context"

	"entente/sharing"
)

// openSharing makes what publishes calendars. Nothing is published unless a
// sharing policy has a rule for Anonymous, which none has at first.
func (s *Server) openSharing(ctx context.Context) error {
	if err := s.main.Migrate(ctx, sharing.Schema()); err != nil {
		return err
	}
	seal, err := s.ring.SharingSeal(ctx)
	if err != nil {
		return err
	}
	s.sharing = sharing.New(sharing.Config{
		DB: s.main, Directory: s.Directory, Door: s.Door, Seal: seal, Log: s.log, Now: s.options.Now,
		Base: func() string { return "https://" + s.publicHost() },
	})
	return nil
}
