package directory

import (
	"reflect"
	"testing"
	"time"

	"entente"
	"entente/access"
)

// granted returns an item grant to be created: Anna's appointment 7, to crm.
func granted(anna *Account, to entente.SID) *ItemGrant {
	return &ItemGrant{ItemGrant: access.ItemGrant{
		Mailbox: anna.Mailbox, To: to, Items: []access.ItemKey{{Content: 7}, {Content: 8, Day: 20261224}}, Label: "Shared",
		Read: access.FieldSubject | access.FieldTime, Write: access.FieldTime,
		Earliest: time.Unix(1000, 0).UTC(), Latest: time.Unix(2000, 0).UTC(), Locations: []string{"Room 1"},
		NotAfter: time.Unix(5000, 0).UTC(), Enabled: true,
	}}
}

// withMailbox creates an account with a mailbox.
func withMailbox(t testing.TB, d *Directory, name string) *Account {
	t.Helper()
	a := person(name)
	create(t, d, a)
	change(t, d, func(c *Change) (err error) {
		a.Mailbox, err = c.EnableMailbox(a.SID, "DB1")
		return err
	})
	return a
}

func change(t testing.TB, d *Directory, f func(*Change) error) {
	t.Helper()
	must(t, d.Update(t.Context(), f))
}

func TestAttributesAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		a := person("anna")
		a.Department, a.Custom[0], a.Custom[14] = "Research", "VIP", "last"
		create(t, d, a)
		want := access.Attributes{Alias: "anna", Department: "Research", Custom: a.Custom}
		got, err := d.Account(t.Context(), a.SID)
		must(t, err)
		if got.Custom != a.Custom || got.Attributes == nil || *got.Attributes != want {
			t.Errorf("%+v", got)
		}
		if s, ok := d.Snapshot().FindSID(a.SID); !ok || s.Attributes == nil || *s.Attributes != want {
			t.Errorf("the snapshot has %+v", s.Attributes)
		}
		wants(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetAccount(a.SID, func(a *Account) error { a.Custom[3] = "line\nbreak"; return nil })
		}), entente.Invalid, "")
	})
}

func TestManagementScopes(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		crm := person("crm")
		create(t, d, crm)
		vip := access.ManagementScope{Name: "VIP", Filter: `CustomAttribute1 -eq "VIP"`}
		over := &Assignment{Assignment: access.Assignment{
			ID: "crm", Assignee: crm.SID, Rights: access.ApplicationImpersonation, Enabled: true,
			Scope: access.Scope{Kind: access.ScopeManagement, Name: "VIP"},
		}}
		policy := access.ScopePolicy{Scope: "VIP", Priority: 3, Policy: access.ClientPolicy{EwsAllowedAppIDs: []access.ApplicationID{"crm"}}}
		refused := func(kind entente.Kind, f func(c *Change) error) {
			t.Helper()
			wants(t, d.Update(t.Context(), f), kind, "")
		}
		refused(entente.NotFound, func(c *Change) error { return c.CreateAssignment(over) })
		refused(entente.NotFound, func(c *Change) error { return c.SetScopePolicy(policy) })
		refused(entente.Invalid, func(c *Change) error { return c.CreateScope(access.ManagementScope{Name: "VIP"}) })
		refused(entente.Invalid, func(c *Change) error { return c.CreateScope(access.ManagementScope{Filter: vip.Filter}) })
		refused(entente.Invalid, func(c *Change) error {
			return c.CreateScope(access.ManagementScope{Name: "VIP", Filter: "Department -eq"})
		})
		change(t, d, func(c *Change) error { return c.CreateScope(vip) })
		refused(entente.Conflict, func(c *Change) error { return c.CreateScope(vip) })
		change(t, d, func(c *Change) error { return c.CreateAssignment(over) })
		refused(entente.Conflict, func(c *Change) error { return c.RemoveScope("VIP") })
		change(t, d, func(c *Change) error { return c.RemoveAssignment("crm") })
		change(t, d, func(c *Change) error { return c.SetScopePolicy(policy) })
		refused(entente.Conflict, func(c *Change) error { return c.RemoveScope("VIP") })
		all, err := d.ScopePolicies(t.Context())
		must(t, err)
		if !reflect.DeepEqual(all, []access.ScopePolicy{policy}) {
			t.Errorf("policies %+v", all)
		}
		change(t, d, func(c *Change) error {
			return c.SetScope("VIP", func(s *access.ManagementScope) error { s.Exclusive = true; return nil })
		})
		got, err := d.Scope(t.Context(), "VIP")
		vip.Exclusive = true
		if err != nil || got != vip {
			t.Errorf("%+v, %v", got, err)
		}
		change(t, d, func(c *Change) error { return c.RemoveScopePolicy("VIP") })
		change(t, d, func(c *Change) error { return c.RemoveScope("VIP") })
		refused(entente.NotFound, func(c *Change) error { return c.RemoveScope("VIP") })
	})
}

