package directory

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/db"
	"entente/db/dbtest"
)

// runs registers a node and has it run until the test ends.
func runs(t *testing.T, d *Directory, id string) {
	t.Helper()
	must(t, d.Register(t.Context(), Node{ID: id, PublicKey: bytes.Repeat([]byte{id[0]}, ed25519.PublicKeySize)}))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

// A revocation on one node is in force on the other, and both say so. How long
// it takes is in the log: the promise is a second on a machine that is not
// overloaded.
func TestRevocationIsLive(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		other := o.open()
		runs(t, o.d, "a")
		runs(t, other, "b")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if !o.acts(other, o.anna) {
			t.Fatal("there is nothing to revoke")
		}
		waiting := other.Changed(other.Snapshot().Generation())
		must(t, o.d.Update(ctx, func(c *Change) error { return c.RemoveAssignment("crm") }))
		start := time.Now()
		<-waiting
		t.Logf("in force on the other node after %v", time.Since(start))
		nodes, generation, err := o.d.Live(ctx, 0)
		must(t, err)
		t.Logf("known to be in force everywhere after %v", time.Since(start))
		if o.acts(o.d, o.anna) || o.acts(other, o.anna) || generation != o.d.Snapshot().Generation() {
			t.Errorf("acts as Anna here %t, there %t, generation %d", o.acts(o.d, o.anna), o.acts(other, o.anna), generation)
		}
		if len(nodes) != 2 || !nodes[0].Live || !nodes[1].Live || nodes[1].Generation < generation {
			t.Errorf("%+v", nodes)
		}
	})
}

// A node that lags is named; one that is gone is not waited for.
func TestNodeThatLags(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, x *db.DB) {
		d, other := open(t, x), open(t, x)
		runs(t, d, "a")
		must(t, other.Register(t.Context(), Node{ID: "b", PublicKey: bytes.Repeat([]byte{'b'}, ed25519.PublicKeySize)}))
		create(t, d, person("anna"))
		_, _, err := d.Live(within(t, 10*time.Second), other.Snapshot().Generation())
		must(t, err)
		nodes, _, err := d.Live(within(t, 300*time.Millisecond), 0)
		wants(t, err, entente.Unavailable, "")
		if err == nil || !strings.Contains(err.Error(), "yet: b:") || len(nodes) != 2 || nodes[1].Live {
			t.Errorf("%v, %+v", err, nodes)
		}
		must(t, other.Unregister(t.Context()))
		nodes, _, err = d.Live(within(t, 10*time.Second), 0)
		if err != nil || len(nodes) != 1 || nodes[0].ID != "a" {
			t.Errorf("%v, %+v", err, nodes)
		}
	})
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// What waits for a change is woken by it, and not kept waiting for one that has
// been.
func TestChanged(t *testing.T) {
	d := open(t, dbtest.SQLite(t))
	g := d.Snapshot().Generation()
	c := d.Changed(g)
	select {
	case <-c:
		t.Error("woken for nothing")
	default:
	}
	create(t, d, person("anna"))
	<-c
	<-d.Changed(g)
}
