package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresDB is a PostgreSQL database, version 15 or later, spoken to by pgx
// itself: its database/sql driver and its pool would add layers and a module
// and give this package nothing it uses.
//
// Updates are SERIALIZABLE: what a function has read stays true until it
// commits, as it is on SQLite with its one writer, so that a room whose tests
// pass on the one is right on the other. REPEATABLE READ would be cheaper by
// the predicate locks and let two functions each rely on what the other
// changes. Views are REPEATABLE READ: one snapshot, and never a retry.
type postgresDB struct {
	pool  pool
	order commitOrder
	words *dialect
}

const (
	defaultConnections = 16
	minPostgres        = 150000

	// An update is repeated for at most retryTime, with pauses that double
	// from retryPause to retryPauseMax and are drawn at random below that.
	retryTime     = 15 * time.Second
	retryPause    = 2 * time.Millisecond
	retryPauseMax = 500 * time.Millisecond

	// A commit that was sent is waited for although its caller may have gone.
	commitTime = 30 * time.Second
)

const (
	beginView   = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	beginUpdate = "BEGIN ISOLATION LEVEL SERIALIZABLE"
)

func openPostgres(ctx context.Context, url string, o Options) (backend, error) {
	config, err := postgresConfig(url, o)
	if err != nil {
		return nil, err
	}
	if o.Readers <= 0 {
		o.Readers = defaultConnections
	}
	d := &postgresDB{words: postgresDialect()}
	d.pool.config = config
	d.pool.slots = make(chan struct{}, o.Readers)
	if err := d.view(ctx, suitable); err != nil {
		_ = d.close()
		return nil, err
	}
	return d, nil
}

// postgresConfig reads the URL. The error of the parser may show the password.
func postgresConfig(url string, o Options) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL cannot be read")
	}
	if !strings.Contains(url, "sslmode=") && !onThisMachine(config.Host) {
		sep := "?"
		if strings.Contains(url, "?") {
			sep = "&"
		}
		if config, err = pgx.ParseConfig(url + sep + "sslmode=verify-full"); err != nil {
			return nil, errors.New("the PostgreSQL URL cannot be read with sslmode=verify-full")
		}
	}
	if o.Dial != nil {
		config.DialFunc = o.Dial
		config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	}
	if o.LookupHost != nil {
		config.LookupFunc = o.LookupHost
	}
	config.ConnectTimeout = 5 * time.Second
	config.RuntimeParams["application_name"] = "entente"
	config.RuntimeParams["timezone"] = "UTC"
	return config, nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

func suitable(tx *Tx) error {
	var version int
	var encoding, durable string
	err := tx.QueryRow(`SELECT current_setting('server_version_num')::int,
		current_setting('server_encoding'), current_setting('synchronous_commit')`).Scan(&version, &encoding, &durable)
	switch {
	case err != nil:
		return err
	case version < minPostgres:
		return fmt.Errorf("PostgreSQL 15 or later is needed, this is %d", version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database must have encoding UTF8, this has %s", encoding)
	case durable == "off":
		return errors.New("synchronous_commit is off: acknowledged mail could be lost")
	}
	return nil
}

func (d *postgresDB) view(ctx context.Context, f func(*Tx) error) error {
	c, err := d.pool.begin(ctx, beginView)
	if err != nil {
		return contextual(ctx, err)
	}
	defer d.pool.put(c)
	tx := &Tx{ctx: ctx, s: c}
	return contextual(ctx, tx.run(f))
}

func (d *postgresDB) update(ctx context.Context, f func(*Tx) error) error {
	began, pause := time.Now(), retryPause
	for {
		err := d.once(ctx, f)
		if !isRetry(err) || time.Since(began) > retryTime {
			return contextual(ctx, err)
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, retryPauseMax)
	}
}

// once runs f in one transaction. The error for which the database wants f
// repeated counts more than what f made of it.
func (d *postgresDB) once(ctx context.Context, f func(*Tx) error) error {
	c, err := d.pool.begin(ctx, beginUpdate)
	if err != nil {
		return err
	}
	defer d.pool.put(c)
	tx := &Tx{ctx: ctx, s: c, write: true}
	if err := tx.run(f); err != nil {
		if isRetry(tx.err) {
			return tx.err
		}
		return err
	}
	if len(tx.hooks) == 0 {
		return c.commit(ctx)
	}
	place := d.order.enter(tx.hooks)
	committed := false
	defer func() { d.order.leave(place, committed) }()
	err = c.commit(ctx)
	committed = err == nil
	return err
}

// contextual prefers the context's own error to what the driver makes of it.
func contextual(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) && IsUnavailable(err) {
		return ctx.Err()
	}
	return err
}

func (d *postgresDB) dialect() *dialect { return d.words }

func (d *postgresDB) close() error { return d.pool.close() }

// check has every table and its primary key read once, which finds damaged
// pages where the cluster has checksums. The server's own pg_amcheck looks
// into the indexes as well.
func (d *postgresDB) check(ctx context.Context) error {
	return d.view(ctx, func(tx *Tx) error {
		tables, err := column(tx, d.words.catalog.tables)
		if err != nil {
			return err
		}
		for _, t := range tables {
			rows, err := tx.query("SELECT count(*) FROM (SELECT * FROM "+quote(t)+" OFFSET 0) AS every", nil)
			if err != nil {
				return fmt.Errorf("table %s: %w", t, err)
			}
			rows.Close()
		}
		return nil
	})
}
