package ldap

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/kerberos/kdctest"
)

// TestMoved follows accounts out of what is read, and back: by a move of their
// own, by one of their folder, and by an attribute that the filter asks for.
func TestMoved(t *testing.T) {
	ad := kdctest.NewSamba(t)
	staff, left := "OU=Staff,"+ad.BaseDN, "OU=Left,"+ad.BaseDN
	for _, ou := range [...]string{staff, left, "OU=Berlin," + staff} {
		ad.Add(t, ou, map[string][]string{"objectClass": {"organizationalUnit"}})
	}
	for ou, who := range map[string]string{staff: "eva", "OU=Berlin," + staff: "felix"} {
		ad.Add(t, "CN="+who+","+ou, map[string][]string{
			"objectClass": {"user"}, "sAMAccountName": {who}, "userPrincipalName": {who + "@entente.test"}, "userAccountControl": {"544"}, "department": {"Sales"},
		})
	}
	w := newWorld(t, ad, dbtest.SQLite(t), func(c *Config) { c.BaseDN, c.Filter = staff, "(department=Sales)" })
	w.did(Options{}, 2)
	move := func(from, rdn, to string) {
		t.Helper()
		con := admin(w)
		defer func() { _ = con.Close() }()
		w.must(con.ModifyDN(goldap.NewModifyDNRequest(from, rdn, true, to)))
	}
	move("CN=eva,"+staff, "CN=eva", left)
	w.did(Options{}, 0, 0, 0, 1)
	move("CN=eva,"+left, "CN=eva", staff)
	w.did(Options{}, 0, 1)
	if !w.account("eva@entente.test").Enabled {
		t.Error("eva is back, and disabled")
	}
	// Felix himself does not change.
	move("OU=Berlin,"+staff, "OU=Berlin", left)
	if r := w.did(Options{}, 0, 0, 0, 1); !r.Full {
		t.Error("a folder that changed did not have everything compared")
	}
	move("OU=Berlin,"+left, "OU=Berlin", staff)
	w.did(Options{}, 0, 1)
	if !w.account("felix@entente.test").Enabled {
		t.Error("felix is back, and disabled")
	}
	ad.Modify(t, "CN=eva,"+staff, "department", "Stores")
	w.did(Options{}, 0, 0, 0, 1)
}

func admin(w *world) *goldap.Conn {
	w.Helper()
	return adminOf(w, w.ad)
}

func adminOf(tb testing.TB, ad *kdctest.Realm) *goldap.Conn {
	tb.Helper()
	roots, err := ad.Roots()
	if err != nil {
		tb.Fatal(err)
	}
	con, err := goldap.DialURL(ad.LDAP, goldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, ServerName: ad.Host}))
	if err == nil {
		err = con.Bind(ad.Administrator, kdctest.AdminPassword)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return con
}

// TestReader reads as an account without rights of its own: deleted objects are
// not shown to it, so that everything is compared often.
func TestReader(t *testing.T) {
	ad := kdctest.NewSamba(t)
	w := newWorld(t, ad, dbtest.SQLite(t), func(c *Config) { c.BindDN, c.Password = ad.Reader, entente.NewSecret(kdctest.Password) })
	ad.Delete(t, ad.DN("u04"))
	w.sync(Options{})
	fresh := w.client.Fresh()
	ad.Delete(t, ad.DN("u03"))
	w.now = w.now.Add(time.Minute)
	w.did(Options{})
	if !w.client.Fresh().Equal(fresh) {
		t.Errorf("fresh since %v, and a deletion was not seen", w.client.Fresh())
	}
	w.now = w.now.Add(2 * time.Minute)
	if r := w.did(Options{}, 0, 0, 0, 1); !r.Full || w.account("u03@entente.test").Enabled || w.client.stale(w.now) {
		t.Errorf("u03 is gone, and half of max_age has passed: %+v", r)
	}
}

