package publish

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/connections"
)

// forward passes a request on to the first server inside that takes it, and its
// answer back as it comes.
func (g *Gateway) forward(p *Passage) error {
	if err := g.prepare(p); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(p.In.Context())
	defer cancel(nil)
	// A server inside may be silent for as long as a poll lasts, and no longer.
	silence := time.AfterFunc(p.rule.Poll, func() { cancel(errSilence) })
	defer silence.Stop()
	heard := func() { silence.Reset(p.rule.Poll) }
	if p.body != nil {
		p.body.heard = heard
		defer p.body.over()
		// A server inside may answer while the body is still coming.
		_ = http.NewResponseController(p.w).EnableFullDuplex() // HTTP/2 needs no leave
	}
	resp, err := g.ask(ctx, p)
	if err != nil {
		return g.inside(ctx, p, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return g.inside(ctx, p, g.tunnel(ctx, p, resp))
	}
	if p.passesThrough() && resp.StatusCode < http.StatusBadRequest && p.shows() {
		connections.SignedIn(p.In) // the server inside knows him
	}
	p.begin(resp)
	err = p.copy(resp, &g.buffers, heard)
	if err != nil {
		return g.inside(ctx, p, err)
	}
	p.trailers(resp)
	return nil
}

var errSilence = &Answer{Status: http.StatusGatewayTimeout, Reason: reasonSilence}

// inside is what becomes of an error of the server inside, or of one who waits for
// it.
func (g *Gateway) inside(ctx context.Context, p *Passage, err error) error {
	if err == nil {
		return nil
	}
	var known *entente.Error
	var a *Answer
	cause := context.Cause(ctx)
	switch {
	case errors.As(cause, &known), errors.As(cause, &a):
		return cause
	case cause != nil: // the client is gone
		panic(http.ErrAbortHandler)
	case errors.As(err, &known), errors.As(err, &a):
		return err
	}
	if p.body != nil {
		if _, failed := p.body.state(); failed != nil {
			return bodyError(failed)
		}
	}
	return &Answer{Status: http.StatusBadGateway, Reason: reasonInside, Err: err}
}

// ask sends a request to the servers of a rule in their order, until one was
// reached. What was sent is not sent again, but for a ticket that was refused:
// then nothing was done.
func (g *Gateway) ask(ctx context.Context, p *Passage) (*http.Response, error) {
	base := inward(p.In.Header)
	upgrade := upgradeOf(p.In)
	p.told(base)
	if upgrade != "" {
		base["Connection"], base["Upgrade"] = []string{"Upgrade"}, []string{upgrade}
	}
	if slices.ContainsFunc(p.In.Header["Te"], func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "trailers") }) {
		base["Te"] = []string{"trailers"}
	}
	var last error
	for _, s := range p.rule.inOrder() {
		resp, sent, err := g.try(ctx, p, s, base, upgrade != "")
		if err == nil && resp.StatusCode == http.StatusUnauthorized && p.kerberos() {
			resp, err = g.askAgain(ctx, p, s, base, resp)
			return resp, err
		}
		if err == nil && resp.StatusCode == http.StatusUnauthorized && !p.passesThrough() {
			// The password was right here. Asked for it again, a client would give it
			// again, and at last ask its user.
			_ = resp.Body.Close()
			return nil, &Answer{Status: http.StatusBadGateway, Reason: reasonRefused, Err: errors.New("the server inside refuses the name and password that were right here: does it take Basic on this path, has it the same passwords?")}
		}
		if err == nil {
			return resp, nil
		}
		if sent || ctx.Err() != nil || !p.replayable() {
			return nil, err
		}
		var known *entente.Error
		if errors.As(err, &known) {
			return nil, err // there is no ticket, whichever server it were
		}
		last = err
	}
	return nil, (&entente.Error{Kind: entente.Unavailable, Text: "no server inside is reached", Err: last}).Because(reasonInside)
}

// askAgain shows a new ticket to a server that has refused one: its key may be
// another one by now. If it refuses that too something is set wrong, and the
// client, who has done nothing wrong, is not asked for anything.
func (g *Gateway) askAgain(ctx context.Context, p *Passage, s *server, base http.Header, refused *http.Response) (*http.Response, error) {
	_ = refused.Body.Close()
	if p.body == nil && g.again(p) {
		resp, _, err := g.try(ctx, p, s, base, false)
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		_ = resp.Body.Close()
	}
	return nil, &Answer{Status: http.StatusBadGateway, Reason: reasonRefused, Err: errors.New(
		"the server inside refuses the ticket: is the SPN " + string(p.Service) + " its account's alone, does its keytab have the account's present key, does it take Negotiate on this path, are the clocks right?")}
}

