package ruletest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/authn/clientcert"
	"entente/directory/ldap"
	"entente/kerberos"
	"entente/kerberos/kdctest"
	"entente/outgoing"
	"entente/publish"
)

// A bench is a realm, a server inside that takes its tickets, and a rule that
// works; tests break one thing after the other.
type bench struct {
	t      testing.TB
	realm  *kdctest.Realm
	config Config
	roots  *authority
	status int // of the server inside, once it knows who is asking; 0 is 200
	leaf   tls.Certificate
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	key, cert, _ := signed(t, nil, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Test CA"}, NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	})
	return &authority{cert, key}
}

func signed(t testing.TB, by *authority, template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	if by == nil {
		by = &authority{template, key}
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	template.NotBefore = time.Now().AddDate(0, 0, -2)
	template.SubjectKeyId = template.SerialNumber.Bytes()
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return key, cert, der
}

func (a *authority) server(t testing.TB, until time.Time, names ...string) tls.Certificate {
	key, cert, der := signed(t, a, &x509.Certificate{DNSNames: names, NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}
}

func (a *authority) client(t testing.TB) *x509.Certificate {
	_, cert, _ := signed(t, a, &x509.Certificate{
		Subject: pkix.Name{CommonName: "phone"}, NotAfter: time.Now().AddDate(0, 0, 1), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return cert
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func keytab(t testing.TB, file string) func() *kerberos.Keytab {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	k, err := kerberos.ReadKeytab(f)
	must(t, err)
	return func() *kerberos.Keytab { return k }
}

func anyone() *outgoing.Dialer {
	local := outgoing.Rule{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	return outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Published: local, outgoing.KDC: local, outgoing.LDAP: local}, nil)
}

func newBench(t testing.TB, r *kdctest.Realm) *bench {
	t.Helper()
	b := &bench{t: t, realm: r, roots: newAuthority(t)}
	b.leaf = b.roots.server(t, time.Now().AddDate(0, 1, 0), "cas."+r.Domain)
	pool := x509.NewCertPool()
	pool.AddCert(b.roots.cert)
	public := b.roots.server(t, time.Now().AddDate(0, 1, 0), "mail.contoso.example")
	b.config = Config{
		Listener: publish.Listener{
			Name: "internet", Auth: []publish.ClientAuth{publish.WithCertificate}, Certificates: []tls.Certificate{public},
		},
		Authorities: []clientcert.Authority{{Name: "people", Certificates: []*x509.Certificate{b.roots.cert}, Revocation: clientcert.Revocation{None: true}}},
		Rule: publish.Rule{
			Name: "mail", Listener: "internet", Names: []string{"mail.contoso.example"}, Preset: publish.EWS,
			Site: "cas." + r.Domain, Inside: []*url.URL{b.inside()}, Delegation: publish.KCD, Roots: pool,
		},
		Dialer: anyone(), Now: time.Now,
		Kerberos: &kerberos.DelegatorConfig{
			Self: kerberos.Principal{Name: r.Service("gw"), Realm: r.Name}, Keytab: keytab(t, r.Keytab), KDCs: []string{r.KDC},
			Dial: anyone().DialFunc(outgoing.KDC), Now: time.Now,
		},
	}
	b.people("")
	if r.LDAP == "" {
		return b
	}
	roots, err := r.Roots()
	must(t, err)
	client, err := ldap.New(ldap.Config{
		Servers: []string{r.LDAP}, BindDN: r.Reader, Password: entente.NewSecret(kdctest.Password), TLS: &tls.Config{RootCAs: roots},
		Dial: anyone().DialFunc(outgoing.LDAP), Now: time.Now, Timeout: 5 * time.Second,
	})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	b.config.Directory = client
	return b
}

// people has alice, bob, carol and dave known here as the realm knows them, and
// alice by a certificate's key if one is given.
func (b *bench) people(identity string) {
	var f access.Facts
	for _, name := range []string{"alice", "bob", "carol", "dave", "stranger"} {
		a := access.Account{
			Principal: access.Principal{UPN: entente.UPN(name + "@contoso.example"), Mail: entente.SMTPAddress(name + "@contoso.example"), SID: entente.SID("S-1-5-21-1-2-3-" + fmt.Sprint(len(f.Accounts)+1000))},
			Name:      name, Kind: access.KindUser, Enabled: true, LogonName: name,
		}
		if b.realm.LDAP != "" && name != "stranger" {
			a.SID = entente.SID(b.realm.SID(b.t, name))
		}
		if name == "alice" && identity != "" {
			parsed, err := access.ParseIdentity(identity)
			must(b.t, err)
			a.Identities = []string{parsed}
		}
		f.Accounts = append(f.Accounts, a)
	}
	s := access.Compile(f)
	b.config.Snapshot = func() *access.Snapshot { return s }
}

// inside is a server that takes tickets, and answers 403 to people without one.
func (b *bench) inside() *url.URL {
	b.t.Helper()
	accept, err := kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: keytab(b.t, b.realm.Keytab), PAC: map[string]kerberos.PACMode{b.realm.Name: kerberos.PACNone}, Now: time.Now,
	})
	must(b.t, err)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Negotiate ")
		raw, err := base64.StdEncoding.DecodeString(token)
		if ok && err == nil {
			_, _, err = accept.Accept(raw, kerberos.Bindings{})
		}
		if !ok || err != nil {
			w.Header().Set("WWW-Authenticate", "Negotiate")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if b.status != 0 {
			w.WriteHeader(b.status)
		}
	}))
	s.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &b.leaf, nil }}
	s.Config.ErrorLog = nil
	s.StartTLS()
	b.t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	must(b.t, err)
	return u
}

