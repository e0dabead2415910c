package ews

// A MessageDisposition says what becomes of a message that is created or
// updated. [MS-OXWSCDATA].
type MessageDisposition string

const (
	SaveOnly        MessageDisposition = "SaveOnly"
	SendOnly        MessageDisposition = "SendOnly"
	SendAndSaveCopy MessageDisposition = "SendAndSaveCopy"
)

// A CalendarItemCreateOrDeleteOperation says who is told of a meeting that is
// created or deleted. [MS-OXWSCDATA].
type CalendarItemCreateOrDeleteOperation string

const (
	SendToNone           CalendarItemCreateOrDeleteOperation = "SendToNone"
	SendOnlyToAll        CalendarItemCreateOrDeleteOperation = "SendOnlyToAll"
	SendToAllAndSaveCopy CalendarItemCreateOrDeleteOperation = "SendToAllAndSaveCopy"
)

// A CreateItem makes items, or sends messages and answers to meetings without
// keeping them. [MS-OXWSCORE] 3.1.4.2.
//
// MessageDisposition is required for messages, SendMeetingInvitations for
// appointments; the schema cannot say so, the server checks.
type CreateItem struct {
	MessageDisposition     MessageDisposition                  `ews:"MessageDisposition,attr,omitempty"`
	SendMeetingInvitations CalendarItemCreateOrDeleteOperation `ews:"SendMeetingInvitations,attr,omitempty"`
	SavedItemFolderID      *TargetFolderID                     `ews:"m:SavedItemFolderId"`
	Items                  []Item                              `ews:"m:Items>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*CreateItem) Element() string { return "CreateItem" }

// A CreateItemResponse has a message for each item, in the order of the
// request.
type CreateItemResponse struct {
	ResponseMessages []ItemInfoResponseMessage `ews:"m:ResponseMessages>m:CreateItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CreateItemResponse) Element() string { return "CreateItemResponse" }
