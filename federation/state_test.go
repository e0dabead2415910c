package federation

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/db"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// TestNone holds what there is without a trust: nothing, and the documented
// outcome.
func TestNone(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	if o.Trust() != nil || o.Opener() != nil || o.Peer() != nil || o.Altered() {
		t.Error("there is something")
	}
	_, err := o.Subject(entente.MailboxID{1}, addresses("anna@contoso.example"))
	if reason(err) != NotFederated {
		t.Error(err)
	}
	if _, _, err := o.Signer(); reason(err) != NotFederated {
		t.Error(err)
	}
	if _, err := o.Ask(t.Context(), token.Subject{}, "x", token.FreeBusy); reason(err) != NotFederated {
		t.Error(err)
	}
}

// TestFollow holds that every node goes by what one has set, and says which
// keys it has.
func TestFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOrg(t, d)
		second := o.node("node2", o.dir)
		o.trusted()
		must(t, second.load(t.Context()))
		if x := second.Trust(); x == nil || x.ApplicationURI != "FYDIBOHF25SPDLT.contoso.example" || x.Current.Thumbprint != o.Trust().Current.Thumbprint {
			t.Fatal("the other node does not see it")
		}
		if a, b := o.Opener(), second.Opener(); a == nil || b == nil || len(b.Open) != 1 || len(b.OpenP256) != 1 || b.Audience != a.Audience {
			t.Error("the other node opens nothing")
		}
		_, id, err := o.Signer()
		must(t, err)
		if _, other, err := second.Signer(); err != nil || other != id {
			t.Error("the nodes have two signers", err)
		}
		if _, err := second.SignerOf(id); err != nil {
			t.Error(err)
		}
		if _, err := second.SignerOf("another"); err == nil {
			t.Error("a key that is not ours signs")
		}

		// A third one has another master key: it can do nothing, and says so.
		stranger := filepath.Join(t.TempDir(), "keys")
		f := o.config("node3", stranger)
		third := &Service{Config: f, seal: o.seal, identity: o.identity}
		must(t, third.load(t.Context()))
		o.live = []string{"node1", "node2", "node3", "node4"}
		all, err := o.NodeCertificates(t.Context())
		must(t, err)
		want := map[string]NodeState{"node1": Installed, "node2": Installed, "node3": Missing, "node4": Missing}
		for _, c := range all {
			if want[c.Node] != c.State || c.Role != "Current" {
				t.Errorf("%s: %s %s", c.Node, c.State, c.Role)
			}
			delete(want, c.Node)
		}
		if len(want) > 0 {
			t.Error("nothing is said of", want)
		}
		thumbprint := o.Trust().Current.Thumbprint
		if err := o.everywhere(t.Context(), thumbprint); reason(err) != NodeLacksKey || !strings.Contains(err.Error(), "node3, node4") {
			t.Error(err)
		}
		o.live = []string{"node1", "node2"}
		if err := o.everywhere(t.Context(), thumbprint); err != nil {
			t.Error("a node that does not run is in the way:", err)
		}
		o.clock.pass(reportStale + time.Second)
		must(t, second.load(t.Context()))
		if err := o.everywhere(t.Context(), thumbprint); reason(err) != NodeLacksKey || !strings.Contains(err.Error(), "node1 cannot") {
			t.Error("a node that has long said nothing counts:", err)
		}
	})
}

