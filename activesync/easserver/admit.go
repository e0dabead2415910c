package easserver

import (
	"errors"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/device"
)

// admit decides whether the phone behind a request may go on: its partnership,
// whether it is to be wiped, its device access state, its policy. It fills
// c.device, and c.confined if the phone may see the hierarchy alone. It is asked
// after Session.Enter, and again whenever a request that waits passes the door
// again.
//
// An error is a *statusError of what the phone is told, a *restError, or of the
// store.
func (c *call) admit() error {
	d, err := c.h.Devices.Meet(c.ctx, c.key(), c.seen())
	if err != nil {
		return c.tooMany(err)
	}
	c.device, c.mobile = d, c.s.Snapshot().MobilePolicyOf(d.Account)
	if d.Wipe.Pending() {
		if c.line.Command == activesync.Provision {
			return nil
		}
		return &statusError{activesync.RemoteWipeRequested, "the device is to wipe itself"}
	}
	if err := c.behaves(); err != nil {
		return err
	}
	if err := c.deviceState(); err != nil {
		return err
	}
	if c.h.commands[c.line.Command].free {
		return nil
	}
	return c.provisioned()
}

// key names the phone's partnership.
func (c *call) key() device.Key {
	caller := c.s.Caller()
	k := device.Key{Account: caller.Subject().SID, ID: c.line.DeviceID}
	if k.Account != caller.Authenticated.SID {
		k.By = caller.Authenticated.SID
	}
	return k
}

// seen is what the request says of the phone.
func (c *call) seen() device.Seen {
	caller := c.s.Caller()
	s := device.Seen{Type: c.line.DeviceType, UserAgent: caller.UserAgent, Version: c.line.Version.String(), Spoken: c.h.spoken}
	if c.in != nil {
		s.XMSWL = c.in.Header.Get("X-MS-WL")
	}
	if caller.Method == access.Certificate {
		s.Certificate = caller.Evidence
	}
	return s
}

// tooMany tells a phone that there is no room for its partnership. One id for many
// accounts is a program at work: the administrators may want to know.
func (c *call) tooMany(err error) error {
	var e *entente.Error
	if !errors.As(err, &e) || e.Reason != device.TooMany && e.Reason != device.TooManyUsers {
		return err
	}
	c.s.Target(entente.MailboxID{}, "device:"+c.line.DeviceID)
	if e.Reason == device.TooManyUsers {
		c.h.Log.Warn("device id of too many accounts", "device", c.line.DeviceID, "account", string(c.s.Caller().Authenticated.SID),
			"address", c.s.Caller().Address)
	}
	return &statusError{activesync.MaximumDevicesReached, e.Text}
}

// deviceState asks whether the device may synchronize. One that does not keep to
// the policy may try again to; one that is quarantined, or not known well enough
// yet, may see the hierarchy.
func (c *call) deviceState() error {
	a, err := c.s.Device(c.device.Facts())
	if err == nil {
		return nil
	}
	free := c.h.commands[c.line.Command].free
	switch a.State {
	case access.DeviceQuarantine, access.DeviceDiscovery:
		c.confined = a.State
		if a.State == access.DeviceQuarantine {
			c.tellAdministrators(a)
		}
		if free || confinedMay(c.line.Command) {
			return nil
		}
		return &statusError{activesync.DeviceIsBlockedForThisUser, err.Error()}
	case access.DeviceBlocked:
		switch {
		case a.Reason != access.ReasonPolicy:
			return &statusError{activesync.DeviceIsBlockedForThisUser, err.Error()}
		case free:
			return nil
		case c.device.Compliance == device.ManagedElsewhere:
			return &statusError{activesync.ExternallyManagedDevices, err.Error()}
		case c.device.Compliance != 0:
			return &statusError{activesync.DeviceNotFullyProvisionable, err.Error()}
		}
		return &statusError{activesync.LegacyDeviceOnStrictPolicy, err.Error()}
	}
	return &statusError{activesync.AccessDenied, err.Error()}
}

// provisioned asks whether the device has acknowledged the policy that holds, as it
// is streamed to its version. [MS-ASPROV] 3.2.5
//
// No device is asked for ever: one that comes back without having tried counts as
// one that cannot, and one that acknowledges and does not come with the key it is
// given is made to wait.
func (c *call) provisioned() error {
	p, d := c.policy(), c.device
	if p == nil || p.NoPolicy {
		// Nothing is asked of it, unless what it is must be known: from 14.1 on it says
		// so when it provisions.
		if c.confined == access.DeviceDiscovery && c.at(activesync.V141) && d.Challenged < device.MaxChallenges {
			return c.challenge(activesync.DeviceNotProvisioned)
		}
		return nil
	}
	if c.line.PolicyKey != 0 && c.line.PolicyKey == d.PolicyKey {
		switch {
		case d.PolicyHash != c.h.policyHash(c.s.Snapshot(), p, d.PolicyHash, c.line.Version):
			return c.challenge(activesync.InvalidPolicyKey) // the policy has changed
		case p.DevicePolicyRefreshInterval > 0 && c.s.Now().Sub(d.PolicyAt) >= p.DevicePolicyRefreshInterval:
			return c.challenge(activesync.PolicyRefresh)
		case d.Rounds == 0 && d.Challenged == 0:
			return nil
		}
		return c.h.Devices.Settled(c.ctx, d.Key)
	}
	switch {
	case d.Challenged >= device.MaxChallenges:
		return nil // deviceState has asked whether the policy takes it
	case c.line.PolicyKey == 0 || d.PolicyKey == 0:
		return c.challenge(activesync.DeviceNotProvisioned)
	}
	return c.challenge(activesync.InvalidPolicyKey)
}

// maxKeyRounds is how often in a row a device acknowledges a policy and comes without
// the key it was given, before it is made to wait.
const maxKeyRounds = 5

// challenge has the device provision.
func (c *call) challenge(s activesync.Status) error {
	if c.device.Rounds >= maxKeyRounds && c.s.Now().Sub(c.device.PolicyAt) < restTime {
		return &restError{restTime, "the device does not use the policy key it is given"}
	}
	if c.device.Challenged < device.MaxChallenges {
		d, err := c.h.Devices.Challenge(c.ctx, c.device.Key)
		if err != nil {
			return err
		}
		c.device = d
	}
	return &statusError{s, "the device is to provision first"}
}

// restTime is for how long a device that asks in vain is sent away.
const restTime = 5 * time.Minute

// A restError sends a device away for a while: HTTP 503 with Retry-After.
// [MS-ASHTTP] 2.2.2
type restError struct {
	wait time.Duration
	text string
}

// Error implements error.
func (e *restError) Error() string { return e.text }
