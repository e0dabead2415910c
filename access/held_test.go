package access

import (
	"slices"
	"strings"
	"testing"

	"entente"
)

// fewFacts are one of each kind of fact, for changes of them.
func fewFacts() Facts {
	anna := Account{Principal: Principal{SID: personSID(1), UPN: "anna@x.example", Mail: "anna@x.example"}, Kind: KindUser, Enabled: true, Mailbox: entente.MailboxID{1}, Database: "DB1"}
	app := Account{Principal: Principal{SID: personSID(2), UPN: "app@x.example"}, Kind: KindService, Enabled: true}
	return Facts{
		Generation: 7, Accounts: []Account{anna, app}, Servers: []string{"CAS1"}, Databases: []string{"DB1"},
		Groups:         []Group{{SID: teamSID(1), Members: []entente.SID{app.SID}}},
		Permissions:    []MailboxPermission{{Mailbox: anna.Mailbox, To: app.SID, Rights: FullAccess}},
		Scopes:         []ManagementScope{{Name: "all", Filter: "Name -like '*'"}},
		Assignments:    []Assignment{{ID: "a", Assignee: app.SID, Rights: ApplicationImpersonation, Scope: Scope{Kind: ScopeAll}, Enabled: true}},
		ItemGrants:     []ItemGrant{{ID: "g", Mailbox: anna.Mailbox, To: app.SID, Items: []ItemKey{{Content: 5}}, Read: FieldSubject, Enabled: true}},
		Realms:         []Realm{{"R", "S-1-5-21-8-8-8"}},
		Administrators: []entente.SID{teamSID(1)},
	}
}

