package access

import (
	"fmt"
	"slices"
	"testing"

	"entente"

	"pgregory.net/rapid"
)

// Thumbprints of keys of the partner.
const (
	partnersKey = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	anotherKey  = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func drawDomain(t *rapid.T) string {
	return rapid.SampledFrom([]string{"fabrikam.example", "fabrikam.example", "eu.fabrikam.example"}).Draw(t, "domain")
}

func drawFolder(t *rapid.T, i int) FolderTable {
	return FolderTable{
		Folder: uint64(i + 1), Entries: draws(t, 4, drawEntry),
		Class: rapid.SampledFrom([]string{"IPF.Appointment", "IPF.Appointment", "IPF.Contact", "IPF.Note"}).Draw(t, "class"),
	}
}

func drawRelationship(t *rapid.T) Relationship {
	r := Relationship{
		Name: rapid.SampledFrom([]string{"Fabrikam", "EU"}).Draw(t, "relationship"), Domains: []entente.Domain{entente.Domain(drawDomain(t))},
		Enabled: rapid.IntRange(0, 4).Draw(t, "enabled") > 0, FreeBusy: rapid.IntRange(0, 4).Draw(t, "free/busy") > 0,
		FreeBusyLevel:        FreeBusyLevel(rapid.IntRange(0, 2).Draw(t, "level")),
		TargetApplicationURI: rapid.SampledFrom([]string{"urn:fabrikam", "urn:fabrikam", "urn:other", ""}).Draw(t, "organization"),
		TargetSharingEPR:     "https://mail.fabrikam.example/",
	}
	if rapid.IntRange(0, 3).Draw(t, "pinned") == 0 {
		r.Keys = []string{partnersKey}
	}
	if rapid.IntRange(0, 3).Draw(t, "scoped") == 0 {
		r.FreeBusyScope = teamSID(rapid.IntRange(0, teams-1).Draw(t, "team"))
	}
	return r
}

func drawSharingPolicy(t *rapid.T) SharingPolicy {
	return SharingPolicy{
		Name: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "policy"), Enabled: rapid.IntRange(0, 4).Draw(t, "enabled") > 0,
		Default: rapid.Bool().Draw(t, "default"), Rules: draws(t, 2, func(t *rapid.T) SharingRule {
			return SharingRule{
				rapid.SampledFrom([]string{AnyFederated, "fabrikam.example", AnonymousDomain}).Draw(t, "with"),
				SharingActions(rapid.IntRange(0, 15).Draw(t, "actions")),
			}
		}),
	}
}

// drawAbroad draws what other organizations are shown. Names and domains are
// claimed twice, and defaults, in wide worlds only.
func (w *world) drawAbroad(t *rapid.T, wide bool) {
	w.facts.Relationships = draws(t, 2, drawRelationship)
	w.facts.SharingPolicies = draws(t, 2, drawSharingPolicy)
	for i := range w.facts.SharingPolicies {
		if p := &w.facts.SharingPolicies[i]; !wide {
			p.Name, p.Default = string(rune('A'+i)), p.Default && i == 0
		}
	}
	for i := range w.facts.Accounts {
		w.facts.Accounts[i].SharingPolicy = rapid.SampledFrom([]string{"", "", "", "A", "gone"}).Draw(t, "sharing")
	}
}

// foreigners are people of other organizations, with tokens for each offer, of
// an organization or of another, signed by it or not, and some that nobody
// should have let in.
func foreigners() []*Caller {
	var all []*Caller
	for _, offer := range []string{OfferFreeBusy, OfferSharingRead, OfferAutodiscover, "MSExchange.MailboxMove"} {
		for i, key := range []string{partnersKey, anotherKey, ""} {
			f := &Foreign{
				Organization: "urn:fabrikam", Domains: []entente.Domain{"fabrikam.example", "eu.fabrikam.example"}, Offer: offer, Key: key,
				Mails: []entente.SMTPAddress{"greta@fabrikam.example", "greta@eu.fabrikam.example"},
			}
			c := &Caller{Method: Delegation, Authenticated: Principal{Mail: f.Mails[i%2]}, Foreign: f}
			all = append(all, c)
		}
	}
	other := *all[0].Foreign
	other.Domains = []entente.Domain{"other.example"}
	return append(all,
		&Caller{Method: Delegation, Authenticated: Principal{Mail: "greta@fabrikam.example"}, Foreign: &other},
		&Caller{Method: Delegation, Authenticated: Principal{Mail: "ida@fabrikam.example"}, Foreign: all[0].Foreign})
}

// foreignRights are all that each offer can give, whatever else is set.
var foreignRights = map[string]Rights{
	OfferFreeBusy:    FolderLookup | LevelFreeBusyDetails,
	OfferSharingRead: FolderLookup | LevelReviewer | LevelFreeBusyDetails | ReadItem,
}