// lines tests the rule and returns its lines by their checks.
func (b *bench) test(user string, certificate ...*x509.Certificate) []Line {
	return Test(b.t.Context(), b.config, Question{User: user, Certificate: certificate})
}

func show(lines []Line) string {
	var s strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&s, "%-8s %s: %s", l.State, l.Check, l.Seen)
		if l.Remedy != "" {
			fmt.Fprintf(&s, " → %s", l.Remedy)
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// expect wants a line whose check begins so to be in a state and its remedy to have
// texts, and everything that is wrong to say what to do.
func (b *bench) expect(what string, lines []Line, check string, s State, remedy ...string) {
	b.t.Helper()
	found := false
	for _, l := range lines {
		if (l.State == Failed || l.State == Warning) && l.Remedy == "" {
			b.t.Errorf("%s: %s has no remedy: %s", what, l.Check, l.Seen)
		}
		if !strings.HasPrefix(l.Check, check) {
			continue
		}
		found = true
		if l.State != s {
			b.t.Errorf("%s: %s is %s, want %s\n%s", what, check, l.State, s, show(lines))
		}
		for _, text := range remedy {
			if !strings.Contains(l.Remedy, text) {
				b.t.Errorf("%s: the remedy of %s does not say %q: %s", what, check, text, l.Remedy)
			}
		}
	}
	if !found {
		b.t.Errorf("%s: nothing is said of %s\n%s", what, check, show(lines))
	}
}

// TestRuleThatWorks is every line of a rule that works, in order.
func TestRuleThatWorks(t *testing.T) {
	b := newBench(t, kdctest.Samba(t))
	lines := b.test("alice")
	if !Works(lines) {
		t.Errorf("it does not work:\n%s", show(lines))
	}
	at := 0
	for _, want := range []string{
		"public name mail", "client authority", "TCP 127", "TLS 127", "KDC 127", "clock of the KDC", "sign-in of svc-gw", "directory", "clock of ldaps",
		"domain functional level", "keytab", "encryption types", "account svc-gw", "delegation list", "any protocol", "unconstrained", "SPN HTTP/cas",
		"user alice", "user alice in the directory", "may be delegated", "S4U2Self", "ticket signature", "S4U2Proxy", "HTTP GET /EWS/Exchange.asmx",
	} {
		i := at
		for i < len(lines) && !strings.HasPrefix(lines[i].Check, want) {
			i++
		}
		if i == len(lines) {
			t.Errorf("nothing is said of %s after line %d\n%s", want, at, show(lines))
			continue
		}
		at = i
		if s := lines[i].State; s != OK {
			t.Errorf("%s: %s: %s", want, s, lines[i].Seen)
		}
	}
}

// TestRuleWithoutDirectory: a realm of names alone has no directory that could be
// asked, and its KDC says what there is to say.
func TestRuleWithoutDirectory(t *testing.T) {
	for name, realm := range map[string]func(testing.TB) *kdctest.Realm{"heimdal": kdctest.Heimdal, "mit": kdctest.MIT} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, realm(t))
			lines := b.test("alice")
			if b.expect(name, lines, "S4U2Proxy", OK); !Works(lines) {
				t.Errorf("it does not work:\n%s", show(lines))
			}
			b.expect(name, lines, "directory", Skipped)
			lines = b.test("carol")
			if Works(lines) {
				t.Errorf("a sensitive account:\n%s", show(lines))
			}
			lines = b.test("stranger")
			b.expect("unknown", lines, "S4U2Self", Failed, "does not know stranger")
			b.config.Rule.SPN = entente.SPN(b.realm.SPN("other"))
			b.expect("another service", b.test("alice"), "S4U2Proxy", Failed, "HTTP/other", "Delegation")
		})
	}
}

