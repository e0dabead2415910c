package access

import (
	"strings"
	"testing"

	"entente"
)

// opinion is the gate's rule said a second time, from the settings' published
// descriptions and not from the code: what would let the request in, and
// whether anything stands against it.
func opinion(strict, rest bool, org, box ClientPolicy, wellKnown, agent string) bool {
	if !rest {
		if org.EwsEnabled == Off && (strict || box.EwsEnabled != On) {
			return false
		}
		if org.EwsEnabled != Off && box.EwsEnabled == Off {
			return false
		}
	}
	if wellKnown != "" {
		of := func(p ClientPolicy) Setting {
			return map[string]Setting{"outlook": p.EwsAllowOutlook, "mac": p.EwsAllowMacOutlook, "entourage": p.EwsAllowEntourage}[wellKnown]
		}
		if of(box) != Unset {
			return of(box) == On
		}
		return of(org) != Off
	}
	judge := org
	if box.EwsApplicationAccessPolicy != "" {
		judge = box
	}
	on := func(list []string) bool { // the lists here hold whole names
		for _, l := range list {
			if strings.EqualFold(l, agent) {
				return true
			}
		}
		return false
	}
	switch judge.EwsApplicationAccessPolicy {
	case EnforceAllowList:
		return on(judge.EwsAllowList)
	case EnforceBlockList:
		return !on(judge.EwsBlockList)
	}
	return true
}

// TestGateTruthTable asks every combination of settings, modes, protocols and
// clients, and compares with the second opinion.
func TestGateTruthTable(t *testing.T) {
	settings := []Setting{Unset, On, Off}
	clients := []struct{ class, agent string }{
		{"", "App/1"},
		{"outlook", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1; Pro)"},
		{"mac", "MacOutlook/16.61"},
		{"entourage", "Entourage/13.0"},
	}
	lists := []ClientPolicy{
		{},
		{EwsAllowList: []string{"App/1"}}, // without a policy it means nothing
		{EwsApplicationAccessPolicy: EnforceAllowList},
		{EwsApplicationAccessPolicy: EnforceAllowList, EwsAllowList: []string{"Other/1", "app/1"}},
		{EwsApplicationAccessPolicy: EnforceBlockList},
		{EwsApplicationAccessPolicy: EnforceBlockList, EwsBlockList: []string{"Other/1", "app/1"}, EwsAllowList: []string{"App/1"}},
	}
	rows := 0
	for _, strict := range []bool{false, true} {
		for _, client := range clients {
			for _, orgList := range lists {
				for _, boxList := range lists {
					for n := range 81 {
						org, box := orgList, boxList
						org.EwsEnabled, box.EwsEnabled = settings[n%3], settings[n/3%3]
						o, b := settings[n/9%3], settings[n/27%3]
						org.EwsAllowOutlook, org.EwsAllowMacOutlook, org.EwsAllowEntourage = o, o, o
						box.EwsAllowOutlook, box.EwsAllowMacOutlook, box.EwsAllowEntourage = b, b, b
						rows += checkGate(t, strict, org, box, client.class, client.agent)
					}
				}
			}
		}
	}
	if rows != 2*4*6*6*81*2 {
		t.Error(rows, "rows")
	}
}

func checkGate(t *testing.T, strict bool, org, box ClientPolicy, class, agent string) (rows int) {
	t.Helper()
	f := Facts{Organization: Organization{Policy: org}}
	if strict {
		f.Organization.Precedence = Strict
	}
	a := Account{Enabled: true, Policy: &box}
	a.SID = "S-1-5-21-1-1-1-1000"
	f.Accounts = []Account{a}
	s := Compile(f)
	for _, protocol := range []string{"ews", "rest"} {
		err := s.Gate(&Caller{Authenticated: a.Principal, Method: Basic, UserAgent: agent}, protocol, at, nil)
		if want := opinion(strict, protocol == "rest", org, box, class, agent); (err == nil) != want {
			t.Errorf("strict %v, %s, %q, organization %+v, mailbox %+v: %v, want %v", strict, protocol, agent, org, box, err, want)
		}
		if err != nil && (kindOf(err) != entente.Denied || reasonOf(err) == "") {
			t.Errorf("%v: kind %d, reason %q", err, kindOf(err), reasonOf(err))
		}
		rows++
	}
	return rows
}

func TestMatches(t *testing.T) {
	test := func(pattern, text string, want bool) {
		t.Helper()
		if matches(pattern, text) != want {
			t.Errorf("%q on %q: not %v", pattern, text, want)
		}
	}
	test("", "", true)
	test("", "a", false)
	test("*", "", true)
	test("**", "ab", true)
	test("a*", "A/1", true)
	test("a*", "ba", false)
	test("*a", "ba", true)
	test("*a*b", "xaxbxab", true)
	test("*a*b", "xaxbx", false)
	test("a?c", "abc", false)
	test("a.c", "abc", false)
	test("ä*", "Äpfel", false) // only ASCII letters lose their case
	test("abc", "ab", false)
	test("ab", "abc", false)
	test(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 5000), false)
}
