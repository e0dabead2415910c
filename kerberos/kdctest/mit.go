package kdctest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type mit struct{}

const (
	mitBase  = "dc=mit,dc=test"
	mitAdmin = "cn=admin," + mitBase
)

// start starts an MIT KDC over a slapd of its own: delegation lists are an
// attribute of its LDAP database, the module over files refuses all delegation.
func (k mit) start() (*Realm, error) {
	err := installed([2]string{"/usr/sbin/krb5kdc", "krb5-kdc"}, [2]string{"/usr/sbin/kdb5_ldap_util", "krb5-kdc-ldap"},
		[2]string{"/usr/sbin/slapd", "slapd"}, [2]string{"/usr/bin/ldapadd", "ldap-utils"})
	if err != nil {
		return nil, err
	}
	r := &Realm{Name: "MIT.TEST", Domain: "mit.test", kind: k}
	return launch(r, func(ip string) ([]string, error) {
		if err := k.configure(r, ip); err != nil {
			return nil, err
		}
		r.env = []string{"KRB5_CONFIG=" + r.Config, "KRB5_KDC_PROFILE=" + filepath.Join(r.dir, "kdc.conf")}
		if err := k.seed(r); err != nil {
			return nil, err
		}
		return []string{"/bin/sh", filepath.Join(r.dir, "run.sh")}, nil
	})
}

func (mit) socket(r *Realm) string {
	return "ldapi://" + url.QueryEscape(filepath.Join(r.dir, "ldapi"))
}

func (k mit) configure(r *Realm, ip string) error {
	in := strings.NewReplacer("DIR", r.dir, "IP", ip, "REALM", r.Name, "BASE", mitBase, "SOCKET", k.socket(r))
	files := map[string]string{
		"slapd.conf": `include /etc/ldap/schema/core.schema
include DIR/kerberos.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile DIR/slapd.pid
argsfile DIR/slapd.args
database mdb
suffix "BASE"
rootdn "cn=admin,BASE"
rootpw admin
directory DIR/ldap
index objectClass eq
index krbPrincipalName eq,pres
dbnosync
`,
		"kdc.conf": `[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = IP:88
[realms]
 REALM = {
  database_module = l
  key_stash_file = DIR/stash
  supported_enctypes = aes256-cts:normal aes128-cts:normal aes256-sha2:normal
 }
[dbmodules]
 l = {
  db_library = kldap
  ldap_kerberos_container_dn = "cn=krb,BASE"
  ldap_kdc_dn = "cn=admin,BASE"
  ldap_kadmind_dn = "cn=admin,BASE"
  ldap_service_password_file = DIR/svc.stash
  ldap_servers = SOCKET
  ldap_conns_per_server = 2
 }
[logging]
 kdc = STDERR
`,
		"run.sh": `rm -f DIR/ldapi
/usr/sbin/slapd -d 0 -f DIR/slapd.conf -h SOCKET &
i=0; until /usr/bin/ldapwhoami -x -H SOCKET >/dev/null 2>&1 || [ $i -gt 500 ]; do sleep 0.02; i=$((i+1)); done
exec /usr/sbin/krb5kdc -n
`,
		"ldap/.keep": "",
	}
	for name, content := range files {
		if err := write(filepath.Join(r.dir, name), in.Replace(content)); err != nil {
			return err
		}
	}
	if err := write(r.Config, r.krb5conf("")); err != nil {
		return err
	}
	schema := "zcat -f /usr/share/doc/krb5-kdc-ldap/kerberos.schema* > " + filepath.Join(r.dir, "kerberos.schema")
	return run(nil, "", "/bin/sh", "-c", schema+" && test -s "+filepath.Join(r.dir, "kerberos.schema"))
}

