package device

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"entente"
)

// Inform keeps what a device says of itself in DeviceInformation. What every
// request says (type, User-Agent, version) stays as it was.
func (s *Store) Inform(ctx context.Context, k Key, i Information) error {
	_, err := s.change(ctx, k, func(d *Device) error {
		i.Type, i.UserAgent, i.Version, i.XMSWL, i.Given = d.Type, d.UserAgent, d.Version, d.XMSWL, true
		d.Information, d.InformationAsked = i, 0
		return nil
	})
	return err
}

// AskedInformation counts that the device was asked for DeviceInformation.
func (s *Store) AskedInformation(ctx context.Context, k Key) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		d.InformationAsked++
		return nil
	})
}

// Challenge counts that the device was told to provision.
func (s *Store) Challenge(ctx context.Context, k Key) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		d.Challenged++
		return nil
	})
}

// newPolicyKey makes a key that is not 0 and no other given.
func newPolicyKey(not ...uint32) uint32 {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails, by its documentation
		n := binary.BigEndian.Uint32(b[:])
		taken := n == 0
		for _, other := range not {
			taken = taken || n == other
		}
		if !taken {
			return n
		}
	}
}

// OfferPolicy gives the device a temporary key, for a policy document by its name
// and hash. Until it has acknowledged that, what it has acknowledged before counts.
func (s *Store) OfferPolicy(ctx context.Context, k Key, policy, hash string) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		d.Offered, d.OfferedHash, d.Policy, d.Challenged = newPolicyKey(d.PolicyKey, d.Offered), hash, policy, 0
		return nil
	})
}

// Acknowledge takes the device's answer to the policy it was offered under a
// temporary key, and gives it the final one. accepted says whether that answer
// lets it go on; if not, it has no key afterwards.
//
// Errors: Conflict with reason StaleAnswer if the key is not the one that was
// offered last. A device that repeats its answer, since it did not get ours, has
// the same key again.
func (s *Store) Acknowledge(ctx context.Context, k Key, key uint32, compliance int, accepted bool) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		if key == 0 || key != d.Offered {
			return entente.Errorf(entente.Conflict, "the policy key is not the one that was offered").Because(StaleAnswer)
		}
		if accepted && d.PolicyKey != 0 && d.PolicyHash == d.OfferedHash && d.Compliance == compliance && d.acknowledged(key) {
			return nil
		}
		d.Compliance, d.Challenged = compliance, 0
		d.PolicyKey, d.PolicyHash, d.PolicyAt = 0, "", time.Time{}
		if accepted {
			d.PolicyKey, d.PolicyHash, d.PolicyAt = newPolicyKey(key), d.OfferedHash, s.now().UTC()
			d.AcknowledgedBy = key
			d.Rounds++
		}
		return nil
	})
}

// acknowledged reports whether the final key was given for a temporary one.
func (d *Device) acknowledged(temporary uint32) bool { return d.AcknowledgedBy == temporary }

// Settled notes that the device came with the key it was given.
func (s *Store) Settled(ctx context.Context, k Key) error {
	_, err := s.change(ctx, k, func(d *Device) error {
		d.Rounds, d.Challenged = 0, 0
		return nil
	})
	return err
}

// NoPolicy notes that the device was told that there is no policy for it.
func (s *Store) NoPolicy(ctx context.Context, k Key) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		d.PolicyKey, d.Offered, d.AcknowledgedBy, d.OfferedHash, d.Policy, d.Compliance, d.Challenged = 0, 0, 0, "", "", 0, 0
		d.PolicyHash, d.PolicyAt = NoPolicyHash, s.now().UTC()
		return nil
	})
}

// NoPolicyHash stands for the hash of a policy in devices that were told that
// there is none. No hash looks so.
const NoPolicyHash = "none"

// SetBlock blocks a device for its behaviour, or ends that with nil.
func (s *Store) SetBlock(ctx context.Context, k Key, b *Block) (*Device, error) {
	return s.change(ctx, k, func(d *Device) error {
		d.Block = b
		return nil
	})
}

// Tell notes that the administrators are to have a mail about a device's state,
// and reports whether they have had none about this one yet.
func (s *Store) Tell(ctx context.Context, k Key, state string) (first bool, err error) {
	_, err = s.change(ctx, k, func(d *Device) error {
		first = d.Told != state
		d.Told = state
		return nil
	})
	return first, err
}

// SetSpoken notes which protocol versions the device was told are spoken here.
func (s *Store) SetSpoken(ctx context.Context, k Key, versions string) error {
	_, err := s.change(ctx, k, func(d *Device) error {
		d.Spoken = versions
		return nil
	})
	return err
}
