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
	"errors"
	"log/slog"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
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
	// under way at once; 0 is 27, as Exchange has it.
	Concurrency int
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
	throttle  throttle
	strangers strangers
}

// New returns a door. Run its Run to have strangers' refusals recorded.
func New(c Config) *Door {
	if c.Concurrency == 0 {
		c.Concurrency = 27
	}
	return &Door{
		Config:    c,
		throttle:  throttle{limit: c.Concurrency, busy: map[budget]int{}},
		strangers: strangers{refused: map[string]int{}},
	}
}

// Guard returns h behind the door: without a proven caller h never runs.
func (d *Door) Guard(p Protocol, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set("request-id", id)
		caller, err := d.Methods.Authenticate(r)
		if caller == nil || err != nil {
			d.turnAway(w, r, err)
			return
		}
		if d.SignedIn != nil {
			d.SignedIn(r)
		}
		s := d.session(p, id, caller)
		defer s.end(r.Context())
		h.ServeSession(s, w, r)
	})
}

// turnAway answers a request whose caller is not known. The answer is the
// same whatever was wrong with the credentials.
func (d *Door) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	var e *entente.Error
	if err != nil && !errors.As(err, &e) {
		d.Slog.Error("authenticate", "err", err)
		e = entente.Errorf(entente.Unavailable, "sign-in is not available")
	}
	if e != nil && e.Kind != entente.Denied {
		w.Header().Set("Retry-After", "3")
		http.Error(w, "sign-in is not available now; try again", http.StatusServiceUnavailable)
		return
	}
	if err != nil {
		d.strangers.count(host(r))
	}
	d.Methods.Challenge(w.Header())
	http.Error(w, "sign in", http.StatusUnauthorized)
}

// Ask answers a question without acting on it, for the administrator: the
// same decision on the same snapshot that a request would meet.
func (d *Door) Ask(q access.Question) access.Decision {
	return d.Directory.Snapshot().Decide(q)
}

// Run records once a minute how many strangers were refused, by source, so
// that a flood of them costs one record a source and not one each. It ends
// with ctx.
func (d *Door) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.flushStrangers()
			return
		case <-tick.C:
			d.flushStrangers()
		}
	}
}

func (d *Door) flushStrangers() {
	for source, n := range d.strangers.take() {
		d.Log.AppendLater(audit.Record{Kind: audit.Stranger, Action: "sign-in", Address: source, Count: n})
	}
}
