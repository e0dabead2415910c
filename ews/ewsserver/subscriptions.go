package ewsserver

import (
	"crypto/rand"
	"sync"
	"time"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// A subscription is what somebody wants to be told of. It holds a position and
// neither a view nor a permit: whoever asks for its news passes the door first,
// and what he may know is decided then.
//
// Subscriptions live in the memory of one node. After a restart clients are
// told ErrorSubscriptionNotFound, at which they subscribe again; a watermark of
// before is good then, so that nothing is missed.
type subscription struct {
	id              string
	caller, subject entente.SID
	mailbox         entente.MailboxID
	kinds           newsKinds
	interest        mailbox.Interest
	streaming       bool
	timeout         time.Duration // without being asked for
	release         func()        // gives its place in the budget back
	gone            chan struct{} // closed when it ends

	mu      sync.Mutex
	touched time.Time
	// told is where the last answer led to, asked where it began: the client
	// comes back with the one if it got the answer, with the other if not.
	asked, told mailbox.NewsPoint
	connection  *stream // the streaming connection that carries it, nil if there is none
}

// newsKinds are kinds of news, a bit each.
type newsKinds uint16

func (k newsKinds) has(n mailbox.NewsKind) bool { return k&(1<<n) != 0 }

// streamIdle is how long a streaming subscription stays without a connection.
const streamIdle = 30 * time.Minute

// maxSubscriptions bounds how many a node has, whoever has them.
const maxSubscriptions = 200_000

// sweepEvery is how often subscriptions are looked for that timed out.
const sweepEvery = time.Minute

// subscriptions are those of this node.
type subscriptions struct {
	mu    sync.Mutex
	node  string // this one, as the directory has it
	all   map[string]*subscription
	swept time.Time
}

func newSubscriptions(node string) *subscriptions {
	return &subscriptions{node: node, all: map[string]*subscription{}}
}

// add enters a subscription under a name that nobody can guess.
func (s *subscriptions) add(sub *subscription, now time.Time) error {
	var b [subscriptionRandom]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	sub.id, sub.touched, sub.gone = subscriptionID(s.node, b[:]), now, make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxSubscriptions {
		return &ews.Fault{Code: ews.ErrorExceededSubscriptionCount}
	}
	s.all[sub.id] = sub
	return nil
}

// sweep ends those that timed out: at times, and when there is need for room.
func (s *subscriptions) sweep(now time.Time, need bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !need && now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for _, sub := range s.all {
		if sub.expired(now) {
			s.end(sub)
		}
	}
}

func (sub *subscription) expired(now time.Time) bool {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.connection == nil && now.Sub(sub.touched) > sub.timeout
}

func (s *subscriptions) end(sub *subscription) {
	delete(s.all, sub.id)
	close(sub.gone)
	sub.release()
}

// find returns a subscription of a caller, alive. Those of others look like
// those that do not exist. subject may be empty: a streaming connection of a
// caller carries those of all for whom he subscribed.
func (s *subscriptions) find(id string, caller, subject entente.SID, now time.Time) (*subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.all[id]
	if sub == nil || sub.caller != caller || subject != "" && sub.subject != subject {
		return nil, &ews.Fault{Code: ews.ErrorSubscriptionNotFound}
	}
	if sub.expired(now) {
		s.end(sub)
		return nil, &ews.Fault{Code: ews.ErrorExpiredSubscription, Text: "The subscription has expired: it was not asked for in its time."}
	}
	sub.mu.Lock()
	sub.touched = now
	sub.mu.Unlock()
	return sub, nil
}

// remove ends a subscription, if it has not ended.
func (s *subscriptions) remove(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[sub.id] == sub {
		s.end(sub)
	}
}
