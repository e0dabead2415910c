package outgoing

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
)

// HTTPClient returns the client of a purpose. It follows no redirect (the
// answer is the redirect itself), keeps no cookies, asks no proxy but its rule's,
// whatever the environment names, sends no credentials from a URL, and gives up on answers
// that are too slow or too large. With a purpose that has no rule every
// request fails.
func (d *Dialer) HTTPClient(name Purpose) *http.Client {
	if p := d.purposes[name]; p != nil {
		return p.client
	}
	return newClient(d, &purpose{name: name, rule: Rule{}.withDefaults()})
}

func newClient(d *Dialer, p *purpose) *http.Client {
	config := &tls.Config{}
	if p.rule.TLS != nil {
		config = p.rule.TLS.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if p.rule.Proxy != nil {
				return p.dialProxy(ctx, d, network)
			}
			return d.Dial(ctx, p.name, network, address)
		},
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    ConnectTime,
		MaxResponseHeaderBytes: maxHeader,
		// A kept connection holds a place in the budget.
		MaxIdleConnsPerHost: p.rule.Idle,
		IdleConnTimeout:     p.rule.IdleTime,
	}
	if p.rule.Proxy != nil {
		t.Proxy = p.rule.Proxy.of
	}
	return &http.Client{
		Timeout:       p.rule.Total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &transport{p, d, t},
	}
}

// transport refuses requests that a rule does not allow and bounds answers.
type transport struct {
	*purpose
	dialer *Dialer
	*http.Transport
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.mayAsk(r); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	a, err := t.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if a.ContentLength > t.rule.Body {
		_ = a.Body.Close()
		return nil, fmt.Errorf("%w: %d bytes announced", ErrTooLarge, a.ContentLength)
	}
	a.Body = &limited{a.Body, t.rule.Body}
	return a, nil
}

func (t *transport) mayAsk(r *http.Request) error {
	switch {
	case r.URL.Scheme != "https" && !(r.URL.Scheme == "http" && t.rule.PlainHTTP):
		return fmt.Errorf("%w: scheme %q", ErrRefused, r.URL.Scheme)
	case r.URL.User != nil:
		return fmt.Errorf("%w: credentials in a URL", ErrRefused)
	case t.rule.Proxy != nil:
		return t.mayProxy(r.Context(), t.dialer, r.URL)
	}
	return nil
}

// limited reads up to left bytes, and fails if there are more: a cut answer
// must not pass for a whole one.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.ReadCloser.Read(b)
	l.left -= int64(n)
	if l.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}
