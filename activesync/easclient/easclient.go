// Package easclient is a phone: it speaks Exchange ActiveSync to a server and
// keeps what a phone would show.
//
// It behaves as phones do: it provisions when it is told to, begins a folder anew
// when its key is not known, reads the hierarchy again when it changed, repeats a
// request whose answer was lost with the same key and the same client ids, goes
// where it is sent, and waits when it is asked to. It is strict where clients in
// the field are: an answer is empty or begins with 03 01 6A 00.
//
// It does not dial: whoever makes a Phone brings the HTTP client.
package easclient

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// Config is what a phone is told by who sets it up.
type Config struct {
	HTTP *http.Client
	// URL is that of the service: https://mail.contoso.example/Microsoft-Server-ActiveSync
	URL            string
	User, Password string
	// Authorize proves who is asking, instead of the password.
	Authorize func(*http.Request) error

	// Version is the only one to speak; 0 is the best that both have.
	Version  activesync.Version
	DeviceID string
	// DeviceType, UserAgent and Device describe the phone.
	DeviceType, UserAgent string
	Device                Information
	// Plain is the plain query, instead of the base64 one.
	Plain bool

	// Options are how the phone synchronizes.
	Options Options
	// Heard, if set, is told of every document that the server answers.
	Heard func(root *wbxml.Element)
	// Sleep waits before a request is tried again; nil waits by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Information is what a phone says of itself. [MS-ASCMD] 2.2.3.45
type Information struct {
	Model, IMEI, FriendlyName, OS, OSLanguage, PhoneNumber, MobileOperator string
}

// Options are what a phone says of every folder.
type Options struct {
	// BodyType is 1 for plain text, 2 for HTML, 4 for MIME; 0 is HTML.
	BodyType int
	// Truncation is the most of a body in bytes; 0 is 32 KiB, -1 all.
	Truncation int
	// MailFilter and CalendarFilter are how far back; 0 is everything.
	MailFilter, CalendarFilter int
	// Window is how many changes an answer has at most; 0 is 100.
	Window int
	// ClientWins says that of two changes the phone's stays.
	ClientWins bool
	// Permanent says that what is deleted is not moved to Deleted Items but gone.
	Permanent bool
}

// A Phone is one device with one account. It is not safe for concurrent use.
type Phone struct {
	Config
	// State is what the phone keeps over a restart.
	State
	// Refused are the changes of the phone's that the server did not take.
	Refused []Refusal
	// Surprises are things that a server should not do, and that make phones show
	// things twice.
	Surprises []string

	sends  int // how many requests were made
	strays int // how often a Sync was told that the hierarchy changed
}

// State is what a phone keeps.
type State struct {
	// At is where the server said the mailbox is; empty is that of the Config.
	At        string
	Speaks    activesync.Version
	Commands  []string
	PolicyKey uint32
	// Policy is the last policy document, by element.
	Policy map[string]string
	// HierarchyKey is that of the list of folders.
	HierarchyKey string
	Folders      map[string]*Folder
	// Heartbeat is how long a Ping may last, as the server allows it.
	Heartbeat time.Duration
}

// New returns a phone with nothing in it.
func New(c Config) *Phone {
	if c.DeviceID == "" {
		c.DeviceID = newID()
	}
	if c.DeviceType == "" {
		c.DeviceType = "Entente"
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	p := &Phone{Config: c}
	p.Erase()
	return p
}

// Erase forgets everything, as a wiped phone.
func (p *Phone) Erase() { p.State = State{Folders: map[string]*Folder{}} }

// Clone returns a copy of the state, as a backup has it.
func (s *State) Clone() State {
	c := *s
	c.Folders = make(map[string]*Folder, len(s.Folders))
	for id, f := range s.Folders {
		c.Folders[id] = f.clone()
	}
	return c
}

// Requests returns how many requests the phone has made.
func (p *Phone) Requests() int { return p.sends }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newID returns a name that was never used: of a device, or of something that the
// phone made.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// What a server can say to a phone that ends everything.
var (
	// ErrWiped is in the error when the server had the phone erased.
	ErrWiped = errors.New("the server had the phone erased")
	// ErrAccountWiped is in the error when it had the account removed.
	ErrAccountWiped = errors.New("the server had the account removed from the phone")
	// ErrNotActiveSync is in the error about an answer that is not understood.
	ErrNotActiveSync = errors.New("the answer is not understood")
)
