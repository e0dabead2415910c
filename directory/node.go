package directory

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/db"
)

// A Node is one process that serves the organization.
type Node struct {
	ID         string
	Name       string // its server's
	URL        string // where the other nodes reach it
	PublicKey  ed25519.PublicKey
	Generation uint64   // of the snapshot it decides on
	Keys       []string // ids of the private keys it holds
	Lease      time.Time
	Down       bool // its lease has run out, or its row was not written by a node
}

const (
	leaseTime  = 15 * time.Second
	renewEvery = 5 * time.Second
	// pollEvery bounds, with a margin, how long a change on another node goes
	// unnoticed here when its hint is lost.
	pollEvery = 400 * time.Millisecond
)

// Register enters this node among the organization's, with a lease that Run
// renews. The same ID with another key is refused while the lease runs: two
// nodes must not share an identity.
func (d *Directory) Register(ctx context.Context, n Node) error {
	if n.ID == "" || len(n.PublicKey) != ed25519.PublicKeySize {
		return entente.Errorf(entente.Invalid, "a node needs an id and a key")
	}
	if err := checkTexts(n.ID, n.Name, n.URL); err != nil {
		return err
	}
	if err := d.renew(ctx, n); err != nil {
		return err
	}
	d.self.Store(&n)
	return nil
}

// renew writes the node's row with a new lease.
func (d *Directory) renew(ctx context.Context, n Node) error {
	keys, err := json.Marshal(n.Keys)
	if err != nil {
		return err
	}
	now := time.Now()
	return tell(d.db.Update(ctx, func(tx *db.Tx) error {
		done, err := tx.Exec(`INSERT INTO directory_node (id, name, url, nodekey, generation, keys, lease, mark)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $9) ON CONFLICT (id) DO UPDATE
			SET name = $2, url = $3, nodekey = $4, generation = $5, keys = $6, lease = $7, mark = $9
			WHERE directory_node.nodekey = $4 OR directory_node.lease < $8`,
			n.ID, n.Name, n.URL, []byte(n.PublicKey), d.Snapshot().Generation(), string(keys),
			now.Add(leaseTime).UnixMilli(), now.UnixMilli(), d.nodeMark(&n))
		if err == nil && done == 0 {
			return entente.Errorf(entente.Conflict, "another node runs as %q", n.ID)
		}
		return err
	}))
}

// Unregister ends this node's lease, so that the others need not wait for it to
// run out.
func (d *Directory) Unregister(ctx context.Context) error {
	n := d.self.Swap(nil)
	if n == nil {
		return nil
	}
	return tell(d.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE directory_node SET lease = 0 WHERE id = $1 AND nodekey = $2`, n.ID, []byte(n.PublicKey))
		return err
	}))
}

// Nodes returns all nodes by id, those that are down too. In a sealed directory
// a row without its mark is a node that is down and has no key.
func (d *Directory) Nodes(ctx context.Context) (all []Node, err error) {
	now := time.Now()
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var n Node
		var key, mark []byte
		var keys string
		var lease int64
		rows, err := tx.Query(`SELECT id, name, url, nodekey, generation, keys, lease, mark FROM directory_node ORDER BY id`)
		return each(rows, err, func() error {
			m := n
			m.PublicKey, m.Lease = key, time.UnixMilli(lease).UTC()
			m.Down = !now.Before(m.Lease)
			if d.seal != nil && !d.seal.Valid(nodeText(&m), mark) {
				m.Down, m.PublicKey = true, nil
			}
			if err := json.Unmarshal([]byte(keys), &m.Keys); err != nil {
				return fmt.Errorf("keys of node %s: %w", m.ID, err)
			}
			all = append(all, m)
			return nil
		}, &n.ID, &n.Name, &n.URL, &key, &n.Generation, &keys, &lease, &mark)
	})
	return all, err
}

// Run keeps this node up to date with what others change, and registered,
// until ctx ends. A change is noticed by its generation, which is read often;
// the database's hint only makes it sooner.
func (d *Directory) Run(ctx context.Context) {
	var checks sync.WaitGroup
	defer checks.Wait()
	w := watch{d: d, hints: d.db.Subscribe(ctx, channel), renewed: time.Now(), checked: time.Now()}
	installed := make(chan struct{}, 1)
	d.installed.Store(&installed)
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-w.hints:
			if !open {
				w.hints = nil
			}
		case <-installed: // by a change of this node
		case <-poll.C:
		}
		err := w.look(ctx)
		// An outage is told once, not twice a second.
		if err != nil && !w.ill && ctx.Err() == nil {
			d.failed(fmt.Errorf("watch directory: %w", err))
		}
		w.ill = err != nil
		if err == nil && time.Since(w.checked) >= checkEvery && w.checking.CompareAndSwap(false, true) {
			w.checked = time.Now()
			// Beside the rest: in a large directory it takes longer than a
			// change may take to be in force.
			checks.Go(func() {
				defer w.checking.Store(false)
				if err := d.check(ctx); err != nil && ctx.Err() == nil {
					d.failed(fmt.Errorf("check directory: %w", err))
				}
			})
		}
	}
}

// A watch is what Run remembers.
type watch struct {
	d                *Directory
	hints            <-chan string
	renewed, checked time.Time
	reported         uint64 // the generation in this node's row
	checking         atomic.Bool
	ill              bool
}

// look brings this node up to date and tells the others so.
func (w *watch) look(ctx context.Context) error {
	d := w.d
	if err := d.refresh(ctx); err != nil {
		return err
	}
	n := d.self.Load()
	if n == nil {
		return nil
	}
	generation := d.Snapshot().Generation()
	switch {
	case time.Since(w.renewed) >= renewEvery:
		if err := d.renew(ctx, *n); err != nil {
			return err
		}
		w.renewed = time.Now()
	case generation != w.reported:
		if err := d.report(ctx, n, generation); err != nil {
			return err
		}
	default:
		return nil
	}
	w.reported = generation
	return nil
}

// refresh loads the state if there is a newer one.
func (d *Directory) refresh(ctx context.Context) error {
	generation, err := d.committed(ctx)
	if err != nil {
		return err
	}
	return d.load(ctx, generation)
}
