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
	for i := range people {
		a := Account{Name: fmt.Sprint("p", i), Enabled: rapid.IntRange(0, 9).Draw(t, "enabled") > 0, Kind: KindUser}
		a.SID, a.UPN = personSID(i), entente.UPN(fmt.Sprintf("p%d@x.example", i))
		a.Mail, a.Mailbox = entente.SMTPAddress(fmt.Sprintf("p%d@x.example", i)), entente.MailboxID{byte(i + 1)}
		a.Database = fmt.Sprint("DB", i%2)
		w.facts.Accounts = append(w.facts.Accounts, a)
	}
	for i := range teams {
		w.facts.Groups = append(w.facts.Groups, Group{SID: teamSID(i), Members: draws(t, 4, someone)})
	}
	w.facts.Permissions = draws(t, 4, drawPermission)
	w.facts.Assignments = draws(t, 5, drawAssignment)
	if rapid.IntRange(0, 3).Draw(t, "admin") == 0 {
		w.facts.Administrators = []entente.SID{someone(t)}
	}
	for i := range 2 {
		w.folders = append(w.folders, FolderTable{Folder: uint64(i + 1), Entries: draws(t, 4, drawEntry)})
	}
	return w
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

func drawAssignment(t *rapid.T) Assignment {
	a := Assignment{
		ID: "a", Assignee: someone(t), Enabled: true, Deny: rapid.IntRange(0, 4).Draw(t, "deny") == 0,
		Rights:        rapid.SampledFrom([]Rights{Impersonate, MayImpersonate, ApplicationImpersonation}).Draw(t, "rights"),
		Server:        rapid.SampledFrom([]string{"", "", "CAS1", "CAS2"}).Draw(t, "server"),
		AllowDisabled: rapid.Bool().Draw(t, "disabled"),
		Scope:         Scope{Kind: rapid.SampledFrom([]ScopeKind{0, ScopeAll, ScopeDatabase, ScopeGroup, ScopeAccount}).Draw(t, "scope")},
	}
	switch a.Scope.Kind {
	case ScopeDatabase:
		a.Scope.Name = "DB0"
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

// questions are all that can be asked in a world, by everyone as himself and as
// everyone else.
func (w *world) questions() []Question {
	var all []Question
	for i := range people {
		for as := -1; as < people; as++ {
			c := &Caller{Authenticated: w.facts.Accounts[i].Principal, Method: Basic}
			if as >= 0 {
				p := w.facts.Accounts[as].Principal
				c.ActsAs = &p
			}
			for box := range people {
				id := w.facts.Accounts[box].Mailbox
				for _, want := range []Rights{FolderLookup, FullAccess, SendAs, SendOnBehalf, ReadPrivate, Deliver} {
					all = append(all, Question{Caller: c, On: MailboxOf(id), Want: want, At: at})
				}
				for f := range w.folders {
					all = append(all, Question{Caller: c, On: FolderOf(id, w.folders[f].Folder), Folder: &w.folders[f], Want: ReadAny, At: at})
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
		d := s.Decide(q)
		replayed(t, &d)
		all = append(all, d.Allowed())
	}
	for i := range people {
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
			a := drawAssignment(t)
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
			own.Caller = &Caller{Authenticated: *q.Caller.ActsAs, Method: Basic}
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
