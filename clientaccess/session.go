package clientaccess

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
	"entente/mailbox"
)

// A Session is one request of an authenticated caller at work. It is all that
// a protocol handler gets, it lives as long as the request, and one goroutine
// uses it.
type Session struct {
	door      *Door
	protocol  Protocol
	id        string
	started   time.Time
	caller    *access.Caller
	snapshot  *access.Snapshot
	hash      string // of the snapshot
	trace     access.Trace
	passed    bool        // the gate
	header    http.Header // of the answer; nil for work of this process
	place     place       // in the budgets
	hold      hold        // what of it is given back at the end
	release   func()      // of a streaming connection
	views     []openView
	named     []entente.SMTPAddress // of them, those the caller knows he is in
	record    audit.Record
	targets   []target
	notes     []mailbox.NoteID // what was left beside writes
	writes    bool
	glance    bool
	visits    bool // counted, not recorded
	elsewhere bool // it names somebody else's mailbox that is another node's, or of a server that is not ours
	sentOn    bool // to mailboxes that are another node's
	concluded bool
}

// A hold says how a session holds its place.
type hold uint8

const (
	holdsNothing hold = iota
	holdsPlace        // among the requests under way
	holdsTime         // none, but its time is charged: it is work for a connection that waits
)

type openView struct {
	id   entente.MailboxID
	view *mailbox.View
}

func (d *Door) session(p Protocol, id string, c *access.Caller) *Session {
	s := &Session{door: d, protocol: p, id: id, started: d.Now(), caller: c}
	s.snapshot, s.hash = d.Directory.State()
	return s
}

// NewRequestID makes what answers, logs and audit records share.
func NewRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

type requestIDKey struct{}

// WithRequestID has a request go by the id that another node has given it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// ValidRequestID reports whether a text is an id as nodes make it.
func ValidRequestID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == 16
}

// requestID is the id that a request came with from another node, or a new one.
func requestID(r *http.Request) string {
	if id, ok := r.Context().Value(requestIDKey{}).(string); ok {
		return id
	}
	return NewRequestID()
}

// RequestID returns the id under which the audit log and explain know the
// request.
func (s *Session) RequestID() string { return s.id }

// PassedOn notes that another node serves the request, or its part about some
// mailboxes. This node's record names both and no mailbox of its own: what was
// done there, the other node records, under the same request.
func (s *Session) PassedOn(node string, boxes ...entente.MailboxID) {
	own, _ := s.snapshot.FindSID(s.caller.Subject().SID)
	s.Target(entente.MailboxID{}, "node:"+node)
	for i, box := range boxes {
		s.elsewhere = s.elsewhere || box != own.Mailbox
		if !slices.Contains(boxes[:i], box) {
			s.Target(entente.MailboxID{}, box.String())
		}
	}
}

// SentOn notes that a message is on its way to mailboxes of another node, which
// records its arrival.
func (s *Session) SentOn(node string, boxes ...entente.MailboxID) {
	s.sentOn = true
	s.Target(entente.MailboxID{}, "node:"+node)
	for _, box := range boxes {
		s.Target(entente.MailboxID{}, box.String())
	}
}

// Caller returns who is behind the request.
func (s *Session) Caller() *access.Caller { return s.caller }

// Expect makes room for the decisions of a request about n mailboxes, of which
// each costs about two.
func (s *Session) Expect(n int) {
	s.trace.Decisions = slices.Grow(s.trace.Decisions, 2*n)
}

// Now returns the time the request came; all its decisions are made for it.
func (s *Session) Now() time.Time { return s.started }

// Directory returns who exists, for look-ups that need no mailbox.
func (s *Session) Directory() *directory.Directory { return s.door.Directory }

// Snapshot returns the settings the request is decided on.
func (s *Session) Snapshot() *access.Snapshot { return s.snapshot }

// Impersonate makes the caller act as whom the request names, if it may. It
// must be called before Enter and at most once. Errors carry the reasons of
// access.Impersonate.
func (s *Session) Impersonate(target access.ConnectingSID) error {
	if s.caller.Foreign != nil {
		// What another organization says of its people never makes one of ours of
		// them.
		return entente.Errorf(entente.Denied, "nobody of another organization acts as one of this").Because(access.ImpersonationDenied)
	}
	if s.caller.ActsAs != nil || s.passed {
		return entente.Errorf(entente.Invalid, "more than one access mode").Because(access.MoreThanOneAccessMode)
	}
	who, err := s.snapshot.Impersonate(s.caller, target, s.door.Server, s.started, &s.trace)
	if err != nil {
		return err
	}
	s.caller.ActsAs = who
	return nil
}

// BudgetHeader tells a caller what is left of the budget the request was
// charged to: places for requests, server time in milliseconds, subscriptions
// and streaming connections, each with what there is when all is left.
const BudgetHeader = "X-Entente-Budget"

// Enter passes the protocol's gate and takes a place in the budget. Until it
// has returned nil no mailbox opens. Errors: Denied (the gate; its reason names
// the setting), Unavailable with reason Busy, for which BackOff says how long.
func (s *Session) Enter() error {
	if s.passed {
		return nil
	}
	s.door.seen.note(s.caller, s.protocol, s.started)
	if err := s.snapshot.Gate(s.caller, string(s.protocol), s.started, &s.trace); err != nil {
		return err
	}
	who, policy := s.charged()
	p, l, err := s.door.throttle.enter(who, policy, s.door.Now())
	if s.header != nil {
		s.header.Set(BudgetHeader, l.String())
	}
	if err != nil {
		return err
	}
	s.passed, s.place, s.hold = true, p, holdsPlace
	return nil
}

