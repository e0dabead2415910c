package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/mailbox"
)

const domain = "contoso.example"

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// A house is an organization of Anna, who asks, and others who show when they
// are busy, but for Dora, who shows nothing.
type house struct {
	testing.TB
	dir    *directory.Directory
	store  *mailbox.Store
	caller *access.Caller
	sids   map[string]entente.SID
}

func newHouse(tb testing.TB, d *db.DB) *house {
	tb.Helper()
	h := &house{TB: tb, sids: map[string]entente.SID{}}
	ctx := context.WithoutCancel(tb.Context())
	var err error
	h.dir, err = directory.Open(ctx, directory.Config{DB: dbtest.SQLite(tb), Organization: "Contoso"})
	h.must(err)
	h.store = mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return d, nil }})
	tb.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(ctx, "first"))
	h.must(h.dir.Update(ctx, func(c *directory.Change) error {
		return errors.Join(c.AddDomain(domain), c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db"}))
	}))
	for _, who := range []string{"anna", "ben", "carla", "dora"} {
		h.person(who)
	}
	h.show("dora", access.LevelNone)
	h.caller = &access.Caller{Authenticated: access.Principal{SID: h.sids["anna"], Mail: "anna@" + domain}, Method: access.Basic}
	return h
}

// quiet is the witness of tests that look at something else.
type quiet struct{}

func (quiet) Note(string, entente.MailboxID) mailbox.Note {
	return mailbox.Note{Request: "test", Record: []byte("{}")}
}

func (quiet) Origin(entente.MailboxID) (mailbox.Origin, bool) { return mailbox.Origin{}, false }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) person(who string) {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	a := directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: entente.UPN(who + "@" + domain), Mail: entente.SMTPAddress(who + "@" + domain)},
		Name:      who, Kind: access.KindUser, Enabled: true, Proxies: []entente.SMTPAddress{entente.SMTPAddress(who + ".also@" + domain)},
	}}
	h.must(h.dir.Update(ctx, func(c *directory.Change) error {
		if err := c.CreateAccount(&a); err != nil {
			return err
		}
		_, err := c.EnableMailbox(a.SID, "first")
		return err
	}))
	h.sids[who] = a.SID
	found, _ := h.dir.Snapshot().FindSID(a.SID)
	h.must(h.store.Create(ctx, mailbox.NewMailbox{ID: found.Mailbox, Database: "first", Owner: found.Principal, Address: found.Mail, Name: who}))
	h.show(who, access.LevelFreeBusyTimeOnly)
}

func (h *house) group(name string, members ...entente.SID) {
	h.Helper()
	h.must(h.dir.Update(h.Context(), func(c *directory.Change) error {
		return c.CreateGroup(&directory.Group{
			Kind:  directory.Distribution,
			Group: access.Group{Name: name, Mail: entente.SMTPAddress(name + "@" + domain), Members: members},
		})
	}))
}

// own opens somebody's mailbox as its owner.
func (h *house) own(who string) (*mailbox.View, *mailbox.Folder) {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	a, _ := h.dir.Snapshot().FindSID(h.sids[who])
	was := h.caller
	defer func() { h.caller = was }()
	h.caller = &access.Caller{Authenticated: a.Principal, Method: access.Basic}
	v, err := h.Mailbox(ctx, a.Mailbox)
	h.must(err)
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	h.must(err)
	return v, f
}

func (h *house) show(who string, rights access.Rights) {
	h.Helper()
	v, f := h.own(who)
	_, err := v.SetPermissions(context.WithoutCancel(h.Context()), f.ID, []access.Entry{{Who: access.Default, Rights: rights}})
	h.must(err)
}

func (h *house) busy(who string, from, until int, s calendar.BusyStatus) {
	h.Helper()
	v, f := h.own(who)
	it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts}
	e := &calendar.Event{Subject: "Secret", Start: monday.Add(time.Duration(from) * time.Hour), End: monday.Add(time.Duration(until) * time.Hour), Status: s}
	h.must(it.SetEvent(e, mailbox.AllParts))
	h.must(v.CreateItem(context.WithoutCancel(h.Context()), f.ID, it))
}

