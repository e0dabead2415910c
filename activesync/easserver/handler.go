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

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/availability"
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
	// ActAs has logins and User parameters name whom the caller acts as.
	ActAs bool
	// Redirect sends phones to where the node with their mailbox is published, if it
	// is, rather than passing their requests on.
	Redirect bool
	// Certificates, if set, judges certificates that came with messages; without it
	// none is trusted.
	Certificates CertificateJudge
	// Version is what this server calls itself in MS-Server-ActiveSync.
	Version string
	// Tell, if set, mails administrators, in the background.
	Tell func(to []entente.SMTPAddress, subject, text string)
	// Unavailable reports whether an error says that a database cannot work at the
	// moment. Nil is never.
	Unavailable func(error) bool
}

// A Handler serves /Microsoft-Server-ActiveSync. It is safe for concurrent use.
type Handler struct {
	Config
	commands   map[activesync.Command]command
	classes    map[activesync.Class]class
	names      []string  // of the commands, as OPTIONS lists them
	spoken     string    // the versions, likewise
	writers    sync.Pool // of *wbxml.Writer
	zips       sync.Pool // of *gzip.Writer
	zones      phoneZones
	turns      turns
	waiting    waiting
	heartbeats heartbeats
	policies   policyCache
}

// New returns a Handler.
func New(c Config) *Handler {
	if c.Version == "" {
		c.Version = "16.1"
	}
	h := &Handler{Config: c, commands: commands(), classes: classes(), spoken: activesync.VersionList()}
	for _, name := range activesync.Commands() {
		if _, ok := h.commands[name]; ok {
			h.names = append(h.names, string(name))
		}
	}
	return h
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
	// waits says that it may have to wait for news.
	waits bool
	// free says that it is answered before the device's policy is acknowledged.
	free bool
	// since and until are the versions that have it; 0 is any.
	since, until activesync.Version
}

// commands is what we serve. What is not here is answered with
// CommandNotSupported.
func commands() map[activesync.Command]command {
	return map[activesync.Command]command{
		activesync.Provision:         {serve: (*call).provision, writes: true, free: true},
		activesync.Search:            {serve: (*call).search},
		activesync.Find:              {serve: (*call).find, since: activesync.V161},
		activesync.Settings:          {serve: (*call).settings},
		activesync.ResolveRecipients: {serve: (*call).resolveRecipients},
		activesync.ValidateCert:      {serve: (*call).validateCert},

		activesync.MeetingResponse: {serve: (*call).meetingResponse, writes: true},

		activesync.SendMail:     {serve: (*call).sendMail, writes: true},
		activesync.SmartReply:   {serve: (*call).smartReply, writes: true},
		activesync.SmartForward: {serve: (*call).smartForward, writes: true},

		activesync.ItemOperations: {serve: (*call).itemOperations},
		activesync.GetAttachment:  {serve: (*call).getAttachment, until: activesync.V141},

		activesync.FolderSync:      {serve: (*call).folderSync},
		activesync.FolderCreate:    {serve: (*call).folderCreate, writes: true},
		activesync.FolderUpdate:    {serve: (*call).folderUpdate, writes: true},
		activesync.FolderDelete:    {serve: (*call).folderDelete, writes: true},
		activesync.Ping:            {serve: (*call).ping, waits: true},
		activesync.Sync:            {serve: (*call).sync, waits: true}, // which says itself that it writes, if it does
		activesync.GetItemEstimate: {serve: (*call).getItemEstimate},
		activesync.MoveItems:       {serve: (*call).moveItems, writes: true},
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

	passed *http.Response // another node's, sent on as it comes
}

// held is a request that waits for a change in its caller's mailbox. When there
// was one, when the settings changed or when the time is up, the door is passed
// again and look called with a new call; it returns true with the answer in the
// call, or false to go on waiting.
type held struct {
	// confined says that it waits for the device to be let in, and shows nothing.
	confined bool
	until    time.Time
	look     func(c *call, timeUp bool) (done bool, err error)
	// gone, if set, is told when the phone was gone before it was answered: after
	// what time, and whether the connection was lost rather than ended by it.
	gone func(after time.Duration, lost bool)
}

// writer returns a writer with nothing in it but the header.
func (h *Handler) writer() *wbxml.Writer {
	if w, ok := h.writers.Get().(*wbxml.Writer); ok {
		return w
	}
	return wbxml.NewWriter(make([]byte, 0, 4<<10))
}

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 1 << 20

// release gives back what the call wrote into.
func (c *call) release() {
	if w := c.out; w != nil && cap(w.Bytes()) <= maxPooled {
		w.Reset(w.Bytes()[:0])
		c.h.writers.Put(w)
	}
	c.out = nil
	if c.answer.passed != nil {
		_ = c.answer.passed.Body.Close()
	}
}
