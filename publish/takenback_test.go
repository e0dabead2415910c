package publish

import (
	"crypto/tls"
	"errors"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/directory"
	"entente/directory/ldap"
	"entente/kerberos/kdctest"
)

// A waiting is a gateway at which people wait for news, by certificates.
type waiting struct {
	*running
	realm *realmWorld
	came  chan bool
}

func (w *realmWorld) waiting(j *clientcert.Judge, change ...func(*Config)) *waiting {
	came := make(chan bool, 1)
	inside := w.inside(func(_ http.ResponseWriter, r *http.Request) { came <- true; <-r.Context().Done() }, true)
	c := w.kcd(inside)
	l := &c.Listeners[0]
	l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, j, authn.Methods{&authn.Certificate{Judge: j, Snapshot: w.directory.Snapshot}}
	for _, f := range change {
		f(&c)
	}
	return &waiting{w.start(c), w, came}
}

// poll has somebody wait, and returns what he is told in the end.
func (w *waiting) poll(card tls.Certificate) chan int {
	answered := make(chan int, 1)
	c := w.client("internet", card)
	go func() {
		r, _ := http.NewRequestWithContext(w.world.t.Context(), http.MethodGet, "https://mail.contoso.example/x/", nil)
		resp, err := c.Do(r)
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-w.came
	return answered
}

// gone: who waited is told, nothing is kept of him, and he does not come in again.
func (w *waiting) gone(t *testing.T, p chan int, card tls.Certificate) {
	t.Helper()
	if got := <-p; got != http.StatusForbidden {
		t.Errorf("who waited is told %d", got)
	}
	if kept, _ := w.realm.delegator.Kept(); kept != 0 {
		t.Errorf("%d tickets are kept", kept)
	}
	w.comesNoMore(t, card)
}

// comesNoMore: who asks by a certificate that counts no more gets nowhere.
func (w *waiting) comesNoMore(t *testing.T, card tls.Certificate) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://mail.contoso.example/x/", nil)
	if resp, err := w.client("internet", card).Do(r); err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("who comes again is told %d", resp.StatusCode)
		}
	}
	select {
	case <-w.came:
		t.Error("a request went inside")
	default:
	}
}

// TestRevokedWhileWaiting: a certificate that is taken back ends what was let in
// by it, and so does one that has become somebody else's. (threats K4)
func TestRevokedWhileWaiting(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	people := newAuthority(t, "People")
	file := filepath.Join(t.TempDir(), "people.crl")
	people.list(t, file, time.Now().Add(time.Hour), big.NewInt(7))
	j := w.listed(people, file, false)
	g := w.waiting(j)
	alice, bob := w.card(people, "alice"), w.card(people, "bob")

	p, other := g.poll(alice), g.poll(bob)
	g.review(t.Context())
	people.list(t, file, time.Now().Add(time.Hour), alice.Leaf.SerialNumber)
	j.Refresh(t.Context())
	g.review(t.Context())
	if got := <-p; got != http.StatusForbidden {
		t.Errorf("who waited is told %d", got)
	}
	g.comesNoMore(t, alice)
	select {
	case got := <-other:
		t.Errorf("somebody else is told %d", got)
	default:
	}
	disable(t, w.world, "bob")
	g.review(t.Context())
	g.gone(t, other, bob)
}

// TestMappedAnew: a certificate whose mapping is moved to another account lets
// nobody wait on as the one before.
func TestMappedAnew(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	people := newAuthority(t, "People")
	template := certificateTemplate("phone")
	template.SubjectKeyId = []byte("phone")
	card, key := people.issue(t, template), access.KeyIDIdentity(template.SubjectKeyId)
	mapped := func(from, to string) {
		t.Helper()
		err := w.directory.Update(t.Context(), func(c *directory.Change) error {
			set := func(who string, identities ...string) error {
				return c.SetAccount(w.people[who].SID, func(a *directory.Account) error { a.Identities = identities; return nil })
			}
			return errors.Join(set(from), set(to, key))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mapped("bob", "alice")
	g := w.waiting(w.judge(people))
	p := g.poll(card)
	mapped("alice", "bob")
	g.review(t.Context())
	if got := <-p; got != http.StatusForbidden {
		t.Errorf("who waited is told %d", got)
	}
}

// TestDisabledInTheDomain: the domain disables an account, which the gateway
// learns when it reads the domain's directory.
func TestDisabledInTheDomain(t *testing.T) {
	ad := kdctest.NewSamba(t)
	w := &realmWorld{world: newWorld(t), realm: ad, logged: &logBuffer{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.directory.Update(t.Context(), func(c *directory.Change) error { return c.AddDomain(entente.Domain(ad.Domain)) }))
	must(w.db.Migrate(t.Context(), ldap.Schema()))
	roots, err := ad.Roots()
	must(err)
	client, err := ldap.New(ldap.Config{
		Servers: []string{ad.LDAP}, BindDN: ad.Reader, Password: entente.NewSecret(kdctest.Password), TLS: &tls.Config{RootCAs: roots},
		Dial: (&net.Dialer{}).DialContext, Directory: w.directory, DB: w.db, Node: "gw", Realm: ad.Name, Now: time.Now,
	})
	must(err)
	t.Cleanup(func() { _ = client.Close() })
	sync := func() {
		t.Helper()
		_, err := client.Sync(t.Context())
		must(err)
	}
	sync()
	a, ok := w.directory.Snapshot().FindUPN("alice@" + ad.Domain)
	if !ok {
		t.Fatal("alice was not read")
	}
	w.people["alice"] = a.Principal
	w.delegator = w.newDelegator("gw")
	people := newAuthority(t, "People")
	g := w.waiting(w.judge(people), func(c *Config) { c.Fresh = client.Fresh })
	alice := w.card(people, "alice")

	p := g.poll(alice)
	g.review(t.Context())
	ad.Disable(t, "alice")
	sync()
	g.review(t.Context())
	g.gone(t, p, alice)
}
