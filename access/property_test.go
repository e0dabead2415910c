package access

import (
	"slices"
	"testing"

	"entente"

	"pgregory.net/rapid"
)

// callers are everyone as himself and as everyone else, with and without groups
// of another realm, somebody from outside, and nobody.
func (w *world) callers() []*Caller {
	all := []*Caller{
		{Method: Basic},
		{Method: Relay, Authenticated: Principal{Mail: "greta@fabrikam.example"}},
	}
	all = append(all, foreigners()...)
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
		for j := range w.facts.Accounts {
			for _, server := range w.facts.Servers {
				c := &Caller{Authenticated: w.facts.Accounts[i].Principal, Method: Basic}
				_, err := s.Impersonate(c, ConnectingSID{SID: string(w.facts.Accounts[j].SID)}, server, at, nil)
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
		w := drawWide(t)
		before := w.answers(t)
		if n := rapid.IntRange(0, len(w.facts.Scopes)).Draw(t, "scope"); n < len(w.facts.Scopes) &&
			!slices.ContainsFunc(w.facts.Scopes, func(m ManagementScope) bool { return m.Exclusive }) {
			// The first scope that becomes exclusive denies, too. A second opens
			// whom both hold over to its own grants: see TestExclusiveScopesMeet.
			w.facts.Scopes = slices.Clone(w.facts.Scopes)
			w.facts.Scopes[n].Exclusive = true
		} else if rapid.Bool().Draw(t, "on a mailbox") {
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
		w := drawWide(t)
		before := w.answers(t)
		permission := func(p MailboxPermission) bool { return !p.Deny && rapid.Bool().Draw(t, "remove") }
		assignment := func(a Assignment) bool { return !a.Deny && rapid.Bool().Draw(t, "remove") }
		w.facts.Permissions = slices.DeleteFunc(slices.Clone(w.facts.Permissions), permission)
		w.facts.Assignments = slices.DeleteFunc(slices.Clone(w.facts.Assignments), assignment)
		grant := func(ItemGrant) bool { return rapid.Bool().Draw(t, "remove") }
		w.facts.ItemGrants = slices.DeleteFunc(slices.Clone(w.facts.ItemGrants), grant)
		nothingMore(t, before, w.answers(t))
	})
}

// TestCallersRightsNeverLeak: whoever is behind the request, and whatever he may
// himself, an allowed request as somebody is answered as that one's own.
func TestCallersRightsNeverLeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
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
		w := drawWide(t)
		before := w.answers(t)
		w.facts.Permissions = rapid.Permutation(w.facts.Permissions).Draw(t, "permissions")
		w.facts.Assignments = rapid.Permutation(w.facts.Assignments).Draw(t, "assignments")
		w.facts.Groups = rapid.Permutation(w.facts.Groups).Draw(t, "groups")
		w.facts.ItemGrants = rapid.Permutation(w.facts.ItemGrants).Draw(t, "grants")
		w.facts.Scopes = rapid.Permutation(w.facts.Scopes).Draw(t, "scopes")
		w.facts.Relationships = rapid.Permutation(w.facts.Relationships).Draw(t, "relationships")
		w.facts.SharingPolicies = rapid.Permutation(w.facts.SharingPolicies).Draw(t, "policies")
		if !slices.Equal(before, w.answers(t)) {
			t.Fatal("another order, another answer")
		}
	})
}

// TestClientsDoNotMatter: the client's name and its application are for the gate
// and decide nothing else.
func TestClientsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		s := Compile(w.facts)
		for _, q := range w.questions() {
			if q.Want == Enter {
				continue
			}
			before := s.Decide(q)
			c := *q.Caller
			c.UserAgent, c.Application, c.Address = "Other/9", "three", "192.0.2.9"
			q.Caller = &c
			if after := s.Decide(q); after.Got != before.Got || after.Fields != before.Fields || after.Reason() != before.Reason() {
				t.Fatalf("%+v: %v, then %v", q, before.Got, after.Got)
			}
		}
	})
}

// TestHiddenIsAbsent: whoever may not know of an item or a folder is told of it
// what he is told of one that is not there.
func TestHiddenIsAbsent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		s := Compile(w.facts)
		for _, q := range w.questions() {
			if q.On.Kind != ItemObject && q.On.Kind != FolderObject {
				continue
			}
			d := s.Decide(q)
			if d.Reason() != NotVisible {
				continue
			}
			q.On.Item.Content = 0xFFFF // nothing has this number
			if q.On.Kind == FolderObject {
				q.Folder = nil
			}
			absent := s.Decide(q)
			if absent.Err().Error() != d.Err().Error() || reasonOf(absent.Err()) != reasonOf(d.Err()) || absent.Fields != d.Fields {
				t.Fatalf("hidden: %v; absent: %v", d.Err(), absent.Err())
			}
		}
	})
}

// TestNamesDoNotMatter: principals under other SIDs, and accounts under other
// names, are decided on as before.
func TestNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.answers(t)
		if !slices.Equal(before, w.renamed().answers(t)) {
			t.Fatal("other names, other answers")
		}
	})
}

// TestEffectiveRightsAreEnforced: FolderRights says a right is held exactly if
// Folder gives a permit for it.
func TestEffectiveRightsAreEnforced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
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
