package keys

import (
	"context"
	"fmt"

	"entente/db"
)

// ChangeMaster seals the keys of all organizations in the database under a new
// master key and forgets the old one. It may be stopped at any point and
// called again: until the last step the file has both.
//
// It is run while no other process uses the file, which others have read.
func ChangeMaster(ctx context.Context, d *db.DB, f *Files) error {
	k, err := randomMasterKey()
	if err != nil {
		return err
	}
	next := &master{append([]masterKey{k}, f.master.keys...)}
	if len(next.keys) > maxMasters {
		// Changes broken off before left these; none has more than the last.
		next.keys = append([]masterKey{}, f.master.keys...)
	}
	if err := f.write(masterFile, next.marshal(), f.root.Rename); err != nil {
		return fmt.Errorf("write new master key: %w", err)
	}
	f.master = next
	if err := d.Update(ctx, func(tx *db.Tx) error { return rewrap(tx, next) }); err != nil {
		return fmt.Errorf("seal keys again: %w", err)
	}
	only := &master{next.keys[:1]}
	if err := f.write(masterFile, only.marshal(), f.root.Rename); err != nil {
		return fmt.Errorf("drop old master key: %w", err)
	}
	f.master = only
	return nil
}

// rewrap seals every key again. There are few: some for each organization.
func rewrap(tx *db.Tx, m *master) error {
	rows, err := tx.Query(`SELECT organization, purpose, id, master, sealed FROM keys_sealed`)
	if err != nil {
		return err
	}
	type row struct {
		organization, purpose, id, master string
		sealed                            []byte
	}
	var all []row
	for rows.Next() {
		var w row
		if err := rows.Scan(&w.organization, &w.purpose, &w.id, &w.master, &w.sealed); err != nil {
			return err
		}
		all = append(all, w)
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	for _, w := range all {
		about := aad(w.organization, w.purpose, w.id)
		plain, err := m.open(w.master, w.sealed, about)
		if err != nil {
			return fmt.Errorf("key %s of %s: %w", w.id, w.organization, err)
		}
		name, sealed := m.seal(plain, about)
		clear(plain)
		if _, err := tx.Exec(`UPDATE keys_sealed SET master = $4, sealed = $5 WHERE organization = $1 AND purpose = $2 AND id = $3`,
			w.organization, w.purpose, w.id, name, sealed); err != nil {
			return err
		}
	}
	return nil
}
