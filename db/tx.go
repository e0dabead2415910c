package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A query is the text of a statement. The type is not exported, so that a
// caller can only write it as a constant: text that was put together at run
// time does not compile.
type query string

// ErrNoRows is what Row.Scan returns when there is no row.
var ErrNoRows = errors.New("db: no rows")

// errOverlap and errOver are mistakes in the calling code.
var (
	errOverlap = errors.New("db: statement while the rows of another are being read")
	errOver    = errors.New("db: transaction is over")
)

// A Tx is a transaction, for the function it was given to and not longer. It
// is not safe for concurrent use.
type Tx struct {
	ctx   context.Context
	s     session
	write bool

	err   error // the first error of the database; nothing runs after it
	open  bool  // rows are being read
	over  bool
	rows  Rows // reused: one result is read at a time
	hooks []func()
}

// A session runs statements on one connection.
type session interface {
	exec(ctx context.Context, q string, args []any) (int64, error)
	query(ctx context.Context, q string, args []any) (cursor, error)
	load(ctx context.Context, t *table, d *decoder) error // rows of a backup
}

// A cursor is the result of a query. next returns the next row, in the memory
// of row if it fits, and nil at the end. Values are int64, string, bool,
// float64, nil, and []byte that belong to the receiver.
type cursor interface {
	next(row []driver.Value) ([]driver.Value, error)
	close() error
}

// Context returns the context the transaction was started with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Exec runs a statement and says how many rows it changed.
//
// Arguments are integers, bool, float64, string, []byte, nil, types of these
// kinds, arrays of bytes such as an id, and pointers to all these where nil
// stands for NULL. There are no times: they are kept as integers.
func (tx *Tx) Exec(q query, args ...any) (affected int64, err error) {
	return tx.exec(string(q), args)
}

func (tx *Tx) exec(q string, args []any) (int64, error) {
	if err := tx.ready(); err != nil {
		return 0, err
	}
	if err := values(args); err != nil {
		return 0, tx.failed(err)
	}
	n, err := tx.s.exec(tx.ctx, q, args)
	if err != nil {
		return 0, tx.failed(err)
	}
	return n, nil
}

// Query runs a statement that gives rows, such as SELECT or one with RETURNING.
func (tx *Tx) Query(q query, args ...any) (*Rows, error) {
	return tx.query(string(q), args)
}

func (tx *Tx) query(q string, args []any) (*Rows, error) {
	if err := tx.ready(); err != nil {
		return nil, err
	}
	if err := values(args); err != nil {
		return nil, tx.failed(err)
	}
	c, err := tx.s.query(tx.ctx, q, args)
	if err != nil {
		return nil, tx.failed(err)
	}
	tx.open = true
	r := &tx.rows
	*r = Rows{tx: tx, c: c, row: r.row}
	return r, nil
}

// QueryRow runs a statement of whose rows only the first is wanted.
func (tx *Tx) QueryRow(q query, args ...any) *Row {
	rows, err := tx.query(string(q), args)
	return &Row{rows, err}
}

// OnCommit has f called once the transaction is durable, before Update returns.
// Calls are made one at a time; those of transactions that touch the same rows
// come in the order of their commits. f must not use the database, and must be
// quick. It is not called when the transaction fails, nor in a View.
func (tx *Tx) OnCommit(f func()) { tx.hooks = append(tx.hooks, f) }

func (tx *Tx) ready() error {
	switch {
	case tx.err != nil:
		return tx.err
	case tx.over:
		return errOver
	case tx.open:
		return tx.failed(errOverlap)
	}
	return nil
}

// failed ends the transaction: PostgreSQL refuses every statement after a
// failed one, and SQLite may have rolled back by itself, after which further
// statements would each commit on their own.
func (tx *Tx) failed(err error) error {
	if tx.err == nil {
		tx.err = err
	}
	return err
}

// run calls f and returns what the transaction comes to.
func (tx *Tx) run(f func(*Tx) error) error {
	err := f(tx)
	tx.over = true
	if tx.open {
		if e := tx.rows.close(); e != nil && err == nil {
			err = e
		}
	}
	if err == nil {
		err = tx.err
	}
	return err
}

// Rows are the rows of a query, read one after the other. They are of use
// until the next statement of the transaction.
type Rows struct {
	tx  *Tx
	c   cursor
	row []driver.Value
	err error
}

// Next reads the next row, and reports whether there was one. When it returns
// false the rows are closed, and Err says whether it was the end.
func (r *Rows) Next() bool {
	if r.c == nil {
		return false
	}
	row, err := r.c.next(r.row)
	if row != nil && err == nil {
		r.row = row
		return true
	}
	if err != nil {
		r.err = r.tx.failed(err)
	}
	r.Close()
	return false
}

// Scan copies the columns of the row into dest, pointers to: integers, string,
// []byte, bool, float64, types of these kinds, arrays of bytes of the same
// length, any, and pointers to all these, which become nil for NULL. NULL is
// an error elsewhere, save that it makes a []byte nil. A []byte belongs to the
// caller.
func (r *Rows) Scan(dest ...any) error {
	if r.c == nil {
		return errors.New("db: scan without a row")
	}
	if len(dest) != len(r.row) {
		return fmt.Errorf("db: scan of %d columns into %d", len(r.row), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.row[i]); err != nil {
			return fmt.Errorf("db: scan column %d: %w", i+1, err)
		}
	}
	return nil
}

// Err returns the error that ended the rows, nil at their end.
func (r *Rows) Err() error { return r.err }

// Close ends the reading; closing twice is harmless.
func (r *Rows) Close() {
	if err := r.close(); err != nil && r.err == nil {
		r.err = r.tx.failed(err)
	}
}

func (r *Rows) close() error {
	if r.c == nil {
		return nil
	}
	c := r.c
	r.c = nil
	r.tx.open = false
	return c.close()
}

// A Row is the first row of a query.
type Row struct {
	rows *Rows
	err  error
}

// Scan is as Rows.Scan, and returns ErrNoRows when there is no row. It must be
// called, once: it also ends the query.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	rows := r.rows
	if !rows.Next() {
		if rows.err != nil {
			return rows.err
		}
		return ErrNoRows
	}
	err := rows.Scan(dest...)
	// What changes rows is run to its end, as Exec does.
	for rows.tx.write && rows.Next() {
		continue
	}
	rows.Close()
	if err == nil {
		err = rows.err
	}
	return err
}
