package publish

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/connections"
	"entente/kerberos"
)

// authenticate finds out who is calling, by what the listener asks for and by
// nothing else, and that his account may come at this moment.
func (g *Gateway) authenticate(p *Passage) error {
	if err := g.fresh(); err != nil {
		return err
	}
	p.Snapshot = g.Snapshot()
	if p.Open || slices.Contains(p.Listener.Auth, NoAuth) {
		return nil
	}
	caller, err := p.Listener.Methods.Authenticate(p.In, p.answer)
	if err != nil && !denied(err) {
		return err
	}
	if caller == nil || err != nil || caller.Foreign != nil || caller.External() {
		return g.stranger(p, err, err != nil)
	}
	// The account is looked at here again, for every request, and whoever is
	// disabled gets what strangers get. (threats K4, E6)
	a, ok := p.Snapshot.FindSID(caller.Authenticated.SID)
	if !ok || !a.Enabled {
		if ok {
			g.forget(&a)
		}
		return g.stranger(p, entente.Errorf(entente.Denied, "the account of %s is not there or disabled", caller.Authenticated).Because(reasonAccount), true)
	}
	connections.SignedIn(p.In)
	if !g.present.known(p, caller, &a, g.Limits.PerUser) {
		return (&entente.Error{Kind: entente.Unavailable, Text: "too many requests at once"}).Because(reasonBusy)
	}
	return nil
}

// forget has no tickets kept for somebody who may not come, once in a while.
func (g *Gateway) forget(a *access.Account) {
	if g.Tickets != nil && g.complaints.fresh("tickets\x00"+string(a.SID), g.Now()) {
		g.Tickets.Flush(g.user(a))
	}
}

func denied(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == entente.Denied
}

// stranger turns away who has not signed in. The answer is the same whatever was
// wrong, and challenges with what the listener has. Where that is certificates
// alone there is nothing HTTP could ask for.
func (g *Gateway) stranger(p *Passage, err error, refused bool) error {
	if refused {
		g.records.refused(source(p.In), p.Listener.Name)
	}
	a := &Answer{Status: http.StatusUnauthorized, Header: http.Header{}, Reason: reasonStranger, Err: err}
	p.Listener.Methods.Challenge(a.Header)
	if len(a.Header["Www-Authenticate"]) == 0 {
		a.Status = http.StatusForbidden
	}
	return a
}

// fresh refuses everybody while what is known of accounts is too old to say who
// may still come.
func (g *Gateway) fresh() error {
	if g.Fresh == nil || g.Now().Sub(g.Fresh()) <= g.MaxAge {
		return nil
	}
	return entente.Errorf(entente.Unavailable, "the directory has not been read since %v", g.Fresh().UTC().Format(time.RFC3339)).Because(reasonStale)
}

// authorize applies the organization's policies, by rules that enforce them, to
// those who signed in and to those whose message must.
func (g *Gateway) authorize(p *Passage) error {
	if p.Open {
		return g.openPath(p)
	}
	if p.Rule.Enforce {
		return g.enforce(p)
	}
	return nil
}

// enforce has policies decide. What they let through goes the rest of the way
// from there, as they left it.
func (g *Gateway) enforce(p *Passage) error {
	if g.Enforcer == nil {
		return entente.Errorf(entente.Unavailable, "there is nobody to enforce policies").Because(reasonPolicies)
	}
	passed := false
	g.Enforcer.Enforce(p.Rule, p.Caller, p.ID, p.w, p.In, func(w http.ResponseWriter, r *http.Request, as access.Principal) {
		if passed {
			panic("publish: one request was passed on twice")
		}
		passed = true
		p.w, p.In = w, r
		if err := g.inNameOf(p, as); err != nil {
			p.end(g, err)
			return
		}
		for _, step := range g.steps()[afterAuthorize:] {
			if err := step(p); err != nil {
				p.end(g, err)
				return
			}
		}
	})
	return errAnswered
}

// inNameOf has the inside be told of somebody, who is the caller or whom he may
// act as.
func (g *Gateway) inNameOf(p *Passage, as access.Principal) error {
	if as.SID == p.Account.SID {
		return nil
	}
	a, ok := p.Snapshot.FindSID(as.SID)
	if !ok {
		return entente.Errorf(entente.Denied, "there is no account of %s", as).Because(reasonAccount)
	}
	p.Account = a
	return nil
}

// user is for whom a ticket is asked.
func (g *Gateway) user(a *access.Account) kerberos.User {
	u := kerberos.User{Name: logonName(a), Realm: g.Realm, SID: a.SID}
	if g.PAC == kerberos.PACNone {
		u.SID = "" // a realm of names alone
	}
	return u
}

// present are the requests under way.
type present struct {
	mu   sync.Mutex
	all  map[*Passage]context.CancelCauseFunc
	user map[entente.SID]int
}

// maxPatience is how long a request may have been under way when the gateway
// stops, if it is to be let finish.
const maxPatience = 10 * time.Second

var errEnding = entente.Errorf(entente.Unavailable, "the gateway stops").Because(reasonEnding)

// end ends who waits for news: he would wait longer than we do.
func (n *present) end(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p, cancel := range n.all {
		if now.Sub(p.Started) > maxPatience {
			cancel(errEnding)
		}
	}
}

// enter has a request among those under way until leave is called.
func (g *Gateway) enter(p *Passage, cancel context.CancelCauseFunc) (leave func()) {
	n := &g.present
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all[p] = cancel
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.all, p)
		if sid := p.counted; sid != "" {
			if n.user[sid]--; n.user[sid] <= 0 {
				delete(n.user, sid)
			}
		}
	}
}

// known says whose a request is, and whether he may have one more.
func (n *present) known(p *Passage, c *access.Caller, a *access.Account, most int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	p.Caller, p.Account, p.who, p.counted, p.chain = c, *a, logonName(a), a.SID, p.In.TLS.PeerCertificates
	n.user[a.SID]++ // leave takes it back
	return n.user[a.SID] <= most
}

var errRevoked = (&entente.Error{Kind: entente.Denied, Text: "what the request was let in by does not hold any more"}).Because(reasonRevoked)

// review ends requests under way whose caller would not be let in any more:
// polls last half an hour, and connections that changed their protocol longer.
// (threats K4)
func (g *Gateway) review(ctx context.Context) {
	n := &g.present
	n.mu.Lock()
	waiting := make([]*Passage, 0, len(n.all))
	for p := range n.all {
		if p.counted != "" {
			waiting = append(waiting, p)
		}
	}
	n.mu.Unlock()
	s, stale := g.Snapshot(), g.fresh() != nil
	for _, p := range waiting {
		if g.holds(ctx, s, p) && !(stale && g.Now().Sub(p.Started) > g.MaxAge) {
			continue
		}
		if a, ok := s.FindSID(p.counted); ok {
			g.forget(&a)
		}
		n.mu.Lock()
		if cancel := n.all[p]; cancel != nil {
			cancel(errRevoked)
		}
		n.mu.Unlock()
	}
}

// holds reports whether what a request was let in by is still so.
func (g *Gateway) holds(ctx context.Context, s *access.Snapshot, p *Passage) bool {
	a, ok := s.FindSID(p.counted)
	if !ok || !a.Enabled || logonName(&a) != p.who {
		return false
	}
	if p.Caller.Method != access.Certificate {
		return true
	}
	m, err := p.Listener.Judge.Match(ctx, p.chain)
	if err != nil {
		return !denied(err) // what cannot be found out now was known when it came
	}
	return m.Account.SID == p.counted
}
