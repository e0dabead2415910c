package audit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
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
	record Record
	salt   []byte
	text   []byte
	leaf   []byte
}

// commitLoop takes what is queued, one batch a transaction, until the queue is
// closed. A batch that fails fails all that wait for it and leaves the tree as
// it was.
func (l *Log) commitLoop(t *tree) {
	defer close(l.done)
	timer := time.NewTimer(checkpointAfter)
	defer timer.Stop()
	unsigned := 0
	for {
		select {
		case p, open := <-l.queue:
			if !open {
				l.sign(t)
				return
			}
			batch := l.gather(p)
			if next, err := l.commit(t, batch); err != nil {
				answer(batch, err)
			} else {
				t, unsigned = next, unsigned+len(batch)
				answer(batch, nil)
			}
			if unsigned < checkpointEvery {
				continue
			}
		case signed := <-l.now:
			err := l.sign(t)
			if err == nil {
				unsigned = 0
			}
			signed <- err
			continue
		case <-timer.C:
			timer.Reset(checkpointAfter)
		}
		if unsigned > 0 && l.sign(t) == nil {
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

func answer(batch []*pending, err error) {
	for _, p := range batch {
		if p.wait != nil {
			p.wait <- err
		}
	}
}

// commit writes the batch and returns the tree that holds it.
func (l *Log) commit(t *tree, batch []*pending) (*tree, error) {
	lines := make([]line, len(batch))
	next, err := t.clone()
	if err != nil {
		return nil, err
	}
	for i, p := range batch {
		if lines[i], err = l.prepare(p.record, next.size()); err != nil {
			return nil, err
		}
		if err := next.add(lines[i].leaf); err != nil {
			return nil, err
		}
	}
	// The writers' own contexts do not end this: they wait for the truth.
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	err = l.DB.Update(ctx, func(tx *db.Tx) error {
		for i := range lines {
			if err := insert(tx, &lines[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("write audit records: %w", err)
	}
	return next, nil
}

func (l *Log) prepare(r Record, seq uint64) (line, error) {
	r.Seq, r.Node = seq, l.Node
	if r.Time.IsZero() {
		r.Time = l.Now()
	}
	r.Time = r.Time.UTC()
	text, err := json.Marshal(r)
	if err != nil {
		return line{}, fmt.Errorf("encode audit record: %w", err)
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return line{}, err
	}
	return line{r, salt, text, leafHash(salt, text)}, nil
}

// leafHash is RFC 6962 2.1 over the salted record.
func leafHash(salt, text []byte) []byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(salt)
	h.Write(text)
	return h.Sum(nil)
}

func insert(tx *db.Tx, l *line) error {
	r := &l.record
	_, err := tx.Exec(`INSERT INTO audit_record
		(node, seq, at, request, as_sid, by_sid, action, mailbox, allowed, salt, leaf, record)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
		r.Node, int64(r.Seq), r.Time.UnixMicro(), r.Request, string(r.As.SID), string(r.By.SID),
		r.Action, r.Mailbox, r.Allowed, l.salt, l.leaf, l.text)
	return err
}
