package ews

// A MoveItem moves items to another folder. [MS-OXWSCORE] 3.1.4.7.
type MoveItem struct {
	ToFolderID TargetFolderID `ews:"m:ToFolderId"`
	ItemIDs    []BaseItemID   `ews:"m:ItemIds>,nonempty"`
	// ReturnNewItemIDs is true unless the client says otherwise.
	ReturnNewItemIDs *bool `ews:"m:ReturnNewItemIds"`
}

// Element is the local name of the request in NSMessages.
func (*MoveItem) Element() string { return "MoveItem" }

// A MoveItemResponse has a message for each id, in the order of the request.
type MoveItemResponse struct {
	ResponseMessages []ItemInfoResponseMessage `ews:"m:ResponseMessages>m:MoveItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*MoveItemResponse) Element() string { return "MoveItemResponse" }
