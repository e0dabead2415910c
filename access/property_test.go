package access

import (
	"fmt"
	"slices"
	"testing"

	"entente"

	"pgregory.net/rapid"
)

// world is a small random organization: few of everything, so that they meet.
type world struct {
	facts   Facts
	folders []FolderTable
}

const (
	people = 6
	teams  = 4
)

func personSID(i int) entente.SID { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 1000+i)) }
func teamSID(i int) entente.SID   { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 2000+i)) }

func someone(t *rapid.T) entente.SID {
	n := rapid.IntRange(0, people+teams-1).Draw(t, "who")
	if n < people {
		return personSID(n)
	}
	return teamSID(n - people)
}

func drawWorld(t *rapid.T) world {
	var w world
	w.facts.Servers, w.facts.Databases = []string{"CAS1", "CAS2"}, []string{"DB0", "DB1"}
	w.facts.Organization = drawOrganization(t)
	w.facts.Realms = []Realm{{"REALM", "S-1-5-21-8-8-8"}}
	for i := range people {
		w.facts.Accounts = append(w.facts.Accounts, drawAccount(t, i))
	}
	for i := range teams {
		w.facts.Groups = append(w.facts.Groups, drawGroup(t, i))
	}
	w.facts.Permissions = draws(t, 4, drawPermission)
	for i := range 2 {
		w.facts.Scopes = append(w.facts.Scopes, drawScope(t, i))
	}
	w.facts.Policies = draws(t, 3, drawScopePolicy)
	for i := range rapid.IntRange(0, 5).Draw(t, "assignments") {
		w.facts.Assignments = append(w.facts.Assignments, drawAssignment(t, i))
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "grants") {
		w.facts.ItemGrants = append(w.facts.ItemGrants, drawItemGrant(t, i))
	}
	if rapid.IntRange(0, 3).Draw(t, "admin") == 0 {
		w.facts.Administrators = []entente.SID{someone(t)}
	}
	for i := range 2 {
		w.folders = append(w.folders, FolderTable{Folder: uint64(i + 1), Entries: draws(t, 4, drawEntry)})
	}
	return w
}

func drawOrganization(t *rapid.T) Organization {
	return Organization{
		DomainSID: "S-1-5-21-1-1-1", Policy: drawPolicy(t),
		Precedence: rapid.SampledFrom([]Precedence{Classic, Strict}).Draw(t, "precedence"),
	}
}

func drawPolicy(t *rapid.T) ClientPolicy {
	return ClientPolicy{
		EwsEnabled:                 rapid.SampledFrom([]Setting{Unset, Unset, On, Off}).Draw(t, "EwsEnabled"),
		EwsAllowOutlook:            rapid.SampledFrom([]Setting{Unset, On, Off}).Draw(t, "EwsAllowOutlook"),
		EwsApplicationAccessPolicy: rapid.SampledFrom([]ApplicationPolicy{"", "", EnforceAllowList, EnforceBlockList}).Draw(t, "policy"),
		EwsAllowList:               []string{"App/*"}, EwsBlockList: []string{"App/2"},
		EwsAllowedAppIDs: draws(t, 1, func(t *rapid.T) ApplicationID { return rapid.SampledFrom([]ApplicationID{"one", "two"}).Draw(t, "app") }),
	}
}

// drawAccount makes the account of a number; now and then it claims a name or
// SID that others have.
func drawAccount(t *rapid.T, i int) Account {
	a := Account{Name: fmt.Sprint("p", i), Enabled: rapid.IntRange(0, 9).Draw(t, "enabled") > 0, Kind: KindUser}
	n := i
	if rapid.IntRange(0, 9).Draw(t, "claims another's") == 0 {
		n = rapid.IntRange(0, people-1).Draw(t, "whose")
	}
	a.SID, a.UPN = personSID(i), entente.UPN(fmt.Sprintf("p%d@x.example", n))
	a.Mail, a.Mailbox = entente.SMTPAddress(fmt.Sprintf("p%d@x.example", n)), entente.MailboxID{byte(n + 1)}
	a.Proxies = draws(t, 2, func(t *rapid.T) entente.SMTPAddress {
		return entente.SMTPAddress(fmt.Sprintf("q%d@x.example", rapid.IntRange(0, 9).Draw(t, "proxy")))
	})
	a.Database = fmt.Sprint("DB", i%2)
	switch rapid.IntRange(0, 9).Draw(t, "linked") {
	case 0:
		a.Master = personSID(rapid.IntRange(0, people).Draw(t, "master"))
	case 1, 2:
		a.Master = entente.SID(fmt.Sprint("S-1-5-21-8-8-8-", 1000+i))
	}
	if rapid.Bool().Draw(t, "has attributes") {
		a.Attributes = &Attributes{Department: rapid.SampledFrom([]string{"", "Sales"}).Draw(t, "department")}
	}
	if rapid.IntRange(0, 2).Draw(t, "has policy") == 0 {
		p := drawPolicy(t)
		a.Policy = &p
	}
	return a
}