// The house is its own door: an Opener that asks and keeps no record.
func (h *house) Directory() *directory.Directory { return h.dir }
func (h *house) Snapshot() *access.Snapshot      { return h.dir.Snapshot() }
func (h *house) Caller() *access.Caller          { return h.caller }

func (h *house) Mailbox(ctx context.Context, id entente.MailboxID) (*mailbox.View, error) {
	p, err := h.Snapshot().Ask(access.Question{Caller: h.caller, On: access.MailboxOf(id), Want: access.FolderLookup, At: monday}, &access.Trace{})
	if err != nil {
		return nil, err
	}
	return h.store.Open(ctx, "first", id, p, quiet{})
}

func (h *house) ask(s *Service, r Request) []Answer {
	h.Helper()
	if r.Window == (calendar.Interval{}) {
		r.Window = calendar.Interval{Start: monday.Add(8 * time.Hour), End: monday.Add(12 * time.Hour)}
	}
	if r.Slot == 0 {
		r.Slot = time.Hour
	}
	for i, m := range r.Mailboxes {
		if len(m) > 0 && m[len(m)-1] == '@' {
			r.Mailboxes[i] = m + domain
		}
	}
	out, err := s.FreeBusy(context.WithoutCancel(h.Context()), h, r)
	h.must(err)
	return out
}

func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestViews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.busy("ben", 9, 10, calendar.StatusBusy)
		test := func(asked, given View, merged string, stretches int, detail bool) {
			t.Helper()
			a := h.ask(&Service{}, Request{Mailboxes: []string{"ben@"}, View: asked})[0]
			if a.Err != nil || a.View != given || string(a.Merged) != merged || len(a.Busy) != stretches {
				t.Errorf("%s: %s %s %v %v", asked, a.View, a.Merged, a.Busy, a.Err)
			}
			if stretches > 0 && (a.Busy[0].Detail != nil) != detail {
				t.Errorf("%s: detail %v", asked, a.Busy[0].Detail)
			}
		}
		test(MergedOnly, MergedOnly, "0200", 0, false)
		test(FreeBusy, FreeBusy, "", 1, false)
		test(DetailedMerged, FreeBusyMerged, "0200", 1, false)
		test(Detailed, FreeBusy, "", 1, false)
		h.show("ben", access.LevelFreeBusyDetails)
		test(DetailedMerged, DetailedMerged, "0200", 1, true)
		test(Detailed, Detailed, "", 1, true)
		test(FreeBusyMerged, FreeBusyMerged, "0200", 1, false) // more than was asked is not told
	})
}

// TestEach: each of those asked about has an answer of his own, in his place.
func TestEach(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	out := h.ask(&Service{}, Request{
		Mailboxes: []string{"ben@", "ben.also@", "dora@", "nobody@", "x@elsewhere.example", "", "ben"}, View: FreeBusyMerged,
	})
	want := []entente.Reason{"", "", mailbox.NoFreeBusy, RecipientNotFound, RecipientNotFound, RecipientNotFound, RecipientNotFound}
	for i := range want {
		if got := reason(out[i].Err); got != want[i] {
			t.Errorf("%d: %q, want %q", i, got, want[i])
		}
	}
}

func TestGroups(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.busy("ben", 9, 10, calendar.StatusTentative)
	h.busy("carla", 9, 11, calendar.StatusBusy)
	h.group("open", h.sids["ben"], h.sids["carla"])
	h.group("half", h.sids["ben"], h.sids["dora"])
	out := h.ask(&Service{}, Request{Mailboxes: []string{"open@", "half@"}, View: DetailedMerged})
	for i, want := range []string{"0220", "5155"} {
		if a := out[i]; a.Err != nil || string(a.Merged) != want || !a.Group || a.View != MergedOnly || a.Busy != nil || a.Members != nil {
			t.Errorf("%d: %+v, want %s", i, a, want)
		}
	}
	out = h.ask(&Service{}, Request{Mailboxes: []string{"half@"}, View: FreeBusy, Members: true})
	if m := out[0].Members; len(m) != 2 {
		t.Errorf("members %+v", m)
	}
}

