package ews

// itemText is the message of the codes that concern items, folders and ids;
// "" for other codes.
func (c ResponseCode) itemText() string {
	switch c {
	case ErrorItemNotFound:
		return "The specified object was not found in the store."
	case ErrorFolderNotFound:
		return "The specified folder could not be found in the store."
	case ErrorParentFolderNotFound:
		return "The specified parent folder could not be found."
	case ErrorSyncFolderNotFound:
		return "The folder to be synchronized could not be found."
	case ErrorAccessDenied:
		return "Access is denied. Check credentials and try again."
	case ErrorInvalidIdMalformed:
		return "Id is malformed."
	case ErrorInvalidIdEmpty:
		return "Id must be non-empty."
	case ErrorInvalidId:
		return "The specified Id is invalid."
	case ErrorInvalidIdMalformedEwsLegacyIdFormat:
		return "Id is not a valid Exchange Web Services Id."
	case ErrorInvalidIdNotAnItemAttachmentId:
		return "Id must be that of an item attachment."
	case ErrorCannotUseFolderIdForItemId:
		return "Id must be that of an item rather than a folder."
	case ErrorCannotUseItemIdForFolderId:
		return "Id must be that of a folder rather than an item."
	case ErrorInvalidAttachmentId:
		return "The attachment Id is invalid."
	case ErrorInvalidChangeKey:
		return "The change key is invalid."
	case ErrorChangeKeyRequired:
		return "The change key is required for this operation."
	case ErrorChangeKeyRequiredForWriteOperations:
		return "Change key is required for this operation."
	case ErrorStaleObject:
		return "The specified object is out-of-date. Use the most recent change key and try again."
	case ErrorIrresolvableConflict:
		return "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item."
	case ErrorFolderExists:
		return "A folder with the specified name already exists."
	case ErrorFolderSave:
		return "The folder could not be saved."
	case ErrorItemSave:
		return "The item could not be saved."
	case ErrorDeleteDistinguishedFolder:
		return "Distinguished folders cannot be deleted."
	case ErrorMoveDistinguishedFolder:
		return "Distinguished folders cannot be moved."
	case ErrorCannotEmptyFolder:
		return "Unable to empty the folder."
	case ErrorMoveCopyFailed:
		return "The move or copy operation failed."
	case ErrorObjectTypeChanged:
		return "The object type changed."
	case ErrorInvalidItemForOperationSendItem:
		return "The item is not valid for SendItem."
	case ErrorInvalidRecipients:
		return "At least one recipient isn't valid."
	case ErrorMissingRecipients:
		return "At least one recipient must be specified."
	case ErrorCalendarEndDateIsEarlierThanStartDate:
		return "EndDate is earlier than StartDate"
	case ErrorCalendarDurationIsTooLong:
		return "Calendar duration is too long."
	case ErrorCalendarViewRangeTooBig:
		return "The specified view range exceeds the maximum range of two years."
	case ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange:
		return "Occurrence index is out of recurrence range."
	case ErrorCalendarOccurrenceIsDeletedFromRecurrence:
		return "Occurrence with this index was previously deleted from the recurrence."
	case ErrorCalendarCannotUseIdForOccurrenceId:
		return "The id is not that of an occurrence."
	case ErrorCalendarCannotUseIdForRecurringMasterId:
		return "The id is not that of a recurring master."
	case ErrorCalendarInvalidRecurrence:
		return "The recurrence is invalid."
	case ErrorUnsupportedPropertyDefinition:
		return "The property is not supported for this object."
	case ErrorInvalidPropertySet:
		return "Set action is invalid for property."
	case ErrorInvalidPropertyAppend:
		return "Append action is invalid for property."
	case ErrorInvalidPropertyDelete:
		return "Delete action is invalid for property."
	case ErrorInvalidPropertyRequest:
		return "Property is not valid for this object type."
	case ErrorInvalidExtendedProperty:
		return "The extended property attribute combination is invalid."
	case ErrorInvalidExtendedPropertyValue:
		return "The extended property value is invalid."
	case ErrorIncorrectUpdatePropertyCount:
		return "An object within a change description must contain one and only one property to modify."
	case ErrorUpdatePropertyMismatch:
		return "The property to modify does not match the property in the object."
	case ErrorQuotaExceeded:
		return "The mailbox has exceeded its quota."
	case ErrorMessageSizeExceeded:
		return "The message exceeds the maximum supported size."
	case ErrorAttachmentSizeLimitExceeded:
		return "The attachment exceeds the maximum supported size."
	case ErrorCannotOpenFileAttachment:
		return "The attachment could not be opened."
	}
	return ""
}

