package ewsserver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db/dbtest"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// Every property that the table serves has fields that somebody must be granted.
func TestEveryFieldIsGrantedBySomething(t *testing.T) {
	for i, row := range itemFields() {
		f := ews.Field(i)
		if row.get == nil && row.entries == nil && row.set == nil || f == ews.FieldExtendedProperty {
			continue
		}
		if _, ok := grantedBy(f, row.prop); !ok {
			t.Errorf("%s (%d) has no fields", f.URI(), i)
		}
	}
}

// keyOf is how grants name an item of Anna's, or a day of it.
func (h *house) keyOf(id string, day ...calendar.Date) access.ItemKey {
	h.Helper()
	store, err := ews.ParseStoreID(id)
	h.must(err)
	a, _ := h.door.Directory.Snapshot().FindSID(h.sids["anna"])
	s := h.door.Local(a.Principal, "select")
	v, err := s.Mailbox(context.Background(), store.Mailbox)
	h.must(err)
	sel := mailbox.ItemSelector{Item: mailbox.ItemID(store.Item)}
	if len(day) > 0 {
		sel.Day = &day[0]
	}
	keys, err := v.ItemKeys(context.Background(), sel)
	h.must(err)
	h.must(s.Finish(context.Background(), ""))
	return keys[0]
}

// grantItems gives somebody fields of items of Anna's, and returns the grant's id.
func (h *house) grantItems(who string, g access.ItemGrant) string {
	h.Helper()
	g.Mailbox, g.To, g.Enabled = h.boxes["anna"], h.sids[who], true
	d := directory.ItemGrant{ItemGrant: g}
	h.must(h.door.Directory.Update(context.Background(), func(c *directory.Change) error { return c.CreateItemGrant(&d) }))
	return d.ID
}

func (h *house) revoke(id string) {
	h.Helper()
	h.must(h.door.Directory.Update(context.Background(), func(c *directory.Change) error { return c.RevokeItemGrant(id) }))
}

// talk is an appointment of Anna's, a meeting with secrets.
func (h *house) talk(subject string, hour int) *ews.ItemID {
	h.Helper()
	at := time.Date(2026, 5, 4, hour, 0, 0, 0, time.UTC)
	return h.create("anna", item(ews.KindCalendarItem,
		ews.FieldSubject, subject, ews.FieldStart, at, ews.FieldEnd, at.Add(time.Hour), ews.FieldLocation, "Hall A",
		ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "hers: body of " + subject}, ews.FieldCategories, []string{"hers: label"},
		ews.FieldRequiredAttendees, []ews.Attendee{{Mailbox: ews.Mailbox{Name: "hers: guest", EmailAddress: address("carla")}}},
		ews.FieldSensitivity, string(ews.SensitivityPrivate), ews.FieldLegacyFreeBusyStatus, "OOF",
	))[0]
}

const annasCalendar = "calendar"

func calendarView(shape, folder string) string {
	return findItem(shape, `<m:CalendarView StartDate="2026-05-01T00:00:00Z" EndDate="2026-06-01T00:00:00Z"/>`, folder)
}

