package audit

import (
	"context"
	"time"

	"entente/db"
)

// A Position says how far somebody has read: for each node the number of the
// next record of its log.
type Position map[string]uint64

// nodesOf lists the nodes that have a log, one look at the index for each.
func nodesOf(tx *db.Tx) (nodes []string, err error) {
	last := ""
	for {
		var next *string
		if err := tx.QueryRow(`SELECT min(node) FROM audit_record WHERE node > $1`, last).Scan(&next); err != nil || next == nil {
			return nodes, err
		}
		nodes, last = append(nodes, *next), *next
	}
}

// Nodes lists the nodes that have a log.
func Nodes(ctx context.Context, d *db.DB) (nodes []string, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		nodes, err = nodesOf(tx)
		return err
	})
	return nodes, err
}

// ends returns the position behind everything.
func (l *Log) ends(ctx context.Context) (p Position, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		p = Position{}
		nodes, err := nodesOf(tx)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			var last int64
			if err := tx.QueryRow(`SELECT seq FROM audit_record WHERE node = $1 ORDER BY seq DESC LIMIT 1`, node).Scan(&last); err != nil {
				return err
			}
			p[node] = uint64(last) + 1
		}
		return nil
	})
	return p, err
}

const (
	followWait  = 20 * time.Second // how long Follow waits for something to return
	followPoll  = time.Second      // how often it looks at the logs of other nodes
	followLimit = 500              // records it reads at once
)

// Follow returns records that match and came after a position, and the position
// behind them. It waits for some, but not for ever: no records is an answer. At
// a nil position it begins with the newest there are, at most the filter's
// limit.
func (l *Log) Follow(ctx context.Context, f Filter, from Position) ([]Record, Position, error) {
	if from == nil {
		return l.newest(ctx, f)
	}
	timeout := time.After(followWait)
	for {
		grown := l.grown.listen()
		found, next, err := l.after(ctx, &f, from)
		if err != nil || len(found) > 0 {
			return found, next, err
		}
		from = next
		poll := time.NewTimer(followPoll)
		select {
		case <-grown:
		case <-poll.C:
		case <-timeout:
			poll.Stop()
			return nil, next, nil
		case <-ctx.Done():
			poll.Stop()
			return nil, next, ctx.Err()
		}
		poll.Stop()
	}
}

// newest returns the last records there are, oldest first, and where they end.
func (l *Log) newest(ctx context.Context, f Filter) ([]Record, Position, error) {
	at, err := l.ends(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := l.Search(ctx, f)
	before := found[:0]
	for i := len(found) - 1; i >= 0; i-- {
		if r := &found[i]; r.Seq < at[r.Node] {
			before = append(before, *r)
		}
	}
	return before, at, err
}

// after reads what comes after a position.
func (l *Log) after(ctx context.Context, f *Filter, from Position) (found []Record, next Position, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		found, next = nil, Position{}
		nodes, err := nodesOf(tx)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			entries, err := readEntries(tx, node, from[node], followLimit)
			if err != nil {
				return err
			}
			next[node] = from[node] + uint64(len(entries))
			for i := range entries {
				if entries[i].Text == nil {
					continue
				}
				r, err := ParseRecord(entries[i].Text)
				if err != nil {
					return err
				}
				if f.selects(r) {
					found = append(found, *r)
				}
			}
		}
		return nil
	})
	return found, next, err
}

// selects reports whether a filter selects a record.
func (f *Filter) selects(r *Record) bool {
	if !f.Since.IsZero() && r.Time.Before(f.Since) || !f.Until.IsZero() && !r.Time.Before(f.Until) ||
		f.Request != "" && f.Request != r.Request || f.As != "" && f.As != r.As.SID || f.By != "" && f.By != r.By.SID ||
		f.Mailbox != "" && f.Mailbox != r.Mailbox || f.Action != "" && f.Action != r.Action || f.Refused && r.Allowed {
		return false
	}
	return f.matches(r)
}

// An Entry is a record with what binds it into the tree.
type Entry struct {
	Seq  uint64 `json:"seq"`
	Salt []byte `json:"salt,omitempty"`
	Leaf []byte `json:"leaf"`
	Text []byte `json:"text,omitempty"` // nil once erased
}

// Entries returns entries of a node's log, from a number on.
func Entries(ctx context.Context, d *db.DB, node string, from uint64, limit int) (all []Entry, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		all, err = readEntries(tx, node, from, limit)
		return err
	})
	return all, err
}

func readEntries(tx *db.Tx, node string, from uint64, limit int) ([]Entry, error) {
	rows, err := tx.Query(`SELECT seq, salt, leaf, record FROM audit_record WHERE node = $1 AND seq >= $2 ORDER BY seq LIMIT $3`,
		node, int64(from), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		var e Entry
		var seq int64
		if err := rows.Scan(&seq, &e.Salt, &e.Leaf, &e.Text); err != nil {
			return nil, err
		}
		e.Seq = uint64(seq)
		all = append(all, e)
	}
	return all, rows.Err()
}
