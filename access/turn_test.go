package access

import (
	"fmt"
	"reflect"
	"testing"

	"entente"

	"pgregory.net/rapid"
)

// drawSupposition is a request that nobody makes, in a random world.
func drawSupposition(t *rapid.T, w *world) Supposition {
	person := func(label string) *Account { return &w.facts.Accounts[rapid.IntRange(0, people-1).Draw(t, label)] }
	x := Supposition{Caller: person("caller").Principal, Server: rapid.SampledFrom([]string{"CAS1", "CAS2"}).Draw(t, "server"), At: at}
	x.UserAgent = rapid.SampledFrom([]string{"", "CRM/1", "MacOutlook/16"}).Draw(t, "agent")
	if rapid.IntRange(0, 9).Draw(t, "stranger") == 0 {
		x.Caller = Principal{SID: "S-1-5-21-7-7-7-500"}
	}
	if rapid.Bool().Draw(t, "gate") {
		x.Protocol = "ews"
	}
	switch rapid.IntRange(0, 3).Draw(t, "acts") {
	case 0:
		x.Header = &ConnectingSID{SID: string(person("target").SID)}
	case 1:
		x.Header = &ConnectingSID{PrimarySmtpAddress: string(person("target").Mail)}
	}
	x.Mailbox = person("mailbox").Mailbox
	if rapid.IntRange(0, 3).Draw(t, "abroad") == 0 {
		x.drawForeign(t, w)
		return x
	}
	switch rapid.IntRange(0, 3).Draw(t, "on") {
	case 0:
		x.Want = rapid.SampledFrom([]Rights{FolderLookup, FullAccess, SendAs, SendOnBehalf}).Draw(t, "want")
	case 1:
		x.Own, x.Mailbox = true, entente.MailboxID{}
	default:
		x.Folder = &w.folders[rapid.IntRange(0, len(w.folders)-1).Draw(t, "folder")]
		x.Want = rapid.SampledFrom([]Rights{FolderVisible, ReadAny, Create, EditAny, FreeBusySimple}).Draw(t, "want")
		if rapid.IntRange(0, 2).Draw(t, "item") == 0 {
			x.Item, x.Want = drawKey(t), rapid.SampledFrom([]Rights{ReadItem, EditItem}).Draw(t, "want")
			if x.Want == EditItem && rapid.Bool().Draw(t, "change") {
				x.Change = &ItemChange{Fields: FieldTime | FieldLocation, Start: at, End: at, Location: "Room 1"}
			}
		}
	}
	return x
}

// drawForeign has somebody of another organization ask what his token is for.
func (x *Supposition) drawForeign(t *rapid.T, w *world) {
	c := rapid.SampledFrom(foreigners()[:6]).Draw(t, "foreigner")
	x.Caller, x.Foreign, x.Header = c.Authenticated, c.Foreign, nil
	f := w.folders[rapid.IntRange(0, len(w.folders)-1).Draw(t, "folder")]
	x.Want = rapid.SampledFrom([]Rights{FreeBusySimple, FreeBusyDetailed}).Draw(t, "want")
	if x.Foreign.Offer == OfferSharingRead && !ofClass(f.Class, "IPF.Appointment") {
		f.Class, x.Want = "IPF.Contact", ReadAny // nothing else is shared
	}
	x.Folder = &f
}

func drawKey(t *rapid.T) ItemKey {
	return ItemKey{
		Content: uint64(rapid.IntRange(1, 2).Draw(t, "content")),
		Day:     rapid.SampledFrom([]int32{0, 0, 2026_03_02, 2026_03_09}).Draw(t, "day"),
	}
}

// drawItemGrants grants single items, of some mailboxes, to some.
func drawItemGrants(t *rapid.T, w *world) {
	w.facts.ItemGrants = draws(t, 5, func(t *rapid.T) ItemGrant {
		g := ItemGrant{
			ID: fmt.Sprint("g", len(w.facts.ItemGrants)), To: someone(t), Items: draws(t, 2, drawKey), Enabled: rapid.IntRange(0, 4).Draw(t, "enabled") > 0,
			Mailbox: entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))},
			Read:    rapid.SampledFrom([]Fields{0, FieldSubject, AllFields}).Draw(t, "read"),
			Write:   rapid.SampledFrom([]Fields{0, FieldTime | FieldLocation, FieldBody}).Draw(t, "write"),
		}
		switch rapid.IntRange(0, 5).Draw(t, "bounds") {
		case 0:
			g.Latest = at.Add(-1)
		case 1:
			g.Locations = []string{"Room 2"}
		case 2:
			g.NotAfter = at
		}
		return g
	})
	for i := range w.facts.ItemGrants {
		w.facts.ItemGrants[i].ID = fmt.Sprint("g", i)
	}
}

