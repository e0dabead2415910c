package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/activesync/easserver"
	"entente/admin"
	"entente/audit"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/autodiscover"
	"entente/availability"
	"entente/broker"
	"entente/clientaccess"
	"entente/connections"
	"entente/db"
	"entente/delivery"
	"entente/device"
	"entente/directory"
	"entente/directory/ldap"
	"entente/ews/ewsserver"
	"entente/ews/ewssharing"
	"entente/federation"
	"entente/hop"
	"entente/keys"
	"entente/mailbox"
	"entente/outgoing"
	"entente/partner"
	"entente/publish"
	"entente/relay"
	"entente/sharing"
	"entente/transport"
)

// Options are what a Server is given beside its configuration.
type Options struct {
	// Organization names the organization of a new database.
	Organization string
	Log          *slog.Logger
	// Now, if set, is the clock by which everything is decided, for tests of what
	// takes years.
	Now func() time.Time
	// Demo marks the state as the demo's, which nothing else serves, and
	// keeps the listeners on loopback.
	Demo bool
}

// A Server is one node of one organization, ready to run.
type Server struct {
	config  Config
	options Options
	log     *slog.Logger
	metrics *metrics

	files     *keys.Files
	ring      *keys.Ring
	main      *db.DB
	boxes     *databases
	Directory *directory.Directory
	LDAP      *ldap.Client // nil if accounts come from nowhere else
	Mailboxes *mailbox.Store
	Audit     *audit.Log
	Door      *clientaccess.Door
	Admin     *admin.API
	auto      *autodiscover.Service
	ews       *ewsserver.Handler
	eas       *easserver.Handler
	Devices   *device.Store // phones
	nodes     *hop.Router
	parcels   *hop.Post
	free      *availability.Service
	post      *delivery.Courier
	sharing   *sharing.Service

	invitations *ewssharing.Service
	relay       *relay.Relay       // nil if this node has no side of one
	mail        *transport.Service // nil if this node neither sends nor takes mail
	partners    *partner.Client

	abroad     *outgoing.Dialer // to the broker and partners
	dns        *outgoing.DNS    // by which they are found; nil if the system has none
	Federation *federation.Service
	seenNews   seenNews
	delegation *authn.Delegation
	complaints complaints
	kerberos   kerberosEnds
	Broker     *broker.Broker      // nil if this server is none
	Gateway    *publish.Gateway    // nil if this server is none
	clients    *clientcert.Judge   // of client certificates at the own listener; nil if none count
	judges     []*clientcert.Judge // this and those of the gateway's listeners
	mailCerts  *clientcert.Judge   // of certificates of mail; nil if none count

	port      port
	strangers connections.Strangers
	lot       *connections.Lot // of those who wait at the HTTPS listener
	cancel    context.CancelFunc
	running   sync.WaitGroup
	closers   []func() error // last first
}

// New opens the state and the databases and joins the rooms. Nothing listens
// yet. Close it.
func New(ctx context.Context, c Config, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{config: c, options: o, log: o.Log, metrics: newMetrics()}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"state", s.openState},
		{"database", s.openDatabase},
		{"keys", s.openKeys},
		{"directory", s.openDirectory},
		{"places", s.adopt},
		{"mailboxes", s.openMailboxes},
		{"audit log", s.openAudit},
		{"records", s.settleRecords},
		{"federation", s.openFederation},
		{"broker", s.openBroker},
		{"kerberos", s.openKerberos},
		{"nodes", s.openNodes},
		{"certificates", s.openClients},
		{"protocols", s.join},
		{"gateway", s.openPublish},
	} {
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", step.what, err), s.Close())
		}
	}
	return s, nil
}

func (s *Server) onClose(f func() error) { s.closers = append(s.closers, f) }

