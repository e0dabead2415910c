package publish

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"entente"
	"entente/connections"
)

// smallBody is up to how many bytes a request's body is read before it goes
// inside. It can be sent twice then: to another server, or with another ticket.
// Larger ones stream.
const smallBody = 64 << 10

// An inBody is what of a request's body is sent. Servers may still read from it
// when the request has been answered; from then on it ends.
type inBody struct {
	mu     sync.Mutex
	r      io.ReadCloser // nil when the passage is over
	left   int64
	begun  bool
	failed error
	heard  func() // told of each read
	ended  func() // told of the end, once trailers are there
}

var (
	errBodyOver    = errors.New("the request is over")
	errBodyTooLong = entente.Errorf(entente.TooLarge, "the body is too large").Because(reasonBody)
)

// Read implements io.Reader.
func (b *inBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.r == nil {
		return 0, errBodyOver
	}
	b.begun = true
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		n, err = 0, errBodyTooLong
	}
	b.heard()
	switch {
	case errors.Is(err, io.EOF):
		b.ended()
	case err != nil:
		b.failed = err
	}
	return n, err
}

// Close implements io.Closer with nothing: who sends a request closes its body,
// and closing the client's would wait for all of it.
func (b *inBody) Close() error { return nil }

func (b *inBody) over() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.r = nil
}

// state says whether anything was read, and why reading failed.
func (b *inBody) state() (begun bool, failed error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.begun, b.failed
}

// prepare bounds and paces a request's body, and reads it if it is small.
func (g *Gateway) prepare(p *Passage) error {
	r := p.In
	if p.Body != nil || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	most := g.Limits.Body
	if p.Open {
		most = min(most, maxOpenBody)
	}
	if r.ContentLength > most {
		return errBodyTooLong
	}
	connections.Paced(p.w, r)
	b := &inBody{r: r.Body, left: most, heard: func() {}, ended: func() {}}
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		p.body = b
		return nil
	}
	small := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(b, small); err != nil {
		return bodyError(err)
	}
	// Reads the end, from which net/http knows to look out for a client that
	// hangs up.
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return bodyError(err)
	}
	p.Body = small
	return nil
}

// bodyError is what becomes of a body that did not come as announced.
func bodyError(err error) error {
	var e *entente.Error
	if errors.As(err, &e) {
		return err
	}
	return &Answer{Status: http.StatusRequestTimeout, Header: http.Header{"Connection": {"close"}}, Reason: reasonBody, Err: err}
}

// attach gives a request the body of a passage, as often as need be.
func (p *Passage) attach(r *http.Request) {
	switch {
	case p.body != nil:
		r.Body, r.ContentLength = p.body, p.In.ContentLength
		p.attachTrailer(r)
	case len(p.Body) > 0:
		r.ContentLength = int64(len(p.Body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.Body)), nil }
		r.Body, _ = r.GetBody()
	default:
		// RFC 9110 8.6: methods that have a meaning for a body say that it is empty.
		r.Body = http.NoBody
	}
}

// attachTrailer gives a request the trailer of the one that came, without what
// would be dropped of its header: some servers make one of both.
func (p *Passage) attachTrailer(r *http.Request) {
	if len(p.In.Trailer) == 0 || r.ContentLength >= 0 {
		return
	}
	r.Trailer = inward(p.In.Trailer)
	delete(r.Trailer, "User-Agent")
	delete(r.Trailer, "Cookie")
	p.body.mu.Lock()
	defer p.body.mu.Unlock()
	p.body.ended = func() {
		for k := range r.Trailer {
			r.Trailer[k] = p.In.Trailer[k]
		}
	}
}

// replayable reports whether a request can be sent once more.
func (p *Passage) replayable() bool {
	if p.body == nil {
		return true
	}
	begun, _ := p.body.state()
	return !begun
}
