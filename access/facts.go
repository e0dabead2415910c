package access

import (
	"time"

	"entente"
)

// Facts are all that a decision may know of an organization. The directory
// reads them from its tables in one transaction; tests read them from a text
// file. Compile makes a Snapshot of them and keeps what they point to, so they
// must not be changed afterwards.
type Facts struct {
	Generation   uint64 // rises with every change of the directory
	Organization Organization
	Accounts     []Account
	Groups       []Group
	Servers      []string
	Databases    []string
	Permissions  []MailboxPermission
	Scopes       []ManagementScope
	Policies     []ScopePolicy
	Assignments  []Assignment
	ItemGrants   []ItemGrant
	Realms       []Realm // other forests whose word about their own accounts counts here

	Relationships   []Relationship
	SharingPolicies []SharingPolicy

	Devices        DeviceOrganization
	DeviceRules    []DeviceRule
	MobilePolicies []MobilePolicy

	// Administrators are the groups (or accounts) that may change the
	// organization. They are, for that very reason, refused impersonation.
	Administrators []entente.SID
}

// An Organization is what is set for everyone.
type Organization struct {
	Name      string
	DomainSID entente.SID
	// Policy is what Set-OrganizationConfig sets of client access.
	Policy ClientPolicy
	// Precedence says what a mailbox's EwsEnabled can do against the
	// organization's. The zero value is Classic.
	Precedence Precedence
}

// An AccountKind says what an account stands for.
type AccountKind string

const (
	KindUser      AccountKind = "user"
	KindRoom      AccountKind = "room"
	KindEquipment AccountKind = "equipment"
	KindShared    AccountKind = "shared"
	KindService   AccountKind = "service"
)

// An Account is someone, or something with a mailbox. Mail of the Principal is
// the primary SMTP address.
type Account struct {
	Principal
	Name    string                // display name
	Proxies []entente.SMTPAddress // further addresses; the primary need not be among them
	// Master is the SID of the account in another forest that owns a linked
	// mailbox. The account here is then a placeholder, disabled as Exchange
	// makes it, and Master is who signs in.
	Master   entente.SID
	Kind     AccountKind
	Enabled  bool
	Mailbox  entente.MailboxID // zero if it has none
	Database string            // name of the mailbox's database
	Policy   *ClientPolicy     // what Set-CASMailbox sets; nil if nothing
	// SharingPolicy is the name of its own; empty for the default one.
	SharingPolicy string
	// Devices is what is set of its mobile devices; nil if nothing.
	Devices *DeviceSettings
	// LogonName is its name in the domain of its SID (sAMAccountName), by which a
	// KDC knows it; in any case of letters.
	LogonName string
	// Identities say which certificates are the account (altSecurityIdentities), as
	// ParseIdentity returns them.
	Identities []string
	// Attributes are what recipient filters look at beside names, addresses,
	// kind and database; nil if all are empty.
	Attributes *Attributes
}

// Attributes of an account that recipient filters can name, as Exchange calls
// them.
type Attributes struct {
	Alias      string
	Title      string
	Department string
	Company    string
	Office     string
	Custom     [15]string // CustomAttribute1 … 15
}

// mayCome reports whether the account may be behind a request by itself.
func (a *Account) mayCome() bool { return a.Enabled || a.Master != "" }

// standsForNobody reports whether it is no news that nobody signs in with the
// account: its being disabled then says nothing about who may act for it.
func (a *Account) standsForNobody() bool {
	return a.Master != "" || a.Kind == KindRoom || a.Kind == KindEquipment || a.Kind == KindShared
}

// A Group holds accounts and other groups by SID. Groups may hold each other.
type Group struct {
	SID     entente.SID
	Name    string
	Mail    entente.SMTPAddress // empty if mail cannot be sent to it
	Members []entente.SID
	// Master is the SID of a group in another forest, for a linked group: who
	// that forest says is in it, is in this one.
	Master entente.SID
}

// A Realm is another forest that may vouch for its own accounts and groups. The
// SIDs it names count only within its own domain: what it says of any other is
// dropped, so that it cannot make its users members of our groups.
type Realm struct {
	Name      string // as in CONTOSO.EXAMPLE
	DomainSID entente.SID
}

// A ManagementScope is a named set of recipients: all that a filter matches.
// New-ManagementScope -RecipientRestrictionFilter.
type ManagementScope struct {
	Name   string
	Filter string // as ParseFilter reads it
	// Exclusive keeps everyone else out: over whom an exclusive scope holds, only
	// grants with an exclusive scope that holds over him too say anything. Denials
	// always do, so that making a first scope exclusive never opens anything. Whom
	// two hold over, grants with either reach.
	Exclusive bool
}

// A ScopePolicy is the client access policy of the recipients in a management
// scope. It is more specific than the organization's and less than a mailbox's
// own; among several, the one with the lowest priority number that says
// anything of a setting decides it.
type ScopePolicy struct {
	Scope    string // name of a ManagementScope
	Priority int
	Policy   ClientPolicy
}

// A MailboxPermission gives or, with Deny, withholds rights on a whole
// mailbox: FullAccess, SendAs, SendOnBehalf, and ReadPrivate, which shows what is
// private in those folders whose own tables let the items be read. A denial outweighs any grant to
// the same caller, but not that he is the owner.
type MailboxPermission struct {
	Mailbox entente.MailboxID
	To      entente.SID // account or group
	Rights  Rights
	Deny    bool
}

// An Assignment lets an application act as others. Exchange 2010's management
// role ApplicationImpersonation is one assignment with both rights; the two
// permissions of Exchange 2007 are one assignment with Impersonate at a server
// and another with MayImpersonate over a database or an account.
//
// The zero Assignment gives nothing: rights, scope and Enabled must be said.
type Assignment struct {
	ID       string
	Assignee entente.SID // account or group
	Rights   Rights      // Impersonate, MayImpersonate or ApplicationImpersonation
	Server   string      // at which server it holds; empty at all
	Scope    Scope       // over whom, for MayImpersonate
	Gate     Gate
	// AllowDisabled lets it act as disabled accounts too, as Exchange's role
	// always does.
	AllowDisabled bool
	NotBefore     time.Time // zero for no bound
	NotAfter      time.Time // zero for no bound; the end is not included
	Enabled       bool
	Deny          bool
}

// ApplicationImpersonation is Exchange's management role of that name.
const ApplicationImpersonation = Impersonate | MayImpersonate

// A Scope names the accounts an assignment is about. The zero Scope is nobody.
type Scope struct {
	Kind ScopeKind
	Name string // name of a database or management scope, or SID of an account or group
}

// A ScopeKind says what a Scope's name means. The nearer kind decides before
// the wider one: what is said of an account outweighs what is said of its
// database, as an explicit entry outweighs an inherited one.
type ScopeKind uint8

const (
	ScopeAccount ScopeKind = iota + 1
	ScopeGroup
	ScopeDatabase
	ScopeAll
	// ScopeManagement is a management scope by its name. It decides after a group
	// and before a database: the numbers are kept in databases and say nothing of
	// the order.
	ScopeManagement
)

// A Gate says whose client access settings an impersonated request has to
// pass.
type Gate uint8

const (
	// GateOwner: those of whom the caller acts as.
	GateOwner Gate = iota
	// GateBypass: none. For what must reach every mailbox regardless of its
	// settings, such as an archive.
	GateBypass
)
