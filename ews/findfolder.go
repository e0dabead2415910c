package ews

// A FolderQueryTraversal says how deep folders are searched. [MS-OXWSSRCH].
type FolderQueryTraversal string

const (
	FoldersShallow     FolderQueryTraversal = "Shallow"
	FoldersDeep        FolderQueryTraversal = "Deep"
	FoldersSoftDeleted FolderQueryTraversal = "SoftDeleted"
)

// A FindFolder lists folders within folders. [MS-OXWSSRCH] 3.1.4.1.
type FindFolder struct {
	Traversal       FolderQueryTraversal `ews:"Traversal,attr"`
	FolderShape     FolderResponseShape  `ews:"m:FolderShape"`
	View            FolderView           `ews:",inline,omitempty"`
	Restriction     *Restriction         `ews:"m:Restriction"`
	ParentFolderIDs []BaseFolderID       `ews:"m:ParentFolderIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*FindFolder) Element() string { return "FindFolder" }

// A FolderView says which part of the list is wanted; at most one is set.
//
// ews:choice
type FolderView struct {
	IndexedPageFolderView    *IndexedPageView    `ews:"m:IndexedPageFolderView"`
	FractionalPageFolderView *FractionalPageView `ews:"m:FractionalPageFolderView"`
}

// A FindFolderResponse has a message for each folder searched, in the order of
// the request.
type FindFolderResponse struct {
	ResponseMessages []FindFolderResponseMessage `ews:"m:ResponseMessages>m:FindFolderResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*FindFolderResponse) Element() string { return "FindFolderResponse" }

// A FindFolderResponseMessage answers for one folder.
//
// ews:type m:FindFolderResponseMessageType
type FindFolderResponseMessage struct {
	ResponseMessage `ews:",inline"`
	RootFolder      *FindFolderParent `ews:"m:RootFolder"`
}

// A FindFolderParent is a page of folders. [MS-OXWSSRCH].
type FindFolderParent struct {
	FindResponsePaging `ews:",inline"`
	Folders            []Folder `ews:"t:Folders>"`
}
