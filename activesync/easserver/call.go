package easserver

import (
	"context"
	"net/http"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/clientaccess"
	"entente/device"
	"entente/mailbox"
)

// A call is one request on its way through a command.
type call struct {
	h    *Handler
	s    *clientaccess.Session
	ctx  context.Context
	in   *http.Request
	line activesync.RequestLine
	// raw is the request's content; body the document in it, nil if it is empty or
	// none (SendMail of 12.1 is plain MIME).
	raw  []byte
	body *wbxml.Element
	// device is the phone's partnership.
	device *device.Device
	// confined says that the device may see the hierarchy alone, and why: Quarantine
	// or Discovery. The zero state is no such thing.
	confined access.DeviceAccessState
	mobile   *access.MobilePolicy // what the phone is to keep to; nil for nothing
	// view is the mailbox of whom the caller acts for: a phone sees one mailbox.
	view *mailbox.View
	// out is the answer; nothing written beyond its header is an empty answer.
	out *wbxml.Writer
	// answer has what the answer is beside its document.
	answer answer

	// Of a call of a request that waits: its session passed the door again, and
	// cancel ends its context.
	again  bool
	cancel context.CancelFunc
	waiter *waiter // of one that may have to wait
}

// at reports whether the client speaks a version or a later one.
func (c *call) at(v activesync.Version) bool { return c.line.Version >= v }

// client is the name under which the mailbox keeps the phone's state. Who acts
// for another has a phone of his own there.
func (c *call) client() string {
	return c.key().Client()
}

// fail notes what the audit record says went wrong: the first that did.
func (c *call) fail(code string) {
	if c.answer.code == "" {
		c.answer.code = code
	}
}

// A statusError ends a command with a status common to all: in the body from 14.0
// on, as an HTTP status before. [MS-ASCMD] 2.2.2
type statusError struct {
	status activesync.Status
	text   string // for the log and the audit, never for the client
}

// Error implements error.
func (e *statusError) Error() string { return e.text }

// An httpError ends a request with an HTTP status. [MS-ASHTTP] 2.2.2.1.1
type httpError struct {
	status int
	text   string
}

// Error implements error.
func (e *httpError) Error() string { return e.text }
