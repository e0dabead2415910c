package oracle

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
	"entente/access"
)

// A world is a small random organization: few of everything, so that they meet.
type world struct {
	facts   access.Facts
	folders []access.FolderTable
}

const (
	people = 6
	teams  = 4
)

func at() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func days() []int32 { return []int32{2026_03_02, 2026_03_09} }

func person(i int) entente.SID { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 1000+i)) }
func team(i int) entente.SID   { return entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", 2000+i)) }

// A dice makes worlds.
type dice struct{ *rand.Rand }

func (d dice) one(n int) bool { return d.IntN(n) == 0 }

func of[T any](d dice, all ...T) T { return all[d.IntN(len(all))] }

func (d dice) someone() entente.SID {
	if n := d.IntN(people + teams); n < people {
		return person(n)
	} else {
		return team(n - people)
	}
}

func (d dice) policy() access.ClientPolicy {
	p := access.ClientPolicy{
		EwsEnabled:                 of(d, access.Unset, access.Unset, access.On, access.Off),
		EwsAllowOutlook:            of(d, access.Unset, access.On, access.Off),
		EwsAllowMacOutlook:         of(d, access.Unset, access.On, access.Off),
		EwsApplicationAccessPolicy: of(d, "", "", access.EnforceAllowList, access.EnforceBlockList),
		EwsAllowList:               of(d, nil, []string{"CRM/*"}, []string{"sync", "*2"}),
		EwsBlockList:               of(d, nil, []string{"crm/2"}, []string{"*"}),
	}
	if d.one(4) {
		p.EwsAllowedAppIDs = []access.ApplicationID{of[access.ApplicationID](d, "one", "two")}
	}
	return p
}

func (d dice) assignment(i int, scopes int) access.Assignment {
	a := access.Assignment{
		ID: fmt.Sprint("a", i), Assignee: d.someone(), Enabled: !d.one(8), Deny: d.one(5), AllowDisabled: d.one(2),
		Rights: of(d, access.Impersonate, access.MayImpersonate, access.ApplicationImpersonation, access.ApplicationImpersonation),
		Server: of(d, "", "", "CAS1", "CAS2"),
		Scope:  access.Scope{Kind: of(d, 0, access.ScopeAll, access.ScopeDatabase, access.ScopeGroup, access.ScopeAccount, access.ScopeManagement)},
	}
	if d.one(4) {
		a.Gate = access.GateBypass
	}
	if d.one(5) {
		a.NotAfter = of(d, at(), at().Add(time.Second))
	}
	if d.one(6) {
		a.NotBefore = of(d, at(), at().Add(time.Second))
	}
	switch a.Scope.Kind {
	case access.ScopeDatabase:
		a.Scope.Name = of(d, "DB0", "DB1")
	case access.ScopeGroup:
		a.Scope.Name = string(team(d.IntN(teams)))
	case access.ScopeAccount:
		a.Scope.Name = string(person(d.IntN(people)))
	case access.ScopeManagement:
		a.Scope.Name = fmt.Sprint("scope", d.IntN(scopes))
	}
	return a
}

// table has an entry for each at most once; whose comes twice is not Cedar's to
// say.
func (d dice) table(i int) access.FolderTable {
	t := access.FolderTable{Folder: uint64(i + 1)}
	had := map[access.Entry]bool{}
	for range d.IntN(6) {
		e := access.Entry{Who: of(d, access.Named, access.Named, access.Named, access.Default)}
		if e.Who == access.Named {
			e.SID = d.someone()
		}
		if !had[e] {
			had[e] = true
			e.Rights = of(d, access.LevelNone, access.LevelReviewer, access.LevelEditor, access.LevelContributor, access.LevelFreeBusyDetails,
				access.LevelOwner, access.EditAny, access.FreeBusyDetailed, access.DeleteAny|access.FolderVisible)
			t.Entries = append(t.Entries, e)
		}
	}
	return t
}

func (d dice) world() *world {
	const scopes = 2
	w := &world{}
	f := &w.facts
	f.Organization = access.Organization{Policy: d.policy(), Precedence: of(d, access.Classic, access.Strict)}
	for i := range people {
		a := access.Account{
			Principal: access.Principal{SID: person(i), UPN: entente.UPN(fmt.Sprintf("p%d@x.example", i)), Mail: entente.SMTPAddress(fmt.Sprintf("p%d@x.example", i))},
			Kind:      of(d, access.KindUser, access.KindUser, access.KindUser, access.KindRoom), Enabled: !d.one(8),
			Mailbox: entente.MailboxID{byte(i + 1)}, Database: fmt.Sprint("DB", i%2),
			Attributes: &access.Attributes{Department: of(d, "Sales", "Board", "")},
		}
		if d.one(3) {
			p := d.policy()
			a.Policy = &p
		}
		f.Accounts = append(f.Accounts, a)
	}
	for i := range teams { // a group holds people, and groups made before it
		g := access.Group{SID: team(i), Name: fmt.Sprint("t", i)}
		for j := range people {
			if d.one(4) {
				g.Members = append(g.Members, person(j))
			}
		}
		for j := range i {
			if d.one(3) {
				g.Members = append(g.Members, team(j))
			}
		}
		f.Groups = append(f.Groups, g)
	}
	for i := range scopes {
		f.Scopes = append(f.Scopes, access.ManagementScope{
			Name: fmt.Sprint("scope", i), Filter: of(d, "Department -eq 'Sales'", "Department -eq 'Board'"), Exclusive: d.one(4),
		})
	}
	for i := range d.IntN(3) {
		f.Policies = append(f.Policies, access.ScopePolicy{Scope: fmt.Sprint("scope", i), Priority: of(d, 10, 30) + i, Policy: d.policy()})
	}
	for i := range d.IntN(7) {
		f.Assignments = append(f.Assignments, d.assignment(i, scopes))
	}
	if d.one(3) {
		f.Administrators = append(f.Administrators, d.someone())
	}
	for range d.IntN(6) {
		f.Permissions = append(f.Permissions, access.MailboxPermission{
			Mailbox: entente.MailboxID{byte(d.IntN(people) + 1)}, To: d.someone(), Deny: d.one(4),
			Rights: of(d, access.FullAccess, access.SendAs, access.SendOnBehalf|access.ReadPrivate, access.FullAccess|access.SendAs),
		})
	}
	for i := range d.IntN(6) {
		g := access.ItemGrant{
			ID: fmt.Sprint("g", i), Mailbox: entente.MailboxID{byte(d.IntN(people) + 1)}, To: d.someone(), Enabled: !d.one(6),
			Items: []access.ItemKey{{Content: uint64(d.IntN(2) + 1), Day: of(d, 0, days()[0], days()[1])}},
			Read:  of(d, 0, access.FieldSubject), Write: of(d, 0, 0, access.FieldTime),
		}
		if d.one(4) {
			g.NotAfter = of(d, at(), at().Add(time.Second))
		}
		f.ItemGrants = append(f.ItemGrants, g)
	}
	for i := range 2 {
		w.folders = append(w.folders, d.table(i))
	}
	return w
}

// supposition is a request in the world, by an account that there is.
func (d dice) supposition(w *world) access.Supposition {
	x := access.Supposition{
		Caller: w.facts.Accounts[d.IntN(people)].Principal, Server: of(d, "CAS1", "CAS2"), At: at(),
		Protocol:    of(d, "", "ews", "ews", "rest", "activesync"),
		UserAgent:   of(d, "", "CRM/1", "CRM/2", "sync", "Outlook/16.0", "MacOutlook/16.61"),
		Application: of[access.ApplicationID](d, "", "one", "two"),
	}
	if d.one(2) {
		x.Header = &access.ConnectingSID{SID: string(person(d.IntN(people)))}
	}
	x.Mailbox = entente.MailboxID{byte(d.IntN(people) + 1)}
	switch d.IntN(3) {
	case 0:
		x.Want = of(d, append(boxRights(), access.FolderLookup, access.Deliver)...)
	case 1:
		x.Folder, x.Want = &w.folders[d.IntN(2)], of(d, folderRights()...)
	default:
		x.Folder, x.Want = &w.folders[d.IntN(2)], of(d, access.ReadItem, access.EditItem)
		x.Item = access.ItemKey{Content: uint64(d.IntN(2) + 1), Day: of(d, 0, days()[0], days()[1])}
	}
	return x
}

// refused is the stage that refuses a request by the oracle; "" if none does.
func (o *oracle) refused(x *access.Supposition) access.Stage {
	caller, nothing := who(x.Caller.SID), uid("Organization", "x")
	context := cedar.RecordMap{
		"server": cedar.String(x.Server), "at": cedar.Long(x.At.Unix()), "agent": cedar.String(lower(x.UserAgent)),
		"app": cedar.String(x.Application), "client": cedar.String(class(x.UserAgent)),
	}
	come := o.asks(caller, "come", nothing, context)
	subject, bypass := caller, false
	if x.Header != nil {
		target := who(entente.SID(x.Header.SID))
		may := come && !o.asks(caller, "administer", nothing, context) &&
			o.nearest(caller, "call", target, context, []string{"here", "everywhere"}) != ""
		by := o.nearest(caller, "act", target, context, names(distances()))
		if !may || by == "" {
			return access.StageImpersonation
		}
		subject, bypass = target, o.asks(caller, "bypass "+by, target, context)
	}
	if x.Protocol != "" && (!come || !bypass && !o.asks(subject, "enter "+x.Protocol, nothing, context)) {
		return access.StageGate
	}
	box := uid("Mailbox", x.Mailbox.String())
	if x.Folder == nil {
		if !come || !o.asks(subject, x.Want.String(), box, context) {
			return access.StageMailbox
		}
		return ""
	}
	if !come {
		return access.StageMailbox
	}
	full := o.asks(subject, "FullAccess", box, context)
	in := func(r access.Rights) bool { return full || o.asks(subject, r.String(), folderUID(x.Folder), context) }
	if x.Item == (access.ItemKey{}) {
		if !in(x.Want) {
			return access.StageFolder
		}
		return ""
	}
	item := itemUID(x.Mailbox, x.Item.Content, x.Item.Day)
	if x.Want == access.ReadItem && in(access.ReadAny) || x.Want == access.EditItem && in(access.EditAny) || o.asks(subject, x.Want.String(), item, context) {
		return ""
	}
	return access.StageItem
}

// nearest is the nearest distance at which anything is said, if what is said
// there is yes.
func (o *oracle) nearest(caller cedar.EntityUID, what string, target cedar.EntityUID, context cedar.RecordMap, all []string) string {
	for _, n := range all {
		if o.asks(caller, "speak "+what+" "+n, target, context) {
			if o.asks(caller, what+" "+n, target, context) {
				return n
			}
			return ""
		}
	}
	return ""
}

func names(kinds []access.ScopeKind) []string {
	var all []string
	for _, k := range kinds {
		all = append(all, fmt.Sprint(k))
	}
	return all
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// class is what the User-Agents of these worlds are.
func class(agent string) string {
	switch agent {
	case "Outlook/16.0":
		return "outlook"
	case "MacOutlook/16.61":
		return "mac"
	}
	return "other"
}

// TestEnginesAgree asks the engine and Cedar the same, in random worlds: whether
// a request is allowed, and which stage refuses it.
func TestEnginesAgree(t *testing.T) {
	const worlds, questions = 300, 100
	tally := map[string]int{}
	for seed := range uint64(worlds) {
		d := dice{rand.New(rand.NewPCG(seed, 7))}
		w := d.world()
		o, s := newOracle(t, w), access.Compile(w.facts)
		for range questions {
			x := d.supposition(w)
			r := s.Suppose(x)
			var got access.Stage
			if !r.Allowed() {
				got = r.Outcomes[len(r.Outcomes)-1].Stage
			}
			want := o.refused(&x)
			tally["refused by "+string(want)]++
			if got != want {
				t.Fatalf("seed %d: %+v\nas %v: the engine refuses by %q (%s), Cedar by %q\n%+v\n%s", seed, x, x.Header, got, r.Reason(), want, w.facts, o.text.String())
			}
		}
	}
	t.Log(worlds*questions, "questions, 0 differences", tally)
	for _, stage := range []access.Stage{"", access.StageImpersonation, access.StageGate, access.StageMailbox, access.StageFolder, access.StageItem} {
		if tally["refused by "+string(stage)] < worlds {
			t.Errorf("only %d questions were refused by %q", tally["refused by "+string(stage)], stage)
		}
	}
}

// TestGateTable puts every row of the gate's settings to both engines.
func TestGateTable(t *testing.T) {
	n := 0
	tri := []access.Setting{access.Unset, access.On, access.Off}
	for _, precedence := range []access.Precedence{access.Classic, access.Strict} {
		for _, org := range tri {
			for _, box := range tri {
				for _, orgX := range tri {
					for _, boxX := range tri {
						for _, orgPolicy := range []access.ApplicationPolicy{"", access.EnforceAllowList, access.EnforceBlockList} {
							for _, boxPolicy := range []access.ApplicationPolicy{"", access.EnforceAllowList, access.EnforceBlockList} {
								lists := func(p access.ClientPolicy) access.ClientPolicy {
									p.EwsAllowList, p.EwsBlockList = []string{"CRM/*"}, []string{"*2", "sync"}
									return p
								}
								w := &world{}
								own := lists(access.ClientPolicy{EwsEnabled: box, EwsAllowOutlook: boxX, EwsAllowMacOutlook: boxX, EwsApplicationAccessPolicy: boxPolicy})
								w.facts.Accounts = []access.Account{{Principal: access.Principal{SID: person(0)}, Kind: access.KindUser, Enabled: true, Mailbox: entente.MailboxID{1}, Policy: &own}}
								w.facts.Organization = access.Organization{Precedence: precedence, Policy: lists(access.ClientPolicy{
									EwsEnabled: org, EwsAllowOutlook: orgX, EwsAllowMacOutlook: orgX, EwsApplicationAccessPolicy: orgPolicy,
								})}
								n += rows(t, w)
							}
						}
					}
				}
			}
		}
	}
	t.Log(n, "rows, 0 differences")
}

func rows(t *testing.T, w *world) (n int) {
	t.Helper()
	o, s := newOracle(t, w), access.Compile(w.facts)
	for _, protocol := range []string{"ews", "rest"} {
		for _, agent := range []string{"CRM/1", "CRM/2", "sync", "Outlook/16.0", "MacOutlook/16.61"} {
			x := access.Supposition{Caller: w.facts.Accounts[0].Principal, Protocol: protocol, UserAgent: agent, At: at()}
			r := s.Suppose(x)
			x.Folder, x.Want, x.Mailbox = nil, access.FolderLookup, w.facts.Accounts[0].Mailbox
			if want := o.refused(&x) == ""; r.Allowed() != want {
				t.Fatalf("%s by %s: the engine %v, Cedar %v: %+v", agent, protocol, r.Allowed(), want, w.facts)
			}
			n++
		}
	}
	return n
}
