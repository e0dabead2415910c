package broker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/keys"
	"entente/strictxml"
)

// A reader is an organization that looks at the metadata as seldom as it may, and
// keeps the tokens it was given.
type reader struct {
	*org
	known *brokerapi.Metadata
	at    time.Time
}

func (r *reader) look() {
	r.w.t.Helper()
	var keys []*ecdsa.PublicKey
	for _, k := range r.known.Keys {
		p, err := k.P256.ECDSA()
		if err != nil {
			r.w.t.Fatal(err)
		}
		keys = append(keys, p)
	}
	m, err := brokerapi.ReadMetadata(r.w.get(brokerapi.PathMetadata).Body.Bytes(), keys...)
	if err != nil {
		r.w.t.Fatalf("the metadata are signed by none of the keys known: %v", err)
	}
	if m.Sequence < r.known.Sequence || (m.Sequence == r.known.Sequence) != same(m, r.known) {
		r.w.t.Errorf("sequence %d after %d", m.Sequence, r.known.Sequence)
	}
	r.known, r.at = m, r.w.Now()
}

func same(a, b *brokerapi.Metadata) bool {
	if len(a.Keys) != len(b.Keys) {
		return false
	}
	for i := range a.Keys {
		if !bytes.Equal(a.Keys[i].Certificate, b.Keys[i].Certificate) || !a.Keys[i].Until.Equal(b.Keys[i].Until) {
			return false
		}
	}
	return true
}

// TestRollover has the broker's keys replaced by themselves, one after the other, and no
// token that is in its time fail to open at an organization that looks at the
// metadata no more often than it is told to.
func TestRollover(t *testing.T) {
	each(t, func(w *world) {
		w.Times.KeyLife, w.Times.Refresh, w.Times.Ahead = 20*daytime, 4*time.Hour, daytime
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		r := &reader{org: b, known: w.published(), at: w.Now()}
		type held struct {
			jwt     string
			expires time.Time
		}
		var kept []held
		signers := map[string]bool{}
		for range 2 * 60 {
			w.clock.pass(12 * time.Hour)
			w.Tick(t.Context())
			r.look() // three times as seldom as it should
			q := a.wants(b)
			q.Offer = token.InviteMessage // the longest there are
			var issued brokerapi.TokenIssued
			a.must(brokerapi.IssueToken, q, &issued)
			kept = append(kept, held{issued.JWT, issued.Expires})
			for len(kept) > 0 && kept[0].expires.Before(w.Now()) {
				kept = kept[1:]
			}
			o := r.openerOf(r.known)
			for _, i := range []int{0, len(kept) - 1} {
				if _, err := o.JWT(kept[i].jwt, w.Now()); err != nil {
					t.Fatalf("%s: token of %s does not open", w.Now(), kept[i].expires.Add(-lastOffer))
				}
			}
			if n := len(r.known.Keys); n > 3 || n < 1 {
				t.Fatalf("%d generations are published", n)
			}
			signers[string(r.known.Keys[0].Certificate)] = true
		}
		if len(signers) != 4 {
			t.Errorf("%d generations signed in 60 days", len(signers))
		}
		if made, gone := w.actions("broker.key.next"), w.actions("broker.key.wipe"); len(made) < 4 || len(gone) < 2 {
			t.Errorf("recorded: %d, %d", len(made), len(gone))
		}
	})
}

// TestRolloverLate has a broker that did not run when it should have: the next
// key is still known for long enough before it signs.
func TestRolloverLate(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	first := w.published()
	w.clock.pass(2 * 90 * daytime)
	w.Tick(t.Context())
	m := w.published()
	if len(m.Keys) != 2 || !bytes.Equal(m.Keys[0].Certificate, first.Keys[0].Certificate) || m.Keys[1].From.Before(w.Now().Add(w.Times.Ahead)) {
		t.Errorf("%+v", m)
	}
	w.Tick(t.Context()) // not another one
	if n := len(w.published().Keys); n != 2 {
		t.Errorf("%d generations", n)
	}
}

// TestStartRollover: by hand, and by one of two nodes that share a database.
func TestStartRollover(t *testing.T) {
	each(t, func(w *world) {
		node, err := Open(t.Context(), w.Config)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.published().Keys); n != 1 || node.ring.Load().all[0].rsaID != w.ring.Load().all[0].rsaID {
			t.Fatalf("%d generations at the start", n)
		}
		at, err := w.StartRollover(t.Context())
		if err != nil || at.Before(w.Now().Add(3*w.Times.Refresh)) {
			t.Fatalf("at %s, %v", at, err)
		}
		if _, err := node.StartRollover(t.Context()); !errors.Is(err, errNextExists) {
			t.Errorf("again: %v", err)
		}
		if m := w.published(); len(m.Keys) != 2 || !m.Keys[1].From.Equal(at) || !m.Keys[0].Until.Equal(at.Add(keptFor)) {
			t.Errorf("%+v", m)
		}
		before := w.issuer(w.Now()).RSA.Certificate
		w.clock.pass(at.Sub(w.Now()) - time.Second)
		if c := w.issuer(w.Now()).RSA.Certificate; c != before {
			t.Error("it signs before its time")
		}
		w.clock.pass(time.Second)
		if c, d := w.issuer(w.Now()).RSA.Certificate, node.issuer(w.Now()).RSA.Certificate; c.Equal(before) || !c.Equal(d) {
			t.Error("the nodes do not change over together")
		}
	})
}

