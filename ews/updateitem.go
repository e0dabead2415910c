package ews

// A ConflictResolution says what happens if the item changed since the change
// key was given out. [MS-OXWSCORE].
type ConflictResolution string

const (
	NeverOverwrite  ConflictResolution = "NeverOverwrite"
	AutoResolve     ConflictResolution = "AutoResolve"
	AlwaysOverwrite ConflictResolution = "AlwaysOverwrite"
)

// A CalendarItemUpdateOperation says who is told of a changed meeting.
// [MS-OXWSCDATA].
type CalendarItemUpdateOperation string

const (
	UpdateSendToNone               CalendarItemUpdateOperation = "SendToNone"
	UpdateSendOnlyToAll            CalendarItemUpdateOperation = "SendOnlyToAll"
	UpdateSendOnlyToChanged        CalendarItemUpdateOperation = "SendOnlyToChanged"
	UpdateSendToAllAndSaveCopy     CalendarItemUpdateOperation = "SendToAllAndSaveCopy"
	UpdateSendToChangedAndSaveCopy CalendarItemUpdateOperation = "SendToChangedAndSaveCopy"
)

// An UpdateItem changes properties of items. [MS-OXWSCORE] 3.1.4.9.
type UpdateItem struct {
	ConflictResolution                    ConflictResolution          `ews:"ConflictResolution,attr"`
	MessageDisposition                    MessageDisposition          `ews:"MessageDisposition,attr,omitempty"`
	SendMeetingInvitationsOrCancellations CalendarItemUpdateOperation `ews:"SendMeetingInvitationsOrCancellations,attr,omitempty"`
	SuppressReadReceipts                  bool                        `ews:"SuppressReadReceipts,attr,omitempty"`
	SavedItemFolderID                     *TargetFolderID             `ews:"m:SavedItemFolderId"`
	ItemChanges                           []ItemChange                `ews:"m:ItemChanges>t:ItemChange,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*UpdateItem) Element() string { return "UpdateItem" }

// An ItemChange is all that changes of one item. [MS-OXWSCORE].
type ItemChange struct {
	ID      ItemChangeID            `ews:",inline"`
	Updates []ItemChangeDescription `ews:"t:Updates>,nonempty"`
}

// An ItemChangeID names the item to change.
//
// ews:choice
type ItemChangeID struct {
	ItemID                *ItemID                `ews:"t:ItemId"`
	OccurrenceItemID      *OccurrenceItemID      `ews:"t:OccurrenceItemId"`
	RecurringMasterItemID *RecurringMasterItemID `ews:"t:RecurringMasterItemId"`
}

// Base returns the id as a BaseItemID.
func (id ItemChangeID) Base() BaseItemID {
	return BaseItemID{ItemID: id.ItemID, OccurrenceItemID: id.OccurrenceItemID, RecurringMasterItemID: id.RecurringMasterItemID}
}

// An ItemChangeDescription is one change to one property. [MS-OXWSCORE].
//
// ews:choice
type ItemChangeDescription struct {
	AppendToItemField *SetItemField    `ews:"t:AppendToItemField"`
	SetItemField      *SetItemField    `ews:"t:SetItemField"`
	DeleteItemField   *DeleteItemField `ews:"t:DeleteItemField"`
}

// A SetItemField sets a property, or appends to it, to what the item holds,
// which is that property and no other. [MS-OXWSCORE].
type SetItemField struct {
	Path PathToElement `ews:",inline"`
	Item Item          `ews:",inline"`
}

// A DeleteItemField removes a property. [MS-OXWSCORE].
type DeleteItemField struct {
	Path PathToElement `ews:",inline"`
}

// An UpdateItemResponse has a message for each change, in the order of the
// request.
type UpdateItemResponse struct {
	ResponseMessages []UpdateItemResponseMessage `ews:"m:ResponseMessages>m:UpdateItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*UpdateItemResponse) Element() string { return "UpdateItemResponse" }

// An UpdateItemResponseMessage answers for one item. ConflictResults is sent
// after success. [MS-OXWSCORE] 3.1.4.9.
//
// ews:type m:UpdateItemResponseMessageType
type UpdateItemResponseMessage struct {
	ResponseMessage `ews:",inline"`
	Items           []Item           `ews:"m:Items>"`
	ConflictResults *ConflictResults `ews:"m:ConflictResults"`
}

// ConflictResults counts the properties in which AutoResolve met a conflict.
// [MS-OXWSCORE].
type ConflictResults struct {
	Count int `ews:"t:Count"`
}
