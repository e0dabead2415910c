package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// each opens a new directory with one accepted domain on every database.
func onEach(t *testing.T, f func(t *testing.T, d *Directory)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, x *db.DB) {
		f(t, open(t, x))
	})
}

func open(t testing.TB, x *db.DB) *Directory {
	t.Helper()
	d, err := Open(context.Background(), Config{DB: x, Organization: "Contoso", Seal: testSeal("key"), Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	must(t, d.Update(t.Context(), func(c *Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		return c.SetDatabase(Database{Name: "DB1", URL: "sqlite:mail.db"})
	}))
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails unless err has the kind and reason.
func wants(t testing.TB, err error, k entente.Kind, r entente.Reason) {
	t.Helper()
	var e *entente.Error
	if !errors.As(err, &e) || e.Kind != k || e.Reason != r {
		t.Errorf("error %v, want kind %d and reason %q", err, k, r)
	}
}

// person returns an account to be created, all names made of one.
func person(name string) *Account {
	a := &Account{}
	a.UPN = entente.UPN(name + "@contoso.example")
	a.Mail = entente.SMTPAddress(name + "@contoso.example")
	a.Enabled = true
	return a
}

// create adds accounts and returns them as they have become.
func create(t testing.TB, d *Directory, all ...*Account) {
	t.Helper()
	must(t, d.Update(t.Context(), func(c *Change) error {
		for _, a := range all {
			a.SID = "" // the function may run again
			if err := c.CreateAccount(a); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestAccountIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		a := person("anna")
		a.Name, a.GivenName, a.Surname = "Anna Maria Berg", "Anna", "Berg"
		a.Proxies = []entente.SMTPAddress{"a.berg@contoso.example"}
		a.Title, a.Department, a.Office, a.Phone, a.Capacity = "Dr.", "Research", "2/17", "+49 30 1", 3
		a.Policy = &access.ClientPolicy{EwsEnabled: access.Off, EwsAllowList: []string{"OWA/*"}}
		create(t, d, a)
		must(t, d.Update(t.Context(), func(c *Change) error {
			_, err := c.EnableMailbox(a.SID, "DB1")
			return err
		}))
		got, err := d.Account(t.Context(), a.SID)
		must(t, err)
		if got.Mailbox.IsZero() || got.Database != "DB1" || got.Name != a.Name || got.Office != "2/17" || got.Capacity != 3 ||
			got.GUID == (GUID{}) || got.Created == 0 || !slices.Equal(got.Proxies, a.Proxies) ||
			got.Policy.EwsEnabled != access.Off || got.Policy.EwsAllowList[0] != "OWA/*" || got.Kind != access.KindUser {
			t.Errorf("%+v", got)
		}
		s := d.Snapshot()
		for name, find := range map[string]func() (access.Account, bool){
			"SID":     func() (access.Account, bool) { return s.FindSID(a.SID) },
			"UPN":     func() (access.Account, bool) { return s.FindUPN("ANNA@contoso.example") },
			"primary": func() (access.Account, bool) { return s.FindPrimary("anna@contoso.example") },
			"other":   func() (access.Account, bool) { return s.FindSMTP("A.Berg@contoso.example") },
			"mailbox": func() (access.Account, bool) { return s.FindMailbox(got.Mailbox) },
		} {
			if f, ok := find(); !ok || f.SID != a.SID || f.Policy == nil || f.Policy.EwsEnabled != access.Off {
				t.Errorf("the snapshot does not find the account by %s", name)
			}
		}
		if _, ok := s.FindPrimary("a.berg@contoso.example"); ok {
			t.Error("another address is taken for the primary one")
		}
	})
}

func TestNothingIsClaimedTwice(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna := person("anna")
		anna.Proxies = []entente.SMTPAddress{"info@contoso.example"}
		anna.Master = "S-1-5-21-9-9-9-500"
		create(t, d, anna)
		test := func(r entente.Reason, change func(*Account)) {
			t.Helper()
			b := person("bruno")
			change(b)
			wants(t, d.Update(t.Context(), func(c *Change) error { return c.CreateAccount(b) }), entente.Conflict, r)
		}
		test(AccountExists, func(a *Account) { a.UPN = anna.UPN })
		test(AccountExists, func(a *Account) { a.SID = anna.SID })
		test(AccountExists, func(a *Account) { a.SID = anna.Master })
		test(AccountExists, func(a *Account) { a.GUID = anna.GUID })
		test(AccountExists, func(a *Account) { a.Master = anna.Master })
		test(AccountExists, func(a *Account) { a.Master = anna.SID })
		test(AddressInUse, func(a *Account) { a.Mail = anna.Mail })
		test(AddressInUse, func(a *Account) { a.Mail = "info@contoso.example" })
		test(AddressInUse, func(a *Account) { a.Proxies = []entente.SMTPAddress{"info@contoso.example"} })
		g := &Group{Kind: Distribution}
		g.Name, g.Mail = "Info", "info@contoso.example"
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.CreateGroup(g) }), entente.Conflict, AddressInUse)

		far := person("bruno")
		far.Mail = "bruno@elsewhere.example"
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.CreateAccount(far) }), entente.Invalid, NotAccepted)
		// What failed left nothing behind.
		if n := d.Snapshot().Accounts(); n != 1 {
			t.Error(n, "accounts")
		}
		// A UPN that equals another's address is no conflict: they never meet.
		b := person("bruno")
		b.UPN = "info@contoso.example"
		create(t, d, b)
	})
}

