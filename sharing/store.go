package sharing

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"entente"
	"entente/db"
)

const (
	columns   = `SELECT mailbox_id, folder_id, name, level, behind, ahead, searchable, zone, secret, changed, mark FROM sharing_publication`
	byFolder  = columns + ` WHERE mailbox_id = $1 AND folder_id = $2`
	ofMailbox = columns + ` WHERE mailbox_id = $1 ORDER BY folder_id`
	all       = columns + ` ORDER BY mailbox_id, folder_id`
)

// publications reads rows. One that does not bear the organization's mark was
// not made by Publish: it is published by nobody, and the log says so.
func (s *Service) publications(rows *db.Rows, err error) ([]Publication, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Publication
	for rows.Next() {
		var p Publication
		var id, secret, mark []byte
		var changed int64
		if err := rows.Scan(&id, &p.Folder, &p.Name, &p.Level, &p.Behind, &p.Ahead, &p.Searchable, &p.Zone, &secret, &changed, &mark); err != nil {
			return nil, err
		}
		p.Changed = time.Unix(changed, 0).UTC()
		if copy(p.Mailbox[:], id) != len(p.Mailbox) || copy(p.secret[:], secret) != len(p.secret) || !s.Seal.Valid(p.marked(), mark) {
			s.Log.Error("a published calendar's row was altered, and is not served", "mailbox", p.Mailbox.String(), "folder", p.Folder)
			continue
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func (s *Service) put(tx *db.Tx, p *Publication) error {
	_, err := tx.Exec(`INSERT INTO sharing_publication (mailbox_id, folder_id, name, level, behind, ahead, searchable, zone, secret, changed, mark)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (mailbox_id, folder_id) DO UPDATE SET name = $3, level = $4, behind = $5, ahead = $6, searchable = $7,
			zone = $8, secret = $9, changed = $10, mark = $11`,
		p.Mailbox[:], p.Folder, p.Name, int(p.Level), int(p.Behind), int(p.Ahead), p.Searchable, p.Zone, p.secret[:],
		p.Changed.Unix(), s.Seal.Append(nil, p.marked()))
	return err
}

// marked is what the mark is over: every field, so long that none runs into the
// next.
func (p *Publication) marked() []byte {
	b := append([]byte("publication\x00"), p.Mailbox[:]...)
	b = append(b, p.secret[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Folder))
	b = append(b, byte(p.Level), byte(p.Behind), byte(p.Ahead), 0)
	if p.Searchable {
		b[len(b)-1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.Changed.Unix()))
	for _, text := range [...]string{p.Name, p.Zone} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}

func newSecret() (s [16]byte) {
	_, _ = rand.Read(s[:]) // never fails, by its documentation
	return s
}

// nameIn finds a name in any case of letters.
func nameIn(names []string, s, what string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(n, s) {
			return i, nil
		}
	}
	return 0, entente.Errorf(entente.Invalid, "%q is no %s: one of %s", s, what, strings.Join(names, ", "))
}
