package authn

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"entente/directory"
)

// nodes is the list of running nodes, read from the directory at most once a
// second: a lease that is ended is noticed as fast as any other change, and no
// flood of tokens becomes one of queries. The zero value is ready.
type nodes struct {
	mu   sync.Mutex
	read time.Time
	all  []directory.Node
}

const (
	nodesFresh   = time.Second
	nodesTimeout = 5 * time.Second
)

// running returns the nodes whose lease runs at a time. What it returns must
// not be changed.
func (l *nodes) running(ctx context.Context, d *directory.Directory, now time.Time) ([]directory.Node, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := now.Sub(l.read); l.read.IsZero() || age < 0 || age >= nodesFresh {
		// One request reads for all that wait: it must not take its own end
		// for theirs.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), nodesTimeout)
		defer cancel()
		all, err := d.Nodes(ctx)
		if err != nil {
			return nil, err
		}
		l.all, l.read = all, now
	}
	var up []directory.Node
	for _, n := range l.all {
		if now.Before(n.Lease) {
			up = append(up, n)
		}
	}
	return up, nil
}

// replays remembers the tokens that were used, for as long as they could be
// used again. Two sets take turns: each collects for the longest life of a
// token and is then kept for as long once more. The zero value is ready.
type replays struct {
	mu          sync.Mutex
	since       time.Time
	now, before map[[16]byte]struct{}
	limit       int // 0 for maxReplays
}

const (
	// maxReplays is how many tokens one set holds: 3,500 requests a second, in
	// about 8 MB.
	maxReplays = 1 << 18
	replayTurn = maxNodeTokenLife + 2*nodeSkew
)

// first reports whether a token comes for the first time, and remembers it.
// The error says that there is no room to.
func (r *replays) first(issuer, id string, now time.Time) (bool, error) {
	sum := sha256.Sum256([]byte(issuer + "\x00" + id))
	k := [16]byte(sum[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || now.Sub(r.since) >= replayTurn {
		r.before, r.now, r.since = r.now, map[[16]byte]struct{}{}, now
	}
	_, seen := r.now[k]
	_, seenBefore := r.before[k]
	if seen || seenBefore {
		return false, nil
	}
	limit := r.limit
	if limit == 0 {
		limit = maxReplays
	}
	if len(r.now) >= limit {
		return false, unavailable(errTooMany)
	}
	r.now[k] = struct{}{}
	return true, nil
}