// TestFederationMetadata holds that the document says what the JSON says, in
// XML that the strict reader takes.
func TestFederationMetadata(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	if _, err := w.StartRollover(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := w.published()
	doc := w.get(brokerapi.PathFederationMetadata)
	var certificates []string
	said := map[string]string{}
	r := strictxml.NewReader(doc.Body.Bytes(), strictxml.Limits{Bytes: 64 << 10, Depth: 16, Attributes: 16, Elements: 100})
	if !r.Root() || r.Name() != (strictxml.Name{Space: spaceFederation, Local: "FederationMetadata"}) {
		t.Fatalf("the root is %s", r.Name())
	}
	for r.Child() { // Federation
		said["id"], _ = r.Attr("FederationID")
		said["sequence"], _ = r.AttrNS(spaceOurs, "Sequence")
		said["refresh"], _ = r.AttrNS(spaceOurs, "Refresh")
		for r.Child() {
			switch name := r.Name().Local; name {
			case "TokenSigningKeyInfo":
				for range 3 {
					r.Child()
				}
				certificates = append(certificates, r.Text())
				for range 3 {
					r.Child()
				}
			case "IssuerNamesOffered":
				r.Child()
				said[name], _ = r.Attr("Uri")
				r.Skip()
				r.Child()
			case "TokenIssuerEndpoint":
				r.Child()
				said[name] = r.Text()
				r.Child()
			default:
				r.Skip()
			}
		}
	}
	if err := r.Finish(); err != nil {
		t.Fatalf("%v in %s", err, doc.Body)
	}
	if said["id"] != m.Issuer || said["IssuerNamesOffered"] != m.Issuer || said["TokenIssuerEndpoint"] != "https://broker.example/sts" ||
		said["sequence"] != "3" || m.Sequence != 3 || said["refresh"] != "PT3600S" {
		t.Errorf("it says %v", said)
	}
	if len(certificates) != 2 {
		t.Fatalf("%d certificates", len(certificates))
	}
	for i, text := range certificates {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil || !bytes.Equal(der, m.Keys[i].Certificate) {
			t.Errorf("certificate %d: %v", i, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil || len(c.SubjectKeyId) == 0 || c.PublicKeyAlgorithm != x509.RSA {
			t.Errorf("certificate %d: %v", i, err)
		}
	}
	if got := doc.Header().Get("Cache-Control"); got != "max-age=900" || !strings.HasPrefix(doc.Header().Get("Content-Type"), "application/xml") {
		t.Errorf("headers: %v", doc.Header())
	}
}

func TestConfig(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	test := func(want bool, change func(*Config)) {
		t.Helper()
		c := w.Config
		change(&c)
		if err := c.check(); (err == nil) != want {
			t.Errorf("got %v", err)
		}
	}
	test(true, func(*Config) {})
	test(true, func(c *Config) { c.URL = "https://broker.example:8443" })
	test(false, func(c *Config) { c.URL = "http://broker.example" })
	test(false, func(c *Config) { c.URL = "https://broker.example/" })
	test(false, func(c *Config) { c.URL = "" })
	test(false, func(c *Config) { c.Issuer = "" })
	test(false, func(c *Config) { c.Issuer = "urn:federation:" })
	test(false, func(c *Config) { c.Issuer = "urn:federation:MicrosoftOnline" })
	test(false, func(c *Config) { c.Issuer = "urn:federation:a b" })
	test(false, func(c *Config) { c.Issuer = "uri:WindowsLiveID" })
	test(false, func(c *Config) { c.DNS = nil })
	test(false, func(c *Config) { c.DNS = c.DNS.Each()[0] })
	test(true, func(c *Config) { c.DNS, c.OneResolver = c.DNS.Each()[0], true })
	test(false, func(c *Config) { c.Limits.Tokens = -1 })
	test(false, func(c *Config) { c.Times.Ahead = 3*c.Times.Refresh - 1 })
	test(false, func(c *Config) { c.Times.KeyLife = c.Times.Ahead })
	test(false, func(c *Config) { c.Times.Refresh = time.Second })
}

// TestSweep: keys that a broken off making left behind go, and those of
// generations stay.
func TestSweep(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	lost, err := w.Ring.Make(t.Context(), keys.BrokerSigning)
	if err != nil {
		t.Fatal(err)
	}
	count := func(want int) {
		t.Helper()
		w.Tick(t.Context())
		if all, err := w.Ring.Named(t.Context(), keys.BrokerSigning); err != nil || len(all) != want {
			t.Errorf("%+v, %v", all, err)
		}
	}
	count(2)
	w.clock.pass(time.Hour)
	count(1)
	if _, _, err := w.Ring.BrokerSigners(t.Context(), w.ring.Load().all[0].rsaID, lost); !errors.Is(err, keys.ErrNone) {
		t.Errorf("the lost key: %v", err)
	}
	again, err := Open(t.Context(), w.Config) // with what is left
	if err != nil || again.ring.Load().all[0].p256 == nil {
		t.Error(err)
	}
}
