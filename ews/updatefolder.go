package ews

// An UpdateFolder changes properties of folders. [MS-OXWSFOLD] 3.1.4.8.
type UpdateFolder struct {
	FolderChanges []FolderChange `ews:"m:FolderChanges>t:FolderChange,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*UpdateFolder) Element() string { return "UpdateFolder" }

// A FolderChange is all that changes of one folder. [MS-OXWSFOLD].
type FolderChange struct {
	ID      BaseFolderID              `ews:",inline"`
	Updates []FolderChangeDescription `ews:"t:Updates>,nonempty"`
}

// A FolderChangeDescription is one change to one property. [MS-OXWSFOLD].
//
// ews:choice
type FolderChangeDescription struct {
	AppendToFolderField *SetFolderField    `ews:"t:AppendToFolderField"`
	SetFolderField      *SetFolderField    `ews:"t:SetFolderField"`
	DeleteFolderField   *DeleteFolderField `ews:"t:DeleteFolderField"`
}

// A SetFolderField sets a property to what the folder holds, which is that
// property and no other. [MS-OXWSFOLD].
type SetFolderField struct {
	Path   PathToElement `ews:",inline"`
	Folder Folder        `ews:",inline"`
}

// A DeleteFolderField removes a property. [MS-OXWSFOLD].
type DeleteFolderField struct {
	Path PathToElement `ews:",inline"`
}

// An UpdateFolderResponse has a message for each change, in the order of the
// request.
type UpdateFolderResponse struct {
	ResponseMessages []FolderInfoResponseMessage `ews:"m:ResponseMessages>m:UpdateFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*UpdateFolderResponse) Element() string { return "UpdateFolderResponse" }
