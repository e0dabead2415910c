package federation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/keys"
)

// A clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// An org is an organization with its nodes, all on one database.
type org struct {
	t      *testing.T
	db     *db.DB
	dir    string
	clock  *clock
	client *http.Client
	live   []string
	*Service

	mu    sync.Mutex
	notes []string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newOrg(t *testing.T, d *db.DB) *org { return newOrgAt(t, d, newClock(), nil) }

// newOrgAt makes one that goes by a clock and reaches the broker by a client.
func newOrgAt(t *testing.T, d *db.DB, c *clock, client *http.Client) *org {
	t.Helper()
	m, err := keys.Schema()
	must(t, err)
	must(t, d.Migrate(t.Context(), m))
	o := &org{t: t, db: d, dir: filepath.Join(t.TempDir(), "keys"), clock: c, client: client, live: []string{"node1"}}
	o.Service = o.node("node1", o.dir)
	return o
}

// config is that of a node, whose key files are in a folder.
func (o *org) config(name, dir string) Config {
	o.t.Helper()
	f, err := keys.OpenFiles(dir)
	must(o.t, err)
	o.t.Cleanup(func() { _ = f.Close() })
	return Config{
		DB: o.db, Node: name, Now: o.clock.Now, HTTP: o.client,
		Ring: keys.New(keys.Config{
			DB: o.db, Organization: "contoso", Files: f, Now: o.clock.Now,
			Recorded: func(context.Context, keys.Export) error { return nil },
		}),
		Live: func(context.Context) ([]string, error) { return o.live, nil },
		Noted: func(_ context.Context, action, text string) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.notes = append(o.notes, action+": "+text)
		},
	}
}

func (o *org) node(name, dir string) *Service {
	o.t.Helper()
	s, err := Open(o.t.Context(), o.config(name, dir))
	must(o.t, err)
	return s
}

// brokerKeys are a generation of some broker's keys.
func brokerKeys(t *testing.T, from, until time.Time) brokerapi.PublishedKeys {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: "broker"}, SubjectKeyId: []byte{1},
		NotBefore: from.Add(-time.Hour), NotAfter: from.Add(10 * 365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	must(t, err)
	p, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	key, err := jose.KeyOf(p.Public())
	must(t, err)
	return brokerapi.PublishedKeys{Certificate: der, P256: key, From: from, Until: until}
}

// trusted writes a trust down as if a broker had been asked.
func (o *org) trusted() {
	o.t.Helper()
	ctx, now := o.t.Context(), o.clock.Now()
	st, err := o.makeStored(ctx, NewCertificate{})
	must(o.t, err)
	g, err := o.generation(ctx, st, nil)
	must(o.t, err)
	keys := brokerKeys(o.t, now.Add(-time.Hour), time.Time{})
	must(o.t, o.change(ctx, func(d *document) error {
		*d = document{
			Name: "broker", Broker: "https://broker.example", Issuer: "urn:federation:example", AppID: "0123456789ABCDEF",
			AccountNamespace: "contoso.example", DefaultDomain: "contoso.example", Enabled: true, RequireProof: true,
			Current: g, BrokerKeys: []brokerapi.PublishedKeys{keys},
			Domains: []domain{
				{"contoso.example", &brokerapi.DomainInfo{Domain: "contoso.example", State: brokerapi.Active}},
				{"contoso.test", &brokerapi.DomainInfo{Domain: "contoso.test", State: brokerapi.Suspended}},
			},
		}
		return nil
	}))
}

func addresses(all ...entente.SMTPAddress) []entente.SMTPAddress { return all }
