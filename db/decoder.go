package db

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// Limits of a backup that is read: beyond them it is not one.
const (
	maxName    = 63
	maxColumns = 500
	maxRooms   = 200
	maxValue   = 256 << 20
)

var errBackup = errors.New("not a backup, or a damaged one")

// A decoder reads a backup record by record. It allocates for a value no more
// than has arrived, whatever length was announced.
type decoder struct {
	r      *bufio.Reader
	hash   hash.Hash
	at     Progress
	report func(Progress)

	versions map[string]int64
	table    *table // whose rows are being read
	row      []any
}

func newDecoder(r io.Reader, report func(Progress)) *decoder {
	return &decoder{r: bufio.NewReaderSize(r, 1<<16), hash: sha256.New(), report: report, versions: map[string]int64{}}
}

// VerifyBackup reads a backup to its end and checks its form and its hash,
// without a database.
func VerifyBackup(r io.Reader, progress func(Progress)) error {
	d := newDecoder(r, progress)
	if err := d.header(); err != nil {
		return fmt.Errorf("verify backup: %w", err)
	}
	for {
		t, err := d.next()
		if err == nil && t == nil {
			return nil
		}
		for ok := err == nil; ok && err == nil; {
			ok, err = d.nextRow()
		}
		if err != nil {
			return fmt.Errorf("verify backup: %w", err)
		}
	}
}

// header reads the magic and the versions, and leaves the first record after
// them to next.
func (d *decoder) header() error {
	magic := make([]byte, len(backupMagic))
	if err := d.full(magic); err != nil || string(magic) != backupMagic {
		return errBackup
	}
	for {
		b, err := d.r.Peek(1)
		if err != nil || b[0] != recordVersion {
			return err
		}
		_, _ = d.ReadByte()
		room, err := d.name()
		if err != nil {
			return err
		}
		v, err := binary.ReadVarint(d)
		if err != nil {
			return d.cut(err)
		}
		if _, twice := d.versions[room]; twice || len(d.versions) == maxRooms {
			return errBackup
		}
		d.versions[room] = v
	}
}

// next begins the next table; nil says that the backup is complete and whole.
func (d *decoder) next() (*table, error) {
	b, err := d.ReadByte()
	if err != nil {
		return nil, d.cut(err)
	}
	switch b {
	case recordTable:
		return d.tableHead()
	case recordLast:
		return nil, d.last()
	}
	return nil, errBackup
}

func (d *decoder) tableHead() (*table, error) {
	name, err := d.name()
	if err != nil {
		return nil, err
	}
	n, err := binary.ReadUvarint(d)
	if err != nil {
		return nil, d.cut(err)
	}
	if n == 0 || n > maxColumns {
		return nil, errBackup
	}
	t := &table{name: name}
	for range n {
		column, err := d.name()
		if err != nil {
			return nil, err
		}
		k, err := d.ReadByte()
		if err != nil {
			return nil, d.cut(err)
		}
		switch kind(k) {
		case kindInt, kindFloat, kindText, kindBlob, kindBool:
		default:
			return nil, errBackup
		}
		t.columns = append(t.columns, columnInfo{name: column, kind: kind(k)})
	}
	d.table, d.row = t, make([]any, n)
	d.at.Table, d.at.Rows = name, 0
	return t, nil
}

// last checks the hash, and that nothing follows.
func (d *decoder) last() error {
	want := d.hash.Sum(nil)
	got := make([]byte, sha256.Size)
	if _, err := io.ReadFull(d.r, got); err != nil {
		return d.cut(err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: its hash is another", errBackup)
	}
	if _, err := d.r.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: something follows its end", errBackup)
	}
	return nil
}

// nextRow reads a row of the table into d.row, and reports false after the
// last, having checked their number.
func (d *decoder) nextRow() (bool, error) {
	b, err := d.ReadByte()
	if err != nil {
		return false, d.cut(err)
	}
	switch b {
	case recordEnd:
		n, err := binary.ReadUvarint(d)
		if err != nil {
			return false, d.cut(err)
		}
		if n != uint64(d.at.Rows) {
			return false, errBackup
		}
		d.tell()
		return false, nil
	case recordRow:
		for i, c := range d.table.columns {
			if d.row[i], err = d.value(c.kind); err != nil {
				return false, err
			}
		}
		if d.at.Rows++; d.at.Rows%progressEvery == 0 {
			d.tell()
		}
		return true, nil
	}
	return false, errBackup
}

func (d *decoder) value(want kind) (any, error) {
	b, err := d.ReadByte()
	if err != nil {
		return nil, d.cut(err)
	}
	if b == valueNull {
		return nil, nil
	}
	if kind(b) != want {
		return nil, errBackup
	}
	switch want {
	case kindInt:
		n, err := binary.ReadVarint(d)
		return n, d.cut(err)
	case kindFloat:
		var b [8]byte
		err := d.full(b[:])
		return math.Float64frombits(binary.BigEndian.Uint64(b[:])), err
	case kindBool:
		b, err := d.ReadByte()
		if err == nil && b > 1 {
			err = errBackup
		}
		return b == 1, d.cut(err)
	}
	text, err := d.bytes(maxValue)
	if err != nil || want == kindBlob {
		return text, err
	}
	if !validText(string(text)) {
		return nil, errBackup
	}
	return string(text), nil
}

func (d *decoder) name() (string, error) {
	b, err := d.bytes(maxName)
	if err == nil && (len(b) == 0 || !validText(string(b))) {
		err = errBackup
	}
	return string(b), err
}

func (d *decoder) bytes(most uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(d)
	if err != nil {
		return nil, d.cut(err)
	}
	if n > most {
		return nil, errBackup
	}
	if n <= 1<<16 {
		b := make([]byte, n)
		return b, d.full(b)
	}
	var buf bytes.Buffer
	_, err = io.CopyN(&buf, d, int64(n))
	return buf.Bytes(), d.cut(err)
}

func (d *decoder) full(b []byte) error {
	_, err := io.ReadFull(d, b)
	return d.cut(err)
}

// cut names the end of the input what it is within a backup.
func (d *decoder) cut(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", errBackup)
	}
	return err
}

// Read and ReadByte have all that is read hashed and counted.
func (d *decoder) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	d.hash.Write(b[:n])
	d.at.Bytes += int64(n)
	return n, err
}

func (d *decoder) ReadByte() (byte, error) {
	b, err := d.r.ReadByte()
	if err != nil {
		return 0, err
	}
	d.hash.Write([]byte{b})
	d.at.Bytes++
	return b, nil
}

func (d *decoder) tell() {
	if d.report != nil {
		d.report(d.at)
	}
}