// TestEachChange makes one change of each kind, and looks whether it is there and
// what it replaces is not.
func TestEachChange(t *testing.T) {
	f := fewFacts()
	test := func(name string, d Delta, is func(s *Snapshot, f Facts) bool) {
		t.Helper()
		base := Compile(f)
		s := base.With(d)
		if !is(s, s.Facts()) {
			t.Errorf("%s: %+v", name, s.Facts())
		}
		if is(base, base.Facts()) {
			t.Errorf("%s: so it was before", name)
		}
	}
	count := func(n int, all ...int) bool { return slices.Equal(all, []int{n}) }
	test("generation", Delta{Generation: 9}, func(s *Snapshot, f Facts) bool { return s.Generation() == 9 && f.Generation == 9 })
	test("organization", Delta{Organization: &Organization{Precedence: Strict}}, func(s *Snapshot, f Facts) bool { return s.Organization().Precedence == Strict })
	test("servers", Delta{SetServers: true, Servers: []string{"CAS2"}}, func(_ *Snapshot, f Facts) bool { return slices.Equal(f.Servers, []string{"CAS2"}) })
	test("no servers", Delta{SetServers: true}, func(_ *Snapshot, f Facts) bool { return len(f.Servers) == 0 })
	test("databases", Delta{SetDatabases: true, Databases: []string{"DB2"}}, func(_ *Snapshot, f Facts) bool { return slices.Equal(f.Databases, []string{"DB2"}) })
	test("realms", Delta{SetRealms: true}, func(s *Snapshot, _ Facts) bool { return !s.Vouches("R", "S-1-5-21-8-8-8-1") })
	test("administrators", Delta{SetAdministrators: true}, func(s *Snapshot, f Facts) bool {
		return count(0, len(f.Administrators)) && s.mayAct(personSID(2), personSID(1))
	})
	test("an account more", Delta{PutAccounts: []Account{{Principal: Principal{SID: personSID(3), UPN: "new@x.example"}}}}, func(s *Snapshot, _ Facts) bool {
		_, ok := s.FindUPN("new@x.example")
		return ok && s.Accounts() == 3
	})
	test("an account otherwise", Delta{PutAccounts: []Account{{Principal: Principal{SID: personSID(1), UPN: "eva@x.example"}}}}, func(s *Snapshot, _ Facts) bool {
		_, eva := s.FindUPN("eva@x.example")
		_, anna := s.FindUPN("anna@x.example")
		return eva && !anna && s.Accounts() == 2
	})
	test("an account less", Delta{DropAccounts: []entente.SID{personSID(1)}}, func(s *Snapshot, _ Facts) bool {
		_, ok := s.FindSID(personSID(1))
		return !ok && s.Accounts() == 1
	})
	test("a group less", Delta{DropGroups: []entente.SID{teamSID(1)}}, func(s *Snapshot, f Facts) bool {
		return count(0, len(f.Groups)) && s.mayAct(personSID(2), personSID(1))
	})
	test("a group otherwise", Delta{PutGroups: []Group{{SID: teamSID(1)}}}, func(s *Snapshot, _ Facts) bool { return s.mayAct(personSID(2), personSID(1)) })
	test("permissions", Delta{PutPermissions: map[entente.MailboxID][]MailboxPermission{{1}: nil}}, func(_ *Snapshot, f Facts) bool { return count(0, len(f.Permissions)) })
	test("a scope more", Delta{PutScopes: []ManagementScope{{Name: "none", Filter: "Name -eq 'x'"}}}, func(_ *Snapshot, f Facts) bool { return count(2, len(f.Scopes)) })
	test("a scope less", Delta{DropScopes: []string{"all"}}, func(_ *Snapshot, f Facts) bool { return count(0, len(f.Scopes)) })
	test("policies", Delta{SetPolicies: true, Policies: []ScopePolicy{{Scope: "all"}}}, func(_ *Snapshot, f Facts) bool { return count(1, len(f.Policies)) })
	test("an assignment less", Delta{DropAssignments: []string{"a"}}, func(_ *Snapshot, f Facts) bool { return count(0, len(f.Assignments)) })
	test("an assignment otherwise", Delta{PutAssignments: []Assignment{{ID: "a", Assignee: personSID(1)}}}, func(_ *Snapshot, f Facts) bool {
		return count(1, len(f.Assignments)) && f.Assignments[0].Assignee == personSID(1)
	})
	test("an item grant less", Delta{DropItemGrants: []string{"g"}}, func(_ *Snapshot, f Facts) bool { return count(0, len(f.ItemGrants)) })
	test("an item grant otherwise", Delta{PutItemGrants: []ItemGrant{{ID: "g", Mailbox: entente.MailboxID{1}, To: personSID(1)}}}, func(_ *Snapshot, f Facts) bool {
		return count(1, len(f.ItemGrants)) && f.ItemGrants[0].To == personSID(1)
	})
	more := f
	more.Assignments = append(slices.Clone(f.Assignments), Assignment{ID: "b", Assignee: personSID(2)}, Assignment{ID: "c", Assignee: personSID(2)})
	more.ItemGrants = append(slices.Clone(f.ItemGrants), ItemGrant{ID: "h", Mailbox: entente.MailboxID{1}, To: personSID(2)}, ItemGrant{ID: "i", Mailbox: entente.MailboxID{1}, To: personSID(2)})
	s := Compile(more).With(Delta{DropAssignments: []string{"b", "x"}, DropItemGrants: []string{"h", "x"}})
	if all := s.AssignmentsOf(personSID(2)); len(all) != 2 || all[0].ID != "a" || all[1].ID != "c" {
		t.Errorf("with one of three assignments gone there are %+v", all)
	}
	if all := s.ItemGrantsOn(entente.MailboxID{1}); len(all) != 2 || all[0].ID != "g" || all[1].ID != "i" {
		t.Errorf("with one of three item grants gone there are %+v", all)
	}
	same := Compile(f)
	if s := same.With(Delta{}); s.Generation() != 7 || s.Accounts() != 2 || len(s.Facts().Servers) != 1 || len(s.Facts().Databases) != 1 {
		t.Errorf("nothing was changed, and now there is %+v", s.Facts())
	}
}

