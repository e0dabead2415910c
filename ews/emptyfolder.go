package ews

// An EmptyFolder deletes what folders hold, on request with the folders inside
// them. [MS-OXWSFOLD] 3.1.4.5.
type EmptyFolder struct {
	DeleteType       Disposal       `ews:"DeleteType,attr"`
	DeleteSubFolders bool           `ews:"DeleteSubFolders,attr"`
	FolderIDs        []BaseFolderID `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*EmptyFolder) Element() string { return "EmptyFolder" }

// An EmptyFolderResponse has a message for each id, in the order of the
// request.
type EmptyFolderResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:EmptyFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*EmptyFolderResponse) Element() string { return "EmptyFolderResponse" }
