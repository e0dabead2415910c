package access

import (
	"slices"
	"strings"
	"time"

	"entente"
)

// Reasons why a device does not synchronize; they name what to change. Those of
// DeviceAccessStateReason follow from them: DeviceAccess.Reason.
const (
	DeviceWiped           entente.Reason = "device-wiped"
	DeviceLost            entente.Reason = "device-lost"
	DeviceMisbehaved      entente.Reason = "device-misbehaved"      // blocked for its behaviour, for a while
	DeviceUnprovisionable entente.Reason = "device-unprovisionable" // it does not keep to the policy
	NoDevice              entente.Reason = "device-none"            // none was named
	DeviceBlockedHere     entente.Reason = "device-blocked-here"    // ActiveSyncBlockedDeviceIDs of the mailbox
	DeviceBlockedByRule   entente.Reason = "device-blocked-by-rule"
	DeviceQuarantined     entente.Reason = "device-quarantined"      // by a rule or the organization's default
	DeviceBlockedByAll    entente.Reason = "device-blocked-by-all"   // the organization's default
	DeviceUndiscovered    entente.Reason = "device-being-discovered" // what it is is not known yet
)

// A DeviceAccessState is what a device may do at present. Exchange:
// DeviceAccessState.
type DeviceAccessState uint8

// The states, by Exchange's names.
const (
	DeviceUnknown DeviceAccessState = iota
	DeviceAllowed
	DeviceBlocked
	DeviceQuarantine // shows the hierarchy of folders and one message that explains it
	DeviceDiscovery  // is like quarantine, for some minutes and without the message
)

var deviceStateNames = [...]string{"Unknown", "Allowed", "Blocked", "Quarantined", "DeviceDiscovery"}

// String returns the state's name.
func (s DeviceAccessState) String() string {
	return deviceStateNames[min(int(s), len(deviceStateNames)-1)]
}

// DiscoveryTime is how long a device that has not sent its DeviceInformation is
// waited for. After it, it is decided on by what is known.
const DiscoveryTime = 14 * time.Minute

// A DeviceAccess is what was decided about a device. Reason is one of Exchange's
// DeviceAccessStateReason: Global, Individual, DeviceRule, Policy, Wiped or a
// Behaviour.
type DeviceAccess struct {
	State  DeviceAccessState
	Reason string
	Rule   string // its name, if Reason is DeviceRule
}

// Reasons of a DeviceAccess, by Exchange's names.
const (
	ReasonGlobal     = "Global"
	ReasonIndividual = "Individual"
	ReasonDeviceRule = "DeviceRule"
	ReasonPolicy     = "Policy"
	ReasonWiped      = "Wiped" // ours: Exchange has no state after a wipe
	ReasonLost       = "Lost"  // ours
)

// deviceRule is a DeviceRule with what steps say of it.
type deviceRule struct {
	DeviceRule
	name, fact string
}

// ruleKey is what rules are looked up by.
type ruleKey struct {
	of    DeviceCharacteristic
	query string // in lower case
}

// setDevices puts the organization's settings in place of those there were.
func (c *change) setDevices(o *DeviceOrganization) {
	c.devices = *o
	c.deviceDefault = "organization: DefaultAccessLevel " + string(o.Level())
}

// setDeviceRules puts all device access rules in place of those there were. Of two
// about the same devices the stricter counts.
func (c *change) setDeviceRules(all []DeviceRule) {
	c.deviceRules, c.discovers = make(map[ruleKey]*deviceRule, len(all)), false
	c.deviceRuleList = all
	for i := range all {
		name := all[i].Name()
		r := &deviceRule{all[i], name, name + ": " + string(all[i].Level)}
		k := ruleKey{r.Characteristic, strings.ToLower(r.QueryString)}
		if other := c.deviceRules[k]; other == nil || r.strictness() > other.strictness() {
			c.deviceRules[k] = r
		}
		c.discovers = c.discovers || r.Characteristic.discovered()
	}
}

// strictness orders rules: a device that one blocks and another quarantines or
// allows is blocked, and one that is quarantined and allowed is quarantined.
func (r *deviceRule) strictness() int {
	switch r.Level {
	case AllowDevice:
		return 0
	case QuarantineDevice:
		return 1
	}
	return 2 // BlockDevice, and whatever else the level may have come to hold
}

// ruleFor finds the strictest rule about a device; nil if none is.
func (s *Snapshot) ruleFor(d *Device) (found *deviceRule) {
	if len(s.deviceRules) == 0 {
		return nil
	}
	for _, c := range [...]DeviceCharacteristic{DeviceType, DeviceModel, DeviceOS, UserAgent, XMSWLHeader} {
		v := d.of(c)
		if v == "" {
			continue
		}
		if r := s.deviceRules[ruleKey{c, strings.ToLower(v)}]; r != nil && (found == nil || r.strictness() > found.strictness()) {
			found = r
		}
	}
	return found
}

// DeviceRules returns the device access rules, in the order of the facts. They
// must not be changed.
func (s *Snapshot) DeviceRules() []DeviceRule { return s.deviceRuleList }

// Devices returns what is set of all devices. It must not be changed.
func (s *Snapshot) Devices() *DeviceOrganization { return &s.devices }

// DeviceSettingsOf returns what is set of an account's devices. It must not be
// changed.
func (s *Snapshot) DeviceSettingsOf(sid entente.SID) DeviceSettings {
	if a := s.bySID(sid); a != nil && a.Devices != nil {
		return *a.Devices
	}
	return DeviceSettings{}
}