// mayAct reports whether one account may act as another, at any server.
func (s *Snapshot) mayAct(by, as entente.SID) bool {
	a, _ := s.FindSID(by)
	d := s.Decide(Question{Caller: &Caller{Authenticated: a.Principal, Method: Basic}, On: Object{Kind: AccountObject, Name: string(as)}, Want: MayImpersonate, At: at})
	return d.Allowed()
}

// TestScopesOfNobody: what an assignment does not name, it is not about.
func TestScopesOfNobody(t *testing.T) {
	base := fewFacts()
	base.Administrators = nil
	base.Accounts = append(base.Accounts, Account{Principal: Principal{SID: personSID(3), UPN: "bare@x.example"}, Kind: KindUser, Enabled: true},
		Account{Principal: Principal{SID: personSID(4), UPN: "linked@x.example"}, Kind: KindUser, Master: "S-1-5-21-9-9-9-500"})
	base.Scopes = append(base.Scopes, ManagementScope{Name: "none", Filter: "Name -eq 'nobody'"})
	test := func(name string, as entente.SID, want bool, all ...Assignment) {
		t.Helper()
		f := base
		f.Assignments = all
		for i := range f.Assignments {
			a := &f.Assignments[i]
			a.Assignee, a.Rights, a.Enabled = personSID(2), ApplicationImpersonation, true
		}
		if got := Compile(f).mayAct(personSID(2), as); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	over := func(id string, k ScopeKind, name string) Assignment { return Assignment{ID: id, Scope: Scope{k, name}} }
	deny := func(a Assignment) Assignment { a.Deny = true; return a }
	test("all", personSID(3), true, over("1", ScopeAll, ""))
	test("an account without a name", personSID(3), false, over("1", ScopeAccount, ""))
	test("a database without a name", personSID(3), false, over("1", ScopeDatabase, ""))
	test("the account", personSID(3), true, over("1", ScopeAccount, string(personSID(3))))
	test("its master account", personSID(4), true, over("1", ScopeAccount, "S-1-5-21-9-9-9-500"))
	test("a database", personSID(1), true, over("1", ScopeDatabase, "db1"))
	test("another database", personSID(1), false, over("1", ScopeDatabase, "DB2"))
	test("a scope that holds", personSID(1), true, over("1", ScopeManagement, "all"))
	test("a scope that does not", personSID(1), false, over("1", ScopeManagement, "none"))
	test("a scope there is not", personSID(1), false, over("1", ScopeManagement, "lost"))
	test("denied over one that does not hold", personSID(1), true, over("1", ScopeAll, ""), deny(over("2", ScopeManagement, "none")))
	test("denied over one there is not", personSID(1), false, over("1", ScopeAll, ""), deny(over("2", ScopeManagement, "lost")))
}

// TestExclusiveScopesMeet: whom an exclusive scope holds over, grants without one
// do not reach, denials do, and of two such scopes grants with either do.
func TestExclusiveScopesMeet(t *testing.T) {
	test := func(name string, want bool, one, two bool, more ...Assignment) {
		t.Helper()
		f := fewFacts()
		f.Administrators = nil
		f.Scopes = []ManagementScope{{Name: "one", Filter: "Name -like '*'", Exclusive: one}, {Name: "two", Filter: "Name -like '*'", Exclusive: two}}
		f.Assignments = append([]Assignment{{ID: "a", Assignee: personSID(2), Rights: ApplicationImpersonation, Scope: Scope{ScopeManagement, "one"}, Enabled: true}}, more...)
		if got := Compile(f).mayAct(personSID(2), personSID(1)); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	deny := Assignment{ID: "b", Assignee: personSID(2), Rights: MayImpersonate, Scope: Scope{ScopeManagement, "two"}, Enabled: true, Deny: true}
	test("neither exclusive", true, false, false)
	test("the grant's own", true, true, false)
	test("another", false, false, true)
	test("both", true, true, true)
	test("denied", false, false, false, deny)
	test("denied, the grant's exclusive", false, true, false, deny)
	test("denied, both", false, true, true, deny)
}

// TestGroupsChange makes changes of groups, and looks who is in them and whom the
// scopes that name them hold over.
func TestGroupsChange(t *testing.T) {
	f := fewFacts()
	one, two, app := personSID(1), teamSID(2), personSID(2)
	f.Groups = []Group{{SID: teamSID(1), Name: "t1", Mail: "t1@x.example", Members: []entente.SID{app}}}
	f.Scopes = []ManagementScope{{Name: "named", Filter: "MemberOfGroup -eq 't1'"}, {Name: "addressed", Filter: "MemberOfGroup -eq 't1@x.example'"}}
	test := func(name string, d Delta, groups, scopes string, members ...entente.SID) {
		t.Helper()
		s := Compile(f).With(d)
		var in []string
		for _, g := range s.GroupsOf(app) {
			in = append(in, string(g.SID[len(g.SID)-1]))
		}
		slices.Sort(in)
		if strings.Join(in, " ") != groups || strings.Join(s.ScopesOver(app), " ") != scopes {
			t.Errorf("%s: in %q, under %q", name, in, s.ScopesOver(app))
		}
		for _, sid := range []entente.SID{one, app} {
			is := slices.ContainsFunc(s.GroupsOf(sid), func(g Group) bool { return g.SID == teamSID(1) })
			if is != slices.Contains(members, sid) {
				t.Errorf("%s: that %s is a member is %v", name, sid, is)
			}
		}
	}
	with := func(name string, mail entente.SMTPAddress, members ...entente.SID) Delta {
		return Delta{PutGroups: []Group{{SID: teamSID(1), Name: name, Mail: mail, Members: members}}}
	}
	const both = "addressed named"
	test("nothing", Delta{}, "1", both, app)
	test("a group less that is not", Delta{DropGroups: []entente.SID{teamSID(9), app}}, "1", both, app)
	test("the same again", with("t1", "t1@x.example", app), "1", both, app)
	test("a member more, behind", with("t1", "t1@x.example", app, one), "1", both, app, one)
	test("a member more, before", with("t1", "t1@x.example", one, app), "1", both, app, one)
	test("another member", with("t1", "t1@x.example", one), "", "", one)
	test("no members", with("t1", "t1@x.example"), "", "")
	test("twice the same member", with("t1", "t1@x.example", app, app), "1", both, app)
	test("another name", with("t2", "t1@x.example", app), "1", "addressed", app)
	test("another address", with("t1", "t2@x.example", app), "1", "named", app)
	test("a group over it", Delta{PutGroups: []Group{{SID: two, Members: []entente.SID{teamSID(1)}}}}, "1 2", both, app)
	test("a group in it", Delta{PutGroups: []Group{{SID: two, Members: []entente.SID{one}}, {SID: teamSID(1), Name: "t1", Mail: "t1@x.example", Members: []entente.SID{two, app}}}}, "1", both, one, app)
	test("no group", Delta{DropGroups: []entente.SID{teamSID(1)}}, "", "")
	test("a group of the same name", Delta{PutGroups: []Group{{SID: two, Name: "t1"}}}, "1", "addressed", app)
}

// TestDatabases: acting as those in a database is asked without naming one of
// them.
func TestDatabases(t *testing.T) {
	f := fewFacts()
	f.Administrators = nil
	test := func(scope Scope, database string, want bool) {
		t.Helper()
		f.Assignments = []Assignment{{ID: "a", Assignee: personSID(2), Rights: MayImpersonate, Scope: scope, Enabled: true}}
		d := Compile(f).Decide(Question{
			Caller: &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic}, On: Object{Kind: DatabaseObject, Name: database}, Want: MayImpersonate, At: at,
		})
		if d.Allowed() != want {
			t.Errorf("%+v asked of %s: %v", scope, database, d.Allowed())
		}
	}
	test(Scope{Kind: ScopeAll}, "DB1", true)
	test(Scope{ScopeDatabase, "db1"}, "DB1", true)
	test(Scope{ScopeDatabase, "DB2"}, "DB1", false)
	test(Scope{ScopeAccount, "DB1"}, "DB1", false)
	test(Scope{ScopeManagement, "DB1"}, "DB1", false)
}

// TestWhichAssignmentIsNamed: of several that say the same, steps name the one
// with the first ID, whatever their order, and one that asks for less of the gate
// before any that asks for more.
func TestWhichAssignmentIsNamed(t *testing.T) {
	f := fewFacts()
	f.Administrators = nil
	test := func(want string, all ...Assignment) {
		t.Helper()
		for range 2 {
			for i := range all {
				all[i].Assignee, all[i].Rights, all[i].Scope, all[i].Enabled = personSID(2), ApplicationImpersonation, Scope{Kind: ScopeAll}, true
			}
			f.Assignments = all
			d := Compile(f).Decide(Question{
				Caller: &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic}, On: Object{Kind: AccountObject, Name: string(personSID(1))}, Want: MayImpersonate, At: at,
			})
			steps := d.Steps()
			if got := steps[len(steps)-1].Fact; got != want {
				t.Errorf("%v: %q is named, not %q", all, got, want)
			}
			all = slices.Clone(all)
			slices.Reverse(all)
		}
	}
	test("a", Assignment{ID: "a"})
	test("a", Assignment{ID: "a"}, Assignment{ID: "b"})
	test("a", Assignment{ID: "a", Gate: GateBypass}, Assignment{ID: "b", Gate: GateBypass})
	test("b", Assignment{ID: "a"}, Assignment{ID: "b", Gate: GateBypass})
	test("b", Assignment{ID: "a"}, Assignment{ID: "b", Deny: true})
	test("a", Assignment{ID: "a", Deny: true}, Assignment{ID: "b", Deny: true})
	test("b", Assignment{ID: "a", Gate: GateBypass}, Assignment{ID: "b", Deny: true})
}

