package wbxml

// Code page 12, Contacts2. [MS-ASWBXML] 2.1.2.1.13
const (
	Contacts2CustomerId       Tag = 12<<8 | 0x05
	Contacts2GovernmentId     Tag = 12<<8 | 0x06
	Contacts2IMAddress        Tag = 12<<8 | 0x07
	Contacts2IMAddress2       Tag = 12<<8 | 0x08
	Contacts2IMAddress3       Tag = 12<<8 | 0x09
	Contacts2ManagerName      Tag = 12<<8 | 0x0A
	Contacts2CompanyMainPhone Tag = 12<<8 | 0x0B
	Contacts2AccountName      Tag = 12<<8 | 0x0C
	Contacts2NickName         Tag = 12<<8 | 0x0D
	Contacts2MMS              Tag = 12<<8 | 0x0E
)

// Code page 13, Ping. [MS-ASWBXML] 2.1.2.1.14
const (
	PingPing              Tag = 13<<8 | 0x05
	PingAutdState         Tag = 13<<8 | 0x06
	PingStatus            Tag = 13<<8 | 0x07
	PingHeartbeatInterval Tag = 13<<8 | 0x08
	PingFolders           Tag = 13<<8 | 0x09
	PingFolder            Tag = 13<<8 | 0x0A
	PingId                Tag = 13<<8 | 0x0B
	PingClass             Tag = 13<<8 | 0x0C
	PingMaxFolders        Tag = 13<<8 | 0x0D
)

// Code page 14, Provision. [MS-ASWBXML] 2.1.2.1.15
const (
	ProvisionProvision                                Tag = 14<<8 | 0x05
	ProvisionPolicies                                 Tag = 14<<8 | 0x06
	ProvisionPolicy                                   Tag = 14<<8 | 0x07
	ProvisionPolicyType                               Tag = 14<<8 | 0x08
	ProvisionPolicyKey                                Tag = 14<<8 | 0x09
	ProvisionData                                     Tag = 14<<8 | 0x0A
	ProvisionStatus                                   Tag = 14<<8 | 0x0B
	ProvisionRemoteWipe                               Tag = 14<<8 | 0x0C
	ProvisionEASProvisionDoc                          Tag = 14<<8 | 0x0D
	ProvisionDevicePasswordEnabled                    Tag = 14<<8 | 0x0E
	ProvisionAlphanumericDevicePasswordRequired       Tag = 14<<8 | 0x0F
	ProvisionRequireStorageCardEncryption             Tag = 14<<8 | 0x10
	ProvisionPasswordRecoveryEnabled                  Tag = 14<<8 | 0x11
	ProvisionAttachmentsEnabled                       Tag = 14<<8 | 0x13
	ProvisionMinDevicePasswordLength                  Tag = 14<<8 | 0x14
	ProvisionMaxInactivityTimeDeviceLock              Tag = 14<<8 | 0x15
	ProvisionMaxDevicePasswordFailedAttempts          Tag = 14<<8 | 0x16
	ProvisionMaxAttachmentSize                        Tag = 14<<8 | 0x17
	ProvisionAllowSimpleDevicePassword                Tag = 14<<8 | 0x18
	ProvisionDevicePasswordExpiration                 Tag = 14<<8 | 0x19
	ProvisionDevicePasswordHistory                    Tag = 14<<8 | 0x1A
	ProvisionAllowStorageCard                         Tag = 14<<8 | 0x1B
	ProvisionAllowCamera                              Tag = 14<<8 | 0x1C
	ProvisionRequireDeviceEncryption                  Tag = 14<<8 | 0x1D
	ProvisionAllowUnsignedApplications                Tag = 14<<8 | 0x1E
	ProvisionAllowUnsignedInstallationPackages        Tag = 14<<8 | 0x1F
	ProvisionMinDevicePasswordComplexCharacters       Tag = 14<<8 | 0x20
	ProvisionAllowWiFi                                Tag = 14<<8 | 0x21
	ProvisionAllowTextMessaging                       Tag = 14<<8 | 0x22
	ProvisionAllowPOPIMAPEmail                        Tag = 14<<8 | 0x23
	ProvisionAllowBluetooth                           Tag = 14<<8 | 0x24
	ProvisionAllowIrDA                                Tag = 14<<8 | 0x25
	ProvisionRequireManualSyncWhenRoaming             Tag = 14<<8 | 0x26
	ProvisionAllowDesktopSync                         Tag = 14<<8 | 0x27
	ProvisionMaxCalendarAgeFilter                     Tag = 14<<8 | 0x28
	ProvisionAllowHTMLEmail                           Tag = 14<<8 | 0x29
	ProvisionMaxEmailAgeFilter                        Tag = 14<<8 | 0x2A
	ProvisionMaxEmailBodyTruncationSize               Tag = 14<<8 | 0x2B
	ProvisionMaxEmailHTMLBodyTruncationSize           Tag = 14<<8 | 0x2C
	ProvisionRequireSignedSMIMEMessages               Tag = 14<<8 | 0x2D
	ProvisionRequireEncryptedSMIMEMessages            Tag = 14<<8 | 0x2E
	ProvisionRequireSignedSMIMEAlgorithm              Tag = 14<<8 | 0x2F
	ProvisionRequireEncryptionSMIMEAlgorithm          Tag = 14<<8 | 0x30
	ProvisionAllowSMIMEEncryptionAlgorithmNegotiation Tag = 14<<8 | 0x31
	ProvisionAllowSMIMESoftCerts                      Tag = 14<<8 | 0x32
	ProvisionAllowBrowser                             Tag = 14<<8 | 0x33
	ProvisionAllowConsumerEmail                       Tag = 14<<8 | 0x34
	ProvisionAllowRemoteDesktop                       Tag = 14<<8 | 0x35
	ProvisionAllowInternetSharing                     Tag = 14<<8 | 0x36
	ProvisionUnapprovedInROMApplicationList           Tag = 14<<8 | 0x37
	ProvisionApplicationName                          Tag = 14<<8 | 0x38
	ProvisionApprovedApplicationList                  Tag = 14<<8 | 0x39
	ProvisionHash                                     Tag = 14<<8 | 0x3A
	ProvisionAccountOnlyRemoteWipe                    Tag = 14<<8 | 0x3B
)

