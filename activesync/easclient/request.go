package easclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// Bounds of what is read and of how often a request is tried.
const (
	maxAnswer = 64 << 20
	maxTries  = 6
	maxWait   = time.Hour
)

// An HTTPError is an answer that is none of the protocol, as HTTP calls it.
type HTTPError struct {
	Status     int
	Location   string // of 451
	RetryAfter time.Duration
	Throttle   string // X-MS-ASThrottle
	Text       string // what the server says, cut
}

// Error implements error.
func (e *HTTPError) Error() string {
	s := fmt.Sprintf("the server answered HTTP %d", e.Status)
	if e.Location != "" {
		s += " and points to " + e.Location
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// A StatusError is an answer whose status is not success.
type StatusError struct {
	Command activesync.Command
	Status  activesync.Status
	Where   string // the element the status stands in
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: status %d in %s", e.Command, e.Status, e.Where)
}

// An Answer is what came back.
type Answer struct {
	// Root is the document; nil if there was none.
	Root *wbxml.Element
	// Parts are those of a multipart answer behind the document, or the one body
	// that is no document.
	Parts  [][]byte
	Type   string // Content-Type
	Header http.Header
}

// Discover asks what the server speaks and chooses a version. [MS-ASHTTP] 2.2.3
func (p *Phone) Discover(ctx context.Context) error {
	r, err := p.request(ctx, http.MethodOptions, "", nil)
	if err != nil {
		return err
	}
	a, err := p.exchange(r)
	if err != nil {
		return err
	}
	offered := strings.Split(a.Header.Get("MS-ASProtocolVersions"), ",")
	for i := range offered {
		offered[i] = strings.TrimSpace(offered[i])
	}
	p.Commands = strings.Split(a.Header.Get("MS-ASProtocolCommands"), ",")
	for _, v := range slices.Backward(activesync.Versions()) {
		if slices.Contains(offered, v.String()) && (p.Version == 0 || p.Version == v) {
			p.Speaks = v
			return nil
		}
	}
	return fmt.Errorf("%w: the server speaks %q", ErrNotActiveSync, a.Header.Get("MS-ASProtocolVersions"))
}

// at reports whether the phone speaks a version or a later one.
func (p *Phone) at(v activesync.Version) bool { return p.Speaks >= v }

// request makes an HTTP request with the proof of who is asking.
func (p *Phone) request(ctx context.Context, method, query string, body []byte) (*http.Request, error) {
	url := p.URL
	if p.At != "" {
		url = p.At
	}
	if query != "" {
		url += "?" + query
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if p.UserAgent != "" {
		r.Header.Set("User-Agent", p.UserAgent)
	}
	if p.Authorize != nil {
		return r, p.Authorize(r)
	}
	r.SetBasicAuth(p.User, p.Password)
	return r, nil
}

// A question is one command, before it is a request.
type question struct {
	line activesync.RequestLine
	doc  []byte
	mime bool // doc is a message, as before 14.0
}

func ask(cmd activesync.Command, w *wbxml.Writer) question {
	q := question{line: activesync.RequestLine{Command: cmd}}
	if w != nil {
		q.doc = w.Bytes()
	}
	return q
}

// send sends a command once and reads the answer.
func (p *Phone) send(ctx context.Context, q question) (*Answer, error) {
	l := q.line
	l.Version, l.DeviceID, l.DeviceType, l.PolicyKey = p.Speaks, p.DeviceID, p.DeviceType, p.PolicyKey
	var query string
	if packed, ok := l.Packed(); ok && !p.Plain {
		query = packed
	} else {
		l.User = p.User
		query = l.Plain()
	}
	r, err := p.request(ctx, http.MethodPost, query, q.doc)
	if err != nil {
		return nil, err
	}
	if p.Plain {
		l.Header(r.Header.Set)
	}
	switch {
	case q.mime:
		r.Header.Set("Content-Type", "message/rfc822")
	case len(q.doc) > 0:
		r.Header.Set("Content-Type", "application/vnd.ms-sync.wbxml")
	}
	return p.exchange(r)
}

// exchange sends a request and reads the whole answer.
func (p *Phone) exchange(r *http.Request) (*Answer, error) {
	p.sends++
	in, err := p.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer in.Body.Close()
	body, err := io.ReadAll(io.LimitReader(in.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrNotActiveSync, maxAnswer)
	}
	if in.StatusCode != http.StatusOK {
		return nil, httpError(in, body)
	}
	a := &Answer{Type: in.Header.Get("Content-Type"), Header: in.Header}
	if err := a.read(body); err != nil {
		return nil, err
	}
	if p.Heard != nil && a.Root != nil {
		p.Heard(a.Root)
	}
	return a, nil
}

func httpError(in *http.Response, body []byte) error {
	e := &HTTPError{Status: in.StatusCode, Location: in.Header.Get("X-MS-Location"), Throttle: in.Header.Get("X-MS-ASThrottle")}
	if n, err := strconv.Atoi(in.Header.Get("Retry-After")); err == nil && n > 0 {
		e.RetryAfter = min(time.Duration(n)*time.Second, maxWait)
	}
	if text := strings.ToValidUTF8(string(body[:min(len(body), 200)]), ""); strings.HasPrefix(in.Header.Get("Content-Type"), "text/plain") {
		e.Text = strings.TrimSpace(text)
	}
	return e
}

// read reads a body by its type. What is shown to a phone as WBXML must begin as
// clients expect it.
func (a *Answer) read(body []byte) error {
	var err error
	switch {
	case len(body) == 0:
	case a.Type == "application/vnd.ms-sync.multipart":
		if a.Parts, err = multipart(body); err == nil && len(a.Parts) > 0 {
			a.Root, err = document(a.Parts[0])
			a.Parts = a.Parts[1:]
		}
	case a.Type == "application/vnd.ms-sync.wbxml" || a.Type == "application/vnd.ms-sync":
		a.Root, err = document(body)
	default:
		a.Parts = [][]byte{body}
	}
	return err
}

func document(body []byte) (*wbxml.Element, error) {
	if !bytes.HasPrefix(body, []byte{0x03, 0x01, 0x6A, 0x00}) {
		return nil, fmt.Errorf("%w: it begins with % X", ErrNotActiveSync, body[:min(len(body), 8)])
	}
	limits := wbxml.DefaultLimits()
	limits.Elements = 2_000_000
	root, err := wbxml.Parse(body, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotActiveSync, err)
	}
	return root, nil
}

// multipart reads the parts of an answer: their number, their places, themselves.
// [MS-ASCMD] 2.2.1.10.1
func multipart(b []byte) ([][]byte, error) {
	bad := fmt.Errorf("%w: its parts are not where it says", ErrNotActiveSync)
	if len(b) < 4 {
		return nil, bad
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n < 1 || n > (len(b)-4)/8 {
		return nil, bad
	}
	parts := make([][]byte, n)
	for i := range parts {
		at, long := uint64(binary.LittleEndian.Uint32(b[4+8*i:])), uint64(binary.LittleEndian.Uint32(b[8+8*i:]))
		if at+long > uint64(len(b)) {
			return nil, bad
		}
		parts[i] = b[at : at+long]
	}
	return parts, nil
}

// do sends a command as a phone does: it provisions, goes elsewhere, describes
// itself or waits when the server says so, and asks again.
func (p *Phone) do(ctx context.Context, q question) (*Answer, error) {
	if p.Speaks == 0 {
		if err := p.negotiate(ctx); err != nil {
			return nil, err
		}
	}
	var last error
	for range maxTries {
		a, err := p.send(ctx, q)
		if err == nil {
			err = p.topStatus(q.line.Command, a)
		}
		if err == nil {
			return a, nil
		}
		last = err
		if again, err := p.heal(ctx, err); err != nil || !again {
			return a, err
		}
	}
	return nil, fmt.Errorf("after %d tries: %w", maxTries, last)
}

func (p *Phone) negotiate(ctx context.Context) error {
	var last error
	for range maxTries {
		if last = p.Discover(ctx); last == nil {
			return nil
		}
		if again, err := p.heal(ctx, last); err != nil || !again {
			return err
		}
	}
	return last
}

// topStatus returns the error that the answer as a whole is: a status above 100 at
// the root is common to all commands.
func (p *Phone) topStatus(cmd activesync.Command, a *Answer) error {
	if a.Root == nil {
		return nil
	}
	for c := range a.Root.Children() {
		if c.Tag.Name() != "Status" {
			continue
		}
		if n, err := strconv.Atoi(c.Text()); err == nil && n > 100 {
			return &StatusError{cmd, activesync.Status(n), a.Root.Tag.Name()}
		}
	}
	return nil
}

// heal does what an error asks for; again says that it is worth asking again.
func (p *Phone) heal(ctx context.Context, err error) (again bool, _ error) {
	var h *HTTPError
	var s *StatusError
	switch {
	case errors.As(err, &h):
		switch h.Status {
		case 449: // [MS-ASHTTP] 3.1.5.2.1: provision
			return true, p.Provision(ctx)
		case http.StatusUnavailableForLegalReasons: // 451: it lies elsewhere
			if h.Location == "" || h.Location == p.At {
				return false, err
			}
			p.At = h.Location
			return true, nil
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			if h.RetryAfter == 0 {
				h.RetryAfter = 30 * time.Second
			}
			return true, p.Sleep(ctx, h.RetryAfter)
		}
	case errors.As(err, &s):
		switch s.Status {
		case activesync.DeviceNotProvisioned, activesync.PolicyRefresh, activesync.InvalidPolicyKey, activesync.RemoteWipeRequested:
			if s.Command == activesync.Provision {
				return false, err
			}
			return true, p.Provision(ctx)
		case activesync.DeviceInformationRequired:
			return true, p.SendInformation(ctx)
		case activesync.ServerErrorRetryLater:
			return true, p.Sleep(ctx, 30*time.Second)
		}
	}
	return false, err
}
