package ews

// A DeleteFolder deletes folders and all they hold. [MS-OXWSFOLD] 3.1.4.4.
type DeleteFolder struct {
	DeleteType Disposal       `ews:"DeleteType,attr"`
	FolderIDs  []BaseFolderID `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*DeleteFolder) Element() string { return "DeleteFolder" }

// A DeleteFolderResponse has a message for each id, in the order of the
// request.
type DeleteFolderResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:DeleteFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*DeleteFolderResponse) Element() string { return "DeleteFolderResponse" }
