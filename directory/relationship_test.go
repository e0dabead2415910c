package directory

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/db"
)

// fabrikam is a relationship with all there is to say.
func fabrikam() access.Relationship {
	return access.Relationship{
		Name: "Fabrikam", Domains: []entente.Domain{"fabrikam.example", "eu.fabrikam.example"}, Enabled: true, FreeBusy: true,
		FreeBusyLevel: access.LimitedDetails, Contact: "admin@fabrikam.example",
		TargetApplicationURI: "FYDIBOHF25SPDLT.fabrikam.example", TargetAutodiscoverEPR: "https://autodiscover.fabrikam.example/autodiscover/autodiscover.svc/WSSecurity",
		TargetSharingEPR: "https://mail.fabrikam.example/EWS/Exchange.asmx/WSSecurity", TargetOWAURL: "https://mail.fabrikam.example/owa",
		Keys: []string{"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
	}
}

func TestRelationshipsAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		change(t, d, func(c *Change) error { return c.CreateRelationship(fabrikam()) })
		want := fabrikam()
		slices.Sort(want.Domains)
		found, ok := d.Snapshot().RelationshipFor("eu.fabrikam.example")
		if !ok || !reflect.DeepEqual(*found, want) {
			t.Errorf("%+v\nwant %+v", found, want)
		}
		if _, ok := d.Snapshot().RelationshipFor("us.fabrikam.example"); ok {
			t.Error("a domain below one is in the relationship, too")
		}
		set := func(name string, f func(r *access.Relationship)) error {
			return d.Update(t.Context(), func(c *Change) error {
				return c.SetRelationship(name, func(r *access.Relationship) error { f(r); return nil })
			})
		}
		must(t, set("FABRIKAM", func(r *access.Relationship) { r.Name, r.Domains = "Fab", []entente.Domain{"Fabrikam.Example"} }))
		all, err := d.Relationships(t.Context())
		must(t, err)
		if len(all) != 1 || all[0].Name != "Fab" || !slices.Equal(all[0].Domains, []entente.Domain{"fabrikam.example"}) {
			t.Errorf("%+v", all)
		}
		if _, ok := d.Snapshot().RelationshipFor("eu.fabrikam.example"); ok {
			t.Error("the domain is still in the relationship")
		}
		wants(t, set("Fabrikam", func(*access.Relationship) {}), entente.NotFound, "")
		change(t, d, func(c *Change) error { return c.RemoveRelationship("fab") })
		if len(d.Snapshot().Relationships()) != 0 {
			t.Error("there is a relationship still")
		}
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveRelationship("fab") }), entente.NotFound, "")
	})
}

func TestRelationshipsAreChecked(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		list := &Group{Group: access.Group{Name: "List"}}
		team := &Group{Group: access.Group{Name: "Team"}, Kind: Security}
		change(t, d, func(c *Change) error { return errors.Join(c.CreateGroup(list), c.CreateGroup(team)) })
		change(t, d, func(c *Change) error { return c.CreateRelationship(fabrikam()) })
		test := func(what string, kind entente.Kind, f func(r *access.Relationship)) {
			t.Helper()
			r := fabrikam()
			r.Name, r.Domains = "Other", []entente.Domain{"other.example"}
			f(&r)
			err := d.Update(t.Context(), func(c *Change) error { return c.CreateRelationship(r) })
			var e *entente.Error
			if !errors.As(err, &e) || e.Kind != kind {
				t.Errorf("%s: %v", what, err)
			}
		}
		test("the name", entente.Conflict, func(r *access.Relationship) { r.Name = "FABRIKAM" })
		test("the domain", entente.Conflict, func(r *access.Relationship) { r.Domains = append(r.Domains, "FABRIKAM.example") })
		test("no name", entente.Invalid, func(r *access.Relationship) { r.Name = "" })
		test("a long name", entente.Invalid, func(r *access.Relationship) { r.Name = strings.Repeat("x", 65) })
		test("no domain", entente.Invalid, func(r *access.Relationship) { r.Domains = nil })
		test("a broken domain", entente.Invalid, func(r *access.Relationship) { r.Domains[0] = "a b" })
		test("no level", entente.Invalid, func(r *access.Relationship) { r.FreeBusyLevel = 7 })
		test("no group", entente.NotFound, func(r *access.Relationship) { r.FreeBusyScope = "S-1-5-21-1-1-1-1" })
		test("a list", entente.Invalid, func(r *access.Relationship) { r.FreeBusyScope = list.SID })
		test("plain HTTP", entente.Invalid, func(r *access.Relationship) { r.TargetSharingEPR = "http://x.example/" })
		test("a password", entente.Invalid, func(r *access.Relationship) { r.TargetAutodiscoverEPR = "https://u:p@x.example/" })
		test("a key", entente.Invalid, func(r *access.Relationship) { r.Keys = []string{"short"} })
		test("control characters", entente.Invalid, func(r *access.Relationship) { r.TargetApplicationURI = "a\nb" })
		change(t, d, func(c *Change) error {
			r := fabrikam()
			r.Name, r.Domains, r.FreeBusyScope = "Scoped", []entente.Domain{"scoped.example"}, team.SID
			return c.CreateRelationship(r)
		})
		remove := func(c *Change) error { return c.RemoveGroup(team.SID) }
		wants(t, d.Update(t.Context(), remove), entente.Conflict, "")
		change(t, d, func(c *Change) error {
			return c.SetRelationship("scoped", func(r *access.Relationship) error { r.FreeBusyScope = ""; return nil })
		})
		change(t, d, remove)
	})
}

