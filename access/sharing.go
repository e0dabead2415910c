package access

import (
	"strings"

	"entente"
)

// Reasons why something may not be shared with somebody of another organization.
const (
	SharingDisabled entente.Reason = "sharing-disabled" // no sharing policy, or one that is off
	SharingDomain   entente.Reason = "sharing-domain"   // the policy does not list the domain
	SharingLevel    entente.Reason = "sharing-level"    // it lists it, for less
)

// Names of a SharingRule that are no domains, by Exchange's.
const (
	AnyFederated    = "*"
	AnonymousDomain = "Anonymous"
)

// setSharing puts all sharing policies in place of those there were. Of two with
// one name neither counts, nor does any of two defaults.
func (c *change) setSharing(all []SharingPolicy) {
	c.sharing, c.sharingDefault = nil, nil
	c.sharingNames = make(map[string]*SharingPolicy, len(all))
	for i := range all {
		p := &all[i]
		c.sharing = append(c.sharing, p)
		if _, taken := c.sharingNames[p.Name]; taken {
			c.sharingNames[p.Name] = nil
			continue
		}
		c.sharingNames[p.Name] = p
	}
	for _, p := range c.sharing {
		if p.Default && c.sharingNames[p.Name] != nil {
			if c.sharingDefault != nil {
				c.sharingDefault = nil
				break
			}
			c.sharingDefault = p
		}
	}
}

// SharingPolicies returns all sharing policies, in the order of the facts. They
// must not be changed.
func (s *Snapshot) SharingPolicies() []*SharingPolicy { return s.sharing }

// SharingPolicyOf returns the policy that holds for an account: its own, or else
// the default one. A policy of its own that is not there is none.
func (s *Snapshot) SharingPolicyOf(sid entente.SID) (*SharingPolicy, bool) {
	p := s.sharingOf(s.bySID(sid))
	return p, p != nil
}

func (s *Snapshot) sharingOf(a *account) *SharingPolicy {
	switch {
	case a == nil:
		return nil
	case a.SharingPolicy != "":
		return s.sharingNames[a.SharingPolicy]
	}
	return s.sharingDefault
}

// Allows returns what may be shared with people in a domain. A rule for the
// domain itself counts alone, and says nothing of those below it; else, if its
// organization is federated, the rule for any. A disabled policy allows nothing.
func (p *SharingPolicy) Allows(d entente.Domain, federated bool) SharingActions {
	if p == nil || !p.Enabled {
		return 0
	}
	var any SharingActions
	for i := range p.Rules {
		switch r := &p.Rules[i]; {
		case strings.EqualFold(r.Domain, string(d)):
			return r.Actions
		case r.Domain == AnyFederated && federated:
			any = r.Actions
		}
	}
	return any
}

// AllowsAnonymous returns what may be published to everyone.
func (p *SharingPolicy) AllowsAnonymous() SharingActions {
	return p.Allows(AnonymousDomain, false)
}

// Rights returns the rights in a folder of a container class (IPF.Appointment …)
// that the actions allow at most.
func (a SharingActions) Rights(class string) (r Rights) {
	switch {
	case ofClass(class, "IPF.Appointment"):
		if a&CalendarSharingFreeBusySimple != 0 {
			r |= LevelFreeBusyTimeOnly
		}
		if a&CalendarSharingFreeBusyDetail != 0 {
			r |= LevelFreeBusyDetails
		}
		if a&CalendarSharingFreeBusyReviewer != 0 {
			r |= LevelFreeBusyDetails | LevelReviewer
		}
	case ofClass(class, "IPF.Contact") && a&ContactsSharing != 0:
		r = LevelReviewer
	}
	return r
}

// ofClass reports whether a container class is a class or derived from it.
func ofClass(class, of string) bool {
	return len(class) >= len(of) && strings.EqualFold(class[:len(of)], of) && (len(class) == len(of) || class[len(of)] == '.')
}

