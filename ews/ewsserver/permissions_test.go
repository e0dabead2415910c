package ewsserver

import (
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/ews"
)

const permissionSet = idOnly + `<t:AdditionalProperties><t:FieldURI FieldURI="folder:PermissionSet"/></t:AdditionalProperties>`

// setTable replaces the permission table of a folder by entries of its kind.
func setTable(folder, kind, entries string) string {
	wrap := "Permissions"
	if kind == "CalendarFolder" {
		wrap = "CalendarPermissions"
	}
	return updateFolder(folder, `<t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/><t:`+kind+`><t:PermissionSet><t:`+wrap+`>`+entries+
		`</t:`+wrap+`></t:PermissionSet></t:`+kind+`></t:SetFolderField>`)
}

func user(alias string) string {
	return `<t:UserId><t:PrimarySmtpAddress>` + address(alias) + `</t:PrimarySmtpAddress></t:UserId>`
}

// bits spells out rights: create, subfolders, owner, visible, contact as letters,
// then what may be edited, deleted and read. [MS-OXWSFOLD] 2.2.4.13
func bits(letters, edit, remove, read string) string {
	yes := func(letter string) string { return fmt.Sprint(strings.Contains(letters, letter)) }
	return `<t:CanCreateItems>` + yes("c") + `</t:CanCreateItems><t:CanCreateSubFolders>` + yes("s") + `</t:CanCreateSubFolders><t:IsFolderOwner>` + yes("o") +
		`</t:IsFolderOwner><t:IsFolderVisible>` + yes("v") + `</t:IsFolderVisible><t:IsFolderContact>` + yes("k") + `</t:IsFolderContact><t:EditItems>` + edit +
		`</t:EditItems><t:DeleteItems>` + remove + `</t:DeleteItems><t:ReadItems>` + read + `</t:ReadItems>`
}

// levelTable is every level with what it means. [MS-OXWSFOLD] 2.2.5.4, 2.2.5.1
var levelTable = []struct {
	level                       string
	letters, edit, remove, read string
	calendar                    bool // in calendars only
}{
	{level: "None", edit: "None", remove: "None", read: "None"},
	{level: "Owner", letters: "csovk", edit: "All", remove: "All", read: "FullDetails"},
	{level: "PublishingEditor", letters: "csv", edit: "All", remove: "All", read: "FullDetails"},
	{level: "Editor", letters: "cv", edit: "All", remove: "All", read: "FullDetails"},
	{level: "PublishingAuthor", letters: "csv", edit: "Owned", remove: "Owned", read: "FullDetails"},
	{level: "Author", letters: "cv", edit: "Owned", remove: "Owned", read: "FullDetails"},
	{level: "NoneditingAuthor", letters: "cv", edit: "None", remove: "Owned", read: "FullDetails"},
	{level: "Reviewer", letters: "v", edit: "None", remove: "None", read: "FullDetails"},
	{level: "Contributor", letters: "cv", edit: "None", remove: "None", read: "None"},
	{level: "FreeBusyTimeOnly", edit: "None", remove: "None", read: "TimeOnly", calendar: true},
	{level: "FreeBusyTimeAndSubjectAndLocation", edit: "None", remove: "None", read: "TimeAndSubjectAndLocation", calendar: true},
}

// Every level is set by its name and read back with all it means; said bit by
// bit, as Custom, it is read back by its name.
func TestPermissionLevels(t *testing.T) {
	h := open(t)
	for _, l := range levelTable {
		for _, kind := range []string{"Folder", "CalendarFolder"} {
			folder, entry, name := "inbox", "Permission", "PermissionLevel"
			if kind == "CalendarFolder" {
				folder, entry, name = "calendar", "CalendarPermission", "CalendarPermissionLevel"
			} else if l.calendar {
				continue
			}
			level := func(s string) string { return `<t:` + name + `>` + s + `</t:` + name + `>` }
			want := bits(l.letters, l.edit, l.remove, l.read) + level(l.level)
			for _, said := range []string{level(l.level), bits(l.letters, l.edit, l.remove, l.read) + level("Custom")} {
				h.post("anna", setTable(named(folder, ""), kind, `<t:`+entry+`>`+user("ben")+said+`</t:`+entry+`>`)).code(ews.NoError)
				h.post("anna", getFolder(permissionSet, named(folder, ""))).has(want)
			}
		}
	}
	// What has no name is Custom; a contact more or less makes None and Owner no
	// other, and every other level.
	shown := func(letters, edit, remove, read, want string) {
		t.Helper()
		h.post("anna", setTable(named("inbox", ""), "Folder", `<t:Permission>`+user("ben")+bits(letters, edit, remove, read)+`<t:PermissionLevel>Custom</t:PermissionLevel></t:Permission>`)).code(ews.NoError)
		h.post("anna", getFolder(permissionSet, named("inbox", ""))).has(bits(letters, edit, remove, read) + `<t:PermissionLevel>` + want + `<`)
	}
	shown("v", "None", "None", "None", "None")
	shown("vk", "None", "None", "None", "None")
	shown("csov", "All", "All", "FullDetails", "Owner")
	shown("cvk", "All", "All", "FullDetails", "Custom")
	shown("v", "All", "None", "FullDetails", "Custom")
	shown("o", "None", "None", "None", "Custom")
}

