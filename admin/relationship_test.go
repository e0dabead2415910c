package admin

import (
	"encoding/json"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/audit"
)

// related is an organization with relationships to three others, of which one is
// off, and people who share.
func related(t *testing.T) *organization {
	t.Helper()
	o := granted(t)
	o.must("group create", `{"mail":"shown@contoso.example","kind":"security","members":["anna@contoso.example"]}`)
	o.must("relationship create", `{"name":"Fabrikam","domains":["fabrikam.example"],"free_busy":"on","free_busy_level":"LimitedDetails","application_uri":"urn:fabrikam"}`)
	o.must("relationship create", `{"name":"Litware","domains":["litware.example"],"free_busy":"on","free_busy_scope":"shown@contoso.example","application_uri":"urn:litware","keys":["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]}`)
	o.must("relationship create", `{"name":"Northwind","domains":["northwind.example"],"enabled":"off","application_uri":"urn:northwind"}`)
	o.must("sharing-policy create", `{"name":"Standard","rules":["*: CalendarSharingFreeBusyReviewer"],"default":true}`)
	o.must("folder grant", `{"account":"ben@contoso.example","folder":"calendar","to":"ida@fabrikam.example","rights":["Reviewer"]}`)
	o.must("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"Default","rights":["LimitedDetails"]}`)
	return o
}

// TestExplainForeign asks what people of other organizations would be shown, why,
// and what would change it: one line a case.
func TestExplainForeign(t *testing.T) {
	o := related(t)
	test := func(request string, reason entente.Reason, does ...string) {
		t.Helper()
		var e AccessExplained
		if err := json.Unmarshal([]byte(o.must("explain access", request)), &e); err != nil {
			t.Fatal(err)
		}
		if e.Reason != string(reason) || e.Allowed != (reason == "") {
			t.Errorf("%s: %s, reason %q", request, e.Done, e.Reason)
		}
		var all []string
		for _, c := range e.Changes {
			all = append(all, c.Does+" "+c.Command)
		}
		for _, d := range does {
			if !strings.Contains(strings.Join(all, "\n"), d) {
				t.Errorf("%s: %q is not in %q", request, d, all)
			}
		}
	}
	test(`{"caller":"ida@fabrikam.example","mailbox":"anna@contoso.example","right":"details"}`, "",
		"Lower the level of the organization relationship Fabrikam to AvailabilityOnly. entente relationship set Fabrikam --free-busy-level AvailabilityOnly",
		"Disable the organization relationship Fabrikam.", "entente folder grant anna@contoso.example --folder calendar --to Default --rights AvailabilityOnly")
	test(`{"caller":"ida@fabrikam.example","mailbox":"ben@contoso.example","right":"details"}`, access.NotVisible,
		"Give Default the rights LimitedDetails in the folder.")
	test(`{"caller":"ida@fabrikam.example","organization":"urn:other","mailbox":"anna@contoso.example"}`, access.OtherOrganization,
		"Have the organization relationship Fabrikam name the organization urn:other.")
	test(`{"caller":"kim@litware.example","mailbox":"anna@contoso.example"}`, "", "Take anna@contoso.example out of the group shown@contoso.example.")
	test(`{"caller":"kim@litware.example","mailbox":"anna@contoso.example","right":"details"}`, access.NotVisible,
		"Raise the level of the organization relationship Litware to LimitedDetails.")
	test(`{"caller":"kim@litware.example","mailbox":"anna@contoso.example","key":"none"}`, access.KeyNotPinned, "Pin no keys in the organization relationship Litware")
	test(`{"caller":"kim@litware.example","mailbox":"ben@contoso.example"}`, access.OutsideScope, "Put ben@contoso.example into the group shown@contoso.example.")
	test(`{"caller":"nora@northwind.example","mailbox":"anna@contoso.example"}`, access.RelationshipDisabled,
		"Enable the organization relationship Northwind. entente relationship set Northwind --enabled on", "Turn free/busy on", "Raise the level")
	test(`{"caller":"uma@unknown.example","organization":"urn:unknown","mailbox":"anna@contoso.example"}`, access.NoRelationship,
		"Make an organization relationship with unknown.example that shows AvailabilityOnly. entente relationship create unknown.example --domains unknown.example --application-uri urn:unknown --free-busy on --free-busy-level AvailabilityOnly")
	test(`{"caller":"ida@fabrikam.example","offer":"sharing-read","mailbox":"ben@contoso.example","folder":"calendar"}`, "",
		"Take the entry of ida@fabrikam.example out of the folder's permissions.", "Disable the sharing policy Standard.")
	test(`{"caller":"ida@fabrikam.example","offer":"sharing-read","mailbox":"anna@contoso.example","folder":"calendar"}`, access.NotVisible,
		"Give ida@fabrikam.example the rights Reviewer in the folder.")
	o.must("sharing-policy set", `{"name":"Standard","enabled":"off"}`)
	test(`{"caller":"ida@fabrikam.example","offer":"sharing-read","mailbox":"ben@contoso.example","folder":"calendar"}`, access.NotVisible,
		"Enable the sharing policy Standard. entente sharing-policy set Standard --enabled on")
	for _, bad := range []string{
		`{"caller":"ida@fabrikam.example"}`, `{"caller":"ida@fabrikam.example","offer":"everything","mailbox":"anna@contoso.example"}`,
		`{"caller":"ida@fabrikam.example","mailbox":"anna@contoso.example","as":"anna@contoso.example"}`, `{"caller":"ida","offer":"free-busy","mailbox":"anna@contoso.example"}`,
	} {
		if _, err := o.do("explain access", bad); kindOf(err) != entente.Invalid && kindOf(err) != entente.NotFound {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestOthersMay asks who of other organizations may do something, and what one of
// them may.
func TestOthersMay(t *testing.T) {
	o := related(t)
	test := func(request string, want ...string) {
		t.Helper()
		var h Holders
		if err := json.Unmarshal([]byte(o.must("explain who-can", request)), &h); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range h.Holders {
			if x.SID == "" {
				got = append(got, x.Name+": "+x.Via)
			}
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
	test(`{"right":"details","object":"anna@contoso.example","folder":"calendar"}`, "*@fabrikam.example: organization relationship Fabrikam: LimitedDetails, broker-trusted")
	test(`{"right":"time","object":"anna@contoso.example","folder":"calendar"}`, "*@fabrikam.example:", "*@litware.example: organization relationship Litware: AvailabilityOnly, keys pinned")
	test(`{"right":"time","object":"ben@contoso.example","folder":"calendar"}`, "*@fabrikam.example:", "ida@fabrikam.example:")
	test(`{"right":"read","object":"ben@contoso.example","folder":"calendar"}`, "ida@fabrikam.example: folder permission: Reviewer to ida@fabrikam.example")
	test(`{"right":"full-access","object":"ben@contoso.example"}`)
	can := o.must("explain what-can", `{"principal":"ida@fabrikam.example","folders":true}`)
	for _, want := range []string{"everybody, as far as his calendar shows everyone", `ben@contoso.example:\\Calendar`} {
		if !strings.Contains(can, want) {
			t.Errorf("%q is not in %s", want, can)
		}
	}
	if can := o.must("explain what-can", `{"principal":"nora@northwind.example","folders":true}`); !strings.Contains(can, "no thing") {
		t.Errorf("under a relationship that is off: %s", can)
	}
}

// TestApplyAbroad: an organization file says what other organizations are shown,
// and the second time changes nothing.
func TestApplyAbroad(t *testing.T) {
	o := open(t)
	const file = desired + `
relationships:
  - {name: Fabrikam, domains: [fabrikam.example, eu.fabrikam.example], free_busy: true, application_uri: "urn:fabrikam", free_busy_scope: shown@contoso.example}
sharing_policies:
  - {name: Standard, default: true, rules: ["*: CalendarSharingFreeBusySimple"]}
  - {name: Partners, rules: ["fabrikam.example: CalendarSharingFreeBusyReviewer"]}
`
	text := strings.Replace(file, "groups:", "groups:\n  - {mail: shown@contoso.example, kind: security}", 1)
	text = strings.Replace(text, "name: Anna,", "name: Anna, sharing_policy: Partners,", 1)
	apply := func(text string) []string {
		t.Helper()
		p, err := o.api.Apply(t.Context(), Apply{Content: text, Yes: true})
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps
	}
	if steps := apply(text); len(steps) != 14 {
		t.Errorf("%d steps: %q", len(steps), steps)
	}
	if steps := apply(text); len(steps) != 0 {
		t.Errorf("the second time: %q", steps)
	}
	changed := strings.NewReplacer("free_busy: true", "free_busy: true, free_busy_level: LimitedDetails, enabled: false", "CalendarSharingFreeBusyReviewer", "ContactsSharing").Replace(text)
	if steps := apply(changed); len(steps) != 2 || steps[0] != "change the organization relationship Fabrikam" || steps[1] != "change the sharing policy Partners" {
		t.Errorf("otherwise: %q", steps)
	}
	r, ok := o.api.Directory.Snapshot().RelationshipFor("eu.fabrikam.example")
	if !ok || r.Enabled || r.FreeBusyLevel != access.LimitedDetails {
		t.Errorf("%+v", r)
	}
}

// TestForeignRequestAgain: of a past request of somebody of another organization
// it is told what it would meet today.
func TestForeignRequestAgain(t *testing.T) {
	o := related(t)
	anna, _ := o.api.Directory.Snapshot().FindUPN("anna@contoso.example")
	r := audit.Record{
		Kind: audit.External, By: access.Principal{Mail: "kim@litware.example"}, Method: access.Delegation, Action: "ews.GetUserAvailability",
		Mailbox: anna.Mailbox.String(), Allowed: true, Via: []access.Link{{How: "federation urn:litware pinned"}},
		Steps: []audit.Step{{Rule: "offer", Fact: access.OfferFreeBusy}, {Rule: "relationship-key", Fact: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}},
	}
	today := func() AccessExplained {
		t.Helper()
		x, ok, err := o.api.again(t.Context(), &r)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		e, err := o.api.explained(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := today(); !e.Allowed {
		t.Errorf("%s", e.Done)
	}
	o.must("relationship set", `{"name":"Litware","enabled":"off"}`)
	if e := today(); e.Reason != string(access.RelationshipDisabled) {
		t.Errorf("%s", e.Done)
	}
	r.Steps = nil
	if _, ok, err := o.api.again(t.Context(), &r); ok || err != nil {
		t.Errorf("of a record that does not tell what the token was for: %v, %v", ok, err)
	}
}
