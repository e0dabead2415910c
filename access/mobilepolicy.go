package access

import (
	"strings"
	"time"

	"entente"
)

// A MobilePolicy is a mobile device mailbox policy: what devices are asked to keep
// to, and what is kept to here. The names are those of
// New-MobileDeviceMailboxPolicy; what is unlimited there is 0 here.
type MobilePolicy struct {
	Name      string `json:"-"`
	IsDefault bool   `json:"-"` // of mailboxes that have none of their own
	// NoPolicy has devices told that there is no policy for them, so that none asks
	// its user for the right to wipe it. What is kept to here counts all the same.
	// Ours.
	NoPolicy bool

	PasswordEnabled              bool
	AlphanumericPasswordRequired bool
	AllowSimplePassword          bool
	MinPasswordLength            int
	MinPasswordComplexCharacters int
	PasswordExpiration           time.Duration
	PasswordHistory              int
	PasswordRecoveryEnabled      bool
	MaxPasswordFailedAttempts    int
	MaxInactivityTimeLock        time.Duration

	DeviceEncryptionEnabled      bool // of storage cards, its name before 12.1
	RequireDeviceEncryption      bool
	RequireStorageCardEncryption bool

	AllowNonProvisionableDevices  bool
	AllowExternalDeviceManagement bool
	DevicePolicyRefreshInterval   time.Duration

	AttachmentsEnabled             bool
	MaxAttachmentSize              int64 // bytes
	MaxCalendarAgeFilter           AgeFilter
	MaxEmailAgeFilter              AgeFilter
	MaxEmailBodyTruncationSize     int64 // kilobytes
	MaxEmailHTMLBodyTruncationSize int64
	AllowHTMLEmail                 bool
	RequireManualSyncWhenRoaming   bool

	AllowStorageCard                  bool
	AllowCamera                       bool
	AllowUnsignedApplications         bool
	AllowUnsignedInstallationPackages bool
	AllowWiFi                         bool
	AllowTextMessaging                bool
	AllowPOPIMAPEmail                 bool
	AllowBluetooth                    Bluetooth
	AllowIrDA                         bool
	AllowDesktopSync                  bool
	AllowBrowser                      bool
	AllowConsumerEmail                bool
	AllowRemoteDesktop                bool
	AllowInternetSharing              bool

	RequireSignedSMIMEMessages               bool
	RequireEncryptedSMIMEMessages            bool
	RequireSignedSMIMEAlgorithm              int // 0 SHA1, 1 MD5. [MS-ASPROV] 2.2.2.52
	RequireEncryptionSMIMEAlgorithm          int // 0 TripleDES, 1 DES, 2 RC2128bit, 3 RC264bit, 4 RC240bit
	AllowSMIMEEncryptionAlgorithmNegotiation int // 0 BlockNegotiation, 1 OnlyStrongAlgorithmNegotiation, 2 AllowAnyAlgorithmNegotiation
	AllowSMIMESoftCerts                      bool

	UnapprovedInROMApplicationList []string
	ApprovedApplicationList        []string // SHA-1 hashes, as the wire has them

	// What Exchange keeps in a policy and sends to no phone of the versions spoken
	// here, or does itself: kept, shown, and without an effect.
	AllowApplePushNotifications     bool
	AllowGooglePushNotifications    bool
	AllowMicrosoftPushNotifications bool
	AllowMobileOTAUpdate            bool
	MobileOTAUpdateMode             string
	IrmEnabled                      bool
	UNCAccessEnabled                bool
	WSSAccessEnabled                bool
}

// NewMobilePolicy returns a policy as New-MobileDeviceMailboxPolicy makes it where
// nothing is said.
func NewMobilePolicy(name string) MobilePolicy {
	return MobilePolicy{
		Name:                name,
		AllowSimplePassword: true, MinPasswordComplexCharacters: 1,
		AllowNonProvisionableDevices: true, AllowExternalDeviceManagement: false,
		AttachmentsEnabled: true, AllowHTMLEmail: true,
		AllowStorageCard: true, AllowCamera: true, AllowUnsignedApplications: true, AllowUnsignedInstallationPackages: true,
		AllowWiFi: true, AllowTextMessaging: true, AllowPOPIMAPEmail: true, AllowBluetooth: BluetoothAllow, AllowIrDA: true,
		AllowDesktopSync: true, AllowBrowser: true, AllowConsumerEmail: true, AllowRemoteDesktop: true, AllowInternetSharing: true,
		AllowSMIMEEncryptionAlgorithmNegotiation: 2, AllowSMIMESoftCerts: true,
		AllowApplePushNotifications: true, AllowGooglePushNotifications: true, AllowMicrosoftPushNotifications: true,
		AllowMobileOTAUpdate: true, MobileOTAUpdateMode: "MinorVersionUpdates", IrmEnabled: true,
		UNCAccessEnabled: true, WSSAccessEnabled: true,
	}
}

