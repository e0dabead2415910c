package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/directory"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

// A realmWorld is a world whose people are a realm's too, with a gateway account
// that gets tickets in their names.
type realmWorld struct {
	*world
	realm     *kdctest.Realm
	delegator *kerberos.Delegator
	asked     atomic.Int64 // connections to the KDC
	logged    *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *logBuffer) has(s string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.String(), s)
}

func readKeytab(t testing.TB, file string) *kerberos.Keytab {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kerberos.ReadKeytab(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRealmWorld(t testing.TB, realm *kdctest.Realm, service string) *realmWorld {
	t.Helper()
	w := &realmWorld{world: newWorld(t), realm: realm, logged: &logBuffer{}}
	hash, err := w.directory.HashPassword(t.Context(), entente.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	err = w.directory.Update(t.Context(), func(c *directory.Change) error {
		if realm.LDAP != "" {
			sid := realm.SID(t, "alice")
			if err := c.SetRealm(access.Realm{Name: realm.Name, DomainSID: entente.SID(sid[:strings.LastIndexByte(sid, '-')])}); err != nil {
				return err
			}
		}
		for _, name := range []string{"alice", "bob", "carol", "u01", "u02", "nobody"} {
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(name + "@contoso.example"), Mail: entente.SMTPAddress(name + "@contoso.example")},
				Name:      name, Kind: access.KindUser, Enabled: true, LogonName: name,
			}}
			if realm.LDAP != "" && name != "nobody" {
				a.SID = entente.SID(realm.SID(t, name))
			}
			if err := errors.Join(c.CreateAccount(&a), c.SetPassword(a.SID, hash)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			w.people[name] = a.Principal
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.delegator = w.newDelegator(service)
	return w
}

// newDelegator makes what gets tickets by the account of a service.
func (w *realmWorld) newDelegator(service string) *kerberos.Delegator {
	w.t.Helper()
	keytab := readKeytab(w.t, w.realm.Keytab)
	d, err := kerberos.NewDelegator(kerberos.DelegatorConfig{
		Self: kerberos.Principal{Name: w.realm.Service(service), Realm: w.realm.Name}, Keytab: func() *kerberos.Keytab { return keytab }, KDCs: []string{w.realm.KDC}, Now: time.Now,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			w.asked.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// kerberised starts a server inside that takes the realm's tickets. It takes who
// spoke first on a connection for who speaks on it ever after, as IIS can be set
// to, and answers with both.
func (w *realmWorld) kerberised(service string, http2 bool) (*url.URL, *atomic.Int64) {
	w.t.Helper()
	keytab := readKeytab(w.t, w.realm.Keytab)
	mode := w.pac()
	acceptor, err := kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: func() *kerberos.Keytab { return keytab }, PAC: map[string]kerberos.PACMode{w.realm.Name: mode}, Now: time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var came atomic.Int64
	var first sync.Map
	return w.inside(func(rw http.ResponseWriter, r *http.Request) {
		came.Add(1)
		token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Negotiate "))
		if err != nil {
			panic(err)
		}
		who, _, err := acceptor.Accept(token, kerberos.Bindings{})
		if err != nil {
			rw.Header().Set("WWW-Authenticate", "Negotiate")
			http.Error(rw, "inside: "+err.Error(), http.StatusUnauthorized)
			return
		}
		bound, _ := first.LoadOrStore(r.RemoteAddr, who.Client.Name)
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(rw, "%s %s %s", bound, who.Client.Name, b)
	}, http2), &came
}

// rename gives somebody the logon name of somebody else, who loses it.
func (w *realmWorld) rename(t testing.TB, who, name string) {
	t.Helper()
	err := w.directory.Update(t.Context(), func(c *directory.Change) error {
		other := c.SetAccount(w.people[name].SID, func(a *directory.Account) error { a.LogonName = "gone"; return nil })
		return errors.Join(other, c.SetAccount(w.people[who].SID, func(a *directory.Account) error { a.LogonName = name; return nil }))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *realmWorld) kcd(inside ...*url.URL) Config {
	c := w.config(inside...)
	c.Rules[0].Delegation, c.Rules[0].SPN = KCD, entente.SPN(w.realm.SPN("cas"))
	c.Tickets, c.Realm, c.PAC = w.delegator, w.realm.Name, w.pac()
	c.Log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return c
}

// pac is what the realm's tickets carry.
func (w *realmWorld) pac() kerberos.PACMode {
	if w.realm.LDAP == "" {
		return kerberos.PACNone
	}
	return kerberos.PACRequired
}

// realms runs a test on each kind of KDC.
func realms(t *testing.T, f func(t *testing.T, r *kdctest.Realm)) {
	t.Run("Samba", func(t *testing.T) { f(t, kdctest.Samba(t)) })
	t.Run("Heimdal", func(t *testing.T) { f(t, kdctest.Heimdal(t)) })
}

func TestTicketsInTheNameOfUsers(t *testing.T) {
	realms(t, func(t *testing.T, r *kdctest.Realm) {
		w := newRealmWorld(t, r, "gw")
		inside, came := w.kerberised("cas", false)
		g := w.start(w.kcd(inside))
		c := g.client("internet")
		test := func(who string, status int, want string) {
			t.Helper()
			req, _ := http.NewRequest("POST", "https://mail.contoso.example/x/", strings.NewReader("body"))
			got, body := do(t, c, req, who)
			if got != status || status == 200 && body != want || strings.Contains(body, "inside") {
				t.Errorf("%s: %d %q, want %d %q", who, got, body, status, want)
			}
		}
		test("alice", 200, "alice alice body")
		test("bob", 200, "bob bob body")
		before := w.asked.Load()
		for range 20 {
			test("alice", 200, "alice alice body")
			test("bob", 200, "bob bob body")
		}
		if n := w.asked.Load() - before; n != 0 {
			t.Errorf("the KDC was asked %d times for tickets that were there", n)
		}
		reached := came.Load()
		test("carol", 403, "")  // sensitive
		test("nobody", 403, "") // not the realm's
		if r.LDAP != "" {
			w.rename(t, "u01", "u02") // the KDC's u02 has another SID
			test("u01", 403, "")
		}
		if came.Load() != reached {
			t.Error("a request without a ticket went inside")
		}
		if !w.logged.has(string(kerberos.NotForwardable)) || !w.logged.has(string(kerberos.NoSuchClient)) {
			t.Error("the administrator is not told why")
		}
	})
}

func TestWhatMayNotBeDelegated(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	inside, came := w.kerberised("other", false)
	conf := w.kcd(inside)
	conf.Rules[0].SPN = entente.SPN(w.realm.SPN("other"))
	g := w.start(conf)
	if status, body := get(t, g.client("internet"), "/x/", "alice"); status != 403 || came.Load() != 0 {
		t.Errorf("%d %s, inside came %d", status, body, came.Load())
	}
}

func TestOneTicketForAThousandRequests(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	inside, _ := w.kerberised("cas", true)
	g := w.start(w.kcd(inside))
	if _, err := w.delegator.Own(t.Context(), entente.SPN(w.realm.SPN("cas"))); err != nil {
		t.Fatal(err) // so that the account has signed in
	}
	c := g.client("internet")
	before := w.asked.Load()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
				if status, body := do(t, c, r, "alice"); status != 200 || body != "alice alice " {
					t.Errorf("%d %s", status, body)
					return
				}
			}
		})
	}
	all.Wait()
	if n := w.asked.Load() - before; n != 2 {
		t.Errorf("%d exchanges with the KDC, want one for S4U2Self and one for S4U2Proxy", n)
	}
}

// TestUsersAreNotMixed asks as four people over two protocols, of a server that
// binds who speaks to the connection. (threats E5)
func TestUsersAreNotMixed(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	for _, http2 := range []bool{false, true} {
		inside, _ := w.kerberised("cas", http2)
		g := w.start(w.kcd(inside))
		var all sync.WaitGroup
		for i, who := range []string{"alice", "bob", "u01", "u02"} {
			for range 2 {
				all.Go(func() {
					c := g.client("internet")
					for range 100 {
						r, _ := http.NewRequest("POST", "https://mail.contoso.example/x/", strings.NewReader(strings.Repeat("x", i*30_000)))
						status, body := do(t, c, r, who)
						if want := who + " " + who + " "; status != 200 || strings.TrimRight(body, "x") != want {
							t.Errorf("%d %.60s, want %s", status, body, want)
							return
						}
					}
				})
			}
		}
		all.Wait()
	}
}

func TestSharedConnectionsMix(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	inside, _ := w.kerberised("cas", false)
	conf := w.kcd(inside)
	conf.Rules[0].Shared = true
	g := w.start(conf)
	c := g.client("internet")
	get(t, c, "/x/", "alice")
	// This is what the pools are against, and what tells that the test before
	// would see it.
	if status, body := get(t, c, "/x/", "bob"); status != 200 || body != "alice bob " {
		t.Errorf("%d %s", status, body)
	}
}

func TestKDCIsAway(t *testing.T) {
	w := newRealmWorld(t, kdctest.NewSamba(t), "gw")
	inside, came := w.kerberised("cas", false)
	g := w.start(w.kcd(inside))
	c := g.client("internet")
	if status, body := get(t, c, "/x/", "alice"); status != 200 {
		t.Fatal(status, body)
	}
	w.realm.Stop(t)
	if status, body := get(t, c, "/x/", "alice"); status != 200 || body != "alice alice " {
		t.Errorf("who was known: %d %s", status, body)
	}
	before := came.Load()
	r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
	r.SetBasicAuth("bob@contoso.example", password)
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || came.Load() != before {
		t.Errorf("%s %v, inside came %d", resp.Status, resp.Header, came.Load()-before)
	}
	w.realm.Start(t)
	deadline := time.Now().Add(time.Minute)
	for {
		status, _ := get(t, c, "/x/", "bob")
		if status == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not recover: %d", status)
		}
	}
}

// TestServersThatRefuseTickets has a server inside whose key is another one than
// the KDC believes.
func TestServersThatRefuseTickets(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	var came atomic.Int64
	refuse := atomic.Int64{}
	inside := w.inside(func(rw http.ResponseWriter, r *http.Request) {
		came.Add(1)
		if refuse.Add(-1) >= 0 {
			rw.Header().Set("WWW-Authenticate", "Negotiate")
			rw.WriteHeader(401)
			return
		}
		b, _ := io.ReadAll(r.Body)
		rw.Write(b)
	}, false)
	conf := w.kcd(inside)
	var passed atomic.Int64
	conf.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	g := w.start(conf)
	c := g.client("internet")
	post := func(refusals int64, body string) (int, string) {
		t.Helper()
		refuse.Store(refusals)
		r, _ := http.NewRequest("POST", "https://mail.contoso.example/x/", strings.NewReader(body))
		r.SetBasicAuth("alice@contoso.example", password)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.Header.Get("WWW-Authenticate") != "" {
			t.Error("the client is asked for credentials by the inside")
		}
		return resp.StatusCode, string(b)
	}
	before := w.asked.Load()
	if status, body := post(1, "again"); status != 200 || body != "again" {
		t.Errorf("%d %s", status, body)
	}
	if w.asked.Load() == before {
		t.Error("the same ticket was shown again")
	}
	passed.Add(int64(againEvery))
	came.Store(0)
	if status, _ := post(100, "never"); status != 502 || came.Load() != 2 {
		t.Errorf("%d after %d tries", status, came.Load())
	}
	came.Store(0)
	before = w.asked.Load()
	if status, _ := post(100, "soon after"); status != 502 || came.Load() != 1 || w.asked.Load() != before {
		t.Errorf("soon after: %d after %d tries, the KDC was asked %d times", status, came.Load(), w.asked.Load()-before)
	}
	if !w.logged.has("is the SPN " + w.realm.SPN("cas") + " its account's alone") {
		t.Error("the administrator is not told what to look at")
	}
	came.Store(0)
	if status, _ := post(1, strings.Repeat("x", 100_000)); status != 502 || came.Load() != 1 {
		t.Errorf("a body that is gone: %d after %d tries", status, came.Load())
	}
}

// TestCertificateToTicket is the whole of it: a certificate, the account that it
// is mapped to, a ticket in its name, and the server inside.
func TestCertificateToTicket(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	people := newAuthority(t, "People")
	inside, came := w.kerberised("cas", false)
	conf := w.kcd(inside)
	l := &conf.Listeners[0]
	l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, w.judge(people), w.certificates(people)
	g := w.start(conf)
	alice := w.card(people, "alice")
	if status, body := get(t, g.client("internet", alice), "/x/", ""); status != 200 || body != "alice alice " {
		t.Errorf("%d %s", status, body)
	}
	// What a name in a certificate says counts for nothing.
	named := people.issue(t, certificateTemplate("bob"))
	before := came.Load()
	if status, _ := get(t, g.client("internet", named), "/x/", ""); status != 403 {
		t.Errorf("a certificate that only says a name: %d", status)
	}
	// Nor does a password where certificates are asked for.
	r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
	if status, _ := do(t, g.client("internet", named), r, "bob"); status != 403 {
		t.Errorf("a password at a listener of certificates: %d", status)
	}
	disable(t, w.world, "alice")
	if status, _ := get(t, g.client("internet", alice), "/x/", ""); status != 403 {
		t.Errorf("a certificate of a disabled account: %d", status)
	}
	if came.Load() != before {
		t.Error("a stranger's request went inside")
	}
	g.flush()
	if err := w.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.records() {
		if r.Action != "publish.enter" {
			continue
		}
		if r.As.SID != w.people["alice"].SID || r.Method != access.Certificate || r.Evidence == "" || len(r.Via) != 1 ||
			!strings.Contains(r.Via[0].How, alice.Leaf.SerialNumber.Text(16)) || !strings.Contains(r.Via[0].How, "sid-extension") ||
			len(r.Targets) != 3 || r.Targets[2] != w.realm.SPN("cas") {
			t.Errorf("the record does not say it all: %+v", r)
		}
		return
	}
	t.Error("there is no record")
}

// TestKerberosOnly has clients come with tickets, which are shown on: svc-cas
// may delegate to mbx with the ticket of a client who came to it.
func TestKerberosOnly(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "cas")
	inside, came := w.kerberised("mbx", false)
	conf := w.kcd(inside)
	conf.Rules[0].Delegation, conf.Rules[0].SPN = KCDKerberosOnly, entente.SPN(w.realm.SPN("mbx"))
	keytab := readKeytab(t, w.realm.Keytab)
	acceptor, err := kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: func() *kerberos.Keytab { return keytab }, PAC: map[string]kerberos.PACMode{w.realm.Name: kerberos.PACRequired}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &conf.Listeners[0]
	l.Auth, l.Methods = []ClientAuth{WithNegotiate}, authn.Methods{authn.NewNegotiate(authn.NegotiateConfig{
		Directory: w.directory, Acceptor: acceptor, Realms: []authn.NegotiateRealm{{Name: w.realm.Name, PAC: kerberos.PACRequired}},
		Secure: func(r *http.Request) bool { return r.TLS != nil },
	})}
	g := w.start(conf)
	c := g.client("internet")
	front := w.newDelegator("gw")
	ask := func(who string) (*http.Response, string) {
		t.Helper()
		ticket, err := front.For(t.Context(), kerberos.User{Name: who, Realm: w.realm.Name}, entente.SPN(w.realm.SPN("cas")))
		if err != nil {
			t.Fatal(err)
		}
		token, proves, err := ticket.Negotiate(time.Now(), kerberos.Bindings{}, true)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest("GET", "https://mail.contoso.example/x/", nil)
		r.Header.Set("Authorization", "Negotiate "+token)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == 200 {
			if err := proves(resp.Header.Get("WWW-Authenticate")); err != nil {
				t.Errorf("the gateway does not prove itself: %v", err)
			}
		}
		return resp, string(b)
	}
	for _, who := range []string{"alice", "bob", "alice"} {
		if resp, body := ask(who); resp.StatusCode != 200 || body != who+" "+who+" " {
			t.Errorf("%s: %s %s", who, resp.Status, body)
		}
	}
	before := came.Load()
	resp, err := c.Get("https://mail.contoso.example/x/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != "Negotiate" || came.Load() != before {
		t.Errorf("a stranger: %s %v", resp.Status, resp.Header)
	}
}
