package db_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"entente/db"
	"entente/db/dbtest"
)

// tree is a room whose rows refer to each other, as folders do.
func tree() db.Migration {
	return db.Migration{Room: "atree", FS: fstest.MapFS{"0001_node.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE atree_leaf (
	id BIGINT PRIMARY KEY,
	node_id BIGINT NOT NULL REFERENCES atree_node (id)
);
`)}, "0000_never.txt": {}}}
}

func node() db.Migration {
	return db.Migration{Room: "node", FS: fstest.MapFS{"0001_node.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE atree_node (
	id BIGINT PRIMARY KEY,
	parent_id BIGINT REFERENCES atree_node (id)
);
`)}}}
}

func forest(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	migrated(t, d)
	for _, m := range []db.Migration{node(), tree()} {
		if err := d.Migrate(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func plant(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		for i := range 1200 {
			body := bytes.Repeat([]byte{byte(i), 0, 0xff}, i%50*i%2000)
			_, err := tx.Exec(`INSERT INTO shelf_book (mailbox_id, id, title, body, lent, weight) VALUES ($1, $2, $3, $4, $5, $6)`,
				mine, i*1000003-5, "böök "+itoa(i), body, i%2 == 0, float64(i)/7)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO shelf_book (mailbox_id, id, title, weight) VALUES ($1, $2, '', $4), ($1, $3, 'nothing', NULL)`,
			mailboxID{0xff}, int64(math.MaxInt64), int64(math.MinInt64), math.Inf(-1))
		if err != nil {
			return err
		}
		for _, text := range []string{"one", "two"} {
			if _, err := tx.Exec(`INSERT INTO shelf_note (text) VALUES ($1)`, text); err != nil {
				return err
			}
		}
		// The parent has the higher number, and so comes after its child.
		_, err = tx.Exec(`INSERT INTO atree_node (id, parent_id) VALUES (9, NULL)`)
		if err == nil {
			_, err = tx.Exec(`INSERT INTO atree_node (id, parent_id) VALUES (1, 9), (2, 1)`)
		}
		if err == nil {
			_, err = tx.Exec(`INSERT INTO atree_leaf (id, node_id) VALUES (1, 2)`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func backup(t *testing.T, d *db.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	reports := 0
	if err := d.Backup(t.Context(), &b, func(db.Progress) { reports++ }); err != nil {
		t.Fatal(err)
	}
	if reports == 0 {
		t.Error("no progress was reported")
	}
	if err := db.VerifyBackup(bytes.NewReader(b.Bytes()), nil); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

// TestBackupRoundTrip moves a database from SQLite to PostgreSQL and back.
func TestBackupRoundTrip(t *testing.T) {
	lite := forest(t, dbtest.SQLite(t))
	plant(t, lite)
	first := backup(t, lite)

	post := forest(t, dbtest.Postgres(t))
	back := forest(t, dbtest.SQLite(t))
	from := first
	for _, d := range []*db.DB{post, back} {
		if err := d.Restore(t.Context(), bytes.NewReader(from), nil); err != nil {
			t.Fatal(d.Dialect(), err)
		}
		again := backup(t, d)
		if !bytes.Equal(again, first) {
			t.Errorf("%s gives another backup than it was given", d.Dialect())
		}
		if err := d.Check(t.Context()); err != nil {
			t.Error(err)
		}
		var id int64
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`INSERT INTO shelf_note (text) VALUES ('three') RETURNING id`).Scan(&id)
		})
		if err != nil || id != 3 {
			t.Errorf("%s counts on at %d: %v", d.Dialect(), id, err)
		}
		if err := d.Restore(t.Context(), bytes.NewReader(from), nil); err == nil {
			t.Error("restored into a database that was not empty")
		}
		from = again
	}
}

func TestRestoreRefuses(t *testing.T) {
	source := forest(t, dbtest.SQLite(t))
	plant(t, source)
	good := backup(t, source)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		forest(t, d)
		test := func(name string, b []byte) {
			t.Helper()
			if err := d.Restore(t.Context(), bytes.NewReader(b), nil); err == nil {
				t.Errorf("%s: restored", name)
			}
			if n := count(t, d); n != 0 {
				t.Fatalf("%s: left %d rows", name, n)
			}
		}
		flipped := bytes.Clone(good)
		flipped[len(flipped)/2] ^= 1
		test("one bit changed", flipped)
		test("hash changed", append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1))
		test("cut", good[:len(good)-40])
		test("half", good[:len(good)/2])
		test("empty", nil)
		test("more after the end", append(bytes.Clone(good), 0))
		other := bytes.Replace(good, []byte("\x05shelf\x02"), []byte("\x05shelf\x04"), 1)
		if bytes.Equal(other, good) {
			t.Fatal("the version was not found")
		}
		test("another version", other)
		test("another room", bytes.Replace(good, []byte("\x05shelf\x02"), []byte("\x05shelv\x02"), 1))
		if err := d.Restore(t.Context(), bytes.NewReader(good), nil); err != nil {
			t.Error("after all these:", err)
		}
	})
}

// TestBackupOnline has writers move a coin between two rows while backups are
// made: each must show exactly one coin.
func TestBackupOnline(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		for i, name := range []title{"coin", "none"} {
			if err := add(t.Context(), d, int64(i), name); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		defer writers.Wait()
		defer stop()
		moves := make(chan struct{}, 1)
		writers.Go(func() {
			for ctx.Err() == nil {
				_ = d.Update(ctx, func(tx *db.Tx) error {
					if _, err := tx.Exec(`UPDATE shelf_book SET title = 'temp' WHERE title = 'coin'`); err != nil {
						return err
					}
					if _, err := tx.Exec(`UPDATE shelf_book SET title = 'coin' WHERE title = 'none'`); err != nil {
						return err
					}
					_, err := tx.Exec(`UPDATE shelf_book SET title = 'none' WHERE title = 'temp'`)
					return err
				})
				select {
				case moves <- struct{}{}:
				default:
				}
			}
		})
		for range 5 {
			<-moves
			b := string(backup(t, d))
			if strings.Count(b, "coin") != 1 || strings.Count(b, "none") != 1 || strings.Contains(b, "temp") {
				t.Errorf("a backup shows %q", b)
			}
		}
	})
}

func FuzzVerifyBackup(f *testing.F) {
	f.Add([]byte("ENTENTE-BACKUP-1\nV\x05shelf\x02T\x01t\x02\x01ai\x01btRi\x02t\x03abcR--E\x02Z"))
	f.Add([]byte("ENTENTE-BACKUP-1\nT\x01t\x01\x01abRb\xff\xff\xff\xff\x0f"))
	f.Add([]byte("ENTENTE-BACKUP-1\nT\x01t\x03\x01ab\x01bo\x01cfRb\x01xo\x01f12345678E\x01Z0123456789"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = db.VerifyBackup(bytes.NewReader(b), nil)
	})
}