// TestOutsiders: who is of another organization is known by the address it
// vouches for, and by nothing he says himself.
func TestOutsiders(t *testing.T) {
	const greta entente.SMTPAddress = "greta@fabrikam.example"
	f := fewFacts()
	f.ItemGrants = []ItemGrant{{ID: "g", Mailbox: entente.MailboxID{1}, External: greta, Items: []ItemKey{{Content: 5}}, Read: FieldSubject, Enabled: true}}
	s := Compile(f)
	test := func(c Caller, external, opens bool) {
		t.Helper()
		d := s.Decide(Question{Caller: &c, On: ItemOf(entente.MailboxID{1}, 1, ItemKey{Content: 5}), Folder: &FolderTable{Folder: 1}, Want: ReadItem, At: at})
		if c.External() != external || d.Allowed() != opens {
			t.Errorf("%+v: external %v, opens %v", c, c.External(), d.Allowed())
		}
	}
	test(Caller{Method: Relay, Authenticated: Principal{Mail: greta}}, true, true)
	test(Caller{Method: Delegation, Authenticated: Principal{Mail: greta}}, true, false)
	token := func(offer string, mail entente.SMTPAddress, domains ...entente.Domain) Caller {
		return Caller{Method: Delegation, Authenticated: Principal{Mail: mail}, Foreign: &Foreign{Mails: []entente.SMTPAddress{greta}, Domains: domains, Offer: offer}}
	}
	test(token(OfferSharingRead, greta, "fabrikam.example"), true, false)
	f.SharingPolicies = []SharingPolicy{{Name: "p", Enabled: true, Default: true, Rules: []SharingRule{{"fabrikam.example", CalendarSharingFreeBusyReviewer}}}}
	s = Compile(f)
	test(token(OfferSharingRead, greta, "fabrikam.example"), true, true)
	test(token(OfferFreeBusy, greta, "fabrikam.example"), true, false)
	test(token(OfferAutodiscover, greta, "fabrikam.example"), true, false)
	test(token(OfferSharingRead, greta, "contoso.example"), true, false)
	test(token(OfferSharingRead, "ida@fabrikam.example", "fabrikam.example"), true, false)
	other := token(OfferSharingRead, greta, "fabrikam.example")
	other.Method = Basic
	test(other, true, false)
	other.Method, other.Authenticated.SID = Delegation, personSID(1)
	test(other, false, false)
	test(Caller{Method: Basic, Authenticated: Principal{Mail: greta}}, true, false)
	test(Caller{Method: Relay, Authenticated: Principal{Mail: "x@fabrikam.example"}}, true, false)
	test(Caller{Method: Relay, Authenticated: Principal{SID: personSID(9), Mail: greta}}, false, false)
	test(Caller{Method: Relay, Authenticated: Principal{Mail: greta}, ActsAs: &f.Accounts[0].Principal}, false, false)
	test(Caller{Method: Relay}, false, false)
}

