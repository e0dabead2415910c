package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/kerberos/kdctest"
)

// A kerberized is a server whose accounts came from an Active Directory, with
// clients that others wrote.
type kerberized struct {
	*running
	t     testing.TB
	realm *kdctest.Realm
	log   *lockedBuffer
	host  string
	port  string
	cache string // of tickets

	config string // krb5.conf
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// kerberize starts a server as HTTP/cas of a realm.
func kerberize(t testing.TB, realm *kdctest.Realm, change func(*Config)) *kerberized {
	t.Helper()
	for _, program := range []string{"curl", "kinit"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	c := conf(t, "sqlite:entente.db")
	c.Name = "cas." + realm.Domain
	c.Audit.OwnerReads = true
	c.Kerberos = &KerberosConfig{Realm: realm.Name, Keytab: realm.Export(t, realm.Service("cas")), Services: []string{realm.SPN("cas")}}
	if change != nil {
		change(&c)
	}
	k := &kerberized{t: t, realm: realm, config: realm.Config, log: &lockedBuffer{}, host: c.Name, cache: "FILE:" + filepath.Join(t.TempDir(), "cc")}
	k.running = startWith(t, c, Options{Organization: "contoso", Log: slog.New(slog.NewTextHandler(k.log, nil))})
	u, err := url.Parse(k.url)
	k.must(err)
	_, k.port, err = net.SplitHostPort(u.Host)
	k.must(err)
	return k
}

func (k *kerberized) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kerberized) api() *admin.API {
	return k.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// importPeople takes the accounts over as an administrator would by LDIF, and
// returns their SIDs by sAMAccountName. They keep the SIDs they have there.
func (k *kerberized) importPeople() map[string]string {
	k.t.Helper()
	ctx := k.t.Context()
	_, err := k.api().AddDomain(ctx, admin.DomainName{Name: k.realm.Domain})
	k.must(err)
	_, err = k.api().AddDatabase(ctx, admin.AddDatabase{Name: "staff"})
	k.must(err)
	ca, err := os.ReadFile(k.realm.CA)
	k.must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	l, err := goldap.DialURL(k.realm.LDAP, goldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, ServerName: k.realm.Host}))
	k.must(err)
	defer l.Close()
	k.must(l.Bind(k.realm.Reader, kdctest.Password))
	found, err := l.Search(goldap.NewSearchRequest(k.realm.BaseDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false,
		"(&(objectClass=user)(mail=*))", []string{"sAMAccountName", "userPrincipalName", "mail", "displayName", "objectSid", "objectGUID", "userAccountControl"}, nil))
	k.must(err)
	var ldif strings.Builder
	sids := map[string]string{}
	var domain string
	for _, e := range found.Entries {
		fmt.Fprintf(&ldif, "dn: %s\nobjectClass: user\n", e.DN)
		for _, a := range e.Attributes {
			if strings.HasPrefix(a.Name, "object") {
				fmt.Fprintf(&ldif, "%s:: %s\n", a.Name, base64.StdEncoding.EncodeToString(a.ByteValues[0]))
				continue
			}
			fmt.Fprintf(&ldif, "%s: %s\n", a.Name, a.Values[0])
		}
		ldif.WriteByte('\n')
	}
	answer, err := k.api().ImportLDIF(ctx, admin.ImportDirectory{Content: ldif.String(), Database: "staff"})
	k.must(err)
	if answer.Refused > 0 || answer.Created == 0 {
		k.t.Fatalf("%+v", answer)
	}
	for _, e := range found.Entries {
		a, ok := k.Directory.Snapshot().FindUPN(e.GetAttributeValue("userPrincipalName"))
		if !ok {
			k.t.Fatalf("%s was not imported", e.DN)
		}
		sids[e.GetAttributeValue("sAMAccountName")] = string(a.SID)
		domain = string(a.SID[:strings.LastIndexByte(string(a.SID), '-')])
	}
	_, err = k.api().AddRealm(ctx, admin.AddRealm{Name: k.realm.Name, DomainSID: domain})
	k.must(err)
	return sids
}

// program runs a program of others and returns what it said.
func (k *kerberized) program(stdin, name string, args ...string) string {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "KRB5_CONFIG=" + k.config, "KRB5CCNAME=" + k.cache, "HOME=" + k.t.TempDir()}
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		k.t.Errorf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

func (k *kerberized) kinit(user string) {
	k.t.Helper()
	k.program(kdctest.Password+"\n", "kinit", user)
}

const getInbox = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013"/></s:Header><s:Body><m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>`

// curl asks for the Inbox by Negotiate and returns the answers' headers and the
// last body.
func (k *kerberized) curl(args ...string) string {
	k.t.Helper()
	return k.program("", "curl", append([]string{
		"-sS", "-i", "--http1.1", "--negotiate", "-u", ":", "--cacert", k.CAFile(),
		"--resolve", k.host + ":" + k.port + ":127.0.0.1", "-H", "Content-Type: text/xml; charset=utf-8", "--data-binary", getInbox,
		"https://" + k.host + ":" + k.port + "/EWS/Exchange.asmx",
	}, args...)...)
}

