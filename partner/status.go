package partner

import (
	"context"
	"time"

	"entente/keys"
)

// A Status is how asking one partner stands, on this node.
type Status struct {
	Way      string // organization relationship or address space
	State    State
	Failures int       // one after the other
	Until    time.Time // of an open one
	Problem  string    // what went wrong last
	At       time.Time // when
	Place    string    // where its EWS is, as far as that is known
	Tokens   int       // that are kept for it
}

// Status shows every partner there is, and how asking it stands on this node;
// the broker last, if there is a trust.
func (c *Client) Status() []Status {
	var all []Status
	now, tokens := c.Now(), c.tokens.count()
	add := func(name, key, place string, n int) {
		all = append(all, c.breakers.of(key).status(now, name, place, n))
	}
	for _, r := range c.Snapshot().Relationships() {
		key := "relationship " + r.Name
		place := r.TargetSharingEPR
		if place == "" {
			place = c.places.known(key)
		}
		add("organization relationship "+r.Name, key, place, tokens[r.TargetApplicationURI])
		if one := &all[len(all)-1]; one.Problem == "" {
			one.Problem = c.following.trouble(r.Name) // its keys could not be followed
		}
	}
	for _, s := range c.AddressSpaces() {
		add("availability address space "+string(s.Domain), "address-space "+string(s.Domain), s.URL, 0)
	}
	if t := c.Federation.Trust(); t != nil {
		all = append(all, c.tokens.broker.status(now, "trust broker", t.Broker, 0))
	}
	return all
}

func (b *breaker) status(now time.Time, way, place string, tokens int) Status {
	s := Status{Way: way, Place: place, Tokens: tokens}
	var last error
	s.State, s.Failures, s.Until, s.At, last = b.state(now)
	if last != nil {
		s.Problem = last.Error()
	}
	return s
}

// tidy forgets secrets that no address space has any more: of one that was being
// added when the server died.
func (c *Client) tidy(ctx context.Context) error {
	all, err := c.Ring.Named(ctx, keys.AvailabilityPassword)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, s := range c.AddressSpaces() {
		used[s.secretID] = true
	}
	for _, k := range all {
		// One that is being added on another node has no row yet.
		if used[k.ID] || c.Now().Sub(k.Made) < time.Hour {
			continue
		}
		if err := c.Ring.Forget(ctx, keys.AvailabilityPassword, k.ID); err != nil {
			return err
		}
	}
	return nil
}