// Close ends what runs in the background and closes everything, in the
// reverse order of opening. It may be called twice.
func (s *Server) Close() error {
	if s.cancel != nil {
		s.cancel()
	}
	s.running.Wait()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// background runs f until the server is closed.
func (s *Server) background(ctx context.Context, f func(context.Context)) {
	s.running.Go(func() { f(ctx) })
}

// dialer is the way out. What a purpose may reach is said here, in one place.
func (s *Server) dialer(sockets ...string) *outgoing.Dialer {
	return outgoing.New(outgoingRules(sockets...), nil)
}

func (s *Server) openDatabase(ctx context.Context) error {
	d, err := s.open(ctx, s.config.Database)
	if err != nil {
		return err
	}
	s.main = d
	s.onClose(d.Close)
	return nil
}

// open opens a database URL; relative SQLite files lie in the state.
func (s *Server) open(ctx context.Context, url string) (*db.DB, error) {
	if file, ok := cutSQLite(url); ok && !filepath.IsAbs(file) {
		url = "sqlite:" + filepath.Join(s.config.State, file)
	}
	return db.Open(ctx, url, db.Options{Dial: s.dialer(socketOf(url)...).DialFunc(purposeDatabase)})
}

// socketOf returns the folder of the Unix socket that a database URL names,
// as libpq does: postgres:///name?host=/folder. The administrator wrote it, so
// it may be reached.
func socketOf(database string) []string {
	u, err := neturl.Parse(database)
	if err != nil {
		return nil
	}
	if host := u.Query().Get("host"); filepath.IsAbs(host) {
		return []string{host}
	}
	return nil
}

// ringOwner is whose the keys in the database are. A database has one
// organization, whose name is not known before the directory is open, and may
// change.
const ringOwner = "organization"

func (s *Server) openKeys(ctx context.Context) error {
	f, err := keys.OpenFiles(filepath.Join(s.config.State, "keys"))
	if err != nil {
		return err
	}
	s.files = f
	s.onClose(f.Close)
	m, err := keys.Schema()
	if err != nil {
		return err
	}
	if err := s.main.Migrate(ctx, m); err != nil {
		return err
	}
	s.ring = keys.New(keys.Config{DB: s.main, Organization: ringOwner, Files: f, Now: s.options.Now, Recorded: s.keyGivenOut})
	return nil
}

// keyGivenOut records that a key's bytes are about to leave the ring.
func (s *Server) keyGivenOut(ctx context.Context, e keys.Export) error {
	if s.Audit == nil {
		return errors.New("no audit log yet")
	}
	return s.Audit.Append(ctx, audit.Record{
		Kind: audit.System, Action: "keys.export", Targets: []string{string(e.Purpose), e.ID, e.Reason}, Method: access.Local, Allowed: true,
	})
}

func (s *Server) openDirectory(ctx context.Context) error {
	c := directory.Config{
		DB:           s.main,
		Organization: s.options.Organization,
		Failed:       func(err error) { s.log.Error("directory", "err", err) },
	}
	if s.ring != nil { // a Store that is only looked at has none
		seal, err := s.ring.DirectorySeal(ctx)
		if err != nil {
			return err
		}
		c.Seal = seal
	}
	d, err := directory.Open(ctx, c)
	if err != nil {
		return err
	}
	s.Directory = d
	return nil
}

func (s *Server) openMailboxes(context.Context) error {
	s.boxes = &databases{server: s, open: map[string]*db.DB{}}
	s.onClose(s.boxes.close)
	s.Mailboxes = mailbox.New(mailbox.Config{Databases: s.boxes.get, Node: s.config.Name, Expected: s.expected})
	s.onClose(s.Mailboxes.Close)
	return nil
}

func (s *Server) openAudit(ctx context.Context) error {
	if err := s.main.Migrate(ctx, audit.Schema()); err != nil {
		return err
	}
	signer, err := s.ring.CheckpointSigner()
	if err != nil {
		return err
	}
	seal, err := s.ring.AuditSeal(ctx)
	if err != nil {
		return err
	}
	s.Audit, err = audit.Open(ctx, audit.Config{
		DB: s.main, Node: s.config.Name, Signer: signer, Now: s.options.Now, Seal: seal,
		Failed: func(err error) { s.log.Error("audit", "err", err) },
	})
	if err != nil {
		return err
	}
	s.onClose(func() error { s.Audit.Close(); return nil })
	return nil
}

// join builds the door and the protocols behind it.
func (s *Server) join(ctx context.Context) error {
	state, err := s.ring.SyncStateKey(ctx)
	if err != nil {
		return err
	}
	if err := s.main.Migrate(ctx, clientaccess.Schema()); err != nil {
		return err
	}
	s.Door = clientaccess.New(clientaccess.Config{
		Server: s.config.Name,
		Methods: slices.Concat(s.negotiateMethod(), authn.Methods{
			&authn.Bearer{Directory: s.Directory, Secure: secure},
			&authn.Basic{Directory: s.Directory, Realm: s.config.Name, Secure: secure},
			s.nodes.Node,
		}, s.certificateMethod()),
		Directory: s.Directory, Mailboxes: s.Mailboxes, Log: s.Audit, Slog: s.log, Now: s.options.Now,
		OwnerReads: s.config.Audit.OwnerReads, Concurrency: s.config.Limits.Concurrency, DB: s.main,
		Observe: s.metrics.observe, SignedIn: connections.SignedIn,
	})
	s.post = s.courier()
	if err := s.openPost(ctx); err != nil {
		return err
	}
	if err := s.openLDAP(ctx); err != nil {
		return err
	}
	if err := s.openSharing(ctx); err != nil {
		return err
	}
	if err := s.openRelay(ctx); err != nil {
		return err
	}
	if err := s.openTransport(ctx); err != nil { // behind the relay, whose addresses go before
		return err
	}
	if err := s.openPartners(ctx); err != nil {
		return err
	}
	if err := s.openInvitations(ctx); err != nil {
		return err
	}
	s.free = &availability.Service{Remote: s.remotes(), Nodes: s.nodes}
	s.ews = ewsserver.New(ewsserver.Config{
		Sharing: s.invitations,
		Log:     s.log, SyncState: state,
		Free:        s.free,
		Courier:     s.post,
		Nodes:       s.nodes,
		Unavailable: func(err error) bool { return db.IsUnavailable(err) || db.IsFull(err) },
	})
	if err := s.openActiveSync(ctx); err != nil {
		return err
	}
	major, minor, build, revision := ewsserver.ClaimedVersion()
	s.delegation = s.delegationMethod()
	s.auto = &autodiscover.Service{
		Federation: s.Federation, Delegation: s.delegation,
		Name: s.config.Name, EWS: s.EWSURL(),
		Version: autodiscover.Version{Major: major, Minor: minor, Build: build, Revision: revision},
	}
	s.joinAdmin()
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	s.background(background, s.Door.Run)
	s.background(background, s.parcels.Run)
	s.background(background, s.expireDevices)
	s.background(background, s.Directory.Run)
	s.background(background, s.Federation.Run)
	s.background(background, s.delegation.Run)
	s.background(background, s.runNews)
	s.background(background, s.partners.Run)
	if s.LDAP != nil {
		s.background(background, s.LDAP.Run)
	}
	if s.clients != nil {
		s.background(background, s.clients.Run)
	}
	if s.mailCerts != nil {
		s.background(background, s.mailCerts.Run)
	}
	if s.Broker != nil {
		s.background(background, s.Broker.Run)
	}
	s.background(background, s.watchRecords)
	return s.register(ctx)
}

// courier delivers within the organization; what a mailbox does by itself it
// does in a session of its owner's.
func (s *Server) courier() *delivery.Courier {
	return &delivery.Courier{
		Attend: func(sid entente.SID, task string) delivery.Attendant {
			a, _ := s.Directory.Snapshot().FindSID(sid)
			return s.Door.Local(a.Principal, task)
		},
		Failed: func(err error) { s.log.Error("delivery", "err", err) },
	}
}

// EWSURL is where clients find Exchange.asmx.
func (s *Server) EWSURL() string { return "https://" + s.publicHost() + "/EWS/Exchange.asmx" }

// AutodiscoverURL is where clients find the POX service.
func (s *Server) AutodiscoverURL() string {
	return "https://" + s.publicHost() + "/autodiscover/autodiscover.xml"
}

// AdminSocket is the Unix socket administrators connect to.
func (s *Server) AdminSocket() string { return s.config.Admin.Socket }

// demoStamp is the file that marks a state as the demo's: its passwords are
// printed on a terminal, so no real server may stand on it.
const demoStamp = "DEMO"

// openState makes or checks the state folder. It holds keys and mail, so a
// folder that others may read stops the start.
func (s *Server) openState(context.Context) error {
	if err := os.MkdirAll(s.config.State, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(s.config.State)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o; others could read it: chmod 0700 %s", s.config.State, info.Mode().Perm(), s.config.State)
	}
	stamp := filepath.Join(s.config.State, demoStamp)
	_, err = os.Stat(stamp)
	switch {
	case s.options.Demo:
		return os.WriteFile(stamp, []byte("This state belongs to entente demo; its passwords are known.\n"), 0o600)
	case err == nil:
		return fmt.Errorf("%s was made by entente demo and its passwords are known; choose another state folder", s.config.State)
	}
	return nil
}

// Handler returns everything clients reach over HTTPS.
func (s *Server) Handler() http.Handler { return s.routes() }
