package clientaccess

import (
	"context"
	"time"

	"entente/access"
)

// A Verdict is what becomes of a client that was seen when settings change.
type Verdict struct {
	Client
	Was, Would access.Supposed
}

// Rehearse decides for every client seen since a day whether it would come in,
// on the settings of now and on those after a change: by the gate's own code.
// f is called for those of which it says another thing. Clients that are no
// longer told apart (OtherClients) are left out, and counted.
func (d *Door) Rehearse(ctx context.Context, change access.Delta, since time.Time, f func(Verdict)) (unknown int64, err error) {
	now := d.Directory.Snapshot()
	next, at := now.With(change), d.Now()
	err = d.Clients(ctx, since, func(c Client) error {
		if c.UserAgent == OtherClients {
			unknown += c.Requests
			return nil
		}
		by, ok := now.FindSID(c.By)
		subject, found := now.FindSID(c.Subject)
		if !ok || !found {
			return nil // somebody is gone
		}
		x := access.Supposition{Caller: by.Principal, Application: c.Application, UserAgent: c.UserAgent, Server: d.Server, Protocol: string(c.Protocol), At: at}
		if c.Subject != c.By {
			x.ActsAs = &subject.Principal
		}
		v := Verdict{Client: c, Was: now.Suppose(x), Would: next.Suppose(x)}
		if v.Was.Allowed() != v.Would.Allowed() {
			f(v)
		}
		return nil
	})
	return unknown, err
}
