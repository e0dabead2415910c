package access

import (
	"fmt"
	"strings"
	"testing"

	"entente"
)

// threeLevels is an organization of one mailbox with a policy on each of the three
// levels.
func threeLevels(org, scope, box ClientPolicy, by Precedence) *Snapshot {
	f := fewFacts()
	f.Administrators = nil
	f.Organization = Organization{Policy: org, Precedence: by}
	f.Policies = []ScopePolicy{{Scope: "all", Policy: scope}}
	f.Accounts[0].Policy = &box
	return Compile(f)
}

// stepOf is what the step of a rule looked at, and the reason if it refused.
func stepOf(d Decision, rule string) string {
	for _, s := range d.Steps() {
		if s.Rule == rule && s.Holds {
			return s.Fact
		} else if s.Rule == rule {
			return fmt.Sprintf("%s: %s", d.Reason(), s.Fact)
		}
	}
	return "no step"
}

// TestEnabledOnLevels: what EwsEnabled on the organization, a scope and the
// mailbox come to, which of them is named, and what is shown as in effect.
func TestEnabledOnLevels(t *testing.T) {
	test := func(by Precedence, org, scope, box Setting, want, effective string) {
		t.Helper()
		s := threeLevels(ClientPolicy{EwsEnabled: org}, ClientPolicy{EwsEnabled: scope}, ClientPolicy{EwsEnabled: box}, by)
		if got := stepOf(s.Admits(personSID(1), "", "", gateEWS, at), "ews-enabled"); got != want {
			t.Errorf("organization %v, scope %v, mailbox %v: %s", org, scope, box, got)
		}
		if e := s.EffectivePolicy(personSID(1))[0]; e.Setting != "EwsEnabled" || e.Value+" "+e.Origin != effective {
			t.Errorf("organization %v, scope %v, mailbox %v: in effect is %+v", org, scope, box, e)
		}
	}
	const (
		open    = "EwsEnabled on or unset"
		orgOff  = "ews-disabled-by-organization: organization: EwsEnabled off"
		final   = orgOff + ", which is final"
		overOff = ": EwsEnabled on, organization: off"
	)
	test(Classic, Unset, Unset, Unset, open, " ")
	test(Classic, On, Unset, Unset, open, "on organization")
	test(Classic, Unset, On, Unset, open, "on scope all")
	test(Classic, Unset, Unset, On, open, "on mailbox")
	test(Classic, Off, Unset, Unset, orgOff, "off organization")
	test(Classic, Off, Off, Unset, orgOff, "off organization")
	test(Classic, Off, Unset, Off, orgOff, "off organization")
	test(Classic, Off, On, Off, orgOff, "off organization")
	test(Classic, Off, On, Unset, "scope all"+overOff, "on scope all")
	test(Classic, Off, Unset, On, "mailbox"+overOff, "on mailbox")
	test(Classic, Off, Off, On, "mailbox"+overOff, "on mailbox")
	test(Classic, Unset, Off, Unset, "ews-disabled-by-scope: scope all: EwsEnabled off", "off scope all")
	test(Classic, On, Off, Unset, "ews-disabled-by-scope: scope all: EwsEnabled off", "off scope all")
	test(Classic, Unset, Unset, Off, "ews-disabled-by-mailbox: mailbox: EwsEnabled off", "off mailbox")
	test(Classic, On, On, Off, "ews-disabled-by-mailbox: mailbox: EwsEnabled off", "off mailbox")
	test(Classic, Unset, Off, On, open, "on mailbox")
	test(Strict, Off, Unset, Unset, final, "off organization")
	test(Strict, Off, On, On, final, "off organization")
	test(Strict, Off, Off, Off, final, "off organization")
	test(Strict, On, Unset, Unset, open, "on organization")
	test(Strict, Unset, Off, Unset, "ews-disabled-by-scope: scope all: EwsEnabled off", "off scope all")
	test(Strict, On, Unset, Off, "ews-disabled-by-mailbox: mailbox: EwsEnabled off", "off mailbox")
}