// TestGuard: many are not disabled before an administrator says so.
func TestGuard(t *testing.T) {
	ad := kdctest.NewSamba(t)
	ad.Add(t, "OU=Empty,"+ad.BaseDN, map[string][]string{"objectClass": {"organizationalUnit"}})
	w := newWorld(t, ad, dbtest.SQLite(t))
	w.sync(Options{})
	wrong := w.config
	wrong.BaseDN = "OU=Empty," + ad.BaseDN
	client := w.another(wrong)
	_, err := client.SyncWith(t.Context(), Options{})
	var told *entente.Error
	if !errors.As(err, &told) || told.Reason != Held {
		t.Fatalf("a wrong base: %v", err)
	}
	if !w.account("alice@entente.test").Enabled {
		t.Error("alice was disabled")
	}
	status, err := client.Status(t.Context())
	w.must(err)
	if status.Held < 20 || !strings.Contains(status.Problem, "--confirm") {
		t.Errorf("status: %+v", status)
	}
	// What it would do can be seen, and nothing is done then.
	dry, err := client.SyncWith(t.Context(), Options{DryRun: true})
	if err != nil || dry.Disabled < 20 || !w.account("alice@entente.test").Enabled {
		t.Errorf("dry run: %+v %v", dry.summary(), err)
	}
	// The right base again: nothing has happened.
	w.did(Options{})
	if r, err := client.SyncWith(t.Context(), Options{Confirm: true}); err != nil || r.Disabled < 20 || w.account("alice@entente.test").Enabled {
		t.Errorf("confirmed: %+v %v", r.summary(), err)
	}
	// And back: they are enabled, with what they had.
	if r := w.sync(Options{}); r.Changed < 20 || !w.account("alice@entente.test").Enabled {
		t.Errorf("back: %+v", r.summary())
	}
}

// TestDisabledThere: an account that is enabled here, against what its master
// says, is disabled when everything is compared.
func TestDisabledThere(t *testing.T) {
	w := newWorld(t, kdctest.Samba(t), dbtest.SQLite(t))
	w.sync(Options{})
	w.must(w.here.Update(t.Context(), func(c *directory.Change) error {
		return c.SetAccount(w.account("dave@entente.test").SID, func(a *directory.Account) error {
			a.Enabled = true
			return nil
		})
	}))
	w.now = w.now.Add(2 * time.Hour)
	w.did(Options{}, 0, 1)
	if w.account("dave@entente.test").Enabled {
		t.Error("dave stayed enabled")
	}
}

// TestForeignDomain: an address in a domain that is not accepted is left out,
// and the account is not.
func TestForeignDomain(t *testing.T) {
	w := newWorld(t, kdctest.Samba(t), dbtest.SQLite(t))
	w.must(w.here.Update(t.Context(), func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		if err := c.SetDefaultDomain("contoso.example"); err != nil {
			return err
		}
		return c.RemoveDomain("entente.test")
	}))
	w.sync(Options{})
	if a := w.whole("alice@entente.test"); a.Mail != "" || !a.Mailbox.IsZero() || !a.Enabled {
		t.Errorf("alice: %+v", a)
	}
	status, err := w.client.Status(t.Context())
	w.must(err)
	if len(status.Notes) == 0 || !strings.Contains(status.Notes[0].Text, "not accepted") {
		t.Errorf("notes: %+v", status.Notes)
	}
	// Accepted, the domain has everything read again.
	w.must(w.here.Update(t.Context(), func(c *directory.Change) error { return c.AddDomain("entente.test") }))
	w.sync(Options{})
	if a := w.whole("alice@entente.test"); a.Mail != "alice@entente.test" || a.Mailbox.IsZero() {
		t.Errorf("alice: %+v", a)
	}
}

