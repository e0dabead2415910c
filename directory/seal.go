package directory

import (
	"context"
	"errors"
	"reflect"
	"time"

	"entente"
	"entente/db"
)

// A Seal marks data under a key that is not in the database, and recognizes
// its marks: keys.MAC.
//
// With it every change marks the tables that decisions rest on, passwords and
// tokens among them, as they are at its end. Rows that somebody edits by SQL
// then bear no mark: the alarm is raised, and nobody is impersonated until an
// administrator has looked at them and calls Confirm. (threats A3) Nor do other
// organizations see anything until then.
//
// What it does not do: keep such an edit from counting in other ways, and
// tell an older state with its own mark, as a restored backup is, from a
// newer one. Who has the database and the key can do anything.
type Seal interface {
	Append(b, data []byte) []byte
	Valid(data, mark []byte) bool
}

// ErrAltered is what Config.Failed is told when the tables do not bear their
// mark.
var ErrAltered = errors.New("the directory was changed in its tables: nobody is impersonated until an administrator confirms its state")

// checkEvery is how long an edit that does not pretend to be a change goes
// unnoticed.
const checkEvery = time.Minute

// Altered reports whether the state that is in force bore no mark.
func (d *Directory) Altered() bool { return d.now.Load().altered }

// Confirm has the tables taken for right as they are.
func (d *Directory) Confirm(ctx context.Context) error {
	if d.seal == nil {
		return entente.Errorf(entente.Invalid, "the directory is not sealed")
	}
	_, err := d.commit(ctx, func(c *Change) error {
		_, rows, err := d.readAll(c.tx)
		if err != nil {
			return err
		}
		// The log cannot say what somebody else changed.
		if _, err := c.tx.Exec(`DELETE FROM directory_log`); err != nil {
			return err
		}
		return d.marker().mark(c.tx, rows.total, c.generation)
	})
	if err != nil {
		return tell(err)
	}
	return tell(d.load(ctx, 0))
}

// unsealed refuses a change to a directory that is sealed, without its key.
func (d *Directory) unsealed(c *Change) error {
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_seal`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return entente.Errorf(entente.Invalid, "the directory is sealed, and the key is not at hand")
	}
	return nil
}

// bearsMark reports whether the tables are as the change that led to a
// generation left them.
func (d *Directory) bearsMark(tx *db.Tx, sum total, generation uint64) (bool, error) {
	marked, ok, err := d.marker().marked(tx, generation)
	return ok && marked == sum, err
}

// check reads all tables again, though nothing says they have changed. It holds
// up neither changes nor loads.
func (d *Directory) check(ctx context.Context) error {
	if d.seal == nil {
		return nil
	}
	var sum total
	var generation uint64
	var ok bool
	err := d.db.View(ctx, func(tx *db.Tx) (err error) {
		if generation, sum, err = d.readTotal(tx); err != nil {
			return err
		}
		ok, err = d.bearsMark(tx, sum, generation)
		return err
	})
	if err != nil {
		return err
	}
	now := d.now.Load()
	// The rows this node decides by are looked at as well.
	same := now.snapshot.Generation() != generation || now.rows.total == sum
	if ok && same && !now.altered {
		return nil
	}
	return d.load(ctx, 0)
}

// nodeMark marks what other nodes rely on of a node's row; its lease changes
// too often, and is worth nothing without the key. nil without a Seal.
func (d *Directory) nodeMark(n *Node) []byte {
	if d.seal == nil {
		return nil
	}
	return d.seal.Append(nil, nodeText(n))
}

func nodeText(n *Node) []byte {
	key := []byte(n.PublicKey)
	text := []byte("entente node 1\n")
	for _, p := range [...]any{&n.ID, &n.Name, &n.URL, &key} {
		text = appendValue(text, reflect.ValueOf(p).Elem())
	}
	return text
}
