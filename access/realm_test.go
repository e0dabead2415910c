package access

import (
	"slices"
	"strings"
	"testing"

	"entente"
)

// TestVouches: a realm's word counts about SIDs of its own domain alone, which
// are the domain's with one relative identifier.
func TestVouches(t *testing.T) {
	f := fewFacts()
	f.Organization.DomainSID = "S-1-5-21-1-1-1"
	f.Realms = []Realm{{"R", "S-1-5-21-8-8-8"}, {"empty", ""}, {"own", "S-1-5-21-1-1-1"}, {"", "S-1-5-21-7-7-7"}}
	s := Compile(f)
	test := func(realm string, sid entente.SID, want bool) {
		t.Helper()
		if s.Vouches(realm, sid) != want {
			t.Errorf("%q about %q: not %v", realm, sid, want)
		}
	}
	test("R", "S-1-5-21-8-8-8-1", true)
	test("r", "S-1-5-21-8-8-8-1", true)
	test("R", "S-1-5-21-8-8-8-0", true)
	test("R", "S-1-5-21-8-8-8-9", true)
	test("R", "S-1-5-21-8-8-8-10", true)
	test("R", "S-1-5-21-8-8-8-4294967295", true)
	test("R", "S-1-5-21-8-8-8-4294967296", false)
	test("R", "S-1-5-21-8-8-8-01", false)
	test("R", "S-1-5-21-8-8-8-1-1", false)
	test("R", "S-1-5-21-8-8-8-+1", false)
	test("R", "S-1-5-21-8-8-8-x", false)
	test("R", "S-1-5-21-8-8-8-", false)
	test("R", "S-1-5-21-8-8-8", false)
	test("R", "S-1-5-21-8-8-80-1", false)
	test("R", "S-1-5-21-9-9-9-1", false)
	test("R", "S-1-5-21-1-1-1-1", false)
	test("R", "", false)
	test("empty", "-1", false)
	test("own", "S-1-5-21-1-1-1-1", false)
	test("", "S-1-5-21-7-7-7-1", false)
	test("nowhere", "S-1-5-21-8-8-8-1", false)
	if s.RealmOf("S-1-5-21-8-8-8-1") != "R" || s.RealmOf("S-1-5-21-1-1-1-1") != "" || s.RealmOf("") != "" {
		t.Error("which realm speaks of whom is wrong")
	}
}

// TestClaimedGroups: what a realm says its user is in counts for the groups of
// ours that hold those, or are linked to them.
func TestClaimedGroups(t *testing.T) {
	foreign := func(rid string) entente.SID { return entente.SID("S-1-5-21-8-8-8-" + rid) }
	f := fewFacts()
	f.Accounts[1].Master = foreign("103")
	f.Groups = []Group{
		{SID: "linked", Master: foreign("100")},
		{SID: "over-linked", Members: []entente.SID{"linked"}},
		{SID: "holds", Members: []entente.SID{foreign("101")}},
		{SID: "over", Members: []entente.SID{"holds"}},
	}
	f.Administrators = []entente.SID{"over"}
	s := Compile(f)
	test := func(name string, c *Caller, want, step string) {
		t.Helper()
		var d Decision
		var got []string
		for _, n := range s.claimed(c, &d) {
			got = append(got, strings.TrimPrefix(s.sid(n), "S-1-5-21-8-8-8-"))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: in %q", name, got)
		}
		said := ""
		for _, s := range d.Steps() {
			said += s.Rule + " " + s.Fact
			if !s.Holds {
				said += " not"
			}
		}
		if said != step {
			t.Errorf("%s: said %q", name, said)
		}
	}
	in := func(realm string, m Method, all ...entente.SID) *Caller {
		return &Caller{Authenticated: f.Accounts[0].Principal, Method: m, Realm: realm, Groups: all}
	}
	const dropped = "realm-groups "
	test("nobody", nil, "", "")
	test("nothing claimed", in("R", Negotiate), "", "")
	test("by this process", in("R", Local, foreign("100")), "", "")
	test("linked", in("R", Negotiate, foreign("100")), "100 linked over-linked", dropped)
	test("held", in("r", Negotiate, foreign("101")), "101 holds over", dropped)
	test("each once", in("R", Negotiate, foreign("101"), foreign("100"), foreign("101")), "100 101 holds linked over over-linked", dropped)
	test("an account", in("R", Negotiate, foreign("103")), "", dropped)
	test("unheard of", in("R", Negotiate, foreign("104")), "", dropped)
	test("unheard of, then held", in("R", Negotiate, foreign("104"), foreign("103"), foreign("101")), "101 holds over", dropped)
	test("ours", in("R", Negotiate, "holds"), "", dropped+"holds not")
	test("ours, then held", in("R", Negotiate, "over", "linked", foreign("101")), "101 holds over", dropped+"over not")
	test("of no realm", in("", Negotiate, foreign("101")), "", dropped+string(foreign("101"))+" not")
	test("of a realm there is not", in("X", Negotiate, foreign("101")), "", dropped+string(foreign("101"))+" not")

	administers := func(c *Caller) bool {
		d := s.Decide(Question{Caller: c, On: Object{Kind: OrganizationObject}, Want: Administer, At: at})
		return d.Allowed()
	}
	if !administers(in("R", Negotiate, foreign("101"))) || administers(in("R", Negotiate, foreign("100"))) || administers(in("R", Negotiate)) {
		t.Error("who administers by a claimed group is wrong")
	}
}

// TestLinkedGroupsChange: what a group is not linked to any more gives nothing,
// and what it comes to be linked to does.
func TestLinkedGroupsChange(t *testing.T) {
	f := fewFacts()
	f.Groups = []Group{{SID: "local", Master: "S-1-5-21-8-8-8-100"}}
	s := Compile(f)
	test := func(name string, d Delta, want ...entente.SID) {
		t.Helper()
		next := s.With(d)
		for _, sid := range []entente.SID{"S-1-5-21-8-8-8-100", "S-1-5-21-8-8-8-105"} {
			var step Decision
			into := next.claimed(&Caller{Method: Negotiate, Realm: "R", Groups: []entente.SID{sid}}, &step)
			if slices.Contains(into, next.number("local")) != slices.Contains(want, sid) {
				t.Errorf("%s: who is in %s is in the local group: %v", name, sid, !slices.Contains(want, sid))
			}
		}
	}
	test("as it was", Delta{}, "S-1-5-21-8-8-8-100")
	test("the same", Delta{PutGroups: f.Groups}, "S-1-5-21-8-8-8-100")
	test("another", Delta{PutGroups: []Group{{SID: "local", Master: "S-1-5-21-8-8-8-105"}}}, "S-1-5-21-8-8-8-105")
	test("none", Delta{PutGroups: []Group{{SID: "local"}}})
	test("gone", Delta{DropGroups: []entente.SID{"local"}})
	test("gone and made again", Delta{DropGroups: []entente.SID{"local"}, PutGroups: []Group{{SID: "local"}}})
	test("gone and made again, otherwise", Delta{DropGroups: []entente.SID{"local"}, PutGroups: []Group{{SID: "local", Master: "S-1-5-21-8-8-8-105"}}}, "S-1-5-21-8-8-8-105")
}
