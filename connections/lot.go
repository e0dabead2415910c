package connections

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// A Lot has the connections that wait: those whose request is not answered before
// something happens, and those that came from there and wait for their next
// request. They take no goroutine. A thread of its own listens on all of them for
// who hangs up and who goes on asking; who asks goes back to the listener's Accept,
// so that net/http goes on with the connection as if it had never left it.
//
// It works with HTTP/1.1, of which a request has a connection to itself.
type Lot struct {
	idle time.Duration

	back chan net.Conn
	done chan struct{}

	mu      sync.Mutex
	parked  map[*Parked]struct{}
	waiting int           // of them, those whose request is not answered
	drained chan struct{} // closed when there are none, while the lot closes
	closed  bool
	ears    *ears // nil where there are none
}

// NewLot returns a lot. Connections without a request are kept for a time. Close
// it.
func NewLot(idle time.Duration) *Lot {
	return &Lot{
		idle: idle, back: make(chan net.Conn), done: make(chan struct{}),
		parked: map[*Parked]struct{}{}, drained: make(chan struct{}), ears: newEars(),
	}
}

// Listen wraps a listener, the outermost one, so that connections come back from
// the lot by it.
func (l *Lot) Listen(n net.Listener) net.Listener {
	return &lotListener{Listener: n, lot: l, fresh: make(chan accepted), done: make(chan struct{})}
}

type accepted struct {
	conn net.Conn
	err  error
}

type lotListener struct {
	net.Listener
	lot   *Lot
	fresh chan accepted
	start sync.Once
	stop  sync.Once
	done  chan struct{}
}

// Accept returns the next connection, a new one or one that comes back.
func (l *lotListener) Accept() (net.Conn, error) {
	l.start.Do(func() { go l.pump() })
	select {
	case a := <-l.fresh:
		return a.conn, a.err
	case c := <-l.lot.back:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *lotListener) pump() {
	for {
		c, err := l.Listener.Accept()
		select {
		case l.fresh <- accepted{c, err}:
		case <-l.done:
			if c != nil {
				_ = c.Close()
			}
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// Close implements net.Listener.
func (l *lotListener) Close() error {
	l.stop.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// lotKey is the context key of a connection's lot.
type lotKey struct{}

// Context is http.Server.ConnContext for a listener of the lot.
func (l *Lot) Context(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(Context(ctx, c), lotKey{}, l)
}

// A Parked is a connection that waits in a lot.
type Parked struct {
	lot  *Lot
	conn net.Conn
	head []byte // the header that the answer has already
	gone func(lost bool)

	mu    sync.Mutex
	state parkedState
	more  bool // it sent more before it was answered, and is hung up on after it
	timer *time.Timer
	probe chan struct{} // closed when who looks why it can be read is done; nil if nobody does
	token uint64        // by which the ears know it; 0 if they do not
}

type parkedState uint8

const (
	parkedWaits  parkedState = iota // for its answer
	parkedWrites                    // its answer is being written
	parkedIdle                      // it waits for its next request
	parkedLeft                      // it is somebody else's, or closed
)

// Park takes the connection of a request into its lot. ok is false where it cannot
// be parked, and then nothing has happened: the handler waits itself. Else the
// handler returns, and Answer or HangUp is called once; gone is called, on a
// goroutine of its own, if the other side hangs up before.
//
// The request's body must have been read to its end. What the answer's header has
// in w goes out with the answer.
func Park(w http.ResponseWriter, r *http.Request, gone func(lost bool)) (p *Parked, ok bool) {
	l, _ := r.Context().Value(lotKey{}).(*Lot)
	if l == nil || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Close || !l.enter() {
		return nil, false
	}
	p = &Parked{lot: l, gone: gone, head: headOf(w.Header())}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		l.leave(nil)
		return nil, false
	}
	p.conn, p.more = conn, buffered.Reader.Buffered() > 0
	l.mu.Lock()
	l.parked[p] = struct{}{}
	l.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.more {
		// What TLS has already read is seen by nobody who listens on the socket.
		p.look(false)
	}
	return p, true
}

// TLS returns the state of the connection; nil if it is not over TLS.
func (p *Parked) TLS() *tls.ConnectionState {
	c, ok := p.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := c.ConnectionState()
	return &state
}

// headOf writes the header that was set when the request was parked: it is much
// smaller so.
func headOf(h http.Header) []byte {
	var b bytes.Buffer
	_ = h.Write(&b) // to memory
	return bytes.Clone(b.Bytes())
}

// enter counts a request that waits, unless the lot closes.
func (l *Lot) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.waiting++
	return true
}

// leave counts it no more. p, if set, leaves the lot.
func (l *Lot) leave(p *Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	if p != nil {
		delete(l.parked, p)
	}
	if l.closed && l.waiting == 0 {
		close(l.drained)
	}
}

// Waiting returns how many requests wait in the lot.
func (l *Lot) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// Close has those who wait answered: whoever parked them is expected to do so
// about now. What has no request is closed at once, and everything when ctx ends.
func (l *Lot) Close(ctx context.Context) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	if l.waiting == 0 {
		close(l.drained)
	}
	l.mu.Unlock()
	l.closeAll(parkedIdle)
	select {
	case <-l.drained:
	case <-ctx.Done():
	}
	for _, state := range []parkedState{parkedIdle, parkedWaits, parkedWrites} {
		l.closeAll(state)
	}
	close(l.done)
	l.ears.close()
}

// Abandon closes everything at once.
func (l *Lot) Abandon() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l.Close(ctx)
}

func (l *Lot) closeAll(in parkedState) {
	l.mu.Lock()
	all := make([]*Parked, 0, len(l.parked))
	for p := range l.parked {
		all = append(all, p)
	}
	l.mu.Unlock()
	for _, p := range all {
		p.closeIn(in)
	}
}

// closeIn hangs up if the connection is in a state.
func (p *Parked) closeIn(in parkedState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.state != in:
	case in == parkedWrites:
		_ = p.conn.SetDeadline(time.Unix(1, 0)) // who writes goes on from there
	default:
		p.out()
		p.closeConn()
	}
}

