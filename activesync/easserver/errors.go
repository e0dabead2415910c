package easserver

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/clientaccess"
	"entente/directory"
	"entente/hop"
	"entente/mailbox"
)

// HTTP statuses that are ActiveSync's own. [MS-ASHTTP] 2.2.2.1.1
const (
	statusProvision  = 449 // the device is to acknowledge its policy first
	statusRedirect   = 451 // X-MS-Location says where to
	statusFull       = http.StatusInsufficientStorage
	throttledHeader  = "X-MS-ASThrottle"
	locationHeader   = "X-MS-Location"
	contentType      = "application/vnd.ms-sync.wbxml"
	throttledBudgets = "OutOfBudgets"
)

// nodeBackOff is after what time a node that was gone may be back.
const nodeBackOff = 5 * time.Second

// An outcome is what an error looks like: the status in the document from 14.0
// on, and the HTTP status before it, or in every version if http alone is set.
type outcome struct {
	status  activesync.Status
	http    int
	text    string // for who reads HTTP answers by eye
	backOff time.Duration
}

// httpOf is how clients before 14.0 are told of a common status.
// [MS-ASCMD] 2.2.2
func httpOf(s activesync.Status) int {
	switch s {
	case activesync.ServerError, activesync.MailSubmissionFailed, activesync.MessageReplyFailed:
		return http.StatusInternalServerError
	case activesync.ServerErrorRetryLater, activesync.MailboxServerOffline:
		return http.StatusServiceUnavailable
	case activesync.ActiveDirectoryAccessDenied, activesync.UserHasNoMailbox, activesync.UserDisabledForSync, activesync.AccessDenied,
		activesync.DeviceIsBlockedForThisUser, activesync.UserCannotBeAnonymous, activesync.UserPrincipalCouldNotBeFound,
		activesync.MaximumDevicesReached, activesync.AccountDisabled, activesync.DeviceNotFullyProvisionable, activesync.LegacyDeviceOnStrictPolicy, activesync.ExternallyManagedDevices:
		return http.StatusForbidden
	case activesync.MailboxQuotaExceeded, activesync.SendQuotaExceeded:
		return statusFull
	case activesync.CommandNotSupported:
		return http.StatusNotImplemented
	case activesync.RemoteWipeRequested, activesync.DeviceNotProvisioned, activesync.PolicyRefresh, activesync.InvalidPolicyKey:
		return statusProvision
	case activesync.ItemNotFound:
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

// outcomeOf turns any error into what the client is told. What is not meant to be
// shown goes to the log under the request's id, and nowhere else.
func (c *call) outcomeOf(err error) outcome {
	status := func(s activesync.Status) outcome { return outcome{status: s, http: httpOf(s)} }
	var (
		mine   *statusError
		plain  *httpError
		line   *activesync.LineError
		syntax *wbxml.SyntaxError
		gate   *gateError
		rest   *restError
	)
	switch {
	case errors.As(err, &mine):
		return status(mine.status)
	case errors.As(err, &plain):
		return outcome{http: plain.status, text: plain.text}
	case errors.As(err, &line):
		o := status(line.Status)
		o.text = line.Text
		return o
	case errors.As(err, &syntax):
		return status(activesync.InvalidWBXML)
	case errors.As(err, &rest):
		return outcome{http: http.StatusServiceUnavailable, text: rest.text, backOff: rest.wait}
	case errors.As(err, &gate) && isReason(err, access.ActiveSyncDisabled):
		o := status(activesync.UserDisabledForSync)
		o.text = gate.Error()
		return o
	case errors.As(err, &gate) && !isReason(err, clientaccess.Busy):
		// The gate tells which setting it is, as it does in EWS.
		return outcome{http: http.StatusForbidden, text: gate.Error()}
	}
	return c.outcomeOfRooms(err)
}

// outcomeOfRooms maps what the rooms below say.
func (c *call) outcomeOfRooms(err error) outcome {
	var e *entente.Error
	said := errors.As(err, &e)
	if said {
		if o, ok := outcomeOfReason(e.Reason, err); ok {
			return o
		}
	}
	if c.h.Unavailable != nil && c.h.Unavailable(err) {
		c.h.Log.Warn("store", "id", c.s.RequestID(), "err", err)
		return outcome{http: http.StatusServiceUnavailable, backOff: clientaccess.BackOff(err)}
	}
	if !said || e.Kind == entente.Internal {
		c.h.Log.Error("request", "id", c.s.RequestID(), "err", err)
		return outcome{status: activesync.ServerError, http: http.StatusInternalServerError}
	}
	switch e.Kind {
	case entente.Unavailable:
		return outcome{http: http.StatusServiceUnavailable, backOff: clientaccess.BackOff(err)}
	case entente.Denied:
		return outcome{status: activesync.AccessDenied, http: http.StatusForbidden}
	case entente.NotFound:
		return outcome{status: activesync.ItemNotFound, http: http.StatusNotFound}
	case entente.Conflict:
		return outcome{status: activesync.ServerErrorRetryLater, http: http.StatusServiceUnavailable}
	case entente.TooLarge:
		return outcome{http: http.StatusRequestEntityTooLarge, text: e.Text}
	}
	return outcome{status: activesync.InvalidContent, http: http.StatusBadRequest}
}

// outcomeOfReason maps reasons that say more than their kind.
func outcomeOfReason(r entente.Reason, err error) (outcome, bool) {
	switch r {
	case clientaccess.Busy, clientaccess.TooManyStreams, clientaccess.TooManySubscriptions:
		return outcome{http: http.StatusServiceUnavailable, text: throttledBudgets, backOff: clientaccess.BackOff(err)}, true
	case access.MissingEmailAddress, mailbox.MailboxNotFound:
		return outcome{status: activesync.UserHasNoMailbox, http: http.StatusForbidden}, true
	case mailbox.QuotaExceeded:
		return outcome{status: activesync.MailboxQuotaExceeded, http: statusFull}, true
	case directory.NotHere, hop.NodeDown, hop.NoAnswer, hop.NodeRefused, hop.NoTicket, hop.NotProven, hop.Misrouted:
		return outcome{http: http.StatusServiceUnavailable, backOff: nodeBackOff}, true
	}
	return outcome{}, false
}

func isReason(err error, r entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == r
}

// refuse makes the answer of an error that ends the whole request. What had been
// written is gone.
func (c *call) refuse(err error) {
	o := c.outcomeOf(err)
	c.answer = answer{header: c.answer.header, passed: c.answer.passed, code: c.answer.code}
	if c.out != nil {
		c.out.Reset(c.out.Bytes()[:0])
	}
	d, ok := documents()[c.line.Command]
	if o.status != 0 && c.at(activesync.V140) && ok {
		c.fail("Status" + strconv.Itoa(int(o.status)))
		if c.out == nil {
			c.out = c.h.writer()
		}
		d.write(c.out, o.status)
		return
	}
	c.answer.status, c.answer.backOff = o.http, o.backOff
	c.fail("HTTP" + strconv.Itoa(o.http))
	if o.text == throttledBudgets {
		c.setHeader(throttledHeader, throttledBudgets)
		o.text = ""
	}
	if o.text == "" {
		o.text = http.StatusText(o.http)
	}
	c.answer.body, c.answer.contentType = []byte(o.text+"\n"), "text/plain; charset=utf-8"
}
