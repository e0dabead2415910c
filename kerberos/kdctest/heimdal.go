package kdctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type heimdal struct{}

// start starts a Heimdal KDC. It has delegation lists, and no PAC.
func (k heimdal) start() (*Realm, error) {
	root, err := k.root()
	if err != nil {
		return nil, err
	}
	r := &Realm{Name: "HEIM.TEST", Domain: "heim.test", kind: k}
	return launch(r, func(ip string) ([]string, error) {
		db := filepath.Join(r.dir, "db")
		err := write(r.Config, r.krb5conf(strings.NewReplacer("DB", db, "IP", ip, "REALM", r.Name).Replace(`[kdc]
 database = {
  dbname = DB/h
  realm = REALM
  mkey_file = DB/mkey
  log_file = DB/log
  acl_file = DB/acl
 }
 addresses = IP
 ports = 88/tcp
[logging]
 kdc = STDERR
`)))
		if err == nil {
			err = write(filepath.Join(db, "acl"), "")
		}
		if err != nil {
			return nil, err
		}
		r.env = []string{"KRB5_CONFIG=" + r.Config}
		if root != "/" {
			r.env = append(r.env, "LD_LIBRARY_PATH="+filepath.Join(root, "usr/lib/x86_64-linux-gnu"))
		}
		return []string{filepath.Join(root, "usr/lib/heimdal-servers/kdc")}, k.seed(r)
	})
}

func (heimdal) root() (string, error) {
	if _, err := os.Stat("/usr/lib/heimdal-servers/kdc"); err == nil {
		return "/", nil
	}
	return unpack("heimdal", "heimdal-kdc", "heimdal-clients", "libkdc2-heimdal", "libhdb9-heimdal", "libkrb5-26-heimdal",
		"libasn1-8-heimdal", "libroken19-heimdal", "libhcrypto5-heimdal", "libhx509-5-heimdal", "libwind0-heimdal",
		"libheimbase1-heimdal", "libheimntlm0-heimdal", "libgssapi3-heimdal", "libkadm5srv8-heimdal",
		"libkadm5clnt7-heimdal", "libsl0-heimdal", "libotp0-heimdal", "libkafs0-heimdal")
}

// kadmin carries out commands on the realm's database, one a line.
func (k heimdal) kadmin(r *Realm, commands string) error {
	root, err := k.root()
	if err != nil {
		return err
	}
	return run(r.env, commands, filepath.Join(root, "usr/bin/kadmin.heimdal"), "-l")
}

func (k heimdal) seed(r *Realm) error {
	var b strings.Builder
	fmt.Fprintf(&b, "init --realm-max-ticket-life=unlimited --realm-max-renewable-life=unlimited %s\n", r.Name)
	for _, s := range services {
		fmt.Fprintf(&b, "add -r --use-defaults %s\n", r.SPN(s))
	}
	for _, u := range users {
		fmt.Fprintf(&b, "add -p %s --use-defaults %s\n", Password, u)
	}
	for _, s := range []string{"gw", "cas"} {
		fmt.Fprintf(&b, "mod -a +trusted-for-delegation %s\n", r.SPN(s))
	}
	for _, d := range delegation {
		fmt.Fprintf(&b, "mod --constrained-delegation=%s@%s %s\n", r.SPN(d[1]), r.Name, r.SPN(d[0]))
	}
	b.WriteString("mod -a +disallow-forwardable carol\n")
	if err := k.kadmin(r, b.String()); err != nil {
		return err
	}
	if err := k.disable(r, "dave"); err != nil {
		return err
	}
	spns := []string{}
	for _, s := range services {
		spns = append(spns, r.SPN(s))
	}
	return k.export(r, r.Keytab, spns)
}

func (k heimdal) setPassword(r *Realm, account, password string) error {
	return k.kadmin(r, fmt.Sprintf("passwd -p %s %s\n", password, account))
}

func (k heimdal) disable(r *Realm, user string) error {
	return k.kadmin(r, "mod -a +disallow-all-tix "+user+"\n")
}

func (k heimdal) export(r *Realm, file string, principals []string) error {
	return k.kadmin(r, "ext -k "+file+" "+strings.Join(principals, " ")+"\n")
}

// Who is in every realm.
var (
	services   = []string{"gw", "cas", "konly", "none", "mbx", "other"}
	users      = []string{"alice", "bob", "carol", "dave"}
	delegation = [][2]string{{"gw", "cas"}, {"konly", "cas"}, {"cas", "mbx"}}
)
