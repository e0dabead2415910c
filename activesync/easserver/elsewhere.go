package easserver

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/clientaccess"
	"entente/hop"
)

// elsewhere has a request served by the node that has the mailbox, if that is
// another one. Who calls has been let in here, by the gate and whom he acts as;
// the other node asks all that again. What another node passed on is never passed
// on again.
func (c *call) elsewhere() (passed bool, err error) {
	nodes := c.h.Nodes
	if nodes == nil || hop.Arrived(c.ctx) != "" {
		return false, nil
	}
	a, ok := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	if !ok || a.Mailbox.IsZero() {
		return false, nil
	}
	node := nodes.HolderOf(c.s.Snapshot(), a.Mailbox)
	if node == "" {
		return false, nil
	}
	c.s.PassedOn(node, a.Mailbox)
	if at := c.placeOf(node); at != "" {
		c.setHeader(locationHeader, at)
		return false, &httpError{statusRedirect, "the mailbox is reached at " + at}
	}
	in := c.in
	patience := time.Duration(0)
	if c.mayWait() {
		patient, err := c.s.Wait(in)
		if err != nil {
			return false, err
		}
		in, patience = whileServing(patient, c.s), longestHeartbeat+lookTimeout
	}
	p := nodes.Passage(node, in, c.s.Snapshot(), c.s.Caller(), c.s.RequestID(), c.raw)
	p.Patience = patience
	answer, err := nodes.Pass(in.Context(), p)
	if err != nil {
		return false, err
	}
	c.answer.passed, c.answer.code = answer, answer.Header.Get(hop.CodeHeader)
	return true, nil
}

// whileServing is a request that ends when the server stops: that one does not wait
// for what another node holds.
func whileServing(r *http.Request, s *clientaccess.Session) *http.Request {
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		select {
		case <-s.Ending():
		case <-ctx.Done():
		}
	}()
	return r.WithContext(ctx)
}

// mayWait reports whether the request may be held for news.
func (c *call) mayWait() bool {
	switch c.line.Command {
	case activesync.Ping:
		return true
	case activesync.Sync:
		if len(c.raw) == 0 { // the one before it again
			return true
		}
		root, err := wbxml.Parse(c.raw, wbxml.DefaultLimits())
		return err == nil && (root.Has(wbxml.AirSyncWait) || root.Has(wbxml.AirSyncHeartbeatInterval))
	}
	return false
}

// placeOf returns where phones are to go for mailboxes of a node, if they are sent
// there and it, or its site, is published by another name than this one. [MS-ASHTTP]
// 3.1.5.2.2
func (c *call) placeOf(node string) string {
	if !c.h.Redirect {
		return ""
	}
	d := c.s.Directory()
	published := func(server string) string {
		return d.VirtualDirectory(server, string(clientaccess.ActiveSync)).ExternalURL
	}
	at := published(node)
	if site := d.Site(node); at == "" && site != "" {
		for _, server := range d.SiteServers(site) {
			if at == "" {
				at = published(server)
			}
		}
	}
	u, err := url.Parse(at)
	own, err2 := url.Parse(published(c.h.Nodes.Self))
	if err != nil || u.Host == "" || err2 == nil && strings.EqualFold(u.Host, own.Host) || strings.EqualFold(u.Host, c.in.Host) {
		return "" // it would come back
	}
	return at
}