// TestWhatIsWrongInside breaks what is between the gateway and the server inside.
func TestWhatIsWrongInside(t *testing.T) {
	b := newBench(t, kdctest.Samba(t))
	whole := b.config
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := closed.Addr().String()
	must(t, closed.Close())
	plainHTTP := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plainHTTP.Close)
	other := newAuthority(t)
	good := b.leaf
	tests := []struct {
		what  string
		wreck func()
		check string
		state State
		says  []string
		then  string // what is skipped for it
	}{
		{"a name that does not resolve", func() { b.config.Rule.Inside = urls("https://cas.invalid") }, "name cas.invalid", Failed, []string{"DNS", "publish.rules[mail].inside"}, "TLS cas.invalid"},
		{"nobody at the port", func() { b.config.Rule.Inside = urls("https://" + port) }, "TCP " + port, Failed, []string{"publish.rules[mail].inside"}, "TLS " + port},
		{"a network that may not be reached", func() {
			b.config.Dialer = outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Published: {}}, nil)
		}, "TCP", Failed, []string{"publish.networks"}, "HTTP"},
		{"no TLS", func() { b.config.Rule.Inside = urls(strings.Replace(plainHTTP.URL, "http:", "https:", 1)) }, "TLS", Failed, []string{"serve HTTPS"}, "HTTP"},
		{"an unknown authority", func() { b.leaf = other.server(t, time.Now().AddDate(0, 1, 0), "cas.entente.test") }, "TLS", Failed, []string{"publish.rules[mail].ca_files"}, "HTTP"},
		{"another name", func() { b.leaf = b.roots.server(t, time.Now().AddDate(0, 1, 0), "web.entente.test") }, "TLS", Failed, []string{"cas.entente.test", "publish.rules[mail].site"}, "HTTP"},
		{"an old certificate", func() { b.leaf = b.roots.server(t, time.Now().Add(-time.Hour), "cas.entente.test") }, "TLS", Failed, []string{"renew"}, "HTTP"},
		{"one that will be", func() { b.leaf = b.roots.server(t, time.Now().Add(time.Hour), "cas.entente.test") }, "TLS", Warning, []string{"renew"}, ""},
		{"it refuses", func() { b.status = 403 }, "HTTP", Failed, []string{"Set-CASMailbox"}, ""},
		{"it asks for a form", func() { b.status = 440 }, "HTTP", Failed, []string{"forms-based"}, ""},
		{"it has nothing there", func() { b.status = 404 }, "HTTP", Failed, []string{"publish.rules[mail].preset"}, ""},
		{"it is ill", func() { b.status = 503 }, "HTTP", Failed, []string{"application pool"}, ""},
		{"it does not like the method", func() { b.status = 405 }, "HTTP", OK, nil, ""},
		{"it wants the device provisioned", func() { b.status = 449 }, "HTTP", OK, nil, ""},
		{"it refuses the ticket", func() { b.config.Rule.Inside = []*url.URL{refusing(t, b, "Negotiate")} }, "HTTP", Failed, []string{"HTTP/cas.entente.test", "useAppPoolCredentials"}, ""},
		{"it takes no tickets", func() { b.config.Rule.Inside = []*url.URL{refusing(t, b, "Basic realm=x")} }, "HTTP", Failed, []string{"Integrated Windows authentication"}, ""},
		{"no certificate for the public name", func() { b.config.Rule.Names = []string{"other.contoso.example"} }, "public name other", Failed, []string{"publish.listeners[internet].certificates"}, ""},
		{"no authorities of clients", func() { b.config.Authorities = nil }, "client authorities", Failed, []string{"publish.listeners[internet].authorities"}, ""},
		{"accounts that are old", func() { b.config.Fresh = func() time.Time { return time.Now().Add(-time.Hour) } }, "accounts as of", Failed, []string{"ldap status"}, ""},
		{"accounts never read", func() { b.config.Fresh = func() time.Time { return time.Time{} } }, "accounts as of", Failed, []string{"ldap status"}, ""},
	}
	for _, test := range tests {
		b.config, b.leaf, b.status = whole, good, 0
		test.wreck()
		lines := b.test("alice")
		b.expect(test.what, lines, test.check, test.state, test.says...)
		if test.then != "" {
			b.expect(test.what, lines, test.then, Skipped)
		}
		// What does not depend on it goes on.
		b.expect(test.what, lines, "S4U2Self", OK)
		if Works(lines) != (test.state != Failed) {
			t.Errorf("%s: on the whole\n%s", test.what, show(lines))
		}
	}
}