// What a table cannot say, or not of this folder, changes nothing.
func TestPermissionErrors(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const editor, calendarEditor = `<t:PermissionLevel>Editor</t:PermissionLevel>`, `<t:CalendarPermissionLevel>Editor</t:CalendarPermissionLevel>`
		entry := func(who, content string) string { return `<t:Permission>` + who + content + `</t:Permission>` }
		calendarEntry := func(who, content string) string {
			return `<t:CalendarPermission>` + who + content + `</t:CalendarPermission>`
		}
		inbox, calendar := named("inbox", ""), named("calendar", "")
		before := h.post("anna", getFolder(permissionSet, inbox+calendar)).body
		test := func(request string, want ews.ResponseCode) {
			t.Helper()
			h.post("anna", request).code(want)
			if after := h.post("anna", getFolder(permissionSet, inbox+calendar)).body; after != before {
				t.Fatalf("%s changed\n%s\nto\n%s", request, before, after)
			}
		}
		// A level says it all: not one right stands beside it, be it the same.
		for _, bit := range []string{
			`<t:CanCreateItems>true</t:CanCreateItems>`, `<t:CanCreateSubFolders>false</t:CanCreateSubFolders>`, `<t:IsFolderOwner>false</t:IsFolderOwner>`,
			`<t:IsFolderVisible>true</t:IsFolderVisible>`, `<t:IsFolderContact>true</t:IsFolderContact>`, `<t:EditItems>All</t:EditItems>`,
			`<t:DeleteItems>None</t:DeleteItems>`, `<t:ReadItems>FullDetails</t:ReadItems>`,
		} {
			test(setTable(inbox, "Folder", entry(user("ben"), bit+editor)), ews.ErrorInvalidPermissionSettings)
			test(setTable(calendar, "CalendarFolder", calendarEntry(user("ben"), bit+calendarEditor)), ews.ErrorInvalidPermissionSettings)
		}
		sid := `<t:UserId><t:SID>` + string(h.sids["ben"]) + `</t:SID></t:UserId>`
		test(setTable(inbox, "Folder", entry(user("ben"), editor)+entry(sid, editor)), ews.ErrorDuplicateUserIdsSpecified)
		everyone := `<t:UserId><t:DistinguishedUser>Default</t:DistinguishedUser></t:UserId>`
		test(setTable(inbox, "Folder", entry(everyone, editor)+entry(everyone, editor)), ews.ErrorDuplicateUserIdsSpecified)
		test(setTable(inbox, "Folder", entry(user("nobody"), editor)), ews.ErrorInvalidUserInfo)
		test(setTable(inbox, "Folder", entry(`<t:UserId/>`, editor)), ews.ErrorInvalidUserInfo)
		test(setTable(inbox, "Folder", entry(`<t:UserId><t:SID>S-1-5-21-1-2-3-4</t:SID></t:UserId>`, editor)), ews.ErrorInvalidUserInfo)
		test(setTable(inbox, "Folder", entry(`<t:UserId><t:SID>`+string(h.sids["carla"])+`</t:SID><t:PrimarySmtpAddress>`+address("ben")+`</t:PrimarySmtpAddress></t:UserId>`, editor)), ews.ErrorInvalidUserInfo)
		// The table of a calendar, and that of another folder.
		test(setTable(inbox, "CalendarFolder", calendarEntry(user("ben"), calendarEditor)), ews.ErrorCannotSetCalendarPermissionOnNonCalendarFolder)
		test(setTable(calendar, "Folder", entry(user("ben"), editor)), ews.ErrorCannotSetNonCalendarPermissionOnCalendarFolder)
		unknown := `<t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/><t:Folder><t:PermissionSet><t:Permissions/><t:UnknownEntries><t:UnknownEntry>x</t:UnknownEntry></t:UnknownEntries></t:PermissionSet></t:Folder></t:SetFolderField>`
		test(updateFolder(inbox, unknown), ews.ErrorCannotSetPermissionUnknownEntries)
		// All changes to a folder are made together: not the name without the table.
		made := folderByID(h.makeFolder("anna", "Old"))
		twice := strings.Replace(setTable(made, "Folder", entry(user("ben"), editor)+entry(sid, editor)), `<t:Updates>`, `<t:Updates>`+renamed("New"), 1)
		h.post("anna", twice).code(ews.ErrorDuplicateUserIdsSpecified)
		h.post("anna", getFolder(standard, made)).has("<t:DisplayName>Old<")
		// A folder is made with its table, or not at all.
		with := func(kind, more, entries string) string {
			return createFolder(named("msgfolderroot", ""), `<t:`+kind+`>`+more+`<t:DisplayName>Made</t:DisplayName><t:PermissionSet>`+entries+`</t:PermissionSet></t:`+kind+`>`)
		}
		h.post("anna", with("Folder", "", `<t:Permissions>`+entry(user("ben"), editor)+entry(user("ben"), editor)+`</t:Permissions>`)).code(ews.ErrorDuplicateUserIdsSpecified)
		h.post("anna", with("Folder", `<t:FolderClass>IPF.Appointment</t:FolderClass>`, `<t:Permissions>`+entry(user("ben"), editor)+`</t:Permissions>`)).
			code(ews.ErrorCannotSetNonCalendarPermissionOnCalendarFolder)
		id := h.post("anna", with("CalendarFolder", "", `<t:CalendarPermissions>`+calendarEntry(user("ben"), calendarEditor)+`</t:CalendarPermissions>`)).
			code(ews.NoError).attr("t:FolderId", "Id")
		h.post("anna", getFolder(permissionSet, folderByID(id))).has("<t:CalendarPermissionLevel>Editor<", address("ben"))
	})
}