// An employee of the firm that organizes the speakers works on what was granted
// to him as on any calendar, and the calendar is to him what was granted.
func TestItemGrants(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		keynote, panel := h.talk("Keynote", 9), h.talk("Panel", 11)
		h.talk("hers: alone", 13)
		folder := named(annasCalendar, "anna")
		h.post("ben", getFolder(whole, folder)).code(ews.ErrorFolderNotFound)
		h.post("ben", all(idXML(keynote))).code(ews.ErrorItemNotFound)

		g := h.grantItems("ben", access.ItemGrant{
			Items: []access.ItemKey{h.keyOf(keynote.ID), h.keyOf(panel.ID)},
			Read:  access.FieldSubject | access.FieldTime | access.FieldLocation, Write: access.FieldTime | access.FieldLocation,
			Earliest: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC), Latest: time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC),
			Locations: []string{"Hall A", "Hall B"},
		})
		h.post("ben", getFolder(whole, folder)).code(ews.NoError).
			has("<t:TotalCount>2<", "<t:Read>true<", "<t:Modify>false<", "<t:Delete>false<", "<t:CreateContents>false<").lacks("PermissionSet")
		h.post("ben", getFolder(idOnly, named("root", "anna"))).code(ews.NoError)
		h.post("ben", getFolder(idOnly, named("inbox", "anna"))).code(ews.ErrorFolderNotFound)
		h.post("ben", `<m:FindFolder Traversal="Deep"><m:FolderShape>`+standard+`</m:FolderShape><m:ParentFolderIds>`+named("msgfolderroot", "anna")+`</m:ParentFolderIds></m:FindFolder>`).
			code(ews.NoError).has(`TotalItemsInView="1"`, "Calendar<")

		for _, request := range []string{
			findItem(whole, "", folder), calendarView(whole, folder), syncItems(whole, folder, "", 100),
			findItem(whole, sorted("Descending", field("item:Subject")), folder),
			`<m:GetItem><m:ItemShape>` + whole + `<t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape><m:ItemIds>` + idXML(keynote) + idXML(panel) + `</m:ItemIds></m:GetItem>`,
		} {
			a := h.post("ben", request).code(ews.NoError).lacks("hers", "carla", "MimeContent", "<t:Size>", "Sensitivity", "LegacyFreeBusyStatus", "Organizer", "<t:UID>", "ResponseObjects").
				has("<t:Location>Hall A<", "<t:Start>2026-05-04T09:00:00Z<", "<t:HasAttachments>false<")
			if got := strings.Count(a.body, "<t:Subject>"); got != 2 {
				t.Errorf("%d items: %s", got, a.body)
			}
		}
		// No question gets at what is hidden.
		for path, value := range map[string]string{"item:Body": "hers", "item:Categories": "hers", "item:DisplayTo": "carla", "calendar:UID": ""} {
			h.post("ben", findItem(idOnly, restricted(contains("Substring", field(path), value)), folder)).code(ews.NoError).has(`TotalItemsInView="0"`)
		}
		h.post("ben", findItem(idOnly, restricted(contains("Substring", field("item:Subject"), "key")), folder)).has(`TotalItemsInView="1"`)

		change := func(id *ews.ItemID, how, updates string) reply {
			t.Helper()
			return h.post("ben", strings.Replace(changing("AlwaysOverwrite", idXML(&ews.ItemID{ID: id.ID}), updates), `Cancellations="SendToNone"`, `Cancellations="`+how+`"`, 1))
		}
		place := func(s string) string {
			return set("calendar:Location", "CalendarItem", `<t:Location>`+s+`</t:Location>`)
		}
		before := h.post("anna", all(`<t:ItemId Id="`+keynote.ID+`"/>`)).body
		refused := func(text string, a reply) {
			t.Helper()
			a.code(ews.ErrorAccessDenied).has(text)
			if after := h.post("anna", all(`<t:ItemId Id="`+keynote.ID+`"/>`)).body; after != before {
				t.Errorf("written:\n%s\nover\n%s", after, before)
			}
		}
		refused("a change of Subject.", change(keynote, "SendToNone", set("item:Subject", "CalendarItem", `<t:Subject>x</t:Subject>`)))
		refused("a change of Subject.", change(keynote, "SendToNone", place("Hall B")+set("item:Subject", "CalendarItem", `<t:Subject>x</t:Subject>`)))
		refused("a change of Body.", change(keynote, "SendToNone", set("item:Body", "CalendarItem", `<t:Body BodyType="Text">hers: body of Keynote</t:Body>`)))
		refused("(Location)", change(keynote, "SendToNone", place("Hall C")))
		refused("(Time)", change(keynote, "SendToNone", set("calendar:End", "CalendarItem", `<t:End>2026-05-05T10:00:00Z</t:End>`)))
		refused("a change of Other.", change(keynote, "SendToNone", `<t:SetItemField><t:ExtendedFieldURI PropertySetId="11111111-2222-3333-4444-555555555555" PropertyName="mark" PropertyType="String"/><t:CalendarItem><t:ExtendedProperty><t:ExtendedFieldURI PropertySetId="11111111-2222-3333-4444-555555555555" PropertyName="mark" PropertyType="String"/><t:Value>x</t:Value></t:ExtendedProperty></t:CalendarItem></t:SetItemField>`))
		refused("", change(keynote, "SendOnlyToAll", place("Hall B")))
		refused("", change(keynote, "SendToNone", set("item:MimeContent", "CalendarItem", `<t:MimeContent>AAAA</t:MimeContent>`)))

		a := change(keynote, "SendToAllAndSaveCopy", place("Hall B")+set("calendar:Start", "CalendarItem", `<t:Start>2026-05-04T15:00:00Z</t:Start>`)).code(ews.NoError)
		now := h.post("anna", all(`<t:ItemId Id="`+keynote.ID+`"/>`)).has("Hall B", "<t:Start>2026-05-04T15:00:00Z<", "<t:End>2026-05-04T16:00:00Z<", "hers: body of Keynote",
			"hers: label", address("carla"), "<t:Sensitivity>Private<", "<t:LegacyFreeBusyStatus>OOF<", "<t:LastModifiedName>Ben Vogel<")
		h.post("carla", findItem(whole, "", named("inbox", ""))).has(`TotalItemsInView="0"`)
		h.post("anna", findItem(whole, "", named("sentitems", ""))).has(`TotalItemsInView="0"`)
		// The change key is one of what he sees, and counts nothing.
		if key := a.attr("t:ItemId", "ChangeKey"); strings.Contains(now.body, key) {
			t.Error("the change key is that of the mailbox")
		}
		h.post("ben", changing("NeverOverwrite", idXML(&ews.ItemID{ID: keynote.ID, ChangeKey: a.attr("t:ItemId", "ChangeKey")}), place("Hall A"))).code(ews.NoError)
		h.post("ben", changing("NeverOverwrite", idXML(&ews.ItemID{ID: keynote.ID, ChangeKey: a.attr("t:ItemId", "ChangeKey")}), place("Hall B"))).code(ews.ErrorIrresolvableConflict)

		h.post("ben", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToAllAndSaveCopy"><m:ItemIds>`+idXML(panel)+`</m:ItemIds></m:DeleteItem>`).code(ews.ErrorAccessDenied)
		for _, to := range []string{named("calendar", ""), named("deleteditems", "")} {
			h.post("ben", `<m:CopyItem><m:ToFolderId>`+to+`</m:ToFolderId><m:ItemIds>`+idXML(panel)+`</m:ItemIds></m:CopyItem>`).code(ews.ErrorAccessDenied)
			h.post("ben", `<m:MoveItem><m:ToFolderId>`+to+`</m:ToFolderId><m:ItemIds>`+idXML(panel)+`</m:ItemIds></m:MoveItem>`).code(ews.ErrorAccessDenied)
		}
		h.post("ben", `<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>`+folder+`</m:SavedItemFolderId><m:Items><t:CalendarItem><t:Subject>x</t:Subject></t:CalendarItem></m:Items></m:CreateItem>`).code(ews.ErrorCreateItemAccessDenied)
		for _, kind := range []string{"AcceptItem", "CancelCalendarItem", "ForwardItem"} {
			h.post("ben", `<m:CreateItem MessageDisposition="SendAndSaveCopy" SendMeetingInvitations="SendToNone"><m:Items><t:`+kind+`><t:ReferenceItemId Id="`+panel.ID+`"/></t:`+kind+`></m:Items></m:CreateItem>`).code(ews.ErrorAccessDenied)
		}

		// Whom the firm lets act as its employee sees what he sees.
		h.post("crm>ben", findItem(idOnly, "", folder)).code(ews.NoError).has(`TotalItemsInView="2"`)
		h.revoke(g)
		h.post("ben", getFolder(whole, folder)).code(ews.ErrorFolderNotFound)
		h.post("ben", all(idXML(keynote))).code(ews.ErrorItemNotFound)
	})
}

