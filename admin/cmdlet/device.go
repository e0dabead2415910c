package cmdlet

import (
	"slices"
	"strings"

	"entente/access"
	"entente/admin"
)

// MobileDevice is what Get-MobileDevice shows.
type MobileDevice struct {
	FriendlyName            string `json:"FriendlyName"`
	DeviceID                string `json:"DeviceId"`
	DeviceType              string `json:"DeviceType"`
	DeviceModel             string `json:"DeviceModel"`
	DeviceOS                string `json:"DeviceOS"`
	DeviceUserAgent         string `json:"DeviceUserAgent"`
	ClientVersion           string `json:"ClientVersion"`
	DeviceAccessState       string `json:"DeviceAccessState"`
	DeviceAccessStateReason string `json:"DeviceAccessStateReason"`
	DeviceAccessControlRule string `json:"DeviceAccessControlRule"`
	UserDisplayName         string `json:"UserDisplayName"`
	FirstSyncTime           string `json:"FirstSyncTime"`
	Identity                string `json:"Identity"`
}

func mobileDevice(d *admin.DeviceInfo) MobileDevice {
	return MobileDevice{
		d.FriendlyName, d.ID, d.Type, d.Model, d.OS, d.UserAgent, d.Version, d.State, d.Reason, d.Rule, d.Account, d.First,
		d.Account + "\\" + d.ID,
	}
}

// MobileDeviceStatistics is what Get-MobileDeviceStatistics shows.
type MobileDeviceStatistics struct {
	MobileDevice
	LastSyncAttemptTime           string `json:"LastSyncAttemptTime"`
	DeviceIMEI                    string `json:"DeviceImei"`
	DeviceOSLanguage              string `json:"DeviceOSLanguage"`
	DevicePhoneNumber             string `json:"DevicePhoneNumber"`
	DeviceMobileOperator          string `json:"DeviceMobileOperator"`
	DevicePolicyApplied           string `json:"DevicePolicyApplied"`
	DevicePolicyApplicationStatus string `json:"DevicePolicyApplicationStatus"`
	LastPolicyUpdateTime          string `json:"LastPolicyUpdateTime"`
	Status                        string `json:"Status"` // of a wipe
	DeviceWipeAckTime             string `json:"DeviceWipeAckTime"`
	DeviceWipeRequestor           string `json:"LastDeviceWipeRequestor"`
}

