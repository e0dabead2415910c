package ewsserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/ews"
	"entente/soap"
)

// grant gives somebody the right to send for somebody else.
func (h *house) grant(owner, who, what string) {
	h.Helper()
	right := access.SendAs
	if what == "onbehalf" {
		right = access.SendOnBehalf
	}
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		return c.SetMailboxPermission(access.MailboxPermission{Mailbox: h.boxes[owner], To: h.sids[who], Rights: right})
	}))
}

// Another mailbox's item id opens nothing: neither the item nor the knowledge
// that it is there.
func TestForeignItemID(t *testing.T) {
	h := open(t)
	anna := h.create("anna", item(ews.KindTask, ews.FieldSubject, "secret"))[0]
	absent := ews.StoreID{Mailbox: h.boxes["anna"], Folder: 1, Item: 4711}.String()
	nobody := ews.StoreID{Mailbox: entente.MailboxID{1, 2, 3}, Folder: 1, Item: 4711}.String()
	bodies := map[string]bool{}
	for _, id := range []string{anna.ID, absent, nobody} {
		one := `<t:ItemId Id="` + id + `"/>`
		a := h.post("ben", all(one)).code(ews.ErrorItemNotFound)
		bodies[a.body] = true
		h.post("ben", changing("AlwaysOverwrite", one, set("item:Subject", "Task", `<t:Subject>x</t:Subject>`))).code(ews.ErrorItemNotFound)
		h.post("ben", `<m:DeleteItem DeleteType="HardDelete" AffectedTaskOccurrences="AllOccurrences"><m:ItemIds>`+one+`</m:ItemIds></m:DeleteItem>`).code(ews.ErrorItemNotFound)
		h.post("ben", `<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="tasks"/></m:ToFolderId><m:ItemIds>`+one+`</m:ItemIds></m:MoveItem>`).code(ews.ErrorItemNotFound)
		h.post("ben", `<m:CreateAttachment><m:ParentItemId Id="`+id+`"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content/></t:FileAttachment></m:Attachments></m:CreateAttachment>`).code(ews.ErrorItemNotFound)
	}
	if len(bodies) != 1 {
		t.Errorf("hidden and absent are told apart: %v", bodies)
	}
	h.post("anna", all(idXML(anna))).code(ews.NoError)
}

// A reader sees and may not touch; private items are not there for him, and
// EffectiveRights say what will be allowed.
func TestReviewer(t *testing.T) {
	h := open(t)
	open := h.create("anna", item(ews.KindTask, ews.FieldSubject, "open"))[0]
	private := h.create("anna", item(ews.KindTask, ews.FieldSubject, "private", ews.FieldSensitivity, "Private"))[0]
	h.permit("anna", "tasks", "ben", "Reviewer")
	h.post("ben", all(idXML(open))).code(ews.NoError).has("<t:Read>true<", "<t:Modify>false<", "<t:Delete>false<")
	h.post("ben", all(idXML(private))).code(ews.ErrorItemNotFound)
	h.post("ben", changing("AlwaysOverwrite", idXML(open), set("item:Subject", "Task", `<t:Subject>x</t:Subject>`))).code(ews.ErrorAccessDenied)
	h.post("ben", `<m:DeleteItem DeleteType="HardDelete" AffectedTaskOccurrences="AllOccurrences"><m:ItemIds>`+idXML(open)+`</m:ItemIds></m:DeleteItem>`).code(ews.ErrorAccessDenied)
	h.post("ben", `<m:CreateItem><m:SavedItemFolderId><t:DistinguishedFolderId Id="tasks"><t:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:SavedItemFolderId>
		<m:Items><t:Task/></m:Items></m:CreateItem>`).code(ews.ErrorCreateItemAccessDenied)
	h.post("anna", all(idXML(open))).has("<t:Modify>true<", "<t:Delete>true<")
	h.permit("anna", "tasks", "ben", "Editor")
	h.post("ben", all(idXML(open))).has("<t:Modify>true<", "<t:Delete>true<")
	h.post("ben", changing("AlwaysOverwrite", idXML(open), set("item:Subject", "Task", `<t:Subject>x</t:Subject>`))).code(ews.NoError)
}

func TestImpersonation(t *testing.T) {
	h := open(t)
	id := idXML(h.create("crm>anna", item(ews.KindTask, ews.FieldSubject, "made by the CRM"))[0])
	h.post("anna", all(id)).code(ews.NoError)
	h.post("crm>anna", all(id)).code(ews.NoError)
	h.post("crm>ben", all(id)).code(ews.ErrorItemNotFound)
	// Refusals are faults with HTTP 500: .NET reads them at no other status.
	h.post("crm>carla", all(id)).fault(ews.ErrorImpersonateUserDenied)
	h.post("ben>anna", all(id)).fault(ews.ErrorImpersonationDenied)
	// A service account without a mailbox is told what to do.
	h.post("crm", `<m:CreateItem><m:Items><t:Task/></m:Items></m:CreateItem>`).code(ews.ErrorMissingEmailAddress)
}

// What we do not serve is refused in words, at 500 with a fault: Outlook for Mac
// asks for the password again and again when a bare 500 comes.
func TestUnknownOperation(t *testing.T) {
	h := open(t)
	for _, op := range ews.Operations() {
		if _, served := h.handler.operations[op.RequestElement]; !served {
			h.post("anna", `<m:`+op.RequestElement+`/>`).fault(ews.ErrorInvalidOperation)
		}
	}
	h.post("anna", `<m:NoSuchThing/>`).fault(ews.ErrorInvalidOperation)
	h.post("anna", `<t:GetItem/>`).fault(ews.ErrorInvalidOperation)
}

