package ews

// A GetDelegate asks for the delegates of a mailbox. [MS-OXWSDLGM] 3.1.4.2.
type GetDelegate struct {
	IncludePermissions bool     `ews:"IncludePermissions,attr"`
	Mailbox            Mailbox  `ews:"m:Mailbox"`
	UserIDs            []UserID `ews:"m:UserIds>t:UserId,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetDelegate) Element() string { return "GetDelegate" }

// A GetDelegateResponse is one response message with one inside for each
// delegate.
//
// ews:type m:GetDelegateResponseMessageType
type GetDelegateResponse struct {
	ResponseMessage        `ews:",inline"`
	ResponseMessages       []DelegateUserResponseMessage `ews:"m:ResponseMessages>m:DelegateUserResponseMessageType,omitempty"`
	DeliverMeetingRequests DeliverMeetingRequests        `ews:"m:DeliverMeetingRequests,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*GetDelegateResponse) Element() string { return "GetDelegateResponse" }

// A DelegateUserResponseMessage answers for one delegate. [MS-OXWSDLGM].
//
// ews:type m:DelegateUserResponseMessageType
type DelegateUserResponseMessage struct {
	ResponseMessage `ews:",inline"`
	DelegateUser    *DelegateUser `ews:"m:DelegateUser"`
}

// A DelegateUser is somebody who may act for the owner. [MS-OXWSDLGM].
type DelegateUser struct {
	UserID                         UserID               `ews:"t:UserId"`
	DelegatePermissions            *DelegatePermissions `ews:"t:DelegatePermissions"`
	ReceiveCopiesOfMeetingMessages *bool                `ews:"t:ReceiveCopiesOfMeetingMessages"`
	ViewPrivateItems               *bool                `ews:"t:ViewPrivateItems"`
}

// DelegatePermissions are a delegate's rights in the owner's folders.
// [MS-OXWSDLGM].
//
// ews:type DelegatePermissionsType
type DelegatePermissions struct {
	CalendarFolderPermissionLevel DelegateFolderPermissionLevel `ews:"t:CalendarFolderPermissionLevel,omitempty"`
	TasksFolderPermissionLevel    DelegateFolderPermissionLevel `ews:"t:TasksFolderPermissionLevel,omitempty"`
	InboxFolderPermissionLevel    DelegateFolderPermissionLevel `ews:"t:InboxFolderPermissionLevel,omitempty"`
	ContactsFolderPermissionLevel DelegateFolderPermissionLevel `ews:"t:ContactsFolderPermissionLevel,omitempty"`
	NotesFolderPermissionLevel    DelegateFolderPermissionLevel `ews:"t:NotesFolderPermissionLevel,omitempty"`
	JournalFolderPermissionLevel  DelegateFolderPermissionLevel `ews:"t:JournalFolderPermissionLevel,omitempty"`
}

// A DelegateFolderPermissionLevel is a delegate's level in a folder.
// [MS-OXWSDLGM].
type DelegateFolderPermissionLevel string

const (
	DelegateNone     DelegateFolderPermissionLevel = "None"
	DelegateEditor   DelegateFolderPermissionLevel = "Editor"
	DelegateReviewer DelegateFolderPermissionLevel = "Reviewer"
	DelegateAuthor   DelegateFolderPermissionLevel = "Author"
	DelegateCustom   DelegateFolderPermissionLevel = "Custom"
)

// DeliverMeetingRequests says who gets meeting requests sent to the owner.
// [MS-OXWSDLGM].
type DeliverMeetingRequests string

const (
	DelegatesOnly                   DeliverMeetingRequests = "DelegatesOnly"
	DelegatesAndMe                  DeliverMeetingRequests = "DelegatesAndMe"
	DelegatesAndSendInformationToMe DeliverMeetingRequests = "DelegatesAndSendInformationToMe"
	NoForward                       DeliverMeetingRequests = "NoForward"
)