// TestNothingBeyondTheOffer: what a token is for bounds what its bearer is given;
// one that does not speak for him, or that is for something else, gives nothing.
func TestNothingBeyondTheOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		s := Compile(w.facts)
		for _, q := range w.questions() {
			f := q.Caller.Foreign
			if f == nil || q.Want == Enter {
				continue
			}
			d := s.Decide(q)
			most := foreignRights[f.Offer]
			if !f.speaksFor(q.Caller.Authenticated.Mail) {
				most = 0
			}
			if d.Got&^most != 0 {
				t.Fatalf("%+v got %v for %s", q, d.Got, f.Offer)
			}
			if d.Got&FreeBusyDetailed != 0 && f.Offer == OfferFreeBusy {
				if r, ok := s.RelationshipFor(q.Caller.Authenticated.Mail.Domain()); !ok || r.FreeBusyLevel != LimitedDetails {
					t.Fatalf("details by %+v", r)
				}
			}
		}
	})
}

// TestPinnedKeysBind: where a relationship pins keys, the broker alone cannot
// speak for the partner, whatever a token says. (threats F2)
func TestPinnedKeysBind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		for i := range w.facts.Relationships {
			w.facts.Relationships[i].Keys = []string{partnersKey}
		}
		s := Compile(w.facts)
		for _, q := range w.questions() {
			if f := q.Caller.Foreign; f != nil && f.Key != partnersKey && q.Want != Enter {
				if _, named := s.partners[q.Caller.Authenticated.Mail.Domain()]; !named {
					continue
				}
				if d := s.Decide(q); d.Got != 0 {
					t.Fatalf("%+v got %v", q, d.Got)
				}
			}
		}
	})
}

// TestLevelsAreMonotone: a lower level, or less in a policy, shows nothing that
// was not shown before; nor does ending something.
func TestLevelsAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t)
		before := w.answers(t)
		w.facts.Relationships = slices.Clone(w.facts.Relationships)
		for i := range w.facts.Relationships {
			r := &w.facts.Relationships[i]
			switch rapid.IntRange(0, 5).Draw(t, "less") {
			case 0:
				r.Enabled = false
			case 1:
				r.FreeBusy = false
			case 2:
				r.FreeBusyLevel -= min(r.FreeBusyLevel, 1)
			case 3:
				r.Keys = []string{anotherKey}
				if rapid.Bool().Draw(t, "one of them") {
					r.Keys = []string{"none"}
				}
				before = nil // other keys let others in
			case 4:
				if r.FreeBusyScope == "" {
					r.FreeBusyScope = teamSID(0)
				}
			}
		}
		w.facts.SharingPolicies = slices.Clone(w.facts.SharingPolicies)
		for i := range w.facts.SharingPolicies {
			p := &w.facts.SharingPolicies[i]
			switch rapid.IntRange(0, 2).Draw(t, "less shared") {
			case 0:
				p.Enabled = false
			case 1:
				p.Rules = slices.Clone(p.Rules)
				for k := range p.Rules {
					p.Rules[k].Actions &= SharingActions(rapid.IntRange(0, 15).Draw(t, "actions"))
				}
			}
		}
		if before != nil {
			nothingMore(t, before, w.answers(t))
		}
	})
}

func TestMayAsk(t *testing.T) {
	whole := Relationship{
		Name: "F", Domains: []entente.Domain{"fabrikam.example"}, Enabled: true, FreeBusy: true,
		TargetApplicationURI: "urn:fabrikam", TargetSharingEPR: "https://mail.fabrikam.example/",
	}
	test := func(want entente.Reason, f func(r *Relationship)) {
		t.Helper()
		r := whole
		f(&r)
		found, err := Compile(Facts{Relationships: []Relationship{r}}).MayAsk("fabrikam.example")
		if got := entente.Reason(""); err != nil {
			if got = reasonOf(err); got != want {
				t.Errorf("%v, want %q", err, want)
			}
		} else if want != "" || found.Name != "F" {
			t.Errorf("may ask by %+v, want %q", found, want)
		}
	}
	test("", func(*Relationship) {})
	test("", func(r *Relationship) { r.TargetSharingEPR, r.TargetAutodiscoverEPR = "", "https://a.fabrikam.example/" })
	test("", func(r *Relationship) { r.FreeBusyLevel = FreeBusyNone }) // what we show does not bound what we ask
	test(NoRelationship, func(r *Relationship) { r.Domains = []entente.Domain{"eu.fabrikam.example", "example"} })
	test(RelationshipDisabled, func(r *Relationship) { r.Enabled = false })
	test(NoRelationshipFreeBusy, func(r *Relationship) { r.FreeBusy = false })
	test(RelationshipUnusable, func(r *Relationship) { r.TargetApplicationURI = "" })
	test("", func(r *Relationship) { r.TargetSharingEPR = "" }) // DNS may know
	two := Compile(Facts{Relationships: []Relationship{whole, whole}})
	if _, err := two.MayAsk("fabrikam.example"); reasonOf(err) != NoRelationship || len(two.Relationships()) != 2 {
		t.Errorf("a domain in two relationships: %v", err)
	}
}