// TestApplicationIDsOnLevels: the list of the nearest level counts alone, and
// only while EwsEnabled is on.
func TestApplicationIDsOnLevels(t *testing.T) {
	test := func(org, scope, box ClientPolicy, id ApplicationID, want string) {
		t.Helper()
		d := threeLevels(org, scope, box, Classic).Admits(personSID(1), "", id, gateEWS, at)
		if got := stepOf(d, "ews-application-id"); got != want {
			t.Errorf("%+v, %+v, %+v of %q: %s", org, scope, box, id, got)
		}
	}
	ids := func(on Setting, all ...ApplicationID) ClientPolicy {
		return ClientPolicy{EwsEnabled: on, EwsAllowedAppIDs: all}
	}
	const (
		none, without = "no EwsAllowedAppIDs", "EwsAllowedAppIDs without EwsEnabled on"
		refused       = "application-id-not-listed: "
	)
	test(ids(Unset), ids(Unset), ids(Unset), "a", none)
	test(ids(On), ids(Unset), ids(Unset), "a", none)
	test(ids(Unset, "a"), ids(Unset), ids(Unset), "a", without)
	test(ids(Unset, "a"), ids(Unset), ids(Unset), "b", without)
	test(ids(Off, "a"), ids(Unset), ids(Unset), "b", without)
	test(ids(On, "a"), ids(Unset), ids(Off), "b", without)
	test(ids(On, "a"), ids(Unset), ids(Unset), "A", "organization: EwsAllowedAppIDs")
	test(ids(On, "a", "b"), ids(Unset), ids(Unset), "b", "organization: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset), ids(Unset), "b", refused+"organization: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset), ids(Unset), "", refused+"organization: EwsAllowedAppIDs")
	test(ids(On, ""), ids(Unset), ids(Unset), "", refused+"organization: EwsAllowedAppIDs")
	test(ids(Unset, "a"), ids(Unset), ids(On), "a", "organization: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset, "b"), ids(Unset), "b", "scope all: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset, "b"), ids(Unset), "a", refused+"scope all: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset, "b"), ids(Unset, "c"), "c", "mailbox: EwsAllowedAppIDs")
	test(ids(On, "a"), ids(Unset, "b"), ids(Unset, "c"), "b", refused+"mailbox: EwsAllowedAppIDs")
}

// TestClientsOnLevels: a well-known client has a setting of its own, any other
// the list of the nearest level.
func TestClientsOnLevels(t *testing.T) {
	test := func(org, scope, box ClientPolicy, agent, want string) {
		t.Helper()
		d := threeLevels(org, scope, box, Classic).Admits(personSID(1), agent, "", gateEWS, at)
		if got := stepOf(d, "ews-application"); got != want {
			t.Errorf("%+v, %+v, %+v of %q: %s", org, scope, box, agent, got)
		}
	}
	var none ClientPolicy
	const refused = "client-not-allowed: "
	for _, c := range []struct {
		agent, setting string
		is             func(Setting) ClientPolicy
	}{
		{"Outlook/16", "EwsAllowOutlook", func(v Setting) ClientPolicy { return ClientPolicy{EwsAllowOutlook: v} }},
		{"MacOutlook/16", "EwsAllowMacOutlook", func(v Setting) ClientPolicy { return ClientPolicy{EwsAllowMacOutlook: v} }},
		{"Entourage/13", "EwsAllowEntourage", func(v Setting) ClientPolicy { return ClientPolicy{EwsAllowEntourage: v} }},
	} {
		test(none, none, none, c.agent, c.setting+" unset")
		test(c.is(On), none, none, c.agent, "organization: "+c.setting)
		test(c.is(Off), none, none, c.agent, refused+"organization: "+c.setting)
		test(c.is(Off), c.is(On), none, c.agent, "scope all: "+c.setting)
		test(c.is(On), c.is(Off), none, c.agent, refused+"scope all: "+c.setting)
		test(c.is(Off), c.is(Off), c.is(On), c.agent, "mailbox: "+c.setting)
		test(c.is(On), c.is(On), c.is(Off), c.agent, refused+"mailbox: "+c.setting)
		test(c.is(Off), none, none, "App/1", "no EwsApplicationAccessPolicy")
	}
	allow := ClientPolicy{EwsApplicationAccessPolicy: EnforceAllowList, EwsAllowList: []string{"App/*"}, EwsBlockList: []string{"App/*"}}
	block := ClientPolicy{EwsApplicationAccessPolicy: EnforceBlockList, EwsAllowList: []string{"Other/*"}, EwsBlockList: []string{"Other/*"}}
	test(none, none, none, "App/1", "no EwsApplicationAccessPolicy")
	test(allow, none, none, "App/1", "organization: EwsAllowList")
	test(allow, none, none, "Other/1", "application-not-listed: organization: EwsAllowList")
	test(block, none, none, "App/1", "organization: EwsBlockList")
	test(block, none, none, "Other/1", "application-blocked: organization: EwsBlockList")
	test(allow, block, none, "Other/1", "application-blocked: scope all: EwsBlockList")
	test(block, block, allow, "Other/1", "application-not-listed: mailbox: EwsAllowList")
	test(allow, none, none, "Outlook/16", "EwsAllowOutlook unset")
}

