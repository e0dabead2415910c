package access

import (
	"fmt"
	"slices"
	"strings"
)

// openDevice proposes what could let the device synchronize.
func (w *situation) openDevice() []Change {
	a, dev := w.subject(), w.x.Device
	if a == nil || dev.ID == "" {
		return nil
	}
	var c []Change
	if dev.Wiped || dev.Lost {
		c = append(c, w.device("remove", "Remove the partnership with the device, which may then make a new one.", "device remove", func(d *Device) {
			d.Wiped, d.Lost = false, false
		}))
	}
	if dev.blockedFor(w.x.At) != "" {
		c = append(c, w.device("behaviour", "End the block for the device's behaviour.", "device unblock", func(d *Device) { d.Behaved = "" }))
	}
	if own := a.Devices; own != nil && slices.ContainsFunc(own.BlockedIDs, dev.is) {
		c = append(c, w.lists("off the blocked", "Take the device off the mailbox's list of blocked devices.", "device unblock", thisRequest, func(s *DeviceSettings) {
			s.BlockedIDs = unlisted(s.BlockedIDs, dev)
		}))
	}
	if own := a.Devices; own == nil || !slices.ContainsFunc(own.AllowedIDs, dev.is) {
		c = append(c, w.lists("onto the allowed", "Put the device on the mailbox's list of allowed devices.", "device allow", thisRequest, func(s *DeviceSettings) {
			s.BlockedIDs, s.AllowedIDs = unlisted(s.BlockedIDs, dev), append(slices.Clip(s.AllowedIDs), dev.ID)
		}))
	}
	if !dev.Informed {
		c = append(c, w.device("informed", "Have the device send its DeviceInformation, as it does when it is set up.", "", func(d *Device) { d.Informed = true }))
	}
	c = append(c, w.relaxPolicy(a, dev)...)
	c = append(c, w.rules(AllowDevice, dev)...)
	return append(c, w.standard(AllowDevice)...)
}

// shutDevice proposes what could keep the device out.
func (w *situation) shutDevice() []Change {
	a, dev := w.subject(), w.x.Device
	if a == nil || dev == nil || dev.ID == "" {
		return nil
	}
	var c []Change
	if own := a.Devices; own != nil && slices.ContainsFunc(own.AllowedIDs, dev.is) {
		c = append(c, w.lists("off the allowed", "Take the device off the mailbox's list of allowed devices.", "device unblock", thisRequest, func(s *DeviceSettings) {
			s.AllowedIDs = unlisted(s.AllowedIDs, dev)
		}))
	}
	c = append(c, w.lists("onto the blocked", "Put the device on the mailbox's list of blocked devices.", "device block", thisRequest, func(s *DeviceSettings) {
		s.AllowedIDs, s.BlockedIDs = unlisted(s.AllowedIDs, dev), append(slices.Clip(s.BlockedIDs), dev.ID)
	}))
	c = append(c, w.rules(BlockDevice, dev)...)
	return append(c, w.standard(BlockDevice)...)
}

func unlisted(ids []string, dev *Device) []string {
	return slices.DeleteFunc(slices.Clone(ids), dev.is)
}

// device is a change of what is known of the device.
func (w *situation) device(key, does, verb string, edit func(*Device)) Change {
	c := Change{Does: does, key: "device " + key, rank: thisRequest, edit: func(_ *Facts, x *Supposition) {
		d := *x.Device
		edit(&d)
		x.Device = &d
	}}
	if verb != "" {
		c.Command = command(verb+" %s %s", w.subject().called(), w.x.Device.ID)
	}
	return c
}

// lists is a change of the mailbox's own lists.
func (w *situation) lists(key, does, verb string, rank int, edit func(*DeviceSettings)) Change {
	a := w.subject()
	return Change{
		Does: does, Command: command(verb+" %s %s", a.called(), w.x.Device.ID), key: "device " + key, rank: rank,
		edit: editAccount(a.SID, func(a *Account) {
			var s DeviceSettings
			if a.Devices != nil {
				s = *a.Devices
			}
			edit(&s)
			a.Devices = &s
		}),
	}
}

