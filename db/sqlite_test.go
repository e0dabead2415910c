package db_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"entente/db"
	"entente/db/dbtest"
)

// TestSharedCommit has many callers share commits, of whom some fail in every
// way a function can: only their own work is undone.
func TestSharedCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		own := errors.New("own")
		var mu sync.Mutex
		var hooked []int64
		var callers sync.WaitGroup
		for i := range int64(90) {
			callers.Go(func() {
				want := error(nil)
				switch i % 3 {
				case 1:
					want = own
				case 2:
					defer func() {
						if recover() != "panic" {
							t.Error("a panic was swallowed")
						}
					}()
				}
				err := d.Update(t.Context(), func(tx *db.Tx) error {
					tx.OnCommit(func() { mu.Lock(); hooked = append(hooked, i); mu.Unlock() })
					if err := insert(tx, i, title("title "+itoa(int(i)))); err != nil {
						return err
					}
					if i%3 == 2 {
						panic("panic")
					}
					return want
				})
				if !errors.Is(err, want) {
					t.Errorf("%d: %v", i, err)
				}
				mu.Lock()
				if err == nil && !slices.Contains(hooked, i) {
					t.Errorf("%d returned before what it has done on commit", i)
				}
				mu.Unlock()
			})
		}
		callers.Wait()
		if n := count(t, d); n != 30 || len(hooked) != 30 {
			t.Errorf("%d rows, %d hooks", n, len(hooked))
		}
	})
}

// TestHookOrder counts a row up from many sides: the hooks see the numbers in
// order, although on PostgreSQL each caller has a connection of its own.
func TestHookOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		if err := add(t.Context(), d, 0, "counter"); err != nil {
			t.Fatal(err)
		}
		var seen []int64
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 10 {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						var n int64
						if err := tx.QueryRow(`UPDATE shelf_book SET id = id + 1 RETURNING id`).Scan(&n); err != nil {
							return err
						}
						tx.OnCommit(func() { seen = append(seen, n) })
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		callers.Wait()
		if len(seen) != 40 || !slices.IsSorted(seen) {
			t.Errorf("hooks saw %d", seen)
		}
	})
}

