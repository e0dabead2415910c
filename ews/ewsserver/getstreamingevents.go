package ewsserver

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"entente/clientaccess"
	"entente/ews"
	"entente/mailbox"
	"entente/soap"
)

// Bounds of a streaming connection. [MS-OXWSNTIF]
const (
	minConnection = 1 // minutes
	maxConnection = 30
	maxStreamed   = 200 // subscriptions
)

// How a streaming connection keeps time: a status event shows proxies and
// clients that it is alive, and who does not take what is sent is hung up on.
const (
	heartbeat    = 30 * time.Second
	writeTimeout = 30 * time.Second
	// breath is the least time between two deliveries: who does a thousand
	// things at once makes a few answers and not a thousand.
	breath = 100 * time.Millisecond
)

// A stream is a connection on which a client waits for the news of
// subscriptions.
type stream struct {
	subs    []*subscription
	timeout time.Duration
	cancel  context.CancelFunc // for another connection that takes a subscription over
}

// getStreamingEvents begins to stream: its answer is the first of many, and
// says that the connection is open. [MS-OXWSNTIF] 3.1.4.2
func (c *call) getStreamingEvents(req *ews.GetStreamingEvents) (*ews.GetStreamingEventsResponse, error) {
	if req.ConnectionTimeout < minConnection || req.ConnectionTimeout > maxConnection {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "ConnectionTimeout is a number of minutes from 1 to 30."}
	}
	if len(req.SubscriptionIDs) > maxStreamed {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "A connection carries 200 subscriptions at most."}
	}
	st := &stream{timeout: time.Duration(req.ConnectionTimeout) * time.Minute}
	m := ews.GetStreamingEventsResponseMessage{ResponseMessage: ews.Success(), ConnectionStatus: ews.ConnectionOK}
	for _, id := range req.SubscriptionIDs {
		// A caller that subscribed for many users carries them on one connection,
		// whomever it acts as for that: each of them is decided on by itself.
		sub, err := c.h.subscriptions.find(id, c.s.Caller().Authenticated.SID, "", c.s.Now())
		switch {
		case err == nil && sub.streaming:
			st.subs = append(st.subs, sub)
			continue
		case err == nil:
			err = &ews.Fault{Code: ews.ErrorInvalidSubscription}
		}
		if len(m.ErrorSubscriptionIDs) == 0 {
			m.ResponseMessage = c.fail(err)
		}
		m.ErrorSubscriptionIDs = append(m.ErrorSubscriptionIDs, id)
	}
	if len(m.ErrorSubscriptionIDs) > 0 {
		m.ConnectionStatus = ews.ConnectionClosed
	} else {
		c.stream = st
	}
	return streamAnswer(m), nil
}

func streamAnswer(m ews.GetStreamingEventsResponseMessage) *ews.GetStreamingEventsResponse {
	return &ews.GetStreamingEventsResponse{ResponseMessages: []ews.GetStreamingEventsResponseMessage{m}}
}

// A streamer serves one streaming connection.
type streamer struct {
	*stream
	h       *Handler
	s       *clientaccess.Session
	w       http.ResponseWriter
	r       *http.Request // whose context ends with the connection
	control *http.ResponseController
	version soap.Version
	watches []*mailbox.Watch
	seen    []uint64 // generation of each watch that was looked at
}

// stream sends the first answer and then news as they come, each in an envelope
// of its own, until the time is over, the client goes, the server stops, or
// something is refused. The request is concluded, and holds nothing any more.
func (h *Handler) stream(s *clientaccess.Session, w http.ResponseWriter, r *http.Request, v soap.Version, a answer) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	a.stream.cancel = cancel
	st := &streamer{stream: a.stream, h: h, s: s, w: w, r: r.WithContext(ctx), version: v, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", contentType(v))
	w.Header().Set("Cache-Control", "private")
	if st.send(a.response) != nil {
		return
	}
	for _, sub := range st.subs {
		sub.connect(st.stream)
		defer sub.disconnect(st.stream, s)
		watch := s.Watch(sub.mailbox)
		defer watch.Close()
		st.watches = append(st.watches, watch)
	}
	st.seen = make([]uint64, len(st.watches))
	m := ews.GetStreamingEventsResponseMessage{ResponseMessage: ews.Success()}
	if err := st.run(ctx); err != nil {
		f := h.faultOf(s, err)
		m.ResponseMessage = ews.FailureText(f.Code, f.Message())
		for _, sub := range st.subs {
			m.ErrorSubscriptionIDs = append(m.ErrorSubscriptionIDs, sub.id)
		}
	}
	m.ConnectionStatus = ews.ConnectionClosed
	_ = st.send(streamAnswer(m)) // who is gone does not miss it
}

// connect has a connection take a subscription over from any other.
func (sub *subscription) connect(st *stream) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.connection != nil && sub.connection != st {
		sub.connection.cancel()
	}
	sub.connection = st
}

func (sub *subscription) disconnect(st *stream, s *clientaccess.Session) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.connection == st {
		sub.connection, sub.touched = nil, s.Clock()
	}
}

