package device

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/db"
)

// Get returns a partnership. Errors: NotFound with reason NoSuchDevice.
func (s *Store) Get(ctx context.Context, k Key) (*Device, error) {
	var d *Device
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		d, err = readDevice(tx, k)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, missing(k)
	}
	if err != nil {
		return nil, err
	}
	s.latest(d)
	return d, nil
}

// Of returns the partnerships of a mailbox, the one seen last first.
func (s *Store) Of(ctx context.Context, account entente.SID) ([]Device, error) {
	return s.query(ctx, func(tx *db.Tx) (*db.Rows, error) {
		return tx.Query(deviceColumns+` WHERE account = $1 ORDER BY last_at DESC, device_id, by_sid`, account)
	})
}

// Called returns the partnerships of a device id, whoever they are of.
func (s *Store) Called(ctx context.Context, id string) ([]Device, error) {
	return s.query(ctx, func(tx *db.Tx) (*db.Rows, error) {
		return tx.Query(deviceColumns+` WHERE device_id = $1 ORDER BY account, by_sid`, id)
	})
}

// maxListed bounds how many devices a list has.
const maxListed = 100_000

// List returns all partnerships, those of a mailbox together.
func (s *Store) List(ctx context.Context) ([]Device, error) {
	return s.query(ctx, func(tx *db.Tx) (*db.Rows, error) {
		return tx.Query(deviceColumns+` ORDER BY account, device_id, by_sid LIMIT $1`, maxListed)
	})
}

func (s *Store) query(ctx context.Context, q func(*db.Tx) (*db.Rows, error)) (all []Device, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := q(tx)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			d, err := scanDevice(rows.Scan)
			if err != nil {
				return err
			}
			all = append(all, *d)
		}
		return rows.Err()
	})
	for i := range all {
		s.latest(&all[i])
	}
	return all, err
}

// latest sets Last to what this process knows of it.
func (s *Store) latest(d *Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.known[d.Key]; r != nil && r.device.Last.After(d.Last) {
		d.Last = r.device.Last
	}
}

// Remove ends a partnership: the device is unknown afterwards, and may make a new
// one. Errors: NotFound with reason NoSuchDevice.
func (s *Store) Remove(ctx context.Context, k Key) error {
	return s.RemoveWith(ctx, k, nil)
}

// RemoveWith is Remove, with what is committed with it or not at all: its record.
func (s *Store) RemoveWith(ctx context.Context, k Key, also func(*db.Tx) error) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM device WHERE account = $1 AND device_id = $2 AND by_sid = $3`, k.Account, k.ID, k.By)
		if err == nil && n == 0 {
			err = missing(k)
		}
		if err == nil && also != nil {
			err = also(tx)
		}
		return err
	})
	s.forget(k)
	return err
}

// Unused returns partnerships that were not used since a time, at most n. One
// that is to be wiped, or was, is none of them: it waits for its device.
func (s *Store) Unused(ctx context.Context, since time.Time, n int) ([]Device, error) {
	all, err := s.query(ctx, func(tx *db.Tx) (*db.Rows, error) {
		return tx.Query(deviceColumns+` WHERE last_at < $1 ORDER BY last_at LIMIT $2`, since.UnixMicro(), n)
	})
	kept := all[:0]
	for _, d := range all {
		if d.Wipe == NoWipe && d.Last.Before(since) {
			kept = append(kept, d)
		}
	}
	return kept, err
}
