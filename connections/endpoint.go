package connections

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync/atomic"
)

// An endPointNote is what a connection remembers of the certificate that it was
// served with.
type endPointNote struct{ hash atomic.Pointer[[]byte] }

// EndPoint returns the tls-server-end-point binding of the certificate that a
// request's connection was served with, RFC 5929 4.1; nil if TLS ended before us.
func EndPoint(r *http.Request) []byte {
	c, ok := r.Context().Value(connKey{}).(*counted)
	if !ok || r.TLS == nil {
		return nil
	}
	if h := c.served.hash.Load(); h != nil {
		return *h
	}
	return nil
}

// Noting has the connections of a listener remember the certificate that they are
// served with: crypto/tls does not tell. Nothing is resumed then, for a resumed
// connection is served with none.
func Noting(conf *tls.Config) *tls.Config {
	conf = conf.Clone()
	certificates, pick := conf.Certificates, conf.GetCertificate
	conf.Certificates, conf.SessionTicketsDisabled = nil, true
	conf.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := choose(hello, certificates, pick)
		if c, ok := hello.Conn.(*counted); ok && err == nil {
			h := endPointHash(cert)
			c.served.hash.Store(&h)
		}
		return cert, err
	}
	return conf
}

// choose picks a certificate as crypto/tls does.
func choose(hello *tls.ClientHelloInfo, of []tls.Certificate, pick func(*tls.ClientHelloInfo) (*tls.Certificate, error)) (*tls.Certificate, error) {
	if pick != nil && (len(of) == 0 || hello.ServerName != "") {
		if cert, err := pick(hello); cert != nil || err != nil {
			return cert, err
		}
	}
	if len(of) == 0 {
		return nil, errors.New("no certificates configured")
	}
	for i := range of {
		if hello.SupportsCertificate(&of[i]) == nil {
			return &of[i], nil
		}
	}
	return &of[0], nil
}

// endPointHash hashes a certificate as RFC 5929 4.1 has it: with the hash of its
// signature, or SHA-256 where that is weaker. Where a signature has none, nothing
// is defined.
func endPointHash(cert *tls.Certificate) []byte {
	if len(cert.Certificate) == 0 {
		return nil
	}
	leaf := cert.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return nil
		}
	}
	kind := crypto.SHA256
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		kind = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		kind = crypto.SHA512
	case x509.PureEd25519, x509.UnknownSignatureAlgorithm:
		return nil
	}
	h := kind.New()
	h.Write(leaf.Raw)
	return h.Sum(nil)
}