// DeviceAccess decides what a device may do with the mailbox of whom its caller
// acts as, and adds the decision to the trace. A refusal has the kind Denied and a
// reason above; State says whether the device is shut out altogether.
func (s *Snapshot) DeviceAccess(c *Caller, dev *Device, at time.Time, t *Trace) (DeviceAccess, error) {
	d := s.Decide(Question{Caller: c, On: Object{Kind: DeviceObject, Name: dev.ID}, Want: Synchronize, At: at, Device: dev})
	t.add(d)
	if d.allowed {
		return d.Device, nil
	}
	return d.Device, entente.Errorf(entente.Denied, "%s", deviceText(d.reason)).Because(d.reason)
}

// deviceText is what an administrator is told of a refusal; a device has a status.
func deviceText(r entente.Reason) string {
	switch r {
	case DeviceWiped:
		return "the device was wiped, and does not synchronize again before its partnership is removed"
	case DeviceLost:
		return "the device was reported lost"
	case DeviceMisbehaved:
		return "the device is blocked for a while because of its behaviour"
	case DeviceUnprovisionable:
		return "the device does not keep to the mobile device mailbox policy, which requires it"
	case DeviceBlockedHere:
		return "the device is on the mailbox's list of blocked devices"
	case DeviceBlockedByRule:
		return "a device access rule blocks the device"
	case DeviceQuarantined:
		return "the device is quarantined"
	case DeviceBlockedByAll:
		return "devices are blocked that nothing allows"
	case DeviceUndiscovered:
		return "the device has not said yet what it is"
	}
	return "access is denied"
}

// onDevice applies the rules about a device, in the order that Exchange documents
// for its allow, block and quarantine lists: policy, the mailbox's own lists, device
// access rules, the organization's default. What became of the device itself comes
// before. Who is on the mailbox's list of allowed devices is asked nothing more.
func (s *Snapshot) onDevice(q *Question, d *Decision, who *identity) {
	dev := q.Device
	if who.account == nil || dev == nil || dev.ID == "" {
		d.need("device-known", "", false, NoDevice)
		return
	}
	own := who.account.Devices
	if own == nil {
		own = &DeviceSettings{}
	}
	d.shut("device-wiped", dev.ID, dev.Wiped, DeviceWiped, ReasonWiped)
	d.shut("device-lost", dev.ID, dev.Lost, DeviceLost, ReasonLost)
	behaved := dev.blockedFor(q.At)
	d.shut("device-behaviour", string(behaved), behaved != "", DeviceMisbehaved, string(behaved))
	p := s.mobilePolicyOf(who.account)
	d.shut("device-policy", p.fact(), !p.takes(dev), DeviceUnprovisionable, ReasonPolicy)
	d.shut("device-blocked", "mailbox: ActiveSyncBlockedDeviceIDs", slices.ContainsFunc(own.BlockedIDs, dev.is), DeviceBlockedHere, ReasonIndividual)
	if slices.ContainsFunc(own.AllowedIDs, dev.is) {
		d.give("device-allowed", "mailbox: ActiveSyncAllowedDeviceIDs", true, Synchronize)
		d.settleDevice(DeviceAllowed, ReasonIndividual, "")
		return
	}
	r := s.ruleFor(dev)
	switch blocks := r != nil && r.strictness() == 2; {
	case !blocks && s.discovers && !dev.Informed && q.At.Sub(dev.Since) < DiscoveryTime:
		d.need("device-discovered", "", false, DeviceUndiscovered)
		d.settleDevice(DeviceDiscovery, ReasonDeviceRule, "")
	case r != nil:
		d.level("device-rule", r.fact, r.Level, DeviceBlockedByRule, ReasonDeviceRule, r.name)
	default:
		d.level("device-default", s.deviceDefault, s.devices.Level(), DeviceBlockedByAll, ReasonGlobal, "")
	}
}

// is reports whether an id in a list is the device's.
func (dev *Device) is(id string) bool { return strings.EqualFold(id, dev.ID) }

// blockedFor is the behaviour for which the device is blocked at a time.
func (dev *Device) blockedFor(at time.Time) Behaviour {
	if at.Before(dev.BehavedUntil) {
		return dev.Behaved
	}
	return ""
}

// shut adds a step that shuts the device out if the fact is there.
func (d *Decision) shut(rule, fact string, there bool, reason entente.Reason, state string) {
	d.need(rule, fact, !there, reason)
	if there {
		d.settleDevice(DeviceBlocked, state, "")
	}
}

// level adds a step for what a rule or the organization says.
func (d *Decision) level(rule, fact string, l DeviceAccessLevel, blocked entente.Reason, reason, name string) {
	switch l {
	case AllowDevice:
		d.give(rule, fact, true, Synchronize)
		d.settleDevice(DeviceAllowed, reason, name)
	case QuarantineDevice:
		d.need(rule, fact, false, DeviceQuarantined)
		d.settleDevice(DeviceQuarantine, reason, name)
	default:
		d.need(rule, fact, false, blocked)
		d.settleDevice(DeviceBlocked, reason, name)
	}
}

// settleDevice sets the state, unless an earlier rule has.
func (d *Decision) settleDevice(s DeviceAccessState, reason, rule string) {
	if d.Device.State == DeviceUnknown {
		d.Device = DeviceAccess{s, reason, rule}
	}
}
