package ews

// kindTable says which properties each kind of element has, in schema order: those
// of the kind it extends, then its own. The Default shape is the one Microsoft
// documents in "Property sets and response shapes in EWS in Exchange", tables 2
// and 3; kinds that page is silent about follow the nearest one it has.
var kindTable = [...]kindRow{
	KindItem: {
		"Item", "ItemType", KindNone,
		[]Field{
			FieldMimeContent, FieldItemId, FieldParentFolderId, FieldItemClass, FieldSubject,
			FieldSensitivity, FieldBody, FieldAttachments, FieldDateTimeReceived, FieldSize,
			FieldCategories, FieldImportance, FieldInReplyTo, FieldIsSubmitted, FieldIsDraft,
			FieldIsFromMe, FieldIsResend, FieldIsUnmodified, FieldInternetMessageHeaders,
			FieldDateTimeSent, FieldDateTimeCreated, FieldResponseObjects, FieldReminderDueBy,
			FieldReminderIsSet, FieldReminderNextTime, FieldReminderMinutesBeforeStart, FieldDisplayCc,
			FieldDisplayTo, FieldDisplayBcc, FieldHasAttachments, FieldExtendedProperty, FieldCulture,
			FieldEffectiveRights, FieldLastModifiedName, FieldLastModifiedTime, FieldIsAssociated,
			FieldWebClientReadFormQueryString, FieldWebClientEditFormQueryString, FieldConversationId,
			FieldUniqueBody, FieldFlag, FieldStoreEntryId, FieldInstanceKey, FieldNormalizedBody,
			FieldEntityExtractionResult, FieldPolicyTag, FieldArchiveTag, FieldRetentionDate,
			FieldPreview, FieldRightsManagementLicenseData, FieldPredictedActionReasons, FieldIsClutter,
			FieldBlockStatus, FieldHasBlockedImages, FieldTextBody, FieldIconIndex, FieldSearchKey,
			FieldSortKey, FieldHashtags, FieldMentions, FieldMentionedMe, FieldMentionsPreview,
			FieldMentionsEx, FieldAppliedHashtags, FieldAppliedHashtagsPreview, FieldLikes,
			FieldLikesPreview, FieldPendingSocialActivityTagIds, FieldAtAllMention, FieldCanDelete,
			FieldInferenceClassification,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldHasAttachments, FieldIsAssociated,
		},
	},
	KindMessage: {
		"Message", "MessageType", KindItem,
		[]Field{
			FieldSender, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldConversationIndex,
			FieldConversationTopic, FieldFrom, FieldInternetMessageId, FieldIsRead,
			FieldIsResponseRequested, FieldReferences, FieldReplyTo, FieldReceivedBy,
			FieldReceivedRepresenting, FieldApprovalRequestData, FieldVotingInformation,
			FieldReminderMessageData, FieldSenderSMTPAddress, FieldMailboxGuids,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldSensitivity, FieldBody, FieldSize, FieldDateTimeSent,
			FieldDateTimeCreated, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom, FieldIsRead,
		},
	},
	KindCalendarItem: {
		"CalendarItem", "CalendarItemType", KindItem,
		[]Field{
			FieldUID, FieldRecurrenceId, FieldDateTimeStamp, FieldStart, FieldEnd, FieldOriginalStart,
			FieldIsAllDayEvent, FieldLegacyFreeBusyStatus, FieldLocation, FieldWhen, FieldIsMeeting,
			FieldIsCancelled, FieldIsRecurring, FieldMeetingRequestWasSent,
			FieldCalendarIsResponseRequested, FieldCalendarItemType, FieldMyResponseType, FieldOrganizer,
			FieldRequiredAttendees, FieldOptionalAttendees, FieldResources, FieldInboxReminders,
			FieldConflictingMeetingCount, FieldAdjacentMeetingCount, FieldConflictingMeetings,
			FieldAdjacentMeetings, FieldDuration, FieldTimeZone, FieldAppointmentReplyTime,
			FieldAppointmentSequenceNumber, FieldAppointmentState, FieldRecurrence, FieldFirstOccurrence,
			FieldLastOccurrence, FieldModifiedOccurrences, FieldDeletedOccurrences, FieldMeetingTimeZone,
			FieldStartTimeZone, FieldEndTimeZone, FieldConferenceType, FieldAllowNewTimeProposal,
			FieldIsOnlineMeeting, FieldMeetingWorkspaceUrl, FieldNetShowUrl, FieldEnhancedLocation,
			FieldStartWallClock, FieldEndWallClock, FieldStartTimeZoneId, FieldEndTimeZoneId,
			FieldIntendedFreeBusyStatus, FieldJoinOnlineMeetingUrl, FieldOnlineMeetingSettings,
			FieldIsOrganizer, FieldCalendarActivityData,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldStart, FieldEnd, FieldLegacyFreeBusyStatus, FieldLocation, FieldCalendarItemType,
			FieldOrganizer,
		},
	},
	KindContact: {
		"Contact", "ContactItemType", KindItem,
		[]Field{
			FieldContactFileAs, FieldContactFileAsMapping, FieldContactDisplayName,
			FieldContactGivenName, FieldContactInitials, FieldContactMiddleName, FieldContactNickname,
			FieldContactCompleteName, FieldContactCompanyName, FieldContactEmailAddresses,
			FieldContactAbchEmailAddresses, FieldContactPhysicalAddresses, FieldContactPhoneNumbers,
			FieldContactAssistantName, FieldContactBirthday, FieldContactBusinessHomePage,
			FieldContactChildren, FieldContactCompanies, FieldContactContactSource,
			FieldContactDepartment, FieldContactGeneration, FieldContactImAddresses,
			FieldContactJobTitle, FieldContactManager, FieldContactMileage, FieldContactOfficeLocation,
			FieldContactPostalAddressIndex, FieldContactProfession, FieldContactSpouseName,
			FieldContactSurname, FieldContactWeddingAnniversary, FieldContactHasPicture,
			FieldContactPhoneticFullName, FieldContactPhoneticFirstName, FieldContactPhoneticLastName,
			FieldContactAlias, FieldContactNotes, FieldContactPhoto, FieldContactUserSMIMECertificate,
			FieldContactMSExchangeCertificate, FieldContactDirectoryId, FieldContactManagerMailbox,
			FieldContactDirectReports, FieldContactAccountName, FieldContactIsAutoUpdateDisabled,
			FieldContactIsMessengerEnabled, FieldContactComment, FieldContactContactShortId,
			FieldContactContactType, FieldContactGender, FieldContactIsHidden, FieldContactObjectId,
			FieldContactPassportId, FieldContactIsPrivate, FieldContactSourceId, FieldContactTrustLevel,
			FieldContactCreatedBy, FieldContactUrls, FieldContactCid, FieldContactSkypeAuthCertificate,
			FieldContactSkypeContext, FieldContactSkypeId, FieldContactSkypeRelationship,
			FieldContactYomiNickname, FieldContactXboxLiveTag, FieldContactInviteFree,
			FieldContactHidePresenceAndProfile, FieldContactIsPendingOutbound,
			FieldContactSupportGroupFeeds, FieldContactUserTileHash, FieldContactUnifiedInbox,
			FieldContactMris, FieldContactWlid, FieldContactAbchContactId,
			FieldContactNotInBirthdayCalendar, FieldContactShellContactType, FieldContactImMri,
			FieldContactPresenceTrustLevel, FieldContactOtherMri, FieldContactProfileLastChanged,
			FieldContactMobileIMEnabled, FieldContactPartnerNetworkProfilePhotoUrl,
			FieldContactPartnerNetworkThumbnailPhotoUrl, FieldContactPersonId,
			FieldContactConversationGuid,
		},
		[]Field{
			FieldItemId, FieldHasAttachments, FieldContactFileAs, FieldContactCompleteName,
			FieldContactCompanyName, FieldContactEmailAddresses, FieldContactPhysicalAddresses,
			FieldContactPhoneNumbers, FieldContactImAddresses, FieldContactJobTitle,
		},
	},
	KindDistributionList: {
		"DistributionList", "DistributionListType", KindItem,
		[]Field{
			FieldContactDisplayName, FieldContactFileAs, FieldContactContactSource, FieldMembers,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldHasAttachments, FieldContactDisplayName, FieldContactFileAs,
		},
	},
	KindMeetingMessage: {
		"MeetingMessage", "MeetingMessageType", KindMessage,
		[]Field{
			FieldAssociatedCalendarItemId, FieldIsDelegated, FieldIsOutOfDate, FieldHasBeenProcessed,
			FieldResponseType, FieldUID, FieldRecurrenceId, FieldDateTimeStamp, FieldIsOrganizer,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldSensitivity, FieldBody, FieldSize, FieldDateTimeSent,
			FieldDateTimeCreated, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom, FieldIsRead,
		},
	},
	KindMeetingRequest: {
		"MeetingRequest", "MeetingRequestMessageType", KindMeetingMessage,
		[]Field{
			FieldMeetingRequestType, FieldIntendedFreeBusyStatus, FieldStart, FieldEnd,
			FieldOriginalStart, FieldIsAllDayEvent, FieldLegacyFreeBusyStatus, FieldLocation, FieldWhen,
			FieldIsMeeting, FieldIsCancelled, FieldIsRecurring, FieldMeetingRequestWasSent,
			FieldCalendarItemType, FieldMyResponseType, FieldOrganizer, FieldRequiredAttendees,
			FieldOptionalAttendees, FieldResources, FieldConflictingMeetingCount,
			FieldAdjacentMeetingCount, FieldConflictingMeetings, FieldAdjacentMeetings, FieldDuration,
			FieldTimeZone, FieldAppointmentReplyTime, FieldAppointmentSequenceNumber,
			FieldAppointmentState, FieldRecurrence, FieldFirstOccurrence, FieldLastOccurrence,
			FieldModifiedOccurrences, FieldDeletedOccurrences, FieldMeetingTimeZone, FieldStartTimeZone,
			FieldEndTimeZone, FieldConferenceType, FieldAllowNewTimeProposal, FieldIsOnlineMeeting,
			FieldMeetingWorkspaceUrl, FieldNetShowUrl, FieldEnhancedLocation, FieldChangeHighlights,
			FieldStartWallClock, FieldEndWallClock, FieldStartTimeZoneId, FieldEndTimeZoneId,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldSensitivity, FieldBody, FieldSize, FieldDateTimeSent,
			FieldDateTimeCreated, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom, FieldIsRead,
			FieldAssociatedCalendarItemId, FieldIsOutOfDate, FieldHasBeenProcessed, FieldResponseType,
			FieldMeetingRequestType, FieldIntendedFreeBusyStatus, FieldStart, FieldEnd, FieldLocation,
			FieldOrganizer,
		},
	},
	KindMeetingResponse: {
		"MeetingResponse", "MeetingResponseMessageType", KindMeetingMessage,
		[]Field{
			FieldStart, FieldEnd, FieldLocation, FieldRecurrence, FieldCalendarItemType,
			FieldProposedStart, FieldProposedEnd, FieldEnhancedLocation,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldSensitivity, FieldBody, FieldSize, FieldDateTimeSent,
			FieldDateTimeCreated, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom, FieldIsRead,
			FieldAssociatedCalendarItemId, FieldHasBeenProcessed, FieldResponseType,
		},
	},
	KindMeetingCancellation: {
		"MeetingCancellation", "MeetingCancellationMessageType", KindMeetingMessage,
		[]Field{
			FieldStart, FieldEnd, FieldLocation, FieldRecurrence, FieldCalendarItemType,
			FieldEnhancedLocation,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldSensitivity, FieldBody, FieldSize, FieldDateTimeSent,
			FieldDateTimeCreated, FieldResponseObjects, FieldHasAttachments, FieldIsAssociated,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom, FieldIsRead,
			FieldAssociatedCalendarItemId, FieldHasBeenProcessed,
		},
	},
	KindTask: {
		"Task", "TaskType", KindItem,
		[]Field{
			FieldTaskActualWork, FieldTaskAssignedTime, FieldTaskBillingInformation,
			FieldTaskChangeCount, FieldTaskCompanies, FieldTaskCompleteDate, FieldTaskContacts,
			FieldTaskDelegationState, FieldTaskDelegator, FieldTaskDueDate,
			FieldTaskIsAssignmentEditable, FieldTaskIsComplete, FieldTaskIsRecurring,
			FieldTaskIsTeamTask, FieldTaskMileage, FieldTaskOwner, FieldTaskPercentComplete,
			FieldTaskRecurrence, FieldTaskStartDate, FieldTaskStatus, FieldTaskStatusDescription,
			FieldTaskTotalWork,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldHasAttachments, FieldTaskDueDate, FieldTaskPercentComplete,
			FieldTaskStartDate, FieldTaskStatus,
		},
	},
	KindPostItem: {
		"PostItem", "PostItemType", KindItem,
		[]Field{
			FieldConversationIndex, FieldConversationTopic, FieldFrom, FieldInternetMessageId,
			FieldIsRead, FieldPostedTime, FieldReferences, FieldSender,
		},
		[]Field{
			FieldItemId, FieldSubject, FieldBody, FieldSize, FieldDateTimeSent, FieldDateTimeCreated,
			FieldResponseObjects, FieldHasAttachments, FieldFrom, FieldIsRead,
		},
	},
	KindFolder: {
		"Folder", "FolderType", KindNone,
		[]Field{
			FieldFolderId, FieldFolderParentFolderId, FieldFolderClass, FieldFolderDisplayName,
			FieldFolderTotalCount, FieldFolderChildFolderCount, FieldExtendedProperty,
			FieldFolderManagedFolderInformation, FieldFolderEffectiveRights,
			FieldFolderDistinguishedFolderId, FieldFolderPolicyTag, FieldFolderArchiveTag,
			FieldFolderReplicaList, FieldFolderPermissionSet, FieldFolderUnreadCount,
		},
		[]Field{
			FieldFolderId, FieldFolderDisplayName, FieldFolderTotalCount, FieldFolderChildFolderCount,
			FieldFolderUnreadCount,
		},
	},
	KindCalendarFolder: {
		"CalendarFolder", "CalendarFolderType", KindNone,
		[]Field{
			FieldFolderId, FieldFolderParentFolderId, FieldFolderClass, FieldFolderDisplayName,
			FieldFolderTotalCount, FieldFolderChildFolderCount, FieldExtendedProperty,
			FieldFolderManagedFolderInformation, FieldFolderEffectiveRights,
			FieldFolderDistinguishedFolderId, FieldFolderPolicyTag, FieldFolderArchiveTag,
			FieldFolderReplicaList, FieldFolderSharingEffectiveRights, FieldFolderPermissionSet,
		},
		[]Field{
			FieldFolderId, FieldFolderDisplayName, FieldFolderChildFolderCount,
		},
	},
	KindContactsFolder: {
		"ContactsFolder", "ContactsFolderType", KindNone,
		[]Field{
			FieldFolderId, FieldFolderParentFolderId, FieldFolderClass, FieldFolderDisplayName,
			FieldFolderTotalCount, FieldFolderChildFolderCount, FieldExtendedProperty,
			FieldFolderManagedFolderInformation, FieldFolderEffectiveRights,
			FieldFolderDistinguishedFolderId, FieldFolderPolicyTag, FieldFolderArchiveTag,
			FieldFolderReplicaList, FieldFolderSharingEffectiveRights, FieldFolderPermissionSet,
			FieldFolderSourceId, FieldFolderAccountName,
		},
		[]Field{
			FieldFolderId, FieldFolderDisplayName, FieldFolderTotalCount, FieldFolderChildFolderCount,
		},
	},
	KindSearchFolder: {
		"SearchFolder", "SearchFolderType", KindFolder,
		[]Field{
			FieldFolderSearchParameters,
		},
		[]Field{
			FieldFolderId, FieldFolderDisplayName, FieldFolderTotalCount, FieldFolderChildFolderCount,
			FieldFolderUnreadCount,
		},
	},
	KindTasksFolder: {
		"TasksFolder", "TasksFolderType", KindFolder,
		nil,
		[]Field{
			FieldFolderId, FieldFolderDisplayName, FieldFolderTotalCount, FieldFolderChildFolderCount,
			FieldFolderUnreadCount,
		},
	},

	// Response objects: what CreateItem does to another item. [MS-OXWSCDATA].
	KindAcceptItem: {
		"AcceptItem", "AcceptItemType", KindNone,
		[]Field{
			FieldItemClass, FieldSensitivity, FieldBody, FieldAttachments, FieldInternetMessageHeaders,
			FieldSender, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldProposedStart, FieldProposedEnd,
		},
		nil,
	},
	KindTentativelyAcceptItem: {
		"TentativelyAcceptItem", "TentativelyAcceptItemType", KindNone,
		[]Field{
			FieldItemClass, FieldSensitivity, FieldBody, FieldAttachments, FieldInternetMessageHeaders,
			FieldSender, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldProposedStart, FieldProposedEnd,
		},
		nil,
	},
	KindDeclineItem: {
		"DeclineItem", "DeclineItemType", KindNone,
		[]Field{
			FieldItemClass, FieldSensitivity, FieldBody, FieldAttachments, FieldInternetMessageHeaders,
			FieldSender, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldProposedStart, FieldProposedEnd,
		},
		nil,
	},
	KindReplyToItem: {
		"ReplyToItem", "ReplyToItemType", KindNone,
		[]Field{
			FieldSubject, FieldBody, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldNewBodyContent,
		},
		nil,
	},
	KindForwardItem: {
		"ForwardItem", "ForwardItemType", KindNone,
		[]Field{
			FieldSubject, FieldBody, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldNewBodyContent,
		},
		nil,
	},
	KindReplyAllToItem: {
		"ReplyAllToItem", "ReplyAllToItemType", KindNone,
		[]Field{
			FieldSubject, FieldBody, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldNewBodyContent,
		},
		nil,
	},
	KindCancelCalendarItem: {
		"CancelCalendarItem", "CancelCalendarItemType", KindNone,
		[]Field{
			FieldSubject, FieldBody, FieldToRecipients, FieldCcRecipients, FieldBccRecipients,
			FieldIsReadReceiptRequested, FieldIsDeliveryReceiptRequested, FieldFrom,
			FieldReferenceItemId, FieldNewBodyContent,
		},
		nil,
	},
	KindRemoveItem: {
		"RemoveItem", "RemoveItemType", KindNone,
		[]Field{
			FieldReferenceItemId,
		},
		nil,
	},
	KindSuppressReadReceipt: {
		"SuppressReadReceipt", "SuppressReadReceiptType", KindNone,
		[]Field{
			FieldReferenceItemId,
		},
		nil,
	},
	KindPostReplyItem: {
		"PostReplyItem", "PostReplyItemType", KindNone,
		[]Field{
			FieldSubject, FieldBody, FieldReferenceItemId, FieldNewBodyContent,
		},
		nil,
	},
	KindAcceptSharingInvitation: {
		"AcceptSharingInvitation", "AcceptSharingInvitationType", KindNone,
		[]Field{
			FieldReferenceItemId,
		},
		nil,
	},
}
