package directory

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// flat is the map that shards stand for.
func flat[K comparable, V any](s shards[K, V]) map[K]V {
	m := map[K]V{}
	if s.parts != nil {
		for _, p := range s.parts {
			maps.Copy(m, p)
		}
	}
	return m
}

// sameState fails unless a state is the same as everything read anew.
func sameState(t *testing.T, d *Directory, people []entente.SID) {
	t.Helper()
	var want *state
	must(t, d.db.View(t.Context(), func(tx *db.Tx) (err error) {
		want, err = d.whole(tx)
		return err
	}))
	got := d.now.Load()
	same := func(what string, a, b any) {
		t.Helper()
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %v\nwant %v", what, a, b)
		}
	}
	same("altered", got.altered, want.altered)
	same("total", got.rows.total, want.rows.total)
	same("tags", flat(got.rows.tags), flat(want.rows.tags))
	same("epochs", flat(got.epochs), flat(want.epochs))
	same("tokens", flat(got.tokens), flat(want.tokens))
	same("hashes", flat(got.hashes), flat(want.hashes))
	same("domains", got.domains, want.domains)
	same("default", got.standard, want.standard)
	same("places", got.places, want.places)
	same("sites", got.sites, want.sites)
	same("virtual directories", got.virtual, want.virtual)
	members := func(s *state) map[entente.SID][]entente.SID {
		all := flat(s.members)
		for k, m := range all {
			if len(m) == 0 {
				all[k] = nil
			}
		}
		return all
	}
	same("members", members(got), members(want))
	a, b := got.snapshot, want.snapshot
	same("generation", a.Generation(), b.Generation())
	same("organization", a.Organization(), b.Organization())
	same("accounts", a.Accounts(), b.Accounts())
	same("relationships", a.Relationships(), b.Relationships())
	same("sharing policies", a.SharingPolicies(), b.SharingPolicies())
	same("devices", a.Devices(), b.Devices())
	same("device access rules", a.DeviceRules(), b.DeviceRules())
	same("mobile device mailbox policies", a.MobilePolicies(), b.MobilePolicies())
	for _, sid := range people {
		x, okX := a.FindSID(sid)
		y, okY := b.FindSID(sid)
		same("found", okX, okY)
		same("account", x, y)
		for _, identity := range x.Identities {
			who, _ := a.FindIdentity(identity)
			other, _ := b.FindIdentity(identity)
			same("identity", who.SID, other.SID)
		}
		same("decisions", decisions(a, x, people), decisions(b, x, people))
	}
}

// decisions are what the snapshot says of an account: whom it may act as, and
// whose mailbox it may open.
func decisions(s *access.Snapshot, who access.Account, people []entente.SID) (all []string) {
	c := &access.Caller{Authenticated: who.Principal, Method: access.Basic}
	for _, p := range people {
		o, ok := s.FindSID(p)
		if !ok {
			continue
		}
		at := time.Now()
		acts, _ := s.Impersonate(c, access.ConnectingSID{SID: string(p)}, "", at, nil)
		full := s.Decide(access.Question{Caller: c, On: access.MailboxOf(o.Mailbox), Want: access.FullAccess, At: at})
		item := s.Decide(access.Question{
			Caller: c, On: access.ItemOf(o.Mailbox, 1, access.ItemKey{Content: 7}), Want: access.ReadItem, At: time.Unix(1000, 0),
		})
		all = append(all, fmt.Sprint(p, acts != nil && acts.SID == p, full.Allowed(), item.Allowed(), s.ScopesOver(p), s.EffectivePolicy(p)))
	}
	for i := range 6 {
		for n := range 3 {
			realm := fmt.Sprint("g", i)
			all = append(all, fmt.Sprint(s.Vouches(realm, entente.SID(fmt.Sprint("S-1-5-21-1-1-", n, "-1")))))
		}
	}
	return all
}

// A wanderer makes changes at random.
type wanderer struct {
	r      *rand.Rand
	people []entente.SID
	groups []entente.SID
	n      int
}

func (w *wanderer) one(of []entente.SID) entente.SID { return of[w.r.IntN(len(of))] }

