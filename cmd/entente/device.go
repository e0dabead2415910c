package main

import "entente/admin"

type deviceCmd struct {
	List       remote[admin.ListDevices, []admin.DeviceInfo] `cmd:"" help:"List mobile devices, and what each may do."`
	Show       remote[admin.DeviceName, admin.DeviceDetails] `cmd:"" help:"Show a mobile device, what it may do, and why."`
	Allow      done[admin.DeviceName]                        `cmd:"" help:"Let a device synchronize with a mailbox, whatever rules and the organization's default say; approves one that is quarantined."`
	Block      done[admin.DeviceName]                        `cmd:"" help:"Keep a device from a mailbox."`
	Unblock    done[admin.DeviceName]                        `cmd:"" help:"Take a device off both lists of a mailbox, and end a block for its behaviour."`
	Wipe       done[admin.WipeDevice]                        `cmd:"" help:"Have a device wiped with its next request, or the account's data on it."`
	CancelWipe done[admin.DeviceName]                        `cmd:"" name:"cancel-wipe" help:"Take back a wipe that the device has not been told of."`
	Lost       remote[admin.DeviceName, admin.DeviceDetails] `cmd:"" help:"Treat a device as one in strange hands: nothing but its wipe is answered, and it is said when its certificate is to be revoked."`
	Remove     done[admin.DeviceName]                        `cmd:"" help:"End a partnership: the device may come again, and is then new."`
}

type deviceRuleCmd struct {
	List   remote[admin.Nothing, []admin.DeviceRuleInfo]        `cmd:"" help:"List the device access rules."`
	Create remote[admin.CreateDeviceRule, admin.DeviceRuleInfo] `cmd:"" help:"Say what is done with devices of a kind."`
	Set    done[admin.SetDeviceRule]                            `cmd:"" help:"Change what is done with devices of a kind."`
	Remove done[admin.DeviceRuleName]                           `cmd:"" help:"Remove a device access rule."`
}

type deviceSettingsCmd struct {
	Show      remote[admin.Nothing, admin.DeviceSettingsInfo]           `cmd:"" help:"Show what is set of all mobile devices."`
	Set       remote[admin.SetDeviceSettings, admin.DeviceSettingsInfo] `cmd:"" help:"Change what is set of all mobile devices: their default, who is told, when they are forgotten."`
	Threshold remote[admin.SetThreshold, admin.DeviceSettingsInfo]      `cmd:"" help:"Change how devices are blocked for their behaviour."`
}

type mobilePolicyCmd struct {
	List   remote[admin.Nothing, []admin.MobilePolicyInfo]     `cmd:"" help:"List the mobile device mailbox policies, and what each says that a new one does not."`
	Show   remote[admin.MobilePolicyName, []admin.SettingInfo] `cmd:"" help:"Show all settings of a mobile device mailbox policy."`
	Create done[admin.MobilePolicySettings]                    `cmd:"" help:"Make a mobile device mailbox policy: what devices are asked to keep to."`
	Set    done[admin.MobilePolicySettings]                    `cmd:"" help:"Change a mobile device mailbox policy; devices acknowledge it anew."`
	Remove done[admin.MobilePolicyName]                        `cmd:"" help:"Remove a mobile device mailbox policy that no account has."`
	Assign done[admin.AssignMobilePolicy]                      `cmd:"" help:"Have an account's devices keep to a policy."`
}
