package admin

import (
	"context"

	"entente"
	"entente/publish"
)

// A Gateway publishes servers inside, as the verbs need it.
type Gateway interface{ Status() publish.Status }

// Tickets are those that are had in the name of users, as the verbs need them.
type Tickets interface {
	// Kept is how many tickets there are, and how many refusals.
	Kept() (tickets, refusals int)
	// Forget forgets those of an account, or with an empty SID all.
	Forget(sid entente.SID)
}

// PublishStatus is how the gateway of a server stands.
type PublishStatus struct {
	publish.Status
	Tickets  int `json:"tickets"`  // kept, in the name of users
	Refusals int `json:"refusals"` // of the KDC, that are not asked about again for seconds
}

// PublishStatus shows how the gateway stands.
func (a *API) PublishStatus(context.Context, Nothing) (PublishStatus, error) {
	if a.Gateway == nil {
		return PublishStatus{}, entente.Errorf(entente.NotFound, "this server publishes nothing: the configuration has no section publish")
	}
	s := PublishStatus{Status: a.Gateway.Status()}
	if a.Tickets != nil {
		s.Tickets, s.Refusals = a.Tickets.Kept()
	}
	return s, nil
}

// FlushTickets names whose tickets are to be forgotten.
type FlushTickets struct {
	User string `json:"user,omitempty" help:"Whose; those of all without it."`
}

// FlushTickets forgets tickets in the name of users, and what the KDC refused, so
// that it is asked anew.
func (a *API) FlushTickets(ctx context.Context, q FlushTickets) (Done, error) {
	if a.Tickets == nil {
		return Done{}, entente.Errorf(entente.NotFound, "this server gets no tickets in the name of users: the configuration has no kerberos.account")
	}
	var sid entente.SID
	whose := "all"
	if q.User != "" {
		acc, err := a.account(ctx, q.User)
		if err != nil {
			return Done{}, err
		}
		sid, whose = acc.SID, string(acc.UPN)
	}
	err := a.recorded(ctx, "tickets.flush", []string{whose}, func() error { a.Tickets.Forget(sid); return nil })
	return Done{"the KDC is asked anew for tickets of " + whose}, err
}
