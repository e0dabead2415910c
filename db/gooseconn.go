package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// connector lends PostgreSQL connections to database/sql, as far as goose uses
// them: statements at once, and transactions.
type connector struct{ config *pgx.ConnConfig }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := pgx.ConnectConfig(ctx, c.config.Copy())
	if err != nil {
		return nil, err
	}
	return &lent{&pgSession{Conn: raw}}, nil
}

func (c connector) Driver() driver.Driver { return nil }

type lent struct{ s *pgSession }

var errNotLent = errors.New("db: not offered to migrations")

func (l *lent) Prepare(string) (driver.Stmt, error) { return nil, errNotLent }
func (l *lent) Begin() (driver.Tx, error)           { return nil, errNotLent }

func (l *lent) Close() error {
	l.s.drop()
	return nil
}

func (l *lent) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if _, err := l.s.Exec(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *lent) Commit() error { return l.s.commit(context.Background()) }

func (l *lent) Rollback() error {
	_, err := l.s.Exec(context.Background(), "ROLLBACK")
	return err
}

func (l *lent) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	n, err := l.s.exec(ctx, q, unnamed(args))
	return driver.RowsAffected(n), err
}

func (l *lent) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := l.s.Query(ctx, q, unnamed(args)...)
	if err != nil {
		return nil, err
	}
	return &lentRows{pgCursor{rows}}, nil
}

func unnamed(args []driver.NamedValue) []any {
	var all []any
	for _, a := range args {
		all = append(all, a.Value)
	}
	return all
}

type lentRows struct{ pgCursor }

func (r *lentRows) Columns() []string {
	var names []string
	for _, f := range r.rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names
}

func (r *lentRows) Next(row []driver.Value) error {
	got, err := r.next(nil)
	if err == nil && got == nil {
		return io.EOF
	}
	copy(row, got)
	return err
}

func (r *lentRows) Close() error { return r.close() }
