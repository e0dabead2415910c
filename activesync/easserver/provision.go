package easserver

import (
	"errors"
	"strconv"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/device"
)

// Statuses of Provision as a whole and of one policy. [MS-ASPROV] 2.2.2.54
const (
	provisionProtocol activesync.Status = 2
	noPolicy          activesync.Status = 2
	policyTypeUnknown activesync.Status = 3
	policyKeyWrong    activesync.Status = 5
)

// maxInformationAsked is how often a device is asked for DeviceInformation before it
// goes on without.
const maxInformationAsked = 2

// provision tells a device the policy that it is to keep to, takes its word about
// that, and has it wiped. It is the one command that is answered before any of it
// is settled. [MS-ASPROV] 3.2.5.1
func (c *call) provision() error {
	in := c.body
	if in == nil {
		c.provisionStatus(provisionProtocol)
		return nil
	}
	if told := in.Child(wbxml.ProvisionRemoteWipe); told != nil {
		return c.wipeAnswered(told, false)
	}
	if told := in.Child(wbxml.ProvisionAccountOnlyRemoteWipe); told != nil {
		return c.wipeAnswered(told, true)
	}
	if c.device.Wipe.Pending() {
		return c.tellWipe()
	}
	informed, err := c.provisionInformation(in)
	if err != nil {
		return err
	}
	policy := in.Path(wbxml.ProvisionPolicies, wbxml.ProvisionPolicy)
	if policy == nil {
		if !informed {
			c.provisionStatus(provisionProtocol)
			return nil
		}
		c.provisionBegin(informed)
		c.out.End()
		return nil
	}
	if policy.Has(wbxml.ProvisionPolicyKey) || policy.Has(wbxml.ProvisionStatus) {
		return c.acknowledge(policy, informed)
	}
	// DeviceInformation comes with the first Provision from 14.1 on; a device that
	// does not send it when it is asked to is not asked for ever.
	if c.at(activesync.V141) && !informed && !c.device.Given && c.device.InformationAsked < maxInformationAsked {
		if c.device, err = c.h.Devices.AskedInformation(c.ctx, c.device.Key); err != nil {
			return err
		}
		return &statusError{activesync.DeviceInformationRequired, "the device is to send its DeviceInformation"}
	}
	return c.offer(policy.Get(wbxml.ProvisionPolicyType), informed)
}

// provisionStatus answers with a status alone.
func (c *call) provisionStatus(s activesync.Status) {
	c.out.Start(wbxml.ProvisionProvision)
	c.status(wbxml.ProvisionStatus, s)
	c.out.End()
}

// provisionBegin begins an answer of success.
func (c *call) provisionBegin(informed bool) {
	w := c.out
	w.Start(wbxml.ProvisionProvision)
	if informed {
		w.Start(wbxml.SettingsDeviceInformation)
		w.Int(wbxml.SettingsStatus, int64(activesync.OK))
		w.End()
	}
	w.Int(wbxml.ProvisionStatus, int64(activesync.OK))
}

// provisionInformation keeps the DeviceInformation inside Provision, and reports
// whether there was any. [MS-ASPROV] 2.2.2.53
func (c *call) provisionInformation(in *wbxml.Element) (bool, error) {
	set := in.Path(wbxml.SettingsDeviceInformation, wbxml.SettingsSet)
	if set == nil || !c.at(activesync.V141) {
		return false, nil
	}
	info, err := readDeviceInformation(set)
	if err != nil {
		return false, &statusError{activesync.InvalidContent, err.Error()}
	}
	if err := c.h.Devices.Inform(c.ctx, c.device.Key, info); err != nil {
		return false, err
	}
	c.device, err = c.h.Devices.Meet(c.ctx, c.device.Key, c.seen())
	return err == nil, err
}

// onePolicy writes the answer about one policy.
func (c *call) onePolicy(informed bool, kind string, s activesync.Status, key uint32, data func()) {
	w := c.out
	c.provisionBegin(informed)
	w.Start(wbxml.ProvisionPolicies)
	w.Start(wbxml.ProvisionPolicy)
	w.Text(wbxml.ProvisionPolicyType, kind)
	c.status(wbxml.ProvisionStatus, s)
	if key != 0 {
		w.Text(wbxml.ProvisionPolicyKey, strconv.FormatUint(uint64(key), 10))
	}
	if data != nil {
		data()
	}
	w.End()
	w.End()
	w.End()
}

// offer gives the device the policy under a temporary key, or tells it that there
// is none. [MS-ASPROV] 3.2.5.1.1
func (c *call) offer(kind string, informed bool) error {
	if kind != policyWBXML && kind != policyWAP {
		c.onePolicy(informed, kind, policyTypeUnknown, 0, nil)
		return nil
	}
	p := c.policy()
	if p == nil || p.NoPolicy {
		return c.noPolicy(kind, informed)
	}
	like := ""
	if kind == policyWAP {
		like = wapHash
	}
	d, err := c.h.Devices.OfferPolicy(c.ctx, c.device.Key, p.Name, c.h.policyHash(c.s.Snapshot(), p, like, c.line.Version))
	if err != nil {
		return err
	}
	c.device = d
	c.onePolicy(informed, kind, activesync.OK, d.Offered, func() {
		if kind == policyWAP {
			c.out.Text(wbxml.ProvisionData, wapDocument(p))
			return
		}
		c.out.Start(wbxml.ProvisionData)
		writePolicy(c.out, p, c.line.Version)
		c.out.End()
	})
	return nil
}

