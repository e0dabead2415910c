package directory

import (
	"context"
	"crypto/ed25519"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// named returns a person with a full name.
func named(login, given, surname string) *Account {
	a := person(login)
	a.Name, a.GivenName, a.Surname = given+" "+surname, given, surname
	return a
}

func TestSearch(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, anja := named("aberg", "Anna Maria", "Berg"), named("anja", "Anja", "Özil")
		hidden, service := named("annex", "Anna", "Hidden"), named("annabot", "Anna", "Bot")
		hidden.Hidden, service.Mail = true, ""
		anna.Proxies = []entente.SMTPAddress{"office@contoso.example"}
		create(t, d, anna, anja, hidden, service)
		must(t, d.Update(t.Context(), func(c *Change) error {
			g := &Group{}
			g.Name, g.Mail = "Annual Meeting", "meeting@contoso.example"
			return c.CreateGroup(g)
		}))
		test := func(prefix string, limit int, want ...string) {
			t.Helper()
			found, more, err := d.Search(t.Context(), prefix, limit)
			must(t, err)
			var got []string
			for _, e := range found {
				got = append(got, e.Name())
			}
			if more {
				got = append(got, "…")
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q: %q, want %q", prefix, got, want)
			}
		}
		test("an", 10, "Anja Özil", "Anna Maria Berg", "Annual Meeting")
		test("ANNA", 10, "Anna Maria Berg")
		test("  anna   maria b", 10, "Anna Maria Berg")
		test("maria b", 10, "Anna Maria Berg")
		test("berg, an", 10, "Anna Maria Berg")
		test("aber", 10, "Anna Maria Berg")
		test("office@", 10, "Anna Maria Berg")
		test("özil", 10, "Anja Özil")
		test("ÖZ", 10, "Anja Özil")
		test("meeting@contoso.example", 10, "Annual Meeting")
		test("nna", 10)
		test("", 10)
		test("%", 10)
		test(strings.Repeat("a", 10_000), 10)
		if found, more, err := d.Search(t.Context(), "an", 2); err != nil || len(found) != 2 || !more {
			t.Error(found, more, err)
		}
		if e, err := d.ByAddress(t.Context(), "office@contoso.example"); err != nil || e.Account == nil || e.Account.SID != anna.SID {
			t.Error(e, err)
		}
		if e, err := d.ByAddress(t.Context(), "meeting@contoso.example"); err != nil || e.Group == nil {
			t.Error(e, err)
		}
		_, err := d.ByAddress(t.Context(), "nobody@contoso.example")
		wants(t, err, entente.NotFound, "")
		// Who is renamed is found by the new name alone.
		must(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetAccount(anna.SID, func(a *Account) error { a.Name, a.GivenName = "Hanna Berg", "Hanna"; return nil })
		}))
		test("anna", 10)
		test("hann", 10, "Hanna Berg")
	})
}

func TestGroupsAndRooms(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, r1, r2 := person("anna"), person("room1"), person("room2")
		r1.Kind, r2.Kind, r1.Name, r2.Name = access.KindRoom, access.KindRoom, "Zulu", "Alpha"
		create(t, d, anna, r1, r2)
		make := func(name string, kind GroupKind, members ...entente.SID) *Group {
			g := &Group{Kind: kind}
			must(t, d.Update(t.Context(), func(c *Change) error {
				g.SID, g.Name, g.Mail, g.Members = "", name, entente.SMTPAddress(name+"@contoso.example"), members
				return c.CreateGroup(g)
			}))
			return g
		}
		list := make("berlin", RoomList, r1.SID, r2.SID, anna.SID)
		inner := make("inner", Distribution, anna.SID, r1.SID)
		outer := make("outer", Distribution, inner.SID, anna.SID)
		must(t, d.Update(t.Context(), func(c *Change) error { return c.AddMember(inner.SID, outer.SID) }))

		lists, err := d.RoomLists(t.Context())
		must(t, err)
		if len(lists) != 1 || lists[0].SID != list.SID {
			t.Error(lists)
		}
		rooms, err := d.Rooms(t.Context(), "berlin@contoso.example")
		must(t, err)
		if len(rooms) != 2 || rooms[0].Name != "Alpha" || rooms[1].Name != "Zulu" {
			t.Error(rooms)
		}
		_, err = d.Rooms(t.Context(), "inner@contoso.example")
		wants(t, err, entente.NotFound, NoSuchGroup)
		direct, err := d.ExpandDL(t.Context(), "outer@contoso.example")
		must(t, err)
		if len(direct) != 2 {
			t.Error(direct)
		}
		all, err := d.Recipients(t.Context(), "outer@contoso.example", 2)
		must(t, err)
		if len(all) != 2 {
			t.Error(all)
		}
		_, err = d.Recipients(t.Context(), "outer@contoso.example", 1)
		wants(t, err, entente.TooLarge, "")
		_, err = d.ExpandDL(t.Context(), "anna@contoso.example")
		wants(t, err, entente.NotFound, NoSuchGroup)
	})
}