// Code page 15, Search. [MS-ASWBXML] 2.1.2.1.16
const (
	SearchSearch         Tag = 15<<8 | 0x05
	SearchStore          Tag = 15<<8 | 0x07
	SearchName           Tag = 15<<8 | 0x08
	SearchQuery          Tag = 15<<8 | 0x09
	SearchOptions        Tag = 15<<8 | 0x0A
	SearchRange          Tag = 15<<8 | 0x0B
	SearchStatus         Tag = 15<<8 | 0x0C
	SearchResponse       Tag = 15<<8 | 0x0D
	SearchResult         Tag = 15<<8 | 0x0E
	SearchProperties     Tag = 15<<8 | 0x0F
	SearchTotal          Tag = 15<<8 | 0x10
	SearchEqualTo        Tag = 15<<8 | 0x11
	SearchValue          Tag = 15<<8 | 0x12
	SearchAnd            Tag = 15<<8 | 0x13
	SearchOr             Tag = 15<<8 | 0x14
	SearchFreeText       Tag = 15<<8 | 0x15
	SearchDeepTraversal  Tag = 15<<8 | 0x17
	SearchLongId         Tag = 15<<8 | 0x18
	SearchRebuildResults Tag = 15<<8 | 0x19
	SearchLessThan       Tag = 15<<8 | 0x1A
	SearchGreaterThan    Tag = 15<<8 | 0x1B
	SearchUserName       Tag = 15<<8 | 0x1E
	SearchPassword       Tag = 15<<8 | 0x1F
	SearchConversationId Tag = 15<<8 | 0x20
	SearchPicture        Tag = 15<<8 | 0x21
	SearchMaxSize        Tag = 15<<8 | 0x22
	SearchMaxPictures    Tag = 15<<8 | 0x23
)

