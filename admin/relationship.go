package admin

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
)

// RelationshipInfo is an organization relationship.
type RelationshipInfo struct {
	Name            string   `json:"name"`
	Domains         []string `json:"domains"`
	Enabled         bool     `json:"enabled"`
	FreeBusy        bool     `json:"free_busy"`
	FreeBusyLevel   string   `json:"free_busy_level"`
	FreeBusyScope   string   `json:"free_busy_scope,omitempty"`
	MailTips        bool     `json:"mail_tips"`
	MailTipsLevel   string   `json:"mail_tips_level"`
	MailTipsScope   string   `json:"mail_tips_scope,omitempty"`
	DeliveryReport  bool     `json:"delivery_report"`
	Photos          bool     `json:"photos"`
	Archive         bool     `json:"archive"`
	MailboxMove     bool     `json:"mailbox_move"`
	Contact         string   `json:"contact,omitempty"`
	ApplicationURI  string   `json:"application_uri,omitempty"`
	AutodiscoverEPR string   `json:"autodiscover_epr,omitempty"`
	SharingEPR      string   `json:"sharing_epr,omitempty"`
	OWAURL          string   `json:"owa_url,omitempty"`
	Keys            []string `json:"keys,omitempty"`
	// Trust says whose word counts: pinned, only what the organization signs with
	// one of Keys; broker-trusted, what the broker says.
	Trust string `json:"trust"`
}

func (a *API) relationshipInfo(ctx context.Context, r *access.Relationship) RelationshipInfo {
	i := RelationshipInfo{
		Name: r.Name, Enabled: r.Enabled, FreeBusy: r.FreeBusy, FreeBusyLevel: r.FreeBusyLevel.String(),
		MailTips: r.MailTips, MailTipsLevel: r.MailTipsLevel.String(),
		DeliveryReport: r.DeliveryReport, Photos: r.Photos, Archive: r.Archive, MailboxMove: r.MailboxMove,
		Contact: r.Contact, ApplicationURI: r.TargetApplicationURI, AutodiscoverEPR: r.TargetAutodiscoverEPR,
		SharingEPR: r.TargetSharingEPR, OWAURL: r.TargetOWAURL, Keys: r.Keys, Trust: "pinned",
	}
	for _, d := range r.Domains {
		i.Domains = append(i.Domains, string(d))
	}
	if r.FreeBusyScope != "" {
		i.FreeBusyScope = a.nameOf(ctx, r.FreeBusyScope)
	}
	if r.MailTipsScope != "" {
		i.MailTipsScope = a.nameOf(ctx, r.MailTipsScope)
	}
	if len(r.Keys) == 0 {
		i.Trust = "broker-trusted"
	}
	return i
}

// ListRelationships lists the organization relationships.
func (a *API) ListRelationships(ctx context.Context, _ Nothing) ([]RelationshipInfo, error) {
	all, err := a.Directory.Relationships(ctx)
	list := make([]RelationshipInfo, 0, len(all))
	for i := range all {
		list = append(list, a.relationshipInfo(ctx, &all[i]))
	}
	return list, err
}

// RelationshipName names an organization relationship.
type RelationshipName struct {
	Name string `json:"name" arg:"" help:"The name it goes by."`
}

// ShowRelationship shows an organization relationship.
func (a *API) ShowRelationship(ctx context.Context, q RelationshipName) (RelationshipInfo, error) {
	all, err := a.Directory.Relationships(ctx)
	if err != nil {
		return RelationshipInfo{}, err
	}
	for i := range all {
		if strings.EqualFold(all[i].Name, q.Name) {
			return a.relationshipInfo(ctx, &all[i]), nil
		}
	}
	return RelationshipInfo{}, entente.Errorf(entente.NotFound, "there is no organization relationship %q", q.Name)
}

