package server

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/kerberos/kdctest"
)

// TestLDAP keeps an organization like a domain, by the verbs: accounts with
// their mailboxes, what is recorded and counted of it, and who may read the
// password.
func TestLDAP(t *testing.T) {
	realm := kdctest.Samba(t)
	c := conf(t, "sqlite:entente.db")
	password := filepath.Join(t.TempDir(), "password")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(password, []byte(kdctest.Password+"\n"), 0o600))
	c.LDAP = &LDAPConfig{
		Servers: []string{realm.LDAP}, BindDN: realm.Reader, PasswordFile: password, CAFiles: []string{realm.CA},
		Database: "people", Realm: realm.Name, Interval: time.Hour, MaxAge: 2 * time.Hour,
	}
	must(c.Check())
	r := start(t, c)
	ctx := t.Context()
	api := r.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})

	// Without the database for mailboxes nothing is begun.
	if _, err := api.SyncLDAP(ctx, admin.SyncLDAP{}); !isNotFound(err) {
		t.Errorf("without a database: %v", err)
	}
	_, err := api.AddDomain(ctx, admin.DomainName{Name: realm.Domain})
	must(err)
	_, err = api.AddDatabase(ctx, admin.AddDatabase{Name: "people"})
	must(err)
	dry, err := api.SyncLDAP(ctx, admin.SyncLDAP{DryRun: true})
	if err != nil || dry.Created < 20 || len(dry.Did) != dry.Created {
		t.Fatalf("dry run: %+v %v", dry, err)
	}
	if _, ok := r.Directory.Snapshot().FindUPN("alice@entente.test"); ok {
		t.Fatal("a dry run made accounts")
	}
	for { // the server may have begun by itself
		_, err := api.SyncLDAP(ctx, admin.SyncLDAP{})
		if err == nil {
			break
		}
		var told *entente.Error
		if !errors.As(err, &told) || told.Kind != entente.Conflict {
			t.Fatal(err)
		}
	}
	status, err := api.LDAPStatus(ctx, admin.Nothing{})
	if err != nil || status.Stale || status.Counts["accounts kept"] < 20 || !status.Servers[0].Answers || len(status.Marks) != 1 {
		t.Fatalf("status: %+v %v", status, err)
	}
	bob, ok := r.Directory.Snapshot().FindUPN("robert.b@entente.test")
	if !ok || bob.Mailbox.IsZero() || string(bob.SID) != realm.SID(t, "bob") || r.Directory.Snapshot().RealmOf(bob.SID) != realm.Name {
		t.Fatalf("bob: %+v", bob)
	}
	if _, err := api.ListFolders(ctx, admin.AccountName{Account: "robert.b@entente.test"}); err != nil {
		t.Errorf("bob's mailbox: %v", err)
	}
	records, err := api.SearchAudit(ctx, admin.SearchAudit{AuditFilter: admin.AuditFilter{Action: "ldap.sync"}})
	must(err)
	if len(records) != 1 || records[0].Kind != "System" {
		t.Errorf("records: %+v", records)
	}
	w := httptest.NewRecorder()
	r.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range [...]string{`entente_ldap_syncs_total{outcome="ok"}`, `entente_ldap_objects_total{action="created"}`, "entente_ldap_age_seconds "} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}

	// What the configuration must not say.
	test := func(want string, set func(*LDAPConfig)) {
		t.Helper()
		x := *c.LDAP
		set(&x)
		err := x.check()
		if err == nil {
			_, err = secretFile(x.PasswordFile)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	test("no server", func(x *LDAPConfig) { x.Servers = nil })
	test("ldaps://HOST", func(x *LDAPConfig) { x.Servers = []string{"http://dc1.contoso.example"} })
	test("ldaps://HOST", func(x *LDAPConfig) { x.Servers = []string{"ldaps://u:p@dc1.contoso.example"} })
	test("as an account", func(x *LDAPConfig) { x.BindDN = "" })
	test("password_file", func(x *LDAPConfig) { x.PasswordFile = "" })
	test("not an LDAP filter", func(x *LDAPConfig) { x.Filter = "(a" })
	test("max_age", func(x *LDAPConfig) { x.MaxAge = time.Minute })
	test("network", func(x *LDAPConfig) { x.Networks = []string{"10.1"} })
	must(os.Chmod(password, 0o640))
	test("others could read", func(*LDAPConfig) {})
	must(os.Chmod(password, 0o600))
	must(os.WriteFile(password, nil, 0o600))
	test("is empty", func(*LDAPConfig) {})
}

func isNotFound(err error) bool {
	var told *entente.Error
	return errors.As(err, &told) && told.Kind == entente.NotFound
}
