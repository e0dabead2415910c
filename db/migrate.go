package db

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// A Migration is the history of one room's tables: files named 0001_name.sql,
// 0002_… with goose's "-- +goose Up" sections, the same for both databases.
// What they cannot say alike is written as
//
//	{{blob}}       BLOB, BYTEA
//	{{text}}       TEXT, on both compared and sorted byte by byte
//	{{identity}}   an integer primary key the database counts up, for small
//	               tables without a mailbox; others take their ids elsewhere
//	{{clustered}}  after the closing bracket of CREATE TABLE: rows lie in the
//	               order of the primary key (WITHOUT ROWID), PostgreSQL: nothing.
//	               For rows of up to some hundred bytes: longer ones spill over
//	               into pages that SQLite reads past its cache
//
// Every table of mailboxes has mailbox_id first in its primary key and in
// each unique constraint, so that the tables can be spread over machines.
// Files once released do not change; going back is restoring a backup.
type Migration struct {
	Room string // also the prefix of its tables, by convention
	FS   fs.FS  // the files are at its root
}

// Migrate brings a room's tables to the newest version the program knows. It
// refuses tables that are newer: an older program would damage them.
func (d *DB) Migrate(ctx context.Context, m Migration) error {
	if !roomName.MatchString(m.Room) {
		return fmt.Errorf("migrate: %q is no name for a room", m.Room)
	}
	return d.b.migrate(ctx, m)
}

var roomName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

const versionSuffix = "_schema_version"

// errNewer begins the refusal of tables that a newer program has changed.
var errNewer = errors.New("the database is newer than this program")

func (d *sqliteDB) migrate(ctx context.Context, m Migration) error {
	h, err := d.handle()
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	return migrate(ctx, h, goose.DialectSQLite3, d.words, m)
}

// migrate on PostgreSQL lets one node at a time do it. The lock only avoids
// needless errors: each step and its version are one transaction.
func (d *postgresDB) migrate(ctx context.Context, m Migration) error {
	l, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	h := sql.OpenDB(connector{d.pool.config})
	defer func() { _ = h.Close() }()
	return migrate(ctx, h, goose.DialectPostgres, d.words, m, goose.WithSessionLocker(l))
}

func migrate(ctx context.Context, h *sql.DB, g goose.Dialect, words *dialect, m Migration, o ...goose.ProviderOption) error {
	o = append(o,
		goose.WithTableName(m.Room+versionSuffix),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	p, err := goose.NewProvider(g, h, translated{m.FS, words}, o...)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", m.Room, err)
	}
	is, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", m.Room, err)
	}
	if is > knows {
		return fmt.Errorf("%w: the tables of %s have version %d, known is %d; start the newer program, or restore a backup made before it ran",
			errNewer, m.Room, is, knows)
	}
	if is == knows {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", m.Room, err)
	}
	return nil
}

// translated is a file system whose .sql files have their placeholders filled.
type translated struct {
	fs.FS
	words *dialect
}

func (t translated) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, err
	}
	return &textFile{info, bytes.NewReader([]byte(t.words.ddl.Replace(string(text))))}, nil
}

type textFile struct {
	info fs.FileInfo
	*bytes.Reader
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *textFile) Close() error               { return nil }
