package ews

// The properties of items and folders. Those of contacts, tasks and folders
// carry that word, because a name such as DisplayName or Recurrence is used by
// several kinds with different FieldURIs.
const (
	FieldNone Field = iota

	// Item
	FieldMimeContent
	FieldItemId
	FieldParentFolderId
	FieldItemClass
	FieldSubject
	FieldSensitivity
	FieldBody
	FieldAttachments
	FieldDateTimeReceived
	FieldSize
	FieldCategories
	FieldImportance
	FieldInReplyTo
	FieldIsSubmitted
	FieldIsDraft
	FieldIsFromMe
	FieldIsResend
	FieldIsUnmodified
	FieldInternetMessageHeaders
	FieldDateTimeSent
	FieldDateTimeCreated
	FieldResponseObjects
	FieldReminderDueBy
	FieldReminderIsSet
	FieldReminderNextTime
	FieldReminderMinutesBeforeStart
	FieldDisplayCc
	FieldDisplayTo
	FieldDisplayBcc
	FieldHasAttachments
	FieldExtendedProperty
	FieldCulture
	FieldEffectiveRights
	FieldLastModifiedName
	FieldLastModifiedTime
	FieldIsAssociated
	FieldWebClientReadFormQueryString
	FieldWebClientEditFormQueryString
	FieldConversationId
	FieldUniqueBody
	FieldFlag
	FieldStoreEntryId
	FieldInstanceKey
	FieldNormalizedBody
	FieldEntityExtractionResult
	FieldPolicyTag
	FieldArchiveTag
	FieldRetentionDate
	FieldPreview
	FieldRightsManagementLicenseData
	FieldPredictedActionReasons
	FieldIsClutter
	FieldBlockStatus
	FieldHasBlockedImages
	FieldTextBody
	FieldIconIndex
	FieldSearchKey
	FieldSortKey
	FieldHashtags
	FieldMentions
	FieldMentionedMe
	FieldMentionsPreview
	FieldMentionsEx
	FieldAppliedHashtags
	FieldAppliedHashtagsPreview
	FieldLikes
	FieldLikesPreview
	FieldPendingSocialActivityTagIds
	FieldAtAllMention
	FieldCanDelete
	FieldInferenceClassification

	// Message
	FieldSender
	FieldToRecipients
	FieldCcRecipients
	FieldBccRecipients
	FieldIsReadReceiptRequested
	FieldIsDeliveryReceiptRequested
	FieldConversationIndex
	FieldConversationTopic
	FieldFrom
	FieldInternetMessageId
	FieldIsRead
	FieldIsResponseRequested
	FieldReferences
	FieldReplyTo
	FieldReceivedBy
	FieldReceivedRepresenting
	FieldApprovalRequestData
	FieldVotingInformation
	FieldReminderMessageData
	FieldSenderSMTPAddress
	FieldMailboxGuids

	// CalendarItem
	FieldUID
	FieldRecurrenceId
	FieldDateTimeStamp
	FieldStart
	FieldEnd
	FieldOriginalStart
	FieldIsAllDayEvent
	FieldLegacyFreeBusyStatus
	FieldLocation
	FieldWhen
	FieldIsMeeting
	FieldIsCancelled
	FieldIsRecurring
	FieldMeetingRequestWasSent
	FieldCalendarIsResponseRequested
	FieldCalendarItemType
	FieldMyResponseType
	FieldOrganizer
	FieldRequiredAttendees
	FieldOptionalAttendees
	FieldResources
	FieldInboxReminders
	FieldConflictingMeetingCount
	FieldAdjacentMeetingCount
	FieldConflictingMeetings
	FieldAdjacentMeetings
	FieldDuration
	FieldTimeZone
	FieldAppointmentReplyTime
	FieldAppointmentSequenceNumber
	FieldAppointmentState
	FieldRecurrence
	FieldFirstOccurrence
	FieldLastOccurrence
	FieldModifiedOccurrences
	FieldDeletedOccurrences
	FieldMeetingTimeZone
	FieldStartTimeZone
	FieldEndTimeZone
	FieldConferenceType
	FieldAllowNewTimeProposal
	FieldIsOnlineMeeting
	FieldMeetingWorkspaceUrl
	FieldNetShowUrl
	FieldEnhancedLocation
	FieldStartWallClock
	FieldEndWallClock
	FieldStartTimeZoneId
	FieldEndTimeZoneId
	FieldIntendedFreeBusyStatus
	FieldJoinOnlineMeetingUrl
	FieldOnlineMeetingSettings
	FieldIsOrganizer
	FieldCalendarActivityData

	// Contact
	FieldContactFileAs
	FieldContactFileAsMapping
	FieldContactDisplayName
	FieldContactGivenName
	FieldContactInitials
	FieldContactMiddleName
	FieldContactNickname
	FieldContactCompleteName
	FieldContactCompanyName
	FieldContactEmailAddresses
	FieldContactAbchEmailAddresses
	FieldContactPhysicalAddresses
	FieldContactPhoneNumbers
	FieldContactAssistantName
	FieldContactBirthday
	FieldContactBusinessHomePage
	FieldContactChildren
	FieldContactCompanies
	FieldContactContactSource
	FieldContactDepartment
	FieldContactGeneration
	FieldContactImAddresses
	FieldContactJobTitle
	FieldContactManager
	FieldContactMileage
	FieldContactOfficeLocation
	FieldContactPostalAddressIndex
	FieldContactProfession
	FieldContactSpouseName
	FieldContactSurname
	FieldContactWeddingAnniversary
	FieldContactHasPicture
	FieldContactPhoneticFullName
	FieldContactPhoneticFirstName
	FieldContactPhoneticLastName
	FieldContactAlias
	FieldContactNotes
	FieldContactPhoto
	FieldContactUserSMIMECertificate
	FieldContactMSExchangeCertificate
	FieldContactDirectoryId
	FieldContactManagerMailbox
	FieldContactDirectReports
	FieldContactAccountName
	FieldContactIsAutoUpdateDisabled
	FieldContactIsMessengerEnabled
	FieldContactComment
	FieldContactContactShortId
	FieldContactContactType
	FieldContactGender
	FieldContactIsHidden
	FieldContactObjectId
	FieldContactPassportId
	FieldContactIsPrivate
	FieldContactSourceId
	FieldContactTrustLevel
	FieldContactCreatedBy
	FieldContactUrls
	FieldContactCid
	FieldContactSkypeAuthCertificate
	FieldContactSkypeContext
	FieldContactSkypeId
	FieldContactSkypeRelationship
	FieldContactYomiNickname
	FieldContactXboxLiveTag
	FieldContactInviteFree
	FieldContactHidePresenceAndProfile
	FieldContactIsPendingOutbound
	FieldContactSupportGroupFeeds
	FieldContactUserTileHash
	FieldContactUnifiedInbox
	FieldContactMris
	FieldContactWlid
	FieldContactAbchContactId
	FieldContactNotInBirthdayCalendar
	FieldContactShellContactType
	FieldContactImMri
	FieldContactPresenceTrustLevel
	FieldContactOtherMri
	FieldContactProfileLastChanged
	FieldContactMobileIMEnabled
	FieldContactPartnerNetworkProfilePhotoUrl
	FieldContactPartnerNetworkThumbnailPhotoUrl
	FieldContactPersonId
	FieldContactConversationGuid

	// DistributionList
	FieldMembers

	// MeetingMessage
	FieldAssociatedCalendarItemId
	FieldIsDelegated
	FieldIsOutOfDate
	FieldHasBeenProcessed
	FieldResponseType

	// MeetingRequest
	FieldMeetingRequestType
	FieldChangeHighlights

	// MeetingResponse
	FieldProposedStart
	FieldProposedEnd

	// Task
	FieldTaskActualWork
	FieldTaskAssignedTime
	FieldTaskBillingInformation
	FieldTaskChangeCount
	FieldTaskCompanies
	FieldTaskCompleteDate
	FieldTaskContacts
	FieldTaskDelegationState
	FieldTaskDelegator
	FieldTaskDueDate
	FieldTaskIsAssignmentEditable
	FieldTaskIsComplete
	FieldTaskIsRecurring
	FieldTaskIsTeamTask
	FieldTaskMileage
	FieldTaskOwner
	FieldTaskPercentComplete
	FieldTaskRecurrence
	FieldTaskStartDate
	FieldTaskStatus
	FieldTaskStatusDescription
	FieldTaskTotalWork

	// PostItem
	FieldPostedTime

	// all folders
	FieldFolderId
	FieldFolderParentFolderId
	FieldFolderClass
	FieldFolderDisplayName
	FieldFolderTotalCount
	FieldFolderChildFolderCount
	FieldFolderManagedFolderInformation
	FieldFolderEffectiveRights
	FieldFolderDistinguishedFolderId
	FieldFolderPolicyTag
	FieldFolderArchiveTag
	FieldFolderReplicaList

	// Folder
	FieldFolderPermissionSet
	FieldFolderUnreadCount

	// CalendarFolder
	FieldFolderSharingEffectiveRights

	// ContactsFolder
	FieldFolderSourceId
	FieldFolderAccountName

	// SearchFolder
	FieldFolderSearchParameters

	// Of response objects only (AcceptItem, ReplyToItem …); they have no FieldURI.
	FieldReferenceItemId
	FieldNewBodyContent

	// Entries of dictionaries and lists, which an IndexedFieldURI names: the key is
	// Value.Indexed.
	FieldInternetMessageHeader
	FieldContactEmailAddress
	FieldContactPhysicalAddressStreet
	FieldContactPhysicalAddressCity
	FieldContactPhysicalAddressState
	FieldContactPhysicalAddressCountryOrRegion
	FieldContactPhysicalAddressPostalCode
	FieldContactPhoneNumber
	FieldContactImAddress
	FieldMember

	numFields
)
