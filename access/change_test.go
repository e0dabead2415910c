package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"

	"pgregory.net/rapid"
)

// put is what With does, said of lists: whoever has the key is replaced or goes.
func put[T any, K comparable](all []T, key func(T) K, put []T, drop []K) []T {
	gone := slices.Clone(drop)
	for _, x := range put {
		gone = append(gone, key(x))
	}
	all = slices.DeleteFunc(slices.Clone(all), func(x T) bool { return slices.Contains(gone, key(x)) })
	return append(all, put...)
}

// after are the facts after a change of them.
func (d *Delta) after(f Facts) Facts {
	if d.Organization != nil {
		f.Organization = *d.Organization
	}
	f.Accounts = put(f.Accounts, func(a Account) entente.SID { return a.SID }, d.PutAccounts, d.DropAccounts)
	f.Groups = put(f.Groups, func(g Group) entente.SID { return g.SID }, d.PutGroups, d.DropGroups)
	for id, all := range d.PutPermissions {
		f.Permissions = slices.DeleteFunc(slices.Clone(f.Permissions), func(p MailboxPermission) bool { return p.Mailbox == id })
		f.Permissions = append(f.Permissions, all...)
	}
	f.Scopes = put(f.Scopes, func(m ManagementScope) string { return m.Name }, d.PutScopes, d.DropScopes)
	if d.SetPolicies {
		f.Policies = d.Policies
	}
	f.Assignments = put(f.Assignments, func(a Assignment) string { return a.ID }, d.PutAssignments, d.DropAssignments)
	f.ItemGrants = put(f.ItemGrants, func(g ItemGrant) string { return g.ID }, d.PutItemGrants, d.DropItemGrants)
	if d.SetAdministrators {
		f.Administrators = d.Administrators
	}
	if d.SetRealms {
		f.Realms = d.Realms
	}
	if d.SetRelationships {
		f.Relationships = d.Relationships
	}
	if d.SetSharingPolicies {
		f.SharingPolicies = d.SharingPolicies
	}
	return f
}

func drawDelta(t *rapid.T) Delta {
	var d Delta
	switch rapid.IntRange(0, 11).Draw(t, "what") {
	case 10:
		d.SetRelationships, d.Relationships = true, draws(t, 2, drawRelationship)
	case 11:
		d.SetSharingPolicies, d.SharingPolicies = true, draws(t, 2, drawSharingPolicy)
	case 0:
		o := drawOrganization(t)
		d.Organization = &o
	case 1:
		d.PutAccounts = []Account{drawAccount(t, rapid.IntRange(0, people-1).Draw(t, "account"))}
	case 2:
		d.DropAccounts = []entente.SID{personSID(rapid.IntRange(0, people-1).Draw(t, "account"))}
	case 3:
		d.PutGroups = []Group{drawGroup(t, rapid.IntRange(0, teams-1).Draw(t, "group"))}
	case 4:
		d.DropGroups = []entente.SID{teamSID(rapid.IntRange(0, teams-1).Draw(t, "group"))}
	case 5:
		id := entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))}
		all := draws(t, 2, drawPermission)
		for i := range all {
			all[i].Mailbox = id
		}
		d.PutPermissions = map[entente.MailboxID][]MailboxPermission{id: all}
	case 6:
		if i := rapid.IntRange(0, 2).Draw(t, "scope"); rapid.Bool().Draw(t, "drop") {
			d.DropScopes = []string{fmt.Sprint("scope", i)}
		} else {
			d.PutScopes = []ManagementScope{drawScope(t, i)}
		}
		d.SetPolicies, d.Policies = true, draws(t, 2, drawScopePolicy)
	case 7:
		if i := rapid.IntRange(0, 5).Draw(t, "assignment"); rapid.Bool().Draw(t, "drop") {
			d.DropAssignments = []string{fmt.Sprint("a", i)}
		} else {
			d.PutAssignments = []Assignment{drawAssignment(t, i)}
		}
	case 8:
		if i := rapid.IntRange(0, 5).Draw(t, "grant"); rapid.Bool().Draw(t, "drop") {
			d.DropItemGrants = []string{fmt.Sprint("g", i)}
		} else {
			d.PutItemGrants = []ItemGrant{drawItemGrant(t, i)}
		}
	case 9:
		d.SetAdministrators, d.Administrators = true, draws(t, 1, someone)
		if d.SetRealms = rapid.Bool().Draw(t, "realms"); d.SetRealms {
			d.Realms = draws(t, 1, func(*rapid.T) Realm { return Realm{"REALM", "S-1-5-21-8-8-8"} })
		}
	}
	return d
}

