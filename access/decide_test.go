package access

import (
	"errors"
	"testing"
	"time"

	"entente"
)

// at is when the tests' questions are asked.
var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// house is a small organization: anna with a mailbox, bruno, a portal.
func house() Facts {
	person := func(n byte, name string) Account {
		a := Account{Name: name, Kind: KindUser, Enabled: true, Mailbox: entente.MailboxID{n}, Database: "DB1"}
		a.SID = entente.SID("S-1-5-21-1-2-3-100" + string('0'+n))
		a.UPN, a.Mail = entente.UPN(name+"@contoso.example"), entente.SMTPAddress(name+"@contoso.example")
		return a
	}
	portal := person(9, "portal")
	portal.Mailbox, portal.Kind, portal.Mail = entente.MailboxID{}, KindService, ""
	return Facts{
		Generation: 7,
		Accounts:   []Account{person(1, "anna"), person(2, "bruno"), portal},
		Servers:    []string{"CAS1"},
		Databases:  []string{"DB1"},
	}
}

func callerOf(f Facts, i int) *Caller {
	return &Caller{Authenticated: f.Accounts[i].Principal, Method: Basic}
}

func TestPermit(t *testing.T) {
	f := house()
	s := Compile(f)
	var trace Trace
	box := MailboxOf(f.Accounts[0].Mailbox)
	p, err := s.Ask(Question{Caller: callerOf(f, 1), On: box, Want: FolderLookup, At: at}, &trace)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Covers(box, FolderLookup) || p.Covers(box, FullAccess) || p.Covers(box, 0) || p.Mailbox() != f.Accounts[0].Mailbox || p.Generation() != 7 {
		t.Error("the permit covers something else than what was asked")
	}
	table := &FolderTable{Folder: 5, Entries: []Entry{{Who: Default, Rights: LevelReviewer}}}
	read, err := p.Folder(table, ReadAny)
	if err != nil || !read.Covers(FolderOf(box.Mailbox, 5), ReadAny) {
		t.Error("no permit to read what everyone may read:", err)
	}
	if _, err := read.Folder(&FolderTable{Folder: 6, Entries: table.Entries}, ReadAny); err == nil {
		t.Error("a permit on one folder opened another")
	}
	if _, err := p.Folder(table, Create); kindOf(err) != entente.Denied || reasonOf(err) != NoRight {
		t.Error("visible and not permitted:", err)
	}
	if _, err := p.Folder(&FolderTable{Folder: 6}, ReadAny); kindOf(err) != entente.NotFound || reasonOf(err) != NotVisible {
		t.Error("not visible:", err)
	}
	if got := p.FolderRights(table); got&FolderRights != LevelReviewer {
		t.Error("effective rights:", got)
	}
	if len(trace.Decisions) != 4 {
		t.Error("the trace has", len(trace.Decisions), "decisions")
	}
}

func TestZeroPermitOpensNothing(t *testing.T) {
	var p Permit
	everything := &FolderTable{Entries: []Entry{{Who: Default, Rights: LevelOwner}, {Who: Anonymous, Rights: LevelOwner}}}
	if _, err := p.Folder(everything, ReadAny); err == nil {
		t.Error("Folder")
	}
	if p.FolderRights(everything) != 0 || p.Covers(Object{}, 0) || p.Covers(Object{}, ReadAny) || !p.Mailbox().IsZero() || p.Generation() != 0 || !p.At().IsZero() || p.Caller().Method != "" {
		t.Error("the zero permit says something")
	}
	if _, err := (Permit{}).Folder(nil, ReadAny); err == nil {
		t.Error("nil table")
	}
}

// TestDecideAllocatesNothing is the one figure that is a rule: a decision on
// the allowed path leaves nothing for the collector.
func TestDecideAllocatesNothing(t *testing.T) {
	f := house()
	s := Compile(f)
	q := Question{Caller: callerOf(f, 0), On: MailboxOf(f.Accounts[0].Mailbox), Want: FolderLookup, At: at}
	n := testing.AllocsPerRun(100, func() {
		d := s.Decide(q)
		if !d.Allowed() {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Error(n, "allocations")
	}
}

func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
