package access

import "entente"

// A Delta is a change of Facts: what is put replaces what has the same key, what
// is dropped goes. The zero Delta changes nothing. Applying it is what the
// directory does after each change, and what explain does to find what would
// change an answer.
type Delta struct {
	Generation   uint64 // of the result; 0 keeps it
	Organization *Organization

	PutAccounts  []Account // by SID
	DropAccounts []entente.SID
	PutGroups    []Group // by SID
	DropGroups   []entente.SID

	// PutPermissions replaces all permissions of each mailbox it has an entry for;
	// an empty list takes them away.
	PutPermissions map[entente.MailboxID][]MailboxPermission

	PutScopes       []ManagementScope // by name
	DropScopes      []string
	Policies        []ScopePolicy // all of them, if SetPolicies
	SetPolicies     bool
	PutAssignments  []Assignment // by ID
	DropAssignments []string
	PutItemGrants   []ItemGrant // by ID
	DropItemGrants  []string

	Administrators     []entente.SID // all of them, if SetAdministrators
	SetAdministrators  bool
	Realms             []Realm // all of them, if SetRealms
	SetRealms          bool
	Relationships      []Relationship // all of them, if SetRelationships
	SetRelationships   bool
	SharingPolicies    []SharingPolicy // all of them, if SetSharingPolicies
	SetSharingPolicies bool
	Devices            *DeviceOrganization
	DeviceRules        []DeviceRule // all of them, if SetDeviceRules
	SetDeviceRules     bool
	MobilePolicies     []MobilePolicy // all of them, if SetMobilePolicies
	SetMobilePolicies  bool
	Servers            []string // all of them, if SetServers
	SetServers         bool
	Databases          []string // all of them, if SetDatabases
	SetDatabases       bool
}
