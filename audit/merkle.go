package audit

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"entente/db"
)

// A tree is the compact range of the log: the log₂(n) hashes from which the
// root follows and to which leaves are added. RFC 6962 2.1.
type tree struct{ r *compact.Range }

func factory() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
}

func (t *tree) size() uint64          { return t.r.End() }
func (t *tree) add(leaf []byte) error { return t.r.Append(leaf, nil) }

func (t *tree) root() ([]byte, error) {
	if t.size() == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	return t.r.GetRootHash(nil)
}

func (t *tree) clone() (*tree, error) {
	r, err := factory().NewRange(0, t.r.End(), slices.Clone(t.r.Hashes()))
	if err != nil {
		return nil, err
	}
	return &tree{r}, nil
}

// resume rebuilds the tree: the last checkpoint's compact range and the
// leaves written after it.
func (l *Log) resume(ctx context.Context) (*tree, error) {
	var t *tree
	err := l.DB.View(ctx, func(tx *db.Tx) error {
		var size int64
		var hashes []byte
		err := tx.QueryRow(`SELECT size, hashes FROM audit_checkpoint WHERE node = $1
			ORDER BY size DESC LIMIT 1`, l.Node).Scan(&size, &hashes)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		r, err := factory().NewRange(0, uint64(size), split(hashes))
		if err != nil {
			return fmt.Errorf("audit checkpoint %d: %w", size, err)
		}
		t = &tree{r}
		return t.addFrom(tx, l.Node)
	})
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	return t, nil
}

// addFrom adds the leaves stored after the tree's end.
func (t *tree) addFrom(tx *db.Tx, node string) error {
	rows, err := tx.Query(`SELECT seq, leaf FROM audit_record WHERE node = $1 AND seq >= $2
		ORDER BY seq`, node, int64(t.size()))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var leaf []byte
		if err := rows.Scan(&seq, &leaf); err != nil {
			return err
		}
		if uint64(seq) != t.size() {
			return fmt.Errorf("record %d is missing; run entente audit verify", t.size())
		}
		if err := t.add(leaf); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sign writes a checkpoint of the tree in the C2SP form: origin, size, root
// and a signed note (https://c2sp.org/tlog-checkpoint).
func (l *Log) sign(t *tree) error {
	if t.size() == 0 {
		return nil
	}
	root, err := t.root()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin(l.Node), t.size(), base64.StdEncoding.EncodeToString(root))
	signed, err := note.Sign(&note.Note{Text: text}, &noteSigner{l})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	return l.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit_checkpoint (node, size, at, note, hashes)
			VALUES ($1,$2,$3,$4,$5) ON CONFLICT (node, size) DO NOTHING`,
			l.Node, int64(t.size()), l.Now().UnixMicro(), string(signed), join(t.r.Hashes()))
		return err
	})
}

const originPrefix = "entente-audit/"

func origin(node string) string { return originPrefix + node }

// noteSigner lets a crypto.Signer sign notes.
type noteSigner struct{ l *Log }

func (s *noteSigner) Name() string { return origin(s.l.Node) }
func (s *noteSigner) KeyHash() uint32 {
	return keyHash(s.Name(), s.l.Signer.Public().(ed25519.PublicKey))
}

func (s *noteSigner) Sign(msg []byte) ([]byte, error) {
	return s.l.Signer.Sign(rand.Reader, msg, noHash{})
}

// noHash tells Ed25519 that the message is not hashed beforehand.
type noHash struct{}

func (noHash) HashFunc() crypto.Hash { return 0 }

// keyHash is the note format's: the first four bytes of SHA-256 over name,
// newline, algorithm 1 (Ed25519) and key.
func keyHash(name string, key ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n\x01"))
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// verifierKey is the public key in the form note.NewVerifier reads.
func verifierKey(node string, key ed25519.PublicKey) string {
	name := origin(node)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, key),
		base64.StdEncoding.EncodeToString(append([]byte{1}, key...)))
}

// parseCheckpoint returns size and root of a note whose signature holds.
func parseCheckpoint(signed string, v note.Verifier) (size uint64, root []byte, err error) {
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return 0, nil, fmt.Errorf("signature: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		return 0, nil, errors.New("not a checkpoint of this log")
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &size); err != nil {
		return 0, nil, errors.New("not a checkpoint: no size")
	}
	root, err = base64.StdEncoding.DecodeString(lines[2])
	return size, root, err
}

func join(hashes [][]byte) []byte {
	var b []byte
	for _, h := range hashes {
		b = append(b, h...)
	}
	return b
}

func split(b []byte) [][]byte {
	var hashes [][]byte
	for len(b) >= sha256.Size {
		hashes = append(hashes, b[:sha256.Size:sha256.Size])
		b = b[sha256.Size:]
	}
	return hashes
}

func publicKey(s crypto.Signer) (ed25519.PublicKey, error) {
	key, ok := s.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the key of the audit log is not Ed25519")
	}
	return key, nil
}
