package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"entente/outgoing"
)

// How the inner side keeps its channels.
const (
	channelsInner = 2 // over which it is asked, for each of the peer's addresses
	firstPause    = time.Second
	longestPause  = time.Minute
	steady        = 10 * time.Second // a channel that held so long begins anew with the first pause
)

// Limits of channels.
const (
	maxChannels   = 16 // of one peer
	maxHandshakes = 16 // at once
	maxStreams    = 32 // requests at once over one channel
	maxHeader     = 16 << 10
	askTime       = 15 * time.Second
	deliverTime   = time.Minute
)

// A channel is one connection over which the peer is asked.
type channel struct {
	*http.Transport
	conn   *watched
	remote string
	since  time.Time
}

// pool holds the channels to a peer.
type pool struct {
	mu   sync.Mutex
	all  []*channel
	next int
	last string // what went wrong last
}

// add begins to use a connection until it is gone.
func (p *pool) add(c *watched, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) >= maxChannels {
		return false
	}
	p.all = append(p.all, &channel{outgoing.Over(c), c, c.RemoteAddr().String(), now})
	return true
}

func (p *pool) drop(c *watched) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = slices.DeleteFunc(p.all, func(o *channel) bool { return o.conn == c })
}

// pick returns the channels there are, another first each time.
func (p *pool) pick() []*channel {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) == 0 {
		return nil
	}
	p.next = (p.next + 1) % len(p.all)
	return append(slices.Clone(p.all[p.next:]), p.all[:p.next]...)
}

func (p *pool) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = err.Error()
}

// problem returns what went wrong last.
func (p *pool) problem() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *pool) close() {
	for _, c := range p.pick() {
		_ = c.conn.Close()
	}
}

// watched is a connection of which it is known when it has ended. It hides that
// it is TLS from net/http, which would want to shake hands again.
type watched struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

func watch(c net.Conn) *watched { return &watched{Conn: c, gone: make(chan struct{})} }

// Close implements net.Conn.
func (w *watched) Close() error {
	w.once.Do(func() { close(w.gone) })
	return w.Conn.Close()
}

// dial keeps the inner side's channels.
func (r *Relay) dial(ctx context.Context, p *peer) {
	for _, address := range p.Connect {
		for range channelsInner {
			r.running.Go(func() { r.keep(ctx, p, address, protocolInner) })
		}
		r.running.Go(func() { r.keep(ctx, p, address, protocolOuter) })
	}
}

// keep opens a channel again and again, with longer and longer pauses while
// that fails.
func (r *Relay) keep(ctx context.Context, p *peer, address, protocol string) {
	pause := firstPause
	for ctx.Err() == nil {
		began := r.Now()
		if err := r.once(ctx, p, address, protocol); err != nil && ctx.Err() == nil {
			p.pool.failed(err)
			r.Log.Debug("relay", "peer", p.Name, "address", address, "err", err)
		}
		if r.Now().Sub(began) > steady {
			pause = firstPause
		}
		// Up to a quarter more, so that many relays do not come at once.
		timer := time.NewTimer(pause + rand.N(pause/4))
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
		pause = min(2*pause, longestPause)
	}
}

// once opens a channel and uses it until it ends.
func (r *Relay) once(ctx context.Context, p *peer, address, protocol string) error {
	raw, err := r.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	c := tls.Client(raw, r.tlsConfig(p.Keys, protocol))
	shake, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := c.HandshakeContext(shake); err != nil {
		return errors.Join(err, raw.Close())
	}
	r.use(ctx, p, c)
	return nil
}

// Serve takes the channels that the inner side opens, on the outer side's
// listener, until ctx ends.
func (r *Relay) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var pins []Pin
	for _, p := range r.peers {
		pins = append(pins, p.Keys...)
	}
	config := r.tlsConfig(pins, protocolInner, protocolOuter)
	places := make(chan struct{}, maxHandshakes)
	for {
		raw, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			_ = raw.Close()
			return nil
		}
		r.running.Go(func() {
			p, c := r.accept(ctx, raw, config)
			<-places
			if p != nil {
				r.use(ctx, p, c)
			}
		})
	}
}

// accept shakes hands with whoever has connected. Only a peer gets further.
func (r *Relay) accept(ctx context.Context, raw net.Conn, config *tls.Config) (*peer, *tls.Conn) {
	c := tls.Server(raw, config)
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		r.Log.Warn("relay: a connection was refused", "address", raw.RemoteAddr().String(), "err", err)
		_ = raw.Close()
		return nil, nil
	}
	state := c.ConnectionState()
	pin, _ := channelPin(&state)
	i := slices.IndexFunc(r.peers, func(p *peer) bool { return slices.Contains(p.Keys, pin) })
	if i < 0 {
		_ = c.Close()
		return nil, nil
	}
	return r.peers[i], c
}

