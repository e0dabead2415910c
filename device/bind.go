package device

import (
	"context"

	"entente"
	"entente/db"
)

// Reasons why a device does not come by the certificate it comes with.
const (
	BoundToAnother entente.Reason = "device-of-another-account" // it was seen with a certificate of another's
	WrongPin       entente.Reason = "device-other-certificate"  // the certificate is not what it is pinned to
)

// Bind pins a device to what its user's certificate shows: the first time it comes
// it is pinned, and from then on it comes with nothing else. A device that one
// account proved to have is no other's. Both end with the partnership.
//
// d is what Meet returned; a device that is pinned already costs nothing.
func (s *Store) Bind(ctx context.Context, d *Device, pin string) error {
	if d.Pin == pin {
		return nil
	}
	if d.Pin != "" {
		return entente.Errorf(entente.Denied, "the device comes with another certificate than it is bound to; remove it if that is right").Because(WrongPin)
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if err := unbound(tx, d.Key); err != nil {
			return err
		}
		_, err := changeIn(tx, d.Key, func(d *Device) error {
			if d.Pin != "" && d.Pin != pin { // a request beside this one was first
				return entente.Errorf(entente.Denied, "the device comes with another certificate than it is bound to").Because(WrongPin)
			}
			d.Pin = pin
			return nil
		})
		return err
	})
	s.forget(d.Key)
	return err
}

// unbound refuses a device id that another account has proved to have.
func unbound(tx *db.Tx, k Key) error {
	rows, err := tx.Query(deviceColumns+` WHERE device_id = $1 AND account <> $2`, k.ID, k.Account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		other, err := scanDevice(rows.Scan)
		if err != nil {
			return err
		}
		if other.Pin != "" && other.By == "" {
			return entente.Errorf(entente.Denied, "the device is bound to a certificate of another account").Because(BoundToAnother)
		}
	}
	return rows.Err()
}