// TestNegotiate: people of an Active Directory open their mailboxes by the tickets
// that curl gets, and the audit log says so.
func TestNegotiate(t *testing.T) {
	realm := kdctest.Samba(t)
	k := kerberize(t, realm, nil)
	sids := k.importPeople()

	k.kinit("alice")
	out := k.curl()
	if !strings.Contains(out, "NoError") || !strings.Contains(out, "Www-Authenticate: Negotiate ") {
		t.Fatalf("alice: %s\n%s", out, k.log)
	}
	// curl asked without first, and was invited by the strongest first.
	if i, j := strings.Index(out, "Www-Authenticate: Negotiate\r\n"), strings.Index(out, "Www-Authenticate: Basic"); strings.Contains(out, " 401 ") && (i < 0 || j < i) {
		t.Errorf("invited by %s", out)
	}
	k.must(k.Audit.Flush(t.Context()))
	records, err := k.Audit.Search(t.Context(), audit.Filter{Limit: 10})
	k.must(err)
	found := false
	for _, r := range records {
		if r.Action != "ews.GetFolder" {
			continue
		}
		found = true
		via := ""
		if len(r.Via) == 1 {
			via = r.Via[0].How
		}
		if r.By.UPN != "alice@entente.test" || string(r.By.SID) != sids["alice"] || r.Method != access.Negotiate ||
			!strings.HasPrefix(r.Evidence, "sha256:") || via != "realm "+realm.Name || !r.Allowed {
			t.Errorf("recorded %+v", r)
		}
	}
	if !found {
		t.Errorf("nothing recorded: %+v", records)
	}

	// A name that differs from the account's: the SID says who it is.
	k.kinit("bob")
	if out = k.curl(); !strings.Contains(out, "NoError") {
		t.Errorf("bob: %s\n%s", out, k.log)
	}

	// The same ticket, once the account is disabled here.
	_, err = k.api().SetAccount(t.Context(), admin.SetAccount{AccountName: admin.AccountName{Account: "robert.b@entente.test"}, Enabled: "off"})
	k.must(err)
	if out = k.curl(); strings.Contains(out, "NoError") || !strings.Contains(out, " 401 ") || strings.Contains(out, "Www-Authenticate: Negotiate o") {
		t.Errorf("bob, disabled: %s", out)
	}

	// The virtual directory offers it no more.
	_, err = k.api().SetVirtualDirectory(t.Context(), admin.SetVirtualDirectory{VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: "ews"}, Negotiate: "off"})
	k.must(err)
	k.kinit("alice")
	if out = k.curl(); strings.Contains(out, "NoError") || strings.Contains(out, "Negotiate") {
		t.Errorf("offered no more: %s", out)
	}
}

// python runs a script of others' libraries and returns what it said.
func (k *kerberized) python(modules, script string, env ...string) string {
	k.t.Helper()
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	if err := exec.Command(python, "-c", "import "+modules).Run(); err != nil {
		if os.Getenv("ENTENTE_REQUIRE_CLIENTS") != "" {
			k.t.Fatalf("%s cannot be imported: apt-get install python3-exchangelib python3-requests-kerberos python3-gssapi", modules)
		}
		k.t.Skipf("%s cannot be imported", modules)
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, filepath.Join("testdata", script))
	cmd.Stdin = strings.NewReader(getInbox)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "KRB5_CONFIG=" + k.config, "KRB5CCNAME=" + k.cache, "HOME=" + k.t.TempDir(),
		"REQUESTS_CA_BUNDLE=" + k.CAFile(), "HOST=" + k.host, "PORT=" + k.port, "PYTHONDONTWRITEBYTECODE=1",
	}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		k.t.Fatalf("%s: %v: %s\n%s", script, err, out, k.log)
	}
	return strings.TrimSpace(string(out))
}

// TestNegotiateExchangelib: a client that insists on the server's proof gets it.
func TestNegotiateExchangelib(t *testing.T) {
	k := kerberize(t, kdctest.Samba(t), nil)
	k.importPeople()
	k.kinit("alice")
	if out := k.python("exchangelib, requests_kerberos", "negotiate.py", "WHO=alice@entente.test"); !strings.Contains(out, "Inbox") {
		t.Error(out)
	}
}

// TestNegotiateChannels: tokens that say over which channel they go are held to
// it, and where they must say it, those that do not are refused.
func TestNegotiateChannels(t *testing.T) {
	for _, required := range []bool{false, true} {
		k := kerberize(t, kdctest.Samba(t), func(c *Config) {
			if required {
				c.Kerberos.Bindings = bindingsRequire
			}
		})
		k.importPeople()
		k.kinit("alice")
		test := func(bindings, want string) {
			t.Helper()
			if got := k.python("gssapi", "channel.py", "BINDINGS="+bindings); got != want {
				t.Errorf("required %v, %s: %s, want %s\n%s", required, bindings, got, want, k.log)
			}
		}
		test("end-point", "200")
		test("wrong", "401")
		if required {
			test("none", "401")
			if !strings.Contains(k.log.String(), "kerberos-channel") {
				t.Errorf("the log does not say why: %s", k.log)
			}
		} else {
			test("none", "200")
		}
	}
}