func drawGroup(t *rapid.T, i int) Group {
	g := Group{SID: teamSID(i), Name: fmt.Sprint("t", rapid.IntRange(0, 4).Draw(t, "name")), Members: draws(t, 4, someone)}
	if rapid.IntRange(0, 2).Draw(t, "linked") == 0 {
		g.Master = foreignSID(rapid.IntRange(0, 1).Draw(t, "foreign"))
	}
	return g
}

func foreignSID(i int) entente.SID { return entente.SID(fmt.Sprint("S-1-5-21-8-8-8-", 2000+i)) }

func drawScope(t *rapid.T, i int) ManagementScope {
	return ManagementScope{
		Name: fmt.Sprint("scope", i), Exclusive: rapid.IntRange(0, 2).Draw(t, "exclusive") == 0,
		Filter: rapid.SampledFrom([]string{
			"Department -eq 'Sales'", "Department -ne 'sales'", "Name -like 'p*'", "Name -eq 'p1' -or Database -eq 'DB0'",
			"MemberOfGroup -eq 't1'", "-not MemberOfGroup -eq '" + string(teamSID(2)) + "'", "RecipientTypeDetails -eq 'LinkedMailbox'", "nonsense",
		}).Draw(t, "filter"),
	}
}

func drawScopePolicy(t *rapid.T) ScopePolicy {
	return ScopePolicy{
		Scope: fmt.Sprint("Scope", rapid.IntRange(0, 2).Draw(t, "scope")), Priority: rapid.IntRange(0, 50).Draw(t, "priority"),
		Policy: drawPolicy(t),
	}
}

func drawItemGrant(t *rapid.T, i int) ItemGrant {
	g := ItemGrant{
		ID: fmt.Sprint("g", i), Mailbox: entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))},
		Enabled: rapid.IntRange(0, 5).Draw(t, "on") > 0,
		Items:   []ItemKey{{Content: uint64(rapid.IntRange(1, 2).Draw(t, "item")), Day: rapid.SampledFrom([]int32{0, 0, 20260302}).Draw(t, "day")}},
		Read:    rapid.SampledFrom([]Fields{0, FieldSubject, AllFields}).Draw(t, "read"),
		Write:   rapid.SampledFrom([]Fields{0, 0, FieldLocation, FieldTime | FieldLocation}).Draw(t, "write"),
	}
	if rapid.IntRange(0, 4).Draw(t, "outside") == 0 {
		g.External = "greta@fabrikam.example"
	} else {
		g.To = someone(t)
	}
	return g
}

func draws[T any](t *rapid.T, most int, one func(*rapid.T) T) []T {
	var all []T
	for range rapid.IntRange(0, most).Draw(t, "n") {
		all = append(all, one(t))
	}
	return all
}

func drawPermission(t *rapid.T) MailboxPermission {
	return MailboxPermission{
		Mailbox: entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))}, To: someone(t),
		Rights: rapid.SampledFrom([]Rights{FullAccess, SendAs, SendOnBehalf, FullAccess | SendAs}).Draw(t, "rights"),
		Deny:   rapid.IntRange(0, 3).Draw(t, "deny") == 0,
	}
}

func drawAssignment(t *rapid.T, i int) Assignment {
	a := Assignment{
		ID: fmt.Sprint("a", i), Assignee: someone(t), Enabled: true, Deny: rapid.IntRange(0, 4).Draw(t, "deny") == 0,
		Rights:        rapid.SampledFrom([]Rights{Impersonate, MayImpersonate, ApplicationImpersonation}).Draw(t, "rights"),
		Server:        rapid.SampledFrom([]string{"", "", "CAS1", "CAS2"}).Draw(t, "server"),
		AllowDisabled: rapid.Bool().Draw(t, "disabled"),
		Scope:         Scope{Kind: rapid.SampledFrom([]ScopeKind{0, ScopeAll, ScopeDatabase, ScopeGroup, ScopeAccount, ScopeManagement, ScopeManagement}).Draw(t, "scope")},
	}
	switch a.Scope.Kind {
	case ScopeDatabase:
		a.Scope.Name = "DB0"
	case ScopeManagement:
		a.Scope.Name = fmt.Sprint("scope", rapid.IntRange(0, 2).Draw(t, "named"))
	case ScopeGroup:
		a.Scope.Name = string(teamSID(rapid.IntRange(0, teams-1).Draw(t, "team")))
	case ScopeAccount:
		a.Scope.Name = string(personSID(rapid.IntRange(0, people-1).Draw(t, "person")))
	}
	return a
}

