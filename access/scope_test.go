package access

import (
	"testing"

	"entente"
)

// TestScopeNobodyMade: an assignment over a scope that there is not says nothing
// of those an exclusive scope holds over, and dropping such a scope drops none.
func TestScopeNobodyMade(t *testing.T) {
	f := fewFacts()
	f.Administrators = nil
	f.Scopes = []ManagementScope{{Name: "vip", Filter: "Name -like '*'", Exclusive: true}}
	f.Assignments = []Assignment{{ID: "a", Assignee: personSID(2), Rights: ApplicationImpersonation, Scope: Scope{Kind: ScopeManagement, Name: "nowhere"}, Enabled: true}}
	may := func(s *Snapshot) bool {
		c := &Caller{Method: Basic, Authenticated: f.Accounts[1].Principal}
		_, err := s.Impersonate(c, ConnectingSID{PrincipalName: "anna@x.example"}, "CAS1", at, nil)
		return err == nil
	}
	if s := Compile(f); may(s) {
		t.Error("a scope that there is not reaches somebody")
	}
	f.Assignments[0].Scope.Name = "vip"
	s := Compile(f).With(Delta{DropScopes: []string{"nowhere"}})
	if !may(s) || len(s.Facts().Scopes) != 1 {
		t.Errorf("dropping a scope that there is not dropped another: %+v", s.Facts().Scopes)
	}
}

// TestSpecialEntriesAreNoGroups: what stands beside Default and Anonymous as a
// SID means nothing.
func TestSpecialEntriesAreNoGroups(t *testing.T) {
	f := fewFacts()
	f.Permissions = nil
	s := Compile(f)
	test := func(e Entry, want Rights) {
		t.Helper()
		table := &FolderTable{Folder: 1, Entries: []Entry{e}}
		d := s.Decide(Question{
			Caller: &Caller{Method: Basic, Authenticated: f.Accounts[1].Principal}, On: FolderOf(entente.MailboxID{1}, 1), Want: ReadAny, Folder: table, At: at,
		})
		if got := d.Got & FolderRights; got != want {
			t.Errorf("%+v gives %v, want %v", e, got, want)
		}
	}
	test(Entry{Who: Named, SID: teamSID(1), Rights: LevelReviewer}, LevelReviewer)
	test(Entry{Who: Anonymous, SID: teamSID(1), Rights: LevelOwner}, 0)
	test(Entry{Who: Anonymous, SID: personSID(2), Rights: LevelOwner}, 0)
	test(Entry{Who: Default, SID: teamSID(1), Rights: LevelReviewer}, LevelReviewer)
}
