package oracle

import (
	"fmt"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
	"entente/access"
)

// foreignPolicies are the rules about callers with delegation tokens, said of
// what a case is like and not of facts: what shows something, and what forbids
// all of it.
const foreignPolicies = `
permit (principal, action == Action::"FreeBusySimple", resource)
when { context.offer == "free-busy" && ["AvailabilityOnly", "LimitedDetails"].contains(context.level) && ["times", "details", "reader"].contains(context.everyone) };

permit (principal, action == Action::"FreeBusyDetailed", resource)
when { context.offer == "free-busy" && context.level == "LimitedDetails" && ["details", "reader"].contains(context.everyone) };

permit (principal, action == Action::"ReadAny", resource)
when { context.offer == "sharing-read" && context.shared && context.policy == "on" && (if context.ownRule then context.ownRuleReads else context.anyRuleReads) };

forbid (principal, action, resource) unless { context.vouched };
forbid (principal, action, resource) when { context.relationships == 2 };
forbid (principal, action, resource) when { context.offer == "free-busy" && !(context.relationships == 1 && context.enabled && context.freeBusy) };
forbid (principal, action, resource) when { context.relationships == 1 && !context.organization };
forbid (principal, action, resource) when { context.relationships == 1 && context.pins == "another" };
forbid (principal, action, resource) when { context.offer == "free-busy" && context.scope == "others" };
`

// choices are the values of one property of a case.
type choices struct {
	name   string
	values []cedar.Value
}

func texts(name string, all ...string) choices {
	c := choices{name: name}
	for _, s := range all {
		c.values = append(c.values, cedar.String(s))
	}
	return c
}

func truths(name string) choices { return choices{name, []cedar.Value{cedar.False, cedar.True}} }

// TestForeignAgainstCedar asks both engines about every case there is.
func TestForeignAgainstCedar(t *testing.T) {
	policies, err := cedar.NewPolicySetFromBytes("foreign", []byte(foreignPolicies))
	if err != nil {
		t.Fatal(err)
	}
	relationships := choices{"relationships", []cedar.Value{cedar.Long(0), cedar.Long(1), cedar.Long(2)}}
	common := []choices{truths("vouched"), relationships, truths("enabled"), truths("organization"), texts("pins", "none", "his", "another"), truths("freeBusy")}
	one := func(name string, v cedar.Value) choices { return choices{name, []cedar.Value{v}} }
	never := []choices{
		texts("level", "None"), texts("scope", "none"), texts("everyone", "none"), one("shared", cedar.False), texts("policy", "on"),
		one("ownRule", cedar.False), one("ownRuleReads", cedar.False), one("anyRuleReads", cedar.False),
	}
	asked := 0
	sets := [...]struct {
		offer string
		vary  []choices
		want  []access.Rights
	}{
		{
			"free-busy",
			[]choices{texts("level", "None", "AvailabilityOnly", "LimitedDetails"), texts("scope", "none", "his", "others"), texts("everyone", "none", "times", "details", "reader")},
			[]access.Rights{access.FreeBusySimple, access.FreeBusyDetailed, access.ReadAny},
		},
		{
			"sharing-read",
			[]choices{truths("shared"), texts("policy", "none", "off", "on"), truths("ownRule"), truths("ownRuleReads"), truths("anyRuleReads")},
			[]access.Rights{access.ReadAny, access.FreeBusyDetailed},
		},
		{"autodiscover", nil, []access.Rights{access.ReadAny, access.FreeBusySimple}},
	}
	for _, set := range sets {
		varied := append(append([]choices{}, common...), set.vary...)
		for _, n := range never {
			if !containsName(set.vary, n.name) {
				varied = append(varied, n)
			}
		}
		each(varied, cedar.RecordMap{"offer": cedar.String(set.offer)}, func(c cedar.RecordMap) {
			q := foreignCase(c)
			s := access.Compile(q.facts)
			for _, want := range set.want {
				if set.offer == "sharing-read" && want == access.FreeBusyDetailed && text(c, "policy") != "none" {
					continue // a policy lets it through by more rules than these
				}
				asked++
				d := s.Decide(access.Question{Caller: q.caller, On: access.FolderOf(q.box, 1), Folder: &q.table, Want: want, At: time.Unix(0, 0)})
				decision, diagnostic := cedar.Authorize(policies, cedar.EntityMap{}, cedar.Request{
					Principal: uid("Foreign", "ida"), Action: uid("Action", want.String()), Resource: uid("Folder", "1"), Context: cedar.NewRecord(c),
				})
				if len(diagnostic.Errors) > 0 {
					t.Fatalf("%v", diagnostic.Errors)
				}
				if d.Allowed() != (decision == cedar.Allow) {
					t.Fatalf("%v of %v: ours %v (%s), Cedar %v", want, c, d.Allowed(), d.Reason(), decision)
				}
			}
		})
	}
	t.Logf("%d questions", asked)
	if asked < 10_000 {
		t.Error("so few:", asked)
	}
}

