package ewsserver

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"entente/ews"
)

func syncItems(shape, folder, state string, limit int) string {
	if state != "" {
		state = `<m:SyncState>` + state + `</m:SyncState>`
	}
	return `<m:SyncFolderItems><m:ItemShape>` + shape + `</m:ItemShape><m:SyncFolderId>` + folder + `</m:SyncFolderId>` + state +
		fmt.Sprintf(`<m:MaxChangesReturned>%d</m:MaxChangesReturned></m:SyncFolderItems>`, limit)
}

func syncFolders(state string) string {
	if state != "" {
		state = `<m:SyncState>` + state + `</m:SyncState>`
	}
	return `<m:SyncFolderHierarchy><m:FolderShape>` + idOnly + `</m:FolderShape>` + state + `</m:SyncFolderHierarchy>`
}

// changes counts the changes of an answer: created, updated, deleted, read.
func (a reply) changes() string {
	n := func(element string) int { return strings.Count(a.body, "<t:"+element+">") }
	return fmt.Sprintf("%d %d %d %d", n("Create"), n("Update"), n("Delete"), n("ReadFlagChange"))
}

func TestSyncFolderItems(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		h.mails()
		drafts, state := named("drafts", ""), ""
		test := func(shape string, limit int, want, last string) reply {
			t.Helper()
			a := h.post("anna", syncItems(shape, drafts, state, limit)).code(ews.NoError)
			if got := a.changes(); got != want {
				t.Errorf("changes %s, want %s", got, want)
			}
			a.has("<m:IncludesLastItemInRange>" + last + "<")
			state = a.text("m:SyncState")
			return a
		}
		first := test(idOnly, 3, "3 0 0 0", "false").lacks("Subject")
		test(standard, 3, "1 0 0 0", "true").has("<t:Subject>date<")
		test(standard, 3, "0 0 0 0", "true")

		id, key := first.attr("t:ItemId", "Id"), first.attr("t:ItemId", "ChangeKey")
		update := func(field, value string) {
			t.Helper()
			h.post("anna", `<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange><t:ItemId Id="`+
				id+`" ChangeKey="`+key+`"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="`+field+`"/><t:Message>`+value+
				`</t:Message></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`).code(ews.NoError)
		}
		update("message:IsRead", "<t:IsRead>true</t:IsRead>")
		before := state
		test(idOnly, 10, "0 0 0 1", "true").has("<t:IsRead>true<")
		// The schema of Exchange 2007 has no such change.
		state, h.header = before, `<t:RequestServerVersion Version="Exchange2007_SP1"/>`
		test(idOnly, 10, "0 1 0 0", "true")
		h.header = ""

		update("item:Subject", "<t:Subject>avocado</t:Subject>")
		test(standard, 10, "0 1 0 0", "true").has("avocado")
		h.post("anna", `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="`+id+`"/></m:ItemIds></m:DeleteItem>`).code(ews.NoError)
		if a := test(standard, 10, "0 0 1 0", "true"); a.attr("t:ItemId", "Id") != id {
			t.Error("another item was deleted")
		}
	})
}

// TestSyncIgnore: what a client made itself it need not be told of.
func TestSyncIgnore(t *testing.T) {
	h := open(t)
	h.mails()
	id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "mine"))[0]
	req := strings.Replace(syncItems(standard, named("drafts", ""), "", 100), "<m:MaxChanges", `<m:Ignore><t:ItemId Id="`+id.ID+`"/></m:Ignore><m:MaxChanges`, 1)
	if got := h.post("anna", req).code(ews.NoError).lacks("mine").changes(); got != "4 0 0 0" {
		t.Error(got)
	}
}

func TestBadSyncState(t *testing.T) {
	h := open(t)
	h.mails()
	state := h.post("anna", syncItems(idOnly, named("drafts", ""), "", 2)).text("m:SyncState")
	bad := func(who, request string) {
		t.Helper()
		h.post(who, request).code(ews.ErrorInvalidSyncStateData)
	}
	drafts := named("drafts", "")
	bad("anna", syncItems(idOnly, drafts, "AAAA", 2))
	bad("anna", syncItems(idOnly, drafts, "no base64!", 2))
	bad("anna", syncItems(idOnly, named("inbox", ""), state, 2))
	bad("ben", syncItems(idOnly, drafts, state, 2))
	bad("anna", syncFolders(state))
	raw, err := base64.StdEncoding.DecodeString(state)
	h.must(err)
	for i := range raw {
		raw[i] ^= 0x10
		bad("anna", syncItems(idOnly, drafts, base64.StdEncoding.EncodeToString(raw), 2))
		raw[i] ^= 0x10
	}
	bad("anna", strings.Replace(syncItems(idOnly, drafts, state, 2), "</m:MaxChangesReturned>", "</m:MaxChangesReturned><m:SyncScope>NormalAndAssociatedItems</m:SyncScope>", 1))
	h.post("anna", syncItems(idOnly, drafts, "", 0)).fault(ews.ErrorSchemaValidation)
	h.post("anna", syncItems(idOnly, drafts, "", 513)).fault(ews.ErrorSchemaValidation)
	h.post("anna", syncItems(idOnly, named("archive", ""), "", 10)).code(ews.ErrorSyncFolderNotFound)
}

func TestSyncFolderHierarchy(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		state := ""
		test := func(want string) reply {
			t.Helper()
			a := h.post("anna", syncFolders(state)).code(ews.NoError).has("<m:IncludesLastFolderInRange>true<")
			if got := a.changes(); want != "" && got != want {
				t.Errorf("changes %s, want %s", got, want)
			}
			state = a.text("m:SyncState")
			return a
		}
		test("").has("<t:CalendarFolder>", "<t:ContactsFolder>", "<t:TasksFolder>")
		test("0 0 0 0")
		id := h.makeFolder("anna", "New")
		test("1 0 0 0")
		h.post("anna", updateFolder(folderByID(id), renamed("Newer"))).code(ews.NoError)
		test("0 1 0 0")
		h.post("anna", `<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>`+folderByID(id)+`</m:FolderIds></m:DeleteFolder>`).code(ews.NoError)
		if a := test("0 0 1 0"); a.attr("t:FolderId", "Id") != id {
			t.Error("another folder was deleted")
		}
	})
}

// TestSyncPages: whatever is read together, every item comes once, and in
// order, also when some go between two pages.
func TestSyncPages(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		var list []ews.Item
		for n := range 40 {
			list = append(list, item(ews.KindMessage, ews.FieldSubject, fmt.Sprintf("m%02d", n)))
		}
		ids := h.create("anna", list...)
		drop := func(n int) {
			h.post("anna", `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="`+ids[n].ID+`"/></m:ItemIds></m:DeleteItem>`).code(ews.NoError)
		}
		drop(3)
		state, got := "", []string{}
		for page := 0; page < 10; page++ {
			a := h.post("anna", syncItems(standard, named("drafts", ""), state, 15)).code(ews.NoError)
			got = append(got, strings.Fields(a.found())...)
			if a.text("m:IncludesLastItemInRange") == "true" {
				break
			}
			state = a.text("m:SyncState")
			if page == 0 {
				drop(20)
				drop(39)
			}
		}
		var want []string
		for n := range 40 {
			if n != 3 && n != 20 && n != 39 {
				want = append(want, fmt.Sprintf("m%02d", n))
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got %v", got)
		}
	})
}
