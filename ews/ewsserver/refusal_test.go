package ewsserver

import (
	"testing"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/explain"
	"entente/mailbox"
)

// TestExplainedOperations: what explain says an operation asks, is among what it
// may ask here; of the mailbox as a whole FullAccess stands for owning its root.
func TestExplainedOperations(t *testing.T) {
	for _, op := range operations() {
		r, known := explain.OperationRight(op.name)
		if !known {
			t.Errorf("explain does not know %s", op.name)
		}
		if r&^op.rights != 0 && (r != access.FullAccess || op.rights&access.FolderOwner == 0) {
			t.Errorf("explain has %s ask %v, and it asks %v", op.name, r, op.rights)
		}
	}
}

// TestRefusal: how each stage's refusals look to a client, one line a case.
func TestRefusal(t *testing.T) {
	because := func(k entente.Kind, r entente.Reason) error { return entente.Errorf(k, "x").Because(r) }
	hidden, no := because(entente.NotFound, access.NotVisible), because(entente.Denied, access.NoRight)
	const seen, readable = access.FolderVisible, access.FolderVisible | access.ReadAny
	test := func(of access.Stage, err error, want, got access.Rights, ofItem bool, code ews.ResponseCode, status int) {
		t.Helper()
		if c, s := Refusal(of, err, want, got, ofItem); c != code || s != status {
			t.Errorf("%s: %s %d, want %s %d", of, c, s, code, status)
		}
	}
	test(access.StageGate, because(entente.Denied, access.EwsDisabledByMailbox), access.Enter, 0, false, ews.ErrorAccessDenied, 403)
	test(access.StageImpersonation, because(entente.Denied, access.ImpersonationDenied), 0, 0, false, ews.ErrorImpersonationDenied, 500)
	test(access.StageImpersonation, because(entente.NotFound, access.NonExistentMailbox), 0, 0, false, ews.ErrorNonExistentMailbox, 500)
	test(access.StageMailbox, because(entente.NotFound, access.NonExistentMailbox), access.FolderLookup, 0, false, ews.ErrorNonExistentMailbox, 200)
	test(access.StageMailbox, because(entente.Invalid, access.MissingEmailAddress), access.FolderLookup, 0, false, ews.ErrorMissingEmailAddress, 200)
	test(access.StageMailbox, no, access.SendAs, 0, false, ews.ErrorSendAsDenied, 200)
	test(access.StageMailbox, no, access.FullAccess, 0, false, ews.ErrorAccessDenied, 200)
	test(access.StageFolder, hidden, access.FolderVisible, 0, false, ews.ErrorFolderNotFound, 200)
	test(access.StageFolder, hidden, access.ReadAny, 0, true, ews.ErrorItemNotFound, 200)
	test(access.StageFolder, no, access.ReadAny, seen, true, ews.ErrorItemNotFound, 200)
	test(access.StageFolder, no, access.ReadAny, seen, false, ews.ErrorAccessDenied, 200)
	test(access.StageFolder, no, access.EditAny, readable, true, ews.ErrorAccessDenied, 200)
	test(access.StageFolder, no, access.Create, readable, false, ews.ErrorCreateItemAccessDenied, 200)
	test(access.StageFolder, no, access.CreateSubFolder, readable, false, ews.ErrorCreateSubfolderAccessDenied, 200)
	test(access.StageFolder, no, access.FreeBusyDetailed, access.FreeBusySimple, false, ews.ErrorNoFreeBusyAccess, 200)
	test(access.StageItem, hidden, access.ReadItem, 0, true, ews.ErrorItemNotFound, 200)
	test(access.StageItem, no, access.EditItem, access.ReadItem, true, ews.ErrorAccessDenied, 200)
	test(access.StageItem, because(entente.Denied, access.TimeNotGranted), access.EditItem, access.ReadItem, true, ews.ErrorAccessDenied, 200)
	test(access.StageItem, because(entente.NotFound, mailbox.ItemNotFound), access.ReadItem, 0, true, ews.ErrorItemNotFound, 200)
	test(access.StageFolder, errTest{}, access.ReadAny, 0, false, ews.ErrorInternalServerError, 500)
}

type errTest struct{}

func (errTest) Error() string { return "not one to be shown" }
