package access

import (
	"slices"
	"strings"
	"time"

	"entente"
)

// foreign reports whether the caller comes by a delegation token, or says so.
func (c *Caller) foreign() bool { return c.Method == Delegation || c.Foreign != nil }

// offer is what the caller's token is for; "" without one.
func (c *Caller) offer() string {
	if c.Foreign == nil {
		return ""
	}
	return c.Foreign.Offer
}

// speaksFor reports whether an address is one that the token speaks for, in a
// domain that the broker says is that organization's: nobody vouches for people
// of others.
func (f *Foreign) speaksFor(a entente.SMTPAddress) bool {
	return f != nil && a != "" && slices.Contains(f.Domains, a.Domain()) &&
		slices.ContainsFunc(f.Mails, func(m entente.SMTPAddress) bool { return strings.EqualFold(string(m), string(a)) })
}

// AddressOf returns which of the addresses of a token its bearer is known by: the
// first that a relationship is about, or else the first; "" if it speaks for none.
func (s *Snapshot) AddressOf(f *Foreign) (found entente.SMTPAddress) {
	for _, m := range f.Mails {
		if !f.speaksFor(m) {
			continue
		}
		if s.partners[m.Domain()] != nil {
			return m
		}
		if found == "" {
			found = m
		}
	}
	return found
}

// Partner returns the relationship that a caller with a delegation token is
// under, if it is enabled and he speaks for the organization it names. The
// decision is added to the trace.
func (s *Snapshot) Partner(c *Caller, at time.Time, t *Trace) (*Relationship, error) {
	q := Question{Caller: c, On: Object{Kind: OrganizationObject, Name: "relationship"}, Want: Enter, At: at}
	d := Decision{On: q.On, Want: q.Want}
	who := s.identify(&q, &d, nil)
	if who.foreign && c.offer() != OfferFreeBusy && !d.failed {
		s.related(&d, c, &who)
	}
	d.give("partner", "", who.foreign, Enter)
	d.conclude()
	t.add(d)
	if !d.allowed {
		return nil, d.Err()
	}
	return &who.relationship.Relationship, nil
}

// identifyForeign applies the rules about whoever comes by a delegation token.
// The relationship that names his domain binds him to the organization and the
// keys it names, whatever he comes for.
func (s *Snapshot) identifyForeign(c *Caller, d *Decision) identity {
	mail, f := c.Authenticated.Mail, c.Foreign
	who := identity{external: true, foreign: true}
	d.need("caller-known", string(mail), f != nil && c.External() && c.Method == Delegation, NoRight)
	if f == nil {
		return who
	}
	known := f.Offer == OfferFreeBusy || f.Offer == OfferSharingRead || f.Offer == OfferAutodiscover
	d.need("offer", bounded(f.Offer), known, WrongOffer)
	d.need("foreign-address", string(mail), f.speaksFor(mail), ForeignAddress)
	r, named := s.partners[mail.Domain()]
	who.relationship = r
	if f.Offer == OfferSharingRead {
		who.mail = mail
	}
	switch {
	case named && r == nil:
		s.related(d, c, &who)
	case f.Offer == OfferFreeBusy:
		// Said here and not of each mailbox: whom there is nothing to show to is not
		// told who is here.
		s.related(d, c, &who)
		if r != nil {
			d.need("relationship-free-busy", r.Name, r.FreeBusy, NoRelationshipFreeBusy)
		}
	case named:
		d.bound(r, f)
	}
	return who
}

// related adds that there must be a relationship, in force and with the caller's
// own organization.
func (s *Snapshot) related(d *Decision, c *Caller, who *identity) {
	r := who.relationship
	if r == nil {
		d.need("relationship", string(c.Authenticated.Mail.Domain()), false, NoRelationship)
		return
	}
	d.need("relationship", r.Name, true, "")
	d.need("relationship-enabled", r.Name, r.Enabled, RelationshipDisabled)
	d.bound(r, c.Foreign)
}