func TestMayShare(t *testing.T) {
	f := house()
	anna := &f.Accounts[0]
	f.SharingPolicies = []SharingPolicy{
		{Name: "off", Rules: []SharingRule{{"*", 15}}},
		{Name: "standard", Enabled: true, Default: true, Rules: []SharingRule{
			{"*", CalendarSharingFreeBusySimple | ContactsSharing},
			{"Fabrikam.example", CalendarSharingFreeBusyReviewer},
			{AnonymousDomain, CalendarSharingFreeBusyDetail},
		}},
	}
	test := func(own string, with entente.Domain, class string, r Rights, want entente.Reason) {
		t.Helper()
		anna.SharingPolicy = own
		err := Compile(f).MayShare(anna.SID, with, class, r)
		got := entente.Reason("")
		if err != nil {
			got = reasonOf(err)
		}
		if got != want {
			t.Errorf("%q with %s, %s of %s: %v, want %q", own, with, r, class, err, want)
		}
	}
	const calendar, contacts, notes = "IPF.Appointment", "IPF.Contact", "IPF.StickyNote"
	test("", "a.example", calendar, LevelFreeBusyTimeOnly, "")
	test("", "a.example", calendar, LevelFreeBusyDetails, SharingLevel)
	test("", "a.example", contacts, LevelReviewer, "")
	test("", "a.example", contacts, LevelEditor, SharingLevel)
	test("", "a.example", notes, LevelReviewer, SharingLevel)
	test("", "fabrikam.example", calendar, LevelReviewer, "") // the domain's own rule counts alone,
	test("", "fabrikam.example", contacts, LevelReviewer, SharingLevel)
	test("", "eu.fabrikam.example", calendar, LevelReviewer, SharingLevel) // and not below it
	test("", "fabrikam.example", calendar, LevelEditor, SharingLevel)
	test("", AnonymousDomain, calendar, LevelFreeBusyDetails, "")
	test("", AnonymousDomain, calendar, LevelReviewer, SharingLevel)
	test("off", "a.example", calendar, LevelFreeBusyTimeOnly, SharingDisabled)
	test("gone", "a.example", calendar, LevelFreeBusyTimeOnly, SharingDisabled)
	f.SharingPolicies[1].Rules = f.SharingPolicies[1].Rules[1:]
	test("", "a.example", calendar, LevelFreeBusyTimeOnly, SharingDomain)
	f.SharingPolicies = append(f.SharingPolicies, SharingPolicy{Name: "second", Enabled: true, Default: true, Rules: []SharingRule{{"*", 15}}})
	test("", "a.example", calendar, LevelFreeBusyTimeOnly, SharingDisabled) // of two defaults neither counts
	test("second", "a.example", calendar, LevelFreeBusyTimeOnly, "")
}

func TestSharingRules(t *testing.T) {
	for _, test := range [...]struct{ text, want string }{
		{"fabrikam.example: CalendarSharingFreeBusySimple", "fabrikam.example: CalendarSharingFreeBusySimple"},
		{" Fabrikam.Example :calendarsharingfreebusydetail,ContactsSharing ", "fabrikam.example: CalendarSharingFreeBusyDetail, ContactsSharing"},
		{"*: CalendarSharingFreeBusyReviewer", "*: CalendarSharingFreeBusyReviewer"},
		{"anonymous: CalendarSharingFreeBusySimple", "Anonymous: CalendarSharingFreeBusySimple"},
		{"fabrikam.example", ""},
		{": ContactsSharing", ""},
		{"*:", ""},
		{"*: ContactsSharing,", ""},
		{"*.example: ContactsSharing", ""},
		{"a b: ContactsSharing", ""},
	} {
		r, err := ParseSharingRule(test.text)
		if (err == nil) != (test.want != "") || err == nil && r.String() != test.want {
			t.Errorf("%q: %v, %v", test.text, r, err)
		}
	}
}

