package mailbox

// Property sets, [MS-OXPROPS] 1.3.2.
const (
	psetCommon      = "00062008-0000-0000-c000-000000000046"
	psetAddress     = "00062004-0000-0000-c000-000000000046"
	psetAppointment = "00062002-0000-0000-c000-000000000046"
	psetTask        = "00062003-0000-0000-c000-000000000046"
	psetNote        = "0006200e-0000-0000-c000-000000000046"
	psetLog         = "0006200a-0000-0000-c000-000000000046"
	psetMeeting     = "6ed8da90-450b-101b-98da-00aa003f1305"
	psetPublic      = "00020329-0000-0000-c000-000000000046"
	psetHeaders     = "00020386-0000-0000-c000-000000000046"
	psetAirSync     = "71035549-0739-4dcb-9163-00f0580dbbdf"
)

// A PropName names a property by a set and a number or a text.
// [MS-OXCDATA] 2.6.1
type PropName struct {
	Set  GUID
	LID  uint32 // if Name is empty
	Name string // case-sensitive
	Type uint16
}

// Well-known named properties. Their ids are ours and the same in every
// mailbox; wellKnown says what they stand for.
const (
	// PSETID_Common
	PidLidReminderDelta         Prop = 0x80010003
	PidLidReminderTime          Prop = 0x80020040
	PidLidReminderSet           Prop = 0x8003000B
	PidLidPrivate               Prop = 0x8004000B
	PidLidSideEffects           Prop = 0x80050003
	PidLidCommonStart           Prop = 0x80060040
	PidLidCommonEnd             Prop = 0x80070040
	PidLidTaskMode              Prop = 0x80080003
	PidLidReminderOverride      Prop = 0x8009000B
	PidLidReminderPlaySound     Prop = 0x800A000B
	PidLidReminderFileParameter Prop = 0x800B001F
	PidLidFlagRequest           Prop = 0x800C001F
	PidLidMileage               Prop = 0x800D001F
	PidLidBilling               Prop = 0x800E001F
	PidLidCompanies             Prop = 0x800F101F
	PidLidContacts              Prop = 0x8010101F
	PidLidReminderSignalTime    Prop = 0x80110040
	PidLidValidFlagStringProof  Prop = 0x80120040
	PidLidHeaderItem            Prop = 0x80130003
	PidLidToDoOrdinalDate       Prop = 0x80140040
	PidLidToDoSubOrdinal        Prop = 0x8015001F
	PidLidToDoTitle             Prop = 0x8016001F
	PidLidClassification        Prop = 0x8017001F
	PidLidUseTnef               Prop = 0x8018000B
	PidLidCurrentVersion        Prop = 0x80190003
	PidLidCurrentVersionName    Prop = 0x801A001F

	// PSETID_Appointment
	PidLidBusyStatus                         Prop = 0x80400003
	PidLidLocation                           Prop = 0x8041001F
	PidLidAppointmentStartWhole              Prop = 0x80420040
	PidLidAppointmentEndWhole                Prop = 0x80430040
	PidLidAppointmentDuration                Prop = 0x80440003
	PidLidAppointmentColor                   Prop = 0x80450003
	PidLidAppointmentSubType                 Prop = 0x8046000B // all-day event
	PidLidAppointmentRecur                   Prop = 0x80470102
	PidLidAppointmentStateFlags              Prop = 0x80480003
	PidLidResponseStatus                     Prop = 0x80490003
	PidLidAppointmentReplyTime               Prop = 0x804A0040
	PidLidRecurring                          Prop = 0x804B000B
	PidLidIntendedBusyStatus                 Prop = 0x804C0003
	PidLidExceptionReplaceTime               Prop = 0x804D0040
	PidLidFInvited                           Prop = 0x804E000B
	PidLidAppointmentReplyName               Prop = 0x804F001F
	PidLidRecurrenceType                     Prop = 0x80500003
	PidLidRecurrencePattern                  Prop = 0x8051001F
	PidLidTimeZoneStruct                     Prop = 0x80520102
	PidLidTimeZoneDescription                Prop = 0x8053001F
	PidLidClipStart                          Prop = 0x80540040
	PidLidClipEnd                            Prop = 0x80550040
	PidLidAllAttendeesString                 Prop = 0x8056001F
	PidLidToAttendeesString                  Prop = 0x8057001F
	PidLidCcAttendeesString                  Prop = 0x8058001F
	PidLidConferencingCheck                  Prop = 0x8059000B
	PidLidConferencingType                   Prop = 0x805A0003
	PidLidAppointmentSequence                Prop = 0x805B0003
	PidLidAppointmentSequenceTime            Prop = 0x805C0040
	PidLidAppointmentLastSequence            Prop = 0x805D0003
	PidLidAppointmentNotAllowPropose         Prop = 0x805E000B
	PidLidAppointmentProposedStartWhole      Prop = 0x805F0040
	PidLidAppointmentProposedEndWhole        Prop = 0x80600040
	PidLidAppointmentCounterProposal         Prop = 0x8061000B
	PidLidAppointmentTimeZoneDefinitionStart Prop = 0x80620102
	PidLidAppointmentTimeZoneDefinitionEnd   Prop = 0x80630102
	PidLidAppointmentTimeZoneDefinitionRecur Prop = 0x80640102
	PidLidMeetingWorkspaceURL                Prop = 0x8065001F
	PidLidNetShowURL                         Prop = 0x8066001F
	PidLidOnlinePassword                     Prop = 0x8067001F
	PidLidAppointmentAuxiliaryFlags          Prop = 0x80680003
	PidLidOwnerCriticalChange                Prop = 0x80690040
	PidLidGlobalObjectID                     Prop = 0x806A0102
	PidLidCleanGlobalObjectID                Prop = 0x806B0102
	PidLidIsRecurring                        Prop = 0x806C000B
	PidLidIsException                        Prop = 0x806D000B
	PidLidMeetingType                        Prop = 0x806E0003
	PidLidWhere                              Prop = 0x806F001F
	PidLidAttendeeCriticalChange             Prop = 0x80700040
	PidLidOldLocation                        Prop = 0x8071001F
	PidLidOldWhenStartWhole                  Prop = 0x80720040
	PidLidOldWhenEndWhole                    Prop = 0x80730040
	PidLidOldRecurrenceType                  Prop = 0x80740003
	PidLidAppointmentUnsendableRecipients    Prop = 0x80750102

	// PSETID_Task
	PidLidTaskStatus           Prop = 0x80A00003
	PidLidPercentComplete      Prop = 0x80A10005
	PidLidTeamTask             Prop = 0x80A2000B
	PidLidTaskStartDate        Prop = 0x80A30040
	PidLidTaskDueDate          Prop = 0x80A40040
	PidLidTaskDateCompleted    Prop = 0x80A50040
	PidLidTaskActualEffort     Prop = 0x80A60003
	PidLidTaskEstimatedEffort  Prop = 0x80A70003
	PidLidTaskVersion          Prop = 0x80A80003
	PidLidTaskState            Prop = 0x80A90003
	PidLidTaskLastUpdate       Prop = 0x80AA0040
	PidLidTaskRecurrence       Prop = 0x80AB0102
	PidLidTaskComplete         Prop = 0x80AC000B
	PidLidTaskOwner            Prop = 0x80AD001F
	PidLidTaskAssigner         Prop = 0x80AE001F
	PidLidTaskFRecurring       Prop = 0x80AF000B
	PidLidTaskRole             Prop = 0x80B0001F
	PidLidTaskOwnership        Prop = 0x80B10003
	PidLidTaskAcceptanceState  Prop = 0x80B20003
	PidLidTaskResetReminder    Prop = 0x80B3000B
	PidLidTaskOrdinal          Prop = 0x80B40003
	PidLidTaskHistory          Prop = 0x80B50003
	PidLidTaskLastUser         Prop = 0x80B6001F
	PidLidTaskLastDelegate     Prop = 0x80B7001F
	PidLidTaskMultRecips       Prop = 0x80B80003
	PidLidTaskAssigners        Prop = 0x80B90102
	PidLidTaskGlobalID         Prop = 0x80BA0102
	PidLidTaskFixOffline       Prop = 0x80BB000B
	PidLidTaskNoCompute        Prop = 0x80BC000B
	PidLidTaskFCreator         Prop = 0x80BD000B
	PidLidTaskDeadOccurrence   Prop = 0x80BE000B
	PidLidTaskAccepted         Prop = 0x80BF000B
	PidLidTaskUpdates          Prop = 0x80C0000B
	PidLidTaskStatusOnComplete Prop = 0x80C1000B

	// PSETID_Address
	PidLidFileUnder                     Prop = 0x80E0001F
	PidLidFileUnderID                   Prop = 0x80E10003
	PidLidHomeAddress                   Prop = 0x80E2001F
	PidLidWorkAddress                   Prop = 0x80E3001F
	PidLidOtherAddress                  Prop = 0x80E4001F
	PidLidPostalAddressID               Prop = 0x80E50003
	PidLidHTML                          Prop = 0x80E6001F
	PidLidWorkAddressStreet             Prop = 0x80E7001F
	PidLidWorkAddressCity               Prop = 0x80E8001F
	PidLidWorkAddressState              Prop = 0x80E9001F
	PidLidWorkAddressPostalCode         Prop = 0x80EA001F
	PidLidWorkAddressCountry            Prop = 0x80EB001F
	PidLidWorkAddressPostOfficeBox      Prop = 0x80EC001F
	PidLidInstantMessagingAddress       Prop = 0x80ED001F
	PidLidEmail1DisplayName             Prop = 0x80EE001F
	PidLidEmail1AddressType             Prop = 0x80EF001F
	PidLidEmail1EmailAddress            Prop = 0x80F0001F
	PidLidEmail1OriginalDisplayName     Prop = 0x80F1001F
	PidLidEmail1OriginalEntryID         Prop = 0x80F20102
	PidLidEmail2DisplayName             Prop = 0x80F3001F
	PidLidEmail2AddressType             Prop = 0x80F4001F
	PidLidEmail2EmailAddress            Prop = 0x80F5001F
	PidLidEmail2OriginalDisplayName     Prop = 0x80F6001F
	PidLidEmail2OriginalEntryID         Prop = 0x80F70102
	PidLidEmail3DisplayName             Prop = 0x80F8001F
	PidLidEmail3AddressType             Prop = 0x80F9001F
	PidLidEmail3EmailAddress            Prop = 0x80FA001F
	PidLidEmail3OriginalDisplayName     Prop = 0x80FB001F
	PidLidEmail3OriginalEntryID         Prop = 0x80FC0102
	PidLidAddressBookProviderArrayType  Prop = 0x80FD0003
	PidLidAddressBookProviderEmailList  Prop = 0x80FE1003
	PidLidHasPicture                    Prop = 0x80FF000B
	PidLidDepartment                    Prop = 0x8100001F
	PidLidYomiFirstName                 Prop = 0x8101001F
	PidLidYomiLastName                  Prop = 0x8102001F
	PidLidYomiCompanyName               Prop = 0x8103001F
	PidLidContactUserField1             Prop = 0x8104001F
	PidLidContactUserField2             Prop = 0x8105001F
	PidLidContactUserField3             Prop = 0x8106001F
	PidLidContactUserField4             Prop = 0x8107001F
	PidLidDistributionListName          Prop = 0x8108001F
	PidLidDistributionListMembers       Prop = 0x81091102
	PidLidDistributionListOneOffMembers Prop = 0x810A1102
	PidLidDistributionListStream        Prop = 0x810B0102
	PidLidFreeBusyLocation              Prop = 0x810C001F

	// PSETID_AirSync: what phones know of contacts and MAPI does not
	PidNameIMAddress2 Prop = 0x8130001F
	PidNameIMAddress3 Prop = 0x8131001F
	PidNameMMS        Prop = 0x8132001F

	// PSETID_Note
	PidLidNoteColor  Prop = 0x81400003
	PidLidNoteWidth  Prop = 0x81410003
	PidLidNoteHeight Prop = 0x81420003
	PidLidNoteX      Prop = 0x81430003
	PidLidNoteY      Prop = 0x81440003

	// PSETID_Log
	PidLidLogType     Prop = 0x8150001F
	PidLidLogStart    Prop = 0x81510040
	PidLidLogDuration Prop = 0x81520003
	PidLidLogEnd      Prop = 0x81530040
	PidLidLogFlags    Prop = 0x81540003
	PidLidLogTypeDesc Prop = 0x8155001F

	// PS_PUBLIC_STRINGS and PS_INTERNET_HEADERS
	PidNameKeywords     Prop = 0x8170101F // categories
	PidNameContentClass Prop = 0x8171001F
	PidNameCalendarUID  Prop = 0x8174001F
)
