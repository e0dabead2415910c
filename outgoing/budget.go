package outgoing

import (
	"context"
	"net"
	"sync"
)

// A budget counts the open connections of a purpose.
type budget struct {
	all     chan struct{}
	perHost int

	mu    *sync.Mutex
	hosts map[string]*hostBudget
}

type hostBudget struct {
	slots chan struct{}
	users int // those who hold or want a slot
}

func newBudget(all, perHost int) budget {
	return budget{make(chan struct{}, all), perHost, &sync.Mutex{}, map[string]*hostBudget{}}
}

// take waits for a place: first among those of the host, so that one slow host
// does not use up the places of all.
func (b *budget) take(ctx context.Context, host string) (release func(), err error) {
	h := b.enter(host)
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		b.leave(host, h)
		return nil, ctx.Err()
	}
	select {
	case b.all <- struct{}{}:
	case <-ctx.Done():
		<-h.slots
		b.leave(host, h)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() {
		<-b.all
		<-h.slots
		b.leave(host, h)
	}), nil
}

func (b *budget) enter(host string) *hostBudget {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	if h == nil {
		h = &hostBudget{slots: make(chan struct{}, b.perHost)}
		b.hosts[host] = h
	}
	h.users++
	return h
}

// leave forgets a host nobody uses, so that the map does not grow for ever.
func (b *budget) leave(host string, h *hostBudget) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(b.hosts, host)
	}
}

// counted gives the place back when the connection is closed.
func counted(c net.Conn, release func()) net.Conn { return &countedConn{c, release} }

type countedConn struct {
	net.Conn
	release func()
}

func (c *countedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
