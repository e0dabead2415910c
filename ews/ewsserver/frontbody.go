package ewsserver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"entente/clientaccess"
	"entente/ews"
	"entente/strictxml"
)

// Limits of requests that are passed on. What is larger than maxHeld once written
// anew is written while it is sent.
const (
	maxBodies = 256 << 20 // of all bodies at once
	maxHeld   = 1 << 20
	maxGzip   = 100 // plain bytes to a packed one
	roomStep  = 256 << 10
)

var (
	errCoding = errors.New("a content coding that is not read")
	errRoom   = errors.New("no room for another body")
)

// A room bounds the memory of what is held at once.
type room struct {
	mu         sync.Mutex
	used, most int64
}

func (r *room) take(n int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+n > r.most {
		return false
	}
	r.used += n
	return true
}

func (r *room) give(n int64) {
	r.mu.Lock()
	r.used -= n
	r.mu.Unlock()
}

// A posted is the body of a request, unpacked, and what it takes of the room.
type posted struct {
	plain []byte
	held  []byte // as it goes on, if that is small
	room  *room
	taken int64

	mu   sync.Mutex
	sent []*rewriting // which end with the request, also where nobody closes them
}

func (b *posted) release() {
	b.room.give(b.taken)
	b.taken = 0
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.sent {
		_ = r.Close()
	}
}

// read reads and unpacks a body within its limits. What it took of the room is
// given back by release, also after an error.
func (p *passing) read(w http.ResponseWriter, r *http.Request) (*posted, error) {
	b := &posted{room: &p.bodies}
	sent, err := b.fill(http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
	if err != nil {
		return b, err
	}
	switch coding := r.Header["Content-Encoding"]; {
	case len(coding) == 0 || len(coding) == 1 && strings.EqualFold(coding[0], "identity"):
		b.plain = sent
		return b, nil
	case len(coding) > 1 || !strings.EqualFold(coding[0], "gzip"):
		return b, errCoding
	}
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return b, err
	}
	z.Multistream(false) // what follows is read by nobody, and not sent
	most := min(maxBody, maxGzip*int64(len(sent)))
	b.plain, err = b.fill(io.LimitReader(z, most+1), 0)
	if err == nil && int64(len(b.plain)) > most {
		err = &http.MaxBytesError{Limit: most}
	}
	return b, err
}

// fill reads all of r, taking room as it grows. What is said of the length is
// believed as far as it costs little.
func (b *posted) fill(r io.Reader, length int64) ([]byte, error) {
	buf := make([]byte, 0, min(max(length, 0), maxPooled)+bytes.MinRead)
	room := int64(0)
	for {
		if int64(cap(buf)) > room {
			n := max(int64(cap(buf))-room, roomStep)
			if !b.room.take(n) {
				return nil, errRoom
			}
			room, b.taken = room+n, b.taken+n
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
			continue
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// rewrite writes the body anew, keeps it if it is small, and returns its length.
func (b *posted) rewrite(omit func(int, strictxml.Name) bool) (int64, error) {
	var out measured
	if err := strictxml.NewReader(b.plain, limits()).Rewrite(&out, omit); err != nil {
		return 0, err
	}
	b.held = out.held
	return out.length, nil
}

// A measured is the length of what is written, and the text as long as it is
// small.
type measured struct {
	length int64
	held   []byte
}

func (m *measured) Write(p []byte) (int, error) {
	before := m.length
	m.length += int64(len(p))
	if m.length > maxHeld {
		m.held = nil
	} else if before == int64(len(m.held)) {
		m.held = append(m.held, p...)
	}
	return len(p), nil
}

// reader returns what makes a reader of the body as it goes on, as often as it has to be
// sent.
func (b *posted) reader(omit func(int, strictxml.Name) bool) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		if b.held != nil {
			return io.NopCloser(bytes.NewReader(b.held)), nil
		}
		r := &rewriting{plain: b.plain, omit: omit}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sent = append(b.sent, r)
		return r, nil
	}
}

// A rewriting is read while it is written, from the first Read on.
type rewriting struct {
	plain []byte
	omit  func(int, strictxml.Name) bool
	once  sync.Once
	pipe  *io.PipeReader
}

func (r *rewriting) start() {
	reader, writer := io.Pipe()
	r.pipe = reader
	go func() {
		// It was read to its end before, so only a closed pipe ends it early.
		writer.CloseWithError(strictxml.NewReader(r.plain, limits()).Rewrite(writer, r.omit))
	}()
}

func (r *rewriting) Read(p []byte) (int, error) {
	r.once.Do(r.start)
	return r.pipe.Read(p)
}

func (r *rewriting) Close() error {
	r.once.Do(func() { r.pipe, _ = io.Pipe() })
	return r.pipe.Close()
}

// targets finds what a request is about, as far as it names that: the ids of
// folders, items and attachments, and whose mailbox they are in where that is
// said. What ids are, only the server behind knows.
type targets struct {
	s     *clientaccess.Session
	owner int // depth of the folder id whose Mailbox is being read; 0 for none
}

// read reads the element on whose start tag r stands to its end.
func (t *targets) read(r *strictxml.Reader) {
	for depth, tok := 1, r.Token(); ; {
		if depth > 0 && tok.Kind == strictxml.StartElement && tok.Name.Space == ews.NSTypes {
			t.element(r, tok.Name.Local, depth)
		}
		var err error
		if tok, err = r.Next(); err != nil {
			return
		}
		switch tok.Kind {
		case strictxml.StartElement:
			depth++
		case strictxml.EndElement:
			if depth--; depth < t.owner {
				t.owner = 0
			}
			if depth == 0 {
				return
			}
		}
	}
}

// maxTargetID is the longest id that is looked at; Exchange's have about 150.
const maxTargetID = 512

func (t *targets) element(r *strictxml.Reader, local string, depth int) {
	switch {
	case local == "EmailAddress" && t.owner > 0 && depth == t.owner+2:
		f := r.Fork()
		if address := f.Text(); f.Err() == nil {
			t.s.Elsewhere(strings.TrimSpace(address))
		}
		return
	case !strings.HasSuffix(local, "Id"):
		return
	}
	if local == "DistinguishedFolderId" {
		t.owner = depth
	}
	for _, name := range [...]string{"Id", "RecurringMasterId", "OccurrenceId"} {
		if id, ok := r.Attr(name); ok && len(id) <= maxTargetID {
			t.s.TargetElsewhere(id)
		}
	}
}