// requestText is the message of the codes that concern requests, callers,
// mailboxes and look-ups; "" for other codes.
func (c ResponseCode) requestText() string {
	switch c {
	case NoError:
		return ""
	case ErrorBatchProcessingStopped:
		return "The remaining items in the batch could not be processed because of an error."
	case ErrorInvalidOperation:
		return "The requested operation is not supported."
	case ErrorInvalidRequest:
		return "The request is invalid."
	case ErrorSchemaValidation:
		return "The request failed schema validation."
	case ErrorInvalidArgument:
		return "An argument of the request is invalid."
	case ErrorInvalidServerVersion:
		return "The specified server version is invalid."
	case ErrorIncorrectSchemaVersion:
		return "The request is valid but does not specify the correct server version in the RequestServerVersion SOAP header."
	case ErrorInternalServerError:
		return "An internal server error occurred. The operation failed."
	case ErrorInternalServerTransientError:
		return "An internal server error occurred. Try again later."
	case ErrorServerBusy:
		return "The server cannot service this request right now. Try again later."
	case ErrorMailboxStoreUnavailable:
		return "The mailbox database is temporarily unavailable."
	case ErrorTimeoutExpired:
		return "The request took too long."
	case ErrorConnectionFailed:
		return "The connection failed. Try again later."
	case ErrorNotEnoughMemory:
		return "There is not enough memory to answer the request."
	case ErrorExceededConnectionCount:
		return "You have exceeded the available concurrent connections for your account. Try again once your other requests have completed."
	case ErrorExceededFindCountLimit:
		return "You have exceeded the maximum number of objects that can be returned for the find operation. Use paging to reduce the result size and try your request again."
	case ErrorNonExistentMailbox:
		return "The SMTP address has no mailbox associated with it."
	case ErrorMissingEmailAddress:
		return "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids."
	case ErrorMissingEmailAddressForManagedFolder:
		return "An e-mail address must be specified."
	case ErrorMailboxMoveInProgress:
		return "The mailbox is being moved."
	case ErrorImpersonationDenied:
		return "The account does not have permission to impersonate on this server."
	case ErrorImpersonateUserDenied:
		return "The account does not have permission to impersonate the requested user."
	case ErrorImpersonationFailed:
		return "The impersonation failed."
	case ErrorInvalidExchangeImpersonationHeaderData:
		return "The ExchangeImpersonation header is invalid."
	case ErrorInvalidUserPrincipalName:
		return "The user principal name is invalid."
	case ErrorInvalidUserSid:
		return "The security identifier is invalid."
	case ErrorInvalidSmtpAddress:
		return "The SMTP address is invalid."
	case ErrorNonPrimarySmtpAddress:
		return "The primary SMTP address must be specified when referencing a mailbox."
	case ErrorMoreThanOneAccessModeSpecified:
		return "More than one access mode was specified in the SOAP headers."
	case ErrorTokenSerializationDenied:
		return "The account does not have permission to serialize a security context."
	case ErrorInvalidSerializedAccessToken:
		return "The serialized security context is invalid."
	case ErrorInvalidManagementRoleHeader:
		return "The ManagementRole header is invalid."
	case ErrorCallerIsInvalidADAccount:
		return "The calling account is not an account of the directory."
	case ErrorInvalidSyncStateData:
		return "Synchronization state data is corrupt or otherwise invalid."
	case ErrorInvalidWatermark:
		return "The watermark used for creating this subscription was not found."
	case ErrorSubscriptionNotFound:
		return "The subscription was not found."
	case ErrorSubscriptionAccessDenied:
		return "The subscription belongs to another account."
	case ErrorInvalidSubscription:
		return "The subscription is invalid."
	case ErrorNameResolutionMultipleResults:
		return "Multiple results were found."
	case ErrorNameResolutionNoResults:
		return "No results were found."
	case ErrorNameResolutionNoMailbox:
		return "The name has no mailbox associated with it."
	case ErrorInvalidRestriction:
		return "The restriction or sort order is invalid."
	case ErrorRestrictionTooLong:
		return "The restriction is too long."
	case ErrorRestrictionTooComplex:
		return "The restriction is too complex."
	case ErrorUnsupportedPathForQuery:
		return "The property is not supported in a restriction."
	case ErrorUnsupportedPathForSortGroup:
		return "The property is not supported for sorting or grouping."
	case ErrorInvalidValueForProperty:
		return "The value is not valid for the property."
	case ErrorInvalidPagingMaxRows:
		return "The maximum number of rows must be greater than zero."
	case ErrorInvalidFractionalPagingParameters:
		return "The fractional paging parameters are invalid."
	case ErrorInvalidIndexedPagingParameters:
		return "The indexed paging parameters are invalid."
	case ErrorTimeZone:
		return "The time zone is invalid."
	case ErrorInvalidTimeInterval:
		return "The time interval is invalid."
	case ErrorInvalidFreeBusyViewType:
		return "The requested free/busy view type is invalid."
	case ErrorInvalidMergedFreeBusyInterval:
		return "The merged free/busy interval must be between 5 and 1440 minutes."
	case ErrorIndividualMailboxLimitReached:
		return "Too many mailboxes were asked for in one request."
	case ErrorTimeIntervalTooBig:
		return "The time window is too big."
	case ErrorMailRecipientNotFound:
		return "The e-mail address of the mailbox could not be found."
	case ErrorNoFreeBusyAccess:
		return "The caller has no permission to see this mailbox's free/busy information."
	case ErrorInvalidScheduledOofDuration:
		return "The duration of a scheduled out-of-office period is invalid."
	case ErrorDelegateAlreadyExists:
		return "The user is already a delegate for the mailbox."
	case ErrorDelegateCannotAddOwner:
		return "The owner of a mailbox cannot be a delegate for it."
	case ErrorDelegateMissingConfiguration:
		return "The delegate is not configured properly."
	case ErrorDelegateNoUser:
		return "The delegate does not map to a user in the directory."
	case ErrorDelegateValidationFailed:
		return "The user cannot be a delegate in this way."
	case ErrorNotDelegate:
		return "The user is not a delegate for the mailbox."
	case ErrorDistinguishedUserNotSupported:
		return "A delegate is a user, not one of the distinguished users."
	case ErrorInvalidDelegateUserId:
		return "The identifiers of a delegate do not name one user."
	case ErrorInvalidDelegatePermission:
		return "The permission level cannot be given to a delegate."
	case ErrorDuplicateUserIdsSpecified:
		return "A user is named twice."
	case ErrorInvalidPermissionSettings:
		return "The permission level and the individual settings of a permission do not go together."
	case ErrorInvalidUserInfo:
		return "The user of a permission is not known."
	case ErrorCannotSetCalendarPermissionOnNonCalendarFolder:
		return "A calendar permission set can be set on calendars only."
	case ErrorCannotSetNonCalendarPermissionOnCalendarFolder:
		return "A calendar takes a calendar permission set only."
	case ErrorCannotSetPermissionUnknownEntries:
		return "Unknown entries of a permission set cannot be set."
	case ErrorInvalidManagedFolderProperty, ErrorInvalidManagedFolderSize:
		return "Managed folders are not available on this server."
	}
	return ""
}
