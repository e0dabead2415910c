package directory

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
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
// administrator has looked at them and calls Confirm. (threats A3)
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
		_, err := d.mark(c)
		return err
	})
	if err != nil {
		return tell(err)
	}
	return tell(d.load(ctx, 0))
}

// sealed makes changes to a directory that is, and marks the result. Tables
// without their mark are changed all the same, to set them right by, but stay
// without one: otherwise the next honest change would vouch for what is
// forged. r is the state it led to, nil if that is not known.
func (d *Directory) sealed(c *Change, f func(*Change) error) (r *reader, err error) {
	if d.seal == nil {
		var n int
		if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_seal`).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 {
			return nil, entente.Errorf(entente.Invalid, "the directory is sealed, and the key is not at hand")
		}
		return nil, f(c)
	}
	before, err := d.read(c.tx)
	if err != nil {
		return nil, err
	}
	// The number was raised already.
	if ok, err := d.bearsMark(before, before.facts.Generation-1); !ok || err != nil {
		return nil, errors.Join(err, f(c))
	}
	if err := f(c); err != nil {
		return nil, err
	}
	return d.mark(c)
}

// read reads the state, in a form that can be marked if it is to be.
func (d *Directory) read(tx *db.Tx) (*reader, error) {
	r := &reader{tx: tx, state: newState()}
	if d.seal != nil {
		r.sum = sha256.New()
	}
	if err := r.read(); err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return r, nil
}

// mark marks the tables as they are.
func (d *Directory) mark(c *Change) (*reader, error) {
	r, err := d.read(c.tx)
	if err != nil {
		return nil, err
	}
	_, err = c.tx.Exec(`INSERT INTO directory_seal (id, mark) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mark = $1`,
		d.seal.Append(nil, r.marked(r.facts.Generation)))
	return r, err
}

// bearsMark reports whether the tables are as the change that led to a
// generation left them.
func (d *Directory) bearsMark(r *reader, generation uint64) (bool, error) {
	var mark []byte
	err := r.tx.QueryRow(`SELECT mark FROM directory_seal WHERE id = 1`).Scan(&mark)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil && d.seal.Valid(r.marked(generation), mark), err
}

// check reads the tables again, though nothing says they have changed.
func (d *Directory) check(ctx context.Context) error {
	if d.seal == nil {
		return nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	r, err := d.readAll(ctx)
	if err != nil {
		return err
	}
	if r.altered || d.now.Load().altered {
		d.install(r)
	}
	return nil
}

// marked is what a mark is made of: the form's version, the number of the
// state and the sum of its rows.
func (r *reader) marked(generation uint64) []byte {
	return r.sum.Sum(binary.BigEndian.AppendUint64([]byte("entente directory 1\n"), generation))
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

// What the rows are summed up as: every value with its kind and length, so
// that no two states read the same.
const (
	sumRow  = 'r'
	sumEnd  = 'e' // of a table
	sumNull = '0'
	sumInt  = 'i'
	sumText = 't'
)

// each is the function of that name, and sums up what it reads.
func (r *reader) each(rows *db.Rows, err error, row func() error, dest ...any) error {
	if r.sum == nil {
		return each(rows, err, row, dest...)
	}
	err = each(rows, err, func() error {
		r.add(dest...)
		return row()
	}, dest...)
	r.sum.Write([]byte{sumEnd})
	return err
}

// add adds a row; the values are pointers to what was read.
func (r *reader) add(dest ...any) {
	if r.sum == nil {
		return
	}
	r.row = append(r.row[:0], sumRow)
	for _, p := range dest {
		r.row = appendValue(r.row, reflect.ValueOf(p).Elem())
	}
	r.sum.Write(r.row)
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, sumNull)
		}
		return appendValue(b, v.Elem())
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		return appendNumber(b, sumInt, n)
	case reflect.String:
		return append(appendNumber(b, sumText, uint64(v.Len())), v.String()...)
	case reflect.Slice, reflect.Array: // of bytes; db.Rows scans no others
		return append(appendNumber(b, sumText, uint64(v.Len())), v.Bytes()...)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendNumber(b, sumInt, v.Uint())
	default: // signed numbers; anything else panics in every test
		return appendNumber(b, sumInt, uint64(v.Int()))
	}
}

func appendNumber(b []byte, kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, kind), n)
}

// passwords sums up what the reader otherwise has no use for.
func (r *reader) passwords() error {
	if r.sum == nil {
		return nil
	}
	var sid entente.SID
	var password string
	rows, err := r.tx.Query(`SELECT sid, password FROM directory_account ORDER BY sid`)
	return r.each(rows, err, func() error { return nil }, &sid, &password)
}
