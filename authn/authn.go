// Package authn finds out who is calling: by password or by the bearer token
// of a service account, by the delegation token of another organization; by
// Kerberos ticket and client certificate as those rooms are built.
//
// It alone makes an access.Caller, for one request. It does not decide what
// the caller may do.
package authn

import (
	"net"
	"net/http"

	"entente/access"
)

// A Method is one way to authenticate a request.
type Method interface {
	// Name says which one it is.
	Name() access.Method
	// Authenticate returns nil, nil if the request carries nothing of this
	// kind, and an *entente.Error of kind Denied if what it carries is wrong,
	// whatever is wrong about it: strangers learn nothing from the difference.
	// Kind Unavailable means that it could not be checked now.
	//
	// What the method has to say to a caller it has accepted goes into answer,
	// the header of the answer. Nothing goes there for anybody else.
	Authenticate(r *http.Request, answer http.Header) (*access.Caller, error)
	// Challenge adds the WWW-Authenticate header that invites this method.
	Challenge(h http.Header)
}

// Methods tries several in order. Clients take the strongest of what is
// advertised, so only what really works may stand in the list.
type Methods []Method

// Authenticate returns the caller by the first method the request carries
// something for; nil, nil if none does.
func (m Methods) Authenticate(r *http.Request, answer http.Header) (*access.Caller, error) {
	for _, method := range m {
		if c, err := method.Authenticate(r, answer); c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// Challenge adds all invitations, in order. RFC 9110 11.6.1.
func (m Methods) Challenge(h http.Header) {
	for _, method := range m {
		method.Challenge(h)
	}
}

// caller starts a Caller with what every method knows of the request.
func caller(r *http.Request, who access.Principal, how access.Method) *access.Caller {
	return &access.Caller{
		Authenticated: who,
		Method:        how,
		UserAgent:     clean(r.UserAgent()),
		Address:       source(r),
	}
}

// source is the peer's address without its port. Behind a trusted proxy the
// server has put the client's own address into RemoteAddr before.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// maxUserAgent bounds what a client can put into every audit record.
const maxUserAgent = 256

// clean bounds a header value and takes control characters out, which
// net/http lets through in part.
func clean(s string) string { return cleanTo(s, maxUserAgent) }

func cleanTo(s string, most int) string {
	b := make([]byte, 0, min(len(s), most))
	for i := 0; i < len(s) && len(b) < most; i++ {
		if c := s[i]; c >= ' ' && c != 0x7f {
			b = append(b, c)
		}
	}
	return string(b)
}