// Messages, tasks and contacts are granted as appointments are.
func TestGrantsOfOtherKinds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		message := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "Minutes", ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "hers: text"},
			ews.FieldToRecipients, []ews.Mailbox{{EmailAddress: address("carla")}}, ews.FieldCategories, []string{"hers"}))[0]
		task := h.create("anna", item(ews.KindTask, ews.FieldSubject, "Slides", ews.FieldTaskDueDate, time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC),
			ews.FieldTaskStatus, "InProgress", ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "hers: text"}))[0]
		contact := h.create("anna", item(ews.KindContact, ews.FieldContactGivenName, "Greta", ews.FieldContactSurname, "Speaker", ews.FieldContactJobTitle, "hers: title",
			ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "hers: text"}))[0]
		for _, x := range []struct {
			id                  *ews.ItemID
			folder, kind        string
			read, write         access.Fields
			shows, does, denied string
		}{
			{
				message, "drafts", "Message", access.FieldSubject, access.FieldImportance, "<t:Subject>Minutes<",
				set("item:Importance", "Message", "<t:Importance>High</t:Importance>"), set("message:IsRead", "Message", "<t:IsRead>false</t:IsRead>"),
			},
			{
				task, "tasks", "Task", access.FieldSubject, access.FieldTime, "<t:DueDate>2026-05-04",
				set("task:DueDate", "Task", "<t:DueDate>2026-05-08T00:00:00Z</t:DueDate>"), set("task:Status", "Task", "<t:Status>Completed</t:Status>"),
			},
			{
				contact, "contacts", "Contact", access.FieldSubject, 0, "<t:GivenName>Greta<",
				"", set("contacts:Surname", "Contact", "<t:Surname>x</t:Surname>"),
			},
		} {
			h.post("ben", findItem(whole, "", named(x.folder, "anna"))).code(ews.ErrorFolderNotFound)
			h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(x.id.ID)}, Read: x.read, Write: x.write})
			h.post("ben", findItem(whole, "", named(x.folder, "anna"))).code(ews.NoError).has(`TotalItemsInView="1"`, x.shows).lacks("hers", "carla")
			h.post("ben", all(idXML(x.id))).code(ews.NoError).has(x.shows).lacks("hers", "carla")
			before := h.post("anna", all(`<t:ItemId Id="`+x.id.ID+`"/>`)).body
			h.post("ben", changing("AlwaysOverwrite", `<t:ItemId Id="`+x.id.ID+`"/>`, x.denied)).code(ews.ErrorAccessDenied)
			if after := h.post("anna", all(`<t:ItemId Id="`+x.id.ID+`"/>`)).body; after != before {
				t.Errorf("%s became\n%s", before, after)
			}
			if x.does == "" {
				continue
			}
			h.post("ben", changing("AlwaysOverwrite", `<t:ItemId Id="`+x.id.ID+`"/>`, x.does)).code(ews.NoError)
			h.post("anna", all(`<t:ItemId Id="`+x.id.ID+`"/>`)).has("hers: text")
		}
		// A draft under a grant is sent by nobody.
		h.post("ben", strings.Replace(changing("AlwaysOverwrite", `<t:ItemId Id="`+message.ID+`"/>`, set("item:Importance", "Message", "<t:Importance>Low</t:Importance>")),
			`"SaveOnly"`, `"SendAndSaveCopy"`, 1)).code(ews.ErrorAccessDenied)
		h.post("carla", findItem(whole, "", named("inbox", ""))).has(`TotalItemsInView="0"`)
		// Names are resolved in address books, and one granted contact is none.
		h.post("ben", `<m:ResolveNames ReturnFullContactData="true" SearchScope="Contacts"><m:ParentFolderIds>`+named("contacts", "anna")+`</m:ParentFolderIds><m:UnresolvedEntry>Greta</m:UnresolvedEntry></m:ResolveNames>`).lacks("Speaker")
	})
}

