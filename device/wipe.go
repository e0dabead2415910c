package device

import (
	"context"
	"time"

	"entente"
	"entente/db"
)

// accountWipeSince is the protocol version that has account-only wipe.
// [MS-ASPROV] 2.2.2.1
const accountWipeSince = "16.1"

// A WipeOrder is that a device is to be wiped, and who wants it.
type WipeOrder struct {
	By      string // who asks, as records name him
	Account bool   // only the account's data
	Lost    bool   // the device is in strange hands: only Provision is answered
}

// RequestWipe has a device told to wipe itself with its next request.
//
// Errors: Invalid with reason CannotWipe for an account-only wipe of a device whose
// protocol has none, and OnlyAccount for a full one of a phone by which somebody
// acts for another: it is not that other's phone.
func (s *Store) RequestWipe(ctx context.Context, k Key, o WipeOrder, also func(*db.Tx) error) (*Device, error) {
	return s.changeWith(ctx, k, also, func(d *Device) error {
		switch {
		case !o.Account && k.By != "":
			return entente.Errorf(entente.Invalid, "somebody else's device, by which he acts for this mailbox, can only have the account's data wiped").Because(OnlyAccount)
		case o.Account && d.Version != accountWipeSince:
			return entente.Errorf(entente.Invalid, "the device speaks version %s, in which only the whole device can be wiped: block it or remove it instead", d.Version).Because(CannotWipe)
		}
		now := s.now().UTC()
		d.Wipe, d.WipeAt, d.WipeBy = WipeRequested, now, o.By
		if o.Account {
			d.Wipe = AccountRequested
		}
		if o.Lost {
			d.Lost = now
		}
		return nil
	})
}

// CancelWipe takes back what the device has not been told yet. Errors: Conflict
// with reason WipeIsUnder for what it has.
func (s *Store) CancelWipe(ctx context.Context, k Key, also func(*db.Tx) error) (*Device, error) {
	return s.changeWith(ctx, k, also, func(d *Device) error {
		switch d.Wipe {
		case WipeRequested, AccountRequested:
			d.Wipe, d.WipeAt, d.WipeBy, d.Lost = NoWipe, time.Time{}, "", time.Time{}
			return nil
		case NoWipe:
			return entente.Errorf(entente.Conflict, "the device is not to be wiped")
		}
		return entente.Errorf(entente.Conflict, "the device has been told to wipe itself already").Because(WipeIsUnder)
	})
}

// WipeTold notes that the directive to wipe has gone to the device.
func (s *Store) WipeTold(ctx context.Context, k Key) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		switch d.Wipe {
		case WipeRequested, WipeFailed:
			d.Wipe = WipeSent
		case AccountRequested, AccountWipeRefused:
			d.Wipe = AccountSent
		}
		return nil
	})
}

// WipeAnswered takes the device's word about its wipe. A device that was not told
// to has nothing to say.
func (s *Store) WipeAnswered(ctx context.Context, k Key, account, success bool, also func(*db.Tx) error) (*Device, error) {
	return s.changeWith(ctx, k, also, func(d *Device) error {
		if d.Wipe != WipeSent && d.Wipe != AccountSent || account != d.Wipe.OfAccount() {
			return entente.Errorf(entente.Invalid, "the device was not told to wipe itself")
		}
		switch {
		case account && success:
			d.Wipe = AccountWiped
		case account:
			d.Wipe = AccountWipeRefused
		case success:
			d.Wipe = Wiped
		default:
			d.Wipe = WipeFailed
		}
		d.WipeAt = s.now().UTC()
		d.PolicyKey, d.PolicyHash, d.Offered, d.OfferedHash = 0, "", 0, ""
		return nil
	})
}
