package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Restore reads a backup into a database that has been migrated and is empty:
// all of it, or after any error, a wrong hash at its end among them, nothing.
// The rooms and the versions of their tables must be those of the backup; to
// restore an older one, start with the program that made it, then upgrade.
// Migrations therefore do not put rows into tables.
func (d *DB) Restore(ctx context.Context, r io.Reader, progress func(Progress)) error {
	dec := newDecoder(r, progress)
	if err := dec.header(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err := d.b.once(ctx, func(tx *Tx) error { return restore(tx, dec, d.b.dialect()) })
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func restore(tx *Tx, d *decoder, words *dialect) error {
	tables, rooms, err := words.catalog.all(tx)
	if err != nil {
		return err
	}
	if err := sameVersions(tx, d.versions, rooms); err != nil {
		return err
	}
	if err := empty(tx, tables); err != nil {
		return err
	}
	for {
		from, err := d.next()
		if err != nil {
			return err
		}
		if from == nil {
			break
		}
		i := slices.IndexFunc(tables, func(t table) bool { return t.name == from.name })
		if i < 0 || !fits(from, &tables[i]) {
			return fmt.Errorf("table %s of the backup is not as the database has it, or comes twice", from.name)
		}
		if err := tx.s.load(tx.ctx, from, d); err != nil {
			return tx.failed(fmt.Errorf("table %s: %w", from.name, err))
		}
		if err := words.restored(tx, &tables[i]); err != nil {
			return fmt.Errorf("table %s: %w", from.name, err)
		}
		tables = slices.Delete(tables, i, i+1)
	}
	if len(tables) > 0 {
		return fmt.Errorf("table %s is not in the backup", tables[0].name)
	}
	return nil
}

func sameVersions(tx *Tx, backup map[string]int64, rooms []string) error {
	for _, room := range rooms {
		is, err := version(tx, room)
		if err != nil {
			return err
		}
		was, ok := backup[room]
		if !ok {
			return fmt.Errorf("the backup has no tables of %s", room)
		}
		if is != was {
			return fmt.Errorf("the tables of %s have version %d, those in the backup %d", room, is, was)
		}
	}
	for room := range backup {
		if !slices.Contains(rooms, room) {
			return fmt.Errorf("the database has no tables of %s, the backup has", room)
		}
	}
	return nil
}

func empty(tx *Tx, tables []table) error {
	for _, t := range tables {
		rows, err := tx.query("SELECT 1 FROM "+quote(t.name)+" LIMIT 1", nil)
		if err != nil {
			return err
		}
		if rows.Next() {
			return fmt.Errorf("the database is not empty: there are rows in %s", t.name)
		}
		if rows.Err() != nil {
			return rows.Err()
		}
	}
	return nil
}

// fits compares columns by name: their order may differ where one database
// has had more migrations of its own time.
func fits(from, to *table) bool {
	if len(from.columns) != len(to.columns) {
		return false
	}
	for _, c := range from.columns {
		if !slices.ContainsFunc(to.columns, func(o columnInfo) bool { return o.name == c.name && o.kind == c.kind }) {
			return false
		}
	}
	return true
}

// load on SQLite is one insert after the other, within one transaction, at the
// end of which rows that refer to others are checked.
func (c *conn) load(ctx context.Context, t *table, d *decoder) error {
	if err := c.deferForeignKeys(); err != nil {
		return err
	}
	places := make([]string, len(t.columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	q := "INSERT INTO " + quote(t.name) + " (" + list(t.names()) + ") VALUES (" + strings.Join(places, ", ") + ")"
	for {
		ok, err := d.nextRow()
		if err != nil || !ok {
			return err
		}
		if _, err := c.exec(ctx, q, d.row); err != nil {
			return err
		}
	}
}

// deferForeignKeys prepares its statement anew each time, since that, and not
// running it, is when SQLite obeys this kind of PRAGMA.
func (c *conn) deferForeignKeys() error {
	s, err := c.raw.Prepare("PRAGMA defer_foreign_keys = ON")
	if err != nil {
		return err
	}
	_, err = s.(driver.StmtExecContext).ExecContext(context.Background(), nil)
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}

// load on PostgreSQL is one COPY for a table, after which alone rows that
// refer to others of the same table are checked.
func (s *pgSession) load(ctx context.Context, t *table, d *decoder) error {
	_, err := s.CopyFrom(ctx, pgx.Identifier{t.name}, t.names(), &copySource{d: d})
	return err
}

type copySource struct {
	d   *decoder
	err error
}

func (c *copySource) Next() bool {
	ok, err := c.d.nextRow()
	c.err = err
	return ok && err == nil
}

func (c *copySource) Values() ([]any, error) { return c.d.row, nil }
func (c *copySource) Err() error             { return c.err }

// restoredPostgres has identity columns go on after the largest restored.
func restoredPostgres(tx *Tx, t *table) error {
	for _, c := range t.columns {
		if !c.identity {
			continue
		}
		name := quote(c.name)
		_, err := tx.exec("SELECT setval(pg_get_serial_sequence($1, $2), (SELECT coalesce(max("+name+"), 0) + 1 FROM "+quote(t.name)+"), FALSE)",
			[]any{quote(t.name), c.name})
		if err != nil {
			return err
		}
	}
	return nil
}