func urls(text string) []*url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return []*url.URL{u}
}

// refusing is a server inside that takes nobody, and asks for what is said.
func refusing(t testing.TB, b *bench, challenge string) *url.URL {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{b.leaf}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return urls(s.URL)[0]
}

// TestWhatIsWrongInTheRealm breaks one setting of Active Directory after the other.
func TestWhatIsWrongInTheRealm(t *testing.T) {
	realm := kdctest.NewSamba(t)
	b := newBench(t, realm)
	whole := b.config
	const normal, anyProtocol, unconstrained, disabled = 0x200 | 0x10000, 0x1000000, 0x80000, 0x2
	gw, cas, other := realm.DN("svc-gw"), realm.DN("svc-cas"), realm.DN("svc-other")
	uac := func(bits int) { realm.Modify(t, gw, "userAccountControl", fmt.Sprint(normal|bits)) }
	service := func(name string) func() {
		return func() {
			k := *whole.Kerberos
			k.Self.Name = "svc-" + name
			b.config.Kerberos = &k
		}
	}
	tests := []struct {
		what       string
		wreck, fix func()
		user       string
		check      string
		state      State
		says       []string
		also       map[string]State
	}{
		{
			"not in the delegation list", func() { realm.Modify(t, gw, "msDS-AllowedToDelegateTo", "HTTP/mbx.entente.test") }, func() { realm.Modify(t, gw, "msDS-AllowedToDelegateTo", "HTTP/cas.entente.test") },
			"alice", "delegation list", Failed,
			[]string{"HTTP/cas.entente.test", "msDS-AllowedToDelegateTo", gw},
			map[string]State{"S4U2Self": OK, "S4U2Proxy": Failed, "HTTP": Skipped},
		},
		{
			"Kerberos only", func() { uac(0) }, func() { uac(anyProtocol) },
			"alice", "any protocol", Failed,
			[]string{"0x1000000"},
			map[string]State{"S4U2Self": Failed, "S4U2Proxy": Skipped, "delegation list": OK},
		},
		{
			"unconstrained", func() { uac(anyProtocol | unconstrained) }, func() { uac(anyProtocol) },
			"alice", "unconstrained delegation", Warning,
			[]string{"0x80000"},
			map[string]State{"S4U2Proxy": OK},
		},
		{
			"a disabled account", func() { uac(anyProtocol | disabled) }, func() { uac(anyProtocol) },
			"alice", "account svc-gw", Failed,
			[]string{"enable"},
			map[string]State{"sign-in": Failed, "S4U2Self": Skipped},
		},
		{
			"an SPN that nobody has", func() { realm.Modify(t, cas, "servicePrincipalName") }, func() { realm.Modify(t, cas, "servicePrincipalName", "HTTP/cas.entente.test") },
			"alice", "SPN HTTP/cas", Failed,
			[]string{"setspn -S HTTP/cas.entente.test"},
			map[string]State{"S4U2Proxy": Failed, "S4U2Self": OK},
		},
		{
			"an SPN that two have", func() {
				doubled(t, realm, "svc-other", "HTTP/cas.entente.test")
			}, func() { realm.Modify(t, other, "servicePrincipalName", "HTTP/other.entente.test") },
			"alice", "SPN HTTP/cas", Failed,
			[]string{"setspn -D HTTP/cas.entente.test"},
			nil,
		},
		{
			"no AES", func() { realm.Modify(t, gw, "msDS-SupportedEncryptionTypes", "4") }, func() { realm.Modify(t, gw, "msDS-SupportedEncryptionTypes", "24") },
			"alice", "encryption types", Failed,
			[]string{"24", gw},
			nil,
		},
		{"an account that is not there", service("nobody"), nil, "alice", "account svc-nobody", Failed, []string{"kerberos.account"}, map[string]State{"keytab": Failed, "S4U2Self": Skipped}},
		{"an account that may not", service("none"), nil, "alice", "delegation list", Failed, []string{"Delegation tab"}, map[string]State{"any protocol": Failed, "sign-in": OK}},
		{"a sensitive user", func() {}, nil, "carol", "may be delegated", Failed, []string{"sensitive"}, map[string]State{"S4U2Self": Failed, "user carol": OK}},
		{"a disabled user", func() {}, nil, "dave", "user dave in the directory", Failed, []string{"enable"}, nil},
		{"a user of another realm", func() {}, nil, "stranger", "user stranger in the directory", Failed, []string{"logon name"}, map[string]State{"S4U2Self": Failed}},
		{"nobody", func() {}, nil, "nobody", "user nobody", Failed, []string{"ldap sync"}, map[string]State{"S4U2Self": Skipped}},
		{"a name that means another", func() { b.config.Snapshot = misnamed(whole.Snapshot()) }, nil, "alice@contoso.example", "user bob in the directory", Failed, []string{"not the same account"}, map[string]State{"S4U2Self": Failed}},
		{"a protected user", func() {
			realm.Modify(t, "CN=Protected Users,CN=Users,"+realm.BaseDN, "member", realm.DN("alice"))
		}, func() { realm.Modify(t, "CN=Protected Users,CN=Users,"+realm.BaseDN, "member") }, "alice", "Protected Users", Warning, []string{"take it out"}, nil},
	}
	for _, test := range tests {
		b.config = whole
		test.wreck()
		lines := b.test(test.user)
		b.expect(test.what, lines, test.check, test.state, test.says...)
		for check, state := range test.also {
			b.expect(test.what, lines, check, state)
		}
		if test.state == Failed && Works(lines) {
			t.Errorf("%s: on the whole it works", test.what)
		}
		if test.fix != nil {
			test.fix()
		}
	}
	b.config = whole
	if lines := b.test("alice"); !Works(lines) {
		t.Fatalf("after all was put right:\n%s", show(lines))
	}

	// The KDC accepts, and says nothing.
	realm.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lines := Test(ctx, b.config, Question{User: "alice"})
	realm.Resume(t)
	b.expect("a slow KDC", lines, "KDC 127", Failed, "kerberos.realms[ENTENTE.TEST].kdcs")
	b.expect("a slow KDC", lines, "S4U2Self", Skipped)
	b.expect("a slow KDC", lines, "TLS", OK)

	// One of two.
	k := *whole.Kerberos
	k.KDCs = append([]string{"127.88.255.254:88"}, k.KDCs...)
	b.config.Kerberos = &k
	lines = b.test("alice")
	b.expect("one KDC of two", lines, "KDC 127.88.255.254", Warning, "take it out")
	b.expect("one KDC of two", lines, "S4U2Proxy", OK)
	b.config = whole

	// Clocks.
	k = *whole.Kerberos
	k.Now = func() time.Time { return time.Now().Add(time.Hour) }
	b.config.Kerberos = &k
	lines = b.test("alice")
	b.expect("a wrong clock", lines, "clock of the KDC", Failed, "NTP")
	b.expect("a wrong clock", lines, "sign-in", Failed, "NTP")
	b.config = whole

	// A keytab of before.
	realm.SetPassword(t, "svc-gw", "An0ther-Pass!2")
	lines = b.test("alice")
	b.expect("an old keytab", lines, "keytab", Failed, "export the keytab anew")
	b.expect("an old keytab", lines, "sign-in", Failed, "export it anew")
	b.expect("an old keytab", lines, "S4U2Self", Skipped)

	realm.Stop(t)
	lines = b.test("alice")
	b.expect("nothing answers", lines, "KDC 127", Failed)
	b.expect("nothing answers", lines, "directory", Failed, "ldap status")
	b.expect("nothing answers", lines, "SPN", Skipped)
	realm.Start(t)
}

