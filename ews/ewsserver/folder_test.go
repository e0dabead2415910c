package ewsserver

import (
	"strings"
	"testing"

	"entente/ews"
)

// named is a folder every mailbox has, of the caller or of somebody else.
func named(folder, of string) string {
	if of == "" {
		return `<t:DistinguishedFolderId Id="` + folder + `"/>`
	}
	return `<t:DistinguishedFolderId Id="` + folder + `"><t:Mailbox><t:EmailAddress>` + address(of) +
		`</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
}

func getFolder(shape, ids string) string {
	return `<m:GetFolder><m:FolderShape>` + shape + `</m:FolderShape><m:FolderIds>` + ids + `</m:FolderIds></m:GetFolder>`
}

const (
	idOnly   = `<t:BaseShape>IdOnly</t:BaseShape>`
	standard = `<t:BaseShape>Default</t:BaseShape>`
	whole    = `<t:BaseShape>AllProperties</t:BaseShape>`
)

func tagged(tag, typ string) string {
	return `<t:ExtendedFieldURI PropertyTag="` + tag + `" PropertyType="` + typ + `"/>`
}

func folderByID(id string) string { return `<t:FolderId Id="` + id + `"/>` }

func createFolder(parent, folders string) string {
	return `<m:CreateFolder><m:ParentFolderId>` + parent + `</m:ParentFolderId><m:Folders>` + folders + `</m:Folders></m:CreateFolder>`
}

// makeFolder makes a folder below the Inbox and returns its id.
func (h *house) makeFolder(who, name string) string {
	h.Helper()
	return h.post(who, createFolder(named("inbox", ""), `<t:Folder><t:DisplayName>`+name+`</t:DisplayName></t:Folder>`)).
		code(ews.NoError).attr("t:FolderId", "Id")
}

func TestGetFolder(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		test := func(shape, ids string, want ...string) {
			t.Helper()
			h.post("anna", getFolder(shape, ids)).has(want...)
		}
		test(standard, named("inbox", ""), "<t:Folder>", "<t:DisplayName>Inbox<", "<t:TotalCount>0<", "<t:UnreadCount>0<")
		test(standard, named("calendar", ""), "<t:CalendarFolder>", "<t:DisplayName>Calendar<")
		test(standard, named("contacts", ""), "<t:ContactsFolder>")
		test(standard, named("tasks", ""), "<t:TasksFolder>")
		test(whole, named("inbox", ""), "<t:FolderClass>IPF.Note<", "<t:DistinguishedFolderId>inbox<", "<t:ParentFolderId ",
			"<t:CreateContents>true<", "<t:ViewPrivateItems>true<")
		test(whole, named("root", ""), "<t:DisplayName>root<", "<t:DistinguishedFolderId>root<")
		test(idOnly+`<t:AdditionalProperties>`+`<t:FieldURI FieldURI="folder:PermissionSet"/>`+`</t:AdditionalProperties>`, named("calendar", ""),
			"<t:CalendarPermissionLevel>FreeBusyTimeOnly<", "<t:DistinguishedUser>Default<", "<t:ReadItems>TimeOnly<")
		// One id that is wrong does not spoil the others. Thunderbird asks so.
		test(idOnly, named("inbox", "")+named("archive", "")+named("drafts", ""), "ErrorFolderNotFound", "NoError")
	})
}

// TestDistinguishedFolderIdInAnswers: other open servers leave it out, and
// exchangelib then does not find the Inbox of a localized mailbox.
func TestDistinguishedFolderIdInAnswers(t *testing.T) {
	h := open(t)
	h.post("anna", `<m:FindFolder Traversal="Deep"><m:FolderShape>`+whole+`</m:FolderShape><m:ParentFolderIds>`+named("root", "")+
		`</m:ParentFolderIds></m:FindFolder>`).
		has("<t:DistinguishedFolderId>inbox<", "<t:DistinguishedFolderId>calendar<", "<t:DistinguishedFolderId>msgfolderroot<").
		lacks("PermissionSet")
}

// TestExtendedPropertiesOfFolders: what DavMail and Evolution ask of folders.
func TestExtendedPropertiesOfFolders(t *testing.T) {
	h := open(t)
	h.create("anna", item(ews.KindMessage, ews.FieldSubject, "one"))
	shape := idOnly + `<t:AdditionalProperties>` + tagged("0x3613", "String") + tagged("0x360a", "Boolean") + tagged("0x6752", "Integer") +
		tagged("0x6751", "Integer") + tagged("0x3008", "SystemTime") + tagged("0x3603", "Integer") + tagged("0x3602", "Integer") +
		tagged("0x670a", "SystemTime") + tagged("4340", "Boolean") + tagged("0x10f3", "String") + `</t:AdditionalProperties>`
	h.post("anna", getFolder(shape, named("drafts", ""))).code(ews.NoError).has(
		`PropertyTag="0x3613" PropertyType="String"/><t:Value>IPF.Note<`,
		`PropertyTag="0x6752" PropertyType="Integer"/><t:Value>1<`,
		`PropertyTag="0x6751" PropertyType="Integer"/><t:Value>2<`,
		`PropertyTag="0x3602" PropertyType="Integer"/><t:Value>1<`,
		`PropertyTag="4340" PropertyType="Boolean"/><t:Value>false<`,
		`PropertyTag="0x670a" PropertyType="SystemTime"/><t:Value>`)
}

func TestCreateFolder(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		h.post("anna", createFolder(named("msgfolderroot", ""),
			`<t:Folder><t:DisplayName>Projects</t:DisplayName></t:Folder>`+
				`<t:CalendarFolder><t:DisplayName>Team</t:DisplayName></t:CalendarFolder>`+
				`<t:ContactsFolder><t:DisplayName>Suppliers</t:DisplayName></t:ContactsFolder>`+
				`<t:TasksFolder><t:DisplayName>Chores</t:DisplayName></t:TasksFolder>`+
				`<t:Folder><t:DisplayName>projects</t:DisplayName></t:Folder>`)).
			has("<t:Folder><t:FolderId ", "<t:CalendarFolder><t:FolderId ", "<t:ContactsFolder><t:FolderId ", "<t:TasksFolder><t:FolderId ",
				"ErrorFolderExists")
		test := func(parent, folder string, want ews.ResponseCode) {
			t.Helper()
			h.post("anna", createFolder(parent, folder)).code(want)
		}
		root := named("msgfolderroot", "")
		test(root, `<t:CalendarFolder><t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>x</t:DisplayName></t:CalendarFolder>`, ews.ErrorNoFolderClassOverride)
		test(root, `<t:CalendarFolder><t:FolderClass>IPF.Appointment.Team</t:FolderClass><t:DisplayName>y</t:DisplayName></t:CalendarFolder>`, ews.NoError)
		test(root, `<t:Folder><t:FolderClass>IPF.Note</t:FolderClass></t:Folder>`, ews.ErrorFolderSavePropertyError)
		test(root, `<t:SearchFolder><t:DisplayName>z</t:DisplayName></t:SearchFolder>`, ews.ErrorInvalidFolderTypeForOperation)
		test(named("archiveroot", ""), `<t:Folder><t:DisplayName>z</t:DisplayName></t:Folder>`, ews.ErrorParentFolderNotFound)
		test(named("inbox", "ben"), `<t:Folder><t:DisplayName>z</t:DisplayName></t:Folder>`, ews.ErrorParentFolderNotFound)
	})
}

func updateFolder(id, updates string) string {
	return `<m:UpdateFolder><m:FolderChanges><t:FolderChange>` + id + `<t:Updates>` + updates +
		`</t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`
}

func renamed(name string) string {
	return `<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>` + name +
		`</t:DisplayName></t:Folder></t:SetFolderField>`
}

func TestUpdateFolder(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		id := h.makeFolder("anna", "Old")
		key := h.post("anna", getFolder(idOnly, folderByID(id))).attr("t:FolderId", "ChangeKey")
		h.post("anna", updateFolder(`<t:FolderId Id="`+id+`" ChangeKey="`+key+`"/>`, renamed("New"))).code(ews.NoError)
		h.post("anna", getFolder(standard, folderByID(id))).has("<t:DisplayName>New<")
		h.post("anna", updateFolder(`<t:FolderId Id="`+id+`" ChangeKey="`+key+`"/>`, renamed("Newer"))).code(ews.ErrorIrresolvableConflict)
		h.post("anna", updateFolder(named("inbox", ""), renamed("Posteingang"))).code(ews.ErrorFolderSavePropertyError)
		// Several changes to a folder are made together or not at all.
		h.post("anna", updateFolder(folderByID(id), renamed("Newest")+
			`<t:DeleteFolderField><t:FieldURI FieldURI="folder:DisplayName"/></t:DeleteFolderField>`)).code(ews.ErrorInvalidPropertyDelete)
		h.post("anna", getFolder(standard, folderByID(id))).has("<t:DisplayName>New<")

		// exchangelib's save() of a folder it has not read as a whole.
		noTable := `<t:DeleteFolderField><t:FieldURI FieldURI="folder:PermissionSet"/></t:DeleteFolderField>`
		h.post("anna", updateFolder(folderByID(id), renamed("Newer")+noTable)).code(ews.NoError)
		h.post("anna", updateFolder(named("calendar", ""), noTable)).code(ews.ErrorInvalidPropertyDelete)

		hidden := `<t:SetFolderField>` + tagged("4340", "Boolean") + `<t:Folder><t:ExtendedProperty>` + tagged("4340", "Boolean") +
			`<t:Value>true</t:Value></t:ExtendedProperty></t:Folder></t:SetFolderField>`
		h.post("anna", updateFolder(folderByID(id), hidden)).code(ews.NoError)
		h.post("anna", getFolder(idOnly+`<t:AdditionalProperties>`+tagged("4340", "Boolean")+`</t:AdditionalProperties>`, folderByID(id))).
			has("<t:Value>true<")
	})
}

// TestPermissions: Anna lets Ben see her calendar, then takes it back. What he
// sees, the store decides; here is how tables look on the wire.
func TestPermissions(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		set := func(permissions string) reply {
			t.Helper()
			return h.post("anna", updateFolder(named("calendar", ""), `<t:SetFolderField><t:FieldURI FieldURI="folder:PermissionSet"/><t:CalendarFolder>`+
				`<t:PermissionSet><t:CalendarPermissions>`+permissions+`</t:CalendarPermissions></t:PermissionSet></t:CalendarFolder></t:SetFolderField>`))
		}
		permission := func(user, level string) string {
			return `<t:CalendarPermission><t:UserId>` + user + `</t:UserId>` + level + `</t:CalendarPermission>`
		}
		ben := `<t:PrimarySmtpAddress>` + address("ben") + `</t:PrimarySmtpAddress>`
		level := func(s string) string { return `<t:CalendarPermissionLevel>` + s + `</t:CalendarPermissionLevel>` }
		hers := getFolder(whole+`<t:AdditionalProperties><t:FieldURI FieldURI="folder:PermissionSet"/></t:AdditionalProperties>`, named("calendar", "anna"))

		h.post("ben", hers).code(ews.ErrorFolderNotFound)
		set(permission(ben, level("Reviewer"))).code(ews.NoError)
		h.post("ben", hers).code(ews.NoError).
			has("<t:Read>true<", "<t:CreateContents>false<", "<t:ViewPrivateItems>false<").lacks("PermissionSet")
		h.post("anna", hers).has("<t:DisplayName>Ben Vogel<", "<t:CalendarPermissionLevel>Reviewer<", "<t:ReadItems>FullDetails<", "<t:SID>"+string(h.sids["ben"]))

		custom := `<t:CanCreateItems>true</t:CanCreateItems><t:IsFolderVisible>true</t:IsFolderVisible><t:EditItems>Owned</t:EditItems>` +
			`<t:ReadItems>TimeAndSubjectAndLocation</t:ReadItems>` + level("Custom")
		set(permission(ben, custom)).code(ews.NoError)
		h.post("anna", hers).has("<t:EditItems>Owned<", "<t:ReadItems>TimeAndSubjectAndLocation<", "<t:CalendarPermissionLevel>Custom<")

		set(permission(ben, level("Owner")) + permission(ben, level("Author"))).code(ews.ErrorDuplicateUserIdsSpecified)
		set(permission(`<t:PrimarySmtpAddress>nobody@`+domain+`</t:PrimarySmtpAddress>`, level("Owner"))).code(ews.ErrorInvalidUserInfo)
		set(permission(`<t:DistinguishedUser>Default</t:DistinguishedUser>`, level("None"))).code(ews.NoError)
		h.post("ben", hers).code(ews.ErrorFolderNotFound)
	})
}

func TestMoveCopyDeleteFolder(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		a, b := h.makeFolder("anna", "A"), h.makeFolder("anna", "B")
		into := func(op, what, to string) reply {
			t.Helper()
			return h.post("anna", `<m:`+op+`><m:ToFolderId>`+to+`</m:ToFolderId><m:FolderIds>`+what+`</m:FolderIds></m:`+op+`>`)
		}
		if id := into("MoveFolder", folderByID(a), folderByID(b)).code(ews.NoError).attr("t:FolderId", "Id"); id != a {
			t.Error("a folder that moves keeps its id")
		}
		into("MoveFolder", folderByID(b), folderByID(a)).code(ews.ErrorMoveCopyFailed)
		into("MoveFolder", named("inbox", ""), folderByID(a)).code(ews.ErrorMoveDistinguishedFolder)
		into("MoveFolder", folderByID(a), named("archiveroot", "")).code(ews.ErrorToFolderNotFound)
		c := into("CopyFolder", folderByID(b), named("msgfolderroot", "")).code(ews.NoError).attr("t:FolderId", "Id")
		h.post("anna", getFolder(standard, folderByID(c))).has("<t:ChildFolderCount>1<")

		remove := func(how, what string) reply {
			return h.post("anna", `<m:DeleteFolder DeleteType="`+how+`"><m:FolderIds>`+what+`</m:FolderIds></m:DeleteFolder>`)
		}
		remove("HardDelete", folderByID(c)).code(ews.NoError)
		h.post("anna", getFolder(standard, folderByID(c))).code(ews.ErrorFolderNotFound)
		remove("MoveToDeletedItems", folderByID(b)).code(ews.NoError)
		h.post("anna", getFolder(standard, named("deleteditems", ""))).has("<t:ChildFolderCount>1<")
		remove("SoftDelete", named("inbox", "")).code(ews.ErrorDeleteDistinguishedFolder)
		remove("HardDelete", folderByID("DUMMY")).code(ews.ErrorInvalidIdMalformed)
	})
}

func TestEmptyFolderAndMarkAllRead(t *testing.T) {
	h := open(t)
	h.create("anna", item(ews.KindMessage, ews.FieldSubject, "one"), item(ews.KindMessage, ews.FieldSubject, "two"))
	mark := func(read string) reply {
		return h.post("anna", `<m:MarkAllItemsAsRead><m:ReadFlag>`+read+`</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts><m:FolderIds>`+
			named("drafts", "")+`</m:FolderIds></m:MarkAllItemsAsRead>`)
	}
	mark("false").code(ews.NoError)
	h.post("anna", getFolder(standard, named("drafts", ""))).has("<t:TotalCount>2<", "<t:UnreadCount>2<")
	mark("true").code(ews.NoError)
	h.post("anna", getFolder(standard, named("drafts", ""))).has("<t:UnreadCount>0<")
	empty := func(folder string) reply {
		return h.post("anna", `<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="false"><m:FolderIds>`+named(folder, "")+`</m:FolderIds></m:EmptyFolder>`)
	}
	empty("drafts").code(ews.NoError)
	h.post("anna", getFolder(standard, named("drafts", ""))).has("<t:TotalCount>0<")
	empty("calendar").code(ews.ErrorCannotEmptyFolder)
}

func TestFindFolder(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		for _, name := range []string{"Alpha", "Beta", "Gamma"} {
			h.makeFolder("anna", name)
		}
		find := func(traversal, view, restriction string) reply {
			t.Helper()
			return h.post("anna", `<m:FindFolder Traversal="`+traversal+`"><m:FolderShape>`+standard+`</m:FolderShape>`+view+restriction+
				`<m:ParentFolderIds>`+named("inbox", "")+`</m:ParentFolderIds></m:FindFolder>`)
		}
		find("Shallow", "", "").has(`TotalItemsInView="3"`, `IncludesLastItemInRange="true"`, ">Alpha<", ">Gamma<")
		find("Shallow", `<m:IndexedPageFolderView MaxEntriesReturned="1" Offset="1" BasePoint="Beginning"/>`, "").
			has(`IndexedPagingOffset="2"`, `IncludesLastItemInRange="false"`, ">Beta<").lacks(">Alpha<", ">Gamma<")
		find("Shallow", `<m:FractionalPageFolderView MaxEntriesReturned="5" Numerator="2" Denominator="3"/>`, "").
			has(`NumeratorOffset="3" AbsoluteDenominator="3"`, ">Gamma<").lacks(">Beta<")
		find("Shallow", `<m:IndexedPageFolderView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"/>`, "").fault(ews.ErrorInvalidPagingMaxRows)
		find("Shallow", `<m:FractionalPageFolderView Numerator="1" Denominator="0"/>`, "").fault(ews.ErrorInvalidFractionalPagingParameters)
		find("Deep", "", `<m:Restriction><t:Contains ContainmentMode="Prefixed" ContainmentComparison="IgnoreCase">`+
			`<t:FieldURI FieldURI="folder:DisplayName"/><t:Constant Value="be"/></t:Contains></m:Restriction>`).has(`TotalItemsInView="1"`, ">Beta<")
		find("Shallow", "", `<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="folder:EffectiveRights"/>`+
			`<t:FieldURIOrConstant><t:Constant Value="1"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`).code(ews.ErrorUnsupportedPathForQuery)
		find("SoftDeleted", "", "").has(`TotalItemsInView="0"`)
		if n := strings.Count(find("Shallow", "", "").body, "<t:Folder>"); n != 3 {
			t.Errorf("%d folders", n)
		}
	})
}
