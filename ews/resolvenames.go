package ews

// A ResolveNamesSearchScope says where a name is looked up. [MS-OXWSRSLNM]
// 3.1.4.1.
type ResolveNamesSearchScope string

const (
	ScopeActiveDirectory         ResolveNamesSearchScope = "ActiveDirectory"
	ScopeActiveDirectoryContacts ResolveNamesSearchScope = "ActiveDirectoryContacts"
	ScopeContacts                ResolveNamesSearchScope = "Contacts"
	ScopeContactsActiveDirectory ResolveNamesSearchScope = "ContactsActiveDirectory"
)

// A ResolveNames looks a name or address up. [MS-OXWSRSLNM] 3.1.4.1.
type ResolveNames struct {
	ReturnFullContactData bool                    `ews:"ReturnFullContactData,attr"`
	SearchScope           ResolveNamesSearchScope `ews:"SearchScope,attr,omitempty"`
	ContactDataShape      DefaultShapeName        `ews:"ContactDataShape,attr,omitempty"`
	ParentFolderIDs       []BaseFolderID          `ews:"m:ParentFolderIds>,omitempty,nonempty"`
	UnresolvedEntry       string                  `ews:"m:UnresolvedEntry"`
}

// Element is the local name of the request in NSMessages.
func (*ResolveNames) Element() string { return "ResolveNames" }

// A ResolveNamesResponse has one message: Error with
// ErrorNameResolutionNoResults if nobody was found, Warning with
// ErrorNameResolutionMultipleResults if more than one.
type ResolveNamesResponse struct {
	ResponseMessages []ResolveNamesResponseMessage `ews:"m:ResponseMessages>m:ResolveNamesResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*ResolveNamesResponse) Element() string { return "ResolveNamesResponse" }

// A ResolveNamesResponseMessage has what was found.
//
// ews:type m:ResolveNamesResponseMessageType
type ResolveNamesResponseMessage struct {
	ResponseMessage `ews:",inline"`
	ResolutionSet   *ResolutionSet `ews:"m:ResolutionSet"`
}

// A ResolutionSet has at most 100 results. TotalItemsInView and
// IncludesLastItemInRange are always sent: eM Client fails without them.
// [MS-OXWSRSLNM] 3.1.4.1.
//
// ews:type ArrayOfResolutionType
type ResolutionSet struct {
	FindResponsePaging `ews:",inline"`
	Resolutions        []Resolution `ews:"t:Resolution"`
}

// A Resolution is somebody found, from the directory or the contacts.
// [MS-OXWSRSLNM] 3.1.4.1.
type Resolution struct {
	Mailbox Mailbox `ews:"t:Mailbox"`
	Contact *Item   `ews:"t:Contact"` // of KindContact
}
