package relay

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/availability"
	"entente/calendar"
)

// An Operation is something an agreement lets the other side ask for.
type Operation string

// The operations.
const (
	// GetUserAvailability is asking when members are free.
	GetUserAvailability Operation = "GetUserAvailability"
	// DeliverMeeting is inviting members to meetings, changing these and calling
	// them off; the members' answers go back by it.
	DeliverMeeting Operation = "DeliverMeeting"
	// DeliverMail is sending members any other mail.
	DeliverMail Operation = "DeliverMail"
	// SendMail is members sending mail out.
	SendMail Operation = "SendMail"
)

var operations = []Operation{GetUserAvailability, DeliverMeeting, DeliverMail, SendMail}

// A Level is how much of a calendar passes.
type Level string

// The levels, under Exchange's names for free/busy permissions.
const (
	TimeOnly Level = "FreeBusyTimeOnly"
	Details  Level = "FreeBusyTimeAndSubjectAndLocation"
)

// An Agreement is what two sides of a relay let each other do. Both have a copy
// and each goes by its own: what is in one only does not pass.
type Agreement struct {
	Name       string
	Peer       string
	Operations []Operation
	// Group is whom the agreement is about, on the inner side: the members of
	// this group, by its address, through other groups too.
	Group entente.SMTPAddress
	// Members are whom it is about as the outer side knows them: addresses, or
	// domains all of whose people that are not here may be inside.
	Members []string
	// Askers are for whom the outer side may speak: addresses or domains.
	Askers []string
	Level  Level
	// Behind and Ahead bound the days that may be asked about.
	Behind, Ahead time.Duration
	Rate          int // questions and messages a minute
}

// Limits of agreements.
const (
	defaultBehind = 7 * 24 * time.Hour
	defaultAhead  = 62 * 24 * time.Hour
	maxAhead      = 732 * 24 * time.Hour
	defaultRate   = 60
	maxName       = 64
)

func (a *Agreement) defaults() {
	if a.Level == "" {
		a.Level = TimeOnly
	}
	if a.Behind == 0 {
		a.Behind = defaultBehind
	}
	if a.Ahead == 0 {
		a.Ahead = defaultAhead
	}
	if a.Rate == 0 {
		a.Rate = defaultRate
	}
}

// check says what is wrong with an agreement on one side.
func (a *Agreement) check(role Role) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("agreement %q: %w", a.Name, fmt.Errorf(format, args...))
	}
	switch {
	case !validName(a.Name):
		return bad("a name is 1 to %d letters, digits, dots and dashes", maxName)
	case len(a.Operations) == 0:
		return bad("no operations; they are %s", joined(operations))
	case a.Level != TimeOnly && a.Level != Details:
		return bad("level %q is neither %s nor %s", a.Level, TimeOnly, Details)
	case a.Behind < 0 || a.Ahead <= 0 || a.Behind > maxAhead || a.Ahead > maxAhead:
		return bad("behind and ahead are at most %d days", int(maxAhead.Hours()/24))
	case a.Rate < 1:
		return bad("the rate is at least 1")
	case role == Inner && a.Group == "":
		return bad("group: name the group whose members may be asked about")
	case role == Outer && len(a.Members) == 0:
		return bad("members: name the addresses or domains of those inside")
	case len(a.Askers) == 0:
		return bad("askers: name the addresses or domains the outer side speaks for")
	}
	for _, o := range a.Operations {
		if !slices.Contains(operations, o) {
			return bad("there is no operation %q; they are %s", o, joined(operations))
		}
	}
	for _, m := range slices.Concat(a.Members, a.Askers) {
		_, noAddress := entente.ParseSMTPAddress(m)
		_, noDomain := entente.ParseDomain(m)
		if noAddress != nil && noDomain != nil {
			return bad("%q is neither an address nor a domain", m)
		}
	}
	if a.Group != "" {
		if _, err := entente.ParseSMTPAddress(string(a.Group)); err != nil {
			return bad("group: %w", err)
		}
	}
	return nil
}

func joined(all []Operation) string {
	names := make([]string, len(all))
	for i, o := range all {
		names[i] = string(o)
	}
	return strings.Join(names, ", ")
}

// validName keeps names fit for logs and audit records.
func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (a *Agreement) allows(o Operation) bool { return slices.Contains(a.Operations, o) }

// covers reports whether an address is in a list of addresses and domains.
func covers(list []string, a entente.SMTPAddress) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return strings.EqualFold(s, string(a)) || strings.EqualFold(s, string(a.Domain()))
	})
}

// window reports whether a time may be asked about at a moment.
func (a *Agreement) window(w calendar.Interval, now time.Time) bool {
	return w.Start.Before(w.End) && !w.Start.Before(now.Add(-a.Behind)) && !w.End.After(now.Add(a.Ahead))
}

// A Refusal says why something does not pass, to the other side and to the
// audit log. The words are a closed set: none of them tells who exists.
type Refusal string

// The refusals.
const (
	NoAgreement   Refusal = "no-agreement"
	NotOperation  Refusal = "operation-not-agreed"
	NotAsker      Refusal = "asker-not-agreed"
	NotWindow     Refusal = "window-not-agreed"
	NotLevel      Refusal = "level-not-agreed"
	TooFast       Refusal = "rate-exceeded"
	TooMany       Refusal = "too-many"
	NotUnderstood Refusal = "not-understood"
	NotNow        Refusal = "not-now" // the other side cannot, for the moment
)

var refusals = []Refusal{NoAgreement, NotOperation, NotAsker, NotWindow, NotLevel, TooFast, TooMany, NotUnderstood, NotNow}

// Error makes a refusal an error.
func (r Refusal) Error() string { return "the relay refuses: " + string(r) }

// errorOf is what a client may read of a refusal.
func (r Refusal) errorOf() error {
	kind := entente.Denied
	if r == TooFast || r == NotNow {
		kind = entente.Unavailable
	}
	return &entente.Error{
		Kind: kind, Reason: availability.PartnerFailed, Err: r,
		Text: "the relay to the other organization does not let this pass: " + string(r),
	}
}

func refusalOf(err error) (Refusal, bool) {
	var r Refusal
	ok := errors.As(err, &r)
	return r, ok
}

// rates counts what passed under each agreement: a bucket of a minute's worth
// that fills evenly. It is safe for concurrent use.
type rates struct {
	mu   sync.Mutex
	of   map[string]*bucket
	over map[string]*excess
}

// excess counts what a peer asked beyond a rate since that was last recorded.
type excess struct {
	n  int
	at time.Time
}

// excessEvery is how often what exceeds a rate is recorded.
const excessEvery = 10 * time.Second

// refused counts one more, and returns how many are to be recorded now: 0 if
// this one is told with a later one.
func (r *rates) refused(peer string, now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over == nil {
		r.over = map[string]*excess{}
	}
	e := r.over[peer]
	if e == nil {
		e = &excess{at: now.Add(-excessEvery)}
		r.over[peer] = e
	}
	e.n++
	if now.Sub(e.at) < excessEvery {
		return 0
	}
	n := e.n
	e.n, e.at = 0, now
	return n
}

type bucket struct {
	left float64
	at   time.Time
}

func (r *rates) take(a *Agreement, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.of[a.Name]
	if b == nil {
		b = &bucket{left: float64(a.Rate), at: now}
		if r.of == nil {
			r.of = map[string]*bucket{}
		}
		r.of[a.Name] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(float64(a.Rate), b.left+passed.Minutes()*float64(a.Rate))
		b.at = now
	}
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