// The table is for those who own the folder. Who asks for it and does not is
// answered all the rest, for clients ask for all they know. And what a folder is
// given does not open those in it that were there before.
func TestTableIsTheOwners(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		top := h.makeFolder("anna", "Top")
		sub := h.post("anna", createFolder(folderByID(top), `<t:Folder><t:DisplayName>Sub</t:DisplayName></t:Folder>`)).attr("t:FolderId", "Id")
		entry := func(who, level string) string {
			return `<t:Permission>` + who + `<t:PermissionLevel>` + level + `</t:PermissionLevel></t:Permission>`
		}
		h.post("anna", setTable(folderByID(top), "Folder", entry(user("ben"), "Editor")+entry(user("carla"), "Owner"))).code(ews.NoError)
		all := whole + `<t:AdditionalProperties><t:FieldURI FieldURI="folder:PermissionSet"/><t:FieldURI FieldURI="folder:EffectiveRights"/></t:AdditionalProperties>`
		h.post("ben", getFolder(all, folderByID(top))).code(ews.NoError).has("<t:DisplayName>Top<", "<t:Modify>false<").lacks("PermissionSet")
		h.post("carla", getFolder(all, folderByID(top))).code(ews.NoError).has("<t:PermissionSet>", address("ben"))
		h.post("ben", setTable(folderByID(top), "Folder", entry(user("ben"), "Owner"))).code(ews.ErrorAccessDenied)
		h.post("ben", getFolder(standard, folderByID(sub))).code(ews.ErrorFolderNotFound)
		h.post("ben", getFolder(standard, folderByID(top))).has("<t:ChildFolderCount>0<")
		// One made now takes after the folder it is made in.
		later := h.post("anna", createFolder(folderByID(top), `<t:Folder><t:DisplayName>Later</t:DisplayName></t:Folder>`)).attr("t:FolderId", "Id")
		h.post("ben", getFolder(standard, folderByID(later))).code(ews.NoError)
	})
}

