// Package db opens the one database of an organization, SQLite or PostgreSQL,
// and runs transactions on it. Each room keeps its own tables and its own SQL;
// this one keeps the dialects, the migrations, the retries and the backups.
//
// It is not a query builder and no storage interface: a room writes SQL, once,
// in the part of the language both databases share, with $1 … $n for arguments.
//
//	err := d.Update(ctx, func(tx *db.Tx) error {
//		var cn int64
//		if err := tx.QueryRow(`UPDATE mailbox SET cn = cn + 1 WHERE id = $1 RETURNING cn`, id).Scan(&cn); err != nil {
//			return err
//		}
//		_, err := tx.Exec(`INSERT INTO item (mailbox_id, id, cn) VALUES ($1, $2, $3)`, id, item, cn)
//		return err
//	})
//
// # What a function given to View or Update must keep to
//
//   - It may run more than once, and its last run alone counts: it sets what it
//     returns through variables afresh each time, and does nothing that leaves
//     the database (no mail, no cache, no channel). Tx.OnCommit is for those.
//   - It calls neither View nor Update: on SQLite it holds the only writer.
//   - It is short, since on SQLite others wait behind it.
//   - After an error from the database the transaction is over, on both: each
//     later statement gives that error again, and returning nil does not commit.
//     What may exist already is inserted with ON CONFLICT.
//   - One result is read at a time: Rows are closed, or read to their end,
//     before the next statement.
//
// # What differs between the two, and what to write
//
//   - Times, flags beyond true and false, and enumerations are integers; declare
//     them BIGINT, because PostgreSQL's INTEGER has 32 bits. BOOLEAN is shared.
//   - No arrays, no `= ANY($1)`, no time types, no triggers.
//   - A row that is read to be changed may be locked with a final FOR UPDATE:
//     PostgreSQL waits instead of repeating the function; SQLite, whose writers
//     follow one another anyway, gets the text without it.
//   - PostgreSQL's text holds no zero byte; what came from outside is checked
//     by whoever parsed it, or kept as {{blob}}.
//   - Migrations have placeholders for the rest; see Migration.
package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Options are the settings of a DB that its URL does not carry. The zero value
// has working defaults.
type Options struct {
	// Readers is how many View functions run at once: on SQLite the number of
	// reading connections (default 4), on PostgreSQL, together with the
	// writers, the number of connections (default 16).
	Readers int

	// PageCache is the memory, in bytes, that all connections of an SQLite
	// database together may use for pages; default 32 MiB.
	PageCache int

	// MaxPages bounds an SQLite file, in pages of 8 KiB; 0 is no bound. A write
	// beyond it fails as on a full disk.
	MaxPages int

	// Dial opens the connections to PostgreSQL; the server passes the one of
	// the outgoing room. Nil means a plain net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// LookupHost resolves PostgreSQL's host name before Dial. Nil hands the
	// name itself to Dial, which then resolves and checks it in one step.
	LookupHost func(ctx context.Context, host string) ([]string, error)

	// Strict detects, at some microseconds a call, a View or Update within
	// another and fails it at once. Tests set it: without it the inner one
	// waits on SQLite until its context ends.
	Strict bool
}

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	b      backend
	strict *nesting // nil unless Options.Strict
}

// A backend is one of the two databases.
type backend interface {
	view(ctx context.Context, f func(*Tx) error) error
	update(ctx context.Context, f func(*Tx) error) error
	once(ctx context.Context, f func(*Tx) error) error // update without repeating f
	migrate(ctx context.Context, m Migration) error
	check(ctx context.Context) error
	notify(ctx context.Context, channel, payload string) error
	subscribe(ctx context.Context, channel string) <-chan string
	dialect() *dialect
	close() error
}

// Open opens the database at url: "sqlite:PATH", created with mode 0600 if it
// does not exist, or "postgres://…" as libpq writes it. Where a PostgreSQL URL
// for another machine does not name an sslmode it is verify-full.
//
// An SQLite file that others than its owner may read or write is refused.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	d := &DB{}
	if o.Strict {
		d.strict = &nesting{}
	}
	var err error
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		d.b, err = openSQLite(ctx, rest, o)
	case "postgres", "postgresql":
		d.b, err = openPostgres(ctx, url, o)
	default:
		err = errors.New(`a database URL begins with "sqlite:" or "postgres:"`)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return d, nil
}

// View runs f in a transaction that reads one consistent snapshot and cannot
// write. It is never repeated and never waits for writers.
func (d *DB) View(ctx context.Context, f func(*Tx) error) error {
	if d.strict != nil {
		leave, err := d.strict.enter()
		if err != nil {
			return err
		}
		defer leave()
	}
	return d.b.view(ctx, f)
}

// Update runs f in a transaction that no other one is seen to overlap
// (serializable, on both databases), and returns when it is durable.
//
// On SQLite the functions of all callers queue for the one writer and share
// the cost of making a commit durable; on PostgreSQL f is run again, with
// growing pauses, when the database finds it in conflict with another.
//
// An error of f rolls its work back and is returned as it is. An error that
// IsUnavailable recognizes may come after the commit was sent, so the work may
// have been done; whoever repeats it must recognize that.
//
// When ctx ends before f has had its turn, f is not run.
func (d *DB) Update(ctx context.Context, f func(*Tx) error) error {
	if d.strict != nil {
		leave, err := d.strict.enter()
		if err != nil {
			return err
		}
		defer leave()
		f = d.strict.within(f)
	}
	return d.b.update(ctx, f)
}

// Check has the database look for damage in itself, which reads all of it.
func (d *DB) Check(ctx context.Context) error { return d.b.check(ctx) }

// Close waits for running transactions and closes the database.
func (d *DB) Close() error { return d.b.close() }

// Dialect is "sqlite" or "postgres", for messages and status pages. Nothing
// may depend on it.
func (d *DB) Dialect() string { return d.b.dialect().name }

// Shared reports whether other processes may write to the database too. What
// this process keeps in memory of one that is not shared stays right as long as
// it is told of every commit here.
func (d *DB) Shared() bool { return d.b.dialect().name != "sqlite" }

// Notify tells other processes on the same database that something on channel
// may be worth a look. It is a hint and no more: it may be lost, doubled or
// late, and what must be known is found by reading. On SQLite, which has one
// process, it does nothing.
func (d *DB) Notify(ctx context.Context, channel, payload string) error {
	return d.b.notify(ctx, channel, payload)
}

// Subscribe returns a channel with the hints that other processes (and this
// one) give by Notify, until ctx ends, when it is closed. After a pause in the
// connection it gives an empty hint, because some may have been lost; so does
// a reader that falls behind.
func (d *DB) Subscribe(ctx context.Context, channel string) <-chan string {
	return d.b.subscribe(ctx, channel)
}
