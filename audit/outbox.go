package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"entente"
	"entente/db"
)

// A Note leaves the record of a change in the outbox, in the transaction of the
// change itself, so that neither is there without the other.
type Note func(*db.Tx) error

// Note makes a note of a record. The change must be one in the log's own
// database; the committer moves the record into the log at once, or when it can.
func (l *Log) Note(r Record) Note {
	l.stamp(&r)
	text := r.Text()
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit_outbox (node, at, record) VALUES ($1, $2, $3)`, l.Node, r.Time.UnixMicro(), text)
		tx.OnCommit(l.wake)
		return err
	}
}

// wake has the committer look into the outbox.
func (l *Log) wake() {
	select {
	case l.noted <- struct{}{}:
	default:
	}
}

// readOutbox returns what this node's outbox holds, at most a batch of it. Only
// the committer takes rows out, so what it read stays until then.
func (l *Log) readOutbox(ctx context.Context) (all []entry, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT id, record FROM audit_outbox WHERE node = $1 ORDER BY id LIMIT $2`, l.Node, maxBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e entry
			var text []byte
			if err := rows.Scan(&e.outbox, &text); err != nil {
				return err
			}
			if e.record, err = ParseRecord(text); err != nil {
				return err
			}
			e.body = e.record.body()
			all = append(all, e)
		}
		return rows.Err()
	})
	if len(all) == maxBatch {
		l.wake() // there may be more
	}
	return all, err
}

// ParseRecord reads the text of a record.
func ParseRecord(text []byte) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("audit record: %w", err)
	}
	return r, nil
}

// Inherit takes over what a node that is gone left in its outbox, if it is older
// than before.
func (l *Log) Inherit(ctx context.Context, node string, before time.Time) error {
	if node == l.Node {
		return nil
	}
	return l.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE audit_outbox SET node = $1 WHERE node = $2 AND at < $3`, l.Node, node, before.UnixMicro())
		tx.OnCommit(l.wake)
		return err
	})
}

// Writers returns the nodes that have something in the outbox.
func (l *Log) Writers(ctx context.Context) (nodes []string, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		nodes, err = texts(tx.Query(`SELECT DISTINCT node FROM audit_outbox ORDER BY node`))
		return err
	})
	return nodes, err
}

// texts reads a result of one text column.
func texts(rows *db.Rows, err error) (all []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// A broadcast tells any number of listeners that something happened.
type broadcast struct {
	mu sync.Mutex
	c  chan struct{}
}

func (b *broadcast) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}

// usedEvery is how exact the last use of a ground is kept: writing each would
// cost what the record itself costs.
const usedEvery = time.Minute

// uses returns the grounds whose last use is to be written.
func (l *Log) uses(entries []entry) map[string]int64 {
	var used map[string]int64
	for i := range entries {
		r := entries[i].record
		if !r.Allowed {
			continue
		}
		for _, g := range r.Grounds {
			at := r.Time.UnixMicro()
			if g.Kind != ByAssignment && g.Kind != ByItemGrant || at < max(l.used[g.ID], used[g.ID])+usedEvery.Microseconds() {
				continue
			}
			if used == nil {
				used = map[string]int64{}
			}
			used[g.ID] = at
		}
	}
	return used
}

func writeUses(tx *db.Tx, used map[string]int64) error {
	for ground, at := range used {
		if _, err := tx.Exec(`INSERT INTO audit_last_use (ground, at) VALUES ($1, $2)
			ON CONFLICT (ground) DO UPDATE SET at = $2 WHERE audit_last_use.at < $2`, ground, at); err != nil {
			return err
		}
	}
	return nil
}

// LastUses returns when each assignment and item grant, by id, was last used, to
// the minute.
func (l *Log) LastUses(ctx context.Context) (used map[string]time.Time, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		used = map[string]time.Time{}
		rows, err := tx.Query(`SELECT ground, at FROM audit_last_use`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var ground string
			var at int64
			if err := rows.Scan(&ground, &at); err != nil {
				return err
			}
			used[ground] = time.UnixMicro(at).UTC()
		}
		return rows.Err()
	})
	return used, err
}

// publish leaves this node's public key for the others. Another key under this
// node's name is replaced: the seal says that it is one of ours who does it, and
// a log that the former key signed does not verify under the new one.
func (l *Log) publish(ctx context.Context) error {
	if l.Seal == nil {
		return nil
	}
	key, err := publicKey(l.Signer)
	if err != nil {
		return err
	}
	err = l.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit_key (node, public_key, mark) VALUES ($1, $2, $3)
			ON CONFLICT (node) DO UPDATE SET public_key = $2, mark = $3`, l.Node, []byte(key), l.Seal.Append(nil, keyText(l.Node, key)))
		return err
	})
	if err != nil {
		return fmt.Errorf("publish audit key: %w", err)
	}
	return nil
}

// keyText is what a key's mark is made of.
func keyText(node string, key []byte) []byte {
	return fmt.Appendf(nil, "entente audit key 1\n%d %s\n%x\n", len(node), node, key)
}

// errUnknownKey is of a log whose node's key nobody vouches for.
func errUnknownKey(node string) error {
	return entente.Errorf(entente.NotFound, "the key that node %s signs its audit log with is not known", node)
}