// Who may read a folder, and is granted more of single items, has both.
func TestGrantBesideRights(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		ids := h.create("anna", item(ews.KindCalendarItem, ews.FieldSubject, "Keynote", ews.FieldStart, at, ews.FieldEnd, at.Add(time.Hour)),
			item(ews.KindCalendarItem, ews.FieldSubject, "Panel", ews.FieldStart, at, ews.FieldEnd, at.Add(time.Hour)))
		h.permit("anna", "calendar", "ben", "Reviewer")
		place := func(id, uri, value string) reply {
			return h.post("ben", changing("AlwaysOverwrite", `<t:ItemId Id="`+id+`"/>`, set(uri, "CalendarItem", value)))
		}
		hall := `<t:Location>Hall B</t:Location>`
		place(ids[0].ID, "calendar:Location", hall).code(ews.ErrorAccessDenied)
		h.post("ben", all(`<t:ItemId Id="`+ids[0].ID+`"/>`)).has("<t:Modify>false<")
		h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(ids[0].ID)}, Write: access.FieldLocation})
		h.post("ben", all(`<t:ItemId Id="`+ids[0].ID+`"/>`)).has("<t:Modify>true<", "<t:UID>")
		place(ids[0].ID, "calendar:Location", hall).code(ews.NoError)
		place(ids[0].ID, "item:Subject", "<t:Subject>x</t:Subject>").code(ews.ErrorAccessDenied).has("a change of Subject.")
		place(ids[0].ID, "item:Subject", "<t:Subject>Keynote</t:Subject>").code(ews.NoError) // which he sees, and is no change
		place(ids[1].ID, "calendar:Location", hall).code(ews.ErrorAccessDenied)
		h.post("ben", findItem(standard, "", named(annasCalendar, "anna"))).has(`TotalItemsInView="2"`)
		h.post("anna", all(`<t:ItemId Id="`+ids[0].ID+`"/>`)).has("<t:Location>Hall B<", "<t:Subject>Keynote<")
		h.permit("anna", "calendar", "ben", "Editor")
		place(ids[0].ID, "item:Subject", "<t:Subject>Opening</t:Subject>").code(ews.NoError)
	})
}

