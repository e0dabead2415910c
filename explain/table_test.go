package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A gateRow is one row of the product of the published tables of EwsEnabled and
// of the application settings, with what they say of it.
type gateRow struct {
	strict     bool
	rest       bool
	org, box   string // EwsEnabled
	agent      string
	known      string // the setting of its own that a well-known client has
	orgX, boxX string // that setting
	orgL, boxL string // the lists: what application sees them
	allow      bool
}

// The values that settings take, as they are written in questions.
func tristate() []string { return []string{"null", "true", "false"} }

// lists are application policies, by what they mean for the client.
func lists(agent string) map[string]string {
	return map[string]string{
		"none":      ``,
		"listed":    `"EwsApplicationAccessPolicy":"EnforceAllowList","EwsAllowList":["x/*","` + agent + `"]`,
		"unlisted":  `"EwsApplicationAccessPolicy":"EnforceAllowList","EwsAllowList":["x/*"]`,
		"blocked":   `"EwsApplicationAccessPolicy":"EnforceBlockList","EwsBlockList":["` + agent + `"]`,
		"unblocked": `"EwsApplicationAccessPolicy":"EnforceBlockList","EwsBlockList":["x/*"]`,
	}
}

// clients are the classes of clients, by a User-Agent each, with the name of
// their setting.
func clients() map[string]string {
	return map[string]string{
		"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5266; Pro)": "EwsAllowOutlook",
		"MacOutlook/16.61":    "EwsAllowMacOutlook",
		"Entourage/12.0":      "EwsAllowEntourage",
		"ExchangeServicesPHP": "",
	}
}

func gateRows() []gateRow {
	var all []gateRow
	for agent, known := range clients() {
		for _, strict := range []bool{false, true} {
			for _, rest := range []bool{false, true} {
				for _, org := range tristate() {
					for _, box := range tristate() {
						all = append(all, applicationRows(gateRow{strict: strict, rest: rest, org: org, box: box, agent: agent, known: known})...)
					}
				}
			}
		}
	}
	return all
}

