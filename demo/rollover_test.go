package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A clock is that of all servers of a world. Requests hold it while they are
// under way: nobody's clock jumps hours in the middle of one.
type clock struct {
	sync.RWMutex
	ahead atomic.Int64
}

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) pass(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.ahead.Add(int64(d))
}

// TestRollover: the certificates of both organizations and the broker's keys are
// replaced by themselves while people ask each other, for four months of the
// servers' clock, and no question fails.
func TestRollover(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	const step, steps = 12 * time.Hour, 2 * 130
	c := new(clock)
	w := newWorld(t, c.now)
	w.o.life = 100 * 24 * time.Hour
	runWorld(t, w, func(ctx context.Context, w *world) {
		both := w.members()
		first := []string{both[0].server.Federation.Trust().Current.Thumbprint, both[1].server.Federation.Trust().Current.Thumbprint}
		keys := both[0].server.Federation.Trust().BrokerKeys[0].P256.Thumbprint()
		clients := []*client{
			newClient(t, w.contoso.s, string(address("anna")), w.contoso.password),
			newClient(t, w.contoso.s, string(address("ben")), w.contoso.password),
			newClient(t, w.fabrikam, "amy@"+fabrikamDomain, w.contoso.password),
			newClient(t, w.fabrikam, "ben@"+fabrikamDomain, w.contoso.password),
		}
		about := []string{"amy@" + fabrikamDomain, "ben@" + fabrikamDomain, string(address("carla")), string(address("david"))}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var asking sync.WaitGroup
		var questions, failures atomic.Int64
		for i, who := range clients {
			asking.Go(func() {
				for ctx.Err() == nil {
					c.RLock()
					got, err := who.free(ctx, c.now(), about[i])
					c.RUnlock()
					if ctx.Err() != nil {
						return
					}
					questions.Add(1)
					if err == nil && (len(got.codes) != 1 || got.codes[0] != "NoError") {
						err = fmt.Errorf("%v: %s", got.codes, got.raw)
					}
					if err != nil && failures.Add(1) < 5 {
						t.Errorf("on day %d %s asks about %s: %v", time.Duration(c.ahead.Load())/(24*time.Hour), who.user, about[i], err)
					}
				}
			})
		}
		for range steps {
			c.pass(step)
			w.broker.Tick(ctx)
			for i := range both {
				both[i].server.Tick(ctx)
			}
		}
		stop()
		asking.Wait()
		for i := range both {
			trust := both[i].server.Federation.Trust()
			if trust.Current.Thumbprint == first[i] {
				t.Errorf("%s still has its first certificate", both[i].name)
			}
			if trust.Previous != nil && trust.Previous.Thumbprint == first[i] {
				t.Errorf("%s keeps its first certificate for ever", both[i].name)
			}
		}
		if both[0].server.Federation.Trust().BrokerKeys[0].P256.Thumbprint() == keys {
			t.Error("the broker still has its first keys")
		}
		t.Logf("%d questions in %v of the servers' clock, %d failed", questions.Load(), time.Duration(c.ahead.Load()), failures.Load())
	})
}
