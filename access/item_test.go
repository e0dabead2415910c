package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
)

// TestRefuses: what bounds of one grant keep a change from being written.
func TestRefuses(t *testing.T) {
	early, late := at, at.Add(time.Hour)
	test := func(g ItemGrant, c ItemChange, want entente.Reason) {
		t.Helper()
		if got := g.refuses(&c); got != want {
			t.Errorf("%+v under %+v: %q", c, g, got)
		}
	}
	move := func(start, end time.Time) ItemChange { return ItemChange{Fields: FieldTime, Start: start, End: end} }
	free := ItemGrant{Write: FieldTime | FieldLocation}
	from, until, both, rooms := free, free, free, free
	from.Earliest, until.Latest, both.Earliest, both.Latest = early, late, early, late
	rooms.Locations = []string{"Room 1", "Room 2"}
	test(free, ItemChange{}, "")
	test(free, ItemChange{Fields: FieldBody}, FieldNotGranted)
	test(free, ItemChange{Fields: FieldTime | FieldBody}, FieldNotGranted)
	test(free, move(early, late), "")
	test(from, move(early, early), "")
	test(from, move(early.Add(-1), late), TimeNotGranted)
	test(from, move(late, early.Add(-1)), TimeNotGranted)
	test(from, move(late.Add(1), late.Add(1)), "")
	test(until, move(late, late), "")
	test(until, move(late.Add(1), early), TimeNotGranted)
	test(until, move(early, late.Add(1)), TimeNotGranted)
	test(until, move(early.Add(-1), early.Add(-1)), "")
	test(both, move(early, late), "")
	test(both, move(early.Add(-1), late), TimeNotGranted)
	test(both, move(early, late.Add(1)), TimeNotGranted)
	test(both, ItemChange{Fields: FieldLocation, End: late.Add(1)}, "")
	test(free, ItemChange{Fields: FieldLocation, Location: "anywhere"}, "")
	test(rooms, ItemChange{Fields: FieldLocation, Location: "room 2"}, "")
	test(rooms, ItemChange{Fields: FieldLocation, Location: "Room 3"}, LocationNotGranted)
	test(rooms, ItemChange{Fields: FieldLocation}, LocationNotGranted)
	test(rooms, ItemChange{Fields: FieldTime, Location: "Room 3"}, "")
}

// TestGranted: what is granted is one entry for each item, in their order, and
// an occurrence has what its series has.
func TestGranted(t *testing.T) {
	test := func(name, want string, p func(Permit) Permit, all ...ItemGrant) {
		t.Helper()
		f := fewFacts()
		f.ItemGrants = all
		for i := range all {
			all[i].ID, all[i].Mailbox = fmt.Sprint(i), entente.MailboxID{1}
		}
		given, err := Compile(f).Ask(Question{
			Caller: &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic}, On: MailboxOf(entente.MailboxID{1}), Want: FolderLookup, At: at,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range p(given).Granted() {
			text := fmt.Sprintf("%d/%d reads %v writes %v by", g.Key.Content, g.Key.Day, g.Read, g.Write)
			for _, by := range g.By {
				text += " " + by.ID
			}
			got = append(got, text)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	app, team := personSID(2), teamSID(1)
	on := func(to entente.SID, read, write Fields, keys ...ItemKey) ItemGrant {
		return ItemGrant{To: to, Read: read, Write: write, Items: keys, Enabled: true}
	}
	off := func(g ItemGrant) ItemGrant { g.Enabled = false; return g }
	it := func(p Permit) Permit { return p }
	five, six, series, day, next := ItemKey{Content: 5}, ItemKey{Content: 6}, ItemKey{Content: 7}, ItemKey{7, 20260302}, ItemKey{7, 20260303}
	test("nothing", "", it)
	test("one", "5/0 reads Subject writes  by 0", it, on(app, FieldSubject, 0, five))
	test("what is written is read", "5/0 reads Subject,Time writes Time by 0", it, on(app, FieldSubject, FieldTime, five))
	test("one by two", "5/0 reads Subject,Time writes Time by 1 0", it, on(team, FieldSubject, 0, five), on(app, 0, FieldTime, five))
	test("twice by the same", "5/0 reads Subject writes  by 0", it, on(app, FieldSubject, 0, five, five))
	test("two", "5/0 reads Body writes  by 1; 6/0 reads Subject writes  by 0", it, on(app, FieldSubject, 0, six), on(app, FieldBody, 0, five))
	test("a series and an occurrence", "7/0 reads Subject writes  by 0; 7/20260302 reads Subject,Body writes  by 1 0", it, on(app, FieldSubject, 0, series), on(app, FieldBody, 0, day))
	test("two occurrences", "7/20260302 reads Subject writes  by 0; 7/20260303 reads Body writes  by 1", it, on(app, FieldSubject, 0, day), on(app, FieldBody, 0, next))
	test("a series, and what comes behind it", "6/0 reads Subject writes  by 0; 7/20260302 reads Body writes  by 1", it, on(app, FieldSubject, 0, six), on(app, FieldBody, 0, day))
	test("off", "", it, off(on(app, FieldSubject, 0, five)))
	test("of no fields", "", it, on(app, 0, 0, five))
	test("another's", "", it, on(personSID(1), FieldSubject, 0, five))
	test("without a permit", "", func(Permit) Permit { return Permit{} }, on(app, FieldSubject, 0, five))
	test("by a permit for another thing", "", func(p Permit) Permit {
		other := *p.of
		other.q.Want = SendAs
		return Permit{&other}
	}, on(app, FieldSubject, 0, five))
}

// TestPermitTells: a permit says what it was given for; the zero Permit nothing.
func TestPermitTells(t *testing.T) {
	f := fewFacts()
	c := &Caller{Authenticated: f.Accounts[1].Principal, Method: Basic, Address: "192.0.2.1"}
	p, err := Compile(f).Ask(Question{Caller: c, On: MailboxOf(entente.MailboxID{1}), Want: FolderLookup, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.At() != at || p.Generation() != 7 || p.Mailbox() != (entente.MailboxID{1}) || p.Caller().Address != c.Address {
		t.Error(p.At(), p.Generation(), p.Mailbox(), p.Caller())
	}
	p = Permit{}
	if !p.At().IsZero() || p.Generation() != 0 || !p.Mailbox().IsZero() || p.Caller().Address != "" {
		t.Error(p.At(), p.Generation(), p.Mailbox(), p.Caller())
	}
}
