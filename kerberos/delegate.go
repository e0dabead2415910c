package kerberos

import (
	"context"
	"net"
	"time"

	"entente"
)

// DelegatorConfig is what a Delegator knows.
type DelegatorConfig struct {
	// Self is the account that is trusted for delegation, whose keys are in the
	// keytab: svc-gw@CONTOSO.EXAMPLE, or an SPN of it where the KDC takes that.
	Self   Principal
	Keytab func() *Keytab // as an Acceptor's
	// KDCs are addresses, HOST or HOST:PORT, in order; the next one is asked when
	// one does not answer. Lookup, if set, is asked where there are none (DNS SRV).
	KDCs   []string
	Lookup func(ctx context.Context, realm string) ([]string, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Now    func() time.Time
	// AllowRC4 also asks for and takes RC4. Default AES only.
	AllowRC4 bool
	// Cache is how many tickets are kept, default 10,000; Negative for how long a
	// refusal is, default 10 s.
	Cache    int
	Negative time.Duration
	// Told, if set, hears of what an administrator should: a KDC that does not
	// answer, a clock that is off. It is called from several goroutines.
	Told func(event string, err error)
}

// A Delegator gets tickets in the name of users for the services that its
// account may delegate to. It keeps them, and asks once where many want the
// same. It is safe for concurrent use.
type Delegator struct{ DelegatorConfig }

// NewDelegator makes one. Nothing is asked yet.
func NewDelegator(c DelegatorConfig) (*Delegator, error) { return &Delegator{DelegatorConfig: c}, nil }

// A User is for whom a ticket is asked by protocol transition.
type User struct {
	Name  string // sAMAccountName; Active Directory does not put another name right
	Realm string
	// SID, if not empty, must be the one in the PAC of the ticket to ourselves:
	// what a name means is the KDC's word, whom a certificate was mapped to is
	// ours, and they have to agree. (threats K2)
	SID entente.SID
}

// For returns a ticket for a service in a user's name: S4U2Self, then
// S4U2Proxy, unless a good one is kept. Errors are *entente.Error: Denied with
// a reason for what the KDC refuses, Unavailable for what cannot be asked now.
// A kept ticket is given as long as it is good although no KDC answers.
func (d *Delegator) For(ctx context.Context, u User, service entente.SPN) (*Ticket, error) {
	return nil, entente.Errorf(entente.Unavailable, "no tickets are to be had")
}

// Onward returns a ticket for a service in the name of the client who showed
// us one: S4U2Proxy with that ticket as evidence ("Kerberos only").
func (d *Delegator) Onward(ctx context.Context, evidence *Ticket, service entente.SPN) (*Ticket, error) {
	return nil, entente.Errorf(entente.Unavailable, "no tickets are to be had")
}

// Own returns a ticket for a service in this account's own name.
func (d *Delegator) Own(ctx context.Context, service entente.SPN) (*Ticket, error) {
	return nil, entente.Errorf(entente.Unavailable, "no tickets are to be had")
}

// Flush forgets the tickets of a user, or with the empty User all, and what was
// refused: an account was disabled or changed.
func (d *Delegator) Flush(u User) {}

// Negotiate makes the token of an Authorization: Negotiate header, for one
// request: each has an authenticator of its own. Answer verifies what the
// service says in its WWW-Authenticate header, if it was asked to prove itself.
func (t *Ticket) Negotiate(now time.Time, b Bindings, mutual bool) (token string, answer func(header string) error, err error) {
	return "", nil, entente.Errorf(entente.Unavailable, "no tickets are to be had")
}
