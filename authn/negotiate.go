package authn

import (
	"net/http"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/kerberos"
)

// Negotiate authenticates by Kerberos tickets, RFC 4559, for each request anew:
// nothing is remembered of the connection it came by. (threats E5)
//
// A ticket names a principal of a realm. Which account of ours that is, the
// realm's PAC says by SID, if tickets of the realm must carry one, and the name
// says otherwise.
type Negotiate struct {
	NegotiateConfig
}

// A NegotiateConfig is what a Negotiate is made of.
type NegotiateConfig struct {
	Directory *directory.Directory
	Acceptor  *kerberos.Acceptor
	// Realms are those whose tickets count. One that is not among them is
	// nobody's.
	Realms []NegotiateRealm
	// EndPoint returns the tls-server-end-point of the certificate that a request's
	// connection was served with, RFC 5929 4.1; nil if that is not known.
	EndPoint func(*http.Request) []byte
	// Required refuses tokens that do not say over which channel they go.
	Required bool
	Secure   func(*http.Request) bool
	// Refused, if set, is told why a token was turned away, and whose it was where
	// that is known.
	Refused func(client, why string)
}

// A NegotiateRealm says whose tickets a realm's are.
type NegotiateRealm struct {
	Name string // as in CONTOSO.EXAMPLE
	// PAC is whether tickets must carry one, and so how accounts are found.
	PAC kerberos.PACMode
	// Domain, of a realm of names alone, is what stands after the @ in the UPNs of
	// its principals here.
	Domain entente.Domain
}

// NewNegotiate makes one.
func NewNegotiate(c NegotiateConfig) *Negotiate { return &Negotiate{c} }

const negotiateScheme = "Negotiate"

// Name implements Method.
func (n *Negotiate) Name() access.Method { return access.Negotiate }

// Authenticate implements Method.
func (n *Negotiate) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	if _, ok := credentials(r, negotiateScheme); !ok {
		return nil, nil
	}
	return nil, refused()
}

// Challenge implements Method. RFC 4559 4.1.
func (n *Negotiate) Challenge(h http.Header) { h.Add("WWW-Authenticate", negotiateScheme) }
