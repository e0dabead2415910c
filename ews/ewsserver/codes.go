package ewsserver

import (
	"errors"
	"strconv"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/directory"
	"entente/ews"
	"entente/ews/ewssharing"
	"entente/federation"
	"entente/hop"
	"entente/mailbox"
	"entente/strictxml"
)

// codeOfReason maps what the rooms below say to what clients know, once for
// all operations. Reasons that are not here are mapped by their kind.
func codeOfReason(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	// access.md 2.4
	case access.ImpersonationDenied:
		return ews.ErrorImpersonationDenied, true
	case access.ImpersonateUserDenied:
		return ews.ErrorImpersonateUserDenied, true
	case access.InvalidImpersonationHeader:
		return ews.ErrorInvalidExchangeImpersonationHeaderData, true
	case access.InvalidUserPrincipalName:
		return ews.ErrorInvalidUserPrincipalName, true
	case access.InvalidUserSid:
		return ews.ErrorInvalidUserSid, true
	case access.InvalidSmtpAddress:
		return ews.ErrorInvalidSmtpAddress, true
	case access.NonExistentMailbox:
		return ews.ErrorNonExistentMailbox, true
	case access.NonPrimarySmtpAddress:
		return ews.ErrorNonPrimarySmtpAddress, true
	case access.MoreThanOneAccessMode:
		return ews.ErrorMoreThanOneAccessModeSpecified, true
	case access.ImpersonationFailed:
		return ews.ErrorImpersonationFailed, true
	case access.TokenSerializationDenied:
		return ews.ErrorTokenSerializationDenied, true
	case access.InvalidSerializedAccessToken:
		return ews.ErrorInvalidSerializedAccessToken, true
	case access.InvalidManagementRoleHeader:
		return ews.ErrorInvalidManagementRoleHeader, true
	case access.MissingEmailAddress:
		return ews.ErrorMissingEmailAddress, true
	case access.CallerIsInvalidADAccount:
		return ews.ErrorCallerIsInvalidADAccount, true
	case access.OtherOrganization:
		return ews.ErrorProxyRequestNotAllowed, true
	case access.NoRelationshipFreeBusy:
		return ews.ErrorInvalidOrganizationRelationshipForFreeBusy, true
	case access.OutsideScope:
		return ews.ErrorNoFreeBusyAccess, true
	case clientaccess.Busy:
		return ews.ErrorServerBusy, true
	case clientaccess.TooManySubscriptions:
		return ews.ErrorExceededSubscriptionCount, true
	case clientaccess.TooManyStreams:
		return ews.ErrorExceededConnectionCount, true
	}
	return codeOfMailbox(r)
}

func codeOfMailbox(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case mailbox.MailboxNotFound:
		return ews.ErrorNonExistentMailbox, true
	case mailbox.FolderNotFound:
		return ews.ErrorFolderNotFound, true
	case mailbox.ParentNotFound:
		return ews.ErrorParentFolderNotFound, true
	case mailbox.FolderExists:
		return ews.ErrorFolderExists, true
	case mailbox.FolderName, mailbox.FolderClass, mailbox.FolderDepth:
		return ews.ErrorFolderSave, true
	case mailbox.FolderDistinguished:
		return ews.ErrorDeleteDistinguishedFolder, true
	case mailbox.FolderIntoItself:
		return ews.ErrorMoveCopyFailed, true
	case mailbox.StaleFolder, mailbox.StaleChangeKey:
		return ews.ErrorIrresolvableConflict, true
	case mailbox.DuplicatePermission:
		return ews.ErrorDuplicateUserIdsSpecified, true
	case mailbox.ItemNotFound:
		return ews.ErrorItemNotFound, true
	case mailbox.ItemTooLarge:
		return ews.ErrorMessageSizeExceeded, true
	case mailbox.AttachmentNotFound:
		return ews.ErrorItemNotFound, true
	case mailbox.AttachmentLimit, mailbox.AttachmentNesting:
		return ews.ErrorAttachmentNestLevelLimitExceeded, true
	case mailbox.QuotaExceeded:
		return ews.ErrorQuotaExceeded, true
	case mailbox.SyncStateInvalid:
		return ews.ErrorInvalidSyncStateData, true
	}
	if code, ok := codeOfDelegate(r); ok {
		return code, true
	}
	if code, ok := codeOfContent(r); ok {
		return code, true
	}
	if code, ok := codeOfNode(r); ok {
		return code, true
	}
	if code, ok := codeOfSharing(r); ok {
		return code, true
	}
	return codeOfFree(r)
}

// codeOfNode maps why another node's mailbox was not reached. Clients try again
// after the first of these, by themselves.
func codeOfNode(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case directory.NotHere, hop.NodeDown, hop.NoAnswer, hop.NodeRefused:
		return ews.ErrorMailboxStoreUnavailable, true
	case hop.NoTicket, hop.NotProven:
		return ews.ErrorNoDestinationCASDueToKerberosRequirements, true
	case hop.Misrouted:
		return ews.ErrorProxyRequestProcessingFailed, true
	}
	return "", false
}

