package ewsserver

import (
	"encoding/base64"
	"strings"
	"testing"

	"entente/ews"
)

func TestAttachments(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		parent := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "with"))[0]
		bytes := strings.Repeat("0123456789", 60_000) // more than one piece of the store
		attach := func(attachment string) reply {
			t.Helper()
			return h.post("anna", `<m:CreateAttachment><m:ParentItemId Id="`+parent.ID+`"/><m:Attachments>`+attachment+`</m:Attachments></m:CreateAttachment>`)
		}
		get := func(id string) reply {
			t.Helper()
			return h.post("anna", `<m:GetAttachment><m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape><m:AttachmentIds><t:AttachmentId Id="`+id+`"/></m:AttachmentIds></m:GetAttachment>`)
		}
		a := attach(`<t:FileAttachment><t:Name>digits.txt</t:Name><t:ContentType>text/plain</t:ContentType><t:ContentId>&lt;d1&gt;</t:ContentId><t:IsInline>true</t:IsInline><t:Content>` +
			base64.StdEncoding.EncodeToString([]byte(bytes)) + `</t:Content></t:FileAttachment>`).code(ews.NoError)
		file, key := a.attr("t:AttachmentId", "Id"), a.attr("t:AttachmentId", "RootItemChangeKey")
		h.post("anna", all(idXML(parent))).has("<t:Name>digits.txt<", "<t:HasAttachments>true<", `ChangeKey="`+key+`"`, "<t:Size>600000<").lacks("<t:Content>")
		get(file).code(ews.NoError).has("<t:Content>"+base64.StdEncoding.EncodeToString([]byte(bytes))+"<", "<t:ContentType>text/plain<", "<t:ContentId>d1<", "<t:IsInline>true<")

		// An item, with an item in it, with a file in that.
		a = attach(`<t:ItemAttachment><t:Name>outer</t:Name><t:Message><t:Subject>outer</t:Subject><t:Attachments>
			<t:ItemAttachment><t:Name>inner</t:Name><t:Task><t:Subject>inner</t:Subject><t:Attachments><t:FileAttachment><t:Name>deep.txt</t:Name><t:Content>ZGVlcA==</t:Content></t:FileAttachment></t:Attachments></t:Task></t:ItemAttachment>
			</t:Attachments></t:Message></t:ItemAttachment>`).code(ews.NoError)
		outer := get(a.attr("t:AttachmentId", "Id")).code(ews.NoError).has("<t:Message><t:MimeContent", "<t:Subject>outer<", "<t:Name>inner<")
		_, within, _ := strings.Cut(outer.body, "<t:Message>")
		inner := get(reply{house: h, body: within}.attr("t:AttachmentId", "Id")).code(ews.NoError).has("<t:Task>", "<t:Subject>inner<", "<t:Name>deep.txt<")
		_, within, _ = strings.Cut(inner.body, "<t:Task>")
		get(reply{house: h, body: within}.attr("t:AttachmentId", "Id")).code(ews.NoError).has("<t:Content>ZGVlcA==<")

		h.post("anna", `<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="`+file+`"/></m:AttachmentIds></m:DeleteAttachment>`).code(ews.NoError).has(`RootItemId="`)
		get(file).code(ews.ErrorItemNotFound)
		h.post("anna", all(idXML(parent))).has("<t:Name>outer<").lacks("digits.txt")
		get(parent.ID).code(ews.ErrorInvalidAttachmentId)
		get("nonsense").code(ews.ErrorInvalidIdMalformed)
		attach(`<t:ReferenceAttachment><t:Name>link</t:Name></t:ReferenceAttachment>`).code(ews.ErrorInvalidRequest)
		// Nobody else's attachment is there for Ben.
		id := a.attr("t:AttachmentId", "Id")
		h.post("ben", `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="`+id+`"/></m:AttachmentIds></m:GetAttachment>`).code(ews.ErrorItemNotFound)
	})
}

// Attachments of a new item are told with it: there is no other way to know them.
func TestCreateItemWithAttachments(t *testing.T) {
	h := open(t)
	a := h.post("anna", creating("SendAndSaveCopy", `<t:Subject>file</t:Subject><t:Attachments><t:FileAttachment><t:Name>a.txt</t:Name><t:Content>YQ==</t:Content></t:FileAttachment></t:Attachments>`+toLine("ben@contoso.example"))).code(ews.NoError)
	a.has("<m:Items/>")
	a = h.post("anna", creating("SaveOnly", `<t:Attachments><t:FileAttachment><t:Name>a.txt</t:Name><t:Content>YQ==</t:Content></t:FileAttachment></t:Attachments>`)).code(ews.NoError)
	h.post("anna", `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="`+a.attr("t:AttachmentId", "Id")+`"/></m:AttachmentIds></m:GetAttachment>`).code(ews.NoError).has("YQ==")
}