func (k mit) seed(r *Realm) error {
	uri := k.socket(r)
	stop, err := k.slapd(r)
	if err != nil {
		return err
	}
	defer stop()
	base := "dn: " + mitBase + "\nobjectClass: dcObject\nobjectClass: organization\no: lab\ndc: mit\n"
	steps := []func() error{
		func() error { return run(r.env, base, "ldapadd", "-x", "-H", uri, "-D", mitAdmin, "-w", "admin") },
		func() error {
			return run(r.env, "admin\nadmin\n", "/usr/sbin/kdb5_ldap_util", "-D", mitAdmin, "-w", "admin", "-H", uri,
				"stashsrvpw", "-f", filepath.Join(r.dir, "svc.stash"), mitAdmin)
		},
		func() error {
			return run(r.env, "", "/usr/sbin/kdb5_ldap_util", "-D", mitAdmin, "-w", "admin", "-H", uri,
				"create", "-r", r.Name, "-subtrees", mitBase, "-s", "-P", "master")
		},
		func() error { return k.kadmin(r, k.principals(r)) },
		func() error {
			return run(r.env, k.lists(r), "ldapmodify", "-x", "-H", uri, "-D", mitAdmin, "-w", "admin")
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// slapd runs the LDAP server while the database is made; the keeper starts the
// one that stays.
func (mit) slapd(r *Realm) (stop func(), err error) {
	var said bytes.Buffer
	c := exec.Command("/usr/sbin/slapd", "-d", "0", "-f", filepath.Join(r.dir, "slapd.conf"), "-h", mit{}.socket(r))
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
	err = within(20*time.Second, func() error {
		s, err := net.DialTimeout("unix", filepath.Join(r.dir, "ldapi"), time.Second)
		if err == nil {
			err = s.Close()
		}
		return err
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("slapd: %w\n%s", err, said.String())
	}
	return stop, nil
}

func (mit) principals(r *Realm) string {
	var b strings.Builder
	for _, s := range services {
		flags := ""
		if s == "gw" || s == "cas" {
			flags = "+ok_to_auth_as_delegate "
		}
		fmt.Fprintf(&b, "addprinc -randkey %s%s\nktadd -k %s %s\n", flags, r.SPN(s), r.Keytab, r.SPN(s))
	}
	flags := map[string]string{"carol": "-allow_forwardable ", "dave": "-allow_tix "}
	for _, u := range users {
		fmt.Fprintf(&b, "addprinc -pw %s %s%s\n", Password, flags[u], u)
	}
	return b.String()
}

// lists has the delegation lists as changes of the LDAP database.
func (mit) lists(r *Realm) string {
	var b strings.Builder
	for _, d := range delegation {
		fmt.Fprintf(&b, "dn: krbPrincipalName=%s@%s,cn=%s,cn=krb,%s\nchangetype: modify\nadd: krbAllowedToDelegateTo\nkrbAllowedToDelegateTo: %s@%s\n\n",
			r.SPN(d[0]), r.Name, r.Name, mitBase, r.SPN(d[1]), r.Name)
	}
	return b.String()
}

// kadmin carries out commands, one a line. Its program is in the package of a
// server that is not wanted here.
func (mit) kadmin(r *Realm, commands string) error {
	program := "/usr/sbin/kadmin.local"
	if _, err := os.Stat(program); err != nil {
		root, err := unpack("mit", "krb5-admin-server")
		if err != nil {
			return err
		}
		program = filepath.Join(root, program)
	}
	said, err := output(r.env, commands, program, "-r", r.Name)
	if err == nil && strings.Contains(said, " while ") { // it says what failed, and that all is well
		err = errors.New(said)
	}
	return err
}

func (k mit) setPassword(r *Realm, account, password string) error {
	return k.kadmin(r, fmt.Sprintf("cpw -pw %s %s\n", password, account))
}

func (k mit) disable(r *Realm, user string) error {
	return k.kadmin(r, "modprinc -allow_tix "+user+"\n")
}

func (k mit) export(r *Realm, file string, principals []string) error {
	return k.kadmin(r, "ktadd -norandkey -k "+file+" "+strings.Join(principals, " ")+"\n")
}
