package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

var (
	anna = access.Principal{SID: "S-1-5-21-1-2-3-1001", UPN: "anna@contoso.example", Mail: "anna@contoso.example"}
	crm  = access.Principal{SID: "S-1-5-21-1-2-3-1002", UPN: "crm@contoso.example"}
)

// testKey is a fixed key, so that a test's log can be opened twice.
func testKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
}

func open(t testing.TB, d *db.DB) *Log {
	t.Helper()
	if err := d.Migrate(t.Context(), Schema()); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), Config{DB: d, Node: "n1", Signer: testKey(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func verify(d *db.DB, known string) (Report, error) {
	return Verify(context.Background(), d, "n1", testKey().Public().(ed25519.PublicKey), known)
}

func record(i int) Record {
	return Record{
		Kind: Impersonated, As: anna, By: crm, Action: "ews.GetItem", Request: fmt.Sprint("r", i),
		Allowed: i%2 == 0, Steps: []Step{{Rule: "impersonation", Fact: "assignment 7", Holds: true}},
	}
}

func fill(t testing.TB, d *db.DB, n int) {
	t.Helper()
	l := open(t, d)
	for i := range n {
		if err := l.Append(t.Context(), record(i)); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
}

func TestRecordsAreKeptWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		defer l.Close()
		r := record(1)
		r.Time = time.Date(2026, 3, 29, 1, 30, 0, 5000, time.UTC)
		r.Via = []access.Link{{Who: crm, How: "S4U"}}
		if err := l.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := l.Search(t.Context(), Filter{Request: "r1"})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		r.Node = "n1"
		if fmt.Sprint(got[0]) != fmt.Sprint(r) {
			t.Errorf("got %v, wrote %v", got[0], r)
		}
	})
}

func TestSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		defer l.Close()
		for i := range 10 {
			if err := l.Append(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		test := func(f Filter, want int) {
			t.Helper()
			got, err := l.Search(t.Context(), f)
			if err != nil || len(got) != want {
				t.Errorf("%+v: %d records, %v; want %d", f, len(got), err, want)
			}
		}
		test(Filter{}, 10)
		test(Filter{As: anna.SID}, 10)
		test(Filter{As: crm.SID}, 0)
		test(Filter{By: crm.SID, Refused: true}, 5)
		test(Filter{Action: "ews.GetItem", Limit: 3}, 3)
		test(Filter{Since: time.Now().Add(time.Hour)}, 0)
		test(Filter{Until: time.Now().Add(-time.Hour)}, 0)
		test(Filter{Mailbox: "x"}, 0)
		// What Anna does herself is logged as her too, and is found by another index.
		own := record(11)
		own.By, own.Mailbox = anna, "x"
		if err := l.Append(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		test(Filter{As: anna.SID}, 11)
		test(Filter{By: anna.SID}, 1)
		test(Filter{As: anna.SID, By: crm.SID}, 10)
		test(Filter{As: anna.SID, By: anna.SID, Mailbox: "x", Request: "r11"}, 1)
		test(Filter{Mailbox: "x", Refused: true}, 1)
		test(Filter{Mailbox: "x", As: crm.SID}, 0)
		test(Filter{Request: "r11", Mailbox: "y"}, 0)
	})
}

func TestGoesOnWhereItEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 3 {
			fill(t, d, 7)
		}
		r, err := verify(d, "")
		if err != nil || r.Records != 21 || r.Signed != 21 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

// A process that dies signs no last checkpoint: the log goes on from the one
// before and the leaves after it.
func TestGoesOnWithoutLastCheckpoint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 5)
		fill(t, d, 5)
		exec(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM audit_checkpoint WHERE size = 10`)
			return err
		})
		fill(t, d, 5)
		if r, err := verify(d, ""); err != nil || r.Signed != 15 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestSignedWhenAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		for range 3 {
			if err := l.Append(t.Context(), record(1)); err != nil {
				t.Fatal(err)
			}
			if err := l.Sign(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if r, err := verify(d, ""); err != nil || r.Signed != 3 {
			t.Errorf("%+v, %v", r, err)
		}
		l.Close()
		if err := l.Sign(t.Context()); err == nil {
			t.Error("a closed log signed")
		}
	})
}

func TestManyWriters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				for i := range 20 {
					if i%4 == 0 {
						l.AppendLater(record(w*100 + i))
					} else if err := l.Append(t.Context(), record(w*100+i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		l.Close()
		if r, err := verify(d, ""); err != nil || r.Records != 320 || r.Signed != 320 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

// A record that could not be written is not acknowledged, and the log goes on
// when the database does.
func TestUnavailable(t *testing.T) {
	d := dbtest.SQLite(t)
	l := open(t, d)
	exec(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`ALTER TABLE audit_record RENAME TO away`)
		return err
	})
	var e *entente.Error
	if err := l.Append(t.Context(), record(0)); !errors.As(err, &e) || e.Kind != entente.Unavailable {
		t.Fatal(err)
	}
	exec(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`ALTER TABLE away RENAME TO audit_record`)
		return err
	})
	if err := l.Append(t.Context(), record(1)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if r, err := verify(d, ""); err != nil || r.Records != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func exec(t *testing.T, d *db.DB, f func(*db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkAppend32 is a record that is waited for, with 32 at once. cpu-ns is the
// processor time of the process, the database's included.
func BenchmarkAppend32(b *testing.B) {
	d := dbtest.SQLite(b)
	l := open(b, d)
	before := cpu(b)
	b.ResetTimer()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := l.Append(b.Context(), record(1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	l.Close()
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
