package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDB is an SQLite file: one connection that writes and a few that read.
//
// It uses the driver's connections directly and not through database/sql,
// which would add a pool, a goroutine for each transaction and a second cache
// of statements to what is a function call into the same process.
type sqliteDB struct {
	path    string
	options Options
	writer  writer
	readers chan *conn // as many as there are; nil stands for one not open yet
	words   *dialect
}

const (
	defaultReaders   = 4
	defaultPageCache = 32 << 20
)

func openSQLite(ctx context.Context, path string, o Options) (backend, error) {
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if o.PageCache <= 0 {
		o.PageCache = defaultPageCache
	}
	if path == "" || path == ":memory:" {
		return nil, errors.New("an SQLite database is a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	d := &sqliteDB{path: path, options: o, words: sqliteDialect(), readers: make(chan *conn, o.Readers)}
	d.writer.turn = make(chan struct{}, 1)
	d.writer.open = func() (*conn, error) { return d.connect(true) }
	// The first connection sets the page size and turns the file to WAL.
	c, err := d.connect(true)
	if err != nil {
		return nil, err
	}
	d.writer.conn = c
	for range o.Readers {
		d.readers <- nil
	}
	return d, nil
}

// private creates the file if there is none, and refuses one that others may
// read: SQLite gives its companions the mode of the file itself.
func private(path string) error {
	for _, p := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a regular file", p)
		case info.Mode().Perm()&0o077 != 0:
			return fmt.Errorf("%s has mode %#o and may be read by others: chmod 600 %s", p, info.Mode().Perm(), p)
		}
	}
	// An existing file is not opened here: closing any descriptor of it would
	// drop the locks that SQLite holds for the whole process (POSIX).
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn names the file for the driver. mode=rw: a file that has gone is missed,
// not replaced by an empty one.
func (d *sqliteDB) dsn() string {
	return "file:" + (&url.URL{Path: d.path}).EscapedPath() + "?mode=rw&_dqs=0&_error_rc=1"
}

func (d *sqliteDB) connect(writes bool) (*conn, error) {
	raw, err := (&sqlite.Driver{}).Open(d.dsn())
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, writes: writes, stmts: map[string]*stmt{}}
	for _, p := range d.pragmas(writes) {
		if err := c.do("PRAGMA " + p); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (d *sqliteDB) pragmas(writes bool) []string {
	p := []string{
		"busy_timeout = 5000",
		fmt.Sprintf("cache_size = -%d", d.options.PageCache/(d.options.Readers+1)/1024),
		"foreign_keys = ON",
		"trusted_schema = OFF",
		"temp_store = MEMORY", // mail is not spilled into a common directory
	}
	if !writes {
		return append(p, "query_only = ON")
	}
	p = append(p,
		"page_size = 8192", // before WAL, which fixes it
		"journal_mode = WAL",
		"synchronous = FULL",
		"journal_size_limit = 67108864",
	)
	if d.options.MaxPages > 0 {
		p = append(p, fmt.Sprintf("max_page_count = %d", d.options.MaxPages))
	}
	return p
}

func (d *sqliteDB) view(ctx context.Context, f func(*Tx) error) error {
	var c *conn
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c = <-d.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.readers <- c }()
	if c != nil && c.raw == nil {
		return errClosed
	}
	if c == nil {
		opened, err := d.connect(false)
		if err != nil {
			return err
		}
		c = opened
	}
	if err := c.do("BEGIN"); err != nil {
		c.close()
		c = nil
		return err
	}
	tx := &Tx{ctx: ctx, s: c}
	sound := false
	defer func() { // also when f panics
		if err := c.do("ROLLBACK"); err != nil || !sound {
			c.close()
			c = nil
		}
	}()
	err := tx.run(f)
	sound = !IsUnavailable(tx.err)
	return err
}

func (d *sqliteDB) update(ctx context.Context, f func(*Tx) error) error {
	return d.writer.update(ctx, f)
}

func (d *sqliteDB) once(ctx context.Context, f func(*Tx) error) error {
	return d.writer.update(ctx, f)
}

func (d *sqliteDB) dialect() *dialect { return d.words }

func (d *sqliteDB) close() error {
	err := d.writer.close()
	for range cap(d.readers) {
		if c := <-d.readers; c != nil {
			c.close()
		}
	}
	for range cap(d.readers) {
		d.readers <- &conn{} // says closed
	}
	return err
}

func (d *sqliteDB) notify(context.Context, string, string) error { return nil }

func (d *sqliteDB) subscribe(ctx context.Context, _ string) <-chan string {
	c := make(chan string)
	context.AfterFunc(ctx, func() { close(c) })
	return c
}

func (d *sqliteDB) check(ctx context.Context) error {
	return d.view(ctx, func(tx *Tx) error {
		for _, q := range []string{"PRAGMA integrity_check(10)", "PRAGMA foreign_key_check"} {
			rows, err := tx.query(q, nil)
			if err != nil {
				return err
			}
			var found []string
			for rows.Next() {
				if s := strings.TrimSpace(fmt.Sprint(rows.row)); s != "[ok]" {
					found = append(found, s)
				}
			}
			if rows.Err() != nil {
				return rows.Err()
			}
			if found != nil {
				return fmt.Errorf("database %s is damaged: %s", d.path, strings.Join(found, "; "))
			}
		}
		return nil
	})
}

// handle is the file as goose wants it.
func (d *sqliteDB) handle() (*sql.DB, error) {
	h, err := sql.Open("sqlite", d.dsn()+"&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(2)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	h.SetMaxOpenConns(1)
	return h, nil
}

// A conn is one connection to the file. It keeps every statement it has
// prepared: their texts are constants, so there are only so many.
type conn struct {
	raw    driver.Conn
	writes bool
	stmts  map[string]*stmt
	named  []driver.NamedValue
	cursor sqliteCursor
}

type stmt struct {
	driver.StmtExecContext
	driver.StmtQueryContext
	close func() error
}

func (c *conn) prepare(q string) (*stmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	raw, err := c.raw.Prepare(withoutLock(q))
	if err != nil {
		return nil, err
	}
	s := &stmt{raw.(driver.StmtExecContext), raw.(driver.StmtQueryContext), raw.Close}
	c.stmts[q] = s
	return s, nil
}

// interruptible is the context the driver watches. A write is never broken
// off: SQLite would roll back the work of all who share the commit.
func (c *conn) interruptible(ctx context.Context) (context.Context, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.writes {
		return context.Background(), nil
	}
	return ctx, nil
}

func (c *conn) exec(ctx context.Context, q string, args []any) (int64, error) {
	ctx, err := c.interruptible(ctx)
	if err != nil {
		return 0, err
	}
	s, err := c.prepare(q)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, c.bind(args))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *conn) query(ctx context.Context, q string, args []any) (cursor, error) {
	ctx, err := c.interruptible(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.prepare(q)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, c.bind(args))
	if err != nil {
		return nil, err
	}
	c.cursor = sqliteCursor{rows}
	return &c.cursor, nil
}

// bind reuses one slice: the driver has copied the values when it returns.
func (c *conn) bind(args []any) []driver.NamedValue {
	c.named = c.named[:0]
	for i, a := range args {
		c.named = append(c.named, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.named
}

// do runs one of our own statements.
func (c *conn) do(q string) error {
	s, err := c.prepare(q)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), nil)
	return err
}

func (c *conn) close() {
	if c == nil || c.raw == nil {
		return
	}
	for _, s := range c.stmts {
		_ = s.close()
	}
	_ = c.raw.Close()
	c.raw = nil
}

type sqliteCursor struct{ rows driver.Rows }

func (c *sqliteCursor) next(row []driver.Value) ([]driver.Value, error) {
	n := len(c.rows.Columns())
	row = slices.Grow(row[:0], n)[:n]
	err := c.rows.Next(row)
	if err == io.EOF {
		return nil, nil
	}
	return row, err
}

func (c *sqliteCursor) close() error { return c.rows.Close() }