// TestNodes: one node syncs at a time, and all can tell.
func TestNodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, kdctest.Samba(t), d)
		one := w.client
		c := w.config
		c.Node = "two"
		var stopped atomic.Bool
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			// While two is at it, one may not.
			if !stopped.Swap(true) {
				if _, err := one.Sync(ctx); !errors.Is(err, errConflict(err)) {
					t.Errorf("one syncs beside two: %v", err)
				}
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		two := w.another(c)
		if _, err := two.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := one.Status(t.Context())
		if err != nil || s.Node != "two" || s.Syncing || one.Fresh().IsZero() || !one.Fresh().Equal(two.Fresh()) || s.Counts["accounts kept"] == 0 {
			t.Errorf("as one sees it: %+v %v", s, err)
		}
		// One node falls silent in the middle; when its lease is over the other goes on,
		// and the first must not write any more.
		w.must(d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE ldap_state SET holder = 'two', until = $1`, w.now.Add(time.Minute).UnixMilli())
			return err
		}))
		if _, err := one.Sync(t.Context()); errConflict(err) == nil {
			t.Errorf("within the lease: %v", err)
		}
		w.now = w.now.Add(2 * time.Minute)
		w.did(Options{})
		if err := d.Update(t.Context(), two.hold); !errors.Is(err, errLost) {
			t.Errorf("two holds on: %v", err)
		}
	})
}

func errConflict(err error) error {
	if kindOfError(err) == entente.Conflict {
		return err
	}
	return nil
}

// TestRestored: a domain controller that was put back to an older copy.
func TestRestored(t *testing.T) {
	ad := kdctest.NewSamba(t)
	w := newWorld(t, ad, dbtest.SQLite(t))
	first := w.sync(Options{})
	// What is remembered is from a later time than the server's.
	w.must(w.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE ldap_server SET usn = usn + 1000`)
		return err
	}))
	ad.Modify(t, ad.DN("alice"), "title", "Head")
	r := w.sync(Options{})
	if !r.Full || r.Changed != 1 || r.Unchanged != first.Created-1 {
		t.Errorf("its numbers went back: %+v", r.summary())
	}
	if !strings.Contains(w.log.String(), "gone back in time") {
		t.Error("nobody was told")
	}
	// As it has to be restored, the copy has another name.
	w.must(w.db.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE ldap_server SET invocation = $1`, bytes.Repeat([]byte{7}, 16))
		return err
	}))
	if r := w.sync(Options{}); !r.Full || r.Changed != 0 {
		t.Errorf("another copy: %+v", r.summary())
	}
	w.did(Options{})
}

// TestServers is a table of servers that are not as they should be.
func TestServers(t *testing.T) {
	ad := kdctest.NewSamba(t)
	plain := strings.Replace(strings.Replace(ad.LDAP, "ldaps:", "ldap:", 1), ":636", ":389", 1)
	dead := "ldaps://127.88.0.1:1"
	w := newWorld(t, ad, dbtest.SQLite(t), func(c *Config) { c.Timeout = 3 * time.Second })
	test := func(name, want string, set func(*Config)) {
		t.Helper()
		c := w.config
		set(&c)
		client := w.another(c)
		_, err := client.Server(t.Context())
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || kindOfError(err) != entente.Unavailable):
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	test("ldaps", "", func(*Config) {})
	test("StartTLS", "", func(c *Config) { c.Servers = []string{plain} })
	test("the first is dead", "", func(c *Config) { c.Servers = []string{dead, ad.LDAP} })
	test("none answers", "no server of the directory answers", func(c *Config) { c.Servers = []string{dead} })
	test("unknown CA, ldaps", "certificate", func(c *Config) { c.TLS = &tls.Config{} })
	test("unknown CA, StartTLS", "certificate", func(c *Config) { c.TLS, c.Servers = &tls.Config{}, []string{plain} })
	test("another name", "certificate is", func(c *Config) {
		c.Servers = []string{"ldaps://elsewhere.test:636"}
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(ad.LDAP, "ldaps://"))
		}
	})
	test("TLS where there is none", "", func(c *Config) { c.Servers = []string{"ldaps://" + strings.TrimPrefix(plain, "ldap://"), ad.LDAP} })
	test("wrong password", "refuses the password", func(c *Config) { c.Password = entente.NewSecret("wrong") })

	// The password that reads is not tried again and again: that locks accounts.
	c := w.config
	c.Password = entente.NewSecret("wrong")
	dials := 0
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	c.Servers = []string{ad.LDAP, plain}
	client := w.another(c)
	for range 3 {
		if _, err := client.Server(t.Context()); err == nil {
			t.Fatal("a wrong password reads")
		}
	}
	if dials != 1 {
		t.Errorf("a wrong password was tried %d times", dials)
	}
}

// TestOutage: a server that stands still, one that is gone, and one that is back.
func TestOutage(t *testing.T) {
	ad := kdctest.NewSamba(t)
	w := newWorld(t, ad, dbtest.SQLite(t), func(c *Config) { c.Timeout = time.Second })
	w.sync(Options{})
	alice := w.whole("alice@entente.test")
	w.must(w.client.CheckPassword(t.Context(), alice, entente.NewSecret(kdctest.Password)))
	for name, outage := range map[string][2]func(testing.TB){"paused": {ad.Pause, ad.Resume}, "stopped": {ad.Stop, ad.Start}} {
		outage[0](t)
		if _, err := w.client.Sync(t.Context()); kindOfError(err) != entente.Unavailable {
			t.Errorf("%s: sync: %v", name, err)
		}
		if _, err := w.client.ServiceAccount(t.Context(), "alice"); kindOfError(err) != entente.Unavailable {
			t.Errorf("%s: a question: %v", name, err)
		}
		if err := w.client.CheckPassword(t.Context(), alice, entente.NewSecret(kdctest.Password)); kindOfError(err) != entente.Unavailable {
			t.Errorf("%s: sign-in: %v", name, err)
		}
		if !w.account("alice@entente.test").Enabled {
			t.Errorf("%s: alice is disabled", name)
		}
		w.now = w.now.Add(6 * time.Minute)
		if !w.client.stale(w.now) {
			t.Errorf("%s: what was read six minutes ago is fresh", name)
		}
		s, err := w.client.Status(t.Context())
		if err != nil || !s.Stale || s.Problem == "" || s.Servers[0].Answers || s.Servers[0].Problem == "" {
			t.Errorf("%s: status: %+v %v", name, s, err)
		}
		outage[1](t)
		w.sync(Options{})
		if w.client.stale(w.now) {
			t.Errorf("%s: stale after it is back", name)
		}
		w.must(w.client.CheckPassword(t.Context(), alice, entente.NewSecret(kdctest.Password)))
	}
}

// TestCheckPassword is a table of passwords, and of accounts that may not.
func TestCheckPassword(t *testing.T) {
	ad := kdctest.NewSamba(t)
	w := newWorld(t, ad, dbtest.SQLite(t))
	odd := `CN=Odd \, \"*\)\(\\ person\#,CN=Users,` + ad.BaseDN
	ad.Add(t, odd, map[string][]string{"objectClass": {"user"}, "sAMAccountName": {"odd"}, "userPrincipalName": {"o'd*d)(d@entente.test"}, "userAccountControl": {"544"}})
	w.sync(Options{})
	right := kdctest.Password
	test := func(upn, password, want string) {
		t.Helper()
		err := w.client.CheckPassword(t.Context(), w.whole(upn), entente.NewSecret(password))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", upn, err)
		case want != "":
			var told *entente.Error
			if !errors.As(err, &told) || told.Kind != entente.Denied || told.Text != "wrong user name or password" || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: %v, want %s", upn, password, err, want)
			}
		}
	}
	test("alice@entente.test", right, "")
	test("robert.b@entente.test", right, "")
	test("alice@entente.test", right+"x", "wrong password")
	test("alice@entente.test", "", "there is no password")
	test("alice@entente.test", "\x00", "there is no password")
	test("alice@entente.test", strings.Repeat("x", 2000), "there is no password")
	test("alice@entente.test", "*)(objectClass=*", "wrong password")
	test("dave@entente.test", right, "disabled")
	test("o'd*d)(d@entente.test", right, "wrong password")
	ad.Modify(t, ad.DN("u05"), "accountExpires", "130000000000000000")
	test("u05@entente.test", right, "expired")
	ad.Modify(t, ad.DN("u06"), "userAccountControl", "512")
	ad.Modify(t, ad.DN("u06"), "pwdLastSet", "0")
	test("u06@entente.test", right, "must be changed")

	nobody := *w.whole("alice@entente.test")
	nobody.GUID[3]++
	if err := w.client.CheckPassword(t.Context(), &nobody, entente.NewSecret(right)); kindOfError(err) != entente.Denied {
		t.Errorf("an account that is not there: %v", err)
	}
	nobody.GUID = directory.GUID{}
	if err := w.client.CheckPassword(t.Context(), &nobody, entente.NewSecret(right)); kindOfError(err) != entente.Denied {
		t.Errorf("an account of our own: %v", err)
	}
	// Renamed there, and not yet here: it is the same account.
	ad.Modify(t, ad.DN("u07"), "userPrincipalName", "renamed@entente.test")
	test("u07@entente.test", right, "")
}

