package audit

import (
	"context"

	"entente"
	"entente/db"
)

// An Erasure says whose records are to lose their text. One of the fields is
// set.
type Erasure struct {
	Request string
	// Subject is whom a record is logged as, or who acted; Mailbox, if set beside
	// it, is his mailbox, and selects what others did there too.
	Subject entente.SID
	Mailbox string
}

// ActionErase is what an erasure is recorded as. Such records are not erased.
const ActionErase = "admin.audit.erase"

// eraseAtOnce records are erased in one transaction, with one record of it.
const eraseAtOnce = 400

// Erase takes the text and the salt from records and leaves their leaves, so that
// the tree verifies as before: without the salt nobody can try out what a leaf
// was made of. What was erased is said by by, in the same transaction, so that
// Verify can tell it from what somebody emptied. It returns how many records
// lost their text.
func (l *Log) Erase(ctx context.Context, x Erasure, by Record) (int, error) {
	if x.Request == "" && x.Subject == "" {
		return 0, entente.Errorf(entente.Invalid, "say what to erase: a request or a subject")
	}
	if err := l.Flush(ctx); err != nil { // what is on its way is to be found
		return 0, err
	}
	by.Action = ActionErase
	total := 0
	for {
		n := 0
		err := l.DB.Update(ctx, func(tx *db.Tx) error {
			ranges, err := selectErased(tx, &x)
			if n = count(ranges); err != nil || n == 0 {
				return err
			}
			for _, r := range ranges {
				if _, err := tx.Exec(`UPDATE audit_record SET record = NULL, salt = $4, request = '', as_sid = '', by_sid = '', action = '', mailbox = ''
					WHERE node = $1 AND seq >= $2 AND seq < $3`, r.Node, int64(r.From), int64(r.To), []byte{}); err != nil {
					return err
				}
			}
			done := by
			done.Erased, done.Count = ranges, n
			return l.Note(done)(tx)
		})
		if err != nil {
			return total, err
		}
		if total += n; n < eraseAtOnce {
			return total, l.Flush(ctx)
		}
	}
}

func selectErased(tx *db.Tx, x *Erasure) (ranges []Range, err error) {
	rows, err := tx.Query(`SELECT node, seq FROM audit_record WHERE record IS NOT NULL AND action <> $1
		AND ($2 = '' OR request = $2) AND ($3 = '' OR as_sid = $3 OR by_sid = $3 OR $4 <> '' AND mailbox = $4)
		ORDER BY node, seq LIMIT $5`, ActionErase, x.Request, string(x.Subject), x.Mailbox, eraseAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var node string
		var seq int64
		if err := rows.Scan(&node, &seq); err != nil {
			return nil, err
		}
		if last := len(ranges) - 1; last >= 0 && ranges[last].Node == node && ranges[last].To == uint64(seq) {
			ranges[last].To++
			continue
		}
		ranges = append(ranges, Range{node, uint64(seq), uint64(seq) + 1})
	}
	return ranges, rows.Err()
}

func count(ranges []Range) (n int) {
	for _, r := range ranges {
		n += int(r.To - r.From)
	}
	return n
}

// erasures returns what all logs say was erased of a node's.
func erasures(tx *db.Tx, node string) (map[uint64]bool, error) {
	rows, err := tx.Query(`SELECT record FROM audit_record WHERE action = $1 AND record IS NOT NULL`, ActionErase)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	erased := map[uint64]bool{}
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		r, err := ParseRecord(text)
		if err != nil || r.Action != ActionErase {
			continue // the walk through its own log names it
		}
		for _, e := range r.Erased {
			for seq := e.From; e.Node == node && seq < e.To && seq-e.From < eraseAtOnce; seq++ {
				erased[seq] = true
			}
		}
	}
	return erased, rows.Err()
}
