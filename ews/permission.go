package ews

// A UserID names whom a permission or a delegation is for. [MS-OXWSCDATA].
//
// ews:type UserIdType
type UserID struct {
	SID                  string            `ews:"t:SID,omitempty"`
	PrimarySMTPAddress   string            `ews:"t:PrimarySmtpAddress,omitempty"`
	DisplayName          string            `ews:"t:DisplayName,omitempty"`
	DistinguishedUser    DistinguishedUser `ews:"t:DistinguishedUser,omitempty"`
	ExternalUserIdentity string            `ews:"t:ExternalUserIdentity,omitempty"`
}

// A DistinguishedUser is one of the two entries every permission table has.
// [MS-OXWSCDATA].
type DistinguishedUser string

const (
	UserDefault   DistinguishedUser = "Default"
	UserAnonymous DistinguishedUser = "Anonymous"
)

// A PermissionAction says on whose items an action is allowed. [MS-OXWSFOLD].
type PermissionAction string

const (
	ActionNone  PermissionAction = "None"
	ActionOwned PermissionAction = "Owned"
	ActionAll   PermissionAction = "All"
)

// A PermissionReadAccess says what may be read in a folder. [MS-OXWSFOLD].
type PermissionReadAccess string

const (
	ReadNone        PermissionReadAccess = "None"
	ReadFullDetails PermissionReadAccess = "FullDetails"
)

// A CalendarPermissionReadAccess says what may be read in a calendar.
// [MS-OXWSFOLD].
type CalendarPermissionReadAccess string

const (
	CalendarReadNone                      CalendarPermissionReadAccess = "None"
	CalendarReadTimeOnly                  CalendarPermissionReadAccess = "TimeOnly"
	CalendarReadTimeAndSubjectAndLocation CalendarPermissionReadAccess = "TimeAndSubjectAndLocation"
	CalendarReadFullDetails               CalendarPermissionReadAccess = "FullDetails"
)

// A PermissionLevel is a named set of rights in a folder. [MS-OXWSFOLD].
type PermissionLevel string

const (
	LevelNone             PermissionLevel = "None"
	LevelOwner            PermissionLevel = "Owner"
	LevelPublishingEditor PermissionLevel = "PublishingEditor"
	LevelEditor           PermissionLevel = "Editor"
	LevelPublishingAuthor PermissionLevel = "PublishingAuthor"
	LevelAuthor           PermissionLevel = "Author"
	LevelNoneditingAuthor PermissionLevel = "NoneditingAuthor"
	LevelReviewer         PermissionLevel = "Reviewer"
	LevelContributor      PermissionLevel = "Contributor"
	LevelCustom           PermissionLevel = "Custom"
)

// A CalendarPermissionLevel is a named set of rights in a calendar.
// [MS-OXWSFOLD].
type CalendarPermissionLevel string

const (
	CalendarLevelNone                           CalendarPermissionLevel = "None"
	CalendarLevelOwner                          CalendarPermissionLevel = "Owner"
	CalendarLevelPublishingEditor               CalendarPermissionLevel = "PublishingEditor"
	CalendarLevelEditor                         CalendarPermissionLevel = "Editor"
	CalendarLevelPublishingAuthor               CalendarPermissionLevel = "PublishingAuthor"
	CalendarLevelAuthor                         CalendarPermissionLevel = "Author"
	CalendarLevelNoneditingAuthor               CalendarPermissionLevel = "NoneditingAuthor"
	CalendarLevelReviewer                       CalendarPermissionLevel = "Reviewer"
	CalendarLevelContributor                    CalendarPermissionLevel = "Contributor"
	CalendarLevelFreeBusyTimeOnly               CalendarPermissionLevel = "FreeBusyTimeOnly"
	CalendarLevelFreeBusyTimeSubjectAndLocation CalendarPermissionLevel = "FreeBusyTimeAndSubjectAndLocation"
	CalendarLevelCustom                         CalendarPermissionLevel = "Custom"
)

// A BasePermission is what permissions of all folders have in common. The
// pointers and empty texts are absent where a level other than Custom says it
// all. [MS-OXWSFOLD].
type BasePermission struct {
	UserID              UserID           `ews:"t:UserId"`
	CanCreateItems      *bool            `ews:"t:CanCreateItems"`
	CanCreateSubFolders *bool            `ews:"t:CanCreateSubFolders"`
	IsFolderOwner       *bool            `ews:"t:IsFolderOwner"`
	IsFolderVisible     *bool            `ews:"t:IsFolderVisible"`
	IsFolderContact     *bool            `ews:"t:IsFolderContact"`
	EditItems           PermissionAction `ews:"t:EditItems,omitempty"`
	DeleteItems         PermissionAction `ews:"t:DeleteItems,omitempty"`
}

// A Permission is an entry of a folder's permission table. [MS-OXWSFOLD].
type Permission struct {
	Base            BasePermission       `ews:",inline"`
	ReadItems       PermissionReadAccess `ews:"t:ReadItems,omitempty"`
	PermissionLevel PermissionLevel      `ews:"t:PermissionLevel"`
}

// A CalendarPermission is an entry of a calendar's permission table.
// [MS-OXWSFOLD].
type CalendarPermission struct {
	Base                    BasePermission               `ews:",inline"`
	ReadItems               CalendarPermissionReadAccess `ews:"t:ReadItems,omitempty"`
	CalendarPermissionLevel CalendarPermissionLevel      `ews:"t:CalendarPermissionLevel"`
}

// A PermissionSet is the permission table of a folder that is no calendar.
// [MS-OXWSFOLD].
type PermissionSet struct {
	Permissions    []Permission `ews:"t:Permissions>t:Permission"`
	UnknownEntries []string     `ews:"t:UnknownEntries>t:UnknownEntry,omitempty"`
}

// A CalendarPermissionSet is the permission table of a calendar. [MS-OXWSFOLD].
type CalendarPermissionSet struct {
	CalendarPermissions []CalendarPermission `ews:"t:CalendarPermissions>t:CalendarPermission"`
	UnknownEntries      []string             `ews:"t:UnknownEntries>t:UnknownEntry,omitempty"`
}
