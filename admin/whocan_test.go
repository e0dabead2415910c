package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"entente"
)

// granted is an organization in which much is granted.
func granted(t *testing.T) *organization {
	t.Helper()
	o := staffed(t)
	o.must("account create", `{"upn":"cleo@contoso.example","database":"staff"}`)
	o.must("account create", `{"upn":"dan@contoso.example","database":"staff"}`)
	o.must("group create", `{"mail":"sales@contoso.example","members":["cleo@contoso.example"]}`)
	o.must("group create", `{"mail":"all@contoso.example","members":["sales@contoso.example"]}`)
	o.must("permission grant", `{"account":"anna@contoso.example","to":"all@contoso.example","rights":["full-access"]}`)
	o.must("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"ben@contoso.example","rights":["Reviewer"]}`)
	o.must("assignment create", `{"assignee":"crm@contoso.example","account":"anna@contoso.example","id":"crm-anna"}`)
	o.must("administrator add", `{"grantee":"dan@contoso.example"}`)
	return o
}

// TestWhoCan asks who may do each kind of thing, one line a case: right, object,
// and who may, by what.
func TestWhoCan(t *testing.T) {
	o := granted(t)
	test := func(request string, want ...string) {
		t.Helper()
		var h Holders
		if err := json.Unmarshal([]byte(o.must("explain who-can", request)), &h); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range h.Holders {
			name, _, _ := strings.Cut(x.Name, "@")
			got = append(got, name+": "+x.Via)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %q", request, got)
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s: %q, want %q", request, got[i], want[i])
			}
		}
	}
	test(`{"right":"full-access","object":"anna@contoso.example"}`, "anna: owner", "cleo: permission on the mailbox: FullAccess to all@contoso.example")
	test(`{"right":"send-as","object":"anna@contoso.example"}`, "anna: owner")
	test(`{"right":"read","object":"anna@contoso.example","folder":"calendar"}`, "anna: owner", "ben: folder permission: Reviewer to ben@contoso.example", "cleo: permission")
	test(`{"right":"edit","object":"anna@contoso.example","folder":"calendar"}`, "anna: owner", "cleo: permission")
	test(`{"right":"act-as","object":"anna@contoso.example"}`, "crm: assignment of ApplicationImpersonation to crm@contoso.example over account anna@contoso.example")
	test(`{"right":"act-as","object":"ben@contoso.example"}`)
	test(`{"right":"act-as","object":"server:mail.contoso.example"}`, "crm: assignment")
	test(`{"right":"act-as","object":"database:staff"}`)
	test(`{"right":"administer","object":"organization"}`, "dan: administrator")
	test(`{"right":"open","object":"anna@contoso.example","limit":2}`, "anna: owner", "ben: organization")
	test(`{"right":"open","object":"anna@contoso.example","limit":2,"after":"crm@contoso.example"}`, "dan: organization")
	o.must("account set", `{"account":"ben@contoso.example","ews_enabled":"off"}`)
	test(`{"right":"enter","object":"ews"}`, "anna: gate ews", "cleo: gate", "crm: gate", "dan: gate")
	for _, bad := range []string{
		`{"right":"burn","object":"anna@contoso.example"}`, `{"right":"enter","object":"smtp"}`, `{"right":"burn","object":"anna@contoso.example","folder":"calendar"}`,
	} {
		if _, err := o.do("explain who-can", bad); kindOf(err) != entente.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestWhatCan asks what each may do.
func TestWhatCan(t *testing.T) {
	o := granted(t)
	test := func(request string, want ...string) {
		t.Helper()
		var a Abilities
		if err := json.Unmarshal([]byte(o.must("explain what-can", request)), &a); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, c := range a.Can {
			got[fmt.Sprintf("%s %s %s", c.Kind, c.Object, c.Rights)] = true
		}
		for _, w := range want {
			if !got[w] {
				t.Errorf("%s: %q is not in %v", request, w, a.Can)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v", request, a.Can)
		}
	}
	gates := []string{"gate ews Enter", "gate rest Enter", "gate activesync Enter"}
	test(`{"principal":"anna@contoso.example"}`, gates...)
	test(`{"principal":"ben@contoso.example","folders":true}`, append(gates, `folder anna@contoso.example:\Calendar Reviewer`)...)
	test(`{"principal":"cleo@contoso.example","folders":true}`, append(gates, "group sales@contoso.example member", "group all@contoso.example member",
		"mailbox anna@contoso.example FullAccess,ReadPrivate")...)
	test(`{"principal":"crm@contoso.example"}`, append(gates, "act-as anna@contoso.example ApplicationImpersonation")...)
	test(`{"principal":"dan@contoso.example"}`, append(gates, "administer organization Administer")...)
	test(`{"principal":"sales@contoso.example"}`, "group all@contoso.example member", "mailbox anna@contoso.example FullAccess")
	test(`{"principal":"crm@contoso.example","after":"anna@contoso.example"}`)
	if _, err := o.do("explain what-can", `{"principal":"nobody@contoso.example"}`); kindOf(err) != entente.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// TestReadsAreRecorded: looking into folders' tables for an explanation is on
// record for each mailbox, as any look into one is.
func TestReadsAreRecorded(t *testing.T) {
	o := granted(t)
	test := func(name, request, action string, want int) {
		t.Helper()
		before := strings.Count(o.must("audit search", `{"action":"local.admin.`+action+`","limit":1000}`), `"action"`)
		o.must(name, request)
		after := strings.Count(o.must("audit search", `{"action":"local.admin.`+action+`","limit":1000}`), `"action"`)
		if after-before != want {
			t.Errorf("%s %s: %d records", name, request, after-before)
		}
	}
	test("explain what-can", `{"principal":"ben@contoso.example","folders":true}`, "explain.what-can", 3)
	test("explain who-can", `{"right":"read","object":"anna@contoso.example","folder":"calendar"}`, "explain.access", 1)
	test("explain access", `{"caller":"ben@contoso.example","mailbox":"anna@contoso.example","folder":"calendar"}`, "explain.access", 1)
}

// TestExplainedChanges: what is suggested, done, turns the answer; steps say
// where facts come from.
func TestExplainedChanges(t *testing.T) {
	o := granted(t)
	explain := func(request string) AccessExplained {
		t.Helper()
		var e AccessExplained
		if err := json.Unmarshal([]byte(o.must("explain access", request)), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	test := func(request string, allowed bool, does string) {
		t.Helper()
		e := explain(request)
		if e.Allowed != allowed || len(e.Changes) == 0 || !strings.HasPrefix(e.Changes[0].Does, does) {
			t.Errorf("%s: %v %+v", request, e.Done, e.Changes)
		}
	}
	const asBen = `{"caller":"crm@contoso.example","as":"ben@contoso.example"}`
	test(asBen, false, "Let crm@contoso.example act as ben@contoso.example.")
	o.must("assignment create", `{"assignee":"crm@contoso.example","account":"ben@contoso.example","id":"crm-ben"}`)
	test(asBen, true, "Remove the assignment crm-ben.")
	test(`{"caller":"crm@contoso.example","primary_smtp_address":"anna@contoso.example"}`, true, "Remove the assignment crm-anna.")
	test(`{"caller":"ben@contoso.example","mailbox":"anna@contoso.example","folder":"calendar","right":"edit"}`, false,
		"Give ben@contoso.example the rights ReadItems,EditAllItems,FolderVisible in the folder.")
	test(`{"caller":"crm@contoso.example","as":"anna@contoso.example","at":"9000h"}`, false, "Extend the time of the assignment crm-anna, which ends ")
	e := explain(`{"caller":"crm@contoso.example","as":"anna@contoso.example"}`)
	origin := ""
	for _, s := range e.Steps {
		if s.Rule == "may-impersonate" {
			origin = s.Origin
		}
	}
	if !strings.Contains(origin, "over account anna@contoso.example") || !strings.Contains(origin, "made 20") {
		t.Errorf("origin %q", origin)
	}
}
