package wbxml

// The elements of all code pages, [MS-ASWBXML] 2.1.2.1. A constant's name is the
// page's and the element's, for some names stand in many pages.

// Code page 0, AirSync. [MS-ASWBXML] 2.1.2.1.1
const (
	AirSyncSync              Tag = 0<<8 | 0x05
	AirSyncResponses         Tag = 0<<8 | 0x06
	AirSyncAdd               Tag = 0<<8 | 0x07
	AirSyncChange            Tag = 0<<8 | 0x08
	AirSyncDelete            Tag = 0<<8 | 0x09
	AirSyncFetch             Tag = 0<<8 | 0x0A
	AirSyncSyncKey           Tag = 0<<8 | 0x0B
	AirSyncClientId          Tag = 0<<8 | 0x0C
	AirSyncServerId          Tag = 0<<8 | 0x0D
	AirSyncStatus            Tag = 0<<8 | 0x0E
	AirSyncCollection        Tag = 0<<8 | 0x0F
	AirSyncClass             Tag = 0<<8 | 0x10
	AirSyncCollectionId      Tag = 0<<8 | 0x12
	AirSyncGetChanges        Tag = 0<<8 | 0x13
	AirSyncMoreAvailable     Tag = 0<<8 | 0x14
	AirSyncWindowSize        Tag = 0<<8 | 0x15
	AirSyncCommands          Tag = 0<<8 | 0x16
	AirSyncOptions           Tag = 0<<8 | 0x17
	AirSyncFilterType        Tag = 0<<8 | 0x18
	AirSyncTruncation        Tag = 0<<8 | 0x19
	AirSyncConflict          Tag = 0<<8 | 0x1B
	AirSyncCollections       Tag = 0<<8 | 0x1C
	AirSyncApplicationData   Tag = 0<<8 | 0x1D
	AirSyncDeletesAsMoves    Tag = 0<<8 | 0x1E
	AirSyncSupported         Tag = 0<<8 | 0x20
	AirSyncSoftDelete        Tag = 0<<8 | 0x21
	AirSyncMIMESupport       Tag = 0<<8 | 0x22
	AirSyncMIMETruncation    Tag = 0<<8 | 0x23
	AirSyncWait              Tag = 0<<8 | 0x24
	AirSyncLimit             Tag = 0<<8 | 0x25
	AirSyncPartial           Tag = 0<<8 | 0x26
	AirSyncConversationMode  Tag = 0<<8 | 0x27
	AirSyncMaxItems          Tag = 0<<8 | 0x28
	AirSyncHeartbeatInterval Tag = 0<<8 | 0x29
)

