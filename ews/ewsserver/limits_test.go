package ewsserver

import (
	"strings"
	"testing"
)

// Requests that name more than may be looked up in one call are refused as a
// whole, whatever the operation.
func TestTooManyIDs(t *testing.T) {
	h := open(t)
	test := func(n int, before, each, after string) {
		t.Helper()
		r := h.post("anna", before+strings.Repeat(each, n)+after)
		if tooMany := n > maxIDs; tooMany != strings.Contains(r.body, "Fault>") {
			t.Errorf("%s × %d: %.300s", before, n, r.body)
		}
	}
	inbox := `<t:DistinguishedFolderId Id="inbox"/>`
	for _, n := range []int{2, maxIDs + 1} {
		test(n, `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>`, inbox, `</m:FolderIds></m:GetFolder>`)
		test(n, `<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:ParentFolderIds>`, inbox, `</m:ParentFolderIds></m:FindFolder>`)
		test(n, `<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>`, inbox, `</m:FolderIds></m:DeleteFolder>`)
		test(n, `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ItemIds>`, `<t:ItemId Id="AAA="/>`, `</m:ItemIds></m:GetItem>`)
		test(n, `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>`, `<t:ItemId Id="AAA="/>`, `</m:ItemIds></m:DeleteItem>`)
		test(n, `<m:ConvertId DestinationFormat="EwsId"><m:SourceIds>`, `<t:AlternateId Format="EwsId" Id="AAA=" Mailbox="anna@contoso.example"/>`, `</m:SourceIds></m:ConvertId>`)
	}
}
