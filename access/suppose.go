package access

import (
	"errors"
	"time"

	"entente"
)

// A Supposition is a request that nobody makes. Nothing is opened by asking: no
// Permit comes of it.
type Supposition struct {
	Caller Principal // who would sign in; the zero Principal is anonymous
	Method Method    // how; Basic if empty, Delegation with Foreign
	Realm  string    // of the caller, with the groups it says he is in
	Groups []entente.SID
	// Foreign is what a delegation token would say of Caller, who is known by his
	// address alone; nil without one.
	Foreign     *Foreign
	Application ApplicationID
	UserAgent   string
	// ActsAs is whom the caller acts as already when the request comes, by a
	// token or the word of another node; nil if nobody.
	ActsAs *Principal

	Server   string         // that is called
	Protocol string         // whose gate is passed: "ews", "rest" …; empty for none
	Device   *Device        // that comes, by "activesync"; nil if none does
	Header   *ConnectingSID // what ExchangeImpersonation names; nil without one

	// What is asked, of the mailbox or, with Own, of that of whom the caller acts
	// as: Want on one item of the folder, or in the folder, or on the mailbox as a
	// whole. Nothing is asked of a zero Mailbox.
	Mailbox entente.MailboxID
	Own     bool
	Folder  *FolderTable
	// FolderName is what commands call the folder; empty if they cannot.
	FolderName string
	Item       ItemKey
	Want       Rights      // 0 is FolderLookup, FolderVisible, ReadItem
	Change     *ItemChange // what would be written, with EditItem
	At         time.Time
}

// A Stage is one part of the way of a request, in the order of the constants.
// Each has refusals of its own, which look different from outside.
type Stage string

const (
	StageImpersonation Stage = "impersonation"
	StageGate          Stage = "gate"
	StageDevice        Stage = "device"
	StageMailbox       Stage = "mailbox"
	StageFolder        Stage = "folder"
	StageItem          Stage = "item"
)

// An Outcome is what a stage came to, with the decisions it made.
type Outcome struct {
	Stage     Stage
	Decisions []Decision
	Err       error // what the refused would be told
}

// Supposed is what a request would meet: the stages up to and with the first
// refusal.
type Supposed struct {
	Outcomes []Outcome
	As       Principal // whose rights counted in the end
	Fields   Fields    // of the item, that may be read or written
}

// Err returns the refusal, nil if the request would be allowed.
func (x *Supposed) Err() error {
	if n := len(x.Outcomes); n > 0 {
		return x.Outcomes[n-1].Err
	}
	return nil
}

// Allowed reports whether the request would be allowed.
func (x *Supposed) Allowed() bool { return x.Err() == nil }

// Reason returns the reason of the refusal, "" if there is none.
func (x *Supposed) Reason() entente.Reason {
	if e := (*entente.Error)(nil); errors.As(x.Err(), &e) {
		return e.Reason
	}
	return ""
}

// Decisions returns all decisions in their order.
func (x *Supposed) Decisions() []Decision {
	var all []Decision
	for i := range x.Outcomes {
		all = append(all, x.Outcomes[i].Decisions...)
	}
	return all
}

// Got returns all the caller would hold on what was asked about last.
func (x *Supposed) Got() Rights {
	if n := len(x.Outcomes); n > 0 && len(x.Outcomes[n-1].Decisions) > 0 {
		d := x.Outcomes[n-1].Decisions
		return d[len(d)-1].Got
	}
	return 0
}

// Suppose answers what a request would meet, by the same rules as one that
// comes.
func (s *Snapshot) Suppose(x Supposition) Supposed {
	c := &Caller{
		Authenticated: x.Caller, Method: x.Method, Realm: x.Realm, Groups: x.Groups,
		Application: x.Application, UserAgent: x.UserAgent, ActsAs: x.ActsAs, Foreign: x.Foreign,
	}
	switch {
	case c.Method == "" && c.Foreign != nil:
		c.Method = Delegation
	case c.Method == "":
		c.Method = Basic
	}
	var r Supposed
	s.suppose(&x, c, &r)
	r.As = c.Subject()
	return r
}

// suppose takes the caller through the stages as a protocol's handler does.
func (s *Snapshot) suppose(x *Supposition, c *Caller, r *Supposed) {
	if x.Header != nil && !r.stage(StageImpersonation, func(t *Trace) error {
		as, err := s.Impersonate(c, *x.Header, x.Server, x.At, t)
		if err == nil {
			c.ActsAs = as
		}
		return err
	}) {
		return
	}
	if x.Protocol != "" && !r.stage(StageGate, func(t *Trace) error { return s.Gate(c, x.Protocol, x.At, t) }) {
		return
	}
	if x.Device != nil && !r.stage(StageDevice, func(t *Trace) error {
		_, err := s.DeviceAccess(c, x.Device, x.At, t)
		return err
	}) {
		return
	}
	box := x.Mailbox
	if x.Own {
		own, err := s.own(c)
		if err != nil {
			r.Outcomes = append(r.Outcomes, Outcome{Stage: StageMailbox, Err: err})
			return
		}
		box = own
	}
	if box.IsZero() && !x.Own && x.Want == 0 && x.Folder == nil {
		return
	}
	q := Question{Caller: c, On: MailboxOf(box), Want: FolderLookup, At: x.At, Server: x.Server}
	if x.Folder == nil && x.Want != 0 {
		q.Want = x.Want
	}
	var p Permit
	if !r.stage(StageMailbox, func(t *Trace) (err error) { p, err = s.Ask(q, t); return err }) || x.Folder == nil {
		return
	}
	want := x.Want
	if x.Item != (ItemKey{}) {
		r.stage(StageItem, func(t *Trace) (err error) { p.of.trace = t; r.Fields, err = p.itemSupposed(x); return err })
		return
	}
	if want == 0 {
		want = FolderVisible
	}
	r.stage(StageFolder, func(t *Trace) error { p.of.trace = t; _, err := p.Folder(x.Folder, want); return err })
}

// stage runs one stage and reports whether the request goes on.
func (x *Supposed) stage(of Stage, f func(*Trace) error) bool {
	var t Trace
	err := f(&t)
	x.Outcomes = append(x.Outcomes, Outcome{of, t.Decisions, err})
	return err == nil
}

// own is the mailbox of whom the caller acts as.
func (s *Snapshot) own(c *Caller) (entente.MailboxID, error) {
	a := s.bySID(c.Subject().SID)
	if a == nil || a.Mailbox.IsZero() {
		return entente.MailboxID{}, entente.Errorf(entente.Invalid,
			"the account has no mailbox: name one in the request or impersonate its owner").Because(MissingEmailAddress)
	}
	return a.Mailbox, nil
}

// itemSupposed asks about one item, and about what would be written of it.
func (p Permit) itemSupposed(x *Supposition) (Fields, error) {
	want := ReadItem
	if x.Want&(EditItem|EditAny|EditOwned) != 0 {
		want = EditItem
	}
	if want != EditItem {
		return p.Item(x.Folder, x.Item, want)
	}
	return p.item(x.Folder, x.Item, want, x.Change)
}