// RelationshipSettings are what can be said of an organization relationship.
// What is empty stays.
type RelationshipSettings struct {
	Enabled         string   `json:"enabled,omitempty" help:"on or off; a new one is on." placeholder:"on|off"`
	FreeBusy        string   `json:"free_busy,omitempty" help:"Whether free/busy is asked for there and answered from here (FreeBusyAccessEnabled): on or off; of a new one off." placeholder:"on|off"`
	FreeBusyLevel   string   `json:"free_busy_level,omitempty" help:"The most that is shown there: None, AvailabilityOnly, LimitedDetails. What a calendar shows everyone bounds it too." placeholder:"LEVEL"`
	FreeBusyScope   string   `json:"free_busy_scope,omitempty" help:"Security group whose members alone are shown there; none is everybody." placeholder:"GROUP"`
	MailTips        string   `json:"mail_tips,omitempty" help:"off; there are no MailTips here." placeholder:"off"`
	MailTipsLevel   string   `json:"mail_tips_level,omitempty" help:"None, Limited or All; kept." placeholder:"LEVEL"`
	MailTipsScope   string   `json:"mail_tips_scope,omitempty" help:"Security group; kept." placeholder:"GROUP"`
	DeliveryReport  string   `json:"delivery_report,omitempty" help:"off; there are no delivery reports here." placeholder:"off"`
	Photos          string   `json:"photos,omitempty" help:"off; there are no photos here." placeholder:"off"`
	Archive         string   `json:"archive,omitempty" help:"off; there are no archive mailboxes here." placeholder:"off"`
	MailboxMove     string   `json:"mailbox_move,omitempty" help:"off; mailboxes are not moved between organizations." placeholder:"off"`
	Contact         string   `json:"contact,omitempty" help:"Address of somebody there (OrganizationContact)." placeholder:"ADDRESS"`
	ApplicationURI  string   `json:"application_uri,omitempty" help:"Application URI of the other organization (TargetApplicationUri): whom its tokens speak for." placeholder:"URI"`
	AutodiscoverEPR string   `json:"autodiscover_epr,omitempty" help:"Its Autodiscover (TargetAutodiscoverEpr); none, here and above, takes it away." placeholder:"URL"`
	SharingEPR      string   `json:"sharing_epr,omitempty" help:"Its EWS (TargetSharingEpr); with it, its Autodiscover is never asked." placeholder:"URL"`
	OWAURL          string   `json:"owa_url,omitempty" help:"Its web mail (TargetOwaURL)." placeholder:"URL"`
	Keys            []string `json:"keys,omitempty" help:"Thumbprints (RFC 7638) of its own signing keys, in place of those there are: only what one of them signed is believed. A single empty one is none: the broker's word is enough." placeholder:"THUMBPRINT"`
}

// CreateRelationship asks for an organization relationship.
type CreateRelationship struct {
	RelationshipName
	Domains          []string `json:"domains,omitempty" help:"The other organization's domains; those below one do not count." placeholder:"DOMAIN"`
	FromInformation  string   `json:"from_information,omitempty" help:"Ask the other organization, by one of its domains, for what is not said here: its domains, application URI and Autodiscover, and the keys to pin, as entente federation information shows them." placeholder:"DOMAIN"`
	TrustedHostnames []string `json:"trusted_hostnames,omitempty" help:"Hosts to which looking for it may lead." placeholder:"HOST"`
	RelationshipSettings
}

// CreateRelationship makes an organization relationship: this side of one, the
// other organization makes its own. New-OrganizationRelationship.
func (a *API) CreateRelationship(ctx context.Context, q CreateRelationship) (RelationshipInfo, error) {
	if q.FromInformation != "" {
		if err := a.fromInformation(ctx, &q); err != nil {
			return RelationshipInfo{}, err
		}
	}
	if len(q.Domains) == 0 {
		return RelationshipInfo{}, entente.Errorf(entente.Invalid, "name the other organization's domains")
	}
	r := access.Relationship{Name: q.Name, Enabled: true}
	var err error
	if r.Domains, err = requestDomains(q.Domains); err != nil {
		return RelationshipInfo{}, err
	}
	apply, err := a.relationshipChange(ctx, &q.RelationshipSettings)
	if err != nil {
		return RelationshipInfo{}, err
	}
	if err := apply(&r); err != nil {
		return RelationshipInfo{}, err
	}
	if r.FreeBusy && q.FreeBusyLevel == "" {
		r.FreeBusyLevel = access.AvailabilityOnly
	}
	err = a.change(ctx, "relationship.create", append([]string{q.Name}, q.Domains...), func(c *directory.Change) error {
		return c.CreateRelationship(r)
	})
	if err != nil {
		return RelationshipInfo{}, err
	}
	return a.ShowRelationship(ctx, q.RelationshipName)
}

// SetRelationship asks for a change of an organization relationship.
type SetRelationship struct {
	RelationshipName
	NewName       string   `json:"new_name,omitempty" help:"Another name."`
	Domains       []string `json:"domains,omitempty" help:"Its domains, in place of those there are." placeholder:"DOMAIN"`
	AddDomains    []string `json:"add_domains,omitempty" help:"Domains more." placeholder:"DOMAIN"`
	RemoveDomains []string `json:"remove_domains,omitempty" help:"Domains less." placeholder:"DOMAIN"`
	RelationshipSettings
}

// SetRelationship changes an organization relationship. It is in force at once.
func (a *API) SetRelationship(ctx context.Context, q SetRelationship) (Done, error) {
	var set, add, remove []entente.Domain
	for _, x := range [...]struct {
		to   *[]entente.Domain
		from []string
	}{{&set, q.Domains}, {&add, q.AddDomains}, {&remove, q.RemoveDomains}} {
		var err error
		if *x.to, err = requestDomains(x.from); err != nil {
			return Done{}, err
		}
	}
	apply, err := a.relationshipChange(ctx, &q.RelationshipSettings)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "relationship.set", []string{q.Name}, func(c *directory.Change) error {
		return c.SetRelationship(q.Name, func(r *access.Relationship) error {
			if q.NewName != "" {
				r.Name = q.NewName
			}
			if len(set) > 0 {
				r.Domains = set
			}
			r.Domains = slices.DeleteFunc(append(slices.Clip(r.Domains), add...), func(d entente.Domain) bool { return slices.Contains(remove, d) })
			return apply(r)
		})
	})
	return Done{"the organization relationship " + q.Name + " was changed"}, err
}