func TestRIDsAreNeverReused(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna := person("anna")
		create(t, d, anna)
		must(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveAccount(anna.SID) }))
		bruno := person("bruno")
		create(t, d, bruno)
		if bruno.SID == anna.SID {
			t.Error("the SID of a removed account was given to another:", bruno.SID)
		}
		domain := d.Snapshot().Organization().DomainSID
		imported := person("carla")
		imported.SID = domain + "-5000"
		must(t, d.Update(t.Context(), func(c *Change) error { return c.CreateAccount(imported) }))
		next := person("dora")
		create(t, d, next)
		if next.SID != domain+"-5001" {
			t.Errorf("after %s came %s", imported.SID, next.SID)
		}
	})
}

func TestRemovedAccountLeavesNoRights(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, bruno, portal := person("anna"), person("bruno"), person("portal")
		portal.Kind = access.KindService
		create(t, d, anna, bruno, portal)
		var id entente.MailboxID
		must(t, d.Update(t.Context(), func(c *Change) (err error) {
			if id, err = c.EnableMailbox(anna.SID, "DB1"); err != nil {
				return err
			}
			g := &Group{Kind: Security}
			g.Name, g.Members = "Portals", []entente.SID{portal.SID}
			if err := c.CreateGroup(g); err != nil {
				return err
			}
			if err := c.SetMailboxPermission(access.MailboxPermission{Mailbox: id, To: portal.SID, Rights: access.FullAccess}); err != nil {
				return err
			}
			a := &Assignment{Assignment: access.Assignment{
				Assignee: portal.SID, Rights: access.ApplicationImpersonation,
				Scope: access.Scope{Kind: access.ScopeAccount, Name: string(anna.SID)}, Enabled: true,
			}}
			return c.CreateAssignment(a)
		}))
		must(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveAccount(portal.SID) }))
		perms, err := d.MailboxPermissions(t.Context(), id)
		must(t, err)
		all, err := d.Assignments(t.Context())
		must(t, err)
		groups, err := d.Groups(t.Context(), "", 10)
		must(t, err)
		g, err := d.Group(t.Context(), groups[0].SID)
		must(t, err)
		if len(perms)+len(all)+len(g.Members) != 0 {
			t.Error("rights of a removed account:", perms, all, g.Members)
		}
	})
}

