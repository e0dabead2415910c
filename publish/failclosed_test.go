package publish

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

// another makes a delegator of the realm's gateway account that has kept nothing.
func (w *realmWorld) another(change ...func(*kerberos.DelegatorConfig)) *kerberos.Delegator {
	w.t.Helper()
	c := w.delegator.DelegatorConfig
	for _, f := range change {
		f(&c)
	}
	d, err := kerberos.NewDelegator(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// TestNoTicketNoRequest is what keeps tickets away, a line a case: nothing of such a
// request goes inside, and the client is told to come again where it is no decision
// about him.
func TestNoTicketNoRequest(t *testing.T) {
	w := newRealmWorld(t, kdctest.NewSamba(t), "gw")
	inside, came := w.kerberised("cas", false)
	test := func(what string, d *kerberos.Delegator, status int) {
		t.Helper()
		conf := w.kcd(inside)
		conf.Tickets = d
		g := w.start(conf)
		before := came.Load()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://mail.contoso.example/x/", nil)
		r.SetBasicAuth("alice@contoso.example", password)
		resp, err := g.client("internet").Do(r)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		_ = resp.Body.Close()
		again := resp.Header.Get("Retry-After") != ""
		if resp.StatusCode != status || again != (status == http.StatusServiceUnavailable) || (came.Load() > before) != (status == http.StatusOK) {
			t.Errorf("%s: %s, again %t, inside came %d", what, resp.Status, again, came.Load()-before)
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	}
	test("as it should be", w.another(), 200)
	test("a clock that is off", w.another(func(c *kerberos.DelegatorConfig) {
		c.Now = func() time.Time { return time.Now().Add(time.Hour) }
	}), 503)
	test("a KDC that is not there", w.another(func(c *kerberos.DelegatorConfig) { c.KDCs = []string{"127.88.255.253:88"} }), 503)
	test("an account that may not", w.another(func(c *kerberos.DelegatorConfig) { c.Self.Name = "svc-none" }), 403)
	test("an account without a key", w.another(func(c *kerberos.DelegatorConfig) { c.Self.Name = "svc-nobody" }), 503)
	kept := w.another()
	test("one that keeps tickets", kept, 200)
	w.realm.Pause(t)
	test("a KDC that says nothing, for whom it is known", kept, 200)
	test("and for whom it is not", w.another(), 503)
	w.realm.Resume(t)
	w.realm.SetPassword(t, "svc-gw", "An0ther-Pass!2")
	test("a keytab of before", w.another(), 503)
}

// TestOnePairForAThousandFirstRequests: a thousand first requests of one person at once
// cost one exchange of each kind.
func TestOnePairForAThousandFirstRequests(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	inside, came := w.kerberised("cas", true)
	var asked atomic.Int64
	d := w.another(func(c *kerberos.DelegatorConfig) {
		dial := c.Dial
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			asked.Add(1)
			return dial(ctx, network, address)
		}
	})
	if _, err := d.Own(t.Context(), entente.SPN(w.realm.SPN("cas"))); err != nil {
		t.Fatal(err)
	}
	conf := w.kcd(inside)
	conf.Tickets, conf.Limits.PerUser, conf.Listeners[0].HTTP2 = d, 2000, true
	cards := w.cards(&conf, "alice")
	g := w.start(conf)
	before := asked.Load()
	gate := make(chan struct{})
	var all sync.WaitGroup
	for range 10 {
		c := g.client("internet", cards["alice"])
		c.Transport.(*http.Transport).ForceAttemptHTTP2, c.Transport.(*http.Transport).MaxConnsPerHost = true, 1
		for range 100 {
			all.Go(func() {
				<-gate
				if status, body := get(t, c, "/x/", ""); status != 200 || body != "alice alice " {
					t.Errorf("%d %s", status, body)
				}
			})
		}
	}
	close(gate)
	all.Wait()
	if n := asked.Load() - before; n != 2 || came.Load() != 1000 {
		t.Errorf("%d exchanges with the KDC and %d requests inside, want 2 and 1000", n, came.Load())
	}
}

// TestRevokedCertificates: what was taken back, or cannot be known not to have
// been, gets nowhere.
func TestRevokedCertificates(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	people := newAuthority(t, "People")
	inside, came := w.kerberised("cas", false)
	alice := w.card(people, "alice")
	file := filepath.Join(t.TempDir(), "people.crl")
	list := func(until time.Time, revoked ...*big.Int) { people.list(t, file, until, revoked...) }
	test := func(what string, soft bool, want ...int) {
		t.Helper()
		j := w.listed(people, file, soft)
		conf := w.kcd(inside)
		l := &conf.Listeners[0]
		l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, j, authn.Methods{&authn.Certificate{Judge: j, Snapshot: w.directory.Snapshot}}
		g := w.start(conf)
		before := came.Load()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://mail.contoso.example/x/", nil)
		resp, err := g.client("internet", alice).Do(r)
		status := 0 // the handshake ended
		if err == nil {
			status = resp.StatusCode
			_ = resp.Body.Close()
		}
		ok := false
		for _, s := range want {
			ok = ok || s == status
		}
		if !ok || (came.Load() > before) != (status == http.StatusOK) {
			t.Errorf("%s: %d (%v), inside came %d", what, status, err, came.Load()-before)
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	}
	test("no list", false, 0, 403, 503)
	list(time.Now().Add(time.Hour))
	test("a good list", false, 200)
	list(time.Now().Add(-time.Minute))
	test("a list that has ended", false, 0, 403, 503)
	test("a list that has ended, where that is let pass", true, 200)
	list(time.Now().Add(time.Hour), alice.Leaf.SerialNumber)
	test("taken back", false, 0, 403)
	test("taken back, where little is asked", true, 0, 403)
}

// list writes an authority's list of revoked certificates.
func (a *authority) list(t testing.TB, file string, until time.Time, revoked ...*big.Int) {
	t.Helper()
	l := &x509.RevocationList{Number: big.NewInt(time.Now().UnixNano()), ThisUpdate: time.Now().Add(-2 * time.Hour), NextUpdate: until}
	for _, serial := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: time.Now().Add(-time.Hour)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, a.cert, a.key)
	if err == nil {
		err = os.WriteFile(file, der, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listed is a judge of an authority that has a list, which it has read.
func (w *world) listed(a *authority, file string, soft bool) *clientcert.Judge {
	w.t.Helper()
	j, err := clientcert.New(clientcert.Config{
		Authorities: []clientcert.Authority{{
			Name: a.cert.Subject.CommonName, Certificates: []*x509.Certificate{a.cert}, Revocation: clientcert.Revocation{CRLs: []string{file}, Soft: soft},
		}},
		Snapshot: w.directory.Snapshot,
		Fetch: func(context.Context, string, []byte) ([]byte, error) {
			return nil, errors.New("nothing is fetched here")
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	j.Refresh(w.t.Context())
	return j
}