func TestSharingPolicies(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		rule := access.SharingRule{Domain: "*", Actions: access.CalendarSharingFreeBusySimple}
		create := func(p access.SharingPolicy) error {
			return d.Update(t.Context(), func(c *Change) error { return c.CreateSharingPolicy(p) })
		}
		set := func(name string, f func(p *access.SharingPolicy)) error {
			return d.Update(t.Context(), func(c *Change) error {
				return c.SetSharingPolicy(name, func(p *access.SharingPolicy) error { f(p); return nil })
			})
		}
		remove := func(name string) error {
			return d.Update(t.Context(), func(c *Change) error { return c.RemoveSharingPolicy(name) })
		}
		anna := withMailbox(t, d, "anna")
		holds := func(want string) {
			t.Helper()
			got := ""
			if p, ok := d.Snapshot().SharingPolicyOf(anna.SID); ok {
				got = p.Name
			}
			if got != want {
				t.Errorf("the policy is %q and not %q", got, want)
			}
		}
		holds("")
		must(t, create(access.SharingPolicy{Name: "Standard", Enabled: true, Default: true, Rules: []access.SharingRule{rule}}))
		holds("Standard")
		must(t, create(access.SharingPolicy{Name: "Open", Enabled: true, Default: true, Rules: []access.SharingRule{rule}}))
		holds("Open")
		wants(t, create(access.SharingPolicy{Name: "OPEN", Rules: []access.SharingRule{rule}}), entente.Conflict, "")
		assign := func(name string) error {
			return d.Update(t.Context(), func(c *Change) error {
				return c.SetAccount(anna.SID, func(a *Account) error { a.SharingPolicy = name; return nil })
			})
		}
		wants(t, assign("Nothing"), entente.NotFound, "")
		must(t, assign("standard"))
		holds("Standard")
		if a, err := d.Account(t.Context(), anna.SID); err != nil || a.SharingPolicy != "Standard" {
			t.Errorf("%+v, %v", a, err)
		}
		wants(t, remove("Standard"), entente.Conflict, "")
		wants(t, remove("Open"), entente.Conflict, "")
		must(t, set("Standard", func(p *access.SharingPolicy) { p.Name = "Strict" }))
		holds("Strict")
		wants(t, set("Strict", func(p *access.SharingPolicy) { p.Name = "open" }), entente.Conflict, "")
		wants(t, set("Open", func(p *access.SharingPolicy) { p.Default = false }), entente.Invalid, "")
		must(t, set("Strict", func(p *access.SharingPolicy) { p.Default = true }))
		must(t, assign(""))
		must(t, remove("Open"))
		must(t, assign("Strict"))
		change(t, d, func(c *Change) error { _, err := c.DisableMailbox(anna.SID); return err })
		must(t, remove("Strict"))
		holds("")

		bad := func(rules ...access.SharingRule) {
			t.Helper()
			wants(t, create(access.SharingPolicy{Name: "Bad", Rules: rules}), entente.Invalid, "")
		}
		bad()
		bad(rule, rule)
		bad(access.SharingRule{Domain: "a b", Actions: 1})
		bad(access.SharingRule{Domain: "a.example"})
		bad(access.SharingRule{Domain: access.AnonymousDomain, Actions: access.ContactsSharing})
	})
}

// Nobody of another organization is shown anything by rows that somebody wrote by
// hand, nor by those beside them.
func TestAlteredTablesShareNothing(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		change(t, o.d, func(c *Change) error { return c.CreateRelationship(fabrikam()) })
		if _, ok := o.d.Snapshot().RelationshipFor("fabrikam.example"); !ok {
			t.Fatal("there is no relationship")
		}
		o.sql(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE directory_relationship SET settings = '{}'`) })
		must(t, o.d.check(t.Context()))
		o.wantAlarm(o.d)
		if all := o.d.Snapshot().Relationships(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}
