package hop

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/kerberos"
)

// A Passage is a request to be passed on.
type Passage struct {
	Node    string // to which
	Method  string
	Path    string // with the query
	Body    []byte
	Request string // its id
	// Caller is who asks, as he signed in; nil for what carries its own proof in
	// its body or its path.
	Caller *access.Caller
	// Header is the client's, of which little passes.
	Header  http.Header
	Host    string // by which the client called; a proof in the message may be of it
	Address string // of the client
	// Generation is that of the settings by which the request was let in here: the
	// other node decides by these, or later ones.
	Generation uint64
	// Patience is how much longer than others the other node may take to begin its
	// answer: the request waits for news there.
	Patience time.Duration
}

// Passage makes one of a request, of which body is the content.
func (r *Router) Passage(node string, in *http.Request, s *access.Snapshot, c *access.Caller, id string, body []byte) *Passage {
	return &Passage{
		Node: node, Method: in.Method, Path: in.URL.RequestURI(), Body: body, Request: id,
		Caller: c, Header: in.Header, Host: in.Host, Address: host(in), Generation: s.Generation(),
	}
}

// passed are the headers of a client that pass: what the protocols read, and no
// credential, no cookie, nothing about the connection.
var passed = [...]string{
	"Accept", "Accept-Language", "Content-Type", "If-None-Match", "SOAPAction", "User-Agent",
	"client-request-id", "return-client-request-id", "X-AnchorMailbox", "X-PreferServerAffinity",
	"MS-ASProtocolVersion", "X-MS-PolicyKey", "MS-ASAcceptMultiPart",
}

// proofs are the headers in which people of other organizations prove who they
// are. They pass where no node speaks for the caller.
var proofs = [...]string{"Authorization", "Content-Digest", "Signature", "Signature-Input", "Entente-Key"}

// returned are the headers of an answer that come back.
var returned = [...]string{
	"Content-Type", "Content-Length", "Cache-Control", "Content-Disposition", "ETag", "Retry-After",
	"client-request-id", "X-CasErrorCode", "X-Content-Type-Options",
	"Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "X-Robots-Tag",
	"MS-Server-ActiveSync", "X-MS-ASThrottle", "X-MS-RP",
	"X-Entente-Reason", "X-Entente-Request-Id", "X-Entente-Subject", "X-Entente-Mailbox",
}

// Pass sends a request on and returns the answer, whose Body is to be closed. It
// is answered with whatever the other node says to the caller; the error is of
// kind Unavailable with one of the reasons of this package.
func (r *Router) Pass(ctx context.Context, p *Passage) (*http.Response, error) {
	if Arrived(ctx) != "" {
		return nil, unavailable(Misrouted, "the request was passed on to a node that does not have the mailbox", nil)
	}
	n, client, err := r.node(ctx, p.Node)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	q, err := http.NewRequestWithContext(ctx, p.Method, n.URL+p.Path, bytes.NewReader(p.Body))
	if err != nil {
		cancel()
		return nil, err
	}
	for _, h := range passed {
		if v := p.Header.Values(h); len(v) > 0 {
			q.Header[http.CanonicalHeaderKey(h)] = v
		}
	}
	if p.Caller == nil {
		// What carries its own proof must come as it was: RFC 9421 2.
		q.Host = p.Host
		for _, h := range proofs {
			if v := p.Header.Values(h); len(v) > 0 {
				q.Header[http.CanonicalHeaderKey(h)] = v
			}
		}
	}
	if q.Header.Get("User-Agent") == "" {
		q.Header.Set("User-Agent", "") // none, rather than Go's
	}
	q.Header.Set(headerRequest, p.Request)
	q.Header.Set(headerGeneration, strconv.FormatUint(p.Generation, 10))
	q.Header.Set(headerAddress, p.Address)
	proven, err := r.prove(ctx, q, n.ID, p.Caller)
	if err != nil {
		cancel()
		return nil, err
	}
	// Whoever does not begin to answer in time is given up; the rest has its own.
	late := time.AfterFunc(r.Timeout+p.Patience, cancel)
	a, err := client.Do(q)
	late.Stop()
	if err != nil {
		cancel()
		r.tell(n.ID, err)
		return nil, unavailable(NoAnswer, "the node "+n.ID+" does not answer", err)
	}
	a.Body = &ending{a.Body, cancel}
	if err := r.accept(a, proven); err != nil {
		_ = a.Body.Close()
		r.tell(n.ID, err)
		return nil, err
	}
	return a, nil
}

// ending frees a request's context with its answer.
type ending struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (e *ending) Close() error {
	err := e.ReadCloser.Close()
	e.cancel()
	return err
}

func (r *Router) tell(node string, err error) {
	if r.Log != nil {
		r.Log.Warn("request not passed on", "node", node, "err", err)
	}
}

