package ews

// A MoveFolder moves folders, with all they hold, into another. [MS-OXWSFOLD]
// 3.1.4.7.
type MoveFolder struct {
	ToFolderID TargetFolderID `ews:"m:ToFolderId"`
	FolderIDs  []BaseFolderID `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*MoveFolder) Element() string { return "MoveFolder" }

// A MoveFolderResponse has a message for each id, in the order of the request.
type MoveFolderResponse struct {
	ResponseMessages []FolderInfoResponseMessage `ews:"m:ResponseMessages>m:MoveFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*MoveFolderResponse) Element() string { return "MoveFolderResponse" }