// out takes the connection out of the lot. p is locked.
func (p *Parked) out() {
	waited := p.state != parkedIdle
	p.state = parkedLeft
	p.deaf()
	if p.timer != nil {
		p.timer.Stop()
	}
	if waited {
		p.lot.leave(p)
		return
	}
	p.lot.mu.Lock()
	delete(p.lot.parked, p)
	p.lot.mu.Unlock()
}

// deaf ends listening on the connection, and waits for who looks at it. p is
// locked, and is not while this waits.
func (p *Parked) deaf() {
	if p.token != 0 {
		p.lot.ears.forget(p)
		p.token = 0
	}
	for p.probe != nil {
		c := p.probe
		_ = p.conn.SetReadDeadline(time.Unix(1, 0))
		p.mu.Unlock()
		<-c
		p.mu.Lock()
	}
}

// HangUp closes the connection without an answer.
func (p *Parked) HangUp() { p.closeIn(parkedWaits) }

// closeWithin is how long who does not read may keep a connection from being
// closed: TLS says good-bye.
const closeWithin = time.Second

func (p *Parked) closeConn() {
	_ = p.conn.SetDeadline(time.Now().Add(closeWithin))
	_ = p.conn.Close()
}

// writeWithin is how long an answer may take to be taken.
const writeWithin = 30 * time.Second

// Answer writes the answer, and keeps the connection for the next request. It
// returns when the answer is written, or will not be.
func (p *Parked) Answer(status int, header http.Header, body []byte) error {
	if !p.begin() {
		return net.ErrClosed
	}
	last := p.more || p.lot.closes()
	_ = p.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	_, err := p.conn.Write(p.answer(status, header, body, last))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || last {
		p.out()
		p.closeConn()
		return err
	}
	_ = p.conn.SetDeadline(time.Time{})
	p.state, p.head, p.gone = parkedIdle, nil, nil
	p.lot.leave(nil)
	p.rest()
	return nil
}