// doubled gives an account an SPN that another has. A domain controller refuses
// that; two of them that have not spoken with each other make it so.
func doubled(t *testing.T, r *kdctest.Realm, account, spn string) {
	t.Helper()
	guid := r.Attribute(t, account, "objectGUID")
	r.Stop(t)
	defer r.Start(t)
	g := []byte(guid)
	text := fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(g), binary.LittleEndian.Uint16(g[4:]), binary.LittleEndian.Uint16(g[6:]), g[8:10], g[10:16])
	const script = `
import sys, ldb
from samba import Ldb
db = Ldb(sys.argv[1])
m = ldb.Message(ldb.Dn(db, "<GUID=%s>;%s" % (sys.argv[2], sys.argv[3])))
m["spn"] = ldb.MessageElement([sys.argv[4]], ldb.FLAG_MOD_ADD, "servicePrincipalName")
db.modify(m)
`
	file := filepath.Join(filepath.Dir(r.Keytab), "private/sam.ldb.d", strings.ToUpper(r.BaseDN)+".ldb")
	if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-I", "-c", script, file, text, r.DN(account), spn).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// misnamed gives alice bob's logon name.
func misnamed(s *access.Snapshot) func() *access.Snapshot {
	f := s.Facts()
	for i := range f.Accounts {
		if f.Accounts[i].LogonName == "alice" {
			f.Accounts[i].LogonName = "bob"
		}
	}
	f.Accounts = f.Accounts[:1]
	other := access.Compile(f)
	return func() *access.Snapshot { return other }
}

