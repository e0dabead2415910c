package ewsserver

import (
	"strings"
	"testing"

	"entente/ews"
)

// inbox lists the subjects in somebody's folder.
func (h *house) subjects(who, folder string) string {
	h.Helper()
	return h.post(who, `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>
		<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>
		<m:ParentFolderIds><t:DistinguishedFolderId Id="`+folder+`"/></m:ParentFolderIds></m:FindItem>`).code(ews.NoError).found()
}

func toLine(names ...string) string {
	b := `<t:ToRecipients>`
	for _, n := range names {
		b += `<t:Mailbox><t:EmailAddress>` + n + `</t:EmailAddress></t:Mailbox>`
	}
	return b + `</t:ToRecipients>`
}

func creating(disposition, message string) string {
	return `<m:CreateItem MessageDisposition="` + disposition + `"><m:Items><t:Message>` + message + `</t:Message></m:Items></m:CreateItem>`
}

func TestSend(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		test := func(request, inBens, inAnnasSent string) {
			t.Helper()
			h.post("anna", request).code(ews.NoError)
			if got := h.subjects("ben", "inbox"); got != inBens {
				t.Errorf("Ben has %q, want %q", got, inBens)
			}
			if got := h.subjects("anna", "sentitems"); got != inAnnasSent {
				t.Errorf("Anna keeps %q, want %q", got, inAnnasSent)
			}
		}
		test(creating("SendOnly", `<t:Subject>a</t:Subject>`+toLine("ben@contoso.example")), "a", "")
		test(creating("SendAndSaveCopy", `<t:Subject>b</t:Subject>`+toLine("ben@contoso.example")), "a b", "b")
		draft := h.post("anna", creating("SaveOnly", `<t:Subject>c</t:Subject>`+toLine("ben@contoso.example")))
		id := draft.attr("t:ItemId", "Id")
		sending := func(key string) string {
			return `<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="` + id + `"` + key + `/></m:ItemIds></m:SendItem>`
		}
		h.post("anna", sending("")).code(ews.ErrorChangeKeyRequired)
		key := ` ChangeKey="` + draft.attr("t:ItemId", "ChangeKey") + `"`
		changed := h.post("anna", changing("AlwaysOverwrite", `<t:ItemId Id="`+id+`"/>`, set("item:Importance", "Message", `<t:Importance>High</t:Importance>`)))
		h.post("anna", sending(key)).code(ews.ErrorIrresolvableConflict)
		test(sending(` ChangeKey="`+changed.attr("t:ItemId", "ChangeKey")+`"`), "a b c", "b c")
		if got := h.subjects("anna", "drafts"); got != "" {
			t.Errorf("drafts %q", got)
		}
	})
}

// What recipients see says who sent it, and no more than that.
func TestSentAs(t *testing.T) {
	h := open(t)
	from := func(name string) string {
		return `<t:From><t:Mailbox><t:EmailAddress>` + name + `@contoso.example</t:EmailAddress></t:Mailbox></t:From>`
	}
	received := func() reply {
		t.Helper()
		a := h.post("ben", `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`)
		id := `<t:ItemId Id="` + a.attr("t:ItemId", "Id") + `"/>`
		got := h.post("ben", all(id)).code(ews.NoError)
		h.post("ben", `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>`+id+`</m:ItemIds></m:DeleteItem>`).code(ews.NoError)
		return got
	}
	h.post("anna", creating("SendOnly", toLine("ben@contoso.example")+`<t:BccRecipients><t:Mailbox><t:EmailAddress>dora@contoso.example</t:EmailAddress></t:Mailbox></t:BccRecipients>`)).code(ews.NoError)
	received().has("<t:From><t:Mailbox><t:Name>Anna Ek<", "<t:Sender><t:Mailbox><t:Name>Anna Ek<", "<t:IsRead>false<", "<t:IsDraft>false<").lacks("dora")
	h.post("anna", creating("SendOnly", toLine("ben@contoso.example")+from("carla"))).code(ews.ErrorSendAsDenied)
	h.post("anna", creating("SendOnly", toLine("ben@contoso.example")+from("nobody"))).code(ews.ErrorSendAsDenied)
	// Acting as Anna, the CRM sends as she does, and not as Ben.
	h.post("crm>anna", creating("SendOnly", toLine("ben@contoso.example")+from("anna"))).code(ews.NoError)
	received().has("anna@contoso.example").lacks("crm@contoso.example")
	h.post("crm>anna", creating("SendOnly", toLine("carla@contoso.example")+from("ben"))).code(ews.ErrorSendAsDenied)
	h.grant("carla", "anna", "onbehalf")
	h.post("anna", creating("SendOnly", toLine("ben@contoso.example")+from("carla"))).code(ews.NoError)
	received().has("<t:From><t:Mailbox><t:Name>Carla Ruiz<", "<t:Sender><t:Mailbox><t:Name>Anna Ek<")
	h.grant("carla", "anna", "as")
	h.post("anna", creating("SendOnly", toLine("ben@contoso.example")+from("carla"))).code(ews.NoError)
	received().has("<t:From><t:Mailbox><t:Name>Carla Ruiz<", "<t:Sender><t:Mailbox><t:Name>Carla Ruiz<").lacks("Anna Ek")
}

