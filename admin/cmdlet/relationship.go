package cmdlet

import (
	"strings"

	"entente"
	"entente/admin"
)

// OrganizationRelationship is what Get-OrganizationRelationship shows.
type OrganizationRelationship struct {
	Name                  string   `json:"Name"`
	DomainNames           []string `json:"DomainNames"`
	Enabled               bool     `json:"Enabled"`
	FreeBusyAccessEnabled bool     `json:"FreeBusyAccessEnabled"`
	FreeBusyAccessLevel   string   `json:"FreeBusyAccessLevel"`
	FreeBusyAccessScope   string   `json:"FreeBusyAccessScope"`
	MailTipsAccessEnabled bool     `json:"MailTipsAccessEnabled"`
	MailTipsAccessLevel   string   `json:"MailTipsAccessLevel"`
	MailTipsAccessScope   string   `json:"MailTipsAccessScope"`
	DeliveryReportEnabled bool     `json:"DeliveryReportEnabled"`
	PhotosEnabled         bool     `json:"PhotosEnabled"`
	ArchiveAccessEnabled  bool     `json:"ArchiveAccessEnabled"`
	MailboxMoveEnabled    bool     `json:"MailboxMoveEnabled"`
	OrganizationContact   string   `json:"OrganizationContact"`
	TargetApplicationUri  string   `json:"TargetApplicationUri"` //nolint:revive // Exchange's name
	TargetAutodiscoverEpr string   `json:"TargetAutodiscoverEpr"`
	TargetSharingEpr      string   `json:"TargetSharingEpr"`
	TargetOwaURL          string   `json:"TargetOwaURL"`
	PinnedKeys            []string `json:"PinnedKeys"` // ours
	Trust                 string   `json:"Trust"`      // ours
}

func organizationRelationship(r *admin.RelationshipInfo) OrganizationRelationship {
	return OrganizationRelationship{
		Name: r.Name, DomainNames: r.Domains, Enabled: r.Enabled,
		FreeBusyAccessEnabled: r.FreeBusy, FreeBusyAccessLevel: r.FreeBusyLevel, FreeBusyAccessScope: r.FreeBusyScope,
		MailTipsAccessEnabled: r.MailTips, MailTipsAccessLevel: r.MailTipsLevel, MailTipsAccessScope: r.MailTipsScope,
		DeliveryReportEnabled: r.DeliveryReport, PhotosEnabled: r.Photos, ArchiveAccessEnabled: r.Archive, MailboxMoveEnabled: r.MailboxMove,
		OrganizationContact: r.Contact, TargetApplicationUri: r.ApplicationURI, TargetAutodiscoverEpr: r.AutodiscoverEPR,
		TargetSharingEpr: r.SharingEPR, TargetOwaURL: r.OWAURL, PinnedKeys: r.Keys, Trust: r.Trust,
	}
}

// SharingPolicy is what Get-SharingPolicy shows.
type SharingPolicy struct {
	Name    string   `json:"Name"`
	Domains []string `json:"Domains"`
	Enabled bool     `json:"Enabled"`
	Default bool     `json:"Default"`
}

func relationshipCmdlets() []Cmdlet {
	settings := []Parameter{
		{Name: "Enabled", Kind: Bool, Help: "Whether there is one; $true for a new one."},
		{Name: "FreeBusyAccessEnabled", Kind: Bool, Help: "Whether free/busy is asked for there and answered from here; $false for a new one."},
		{Name: "FreeBusyAccessLevel", Kind: Enum, Values: []string{"None", "AvailabilityOnly", "LimitedDetails"}, Help: "The most that is shown there; AvailabilityOnly for a new one that shows free/busy."},
		{Name: "FreeBusyAccessScope", Help: "Security group whose members alone are shown; $null is everybody."},
		{Name: "MailTipsAccessEnabled", Kind: Bool, Help: "$false: there are no MailTips here."},
		{Name: "MailTipsAccessLevel", Kind: Enum, Values: []string{"None", "Limited", "All"}, Help: "Kept."},
		{Name: "MailTipsAccessScope", Help: "Kept."},
		{Name: "DeliveryReportEnabled", Kind: Bool, Help: "$false: there are no delivery reports here."},
		{Name: "PhotosEnabled", Kind: Bool, Help: "$false: there are no photos here."},
		{Name: "ArchiveAccessEnabled", Kind: Bool, Help: "$false: there are no archive mailboxes here."},
		{Name: "MailboxMoveEnabled", Kind: Bool, Help: "$false: mailboxes are not moved between organizations."},
		{Name: "OrganizationContact", Help: "Address of somebody there."},
		{Name: "TargetApplicationUri", Help: "Whom the other organization's tokens speak for."},
		{Name: "TargetAutodiscoverEpr", Help: "Its Autodiscover."},
		{Name: "TargetSharingEpr", Help: "Its EWS; with it, its Autodiscover is never asked."},
		{Name: "TargetOwaURL", Help: "Its web mail."},
		{Name: "PinnedKeys", Kind: List, Changes: true, Help: "Ours: thumbprints of its own signing keys; only what one of them signed is believed."},
	}
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The relationship's name."}
	force := Parameter{Name: "Force", Kind: Switch, Help: "Taken."}
	return []Cmdlet{
		{
			Name: "Get-OrganizationRelationship", Synopsis: "Show what is shown to other organizations, and how they are asked.", Verbs: "relationship list, relationship show",
			Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one."}},
			run:        getRelationship,
		},
		{
			Name: "New-OrganizationRelationship", Synopsis: "Agree to ask another organization about free/busy, and to answer it.", Verbs: "relationship create",
			Parameters: append([]Parameter{
				{Name: "Name", First: true, Mandatory: true, Help: "Its name, at most 64 characters."},
				{Name: "DomainNames", Kind: List, Mandatory: true, Help: "The other organization's domains, at most 238 in one command."},
			}, settings...),
			run: newRelationship,
		},
		{
			Name: "Set-OrganizationRelationship", Synopsis: "Change an organization relationship.", Verbs: "relationship set",
			Parameters: append([]Parameter{
				identity, force,
				{Name: "Name", Help: "Another name."},
				{Name: "DomainNames", Kind: List, Changes: true, Help: "Its domains, at most 238 in one command."},
			}, settings...),
			run: setRelationship,
		},
		{
			Name: "Remove-OrganizationRelationship", Synopsis: "End an organization relationship.", Verbs: "relationship remove",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "relationship", "remove", admin.RelationshipName{Name: c.Text("Identity")})
				return nil, c.missing(err)
			},
		},
	}
}