// try sends a request to one server. sent says whether it may have got any of it.
func (g *Gateway) try(ctx context.Context, p *Passage, s *server, base http.Header, upgrade bool) (resp *http.Response, sent bool, err error) {
	h := make(http.Header, len(base)+1)
	for k, v := range base {
		h[k] = v
	}
	if err := g.credentials(p, h); err != nil {
		return nil, false, err
	}
	var begun atomic.Bool
	var informing informing
	trace := &httptrace.ClientTrace{
		GotConn:        func(httptrace.GotConnInfo) { begun.Store(true) },
		Got1xxResponse: informing.pass(p.w),
	}
	path, _ := url.PathUnescape(p.Path) // the table's own spelling
	r := (&http.Request{
		Method: p.In.Method, Header: h, Host: p.insideHost(),
		URL: &url.URL{Path: path, RawPath: p.Path, RawQuery: query(p.In.URL.RawQuery), ForceQuery: p.In.URL.ForceQuery},
	}).WithContext(httptrace.WithClientTrace(ctx, trace))
	p.attach(r)
	resp, err = p.rule.upstream.RoundTrip(p.pool, s.address, upgrade, r)
	informing.end()
	switch {
	case err == nil:
		s.answered()
	case !begun.Load() && ctx.Err() == nil:
		s.failed(err, g.Now())
	}
	return resp, begun.Load(), err
}

// insideHost is what the Host field says inside: the site's name, but where the
// client signed the public one.
func (p *Passage) insideHost() string {
	if p.Open {
		return p.In.Host
	}
	return p.rule.host
}

// informing passes 1xx answers on, RFC 9110 15.2, until the final one is there.
type informing struct {
	mu   sync.Mutex
	over bool
}

func (i *informing) pass(w http.ResponseWriter) func(int, textproto.MIMEHeader) error {
	return func(code int, header textproto.MIMEHeader) error {
		i.mu.Lock()
		defer i.mu.Unlock()
		// 100 is between us and the server: the client's own was answered when its
		// body was read. 101 is no such answer.
		if i.over || code <= http.StatusSwitchingProtocols {
			return nil
		}
		h := w.Header()
		if link := header["Link"]; code == http.StatusEarlyHints && len(link) > 0 {
			h["Link"] = link
		}
		w.WriteHeader(code)
		h.Del("Link")
		return nil
	}
}

func (i *informing) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}

// begin starts the answer.
func (p *Passage) begin(resp *http.Response) {
	h := p.w.Header()
	p.outward(h, resp.Header)
	if len(resp.Trailer) > 0 {
		var names []string
		for k := range resp.Trailer {
			names = append(names, k)
		}
		slices.Sort(names)
		h["Trailer"] = []string{strings.Join(names, ", ")}
	}
	p.status, p.sent = resp.StatusCode, true
	p.patience()
	p.w.WriteHeader(resp.StatusCode)
}

// patience gives a client its time to take what is written to it next.
func (p *Passage) patience() {
	_ = http.NewResponseController(p.w).SetWriteDeadline(time.Now().Add(p.listener.gateway.Limits.Write)) // not every writer has one
}

// taken ends that time while there is nothing to write: in HTTP/2 a deadline ends
// the stream when it passes, whoever is waited for.
func (p *Passage) taken() {
	if p.In.ProtoMajor != 1 {
		_ = http.NewResponseController(p.w).SetWriteDeadline(time.Time{})
	}
}

const (
	// Who waits for news holds a small buffer; only while much is coming is it a
	// large one.
	smallCopy = 2 << 10
	largeCopy = 32 << 10
)

// copy passes the body of an answer on. What is not announced in length may be
// news, which does not wait for more.
func (p *Passage) copy(resp *http.Response, buffers *sync.Pool, heard func()) error {
	control := http.NewResponseController(p.w)
	flush := resp.ContentLength < 0
	if flush { // news may be long in coming, that there will be some is not
		switch err := control.Flush(); {
		case errors.Is(err, http.ErrNotSupported):
			flush = false
		case err != nil:
			return errClientGone
		}
	}
	p.taken()
	small := make([]byte, copySize(resp.ContentLength))
	b := small
	var large *[]byte
	defer func() {
		if large != nil {
			buffers.Put(large)
		}
	}()
	for {
		n, err := resp.Body.Read(b)
		heard()
		if n > 0 {
			p.patience()
			if _, werr := p.w.Write(b[:n]); werr != nil {
				return errClientGone
			}
			if flush {
				if werr := control.Flush(); werr != nil {
					return errClientGone
				}
			}
			p.taken()
		}
		switch {
		case errors.Is(err, io.EOF):
			p.patience() // the end is written when we are done
			return nil
		case err != nil:
			return err
		case n == len(b) && large == nil && len(b) == smallCopy:
			if large, _ = buffers.Get().(*[]byte); large == nil {
				large = new([]byte)
				*large = make([]byte, largeCopy)
			}
			b = *large
		case n < smallCopy && large != nil:
			buffers.Put(large)
			large, b = nil, small
		}
	}
}

func copySize(length int64) int64 {
	if length < 0 {
		return smallCopy
	}
	return min(length+1, smallCopy)
}

var errClientGone = &Answer{Reason: "publish-client-gone", Err: errors.New("the client does not take its answer")}

// trailers sends what came after the body.
func (p *Passage) trailers(resp *http.Response) {
	if len(resp.Trailer) == 0 {
		return
	}
	_ = http.NewResponseController(p.w).Flush() // with a length there would be no room for them
	h := p.w.Header()
	for k, v := range resp.Trailer {
		if !slices.Contains(droppedOut, k) && k != "Www-Authenticate" {
			h[http.TrailerPrefix+k] = v
		}
	}
}
