package mailbox

import "entente/access"

// propFields say which fields of an item, in the sense of item grants, its
// properties belong to. What says something about two fields is known to those
// alone who are granted both: a reminder's time tells the start it comes before.
// What is in none of the lists is FieldOther; a test holds that none of those that
// the server writes or shows is there by oversight.
var propFields = [...]struct {
	fields access.Fields
	props  []Prop
}{
	{access.FieldSubject, []Prop{
		PidTagSubject, PidTagNormalizedSubject, PidTagSubjectPrefix, PidTagConversationTopic, PidTagOriginalSubject,
		PidTagURLCompName, PidLidToDoTitle,
		// Of a contact, the name is the subject.
		PidTagDisplayName, PidTagGivenName, PidTagMiddleName, PidTagSurname, PidTagNickname, PidTagInitials, PidTagGeneration,
		PidTagDisplayNamePrefix, PidLidFileUnder, PidLidFileUnderID, PidLidYomiFirstName, PidLidYomiLastName,
		PidLidDistributionListName, PidLidEmail1DisplayName, PidLidEmail2DisplayName, PidLidEmail3DisplayName,
		PidLidEmail1OriginalDisplayName, PidLidEmail2OriginalDisplayName, PidLidEmail3OriginalDisplayName,
	}},
	{access.FieldTime, []Prop{
		PidLidAppointmentStartWhole, PidLidAppointmentEndWhole, PidLidCommonStart, PidLidCommonEnd, PidTagStartDate, PidTagEndDate,
		PidLidAppointmentDuration, PidLidAppointmentSubType, PidLidTimeZoneStruct, PidLidTimeZoneDescription,
		PidLidAppointmentTimeZoneDefinitionStart, PidLidAppointmentTimeZoneDefinitionEnd, PidLidAppointmentTimeZoneDefinitionRecur,
		PidLidAppointmentRecur, PidLidRecurring, PidLidIsRecurring, PidLidRecurrenceType, PidLidRecurrencePattern, PidLidClipStart,
		PidLidClipEnd, PidLidExceptionReplaceTime, PidLidIsException, PidLidAppointmentProposedStartWhole,
		PidLidAppointmentProposedEndWhole, PidLidOldWhenStartWhole, PidLidOldWhenEndWhole, PidLidOldRecurrenceType,
		PidLidTaskStartDate, PidLidTaskDueDate, PidLidTaskDateCompleted, PidLidTaskRecurrence, PidLidTaskFRecurring,
		PidLidTaskResetReminder, PidLidTaskDeadOccurrence, PidLidToDoOrdinalDate, PidLidLogStart, PidLidLogEnd, PidLidLogDuration,
		propZone, propZoneDefinition, propEndZone, propSeries, propTaskRecurrence, propTaskSeries, propWhen,
	}},
	{access.FieldLocation, []Prop{PidLidLocation, PidLidWhere, PidLidOldLocation}},
	{access.FieldShowAs, []Prop{PidLidBusyStatus, PidLidIntendedBusyStatus}},
	{access.FieldBody, []Prop{
		PidTagBody, PidTagHTML, PidTagRtfCompressed, PidTagBodyContentLocation, PidTagNativeBody, PidTagMessageEditorFormat,
		PidTagInternetCodepage, PidLidHTML,
	}},
	{access.FieldCategories, []Prop{PidNameKeywords}},
	{access.FieldReminder, []Prop{
		PidLidReminderSet, PidLidReminderDelta, PidLidReminderOverride, PidLidReminderPlaySound, PidLidReminderFileParameter,
	}},
	{access.FieldReminder | access.FieldTime, []Prop{PidLidReminderTime, PidLidReminderSignalTime}},
	{access.FieldAttendees, []Prop{
		PidTagSentRepresentingName, PidTagSentRepresentingAddressType, PidTagSentRepresentingAddress, PidTagSentRepresentingSMTP,
		PidTagSenderName, PidTagSenderAddressType, PidTagSenderAddress, PidTagSenderSMTPAddress, PidTagReceivedByName,
		PidTagReceivedByAddressType, PidTagReceivedByAddress, PidTagReceivedRepresentingName, PidTagReceivedRepresentingAddress,
		PidTagReplyRecipientNames, PidTagDisplayTo, PidTagDisplayCc, PidTagDisplayBcc, PidTagMessageToMe, PidTagMessageCcMe,
		PidTagResponseRequested, PidTagReplyRequested, PidLidAllAttendeesString, PidLidToAttendeesString, PidLidCcAttendeesString,
		PidLidAppointmentUnsendableRecipients, PidLidAppointmentStateFlags, PidLidResponseStatus, PidLidAppointmentReplyTime,
		PidLidAppointmentReplyName, PidLidAppointmentNotAllowPropose, PidLidAppointmentCounterProposal, PidLidFInvited,
		PidLidAttendeeCriticalChange, PidLidTaskOwner, PidLidTaskAssigner, PidLidTaskAssigners, PidLidTaskLastUser,
		PidLidTaskLastDelegate,
	}},
	{access.FieldImportance, []Prop{PidTagImportance, PidTagPriority, PidTagSensitivity, PidLidPrivate, PidLidClassification}},
	// What may hold something of everything.
	{access.AllFields, []Prop{PidTagTransportMessageHeaders, PidLidDistributionListStream, propEventMore}},
	{access.FieldOther, otherProps[:]},
}

