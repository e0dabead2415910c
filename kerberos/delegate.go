package kerberos

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"strings"
	"time"

	"entente"
	"entente/kerberos/enctype"
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
	// Told, if set, hears of what an administrator should. It is called from
	// several goroutines.
	Told func(event string, err error)
}

// What Told hears of.
const (
	EventKDC     = "kdc"     // a KDC does not answer, or does again
	EventClock   = "clock"   // the KDC's clock is not ours
	EventAccount = "account" // the KDC gives this account no ticket
)

// A Delegator gets tickets in the name of users for the services that its
// account may delegate to. It keeps them, and asks once where many want the
// same. It is safe for concurrent use.
type Delegator struct {
	DelegatorConfig
	login *login
	cache *ticketCache
}

// NewDelegator makes one. Nothing is asked yet.
func NewDelegator(c DelegatorConfig) (*Delegator, error) {
	switch {
	case c.Self.Name == "" || c.Self.Realm == "":
		return nil, errors.New("a delegator without an account")
	case c.Keytab == nil || c.Dial == nil || c.Now == nil:
		return nil, errors.New("a delegator without a keytab, a dialer or a clock")
	case len(c.KDCs) == 0 && c.Lookup == nil:
		return nil, errors.New("a delegator without KDCs")
	}
	c.Cache, c.Negative = cmp.Or(c.Cache, 10_000), cmp.Or(c.Negative, 10*time.Second)
	d := &Delegator{DelegatorConfig: c}
	d.login = &login{kdcs: newKDCs(&d.DelegatorConfig)}
	d.cache = newTicketCache(c.Cache, c.Negative, c.Now)
	return d, nil
}

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
	if err := d.check(u, service); err != nil {
		return nil, err
	}
	key := ticketKey{user: strings.ToLower(u.Name), realm: strings.ToUpper(u.Realm), sid: u.SID, service: service}
	return d.cache.get(ctx, key, func(ctx context.Context) (*Ticket, error) {
		evidence, err := d.toSelf(ctx, u)
		if err != nil {
			return nil, err
		}
		return d.proxy(ctx, evidence, service)
	})
}

// check refuses what is not asked at all: names that are none, and users of
// other realms, whose KDCs are not followed to.
func (d *Delegator) check(u User, service entente.SPN) error {
	if !properName(u.Name) || !properName(string(service)) {
		return entente.Errorf(entente.Invalid, "%q at %q is no name of a user and a service", u.Name, service)
	}
	if !strings.EqualFold(u.Realm, d.Self.Realm) {
		return entente.Errorf(entente.Denied, "%s is not of the realm %s", u.Name, d.Self.Realm).Because(NoSuchClient)
	}
	if nameKind(u.Name) == nameEnterprise && u.SID == "" {
		// Whom a UPN means only the SID says.
		return entente.Errorf(entente.Denied, "%s is a UPN and not an account's name", u.Name).Because(NoSuchClient)
	}
	return nil
}

func properName(s string) bool {
	for _, p := range nameParts(s) {
		if !printable([]byte(p)) {
			return false
		}
	}
	return len(s) <= maxName && len(nameParts(s)) <= maxParts
}

// Onward returns a ticket for a service in the name of the client who showed
// us one: S4U2Proxy with that ticket as evidence ("Kerberos only").
func (d *Delegator) Onward(ctx context.Context, evidence *Ticket, service entente.SPN) (*Ticket, error) {
	if evidence == nil || !properName(string(service)) {
		return nil, entente.Errorf(entente.Invalid, "%q is no name of a service, or there is no ticket", service)
	}
	key := ticketKey{
		user: strings.ToLower(evidence.Client.Name), realm: strings.ToUpper(evidence.Client.Realm), sid: evidence.SID,
		evidence: sha256.Sum256(evidence.raw), service: service,
	}
	return d.cache.get(ctx, key, func(ctx context.Context) (*Ticket, error) { return d.proxy(ctx, evidence, service) })
}

// Own returns a ticket for a service in this account's own name.
func (d *Delegator) Own(ctx context.Context, service entente.SPN) (*Ticket, error) {
	if !properName(string(service)) {
		return nil, entente.Errorf(entente.Invalid, "%q is no name of a service", service)
	}
	return d.cache.get(ctx, ticketKey{service: service}, func(ctx context.Context) (*Ticket, error) { return d.own(ctx, service) })
}

// Flush forgets the tickets of a user, by SID or by name, or with the empty User
// all, and what was refused: an account was disabled or changed. That they were
// got with a ticket which the user has shown makes no difference.
func (d *Delegator) Flush(u User) {
	d.cache.forget(u)
	if u == (User{}) {
		d.login.forget(nil)
	}
}

// A SignIn is what the KDC says to this account itself.
type SignIn struct {
	KDC     string        // who answered
	Skew    time.Duration // how far the KDC's clock is ahead
	Version uint32        // kvno of the key that was good,
	Etype   string        // and its type
	Until   time.Time     // end of the ticket
}

// SignIn signs this account in anew, and says how that went: for tests of a
// set-up. What is told of the KDC and the clock is told also with an error.
func (d *Delegator) SignIn(ctx context.Context) (SignIn, error) {
	s, err := d.login.signIn(ctx, d.Keytab())
	d.login.mu.Lock()
	said := SignIn{KDC: d.login.last(), Skew: d.login.skew}
	d.login.mu.Unlock()
	if err != nil {
		return said, err
	}
	said.Version, said.Etype, said.Until = s.entry.Version, enctype.Etype(s.entry.Etype).String(), s.ticket.End
	return said, nil
}