// Code page 16, GAL. [MS-ASWBXML] 2.1.2.1.17
const (
	GALDisplayName  Tag = 16<<8 | 0x05
	GALPhone        Tag = 16<<8 | 0x06
	GALOffice       Tag = 16<<8 | 0x07
	GALTitle        Tag = 16<<8 | 0x08
	GALCompany      Tag = 16<<8 | 0x09
	GALAlias        Tag = 16<<8 | 0x0A
	GALFirstName    Tag = 16<<8 | 0x0B
	GALLastName     Tag = 16<<8 | 0x0C
	GALHomePhone    Tag = 16<<8 | 0x0D
	GALMobilePhone  Tag = 16<<8 | 0x0E
	GALEmailAddress Tag = 16<<8 | 0x0F
	GALPicture      Tag = 16<<8 | 0x10
	GALStatus       Tag = 16<<8 | 0x11
	GALData         Tag = 16<<8 | 0x12
)

// Code page 17, AirSyncBase. [MS-ASWBXML] 2.1.2.1.18
const (
	AirSyncBaseBodyPreference     Tag = 17<<8 | 0x05
	AirSyncBaseType               Tag = 17<<8 | 0x06
	AirSyncBaseTruncationSize     Tag = 17<<8 | 0x07
	AirSyncBaseAllOrNone          Tag = 17<<8 | 0x08
	AirSyncBaseBody               Tag = 17<<8 | 0x0A
	AirSyncBaseData               Tag = 17<<8 | 0x0B
	AirSyncBaseEstimatedDataSize  Tag = 17<<8 | 0x0C
	AirSyncBaseTruncated          Tag = 17<<8 | 0x0D
	AirSyncBaseAttachments        Tag = 17<<8 | 0x0E
	AirSyncBaseAttachment         Tag = 17<<8 | 0x0F
	AirSyncBaseDisplayName        Tag = 17<<8 | 0x10
	AirSyncBaseFileReference      Tag = 17<<8 | 0x11
	AirSyncBaseMethod             Tag = 17<<8 | 0x12
	AirSyncBaseContentId          Tag = 17<<8 | 0x13
	AirSyncBaseContentLocation    Tag = 17<<8 | 0x14
	AirSyncBaseIsInline           Tag = 17<<8 | 0x15
	AirSyncBaseNativeBodyType     Tag = 17<<8 | 0x16
	AirSyncBaseContentType        Tag = 17<<8 | 0x17
	AirSyncBasePreview            Tag = 17<<8 | 0x18
	AirSyncBaseBodyPartPreference Tag = 17<<8 | 0x19
	AirSyncBaseBodyPart           Tag = 17<<8 | 0x1A
	AirSyncBaseStatus             Tag = 17<<8 | 0x1B
	AirSyncBaseAdd                Tag = 17<<8 | 0x1C
	AirSyncBaseDelete             Tag = 17<<8 | 0x1D
	AirSyncBaseClientId           Tag = 17<<8 | 0x1E
	AirSyncBaseContent            Tag = 17<<8 | 0x1F
	AirSyncBaseLocation           Tag = 17<<8 | 0x20
	AirSyncBaseAnnotation         Tag = 17<<8 | 0x21
	AirSyncBaseStreet             Tag = 17<<8 | 0x22
	AirSyncBaseCity               Tag = 17<<8 | 0x23
	AirSyncBaseState              Tag = 17<<8 | 0x24
	AirSyncBaseCountry            Tag = 17<<8 | 0x25
	AirSyncBasePostalCode         Tag = 17<<8 | 0x26
	AirSyncBaseLatitude           Tag = 17<<8 | 0x27
	AirSyncBaseLongitude          Tag = 17<<8 | 0x28
	AirSyncBaseAccuracy           Tag = 17<<8 | 0x29
	AirSyncBaseAltitude           Tag = 17<<8 | 0x2A
	AirSyncBaseAltitudeAccuracy   Tag = 17<<8 | 0x2B
	AirSyncBaseLocationUri        Tag = 17<<8 | 0x2C
	AirSyncBaseInstanceId         Tag = 17<<8 | 0x2D
)

