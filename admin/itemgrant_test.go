package admin

import (
	"strings"
	"testing"

	"entente"
)

// TestGrants is an administrator who lets somebody see one talk.
func TestGrants(t *testing.T) {
	o := staffed(t)
	o.must("import ics", `{"account":"anna@contoso.example","content":"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n`+
		`BEGIN:VEVENT\r\nUID:talk\r\nDTSTART:20260615T080000Z\r\nDTEND:20260615T090000Z\r\nSUMMARY:Talk\r\nCATEGORIES:Conference\r\nEND:VEVENT\r\n`+
		`BEGIN:VEVENT\r\nUID:weekly\r\nDTSTART:20260615T100000Z\r\nDTEND:20260615T110000Z\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"}`)
	refused := func(request string, kind entente.Kind, text string) {
		t.Helper()
		_, err := o.do("grant create", request)
		if kindOf(err) != kind || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", request, err)
		}
	}
	has := func(answer string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(answer, w) {
				t.Errorf("%s is not in %s", w, answer)
			}
		}
	}
	const anna, ben = `"account":"anna@contoso.example"`, `"to":"ben@contoso.example"`
	has(o.must("grant create", `{`+anna+`,`+ben+`,"label":"conference","write":["location"],"locations":["Hall 1"],"until":"4h","id":"talk"}`),
		`"id":"talk"`, `"items":1`, `"read":"Location"`, `"write":"Location"`, `"locations":"Hall 1"`, `"state":"in force"`)
	has(o.must("grant create", `{`+anna+`,"external":"x@fabrikam.example","uid":"weekly","day":"2026-06-22","read":["All"],"from":"1h"}`),
		`"to":"x@fabrikam.example"`, `"read":"All"`, `"state":"not yet"`)
	has(o.must("grant list", `{"to":"ben@contoso.example"}`), `"talk"`)
	refused(`{`+anna+`,`+ben+`,"uid":"weekly","day":"2026-06-23","read":["Time"]}`, entente.NotFound, "no item of anna@contoso.example")
	refused(`{`+anna+`,`+ben+`,"uid":"nothing","read":["Time"]}`, entente.NotFound, "no item of anna@contoso.example")
	refused(`{`+anna+`,`+ben+`,"item":"AAAA","read":["Time"]}`, entente.NotFound, "no item of anna@contoso.example")
	refused(`{`+anna+`,`+ben+`,"label":"Conference"}`, entente.Invalid, "at least one field")
	refused(`{`+anna+`,`+ben+`,"label":"Conference","read":["Colour"]}`, entente.Invalid, "Subject, Time")
	refused(`{`+anna+`,`+ben+`,"label":"Conference","uid":"talk","read":["Time"]}`, entente.Invalid, "exactly one")
	refused(`{`+anna+`,`+ben+`,"label":"Conference","day":"2026-06-15","read":["Time"]}`, entente.Invalid, "a day is one of a series")
	refused(`{`+anna+`,"label":"Conference","read":["Time"]}`, entente.Invalid, "say for whom")
	refused(`{`+anna+`,`+ben+`,"label":"Conference","read":["Time"],"until":"soon"}`, entente.Invalid, "a duration such as 4h")
	refused(`{`+anna+`,`+ben+`,"label":"Conference","read":["Time"],"until":"2126-01-01T00:00:00Z"}`, entente.Invalid, "at most 3650 days")
	o.must("grant revoke", `{"id":"talk"}`)
	if _, err := o.do("grant revoke", `{"id":"talk"}`); kindOf(err) != entente.NotFound {
		t.Error(err)
	}
}
