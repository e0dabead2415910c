// Package easserver answers Exchange ActiveSync requests, one file a command.
//
// It decides nothing: every mailbox it touches is opened through the session of
// the door, and every item through a mailbox.View, which check. What a phone may
// do at all, access decides. What it keeps of a phone lies in device and, as far as
// it is how far the phone has followed a folder, in the mailbox itself. What it
// knows is how all this looks on the wire.
package easserver

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/availability"
	"entente/clientaccess"
	"entente/delivery"
	"entente/device"
	"entente/hop"
)

// Config is what a Handler joins.
type Config struct {
	Log *slog.Logger
	// Free answers free/busy questions of ResolveRecipients.
	Free *availability.Service
	// Courier takes messages to those they are addressed to.
	Courier *delivery.Courier
	// Nodes, if set, leads to the nodes that have the mailboxes which this one has
	// not.
	Nodes *hop.Router
	// Devices keeps what is known of phones.
	Devices *device.Store
	// Unavailable reports whether an error says that a database cannot work at the
	// moment. Nil is never.
	Unavailable func(error) bool
}

// A Handler serves /Microsoft-Server-ActiveSync. It is safe for concurrent use.
type Handler struct {
	Config
	commands map[activesync.Command]command
	classes  map[activesync.Class]class
	writers  sync.Pool // of *wbxml.Writer
}

// New returns a Handler.
func New(c Config) *Handler {
	return &Handler{Config: c, commands: commands(), classes: classes()}
}

// Path reports whether p is the path of the service, in any case.
func Path(p string) bool {
	return strings.EqualFold(p, "/Microsoft-Server-ActiveSync") || strings.EqualFold(p, "/Microsoft-Server-ActiveSync/default.eas")
}

// A command answers the requests of one name.
type command struct {
	serve func(*call) error
	// writes says whether it changes anything, which decides how its audit record
	// is kept.
	writes bool
	// free says that it is answered before the device's policy is acknowledged.
	free bool
	// since and until are the versions that have it; 0 is any.
	since, until activesync.Version
}

// commands is what we serve. What is not here is answered with
// CommandNotSupported.
func commands() map[activesync.Command]command {
	return map[activesync.Command]command{
		activesync.Search: {serve: (*call).search},
		activesync.Find:   {serve: (*call).find, since: activesync.V161},
	}
}

// An answer is what goes back. The zero answer is HTTP 200 without a body.
type answer struct {
	body        []byte // WBXML unless contentType says otherwise
	contentType string
	status      int           // HTTP; 0 is 200
	header      http.Header   // more of it; nil for none
	code        string        // for the audit record; empty for success
	backOff     time.Duration // Retry-After
	held        *held         // it waits for news
}

// held is a request that waits for a change in its caller's mailbox. When there
// was one, when the settings changed or when the time is up, the door is passed
// again and look called with a new call; it returns true with the answer in the
// call, or false to go on waiting.
type held struct {
	until time.Time
	look  func(c *call, timeUp bool) (done bool, err error)
}

// ServeSession implements clientaccess.Handler. Nothing is written before the
// audit record is safe.
func (h *Handler) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	s.Operation("Unknown", false)
	if err := s.Enter(); err != nil || s.Conclude(r.Context(), "NotServed") != nil {
		http.Error(w, "not available now", http.StatusServiceUnavailable)
		return
	}
	http.Error(w, "not served", http.StatusNotImplemented)
}

// writer returns a writer with nothing in it but the header.
func (h *Handler) writer() *wbxml.Writer {
	if w, ok := h.writers.Get().(*wbxml.Writer); ok {
		return w
	}
	return wbxml.NewWriter(make([]byte, 0, 4<<10))
}
