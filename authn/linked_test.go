package authn

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/directory"
)

const (
	userForest = "S-1-5-21-9-9-9"
	lenaThere  = userForest + "-1105" // Lena's account in her own forest
	staffThere = userForest + "-2100"
)

// forest is a resource forest: Lena's mailbox is here, she is elsewhere.
func forest(t *testing.T) (d *directory.Directory, lena directory.Account) {
	t.Helper()
	d, err := directory.Open(t.Context(), directory.Config{DB: dbtest.SQLite(t), Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	lena = account("lena@contoso.example", "lena@contoso.example", access.KindUser)
	lena.Master, lena.Enabled = lenaThere, false
	otto := account("otto@contoso.example", "otto@contoso.example", access.KindUser)
	err = d.Update(t.Context(), func(c *directory.Change) error {
		return errors.Join(c.AddDomain("contoso.example"), c.CreateAccount(&lena), c.CreateAccount(&otto),
			c.SetRealm(access.Realm{Name: "FABRIKAM.EXAMPLE", DomainSID: userForest}),
			c.SetRealm(access.Realm{Name: "TAILSPIN.EXAMPLE", DomainSID: "S-1-5-21-8-8-8"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, lena
}

// TestLinked: a realm's word counts about its own accounts and groups.
func TestLinked(t *testing.T) {
	d, lena := forest(t)
	otto, _ := d.Snapshot().FindUPN("otto@contoso.example")
	own := string(d.Snapshot().Organization().DomainSID)
	test := func(what, realm string, sid entente.SID, groups []entente.SID, want string) {
		t.Helper()
		c, err := Linked(d.Snapshot(), request(""), Vouched{Realm: realm, SID: sid, Groups: groups, Method: access.Negotiate, Evidence: "sha256:x"})
		got := "refused"
		if err == nil {
			got = fmt.Sprintf("%s %v", c.Authenticated.SID, c.Groups)
		}
		var e *entente.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != entente.Denied) {
			t.Errorf("%s: %v", what, err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	test("Lena", "FABRIKAM.EXAMPLE", lenaThere, []entente.SID{staffThere}, lenaThere+" ["+staffThere+"]")
	test("in small letters", "fabrikam.example", lenaThere, nil, lenaThere+" []")
	forged := []entente.SID{
		entente.SID(own + "-512"), "S-1-5-32-544", "S-1-5-21-8-8-8-2100", staffThere, userForest + "0-2100", userForest, userForest + "-2100-1",
	}
	test("with forged groups", "FABRIKAM.EXAMPLE", lenaThere, forged, lenaThere+" ["+staffThere+"]")
	test("by another realm", "TAILSPIN.EXAMPLE", lenaThere, nil, "refused")
	test("by an unknown realm", "OTHER.EXAMPLE", lenaThere, nil, "refused")
	test("by none", "", lenaThere, nil, "refused")
	test("an account that no mailbox is linked to", "FABRIKAM.EXAMPLE", userForest+"-9999", nil, "refused")
	test("the placeholder", "FABRIKAM.EXAMPLE", lena.SID, nil, "refused")
	test("one of ours", "FABRIKAM.EXAMPLE", otto.SID, nil, "refused")

	c, err := Linked(d.Snapshot(), request(""), Vouched{Realm: "FABRIKAM.EXAMPLE", SID: lenaThere, Method: access.Negotiate})
	if err != nil || c.Authenticated.UPN != lena.UPN || c.Authenticated.Mail != lena.Mail || len(c.Chain) != 1 || c.Chain[0].Who.SID != lenaThere || c.Realm == "" || c.Address == "" {
		t.Errorf("%+v %v", c, err)
	}
	change(t, d, func(c *directory.Change) error { return c.RemoveRealm("FABRIKAM.EXAMPLE") })
	test("of a realm that counts no more", "FABRIKAM.EXAMPLE", lenaThere, nil, "refused")
}

func change(t *testing.T, d *directory.Directory, f func(*directory.Change) error) {
	t.Helper()
	if err := d.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// TestLinkedToken: the owner of a linked mailbox signs in by a token, as the
// master account, until the mailbox is unlinked.
func TestLinkedToken(t *testing.T) {
	d, lena := forest(t)
	var token entente.Secret
	change(t, d, func(c *directory.Change) (err error) {
		_, token, err = c.CreateToken(lena.SID, "mail", time.Now().Add(time.Hour))
		return err
	})
	b := &Bearer{Directory: d, Secure: func(r *http.Request) bool { return true }}
	sign := func() (*access.Caller, error) { return b.Authenticate(request("Bearer "+token.Reveal()), nil) }
	c, err := sign()
	if err != nil || c.Authenticated.SID != lenaThere || c.Method != access.Bearer || c.Realm != "FABRIKAM.EXAMPLE" || c.Application != "mail" {
		t.Fatalf("%+v %v", c, err)
	}
	change(t, d, func(c *directory.Change) error {
		return c.SetAccount(lena.SID, func(a *directory.Account) error { a.Master = ""; return nil })
	})
	if c, err := sign(); err == nil {
		t.Errorf("unlinked, and yet: %+v", c)
	}
}

// TestLinkedByNode: what a realm says passes from node to node, and is filtered
// again.
func TestLinkedByNode(t *testing.T) {
	cl := newCluster(t)
	change(t, cl.directory, func(c *directory.Change) error {
		lena := account("lena@contoso.example", "lena@contoso.example", access.KindUser)
		lena.Master, lena.Enabled = lenaThere, false
		return errors.Join(c.CreateAccount(&lena), c.SetRealm(access.Realm{Name: "FABRIKAM.EXAMPLE", DomainSID: userForest}))
	})
	own := string(cl.directory.Snapshot().Organization().DomainSID)
	token := cl.issue(cl.issuer("a"), "b", &access.Caller{
		Authenticated: access.Principal{SID: lenaThere}, Method: access.Negotiate, Realm: "FABRIKAM.EXAMPLE",
		Groups: []entente.SID{staffThere, entente.SID(own + "-512")},
	})
	c, err := cl.node("b").Authenticate(over(nodeKey("a"), token), nil)
	if err != nil || c.Authenticated.SID != lenaThere || c.Realm != "FABRIKAM.EXAMPLE" || fmt.Sprint(c.Groups) != "["+staffThere+"]" {
		t.Errorf("%+v %v", c, err)
	}
}
