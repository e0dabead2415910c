package partner

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"entente/ews/ewsclient"
)

// A Hop is one step on the way to a partner, as an administrator sees it: what
// was looked at, what came of it and, if it is broken, what to do.
type Hop struct {
	Name   string
	Result string // Success, Warning, Error or Skipped
	Took   time.Duration
	Text   string
	Remedy string
}

// Results of hops.
const (
	Success = "Success"
	Warning = "Warning"
	Failure = "Error"
	Skipped = "Skipped"
)

// hops are what was looked at so far.
type hops struct{ all []Hop }

// step does one thing and notes how it went. It reports whether it went well.
func (h *hops) step(name, remedy string, f func() (text string, err error)) bool {
	began := time.Now()
	text, err := f()
	return h.note(name, remedy, began, text, err)
}

// note is step for what was done already.
func (h *hops) note(name, remedy string, began time.Time, text string, err error) bool {
	hop := Hop{Name: name, Result: Success, Took: time.Since(began), Text: text}
	if err != nil {
		hop.Result, hop.Text, hop.Remedy = Failure, err.Error(), remedy
		var better *remedied
		if errors.As(err, &better) {
			hop.Remedy = better.remedy
		}
	}
	h.all = append(h.all, hop)
	return err == nil
}

// warn makes a warning of the last hop.
func (h *hops) warn(text, remedy string) {
	last := &h.all[len(h.all)-1]
	last.Result, last.Text, last.Remedy = Warning, text, remedy
}

// nothingWrong says of the first hops that they led nowhere, and that this is no
// mistake: what they looked for was elsewhere.
func (h *hops) nothingWrong(first int) {
	for i := range h.all[:first] {
		if h.all[i].Result == Failure {
			h.all[i].Result, h.all[i].Remedy = Skipped, ""
		}
	}
}

func (h *hops) skip(name, text string) {
	h.all = append(h.all, Hop{Name: name, Result: Skipped, Text: text})
}

// remedied is an error that knows better what to do about it than the step.
type remedied struct {
	error
	remedy string
}

func (r *remedied) Unwrap() error { return r.error }

// seen is what is learnt of a server by the way while it is asked.
type seen struct {
	address string
	state   *tls.ConnectionState
	failed  error // of TLS
	reused  bool
}

// watching has what is learnt of a connection put into s.
func watching(ctx context.Context, s *seen) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			s.reused, s.address = i.Reused, i.Conn.RemoteAddr().String()
			if c, ok := i.Conn.(*tls.Conn); ok {
				state := c.ConnectionState()
				s.state = &state
			}
		},
		TLSHandshakeDone: func(state tls.ConnectionState, err error) { s.state, s.failed = &state, err },
	})
}

// tls says what was seen of TLS; the error is about a certificate, mostly.
func (s *seen) tls(now time.Time) (string, error) {
	switch {
	case s.failed != nil:
		return "", s.failed
	case s.state == nil || len(s.state.PeerCertificates) == 0:
		return "", errors.New("there was no TLS connection")
	}
	c := s.state.PeerCertificates[0]
	names := strings.Join(c.DNSNames[:min(len(c.DNSNames), 2)], ", ")
	if more := len(c.DNSNames) - 2; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	text := fmt.Sprintf("%s, certificate for %s until %s", tls.VersionName(s.state.Version), names, c.NotAfter.UTC().Format(time.DateOnly))
	if c.NotAfter.Sub(now) < 14*24*time.Hour {
		text += " (soon)"
	}
	return text, nil
}

// skew is how far the other side's clock is from ours by the Date of an answer,
// which has whole seconds.
func skew(a *http.Response, now time.Time) (time.Duration, error) {
	at, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return 0, errors.New("the answer has no Date")
	}
	return at.Sub(now).Round(time.Second), nil
}

// remedyOf knows what to do about errors of connections.
func remedyOf(err error, otherwise string) string {
	var dns *net.DNSError
	var status *ewsclient.Status
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return "Check the name in DNS; from this server it does not resolve."
	case errors.As(err, &unknown):
		return "The other side needs a certificate for this name by a CA that is trusted here (federation.ca_files)."
	case errors.As(err, &status) && status.Location != "":
		return "Redirects are not followed by themselves: if the other address is right, write it into the relationship."
	case errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden):
		return "Something before the partner's server wants to know who comes. The WSSecurity paths must reach it without pre-authentication."
	case errors.As(err, &status) && status.Code == http.StatusNotFound:
		return "Nothing answers at this path; is the address right, and is federation enabled there?"
	case strings.Contains(err.Error(), "refused by rule"):
		return "The address is not public. If it is right, allow its network in federation.allow."
	case timeout(err) || errors.Is(err, context.DeadlineExceeded):
		return "Nothing answers in time: a firewall, or the server is down."
	}
	return otherwise
}
