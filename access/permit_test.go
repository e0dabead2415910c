package access

import (
	"testing"

	"entente"
)

// TestPermitCovers: a permit is for the object it was asked for and for the
// rights it was asked for, and for nothing else.
func TestPermitCovers(t *testing.T) {
	f := fewFacts()
	s := Compile(f)
	box := entente.MailboxID{1}
	p, err := s.Ask(Question{Caller: &Caller{Method: Basic, Authenticated: f.Accounts[0].Principal}, On: MailboxOf(box), Want: FolderLookup | SendAs, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	test := func(o Object, want Rights, covered bool) {
		t.Helper()
		if p.Covers(o, want) != covered || (Permit{}).Covers(o, want) {
			t.Errorf("%+v %v: covered %v", o, want, !covered)
		}
	}
	test(MailboxOf(box), FolderLookup, true)
	test(MailboxOf(box), FolderLookup|SendAs, true)
	test(MailboxOf(box), FullAccess, false)
	test(MailboxOf(box), 0, false)
	test(MailboxOf(entente.MailboxID{2}), FolderLookup, false)
	test(MailboxOf(entente.MailboxID{}), FolderLookup, false)
	test(FolderOf(box, 1), FolderLookup, false)
}

// TestWhatDecisionsSay: a kind of object nobody knows is refused and said to be,
// this process is named as the caller, and so is a name that names nobody.
func TestWhatDecisionsSay(t *testing.T) {
	f := fewFacts()
	f.Administrators = nil
	s := Compile(f)
	test := func(d Decision, rule, fact string, holds bool) {
		t.Helper()
		for _, step := range d.Steps() {
			if step.Rule == rule && step.Fact == fact && step.Holds == holds && step.Needed {
				return
			}
		}
		t.Errorf("no step %s %q %v in %+v", rule, fact, holds, d.Steps())
	}
	local := &Caller{Method: Local}
	unknown := s.Decide(Question{Caller: local, On: Object{Kind: 99, Name: "x"}, Want: Administer, At: at})
	test(unknown, "object-known", "x", false)
	if unknown.Allowed() || unknown.Reason() != NoRight {
		t.Errorf("allowed %v, because %s", unknown.Allowed(), unknown.Reason())
	}
	box := MailboxOf(entente.MailboxID{1})
	test(s.Decide(Question{Caller: local, On: box, Want: FolderLookup, At: at}), "caller-known", "local", true)
	as := f.Accounts[0].Principal
	test(s.Decide(Question{Caller: &Caller{Method: Local, ActsAs: &as}, On: box, Want: FolderLookup, At: at}), "caller-known", "local", true)

	var trace Trace
	app := &Caller{Method: Basic, Authenticated: f.Accounts[1].Principal}
	if _, err := s.Impersonate(app, ConnectingSID{PrincipalName: "nobody@x.example"}, "CAS1", at, &trace); err == nil {
		t.Fatal("nobody is impersonated")
	}
	last := trace.Decisions[len(trace.Decisions)-1]
	test(last, "name-resolved", "nobody@x.example", false)
	if last.Allowed() || last.Reason() != InvalidUserPrincipalName {
		t.Errorf("allowed %v, because %s", last.Allowed(), last.Reason())
	}
}