func TestNodes(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		key := func(b byte) ed25519.PublicKey {
			return ed25519.PublicKey(slices.Repeat([]byte{b}, ed25519.PublicKeySize))
		}
		n := Node{ID: "n1", Name: "CAS1", URL: "https://cas1", PublicKey: key(1), Keys: []string{"federation-1"}}
		must(t, d.Register(t.Context(), n))
		must(t, d.Register(t.Context(), n)) // again, after a restart
		thief := n
		thief.PublicKey = key(2)
		wants(t, d.Register(t.Context(), thief), entente.Conflict, "")
		all, err := d.Nodes(t.Context())
		must(t, err)
		if len(all) != 1 || all[0].Down || all[0].Generation != d.Snapshot().Generation() || !slices.Equal(all[0].Keys, n.Keys) ||
			!all[0].PublicKey.Equal(n.PublicKey) || time.Until(all[0].Lease) > leaseTime {
			t.Errorf("%+v", all)
		}
		must(t, d.Unregister(t.Context()))
		if all, err = d.Nodes(t.Context()); err != nil || !all[0].Down {
			t.Error("not down:", all, err)
		}
		must(t, d.Register(t.Context(), thief)) // now it may
	})
}

// TestLeaseIsRenewed lets hours pass while Run keeps the node up, and then
// longer than a lease without it.
func TestLeaseIsRenewed(t *testing.T) {
	url := dbtest.SQLiteURL(t)
	synctest.Test(t, func(t *testing.T) {
		x, err := db.Open(t.Context(), url, db.Options{})
		must(t, err)
		defer func() { must(t, x.Close()) }()
		d := open(t, x)
		must(t, d.Register(t.Context(), Node{ID: "n1", PublicKey: make(ed25519.PublicKey, ed25519.PublicKeySize)}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		down := func() bool {
			t.Helper()
			all, err := d.Nodes(t.Context())
			must(t, err)
			return all[0].Down
		}
		for range 3 {
			time.Sleep(leaseTime)
			if down() {
				t.Error("down while it runs")
			}
		}
		create(t, d, person("anna"))
		time.Sleep(renewEvery + pollEvery)
		if all, err := d.Nodes(t.Context()); err != nil || all[0].Generation != d.Snapshot().Generation() {
			t.Error("the node tells an old generation:", all, err)
		}
		cancel()
		<-done
		time.Sleep(leaseTime)
		if !down() {
			t.Error("not down after its end")
		}
	})
}

// TestConcurrentChanges: changes from many sides are all kept, each with a
// generation of its own, and all SIDs differ.
func TestConcurrentChanges(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		before := d.Snapshot().Generation()
		const n = 20
		accounts := make([]*Account, n)
		errs := make(chan error, n)
		for i := range n {
			accounts[i] = person("user" + strings.Repeat("x", i))
			go func() {
				errs <- d.Update(t.Context(), func(c *Change) error {
					accounts[i].SID = ""
					return c.CreateAccount(accounts[i])
				})
			}()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		s := d.Snapshot()
		if s.Accounts() != n || s.Generation() != before+n {
			t.Error(s.Accounts(), s.Generation()-before)
		}
		for _, a := range accounts {
			if found, ok := s.FindUPN(string(a.UPN)); !ok || found.SID != a.SID {
				t.Errorf("%s is %s, not %s", a.UPN, found.SID, a.SID)
			}
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	d := open(b, dbtest.SQLite(b))
	fill(b, d, 10_000)
	for b.Loop() {
		if found, _, err := d.Search(b.Context(), "user 77", 10); err != nil || len(found) != 10 {
			b.Fatal(found, err)
		}
	}
}

// fill adds accounts.
func fill(b *testing.B, d *Directory, n int) {
	must(b, d.Update(b.Context(), func(c *Change) error {
		for i := range n {
			a := named("user"+string(rune('a'+i%26))+strconv.Itoa(i), "User", strconv.Itoa(i))
			if err := c.CreateAccount(a); err != nil {
				return err
			}
		}
		return nil
	}))
}
