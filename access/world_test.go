package access

import (
	"fmt"
	"slices"

	"entente"

	"pgregory.net/rapid"
)

// world is a small random organization: few of everything, so that they meet.
type world struct {
	facts   Facts
	folders []FolderTable
}

const (
	people = 6
	teams  = 4
)

func personSID(i int) entente.SID { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 1000+i)) }
func teamSID(i int) entente.SID   { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 2000+i)) }

func someone(t *rapid.T) entente.SID {
	n := rapid.IntRange(0, people+teams-1).Draw(t, "who")
	if n < people {
		return personSID(n)
	}
	return teamSID(n - people)
}

func drawWorld(t *rapid.T) world {
	var w world
	w.facts.Servers, w.facts.Databases = []string{"CAS1", "CAS2"}, []string{"DB0", "DB1"}
	for i := range people {
		a := Account{Name: fmt.Sprint("p", i), Enabled: rapid.IntRange(0, 9).Draw(t, "enabled") > 0, Kind: KindUser}
		a.SID, a.UPN = personSID(i), entente.UPN(fmt.Sprintf("p%d@x.example", i))
		a.Mail, a.Mailbox = entente.SMTPAddress(fmt.Sprintf("p%d@x.example", i)), entente.MailboxID{byte(i + 1)}
		a.Database = fmt.Sprint("DB", i%2)
		w.facts.Accounts = append(w.facts.Accounts, a)
	}
	for i := range teams {
		w.facts.Groups = append(w.facts.Groups, Group{SID: teamSID(i), Members: draws(t, 4, someone)})
	}
	w.facts.Permissions = draws(t, 4, drawPermission)
	for i := range rapid.IntRange(0, 5).Draw(t, "assignments") {
		w.facts.Assignments = append(w.facts.Assignments, drawAssignment(t, i))
	}
	if rapid.IntRange(0, 3).Draw(t, "admin") == 0 {
		w.facts.Administrators = []entente.SID{someone(t)}
	}
	w.drawAbroad(t, false)
	for i := range 2 {
		w.folders = append(w.folders, drawFolder(t, i))
	}
	return w
}

// drawWide is drawWorld with all that facts can hold, and names that two claim.
func drawWide(t *rapid.T) world {
	var w world
	w.facts.Servers, w.facts.Databases = []string{"CAS1", "CAS2"}, []string{"DB0", "DB1"}
	w.facts.Organization = drawOrganization(t)
	w.facts.Realms = []Realm{{"REALM", "S-1-5-21-8-8-8"}}
	for i := range people {
		w.facts.Accounts = append(w.facts.Accounts, drawAccount(t, i))
	}
	for i := range teams {
		w.facts.Groups = append(w.facts.Groups, drawGroup(t, i))
	}
	w.facts.Permissions = draws(t, 4, drawPermission)
	for i := range 2 {
		w.facts.Scopes = append(w.facts.Scopes, drawScope(t, i))
	}
	w.facts.Policies = draws(t, 3, drawScopePolicy)
	for i := range rapid.IntRange(0, 5).Draw(t, "assignments") {
		w.facts.Assignments = append(w.facts.Assignments, drawAssignment(t, i))
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "grants") {
		w.facts.ItemGrants = append(w.facts.ItemGrants, drawItemGrant(t, i))
	}
	if rapid.IntRange(0, 3).Draw(t, "admin") == 0 {
		w.facts.Administrators = []entente.SID{someone(t)}
	}
	w.drawAbroad(t, true)
	for i := range 2 {
		w.folders = append(w.folders, drawFolder(t, i))
	}
	return w
}

func drawOrganization(t *rapid.T) Organization {
	return Organization{
		DomainSID: "S-1-5-21-1-1-1", Policy: drawPolicy(t),
		Precedence: rapid.SampledFrom([]Precedence{Classic, Strict}).Draw(t, "precedence"),
	}
}

func drawPolicy(t *rapid.T) ClientPolicy {
	return ClientPolicy{
		EwsEnabled:                 rapid.SampledFrom([]Setting{Unset, Unset, On, Off}).Draw(t, "EwsEnabled"),
		EwsAllowOutlook:            rapid.SampledFrom([]Setting{Unset, On, Off}).Draw(t, "EwsAllowOutlook"),
		EwsApplicationAccessPolicy: rapid.SampledFrom([]ApplicationPolicy{"", "", EnforceAllowList, EnforceBlockList}).Draw(t, "policy"),
		EwsAllowList:               []string{"App/*"}, EwsBlockList: []string{"App/2"},
		EwsAllowedAppIDs: draws(t, 1, func(t *rapid.T) ApplicationID { return rapid.SampledFrom([]ApplicationID{"one", "two"}).Draw(t, "app") }),
	}
}

