package partner

import (
	"container/list"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/federation"
	"entente/federation/token"
)

// maxTokens bounds the tokens that are kept; the one used longest ago goes first.
const maxTokens = 20_000

const (
	// spare is how long before its end a token is not used any more: the question
	// has to arrive while it holds.
	spare = 15 * time.Second
	// brokerTime bounds asking the broker, which goes on when who waited for it
	// has gone: others wait for the same token, or will.
	brokerTime = 10 * time.Second
)

// subject is in whose name is asked: of the person who is acted as, by all of his
// addresses.
func (c *Client) subject(as *access.Caller) (token.Subject, error) {
	who := as.Subject()
	a, ok := c.Snapshot().FindSID(who.SID)
	if !ok || a.Mailbox.IsZero() {
		return token.Subject{}, entente.Errorf(entente.Denied, "Who has no mailbox here has no address in a federated domain.").
			Because(availability.NoFederatedAddress)
	}
	mails := make([]entente.SMTPAddress, 0, 1+len(a.Proxies))
	mails = append(mails, a.Mail)
	for _, p := range a.Proxies {
		if p != a.Mail {
			mails = append(mails, p)
		}
	}
	s, err := c.Federation.Subject(a.Mailbox, mails)
	return s, ofRooms(err)
}

// A tokenKey is for whom, to whom and for what a token is. Addresses are in it,
// so that a change of them makes a new one.
type tokenKey struct {
	subject, mails, target string
	offer                  token.Offer
}

func keyOf(who token.Subject, target string, offer token.Offer) tokenKey {
	var mails strings.Builder
	for i, m := range who.Mails {
		if i > 0 {
			mails.WriteByte(' ')
		}
		mails.WriteString(string(m))
	}
	return tokenKey{who.Immutable, mails.String(), target, offer}
}

// tokens keeps delegation tokens until they end. The zero tokens is empty.
type tokens struct {
	client *Client
	mu     sync.Mutex
	under  trustMark
	all    map[tokenKey]*list.Element // of *kept
	order  list.List                  // the one used last in front
	asking map[tokenKey]*asking
	broker breaker
}

// A held is a token in our hands, with the name of the key that this
// organization signed by when it was asked for: a JWT wants its bearer to sign by
// that one, also when there is a newer one.
type held struct {
	*federation.Granted
	signer string
	since  time.Time
	id     string // its name in the logs of both sides
}

type kept struct {
	key tokenKey
	*held
	half     time.Time // from here on it is renewed
	renewing bool
}

// asking is a question to the broker for which several may wait.
type asking struct {
	done  chan struct{}
	token *held
	err   error
}

// A trustMark is what tokens were asked for under; with another one they are
// dropped.
type trustMark struct {
	enabled             bool
	app                 entente.AppID
	uri, issuer, broker string
}

func (c *Client) mark() trustMark {
	t := c.Federation.Trust()
	if t == nil {
		return trustMark{}
	}
	return trustMark{t.Enabled, t.AppID, t.ApplicationURI, t.Issuer, t.Broker}
}

// get returns a token: one that is kept if it holds, and has it renewed in the
// background in the second half of its life.
func (t *tokens) get(ctx context.Context, who token.Subject, target string, offer token.Offer) (*held, error) {
	key, mark, now := keyOf(who, target, offer), t.client.mark(), t.client.Now()
	t.mu.Lock()
	t.follow(mark)
	if e := t.all[key]; e != nil {
		k := e.Value.(*kept)
		if now.Before(k.Expires.Add(-spare)) {
			t.order.MoveToFront(e)
			if !k.renewing && !now.Before(k.half) && t.broker.allow(now) {
				k.renewing = true
				t.begin(key, who, mark)
			}
			t.mu.Unlock()
			return k.held, nil
		}
		t.remove(e)
	}
	a := t.asking[key]
	if a == nil {
		if !t.broker.allow(now) {
			t.mu.Unlock()
			return nil, brokerAway(t.broker.problem())
		}
		a = t.begin(key, who, mark)
	}
	t.mu.Unlock()
	select {
	case <-a.done:
		return a.token, a.err
	case <-ctx.Done():
		return nil, brokerAway(ctx.Err())
	}
}

