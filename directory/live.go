package directory

import (
	"context"
	"strings"
	"time"

	"entente"
	"entente/db"
)

// A NodeLive is a node that is up, and the state it decides by.
type NodeLive struct {
	ID         string
	Generation uint64
	Live       bool // it is the one asked for, or a later one
}

// liveEvery is how often Live looks.
const liveEvery = 20 * time.Millisecond

// Live waits until all nodes that are up decide by at least a generation, and
// returns them; 0 asks for the present one, which it also returns. When ctx ends
// before, the error is Unavailable and names those that lag. A node that stopped
// without saying so lags until its lease has run out.
func (d *Directory) Live(ctx context.Context, generation uint64) ([]NodeLive, uint64, error) {
	if generation == 0 {
		var err error
		if generation, err = d.committed(ctx); err != nil {
			return nil, 0, tell(err)
		}
	}
	again := time.NewTicker(liveEvery)
	defer again.Stop()
	var last []NodeLive
	for {
		nodes, err := d.Nodes(ctx)
		if err != nil && ctx.Err() == nil {
			return nil, generation, err
		}
		if err == nil {
			last = last[:0]
		}
		var lag []string
		for i := range nodes {
			if n := &nodes[i]; err == nil && !n.Down {
				last = append(last, NodeLive{n.ID, n.Generation, n.Generation >= generation})
			}
		}
		for _, n := range last {
			if !n.Live {
				lag = append(lag, n.ID)
			}
		}
		if err == nil && len(lag) == 0 {
			return last, generation, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			e := entente.Errorf(entente.Unavailable, "not every node decides by generation %d yet: %s", generation, strings.Join(lag, ", "))
			e.Err = ctx.Err()
			return last, generation, e
		}
	}
}

// Reach waits until this node decides by at least a generation, which another
// node that asks has decided by. When ctx ends before, the error is Unavailable.
func (d *Directory) Reach(ctx context.Context, generation uint64) error {
	if d.Snapshot().Generation() >= generation {
		return nil
	}
	again := time.NewTicker(liveEvery)
	defer again.Stop()
	for {
		err := d.refresh(ctx)
		if d.Snapshot().Generation() >= generation {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			e := entente.Errorf(entente.Unavailable, "this node does not decide by generation %d yet", generation)
			if e.Err = err; err == nil {
				e.Err = ctx.Err()
			}
			return e
		}
	}
}

// committed returns the generation of the tables, which may be ahead of what
// this node decides by.
func (d *Directory) committed(ctx context.Context) (generation uint64, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT generation FROM directory_organization WHERE id = 1`).Scan(&generation)
	})
	return generation, err
}

// Changed returns a channel that is closed when this node no longer decides by
// a generation: what waits with a decision in its hands asks again then.
func (d *Directory) Changed(generation uint64) <-chan struct{} {
	now := d.now.Load()
	if now.snapshot.Generation() == generation {
		return now.replaced
	}
	over := make(chan struct{})
	close(over)
	return over
}

// report writes into this node's row by which state it decides, for Live. The
// row is otherwise renewed with its lease, much later.
func (d *Directory) report(ctx context.Context, n *Node, generation uint64) error {
	return tell(d.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE directory_node SET generation = $1 WHERE id = $2 AND nodekey = $3`,
			generation, n.ID, []byte(n.PublicKey))
		return err
	}))
}