// drawAccount makes the account of a number; now and then it claims a name or
// SID that others have.
func drawAccount(t *rapid.T, i int) Account {
	a := Account{Name: fmt.Sprint("p", i), Enabled: rapid.IntRange(0, 9).Draw(t, "enabled") > 0, Kind: KindUser}
	n := i
	if rapid.IntRange(0, 9).Draw(t, "claims another's") == 0 {
		n = rapid.IntRange(0, people-1).Draw(t, "whose")
	}
	a.SID, a.UPN = personSID(i), entente.UPN(fmt.Sprintf("p%d@x.example", n))
	a.Mail, a.Mailbox = entente.SMTPAddress(fmt.Sprintf("p%d@x.example", n)), entente.MailboxID{byte(n + 1)}
	a.Proxies = draws(t, 2, func(t *rapid.T) entente.SMTPAddress {
		return entente.SMTPAddress(fmt.Sprintf("q%d@x.example", rapid.IntRange(0, 9).Draw(t, "proxy")))
	})
	a.LogonName = fmt.Sprint(rapid.SampledFrom([]string{"", "L", "l"}).Draw(t, "logon"), n)
	a.Identities = draws(t, 2, func(t *rapid.T) string {
		return KeyIDIdentity([]byte{byte(rapid.IntRange(0, 4).Draw(t, "identity"))})
	})
	a.Database = fmt.Sprint("DB", i%2)
	switch rapid.IntRange(0, 9).Draw(t, "linked") {
	case 0:
		a.Master = personSID(rapid.IntRange(0, people).Draw(t, "master"))
	case 1, 2:
		a.Master = entente.SID(fmt.Sprint("S-1-5-21-8-8-8-", 1000+i))
	}
	if rapid.Bool().Draw(t, "has attributes") {
		a.Attributes = &Attributes{Department: rapid.SampledFrom([]string{"", "Sales"}).Draw(t, "department")}
	}
	if rapid.IntRange(0, 2).Draw(t, "has policy") == 0 {
		p := drawPolicy(t)
		a.Policy = &p
	}
	return a
}

func drawGroup(t *rapid.T, i int) Group {
	g := Group{SID: teamSID(i), Name: fmt.Sprint("t", rapid.IntRange(0, 4).Draw(t, "name")), Members: draws(t, 4, someone)}
	if rapid.IntRange(0, 2).Draw(t, "linked") == 0 {
		g.Master = foreignSID(rapid.IntRange(0, 1).Draw(t, "foreign"))
	}
	return g
}

func foreignSID(i int) entente.SID { return entente.SID(fmt.Sprint("S-1-5-21-8-8-8-", 2000+i)) }

func drawScope(t *rapid.T, i int) ManagementScope {
	return ManagementScope{
		Name: fmt.Sprint("scope", i), Exclusive: rapid.IntRange(0, 2).Draw(t, "exclusive") == 0,
		Filter: rapid.SampledFrom([]string{
			"Department -eq 'Sales'", "Department -ne 'sales'", "Name -like 'p*'", "Name -eq 'p1' -or Database -eq 'DB0'",
			"MemberOfGroup -eq 't1'", "-not MemberOfGroup -eq '" + string(teamSID(2)) + "'", "RecipientTypeDetails -eq 'LinkedMailbox'", "nonsense",
		}).Draw(t, "filter"),
	}
}

func drawScopePolicy(t *rapid.T) ScopePolicy {
	return ScopePolicy{
		Scope: fmt.Sprint("Scope", rapid.IntRange(0, 2).Draw(t, "scope")), Priority: rapid.IntRange(0, 50).Draw(t, "priority"),
		Policy: drawPolicy(t),
	}
}

func drawItemGrant(t *rapid.T, i int) ItemGrant {
	g := ItemGrant{
		ID: fmt.Sprint("g", i), Mailbox: entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))},
		Enabled: rapid.IntRange(0, 5).Draw(t, "on") > 0,
		Items:   []ItemKey{{Content: uint64(rapid.IntRange(1, 2).Draw(t, "item")), Day: rapid.SampledFrom([]int32{0, 0, 20260302}).Draw(t, "day")}},
		Read:    rapid.SampledFrom([]Fields{0, FieldSubject, AllFields}).Draw(t, "read"),
		Write:   rapid.SampledFrom([]Fields{0, 0, FieldLocation, FieldTime | FieldLocation}).Draw(t, "write"),
	}
	if rapid.IntRange(0, 4).Draw(t, "outside") == 0 {
		g.External = "greta@fabrikam.example"
	} else {
		g.To = someone(t)
	}
	return g
}

func draws[T any](t *rapid.T, most int, one func(*rapid.T) T) []T {
	var all []T
	for range rapid.IntRange(0, most).Draw(t, "n") {
		all = append(all, one(t))
	}
	return all
}