// TestStepsName: a step names the fact it was applied to, and none where there is
// none; who acts as another under an exclusive scope is told of it.
func TestStepsName(t *testing.T) {
	f := fewFacts()
	f.Administrators, f.Permissions = nil, nil
	fact := func(d Decision, rule string) (string, bool) {
		for _, s := range d.Steps() {
			if s.Rule == rule {
				return s.Fact, true
			}
		}
		return "", false
	}
	app := &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic}
	on := Question{Caller: app, On: MailboxOf(entente.MailboxID{1}), Want: FullAccess, At: at}
	d := Compile(f).Decide(on)
	for _, rule := range []string{"mailbox-permission", "mailbox-denied"} {
		if name, ok := fact(d, rule); !ok || name != "" {
			t.Errorf("%s of nobody names %q, %v", rule, name, ok)
		}
	}
	f.Permissions = []MailboxPermission{{Mailbox: entente.MailboxID{1}, To: app.Authenticated.SID, Rights: FullAccess}}
	if name, _ := fact(Compile(f).Decide(on), "mailbox-permission"); name != string(app.Authenticated.SID) {
		t.Errorf("the permission is %q's", name)
	}
	f.Scopes[0].Exclusive = true
	app.ActsAs = &f.Accounts[0].Principal
	if name, ok := fact(Compile(f).Decide(on), "exclusive-scope"); !ok || name != "all" {
		t.Errorf("the exclusive scope is %q, %v", name, ok)
	}
}

