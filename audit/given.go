package audit

import (
	"context"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// A Given is rights on a mailbox as a whole that somebody gave or took while he
// acted for another.
type Given struct {
	ID       int64
	At       time.Time
	Request  string
	By, As   entente.SID
	Grounds  []string // what let him
	Mailbox  string
	To       entente.SID
	Had, Has access.Rights // of the rights that were changed
}

// NoteGiven leaves a Given in the transaction of the change it tells of.
func (l *Log) NoteGiven(g Given) Note {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit_given (at, request, by_sid, as_sid, grounds, mailbox, to_sid, had, has, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`, l.Now().UnixMicro(), g.Request, string(g.By), string(g.As),
			strings.Join(g.Grounds, "\n"), g.Mailbox, string(g.To), int64(g.Had), int64(g.Has))
		return err
	}
}

// SettleGiven says, in the transaction that undoes it, that a Given stands no
// more; or, kept, that it is to stand.
func (l *Log) SettleGiven(id int64, kept bool) Note {
	state := 1
	if kept {
		state = 2
	}
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE audit_given SET state = $2 WHERE id = $1`, id, state)
		return err
	}
}

// Given returns what stands, newest first.
func (l *Log) Given(ctx context.Context) (all []Given, err error) {
	err = l.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT id, at, request, by_sid, as_sid, grounds, mailbox, to_sid, had, has FROM audit_given
			WHERE state = 0 ORDER BY id DESC`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var g Given
			var at int64
			var grounds string
			if err := rows.Scan(&g.ID, &at, &g.Request, &g.By, &g.As, &grounds, &g.Mailbox, &g.To, &g.Had, &g.Has); err != nil {
				return err
			}
			g.At, g.Grounds = time.UnixMicro(at).UTC(), strings.Split(grounds, "\n")
			all = append(all, g)
		}
		return rows.Err()
	})
	return all, err
}
