package authn

import "entente/access"

// A Relayed is a request that the other side of a relay makes for somebody of
// its own. What it says is its word alone: the channel proves which side
// speaks, and the agreement bounds for whom it may.
type Relayed struct {
	For   access.Principal // by address; its SID, if any, means nothing here
	Chain []access.Link    // who really asked there, if that is another
	// Peer and Agreement are the names of the other side and of what it asks
	// under.
	Peer, Agreement string
	Evidence        string // fingerprint of the key of the channel
	Address         string // the other end of the channel
}

// Caller makes the caller of a relayed request: somebody known by address,
// without an account here and so without the rights of one.
func (r Relayed) Caller() *access.Caller {
	c := &access.Caller{
		Authenticated: access.Principal{Mail: r.For.Mail},
		Method:        access.Relay,
		Evidence:      clean(r.Evidence),
		Realm:         r.Peer,
		Address:       clean(r.Address),
	}
	c.Chain = append(c.Chain, access.Link{How: "relay " + r.Peer + " under agreement " + r.Agreement})
	for _, l := range r.Chain[:min(len(r.Chain), maxLinks)] {
		l.Who.SID = "" // another organization's
		l.How = clean(l.How)
		c.Chain = append(c.Chain, l)
	}
	return c
}
