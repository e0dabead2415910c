package easserver

import (
	"net/http"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/clientaccess"
)

// ServeSession implements clientaccess.Handler. Nothing is written before the
// audit record is safe.
func (h *Handler) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	c := &call{h: h, s: s, ctx: r.Context(), in: r}
	s.Operation("Unknown", false)
	var err error
	switch r.Method {
	case http.MethodPost:
		err = h.post(c, w)
	case http.MethodOptions:
		err = c.options()
	default:
		s.Operation(r.Method, false)
		c.setHeader("Allow", allow)
		err = &httpError{http.StatusMethodNotAllowed, "this address is for phones, which speak Exchange ActiveSync"}
	}
	defer c.release()
	if err != nil {
		c.refuse(err)
		c.countFailure(err)
	}
	if c.answer.held != nil {
		h.hold(c, w, r)
		return
	}
	if c.waiter != nil {
		c.waiter.watch.Close()
	}
	c.conclude()
	c.send(w)
}

// post takes a request through its line, the gate, the node that has the mailbox,
// the device and its policy to its command.
func (h *Handler) post(c *call, w http.ResponseWriter) error {
	line, err := activesync.ParseRequestLine(c.in.URL.RawQuery, c.in.Header.Get)
	c.line = line
	cmd, served := h.commands[line.Command]
	if line.Command != "" {
		c.s.Operation(string(line.Command), cmd.writes)
	}
	if err != nil {
		return err
	}
	if !served || line.Version < cmd.since || cmd.until != 0 && line.Version > cmd.until {
		return &statusError{activesync.CommandNotSupported, "the command " + string(line.Command) + " is not served in version " + line.Version.String()}
	}
	if err := c.enter(); err != nil {
		return err
	}
	if c.raw, err = requestBody(w, c.in); err != nil {
		return err
	}
	if passed, err := c.elsewhere(); passed || err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	if err := c.tellVersions(); err != nil {
		return err
	}
	c.adviseOutlook()
	if err := c.parse(); err != nil {
		return err
	}
	if cmd.waits {
		c.await()
	}
	if c.confined != 0 {
		return c.serveConfined(cmd)
	}
	return cmd.serve(c)
}

// gateError marks what the gate said, which is HTTP 403 in every version.
type gateError struct{ error }

func (g *gateError) Unwrap() error { return g.error }

// enter passes the gate of access policies.
func (c *call) enter() error {
	if err := c.actAs(); err != nil {
		return err
	}
	if err := c.s.Enter(); err != nil {
		return &gateError{err}
	}
	return nil
}

// open opens the mailbox and takes the device through what is asked of devices.
func (c *call) open() (err error) {
	c.s.Expect(2) // the mailbox and what is kept in it for the phone
	if c.view, err = c.s.Own(c.ctx); err != nil {
		return err
	}
	return c.admit()
}

// parse reads the document. What is not one, 12.1's messages, stays raw.
func (c *call) parse() error {
	c.out = c.h.writer()
	if len(c.raw) == 0 || isMessage(c.in) {
		return nil
	}
	root, err := wbxml.Parse(c.raw, wbxml.DefaultLimits())
	if err != nil {
		return err
	}
	if d, ok := documents()[c.line.Command]; ok && d.root != root.Tag {
		return &statusError{activesync.InvalidXML, "the document of " + string(c.line.Command) + " is a " + root.Tag.String()}
	}
	c.body = root
	return nil
}
