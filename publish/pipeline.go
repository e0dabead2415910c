package publish

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"entente"
	"entente/access"
)

// A Passage is one request on its way through the gateway. The steps fill it in,
// in their order; one goroutine has it.
type Passage struct {
	ID       string
	Started  time.Time
	In       *http.Request // as it came, with a body that is bounded and paced
	Listener *Listener
	Rule     *Rule
	Host     string // public name, without port
	Path     string // in the table's spelling, as it is passed on
	// Open requests prove themselves by what is in them (WS-Security); nobody has
	// signed in.
	Open bool

	// Snapshot is what everything about the request is decided on; Caller who
	// signed in and Account his. Nil and zero where nobody has to.
	Snapshot *access.Snapshot
	Caller   *access.Caller
	Account  access.Account

	// Body is what is passed on instead of In's, if it is not nil: what was checked
	// is what is sent. (threats, choke point 8)
	Body []byte
	// Header is what the inside is told. Steps before forward may add to it what is
	// of their own making.
	Header http.Header

	// Service is the SPN a ticket was got for, and Reason why the gateway ended the
	// request; for the record.
	Service entente.SPN
	Reason  entente.Reason

	who      string              // the caller's name in the domain when he came
	counted  entente.SID         // whose request under way it is
	chain    []*x509.Certificate // he came with
	w        http.ResponseWriter
	answer   http.Header // what the method says to a caller it accepted
	listener *listener
	rule     *rule
	status   int
	after    []func(status int)
	sent     bool // the answer has begun
	body     *inBody
	pool     string // whose connections to the inside carry it
}

// After has f called when the request is over, with the status that was
// answered; 0 if none was.
func (p *Passage) After(f func(status int)) { p.after = append(p.after, f) }

// An Answer ends a passage: a step returns it as its error.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // nil for a sentence that is the same for all of a status
	Reason entente.Reason
	Err    error // for the log
}

func (a *Answer) Error() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprintf("%d %s", a.Status, a.Reason)
}

func (a *Answer) Unwrap() error { return a.Err }

// steps are what happens to a request. Each may end it.
func (g *Gateway) steps() []func(*Passage) error {
	return []func(*Passage) error{g.route, g.authenticate, g.authorize, g.delegate, g.forward}
}

// afterAuthorize is the first step after policies have decided.
const afterAuthorize = 3

// errAnswered ends a passage whose answer was written.
var errAnswered = errors.New("answered")

// ServeHTTP passes a request on.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := l.gateway
	p := &Passage{
		ID: newID(), Started: g.Now(), In: r, Listener: &l.Listener, listener: l,
		w: w, answer: http.Header{}, Header: http.Header{},
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	p.In = r.WithContext(ctx)
	if r.ProtoMajor == 1 { // the deadline of the answer before may have passed
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	}
	defer g.over(p)
	leave := g.enter(p, cancel)
	defer leave()
	for _, step := range g.steps() {
		if err := step(p); err != nil {
			if !errors.Is(err, errAnswered) {
				p.end(g, err)
			}
			return
		}
	}
}

// newID is what answers, logs and records of a request share.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

// end answers with an error, if nothing was answered yet.
func (p *Passage) end(g *Gateway, err error) {
	a := answerOf(err)
	p.Reason = a.Reason
	g.complain(p, a)
	if p.sent {
		panic(http.ErrAbortHandler) // the client must not take what it got for a whole
	}
	h := p.w.Header()
	for k, v := range a.Header {
		h[k] = v
	}
	if a.Status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", retryAfter)
	}
	body := a.Body
	if body == nil {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		body = []byte(http.StatusText(a.Status) + "\n")
	}
	h.Set("request-id", p.ID)
	p.status = a.Status
	p.patience()
	p.w.WriteHeader(a.Status)
	_, _ = p.w.Write(body) // a client that is gone is told nothing
}

// retryAfter is when to come again, in seconds.
const retryAfter = "30"

// answerOf is the one table from errors to answers. What strangers see is the
// status, and nothing of the reason.
func answerOf(err error) *Answer {
	var a *Answer
	if errors.As(err, &a) {
		return a
	}
	var e *entente.Error
	if !errors.As(err, &e) {
		return &Answer{Status: http.StatusBadGateway, Reason: reasonInternal, Err: err}
	}
	a = &Answer{Reason: e.Reason, Err: err}
	switch e.Kind {
	case entente.Invalid:
		a.Status = http.StatusBadRequest
	case entente.Denied:
		a.Status = http.StatusForbidden
	case entente.NotFound:
		a.Status = http.StatusNotFound
	case entente.TooLarge:
		a.Status = http.StatusRequestEntityTooLarge
	case entente.Unavailable, entente.Conflict:
		a.Status = http.StatusServiceUnavailable
	default:
		a.Status, a.Reason = http.StatusBadGateway, reasonInternal
	}
	return a
}

// Reasons why the gateway ended a request, beside those of kerberos.
const (
	reasonInternal  entente.Reason = "publish-internal"
	reasonPath      entente.Reason = "publish-no-such-path"
	reasonRequest   entente.Reason = "publish-malformed"
	reasonStranger  entente.Reason = "publish-sign-in"
	reasonAccount   entente.Reason = "publish-account"
	reasonStale     entente.Reason = "publish-directory-stale"
	reasonBlocked   entente.Reason = "publish-blocked"
	reasonBusy      entente.Reason = "publish-too-many"
	reasonBody      entente.Reason = "publish-body"
	reasonInside    entente.Reason = "publish-inside-unreachable"
	reasonRefused   entente.Reason = "publish-inside-refused-ticket"
	reasonSilence   entente.Reason = "publish-inside-silent"
	reasonRevoked   entente.Reason = "publish-taken-back"
	reasonPolicies  entente.Reason = "publish-not-enforced"
	reasonNoTickets entente.Reason = "publish-no-tickets"
	reasonEnding    entente.Reason = "publish-stopping"
	reasonRecord    entente.Reason = "publish-no-record"
)