// sync has the accounts of the Active Directory here. The server began with that by
// itself, when there was no domain for them yet.
func (k *kerberized) sync() {
	k.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		report, err := k.LDAP.Sync(k.t.Context())
		var e *entente.Error
		switch {
		case err == nil:
			return
		case !errors.As(err, &e) || e.Kind != entente.Conflict && e.Kind != entente.Unavailable:
			k.t.Fatalf("%+v: %v", report, err)
		}
		select {
		case <-k.t.Context().Done():
			k.t.Fatal(err)
		case <-tick.C:
		}
	}
}

// TestBasicByBind: accounts that come from Active Directory by themselves sign in
// with their passwords there, and by their tickets.
func TestBasicByBind(t *testing.T) {
	realm := kdctest.Samba(t)
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(kdctest.Password+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	k := kerberize(t, realm, func(c *Config) {
		c.LDAP = &LDAPConfig{
			Servers: []string{realm.LDAP}, BindDN: realm.Reader, PasswordFile: secret, CAFiles: []string{realm.CA},
			Realm: realm.Name, SignIn: true, Interval: time.Hour, Database: "staff",
		}
	})
	_, err := k.api().AddDomain(t.Context(), admin.DomainName{Name: realm.Domain})
	k.must(err)
	_, err = k.api().AddDatabase(t.Context(), admin.AddDatabase{Name: "staff"})
	k.must(err)
	k.sync()
	status := func(name, password string) string {
		t.Helper()
		return strings.TrimSpace(k.program("", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", name+":"+password, "--cacert", k.CAFile(),
			"--resolve", k.host+":"+k.port+":127.0.0.1", "-H", "Content-Type: text/xml; charset=utf-8", "--data-binary", getInbox,
			"https://"+k.host+":"+k.port+"/EWS/Exchange.asmx"))
	}
	test := func(name, password, want string) {
		t.Helper()
		if got := status(name, password); got != want {
			t.Errorf("%s: %s, want %s\n%s", name, got, want, k.log)
		}
	}
	test("alice@entente.test", kdctest.Password, "200")
	test("alice@entente.test", kdctest.Password, "200")
	test("alice@entente.test", "wrong", "401")
	test("robert.b@entente.test", kdctest.Password, "200")
	test("dave@entente.test", kdctest.Password, "401") // disabled
	test("nobody@entente.test", kdctest.Password, "401")
	k.kinit("alice")
	if out := k.curl(); !strings.Contains(out, "200 OK") || !strings.Contains(out, "X-Entente-Subject: alice@entente.test") {
		t.Errorf("by ticket: %s\n%s", out, k.log)
	}
}

// TestNegotiateAcrossRealms: people of a realm that the server's own trusts one way
// open their mailboxes by their tickets, across two KDCs of different makes; those
// of a realm that is not named do not, be it the server's own.
func TestNegotiateAcrossRealms(t *testing.T) {
	users, services := kdctest.NewHeimdal(t), kdctest.NewMIT(t)
	config := services.Trust(t, users)
	k := kerberize(t, services, func(c *Config) {
		c.Kerberos.Realms = []KerberosRealmConfig{{Name: users.Name, PAC: "none", Domain: users.Domain}}
	})
	ctx := t.Context()
	_, err := k.api().AddDomain(ctx, admin.DomainName{Name: users.Domain})
	k.must(err)
	_, err = k.api().AddDatabase(ctx, admin.AddDatabase{Name: "staff"})
	k.must(err)
	_, err = k.api().CreateAccount(ctx, admin.CreateAccount{UPN: "alice@" + users.Domain, Database: "staff"})
	k.must(err)

	k.config = config
	k.kinit("alice") // of the first realm
	if out := k.curl(); !strings.Contains(out, "NoError") {
		t.Fatalf("alice@%s: %s\n%s", users.Name, out, k.log)
	}
	k.must(k.Audit.Flush(ctx))
	records, err := k.Audit.Search(ctx, audit.Filter{Limit: 1})
	k.must(err)
	if len(records) != 1 || records[0].By.UPN != "alice@heim.test" || len(records[0].Via) != 1 || records[0].Via[0].How != "realm "+users.Name {
		t.Errorf("recorded %+v", records)
	}
	k.kinit("bob") // who has no account here
	if out := k.curl(); strings.Contains(out, "NoError") {
		t.Errorf("bob@%s: %s", users.Name, out)
	}
	k.config = services.Config
	k.kinit("alice")
	if out := k.curl(); strings.Contains(out, "NoError") {
		t.Errorf("alice@%s: %s", services.Name, out)
	}
	if !strings.Contains(k.log.String(), "kerberos-realm") {
		t.Errorf("the log does not say why: %s", k.log)
	}
}
