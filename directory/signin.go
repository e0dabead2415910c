package directory

import (
	"context"
	"crypto/rand"
	"net/netip"
	"sync"
	"time"

	"entente"
	"entente/access"
)

// signIn remembers, for this process, which credentials were right and who
// guesses.
type signIn struct {
	key   [32]byte
	slots chan struct{} // a place for each hash being computed
	// strangers is the part of the slots for those who have not signed in from
	// where they are before: a flood of them leaves the rest to the others.
	strangers chan struct{}

	mu      sync.Mutex
	waiting map[chan struct{}]int // for slots, and for strangers'
	proven  map[digest]time.Time  // until when
	regular map[place]time.Time   // who has signed in from where, until when
	places  map[place]*failures
	flights map[flight]*outcome
}

type digest [32]byte

// A place is an account together with the network somebody tries from.
type place struct{ who, network string }

// A try is one attempt to sign in.
type try struct {
	account  access.Account
	known    bool
	epoch    int64
	password entente.Secret
	place    place
	digest   digest
	stale    bool // the epoch has passed

	// Found out by verify:
	has, enabled bool // there is a password here; the account is enabled
	bound        bool // another directory found the password right
	// bind, if set, is tried when verify says no. It waits for others and takes no
	// place among the hashes meanwhile.
	bind func(context.Context) (bool, error)
}

// failures are those of one place.
type failures struct {
	n     int
	until time.Time // nobody is heard before
	last  digest    // the password tried last, wrong
	kept  time.Time // when all is forgotten
}

// A flight is a try whose outcome others, who try the same, wait for: a client
// that opens ten connections costs one hash.
type flight struct {
	digest digest
	place  place
}

type outcome struct {
	done chan struct{}
	err  error
}

const (
	provenFor  = 10 * time.Minute
	regularFor = 30 * 24 * time.Hour
	maxProven  = 1 << 16
	maxPlaces  = 1 << 16

	freeFailures = 3 // before delays begin
	maxDelay     = 15 * time.Minute
	forgetAfter  = 15 * time.Minute // after the delay has passed
)

func newSignIn() (*signIn, error) {
	s := &signIn{
		slots:     make(chan struct{}, slots()),
		strangers: make(chan struct{}, (slots()+1)/2),
		waiting:   map[chan struct{}]int{},
		proven:    map[digest]time.Time{},
		regular:   map[place]time.Time{},
		places:    map[place]*failures{},
		flights:   map[flight]*outcome{},
	}
	_, err := rand.Read(s.key[:])
	return s, err
}

// network returns what an attacker cannot easily change of an address: the /24
// of IPv4, the /64 of IPv6.
func network(source string) string {
	a, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return source
	}
	return p.String()
}

// delay is how long a place must wait after its nth failure.
func delay(n int) time.Duration {
	if n <= freeFailures {
		return 0
	}
	if n > freeFailures+10 {
		return maxDelay
	}
	return min(time.Second<<(n-freeFailures-1), maxDelay)
}

// check decides on a try: by what is remembered, by what is being found out,
// or by verify, which it calls once.
func (s *signIn) check(ctx context.Context, t *try, verify func() (bool, error)) error {
	now := time.Now()
	f := flight{t.digest, t.place}
	s.mu.Lock()
	if o := s.flights[f]; o != nil {
		s.mu.Unlock()
		return o.wait(ctx)
	}
	p := s.places[t.place]
	// Before the cache: who must wait could else guess against it.
	if p != nil && now.Before(p.until) {
		s.mu.Unlock()
		return entente.Errorf(entente.Unavailable, "too many failures; try again later").Because(SignInDelayed)
	}
	if until, ok := s.proven[t.digest]; ok && now.Before(until) && t.known && t.account.Enabled {
		s.mu.Unlock()
		return nil
	}
	// A client that repeats an old password is not guessing; it is told again.
	if p != nil && p.n > 0 && p.last == t.digest {
		s.mu.Unlock()
		return refused()
	}
	// Counted before it is known to be wrong: many tries at once are as many.
	p = s.count(t.place, now)
	o := &outcome{done: make(chan struct{})}
	s.flights[f] = o
	regular := now.Before(s.regular[t.place])
	s.mu.Unlock()

	right, err := s.run(ctx, regular, verify)
	if err == nil && !right && t.bind != nil {
		right, err = t.bind(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o.err = s.conclude(t, p, right, err)
	delete(s.flights, f)
	close(o.done)
	return o.err
}

// conclude remembers how a try ended.
func (s *signIn) conclude(t *try, p *failures, right bool, err error) error {
	switch {
	case err != nil: // it was not found out
		p.n--
		p.until = time.Time{}
		return err
	case !right:
		p.last = t.digest
		return refused()
	}
	delete(s.places, t.place)
	now := time.Now()
	remember(s.regular, t.place, now, now.Add(regularFor))
	if !t.stale {
		long := provenFor
		if t.bound {
			long = boundFor
		}
		remember(s.proven, t.digest, now, now.Add(long))
	}
	return nil
}

// count adds a failure to a place.
func (s *signIn) count(at place, now time.Time) *failures {
	p := s.places[at]
	if p == nil || now.After(p.kept) {
		s.makeRoom(now)
		p = &failures{}
		s.places[at] = p
	}
	p.n++
	p.until = now.Add(delay(p.n))
	p.kept = p.until.Add(forgetAfter)
	return p
}

// makeRoom keeps the number of places bounded. Who can come from more networks
// than that is not held up by delays.
func (s *signIn) makeRoom(now time.Time) {
	if len(s.places) < maxPlaces {
		return
	}
	for k, p := range s.places {
		if now.After(p.kept) {
			delete(s.places, k)
		}
	}
	for k := range s.places { // in no order
		if len(s.places) < maxPlaces*3/4 {
			return
		}
		delete(s.places, k)
	}
}

// remember keeps what is worth something until a time, and bounds how much.
func remember[K comparable](m map[K]time.Time, k K, now, until time.Time) {
	if len(m) >= maxProven {
		for k, end := range m {
			if now.After(end) {
				delete(m, k)
			}
		}
	}
	for k := range m { // in no order
		if len(m) < maxProven {
			break
		}
		delete(m, k)
	}
	m[k] = until
}

func (o *outcome) wait(ctx context.Context) error {
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return busy()
	}
}

func busy() error {
	return entente.Errorf(entente.Unavailable, "too many sign-ins at once; try again").Because(SignInBusy)
}

// run calls verify when there is a slot for it.
func (s *signIn) run(ctx context.Context, regular bool, verify func() (bool, error)) (bool, error) {
	leave, err := s.enter(ctx, regular)
	if err != nil {
		return false, err
	}
	defer leave()
	return verify()
}

// enter waits for a slot, not long, and not behind too many others. Strangers
// first wait for one of theirs.
func (s *signIn) enter(ctx context.Context, regular bool) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if !regular {
		if err := s.wait(ctx, s.strangers); err != nil {
			return nil, err
		}
	}
	if err := s.wait(ctx, s.slots); err != nil {
		if !regular {
			<-s.strangers
		}
		return nil, err
	}
	return func() {
		<-s.slots
		if !regular {
			<-s.strangers
		}
	}, nil
}

func (s *signIn) wait(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	default:
	}
	if !s.queue(slots, 1) {
		return busy()
	}
	defer s.queue(slots, -1)
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return busy()
	}
}

// queue joins or leaves those who wait; false if there is no room.
func (s *signIn) queue(slots chan struct{}, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && s.waiting[slots] >= maxWaiting {
		return false
	}
	s.waiting[slots] += n
	return true
}
