package access

import (
	"cmp"
	"slices"

	"entente"
)

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
	Offer        string // what the token is for: one of the offers below
	Key          string // thumbprint of the organization's own key that signed the request; "" if none did
}

// What delegation tokens are for, as far as decisions know it: the offers of
// package federation/token of the same names.
const (
	OfferFreeBusy     = "MSExchange.SharingCalendarFreeBusy"
	OfferSharingRead  = "MSExchange.SharingRead"
	OfferAutodiscover = "MSExchange.Autodiscover"
)

// Reasons of refusals to people of other organizations, and to ours who would ask
// about them.
const (
	WrongOffer             entente.Reason = "foreign-offer"                // the token is for something else
	ForeignAddress         entente.Reason = "foreign-address"              // in a domain that the broker does not say is his organization's
	NoRelationship         entente.Reason = "relationship-none"            // none names the domain, or two do
	RelationshipDisabled   entente.Reason = "relationship-disabled"        //
	RelationshipUnusable   entente.Reason = "relationship-incomplete"      // it does not say for whom to ask
	OtherOrganization      entente.Reason = "relationship-other"           // the caller is of another organization than it names
	KeyNotPinned           entente.Reason = "relationship-key"             // not signed by a key that it pins
	NoRelationshipFreeBusy entente.Reason = "relationship-free-busy-off"   // FreeBusyAccessEnabled is off
	OutsideScope           entente.Reason = "relationship-free-busy-scope" // the mailbox is not in FreeBusyAccessScope
)

// relationship is a Relationship with the number of its scope.
type relationship struct {
	Relationship
	scope int32 // of FreeBusyScope; -1 if there is none
}

// setRelationships puts all relationships in place of those there were. A domain
// that two of them name is in neither: to guess would be to show one partner
// what is meant for the other.
func (c *change) setRelationships(all []Relationship) {
	c.relationships, c.partners = nil, make(map[entente.Domain]*relationship, len(all))
	for i := range all {
		r := &relationship{all[i], c.numbered(all[i].FreeBusyScope)}
		c.relationships = append(c.relationships, r)
		for _, d := range r.Domains {
			if other, taken := c.partners[d]; taken && other != r {
				c.partners[d] = nil
				continue
			}
			c.partners[d] = r
		}
	}
}

// RelationshipFor finds the relationship that names a domain; a domain above it
// does not count. What it points to must not be changed.
func (s *Snapshot) RelationshipFor(d entente.Domain) (*Relationship, bool) {
	if r := s.partners[d]; r != nil {
		return &r.Relationship, true
	}
	return nil, false
}

// Relationships returns all relationships by name.
func (s *Snapshot) Relationships() []*Relationship {
	all := make([]*Relationship, len(s.relationships))
	for i, r := range s.relationships {
		all[i] = &r.Relationship
	}
	slices.SortStableFunc(all, func(a, b *Relationship) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// MayAsk finds the relationship by which people here may ask about free/busy in a
// domain. Errors: Denied with the reasons NoRelationship, RelationshipDisabled,
// NoRelationshipFreeBusy or RelationshipUnusable. Where the other organization's
// servers are may be left to DNS, which Exchange does not: who asks finds out
// whether that knows.
func (s *Snapshot) MayAsk(d entente.Domain) (*Relationship, error) {
	r, ok := s.RelationshipFor(d)
	switch {
	case !ok:
		return nil, entente.Errorf(entente.Denied, "Configuration information for forest/domain %s could not be found in Active Directory.", d).Because(NoRelationship)
	case !r.Enabled:
		return nil, entente.Errorf(entente.Denied, "Configuration information for forest/domain %s could not be found in Active Directory.", d).Because(RelationshipDisabled)
	case !r.FreeBusy: // gates asking and answering: doc/design/0011-relationships.md
		return nil, entente.Errorf(entente.Denied, "The organization relationship %s isn't enabled for free/busy.", r.Name).Because(NoRelationshipFreeBusy)
	case r.TargetApplicationURI == "":
		return nil, entente.Errorf(entente.Denied, "The organization relationship %s can't be used. Please confirm that the organization relationship is configured correctly.", r.Name).Because(RelationshipUnusable)
	}
	return r, nil
}
