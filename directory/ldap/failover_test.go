package ldap

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// TestFailover: two servers of one domain, whose numbers have nothing to do with
// each other. One falls silent; the other has everything read again once, and
// nothing to change; from then on only what changed is asked of either.
func TestFailover(t *testing.T) {
	one, two := newLiar(t), newLiar(t)
	two.tls, two.invocation = one.tls, "another copy 16b"
	for i, e := range two.objects {
		for _, a := range e.Attributes {
			if a.Name == "uSNChanged" {
				a.Values = []string{[...]string{"7001", "7002", "7003"}[i]}
			}
		}
	}
	two.root["highestCommittedUSN"] = []string{"8000"}
	var silent atomic.Bool
	c, here := one.client(t, "ldaps://"+one.address, "ldaps://"+two.address)
	c.Timeout = 300 * time.Millisecond
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == one.address && silent.Load() {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	now := time.Now()
	c.Now = func() time.Time { return now }
	sync := func(full bool, created, unchanged int, server string) {
		t.Helper()
		r, err := c.Sync(t.Context())
		if err != nil || r.Full != full || r.Created != created || r.Unchanged != unchanged || r.Changed+r.Disabled+r.Refused != 0 || r.Server != "ldaps://"+server {
			t.Errorf("%+v %v", r.summary(), err)
		}
	}
	sync(true, 3, 0, one.address)
	sync(false, 0, 0, one.address)
	silent.Store(true)
	sync(true, 0, 3, two.address)
	dials := one.dials.Load()
	sync(false, 0, 0, two.address) // one rests, and is not waited for
	silent.Store(false)
	sync(false, 0, 0, two.address)
	if one.dials.Load() != dials {
		t.Error("a server that rests was asked")
	}
	// A question is asked of two as well.
	if s, err := c.Server(t.Context()); err != nil || s.Name != "ldaps://"+two.address {
		t.Errorf("%+v %v", s, err)
	}
	now = now.Add(10 * time.Second)
	sync(false, 0, 0, one.address) // as far as it was followed before
	if a, ok := here.Snapshot().FindUPN("p0001@entente.test"); !ok || !a.Enabled {
		t.Error("somebody is gone")
	}
	// What is compared is read again: it was last seen with numbers of two's.
	now = now.Add(2 * time.Hour)
	sync(true, 0, 3, one.address)
}

// TestTaken: a name that somebody gave up and another took, who is read first.
// Two who exchange theirs are in each other's way.
func TestTaken(t *testing.T) {
	l := newLiar(t)
	c, here := l.client(t)
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	name := func(i int, upn string) { l.set(i, "userPrincipalName", upn) }
	name(0, "p0002@entente.test")
	name(2, "other@entente.test")
	if r, err := c.Sync(t.Context()); err != nil || r.Changed != 2 || r.Refused != 0 {
		t.Errorf("taken: %+v %v", r, err)
	}
	if a, ok := here.Snapshot().FindUPN("p0002@entente.test"); !ok || a.SID != "S-1-5-21-1-2-3-2000" {
		t.Errorf("p0002 is %+v", a)
	}
	name(0, "other@entente.test")
	name(2, "p0002@entente.test")
	if r, err := c.Sync(t.Context()); err != nil || r.Changed != 0 || r.Refused != 2 {
		t.Errorf("exchanged: %+v %v", r, err)
	}
	// One of them is disabled there: that much is done.
	l.set(2, "userAccountControl", "514")
	if r, err := c.Sync(t.Context()); err != nil || r.Refused != 1 || r.Disabled != 1 {
		t.Errorf("disabled: %+v %v", r, err)
	}
	if a, _ := here.Snapshot().FindSID("S-1-5-21-1-2-3-2002"); a.Enabled {
		t.Error("who was refused is still enabled")
	}
}