// fresh asks the broker whatever is kept, for who wants to see that it answers.
func (t *tokens) fresh(ctx context.Context, who token.Subject, target string, offer token.Offer) (*held, error) {
	mark := t.client.mark()
	h, err := t.client.obtain(ctx, who, target, offer)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.follow(mark)
	t.settle(err)
	if err != nil {
		return nil, ofRooms(err)
	}
	t.keep(keyOf(who, target, offer), h)
	return h, nil
}

// obtain asks the broker for a token.
func (c *Client) obtain(ctx context.Context, who token.Subject, target string, offer token.Offer) (*held, error) {
	_, signer, err := c.Federation.Signer()
	if err != nil {
		return nil, err
	}
	g, err := c.Federation.Ask(ctx, who, target, offer)
	if err != nil {
		return nil, err
	}
	if g.Holder != "" { // it may not be the one of a moment ago
		signer = g.Holder
	}
	return &held{g, signer, c.Now(), tokenID(g)}, nil
}

// follow drops everything that was asked for under another trust.
func (t *tokens) follow(mark trustMark) {
	if t.all == nil || t.under != mark {
		t.all, t.under = map[tokenKey]*list.Element{}, mark
		t.order.Init()
		t.asking = map[tokenKey]*asking{}
	}
}

// begin asks the broker in the background. The lock is held.
func (t *tokens) begin(key tokenKey, who token.Subject, mark trustMark) *asking {
	a := &asking{done: make(chan struct{})}
	t.asking[key] = a
	t.client.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), brokerTime)
		defer cancel()
		h, err := t.client.obtain(ctx, who, key.target, key.offer)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.settle(err)
		if err != nil {
			a.err = ofRooms(err)
		}
		a.token = h
		close(a.done)
		if t.under != mark {
			return // the trust has changed meanwhile
		}
		delete(t.asking, key)
		if err == nil {
			t.keep(key, h)
		} else if e := t.all[key]; e != nil {
			e.Value.(*kept).renewing = false
		}
	})
	return a
}

// settle tells the broker's breaker what came of a question. A refusal is an
// answer.
func (t *tokens) settle(err error) {
	var e *entente.Error
	if err == nil || errors.As(err, &e) && e.Reason != federation.BrokerUnavailable && e.Kind != entente.Unavailable {
		t.broker.succeeded()
		return
	}
	t.broker.failed(t.client.Now(), err, errors.Is(err, context.DeadlineExceeded))
}

// keep remembers a token. The lock is held.
func (t *tokens) keep(key tokenKey, h *held) {
	k := &kept{key: key, held: h, half: h.since.Add(h.Expires.Sub(h.since) / 2)}
	if e := t.all[key]; e != nil {
		e.Value = k
		t.order.MoveToFront(e)
		return
	}
	t.all[key] = t.order.PushFront(k)
	if t.order.Len() > maxTokens {
		t.remove(t.order.Back())
	}
}

func (t *tokens) remove(e *list.Element) {
	delete(t.all, e.Value.(*kept).key)
	t.order.Remove(e)
}

// drop forgets a token that a partner did not accept, so that the next is a new
// one.
func (t *tokens) drop(who token.Subject, target string, offer token.Offer, h *held) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.all[keyOf(who, target, offer)]; e != nil && e.Value.(*kept).held == h {
		t.remove(e)
	}
}

// count returns how many tokens are kept, by target.
func (t *tokens) count() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := map[string]int{}
	for key := range t.all {
		n[key.target]++
	}
	return n
}

func brokerAway(err error) error {
	return &entente.Error{
		Kind: entente.Unavailable, Reason: availability.NoDelegationToken, Err: err,
		Text: "The trust broker does not answer, and without a delegation token other organizations cannot be asked. It is asked again by itself.",
	}
}
