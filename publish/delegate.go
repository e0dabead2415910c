package publish

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/kerberos"
)

// logonName is the name by which the KDC knows an account: sAMAccountName. UPNs
// are not asked for: Active Directory has names of its own beside them, and a
// ticket that was asked for by one need not say the other.
func logonName(a *access.Account) string { return a.LogonName }

// delegate finds out how the inside is told who is calling, and that it can be.
// The ticket is got before anything is sent: without one nothing goes inside.
func (g *Gateway) delegate(p *Passage) error {
	switch d := cmp.Or(p.Rule.Delegation, Block); {
	case p.Open, d == PassThrough:
		p.pool = "connection " + connID(p.In)
		return nil
	case d == Block, p.Caller == nil:
		return entente.Errorf(entente.Denied, "the rule passes nothing on").Because(reasonBlocked)
	case d == DelegateBasic:
		if p.Caller.Method != access.Basic || p.Account.SID != p.Caller.Authenticated.SID {
			return entente.Errorf(entente.Denied, "there is no password to pass on").Because(reasonBlocked)
		}
	case g.Tickets == nil:
		return entente.Errorf(entente.Unavailable, "no tickets are to be had").Because(reasonNoTickets)
	default:
		if _, err := g.ticket(p.In.Context(), p); err != nil {
			return err
		}
	}
	// A name may be another account's tomorrow, a SID never is. (threats E5)
	p.pool = "sid " + string(p.Account.SID) + " " + string(p.rule.service)
	if p.Rule.Shared {
		p.pool = "shared " + string(p.rule.service)
	}
	return g.record(p)
}

// kerberos reports whether a passage is in somebody's name by a ticket.
func (p *Passage) kerberos() bool {
	return !p.Open && (p.Rule.Delegation == KCD || p.Rule.Delegation == KCDKerberosOnly)
}

// ticket returns the caller's ticket for the internal site. Whoever keeps tickets
// is asked again each time: what was flushed must not be used from here.
func (g *Gateway) ticket(ctx context.Context, p *Passage) (*kerberos.Ticket, error) {
	p.Service = p.rule.service
	if p.Rule.Delegation == KCD {
		if logonName(&p.Account) == "" {
			return nil, entente.Errorf(entente.Denied, "the account of %s has no logon name", p.Account.Principal).Because(reasonAccount)
		}
		return g.Tickets.For(ctx, g.user(&p.Account), p.Service)
	}
	evidence, ok := p.Caller.Ticket.(*kerberos.Ticket)
	if !ok || evidence == nil {
		return nil, entente.Errorf(entente.Denied, "there is no ticket to show on").Because(kerberos.NotForwardable)
	}
	if p.Account.SID != p.Caller.Authenticated.SID {
		return nil, entente.Errorf(entente.Denied, "a client's ticket is good for him alone").Because(reasonBlocked)
	}
	return g.Tickets.Onward(ctx, evidence, p.Service)
}

// credentials sets the Authorization header of one attempt. Each has a token of
// its own: servers take none twice.
func (g *Gateway) credentials(p *Passage, h http.Header) error {
	switch {
	case p.kerberos():
		t, err := g.ticket(p.In.Context(), p)
		if err != nil {
			return err
		}
		token, _, err := t.Negotiate(g.Now(), kerberos.Bindings{}, false)
		if err != nil {
			return err
		}
		h["Authorization"] = []string{"Negotiate " + token}
	case p.passesThrough(), p.Rule.Delegation == DelegateBasic:
		if v := p.In.Header["Authorization"]; len(v) == 1 {
			h["Authorization"] = v
		} else if len(v) > 1 {
			return entente.Errorf(entente.Invalid, "more than one Authorization").Because(reasonRequest)
		}
	}
	return nil
}

// shows reports whether the request has anything by which a server inside could
// know whose it is: what nobody is asked for proves nobody.
func (p *Passage) shows() bool {
	return len(p.In.Header["Authorization"]) > 0 || p.Open
}

// againEvery is how often the KDC is asked anew for what a server inside refuses:
// one that refuses everything must not have it asked for everything.
const againEvery = 10 * time.Second

// again makes room for a new ticket after a server inside refused one: it may
// have a new key since.
func (g *Gateway) again(p *Passage) bool {
	if !g.complaints.every(againEvery, "again\x00"+string(p.Account.SID)+"\x00"+string(p.Service), g.Now()) {
		return false
	}
	g.Tickets.Flush(g.user(&p.Account))
	return true
}
