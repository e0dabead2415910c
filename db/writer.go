package db

import (
	"context"
	"sync/atomic"
	"time"
)

// A batch that has work in it is committed when nobody waits to add more, or
// at these bounds, so that the first does not wait long for the last.
const (
	maxBatch     = 256
	maxBatchTime = 20 * time.Millisecond
)

// A writer is the one connection that writes to an SQLite file, and the
// transaction that is open on it.
//
// Making a commit durable is one fsync, about the price of a hundred inserts,
// so that those who come while one is under way share the next: each in its
// turn runs its function on the common transaction, behind a savepoint, and
// hands the turn to whoever waits; the last one commits for all. Each function
// runs on its caller's goroutine.
type writer struct {
	turn    chan struct{} // holds a token while somebody has the turn
	waiting atomic.Int32  // how many want it
	open    func() (*conn, error)

	// What follows belongs to the one who has the turn.
	conn   *conn
	batch  *batch
	closed bool
}

// A batch is one transaction with the work of several callers.
type batch struct {
	began time.Time
	n     int // functions that have done their work
	hooks []func()
	done  chan struct{} // closed when err is set and the hooks have run
	err   error
}

func (w *writer) update(ctx context.Context, f func(*Tx) error) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	b, err := w.add(ctx, f)
	if err != nil {
		return err
	}
	<-b.done
	return b.err
}

// take waits for the turn.
func (w *writer) take(ctx context.Context) error {
	w.waiting.Add(1)
	select {
	case w.turn <- struct{}{}:
		w.waiting.Add(-1)
	case <-ctx.Done():
		w.waiting.Add(-1)
		// Whoever had the turn may have left the commit to us.
		go func() {
			w.turn <- struct{}{}
			w.leave()
		}()
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		w.leave()
		return err
	}
	return nil
}

// leave gives the turn to the next, and commits first if there is none.
func (w *writer) leave() {
	defer func() { <-w.turn }()
	b := w.batch
	if b != nil && (w.waiting.Load() == 0 || b.n >= maxBatch || time.Since(b.began) >= maxBatchTime) {
		w.commit(b)
	}
}

// add runs f and makes its work part of the batch it returns. It gives up the
// turn in every case, also when f panics or ends its goroutine.
func (w *writer) add(ctx context.Context, f func(*Tx) error) (*batch, error) {
	defer w.leave()
	if err := w.begin(); err != nil {
		return nil, err
	}
	b, tx, sound := w.batch, &Tx{ctx: ctx, s: w.conn, write: true}, false
	defer func() {
		if !sound {
			w.undo(b, tx)
		}
	}()
	if err := tx.run(f); err != nil {
		return nil, err
	}
	if b.n > 0 {
		if err := w.conn.do("RELEASE one"); err != nil {
			return nil, err
		}
	}
	sound = true
	b.n++
	b.hooks = append(b.hooks, tx.hooks...)
	return b, nil
}

// begin joins the open transaction behind a savepoint, or opens one. The first
// function needs no savepoint, since it has nobody's work to spare.
func (w *writer) begin() error {
	if w.closed {
		return errClosed
	}
	if w.batch != nil {
		err := w.conn.do("SAVEPOINT one")
		if err != nil {
			w.fail(w.batch, err)
		}
		return err
	}
	if w.conn == nil {
		c, err := w.open()
		if err != nil {
			return err
		}
		w.conn = c
	}
	if err := w.conn.do("BEGIN IMMEDIATE"); err != nil {
		w.drop()
		return err
	}
	w.batch = &batch{began: time.Now(), done: make(chan struct{})}
	return nil
}

// undo takes back what one function did. After an error such as a full disk
// SQLite may have rolled back everything; then the savepoint is gone, and
// those whose work was in the batch get the error as well.
func (w *writer) undo(b *batch, tx *Tx) {
	tx.over = true
	if tx.open {
		_ = tx.rows.close()
	}
	if b.n == 0 {
		w.batch = nil
		if w.conn.do("ROLLBACK") != nil || IsUnavailable(tx.err) {
			w.drop()
		}
		return
	}
	err := w.conn.do("ROLLBACK TO one")
	if err == nil {
		err = w.conn.do("RELEASE one")
	}
	if err == nil {
		return
	}
	if tx.err != nil {
		err = tx.err // says more than "no such savepoint"
	}
	w.fail(b, err)
}

func (w *writer) commit(b *batch) {
	if err := w.conn.do("COMMIT"); err != nil {
		w.fail(b, err)
		return
	}
	w.batch = nil
	defer close(b.done)
	for _, hook := range b.hooks {
		hook()
	}
}

// fail ends the batch without its work. The connection is opened anew, which
// costs little and leaves no doubt about its state.
func (w *writer) fail(b *batch, err error) {
	_ = w.conn.do("ROLLBACK")
	w.drop()
	w.batch = nil
	b.err = err
	close(b.done)
}

func (w *writer) drop() {
	w.conn.close()
	w.conn = nil
}

func (w *writer) close() error {
	w.turn <- struct{}{}
	if w.batch != nil {
		w.commit(w.batch)
	}
	w.closed = true
	if w.conn != nil {
		w.drop()
	}
	<-w.turn
	return nil
}
