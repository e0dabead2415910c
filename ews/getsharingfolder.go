package ews

// A GetSharingFolder asks for the folder here that takes after one that somebody
// of another organization shares. [MS-OXWSMSHR] 3.1.4.1.
type GetSharingFolder struct {
	SMTPAddress    string          `ews:"m:SmtpAddress"`
	DataType       SharingDataType `ews:"m:DataType,omitempty"`
	SharedFolderID string          `ews:"m:SharedFolderId,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetSharingFolder) Element() string { return "GetSharingFolder" }

// A GetSharingFolderResponse names the folder. [MS-OXWSMSHR] 3.1.4.1.
//
// ews:type m:GetSharingFolderResponseMessageType
type GetSharingFolderResponse struct {
	ResponseMessage `ews:",inline"`
	SharingFolderID *FolderID `ews:"m:SharingFolderId"`
}

// Element is the local name of the answer in NSMessages.
func (*GetSharingFolderResponse) Element() string { return "GetSharingFolderResponse" }

// A SharingDataType says what is in a shared folder. [MS-OXWSMSHR] 2.2.5.
type SharingDataType string

const (
	SharingCalendar SharingDataType = "Calendar"
	SharingContacts SharingDataType = "Contacts"
)
