package authn

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"sync"
	"time"

	"entente"
	"entente/federation/token"
)

// opened keeps the tokens that were opened and accepted, so that the next request
// with the same one costs no RSA: until they end or the trust changes. What was
// refused is not kept. The zero value is ready.
type opened struct {
	mu     sync.Mutex
	by     *token.Opener // which opened those that are kept
	kept   map[tokenHash]*list.Element
	recent list.List // of *openedToken, the last used first
	limit  int       // 0 for maxOpened

	once    sync.Once
	slots   chan struct{} // of openings at once
	waiting chan struct{}
}

type tokenHash [sha256.Size]byte

// evidence is what audit records keep of the token.
func (h tokenHash) evidence() string { return "sha256:" + hex.EncodeToString(h[:]) }

type openedToken struct {
	hash  tokenHash
	token *token.Token
}

type opening func(o *token.Opener, now time.Time) (*token.Token, error)

const (
	// maxOpened is how many tokens are kept, of 2 KiB or so each.
	maxOpened = 16 << 10
	// Limits of openings, which anybody can ask for: those whose tokens are kept
	// do not wait with them. (threats E8)
	maxOpenings = 128
	openingWait = 3 * time.Second
)

// open returns what a token says that has a hash. An error is the opener's, or
// Unavailable when too many are opened at once.
func (c *opened) open(ctx context.Context, hash tokenHash, o *token.Opener, now time.Time, f opening) (*token.Token, error) {
	if t := c.find(hash, o, now); t != nil {
		return t, nil
	}
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	// Of several that came with it, one opened it meanwhile.
	if t := c.find(hash, o, now); t != nil {
		return t, nil
	}
	t, err := f(o, now)
	if err != nil {
		return nil, err
	}
	c.keep(hash, o, t)
	return t, nil
}

// find returns a token that is kept. One that has ended is for its opener to
// judge, who knows by how much clocks may differ.
func (c *opened) find(hash tokenHash, o *token.Opener, now time.Time) *token.Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by != o {
		return nil
	}
	e := c.kept[hash]
	if e == nil {
		return nil
	}
	one := e.Value.(*openedToken)
	if now.Before(one.token.NotBefore) || !now.Before(one.token.NotAfter) {
		c.recent.Remove(e)
		delete(c.kept, hash)
		return nil
	}
	c.recent.MoveToFront(e)
	return one.token
}

func (c *opened) keep(hash tokenHash, o *token.Opener, t *token.Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by != o {
		// A request that began before the trust changed must not bring back what
		// was opened under the old one for long: the next finds another opener and
		// empties all.
		c.by, c.kept = o, map[tokenHash]*list.Element{}
		c.recent.Init()
	}
	if c.kept[hash] != nil {
		return
	}
	limit := c.limit
	if limit == 0 {
		limit = maxOpened
	}
	for len(c.kept) >= limit {
		last := c.recent.Back()
		delete(c.kept, c.recent.Remove(last).(*openedToken).hash)
	}
	c.kept[hash] = c.recent.PushFront(&openedToken{hash, t})
}

// enter takes a place among the openings under way.
func (c *opened) enter(ctx context.Context) (leave func(), err error) {
	c.once.Do(func() {
		c.slots = make(chan struct{}, min(runtime.GOMAXPROCS(0), 4))
		c.waiting = make(chan struct{}, maxOpenings)
	})
	leave = func() { <-c.slots }
	select {
	case c.slots <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case c.waiting <- struct{}{}:
		defer func() { <-c.waiting }()
	default:
		return nil, tooManyOpenings()
	}
	ctx, cancel := context.WithTimeout(ctx, openingWait)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, tooManyOpenings()
	}
}

func tooManyOpenings() error {
	return entente.Errorf(entente.Unavailable, "too many delegation tokens are opened at once; try again")
}
