package federation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/jose"
)

// a speaker signs metadata in some broker's name.
func speaker(t *testing.T) (brokerapi.Signer, brokerapi.Key) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := jose.KeyOf(k.Public())
	must(t, err)
	return brokerapi.Signer{Key: k}, public
}

// TestMetadata holds which metadata are believed, once a broker is known.
func TestMetadata(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	o.trusted()
	ctx, now := t.Context(), o.clock.Now()
	by, key := speaker(t)
	stranger, strange := speaker(t)
	current, next := brokerKeys(t, now.Add(-time.Hour), time.Time{}), brokerKeys(t, now.Add(48*time.Hour), time.Time{})
	current.P256 = key
	must(t, o.change(ctx, func(d *document) error {
		d.Issuer, d.Sequence, d.BrokerKeys, d.STS = "urn:federation:example", 5, []brokerapi.PublishedKeys{current}, "https://broker.example/sts"
		return nil
	}))
	good := func() brokerapi.Metadata {
		return brokerapi.Metadata{
			Issuer: "urn:federation:example", STS: "https://broker.example/sts", Sequence: 6, Refresh: time.Hour,
			Keys: []brokerapi.PublishedKeys{current, next},
		}
	}
	before := o.view.Load().version
	test := func(name, text string, by brokerapi.Signer, change func(*brokerapi.Metadata)) {
		t.Helper()
		m := good()
		change(&m)
		jws, err := brokerapi.SignMetadata(&m, by)
		must(t, err)
		o.client = &http.Client{Transport: says{200, string(jws)}}
		o.HTTP = o.client
		if err := o.Refresh(ctx, false); err == nil || reason(err) != BrokerRefused || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
		if len(o.Trust().BrokerKeys) != 1 || o.Trust().Sequence != 5 {
			t.Errorf("%s: it counts", name)
		}
	}
	test("another's signature", "not signed by a key", stranger, func(*brokerapi.Metadata) {})
	test("another's signature, with his key among them", "not signed by a key", stranger, func(m *brokerapi.Metadata) { m.Keys[0].P256 = strange })
	test("older ones", "older than", by, func(m *brokerapi.Metadata) { m.Sequence = 4 })
	test("two things under one number", "two things", by, func(m *brokerapi.Metadata) { m.Sequence = 5 })
	test("another issuer", "calls itself", by, func(m *brokerapi.Metadata) { m.Issuer = "urn:federation:other" })
	test("no issuer", "no issuer", by, func(m *brokerapi.Metadata) { m.Issuer = "" })
	test("an STS without TLS", "https", by, func(m *brokerapi.Metadata) { m.STS = "http://broker.example/sts" })
	test("no keys", "0 keys", by, func(m *brokerapi.Metadata) { m.Keys = nil })
	test("too many keys", "keys", by, func(m *brokerapi.Metadata) {
		m.Keys = []brokerapi.PublishedKeys{current, next, current, next, current, next, current}
	})
	test("no certificate", "cannot be read", by, func(m *brokerapi.Metadata) { m.Keys[1].Certificate = []byte("x") })
	test("no key", "P-256", by, func(m *brokerapi.Metadata) { m.Keys[1].P256 = brokerapi.Key{} })
	if o.view.Load().document.Trouble == "" || o.view.Load().version == before {
		t.Error("the trouble is not written down")
	}
	n := len(o.notes)
	m := good()
	m.Sequence = 4
	for range 3 {
		test("the same trouble", "older than", by, func(m *brokerapi.Metadata) { m.Sequence = 4 })
	}
	if len(o.notes) != n+1 {
		t.Errorf("the same trouble was told %d times", len(o.notes)-n)
	}

	m = good()
	jws, err := brokerapi.SignMetadata(&m, by)
	must(t, err)
	o.HTTP = &http.Client{Transport: says{200, string(jws)}}
	must(t, o.Refresh(ctx, false))
	if len(o.Trust().BrokerKeys) != 2 || o.Trust().Sequence != 6 || o.view.Load().document.Trouble != "" {
		t.Error("good metadata do not count")
	}
	// Later on, the broker drops the first key: it holds no more.
	m.Keys, m.Sequence = m.Keys[1:], 7
	jws, err = brokerapi.SignMetadata(&m, by)
	must(t, err)
	o.HTTP = &http.Client{Transport: says{200, string(jws)}}
	must(t, o.Refresh(ctx, false))
	if len(o.Trust().BrokerKeys) != 1 {
		t.Error("keys are merged")
	}
	// A broker that has lost its keys is trusted anew by an administrator alone.
	m.Keys, m.Sequence = []brokerapi.PublishedKeys{current}, 8
	m.Keys[0].P256 = strange
	jws, err = brokerapi.SignMetadata(&m, stranger)
	must(t, err)
	o.HTTP = &http.Client{Transport: says{200, string(jws)}}
	if err := o.Refresh(ctx, false); reason(err) != BrokerRefused || !strings.Contains(err.Error(), "--anew") {
		t.Error(err)
	}
	must(t, o.Refresh(ctx, true))
	if o.Trust().Sequence != 8 {
		t.Error("it is not trusted anew")
	}
}

// TestUnknown holds that a key nobody knows here makes us look, at once and not
// often.
func TestUnknown(t *testing.T) {
	w := newWorld(t)
	a := w.joined("contoso.example")
	ctx := t.Context()
	w.clock.pass(time.Minute)
	_, err := w.StartRollover(ctx)
	must(t, err)
	if len(a.Trust().BrokerKeys) != 1 {
		t.Fatal("the next key is known already")
	}
	before := w.Asked.Load()
	for range 5 {
		a.Unknown(ctx)
	}
	if len(a.Trust().BrokerKeys) != 2 {
		t.Error("the next key is not known")
	}
	if n := w.Asked.Load() - before; n != 1 {
		t.Errorf("the broker was asked %d times", n)
	}
	w.clock.pass(unknownEvery)
	a.Unknown(ctx)
	if n := w.Asked.Load() - before; n != 2 {
		t.Errorf("the broker was asked %d times", n)
	}
	// At the hint it is asked by itself; while it is down, once a minute.
	w.clock.pass(a.view.Load().document.Refresh)
	before = w.Asked.Load()
	a.tend(ctx)
	if w.Asked.Load() == before {
		t.Error("nobody looks at the hint")
	}
	w.Down.Store(true)
	w.clock.pass(a.view.Load().document.Refresh)
	before = w.Asked.Load()
	for range 60 {
		a.tend(ctx)
		w.clock.pass(time.Second)
	}
	if n := w.Asked.Load() - before; n != 1 {
		t.Errorf("a broker that is down was asked %d times in a minute", n)
	}
	if a.Opener() == nil {
		t.Error("it cannot be done without the broker for an hour")
	}
}

// TestMove holds that a broker may move, and another may not take its place.
func TestMove(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	a := w.joined("contoso.example")
	must(t, a.Move(t.Context(), w.URL+"/FederationMetadata/2006-12/FederationMetadata.xml"))
	a.HTTP = other.Client
	for _, address := range []string{other.URL, "http://broker.example", "https://user@broker.example", "ftp://x", ""} {
		if err := a.Move(t.Context(), address); err == nil {
			t.Errorf("it is with %s now", address)
		}
	}
	if a.Trust().Broker != w.URL {
		t.Error(a.Trust().Broker)
	}
}