// drawSettings sets something of client access, for some.
func drawSettings(t *rapid.T, w *world) {
	policy := func() ClientPolicy {
		p := ClientPolicy{
			EwsEnabled:         Setting(rapid.IntRange(0, 2).Draw(t, "EwsEnabled")),
			EwsAllowMacOutlook: Setting(rapid.IntRange(0, 2).Draw(t, "EwsAllowMacOutlook")),
		}
		p.EwsApplicationAccessPolicy = rapid.SampledFrom([]ApplicationPolicy{"", EnforceAllowList, EnforceBlockList}).Draw(t, "policy")
		list := rapid.SampledFrom([][]string{nil, {"CRM/*"}, {"x", "CRM/1", "*"}}).Draw(t, "list")
		if p.EwsApplicationAccessPolicy == EnforceAllowList {
			p.EwsAllowList = list
		} else {
			p.EwsBlockList = list
		}
		return p
	}
	w.facts.Organization.Policy = policy()
	w.facts.Organization.Precedence = Precedence(rapid.IntRange(0, 1).Draw(t, "precedence"))
	for i := range w.facts.Accounts {
		if rapid.IntRange(0, 2).Draw(t, "own") == 0 {
			p := policy()
			w.facts.Accounts[i].Policy = &p
		}
	}
	for i := range w.facts.Assignments {
		w.facts.Assignments[i].ID = fmt.Sprint("a", i)
	}
}

// TestExplanationsAreSound: the steps give the decision; the changes named turn
// it, each piece changes a fact there is, and no part of the changes turns it.
func TestExplanationsAreSound(t *testing.T) {
	// In wide worlds accounts claim each other's names and SIDs, filters cannot be
	// read: much there no single fact mends.
	turned, tried := map[bool]int{}, map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		var w world
		wide := rapid.Bool().Draw(t, "wide")
		if wide {
			w = drawWide(t)
		} else {
			w = drawWorld(t)
			drawSettings(t, &w)
			drawItemGrants(t, &w)
		}
		s := Compile(w.facts)
		for range 4 {
			x := drawSupposition(t, &w)
			r := s.Suppose(x)
			for _, d := range r.Decisions() {
				replayed(t, &d)
			}
			all := Turn(w.facts, x)
			tried[wide]++
			if len(all.Sets) > 0 {
				turned[wide]++
			}
			for _, set := range all.Sets {
				if len(set) != all.Size {
					t.Fatalf("sets of %d and of %d", len(set), all.Size)
				}
				soundly(t, w.facts, x, r.Allowed(), set)
			}
		}
	})
	t.Logf("%d of %d answers have a change that turns them, %d of %d in wide worlds", turned[false], tried[false], turned[true], tried[true])
	if turned[false]*10 < tried[false]*9 || turned[true]*10 < tried[true]*4 {
		t.Error("too few answers have a change that turns them")
	}
}

// soundly checks a set on the whole facts: all of it turns the answer, no part
// does, and each piece is a change.
func soundly(t *rapid.T, f Facts, x Supposition, was bool, set []Change) {
	answer := func(bits int) bool {
		f, x := f, x
		for i, c := range set {
			if bits&(1<<i) != 0 {
				f, x = c.Apply(f, x)
			}
		}
		r := Compile(f).Suppose(x)
		return r.Allowed()
	}
	whole := 1<<len(set) - 1
	if answer(whole) == was {
		t.Fatalf("%v changes nothing", does(set))
	}
	for bits := range whole {
		if answer(bits) != was {
			t.Fatalf("part %b of %v is enough", bits, does(set))
		}
	}
	for _, c := range set { // a later piece may be about what an earlier one makes
		f2, x2 := c.Apply(f, x)
		if reflect.DeepEqual(f, f2) && reflect.DeepEqual(x, x2) {
			t.Fatalf("%q is about a fact there is not", c.Does)
		}
		if c.Does == "" || c.Does[len(c.Does)-1] != '.' {
			t.Fatalf("%q is no sentence", c.Does)
		}
		f, x = f2, x2
	}
}

func does(set []Change) []string {
	var all []string
	for _, c := range set {
		all = append(all, c.Does)
	}
	return all
}
