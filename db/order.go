package db

import "sync"

// commitOrder has the hooks of transactions on several connections run in an
// order that agrees with that of their commits wherever two have to do with
// each other: of two that change the same row, the second cannot ask for its
// commit before the first has got its own. Places are therefore given out in
// the order of asking, and the hooks run in the order of places.
type commitOrder struct {
	mu    sync.Mutex
	queue []*place
}

type place struct {
	hooks   []func()
	settled bool // committed or failed
	done    chan struct{}
}

func (o *commitOrder) enter(hooks []func()) *place {
	p := &place{hooks: hooks, done: make(chan struct{})}
	o.mu.Lock()
	o.queue = append(o.queue, p)
	o.mu.Unlock()
	return p
}

// leave settles p, runs the hooks of all that are settled and have nobody
// before them, and returns when those of p have run.
func (o *commitOrder) leave(p *place, committed bool) {
	o.mu.Lock()
	p.settled = true
	if !committed {
		p.hooks = nil
	}
	for len(o.queue) > 0 && o.queue[0].settled {
		first := o.queue[0]
		o.queue = o.queue[1:]
		for _, hook := range first.hooks {
			hook()
		}
		close(first.done)
	}
	o.mu.Unlock()
	<-p.done
}