func sharingPolicyCmdlets() []Cmdlet {
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The policy's name."}
	const rules = "'domain: action, action', each in quotes: CalendarSharingFreeBusySimple, CalendarSharingFreeBusyDetail, CalendarSharingFreeBusyReviewer, ContactsSharing. * is any federated organization, Anonymous publishing for everyone."
	return []Cmdlet{
		{
			Name: "Get-SharingPolicy", Synopsis: "Show what people may share with other organizations.", Verbs: "sharing-policy list",
			Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one."}},
			run:        getSharingPolicy,
		},
		{
			Name: "New-SharingPolicy", Synopsis: "Make a sharing policy.", Verbs: "sharing-policy create",
			Parameters: []Parameter{
				{Name: "Name", First: true, Mandatory: true, Help: "Its name, at most 64 characters."},
				{Name: "Domains", Kind: List, Mandatory: true, Help: rules},
				{Name: "Default", Kind: Switch, Help: "Make it the policy of mailboxes that have none of their own."},
				{Name: "Enabled", Kind: Bool, Help: "Whether it allows anything; $true for a new one."},
			},
			run: func(c *call) (any, error) {
				p, err := do[admin.SharingPolicyInfo](c, "sharing-policy", "create", admin.CreateSharingPolicy{
					SharingPolicyName: admin.SharingPolicyName{Name: c.Text("Name")}, Rules: sharingRules(c.list("Domains")), Default: c.Is("Default"), Enabled: c.setting("Enabled"),
				})
				return sharingPolicy(&p), err
			},
		},
		{
			Name: "Set-SharingPolicy", Synopsis: "Change a sharing policy.", Verbs: "sharing-policy set, sharing-policy default",
			Parameters: []Parameter{
				identity,
				{Name: "Name", Help: "Another name."},
				{Name: "Domains", Kind: List, Changes: true, Help: "In place of all there are. " + rules},
				{Name: "Default", Kind: Switch, Help: "Make it the policy of mailboxes that have none of their own."},
				{Name: "Enabled", Kind: Bool, Help: "With a disabled one nothing is shared, and what was is no longer shown."},
			},
			run: setSharingPolicy,
		},
		{
			Name: "Remove-SharingPolicy", Synopsis: "Remove a sharing policy that no mailbox has.", Verbs: "sharing-policy remove",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "sharing-policy", "remove", admin.SharingPolicyName{Name: c.Text("Identity")})
				return nil, c.missing(err)
			},
		},
	}
}

// missing says in Exchange's words that what Identity names is not there.
func (c *call) missing(err error) error {
	if isNotFound(err) {
		return notFound(c.Text("Identity"))
	}
	return err
}

func getRelationship(c *call) (any, error) {
	if c.Has("Identity") {
		r, err := get[admin.RelationshipInfo](c, "relationship", "show", admin.RelationshipName{Name: c.Text("Identity")})
		return organizationRelationship(&r), c.missing(err)
	}
	all, err := get[[]admin.RelationshipInfo](c, "relationship", "list", admin.Nothing{})
	list := []OrganizationRelationship{}
	for i := range all {
		list = append(list, organizationRelationship(&all[i]))
	}
	return list, err
}

