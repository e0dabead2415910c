package clientaccess

import (
	"entente"
	"entente/access"
)

// Device decides what a mobile device may do with the mailbox of whom the caller
// acts as. The decision is in the request's record, with the device's id. Errors:
// Denied with the reasons of access.DeviceAccess.
func (s *Session) Device(dev *access.Device) (access.DeviceAccess, error) {
	if !s.passed {
		return access.DeviceAccess{}, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	a, err := s.snapshot.DeviceAccess(s.caller, dev, s.started, &s.trace)
	if err != nil {
		s.Target(entente.MailboxID{}, "device:"+bounded(dev.ID))
	}
	return a, err
}