// The bytes of a message are kept as they came, and thrown away when they name
// another sender than the one who may send.
func TestMIME(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		raw := "From: Anna Ek <anna@contoso.example>\r\nTo: ben@contoso.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <m1@contoso.example>\r\nX-Odd: one  two\r\n\r\nHello.\r\n"
		id := h.create("anna", item(ews.KindMessage, ews.FieldMimeContent, &ews.MimeContent{Content: []byte(raw)}))[0]
		got := h.get("anna", id, ews.FieldMimeContent)
		if v, _ := got.Get(ews.FieldSubject); v != "Grüße" {
			t.Errorf("subject %v", v)
		}
		if v, _ := got.Get(ews.FieldMimeContent); string(v.(*ews.MimeContent).Content) != raw {
			t.Errorf("content %q", v.(*ews.MimeContent).Content)
		}
		h.post("anna", all(idXML(id))).has(`<t:InternetMessageHeader HeaderName="X-Odd">one  two</t:InternetMessageHeader>`, "&lt;m1@contoso.example&gt;")
		h.post("anna", `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="X-Odd"/></t:AdditionalProperties></m:ItemShape><m:ItemIds>`+
			idXML(id)+`</m:ItemIds></m:GetItem>`).has("one  two").lacks("Message-ID")
		// Marked as read the bytes stay; with another subject they are made anew.
		test := func(updates string, keeps bool) {
			t.Helper()
			h.post("anna", changing("AlwaysOverwrite", idXML(id), updates)).code(ews.NoError)
			v, _ := h.get("anna", id, ews.FieldMimeContent).Get(ews.FieldMimeContent)
			if same := string(v.(*ews.MimeContent).Content) == raw; same != keeps {
				t.Errorf("kept %v: %q", same, v.(*ews.MimeContent).Content)
			}
		}
		test(set("message:IsRead", "Message", `<t:IsRead>true</t:IsRead>`), true)
		test(set("item:Subject", "Message", `<t:Subject>Other</t:Subject>`), false)

		forged := strings.Replace(raw, "anna@", "carla@", 1)
		h.post("anna", xmlOf(&ews.CreateItem{MessageDisposition: ews.SendOnly, Items: []ews.Item{item(ews.KindMessage,
			ews.FieldMimeContent, &ews.MimeContent{Content: []byte(forged)}, ews.FieldFrom, &ews.Mailbox{EmailAddress: address("anna")})}})).code(ews.NoError)
		a := h.post("ben", `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`)
		v, _ := h.get("ben", &ews.ItemID{ID: a.attr("t:ItemId", "Id")}, ews.FieldMimeContent).Get(ews.FieldMimeContent)
		if s := string(v.(*ews.MimeContent).Content); strings.Contains(s, "carla@") || !strings.Contains(s, "anna@contoso.example") {
			t.Errorf("what Ben got: %s", s)
		}
	})
}
