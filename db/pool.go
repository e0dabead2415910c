package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A pool keeps connections to PostgreSQL, opened as they are needed. The one
// used last is used next, so that a quiet server has few.
type pool struct {
	config *pgx.ConnConfig
	slots  chan struct{} // one token for each connection in use

	mu     sync.Mutex
	idle   []*pgSession
	closed bool
}

// begin takes a connection and starts a transaction on it. An idle connection
// that does not answer, because the server was restarted meanwhile, is thrown
// away with all others; on a new one it is tried again, which is safe since
// nothing has been done.
func (p *pool) begin(ctx context.Context, q string) (*pgSession, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := p.started(ctx, q)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return c, nil
}

func (p *pool) started(ctx context.Context, q string) (*pgSession, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	var c *pgSession
	if n := len(p.idle); n > 0 {
		c, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	p.mu.Unlock()
	if c != nil {
		_, err := c.Exec(ctx, q)
		if err == nil {
			return c, nil
		}
		c.drop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.forget()
	}
	raw, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return nil, err
	}
	c = &pgSession{Conn: raw}
	if _, err := c.Exec(ctx, q); err != nil {
		c.drop()
		return nil, err
	}
	return c, nil
}

// put takes a connection back, after the transaction or in the middle of it.
func (p *pool) put(c *pgSession) {
	defer func() { <-p.slots }()
	if status := c.PgConn().TxStatus(); status != 'I' && !c.IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), commitTime)
		_, _ = c.Exec(ctx, "ROLLBACK")
		cancel()
	}
	p.mu.Lock()
	sound := !p.closed && !c.IsClosed() && c.PgConn().TxStatus() == 'I'
	if sound {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !sound {
		c.drop()
	}
}

// forget closes all idle connections.
func (p *pool) forget() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		c.drop()
	}
}

// close waits until nobody uses a connection.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	p.forget()
	for range cap(p.slots) {
		<-p.slots
	}
	return nil
}

// A pgSession is one connection. pgx keeps its prepared statements.
type pgSession struct {
	*pgx.Conn
	cursor pgCursor
}

func (s *pgSession) drop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Close(ctx)
}

// commit waits for the answer even when ctx ends, to know what became of it.
func (s *pgSession) commit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	tag, err := s.Exec(ctx, "COMMIT")
	if err != nil {
		return err
	}
	// The COMMIT of a failed transaction is answered ROLLBACK, not an error.
	if tag.String() != "COMMIT" {
		return fmt.Errorf("commit was answered %s", tag)
	}
	return nil
}

func (s *pgSession) exec(ctx context.Context, q string, args []any) (int64, error) {
	tag, err := s.Exec(ctx, q, args...)
	return tag.RowsAffected(), err
}

func (s *pgSession) query(ctx context.Context, q string, args []any) (cursor, error) {
	rows, err := s.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	s.cursor = pgCursor{rows}
	return &s.cursor, nil
}

type pgCursor struct{ rows pgx.Rows }

func (c *pgCursor) next(row []driver.Value) ([]driver.Value, error) {
	if !c.rows.Next() {
		return nil, c.rows.Err()
	}
	values, err := c.rows.Values()
	if err != nil {
		return nil, err
	}
	row = slices.Grow(row[:0], len(values))[:len(values)]
	for i, v := range values {
		if row[i], err = plain(v); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// close reports an error the reader has not seen because it stopped early.
func (c *pgCursor) close() error {
	c.rows.Close()
	return c.rows.Err()
}

// plain turns what pgx decodes into a cursor's types. A NUMERIC is what sum()
// makes of BIGINT.
func plain(v any) (driver.Value, error) {
	switch v := v.(type) {
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case pgtype.Numeric:
		n, err := v.Int64Value()
		return n.Int64, err
	}
	return v, nil
}