// charged is whose budget the request is charged to, and by which policy: that
// of the caller for whom he acts as, so that neither takes from the other's.
//
// A partner organization is one caller, which serves its people: together they
// have what one caller here has for one user, so that no partner takes from
// another or from us.
func (s *Session) charged() (budgetKey, *policies) {
	t := s.door.throttling.Load()
	if f := s.caller.Foreign; f != nil {
		p := t.of("").own
		// Neither is a SID, nor could be taken for one.
		return budgetKey{entente.SID("organization " + f.Organization), entente.SID("person " + f.Immutable)}, &policies{p, p}
	}
	return budgetKey{s.caller.Authenticated.SID, s.caller.Subject().SID}, t.of(s.caller.Authenticated.SID)
}

// Own returns the mailbox of whom the caller acts as. A caller without one
// gets the reason access.MissingEmailAddress.
func (s *Session) Own(ctx context.Context) (*mailbox.View, error) {
	a, ok := s.snapshot.FindSID(s.caller.Subject().SID)
	if !ok || a.Mailbox.IsZero() {
		return nil, entente.Errorf(entente.Invalid,
			"the account %s has no mailbox of its own: say whose is meant, by a Mailbox element in the folder's id or an ExchangeImpersonation header",
			s.caller.Subject().UPN).Because(access.MissingEmailAddress)
	}
	return s.Mailbox(ctx, a.Mailbox)
}

// MailboxOf opens the mailbox with an SMTP address, primary or other.
func (s *Session) MailboxOf(ctx context.Context, address string) (*mailbox.View, error) {
	a, ok := s.snapshot.FindSMTP(address)
	if !ok || a.Mailbox.IsZero() {
		// Asked and refused like any other, so that who tries one address after the
		// other is on record with what he tried.
		s.Target(entente.MailboxID{}, bounded(address))
		_, err := s.ask(access.MailboxOf(entente.MailboxID{}), access.FolderLookup)
		return nil, err
	}
	v, err := s.Mailbox(ctx, a.Mailbox)
	if err == nil {
		s.name(a.Mail)
	}
	return v, err
}

// maxNamed bounds how many mailboxes an answer names.
const maxNamed = 10

// name notes a mailbox that the caller knows he is in.
func (s *Session) name(box entente.SMTPAddress) {
	if box != "" && len(s.named) < maxNamed && !slices.Contains(s.named, box) {
		s.named = append(s.named, box)
	}
}

// Effective returns as whom the request is carried out, and the addresses of the
// mailboxes it was in that the caller owns or named himself: what was opened by
// an id alone is not told, for ids grant nothing.
func (s *Session) Effective() (entente.UPN, []entente.SMTPAddress) {
	return s.caller.Subject().UPN, s.named
}

// bounded is a text of the caller's as a record may keep it.
func bounded(text string) string {
	const most = 256
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// Mailbox opens a mailbox, if the caller may look up folders in it. What he
// may do in each folder is asked of the folder.
func (s *Session) Mailbox(ctx context.Context, id entente.MailboxID) (*mailbox.View, error) {
	for _, o := range s.views {
		if o.id == id {
			return o.view, nil
		}
	}
	p, err := s.ask(access.MailboxOf(id), access.FolderLookup)
	if err != nil {
		return nil, err
	}
	a, _ := s.snapshot.FindMailbox(id)
	v, err := s.door.Mailboxes.Open(ctx, a.Database, id, p, witness{s})
	if err != nil {
		return nil, err
	}
	s.views = append(s.views, openView{id, v})
	if a.SID == s.caller.Subject().SID {
		s.name(a.Mail)
	}
	return v, nil
}

// Deliver puts an item into the Inbox of a mailbox of this organization.
func (s *Session) Deliver(ctx context.Context, id entente.MailboxID, item *mailbox.Item) (mailbox.ItemID, error) {
	p, err := s.ask(access.MailboxOf(id), access.Deliver)
	if err != nil {
		return 0, err
	}
	a, _ := s.snapshot.FindMailbox(id)
	return s.door.Mailboxes.Deliver(ctx, a.Database, id, p, witness{s}, item)
}

// May asks for a right on a mailbox as a whole, such as SendAs.
func (s *Session) May(id entente.MailboxID, want access.Rights) error {
	_, err := s.ask(access.MailboxOf(id), want)
	return err
}

// Asked returns the decisions of the request so far, so that what an operation
// asks for can be held against what it says that it does.
func (s *Session) Asked() []access.Decision { return s.trace.Decisions }

// ask decides, keeps the decision in the request's trace and returns its
// permit. Nothing is given before the gate was passed.
func (s *Session) ask(on access.Object, want access.Rights) (access.Permit, error) {
	if !s.passed {
		return access.Permit{}, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	return s.snapshot.Ask(access.Question{Caller: s.caller, On: on, Want: want, At: s.started, Server: s.door.Server}, &s.trace)
}