// TestGrantsReachDecisions goes the whole way from a verb to a decision.
func TestGrantsReachDecisions(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, bruno := person("anna"), person("bruno")
		create(t, d, anna, bruno)
		var id entente.MailboxID
		inner, outer := &Group{Kind: Security}, &Group{Kind: Security}
		must(t, d.Update(t.Context(), func(c *Change) (err error) {
			if id, err = c.EnableMailbox(anna.SID, "DB1"); err != nil {
				return err
			}
			inner.SID, outer.SID, inner.Members, outer.Members = "", "", nil, nil
			inner.Name, inner.Members = "inner", []entente.SID{bruno.SID}
			if err := c.CreateGroup(inner); err != nil {
				return err
			}
			outer.Name, outer.Members = "outer", []entente.SID{inner.SID}
			if err := c.CreateGroup(outer); err != nil {
				return err
			}
			if err := c.AddMember(inner.SID, outer.SID); err != nil { // a cycle
				return err
			}
			return c.SetMailboxPermission(access.MailboxPermission{Mailbox: id, To: outer.SID, Rights: access.FullAccess})
		}))
		may := func() bool {
			q := access.Question{Caller: &access.Caller{Authenticated: bruno.Principal, Method: access.Basic}, On: access.MailboxOf(id), Want: access.FullAccess}
			decision := d.Snapshot().Decide(q)
			return decision.Allowed()
		}
		if !may() {
			t.Error("FullAccess through nested groups is refused")
		}
		must(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveMember(inner.SID, bruno.SID) }))
		if may() {
			t.Error("FullAccess outlives the membership")
		}
	})
}

func TestAssignments(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, portal := person("anna"), person("portal")
		create(t, d, anna, portal)
		full := func() *Assignment {
			return &Assignment{CreatedBy: anna.SID, Assignment: access.Assignment{
				Assignee: portal.SID, Rights: access.ApplicationImpersonation, Server: "CAS1",
				Scope: access.Scope{Kind: access.ScopeDatabase, Name: "DB1"}, Gate: access.GateBypass,
				AllowDisabled: true, Enabled: true,
				NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			}}
		}
		refused := func(change func(*Assignment)) {
			t.Helper()
			a := full()
			change(a)
			if d.Update(t.Context(), func(c *Change) error { return c.CreateAssignment(a) }) == nil {
				t.Error("accepted:", *a)
			}
		}
		refused(func(a *Assignment) { a.Assignee = "S-1-5-21-1-1-1-1" })
		refused(func(a *Assignment) { a.Scope = access.Scope{} })
		refused(func(a *Assignment) { a.Scope.Name = "DB9" })
		refused(func(a *Assignment) { a.Scope = access.Scope{Kind: access.ScopeAll, Name: "x"} })
		refused(func(a *Assignment) {
			a.Scope = access.Scope{Kind: access.ScopeGroup, Name: string(anna.SID)}
		})
		refused(func(a *Assignment) { a.Rights = 0 })
		refused(func(a *Assignment) { a.Rights = access.FullAccess })
		refused(func(a *Assignment) { a.NotBefore = a.NotAfter })

		want := full()
		must(t, d.Update(t.Context(), func(c *Change) error { return c.CreateAssignment(want) }))
		all, err := d.Assignments(t.Context())
		must(t, err)
		if len(all) != 1 || all[0] != *want {
			t.Errorf("kept %+v, want %+v", all, want)
		}
		must(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetAssignment(want.ID, func(a *access.Assignment) error {
				a.Enabled = false
				return nil
			})
		}))
		all, err = d.Assignments(t.Context())
		must(t, err)
		if all[0].Enabled {
			t.Error("still enabled")
		}
	})
}

func TestOrganizationAndPlaces(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		must(t, d.Update(t.Context(), func(c *Change) error {
			if err := c.AddDomain("Contoso.Test"); err != nil {
				return err
			}
			if err := c.SetDefaultDomain("contoso.test"); err != nil {
				return err
			}
			if err := c.SetServer(Server{"CAS1", "Berlin", "https://cas1.contoso.example"}); err != nil {
				return err
			}
			return c.SetOrganization(func(o *access.Organization) error {
				o.Precedence, o.Policy.EwsEnabled = access.Strict, access.Off
				return nil
			})
		}))
		o := d.Snapshot().Organization()
		if o.Name != "Contoso" || o.Precedence != access.Strict || o.Policy.EwsEnabled != access.Off || d.DefaultDomain() != "contoso.test" || !d.Accepted("contoso.example") {
			t.Errorf("%+v, default %s", o, d.DefaultDomain())
		}
		create(t, d, person("anna"))
		for _, remove := range []func(*Change) error{
			func(c *Change) error { return c.RemoveDomain("contoso.test") },    // the default
			func(c *Change) error { return c.RemoveDomain("contoso.example") }, // in use
		} {
			wants(t, d.Update(t.Context(), remove), entente.Conflict, "")
		}
		wants(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetDatabase(Database{Name: "PG", URL: "postgres://mail:secret@db/mail"})
		}), entente.Invalid, "")
	})
}

func TestChangeIsAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		before := d.Snapshot().Generation()
		broken := errors.New("broken")
		err := d.Update(t.Context(), func(c *Change) error {
			if err := c.CreateAccount(person("anna")); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) || d.Snapshot().Generation() != before || d.Snapshot().Accounts() != 0 {
			t.Error("half a change is kept:", err)
		}
	})
}

// TestSecondNodeFollows has a change made through one Directory appear in
// another on the same database.
func TestSecondNodeFollows(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		connect := func() *db.DB {
			x, err := db.Open(t.Context(), url, db.Options{Strict: true})
			must(t, err)
			t.Cleanup(func() { _ = x.Close() })
			return x
		}
		one := open(t, connect())
		other, err := Open(t.Context(), Config{DB: connect()})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { other.Run(ctx); close(done) }()
		defer func() { cancel(); <-done }()
		create(t, one, person("anna"))
		deadline := time.After(5 * time.Second)
		for {
			if _, ok := other.Snapshot().FindUPN("anna@contoso.example"); ok {
				return
			}
			select {
			case <-deadline:
				t.Fatal("the change did not arrive")
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}

func asError(err error, e **entente.Error) bool { return errors.As(err, e) }

// TestVirtualDirectories: what is set is in force with the change, and what is
// as if nothing were set is forgotten.
func TestVirtualDirectories(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		set := func(server, protocol string, f func(*VirtualDirectory)) error {
			return d.Update(t.Context(), func(c *Change) error {
				return c.SetVirtualDirectory(server, protocol, func(v *VirtualDirectory) error { f(v); return nil })
			})
		}
		nothing := VirtualDirectory{Server: "ex1", Protocol: "ews"}
		if v := d.VirtualDirectory("ex1", "ews"); v != nothing || !v.Offers(access.Basic) || !v.Offers(access.Node) {
			t.Errorf("%+v", v)
		}
		must(t, set("ex1", "ews", func(v *VirtualDirectory) {
			v.Basic, v.Negotiate, v.ExternalURL = access.Off, access.On, "https://mail.contoso.example/EWS/Exchange.asmx"
		}))
		must(t, set("ex1", "ews", func(v *VirtualDirectory) { v.Certificate = access.Off }))
		v := d.VirtualDirectory("ex1", "ews")
		if v.Offers(access.Basic) || !v.Offers(access.Negotiate) || !v.Offers(access.Bearer) || v.Offers(access.Certificate) || v.ExternalURL == "" {
			t.Errorf("%+v", v)
		}
		if all := d.VirtualDirectories(); len(all) != 1 || all[0] != v {
			t.Errorf("%+v", all)
		}
		must(t, set("ex1", "ews", func(v *VirtualDirectory) { *v = VirtualDirectory{} }))
		if all := d.VirtualDirectories(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
		refused := func(server, protocol, address string) {
			t.Helper()
			wants(t, set(server, protocol, func(v *VirtualDirectory) { v.InternalURL = address }), entente.Invalid, "")
		}
		refused("ex1", "owa", "")
		refused("", "ews", "")
		refused("ex1/ews", "ews", "")
		refused("ex1", "ews", "http://mail.contoso.example/EWS/Exchange.asmx")
		refused("ex1", "ews", "https://anna:secret@mail.contoso.example/")
		refused("ex1", "ews", "https:///EWS")
		refused("ex1", "ews", "https://mail.contoso.example/"+strings.Repeat("x", maxVirtualURL))

		change(t, d, func(c *Change) error { return c.SetServer(Server{Name: "ex2", Site: "Oslo"}) })
		change(t, d, func(c *Change) error { return c.SetServer(Server{Name: "ex1", Site: "Oslo"}) })
		if got := d.SiteServers("Oslo"); d.Site("ex1") != "Oslo" || d.Site("ex3") != "" || len(got) != 2 || got[0] != "ex1" {
			t.Errorf("%q %q", d.Site("ex1"), got)
		}
	})
}
