package ewsserver

import (
	"strings"
	"testing"

	"entente/ews"
)

// changing is the request that changes one item.
func changing(resolution, id, updates string) string {
	return `<m:UpdateItem MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToNone" ConflictResolution="` + resolution +
		`"><m:ItemChanges><t:ItemChange>` + id + `<t:Updates>` + updates + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`
}

func set(uri, kind, value string) string {
	return `<t:SetItemField><t:FieldURI FieldURI="` + uri + `"/><t:` + kind + `>` + value + `</t:` + kind + `></t:SetItemField>`
}

func appending(uri, kind, value string) string {
	return strings.NewReplacer("SetItemField", "AppendToItemField").Replace(set(uri, kind, value))
}

func deleting(uri string) string {
	return `<t:DeleteItemField><t:FieldURI FieldURI="` + uri + `"/></t:DeleteItemField>`
}

func idXML(id *ews.ItemID) string {
	if id.ChangeKey == "" {
		return `<t:ItemId Id="` + id.ID + `"/>`
	}
	return `<t:ItemId Id="` + id.ID + `" ChangeKey="` + id.ChangeKey + `"/>`
}

// all is the request for all properties of one item.
func all(id string) string {
	return `<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ItemIds>` + id + `</m:ItemIds></m:GetItem>`
}

func TestUpdateItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "one", ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "first"},
			ews.FieldToRecipients, []ews.Mailbox{{EmailAddress: address("ben")}}, ews.FieldCategories, []string{"Red"}))[0]
		test := func(want ews.ResponseCode, updates string) {
			t.Helper()
			h.post("anna", changing("AlwaysOverwrite", idXML(id), updates)).code(want)
		}
		got := func() reply { t.Helper(); return h.post("anna", all(idXML(id))).code(ews.NoError) }
		test(ews.NoError, set("item:Subject", "Message", `<t:Subject>two</t:Subject>`)+
			appending("item:Body", "Message", `<t:Body BodyType="Text"> second</t:Body>`)+
			appending("message:ToRecipients", "Message", `<t:ToRecipients><t:Mailbox><t:EmailAddress>carla@contoso.example</t:EmailAddress></t:Mailbox></t:ToRecipients>`)+
			deleting("item:Categories"))
		got().has("<t:Subject>two<", ">first second<", "ben@contoso.example", "carla@contoso.example", "<t:DisplayTo>Ben Vogel; Carla Ruiz<").lacks("<t:Categories>", "<t:Subject>one<")
		test(ews.NoError, set("message:ToRecipients", "Message", `<t:ToRecipients><t:Mailbox><t:EmailAddress>dora@contoso.example</t:EmailAddress></t:Mailbox></t:ToRecipients>`))
		got().has("dora@contoso.example").lacks("ben@contoso.example")
		test(ews.NoError, deleting("message:ToRecipients")+set("item:Body", "Message", `<t:Body BodyType="HTML">&lt;p&gt;x&lt;/p&gt;</t:Body>`))
		got().has(`BodyType="HTML"`).lacks("<t:ToRecipients>", "first")

		test(ews.ErrorInvalidPropertyAppend, appending("item:Subject", "Message", `<t:Subject>x</t:Subject>`))
		test(ews.ErrorInvalidPropertyDelete, deleting("message:IsRead"))
		test(ews.ErrorInvalidPropertySet, set("item:DateTimeCreated", "Message", `<t:DateTimeCreated>2026-01-01T00:00:00Z</t:DateTimeCreated>`))
		test(ews.ErrorInvalidPropertySet, set("task:Status", "Task", `<t:Status>Completed</t:Status>`))
		test(ews.ErrorUpdatePropertyMismatch, set("item:Subject", "Message", `<t:Importance>High</t:Importance>`))
		test(ews.ErrorIncorrectUpdatePropertyCount, set("item:Subject", "Message", ``))
		// One change that is refused undoes the rest.
		test(ews.ErrorInvalidPropertyDelete, set("item:Subject", "Message", `<t:Subject>three</t:Subject>`)+deleting("message:IsRead"))
		got().has("<t:Subject>two<")
	})
}

func TestChangeKeys(t *testing.T) {
	h := open(t)
	id := h.create("anna", item(ews.KindTask, ews.FieldSubject, "one"))[0]
	subject := func(s string) string { return set("item:Subject", "Task", `<t:Subject>`+s+`</t:Subject>`) }
	h.post("anna", changing("NeverOverwrite", idXML(id), subject("two"))).code(ews.NoError)
	h.post("anna", changing("NeverOverwrite", idXML(id), subject("three"))).code(ews.ErrorIrresolvableConflict)
	h.post("anna", changing("AutoResolve", idXML(id), subject("four"))).code(ews.NoError).has("<m:ConflictResults>")
	h.post("anna", changing("AlwaysOverwrite", idXML(id), subject("five"))).code(ews.NoError)
	h.post("anna", changing("NeverOverwrite", idXML(&ews.ItemID{ID: id.ID}), subject("six"))).code(ews.ErrorChangeKeyRequiredForWriteOperations)
	h.post("anna", changing("NeverOverwrite", idXML(&ews.ItemID{ID: id.ID, ChangeKey: "AAAA"}), subject("six"))).code(ews.ErrorInvalidChangeKey)
	h.post("anna", all(idXML(id))).has("<t:Subject>five<")
	// A change that changes nothing leaves the key as it was.
	first := h.post("anna", changing("AlwaysOverwrite", idXML(id), subject("seven"))).attr("t:ItemId", "ChangeKey")
	if again := h.post("anna", all(idXML(id))).attr("t:ItemId", "ChangeKey"); again != first {
		t.Errorf("key %s after %s without a change", again, first)
	}
}

func TestTaskCompletion(t *testing.T) {
	h := open(t)
	id := h.create("anna", item(ews.KindTask, ews.FieldSubject, "one"))[0]
	test := func(updates string, want ...string) {
		t.Helper()
		h.post("anna", changing("AlwaysOverwrite", idXML(id), updates)).code(ews.NoError)
		h.post("anna", all(idXML(id))).has(want...)
	}
	test(set("task:Status", "Task", `<t:Status>Completed</t:Status>`), "<t:PercentComplete>100<", "<t:IsComplete>true<", "<t:CompleteDate>", "<t:StatusDescription>Completed<")
	test(set("task:PercentComplete", "Task", `<t:PercentComplete>50</t:PercentComplete>`), "<t:Status>InProgress<", "<t:IsComplete>false<")
	test(set("task:PercentComplete", "Task", `<t:PercentComplete>100</t:PercentComplete>`), "<t:Status>Completed<", "<t:IsComplete>true<")
	test(set("task:Status", "Task", `<t:Status>NotStarted</t:Status>`), "<t:PercentComplete>0<")
	test(set("task:Recurrence", "Task", `<t:Recurrence><t:WeeklyRegeneration><t:Interval>2</t:Interval></t:WeeklyRegeneration><t:NoEndRecurrence><t:StartDate>2026-05-04</t:StartDate></t:NoEndRecurrence></t:Recurrence>`),
		"<t:WeeklyRegeneration><t:Interval>2<", "<t:IsRecurring>true<")
	test(deleting("task:Recurrence"), "<t:IsRecurring>false<")
}

func TestDeleteItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		deletion := func(how string, id *ews.ItemID) string {
			return `<m:DeleteItem DeleteType="` + how + `" AffectedTaskOccurrences="AllOccurrences" SendMeetingCancellations="SendToNone"><m:ItemIds>` + idXML(id) + `</m:ItemIds></m:DeleteItem>`
		}
		count := func(folder string) string {
			t.Helper()
			return h.post("anna", `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="`+folder+`"/></m:FolderIds></m:GetFolder>`).text("t:TotalCount")
		}
		ids := h.create("anna", item(ews.KindTask, ews.FieldSubject, "a"), item(ews.KindTask, ews.FieldSubject, "b"), item(ews.KindTask, ews.FieldSubject, "c"))
		test := func(how string, id *ews.ItemID, bin, recoverable string) {
			t.Helper()
			h.post("anna", deletion(how, id)).code(ews.NoError)
			h.post("anna", all(idXML(id))).code(ews.ErrorItemNotFound)
			h.post("anna", deletion(how, id)).code(ews.ErrorItemNotFound)
			if got := count("deleteditems") + count("recoverableitemsdeletions"); got != bin+recoverable {
				t.Errorf("%s left %s, want %s", how, got, bin+recoverable)
			}
		}
		test("MoveToDeletedItems", ids[0], "1", "0")
		test("SoftDelete", ids[1], "1", "1")
		test("HardDelete", ids[2], "1", "1")
		task, event := h.create("anna", item(ews.KindTask))[0], h.create("anna", item(ews.KindCalendarItem))[0]
		bare := func(id *ews.ItemID) string {
			return `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>` + idXML(id) + `</m:ItemIds></m:DeleteItem>`
		}
		h.post("anna", bare(task)).code(ews.ErrorAffectedTaskOccurrencesRequired)
		h.post("anna", bare(event)).code(ews.ErrorSendMeetingCancellationsRequired)
	})
}

// Of a recurring task only what is due now goes; after the last time, all.
func TestDeleteTaskOccurrence(t *testing.T) {
	h := open(t)
	id := idXML(h.create("anna", item(ews.KindTask, ews.FieldSubject, "water", ews.FieldTaskDueDate, parse("2026-05-04T00:00:00Z"), ews.FieldTaskRecurrence, &ews.TaskRecurrence{
		Pattern: ews.TaskRecurrencePattern{RecurrencePattern: ews.RecurrencePattern{Daily: &ews.IntervalRecurrence{Interval: 2}}},
		Range:   ews.RecurrenceRange{Numbered: &ews.NumberedRecurrence{StartDate: "2026-05-04", NumberOfOccurrences: 2}},
	}))[0])
	one := `<m:DeleteItem DeleteType="HardDelete" AffectedTaskOccurrences="SpecifiedOccurrenceOnly"><m:ItemIds>` + id + `</m:ItemIds></m:DeleteItem>`
	h.post("anna", one).code(ews.NoError)
	h.post("anna", all(id)).code(ews.NoError).has("<t:DueDate>2026-05-06T00:00:00Z<")
	h.post("anna", one).code(ews.NoError)
	h.post("anna", all(id)).code(ews.ErrorItemNotFound)
}

func TestMoveAndCopyItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		transfer := func(op, to string, id *ews.ItemID) string {
			return `<m:` + op + `><m:ToFolderId>` + to + `</m:ToFolderId><m:ItemIds>` + idXML(id) + `</m:ItemIds></m:` + op + `>`
		}
		const bin = `<t:DistinguishedFolderId Id="deleteditems"/>`
		id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "travels"))[0]
		a := h.post("anna", transfer("CopyItem", bin, id)).code(ews.NoError)
		h.post("anna", all(idXML(id))).code(ews.NoError)
		h.post("anna", all(`<t:ItemId Id="`+a.attr("t:ItemId", "Id")+`"/>`)).code(ews.NoError).has("travels")
		a = h.post("anna", transfer("MoveItem", bin, id)).code(ews.NoError)
		h.post("anna", all(idXML(id))).code(ews.ErrorItemNotFound)
		moved := &ews.ItemID{ID: a.attr("t:ItemId", "Id"), ChangeKey: a.attr("t:ItemId", "ChangeKey")}
		got := h.post("anna", all(idXML(moved))).code(ews.NoError).has("travels")
		if key := got.attr("t:ItemId", "ChangeKey"); key != moved.ChangeKey {
			t.Errorf("the key told was %s, it is %s", moved.ChangeKey, key)
		}
		h.post("anna", transfer("MoveItem", `<t:DistinguishedFolderId Id="archiveinbox"/>`, moved)).code(ews.ErrorToFolderNotFound)
		h.post("anna", strings.Replace(transfer("CopyItem", bin, moved), "</m:ItemIds>", "</m:ItemIds><m:ReturnNewItemIds>false</m:ReturnNewItemIds>", 1)).
			code(ews.NoError).lacks("t:ItemId")
	})
}

// Items go to another mailbox with their properties: what is named there has
// other tags.
func TestMoveItemAcrossMailboxes(t *testing.T) {
	h := open(t)
	const named = `<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="Colour" PropertyType="String"/>`
	const other = `<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="Other" PropertyType="String"/>`
	made := func(who, uri, value string) string {
		t.Helper()
		return h.post(who, `<m:CreateItem><m:Items><t:Task><t:Subject>`+value+`</t:Subject><t:ExtendedProperty>`+uri+`<t:Value>`+value+`</t:Value></t:ExtendedProperty></t:Task></m:Items></m:CreateItem>`).attr("t:ItemId", "Id")
	}
	made("ben", other, "taken")
	id := made("anna", named, "blue")
	h.permit("ben", "tasks", "anna", "Editor")
	a := h.post("anna", `<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="tasks"><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:ToFolderId>
		<m:ItemIds><t:ItemId Id="`+id+`"/></m:ItemIds></m:MoveItem>`).code(ews.NoError)
	h.post("ben", `<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>`+named+other+`</t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id="`+
		a.attr("t:ItemId", "Id")+`"/></m:ItemIds></m:GetItem>`).code(ews.NoError).has("<t:Value>blue<").lacks("Other")
	h.post("anna", all(`<t:ItemId Id="`+id+`"/>`)).code(ews.ErrorItemNotFound)
}

// permit gives somebody a level on a folder of somebody else's.
func (h *house) permit(owner, folder, who, level string) {
	h.Helper()
	kind, set, entry, wrap := "Folder", "PermissionSet", "Permission", "Permissions"
	switch folder {
	case "calendar":
		kind, set, entry, wrap = "CalendarFolder", "PermissionSet", "CalendarPermission", "CalendarPermissions"
	case "tasks":
		kind = "TasksFolder"
	case "contacts":
		kind = "ContactsFolder"
	}
	levelName := "PermissionLevel"
	if entry == "CalendarPermission" {
		levelName = "CalendarPermissionLevel"
	}
	h.post(owner, `<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:DistinguishedFolderId Id="`+folder+`"/><t:Updates><t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/>
		<t:`+kind+`><t:`+set+`><t:`+wrap+`><t:`+entry+`><t:UserId><t:PrimarySmtpAddress>`+address(who)+`</t:PrimarySmtpAddress></t:UserId><t:`+levelName+`>`+level+`</t:`+levelName+`></t:`+entry+`></t:`+wrap+`></t:`+set+`></t:`+kind+`>
		</t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`).code(ews.NoError)
}
