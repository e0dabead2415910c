package ews

// A CopyFolder copies folders, with all they hold, into another. [MS-OXWSFOLD]
// 3.1.4.1.
type CopyFolder struct {
	ToFolderID TargetFolderID `ews:"m:ToFolderId"`
	FolderIDs  []BaseFolderID `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*CopyFolder) Element() string { return "CopyFolder" }

// A CopyFolderResponse has a message for each id, in the order of the request.
type CopyFolderResponse struct {
	ResponseMessages []FolderInfoResponseMessage `ews:"m:ResponseMessages>m:CopyFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CopyFolderResponse) Element() string { return "CopyFolderResponse" }
