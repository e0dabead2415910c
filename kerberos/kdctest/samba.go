package kdctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
)

type samba struct{}

//go:embed seed.py
var seeding string

// python is Debian's, whose samba modules other Pythons do not have.
const python = "/usr/bin/python3"

// start starts an Active Directory domain controller: KDC and LDAP alone.
func (k samba) start() (*Realm, error) {
	err := installed([2]string{"/usr/sbin/samba", "samba-ad-dc"}, [2]string{"/usr/bin/samba-tool", "samba-common-bin"},
		[2]string{"/usr/share/samba/setup/provision.ldif", "samba-ad-provision"}, [2]string{python, "python3-samba"})
	if err != nil {
		return nil, err
	}
	snapshot, err := cached("samba", seeding+smbconf, provision)
	if err != nil {
		return nil, err
	}
	r := &Realm{
		Name: "ENTENTE.TEST", Domain: "entente.test", Host: "dc1.entente.test", BaseDN: "DC=entente,DC=test",
		Administrator: "Administrator@entente.test", Reader: "svc-ldap@entente.test", kind: k,
	}
	return launch(r, func(ip string) ([]string, error) {
		r.LDAP, r.CA = "ldaps://"+net.JoinHostPort(ip, "636"), filepath.Join(r.dir, "private/tls/ca.pem")
		if err := run(nil, "", "cp", "-a", snapshot+"/.", r.dir); err != nil {
			return nil, err
		}
		if err := configure(r.dir, ip, "kdc, ldap, cldap"); err != nil {
			return nil, err
		}
		if err := certify(filepath.Join(r.dir, "private/tls"), r.Host, ip); err != nil {
			return nil, err
		}
		r.env = []string{"KRB5_CONFIG=" + r.Config}
		command := []string{"/usr/sbin/samba", "-F", "--no-process-group", "-s", filepath.Join(r.dir, "etc/smb.conf")}
		return command, write(r.Config, r.krb5conf(""))
	})
}

// smbconf keeps everything below DIR, and starts nothing but what is wanted.
const smbconf = `[global]
 netbios name = DC1
 workgroup = ENTENTE
 realm = ENTENTE.TEST
 server role = active directory domain controller
 server services = SERVICES
 interfaces = IP/8
 bind interfaces only = yes
 krb5 port = 88
 kpasswd port = 464
 prefork children = 1
 ldap server require strong auth = no
 private dir = DIR/private
 state directory = DIR/state
 cache directory = DIR/cache
 lock directory = DIR
 pid directory = DIR/run
 ncalrpc dir = DIR/run/ncalrpc
 winbindd socket directory = DIR/run/winbindd
 ntp signd socket directory = DIR/run/ntp
 log file = DIR/logs/log.%m
 logging = file
 dns update command = /bin/true
 spn update command = /bin/true
 samba kcc command = /bin/true
`

func configure(dir, ip, services string) error {
	for _, d := range []string{"run", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	content := strings.NewReplacer("DIR", dir, "IP", ip, "SERVICES", services).Replace(smbconf)
	return write(filepath.Join(dir, "etc/smb.conf"), content)
}

// provision makes the domain and its accounts in dir.
func provision(dir string) error {
	err := run(nil, "", "/usr/bin/samba-tool", "domain", "provision", "--realm=ENTENTE.TEST", "--domain=ENTENTE",
		"--server-role=dc", "--dns-backend=NONE", "--adminpass="+AdminPassword, "--targetdir="+dir,
		"--host-name=dc1", "--host-ip=127.0.0.1", "--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes")
	if err != nil {
		return err
	}
	if err := configure(dir, "127.0.0.1", ""); err != nil {
		return err
	}
	return run(nil, seeding, python, "-I", "-", "seed", dir)
}

// certify writes the certificate of the LDAP server, and of the authority that
// signed it. Without, Samba would make RSA keys for seconds.
func certify(dir, host, ip string) error {
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Entente test CA"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		DNSNames: []string{host}, IPAddresses: []net.IP{net.ParseIP(ip)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootDER, err1 := x509.CreateCertificate(rand.Reader, root, root, ca.Public(), ca)
	leafDER, err2 := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), ca)
	keyDER, err3 := x509.MarshalECPrivateKey(key)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return err
		}
	}
	for name, b := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: rootDER}, "cert.pem": {Type: "CERTIFICATE", Bytes: leafDER}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := write(filepath.Join(dir, name), string(pem.EncodeToMemory(b))); err != nil {
			return err
		}
	}
	return nil
}

