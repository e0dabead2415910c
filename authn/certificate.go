package authn

import (
	"errors"
	"net/http"

	"entente"
	"entente/access"
	"entente/authn/clientcert"
)

// Certificate authenticates by the client's certificate of the connection. That
// the client holds its key, the handshake has shown; whose it is, and whether it
// still holds, is asked for each request anew. (threats E4, K4)
//
// It comes after the methods that look at the Authorization header: who says in
// so many words who he is, is that one, whatever certificate his machine shows
// wherever it is asked.
type Certificate struct {
	Judge    *clientcert.Judge
	Snapshot func() *access.Snapshot
	// Refused, if set, is told why a certificate was turned away, and its serial
	// number.
	Refused func(serial, why string)
}

// Name implements Method.
func (c *Certificate) Name() access.Method { return access.Certificate }

// Authenticate implements Method. Only TLS that ends here counts: a certificate
// in a header is what a proxy, or anybody, writes there.
func (c *Certificate) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || r.TLS.DidResume {
		return nil, nil
	}
	leaf := r.TLS.PeerCertificates[0]
	if _, node := channelKey(r.TLS); node && leaf.Subject.CommonName == nodeProtocol {
		return nil, nil // the channel of a node; what its requests carry says who asks
	}
	m, err := c.Judge.Match(r.Context(), r.TLS.PeerCertificates)
	if err == nil {
		var who *access.Caller
		if who, err = c.caller(r, &m); err == nil {
			return who, nil
		}
	}
	if c.Refused != nil {
		c.Refused(leaf.SerialNumber.Text(16), why(err))
	}
	var e *entente.Error
	if errors.As(err, &e) && e.Kind == entente.Unavailable {
		return nil, err
	}
	return nil, refused()
}

// caller makes the caller whose certificate it is. The record says by which
// certificate, and how that came to be his.
func (c *Certificate) caller(r *http.Request, m *clientcert.Match) (*access.Caller, error) {
	link := access.Link{Who: access.Principal{SID: m.SID}, How: clean(m.How())}
	if m.Realm == "" {
		who := caller(r, m.Account.Principal, access.Certificate)
		who.Evidence = m.Evidence
		who.Chain = []access.Link{link}
		return who, nil
	}
	who, err := Linked(c.Snapshot(), r, Vouched{Realm: m.Realm, SID: m.SID, Method: access.Certificate, Evidence: m.Evidence})
	if err != nil {
		return nil, err
	}
	who.Chain = append([]access.Link{link}, who.Chain...)
	return who, nil
}

// Challenge implements Method with nothing: certificates are asked for in the
// handshake.
func (c *Certificate) Challenge(http.Header) {}
