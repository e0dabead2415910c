package fault

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"entente/test/kit"
)

// TestBadInput sends what no client should send, over HTTPS, and wants a clean
// answer to each: a SOAP fault or a response code, quickly, with nothing
// changed and the server alive.
func TestBadInput(t *testing.T) {
	p := kit.Start(t, kit.Options{State: state(t), People: 2})
	c := client(t, p)
	message := call(t, c, 0, kit.CreateMessage("inbox", "mine", "body"))
	id, key := kit.Values(message, "ItemId", "Id")[0], kit.Values(message, "ItemId", "ChangeKey")[0]

	fault := func(name, envelope, code string) {
		t.Helper()
		began := time.Now()
		status, got, body := post(t, c, 0, envelope)
		// What is no SOAP at all gets a fault of SOAP's own, without a code of
		// Exchange's.
		soap := code != "" || strings.Contains(body, "<faultcode>s:Client<")
		if status != http.StatusInternalServerError || got != code || !soap || !strings.Contains(body, ":Fault>") {
			t.Errorf("%s: HTTP %d, %q, not a fault with %s: %.600s", name, status, got, code, body)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("%s took %v", name, took)
		}
	}
	answer := func(name string, who int, request, code string) {
		t.Helper()
		status, got, body := post(t, c, who, kit.Envelope(request))
		if status != http.StatusOK || got != code {
			t.Errorf("%s: HTTP %d, %q, not %s: %.600s", name, status, got, code, body)
		}
	}

	get := kit.Envelope(kit.GetFolder("inbox"))
	fault("nothing", "", "")
	fault("no XML", "GET / HTTP/1.0", "")
	fault("cut off", get[:len(get)-40], "ErrorInvalidRequest")
	fault("tags that cross", strings.Replace(get, "</m:FolderIds>", "</m:FolderShape>", 1), "ErrorInvalidRequest")
	fault("a document type", strings.Replace(get, "<s:Envelope", `<!DOCTYPE x [<!ENTITY a "b">]><s:Envelope`, 1), "")
	fault("an unknown entity", strings.Replace(get, `Id="inbox"`, `Id="&inbox;"`, 1), "ErrorInvalidRequest")
	fault("an undeclared prefix", strings.Replace(get, "t:BaseShape>", "z:BaseShape>", 2), "ErrorInvalidRequest")
	fault("messages in the namespace of types", strings.Replace(get, "2006/messages", "2006/types", 1), "ErrorInvalidOperation")
	fault("a namespace of the future", strings.ReplaceAll(get, "services/2006", "services/2036"), "ErrorInvalidOperation")
	fault("an element nobody knows", kit.Envelope(`<m:GetFolder><m:Magic/></m:GetFolder>`), "ErrorSchemaValidation")
	fault("two operations", kit.Envelope(kit.GetFolder("inbox")+kit.GetFolder("inbox")), "")
	fault("an operation of nobody", kit.Envelope(`<m:MakeCoffee/>`), "ErrorInvalidOperation")
	fault("an operation we do not serve", kit.Envelope(`<m:FindConversation/>`), "ErrorInvalidOperation")
	nested := strings.Repeat("<t:a>", 5<<20/11) + strings.Repeat("</t:a>", 5<<20/11)
	fault("five megabytes of nested tags for an operation", kit.Envelope(nested), "ErrorInvalidOperation")
	fault("five megabytes of nested tags within one", kit.Envelope("<m:GetFolder>"+nested+"</m:GetFolder>"), "ErrorSchemaValidation")
	fault("five megabytes of open tags", kit.Envelope("<m:GetFolder>"+strings.Repeat("<t:Restriction>", 5<<20/15)), "ErrorSchemaValidation")
	folder := "<m:FindItem Traversal=\"Shallow\"><m:Restriction>"
	fault("five megabytes of nested conditions", kit.Envelope(folder+strings.Repeat("<t:Not>", 5<<20/13)+strings.Repeat("</t:Not>", 5<<20/13)+"</m:Restriction></m:FindItem>"), "ErrorInvalidRequest")
	fault("nested headers", strings.Replace(get, "</s:Header>", nested+"</s:Header>", 1), "")
	fault("a zone of nobody", strings.Replace(get, "</s:Header>", `<t:TimeZoneContext><t:TimeZoneDefinition Id="Middle Earth Standard Time"/></t:TimeZoneContext></s:Header>`, 1), "ErrorTimeZone")

	at := func(start, end string) string {
		return `<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>x</t:Subject><t:Start>` + start + `</t:Start><t:End>` + end + `</t:End></t:CalendarItem></m:Items></m:CreateItem>`
	}
	view := func(start, end string) string {
		return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:CalendarView StartDate="` + start + `" EndDate="` + end +
			`"/><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>`
	}
	answer("an end before its start", 0, at("2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z"), "ErrorCalendarEndDateIsEarlierThanStartDate")
	answer("a view that ends before it begins", 0, view("2026-03-02T10:00:00Z", "2026-03-01T10:00:00Z"), "ErrorCalendarEndDateIsEarlierThanStartDate")
	answer("a view of ten years", 0, view("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), "ErrorCalendarViewRangeTooBig")
	answer("a view of nine thousand years", 0, view("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"), "ErrorCalendarViewRangeTooBig")
	fault("free/busy of ten years", kit.Envelope(kit.Availability(kit.MergedOnly, kit.Monday(), 3650, kit.Address(0))), "ErrorTimeIntervalTooBig")
	fault("free/busy of no time", kit.Envelope(kit.Availability(kit.MergedOnly, kit.Monday(), 0, kit.Address(0))), "ErrorInvalidTimeInterval")
	answer("an id of another's mailbox", 1, kit.GetItem(id), "ErrorItemNotFound")
	answer("changing an item of another's mailbox", 1, kit.SetSubject(id, key, "Message", "stolen"), "ErrorItemNotFound")
	answer("deleting an item of another's mailbox", 1, kit.DeleteItem(id), "ErrorItemNotFound")
	answer("an id that is none", 0, kit.GetItem("AAMkAGIwZDU="), "ErrorInvalidIdMalformed")
	answer("an id with a byte changed", 0, kit.GetItem(id[:len(id)-4]+"AAAA"), "ErrorInvalidIdMalformed")
	call(t, c, 0, kit.SetSubject(id, key, "Message", "changed"))
	answer("a stale change key", 0, strings.Replace(kit.SetSubject(id, key, "Message", "lost"), "AutoResolve", "NeverOverwrite", 1), "ErrorIrresolvableConflict")
	answer("a sync state that is none", 0, kit.SyncFolderItems("inbox", "bm90aGluZw=="), "ErrorInvalidSyncStateData")

	if body := call(t, c, 0, kit.FindIDs("inbox", 0, 10)); len(kit.Values(body, "ItemId", "Id")) != 1 || kit.Texts(body, "t:Subject")[0] != "changed" {
		t.Errorf("the inbox has changed: %s", body)
	}
	if body := call(t, c, 0, kit.FindIDs("calendar", 0, 10)); len(kit.Values(body, "ItemId", "Id")) != 0 {
		t.Errorf("the calendar has changed: %s", body)
	}
}