// Roots is who signed the certificate of the LDAP server.
func (r *Realm) Roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(r.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", r.CA)
	}
	return pool, nil
}

// admin connects to Active Directory as its administrator.
func (r *Realm) admin() (*ldap.Conn, error) {
	roots, err := r.Roots()
	if err != nil {
		return nil, err
	}
	c, err := ldap.DialURL(r.LDAP, ldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, ServerName: r.Host}))
	if err != nil {
		return nil, err
	}
	if err := c.Bind(r.Administrator, AdminPassword); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Modify replaces an attribute of an entry of Active Directory; no values remove
// it.
func (r *Realm) Modify(tb testing.TB, dn, attribute string, values ...string) {
	tb.Helper()
	r.must(tb, r.modify(dn, attribute, values...))
}

func (r *Realm) modify(dn, attribute string, values ...string) error {
	c, err := r.admin()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	change := ldap.NewModifyRequest(dn, nil)
	change.Replace(attribute, values)
	return c.Modify(change)
}

// Add makes an entry of Active Directory.
func (r *Realm) Add(tb testing.TB, dn string, attributes map[string][]string) {
	tb.Helper()
	c, err := r.admin()
	r.must(tb, err)
	defer func() { _ = c.Close() }()
	add := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		add.Attribute(name, values)
	}
	r.must(tb, c.Add(add))
}

// Delete removes an entry of Active Directory.
func (r *Realm) Delete(tb testing.TB, dn string) {
	tb.Helper()
	c, err := r.admin()
	r.must(tb, err)
	defer func() { _ = c.Close() }()
	r.must(tb, c.Del(ldap.NewDelRequest(dn, nil)))
}

// Attribute returns the first value of an attribute of an account of Active
// Directory, in its bytes.
func (r *Realm) Attribute(tb testing.TB, account, attribute string) string {
	tb.Helper()
	c, err := r.admin()
	r.must(tb, err)
	defer func() { _ = c.Close() }()
	found, err := c.Search(ldap.NewSearchRequest(r.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, 10, false,
		"(sAMAccountName="+ldap.EscapeFilter(account)+")", []string{attribute}, nil))
	r.must(tb, err)
	if len(found.Entries) != 1 {
		tb.Fatalf("%d accounts are called %s", len(found.Entries), account)
	}
	return string(found.Entries[0].GetRawAttributeValue(attribute))
}

// SID is an account's objectSid.
func (r *Realm) SID(tb testing.TB, account string) string {
	tb.Helper()
	b := []byte(r.Attribute(tb, account, "objectSid"))
	if len(b) < 8 || len(b) != 8+4*int(b[1]) {
		tb.Fatalf("objectSid of %s is %x", account, b)
	}
	// [MS-DTYP] 2.4.2.2
	s := fmt.Sprintf("S-%d-%d", b[0], new(big.Int).SetBytes(b[2:8]))
	for i := 8; i < len(b); i += 4 {
		s += fmt.Sprintf("-%d", uint32(b[i])|uint32(b[i+1])<<8|uint32(b[i+2])<<16|uint32(b[i+3])<<24)
	}
	return s
}

// [MS-ADTS] 3.1.1.3.1.5: unicodePwd is the password in quotation marks, UTF-16.
func (samba) setPassword(r *Realm, account, password string) error {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return r.modify(r.DN(account), "unicodePwd", b.String())
}

// disable sets ACCOUNTDISABLE beside NORMAL_ACCOUNT and DONT_EXPIRE_PASSWORD.
func (samba) disable(r *Realm, user string) error {
	return r.modify(r.DN(user), "userAccountControl", fmt.Sprint(0x200|0x10000|0x2))
}

func (samba) export(r *Realm, file string, principals []string) error {
	return run(r.env, seeding, python, append([]string{"-I", "-", "export", r.dir, file}, principals...)...)
}
