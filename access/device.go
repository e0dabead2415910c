package access

import (
	"strings"
	"time"

	"entente"
)

// A DeviceAccessLevel is what a rule or the organization says of mobile devices.
type DeviceAccessLevel string

// The levels, by Exchange's names. The empty level is AllowDevice.
const (
	AllowDevice      DeviceAccessLevel = "Allow"
	BlockDevice      DeviceAccessLevel = "Block"
	QuarantineDevice DeviceAccessLevel = "Quarantine"
)

// ParseDeviceAccessLevel reads a level's name, in any case of letters.
func ParseDeviceAccessLevel(s string) (DeviceAccessLevel, error) {
	for _, l := range [...]DeviceAccessLevel{AllowDevice, BlockDevice, QuarantineDevice} {
		if strings.EqualFold(s, string(l)) {
			return l, nil
		}
	}
	return "", entente.Errorf(entente.Invalid, "%q is none of Allow, Block, Quarantine", s)
}

// A DeviceCharacteristic is what a rule looks at of a device.
type DeviceCharacteristic string

// The characteristics, by the names of New-ActiveSyncDeviceAccessRule.
const (
	DeviceType  DeviceCharacteristic = "DeviceType"
	DeviceModel DeviceCharacteristic = "DeviceModel"
	DeviceOS    DeviceCharacteristic = "DeviceOS"
	UserAgent   DeviceCharacteristic = "UserAgent"
	XMSWLHeader DeviceCharacteristic = "XMSWLHeader" // X-MS-WL, by which some applications name themselves
)

// ParseDeviceCharacteristic reads a characteristic's name, in any case of letters.
func ParseDeviceCharacteristic(s string) (DeviceCharacteristic, error) {
	for _, c := range [...]DeviceCharacteristic{DeviceType, DeviceModel, DeviceOS, UserAgent, XMSWLHeader} {
		if strings.EqualFold(s, string(c)) {
			return c, nil
		}
	}
	return "", entente.Errorf(entente.Invalid, "%q is none of DeviceType, DeviceModel, DeviceOS, UserAgent, XMSWLHeader", s)
}

// discovered reports whether the characteristic is known only once the device has
// sent its DeviceInformation.
func (c DeviceCharacteristic) discovered() bool { return c == DeviceModel || c == DeviceOS }

// A DeviceRule says what is done with devices of a kind. Like all such lists it
// rests on what devices say of themselves: it keeps well-behaved ones out, and is
// no defence. Exchange: New-ActiveSyncDeviceAccessRule.
type DeviceRule struct {
	Characteristic DeviceCharacteristic
	QueryString    string // the whole of it, in any case of letters
	Level          DeviceAccessLevel
}

// Name is what the rule goes by, as Exchange names it: "iPhone (DeviceType)".
func (r *DeviceRule) Name() string { return DeviceRuleName(r.QueryString, r.Characteristic) }

// DeviceRuleName is the name of a rule.
func DeviceRuleName(query string, c DeviceCharacteristic) string {
	return query + " (" + string(c) + ")"
}

// DeviceSettings are what is set of one mailbox's devices. Exchange: Set-CASMailbox
// ActiveSyncAllowedDeviceIDs, ActiveSyncBlockedDeviceIDs, ActiveSyncMailboxPolicy.
type DeviceSettings struct {
	AllowedIDs []string `json:",omitempty"`
	BlockedIDs []string `json:",omitempty"`
	Policy     string   `json:",omitempty"` // name of a MobilePolicy; empty for the default one
}

// DeviceOrganization is what is set of all devices. Exchange:
// Set-ActiveSyncOrganizationSettings, Set-ActiveSyncDeviceAutoblockThreshold.
type DeviceOrganization struct {
	Default         DeviceAccessLevel `json:",omitempty"`
	AdminRecipients []entente.SMTPAddress
	// UserMailInsert is what the mail says to the user of a device that is
	// quarantined or blocked, beside what it says anyway.
	UserMailInsert string `json:",omitempty"`
	// Expiry is for how many days a partnership lives without a request; 0 is for
	// ever.
	Expiry     int `json:",omitempty"`
	Thresholds []BehaviourThreshold
}

// Level is what happens to devices that nothing else is said of.
func (o *DeviceOrganization) Level() DeviceAccessLevel {
	if o.Default == "" {
		return AllowDevice
	}
	return o.Default
}

// Threshold returns what is set of a behaviour. Where nothing is, it never blocks.
func (o *DeviceOrganization) Threshold(b Behaviour) BehaviourThreshold {
	for _, t := range o.Thresholds {
		if t.Behaviour == b {
			return t
		}
	}
	return BehaviourThreshold{Behaviour: b, Within: 10 * time.Minute, Block: time.Hour}
}

// A Behaviour is what a device can be blocked for.
type Behaviour string

// The behaviours, by Exchange's names.
const (
	UserAgentsChanges       Behaviour = "UserAgentsChanges"       // it came by another User-Agent
	RecentCommands          Behaviour = "RecentCommands"          // the same command over and over
	Watsons                 Behaviour = "Watsons"                 // its requests made the server fail
	OutOfBudgets            Behaviour = "OutOfBudgets"            // it asked for more than its budget
	SyncCommands            Behaviour = "SyncCommands"            // Syncs by the same key
	EnableNotificationEmail Behaviour = "EnableNotificationEmail" // not a behaviour: whether users are told
)

// Behaviours are all of them.
func Behaviours() []Behaviour {
	return []Behaviour{UserAgentsChanges, RecentCommands, Watsons, OutOfBudgets, SyncCommands, EnableNotificationEmail}
}

// ParseBehaviour reads a behaviour's name, in any case of letters.
func ParseBehaviour(s string) (Behaviour, error) {
	var names []string
	for _, b := range Behaviours() {
		if strings.EqualFold(s, string(b)) {
			return b, nil
		}
		names = append(names, string(b))
	}
	return "", entente.Errorf(entente.Invalid, "%q is none of %s", s, strings.Join(names, ", "))
}

// A BehaviourThreshold says how often a device may behave in one way before it is
// blocked, and for how long. A limit of 0 is none.
type BehaviourThreshold struct {
	Behaviour   Behaviour
	Limit       int
	Within      time.Duration // BehaviorTypeIncidenceDuration
	Block       time.Duration // DeviceBlockDuration
	AdminInsert string        `json:",omitempty"` // AdminEmailInsert
}

// A Device is what is known of a device when it is decided what it may do.
type Device struct {
	ID                string
	Type, Model, OS   string
	UserAgent, XMSWL  string
	Informed          bool      // it has sent its DeviceInformation
	Since             time.Time // its first request
	Wiped             bool      // it said that it has wiped itself
	Lost              bool      // and so is in strange hands
	Behaved           Behaviour // for which it is blocked; empty if it is not
	BehavedUntil      time.Time
	Unprovisionable   bool // it has said that it does not keep to the policy, or never asked for it
	ExternallyManaged bool // it has said that somebody else manages it
}

// of returns what a rule looks at.
func (d *Device) of(c DeviceCharacteristic) string {
	switch c {
	case DeviceType:
		return d.Type
	case DeviceModel:
		return d.Model
	case DeviceOS:
		return d.OS
	case UserAgent:
		return d.UserAgent
	case XMSWLHeader:
		return d.XMSWL
	}
	return ""
}
