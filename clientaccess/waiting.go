package clientaccess

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/mailbox"
)

// What a protocol does that keeps a request waiting for news: it holds no
// place among the requests under way, no view and no permit. Whenever it has
// something to do it passes the door again, with all that the door asks.

type patientKey struct{}

// Bounded returns a context for one request, which ends after d. The context it
// was made from is kept for requests that wait.
func Bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, patientKey{}, ctx), d)
}

// Wait makes the request one that waits: its place in the budget goes back, and
// one among the streaming connections is taken until it ends. The request
// returned lasts as long as the connection it came by. The session may do
// nothing more but conclude, and pass the door Again.
//
// An error of kind Unavailable has the reason TooManyStreams.
func (s *Session) Wait(r *http.Request) (*http.Request, error) {
	if s.hold != holdsPlace {
		return nil, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	now := s.door.Now()
	who, policy := s.charged()
	release, err := s.door.throttle.hold(who, policy, streams, TooManyStreams, now)
	if err != nil {
		return nil, err
	}
	s.door.throttle.leave(s.place, now)
	s.hold, s.release, s.views = holdsNothing, release, nil
	if patient, ok := r.Context().Value(patientKey{}).(context.Context); ok {
		r = r.WithContext(patient)
	}
	return r, nil
}

// Subscribe counts one subscription of this caller and subject until it is
// released. An error of kind Unavailable has the reason TooManySubscriptions.
func (s *Session) Subscribe() (release func(), err error) {
	if !s.passed {
		return nil, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	who, policy := s.charged()
	return s.door.throttle.hold(who, policy, subscriptions, TooManySubscriptions, s.door.Now())
}

// Watch tells of changes in a mailbox. It shows nothing of it.
func (s *Session) Watch(id entente.MailboxID) *mailbox.Watch {
	a, _ := s.snapshot.FindMailbox(id)
	return s.door.Mailboxes.Watch(a.Database, id)
}

// WatchFunc tells of changes in a mailbox by calling, for those who wait without a
// goroutine. See mailbox.Store.WatchFunc.
func (s *Session) WatchFunc(id entente.MailboxID, call func()) *mailbox.Watch {
	a, _ := s.snapshot.FindMailbox(id)
	return s.door.Mailboxes.WatchFunc(a.Database, id, call)
}

// A Waiting is what is left of a session that waits: enough to pass the door again,
// and no more, for there may be many. One goroutine at a time uses it.
type Waiting struct {
	door     *Door
	protocol Protocol
	id       string
	action   string
	writes   bool
	caller   *access.Caller
	snapshot *access.Snapshot
	place    place
	release  func()
}

// Park returns what waits on for the session, which was told to Wait and is
// concluded: the session ends with its handler, and its place among the streaming
// connections is held until End.
func (s *Session) Park() *Waiting {
	w := s.waiting()
	w.release, s.release = s.release, nil
	return w
}

func (s *Session) waiting() *Waiting {
	return &Waiting{
		door: s.door, protocol: s.protocol, id: s.id, action: s.record.Action, writes: s.writes,
		caller: s.caller, snapshot: s.snapshot, place: s.place,
	}
}

// End gives the place among the streaming connections back.
func (s *Waiting) End() {
	if s.release != nil {
		s.release()
	}
}

// Refused returns a session to answer with whom the door did not let in again. It
// may do nothing, and everything about it is on record.
func (s *Waiting) Refused() *Session {
	n := s.door.session(s.protocol, s.id, s.caller)
	n.concluded = true
	return n
}

// Subject is for whom the caller acts.
func (s *Waiting) Subject() entente.SID { return s.caller.Subject().SID }

// Clock is the Session's, and so are SettingsChanged and Ending.
func (s *Waiting) Clock() time.Time { return s.door.Now() }

// SettingsChanged is the Session's.
func (s *Waiting) SettingsChanged() <-chan struct{} { return s.door.settings.changed() }

// Ending is the Session's.
func (s *Waiting) Ending() <-chan struct{} { return s.door.ending }

// Again passes the door once more for a request that waits: who calls is
// authenticated again, and all is decided on the settings of now, so that what
// was taken from him meanwhile is gone. The new session acts as subject, who
// may be another than the request's own if the caller may act as him. Its
// handler concludes it and calls Done.
//
// The token of another node is good once, and so is what a client proves with
// that it holds a ticket: what that node sent is decided on again, for whom it
// vouched, and the ticket counts until it ends.
func (s *Session) Again(r *http.Request, subject entente.SID) (*Session, error) {
	return s.waiting().Again(r, subject)
}

// Again is the Session's.
func (s *Waiting) Again(r *http.Request, subject entente.SID) (*Session, error) {
	caller := *s.caller
	caller.ActsAs = nil
	switch {
	case caller.Method == access.Node:
	case caller.Method == access.Negotiate && caller.Ticket != nil:
		if !s.ticketHolds(&caller) {
			return nil, signInAgain()
		}
	default:
		c, err := s.door.methods(s.protocol).Authenticate(r, http.Header{})
		if kind := (*entente.Error)(nil); errors.As(err, &kind) && kind.Kind == entente.Denied {
			return nil, signInAgain()
		}
		if err != nil {
			return nil, err
		}
		if c == nil || c.Authenticated.SID != caller.Authenticated.SID {
			return nil, signInAgain()
		}
		caller = *c
	}
	n := s.door.session(s.protocol, s.id, &caller)
	n.place, n.hold, n.record.Action, n.writes = s.place, holdsTime, s.action, s.writes
	if err := n.enterAgain(subject); err != nil {
		// The refusal is recorded like any other.
		return nil, joined(err, n.Conclude(r.Context(), "ErrorAccessDenied"))
	}
	// Who waits long does not keep the settings of when he came.
	s.snapshot = n.snapshot
	return n, nil
}

// ticketHolds reports whether somebody who came by a ticket may go on by it: the
// method is still offered, the ticket has not ended, and the realm's word about
// him counts as it did.
func (s *Waiting) ticketHolds(c *access.Caller) bool {
	v := s.door.virtualDirectory(s.protocol)
	counts := func(x *access.Snapshot) bool { return x.Vouches(c.Realm, c.Authenticated.SID) }
	return v.Offers(access.Negotiate) && s.door.Now().Before(c.Ticket.Ends()) && (!counts(s.snapshot) || counts(s.door.Directory.Snapshot()))
}

// SignInAgain is the reason of an error of Again: what the caller proved who he is
// by holds no longer.
const SignInAgain entente.Reason = "sign-in-again"

func signInAgain() error {
	return entente.Errorf(entente.Denied, "sign in again").Because(SignInAgain)
}

// Challenge adds to an answer how to sign in.
func (s *Session) Challenge(h http.Header) { s.door.methods(s.protocol).Challenge(h) }

// joined is an error, or that of its record: what could not be recorded is not
// told.
func joined(err, record error) error {
	if record != nil {
		return record
	}
	return err
}

func (s *Session) enterAgain(subject entente.SID) error {
	if subject != s.caller.Authenticated.SID {
		if err := s.Impersonate(access.ConnectingSID{SID: string(subject)}); err != nil {
			return err
		}
	}
	if err := s.snapshot.Gate(s.caller, string(s.protocol), s.started, &s.trace); err != nil {
		return err
	}
	s.passed = true
	return nil
}

// Done ends a session of Again. Of one that was allowed everything and was not
// concluded there is nothing to say: its handler looked, and told nobody.
func (s *Session) Done(ctx context.Context) {
	refused := slices.ContainsFunc(s.trace.Decisions, func(d access.Decision) bool { return !d.Allowed() })
	s.concluded = s.concluded || !refused
	s.end(ctx)
}

// Clock tells the time, for what goes on after the request came.
func (s *Session) Clock() time.Time { return s.door.Now() }

// SettingsChanged returns a channel that is closed within a second of the next
// change of what requests are decided on.
func (s *Session) SettingsChanged() <-chan struct{} { return s.door.settings.changed() }

// Ending returns a channel that is closed when the server is about to stop: who
// waits says good-bye then.
func (s *Session) Ending() <-chan struct{} { return s.door.ending }

// End has all who wait end. Requests under way go on.
func (d *Door) End() { d.end.Do(func() { close(d.ending) }) }

// settings wakes those who wait when the directory has changed.
type settings struct {
	mu         *sync.Mutex
	generation uint64
	next       chan struct{}
}

func newSettings() settings { return settings{mu: new(sync.Mutex), next: make(chan struct{})} }

func (s *settings) changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (s *settings) look(generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation == s.generation {
		return
	}
	s.generation = generation
	close(s.next)
	s.next = make(chan struct{})
}
