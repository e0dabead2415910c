package ews

// SearchParameters is what a search folder looks for and where.
// [MS-OXWSSRCH].
type SearchParameters struct {
	Traversal     SearchFolderTraversal `ews:"Traversal,attr,omitempty"`
	Restriction   Restriction           `ews:"t:Restriction"`
	BaseFolderIDs []BaseFolderID        `ews:"t:BaseFolderIds>,nonempty"`
}

// A SearchFolderTraversal says whether a search goes into subfolders.
// [MS-OXWSSRCH].
type SearchFolderTraversal string

const (
	SearchShallow SearchFolderTraversal = "Shallow"
	SearchDeep    SearchFolderTraversal = "Deep"
)
