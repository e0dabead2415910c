package ewsserver

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// A shared is a folder of Anna's with an item of hers, one of Ben's and a
// private one, and somebody else's rights in it.
type shared struct {
	*house
	id                 string // of the folder
	folder             mailbox.FolderID
	hers, his, private *ews.ItemID
}

func (h *house) shareFolder(name string) *shared {
	h.Helper()
	s := &shared{house: h, id: h.makeFolder("anna", name)}
	store, err := ews.ParseStoreID(s.id)
	h.must(err)
	s.folder = mailbox.FolderID(store.Folder)
	s.table([]access.Entry{{SID: h.sids["ben"], Rights: access.LevelOwner}})
	s.hers, s.private, s.his = s.item("anna", ""), s.item("anna", `<t:Sensitivity>Private</t:Sensitivity>`), s.item("ben", "")
	return s
}

// item makes an item in the folder.
func (s *shared) item(who, more string) *ews.ItemID {
	s.Helper()
	a := s.post(who, s.creating(more)).code(ews.NoError)
	return &ews.ItemID{ID: a.attr("t:ItemId", "Id"), ChangeKey: a.attr("t:ItemId", "ChangeKey")}
}

func (s *shared) creating(more string) string {
	return `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>` + folderByID(s.id) + `</m:SavedItemFolderId><m:Items><t:Message>` + more +
		`</t:Message></m:Items></m:CreateItem>`
}

func (s *shared) table(entries []access.Entry) {
	s.Helper()
	_, err := s.owner("anna").SetPermissions(s.Context(), s.folder, entries)
	s.must(err)
}

// done reports whether a request was carried out. What it was refused for, if
// it was, must be one of what is missing or not allowed.
func (s *shared) done(what, request string) bool {
	s.Helper()
	a := s.post("ben", request)
	_, after, _ := strings.Cut(a.body, "<m:ResponseCode>")
	code, _, _ := strings.Cut(after, "<")
	switch ews.ResponseCode(code) {
	case ews.NoError:
		return true
	case ews.ErrorAccessDenied, ews.ErrorItemNotFound, ews.ErrorFolderNotFound, ews.ErrorParentFolderNotFound,
		ews.ErrorCreateItemAccessDenied, ews.ErrorCreateSubfolderAccessDenied:
		return false
	}
	s.Fatalf("%s: status %d, %s", what, a.status, a.body)
	return false
}

// TestEffectiveRights: what a folder and its items say that somebody may do is
// what he is then allowed to do, no more and no less, for any table.
func TestEffectiveRights(t *testing.T) {
	h := open(t)
	var sales entente.SID
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		g := directory.Group{Group: access.Group{Name: "Sales", Mail: entente.SMTPAddress(address("sales"))}}
		err := c.CreateGroup(&g)
		sales = g.SID
		if err == nil {
			err = c.AddMember(g.SID, h.sids["ben"])
		}
		return err
	}))
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		s := h.shareFolder(fmt.Sprintf("Shared %d", n))
		var entries []access.Entry
		for _, e := range []access.Entry{{SID: h.sids["ben"]}, {SID: sales}, {Who: access.Default}, {Who: access.Anonymous}, {SID: h.sids["carla"]}} {
			if rapid.Bool().Draw(rt, "stands in the table") {
				e.Rights = drawRights(rt)
				entries = append(entries, e)
			}
		}
		s.table(entries)
		private := access.Rights(0)
		if rapid.Bool().Draw(rt, "sees private items") {
			private = access.ReadPrivate
		}
		h.entitle("anna", "ben", private)
		s.check(rt)
	})
}

// drawRights draws a level, or any rights.
func drawRights(t *rapid.T) access.Rights {
	if rapid.Bool().Draw(t, "a level") {
		return rapid.SampledFrom(levels[:]).Draw(t, "level").rights
	}
	return access.Rights(rapid.Uint64Range(0, uint64(access.FolderRights)).Draw(t, "rights")) & access.FolderRights
}

// check tries everything that the folder and its items speak of.
func (s *shared) check(rt *rapid.T) {
	folder := s.post("ben", getFolder(whole, folderByID(s.id)))
	says := func(a reply, right string) bool { return strings.Contains(a.body, `<t:`+right+`>true<`) }
	agree := func(a reply, right, what, request string) {
		if said, done := says(a, right), s.done(what, request); said != done {
			rt.Fatalf("%s: %s says %v, and it was done: %v\n%s", what, right, said, done, a.body)
		}
	}
	// Of a folder, or an item, that is not there for him nothing is said; then
	// nothing may be done, either.
	change := func(id *ews.ItemID) string {
		return changing("AlwaysOverwrite", `<t:ItemId Id="`+id.ID+`"/>`, set("item:Subject", "Message", `<t:Subject>changed</t:Subject>`))
	}
	remove := func(id *ews.ItemID) string {
		return `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="` + id.ID + `"/></m:ItemIds></m:DeleteItem>`
	}
	get := func(id *ews.ItemID) string { return all(`<t:ItemId Id="` + id.ID + `"/>`) }
	agree(folder, "Read", "FindItem", `<m:FindItem Traversal="Shallow"><m:ItemShape>`+idOnly+`</m:ItemShape><m:ParentFolderIds>`+folderByID(s.id)+`</m:ParentFolderIds></m:FindItem>`)
	agree(folder, "Read", "GetItem", get(s.hers))
	agree(folder, "ViewPrivateItems", "GetItem of a private one", get(s.private))
	for _, id := range []*ews.ItemID{s.hers, s.his, s.private} {
		item := s.post("ben", get(id))
		agree(item, "Modify", "UpdateItem", change(id))
		agree(item, "Delete", "DeleteItem", remove(id))
	}
	agree(folder, "CreateContents", "CreateItem", s.creating(""))
	agree(folder, "CreateAssociated", "CreateItem of an associated one", s.creating(`<t:IsAssociated>true</t:IsAssociated>`))
	agree(folder, "CreateHierarchy", "CreateFolder", createFolder(folderByID(s.id), `<t:Folder><t:DisplayName>Sub</t:DisplayName></t:Folder>`))
	agree(folder, "Modify", "UpdateFolder", updateFolder(folderByID(s.id), renamed(fmt.Sprintf("Renamed %d", s.folder))))
	if !says(folder, "CreateHierarchy") { // one in it that is his alone would go with it
		agree(folder, "Delete", "DeleteFolder", `<m:DeleteFolder DeleteType="MoveToDeletedItems"><m:FolderIds>`+folderByID(s.id)+`</m:FolderIds></m:DeleteFolder>`)
	}
}