// An AgeFilter is how far back items are synchronized: the values of FilterType.
// [MS-ASCMD] 2.2.3.68.2
type AgeFilter int

// The filters, by Exchange's names.
const (
	AgeAll AgeFilter = iota
	OneDay
	ThreeDays
	OneWeek
	TwoWeeks
	OneMonth
	ThreeMonths
	SixMonths
)

var ageNames = [...]string{"All", "OneDay", "ThreeDays", "OneWeek", "TwoWeeks", "OneMonth", "ThreeMonths", "SixMonths"}

// String returns the filter's name.
func (f AgeFilter) String() string { return ageNames[min(max(int(f), 0), len(ageNames)-1)] }

// ParseAgeFilter reads a filter's name, in any case of letters.
func ParseAgeFilter(s string) (AgeFilter, error) {
	i, err := levelOf(s, ageNames[:])
	return AgeFilter(i), err
}

// Bounds returns the narrower of what a phone asks for and what the policy lets it
// have.
func (f AgeFilter) Bounds(asked int) int {
	if f == AgeAll || asked > 0 && asked < int(f) {
		return asked
	}
	return int(f)
}

// Bluetooth is what a policy says of it. [MS-ASPROV] 2.2.2.2
type Bluetooth int

// What it can say.
const (
	BluetoothDisable Bluetooth = iota
	BluetoothHandsfreeOnly
	BluetoothAllow
)

var bluetoothNames = [...]string{"Disable", "HandsfreeOnly", "Allow"}

// String returns the name.
func (b Bluetooth) String() string {
	return bluetoothNames[min(max(int(b), 0), len(bluetoothNames)-1)]
}

// ParseBluetooth reads a name, in any case of letters.
func ParseBluetooth(s string) (Bluetooth, error) {
	i, err := levelOf(s, bluetoothNames[:])
	return Bluetooth(i), err
}

// takes reports whether the policy lets a device go on that does not keep to it. No
// policy takes every one.
func (p *MobilePolicy) takes(dev *Device) bool {
	switch {
	case p == nil || p.NoPolicy:
		return true
	case dev.ExternallyManaged:
		return p.AllowExternalDeviceManagement
	}
	return !dev.Unprovisionable || p.AllowNonProvisionableDevices
}

// fact names the policy in steps.
func (p *MobilePolicy) fact() string {
	if p == nil {
		return ""
	}
	return p.Name
}

// setMobilePolicies puts all mobile device mailbox policies in place of those there
// were. Of two with one name neither counts, nor does any of two defaults.
func (c *change) setMobilePolicies(all []MobilePolicy) {
	c.mobilePolicies, c.mobileDefault = make(map[string]*MobilePolicy, len(all)), nil
	c.mobilePolicyList = all
	for i := range all {
		p, name := &all[i], strings.ToLower(all[i].Name)
		if _, taken := c.mobilePolicies[name]; taken {
			p = nil
		}
		c.mobilePolicies[name] = p
	}
	for i := range all {
		if p := &all[i]; p.IsDefault && c.mobilePolicies[strings.ToLower(p.Name)] == p {
			if c.mobileDefault != nil {
				c.mobileDefault = nil
				break
			}
			c.mobileDefault = p
		}
	}
}

// MobilePolicies returns all mobile device mailbox policies, in the order of the
// facts. They must not be changed.
func (s *Snapshot) MobilePolicies() []MobilePolicy { return s.mobilePolicyList }

// MobilePolicyOf returns the policy that holds for an account's devices: its own,
// or else the default one; nil for none. A policy of its own that is not there is
// the default one. It must not be changed.
func (s *Snapshot) MobilePolicyOf(sid entente.SID) *MobilePolicy {
	if a := s.bySID(sid); a != nil {
		return s.mobilePolicyOf(a)
	}
	return nil
}

func (s *Snapshot) mobilePolicyOf(a *account) *MobilePolicy {
	if a.Devices != nil && a.Devices.Policy != "" {
		if p := s.mobilePolicies[strings.ToLower(a.Devices.Policy)]; p != nil {
			return p
		}
	}
	return s.mobileDefault
}
