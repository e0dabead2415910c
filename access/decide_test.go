package access

import (
	"errors"
	"slices"
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

func TestQuestionsThatAreNoGood(t *testing.T) {
	f := house()
	s := Compile(f)
	box := MailboxOf(f.Accounts[0].Mailbox)
	refused := func(q Question, k entente.Kind, r entente.Reason) {
		t.Helper()
		q.At = at
		d := s.Decide(q)
		replay(t, &d)
		if d.Allowed() || d.Reason() != r || kindOf(d.Err()) != k || reasonOf(d.Err()) != r {
			t.Errorf("allowed %v, reason %q, error %v", d.Allowed(), d.Reason(), d.Err())
		}
	}
	anna, bruno := callerOf(f, 0), callerOf(f, 1)
	refused(Question{On: box, Want: FolderLookup}, entente.Denied, NoRight)
	refused(Question{Caller: anna, On: box}, entente.Denied, NoRight) // wants nothing
	refused(Question{Caller: anna, Want: FullAccess}, entente.Denied, NoRight)
	refused(Question{Caller: anna, On: MailboxOf(entente.MailboxID{}), Want: FolderLookup}, entente.NotFound, NonExistentMailbox)
	refused(Question{Caller: bruno, On: FolderOf(box.Mailbox, 5), Want: ReadAny}, entente.NotFound, NotVisible)
	// The table of another folder is none.
	other := &FolderTable{Folder: 6, Entries: []Entry{{Who: Default, Rights: LevelOwner}}}
	refused(Question{Caller: bruno, On: FolderOf(box.Mailbox, 5), Folder: other, Want: ReadAny}, entente.NotFound, NotVisible)
	refused(Question{Caller: anna, On: Object{Kind: OrganizationObject}, Want: Administer}, entente.Denied, NoRight)
	refused(Question{Caller: anna, On: Object{Kind: AccountObject, Name: "S-1-5-21-0-0-0-0"}, Want: MayImpersonate}, entente.Denied, ImpersonateUserDenied)
	refused(Question{Caller: &Caller{Method: Local}, On: Object{Kind: ServerObject, Name: "CAS1"}, Want: Impersonate}, entente.Denied, ImpersonationDenied)
	refused(Question{Caller: &Caller{Method: Local}, On: Object{Kind: DatabaseObject, Name: "DB1"}, Want: MayImpersonate}, entente.Denied, ImpersonateUserDenied)
	refused(Question{Caller: &Caller{Method: Local, ActsAs: &Principal{SID: "S-1-5-21-0-0-0-0"}}, On: box, Want: FolderLookup}, entente.Denied, NoRight)
	// This process acting as somebody has that one's rights and no more.
	refused(Question{Caller: &Caller{Method: Local, ActsAs: &f.Accounts[1].Principal}, On: box, Want: FullAccess}, entente.Denied, NoRight)
}

func TestQuestionsAboutOtherObjects(t *testing.T) {
	f := house()
	portal := f.Accounts[2].SID
	f.Administrators = []entente.SID{f.Accounts[1].SID}
	f.Assignments = []Assignment{
		{ID: "1", Assignee: portal, Rights: MayImpersonate, Scope: Scope{ScopeDatabase, "DB1"}, Server: "CAS1", Enabled: true},
		{ID: "2", Assignee: portal, Rights: Impersonate, Server: "CAS1", Enabled: true, NotAfter: at.Add(time.Hour)},
	}
	s := Compile(f)
	test := func(c *Caller, o Object, want Rights, server string, when time.Time, allowed bool) {
		t.Helper()
		d := s.Decide(Question{Caller: c, On: o, Want: want, Server: server, At: when})
		replay(t, &d)
		if d.Allowed() != allowed {
			t.Errorf("%+v of %+v: %v, want %v", want, o, d.Allowed(), allowed)
		}
		if allowed && d.Err() != nil {
			t.Error(d.Err())
		}
	}
	app, boss, local := callerOf(f, 2), callerOf(f, 1), &Caller{Method: Local}
	database, server := Object{Kind: DatabaseObject, Name: "db1"}, Object{Kind: ServerObject, Name: "CAS1"}
	test(app, database, MayImpersonate, "", at, true)
	test(app, database, MayImpersonate, "cas1", at, true)
	test(app, database, MayImpersonate, "CAS2", at, false)
	test(app, Object{Kind: DatabaseObject, Name: "DB2"}, MayImpersonate, "", at, false)
	test(app, server, Impersonate, "", at, true)
	test(app, server, Impersonate, "", time.Time{}, false) // bounded in time, and none was given
	test(app, Object{Kind: AccountObject, Name: string(f.Accounts[0].SID)}, MayImpersonate, "", at, true)
	test(boss, Object{Kind: OrganizationObject}, Administer, "", at, true)
	test(app, Object{Kind: OrganizationObject}, Administer, "", at, false)
	test(local, Object{Kind: OrganizationObject}, Administer, "", at, true)
	test(local, Object{Kind: OrganizationObject, Name: "ews"}, Enter, "", at, true)
	// Those the mailbox gives everything need no table.
	test(callerOf(f, 0), FolderOf(f.Accounts[0].Mailbox, 5), ReadAny, "", at, true)
	test(local, FolderOf(f.Accounts[0].Mailbox, 5), ReadAny, "", at, true)
	test(&Caller{Method: Local, ActsAs: &f.Accounts[0].Principal}, MailboxOf(f.Accounts[0].Mailbox), FullAccess, "", at, true)
}

func TestFind(t *testing.T) {
	f := house()
	f.Accounts[0].UPN, f.Accounts[0].Proxies, f.Accounts[0].Master = "bruno.upn@contoso.example", []entente.SMTPAddress{"a@contoso.example"}, "S-1-5-21-9-9-9-1"
	f.Accounts[1].Proxies = []entente.SMTPAddress{"bruno.upn@contoso.example"}
	s := Compile(f)
	test := func(a Account, ok bool, want string) {
		t.Helper()
		if ok != (want != "") || a.Name != want {
			t.Errorf("found %q, want %q", a.Name, want)
		}
	}
	find := func(f func(string) (Account, bool), name, want string) {
		t.Helper()
		a, ok := f(name)
		test(a, ok, want)
	}
	find(s.FindUPN, "Bruno.UPN@contoso.example", "anna")
	find(s.FindSMTP, "Bruno.UPN@contoso.example", "bruno")
	find(s.FindPrimary, "ANNA@contoso.example", "anna")
	find(s.FindPrimary, "a@contoso.example", "")
	find(s.FindSMTP, "a@contoso.example", "anna")
	find(s.FindSMTP, "", "")
	find(s.FindUPN, "", "")
	a, ok := s.FindSID("S-1-5-21-9-9-9-1")
	test(a, ok, "anna")
	a, ok = s.FindSID("")
	test(a, ok, "")
	a, ok = s.FindMailbox(f.Accounts[1].Mailbox)
	test(a, ok, "bruno")
	a, ok = s.FindMailbox(entente.MailboxID{})
	test(a, ok, "")
	if s.Generation() != 7 || s.Accounts() != 3 || s.Organization().Name != "" {
		t.Error(s.Generation(), s.Accounts())
	}
	c := callerOf(f, 2)
	if c.Subject() != f.Accounts[2].Principal {
		t.Error(c.Subject())
	}
	if c.ActsAs = &f.Accounts[0].Principal; c.Subject() != f.Accounts[0].Principal {
		t.Error(c.Subject())
	}
}

func TestRightsHaveNames(t *testing.T) {
	test := func(r Rights, want string) {
		t.Helper()
		if r.String() != want {
			t.Errorf("got %s, want %s", r, want)
		}
	}
	test(0, "None")
	test(LevelReviewer, "ReadAny,FolderVisible")
	test(ApplicationImpersonation, "ms-Exch-EPI-Impersonation,ms-Exch-EPI-May-Impersonate")
	seen := map[string]bool{}
	for bit := Rights(1); bit != 0; bit <<= 1 {
		if n := bit.String(); n != "None" && seen[n] {
			t.Error("two rights are called", n)
		} else {
			seen[n] = true
		}
	}
}

// TestStepsExplain shows what an administrator reads of one refusal: every rule
// that was applied, what it looked at, and whether it held.
func TestStepsExplain(t *testing.T) {
	f := house()
	f.Groups = []Group{{SID: "S-1-5-21-1-2-3-2000", Members: []entente.SID{f.Accounts[1].SID}}}
	box := f.Accounts[0].Mailbox
	f.Permissions = []MailboxPermission{
		{Mailbox: box, To: f.Accounts[1].SID, Rights: FullAccess},
		{Mailbox: box, To: f.Groups[0].SID, Rights: FullAccess, Deny: true},
	}
	table := &FolderTable{Folder: 5, Entries: []Entry{{SID: f.Groups[0].SID, Rights: FolderVisible}, {Who: Default, Rights: LevelReviewer}}}
	d := Compile(f).Decide(Question{Caller: callerOf(f, 1), On: FolderOf(box, 5), Folder: table, Want: ReadAny, At: at})
	want := []Step{
		{Rule: "caller-known", Fact: "S-1-5-21-1-2-3-1002", Holds: true, Needed: true},
		{Rule: "caller-enabled", Fact: "S-1-5-21-1-2-3-1002", Holds: true, Needed: true},
		{Rule: "mailbox-exists", Holds: true, Needed: true},
		{Rule: "owner", Fact: "S-1-5-21-1-2-3-1001", Gives: ownersRights},
		{Rule: "mailbox-permission", Fact: "S-1-5-21-1-2-3-1002", Holds: true},
		{Rule: "mailbox-denied", Fact: "S-1-5-21-1-2-3-2000", Holds: true},
		{Rule: "organization", Holds: true, Gives: memberRights},
		{Rule: "folder-entry", Fact: "S-1-5-21-1-2-3-1002"},
		{Rule: "folder-groups", Fact: "S-1-5-21-1-2-3-2000", Holds: true, Gives: FolderVisible},
		{Rule: "folder-default", Fact: "Default", Gives: LevelReviewer},
	}
	if !slices.Equal(d.Steps(), want) || d.Allowed() || d.Reason() != NoRight {
		t.Errorf("%+v", d.Steps())
	}
}

func TestInForce(t *testing.T) {
	test := func(from, until, when time.Time, deny, want bool) {
		t.Helper()
		a := Assignment{NotBefore: from, NotAfter: until, Deny: deny}
		if a.inForce(when) != want {
			t.Errorf("from %v until %v at %v, denial %v: not %v", from, until, when, deny, want)
		}
	}
	var never time.Time
	before, after := at.Add(-time.Hour), at.Add(time.Hour)
	test(never, never, never, false, true)
	test(never, never, at, false, true)
	test(before, after, at, false, true)
	test(at, never, at, false, true)
	test(after, never, at, false, false)
	test(never, at, at, false, false)
	test(never, after, at, false, true)
	// Without a time a bounded grant counts for nothing, a bounded denial in full.
	test(before, never, never, false, false)
	test(never, after, never, false, false)
	test(before, never, never, true, true)
	test(never, after, never, true, true)
}

// TestWeighing puts assignments in every order: the nearest decides, on one
// level a denial, and what does not apply never does.
func TestWeighing(t *testing.T) {
	f := house()
	anna, portal := f.Accounts[0].SID, f.Accounts[2].SID
	one := func(id string, s Scope, deny bool) Assignment {
		return Assignment{ID: id, Assignee: portal, Rights: MayImpersonate, Scope: s, Deny: deny, Enabled: true}
	}
	near, wide, other := Scope{ScopeAccount, string(anna)}, Scope{ScopeAll, ""}, Scope{ScopeAccount, "S-1-5-21-0-0-0-0"}
	test := func(allowed bool, all ...Assignment) {
		t.Helper()
		for range all {
			all = append(all[1:], all[0])
			f.Assignments = all
			d := Compile(f).Decide(Question{Caller: callerOf(f, 2), On: Object{Kind: AccountObject, Name: string(anna)}, Want: MayImpersonate, At: at})
			if d.Allowed() != allowed {
				t.Errorf("%v first: not %v", all[0].ID, allowed)
			}
		}
	}
	test(true, one("near", near, false), one("not wide", wide, true))
	test(false, one("not near", near, true), one("wide", wide, false))
	test(false, one("near", near, false), one("not near", near, true))
	test(false, one("wide", wide, false), one("not wide", wide, true))
	test(true, one("wide", wide, false), one("not other", other, true))
	test(false, one("other", other, false), one("not other", other, true))
	test(false, one("other", other, false))
}