// TestCertificates is what is said of a client's certificate.
func TestCertificates(t *testing.T) {
	b := newBench(t, kdctest.Samba(t))
	client := b.roots.client(t)
	judge := func() {
		j, err := clientcert.New(clientcert.Config{Authorities: b.config.Authorities, Snapshot: b.config.Snapshot})
		must(t, err)
		b.config.Listener.Judge = j
	}
	lines := b.test("alice", client)
	b.expect("no judge", lines, "certificate", Failed, "publish.listeners[internet].auth")
	judge()
	lines = b.test("alice", client)
	b.expect("nobody's", lines, "certificate", Failed, "altSecurityIdentities", "X509:<SKI>"+hex.EncodeToString(client.SubjectKeyId))
	// What it says to write down is good.
	b.people("X509:<SKI>" + hex.EncodeToString(client.SubjectKeyId))
	judge()
	lines = b.test("alice", client)
	b.expect("hers", lines, "certificate", OK)
	b.expect("without revocation", lines, "revocation of people", Warning, "crl or ocsp")
	b.expect("another's", b.test("bob", client), "certificate", Failed, "altSecurityIdentities")
	b.expect("of another authority", b.test("alice", newAuthority(t).client(t)), "certificate", Failed, "publish.listeners[internet].authorities")
	if lines := b.test("alice", client); !Works(lines) {
		t.Errorf("%s", show(lines))
	}
}