// bound adds that the token speaks for the organization that the relationship
// names and, if keys are pinned, that one of them signed: the broker alone cannot
// speak for a partner. (threats F2)
func (d *Decision) bound(r *relationship, f *Foreign) {
	d.need("relationship-organization", bounded(f.Organization), f.Organization != "" && f.Organization == r.TargetApplicationURI, OtherOrganization)
	if len(r.Keys) > 0 {
		d.need("relationship-key", bounded(f.Key), slices.Contains(r.Keys, f.Key), KeyNotPinned)
	}
}

// foreignMailbox is onMailbox for callers with a delegation token: with one for
// free/busy, the relationship must be about this mailbox.
func (s *Snapshot) foreignMailbox(q *Question, d *Decision, who *identity, owner *account) {
	switch q.Caller.offer() {
	case OfferFreeBusy:
		r := who.relationship
		if r == nil {
			return
		}
		if r.scope >= 0 {
			d.need("relationship-scope", string(r.FreeBusyScope), owner != nil && owner.in(r.scope), OutsideScope)
		}
	case OfferSharingRead:
		s.narrow(who, owner)
	default:
		d.need("offer", bounded(q.Caller.offer()), false, WrongOffer)
		return
	}
	d.give("external", string(q.Caller.Authenticated.Mail), true, FolderLookup)
}

// narrow holds item grants back from callers with a delegation token where the
// owner's sharing policy does not let them read items.
func (s *Snapshot) narrow(who *identity, owner *account) {
	if who.foreign && who.mail != "" && s.sharingOf(owner).Allows(who.mail.Domain(), true)&CalendarSharingFreeBusyReviewer == 0 {
		who.mail = ""
	}
}

// foreignFolder is onFolder for callers with a delegation token. What it gives is
// cut already: by the relationship's level, or by the owner's sharing policy.
func (s *Snapshot) foreignFolder(q *Question, d *Decision, who *identity, t *FolderTable) {
	switch q.Caller.offer() {
	case OfferFreeBusy:
		// Across organizations the Default entry alone counts, personal entries do
		// not (KB 3079932).
		r := who.relationship
		if r == nil {
			return
		}
		e := t.special(Default)
		shown := e.shown(t)
		d.give("relationship-level", r.FreeBusyLevel.String(), r.FreeBusyLevel.rights() != 0, 0)
		d.give("folder-external", "Default", e != nil, shown&r.FreeBusyLevel.rights())
	case OfferSharingRead:
		p := s.sharingOf(s.ownerOf(q.On.Mailbox))
		entry, rights := p.shown(t, q.Caller.Foreign)
		d.give("sharing-policy", p.fact(), p != nil && p.Enabled, 0)
		d.give("folder-shared", string(entry), entry != "" && rights != 0, rights)
	}
}

// shown are the entry's rights, with what they include: who may read a calendar's
// items is told of them.
func (e *Entry) shown(t *FolderTable) Rights {
	r := e.rights()
	if r&ReadAny != 0 && ofClass(t.Class, "IPF.Appointment") {
		r |= LevelFreeBusyDetails
	}
	return r
}

// shown returns what of the entries for the people whom a token speaks for the
// policy lets through, and one of them. Who is shown anything sees the folder.
func (p *SharingPolicy) shown(t *FolderTable, f *Foreign) (entry entente.SMTPAddress, r Rights) {
	for i := range t.Entries {
		e := &t.Entries[i]
		if e.Who != ExternalUser || !f.speaksFor(e.External) {
			continue
		}
		entry = e.External
		r |= e.shown(t) & p.Allows(e.External.Domain(), true).Rights(t.Class)
	}
	if r&^FolderVisible == 0 {
		return entry, 0
	}
	return entry, r | FolderVisible
}

// fact is how steps name a policy.
func (p *SharingPolicy) fact() string {
	if p == nil {
		return ""
	}
	return p.Name
}

func (s *Snapshot) ownerOf(id entente.MailboxID) *account {
	_, owner := s.box(id)
	return owner
}