// TestPartner: who speaks for a partner under a relationship, whatever his token
// is for.
func TestPartner(t *testing.T) {
	r := Relationship{Name: "F", Domains: []entente.Domain{"fabrikam.example"}, Enabled: true, FreeBusy: true, TargetApplicationURI: "urn:fabrikam", Keys: []string{partnersKey}}
	for i, c := range foreigners() {
		for _, enabled := range []bool{true, false} {
			r.Enabled = enabled
			f := c.Foreign
			want := enabled && f.Key == partnersKey && f.Offer != "MSExchange.MailboxMove" && f.speaksFor("greta@fabrikam.example") && c.Authenticated.Mail == "greta@fabrikam.example"
			var trace Trace
			found, err := Compile(Facts{Relationships: []Relationship{r}}).Partner(c, at, &trace)
			if (err == nil) != want || want && found.Name != "F" || len(trace.Decisions) != 1 {
				t.Errorf("%d, enabled %v: %v, %v", i, enabled, found, err)
			}
			for k := range trace.Decisions {
				replay(t, &trace.Decisions[k])
			}
		}
	}
	for _, c := range []*Caller{{Method: Basic}, {Method: Local}, {Method: Delegation, Authenticated: Principal{Mail: "greta@fabrikam.example"}}} {
		if _, err := Compile(Facts{Relationships: []Relationship{r}}).Partner(c, at, nil); err == nil {
			t.Errorf("%+v is a partner", c)
		}
	}
}

func TestAddressOf(t *testing.T) {
	s := Compile(Facts{Relationships: []Relationship{{Name: "F", Domains: []entente.Domain{"fabrikam.example"}}}})
	test := func(want entente.SMTPAddress, domains []entente.Domain, mails ...entente.SMTPAddress) {
		t.Helper()
		if got := s.AddressOf(&Foreign{Domains: domains, Mails: mails}); got != want {
			t.Errorf("%v of %v: %q", mails, domains, got)
		}
	}
	both := []entente.Domain{"fabrikam.example", "eu.fabrikam.example"}
	test("g@fabrikam.example", both, "g@eu.fabrikam.example", "g@fabrikam.example")
	test("g@eu.fabrikam.example", both, "g@eu.fabrikam.example", "h@eu.fabrikam.example")
	test("g@eu.fabrikam.example", both[1:], "g@fabrikam.example", "g@eu.fabrikam.example")
	test("", both, "anna@contoso.example")
	test("", both)
	test("", nil, "g@fabrikam.example")
}

// BenchmarkForeign is a decision about free/busy for somebody of another
// organization: with pinned keys, a scope, and so many relationships.
func BenchmarkForeign(b *testing.B) {
	for _, n := range []int{1, 100} {
		f := large(1_000)
		for i := range n {
			f.Relationships = append(f.Relationships, Relationship{
				Name: fmt.Sprint("r", i), Domains: []entente.Domain{entente.Domain(fmt.Sprintf("p%d.example", i))}, Enabled: true, FreeBusy: true,
				FreeBusyLevel: LimitedDetails, FreeBusyScope: "S-1-5-21-1-1-3-1", TargetApplicationURI: fmt.Sprint("urn:", i), Keys: []string{partnersKey},
			})
		}
		f.SharingPolicies = []SharingPolicy{{Name: "p", Enabled: true, Default: true, Rules: []SharingRule{{"*", 15}}}}
		s := Compile(f)
		table := &FolderTable{Folder: 1, Class: "IPF.Appointment", Entries: []Entry{
			{Who: Default, Rights: LevelFreeBusyDetails},
			{Who: Anonymous},
			{SID: f.Groups[1].SID, Rights: LevelEditor},
			{Who: ExternalUser, External: "g@p0.example", Rights: LevelReviewer},
		}}
		for _, offer := range []string{OfferFreeBusy, OfferSharingRead} {
			callers := make([]*Caller, n)
			for i := range callers {
				domain, mail := entente.Domain(fmt.Sprintf("p%d.example", i)), entente.SMTPAddress(fmt.Sprintf("g@p%d.example", i))
				if offer == OfferSharingRead {
					domain, mail = "p0.example", "g@p0.example"
				}
				callers[i] = &Caller{Method: Delegation, Authenticated: Principal{Mail: mail}, Foreign: &Foreign{
					Organization: fmt.Sprint("urn:", i), Domains: []entente.Domain{domain}, Mails: []entente.SMTPAddress{mail}, Offer: offer, Key: partnersKey,
				}}
				if offer == OfferSharingRead {
					callers[i].Foreign.Organization = "urn:0"
				}
			}
			b.Run(fmt.Sprintf("%s/%d", offer, n), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					d := s.Decide(Question{Caller: callers[i%n], On: FolderOf(f.Accounts[i%1000].Mailbox, 1), Folder: table, Want: FreeBusySimple, At: at})
					if !d.Allowed() {
						b.Fatal(d.Reason())
					}
					i++
				}
			})
		}
	}
}