// codeOfContent maps what is wrong with what a client sent, or may not be done
// to what there is.
func codeOfContent(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case mailbox.DeniedCreateItem:
		return ews.ErrorCreateItemAccessDenied, true
	case mailbox.DeniedCreateSubFolder:
		return ews.ErrorCreateSubfolderAccessDenied, true
	case mailbox.MIMEInvalid:
		return ews.ErrorMimeContentInvalid, true
	case mailbox.EventInvalid:
		return ews.ErrorCalendarInvalidPropertyValue, true
	case mailbox.NotRecurring:
		return ews.ErrorCalendarCannotUseIdForOccurrenceId, true
	case mailbox.OccurrenceAbsent:
		return ews.ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange, true
	case mailbox.OccurrenceDeleted:
		return ews.ErrorCalendarOccurrenceIsDeletedFromRecurrence, true
	case mailbox.CalendarRange:
		return ews.ErrorCalendarEndDateIsEarlierThanStartDate, true
	case mailbox.CalendarRangeLong, mailbox.CalendarTooMany:
		return ews.ErrorCalendarViewRangeTooBig, true
	case mailbox.ItemClass:
		return ews.ErrorObjectTypeChanged, true
	case mailbox.RecipientLimit:
		return ews.ErrorMessageSizeExceeded, true
	case mailbox.RestrictionInvalid:
		return ews.ErrorUnsupportedPathForQuery, true
	case mailbox.RestrictionTooComplex:
		return ews.ErrorRestrictionTooComplex, true
	case mailbox.ValueInvalid:
		return ews.ErrorInvalidValueForProperty, true
	case mailbox.SortInvalid:
		return ews.ErrorUnsupportedPathForSortGroup, true
	}
	return "", false
}

// codeOfSharing maps what is wrong with sharing beyond the organization, and with
// invitations to it.
func codeOfSharing(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case access.SharingDisabled:
		return ews.ErrorNotAllowedExternalSharingByPolicy, true
	case access.SharingDomain:
		return ews.ErrorUserNotAllowedByPolicy, true
	case access.SharingLevel:
		return ews.ErrorPermissionNotAllowedByPolicy, true
	case ewssharing.InvalidMessage:
		return ews.ErrorInvalidSharingMessage, true
	case ewssharing.InvalidData:
		return ews.ErrorInvalidSharingData, true
	case ewssharing.NotSupportedMessage:
		return ews.ErrorNotSupportedSharingMessage, true
	case ewssharing.InvalidInitiator:
		return ews.ErrorInvalidExternalSharingInitiator, true
	case ewssharing.InvalidSubscriber:
		return ews.ErrorInvalidExternalSharingSubscriber, true
	case ewssharing.InvalidFolderAsked:
		return ews.ErrorInvalidGetSharingFolderRequest, true
	case ewssharing.SyncFailed:
		return ews.ErrorSharingSynchronizationFailed, true
	case ewssharing.NoExternalEWS:
		return ews.ErrorSharingNoExternalEwsAvailable, true
	case federation.NotFederated:
		return ews.ErrorOrganizationNotFederated, true
	case federation.Misconfigured:
		return ews.ErrorInvalidFederatedOrganizationId, true
	case federation.NoFederatedProxy:
		return ews.ErrorUserWithoutFederatedProxyAddress, true
	}
	return "", false
}

// codeOfKind maps the kinds, for errors without a reason of their own.
func codeOfKind(k entente.Kind) ews.ResponseCode {
	switch k {
	case entente.Invalid:
		return ews.ErrorInvalidRequest
	case entente.Denied:
		return ews.ErrorAccessDenied
	case entente.NotFound:
		return ews.ErrorItemNotFound
	case entente.Conflict:
		return ews.ErrorIrresolvableConflict
	case entente.Unavailable:
		return ews.ErrorServerBusy
	case entente.TooLarge:
		return ews.ErrorDataSizeLimitExceeded
	}
	return ews.ErrorInternalServerError
}

// faultOf turns any error into a code and a text for the asker. What is not
// meant to be shown goes to the log under the request's id, and nowhere else.
func (h *Handler) faultOf(s *clientaccess.Session, err error) *ews.Fault {
	var f *ews.Fault
	if errors.As(err, &f) {
		return f
	}
	var syntax *strictxml.SyntaxError
	if errors.As(err, &syntax) {
		return &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The request is not well-formed XML: " + syntax.Error()}
	}
	var property *propertyError
	if errors.As(err, &property) {
		return &ews.Fault{Code: property.code}
	}
	var e *entente.Error
	said := errors.As(err, &e)
	// A connection that fails is the store's, unless it was to a partner or the
	// broker.
	abroad := false
	if said {
		_, abroad = codeOfPartner(e.Reason)
		_, node := codeOfNode(e.Reason)
		abroad = abroad || node
	}
	if !abroad && h.Unavailable != nil && h.Unavailable(err) {
		h.Log.Warn("store", "id", s.RequestID(), "err", err)
		return &ews.Fault{Code: ews.ErrorMailboxStoreUnavailable}
	}
	if !said || e.Kind == entente.Internal {
		h.Log.Error("request", "id", s.RequestID(), "err", err)
		return &ews.Fault{Code: ews.ErrorInternalServerError}
	}
	code, ok := codeOfReason(e.Reason)
	if !ok {
		code = codeOfKind(e.Kind)
	}
	fault := &ews.Fault{Code: code, Text: e.Text}
	// What is not there, or must not be known to be there, is said in one way;
	// clients know these texts, too.
	if (e.Kind == entente.NotFound || e.Kind == entente.Conflict) && code.Text() != string(code) {
		fault.Text = ""
	}
	switch code {
	case ews.ErrorServerBusy:
		fault.Details = []ews.MessageValue{{Name: "BackOffMilliseconds", Text: strconv.FormatInt(clientaccess.BackOff(err).Milliseconds(), 10)}}
	case ews.ErrorInternalServerError:
		fault.Text = ""
	}
	return fault
}

func isReason(err error, r entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == r
}

func isKind(err error, k entente.Kind) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == k
}
