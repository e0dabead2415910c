// Package clientaccess is the one door: every client request is
// authenticated, decided, throttled, audited and only then handed on.
//
// A protocol's handler gets a Session and nothing else. It cannot make a
// caller, cannot make a permit, and cannot answer before the audit record of
// what it did is safe. The door knows no protocol: what an error looks like on
// the wire is the handler's business.
package clientaccess

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/db"
	"entente/directory"
	"entente/mailbox"
)

// A Protocol is what a request came by; each has its gate and its budget.
type Protocol string

const (
	EWS          Protocol = "ews"
	ActiveSync   Protocol = "activesync"
	Autodiscover Protocol = "autodiscover"
)

// A Handler serves one request of an authenticated caller. It calls
// Session.Conclude before it writes its answer.
type Handler interface {
	ServeSession(s *Session, w http.ResponseWriter, r *http.Request)
}

// Config is what a Door joins.
type Config struct {
	Server    string // this server's name, on which ms-Exch-EPI-Impersonation is held
	Methods   authn.Methods
	Directory *directory.Directory
	Mailboxes *mailbox.Store
	Log       *audit.Log
	Slog      *slog.Logger
	Now       func() time.Time
	// OwnerReads has what owners read in their own mailboxes recorded too.
	// Off by default, as in Exchange: it is most of the traffic and tells least.
	OwnerReads bool
	// Concurrency is how many requests of one caller for one subject may be
	// under way at once where no throttling policy says otherwise; 0 is 27, as
	// Exchange has it.
	Concurrency int
	// DB keeps throttling policies and which clients were seen, in the tables of
	// Schema. Without it there is the default policy and no memory of clients.
	DB *db.DB
	// SignedIn, if set, is told of every request whose caller is proven.
	SignedIn func(*http.Request)
	// Observe, if set, is told of every finished request, for metrics.
	Observe func(Observation)
}

// An Observation is what metrics may know of a request: no names.
type Observation struct {
	Protocol Protocol
	Action   string
	Code     string
	Took     time.Duration
}

// A Door guards handlers.
type Door struct {
	Config
	throttle   *throttle
	throttling atomic.Pointer[Throttling]
	strangers  strangers
	visits     visits
	seen       seen
	settings   settings
	told       told
	ending     chan struct{}
	end        sync.Once
}

// New returns a door. Run its Run to have strangers' refusals recorded, and
// policies in force that other nodes set.
func New(c Config) *Door {
	if c.Concurrency == 0 {
		c.Concurrency = 27
	}
	d := &Door{
		Config:    c,
		throttle:  newThrottle(c.Now()),
		strangers: strangers{refused: map[string]int{}},
		visits:    visits{seen: map[visit]int{}},
		seen:      newSeen(c.DB != nil),
		settings:  newSettings(),
		ending:    make(chan struct{}),
	}
	d.throttling.Store(d.newThrottling())
	return d
}

// Guard returns h behind the door: without a proven caller h never runs.
func (d *Door) Guard(p Protocol, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID(r)
		w.Header().Set("request-id", id)
		methods := d.methods(p)
		caller, err := methods.Authenticate(r, w.Header())
		if caller == nil || err != nil || caller.Foreign != nil {
			d.turnAway(p, methods, w, r, err)
			return
		}
		if given, ok := gatewaysID(r, caller); ok {
			id = given
			w.Header().Set("request-id", id)
		}
		d.admit(p, id, caller, h, w, r)
	})
}

// admit has a handler serve a request whose caller is proven.
func (d *Door) admit(p Protocol, id string, caller *access.Caller, h Handler, w http.ResponseWriter, r *http.Request) {
	if d.SignedIn != nil {
		d.SignedIn(r)
	}
	s := d.session(p, id, caller)
	s.header = w.Header()
	defer s.end(r.Context())
	h.ServeSession(s, w, r)
}

// turnAway answers a request whose caller is not known. The answer is the
// same whatever was wrong with the credentials.
func (d *Door) turnAway(p Protocol, methods authn.Methods, w http.ResponseWriter, r *http.Request, err error) {
	if d.closed(w, err) {
		return
	}
	if err != nil || d.switchedOff(p, methods, r) {
		d.strangers.count(host(r))
	}
	methods.Challenge(w.Header())
	http.Error(w, "sign in", http.StatusUnauthorized)
}

// Ask answers a question without acting on it, for the administrator: the
// same decision on the same snapshot that a request would meet.
func (d *Door) Ask(q access.Question) access.Decision {
	return d.Directory.Snapshot().Decide(q)
}

// How often what runs in the background is done.
const (
	settingsEvery  = 400 * time.Millisecond // a change is known to all within a second
	clientsEvery   = 30 * time.Second
	strangersEvery = time.Minute
)

// Run does what is done beside requests, until ctx ends. Throttling policies
// that other nodes set come in force, and who waits is told when settings
// change. Once a minute it is recorded how many strangers were refused, by
// source, so that a flood of them costs one record a source and not one each;
// and which clients were seen is kept.
func (d *Door) Run(ctx context.Context) {
	look, minute, clients := time.NewTicker(settingsEvery), time.NewTicker(strangersEvery), time.NewTicker(clientsEvery)
	defer look.Stop()
	defer minute.Stop()
	defer clients.Stop()
	ill := false
	for {
		var err error
		select {
		case <-ctx.Done():
			d.flushStrangers()
			d.lastClients(ctx)
			return
		case <-minute.C:
			d.flushStrangers()
			d.throttle.sweep(d.Now())
			continue
		case <-d.seen.full:
			err = d.flushClients(ctx)
		case <-clients.C:
			err = d.flushClients(ctx)
		case <-look.C:
			d.settings.look(d.Directory.Snapshot().Generation())
			err = d.reload(ctx)
		}
		// An outage is told once, not twice a second.
		if err != nil && !ill && ctx.Err() == nil {
			d.Slog.Error("client access settings", "err", err)
		}
		ill = err != nil
	}
}

// lastClients keeps which clients were seen when the server stops.
func (d *Door) lastClients(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.flushClients(ctx); err != nil {
		d.Slog.Error("clients seen", "err", err)
	}
}

func (d *Door) flushStrangers() {
	for source, n := range d.strangers.take() {
		d.Log.AppendLater(audit.Record{Kind: audit.Stranger, Action: "sign-in", Address: source, Count: n})
	}
	d.flushVisits()
}