// TestEffectivePolicy: all settings in effect, each with its own origin, and of
// the lists only the one that the policy in effect uses.
func TestEffectivePolicy(t *testing.T) {
	test := func(name string, org, scope, box ClientPolicy, want ...string) {
		t.Helper()
		var got []string
		for _, e := range threeLevels(org, scope, box, Classic).EffectivePolicy(personSID(1)) {
			if e.Value != "" || e.Origin != "" {
				got = append(got, e.Setting+" "+e.Value+" "+e.Origin)
			}
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s: %q", name, got)
		}
	}
	var none ClientPolicy
	lists := ClientPolicy{EwsAllowList: []string{"A", "B"}, EwsBlockList: []string{"C", "D"}}
	allow, block := lists, lists
	allow.EwsApplicationAccessPolicy, block.EwsApplicationAccessPolicy = EnforceAllowList, EnforceBlockList
	test("nothing", none, none, none)
	test("clients", ClientPolicy{EwsAllowOutlook: On}, ClientPolicy{EwsAllowMacOutlook: Off}, ClientPolicy{EwsAllowEntourage: On},
		"EwsAllowOutlook on organization", "EwsAllowMacOutlook off scope all", "EwsAllowEntourage on mailbox")
	test("lists without a policy", lists, lists, lists)
	test("allowed", allow, none, none, "EwsApplicationAccessPolicy EnforceAllowList organization", "EwsAllowList A,B organization")
	test("blocked", block, none, none, "EwsApplicationAccessPolicy EnforceBlockList organization", "EwsBlockList C,D organization")
	test("allowed over blocked", block, none, allow, "EwsApplicationAccessPolicy EnforceAllowList mailbox", "EwsAllowList A,B mailbox")
	test("blocked over allowed", allow, block, none, "EwsApplicationAccessPolicy EnforceBlockList scope all", "EwsBlockList C,D scope all")
	test("ids", ClientPolicy{EwsAllowedAppIDs: []ApplicationID{"a", "b"}}, none, none, "EwsAllowedAppIDs a,b organization")
	if all := threeLevels(none, none, none, Classic).EffectivePolicy(personSID(9)); all != nil {
		t.Errorf("of nobody: %v", all)
	}
}

// TestPolicyOfAnotherScope: a scope that does not hold over a mailbox says
// nothing of it, and of several that do, the first in priority that speaks.
func TestPolicyOfAnotherScope(t *testing.T) {
	test := func(want string, all ...ScopePolicy) {
		t.Helper()
		f := fewFacts()
		f.Scopes = append(f.Scopes, ManagementScope{Name: "too", Filter: "Name -like '*'"}, ManagementScope{Name: "none", Filter: "Name -eq 'x'"})
		f.Policies = all
		if got := stepOf(Compile(f).Admits(personSID(1), "", "", gateEWS, at), "ews-enabled"); got != want {
			t.Errorf("%+v: %s", all, got)
		}
	}
	of := func(scope string, priority int, v Setting) ScopePolicy {
		return ScopePolicy{scope, priority, ClientPolicy{EwsEnabled: v}}
	}
	const open = "EwsEnabled on or unset"
	off := func(scope string) string { return "ews-disabled-by-scope: scope " + scope + ": EwsEnabled off" }
	test(open)
	test(open, of("none", 1, Off))
	test(open, of("lost", 1, Off))
	test(off("all"), of("none", 1, On), of("all", 2, Off))
	test(off("all"), of("too", 1, Unset), of("all", 2, Off))
	test(open, of("too", 1, On), of("all", 2, Off))
	test(open, of("all", 2, Off), of("too", 1, On))
	test(off("all"), of("too", 1, Off), of("all", 1, Off)) // the same priority: by name
	test(off("all"), of("TOO", 1, Off), of("all", 1, Off))
}

// TestPrecedenceChanges: those whom the mailbox's On lets in, over the
// organization's Off, are the ones that Strict keeps out.
func TestPrecedenceChanges(t *testing.T) {
	test := func(org Setting, want string, all ...Account) {
		t.Helper()
		f := Facts{Organization: Organization{Policy: ClientPolicy{EwsEnabled: org}}, Accounts: all}
		var got []string
		for _, a := range Compile(f).PrecedenceChanges() {
			got = append(got, a.Name+string(a.SID[len(a.SID)-1]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v: %q, want %s", org, got, want)
		}
	}
	account := func(i int, name string, v Setting) Account {
		return Account{Principal: Principal{SID: personSID(i)}, Name: name, Enabled: true, Policy: &ClientPolicy{EwsEnabled: v}}
	}
	all := []Account{account(4, "b", On), account(3, "b", On), account(2, "c", Off), account(1, "d", Unset), account(5, "a", On)}
	test(Off, "a5 b3 b4", all...)
	test(On, "", all...)
	test(Unset, "", all...)
}

// TestAdmits: a dry run is of the account itself, as if it came.
func TestAdmits(t *testing.T) {
	f := fewFacts()
	f.Accounts[1].Enabled = false
	s := Compile(f)
	test := func(sid entente.SID, protocol string, want entente.Reason, known string) {
		t.Helper()
		d := s.Admits(sid, "App/1", "", protocol, at)
		if d.Reason() != want || d.Allowed() != (want == "") || stepOf(d, "caller-known") != known {
			t.Errorf("%s by %s: %q, %s", sid, protocol, d.Reason(), stepOf(d, "caller-known"))
		}
	}
	test(personSID(1), gateEWS, "", string(personSID(1)))
	test(personSID(1), gateREST, "", string(personSID(1)))
	test(personSID(1), gateActiveSync, "", string(personSID(1)))
	test(personSID(1), gateAutodiscover, "", string(personSID(1)))
	test(personSID(1), "pop", UnknownProtocol, string(personSID(1)))
	test(personSID(2), gateEWS, NoRight, string(personSID(2)))
	test(personSID(9), gateEWS, NoRight, "anonymous")
}
