package clientaccess

import (
	"net/http"
	"strings"

	"entente"
	"entente/access"
)

// Admit has a handler serve a request whose caller was proven elsewhere: at a
// listener of the gateway. From there on it is any request: decided, throttled
// and recorded as at the door of a server with mailboxes. id is the request's; a
// new one if empty.
func (d *Door) Admit(p Protocol, id string, c *access.Caller, h Handler, w http.ResponseWriter, r *http.Request) {
	if id == "" {
		id = NewRequestID()
	}
	w.Header().Set("request-id", id)
	d.admit(p, id, c, h, w, r)
}

// Elsewhere notes that the request names a mailbox by its address that no
// database of ours has: one at a server that is not ours, which asks for itself
// what may be done there. The record tells of it, and in which role the caller
// came.
func (s *Session) Elsewhere(address string) {
	if a, ok := s.snapshot.FindSMTP(address); ok && a.SID == s.caller.Subject().SID {
		return
	}
	s.elsewhere = true
	s.Target(entente.MailboxID{}, bounded(address))
}

// TargetElsewhere adds the id of a folder or item at a server that is not ours.
func (s *Session) TargetElsewhere(id string) { s.Target(entente.MailboxID{}, bounded(id)) }

// GatewayIDHeader is by which id a gateway knows the request that it passes on.
const GatewayIDHeader = "X-Entente-Request"

// gatewaysID returns the id a request has at the gateway that passed it on, so that
// both have it on record by one. It counts where a ticket says that it was passed
// on by a service that may: anybody else could give his requests the ids of others.
func gatewaysID(r *http.Request, c *access.Caller) (string, bool) {
	if c.Method != access.Negotiate || len(c.Chain) == 0 || !strings.HasPrefix(c.Chain[0].How, access.ByS4U) {
		return "", false
	}
	id := r.Header.Get(GatewayIDHeader)
	return id, ValidRequestID(id)
}
