package clientaccess

import (
	"errors"
	"net/http"

	"entente"
	"entente/access"
	"entente/authn"
)

// A FederatedHandler serves people of other organizations.
type FederatedHandler interface {
	Handler
	// TurnAway answers who is not known, in the words of the protocol and in the
	// same ones whatever is wrong.
	TurnAway(w http.ResponseWriter, r *http.Request)
}

// GuardFederated returns h behind the entrance for people of other
// organizations: there the method m counts and no other, nobody is invited to
// sign in, and a caller whom no other organization vouches for is a stranger. At
// the entrance of Guard, they are.
func (d *Door) GuardFederated(p Protocol, m authn.Method, h FederatedHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID(r)
		w.Header().Set("request-id", id)
		caller, err := m.Authenticate(r, w.Header())
		if d.closed(w, err) {
			return
		}
		if err != nil || caller == nil || caller.Foreign == nil {
			// Nobody comes here without a token by accident.
			d.strangers.count(host(r))
			h.TurnAway(w, r)
			return
		}
		d.admit(p, id, caller, h, w, r)
	})
}

// closed answers for a method that could not find out who is calling.
func (d *Door) closed(w http.ResponseWriter, err error) bool {
	var e *entente.Error
	switch {
	case err == nil:
		return false
	case !errors.As(err, &e):
		d.Slog.Error("authenticate", "err", err)
	case e.Kind == entente.Denied:
		return false
	}
	w.Header().Set("Retry-After", "3")
	http.Error(w, "sign-in is not available now; try again", http.StatusServiceUnavailable)
	return true
}

// Partner returns the relationship that somebody of another organization is
// under, if there is one in force that names his. The error says that there is
// none.
func (s *Session) Partner() (*access.Relationship, error) {
	return s.snapshot.Partner(s.caller, s.started, &s.trace)
}