// partnership is how an Identity names a device: ACCOUNT\DEVICE, as Get-MobileDevice
// shows it, or the id alone where no other account has it.
func (c *call) partnership(identity string) (admin.DeviceName, error) {
	if who, id, ok := strings.Cut(identity, `\`); ok {
		return admin.DeviceName{AccountName: admin.AccountName{Account: who}, Device: id}, nil
	}
	all, err := get[[]admin.DeviceInfo](c, "device", "list", admin.ListDevices{})
	if err != nil {
		return admin.DeviceName{}, err
	}
	all = slices.DeleteFunc(all, func(d admin.DeviceInfo) bool { return !strings.EqualFold(d.ID, identity) })
	if len(all) != 1 {
		return admin.DeviceName{}, notFound(identity)
	}
	return admin.DeviceName{AccountName: admin.AccountName{Account: all[0].Account}, Device: all[0].ID, By: all[0].By}, nil
}

func deviceCmdlets() []Cmdlet {
	one := Parameter{Name: "Identity", First: true, Mandatory: true, Help: `The device: ACCOUNT\ID as Get-MobileDevice shows it, or its id.`}
	return []Cmdlet{
		{
			Name: "Get-MobileDevice", Synopsis: "Show the mobile devices that synchronize, and what each may do.", Verbs: "device list",
			Parameters: []Parameter{
				{Name: "Mailbox", Help: "Only those of this mailbox."},
				{Name: "Identity", First: true, Help: "Only the device with this id."},
			},
			run: getMobileDevice,
		},
		{
			Name: "Get-MobileDeviceStatistics", Synopsis: "Show all that is known of mobile devices.", Verbs: "device show, device list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: one.Help},
				{Name: "Mailbox", Help: "Those of this mailbox."},
			},
			run: getMobileDeviceStatistics,
		},
		{
			Name: "Clear-MobileDevice", Synopsis: "Have a mobile device wiped with its next request.", Verbs: "device wipe, device cancel-wipe",
			Parameters: []Parameter{
				one,
				{Name: "AccountOnly", Kind: Switch, Help: "Only the account's data on it."},
				{Name: "Cancel", Kind: Switch, Help: "Take a wipe back that the device has not been told of."},
			},
			run: clearMobileDevice,
		},
		{
			Name: "Remove-MobileDevice", Synopsis: "End a mobile device's partnership with a mailbox.", Verbs: "device remove",
			Parameters: []Parameter{one, {Name: "Force", Kind: Switch, Help: "Taken."}},
			run: func(c *call) (any, error) {
				q, err := c.partnership(c.Text("Identity"))
				if err == nil {
					_, err = do[admin.Done](c, "device", "remove", q)
				}
				return nil, err
			},
		},
		{
			Name: "Get-ActiveSyncDeviceClass", Synopsis: "Show which types and models of mobile devices there are.", Verbs: "device list",
			run: getDeviceClass,
		},
	}
}

func (c *call) devices() ([]admin.DeviceInfo, error) {
	all, err := get[[]admin.DeviceInfo](c, "device", "list", admin.ListDevices{Account: c.Text("Mailbox")})
	if id := c.Text("Identity"); id != "" {
		if _, only, ok := strings.Cut(id, `\`); ok {
			id = only
		}
		all = slices.DeleteFunc(all, func(d admin.DeviceInfo) bool { return !strings.EqualFold(d.ID, id) })
	}
	return all, err
}

func getMobileDevice(c *call) (any, error) {
	all, err := c.devices()
	list := []MobileDevice{}
	for i := range all {
		list = append(list, mobileDevice(&all[i]))
	}
	return list, err
}

func getMobileDeviceStatistics(c *call) (any, error) {
	all, err := c.devices()
	if err != nil {
		return nil, err
	}
	list := []MobileDeviceStatistics{}
	for i := range all {
		d, err := get[admin.DeviceDetails](c, "device", "show", admin.DeviceName{
			AccountName: admin.AccountName{Account: all[i].Account}, Device: all[i].ID, By: all[i].By,
		})
		if err != nil {
			return nil, err
		}
		list = append(list, MobileDeviceStatistics{
			mobileDevice(&d.DeviceInfo), d.Last, d.IMEI, d.OSLanguage, d.PhoneNumber, d.Operator, d.Policy, d.PolicyStatus, d.PolicyAt,
			d.Wipe, d.WipeAt, d.WipeBy,
		})
	}
	return list, nil
}

func clearMobileDevice(c *call) (any, error) {
	q, err := c.partnership(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	if c.Is("Cancel") {
		_, err = do[admin.Done](c, "device", "cancel-wipe", q)
		return nil, err
	}
	_, err = do[admin.Done](c, "device", "wipe", admin.WipeDevice{DeviceName: q, AccountOnly: c.Is("AccountOnly")})
	return nil, err
}

// DeviceClass is what Get-ActiveSyncDeviceClass shows.
type DeviceClass struct {
	DeviceType  string `json:"DeviceType"`
	DeviceModel string `json:"DeviceModel"`
	Devices     int    `json:"Devices"`
}

func getDeviceClass(c *call) (any, error) {
	all, err := c.devices()
	if err != nil {
		return nil, err
	}
	list := []DeviceClass{}
	for _, d := range all {
		i := slices.IndexFunc(list, func(x DeviceClass) bool { return x.DeviceType == d.Type && x.DeviceModel == d.Model })
		if i < 0 {
			list = append(list, DeviceClass{d.Type, d.Model, 1})
			continue
		}
		list[i].Devices++
	}
	slices.SortFunc(list, func(a, b DeviceClass) int {
		return strings.Compare(a.DeviceType+"\x00"+a.DeviceModel, b.DeviceType+"\x00"+b.DeviceModel)
	})
	return list, nil
}

// ActiveSyncOrganizationSettings is what Get-ActiveSyncOrganizationSettings shows.
type ActiveSyncOrganizationSettings struct {
	DefaultAccessLevel  string   `json:"DefaultAccessLevel"`
	AdminMailRecipients []string `json:"AdminMailRecipients"`
	UserMailInsert      string   `json:"UserMailInsert"`
}

// DeviceAccessRule is what Get-ActiveSyncDeviceAccessRule shows.
type DeviceAccessRule struct {
	Name           string `json:"Name"`
	Characteristic string `json:"Characteristic"`
	QueryString    string `json:"QueryString"`
	AccessLevel    string `json:"AccessLevel"`
}

// AutoblockThreshold is what Get-ActiveSyncDeviceAutoblockThreshold shows.
type AutoblockThreshold struct {
	BehaviorType                  string `json:"BehaviorType"`
	BehaviorTypeIncidenceLimit    int    `json:"BehaviorTypeIncidenceLimit"`
	BehaviorTypeIncidenceDuration string `json:"BehaviorTypeIncidenceDuration"`
	DeviceBlockDuration           string `json:"DeviceBlockDuration"`
	AdminEmailInsert              string `json:"AdminEmailInsert"`
}

var (
	accessLevels    = []string{"Allow", "Block", "Quarantine"}
	characteristics = []string{"DeviceType", "DeviceModel", "DeviceOS", "UserAgent", "XMSWLHeader"}
)

func deviceRuleCmdlets() []Cmdlet {
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The rule: iPhone (DeviceType)."}
	level := Parameter{Name: "AccessLevel", Kind: Enum, Values: accessLevels, Mandatory: true, Help: "What is done with such devices."}
	return []Cmdlet{
		{
			Name: "Get-ActiveSyncDeviceAccessRule", Synopsis: "Show what is done with mobile devices of some kinds.", Verbs: "device-access-rule list",
			Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one."}},
			run: func(c *call) (any, error) {
				all, err := get[[]admin.DeviceRuleInfo](c, "device-access-rule", "list", admin.Nothing{})
				list := []DeviceAccessRule{}
				for _, r := range all {
					if id := c.Text("Identity"); id == "" || strings.EqualFold(id, r.Name) {
						list = append(list, DeviceAccessRule(r))
					}
				}
				return list, err
			},
		},
		{
			Name: "New-ActiveSyncDeviceAccessRule", Synopsis: "Say what is done with mobile devices of a kind.", Verbs: "device-access-rule create",
			Parameters: []Parameter{
				{Name: "QueryString", Mandatory: true, Help: "What devices of the kind say, the whole of it."},
				{Name: "Characteristic", Kind: Enum, Values: characteristics, Mandatory: true, Help: "Of what."},
				level,
			},
			run: func(c *call) (any, error) {
				r, err := do[admin.DeviceRuleInfo](c, "device-access-rule", "create", admin.CreateDeviceRule{
					QueryString: c.Text("QueryString"), Characteristic: c.Text("Characteristic"), AccessLevel: c.Text("AccessLevel"),
				})
				return DeviceAccessRule(r), err
			},
		},
		{
			Name: "Set-ActiveSyncDeviceAccessRule", Synopsis: "Change what is done with mobile devices of a kind.", Verbs: "device-access-rule set",
			Parameters: []Parameter{identity, level},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "device-access-rule", "set", admin.SetDeviceRule{
					DeviceRuleName: admin.DeviceRuleName{Name: c.Text("Identity")}, AccessLevel: c.Text("AccessLevel"),
				})
				return nil, err
			},
		},
		{
			Name: "Remove-ActiveSyncDeviceAccessRule", Synopsis: "Remove a device access rule.", Verbs: "device-access-rule remove",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "device-access-rule", "remove", admin.DeviceRuleName{Name: c.Text("Identity")})
				return nil, err
			},
		},
		{
			Name: "Get-ActiveSyncOrganizationSettings", Synopsis: "Show what is set of all mobile devices.", Verbs: "device-settings show",
			run: func(c *call) (any, error) {
				s, err := get[admin.DeviceSettingsInfo](c, "device-settings", "show", admin.Nothing{})
				return ActiveSyncOrganizationSettings{s.DefaultAccessLevel, s.AdminMailRecipients, s.UserMailInsert}, err
			},
		},
		{
			Name: "Set-ActiveSyncOrganizationSettings", Synopsis: "Change what is set of all mobile devices.", Verbs: "device-settings set",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "Taken; there is one."},
				{Name: "DefaultAccessLevel", Kind: Enum, Values: accessLevels, Help: "What happens to devices that nothing else is said of."},
				{Name: "AdminMailRecipients", Kind: List, Changes: true, Help: "Who is told of devices that are quarantined or blocked."},
				{Name: "UserMailInsert", Help: "What the users of such devices read on them, beside what they read anyway."},
			},
			run: setOrganizationSettings,
		},
		{
			Name: "Get-ActiveSyncDeviceAutoblockThreshold", Synopsis: "Show how mobile devices are blocked for their behaviour.", Verbs: "device-settings show",
			run: func(c *call) (any, error) {
				s, err := get[admin.DeviceSettingsInfo](c, "device-settings", "show", admin.Nothing{})
				list := []AutoblockThreshold{}
				for _, t := range s.Thresholds {
					list = append(list, AutoblockThreshold{t.Behaviour, t.Limit, t.Within, t.Block, t.AdminInsert})
				}
				return list, err
			},
		},
		{
			Name: "Set-ActiveSyncDeviceAutoblockThreshold", Synopsis: "Change how mobile devices are blocked for a behaviour.", Verbs: "device-settings threshold",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Mandatory: true, Kind: Enum, Values: behaviours(), Help: "The behaviour."},
				{Name: "BehaviorTypeIncidenceLimit", Kind: Number, Help: "How often it may happen; 0 never blocks."},
				{Name: "BehaviorTypeIncidenceDuration", Help: "In what time: 10m."},
				{Name: "DeviceBlockDuration", Help: "For how long the device is blocked: 1h."},
				{Name: "AdminEmailInsert", Help: "What administrators read in their mail about it, beside what they read anyway."},
			},
			run: func(c *call) (any, error) {
				_, err := do[admin.DeviceSettingsInfo](c, "device-settings", "threshold", admin.SetThreshold{
					Behaviour: c.Text("Identity"), Limit: c.Text("BehaviorTypeIncidenceLimit"), Within: c.Text("BehaviorTypeIncidenceDuration"),
					Block: c.Text("DeviceBlockDuration"), AdminInsert: c.Text("AdminEmailInsert"),
				})
				return nil, err
			},
		},
	}
}

func behaviours() []string {
	var names []string
	for _, b := range access.Behaviours() {
		names = append(names, string(b))
	}
	return names
}

func setOrganizationSettings(c *call) (any, error) {
	now, err := get[admin.DeviceSettingsInfo](c, "device-settings", "show", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	insert := c.Text("UserMailInsert")
	if c.Has("UserMailInsert") && insert == "" {
		insert = "none"
	}
	_, err = do[admin.DeviceSettingsInfo](c, "device-settings", "set", admin.SetDeviceSettings{
		DefaultAccessLevel: c.Text("DefaultAccessLevel"), UserMailInsert: insert,
		AdminMailRecipients: emptied(c.List("AdminMailRecipients", now.AdminMailRecipients)),
	})
	return nil, err
}

// mobilePolicyCmdlets are those of mobile device mailbox policies. Exchange had them
// as ActiveSyncMailboxPolicy before, and takes both names.
func mobilePolicyCmdlets() []Cmdlet {
	var all []Cmdlet
	for _, noun := range []string{"MobileDeviceMailboxPolicy", "ActiveSyncMailboxPolicy"} {
		identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The policy."}
		all = append(all,
			Cmdlet{
				Name: "Get-" + noun, Synopsis: "Show what mobile devices are asked to keep to.", Verbs: "mobile-device-mailbox-policy show",
				Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one."}}, run: getMobilePolicy,
			},
			Cmdlet{
				Name: "New-" + noun, Synopsis: "Make a policy for mobile devices.", Verbs: "mobile-device-mailbox-policy create",
				Parameters: append([]Parameter{{Name: "Name", First: true, Mandatory: true, Help: "The policy's name."}}, mobileParameters()...),
				run: func(c *call) (any, error) {
					_, err := do[admin.Done](c, "mobile-device-mailbox-policy", "create", c.mobileSettings("Name"))
					return nil, err
				},
			},
			Cmdlet{
				Name: "Set-" + noun, Synopsis: "Change a policy for mobile devices.", Verbs: "mobile-device-mailbox-policy set",
				Parameters: append([]Parameter{identity}, mobileParameters()...),
				run: func(c *call) (any, error) {
					_, err := do[admin.Done](c, "mobile-device-mailbox-policy", "set", c.mobileSettings("Identity"))
					return nil, err
				},
			},
			Cmdlet{
				Name: "Remove-" + noun, Synopsis: "Remove a policy for mobile devices that no mailbox has.", Verbs: "mobile-device-mailbox-policy remove",
				Parameters: []Parameter{identity, {Name: "Force", Kind: Switch, Help: "Taken."}},
				run: func(c *call) (any, error) {
					_, err := do[admin.Done](c, "mobile-device-mailbox-policy", "remove", admin.MobilePolicyName{Name: c.Text("Identity")})
					return nil, err
				},
			})
	}
	return all
}

// mobileParameters are the settings of a policy. Values are texts; the server reads
// them.
func mobileParameters() []Parameter {
	var all []Parameter
	fresh := access.NewMobilePolicy("")
	for _, s := range fresh.Settings() {
		p := Parameter{Name: s.Name, Help: "Unless it is said: " + s.Value + "."}
		switch {
		case s.Value == "":
			p.Help = "None unless it is said."
		case s.Name == "NoPolicy":
			p.Help = "Ours: devices are told that there is no policy. Unless it is said: false."
		}
		if s.Value == "true" || s.Value == "false" {
			p.Kind = Bool
		}
		if s.Name == "UnapprovedInROMApplicationList" || s.Name == "ApprovedApplicationList" {
			p.Kind = List
		}
		all = append(all, p)
	}
	return all
}

func (c *call) mobileSettings(name string) admin.MobilePolicySettings {
	q := admin.MobilePolicySettings{MobilePolicyName: admin.MobilePolicyName{Name: c.Text(name)}}
	for _, p := range mobileParameters() {
		if !c.Has(p.Name) {
			continue
		}
		value := c.Text(p.Name)
		switch p.Kind {
		case List:
			value = strings.Join(c.List(p.Name, nil), ",")
		case Bool:
			value = "false"
			if c.Is(p.Name) {
				value = "true"
			}
		}
		q.Settings = append(q.Settings, p.Name+"="+value)
	}
	return q
}

// MobilePolicySetting is a row of what Get-MobileDeviceMailboxPolicy shows.
type MobilePolicySetting struct {
	Policy  string `json:"Policy"`
	Setting string `json:"Setting"`
	Value   string `json:"Value"`
}

func getMobilePolicy(c *call) (any, error) {
	all, err := get[[]admin.MobilePolicyInfo](c, "mobile-device-mailbox-policy", "list", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	list := []MobilePolicySetting{}
	for _, p := range all {
		if id := c.Text("Identity"); id != "" && !strings.EqualFold(id, p.Name) {
			continue
		}
		settings, err := get[[]admin.SettingInfo](c, "mobile-device-mailbox-policy", "show", admin.MobilePolicyName{Name: p.Name})
		if err != nil {
			return nil, err
		}
		for _, s := range settings {
			list = append(list, MobilePolicySetting{p.Name, s.Setting, s.Value})
		}
	}
	if id := c.Text("Identity"); id != "" && len(list) == 0 {
		return nil, notFound(id)
	}
	return list, nil
}