// otherProps are those that were looked at and belong to nothing else. UIDs are
// among them: programs make them up of what they please.
var otherProps = [...]Prop{
	PidTagOriginatorDeliveryReport, PidTagReadReceiptRequested, PidTagClientSubmitTime, PidTagOwnerAppointmentID,
	PidTagConversationIndex, PidTagDeleteAfterSubmit, PidTagMessageDeliveryTime, PidTagMessageFlags, PidTagSentMailEntryID,
	PidTagHasAttachments, PidTagInternetMessageID, PidTagInternetReferences, PidTagInReplyToID, PidTagIconIndex,
	PidTagLastVerbExecuted, PidTagLastVerbExecutionTime, PidTagFlagStatus, PidTagFlagCompleteTime, PidTagFollowupIcon,
	PidTagAttributeHidden, PidTagAttributeReadOnly, PidTagSwappedToDoStore, PidTagToDoItemFlags, PidTagMessageLocaleID,
	PidTagCreatorName, PidTagLastModifierName, PidTagConversationID, PidTagSearchKey, PidTagConflictEntryID, PidTagMessageStatus,
	PidTagContentFilterSCL, PidTagOriginalMessageID, PidTagAutoForwarded, PidTagReplyTime, PidTagRead,
	PidTagAddressType, PidTagEmailAddress, PidTagComment, PidTagLocalCommitTime,
	PidTagRoamingDatatypes, PidTagRoamingDictionary, PidTagRoamingXMLStream, PidTagRoamingBinary,
	PidLidSideEffects, PidLidTaskMode, PidLidFlagRequest, PidLidMileage, PidLidBilling, PidLidCompanies, PidLidContacts,
	PidLidValidFlagStringProof, PidLidHeaderItem, PidLidToDoSubOrdinal, PidLidUseTnef, PidLidCurrentVersion,
	PidLidCurrentVersionName, PidLidAppointmentColor, PidLidConferencingCheck, PidLidConferencingType, PidLidAppointmentSequence,
	PidLidAppointmentSequenceTime, PidLidAppointmentLastSequence, PidLidMeetingWorkspaceURL, PidLidNetShowURL,
	PidLidOnlinePassword, PidLidAppointmentAuxiliaryFlags, PidLidOwnerCriticalChange, PidLidGlobalObjectID,
	PidLidCleanGlobalObjectID, PidLidMeetingType, PidNameContentClass, PidNameCalendarUID, propCardUID, propDelegated,
	// Tasks.
	PidLidTaskStatus, PidLidPercentComplete, PidLidTeamTask, PidLidTaskActualEffort, PidLidTaskEstimatedEffort, PidLidTaskVersion,
	PidLidTaskState, PidLidTaskLastUpdate, PidLidTaskComplete, PidLidTaskRole, PidLidTaskOwnership, PidLidTaskAcceptanceState,
	PidLidTaskOrdinal, PidLidTaskHistory, PidLidTaskMultRecips, PidLidTaskGlobalID, PidLidTaskFixOffline, PidLidTaskNoCompute,
	PidLidTaskFCreator, PidLidTaskAccepted, PidLidTaskUpdates, PidLidTaskStatusOnComplete,
	// Contacts.
	PidTagAccount, PidTagBusinessTelephoneNumber, PidTagHomeTelephoneNumber, PidTagPostalAddress, PidTagCompanyName, PidTagTitle,
	PidTagDepartmentName, PidTagOfficeLocation, PidTagPrimaryTelephoneNumber, PidTagBusiness2TelephoneNumber,
	PidTagMobileTelephoneNumber, PidTagRadioTelephoneNumber, PidTagCarTelephoneNumber, PidTagOtherTelephoneNumber,
	PidTagPagerTelephoneNumber, PidTagPrimaryFaxNumber, PidTagBusinessFaxNumber, PidTagHomeFaxNumber, PidTagCountry,
	PidTagLocality, PidTagStateOrProvince, PidTagStreetAddress, PidTagPostalCode, PidTagPostOfficeBox, PidTagTelexNumber,
	PidTagIsdnNumber, PidTagAssistantTelephoneNumber, PidTagHome2TelephoneNumber, PidTagAssistant, PidTagWeddingAnniversary,
	PidTagBirthday, PidTagHobbies, PidTagProfession, PidTagSpouseName, PidTagTTYTDDTelephoneNumber, PidTagManagerName,
	PidTagPersonalHomePage, PidTagBusinessHomePage, PidTagCompanyMainTelephoneNumber, PidTagChildrensNames,
	PidTagHomeAddressCity, PidTagHomeAddressCountry, PidTagHomeAddressPostalCode, PidTagHomeAddressStateOrProvince,
	PidTagHomeAddressStreet, PidTagOtherAddressCity, PidTagOtherAddressCountry, PidTagOtherAddressPostalCode,
	PidTagOtherAddressStateOrProvince, PidTagOtherAddressStreet, PidTagCallbackTelephoneNumber, PidTagUserX509Certificate,
	PidTagGovernmentIDNumber, PidTagCustomerID, PidNameIMAddress2, PidNameIMAddress3, PidNameMMS,
	PidLidHomeAddress, PidLidWorkAddress, PidLidOtherAddress, PidLidPostalAddressID, PidLidWorkAddressStreet,
	PidLidWorkAddressCity, PidLidWorkAddressState, PidLidWorkAddressPostalCode, PidLidWorkAddressCountry,
	PidLidWorkAddressPostOfficeBox, PidLidInstantMessagingAddress, PidLidEmail1AddressType, PidLidEmail1EmailAddress,
	PidLidEmail1OriginalEntryID, PidLidEmail2AddressType, PidLidEmail2EmailAddress, PidLidEmail2OriginalEntryID,
	PidLidEmail3AddressType, PidLidEmail3EmailAddress, PidLidEmail3OriginalEntryID, PidLidAddressBookProviderArrayType,
	PidLidAddressBookProviderEmailList, PidLidHasPicture, PidLidDepartment, PidLidYomiCompanyName, PidLidContactUserField1,
	PidLidContactUserField2, PidLidContactUserField3, PidLidContactUserField4, PidLidDistributionListMembers,
	PidLidDistributionListOneOffMembers, PidLidFreeBusyLocation,
	// Notes and journals.
	PidLidNoteColor, PidLidNoteWidth, PidLidNoteHeight, PidLidNoteX, PidLidNoteY, PidLidLogType, PidLidLogFlags, PidLidLogTypeDesc,
}

// Properties that protocols keep on items, and that no client names.
const (
	propDelegated  Prop = 0x3FE3000B // PidTagDelegatedByRule: a copy for a delegate
	propTaskSeries Prop = 0x81F80102 // the recurrence of a task, as it was kept once
	propWhen       Prop = 0x81F9001F // when a meeting is, in the organizer's
)

// FieldsOf returns the fields that a property belongs to: who may know all of
// them may know it. The type in the tag does not matter.
func FieldsOf(p Prop) access.Fields {
	for i := range propFields {
		for _, known := range propFields[i].props {
			if known.ID() == p.ID() {
				return propFields[i].fields
			}
		}
	}
	return access.FieldOther
}

// seriesProps are the properties by which an occurrence tells that it is one of a
// series, and of which.
var seriesProps = [...]Prop{
	propSeries, PidLidRecurring, PidLidIsRecurring, PidLidRecurrenceType, PidLidRecurrencePattern, PidLidClipStart, PidLidClipEnd,
	PidLidAppointmentRecur, PidLidExceptionReplaceTime, PidLidIsException, PidLidAppointmentTimeZoneDefinitionRecur,
	PidLidOldRecurrenceType,
}