func TestRealms(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		own := d.Snapshot().Organization().DomainSID
		set := func(name string, sid entente.SID) error {
			return d.Update(t.Context(), func(c *Change) error { return c.SetRealm(access.Realm{Name: name, DomainSID: sid}) })
		}
		wants(t, set("", "S-1-5-21-1-2-3"), entente.Invalid, "")
		wants(t, set("FABRIKAM.EXAMPLE", "S-1-5-32-544"), entente.Invalid, "")
		wants(t, set("FABRIKAM.EXAMPLE", "S-1-5-21-1-2-3-500"), entente.Invalid, "")
		wants(t, set("FABRIKAM.EXAMPLE", own), entente.Conflict, "")
		must(t, set("FABRIKAM.EXAMPLE", "S-1-5-21-1-2-3"))
		must(t, set("FABRIKAM.EXAMPLE", "S-1-5-21-1-2-4"))
		wants(t, set("OTHER.EXAMPLE", "S-1-5-21-1-2-4"), entente.Conflict, "")
		all, err := d.Realms(t.Context())
		must(t, err)
		if len(all) != 1 || all[0] != (access.Realm{Name: "FABRIKAM.EXAMPLE", DomainSID: "S-1-5-21-1-2-4"}) {
			t.Errorf("realms %+v", all)
		}
		change(t, d, func(c *Change) error { return c.RemoveRealm("FABRIKAM.EXAMPLE") })
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveRealm("FABRIKAM.EXAMPLE") }), entente.NotFound, "")
	})
}

func TestItemGrantsAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, crm := withMailbox(t, d, "anna"), person("crm")
		create(t, d, crm)
		g := granted(anna, crm.SID)
		g.CreatedBy = anna.SID
		g.Chain = &Chain{Authenticated: crm.SID, Assignment: "crm", Via: []access.Link{{Who: crm.Principal, How: "impersonation"}}}
		change(t, d, func(c *Change) error { g.ID = ""; return c.CreateItemGrant(g) })
		got, err := d.ItemGrant(t.Context(), g.ID)
		must(t, err)
		if !reflect.DeepEqual(got, g) {
			t.Errorf("%+v\nwant %+v", got, g)
		}
		for what, list := range map[string]func() ([]ItemGrant, error){
			"all":        func() ([]ItemGrant, error) { return d.ItemGrants(t.Context()) },
			"mailbox":    func() ([]ItemGrant, error) { return d.ItemGrantsOn(t.Context(), anna.Mailbox) },
			"assignment": func() ([]ItemGrant, error) { return d.ItemGrantsUnder(t.Context(), "crm") },
		} {
			if all, err := list(); err != nil || len(all) != 1 || all[0].ID != g.ID {
				t.Errorf("%s: %+v, %v", what, all, err)
			}
		}
		change(t, d, func(c *Change) error {
			return c.SetItemGrant(g.ID, func(i *access.ItemGrant) error {
				i.Mailbox, i.Enabled = entente.MailboxID{1}, false // the mailbox stays
				return nil
			})
		})
		if got, err := d.ItemGrant(t.Context(), g.ID); err != nil || got.Enabled || got.Mailbox != anna.Mailbox || got.Chain == nil {
			t.Errorf("%+v, %v", got, err)
		}
		change(t, d, func(c *Change) error { return c.RevokeItemGrant(g.ID) })
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.RevokeItemGrant(g.ID) }), entente.NotFound, "")
	})
}