// Code page 18, Settings. [MS-ASWBXML] 2.1.2.1.19
const (
	SettingsSettings                    Tag = 18<<8 | 0x05
	SettingsStatus                      Tag = 18<<8 | 0x06
	SettingsGet                         Tag = 18<<8 | 0x07
	SettingsSet                         Tag = 18<<8 | 0x08
	SettingsOof                         Tag = 18<<8 | 0x09
	SettingsOofState                    Tag = 18<<8 | 0x0A
	SettingsStartTime                   Tag = 18<<8 | 0x0B
	SettingsEndTime                     Tag = 18<<8 | 0x0C
	SettingsOofMessage                  Tag = 18<<8 | 0x0D
	SettingsAppliesToInternal           Tag = 18<<8 | 0x0E
	SettingsAppliesToExternalKnown      Tag = 18<<8 | 0x0F
	SettingsAppliesToExternalUnknown    Tag = 18<<8 | 0x10
	SettingsEnabled                     Tag = 18<<8 | 0x11
	SettingsReplyMessage                Tag = 18<<8 | 0x12
	SettingsBodyType                    Tag = 18<<8 | 0x13
	SettingsDevicePassword              Tag = 18<<8 | 0x14
	SettingsPassword                    Tag = 18<<8 | 0x15
	SettingsDeviceInformation           Tag = 18<<8 | 0x16
	SettingsModel                       Tag = 18<<8 | 0x17
	SettingsIMEI                        Tag = 18<<8 | 0x18
	SettingsFriendlyName                Tag = 18<<8 | 0x19
	SettingsOS                          Tag = 18<<8 | 0x1A
	SettingsOSLanguage                  Tag = 18<<8 | 0x1B
	SettingsPhoneNumber                 Tag = 18<<8 | 0x1C
	SettingsUserInformation             Tag = 18<<8 | 0x1D
	SettingsEmailAddresses              Tag = 18<<8 | 0x1E
	SettingsSMTPAddress                 Tag = 18<<8 | 0x1F
	SettingsUserAgent                   Tag = 18<<8 | 0x20
	SettingsEnableOutboundSMS           Tag = 18<<8 | 0x21
	SettingsMobileOperator              Tag = 18<<8 | 0x22
	SettingsPrimarySmtpAddress          Tag = 18<<8 | 0x23
	SettingsAccounts                    Tag = 18<<8 | 0x24
	SettingsAccount                     Tag = 18<<8 | 0x25
	SettingsAccountId                   Tag = 18<<8 | 0x26
	SettingsAccountName                 Tag = 18<<8 | 0x27
	SettingsUserDisplayName             Tag = 18<<8 | 0x28
	SettingsSendDisabled                Tag = 18<<8 | 0x29
	SettingsRightsManagementInformation Tag = 18<<8 | 0x2B
)

// Code page 19, DocumentLibrary. [MS-ASWBXML] 2.1.2.1.20
const (
	DocumentLibraryLinkId           Tag = 19<<8 | 0x05
	DocumentLibraryDisplayName      Tag = 19<<8 | 0x06
	DocumentLibraryIsFolder         Tag = 19<<8 | 0x07
	DocumentLibraryCreationDate     Tag = 19<<8 | 0x08
	DocumentLibraryLastModifiedDate Tag = 19<<8 | 0x09
	DocumentLibraryIsHidden         Tag = 19<<8 | 0x0A
	DocumentLibraryContentLength    Tag = 19<<8 | 0x0B
	DocumentLibraryContentType      Tag = 19<<8 | 0x0C
)

