package demo

import (
	"context"
	"fmt"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/calendar"
	"entente/clientaccess"
	"entente/directory"
	"entente/mailbox"
)

// The cast of the five scenarios of acting for others, see doc/scenarios.md:
// beside the CRM, a web portal; a team with a folder of Anna's; an event firm
// with an employee and the application he works through; a person whose account
// is in another forest, and that forest's own portal.
const (
	crm        = "svc-crm"
	portal     = "svc-portal"
	firm       = "svc-eventworks"
	userPortal = "svc-userportal"

	team       = "aurora"
	teamFolder = "Aurora"

	guest      = "gil" // of the event firm; he has no mailbox here
	guestUPN   = "gil@eventworks.example"
	guests     = "eventworks"
	talkLabel  = "Conference"
	talkHall   = "Hall 1"
	talkHall2  = "Hall 2"
	linked     = "petra" // her account is in the forest USERS.CONTOSO.EXAMPLE
	realm      = "USERS.CONTOSO.EXAMPLE"
	realmSID   = "S-1-5-21-2000000001-2000000002-2000000003"
	linkedSID  = realmSID + "-1105"
	linkedName = "Petra Wolf"
)

// A service is an application with an account of its own.
type service struct {
	alias, name string
	rights      string // for people
}

var services = []service{
	{crm, "CRM synchronization", "ApplicationImpersonation over group CRM users"},
	{portal, "Web portal", "ms-Exch-EPI-Impersonation at " + hostname + ", ms-Exch-EPI-May-Impersonate over database " + database},
	{firm, "Eventworks planner", "ApplicationImpersonation over group Eventworks"},
	{userPortal, "Portal of the user forest", "ApplicationImpersonation over account " + linked},
}

// speakers give talks at the conference that the event firm arranges.
var speakers = []string{"anna", "carla", "ines"}

// castAccounts makes the services, the guest and the person of another forest.
func (c *company) castAccounts(ch *directory.Change, hash directory.PasswordHash) error {
	c.services = nil
	for _, s := range services {
		a := directory.Account{
			Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(address(s.alias)), Mail: address(s.alias)},
				Name:      s.name, Kind: access.KindService, Enabled: true,
			},
			Alias: s.alias, Hidden: true,
		}
		if err := c.without(ch, &a, hash); err != nil {
			return err
		}
		c.services = append(c.services, a)
	}
	c.guest = directory.Account{
		Account: access.Account{Principal: access.Principal{UPN: guestUPN}, Name: "Gil Moreno", Kind: access.KindUser, Enabled: true},
		Alias:   guest, GivenName: "Gil", Surname: "Moreno", Company: "Eventworks", Hidden: true,
	}
	if err := c.without(ch, &c.guest, hash); err != nil {
		return err
	}
	if err := ch.SetRealm(access.Realm{Name: realm, DomainSID: realmSID}); err != nil {
		return err
	}
	// A linked mailbox's own account is a placeholder that nobody signs in with.
	return c.account(ch, directory.Account{
		Account: access.Account{
			Principal: access.Principal{UPN: entente.UPN(address(linked)), Mail: address(linked)},
			Name:      linkedName, Kind: access.KindUser, Enabled: false, Master: linkedSID,
		},
		Alias: linked, GivenName: "Petra", Surname: "Wolf", Title: "Analyst", Department: "Research", Company: "Contoso", Office: "Berlin",
	}, "")
}

// without makes an account that has no mailbox.
func (c *company) without(ch *directory.Change, a *directory.Account, hash directory.PasswordHash) error {
	c.identify(a)
	if err := ch.CreateAccount(a); err != nil {
		return err
	}
	return ch.SetPassword(a.SID, hash)
}

