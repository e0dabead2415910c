package kerberos

import (
	"context"

	"entente/kerberos/pac"
)

// Evidence asks for a ticket in a user's name for this account itself, S4U2Self,
// and says what the realm tells in it: for tests of a set-up. Nothing is kept, and
// neither whom the ticket is for nor whether it is forwardable is judged: what the
// realm does not let happen shows in what it says. An error with a ticket is about
// its PAC.
func (d *Delegator) Evidence(ctx context.Context, u User) (*Ticket, *pac.PAC, error) {
	if err := d.check(u, "krbtgt"); err != nil {
		return nil, nil, err
	}
	t, err := d.askSelf(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	p, err := d.ownPAC(t)
	return t, p, err
}