// Code page 1, Contacts. [MS-ASWBXML] 2.1.2.1.2
const (
	ContactsAnniversary               Tag = 1<<8 | 0x05
	ContactsAssistantName             Tag = 1<<8 | 0x06
	ContactsAssistantPhoneNumber      Tag = 1<<8 | 0x07
	ContactsBirthday                  Tag = 1<<8 | 0x08
	ContactsBody                      Tag = 1<<8 | 0x09
	ContactsBodySize                  Tag = 1<<8 | 0x0A
	ContactsBodyTruncated             Tag = 1<<8 | 0x0B
	ContactsBusiness2PhoneNumber      Tag = 1<<8 | 0x0C
	ContactsBusinessAddressCity       Tag = 1<<8 | 0x0D
	ContactsBusinessAddressCountry    Tag = 1<<8 | 0x0E
	ContactsBusinessAddressPostalCode Tag = 1<<8 | 0x0F
	ContactsBusinessAddressState      Tag = 1<<8 | 0x10
	ContactsBusinessAddressStreet     Tag = 1<<8 | 0x11
	ContactsBusinessFaxNumber         Tag = 1<<8 | 0x12
	ContactsBusinessPhoneNumber       Tag = 1<<8 | 0x13
	ContactsCarPhoneNumber            Tag = 1<<8 | 0x14
	ContactsCategories                Tag = 1<<8 | 0x15
	ContactsCategory                  Tag = 1<<8 | 0x16
	ContactsChildren                  Tag = 1<<8 | 0x17
	ContactsChild                     Tag = 1<<8 | 0x18
	ContactsCompanyName               Tag = 1<<8 | 0x19
	ContactsDepartment                Tag = 1<<8 | 0x1A
	ContactsEmail1Address             Tag = 1<<8 | 0x1B
	ContactsEmail2Address             Tag = 1<<8 | 0x1C
	ContactsEmail3Address             Tag = 1<<8 | 0x1D
	ContactsFileAs                    Tag = 1<<8 | 0x1E
	ContactsFirstName                 Tag = 1<<8 | 0x1F
	ContactsHome2PhoneNumber          Tag = 1<<8 | 0x20
	ContactsHomeAddressCity           Tag = 1<<8 | 0x21
	ContactsHomeAddressCountry        Tag = 1<<8 | 0x22
	ContactsHomeAddressPostalCode     Tag = 1<<8 | 0x23
	ContactsHomeAddressState          Tag = 1<<8 | 0x24
	ContactsHomeAddressStreet         Tag = 1<<8 | 0x25
	ContactsHomeFaxNumber             Tag = 1<<8 | 0x26
	ContactsHomePhoneNumber           Tag = 1<<8 | 0x27
	ContactsJobTitle                  Tag = 1<<8 | 0x28
	ContactsLastName                  Tag = 1<<8 | 0x29
	ContactsMiddleName                Tag = 1<<8 | 0x2A
	ContactsMobilePhoneNumber         Tag = 1<<8 | 0x2B
	ContactsOfficeLocation            Tag = 1<<8 | 0x2C
	ContactsOtherAddressCity          Tag = 1<<8 | 0x2D
	ContactsOtherAddressCountry       Tag = 1<<8 | 0x2E
	ContactsOtherAddressPostalCode    Tag = 1<<8 | 0x2F
	ContactsOtherAddressState         Tag = 1<<8 | 0x30
	ContactsOtherAddressStreet        Tag = 1<<8 | 0x31
	ContactsPagerNumber               Tag = 1<<8 | 0x32
	ContactsRadioPhoneNumber          Tag = 1<<8 | 0x33
	ContactsSpouse                    Tag = 1<<8 | 0x34
	ContactsSuffix                    Tag = 1<<8 | 0x35
	ContactsTitle                     Tag = 1<<8 | 0x36
	ContactsWebPage                   Tag = 1<<8 | 0x37
	ContactsYomiCompanyName           Tag = 1<<8 | 0x38
	ContactsYomiFirstName             Tag = 1<<8 | 0x39
	ContactsYomiLastName              Tag = 1<<8 | 0x3A
	ContactsCompressedRTF             Tag = 1<<8 | 0x3B
	ContactsPicture                   Tag = 1<<8 | 0x3C
	ContactsAlias                     Tag = 1<<8 | 0x3D
	ContactsWeightedRank              Tag = 1<<8 | 0x3E
)