// TestContext has callers give up while another holds the writer.
func TestContext(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for name, run := range map[string]func(context.Context, func(*db.Tx) error) error{"View": d.View, "Update": d.Update} {
			err := run(ended, func(*db.Tx) error { t.Error(name, "ran"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		waiting, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := insert(tx, 1, "one"); err != nil {
				return err
			}
			for i := range int64(20) {
				others.Go(func() { _ = add(waiting, d, 100+i, title("other "+itoa(int(i)))) })
			}
			cancel()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		others.Wait()
		if err := add(t.Context(), d, 2, "two"); err != nil {
			t.Error("after those who gave up:", err)
		}
		if count(t, d) < 2 {
			t.Error("rows are missing")
		}
		during, cancel := context.WithCancel(t.Context())
		err = d.Update(during, func(tx *db.Tx) error {
			cancel()
			return insert(tx, 3, "three")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended within: %v", err)
		}
	})
}

func TestFullDisk(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.SQLiteURL(t), db.Options{MaxPages: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	migrated(t, d)
	write := func(id int64, size int) error {
		return d.Update(t.Context(), func(tx *db.Tx) error {
			if err := insert(tx, id, title("title "+itoa(int(id)))); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE shelf_book SET body = $2 WHERE id = $1`, id, make([]byte, size))
			return err
		})
	}
	// Small and large ones at once share commits; the large ones do not fit.
	var mu sync.Mutex
	done := map[int64]bool{}
	var callers sync.WaitGroup
	for id := range int64(40) {
		callers.Go(func() {
			size := 10
			if id%2 == 1 {
				size = 1 << 20
			}
			err := write(id, size)
			if size > 10 && !db.IsFull(err) || err != nil && !db.IsFull(err) {
				t.Errorf("%d: %v", id, err)
			}
			mu.Lock()
			done[id] = err == nil
			mu.Unlock()
		})
	}
	callers.Wait()
	var there []int64
	err = d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id FROM shelf_book`)
		if err != nil {
			return err
		}
		for there = nil; rows.Next(); {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			there = append(there, id)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, ok := range done {
		if ok != slices.Contains(there, id) {
			t.Errorf("%d: acknowledged is %t, and it is not so", id, ok)
		}
	}
	if err := write(100, 10); err != nil {
		t.Error("a small one after the large:", err)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	u := dbtest.SQLiteURL(t)
	path := strings.TrimPrefix(u, "sqlite:")
	d := reopen(t, u)
	migrated(t, d)
	if err := add(t.Context(), d, 0, "zero"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%q has mode %v", suffix, info.Mode())
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.View(t.Context(), func(*db.Tx) error { return nil }); !db.IsUnavailable(err) {
		t.Error("View of a closed database:", err)
	}
	if err := add(t.Context(), d, 1, "one"); !db.IsUnavailable(err) {
		t.Error("Update of a closed database:", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), u, db.Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("a file others may read:", err)
	}
}

// TestGone takes the file away from an open handle, and brings it back.
func TestGone(t *testing.T) {
	u := dbtest.SQLiteURL(t)
	path := strings.TrimPrefix(u, "sqlite:")
	d := reopen(t, u)
	defer func() { _ = d.Close() }()
	migrated(t, d)
	if err := add(t.Context(), d, 1, "one"); err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) {
		t.Helper()
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(from+suffix, to+suffix); err != nil {
				t.Fatal(err)
			}
		}
	}
	move(path, path+".away")
	// No reader has been opened so far: this one finds nothing, and must not
	// make a new, empty database in its place.
	err := d.View(t.Context(), func(*db.Tx) error { return nil })
	if !db.IsUnavailable(err) {
		t.Errorf("without a file: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("another file was made in its place")
	}
	move(path+".away", path)
	if n := count(t, d); n != 1 {
		t.Errorf("%d rows after coming back", n)
	}
	if err := add(t.Context(), d, 2, "two"); err != nil {
		t.Error(err)
	}
}

func TestNewerSchema(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		migrated(t, d) // again is nothing
		newer := fstest.MapFS{"0002_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE shelf_more (id BIGINT PRIMARY KEY);\n")}}
		for name, file := range shelf().FS.(fstest.MapFS) {
			newer[name] = file
		}
		if err := d.Migrate(t.Context(), db.Migration{Room: "shelf", FS: newer}); err != nil {
			t.Fatal(err)
		}
		err := d.Migrate(t.Context(), shelf())
		if err == nil || !strings.Contains(err.Error(), "newer than this program") || !strings.Contains(err.Error(), "shelf") {
			t.Errorf("the older program: %v", err)
		}
		broken := fstest.MapFS{"0001_x.sql": {Data: []byte("-- +goose Up\nCREATE TABLE broken_a (id BIGINT PRIMARY KEY);\nCREATE TABEL broken_b;\n")}}
		if err := d.Migrate(t.Context(), db.Migration{Room: "broken", FS: broken}); err == nil {
			t.Error("a broken migration passed")
		}
		err = d.View(t.Context(), func(tx *db.Tx) error { _, err := tx.Query(`SELECT id FROM broken_a`); return err })
		if err == nil {
			t.Error("half of a broken migration stayed")
		}
		if err := d.Migrate(t.Context(), db.Migration{Room: `a"b`, FS: broken}); err == nil {
			t.Error("took a name with a quote")
		}
	})
}

// TestGoroutineEnds has a function end its goroutine, as t.Fatal does: the
// turn goes on to the next.
func TestGoroutineEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		for i, run := range []func(context.Context, func(*db.Tx) error) error{d.Update, d.View} {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = run(t.Context(), func(tx *db.Tx) error {
					_ = insert(tx, 100, "gone")
					runtime.Goexit()
					return nil
				})
			}()
			<-ended
			if err := add(t.Context(), d, int64(i), title("title "+itoa(i))); err != nil {
				t.Error(err)
			}
		}
		if n := count(t, d); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestTwoProcesses has two handles on one database write at once, as the
// command line does beside a running server.
func TestTwoProcesses(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		handles := []*db.DB{reopen(t, url), reopen(t, url)}
		migrated(t, handles[0])
		var all sync.WaitGroup
		for i := range int64(40) {
			all.Go(func() {
				if err := add(t.Context(), handles[i%2], i, title("title "+itoa(int(i)))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, d := range handles {
			if n := count(t, d); n != 40 {
				t.Errorf("one sees %d rows", n)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
