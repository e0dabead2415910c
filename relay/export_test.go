package relay

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// For the tests of whole servers: the other side as one that keeps to nothing.

// Ask asks the peer of a name for what no side would ask for.
func (r *Relay) Ask(ctx context.Context, peer, path, body string) (string, error) {
	for _, p := range r.peers {
		if p.Name == peer {
			var answer json.RawMessage
			err := r.ask(ctx, p, path, json.RawMessage(body), &answer, maxReply)
			return string(answer), err
		}
	}
	return "", errors.New("no such peer")
}

// Channels is how many channels there are to the first peer.
func (r *Relay) Channels() int { return len(r.peers[0].pool.pick()) }

// HangUp ends all of them, and returns whether they are gone: others may have
// come in their place.
func (r *Relay) HangUp() (gone func() bool) {
	old := r.peers[0].pool.pick()
	r.peers[0].pool.close()
	return func() bool {
		return !slices.ContainsFunc(r.peers[0].pool.pick(), func(c *channel) bool { return slices.Contains(old, c) })
	}
}