// begin makes the caller the one who writes the answer, if the connection is still
// there to be answered. It is not locked while it is written to.
func (p *Parked) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != parkedWaits {
		return false
	}
	p.deaf()
	if p.state != parkedWaits { // it went while it was not locked
		return false
	}
	p.state = parkedWrites
	return true
}

// closes reports whether the lot is about to close.
func (l *Lot) closes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// answer is what goes over the wire. RFC 9112 4
func (p *Parked) answer(status int, header http.Header, body []byte, last bool) []byte {
	var b bytes.Buffer
	b.Grow(512 + len(body))
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + reason(status) + "\r\n")
	b.Write(p.head)
	_ = header.Write(&b) // to memory
	b.WriteString("Date: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	if last {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// reason is the phrase of a status, which some clients want there to be.
func reason(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "status code " + strconv.Itoa(status)
}

// rest has an answered connection wait for its next request. p is locked.
func (p *Parked) rest() {
	switch {
	case p.lot.closes():
		p.out()
		p.closeConn()
	case p.listen():
		p.timer = time.AfterFunc(p.lot.idle, func() { p.closeIn(parkedIdle) })
	default:
		// Nobody can listen on it here: net/http does, as before.
		p.out()
		go p.giveBack()
	}
}

// giveBack has net/http go on with the connection.
func (p *Parked) giveBack() {
	select {
	case p.lot.back <- p.conn:
	case <-p.lot.done:
		p.closeConn()
	}
}

// listen has the ears listen on the connection. p is locked.
func (p *Parked) listen() bool {
	c := p.conn
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if x, ok := c.(*counted); ok {
		c = x.Conn
	}
	p.token = p.lot.ears.listen(c, p)
	return p.token != 0
}

// heard is called by the ears, once for each listen: there is something to read,
// or the other side hung up.
func (p *Parked) heard(token uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != token {
		return
	}
	p.lot.ears.forget(p)
	p.token = 0
	switch p.state {
	case parkedIdle:
		p.out()
		go p.giveBack()
	case parkedWaits:
		p.look(true)
	}
}

// someTime is how long the rest of a TLS record may take whose beginning is there.
const someTime = 5 * time.Second

// look finds out why a connection can be read, and listens on. Nothing is waited
// for if nothing came: what TLS has read already is at hand. p is locked.
func (p *Parked) look(came bool) {
	if !came {
		_ = p.conn.SetReadDeadline(time.Unix(1, 0))
		if gone, lost := p.looked(p.conn.Read(make([]byte, 1))); gone != nil {
			go gone(lost)
		}
		return
	}
	done := make(chan struct{})
	p.probe = done
	_ = p.conn.SetReadDeadline(time.Now().Add(someTime))
	go func() {
		n, err := p.conn.Read(make([]byte, 1))
		p.mu.Lock()
		p.probe = nil
		close(done)
		gone, lost := p.looked(n, err)
		p.mu.Unlock()
		if gone != nil {
			gone(lost)
		}
	}()
}

// looked goes by what a read said, and returns whom to tell that the other side is
// gone. p is locked.
func (p *Parked) looked(n int, err error) (gone func(bool), lost bool) {
	if p.state != parkedWaits {
		return nil, false
	}
	_ = p.conn.SetReadDeadline(time.Time{})
	switch {
	case n > 0:
		// It asks on before it has its answer. Nothing can be put back into TLS, so it
		// gets this answer and no other by this connection. RFC 9112 9.3.2
		p.more = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.listen()
	default:
		gone, lost = p.gone, !errors.Is(err, io.EOF)
		p.out()
		p.closeConn()
	}
	return gone, lost
}

// Kept returns a context that knows the connection of a request's and ends with
// nothing, for what goes on after the request was parked.
func Kept(ctx context.Context) context.Context {
	return context.WithValue(context.Background(), connKey{}, ctx.Value(connKey{}))
}