// Code page 20, ItemOperations. [MS-ASWBXML] 2.1.2.1.21
const (
	ItemOperationsItemOperations      Tag = 20<<8 | 0x05
	ItemOperationsFetch               Tag = 20<<8 | 0x06
	ItemOperationsStore               Tag = 20<<8 | 0x07
	ItemOperationsOptions             Tag = 20<<8 | 0x08
	ItemOperationsRange               Tag = 20<<8 | 0x09
	ItemOperationsTotal               Tag = 20<<8 | 0x0A
	ItemOperationsProperties          Tag = 20<<8 | 0x0B
	ItemOperationsData                Tag = 20<<8 | 0x0C
	ItemOperationsStatus              Tag = 20<<8 | 0x0D
	ItemOperationsResponse            Tag = 20<<8 | 0x0E
	ItemOperationsVersion             Tag = 20<<8 | 0x0F
	ItemOperationsSchema              Tag = 20<<8 | 0x10
	ItemOperationsPart                Tag = 20<<8 | 0x11
	ItemOperationsEmptyFolderContents Tag = 20<<8 | 0x12
	ItemOperationsDeleteSubFolders    Tag = 20<<8 | 0x13
	ItemOperationsUserName            Tag = 20<<8 | 0x14
	ItemOperationsPassword            Tag = 20<<8 | 0x15
	ItemOperationsMove                Tag = 20<<8 | 0x16
	ItemOperationsDstFldId            Tag = 20<<8 | 0x17
	ItemOperationsConversationId      Tag = 20<<8 | 0x18
	ItemOperationsMoveAlways          Tag = 20<<8 | 0x19
)

// Code page 21, ComposeMail. [MS-ASWBXML] 2.1.2.1.22
const (
	ComposeMailSendMail        Tag = 21<<8 | 0x05
	ComposeMailSmartForward    Tag = 21<<8 | 0x06
	ComposeMailSmartReply      Tag = 21<<8 | 0x07
	ComposeMailSaveInSentItems Tag = 21<<8 | 0x08
	ComposeMailReplaceMime     Tag = 21<<8 | 0x09
	ComposeMailSource          Tag = 21<<8 | 0x0B
	ComposeMailFolderId        Tag = 21<<8 | 0x0C
	ComposeMailItemId          Tag = 21<<8 | 0x0D
	ComposeMailLongId          Tag = 21<<8 | 0x0E
	ComposeMailInstanceId      Tag = 21<<8 | 0x0F
	ComposeMailMime            Tag = 21<<8 | 0x10
	ComposeMailClientId        Tag = 21<<8 | 0x11
	ComposeMailStatus          Tag = 21<<8 | 0x12
	ComposeMailAccountId       Tag = 21<<8 | 0x13
	ComposeMailForwardees      Tag = 21<<8 | 0x15
	ComposeMailForwardee       Tag = 21<<8 | 0x16
	ComposeMailForwardeeName   Tag = 21<<8 | 0x17
	ComposeMailForwardeeEmail  Tag = 21<<8 | 0x18
)

// Code page 22, Email2. [MS-ASWBXML] 2.1.2.1.23
const (
	Email2UmCallerID            Tag = 22<<8 | 0x05
	Email2UmUserNotes           Tag = 22<<8 | 0x06
	Email2UmAttDuration         Tag = 22<<8 | 0x07
	Email2UmAttOrder            Tag = 22<<8 | 0x08
	Email2ConversationId        Tag = 22<<8 | 0x09
	Email2ConversationIndex     Tag = 22<<8 | 0x0A
	Email2LastVerbExecuted      Tag = 22<<8 | 0x0B
	Email2LastVerbExecutionTime Tag = 22<<8 | 0x0C
	Email2ReceivedAsBcc         Tag = 22<<8 | 0x0D
	Email2Sender                Tag = 22<<8 | 0x0E
	Email2CalendarType          Tag = 22<<8 | 0x0F
	Email2IsLeapMonth           Tag = 22<<8 | 0x10
	Email2AccountId             Tag = 22<<8 | 0x11
	Email2FirstDayOfWeek        Tag = 22<<8 | 0x12
	Email2MeetingMessageType    Tag = 22<<8 | 0x13
	Email2IsDraft               Tag = 22<<8 | 0x15
	Email2Bcc                   Tag = 22<<8 | 0x16
	Email2Send                  Tag = 22<<8 | 0x17
)