func applicationRows(r gateRow) []gateRow {
	var all []gateRow
	for _, r.orgX = range tristate() {
		for _, r.boxX = range tristate() {
			if r.known == "" && (r.orgX != "null" || r.boxX != "null") {
				continue
			}
			for r.orgL = range lists(r.agent) {
				for r.boxL = range lists(r.agent) {
					r.allow = (r.rest || r.enabled()) && r.application()
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// enabled is the published table of EwsEnabled, before and since April 2025.
func (r *gateRow) enabled() bool {
	key := r.org + " " + r.box
	switch key {
	case "true true", "true null", "null true", "null null":
		return true
	case "false true":
		return !r.strict
	}
	return false
}

// application is the rule of the published text: a well-known client's setting,
// the mailbox's before the organization's, and no list; for others the mailbox's
// list in place of the organization's.
func (r *gateRow) application() bool {
	if r.known != "" {
		return r.boxX == "true" || r.boxX == "null" && r.orgX != "false"
	}
	list := r.orgL
	if r.boxL != "none" {
		list = r.boxL
	}
	return list != "unlisted" && list != "blocked"
}

func (r *gateRow) question() string {
	settings := func(enabled, x, list string) string {
		s := `"EwsEnabled":` + enabled
		if r.known != "" {
			s += `,"` + r.known + `":` + x
		}
		if l := lists(r.agent)[list]; l != "" {
			s += "," + l
		}
		return s
	}
	precedence, protocol := "classic", "ews"
	if r.strict {
		precedence = "strict"
	}
	if r.rest {
		protocol = "rest"
	}
	return fmt.Sprintf(`{"organization":{"ews_precedence":%q,%s},"accounts":[{"name":"anna",%s}],"request":{"caller":"anna","protocol":%q,"user_agent":%q}}`,
		precedence, settings(r.org, r.orgX, r.orgL), settings(r.box, r.boxX, r.boxL), protocol, r.agent)
}

// TestGateTables drives the whole product of both tables through the batch form,
// against the tables written down a second time here.
func TestGateTables(t *testing.T) {
	rows := gateRows()
	if len(rows) != 4*9*25*(3*9+1) {
		t.Fatal("rows:", len(rows))
	}
	in, out := io.Pipe()
	go func() {
		for i := range rows {
			fmt.Fprintln(out, rows[i].question())
		}
		out.Close()
	}()
	answers, w := io.Pipe()
	go func() {
		c := config()
		c.Changes = false
		_, err := Batch(in, w, c)
		w.CloseWithError(err)
	}()
	d := json.NewDecoder(answers)
	bad := 0
	for i := range rows {
		var a answer
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		want, status, code := allow, 200, "NoError"
		if !rows[i].allow {
			want, status, code = deny, 403, "ErrorAccessDenied"
		}
		if a.Decision != want || a.Status != status || a.Code != code {
			if bad++; bad < 10 {
				t.Errorf("%s: %+v, want %s", rows[i].question(), a, want)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d rows differ", bad, len(rows))
	}
}

// TestAnswers holds the answers of questions that the documentation makes, one
// line a case: what the request of an organization comes to outside.
func TestAnswers(t *testing.T) {
	const facts = `"organization":{"name":"contoso"},"servers":["CAS1"],
		"accounts":[{"name":"anna"},{"name":"ben"},{"name":"carla","EwsEnabled":false},{"name":"portal","kind":"service","mailbox":false},
		  {"name":"archive","kind":"service","mailbox":false},{"name":"root"}],
		"groups":[{"name":"staff","members":["anna","ben"]}],"administrators":["root"],
		"permissions":[{"mailbox":"anna","to":"carla","rights":"FullAccess"}],
		"assignments":[{"id":"p","to":"portal","over":"account:anna"},{"id":"c","to":"portal","over":"account:carla"},{"id":"r","to":"root","over":"all"},
		  {"id":"a","to":"archive","over":"all","gate":"bypass"}],
		"folders":[{"name":"cal","mailbox":"anna","class":"IPF.Appointment","entries":[{"to":"ben","rights":"FolderVisible"},{"to":"Default","rights":"FreeBusyTimeOnly"}]}]`
	test := func(request, want string) {
		t.Helper()
		var out bytes.Buffer
		line := strings.ReplaceAll("{"+facts+`,"request":`+request+"}\n", "\n\t\t", "")
		if _, err := Batch(strings.NewReader(line), &out, config()); err != nil {
			t.Fatal(err)
		}
		var a answer
		if err := json.Unmarshal(out.Bytes(), &a); err != nil || a.Error != "" {
			t.Fatalf("%s: %v %s", request, err, out.Bytes())
		}
		q := object{}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		// What is wrong with the request itself no fact mends.
		itself := strings.Contains("ErrorInvalidSmtpAddress ErrorInvalidExchangeImpersonationHeaderData ErrorMoreThanOneAccessModeSpecified", a.Code)
		if (len(a.Changes) == 0) != itself {
			t.Errorf("%s: %d changes turn the answer", request, len(a.Changes))
		}
		turns(t, q, &a)
		if got := fmt.Sprintf("%s %s %s %d", a.Decision, a.Stage, a.Code, a.Status); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
	test(`{"caller":"anna","operation":"FindItem","folder":"cal"}`, "allow  NoError 200")
	test(`{"caller":"ben","operation":"FindItem","folder":"cal"}`, "deny folder ErrorAccessDenied 200")
	test(`{"caller":"ben","operation":"GetItem","folder":"cal"}`, "deny folder ErrorItemNotFound 200")
	test(`{"caller":"ben","operation":"CreateItem","folder":"cal"}`, "deny folder ErrorCreateItemAccessDenied 200")
	test(`{"caller":"ben","operation":"CreateFolder","folder":"cal"}`, "deny folder ErrorCreateSubfolderAccessDenied 200")
	test(`{"caller":"root","operation":"GetFolder","folder":"cal"}`, "deny folder ErrorFolderNotFound 200")
	test(`{"caller":"root","operation":"GetItem","folder":"cal"}`, "deny folder ErrorItemNotFound 200")
	test(`{"caller":"root","operation":"GetUserAvailability","folder":"cal"}`, "allow  NoError 200")
	test(`{"caller":"root","right":"FreeBusyDetailed","folder":"cal"}`, "deny folder ErrorNoFreeBusyAccess 200")
	test(`{"caller":"ben","right":"SendAs","mailbox":"anna"}`, "deny mailbox ErrorSendAsDenied 200")
	test(`{"caller":"ben","operation":"GetFolder","mailbox":"nobody"}`, "deny mailbox ErrorNonExistentMailbox 200")
	test(`{"caller":"portal","operation":"GetFolder"}`, "deny mailbox ErrorMissingEmailAddress 200")
	test(`{"caller":"portal","operation":"GetFolder","connecting_sid":{"PrincipalName":"anna@contoso.example"}}`, "allow  NoError 200")
	test(`{"caller":"portal","connecting_sid":{"SID":"anna"}}`, "allow  NoError 200")
	test(`{"caller":"portal","connecting_sid":{"SmtpAddress":"ben@contoso.example"}}`, "deny impersonation ErrorImpersonateUserDenied 500")
	test(`{"caller":"portal","connecting_sid":{"SmtpAddress":"nobody@contoso.example"}}`, "deny impersonation ErrorNonExistentMailbox 500")
	test(`{"caller":"portal","connecting_sid":{"SmtpAddress":"nobody"}}`, "deny impersonation ErrorInvalidSmtpAddress 500")
	test(`{"caller":"portal","connecting_sid":{"PrincipalName":"nobody@contoso.example"}}`, "deny impersonation ErrorInvalidUserPrincipalName 500")
	test(`{"caller":"portal","connecting_sid":{"SID":"S-1-5-21-9-9-9-9"}}`, "deny impersonation ErrorInvalidUserSid 500")
	test(`{"caller":"portal","connecting_sid":{}}`, "deny impersonation ErrorInvalidExchangeImpersonationHeaderData 500")
	test(`{"caller":"ben","connecting_sid":{"PrincipalName":"anna@contoso.example"}}`, "deny impersonation ErrorImpersonationDenied 500")
	test(`{"caller":"root","connecting_sid":{"PrincipalName":"anna@contoso.example"}}`, "deny impersonation ErrorImpersonationDenied 500")
	test(`{"caller":"portal","acts_as":"anna","connecting_sid":{"PrincipalName":"anna@contoso.example"}}`, "deny impersonation ErrorMoreThanOneAccessModeSpecified 500")
	// The gate is that of whom the caller acts as, a delegate's own, or none.
	test(`{"caller":"portal","connecting_sid":{"PrincipalName":"carla@contoso.example"}}`, "deny gate ErrorAccessDenied 403")
	test(`{"caller":"archive","connecting_sid":{"PrincipalName":"carla@contoso.example"},"operation":"GetFolder"}`, "allow  NoError 200")
	test(`{"caller":"carla","mailbox":"anna","operation":"FindItem","folder":"cal"}`, "deny gate ErrorAccessDenied 403")
	test(`{"caller":"anna","mailbox":"carla","operation":"GetFolder"}`, "allow  NoError 200")
	test(`{"caller":"mallory"}`, "deny gate ErrorAccessDenied 403")
}
