package audit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"entente/db"
)

// Checkpoints are signed after so many records or so long a time, whichever
// comes first, so that a signature's cost is shared and nothing stays
// unsigned for long.
const (
	maxBatch        = 512
	checkpointEvery = 1000
	checkpointAfter = time.Second
	commitTimeout   = 30 * time.Second
)

// A line is a record made ready to be written.
type line struct {
	entry
	seq  uint64
	salt []byte
	text []byte
	leaf []byte
}

// commitLoop takes what is queued, one batch a transaction, until the queue is
// closed. A batch that fails fails all that wait for it and leaves the tree as
// it was.
func (l *Log) commitLoop(t *tree) {
	defer close(l.done)
	timer := time.NewTimer(checkpointAfter)
	defer timer.Stop()
	unsigned, outbox := 0, false
	for {
		var batch []*pending
		select {
		case p, open := <-l.queue:
			if !open {
				t, _ = l.commit(t, nil, true)
				l.sign(t)
				return
			}
			batch = l.gather(p)
		case <-l.noted:
			outbox = true
		case signed := <-l.now:
			err := l.sign(t)
			if err == nil {
				unsigned = 0
			}
			signed <- err
			continue
		case <-timer.C:
			timer.Reset(checkpointAfter)
			if unsigned > 0 && l.sign(t) == nil {
				unsigned = 0
			}
			if !outbox {
				continue
			}
		}
		next, err := l.commit(t, batch, outbox || drains(batch))
		if err == nil {
			unsigned += int(next.size() - t.size())
			t, outbox = next, false
			l.grown.tell()
		} else if len(batch) == 0 {
			l.Failed(err)
		}
		answer(batch, err)
		if unsigned >= checkpointEvery && l.sign(t) == nil {
			unsigned = 0
		}
	}
}

// gather returns first and whatever else is queued already.
func (l *Log) gather(first *pending) []*pending {
	batch := []*pending{first}
	for len(batch) < maxBatch {
		select {
		case p, open := <-l.queue:
			if !open {
				return batch // the loop will see the closed queue again
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

func drains(batch []*pending) bool {
	return slices.ContainsFunc(batch, func(p *pending) bool { return p.drain })
}

func answer(batch []*pending, err error) {
	for _, p := range batch {
		if p.wait != nil {
			p.wait <- err
		}
	}
}

// commit writes the batch, after what is in the outbox if that is to be looked
// at, and returns the tree that holds it; t itself if there was nothing.
func (l *Log) commit(t *tree, batch []*pending, outbox bool) (*tree, error) {
	// The writers' own contexts do not end this: they wait for the truth.
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	entries, err := l.collect(ctx, batch, outbox)
	if err != nil || len(entries) == 0 {
		return t, err
	}
	next, err := t.clone()
	if err != nil {
		return t, err
	}
	lines := make([]line, len(entries))
	for i := range entries {
		lines[i] = l.prepare(entries[i], next.size())
		if err := next.add(lines[i].leaf); err != nil {
			return t, err
		}
	}
	used := l.uses(entries)
	err = l.DB.Update(ctx, func(tx *db.Tx) error {
		for i := range lines {
			if err := l.insert(tx, &lines[i]); err != nil {
				return err
			}
		}
		return writeUses(tx, used)
	})
	if err != nil {
		return t, fmt.Errorf("write audit records: %w", err)
	}
	maps.Copy(l.used, used)
	return next, nil
}

// collect returns what is to be written, in order. That a record is there
// already can be asked before: nobody else writes this log, and a note of
// another's is inherited by one node alone.
func (l *Log) collect(ctx context.Context, batch []*pending, outbox bool) ([]entry, error) {
	var all []entry
	if outbox {
		var err error
		if all, err = l.readOutbox(ctx); err != nil {
			return nil, err
		}
	}
	for _, p := range batch {
		entries := p.entries
		if p.once {
			var err error
			if entries, err = l.missing(ctx, entries); err != nil {
				return nil, err
			}
		}
		all = append(all, entries...)
	}
	return all, nil
}

// missing leaves out what some log has of the same request and mailbox.
func (l *Log) missing(ctx context.Context, entries []entry) (rest []entry, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		rest = nil
		for _, e := range entries {
			var n int
			if err := tx.QueryRow(`SELECT count(*) FROM audit_record WHERE request = $1 AND mailbox = $2`,
				e.record.Request, e.record.Mailbox).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				rest = append(rest, e)
			}
		}
		return nil
	})
	return rest, err
}

func (l *Log) prepare(e entry, seq uint64) line {
	text := appendHead(make([]byte, 0, len(e.body)+len(l.Node)+48), seq, l.Node)
	text = append(text, e.body...)
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails, by its documentation
	return line{e, seq, salt, text, leafHash(salt, text)}
}

// leafHash is RFC 6962 2.1 over the salted record.
func leafHash(salt, text []byte) []byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(salt)
	h.Write(text)
	return h.Sum(nil)
}

func (l *Log) insert(tx *db.Tx, n *line) error {
	r := n.record
	_, err := tx.Exec(`INSERT INTO audit_record
		(node, seq, at, request, as_sid, by_sid, action, mailbox, allowed, salt, leaf, record)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		l.Node, int64(n.seq), r.Time.UnixMicro(), r.Request, string(r.As.SID), string(r.By.SID),
		r.Action, r.Mailbox, r.Allowed, n.salt, n.leaf, n.text)
	if err == nil && n.outbox != 0 {
		_, err = tx.Exec(`DELETE FROM audit_outbox WHERE id = $1`, n.outbox)
	}
	return err
}