func TestGroupTooBig(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	var all []entente.SID
	h.must(h.dir.Update(t.Context(), func(c *directory.Change) error {
		all = nil
		for i := range MaxMembers + 1 {
			who := fmt.Sprintf("p%d", i)
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(who + "@" + domain), Mail: entente.SMTPAddress(who + "@" + domain)},
				Name:      who, Kind: access.KindUser, Enabled: true,
			}}
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			all = append(all, a.SID)
		}
		return nil
	}))
	h.group("crowd", all...)
	if got := reason(h.ask(&Service{}, Request{Mailboxes: []string{"crowd@"}, View: MergedOnly})[0].Err); got != GroupTooBig {
		t.Errorf("reason %q", got)
	}
}

func TestCheck(t *testing.T) {
	window := func(days int) calendar.Interval {
		return calendar.Interval{Start: monday, End: monday.AddDate(0, 0, days)}
	}
	test := func(want entente.Reason, r Request) {
		t.Helper()
		if got := reason(r.Check()); got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
	}
	ben := []string{"ben@" + domain}
	test("", Request{Mailboxes: ben, Window: window(MaxDays), View: FreeBusy})
	test("", Request{Mailboxes: make([]string, MaxMailboxes), Window: window(1), View: FreeBusy})
	test(NoMailboxes, Request{Window: window(1), View: FreeBusy})
	test(TooManyMailboxes, Request{Mailboxes: make([]string, MaxMailboxes+1), Window: window(1), View: FreeBusy})
	test(InvalidInterval, Request{Mailboxes: ben, Window: window(0), View: FreeBusy})
	test(InvalidInterval, Request{Mailboxes: ben, Window: window(-1), View: FreeBusy})
	test(IntervalTooBig, Request{Mailboxes: ben, Window: window(MaxDays + 1), View: FreeBusy})
	test(InvalidView, Request{Mailboxes: ben, Window: window(1)})
	test(InvalidView, Request{Mailboxes: ben, Window: window(1), View: DetailedMerged + 1})
	test(InvalidSlot, Request{Mailboxes: ben, Window: window(1), View: MergedOnly, Slot: 4 * time.Minute})
	test(InvalidSlot, Request{Mailboxes: ben, Window: window(1), View: MergedOnly, Slot: 1441 * time.Minute})
	test("", Request{Mailboxes: ben, Window: window(1), View: FreeBusy, Slot: time.Minute}) // has no slots
}

func TestViewNames(t *testing.T) {
	for v := None; v <= DetailedMerged; v++ {
		if got, err := ParseView(v.String()); err != nil || got != v {
			t.Errorf("%s: %s %v", v, got, err)
		}
	}
	if _, err := ParseView("Detailed DetailedMerged"); reason(err) != InvalidView {
		t.Errorf("two views at once: %v", err)
	}
}

// A partner answers for fabrikam.example.
type partner struct {
	err   error
	asked []entente.SMTPAddress
	as    entente.SMTPAddress
}

func (p *partner) Partner(a entente.SMTPAddress) bool {
	return a.Domain() == "fabrikam.example" || a.Domain() == domain
}

func (p *partner) FreeBusy(_ context.Context, as *access.Caller, of []entente.SMTPAddress, r Request) (map[entente.SMTPAddress]Answer, error) {
	p.as, p.asked = as.Subject().Mail, of
	return map[entente.SMTPAddress]Answer{"ida@fabrikam.example": {View: MergedOnly, Merged: calendar.AppendNoData(nil, r.Window, r.Slot)}}, p.err
}

