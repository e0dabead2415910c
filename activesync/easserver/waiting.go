package easserver

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/activesync"
	"entente/clientaccess"
	"entente/connections"
	"entente/hop"
	"entente/mailbox"
)

// Requests that wait take no goroutine: their connections are parked, the mailbox
// calls when something changed, and a few goroutines look for all of them.

const (
	// lookTimeout bounds one look into a mailbox.
	lookTimeout = 30 * time.Second
	// breath is what lies between two looks for one request at least: in a mailbox
	// in which much happens that is none of the phone's business, they would not end.
	breath = 200 * time.Millisecond
)

// waiting are the requests of all phones that wait.
type waiting struct {
	mu    sync.Mutex
	all   map[*waiter]struct{}
	by    map[waiterKey]*waiter
	stop  chan struct{} // ends who listens for the settings; nil if nobody does
	news  []*waiter     // to be looked for, first those whose mailbox changed
	rest  []*waiter
	works int // goroutines that look
}

// A waiterKey names what a phone waits by: with a second request it has given the
// first up.
type waiterKey struct{ client, command string }

// A waiter is one request that waits.
type waiter struct {
	h     *Handler
	key   waiterKey
	s     *clientaccess.Waiting // by which the door is passed again
	line  activesync.RequestLine
	asked asked
	ctx   context.Context
	held  *held
	watch *mailbox.Watch
	timer *time.Timer
	begun time.Time

	answer func(*call) // has the answer written

	mu       sync.Mutex
	due      bool // there is something to look for
	busy     bool // somebody looks, or is about to
	over     bool // the time is up
	ended    bool
	looked   time.Time
	later    *time.Timer
	finished chan struct{} // closed when it ended and nobody looks any more; nil if nobody waits for that
}

// await begins to watch for a request that may have to wait, before its command
// looks: no change falls between.
func (c *call) await() {
	box, _ := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	w := &waiter{h: c.h, key: waiterKey{c.client(), string(c.line.Command)}, busy: true}
	w.watch = c.s.WatchFunc(box.Mailbox, func() { w.wake(false, true) })
	c.waiter = w
}

// hold keeps a request until its command has something to say. Its place among
// the requests under way goes back, and whenever something happened the door is
// passed again, with all that it asks.
func (h *Handler) hold(c *call, w http.ResponseWriter, r *http.Request) {
	x := c.waiter
	refused := func(err error) {
		x.watch.Close()
		c.refuse(err)
		c.conclude()
		c.send(w)
	}
	h.waiting.replace(x.key)
	patient, err := c.s.Wait(r)
	if err != nil {
		refused(err)
		return
	}
	if err := c.s.Conclude(c.ctx, ""); err != nil {
		h.Log.Error("audit", "request", c.s.RequestID(), "err", err)
		refused(&httpError{http.StatusServiceUnavailable, "the audit log is not available; the answer is withheld"})
		return
	}
	x.s = c.s.Park()
	x.held, x.begun, x.line, x.asked = c.answer.held, c.s.Clock(), c.line, askedOf(r)
	// Nobody looks before it is known how to answer: busy is set.
	if p, ok := connections.Park(w, r, x.gone); ok {
		x.ctx = hop.Along(connections.Kept(r.Context()), r.Context())
		x.asked.tls, x.answer = p.TLS, func(n *call) { n.sendTo(p) }
		x.start(c)
		return
	}
	x.finished = make(chan struct{})
	x.ctx = patient.Context()
	x.asked.tls = func() *tls.ConnectionState { return r.TLS }
	x.answer = func(n *call) { n.send(w) }
	x.start(c)
	select {
	case <-x.finished:
	case <-patient.Context().Done():
		x.end()
		<-x.finished
	}
}

// asked is what is kept of a request: what passing the door again and answering
// need.
type asked struct {
	host, from           string
	authorization, agent string
	encodings, wl        string
	tls                  func() *tls.ConnectionState
}

func askedOf(r *http.Request) asked {
	// Copies, each of its own: net/http reads a header into one text.
	get := func(name string) string { return strings.Clone(r.Header.Get(name)) }
	return asked{
		host: strings.Clone(r.Host), from: r.RemoteAddr,
		authorization: get("Authorization"), agent: get("User-Agent"), encodings: get("Accept-Encoding"), wl: get("X-MS-WL"),
	}
}

// request is the request again.
func (a *asked) request(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/Microsoft-Server-ActiveSync"}, Host: a.host, RemoteAddr: a.from,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, TLS: a.tls(),
	}
	for name, value := range map[string]string{
		"Authorization": a.authorization, "User-Agent": a.agent, "Accept-Encoding": a.encodings, "X-Ms-Wl": a.wl,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r.WithContext(ctx)
}

