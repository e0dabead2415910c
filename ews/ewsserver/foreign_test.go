package ewsserver

import (
	"strings"
	"testing"

	"entente"
	"entente/db"
	"entente/db/dbtest"
	"entente/ews"
)

// strange are the requests of every served operation that takes an id, about a
// thing of somebody else: I stands for an item, F for a folder, A for an
// attachment, K for a change key.
func strange() map[string][]string {
	const shape = `<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>`
	const folders = `<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>`
	const item, folder = `<t:ItemId Id="I" ChangeKey="K"/>`, `<t:FolderId Id="F"/>`
	const own = `<m:ToFolderId><t:DistinguishedFolderId Id="inbox"/></m:ToFolderId>`
	const name = `<t:UserConfigurationName Name="x">` + folder + `</t:UserConfigurationName>`
	const named = `<t:ExtendedFieldURI PropertySetId="11111111-2222-3333-4444-555555555555" PropertyName="mark" PropertyType="String"/>`
	answer := func(kind string) string {
		return `<m:CreateItem MessageDisposition="SendAndSaveCopy" SendMeetingInvitations="SendToNone"><m:Items><t:` + kind + `><t:ReferenceItemId Id="I" ChangeKey="K"/></t:` + kind + `></m:Items></m:CreateItem>`
	}
	return map[string][]string{
		"GetFolder":    {`<m:GetFolder>` + folders + `<m:FolderIds>` + folder + `</m:FolderIds></m:GetFolder>`},
		"FindFolder":   {`<m:FindFolder Traversal="Deep">` + folders + `<m:ParentFolderIds>` + folder + `</m:ParentFolderIds></m:FindFolder>`},
		"CreateFolder": {`<m:CreateFolder><m:ParentFolderId>` + folder + `</m:ParentFolderId><m:Folders><t:Folder><t:DisplayName>x</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>`},
		"UpdateFolder": {
			`<m:UpdateFolder><m:FolderChanges><t:FolderChange>` + folder + `<t:Updates><t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>x</t:DisplayName></t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`,
			`<m:UpdateFolder><m:FolderChanges><t:FolderChange>` + folder + `<t:Updates><t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/><t:Folder><t:PermissionSet><t:Permissions><t:Permission><t:UserId><t:PrimarySmtpAddress>ben@contoso.example</t:PrimarySmtpAddress></t:UserId><t:PermissionLevel>Owner</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet></t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`,
		},
		"DeleteFolder":       {`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>` + folder + `</m:FolderIds></m:DeleteFolder>`},
		"MoveFolder":         {`<m:MoveFolder>` + own + `<m:FolderIds>` + folder + `</m:FolderIds></m:MoveFolder>`},
		"CopyFolder":         {`<m:CopyFolder>` + own + `<m:FolderIds>` + folder + `</m:FolderIds></m:CopyFolder>`},
		"EmptyFolder":        {`<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true"><m:FolderIds>` + folder + `</m:FolderIds></m:EmptyFolder>`},
		"MarkAllItemsAsRead": {`<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts><m:FolderIds>` + folder + `</m:FolderIds></m:MarkAllItemsAsRead>`},
		"FindItem": {
			`<m:FindItem Traversal="Shallow">` + shape + `<m:ParentFolderIds>` + folder + `</m:ParentFolderIds></m:FindItem>`,
			`<m:FindItem Traversal="Shallow">` + shape + `<m:CalendarView StartDate="2026-01-01T00:00:00Z" EndDate="2026-02-01T00:00:00Z"/><m:ParentFolderIds>` + folder + `</m:ParentFolderIds></m:FindItem>`,
		},
		"SyncFolderHierarchy":     {`<m:SyncFolderHierarchy>` + folders + `<m:SyncFolderId>` + folder + `</m:SyncFolderId></m:SyncFolderHierarchy>`},
		"SyncFolderItems":         {`<m:SyncFolderItems>` + shape + `<m:SyncFolderId>` + folder + `</m:SyncFolderId><m:MaxChangesReturned>10</m:MaxChangesReturned></m:SyncFolderItems>`},
		"GetUserConfiguration":    {`<m:GetUserConfiguration>` + strings.ReplaceAll(name, "t:UserC", "m:UserC") + `<m:UserConfigurationProperties>All</m:UserConfigurationProperties></m:GetUserConfiguration>`},
		"CreateUserConfiguration": {`<m:CreateUserConfiguration><m:UserConfiguration>` + name + `</m:UserConfiguration></m:CreateUserConfiguration>`},
		"UpdateUserConfiguration": {`<m:UpdateUserConfiguration><m:UserConfiguration>` + name + `</m:UserConfiguration></m:UpdateUserConfiguration>`},
		"DeleteUserConfiguration": {`<m:DeleteUserConfiguration>` + strings.ReplaceAll(name, "t:UserC", "m:UserC") + `</m:DeleteUserConfiguration>`},
		"ResolveNames":            {`<m:ResolveNames ReturnFullContactData="true" SearchScope="Contacts"><m:ParentFolderIds>` + folder + `</m:ParentFolderIds><m:UnresolvedEntry>x</m:UnresolvedEntry></m:ResolveNames>`},
		"GetItem":                 {all(item), all(occurrence("I", "1")), all(`<t:RecurringMasterItemId OccurrenceId="I"/>`)},
		"SendItem":                {`<m:SendItem SaveItemToFolder="false"><m:ItemIds>` + item + `</m:ItemIds></m:SendItem>`},
		"DeleteItem":              {`<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone" AffectedTaskOccurrences="AllOccurrences"><m:ItemIds>` + item + `</m:ItemIds></m:DeleteItem>`},
		"MoveItem":                {`<m:MoveItem>` + own + `<m:ItemIds>` + item + `</m:ItemIds></m:MoveItem>`},
		"CopyItem":                {`<m:CopyItem>` + own + `<m:ItemIds>` + item + `</m:ItemIds></m:CopyItem>`},
		"UpdateItem": {
			changing("AlwaysOverwrite", item, set("item:Subject", "Message", `<t:Subject>x</t:Subject>`)),
			changing("AlwaysOverwrite", item, `<t:SetItemField>`+named+`<t:Message><t:ExtendedProperty>`+named+`<t:Value>x</t:Value></t:ExtendedProperty></t:Message></t:SetItemField>`),
			changing("AlwaysOverwrite", occurrence("I", "1"), set("item:Subject", "CalendarItem", `<t:Subject>x</t:Subject>`)),
		},
		"CreateItem": {
			`<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>` + folder + `</m:SavedItemFolderId><m:Items><t:Message><t:ExtendedProperty>` + named + `<t:Value>x</t:Value></t:ExtendedProperty></t:Message></m:Items></m:CreateItem>`,
			answer("AcceptItem"), answer("DeclineItem"), answer("CancelCalendarItem"), answer("RemoveItem"), answer("AcceptSharingInvitation"), answer("ReplyToItem"), answer("ForwardItem"),
		},
		"CreateAttachment": {
			`<m:CreateAttachment><m:ParentItemId Id="I"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content/></t:FileAttachment></m:Attachments></m:CreateAttachment>`,
			`<m:CreateAttachment><m:ParentItemId Id="I"/><m:Attachments><t:ItemAttachment><t:Name>a</t:Name><t:Message><t:ExtendedProperty>` + named + `<t:Value>x</t:Value></t:ExtendedProperty></t:Message></t:ItemAttachment></m:Attachments></m:CreateAttachment>`,
		},
		"Subscribe": {
			`<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>` + folder + `</t:FolderIds>` + allEvents + `<t:Timeout>1</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`,
			`<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>` + folder + `</t:FolderIds>` + allEvents + `</m:StreamingSubscriptionRequest></m:Subscribe>`,
		},
		"GetSharingMetadata":   {`<m:GetSharingMetadata><m:IdOfFolderToShare Id="F"/><m:SenderSmtpAddress>` + address("anna") + `</m:SenderSmtpAddress><m:Recipients><t:SmtpAddress>dana@fabrikam.example</t:SmtpAddress></m:Recipients></m:GetSharingMetadata>`},
		"RefreshSharingFolder": {`<m:RefreshSharingFolder><m:SharingFolderId Id="F"/></m:RefreshSharingFolder>`},
		"GetAttachment":        {`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="A"/></m:AttachmentIds></m:GetAttachment>`},
		"DeleteAttachment":     {`<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="A"/></m:AttachmentIds></m:DeleteAttachment>`},
	}
}

