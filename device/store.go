package device

import (
	"time"

	"entente/db"
)

// A Store keeps devices. It is safe for concurrent use.
type Store struct {
	db  *db.DB
	now func() time.Time
}

// NewStore returns a store on a database that Schema was applied to.
func NewStore(d *db.DB, now func() time.Time) *Store { return &Store{db: d, now: now} }
