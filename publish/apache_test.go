package publish

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

// An apache is a web server inside that is not ours: Debian's Apache with
// mod_auth_gssapi, which takes tickets by MIT's library and, as it is set here,
// takes who spoke first on a connection for who speaks on it ever after.
type apache struct {
	t    testing.TB
	dir  string
	args []string
	env  []string
	url  *url.URL
	cmd  *exec.Cmd
}

// apacheConf tells in a header of the answer whom Apache takes for who asks.
const apacheConf = `
ServerRoot DIR
PidFile DIR/pid
DefaultRuntimeDir DIR
Mutex file:DIR
ServerName cas.contoso.example
Listen ADDRESS
User www-data
Group www-data
ErrorLog DIR/error.log
LogLevel warn
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authn_core_module MODULES/mod_authn_core.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule authz_user_module MODULES/mod_authz_user.so
LoadModule headers_module MODULES/mod_headers.so
LoadModule ssl_module MODULES/mod_ssl.so
LoadModule auth_gssapi_module MODULES/mod_auth_gssapi.so
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 64
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 120
TraceEnable Off
SSLEngine On
SSLCertificateFile DIR/cert.pem
SSLCertificateKeyFile DIR/key.pem
DocumentRoot DIR/root
<Directory DIR/root>
  AuthType GSSAPI
  AuthName Inside
  GssapiAllowedMech krb5
  GssapiConnectionBound On
  GssapiCredStore keytab:DIR/keytab
  Require valid-user
  Header always set X-Who "expr=%{REMOTE_USER}"
</Directory>
`

const apacheModules = "/usr/lib/apache2/modules"

// newApache starts one that has the keys of the realm's services. It is skipped
// where the packages are missing, and fails instead if CI or ENTENTE_REQUIRE_KDC
// is set.
func newApache(t testing.TB, w *realmWorld) *apache {
	t.Helper()
	for file, pkg := range map[string]string{"/usr/sbin/apache2": "apache2", apacheModules + "/mod_auth_gssapi.so": "libapache2-mod-auth-gssapi"} {
		if _, err := os.Stat(file); err != nil {
			if os.Getenv("CI") != "" || os.Getenv("ENTENTE_REQUIRE_KDC") != "" {
				t.Fatalf("Apache is required here: install %s", pkg)
			}
			t.Skipf("no Apache: install %s", pkg)
		}
	}
	dir, err := os.MkdirTemp("", "apache") // its children are another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a := &apache{t: t, dir: dir}
	cert := w.internal.server(t, "cas.contoso.example")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keytab, err := os.ReadFile(w.realm.Keytab)
	if err != nil {
		t.Fatal(err)
	}
	krb5, err := os.ReadFile(w.realm.Config)
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	for name, text := range map[string][]byte{
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"keytab":   keytab, "krb5.conf": krb5, "root/x/index.html": []byte("from Apache\n"),
		"conf": []byte(strings.NewReplacer("DIR", dir, "ADDRESS", address, "MODULES", apacheModules).Replace(apacheConf)),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Its library remembers tokens in files of the machine; ours come once anyway.
	a.env = append(w.realm.Env(), "KRB5RCACHENAME=none:", "KRB5_CONFIG="+filepath.Join(dir, "krb5.conf"))
	a.args = []string{"-DFOREGROUND", "-f", filepath.Join(dir, "conf")}
	a.url = &url.URL{Scheme: "https", Host: address}
	a.start()
	t.Cleanup(a.stop)
	return a
}

func (a *apache) start() {
	a.t.Helper()
	a.cmd = exec.Command("/usr/sbin/apache2", a.args...)
	a.cmd.Env = a.env
	var out logBuffer
	a.cmd.Stdout, a.cmd.Stderr = &out, &out
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		c, err := net.Dial("tcp", a.url.Host)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(a.dir, "error.log"))
			a.t.Fatalf("Apache does not start: %s %s", out.String(), log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends Apache and waits until it has ended.
func (a *apache) stop() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Signal(os.Interrupt)
	_ = a.cmd.Wait()
	a.cmd = nil
}

// who asks through the gateway and returns whom Apache took the request for.
func who(c *http.Client) (string, error) {
	resp, err := c.Get("https://mail.contoso.example/x/index.html")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s", resp.Status)
	}
	return strings.TrimSuffix(resp.Header.Get("X-Who"), "@ENTENTE.TEST"), nil
}

// cards has the gateway ask for certificates, and returns those of some people.
func (w *realmWorld) cards(conf *Config, names ...string) map[string]tls.Certificate {
	people := newAuthority(w.t, "People")
	l := &conf.Listeners[0]
	l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, w.judge(people), w.certificates(people)
	all := map[string]tls.Certificate{}
	for _, name := range names {
		all[name] = w.card(people, name)
	}
	return all
}