// told is all that a snapshot says: of every question, and by every name.
func (w *world) told(s *Snapshot) string {
	var b strings.Builder
	for _, q := range w.questions() {
		d := s.Decide(q)
		fmt.Fprintf(&b, "%x %x %v %s\n", uint64(d.Got), uint32(d.Fields), d.Allowed(), d.Reason())
	}
	fmt.Fprintln(&b, w.impersonations(s), s.Accounts(), len(s.BrokenScopes()))
	for i := range 10 {
		for _, find := range []func(string) (Account, bool){
			s.FindUPN, s.FindPrimary, s.FindSMTP,
			func(string) (Account, bool) { return s.FindSID(personSID(i)) },
			func(string) (Account, bool) { return s.FindMailbox(entente.MailboxID{byte(i)}) },
		} {
			a, ok := find(fmt.Sprintf("p%d@x.example", i))
			fmt.Fprint(&b, a.Name, ok, " ")
		}
		a, _ := s.FindSMTP(fmt.Sprintf("q%d@x.example", i))
		identity, _ := s.FindIdentity(KeyIDIdentity([]byte{byte(i)}))
		fmt.Fprint(&b, identity.Name, " ")
		fmt.Fprint(&b, a.Name, s.EffectivePolicy(personSID(i)), s.ScopesOver(personSID(i)), "\n")
	}
	for _, a := range s.PrecedenceChanges() {
		fmt.Fprint(&b, a.Name, " ")
	}
	return b.String()
}

// TestWithIsCompile changes snapshots step by step and compares each with one
// made of the changed facts at once, and with itself when others have been made
// of it.
func TestWithIsCompile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		s := Compile(w.facts)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			before := w.told(s)
			d, other := drawDelta(t), drawDelta(t)
			next := s.With(d)
			s.With(other)
			if again := w.told(s); again != before {
				t.Fatalf("the old snapshot says something else after %+v or %+v:\n%s", d, other, differ(before, again))
			}
			asked := w
			w.facts = d.after(w.facts)
			want, got := asked.told(Compile(w.facts)), asked.told(next)
			if want != got {
				t.Fatalf("after %+v:\n%s", d, differ(want, got))
			}
			if again := asked.told(Compile(next.Facts())); again != got {
				t.Fatalf("the facts of the snapshot say something else:\n%s", differ(got, again))
			}
			w.looked(t, next)
			s = next
		}
	})
}

func differ(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d: want %s, got %s", i, w[i], g[i])
		}
	}
	return ""
}

// TestStore drives vectors and tables against lists and maps, over several
// edits, and looks whether what came before stays as it was.
func TestStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v vector[int]
		m := newTable[string, int](&edit{}, rapid.IntRange(0, 2000).Draw(t, "size"))
		var list []int
		model := map[string]int{}
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			oldV, oldM, oldList, oldLen := v, m, slices.Clone(list), len(model)
			e := &edit{}
			for range rapid.IntRange(1, 300).Draw(t, "steps") {
				x := rapid.IntRange(0, 5000).Draw(t, "x")
				switch k := fmt.Sprint(x % 1500); {
				case x%5 == 0:
					m.drop(e, k)
					delete(model, k)
				default:
					m.set(e, k, x)
					model[k] = x
				}
				if i := x % (len(list) + 1); i < len(list) && x%2 == 0 {
					v.set(e, int32(i), &x)
					list[i] = x
				} else {
					v.add(e, &x)
					list = append(list, x)
				}
			}
			for i, x := range oldList {
				if *oldV.get(int32(i)) != x {
					t.Fatal("an old vector has changed")
				}
			}
			n := 0
			for range oldM.all() {
				n++
			}
			if n != oldLen || oldM.n != oldLen || m.n != len(model) {
				t.Fatal("an old table has changed, or the count is wrong")
			}
			for k, x := range model {
				if got, ok := m.get(k); !ok || got != x {
					t.Fatal(k, got, ok)
				}
			}
		}
		for i, x := range v.all() {
			if list[i] != *x {
				t.Fatal(i)
			}
		}
		if v.get(-1) != nil || v.get(v.n) != nil || int(v.n) != len(list) {
			t.Fatal("out of range")
		}
	})
}

// looked compares the facts that are found one by one with the lists of them.
func (w *world) looked(t *rapid.T, s *Snapshot) {
	for i := range w.facts.Assignments {
		if a, ok := s.FindAssignment(w.facts.Assignments[i].ID); !ok || a != w.facts.Assignments[i] {
			t.Fatal("assignment", a)
		}
	}
	for i := range w.facts.ItemGrants {
		g, ok := s.FindItemGrant(w.facts.ItemGrants[i].ID)
		if !ok || g.To != w.facts.ItemGrants[i].To || !slices.ContainsFunc(s.ItemGrantsOn(g.Mailbox), func(o ItemGrant) bool { return o.ID == g.ID }) {
			t.Fatal("grant", g)
		}
	}
	for i := range w.facts.Groups {
		if g, ok := s.FindGroup(w.facts.Groups[i].SID); !ok || g.Name != w.facts.Groups[i].Name || !slices.Equal(g.Members, w.facts.Groups[i].Members) {
			t.Fatal("group", g)
		}
	}
	for i := range w.facts.Permissions {
		if p := w.facts.Permissions[i]; !slices.Contains(s.PermissionsOn(p.Mailbox), p) {
			t.Fatal("permission", p)
		}
	}
	for i := range w.facts.Accounts {
		sid := w.facts.Accounts[i].SID
		for _, a := range s.AssignmentsOf(sid) {
			direct := a.Assignee == sid || a.Assignee == w.facts.Accounts[i].Master
			if own, _ := s.FindSID(sid); own.SID == sid && !direct &&
				!slices.ContainsFunc(s.GroupsOf(sid), func(g Group) bool { return g.SID == a.Assignee }) {
				t.Fatal("an assignment of somebody else's", a)
			}
		}
	}
}