// prove puts the caller's credentials into a request: his ticket's successor if
// he came by Kerberos, else the chain of actors. proven verifies the other side's
// part of it; nil if it has none.
func (r *Router) prove(ctx context.Context, q *http.Request, node string, c *access.Caller) (proven func(string) error, err error) {
	if c == nil {
		return nil, nil
	}
	if c.Method == access.Negotiate && r.Delegator != nil {
		proven, err := r.ticket(ctx, q, node, c)
		if err == nil || !r.Fallback {
			return proven, err
		}
		r.tell(node, err)
	}
	token, err := r.Issuer.Issue(node, c)
	if err != nil {
		return nil, unavailable(NodeRefused, "the caller cannot be passed on to the node with the mailbox", err)
	}
	q.Header.Set("Authorization", "Entente-Node "+token.Reveal())
	return nil, nil
}

// ticket asks the KDC for a ticket for the other node in the caller's name, by
// the ticket that he showed us: S4U2Proxy, [MS-SFU] 3.1.5.2. What it refuses is
// told with the setting to change, and nothing is tried in another way: that
// account is trusted for what the realm's administrator said, and for no more.
func (r *Router) ticket(ctx context.Context, q *http.Request, node string, c *access.Caller) (func(string) error, error) {
	evidence, ok := c.Ticket.(*kerberos.Ticket)
	if !ok || evidence == nil {
		return nil, unavailable(NoTicket, "the ticket that was shown is not forwardable: this server's account is not trusted for delegation, or the user's account is sensitive and cannot be delegated", nil)
	}
	spn := entente.SPN("HTTP/" + node)
	t, err := r.Delegator.Onward(ctx, evidence, spn)
	if err != nil {
		return nil, r.refusal(err, spn)
	}
	token, answer, err := t.Negotiate(r.Now(), kerberos.Bindings{}, true)
	if err != nil {
		return nil, r.refusal(err, spn)
	}
	q.Header.Set("Authorization", "Negotiate "+token)
	return answer, nil
}

// refusal says which setting is to be changed.
func (r *Router) refusal(err error, spn entente.SPN) error {
	text := "no ticket for " + string(spn) + " is to be had now"
	switch reasonOf(err) {
	case kerberos.NotDelegated:
		text = string(spn) + " is not in msDS-AllowedToDelegateTo of this server's account"
	case kerberos.NotForwardable:
		text = "the ticket that was shown is not forwardable: the user's account is sensitive and cannot be delegated, or whoever delegated to this server may not"
	case kerberos.NoSuchService:
		text = "no account in the realm has the service principal name " + string(spn)
	}
	return unavailable(NoTicket, text, err)
}

// accept looks at an answer before any of it is told.
func (r *Router) accept(a *http.Response, proven func(string) error) error {
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		return unavailable(NodeRefused, "the other node does not accept the caller's credentials from this one", nil)
	case a.Header.Get(headerGeneration) != "":
		return unavailable(NodeRefused, "the other node decides by older settings than this one", nil)
	case proven == nil:
		return nil
	}
	// RFC 4559 4.1: the service proves itself in the same header.
	for _, v := range a.Header.Values("WWW-Authenticate") {
		if scheme, _, _ := strings.Cut(v, " "); strings.EqualFold(scheme, "Negotiate") {
			if err := proven(v); err != nil {
				return unavailable(NotProven, "the other node did not prove to be the service that the ticket is for", err)
			}
			return nil
		}
	}
	return unavailable(NotProven, "the other node did not prove to be the service that the ticket is for", nil)
}

// Probe asks a node whether it answers.
func (r *Router) Probe(ctx context.Context, node string) error {
	if node == r.Self {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timesTimeout)
	defer cancel()
	a, err := r.Pass(ctx, &Passage{Node: node, Method: http.MethodGet, Path: "/readyz", Header: http.Header{}, Generation: r.Directory.Snapshot().Generation()})
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return unavailable(NoAnswer, "the node "+node+" is not ready", nil)
	}
	return nil
}

// CopyHeader puts those headers of an answer that come back into ours.
func CopyHeader(to, from http.Header) {
	for _, h := range returned {
		if v := from.Values(h); len(v) > 0 {
			to[http.CanonicalHeaderKey(h)] = v
		}
	}
}

// Relay writes an answer to the client as it comes, and what is there at once:
// news must not wait for the next ones. Who does not take it in time is hung up
// on.
func Relay(w http.ResponseWriter, a *http.Response) {
	CopyHeader(w.Header(), a.Header)
	w.WriteHeader(a.StatusCode)
	control := http.NewResponseController(w)
	streams := a.ContentLength < 0
	buffer := make([]byte, 32<<10)
	for {
		n, err := a.Body.Read(buffer)
		if n > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has one
			if _, err := w.Write(buffer[:n]); err != nil {
				return
			}
			if streams && control.Flush() != nil {
				return
			}
			// In HTTP/2 a deadline ends the stream when it passes, written to or not.
			_ = control.SetWriteDeadline(time.Time{})
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			// A cut answer must not look whole: the connection ends without its end.
			panic(http.ErrAbortHandler)
		}
		return
	}
}

const writeTimeout = 30 * time.Second
