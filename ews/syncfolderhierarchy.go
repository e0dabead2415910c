package ews

// A SyncFolderHierarchy asks which folders changed since a state it was given,
// or for all if it has none. [MS-OXWSSYNC] 3.1.4.1.
type SyncFolderHierarchy struct {
	FolderShape  FolderResponseShape `ews:"m:FolderShape"`
	SyncFolderID *TargetFolderID     `ews:"m:SyncFolderId"` // msgfolderroot if absent
	SyncState    string              `ews:"m:SyncState,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*SyncFolderHierarchy) Element() string { return "SyncFolderHierarchy" }

// A SyncFolderHierarchyResponse has one message.
type SyncFolderHierarchyResponse struct {
	ResponseMessages []SyncFolderHierarchyResponseMessage `ews:"m:ResponseMessages>m:SyncFolderHierarchyResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*SyncFolderHierarchyResponse) Element() string { return "SyncFolderHierarchyResponse" }

// A SyncFolderHierarchyResponseMessage has the changes and the state after
// them. [MS-OXWSSYNC] 3.1.4.1.
//
// ews:type m:SyncFolderHierarchyResponseMessageType
type SyncFolderHierarchyResponseMessage struct {
	ResponseMessage           `ews:",inline"`
	SyncState                 string                      `ews:"m:SyncState,omitempty"`
	IncludesLastFolderInRange *bool                       `ews:"m:IncludesLastFolderInRange"`
	Changes                   []SyncFolderHierarchyChange `ews:"m:Changes>,omitempty"`
}

// A SyncFolderHierarchyChange is one change. [MS-OXWSSYNC] 3.1.4.1.
//
// ews:choice
type SyncFolderHierarchyChange struct {
	Create *SyncFolderHierarchyCreateOrUpdate `ews:"t:Create"`
	Update *SyncFolderHierarchyCreateOrUpdate `ews:"t:Update"`
	Delete *SyncFolderHierarchyDelete         `ews:"t:Delete"`
}

// A SyncFolderHierarchyCreateOrUpdate holds a folder.
type SyncFolderHierarchyCreateOrUpdate struct {
	Folder Folder `ews:",inline"`
}

// A SyncFolderHierarchyDelete names a folder that is gone.
type SyncFolderHierarchyDelete struct {
	FolderID FolderID `ews:"t:FolderId"`
}
