package partner

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/ews"
	"entente/federation/token"
)

// sharingTime bounds one question about a folder that is shared.
const sharingTime = 30 * time.Second

// SharingRead asks the server that owner is at about what he shares, in the name
// of a caller, with a token for reading that. Whether there is free/busy between
// the organizations does not matter: the owner has shared it himself. Where his
// server is, the relationship with his organization says.
func (c *Client) SharingRead(ctx context.Context, as *access.Caller, owner entente.SMTPAddress, q ews.Request, into ews.Response) error {
	w := c.wayTo(owner.Domain())
	if w == nil || w.relation == nil || !w.relation.Enabled || w.relation.TargetApplicationURI == "" {
		return entente.Errorf(entente.Denied, "there is no organization relationship with %s that can be used", owner.Domain()).Because(availability.NoRelationship)
	}
	if as.External() {
		return otherOrganization()
	}
	who, err := c.subject(as)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sharingTime)
	defer cancel()
	g := &group{way: w, of: []entente.SMTPAddress{owner}}
	e := &errand{request: requestID(), from: who.Mails[0].Domain()}
	err = c.askShared(ctx, who, g, q, into, e)
	r := c.record(g, as, e, reasonOf(err))
	r.Action = "federation." + q.Element()
	if failed := c.Audit.Append(context.WithoutCancel(ctx), r); failed != nil {
		return failed
	}
	return err
}

// askShared is askRelated for what is shared.
func (c *Client) askShared(ctx context.Context, who token.Subject, g *group, q ews.Request, into ews.Response, e *errand) error {
	b := c.breakers.of(g.key)
	if !b.allow(c.Now()) {
		return shut(g.name, b)
	}
	began := c.Now()
	place, err := c.place(ctx, who, g, e)
	if err == nil {
		err = c.askSharedAt(ctx, who, place, g.relation.TargetApplicationURI, q, into, e)
	}
	c.judge(b, began, err)
	if broken(err) {
		c.places.forget(g.key, place)
	}
	return err
}

func (c *Client) askSharedAt(ctx context.Context, who token.Subject, place, target string, q ews.Request, into ews.Response, e *errand) error {
	for again := false; ; again = true {
		t, err := c.tokens.get(ctx, who, target, token.SharingRead)
		if err != nil {
			return notPartner{err}
		}
		e.used(t)
		err = c.call(ctx, place, t, q, into, e)
		if !again && notAccepted(err) && c.Now().Sub(t.since) > tooFresh {
			c.tokens.drop(who, target, token.SharingRead, t)
			continue
		}
		return err
	}
}
