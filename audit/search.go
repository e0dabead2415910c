package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"entente"
	"entente/db"
)

// A Filter selects records. Zero fields do not restrict.
type Filter struct {
	Since, Until time.Time
	Request      string
	As, By       entente.SID
	Outsider     string // address of somebody of another organization
	Mailbox      string
	Action       string
	Code         string // what the wire answered; Success for none
	Ground       string // id of an assignment or item grant, or whose permission it was
	Refused      bool   // only refusals
	Limit        int    // 0 is 100; at most 10,000
}

// Success is the code in a Filter of what was answered without one.
const Success = "NoError"

// matches reports what the columns do not.
func (f *Filter) matches(r *Record) bool {
	switch {
	case f.Outsider != "" && (r.As.SID != "" || string(r.As.Mail) != f.Outsider):
		return false
	case f.Code != "" && f.Code != r.Code && (f.Code != Success || r.Code != ""):
		return false
	case f.Ground != "" && !slices.ContainsFunc(r.Grounds, func(g Ground) bool { return g.ID == f.Ground }):
		return false
	}
	return true
}

const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// Search returns matching records of all nodes, newest first.
func (l *Log) Search(ctx context.Context, f Filter) ([]Record, error) {
	limit := min(max(f.Limit, 0), maxLimit)
	if limit == 0 {
		limit = defaultLimit
	}
	until := int64(1) << 62
	if !f.Until.IsZero() {
		until = f.Until.UnixMicro()
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
	}
	read := int64(limit)
	if f.Code != "" || f.Ground != "" || f.Outsider != "" {
		read = 1 << 40 // those are looked for in the records themselves
	}
	var found []Record
	err := l.DB.View(ctx, func(tx *db.Tx) error {
		found = nil
		rows, err := f.query(tx, since, until, read)
		if err != nil {
			return err
		}
		defer rows.Close()
		for len(found) < limit && rows.Next() {
			var text []byte
			if err := rows.Scan(&text); err != nil {
				return err
			}
			r, err := ParseRecord(text)
			if err != nil {
				return err
			}
			if f.matches(r) {
				found = append(found, *r)
			}
		}
		return rows.Err()
	})
	return found, err
}

// What all searches ask. A condition that may be empty is one no index serves,
// so what restricts most is asked once more, plainly, before it.
const (
	searchHead = `SELECT record FROM audit_record WHERE record IS NOT NULL AND at >= $1 AND at < $2`
	searchTail = ` AND ($3 = '' OR request = $3) AND ($4 = '' OR as_sid = $4) AND ($5 = '' OR by_sid = $5)
		AND ($6 = '' OR mailbox = $6) AND ($7 = '' OR action = $7) AND (NOT $8 OR NOT allowed)
		ORDER BY at DESC, node, seq DESC LIMIT $9`
)

// query asks by the index that serves the filter best.
func (f *Filter) query(tx *db.Tx, since, until, read int64) (*db.Rows, error) {
	args := [...]any{since, until, f.Request, string(f.As), string(f.By), f.Mailbox, f.Action, f.Refused, read}
	switch {
	case f.Request != "":
		return tx.Query(searchHead+` AND request = $3`+searchTail, args[:]...)
	case f.Mailbox != "":
		return tx.Query(searchHead+` AND mailbox = $6`+searchTail, args[:]...)
	case f.By != "":
		return tx.Query(searchHead+` AND by_sid = $5`+searchTail, args[:]...)
	case f.As != "":
		return tx.Query(searchHead+` AND (as_sid = $4 AND as_sid <> by_sid OR by_sid = $4 AND as_sid = by_sid)`+searchTail, args[:]...)
	}
	return tx.Query(searchHead+searchTail, args[:]...)
}

// Checkpoint returns the node's last signed checkpoint, to be kept elsewhere
// and given to Verify; empty if there is none yet.
func Checkpoint(ctx context.Context, d *db.DB, node string) (string, error) {
	var text string
	err := d.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`SELECT note FROM audit_checkpoint WHERE node = $1 ORDER BY size DESC LIMIT 1`, node).Scan(&text)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return text, err
}