// relaxPolicy has the policy take a device that does not keep to it.
func (w *situation) relaxPolicy(a *Account, dev *Device) []Change {
	p := Compile(w.f).MobilePolicyOf(a.SID)
	if p.takes(dev) {
		return nil
	}
	option, edit := "AllowNonProvisionableDevices", func(p *MobilePolicy) { p.AllowNonProvisionableDevices = true }
	if dev.ExternallyManaged {
		option, edit = "AllowExternalDeviceManagement", func(p *MobilePolicy) { p.AllowExternalDeviceManagement = true }
	}
	name := p.Name
	return []Change{{
		Does:    fmt.Sprintf("Have the mobile device mailbox policy %s take devices that do not keep to it.", name),
		Command: command("mobile-device-mailbox-policy set %s "+option+"=true", name), key: "device policy", rank: thisAccount,
		edit: func(f *Facts, _ *Supposition) {
			f.MobilePolicies = slices.Clone(f.MobilePolicies)
			for i := range f.MobilePolicies {
				if f.MobilePolicies[i].Name == name {
					edit(&f.MobilePolicies[i])
				}
			}
		},
	}}
}

// rules are changes of the rules about the device, and one more about its type.
func (w *situation) rules(to DeviceAccessLevel, dev *Device) []Change {
	var c []Change
	typed := false
	for _, r := range w.f.DeviceRules {
		if v := dev.of(r.Characteristic); v == "" || !strings.EqualFold(v, r.QueryString) {
			continue
		}
		typed = typed || r.Characteristic == DeviceType
		name := r.Name()
		if r.Level != to {
			c = append(c, Change{
				Does:    fmt.Sprintf("Set the device access rule %s to %s.", name, to),
				Command: command("device-access-rule set %s --access-level "+string(to), name), key: "device level " + name, rank: everybody,
				edit: editRules(func(all []DeviceRule) []DeviceRule {
					for i := range all {
						if all[i].Name() == name {
							all[i].Level = to
						}
					}
					return all
				}),
			})
		}
		c = append(c, Change{
			Does: fmt.Sprintf("Remove the device access rule %s.", name), Command: command("device-access-rule remove %s", name),
			key: "device rule " + name, rank: everybody, edit: editRules(func(all []DeviceRule) []DeviceRule {
				return slices.DeleteFunc(all, func(r DeviceRule) bool { return r.Name() == name })
			}),
		})
	}
	if dev.Type == "" || typed {
		return c
	}
	more := DeviceRule{DeviceType, dev.Type, to}
	return append(c, Change{
		Does:    fmt.Sprintf("Make a device access rule for devices of type %s: %s.", dev.Type, to),
		Command: command("device-access-rule create %s --characteristic DeviceType --access-level "+string(to), dev.Type),
		key:     "device rule " + more.Name(), rank: everybody, edit: editRules(func(all []DeviceRule) []DeviceRule { return append(all, more) }),
	})
}

func editRules(edit func([]DeviceRule) []DeviceRule) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) { f.DeviceRules = edit(slices.Clone(f.DeviceRules)) }
}

// standard is a change of the organization's default.
func (w *situation) standard(to DeviceAccessLevel) []Change {
	if w.f.Devices.Level() == to {
		return nil
	}
	return []Change{{
		Does:    fmt.Sprintf("Set the organization's default for mobile devices to %s.", to),
		Command: "device-settings set --default-access-level " + string(to), key: "device default", rank: everybody + 1,
		edit: func(f *Facts, _ *Supposition) { f.Devices.Default = to },
	}}
}

// activeSyncGate proposes settings of ActiveSyncEnabled on every level.
func (w *situation) activeSyncGate(to Setting) []Change {
	word, option := "true", "--active-sync-enabled on"
	if to == Off {
		word, option = "false", "--active-sync-enabled off"
	}
	var c []Change
	for _, l := range w.levels() {
		if l.policy.ActiveSyncEnabled != to {
			c = append(c, l.set("ActiveSyncEnabled to "+word, option, func(p *ClientPolicy) { p.ActiveSyncEnabled = to }))
		}
		if l.policy.ActiveSyncEnabled != Unset {
			c = append(c, l.set("ActiveSyncEnabled to null", "--active-sync-enabled unset", func(p *ClientPolicy) { p.ActiveSyncEnabled = Unset }))
		}
	}
	return c
}