// Groups, Default and Anonymous stand in a table as accounts do, and are read
// back as what they are.
func TestTableOfGroups(t *testing.T) {
	h := open(t)
	var sales entente.SID
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		g := directory.Group{Group: access.Group{Name: "Sales", Mail: entente.SMTPAddress(address("sales"))}}
		if err := c.CreateGroup(&g); err != nil {
			return err
		}
		sales = g.SID
		return c.AddMember(g.SID, h.sids["ben"])
	}))
	id := h.makeFolder("anna", "Deals")
	entry := func(who, level string) string {
		return `<t:Permission>` + who + `<t:PermissionLevel>` + level + `</t:PermissionLevel></t:Permission>`
	}
	special := func(who string) string {
		return `<t:UserId><t:DistinguishedUser>` + who + `</t:DistinguishedUser></t:UserId>`
	}
	h.post("anna", setTable(folderByID(id), "Folder", entry(special("Default"), "Contributor")+entry(special("Anonymous"), "None")+entry(user("sales"), "Reviewer"))).code(ews.NoError)
	h.post("anna", getFolder(permissionSet, folderByID(id))).has(`<t:SID>`+string(sales)+`<`, `<t:DisplayName>Sales<`,
		`<t:DistinguishedUser>Default<`, `<t:DistinguishedUser>Anonymous<`, `<t:PermissionLevel>Reviewer<`, `<t:PermissionLevel>Contributor<`)
	find := func(who string) reply {
		return h.post(who, `<m:FindItem Traversal="Shallow"><m:ItemShape>`+idOnly+`</m:ItemShape><m:ParentFolderIds>`+folderByID(id)+`</m:ParentFolderIds></m:FindItem>`)
	}
	find("ben").code(ews.NoError)
	find("carla").code(ews.ErrorAccessDenied) // Contributor: visible, not readable
}

// People of other organizations stand in a table by their address, as far as the
// owner's sharing policy lets them; each way in which it does not has its code.
func TestTableOfExternals(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		calendar := named("calendar", "")
		external := func(who, level string) string {
			return setTable(calendar, "CalendarFolder", `<t:CalendarPermission><t:UserId>`+who+`</t:UserId><t:CalendarPermissionLevel>`+level+`</t:CalendarPermissionLevel></t:CalendarPermission>`)
		}
		const byAddress, byIdentity = `<t:PrimarySmtpAddress>dana@fabrikam.example</t:PrimarySmtpAddress>`, `<t:ExternalUserIdentity>Dana@fabrikam.example</t:ExternalUserIdentity>`
		policy := func(rules ...access.SharingRule) {
			h.must(h.door.Directory.Update(t.Context(), func(c *directory.Change) error {
				p := access.SharingPolicy{Name: "Default Sharing Policy", Enabled: true, Default: true, Rules: rules}
				if _, err := c.SharingPolicy(p.Name); err == nil {
					return c.SetSharingPolicy(p.Name, func(x *access.SharingPolicy) error { *x = p; return nil })
				}
				return c.CreateSharingPolicy(p)
			}))
		}
		h.post("anna", external(byAddress, "FreeBusyTimeOnly")).code(ews.ErrorNotAllowedExternalSharingByPolicy)
		policy(access.SharingRule{Domain: "litware.example", Actions: access.CalendarSharingFreeBusyReviewer})
		h.post("anna", external(byAddress, "FreeBusyTimeOnly")).code(ews.ErrorUserNotAllowedByPolicy)
		policy(access.SharingRule{Domain: "fabrikam.example", Actions: access.CalendarSharingFreeBusyDetail})
		h.post("anna", external(byIdentity, "Reviewer")).code(ews.ErrorPermissionNotAllowedByPolicy)
		for _, who := range []string{byAddress, byIdentity, byAddress + `<t:DisplayName>Dana</t:DisplayName>` + byIdentity} {
			h.post("anna", external(who, "FreeBusyTimeAndSubjectAndLocation")).code(ews.NoError)
			h.post("anna", getFolder(permissionSet, calendar)).has(
				byAddress+`<t:DisplayName>dana@fabrikam.example</t:DisplayName><t:ExternalUserIdentity>dana@fabrikam.example</t:ExternalUserIdentity>`,
				`>FreeBusyTimeAndSubjectAndLocation<`)
		}
		// Of this organization are those alone who have an account or a group.
		h.post("anna", external(`<t:ExternalUserIdentity>nobody@`+strings.SplitN(address("ben"), "@", 2)[1]+`</t:ExternalUserIdentity>`, "FreeBusyTimeOnly")).code(ews.ErrorInvalidUserInfo)
		h.post("anna", external(`<t:SID>S-1-5-21-1-2-3-4</t:SID>`+byIdentity, "FreeBusyTimeOnly")).code(ews.ErrorInvalidUserInfo)
	})
}
