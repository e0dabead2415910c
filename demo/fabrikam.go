package demo

import (
	"context"
	"time"

	"entente/admin"
	"entente/server"
)

// Fabrikam is the other organization of the source's example: it has a server of
// its own, three domains, and an organization relationship with contoso through
// the broker.
const (
	fabrikam         = "fabrikam"
	fabrikamDomain   = "fabrikam.example"
	fabrikamHostname = "mail.fabrikam.example"
	fabrikamScope    = "partners@" + fabrikamDomain // whose calendars contoso may ask about
)

// People show what they are named for: amy details, ben times alone, cora
// nothing; dan shows times, and is not of the group that the relationship is for.
var fabrikamPeople = []person{
	{"amy", "Amy", "Alberts", "Project manager", "Projects", "Hamburg", "Europe/Berlin"},
	{"ben", "Ben", "Burton", "Designer", "Design", "Hamburg", "Europe/Berlin"},
	{"cora", "Cora", "Crane", "Counsel", "Legal", "Hamburg", "Europe/Berlin"},
	{"dan", "Dan", "Drayton", "Researcher", "Research", "Hamburg", "Europe/Berlin"},
}

func fabrikamDomains() []string {
	return []string{fabrikamDomain, "fabrikam-org.example", "fabrikam-net.example"}
}

func contosoDomains() []string { return []string{domain, "contoso-uk.example", "contoso-ca.example"} }

// fillFabrikam makes its people and their calendars.
func fillFabrikam(ctx context.Context, s *server.Server, password string, now time.Time) error {
	made, err := staff(ctx, s, fabrikamDomains(), fabrikamPeople, password)
	if err != nil || !made {
		return err
	}
	api := administer(s)
	var scope []string
	for i, shows := range []string{"LimitedDetails", "AvailabilityOnly", "None", "AvailabilityOnly"} {
		address := fabrikamPeople[i].alias + "@" + fabrikamDomain
		if _, err := api.GrantFolder(ctx, admin.GrantFolder{
			FolderName: admin.FolderName{AccountName: admin.AccountName{Account: address}, Folder: "calendar"}, To: "Default", Rights: []string{shows},
		}); err != nil {
			return err
		}
		e := daily{"standup", "Stand-up", "Room Elbe", 9 + i, 30 * time.Minute}
		if err := e.into(ctx, s, address, now); err != nil {
			return err
		}
		if fabrikamPeople[i].alias != "dan" {
			scope = append(scope, address)
		}
	}
	_, err = api.CreateGroup(ctx, admin.CreateGroup{Mail: fabrikamScope, Name: "Partners", Kind: "security", Members: scope})
	return err
}