func drawPermission(t *rapid.T) MailboxPermission {
	return MailboxPermission{
		Mailbox: entente.MailboxID{byte(rapid.IntRange(1, people).Draw(t, "box"))}, To: someone(t),
		Rights: rapid.SampledFrom([]Rights{FullAccess, SendAs, SendOnBehalf, FullAccess | SendAs}).Draw(t, "rights"),
		Deny:   rapid.IntRange(0, 3).Draw(t, "deny") == 0,
	}
}

func drawAssignment(t *rapid.T, i int) Assignment {
	a := Assignment{
		ID: fmt.Sprint("a", i), Assignee: someone(t), Enabled: true, Deny: rapid.IntRange(0, 4).Draw(t, "deny") == 0,
		Rights:        rapid.SampledFrom([]Rights{Impersonate, MayImpersonate, ApplicationImpersonation}).Draw(t, "rights"),
		Server:        rapid.SampledFrom([]string{"", "", "CAS1", "CAS2"}).Draw(t, "server"),
		AllowDisabled: rapid.Bool().Draw(t, "disabled"),
		Scope:         Scope{Kind: rapid.SampledFrom(scopeKinds(i)).Draw(t, "scope")},
	}
	switch a.Scope.Kind {
	case ScopeDatabase:
		a.Scope.Name = "DB0"
	case ScopeManagement:
		a.Scope.Name = fmt.Sprint("scope", rapid.IntRange(0, 2).Draw(t, "named"))
	case ScopeGroup:
		a.Scope.Name = string(teamSID(rapid.IntRange(0, teams-1).Draw(t, "team")))
	case ScopeAccount:
		a.Scope.Name = string(personSID(rapid.IntRange(0, people-1).Draw(t, "person")))
	}
	return a
}

// scopeKinds are those of an assignment; every other one may have a management
// scope, if there are any.
func scopeKinds(i int) []ScopeKind {
	all := []ScopeKind{0, ScopeAll, ScopeDatabase, ScopeGroup, ScopeAccount}
	if i%2 == 1 {
		all = append(all, ScopeManagement, ScopeManagement, ScopeManagement)
	}
	return all
}

func drawEntry(t *rapid.T) Entry {
	e := Entry{
		Who:    rapid.SampledFrom([]EntryKind{Named, Named, Named, Default, Anonymous, ExternalUser}).Draw(t, "entry"),
		Rights: rapid.SampledFrom([]Rights{LevelNone, LevelReviewer, LevelEditor, LevelContributor, LevelFreeBusyDetails}).Draw(t, "level"),
	}
	switch e.Who {
	case Named:
		e.SID = someone(t)
	case ExternalUser:
		e.External = entente.SMTPAddress("greta@" + drawDomain(t))
	}
	return e
}

// renamed is the world with everybody under another SID.
func (w *world) renamed() *world {
	other := func(sid entente.SID) entente.SID {
		if sid == "" {
			return ""
		}
		// The last digit tells them apart; turned, it gives another order too.
		return entente.SID(fmt.Sprint("S-1-5-21-4-4-4-", 9-int(sid[len(sid)-1]-'0'), string(sid[len(sid)-4:])))
	}
	x := world{facts: w.facts}
	x.facts.Accounts = slices.Clone(w.facts.Accounts)
	for i := range x.facts.Accounts {
		a := &x.facts.Accounts[i]
		a.SID, a.Name = other(a.SID), "renamed "+a.Name
	}
	x.facts.Groups = slices.Clone(w.facts.Groups)
	for i := range x.facts.Groups {
		g := &x.facts.Groups[i]
		g.SID, g.Members = other(g.SID), slices.Clone(g.Members)
		for k := range g.Members {
			g.Members[k] = other(g.Members[k])
		}
	}
	x.facts.Relationships = slices.Clone(w.facts.Relationships)
	for i := range x.facts.Relationships {
		r := &x.facts.Relationships[i]
		r.FreeBusyScope = other(r.FreeBusyScope)
	}
	x.facts.Permissions = slices.Clone(w.facts.Permissions)
	for i := range x.facts.Permissions {
		x.facts.Permissions[i].To = other(x.facts.Permissions[i].To)
	}
	x.facts.Assignments = slices.Clone(w.facts.Assignments)
	for i := range x.facts.Assignments {
		a := &x.facts.Assignments[i]
		a.Assignee = other(a.Assignee)
		if a.Scope.Kind == ScopeAccount || a.Scope.Kind == ScopeGroup {
			a.Scope.Name = string(other(entente.SID(a.Scope.Name)))
		}
	}
	x.facts.Administrators = slices.Clone(w.facts.Administrators)
	for i := range x.facts.Administrators {
		x.facts.Administrators[i] = other(x.facts.Administrators[i])
	}
	for _, f := range w.folders {
		f.Entries = slices.Clone(f.Entries)
		for i := range f.Entries {
			f.Entries[i].SID = other(f.Entries[i].SID)
		}
		x.folders = append(x.folders, f)
	}
	return &x
}
