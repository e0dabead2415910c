package ews

// A MarkAllItemsAsRead sets the read flag of everything in folders.
// [MS-OXWSCORE] 3.1.4.5.
type MarkAllItemsAsRead struct {
	ReadFlag             bool           `ews:"m:ReadFlag"`
	SuppressReadReceipts bool           `ews:"m:SuppressReadReceipts"`
	FolderIDs            []BaseFolderID `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*MarkAllItemsAsRead) Element() string { return "MarkAllItemsAsRead" }

// A MarkAllItemsAsReadResponse has a message for each id, in the order of the
// request.
type MarkAllItemsAsReadResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:MarkAllItemsAsReadResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*MarkAllItemsAsReadResponse) Element() string { return "MarkAllItemsAsReadResponse" }