// Code page 2, Email. [MS-ASWBXML] 2.1.2.1.3
const (
	EmailAttachment              Tag = 2<<8 | 0x05
	EmailAttachments             Tag = 2<<8 | 0x06
	EmailAttName                 Tag = 2<<8 | 0x07
	EmailAttSize                 Tag = 2<<8 | 0x08
	EmailAtt0Id                  Tag = 2<<8 | 0x09
	EmailAttMethod               Tag = 2<<8 | 0x0A
	EmailAttRemoved              Tag = 2<<8 | 0x0B
	EmailBody                    Tag = 2<<8 | 0x0C
	EmailBodySize                Tag = 2<<8 | 0x0D
	EmailBodyTruncated           Tag = 2<<8 | 0x0E
	EmailDateReceived            Tag = 2<<8 | 0x0F
	EmailDisplayName             Tag = 2<<8 | 0x10
	EmailDisplayTo               Tag = 2<<8 | 0x11
	EmailImportance              Tag = 2<<8 | 0x12
	EmailMessageClass            Tag = 2<<8 | 0x13
	EmailSubject                 Tag = 2<<8 | 0x14
	EmailRead                    Tag = 2<<8 | 0x15
	EmailTo                      Tag = 2<<8 | 0x16
	EmailCc                      Tag = 2<<8 | 0x17
	EmailFrom                    Tag = 2<<8 | 0x18
	EmailReplyTo                 Tag = 2<<8 | 0x19
	EmailAllDayEvent             Tag = 2<<8 | 0x1A
	EmailCategories              Tag = 2<<8 | 0x1B
	EmailCategory                Tag = 2<<8 | 0x1C
	EmailDtStamp                 Tag = 2<<8 | 0x1D
	EmailEndTime                 Tag = 2<<8 | 0x1E
	EmailInstanceType            Tag = 2<<8 | 0x1F
	EmailBusyStatus              Tag = 2<<8 | 0x20
	EmailLocation                Tag = 2<<8 | 0x21
	EmailMeetingRequest          Tag = 2<<8 | 0x22
	EmailOrganizer               Tag = 2<<8 | 0x23
	EmailRecurrenceId            Tag = 2<<8 | 0x24
	EmailReminder                Tag = 2<<8 | 0x25
	EmailResponseRequested       Tag = 2<<8 | 0x26
	EmailRecurrences             Tag = 2<<8 | 0x27
	EmailRecurrence              Tag = 2<<8 | 0x28
	EmailType                    Tag = 2<<8 | 0x29
	EmailUntil                   Tag = 2<<8 | 0x2A
	EmailOccurrences             Tag = 2<<8 | 0x2B
	EmailInterval                Tag = 2<<8 | 0x2C
	EmailDayOfWeek               Tag = 2<<8 | 0x2D
	EmailDayOfMonth              Tag = 2<<8 | 0x2E
	EmailWeekOfMonth             Tag = 2<<8 | 0x2F
	EmailMonthOfYear             Tag = 2<<8 | 0x30
	EmailStartTime               Tag = 2<<8 | 0x31
	EmailSensitivity             Tag = 2<<8 | 0x32
	EmailTimeZone                Tag = 2<<8 | 0x33
	EmailGlobalObjId             Tag = 2<<8 | 0x34
	EmailThreadTopic             Tag = 2<<8 | 0x35
	EmailMIMEData                Tag = 2<<8 | 0x36
	EmailMIMETruncated           Tag = 2<<8 | 0x37
	EmailMIMESize                Tag = 2<<8 | 0x38
	EmailInternetCPID            Tag = 2<<8 | 0x39
	EmailFlag                    Tag = 2<<8 | 0x3A
	EmailStatus                  Tag = 2<<8 | 0x3B
	EmailContentClass            Tag = 2<<8 | 0x3C
	EmailFlagType                Tag = 2<<8 | 0x3D
	EmailCompleteTime            Tag = 2<<8 | 0x3E
	EmailDisallowNewTimeProposal Tag = 2<<8 | 0x3F
)

