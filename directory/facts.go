package directory

import (
	"context"

	"entente/access"
	"entente/db"
)

// Facts reads all that decisions rest on, as it is committed, for explanations
// of what would change them. It costs what opening the directory does; nothing
// that serves requests may use it.
func (d *Directory) Facts(ctx context.Context) (f access.Facts, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		r := newReader(tx, nil)
		if err := r.tx.QueryRow(`SELECT generation FROM directory_organization WHERE id = 1`).Scan(&r.facts.Generation); err != nil {
			return err
		}
		err := r.readAll()
		f = r.facts
		return err
	})
	if d.Altered() {
		f.Assignments = nil // they do not count until somebody has looked
	}
	return f, err
}