// TestApache is the gateway in front of a server that is not ours: who Apache sees
// is whose the certificate is, over pools of connections that it binds people to.
// ENTENTE_LONG makes it 100,000 requests. (threats E5)
func TestApache(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	a := newApache(t, w)
	conf := w.kcd(a.url)
	cards := w.cards(&conf, "alice", "bob")
	g := w.start(conf)
	total := int64(2_000)
	if os.Getenv("ENTENTE_LONG") != "" {
		total = 100_000
	}
	var asked, wrong, failed atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for i := range 16 {
		name := []string{"alice", "bob"}[i%2]
		all.Go(func() {
			c := g.client("internet", cards[name])
			for asked.Add(1) <= total {
				switch seen, err := who(c); {
				case err != nil:
					if failed.Add(1) < 5 {
						t.Errorf("%s: %v", name, err)
					}
				case seen != name:
					if wrong.Add(1) < 5 {
						t.Errorf("%s was taken for %q", name, seen)
					}
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d requests of two people in %s: %d in a wrong name, %d failed", total, time.Since(begun).Round(time.Millisecond), wrong.Load(), failed.Load())
}

// TestApacheBinds tells that Apache, as it is set, does bind people to connections:
// what comes over one without a token is taken for whoever showed one there first.
// What has a token of its own, as all has that comes from a gateway, it judges anew;
// servers that do not are in TestSharedConnectionsMix.
func TestApacheBinds(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	a := newApache(t, w)
	service := entente.SPN(w.realm.SPN("cas"))
	ticket, err := w.delegator.For(t.Context(), kerberos.User{Name: "alice", Realm: w.realm.Name, SID: w.people["alice"].SID}, service)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := ticket.Negotiate(time.Now(), kerberos.Bindings{}, false)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(c *http.Client, authorization string) (int, string) {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url.String()+"/x/index.html", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, resp.Header.Get("X-Who")
	}
	client := func() *http.Client {
		c := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.internal.pool(), ServerName: "cas.contoso.example"}}
		t.Cleanup(c.CloseIdleConnections)
		return &http.Client{Transport: c}
	}
	one := client()
	if status, who := ask(one, "Negotiate "+token); status != 200 || who != "alice@ENTENTE.TEST" {
		t.Fatalf("%d %q", status, who)
	}
	if status, who := ask(one, ""); status != 200 || who != "alice@ENTENTE.TEST" {
		t.Errorf("over the same connection: %d %q", status, who)
	}
	if status, _ := ask(client(), ""); status != 401 {
		t.Errorf("over another: %d", status)
	}
}

// TestApacheRestarts: a server inside that is gone is told as that, and one that is
// back serves whom it served before.
func TestApacheRestarts(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	a := newApache(t, w)
	conf := w.kcd(a.url)
	c := w.start(conf)
	client := c.client("internet")
	test := func(what string, want int) {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://mail.contoso.example/x/index.html", nil)
		if status, body := do(t, client, r, "alice"); status != want {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	test("at first", 200)
	a.stop()
	test("gone", 503)
	a.start()
	test("back", 200)
}

// TestCurl has curl come with a client certificate.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl: install curl")
	}
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	a := newApache(t, w)
	conf := w.kcd(a.url)
	cards := w.cards(&conf, "alice")
	g := w.start(conf)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	card := cards["alice"]
	key, err := x509.MarshalPKCS8PrivateKey(card.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(g.bound.Addr("internet").String())
	ask := func(more ...string) (string, error) {
		args := append([]string{
			"-sSi", "--max-time", "60", "--cacert", write("ca.pem", "CERTIFICATE", w.public.cert.Raw), "--resolve", "mail.contoso.example:" + port + ":127.0.0.1",
		}, more...)
		out, err := exec.CommandContext(t.Context(), curl, append(args, "https://mail.contoso.example:"+port+"/x/index.html")...).CombinedOutput()
		return string(out), err
	}
	out, err := ask("--cert", write("cert.pem", "CERTIFICATE", card.Certificate[0]), "--key", write("key.pem", "PRIVATE KEY", key))
	if err != nil || !strings.Contains(strings.ToLower(out), "x-who: alice@entente.test") || !strings.Contains(out, "from Apache") {
		t.Errorf("%v: %s", err, out)
	}
	if strings.Contains(strings.ToLower(out), "www-authenticate") {
		t.Errorf("the inside's words come out: %s", out)
	}
	if out, err := ask(); err == nil {
		t.Errorf("without a certificate: %s", out)
	}
}