// Code page 4, Calendar. [MS-ASWBXML] 2.1.2.1.5
const (
	CalendarTimezone                  Tag = 4<<8 | 0x05
	CalendarAllDayEvent               Tag = 4<<8 | 0x06
	CalendarAttendees                 Tag = 4<<8 | 0x07
	CalendarAttendee                  Tag = 4<<8 | 0x08
	CalendarEmail                     Tag = 4<<8 | 0x09
	CalendarName                      Tag = 4<<8 | 0x0A
	CalendarBody                      Tag = 4<<8 | 0x0B
	CalendarBodyTruncated             Tag = 4<<8 | 0x0C
	CalendarBusyStatus                Tag = 4<<8 | 0x0D
	CalendarCategories                Tag = 4<<8 | 0x0E
	CalendarCategory                  Tag = 4<<8 | 0x0F
	CalendarCompressedRTF             Tag = 4<<8 | 0x10
	CalendarDtStamp                   Tag = 4<<8 | 0x11
	CalendarEndTime                   Tag = 4<<8 | 0x12
	CalendarException                 Tag = 4<<8 | 0x13
	CalendarExceptions                Tag = 4<<8 | 0x14
	CalendarDeleted                   Tag = 4<<8 | 0x15
	CalendarExceptionStartTime        Tag = 4<<8 | 0x16
	CalendarLocation                  Tag = 4<<8 | 0x17
	CalendarMeetingStatus             Tag = 4<<8 | 0x18
	CalendarOrganizerEmail            Tag = 4<<8 | 0x19
	CalendarOrganizerName             Tag = 4<<8 | 0x1A
	CalendarRecurrence                Tag = 4<<8 | 0x1B
	CalendarType                      Tag = 4<<8 | 0x1C
	CalendarUntil                     Tag = 4<<8 | 0x1D
	CalendarOccurrences               Tag = 4<<8 | 0x1E
	CalendarInterval                  Tag = 4<<8 | 0x1F
	CalendarDayOfWeek                 Tag = 4<<8 | 0x20
	CalendarDayOfMonth                Tag = 4<<8 | 0x21
	CalendarWeekOfMonth               Tag = 4<<8 | 0x22
	CalendarMonthOfYear               Tag = 4<<8 | 0x23
	CalendarReminder                  Tag = 4<<8 | 0x24
	CalendarSensitivity               Tag = 4<<8 | 0x25
	CalendarSubject                   Tag = 4<<8 | 0x26
	CalendarStartTime                 Tag = 4<<8 | 0x27
	CalendarUID                       Tag = 4<<8 | 0x28
	CalendarAttendeeStatus            Tag = 4<<8 | 0x29
	CalendarAttendeeType              Tag = 4<<8 | 0x2A
	CalendarDisallowNewTimeProposal   Tag = 4<<8 | 0x33
	CalendarResponseRequested         Tag = 4<<8 | 0x34
	CalendarAppointmentReplyTime      Tag = 4<<8 | 0x35
	CalendarResponseType              Tag = 4<<8 | 0x36
	CalendarCalendarType              Tag = 4<<8 | 0x37
	CalendarIsLeapMonth               Tag = 4<<8 | 0x38
	CalendarFirstDayOfWeek            Tag = 4<<8 | 0x39
	CalendarOnlineMeetingConfLink     Tag = 4<<8 | 0x3A
	CalendarOnlineMeetingExternalLink Tag = 4<<8 | 0x3B
	CalendarClientUid                 Tag = 4<<8 | 0x3C
)

// Code page 5, Move. [MS-ASWBXML] 2.1.2.1.6
const (
	MoveMoveItems Tag = 5<<8 | 0x05
	MoveMove      Tag = 5<<8 | 0x06
	MoveSrcMsgId  Tag = 5<<8 | 0x07
	MoveSrcFldId  Tag = 5<<8 | 0x08
	MoveDstFldId  Tag = 5<<8 | 0x09
	MoveResponse  Tag = 5<<8 | 0x0A
	MoveStatus    Tag = 5<<8 | 0x0B
	MoveDstMsgId  Tag = 5<<8 | 0x0C
)

// Code page 6, GetItemEstimate. [MS-ASWBXML] 2.1.2.1.7
const (
	GetItemEstimateGetItemEstimate Tag = 6<<8 | 0x05
	GetItemEstimateVersion         Tag = 6<<8 | 0x06
	GetItemEstimateCollections     Tag = 6<<8 | 0x07
	GetItemEstimateCollection      Tag = 6<<8 | 0x08
	GetItemEstimateClass           Tag = 6<<8 | 0x09
	GetItemEstimateCollectionId    Tag = 6<<8 | 0x0A
	GetItemEstimateDateTime        Tag = 6<<8 | 0x0B
	GetItemEstimateEstimate        Tag = 6<<8 | 0x0C
	GetItemEstimateResponse        Tag = 6<<8 | 0x0D
	GetItemEstimateStatus          Tag = 6<<8 | 0x0E
)

