package kerberos

import (
	"container/list"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"entente"
)

// fetchTime is for how long a ticket is fetched, whoever waits for it.
const fetchTime = 20 * time.Second

// A ticketKey says what a kept ticket is: whose, for what, and by what it was
// got.
type ticketKey struct {
	user, realm string // empty for our own
	sid         entente.SID
	evidence    [32]byte // hash of the ticket that was shown, if one was
	service     entente.SPN
}

// ticketCache keeps tickets, and what was refused, and asks once where many want
// the same.
type ticketCache struct {
	now      func() time.Time
	max      int
	negative time.Duration

	mu      sync.Mutex
	entries map[ticketKey]*ticketEntry
	order   list.List // of *ticketEntry, the one used last first
}

type ticketEntry struct {
	key     ticketKey
	place   *list.Element
	ticket  *Ticket
	renew   time.Time // when the next one is wanted
	refused error
	until   time.Time // for how long the refusal stands
	flight  *flight
}

func newTicketCache(max int, negative time.Duration, now func() time.Time) *ticketCache {
	return &ticketCache{now: now, max: max, negative: negative, entries: map[ticketKey]*ticketEntry{}}
}

// get returns the ticket of a key, or fetches it.
func (c *ticketCache) get(ctx context.Context, key ticketKey, fetch func(ctx context.Context) (*Ticket, error)) (*Ticket, error) {
	c.mu.Lock()
	e, now := c.entry(key), c.now()
	good := e.ticket != nil && now.Add(spare).Before(e.ticket.End)
	if good && now.Before(e.renew) {
		defer c.mu.Unlock()
		return e.ticket, nil
	}
	if e.refused != nil && now.Before(e.until) { // then there is no ticket
		defer c.mu.Unlock()
		return nil, e.refused
	}
	f := e.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		e.flight = f
		// It is fetched for all who will want it, and so whoever asked first cannot
		// end it.
		go c.fetch(context.WithoutCancel(ctx), e, f, fetch)
	}
	t := e.ticket
	c.mu.Unlock()
	if good {
		return t, nil
	}
	return f.wait(ctx)
}

// entry returns the entry of a key, a new one if there is none; the one that was
// not used for longest makes room.
func (c *ticketCache) entry(key ticketKey) *ticketEntry {
	e := c.entries[key]
	if e != nil {
		c.order.MoveToFront(e.place)
		return e
	}
	for len(c.entries) >= c.max {
		c.remove(c.order.Back().Value.(*ticketEntry))
	}
	e = &ticketEntry{key: key}
	e.place = c.order.PushFront(e)
	c.entries[key] = e
	return e
}

func (c *ticketCache) remove(e *ticketEntry) {
	c.order.Remove(e.place)
	delete(c.entries, e.key)
}

func (c *ticketCache) fetch(ctx context.Context, e *ticketEntry, f *flight, fetch func(ctx context.Context) (*Ticket, error)) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	f.ticket, f.err = fetch(ctx)
	c.mu.Lock()
	e.flight = nil
	// What was forgotten meanwhile is not kept: those who waited for it get it, as
	// they asked before.
	if c.entries[e.key] == e {
		c.keep(e, f)
	}
	c.mu.Unlock()
	close(f.done)
}

// keep notes what came of a fetch.
func (c *ticketCache) keep(e *ticketEntry, f *flight) {
	now := c.now()
	var told *entente.Error
	switch {
	case f.err == nil:
		e.ticket, e.refused = f.ticket, nil
		// Many tickets are got at once and need not be renewed at once.
		part := 0.75 + 0.15*rand.Float64()
		e.renew = now.Add(time.Duration(part * float64(f.ticket.End.Sub(now))))
	case errors.As(f.err, &told) && told.Kind == entente.Denied:
		// The realm's word of now, also on whom it gave a ticket before.
		e.ticket, e.refused, e.until = nil, f.err, now.Add(c.negative)
	case e.ticket != nil && now.Before(e.ticket.End):
		e.renew = now.Add(downTime)
	default:
		c.remove(e)
	}
}

// forget removes what is kept of a user, or of all.
func (c *ticketCache) forget(u User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		if u == (User{}) || u.SID != "" && key.sid == u.SID ||
			u.Name != "" && key.user == strings.ToLower(u.Name) && (u.Realm == "" || key.realm == strings.ToUpper(u.Realm)) {
			c.remove(e)
		}
	}
}

// Kept returns how many tickets are kept, and how many refusals.
func (d *Delegator) Kept() (tickets, refusals int) {
	c := d.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for _, e := range c.entries {
		switch {
		case e.ticket != nil && now.Before(e.ticket.End):
			tickets++
		case e.refused != nil && now.Before(e.until):
			refusals++
		}
	}
	return tickets, refusals
}