// idless are the operations that open nothing by an id.
var idless = map[string]string{
	"ConvertId": "opens nothing", "GetServerTimeZones": "no mailbox", "GetDelegate": "by address", "AddDelegate": "by address", "UpdateDelegate": "by address", "RemoveDelegate": "by address", "GetUserAvailabilityRequest": "by address",
	"GetUserOofSettingsRequest": "by address", "SetUserOofSettingsRequest": "by address", "ExpandDL": "by address", "GetEvents": "of subscriptions, whose ids nobody can guess: TestSubscriptionsOfOthersAreNone", "GetStreamingEvents": "likewise", "Unsubscribe": "likewise", "GetSharingFolder": "by address", "GetRoomLists": "directory", "GetRooms": "directory",
}

// The ids of somebody else's things change nothing, whatever is done with them,
// and tell nothing: not even whether the things, or the mailbox, are there.
func TestForeignIDs(t *testing.T) {
	store := dbtest.SQLite(t)
	h := newHouse(t, store)
	id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "hers alone"))[0]
	made := h.post("anna", `<m:CreateAttachment><m:ParentItemId Id="`+id.ID+`"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content>aGVycw==</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>`).code(ews.NoError)
	it, err := ews.ParseStoreID(id.ID)
	h.must(err)
	at, err := ews.ParseStoreID(made.attr("t:AttachmentId", "Id"))
	h.must(err)
	fill := func(request string, box entente.MailboxID, folder, item uint64) string {
		i, a := it, at
		i.Mailbox, i.Folder, i.Item = box, folder, item
		a.Mailbox, a.Folder, a.Item = box, folder, item
		f := ews.StoreID{Mailbox: box, Folder: folder}
		return strings.NewReplacer(`"I"`, `"`+i.String()+`"`, `"F"`, `"`+f.String()+`"`, `"A"`, `"`+a.String()+`"`, `"K"`, `"`+id.ChangeKey+`"`).Replace(request)
	}
	hers := func() string {
		f := ews.StoreID{Mailbox: it.Mailbox, Folder: it.Folder}.String()
		return h.post("anna", all(`<t:ItemId Id="`+id.ID+`"/>`)).body +
			h.post("anna", `<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape><m:FolderIds><t:FolderId Id="`+f+`"/></m:FolderIds></m:GetFolder>`).body +
			h.post("anna", `<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape></m:SyncFolderHierarchy>`).body
	}
	names := func() (n int) {
		h.must(store.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM named_property`).Scan(&n)
		}))
		return n
	}
	before, known := hers(), names()
	for element := range h.handler.operations {
		if strange()[element] == nil && idless[element] == "" {
			t.Errorf("%s is served, and not tried with foreign ids", element)
		}
		for _, request := range strange()[element] {
			real := h.post("ben", fill(request, it.Mailbox, it.Folder, it.Item))
			absent := h.post("ben", fill(request, it.Mailbox, 987654, 987655))
			nobody := h.post("ben", fill(request, entente.MailboxID{1, 2, 3}, it.Folder, it.Item))
			if real.body != absent.body || real.body != nobody.body || real.status != absent.status || real.status != nobody.status {
				t.Errorf("%s\nof what is there: %s\nwhat is not: %s\nnobody's: %s", request, real.body, absent.body, nobody.body)
			}
			real.lacks("hers", "NoError")
			if real.status != 200 {
				t.Errorf("%s: %d %s", element, real.status, real.body)
			}
			if after := hers(); after != before {
				t.Fatalf("%s changed\n%s\nto\n%s", request, before, after)
			}
			if n := names(); n != known {
				t.Errorf("%s made %d property names in a mailbox of somebody else", request, n-known)
				known = n
			}
		}
	}
}

// Who may read a folder and not write to it makes no property names in its
// mailbox either: they are few, and never given back.
func TestReaderNamesNothing(t *testing.T) {
	store := dbtest.SQLite(t)
	h := newHouse(t, store)
	id := h.create("anna", item(ews.KindTask, ews.FieldSubject, "hers"))[0]
	h.permit("anna", "tasks", "ben", "Reviewer")
	const named = `<t:ExtendedFieldURI PropertySetId="11111111-2222-3333-4444-555555555555" PropertyName="mark" PropertyType="String"/>`
	const value = `<t:ExtendedProperty>` + named + `<t:Value>x</t:Value></t:ExtendedProperty>`
	update := changing("AlwaysOverwrite", `<t:ItemId Id="`+id.ID+`"/>`, `<t:SetItemField>`+named+`<t:Task>`+value+`</t:Task></t:SetItemField>`)
	create := `<m:CreateItem><m:SavedItemFolderId><t:DistinguishedFolderId Id="tasks"><t:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:SavedItemFolderId><m:Items><t:Task>` + value + `</t:Task></m:Items></m:CreateItem>`
	names := func(want int) {
		t.Helper()
		var n int
		h.must(store.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM named_property`).Scan(&n)
		}))
		if n != want {
			t.Errorf("%d names, want %d", n, want)
		}
	}
	h.post("ben", update).code(ews.ErrorAccessDenied)
	h.post("ben", create).code(ews.ErrorCreateItemAccessDenied)
	tasks := `<t:DistinguishedFolderId Id="tasks"><t:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
	folder := updateFolder(tasks, `<t:SetFolderField>`+named+`<t:TasksFolder>`+value+`</t:TasksFolder></t:SetFolderField>`)
	subfolder := createFolder(tasks, `<t:TasksFolder><t:DisplayName>x</t:DisplayName>`+value+`</t:TasksFolder>`)
	h.post("ben", folder).code(ews.ErrorAccessDenied)
	h.post("ben", subfolder).code(ews.ErrorCreateSubfolderAccessDenied)
	names(0)
	h.permit("anna", "tasks", "ben", "Editor")
	h.post("ben", update).code(ews.NoError)
	names(1)
	// One that is new to the mailbox is named by who may set it.
	other := strings.ReplaceAll(strings.ReplaceAll(folder, "mark", "other"), "anna@", "ben@")
	h.post("ben", other).code(ews.NoError)
	names(2)
}

// A draft is sent by who may put it away: a reader who may not remove it does
// not send it first and hear of it afterwards.
func TestReaderSendsNothing(t *testing.T) {
	h := open(t)
	id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "hers", ews.FieldToRecipients, []ews.Mailbox{{EmailAddress: address("carla")}}))[0]
	h.permit("anna", "drafts", "ben", "Reviewer")
	h.post("ben", all(idXML(id))).code(ews.NoError)
	for _, save := range []string{"false", "true"} {
		h.post("ben", `<m:SendItem SaveItemToFolder="`+save+`"><m:ItemIds>`+idXML(id)+`</m:ItemIds></m:SendItem>`)
	}
	h.post("carla", `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`).
		code(ews.NoError).lacks("hers")
}