// RemoveRelationship ends an organization relationship: from the next request on
// nothing is shown there.
func (a *API) RemoveRelationship(ctx context.Context, q RelationshipName) (Done, error) {
	err := a.change(ctx, "relationship.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveRelationship(q.Name) })
	return Done{"the organization relationship " + q.Name + " was removed"}, err
}

// requestDomains reads the domains of one request.
func requestDomains(names []string) ([]entente.Domain, error) {
	if len(names) > directory.MaxDomains {
		return nil, entente.Errorf(entente.TooLarge, "one request names at most %d domains: add the others by further ones", directory.MaxDomains)
	}
	var all []entente.Domain
	for _, n := range names {
		d, err := entente.ParseDomain(n)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// relationshipChange returns what sets all that is said. What cannot be is refused
// here, before anything is recorded; groups are found here, too.
func (a *API) relationshipChange(ctx context.Context, q *RelationshipSettings) (func(*access.Relationship) error, error) {
	var found access.Relationship
	if err := a.setScope(ctx, &found.FreeBusyScope, q.FreeBusyScope); err != nil {
		return nil, err
	}
	if err := a.setScope(ctx, &found.MailTipsScope, q.MailTipsScope); err != nil {
		return nil, err
	}
	apply := func(r *access.Relationship) error {
		if q.FreeBusyScope != "" {
			r.FreeBusyScope = found.FreeBusyScope
		}
		if q.MailTipsScope != "" {
			r.MailTipsScope = found.MailTipsScope
		}
		return q.apply(r)
	}
	return apply, apply(&access.Relationship{})
}

// apply sets what is said, but for the scopes. A switch for what this server does
// not have cannot be turned on: it would look as if it did.
func (q *RelationshipSettings) apply(r *access.Relationship) error {
	for _, x := range [...]struct {
		to      *bool
		text    string
		missing string
	}{
		{&r.Enabled, q.Enabled, ""},
		{&r.FreeBusy, q.FreeBusy, ""},
		{&r.MailTips, q.MailTips, "MailTips are not answered here: MailTipsAccessEnabled cannot be turned on"},
		{&r.DeliveryReport, q.DeliveryReport, "delivery reports are not kept here: DeliveryReportEnabled cannot be turned on"},
		{&r.Photos, q.Photos, "photos are not kept here: PhotosEnabled cannot be turned on"},
		{&r.Archive, q.Archive, "there are no archive mailboxes here: ArchiveAccessEnabled cannot be turned on"},
		{&r.MailboxMove, q.MailboxMove, "mailboxes are not moved between organizations: MailboxMoveEnabled cannot be turned on"},
	} {
		if err := setSwitch(x.to, x.text, x.missing); err != nil {
			return err
		}
	}
	var err error
	if q.FreeBusyLevel != "" {
		if r.FreeBusyLevel, err = access.ParseFreeBusyLevel(q.FreeBusyLevel); err != nil {
			return err
		}
	}
	if q.MailTipsLevel != "" {
		if r.MailTipsLevel, err = access.ParseMailTipsLevel(q.MailTipsLevel); err != nil {
			return err
		}
	}
	for _, x := range [...]struct {
		to   *string
		text string
	}{
		{&r.Contact, q.Contact},
		{&r.TargetApplicationURI, q.ApplicationURI},
		{&r.TargetAutodiscoverEPR, q.AutodiscoverEPR},
		{&r.TargetSharingEPR, q.SharingEPR},
		{&r.TargetOWAURL, q.OWAURL},
	} {
		switch x.text {
		case "":
		case nobody:
			*x.to = ""
		default:
			*x.to = x.text
		}
	}
	if q.Keys != nil {
		r.Keys = slices.DeleteFunc(slices.Clone(q.Keys), func(k string) bool { return k == "" })
	}
	return nil
}

// nobody is how requests say that something is taken away.
const nobody = "none"

// setSwitch reads on or off; empty leaves it as it is. A switch with missing
// said cannot be on.
func setSwitch(to *bool, text, missing string) error {
	switch {
	case text == "":
	case text == "off":
		*to = false
	case text != "on":
		return entente.Errorf(entente.Invalid, "%q is neither on nor off", text)
	case missing != "":
		return entente.Errorf(entente.Invalid, "%s", missing)
	default:
		*to = true
	}
	return nil
}

func (a *API) setScope(ctx context.Context, to *entente.SID, name string) error {
	switch name {
	case "":
		return nil
	case nobody:
		*to = ""
		return nil
	}
	g, err := a.group(ctx, name)
	if err == nil {
		*to = g.SID
	}
	return err
}