// MayShare reports whether the owner of a mailbox may give somebody in a domain,
// or everyone by AnonymousDomain, rights in a folder of a class. Errors: Denied
// with the reasons above.
func (s *Snapshot) MayShare(owner entente.SID, with entente.Domain, class string, r Rights) error {
	p, ok := s.SharingPolicyOf(owner)
	if !ok || !p.Enabled {
		return entente.Errorf(entente.Denied, "Sharing with people outside of the organization isn't allowed by the sharing policy.").Because(SharingDisabled)
	}
	allowed := p.Allows(with, with != AnonymousDomain)
	switch most := allowed.Rights(class); {
	case allowed == 0:
		return entente.Errorf(entente.Denied, "The sharing policy doesn't allow sharing with this user.").Because(SharingDomain)
	case !most.Has(r &^ FolderVisible):
		return entente.Errorf(entente.Denied, "The sharing policy doesn't allow sharing at this level.").Because(SharingLevel)
	}
	return nil
}

var actionNames = [...]string{
	"CalendarSharingFreeBusySimple", "CalendarSharingFreeBusyDetail", "CalendarSharingFreeBusyReviewer", "ContactsSharing",
}

// String names the actions, joined by commas; the empty set is "".
func (a SharingActions) String() string {
	var names []string
	for i, name := range actionNames {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// String writes the rule as ParseSharingRule reads it.
func (r SharingRule) String() string { return r.Domain + ": " + r.Actions.String() }

// ParseSharingRule reads "domain: action, action" as New-SharingPolicy -Domains
// does; the names are read in any case of letters.
func ParseSharingRule(text string) (r SharingRule, err error) {
	domain, actions, ok := strings.Cut(text, ":")
	if domain = strings.TrimSpace(domain); !ok || domain == "" {
		return r, entente.Errorf(entente.Invalid, "%q is not of the form 'domain: action, action'", text)
	}
	switch {
	case domain == AnyFederated:
		r.Domain = AnyFederated
	case strings.EqualFold(domain, AnonymousDomain):
		r.Domain = AnonymousDomain
	default:
		d, err := entente.ParseDomain(domain)
		if err != nil {
			return r, err
		}
		r.Domain = string(d)
	}
	for name := range strings.SplitSeq(actions, ",") {
		a, ok := sharingAction(strings.TrimSpace(name))
		if !ok {
			return r, entente.Errorf(entente.Invalid, "%q is none of %s", strings.TrimSpace(name), strings.Join(actionNames[:], ", "))
		}
		r.Actions |= a
	}
	return r, nil
}

func sharingAction(name string) (SharingActions, bool) {
	for i, known := range actionNames {
		if strings.EqualFold(name, known) {
			return 1 << i, true
		}
	}
	return 0, false
}

var (
	freeBusyLevelNames = [...]string{"None", "AvailabilityOnly", "LimitedDetails"}
	mailTipsLevelNames = [...]string{"None", "Limited", "All"}
)

// String returns the level's name.
func (l FreeBusyLevel) String() string {
	return freeBusyLevelNames[min(int(l), len(freeBusyLevelNames)-1)]
}

// ParseFreeBusyLevel reads a level's name, in any case of letters.
func ParseFreeBusyLevel(s string) (FreeBusyLevel, error) {
	i, err := levelOf(s, freeBusyLevelNames[:])
	return FreeBusyLevel(i), err
}

// String returns the level's name.
func (l MailTipsLevel) String() string {
	return mailTipsLevelNames[min(int(l), len(mailTipsLevelNames)-1)]
}

// ParseMailTipsLevel reads a level's name, in any case of letters.
func ParseMailTipsLevel(s string) (MailTipsLevel, error) {
	i, err := levelOf(s, mailTipsLevelNames[:])
	return MailTipsLevel(i), err
}

func levelOf(s string, names []string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(s, n) {
			return i, nil
		}
	}
	return 0, entente.Errorf(entente.Invalid, "%q is none of %s", s, strings.Join(names, ", "))
}

// rights are those that the level shows of a calendar.
func (l FreeBusyLevel) rights() Rights {
	switch l {
	case AvailabilityOnly:
		return LevelFreeBusyTimeOnly
	case LimitedDetails:
		return LevelFreeBusyDetails
	}
	return 0
}
