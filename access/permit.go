package access

import (
	"time"

	"entente"
)

// A Permit proves that Decide allowed exactly one question. The zero Permit
// opens nothing, and nothing outside this package can make another. It lives
// no longer than its request: whoever waits (Ping, streaming) asks again on
// waking.
//
// A Permit on a mailbox opens folder look-up only. To read or write, ask Folder
// with the folder's own permission table: that is one more Decision, kept in
// the request's trace.
type Permit struct{ of *question }

// question is what a permit was given for, with all that is needed to ask
// the narrower questions about the mailbox's folders.
type question struct {
	snapshot *Snapshot
	q        Question
	trace    *Trace
}

// A Trace collects the decisions of one request for its audit record and for
// explain. The zero Trace is ready; nil collects nothing. One request, one
// goroutine: it is not for concurrent use.
type Trace struct{ Decisions []Decision }

func (t *Trace) add(d Decision) {
	if t != nil {
		t.Decisions = append(t.Decisions, d)
	}
}

// A FolderTable is the permission table of one folder, as the mailbox keeps
// it. Class is the folder's container class (IPF.Appointment …): free/busy
// rights mean something on calendars only.
type FolderTable struct {
	Folder  uint64
	Class   string
	Entries []Entry
}

// An Entry grants rights on a folder to an account or group by SID, to the two
// special identities, or to somebody of another organization by address. What it
// gives the last, the owner's sharing policy bounds when it is asked for.
type Entry struct {
	SID      entente.SID // of a Named one
	Who      EntryKind
	Rights   Rights
	External entente.SMTPAddress // of an ExternalUser
}

// An EntryKind tells the special identities of a permission table from the
// named ones, [MS-OXCPERM] 2.2.4 PidTagMemberId.
type EntryKind uint8

const (
	Named     EntryKind = iota
	Default             // everyone of the organization
	Anonymous           // everyone else
	// ExternalUser is somebody of another organization, and counts for who comes
	// with a delegation token for reading what was shared with him.
	ExternalUser
)

// Mailbox returns the mailbox the permit is for, zero if none.
func (p Permit) Mailbox() entente.MailboxID {
	if p.of == nil {
		return entente.MailboxID{}
	}
	return p.of.q.On.Mailbox
}

// Caller returns who holds the permit. The zero Permit has a zero Caller.
func (p Permit) Caller() Caller {
	if p.of == nil {
		return Caller{}
	}
	return *p.of.q.Caller
}

// Generation returns the number of the snapshot the decision was made on.
func (p Permit) Generation() uint64 {
	if p.of == nil {
		return 0
	}
	return p.of.snapshot.generation
}

// At returns the time the decision was made for.
func (p Permit) At() time.Time {
	if p.of == nil {
		return time.Time{}
	}
	return p.of.q.At
}

// Covers reports whether the permit allows want on o.
func (p Permit) Covers(o Object, want Rights) bool {
	return p.of != nil && p.of.q.On == o && want != 0 && p.of.q.Want.Has(want)
}

// Folder asks for rights on a folder of the permit's mailbox. The answer is
// recorded in the request's trace. An error has the reason NotVisible if the
// caller may not even know of the folder, NoRight otherwise.
func (p Permit) Folder(t *FolderTable, want Rights) (Permit, error) {
	if !p.opensFolders() || t == nil {
		return Permit{}, entente.Errorf(entente.Denied, "access is denied").Because(NoRight)
	}
	return p.of.snapshot.Ask(p.folderQuestion(t, want), p.of.trace)
}

// FolderRights returns everything the caller may do in the folder, for
// EffectiveRights and for filtering lists: the same computation that Folder
// enforces, without a trace.
func (p Permit) FolderRights(t *FolderTable) Rights {
	if !p.opensFolders() || t == nil {
		return 0
	}
	d := p.of.snapshot.Decide(p.folderQuestion(t, FolderVisible))
	return d.Got
}

// MayShare reports whether the owner of the permit's mailbox may give somebody in
// another organization's domain rights in a folder of a class: Snapshot.MayShare.
func (p Permit) MayShare(with entente.Domain, class string, r Rights) error {
	if !p.opensFolders() {
		return entente.Errorf(entente.Denied, "access is denied").Because(NoRight)
	}
	s := p.of.snapshot
	var owner entente.SID
	if a := s.ownerOf(p.of.q.On.Mailbox); a != nil {
		owner = a.SID
	}
	return s.MayShare(owner, with, class, r)
}

// opensFolders reports whether the permit is one on a mailbox that lets its
// holder look up folders.
func (p Permit) opensFolders() bool {
	return p.of != nil && p.of.q.On.Kind == MailboxObject && p.of.q.Want.Has(FolderLookup)
}

func (p Permit) folderQuestion(t *FolderTable, want Rights) Question {
	q := p.of.q
	q.On, q.Want, q.Folder = FolderOf(q.On.Mailbox, t.Folder), want, t
	return q
}