// relationshipSettings are those that were given. A text that is $null is taken
// away. now are the keys there are, for a list that is changed.
func (c *call) relationshipSettings(now []string) admin.RelationshipSettings {
	text := func(name string) string {
		if c.Has(name) && c.Text(name) == "" {
			return "none"
		}
		return c.Text(name)
	}
	return admin.RelationshipSettings{
		Enabled: c.setting("Enabled"), FreeBusy: c.setting("FreeBusyAccessEnabled"), FreeBusyLevel: c.Text("FreeBusyAccessLevel"), FreeBusyScope: text("FreeBusyAccessScope"),
		MailTips: c.setting("MailTipsAccessEnabled"), MailTipsLevel: c.Text("MailTipsAccessLevel"), MailTipsScope: text("MailTipsAccessScope"),
		DeliveryReport: c.setting("DeliveryReportEnabled"), Photos: c.setting("PhotosEnabled"), Archive: c.setting("ArchiveAccessEnabled"), MailboxMove: c.setting("MailboxMoveEnabled"),
		Contact: text("OrganizationContact"), ApplicationURI: text("TargetApplicationUri"), AutodiscoverEPR: text("TargetAutodiscoverEpr"),
		SharingEPR: text("TargetSharingEpr"), OWAURL: text("TargetOwaURL"), Keys: emptied(c.List("PinnedKeys", now)),
	}
}

func newRelationship(c *call) (any, error) {
	r, err := do[admin.RelationshipInfo](c, "relationship", "create", admin.CreateRelationship{
		RelationshipName: admin.RelationshipName{Name: c.Text("Name")}, Domains: c.list("DomainNames"), RelationshipSettings: c.relationshipSettings(nil),
	})
	return organizationRelationship(&r), err
}

func setRelationship(c *call) (any, error) {
	now, err := get[admin.RelationshipInfo](c, "relationship", "show", admin.RelationshipName{Name: c.Text("Identity")})
	if err != nil {
		return nil, c.missing(err)
	}
	q := admin.SetRelationship{
		RelationshipName: admin.RelationshipName{Name: now.Name}, NewName: c.Text("Name"), RelationshipSettings: c.relationshipSettings(now.Keys),
	}
	q.AddDomains, q.RemoveDomains = c.Changes("DomainNames")
	if q.AddDomains == nil && q.RemoveDomains == nil && c.Has("DomainNames") {
		if q.Domains = c.list("DomainNames"); len(q.Domains) == 0 {
			return nil, entente.Errorf(entente.Invalid, "an organization relationship names at least one domain")
		}
	}
	_, err = do[admin.Done](c, "relationship", "set", q)
	return nil, err
}

func getSharingPolicy(c *call) (any, error) {
	all, err := get[[]admin.SharingPolicyInfo](c, "sharing-policy", "list", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	list := []SharingPolicy{}
	for i := range all {
		p := sharingPolicy(&all[i])
		if strings.EqualFold(p.Name, c.Text("Identity")) {
			return p, nil
		}
		list = append(list, p)
	}
	if c.Has("Identity") { // whatever is not there is not all there is
		return nil, notFound(c.Text("Identity"))
	}
	return list, nil
}

func sharingPolicy(p *admin.SharingPolicyInfo) SharingPolicy {
	return SharingPolicy{p.Name, p.Rules, p.Enabled, p.Default}
}

func setSharingPolicy(c *call) (any, error) {
	name := c.Text("Identity")
	all, err := get[[]admin.SharingPolicyInfo](c, "sharing-policy", "list", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	var now []string
	found := false
	for _, p := range all {
		if strings.EqualFold(p.Name, name) {
			name, now, found = p.Name, p.Rules, true
		}
	}
	if !found {
		return nil, notFound(name)
	}
	q := admin.SetSharingPolicy{
		SharingPolicyName: admin.SharingPolicyName{Name: name}, NewName: c.Text("Name"), Rules: sharingRules(c.List("Domains", now)), Enabled: c.setting("Enabled"),
	}
	if c.Has("Domains") && len(q.Rules) == 0 {
		return nil, entente.Errorf(entente.Invalid, "a sharing policy names at least one domain")
	}
	if q.NewName != "" || len(q.Rules) > 0 || q.Enabled != "" {
		if _, err := do[admin.Done](c, "sharing-policy", "set", q); err != nil {
			return nil, err
		}
		if q.NewName != "" {
			name = q.NewName
		}
	}
	if c.Is("Default") {
		_, err = do[admin.Done](c, "sharing-policy", "default", admin.SharingPolicyName{Name: name})
	}
	return nil, err
}

// sharingRules puts together what a shell has taken apart: in
// 'a.example: X, Y' that was not quoted as one, Y comes as a value of its own.
func sharingRules(list []string) []string {
	var rules []string
	for _, text := range list {
		if n := len(rules); n > 0 && !strings.Contains(text, ":") {
			rules[n-1] += ", " + text
			continue
		}
		rules = append(rules, text)
	}
	return rules
}
