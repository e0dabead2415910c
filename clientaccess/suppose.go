package clientaccess

import (
	"entente"
	"entente/access"
	"entente/authn"
)

// Suppose returns what a request would meet now at this server, stage by stage
// up to and with the first refusal: the same rules on the same snapshot. No
// permit comes of it, so nothing can be opened by asking.
func (d *Door) Suppose(x access.Supposition) access.Supposed {
	return d.Directory.Snapshot().Suppose(d.Complete(x))
}

// Complete fills in what a supposition leaves open: a zero At is now, an empty
// Server this one, an empty Protocol EWS.
func (d *Door) Complete(x access.Supposition) access.Supposition {
	if x.At.IsZero() {
		x.At = d.Now()
	}
	if x.Server == "" {
		x.Server = d.Server
	}
	if x.Protocol == "" {
		x.Protocol = string(EWS)
	}
	return x
}

// AskFor answers a question as it would be for somebody who signed in himself,
// with a client that no list concerns.
func (d *Door) AskFor(who access.Principal, q access.Question) access.Decision {
	q.Caller = supposed(who)
	return d.Ask(q)
}

// GrantedTo returns what item grants open to somebody in a mailbox.
func (d *Door) GrantedTo(who access.Principal, id entente.MailboxID) []access.Granted {
	q := access.Question{Caller: supposed(who), On: access.MailboxOf(id), Want: access.FolderLookup, At: d.Now(), Server: d.Server}
	p, err := d.Directory.Snapshot().Ask(q, nil)
	if err != nil {
		return nil
	}
	return p.Granted()
}

// supposed is a caller who does not call.
func supposed(who access.Principal) *access.Caller {
	c := authn.Local(who, "explain")
	// Work of this process has rights of its own; a client does not.
	c.Method, c.Chain, c.ActsAs, c.Authenticated = access.Basic, nil, nil, who
	return c
}
