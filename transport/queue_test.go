package transport

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/db"
	"entente/db/dbtest"
	"entente/delivery"
)

// seal is a mark that the test can see through.
type seal struct{}

func (seal) Append(b, data []byte) []byte { return append(b, hashed("key"+string(data))...) }
func (seal) Valid(data, mark []byte) bool { return hashed("key"+string(data)) == string(mark) }

// node is a node of several that have one queue.
func node(t *testing.T, d *db.DB, name string, now *time.Time) *Service {
	t.Helper()
	s, err := New(Config{
		Name: name, DB: d, Seal: seal{}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return *now },
		Settings: Settings{Send: []SendConnector{{Name: "out", SmartHosts: []string{"127.0.0.1:1"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Service, name string, to ...entente.SMTPAddress) bool {
	t.Helper()
	x := &row{id: newID(), connector: "out", sender: "anna@contoso.example", message: []byte("Subject: x\r\n\r\n"), created: s.Now().UnixMilli()}
	for _, a := range to {
		x.envelope.To = append(x.envelope.To, target{Address: a})
	}
	fresh, err := s.store(t.Context(), name, []*row{x})
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

// TestClaims: of several nodes one has a message; one that ends without a word has it
// for a while, or until it is back; what a try has found out is not found out again.
func TestClaims(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Migrate(ctx, Schema()); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		a, b := node(t, d, "a", &now), node(t, d, "b", &now)
		claim := func(s *Service) *row {
			t.Helper()
			x, err := s.claim(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if x != nil {
				if err := x.open(seal{}); err != nil {
					t.Fatal(err)
				}
			}
			return x
		}
		const n = 40
		for i := range n {
			put(t, a, "", entente.SMTPAddress(fmt.Sprintf("c%d@fabrikam.example", i)))
		}
		var mu sync.Mutex
		var ids []string
		var running sync.WaitGroup
		for _, s := range []*Service{a, b, a, b} {
			running.Go(func() {
				for {
					x, err := s.claim(ctx)
					if err != nil {
						t.Error(err)
					}
					if x == nil {
						return
					}
					mu.Lock()
					ids = append(ids, x.id)
					mu.Unlock()
					if err := s.settle(ctx, x, nil, time.Time{}, ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		slices.Sort(ids)
		if len(ids) != n || len(slices.Compact(ids)) != n {
			t.Errorf("%d claims of %d messages", len(ids), n)
		}

		put(t, a, "", "carla@fabrikam.example", "dora@fabrikam.example")
		x := claim(a)
		if claim(b) != nil || claim(a) != nil {
			t.Fatal("two have it")
		}
		now = now.Add(holdTime - time.Second)
		if err := a.renew(ctx, x); err != nil || claim(b) != nil {
			t.Fatalf("it was held for longer: %v", err)
		}
		// a has brought it to Carla when it ends.
		if err := a.note(ctx, x, []target{{Address: "carla@fabrikam.example", Fate: taken}, {Address: "dora@fabrikam.example"}}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(holdTime + time.Second)
		y := claim(b)
		if y == nil || y.id != x.id {
			t.Fatal("nobody takes it up")
		}
		if to := b.divide(y)[&b.Send[0]]; len(to) != 1 || to[0].Address != "dora@fabrikam.example" {
			t.Errorf("it goes to %v", to)
		}
		// a was only slow: it has no say any more.
		if err := a.renew(ctx, x); err != errLost {
			t.Error(err)
		}
		if err := a.note(ctx, x, nil); err != errLost {
			t.Error(err)
		}
		if err := a.settle(ctx, x, nil, time.Time{}, ""); err != nil {
			t.Error(err)
		}
		if all, err := b.Messages(ctx, Selection{}, 10); err != nil || len(all) != 1 || all[0].Node != "b" || all[0].Status != Active {
			t.Errorf("%v %+v", err, all)
		}
		// b ends and comes back before its hold is over.
		if err := b.takeUp(ctx); err != nil || claim(b) == nil {
			t.Error("b does not take up what it had", err)
		}
	})
}

// TestSent: what has a name is put into the queue once under it.
func TestSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), Schema()); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		s := node(t, d, "a", &now)
		test := func(want bool, name string, to ...entente.SMTPAddress) {
			t.Helper()
			if put(t, s, name, to...) != want {
				t.Errorf("%q to %v: not %v", name, to, want)
			}
		}
		test(true, "", "carla@fabrikam.example")
		test(true, "", "carla@fabrikam.example")
		test(true, "n", "carla@fabrikam.example")
		test(false, "n", "carla@fabrikam.example")
		test(true, "n", "dora@fabrikam.example")
		now = now.Add(sentKept + time.Hour)
		test(true, "n", "carla@fabrikam.example")
	})
}

// TestForged: a row that somebody writes, or changes, is nobody's mail.
func TestForged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Migrate(ctx, Schema()); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		s := node(t, d, "a", &now)
		put(t, s, "", "carla@fabrikam.example")
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE transport_message SET sender = 'chef@contoso.example'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SendDue(ctx); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Messages(ctx, Selection{}, 10); err != nil || len(all) != 0 {
			t.Errorf("%v, %+v", err, all)
		}
	})
}

func TestLeads(t *testing.T) {
	test := func(want string, domain entente.Domain) {
		t.Helper()
		s := Service{Config: Config{Settings: Settings{Send: []SendConnector{
			{Name: "all", AddressSpaces: []string{"*"}},
			{Name: "below", AddressSpaces: []string{"*.fabrikam.example"}},
			{Name: "deep", AddressSpaces: []string{"*.de.fabrikam.example", "tailspin.example"}},
			{Name: "exact", AddressSpaces: []string{"de.fabrikam.example"}},
		}}}}
		if c := s.connector(domain); c.Name != want {
			t.Errorf("%s leaves by %s, want %s", domain, c.Name, want)
		}
	}
	test("all", "fabrikam.example")
	test("all", "notfabrikam.example")
	test("below", "a.fabrikam.example")
	test("exact", "de.fabrikam.example")
	test("deep", "a.de.fabrikam.example")
	test("deep", "tailspin.example")
	test("all", "a.tailspin.example")
}

func TestSettings(t *testing.T) {
	test := func(want string, s Settings) {
		t.Helper()
		err := s.Check()
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && !containsText(got, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	send := func(f func(*SendConnector)) Settings {
		c := SendConnector{Name: "out", SmartHosts: []string{"smtp.fabrikam.example:587"}}
		f(&c)
		return Settings{Send: []SendConnector{c}}
	}
	receive := func(f func(*ReceiveConnector)) Settings {
		c := ReceiveConnector{Name: "in", Listen: "127.0.0.1:25"}
		f(&c)
		return Settings{Receive: []ReceiveConnector{c}}
	}
	test("", Settings{})
	test("", send(func(*SendConnector) {}))
	test("", receive(func(*ReceiveConnector) {}))
	test("keep", Settings{Keep: time.Second})
	test("warn", Settings{Keep: time.Hour, Warn: 2 * time.Hour})
	test("own_senders", Settings{OwnSenders: "believe"})
	test("a name", send(func(c *SendConnector) { c.Name = "a\nb" }))
	test("loopback", send(func(c *SendConnector) { c.Security = Plain }))
	test("", send(func(c *SendConnector) { c.Security, c.SmartHosts = Plain, []string{"localhost:25", "[::1]:25"} }))
	test("security", send(func(c *SendConnector) { c.Security = "maybe" }))
	test("host:port", send(func(c *SendConnector) { c.SmartHosts = []string{"smtp.fabrikam.example"} }))
	test("from one", send(func(c *SendConnector) { c.SmartHosts = nil }))
	test("address_spaces", send(func(c *SendConnector) { c.AddressSpaces = []string{"a b"} }))
	test("both or neither", send(func(c *SendConnector) { c.User = "x" }))
	test("there are two", Settings{Send: []SendConnector{{Name: "x", SmartHosts: []string{"a:1"}}, {Name: "x", SmartHosts: []string{"a:1"}}}})
	test("everybody", receive(func(c *ReceiveConnector) { c.Networks = prefixes("0.0.0.0/0") }))
	test("no certificate", receive(func(c *ReceiveConnector) { c.RequireTLS = true }))
	test("neither host:port", receive(func(c *ReceiveConnector) { c.Listen = "25" }))
	test("max_size", receive(func(c *ReceiveConnector) { c.MaxSize = 1 }))
}

// TestSentPartly: of what is sent again under a name, that goes which did not before.
func TestSentPartly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Migrate(ctx, Schema()); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		s := node(t, d, "a", &now)
		put(t, s, "once", "carla@fabrikam.example")
		var all []*row
		for _, to := range []entente.SMTPAddress{"carla@fabrikam.example", "dora@fabrikam.example"} {
			x := &row{id: newID(), connector: "out", message: []byte("Subject: x\r\n\r\n"), created: now.UnixMilli()}
			x.envelope.To = []target{{Address: to}}
			all = append(all, x)
		}
		if fresh, err := s.store(ctx, "once", all); err != nil || !fresh {
			t.Error(fresh, err)
		}
		list, err := s.Messages(ctx, Selection{}, 10)
		if err != nil || len(list) != 2 {
			t.Errorf("%d messages, %v", len(list), err)
		}
	})
}

// TestWordName: a report about more recipients than one before is another, so that a
// crash between the first and the end of its try hides nobody's fate.
func TestWordName(t *testing.T) {
	x := &row{id: "1"}
	carla, dora := delivery.Result{To: "carla@fabrikam.example"}, delivery.Result{To: "dora@fabrikam.example"}
	one := wordName(x, "failed", []delivery.Result{carla})
	if wordName(x, "failed", []delivery.Result{carla}) != one {
		t.Error("the same report has two names")
	}
	for _, other := range []string{
		wordName(x, "failed", []delivery.Result{carla, dora}),
		wordName(x, "delayed", []delivery.Result{carla}),
		wordName(&row{id: "2"}, "failed", []delivery.Result{carla}),
	} {
		if other == one {
			t.Error("two reports have one name")
		}
	}
}