// TestWhy reads what servers say of refusals.
func TestWhy(t *testing.T) {
	test := func(text string, want entente.Reason) {
		t.Helper()
		if got := why(&goldap.Error{ResultCode: 49, Err: errors.New(text)}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	const windows = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data "
	test(windows+"52e, v1db1", "wrong password")
	test(windows+"525, v1db1", "unknown")
	test(windows+"530, v1db1", "not at this hour")
	test(windows+"531, v1db1", "not from here")
	test(windows+"532, v1db1", "password expired")
	test(windows+"533, v1db1", "disabled")
	test(windows+"701, v1db1", "expired")
	test(windows+"773, v1db1", "password must be changed")
	test(windows+"775, v1db1", "locked")
	test("80090308: LdapErr: DSID-0C0903D9, comment: AcceptSecurityContext error, data 0000052e, v4563", "wrong password")
	test("Simple Bind Failed: NT_STATUS_ACCOUNT_DISABLED", "disabled")
	test("Simple Bind Failed: NT_STATUS_LOGON_FAILURE", "wrong password")
	test("Invalid credentials", "refused")
	test("", "refused")
}

// TestRule is what a test of a publishing rule asks.
func TestRule(t *testing.T) {
	ad := kdctest.Samba(t)
	w := newWorld(t, ad, dbtest.SQLite(t), func(c *Config) {
		c.BindDN, c.Password, c.Now = ad.Reader, entente.NewSecret(kdctest.Password), time.Now
	})
	server, err := w.client.Server(t.Context())
	if err != nil || server.Skew.Abs() > time.Minute || server.FunctionalLevel < 2 || server.Host != ad.Host {
		t.Errorf("server: %+v %v", server, err)
	}
	if level, err := w.client.FunctionalLevel(t.Context()); err != nil || level != server.FunctionalLevel {
		t.Errorf("level: %d %v", level, err)
	}
	gw, err := w.client.ServiceAccount(t.Context(), "svc-gw")
	if err != nil || !gw.ProtocolTransition || gw.Unconstrained || !gw.Enabled || gw.Sensitive || gw.KeyVersion == 0 || gw.Etypes != 24 ||
		len(gw.AllowedTo) != 1 || gw.AllowedTo[0] != "HTTP/cas.entente.test" || string(gw.SID) != ad.SID(t, "svc-gw") {
		t.Errorf("svc-gw: %+v %v", gw, err)
	}
	if konly, err := w.client.ServiceAccount(t.Context(), "HTTP/konly.entente.test"); err != nil || konly.Name != "svc-konly" || konly.ProtocolTransition {
		t.Errorf("svc-konly: %+v %v", konly, err)
	}
	if carol, err := w.client.ServiceAccount(t.Context(), "carol@entente.test"); err != nil || !carol.Sensitive {
		t.Errorf("carol: %+v %v", carol, err)
	}
	for _, name := range [...]string{"nobody", "*", "svc-*", "*)(objectClass=*", "a\x00b"} {
		if _, err := w.client.ServiceAccount(t.Context(), name); kindOfError(err) != entente.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
	if holders, err := w.client.HoldersOf(t.Context(), "http/CAS.entente.test"); err != nil || len(holders) != 1 || holders[0] != ad.DN("svc-cas") {
		t.Errorf("holders: %v %v", holders, err)
	}
	if holders, err := w.client.HoldersOf(t.Context(), "*"); err != nil || len(holders) != 0 {
		t.Errorf("holders of *: %v %v", holders, err)
	}
}
