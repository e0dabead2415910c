package ewsserver

import (
	"encoding/base64"
	"strings"
	"testing"

	"entente"
	"entente/ews"
	"entente/sharing/invitation"
)

// invited puts an invitation into somebody's Inbox and returns the response that
// takes it up.
func (h *house) invited(who string, m *invitation.Message) string {
	h.Helper()
	message := "From: anna@contoso.example\r\nSubject: See\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSee my calendar.\r\n--b\r\nContent-Type: " + invitation.MediaType + "\r\nContent-Disposition: attachment; filename=" +
		invitation.FileName + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(m.Append(nil)) + "\r\n--b--\r\n"
	a := h.post(who, `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId><t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId><m:Items><t:Message><t:MimeContent>`+
		base64.StdEncoding.EncodeToString([]byte(message))+`</t:MimeContent></t:Message></m:Items></m:CreateItem>`).code(ews.NoError)
	return `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:AcceptSharingInvitation><t:ReferenceItemId Id="` + a.attr("t:ItemId", "Id") + `" ChangeKey="` +
		a.attr("t:ItemId", "ChangeKey") + `"/></t:AcceptSharingInvitation></m:Items></m:CreateItem>`
}

// TestInternalInvitation: who accepts an invitation of somebody here finds his
// folder by him, as long as it is shown to him.
func TestInternalInvitation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		calendar := h.post("anna", getFolder(idOnly, named("calendar", ""))).code(ews.NoError).attr("t:FolderId", "Id")
		id, err := ews.ParseStoreID(calendar)
		h.must(err)
		to := func(folder ews.StoreID, recipients ...entente.SMTPAddress) *invitation.Message {
			return &invitation.Message{DataType: invitation.Calendar, Name: "Anna", Mail: entente.SMTPAddress(address("anna")), Providers: []invitation.Provider{
				{Type: invitation.Internal, Recipients: recipients, FolderID: folder.Format(ews.FormatHexEntryID), MailboxID: folder.Mailbox.String()},
			}}
		}
		ask := `<m:GetSharingFolder><m:SmtpAddress>` + address("anna") + `</m:SmtpAddress><m:DataType>Calendar</m:DataType></m:GetSharingFolder>`
		ben := entente.SMTPAddress(address("ben"))
		h.post("ben", h.invited("ben", to(id, ben))).code(ews.ErrorFolderNotFound) // not shown to him yet
		h.post("ben", ask).code(ews.ErrorFolderNotFound)
		h.post("anna", setTable(named("calendar", ""), "CalendarFolder", `<t:CalendarPermission>`+user("ben")+`<t:CalendarPermissionLevel>Reviewer</t:CalendarPermissionLevel></t:CalendarPermission>`)).code(ews.NoError)
		h.post("ben", h.invited("ben", to(id, entente.SMTPAddress(address("carla"))))).code(ews.ErrorInvalidExternalSharingSubscriber)
		carlas := id
		carlas.Mailbox = h.boxes["carla"]
		h.post("ben", h.invited("ben", to(carlas, ben))).code(ews.ErrorInvalidExternalSharingInitiator)
		h.post("ben", h.invited("ben", to(id, ben))).code(ews.NoError)
		if got := h.post("ben", ask).code(ews.NoError).attr("m:SharingFolderId", "Id"); got != calendar {
			t.Errorf("%s, not %s", got, calendar)
		}
		h.post("anna", setTable(named("calendar", ""), "CalendarFolder", "")).code(ews.NoError)
		h.post("ben", ask).code(ews.ErrorFolderNotFound)
	})
}

// TestSharingRefusals: what cannot be asked for has its own code.
func TestSharingRefusals(t *testing.T) {
	h := open(t)
	folder := h.post("anna", getFolder(idOnly, named("calendar", ""))).attr("t:FolderId", "Id")
	metadata := func(id, sender string, to ...string) string {
		return `<m:GetSharingMetadata><m:IdOfFolderToShare Id="` + id + `"/><m:SenderSmtpAddress>` + sender + `</m:SenderSmtpAddress><m:Recipients><t:SmtpAddress>` +
			strings.Join(to, `</t:SmtpAddress><t:SmtpAddress>`) + `</t:SmtpAddress></m:Recipients></m:GetSharingMetadata>`
	}
	const dana = "dana@fabrikam.example"
	h.post("anna", metadata(folder, address("anna"), dana)).code(ews.ErrorOrganizationNotFederated)
	h.post("anna", metadata(folder, address("ben"), dana)).code(ews.ErrorInvalidSmtpAddress)
	h.post("anna", metadata(folder, address("anna"), strings.Split(strings.Repeat(dana+" ", maxInvited+1), " ")[:maxInvited+1]...)).code(ews.ErrorInvalidRequest)
	h.post("ben", metadata(folder, address("anna"), dana)).code(ews.ErrorFolderNotFound)
	h.post("anna", `<m:GetSharingFolder><m:SmtpAddress>`+dana+`</m:SmtpAddress></m:GetSharingFolder>`).code(ews.ErrorInvalidGetSharingFolderRequest)
	h.post("anna", `<m:GetSharingFolder><m:SmtpAddress>`+dana+`</m:SmtpAddress><m:DataType>Calendar</m:DataType><m:SharedFolderId>x</m:SharedFolderId></m:GetSharingFolder>`).code(ews.ErrorInvalidGetSharingFolderRequest)
	h.post("anna", `<m:GetSharingFolder><m:SmtpAddress>dana</m:SmtpAddress><m:DataType>Calendar</m:DataType></m:GetSharingFolder>`).code(ews.ErrorInvalidGetSharingFolderRequest)
	h.post("anna", `<m:RefreshSharingFolder><m:SharingFolderId Id="`+folder+`"/></m:RefreshSharingFolder>`).code(ews.ErrorFolderNotFound)
	plain := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "no invitation"))[0]
	h.post("anna", `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:AcceptSharingInvitation><t:ReferenceItemId Id="`+plain.ID+`"/></t:AcceptSharingInvitation></m:Items></m:CreateItem>`).code(ews.ErrorInvalidSharingMessage)
}
