package db

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// A backup is the same for both databases, so that an organization can move
// from one to the other:
//
//	"ENTENTE-BACKUP-1\n"
//	V room version …             the version of each room's tables
//	T name (column kind) …       a table,
//	R value …                    its rows by primary key,
//	E count                      and how many they were
//	Z sha-256                    of all that is before the hash
//
// Numbers are varints, texts and blobs have their length before them, and each
// value begins with its kind, or '-' for NULL.
const backupMagic = "ENTENTE-BACKUP-1\n"

const (
	recordVersion = 'V'
	recordTable   = 'T'
	recordRow     = 'R'
	recordEnd     = 'E'
	recordLast    = 'Z'
	valueNull     = '-'
)

// Progress says how far a backup or its reading has come.
type Progress struct {
	Table string
	Rows  int64 // of this table
	Bytes int64 // of the whole
}

// progressEvery is how many rows go by between two reports.
const progressEvery = 1000

// Backup writes all rooms' tables to w as they are at one moment, while
// others go on reading and writing. progress may be nil. Whoever writes it to
// a file gives that mode 0600: it holds everybody's mail.
func (d *DB) Backup(ctx context.Context, w io.Writer, progress func(Progress)) error {
	e := &encoder{w: bufio.NewWriterSize(w, 1<<16), hash: sha256.New(), report: progress}
	err := d.View(ctx, func(tx *Tx) error { return e.all(tx, d.b.dialect()) })
	if err == nil {
		err = e.w.Flush()
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

type encoder struct {
	w      *bufio.Writer
	hash   hash.Hash
	buf    []byte
	report func(Progress)
	at     Progress
}

func (e *encoder) all(tx *Tx, words *dialect) error {
	tables, rooms, err := words.catalog.all(tx)
	if err != nil {
		return err
	}
	e.buf = append(e.buf[:0], backupMagic...)
	for _, room := range rooms {
		v, err := version(tx, room)
		if err != nil {
			return err
		}
		e.buf = append(e.buf, recordVersion)
		e.text(room)
		e.buf = binary.AppendVarint(e.buf, v)
	}
	if err := e.put(); err != nil {
		return err
	}
	for _, t := range tables {
		if err := e.table(tx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	e.buf = append(e.buf[:0], recordLast)
	if err := e.put(); err != nil {
		return err
	}
	e.buf = e.hash.Sum(e.buf[:0])
	return e.put()
}

func (e *encoder) table(tx *Tx, t table) error {
	e.at.Table, e.at.Rows = t.name, 0
	e.buf = append(e.buf[:0], recordTable)
	e.text(t.name)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(t.columns)))
	for _, c := range t.columns {
		e.text(c.name)
		e.buf = append(e.buf, byte(c.kind))
	}
	if err := e.put(); err != nil {
		return err
	}
	rows, err := tx.query("SELECT "+list(t.names())+" FROM "+quote(t.name)+" ORDER BY "+list(t.primary), nil)
	if err != nil {
		return err
	}
	for rows.Next() {
		e.buf = append(e.buf[:0], recordRow)
		for i, v := range rows.row {
			if err := e.value(t.columns[i], v); err != nil {
				return err
			}
		}
		if err := e.put(); err != nil {
			return err
		}
		e.at.Rows++
		if e.at.Rows%progressEvery == 0 {
			e.tell()
		}
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	e.buf = binary.AppendUvarint(append(e.buf[:0], recordEnd), uint64(e.at.Rows))
	e.tell()
	return e.put()
}

func (e *encoder) text(s string) {
	e.buf = append(binary.AppendUvarint(e.buf, uint64(len(s))), s...)
}

// value appends v in the form of its column. SQLite keeps what it was given:
// booleans are integers there, and text in a blob column is text.
func (e *encoder) value(c columnInfo, v any) error {
	if v == nil {
		e.buf = append(e.buf, valueNull)
		return nil
	}
	e.buf = append(e.buf, byte(c.kind))
	switch v := v.(type) {
	case int64:
		switch {
		case c.kind == kindInt:
			e.buf = binary.AppendVarint(e.buf, v)
			return nil
		case c.kind == kindBool && (v == 0 || v == 1):
			e.buf = append(e.buf, byte(v))
			return nil
		case c.kind == kindFloat:
			e.buf = binary.BigEndian.AppendUint64(e.buf, math.Float64bits(float64(v)))
			return nil
		}
	case bool:
		if c.kind == kindBool {
			b := byte(0)
			if v {
				b = 1
			}
			e.buf = append(e.buf, b)
			return nil
		}
	case float64:
		if c.kind == kindFloat {
			e.buf = binary.BigEndian.AppendUint64(e.buf, math.Float64bits(v))
			return nil
		}
	case string:
		if c.kind == kindBlob || c.kind == kindText && validText(v) {
			e.text(v)
			return nil
		}
	case []byte:
		if c.kind == kindBlob || c.kind == kindText && validText(string(v)) {
			e.buf = append(binary.AppendUvarint(e.buf, uint64(len(v))), v...)
			return nil
		}
	}
	return fmt.Errorf("column %s of kind %c holds a %T that does not belong there", c.name, c.kind, v)
}

// validText is what PostgreSQL takes for text.
func validText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func (e *encoder) put() error {
	e.hash.Write(e.buf)
	e.at.Bytes += int64(len(e.buf))
	_, err := e.w.Write(e.buf)
	return err
}

func (e *encoder) tell() {
	if e.report != nil {
		e.report(e.at)
	}
}
