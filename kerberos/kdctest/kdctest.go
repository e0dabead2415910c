// Package kdctest starts real KDCs for tests: an Active Directory by Samba, a
// Heimdal and an MIT Kerberos, as Debian 12 packages them.
//
//	func TestDelegation(t *testing.T) {
//		r := kdctest.Samba(t)
//		kt := r.Keytab // keys of every service account
//		…
//	}
//
// A realm belongs to one test process and lives on a loopback address of its
// own, 127.88.x.y, where its ports are the usual ones: Samba's LDAP ports cannot
// be moved. It ends with the process, however that ends. Samba is provisioned
// once and kept in the user's cache directory; a test starts from a copy.
//
// All realms have the same people and services. In Active Directory a service
// has an account, svc-gw, in the others only its name, HTTP/gw.REALM:
//
//	gw     may delegate to cas, by any protocol
//	cas    may delegate to mbx, by any protocol
//	konly  may delegate to cas, by Kerberos only
//	none, mbx, other  may not
//
//	alice  anybody; in Active Directory a member of Users of mail by two groups
//	bob    whose UPN is robert.b
//	carol  is sensitive, and cannot be delegated
//	dave   is disabled
//	u01 … u16  more of alice's kind, in Active Directory
//
// Active Directory also has svc-ldap, who may read.
//
// Where a realm cannot be started its tests are skipped, and fail instead if
// ENTENTE_REQUIRE_KDC is set, or CI where this is root.
package kdctest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Password is everybody's at first; AdminPassword is the Administrator's.
const (
	Password      = "Lab-Pass!1"
	AdminPassword = "Adm1n-Pass!word"
)

// A Realm is one that is running.
type Realm struct {
	Name   string // ENTENTE.TEST
	Domain string // entente.test: services are HTTP/gw.entente.test
	KDC    string // HOST:PORT
	Keytab string // file with the keys of every service, as they were at the start
	Config string // krb5.conf, for programs of others

	// Of Active Directory alone.
	LDAP   string // ldaps://HOST:636, also to be had as ldap://HOST:389
	Host   string // dc1.entente.test, which the certificate names, beside the address
	CA     string // file with the certificate of who signed LDAP's
	BaseDN string
	// Administrator and Reader are user names for LDAP binds.
	Administrator, Reader string

	kind   kind
	dir    string
	env    []string
	keeper *keeper
}

// A kind is what differs between KDCs.
type kind interface {
	start() (*Realm, error)
	setPassword(r *Realm, account, password string) error
	disable(r *Realm, user string) error
	export(r *Realm, file string, principals []string) error
}

// Samba, Heimdal and MIT return the realm of this test process.
func Samba(tb testing.TB) *Realm   { tb.Helper(); return shared(tb, "Samba", samba{}) }
func Heimdal(tb testing.TB) *Realm { tb.Helper(); return shared(tb, "Heimdal", heimdal{}) }
func MIT(tb testing.TB) *Realm     { tb.Helper(); return shared(tb, "MIT", mit{}) }

// NewSamba, NewHeimdal and NewMIT start a realm of the test's own, for tests
// that change or stop it.
func NewSamba(tb testing.TB) *Realm   { tb.Helper(); return own(tb, "Samba", samba{}) }
func NewHeimdal(tb testing.TB) *Realm { tb.Helper(); return own(tb, "Heimdal", heimdal{}) }
func NewMIT(tb testing.TB) *Realm     { tb.Helper(); return own(tb, "MIT", mit{}) }

// OpenSamba starts a realm outside a test; Close ends it.
func OpenSamba() (*Realm, error) { return samba{}.start() }

// process has the realms of this test process. Package state is what the
// project otherwise does without; here it is the point.
var process struct {
	sync.Mutex
	realms map[string]*Realm
	why    map[string]error
}

func shared(tb testing.TB, name string, k kind) *Realm {
	tb.Helper()
	process.Lock()
	defer process.Unlock()
	if process.realms == nil {
		process.realms, process.why = map[string]*Realm{}, map[string]error{}
	}
	if process.realms[name] == nil && process.why[name] == nil {
		process.realms[name], process.why[name] = k.start()
	}
	if err := process.why[name]; err != nil {
		missing(tb, name, err)
	}
	return process.realms[name]
}

func own(tb testing.TB, name string, k kind) *Realm {
	tb.Helper()
	r, err := k.start()
	if err != nil {
		missing(tb, name, err)
	}
	tb.Cleanup(r.Close)
	return r
}

func missing(tb testing.TB, name string, why error) {
	tb.Helper()
	if os.Getenv("CI") != "" && os.Getuid() == 0 || os.Getenv("ENTENTE_REQUIRE_KDC") != "" {
		tb.Fatalf("%s is required here: %v", name, why)
	}
	tb.Skipf("no %s: %v", name, why)
}

// Service is the principal that a service signs in as, without its realm: the
// account in Active Directory, its SPN elsewhere. The name is "gw", "cas", …
func (r *Realm) Service(name string) string {
	if r.LDAP != "" {
		return "svc-" + name
	}
	return r.SPN(name)
}

// SPN is the name tickets for a service are asked by.
func (r *Realm) SPN(name string) string { return "HTTP/" + name + "." + r.Domain }

// DN is an account's distinguished name in Active Directory.
func (r *Realm) DN(account string) string { return "CN=" + account + ",CN=Users," + r.BaseDN }

// Stop ends the KDC, and Start starts it again with all it knew.
func (r *Realm) Stop(tb testing.TB)  { tb.Helper(); r.must(tb, r.keeper.say("stop")) }
func (r *Realm) Start(tb testing.TB) { tb.Helper(); r.must(tb, r.up()) }

// Pause has the KDC accept connections and answer nothing, until Resume.
func (r *Realm) Pause(tb testing.TB)  { tb.Helper(); r.must(tb, r.keeper.say("pause")) }
func (r *Realm) Resume(tb testing.TB) { tb.Helper(); r.must(tb, r.keeper.say("resume")) }

// Close ends the realm and removes its files.
func (r *Realm) Close() { r.keeper.close() }

// SetPassword changes an account's password, so that the next kvno is its key's.
func (r *Realm) SetPassword(tb testing.TB, account, password string) {
	tb.Helper()
	r.must(tb, r.kind.setPassword(r, account, password))
}

// Disable disables a user's account.
func (r *Realm) Disable(tb testing.TB, user string) {
	tb.Helper()
	r.must(tb, r.kind.disable(r, user))
}

// Export writes a keytab of what the principals' keys are now and returns its
// file: "svc-gw", "HTTP/gw.entente.test".
func (r *Realm) Export(tb testing.TB, principals ...string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "keytab")
	r.must(tb, r.kind.export(r, file, principals))
	return file
}

// Env is the environment for programs of others that use this realm.
func (r *Realm) Env() []string { return append(os.Environ(), "KRB5_CONFIG="+r.Config) }

func (r *Realm) must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// krb5conf is what MIT's and Heimdal's programs read.
func (r *Realm) krb5conf(more string) string {
	return strings.NewReplacer("REALM", r.Name, "DOMAIN", r.Domain, "KDC", r.KDC).Replace(`[libdefaults]
 default_realm = REALM
 dns_lookup_realm = false
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 udp_preference_limit = 1
[realms]
 REALM = {
  kdc = KDC
 }
[domain_realm]
 .DOMAIN = REALM
 DOMAIN = REALM
`) + more
}
