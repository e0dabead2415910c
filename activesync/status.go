package activesync

// A Status is what a Status element says. 1 is success for every command; numbers
// below 100 mean something else in each command, those above are common to all.
type Status int

// OK is success.
const OK Status = 1

// The common statuses, [MS-ASCMD] 2.2.2.
const (
	InvalidContent                     Status = 101
	InvalidWBXML                       Status = 102
	InvalidXML                         Status = 103
	InvalidDateTime                    Status = 104
	InvalidCombinationOfIDs            Status = 105
	InvalidIDs                         Status = 106
	InvalidMIME                        Status = 107
	DeviceIDMissingOrInvalid           Status = 108
	DeviceTypeMissingOrInvalid         Status = 109
	ServerError                        Status = 110
	ServerErrorRetryLater              Status = 111
	ActiveDirectoryAccessDenied        Status = 112
	MailboxQuotaExceeded               Status = 113
	MailboxServerOffline               Status = 114
	SendQuotaExceeded                  Status = 115
	MessageRecipientUnresolved         Status = 116
	MessageReplyNotAllowed             Status = 117
	MessagePreviouslySent              Status = 118
	MessageHasNoRecipient              Status = 119
	MailSubmissionFailed               Status = 120
	MessageReplyFailed                 Status = 121
	AttachmentIsTooLarge               Status = 122
	UserHasNoMailbox                   Status = 123
	UserCannotBeAnonymous              Status = 124
	UserPrincipalCouldNotBeFound       Status = 125
	UserDisabledForSync                Status = 126
	UserOnNewMailboxCannotSync         Status = 127
	UserOnLegacyMailboxCannotSync      Status = 128
	DeviceIsBlockedForThisUser         Status = 129
	AccessDenied                       Status = 130
	AccountDisabled                    Status = 131
	SyncStateNotFound                  Status = 132
	SyncStateLocked                    Status = 133
	SyncStateCorrupt                   Status = 134
	SyncStateAlreadyExists             Status = 135
	SyncStateVersionInvalid            Status = 136
	CommandNotSupported                Status = 137
	VersionNotSupported                Status = 138
	DeviceNotFullyProvisionable        Status = 139
	RemoteWipeRequested                Status = 140
	LegacyDeviceOnStrictPolicy         Status = 141
	DeviceNotProvisioned               Status = 142
	PolicyRefresh                      Status = 143
	InvalidPolicyKey                   Status = 144
	ExternallyManagedDevices           Status = 145
	NoRecurrenceInCalendar             Status = 146
	UnexpectedItemClass                Status = 147
	RemoteServerHasNoSSL               Status = 148
	InvalidStoredRequest               Status = 149
	ItemNotFound                       Status = 150
	TooManyFolders                     Status = 151
	NoFoldersFound                     Status = 152
	ItemsLostAfterMove                 Status = 153
	FailureInMoveOperation             Status = 154
	MoveCommandDisallowed              Status = 155
	MoveCommandInvalidDestination      Status = 156
	AvailabilityTooManyRecipients      Status = 160
	AvailabilityDLLimitReached         Status = 161
	AvailabilityTransientFailure       Status = 162
	AvailabilityFailure                Status = 163
	BodyPartPreferenceTypeNotSupported Status = 164
	DeviceInformationRequired          Status = 165
	InvalidAccountID                   Status = 166
	AccountSendDisabled                Status = 167
	IRMFeatureDisabled                 Status = 168
	IRMTransientError                  Status = 169
	IRMPermanentError                  Status = 170
	IRMInvalidTemplateID               Status = 171
	IRMOperationNotPermitted           Status = 172
	NoPicture                          Status = 173
	PictureTooLarge                    Status = 174
	PictureLimitReached                Status = 175
	BodyPartConversationTooLarge       Status = 176
	MaximumDevicesReached              Status = 177
)