// Code page 7, FolderHierarchy. [MS-ASWBXML] 2.1.2.1.8
const (
	FolderHierarchyFolders      Tag = 7<<8 | 0x05
	FolderHierarchyFolder       Tag = 7<<8 | 0x06
	FolderHierarchyDisplayName  Tag = 7<<8 | 0x07
	FolderHierarchyServerId     Tag = 7<<8 | 0x08
	FolderHierarchyParentId     Tag = 7<<8 | 0x09
	FolderHierarchyType         Tag = 7<<8 | 0x0A
	FolderHierarchyResponse     Tag = 7<<8 | 0x0B
	FolderHierarchyStatus       Tag = 7<<8 | 0x0C
	FolderHierarchyContentClass Tag = 7<<8 | 0x0D
	FolderHierarchyChanges      Tag = 7<<8 | 0x0E
	FolderHierarchyAdd          Tag = 7<<8 | 0x0F
	FolderHierarchyDelete       Tag = 7<<8 | 0x10
	FolderHierarchyUpdate       Tag = 7<<8 | 0x11
	FolderHierarchySyncKey      Tag = 7<<8 | 0x12
	FolderHierarchyFolderCreate Tag = 7<<8 | 0x13
	FolderHierarchyFolderDelete Tag = 7<<8 | 0x14
	FolderHierarchyFolderUpdate Tag = 7<<8 | 0x15
	FolderHierarchyFolderSync   Tag = 7<<8 | 0x16
	FolderHierarchyCount        Tag = 7<<8 | 0x17
)

// Code page 8, MeetingResponse. [MS-ASWBXML] 2.1.2.1.9
const (
	MeetingResponseCalendarId        Tag = 8<<8 | 0x05
	MeetingResponseCollectionId      Tag = 8<<8 | 0x06
	MeetingResponseMeetingResponse   Tag = 8<<8 | 0x07
	MeetingResponseRequestId         Tag = 8<<8 | 0x08
	MeetingResponseRequest           Tag = 8<<8 | 0x09
	MeetingResponseResult            Tag = 8<<8 | 0x0A
	MeetingResponseStatus            Tag = 8<<8 | 0x0B
	MeetingResponseUserResponse      Tag = 8<<8 | 0x0C
	MeetingResponseInstanceId        Tag = 8<<8 | 0x0E
	MeetingResponseProposedStartTime Tag = 8<<8 | 0x10
	MeetingResponseProposedEndTime   Tag = 8<<8 | 0x11
	MeetingResponseSendResponse      Tag = 8<<8 | 0x12
)