// castRights says who may act as whom.
func (c *company) castRights(ch *directory.Change, groups map[string]entente.SID) error {
	sid := func(alias string) entente.SID {
		for i := range services {
			if services[i].alias == alias {
				return c.services[i].SID
			}
		}
		return ""
	}
	group := func(alias string) access.Scope {
		return access.Scope{Kind: access.ScopeGroup, Name: string(groups[alias])}
	}
	for _, a := range []access.Assignment{
		{ID: "crm", Assignee: sid(crm), Rights: access.ApplicationImpersonation, Scope: group("crm-users")},
		{ID: "portal-server", Assignee: sid(portal), Rights: access.Impersonate, Server: hostname},
		{ID: "portal-database", Assignee: sid(portal), Rights: access.MayImpersonate, Scope: access.Scope{Kind: access.ScopeDatabase, Name: database}},
		{ID: "eventworks", Assignee: sid(firm), Rights: access.ApplicationImpersonation, Scope: group(guests)},
		{ID: "userportal", Assignee: sid(userPortal), Rights: access.ApplicationImpersonation, Scope: access.Scope{Kind: access.ScopeAccount, Name: string(c.accounts[len(c.accounts)-1].SID)}},
	} {
		// Whatever day the demo is made on, its rights hold when it is played with.
		a.Enabled, a.NotAfter = true, time.Now().AddDate(1, 0, 0)
		if err := ch.CreateAssignment(&directory.Assignment{Assignment: a, Created: c.now}); err != nil {
			return err
		}
	}
	return nil
}

// castContent makes what the scenarios are about: Anna's folder for the team,
// the speakers' talks, and the grant on them.
func (c *company) castContent(ctx context.Context) error {
	api := c.s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "demo@localhost"}, Method: access.Local})
	if err := c.teamFolder(ctx, api); err != nil {
		return err
	}
	for i, alias := range speakers {
		s := c.s.Door.Local(c.accountOf(alias).Principal, "demo")
		if err := c.talk(ctx, s, i); err != nil {
			return err
		}
		if err := s.Finish(ctx, ""); err != nil {
			return err
		}
		// Employees of the firm may read when and where the talk is, and say where:
		// in one of the two halls, and nothing else.
		if _, err := api.CreateGrant(ctx, admin.CreateGrant{
			AccountName: admin.AccountName{Account: string(address(alias))}, To: string(address(guests)),
			Label: talkLabel, Read: []string{"Subject", "Time", "Location"}, Write: []string{"Location"},
			Locations: []string{talkHall, talkHall2}, Until: time.Now().AddDate(0, 2, 0).Format(time.RFC3339), ID: "talks-of-" + alias,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *company) teamFolder(ctx context.Context, api *admin.API) error {
	s := c.s.Door.Local(c.accountOf("anna").Principal, "demo")
	v, err := s.Own(ctx)
	if err != nil {
		return err
	}
	top, err := v.FolderByName(ctx, mailbox.MsgFolderRoot)
	if err != nil {
		return err
	}
	if _, err := v.CreateFolder(ctx, top.ID, mailbox.NewFolder{Name: teamFolder, Class: "IPF.Note"}); err != nil {
		return err
	}
	if err := s.Finish(ctx, ""); err != nil {
		return err
	}
	_, err = api.GrantFolder(ctx, admin.GrantFolder{
		FolderName: admin.FolderName{AccountName: admin.AccountName{Account: string(address("anna"))}, Folder: teamFolder},
		To:         string(address(team)), Rights: []string{"Editor"},
	})
	return err
}

// talk puts a speaker's talk into the calendar, two weeks ahead.
func (c *company) talk(ctx context.Context, s *clientaccess.Session, n int) error {
	v, err := s.Own(ctx)
	if err != nil {
		return err
	}
	zone, err := new(calendar.Zones).Load("Europe/Berlin")
	if err != nil {
		return err
	}
	start := zone.At(calendar.DateOf(c.now)+14, time.Duration(10+n)*time.Hour)
	return c.createEvents(ctx, v, []*calendar.Event{{
		UID:     fmt.Sprintf("talk-%d@contoso.example", n+1),
		Subject: fmt.Sprintf("Talk %d at the conference", n+1), Location: "to be arranged",
		Start: start, End: start.Add(45 * time.Minute), Zone: zone, Status: calendar.StatusBusy,
		Categories: []string{talkLabel}, Response: calendar.OrganizerResponse,
	}})
}

// accountOf returns the account of a person.
func (c *company) accountOf(alias string) *directory.Account {
	for i := range c.accounts {
		if c.accounts[i].Alias == alias {
			return &c.accounts[i]
		}
	}
	return &directory.Account{}
}