// step makes one change; what a verb refuses is tried all the same.
func (w *wanderer) step(c *Change) error {
	w.n++
	id := fmt.Sprint("g", w.r.IntN(6))
	switch w.r.IntN(43) {
	case 40, 41, 42:
		return w.devices(c, id)
	case 34, 35, 36, 37:
		return w.abroad(c, id)
	case 38, 39:
		return c.SetAccount(w.one(w.people), func(a *Account) error {
			a.LogonName = []string{"", "One", "two"}[w.r.IntN(3)]
			a.Identities = []string{"x509:<ski>0" + id[1:], "X509:<SKI>AB", "Kerberos:a@b"}[:w.r.IntN(4)]
			return nil
		})
	case 0, 1:
		a := person(fmt.Sprint("p", w.n))
		a.Proxies = []entente.SMTPAddress{entente.SMTPAddress(fmt.Sprint("q", w.n, "@contoso.example"))}
		a.Kind = []access.AccountKind{access.KindUser, access.KindService}[w.r.IntN(2)]
		err := c.CreateAccount(a)
		w.people = append(w.people, a.SID)
		return err
	case 2, 3:
		g := &Group{Group: access.Group{Name: "Group", Mail: entente.SMTPAddress(fmt.Sprint("g", w.n, "@contoso.example"))}}
		err := c.CreateGroup(g)
		w.groups = append(w.groups, g.SID)
		return err
	case 4, 5:
		_, err := c.EnableMailbox(w.one(w.people), "DB1")
		return err
	case 6:
		_, err := c.DisableMailbox(w.one(w.people))
		return err
	case 7, 8, 9:
		return c.AddMember(w.one(w.groups), w.one(slices.Concat(w.people, w.groups)))
	case 10:
		return c.RemoveMember(w.one(w.groups), w.one(w.people))
	case 11, 12:
		a, err := c.Account(w.one(w.people))
		if err != nil {
			return err
		}
		return c.SetMailboxPermission(access.MailboxPermission{
			Mailbox: a.Mailbox, To: w.one(slices.Concat(w.people, w.groups)),
			Rights: []access.Rights{0, access.FullAccess}[w.r.IntN(2)], Deny: w.r.IntN(3) == 0,
		})
	case 13, 14:
		return c.CreateAssignment(&Assignment{Assignment: access.Assignment{
			ID: id, Assignee: w.one(slices.Concat(w.people, w.groups)), Rights: access.ApplicationImpersonation, Enabled: true,
			Scope: access.Scope{Kind: access.ScopeAccount, Name: string(w.one(w.people))},
		}})
	case 15:
		return c.SetAssignment(id, func(a *access.Assignment) error { a.Scope = access.Scope{Kind: access.ScopeAll}; return nil })
	case 16:
		return c.RemoveAssignment(id)
	case 17:
		if w.r.IntN(2) == 0 {
			return c.RemoveAccount(w.one(w.people))
		}
		return c.RemoveGroup(w.one(w.groups))
	case 18:
		return c.SetAccount(w.one(w.people), func(a *Account) error {
			a.Enabled, a.Department, a.Proxies = !a.Enabled, fmt.Sprint(w.n), nil
			return nil
		})
	case 19:
		if w.r.IntN(2) == 0 {
			return c.AddAdministrator(w.one(w.groups))
		}
		return c.RemoveAdministrator(w.one(w.groups))
	case 20:
		_, _, err := c.CreateToken(w.one(w.people), "app", c.now.Add(time.Hour))
		return err
	case 21:
		return c.SetPassword(w.one(w.people), "")
	case 22, 24, 25, 26:
		return w.rare(c, id)
	default:
		a, err := c.Account(w.one(w.people))
		if err != nil {
			return err
		}
		g := granted(a, w.one(w.people))
		g.ID = id
		if w.r.IntN(2) == 0 {
			return c.RevokeItemGrant(id)
		}
		return c.CreateItemGrant(g)
	}
}

// devices changes what is set of mobile devices.
func (w *wanderer) devices(c *Change, id string) error {
	switch w.r.IntN(8) {
	case 0:
		return c.SetDevices(func(o *access.DeviceOrganization) error {
			o.Default, o.UserMailInsert = access.QuarantineDevice, id
			return nil
		})
	case 1:
		return c.PutDeviceRule(access.DeviceRule{Characteristic: access.DeviceType, QueryString: id, Level: access.BlockDevice}, w.r.IntN(2) == 0)
	case 2:
		return c.RemoveDeviceRule(id + " (DeviceType)")
	case 3:
		p := access.NewMobilePolicy(id)
		p.IsDefault = w.r.IntN(2) == 0
		return c.CreateMobilePolicy(p)
	case 4:
		return c.SetMobilePolicy(id, func(p *access.MobilePolicy) error {
			p.MinPasswordLength, p.IsDefault = 1+w.r.IntN(9), w.r.IntN(2) == 0
			return nil
		})
	case 5:
		return c.RemoveMobilePolicy(id)
	}
	return c.SetDeviceSettings(w.one(w.people), func(s *access.DeviceSettings) error {
		s.AllowedIDs, s.Policy = []string{"A", id, "a"}[:w.r.IntN(4)], []string{"", id}[w.r.IntN(2)]
		return nil
	})
}

