package ews

// A CreateFolder makes folders in a folder. [MS-OXWSFOLD] 3.1.4.2.
type CreateFolder struct {
	ParentFolderID TargetFolderID `ews:"m:ParentFolderId"`
	Folders        []Folder       `ews:"m:Folders>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*CreateFolder) Element() string { return "CreateFolder" }

// A CreateFolderResponse has a message for each folder, in the order of the
// request.
type CreateFolderResponse struct {
	ResponseMessages []FolderInfoResponseMessage `ews:"m:ResponseMessages>m:CreateFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CreateFolderResponse) Element() string { return "CreateFolderResponse" }