func containsName(all []choices, name string) bool {
	for _, c := range all {
		if c.name == name {
			return true
		}
	}
	return false
}

// each runs f for every combination.
func each(vary []choices, c cedar.RecordMap, f func(cedar.RecordMap)) {
	if len(vary) == 0 {
		f(c)
		return
	}
	for _, v := range vary[0].values {
		c[cedar.String(vary[0].name)] = v
		each(vary[1:], c, f)
	}
}

func text(c cedar.RecordMap, name string) string { return string(c[cedar.String(name)].(cedar.String)) }

func truth(c cedar.RecordMap, name string) bool { return bool(c[cedar.String(name)].(cedar.Boolean)) }

// A foreignQuestion is a case as facts and a request.
type foreignQuestion struct {
	facts  access.Facts
	caller *access.Caller
	table  access.FolderTable
	box    entente.MailboxID
}

// foreignCase makes the facts that a case speaks of.
func foreignCase(c cedar.RecordMap) foreignQuestion {
	const ida, domain = "ida@fabrikam.example", "fabrikam.example"
	q := foreignQuestion{box: entente.MailboxID{1}, table: access.FolderTable{Folder: 1, Class: "IPF.Appointment"}}
	anna := access.Account{Principal: access.Principal{SID: "S-1-5-21-1-1-1-1000"}, Enabled: true, Mailbox: q.box}
	f := &access.Foreign{Organization: "urn:fabrikam", Domains: []entente.Domain{domain}, Mails: []entente.SMTPAddress{ida}, Key: "key"}
	f.Offer = map[string]string{"free-busy": access.OfferFreeBusy, "sharing-read": access.OfferSharingRead, "autodiscover": access.OfferAutodiscover}[text(c, "offer")]
	if !truth(c, "vouched") {
		f.Domains = []entente.Domain{"other.example"}
	}
	r := access.Relationship{Domains: []entente.Domain{domain}, Enabled: truth(c, "enabled"), FreeBusy: truth(c, "freeBusy"), TargetApplicationURI: "urn:other"}
	if truth(c, "organization") {
		r.TargetApplicationURI = f.Organization
	}
	switch text(c, "pins") {
	case "his":
		r.Keys = []string{"first", "key"}
	case "another":
		r.Keys = []string{"first"}
	}
	r.FreeBusyLevel, _ = access.ParseFreeBusyLevel(text(c, "level"))
	groups := []access.Group{{SID: "S-1-5-21-1-1-1-2000", Members: []entente.SID{anna.SID}}, {SID: "S-1-5-21-1-1-1-2001"}}
	switch text(c, "scope") {
	case "his":
		r.FreeBusyScope = groups[0].SID
	case "others":
		r.FreeBusyScope = groups[1].SID
	}
	q.facts = access.Facts{Accounts: []access.Account{anna}, Groups: groups}
	for i := range int(c["relationships"].(cedar.Long)) {
		r.Name = fmt.Sprint("r", i)
		q.facts.Relationships = append(q.facts.Relationships, r)
	}
	everyone := map[string]access.Rights{"times": access.LevelFreeBusyTimeOnly, "details": access.LevelFreeBusyDetails, "reader": access.LevelReviewer}[text(c, "everyone")]
	q.table.Entries = []access.Entry{{Who: access.Default, Rights: everyone}}
	if truth(c, "shared") {
		q.table.Entries = append(q.table.Entries, access.Entry{Who: access.ExternalUser, External: "Ida@fabrikam.example", Rights: access.LevelEditor})
	}
	if state := text(c, "policy"); state != "none" {
		p := access.SharingPolicy{Name: "p", Default: true, Enabled: state == "on", Rules: []access.SharingRule{{Domain: access.AnyFederated, Actions: reads(truth(c, "anyRuleReads"))}}}
		if truth(c, "ownRule") {
			p.Rules = append(p.Rules, access.SharingRule{Domain: domain, Actions: reads(truth(c, "ownRuleReads"))})
		}
		q.facts.SharingPolicies = []access.SharingPolicy{p}
	}
	q.caller = &access.Caller{Method: access.Delegation, Authenticated: access.Principal{Mail: ida}, Foreign: f}
	return q
}

func reads(reviewer bool) access.SharingActions {
	if reviewer {
		return access.CalendarSharingFreeBusyReviewer
	}
	return access.CalendarSharingFreeBusySimple
}