// Code page 9, Tasks. [MS-ASWBXML] 2.1.2.1.10
const (
	TasksBody           Tag = 9<<8 | 0x05
	TasksBodySize       Tag = 9<<8 | 0x06
	TasksBodyTruncated  Tag = 9<<8 | 0x07
	TasksCategories     Tag = 9<<8 | 0x08
	TasksCategory       Tag = 9<<8 | 0x09
	TasksComplete       Tag = 9<<8 | 0x0A
	TasksDateCompleted  Tag = 9<<8 | 0x0B
	TasksDueDate        Tag = 9<<8 | 0x0C
	TasksUtcDueDate     Tag = 9<<8 | 0x0D
	TasksImportance     Tag = 9<<8 | 0x0E
	TasksRecurrence     Tag = 9<<8 | 0x0F
	TasksType           Tag = 9<<8 | 0x10
	TasksStart          Tag = 9<<8 | 0x11
	TasksUntil          Tag = 9<<8 | 0x12
	TasksOccurrences    Tag = 9<<8 | 0x13
	TasksInterval       Tag = 9<<8 | 0x14
	TasksDayOfMonth     Tag = 9<<8 | 0x15
	TasksDayOfWeek      Tag = 9<<8 | 0x16
	TasksWeekOfMonth    Tag = 9<<8 | 0x17
	TasksMonthOfYear    Tag = 9<<8 | 0x18
	TasksRegenerate     Tag = 9<<8 | 0x19
	TasksDeadOccur      Tag = 9<<8 | 0x1A
	TasksReminderSet    Tag = 9<<8 | 0x1B
	TasksReminderTime   Tag = 9<<8 | 0x1C
	TasksSensitivity    Tag = 9<<8 | 0x1D
	TasksStartDate      Tag = 9<<8 | 0x1E
	TasksUtcStartDate   Tag = 9<<8 | 0x1F
	TasksSubject        Tag = 9<<8 | 0x20
	TasksCompressedRTF  Tag = 9<<8 | 0x21
	TasksOrdinalDate    Tag = 9<<8 | 0x22
	TasksSubOrdinalDate Tag = 9<<8 | 0x23
	TasksCalendarType   Tag = 9<<8 | 0x24
	TasksIsLeapMonth    Tag = 9<<8 | 0x25
	TasksFirstDayOfWeek Tag = 9<<8 | 0x26
)

// Code page 10, ResolveRecipients. [MS-ASWBXML] 2.1.2.1.11
const (
	ResolveRecipientsResolveRecipients      Tag = 10<<8 | 0x05
	ResolveRecipientsResponse               Tag = 10<<8 | 0x06
	ResolveRecipientsStatus                 Tag = 10<<8 | 0x07
	ResolveRecipientsType                   Tag = 10<<8 | 0x08
	ResolveRecipientsRecipient              Tag = 10<<8 | 0x09
	ResolveRecipientsDisplayName            Tag = 10<<8 | 0x0A
	ResolveRecipientsEmailAddress           Tag = 10<<8 | 0x0B
	ResolveRecipientsCertificates           Tag = 10<<8 | 0x0C
	ResolveRecipientsCertificate            Tag = 10<<8 | 0x0D
	ResolveRecipientsMiniCertificate        Tag = 10<<8 | 0x0E
	ResolveRecipientsOptions                Tag = 10<<8 | 0x0F
	ResolveRecipientsTo                     Tag = 10<<8 | 0x10
	ResolveRecipientsCertificateRetrieval   Tag = 10<<8 | 0x11
	ResolveRecipientsRecipientCount         Tag = 10<<8 | 0x12
	ResolveRecipientsMaxCertificates        Tag = 10<<8 | 0x13
	ResolveRecipientsMaxAmbiguousRecipients Tag = 10<<8 | 0x14
	ResolveRecipientsCertificateCount       Tag = 10<<8 | 0x15
	ResolveRecipientsAvailability           Tag = 10<<8 | 0x16
	ResolveRecipientsStartTime              Tag = 10<<8 | 0x17
	ResolveRecipientsEndTime                Tag = 10<<8 | 0x18
	ResolveRecipientsMergedFreeBusy         Tag = 10<<8 | 0x19
	ResolveRecipientsPicture                Tag = 10<<8 | 0x1A
	ResolveRecipientsMaxSize                Tag = 10<<8 | 0x1B
	ResolveRecipientsData                   Tag = 10<<8 | 0x1C
	ResolveRecipientsMaxPictures            Tag = 10<<8 | 0x1D
)

// Code page 11, ValidateCert. [MS-ASWBXML] 2.1.2.1.12
const (
	ValidateCertValidateCert     Tag = 11<<8 | 0x05
	ValidateCertCertificates     Tag = 11<<8 | 0x06
	ValidateCertCertificate      Tag = 11<<8 | 0x07
	ValidateCertCertificateChain Tag = 11<<8 | 0x08
	ValidateCertCheckCRL         Tag = 11<<8 | 0x09
	ValidateCertStatus           Tag = 11<<8 | 0x0A
)
