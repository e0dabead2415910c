package ews

// A GetFolder asks for properties of folders it names. [MS-OXWSFOLD] 3.1.4.6.
type GetFolder struct {
	FolderShape FolderResponseShape `ews:"m:FolderShape"`
	FolderIDs   []BaseFolderID      `ews:"m:FolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetFolder) Element() string { return "GetFolder" }

// A GetFolderResponse has a message for each id, in the order of the request.
type GetFolderResponse struct {
	ResponseMessages []FolderInfoResponseMessage `ews:"m:ResponseMessages>m:GetFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetFolderResponse) Element() string { return "GetFolderResponse" }

// A FolderInfoResponseMessage answers for one folder: none after an error.
// [MS-OXWSFOLD].
//
// ews:type m:FolderInfoResponseMessageType
type FolderInfoResponseMessage struct {
	ResponseMessage `ews:",inline"`
	Folders         []Folder `ews:"m:Folders>,omitempty"`
}
