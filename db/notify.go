package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const hintBacklog = 64

func (d *postgresDB) notify(ctx context.Context, channel, payload string) error {
	return d.once(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`SELECT pg_notify($1, $2)`, channel, payload)
		return err
	})
}

func (d *postgresDB) subscribe(ctx context.Context, channel string) <-chan string {
	hints := make(chan string, hintBacklog)
	go func() {
		defer close(hints)
		for ctx.Err() == nil {
			d.listen(ctx, channel, hints)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}()
	return hints
}

// listen passes hints on until the connection breaks.
func (d *postgresDB) listen(ctx context.Context, channel string, hints chan string) {
	c, err := pgx.ConnectConfig(ctx, d.pool.config.Copy())
	if err != nil {
		return
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+quote(channel)); err != nil {
		return
	}
	hint(hints, "") // whatever was said before we listened
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return
		}
		hint(hints, n.Payload)
	}
}

// hint never blocks: to a reader with a full backlog all of it means no more
// than one "look again", so the oldest gives way to that.
func hint(hints chan string, payload string) {
	select {
	case hints <- payload:
	default:
		select {
		case <-hints:
		default:
		}
		select {
		case hints <- "":
		default:
		}
	}
}
