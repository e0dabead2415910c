package publish

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/connections"
)

// A face is what a listener shows in a handshake: which certificate for which
// name, and which names may be asked for on one connection.
type face struct {
	all          []tls.Certificate
	certificates map[string][]*tls.Certificate // by public name
	// together are the names that one certificate is for: on a connection that
	// was made for one of them the others may be asked for too, as HTTP/2 clients
	// do (RFC 9113 9.1.1), and no others. (threats E4)
	together map[string]map[string]bool
}

// newFace finds the certificates of each public name of a listener.
func newFace(certificates []tls.Certificate, names []string) (*face, error) {
	f := &face{slices.Clone(certificates), map[string][]*tls.Certificate{}, map[string]map[string]bool{}}
	for i := range f.all {
		c := &f.all[i]
		if c.Leaf == nil {
			leaf, err := x509.ParseCertificate(c.Certificate[0])
			if err != nil {
				return nil, fmt.Errorf("certificate %d: %w", i+1, err)
			}
			c.Leaf = leaf
		}
		for _, n := range names {
			if c.Leaf.VerifyHostname(n) != nil {
				continue
			}
			f.certificates[n] = append(f.certificates[n], c)
			if f.together[n] == nil {
				f.together[n] = map[string]bool{}
			}
			for _, m := range names {
				if c.Leaf.VerifyHostname(m) == nil {
					f.together[n][m] = true
				}
			}
		}
	}
	var errs []error
	for _, n := range names {
		if f.certificates[n] == nil {
			errs = append(errs, fmt.Errorf("no certificate is for %s", n))
		}
	}
	return f, errors.Join(errs...)
}

var errNoName = errors.New("a name that is not published here")

// certificate picks one that fits the client's hello. A client that asks for no
// name, or for one that is not published, is shown none.
func (f *face) certificate(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	of := f.certificates[hostName(h.ServerName)]
	for _, c := range of {
		if h.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	if len(of) == 0 {
		return nil, errNoName
	}
	return of[0], nil
}

// mayAsk reports whether a request for a host may come over a connection that
// was made for a name.
func (f *face) mayAsk(serverName, host string) bool {
	return f.together[hostName(serverName)][host]
}

// hostName is a name as it is compared: without port and final dot, in lower case.
func hostName(s string) string {
	if h, _, err := net.SplitHostPort(s); err == nil {
		s = h
	}
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

// tlsConfig returns what a listener's handshakes are made by.
//
// Where client certificates count nothing is resumed: a resumed session has the
// certificate of the one before, with what was known of it then, and tickets of
// one listener have been taken at another (CVE-2025-68121, CVE-2025-23419).
// Everywhere else each listener has ticket keys of its own, since each has a
// Config of its own.
func (l *listener) tlsConfig() *tls.Config {
	c := &tls.Config{
		MinVersion:     max(l.MinTLS, tls.VersionTLS12),
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return l.face.Load().certificate(h) },
		NextProtos:     []string{"http/1.1"},
		Time:           l.gateway.Now,
	}
	if l.HTTP2 {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	if slices.Contains(l.Auth, WithNegotiate) {
		c = connections.Noting(c) // tokens say over which channel they go
	}
	if !slices.Contains(l.Auth, WithCertificate) {
		return c
	}
	// Who comes to a path at which nobody signs in has no certificate.
	return l.Judge.TLS(c, len(l.Auth) == 1 && !l.opens(), l.Hints)
}

const (
	idleTimeout = 120 * time.Second
	maxHeader   = 128 << 10
	maxStreams  = 100
)

// server returns the HTTP server of a listener.
func (l *listener) server() *http.Server {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(l.HTTP2)
	return &http.Server{
		Handler:           l,
		ReadHeaderTimeout: l.gateway.Limits.Header,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		Protocols:         p,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          l.gateway.quiet,
		ConnContext:       l.gateway.connContext,
		// OPTIONS * is as little published as any other target.
		DisableGeneralOptionsHandler: true,
	}
}

// errNotHere answers a request that came over another site's connection, RFC 9110
// 15.5.20.
var errNotHere = &Answer{Status: http.StatusMisdirectedRequest, Reason: "publish-misdirected", Err: entente.Errorf(entente.NotFound, "the host is not one of the connection's")}
