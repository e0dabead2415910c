package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"entente/db"
)

// A Report is what Verify found.
type Report struct {
	Node        string `json:"node"`
	Records     uint64 `json:"records"`
	Checkpoints int    `json:"checkpoints"`
	Signed      uint64 `json:"signed"`           // records under the last good signature
	Erased      uint64 `json:"erased,omitempty"` // records taken out, their leaves kept
}

// A Tampering is the first thing in a log that is not as it was written.
type Tampering struct {
	Node string
	Seq  uint64 // first bad record, or size of the checkpoint that does not hold
	What string
}

func (t *Tampering) Error() string {
	return fmt.Sprintf("audit log %s: record %d: %s", t.Node, t.Seq, t.What)
}

// Verify reads the whole log of a node and checks that sequence numbers are
// dense, that each record hashes to its leaf, and that every checkpoint's
// signature holds over the tree of that size. The error is a *Tampering when
// the log was altered. known, if not empty, is a checkpoint kept elsewhere:
// without one, cutting off records together with their checkpoints cannot be
// seen from inside.
func Verify(ctx context.Context, d *db.DB, node string, key ed25519.PublicKey, known string) (Report, error) {
	v, err := note.NewVerifier(verifierKey(node, key))
	if err != nil {
		return Report{}, err
	}
	w := &walk{Report: Report{Node: node}, verifier: v, known: known}
	w.tree.r = factory().NewEmptyRange(0)
	err = d.View(ctx, func(tx *db.Tx) error {
		if err := w.loadCheckpoints(tx); err != nil {
			return err
		}
		return w.records(tx)
	})
	return w.Report, err
}

// A walk is one verification under way.
type walk struct {
	Report
	verifier note.Verifier
	known    string
	heads    []head // by size, ascending
	tree     tree
}

type head struct {
	size uint64
	root []byte
}

func (w *walk) bad(seq uint64, what string) error { return &Tampering{w.Node, seq, what} }

func (w *walk) loadCheckpoints(tx *db.Tx) error {
	rows, err := tx.Query(`SELECT size, note FROM audit_checkpoint WHERE node = $1 ORDER BY size`, w.Node)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		var text string
		if err := rows.Scan(&size, &text); err != nil {
			return err
		}
		s, root, err := parseCheckpoint(text, w.verifier)
		if err != nil || s != uint64(size) {
			return w.bad(uint64(size), "its checkpoint is not one this node signed")
		}
		w.heads = append(w.heads, head{s, root})
	}
	if err := rows.Err(); err != nil || w.known == "" {
		return err
	}
	size, root, err := parseCheckpoint(w.known, w.verifier)
	if err != nil {
		return fmt.Errorf("the checkpoint to compare with: %w", err)
	}
	w.heads = insertHead(w.heads, head{size, root})
	return nil
}

func insertHead(heads []head, h head) []head {
	i := len(heads)
	for i > 0 && heads[i-1].size > h.size {
		i--
	}
	return append(heads[:i:i], append([]head{h}, heads[i:]...)...)
}

func (w *walk) records(tx *db.Tx) error {
	rows, err := tx.Query(`SELECT seq, salt, leaf, record FROM audit_record WHERE node = $1 ORDER BY seq`, w.Node)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var salt, leaf, text []byte
		if err := rows.Scan(&seq, &salt, &leaf, &text); err != nil {
			return err
		}
		if err := w.one(uint64(seq), salt, leaf, text); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(w.heads) > 0 {
		return w.bad(w.Records, fmt.Sprintf("missing: a checkpoint speaks of %d records", w.heads[0].size))
	}
	return nil
}

func (w *walk) one(seq uint64, salt, leaf, text []byte) error {
	if seq != w.Records {
		return w.bad(w.Records, "missing")
	}
	switch {
	case text == nil:
		w.Erased++
	case !bytes.Equal(leafHash(salt, text), leaf):
		return w.bad(seq, "changed since it was written")
	case !numbered(text, seq):
		return w.bad(seq, "is another record, moved or written over")
	}
	if err := w.tree.add(leaf); err != nil {
		return err
	}
	w.Records++
	return w.atCheckpoint()
}

// atCheckpoint checks the checkpoints of the size reached.
func (w *walk) atCheckpoint() error {
	for len(w.heads) > 0 && w.heads[0].size == w.Records {
		root, err := w.tree.root()
		if err != nil {
			return err
		}
		if !bytes.Equal(root, w.heads[0].root) {
			return w.bad(w.Signed, "or one of those up to the next checkpoint was changed with its hash")
		}
		w.Signed = w.Records
		w.Checkpoints++
		w.heads = w.heads[1:]
	}
	return nil
}

// numbered reports whether the record says itself that it is number seq.
func numbered(text []byte, seq uint64) bool {
	var r struct{ Seq *uint64 }
	return json.Unmarshal(text, &r) == nil && r.Seq != nil && *r.Seq == seq
}
