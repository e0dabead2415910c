package server

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/easserver"
	"entente/clientaccess"
	"entente/device"
)

// A devicePin is what of a client certificate the gateway binds mobile devices to.
type devicePin string

// What it can be. Whatever it is, a device that came with a certificate of one
// account does not come with another's.
const (
	pinIssuer devicePin = "issuer"        // whoever issued it: renewals by the same go on; the default
	pinKey    devicePin = "key"           // its key: a renewal with another is a new device
	pinSerial devicePin = "serial-number" // the subject's serialNumber, which devices' managers put there
	pinNone   devicePin = "none"
)

func parseDevicePin(s string) (devicePin, error) {
	switch p := devicePin(s); p {
	case "":
		return pinIssuer, nil
	case pinIssuer, pinKey, pinSerial, pinNone:
		return p, nil
	}
	return "", fmt.Errorf("device_pin: %q is none of issuer, key, serial-number, none", s)
}

// of returns what a device is bound to, "" for nothing.
func (p devicePin) of(c *x509.Certificate) string {
	short := func(b []byte) string {
		sum := sha256.Sum256(b)
		return string(p) + " " + hex.EncodeToString(sum[:16])
	}
	switch p {
	case pinKey:
		return short(c.RawSubjectPublicKeyInfo)
	case pinSerial:
		return string(p) + " " + c.Subject.SerialNumber
	case pinNone:
		return ""
	}
	return short(append(append([]byte{}, c.RawIssuer...), c.AuthorityKeyId...))
}

// A deviceGate asks about the device behind a request for another's server, before
// anything is delegated: a device that is blocked costs no ticket.
type deviceGate struct {
	devices *device.Store
	pin     devicePin
}

// A gateRefusal is a status that the device is told.
type gateRefusal struct {
	line   activesync.RequestLine
	status activesync.Status
	err    error
}

// Error implements error.
func (g *gateRefusal) Error() string { return g.err.Error() }

func (g *gateRefusal) Unwrap() error { return g.err }

// ask refuses requests of devices that may not synchronize, or that do not come by
// the certificate they are bound to. The gateway does not read what is inside
// requests: what devices say there of themselves it does not know, and rules about
// models and systems say nothing of them here.
func (g *deviceGate) ask(s *clientaccess.Session, r *http.Request) error {
	line, err := activesync.ParseRequestLine(r.URL.RawQuery, r.Header.Get)
	if err != nil {
		return entente.Errorf(entente.Invalid, "the request is not understood")
	}
	refuse := func(st activesync.Status, err error) error { return &gateRefusal{line, st, err} }
	caller := s.Caller()
	seen := device.Seen{Type: line.DeviceType, UserAgent: caller.UserAgent, Version: line.Version.String(), XMSWL: r.Header.Get("X-MS-WL")}
	if caller.Method == access.Certificate {
		seen.Certificate = caller.Evidence
	}
	d, err := g.devices.Meet(r.Context(), device.Key{Account: caller.Subject().SID, ID: line.DeviceID}, seen)
	if isDeviceReason(err, device.TooMany, device.TooManyUsers) {
		return refuse(activesync.MaximumDevicesReached, err)
	}
	if err != nil {
		return err
	}
	if caller.Method == access.Certificate && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 && g.pin != pinNone {
		if err := g.devices.Bind(r.Context(), d, g.pin.of(r.TLS.PeerCertificates[0])); err != nil {
			if !isDeviceReason(err, device.BoundToAnother, device.WrongPin) {
				return err
			}
			s.Target(entente.MailboxID{}, "device:"+d.ID)
			return refuse(activesync.DeviceIsBlockedForThisUser, err)
		}
	}
	facts := d.Facts()
	facts.Informed, facts.Unprovisionable = true, false
	if _, err := s.Device(facts); err != nil {
		return refuse(activesync.DeviceIsBlockedForThisUser, err)
	}
	p := s.Snapshot().MobilePolicyOf(d.Account)
	if p != nil && !p.NoPolicy && !p.AllowNonProvisionableDevices && line.PolicyKey == 0 && line.Command != activesync.Provision {
		return refuse(activesync.DeviceNotProvisioned, entente.Errorf(entente.Denied, "the device has acknowledged no policy").Because(access.DeviceUnprovisionable))
	}
	return nil
}

func isDeviceReason(err error, of ...entente.Reason) bool {
	var e *entente.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, r := range of {
		if e.Reason == r {
			return true
		}
	}
	return false
}

// write answers as the server inside would.
func (g *gateRefusal) write(w http.ResponseWriter) {
	status, kind, body := easserver.Refusal(g.line, g.status)
	if body == nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone is told nothing
}
