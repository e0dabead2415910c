package access

import (
	"testing"
	"time"

	"entente"
)

// TestPublished holds what who knows the address of a published calendar gets,
// by the policy of its owner and the level it is published with.
func TestPublished(t *testing.T) {
	const (
		simple   = CalendarSharingFreeBusySimple
		detail   = CalendarSharingFreeBusyDetail
		reviewer = CalendarSharingFreeBusyReviewer
	)
	annas, bens := entente.MailboxID{1}, entente.MailboxID{2}
	policy := func(enabled bool, rules ...SharingRule) *SharingPolicy {
		return &SharingPolicy{Name: "Everyone", Enabled: enabled, Default: true, Rules: rules}
	}
	anonymous := func(a SharingActions) SharingRule { return SharingRule{AnonymousDomain, a} }
	snapshot := func(p *SharingPolicy) *Snapshot {
		f := Facts{Accounts: []Account{
			{Principal: Principal{SID: "S-1-5-21-1-2-3-1", Mail: "anna@contoso.example"}, Kind: KindUser, Enabled: true, Mailbox: annas},
			{Principal: Principal{SID: "S-1-5-21-1-2-3-2", Mail: "ben@contoso.example"}, Kind: KindUser, Enabled: true, Mailbox: bens},
		}}
		if p != nil {
			f.SharingPolicies = []SharingPolicy{*p}
		}
		return Compile(f)
	}
	table := func(folder uint64) *FolderTable {
		return &FolderTable{Folder: folder, Class: "IPF.Appointment", Entries: []Entry{{Who: Default, Rights: LevelOwner}, {Who: Anonymous, Rights: LevelEditor}}}
	}
	got := func(s *Snapshot, p Publication, box entente.MailboxID, t *FolderTable, as Principal) Rights {
		c := &Caller{Authenticated: as, Published: &p}
		q := Question{Caller: c, On: MailboxOf(box), Want: FolderLookup, At: time.Unix(1, 0)}
		permit, err := s.Ask(q, nil)
		if err != nil {
			return 0
		}
		return permit.FolderRights(t) & FolderRights
	}
	test := func(name string, p *SharingPolicy, level SharingActions, want Rights) {
		t.Helper()
		s := snapshot(p)
		pub := Publication{annas, 7, level}
		if r := got(s, pub, annas, table(7), Principal{}); r != want {
			t.Errorf("%s: %s, not %s", name, r, want)
		}
		if err := s.MayPublish(annas, level); (err == nil) != (want != 0) {
			t.Errorf("%s: may be published: %v", name, err)
		}
		if r := got(s, pub, annas, table(8), Principal{}); r != 0 {
			t.Errorf("%s: %s in another folder", name, r)
		}
		if r := got(s, pub, bens, table(7), Principal{}); r != 0 {
			t.Errorf("%s: %s in another mailbox", name, r)
		}
		contacts := table(7)
		contacts.Class = "IPF.Contact"
		if r := got(s, pub, annas, contacts, Principal{}); r != 0 {
			t.Errorf("%s: %s of contacts", name, r)
		}
	}
	full := ReadAny | LevelFreeBusyDetails
	test("no policy", nil, simple, 0)
	test("off", policy(false, anonymous(simple|detail|reviewer)), simple, 0)
	test("no rule", policy(true), simple, 0)
	test("another's rule", policy(true, SharingRule{"fabrikam.example", reviewer}), simple, 0)
	test("a rule for all that are federated", policy(true, SharingRule{AnyFederated, reviewer}), simple, 0)
	test("contacts", policy(true, anonymous(ContactsSharing)), simple, 0)
	test("simple", policy(true, anonymous(simple)), simple, LevelFreeBusyTimeOnly)
	test("more than simple", policy(true, anonymous(simple)), detail, 0)
	test("simple of detail", policy(true, anonymous(detail)), simple, LevelFreeBusyTimeOnly)
	test("detail", policy(true, anonymous(detail)), detail, LevelFreeBusyDetails)
	test("more than detail", policy(true, anonymous(detail)), reviewer, 0)
	test("detail of reviewer", policy(true, anonymous(reviewer)), detail, LevelFreeBusyDetails)
	test("reviewer", policy(true, anonymous(reviewer)), reviewer, full)
	test("no level", policy(true, anonymous(reviewer)), 0, 0)
	test("contacts as a level", policy(true, anonymous(reviewer|ContactsSharing)), ContactsSharing, 0)

	// An address is no more than that: to who is somebody it opens nothing.
	s := snapshot(policy(true, anonymous(reviewer)))
	if r := got(s, Publication{annas, 7, reviewer}, annas, &FolderTable{Folder: 7, Class: "IPF.Appointment"}, Principal{SID: "S-1-5-21-1-2-3-2"}); r != 0 {
		t.Errorf("Ben has %s by an address", r)
	}
	// Nor does it show what is private.
	if d := s.Decide(Question{
		Caller: &Caller{Published: &Publication{annas, 7, reviewer}}, On: FolderOf(annas, 7), Want: ReadPrivate, Folder: table(7),
	}); d.Allowed() {
		t.Error("private items are shown")
	}
}
