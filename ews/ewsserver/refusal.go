package ewsserver

import (
	"errors"
	"net/http"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// Refusal is how a client of EWS sees that a stage of its request was refused:
// by the code and the HTTP status. What the gate refuses is 403, what
// impersonation does a fault at 500, and anything about mailboxes, folders and
// items a response message at 200. want are the rights that were asked, got those
// that are held, and ofItem tells that an operation on items asked. It is what
// explain prints, by the same table that requests are answered from.
func Refusal(of access.Stage, err error, want, got access.Rights, ofItem bool) (ews.ResponseCode, int) {
	e := (*entente.Error)(nil)
	if !errors.As(err, &e) {
		return ews.ErrorInternalServerError, http.StatusInternalServerError
	}
	code, known := codeOfReason(e.Reason)
	if !known {
		code = codeOfKind(e.Kind)
	}
	switch of {
	case access.StageGate:
		if e.Reason == access.OtherOrganization || e.Reason == access.NoRelationshipFreeBusy {
			return code, http.StatusInternalServerError
		}
		return ews.ErrorAccessDenied, http.StatusForbidden
	case access.StageImpersonation:
		return code, http.StatusInternalServerError
	case access.StageMailbox:
		// Who may not name the mailbox in From is told so, [MS-OXWSCDATA]
		// ErrorSendAsDenied.
		if e.Reason == access.NoRight && want&(access.SendAs|access.SendOnBehalf) != 0 {
			code = ews.ErrorSendAsDenied
		}
	case access.StageFolder:
		code = folderRefusal(e, want, got, ofItem)
	}
	return code, http.StatusOK
}

// folderRefusal is Refusal for what a folder's table does not allow: a folder the
// caller may not know of is not there, nor are items he may not read.
func folderRefusal(e *entente.Error, want, got access.Rights, ofItem bool) ews.ResponseCode {
	free := access.FreeBusySimple | access.FreeBusyDetailed
	switch {
	case want&free != 0 && want&^free == 0:
		return ews.ErrorNoFreeBusyAccess
	case ofItem && !got.Has(access.ReadAny):
		return ews.ErrorItemNotFound
	case e.Kind == entente.NotFound:
		return ews.ErrorFolderNotFound
	}
	if code, ok := codeOfReason(mailbox.Denial(want)); ok {
		return code
	}
	return codeOfKind(e.Kind)
}