// Code page 23, Notes. [MS-ASWBXML] 2.1.2.1.24
const (
	NotesSubject          Tag = 23<<8 | 0x05
	NotesMessageClass     Tag = 23<<8 | 0x06
	NotesLastModifiedDate Tag = 23<<8 | 0x07
	NotesCategories       Tag = 23<<8 | 0x08
	NotesCategory         Tag = 23<<8 | 0x09
)

// Code page 24, RightsManagement. [MS-ASWBXML] 2.1.2.1.25
const (
	RightsManagementRightsManagementSupport          Tag = 24<<8 | 0x05
	RightsManagementRightsManagementTemplates        Tag = 24<<8 | 0x06
	RightsManagementRightsManagementTemplate         Tag = 24<<8 | 0x07
	RightsManagementRightsManagementLicense          Tag = 24<<8 | 0x08
	RightsManagementEditAllowed                      Tag = 24<<8 | 0x09
	RightsManagementReplyAllowed                     Tag = 24<<8 | 0x0A
	RightsManagementReplyAllAllowed                  Tag = 24<<8 | 0x0B
	RightsManagementForwardAllowed                   Tag = 24<<8 | 0x0C
	RightsManagementModifyRecipientsAllowed          Tag = 24<<8 | 0x0D
	RightsManagementExtractAllowed                   Tag = 24<<8 | 0x0E
	RightsManagementPrintAllowed                     Tag = 24<<8 | 0x0F
	RightsManagementExportAllowed                    Tag = 24<<8 | 0x10
	RightsManagementProgrammaticAccessAllowed        Tag = 24<<8 | 0x11
	RightsManagementOwner                            Tag = 24<<8 | 0x12
	RightsManagementContentExpiryDate                Tag = 24<<8 | 0x13
	RightsManagementTemplateID                       Tag = 24<<8 | 0x14
	RightsManagementTemplateName                     Tag = 24<<8 | 0x15
	RightsManagementTemplateDescription              Tag = 24<<8 | 0x16
	RightsManagementContentOwner                     Tag = 24<<8 | 0x17
	RightsManagementRemoveRightsManagementProtection Tag = 24<<8 | 0x18
)

// Code page 25, Find. [MS-ASWBXML] 2.1.2.1.26
const (
	FindFind                   Tag = 25<<8 | 0x05
	FindSearchId               Tag = 25<<8 | 0x06
	FindExecuteSearch          Tag = 25<<8 | 0x07
	FindMailBoxSearchCriterion Tag = 25<<8 | 0x08
	FindQuery                  Tag = 25<<8 | 0x09
	FindStatus                 Tag = 25<<8 | 0x0A
	FindFreeText               Tag = 25<<8 | 0x0B
	FindOptions                Tag = 25<<8 | 0x0C
	FindRange                  Tag = 25<<8 | 0x0D
	FindDeepTraversal          Tag = 25<<8 | 0x0E
	FindResponse               Tag = 25<<8 | 0x11
	FindResult                 Tag = 25<<8 | 0x12
	FindProperties             Tag = 25<<8 | 0x13
	FindPreview                Tag = 25<<8 | 0x14
	FindHasAttachments         Tag = 25<<8 | 0x15
	FindTotal                  Tag = 25<<8 | 0x16
	FindDisplayCc              Tag = 25<<8 | 0x17
	FindDisplayBcc             Tag = 25<<8 | 0x18
	FindGalSearchCriterion     Tag = 25<<8 | 0x19
	FindMaxPictures            Tag = 25<<8 | 0x20
	FindMaxSize                Tag = 25<<8 | 0x21
	FindPicture                Tag = 25<<8 | 0x22
)
