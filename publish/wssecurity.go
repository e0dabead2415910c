package publish

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"entente"
	"entente/connections"
	"entente/wssecurity"
)

// People of other organizations come with delegation tokens, to paths at which
// nobody signs in at a listener. The gateway has no keys that could open a token:
// it stands where it may be broken into, and whoever reads tokens reads who meets
// whom. So it looks at the form: a request that carries nothing that could be a
// token costs the inside nothing. What it lets through goes on byte for byte,
// since it is signed by who sent it, under the name and path that were signed; whether
// the token is good the server inside finds out, where the same request would
// have come without a gateway.

// maxOpenBody bounds messages of those nobody knows. (threats section 7)
const maxOpenBody = 256 << 10

// maxOpenToken bounds the token of an Authorization header.
const maxOpenToken = 16 << 10

// openPath lets through what has the form of a message that proves itself. What
// has not is turned away like any stranger, and counted.
func (g *Gateway) openPath(p *Passage) error {
	r := p.In
	if r.Method != http.MethodPost {
		return &Answer{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}, Reason: reasonRequest}
	}
	if r.ContentLength > maxOpenBody {
		return errBodyTooLong
	}
	from := source(r)
	if !g.unknown.enter(from) {
		return (&entente.Error{Kind: entente.Unavailable, Text: "too many requests at once"}).Because(reasonBusy)
	}
	p.After(func(int) { g.unknown.leave(from) })
	connections.Paced(p.w, r)
	body, err := readUpTo(r.Body, maxOpenBody)
	if err != nil {
		return bodyError(err)
	}
	if err := selfProven(r.Header, p.Path, body); err != nil {
		g.records.refused(source(r), p.Listener.Name)
		return &Answer{Status: http.StatusForbidden, Reason: reasonStranger, Err: err}
	}
	p.Body = body
	return nil
}

// How many messages of those nobody knows may be under way at once: each is held
// until it is answered. (threats E8)
const (
	maxUnknown   = 512
	maxUnknownOf = 64 // of one source
)

// unknown counts them by source.
type unknown struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

func (n *unknown) enter(source string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all >= maxUnknown || n.of[source] >= maxUnknownOf {
		return false
	}
	if n.of == nil {
		n.of = map[string]int{}
	}
	n.all++
	n.of[source]++
	return true
}

func (n *unknown) leave(source string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all--
	if n.of[source]--; n.of[source] <= 0 {
		delete(n.of, source)
	}
}

// readUpTo reads all of r, which must be no more than most.
func readUpTo(r io.Reader, most int64) ([]byte, error) {
	if r == nil {
		return []byte{}, nil
	}
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(body)) > most {
		err = errBodyTooLong
	}
	return body, err
}

// selfProven reports what is wrong with the form of a request to a WS-Security
// path. It has one token: a JWT in the Authorization header, with the signature of
// the organization it was issued to, or an encrypted SAML token in the message.
func selfProven(h http.Header, path string, body []byte) error {
	if said := h["Authorization"]; len(said) > 0 {
		scheme, token, _ := strings.Cut(said[0], " ")
		switch {
		case len(said) > 1:
			return errors.New("more than one Authorization")
		case !strings.EqualFold(scheme, "Delegation") || !compact(strings.TrimSpace(token)):
			return errors.New("the Authorization has no delegation token")
		case strings.HasSuffix(strings.ToLower(path), "/symmetrickey"):
			return errors.New("a JWT belongs to the other path")
		case h.Get("Signature") == "" || h.Get("Signature-Input") == "" || h.Get("Content-Digest") == "":
			return errors.New("the request is not signed")
		}
		return nil
	}
	plain, err := plainBody(h, body)
	if err != nil {
		return err
	}
	m, err := wssecurity.Open(plain)
	switch {
	case err != nil:
		return errors.New("the message has no Security header that could be read")
	case m.Token == nil:
		return errors.New("the message carries no encrypted token")
	}
	return nil
}

// compact reports whether a token has the form of an encrypted JWT: five parts in
// base64url, RFC 7516 3.1.
func compact(token string) bool {
	if len(token) > maxOpenToken || strings.Count(token, ".") != 4 {
		return false
	}
	for i := range len(token) {
		c := token[i]
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return !strings.HasPrefix(token, ".") && !strings.HasSuffix(token, ".")
}

// plainBody unpacks a body, for looking at it alone.
func plainBody(h http.Header, body []byte) ([]byte, error) {
	switch coding := h["Content-Encoding"]; {
	case len(coding) == 0 || len(coding) == 1 && strings.EqualFold(coding[0], "identity"):
		return body, nil
	case len(coding) > 1 || !strings.EqualFold(coding[0], "gzip"):
		return nil, entente.Errorf(entente.Invalid, "a content coding that is not read").Because(reasonBody)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return readUpTo(z, min(maxOpenBody, maxRatio*int64(len(body))))
}

const maxRatio = 100 // of gzip
