package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
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
// dense, that each record hashes to its leaf, that what was emptied was erased on
// record, and that every checkpoint's signature holds over the tree of that size.
// The error is a *Tampering when the log was altered.
//
// kept, if not empty, is one or more checkpoints that were kept elsewhere:
// without one, whoever has the node's key can cut records off, or write the whole
// log anew, and sign it again, and that cannot be seen from inside. Checkpoints
// of other nodes' logs among them are passed over.
func Verify(ctx context.Context, d *db.DB, node string, key ed25519.PublicKey, kept string) (Report, error) {
	v, err := note.NewVerifier(verifierKey(node, key))
	if err != nil {
		return Report{}, err
	}
	w := &walk{Report: Report{Node: node}, verifier: v, kept: kept}
	w.tree.r = factory().NewEmptyRange(0)
	err = d.View(ctx, func(tx *db.Tx) error {
		if err := w.loadCheckpoints(tx); err != nil {
			return err
		}
		if w.erased, err = erasures(tx, node); err != nil {
			return err
		}
		return w.records(tx)
	})
	return w.Report, err
}

// VerifyAll verifies the logs of all nodes that have one, or of one node alone,
// with the keys they have published under the organization's seal, and the own
// node's with its own. A log whose key nobody vouches for is an error like one
// that was altered: whoever took its key away may have done more.
func VerifyAll(ctx context.Context, d *db.DB, seal Seal, own string, key ed25519.PublicKey, only, kept string) ([]Report, error) {
	keys, nodes, err := logKeys(ctx, d, seal)
	if err != nil {
		return nil, err
	}
	keys[own] = key
	if !slices.Contains(nodes, own) {
		nodes = append(nodes, own)
	}
	if err := keptKnown(kept, nodes); err != nil {
		return nil, err
	}
	var all []Report
	for _, node := range nodes {
		if only != "" && node != only {
			continue
		}
		if keys[node] == nil {
			return all, errUnknownKey(node)
		}
		r, err := Verify(ctx, d, node, keys[node], kept)
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, entente.Errorf(entente.NotFound, "node %s has no audit log", only)
	}
	return all, nil
}

// keptKnown makes sure that each checkpoint is of a log there is: a log that is
// gone as a whole must not pass because nothing is left to compare with.
func keptKnown(kept string, nodes []string) error {
	for _, c := range checkpoints(kept) {
		node, size, err := SizeOf(c)
		if err != nil {
			return err
		}
		if !slices.Contains(nodes, node) {
			return &Tampering{node, 0, fmt.Sprintf("missing: a checkpoint speaks of %d records", size)}
		}
	}
	return nil
}

// logKeys returns the nodes that have a log or a key, and the keys that bear the
// organization's mark.
func logKeys(ctx context.Context, d *db.DB, seal Seal) (keys map[string]ed25519.PublicKey, nodes []string, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		keys = map[string]ed25519.PublicKey{}
		if nodes, err = nodesOf(tx); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT node, public_key, mark FROM audit_key ORDER BY node`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var node string
			var key, mark []byte
			if err := rows.Scan(&node, &key, &mark); err != nil {
				return err
			}
			if seal != nil && len(key) == ed25519.PublicKeySize && seal.Valid(keyText(node, key), mark) {
				keys[node] = key
			}
		}
		return rows.Err()
	})
	return keys, nodes, err
}

// checkpoints splits a text into the checkpoints it holds.
func checkpoints(text string) (all []string) {
	for part := range strings.SplitSeq("\n"+text, "\n"+originPrefix) {
		if strings.TrimSpace(part) != "" {
			all = append(all, originPrefix+strings.TrimRight(part, "\n")+"\n")
		}
	}
	return all
}

// A walk is one verification under way.
type walk struct {
	Report
	verifier note.Verifier
	kept     string
	erased   map[uint64]bool
	heads    []head // by size, ascending; of one size those kept elsewhere first
	good     uint64 // the last size at which one kept elsewhere holds
	tree     tree
}

type head struct {
	size uint64
	root []byte
	kept bool // elsewhere
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
		w.heads = append(w.heads, head{size: s, root: root})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.addKept()
}

// addKept adds the checkpoints that were kept elsewhere.
func (w *walk) addKept() error {
	for _, c := range checkpoints(w.kept) {
		if node, _, err := SizeOf(c); err == nil && node != w.Node {
			continue
		}
		size, root, err := parseCheckpoint(c, w.verifier)
		if err != nil {
			return entente.Errorf(entente.Invalid, "the checkpoint to compare with is not one that %s signed with its key: %v", w.Node, err)
		}
		w.heads = append(w.heads, head{size, root, true})
	}
	slices.SortStableFunc(w.heads, func(a, b head) int {
		if a.size == b.size && a.kept != b.kept {
			if a.kept {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.size, b.size)
	})
	return nil
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
	case text == nil && !w.erased[seq]:
		return w.bad(seq, "was emptied, and no erasure is on record")
	case text == nil:
		w.Erased++
	case !bytes.Equal(leafHash(salt, text), leaf):
		return w.bad(seq, "changed since it was written")
	case !w.numbered(text, seq):
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
		if h := w.heads[0]; h.kept && !bytes.Equal(root, h.root) {
			return w.bad(w.good, fmt.Sprintf("or a later one below %d is not what it was when the checkpoint kept elsewhere was signed: the log was written anew", h.size))
		} else if h.kept {
			w.good = h.size
		} else if !bytes.Equal(root, h.root) {
			return w.bad(w.Signed, "or one of those up to the next checkpoint was changed with its hash")
		}
		w.Signed = w.Records
		w.Checkpoints++
		w.heads = w.heads[1:]
	}
	return nil
}

// numbered reports whether the record says itself that it is number seq of this
// log.
func (w *walk) numbered(text []byte, seq uint64) bool {
	var r struct {
		Seq  *uint64
		Node string
	}
	return json.Unmarshal(text, &r) == nil && r.Seq != nil && *r.Seq == seq && r.Node == w.Node
}