func TestItemGrantsAreChecked(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, crm := withMailbox(t, d, "anna"), person("crm")
		create(t, d, crm)
		for what, c := range map[string]struct {
			kind   entente.Kind
			with   func(*ItemGrant)
			reason entente.Reason
		}{
			"unknown mailbox":    {kind: entente.NotFound, with: func(g *ItemGrant) { g.Mailbox = entente.MailboxID{1} }},
			"unknown grantee":    {entente.NotFound, func(g *ItemGrant) { g.To = "S-1-5-21-9-9-9-9" }, NoSuchGroup},
			"nobody":             {kind: entente.Invalid, with: func(g *ItemGrant) { g.To = "" }},
			"two grantees":       {kind: entente.Invalid, with: func(g *ItemGrant) { g.External = "x@fabrikam.example" }},
			"external within":    {kind: entente.Invalid, with: func(g *ItemGrant) { g.To, g.External = "", "crm@contoso.example" }},
			"no address":         {kind: entente.Invalid, with: func(g *ItemGrant) { g.To, g.External = "", "x" }},
			"no items":           {kind: entente.Invalid, with: func(g *ItemGrant) { g.Items = nil }},
			"too many items":     {kind: entente.TooLarge, with: func(g *ItemGrant) { g.Items = make([]access.ItemKey, maxGrantItems+1) }},
			"item without id":    {kind: entente.Invalid, with: func(g *ItemGrant) { g.Items[0].Content = 0 }},
			"no such day":        {kind: entente.Invalid, with: func(g *ItemGrant) { g.Items[0].Day = 20260230 }},
			"no fields":          {kind: entente.Invalid, with: func(g *ItemGrant) { g.Read, g.Write = 0, 0 }},
			"unknown field":      {kind: entente.Invalid, with: func(g *ItemGrant) { g.Read = access.AllFields + 1 }},
			"window upside down": {kind: entente.Invalid, with: func(g *ItemGrant) { g.Earliest, g.Latest = g.Latest, g.Earliest }},
			"ends at once":       {kind: entente.Invalid, with: func(g *ItemGrant) { g.NotBefore = g.NotAfter }},
			"control character":  {kind: entente.Invalid, with: func(g *ItemGrant) { g.Locations[0] = "a\x00" }},
		} {
			g := granted(anna, crm.SID)
			c.with(g)
			err := d.Update(t.Context(), func(ch *Change) error { return ch.CreateItemGrant(g) })
			if t.Run(what, func(t *testing.T) { wants(t, err, c.kind, c.reason) }); err == nil {
				t.Fatalf("%s was kept", what)
			}
		}
		g := granted(anna, "")
		g.External = "Eve@Fabrikam.example"
		change(t, d, func(c *Change) error { return c.CreateItemGrant(g) })
		if got, err := d.ItemGrant(t.Context(), g.ID); err != nil || got.External != "eve@fabrikam.example" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// What is granted to somebody, or on a mailbox, goes with him or it.
func TestItemGrantsGoAlong(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		var anna *Account
		for what, remove := range map[string]func(c *Change, crm *Account, g *Group) error{
			"account":  func(c *Change, crm *Account, _ *Group) error { return c.RemoveAccount(crm.SID) },
			"group":    func(c *Change, _ *Account, g *Group) error { return c.RemoveGroup(g.SID) },
			"disabled": func(c *Change, _ *Account, _ *Group) error { _, err := c.DisableMailbox(anna.SID); return err },
			"owner":    func(c *Change, _ *Account, _ *Group) error { return c.RemoveAccount(anna.SID) },
		} {
			anna = withMailbox(t, d, what)
			crm, team := person("crm"+what), &Group{Group: access.Group{Name: "Team", Master: "S-1-5-21-7-7-7-512"}}
			create(t, d, crm)
			change(t, d, func(c *Change) error { team.SID = ""; return c.CreateGroup(team) })
			if got, err := d.Group(t.Context(), team.SID); err != nil || got.Master != team.Master {
				t.Errorf("%+v, %v", got, err)
			}
			to := crm.SID
			if what == "group" {
				to = team.SID
			}
			g := granted(anna, to)
			change(t, d, func(c *Change) error { return c.CreateItemGrant(g) })
			change(t, d, func(c *Change) error { return remove(c, crm, team) })
			if all, err := d.ItemGrants(t.Context()); err != nil || len(all) > 0 {
				t.Errorf("%s: left %+v, %v", what, all, err)
			}
		}
	})
}