func (c *call) noPolicy(kind string, informed bool) error {
	if _, err := c.h.Devices.NoPolicy(c.ctx, c.device.Key); err != nil {
		return err
	}
	c.onePolicy(informed, kind, noPolicy, 0, nil)
	return nil
}

// acknowledge takes the device's word about the policy, and gives it its final key
// if that word is good enough for the policy. [MS-ASPROV] 3.2.5.1.2
func (c *call) acknowledge(policy *wbxml.Element, informed bool) error {
	kind, p := policy.Get(wbxml.ProvisionPolicyType), c.policy()
	if p == nil || p.NoPolicy {
		return c.noPolicy(kind, informed)
	}
	key, err := strconv.ParseUint(policy.Get(wbxml.ProvisionPolicyKey), 10, 32)
	said, err2 := strconv.Atoi(policy.Get(wbxml.ProvisionStatus))
	if err != nil || err2 != nil || said < device.Wholly || said > device.ManagedElsewhere {
		c.onePolicy(informed, kind, policyKeyWrong, 0, nil)
		return nil
	}
	if c.device.OfferedHash != c.h.policyHash(c.s.Snapshot(), p, c.device.OfferedHash, c.line.Version) {
		// It was changed between the two requests: the device asks for it anew.
		c.onePolicy(informed, kind, policyKeyWrong, 0, nil)
		return nil
	}
	accepted, refusal := p.AllowNonProvisionableDevices, activesync.DeviceNotFullyProvisionable
	switch said {
	case device.Wholly:
		accepted = true
	case device.ManagedElsewhere:
		accepted, refusal = p.AllowExternalDeviceManagement, activesync.ExternallyManagedDevices
	}
	d, err := c.h.Devices.Acknowledge(c.ctx, c.device.Key, uint32(key), said, accepted)
	if isReason(err, device.StaleAnswer) {
		c.onePolicy(informed, kind, policyKeyWrong, 0, nil)
		return nil
	}
	if err != nil {
		return err
	}
	c.device = d
	if d.Rounds == maxKeyRounds {
		c.h.Log.Warn("a device does not use the policy keys it is given", "device", d.ID, "account", string(d.Account))
	}
	if !accepted {
		return &statusError{refusal, "the device does not keep to the policy " + p.Name}
	}
	c.onePolicy(informed, kind, activesync.OK, d.PolicyKey, nil)
	return nil
}

// tellWipe has the device wipe itself, or the account's data on it.
// [MS-ASPROV] 3.2.5.1.2.2, 3.2.5.1.2.3
func (c *call) tellWipe() error {
	d, err := c.h.Devices.WipeTold(c.ctx, c.device.Key)
	if err != nil {
		return err
	}
	c.noteWipe(d)
	c.provisionBegin(false)
	if d.Wipe.OfAccount() {
		c.out.Empty(wbxml.ProvisionAccountOnlyRemoteWipe)
	} else {
		c.out.Empty(wbxml.ProvisionRemoteWipe)
	}
	c.out.End()
	return nil
}

// wipeAnswered takes the device's word that it has wiped itself. What it says
// without having been told to is answered and changes nothing.
func (c *call) wipeAnswered(told *wbxml.Element, account bool) error {
	success := told.Get(wbxml.ProvisionStatus) == strconv.Itoa(int(activesync.OK))
	d, err := c.h.Devices.WipeAnswered(c.ctx, c.device.Key, account, success, nil)
	var e *entente.Error
	if errors.As(err, &e) && e.Kind == entente.Invalid {
		c.provisionStatus(provisionProtocol)
		return nil
	}
	if err != nil {
		return err
	}
	c.noteWipe(d)
	c.h.Log.Warn("device wiped", "device", d.ID, "account", string(d.Account), "state", string(d.Wipe), "by", d.WipeBy)
	if d.Wipe.Done() {
		c.forgetClient()
	}
	c.provisionStatus(activesync.OK)
	return nil
}

// noteWipe has the request's record name the device, what became of it, and who
// wanted it.
func (c *call) noteWipe(d *device.Device) {
	c.s.Target(entente.MailboxID{}, "device:"+d.ID)
	c.s.Target(entente.MailboxID{}, string(d.Wipe)+" for "+d.WipeBy)
}

// forgetClient drops how far the device had followed the mailbox: if it ever comes
// back, it begins anew.
func (c *call) forgetClient() {
	if err := c.view.ForgetClient(c.ctx, c.client()); err != nil {
		c.h.Log.Warn("client state of a device", "device", c.line.DeviceID, "err", err)
	}
}

// tellAdministrators has the administrators told of a device in a state that waits
// for them, once.
func (c *call) tellAdministrators(a access.DeviceAccess) {
	state := a.State.String() + " " + a.Reason
	if c.device.Told == state || c.h.Tell == nil {
		return
	}
	to := c.s.Snapshot().Devices().AdminRecipients
	if len(to) == 0 {
		return
	}
	first, err := c.h.Devices.Tell(c.ctx, c.device.Key, state)
	if err != nil || !first {
		return
	}
	c.h.tell(to, administratorsMail(c.s.Caller().Subject(), c.device, a, ""))
}
