package easserver

import (
	"context"
	"net/http"
	"time"

	"entente/mailbox"
)

// lookTimeout bounds one look into a mailbox.
const lookTimeout = 30 * time.Second

// hold keeps a request until its command has something to say. Its place among
// the requests under way goes back, and whenever something happened the door is
// passed again, with all that it asks.
func (h *Handler) hold(c *call, w http.ResponseWriter, r *http.Request) {
	held := c.answer.held
	patient, err := c.s.Wait(r)
	if err != nil {
		c.refuse(err)
		c.conclude()
		c.send(w)
		return
	}
	box, _ := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	watch := c.s.Watch(box.Mailbox)
	defer watch.Close()
	if err := c.s.Conclude(c.ctx, ""); err != nil {
		c.answer = answer{}
		c.refuse(&httpError{http.StatusServiceUnavailable, "the audit log is not available; the answer is withheld"})
		c.send(w)
		return
	}
	h.wait(c, held, watch, patient, func(n *call) { n.send(w) })
}

// wait looks whenever there is reason to, until there is an answer.
func (h *Handler) wait(c *call, held *held, watch *mailbox.Watch, r *http.Request, answer func(*call)) {
	over := time.NewTimer(held.until.Sub(c.s.Clock()))
	defer over.Stop()
	timeUp := false
	for {
		// Before looking, so that no change falls between.
		seen, settings := watch.Generation(), c.s.SettingsChanged()
		n, done := h.look(c, held, r, timeUp)
		if done {
			answer(n)
			n.finish()
			return
		}
		n.finish()
		select {
		case <-r.Context().Done():
			return
		case <-over.C:
			timeUp = true
		case <-c.s.Ending():
			timeUp = true
		case <-watch.Changed(seen):
		case <-settings:
		}
	}
}

// look passes the door again and has the command look. The call returned is to be
// finished; done tells that it has the answer, which is on record.
func (h *Handler) look(c *call, held *held, r *http.Request, timeUp bool) (n *call, done bool) {
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	n = &call{h: h, ctx: ctx, cancel: cancel, in: r, line: c.line, raw: c.raw, body: c.body}
	s, err := c.s.Again(r.WithContext(ctx), c.s.Caller().Subject().SID)
	if err != nil {
		n.s = c.s
		n.refuse(&gateError{err})
		return n, true
	}
	n.s, n.again = s, true
	if err = n.open(); err == nil {
		n.out = h.writer()
		done, err = held.look(n, timeUp)
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
