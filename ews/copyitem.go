package ews

// A CopyItem copies items to another folder. [MS-OXWSCORE] 3.1.4.1.
type CopyItem struct {
	ToFolderID TargetFolderID `ews:"m:ToFolderId"`
	ItemIDs    []BaseItemID   `ews:"m:ItemIds>,nonempty"`
	// ReturnNewItemIDs is true unless the client says otherwise.
	ReturnNewItemIDs *bool `ews:"m:ReturnNewItemIds"`
}

// Element is the local name of the request in NSMessages.
func (*CopyItem) Element() string { return "CopyItem" }

// A CopyItemResponse has a message for each id, in the order of the request.
type CopyItemResponse struct {
	ResponseMessages []ItemInfoResponseMessage `ews:"m:ResponseMessages>m:CopyItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CopyItemResponse) Element() string { return "CopyItemResponse" }