// A granted day of a series is an appointment like others, and the series is not
// to be had from it.
func TestGrantedDay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		master := h.series("anna") // on four Mondays from 16 March 2026
		day := calendar.NewDate(2026, 3, 23)
		h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(master, day)}, Read: access.AllFields, Write: access.FieldLocation})
		folder := named(annasCalendar, "anna")
		a := h.post("ben", findItem(whole, "", folder)).code(ews.NoError).
			has(`TotalItemsInView="1"`, "<t:Subject>Monday<", "<t:CalendarItemType>Single<", "<t:IsRecurring>false<", "<t:Start>2026-03-23T08:00:00Z<").lacks("Recurrence>", "OriginalStart", "RecurrenceId")
		id := a.attr("t:ItemId", "Id")
		if a := h.post("ben", syncItems(standard, folder, "", 10)).code(ews.NoError); a.attr("t:ItemId", "Id") != id || a.changes() != "1 0 0 0" {
			t.Error(a.body)
		}
		h.post("ben", all(`<t:ItemId Id="`+id+`"/>`)).code(ews.NoError).has("<t:CalendarItemType>Single<")
		for _, other := range []string{
			`<t:ItemId Id="` + master + `"/>`, occurrence(master, "1"), occurrence(master, "2"), `<t:RecurringMasterItemId OccurrenceId="` + id + `"/>`,
		} {
			h.post("ben", all(other)).code(ews.ErrorItemNotFound)
		}
		h.post("ben", changing("AlwaysOverwrite", `<t:ItemId Id="`+id+`"/>`, set("calendar:Location", "CalendarItem", `<t:Location>Stage</t:Location>`))).code(ews.NoError)
		h.post("ben", changing("AlwaysOverwrite", `<t:ItemId Id="`+master+`"/>`, set("calendar:Location", "CalendarItem", `<t:Location>Stage</t:Location>`))).code(ews.ErrorItemNotFound)
		h.post("ben", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds><t:ItemId Id="`+id+`"/></m:ItemIds></m:DeleteItem>`).code(ews.ErrorAccessDenied)
		view := h.post("anna", findItem(whole, `<m:CalendarView StartDate="2026-03-01T00:00:00Z" EndDate="2026-05-01T00:00:00Z"/>`, named("calendar", ""))).code(ews.NoError)
		if strings.Count(view.body, "<t:Location>Stage<") != 1 || strings.Count(view.body, "<t:Location>Berlin<") != 3 {
			t.Error(view.body)
		}
	})
}

// Whatever somebody does with an item that is not granted, in a folder in which
// others are, the answer is that of an item that does not exist, byte for byte;
// what is granted tells nothing of the rest, whatever is done with it; and nothing
// is changed.
func TestGranteeOperations(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	mine, hers := h.talk("granted", 9), h.talk("hers: hidden", 11)
	h.post("anna", `<m:CreateAttachment><m:ParentItemId Id="`+hers.ID+`"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content>aGVycw==</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>`).code(ews.NoError)
	made := h.post("anna", `<m:CreateAttachment><m:ParentItemId Id="`+mine.ID+`"/><m:Attachments><t:FileAttachment><t:Name>hers: a</t:Name><t:Content>aGVycw==</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>`).code(ews.NoError)
	h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(mine.ID)}, Read: access.FieldSubject | access.FieldTime, Write: access.FieldLocation})
	granted, err := ews.ParseStoreID(mine.ID)
	h.must(err)
	hidden, err := ews.ParseStoreID(hers.ID)
	h.must(err)
	at, err := ews.ParseStoreID(made.attr("t:AttachmentId", "Id"))
	h.must(err)
	fill := func(request string, box entente.MailboxID, folder, item uint64) string {
		i, a := granted, at
		i.Mailbox, i.Folder, i.Item = box, folder, item
		a.Mailbox, a.Folder, a.Item = box, folder, item
		f := ews.StoreID{Mailbox: box, Folder: folder}
		return strings.NewReplacer(`"I"`, `"`+i.String()+`"`, `"F"`, `"`+f.String()+`"`, `"A"`, `"`+a.String()+`"`, `"K"`, `"`+mine.ChangeKey+`"`).Replace(request)
	}
	state := func() string {
		return h.post("anna", all(`<t:ItemId Id="`+mine.ID+`"/>`)).body + h.post("anna", all(`<t:ItemId Id="`+hers.ID+`"/>`)).body +
			h.post("anna", `<m:SyncFolderHierarchy><m:FolderShape>`+whole+`</m:FolderShape></m:SyncFolderHierarchy>`).body
	}
	before := state()
	inbox, err := ews.ParseStoreID(h.post("anna", getFolder(idOnly, named("inbox", ""))).attr("t:FolderId", "Id"))
	h.must(err)
	for element, requests := range strange() {
		for _, request := range requests {
			// A folder in which nothing is granted, and an item that is not granted in
			// one in which something is.
			byFolder := !strings.Contains(request, `"I"`) && !strings.Contains(request, `"A"`)
			folder := granted.Folder
			if byFolder {
				folder = inbox.Folder
			}
			real := h.post("ben", fill(request, hidden.Mailbox, folder, hidden.Item))
			absentFolder := folder
			if byFolder {
				absentFolder = 987654
			}
			absent := h.post("ben", fill(request, hidden.Mailbox, absentFolder, 987655))
			if real.body != absent.body || real.status != absent.status {
				t.Errorf("%s\nof what is hidden: %s\nwhat is not: %s", request, real.body, absent.body)
			}
			real.lacks("hers", "NoError")
			// What is granted, with everything tried on it.
			a := h.post("ben", fill(request, granted.Mailbox, granted.Folder, granted.Item))
			a.lacks("hers", "carla", "InternalServerError")
			if strings.HasPrefix(request, "<m:UpdateItem") || strings.HasPrefix(request, "<m:Create") || strings.HasPrefix(request, "<m:Delete") ||
				strings.HasPrefix(request, "<m:Move") || strings.HasPrefix(request, "<m:Copy") || strings.HasPrefix(request, "<m:Send") || strings.HasPrefix(request, "<m:Mark") {
				a.lacks("NoError")
			}
			if after := state(); after != before {
				t.Fatalf("%s (%s) changed\n%s\nto\n%s", request, element, before, after)
			}
		}
	}
}

// Synchronization tells of grants as of items that come and go.
func TestSyncGrants(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, two := h.talk("One", 9), h.talk("Two", 10)
		folder, state := named(annasCalendar, "anna"), ""
		test := func(want string) reply {
			t.Helper()
			a := h.post("ben", syncItems(standard, folder, state, 10)).code(ews.NoError).lacks("hers")
			if got := a.changes(); got != want {
				t.Errorf("changes %s, want %s: %s", got, want, a.body)
			}
			state = a.text("m:SyncState")
			return a
		}
		h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(one.ID)}, Read: access.FieldSubject})
		test("1 0 0 0").has("<t:Subject>One<")
		second := h.grantItems("ben", access.ItemGrant{Items: []access.ItemKey{h.keyOf(two.ID)}, Read: access.FieldSubject})
		test("1 0 0 0").has("<t:Subject>Two<")
		h.talk("Three", 12)
		test("0 0 0 0")
		h.post("anna", changing("AlwaysOverwrite", `<t:ItemId Id="`+one.ID+`"/>`, set("item:Subject", "CalendarItem", `<t:Subject>One more</t:Subject>`))).code(ews.NoError)
		test("0 1 0 0").has("<t:Subject>One more<")
		h.revoke(second)
		if a := test("0 0 1 0"); a.attr("t:ItemId", "Id") != two.ID {
			t.Error(a.body)
		}
		// With a right on the folder he is told of all of it, and without it anew of
		// what is granted.
		h.permit("anna", "calendar", "ben", "Reviewer")
		a := h.post("ben", syncItems(idOnly, folder, state, 10)).code(ews.NoError)
		if a.changes() != "0 0 1 0" || a.text("m:IncludesLastItemInRange") != "false" {
			t.Error(a.body)
		}
		state = a.text("m:SyncState")
		a = h.post("ben", syncItems(idOnly, folder, state, 10)).code(ews.NoError)
		state = a.text("m:SyncState")
		h.permit("anna", "calendar", "ben", "None")
		h.post("ben", syncItems(idOnly, folder, state, 10)).code(ews.ErrorInvalidSyncStateData)
		state = ""
		test("1 0 0 0")
	})
}

// BenchmarkGrantee is what a grantee of 20 items asks of a calendar of 1,000, and
// what one is asked who may read all of it.
func BenchmarkGrantee(b *testing.B) {
	h := open(b)
	h.thousand()
	ids := h.post("anna", findItem(idOnly, `<m:IndexedPageItemView MaxEntriesReturned="20" Offset="500" BasePoint="Beginning"/>`, named("drafts", "")))
	var keys []access.ItemKey
	for _, after := range strings.Split(ids.body, `<t:ItemId Id="`)[1:] {
		id, _, _ := strings.Cut(after, `"`)
		keys = append(keys, h.keyOf(id))
	}
	h.grantItems("ben", access.ItemGrant{Items: keys, Read: access.FieldSubject | access.FieldTime})
	h.permit("anna", "drafts", "carla", "Reviewer")
	for _, who := range []string{"ben", "carla"} {
		b.Run(fmt.Sprint("FindItem ", who), func(b *testing.B) {
			benchmark(b, h, who, findItem(standard, `<m:IndexedPageItemView MaxEntriesReturned="20" Offset="0" BasePoint="Beginning"/>`, named("drafts", "anna")), "NoError")
		})
		b.Run(fmt.Sprint("GetFolder ", who), func(b *testing.B) { benchmark(b, h, who, getFolder(standard, named("drafts", "anna")), "NoError") })
	}
}
