package server

import (
	"context"
	"net/http"

	"entente/activesync/easserver"
	"entente/clientaccess"
	"entente/db"
	"entente/device"
)

// ActiveSyncConfig is how phones are served.
type ActiveSyncConfig struct {
	ActAs bool `yaml:"act_as,omitempty" doc:"Let phones act as another account that their user may impersonate, by a login IMPERSONATED!USER or the User parameter. Default false."`
}

// openActiveSync makes what serves phones.
func (s *Server) openActiveSync(ctx context.Context) error {
	if err := s.main.Migrate(ctx, device.Schema()); err != nil {
		return err
	}
	s.Devices = device.NewStore(s.main, s.options.Now)
	s.eas = easserver.New(easserver.Config{
		Log: s.log, Free: s.free, Courier: s.post, Nodes: s.nodes, Devices: s.Devices,
		Unavailable: func(err error) bool { return db.IsUnavailable(err) || db.IsFull(err) },
	})
	return nil
}

// activeSyncRoutes has the paths of phones.
func (s *Server) activeSyncRoutes(table map[string]http.Handler) {
	h := s.Door.Guard(clientaccess.ActiveSync, s.eas)
	table["/microsoft-server-activesync"] = h
	table["/microsoft-server-activesync/default.eas"] = h
}

// ActiveSyncURL is where phones find this server.
func (s *Server) ActiveSyncURL() string {
	return "https://" + s.publicHost() + "/Microsoft-Server-ActiveSync"
}
