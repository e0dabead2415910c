package ews

// A RefreshSharingFolder asks to bring a folder up to date with the one that it
// takes after. [MS-OXWSMSHR] 3.1.4.3.
type RefreshSharingFolder struct {
	SharingFolderID FolderID `ews:"m:SharingFolderId"`
}

// Element is the local name of the request in NSMessages.
func (*RefreshSharingFolder) Element() string { return "RefreshSharingFolder" }

// A RefreshSharingFolderResponse says whether it worked. [MS-OXWSMSHR] 3.1.4.3.
//
// ews:type m:RefreshSharingFolderResponseMessageType
type RefreshSharingFolderResponse struct {
	ResponseMessage `ews:",inline"`
}

// Element is the local name of the answer in NSMessages.
func (*RefreshSharingFolderResponse) Element() string { return "RefreshSharingFolderResponse" }