// use asks over a channel, or answers, as its protocol says, until it ends.
func (r *Relay) use(ctx context.Context, p *peer, c *tls.Conn) {
	w := watch(c)
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	defer stop()
	state := c.ConnectionState()
	p.key.Store(provedKey{state.PeerCertificates[0].PublicKey})
	asked := Outer
	if state.NegotiatedProtocol == protocolInner {
		asked = Inner
	}
	if asked == r.Role {
		pin, _ := channelPin(&state)
		r.serve(w, &callers{p, pin, w.RemoteAddr().String()})
		return
	}
	if !p.pool.add(w, r.Now()) {
		_ = w.Close()
		return
	}
	p.nudge()
	p.arrived()
	<-w.gone
	p.pool.drop(w)
}

// nudge has the sender look whether there is anything to do.
func (p *peer) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// arrived tells that there is a new channel.
func (p *peer) arrived() {
	select {
	case p.came <- struct{}{}:
	default:
	}
}

// callers is who asks over a channel.
type callers struct {
	*peer
	pin     Pin
	address string
}

// serve answers what comes over one connection until it ends.
func (r *Relay) serve(c *watched, by *callers) {
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	s := &http.Server{
		Handler:           r.handler(by),
		Protocols:         h2,
		ReadHeaderTimeout: handshakeTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(r.Log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      30 * time.Second, PingTimeout: 15 * time.Second,
		},
	}
	_ = s.Serve(&single{c: c}) // it ends with the connection
}

// single is a listener with one connection.
type single struct {
	c     *watched
	taken bool
}

// Accept returns the connection, and then waits until it has ended.
func (s *single) Accept() (net.Conn, error) {
	if !s.taken {
		s.taken = true
		return s.c, nil
	}
	<-s.c.gone
	return nil, net.ErrClosed
}

// Close implements net.Listener; the connection ends by itself.
func (s *single) Close() error { return nil }

// Addr implements net.Listener.
func (s *single) Addr() net.Addr { return s.c.LocalAddr() }

// handler has what this side answers.
func (r *Relay) handler(by *callers) http.Handler {
	mux := http.NewServeMux()
	on := func(path string, limit int64, within time.Duration, f func(ctx context.Context, by *callers, body io.Reader) (any, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, q *http.Request) {
			ctx, cancel := context.WithTimeout(q.Context(), within)
			defer cancel()
			answer, err := f(ctx, by, io.LimitReader(q.Body, limit+1))
			r.reply(w, answer, err)
		})
	}
	on(pathPing, maxQuestion, askTime, func(context.Context, *callers, io.Reader) (any, error) { return struct{}{}, nil })
	on(pathDeliver, maxParcel, deliverTime, r.takeParcel)
	on(pathWitness, maxReply, askTime, r.witnessed)
	if r.Role == Inner {
		on(pathFreeBusy, maxQuestion, askTime, r.answerTimes)
	} else {
		on(pathAnswer, maxQuestion, deliverTime, r.takeAnswer)
	}
	return mux
}

// reply writes an answer, or a refusal in one of the few words there are for
// one. What else went wrong is told to this side's own log.
func (r *Relay) reply(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		no, ok := refusalOf(err)
		if !ok {
			r.Log.Error("relay", "err", err)
			no = NotNow
		}
		answer, status = refused{no}, http.StatusForbidden
	}
	text, err := json.Marshal(answer)
	if err != nil {
		r.Log.Error("relay", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// errUnreachable says that there is no channel to the other side.
var errUnreachable = errors.New("the other side of the relay is not connected")

// ask asks the peer, over another channel if one fails. All requests may be
// made twice. The error is a Refusal if the peer said no.
func (r *Relay) ask(ctx context.Context, p *peer, path string, in, out any, limit int64) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	last := errUnreachable
	for _, c := range p.pool.pick() {
		if last = r.askOver(ctx, c, path, text, out, limit); last == nil || ctx.Err() != nil {
			return last
		}
		if _, no := refusalOf(last); no {
			return last
		}
		p.pool.failed(last)
	}
	return last
}

func (r *Relay) askOver(ctx context.Context, c *channel, path string, text []byte, out any, limit int64) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://relay"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := c.RoundTrip(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	switch a.StatusCode {
	case http.StatusOK:
		if err := decode(a.Body, limit, out); err != nil {
			return fmt.Errorf("answer of the other side: %w", err)
		}
		return nil
	case http.StatusForbidden:
		var no refused
		if err := decode(a.Body, maxQuestion, &no); err != nil || !slices.Contains(refusals, no.Refused) {
			return NotUnderstood
		}
		return no.Refused
	}
	return fmt.Errorf("the other side answers HTTP %d", a.StatusCode)
}
