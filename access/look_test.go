package access

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entente"
)

// TestLists: what is listed is in the order of IDs or names, however it is kept,
// and of nobody there is nothing.
func TestLists(t *testing.T) {
	f := fewFacts()
	app, team, box := personSID(2), teamSID(1), entente.MailboxID{1}
	f.ItemGrants = []ItemGrant{{ID: "b", Mailbox: box, To: team}, {ID: "a", Mailbox: box, To: app}, {ID: "c", Mailbox: box, To: team}}
	f.Assignments = []Assignment{{ID: "b", Assignee: app}, {ID: "c", Assignee: app}, {ID: "a", Assignee: team}, {ID: "d", Assignee: personSID(1)}}
	f.Groups = append(f.Groups, Group{SID: teamSID(2), Members: []entente.SID{team}}, Group{SID: teamSID(3)})
	s := Compile(f)
	test := func(name, want string, got ...string) {
		t.Helper()
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	grants := func(all []ItemGrant) (ids []string) {
		for _, g := range all {
			ids = append(ids, g.ID)
		}
		return ids
	}
	assignments := func(all []Assignment) (ids []string) {
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		return ids
	}
	groups := func(all []Group) (ids []string) {
		for _, g := range all {
			ids = append(ids, string(g.SID[len(g.SID)-1]))
		}
		slices.Sort(ids)
		return ids
	}
	test("grants", "a b c", grants(s.ItemGrantsOn(box))...)
	test("grants on nothing", "", grants(s.ItemGrantsOn(entente.MailboxID{9}))...)
	test("grants on no mailbox", "", grants(s.ItemGrantsOn(entente.MailboxID{}))...)
	test("assignments", "a b c", assignments(s.AssignmentsOf(app))...)
	test("assignments of another", "d", assignments(s.AssignmentsOf(personSID(1)))...)
	test("groups", "1 2", groups(s.GroupsOf(app))...)
	test("groups of another", "", groups(s.GroupsOf(personSID(1)))...)
	test("groups of nobody", "", groups(s.GroupsOf(personSID(9)))...)
	if p := s.PermissionsOn(box); len(p) != 1 || p[0] != f.Permissions[0] {
		t.Errorf("permissions: %+v", p)
	}
	if p := s.PermissionsOn(entente.MailboxID{9}); p != nil {
		t.Errorf("permissions on nothing: %+v", p)
	}
	for _, no := range []entente.SID{app, personSID(9), ""} {
		if g, ok := s.FindGroup(no); ok {
			t.Errorf("%q is a group: %+v", no, g)
		}
	}
	if g, ok := s.FindGroup(team); !ok || g.SID != team {
		t.Errorf("the group is %+v", g)
	}
	if _, ok := s.FindAssignment("x"); ok {
		t.Error("there is an assignment nobody made")
	}
	if _, ok := s.FindItemGrant("x"); ok {
		t.Error("there is an item grant nobody gave")
	}
}

// TestFactsAgain: what a snapshot was made from can be had again, in order.
func TestFactsAgain(t *testing.T) {
	f := fewFacts()
	f.Organization = Organization{Name: "contoso", Precedence: Strict}
	f.Policies = []ScopePolicy{{Scope: "all", Priority: 1}, {Scope: "all", Priority: 2}}
	f.Permissions, f.Assignments, f.ItemGrants = nil, nil, nil
	for i := range 40 {
		id, box := fmt.Sprintf("id%02d", i), entente.MailboxID{byte(i + 1)}
		f.Permissions = append(f.Permissions, MailboxPermission{Mailbox: box, To: personSID(2), Rights: SendAs}, MailboxPermission{Mailbox: box, To: personSID(1), Rights: SendAs})
		f.Assignments = append(f.Assignments, Assignment{ID: id, Assignee: personSID(2)})
		f.ItemGrants = append(f.ItemGrants, ItemGrant{ID: id, Mailbox: box, To: personSID(2)})
	}
	if got := Compile(f).Facts(); !reflect.DeepEqual(got, f) {
		t.Errorf("got  %+v\nwant %+v", got, f)
	}
}

// TestWhichItemGrantIsNamed: of several, a step names the one that gives what is
// asked, among equals that with the first ID; a refusal the one that came nearest.
func TestWhichItemGrantIsNamed(t *testing.T) {
	app, team := personSID(2), teamSID(1)
	test := func(want Rights, change *ItemChange, step string, all ...ItemGrant) {
		t.Helper()
		f := fewFacts()
		f.Permissions, f.ItemGrants = nil, all
		for i := range all {
			all[i].Mailbox, all[i].Items = entente.MailboxID{1}, []ItemKey{{Content: 5}}
		}
		d := Compile(f).Decide(Question{
			Caller: &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic}, On: ItemOf(entente.MailboxID{1}, 1, ItemKey{Content: 5}),
			Folder: &FolderTable{Folder: 1}, Want: want, Change: change, At: at,
		})
		got := stepOf(d, "item-grant")
		if d.Allowed() {
			got += " " + d.Fields.String()
		}
		if got != step {
			t.Errorf("%v with %+v of %+v: %q, want %q", want, change, all, got, step)
		}
	}
	reads := func(id string, to entente.SID) ItemGrant {
		return ItemGrant{ID: id, To: to, Read: FieldSubject, Enabled: true}
	}
	edits := func(id string, to entente.SID, f Fields) ItemGrant {
		return ItemGrant{ID: id, To: to, Write: f, Enabled: true}
	}
	off := func(g ItemGrant) ItemGrant { g.Enabled = false; return g }
	subject := &ItemChange{Fields: FieldSubject}
	test(ReadItem, nil, "a Subject", reads("a", app), reads("b", team))
	test(ReadItem, nil, "a Subject", reads("b", app), reads("a", team))
	test(EditItem, nil, "b Subject", reads("a", app), edits("b", team, FieldSubject))
	test(EditItem, nil, "b Subject", edits("b", app, FieldSubject), reads("a", team))
	test(EditItem, nil, "a", reads("a", app), reads("b", team))
	test(EditItem, nil, "a", reads("b", app), reads("a", team))
	test(ReadItem, nil, "not-visible: a", off(reads("a", app)), off(reads("b", team)))
	test(ReadItem, nil, "not-visible: a", off(reads("b", app)), off(reads("a", team)))
	test(ReadItem, nil, "b Subject", off(reads("a", app)), reads("b", team))
	test(ReadItem, nil, "not-visible: ")
	test(ReadItem, nil, "not-visible: ", ItemGrant{ID: "a", To: app, Enabled: true})
	test(EditItem, subject, "a Subject", edits("a", app, FieldSubject), edits("b", team, FieldSubject))
	test(EditItem, subject, "b Subject", edits("a", app, FieldBody), edits("b", team, FieldSubject))
	test(EditItem, subject, "b Subject", edits("b", app, FieldSubject), edits("a", team, FieldBody))
}
