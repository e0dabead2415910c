package server

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente/admin"
)

// codesOf are the codes of an answer's messages, in order.
func codesOf(body string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`<m:ResponseCode>([A-Za-z]+)<`).FindAllStringSubmatch(body, -1) {
		all = append(all, m[1])
	}
	return all
}

// manager is somebody at node a with full access to Anna's mailbox there and
// Ben's at b, and an item of each, by subject.
func (c *cluster) manager(subjects ...string) (anna, ben []string) {
	c.Helper()
	c.person("anna", "a")
	c.person("ben", "b")
	c.person("max", "a")
	for _, who := range []string{"anna", "ben"} {
		must(c.api(c.nodes["a"]).GrantPermission(c.Context(), admin.GrantPermission{AccountName: admin.AccountName{Account: who + "@contoso.example"}, To: "max@contoso.example", Rights: []string{"full-access"}}))
	}
	c.live()
	draft := func(who, subject string) string {
		body := strings.Replace(createMessage("max", subject, "SaveOnly"), "<m:Items>", `<m:SavedItemFolderId>`+inboxOf(who)+`</m:SavedItemFolderId><m:Items>`, 1)
		return ids(c.did("a", "max", body).body)[0]
	}
	for _, s := range subjects {
		anna, ben = append(anna, draft("anna", s)), append(ben, draft("ben", s))
	}
	return anna, ben
}

func itemIDs(items ...string) string {
	s := ""
	for _, i := range items {
		s += `<t:ItemId ` + i + `/>`
	}
	return s
}

// A request with parts at several nodes is done part by part, with one answer in
// its order; what can only be done in one place is refused where it is not.
func TestPartsElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	anna, ben := c.manager("One", "Two")
	count := func(who, subject string) int {
		t.Helper()
		return strings.Count(c.did("b", "max", findIn(who)).body, "<t:Subject>"+subject+"</t:Subject>")
	}
	test := func(what, body string, want ...string) *reply {
		t.Helper()
		r := c.ask("a", "max", "", body)
		if got := codesOf(r.body); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q: %s", what, got, want, r.body)
		}
		return r
	}
	const ok, absent = "NoError", "ErrorItemNotFound"
	change := func(item string) string {
		return `<t:ItemChange><t:ItemId ` + item + `/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>Changed</t:Subject></t:Message></t:SetItemField></t:Updates></t:ItemChange>`
	}
	r := test("UpdateItem", `<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"><m:ItemChanges>`+change(ben[0])+change(anna[0])+change(ben[1])+`</m:ItemChanges></m:UpdateItem>`, ok, ok, ok)
	for i, was := range []string{ben[0], anna[0], ben[1]} {
		if id, _, _ := strings.Cut(was, " "); !strings.HasPrefix(ids(r.body)[i], id) {
			t.Errorf("part %d is about %s", i, ids(r.body)[i])
		}
	}
	if count("anna", "Changed") != 1 || count("ben", "Changed") != 2 {
		t.Error("not all were changed")
	}

	// An answer is made where the item lies that it is to, and kept there; of two
	// only one is there, and none is if it is to be kept elsewhere.
	reply := func(item string) string { return `<t:ReplyToItem><t:ReferenceItemId ` + item + `/></t:ReplyToItem>` }
	items := ids(r.body)
	const away = "ErrorMailboxStoreUnavailable"
	kept := `<m:SavedItemFolderId><t:DistinguishedFolderId Id="sentitems"><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:SavedItemFolderId>`
	test("CreateItem", `<m:CreateItem MessageDisposition="SaveOnly">`+kept+`<m:Items>`+reply(items[0])+reply(items[1])+`</m:Items></m:CreateItem>`, ok, away)
	test("CreateItem, kept elsewhere", `<m:CreateItem MessageDisposition="SaveOnly"><m:Items>`+reply(items[0])+`</m:Items></m:CreateItem>`, away)

	to := `<m:ToFolderId><t:DistinguishedFolderId Id="deleteditems"><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:ToFolderId><m:ItemIds>`
	test("MoveItem", `<m:MoveItem>`+to+itemIDs(items[1], items[2])+`</m:ItemIds></m:MoveItem>`, "ErrorCrossMailboxMoveCopy", ok)
	test("CopyItem", `<m:CopyItem>`+to+itemIDs(items[1])+`</m:ItemIds></m:CopyItem>`, "ErrorCrossMailboxMoveCopy")
	if count("anna", "Changed") != 1 || count("ben", "Changed") != 1 {
		t.Error("what could not be moved is gone, or the other is not")
	}

	test("DeleteItem", `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>`+itemIDs(items[1], items[0], items[2])+`</m:ItemIds></m:DeleteItem>`, ok, ok, absent)
	if count("anna", "Changed") != 0 || count("ben", "Changed") != 0 {
		t.Error("not all were deleted")
	}
}

// Mail comes to a mailbox that nobody has opened yet: its node makes it then.
func TestMailUnopened(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	must(c.api(c.nodes["a"]).CreateAccount(t.Context(), admin.CreateAccount{UPN: "nina@contoso.example", Database: "b"}))
	must(c.api(c.nodes["a"]).SetPassword(t.Context(), admin.SetPassword{AccountName: admin.AccountName{Account: "nina@contoso.example"}, Password: aPassword}))
	c.live()
	c.did("a", "anna", createMessage("nina", "Welcome", "SendAndSaveCopy"))
	if r := c.await("a", "nina", findIn(""), "Welcome"); strings.Count(r.body, "<t:Message>") != 1 {
		t.Errorf("%s", r.body)
	}
}