// TestAltered holds that a row edited by SQL stops federation on every node,
// until it is confirmed.
func TestAltered(t *testing.T) {
	edits := map[string]func(tx *db.Tx) error{
		"another document": func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE federation_trust SET document = replace(document, 'contoso.test', 'evil.test'), version = version + 1`)
			return err
		},
		"another document under the same version and mark": func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE federation_trust SET document = replace(document, '"require_proof":true', '"legacy":true')`)
			return err
		},
		"a former version": func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE federation_trust SET version = version - 1`)
			return err
		},
		"no row": func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM federation_trust`)
			return err
		},
		"another mark": func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE federation_trust SET mark = $1`, []byte("mark"))
			return err
		},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOrg(t, d)
		for name, edit := range edits {
			o.trusted()
			o.notes = nil
			must(t, d.Update(t.Context(), edit))
			for range 2 {
				must(t, o.load(t.Context()))
			}
			if !o.Altered() || o.Trust() != nil || o.Opener() != nil || o.Peer() != nil {
				t.Errorf("%s: federation goes on", name)
			}
			if x := o.Found(); (x == nil) != (name == "no row") || name == "another document" && x.Domains[1].Name != "evil.test" {
				t.Errorf("%s: what stands there is not shown: %+v", name, x)
			}
			if len(o.notes) != 1 || !strings.HasPrefix(o.notes[0], "altered: ") {
				t.Errorf("%s: told %q", name, o.notes)
			}
			if err := o.change(t.Context(), func(*document) error { return nil }); reason(err) != Misconfigured {
				t.Errorf("%s: it is changed further: %v", name, err)
			}
			must(t, o.Confirm(t.Context()))
			if o.Altered() || (o.Trust() == nil) != (name == "no row") {
				t.Errorf("%s: confirming does not help", name)
			}
		}
		// A node that starts with an altered row says so too.
		o.trusted()
		must(t, d.Update(t.Context(), edits["another mark"]))
		if other := o.node("node2", o.dir); !other.Altered() || other.Trust() != nil {
			t.Error("a node starts with an altered row")
		}
		if err := o.change(t.Context(), func(*document) error { return nil }); reason(err) != Misconfigured || !o.Altered() {
			t.Error("a node that has not looked yet changes an altered row:", err)
		}
	})
}

// TestChangeTwice holds that two nodes that change at once do not lose each
// other's change.
func TestChangeTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOrg(t, d)
		o.trusted()
		second := o.node("node2", o.dir)
		must(t, o.change(t.Context(), func(d *document) error { d.Legacy = true; return nil }))
		must(t, second.change(t.Context(), func(d *document) error { d.Contact = "admin@contoso.example"; return nil }))
		must(t, o.load(t.Context()))
		if x := o.Trust(); !x.Legacy || x.Contact == "" {
			t.Error("a change is lost")
		}
		before := o.view.Load().version
		must(t, o.change(t.Context(), func(*document) error { return errSame }))
		if o.view.Load().version != before {
			t.Error("nothing is written")
		}
		if err := o.change(t.Context(), func(d *document) error { d.Legacy = false; return errors.New("no") }); err == nil || !o.Trust().Legacy {
			t.Error("what failed is written", err)
		}
	})
}

// TestRun holds that a running node goes by what another has set within half a
// second.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrg(t, dbtest.SQLite(t))
		second := o.node("node2", o.dir)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); second.Run(ctx) }()
		o.trusted()
		time.Sleep(500 * time.Millisecond) // of the bubble's clock
		synctest.Wait()
		if second.Trust() == nil {
			t.Error("it does not follow")
		}
		cancel()
		<-done
	})
}

// TestOpener holds which keys open and verify at which time.
func TestOpener(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	o.trusted()
	start := o.clock.Now()
	begins, ends := start.Add(24*time.Hour), start.Add(26*time.Hour)
	next := brokerKeys(t, begins, time.Time{})
	must(t, o.change(t.Context(), func(d *document) error {
		d.BrokerKeys[0].Until = ends
		d.BrokerKeys = append(d.BrokerKeys, next)
		return nil
	}))
	first := o.Opener()
	if len(first.RSA) != 1 || len(first.P256) != 1 {
		t.Fatal("a key of the broker's holds before its time")
	}
	if o.Opener() != first {
		t.Error("an Opener is made for each call")
	}
	for _, at := range []struct {
		after time.Duration
		keys  int
	}{
		{24*time.Hour - token.MaxSkew - 1, 1},
		{24*time.Hour - token.MaxSkew, 2},
		{26*time.Hour + token.MaxSkew - 1, 2},
		{26*time.Hour + token.MaxSkew, 1},
		{24*time.Hour + 10*365*24*time.Hour, 0}, // the certificate has expired
	} {
		o.clock.pass(at.after - o.clock.Now().Sub(start))
		if x := o.Opener(); len(x.RSA) != at.keys || len(x.P256) != at.keys {
			t.Errorf("after %v: %d keys of the broker's hold", at.after, len(x.RSA))
		}
	}
	must(t, o.change(t.Context(), func(d *document) error { d.Enabled = false; return nil }))
	if o.Opener() != nil || o.Peer() != nil {
		t.Error("a disabled organization opens tokens")
	}
	if _, err := o.Subject(entente.MailboxID{1}, addresses("anna@contoso.example")); reason(err) != NotFederated {
		t.Error(err)
	}
}

// TestSubject holds what partners are told of a person.
func TestSubject(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	o.trusted()
	test := func(id byte, want entente.Reason, mails string, in ...entente.SMTPAddress) token.Subject {
		t.Helper()
		who, err := o.Subject(entente.MailboxID{id}, in)
		var got []string
		for _, m := range who.Mails {
			got = append(got, string(m))
		}
		if reason(err) != want || strings.Join(got, " ") != mails {
			t.Errorf("%v: %v %v", in, got, err)
		}
		return who
	}
	a := test(1, "", "anna@contoso.example", "anna@contoso.example")
	b := test(1, "", "anna.berg@contoso.example", "anna.berg@contoso.example", "anna@other.example", "anna@contoso.test")
	c := test(2, "", "anna@contoso.example", "anna@contoso.example", "anna@contoso.example")
	test(1, NoFederatedProxy, "", "anna@other.example", "anna@contoso.test")
	test(1, NoFederatedProxy, "")
	if a.Immutable != b.Immutable || a.Immutable == c.Immutable {
		t.Error("the immutable id goes by the address")
	}
	if !strings.HasSuffix(a.Immutable, "@FYDIBOHF25SPDLT.contoso.example") || len(a.Immutable) != 32+1+31 {
		t.Error(a.Immutable)
	}
}

// TestSuccession holds which keys follow from pinned ones.
func TestSuccession(t *testing.T) {
	o := newOrg(t, dbtest.SQLite(t))
	o.trusted()
	ctx := t.Context()
	// Five generations, each signed by the one before.
	var all []PeerKey // oldest first
	var last *usable
	for range 5 {
		st := stored{Certificate: o.view.Load().document.Current.Certificate, Key: o.view.Load().document.Current.Key}
		g, err := o.generation(ctx, st, last)
		must(t, err)
		u, err := o.use(ctx, g)
		must(t, err)
		last = &u
		all = append(all, g.Signing)
	}
	id := func(i int) string { return all[i].Key.Thumbprint() }
	peer := func(order ...int) *Peer {
		p := &Peer{}
		for _, i := range order {
			p.Keys = append(p.Keys, all[i])
		}
		return p
	}
	test := func(name string, pinned []string, p *Peer, want ...string) {
		t.Helper()
		got := Succession(pinned, p)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %d keys, want %d", name, len(got), len(want))
		}
	}
	test("the newest", []string{id(4)}, peer(4, 3, 2), id(4))
	test("one after the other", []string{id(0)}, peer(4, 3, 2, 1, 0), id(4), id(3), id(2), id(1), id(0))
	test("from the middle", []string{id(2)}, peer(4, 3, 2, 1, 0), id(4), id(3), id(2))
	test("a gap", []string{id(0)}, peer(4, 3, 1, 0), id(1), id(0))
	test("none pinned is there", []string{id(0)}, peer(4, 3, 2))
	test("nothing pinned", nil, peer(4, 3))
	test("no peer", []string{id(0)}, nil)
	test("another order", []string{id(0)}, peer(0, 1), id(0))
	forged := peer(1, 0)
	forged.Keys[0].Key = all[3].Key
	test("another's signature", []string{id(0)}, forged, id(0))
	early := peer(1, 0)
	early.Keys[0].From = early.Keys[0].From.Add(-time.Hour)
	test("another time", []string{id(0)}, early, id(0))
	unsigned := peer(1, 0)
	unsigned.Keys[0].Signed = ""
	test("no signature", []string{id(0)}, unsigned, id(0))
	broken := peer(1, 0)
	broken.Keys[1].Key = brokerapi.Key{}
	test("no key", []string{id(0), ""}, broken)
	test("a chain without an end", []string{id(0)}, peer(0, 0, 0, 0, 0, 0, 0, 0, 0))
	test("as we say it", []string{o.Peer().Keys[0].Key.Thumbprint()}, o.Peer(), o.Peer().Keys[0].Key.Thumbprint())
}
