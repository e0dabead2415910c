package db_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/db"
	"entente/db/dbtest"
)

// TestSerializable has two functions each rely on a count that the other
// changes: one must be run again, so that the sum never passes the limit.
func TestSerializable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		const limit = 10
		var all sync.WaitGroup
		for w := range int64(8) {
			all.Go(func() {
				for i := range int64(5) {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						var n int
						if err := tx.QueryRow(`SELECT count(*) FROM shelf_book`).Scan(&n); err != nil || n >= limit {
							return err
						}
						id := w*10 + i
						return insert(tx, id, title("title "+itoa(int(id))))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if n := count(t, d); n != limit {
			t.Errorf("%d rows passed a limit of %d", n, limit)
		}
	})
}

// TestRetry has two functions read the same before either writes: one of them
// runs again, and then sees what the other has written.
func TestRetry(t *testing.T) {
	d := migrated(t, dbtest.Postgres(t))
	var runs, skips atomic.Int64
	var both, all sync.WaitGroup
	both.Add(2)
	for id := range int64(2) {
		all.Go(func() {
			first := true
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				runs.Add(1)
				var n int
				if err := tx.QueryRow(`SELECT count(*) FROM shelf_book`).Scan(&n); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				if n > 0 {
					skips.Add(1)
					return nil
				}
				return insert(tx, id, title("title "+itoa(int(id))))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := count(t, d); n != 1 || runs.Load() < 3 || skips.Load() != 1 {
		t.Errorf("%d rows after %d runs", n, runs.Load())
	}
}

// TestRestart stops PostgreSQL under an open handle, and starts it again.
func TestRestart(t *testing.T) {
	s := dbtest.NewServer(t)
	d := reopen(t, s.Create(t))
	defer func() { _ = d.Close() }()
	migrated(t, d)
	fill := func(from int64) {
		t.Helper()
		var all sync.WaitGroup
		for i := range int64(5) {
			all.Go(func() {
				if err := add(t.Context(), d, from+i, title("title "+itoa(int(from+i)))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	fill(0)
	for round, away := range []func(testing.TB){s.Stop, s.Crash} {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := insert(tx, 1000, "lost"); err != nil {
				return err
			}
			away(t)
			return insert(tx, 1001, "lost too")
		})
		if !db.IsUnavailable(err) {
			t.Errorf("within an update: %v", err)
		}
		if err := add(t.Context(), d, 2000, "refused"); !db.IsUnavailable(err) {
			t.Errorf("while it is away: %v", err)
		}
		s.Start(t)
		fill(int64(round+1) * 10)
		if n := count(t, d); n != (round+2)*5 {
			t.Errorf("%d rows after coming back", n)
		}
	}
}

func TestNotify(t *testing.T) {
	u := dbtest.PostgresURL(t)
	a, b := reopen(t, u), reopen(t, u)
	defer func() { _ = a.Close(); _ = b.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	hints := a.Subscribe(ctx, "mail box")
	if h := <-hints; h != "" {
		t.Errorf("first hint is %q", h)
	}
	for _, p := range []string{"one", "it's two"} {
		if err := b.Notify(ctx, "mail box", p); err != nil {
			t.Fatal(err)
		}
		if h := <-hints; h != p {
			t.Errorf("hint is %q, want %q", h, p)
		}
	}
	cancel()
	for range hints {
		continue
	}
	lite := dbtest.SQLite(t)
	ctx, cancel = context.WithCancel(t.Context())
	hints = lite.Subscribe(ctx, "x")
	if err := lite.Notify(ctx, "x", "y"); err != nil {
		t.Error(err)
	}
	cancel()
	if h, ok := <-hints; ok {
		t.Errorf("SQLite hints %q", h)
	}
}

// TestDial has the connections opened by whoever opens the database.
func TestDial(t *testing.T) {
	u := dbtest.PostgresURL(t)
	var dialed atomic.Int32
	d, err := db.Open(t.Context(), u, db.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	if dialed.Load() == 0 {
		t.Error("Dial was not asked")
	}
}

func TestOpenRefuses(t *testing.T) {
	test := func(url, say string) {
		t.Helper()
		_, err := db.Open(t.Context(), url, db.Options{})
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", url, err)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
	test("", "begins with")
	test("mysql://x", "begins with")
	test("sqlite:", "is a file")
	test("sqlite::memory:", "is a file")
	test("postgres://u:s3cret@127.0.0.1:1/x?sslmode=nonsense", "cannot be read")
	test("postgres://u:s3cret@127.0.0.1:1/x", "refused")
}