// TestLookingAt: what can be looked at is there, and of nobody there is nothing.
func TestLookingAt(t *testing.T) {
	s := Compile(fewFacts())
	if all := s.AssignmentsOf(personSID(2)); len(all) != 1 || all[0].ID != "a" {
		t.Errorf("assignments: %v", all)
	}
	if all := s.AssignmentsOf(personSID(1)); len(all) != 0 {
		t.Errorf("assignments of who has none: %v", all)
	}
	if all := s.AssignmentsOf(personSID(9)); len(all) != 0 {
		t.Errorf("assignments of nobody: %v", all)
	}
	g := Granted{By: []*ItemGrant{{Write: FieldSubject}, {Write: FieldTime, Latest: at}}}
	test := func(c ItemChange, want entente.Reason) {
		t.Helper()
		if err := g.Allow(c); (err == nil) != (want == "") || err != nil && reasonOf(err) != want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	test(ItemChange{Fields: FieldSubject}, "")
	test(ItemChange{Fields: FieldBody}, FieldNotGranted)
	test(ItemChange{Fields: FieldTime, Start: at, End: at}, "")
	test(ItemChange{Fields: FieldTime, Start: at, End: at.Add(1)}, TimeNotGranted)
	p, err := s.Ask(Question{Caller: &Caller{Authenticated: fewFacts().Accounts[1].Principal, Method: Basic}, On: MailboxOf(entente.MailboxID{1}), Want: FolderLookup, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Item(nil, ItemKey{Content: 5}, ReadItem); reasonOf(err) != NoRight {
		t.Errorf("an item of no folder: %v", err)
	}
}
