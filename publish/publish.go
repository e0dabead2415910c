// Package publish is the gateway at the edge: it takes connections of phones and
// other clients, finds out who they are, and passes their requests on to
// servers inside in their name.
//
// Authentication is the listener's, what is published is the rule's, and how
// the inside is told who is calling is the rule's delegation. What cannot be
// delegated is not passed on: there is no request to a server inside without a
// user proven here, except by a rule that says so (PassThrough).
//
// A request goes one way, in steps that each may end it: route, authenticate,
// authorize, delegate, forward. See pipeline.go.
package publish

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn/clientcert"
	"entente/kerberos"
	"entente/outgoing"
)

// A ClientAuth is a way in which a listener has clients prove who they are.
type ClientAuth string

const (
	NoAuth          ClientAuth = "none"
	WithCertificate ClientAuth = "certificate"
	WithNegotiate   ClientAuth = "negotiate"
	WithBasic       ClientAuth = "basic"
)

// A Delegation is how the servers inside are told who is calling.
type Delegation string

const (
	// Block passes nothing on: what a rule does that says nothing of delegation.
	Block Delegation = "none"
	// PassThrough hands the client's own Authorization on: the server inside
	// finds out who it is. The listener asks for nothing.
	PassThrough Delegation = "pass-through"
	// DelegateBasic hands name and password on, checked here first.
	DelegateBasic Delegation = "basic"
	// KCD is Kerberos constrained delegation with protocol transition: S4U2Self
	// and S4U2Proxy, whatever the client signed in with.
	KCD Delegation = "kerberos"
	// KCDKerberosOnly is S4U2Proxy with the client's own ticket as evidence.
	KCDKerberosOnly Delegation = "kerberos-only"
)

// Methods find out who is calling: authn.Methods does.
type Methods interface {
	Authenticate(r *http.Request, answer http.Header) (*access.Caller, error)
	Challenge(h http.Header)
}

// A Listener is an address with what clients must prove there.
type Listener struct {
	Name         string
	Address      string // HOST:PORT
	Certificates []tls.Certificate
	Auth         []ClientAuth
	// Methods are those of Auth. A listener that asks for nothing has none.
	Methods Methods
	// Judge is of client certificates: the handshake asks for one of its
	// authorities' and has it verified. Whose it is, and whether it still holds, is
	// asked again for every request, by Methods.
	Judge  *clientcert.Judge
	Hints  bool   // name the authorities in the handshake
	MinTLS uint16 // default TLS 1.2
	HTTP2  bool   // never where ActiveSync is published, unless set
}

// A Preset is the paths of a protocol.
type Preset string

const (
	EWS          Preset = "ews"
	ActiveSync   Preset = "activesync"
	Autodiscover Preset = "autodiscover"
	Exchange     Preset = "exchange" // all of them
	// Federation is the paths of WS-Security, to which people of other organizations
	// come with delegation tokens. They pass any listener, whatever it has other
	// clients prove, and only where a rule publishes them.
	Federation Preset = "federation"
)

// A Rule publishes paths of servers inside under public names.
type Rule struct {
	Name     string
	Listener string
	Names    []string // public host names
	Preset   Preset   // the paths of a protocol
	Paths    []string // further ones; "/owa/" is all below
	// Site is the name of the internal site: whose certificate the servers inside
	// show, what the Host header says, and what the SPN is filled in from.
	// Default: the host of the first of them. Naming it lets Inside be addresses.
	Site   string
	Inside []*url.URL // servers of the internal site, in order
	// SPN of the internal site; HTTP/Site if empty.
	SPN        entente.SPN
	Delegation Delegation
	// Shared lets requests of different users share a connection to the inside. Off
	// by default: servers may take who spoke first on a connection for who speaks.
	Shared bool
	// Enforce applies the organization's application and impersonation policies
	// to EWS requests, for servers inside that are not ours.
	Enforce bool
	// Impersonate is what becomes of requests in another's name then.
	Impersonate Impersonation
	// Poll is the longest silence of a server inside, within an answer and before
	// it; default 30 min.
	Poll time.Duration
	// Roots are the authorities of the inside's certificates; nil for the system's.
	Roots *x509.CertPool
	// Health, if set, is a path that healthy servers answer with less than 400.
	// Otherwise one that takes a TLS connection is healthy.
	Health string
}

// Limits bound what clients can take.
type Limits struct {
	Strangers int           // connections of one source that proved nothing; default 100
	PerUser   int           // requests of one user at once; default 100
	Body      int64         // bytes of a request's body; default 36 MiB
	Header    time.Duration // how long a request's header may take; default 10 s
	Write     time.Duration // how long a client may not take what is there for it; default 30 s
}

// Tickets are where tickets in the name of users come from: *kerberos.Delegator.
type Tickets interface {
	For(ctx context.Context, u kerberos.User, service entente.SPN) (*kerberos.Ticket, error)
	Onward(ctx context.Context, evidence *kerberos.Ticket, service entente.SPN) (*kerberos.Ticket, error)
	Flush(u kerberos.User)
}

// Config is what a Gateway joins.
type Config struct {
	Listeners []Listener
	Rules     []Rule
	Limits    Limits

	// Snapshot is the accounts as they are known here.
	Snapshot func() *access.Snapshot
	// Fresh says as of when that is, where the accounts are another directory's.
	// On what is older than MaxAge, default 5 min, nobody is let in. (threats K4)
	Fresh  func() time.Time
	MaxAge time.Duration
	// Tickets are had for accounts of a realm; nil if no rule delegates by Kerberos.
	Tickets Tickets
	Realm   string
	// PAC is what the realm's tickets carry. By default the SID in it must be the
	// account's. (threats K2)
	PAC kerberos.PACMode

	// Enforcer decides by rules that enforce policies; without one these refuse
	// everything.
	Enforcer Enforcer

	Dialer *outgoing.Dialer
	Audit  *audit.Log
	Log    *slog.Logger
	Now    func() time.Time
	// Observe, if set, is told of every finished request, for metrics.
	Observe func(Observation)
}

// An Observation is what metrics may know of a request: no names of people.
type Observation struct {
	Listener, Rule string
	Status         int
	Reason         entente.Reason // why the gateway refused; empty if it passed it on
	Took           time.Duration
}