func drawEntry(t *rapid.T) Entry {
	e := Entry{
		Who:    rapid.SampledFrom([]EntryKind{Named, Named, Named, Default, Anonymous}).Draw(t, "entry"),
		Rights: rapid.SampledFrom([]Rights{LevelNone, LevelReviewer, LevelEditor, LevelContributor, LevelFreeBusyDetails}).Draw(t, "level"),
	}
	if e.Who == Named {
		e.SID = someone(t)
	}
	return e
}

// callers are everyone as himself and as everyone else, with and without groups
// of another realm, somebody from outside, and nobody.
func (w *world) callers() []*Caller {
	all := []*Caller{
		{Method: Basic},
		{Method: Delegation, Authenticated: Principal{Mail: "greta@fabrikam.example"}},
	}
	for i := range w.facts.Accounts {
		for as := -1; as < len(w.facts.Accounts); as++ {
			c := &Caller{Authenticated: w.facts.Accounts[i].Principal, Method: Basic, UserAgent: "App/1", Application: "one"}
			if i%2 == 0 {
				c.Realm, c.Groups = "realm", []entente.SID{foreignSID(0), teamSID(0)}
			}
			if as >= 0 {
				p := w.facts.Accounts[as].Principal
				c.ActsAs = &p
			}
			all = append(all, c)
		}
	}
	return all
}

// questions are all that can be asked in a world.
func (w *world) questions() []Question {
	var all []Question
	for _, c := range w.callers() {
		for _, protocol := range []string{"ews", "rest"} {
			all = append(all, Question{Caller: c, On: Object{Kind: OrganizationObject, Name: protocol}, Want: Enter, At: at})
		}
		for box := range people {
			id := entente.MailboxID{byte(box + 1)}
			for _, want := range []Rights{FolderLookup, FullAccess, SendAs, SendOnBehalf, ReadPrivate, Deliver} {
				all = append(all, Question{Caller: c, On: MailboxOf(id), Want: want, At: at})
			}
			for i := range w.folders {
				f := &w.folders[i]
				all = append(all, Question{Caller: c, On: FolderOf(id, f.Folder), Folder: f, Want: ReadAny, At: at})
				key := ItemKey{uint64(i + 1), int32(box%2) * 20260302}
				for _, want := range []Rights{ReadItem, EditItem} {
					all = append(all, Question{Caller: c, On: ItemOf(id, f.Folder, key), Folder: f, Want: want, At: at})
				}
			}
		}
	}
	return all
}

// answers tells of each question whether it is allowed, and of each pair of
// people and each server whether one may impersonate the other there.
func (w *world) answers(t *rapid.T) []bool {
	s := Compile(w.facts)
	var all []bool
	for _, q := range w.questions() {
		if q.Want == Enter {
			continue // by Gate, which is not about what is granted
		}
		d := s.Decide(q)
		replayed(t, &d)
		all = append(all, d.Allowed())
	}
	return append(all, w.impersonations(s)...)
}

func (w *world) impersonations(s *Snapshot) []bool {
	var all []bool
	for i := range w.facts.Accounts {
		for j := range people {
			for _, server := range w.facts.Servers {
				c := &Caller{Authenticated: w.facts.Accounts[i].Principal, Method: Basic}
				_, err := s.Impersonate(c, ConnectingSID{SID: string(personSID(j))}, server, at, nil)
				all = append(all, err == nil)
			}
		}
	}
	return all
}

func replayed(t *rapid.T, d *Decision) {
	var got Rights
	for _, s := range d.Steps() {
		if s.Holds {
			got |= s.Gives
		}
	}
	for _, s := range d.Steps() {
		if s.Needed && !s.Holds {
			got = 0
		}
	}
	if got != d.Got || len(d.Steps()) >= maxSteps {
		t.Fatalf("the steps do not explain: %+v", d)
	}
}

// nothingMore fails if something is allowed after that was not before.
func nothingMore(t *rapid.T, before, after []bool) {
	for i := range before {
		if after[i] && !before[i] {
			t.Fatalf("answer %d has become yes", i)
		}
	}
}

func TestAddingADenialNeverAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.answers(t)
		if rapid.Bool().Draw(t, "on a mailbox") {
			p := drawPermission(t)
			p.Deny = true
			w.facts.Permissions = append(w.facts.Permissions, p)
		} else {
			a := drawAssignment(t, 99)
			a.Deny = true
			w.facts.Assignments = append(w.facts.Assignments, a)
		}
		nothingMore(t, before, w.answers(t))
	})
}

func TestRemovingAGrantNeverAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.answers(t)
		permission := func(p MailboxPermission) bool { return !p.Deny && rapid.Bool().Draw(t, "remove") }
		assignment := func(a Assignment) bool { return !a.Deny && rapid.Bool().Draw(t, "remove") }
		w.facts.Permissions = slices.DeleteFunc(slices.Clone(w.facts.Permissions), permission)
		w.facts.Assignments = slices.DeleteFunc(slices.Clone(w.facts.Assignments), assignment)
		nothingMore(t, before, w.answers(t))
	})
}

// TestCallersRightsNeverLeak: whoever is behind the request, and whatever he may
// himself, an allowed request as somebody is answered as that one's own.
func TestCallersRightsNeverLeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		s := Compile(w.facts)
		for _, q := range w.questions() {
			if q.Caller.ActsAs == nil {
				continue
			}
			as := s.Decide(q)
			own := q
			own.Caller = &Caller{
				Authenticated: *q.Caller.ActsAs, Method: Basic, UserAgent: q.Caller.UserAgent, Application: q.Caller.Application,
			}
			self := s.Decide(own)
			enabled, _ := s.FindSID(q.Caller.ActsAs.SID)
			if enabled.Enabled && as.Allowed() && !self.Allowed() || as.Got != 0 && enabled.Enabled && as.Got != self.Got {
				t.Fatalf("as %s: %v, himself: %v", own.Caller.Authenticated.SID, as.Got, self.Got)
			}
		}
	})
}

// TestOrderDoesNotMatter: lists that have no order decide the same in any.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.answers(t)
		w.facts.Permissions = rapid.Permutation(w.facts.Permissions).Draw(t, "permissions")
		w.facts.Assignments = rapid.Permutation(w.facts.Assignments).Draw(t, "assignments")
		w.facts.Groups = rapid.Permutation(w.facts.Groups).Draw(t, "groups")
		if !slices.Equal(before, w.answers(t)) {
			t.Fatal("another order, another answer")
		}
	})
}

// TestEffectiveRightsAreEnforced: FolderRights says a right is held exactly if
// Folder gives a permit for it.
func TestEffectiveRightsAreEnforced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		s := Compile(w.facts)
		for i := range w.facts.Accounts {
			c := &Caller{Authenticated: w.facts.Accounts[i].Principal, Method: Basic}
			p, err := s.Ask(Question{Caller: c, On: MailboxOf(w.facts.Accounts[0].Mailbox), Want: FolderLookup, At: at}, nil)
			if err != nil {
				continue
			}
			for f := range w.folders {
				got := p.FolderRights(&w.folders[f])
				for bit := Rights(1); bit < FolderRights; bit <<= 1 {
					_, err := p.Folder(&w.folders[f], bit)
					if got.Has(bit) != (err == nil) {
						t.Fatalf("%v of %v: %v", bit, got, err)
					}
				}
			}
		}
	})
}

// FuzzConnectingSID looks for names that resolve where they should not: whoever
// is found must bear the name he was found by.
func FuzzConnectingSID(f *testing.F) {
	f.Add("anna@contoso.example", "", "", "")
	f.Add("", "S-1-5-21-1-2-3-1001", "", "")
	f.Add("", "", " anna@contoso.example\n", "")
	f.Add("", "", "", "\x00@\xff")
	f.Add("anna@contoso.example", "", "bruno@contoso.example", "")
	facts := house()
	facts.Assignments = []Assignment{{ID: "1", Assignee: facts.Accounts[2].SID, Rights: ApplicationImpersonation, Scope: Scope{Kind: ScopeAll}, Enabled: true}}
	s := Compile(facts)
	c := callerOf(facts, 2)
	f.Fuzz(func(t *testing.T, upn, sid, primary, smtp string) {
		var trace Trace
		who, err := s.Impersonate(c, ConnectingSID{upn, sid, primary, smtp}, "CAS1", at, &trace)
		for i := range trace.Decisions {
			replay(t, &trace.Decisions[i])
		}
		allowed := trace.Decisions[len(trace.Decisions)-1].Allowed()
		if (err == nil) != allowed {
			t.Fatal("the trace says otherwise:", err)
		}
		if err != nil && reasonOf(err) == "" {
			t.Fatal("an error without a reason:", err)
		}
		if _, err := s.Impersonate(callerOf(facts, 0), ConnectingSID{upn, sid, primary, smtp}, "CAS1", at, nil); reasonOf(err) != ImpersonationDenied {
			t.Fatal("who may not impersonate was told more:", err)
		}
		if who == nil {
			return
		}
		a, ok := s.FindSID(who.SID)
		if !ok || upn == "" && sid == "" && primary == "" && smtp == "" || a.Principal != *who {
			t.Fatal("nobody was found:", who)
		}
	})
}
