package kerberos

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
)

// How long KDCs are waited for.
const (
	hedgeAfter    = 2 * time.Second        // then the next one is asked too
	tryTime       = 5 * time.Second        // for one KDC to answer
	askTime       = 12 * time.Second       // for any of them
	downTime      = 30 * time.Second       // for which a KDC is asked last
	silentTime    = 500 * time.Millisecond // for which nobody asks when none answered
	lookupTime    = time.Minute            // for which what DNS says is kept
	maxKDCs       = 8
	maxKDCReply   = maxToken
	maxExchanges  = 16 // at once
	kerberosPort  = "88"
	lengthOfReply = 4
)

// kdcs sends requests to the KDCs of a realm, over TCP alone: RFC 4120 7.2.2. It
// remembers which of them did not answer.
type kdcs struct {
	*DelegatorConfig
	slots chan struct{}

	mu       sync.Mutex
	down     map[string]time.Time // until when a KDC is asked last
	silent   time.Time            // until when there is no use in asking
	why      error
	found    []string // by Lookup
	foundAt  time.Time
	answered string // who answered last
}

func newKDCs(c *DelegatorConfig) *kdcs {
	return &kdcs{DelegatorConfig: c, slots: make(chan struct{}, maxExchanges), down: map[string]time.Time{}}
}

// An answer is a KDC's to a request.
type answer struct {
	address string
	reply   []byte
	err     error
}

// ask sends a request to one KDC after the other until read takes an answer. An
// error of read that is the realm's word is final; after any other the next KDC
// is asked. The first one that is slow is not waited for: the
// next one is asked as well, and whose answer comes first counts.
func (k *kdcs) ask(ctx context.Context, request []byte, read func(reply []byte) error) error {
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	addresses, err := k.order(ctx)
	if err != nil {
		return unreachable(err)
	}
	all, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	a := asking{kdcs: k, ctx: all, request: request, waiting: addresses, answers: make(chan answer, len(addresses))}
	return a.run(ctx, read)
}

// asking is one request on its way to several KDCs.
type asking struct {
	*kdcs
	ctx     context.Context
	request []byte
	waiting []string // not asked yet
	asked   []string // and have not answered
	answers chan answer
	errs    []error
}

func (a *asking) next() bool {
	if len(a.waiting) == 0 {
		return false
	}
	address := a.waiting[0]
	a.waiting, a.asked = a.waiting[1:], append(a.asked, address)
	go func() {
		reply, err := a.talk(a.ctx, address, a.request)
		a.answers <- answer{address, reply, err}
	}()
	return true
}

func (a *asking) run(caller context.Context, read func([]byte) error) error {
	a.next()
	hedge := time.NewTicker(hedgeAfter)
	defer hedge.Stop()
	for {
		select {
		case got := <-a.answers:
			a.asked = slices.DeleteFunc(a.asked, func(s string) bool { return s == got.address })
			done, err := a.take(got, read)
			if done {
				return err
			}
			if a.next() {
				hedge.Reset(hedgeAfter)
			} else if len(a.asked) == 0 {
				return a.giveUp(caller)
			}
		case <-hedge.C:
			for _, s := range a.asked {
				a.failed(s, errors.New("it does not answer"))
			}
			a.next()
		case <-a.ctx.Done():
			return a.giveUp(caller)
		}
	}
}

// take looks at an answer; done means that no other is wanted.
func (a *asking) take(got answer, read func([]byte) error) (done bool, err error) {
	if err = got.err; err == nil {
		err = read(got.reply)
	}
	if err == nil || final(err) {
		a.worked(got.address)
		return true, err
	}
	if a.ctx.Err() == nil {
		a.failed(got.address, err)
	}
	a.errs = append(a.errs, fmt.Errorf("%s: %w", got.address, err))
	return false, nil
}