// Where in the list of what a stream waits for stand those that are not of a
// subscription.
const (
	streamGone = iota
	streamOver
	streamEnding
	streamBeat
	streamSettings
	streamOthers // a watch and the end of each subscription
)

// run waits and delivers. It returns nil when the connection ends as it should.
func (st *streamer) run(ctx context.Context) error {
	over, beat := time.NewTimer(st.timeout), time.NewTicker(heartbeat)
	defer over.Stop()
	defer beat.Stop()
	on := make([]reflect.SelectCase, streamOthers+2*len(st.subs))
	wait := func(i int, c any) { on[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)} }
	wait(streamGone, ctx.Done())
	wait(streamOver, over.C)
	wait(streamEnding, st.s.Ending())
	wait(streamBeat, beat.C)
	wait(streamSettings, st.s.SettingsChanged())
	for i, sub := range st.subs {
		if err := st.deliver(ctx, i); err != nil { // what happened since they began
			return unless(ctx, err)
		}
		wait(streamOthers+2*i+1, sub.gone)
	}
	for {
		for i, w := range st.watches {
			wait(streamOthers+2*i, w.Changed(st.seen[i]))
		}
		var err error
		switch woken, _, _ := reflect.Select(on); woken {
		case streamGone, streamOver, streamEnding:
			return nil
		case streamBeat:
			err = st.beat()
		case streamSettings:
			// Before looking, so that no change falls between.
			wait(streamSettings, st.s.SettingsChanged())
			err = st.check(ctx)
		default:
			if i := woken - streamOthers; i%2 == 1 {
				return &ews.Fault{Code: ews.ErrorSubscriptionNotFound}
			} else if err = st.deliver(ctx, i/2); err == nil {
				pause(ctx, breath)
			}
		}
		if err != nil {
			return unless(ctx, err)
		}
	}
}

// unless is an error, unless it is that the connection ended.
func unless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// lookTimeout bounds one look into a mailbox.
const lookTimeout = 30 * time.Second

// deliver sends the news of one subscription. The door is passed again for
// them, and they are on record, where such reading is, before they go out.
func (st *streamer) deliver(ctx context.Context, i int) error {
	sub := st.subs[i]
	st.seen[i] = st.watches[i].Generation() // before looking
	look, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	s, err := st.s.Again(st.r.WithContext(look), sub.subject)
	if err != nil {
		return err
	}
	defer s.Done(look)
	view, err := subscribed(look, s, sub)
	if err != nil {
		return st.refused(look, s, err)
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	for more := true; more; {
		var events []event
		var next mailbox.NewsPoint
		if events, next, more, err = sub.news(look, view, sub.told); err != nil {
			return err
		}
		if len(events) > 0 {
			if err := s.Conclude(look, ""); err != nil {
				return &ews.Fault{Code: ews.ErrorServerBusy, Text: "The audit log is not available; the answer is withheld."}
			}
			n := ews.Notification{SubscriptionID: sub.id}
			for i := range events {
				n.Events = append(n.Events, events[i].event)
			}
			if err := st.send(notifications(n)); err != nil {
				return err
			}
		}
		sub.told = next
	}
	return nil
}

// refused records that news were refused.
func (st *streamer) refused(ctx context.Context, s *clientaccess.Session, err error) error {
	if record := s.Conclude(ctx, string(st.h.faultOf(s, err).Code)); record != nil {
		return record
	}
	return err
}

// check asks, after settings have changed, whether everything may still be told.
func (st *streamer) check(ctx context.Context) error {
	look, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	for _, sub := range st.subs {
		s, err := st.s.Again(st.r.WithContext(look), sub.subject)
		if err != nil {
			return err
		}
		_, err = subscribed(look, s, sub)
		if err != nil {
			err = st.refused(look, s, err)
		}
		s.Done(look)
		if err != nil {
			return err
		}
	}
	return nil
}

// beat shows that the connection is alive.
func (st *streamer) beat() error {
	var all []ews.Notification
	for _, sub := range st.subs {
		all = append(all, ews.Notification{SubscriptionID: sub.id, Events: []ews.Event{{Kind: ews.EventStatus()}}})
	}
	return st.send(notifications(all...))
}

func notifications(n ...ews.Notification) *ews.GetStreamingEventsResponse {
	return streamAnswer(ews.GetStreamingEventsResponseMessage{ResponseMessage: ews.Success(), Notifications: n})
}

// send writes an envelope. Who does not take it in time is hung up on.
func (st *streamer) send(r ews.Response) error {
	e := st.h.encoder()
	defer st.h.release(e)
	soap.BeginPlain(e, st.version, namespaces(), versionHeader)
	ews.AppendResponse(e, r)
	soap.EndPlain(e)
	if err := st.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := st.w.Write(e.Bytes()); err != nil {
		return err
	}
	err := st.control.Flush()
	// In HTTP/2 a deadline ends the stream when it passes, written to or not.
	_ = st.control.SetWriteDeadline(time.Time{})
	return err
}
