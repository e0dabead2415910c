package server

import (
	"context"
	"net/http"
	"time"

	"entente"
	"entente/activesync/easserver"
	"entente/clientaccess"
	"entente/db"
	"entente/device"
)

// ActiveSyncConfig is how phones are served.
type ActiveSyncConfig struct {
	DevicePin string `yaml:"device_pin,omitempty" doc:"What of a client certificate the gateway binds a mobile device to, by rules that enforce policies: issuer (a certificate of the same authority for the same account goes on), key, serial-number (of the subject), or none. A device that came with a certificate of one account never comes with another's. Default issuer."`
	Redirect  bool   `yaml:"redirect,omitempty" doc:"Send phones whose mailbox another node has to the external URL of that node's ActiveSync virtual directory, or of its site (HTTP 451), where there is one. Default false: their requests are passed on."`

	ActAs bool `yaml:"act_as,omitempty" doc:"Let phones act as another account that their user may impersonate, by a login IMPERSONATED!USER or the User parameter. Default false."`

	SMIME *SMIMEConfig `yaml:"smime,omitempty" doc:"Whose certificates phones are told to be good when they ask about those of signed and encrypted mail (ValidateCert). Without it, nobody's."`
}

// openActiveSync makes what serves phones.
func (s *Server) openActiveSync(ctx context.Context) error {
	if err := s.main.Migrate(ctx, device.Schema()); err != nil {
		return err
	}
	if err := s.mailJudge(); err != nil {
		return err
	}
	s.Devices = device.NewStore(s.main, s.options.Now)
	c := s.config.ActiveSync
	if c == nil {
		c = &ActiveSyncConfig{}
	}
	phones := easserver.Config{
		ActAs: c.ActAs, Redirect: c.Redirect,
		Log: s.log, Free: s.free, Courier: s.post, Nodes: s.nodes, Devices: s.Devices, Tell: s.tellAbout,
		Unavailable: func(err error) bool { return db.IsUnavailable(err) || db.IsFull(err) },
	}
	if s.mailCerts != nil {
		phones.Certificates = s.mailCerts
	}
	s.eas = easserver.New(phones)
	return nil
}

// tellAbout mails administrators of a mobile device. It holds up no request.
func (s *Server) tellAbout(to []entente.SMTPAddress, subject, text string) {
	s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		for _, a := range to {
			if err := s.tell(ctx, a, subject, text); err != nil {
				s.log.Warn("mail about a mobile device", "to", string(a), "err", err)
			}
		}
	})
}

// activeSyncRoutes has the paths of phones.
func (s *Server) activeSyncRoutes(table map[string]http.Handler) {
	h := s.Door.Guard(clientaccess.ActiveSync, s.eas)
	if s.eas.ActAs {
		h = easserver.ActAs(h)
	}
	table["/microsoft-server-activesync"] = h
	table["/microsoft-server-activesync/default.eas"] = h
}

// ActiveSyncURL is where phones find this server.
func (s *Server) ActiveSyncURL() string {
	return "https://" + s.publicHost() + "/Microsoft-Server-ActiveSync"
}

// How often partnerships that nobody uses are looked for, and how many are forgotten
// at once.
const (
	expireEvery  = time.Hour
	expireAtOnce = 200
)

// expireDevices forgets mobile devices that have not come for as long as is set, and
// how far they had followed their mailboxes.
func (s *Server) expireDevices(ctx context.Context) {
	every := time.NewTicker(expireEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := s.expireOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("mobile devices that are not used", "err", err)
		}
	}
}

func (s *Server) expireOnce(ctx context.Context) error {
	days := s.Directory.Snapshot().Devices().Expiry
	if days == 0 {
		return nil
	}
	all, err := s.Devices.Unused(ctx, s.options.Now().AddDate(0, 0, -days), expireAtOnce)
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.Devices.Remove(ctx, all[i].Key); err != nil {
			return err
		}
		s.log.Info("mobile device forgotten", "device", all[i].ID, "account", string(all[i].Account), "last", all[i].Last)
		s.forgetClient(ctx, all[i].Key)
	}
	return nil
}

// forgetClient drops what a mailbox keeps of a device. One that cannot be had now
// keeps it: the device begins anew all the same.
func (s *Server) forgetClient(ctx context.Context, k device.Key) {
	a, ok := s.Directory.Snapshot().FindSID(k.Account)
	if !ok || a.Mailbox.IsZero() {
		return
	}
	work := s.Door.Local(a.Principal, "device.expire")
	code := ""
	v, err := work.Own(ctx)
	if err == nil {
		err = v.ForgetClient(ctx, k.Client())
	}
	if err != nil {
		code = "NotForgotten"
		s.log.Warn("what a mailbox keeps of a device", "device", k.ID, "err", err)
	}
	if err := work.Finish(ctx, code); err != nil {
		s.log.Warn("audit", "err", err)
	}
}