// start lets it be looked for. What happened while the request was still at work,
// when nobody would have woken it, is looked for at once: settings that are others
// than it was decided on, the server about to stop.
func (w *waiter) start(c *call) {
	w.h.waiting.add(w)
	select {
	case <-w.s.Ending():
		w.wake(true, false)
	default:
		if c.s.Directory().Snapshot().Generation() != c.s.Snapshot().Generation() {
			w.wake(false, false)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	if w.ended {
		w.h.waiting.remove(w)
	} else {
		w.timer = time.AfterFunc(max(w.held.until.Sub(w.s.Clock()), 0), func() { w.wake(true, true) })
	}
	w.goOn()
}

// wake has it looked for. over says that its time is up, soon that it is news.
func (w *waiter) wake(over, soon bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = w.over || over
	if w.ended || w.due {
		return
	}
	w.due = true
	if !w.busy {
		w.queue(soon)
	}
}

// queue has somebody look. w is locked.
func (w *waiter) queue(soon bool) {
	w.busy = true
	if wait := breath - time.Since(w.looked); wait > 0 && !w.over {
		w.later = time.AfterFunc(wait, func() { w.h.waiting.queue(w, soon) })
		return
	}
	w.h.waiting.queue(w, soon)
}

// goOn ends a look: it is looked for again if something happened meanwhile, and
// finished if it ended. w is locked.
func (w *waiter) goOn() {
	switch {
	case w.ended:
		w.busy = true // nobody looks any more
		w.s.End()
		if w.finished != nil {
			close(w.finished)
		}
	case w.due:
		w.queue(true)
	}
}

// end has nobody look any more.
func (w *waiter) end() {
	w.mu.Lock()
	had := w.ended
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
	if !had && !w.busy {
		w.goOn()
	}
	w.mu.Unlock()
	w.watch.Close()
	w.h.waiting.remove(w)
}

// gone is called when the phone is gone.
func (w *waiter) gone(lost bool) {
	if w.held.gone != nil {
		w.held.gone(w.s.Clock().Sub(w.begun), lost)
	}
	w.end()
}

// look looks once.
func (w *waiter) look() {
	w.mu.Lock()
	over, ended := w.over, w.ended
	w.due, w.looked = false, time.Now()
	w.mu.Unlock()
	if ended {
		w.looks()
		return
	}
	n, done := w.pass(over)
	if !done {
		n.finish()
		w.looks()
		return
	}
	w.end()
	// Who looks for others does not wait for one who takes his answer slowly.
	go func() {
		w.answer(n)
		n.finish()
		w.looks()
	}()
}

// looks ends a look.
func (w *waiter) looks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	w.goOn()
}

// pass passes the door again and has the command look. The call returned is to be
// finished; done tells that it has the answer, which is on record.
func (w *waiter) pass(over bool) (n *call, done bool) {
	ctx, cancel := context.WithTimeout(w.ctx, lookTimeout)
	n = &call{h: w.h, line: w.line, ctx: ctx, cancel: cancel, in: w.asked.request(ctx)}
	s, err := w.s.Again(n.in, w.s.Subject())
	if err != nil {
		n.s = w.s.Refused()
		n.refuseAgain(err)
		return n, true
	}
	n.s, n.again = s, true
	if err = n.open(); err == nil && n.confined != 0 && !w.held.confined {
		err = &statusError{activesync.DeviceIsBlockedForThisUser, "the device is quarantined now"}
	}
	if err == nil {
		n.out = w.h.writer()
		done, err = w.held.look(n, over)
	}
	if err != nil {
		n.refuse(err)
		done = true
	}
	if done {
		n.conclude()
	}
	return n, done
}

// refuseAgain answers somebody whom the door does not let in any more.
func (c *call) refuseAgain(err error) {
	switch {
	case isReason(err, clientaccess.SignInAgain):
		c.answer.header = http.Header{}
		c.s.Challenge(c.answer.header)
		err = &httpError{http.StatusUnauthorized, "sign in"}
	case isKind(err, entente.Denied):
		err = &gateError{err}
	}
	c.refuse(err)
}

// finish ends a call that looked.
func (c *call) finish() {
	c.release()
	if c.again {
		c.s.Done(c.ctx)
	}
	if c.cancel != nil {
		c.cancel()
	}
}

// replace has the request that a phone has given up answered as if its time were
// up: it may still listen.
func (w *waiting) replace(k waiterKey) {
	w.mu.Lock()
	old := w.by[k]
	w.mu.Unlock()
	if old != nil {
		old.wake(true, true)
	}
}

func (w *waiting) add(x *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all, w.by = map[*waiter]struct{}{}, map[waiterKey]*waiter{}
	}
	w.all[x], w.by[x.key] = struct{}{}, x
	if w.stop == nil {
		w.stop = make(chan struct{})
		go w.listen(x.s, x.s.SettingsChanged(), w.stop)
	}
}

func (w *waiting) remove(x *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, x)
	if w.by[x.key] == x {
		delete(w.by, x.key)
	}
	if len(w.all) == 0 && w.stop != nil {
		close(w.stop)
		w.stop = nil
	}
}

// listen has everybody looked for when settings change, and answered when the
// server stops. It ends when nobody waits.
func (w *waiting) listen(s *clientaccess.Waiting, settings, stop <-chan struct{}) {
	for {
		over := false
		select {
		case <-stop:
			return
		case <-settings:
			settings = s.SettingsChanged() // before looking, so that no change falls between
		case <-s.Ending():
			over = true
		}
		w.mu.Lock()
		all := make([]*waiter, 0, len(w.all))
		for x := range w.all {
			all = append(all, x)
		}
		w.mu.Unlock()
		for _, x := range all {
			x.wake(over, false)
		}
		if over {
			<-stop
			return
		}
	}
}

// queue has one looked for, by a few at once: who waits takes nothing from who
// asks.
func (w *waiting) queue(x *waiter, soon bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if soon {
		w.news = append(w.news, x)
	} else {
		w.rest = append(w.rest, x)
	}
	if w.works < max(2, runtime.GOMAXPROCS(0)) {
		w.works++
		go w.work()
	}
}

func (w *waiting) work() {
	for {
		w.mu.Lock()
		from := &w.news
		if len(*from) == 0 {
			from = &w.rest
		}
		if len(*from) == 0 {
			w.works--
			w.mu.Unlock()
			return
		}
		x := (*from)[0]
		(*from)[0] = nil
		if *from = (*from)[1:]; len(*from) == 0 {
			*from = nil
		}
		w.mu.Unlock()
		x.look()
	}
}