func TestBadRequests(t *testing.T) {
	h := open(t)
	test := func(envelope string) {
		t.Helper()
		a := h.postRaw("anna", envelope)
		if a.status != http.StatusInternalServerError || !strings.Contains(a.body, "Fault>") || !strings.Contains(a.body, "ServerVersionInfo") {
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	const head = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="` + ews.NSMessages + `" xmlns:t="` + ews.NSTypes + `"><s:Body>`
	const tail = `</s:Body></s:Envelope>`
	test("")
	test("not XML")
	test(head)
	test(head + `<m:GetItem>` + tail)
	test(`<!DOCTYPE x [<!ENTITY e "e">]>` + head + tail)
	test(head + `<GetItem xmlns="urn:wrong"/>` + tail)
	test(head + `<m:GetItem><m:ItemShape><t:BaseShape>Everything</t:BaseShape></m:ItemShape><m:ItemIds/></m:GetItem>` + tail)
	test(head + strings.Repeat("<m:a>", 1_000_000) + tail)
	test(head + all(`<t:ItemId Id="x"/>`) + all(`<t:ItemId Id="x"/>`) + tail)
	test(strings.Replace(head, "soap/envelope", "soap/other", 1) + all(`<t:ItemId Id="x"/>`) + tail)
	test("\xff\xfe" + head + tail)
	// A byte order mark is fine.
	if a := h.postRaw("anna", "\ufeff"+head+all(`<t:ItemId Id="x"/>`)+tail); a.status != http.StatusOK {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	h.post("anna", all(`<t:ItemId Id="x"/>`)).code(ews.ErrorInvalidIdMalformed)
	h.post("anna", all(`<t:ItemId Id=""/>`)).code(ews.ErrorInvalidIdEmpty)
	f := ews.StoreID{Mailbox: h.boxes["anna"], Folder: 9}.String()
	h.post("anna", all(`<t:ItemId Id="`+f+`"/>`)).code(ews.ErrorCannotUseFolderIdForItemId)
	h.post("anna", `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="item:Nonsense"/></t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:GetItem>`).
		fault(ews.ErrorSchemaValidation)
}

// While a database is away clients are told so, each in its place, and nothing
// of why; when it is back all is as it was.
func TestDatabaseAway(t *testing.T) {
	h := open(t)
	id := idXML(h.create("anna", item(ews.KindTask))[0])
	h.broken = fmt.Errorf("connect to 192.0.2.1: %w", errAway)
	h.post("anna", all(id)).code(ews.ErrorMailboxStoreUnavailable).lacks("192.0.2.1")
	h.post("anna", creating("SaveOnly", "")).code(ews.ErrorMailboxStoreUnavailable)
	h.broken = nil
	h.post("anna", all(id)).code(ews.NoError)
}

// An error that nobody foresaw is not told to strangers.
func TestInternalError(t *testing.T) {
	h := open(t)
	id := idXML(h.create("anna", item(ews.KindTask))[0])
	h.handler.Log = slog.New(slog.DiscardHandler)
	h.broken = errors.New("table mailbox_secret is damaged")
	h.post("anna", all(id)).code(ews.ErrorInternalServerError).lacks("secret")
}

// Whatever comes in, what goes out is an envelope with one of two statuses.
func FuzzRequest(f *testing.F) {
	h := open(f)
	id := h.create("anna", item(ews.KindTask, ews.FieldSubject, "seed"))[0]
	const head = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="` + ews.NSMessages + `" xmlns:t="` + ews.NSTypes + `"><s:Body>`
	for _, body := range []string{
		all(idXML(id)), all(occurrence(id.ID, "1")), creating("SaveOnly", `<t:Subject>x</t:Subject>`),
		changing("AlwaysOverwrite", idXML(id), set("item:Subject", "Task", `<t:Subject>x</t:Subject>`)+deleting("item:Categories")),
		`<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Start>2026-05-04T08:00:00</t:Start><t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NoEndRecurrence><t:StartDate>2026-05-04</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem></m:Items></m:CreateItem>`,
		`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="` + id.ID + `"/></m:AttachmentIds></m:GetAttachment>`,
	} {
		f.Add([]byte(head + body + `</s:Body></s:Envelope>`))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		one := *h
		one.TB = t
		a := one.postRaw("anna", string(request))
		if a.status != http.StatusOK && a.status != http.StatusInternalServerError || !strings.Contains(a.body, "ServerVersionInfo") {
			t.Errorf("status %d: %s", a.status, a.body)
		}
		if _, err := soap.Open([]byte(a.body), limits()); err != nil {
			t.Errorf("%v: %s", err, a.body)
		}
	})
}

func FuzzOneOff(f *testing.F) {
	f.Add(appendOneOff(nil, "Zoë", "SMTP", "zoe@elsewhere.example"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		name, routing, address, ok := oneOff(b)
		if !ok {
			return
		}
		n, r, a, ok := oneOff(appendOneOff(nil, name, routing, address))
		if !ok || n != name || r != routing || a != address {
			t.Errorf("%q %q %q came back as %q %q %q", name, routing, address, n, r, a)
		}
	})
}
