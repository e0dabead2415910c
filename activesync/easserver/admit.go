package easserver

import (
	"errors"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/device"
)

// admit decides whether the phone behind a request may go on: its partnership,
// whether it is to be wiped, its device access state, its policy. It fills
// c.device. It is asked after Session.Enter, and again whenever a request that
// waits passes the door again.
//
// An error is a *statusError or *httpError of what the phone is told, or of the
// store.
func (c *call) admit() error {
	d, err := c.h.Devices.Meet(c.ctx, c.key(), c.seen())
	if err != nil {
		return tooMany(err)
	}
	c.device = d
	return c.wipeFirst()
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
	s := device.Seen{Type: c.line.DeviceType, UserAgent: caller.UserAgent, Version: c.line.Version.String()}
	if caller.Method == access.Certificate {
		s.Certificate = caller.Evidence
	}
	return s
}

// tooMany tells a phone that there is no room for its partnership.
func tooMany(err error) error {
	var e *entente.Error
	if errors.As(err, &e) && (e.Reason == device.TooMany || e.Reason == device.TooManyUsers) {
		return &statusError{activesync.MaximumDevicesReached, e.Text}
	}
	return err
}

// wipeFirst has nothing but Provision answered while a wipe is to be told, and
// nothing at all after it.
func (c *call) wipeFirst() error {
	switch w := c.device.Wipe; {
	case w.Done():
		return &statusError{activesync.DeviceIsBlockedForThisUser, "the device was wiped, and its partnership is still there"}
	case w.Pending() && c.line.Command != activesync.Provision:
		return &statusError{activesync.RemoteWipeRequested, "the device is to wipe itself"}
	}
	return nil
}
