package ews

// A SyncFolderItemsScope says which items of a folder are synchronized.
// [MS-OXWSSYNC].
type SyncFolderItemsScope string

const (
	NormalItems              SyncFolderItemsScope = "NormalItems"
	NormalAndAssociatedItems SyncFolderItemsScope = "NormalAndAssociatedItems"
)

// A SyncFolderItems asks which items of a folder changed since a state it was
// given, or for all if it has none. [MS-OXWSSYNC] 3.1.4.2.
type SyncFolderItems struct {
	ItemShape          ItemResponseShape    `ews:"m:ItemShape"`
	SyncFolderID       TargetFolderID       `ews:"m:SyncFolderId"`
	SyncState          string               `ews:"m:SyncState,omitempty"`
	Ignore             []ItemID             `ews:"m:Ignore>t:ItemId,omitempty"`
	MaxChangesReturned int                  `ews:"m:MaxChangesReturned"` // 1 to 512
	SyncScope          SyncFolderItemsScope `ews:"m:SyncScope,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*SyncFolderItems) Element() string { return "SyncFolderItems" }

// A SyncFolderItemsResponse has one message.
type SyncFolderItemsResponse struct {
	ResponseMessages []SyncFolderItemsResponseMessage `ews:"m:ResponseMessages>m:SyncFolderItemsResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*SyncFolderItemsResponse) Element() string { return "SyncFolderItemsResponse" }

// A SyncFolderItemsResponseMessage has the changes and the state after them.
// [MS-OXWSSYNC] 3.1.4.2.
//
// ews:type m:SyncFolderItemsResponseMessageType
type SyncFolderItemsResponseMessage struct {
	ResponseMessage         `ews:",inline"`
	SyncState               string                  `ews:"m:SyncState,omitempty"`
	IncludesLastItemInRange *bool                   `ews:"m:IncludesLastItemInRange"`
	Changes                 []SyncFolderItemsChange `ews:"m:Changes>,omitempty"`
}

// A SyncFolderItemsChange is one change. [MS-OXWSSYNC] 3.1.4.2.
//
// ews:choice
type SyncFolderItemsChange struct {
	Create         *SyncFolderItemsCreateOrUpdate `ews:"t:Create"`
	Update         *SyncFolderItemsCreateOrUpdate `ews:"t:Update"`
	Delete         *SyncFolderItemsDelete         `ews:"t:Delete"`
	ReadFlagChange *SyncFolderItemsReadFlag       `ews:"t:ReadFlagChange"`
}

// A SyncFolderItemsCreateOrUpdate holds an item.
type SyncFolderItemsCreateOrUpdate struct {
	Item Item `ews:",inline"`
}

// A SyncFolderItemsDelete names an item that is gone from the folder.
type SyncFolderItemsDelete struct {
	ItemID ItemID `ews:"t:ItemId"`
}

// A SyncFolderItemsReadFlag says that nothing changed but whether it was read.
type SyncFolderItemsReadFlag struct {
	ItemID ItemID `ews:"t:ItemId"`
	IsRead bool   `ews:"t:IsRead"`
}
