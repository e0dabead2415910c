package ews

// A SendItem sends messages that lie in a folder. [MS-OXWSCORE] 3.1.4.8.
type SendItem struct {
	SaveItemToFolder  bool            `ews:"SaveItemToFolder,attr"`
	ItemIDs           []BaseItemID    `ews:"m:ItemIds>,nonempty"`
	SavedItemFolderID *TargetFolderID `ews:"m:SavedItemFolderId"`
}

// Element is the local name of the request in NSMessages.
func (*SendItem) Element() string { return "SendItem" }

// A SendItemResponse has a message for each id, in the order of the request.
type SendItemResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:SendItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*SendItemResponse) Element() string { return "SendItemResponse" }