// abroad changes what other organizations are shown.
func (w *wanderer) abroad(c *Change, id string) error {
	name := fmt.Sprint("r", w.r.IntN(3))
	switch w.r.IntN(8) {
	case 0:
		return c.CreateRelationship(access.Relationship{Name: name, Domains: []entente.Domain{entente.Domain(name + ".example")}})
	case 1:
		return c.SetRelationship(name, func(r *access.Relationship) error {
			r.Enabled, r.Domains = !r.Enabled, append(r.Domains, entente.Domain(id+".example"))
			return nil
		})
	case 2:
		return c.SetRelationship(name, func(r *access.Relationship) error { r.Name = id; return nil })
	case 3:
		return c.RemoveRelationship([]string{name, id}[w.r.IntN(2)])
	case 4:
		return c.CreateSharingPolicy(access.SharingPolicy{
			Name: name, Default: w.r.IntN(2) == 0, Rules: []access.SharingRule{{Domain: "*", Actions: access.ContactsSharing}},
		})
	case 5:
		return c.SetSharingPolicy(name, func(p *access.SharingPolicy) error { p.Enabled, p.Name = !p.Enabled, id; return nil })
	case 6:
		return c.RemoveSharingPolicy([]string{name, id}[w.r.IntN(2)])
	default:
		return c.SetAccount(w.one(w.people), func(a *Account) error { a.SharingPolicy = []string{"", name, id}[w.r.IntN(3)]; return nil })
	}
}

func (w *wanderer) rare(c *Change, id string) error {
	switch w.r.IntN(8) {
	case 0:
		return c.SetOrganization(func(o *access.Organization) error { o.Name = fmt.Sprint(w.n); return nil })
	case 1:
		if err := c.AddDomain(entente.Domain(fmt.Sprint("d", w.n, ".example"))); err != nil {
			return err
		}
		return c.SetDefaultDomain(entente.Domain(fmt.Sprint("d", w.n, ".example")))
	case 2:
		return c.SetServer(Server{Name: id, Site: []string{"", "Oslo"}[w.r.IntN(2)], URL: fmt.Sprint(w.n)})
	case 3:
		if err := c.CreateScope(access.ManagementScope{Name: id, Filter: `Department -ne "x"`}); err != nil {
			return c.RemoveScope(id)
		}
		return nil
	case 4:
		return c.SetScopePolicy(access.ScopePolicy{
			Scope: id, Priority: w.n, Policy: access.ClientPolicy{EwsEnabled: []access.Setting{access.On, access.Off}[w.r.IntN(2)]},
		})
	case 6:
		return c.SetVirtualDirectory([]string{"a", "b"}[w.r.IntN(2)], "ews", func(v *VirtualDirectory) error {
			v.Basic = access.Setting(w.r.IntN(3))
			return nil
		})
	case 5:
		return c.SetDatabase(Database{Name: "DB2", URL: "sqlite:two.db", Node: []string{"", "a", "b"}[w.r.IntN(3)]})
	default:
		return c.SetRealm(access.Realm{Name: id, DomainSID: entente.SID(fmt.Sprint("S-1-5-21-1-1-", w.n%3))})
	}
}

// What a node comes to by going on from the state before is what everything
// read anew gives, on the node that makes the changes, on another and without a
// seal; and the tables bear their mark.
func TestAdvance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, x *db.DB) { wander(t, x, testSeal("key"), 150) })
}

func TestAdvanceUnsealed(t *testing.T) { wander(t, dbtest.SQLite(t), nil, 200) }

func wander(t *testing.T, x *db.DB, seal Seal, steps int) {
	c := Config{DB: x, Organization: "Contoso", Seal: seal, Failed: func(err error) { t.Error(err) }}
	d, err := Open(context.Background(), c)
	must(t, err)
	change(t, d, func(c *Change) error { return c.AddDomain("contoso.example") })
	change(t, d, func(c *Change) error { return c.SetDatabase(Database{Name: "DB1", URL: "sqlite:mail.db"}) })
	other, err := Open(context.Background(), c)
	must(t, err)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &wanderer{r: rand.New(rand.NewPCG(seed, 1))}
	for i := range 4 {
		w.people = append(w.people, withMailbox(t, d, fmt.Sprint("first", i)).SID)
		g := &Group{Group: access.Group{Name: fmt.Sprint("First ", i)}}
		change(t, d, func(c *Change) error { g.SID = ""; return c.CreateGroup(g) })
		w.groups = append(w.groups, g.SID)
	}
	made, whole := 0, 0
	for i := range steps {
		before := *w
		was := d.now.Load()
		err := d.Update(t.Context(), func(c *Change) error {
			again := before // the function may run again
			again.r = w.r
			*w = again
			for range 1 + w.r.IntN(2) {
				if err := w.step(c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			var known *entente.Error
			if !asError(err, &known) {
				t.Fatalf("step %d: %v", i, err)
			}
			continue
		}
		made++
		must(t, d.db.View(t.Context(), func(tx *db.Tx) error {
			next, err := d.advance(tx, was)
			if next == nil {
				whole++
			}
			return err
		}))
		sameState(t, d, w.people)
		if w.r.IntN(8) == 0 {
			must(t, other.refresh(t.Context()))
			sameState(t, other, w.people)
			must(t, other.check(t.Context()))
		}
		if t.Failed() {
			t.Fatalf("after step %d", i)
		}
	}
	t.Logf("%d of %d changes were made", made, steps)
	if made < steps/10 || whole > 0 {
		t.Errorf("%d of %d changes were made, %d of them were not gone on from", made, steps, whole)
	}
}
