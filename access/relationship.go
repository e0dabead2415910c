package access

import "entente"

// A Relationship is what this organization agreed to show to another, and how
// to ask it: an organization relationship. Exchange: New-OrganizationRelationship.
type Relationship struct {
	Name    string
	Domains []entente.Domain
	Enabled bool

	// FreeBusy gates asking the other organization and answering it.
	FreeBusy      bool
	FreeBusyLevel FreeBusyLevel
	FreeBusyScope entente.SID // members of this group only; empty for everybody

	MailTips      bool
	MailTipsLevel MailTipsLevel
	MailTipsScope entente.SID

	DeliveryReport, Photos, Archive, MailboxMove bool

	Contact               string
	TargetApplicationURI  string // of the other organization: whom its tokens speak for
	TargetAutodiscoverEPR string
	TargetSharingEPR      string // its EWS; with it, Autodiscover is never asked
	TargetOWAURL          string

	// Keys are the thumbprints (RFC 7638) of the other organization's own signing
	// keys. With any, only what is signed by one of them is believed; without, the
	// broker's word is enough: broker-trusted.
	Keys []string
}

// A FreeBusyLevel is the most that another organization is shown of a calendar.
type FreeBusyLevel uint8

// The levels, by Exchange's names.
const (
	FreeBusyNone FreeBusyLevel = iota
	AvailabilityOnly
	LimitedDetails // with subject and location
)

// A MailTipsLevel is the most that another organization is shown of MailTips.
type MailTipsLevel uint8

// The levels, by Exchange's names.
const (
	MailTipsNone MailTipsLevel = iota
	MailTipsLimited
	MailTipsAll
)

// A SharingPolicy says what people may share of their own, and with whom.
// Exchange: New-SharingPolicy.
type SharingPolicy struct {
	Name    string
	Enabled bool
	Default bool // of mailboxes that have none
	Rules   []SharingRule
}

// A SharingRule is about one domain: "*" for any federated one, "Anonymous" for
// publishing to the Internet.
type SharingRule struct {
	Domain  string
	Actions SharingActions
}

// SharingActions is a set of what may be shared.
type SharingActions uint8

// The actions, by Exchange's names.
const (
	CalendarSharingFreeBusySimple SharingActions = 1 << iota
	CalendarSharingFreeBusyDetail
	CalendarSharingFreeBusyReviewer
	ContactsSharing
)

// A Foreign is what a caller's own organization and the broker say of him.
type Foreign struct {
	Organization string           // its application URI
	Domains      []entente.Domain // that the broker says are its
	Immutable    string
	Mails        []entente.SMTPAddress
	Offer        string // what the token is for
	Key          string // thumbprint of the organization's own key that signed the request; "" if none did
}
