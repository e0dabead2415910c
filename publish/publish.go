// Package publish is the gateway at the edge: it takes connections of phones and
// other clients, finds out who they are, and passes their requests on to
// servers inside in their name.
//
// Authentication is the listener's, what is published is the rule's, and how
// the inside is told who is calling is the rule's delegation. What cannot be
// delegated is not passed on: there is no request to a server inside without a
// user proven here, except by a rule that says so (PassThrough).
package publish

import (
	"crypto/tls"
	"net/url"
	"time"

	"entente"
	"entente/authn/clientcert"
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
	// Block asks nobody on the client's behalf: a server inside that wants
	// credentials is not reached. The default.
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

// A Listener is an address with what clients must prove there.
type Listener struct {
	Name         string
	Address      string // HOST:PORT
	Certificates []tls.Certificate
	Auth         []ClientAuth
	Authorities  []clientcert.Authority // of client certificates
	Hints        bool                   // name them in the handshake
	MinTLS       uint16                 // default TLS 1.2
	HTTP2        bool                   // never where ActiveSync is published, unless set
}

// A Rule publishes paths of servers inside under public names.
type Rule struct {
	Name     string
	Listener string
	Names    []string // public host names
	Preset   string   // ews, activesync, autodiscover: the paths of each
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
	Poll        time.Duration // longest wait for an answer; default 30 min
}