// final reports whether another KDC would say the same.
func final(err error) bool {
	var said *kdcError
	var ours *entente.Error
	return errors.As(err, &said) && said.code != errSvcUnavailable && said.code != errGeneric || errors.As(err, &ours)
}

// giveUp says why nobody answered. Somebody who stops waiting says nothing about
// the KDCs.
func (a *asking) giveUp(caller context.Context) error {
	if err := caller.Err(); err != nil {
		return err
	}
	for _, s := range a.asked {
		a.errs = append(a.errs, fmt.Errorf("%s: it does not answer", s))
	}
	err := unreachable(errors.Join(a.errs...))
	a.mu.Lock()
	a.silent, a.why = a.Now().Add(silentTime), err
	a.mu.Unlock()
	return err
}

func unreachable(err error) *entente.Error {
	return &entente.Error{Kind: entente.Unavailable, Reason: KDCUnreachable, Text: "no KDC can be reached", Err: err}
}

// order returns the KDCs to ask, those that did not answer lately last.
func (k *kdcs) order(ctx context.Context) ([]string, error) {
	all, err := k.addresses(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	if now.Before(k.silent) {
		return nil, k.why
	}
	var good, bad []string
	for _, a := range all {
		if now.Before(k.down[a]) {
			bad = append(bad, a)
		} else {
			good = append(good, a)
		}
	}
	return append(good, bad...), nil
}

func (k *kdcs) addresses(ctx context.Context) ([]string, error) {
	list := k.KDCs
	if len(list) == 0 && k.Lookup != nil {
		var err error
		if list, err = k.lookup(ctx); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no KDC of %s is known", k.Self.Realm)
	}
	var all []string
	for _, a := range list[:min(len(list), maxKDCs)] {
		if a = withPort(a); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all, nil
}

// lookup keeps what DNS says for a while, and for as long as DNS says nothing.
func (k *kdcs) lookup(ctx context.Context) ([]string, error) {
	k.mu.Lock()
	found, fresh := k.found, k.Now().Sub(k.foundAt) < lookupTime
	k.mu.Unlock()
	if fresh && len(found) > 0 {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	got, err := k.Lookup(ctx, k.Self.Realm)
	if err != nil || len(got) == 0 {
		if len(found) > 0 {
			return found, nil
		}
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.found, k.foundAt = got, k.Now()
	return got, nil
}

// withPort adds Kerberos' port where there is none.
func withPort(a string) string {
	if _, _, err := net.SplitHostPort(a); err == nil {
		return a
	}
	return net.JoinHostPort(strings.Trim(a, "[]"), kerberosPort)
}

func (k *kdcs) worked(address string) {
	k.mu.Lock()
	_, wasDown := k.down[address]
	delete(k.down, address)
	k.silent, k.answered = time.Time{}, address
	k.mu.Unlock()
	if wasDown {
		k.tell(EventKDC, fmt.Errorf("%s answers again", address))
	}
}

func (k *kdcs) failed(address string, err error) {
	k.mu.Lock()
	until, wasDown := k.down[address]
	now := k.Now()
	k.down[address] = now.Add(downTime)
	k.mu.Unlock()
	if !wasDown || now.After(until) {
		k.tell(EventKDC, fmt.Errorf("%s: %w", address, err))
	}
}

// last is the KDC that answered last.
func (k *kdcs) last() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.answered
}

func (k *kdcs) tell(event string, err error) {
	if k.Told != nil {
		k.Told(event, err)
	}
}

// talk sends a request to a KDC and returns its answer; both stand behind their
// length.
func (k *kdcs) talk(ctx context.Context, address string, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	c, err := k.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, lengthOfReply+len(request)), uint32(len(request)))
	if _, err := c.Write(append(framed, request...)); err != nil {
		return nil, err
	}
	var length [lengthOfReply]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 || n > maxKDCReply {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	reply := make([]byte, n)
	_, err = io.ReadFull(c, reply)
	return reply, err
}
