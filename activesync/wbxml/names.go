package wbxml

// codePages are the pages and the names of their elements, by token. Page 3 was
// for notifications by text message, and no version here has it.
var codePages = [...]struct {
	name  string
	names [64]string
}{
	0: {"AirSync", [64]string{
		0x05: "Sync", "Responses", "Add", "Change", "Delete", "Fetch",
		"SyncKey", "ClientId", "ServerId", "Status", "Collection", "Class",
		0x12: "CollectionId", "GetChanges", "MoreAvailable", "WindowSize", "Commands", "Options",
		"FilterType", "Truncation", 0x1B: "Conflict", "Collections", "ApplicationData", "DeletesAsMoves",
		0x20: "Supported", "SoftDelete", "MIMESupport", "MIMETruncation", "Wait", "Limit",
		"Partial", "ConversationMode", "MaxItems", "HeartbeatInterval",
	}},
	1: {"Contacts", [64]string{
		0x05: "Anniversary", "AssistantName", "AssistantPhoneNumber", "Birthday", "Body", "BodySize",
		"BodyTruncated", "Business2PhoneNumber", "BusinessAddressCity", "BusinessAddressCountry", "BusinessAddressPostalCode", "BusinessAddressState",
		"BusinessAddressStreet", "BusinessFaxNumber", "BusinessPhoneNumber", "CarPhoneNumber", "Categories", "Category",
		"Children", "Child", "CompanyName", "Department", "Email1Address", "Email2Address",
		"Email3Address", "FileAs", "FirstName", "Home2PhoneNumber", "HomeAddressCity", "HomeAddressCountry",
		"HomeAddressPostalCode", "HomeAddressState", "HomeAddressStreet", "HomeFaxNumber", "HomePhoneNumber", "JobTitle",
		"LastName", "MiddleName", "MobilePhoneNumber", "OfficeLocation", "OtherAddressCity", "OtherAddressCountry",
		"OtherAddressPostalCode", "OtherAddressState", "OtherAddressStreet", "PagerNumber", "RadioPhoneNumber", "Spouse",
		"Suffix", "Title", "WebPage", "YomiCompanyName", "YomiFirstName", "YomiLastName",
		"CompressedRTF", "Picture", "Alias", "WeightedRank",
	}},
	2: {"Email", [64]string{
		0x05: "Attachment", "Attachments", "AttName", "AttSize", "Att0Id", "AttMethod",
		"AttRemoved", "Body", "BodySize", "BodyTruncated", "DateReceived", "DisplayName",
		"DisplayTo", "Importance", "MessageClass", "Subject", "Read", "To",
		"Cc", "From", "ReplyTo", "AllDayEvent", "Categories", "Category",
		"DtStamp", "EndTime", "InstanceType", "BusyStatus", "Location", "MeetingRequest",
		"Organizer", "RecurrenceId", "Reminder", "ResponseRequested", "Recurrences", "Recurrence",
		"Type", "Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth",
		"WeekOfMonth", "MonthOfYear", "StartTime", "Sensitivity", "TimeZone", "GlobalObjId",
		"ThreadTopic", "MIMEData", "MIMETruncated", "MIMESize", "InternetCPID", "Flag",
		"Status", "ContentClass", "FlagType", "CompleteTime", "DisallowNewTimeProposal",
	}},
	3: {"AirNotify", [64]string{}},
	4: {"Calendar", [64]string{
		0x05: "Timezone", "AllDayEvent", "Attendees", "Attendee", "Email", "Name",
		"Body", "BodyTruncated", "BusyStatus", "Categories", "Category", "CompressedRTF",
		"DtStamp", "EndTime", "Exception", "Exceptions", "Deleted", "ExceptionStartTime",
		"Location", "MeetingStatus", "OrganizerEmail", "OrganizerName", "Recurrence", "Type",
		"Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth", "WeekOfMonth",
		"MonthOfYear", "Reminder", "Sensitivity", "Subject", "StartTime", "UID",
		"AttendeeStatus", "AttendeeType", 0x33: "DisallowNewTimeProposal", "ResponseRequested", "AppointmentReplyTime", "ResponseType",
		"CalendarType", "IsLeapMonth", "FirstDayOfWeek", "OnlineMeetingConfLink", "OnlineMeetingExternalLink", "ClientUid",
	}},
	5: {"Move", [64]string{
		0x05: "MoveItems", "Move", "SrcMsgId", "SrcFldId", "DstFldId", "Response",
		"Status", "DstMsgId",
	}},
	6: {"GetItemEstimate", [64]string{
		0x05: "GetItemEstimate", "Version", "Collections", "Collection", "Class", "CollectionId",
		"DateTime", "Estimate", "Response", "Status",
	}},
	7: {"FolderHierarchy", [64]string{
		0x05: "Folders", "Folder", "DisplayName", "ServerId", "ParentId", "Type",
		"Response", "Status", "ContentClass", "Changes", "Add", "Delete",
		"Update", "SyncKey", "FolderCreate", "FolderDelete", "FolderUpdate", "FolderSync",
		"Count",
	}},
	8: {"MeetingResponse", [64]string{
		0x05: "CalendarId", "CollectionId", "MeetingResponse", "RequestId", "Request", "Result",
		"Status", "UserResponse", 0x0E: "InstanceId", 0x10: "ProposedStartTime", "ProposedEndTime", "SendResponse",
	}},
	9: {"Tasks", [64]string{
		0x05: "Body", "BodySize", "BodyTruncated", "Categories", "Category", "Complete",
		"DateCompleted", "DueDate", "UtcDueDate", "Importance", "Recurrence", "Type",
		"Start", "Until", "Occurrences", "Interval", "DayOfMonth", "DayOfWeek",
		"WeekOfMonth", "MonthOfYear", "Regenerate", "DeadOccur", "ReminderSet", "ReminderTime",
		"Sensitivity", "StartDate", "UtcStartDate", "Subject", "CompressedRTF", "OrdinalDate",
		"SubOrdinalDate", "CalendarType", "IsLeapMonth", "FirstDayOfWeek",
	}},
	10: {"ResolveRecipients", [64]string{
		0x05: "ResolveRecipients", "Response", "Status", "Type", "Recipient", "DisplayName",
		"EmailAddress", "Certificates", "Certificate", "MiniCertificate", "Options", "To",
		"CertificateRetrieval", "RecipientCount", "MaxCertificates", "MaxAmbiguousRecipients", "CertificateCount", "Availability",
		"StartTime", "EndTime", "MergedFreeBusy", "Picture", "MaxSize", "Data",
		"MaxPictures",
	}},
	11: {"ValidateCert", [64]string{
		0x05: "ValidateCert", "Certificates", "Certificate", "CertificateChain", "CheckCRL", "Status",
	}},
	12: {"Contacts2", [64]string{
		0x05: "CustomerId", "GovernmentId", "IMAddress", "IMAddress2", "IMAddress3", "ManagerName",
		"CompanyMainPhone", "AccountName", "NickName", "MMS",
	}},
	13: {"Ping", [64]string{
		0x05: "Ping", "AutdState", "Status", "HeartbeatInterval", "Folders", "Folder",
		"Id", "Class", "MaxFolders",
	}},
	14: {"Provision", [64]string{
		0x05: "Provision", "Policies", "Policy", "PolicyType", "PolicyKey", "Data",
		"Status", "RemoteWipe", "EASProvisionDoc", "DevicePasswordEnabled", "AlphanumericDevicePasswordRequired", "RequireStorageCardEncryption",
		"PasswordRecoveryEnabled", 0x13: "AttachmentsEnabled", "MinDevicePasswordLength", "MaxInactivityTimeDeviceLock", "MaxDevicePasswordFailedAttempts", "MaxAttachmentSize",
		"AllowSimpleDevicePassword", "DevicePasswordExpiration", "DevicePasswordHistory", "AllowStorageCard", "AllowCamera", "RequireDeviceEncryption",
		"AllowUnsignedApplications", "AllowUnsignedInstallationPackages", "MinDevicePasswordComplexCharacters", "AllowWiFi", "AllowTextMessaging", "AllowPOPIMAPEmail",
		"AllowBluetooth", "AllowIrDA", "RequireManualSyncWhenRoaming", "AllowDesktopSync", "MaxCalendarAgeFilter", "AllowHTMLEmail",
		"MaxEmailAgeFilter", "MaxEmailBodyTruncationSize", "MaxEmailHTMLBodyTruncationSize", "RequireSignedSMIMEMessages", "RequireEncryptedSMIMEMessages", "RequireSignedSMIMEAlgorithm",
		"RequireEncryptionSMIMEAlgorithm", "AllowSMIMEEncryptionAlgorithmNegotiation", "AllowSMIMESoftCerts", "AllowBrowser", "AllowConsumerEmail", "AllowRemoteDesktop",
		"AllowInternetSharing", "UnapprovedInROMApplicationList", "ApplicationName", "ApprovedApplicationList", "Hash", "AccountOnlyRemoteWipe",
	}},
	15: {"Search", [64]string{
		0x05: "Search", 0x07: "Store", "Name", "Query", "Options", "Range",
		"Status", "Response", "Result", "Properties", "Total", "EqualTo",
		"Value", "And", "Or", "FreeText", 0x17: "DeepTraversal", "LongId",
		"RebuildResults", "LessThan", "GreaterThan", 0x1E: "UserName", "Password", "ConversationId",
		"Picture", "MaxSize", "MaxPictures",
	}},
	16: {"GAL", [64]string{
		0x05: "DisplayName", "Phone", "Office", "Title", "Company", "Alias",
		"FirstName", "LastName", "HomePhone", "MobilePhone", "EmailAddress", "Picture",
		"Status", "Data",
	}},
	17: {"AirSyncBase", [64]string{
		0x05: "BodyPreference", "Type", "TruncationSize", "AllOrNone", 0x0A: "Body", "Data",
		"EstimatedDataSize", "Truncated", "Attachments", "Attachment", "DisplayName", "FileReference",
		"Method", "ContentId", "ContentLocation", "IsInline", "NativeBodyType", "ContentType",
		"Preview", "BodyPartPreference", "BodyPart", "Status", "Add", "Delete",
		"ClientId", "Content", "Location", "Annotation", "Street", "City",
		"State", "Country", "PostalCode", "Latitude", "Longitude", "Accuracy",
		"Altitude", "AltitudeAccuracy", "LocationUri", "InstanceId",
	}},
	18: {"Settings", [64]string{
		0x05: "Settings", "Status", "Get", "Set", "Oof", "OofState",
		"StartTime", "EndTime", "OofMessage", "AppliesToInternal", "AppliesToExternalKnown", "AppliesToExternalUnknown",
		"Enabled", "ReplyMessage", "BodyType", "DevicePassword", "Password", "DeviceInformation",
		"Model", "IMEI", "FriendlyName", "OS", "OSLanguage", "PhoneNumber",
		"UserInformation", "EmailAddresses", "SMTPAddress", "UserAgent", "EnableOutboundSMS", "MobileOperator",
		"PrimarySmtpAddress", "Accounts", "Account", "AccountId", "AccountName", "UserDisplayName",
		"SendDisabled", 0x2B: "RightsManagementInformation",
	}},
	19: {"DocumentLibrary", [64]string{
		0x05: "LinkId", "DisplayName", "IsFolder", "CreationDate", "LastModifiedDate", "IsHidden",
		"ContentLength", "ContentType",
	}},
	20: {"ItemOperations", [64]string{
		0x05: "ItemOperations", "Fetch", "Store", "Options", "Range", "Total",
		"Properties", "Data", "Status", "Response", "Version", "Schema",
		"Part", "EmptyFolderContents", "DeleteSubFolders", "UserName", "Password", "Move",
		"DstFldId", "ConversationId", "MoveAlways",
	}},
	21: {"ComposeMail", [64]string{
		0x05: "SendMail", "SmartForward", "SmartReply", "SaveInSentItems", "ReplaceMime", 0x0B: "Source",
		"FolderId", "ItemId", "LongId", "InstanceId", "Mime", "ClientId",
		"Status", "AccountId", 0x15: "Forwardees", "Forwardee", "ForwardeeName", "ForwardeeEmail",
	}},
	22: {"Email2", [64]string{
		0x05: "UmCallerID", "UmUserNotes", "UmAttDuration", "UmAttOrder", "ConversationId", "ConversationIndex",
		"LastVerbExecuted", "LastVerbExecutionTime", "ReceivedAsBcc", "Sender", "CalendarType", "IsLeapMonth",
		"AccountId", "FirstDayOfWeek", "MeetingMessageType", 0x15: "IsDraft", "Bcc", "Send",
	}},
	23: {"Notes", [64]string{
		0x05: "Subject", "MessageClass", "LastModifiedDate", "Categories", "Category",
	}},
	24: {"RightsManagement", [64]string{
		0x05: "RightsManagementSupport", "RightsManagementTemplates", "RightsManagementTemplate", "RightsManagementLicense", "EditAllowed", "ReplyAllowed",
		"ReplyAllAllowed", "ForwardAllowed", "ModifyRecipientsAllowed", "ExtractAllowed", "PrintAllowed", "ExportAllowed",
		"ProgrammaticAccessAllowed", "Owner", "ContentExpiryDate", "TemplateID", "TemplateName", "TemplateDescription",
		"ContentOwner", "RemoveRightsManagementProtection",
	}},
	25: {"Find", [64]string{
		0x05: "Find", "SearchId", "ExecuteSearch", "MailBoxSearchCriterion", "Query", "Status",
		"FreeText", "Options", "Range", "DeepTraversal", 0x11: "Response", "Result",
		"Properties", "Preview", "HasAttachments", "Total", "DisplayCc", "DisplayBcc",
		"GalSearchCriterion", 0x20: "MaxPictures", "MaxSize", "Picture",
	}},
}
