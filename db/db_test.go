package db_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"entente/db"
	"entente/db/dbtest"
)

// shelf is the schema of these tests.
func shelf() db.Migration {
	return db.Migration{Room: "shelf", FS: fstest.MapFS{"0001_book.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE shelf_book (
	mailbox_id {{blob}} NOT NULL,
	id BIGINT NOT NULL,
	title {{text}} NOT NULL,
	body {{blob}},
	lent BOOLEAN NOT NULL DEFAULT FALSE,
	weight DOUBLE PRECISION,
	PRIMARY KEY (mailbox_id, id)
);
CREATE TABLE shelf_tag (
	mailbox_id {{blob}} NOT NULL,
	tag {{text}} NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (mailbox_id, tag)
) {{clustered}};
CREATE UNIQUE INDEX shelf_book_title ON shelf_book (mailbox_id, title);
CREATE TABLE shelf_note (id {{identity}}, text {{text}} NOT NULL);
`)}}}
}

func migrated(t testing.TB, d *db.DB) *db.DB {
	t.Helper()
	if err := d.Migrate(context.Background(), shelf()); err != nil {
		t.Fatal(err)
	}
	return d
}

type (
	mailboxID [16]byte
	title     string
)

var mine = mailboxID{1, 2, 3}

func add(ctx context.Context, d *db.DB, id int64, name title) error {
	return d.Update(ctx, func(tx *db.Tx) error { return insert(tx, id, name) })
}

func insert(tx *db.Tx, id int64, name title) error {
	_, err := tx.Exec(`INSERT INTO shelf_book (mailbox_id, id, title) VALUES ($1, $2, $3)`, mine, id, name)
	return err
}

func count(t testing.TB, d *db.DB) int {
	t.Helper()
	var n int
	err := d.View(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM shelf_book`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestValues(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		weight := 1.5
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO shelf_book (mailbox_id, id, title, body, lent, weight) VALUES ($1, $2, $3, $4, $5, $6), ($1, $7, $8, $9, $10, $11)`,
				mine, uint32(1), title("ä"), []byte{}, true, &weight, 2, "", []byte(nil), false, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			id     mailboxID
			n      uint16
			name   title
			body   []byte
			lent   bool
			weight *float64
		}
		var rows []row
		err = d.View(t.Context(), func(tx *db.Tx) error {
			rows = nil
			r, err := tx.Query(`SELECT mailbox_id, id, title, body, lent, weight FROM shelf_book ORDER BY id`)
			if err != nil {
				return err
			}
			for r.Next() {
				var w row
				if err := r.Scan(&w.id, &w.n, &w.name, &w.body, &w.lent, &w.weight); err != nil {
					return err
				}
				rows = append(rows, w)
			}
			return r.Err()
		})
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		if w := rows[0]; w.id != mine || w.n != 1 || w.name != "ä" || w.body == nil || len(w.body) != 0 || !w.lent || *w.weight != weight {
			t.Errorf("first row is %+v", w)
		}
		if w := rows[1]; w.n != 2 || w.name != "" || w.body != nil || w.lent || w.weight != nil {
			t.Errorf("second row is %+v", w)
		}
	})
}

func TestErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		if err := add(t.Context(), d, 1, "one"); err != nil {
			t.Fatal(err)
		}
		test := func(name string, write bool, want error, f func(tx *db.Tx) error) {
			t.Helper()
			run := d.View
			if write {
				run = d.Update
			}
			err := run(t.Context(), f)
			if want != nil && !errors.Is(err, want) || err == nil {
				t.Errorf("%s: got error %v, want %v", name, err, want)
			}
			if n := count(t, d); n != 1 {
				t.Fatalf("%s: %d rows", name, n)
			}
		}
		own := errors.New("own")
		test("own error rolls back", true, own, func(tx *db.Tx) error {
			if err := insert(tx, 2, "two"); err != nil {
				return err
			}
			return own
		})
		test("no row", false, db.ErrNoRows, func(tx *db.Tx) error {
			var n int
			return tx.QueryRow(`SELECT id FROM shelf_book WHERE id = $1`, 7).Scan(&n)
		})
		test("View writes", false, nil, func(tx *db.Tx) error { return insert(tx, 2, "two") })
		test("error swallowed", true, nil, func(tx *db.Tx) error {
			_ = insert(tx, 1, "again")
			_ = insert(tx, 2, "two")
			return nil
		})
		test("rows left open", true, nil, func(tx *db.Tx) error {
			r, err := tx.Query(`SELECT id FROM shelf_book`)
			if err != nil {
				return err
			}
			r.Next()
			return insert(tx, 2, "two")
		})
		test("nested", true, nil, func(tx *db.Tx) error {
			return d.View(tx.Context(), func(*db.Tx) error { return nil })
		})
		test("syntax", true, nil, func(tx *db.Tx) error { _, err := tx.Exec(`INSERT`); return err })
		if err := add(t.Context(), d, 2, "one"); !db.IsConflict(err) {
			t.Errorf("same title: %v is no conflict", err)
		}
		if err := add(t.Context(), d, 1, "two"); !db.IsConflict(err) {
			t.Errorf("same key: %v is no conflict", err)
		}
	})
}

func TestLockAndReturning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrated(t, d)
		if err := add(t.Context(), d, 1, "one"); err != nil {
			t.Fatal(err)
		}
		var was, now int64
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			if err := tx.QueryRow(`SELECT id FROM shelf_book WHERE id = $1 FOR UPDATE`, 1).Scan(&was); err != nil {
				return err
			}
			return tx.QueryRow(`UPDATE shelf_book SET id = id + 1 WHERE id = $1 RETURNING id`, was).Scan(&now)
		})
		if err != nil || was != 1 || now != 2 {
			t.Error(was, now, err)
		}
	})
}
