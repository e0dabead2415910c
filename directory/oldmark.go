package directory

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"reflect"

	"entente/db"
)

// markAgain puts the present form of the mark on tables that bear the first
// one, which was the hash of all rows in their order. Tables that do not bear
// it are left as they are, and found altered.
func (d *Directory) markAgain(ctx context.Context) error {
	if d.seal == nil {
		return nil
	}
	var first int
	err := d.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM directory_seal WHERE sum IS NULL`).Scan(&first)
	})
	if err != nil || first == 0 {
		return err
	}
	return d.db.Update(ctx, func(tx *db.Tx) error {
		r, rows, err := d.readAll(tx)
		if err != nil {
			return err
		}
		text, err := firstForm(tx, r.facts.Generation)
		if err != nil {
			return err
		}
		var mark []byte
		if err := tx.QueryRow(`SELECT mark FROM directory_seal WHERE id = 1`).Scan(&mark); err != nil {
			return err
		}
		if fresh, err := nothingNew(tx); err != nil || !fresh || !d.seal.Valid(text, mark) {
			return err
		}
		return d.marker().mark(tx, rows.total, r.facts.Generation)
	})
}

// nothingNew reports whether nothing is there that the first form of the mark
// knew nothing of: else it would vouch for it.
func nothingNew(tx *db.Tx) (bool, error) {
	var n int64
	err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM directory_scope) + (SELECT COUNT(*) FROM directory_scope_policy) +
		(SELECT COUNT(*) FROM directory_item_grant) + (SELECT COUNT(*) FROM directory_realm) +
		(SELECT COUNT(*) FROM directory_relationship) + (SELECT COUNT(*) FROM directory_sharing_policy) +
		(SELECT COUNT(*) FROM directory_sharing_assignment) + (SELECT COUNT(*) FROM directory_identity) +
		(SELECT COUNT(*) FROM directory_virtual_directory) + (SELECT COUNT(*) FROM directory_place) +
		(SELECT COUNT(*) FROM directory_device_organization) + (SELECT COUNT(*) FROM directory_device_rule) +
		(SELECT COUNT(*) FROM directory_mobile_policy) + (SELECT COUNT(*) FROM directory_device_setting) +
		(SELECT COUNT(*) FROM directory_account WHERE custom <> '') +
		(SELECT COUNT(*) FROM directory_group WHERE master_sid <> '')`).Scan(&n)
	return n == 0, err
}

// firstForm is what the first form of the mark was made of. It must not change:
// it is what earlier versions have marked.
func firstForm(tx *db.Tx, generation uint64) ([]byte, error) {
	f := &firstSum{h: sha256.New(), blank: -1}
	f.table(tx.Query(`SELECT name, domain_sid, precedence, policy FROM directory_organization WHERE id = 1`))(4)
	f.end = true
	f.table(tx.Query(`SELECT name, is_default FROM directory_domain ORDER BY name`))(2)
	f.blank = 7 // the mailbox: none was read as one without bytes
	f.table(tx.Query(`SELECT sid, upn, mail, name, kind, enabled, master_sid, mailbox_id, database, policy, epoch
		FROM directory_account ORDER BY sid`))(11)
	f.blank = -1
	f.table(tx.Query(`SELECT sid, address FROM directory_address ORDER BY sid, address`))(2)
	f.table(tx.Query(`SELECT sid, name, mail FROM directory_group ORDER BY sid`))(3)
	f.table(tx.Query(`SELECT group_sid, member_sid FROM directory_member ORDER BY group_sid, member_sid`))(2)
	f.table(tx.Query(`SELECT name, url FROM directory_server ORDER BY name`))(2)
	f.table(tx.Query(`SELECT name, url FROM directory_database ORDER BY name`))(2)
	f.table(tx.Query(`SELECT mailbox_id, to_sid, rights, deny FROM directory_permission ORDER BY mailbox_id, to_sid, deny`))(4)
	f.table(tx.Query(`SELECT id, assignee, rights, server, scope_kind, scope_name, gate, allow_disabled,
		not_before, not_after, enabled, deny, created, created_by FROM directory_assignment ORDER BY id`))(14)
	f.table(tx.Query(`SELECT sid FROM directory_administrator ORDER BY sid`))(1)
	f.table(tx.Query(`SELECT id, hash, sid, name, expires FROM directory_token ORDER BY id`))(5)
	f.table(tx.Query(`SELECT sid, password FROM directory_account ORDER BY sid`))(2)
	text := binary.BigEndian.AppendUint64([]byte("entente directory 1\n"), generation)
	return f.h.Sum(text), f.err
}

// firstSum adds up tables in their order.
type firstSum struct {
	h     hash.Hash
	blank int  // the column that is no bytes rather than NULL
	end   bool // the end of a table is said
	row   []byte
	err   error
}

// table returns a function that adds the rows of so many columns.
func (f *firstSum) table(rows *db.Rows, err error) func(columns int) {
	return func(columns int) {
		if f.err != nil {
			return
		}
		values, dest := make([]any, columns), make([]any, columns)
		for i := range values {
			dest[i] = &values[i]
		}
		f.err = each(rows, err, func() error {
			f.row = append(f.row[:0], sumRow)
			for i, v := range values {
				switch {
				case v == nil && i == f.blank:
					f.row = appendNumber(f.row, sumText, 0)
				case v == nil:
					f.row = append(f.row, sumNull)
				default:
					f.row = appendValue(f.row, reflect.ValueOf(v))
				}
			}
			f.h.Write(f.row)
			return nil
		}, dest...)
		if f.end {
			f.h.Write([]byte{sumEnd})
		}
	}
}
