package easserver

import (
	"context"
	"sync"
)

// turns have the requests that change what is kept of one phone follow one another:
// phones repeat a request while its first try is still under way.
type turns struct {
	mu     sync.Mutex
	phones map[string]*turn
}

type turn struct {
	free  chan struct{} // has a value while nobody has the turn
	users int
}

// take waits for a phone's turn and returns what ends it.
func (t *turns) take(ctx context.Context, phone string) (release func(), err error) {
	t.mu.Lock()
	if t.phones == nil {
		t.phones = map[string]*turn{}
	}
	one := t.phones[phone]
	if one == nil {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.phones[phone] = one
	}
	one.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.phones, phone)
		}
	}
	select {
	case <-one.free:
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
	return func() {
		one.free <- struct{}{}
		leave()
	}, nil
}
