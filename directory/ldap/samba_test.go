package ldap

import (
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/kerberos/kdctest"
)

// A world is a directory here and an Active Directory it is kept like.
type world struct {
	testing.TB
	ad     *kdctest.Realm
	db     *db.DB
	here   *directory.Directory
	client *Client
	now    time.Time
	config Config
	log    *strings.Builder
}

func newWorld(t testing.TB, ad *kdctest.Realm, d *db.DB, set ...func(*Config)) *world {
	t.Helper()
	w := &world{TB: t, ad: ad, db: d, now: time.Now(), log: &strings.Builder{}}
	var err error
	w.here, err = directory.Open(t.Context(), directory.Config{DB: d, Organization: "contoso", Failed: func(err error) { t.Error(err) }})
	w.must(err)
	w.must(d.Migrate(t.Context(), Schema()))
	w.must(w.here.Update(t.Context(), func(c *directory.Change) error {
		if err := c.AddDomain("entente.test"); err != nil {
			return err
		}
		return c.SetDatabase(directory.Database{Name: "staff", URL: "sqlite:staff.db"})
	}))
	roots, err := ad.Roots()
	w.must(err)
	w.config = Config{
		Servers: []string{ad.LDAP}, BindDN: ad.Administrator, Password: entente.NewSecret(kdctest.AdminPassword),
		TLS: &tls.Config{RootCAs: roots}, Dial: (&net.Dialer{}).DialContext, MailboxDatabase: "staff",
		Directory: w.here, DB: d, Node: "one", Now: func() time.Time { return w.now },
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, f := range set {
		f(&w.config)
	}
	w.client = w.another(w.config)
	return w
}

func (w *world) another(c Config) *Client {
	w.Helper()
	client, err := New(c)
	w.must(err)
	w.Cleanup(func() { _ = client.Close() })
	return client
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sync syncs and returns what it did, as "created 3, disabled 1".
func (w *world) sync(o Options) Report {
	w.Helper()
	r, err := w.client.SyncWith(w.Context(), o)
	w.must(err)
	return r
}

func (w *world) account(upn string) access.Account {
	w.Helper()
	a, ok := w.here.Snapshot().FindUPN(upn)
	if !ok {
		w.Fatalf("there is no account %s", upn)
	}
	return a
}

func (w *world) whole(upn string) *directory.Account {
	w.Helper()
	a, err := w.here.Account(w.Context(), w.account(upn).SID)
	w.must(err)
	return a
}

func (w *world) members(sid string) []entente.SID {
	w.Helper()
	g, err := w.here.Group(w.Context(), entente.SID(sid))
	w.must(err)
	return g.Members
}

func counts(r Report) [6]int {
	return [6]int{r.Created, r.Changed, r.Unchanged, r.Disabled, r.Emptied, r.Refused}
}

// did checks what a sync did: created, changed, unchanged, disabled, emptied,
// refused.
func (w *world) did(o Options, want ...int) Report {
	w.Helper()
	r := w.sync(o)
	var all [6]int
	copy(all[:], want)
	if counts(r) != all {
		w.Errorf("did %v, want %v: %+v", counts(r), all, r.Lines)
	}
	return r
}

// TestActiveDirectory follows a domain through what happens in one.
func TestActiveDirectory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ad := kdctest.NewSamba(t)
		w := newWorld(t, ad, d, func(c *Config) { c.Realm = "ENTENTE.TEST" })
		first := w.sync(Options{})
		if !first.Full || first.Refused != 0 || first.Created < 29 {
			t.Fatalf("first: %+v", first)
		}
		w.did(Options{}) // nothing has changed
		generation := func() (n int) {
			w.must(d.View(t.Context(), func(tx *db.Tx) error {
				return tx.QueryRow(`SELECT generation FROM directory_organization`).Scan(&n)
			}))
			return n
		}
		before := generation()
		if r := w.did(Options{Full: true}, 0, 0, first.Created); !r.Full || generation() != before {
			t.Errorf("all of it again made generation %d of %d: %+v", generation(), before, r)
		}

		bob := w.whole("robert.b@entente.test")
		if bob.Name != "Robert Brandt" || bob.Mail != "bob@entente.test" || bob.Database != "staff" || bob.Mailbox.IsZero() ||
			string(bob.SID) != ad.SID(t, "bob") || string(bob.GUID[:]) != ad.Attribute(t, "bob", "objectGUID") || !bob.Enabled {
			t.Errorf("bob: %+v", bob)
		}
		if w.account("dave@entente.test").Enabled {
			t.Error("dave is enabled")
		}
		if _, ok := w.here.Snapshot().FindUPN("administrator@entente.test"); ok {
			t.Error("what Windows brings along was taken")
		}
		if got := w.here.Snapshot().RealmOf(bob.SID); got != "ENTENTE.TEST" {
			t.Errorf("realm of bob: %q", got)
		}
		users, branch := ad.SID(t, "Users of mail"), ad.SID(t, "Branch office")
		alice := w.account("alice@entente.test")
		if m := w.members(users); !slices.Contains(m, entente.SID(branch)) || !slices.Contains(m, bob.SID) || len(m) != 2 {
			t.Errorf("members: %v", m)
		}

		// Renamed, with another address: the same account, known by its GUID.
		ad.Modify(t, ad.DN("bob"), "userPrincipalName", "bob@entente.test")
		ad.Modify(t, ad.DN("bob"), "proxyAddresses", "SMTP:robert@entente.test", "smtp:bob@entente.test", "X400:c=de", "smtp:bob@elsewhere.test")
		ad.Modify(t, ad.DN("bob"), "title", "Head\nof sales")
		w.did(Options{}, 0, 1)
		was := bob
		if bob = w.whole("bob@entente.test"); bob.SID != was.SID || bob.Mailbox != was.Mailbox || bob.Mail != "robert@entente.test" ||
			len(bob.Proxies) != 1 || bob.Proxies[0] != "bob@entente.test" || bob.Title != "Head of sales" {
			t.Errorf("bob is now %+v", bob)
		}
		ad.Modify(t, ad.DN("bob"), "title")
		w.did(Options{}, 0, 1)
		if bob = w.whole("bob@entente.test"); bob.Title != "" {
			t.Errorf("a title that was taken away is %q", bob.Title)
		}

		// What certificates of hers are known by.
		ad.Modify(t, ad.DN("alice"), "altSecurityIdentities", "X509:<I>CN=Lab CA<SR>65", "X509:<SKI>0102030405060708090a0b0c0d0e0f1011121314")
		w.did(Options{}, 0, 1)
		if a := w.whole("alice@entente.test"); len(a.Identities) != 2 || a.LogonName != "alice" {
			t.Errorf("alice: %+v", a)
		}
		ad.Modify(t, ad.DN("alice"), "altSecurityIdentities")
		w.did(Options{}, 0, 1)
		if a := w.whole("alice@entente.test"); len(a.Identities) != 0 {
			t.Errorf("alice: %+v", a)
		}

		// Disabled there, and enabled again.
		ad.Disable(t, "alice")
		w.did(Options{}, 0, 1)
		if w.account("alice@entente.test").Enabled {
			t.Error("alice is enabled")
		}
		ad.Modify(t, ad.DN("alice"), "userAccountControl", "66048")
		w.did(Options{}, 0, 1)
		if !w.account("alice@entente.test").Enabled {
			t.Error("alice is disabled")
		}

		// A member leaves, a group is nested otherwise.
		ad.Modify(t, "CN=Branch office,CN=Users,"+ad.BaseDN, "member", ad.DN("u01"))
		w.did(Options{}, 0, 1)
		if m := w.members(branch); slices.Contains(m, alice.SID) || len(m) != 1 {
			t.Errorf("members of the branch office: %v", m)
		}

		// Deleted: disabled here, with mailbox and all. The group empties.
		ad.Delete(t, ad.DN("u02"))
		ad.Delete(t, "CN=Branch office,CN=Users,"+ad.BaseDN)
		gone := w.whole("u02@entente.test")
		w.did(Options{}, 0, 1, 0, 1, 1) // Users of mail lost a member
		if a := w.whole("u02@entente.test"); a.Enabled || a.Mailbox != gone.Mailbox || a.Mailbox.IsZero() {
			t.Errorf("u02: %+v", a)
		}
		if m := w.members(branch); len(m) != 0 {
			t.Errorf("a group that is gone has members: %v", m)
		}
		w.did(Options{})

		// New, without a UPN; then an address, and with it a mailbox.
		ad.Add(t, "CN=Erika,CN=Users,"+ad.BaseDN, map[string][]string{"objectClass": {"user"}, "sAMAccountName": {"erika"}, "userAccountControl": {"544"}})
		w.did(Options{}, 1)
		if a := w.whole("erika@entente.test"); !a.Mailbox.IsZero() || a.Name != "Erika" {
			t.Errorf("erika: %+v", a)
		}
		ad.Modify(t, "CN=Erika,CN=Users,"+ad.BaseDN, "mail", "erika@entente.test")
		w.did(Options{}, 0, 1)
		if a := w.whole("erika@entente.test"); a.Mailbox.IsZero() || a.Mail != "erika@entente.test" {
			t.Errorf("erika: %+v", a)
		}
		// A leaver whose address was taken: his mailbox keeps it, and he is disabled.
		ad.Modify(t, "CN=Erika,CN=Users,"+ad.BaseDN, "mail")
		ad.Modify(t, "CN=Erika,CN=Users,"+ad.BaseDN, "userAccountControl", "546")
		w.did(Options{}, 0, 1)
		if a := w.whole("erika@entente.test"); a.Enabled || a.Mail != "erika@entente.test" {
			t.Errorf("erika: %+v", a)
		}

		status, err := w.client.Status(t.Context())
		w.must(err)
		if status.Stale || len(status.Marks) != 1 || status.Counts["accounts gone"] != 1 || status.Problem != "" || !status.Servers[0].Answers {
			t.Errorf("status: %+v", status)
		}
		if t.Failed() {
			t.Log(w.log)
		}
	})
}
