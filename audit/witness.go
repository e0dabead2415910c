package audit

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"entente/db"
)

// A Head is a log as a checkpoint tells of it.
type Head struct {
	Size uint64
	Root []byte
}

// ErrNotExtended is in every error that says that a log is not the continuation
// of what it was: it was cut off, or written anew.
var ErrNotExtended = errors.New("the log does not extend what was seen of it before")

// maxFollowed bounds how many records lie between two checkpoints for which a
// proof is made at once: 32 MB of hashes are read for it.
const maxFollowed = 1 << 20

// Extension returns a signed checkpoint of a node's log and the proof that it
// continues the log of size from, of which there must be a checkpoint too. RFC
// 6962 2.1.2. It costs what was added since. A log that has none yet returns "".
// Where very much was added, the checkpoint is an earlier one than the last.
func Extension(ctx context.Context, d *db.DB, node string, from uint64) (text string, path [][]byte, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		text, path = "", nil
		var size int64
		err := tx.QueryRow(`SELECT size, note FROM audit_checkpoint WHERE node = $1 AND size >= $2 AND size <= $3
			ORDER BY size DESC LIMIT 1`, node, int64(from), int64(from)+maxFollowed).Scan(&size, &text)
		if errors.Is(err, db.ErrNoRows) {
			if from == 0 {
				return nil
			}
			return fmt.Errorf("%w: there is no checkpoint of %d records", ErrNotExtended, from)
		}
		if err != nil || from == 0 || uint64(size) == from {
			return err
		}
		path, err = consistency(tx, node, from, uint64(size))
		return err
	})
	return text, path, err
}

// consistency makes the proof from one size to a later one out of the compact
// range kept with the earlier one's checkpoint and the leaves that came after it:
// a proof names no node within the earlier tree that is not of its range.
func consistency(tx *db.Tx, node string, from, to uint64) ([][]byte, error) {
	var hashes []byte
	err := tx.QueryRow(`SELECT hashes FROM audit_checkpoint WHERE node = $1 AND size = $2`, node, int64(from)).Scan(&hashes)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("%w: there is no checkpoint of %d records", ErrNotExtended, from)
	}
	if err != nil {
		return nil, err
	}
	r, err := factory().NewRange(0, from, split(hashes))
	if err != nil {
		return nil, fmt.Errorf("audit checkpoint %d: %w", from, err)
	}
	known := map[compact.NodeID][]byte{}
	for i, id := range compact.RangeNodes(0, from, nil) {
		known[id] = r.Hashes()[i]
	}
	rows, err := tx.Query(`SELECT leaf FROM audit_record WHERE node = $1 AND seq >= $2 AND seq < $3 ORDER BY seq`, node, int64(from), int64(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for n := from; rows.Next(); n++ {
		var leaf []byte
		if err := rows.Scan(&leaf); err != nil {
			return nil, err
		}
		known[compact.NewNodeID(0, n)] = leaf
		if err := r.Append(leaf, func(id compact.NodeID, hash []byte) { known[id] = hash }); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	nodes, err := proof.Consistency(from, to)
	if err != nil {
		return nil, err
	}
	path := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		if path[i] = known[id]; path[i] == nil {
			return nil, fmt.Errorf("records between %d and %d are missing; run entente audit verify", from, to)
		}
	}
	return nodes.Rehash(path, rfc6962.DefaultHasher.HashChildren)
}

// Follow holds a checkpoint of another's log against what was seen of it before:
// it must be signed with the log's key, and continue it. seen is the zero Head
// the first time. Errors: ErrNotExtended.
func Follow(seen Head, node string, key ed25519.PublicKey, text string, path [][]byte) (Head, error) {
	v, err := note.NewVerifier(verifierKey(node, key))
	if err != nil {
		return seen, err
	}
	size, root, err := parseCheckpoint(text, v)
	if err != nil {
		return seen, fmt.Errorf("checkpoint of %s: %w", node, err)
	}
	switch {
	case size < seen.Size:
		return seen, fmt.Errorf("%w: it had %d records and has %d", ErrNotExtended, seen.Size, size)
	case size == seen.Size && !bytes.Equal(root, seen.Root):
		return seen, fmt.Errorf("%w: its %d records are others", ErrNotExtended, size)
	case seen.Size > 0 && size > seen.Size:
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, seen.Size, size, path, seen.Root, root); err != nil {
			return seen, fmt.Errorf("%w: %w", ErrNotExtended, err)
		}
	}
	return Head{size, root}, nil
}

// A cosignature says that its signer has seen a log at a time and that it
// continued what he had seen before: https://c2sp.org/tlog-cosignature, version
// 1 of it, with Ed25519.
const cosignatureAlgorithm = 4

// Cosign adds a witness's signature to a checkpoint. The witness is named by
// name, without spaces and plus signs.
func Cosign(text, name string, s crypto.Signer, at time.Time) (string, error) {
	public, ok := s.Public().(ed25519.PublicKey)
	body, _, found := strings.Cut(text, "\n\n")
	if !ok || !found || strings.ContainsAny(name, " +\n") {
		return "", errors.New("not something this key can sign")
	}
	signature, err := s.Sign(rand.Reader, cosigned(body, at.Unix()), noHash{})
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint32(nil, cosignerHash(name, public))
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	return text + "— " + name + " " + base64.StdEncoding.EncodeToString(append(b, signature...)) + "\n", nil
}

// Cosigned reports whether a checkpoint has the signature of a witness, and when
// that was given.
func Cosigned(text, name string, key ed25519.PublicKey) (time.Time, bool) {
	body, lines, _ := strings.Cut(text, "\n\n")
	for line := range strings.Lines(lines) {
		encoded, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "— "+name+" ")
		b, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(b) != 4+8+ed25519.SignatureSize || binary.BigEndian.Uint32(b) != cosignerHash(name, key) {
			continue
		}
		at := int64(binary.BigEndian.Uint64(b[4:]))
		if ed25519.Verify(key, cosigned(body, at), b[12:]) {
			return time.Unix(at, 0), true
		}
	}
	return time.Time{}, false
}

func cosigned(body string, at int64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at, body)
}

func cosignerHash(name string, key ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{cosignatureAlgorithm})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}