// TestPartner: partners are asked once, in the asker's name, and what goes
// wrong there is the error of their people alone.
func TestPartner(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	people := []string{"ida@fabrikam.example", "ben@", "joe@fabrikam.example", "IDA@fabrikam.example", "zoe@elsewhere.example"}
	p := &partner{}
	out := h.ask(&Service{Remote: p}, Request{Mailboxes: people, View: MergedOnly})
	if len(p.asked) != 2 || p.as != "anna@"+domain {
		t.Errorf("asked about %v as %s", p.asked, p.as)
	}
	want := []entente.Reason{"", "", RecipientNotFound, "", RecipientNotFound}
	for i := range want {
		if got := reason(out[i].Err); got != want[i] {
			t.Errorf("%d: %q, want %q", i, got, want[i])
		}
	}
	if string(out[0].Merged) != "5555" || string(out[3].Merged) != "5555" {
		t.Errorf("%s %s", out[0].Merged, out[3].Merged)
	}
	h.group("half", h.sids["ben"])
	// Of a domain that both have, who is here is asked for here, and a list too.
	h.ask(&Service{Remote: p}, Request{Mailboxes: []string{"ben@", "half@", "vera@"}, View: MergedOnly})
	if len(p.asked) != 1 || p.asked[0] != "vera@"+domain {
		t.Errorf("of a shared domain, asked about %v", p.asked)
	}
	p.err = errors.New("dial tcp 10.0.0.1:443")
	out = h.ask(&Service{Remote: p}, Request{Mailboxes: people, View: MergedOnly})
	if reason(out[0].Err) != PartnerFailed || out[1].Err != nil {
		t.Errorf("%v, %v", out[0].Err, out[1].Err)
	}
}

// TestRemotes: of several ways the first that knows an address is asked, and the
// others are not; what fails of one is not the others' error.
func TestRemotes(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	first := &of{domains: []entente.Domain{"fabrikam.example"}}
	second := &of{domains: []entente.Domain{"fabrikam.example", "tailspin.example"}}
	people := []string{"ida@fabrikam.example", "tom@tailspin.example", "zoe@elsewhere.example", "ben@"}
	ask := func(want ...entente.Reason) {
		t.Helper()
		first.asked, second.asked = nil, nil
		out := h.ask(&Service{Remote: Remotes{first, second}}, Request{Mailboxes: people, View: MergedOnly})
		for i := range want {
			if got := reason(out[i].Err); got != want[i] {
				t.Errorf("%s: %q, want %q", people[i], got, want[i])
			}
		}
		if len(first.asked) != 1 || first.asked[0] != "ida@fabrikam.example" || len(second.asked) != 1 || second.asked[0] != "tom@tailspin.example" {
			t.Errorf("asked %v and %v", first.asked, second.asked)
		}
	}
	ask("", "", RecipientNotFound, "")
	second.err = errors.New("dial tcp 10.0.0.1:443")
	ask("", PartnerFailed, RecipientNotFound, "")
	second.err = entente.Errorf(entente.Unavailable, "too slow").Because(PartnerTimedOut)
	ask("", PartnerTimedOut, RecipientNotFound, "")
	if (Remotes{}).Partner("ida@fabrikam.example") {
		t.Error("nobody knows a partner")
	}
}

// An of answers for all of its domains.
type of struct {
	domains []entente.Domain
	err     error
	asked   []entente.SMTPAddress
}

func (o *of) Partner(a entente.SMTPAddress) bool { return slices.Contains(o.domains, a.Domain()) }

func (o *of) FreeBusy(_ context.Context, _ *access.Caller, who []entente.SMTPAddress, r Request) (map[entente.SMTPAddress]Answer, error) {
	o.asked = who
	found := map[entente.SMTPAddress]Answer{}
	for _, a := range who {
		found[a] = Answer{View: MergedOnly, Merged: calendar.AppendNoData(nil, r.Window, r.Slot)}
	}
	return found, o.err
}
